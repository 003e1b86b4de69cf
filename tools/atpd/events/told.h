/* What was told of kits last, by kit and node: an event of a kit is sent only when it says something else.
 *
 * Places are found by hash, in buckets of eight. When a bucket is full the one told longest ago gives way: of that kit
 * nothing is known any more, and the next event may say what was said before.
 *
 * Threads     one.
 * Memory      32 bytes a place, at most 1,048,576 places, touched only as they are used. */
#ifndef ATP_ATPD_TOLD_H
#define ATP_ATPD_TOLD_H

#include "engine/base/err.h"
#include "engine/base/qty.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_TOLD_CAPACITY_MAX (UINT64_C(1) << 20)

typedef struct atp_told_kit {
    uint32_t sku;
    uint16_t node;
    uint8_t
        generation; /* of listeners, 1 to 255; what an earlier one was told counts as not told. 0 = free */
    uint8_t unused;
    atp_qty_t shown;
    atp_qty_t promisable;
    uint64_t version; /* grows; only a newer one is news */
} atp_told_kit_t;

typedef struct atp_told {
    atp_told_kit_t *places;
    uint64_t mask;
} atp_told_t;

typedef enum atp_told_news {
    ATP_TOLD_NO_NEWS,
    ATP_TOLD_NEWS,
    ATP_TOLD_OUT, /* and it has come to nothing since it was told last */
} atp_told_news_t;

/* Room for so many kits at nodes, within 8 and the maximum. */
ATP_MUST_USE atp_err_t atp_told_init(atp_told_t *told, uint64_t capacity);
void atp_told_fini(atp_told_t *told);

/* Notes what there is of a kit now and says whether that is news. `is_quiet`: of what was not told before, nothing is none. */
atp_told_news_t atp_told_note(atp_told_t *told, const atp_told_kit_t *kit, bool is_quiet);

#endif
