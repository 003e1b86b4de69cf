/* What comes back to reservations that are archived, and what else is asked of them.
 *
 * A return checks and books the quantities kept in the archive as it would the lines of a reservation that is here. Any other
 * step is refused: ARCHIVED. */
#include "engine/base/attribute.h"
#include "engine/base/hash.h"
#include "engine/ledger/lifecycle/ledger_returns.h"

void atp_ledger_look_at_postings(atp_ledger_t *ledger, uint32_t number)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    bool is_reconciled = true;

    if (reservation->status != ATP_RESERVATION_ENDED ||
        (reservation->flags & ATP_RESERVATION_ACCOUNTED_TRANSFER) != 0) {
        return;
    }
    for (uint32_t at = reservation->first_line; at != 0 && is_reconciled;) {
        is_reconciled = !atp_line_has_open_postings(&ledger->reservations, at - 1);
        at = atp_line_at(&ledger->reservations, at - 1)->next;
    }
    if (is_reconciled != (reservation->is_reconciled != 0)) {
        atp_reservations_set_reconciled(&ledger->reservations, number, is_reconciled);
    }
}

atp_verdict_t atp_ledger_look_in_archive(apply_t *apply)
{
    const atp_archive_t *archive = &apply->ledger->reservations.archive;
    const atp_op_attribute_t *order = atp_op_attribute(apply->op, ATP_KEY_ORDER_ID, ATP_WHOLE_OP);
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    atp_text_t order_id = order != NULL ? atp_op_attribute_text(apply->op, order) : ATP_TEXT("");

    if (atp_archive_count(archive) == 0 || apply->op->kind == ATP_OP_RESERVE) {
        return ATP_UNKNOWN_RESERVATION; /* a reserve names what it replaces */
    }
    bool is_archived =
        order != NULL
            ? atp_archive_find_order(archive, order_id,
                                     atp_hash_text(order_id, atp_ledger_seed(apply->ledger))) != NULL
            : id.size > 0 && atp_archive_find(archive, id, apply->op->subject_hash) != NULL;
    return is_archived ? ATP_ARCHIVED : ATP_UNKNOWN_RESERVATION;
}

/* ---- what may come back ---- */

static atp_archive_t *archive_of(const apply_t *apply)
{
    return &apply->ledger->reservations.archive;
}

static uint32_t row_of(const apply_t *apply, const atp_archived_line_t *line)
{
    return atp_positions_now(&apply->ledger->positions, line->row);
}

static uint32_t sku_of(const apply_t *apply, const atp_archived_line_t *line)
{
    return atp_positions_at(&apply->ledger->positions, row_of(apply, line))->sku;
}

/* All that line `i` has, a component, and those behind it of the same: what went to other nodes has lines of its own. */
typedef struct component {
    atp_qty_t granted;
    atp_qty_t out; /* has left, and is not back */
    atp_qty_t back;
    uint32_t next; /* the line behind them */
} component_t;

static component_t component_at(const apply_t *apply, const atp_archived_t *archived, uint32_t i)
{
    const atp_archive_t *archive = archive_of(apply);
    uint32_t sku = sku_of(apply, atp_archive_line(archive, archived, i));
    component_t all = {0, 0, 0, i};

    for (; all.next < archived->line_count; all.next++) {
        const atp_archived_line_t *line = atp_archive_line(archive, archived, all.next);
        if (!line->is_component || sku_of(apply, line) != sku) {
            break;
        }
        all.granted += line->granted;
        all.out += line->shipped - line->returned;
        all.back += line->returned;
    }
    return all;
}

static bool is_component(const apply_t *apply, const atp_archived_t *archived, uint32_t i)
{
    return i < archived->line_count && atp_archive_line(archive_of(apply), archived, i)->is_component;
}

/* Kits of line `i` whose components are all out there; or (past) are back. */
static int64_t kits_left(const apply_t *apply, const atp_archived_t *archived, uint32_t i, bool is_past)
{
    int64_t kits = atp_archive_line(archive_of(apply), archived, i)->kits;
    int64_t least = kits;

    for (uint32_t at = i + 1; kits > 0 && is_component(apply, archived, at);) {
        component_t component = component_at(apply, archived, at);
        atp_qty_t units = is_past ? component.back : component.out;
        int64_t some = units > 0                ? atp_steps_kits_in(units, component.granted, kits)
                       : component.granted == 0 ? kits /* a kit that was put together itself */
                                                : 0;
        least = some < least ? some : least;
        at = component.next;
    }
    return least;
}

typedef struct of_sku {
    atp_qty_t units;
    int64_t kits;
    bool has_line;
} of_sku_t;

static of_sku_t units_of_sku(const apply_t *apply, const atp_archived_t *archived, uint32_t sku, bool is_past)
{
    of_sku_t all = {0, 0, false};

    for (uint32_t i = 0; i < archived->line_count; i++) {
        const atp_archived_line_t *line = atp_archive_line(archive_of(apply), archived, i);
        if (sku_of(apply, line) == sku) {
            all.has_line = true;
            all.units += is_past ? line->returned : line->shipped - line->returned;
            all.kits += kits_left(apply, archived, i, is_past);
        }
    }
    return all;
}

/* A request gets back what has left and no more; several lines of one SKU share it. */
static atp_verdict_t look_at_units(apply_t *apply, const atp_archived_t *archived)
{
    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        const resolved_line_t *back = &apply->ledger->lines[i];
        atp_qty_t unit = atp_kit_unit(back->scale);
        taken_t *taken = atp_ledger_taken(apply, back->sku);
        of_sku_t all = units_of_sku(apply, archived, back->sku, false);
        if (!all.has_line) {
            return atp_ledger_refuse(apply, ATP_UNKNOWN_LINE, ATP_FIELD_LINES, i);
        }
        if (all.units == 0 && all.kits == 0) {
            of_sku_t past = units_of_sku(apply, archived, back->sku, true);
            return atp_ledger_refuse(apply,
                                     past.units + past.kits > 0 ? ATP_ALREADY_RETURNED : ATP_NOT_SHIPPED,
                                     ATP_FIELD_LINES, i);
        }
        taken->qty += back->qty;
        if (taken->qty > all.units + atp_returns_kits_of(all.units, all.kits, taken->qty, unit) * unit) {
            return atp_ledger_refuse(apply, ATP_NOT_THAT_MANY, ATP_FIELD_QTY, i);
        }
        if (taken->qty > all.units && back->qty % unit != 0 && taken->qty > back->qty) {
            return atp_ledger_refuse(apply, ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY, i); /* part of a kit */
        }
    }
    return ATP_APPLIED;
}

/* Where a component comes back to: the node of the return. */
static resolved_line_t component_back(const apply_t *apply, const atp_archived_line_t *component,
                                      const resolved_line_t *back)
{
    const atp_positions_t *positions = &apply->ledger->positions;
    resolved_line_t line = *back;

    line.sku = sku_of(apply, component);
    line.scale = atp_positions_scale(positions, line.sku);
    if (!atp_positions_find(positions, line.sku, back->node, &line.row)) {
        line.row = NO_ROW;
    }
    return line;
}

/* Room for the rows that components may come back to, and in them: never more than all that left and all that is told. */
static atp_verdict_t look_at_components(apply_t *apply, const atp_archived_t *archived)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint64_t missing = 0;
    atp_qty_t most = 0;

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        missing += ledger->lines[i].row == NO_ROW;
        most += ledger->lines[i].qty; /* together in range: looked at before */
    }
    for (uint32_t at = 0; at < archived->line_count && most <= ATP_QTY_MAX; at++) {
        const atp_archived_line_t *line = atp_archive_line(archive_of(apply), archived, at);
        most += line->is_component ? line->shipped : 0;
    }
    atp_qty_t room = ATP_QTY_MAX - (most < ATP_QTY_MAX ? most : ATP_QTY_MAX);
    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        for (uint32_t at = 0; at < archived->line_count; at++) {
            const atp_archived_line_t *line = atp_archive_line(archive_of(apply), archived, at);
            uint32_t row = line->is_component ? component_back(apply, line, &ledger->lines[i]).row
                                              : ledger->lines[i].row;
            atp_position_t *position = row == NO_ROW ? NULL : atp_positions_at(&ledger->positions, row);
            missing += position == NULL && line->is_component;
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

/* ---- taking it back ---- */

/* Notes up to `qty` units of lines of the SKU as returned, those at the row first; says how many there were not. */
static atp_qty_t take_back(apply_t *apply, const atp_archived_t *archived, const resolved_line_t *back,
                           atp_qty_t qty)
{
    atp_qty_t left = qty;

    for (uint32_t i = 0; left > 0 && i < 2 * archived->line_count; i++) {
        bool is_first_round = i < archived->line_count;
        const atp_archived_line_t *line =
            atp_archive_line(archive_of(apply), archived, i % archived->line_count);
        atp_qty_t units = line->shipped - line->returned;
        if (units > 0 && (row_of(apply, line) == back->row) == is_first_round &&
            sku_of(apply, line) == back->sku) {
            atp_archived_line_t *change =
                atp_archive_change_line(archive_of(apply), archived, i % archived->line_count);
            atp_qty_t moved = left < units ? left : units;
            change->returned += moved;
            left -= moved;
        }
    }
    return left;
}

/* `qty` units of the component whose lines go from `i` to `end` come back, of the first ones first. They are out there. */
static void take_component_back(apply_t *apply, const atp_archived_t *archived, uint32_t i, uint32_t end,
                                const resolved_line_t *back, atp_qty_t qty)
{
    atp_archive_t *archive = archive_of(apply);
    resolved_line_t component = component_back(apply, atp_archive_line(archive, archived, i), back);
    atp_qty_t left = qty;

    if (qty == 0) {
        return;
    }
    for (uint32_t at = i; at < end && left > 0; at++) {
        atp_archived_line_t *line = atp_archive_change_line(archive, archived, at);
        atp_qty_t units = line->shipped - line->returned;
        atp_qty_t some = units < left ? units : left;
        line->returned += some;
        left -= some;
    }
    ATP_ASSERT(left == 0); /* kits_left counted them */
    atp_ledger_need_row(apply, &component);
    atp_returns_put_back(apply, &component, atp_returns_disposition(apply->op, back->asked), qty);
}

/* The components of `some` of the `left` kits of line `i` come back. */
static void take_components_back(apply_t *apply, const atp_archived_t *archived, uint32_t i,
                                 const resolved_line_t *back, int64_t left, int64_t some)
{
    int64_t all = atp_archive_line(archive_of(apply), archived, i)->kits;

    for (uint32_t at = i + 1; is_component(apply, archived, at);) {
        component_t component = component_at(apply, archived, at);
        take_component_back(apply, archived, at, component.next, back,
                            atp_steps_share_of(component.granted, all, left, some));
        at = component.next;
    }
}

static void take_kits_back(apply_t *apply, const atp_archived_t *archived, const resolved_line_t *back,
                           int64_t kits)
{
    for (uint32_t i = 0; kits > 0 && i < archived->line_count; i++) {
        if (sku_of(apply, atp_archive_line(archive_of(apply), archived, i)) != back->sku) {
            continue;
        }
        int64_t left = kits_left(apply, archived, i, false);
        int64_t some = left < kits ? left : kits;
        if (some > 0) {
            take_components_back(apply, archived, i, back, left, some);
            kits -= some;
        }
    }
    ATP_ASSERT(kits == 0);
}

/* One line that came back; how many of it were taken in. Of a fact, what had come back before is a second report, and what never
 * left is taken in all the same, with an exception. */
static atp_qty_t return_line(apply_t *apply, const atp_archived_t *archived, const resolved_line_t *back)
{
    atp_qty_t unit = atp_kit_unit(back->scale);
    of_sku_t past = units_of_sku(apply, archived, back->sku, true);
    of_sku_t out = units_of_sku(apply, archived, back->sku, false);
    int64_t kits = atp_returns_kits_of(out.units, out.kits, back->qty, unit);
    atp_qty_t left = take_back(apply, archived, back, back->qty - kits * unit);
    atp_qty_t came = back->qty - kits * unit - left; /* as such */

    take_kits_back(apply, archived, back, kits);
    if (left > past.units + past.kits * unit) {
        came += left;
        atp_steps_raise_for(apply, ATP_EXCEPTION_RETURNED_WITHOUT_SHIPMENT, back->row, left,
                            (atp_text_t){archived->id, archived->id_size});
    }
    if (came > 0) {
        atp_returns_put_back(apply, back, atp_returns_disposition(apply->op, back->asked), came);
    }
    return came + kits * unit;
}

static atp_verdict_t return_lines(apply_t *apply, const atp_archived_t *archived)
{
    atp_ledger_t *ledger = apply->ledger;
    bool is_fact = (apply->op->flags & ATP_OP_FACT) != 0;
    uint32_t count = apply->op->line_count;
    atp_qty_t total = 0;

    atp_verdict_t verdict = atp_returns_resolve(apply);
    verdict = verdict == ATP_APPLIED ? atp_returns_look_at_range(apply, count) : verdict;
    verdict = verdict == ATP_APPLIED && !is_fact ? look_at_units(apply, archived) : verdict;
    verdict = verdict == ATP_APPLIED ? look_at_components(apply, archived) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    for (uint32_t i = 0; i < count; i++) {
        resolved_line_t *back = &ledger->lines[i];
        back->asked = (uint16_t)i;
        atp_ledger_need_row(apply, back);
        back->qty = return_line(apply, archived, back);
        total += back->qty;
    }
    atp_steps_answer(apply, count);
    return total > 0 ? ATP_APPLIED : ATP_CONFIRMED;
}

/* "All of it came back": to where each line was. */
static atp_verdict_t return_all(apply_t *apply, const atp_archived_t *archived)
{
    atp_ledger_t *ledger = apply->ledger;
    bool is_fact = (apply->op->flags & ATP_OP_FACT) != 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < archived->line_count; i++) {
        const atp_archived_line_t *line = atp_archive_line(archive_of(apply), archived, i);
        if (line->shipped == line->returned) {
            continue;
        }
        if (count == ATP_LINES_PER_OP_MAX) {
            return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
        }
        ledger->lines[count++] =
            (resolved_line_t){.line = i,
                              .row = row_of(apply, line),
                              .scale = atp_positions_scale(&ledger->positions, sku_of(apply, line)),
                              .qty = line->shipped - line->returned};
    }
    if (count == 0) {
        return is_fact ? ATP_CONFIRMED
                       : atp_ledger_refuse(apply, ATP_ALREADY_RETURNED, ATP_FIELD_RESERVATION, 0);
    }
    atp_verdict_t verdict = atp_returns_look_at_range(apply, count);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    for (uint32_t i = 0; i < count; i++) {
        const resolved_line_t *back = &ledger->lines[i];
        atp_archived_line_t *line = atp_archive_change_line(archive_of(apply), archived, back->line);
        line->returned += back->qty;
        atp_returns_put_back(apply, back, atp_returns_disposition(apply->op, UINT32_MAX), back->qty);
    }
    atp_steps_answer(apply, count);
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_return_archived(apply_t *apply, const atp_archived_t *archived)
{
    return apply->op->line_count == 0 ? return_all(apply, archived) : return_lines(apply, archived);
}
