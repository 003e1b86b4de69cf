/* The ledger: all that atpd knows, and the one place where "yes, you can have it" is decided.
 *
 * Ops go in one after the other, in one total order; each gets a verdict. The same ops with the same times give the
 * same state, byte for byte, and the same verdicts. Nothing in here reads a clock, touches a disk or a
 * network, takes a lock, or allocates after create.
 *
 *     identity   the same id again: the first answer again (no new op)          ledger_apply.c
 *     settle     what is due at the positions the op touches expires first      ledger_expiry.c
 *     decide     against promisable = on_hand - unavailable - reserved - allocated - safety
 *                                                      never oversell: ledger_reserve.c, decide_line
 *     apply      buckets, lines, indexes; remember the outcome
 *
 * Threads     apply, pulse_is_due, check, hash, snapshots: the ledger thread.   The section "reading, any thread": any.
 * Memory      reserved at create for the configured capacities; pages come on first touch or ahead of it by
 *             atp_ledger_populate_ahead.
 * Invariants  L1  op numbers are dense: every state-changing call of apply adds exactly one.
 *             L2  ledger time never goes back.
 *             L3  no reserve is granted beyond promisable (all lines of one op on a position taken together).
 *             L4  counters equal their recomputation (atp_ledger_check does it).
 *             and those of positions.h (P), reservations.h (H), wheel.h (W), outcomes.h (O), sources.h (N), strings.h (S), postings.h (J), groups.h (M), groups.h (G). */
#ifndef ATP_LEDGER_LEDGER_H
#define ATP_LEDGER_LEDGER_H

#include "engine/base/command.h"
#include "engine/base/err.h"
#include "engine/ledger/catalog/groups.h"
#include "engine/ledger/catalog/units.h"
#include "engine/ledger/channels/levels.h"
#include "engine/ledger/channels/rulebook.h"
#include "engine/ledger/config.h"
#include "engine/ledger/facts/differences.h"
#include "engine/ledger/facts/exception_owners.h"
#include "engine/ledger/facts/exceptions.h"
#include "engine/ledger/facts/fates.h"
#include "engine/ledger/facts/feeds.h"
#include "engine/ledger/facts/notices.h"
#include "engine/ledger/facts/registry.h"
#include "engine/ledger/facts/sources.h"
#include "engine/ledger/kits/kits.h"
#include "engine/ledger/ops/op.h"
#include "engine/ledger/outbound/postings.h"
#include "engine/ledger/reservations/reservations.h"
#include "engine/ledger/stock/demand.h"
#include "engine/ledger/stock/positions.h"
#include "engine/ledger/supply/supplies.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_LEDGER_TABLES 53

typedef struct atp_ledger atp_ledger_t;

/* Reserves the address space for `config` and creates an empty ledger: before anything else it must be given a
 * genesis op with the same configuration, or restored tables. ATP_ERR_INVALID names the value out of range,
 * ATP_ERR_MEMORY tells that this machine or cgroup cannot hold the configured capacities. */
ATP_MUST_USE atp_err_t atp_ledger_create(const atp_ledger_config_t *config, atp_ledger_t **ret_ledger,
                                         atp_why_t *ret_why);
void atp_ledger_destroy(atp_ledger_t *ledger);

/* Checks ranges only. */
ATP_MUST_USE atp_err_t atp_ledger_config_check(const atp_ledger_config_t *config, atp_why_t *ret_why);

/* Bytes the ledger takes when every table is full, indexes included. */
uint64_t atp_ledger_config_bytes(const atp_ledger_config_t *config);

/* A small sensible configuration, hash_seed 0: for tests and as the base of proposals. */
atp_ledger_config_t atp_ledger_config_default(void);

/* ---- applying ---- */

/* Applies `op` at `now_ms` (taken as ledger time unless that is later already).
 *
 * Returns true if the op took an op number (ret_result->op): it must be journaled. False: nothing changed; the
 * answer is the remembered one, or a refusal that is no op (malformed time, conflict, busy table of ids).
 * `ret_grants` has room for atp_op_grant_room(op) of them; ret_result->line_count, and plan_count behind those, say how many
 * were written. */
bool atp_ledger_apply(atp_ledger_t *ledger, const atp_op_t *op, int64_t now_ms, atp_result_t *ret_result,
                      atp_grant_t *ret_grants);

/* What a reserve op would be answered now, its plan included, decided by the same code; nothing changes, not even what is
 * due: what expires at this very moment may count still. ret_result->op is the op that the answer is as of. Room for grants as
 * for apply. */
void atp_ledger_promise(const atp_ledger_t *ledger, const atp_op_t *op, int64_t now_ms,
                        atp_result_t *ret_result, atp_grant_t *ret_grants);

/* What a count op would change now, as a count of the feed that `feed` tells of (NULL: of the one it names, or of none); decided by the
 * same code, nothing changes. Of `feed` itself (op == feed): whether it would be taken. */
void atp_ledger_compare(const atp_ledger_t *ledger, const atp_op_t *feed, const atp_op_t *op, int64_t now_ms,
                        atp_result_t *ret_result);

/* Brings the cache lines into reach that `op` will touch. The steps follow pointers: each needs what the one before
 * it fetched, so the caller lets other ops come between them. A hint carries what a step found to the next one; it is
 * never trusted for anything else. */
typedef enum atp_prefetch_step {
    ATP_PREFETCH_INDEXES, /* outcome, reservation, directory of the SKU */
    ATP_PREFETCH_ENTRY,   /* the node in the directory */
    ATP_PREFETCH_ROW,     /* the position */
    ATP_PREFETCH_LINE,    /* the last line in its deadline order, where nearly every new one goes */
    ATP_PREFETCH_STEPS
} atp_prefetch_step_t;

#define ATP_PREFETCH_LINES 4 /* lines of an op that are looked at */

typedef struct atp_prefetch {
    uint32_t rows[ATP_PREFETCH_LINES];
} atp_prefetch_t;

void atp_ledger_prefetch(const atp_ledger_t *ledger, const atp_op_t *op, atp_prefetch_step_t step,
                         atp_prefetch_t *hint);

/* Ends the frame: names given by client and source ops are valid inside one frame only. */
void atp_ledger_end_frame(atp_ledger_t *ledger);

/* True if a pulse would find something to expire, or outcomes well past their window to forget. */
bool atp_ledger_is_pulse_due(atp_ledger_t *ledger, int64_t now_ms);

/* True if something may be due now that an op would settle first: a pulse (atp_op_encode_pulse_now) clears it. */
bool atp_ledger_has_due(const atp_ledger_t *ledger, int64_t now_ms);

/* A node whose day has turned since its calendar was looked at last: a settle op brings it up to date. False: there is none. */
bool atp_ledger_outdated_node(const atp_ledger_t *ledger, int64_t now_ms, uint16_t *ret_node);

/* ---- much that is due at once: ledger_crowd.c ---- */

#define ATP_CROWD_LIMIT 1000 /* reservations that may be due when an op comes that may meet them */

/* True while more than ATP_CROWD_LIMIT reservations are due: a pulse is to be applied (atp_op_encode_pulse_now) before an op that may
 * meet one of them. Whoever does not heed it gets the same answers by longer ops. */
bool atp_ledger_is_crowded(atp_ledger_t *ledger, int64_t now_ms);

/* False if the op, applied now, has nothing to settle but the reservation it names. True: it may have. */
bool atp_ledger_may_meet_due(const atp_ledger_t *ledger, const atp_op_t *op, int64_t now_ms);

/* Where the numbers of changed positions are noted for the events: `rows` has room for `capacity`; when it is
 * full, is_overflown says that some are missing. NULL: not noted. A row may be noted more than once. */
typedef struct atp_row_changes {
    uint32_t *rows;
    uint32_t capacity;
    uint32_t count;
    bool is_overflown;
} atp_row_changes_t;
void atp_ledger_note_changes(atp_ledger_t *ledger, atp_row_changes_t *changes);

/* ---- reading, any thread, no lock ---- */

/* Number of the last op applied, and whether one is being applied right now. Two equal, even readings with
 * reads of rows between them: the rows are as of one op. Value: 2 * op, + 1 while an op is applied. */
uint64_t atp_ledger_stamp(const atp_ledger_t *ledger);
/* The second reading: true if nothing was applied since `stamp`. */
bool atp_ledger_stamp_holds(const atp_ledger_t *ledger, uint64_t stamp);

const atp_catalog_t *atp_ledger_catalog(const atp_ledger_t *ledger);
const atp_positions_t *atp_ledger_positions(const atp_ledger_t *ledger);
const atp_kits_t *atp_ledger_kits(const atp_ledger_t *ledger);
const atp_groups_t *atp_ledger_groups(const atp_ledger_t *ledger);
const atp_rulebook_t *atp_ledger_rulebook(const atp_ledger_t *ledger);
const atp_crossings_t *atp_ledger_crossings(const atp_ledger_t *ledger);
const atp_registry_t *atp_ledger_registry(const atp_ledger_t *ledger);
const atp_unit_book_t *atp_ledger_units(const atp_ledger_t *ledger);         /* ledger thread */
const atp_differences_t *atp_ledger_differences(const atp_ledger_t *ledger); /* ledger thread */
const atp_notices_t *atp_ledger_notices(const atp_ledger_t *ledger);
/* How often, since the ledger is in memory, nodes have become stale or fresh again (registry.h), or channels and groups were put
 * while some are stale, so that a channel may do something else there: whoever tells of it looks again when it has grown.
 * Thread: any. */
uint64_t atp_ledger_stale_changes(const atp_ledger_t *ledger);
uint64_t atp_ledger_seed(const atp_ledger_t *ledger);

/* ---- reading, ledger thread ---- */

typedef struct atp_ledger_counts {
    uint64_t op;
    int64_t time_ms;
    uint64_t skus, nodes, channels, clients, sources, positions;
    uint64_t reservations_live, reservations_ended, reservations_archived, lines_reserved, lines_allocated;
    uint64_t
        archive_forgotten; /* archived ones that had to go; the newest of them was archived at the floor */
    int64_t archive_floor_ms;
    uint64_t outcomes, exceptions; /* exceptions: newest number */
    uint64_t exceptions_open, exceptions_parked;
    uint64_t exceptions_lost, exception_facts_lost;       /* of open and parked ones: what had to make room */
    uint32_t exceptions_by_kind[ATP_EXCEPTION_KINDS_MAX]; /* open ones */
    int64_t floor_ms;
    uint64_t string_bytes;
    uint64_t expired; /* reservations that expired since this ledger was created or restored: not state */
} atp_ledger_counts_t;
void atp_ledger_counts(const atp_ledger_t *ledger, atp_ledger_counts_t *ret_counts);

const atp_ledger_config_t *atp_ledger_config(const atp_ledger_t *ledger);
const atp_supply_book_t *atp_ledger_supplies(const atp_ledger_t *ledger);
const atp_reservations_t *atp_ledger_reservations(const atp_ledger_t *ledger);
const atp_demand_t *atp_ledger_demand(const atp_ledger_t *ledger);
const atp_feeds_t *atp_ledger_feeds(const atp_ledger_t *ledger);
const atp_drift_t *atp_ledger_drift(const atp_ledger_t *ledger);
const atp_movements_t *atp_ledger_movements(const atp_ledger_t *ledger);
const atp_exceptions_t *atp_ledger_exceptions(const atp_ledger_t *ledger); /* its tallies: any thread */
const atp_fates_t *atp_ledger_fates(const atp_ledger_t *ledger);
const atp_postings_t *atp_ledger_postings(const atp_ledger_t *ledger);
/* True if the subscriber hears of the posting. */
bool atp_ledger_is_posted_to(const atp_ledger_t *ledger, const atp_subscriber_t *subscriber,
                             const atp_posting_t *posting);
bool atp_ledger_find_reservation(const atp_ledger_t *ledger, atp_text_t id, uint32_t *ret_number);
/* The archived reservation of that id; NULL if there is none. It is not asked for one that is found by the call above. */
const atp_archived_t *atp_ledger_find_archived(const atp_ledger_t *ledger, atp_text_t id);
/* When all that a reservation was granted at nodes with a calendar is ready there; 0: it was granted none there. */
int64_t atp_ledger_ready_ms(const atp_ledger_t *ledger, uint32_t reservation);
/* The calendar and limits of a node; NULL if it has none. */
const atp_node_calendar_t *atp_ledger_node_calendar(const atp_ledger_t *ledger, uint16_t node);

/* The remembered outcome of an id; false if none is. */
bool atp_ledger_find_outcome(const atp_ledger_t *ledger, bool is_reservation, atp_text_t client,
                             atp_text_t id, atp_result_t *ret_result);
/* The same by the fingerprint of the id. */
bool atp_ledger_find_answer(const atp_ledger_t *ledger, atp_fingerprint_t id, atp_result_t *ret_result);

/* ---- keeping ---- */

/* The primary tables, in a fixed order: all state and nothing else. */
void atp_ledger_tables(atp_ledger_t *ledger, atp_table_t *ret_tables[ATP_LEDGER_TABLES]);

/* Builds everything that is not state from restored tables. ATP_ERR_FORMAT if they are not a ledger of this
 * configuration. */
ATP_MUST_USE atp_err_t atp_ledger_rebuild(atp_ledger_t *ledger, atp_why_t *ret_why);

/* Sum of atp_table_hash over the tables. */
uint64_t atp_ledger_hash(const atp_ledger_t *ledger);

/* Makes sure that memory is there a bit ahead of every table and index. Thread: the keeper. */
ATP_MUST_USE atp_err_t atp_ledger_populate_ahead(atp_ledger_t *ledger, size_t ahead);

/* Asserts every numbered invariant by recomputation; fills ret_why with the first that fails, by number. Slow: for
 * tests and `atpd --check`. */
ATP_MUST_USE atp_err_t atp_ledger_check(const atp_ledger_t *ledger, atp_why_t *ret_why);

#endif
