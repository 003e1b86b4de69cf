/* Who settles exceptions, in words: figures, then the rule, as its attributes are said. */
#ifndef ATP_ATPD_OWNER_TEXT_H
#define ATP_ATPD_OWNER_TEXT_H

#include "tools/atpd/text/rule_text.h"

/* "OVERDUE OLDEST_MS words...": how many are overdue, when the oldest was raised (0: there is none), "order=10 source=wms ...". What
 * does not fit is left out. Thread: ledger. */
void atp_owner_text(const atp_ledger_t *ledger, const atp_exception_owner_t *owner,
                    const atp_tally_figures_t *figures, atp_rule_text_t *ret_text);

#endif
