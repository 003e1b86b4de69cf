/* Transfers: stock on its way from one node to another.
 *
 * A transfer is two things of the same id: an allocated reservation at its source, and a supply at its target. They are made
 * in one op. The reservation keeps the units until they leave; every step of it, by whatever op, is noted at the supply. */
#include "engine/ledger/supply/ledger_supply.h"

#include "engine/base/attribute.h"

static atp_text_t subject_of(const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);
    return atp_op_text_next(&cursor);
}

/* ---- creating ---- */

/* Where it goes: its node, and the position there if there is one. */
static atp_verdict_t resolve_target(apply_t *apply, const resolved_line_t *source, resolved_line_t *target)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_text_t name = atp_op_attribute_text(apply->op, atp_op_attribute(apply->op, ATP_KEY_TO, ATP_WHOLE_OP));

    *target = *source;
    if (!atp_ledger_means_node(apply, name, &target->node)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_NODE, ATP_KEY_TO, 0);
    }
    if (target->node == source->node) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_KEY_TO, 0);
    }
    if (atp_catalog_node_state(&ledger->catalog, target->node) == ATP_NODE_CLOSED) {
        return atp_ledger_refuse_key(apply, ATP_NODE_NOT_OPEN, ATP_KEY_TO, 0);
    }
    if (!atp_positions_find(&ledger->positions, target->sku, target->node, &target->row)) {
        target->row = NO_ROW;
    }
    return ATP_APPLIED;
}

/* Whether the source can give them. A node that is being emptied may send what it has elsewhere. */
static atp_verdict_t look_at_source(apply_t *apply, const resolved_line_t *source)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_node_state_t state = atp_catalog_node_state(&ledger->catalog, source->node);

    if (state != ATP_NODE_OPEN && state != ATP_NODE_DRAINING) {
        return atp_ledger_refuse(apply, ATP_NODE_NOT_OPEN, ATP_FIELD_NODE, 0);
    }
    if (source->row != NO_ROW) {
        atp_ledger_settle_row(ledger, source->row, apply->now_ms);
    }
    if (source->row == NO_ROW || atp_ledger_here_of(ledger, source->row, source->qty) < source->qty) {
        return atp_ledger_refuse(apply, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, 0);
    }
    return ATP_APPLIED;
}

/* An allocated reservation of one line; returns the line. There is room. */
static uint32_t allocate_at_source(apply_t *apply, const resolved_line_t *source)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_text_t none = {NULL, 0};
    uint32_t number =
        atp_reservations_take(&ledger->reservations, subject_of(apply->op), apply->op->subject_hash, none);
    atp_reservation_t *reservation = atp_table_change(&ledger->reservations.records, number);
    uint32_t line_number = atp_reservations_take_line(&ledger->reservations, number, 0);
    atp_line_t *line = atp_table_change(&ledger->reservations.lines, line_number);

    reservation->client = apply->op->client == ATP_CLIENT_NAMED ? ledger->frame_client : apply->op->client;
    reservation->version = ledger->root->op;
    reservation->created_ms = apply->now_ms;
    reservation->deadline_ms = ATP_NEVER_MS;
    line->row = source->row;
    line->granted = source->qty;
    line->reserved = source->qty;
    atp_line_set_deadline_ms(line, ATP_NEVER_MS);
    atp_ledger_attach(ledger, line_number);
    reservation->flags |= ATP_RESERVATION_ACCOUNTED_TRANSFER;
    atp_ledger_move(ledger, line_number, ATP_STEP_ALLOCATE, source->qty);
    return line_number;
}

/* The supply at the target. There is room. */
static void open_at_target(apply_t *apply, const resolved_line_t *target, uint32_t source_line)
{
    atp_supply_book_t *book = &apply->ledger->supplies;

    atp_supplies_note_today(book, atp_day_of(apply->now_ms));
    uint32_t number = atp_supplies_take(book, subject_of(apply->op), apply->op->subject_hash, target->row);
    atp_supply_t *supply = atp_table_change(&book->supplies, number);

    supply->created_op = apply->ledger->root->op;
    supply->kind = ATP_SUPPLY_TRANSFER;
    supply->ordered = target->qty;
    supply->open = target->qty;
    supply->source_line = source_line + 1;
    atp_supplies_put_at(book, number, atp_op_attribute(apply->op, ATP_KEY_DUE, ATP_WHOLE_OP)->number);
    atp_ledger_back(apply, target->row);
}

static atp_verdict_t look_at_id(apply_t *apply)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t number;

    return atp_ledger_find_supply(apply, &number) ||
                   atp_reservations_find(&ledger->reservations, subject_of(apply->op),
                                         apply->op->subject_hash, &number)
               ? atp_ledger_refuse(apply, ATP_CONFLICT, ATP_FIELD_SUBJECT, 0)
               : ATP_APPLIED;
}

/* Room is made at the cost of what has ended: only when all else is well. */
static atp_verdict_t make_room(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_text_t id = subject_of(apply->op);
    atp_verdict_t verdict = atp_supplies_make_room(&ledger->supplies, id.size);
    if (verdict == ATP_APPLIED) { /* the id is kept twice */
        verdict = atp_reservations_make_room(&ledger->reservations, 1, id.size, id.size);
    }
    return verdict == ATP_APPLIED ? verdict : atp_ledger_refuse(apply, verdict, ATP_FIELD_SUBJECT, 0);
}

atp_verdict_t atp_ledger_put_transfer(apply_t *apply)
{
    resolved_line_t *lines = apply->ledger->lines; /* source, then target */
    line_names_t names = atp_ledger_line_names(apply->op);

    atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, 0, &lines[0]);
    verdict = verdict == ATP_APPLIED ? resolve_target(apply, &lines[0], &lines[1]) : verdict;
    verdict = verdict == ATP_APPLIED ? look_at_id(apply) : verdict;
    verdict = verdict == ATP_APPLIED ? look_at_source(apply, &lines[0]) : verdict;
    verdict = verdict == ATP_APPLIED ? atp_ledger_look_for_rows(apply, 2) : verdict;
    verdict = verdict == ATP_APPLIED ? make_room(apply) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_ledger_need_row(apply, &lines[1]);
    atp_ledger_settle_row(apply->ledger, lines[1].row, apply->now_ms);
    open_at_target(apply, &lines[1], allocate_at_source(apply, &lines[0]));
    apply->result->qty = lines[0].qty;
    apply->result->scale = lines[0].scale;
    return ATP_APPLIED;
}

/* ---- what became of its reservation ---- */

/* True if the op brings the transfer in. */
static bool is_received(const atp_ledger_t *ledger)
{
    return ledger->cause->kind == ATP_OP_TRANSFER_RECEIVE || ledger->cause->kind == ATP_OP_RECEIVE_SUPPLY;
}

void atp_ledger_transfer_moved(atp_ledger_t *ledger, const atp_reservation_t *reservation, atp_qty_t shipped,
                               atp_qty_t given_back)
{
    atp_supply_book_t *book = &ledger->supplies;
    atp_text_t id = atp_strings_get(&ledger->catalog.strings, reservation->id_ref);
    uint32_t number;

    if (!atp_supplies_find(book, id, reservation->id_hash, &number) ||
        atp_supply_at(book, number)->kind != ATP_SUPPLY_TRANSFER ||
        atp_supply_at(book, number)->status != ATP_SUPPLY_OPEN) {
        return;
    }
    atp_supply_t *supply = atp_table_change(&book->supplies, number);
    atp_qty_t inbound = atp_supply_inbound(supply, supply->open);
    supply->shipped += shipped;
    if (given_back > 0) {
        atp_qty_t lowered = given_back < supply->open ? given_back : supply->open;
        supply->ordered -= lowered;
        atp_ledger_lower_supply(ledger, number, lowered);
        if (!is_received(ledger) || supply->open == 0) { /* else what comes in serves its promises first */
            apply_t apply = {.ledger = ledger, .op = ledger->cause, .now_ms = ledger->root->time_ms};
            atp_ledger_back(&apply, supply->row);
        }
    }
    atp_ledger_note_inbound(ledger, number, inbound);
    const atp_line_t *line = atp_line_at(&ledger->reservations, supply->source_line - 1);
    if (line->allocated == 0) { /* its record may be given to another when the reservation is forgotten */
        supply->source_line = 0;
        if (supply->open == 0) {
            atp_supplies_end(book, number, supply->received == 0 ? ATP_SUPPLY_CANCELLED : ATP_SUPPLY_CLOSED);
        }
    }
}

/* ---- its steps ---- */

/* The transfer the op is about and the units that have not left yet. */
static atp_verdict_t find_transfer(apply_t *apply, uint32_t *ret_line)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t number;

    if (!atp_ledger_find_supply(apply, &number)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SUPPLY, ATP_FIELD_SUBJECT, 0);
    }
    const atp_supply_t *supply = atp_supply_at(&ledger->supplies, number);
    if (supply->kind != ATP_SUPPLY_TRANSFER) {
        return atp_ledger_refuse(apply, ATP_SUPPLY_ELSEWHERE, ATP_FIELD_SUBJECT, 0);
    }
    if (supply->source_line == 0) {
        atp_verdict_t verdict = supply->status == ATP_SUPPLY_OPEN ? ATP_ALREADY_SHIPPED : ATP_SUPPLY_ENDED;
        return atp_ledger_refuse(apply, verdict, ATP_FIELD_SUBJECT, 0);
    }
    *ret_line = supply->source_line - 1;
    return ATP_APPLIED;
}

static void move(atp_ledger_t *ledger, uint32_t line, atp_step_t step, atp_qty_t qty)
{
    uint32_t reservation = atp_line_at(&ledger->reservations, line)->reservation;

    atp_ledger_move(ledger, line, step, qty);
    atp_ledger_tidy(ledger, reservation);
}

static void answer(apply_t *apply, uint32_t row, atp_qty_t qty)
{
    const atp_positions_t *positions = &apply->ledger->positions;

    apply->result->qty = qty;
    apply->result->scale = atp_positions_scale(positions, atp_positions_at(positions, row)->sku);
}

atp_verdict_t atp_ledger_ship_transfer(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t number;

    if (apply->op->line_count > 1) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 1);
    }
    atp_verdict_t verdict = find_transfer(apply, &number);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    uint32_t row = line->row;
    atp_qty_t qty = line->allocated;
    if (apply->op->line_count == 1) {
        line_names_t names = atp_ledger_line_names(apply->op);
        verdict = atp_ledger_resolve_line(apply, &names, 0, &ledger->lines[0]);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        qty = ledger->lines[0].qty;
        if (ledger->lines[0].row != row) {
            return atp_ledger_refuse(apply, ATP_SUPPLY_ELSEWHERE, ATP_FIELD_LINES, 0);
        }
    }
    if (qty > line->allocated) {
        return atp_ledger_refuse(apply, ATP_NOT_THAT_MANY, ATP_FIELD_QTY, 0);
    }
    atp_position_t *position = atp_positions_at(&ledger->positions, row);
    if (!atp_qty_in_range(atp_load_relaxed(&position->on_hand) - qty)) {
        return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, 0);
    }
    move(ledger, number, ATP_STEP_SHIP, qty);
    answer(apply, row, qty);
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_cancel_transfer(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t number;
    uint32_t supply;

    atp_verdict_t verdict = find_transfer(apply, &number);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    (void)atp_ledger_find_supply(apply, &supply);
    uint32_t target = atp_supply_at(&ledger->supplies, supply)->row;
    uint32_t row = atp_line_at(&ledger->reservations, number)->row;
    atp_qty_t qty = atp_line_at(&ledger->reservations, number)->allocated;
    atp_ledger_settle_row(ledger, target, apply->now_ms);
    move(ledger, number, ATP_STEP_CANCEL, qty);
    atp_ledger_back(apply, target);
    answer(apply, row, qty);
    return ATP_APPLIED;
}

void atp_ledger_transfer_arrived(apply_t *apply, uint32_t number, atp_qty_t qty, bool is_final)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_supply_t *supply = atp_supply_at(&ledger->supplies, number);
    uint32_t line = supply->source_line - 1;
    atp_qty_t left = atp_line_at(&ledger->reservations, line)->allocated;
    atp_qty_t unseen = supply->received + qty - supply->shipped;

    if (unseen > 0) { /* what has arrived has left, though nobody told of it */
        atp_qty_t gone = unseen < left ? unseen : left;
        move(ledger, line, ATP_STEP_SHIP, gone);
        left -= gone;
    }
    if (is_final && left > 0) {
        move(ledger, line, ATP_STEP_CANCEL, left);
    }
}
