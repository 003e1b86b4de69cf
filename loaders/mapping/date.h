/* Dates as exports write them, in UTC.
 *
 *     2021-05-25        2021-05-25 14:30        2021-05-25T14:30:00.250Z
 *     20210525          202105251430            20210525143000, as in EDI
 *
 * Threads     pure. */
#ifndef ATP_LOADERS_DATE_H
#define ATP_LOADERS_DATE_H

#include "engine/base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_DAY_MS INT64_C(86400000)

/* Milliseconds since 1970-01-01 UTC. Exactly: a day that the calendar has, from 1970 to 9999; hour and minute, second, and
 * up to three decimals of it may follow after a blank or a T, then a Z; all digits: hour and minute, second. Anything else is false, *ret_ms untouched. */
bool atp_date_parse(atp_text_t text, int64_t *ret_ms);

#endif
