/* What comes back: against a reservation or blind, at any node, by disposition; and what becomes of stock set aside. */
#include "engine/ledger/lifecycle/ledger_returns.h"
#include "engine/ledger/outbound/ledger_postings.h"

#include "engine/base/attribute.h"

/* ---- what the op says ---- */

atp_disposition_t atp_returns_disposition(const atp_op_t *op, uint32_t i)
{
    const atp_op_attribute_t *own = atp_op_attribute(op, ATP_KEY_DISPOSITION, i);
    const atp_op_attribute_t *whole =
        own != NULL ? own : atp_op_attribute(op, ATP_KEY_DISPOSITION, ATP_WHOLE_OP);

    return whole != NULL ? (atp_disposition_t)whole->number : ATP_DISPOSITION_QUARANTINE;
}

atp_verdict_t atp_returns_resolve(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    line_names_t names = atp_ledger_line_names(apply->op);
    uint32_t count = apply->op->line_count;
    atp_verdict_t verdict = ATP_APPLIED;

    for (uint32_t i = 0; verdict == ATP_APPLIED && i < count; i++) {
        verdict = atp_ledger_resolve_line(apply, &names, i, &ledger->lines[i]);
    }
    return verdict == ATP_APPLIED ? atp_ledger_look_for_rows(apply, count) : verdict;
}

atp_verdict_t atp_returns_look_at_range(apply_t *apply, uint32_t count)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_qty_t total = 0;

    for (uint32_t i = 0; i < count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        total += line->qty;
        if (total > ATP_QTY_MAX) {
            return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (ledger->lines[i].row == NO_ROW) {
            continue;
        }
        atp_position_t *position = atp_positions_at(&ledger->positions, ledger->lines[i].row);
        if (atp_load_relaxed(&position->on_hand) > ATP_QTY_MAX - total ||
            atp_load_relaxed(&position->unavailable) > ATP_QTY_MAX - total) {
            return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
        }
    }
    return ATP_APPLIED;
}

/* ---- buckets ---- */

static void change_buckets(apply_t *apply, uint32_t row, atp_qty_t on_hand, atp_qty_t unavailable)
{
    if (on_hand != 0) {
        atp_ledger_change_bucket(apply, row, ATP_BUCKET_ON_HAND, on_hand);
    }
    if (unavailable != 0) {
        atp_ledger_change_bucket(apply, row, ATP_BUCKET_UNAVAILABLE, unavailable);
    }
    if (on_hand != 0 || unavailable != 0) {
        atp_ledger_note_over_commitment(apply, row);
    }
}

void atp_returns_put_back(apply_t *apply, const resolved_line_t *line, atp_disposition_t disposition,
                          atp_qty_t qty)
{
    const atp_disposition_rule_t *rule = &atp_dispositions[disposition];

    atp_ledger_settle_row(apply->ledger, line->row, apply->now_ms);
    if (ATP_UNLIKELY(apply->ledger->has_postings)) {
        atp_ledger_post_returned(apply, line->row, disposition, qty);
    }
    change_buckets(apply, line->row, rule->on_hand * qty, rule->unavailable * qty);
}

/* ---- against a reservation ---- */

/* Walks the lines of a reservation that have the SKU of `back`, those at its position first. */
typedef struct sku_lines {
    uint32_t at; /* line + 1 */
    bool is_second_round;
} sku_lines_t;

static uint32_t next_sku_line(const atp_ledger_t *ledger, const atp_reservation_t *reservation,
                              const resolved_line_t *back, sku_lines_t *walk)
{
    for (;;) {
        if (walk->at == 0) {
            if (walk->is_second_round) {
                return 0;
            }
            walk->is_second_round = true;
            walk->at = reservation->first_line;
        }
        uint32_t number = walk->at;
        const atp_line_t *line = atp_line_at(&ledger->reservations, number - 1);
        walk->at = line->next;
        bool is_same_row = line->row == back->row;
        if (is_same_row != walk->is_second_round &&
            (is_same_row || atp_positions_at(&ledger->positions, line->row)->sku == back->sku)) {
            return number;
        }
    }
}

/* What of a SKU may come back to a reservation, or has: units of its lines, and kits of it that were put together. */
typedef struct of_sku {
    atp_qty_t units;
    int64_t kits;
    uint32_t first; /* line + 1; 0 = the reservation has none of the SKU */
} of_sku_t;

static of_sku_t units_of_sku(apply_t *apply, const atp_reservation_t *reservation,
                             const resolved_line_t *back, bool is_past)
{
    const atp_ledger_t *ledger = apply->ledger;
    sku_lines_t walk = {reservation->first_line, false};
    of_sku_t all = {0, 0, 0};
    uint32_t at;

    while ((at = next_sku_line(ledger, reservation, back, &walk)) != 0) {
        all.units += is_past ? atp_line_units_past(&ledger->reservations, at - 1, ATP_STEP_RETURN)
                             : atp_line_units_for(&ledger->reservations, at - 1, ATP_STEP_RETURN);
        all.kits += is_past ? atp_steps_kits_past(apply, at - 1, ATP_STEP_RETURN, NO_NODE)
                            : atp_steps_kits_for(apply, at - 1, ATP_STEP_RETURN, NO_NODE);
        uint32_t component = atp_steps_next_component(ledger, at - 1, at - 1);
        all.first = all.first != 0 ? all.first : component != 0 ? component : at;
    }
    return all;
}

int64_t atp_returns_kits_of(atp_qty_t units, int64_t kits, atp_qty_t qty, atp_qty_t unit)
{
    int64_t some = qty > units ? (qty - units + unit - 1) / unit : 0;

    if (some <= kits && some * unit <= qty) {
        return some;
    }
    some = qty > units ? (qty - units) / unit : 0;
    return some < kits ? some : kits;
}

static int64_t kits_of(of_sku_t all, atp_qty_t qty, atp_qty_t unit)
{
    return atp_returns_kits_of(all.units, all.kits, qty, unit);
}

/* Moves up to `qty` units of lines of the SKU to returned; says how many there were not. */
static atp_qty_t take_back(atp_ledger_t *ledger, const atp_reservation_t *reservation,
                           const resolved_line_t *back, atp_qty_t qty)
{
    sku_lines_t walk = {reservation->first_line, false};
    atp_qty_t left = qty;
    uint32_t at;

    while (left > 0 && (at = next_sku_line(ledger, reservation, back, &walk)) != 0) {
        atp_qty_t units = atp_line_units_for(&ledger->reservations, at - 1, ATP_STEP_RETURN);
        atp_qty_t moved = left < units ? left : units;
        if (moved > 0) {
            atp_ledger_move(ledger, at - 1, ATP_STEP_RETURN, moved);
            left -= moved;
        }
    }
    return left;
}

/* Where a component comes back to: the node of the return. */
static resolved_line_t component_back(const atp_ledger_t *ledger, uint32_t number,
                                      const resolved_line_t *back)
{
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    resolved_line_t component = *back;

    component.sku = atp_positions_at(&ledger->positions, line->row)->sku;
    component.scale = atp_positions_scale(&ledger->positions, component.sku);
    if (!atp_positions_find(&ledger->positions, component.sku, back->node, &component.row)) {
        component.row = NO_ROW;
    }
    return component;
}

/* The components of so many kits come back. */
static void take_kits_back(apply_t *apply, const atp_reservation_t *reservation, const resolved_line_t *back,
                           atp_disposition_t disposition, int64_t kits)
{
    atp_ledger_t *ledger = apply->ledger;
    sku_lines_t walk = {reservation->first_line, false};
    uint32_t line;

    while (kits > 0 && (line = next_sku_line(ledger, reservation, back, &walk)) != 0) {
        int64_t left = atp_steps_kits_for(apply, line - 1, ATP_STEP_RETURN, NO_NODE);
        int64_t some = left < kits ? left : kits;
        atp_kit_share_t share = {.kit_line = line - 1, .left = left, .kits = some};
        kits -= some;
        for (uint32_t at = some == 0 ? 0 : atp_steps_next_component(ledger, line - 1, line - 1); at != 0;
             at = atp_steps_next_component(ledger, line - 1, at - 1)) {
            atp_qty_t units = atp_line_units_for(&ledger->reservations, at - 1, ATP_STEP_RETURN);
            atp_qty_t qty = atp_steps_share_next(ledger, &share, at - 1, units);
            resolved_line_t component = component_back(ledger, at - 1, back);
            if (qty > 0) {
                atp_ledger_move(ledger, at - 1, ATP_STEP_RETURN, qty);
                atp_ledger_need_row(apply, &component);
                atp_returns_put_back(apply, &component, disposition, qty);
            }
        }
    }
    ATP_ASSERT(kits == 0);
}

/* All that may come back by this op, and never more than that to one row. */
static atp_qty_t most_back(const apply_t *apply, const atp_reservation_t *reservation)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_qty_t most = 0;

    for (uint32_t i = 0; i < apply->op->line_count && most < ATP_QTY_MAX; i++) {
        most += ledger->lines[i].qty;
    }
    for (uint32_t at = reservation->first_line; at != 0 && most < ATP_QTY_MAX;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        most += atp_ledger_is_component(ledger, at - 1) ? line->shipped : 0;
        at = line->next;
    }
    return most < ATP_QTY_MAX ? most : ATP_QTY_MAX;
}

/* Room for the rows that components may come back to, and in them. */
static atp_verdict_t look_at_components(apply_t *apply, const atp_reservation_t *reservation)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_qty_t room = ATP_QTY_MAX - most_back(apply, reservation);
    uint64_t missing = 0;

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        const resolved_line_t *back = &ledger->lines[i];
        missing += back->row == NO_ROW;
        for (uint32_t at = reservation->first_line; at != 0;
             at = atp_line_at(&ledger->reservations, at - 1)->next) {
            uint32_t row = atp_ledger_is_component(ledger, at - 1) ? component_back(ledger, at - 1, back).row
                                                                   : back->row;
            atp_position_t *position = row == NO_ROW ? NULL : atp_positions_at(&ledger->positions, row);
            missing += position == NULL && atp_ledger_is_component(ledger, at - 1);
            if (position != NULL && (atp_load_relaxed(&position->on_hand) > room ||
                                     atp_load_relaxed(&position->unavailable) > room)) {
                return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
            }
        }
        if (!atp_table_has_room(&ledger->positions.rows, missing)) {
            return atp_ledger_refuse(apply, ATP_POSITIONS_FULL, ATP_FIELD_SKU, i);
        }
    }
    return ATP_APPLIED;
}

/* A request gets back what has left and no more; several lines of one SKU share it. */
static atp_verdict_t look_at_units(apply_t *apply, const atp_reservation_t *reservation)
{
    atp_ledger_t *ledger = apply->ledger;

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        const resolved_line_t *back = &ledger->lines[i];
        atp_qty_t unit = atp_kit_unit(back->scale);
        taken_t *taken = atp_ledger_taken(apply, back->sku);
        of_sku_t all = units_of_sku(apply, reservation, back, false);
        if (all.first == 0) {
            return atp_ledger_refuse(apply, ATP_UNKNOWN_LINE, ATP_FIELD_LINES, i);
        }
        if (all.units == 0 && all.kits == 0) {
            atp_line_state_t state = atp_line_state(&ledger->reservations, all.first - 1, apply->now_ms);
            return atp_ledger_refuse(apply, atp_lifecycle_refusal(ATP_STEP_RETURN, state), ATP_FIELD_LINES,
                                     i);
        }
        taken->qty += back->qty;
        if (taken->qty > all.units + kits_of(all, taken->qty, unit) * unit) {
            return atp_ledger_refuse(apply, ATP_NOT_THAT_MANY, ATP_FIELD_QTY, i);
        }
        if (taken->qty > all.units && back->qty % unit != 0 && taken->qty > back->qty) {
            return atp_ledger_refuse(apply, ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY, i); /* part of a kit */
        }
    }
    return ATP_APPLIED;
}

/* Room for a record beside every plain line of which something has left. */
static atp_verdict_t need_records(apply_t *apply, uint32_t number)
{
    atp_reservations_t *reservations = &apply->ledger->reservations;
    uint32_t records = 0;

    for (uint32_t at = atp_reservation_at(reservations, number)->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        records += !line->has_progress && line->shipped > 0;
        at = line->next;
    }
    return atp_reservations_make_progress_room(reservations, records, number)
               ? ATP_APPLIED
               : atp_ledger_refuse(apply, ATP_PROGRESS_FULL, ATP_FIELD_LINES, 0);
}

/* One line that came back to a reservation. Of a fact, units that had come back before are a second report, and those
 * that never left are taken in all the same, with an exception. Returns how many were taken in. */
static atp_qty_t return_line(apply_t *apply, uint32_t number, uint32_t i)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    const resolved_line_t *back = &ledger->lines[i];
    atp_qty_t unit = atp_kit_unit(back->scale);
    of_sku_t past = units_of_sku(apply, reservation, back, true);
    int64_t kits = kits_of(units_of_sku(apply, reservation, back, false), back->qty, unit);
    atp_qty_t left = take_back(ledger, reservation, back, back->qty - kits * unit);
    atp_qty_t came = back->qty - kits * unit - left; /* as such */

    take_kits_back(apply, reservation, back, atp_returns_disposition(apply->op, i), kits);
    if (left > past.units + past.kits * unit) {
        came += left;
        atp_steps_raise(apply, ATP_EXCEPTION_RETURNED_WITHOUT_SHIPMENT, back->row, left, number);
    }
    if (came > 0) {
        atp_returns_put_back(apply, back, atp_returns_disposition(apply->op, i), came);
    }
    return came + kits * unit;
}

/* "All of it came back": to where each line was. */
static atp_verdict_t return_all(apply_t *apply, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    uint32_t count = 0;
    atp_verdict_t verdict = atp_steps_choose_all_lines(apply, reservation, ATP_STEP_RETURN, &count);

    if (verdict == ATP_ALREADY_RETURNED || verdict == ATP_ALREADY_RECONCILED) {
        bool is_fact = (apply->op->flags & ATP_OP_FACT) != 0;
        return is_fact ? atp_ledger_refuse(apply, ATP_CONFIRMED, ATP_FIELD_NONE, 0) : verdict;
    }
    verdict = verdict == ATP_APPLIED ? atp_returns_look_at_range(apply, count) : verdict;
    verdict = verdict == ATP_APPLIED ? need_records(apply, number) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    for (uint32_t i = 0; i < count; i++) {
        const resolved_line_t *back = &ledger->lines[i];
        atp_ledger_move(ledger, back->line, ATP_STEP_RETURN, back->qty);
        atp_returns_put_back(apply, back, atp_returns_disposition(apply->op, UINT32_MAX), back->qty);
    }
    atp_ledger_tidy(ledger, number); /* postings are open again */
    atp_steps_answer(apply, count);
    return ATP_APPLIED;
}

static atp_verdict_t return_lines(apply_t *apply, bool has_reservation, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t count = apply->op->line_count;
    bool is_fact = (apply->op->flags & ATP_OP_FACT) != 0;
    atp_qty_t total = 0;

    atp_verdict_t verdict = atp_returns_resolve(apply);
    verdict = verdict == ATP_APPLIED ? atp_returns_look_at_range(apply, count) : verdict;
    if (verdict == ATP_APPLIED && has_reservation && !is_fact) {
        verdict = look_at_units(apply, atp_reservation_at(&ledger->reservations, number));
    }
    if (verdict == ATP_APPLIED && has_reservation) {
        verdict = need_records(apply, number);
    }
    if (verdict == ATP_APPLIED && has_reservation && atp_table_count(&ledger->kits.records) > 0) {
        verdict = look_at_components(apply, atp_reservation_at(&ledger->reservations, number));
    }
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    for (uint32_t i = 0; i < count; i++) {
        resolved_line_t *back = &ledger->lines[i];
        atp_ledger_need_row(apply, back);
        if (has_reservation) {
            back->qty = return_line(apply, number, i);
        } else {
            atp_returns_put_back(apply, back, atp_returns_disposition(apply->op, i), back->qty);
        }
        total += back->qty;
    }
    if (has_reservation) {
        atp_ledger_tidy(ledger, number);
    }
    atp_steps_answer(apply, count);
    return total > 0 ? ATP_APPLIED : ATP_CONFIRMED;
}

/* A fact that names a reservation nobody knows of: it is stock all the same, and a person looks at it. */
static void tell_unknown(apply_t *apply, atp_text_t reservation)
{
    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        const resolved_line_t *back = &apply->ledger->lines[i];
        atp_steps_raise_for(apply, ATP_EXCEPTION_RETURNED_WITHOUT_SHIPMENT, back->row, back->qty,
                            reservation);
    }
}

atp_verdict_t atp_ledger_return(apply_t *apply)
{
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    bool is_fact = (apply->op->flags & ATP_OP_FACT) != 0;
    uint32_t number = 0;
    bool has_reservation = atp_steps_find_reservation(apply, &number);

    if (!has_reservation && id.size > 0) {
        const atp_archived_t *archived =
            atp_archive_find(&apply->ledger->reservations.archive, id, apply->op->subject_hash);
        if (archived != NULL) {
            return atp_ledger_return_archived(apply, archived);
        }
    }
    if (!has_reservation && (apply->op->line_count == 0 || (id.size > 0 && !is_fact))) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION, 0);
    }
    if (has_reservation) {
        atp_steps_settle(apply, number);
    }
    if (apply->op->line_count == 0) {
        return return_all(apply, number);
    }
    atp_verdict_t verdict = return_lines(apply, has_reservation, number);
    if (verdict == ATP_APPLIED && !has_reservation && id.size > 0) {
        tell_unknown(apply, id);
    }
    return verdict;
}

/* ---- stock set aside ---- */

atp_verdict_t atp_ledger_dispose(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    resolved_line_t *line = &ledger->lines[0];
    line_names_t names = atp_ledger_line_names(apply->op);
    atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, 0, line);
    atp_disposition_t disposition = atp_returns_disposition(apply->op, 0);

    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (disposition != ATP_DISPOSITION_RESTOCK && disposition != ATP_DISPOSITION_SCRAP) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_KEY_DISPOSITION, 0);
    }
    atp_position_t *position = line->row == NO_ROW ? NULL : atp_positions_at(&ledger->positions, line->row);
    if (position == NULL || atp_load_relaxed(&position->unavailable) < line->qty) {
        return atp_ledger_refuse(apply, ATP_NOT_THAT_MANY, ATP_FIELD_QTY, 0);
    }
    atp_qty_t on_hand = disposition == ATP_DISPOSITION_SCRAP ? -line->qty : 0;
    if (!atp_qty_in_range(atp_load_relaxed(&position->on_hand) + on_hand)) {
        return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, 0);
    }
    atp_ledger_settle_row(ledger, line->row, apply->now_ms);
    change_buckets(apply, line->row, on_hand, -line->qty);
    apply->result->qty = line->qty;
    apply->result->scale = line->scale;
    return ATP_APPLIED;
}
