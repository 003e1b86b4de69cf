/* Snapshots: the ledger thread begins one between two frames, copies in passing and seals it once its op is durable; the
 * snapshot thread writes; the keeper makes room for journal and memory. */
#include "engine/engine_priv.h"

#include <inttypes.h>
#include <stdio.h>

#define RETRY_MS 2000 /* after a snapshot was given up */

/* ---- ledger thread ---- */

static bool is_wanted(atp_engine_t *engine)
{
    if (atp_load_acquire(&engine->is_snapshot_wanted) != 0) {
        return true;
    }
    return engine->options.snapshot_interval_ms > 0 && engine->frame->time_ms >= engine->next_snapshot_ms;
}

static void plan_next(atp_engine_t *engine)
{
    engine->next_snapshot_ms = engine->frame->time_ms + (int64_t)engine->options.snapshot_interval_ms;
}

static bool begin(atp_engine_t *engine)
{
    atp_table_t *tables[ATP_LEDGER_TABLES];
    atp_snapshot_meta_t meta = {0};
    uint64_t op = atp_engine_applied_op(engine);

    /* Relaxed: seen late, the same state is written once more. */
    if (op == atp_load_relaxed(&engine->snapshot_op)) {
        atp_store_release(&engine->is_snapshot_wanted, 0);
        plan_next(engine);
        return false; /* nothing has happened since the last one */
    }
    atp_ledger_tables(engine->ledger, tables);
    meta.op = op;
    meta.incarnation = engine->incarnation;
    meta.time_ms = engine->frame->time_ms;
    meta.table_count = ATP_LEDGER_TABLES;
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        meta.tables[i].table_id = tables[i]->id;
        meta.tables[i].record_size = tables[i]->record_size;
        meta.tables[i].count = atp_table_count(tables[i]);
    }
    const atp_piece_sink_t *sink = atp_snapshots_begin(engine->snapshots, &meta);
    if (sink == NULL) {
        return false; /* the last one is still being written */
    }
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        atp_table_copy_begin(tables[i], sink);
    }
    engine->snapshot_begun_op = op;
    engine->is_copying = true;
    atp_store_relaxed(&engine->snapshot_begun_ms, engine->frame->time_ms);
    /* SNAP-1 (release) pairs with the acquires of take_last_snapshot. Orders: "busy" before "not wanted any more".
     * Without it the waiter may see neither and leave before the snapshot is taken. */
    atp_store_relaxed(&engine->is_snapshot_busy, 1);
    atp_store_release(&engine->is_snapshot_wanted, 0);
    plan_next(engine);
    return true;
}

static void end_copy(atp_engine_t *engine)
{
    atp_table_t *tables[ATP_LEDGER_TABLES];

    atp_ledger_tables(engine->ledger, tables);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        atp_table_copy_end(tables[i]);
    }
    engine->is_copying = false;
}

static void give_up(atp_engine_t *engine)
{
    end_copy(engine);
    engine->snapshot_begun_op = 0;
    atp_snapshots_abandon(engine->snapshots);
    (void)atp_fetch_add_relaxed(&engine->snapshots_failed, 1);
    if (engine->options.snapshot_interval_ms > 0) {
        engine->next_snapshot_ms = engine->frame->time_ms + RETRY_MS;
    }
    atp_store_release(&engine->is_snapshot_busy, 0);
    atp_engine_tell(engine, "snapshot_given_up", ATP_ERR_BUSY,
                    "the copy pool is full or the disk refused; it is tried again");
}

/* Copies a few pieces, while the pool has plenty of room for those that must be copied aside. */
static bool copy_some(atp_engine_t *engine)
{
    atp_table_t *tables[ATP_LEDGER_TABLES];
    uint64_t left = ATP_COPY_PIECES;
    bool is_done = true;

    atp_ledger_tables(engine->ledger, tables);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        if (left > 0 && atp_snapshots_pool_used(engine->snapshots) < 50) {
            left -= atp_table_copy_some(tables[i], left);
        }
        atp_copy_state_t state = atp_table_copy_state(tables[i]);
        if (state == ATP_COPY_NONE) {
            give_up(engine);
            return true;
        }
        is_done = is_done && state == ATP_COPY_DONE;
    }
    if (is_done) {
        end_copy(engine);
        engine->is_sealed_pending = true;
    }
    return left < ATP_COPY_PIECES;
}

bool atp_engine_tend_snapshot(atp_engine_t *engine)
{
    if (engine->snapshots == NULL) {
        return false;
    }
    if (engine->is_copying) {
        return copy_some(engine);
    }
    if (engine->is_sealed_pending) {
        if (atp_engine_durable_op(engine) < engine->snapshot_begun_op) {
            return false; /* E3 */
        }
        engine->is_sealed_pending = false;
        atp_store_relaxed(&engine->sealed_op, engine->snapshot_begun_op);
        atp_snapshots_seal(engine->snapshots);
        return true;
    }
    return is_wanted(engine) && begin(engine);
}

/* ---- snapshot thread ---- */

bool atp_engine_step_snapshot(atp_engine_t *engine)
{
    atp_why_t why = {""};
    char text[64];

    if (engine->snapshots == NULL) {
        return false;
    }
    switch (atp_snapshots_step(engine->snapshots, &why)) {
    case ATP_SNAPSHOT_IDLE:
        return false;
    case ATP_SNAPSHOT_WORKED:
        return true;
    case ATP_SNAPSHOT_COMPLETED:
        (void)atp_fetch_add_relaxed(&engine->snapshots_completed, 1);
        atp_store_relaxed(&engine->snapshot_ms, atp_engine_now_ms(engine));
        atp_store_relaxed(
            &engine->snapshot_took_ms,
            (uint64_t)(atp_engine_now_ms(engine) - atp_load_relaxed(&engine->snapshot_begun_ms)));
        atp_store_relaxed(&engine->snapshot_op, atp_load_relaxed(&engine->sealed_op));
        snprintf(text, sizeof text, "keep_from=%" PRIu64, atp_snapshots_keep_from(engine->snapshots));
        atp_engine_tell(engine, "snapshot_completed", ATP_OK, text);
        atp_parker_wake(&engine->keeper_parker);
        atp_store_release(&engine->is_snapshot_busy, 0);
        return true;
    case ATP_SNAPSHOT_FAILED:
        (void)atp_fetch_add_relaxed(&engine->snapshots_failed, 1);
        atp_store_release(&engine->is_snapshot_busy, 0);
        atp_engine_tell(engine, "snapshot_failed", ATP_ERR_IO, why.text);
        return true;
    }
    return false;
}

/* ---- keeper thread ---- */

/* Grants stop while the journal has no more room than is kept for facts, releases, shipments and time. */
static void watch_room(atp_engine_t *engine, atp_err_t prepared)
{
    bool has_room = atp_journal_room(engine->journal) > engine->options.reserve_bytes;

    atp_store_relaxed(&engine->is_granting, has_room ? 1u : 0u);
    if (!has_room && !engine->is_disk_full_told) {
        atp_engine_tell(engine, "grants_stopped", prepared,
                        "no room for the journal: free disk space; facts and releases go on");
    } else if (has_room && engine->is_disk_full_told) {
        atp_engine_tell(engine, "grants_resumed", ATP_OK, "the journal has room again");
    }
    engine->is_disk_full_told = !has_room;
}

/* Spread over the use of the journal; at once where room is nearly as short as that which stops grants. */
static atp_err_t prepare_journal(atp_engine_t *engine, uint64_t room, bool *ret_is_done)
{
    if (room < engine->options.reserve_bytes + engine->options.segment_size) {
        *ret_is_done = true;
        return atp_journal_prepare(engine->journal);
    }
    return atp_journal_prepare_some(engine->journal, ret_is_done);
}

bool atp_engine_step_keeper(atp_engine_t *engine)
{
    bool is_prepared = true;
    uint64_t keep_from = engine->snapshots != NULL ? atp_snapshots_keep_from(engine->snapshots) : 0;
    uint64_t room = atp_journal_room(engine->journal);

    if (keep_from > 0) {
        atp_err_t dropped = atp_journal_drop_below(engine->journal, keep_from + 1);
        if (dropped != ATP_OK) {
            atp_engine_tell(engine, "segments_not_removed", dropped,
                            "old journal segments stay; check the data folder");
        }
    }
    atp_err_t prepared = prepare_journal(engine, room, &is_prepared);
    if (engine->options.populate_ahead > 0 &&
        atp_ledger_populate_ahead(engine->ledger, engine->options.populate_ahead) != ATP_OK) {
        atp_engine_tell(engine, "memory_short", ATP_ERR_MEMORY,
                        "the system has no memory to populate ahead of use");
    }
    watch_room(engine, prepared);
    if (atp_journal_room(engine->journal) > room) {
        atp_parker_wake(&engine->journal_parker);
        return true;
    }
    return !is_prepared && prepared == ATP_OK;
}
