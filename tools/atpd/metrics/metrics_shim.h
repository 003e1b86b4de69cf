/* The one door to prometheus-cpp (C++): families and samples go in, the text format comes out.
 *
 * atp_exposition_text makes a prometheus::Collectable whose Collect calls `collect` back with a sink, and
 * serialises what it gathered with prometheus::TextSerializer.
 *
 * Threads     any; one sink belongs to one call of `collect`.
 * Failure     no exception crosses: when memory runs out the sink ignores what follows and the text is NULL. */
#ifndef ATP_ATPD_METRICS_SHIM_H
#define ATP_ATPD_METRICS_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct atp_exposition atp_exposition_t;

typedef enum atp_exposition_kind {
    ATP_EXPOSITION_COUNTER,
    ATP_EXPOSITION_GAUGE,
    ATP_EXPOSITION_HISTOGRAM
} atp_exposition_kind_t;

typedef struct atp_exposition_label {
    const char *name;
    const char *value;
} atp_exposition_label_t;

typedef struct atp_exposition_bucket {
    double upper_bound;
    uint64_t cumulative_count;
} atp_exposition_bucket_t;

/* Begins a family; samples that follow are of it. Texts are copied. */
void atp_exposition_family(atp_exposition_t *sink, const char *name, const char *help,
                           atp_exposition_kind_t kind);

/* One sample of a counter or gauge. */
void atp_exposition_sample(atp_exposition_t *sink, const atp_exposition_label_t *labels, size_t label_count,
                           double value);

/* One sample of a histogram without labels. Buckets rise; +Inf is added by the text format. */
void atp_exposition_histogram(atp_exposition_t *sink, const atp_exposition_bucket_t *buckets,
                              size_t bucket_count, uint64_t count, double sum);

/* Collects and returns the text, from malloc, zero-terminated; *ret_size without the zero. NULL: no memory. */
char *atp_exposition_text(void (*collect)(void *context, atp_exposition_t *sink), void *context,
                          size_t *ret_size);

#ifdef __cplusplus
}
#endif

#endif
