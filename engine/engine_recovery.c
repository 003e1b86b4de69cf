/* From a data folder to a running ledger: lock, genesis, newest snapshot that verifies, journal tail. */
#include "engine/ahead.h"
#include "engine/engine_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_MS                  (INT64_C(24) * 3600 * 1000)
#define LINES_IN_FLIGHT_DEFAULT 65536u

/* ---- replay ---- */

uint64_t atp_verdict_digest_add(uint64_t digest, const atp_result_t *result)
{
    uint64_t x = digest ^ result->op ^ (uint64_t)result->verdict << 56 ^ (uint64_t)result->qty;

    x = (x ^ (x >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
    return x ^ (x >> 29);
}

/* Every record is looked at before the first is applied: the ones to come are read ahead of their turn. */
atp_err_t atp_engine_check_frame(const atp_frame_t *frame, atp_journal_position_t place, atp_why_t *ret_why)
{
    const char *at = frame->payload;
    size_t left = frame->payload_size;

    for (uint32_t i = 0; i < frame->op_count; i++) {
        if (!atp_op_is_well_formed(at, left)) {
            return atp_fail(ret_why, ATP_ERR_CORRUPT,
                            "journal segment %" PRIu64 " offset %" PRIu64 ": op %" PRIu64
                            " is not well formed",
                            place.segment, place.offset, frame->first_op + i);
        }
        size_t size = ((const atp_op_t *)(const void *)at)->size;
        at += size;
        left -= size;
    }
    return ATP_OK;
}

atp_err_t atp_engine_replay_frame(atp_ledger_t *ledger, const atp_frame_t *frame,
                                  atp_journal_position_t place, const atp_onlooker_t *onlooker,
                                  atp_why_t *ret_why)
{
    static _Thread_local atp_grant_t grants[ATP_GRANTS_PER_OP_MAX];
    uint64_t next_op = frame->first_op;
    uint64_t digest = 0;
    atp_ahead_t ahead;
    const atp_op_t *op;

    atp_err_t err = atp_engine_check_frame(frame, place, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    atp_ahead_begin(&ahead, ledger, frame->payload, frame->op_count);
    while ((op = atp_ahead_next(&ahead)) != NULL) {
        atp_result_t result;
        if (onlooker != NULL && onlooker->before != NULL) {
            onlooker->before(onlooker->context, op, frame->time_ms);
        }
        if (!atp_ledger_apply(ledger, op, frame->time_ms, &result, grants) || result.op != next_op) {
            return atp_fail(ret_why, ATP_ERR_CORRUPT,
                            "journal segment %" PRIu64 " offset %" PRIu64 ": op %" PRIu64
                            " does not apply again",
                            place.segment, place.offset, next_op);
        }
        digest = atp_verdict_digest_add(digest, &result);
        if (onlooker != NULL) {
            onlooker->after(onlooker->context, op, &result, grants, frame->time_ms);
        }
        next_op++;
    }
    atp_ledger_end_frame(ledger);
    if (digest != frame->verdict_digest) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT,
                        "journal segment %" PRIu64 " offset %" PRIu64 ": ops %" PRIu64 " to %" PRIu64
                        " would be answered differently now than then: this build decides by other rules; "
                        "run the build that "
                        "wrote them",
                        place.segment, place.offset, frame->first_op, frame->first_op + frame->op_count - 1);
    }
    return ATP_OK;
}

typedef struct replay {
    atp_ledger_t *ledger; /* NULL: nothing may be there to replay */
    uint64_t from_op;
    uint64_t ops;
} replay_t;

static atp_err_t visit_frame(void *context, const atp_frame_t *frame, atp_journal_position_t place,
                             atp_why_t *ret_why)
{
    replay_t *replay = context;

    if (replay->ledger == NULL) {
        return atp_fail(
            ret_why, ATP_ERR_CORRUPT,
            "there is a journal but no file `genesis`: restore it from a backup of the data folder");
    }
    if (frame->first_op < replay->from_op) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT,
                        "the snapshot ends inside the frame of op %" PRIu64 ": it is not of this journal",
                        frame->first_op);
    }
    replay->ops += frame->op_count;
    return atp_engine_replay_frame(replay->ledger, frame, place, NULL, ret_why);
}

/* Snapshot, then journal tail, into the empty ledger. */
static atp_err_t restore(atp_clock_t *clock, atp_ledger_t *ledger, atp_snapshots_t *snapshots,
                         atp_journal_t *journal, atp_recovery_t *ret_recovery, atp_journal_tail_t *ret_tail,
                         atp_snapshot_meta_t *ret_meta, atp_why_t *ret_why)
{
    atp_table_t *tables[ATP_LEDGER_TABLES];
    atp_err_t err = ATP_ERR_NOT_FOUND;

    memset(ret_meta, 0, sizeof *ret_meta);
    atp_ledger_tables(ledger, tables);
    if (snapshots != NULL) {
        err = atp_snapshots_load(snapshots, tables, ATP_LEDGER_TABLES, ret_meta, &ret_recovery->note);
    }
    if (err == ATP_OK) {
        err = atp_ledger_rebuild(ledger, ret_why);
        ret_recovery->snapshot_op = ret_meta->op;
    } else if (err == ATP_ERR_NOT_FOUND || err == ATP_ERR_CORRUPT) {
        /* No snapshot, or none that verifies: the journal may still begin at op 1. If not, replay says so. */
        if (err == ATP_ERR_NOT_FOUND) {
            ret_recovery->note.text[0] = '\0'; /* as it should be in a young folder */
        }
        err = ATP_OK;
    } else {
        *ret_why = ret_recovery->note;
    }
    if (err != ATP_OK) {
        return err;
    }
    replay_t replay = {ledger, ret_recovery->snapshot_op + 1, 0};
    uint64_t begun_ns = clock->monotonic_ns(clock);
    err = atp_journal_replay(journal, replay.from_op, visit_frame, &replay, ret_tail, ret_why);
    ret_recovery->replay_ms = (clock->monotonic_ns(clock) - begun_ns) / 1000000;
    ret_recovery->replayed_ops = replay.ops;
    ret_recovery->torn_bytes = ret_tail->torn_bytes;
    return err;
}

/* ---- the folder ---- */

atp_err_t atp_engine_lock_folder(const char *folder, int *ret_fd, atp_why_t *ret_why)
{
    char path[4096];

    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return atp_fail(ret_why, ATP_ERR_IO, "%s: %s", folder, strerror(errno));
    }
    snprintf(path, sizeof path, "%s/lock", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return atp_fail(ret_why, ATP_ERR_IO, "%s: %s", path, strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return atp_fail(ret_why, ATP_ERR_LOCKED, "%s is in use by another atpd: one process per data folder",
                        folder);
    }
    *ret_fd = fd;
    return ATP_OK;
}

static atp_err_t draw_seed(uint64_t *ret_seed, atp_why_t *ret_why)
{
    if (getrandom(ret_seed, sizeof *ret_seed, 0) != (ssize_t)sizeof *ret_seed) {
        return atp_fail(ret_why, ATP_ERR_IO, "no random numbers for the hash seed: %s", strerror(errno));
    }
    return ATP_OK;
}

/* The configuration the folder was begun with; a new folder is begun with the proposal. */
static atp_err_t find_config(const atp_engine_options_t *options, atp_ledger_config_t *ret_config,
                             bool *ret_is_new, atp_why_t *ret_why)
{
    atp_err_t err = atp_genesis_read(options->data_folder, ret_config, ret_why);

    *ret_is_new = err == ATP_ERR_NOT_FOUND;
    if (!*ret_is_new) {
        return err;
    }
    *ret_config = options->proposal != NULL ? *options->proposal : atp_ledger_config_default();
    err = ret_config->hash_seed == 0 ? draw_seed(&ret_config->hash_seed, ret_why) : ATP_OK;
    err = err == ATP_OK ? atp_ledger_config_check(ret_config, ret_why) : err;
    return err;
}

/* ---- the first op ---- */

/* Applies one of the engine's own ops and makes it durable, before the threads run. */
static atp_err_t apply_and_keep(atp_engine_t *engine, const atp_op_t *op, int64_t now_ms, atp_why_t *ret_why)
{
    atp_result_t result;
    bool is_new = atp_ledger_apply(engine->ledger, op, now_ms, &result, NULL);

    ATP_ASSERT(is_new && result.verdict == ATP_APPLIED);
    atp_frame_t frame = {.incarnation = engine->incarnation,
                         .first_op = result.op,
                         .op_count = 1,
                         .time_ms = now_ms,
                         .verdict_digest = atp_verdict_digest_add(0, &result),
                         .payload = op,
                         .payload_size = op->size};
    atp_ledger_end_frame(engine->ledger);
    atp_err_t err = atp_journal_append(engine->journal, &frame);
    err = err == ATP_OK ? atp_journal_sync(engine->journal) : err;
    return err == ATP_OK ? ATP_OK
                         : atp_fail(ret_why, err, "the first op cannot be written to the journal: %s",
                                    atp_err_name(err));
}

static atp_err_t begin_ledger(atp_engine_t *engine, const atp_ledger_config_t *config, atp_why_t *ret_why)
{
    _Alignas(8) unsigned char record[ATP_OP_SIZE_MAX];

    atp_op_encode_config(record, ATP_OP_GENESIS, config);
    return apply_and_keep(engine, (const atp_op_t *)(const void *)record,
                          atp_ledger_time_advance(&engine->time), ret_why);
}

/* Times and limits of the proposal that differ from the ledger's become a configure op. */
static atp_err_t reconfigure(atp_engine_t *engine, atp_why_t *ret_why)
{
    _Alignas(8) unsigned char record[ATP_OP_SIZE_MAX];
    const atp_ledger_config_t *wanted = engine->options.proposal;
    const atp_ledger_config_t *now = atp_ledger_config(engine->ledger);

    if (wanted == NULL ||
        (wanted->ttl_default_ms == now->ttl_default_ms && wanted->ttl_max_ms == now->ttl_max_ms &&
         wanted->outcome_window_ms == now->outcome_window_ms &&
         wanted->issued_skew_ms == now->issued_skew_ms && wanted->ids_per_client == now->ids_per_client &&
         wanted->lines_per_reservation == now->lines_per_reservation &&
         wanted->unknown_names == now->unknown_names && wanted->archive_after_ms == now->archive_after_ms &&
         wanted->source_gap_ms == now->source_gap_ms &&
         wanted->sources_must_be_registered == now->sources_must_be_registered)) {
        return ATP_OK;
    }
    atp_err_t err = atp_ledger_config_check(wanted, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    atp_op_encode_config(record, ATP_OP_CONFIGURE, wanted);
    return apply_and_keep(engine, (const atp_op_t *)(const void *)record,
                          atp_ledger_time_advance(&engine->time), ret_why);
}

/* A reader may see ops that are not durable yet: after a power cut other ops may have their numbers. So no two runs
 * may have the same incarnation, even if the first has written nothing. On a full disk it stays unclaimed. */
static atp_err_t claim_incarnation(atp_engine_t *engine, atp_why_t *ret_why)
{
    atp_err_t err = atp_journal_append_mark(engine->journal, engine->incarnation, atp_engine_now_ms(engine));

    err = err == ATP_OK ? atp_journal_sync(engine->journal) : err;
    if (err != ATP_OK && err != ATP_ERR_NO_SPACE) {
        return atp_fail(ret_why, err, "the incarnation cannot be written to the journal: %s",
                        atp_err_name(err));
    }
    return ATP_OK;
}

/* ---- opening ---- */

static void fill_defaults(atp_engine_options_t *options)
{
    options->clock = options->clock != NULL ? options->clock : atp_clock_system();
    options->segment_size = options->segment_size > 0 ? options->segment_size : ATP_SEGMENT_SIZE_DEFAULT;
    options->segments_ahead = options->segments_ahead > 0 ? options->segments_ahead : 4;
    options->reserve_bytes = options->reserve_bytes > 0 ? options->reserve_bytes : options->segment_size;
    options->snapshot_map_size =
        options->snapshot_map_size > 0 ? options->snapshot_map_size : ATP_SNAPSHOT_MAP_DEFAULT;
    options->snapshot_pool_pieces = options->snapshot_pool_pieces > 0 ? options->snapshot_pool_pieces : 4096;
    for (unsigned i = 0; i < ATP_CLASS_COUNT; i++) {
        options->lines_in_flight[i] =
            options->lines_in_flight[i] > 0 ? options->lines_in_flight[i] : LINES_IN_FLIGHT_DEFAULT;
    }
}

static atp_err_t init_queues(atp_engine_t *engine)
{
    atp_err_t err = atp_ring_init(&engine->closed_frames, ATP_FRAMES);

    err = err == ATP_OK ? atp_ring_init(&engine->free_frames, ATP_FRAMES) : err;
    for (unsigned i = 0; err == ATP_OK && i < ATP_CLASS_COUNT; i++) {
        err = atp_ring_init(&engine->rings[i], ATP_CLASS_RING_SIZE);
    }
    for (unsigned i = 0; err == ATP_OK && i < ATP_FRAMES; i++) {
        atp_open_frame_t *frame = &engine->frames[i];
        frame->payload = aligned_alloc(ATP_CACHE_LINE, ATP_FRAME_BUFFER_SIZE);
        frame->changes.rows = calloc(ATP_FRAME_ROWS, sizeof *frame->changes.rows);
        frame->changes.capacity = ATP_FRAME_ROWS;
        err = frame->payload != NULL && frame->changes.rows != NULL &&
                      atp_ring_push(&engine->free_frames, frame)
                  ? ATP_OK
                  : ATP_ERR_MEMORY;
    }
    atp_parker_init(&engine->ledger_parker);
    atp_parker_init(&engine->journal_parker);
    atp_parker_init(&engine->keeper_parker);
    return err;
}

static atp_err_t open_storage(atp_engine_t *engine, atp_why_t *ret_why)
{
    engine->storage = engine->options.storage;
    if (engine->storage != NULL) {
        return ATP_OK;
    }
    engine->owns_storage = true;
    return atp_storage_posix_open(engine->options.data_folder, &engine->storage, ret_why);
}

static atp_err_t open_store(atp_engine_t *engine, atp_why_t *ret_why)
{
    atp_journal_options_t journal = {.storage = engine->storage,
                                     .segment_size = engine->options.segment_size,
                                     .segments_ahead = engine->options.segments_ahead,
                                     .accept_loss = engine->options.accept_journal_loss};
    atp_snapshot_options_t snapshots = {.folder = engine->options.data_folder,
                                        .map_size = engine->options.snapshot_map_size,
                                        .pool_pieces = engine->options.snapshot_pool_pieces,
                                        .pause_us = engine->options.snapshot_pause_us};
    atp_err_t err = atp_journal_open(&journal, &engine->journal, ret_why);

    if (err == ATP_OK) {
        size_t most = atp_journal_payload_max(engine->journal);
        engine->frame_size = most < ATP_FRAME_BUFFER_SIZE ? most : ATP_FRAME_BUFFER_SIZE;
        engine->batch_size = engine->frame_size / 4 * 3;
    }
    if (err == ATP_OK && !engine->options.without_snapshots) {
        err = atp_snapshots_open(&snapshots, &engine->snapshots, ret_why);
    }
    return err;
}

/* Without a genesis there can be no ops: a ledger of another configuration must not be given them. */
static atp_err_t check_untouched(atp_journal_t *journal, atp_snapshot_meta_t *ret_meta,
                                 atp_journal_tail_t *ret_tail, atp_why_t *ret_why)
{
    replay_t nothing = {NULL, 0, 0};

    memset(ret_meta, 0, sizeof *ret_meta);
    return atp_journal_replay(journal, 1, visit_frame, &nothing, ret_tail, ret_why);
}

/* The first segments are made before the genesis is written: a genesis alone means that the journal is gone. */
static atp_err_t check_begun(const atp_engine_t *engine, atp_why_t *ret_why)
{
    atp_journal_stats_t stats;

    atp_journal_stats(engine->journal, &stats);
    if (atp_engine_applied_op(engine) == 0 && stats.segments == 0) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT,
                        "%s has a file `genesis` but neither journal nor snapshot: restore the folder from a "
                        "backup, or begin in an empty one",
                        engine->options.data_folder);
    }
    return ATP_OK;
}

static atp_err_t check_gap(const atp_engine_t *engine, int64_t last_ms, atp_why_t *ret_why)
{
    int64_t gap_ms = engine->options.clock->wall_ms(engine->options.clock) - last_ms;

    if (last_ms > 0 && gap_ms > DAY_MS && !engine->options.accept_time_gap) {
        return atp_fail(
            ret_why, ATP_ERR_INVALID,
            "%" PRId64
            " hours have passed since the last op: every reservation not allocated would expire; check "
            "the clock, then start with --accept-time-gap",
            gap_ms / 3600000);
    }
    return ATP_OK;
}

atp_err_t atp_engine_recover(atp_engine_t *engine, atp_recovery_t *ret_recovery, atp_why_t *ret_why)
{
    atp_ledger_config_t config;
    atp_journal_tail_t tail = {0};
    atp_snapshot_meta_t meta;
    bool is_new;

    atp_err_t err = find_config(&engine->options, &config, &is_new, ret_why);
    err = err == ATP_OK ? atp_ledger_create(&config, &engine->ledger, ret_why) : err;
    err = err == ATP_OK ? open_storage(engine, ret_why) : err;
    err = err == ATP_OK ? open_store(engine, ret_why) : err;
    if (err == ATP_OK) {
        err = is_new ? check_untouched(engine->journal, &meta, &tail, ret_why)
                     : restore(engine->options.clock, engine->ledger, engine->snapshots, engine->journal,
                               ret_recovery, &tail, &meta, ret_why);
    }
    if (err == ATP_OK && !is_new) {
        err = check_begun(engine, ret_why);
    }
    if (err != ATP_OK) {
        return err;
    }
    int64_t last_ms = tail.last_time_ms > meta.time_ms ? tail.last_time_ms : meta.time_ms;
    err = check_gap(engine, last_ms, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    engine->incarnation =
        (tail.last_incarnation > meta.incarnation ? tail.last_incarnation : meta.incarnation) + 1;
    atp_ledger_time_begin(&engine->time, engine->options.clock, last_ms);
    err = atp_journal_prepare(engine->journal);
    if (err != ATP_OK && atp_journal_room(engine->journal) == 0) {
        return atp_fail(ret_why, err, "no journal segment can be prepared in %s: %s",
                        engine->options.data_folder, atp_err_name(err));
    }
    ret_recovery->is_new = atp_engine_applied_op(engine) == 0;
    if (ret_recovery->is_new) {
        err = is_new ? atp_genesis_write(engine->options.data_folder, &config, ret_why) : ATP_OK;
        err = err == ATP_OK ? begin_ledger(engine, &config, ret_why) : err;
    } else {
        err = reconfigure(engine, ret_why);
    }
    err = err == ATP_OK ? claim_incarnation(engine, ret_why) : err;
    atp_store_relaxed(&engine->is_granting,
                      atp_journal_room(engine->journal) > engine->options.reserve_bytes ? 1u : 0u);
    engine->next_snapshot_ms = atp_engine_now_ms(engine) + (int64_t)engine->options.snapshot_interval_ms;
    engine->snapshot_begun_op = ret_recovery->snapshot_op;
    atp_store_relaxed(&engine->snapshot_op, ret_recovery->snapshot_op);
    atp_ledger_counts(engine->ledger, &engine->counts);
    ret_recovery->last_op = engine->counts.op;
    ret_recovery->incarnation = engine->incarnation;
    engine->last_time_ms = atp_engine_now_ms(engine); /* so that an idle journal is marked from the start */
    return err;
}

atp_err_t atp_engine_open(const atp_engine_options_t *options, atp_engine_t **ret_engine,
                          atp_recovery_t *ret_recovery, atp_why_t *ret_why)
{
    atp_engine_t *engine = aligned_alloc(ATP_CACHE_LINE, sizeof *engine);

    if (engine == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the engine");
    }
    memset(engine, 0, sizeof *engine);
    memset(ret_recovery, 0, sizeof *ret_recovery);
    engine->options = *options;
    engine->lock_file = -1;
    pthread_mutex_init(&engine->counts_lock, NULL);
    fill_defaults(&engine->options);
    uint64_t begun_ns = engine->options.clock->monotonic_ns(engine->options.clock);
    atp_err_t err = atp_engine_lock_folder(options->data_folder, &engine->lock_file, ret_why);
    if (err == ATP_OK && init_queues(engine) != ATP_OK) {
        err = atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the engine's queues");
    }
    err = err == ATP_OK ? atp_engine_recover(engine, ret_recovery, ret_why) : err;
    if (err != ATP_OK) {
        atp_engine_close(engine);
        return err;
    }
    ret_recovery->took_ms = (engine->options.clock->monotonic_ns(engine->options.clock) - begun_ns) / 1000000;
    *ret_engine = engine;
    return ATP_OK;
}

static void answer_closed_list(atp_batch_t *batch)
{
    while (batch != NULL) {
        atp_batch_t *next = batch->next;
        batch->done(batch, ATP_ERR_CLOSED);
        batch = next;
    }
}

/* Batches nobody will apply or make durable any more. */
static void answer_closed(atp_engine_t *engine)
{
    atp_batch_t *batch;

    while ((batch = engine->readers) != NULL) {
        engine->readers = batch->next;
        batch->done(batch, ATP_ERR_CLOSED);
    }
    if (engine->bulk.batch != NULL) {
        engine->bulk.batch->done(engine->bulk.batch, ATP_ERR_CLOSED);
    }
    for (unsigned i = 0; i < ATP_CLASS_COUNT && engine->rings[i].cells != NULL; i++) {
        if (engine->waiting[i] != NULL) {
            engine->waiting[i]->done(engine->waiting[i], ATP_ERR_CLOSED);
        }
        while ((batch = atp_ring_pop(&engine->rings[i])) != NULL) {
            batch->done(batch, ATP_ERR_CLOSED);
        }
    }
    for (unsigned i = 0; i < ATP_FRAMES; i++) {
        answer_closed_list(engine->frames[i].first_batch);
    }
}

void atp_engine_close(atp_engine_t *engine)
{
    if (engine == NULL) {
        return;
    }
    ATP_ASSERT(engine->thread_count == 0); /* stopped, or never started */
    answer_closed(engine);
    atp_journal_close(engine->journal);
    atp_snapshots_close(engine->snapshots);
    atp_ledger_destroy(engine->ledger);
    if (engine->owns_storage) {
        atp_storage_posix_close(engine->storage);
    }
    for (unsigned i = 0; i < ATP_FRAMES; i++) {
        free(engine->frames[i].payload);
        free(engine->frames[i].changes.rows);
    }
    for (unsigned i = 0; i < ATP_CLASS_COUNT; i++) {
        atp_ring_fini(&engine->rings[i]);
    }
    atp_ring_fini(&engine->closed_frames);
    atp_ring_fini(&engine->free_frames);
    pthread_mutex_destroy(&engine->counts_lock);
    if (engine->lock_file >= 0) {
        close(engine->lock_file);
    }
    free(engine);
}

/* ---- checking without starting ---- */

static atp_err_t check_store(const char *folder, atp_ledger_t *ledger, atp_storage_t *storage,
                             atp_check_report_t *report, atp_why_t *ret_why)
{
    atp_snapshot_options_t snapshot_options = {
        .folder = folder, .map_size = ATP_SNAPSHOT_MAP_DEFAULT, .pool_pieces = 2, .read_only = true};
    atp_journal_options_t journal_options = {
        .storage = storage, .segment_size = ATP_SEGMENT_SIZE_DEFAULT, .segments_ahead = 1, .read_only = true};
    atp_snapshots_t *snapshots = NULL;
    atp_journal_t *journal = NULL;
    atp_snapshot_meta_t meta;

    atp_err_t err = atp_snapshots_open(&snapshot_options, &snapshots, ret_why);
    err = err == ATP_OK ? atp_snapshots_verify(snapshots, report->snapshots, ret_why) : err;
    err = err == ATP_OK ? atp_journal_open(&journal_options, &journal, ret_why) : err;
    err = err == ATP_OK ? restore(atp_clock_system(), ledger, snapshots, journal, &report->recovery,
                                  &report->tail, &meta, ret_why)
                        : err;
    if (err == ATP_OK && atp_ledger_stamp(ledger) > 0) {
        err = atp_ledger_check(ledger, ret_why);
        report->state_hash = atp_ledger_hash(ledger);
        atp_ledger_counts(ledger, &report->counts);
        report->recovery.last_op = report->counts.op;
    }
    atp_journal_close(journal);
    atp_snapshots_close(snapshots);
    return err;
}

atp_err_t atp_engine_check(const char *folder, atp_check_report_t *ret_report, atp_why_t *ret_why)
{
    atp_ledger_config_t config;
    atp_ledger_t *ledger = NULL;
    atp_storage_t *storage = NULL;
    int lock = -1;

    memset(ret_report, 0, sizeof *ret_report);
    atp_err_t err = atp_genesis_read(folder, &config, ret_why);
    err = err == ATP_OK ? atp_engine_lock_folder(folder, &lock, ret_why) : err;
    err = err == ATP_OK ? atp_ledger_create(&config, &ledger, ret_why) : err;
    err = err == ATP_OK ? atp_storage_posix_open(folder, &storage, ret_why) : err;
    err = err == ATP_OK ? check_store(folder, ledger, storage, ret_report, ret_why) : err;
    if (storage != NULL) {
        atp_storage_posix_close(storage);
    }
    atp_ledger_destroy(ledger);
    if (lock >= 0) {
        close(lock);
    }
    return err;
}
