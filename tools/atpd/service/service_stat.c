/* Stat: the figures of the engine by name, for `atp stat` and scripts. /metrics has more. */
#include "tools/atpd/service/service_priv.h"

#include <stdio.h>

static void write_number(atp_writer_t *writer, const char *name, uint64_t value)
{
    atp_stat_t stat = {.name = atp_text_of(name), .value = (int64_t)value};
    atp_write_stat(writer, &stat);
}

static void write_counts(atp_writer_t *writer, const atp_ledger_counts_t *counts)
{
    char name[64];

    write_number(writer, "time_ms", (uint64_t)counts->time_ms);
    write_number(writer, "skus", counts->skus);
    write_number(writer, "nodes", counts->nodes);
    write_number(writer, "channels", counts->channels);
    write_number(writer, "clients", counts->clients);
    write_number(writer, "sources", counts->sources);
    write_number(writer, "positions", counts->positions);
    write_number(writer, "reservations_live", counts->reservations_live);
    write_number(writer, "reservations_ended", counts->reservations_ended);
    write_number(writer, "reservations_archived", counts->reservations_archived);
    write_number(writer, "archive_forgotten", counts->archive_forgotten);
    write_number(writer, "archive_floor_ms", (uint64_t)counts->archive_floor_ms);
    write_number(writer, "lines_reserved", counts->lines_reserved);
    write_number(writer, "lines_allocated", counts->lines_allocated);
    write_number(writer, "outcomes", counts->outcomes);
    write_number(writer, "outcome_floor_ms", (uint64_t)counts->floor_ms);
    write_number(writer, "expired_since_start", counts->expired);
    write_number(writer, "exceptions", counts->exceptions);
    write_number(writer, "exceptions_open", counts->exceptions_open);
    write_number(writer, "exceptions_parked", counts->exceptions_parked);
    write_number(writer, "exceptions_lost", counts->exceptions_lost);
    write_number(writer, "exception_facts_lost", counts->exception_facts_lost);
    write_number(writer, "string_bytes", counts->string_bytes);
    for (unsigned kind = 0; kind < ATP_EXCEPTION_KIND_LIMIT; kind++) {
        if (counts->exceptions_by_kind[kind] > 0) {
            snprintf(name, sizeof name, "exceptions_open_%s", atp_exception_kind_name(kind));
            write_number(writer, name, counts->exceptions_by_kind[kind]);
        }
    }
}

static void write_tally(atp_writer_t *writer, const char *of, atp_text_t name, atp_tally_figures_t tally)
{
    char text[ATP_ID_SIZE_MAX + 48];

    if (tally.count == 0) {
        return;
    }
    (void)snprintf(text, sizeof text, "exceptions_%s_%.*s", of, (int)name.size, name.bytes);
    write_number(writer, text, tally.count);
    (void)snprintf(text, sizeof text, "exceptions_overdue_%s_%.*s", of, (int)name.size, name.bytes);
    write_number(writer, text, tally.overdue);
    (void)snprintf(text, sizeof text, "exceptions_oldest_ms_%s_%.*s", of, (int)name.size, name.bytes);
    write_number(writer, text, (uint64_t)tally.oldest_ms);
}

#define SOURCES_TOLD 256 /* the first ones of which there are exceptions */

/* Those that are not settled, by owner and source; and how many are overdue. */
static void write_exceptions(atp_writer_t *writer, const atp_ledger_t *ledger)
{
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    uint32_t owners = (uint32_t)atp_table_count(&exceptions->owners);
    uint32_t sources = (uint32_t)atp_table_count(&catalog->sources);
    uint64_t overdue = 0;
    unsigned told = 0;

    for (uint32_t kind = 0; kind < ATP_EXCEPTION_KIND_LIMIT; kind++) {
        overdue += atp_tallies_read(exceptions, ATP_TALLY_KIND, kind).overdue;
    }
    write_number(writer, "exceptions_overdue", overdue);
    for (uint32_t i = 0; i <= owners; i++) {
        atp_text_t name =
            i == 0 ? ATP_TEXT("nobody") : atp_exception_owner_id(atp_exception_owner(exceptions, i - 1));
        write_tally(writer, "owner", name, atp_tallies_read(exceptions, ATP_TALLY_OWNER, i));
    }
    for (uint32_t i = 0; i < sources && told < SOURCES_TOLD; i++) {
        const atp_source_record_t *source = atp_table_at(&catalog->sources, i);
        atp_tally_figures_t tally = atp_tallies_read(exceptions, ATP_TALLY_SOURCE, i + 1);
        write_tally(writer, "source", atp_strings_get(&catalog->strings, source->id_ref), tally);
        told += tally.count > 0;
    }
}

static void write_engine(atp_writer_t *writer, const atp_engine_stats_t *stats)
{
    write_number(writer, "op_applied", stats->applied_op);
    write_number(writer, "op_durable", stats->durable_op);
    write_number(writer, "frames", stats->frames);
    write_number(writer, "frame_ops_max", stats->frame_ops_max);
    write_number(writer, "repeats", stats->repeats);
    write_number(writer, "pulses", stats->pulses);
    write_number(writer, "journal_bytes", stats->journal.bytes);
    write_number(writer, "journal_room", stats->journal_room);
    write_number(writer, "journal_segments", stats->journal.segments);
    write_number(writer, "snapshots_completed", stats->snapshots_completed);
    write_number(writer, "snapshots_failed", stats->snapshots_failed);
    write_number(writer, "snapshot_op", stats->snapshot_op);
    write_number(writer, "is_granting", stats->is_granting);
    write_number(writer, "is_slewing", stats->is_slewing);
}

static void write_tallies(atp_writer_t *writer, const atp_engine_stats_t *stats)
{
    char name[64];

    for (unsigned i = 0; i < ATP_CLASS_COUNT; i++) {
        snprintf(name, sizeof name, "lines_waiting_%s", atp_class_name((atp_class_t)i));
        write_number(writer, name, stats->lines_waiting[i]);
    }
    for (unsigned i = 0; i < ATP_OP_KIND_LIMIT; i++) {
        if (stats->kinds[i] > 0 && atp_op_kind_name(i) != NULL) {
            snprintf(name, sizeof name, "ops_%s", atp_op_kind_name(i));
            write_number(writer, name, stats->kinds[i]);
        }
    }
    for (unsigned i = 0; i < ATP_VERDICT_LIMIT; i++) {
        if (stats->verdicts[i] > 0 && atp_verdict_name(i) != NULL) {
            snprintf(name, sizeof name, "verdict_%s", atp_verdict_name(i));
            write_number(writer, name, stats->verdicts[i]);
        }
    }
}

void atp_work_stat(atp_work_t *work)
{
    atp_engine_t *engine = work->service->engine;
    atp_engine_stats_t stats;
    atp_server_counters_t counters;
    atp_writer_t writer;

    if (!atp_read_stat_ask(&work->reader) || !atp_message_close(&work->reader)) {
        atp_work_refuse_reader(work);
        return;
    }
    atp_engine_stats(engine, &stats);
    atp_service_read_counters(work->service, &counters);
    atp_work_begin_answer(work, &writer, stats.applied_op, stats.durable_op);
    atp_write_list_begin(&writer);
    write_number(&writer, "incarnation", atp_engine_incarnation(engine));
    write_number(&writer, "requests", counters.received);
    write_engine(&writer, &stats);
    write_counts(&writer, &stats.counts);
    write_exceptions(&writer, work->service->ledger);
    write_tallies(&writer, &stats);
    atp_write_list_end(&writer);
    atp_work_send(work, &writer);
}
