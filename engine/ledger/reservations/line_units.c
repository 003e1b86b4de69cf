#include "engine/ledger/reservations/line_units.h"

#include <stddef.h>

/* Which sum of the line counts the units of a state. */
typedef enum sum { SUM_NONE, SUM_RESERVED, SUM_ALLOCATED, SUM_SHIPPED, SUM_ENDED, SUM_WAITING } sum_t;

/* Where the units of a state are: in a sum, and as which part of it (0 = what the parts leave). */
typedef struct place {
    uint8_t sum;
    uint8_t part; /* offset in atp_progress_t */
} place_t;

#define PART(field) ((uint8_t)offsetof(atp_progress_t, field))

static const place_t places[ATP_LINE_STATE_COUNT] = {
    [ATP_LINE_ACCEPTED] = {SUM_NONE, 0},
    [ATP_LINE_RESERVED] = {SUM_RESERVED, 0},
    [ATP_LINE_ALLOCATED] = {SUM_ALLOCATED, 0},
    [ATP_LINE_PICKED] = {SUM_ALLOCATED, PART(picked)},
    [ATP_LINE_PACKED] = {SUM_ALLOCATED, PART(packed)},
    [ATP_LINE_SHIPPED] = {SUM_SHIPPED, 0},
    [ATP_LINE_DELIVERED] = {SUM_SHIPPED, PART(delivered)},
    [ATP_LINE_RETURNED] = {SUM_SHIPPED, PART(returned)},
    [ATP_LINE_RECONCILED] = {SUM_SHIPPED, PART(reconciled)},
    [ATP_LINE_RETURN_RECONCILED] = {SUM_SHIPPED, PART(return_reconciled)},
    [ATP_LINE_RELEASED] = {SUM_ENDED, 0},
    [ATP_LINE_EXPIRED] = {SUM_ENDED, 0},
    [ATP_LINE_CANCELLED] = {SUM_ENDED, 0},
    [ATP_LINE_SHORT] = {SUM_ENDED, PART(short_qty)},
    [ATP_LINE_BACKORDERED] = {SUM_WAITING, PART(backordered)},
    [ATP_LINE_PEGGED] = {SUM_WAITING, PART(pegged)},
};

static atp_qty_t *part_of(atp_progress_t *progress, place_t place)
{
    return (atp_qty_t *)(void *)((char *)progress + place.part);
}

static atp_qty_t part_in(const atp_progress_t *progress, place_t place)
{
    return *(const atp_qty_t *)(const void *)((const char *)progress + place.part);
}

/* What is left of a sum without the parts that have a state of their own. */
static atp_qty_t rest_of(const atp_line_t *line, const atp_progress_t *progress, uint8_t sum)
{
    switch (sum) {
    case SUM_RESERVED:
        return line->reserved;
    case SUM_ALLOCATED:
        return progress == NULL ? line->allocated : line->allocated - progress->picked - progress->packed;
    case SUM_SHIPPED:
        return progress == NULL ? line->shipped
                                : line->shipped - progress->delivered - progress->returned -
                                      progress->reconciled - progress->return_reconciled;
    default:
        return 0;
    }
}

static atp_qty_t units_at(const atp_line_t *line, const atp_progress_t *progress, place_t place)
{
    if (place.part == 0) {
        return rest_of(line, progress, place.sum);
    }
    return progress != NULL ? part_in(progress, place) : 0;
}

atp_qty_t atp_line_units(const atp_reservations_t *reservations, uint32_t number, atp_line_state_t state)
{
    return units_at(atp_line_at(reservations, number), atp_line_progress(reservations, number),
                    places[state]);
}

atp_qty_t atp_line_units_for(const atp_reservations_t *reservations, uint32_t number, atp_step_t step)
{
    const atp_line_t *line = atp_line_at(reservations, number);
    const atp_progress_t *progress = atp_line_progress(reservations, number);
    atp_qty_t units = 0;

    for (unsigned i = 0; i < atp_steps[step].row_count; i++) {
        if (step == ATP_STEP_EXPIRE && line->is_firm && atp_steps[step].rows[i].from != ATP_LINE_RESERVED) {
            continue; /* it does not */
        }
        units += units_at(line, progress, places[atp_steps[step].rows[i].from]);
    }
    return units;
}

atp_qty_t atp_line_units_past(const atp_reservations_t *reservations, uint32_t number, atp_step_t step)
{
    atp_qty_t units = 0;

    for (unsigned state = 0; state < ATP_LINE_STATE_COUNT; state++) {
        if (atp_lifecycle_is_past(step, (atp_line_state_t)state)) {
            units += atp_line_units(reservations, number, (atp_line_state_t)state);
        }
    }
    return units;
}

bool atp_line_has_open_postings(const atp_reservations_t *reservations, uint32_t number)
{
    const atp_line_t *line = atp_line_at(reservations, number);
    const atp_progress_t *progress = atp_line_progress(reservations, number);

    return line->shipped > (progress != NULL ? progress->reconciled + progress->return_reconciled : 0);
}

bool atp_step_needs_progress(atp_step_t step)
{
    for (unsigned i = 0; i < atp_steps[step].row_count; i++) {
        if (places[atp_steps[step].rows[i].to].part != 0) {
            return true;
        }
    }
    return false;
}

static void add_units(atp_line_t *line, atp_progress_t *progress, atp_line_state_t state, atp_qty_t qty)
{
    place_t place = places[state];

    if (place.sum == SUM_RESERVED) {
        line->reserved += qty;
    } else if (place.sum == SUM_ALLOCATED) {
        line->allocated += qty;
    } else if (place.sum == SUM_SHIPPED) {
        line->shipped += qty;
    } else if (place.sum == SUM_ENDED) {
        line->ended_as = (unsigned)state & 0x1fu;
    }
    if (place.part != 0) {
        *part_of(progress, place) += qty;
    }
}

void atp_line_shift(atp_reservations_t *reservations, uint32_t number, const atp_transition_t *row,
                    atp_qty_t qty)
{
    bool has_part = places[row->from].part != 0 || places[row->to].part != 0;
    atp_progress_t *progress = has_part ? atp_line_change_progress(reservations, number) : NULL;
    atp_line_t *line = atp_table_change(&reservations->lines, number);

    ATP_ASSERT(qty > 0 &&
               (row->from == ATP_LINE_ACCEPTED ||
                atp_line_units(reservations, number, (atp_line_state_t)row->from) >= qty)); /* H2 */
    add_units(line, progress, (atp_line_state_t)row->from, -qty);
    add_units(line, progress, (atp_line_state_t)row->to, qty);
    if (ATP_UNLIKELY(row->to == ATP_LINE_ACCEPTED)) {
        line->granted -= qty; /* they are granted anew at another line */
    }
}

atp_line_state_t atp_line_state(const atp_reservations_t *reservations, uint32_t number, int64_t now_ms)
{
    static const atp_line_state_t order[] = {
        ATP_LINE_ALLOCATED,         ATP_LINE_PICKED,     ATP_LINE_PACKED,
        ATP_LINE_BACKORDERED,       ATP_LINE_PEGGED,     ATP_LINE_SHIPPED,
        ATP_LINE_DELIVERED,         ATP_LINE_RECONCILED, ATP_LINE_RETURNED,
        ATP_LINE_RETURN_RECONCILED,
    };
    const atp_line_t *line = atp_line_at(reservations, number);
    const atp_progress_t *progress = atp_line_progress(reservations, number);

    if (line->reserved > 0) {
        return atp_line_deadline_ms(line) <= now_ms ? ATP_LINE_EXPIRED : ATP_LINE_RESERVED;
    }
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (units_at(line, progress, places[order[i]]) > 0) {
            return order[i];
        }
    }
    return (atp_line_state_t)line->ended_as;
}
