/* What may be promised by which day: asked of the functions that a reserve with needed_by decides by.
 *
 * Threads     ledger thread. No state changes. What is due at the row has been settled before: what is due all the same
 *             still counts as promised.
 * Cost        the days of the row that have supply, and the days asked for, however many supplies there are. */
#ifndef ATP_LEDGER_LEDGER_SCHEDULE_H
#define ATP_LEDGER_LEDGER_SCHEDULE_H

#include "engine/ledger/ledger.h"

/* atp(d) of a row (supplies.h), signed, for `count` days from `first` on; 0 throughout where the position is not for sale. */
void atp_ledger_schedule(const atp_ledger_t *ledger, uint32_t row, int64_t now_ms, int32_t first,
                         uint32_t count, atp_qty_t *ret_atp);

#endif
