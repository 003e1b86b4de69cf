/* Lines, rows and reservations move together here: every change of a bucket of a position that a reservation
 * causes goes through one function, which keeps tree, wheel and counters in step with it. */
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/facts/ledger_feeds.h"
#include "engine/ledger/ledger_priv.h"
#include "engine/ledger/outbound/ledger_postings.h"
#include "engine/ledger/reservations/line_units.h"
#include "engine/ledger/supply/ledger_supply.h"

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
    if (ATP_UNLIKELY(atp_position_has(atp_positions_at(&ledger->positions, row),
                                      ATP_POSITION_HAS_QUEUE | ATP_POSITION_HAS_AT_RISK))) {
        atp_ledger_note_due(ledger, row);
    }
    if (ATP_UNLIKELY(ledger->has_levels)) {
        atp_ledger_note_view(ledger, atp_positions_at(&ledger->positions, row)->sku);
    }
    return atp_positions_begin_change(&ledger->positions, row);
}

atp_qty_t atp_ledger_promisable(const atp_ledger_t *ledger, uint32_t row)
{
    atp_position_t *position = atp_positions_at(&ledger->positions, row);

    /* Relaxed: the ledger thread reads what it wrote itself. */
    atp_qty_t atp = atp_load_relaxed(&position->on_hand) - atp_load_relaxed(&position->unavailable) -
                    atp_load_relaxed(&position->reserved) - atp_load_relaxed(&position->allocated) -
                    atp_load_relaxed(&position->safety);
    return ATP_UNLIKELY(atp_position_has(position, ATP_POSITION_IS_SERVING)) && atp > 0 ? 0 : atp;
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

void atp_ledger_note_step(atp_ledger_t *ledger, uint32_t number, atp_step_t step, atp_qty_t qty)
{
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    const atp_op_t *cause = ledger->cause;
    atp_history_t *history = &ledger->reservations.history;
    atp_history_step_t *noted = atp_history_add(history, line->reservation);

    noted->op = ledger->root->op;
    noted->time_ms = ledger->root->time_ms;
    noted->qty = qty;
    noted->row = line->row;
    noted->correlation = ATP_UNLIKELY(cause->flags & ATP_OP_CORRELATED)
                             ? atp_history_correlate(history, noted->op, atp_op_correlation(cause))
                             : 0;
    noted->client = cause->client == ATP_CLIENT_NAMED ? ledger->frame_client : cause->client;
    noted->line = (uint16_t)line->number;
    noted->step = (uint8_t)step;
    noted->op_kind = cause->kind;
    if (ATP_UNLIKELY(ledger->has_postings)) {
        atp_ledger_post_step(ledger, line, noted);
    }
}

/* Adds what a line has reserved to its position. */
static void enter_row(atp_ledger_t *ledger, uint32_t number, const atp_line_t *line)
{
    atp_position_t *position = atp_ledger_begin_row(ledger, line->row);

    add_to(&position->reserved, atp_steps[ATP_STEP_RESERVE].rows[0].reserved * line->reserved);
    atp_lines_insert(&ledger->reservations, &position->last_line, number);
    if (atp_line_deadline_ms(line) < atp_load_relaxed(&position->soonest_deadline_ms)) {
        atp_store_relaxed(&position->soonest_deadline_ms, atp_line_deadline_ms(line));
    }
    atp_positions_end_change(position);
}

void atp_ledger_attach_plain(atp_ledger_t *ledger, uint32_t number)
{
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);

    ATP_ASSERT(line->reserved > 0);
    enter_row(ledger, number, line);
    ledger->root->reservations.reserved_lines++;
    atp_ledger_note_step(ledger, number, ATP_STEP_RESERVE, line->reserved);
}

/* Adds a line to its position; returns how many units of it count as promised now. */
static atp_qty_t attach(atp_ledger_t *ledger, uint32_t number)
{
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);

    enter_row(ledger, number, line);
    ledger->root->reservations.reserved_lines += line->reserved > 0;
    if (line->reserved > 0) {
        atp_ledger_note_step(ledger, number, ATP_STEP_RESERVE, line->reserved);
    }
    atp_qty_t pegged = atp_line_waiting(&ledger->reservations, number);
    if (ATP_UNLIKELY(pegged > 0)) {
        atp_ledger_note_step(ledger, number, ATP_STEP_PEG, pegged);
    }
    if (ATP_UNLIKELY(atp_catalog_has_calendar(&ledger->catalog, position->node))) {
        atp_ledger_need_booking(ledger, line->reservation, position->node);
    }
    return line->reserved + pegged;
}

void atp_ledger_attach(atp_ledger_t *ledger, uint32_t number)
{
    atp_qty_t promised = attach(ledger, number);

    atp_ledger_account(ledger, atp_line_at(&ledger->reservations, number), promised, 0, 0);
}

void atp_ledger_attach_moved(atp_ledger_t *ledger, uint32_t number)
{
    atp_qty_t promised = attach(ledger, number);

    atp_ledger_account_moved(ledger, atp_line_at(&ledger->reservations, number), promised);
}

/* Where the line stands in its position's deadline order, after its quantities changed. */
static void reposition(atp_ledger_t *ledger, atp_position_t *position, uint32_t number)
{
    atp_line_t *line = atp_line_at(&ledger->reservations, number);
    bool must_expire = atp_line_expiring(&ledger->reservations, number) > 0;
    bool is_live = line->reserved + line->allocated + atp_line_waiting(&ledger->reservations, number) > 0;

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

atp_qty_t atp_ledger_firm(atp_ledger_t *ledger, uint32_t number)
{
    atp_qty_t waiting = atp_line_waiting(&ledger->reservations, number);

    if (waiting == 0 || atp_line_at(&ledger->reservations, number)->is_firm) {
        return 0;
    }
    atp_line_t *line = atp_table_change(&ledger->reservations.lines, number);
    atp_position_t *position = atp_ledger_begin_row(ledger, line->row);
    line->is_firm = 1;
    reposition(ledger, position, number);
    atp_positions_end_change(position);
    atp_ledger_rank_pegs(ledger, number);
    return waiting;
}

/* 1 for the states in which units count as promised by the channel and as work of the node, whether they are here or not. */
static int is_promised(unsigned state)
{
    return state == ATP_LINE_RESERVED || state == ATP_LINE_ALLOCATED || state == ATP_LINE_PICKED ||
           state == ATP_LINE_PACKED || state == ATP_LINE_PEGGED;
}

static int is_picked(unsigned state)
{
    return state == ATP_LINE_PICKED || state == ATP_LINE_PACKED;
}

static bool is_of_transfer(const atp_ledger_t *ledger, const atp_line_t *line)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, line->reservation);

    return (reservation->flags & ATP_RESERVATION_ACCOUNTED_TRANSFER) != 0;
}

/* What a row of the table does to a position, as far as feeds count it; returns the change of on-hand that is to be made. What the op
 * itself says happened when it says; what the ledger does because of it happens now. */
static atp_qty_t note_moved(atp_ledger_t *ledger, const atp_line_t *line, const atp_transition_t *row,
                            atp_qty_t qty)
{
    atp_change_t change = {.on_hand = row->on_hand * qty,
                           .allocated = row->allocated * qty,
                           .picked = (is_picked(row->to) - is_picked(row->from)) * qty};
    unsigned kind = ledger->cause->kind;

    if ((change.on_hand | change.allocated | change.picked) == 0) {
        return 0;
    }
    if (change.allocated != 0 && is_of_transfer(ledger, line)) {
        change.outbound = change.allocated;
        atp_supplies_note_moving(&ledger->supplies, line->row, 0, change.outbound);
    }
    bool is_told = change.on_hand != 0 || change.picked != 0 || row->to == ATP_LINE_SHORT ||
                   kind == ATP_OP_ALLOCATE || kind == ATP_OP_CANCEL;
    return atp_ledger_note_movement(ledger, line->row, &change, is_told).on_hand;
}

/* Moves units of a line by one row of the table. */
static void move_row(atp_ledger_t *ledger, uint32_t number, const atp_transition_t *row, atp_qty_t qty,
                     atp_posting_change_t *changed)
{
    atp_reservation_heads_t *heads = &ledger->root->reservations;
    atp_line_t *line = atp_table_change(&ledger->reservations.lines, number);
    bool was_reserved = line->reserved > 0;
    bool was_allocated = line->allocated > 0;

    atp_qty_t on_hand = note_moved(ledger, line, row, qty);
    atp_line_shift(&ledger->reservations, number, row, qty);
    if (row->from == ATP_LINE_PEGGED && row->to != ATP_LINE_RESERVED) {
        atp_ledger_unpeg(ledger, number, qty);
    } else if (row->from != ATP_LINE_BACKORDERED && (row->reserved | row->allocated | row->on_hand) == 0 &&
               on_hand == 0) {
        return; /* nothing a position knows of */
    }
    atp_position_t *position = atp_ledger_begin_row(ledger, line->row);
    if (ATP_UNLIKELY(row->from == ATP_LINE_BACKORDERED || row->to == ATP_LINE_BACKORDERED)) {
        atp_ledger_note_waiting(ledger, number, row->to == ATP_LINE_BACKORDERED ? qty : -qty);
    }
    add_to(&position->reserved, row->reserved * qty);
    add_to(&position->allocated, row->allocated * qty);
    add_to(&position->on_hand, on_hand);
    changed->reserved += row->reserved * qty;
    changed->allocated += row->allocated * qty;
    changed->on_hand += on_hand;
    reposition(ledger, position, number);
    if (ATP_UNLIKELY(atp_position_has(position, ATP_POSITION_OVER_COMMITTED))) {
        atp_position_set(position, ATP_POSITION_OVER_COMMITTED,
                         atp_ledger_is_over_committed(position)); /* P7 */
    }
    atp_positions_end_change(position);
    heads->reserved_lines += (uint64_t)(line->reserved > 0) - (uint64_t)was_reserved;
    heads->allocated_lines += (uint64_t)(line->allocated > 0) - (uint64_t)was_allocated;
    if (ATP_UNLIKELY(row->to == ATP_LINE_ACCEPTED)) {
        atp_ledger_account_moved(ledger, line, -qty);
        return;
    }
    int waits = (row->to == ATP_LINE_BACKORDERED) - (row->from == ATP_LINE_BACKORDERED);
    atp_ledger_account(ledger, line, (is_promised(row->to) - is_promised(row->from)) * qty, waits * qty,
                       row->to == ATP_LINE_SHIPPED ? qty : 0);
}

/* The step is told with what it changed, which it takes along only here: what it changed may have set off others. */
static void note_moved_step(atp_ledger_t *ledger, uint32_t number, atp_step_t step, atp_qty_t qty,
                            const atp_posting_change_t *changed)
{
    if (ATP_UNLIKELY(ledger->has_postings)) {
        ledger->posted = *changed;
    }
    atp_ledger_note_step(ledger, number, step, qty);
}

void atp_ledger_move(atp_ledger_t *ledger, uint32_t number, atp_step_t step, atp_qty_t qty)
{
    const atp_step_rule_t *rule = &atp_steps[step];
    atp_posting_change_t changed = {0};
    atp_qty_t left = qty;

    for (unsigned i = 0; left > 0 && i < rule->row_count; i++) {
        const atp_transition_t *row = &rule->rows[i];
        atp_qty_t units = atp_line_units(&ledger->reservations, number, (atp_line_state_t)row->from);
        atp_qty_t moved = left < units ? left : units;
        if (moved > 0) {
            move_row(ledger, number, row, moved, &changed);
            left -= moved;
        }
    }
    ATP_ASSERT(qty > 0 && left == 0);
    note_moved_step(ledger, number, step, qty, &changed);
}

void atp_ledger_move_from(atp_ledger_t *ledger, uint32_t number, atp_step_t step, atp_line_state_t from,
                          atp_qty_t qty)
{
    const atp_step_rule_t *rule = &atp_steps[step];
    atp_posting_change_t changed = {0};
    unsigned i = 0;

    while (i < rule->row_count && rule->rows[i].from != from) {
        i++;
    }
    ATP_ASSERT(qty > 0 && i < rule->row_count);
    move_row(ledger, number, &rule->rows[i], qty, &changed);
    note_moved_step(ledger, number, step, qty, &changed);
}

void atp_ledger_tidy(atp_ledger_t *ledger, uint32_t number)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    bool has_reserved = false;
    bool has_allocated = false;
    bool is_waiting = false;
    bool has_left = false;

    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        has_reserved = has_reserved || atp_line_expiring(&ledger->reservations, at - 1) > 0;
        has_allocated = has_allocated || line->allocated > 0;
        has_left = has_left || line->shipped > 0;
        is_waiting = is_waiting || atp_line_waiting(&ledger->reservations, at - 1) > 0;
        at = line->next;
    }
    if (!has_reserved && reservation->is_in_wheel) {
        atp_wheel_remove(&ledger->wheel, number); /* H4 */
    }
    if (!has_reserved && !has_allocated && !is_waiting && reservation->status == ATP_RESERVATION_LIVE) {
        atp_reservations_end(&ledger->reservations, number);
    }
    if (ATP_UNLIKELY(has_left)) {
        atp_ledger_look_at_postings(ledger, number);
    }
}

void atp_ledger_grow(atp_ledger_t *ledger, uint32_t number, atp_qty_t qty, atp_qty_t waiting)
{
    atp_line_t *line = atp_table_change(&ledger->reservations.lines, number);
    atp_position_t *position = atp_ledger_begin_row(ledger, line->row);

    ATP_ASSERT(qty >= 0);
    ledger->root->reservations.reserved_lines += qty > 0 && line->reserved == 0; /* its others wait */
    line->granted += qty + waiting;
    line->reserved += qty;
    add_to(&position->reserved, atp_steps[ATP_STEP_RESERVE].rows[0].reserved * qty);
    if (qty > 0 && atp_line_deadline_ms(line) == ATP_NEVER_MS) { /* what it had waits and is firm */
        atp_lines_remove(&ledger->reservations, &position->last_line, number);
        atp_line_set_deadline_ms(line,
                                 atp_reservation_at(&ledger->reservations, line->reservation)->deadline_ms);
        atp_lines_insert(&ledger->reservations, &position->last_line, number);
        refresh_soonest(ledger, position);
    }
    atp_positions_end_change(position);
    if (qty > 0) {
        atp_ledger_note_step(ledger, number, ATP_STEP_RESERVE, qty);
    }
    atp_ledger_account(ledger, line, qty, 0, 0);
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
        if (atp_line_expiring(&ledger->reservations, at - 1) > 0) {
            reschedule_line(ledger, at - 1, deadline_ms);
        }
        at = line->next;
    }
}

void atp_ledger_move_line(atp_ledger_t *ledger, uint32_t number, atp_position_t *from, atp_position_t *to,
                          uint32_t row)
{
    atp_line_t *line = atp_table_change(&ledger->reservations.lines, number);

    atp_lines_remove(&ledger->reservations, &from->last_line, number);
    line->row = row;
    atp_lines_insert(&ledger->reservations, &to->last_line, number);
    add_to(&from->reserved, -line->reserved);
    add_to(&from->allocated, -line->allocated);
    add_to(&to->reserved, line->reserved);
    add_to(&to->allocated, line->allocated);
    if (atp_line_deadline_ms(line) < atp_load_relaxed(&to->soonest_deadline_ms)) {
        atp_store_relaxed(&to->soonest_deadline_ms, atp_line_deadline_ms(line));
    }
}
