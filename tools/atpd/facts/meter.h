/* How many facts a source may send: what its registration says (engine/ledger/facts/registry.h), counted where facts come in.
 *
 * A source has an allowance of one second of its rate, which fills up again as time passes. A batch is let in while there is
 * some of it left, however large it is: what it takes beyond is owed, and comes first. So a source is never faster than its rate
 * for longer than a second, and a batch is never too large.
 *
 * Threads     any.
 * Memory      24 bytes a source that has a rate. */
#ifndef ATP_ATPD_METER_H
#define ATP_ATPD_METER_H

#include "engine/engine.h"

/* What a source is registered with, as far as it matters here; of one that is not all is 0. */
typedef struct atp_source_limits {
    bool is_known; /* the ledger has heard of it */
    bool is_registered;
    uint32_t source; /* its number; of no use if it is not known */
    uint32_t rate;   /* facts a second; 0 = no limit */
    atp_class_t class;
    bool is_paused;
} atp_source_limits_t;

void atp_source_limits_read(const atp_ledger_t *ledger, atp_text_t name, atp_source_limits_t *ret_limits);

/* Whether the source of that number is paused now. */
bool atp_source_is_paused(const atp_ledger_t *ledger, uint32_t source);

typedef struct atp_meter atp_meter_t;

/* NULL: no memory. */
atp_meter_t *atp_meter_create(void);
/* NULL is allowed. */
void atp_meter_destroy(atp_meter_t *meter);

/* Lets `facts` in at `now_ns` (any clock that does not go back) and returns 0; or returns how long it is until they would be,
 * in ns. */
uint64_t atp_meter_take(atp_meter_t *meter, const atp_source_limits_t *limits, uint64_t facts,
                        uint64_t now_ns);

/* The clock that is meant. */
uint64_t atp_meter_now_ns(void);

#endif
