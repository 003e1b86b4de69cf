/* One act done to the ledger, with everything that must hold around it. */
#include "tests/model/everything.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/facts/quarantine.h"
#include "engine/ledger/ledger_priv.h"
#include "engine/ledger/ops/op_rules.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX  (UINT64_C(8) << 20)
#define PULSES_MAX 16u

bool bench_fail(bench_t *bench, const char *format, ...)
{
    script_t *script = bench->script;
    va_list arguments;

    if (!script->is_failed) {
        script->is_failed = true;
        va_start(arguments, format);
        vsnprintf(script->why, sizeof script->why, format, arguments);
        va_end(arguments);
    }
    return false;
}

/* ---- a run ---- */

static bool create(bench_t *bench, atp_ledger_t **ret_ledger)
{
    atp_why_t why = {""};

    return atp_ledger_create(&bench->config, ret_ledger, &why) == ATP_OK || bench_fail(bench, "%s", why.text);
}

bool bench_open(bench_t *bench, script_t *script, reach_t *reach)
{
    memset(bench, 0, sizeof *bench);
    bench->script = script;
    bench->reach = reach;
    bench->config = everything_config(script->seed);
    bench->snapshot_at = SIZE_MAX;
    bench->record = calloc(1, ATP_OP_SIZE_MAX);
    bench->grants = calloc(ATP_GRANTS_PER_OP_MAX, sizeof *bench->grants);
    bench->journal.entries = calloc(8 * SCRIPT_ACTS_MAX, sizeof *bench->journal.entries);
    bench->journal.bytes = malloc(BYTES_MAX);
    if (bench->record == NULL || bench->grants == NULL || bench->journal.entries == NULL ||
        bench->journal.bytes == NULL || !create(bench, &bench->ledger) || !create(bench, &bench->blind) ||
        !create(bench, &bench->restored) || atp_staleness_init(&bench->staleness, bench->ledger) != ATP_OK) {
        return bench_fail(bench, "no memory");
    }
    atp_op_encode_config(bench->record, ATP_OP_GENESIS, &bench->config);
    return bench_apply(bench, EVERYTHING_START_MS);
}

void bench_close(bench_t *bench)
{
    atp_staleness_fini(&bench->staleness);
    atp_ledger_destroy(bench->ledger);
    atp_ledger_destroy(bench->blind);
    atp_ledger_destroy(bench->restored);
    free(bench->record);
    free(bench->grants);
    free(bench->journal.entries);
    free(bench->journal.bytes);
}

/* ---- records ---- */

static void end_frame(bench_t *bench)
{
    atp_ledger_end_frame(bench->ledger);
    bench->journal.entries[bench->journal.count++].record = SIZE_MAX;
}

static void journal(bench_t *bench, const atp_op_t *op, int64_t now_ms)
{
    journal_t *journal = &bench->journal;

    memcpy(journal->bytes + journal->size, op, op->size);
    journal->entries[journal->count++] = (journal_entry_t){journal->size, now_ms, bench->result};
    journal->size += op->size;
}

bool bench_apply(bench_t *bench, int64_t now_ms)
{
    const atp_op_t *op = bench->record;
    uint64_t before = atp_ledger_stamp(bench->ledger) / 2;
    atp_prefetch_t hint;
    atp_why_t why = {""};

    if (!atp_op_is_well_formed(op, op->size)) {
        return bench_fail(bench, "what encode wrote is not well-formed");
    }
    if (bench->journal.size + op->size > BYTES_MAX || bench->journal.count + 4 > 8 * SCRIPT_ACTS_MAX) {
        return bench_fail(bench, "the journal of the test is full");
    }
    for (unsigned step = 0; step < ATP_PREFETCH_STEPS; step++) {
        atp_ledger_prefetch(bench->ledger, op, (atp_prefetch_step_t)step, &hint);
    }
    memset(&bench->result, 0xa5, sizeof bench->result);
    bench->took_op = atp_ledger_apply(bench->ledger, op, now_ms, &bench->result, bench->grants);
    if (atp_ledger_stamp(bench->ledger) != 2 * (before + bench->took_op) ||
        (bench->took_op && bench->result.op != before + 1)) {
        return bench_fail(bench, "L1: op %llu after %llu", (unsigned long long)bench->result.op,
                          (unsigned long long)before);
    }
    if (atp_verdict_name(bench->result.verdict) == NULL || atp_field_name(bench->result.field) == NULL) {
        return bench_fail(bench, "verdict %u, field %u", bench->result.verdict, bench->result.field);
    }
    if (bench->took_op) {
        bench->reach->ops++;
        journal(bench, op, now_ms);
        if (atp_ledger_check(bench->ledger, &why) != ATP_OK) {
            return bench_fail(bench, "%s", why.text);
        }
    }
    return true;
}

static void view_lines(const act_t *act, atp_command_line_t *lines, atp_attribute_t *attributes)
{
    for (uint16_t i = 0; i < act->line_count; i++) {
        const act_line_t *line = &act->lines[i];
        lines[i] = (atp_command_line_t){atp_text_of(line->sku), atp_text_of(line->node), line->mantissa,
                                        line->decimals};
    }
    for (uint16_t i = 0; i < act->attribute_count; i++) {
        const act_attribute_t *attribute = &act->attributes[i];
        attributes[i] = (atp_attribute_t){attribute->key, attribute->decimals, attribute->line,
                                          attribute->number, atp_text_of(attribute->text)};
    }
}

/* The number of the act's client. A new one is told of first: its number is known to who encodes after that. */
static bool find_client(bench_t *bench, const act_t *act, atp_text_t name, uint32_t *ret_client)
{
    uint64_t seed = atp_ledger_seed(bench->ledger);
    uint64_t hash = atp_hash_text(name, seed);

    *ret_client = ATP_CLIENT_ENGINE;
    if (act->in_source ||
        atp_catalog_find_client(atp_ledger_catalog(bench->ledger), name, hash, ret_client)) {
        return true;
    }
    atp_op_encode_client(bench->record, name, seed);
    if (!bench_apply(bench, act->at_ms)) {
        return false;
    }
    bench->reach->verdicts[ATP_OP_CLIENT][bench->result.verdict]++;
    *ret_client = ATP_CLIENT_NAMED; /* until the frame ends; the engine itself where there was no room */
    return true;
}

atp_verdict_t bench_encode(bench_t *bench, const act_t *act)
{
    atp_command_line_t lines[ACT_LINES_MAX];
    atp_attribute_t attributes[ACT_ATTRIBUTES_MAX];
    char client[16];
    uint32_t number;
    size_t size;

    snprintf(client, sizeof client, "client%u", act->client);
    if (!find_client(bench, act, atp_text_of(client), &number)) {
        return ATP_UNAVAILABLE;
    }
    const atp_command_t command = {
        .kind = (atp_op_kind_t)act->kind,
        .is_fact = act->is_fact,
        .option = act->option,
        .reason = act->reason,
        .id = atp_text_of(act->id),
        .issued_ms = act->issued_ms,
        .correlation = act->in_source && act->at_ms % 2 != 0 ? ATP_TEXT("told together") : ATP_TEXT(""),
        .reservation = atp_text_of(act->reservation),
        .subject = atp_text_of(act->subject),
        .channel = atp_text_of(act->channel),
        .owner = atp_text_of(act->owner),
        .name = atp_text_of(act->name),
        .ttl_ms = act->number,
        .line_count = act->line_count,
        .lines = lines,
        .attribute_count = act->attribute_count,
        .attributes = attributes};
    const atp_op_context_t context = {.catalog =
                                          atp_ledger_catalog(act->is_blind ? bench->blind : bench->ledger),
                                      .seed = atp_ledger_seed(bench->ledger),
                                      .client_name = atp_text_of(client),
                                      .client = number,
                                      .in_source = act->in_source};
    view_lines(act, lines, attributes);
    return atp_op_encode(&command, &context, bench->record, ATP_OP_SIZE_MAX, &size, &bench->result);
}

/* The engine's own ops. */
static bool encode_own(bench_t *bench, const act_t *act)
{
    uint64_t seed = atp_ledger_seed(bench->ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(bench->ledger);
    atp_text_t sku_name = atp_text_of(act->lines[0].sku);
    atp_text_t node_name = atp_text_of(act->lines[0].node);
    uint32_t sku;
    uint16_t node;

    switch (act->kind) {
    case ATP_OP_PULSE:
        atp_op_encode_pulse(bench->record, act->number);
        return true;
    case ATP_OP_SETTLE:
        if (!atp_catalog_find_sku(catalog, sku_name, atp_hash_text(sku_name, seed), &sku) ||
            !atp_catalog_find_node(catalog, node_name, atp_hash_text(node_name, seed), &node)) {
            return false;
        }
        atp_op_encode_settle(bench->record, sku, node);
        return true;
    case ATP_OP_SOURCE: {
        const atp_op_source_t numbers = {.epoch = act->epoch,
                                         .sequence = act->sequence,
                                         .kept_from = act->kept_from,
                                         .after = act->after,
                                         .as_of_ms = act->at_ms};
        atp_op_encode_source(bench->record, atp_text_of(act->name), &numbers, seed);
        return true;
    }
    case ATP_OP_QUARANTINE: {
        const atp_refused_bytes_t refused = {.bytes = act->subject,
                                             .size = strlen(act->subject),
                                             .source = atp_text_of(act->name),
                                             .sequence = act->sequence,
                                             .verdict = ATP_MALFORMED};
        return atp_op_encode_quarantine(bench->record, ATP_OP_SIZE_MAX, &refused) > 0;
    }
    default: {
        atp_ledger_config_t config = bench->config;
        config.ttl_default_ms = act->number;
        config.unknown_names = (uint64_t)act->number % ATP_UNKNOWN_LIMIT;
        config.issued_skew_ms = act->number % 60;
        atp_op_encode_config(bench->record, ATP_OP_CONFIGURE, &config);
        return true;
    }
    }
}

/* ---- nothing is due ---- */

/* What a pulse has told. */
static void note_raised(bench_t *bench, uint64_t before)
{
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(bench->ledger);

    for (uint64_t number = before + 1; number <= exceptions->heads->newest; number++) {
        const atp_exception_t *exception = atp_exceptions_get(exceptions, number);
        bench->reach->exceptions[exception != NULL ? exception->kind : 0]++;
    }
}

/* Nodes with a calendar where nothing has a position: a kit is looked at there all the same. */
static bool settle_bare_nodes(bench_t *bench, int64_t now_ms, uint64_t settled)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(bench->ledger);

    for (uint32_t node = 0; node < atp_table_count(&catalog->nodes); node++) {
        if ((settled >> node & 1) == 0 && atp_catalog_has_calendar(catalog, (uint16_t)node)) {
            atp_op_encode_settle(bench->record, 0, (uint16_t)node);
            if (!bench_apply(bench, now_ms)) {
                return false;
            }
        }
    }
    return true;
}

/* Lets all that is due expire, so that what is asked now is as of what is decided by. */
static bool settle_all(bench_t *bench, int64_t now_ms)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);
    atp_ledger_counts_t counts;
    uint64_t settled = 0;

    atp_ledger_counts(bench->ledger, &counts);
    now_ms = counts.time_ms > now_ms ? counts.time_ms : now_ms; /* the ledger's time does not go back */
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t row = 0; row < atp_table_count(&positions->rows); row++) {
            const atp_position_t *position = atp_positions_at(positions, row);
            bool is_due =
                atp_load_relaxed(&((atp_position_t *)(uintptr_t)position)->soonest_deadline_ms) <= now_ms;
            bool has_calendar = atp_catalog_has_calendar(atp_ledger_catalog(bench->ledger), position->node);
            if (!is_due && (!has_calendar || round > 0 || (settled >> position->node & 1) != 0)) {
                continue; /* one row of a node settles its capacity */
            }
            settled |= UINT64_C(1) << position->node;
            atp_op_encode_settle(bench->record, position->sku, position->node);
            if (!bench_apply(bench, now_ms)) {
                return false;
            }
        }
    }
    if (!settle_bare_nodes(bench, now_ms, settled)) {
        return false;
    }
    /* Pulses go on with what was begun in pieces. */
    for (unsigned i = 0; i < PULSES_MAX && atp_ledger_is_pulse_due(bench->ledger, now_ms); i++) {
        uint64_t before = atp_ledger_exceptions(bench->ledger)->heads->newest;
        atp_op_encode_pulse(bench->record, 100);
        if (!bench_apply(bench, now_ms)) {
            return false;
        }
        note_raised(bench, before);
    }
    return true;
}

void everything_hashes(const atp_ledger_t *ledger, uint64_t *ret_hashes)
{
    atp_table_t *tables[ATP_LEDGER_TABLES];

    atp_ledger_tables((atp_ledger_t *)(uintptr_t)ledger, tables);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        ATP_ASSERT(tables[i]->id < EVERYTHING_TABLES);
        ret_hashes[tables[i]->id] = atp_table_hash(tables[i]);
    }
}

/* ---- what must hold after an op ---- */

static bool makes_names(const bench_t *bench)
{
    const atp_registry_t *registry = atp_ledger_registry(bench->ledger);
    bool does = atp_ledger_config(bench->ledger)->unknown_names == ATP_UNKNOWN_CREATE;

    for (uint32_t i = 0; i < atp_table_count(&registry->records); i++) {
        does = does || atp_registration_at(registry, i)->unknown_names == ATP_UNKNOWN_CREATE + 1;
    }
    return does;
}

/* What a refused request may change: that it was answered, and that there was demand. Facts are told in an exception, and have their fate. */
static bool may_change(const bench_t *bench, unsigned table)
{
    return table == ATP_TABLE_ROOT || table == ATP_TABLE_OUTCOMES || table == ATP_TABLE_CLIENTS ||
           table == ATP_TABLE_DEMAND ||
           ((table == ATP_TABLE_EXCEPTIONS || table == ATP_TABLE_EXCEPTION_FACTS ||
             table == ATP_TABLE_EXCEPTION_TALLIES || table == ATP_TABLE_REGISTRATIONS ||
             table == ATP_TABLE_FATES || table == ATP_TABLE_SOURCES || table == ATP_TABLE_DIFFERENCES) &&
            (bench->is_fact || bench->is_replay)) ||
           (bench->is_fact && makes_names(bench) &&
            (table == ATP_TABLE_SKUS || table == ATP_TABLE_NODES || table == ATP_TABLE_STRINGS));
}

/* Room is made at the cost of what has ended: that stays, whether the op finds enough or not. */
static bool is_for_want_of_room(unsigned verdict)
{
    return verdict >= ATP_SKUS_FULL && verdict != ATP_ALREADY_SHORT && verdict != ATP_ALIAS_CONFLICT &&
           verdict != ATP_UNIT_UNKNOWN;
}

static bool look_at_trace(bench_t *bench)
{
    uint64_t hashes[EVERYTHING_TABLES] = {0};

    if (bench->may_try || atp_verdict_is_success(bench->result.verdict) ||
        is_for_want_of_room(bench->result.verdict)) {
        return true;
    }
    everything_hashes(bench->ledger, hashes);
    for (unsigned table = 0; table < EVERYTHING_TABLES; table++) {
        if (hashes[table] != bench->hashes[table] && !may_change(bench, table)) {
            return bench_fail(bench, "refused (%s), and table %u is another",
                              atp_verdict_name(bench->result.verdict), table);
        }
    }
    bench->reach->refusals_without_a_trace++;
    return true;
}

/* I1: a reserve or an edit leaves nothing promised that is not there. */
static bool look_at_promises(bench_t *bench)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);
    const act_t *act = bench->act;
    bool is_promise = (act->kind == ATP_OP_RESERVE && act->option != ATP_RESERVE_TRACK_ONLY) ||
                      act->kind == ATP_OP_TRANSFER;

    for (uint32_t row = 0; is_promise && row < atp_table_count(&positions->rows); row++) {
        const atp_position_view_t *before = &bench->rows[row];
        atp_position_view_t after;
        atp_positions_read(positions, row, &after);
        if (after.reserved + after.allocated > before->reserved + before->allocated &&
            atp_view_atp(&after) < 0) {
            return bench_fail(bench, "oversold: row %u has an atp of %lld", row,
                              (long long)atp_view_atp(&after));
        }
        if (after.backordered > before->backordered && atp_view_promisable(&after) < 0) {
            return bench_fail(bench, "row %u: %lld wait, beyond the limit", row,
                              (long long)after.backordered);
        }
    }
    return true;
}

/* True for what has happened, whatever was promised: it is refused only for what it names. */
static bool is_happening(unsigned kind)
{
    return kind == ATP_OP_SHIP || kind == ATP_OP_RETURN || kind == ATP_OP_RECEIVE || kind == ATP_OP_SALE ||
           kind == ATP_OP_ADJUST || kind == ATP_OP_COUNT || kind == ATP_OP_RECEIVE_SUPPLY ||
           kind == ATP_OP_TRANSFER_RECEIVE;
}

static bool is_of_promises(unsigned verdict)
{
    return (verdict >= ATP_NODE_NOT_OPEN && verdict <= ATP_SPLIT_NOT_ALLOWED) ||
           (verdict >= ATP_ALREADY_ALLOCATED && verdict <= ATP_NOT_READY_IN_TIME) ||
           verdict == ATP_ALREADY_SHORT || verdict == ATP_CHANNEL_NOT_OPEN;
}

/* The kinds of exceptions that keep a fact which could not be applied. */
static bool keeps_refused(unsigned kind, unsigned verdict)
{
    switch (verdict) {
    case ATP_OUTSIDE_AUTHORITY:
        return kind == ATP_EXCEPTION_OUTSIDE_AUTHORITY;
    case ATP_FEED_UNDECIDED:
        return kind == ATP_EXCEPTION_FEED_UNDECIDED || kind == ATP_EXCEPTION_FEED_TOO_OLD;
    case ATP_FEED_STALE:
        return kind == ATP_EXCEPTION_FEED_STALE;
    default:
        return kind == ATP_EXCEPTION_FACT_REFUSED;
    }
}

static bool look_at_facts(bench_t *bench)
{
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(bench->ledger);
    const act_t *act = bench->act;
    unsigned verdict = bench->result.verdict;

    if (!bench->is_fact || atp_verdict_is_success(verdict)) {
        return true;
    }
    const atp_exception_t *newest = atp_exceptions_get(exceptions, exceptions->heads->newest);
    bool is_parked = newest != NULL && newest->state == ATP_EXCEPTION_PARKED;
    /* A replay told as a fact that is refused is a fact refused, whatever its own was; so is a merge that feeds are in the way of. */
    bool is_of_another = act->kind == ATP_OP_SETTLE_EXCEPTION ||
                         (act->kind == ATP_OP_MERGE_SKU && verdict == ATP_FEED_UNDECIDED);
    bool is_kept = newest != NULL && (keeps_refused(newest->kind, verdict) ||
                                      (is_of_another && newest->kind == ATP_EXCEPTION_FACT_REFUSED));
    if (exceptions->heads->newest == bench->exceptions_before || !is_kept ||
        (verdict == ATP_PARKED) != is_parked || (!is_parked && newest->verdict != verdict)) {
        return bench_fail(bench, "a fact was refused (%s), and no exception tells of it",
                          atp_verdict_name(verdict));
    }
    /* "All of it": what "it" is, the reservation knows; the fact itself says nothing that could be applied. */
    if (is_happening(act->kind) && act->line_count > 0 && is_of_promises(verdict) &&
        !(verdict == ATP_SUPPLY_ENDED && act->lines[0].mantissa == 0)) {
        return bench_fail(bench, "a fact was refused for what was promised: %s", atp_verdict_name(verdict));
    }
    return true;
}

/* What was decided of a fact of a batch, or of one that was refused, is found by its op, with the exception that keeps it; of what no trace finds nothing is kept. */
static bool look_at_fate(bench_t *bench)
{
    const atp_op_t *op = bench->record;
    const atp_fate_t *fate = atp_fates_find(atp_ledger_fates(bench->ledger), bench->result.op);
    uint64_t newest = atp_ledger_exceptions(bench->ledger)->heads->newest;
    uint64_t raised = newest > bench->exceptions_before ? newest : 0;
    bool is_taken = atp_verdict_is_success((atp_verdict_t)bench->result.verdict);
    bool is_found =
        ((op->flags & ATP_OP_IN_SOURCE) != 0 || (bench->is_fact && !is_taken)) &&
        ((op->flags & ATP_OP_CORRELATED) != 0 || (op->kind >= ATP_OP_RESERVE && op->kind < ATP_OP_RECEIVE));

    if ((fate != NULL) != is_found ||
        (fate != NULL && (fate->verdict != bench->result.verdict || fate->exception != raised))) {
        return bench_fail(bench, "op %llu was answered %s, and its fate is another",
                          (unsigned long long)bench->result.op, atp_verdict_name(bench->result.verdict));
    }
    bench->reach->fates[is_taken] += is_found;
    return true;
}

/* The same id with the same content: the first answer, and nothing else. */
static bool look_at_again(bench_t *bench, const act_t *act, int64_t now_ms)
{
    const atp_op_t *op = bench->record;
    atp_result_t first = bench->result;

    if ((op->flags & ATP_OP_HAS_ID) == 0 || !bench->took_op || !act->is_again) {
        return true;
    }
    uint64_t hash = atp_ledger_hash(bench->ledger);
    if (!bench_apply(bench, now_ms)) {
        return false;
    }
    const atp_result_t *again = &bench->result;
    if (bench->took_op || atp_ledger_hash(bench->ledger) != hash) {
        return bench_fail(bench, "asked twice, done twice");
    }
    if (again->verdict == ATP_ISSUED_BEFORE_FLOOR) {
        return true; /* what was remembered of others made room for it */
    }
    bench->reach->repeats++;
    if (!again->is_repeat || again->verdict != first.verdict || again->op != first.op ||
        again->qty != first.qty || again->deadline_ms != first.deadline_ms || again->field != first.field ||
        again->line != first.line) {
        return bench_fail(bench, "asked twice: first %s, op %llu, %lld; then %s, op %llu, %lld",
                          atp_verdict_name(first.verdict), (unsigned long long)first.op, (long long)first.qty,
                          atp_verdict_name(again->verdict), (unsigned long long)again->op,
                          (long long)again->qty);
    }
    bench->result = first;
    bench->took_op = true;
    return true;
}

/* ---- the act ---- */

static bool encode(bench_t *bench, const act_t *act, bool *ret_is_encoded)
{
    if (act->kind < ATP_FIRST_CLIENT_KIND) {
        *ret_is_encoded = encode_own(bench, act);
        return true;
    }
    atp_verdict_t verdict = bench_encode(bench, act);
    *ret_is_encoded = verdict == ATP_APPLIED;
    if (verdict != ATP_APPLIED) {
        bench->reach->verdicts[act->kind][verdict]++;
    }
    return !bench->script->is_failed;
}

/* Facts that wait for a name may be tried in the op: its own answer is not all that happens. tests/model/test_parking.c */
static bool may_try(const bench_t *bench)
{
    const atp_exception_heads_t *heads = atp_ledger_exceptions(bench->ledger)->heads;
    unsigned kind = bench->act->kind;

    return heads->due.first != 0 || (heads->parked > 0 && (kind == ATP_OP_SKU || kind == ATP_OP_NODE ||
                                                           kind == ATP_OP_ALIAS || makes_names(bench)));
}

bool bench_do(bench_t *bench, const act_t *act)
{
    static said_t said;
    bool is_encoded;

    bench->act = act;
    bench->reach->acts++;
    if (act->ends_frame) {
        end_frame(bench);
    }
    if (act->is_asked && act->kind >= ATP_FIRST_CLIENT_KIND && !settle_all(bench, act->at_ms)) {
        return false;
    }
    if (!encode(bench, act, &is_encoded)) {
        return false;
    }
    if (!is_encoded) {
        return true;
    }
    if (act->is_asked) {
        everything_hashes(bench->ledger, bench->hashes);
    }
    memset(&said, 0, sizeof said);
    if (act->is_asked && act->kind == ATP_OP_RESERVE && !questions_ask(bench, &said)) {
        return false;
    }
    postings_before(bench);
    books_before(bench);
    unit_book_before(bench);
    bench->may_try = may_try(bench);
    if (!bench_apply(bench, act->at_ms)) {
        return false;
    }
    bench->is_fact = (((const atp_op_t *)bench->record)->flags & ATP_OP_FACT) != 0;
    reach_note(bench);
    if (!bench->took_op) {
        return true;
    }
    reach_note_edges(bench);
    return books_after(bench) && unit_book_after(bench) && postings_after(bench) && owners_after(bench) &&
           stale_after(bench) && look_at_promises(bench) && look_at_facts(bench) && look_at_fate(bench) &&
           (!act->is_asked || act->kind < ATP_FIRST_CLIENT_KIND || look_at_trace(bench)) &&
           (!act->is_asked || questions_compare(bench, &said)) && look_at_again(bench, act, act->at_ms);
}
