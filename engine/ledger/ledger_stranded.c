/* A node is closed while something is there: what is stranded is told once, in one exception, with totals. Nothing is moved;
 * availability and reserve count none of it, steps and facts go on. */
#include "engine/ledger/ledger_capacity.h"
#include "engine/ledger/supplies.h"

#define ROWS_LOOKED_AT  1000000 /* bounds the work of the op; what is beyond is not in the totals */
#define LINES_LOOKED_AT 4096

typedef struct stranded {
    const atp_ledger_t *ledger;
    uint16_t node;
    atp_qty_t on_hand; /* of all SKUs; in `scale` */
    uint8_t scale;
    uint32_t lines_left; /* to be looked at */
    bool has_some;
    atp_exception_t *exception;
} stranded_t;

/* Adds units of another scale: the sum has the greater of the two, as long as it is in range. */
static void add_units(stranded_t *stranded, atp_qty_t qty, uint8_t scale)
{
    atp_qty_t sum = stranded->on_hand;
    uint8_t common = scale > stranded->scale ? scale : stranded->scale;

    if (atp_qty_rescale(sum, stranded->scale, common, &sum) == ATP_RESCALED &&
        atp_qty_rescale(qty, scale, common, &qty) == ATP_RESCALED && atp_qty_in_range(sum + qty)) {
        stranded->on_hand = sum + qty;
        stranded->scale = common;
    }
}

/* True if no earlier line of its reservation stands at the node: each is told once. */
static bool is_first_at_node(const stranded_t *stranded, const atp_reservation_t *reservation, uint32_t line)
{
    const atp_reservations_t *reservations = &stranded->ledger->reservations;
    uint32_t at = reservation->first_line;

    while (at != line + 1) {
        const atp_line_t *earlier = atp_line_at(reservations, at - 1);
        if (earlier->is_in_tree &&
            atp_positions_at(&stranded->ledger->positions, earlier->row)->node == stranded->node) {
            return false;
        }
        at = earlier->next;
    }
    return true;
}

static void note_line(void *context, uint32_t line)
{
    stranded_t *stranded = context;
    const atp_reservations_t *reservations = &stranded->ledger->reservations;
    const atp_reservation_t *reservation =
        atp_reservation_at(reservations, atp_line_at(reservations, line)->reservation);
    atp_exception_t *exception = stranded->exception;

    if (!is_first_at_node(stranded, reservation, line)) {
        return;
    }
    exception->reservation_total++;
    if (exception->reservation_count < ATP_EXCEPTION_RESERVATIONS_MAX) {
        unsigned i = exception->reservation_count++;
        atp_exception_name(exception->reservations[i], &exception->reservation_sizes[i],
                           atp_strings_get(reservations->strings, reservation->id_ref));
    }
}

static void look_at_row(apply_t *apply, stranded_t *stranded, uint32_t row)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_position_t *position = atp_positions_at(&ledger->positions, row);
    atp_qty_t on_hand = atp_load_relaxed(&position->on_hand);

    if (position->node != stranded->node) {
        return;
    }
    atp_ledger_settle_row(ledger, row, apply->now_ms); /* what is due is not there any more */
    const atp_supply_row_t *supply = atp_supply_row(&ledger->supplies, row);
    stranded->has_some = stranded->has_some || on_hand != 0 || position->last_line != 0 ||
                         (supply != NULL && supply->open > 0);
    add_units(stranded, on_hand, atp_positions_scale(&ledger->positions, position->sku));
}

static void name_reservations(stranded_t *stranded, uint64_t rows)
{
    const atp_ledger_t *ledger = stranded->ledger;

    for (uint32_t row = 0; row < rows && stranded->lines_left > 0; row++) {
        const atp_position_t *position = atp_positions_at(&ledger->positions, row);
        if (position->node == stranded->node && position->last_line != 0) {
            stranded->lines_left -= atp_lines_walk(&ledger->reservations, position->last_line,
                                                   stranded->lines_left, note_line, stranded);
        }
    }
}

void atp_ledger_note_stranded(apply_t *apply, uint16_t node)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint64_t rows = atp_table_count(&ledger->positions.rows);
    stranded_t stranded = {.ledger = ledger, .node = node, .lines_left = LINES_LOOKED_AT};

    rows = rows < ROWS_LOOKED_AT ? rows : ROWS_LOOKED_AT;
    for (uint32_t row = 0; row < rows; row++) {
        look_at_row(apply, &stranded, row);
    }
    if (!stranded.has_some) {
        return;
    }
    stranded.exception = atp_ledger_raise(apply, ATP_EXCEPTION_STRANDED, NO_ROW, stranded.on_hand);
    stranded.exception->scale = stranded.scale;
    name_reservations(&stranded, rows);
}
