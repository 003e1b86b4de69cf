/* Feeds, what they corrected, and what they are for, in words: what `atp drift` and `atp load` read. */
#ifndef ATP_ATPD_DRIFT_TEXT_H
#define ATP_ATPD_DRIFT_TEXT_H

#include "protocol/message_records.h"
#include "tools/atpd/text/rule_text.h"

#include <stdbool.h>
#include <stdint.h>

/* How many rows there are to ask for, those that are none counted. */
uint64_t atp_drift_texts(const atp_ledger_t *ledger, atp_catalog_what_t what);

/* One row, in no order; the value is the number of its feed. Units are of all SKUs together; what they were worth is as of when they
 * were corrected, of a correction by itself as of now.
 *     FEEDS        id of the feed, "TIME_MS AS_OF_MS BASIS COUNTED CORRECTED LATE UNITS_UP UNITS_DOWN VALUE_UP VALUE_DOWN"
 *     DRIFT_NODES  node, "COUNTED CORRECTED LATE UNITS_UP UNITS_DOWN VALUE_UP VALUE_DOWN"
 *     CORRECTIONS  SKU, "OP BUCKET CHANGE VALUE CAUSE SIZE NODE SOURCE": SIZE bytes are the node, the rest after a blank the source
 *     SKU_TAGS     tag, a SKU that has it; the value is 0
 *     SKU_VALUES   SKU, ""; the value is what a unit is worth, in millionths
 * False: there is nothing to tell. Thread: ledger. */
bool atp_drift_text(const atp_ledger_t *ledger, atp_catalog_what_t what, uint64_t index, atp_text_t *ret_id,
                    int64_t *ret_value, atp_rule_text_t *ret_text);

#endif
