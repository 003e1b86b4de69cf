/* Makes up a catalogue: SKUs, nodes and a stock snapshot that look like a retailer's, the same for the same
 * options on every machine.
 *
 * A few distribution centres hold much of nearly everything, many stores hold little of what sells well.
 * Stock follows demand, and demand follows Zipf's law over a shuffled order of the SKUs, so that neighbours
 * in the catalogue are not neighbours in demand. Quantities around that are log-normal-like. About one SKU
 * in twelve is sold by weight, in scale 3. Names are those of clothes and groceries, some with commas,
 * quotes and accents.
 *
 * The stock file is the format of loaders/profiles/native.yaml: sku,node,on_hand,safety_stock,name,scale.
 *
 * Threads     functions are pure or write to the caller's stream only. */
#ifndef ATP_LOADERS_GENERATE_H
#define ATP_LOADERS_GENERATE_H

#include "engine/base/err.h"
#include "engine/base/text.h"

#include <stdint.h>
#include <stdio.h>

#define ATP_CATALOGUE_SKU_COUNT_MAX  10000000u
#define ATP_CATALOGUE_NODE_COUNT_MAX 999u

typedef struct atp_catalogue {
    uint64_t seed;
    uint32_t sku_count;     /* 1..ATP_CATALOGUE_SKU_COUNT_MAX */
    uint32_t node_count;    /* 1..ATP_CATALOGUE_NODE_COUNT_MAX; one in ten, at least one, is a DC */
    double fill;            /* above 0, up to 1: share of the SKU-node pairs that are stocked; 1 = all */
    double demand_exponent; /* of Zipf's law, 0..8 */
    double mean_on_hand;    /* units a position, on average over the catalogue; 1..100000 */
} atp_catalogue_t;

#define ATP_CATALOGUE_DEFAULT                                                                                \
    ((atp_catalogue_t){.seed = 1,                                                                            \
                       .sku_count = 20000,                                                                   \
                       .node_count = 40,                                                                     \
                       .fill = 1.0,                                                                          \
                       .demand_exponent = 1.0,                                                               \
                       .mean_on_hand = 40.0})

typedef struct atp_catalogue_totals {
    uint64_t positions;
    uint64_t units; /* on hand; of goods by weight, whole kilograms */
    uint64_t skus_by_weight;
} atp_catalogue_totals_t;

/* ATP_OK, or ATP_ERR_INVALID with the member that is out of range. */
ATP_MUST_USE atp_err_t atp_catalogue_check(const atp_catalogue_t *catalogue, atp_why_t *ret_why);

/* "SKU-0012345" for 12345, of 1..sku_count; "DC-01", "STORE-001" for node 0..node_count - 1. Write into
 * `ret_text` (at least ATP_ID_SIZE_MAX bytes) and return a view of it. */
atp_text_t atp_catalogue_sku(uint32_t number, char *ret_text);
atp_text_t atp_catalogue_node(const atp_catalogue_t *catalogue, uint32_t index, char *ret_text);

/* The number of the SKU that is at `rank` of demand (0 the most wanted), and the way back: with
 * loaders/generate/zipf.h, demand that fits the stock. Both are bijections. */
uint32_t atp_catalogue_sku_of_rank(const atp_catalogue_t *catalogue, uint32_t rank);
uint32_t atp_catalogue_rank_of_sku(const atp_catalogue_t *catalogue, uint32_t number);

/* Decimals in which SKU `number` is counted: 0, or 3 when it is sold by weight. */
uint8_t atp_catalogue_scale(const atp_catalogue_t *catalogue, uint32_t number);

/* Writes the stock file to `out`, unless the catalogue is out of range or the stream fails (ATP_ERR_IO,
 * ATP_ERR_NO_SPACE). ret_totals may be NULL. */
ATP_MUST_USE atp_err_t atp_catalogue_write(const atp_catalogue_t *catalogue, FILE *out,
                                           atp_catalogue_totals_t *ret_totals, atp_why_t *ret_why);

#endif
