/* A node is closed while something is there: what is stranded is told once, in one exception, with totals. Nothing is moved;
 * availability and reserve count none of it, steps and facts go on. One op looks at so many positions, pulses at the rest: the totals
 * are of what was there when it was looked at. */
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/facts/ledger_owners.h"
#include "engine/ledger/supply/supplies.h"

#include <string.h>

#define ROWS_LOOKED_AT  8192 /* by one op, whose node they are is all that is seen of most */
#define LINES_LOOKED_AT 1024 /* by one op; of one position no more than that are counted */

typedef struct look {
    atp_ledger_t *ledger;
    atp_closing_t *closing;
    uint16_t node;
    uint32_t rows_left;
    uint32_t lines_left;
} look_t;

/* Adds units of another scale: the sum has the greater of the two, as long as it is in range. */
static void add_units(atp_closing_t *closing, atp_qty_t qty, uint8_t scale)
{
    atp_qty_t sum = closing->on_hand;
    uint8_t common = scale > closing->scale ? scale : closing->scale;

    if (atp_qty_rescale(sum, closing->scale, common, &sum) == ATP_RESCALED &&
        atp_qty_rescale(qty, scale, common, &qty) == ATP_RESCALED && atp_qty_in_range(sum + qty)) {
        closing->on_hand = sum + qty;
        closing->scale = common;
    }
}

/* True if no earlier line of its reservation stands at the node: each is told once. */
static bool is_first_at_node(const look_t *look, const atp_reservation_t *reservation, uint32_t line)
{
    const atp_reservations_t *reservations = &look->ledger->reservations;
    uint32_t at = reservation->first_line;

    while (at != line + 1) {
        const atp_line_t *earlier = atp_line_at(reservations, at - 1);
        if (earlier->is_in_tree &&
            atp_positions_at(&look->ledger->positions, earlier->row)->node == look->node) {
            return false;
        }
        at = earlier->next;
    }
    return true;
}

static void note_line(void *context, uint32_t line)
{
    look_t *look = context;
    const atp_reservations_t *reservations = &look->ledger->reservations;
    const atp_reservation_t *reservation =
        atp_reservation_at(reservations, atp_line_at(reservations, line)->reservation);
    atp_closing_t *closing = look->closing;

    if (!is_first_at_node(look, reservation, line)) {
        return;
    }
    closing->reservation_total++;
    if (closing->reservation_count < ATP_EXCEPTION_RESERVATIONS_MAX) {
        unsigned i = closing->reservation_count++;
        atp_exception_name(closing->reservations[i], &closing->reservation_sizes[i],
                           atp_strings_get(reservations->strings, reservation->id_ref));
    }
}

static void look_at_row(look_t *look, uint32_t row)
{
    atp_ledger_t *ledger = look->ledger;
    atp_position_t *position = atp_positions_at(&ledger->positions, row);

    if (position->node != look->node || atp_position_has(position, ATP_POSITION_IS_MERGED)) {
        return;
    }
    atp_ledger_settle_row(ledger, row, ledger->root->time_ms); /* what is due is not there any more */
    atp_qty_t on_hand = atp_load_relaxed(&position->on_hand);
    const atp_supply_row_t *supply = atp_supply_row(&ledger->supplies, row);
    if (on_hand != 0 || position->last_line != 0 || (supply != NULL && supply->open > 0)) {
        look->closing->has_some = 1;
    }
    add_units(look->closing, on_hand, atp_positions_scale(&ledger->positions, position->sku));
    if (position->last_line != 0) {
        look->lines_left -=
            atp_lines_walk(&ledger->reservations, position->last_line, look->lines_left, note_line, look);
    }
}

static void tell(const look_t *look)
{
    atp_ledger_t *ledger = look->ledger;
    const atp_closing_t *closing = look->closing;
    atp_exception_t exception = {
        .op = ledger->root->op,
        .time_ms = ledger->root->time_ms,
        .qty = closing->on_hand,
        .kind = ATP_EXCEPTION_STRANDED,
        .scale = closing->scale,
        .op_kind = ledger->cause->kind,
        .reservation_total = closing->reservation_total,
        .reservation_count = closing->reservation_count,
    };

    atp_exception_name(exception.node, &exception.node_size,
                       atp_catalog_node_id(&ledger->catalog, look->node));
    memcpy(exception.reservation_sizes, closing->reservation_sizes, sizeof exception.reservation_sizes);
    memcpy(exception.reservations, closing->reservations, sizeof exception.reservations);
    atp_ledger_give_owner(ledger, &exception);
    atp_exceptions_add(&ledger->exceptions, &exception);
}

/* Looks at the rows of one node as far as the op goes. True: it is done with it. */
static bool look_at_node(look_t *look)
{
    atp_closing_t *closing = look->closing;

    if (atp_catalog_node_state(&look->ledger->catalog, look->node) != ATP_NODE_CLOSED) {
        return true; /* it was opened again */
    }
    while (closing->next_row < closing->end_row && look->rows_left > 0 && look->lines_left > 0) {
        look_at_row(look, closing->next_row++);
        look->rows_left--;
    }
    if (closing->next_row < closing->end_row) {
        return false;
    }
    if (closing->has_some) {
        tell(look);
    }
    return true;
}

void atp_ledger_look_at_closed(atp_ledger_t *ledger)
{
    atp_closings_t *closings = &ledger->closings;
    look_t look = {.ledger = ledger, .rows_left = ROWS_LOOKED_AT, .lines_left = LINES_LOOKED_AT};

    while (closings->heads->first != 0 && look.rows_left > 0) {
        look.node = (uint16_t)(closings->heads->first - 1);
        look.closing = atp_table_change(&closings->nodes, look.node);
        look.rows_left--; /* a node without rows is work too */
        if (!look_at_node(&look)) {
            return;
        }
        atp_closings_end_first(closings);
    }
}

void atp_ledger_note_stranded(apply_t *apply, uint16_t node)
{
    atp_ledger_t *ledger = apply->ledger;

    atp_closings_begin(&ledger->closings, node, (uint32_t)atp_table_count(&ledger->positions.rows));
    atp_ledger_look_at_closed(ledger);
}
