#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

atp_ledger_config_t fixture_config(void)
{
    atp_ledger_config_t config = atp_ledger_config_default();

    config.hash_seed = UINT64_C(0x5eed5eed12345678);
    config.skus = 64;
    config.nodes = 64;
    config.channels = 8;
    config.clients = 8;
    config.sources = 8;
    config.positions = 256;
    config.reservations = 256;
    config.lines = 1024;
    config.outcomes = 4096;
    config.exceptions = 64;
    config.aliases = 64;
    config.units = 32;
    config.progress = 1024;
    config.history = 4096;
    config.limits = 64;
    config.demand = 32;
    config.supplies = 64;
    config.pegs = 64;
    config.bookings = 256;
    config.archive = 16;
    config.postings = 256;
    config.groups = 8;
    config.group_nodes = 32;
    config.tags = 8;
    config.rules = 32;
    config.quotas = 32;
    config.accounts = 64;
    config.kits = 16;
    config.components = 64;
    config.string_bytes = 1 << 20;
    config.ids_per_client = 4096;
    return config;
}

fixture_t fixture_open_empty(const atp_ledger_config_t *config)
{
    atp_ledger_config_t small = fixture_config();
    fixture_t f = {.now_ms = FIXTURE_START_MS, .client = "shop"};
    atp_why_t why = {""};

    atp_err_t err = atp_ledger_create(config != NULL ? config : &small, &f.ledger, &why);
    if (err != ATP_OK) {
        fail_msg("%s", why.text);
    }
    f.record = calloc(1, ATP_OP_SIZE_MAX);
    f.grants = calloc(ATP_GRANTS_PER_OP_MAX, sizeof *f.grants);
    assert_true(f.record != NULL && f.grants != NULL);
    return f;
}

static void begin(fixture_t *f, const atp_ledger_config_t *config)
{
    atp_op_encode_config(f->record, ATP_OP_GENESIS, config);
    assert_verdict(fixture_apply(f, f->record), ATP_APPLIED);
}

fixture_t fixture_open(const atp_ledger_config_t *config)
{
    atp_ledger_config_t small = fixture_config();
    fixture_t f = fixture_open_empty(config);

    begin(&f, config != NULL ? config : &small);
    return f;
}

fixture_t fixture_open_journaled(const atp_ledger_config_t *config)
{
    atp_ledger_config_t small = fixture_config();
    fixture_t f = fixture_open_empty(config);

    f.journal = fixture_journal_create(config != NULL ? config : &small);
    begin(&f, config != NULL ? config : &small);
    return f;
}

void fixture_close(fixture_t *f)
{
    fixture_check(f);
    if (f->journal != NULL) {
        fixture_journal_replay(f->journal, f->ledger);
        fixture_journal_destroy(f->journal);
    }
    atp_ledger_destroy(f->ledger);
    free(f->record);
    free(f->grants);
}

void fixture_check(const fixture_t *f)
{
    atp_why_t why = {""};

    if (atp_ledger_check(f->ledger, &why) != ATP_OK) {
        fail_msg("after op %llu: %s", (unsigned long long)counts_of(f).op, why.text);
    }
}

unsigned fixture_pulses(fixture_t *f)
{
    unsigned count = 0;

    for (; atp_ledger_is_pulse_due(f->ledger, f->now_ms); count++) {
        assert_verdict(pulse(f, 1000), ATP_APPLIED);
        assert_true(count < 100);
    }
    fixture_check(f);
    return count;
}

void fixture_end_frame(fixture_t *f)
{
    atp_ledger_end_frame(f->ledger);
    if (f->journal != NULL) {
        fixture_journal_end_frame(f->journal);
    }
}

atp_result_t fixture_apply(fixture_t *f, const atp_op_t *op)
{
    uint64_t hash = f->is_unchecked ? 0 : atp_ledger_hash(f->ledger);
    atp_prefetch_t hint;

    assert_true(atp_op_is_well_formed(op, op->size));
    for (unsigned step = 0; step < ATP_PREFETCH_STEPS; step++) {
        atp_ledger_prefetch(f->ledger, op, (atp_prefetch_step_t)step, &hint);
    }
    f->took_op = atp_ledger_apply(f->ledger, op, f->now_ms, &f->result, f->grants);
    if (f->took_op && f->journal != NULL) {
        fixture_journal_add(f->journal, op, f->now_ms, &f->result);
    }
    if (!f->is_unchecked) {
        fixture_check(f);
        assert_true(f->took_op || hash == atp_ledger_hash(f->ledger)); /* no op number, no change */
    }
    return f->result;
}

atp_verdict_t fixture_encode(fixture_t *f, atp_command_t command, atp_result_t *ret_fault)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(f->ledger);
    atp_op_context_t context = {.catalog = catalog,
                                .seed = atp_ledger_seed(f->ledger),
                                .client_name = atp_text_of(f->client),
                                .client = ATP_CLIENT_ENGINE,
                                .in_source = f->in_source};
    size_t size;

    if (!f->in_source &&
        !atp_catalog_find_client(catalog, context.client_name,
                                 atp_hash_text(context.client_name, context.seed), &context.client)) {
        atp_op_encode_client(f->record, context.client_name, context.seed);
        assert_verdict(fixture_apply(f, f->record), ATP_APPLIED);
        context.client = ATP_CLIENT_NAMED;
    }
    return atp_op_encode(&command, &context, f->record, ATP_OP_SIZE_MAX, &size, ret_fault);
}

atp_result_t fixture_do(fixture_t *f, atp_command_t command)
{
    static uint64_t request = 0;
    char id[32];
    atp_result_t fault;

    if (!f->in_source && command.id.size == 0) {
        snprintf(id, sizeof id, "request-%llu", (unsigned long long)++request);
        command.id = atp_text_of(id);
    }
    if (!f->in_source && command.issued_ms == 0) {
        command.issued_ms = f->issued_ms != 0 ? f->issued_ms : f->now_ms;
    }
    if (fixture_encode(f, command, &fault) != ATP_APPLIED) {
        f->took_op = false;
        f->result = fault;
        return fault;
    }
    return fixture_apply(f, f->record);
}

atp_command_line_t line_of(const char *sku, const char *node, atp_qty_t qty)
{
    return (atp_command_line_t){atp_text_of(sku), atp_text_of(node), qty, 0};
}

/* ---- catalogue ---- */

atp_result_t put_sku(fixture_t *f, const char *sku, uint8_t scale)
{
    atp_command_line_t line = line_of(sku, "", 0);
    return fixture_do(f,
                      (atp_command_t){.kind = ATP_OP_SKU, .option = scale, .line_count = 1, .lines = &line});
}

atp_result_t put_node(fixture_t *f, const char *node, atp_node_state_t state)
{
    atp_command_line_t line = line_of("", node, 0);
    return fixture_do(
        f, (atp_command_t){.kind = ATP_OP_NODE, .option = (uint8_t)state, .line_count = 1, .lines = &line});
}

atp_result_t put_channel(fixture_t *f, const char *channel, int64_t ttl_ms)
{
    return fixture_do(
        f, (atp_command_t){.kind = ATP_OP_CHANNEL, .channel = atp_text_of(channel), .ttl_ms = ttl_ms});
}

void stock(fixture_t *f, const char *sku, const char *node, atp_qty_t qty)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(f->ledger);
    uint32_t sku_number;
    uint16_t node_number;

    if (!atp_catalog_find_sku(catalog, atp_text_of(sku),
                              atp_hash_text(atp_text_of(sku), atp_ledger_seed(f->ledger)), &sku_number)) {
        assert_verdict(put_sku(f, sku, 0), ATP_APPLIED);
    }
    if (!atp_catalog_find_node(catalog, atp_text_of(node),
                               atp_hash_text(atp_text_of(node), atp_ledger_seed(f->ledger)), &node_number)) {
        assert_verdict(put_node(f, node, ATP_NODE_OPEN), ATP_APPLIED);
    }
    assert_true(atp_verdict_is_success(fact(f, ATP_OP_COUNT, sku, node, qty).verdict));
}

/* ---- reservations ---- */

atp_result_t reserve(fixture_t *f, const char *id, const char *sku, const char *node, atp_qty_t qty)
{
    return reserve_for(f, id, sku, node, qty, 0);
}

atp_result_t reserve_for(fixture_t *f, const char *id, const char *sku, const char *node, atp_qty_t qty,
                         int64_t ttl_ms)
{
    atp_command_line_t line = line_of(sku, node, qty);
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                         .id = atp_text_of(id),
                                         .ttl_ms = ttl_ms,
                                         .line_count = 1,
                                         .lines = &line});
}

atp_result_t reserve_lines(fixture_t *f, const char *id, atp_reserve_mode_t mode, uint32_t line_count,
                           const atp_command_line_t *lines)
{
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                         .id = atp_text_of(id),
                                         .option = (uint8_t)mode,
                                         .line_count = line_count,
                                         .lines = lines});
}

atp_result_t extend(fixture_t *f, const char *reservation, int64_t ttl_ms)
{
    return fixture_do(
        f, (atp_command_t){.kind = ATP_OP_EXTEND, .reservation = atp_text_of(reservation), .ttl_ms = ttl_ms});
}

atp_result_t step_all(fixture_t *f, atp_op_kind_t kind, const char *reservation)
{
    return fixture_do(f, (atp_command_t){.kind = kind, .reservation = atp_text_of(reservation)});
}

atp_result_t step_line(fixture_t *f, atp_op_kind_t kind, const char *reservation, const char *sku,
                       const char *node, atp_qty_t qty)
{
    atp_command_line_t line = line_of(sku, node, qty);
    return fixture_do(
        f, (atp_command_t){
               .kind = kind, .reservation = atp_text_of(reservation), .line_count = 1, .lines = &line});
}

/* ---- facts ---- */

atp_result_t ship_fact(fixture_t *f, const char *reservation, const char *sku, const char *node,
                       atp_qty_t qty)
{
    atp_command_line_t line = line_of(sku, node, qty);
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_SHIP,
                                         .is_fact = true,
                                         .reservation = atp_text_of(reservation),
                                         .line_count = 1,
                                         .lines = &line});
}

atp_result_t fact(fixture_t *f, atp_op_kind_t kind, const char *sku, const char *node, atp_qty_t qty)
{
    atp_command_line_t line = line_of(sku, node, qty);
    return fixture_do(f, (atp_command_t){.kind = kind, .is_fact = true, .line_count = 1, .lines = &line});
}

atp_result_t damage(fixture_t *f, const char *sku, const char *node, atp_qty_t qty)
{
    atp_command_line_t line = line_of(sku, node, qty);
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_ADJUST,
                                         .is_fact = true,
                                         .option = ATP_BUCKET_UNAVAILABLE,
                                         .reason = ATP_REASON_DAMAGE,
                                         .line_count = 1,
                                         .lines = &line});
}

atp_result_t open_batch(fixture_t *f, const char *source, uint64_t epoch, uint64_t sequence)
{
    atp_op_source_t numbers = {.epoch = epoch, .sequence = sequence, .as_of_ms = f->now_ms};

    atp_op_encode_source(f->record, atp_text_of(source), &numbers, atp_ledger_seed(f->ledger));
    return fixture_apply(f, f->record);
}

atp_result_t pulse(fixture_t *f, int64_t limit)
{
    atp_op_encode_pulse(f->record, limit);
    return fixture_apply(f, f->record);
}

/* ---- looking ---- */

static bool find_row(const fixture_t *f, const char *sku, const char *node, uint32_t *ret_row)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(f->ledger);
    uint64_t seed = atp_ledger_seed(f->ledger);
    uint32_t sku_number;
    uint16_t node_number;

    return atp_catalog_find_sku(catalog, atp_text_of(sku), atp_hash_text(atp_text_of(sku), seed),
                                &sku_number) &&
           atp_catalog_find_node(catalog, atp_text_of(node), atp_hash_text(atp_text_of(node), seed),
                                 &node_number) &&
           atp_positions_find(atp_ledger_positions(f->ledger), sku_number, node_number, ret_row);
}

atp_result_t settle(fixture_t *f, const char *sku, const char *node)
{
    atp_position_view_t view = view_of(f, sku, node);

    atp_op_encode_settle(f->record, view.sku, view.node);
    return fixture_apply(f, f->record);
}

atp_position_view_t view_of(const fixture_t *f, const char *sku, const char *node)
{
    atp_position_view_t view;
    uint32_t row = 0;

    assert_true(find_row(f, sku, node, &row));
    atp_positions_read(atp_ledger_positions(f->ledger), row, &view);
    return view;
}

bool has_position(const fixture_t *f, const char *sku, const char *node)
{
    uint32_t row;
    return find_row(f, sku, node, &row);
}

atp_qty_t atp_of(fixture_t *f, const char *sku, const char *node)
{
    atp_position_view_t view = view_of(f, sku, node);

    if (view.soonest_deadline_ms <= f->now_ms) {
        settle(f, sku, node);
        view = view_of(f, sku, node);
        assert_true(view.soonest_deadline_ms > f->now_ms);
    }
    return atp_view_atp(&view);
}

uint32_t reservation_of(const fixture_t *f, const char *id)
{
    uint32_t number = 0;

    assert_true(atp_ledger_find_reservation(f->ledger, atp_text_of(id), &number));
    return number;
}

const atp_line_t *line_at(const fixture_t *f, const char *id, uint16_t line)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(f->ledger);
    uint32_t at = atp_reservation_at(reservations, reservation_of(f, id))->first_line;

    for (uint16_t i = 0; i < line; i++) {
        assert_int_not_equal(at, 0);
        at = atp_line_at(reservations, at - 1)->next;
    }
    assert_int_not_equal(at, 0);
    return atp_line_at(reservations, at - 1);
}

atp_ledger_counts_t counts_of(const fixture_t *f)
{
    atp_ledger_counts_t counts;

    atp_ledger_counts(f->ledger, &counts);
    return counts;
}

const atp_exception_t *newest_exception(const fixture_t *f)
{
    const atp_exception_t *exception =
        atp_exceptions_get(atp_ledger_exceptions(f->ledger), counts_of(f).exceptions);

    assert_non_null(exception);
    return exception;
}

/* ---- sourcing ---- */

uint32_t attributes_of(const char *words, unsigned line, atp_attribute_t *ret_attributes)
{
    uint32_t count = 0;

    for (const char *at = words; *at != '\0'; at += *at == ' ') {
        size_t size = strcspn(at, " ");
        size_t name = strcspn(at, ":= ");
        atp_text_t text = {at, (uint32_t)name};
        unsigned key = at[name] == '=' ? atp_attribute_find(text) : ATP_KEY_NODE;
        assert_true(key != 0);
        if (at[name] == '=') {
            text = (atp_text_t){at + name + 1, (uint32_t)(size - name - 1)};
        }
        atp_attribute_t attribute = {.key = (uint8_t)key, .line = (uint16_t)line};
        const atp_attribute_rule_t *rule = atp_attribute_rule(key);
        if (rule->type == ATP_ATTRIBUTE_CHOICE) {
            attribute.number = atp_attribute_choice(rule, text);
        } else if (rule->type == ATP_ATTRIBUTE_ID || rule->type == ATP_ATTRIBUTE_TEXT) {
            attribute.text = text;
        } else {
            attribute.number = strtoll(text.bytes, NULL, 10);
        }
        ret_attributes[count++] = attribute;
        if (at[name] == ':') {
            ret_attributes[count++] = (atp_attribute_t){
                .key = ATP_KEY_COST, .line = (uint16_t)line, .number = strtoll(at + name + 1, NULL, 10)};
        }
        at += size;
    }
    return count;
}

atp_result_t put_group(fixture_t *f, const char *group, const char *nodes)
{
    atp_attribute_t attributes[FIXTURE_ATTRIBUTES_MAX];
    uint32_t count = attributes_of(nodes, ATP_WHOLE_OP, attributes);

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_GROUP,
                                         .subject = atp_text_of(group),
                                         .attribute_count = count,
                                         .attributes = attributes});
}

atp_result_t put_channel_with(fixture_t *f, const char *channel, const char *words)
{
    atp_attribute_t attributes[FIXTURE_ATTRIBUTES_MAX];
    uint32_t count = attributes_of(words, ATP_WHOLE_OP, attributes);

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_CHANNEL,
                                         .channel = atp_text_of(channel),
                                         .attribute_count = count,
                                         .attributes = attributes});
}

atp_result_t do_with(fixture_t *f, atp_command_t command, const char *words)
{
    atp_attribute_t attributes[FIXTURE_ATTRIBUTES_MAX];

    command.attribute_count = attributes_of(words, ATP_WHOLE_OP, attributes);
    command.attributes = attributes;
    return fixture_do(f, command);
}

atp_result_t reserve_with(fixture_t *f, const char *id, const char *sku, const char *node, atp_qty_t qty,
                          atp_reserve_mode_t mode, const char *words)
{
    const atp_command_line_t line = line_of(sku, node, qty);

    return do_with(f,
                   (atp_command_t){.kind = ATP_OP_RESERVE,
                                   .id = atp_text_of(id),
                                   .option = (uint8_t)mode,
                                   .line_count = 1,
                                   .lines = &line},
                   words);
}

atp_result_t edit(fixture_t *f, const char *reservation, const char *sku, const char *node, atp_qty_t qty,
                  const char *words)
{
    const atp_command_line_t line = line_of(sku, node, qty);

    return do_with(f,
                   (atp_command_t){.kind = ATP_OP_EDIT,
                                   .reservation = atp_text_of(reservation),
                                   .line_count = *sku != '\0',
                                   .lines = &line},
                   words);
}

static uint32_t line_number(const fixture_t *f, const char *id, uint16_t line)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(f->ledger);
    uint32_t at = atp_reservation_at(reservations, reservation_of(f, id))->first_line;

    while (line-- > 0) {
        at = atp_line_at(reservations, at - 1)->next;
    }
    return at - 1;
}

atp_line_state_t line_state(const fixture_t *f, const char *id, uint16_t line)
{
    return atp_line_state(atp_ledger_reservations(f->ledger), line_number(f, id, line), f->now_ms);
}

atp_qty_t line_units(const fixture_t *f, const char *id, uint16_t line, atp_line_state_t state)
{
    return atp_line_units(atp_ledger_reservations(f->ledger), line_number(f, id, line), state);
}

atp_result_t step_with(fixture_t *f, atp_op_kind_t kind, bool is_fact, const char *reservation,
                       const char *sku, const char *node, atp_qty_t qty, const char *words)
{
    atp_command_line_t line = line_of(sku, node, qty);
    atp_command_t command = {.kind = kind,
                             .is_fact = is_fact,
                             .reservation = atp_text_of(reservation),
                             .line_count = qty > 0,
                             .lines = &line};

    return do_with(f, command, words);
}

atp_result_t step_fact(fixture_t *f, atp_op_kind_t kind, const char *reservation, const char *sku,
                       const char *node, atp_qty_t qty)
{
    return step_with(f, kind, true, reservation, sku, node, qty, "");
}

/* ---- channels ---- */

atp_result_t rule(fixture_t *f, const char *id, const char *words)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_RULE, .subject = atp_text_of(id)}, words);
}

atp_result_t quota(fixture_t *f, const char *id, const char *words)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_QUOTA, .subject = atp_text_of(id)}, words);
}

atp_result_t tag_sku(fixture_t *f, const char *sku, uint8_t scale, const char *words)
{
    const atp_command_line_t line = {.sku = atp_text_of(sku)};
    return do_with(f, (atp_command_t){.kind = ATP_OP_SKU, .option = scale, .line_count = 1, .lines = &line},
                   words);
}

atp_result_t sell(fixture_t *f, const char *channel, const char *id, const char *sku, const char *node,
                  atp_qty_t qty, atp_reserve_mode_t mode)
{
    const atp_command_line_t line = {.sku = atp_text_of(sku), .node = atp_text_of(node), .mantissa = qty};
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                         .id = atp_text_of(id),
                                         .channel = atp_text_of(channel),
                                         .option = (uint8_t)mode,
                                         .ttl_ms = 60000,
                                         .line_count = 1,
                                         .lines = &line});
}

static uint16_t channel_number(const fixture_t *f, const char *channel)
{
    uint16_t number = 0;
    atp_text_t name = atp_text_of(channel);

    assert_true(atp_catalog_find_channel(atp_ledger_catalog(f->ledger), name,
                                         atp_hash_text(name, atp_ledger_seed(f->ledger)), &number));
    return number;
}

atp_channel_view_t view(const fixture_t *f, const char *channel, const char *sku)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(f->ledger);
    atp_text_t name = atp_text_of(sku);
    uint16_t number = channel_number(f, channel);
    uint32_t rows[64];
    uint32_t sku_number = 0;
    atp_channel_view_t seen;

    assert_true(
        atp_catalog_find_sku(catalog, name, atp_hash_text(name, atp_ledger_seed(f->ledger)), &sku_number));
    uint32_t count = atp_positions_list(atp_ledger_positions(f->ledger), sku_number, rows, 64);
    atp_channel_view_read(f->ledger, number, sku_number,
                          atp_catalog_channel_group(catalog, number, ATP_METHOD_SHIP), f->now_ms, rows, count,
                          NULL, &seen);
    return seen;
}

atp_qty_t sees(const fixture_t *f, const char *channel, const char *sku)
{
    return view(f, channel, sku).available;
}
