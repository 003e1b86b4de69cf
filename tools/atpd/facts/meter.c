#include "tools/atpd/facts/meter.h"

#include "engine/base/hash.h"
#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/facts/sources.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)

typedef struct allowance {
    uint64_t at_ns; /* as of; 0 = nothing was let in yet */
    double left;    /* facts; below 0: owed */
    uint32_t rate;
} allowance_t;

struct atp_meter {
    pthread_mutex_t mutex;
    allowance_t *all; /* by number of source */
    uint32_t count;
};

void atp_source_limits_read(const atp_ledger_t *ledger, atp_text_t name, atp_source_limits_t *ret_limits)
{
    static const atp_class_t classes[] = {[ATP_SOURCE_LIVE] = ATP_CLASS_FACT,
                                          [ATP_SOURCE_URGENT] = ATP_CLASS_RELEASE,
                                          [ATP_SOURCE_BULK] = ATP_CLASS_BULK};
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    uint32_t number;

    *ret_limits = (atp_source_limits_t){.class = ATP_CLASS_FACT};
    if (atp_catalog_find_source(catalog, name, atp_hash_text(name, atp_ledger_seed(ledger)), &number)) {
        atp_source_record_t *source = atp_table_at(&catalog->sources, number);
        ret_limits->is_known = true;
        ret_limits->is_registered = atp_load_relaxed(&source->state) != ATP_SOURCE_UNREGISTERED;
        ret_limits->source = number;
        ret_limits->rate = atp_load_relaxed(&source->rate);
        ret_limits->class = classes[atp_load_relaxed(&source->class) % 3];
        ret_limits->is_paused = atp_source_is_paused(ledger, number);
    }
}

bool atp_source_is_paused(const atp_ledger_t *ledger, uint32_t source)
{
    const atp_source_record_t *record = atp_table_at(&atp_ledger_catalog(ledger)->sources, source);

    return atp_load_relaxed(&record->state) == ATP_SOURCE_IS_PAUSED;
}

atp_meter_t *atp_meter_create(void)
{
    atp_meter_t *meter = calloc(1, sizeof *meter);

    if (meter != NULL && pthread_mutex_init(&meter->mutex, NULL) != 0) {
        free(meter);
        return NULL;
    }
    return meter;
}

void atp_meter_destroy(atp_meter_t *meter)
{
    if (meter != NULL) {
        (void)pthread_mutex_destroy(&meter->mutex);
        free(meter->all);
        free(meter);
    }
}

/* NULL: no memory. */
static allowance_t *allowance_of(atp_meter_t *meter, uint32_t source)
{
    if (source >= meter->count) {
        allowance_t *all = realloc(meter->all, ((size_t)source + 1) * sizeof *all);
        if (all == NULL) {
            return NULL;
        }
        memset(all + meter->count, 0, (source + 1 - meter->count) * sizeof *all);
        meter->all = all;
        meter->count = source + 1;
    }
    return &meter->all[source];
}

/* What has filled up since. Another rate begins with a full allowance. */
static void fill_up(allowance_t *allowance, uint32_t rate, uint64_t now_ns)
{
    double most = (double)rate;
    uint64_t passed_ns = now_ns > allowance->at_ns ? now_ns - allowance->at_ns : 0;
    double left = allowance->left + (double)passed_ns / (double)SECOND_NS * most;

    allowance->left = allowance->rate != rate || left > most ? most : left;
    allowance->rate = rate;
    allowance->at_ns = now_ns > allowance->at_ns ? now_ns : allowance->at_ns;
}

uint64_t atp_meter_take(atp_meter_t *meter, const atp_source_limits_t *limits, uint64_t facts,
                        uint64_t now_ns)
{
    uint64_t wait_ns = 0;

    if (limits->rate == 0) {
        return 0;
    }
    (void)pthread_mutex_lock(&meter->mutex);
    allowance_t *allowance = allowance_of(meter, limits->source);
    if (allowance != NULL) {
        fill_up(allowance, limits->rate, now_ns);
        if (allowance->left > 0) {
            allowance->left -= (double)facts;
        } else {
            wait_ns = (uint64_t)(-allowance->left / (double)limits->rate * (double)SECOND_NS) + 1;
        }
    }
    (void)pthread_mutex_unlock(&meter->mutex);
    return wait_ns;
}

uint64_t atp_meter_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}
