/* One node of a group in words: its place and the node, "1 berlin".
 *
 * Thread: ledger. */
#ifndef ATP_TOOLS_ATPD_GROUP_TEXT_H
#define ATP_TOOLS_ATPD_GROUP_TEXT_H

#include "engine/ledger/ledger.h"
#include "tools/atpd/text/rule_text.h"

/* The member with that number: its group, its cost, and the words. False: it is of no group now. */
bool atp_group_node_text(const atp_ledger_t *ledger, uint32_t member, atp_text_t *ret_group,
                         int64_t *ret_cost, atp_rule_text_t *ret_text);

#endif
