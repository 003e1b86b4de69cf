/* Many commands at once, for scenarios under load, and what a sanitizer leaves of their size. */
#ifndef ATP_TESTS_ACCEPTANCE_LOAD_H
#define ATP_TESTS_ACCEPTANCE_LOAD_H

#include "tests/acceptance/acceptance.h"

#include <stdio.h>
#include <stdlib.h>

/* How many times smaller a scenario is in a build that is slow by purpose. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LOAD_DIVISOR 20
#elif !defined(__OPTIMIZE__)
#define LOAD_DIVISOR 4
#else
#define LOAD_DIVISOR 1
#endif

#define MESSAGE_OPS 1000

/* A message of one-line reservations, filled by number. */
typedef struct bundle {
    atp_command_t commands[MESSAGE_OPS];
    atp_command_line_t lines[MESSAGE_OPS];
    char ids[MESSAGE_OPS][ATP_ID_SIZE_MAX + 1];
    atp_result_t results[MESSAGE_OPS];
} bundle_t;

static inline void bundle_put(bundle_t *bundle, uint32_t i, const char *id_prefix, uint64_t number,
                              atp_text_t sku_id, int64_t ttl_ms)
{
    snprintf(bundle->ids[i], sizeof bundle->ids[i], "%s-%llu", id_prefix, (unsigned long long)number);
    bundle->lines[i] = (atp_command_line_t){.sku = sku_id, .node = ATP_TEXT("N"), .mantissa = 1};
    bundle->commands[i] = (atp_command_t){.kind = ATP_OP_RESERVE,
                                          .id = atp_text_of(bundle->ids[i]),
                                          .ttl_ms = ttl_ms,
                                          .line_count = 1,
                                          .lines = &bundle->lines[i]};
}

/* ---- times of calls ---- */

typedef struct times {
    double *ms;
    size_t count;
    size_t capacity;
} times_t;

static inline void times_add(times_t *times, double ms)
{
    if (times->count == times->capacity) {
        times->capacity = times->capacity == 0 ? 4096 : 2 * times->capacity;
        times->ms = realloc(times->ms, times->capacity * sizeof *times->ms);
        assert_non_null(times->ms);
    }
    times->ms[times->count++] = ms;
}

static inline int times_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts. */
static inline double times_at(times_t *times, double share)
{
    assert_true(times->count > 0);
    qsort(times->ms, times->count, sizeof *times->ms, times_compare);
    size_t at = (size_t)(share * (double)times->count);
    return times->ms[at < times->count ? at : times->count - 1];
}

#endif
