/* The WMS and the POS: facts about stock, published as numbered batches, that nobody answers. */
#include "tools/sale/sale.h"

#include <inttypes.h>
#include <time.h>

#define FACTS_PER_BATCH 16
#define BATCHES_PER_S   100
#define CONNECT_MS      3000
#define RECEIVED_MAX    20

/* Actor 0 is the WMS: goods come in. Actor 1 is the POS: single units leave over the counter. */
static bool is_wms(const sale_actor_t *actor)
{
    return actor->number == 0;
}

static void fill(sale_actor_t *actor, atp_command_t *facts, atp_command_line_t *lines)
{
    const sale_catalogue_t *catalogue = &actor->sale->catalogue;

    for (uint32_t i = 0; i < FACTS_PER_BATCH; i++) {
        const sale_position_t *position =
            &catalogue->positions[atp_random_below(&actor->random, catalogue->position_count)];
        lines[i] = (atp_command_line_t){
            .sku = sale_sku(catalogue, position->sku),
            .node = sale_node(catalogue, position->node),
            .mantissa = is_wms(actor) ? (atp_qty_t)atp_random_below(&actor->random, RECEIVED_MAX) + 1 : 1,
        };
        facts[i] = (atp_command_t){.kind = is_wms(actor) ? ATP_OP_RECEIVE : ATP_OP_SALE,
                                   .is_fact = true,
                                   .line_count = 1,
                                   .lines = &lines[i]};
    }
}

/* Keeps to the rate; a late batch does not make the next ones hurry. */
static void wait_for_turn(void)
{
    struct timespec pause = {0, 1000000000L / BATCHES_PER_S};
    nanosleep(&pause, NULL);
}

void *sale_stock_events(void *context)
{
    sale_actor_t *actor = context;
    sale_t *sale = actor->sale;
    atp_publisher_options_t options = {.url = sale->options.facts_url,
                                       .source = is_wms(actor) ? ATP_TEXT("wms") : ATP_TEXT("pos"),
                                       .epoch =
                                           (uint64_t)atp_now_ms(), /* each sale numbers its batches anew */
                                       .sequence = 1};
    atp_publisher_t *publisher;
    atp_why_t why;
    atp_command_t facts[FACTS_PER_BATCH];
    atp_command_line_t lines[FACTS_PER_BATCH];

    atp_err_t err = atp_publisher_open(&options, &publisher, &why);
    if (err != ATP_OK) {
        sale_note_error(actor, why.text, err);
        return NULL;
    }
    if (!atp_publisher_wait_connected(publisher, CONNECT_MS)) {
        sale_note_error(actor, "no engine takes facts at the facts URL", ATP_ERR_TIMEOUT);
    }
    while (!sale_is_over(sale)) {
        fill(actor, facts, lines);
        err = atp_publisher_publish(publisher, facts, FACTS_PER_BATCH, atp_now_ms());
        if (err != ATP_OK) {
            sale_note_error(actor, "publish", err);
        } else {
            sale_count(&actor->facts, FACTS_PER_BATCH);
        }
        wait_for_turn();
    }
    atp_publisher_close(publisher);
    return NULL;
}
