#include "engine/ledger/exceptions.h"

#include <string.h>

static const char *const kind_names[ATP_EXCEPTION_KIND_LIMIT] = {
    [ATP_EXCEPTION_OVER_COMMITMENT] = "over_commitment",
    [ATP_EXCEPTION_BACKORDER_FILLED] = "backorder_filled",
    [ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION] = "shipped_without_reservation",
    [ATP_EXCEPTION_FACT_REFUSED] = "fact_refused",
    [ATP_EXCEPTION_SEQUENCE_LOST] = "sequence_lost",
    [ATP_EXCEPTION_SHORT] = "short",
    [ATP_EXCEPTION_STEP_NOT_POSSIBLE] = "step_not_possible",
    [ATP_EXCEPTION_RETURNED_WITHOUT_SHIPMENT] = "returned_without_shipment",
    [ATP_EXCEPTION_PROMISE_AT_RISK] = "promise_at_risk",
    [ATP_EXCEPTION_RECEIVED_WITHOUT_SUPPLY] = "received_without_supply",
    [ATP_EXCEPTION_TRANSFER_DISCREPANCY] = "transfer_discrepancy",
    [ATP_EXCEPTION_SUPPLY_OVERDUE] = "supply_overdue",
    [ATP_EXCEPTION_STRANDED] = "stranded",
};

atp_exception_t *atp_exceptions_add(atp_exceptions_t *exceptions, const atp_exception_t *exception)
{
    uint64_t number = ++exceptions->heads->newest;
    uint64_t place = (number - 1) % exceptions->records.capacity;

    if (number <= exceptions->records.capacity) {
        atp_table_append(&exceptions->records, 1);
    }
    atp_exception_t *record = atp_table_change(&exceptions->records, place);
    memcpy(record, exception, sizeof *record);
    record->number = number;
    return record;
}

void atp_exception_name(char *field, uint8_t *ret_size, atp_text_t text)
{
    ATP_ASSERT(text.size <= ATP_ID_SIZE_MAX);
    memset(field, 0, ATP_ID_SIZE_MAX);
    if (text.size > 0) {
        memcpy(field, text.bytes, text.size);
    }
    *ret_size = (uint8_t)text.size;
}

const atp_exception_t *atp_exceptions_get(const atp_exceptions_t *exceptions, uint64_t number)
{
    if (number == 0 || number > exceptions->heads->newest ||
        number + exceptions->records.capacity <= exceptions->heads->newest) {
        return NULL;
    }
    return atp_table_at(&exceptions->records, (number - 1) % exceptions->records.capacity);
}

const char *atp_exception_kind_name(unsigned kind)
{
    return kind < ATP_EXCEPTION_KIND_LIMIT ? kind_names[kind] : NULL;
}
