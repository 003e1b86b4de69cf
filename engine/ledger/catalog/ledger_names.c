/* From the names and numbers of an op to records: SKUs, nodes, channels, clients, sources. */
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/facts/ledger_parking.h"
#include "engine/ledger/facts/ledger_registry.h"

#include "engine/base/attribute.h"

#include <string.h>

/* ---- resolving ---- */

line_names_t atp_ledger_line_names(const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);

    atp_op_text_next(&cursor); /* subject */
    if (op->kind == ATP_OP_RESERVE) {
        atp_op_text_next(&cursor); /* owner */
        if (op->flags & ATP_OP_CHANNEL_NAMED) {
            atp_op_text_next(&cursor);
        }
    }
    return (line_names_t){cursor};
}

static inline atp_verdict_t resolve_names(apply_t *apply, line_names_t *names, uint32_t i,
                                          resolved_line_t *line)
{
    const atp_catalog_t *catalog = &apply->ledger->catalog;
    const atp_op_line_t *op_line = &atp_op_lines(apply->op)[i];
    bool has_sku = true;
    bool has_node = true;

    line->sku = op_line->sku;
    line->node = op_line->node;
    if (op_line->flags & ATP_LINE_SKU_NAMED) {
        atp_text_t name = atp_op_text_next(&names->cursor);
        has_sku = atp_ledger_means_sku(apply, name, &line->sku);
    }
    if (op_line->flags & ATP_LINE_NODE_NAMED) {
        atp_text_t name = atp_op_text_next(&names->cursor);
        has_node = atp_ledger_means_node(apply, name, &line->node);
    }
    if (!has_sku || line->sku >= atp_table_count(&catalog->skus)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SKU, ATP_FIELD_SKU, i);
    }
    if (op_line->flags & ATP_LINE_NODE_OPEN) {
        line->node = NO_NODE;
    } else if (!has_node || line->node >= atp_table_count(&catalog->nodes)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_NODE, ATP_FIELD_NODE, i);
    }
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_resolve_names(apply_t *apply, line_names_t *names, uint32_t i, resolved_line_t *line)
{
    atp_verdict_t verdict = resolve_names(apply, names, i, line);

    line->sku = verdict == ATP_APPLIED ? atp_catalog_sku_now(&apply->ledger->catalog, line->sku) : line->sku;
    return verdict;
}

/* There is no position: unless the number was looked up before its SKU became another one. */
static __attribute__((noinline)) void miss_row(const apply_t *apply, resolved_line_t *line)
{
    uint32_t sku = atp_catalog_sku_now(&apply->ledger->catalog, line->sku);

    line->row = NO_ROW;
    if (sku != line->sku) { /* its scale is the same */
        line->sku = sku;
        if (line->node != NO_NODE) {
            (void)atp_positions_find(&apply->ledger->positions, sku, line->node, &line->row);
        }
    }
}

atp_verdict_t atp_ledger_resolve_line(apply_t *apply, line_names_t *names, uint32_t i,
                                      resolved_line_t *ret_line)
{
    const atp_op_line_t *op_line = &atp_op_lines(apply->op)[i];
    atp_verdict_t verdict = resolve_names(apply, names, i, ret_line);

    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    ret_line->scale = atp_positions_scale(&apply->ledger->positions, ret_line->sku);
    ret_line->granted = 0;
    ret_line->is_component = false;
    ret_line->kits = 0;
    ret_line->line = 0;
    ret_line->needed_by = 0;
    ret_line->asked = (uint16_t)i;
    ret_line->row = NO_ROW;
    if (apply->op->flags & ATP_OP_HAS_ATTRIBUTES) {
        verdict = atp_ledger_read_qty(apply, i, ret_line->sku, ret_line->scale, &ret_line->qty);
    } else {
        verdict = atp_ledger_rescale(
            apply, i, atp_qty_rescale(op_line->mantissa, op_line->decimals, ret_line->scale, &ret_line->qty));
    }
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (ret_line->node == NO_NODE ||
        !atp_positions_find(&apply->ledger->positions, ret_line->sku, ret_line->node, &ret_line->row)) {
        miss_row(apply, ret_line);
    }
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_look_for_rows(apply_t *apply, uint32_t count)
{
    uint64_t missing = 0;

    for (uint32_t i = 0; i < count; i++) {
        missing += apply->ledger->lines[i].row == NO_ROW;
        if (!atp_table_has_room(&apply->ledger->positions.rows, missing)) {
            return atp_ledger_refuse(apply, ATP_POSITIONS_FULL, ATP_FIELD_SKU, i);
        }
    }
    return ATP_APPLIED;
}

void atp_ledger_need_row(apply_t *apply, resolved_line_t *line)
{
    /* An earlier line of the same op may have added it. */
    if (line->row == NO_ROW &&
        !atp_positions_find(&apply->ledger->positions, line->sku, line->node, &line->row)) {
        line->row = atp_positions_add(&apply->ledger->positions, line->sku, line->node);
        if (ATP_UNLIKELY(apply->ledger->has_levels)) {
            atp_ledger_note_view(apply->ledger,
                                 line->sku); /* channels look at it, though there is none yet */
        }
    }
}

/* ---- creating and changing ---- */

atp_verdict_t atp_ledger_add_named(apply_t *apply, atp_table_t *table, atp_index_t *index, atp_text_t id,
                                   atp_text_t name, atp_verdict_t full, uint32_t *ret_number)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_string_heads_t *heads = &ledger->root->strings;
    atp_catalog_t *catalog = &ledger->catalog;

    if (!atp_table_has_room(table, 1)) {
        return full;
    }
    if (!atp_strings_has_room(&catalog->strings, heads, id.size, name.size)) {
        return ATP_STRINGS_FULL;
    }
    *ret_number =
        atp_catalog_add(catalog, heads, table, index, id, apply->op->subject_hash, ledger->root->op);
    return ATP_APPLIED;
}

/* Whether the display name of record `number` can become `name`: looked at before anything changes. */
static bool can_rename(const apply_t *apply, const atp_table_t *table, uint32_t number, atp_text_t name)
{
    const atp_table_t *strings = &apply->ledger->catalog.strings;
    const atp_named_record_t *record = atp_table_at(table, number);

    return atp_text_equal(atp_strings_get(strings, record->name_ref), name) ||
           atp_strings_can_replace(strings, &apply->ledger->root->strings, record->name_ref, name.size);
}

static void rename_record(apply_t *apply, uint32_t *name_ref, atp_text_t name)
{
    atp_catalog_rename(&apply->ledger->catalog, &apply->ledger->root->strings, name_ref, name);
}

/* True if no position of the SKU has anything in it: its scale may change. */
static bool is_sku_empty(atp_ledger_t *ledger, uint32_t sku, int64_t now_ms)
{
    uint64_t nodes = atp_table_count(&ledger->catalog.nodes);

    for (uint64_t node = 0; node < nodes; node++) {
        uint32_t row;
        atp_position_view_t view;
        if (!atp_positions_find(&ledger->positions, sku, (uint16_t)node, &row)) {
            continue;
        }
        atp_ledger_settle_row(ledger, row, now_ms); /* what is due counts in no decision */
        atp_positions_read(&ledger->positions, row, &view);
        if (view.on_hand != 0 || view.unavailable != 0 || view.reserved != 0 || view.allocated != 0 ||
            view.safety != 0) {
            return false;
        }
    }
    return true;
}

/* True if a recipe counts in the scale of the SKU. */
static bool is_component(const atp_ledger_t *ledger, uint32_t sku)
{
    return atp_kits_is_used(&ledger->kits, sku);
}

/* What a unit is worth, if the op says so. Its decimals are its own, not those of the SKU. */
static atp_verdict_t read_value(apply_t *apply, atp_value_t *ret_value, bool *ret_is_said)
{
    const atp_op_attribute_t *said = atp_op_attribute(apply->op, ATP_KEY_VALUE, ATP_WHOLE_OP);

    *ret_is_said = said != NULL;
    if (said != NULL &&
        atp_qty_rescale(said->number, said->detail, ATP_VALUE_SCALE, ret_value) != ATP_RESCALED) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_KEY_VALUE, 0);
    }
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_put_sku(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    atp_text_t name = atp_op_text_next(&cursor);
    uint32_t sku = UINT32_MAX; /* not there yet */
    atp_value_t value = 0;
    bool has_value = false;

    (void)atp_catalog_find_sku(&ledger->catalog, id, apply->op->subject_hash, &sku);
    atp_verdict_t verdict = read_value(apply, &value, &has_value);
    verdict = verdict == ATP_APPLIED ? atp_ledger_look_at_quantities(apply, ATP_LIMIT_SKU_QUANTITIES, sku, 0)
                                     : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    bool is_new = sku == UINT32_MAX;
    verdict = is_new ? atp_ledger_look_at_alias(apply, ATP_ALIAS_SKU, id, ATP_FIELD_SKU) : ATP_APPLIED;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    verdict = atp_ledger_look_at_tags(apply, sku, apply->op->option, is_new ? id.size : 0, name.size);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    tag_list_t tags = {{0}};
    if (is_new) {
        verdict = atp_ledger_add_named(apply, &ledger->catalog.skus, &ledger->catalog.sku_index, id, name,
                                       ATP_SKUS_FULL, &sku);
    } else if (atp_positions_scale(&ledger->positions, sku) != apply->op->option &&
               (!is_sku_empty(ledger, sku, apply->now_ms) || atp_ledger_is_rationed(ledger, sku) ||
                is_component(ledger, sku))) {
        verdict = ATP_SCALE_IN_USE;
    } else if (!can_rename(apply, &ledger->catalog.skus, sku, name)) {
        verdict = ATP_STRINGS_FULL;
    }
    if (verdict != ATP_APPLIED) {
        return atp_ledger_refuse(apply, verdict,
                                 verdict == ATP_SCALE_IN_USE ? ATP_FIELD_OPTION : ATP_FIELD_SKU, 0);
    }
    atp_sku_record_t *record = atp_table_change(&ledger->catalog.skus, sku);
    if (has_value) {
        atp_store_relaxed(&record->value, value);
    }
    record->scale = apply->op->option;
    atp_positions_set_scale(&ledger->positions, sku, record->scale);
    if (atp_ledger_put_quantities(apply, ATP_LIMIT_SKU_QUANTITIES, sku, 0)) {
        atp_positions_set_sku(&ledger->positions, sku, ATP_SKU_HAS_QUANTITIES);
    }
    atp_ledger_named_tags(apply, is_new ? NO_ROW : sku, &tags);
    atp_ledger_set_tags(apply, sku, &tags);
    rename_record(apply, &record->name_ref, name);
    if (is_new) {
        atp_ledger_note_arrived(ledger, ATP_ALIAS_SKU, id, sku);
    }
    return ATP_APPLIED;
}

/* What the op says of a policy; what it does not say stays. */
static void note_policy(const apply_t *apply, unsigned key, uint8_t *policy)
{
    const atp_op_attribute_t *said = atp_op_attribute(apply->op, key, ATP_WHOLE_OP);

    if (said != NULL) {
        *policy = (uint8_t)said->number;
    }
}

atp_verdict_t atp_ledger_put_node(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    atp_text_t name = atp_op_text_next(&cursor);
    atp_verdict_t verdict = ATP_APPLIED;
    uint16_t node;
    atp_node_calendar_t calendar;

    bool is_known = atp_catalog_find_node(&ledger->catalog, id, apply->op->subject_hash, &node);
    verdict = atp_ledger_look_at_calendar(apply, is_known ? &node : NULL, &calendar);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    verdict = is_known ? ATP_APPLIED : atp_ledger_look_at_alias(apply, ATP_ALIAS_NODE, id, ATP_FIELD_NODE);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (!is_known) {
        uint32_t number = 0;
        verdict = atp_ledger_add_named(apply, &ledger->catalog.nodes, &ledger->catalog.node_index, id, name,
                                       ATP_NODES_FULL, &number);
        node = (uint16_t)number;
    } else if (!can_rename(apply, &ledger->catalog.nodes, node, name)) {
        verdict = ATP_STRINGS_FULL;
    }
    if (verdict != ATP_APPLIED) {
        return atp_ledger_refuse(apply, verdict, ATP_FIELD_NODE, 0);
    }
    atp_node_record_t *record = atp_table_change(&ledger->catalog.nodes, node);
    bool was_closed = (atp_load_relaxed(&record->state) & ATP_NODE_STATE_BITS) == ATP_NODE_CLOSED;
    uint8_t flags = (uint8_t)(atp_load_relaxed(&record->state) & ~ATP_NODE_STATE_BITS);
    atp_store_relaxed(&record->state, (uint8_t)(flags | apply->op->option));
    note_policy(apply, ATP_KEY_OVER_COMMITMENT, &record->over_commitment);
    note_policy(apply, ATP_KEY_ON_SHORT, &record->on_short);
    rename_record(apply, &record->name_ref, name);
    atp_ledger_put_calendar(apply, node, &calendar);
    if (apply->op->option == ATP_NODE_CLOSED && !was_closed) {
        atp_ledger_note_stranded(apply, node);
    }
    if (!is_known) {
        atp_ledger_note_arrived(ledger, ATP_ALIAS_NODE, id, node);
    }
    if (ATP_UNLIKELY(ledger->root->registry.silent > 0 && !is_known)) {
        atp_ledger_mark_stale(ledger);
    }
    return ATP_APPLIED;
}

/* A small number that the op tells, + 1; 0 if it does not. */
static uint8_t number_or_none(const apply_t *apply, unsigned key)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, key, ATP_WHOLE_OP);

    return attribute != NULL ? (uint8_t)(attribute->number + 1) : 0;
}

atp_verdict_t atp_ledger_put_channel(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    uint16_t groups[ATP_METHOD_COUNT];
    uint16_t channel;

    atp_verdict_t verdict =
        atp_ledger_named_group(apply, ATP_KEY_SHIP_GROUP, ATP_WHOLE_OP, &groups[ATP_METHOD_SHIP]);
    verdict = verdict == ATP_APPLIED ? atp_ledger_named_group(apply, ATP_KEY_PICKUP_GROUP, ATP_WHOLE_OP,
                                                              &groups[ATP_METHOD_PICKUP])
                                     : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (apply->op->value > ledger->root->config.ttl_max_ms) {
        return atp_ledger_refuse(apply, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
    }
    bool is_known = atp_catalog_find_channel(&ledger->catalog, id, apply->op->subject_hash, &channel);
    verdict = atp_ledger_look_at_quantities(apply, ATP_LIMIT_CHANNEL_QUANTITIES, 0,
                                            is_known ? channel : UINT16_MAX);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (!is_known) {
        uint32_t number = 0;
        verdict = atp_ledger_add_named(apply, &ledger->catalog.channels, &ledger->catalog.channel_index, id,
                                       (atp_text_t){NULL, 0}, ATP_CHANNELS_FULL, &number);
        if (verdict != ATP_APPLIED) {
            return atp_ledger_refuse(apply, verdict, ATP_FIELD_CHANNEL, 0);
        }
        channel = (uint16_t)number;
    }
    atp_channel_record_t *record = atp_table_change(&ledger->catalog.channels, channel);
    note_policy(apply, ATP_KEY_OVER_COMMITMENT, &record->over_commitment);
    note_policy(apply, ATP_KEY_ON_SHORT, &record->on_short);
    record->ttl_ms = apply->op->value;
    if (atp_ledger_put_quantities(apply, ATP_LIMIT_CHANNEL_QUANTITIES, 0, channel)) {
        record->has_quantities = 1;
    }
    atp_ledger_switch_channel(apply, channel);
    record->strategy = number_or_none(apply, ATP_KEY_STRATEGY);
    record->split = number_or_none(apply, ATP_KEY_SPLIT);
    record->splits = number_or_none(apply, ATP_KEY_SPLITS);
    for (unsigned method = 0; method < ATP_METHOD_COUNT; method++) {
        atp_store_relaxed(&record->groups[method], (uint16_t)(groups[method] + 1)); /* ATP_NO_GROUP: 0 */
    }
    atp_ledger_note_stale_views(ledger);
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_put_client(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    uint32_t client = ATP_CLIENT_ENGINE;
    atp_verdict_t verdict = ATP_CONFIRMED;

    if (!atp_catalog_find_client(&ledger->catalog, id, apply->op->subject_hash, &client)) {
        verdict = atp_ledger_add_named(apply, &ledger->catalog.clients, &ledger->catalog.client_index, id,
                                       (atp_text_t){NULL, 0}, ATP_CLIENTS_FULL, &client);
    }
    /* With the table full the client is served as number 0: its ids count there, its requests stay its own. */
    ledger->frame_client = client;
    return verdict;
}

/* ---- sources ---- */

static atp_text_t source_name(const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);
    return atp_op_text_next(&cursor);
}

/* Numbers are 1 to 2^63 - 1, so that nothing after them wraps around. */
static bool is_sequence(const atp_op_source_t *numbers)
{
    return numbers->epoch >= 1 && numbers->epoch <= INT64_MAX && numbers->sequence >= 1 &&
           numbers->sequence <= INT64_MAX && numbers->kept_from <= numbers->sequence &&
           numbers->after < numbers->sequence;
}

atp_verdict_t atp_ledger_look_at_batch(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_source_t *numbers = atp_op_payload(apply->op);
    static const atp_source_record_t unheard;
    const atp_source_record_t *record = &unheard;
    uint32_t source;

    ledger->frame_skip = ATP_APPLIED;
    if (!is_sequence(numbers)) {
        ledger->frame_skip = ATP_SEQUENCE_INVALID;
        return atp_ledger_refuse(apply, ATP_SEQUENCE_INVALID, ATP_FIELD_SEQUENCE, 0);
    }
    if (atp_catalog_find_source(&ledger->catalog, source_name(apply->op), apply->op->subject_hash, &source)) {
        record = atp_table_at(&ledger->catalog.sources, source);
    }
    switch (atp_sources_look(record, numbers)) {
    case ATP_SEQUENCE_NEW:
        if (ATP_UNLIKELY(record != &unheard && atp_ledger_has_registry(ledger))) {
            ledger->frame_skip = atp_ledger_look_at_pause(ledger, source);
        }
        break;
    case ATP_SEQUENCE_DUPLICATE:
        ledger->frame_skip = ATP_DUPLICATE_IGNORED;
        break;
    case ATP_SEQUENCE_OUT_OF_ORDER:
        ledger->frame_skip = ATP_OUT_OF_ORDER;
        return atp_ledger_refuse(apply, ATP_OUT_OF_ORDER, ATP_FIELD_SEQUENCE, 0);
    }
    return ledger->frame_skip;
}

atp_verdict_t atp_ledger_open_source(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_source_t *numbers = atp_op_payload(apply->op);
    atp_text_t name = source_name(apply->op);
    uint32_t source = 0;

    if (!atp_catalog_find_source(&ledger->catalog, name, apply->op->subject_hash, &source)) {
        atp_verdict_t verdict =
            atp_ledger_add_named(apply, &ledger->catalog.sources, &ledger->catalog.source_index, name,
                                 (atp_text_t){NULL, 0}, ATP_SOURCES_FULL, &source);
        if (verdict != ATP_APPLIED) {
            ledger->frame_skip = verdict;
            ledger->frame_source = 0;
            atp_ledger_raise(apply, ATP_EXCEPTION_FACT_REFUSED, NO_ROW, (atp_qty_t)numbers->sequence)
                ->verdict = (uint8_t)verdict;
            return atp_ledger_refuse(apply, verdict, ATP_FIELD_SOURCE, 0);
        }
    }
    ledger->frame_source = source + 1;
    if (ATP_UNLIKELY(atp_ledger_has_registry(ledger)) &&
        atp_ledger_hear(apply, source, numbers) != ATP_APPLIED) {
        ledger->frame_skip = ATP_SOURCE_PAUSED;
        return atp_ledger_refuse(apply, ATP_SOURCE_PAUSED, ATP_FIELD_EPOCH, 0);
    }
    atp_source_record_t *record = atp_table_change(&ledger->catalog.sources, source);
    if (numbers->epoch != record->epoch || numbers->sequence > record->high) {
        record->as_of_ms = numbers->as_of_ms;
    }
    uint64_t epoch = record->epoch;
    uint64_t low = record->low;
    uint64_t lost = atp_sources_accept(record, numbers);
    atp_sources_note_gap(record, numbers, epoch, low, apply->now_ms);
    atp_ledger_watch_gap(ledger, record);
    if (lost > 0) {
        atp_ledger_raise(apply, ATP_EXCEPTION_SEQUENCE_LOST, NO_ROW,
                         lost > ATP_QTY_MAX ? ATP_QTY_MAX : (atp_qty_t)lost);
    }
    return ATP_APPLIED;
}
