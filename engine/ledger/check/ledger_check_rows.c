/* Positions (P), reservations (H) and the wheel (W), recomputed. */
#include "engine/ledger/check/ledger_check_priv.h"

/* ---- positions ---- */

/* P8, and M1 of its SKU. */
static atp_err_t check_merged(const atp_ledger_t *ledger, uint32_t row, const atp_position_view_t *view,
                              atp_why_t *ret_why)
{
    const atp_position_t *position = atp_positions_at(&ledger->positions, row);
    atp_position_t *other = atp_positions_at(&ledger->positions, atp_positions_now(&ledger->positions, row));
    uint32_t found;

    if (view->on_hand != 0 || view->unavailable != 0 || view->reserved != 0 || view->allocated != 0 ||
        view->safety != 0 || view->soonest_deadline_ms != ATP_NEVER_MS ||
        view->flags != ATP_POSITION_IS_MERGED || position->last_line == 0 ||
        atp_positions_find(&ledger->positions, view->sku, view->node, &found) || other->node != view->node ||
        other->sku != atp_catalog_sku_now(&ledger->catalog, view->sku) || other->sku == view->sku) {
        return ATP_BROKEN(ret_why, "P8",
                          "row %u (SKU %u at node %u) was merged, and is not empty, or leads to "
                          "another node or SKU",
                          row, view->sku, view->node);
    }
    return ATP_OK;
}

static atp_err_t check_position(const atp_ledger_t *ledger, uint32_t row, atp_why_t *ret_why)
{
    atp_position_view_t view;
    const atp_position_t *position = atp_positions_at(&ledger->positions, row);
    uint32_t version = atp_load_relaxed(&((atp_position_t *)position)->version);
    uint32_t found = 0;

    if (version & 1) {
        return ATP_BROKEN(ret_why, "P5", "row %u is left open at version %u", row, version);
    }
    atp_positions_read(&ledger->positions, row, &view);
    if (view.reserved < 0 || view.allocated < 0 || view.unavailable < 0 || view.safety < 0) {
        return ATP_BROKEN(ret_why, "P1",
                          "row %u: reserved %lld, allocated %lld, unavailable %lld, safety %lld", row,
                          (long long)view.reserved, (long long)view.allocated, (long long)view.unavailable,
                          (long long)view.safety);
    }
    if (!atp_qty_in_range(view.on_hand) || view.reserved > ATP_QTY_MAX || view.allocated > ATP_QTY_MAX ||
        view.unavailable > ATP_QTY_MAX || view.safety > ATP_QTY_MAX) {
        return ATP_BROKEN(ret_why, "P2", "row %u has a bucket out of range", row);
    }
    if (atp_position_has(position, ATP_POSITION_IS_MERGED)) {
        return check_merged(ledger, row, &view, ret_why);
    }
    if (view.sku >= atp_table_count(&ledger->catalog.skus) ||
        view.node >= atp_table_count(&ledger->catalog.nodes) ||
        !atp_positions_find(&ledger->positions, view.sku, view.node, &found) || found != row) {
        return ATP_BROKEN(ret_why, "P6", "row %u (SKU %u at node %u) is not found through its directory", row,
                          view.sku, view.node);
    }
    if (atp_position_has(position, ATP_POSITION_OVER_COMMITTED) && !atp_ledger_is_over_committed(position)) {
        return ATP_BROKEN(ret_why, "P7", "row %u counts as over-committed and is not", row);
    }
    return ATP_OK;
}

atp_err_t atp_check_positions(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t rows = atp_table_count(&ledger->positions.rows);
    uint64_t skus = atp_table_count(&ledger->catalog.skus);
    uint64_t listed = 0;

    for (uint64_t row = 0; row < rows; row++) {
        atp_err_t err = check_position(ledger, (uint32_t)row, ret_why);
        listed +=
            atp_position_has(atp_positions_at(&ledger->positions, (uint32_t)row), ATP_POSITION_IS_MERGED);
        if (err != ATP_OK) {
            return err;
        }
    }
    for (uint64_t sku = 0; sku < skus; sku++) {
        listed += atp_positions_list(&ledger->positions, (uint32_t)sku, NULL, 0);
    }
    if (listed != rows) {
        return ATP_BROKEN(ret_why, "P6", "the directories list %llu rows, there are %llu", (ull_t)listed,
                          (ull_t)rows);
    }
    return ATP_OK;
}

/* ---- the trees ---- */

#define DEPTH_MAX 256

typedef struct tree_sum {
    uint64_t lines;
    uint64_t lines_max;
    atp_qty_t reserved;
    atp_qty_t allocated;
    int64_t first_deadline_ms;
} tree_sum_t;

static bool is_child_in_order(const atp_reservations_t *reservations, uint32_t parent, uint32_t child)
{
    return child == 0 ||
           (child - 1 < atp_table_count(&reservations->lines) &&
            atp_line_at(reservations, child - 1)->above == parent + 1 &&
            atp_line_priority(reservations, child - 1) < atp_line_priority(reservations, parent));
}

/* Adds one line, met after `before` (number + 1; 0 = first); false if it does not belong there. */
static bool add_line(const atp_reservations_t *reservations, uint32_t row, uint32_t number, uint32_t before,
                     tree_sum_t *sum)
{
    const atp_line_t *line = atp_line_at(reservations, number);

    if (line->row != row || !line->is_in_tree || ++sum->lines > sum->lines_max) {
        return false;
    }
    if (before != 0) {
        const atp_line_t *last = atp_line_at(reservations, before - 1);
        if (last->deadline > line->deadline || (last->deadline == line->deadline && before - 1 >= number)) {
            return false;
        }
    } else {
        sum->first_deadline_ms = atp_line_deadline_ms(line);
    }
    sum->reserved += line->reserved;
    sum->allocated += line->allocated;
    return true;
}

/* The line that has none above it. False if the way up from the last one does not end. */
static bool find_root(const atp_reservations_t *reservations, uint32_t last, uint32_t *ret_root)
{
    uint32_t at = last;

    *ret_root = 0;
    for (uint32_t depth = 0; at != 0; depth++) {
        if (depth == DEPTH_MAX || at - 1 >= atp_table_count(&reservations->lines)) {
            return false;
        }
        *ret_root = at;
        at = atp_line_at(reservations, at - 1)->above;
    }
    return true;
}

/* Walks one tree in order. False if it is no tree in this order. */
static bool add_up_tree(const atp_reservations_t *reservations, uint32_t row, uint32_t last, tree_sum_t *sum)
{
    uint32_t stack[DEPTH_MAX];
    uint32_t depth = 0;
    uint32_t before = 0;
    uint32_t root;

    if (!find_root(reservations, last, &root)) {
        return false;
    }
    while (root != 0 || depth > 0) {
        if (root != 0) {
            if (depth == DEPTH_MAX || root - 1 >= atp_table_count(&reservations->lines)) {
                return false;
            }
            const atp_line_t *line = atp_line_at(reservations, root - 1);
            if (!is_child_in_order(reservations, root - 1, line->left) ||
                !is_child_in_order(reservations, root - 1, line->right)) {
                return false;
            }
            stack[depth++] = root;
            root = line->left;
            continue;
        }
        root = stack[--depth];
        if (!add_line(reservations, row, root - 1, before, sum)) {
            return false;
        }
        before = root;
        root = atp_line_at(reservations, root - 1)->right;
    }
    return before == last;
}

static atp_err_t other_sum(const atp_ledger_t *ledger, const atp_position_view_t *view, const tree_sum_t *sum,
                           atp_why_t *ret_why)
{
    atp_text_t sku = atp_catalog_sku_id(&ledger->catalog, view->sku);
    atp_text_t node = atp_catalog_node_id(&ledger->catalog, view->node);

    return ATP_BROKEN(ret_why, "P3",
                      "%.*s at %.*s: reserved %lld and allocated %lld, its lines sum to %lld and %lld",
                      (int)sku.size, sku.bytes, (int)node.size, node.bytes, (long long)view->reserved,
                      (long long)view->allocated, (long long)sum->reserved, (long long)sum->allocated);
}

atp_err_t atp_check_trees(const atp_ledger_t *ledger, uint64_t lines_in_trees, atp_why_t *ret_why)
{
    uint64_t rows = atp_table_count(&ledger->positions.rows);
    uint64_t lines = 0;

    for (uint64_t row = 0; row < rows; row++) {
        const atp_position_t *position = atp_positions_at(&ledger->positions, (uint32_t)row);
        tree_sum_t sum = {.lines_max = lines_in_trees, .first_deadline_ms = ATP_NEVER_MS};
        uint32_t last = atp_position_has(position, ATP_POSITION_IS_MERGED) ? 0 : position->last_line;
        atp_position_view_t view;
        atp_positions_read(&ledger->positions, (uint32_t)row, &view);
        if (!add_up_tree(&ledger->reservations, (uint32_t)row, last, &sum)) {
            return ATP_BROKEN(ret_why, "H5", "the lines of row %llu are not in deadline and heap order",
                              (ull_t)row);
        }
        if (sum.reserved != view.reserved || sum.allocated != view.allocated) {
            return other_sum(ledger, &view, &sum, ret_why);
        }
        if (sum.first_deadline_ms != view.soonest_deadline_ms) {
            return ATP_BROKEN(ret_why, "P4",
                              "row %llu: soonest deadline %lld, that of its first line is %lld", (ull_t)row,
                              (long long)view.soonest_deadline_ms, (long long)sum.first_deadline_ms);
        }
        lines += sum.lines;
    }
    if (lines != lines_in_trees) {
        return ATP_BROKEN(ret_why, "H3", "%llu lines say they are in a tree, %llu are", (ull_t)lines_in_trees,
                          (ull_t)lines);
    }
    return ATP_OK;
}

/* ---- reservations and their lines ---- */

typedef struct totals {
    uint64_t by_status[3];
    uint64_t lines;
    uint64_t lines_in_trees;
    uint64_t lines_reserved;
    uint64_t lines_allocated;
} totals_t;

static atp_err_t check_line(const atp_ledger_t *ledger, uint32_t reservation, uint32_t number,
                            uint16_t expected_number, uint16_t least_asked, atp_why_t *ret_why)
{
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    const atp_reservation_t *owner = atp_reservation_at(&ledger->reservations, reservation);
    atp_qty_t waiting = atp_line_waiting(&ledger->reservations, number);
    atp_qty_t accounted = line->reserved + line->allocated + line->shipped + waiting;

    if (line->reservation != reservation || line->number < least_asked ||
        line->row >= atp_table_count(&ledger->positions.rows)) {
        return ATP_BROKEN(ret_why, "H1", "line %u is not line %u of reservation %u", number, expected_number,
                          reservation);
    }
    if (line->reserved < 0 || line->allocated < 0 || line->shipped < 0 || waiting < 0 ||
        accounted > line->granted || (accounted < line->granted) != (line->ended_as != ATP_LINE_ACCEPTED)) {
        return ATP_BROKEN(
            ret_why, "H2",
            "line %u of reservation %u: granted %lld, reserved %lld, allocated %lld, shipped %lld, "
            "waiting %lld, ended as %u",
            expected_number, reservation, (long long)line->granted, (long long)line->reserved,
            (long long)line->allocated, (long long)line->shipped, (long long)waiting, line->ended_as);
    }
    if ((line->is_in_tree != 0) !=
        (line->reserved + line->allocated + atp_line_waiting(&ledger->reservations, number) > 0)) {
        return ATP_BROKEN(ret_why, "H3", "line %u of reservation %u is %s the tree of its position",
                          expected_number, reservation, line->is_in_tree ? "in" : "not in");
    }
    bool must_expire = atp_line_expiring(&ledger->reservations, number) > 0;
    if (atp_line_deadline_ms(line) != (must_expire ? owner->deadline_ms : ATP_NEVER_MS)) {
        return ATP_BROKEN(ret_why, "H5", "line %u of reservation %u has a deadline of its own",
                          expected_number, reservation);
    }
    return ATP_OK;
}

static atp_err_t check_lines(const atp_ledger_t *ledger, uint32_t reservation, totals_t *totals,
                             atp_why_t *ret_why)
{
    const atp_reservation_t *owner = atp_reservation_at(&ledger->reservations, reservation);
    uint64_t in_trees_before = totals->lines_in_trees;
    bool is_waiting = false;
    bool must_expire = false;
    uint32_t at = owner->first_line;

    uint16_t least_asked = 0; /* several lines may serve one of the request, in its order */
    for (uint16_t i = 0; i < owner->line_count; i++) {
        if (at == 0 || at > atp_table_count(&ledger->reservations.lines)) {
            return ATP_BROKEN(ret_why, "H1", "reservation %u has %u lines of %u", reservation, i,
                              owner->line_count);
        }
        atp_err_t err = check_line(ledger, reservation, at - 1, i, least_asked, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        least_asked = line->number;
        totals->lines++;
        totals->lines_in_trees += line->is_in_tree != 0;
        totals->lines_reserved += line->reserved > 0;
        totals->lines_allocated += line->allocated > 0;
        is_waiting = is_waiting || atp_line_waiting(&ledger->reservations, at - 1) > 0;
        must_expire = must_expire || atp_line_expiring(&ledger->reservations, at - 1) > 0;
        at = line->next;
    }
    if (at != 0 || owner->line_count == 0) {
        return ATP_BROKEN(ret_why, "H1", "reservation %u has other lines than the %u it counts", reservation,
                          owner->line_count);
    }
    if (must_expire != (owner->is_in_wheel != 0)) {
        return ATP_BROKEN(ret_why, "H4", "reservation %u is %s the wheel", reservation,
                          owner->is_in_wheel ? "in" : "not in");
    }
    if ((totals->lines_in_trees > in_trees_before || is_waiting) != (owner->status == ATP_RESERVATION_LIVE)) {
        atp_text_t id = atp_strings_get(&ledger->catalog.strings, owner->id_ref);
        return ATP_BROKEN(ret_why, "H1", "reservation '%.*s' has status %u", (int)id.size, id.bytes,
                          owner->status);
    }
    return ATP_OK;
}

static atp_err_t check_reservation(const atp_ledger_t *ledger, uint32_t number, totals_t *totals,
                                   atp_why_t *ret_why)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    uint32_t found = UINT32_MAX;

    if (reservation->status > ATP_RESERVATION_ENDED) {
        return ATP_BROKEN(ret_why, "H1", "reservation %u has status %u", number, reservation->status);
    }
    totals->by_status[reservation->status]++;
    if (reservation->status == ATP_RESERVATION_FREE) {
        return ATP_OK;
    }
    if (reservation->id_ref == 0 || reservation->id_ref >= atp_table_count(&ledger->catalog.strings)) {
        return ATP_BROKEN(ret_why, "H1", "reservation %u has no id", number);
    }
    atp_text_t id = atp_strings_get(&ledger->catalog.strings, reservation->id_ref);
    if (!atp_ledger_find_reservation(ledger, id, &found) || found != number) {
        return ATP_BROKEN(ret_why, "H1", "reservation %u is not found by its id '%.*s'", number, (int)id.size,
                          id.bytes);
    }
    if (reservation->version > ledger->root->op || reservation->created_ms > ledger->root->time_ms ||
        reservation->channel >= atp_table_count(&ledger->catalog.channels)) {
        return ATP_BROKEN(ret_why, "L2", "reservation %u comes from the future, or from no channel", number);
    }
    return check_lines(ledger, number, totals, ret_why);
}

/* Follows a chain of reservations of one status; it must have `expected` of them. */
static atp_err_t check_queue(const atp_ledger_t *ledger, const char *name, uint32_t first, uint8_t status,
                             uint64_t expected, uint32_t *ret_last, atp_why_t *ret_why)
{
    uint64_t count = 0;

    *ret_last = 0;
    for (uint32_t at = first; at != 0; count++) {
        if (count == expected || at > atp_table_count(&ledger->reservations.records) ||
            atp_reservation_at(&ledger->reservations, at - 1)->status != status) {
            return ATP_BROKEN(ret_why, "H1", "the %s queue is longer than %llu or leads to another status",
                              name, (ull_t)expected);
        }
        if (status == ATP_RESERVATION_ENDED &&
            atp_reservation_at(&ledger->reservations, at - 1)->previous != *ret_last) {
            return ATP_BROKEN(ret_why, "H1", "reservation %u does not know the one before it", at - 1);
        }
        *ret_last = at;
        at = atp_reservation_at(&ledger->reservations, at - 1)->next;
    }
    if (count != expected) {
        return ATP_BROKEN(ret_why, "H1", "the %s queue has %llu reservations, there are %llu", name,
                          (ull_t)count, (ull_t)expected);
    }
    return ATP_OK;
}

static atp_err_t check_queues(const atp_ledger_t *ledger, const totals_t *totals, atp_why_t *ret_why)
{
    const atp_reservation_heads_t *heads = ledger->reservations.heads;
    uint64_t free_lines = 0;
    uint32_t last;

    atp_err_t err = check_queue(ledger, "free", heads->free_reservation, ATP_RESERVATION_FREE,
                                totals->by_status[ATP_RESERVATION_FREE], &last, ret_why);
    if (err == ATP_OK) {
        err = check_queue(ledger, "ended", heads->ended_first, ATP_RESERVATION_ENDED,
                          totals->by_status[ATP_RESERVATION_ENDED] - heads->reconciled_count, &last, ret_why);
    }
    if (err == ATP_OK && last != heads->ended_last) {
        return ATP_BROKEN(ret_why, "H1", "the ended queue does not end at its last reservation");
    }
    if (err == ATP_OK) {
        err = check_queue(ledger, "reconciled", heads->reconciled_first, ATP_RESERVATION_ENDED,
                          heads->reconciled_count, &last, ret_why);
    }
    if (err == ATP_OK && last != heads->reconciled_last) {
        return ATP_BROKEN(ret_why, "H1", "the reconciled queue does not end at its last reservation");
    }
    for (uint32_t at = heads->free_line; err == ATP_OK && at != 0; free_lines++) {
        if (free_lines == heads->free_line_count || at > atp_table_count(&ledger->reservations.lines)) {
            return ATP_BROKEN(ret_why, "L4", "the chain of free lines does not end");
        }
        at = atp_line_at(&ledger->reservations, at - 1)->next;
    }
    if (err == ATP_OK && (free_lines != heads->free_line_count ||
                          free_lines + totals->lines != atp_table_count(&ledger->reservations.lines))) {
        return ATP_BROKEN(ret_why, "L4", "%llu lines are free and %llu in use, of %llu", (ull_t)free_lines,
                          (ull_t)totals->lines, (ull_t)atp_table_count(&ledger->reservations.lines));
    }
    return err;
}

atp_err_t atp_check_reservations(const atp_ledger_t *ledger, uint64_t *ret_lines_in_trees, atp_why_t *ret_why)
{
    const atp_reservation_heads_t *heads = ledger->reservations.heads;
    uint64_t count = atp_table_count(&ledger->reservations.records);
    totals_t totals = {0};
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        err = check_reservation(ledger, (uint32_t)i, &totals, ret_why);
    }
    if (err != ATP_OK) {
        return err;
    }
    if (heads->live_count != totals.by_status[ATP_RESERVATION_LIVE] ||
        heads->ended_count != totals.by_status[ATP_RESERVATION_ENDED] ||
        heads->reserved_lines != totals.lines_reserved || heads->allocated_lines != totals.lines_allocated) {
        return ATP_BROKEN(
            ret_why, "L4",
            "counted %llu live, %llu ended, %llu reserved and %llu allocated lines; there are %llu, "
            "%llu, %llu, %llu",
            (ull_t)heads->live_count, (ull_t)heads->ended_count, (ull_t)heads->reserved_lines,
            (ull_t)heads->allocated_lines, (ull_t)totals.by_status[ATP_RESERVATION_LIVE],
            (ull_t)totals.by_status[ATP_RESERVATION_ENDED], (ull_t)totals.lines_reserved,
            (ull_t)totals.lines_allocated);
    }
    *ret_lines_in_trees = totals.lines_in_trees;
    err = check_queues(ledger, &totals, ret_why);
    return err == ATP_OK ? atp_check_index(&ledger->reservations.index, "reservations",
                                           totals.by_status[ATP_RESERVATION_LIVE] +
                                               totals.by_status[ATP_RESERVATION_ENDED],
                                           ret_why)
                         : err;
}

/* ---- the wheel ---- */

/* W1 and W2 of one reservation found in slot `index`. */
static atp_err_t check_in_wheel(const atp_ledger_t *ledger, uint32_t number, uint32_t index,
                                uint32_t previous, atp_why_t *ret_why)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    int64_t slot = reservation->deadline_ms / ATP_WHEEL_SLOT_MS;
    int64_t sweep = ledger->wheel.heads->sweep_slot;
    int64_t ahead = ((slot - sweep) % (int64_t)ATP_WHEEL_SLOTS + (int64_t)ATP_WHEEL_SLOTS) % ATP_WHEEL_SLOTS;

    if (!reservation->is_in_wheel || reservation->status != ATP_RESERVATION_LIVE ||
        slot % ATP_WHEEL_SLOTS != index || reservation->previous != previous) {
        return ATP_BROKEN(ret_why, "W1", "reservation %u stands in slot %u of the wheel by mistake", number,
                          index);
    }
    if (slot < sweep && sweep + ahead >= ledger->root->time_ms / ATP_WHEEL_SLOT_MS) {
        return ATP_BROKEN(ret_why, "W2",
                          "reservation %u, of slot %lld, was passed over: the sweep is at %lld", number,
                          (long long)slot, (long long)sweep);
    }
    return ATP_OK;
}

static uint64_t count_in_wheel(const atp_ledger_t *ledger)
{
    uint64_t records = atp_table_count(&ledger->reservations.records);
    uint64_t count = 0;

    for (uint64_t i = 0; i < records; i++) {
        count += atp_reservation_at(&ledger->reservations, (uint32_t)i)->is_in_wheel != 0;
    }
    return count;
}

atp_err_t atp_check_wheel(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t expected = count_in_wheel(ledger);
    uint64_t count = 0;

    for (uint32_t index = 0; index < ATP_WHEEL_SLOTS; index++) {
        uint32_t previous = 0;
        uint32_t at = *(const uint32_t *)atp_table_at(&ledger->wheel.slots, index);
        while (at != 0) {
            if (count++ == expected || at > atp_table_count(&ledger->reservations.records)) {
                return ATP_BROKEN(ret_why, "W1", "the list of slot %u does not end", index);
            }
            atp_err_t err = check_in_wheel(ledger, at - 1, index, previous, ret_why);
            if (err != ATP_OK) {
                return err;
            }
            previous = at;
            at = atp_reservation_at(&ledger->reservations, at - 1)->next;
        }
    }
    if (count != expected) {
        return ATP_BROKEN(ret_why, "H4", "%llu reservations say they are in the wheel, %llu are",
                          (ull_t)expected, (ull_t)count);
    }
    return ATP_OK;
}
