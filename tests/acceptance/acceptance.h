/* A started atpd of our own on a temporary data folder and free ports, and short words for what the scenarios say:
 * `S@N=5` is stock(a, "S", "N", "5").
 *
 * The scenarios run black-box, over the real wire, through libatp, by their number. Every id is made unique by a
 * counter; commands that must repeat an id say it themselves.
 *
 * A failure anywhere in here fails the test that runs. */
#ifndef ATP_TESTS_ACCEPTANCE_H
#define ATP_TESTS_ACCEPTANCE_H

#include "protocol/client/atp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/types.h>

#define ACCEPTANCE_LINES_MAX 16

typedef struct acceptance {
    char folder[64];
    char url[64];
    char facts_url[64];
    char events_url[64];
    char metrics[32];         /* address of /metrics */
    const char *const *flags; /* more flags of atpd, NULL-ended; may be NULL */
    char errors[96];          /* the file that atpd's standard error goes to */
    pid_t atpd;
    atp_client_t *client;
    uint64_t next_id;
} acceptance_t;

/* cmocka set-up and tear-down of a group: *state is the acceptance_t. */
int acceptance_start(void **state);
int acceptance_stop(void **state);

/* The same with more flags. They are the caller's, and must stay. */
int acceptance_start_with(void **state, const char *const *flags);

/* kill -9, and start again on the same data. */
void acceptance_kill(acceptance_t *a);
void acceptance_restart(acceptance_t *a);

/* Ends atpd with a signal and gives its exit status, or minus the signal that ended it. The client stays open. */
int acceptance_end(acceptance_t *a, int signal_number);

/* A second atpd on the folder, which is expected to end by itself: its status. */
int acceptance_second(acceptance_t *a);

/* ---- things ---- */

void sku(acceptance_t *a, const char *sku, unsigned scale);
void node(acceptance_t *a, const char *node, atp_node_state_t state);
/* Counts on-hand; makes SKU (scale 0, unless it is there) and node if need be. */
void stock(acceptance_t *a, const char *sku, const char *node, const char *qty);

/* ---- commands; each gives the whole result ---- */

typedef struct want {
    const char *sku;
    const char *node;
    const char *qty;
} want_t;

/* `id` NULL: a new one. `ttl_ms` 0: the default. Wants end with {NULL}. */
atp_result_t reserve(acceptance_t *a, const char *id, const want_t *wants, int64_t ttl_ms,
                     atp_reserve_mode_t mode, atp_grant_t *ret_grants);
/* One line, all or nothing, default time to live. */
atp_result_t hold(acceptance_t *a, const char *id, const char *sku, const char *node, const char *qty);
/* allocate, release, cancel, ship, extend. `wants` NULL: the whole reservation. */
atp_result_t step(acceptance_t *a, atp_op_kind_t kind, const char *id, const char *reservation,
                  const want_t *wants, bool is_fact);
atp_result_t fact(acceptance_t *a, atp_op_kind_t kind, const char *id, const char *sku, const char *node,
                  const char *qty);
atp_result_t call(acceptance_t *a, const atp_command_t *command, atp_grant_t *ret_grants);

/* ---- questions ---- */

/* What availability says a reserve may take, in smallest units; node NULL: all nodes. */
int64_t promisable(acceptance_t *a, const char *sku, const char *node);
/* With the buckets. The texts in it are gone. */
atp_availability_row_t components(acceptance_t *a, const char *sku, const char *node);
/* Number of open exceptions of a kind that name the SKU, and the first reservation the newest one names. */
unsigned exceptions(acceptance_t *a, const char *kind, const char *sku,
                    char ret_reservation[ATP_ID_SIZE_MAX + 1]);

/* A figure of stat by its name; fails if there is none. */
int64_t figure(acceptance_t *a, const char *name);

/* True until `seconds` have passed since *begun_ms; the first call, with 0 in it, begins. For polling: what is waited for
 * must come, the time is only when to give up. */
bool is_waiting(int64_t *begun_ms, unsigned seconds);

/* A new id. */
const char *fresh_id(acceptance_t *a, char ret_id[ATP_ID_SIZE_MAX + 1]);

/* Exit status of `atpd FLAG folder`, output thrown away. */
int atpd_status(const acceptance_t *a, const char *flag);
/* The same with any arguments, NULL-ended; the output, as far as it fits, goes to `ret_output` unless that is NULL. */
int atpd_run(const char *const *arguments, char *ret_output, size_t size);
/* The command line, on this atpd: `atp ARGUMENTS --url ...`. The same. */
int atp_run(const acceptance_t *a, const char *const *arguments, char *ret_output, size_t size);
/* The same, the words in one text, a blank between two. */
int atp(const acceptance_t *a, const char *words, char *ret_output, size_t size);
/* It ends with 0; it does not. */
void must(const acceptance_t *a, const char *words);
void must_not(const acceptance_t *a, const char *words);
/* Waits until `atp WORDS` prints `wanted`. */
void wait_for(const acceptance_t *a, const char *words, const char *wanted);

/* A source that publishes, connected. The caller closes it. */
atp_publisher_t *publish_from(const acceptance_t *a, const char *source, uint64_t epoch, uint64_t sequence);

#define assert_verdict(result, wanted)                                                                       \
    assert_string_equal(atp_verdict_name((result).verdict), atp_verdict_name(wanted))

#endif
