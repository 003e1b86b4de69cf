/* What is said of channels, what only some positions, SKUs and channels have (engine/ledger/stock/limits.h), and demand that was not
 * met, in words as the command line takes them: "ship_group=stores minimum=6"; "node=berlin limit=5 backordered=2". */
#ifndef ATP_TOOLS_ATPD_LIMIT_TEXT_H
#define ATP_TOOLS_ATPD_LIMIT_TEXT_H

#include "tools/atpd/text/rule_text.h"

/* Thread: ledger. */
void atp_channel_text(const atp_ledger_t *ledger, uint16_t channel, atp_rule_text_t *ret_text);

/* Of record `index`. `*ret_sku`: the SKU it is about. False: it says nothing, or is told with its channel. Thread: ledger. */
bool atp_limit_text(const atp_ledger_t *ledger, uint32_t index, atp_text_t *ret_sku,
                    atp_rule_text_t *ret_text);

/* Demand that was not met, of one SKU at one node in one channel. `*ret_times`: how often it was refused. False: there is none
 * any more. Thread: ledger. */
bool atp_demand_text(const atp_ledger_t *ledger, uint32_t index, atp_text_t *ret_sku, int64_t *ret_times,
                     atp_rule_text_t *ret_text);

#endif
