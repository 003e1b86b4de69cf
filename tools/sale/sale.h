/* A flash sale against a running atpd, over the real wire: everybody who touches stock on such a day, at once.
 *
 *     storefronts    ask availability, hold carts; some carts are abandoned and expire      storefront.c
 *     orchestrator   allocates what was bought, ships it or cancels it                      orchestrator.c
 *     WMS, POS       publish receipts and counter sales as numbered batches of facts       stock_events.c
 *
 * Demand over the SKUs follows Zipf's law: a few are wanted by everyone. All of it is drawn from one seed.
 *
 * Threads     one a role; each owns its `actor`. Shared: the catalogue (read-only), the queue of bought carts,
 *             the clock's end. The main thread reads counters and histograms for the progress line. */
#ifndef ATP_SALE_SALE_H
#define ATP_SALE_SALE_H

#include "engine/base/atomics.h"
#include "engine/base/histogram.h"
#include "engine/base/ring.h"
#include "loaders/generate/random.h"
#include "loaders/generate/zipf.h"
#include "protocol/client/atp.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define SALE_STOREFRONTS_MAX 256
#define SALE_ORDERERS        8

/* What is for sale: SKUs with their nodes, as the engine had them before the sale began. */
typedef struct sale_position {
    uint32_t sku;
    uint32_t node;
} sale_position_t;

typedef struct sale_catalogue {
    char *names;      /* zero-terminated ids, one after the other */
    uint32_t *sku_at; /* offset of each SKU's name */
    uint32_t *node_at;
    uint32_t *first_position;   /* of each SKU; sku_count + 1 entries */
    sale_position_t *positions; /* by SKU */
    uint32_t sku_count;
    uint32_t node_count;
    uint32_t position_count;
    uint64_t units; /* on hand in all, in smallest units */
} sale_catalogue_t;

typedef struct sale_options {
    const char *url;
    const char *facts_url; /* NULL = no WMS and POS */
    uint32_t storefronts;
    uint32_t seconds;
    uint32_t think_ms; /* a shopper's pause between two looks, on average; 0 = none: measures saturation */
    uint64_t seed;
    bool is_json;
} sale_options_t;

typedef struct sale {
    sale_options_t options;
    sale_catalogue_t catalogue;
    atp_zipf_t *demand;
    atp_client_t *client; /* one handle for all: calls are gathered */
    atp_ring_t
        bought[SALE_ORDERERS]; /* heap strings: reservation ids, from storefronts to an orchestrator each */
    _Atomic uint32_t is_over;
    uint64_t expired; /* carts that ran out of time, as the engine counts them */
    char run[17];     /* makes the ids of this sale unlike those of the last one */
} sale_t;

/* One thread of the sale, and what it saw. */
typedef struct sale_actor {
    sale_t *sale;
    uint32_t number;
    pthread_t thread;
    atp_random_t random;
    atp_histogram_t availability_ns;
    atp_histogram_t reserve_ns;
    atp_histogram_t step_ns;
    _Atomic uint64_t asked;
    _Atomic uint64_t granted;
    _Atomic uint64_t refused;
    _Atomic uint64_t allocated;
    _Atomic uint64_t shipped;
    _Atomic uint64_t cancelled;
    _Atomic uint64_t released;
    _Atomic uint64_t late; /* steps refused because the cart had expired or gone */
    _Atomic uint64_t facts;
    _Atomic uint64_t errors;
    char failure[128]; /* of the first error */
} sale_actor_t;

static inline void sale_count(_Atomic uint64_t *counter, uint64_t n)
{
    atp_store_relaxed(counter, atp_load_relaxed(counter) + n); /* one writer, the actor */
}

static inline bool sale_is_over(const sale_t *sale)
{
    return atp_load_relaxed(&((sale_t *)sale)->is_over) != 0;
}

static inline atp_text_t sale_sku(const sale_catalogue_t *catalogue, uint32_t sku)
{
    return atp_text_of(catalogue->names + catalogue->sku_at[sku]);
}

static inline atp_text_t sale_node(const sale_catalogue_t *catalogue, uint32_t node)
{
    return atp_text_of(catalogue->names + catalogue->node_at[node]);
}

uint64_t sale_now_ns(void);

/* Notes that a call failed. */
void sale_note_error(sale_actor_t *actor, const char *what, atp_err_t err);

/* Reads all positions from the engine. */
ATP_MUST_USE atp_err_t sale_catalogue_read(atp_client_t *client, sale_catalogue_t *ret_catalogue,
                                           atp_why_t *ret_why);
void sale_catalogue_free(sale_catalogue_t *catalogue);

/* The actors; each runs until the sale is over. */
void *sale_storefront(void *context);
void *sale_orchestrator(void *context);
void *sale_stock_events(void *context);

/* The end: the table, or one JSON object. */
void sale_report(const sale_t *sale, sale_actor_t *actors, uint32_t actor_count, double seconds);

#endif
