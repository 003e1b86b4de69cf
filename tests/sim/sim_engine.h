/* An engine on a simulated disk and clock, and requests in few words.
 *
 *     sim_engine_t sim;
 *     sim_engine_init(&sim, seed);
 *     assert(sim_engine_open(&sim) == ATP_OK);
 *     sim_request_t *request = sim_request_create(4);
 *     sim_request_reserve(request, &sim, "cart-1", "S", "N", 2);
 *     sim_engine_submit(&sim, ATP_CLASS_RESERVE, request);
 *     sim_engine_settle(&sim);                          // all steps, until none does anything
 *     request->err, sim_request_result(request, 0)
 *
 * The journal is on the simulated disk; genesis, lock and snapshots are below a temporary folder on the real one. A
 * crash of the machine takes from the journal what was not synced, and leaves the folder as it is.
 *
 * Threads     the test's only: the engine is stepped (unless a test starts it).
 * Failures    what a test cannot go on without is an assert. */
#ifndef ATP_TESTS_SIM_ENGINE_H
#define ATP_TESTS_SIM_ENGINE_H

#include "engine/engine.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_disk.h"

#define SIM_EVENTS_MAX  64
#define SIM_FOLDER_SIZE 64

typedef struct sim_engine {
    char folder[SIM_FOLDER_SIZE];
    sim_disk_t *disk;
    sim_clock_t clock;
    atp_ledger_config_t config;
    atp_engine_options_t options;
    atp_engine_t *engine; /* NULL while closed */
    atp_recovery_t recovery;
    atp_why_t why;

    unsigned fatals;
    atp_err_t fatal_err;
    unsigned events; /* those past SIM_EVENTS_MAX are counted only */
    char event[SIM_EVENTS_MAX][48];
} sim_engine_t;

/* Room for a few hundred of everything; hash seed fixed. */
atp_ledger_config_t sim_engine_config(void);

/* Segments of 64 KiB, no snapshots, no bound on the disk: change options and config before open. */
void sim_engine_init(sim_engine_t *sim, uint64_t seed);
/* Closes if need be, and removes the folder. */
void sim_engine_fini(sim_engine_t *sim);

/* Opens; a failure is returned with sim->why, and sim->engine NULL. */
atp_err_t sim_engine_open(sim_engine_t *sim);
void sim_engine_close(sim_engine_t *sim);
/* Power gone, at this moment; the engine's memory with it. */
void sim_engine_crash(sim_engine_t *sim, sim_crash_t crash);

/* Steps ledger, journal, keeper and snapshot until none does anything. */
void sim_engine_settle(sim_engine_t *sim);

bool sim_engine_has_event(const sim_engine_t *sim, const char *event);

/* ---- requests ---- */

typedef struct sim_request {
    atp_batch_t batch; /* first: done finds the request by it */
    unsigned char *ops;
    size_t capacity;
    uint32_t commands_max;
    uint32_t command_count;
    bool has_client_op; /* an op that names the client stands before the commands */
    atp_result_t *results;
    atp_grant_t *grants;
    atp_result_t fault; /* of the command that was not added */
    unsigned answers;   /* how often `done` was called: must end as 1 */
    unsigned order;     /* the how manyth answer of all it was */
    atp_err_t err;
} sim_request_t;

/* Answers given to any request, so far. */
extern _Atomic uint32_t sim_answers;

sim_request_t *sim_request_create(uint32_t commands_max);
void sim_request_destroy(sim_request_t *request);

/* Encodes one more command of `client`. False: refused by encode; see request->fault. */
bool sim_request_add(sim_request_t *request, const sim_engine_t *sim, const char *client,
                     const atp_command_t *command);

/* Common ones, of client "shop", issued now, whole units, no channel. `id` is the request's, and the reservation's. */
void sim_request_sku_and_node(sim_request_t *request, const sim_engine_t *sim, const char *sku,
                              const char *node);
void sim_request_reserve(sim_request_t *request, const sim_engine_t *sim, const char *id, const char *sku,
                         const char *node, atp_qty_t qty);
void sim_request_step(sim_request_t *request, const sim_engine_t *sim, atp_op_kind_t kind, const char *id,
                      const char *reservation);
void sim_request_fact(sim_request_t *request, const sim_engine_t *sim, atp_op_kind_t kind, const char *id,
                      const char *sku, const char *node, atp_qty_t qty);

/* Submits; on ATP_OK the request must live until it is answered. */
atp_err_t sim_engine_submit(sim_engine_t *sim, atp_class_t class, sim_request_t *request);

/* The answer to command number `i`. */
const atp_result_t *sim_request_result(const sim_request_t *request, uint32_t i);

/* Makes `sku` at `node` with `qty` on hand, and settles. */
void sim_engine_stock(sim_engine_t *sim, const char *sku, const char *node, atp_qty_t qty);

/* One reserve, settled; its answer. */
atp_result_t sim_engine_reserve(sim_engine_t *sim, const char *id, const char *sku, const char *node,
                                atp_qty_t qty);

/* On hand, reserved and allocated of a position; zeros if it is not there. */
atp_position_view_t sim_engine_view(const sim_engine_t *sim, const char *sku, const char *node);

#endif
