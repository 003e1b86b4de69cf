/* Rules and quotas in words, as `atp put` takes them: "channel=web sku=bike buffer=2". */
#ifndef ATP_TOOLS_ATPD_RULE_TEXT_H
#define ATP_TOOLS_ATPD_RULE_TEXT_H

#include "engine/ledger/ledger.h"

#define ATP_RULE_TEXT_SIZE 256 /* no more than a name may have; what does not fit is left out */

typedef struct atp_rule_text {
    uint32_t size;
    char bytes[ATP_RULE_TEXT_SIZE];
} atp_rule_text_t;

/* Adds "name=value", if it fits. */
void atp_rule_text_put(atp_rule_text_t *text, const char *name, atp_text_t value);

/* False: it was dropped. Thread: ledger. */
bool atp_rule_text(const atp_ledger_t *ledger, uint32_t rule, atp_rule_text_t *ret_text);
bool atp_quota_text(const atp_ledger_t *ledger, uint32_t quota, atp_rule_text_t *ret_text);

#endif
