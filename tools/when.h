/* Times as people write them.
 *
 * Threads     pure. */
#ifndef ATP_TOOLS_WHEN_H
#define ATP_TOOLS_WHEN_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_WHEN_FORMS                                                                                       \
    "2026-11-21, 2026-11-21T10:41, 2026-11-21T10:41:00.150Z, 2026-11-21T10:41+01:00, +90min, +5d, or ms "    \
    "since 1970"

/* ISO 8601 (a date, to which hours, minutes, seconds and milliseconds and a zone may follow; without a zone it is UTC), "+5d" from
 * `now_ms` on (ms, s, min, h, d), or digits: milliseconds since 1970. False: none of these, or a day that does not exist. */
ATP_MUST_USE bool atp_when_parse(const char *text, int64_t now_ms, int64_t *ret_ms);

/* Milliseconds of "ms", "s", "min", "h" or "d"; 0 for another word. */
int64_t atp_when_unit_ms(const char *unit);

#endif
