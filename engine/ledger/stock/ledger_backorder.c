/* Promises beyond stock: what limits allow, who waits, and how stock finds them.
 *
 * Units beyond stock wait (backordered): outside of what is reserved, in the queue of their position, by priority, then oldest
 * first. Whatever makes stock free at a position with a queue (a receipt, a count, a release, an expiry, a lower safety stock)
 * notes it; when the op is done, and before anything else is decided, the queue takes what is free. One op fills so many lines
 * (ATP_FILLS_PER_OP); what is left is ledger state, a pulse is due at once and goes on. Until then the stock that the queue can take
 * is claimed: no decision counts it as free. So no unit waits while stock is free, and no later reserve passes the queue.
 * Nothing here waits for a timer. */
#include "engine/ledger/channels/ledger_accounts.h"
#include "engine/ledger/reservations/line_units.h"
#include "engine/ledger/supply/ledger_supply.h"

#include "engine/base/attribute.h"

/* ---- what limits say ---- */

static atp_limit_t *limit_at(const atp_ledger_t *ledger, uint32_t row)
{
    const atp_position_t *position = atp_positions_at(&ledger->positions, row);
    uint32_t number;

    bool is_found = atp_limits_find(&ledger->positions.limits, ATP_LIMIT_POSITION, position->sku,
                                    position->node, &number);
    ATP_ASSERT(is_found); /* its flag says so */
    return atp_limits_at(&ledger->positions.limits, number);
}

/* How many units of the SKU the plan takes beyond stock, of rows that it takes from. */
static atp_qty_t waiting_in_plan(apply_t *apply, uint32_t sku)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_qty_t waiting = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        bool is_first = line->sku == sku && line->row != NO_ROW;
        for (uint32_t before = 0; is_first && before < i; before++) {
            is_first = ledger->lines[before].row != line->row;
        }
        if (is_first) {
            atp_qty_t here = atp_ledger_unclaimed(ledger, line->row);
            atp_qty_t beyond = atp_ledger_taken_qty(apply, line->row) - (here > 0 ? here : 0);
            waiting += beyond > 0 ? beyond : 0;
        }
    }
    return waiting;
}

/* How many units of stock the queue of a position takes before anybody else. */
static atp_qty_t claimed(atp_limit_t *limit)
{
    return limit->is_due == ATP_LIMIT_GOES_ON ? atp_load_relaxed(&limit->backordered) : 0;
}

atp_qty_t atp_ledger_unclaimed(const atp_ledger_t *ledger, uint32_t row)
{
    atp_qty_t free = atp_ledger_promisable(ledger, row);

    return ATP_UNLIKELY(atp_position_has(atp_positions_at(&ledger->positions, row), ATP_POSITION_HAS_QUEUE))
               ? free - claimed(limit_at(ledger, row))
               : free;
}

atp_qty_t atp_ledger_beyond_stock(apply_t *apply, uint32_t row, atp_qty_t free)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_position_t *position = atp_positions_at(&ledger->positions, row);
    atp_limit_t *limit = limit_at(ledger, row);

    if (atp_load_relaxed(&limit->is_withdrawn)) {
        return 0;
    }
    if (apply->needed_by != 0) {
        return free; /* atp(d) has taken off what waits */
    }
    atp_qty_t most = free - atp_load_relaxed(&limit->backordered);
    if (!apply->may_backorder) {
        return most;
    }
    most += atp_load_relaxed(&limit->limit);
    atp_qty_t cap = atp_ledger_beyond_left(apply, position->sku);
    if (cap == ATP_UNLIMITED) {
        return most;
    }
    free -= claimed(limit);
    atp_qty_t capped = (free > 0 ? free : 0) + cap;
    return capped < most ? capped : most;
}

atp_qty_t atp_ledger_stock_taken(apply_t *apply, uint32_t row)
{
    const atp_ledger_t *ledger = apply->ledger;
    bool has_limits = atp_position_has(atp_positions_at(&ledger->positions, row), ATP_POSITION_HAS_LIMITS);
    atp_qty_t waiting = has_limits ? atp_load_relaxed(&limit_at(ledger, row)->backordered) : 0;
    atp_qty_t before = ATP_UNLIKELY(apply->needed_by != 0)
                           ? atp_ledger_promisable_by(apply, row, apply->needed_by, 0)
                           : atp_ledger_promisable(ledger, row) - waiting;
    atp_qty_t after = before - atp_ledger_taken_qty(apply, row);

    return (before > 0 ? before : 0) - (after > 0 ? after : 0);
}

atp_qty_t atp_ledger_beyond_left(apply_t *apply, uint32_t sku)
{
    atp_qty_t cap = atp_limits_cap_left(&apply->ledger->positions.limits, sku, apply->channel);

    if (cap == ATP_UNLIMITED) {
        return cap;
    }
    cap -= waiting_in_plan(apply, sku);
    return cap > 0 ? cap : 0;
}

atp_qty_t atp_ledger_allowance(apply_t *apply, uint32_t row, atp_qty_t free)
{
    if (row == NO_ROW || apply->needed_by != 0 || /* for a day nothing is promised beyond atp(d) */
        !atp_position_has(atp_positions_at(&apply->ledger->positions, row), ATP_POSITION_HAS_LIMITS)) {
        return 0;
    }
    atp_qty_t waiting = atp_load_relaxed(&limit_at(apply->ledger, row)->backordered);
    atp_qty_t here = atp_ledger_promisable(apply->ledger, row) - waiting - atp_ledger_taken_qty(apply, row);
    uint16_t node = atp_positions_at(&apply->ledger->positions, row)->node;
    here = here > 0 ? here : 0; /* as the view counts it */
    if (ATP_UNLIKELY(atp_catalog_is_stale(&apply->ledger->catalog, node))) {
        here -= atp_ledger_kept_back(apply, row, here + waiting);
    }
    return free > here ? free - here : 0;
}

atp_verdict_t atp_ledger_look_for_waiting(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t lines = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        lines += line->row != NO_ROW &&
                 atp_position_has(atp_positions_at(&ledger->positions, line->row), ATP_POSITION_HAS_LIMITS);
    }
    if (lines == 0) {
        return ATP_APPLIED;
    }
    /* A record for each line at most, whatever else it is for; of caps one for the SKU and one for its channel. */
    if (!atp_reservations_make_progress_room(&ledger->reservations, ledger->plan_count, NO_ROW)) {
        return atp_ledger_refuse(apply, ATP_PROGRESS_FULL, ATP_FIELD_LINES, 0);
    }
    return atp_table_has_room(&ledger->positions.limits.records, 2 * (uint64_t)lines)
               ? ATP_APPLIED
               : atp_ledger_refuse(apply, ATP_LIMITS_FULL, ATP_FIELD_LINES, 0);
}

/* ---- the queue of a position ---- */

static void enqueue(atp_ledger_t *ledger, atp_limit_t *limit, uint32_t line, unsigned priority)
{
    atp_progress_t *progress = atp_progress_change(&ledger->reservations.progress, line);
    atp_limit_queue_t *queue = &limit->queues[priority];

    progress->queue = (uint8_t)priority;
    progress->queue_next = 0;
    progress->queue_previous = queue->last;
    if (queue->last != 0) {
        atp_progress_change(&ledger->reservations.progress, queue->last - 1)->queue_next = line + 1;
    } else {
        queue->first = line + 1;
    }
    queue->last = line + 1;
}

static void dequeue(atp_ledger_t *ledger, atp_limit_t *limit, uint32_t line)
{
    atp_progress_book_t *book = &ledger->reservations.progress;
    atp_progress_t *progress = atp_progress_change(book, line);
    atp_limit_queue_t *queue = &limit->queues[progress->queue];

    if (progress->queue_previous != 0) {
        atp_progress_change(book, progress->queue_previous - 1)->queue_next = progress->queue_next;
    } else {
        queue->first = progress->queue_next;
    }
    if (progress->queue_next != 0) {
        atp_progress_change(book, progress->queue_next - 1)->queue_previous = progress->queue_previous;
    } else {
        queue->last = progress->queue_previous;
    }
    progress->queue_next = 0;
    progress->queue_previous = 0;
    progress->queue = 0;
}

static void add_to_record(atp_limits_t *limits, atp_limit_scope_t scope, uint32_t sku, uint16_t place,
                          atp_qty_t change)
{
    atp_limit_t *record = atp_table_change(&limits->records, atp_limits_need(limits, scope, sku, place));
    atp_store_relaxed(&record->backordered, atp_load_relaxed(&record->backordered) + change);
}

void atp_ledger_note_waiting(atp_ledger_t *ledger, uint32_t number, atp_qty_t change)
{
    atp_limits_t *limits = &ledger->positions.limits;
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, line->reservation);
    atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
    atp_qty_t waiting = atp_line_units(&ledger->reservations, number, ATP_LINE_BACKORDERED);

    uint32_t record = atp_limits_need(limits, ATP_LIMIT_POSITION, position->sku, position->node);
    atp_limit_t *limit = atp_table_change(&limits->records, record);
    atp_qty_t in_all = atp_load_relaxed(&limit->backordered) + change;
    atp_store_relaxed(&limit->backordered, in_all);
    atp_position_set(position, ATP_POSITION_HAS_LIMITS, true);
    atp_position_set(position, ATP_POSITION_HAS_QUEUE, in_all > 0);
    atp_positions_set_sku(&ledger->positions, position->sku, ATP_SKU_HAS_BACKORDERS);
    add_to_record(limits, ATP_LIMIT_SKU, position->sku, 0, change);
    add_to_record(limits, ATP_LIMIT_CHANNEL, position->sku, reservation->channel, change);
    if (change > 0 && waiting == change) {
        enqueue(ledger, limit, number, reservation->priority);
    } else if (change < 0 && waiting == 0) {
        dequeue(ledger, limit, number);
    }
}

void atp_ledger_backorder(atp_ledger_t *ledger, uint32_t number, atp_qty_t qty)
{
    atp_progress_t *progress = atp_line_change_progress(&ledger->reservations, number);
    atp_position_t *position = atp_ledger_begin_row(ledger, atp_line_at(&ledger->reservations, number)->row);

    progress->backordered += qty;
    atp_ledger_note_waiting(ledger, number, qty);
    atp_positions_end_change(position);
    atp_ledger_account(ledger, atp_line_at(&ledger->reservations, number), 0, qty, 0);
    atp_ledger_note_step(ledger, number, ATP_STEP_BACKORDER, qty);
}

void atp_ledger_requeue(atp_ledger_t *ledger, uint32_t reservation)
{
    const atp_reservations_t *reservations = &ledger->reservations;
    const atp_reservation_t *record = atp_reservation_at(reservations, reservation);

    for (uint32_t at = record->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        if (atp_line_units(reservations, at - 1, ATP_LINE_BACKORDERED) > 0) {
            const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
            uint32_t number =
                atp_limits_need(&ledger->positions.limits, ATP_LIMIT_POSITION, position->sku, position->node);
            atp_limit_t *limit = atp_table_change(&ledger->positions.limits.records, number);
            dequeue(ledger, limit, at - 1);
            enqueue(ledger, limit, at - 1, record->priority);
        }
        at = line->next;
    }
}

/* ---- two positions become one ---- */

/* True if line `a` waits since before line `b`: whose reservation is older. */
static bool waits_longer(const atp_reservations_t *reservations, uint32_t a, uint32_t b)
{
    const atp_reservation_t *first =
        atp_reservation_at(reservations, atp_line_at(reservations, a)->reservation);
    const atp_reservation_t *second =
        atp_reservation_at(reservations, atp_line_at(reservations, b)->reservation);

    return first->created_ms <= second->created_ms;
}

/* Puts a line that is in no queue before line `before` (line + 1; 0 = last). */
static void enqueue_before(atp_ledger_t *ledger, atp_limit_t *limit, uint32_t line, unsigned priority,
                           uint32_t before)
{
    atp_progress_book_t *book = &ledger->reservations.progress;

    if (before == 0) {
        enqueue(ledger, limit, line, priority);
        return;
    }
    atp_progress_t *next = atp_progress_change(book, before - 1);
    atp_progress_t *progress = atp_progress_change(book, line);
    progress->queue = (uint8_t)priority;
    progress->queue_next = before;
    progress->queue_previous = next->queue_previous;
    *(next->queue_previous != 0 ? &atp_progress_change(book, next->queue_previous - 1)->queue_next
                                : &limit->queues[priority].first) = line + 1;
    next->queue_previous = line + 1;
}

/* The queue of `from` joins that of `to`: who waits longer stands first, and nobody passes one he stood behind. */
static void merge_queue(atp_ledger_t *ledger, atp_limit_t *from, atp_limit_t *to, unsigned priority)
{
    const atp_reservations_t *reservations = &ledger->reservations;
    uint32_t before = to->queues[priority].first;
    uint32_t at = from->queues[priority].first;

    from->queues[priority] = (atp_limit_queue_t){0, 0};
    while (at != 0) {
        uint32_t next = atp_line_progress(reservations, at - 1)->queue_next;
        while (before != 0 && waits_longer(reservations, before - 1, at - 1)) {
            before = atp_line_progress(reservations, before - 1)->queue_next;
        }
        enqueue_before(ledger, to, at - 1, priority, before);
        at = next;
    }
}

/* The caps of both SKUs count the units of a queue where they are next. */
static void count_queue(atp_ledger_t *ledger, const atp_limit_t *from, unsigned priority, uint32_t sku)
{
    atp_limits_t *limits = &ledger->positions.limits;

    for (uint32_t at = from->queues[priority].first; at != 0;) {
        const atp_progress_t *progress = atp_line_progress(&ledger->reservations, at - 1);
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        uint16_t channel = atp_reservation_at(&ledger->reservations, line->reservation)->channel;
        add_to_record(limits, ATP_LIMIT_SKU, from->sku, 0, -progress->backordered);
        add_to_record(limits, ATP_LIMIT_CHANNEL, from->sku, channel, -progress->backordered);
        add_to_record(limits, ATP_LIMIT_SKU, sku, 0, progress->backordered);
        add_to_record(limits, ATP_LIMIT_CHANNEL, sku, channel, progress->backordered);
        at = progress->queue_next;
    }
}

static atp_qty_t sum_of_limits(atp_qty_t a, atp_qty_t b)
{
    return a > ATP_UNLIMITED - b ? ATP_UNLIMITED : a + b;
}

void atp_ledger_merge_limits(atp_ledger_t *ledger, uint32_t from_row, atp_position_t *to, bool is_new)
{
    const atp_position_t *position = atp_positions_at(&ledger->positions, from_row);
    atp_limits_t *limits = &ledger->positions.limits;
    uint32_t number;

    if (!atp_limits_find(limits, ATP_LIMIT_POSITION, position->sku, position->node, &number)) {
        return;
    }
    atp_limit_t *from = atp_table_change(&limits->records, number);
    number = atp_limits_need(limits, ATP_LIMIT_POSITION, to->sku, to->node);
    atp_limit_t *record = atp_table_change(&limits->records, number);
    atp_qty_t in_all = atp_load_relaxed(&record->backordered) + atp_load_relaxed(&from->backordered);
    ATP_ASSERT(from->is_due == ATP_LIMIT_NOT_DUE); /* B4 */
    for (unsigned priority = 0; priority < ATP_PRIORITIES; priority++) {
        count_queue(ledger, from, priority, to->sku);
        merge_queue(ledger, from, record, priority);
    }
    atp_store_relaxed(&record->limit,
                      sum_of_limits(atp_load_relaxed(&record->limit), atp_load_relaxed(&from->limit)));
    atp_store_relaxed(&record->backordered, in_all);
    if (is_new) {
        atp_store_relaxed(&record->is_withdrawn, atp_load_relaxed(&from->is_withdrawn));
    }
    atp_store_relaxed(&from->limit, 0);
    atp_store_relaxed(&from->backordered, 0);
    atp_position_set(to, ATP_POSITION_HAS_LIMITS, true);
    atp_position_set(to, ATP_POSITION_HAS_QUEUE, in_all > 0);
    atp_positions_set_sku(&ledger->positions, to->sku, ATP_SKU_HAS_BACKORDERS);
}

/* ---- when stock is free ---- */

static void list_due(atp_ledger_t *ledger, atp_limit_t *limit, uint32_t number)
{
    atp_limit_heads_t *heads = ledger->positions.limits.heads;

    limit->next_due = heads->first_due;
    heads->first_due = number + 1;
    heads->due_count++;
}

static void note_queue(atp_ledger_t *ledger, uint32_t row)
{
    const atp_position_t *position = atp_positions_at(&ledger->positions, row);
    uint32_t number =
        atp_limits_need(&ledger->positions.limits, ATP_LIMIT_POSITION, position->sku, position->node);
    atp_limit_t *limit = atp_table_change(&ledger->positions.limits.records, number);

    if (limit->is_due == ATP_LIMIT_NOT_DUE) {
        limit->is_due = ATP_LIMIT_DUE;
        list_due(ledger, limit, number);
        ledger->has_due = true;
    }
}

void atp_ledger_note_due(atp_ledger_t *ledger, uint32_t row)
{
    const atp_position_t *position = atp_positions_at(&ledger->positions, row);

    if (atp_position_has(position, ATP_POSITION_HAS_QUEUE)) {
        note_queue(ledger, row);
    }
    if (atp_position_has(position, ATP_POSITION_HAS_AT_RISK)) {
        atp_ledger_note_at_risk_due(ledger, row);
    }
}

/* Who comes first: line + 1; 0 = nobody waits. */
static uint32_t first_waiting(const atp_limit_t *limit)
{
    for (unsigned i = ATP_PRIORITIES; i > 0; i--) {
        if (limit->queues[i - 1].first != 0) {
            return limit->queues[i - 1].first;
        }
    }
    return 0;
}

static void name_filled(const atp_ledger_t *ledger, atp_exception_t *exception, uint32_t line)
{
    const atp_reservations_t *reservations = &ledger->reservations;
    const atp_reservation_t *reservation =
        atp_reservation_at(reservations, atp_line_at(reservations, line)->reservation);

    exception->reservation_total++;
    if (exception->reservation_count < ATP_EXCEPTION_RESERVATIONS_MAX) {
        unsigned i = exception->reservation_count++;
        atp_exception_name(exception->reservations[i], &exception->reservation_sizes[i],
                           atp_strings_get(reservations->strings, reservation->id_ref));
    }
}

static bool can_fill(const atp_ledger_t *ledger, uint32_t row, const atp_limit_t *limit, uint32_t *ret_line)
{
    *ret_line = first_waiting(limit);
    return *ret_line != 0 && atp_ledger_promisable(ledger, row) > 0;
}

/* Gives what is free at the row to those who wait, as far as the op goes. One notice tells of all of them. */
static void fill_row(apply_t *apply, uint32_t row, const atp_limit_t *limit)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_exception_t *notice = NULL;
    uint32_t at;

    for (; ledger->fills_left > 0 && can_fill(ledger, row, limit, &at); ledger->fills_left--) {
        atp_qty_t free = atp_ledger_promisable(ledger, row);
        atp_qty_t units = atp_line_units(&ledger->reservations, at - 1, ATP_LINE_BACKORDERED);
        units = units < free ? units : free;
        atp_ledger_move(ledger, at - 1, ATP_STEP_FILL, units);
        if (atp_line_at(&ledger->reservations, at - 1)->is_firm) {
            atp_ledger_move(ledger, at - 1, ATP_STEP_ALLOCATE, units);
        }
        if (notice == NULL) {
            notice = atp_ledger_raise(apply, ATP_EXCEPTION_BACKORDER_FILLED, row, 0);
        }
        notice->qty += units;
        name_filled(ledger, notice, at - 1);
    }
}

/* What the op did not come to goes on too: it stands before what went on before, behind what the op has begun. */
static void leave_due(atp_ledger_t *ledger)
{
    const atp_limits_t *limits = &ledger->positions.limits;
    uint32_t at = limits->heads->first_due;

    if (at != 0 && atp_limits_at(limits, at - 1)->is_due == ATP_LIMIT_GOES_ON) {
        at = atp_limits_at(limits, at - 1)->next_due;
    }
    while (at != 0 && atp_limits_at(limits, at - 1)->is_due == ATP_LIMIT_DUE) {
        atp_limit_t *limit = atp_table_change(&ledger->positions.limits.records, at - 1);
        limit->is_due = ATP_LIMIT_GOES_ON;
        at = limit->next_due;
    }
}

uint32_t *atp_ledger_fills_left(atp_ledger_t *ledger)
{
    if (ledger->fill_op != ledger->root->op) {
        ledger->fill_op = ledger->root->op;
        ledger->fills_left = ATP_FILLS_PER_OP;
    }
    return &ledger->fills_left;
}

void atp_ledger_fill_due(atp_ledger_t *ledger)
{
    apply_t apply = {.ledger = ledger, .op = ledger->cause, .now_ms = ledger->root->time_ms};
    atp_limit_heads_t *heads = ledger->positions.limits.heads;

    (void)atp_ledger_fills_left(ledger);
    atp_ledger_serve_due(&apply); /* promises that lost their supply come before those beyond stock */
    while (heads->first_due != 0 && ledger->fills_left > 0) {
        uint32_t number = heads->first_due - 1;
        atp_limit_t *limit = atp_table_change(&ledger->positions.limits.records, number);
        uint32_t row;
        uint32_t line;

        bool is_found = atp_positions_find(&ledger->positions, limit->sku, limit->place, &row);
        ATP_ASSERT(is_found);
        heads->first_due = limit->next_due;
        heads->due_count--;
        limit->next_due = 0;
        ledger->fills_left--;
        fill_row(&apply, row, limit); /* still noted: what it changes does not list it again */
        limit->is_due = ATP_LIMIT_NOT_DUE;
        if (can_fill(ledger, row, limit, &line)) {
            limit->is_due = ATP_LIMIT_GOES_ON;
            list_due(ledger, limit, number);
        }
    }
    leave_due(ledger);
    ledger->has_due = false;
}

/* ---- the op that sets limits ---- */

static int64_t choice_of(const apply_t *apply, unsigned key, int64_t otherwise)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, key, ATP_WHOLE_OP);
    return attribute != NULL ? attribute->number : otherwise;
}

/* A cap of the SKU in all, or in the channel that the op names. */
static atp_verdict_t put_cap(apply_t *apply, const resolved_line_t *line, atp_qty_t cap)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_limits_t *limits = &ledger->positions.limits;
    const atp_op_attribute_t *named = atp_op_attribute(apply->op, ATP_KEY_CHANNEL, ATP_WHOLE_OP);
    atp_limit_scope_t scope = named != NULL ? ATP_LIMIT_CHANNEL : ATP_LIMIT_SKU;
    uint16_t channel = 0;
    uint32_t number;

    if (named != NULL) {
        atp_text_t name = atp_op_attribute_text(apply->op, named);
        if (!atp_catalog_find_channel(&ledger->catalog, name, atp_hash_text(name, atp_ledger_seed(ledger)),
                                      &channel)) {
            return atp_ledger_refuse_key(apply, ATP_UNKNOWN_CHANNEL, ATP_KEY_CHANNEL, 0);
        }
    }
    if (!atp_limits_find(limits, scope, line->sku, channel, &number) &&
        !atp_table_has_room(&limits->records, 1)) {
        return atp_ledger_refuse(apply, ATP_LIMITS_FULL, ATP_FIELD_SKU, 0);
    }
    atp_limit_t *record =
        atp_table_change(&limits->records, atp_limits_need(limits, scope, line->sku, channel));
    atp_store_relaxed(&record->limit, cap);
    return ATP_APPLIED;
}

static atp_verdict_t put_position(apply_t *apply, resolved_line_t *line, atp_qty_t most)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_limits_t *limits = &ledger->positions.limits;
    uint32_t number;

    if (!atp_limits_find(limits, ATP_LIMIT_POSITION, line->sku, line->node, &number) &&
        !atp_table_has_room(&limits->records, 1)) {
        return atp_ledger_refuse(apply, ATP_LIMITS_FULL, ATP_FIELD_SKU, 0);
    }
    atp_ledger_need_row(apply, line);
    number = atp_limits_need(limits, ATP_LIMIT_POSITION, line->sku, line->node);
    atp_limit_t *record = atp_table_change(&limits->records, number);
    atp_position_t *position = atp_ledger_begin_row(ledger, line->row);
    atp_store_relaxed(&record->limit, most);
    atp_store_relaxed(&record->is_withdrawn, (uint8_t)(choice_of(apply, ATP_KEY_FOR_SALE, 1) == 0));
    atp_position_set(position, ATP_POSITION_HAS_LIMITS, true);
    atp_positions_end_change(position);
    atp_positions_set_sku(&ledger->positions, line->sku, ATP_SKU_HAS_BACKORDERS);
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_put_limit(apply_t *apply)
{
    line_names_t names = atp_ledger_line_names(apply->op);
    resolved_line_t *line = &apply->ledger->lines[0];

    atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, 0, line);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_qty_t most = choice_of(apply, ATP_KEY_UNLIMITED, 0) ? ATP_UNLIMITED : line->qty;
    apply->result->qty = most;
    apply->result->scale = line->scale;
    if (line->node == NO_NODE) {
        return put_cap(apply, line, most);
    }
    if (atp_op_attribute(apply->op, ATP_KEY_CHANNEL, ATP_WHOLE_OP) != NULL) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_NOT_TAKEN, ATP_KEY_CHANNEL,
                                     0); /* a position or a channel */
    }
    verdict = atp_ledger_look_for_rows(apply, 1);
    return verdict == ATP_APPLIED ? put_position(apply, line, most) : verdict;
}
