/* One component of a kit in words, as atp put takes it: "wheel=2", and from when to when it belongs to the kit.
 *
 * Thread: ledger. */
#ifndef ATP_TOOLS_ATPD_KIT_TEXT_H
#define ATP_TOOLS_ATPD_KIT_TEXT_H

#include "engine/ledger/ledger.h"
#include "tools/atpd/text/rule_text.h"

/* The component with that number: its kit, and the words. False: it is of no kit now. */
bool atp_kit_text(const atp_ledger_t *ledger, uint32_t component, atp_text_t *ret_kit,
                  atp_rule_text_t *ret_text);

#endif
