/* How long things took: counts in log-linear buckets, for metrics and benchmarks.
 *
 * Below 64 each value has its own bucket; above, each power of two is cut into 64 equal buckets. So a bucket is
 * at most 1/64 (1.6 %) of its value wide. The unit is the caller's; durations are in ns, up to 2^42 - 1 (73 min);
 * what is above counts in the last bucket, and in sum and max as it is.
 *
 * Threads     record: one thread.   record_shared: any number.   Not both on one histogram.
 *             All reading: any thread, at any time; while others record, a reader may see the counts of one value
 *             more or less than sum and max do.
 * Memory      a fixed 18.5 KiB, zeroed is empty; nothing is allocated. */
#ifndef ATP_BASE_HISTOGRAM_H
#define ATP_BASE_HISTOGRAM_H

#include "engine/base/assert.h"
#include "engine/base/atomics.h"

#include <stdint.h>

#define ATP_HISTOGRAM_STEP_BITS  6  /* 64 buckets a power of two */
#define ATP_HISTOGRAM_VALUE_BITS 42 /* highest value with a bucket of its own: 2^42 - 1 */
#define ATP_HISTOGRAM_STEPS      (1U << ATP_HISTOGRAM_STEP_BITS)
#define ATP_HISTOGRAM_BUCKET_COUNT                                                                           \
    ((ATP_HISTOGRAM_VALUE_BITS - ATP_HISTOGRAM_STEP_BITS + 1) * ATP_HISTOGRAM_STEPS)
#define ATP_HISTOGRAM_VALUE_MAX ((UINT64_C(1) << ATP_HISTOGRAM_VALUE_BITS) - 1)

typedef struct atp_histogram {
    _Alignas(ATP_CACHE_LINE) _Atomic uint64_t sum;
    _Atomic uint64_t max;
    _Atomic uint64_t bucket[ATP_HISTOGRAM_BUCKET_COUNT];
} atp_histogram_t;

static inline uint32_t atp_histogram_bucket_of(uint64_t value)
{
    if (value < ATP_HISTOGRAM_STEPS) {
        return (uint32_t)value;
    }
    if (value > ATP_HISTOGRAM_VALUE_MAX) {
        value = ATP_HISTOGRAM_VALUE_MAX;
    }
    uint32_t shift = 63U - (uint32_t)__builtin_clzll(value) - ATP_HISTOGRAM_STEP_BITS;
    /* The top 7 bits of the value run from 64 to 127: a block of 64 buckets for each shift. */
    return shift * ATP_HISTOGRAM_STEPS + (uint32_t)(value >> shift);
}

/* The lowest and the highest value that count in `bucket`. */
uint64_t atp_histogram_bucket_low(uint32_t bucket);
uint64_t atp_histogram_bucket_high(uint32_t bucket);

static inline void atp_histogram_add_owned(_Atomic uint64_t *cell, uint64_t n)
{
    /* Relaxed, and not one step: only one thread writes, and a reader needs no order between cells. */
    atp_store_relaxed(cell, atp_load_relaxed(cell) + n);
}

/* Counts one value. Thread: the one that owns the histogram. */
static inline void atp_histogram_record(atp_histogram_t *histogram, uint64_t value)
{
    atp_histogram_add_owned(&histogram->bucket[atp_histogram_bucket_of(value)], 1);
    atp_histogram_add_owned(&histogram->sum, value);
    if (value > atp_load_relaxed(&histogram->max)) {
        atp_store_relaxed(&histogram->max, value);
    }
}

/* Counts one value. Thread: any. */
void atp_histogram_record_shared(atp_histogram_t *histogram, uint64_t value);

/* Adds what `from` holds. Thread: the owner of `into`. */
void atp_histogram_merge(atp_histogram_t *into, const atp_histogram_t *from);

/* Back to empty. Thread: the owner, nobody recording. */
void atp_histogram_reset(atp_histogram_t *histogram);

uint64_t atp_histogram_count(const atp_histogram_t *histogram);
uint64_t atp_histogram_sum(const atp_histogram_t *histogram);
uint64_t atp_histogram_max(const atp_histogram_t *histogram);

/* How many values are at most `value`, exact when `value` is the high end of a bucket, else without those that
 * share its bucket. */
uint64_t atp_histogram_count_up_to(const atp_histogram_t *histogram, uint64_t value);

/* The smallest value that at least `per_million` of a million values do not pass (500000 = median, 999000 = p99.9), told as
 * the high end of its bucket but never above max. 0 when empty. */
uint64_t atp_histogram_percentile(const atp_histogram_t *histogram, uint32_t per_million);

#endif
