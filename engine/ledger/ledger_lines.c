/* Lines, rows and reservations move together here: every change of a bucket of a position that a reservation
 * causes goes through one function, which keeps tree, wheel and counters in step with it. */
#include "engine/ledger/ledger_accounts.h"
#include "engine/ledger/ledger_priv.h"

/* ---- rows ---- */

atp_position_t *atp_ledger_begin_row(atp_ledger_t *ledger, uint32_t row)
{
    atp_row_changes_t *changes = ledger->changes;

    if (changes != NULL) {
        if (changes->count < changes->capacity) {
            changes->rows[changes->count++] = row;
        } else {
            changes->is_overflown = true;
        }
    }
    return atp_positions_begin_change(&ledger->positions, row);
}

atp_qty_t atp_ledger_promisable(const atp_ledger_t *ledger, uint32_t row)
{
    atp_position_t *position = atp_positions_at(&ledger->positions, row);

    /* Relaxed: the ledger thread reads what it wrote itself. */
    return atp_load_relaxed(&position->on_hand) - atp_load_relaxed(&position->unavailable) -
           atp_load_relaxed(&position->reserved) - atp_load_relaxed(&position->allocated) -
           atp_load_relaxed(&position->safety);
}

bool atp_ledger_is_over_committed(const atp_position_t *position)
{
    atp_position_t *self = (atp_position_t *)position;
    atp_qty_t promised = atp_load_relaxed(&self->reserved) + atp_load_relaxed(&self->allocated);

    return promised > 0 &&
           atp_load_relaxed(&self->on_hand) - atp_load_relaxed(&self->unavailable) - promised < 0;
}

static void add_to(_Atomic int64_t *bucket, atp_qty_t change)
{
    atp_store_relaxed(bucket, atp_load_relaxed(bucket) + change);
}

static void refresh_soonest(const atp_ledger_t *ledger, atp_position_t *position)
{
    uint32_t first = atp_lines_first(&ledger->reservations, position->last_line);
    int64_t deadline =
        first == 0 ? ATP_NEVER_MS : atp_line_deadline_ms(atp_line_at(&ledger->reservations, first - 1));

    atp_store_relaxed(&position->soonest_deadline_ms, deadline); /* P4 */
}

/* ---- lines ---- */

void atp_ledger_attach(atp_ledger_t *ledger, uint32_t number)
{
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    atp_position_t *position = atp_ledger_begin_row(ledger, line->row);

    add_to(&position->reserved, line->reserved);
    atp_lines_insert(&ledger->reservations, &position->last_line, number);
    if (atp_line_deadline_ms(line) < atp_load_relaxed(&position->soonest_deadline_ms)) {
        atp_store_relaxed(&position->soonest_deadline_ms, atp_line_deadline_ms(line));
    }
    atp_positions_end_change(position);
    ledger->root->reservations.reserved_lines++;
    atp_ledger_account(ledger, line, line->reserved, 0);
}

/* The line's own quantities after a step of `qty`. */
static void move_units(atp_line_t *line, const atp_transition_t *step, atp_qty_t qty)
{
    int64_t *from = step->from == ATP_LINE_RESERVED ? &line->reserved : &line->allocated;

    ATP_ASSERT(qty > 0 && *from >= qty); /* H2 */
    *from -= qty;
    if (step->to == ATP_LINE_ALLOCATED) {
        line->allocated += qty;
    } else if (step->to == ATP_LINE_SHIPPED) {
        line->shipped += qty;
    } else {
        line->ended_as = (unsigned)step->to & 0x1fu;
    }
}

/* Where the line stands in its position's deadline order, after its quantities changed. */
static void reposition(atp_ledger_t *ledger, atp_position_t *position, uint32_t number)
{
    atp_line_t *line = atp_line_at(&ledger->reservations, number);
    bool must_expire = line->reserved > 0;
    bool is_live = line->reserved + line->allocated > 0;

    int64_t deadline_ms = atp_line_deadline_ms(line);
    if (is_live && (must_expire || deadline_ms == ATP_NEVER_MS)) {
        return;
    }
    atp_lines_remove(&ledger->reservations, &position->last_line, number);
    atp_line_set_deadline_ms(line, ATP_NEVER_MS);
    if (is_live) {
        atp_lines_insert(&ledger->reservations, &position->last_line, number);
    }
    if (deadline_ms == atp_load_relaxed(&position->soonest_deadline_ms)) { /* else another one is the first */
        refresh_soonest(ledger, position);
    }
}

void atp_ledger_move(atp_ledger_t *ledger, uint32_t number, atp_step_t step_number, atp_qty_t qty)
{
    const atp_transition_t *step = &atp_transitions[step_number];
    atp_reservation_heads_t *heads = &ledger->root->reservations;
    atp_line_t *line = atp_table_change(&ledger->reservations.lines, number);
    bool was_reserved = line->reserved > 0;
    bool was_allocated = line->allocated > 0;

    move_units(line, step, qty);
    atp_position_t *position = atp_ledger_begin_row(ledger, line->row);
    add_to(&position->reserved, step->reserved * qty);
    add_to(&position->allocated, step->allocated * qty);
    add_to(&position->on_hand, step->on_hand * qty);
    reposition(ledger, position, number);
    if (ATP_UNLIKELY(atp_position_has(position, ATP_POSITION_OVER_COMMITTED))) {
        atp_position_set(position, ATP_POSITION_OVER_COMMITTED,
                         atp_ledger_is_over_committed(position)); /* P7 */
    }
    atp_positions_end_change(position);
    heads->reserved_lines += (uint64_t)(line->reserved > 0) - (uint64_t)was_reserved;
    heads->allocated_lines += (uint64_t)(line->allocated > 0) - (uint64_t)was_allocated;
    atp_ledger_account(ledger, line, (step->reserved + step->allocated) * qty,
                       step->to == ATP_LINE_SHIPPED ? qty : 0);
}

void atp_ledger_tidy(atp_ledger_t *ledger, uint32_t number)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    bool has_reserved = false;
    bool has_allocated = false;
    bool is_waiting = false;

    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        has_reserved = has_reserved || line->reserved > 0;
        has_allocated = has_allocated || line->allocated > 0;
        is_waiting = is_waiting || atp_line_waiting(&ledger->reservations, at - 1) > 0;
        at = line->next;
    }
    if (!has_reserved && reservation->is_in_wheel) {
        atp_wheel_remove(&ledger->wheel, number); /* H4 */
    }
    if (!has_reserved && !has_allocated && !is_waiting && reservation->status == ATP_RESERVATION_LIVE) {
        atp_reservations_end(&ledger->reservations, number);
    }
}

static void reschedule_line(atp_ledger_t *ledger, uint32_t number, int64_t deadline_ms)
{
    atp_line_t *line = atp_table_change(&ledger->reservations.lines, number);
    atp_position_t *position = atp_ledger_begin_row(ledger, line->row);

    atp_lines_remove(&ledger->reservations, &position->last_line, number);
    atp_line_set_deadline_ms(line, deadline_ms);
    atp_lines_insert(&ledger->reservations, &position->last_line, number);
    refresh_soonest(ledger, position);
    atp_positions_end_change(position);
}

void atp_ledger_reschedule(atp_ledger_t *ledger, uint32_t number, int64_t deadline_ms)
{
    atp_wheel_remove(&ledger->wheel, number);
    atp_reservation_t *reservation = atp_table_change(&ledger->reservations.records, number);
    reservation->deadline_ms = deadline_ms;
    atp_wheel_insert(&ledger->wheel, number);
    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        if (line->reserved > 0) {
            reschedule_line(ledger, at - 1, deadline_ms);
        }
        at = line->next;
    }
}
