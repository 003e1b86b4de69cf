/* Dated supply: creating and changing it, and receiving it: supply down and on-hand up in one op. */
#include "engine/ledger/supply/ledger_supply.h"

#include "engine/base/attribute.h"
#include "engine/ledger/catalog/ledger_merge.h"

/* ---- what an op says ---- */

static atp_text_t subject_of(const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);
    return atp_op_text_next(&cursor);
}

bool atp_ledger_find_supply(const apply_t *apply, uint32_t *ret_number)
{
    atp_supply_book_t *book = &apply->ledger->supplies;

    if (!atp_supplies_find(book, subject_of(apply->op), apply->op->subject_hash, ret_number)) {
        return false;
    }
    uint32_t row = atp_positions_now(&apply->ledger->positions, atp_supply_at(book, *ret_number)->row);
    if (ATP_UNLIKELY(row !=
                     atp_supply_at(book, *ret_number)->row)) { /* it had ended when the SKU was merged */
        atp_supply_t *supply = atp_table_change(&book->supplies, *ret_number);
        atp_ledger_rehome_row(apply->ledger, &supply->row);
    }
    return true;
}

/* The number of a whole-op attribute, `otherwise` where it is not given. */
static int64_t number_of(const apply_t *apply, unsigned key, int64_t otherwise)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, key, ATP_WHOLE_OP);
    return attribute != NULL ? attribute->number : otherwise;
}

/* The op's only line, with room for its position. */
static atp_verdict_t resolve_line(apply_t *apply, resolved_line_t *line)
{
    line_names_t names = atp_ledger_line_names(apply->op);
    atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, 0, line);

    return verdict == ATP_APPLIED ? atp_ledger_look_for_rows(apply, 1) : verdict;
}

static void answer(apply_t *apply, atp_qty_t qty, uint8_t scale)
{
    apply->result->qty = qty;
    apply->result->scale = scale;
}

/* ---- changing what is expected ---- */

void atp_ledger_lower_supply(atp_ledger_t *ledger, uint32_t number, atp_qty_t by)
{
    const atp_supply_t *supply = atp_supply_at(&ledger->supplies, number);
    atp_qty_t excess = supply->pegged - (supply->open - by);

    if (excess > 0) {
        atp_ledger_unback(ledger, number, excess);
    }
    if (by > 0) {
        atp_supplies_change_open(&ledger->supplies, number, -by);
    }
}

void atp_ledger_note_inbound(atp_ledger_t *ledger, uint32_t number, atp_qty_t before)
{
    const atp_supply_t *supply = atp_supply_at(&ledger->supplies, number);
    atp_qty_t change = atp_supply_inbound(supply, supply->open) - before;
    apply_t apply = {.ledger = ledger, .op = ledger->cause, .now_ms = ledger->root->time_ms};

    if (change == 0) {
        return;
    }
    atp_supplies_note_moving(&ledger->supplies, supply->row, change, 0);
    atp_ledger_settle_row(ledger, supply->row, apply.now_ms);
    if (atp_ledger_change_inbound(&apply, supply->row, 0, change) != 0) {
        atp_ledger_note_over_commitment(&apply, supply->row);
    }
}

void atp_ledger_close_supply(atp_ledger_t *ledger, uint32_t number, atp_supply_status_t status)
{
    atp_ledger_lower_supply(ledger, number, atp_supply_at(&ledger->supplies, number)->open);
    atp_supplies_end(&ledger->supplies, number, status);
}

static atp_verdict_t create_supply(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_supply_book_t *book = &ledger->supplies;
    resolved_line_t *line = &ledger->lines[0];
    atp_text_t id = subject_of(apply->op);
    int64_t due_ms = number_of(apply, ATP_KEY_DUE, 0);

    if (apply->op->line_count == 0) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SUPPLY, ATP_FIELD_SUBJECT, 0);
    }
    if (due_ms == 0) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_MISSING, ATP_KEY_DUE, 0);
    }
    atp_verdict_t verdict = resolve_line(apply, line);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (line->qty == 0 || number_of(apply, ATP_KEY_SUPPLY_STATUS, 0) != 0) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SUPPLY, ATP_FIELD_SUBJECT, 0);
    }
    verdict = atp_supplies_make_room(book, id.size);
    if (verdict != ATP_APPLIED) {
        return atp_ledger_refuse(apply, verdict, ATP_FIELD_SUBJECT, 0);
    }
    atp_ledger_need_row(apply, line);
    atp_ledger_settle_row(ledger, line->row, apply->now_ms);
    atp_supplies_note_today(book, atp_day_of(apply->now_ms));
    uint32_t number = atp_supplies_take(book, id, apply->op->subject_hash, line->row);
    atp_supply_t *supply = atp_table_change(&book->supplies, number);
    supply->created_op = ledger->root->op;
    supply->kind = (uint8_t)number_of(apply, ATP_KEY_SUPPLY_KIND, ATP_SUPPLY_PURCHASE_ORDER);
    supply->ordered = line->qty;
    supply->open = line->qty;
    atp_supplies_put_at(book, number, due_ms);
    atp_ledger_back(apply, line->row);
    answer(apply, line->qty, line->scale);
    return ATP_APPLIED;
}

/* Whether the op may change this supply, and to how many in all. */
static atp_verdict_t look_at_change(apply_t *apply, const atp_supply_t *supply, atp_qty_t *ret_ordered)
{
    resolved_line_t *line = &apply->ledger->lines[0];

    *ret_ordered = supply->ordered;
    if (apply->op->line_count > 0) {
        atp_verdict_t verdict = resolve_line(apply, line);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        if (line->row != supply->row) {
            return atp_ledger_refuse(apply, ATP_SUPPLY_ELSEWHERE, ATP_FIELD_LINES, 0);
        }
        *ret_ordered = line->qty;
    }
    if (number_of(apply, ATP_KEY_SUPPLY_STATUS, 0) != 0) {
        *ret_ordered = 0;
    }
    if (number_of(apply, ATP_KEY_SUPPLY_KIND, supply->kind) != supply->kind ||
        (supply->source_line != 0 && *ret_ordered != supply->ordered)) {
        return atp_ledger_refuse(apply, ATP_SUPPLY_ELSEWHERE, ATP_FIELD_SUBJECT, 0);
    }
    return ATP_APPLIED;
}

/* Brings what is open in line with what is ordered now. True if that ended the supply. */
static bool change_ordered(atp_ledger_t *ledger, uint32_t number, atp_qty_t ordered)
{
    atp_supply_t *supply = atp_table_change(&ledger->supplies.supplies, number);
    atp_qty_t inbound = atp_supply_inbound(supply, supply->open);
    atp_qty_t open = ordered > supply->received ? ordered - supply->received : 0;

    supply->ordered = ordered > supply->received || ordered == 0 ? ordered : supply->received;
    if (open == 0) {
        atp_ledger_close_supply(ledger, number,
                                supply->received == 0 ? ATP_SUPPLY_CANCELLED : ATP_SUPPLY_CLOSED);
        atp_ledger_note_inbound(ledger, number, inbound);
        return true;
    }
    if (open < supply->open) {
        atp_ledger_lower_supply(ledger, number, supply->open - open);
    } else if (open > supply->open) {
        atp_supplies_change_open(&ledger->supplies, number, open - supply->open);
    }
    atp_ledger_note_inbound(ledger, number, inbound);
    return false;
}

static atp_verdict_t change_supply(apply_t *apply, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_supply_t *supply = atp_supply_at(&ledger->supplies, number);
    int64_t due_ms = number_of(apply, ATP_KEY_DUE, 0);
    uint32_t row = supply->row;
    atp_qty_t ordered;

    atp_verdict_t verdict = look_at_change(apply, supply, &ordered);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    uint32_t sku = atp_positions_at(&ledger->positions, row)->sku;
    due_ms = due_ms != 0 ? due_ms : supply->due_ms;
    if (supply->status != ATP_SUPPLY_OPEN) {
        return ordered == 0 && supply->status != ATP_SUPPLY_RECEIVED
                   ? ATP_CONFIRMED
                   : atp_ledger_refuse(apply, ATP_SUPPLY_ENDED, ATP_FIELD_SUBJECT, 0);
    }
    atp_ledger_settle_row(ledger, row, apply->now_ms);
    answer(apply, ordered, atp_positions_scale(&ledger->positions, sku));
    if (ordered == supply->ordered && due_ms == supply->due_ms) {
        return ATP_CONFIRMED;
    }
    if (!change_ordered(ledger, number, ordered) && due_ms != supply->due_ms) {
        atp_supplies_put_at(&ledger->supplies, number, due_ms);
        atp_ledger_drop_late_pegs(ledger, number);
        if (atp_supplies_first_at_risk(&ledger->supplies, row) != 0) { /* the new day may have been told */
            atp_ledger_note_at_risk(ledger, row);
        }
    }
    atp_ledger_back(apply, row);
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_put_supply(apply_t *apply)
{
    uint32_t number;

    if (apply->op->line_count > 1) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 1);
    }
    return atp_ledger_find_supply(apply, &number) ? change_supply(apply, number) : create_supply(apply);
}

/* ---- receiving ---- */

/* A fact stands whatever was expected: what is not of an open supply comes in all the same, and is told. */
static atp_verdict_t receive_unexpected(apply_t *apply, const resolved_line_t *line)
{
    atp_ledger_change_bucket(apply, line->row, ATP_BUCKET_ON_HAND, line->qty);
    atp_ledger_raise(apply, ATP_EXCEPTION_RECEIVED_WITHOUT_SUPPLY, line->row, line->qty);
    return ATP_APPLIED_BEYOND;
}

/* A transfer is over: how many more came than have left its source. */
static void tell_discrepancy(apply_t *apply, const atp_supply_t *supply)
{
    if (supply->kind == ATP_SUPPLY_TRANSFER && supply->shipped > 0 && supply->received != supply->shipped) {
        atp_ledger_raise(apply, ATP_EXCEPTION_TRANSFER_DISCREPANCY, supply->row,
                         supply->received - supply->shipped);
    }
}

/* What came of an open supply: its promises first. More than was expected is told. */
static atp_verdict_t receive_expected(apply_t *apply, uint32_t number, atp_qty_t qty, bool is_final)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_supply_t *supply = atp_table_change(&ledger->supplies.supplies, number);
    atp_qty_t open = supply->open;
    atp_qty_t within = qty < open ? qty : open;
    atp_qty_t inbound = atp_supply_inbound(supply, open);

    supply->received += qty;
    inbound = atp_supply_inbound(supply, is_final ? 0 : open - within) - inbound;
    if (inbound != 0) {
        atp_supplies_note_moving(&ledger->supplies, supply->row, inbound, 0);
    }
    if (qty > 0 || inbound != 0) {
        (void)atp_ledger_change_inbound(apply, supply->row, qty, inbound);
    }
    if (qty > 0) {
        atp_ledger_fill_supply(apply, number, qty);
        atp_ledger_lower_supply(ledger, number, within);
    }
    if (qty > open) {
        atp_ledger_raise(apply, ATP_EXCEPTION_RECEIVED_WITHOUT_SUPPLY, supply->row, qty - open);
    }
    if (qty >= open || is_final) {
        tell_discrepancy(apply, supply);
        atp_ledger_close_supply(ledger, number, qty >= open ? ATP_SUPPLY_RECEIVED : ATP_SUPPLY_CLOSED);
    }
    atp_ledger_back(apply, supply->row);
    return qty == open ? ATP_APPLIED : qty < open ? ATP_APPLIED_IN_PART : ATP_APPLIED_BEYOND;
}

atp_verdict_t atp_ledger_receive_supply(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    resolved_line_t *line = &ledger->lines[0];
    bool is_final = number_of(apply, ATP_KEY_FINAL, 0) != 0;
    uint32_t number;

    atp_verdict_t verdict = resolve_line(apply, line);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_qty_t now =
        line->row == NO_ROW ? 0 : atp_load_relaxed(&atp_positions_at(&ledger->positions, line->row)->on_hand);
    if (line->qty == 0 && !is_final) {
        return atp_ledger_refuse(apply, ATP_QTY_MUST_BE_POSITIVE, ATP_FIELD_QTY, 0);
    }
    bool is_known = atp_ledger_find_supply(apply, &number);
    const atp_supply_t *supply = is_known ? atp_supply_at(&ledger->supplies, number) : NULL;
    bool is_expected = is_known && supply->status == ATP_SUPPLY_OPEN && supply->row == line->row;
    if (!is_expected && line->qty == 0) {
        return atp_ledger_refuse(apply, is_known ? ATP_SUPPLY_ENDED : ATP_UNKNOWN_SUPPLY, ATP_FIELD_SUBJECT,
                                 0);
    }
    if (!atp_qty_in_range(now + line->qty) ||
        (is_expected && !atp_qty_in_range(supply->received + line->qty))) {
        return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, 0);
    }
    atp_ledger_need_row(apply, line);
    atp_ledger_settle_row(ledger, line->row, apply->now_ms);
    answer(apply, line->qty, line->scale);
    if (!is_expected) {
        verdict = receive_unexpected(apply, line);
    } else {
        if (supply->source_line != 0) {
            atp_ledger_transfer_arrived(apply, number, line->qty, is_final);
        }
        verdict = supply->status == ATP_SUPPLY_OPEN
                      ? receive_expected(apply, number, line->qty, is_final)
                      : ATP_APPLIED; /* a transfer given back in whole is over */
    }
    atp_ledger_note_over_commitment(apply, line->row);
    return verdict;
}
