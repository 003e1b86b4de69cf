/* A shopper after the other: look, put into the cart, then buy, give back, or walk away. */
#include "tools/sale/sale.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CART_TTL_MS       2000 /* short, so that a sale of seconds sees carts expire */
#define BUYS_IN_100       60
#define GIVES_BACK_IN_100 20 /* the rest walks away: the cart expires */
#define UNITS_MAX         3

/* Looks at a SKU at all its nodes; picks one that can promise, at random. False: there is none, or no answer. */
static bool look(sale_actor_t *actor, uint32_t sku, char *ret_node)
{
    sale_t *sale = actor->sale;
    atp_text_t name = sale_sku(&sale->catalogue, sku);
    atp_text_t all = {NULL, 0};
    atp_availability_ask_t ask = {
        .flags = ATP_AVAILABILITY_PER_NODE, .sku_count = 1, .node_count = 1, .skus = &name, .nodes = &all};
    atp_answer_t *answer;
    uint64_t begun = sale_now_ns();

    atp_err_t err = atp_client_availability(sale->client, &ask, &answer);
    if (err != ATP_OK) {
        sale_note_error(actor, "availability", err);
        return false;
    }
    atp_histogram_record(&actor->availability_ns, sale_now_ns() - begun);
    sale_count(&actor->asked, 1);
    const atp_availability_row_t *rows = atp_answer_availability(answer);
    uint32_t count = atp_answer_head(answer).row_count;
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        /* Reservoir of one: each node that can promise is equally likely. */
        if (rows[i].promisable > 0 && atp_random_below(&actor->random, ++found) == 0) {
            memcpy(ret_node, rows[i].node.bytes, rows[i].node.size);
            ret_node[rows[i].node.size] = '\0';
        }
    }
    atp_answer_free(answer);
    return found > 0;
}

/* Asks for the cart. True: granted. */
static bool reserve(sale_actor_t *actor, const char *id, uint32_t sku, const char *node)
{
    sale_t *sale = actor->sale;
    atp_command_line_t line = {.sku = sale_sku(&sale->catalogue, sku),
                               .node = atp_text_of(node),
                               .mantissa = (atp_qty_t)atp_random_below(&actor->random, UNITS_MAX) + 1};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(id),
                             .channel = ATP_TEXT("web"),
                             .owner = ATP_TEXT("flash-sale"),
                             .ttl_ms = CART_TTL_MS,
                             .line_count = 1,
                             .lines = &line};
    atp_result_t result;
    uint64_t begun = sale_now_ns();

    atp_err_t err = atp_client_call(sale->client, &command, &result, NULL, NULL);
    if (err != ATP_OK) {
        sale_note_error(actor, "reserve", err);
        return false;
    }
    atp_histogram_record(&actor->reserve_ns, sale_now_ns() - begun);
    bool is_granted = atp_verdict_is_success((atp_verdict_t)result.verdict);
    sale_count(is_granted ? &actor->granted : &actor->refused, 1);
    return is_granted;
}

static void give_back(sale_actor_t *actor, const char *reservation, uint64_t number)
{
    char id[ATP_ID_SIZE_MAX + 1];
    atp_result_t result;

    snprintf(id, sizeof id, "%s-b%u-%" PRIu64, actor->sale->run, actor->number, number);
    atp_command_t command = {
        .kind = ATP_OP_RELEASE, .id = atp_text_of(id), .reservation = atp_text_of(reservation)};
    atp_err_t err = atp_client_call(actor->sale->client, &command, &result, NULL, NULL);
    if (err != ATP_OK) {
        sale_note_error(actor, "release", err);
        return;
    }
    sale_count(atp_verdict_is_success((atp_verdict_t)result.verdict) ? &actor->released : &actor->late, 1);
}

/* To the orchestrator; when it is far behind, the cart is left to expire. */
static void buy(sale_actor_t *actor, const char *reservation)
{
    char *id = strdup(reservation);

    if (id != NULL && !atp_ring_push(&actor->sale->bought[actor->number % SALE_ORDERERS], id)) {
        free(id);
    }
}

/* Between nothing and twice the mean. */
static void think(sale_actor_t *actor)
{
    uint64_t most_us = (uint64_t)actor->sale->options.think_ms * 2000;

    if (most_us > 0) {
        uint64_t pause_us = atp_random_below(&actor->random, most_us);
        struct timespec pause = {(time_t)(pause_us / 1000000), (long)(pause_us % 1000000) * 1000};
        nanosleep(&pause, NULL);
    }
}

void *sale_storefront(void *context)
{
    sale_actor_t *actor = context;
    sale_t *sale = actor->sale;

    for (uint64_t number = 0; !sale_is_over(sale); number++) {
        char id[ATP_ID_SIZE_MAX + 1];
        char node[ATP_ID_SIZE_MAX + 1];
        think(actor);
        uint32_t sku = atp_zipf_rank(sale->demand, atp_random_next(&actor->random));
        if (!look(actor, sku, node)) {
            continue;
        }
        snprintf(id, sizeof id, "%s-c%u-%" PRIu64, sale->run, actor->number, number);
        if (!reserve(actor, id, sku, node)) {
            continue;
        }
        uint64_t mind = atp_random_below(&actor->random, 100);
        if (mind < BUYS_IN_100) {
            buy(actor, id);
        } else if (mind < BUYS_IN_100 + GIVES_BACK_IN_100) {
            give_back(actor, id, number);
        }
    }
    return NULL;
}
