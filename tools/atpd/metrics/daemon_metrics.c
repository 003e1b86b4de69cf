#include "tools/atpd/metrics/daemon_metrics.h"

#include "engine/ledger/catalog/catalog.h"
#include "tools/atpd/log/log.h"

_Static_assert((int)ATP_METRIC_CLASS_RELEASE == (int)ATP_CLASS_RELEASE &&
                   (int)ATP_METRIC_CLASS_FIRM == (int)ATP_CLASS_FIRM &&
                   (int)ATP_METRIC_CLASS_RESERVE == (int)ATP_CLASS_RESERVE &&
                   (int)ATP_METRIC_CLASS_FACT == (int)ATP_CLASS_FACT &&
                   (int)ATP_METRIC_CLASS_BULK == (int)ATP_CLASS_BULK &&
                   (int)ATP_METRIC_CLASS_COUNT == (int)ATP_CLASS_COUNT,
               "the classes of the metrics are those of the engine");

_Static_assert(ATP_EXCEPTION_OWNERS_MAX < ATP_METRIC_OWNERS_MAX, "a figure for each owner, and nobody");
_Static_assert((int)ATP_EXCEPTION_KIND_LIMIT <= ATP_METRIC_EXCEPTION_KINDS_MAX, "a figure for each kind");

static void set(const atp_daemon_metrics_t *figures, atp_metric_t metric, uint32_t label, uint64_t value)
{
    atp_metrics_set(figures->metrics, metric, label, (int64_t)value);
}

static void set_ledger(const atp_daemon_metrics_t *figures, const atp_ledger_counts_t *counts)
{
    set(figures, ATP_METRIC_RESERVATIONS, ATP_METRIC_RESERVED, counts->lines_reserved);
    set(figures, ATP_METRIC_RESERVATIONS, ATP_METRIC_ALLOCATED, counts->lines_allocated);
    set(figures, ATP_METRIC_POSITIONS, 0, counts->positions);
    set(figures, ATP_METRIC_SKUS, 0, counts->skus);
    set(figures, ATP_METRIC_NODES, 0, counts->nodes);
    set(figures, ATP_METRIC_EXCEPTIONS, 0, counts->exceptions_open);
    set(figures, ATP_METRIC_EXCEPTIONS_PARKED, 0, counts->exceptions_parked);
    set(figures, ATP_METRIC_EXCEPTIONS_LOST, 0, counts->exceptions_lost);
    set(figures, ATP_METRIC_EXCEPTION_FACTS_LOST, 0, counts->exception_facts_lost);
    for (uint32_t kind = 0; kind < ATP_EXCEPTION_KIND_LIMIT; kind++) {
        set(figures, ATP_METRIC_EXCEPTIONS_BY_KIND, kind, counts->exceptions_by_kind[kind]);
    }
}

static uint64_t age_ms(int64_t since_ms, int64_t now_ms)
{
    return since_ms != 0 && now_ms > since_ms ? (uint64_t)(now_ms - since_ms) : 0;
}

/* Of all, and by kind. */
static void set_exceptions(const atp_daemon_metrics_t *figures, const atp_exceptions_t *exceptions,
                           int64_t now_ms)
{
    uint64_t overdue = 0;
    int64_t oldest_ms = 0;

    for (uint32_t kind = 0; kind < ATP_EXCEPTION_KIND_LIMIT; kind++) {
        atp_tally_figures_t tally = atp_tallies_read(exceptions, ATP_TALLY_KIND, kind);
        set(figures, ATP_METRIC_EXCEPTIONS_OVERDUE_BY_KIND, kind, tally.overdue);
        set(figures, ATP_METRIC_EXCEPTIONS_OLDEST_BY_KIND, kind, age_ms(tally.oldest_ms, now_ms));
        overdue += tally.overdue;
        bool is_older = tally.oldest_ms != 0 && (oldest_ms == 0 || tally.oldest_ms < oldest_ms);
        oldest_ms = is_older ? tally.oldest_ms : oldest_ms;
    }
    set(figures, ATP_METRIC_EXCEPTIONS_OVERDUE, 0, overdue);
    set(figures, ATP_METRIC_EXCEPTIONS_OLDEST, 0, age_ms(oldest_ms, now_ms));
}

/* Those of nobody in particular, then by owner; one that was dropped has none. */
static void set_owners(const atp_daemon_metrics_t *figures, const atp_exceptions_t *exceptions,
                       int64_t now_ms)
{
    uint32_t count = (uint32_t)atp_table_count(&exceptions->owners);

    for (uint32_t i = 0; i <= count; i++) {
        atp_tally_figures_t tally = atp_tallies_read(exceptions, ATP_TALLY_OWNER, i);
        atp_text_t name =
            i == 0 ? ATP_TEXT("nobody") : atp_exception_owner_id(atp_exception_owner(exceptions, i - 1));
        atp_metrics_name_owner(figures->metrics, i, name);
        set(figures, ATP_METRIC_EXCEPTIONS_BY_OWNER, i, tally.count);
        set(figures, ATP_METRIC_EXCEPTIONS_OVERDUE_BY_OWNER, i, tally.overdue);
        set(figures, ATP_METRIC_EXCEPTIONS_OLDEST_BY_OWNER, i, age_ms(tally.oldest_ms, now_ms));
    }
}

static void set_tables(const atp_daemon_metrics_t *figures)
{
    atp_table_t *tables[ATP_LEDGER_TABLES];

    atp_ledger_tables((atp_ledger_t *)atp_engine_ledger(figures->engine), tables);
    for (uint32_t i = 0; i < ATP_LEDGER_TABLES; i++) {
        uint64_t count = atp_table_count(tables[i]);
        set(figures, ATP_METRIC_TABLE_RECORDS, i, count);
        set(figures, ATP_METRIC_TABLE_BYTES, i, count * tables[i]->record_size);
        set(figures, ATP_METRIC_TABLE_CAPACITY, i, tables[i]->capacity);
    }
}

static void set_queues(const atp_daemon_metrics_t *figures, const atp_engine_stats_t *stats)
{
    const atp_config_lines_in_flight_t *limits = &figures->config->limits.lines_in_flight;
    const uint64_t by_class[ATP_CLASS_COUNT] = {limits->releases, limits->orders, limits->reservations,
                                                limits->facts, limits->feeds};

    for (uint32_t i = 0; i < ATP_CLASS_COUNT; i++) {
        set(figures, ATP_METRIC_QUEUE_LINES, i, stats->lines_waiting[i]);
        set(figures, ATP_METRIC_QUEUE_LIMIT, i, by_class[i]);
    }
}

static void set_connections(atp_daemon_metrics_t *figures)
{
    const atp_service_t *service = atp_load_acquire(&figures->service);
    atp_server_counters_t counters;

    if (service != NULL) {
        atp_service_read_counters(service, &counters);
        set(figures, ATP_METRIC_CONNECTIONS, 0, counters.connections_now);
        set(figures, ATP_METRIC_CONNECTIONS_REFUSED, 0, counters.connections_refused);
    }
}

static void set_source(const atp_daemon_metrics_t *figures, uint32_t label, uint32_t number, int64_t now_ms)
{
    const atp_ledger_t *ledger = atp_engine_ledger(figures->engine);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_source_record_t *source = atp_table_at(&catalog->sources, number);
    atp_tally_figures_t tally = atp_tallies_read(atp_ledger_exceptions(ledger), ATP_TALLY_SOURCE, number + 1);

    atp_metrics_name_source(figures->metrics, label, atp_strings_get(&catalog->strings, source->id_ref));
    set(figures, ATP_METRIC_SOURCE_STATE, label, atp_load_relaxed(&source->state));
    set(figures, ATP_METRIC_SOURCE_SILENCE, label, age_ms(atp_load_relaxed(&source->heard_ms), now_ms));
    set(figures, ATP_METRIC_SOURCE_FACTS, label, atp_load_relaxed(&source->facts));
    set(figures, ATP_METRIC_SOURCE_REFUSED, label, atp_load_relaxed(&source->refused));
    set(figures, ATP_METRIC_EXCEPTIONS_BY_SOURCE, label, tally.count);
    set(figures, ATP_METRIC_EXCEPTIONS_OVERDUE_BY_SOURCE, label, tally.overdue);
    set(figures, ATP_METRIC_EXCEPTIONS_OLDEST_BY_SOURCE, label, age_ms(tally.oldest_ms, now_ms));
}

/* The first registered sources, by number; then the first others of which there are exceptions. */
static void set_sources(const atp_daemon_metrics_t *figures, int64_t now_ms)
{
    const atp_ledger_t *ledger = atp_engine_ledger(figures->engine);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    uint64_t count = atp_table_count(&catalog->sources);
    uint32_t label = 0;

    for (unsigned is_other = 0; is_other < 2; is_other++) {
        for (uint32_t i = 0; i < count && label < ATP_METRIC_SOURCES_MAX; i++) {
            atp_source_record_t *source = atp_table_at(&catalog->sources, i);
            bool is_registered = atp_load_relaxed(&source->state) != ATP_SOURCE_UNREGISTERED;
            bool has_some =
                atp_tallies_read(atp_ledger_exceptions(ledger), ATP_TALLY_SOURCE, i + 1).count > 0;
            if (is_other ? !is_registered && has_some : is_registered) {
                set_source(figures, label++, i, now_ms);
            }
        }
    }
    for (; label < ATP_METRIC_SOURCES_MAX; label++) {
        atp_metrics_name_source(figures->metrics, label, ATP_TEXT(""));
    }
}

static void refresh(void *context, atp_metrics_t *metrics)
{
    atp_daemon_metrics_t *figures = context;
    atp_engine_stats_t stats;
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(atp_engine_ledger(figures->engine));
    int64_t now_ms = atp_engine_now_ms(figures->engine);

    (void)metrics;
    atp_engine_stats(figures->engine, &stats);
    set(figures, ATP_METRIC_INFO, 0, 1);
    set(figures, ATP_METRIC_UPTIME, 0, (uint64_t)(now_ms - figures->begun_ms));
    set(figures, ATP_METRIC_READY, 0, atp_load_relaxed((_Atomic uint32_t *)figures->is_ready));
    set(figures, ATP_METRIC_GRANTING, 0, stats.is_granting);
    set(figures, ATP_METRIC_CLOCK_SLEWING, 0, stats.is_slewing);
    set(figures, ATP_METRIC_REPEATS, 0, stats.repeats);
    set(figures, ATP_METRIC_PULSES, 0, stats.pulses);
    set(figures, ATP_METRIC_OP_APPLIED, 0, stats.applied_op);
    set(figures, ATP_METRIC_OP_DURABLE, 0, stats.durable_op);
    set(figures, ATP_METRIC_SNAPSHOT_OP, 0, stats.snapshot_op);
    set(figures, ATP_METRIC_SNAPSHOT_AGE, 0,
        stats.snapshot_ms > 0 ? (uint64_t)(now_ms - stats.snapshot_ms) : 0);
    set(figures, ATP_METRIC_SNAPSHOT_DURATION, 0, stats.snapshot_took_ms);
    set(figures, ATP_METRIC_SNAPSHOTS, 0, stats.snapshots_completed);
    set(figures, ATP_METRIC_SNAPSHOT_FAILURES, 0, stats.snapshots_failed);
    set(figures, ATP_METRIC_JOURNAL_BYTES, 0, stats.journal.bytes);
    set(figures, ATP_METRIC_JOURNAL_ROOM, 0, stats.journal_room);
    set(figures, ATP_METRIC_JOURNAL_SEGMENTS, 0, stats.journal.segments);
    set(figures, ATP_METRIC_LOG_LOST, 0, atp_log_lost());
    set_queues(figures, &stats);
    set_ledger(figures, &stats.counts);
    set_tables(figures);
    set_sources(figures, now_ms);
    set_exceptions(figures, exceptions, now_ms);
    set_owners(figures, exceptions, now_ms);
    set_connections(figures);
}

static void on_frame(void *context, uint32_t ops, uint64_t write_ns, uint64_t sync_ns)
{
    atp_metrics_t *metrics = context;

    atp_histogram_record(atp_metrics_histogram(metrics, ATP_METRIC_BATCH_OPS), ops);
    atp_histogram_record(atp_metrics_histogram(metrics, ATP_METRIC_JOURNAL_WRITE), write_ns);
    atp_histogram_record(atp_metrics_histogram(metrics, ATP_METRIC_JOURNAL_SYNC), sync_ns);
}

void atp_daemon_metrics_connect(atp_daemon_metrics_t *figures, atp_metrics_t *metrics, atp_engine_t *engine,
                                const atp_config_t *config, const _Atomic uint32_t *is_ready)
{
    atp_table_t *tables[ATP_LEDGER_TABLES];
    atp_engine_probes_t probes = {on_frame, metrics};

    figures->metrics = metrics;
    figures->engine = engine;
    figures->config = config;
    figures->is_ready = is_ready;
    figures->begun_ms = atp_engine_now_ms(engine);
    atp_ledger_tables((atp_ledger_t *)atp_engine_ledger(engine), tables);
    for (uint32_t i = 0; i < ATP_LEDGER_TABLES; i++) {
        atp_metrics_name_table(metrics, i, tables[i]->name);
    }
    for (uint32_t kind = 0; kind < ATP_EXCEPTION_KIND_LIMIT; kind++) {
        atp_metrics_name_exception(metrics, kind, atp_exception_kind_name(kind));
    }
    atp_metrics_set_incarnation(metrics, atp_engine_incarnation(engine));
    atp_metrics_on_refresh(metrics, refresh, figures);
    atp_engine_set_probes(engine, &probes);
}
