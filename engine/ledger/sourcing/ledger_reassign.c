/* Units that go to other nodes: reassigned because somebody asks, or re-sourced because their node cannot serve them.
 *
 * Which units move is chosen first, then who serves them instead, by the functions that decide a reserve: what leaves a node
 * counts as given back, what comes is granted by what is free. Only if the whole stands are they moved: taken from their line,
 * and granted anew at a line behind it that serves the same line of the request, has the same place in a kit and
 * the same deadline; what was allocated is allocated again. A line of which nothing is left is no more: the
 * history keeps what became of it. The channel promises as many as before. */
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/kits/ledger_kits.h"
#include "engine/ledger/lifecycle/ledger_steps.h"
#include "engine/ledger/sourcing/ledger_plan.h"

#include "engine/base/attribute.h"

#include <string.h>

/* ---- what moves ---- */

static atp_verdict_t add_move(apply_t *apply, uint32_t number, atp_qty_t qty, uint32_t asked)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);

    if (qty == 0) {
        return ATP_APPLIED;
    }
    if (ledger->move_count == ATP_LINES_PER_OP_MAX) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, asked);
    }
    ledger->moves[ledger->move_count++] =
        (resolved_line_t){.sku = position->sku,
                          .row = line->row,
                          .line = number,
                          .node = position->node,
                          .asked = (uint16_t)asked,
                          .scale = atp_positions_scale(&ledger->positions, position->sku),
                          .is_component = atp_ledger_is_component(ledger, number),
                          .qty = qty};
    return ATP_APPLIED;
}

static atp_qty_t units_left(const apply_t *apply, uint32_t number)
{
    return atp_line_units_for(&apply->ledger->reservations, number, ATP_STEP_REASSIGN) -
           atp_ledger_taken_qty(apply, number);
}

static bool is_component_of(const atp_ledger_t *ledger, uint32_t number, uint32_t kit_line)
{
    const atp_progress_t *progress = atp_line_progress(&ledger->reservations, number);

    return progress != NULL && progress->kit_parent == kit_line + 1;
}

/* What the op line means of one line of the reservation: up to `qty` of it, of a line at its row; all that belongs to a kit, where
 * all of it is meant. Returns how many units. */
static atp_qty_t take_of(apply_t *apply, const resolved_line_t *told, uint32_t number, uint32_t kit_line,
                         atp_verdict_t *verdict)
{
    const atp_line_t *line = atp_line_at(&apply->ledger->reservations, number);
    bool is_part = told->qty == 0 && kit_line != NO_ROW && is_component_of(apply->ledger, number, kit_line);
    atp_qty_t units = line->row == told->row || is_part ? units_left(apply, number) : 0;
    atp_qty_t taken = told->qty == 0 || units < told->granted ? units : told->granted;

    if (taken > 0) {
        *verdict = add_move(apply, number, taken, told->asked);
        atp_ledger_taken(apply, number)->qty += taken;
    }
    return taken;
}

/* Chooses what line `i` of the op means, from all lines of the reservation at its row. told->granted: what is still wanted. */
static atp_verdict_t choose_told(apply_t *apply, const atp_reservation_t *reservation, resolved_line_t *told)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_verdict_t verdict = ATP_APPLIED;
    uint32_t kit_line = NO_ROW;
    uint32_t any = 0;
    atp_qty_t taken = 0;

    told->granted = told->qty;
    for (uint32_t at = reservation->first_line; at != 0 && verdict == ATP_APPLIED;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        if (line->row == told->row && (any == 0 || !atp_ledger_is_component(ledger, at - 1))) {
            any = at;
            kit_line = at - 1;
        }
        atp_qty_t units = take_of(apply, told, at - 1, kit_line, &verdict);
        taken += units;
        told->granted -= told->qty == 0 ? 0 : units;
        at = told->qty > 0 && told->granted == 0 ? 0 : line->next;
    }
    if (verdict != ATP_APPLIED || (taken > 0 && told->granted == 0)) {
        return verdict;
    }
    if (any == 0) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_LINE, ATP_FIELD_LINES, told->asked);
    }
    if (taken > 0) {
        return atp_ledger_refuse(apply, ATP_NOT_THAT_MANY, ATP_FIELD_QTY, told->asked);
    }
    atp_line_state_t state = atp_line_state(&ledger->reservations, any - 1, apply->now_ms);
    return atp_ledger_refuse(apply, atp_lifecycle_refusal(ATP_STEP_REASSIGN, state), ATP_FIELD_LINES,
                             told->asked);
}

/* So many of a kit: its own units, then its components in proportion. False: the line names no kit that was put together. */
static bool choose_kit(apply_t *apply, const atp_reservation_t *reservation, const resolved_line_t *told,
                       atp_verdict_t *ret_verdict)
{
    uint32_t count = 0;

    if (told->qty == 0 || !atp_positions_sku_has(&apply->ledger->positions, told->sku, ATP_SKU_IS_KIT) ||
        !atp_steps_choose_kit(apply, reservation, ATP_STEP_REASSIGN, *told, &count, ret_verdict)) {
        return false;
    }
    for (uint32_t i = 0; *ret_verdict == ATP_APPLIED && i < count; i++) {
        const resolved_line_t *line = &apply->ledger->lines[i];
        *ret_verdict = add_move(apply, line->line, line->qty, told->asked);
    }
    return true;
}

static atp_verdict_t choose_named(apply_t *apply, const atp_reservation_t *reservation)
{
    line_names_t names = atp_ledger_line_names(apply->op);

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        resolved_line_t told;
        atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, i, &told);
        told.asked = (uint16_t)i;
        if (verdict == ATP_APPLIED && !choose_kit(apply, reservation, &told, &verdict)) {
            verdict = told.row != NO_ROW ? choose_told(apply, reservation, &told)
                                         : atp_ledger_refuse(apply, ATP_UNKNOWN_LINE, ATP_FIELD_LINES, i);
        }
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
    }
    return ATP_APPLIED;
}

static atp_verdict_t choose_all(apply_t *apply, const atp_reservation_t *reservation)
{
    uint32_t count;
    atp_verdict_t verdict = atp_steps_choose_all_lines(apply, reservation, ATP_STEP_REASSIGN, &count);

    for (uint32_t i = 0; verdict == ATP_APPLIED && i < count; i++) {
        const resolved_line_t *line = &apply->ledger->lines[i];
        verdict = add_move(apply, line->line, line->qty, 0);
        atp_ledger_taken(apply, line->line)->qty += line->qty;
    }
    return verdict;
}

static void forget_taken(atp_ledger_t *ledger)
{
    memset(ledger->taken, 0, sizeof ledger->taken);
}

static atp_verdict_t choose_moves(apply_t *apply, uint32_t number)
{
    const atp_reservation_t *reservation = atp_reservation_at(&apply->ledger->reservations, number);

    apply->ledger->move_count = 0;
    atp_ledger_refuse(apply, ATP_APPLIED, ATP_FIELD_NONE,
                      0); /* an earlier reservation of the order may have */
    forget_taken(apply->ledger);
    return apply->op->line_count > 0 ? choose_named(apply, reservation) : choose_all(apply, reservation);
}

/* ---- who serves them instead ---- */

/* What the channel lets units have that are re-sourced. */
static atp_qty_t left_of_channel(apply_t *apply, const resolved_line_t *move)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_position_t *position = atp_positions_at(&ledger->positions, move->row);
    atp_qty_t uncommitted = atp_ledger_promisable(ledger, move->row) + atp_load_relaxed(&position->safety);

    return atp_ledger_channel_left_moving(apply, move->sku, move->qty, uncommitted < 0 ? -uncommitted : 0);
}

static atp_verdict_t plan_move(apply_t *apply, const resolved_line_t *move)
{
    resolved_line_t wanted = *move;
    atp_qty_t left =
        apply->takes_parts ? left_of_channel(apply, move) : atp_ledger_channel_left(apply, move->sku);

    wanted.is_component = false;
    if (wanted.qty > left && !apply->takes_parts) {
        return atp_ledger_refuse(apply, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, move->asked);
    }
    wanted.qty = wanted.qty < left ? wanted.qty : left;
    return wanted.qty > 0 ? atp_ledger_plan_open_line(apply, wanted) : ATP_APPLIED;
}

/* Makes the plan. What somebody moves is free where it leaves; what is re-sourced was not there. */
static atp_verdict_t plan_moves(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_verdict_t verdict = ATP_APPLIED;

    forget_taken(ledger);
    ledger->plan_count = 0;
    ledger->plan_components = 0;
    ledger->plan.op = 0;
    atp_ledger_recount_capacity(ledger);
    for (uint32_t i = 0; i < ledger->move_count && !apply->takes_parts; i++) {
        atp_ledger_taken(apply, ledger->moves[i].row)->qty -= ledger->moves[i].qty;
    }
    for (uint32_t i = 0; verdict == ATP_APPLIED && i < ledger->move_count; i++) {
        verdict = plan_move(apply, &ledger->moves[i]);
    }
    return verdict;
}

/* Room for the lines of the plan and the records beside them; `emptied` lines of the reservation go. */
static atp_verdict_t look_for_room(apply_t *apply, uint32_t emptied)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t number = apply->moving - 1;
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    uint32_t components = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        components += atp_ledger_is_component(ledger, ledger->lines[i].line);
    }
    if (reservation->line_count + ledger->plan_count > ledger->root->config.lines_per_reservation + emptied) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    atp_verdict_t verdict = atp_reservations_make_room(&ledger->reservations, ledger->plan_count, 0, 0);
    if (verdict != ATP_APPLIED) {
        return atp_ledger_refuse(apply, verdict, ATP_FIELD_LINES, 0);
    }
    uint32_t others = apply->takes_parts ? ATP_LINES_PER_OP_MAX : 0; /* that the op may count on */
    if (components > 0 &&
        !atp_reservations_make_progress_room(&ledger->reservations, components + others, number)) {
        return atp_ledger_refuse(apply, ATP_PROGRESS_FULL, ATP_FIELD_LINES, 0);
    }
    return ATP_UNLIKELY(apply->has_calendar) ? atp_ledger_plan_bookings(apply) : ATP_APPLIED;
}

/* ---- moving ---- */

/* A new line for what goes elsewhere: behind the one it comes from, and behind the components of that. */
static uint32_t take_line(atp_ledger_t *ledger, uint32_t from)
{
    atp_reservations_t *reservations = &ledger->reservations;
    uint32_t after = from + 1;
    uint32_t next = atp_line_at(reservations, from)->next;

    while (next != 0 && is_component_of(ledger, next - 1, from)) {
        after = next;
        next = atp_line_at(reservations, next - 1)->next;
    }
    uint32_t number =
        atp_reservations_take_line(reservations, atp_line_at(reservations, from)->reservation, after);
    atp_line_t *line = atp_table_change(&reservations->lines, number);
    line->next = next;
    line->number = atp_line_at(reservations, from)->number;
    return number;
}

/* Grants one line of the plan, of which `allocated` units were allocated where they come from. */
static void grant_moved(atp_ledger_t *ledger, const resolved_line_t *planned, atp_qty_t allocated)
{
    atp_reservations_t *reservations = &ledger->reservations;
    uint32_t number = take_line(ledger, planned->line);
    atp_line_t *line = atp_table_change(&reservations->lines, number);
    const atp_progress_t *progress = atp_line_progress(reservations, planned->line);

    line->row = planned->row;
    line->granted = planned->granted;
    line->reserved = planned->granted;
    atp_line_set_deadline_ms(line, allocated == planned->granted
                                       ? ATP_NEVER_MS
                                       : atp_reservation_at(reservations, line->reservation)->deadline_ms);
    atp_ledger_attach_moved(ledger, number);
    if (allocated > 0) {
        atp_ledger_move(ledger, number, ATP_STEP_ALLOCATE, allocated);
    }
    if (progress != NULL && progress->kit_parent != 0) {
        atp_ledger_note_moved_component(ledger, number, planned->line);
    }
}

/* Lines of which nothing is left are no more, but those that a kit was put together for. */
static void drop_emptied(atp_ledger_t *ledger)
{
    resolved_line_t *lines = ledger->lines;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        uint32_t number = lines[i].line;
        if (number == NO_ROW || atp_line_at(&ledger->reservations, number)->granted > 0 ||
            atp_ledger_kits_of(ledger, number) > 0) {
            continue;
        }
        atp_reservations_drop_line(&ledger->reservations, number);
        for (uint32_t after = i; after < ledger->plan_count; after++) {
            lines[after].line = lines[after].line == number ? NO_ROW : lines[after].line;
        }
    }
}

/* The node at which all components of a kit are; NO_NODE if there are several. */
static uint32_t node_of_components(const atp_ledger_t *ledger, uint32_t kit_line)
{
    uint32_t node = NO_NODE;

    for (uint32_t at = atp_steps_next_component(ledger, kit_line, kit_line); at != 0;
         at = atp_steps_next_component(ledger, kit_line, at - 1)) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        uint16_t here = atp_positions_at(&ledger->positions, line->row)->node;
        if (line->granted == 0) {
            continue; /* a kit that was put together itself */
        }
        if (node != NO_NODE && here != node) {
            return NO_NODE;
        }
        node = here;
    }
    return node;
}

/* A kit of which nothing is left where it was put together is where its components are now: steps name it there. */
static void follow_components(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, apply->moving - 1);

    for (uint32_t at = reservation->first_line; at != 0;
         at = atp_line_at(&ledger->reservations, at - 1)->next) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        uint32_t node = line->granted == 0 && !line->is_in_tree && atp_ledger_kits_of(ledger, at - 1) > 0
                            ? node_of_components(ledger, at - 1)
                            : NO_NODE;
        const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
        resolved_line_t home = {.sku = position->sku, .node = (uint16_t)node, .row = NO_ROW};
        if (node == NO_NODE || node == position->node || !atp_table_has_room(&ledger->positions.rows, 1)) {
            continue;
        }
        atp_ledger_need_row(apply, &home);
        ((atp_line_t *)atp_table_change(&ledger->reservations.lines, at - 1))->row = home.row;
    }
}

/* All units leave before the first ones come, so that they may change places. */
static void move_planned(apply_t *apply, atp_step_t step)
{
    atp_ledger_t *ledger = apply->ledger;

    if (ATP_UNLIKELY(apply->has_calendar)) {
        atp_ledger_move_bookings(apply, apply->moving - 1);
    }
    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        resolved_line_t *planned = &ledger->lines[i];
        atp_qty_t soft =
            step == ATP_STEP_REASSIGN ? atp_line_at(&ledger->reservations, planned->line)->reserved : 0;
        planned->qty = planned->granted > soft ? planned->granted - soft : 0; /* allocated ones */
        atp_ledger_move(ledger, planned->line, step, planned->granted);
    }
    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        grant_moved(ledger, &ledger->lines[i], ledger->lines[i].qty);
    }
    drop_emptied(ledger);
    if (ATP_UNLIKELY(atp_table_count(&ledger->kits.records) > 0)) {
        follow_components(apply);
    }
    atp_reservation_t *reservation = atp_table_change(&ledger->reservations.records, apply->moving - 1);
    reservation->version = ledger->root->op;
}

/* ---- the op ---- */

/* Lines of the reservation that lose all they have. */
static uint32_t count_emptied(const apply_t *apply, uint32_t number)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t emptied = 0;

    for (uint32_t at = atp_reservation_at(&ledger->reservations, number)->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        emptied += line->granted > 0 && atp_ledger_taken_qty(apply, at - 1) == line->granted &&
                   atp_ledger_kits_of(ledger, at - 1) == 0;
        at = line->next;
    }
    return emptied;
}

/* The units of one reservation, as the op names them. */
static atp_verdict_t reassign(apply_t *apply, uint32_t number)
{
    const atp_reservation_t *reservation = atp_reservation_at(&apply->ledger->reservations, number);

    if (reservation->flags & ATP_RESERVATION_ACCOUNTED_TRANSFER) { /* it is where its goods leave */
        return atp_ledger_refuse(apply, ATP_SUPPLY_ELSEWHERE, ATP_FIELD_RESERVATION, 0);
    }
    atp_steps_settle(apply, number);
    atp_verdict_t verdict = choose_moves(apply, number);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    uint32_t emptied = count_emptied(apply, number);
    apply->moving = number + 1;
    apply->channel = reservation->channel;
    verdict = plan_moves(apply);
    verdict = verdict == ATP_APPLIED ? look_for_room(apply, emptied) : verdict;
    if (verdict == ATP_APPLIED) {
        move_planned(apply, ATP_STEP_REASSIGN);
        atp_ledger_tidy(apply->ledger, number);
    }
    return verdict;
}

/* The first reservation of the order that has what the op names; without one, why the first has not. */
static atp_verdict_t find_of_order(apply_t *apply, uint32_t *ret_number)
{
    const atp_orders_t *orders = &apply->ledger->reservations.orders;
    const atp_op_attribute_t *named = atp_op_attribute(apply->op, ATP_KEY_ORDER_ID, ATP_WHOLE_OP);
    atp_text_t id = atp_op_attribute_text(apply->op, named);
    const atp_order_t *first = atp_orders_find(orders, id, atp_hash_text(id, atp_ledger_seed(apply->ledger)));
    atp_result_t fault = *apply->result;
    atp_verdict_t verdict = atp_ledger_refuse_key(apply, ATP_UNKNOWN_RESERVATION, ATP_KEY_ORDER_ID, 0);

    for (const atp_order_t *order = first; order != NULL; order = atp_orders_next(orders, order)) {
        *ret_number = order->reservation - 1;
        atp_steps_settle(apply, *ret_number);
        atp_verdict_t here = choose_moves(apply, *ret_number);
        if (here == ATP_APPLIED) {
            return here;
        }
        if (order == first) {
            verdict = here;
            fault = *apply->result;
        }
    }
    if (first != NULL) {
        *apply->result = fault;
    }
    return verdict;
}

/* The reservation that the op names, or that of the order. */
static atp_verdict_t find_reservation(apply_t *apply, uint32_t *ret_number)
{
    const char *cursor = atp_op_text_begin(apply->op);
    bool has_order = atp_op_attribute(apply->op, ATP_KEY_ORDER_ID, ATP_WHOLE_OP) != NULL;

    if (has_order && atp_op_text_next(&cursor).size == 0) {
        return find_of_order(apply, ret_number);
    }
    return !has_order && atp_steps_find_reservation(apply, ret_number)
               ? ATP_APPLIED
               : atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION, 0);
}

static void answer_sum(apply_t *apply)
{
    const atp_ledger_t *ledger = apply->ledger;
    bool is_one_scale = true;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        is_one_scale = is_one_scale && ledger->lines[i].scale == ledger->lines[0].scale;
        apply->result->qty += ledger->lines[i].granted;
    }
    apply->result->qty = is_one_scale ? apply->result->qty : 0;
    apply->result->scale = is_one_scale ? ledger->lines[0].scale : 0;
}

atp_verdict_t atp_ledger_reassign(apply_t *apply)
{
    uint32_t number;
    atp_verdict_t verdict = find_reservation(apply, &number);

    verdict = verdict == ATP_APPLIED ? reassign(apply, number) : verdict;
    if (verdict == ATP_APPLIED) {
        answer_sum(apply);
        atp_ledger_fill_moved(apply, apply->ledger->root->op);
    }
    forget_taken(apply->ledger);
    return verdict;
}

/* ---- the answer ---- */

/* The places that units of the reservation came to by that op, from its history, oldest first: so an answer that is asked
 * for again is the same. */
static void fill_from(apply_t *apply, uint32_t number, uint64_t op)
{
    const atp_history_t *history = &apply->ledger->reservations.history;
    const atp_positions_t *positions = &apply->ledger->positions;
    atp_grant_t *plan = apply->grants + apply->result->line_count;
    uint32_t count = 0;

    for (const atp_history_step_t *step = atp_history_newest(history, number); step != NULL && step->op >= op;
         step = atp_history_before(history, step)) {
        if (step->op != op || step->step != ATP_STEP_RESERVE) {
            continue;
        }
        if (count == ATP_MOVES_TOLD_MAX) {
            memmove(plan, plan + 1, (count - 1) * sizeof *plan);
            count--;
        }
        const atp_position_t *position = atp_positions_at(positions, step->row);
        plan[count++] = (atp_grant_t){.qty = step->qty,
                                      .scale = atp_positions_scale(positions, position->sku),
                                      .line = step->line,
                                      .node = position->node,
                                      .sku = position->sku};
    }
    for (uint32_t i = 0; i < count / 2; i++) {
        atp_grant_t grant = plan[i];
        plan[i] = plan[count - 1 - i];
        plan[count - 1 - i] = grant;
    }
    apply->result->plan_count = (uint16_t)count;
}

void atp_ledger_fill_moved(apply_t *apply, uint64_t op)
{
    const atp_orders_t *orders = &apply->ledger->reservations.orders;
    const atp_op_attribute_t *named = atp_op_attribute(apply->op, ATP_KEY_ORDER_ID, ATP_WHOLE_OP);
    uint32_t number;

    if (named == NULL) {
        if (atp_steps_find_reservation(apply, &number)) {
            fill_from(apply, number, op);
        }
        return;
    }
    atp_text_t id = atp_op_attribute_text(apply->op, named);
    for (const atp_order_t *order =
             atp_orders_find(orders, id, atp_hash_text(id, atp_ledger_seed(apply->ledger)));
         order != NULL && apply->result->plan_count == 0; order = atp_orders_next(orders, order)) {
        fill_from(apply, order->reservation - 1, op);
    }
}

/* ---- re-sourcing: by policy, inside ops of other kinds ---- */

atp_qty_t atp_ledger_re_source(apply_t *apply, uint32_t number, atp_step_t step, atp_qty_t qty)
{
    /* Names an empty order and asks for nothing: the channel's ways count. */
    static const struct {
        atp_op_t op;
        unsigned char texts[8];
    } quiet = {.op = {.size = sizeof quiet, .kind = ATP_OP_REASSIGN}};
    atp_ledger_t *ledger = apply->ledger;
    uint32_t reservation = atp_line_at(&ledger->reservations, number)->reservation;
    resolved_line_t lines[ATP_SPLITS_PER_LINE_MAX];
    uint32_t plan_count = ledger->plan_count;
    uint32_t plan_components = ledger->plan_components;
    atp_result_t result = {0};
    atp_qty_t moved = 0;
    apply_t own = {.ledger = ledger,
                   .op = &quiet.op,
                   .now_ms = apply->now_ms,
                   .result = &result,
                   .channel = atp_reservation_at(&ledger->reservations, reservation)->channel,
                   .moving = reservation + 1,
                   .takes_parts = true};

    memcpy(lines, ledger->lines, sizeof lines);
    ledger->move_count = 0;
    atp_verdict_t verdict = add_move(&own, number, qty, 0);
    verdict = verdict == ATP_APPLIED ? plan_moves(&own) : verdict;
    verdict = verdict == ATP_APPLIED ? look_for_room(&own, 0) : verdict;
    for (uint32_t i = 0; verdict == ATP_APPLIED && i < ledger->plan_count; i++) {
        moved += ledger->lines[i].granted;
    }
    if (moved > 0) {
        move_planned(&own, step);
    }
    memcpy(ledger->lines, lines, sizeof lines);
    ledger->plan_count = plan_count;
    ledger->plan_components = plan_components;
    ledger->plan.op = 0;
    atp_ledger_recount_capacity(ledger);
    forget_taken(ledger);
    return moved;
}
