/* Pegs: promises from supply that is not here yet. How they are made by a reserve, how they lose their supply, and find other.
 * How they become reserved is in ledger_at_risk.c. */
#include "engine/ledger/supply/ledger_schedule.h"
#include "engine/ledger/supply/ledger_supply.h"

#include "engine/base/attribute.h"

#define PEGS_PER_LINE_MAX 1024 /* supplies that one line may be promised from */

static int32_t today_of(const apply_t *apply)
{
    return atp_day_of(apply->now_ms);
}

/* ---- reserving ---- */

atp_verdict_t atp_ledger_note_needed_by(apply_t *apply, resolved_line_t *line)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, ATP_KEY_NEEDED_BY, line->asked);

    if (attribute == NULL) {
        attribute = atp_op_attribute(apply->op, ATP_KEY_NEEDED_BY, ATP_WHOLE_OP);
    }
    line->needed_by = 0;
    apply->needed_by = 0;
    if (attribute == NULL || attribute->number == 0 || apply->is_track_only) { /* sold already: for no day */
        return ATP_APPLIED;
    }
    int32_t day = atp_day_of(attribute->number);
    if (day > today_of(apply) + ATP_SUPPLY_HORIZON) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_KEY_NEEDED_BY, line->asked);
    }
    if (day >= today_of(apply)) {
        line->needed_by = (uint16_t)day;
        apply->needed_by = line->needed_by;
    }
    return ATP_APPLIED;
}

atp_qty_t atp_ledger_promisable_by(const apply_t *apply, uint32_t row, uint16_t needed_by, atp_qty_t taken)
{
    atp_qty_t by;

    atp_ledger_schedule(apply->ledger, row, apply->now_ms, (int32_t)needed_by, 1, &by);
    return by - taken;
}

void atp_ledger_schedule(const atp_ledger_t *ledger, uint32_t row, int64_t now_ms, int32_t first,
                         uint32_t count, atp_qty_t *ret_atp)
{
    atp_position_view_t view;

    atp_positions_read(&ledger->positions, row, &view);
    atp_supply_schedule(&ledger->supplies, row, atp_day_of(now_ms), first, count, ret_atp);
    for (uint32_t i = 0; i < count; i++) {
        ret_atp[i] = view.is_withdrawn ? 0 : ret_atp[i] + atp_view_atp(&view) - view.backordered;
        if ((view.flags & ATP_POSITION_IS_SERVING) != 0 && ret_atp[i] > 0) {
            ret_atp[i] = 0;
        }
    }
}

atp_qty_t atp_ledger_here_of(const atp_ledger_t *ledger, uint32_t row, atp_qty_t granted)
{
    atp_qty_t here = atp_ledger_unclaimed(ledger, row);
    return here < 0 ? 0 : here < granted ? here : granted;
}

/* What earlier lines of the plan take of the row of line `i`. */
static atp_qty_t taken_before(const atp_ledger_t *ledger, uint32_t i)
{
    atp_qty_t taken = 0;

    for (uint32_t at = 0; at < i; at++) {
        taken += ledger->lines[at].row == ledger->lines[i].row ? ledger->lines[at].granted : 0;
    }
    return taken;
}

/* How many pegs line `i` of the plan takes at most; PEGS_PER_LINE_MAX + 1 if that is too many. Lines of one row take what is
 * here first, in their order, and share the supply. */
static uint32_t pegs_of_line(const apply_t *apply, uint32_t i)
{
    const atp_ledger_t *ledger = apply->ledger;
    const resolved_line_t *line = &ledger->lines[i];

    if (line->needed_by == 0 || line->granted == 0) {
        return 0;
    }
    atp_qty_t all = taken_before(ledger, i) + line->granted;
    atp_qty_t pegged = all - atp_ledger_here_of(ledger, line->row, all);
    return pegged == 0 ? 0
                       : atp_pegs_count_needed(&ledger->supplies, line->row, today_of(apply),
                                               (int32_t)line->needed_by, pegged, PEGS_PER_LINE_MAX);
}

atp_verdict_t atp_ledger_look_for_pegs(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint64_t pegs = 0;
    uint32_t lines = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        uint32_t count = pegs_of_line(apply, i);
        pegs += count;
        lines += count > 0;
        if (count > PEGS_PER_LINE_MAX || !atp_pegs_have_room(&ledger->supplies, pegs)) {
            return atp_ledger_refuse(apply, ATP_PEGS_FULL, ATP_FIELD_QTY, ledger->lines[i].asked);
        }
    }
    /* Components of kits have a record each already, or get one. */
    if (lines > 0 && !atp_reservations_make_progress_room(&ledger->reservations,
                                                          lines + ledger->plan_components, NO_ROW)) {
        return atp_ledger_refuse(apply, ATP_PEGS_FULL, ATP_FIELD_LINES, 0);
    }
    return ATP_APPLIED;
}

/* Moves up to `qty` units of a peg as `seed` says to supply in time, the latest first; returns what found none. */
static atp_qty_t peg_to_free(atp_ledger_t *ledger, int32_t today, const atp_peg_t *seed, atp_qty_t qty,
                             uint32_t row, uint32_t *chain)
{
    atp_supply_book_t *book = &ledger->supplies;

    while (qty > 0) {
        uint32_t supply = atp_pegs_latest_free(book, row, today, (int32_t)seed->needed_by);
        if (supply == 0 || !atp_pegs_have_room(book, 1)) {
            break;
        }
        atp_qty_t free = atp_supply_free(atp_supply_at(book, supply - 1));
        atp_peg_t peg = *seed;
        peg.qty = free < qty ? free : qty;
        peg.is_told = 0;
        atp_pegs_add(book, row, supply, &peg, chain);
        qty -= peg.qty;
    }
    return qty;
}

void atp_ledger_peg(apply_t *apply, uint32_t number, uint16_t needed_by, atp_qty_t qty)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, line->reservation);
    atp_peg_t seed = {.line = number + 1,
                      .needed_by = needed_by,
                      .rank = atp_peg_rank(line->is_firm, reservation->priority),
                      .age = ledger->root->op};

    if (qty == 0) {
        return;
    }
    atp_progress_t *progress = atp_line_change_progress(&ledger->reservations, number);
    progress->pegged += qty;
    atp_qty_t left = peg_to_free(ledger, today_of(apply), &seed, qty, line->row, &progress->first_peg);
    ATP_ASSERT(left == 0); /* promisable_by and look_for_pegs looked */
}

void atp_ledger_unpeg(atp_ledger_t *ledger, uint32_t number, atp_qty_t qty)
{
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    atp_progress_t *progress = atp_progress_change(&ledger->reservations.progress, number);

    while (qty > 0) {
        uint32_t peg = progress->first_peg - 1;
        atp_qty_t units = atp_peg_at(&ledger->supplies, peg)->qty;
        units = units < qty ? units : qty;
        atp_pegs_take(&ledger->supplies, line->row, peg, units, &progress->first_peg);
        qty -= units;
    }
}

/* The first of the days that lines of the op are needed by; -1 if one may name none. */
static int32_t first_needed_by(const apply_t *apply)
{
    const atp_op_attribute_t *attributes = atp_op_attributes(apply->op);
    const atp_op_attribute_t *of_all = atp_op_attribute(apply->op, ATP_KEY_NEEDED_BY, ATP_WHOLE_OP);
    int64_t first = of_all != NULL ? of_all->number : -1;

    for (uint32_t i = 0; i < atp_op_attribute_count(apply->op); i++) {
        if (attributes[i].key == ATP_KEY_NEEDED_BY && attributes[i].number < first) {
            first = attributes[i].number;
        }
    }
    return first > 0 && atp_day_of(first) >= today_of(apply) ? atp_day_of(first) : -1;
}

atp_qty_t atp_ledger_pegs_given_back(const apply_t *apply, uint32_t number)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_progress_t *progress = atp_line_progress(&ledger->reservations, number);
    int32_t day = progress != NULL && progress->first_peg != 0 ? first_needed_by(apply) : -1;
    atp_qty_t units = 0;

    for (uint32_t at = day >= 0 ? progress->first_peg : 0; at != 0;) {
        const atp_peg_t *peg = atp_peg_at(&ledger->supplies, at - 1);
        bool is_in_time =
            peg->supply == 0 || atp_day_of(atp_supply_at(&ledger->supplies, peg->supply - 1)->due_ms) <= day;
        units += is_in_time ? peg->qty : 0;
        at = peg->next_of_line;
    }
    return units;
}

void atp_ledger_rank_pegs(atp_ledger_t *ledger, uint32_t number)
{
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    const atp_progress_t *progress = atp_line_progress(&ledger->reservations, number);
    unsigned priority = atp_reservation_at(&ledger->reservations, line->reservation)->priority;

    for (uint32_t at = progress != NULL ? progress->first_peg : 0; at != 0;) {
        atp_pegs_put_rank(&ledger->supplies, line->row, at - 1, atp_peg_rank(line->is_firm, priority));
        at = atp_peg_at(&ledger->supplies, at - 1)->next_of_line;
    }
}

void atp_ledger_rank_all_pegs(atp_ledger_t *ledger, uint32_t reservation)
{
    for (uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line; at != 0;) {
        atp_ledger_rank_pegs(ledger, at - 1);
        at = atp_line_at(&ledger->reservations, at - 1)->next;
    }
}

atp_qty_t atp_ledger_firm_all(atp_ledger_t *ledger, uint32_t reservation)
{
    atp_qty_t firm = 0;

    for (uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line; at != 0;) {
        firm += atp_ledger_firm(ledger, at - 1);
        at = atp_line_at(&ledger->reservations, at - 1)->next;
    }
    return firm;
}

void atp_ledger_answer_firm(apply_t *apply, uint32_t reservation, atp_qty_t firm)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line;
    bool is_one_scale = true;
    uint8_t scale = 0;

    for (bool is_first = true; at != 0; is_first = false) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        uint8_t own =
            atp_positions_scale(&ledger->positions, atp_positions_at(&ledger->positions, line->row)->sku);
        is_one_scale = is_one_scale && (is_first || own == scale);
        scale = own;
        at = line->next;
    }
    apply->result->field = ATP_FIELD_NONE;
    apply->result->line = 0;
    apply->result->qty = is_one_scale ? firm : 0;
    apply->result->scale = is_one_scale ? scale : 0;
}

/* ---- when supply falls away ---- */

/* Takes up to `qty` units of a peg off its supply; they are unbacked then. Returns how many it took: all of the peg where
 * there is no room to split it. */
static atp_qty_t unback_peg(atp_ledger_t *ledger, uint32_t number, atp_qty_t qty)
{
    atp_supply_book_t *book = &ledger->supplies;
    atp_peg_t seed = *atp_peg_at(book, number);
    uint32_t row = atp_supply_at(book, seed.supply - 1)->row;
    atp_progress_t *progress = atp_progress_change(&ledger->reservations.progress, seed.line - 1);

    if (qty > seed.qty || !atp_pegs_have_room(book, 1)) {
        qty = seed.qty;
    }
    seed.qty = qty;
    seed.is_told = 0;
    atp_pegs_take(book, row, number, qty, &progress->first_peg);
    atp_pegs_add(book, row, 0, &seed, &progress->first_peg);
    atp_ledger_note_at_risk(ledger, row);
    return qty;
}

void atp_ledger_unback(atp_ledger_t *ledger, uint32_t number, atp_qty_t qty)
{
    const atp_supply_t *supply = atp_supply_at(&ledger->supplies, number);

    while (qty > 0) {
        qty -= unback_peg(ledger, supply->last_peg - 1, qty);
    }
}

void atp_ledger_drop_late_pegs(atp_ledger_t *ledger, uint32_t number)
{
    const atp_supply_t *supply = atp_supply_at(&ledger->supplies, number);
    int32_t day = atp_day_of(supply->due_ms);
    uint32_t at = supply->first_peg;

    while (at != 0) {
        const atp_peg_t *peg = atp_peg_at(&ledger->supplies, at - 1);
        uint32_t next = peg->next;
        if ((int32_t)peg->needed_by < day) {
            (void)unback_peg(ledger, at - 1, peg->qty);
        }
        at = next;
    }
}

bool atp_ledger_back_peg(apply_t *apply, uint32_t row, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_supply_book_t *book = &ledger->supplies;
    const atp_supply_row_t *sums = atp_supply_row(book, row);
    const atp_peg_t seed = *atp_peg_at(book, number);

    if (sums->open <= sums->pegged) {
        return false;
    }
    atp_progress_t *progress = atp_progress_change(&ledger->reservations.progress, seed.line - 1);
    atp_qty_t left = peg_to_free(ledger, today_of(apply), &seed, seed.qty, row, &progress->first_peg);
    if (left < seed.qty) {
        atp_pegs_take(book, row, number, seed.qty - left, &progress->first_peg);
    }
    return left == 0;
}
