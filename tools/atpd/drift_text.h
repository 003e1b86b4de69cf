/* Feeds, what they corrected, and what they are for, in words: what `atp drift` and `atp load` read. */
#ifndef ATP_ATPD_DRIFT_TEXT_H
#define ATP_ATPD_DRIFT_TEXT_H

#include "protocol/message_records.h"
#include "tools/atpd/rule_text.h"

#include <stdbool.h>
#include <stdint.h>

/* How many rows there are to ask for, those that are none counted. */
uint64_t atp_drift_texts(const atp_ledger_t *ledger, atp_catalog_what_t what);

/* One row, in no order; the value is the number of its feed. Units are of all SKUs together.
 *     FEEDS        id of the feed, "TIME_MS AS_OF_MS BASIS COUNTED CORRECTED LATE UNITS_UP UNITS_DOWN"
 *     DRIFT_NODES  node, "COUNTED CORRECTED LATE UNITS_UP UNITS_DOWN"
 *     CORRECTIONS  SKU, "OP BUCKET CHANGE CAUSE SIZE NODE SOURCE": SIZE bytes are the node, the rest after a blank the source
 *     SKU_TAGS     tag, a SKU that has it; the value is 0
 * False: there is nothing to tell. Thread: ledger. */
bool atp_drift_text(const atp_ledger_t *ledger, atp_catalog_what_t what, uint64_t index, atp_text_t *ret_id,
                    int64_t *ret_value, atp_rule_text_t *ret_text);

#endif
