/* Clients of a simulated engine: what they ask follows from a seed, they ask again when they do not know, and they
 * remember every answer.
 *
 * What must hold, at every answer and after every recovery (PROOF.md's I1 to I8 as far as a client can see them):
 *     C1  an answer names a durable op.
 *     C2  what was answered is given again, as a repeat with the same verdict, op and quantity (I3, I4).
 *     C3  no two commands have the same op; an op is above all that were answered before it was asked for (I7).
 *     C4  what is on hand and allocated at a position is the sum of what was asked for and applied (I2, I6).
 *     C5  nothing is promised that is not there (I1): no position of a SKU without counter sales is below zero.
 *     C6  ledger time is not below that of any op answered (I10).
 *
 * A violation prints the seed and aborts. */
#ifndef ATP_TESTS_SIM_CLIENTS_H
#define ATP_TESTS_SIM_CLIENTS_H

#include "tests/sim/sim_engine.h"

#define SIM_CLIENTS      4
#define SIM_COMMANDS_MAX 1500 /* of one client */
#define SIM_SKUS         6
#define SIM_NODES        2
#define SIM_IN_FLIGHT    96

typedef struct sim_command {
    uint32_t client;
    uint32_t n;
    atp_op_kind_t kind;
    uint32_t target; /* of a step: the reserve of the same client */
    uint32_t place;  /* sku * SIM_NODES + node */
    atp_qty_t qty;
    int64_t ttl_ms;
    uint8_t mode;
    int64_t issued_ms; /* 0: not asked for yet */
    uint64_t after_op; /* highest op answered when it was first asked for */
    bool is_known;     /* the answer is, and is durable */
    atp_result_t result;
} sim_command_t;

typedef struct sim_call {
    sim_request_t *request; /* NULL: free */
    uint32_t count;
    sim_command_t *commands[8];
} sim_call_t;

typedef struct sim_clients {
    uint64_t seed;
    uint64_t random;
    sim_engine_t *sim;
    sim_command_t *commands[SIM_CLIENTS];
    uint32_t asked[SIM_CLIENTS];
    sim_call_t calls[SIM_IN_FLIGHT];
    uint64_t highest_op; /* answered */
    int64_t highest_ms;  /* ledger time of an op answered */

    uint64_t answers;
    uint64_t repeats;
    uint64_t refused_submits;
    uint64_t unanswered; /* calls that ended without an answer */
} sim_clients_t;

void sim_clients_init(sim_clients_t *clients, sim_engine_t *sim, uint64_t seed);
void sim_clients_fini(sim_clients_t *clients);

/* Catalogue and first stock; everything settled. */
void sim_clients_begin(sim_clients_t *clients);

/* One client asks: for something new, for something it does not know the end of, or for something it does. */
void sim_clients_ask(sim_clients_t *clients);

/* Takes the answers that have come. */
void sim_clients_take(sim_clients_t *clients);

/* After a recovery, with nothing in flight: C2 and C4 to C6 for everything, and C2 once more through the door. */
void sim_clients_check(sim_clients_t *clients);

/* Says what is wrong, with the seed, and aborts. */
_Noreturn void sim_violation(uint64_t seed, const char *format, ...) ATP_PRINTF(2, 3);

#endif
