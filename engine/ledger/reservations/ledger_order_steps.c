/* Steps of a whole order: release and cancel, of all reservations that name it or of lines wherever among them they are. */
#include "engine/base/attribute.h"
#include "engine/ledger/lifecycle/ledger_steps.h"

/* Reservations of one order that one op looks at. */
#define RESERVATIONS_MAX 1024

/* The order that the op names; NULL, with the verdict, if there is none, or it has too many reservations. */
static const atp_order_t *find_order(apply_t *apply, atp_verdict_t *ret_verdict)
{
    const atp_orders_t *orders = &apply->ledger->reservations.orders;
    const atp_op_attribute_t *named = atp_op_attribute(apply->op, ATP_KEY_ORDER_ID, ATP_WHOLE_OP);
    atp_text_t id = atp_op_attribute_text(apply->op, named);
    const char *cursor = atp_op_text_begin(apply->op);
    const atp_order_t *first = atp_orders_find(orders, id, atp_hash_text(id, atp_ledger_seed(apply->ledger)));
    uint32_t count = 0;

    *ret_verdict = ATP_APPLIED;
    if (first == NULL || atp_op_text_next(&cursor).size > 0) { /* an order, or a reservation, not both */
        *ret_verdict = first == NULL
                           ? atp_ledger_refuse_key(apply, ATP_UNKNOWN_RESERVATION, ATP_KEY_ORDER_ID, 0)
                           : atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION, 0);
    }
    for (const atp_order_t *order = first; order != NULL && count <= RESERVATIONS_MAX; count++) {
        order = atp_orders_next(orders, order);
    }
    if (count > RESERVATIONS_MAX) {
        *ret_verdict = atp_ledger_refuse_key(apply, ATP_TOO_MANY_LINES, ATP_KEY_ORDER_ID, 0);
    }
    return *ret_verdict == ATP_APPLIED ? first : NULL;
}

/* All lines of all reservations that have units for the step. */
static atp_verdict_t choose_all(apply_t *apply, const atp_order_t *first, atp_step_t step,
                                uint32_t *ret_count)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;
    atp_verdict_t refusal = ATP_APPLIED;

    *ret_count = 0;
    for (const atp_order_t *order = first; order != NULL;
         order = atp_orders_next(&reservations->orders, order)) {
        atp_verdict_t verdict = atp_steps_add_all_lines(
            apply, atp_reservation_at(reservations, order->reservation - 1), step, ret_count);
        if (verdict == ATP_TOO_MANY_LINES) {
            return verdict;
        }
        refusal = refusal == ATP_APPLIED ? verdict : refusal;
    }
    if (*ret_count == 0) {
        return refusal;
    }
    return atp_ledger_refuse(apply, ATP_APPLIED, ATP_FIELD_NONE, 0);
}

/* Each line that the op names, at the first reservation that has as many units for the step. */
static atp_verdict_t choose_named(apply_t *apply, const atp_order_t *first, atp_step_t step)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;
    line_names_t names = atp_ledger_line_names(apply->op);

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        resolved_line_t *chosen = &apply->ledger->lines[i];
        atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, i, chosen);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        verdict = ATP_UNKNOWN_LINE;
        for (const atp_order_t *order = first; order != NULL && verdict != ATP_APPLIED;
             order = atp_orders_next(&reservations->orders, order)) {
            atp_verdict_t here = atp_steps_choose_line(apply, order->reservation - 1, step, i, chosen);
            /* some units, but too few, say more than none */
            verdict = here == ATP_UNKNOWN_LINE || (verdict == ATP_NOT_THAT_MANY && here != ATP_APPLIED)
                          ? verdict
                          : here;
        }
        if (verdict != ATP_APPLIED) {
            return atp_ledger_refuse(apply, verdict,
                                     verdict == ATP_NOT_THAT_MANY ? ATP_FIELD_QTY : ATP_FIELD_LINES, i);
        }
    }
    return atp_ledger_refuse(apply, ATP_APPLIED, ATP_FIELD_NONE, 0);
}

atp_verdict_t atp_ledger_step_order(apply_t *apply, atp_step_t step)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_orders_t *orders = &ledger->reservations.orders;
    uint32_t count = apply->op->line_count;
    atp_verdict_t verdict;
    const atp_order_t *first = find_order(apply, &verdict);

    if (first == NULL) {
        return verdict;
    }
    for (const atp_order_t *order = first; order != NULL; order = atp_orders_next(orders, order)) {
        atp_steps_settle(apply, order->reservation - 1);
    }
    verdict = count > 0 ? choose_named(apply, first, step) : choose_all(apply, first, step, &count);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    for (uint32_t i = 0; i < count; i++) {
        atp_ledger_move(ledger, ledger->lines[i].line, step, ledger->lines[i].qty);
    }
    for (const atp_order_t *order = first; order != NULL; order = atp_orders_next(orders, order)) {
        atp_ledger_tidy(ledger, order->reservation - 1);
    }
    atp_steps_answer(apply, count);
    return ATP_APPLIED;
}
