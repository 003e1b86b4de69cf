/* What atpd measures of itself. One row a metric; the enum, the text for Prometheus and the table in
 * docs/operations.md come from the rows.
 *
 * How a metric gets its value is said in its row:
 *     OWNED    one thread adds or records (a plain load and store)
 *     SHARED   any thread adds; a metric without labels is split over cache lines
 *     PULLED   set by the refresh callback just before it is read: facts that live elsewhere
 * Stored numbers are whole; a row's unit says by what they are multiplied to get seconds, bytes or plain numbers.
 *
 * Threads     add, record: as above.   set: the refresh callback, or before the threads start.
 *             collect: one at a time (the HTTP thread).
 * Memory      one allocation at create, about 190 KiB; none later but for the text of one answer.
 * Buckets     Histograms are kept to 1.6 % (engine/base/histogram.h): a value that far above the bound of a
 *             bucket may be counted in it.
 * Order       Everything is relaxed: each number is right by itself, two of them may be some ops apart. */
#ifndef ATP_ATPD_METRICS_H
#define ATP_ATPD_METRICS_H

#include "engine/base/atomics.h"
#include "engine/base/command.h"
#include "engine/base/err.h"
#include "engine/base/histogram.h"
#include "engine/base/verdict.h"
#include "tools/atpd/metrics/metrics_shim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* X(NAME, "name", kind, writers, labels, unit, "help") */
#define ATP_METRICS(X)                                                                                       \
    X(INFO, "atpd_info", GAUGE, PULLED, INFO, ONE, "Always 1; the labels say version and incarnation.")      \
    X(UPTIME, "atpd_uptime_seconds", GAUGE, PULLED, NONE, MS, "Time since this process began to serve.")     \
    X(READY, "atpd_ready", GAUGE, PULLED, NONE, ONE, "1 while commands are accepted.")                       \
    X(GRANTING, "atpd_granting", GAUGE, PULLED, NONE, ONE,                                                   \
      "0 while the journal has no room for new promises.")                                                   \
    X(CLOCK_SLEWING, "atpd_clock_slewing", GAUGE, PULLED, NONE, ONE,                                         \
      "1 while ledger time catches up slowly after the clock jumped ahead.")                                 \
    X(OPS, "atpd_ops_total", COUNTER, OWNED, KIND_VERDICT, ONE, "Ops the ledger decided.")                   \
    X(REPEATS, "atpd_repeats_total", COUNTER, PULLED, NONE, ONE, "Requests answered again by their id.")     \
    X(PULSES, "atpd_pulses_total", COUNTER, PULLED, NONE, ONE,                                               \
      "Ops that let time pass, to expire what is due.")                                                      \
    X(REFUSED, "atpd_refused_total", COUNTER, SHARED, VERDICT, ONE,                                          \
      "Requests refused, by the ledger or before it (malformed, busy, unavailable).")                        \
    X(ERRORS, "atpd_errors_total", COUNTER, SHARED, ERR, ONE, "Failures of the world given up on.")          \
    X(QUEUE_LINES, "atpd_queue_lines", GAUGE, PULLED, CLASS, ONE, "Lines waiting for the ledger.")           \
    X(QUEUE_LIMIT, "atpd_queue_lines_limit", GAUGE, PULLED, CLASS, ONE,                                      \
      "Lines that may wait before the answer is busy.")                                                      \
    X(BATCH_OPS, "atpd_batch_ops", HISTOGRAM, OWNED, NONE, ONE, "Ops made durable together, in one frame.")  \
    X(JOURNAL_WRITE, "atpd_journal_write_seconds", HISTOGRAM, OWNED, NONE, NS, "Time to write a frame.")     \
    X(JOURNAL_SYNC, "atpd_journal_fsync_seconds", HISTOGRAM, OWNED, NONE, NS, "Time to make it durable.")    \
    X(REPLY, "atpd_reply_seconds", HISTOGRAM, SHARED, NONE, NS,                                              \
      "From a message received whole to its answer handed over.")                                            \
    X(OP_APPLIED, "atpd_op_applied", GAUGE, PULLED, NONE, ONE, "Number of the last op applied.")             \
    X(OP_DURABLE, "atpd_op_durable", GAUGE, PULLED, NONE, ONE, "Number of the last op known durable.")       \
    X(RESERVATIONS, "atpd_reservations", GAUGE, PULLED, RESERVATION_STATE, ONE,                              \
      "Reservations that have units reserved, or allocated.")                                                \
    X(POSITIONS, "atpd_positions", GAUGE, PULLED, NONE, ONE, "Positions: one SKU at one node.")              \
    X(SKUS, "atpd_skus", GAUGE, PULLED, NONE, ONE, "SKUs.")                                                  \
    X(NODES, "atpd_nodes", GAUGE, PULLED, NONE, ONE, "Nodes.")                                               \
    X(EXCEPTIONS, "atpd_exceptions_open", GAUGE, PULLED, NONE, ONE, "Exceptions that wait to be settled.")   \
    X(EXCEPTIONS_PARKED, "atpd_exceptions_parked", GAUGE, PULLED, NONE, ONE,                                 \
      "Facts that wait for the SKU or node they name.")                                                      \
    X(EXCEPTIONS_LOST, "atpd_exceptions_lost_total", COUNTER, PULLED, NONE, ONE,                             \
      "Exceptions that were not settled, and had to make room for newer ones.")                              \
    X(EXCEPTION_FACTS_LOST, "atpd_exception_facts_lost_total", COUNTER, PULLED, NONE, ONE,                   \
      "Facts of exceptions that are there still, which had to make room for newer ones.")                    \
    X(EXCEPTIONS_BY_KIND, "atpd_exceptions_open_by_kind", GAUGE, PULLED, EXCEPTION_KIND, ONE,                \
      "Exceptions that wait to be settled, by what has happened.")                                           \
    X(EXCEPTIONS_OVERDUE, "atpd_exceptions_overdue", GAUGE, PULLED, NONE, ONE,                               \
      "Exceptions, open and parked, that were not settled within the time of their owner.")                  \
    X(EXCEPTIONS_OLDEST, "atpd_exceptions_oldest_seconds", GAUGE, PULLED, NONE, MS,                          \
      "Age of the oldest exception that is not settled, open or parked; 0: there is none.")                  \
    X(EXCEPTIONS_OVERDUE_BY_KIND, "atpd_exceptions_overdue_by_kind", GAUGE, PULLED, EXCEPTION_KIND, ONE,     \
      "The overdue ones by what has happened.")                                                              \
    X(EXCEPTIONS_OLDEST_BY_KIND, "atpd_exceptions_oldest_seconds_by_kind", GAUGE, PULLED, EXCEPTION_KIND,    \
      MS, "Age of the oldest by what has happened.")                                                         \
    X(EXCEPTIONS_BY_OWNER, "atpd_exceptions_by_owner", GAUGE, PULLED, OWNER, ONE,                            \
      "Exceptions that are not settled, open and parked, by who is to settle them; nobody: by no rule.")     \
    X(EXCEPTIONS_OVERDUE_BY_OWNER, "atpd_exceptions_overdue_by_owner", GAUGE, PULLED, OWNER, ONE,            \
      "The overdue ones by owner.")                                                                          \
    X(EXCEPTIONS_OLDEST_BY_OWNER, "atpd_exceptions_oldest_seconds_by_owner", GAUGE, PULLED, OWNER, MS,       \
      "Age of the oldest by owner.")                                                                         \
    X(EXCEPTIONS_BY_SOURCE, "atpd_exceptions_by_source", GAUGE, PULLED, SOURCE, ONE,                         \
      "Exceptions that are not settled, open and parked, of what a source told.")                            \
    X(EXCEPTIONS_OVERDUE_BY_SOURCE, "atpd_exceptions_overdue_by_source", GAUGE, PULLED, SOURCE, ONE,         \
      "The overdue ones by source.")                                                                         \
    X(EXCEPTIONS_OLDEST_BY_SOURCE, "atpd_exceptions_oldest_seconds_by_source", GAUGE, PULLED, SOURCE, MS,    \
      "Age of the oldest by source.")                                                                        \
    X(TABLE_BYTES, "atpd_table_bytes", GAUGE, PULLED, TABLE, ONE, "Memory in use by a table of the ledger.") \
    X(TABLE_RECORDS, "atpd_table_records", GAUGE, PULLED, TABLE, ONE, "Records in use in a table.")          \
    X(TABLE_CAPACITY, "atpd_table_capacity", GAUGE, PULLED, TABLE, ONE, "Records a table can hold.")         \
    X(SNAPSHOT_OP, "atpd_snapshot_op", GAUGE, PULLED, NONE, ONE, "Op the newest snapshot is as of.")         \
    X(SNAPSHOT_AGE, "atpd_snapshot_age_seconds", GAUGE, PULLED, NONE, MS, "Age of the newest snapshot.")     \
    X(SNAPSHOT_DURATION, "atpd_snapshot_duration_seconds", GAUGE, PULLED, NONE, MS,                          \
      "Time the newest snapshot took.")                                                                      \
    X(SNAPSHOTS, "atpd_snapshots_total", COUNTER, PULLED, NONE, ONE, "Snapshots completed.")                 \
    X(SNAPSHOT_FAILURES, "atpd_snapshot_failures_total", COUNTER, PULLED, NONE, ONE,                         \
      "Snapshots given up: disk, or more changed than the pool holds.")                                      \
    X(JOURNAL_BYTES, "atpd_journal_bytes_total", COUNTER, PULLED, NONE, ONE,                                 \
      "Bytes written to the journal.")                                                                       \
    X(JOURNAL_ROOM, "atpd_journal_room_bytes", GAUGE, PULLED, NONE, ONE,                                     \
      "Bytes that can be appended for certain.")                                                             \
    X(JOURNAL_SEGMENTS, "atpd_journal_segments", GAUGE, PULLED, NONE, ONE, "Segment files on disk.")         \
    X(READS, "atpd_reads_total", COUNTER, SHARED, NONE, ONE, "Availability keys answered.")                  \
    X(READS_SETTLED, "atpd_reads_settled_total", COUNTER, SHARED, NONE, ONE,                                 \
      "Of these: the ledger was asked to settle what was due first.")                                        \
    X(READS_FALLBACK, "atpd_reads_fallback_total", COUNTER, SHARED, NONE, ONE,                               \
      "Of these: read by the ledger thread, because the row kept changing.")                                 \
    X(SOURCE_DUPLICATES, "atpd_source_duplicates_total", COUNTER, SHARED, NONE, ONE,                         \
      "Batches of facts ignored because they were applied before.")                                          \
    X(SOURCE_GAPS, "atpd_source_gaps_total", COUNTER, SHARED, NONE, ONE,                                     \
      "Times a source was found to have skipped numbers.")                                                   \
    X(SOURCE_HEALED, "atpd_source_healed_total", COUNTER, SHARED, NONE, ONE,                                 \
      "Batches applied that came by request: what publishing had lost, or came too early.")                  \
    X(SOURCE_OUT_OF_ORDER, "atpd_source_out_of_order_total", COUNTER, SHARED, NONE, ONE,                     \
      "Batches put off because others before them are missing; they come again.")                            \
    X(SOURCE_PAUSED, "atpd_source_paused_batches_total", COUNTER, SHARED, NONE, ONE,                         \
      "Batches put off because their source is paused: they wait, or come again.")                           \
    X(SOURCE_KEPT, "atpd_source_kept_batches_total", COUNTER, SHARED, NONE, ONE,                             \
      "Batches that wait, of sources that keep none, written to disk until they are applied.")               \
    X(SOURCE_METERED, "atpd_source_metered_total", COUNTER, SHARED, NONE, ONE,                               \
      "Batches put off because their source is beyond its rate.")                                            \
    X(SOURCE_SHED, "atpd_source_shed_total", COUNTER, SHARED, NONE, ONE,                                     \
      "Given up, because too many wait and their source keeps none. Exceptions tell of them.")               \
    X(SOURCE_STATE, "atpd_source_state", GAUGE, PULLED, SOURCE, ONE,                                         \
      "Of a source: 1 open, 2 silent, 3 paused; 0 not registered, and it has exceptions.")                   \
    X(SOURCE_SILENCE, "atpd_source_silence_seconds", GAUGE, PULLED, SOURCE, MS,                              \
      "Time since the newest batch of a registered source, or since it was registered.")                     \
    X(SOURCE_FACTS, "atpd_source_facts_total", COUNTER, PULLED, SOURCE, ONE,                                 \
      "Facts told by a registered source, applied or not.")                                                  \
    X(SOURCE_REFUSED, "atpd_source_refused_facts_total", COUNTER, PULLED, SOURCE, ONE,                       \
      "Of these: those that could not be applied, or are not claimed.")                                      \
    X(CONNECTIONS, "atpd_connections", GAUGE, PULLED, NONE, ONE,                                             \
      "Connections for commands and queries. One that only grows: the transport gives none back; restart.")  \
    X(CONNECTIONS_REFUSED, "atpd_connections_refused_total", COUNTER, PULLED, NONE, ONE,                     \
      "Connections closed at once because there were as many as allowed.")                                   \
    X(LOG_LOST, "atpd_log_lost_total", COUNTER, PULLED, NONE, ONE, "Log lines that could not be written.")

typedef enum atp_metric {
#define ATP_METRIC_ENUM(NAME, name, kind, writers, labels, unit, help) ATP_METRIC_##NAME,
    ATP_METRICS(ATP_METRIC_ENUM)
#undef ATP_METRIC_ENUM
        ATP_METRIC_COUNT
} atp_metric_t;

/* Label numbers of ATP_METRIC_QUEUE_*: the classes of work, the one served first stands first. */
typedef enum atp_metric_class {
    ATP_METRIC_CLASS_RELEASE,
    ATP_METRIC_CLASS_FIRM,
    ATP_METRIC_CLASS_RESERVE,
    ATP_METRIC_CLASS_FACT,
    ATP_METRIC_CLASS_BULK,
    ATP_METRIC_CLASS_COUNT
} atp_metric_class_t;

/* Label numbers of ATP_METRIC_RESERVATIONS. */
typedef enum atp_metric_reservation_state {
    ATP_METRIC_RESERVED,
    ATP_METRIC_ALLOCATED,
    ATP_METRIC_RESERVATION_STATE_COUNT
} atp_metric_reservation_state_t;

#define ATP_METRIC_TABLES_MAX 64
#define ATP_METRIC_SOURCES_MAX                                                                               \
    256 /* registered ones, then those with exceptions; of more there are no metrics of their own */
#define ATP_METRIC_OWNERS_MAX          65 /* the first is nobody */
#define ATP_METRIC_EXCEPTION_KINDS_MAX 32

typedef struct atp_metrics atp_metrics_t;

/* Returns NULL when there is no memory. `version` is copied. */
atp_metrics_t *atp_metrics_create(const char *version);
void atp_metrics_destroy(atp_metrics_t *metrics);

/* Called on the collecting thread before each collection, to set what is PULLED. Set before the threads start. */
void atp_metrics_on_refresh(atp_metrics_t *metrics, void (*refresh)(void *context, atp_metrics_t *metrics),
                            void *context);

/* Names a label of ATP_METRIC_TABLE_*; `name` is borrowed for good. A table without a name is not shown. */
void atp_metrics_name_table(atp_metrics_t *metrics, uint32_t table, const char *name);
/* The same of a kind of exception. */
void atp_metrics_name_exception(atp_metrics_t *metrics, uint32_t kind, const char *name);
/* The same for a source, and none (an empty name) for one that is not shown. The name is copied. Thread: the refresh callback. */
void atp_metrics_name_source(atp_metrics_t *metrics, uint32_t label, atp_text_t name);
/* The same for who settles exceptions. */
void atp_metrics_name_owner(atp_metrics_t *metrics, uint32_t label, atp_text_t name);
void atp_metrics_set_incarnation(atp_metrics_t *metrics, uint64_t incarnation);

/* Adds `n` to a SHARED counter. `label`: number within its labels (a verdict, an error), 0 if it has none. */
void atp_metrics_add(atp_metrics_t *metrics, atp_metric_t metric, uint32_t label, uint64_t n);

/* Counts `n` ops of `kind` that got `verdict`. Thread: one, which answers them. Refusals show in
 * atpd_refused_total too; add there only what no op was made of. */
void atp_metrics_add_ops(atp_metrics_t *metrics, unsigned kind, unsigned verdict, uint64_t n);

/* Sets a PULLED metric (also a counter that is kept elsewhere). */
void atp_metrics_set(atp_metrics_t *metrics, atp_metric_t metric, uint32_t label, int64_t value);

/* The histogram of a HISTOGRAM metric, for its recorder: atp_histogram_record if OWNED, _record_shared if SHARED. */
atp_histogram_t *atp_metrics_histogram(atp_metrics_t *metrics, atp_metric_t metric);

/* The present value of one counter or gauge, in the stored unit: for tests and status lines. */
int64_t atp_metrics_value(const atp_metrics_t *metrics, atp_metric_t metric, uint32_t label);

/* Refreshes, then hands every family with its samples to the sink (metrics_shim.h makes text of them). */
void atp_metrics_collect(atp_metrics_t *metrics, atp_exposition_t *sink);

/* The Prometheus text, from malloc; NULL when there is no memory. */
char *atp_metrics_text(atp_metrics_t *metrics, size_t *ret_size);

/* The table of docs/operations.md, in markdown. */
void atp_metrics_print_markdown(FILE *out);

#endif
