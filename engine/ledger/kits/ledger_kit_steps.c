/* Steps that name a kit: its stocked units first, then its components in proportion, as the reservation froze them.
 *
 * Of a line of n kits that took g units of a component, floor(g * r / n) units belong to r kits. So many kits are left in a
 * state as the component has that has fewest: the greatest r <= n with floor(g * r / n) <= the units in that state. A step
 * of m of r kits moves floor(g * r / n) - floor(g * (r - m) / n) units of each: however n kits are cut into steps, all g
 * units move. The kits of one line are alike (ledger_kits.c); only where a step has named a component there are odd units.
 *
 * A component of which units went to other nodes has several lines, one behind the other: g, and the units in a state, are of
 * all of them; a step takes of the first ones first. A step that names the kit at a node where parts of it went means the kits that
 * are whole there, and takes of the lines there. */
#include "engine/ledger/lifecycle/ledger_steps.h"

#include <stddef.h>

__extension__ typedef __int128 wide_t; /* a quantity times a number of kits */

/* floor(units * kits / all) */
static atp_qty_t units_of(atp_qty_t units, int64_t kits, int64_t all)
{
    return (atp_qty_t)((wide_t)units * kits / all);
}

int64_t atp_steps_kits_in(atp_qty_t units, atp_qty_t granted, int64_t all)
{
    int64_t kits = (int64_t)((((wide_t)units + 1) * all - 1) / granted);

    return kits < all ? kits : all;
}

static atp_qty_t units_left(apply_t *apply, uint32_t number, atp_step_t step)
{
    return atp_steps_units_for(apply, number, step) - atp_ledger_taken_qty(apply, number);
}

uint32_t atp_steps_next_component(const atp_ledger_t *ledger, uint32_t kit_line, uint32_t number)
{
    uint32_t next = atp_line_at(&ledger->reservations, number)->next;
    const atp_progress_t *progress = next == 0 ? NULL : atp_line_progress(&ledger->reservations, next - 1);

    return progress != NULL && progress->kit_parent == kit_line + 1 ? next : 0;
}

static uint32_t sku_of(const atp_ledger_t *ledger, uint32_t number)
{
    return atp_positions_at(&ledger->positions, atp_line_at(&ledger->reservations, number)->row)->sku;
}

/* The next line behind `number` of the same component, + 1; 0 = it has no more. */
static uint32_t next_of_component(const atp_ledger_t *ledger, uint32_t kit_line, uint32_t number)
{
    uint32_t next = atp_steps_next_component(ledger, kit_line, number);

    return next != 0 && sku_of(ledger, next - 1) == sku_of(ledger, number) ? next : 0;
}

/* All that was granted of the component, from its first line on. */
static atp_qty_t granted_of(const atp_ledger_t *ledger, uint32_t kit_line, uint32_t first)
{
    atp_qty_t granted = 0;

    for (uint32_t at = first + 1; at != 0; at = next_of_component(ledger, kit_line, at - 1)) {
        granted += atp_line_at(&ledger->reservations, at - 1)->granted;
    }
    return granted;
}

atp_qty_t atp_steps_share_next(const atp_ledger_t *ledger, atp_kit_share_t *share, uint32_t number,
                               atp_qty_t units)
{
    uint32_t sku = sku_of(ledger, number);

    if (!share->has_begun || sku != share->sku) {
        share->rest =
            atp_steps_share_of(granted_of(ledger, share->kit_line, number),
                               atp_ledger_kits_of(ledger, share->kit_line), share->left, share->kits);
    }
    share->has_begun = true;
    share->sku = sku;
    atp_qty_t taken = units < share->rest ? units : share->rest;
    share->rest -= taken;
    return taken;
}

typedef atp_qty_t (*units_fn)(apply_t *apply, uint32_t number, atp_step_t step);

/* True if the line's units stand at the node, or it does not matter where (NO_NODE). */
static bool stands_at(const atp_ledger_t *ledger, uint32_t number, uint16_t node)
{
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);

    return node == NO_NODE || atp_positions_at(&ledger->positions, line->row)->node == node;
}

/* Kits of the line whose components are all there for the step; NO_NODE: wherever they are. */
static int64_t kits_left(apply_t *apply, uint32_t kit_line, atp_step_t step, uint16_t node, units_fn units_in)
{
    const atp_ledger_t *ledger = apply->ledger;
    int64_t kits = atp_ledger_kits_of(ledger, kit_line);
    int64_t least = kits;
    bool has_units = false;
    atp_qty_t units = 0;

    for (uint32_t at = atp_steps_next_component(ledger, kit_line, kit_line), first = at; at != 0;) {
        uint32_t next = atp_steps_next_component(ledger, kit_line, at - 1);
        units += stands_at(ledger, at - 1, node) ? units_in(apply, at - 1, step) : 0;
        if (next == 0 || sku_of(ledger, next - 1) != sku_of(ledger, at - 1)) {
            atp_qty_t granted = granted_of(ledger, kit_line, first - 1);
            int64_t left = granted > 0 ? atp_steps_kits_in(units, granted, kits) : kits;
            least = left < least ? left : least;
            has_units = has_units || units > 0;
            units = 0;
            first = next;
        }
        at = next;
    }
    return has_units ? least : 0;
}

static atp_qty_t units_granted(apply_t *apply, uint32_t number, atp_step_t step)
{
    (void)step;
    return atp_line_at(&apply->ledger->reservations, number)->granted;
}

bool atp_steps_means_kits_of(apply_t *apply, const resolved_line_t *told, uint32_t number, uint16_t *ret_node)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t row = atp_line_at(&ledger->reservations, number)->row;

    *ret_node = row == told->row ? NO_NODE : told->node;
    if (row == told->row) {
        return !atp_ledger_is_component(ledger, number);
    }
    return atp_ledger_kits_of(ledger, number) > 0 &&
           atp_positions_at(&ledger->positions, row)->sku == told->sku &&
           kits_left(apply, number, ATP_STEP_RESERVE, told->node, units_granted) > 0;
}

atp_qty_t atp_steps_share_of(atp_qty_t granted, int64_t all, int64_t left, int64_t kits)
{
    return units_of(granted, left, all) - units_of(granted, left - kits, all);
}

static atp_qty_t soft_units(const atp_reservations_t *reservations, uint32_t number)
{
    return atp_line_units(reservations, number, ATP_LINE_RESERVED) + atp_line_waiting(reservations, number);
}

/* ceil(granted * kits / all): what keeps as many kits whole, where kits differ. */
static atp_qty_t kept_for(wide_t granted, int64_t kits, int64_t all)
{
    return (atp_qty_t)((granted * kits + all - 1) / all);
}

int64_t atp_steps_soft_kits(const atp_ledger_t *ledger, uint32_t kit_line)
{
    int64_t all = atp_ledger_kits_of(ledger, kit_line);
    int64_t kits = all;

    for (uint32_t at = atp_steps_next_component(ledger, kit_line, kit_line), next = 0; at != 0; at = next) {
        wide_t granted = granted_of(ledger, kit_line, at - 1);
        wide_t units = 0;
        for (uint32_t part = at; part != 0; part = next_of_component(ledger, kit_line, part - 1)) {
            units += soft_units(&ledger->reservations, part - 1);
            next = atp_steps_next_component(ledger, kit_line, part - 1);
        }
        int64_t whole = granted > 0 ? (int64_t)(units * all / granted) : all; /* 0: put together itself */
        kits = whole < kits ? whole : kits;
    }
    return kits;
}

atp_qty_t atp_steps_beyond_kits(const atp_ledger_t *ledger, uint32_t kit_line, uint32_t number, int64_t kits)
{
    uint32_t first = 0; /* line of the component, + 1 */
    atp_qty_t before = 0;

    for (uint32_t at = atp_steps_next_component(ledger, kit_line, kit_line); at != number + 1;
         at = atp_steps_next_component(ledger, kit_line, at - 1)) {
        bool is_same = sku_of(ledger, at - 1) == sku_of(ledger, number);
        first = !is_same ? 0 : first != 0 ? first : at;
        before = is_same ? before + soft_units(&ledger->reservations, at - 1) : 0;
    }
    first = first != 0 ? first : number + 1;
    atp_qty_t kept =
        kept_for(granted_of(ledger, kit_line, first - 1), kits, atp_ledger_kits_of(ledger, kit_line)) -
        before;
    atp_qty_t units = soft_units(&ledger->reservations, number);

    kept = kept > 0 ? kept : 0;
    return units > kept ? units - kept : 0;
}

static atp_verdict_t choose(apply_t *apply, const resolved_line_t *wanted, uint32_t number, atp_qty_t qty,
                            uint32_t *ret_count)
{
    atp_ledger_t *ledger = apply->ledger;

    if (*ret_count == ATP_LINES_PER_OP_MAX) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, wanted->asked);
    }
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
    ledger->lines[(*ret_count)++] =
        (resolved_line_t){.sku = position->sku,
                          .row = line->row,
                          .line = number,
                          .node = position->node,
                          .asked = wanted->asked,
                          .scale = atp_positions_scale(&ledger->positions, position->sku),
                          .qty = qty};
    if (qty > 0) {
        atp_ledger_taken(apply, number)->qty += qty;
    }
    return ATP_APPLIED;
}

/* The kit's own units, then `kits` of its components, of those that stand at `node`. Where the kit itself stands elsewhere its line tells
 * of the kits alone: the node that it is chosen for is not its own. */
static atp_verdict_t choose_kit(apply_t *apply, const resolved_line_t *wanted, uint32_t number,
                                atp_step_t step, uint16_t node, int64_t kits, uint32_t *ret_count)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_kit_share_t share = {
        .kit_line = number, .left = kits_left(apply, number, step, node, units_left), .kits = kits};
    uint32_t place = *ret_count;
    atp_verdict_t verdict =
        choose(apply, wanted, number, wanted->qty - kits * atp_kit_unit(wanted->scale), ret_count);

    for (uint32_t at = atp_steps_next_component(ledger, number, number); verdict == ATP_APPLIED && at != 0;
         at = atp_steps_next_component(ledger, number, at - 1)) {
        bool is_there = stands_at(ledger, at - 1, node);
        atp_qty_t units = is_there ? units_left(apply, at - 1, step) : 0;
        atp_qty_t moved = atp_steps_share_next(ledger, &share, at - 1, units);
        verdict = is_there ? choose(apply, wanted, at - 1, moved, ret_count) : ATP_APPLIED;
        if (verdict == ATP_APPLIED && is_there) {
            ledger->lines[*ret_count - 1].is_component = true;
        }
    }
    if (verdict == ATP_APPLIED) {
        ledger->lines[place].kits = (uint32_t)kits;
        ledger->lines[place].node = node == NO_NODE ? ledger->lines[place].node : node;
    }
    return verdict;
}

uint32_t atp_steps_first_component(const atp_ledger_t *ledger, uint32_t kit_line, uint16_t node)
{
    uint32_t at = atp_steps_next_component(ledger, kit_line, kit_line);

    while (at != 0 && !stands_at(ledger, at - 1, node)) {
        at = atp_steps_next_component(ledger, kit_line, at - 1);
    }
    return at;
}

/* What the lines of a kit that is named at a node have there for a step. */
typedef struct kit_units {
    atp_qty_t stocked;
    int64_t kits;
    uint32_t component; /* the first one, + 1; 0 = nothing was put together */
} kit_units_t;

static kit_units_t add_up_kits(apply_t *apply, const atp_reservation_t *reservation, atp_step_t step,
                               const resolved_line_t *wanted)
{
    const atp_ledger_t *ledger = apply->ledger;
    kit_units_t all = {0, 0, 0};
    uint16_t node;

    for (uint32_t at = reservation->first_line; at != 0;
         at = atp_line_at(&ledger->reservations, at - 1)->next) {
        if (atp_steps_means_kits_of(apply, wanted, at - 1, &node)) {
            all.stocked += node == NO_NODE ? units_left(apply, at - 1, step) : 0;
            all.kits += kits_left(apply, at - 1, step, node, units_left);
            all.component =
                all.component != 0 ? all.component : atp_steps_first_component(ledger, at - 1, node);
        }
    }
    return all;
}

/* Of each line in turn what it has, until `stocked` units and `kits` kits are chosen; those of the kit at the node first. All of them
 * are chosen, some with nothing: a part of them is a part of all. */
static atp_verdict_t choose_lines(apply_t *apply, const atp_reservation_t *reservation, atp_step_t step,
                                  const resolved_line_t *wanted, int64_t kits, uint32_t *ret_count)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_qty_t unit = atp_kit_unit(wanted->scale);
    atp_qty_t stocked = wanted->qty - kits * unit;
    atp_verdict_t verdict = ATP_APPLIED;
    uint32_t at = reservation->first_line;

    for (uint32_t i = 0; verdict == ATP_APPLIED && i < 2 * reservation->line_count; i++) {
        uint32_t number = at - 1;
        at = atp_line_at(&ledger->reservations, number)->next;
        at = at != 0 ? at : reservation->first_line;
        uint16_t node;
        bool is_meant = atp_steps_means_kits_of(apply, wanted, number, &node);
        if (!is_meant || (node == NO_NODE) != (i < reservation->line_count)) {
            continue;
        }
        resolved_line_t part = *wanted;
        atp_qty_t units = node == NO_NODE ? units_left(apply, number, step) : 0;
        int64_t left = kits_left(apply, number, step, node, units_left);
        units = units < stocked ? units : stocked;
        left = left < kits ? left : kits;
        part.qty = units + left * unit;
        verdict = choose_kit(apply, &part, number, step, node, left, ret_count);
        stocked -= units;
        kits -= left;
    }
    return verdict;
}

bool atp_steps_choose_kit(apply_t *apply, const atp_reservation_t *reservation, atp_step_t step,
                          resolved_line_t wanted, uint32_t *ret_count, atp_verdict_t *ret_verdict)
{
    kit_units_t all = add_up_kits(apply, reservation, step, &wanted);
    atp_qty_t unit = atp_kit_unit(wanted.scale);
    int64_t kits = wanted.qty > all.stocked ? (wanted.qty - all.stocked + unit - 1) / unit : 0;

    if (all.component == 0) {
        return false;
    }
    if (kits <= all.kits && kits * unit <= wanted.qty) {
        *ret_verdict = choose_lines(apply, reservation, step, &wanted, kits, ret_count);
        return true;
    }
    *ret_verdict =
        all.stocked > 0 || all.kits > 0
            ? atp_ledger_refuse(apply, ATP_NOT_THAT_MANY, ATP_FIELD_QTY, wanted.asked)
            : atp_ledger_refuse(apply,
                                atp_lifecycle_refusal(step, atp_line_state(&apply->ledger->reservations,
                                                                           all.component - 1, apply->now_ms)),
                                ATP_FIELD_LINES, wanted.asked);
    return true;
}

/* ---- told as a fact ---- */

static atp_qty_t units_told(apply_t *apply, uint32_t number, atp_step_t step)
{
    return atp_line_units_for(&apply->ledger->reservations, number, step);
}

static atp_qty_t units_past(apply_t *apply, uint32_t number, atp_step_t step)
{
    return atp_line_units_past(&apply->ledger->reservations, number, step);
}

int64_t atp_steps_kits_for(apply_t *apply, uint32_t kit_line, atp_step_t step, uint16_t node)
{
    return kits_left(apply, kit_line, step, node, units_told);
}

int64_t atp_steps_kits_past(apply_t *apply, uint32_t kit_line, atp_step_t step, uint16_t node)
{
    return kits_left(apply, kit_line, step, node, units_past);
}

atp_qty_t atp_steps_units_told_at(apply_t *apply, uint32_t number, atp_step_t step, uint16_t node)
{
    return stands_at(apply->ledger, number, node) ? units_told(apply, number, step) : 0;
}

/* True if on-hand of every component stays in range when all of it leaves. */
static bool can_leave(const atp_ledger_t *ledger, uint32_t kit_line)
{
    for (uint32_t at = atp_steps_next_component(ledger, kit_line, kit_line); at != 0;
         at = atp_steps_next_component(ledger, kit_line, at - 1)) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
        if (!atp_qty_in_range(atp_load_relaxed(&position->on_hand) - line->granted)) {
            return false;
        }
    }
    return true;
}

/* Moves the components of `kits` of the kits that are left there. */
static void move_kits(apply_t *apply, uint32_t kit_line, atp_step_t step, uint16_t node, int64_t left,
                      int64_t kits)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_kit_share_t share = {.kit_line = kit_line, .left = left, .kits = kits};

    for (uint32_t at = atp_steps_next_component(ledger, kit_line, kit_line); at != 0;
         at = atp_steps_next_component(ledger, kit_line, at - 1)) {
        atp_qty_t units = atp_steps_units_told_at(apply, at - 1, step, node);
        atp_qty_t moved = atp_steps_share_next(ledger, &share, at - 1, units);
        if (moved > 0) {
            atp_ledger_move(ledger, at - 1, step, moved);
        }
    }
}

/* The same of kits that stand at the position told, or that went to its node (`is_elsewhere`). */
static atp_qty_t ship_some(apply_t *apply, uint32_t reservation, const resolved_line_t *shipped,
                           atp_step_t step, bool is_elsewhere, atp_qty_t qty)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_qty_t unit = atp_kit_unit(shipped->scale);
    uint16_t node;

    for (uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line;
         at != 0 && qty >= unit; at = atp_line_at(&ledger->reservations, at - 1)->next) {
        if (atp_ledger_kits_of(ledger, at - 1) > 0 &&
            atp_steps_means_kits_of(apply, shipped, at - 1, &node) && (node != NO_NODE) == is_elsewhere &&
            can_leave(ledger, at - 1)) {
            int64_t left = kits_left(apply, at - 1, step, node, units_told);
            int64_t kits = left < qty / unit ? left : qty / unit;
            move_kits(apply, at - 1, step, node, left, kits);
            qty -= kits * unit;
        }
    }
    return qty;
}

atp_qty_t atp_steps_ship_kits(apply_t *apply, uint32_t reservation, const resolved_line_t *shipped,
                              atp_qty_t qty)
{
    static const atp_step_t order[] = {ATP_STEP_SHIP, ATP_STEP_SHIP_RESERVED};

    for (unsigned i = 0; i < 2; i++) {
        qty = ship_some(apply, reservation, shipped, order[i], false, qty);
        qty = ship_some(apply, reservation, shipped, order[i], true, qty);
    }
    return qty;
}
