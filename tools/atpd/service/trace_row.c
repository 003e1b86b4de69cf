#include "tools/atpd/service/trace_row.h"

#include "engine/base/hash.h"
#include "engine/ledger/catalog/aliases.h"
#include "engine/ledger/facts/movements.h"

#include <string.h>

#define PLACES_MAX 64 /* positions that are told apart; movements looked at are so many at most for each */

/* ---- what it changed ---- */

/* Which movements of an op are of the fact: those that its own teller told. */
typedef struct moved {
    uint64_t op;
    uint8_t kind;
    atp_event_t event; /* source, epoch and number count */
    bool is_of_row;    /* of several facts that one op has applied, those of one position */
    uint32_t row;
} moved_t;

static bool is_of(const moved_t *wanted, const atp_movement_t *movement)
{
    return movement->op_kind == wanted->kind && movement->event.source == wanted->event.source &&
           movement->event.epoch == wanted->event.epoch &&
           movement->event.sequence == wanted->event.sequence &&
           (!wanted->is_of_row || movement->row == wanted->row);
}

/* True if the row is none of those before. */
static bool add_place(uint32_t places[PLACES_MAX], uint32_t count, uint32_t row)
{
    for (uint32_t i = 0; i < count; i++) {
        if (places[i] == row) {
            return false;
        }
    }
    places[count] = row;
    return true;
}

static void name_place(const atp_ledger_t *ledger, uint32_t number, atp_trace_row_t *row)
{
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    const atp_position_t *position = atp_positions_at(positions, number);

    row->changed_sku = atp_catalog_sku_id(atp_ledger_catalog(ledger), position->sku);
    row->changed_node = atp_catalog_node_id(atp_ledger_catalog(ledger), position->node);
    row->changed_scale = atp_positions_scale(positions, position->sku);
}

static void tell_changes(const atp_ledger_t *ledger, const moved_t *wanted, atp_trace_row_t *row)
{
    const atp_movements_t *movements = atp_ledger_movements(ledger);
    uint64_t first = atp_movements_of_op(movements, wanted->op);
    uint32_t places[PLACES_MAX];

    for (uint64_t number = first; number < first + (uint64_t)PLACES_MAX * PLACES_MAX; number++) {
        const atp_movement_t *movement = atp_movements_get(movements, number);
        if (movement == NULL || movement->op != wanted->op || row->places == PLACES_MAX) {
            return;
        }
        if (!is_of(wanted, movement)) {
            continue;
        }
        if (add_place(places, row->places, movement->row) && row->places++ == 0) {
            name_place(ledger, movement->row, row);
        }
        if (movement->row == places[0]) {
            row->on_hand += movement->on_hand;
            row->unavailable += movement->change.unavailable;
            row->allocated += movement->change.allocated;
        }
    }
}

/* The position that the exception names. */
static bool find_place(const atp_ledger_t *ledger, atp_text_t source, const atp_exception_t *exception,
                       uint32_t *ret_row)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    uint64_t seed = atp_ledger_seed(ledger);
    uint32_t sku;
    uint16_t node;

    return atp_catalog_means_sku(catalog, source, (atp_text_t){exception->sku, exception->sku_size}, seed,
                                 &sku) &&
           atp_catalog_means_node(catalog, source, (atp_text_t){exception->node, exception->node_size}, seed,
                                  &node) &&
           atp_positions_find(atp_ledger_positions(ledger), sku, node, ret_row);
}

/* Who told the op, as movements have it. */
static atp_event_t event_of(const atp_ledger_t *ledger, const atp_trace_op_t *op)
{
    atp_event_t event = {.epoch = op->epoch, .sequence = op->sequence};
    atp_text_t source = atp_trace_text(&op->client);
    uint32_t number;

    if (op->epoch != 0 && atp_catalog_find_source(atp_ledger_catalog(ledger), source,
                                                  atp_hash_text(source, atp_ledger_seed(ledger)), &number)) {
        event.source = number + 1;
    }
    return event;
}

/* What it changed itself, or what its replay did. One that was applied by itself was so with others: those of its batch, its kind and
 * its position are told together. */
static void find_changes(const atp_ledger_t *ledger, const atp_trace_op_t *op,
                         const atp_exception_t *exception, atp_trace_row_t *row)
{
    moved_t wanted = {.op = op->op, .kind = op->kind, .event = event_of(ledger, op)};

    if (exception != NULL && exception->state == ATP_EXCEPTION_REPLAYED) {
        wanted.op = exception->settled_op;
        wanted.is_of_row = exception->settled_by == ATP_CLIENT_ENGINE + 1;
        if (wanted.is_of_row && !find_place(ledger, atp_trace_text(&op->client), exception, &wanted.row)) {
            return;
        }
    }
    tell_changes(ledger, &wanted, row);
}

/* ---- what became of it ---- */

static uint8_t verdict_of(const atp_ledger_t *ledger, const atp_trace_op_t *op, const atp_fate_t *fate)
{
    atp_result_t result;

    /* The id may have been forgotten and used again since. */
    if (op->has_id && atp_ledger_find_answer(ledger, op->id, &result) && result.op == op->op) {
        return result.verdict;
    }
    return fate != NULL ? fate->verdict : ATP_UNKNOWN_ID;
}

static void fill_decided(const atp_ledger_t *ledger, const atp_trace_op_t *op, atp_trace_row_t *row)
{
    const atp_fate_t *fate = atp_fates_find(atp_ledger_fates(ledger), op->op);
    const atp_exception_t *exception = NULL;

    row->verdict = verdict_of(ledger, op, fate);
    row->exception = fate != NULL ? fate->exception : 0;
    if (row->exception != 0) {
        exception = atp_exceptions_get(atp_ledger_exceptions(ledger), row->exception);
    }
    if (exception != NULL) {
        row->exception_kind = atp_text_of(atp_exception_kind_name(exception->kind));
        row->exception_state = exception->state;
        row->settled_op = exception->settled_op;
    }
    find_changes(ledger, op, atp_verdict_is_success((atp_verdict_t)row->verdict) ? NULL : exception, row);
}

static bool is_applied(const atp_ledger_t *ledger, const atp_trace_op_t *op)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_op_source_t numbers = {.epoch = op->epoch, .sequence = op->sequence};
    uint32_t source = event_of(ledger, op).source;

    return source != 0 &&
           atp_sources_look(atp_table_at(&catalog->sources, source - 1), &numbers) == ATP_SEQUENCE_DUPLICATE;
}

bool atp_trace_row_fill(const atp_ledger_t *ledger, const atp_trace_op_t *op, atp_trace_row_t *ret_row)
{
    *ret_row = (atp_trace_row_t){.op = op->op,
                                 .time_ms = op->time_ms,
                                 .kind = atp_text_of(atp_op_kind_name(op->kind)),
                                 .client = atp_trace_text(&op->client),
                                 .subject = atp_trace_text(&op->subject),
                                 .verdict = op->waits,
                                 .sku = atp_trace_text(&op->sku),
                                 .node = atp_trace_text(&op->node),
                                 .qty = op->mantissa,
                                 .scale = op->decimals,
                                 .line_count = op->line_count,
                                 .correlation = atp_trace_text(&op->correlation),
                                 .epoch = op->epoch,
                                 .sequence = op->sequence,
                                 .again = op->again,
                                 .again_ms = op->again_ms};
    if (op->op == 0) {
        return !is_applied(ledger, op);
    }
    fill_decided(ledger, op, ret_row);
    return true;
}
