/* External orders (E) and the history of reservations (Y), recomputed. */
#include "engine/ledger/check/ledger_check_priv.h"

/* E1, E2 of one record in use. */
static atp_err_t check_order(const atp_ledger_t *ledger, uint32_t record, atp_why_t *ret_why)
{
    const atp_reservations_t *reservations = &ledger->reservations;
    const atp_orders_t *orders = &reservations->orders;
    const atp_order_t *order = atp_table_at(&orders->records, record);
    atp_text_t id = {order->id, order->id_size};

    if (order->reservation > atp_table_count(&reservations->records) ||
        !atp_reservation_at(reservations, order->reservation - 1)->has_order ||
        atp_orders_of(orders, order->reservation - 1) != order) {
        return ATP_BROKEN(ret_why, "E1", "record %u of orders is not that of reservation %u", record,
                          order->reservation - 1);
    }
    uint64_t count = atp_table_count(&orders->records);
    bool is_linked = order->next <= count && order->previous <= count;
    const atp_order_t *before =
        is_linked && order->previous != 0 ? atp_table_at(&orders->records, order->previous - 1) : NULL;
    if (id.size == 0 || id.size > ATP_ID_SIZE_MAX || !is_linked ||
        order->hash != atp_hash_text(id, ledger->root->config.hash_seed) ||
        (before != NULL ? before->next != record + 1 || before->hash != order->hash
                        : atp_orders_find(orders, id, order->hash) != order)) {
        return ATP_BROKEN(ret_why, "E2", "record %u of orders does not hang in the chain of '%.*s'", record,
                          (int)id.size, id.bytes);
    }
    return ATP_OK;
}

static atp_err_t check_free_orders(const atp_orders_t *orders, uint64_t expected, atp_why_t *ret_why)
{
    uint64_t count = 0;

    for (uint32_t at = orders->heads->free; at != 0; count++) {
        const atp_order_t *order = atp_table_at(&orders->records, at - 1);
        if (count == expected || at > atp_table_count(&orders->records) || order->reservation != 0) {
            return ATP_BROKEN(ret_why, "E1",
                              "the chain of free orders is longer than %llu, or has one in use",
                              (ull_t)expected);
        }
        at = order->next;
    }
    if (count != expected || orders->heads->free_count != expected) {
        return ATP_BROKEN(ret_why, "E1", "%llu records of orders are free, the chain has %llu",
                          (ull_t)expected, (ull_t)count);
    }
    return ATP_OK;
}

static atp_err_t check_orders(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_reservations_t *reservations = &ledger->reservations;
    const atp_orders_t *orders = &reservations->orders;
    uint32_t count = (uint32_t)atp_table_count(&orders->records);
    uint64_t flagged = 0;
    uint64_t used = 0;
    uint64_t first = 0;
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; err == ATP_OK && i < count; i++) {
        const atp_order_t *order = atp_table_at(&orders->records, i);
        if (order->reservation != 0) {
            used++;
            first += order->previous == 0;
            err = check_order(ledger, i, ret_why);
        }
    }
    for (uint64_t i = 0; err == ATP_OK && i < atp_table_count(&reservations->records); i++) {
        flagged += atp_reservation_at(reservations, (uint32_t)i)->has_order;
    }
    if (err == ATP_OK && flagged != used) {
        err = ATP_BROKEN(ret_why, "E1", "%llu reservations say they name an order, there are %llu records",
                         (ull_t)flagged, (ull_t)used);
    }
    err = err == ATP_OK ? check_free_orders(orders, count - used, ret_why) : err;
    err = err == ATP_OK ? atp_check_index(&orders->by_reservation, "orders by reservation", used, ret_why)
                        : err;
    return err == ATP_OK ? atp_check_index(&orders->by_id, "orders by id", first, ret_why) : err;
}

static bool is_correlated_right(const atp_history_t *history, const atp_history_step_t *step)
{
    if (step->correlation == 0) {
        return true;
    }
    if (step->correlation > atp_table_count(&history->correlations)) {
        return false;
    }
    const atp_correlation_t *record = atp_table_at(&history->correlations, step->correlation - 1);
    return record->op == step->op && record->size > 0 && record->size <= ATP_ID_SIZE_MAX;
}

static atp_err_t check_history(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_history_t *history = &ledger->reservations.history;
    uint64_t newest = history->heads->newest;
    uint64_t capacity = history->steps.capacity;
    uint64_t kept = newest < capacity ? newest : capacity;

    if (atp_table_count(&history->steps) != kept) {
        return ATP_BROKEN(ret_why, "Y1", "%llu steps are kept of %llu",
                          (ull_t)atp_table_count(&history->steps), (ull_t)newest);
    }
    for (uint64_t number = newest - kept + 1; number <= newest; number++) {
        const atp_history_step_t *step = atp_table_at(&history->steps, (number - 1) % capacity);
        if (step->number != number || step->previous >= number || step->op > ledger->root->op ||
            step->step >= ATP_STEP_COUNT || step->row >= atp_table_count(&ledger->positions.rows)) {
            return ATP_BROKEN(ret_why, "Y1", "step %llu of the history is not at its place", (ull_t)number);
        }
        if (!is_correlated_right(history, step)) {
            return ATP_BROKEN(ret_why, "Y2", "step %llu refers to the correlation id of another op",
                              (ull_t)number);
        }
    }
    for (uint64_t i = 0; i < atp_table_count(&history->last); i++) {
        if (*(const uint64_t *)atp_table_at(&history->last, i) > newest) {
            return ATP_BROKEN(ret_why, "Y1", "reservation %llu has a step to come", (ull_t)i);
        }
    }
    return ATP_OK;
}

atp_err_t atp_check_orders(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    atp_err_t err = check_orders(ledger, ret_why);

    return err == ATP_OK ? check_history(ledger, ret_why) : err;
}
