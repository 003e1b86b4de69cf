/* Sourcing: which nodes serve a line that leaves them open, decided in the same op that reserves.
 *
 * Candidates are the nodes that the request names, in its order; else all nodes of the SKU, by their numbers. They
 * are taken in that order, each gives what it has, until the line is served: at most ATP_SPLITS_PER_LINE_MAX of them. */
#include "engine/ledger/ledger_priv.h"

#include "engine/base/attribute.h"

resolved_line_t *atp_ledger_plan_next(atp_ledger_t *ledger)
{
    return ledger->plan_count < ledger->root->config.lines_per_reservation
               ? &ledger->lines[ledger->plan_count]
               : NULL;
}

atp_qty_t atp_ledger_free_at(apply_t *apply, uint32_t sku, uint16_t node, uint32_t *ret_row)
{
    atp_ledger_t *ledger = apply->ledger;

    if (!atp_positions_find(&ledger->positions, sku, node, ret_row)) {
        *ret_row = NO_ROW;
        return 0;
    }
    if (atp_catalog_node_state(&ledger->catalog, node) != ATP_NODE_OPEN) {
        return 0;
    }
    atp_ledger_settle_row(ledger, *ret_row, apply->now_ms);
    atp_qty_t free = atp_ledger_promisable(ledger, *ret_row) - atp_ledger_taken(apply, *ret_row)->qty;
    return free > 0 ? free : 0;
}

/* One line being served: what it still wants, and how many nodes serve it. */
typedef struct serving {
    resolved_line_t wanted;
    atp_qty_t left;
    uint32_t nodes;
} serving_t;

/* Takes what `node` has for the line. */
static atp_verdict_t take_from(apply_t *apply, serving_t *serving, uint16_t node)
{
    uint32_t row;
    atp_qty_t free = atp_ledger_free_at(apply, serving->wanted.sku, node, &row);

    if (free == 0 || serving->left == 0 || serving->nodes == ATP_SPLITS_PER_LINE_MAX) {
        return ATP_APPLIED;
    }
    resolved_line_t *line = atp_ledger_plan_next(apply->ledger);
    if (line == NULL) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, serving->wanted.asked);
    }
    *line = serving->wanted;
    line->node = node;
    line->row = row;
    line->granted = free < serving->left ? free : serving->left;
    line->qty = line->granted;
    atp_ledger_taken(apply, row)->qty += line->granted;
    apply->ledger->plan_count++;
    serving->left -= line->granted;
    serving->nodes++;
    return ATP_APPLIED;
}

/* The nodes the request names for the line, or for the whole op. *ret_count 0: it names none. */
static atp_verdict_t take_from_named(apply_t *apply, serving_t *serving, unsigned line, uint32_t *ret_count)
{
    const atp_op_t *op = apply->op;
    const atp_catalog_t *catalog = &apply->ledger->catalog;
    const atp_op_attribute_t *attribute = atp_op_attribute(op, ATP_KEY_NODE, line);

    *ret_count = 0;
    while (attribute != NULL) {
        atp_text_t name = atp_op_attribute_text(op, attribute);
        uint16_t node;
        if (!atp_catalog_find_node(catalog, name, atp_hash_text(name, atp_ledger_seed(apply->ledger)),
                                   &node)) {
            return atp_ledger_refuse(apply, ATP_UNKNOWN_NODE, ATP_FIELD_ATTRIBUTE, serving->wanted.asked);
        }
        atp_verdict_t verdict = take_from(apply, serving, node);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        ++*ret_count;
        uint32_t next = (uint32_t)(attribute - atp_op_attributes(op)) + 1;
        attribute = atp_op_attribute_from(op, next, ATP_KEY_NODE, line);
    }
    return ATP_APPLIED;
}

static atp_verdict_t take_from_all(apply_t *apply, serving_t *serving)
{
    uint64_t nodes = atp_table_count(&apply->ledger->catalog.nodes);

    for (uint64_t node = 0; node < nodes && serving->left > 0; node++) {
        atp_verdict_t verdict = take_from(apply, serving, (uint16_t)node);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
    }
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_plan_open_line(apply_t *apply, resolved_line_t wanted)
{
    serving_t serving = {wanted, wanted.qty, 0};
    uint32_t named;

    atp_verdict_t verdict = take_from_named(apply, &serving, wanted.asked, &named);
    if (verdict == ATP_APPLIED && named == 0) {
        verdict = take_from_named(apply, &serving, ATP_WHOLE_OP, &named);
    }
    if (verdict == ATP_APPLIED && named == 0) {
        verdict = take_from_all(apply, &serving);
    }
    if (verdict != ATP_APPLIED || serving.left == 0) {
        return verdict;
    }
    if (apply->op->option != ATP_RESERVE_PARTIAL) {
        return atp_ledger_refuse(apply, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, wanted.asked);
    }
    if (serving.nodes > 0) {
        apply->ledger->lines[apply->ledger->plan_count - 1].qty += serving.left; /* asked for, not granted */
    }
    return ATP_APPLIED;
}
