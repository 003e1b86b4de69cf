#include "engine/ledger/reservations/history.h"

#include <string.h>

const atp_history_step_t *atp_history_step(const atp_history_t *history, uint64_t number)
{
    uint64_t capacity = history->steps.capacity;

    if (number == 0 || number > history->heads->newest || number + capacity <= history->heads->newest) {
        return NULL;
    }
    return atp_table_at(&history->steps, (number - 1) % capacity);
}

atp_history_step_t *atp_history_add(atp_history_t *history, uint32_t reservation)
{
    uint64_t number = ++history->heads->newest;
    uint64_t count = atp_table_count(&history->last);
    uint64_t place = number - 1;

    if (number <= history->steps.capacity) {
        atp_table_append(&history->steps, 1);
    } else {
        place %= history->steps.capacity;
    }
    if (reservation >= count) {
        atp_table_append(&history->last, reservation + 1 - count);
    }
    uint64_t *last = atp_table_change(&history->last, reservation);
    atp_history_step_t *record = atp_table_change(&history->steps, place);
    atp_table_prefetch_after(&history->steps, place);
    record->number = number;
    record->previous = *last;
    *last = number;
    return record;
}

uint32_t atp_history_correlate(atp_history_t *history, uint64_t op, atp_text_t correlation)
{
    uint64_t capacity = history->correlations.capacity;
    uint64_t count = history->heads->correlations;

    ATP_ASSERT(correlation.size > 0 && correlation.size <= ATP_ID_SIZE_MAX);
    if (count > 0) {
        const atp_correlation_t *newest = atp_table_at(&history->correlations, (count - 1) % capacity);
        if (newest->op == op) {
            return (uint32_t)((count - 1) % capacity) + 1;
        }
    }
    if (count < capacity) {
        atp_table_append(&history->correlations, 1);
    }
    atp_correlation_t *record = atp_table_change(&history->correlations, count % capacity);
    *record = (atp_correlation_t){.op = op, .size = (uint8_t)correlation.size};
    memcpy(record->text, correlation.bytes, correlation.size);
    history->heads->correlations++;
    return (uint32_t)(count % capacity) + 1;
}

atp_text_t atp_history_correlation(const atp_history_t *history, const atp_history_step_t *step)
{
    if (step->correlation == 0) {
        return ATP_TEXT("");
    }
    const atp_correlation_t *record = atp_table_at(&history->correlations, step->correlation - 1);
    ATP_ASSERT(record->op == step->op); /* Y2 */
    return (atp_text_t){record->text, record->size};
}

void atp_history_forget(atp_history_t *history, uint32_t reservation)
{
    if (reservation < atp_table_count(&history->last)) {
        uint64_t *last = atp_table_change(&history->last, reservation);
        *last = 0;
    }
}

const atp_history_step_t *atp_history_newest(const atp_history_t *history, uint32_t reservation)
{
    return reservation < atp_table_count(&history->last)
               ? atp_history_step(history, *(const uint64_t *)atp_table_at(&history->last, reservation))
               : NULL;
}

const atp_history_step_t *atp_history_before(const atp_history_t *history, const atp_history_step_t *step)
{
    return atp_history_step(history, step->previous);
}
