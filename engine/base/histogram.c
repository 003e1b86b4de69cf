#include "engine/base/histogram.h"

uint64_t atp_histogram_bucket_low(uint32_t bucket)
{
    ATP_ASSERT(bucket < ATP_HISTOGRAM_BUCKET_COUNT);
    if (bucket < 2 * ATP_HISTOGRAM_STEPS) {
        return bucket;
    }
    uint32_t shift = bucket / ATP_HISTOGRAM_STEPS - 1;
    return (uint64_t)(bucket - shift * ATP_HISTOGRAM_STEPS) << shift;
}

uint64_t atp_histogram_bucket_high(uint32_t bucket)
{
    ATP_ASSERT(bucket < ATP_HISTOGRAM_BUCKET_COUNT);
    return bucket + 1 == ATP_HISTOGRAM_BUCKET_COUNT ? ATP_HISTOGRAM_VALUE_MAX
                                                    : atp_histogram_bucket_low(bucket + 1) - 1;
}

static void raise_max(atp_histogram_t *histogram, uint64_t value)
{
    uint64_t max = atp_load_relaxed(&histogram->max);

    /* Relaxed: a number by itself. A failed exchange has loaded the value that won. */
    while (value > max && !atp_cas_relaxed(&histogram->max, &max, value)) {
    }
}

void atp_histogram_record_shared(atp_histogram_t *histogram, uint64_t value)
{
    /* Relaxed: no count tells anything about another. */
    atp_fetch_add_relaxed(&histogram->bucket[atp_histogram_bucket_of(value)], 1);
    atp_fetch_add_relaxed(&histogram->sum, value);
    raise_max(histogram, value);
}

/* Reading does not change a histogram, but an atomic load takes a pointer to what is not const. */
static uint64_t load(const _Atomic uint64_t *cell)
{
    return atp_load_relaxed((_Atomic uint64_t *)cell);
}

void atp_histogram_merge(atp_histogram_t *into, const atp_histogram_t *from)
{
    for (uint32_t i = 0; i < ATP_HISTOGRAM_BUCKET_COUNT; i++) {
        atp_histogram_add_owned(&into->bucket[i], load(&from->bucket[i]));
    }
    atp_histogram_add_owned(&into->sum, load(&from->sum));
    raise_max(into, load(&from->max));
}

void atp_histogram_reset(atp_histogram_t *histogram)
{
    for (uint32_t i = 0; i < ATP_HISTOGRAM_BUCKET_COUNT; i++) {
        atp_store_relaxed(&histogram->bucket[i], 0);
    }
    atp_store_relaxed(&histogram->sum, 0);
    atp_store_relaxed(&histogram->max, 0);
}

uint64_t atp_histogram_count(const atp_histogram_t *histogram)
{
    return atp_histogram_count_up_to(histogram, UINT64_MAX);
}

uint64_t atp_histogram_sum(const atp_histogram_t *histogram)
{
    return load(&histogram->sum);
}

uint64_t atp_histogram_max(const atp_histogram_t *histogram)
{
    return load(&histogram->max);
}

uint64_t atp_histogram_count_up_to(const atp_histogram_t *histogram, uint64_t value)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < ATP_HISTOGRAM_BUCKET_COUNT && atp_histogram_bucket_high(i) <= value; i++) {
        count += load(&histogram->bucket[i]);
    }
    return count;
}

uint64_t atp_histogram_percentile(const atp_histogram_t *histogram, uint32_t per_million)
{
    ATP_ASSERT(per_million <= 1000000);
    uint64_t count = atp_histogram_count(histogram);
    uint64_t max = atp_histogram_max(histogram);
    uint64_t wanted = count / 1000000 * per_million + (count % 1000000 * per_million + 999999) / 1000000;
    uint64_t seen = 0;

    if (count == 0) {
        return 0;
    }
    for (uint32_t i = 0; i + 1 < ATP_HISTOGRAM_BUCKET_COUNT; i++) {
        seen += load(&histogram->bucket[i]);
        if (seen >= wanted && seen > 0) {
            uint64_t high = atp_histogram_bucket_high(i);
            return high < max ? high : max;
        }
    }
    return max; /* in the last bucket, which has no end of its own */
}
