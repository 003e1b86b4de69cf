/* I2: what is on hand, and what of it is unavailable, is what the answers, the steps and the exceptions add up to: a second set of
 * books. (reserved and allocated are recomputed from the lines by atp_ledger_check: P3.) */
#include "tests/model/everything.h"

#include "engine/ledger/catalog.h"
#include "engine/ledger/line_units.h"

#include <string.h>

/* ---- as it was ---- */

static void note_lines(bench_t *bench)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(bench->ledger);

    bench->line_count = atp_table_count(&reservations->lines);
    for (uint32_t number = 0; number < bench->line_count; number++) {
        const atp_line_t *line = atp_line_at(reservations, number);
        line_before_t *before = &bench->lines[number];
        const atp_reservation_t *reservation = atp_reservation_at(reservations, line->reservation);
        *before = (line_before_t){.reservation = line->reservation, .version = reservation->version};
        for (unsigned state = 0; state < ATP_LINE_STATE_COUNT && reservation->status != ATP_RESERVATION_FREE;
             state++) {
            before->units[state] = atp_line_units(reservations, number, (atp_line_state_t)state);
        }
    }
}

void books_before(bench_t *bench)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);

    memset(bench->rows, 0, sizeof bench->rows);
    for (uint32_t row = 0; row < atp_table_count(&positions->rows); row++) {
        atp_positions_read(positions, row, &bench->rows[row]);
        bench->books[row] = (books_row_t){bench->rows[row].on_hand, bench->rows[row].unavailable};
    }
    for (uint64_t row = atp_table_count(&positions->rows); row < EVERYTHING_ROWS; row++) {
        bench->books[row] = (books_row_t){0, 0};
    }
    bench->history_before = atp_ledger_reservations(bench->ledger)->history.heads->newest;
    bench->movements_before = atp_ledger_movements(bench->ledger)->heads->newest;
    bench->exceptions_before = atp_ledger_exceptions(bench->ledger)->heads->newest;
    note_lines(bench);
}

/* ---- what was done ---- */

static bool find_row(const bench_t *bench, const act_line_t *line, uint32_t *ret_row)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(bench->ledger);
    uint64_t seed = atp_ledger_seed(bench->ledger);
    uint32_t sku;
    uint16_t node;

    return atp_catalog_find_sku(catalog, atp_text_of(line->sku), atp_hash_text(atp_text_of(line->sku), seed),
                                &sku) &&
           atp_catalog_find_node(catalog, atp_text_of(line->node),
                                 atp_hash_text(atp_text_of(line->node), seed), &node) &&
           atp_positions_find(atp_ledger_positions(bench->ledger), sku, node, ret_row);
}

static unsigned disposition_of(const act_t *act, unsigned line)
{
    unsigned found = ATP_DISPOSITION_QUARANTINE;

    for (uint16_t i = 0; i < act->attribute_count; i++) {
        const act_attribute_t *attribute = &act->attributes[i];
        if (attribute->key == ATP_KEY_DISPOSITION &&
            (attribute->line == line || attribute->line == ATP_WHOLE_OP)) {
            found = (unsigned)attribute->number; /* those of lines come after that of the op */
        }
    }
    return found;
}

/* Units that came back, by what becomes of them. */
static void put_back(bench_t *bench, uint32_t row, unsigned disposition, atp_qty_t qty)
{
    bench->books[row].on_hand += disposition == ATP_DISPOSITION_SCRAP ? 0 : qty;
    bench->books[row].unavailable +=
        disposition == ATP_DISPOSITION_QUARANTINE || disposition == ATP_DISPOSITION_DAMAGED ? qty : 0;
}

/* What the op says of its one line, by its answer. */
static void book_answer(bench_t *bench, uint32_t row)
{
    const act_t *act = bench->act;
    books_row_t *book = &bench->books[row];
    atp_qty_t qty = bench->result.qty;

    switch (act->kind) {
    case ATP_OP_ADJUST:
    case ATP_OP_COUNT:
        *(act->option == ATP_BUCKET_ON_HAND ? &book->on_hand : &book->unavailable) += qty;
        break;
    case ATP_OP_RECEIVE:
    case ATP_OP_SALE: /* the answer says the change */
    case ATP_OP_RECEIVE_SUPPLY:
    case ATP_OP_TRANSFER_RECEIVE:
        book->on_hand += qty;
        break;
    case ATP_OP_DISPOSE:
        book->unavailable -= qty;
        book->on_hand -= disposition_of(act, ATP_WHOLE_OP) == ATP_DISPOSITION_SCRAP ? qty : 0;
        break;
    case ATP_OP_RETURN:
        put_back(bench, row, disposition_of(act, 0), qty);
        break;
    default:
        break;
    }
}

/* The steps of this op, by the history. False: some are not kept any more. */
static bool book_steps(bench_t *bench)
{
    const atp_history_t *history = &atp_ledger_reservations(bench->ledger)->history;
    uint64_t newest = history->heads->newest;

    if (newest - bench->history_before > history->steps.capacity) {
        return false;
    }
    for (uint64_t number = bench->history_before + 1; number <= newest; number++) {
        const atp_history_step_t *step =
            atp_table_at(&history->steps, (number - 1) % history->steps.capacity);
        if (step->step == ATP_STEP_SHIP || step->step == ATP_STEP_SHIP_RESERVED) {
            bench->books[step->row].on_hand -= step->qty;
        }
        if (step->step == ATP_STEP_RETURN && bench->act->line_count == 0) {
            put_back(bench, step->row, disposition_of(bench->act, ATP_WHOLE_OP), step->qty);
        }
    }
    return true;
}

/* What left without a promise is told as an exception. False: some are not kept any more. */
static bool book_exceptions(bench_t *bench)
{
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(bench->ledger);

    for (uint64_t number = bench->exceptions_before + 1; number <= exceptions->heads->newest; number++) {
        const atp_exception_t *exception = atp_exceptions_get(exceptions, number);
        act_line_t line = {.mantissa = 0};
        uint32_t row;
        if (exception == NULL) {
            return false;
        }
        bench->reach->exceptions[exception->kind]++;
        if (exception->kind != ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION) {
            continue;
        }
        snprintf(line.sku, sizeof line.sku, "%.*s", (int)exception->sku_size, exception->sku);
        snprintf(line.node, sizeof line.node, "%.*s", (int)exception->node_size, exception->node);
        if (!find_row(bench, &line, &row)) {
            return bench_fail(bench, "an exception names %s@%s, which is not there", line.sku, line.node);
        }
        bench->books[row].on_hand -= exception->qty;
    }
    return true;
}

/* What a feed had counted before it was told is not done again. False: some of what moved is not kept any more. */
static bool book_withheld(bench_t *bench)
{
    const atp_movements_t *movements = atp_ledger_movements(bench->ledger);
    unsigned kind = bench->act->kind;
    bool is_answered =
        kind == ATP_OP_RECEIVE || kind == ATP_OP_SALE || kind == ATP_OP_ADJUST || kind == ATP_OP_COUNT;

    for (uint64_t number = bench->movements_before + 1; number <= movements->heads->newest; number++) {
        const atp_movement_t *movement = atp_movements_get(movements, number);
        if (movement == NULL) {
            return false;
        }
        if (!is_answered && movement->feed == 0) { /* else the answer says what was done */
            bool is_withheld = (movement->included >> ATP_COUNTED_UNAVAILABLE & 1) != 0;
            bench->books[movement->row].on_hand += movement->on_hand - movement->change.on_hand;
            bench->books[movement->row].unavailable -= is_withheld ? movement->change.unavailable : 0;
        }
    }
    return true;
}

/* What is short is set aside as far as the goods are missing, and a count finds it again: tests/engine/ledger. */
static bool sets_aside(unsigned kind)
{
    return kind == ATP_OP_SHORT || kind == ATP_OP_COUNT || kind == ATP_OP_ADJUST;
}

/* The answer is of kits, what happened is of their components. */
static bool is_of_kits(const bench_t *bench)
{
    uint32_t row;

    for (uint16_t i = 0; i < bench->act->line_count; i++) {
        if (bench->act->kind < ATP_OP_SKU || !find_row(bench, &bench->act->lines[i], &row) ||
            atp_positions_sku_has(atp_ledger_positions(bench->ledger), bench->rows[row].sku,
                                  ATP_SKU_IS_KIT)) {
            return true;
        }
    }
    return false;
}

static bool compare(bench_t *bench)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);

    for (uint32_t row = 0; row < atp_table_count(&positions->rows); row++) {
        atp_position_view_t view;
        atp_positions_read(positions, row, &view);
        if (view.on_hand != bench->books[row].on_hand ||
            (view.unavailable != bench->books[row].unavailable && !sets_aside(bench->act->kind))) {
            return bench_fail(
                bench, "I2: row %u has %lld on hand and %lld unavailable; the answers say %lld and %lld", row,
                (long long)view.on_hand, (long long)view.unavailable, (long long)bench->books[row].on_hand,
                (long long)bench->books[row].unavailable);
        }
    }
    return true;
}

/* Kits that were sold elsewhere are taken apart, and a settled exception applies a fact that it keeps: tests/engine/ledger. */
static bool is_booked_elsewhere(const bench_t *bench)
{
    const act_t *act = bench->act;
    const atp_catalog_t *catalog = atp_ledger_catalog(bench->ledger);
    bool takes_apart = act->kind == ATP_OP_SALE || act->kind == ATP_OP_SHIP;
    uint32_t sku;

    for (uint16_t i = 0; takes_apart && i < act->line_count; i++) {
        atp_text_t name = atp_text_of(act->lines[i].sku);
        if (atp_catalog_find_sku(catalog, name, atp_hash_text(name, atp_ledger_seed(bench->ledger)), &sku) &&
            atp_positions_sku_has(atp_ledger_positions(bench->ledger), sku, ATP_SKU_IS_KIT)) {
            return true;
        }
    }
    return act->kind == ATP_OP_SETTLE_EXCEPTION;
}

bool books_after(bench_t *bench)
{
    if (is_booked_elsewhere(bench)) {
        return true;
    }
    const act_t *act = bench->act;
    uint32_t row;

    bool is_whole = book_exceptions(bench);
    is_whole = book_steps(bench) && is_whole;
    is_whole = book_withheld(bench) && is_whole;
    if (bench->script->is_failed) {
        return false;
    }
    if (atp_verdict_is_success(bench->result.verdict) && act->line_count == 1 &&
        find_row(bench, &act->lines[0], &row)) {
        book_answer(bench, row);
    }
    /* The answer to a return of several lines is their sum. */
    bool is_said = act->kind != ATP_OP_RETURN || act->line_count <= 1;
    return !is_whole || !is_said || is_of_kits(bench) || compare(bench);
}
