/* A subscriber in words: how far it is, then what it hears, as `atp put subscriber` takes it. */
#ifndef ATP_ATPD_SUBSCRIBER_TEXT_H
#define ATP_ATPD_SUBSCRIBER_TEXT_H

#include "tools/atpd/text/rule_text.h"

#include <stdbool.h>
#include <stdint.h>

/* "NEWEST OPEN LOST late|in_time words...": numbers of postings, OPEN at most so many are not settled. What does not fit is left
 * out. False: it was dropped. Thread: ledger. */
bool atp_subscriber_text(const atp_ledger_t *ledger, uint32_t number, atp_text_t *ret_id,
                         atp_rule_text_t *ret_text);

#endif
