/* Orders: what was bought is allocated, then shipped, or cancelled. */
#include "tools/sale/sale.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CANCELS_IN_100 10
#define IDLE_NS        1000000

static bool step(sale_actor_t *actor, atp_op_kind_t kind, const char *reservation, uint64_t number)
{
    char id[ATP_ID_SIZE_MAX + 1];
    atp_result_t result;

    snprintf(id, sizeof id, "%s-o%u-%d-%" PRIu64, actor->sale->run, actor->number, (int)kind, number);
    atp_command_t command = {.kind = kind, .id = atp_text_of(id), .reservation = atp_text_of(reservation)};
    uint64_t begun = sale_now_ns();
    atp_err_t err = atp_client_call(actor->sale->client, &command, &result, NULL, NULL);
    if (err != ATP_OK) {
        sale_note_error(actor, atp_op_kind_name(kind), err);
        return false;
    }
    atp_histogram_record(&actor->step_ns, sale_now_ns() - begun);
    return atp_verdict_is_success((atp_verdict_t)result.verdict);
}

static void handle(sale_actor_t *actor, const char *reservation, uint64_t number)
{
    if (!step(actor, ATP_OP_ALLOCATE, reservation, number)) {
        sale_count(&actor->late, 1); /* it expired before the order came: the shopper is told so */
        return;
    }
    sale_count(&actor->allocated, 1);
    if (atp_random_below(&actor->random, 100) < CANCELS_IN_100) {
        sale_count(&actor->cancelled, step(actor, ATP_OP_CANCEL, reservation, number) ? 1 : 0);
    } else {
        sale_count(&actor->shipped, step(actor, ATP_OP_SHIP, reservation, number) ? 1 : 0);
    }
}

void *sale_orchestrator(void *context)
{
    sale_actor_t *actor = context;
    sale_t *sale = actor->sale;

    for (uint64_t number = 0; !sale_is_over(sale);) {
        char *reservation = atp_ring_pop(&sale->bought[actor->number]);
        if (reservation == NULL) {
            struct timespec pause = {0, IDLE_NS};
            nanosleep(&pause, NULL);
            continue;
        }
        handle(actor, reservation, number++);
        free(reservation);
    }
    return NULL;
}
