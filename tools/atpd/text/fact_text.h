/* The fact of an exception in words, as `atp` would take it: "receive sku@node=5 disposition=restock". */
#ifndef ATP_TOOLS_ATPD_FACT_TEXT_H
#define ATP_TOOLS_ATPD_FACT_TEXT_H

#include "engine/ledger/ledger.h"
#include "protocol/limits.h"

typedef struct atp_fact_text {
    uint32_t size;
    char bytes[ATP_FACT_TEXT_MAX]; /* what does not fit is left out, "..." at its end */
} atp_fact_text_t;

/* Empty when the exception keeps no fact. Thread: ledger. */
void atp_fact_text(const atp_ledger_t *ledger, const atp_exception_t *exception, atp_fact_text_t *ret_text);

/* The same of the fact as it was edited; empty when it was not, or is not kept any more. */
void atp_edited_fact_text(const atp_ledger_t *ledger, const atp_exception_t *exception,
                          atp_fact_text_t *ret_text);

#endif
