/* The writing side: the ledger thread's requests, and the snapshot thread's steps.
 *
 * A generation goes through: seal says "writing" (durable) - old files removed - new environment - pieces -
 * sync - meta record - digests - seal says "complete" (durable). A crash anywhere before the last leaves no
 * snapshot here, and the other generation as it was. */
#include "engine/store/snapshot_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SEAL_CHUNKS_PER_STEP 4

/* ---- ledger thread ---- */

static uint64_t pieces_of_all(const atp_snapshot_meta_t *meta)
{
    uint64_t pieces = 0;

    for (uint32_t i = 0; i < meta->table_count; i++) {
        pieces += atp_snapshot_pieces_of(meta->tables[i].record_size, meta->tables[i].count);
    }
    return pieces;
}

const atp_piece_sink_t *atp_snapshots_begin(atp_snapshots_t *snapshots, const atp_snapshot_meta_t *meta)
{
    ATP_ASSERT(!snapshots->read_only && meta->op > 0 && meta->table_count <= ATP_SNAPSHOT_TABLES_MAX);
    /* SNAP-L1 (acquire) pairs with SNAP-S2. Orders: the snapshot thread's last use of the request before our
     * next one. Without it a writer still busy reads a meta that is half the next snapshot's. */
    uint32_t request = atp_load_acquire(&snapshots->request);
    ATP_ASSERT(request != ATP_REQUEST_OPEN);
    if (request != ATP_REQUEST_IDLE) {
        return NULL;
    }
    snapshots->meta = *meta;
    snapshots->meta.format = ATP_SNAPSHOT_FORMAT;
    snapshots->meta.state_hash = 0;
    snapshots->meta.pieces = 0;
    snapshots->pieces_expected = pieces_of_all(meta);
    /* Relaxed: published with the request. */
    atp_store_relaxed(&snapshots->is_failed, 0);
    /* SNAP-L2 (release) pairs with SNAP-S1. Orders: the meta before the request. Without it the snapshot
     * thread begins with the meta of the last one. */
    atp_store_release(&snapshots->request, ATP_REQUEST_OPEN);
    atp_parker_wake(&snapshots->pool.parker);
    return &snapshots->sink;
}

bool atp_snapshots_save(void *context, uint32_t table_id, uint64_t piece, const void *bytes, uint32_t size)
{
    atp_snapshots_t *snapshots = context;

    /* Relaxed: seen late, some more pieces are copied for nothing. */
    if (atp_load_relaxed(&snapshots->is_failed)) {
        return false;
    }
    return atp_piece_pool_save(&snapshots->pool, table_id, piece, bytes, size);
}

uint32_t atp_snapshots_pool_used(const atp_snapshots_t *snapshots)
{
    return (uint32_t)((uint64_t)atp_piece_pool_used(&snapshots->pool) * 100 / snapshots->pool.slot_count);
}

static void close_request(atp_snapshots_t *snapshots, uint32_t request)
{
    /* SNAP-L3 (release) pairs with SNAP-S1. Orders: the last piece pushed before the word that it was the
     * last. Without it the snapshot thread may find the ring empty and finish without that piece. */
    atp_store_release(&snapshots->request, request);
    atp_parker_wake(&snapshots->pool.parker);
}

void atp_snapshots_seal(atp_snapshots_t *snapshots)
{
    ATP_ASSERT(atp_load_relaxed(&snapshots->request) == ATP_REQUEST_OPEN);
    close_request(snapshots, ATP_REQUEST_SEALED);
}

void atp_snapshots_abandon(atp_snapshots_t *snapshots)
{
    ATP_ASSERT(atp_load_relaxed(&snapshots->request) == ATP_REQUEST_OPEN);
    close_request(snapshots, ATP_REQUEST_ABANDONED);
}

/* ---- snapshot thread ---- */

static atp_generation_t *choose_target(atp_snapshots_t *snapshots)
{
    atp_generation_t *a = &snapshots->generations[0];
    atp_generation_t *b = &snapshots->generations[1];

    if (!a->is_complete || !b->is_complete) {
        return a->is_complete ? b : a;
    }
    return a->op <= b->op ? a : b;
}

static atp_err_t remove_file(const char *folder, const char *name, atp_why_t *ret_why)
{
    char path[ATP_SNAPSHOT_FOLDER_SIZE + 16];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (unlink(path) != 0 && errno != ENOENT) {
        return atp_seal_failed(ret_why, folder, "removing the old snapshot", errno);
    }
    return ATP_OK;
}

static atp_err_t remove_files(const char *folder, atp_why_t *ret_why)
{
    static const char *const names[] = {"data.mdb", "data.old", "lock.mdb"};
    atp_err_t err = ATP_OK;

    for (size_t i = 0; i < sizeof names / sizeof *names && err == ATP_OK; i++) {
        err = remove_file(folder, names[i], ret_why);
    }
    return err;
}

/* From here on this generation is no snapshot, whatever happens. The file of a whole one is used again (so a
 * full disk does not keep the next from replacing it, and nothing is freed under the journal's syncs: removing
 * 330 MB held an fdatasync up for 28 ms); of what is left of a failure nothing is. */
static atp_err_t clear_generation(const atp_generation_t *generation, bool recycle, uint64_t op,
                                  atp_why_t *ret_why)
{
    atp_seal_t writing = {.state = ATP_SEAL_WRITING, .op = op};
    atp_err_t err = atp_seal_write(generation->folder, &writing, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    return recycle ? atp_generation_recycle(generation->folder, ret_why)
                   : remove_files(generation->folder, ret_why);
}

static void discard_queue(atp_snapshots_t *snapshots)
{
    atp_piece_slot_t *slot;

    while ((slot = atp_piece_pool_next(&snapshots->pool)) != NULL) {
        atp_piece_pool_give_back(&snapshots->pool, slot);
    }
}

static void end_request(atp_snapshots_t *snapshots)
{
    discard_queue(snapshots);
    snapshots->writer_state = ATP_WRITER_IDLE;
    /* SNAP-S2 (release) pairs with SNAP-L1. */
    atp_store_release(&snapshots->request, ATP_REQUEST_IDLE);
}

static void drop_work(atp_snapshots_t *snapshots)
{
    atp_generation_destroy(snapshots->db);
    snapshots->db = NULL;
    atp_sealer_end(&snapshots->sealer);
    snapshots->writer_state = ATP_WRITER_DRAINING;
}

static atp_snapshot_step_t fail(atp_snapshots_t *snapshots)
{
    drop_work(snapshots);
    /* Relaxed: the sink may see it late. */
    atp_store_relaxed(&snapshots->is_failed, 1);
    return ATP_SNAPSHOT_FAILED;
}

static atp_snapshot_step_t start(atp_snapshots_t *snapshots, atp_why_t *ret_why)
{
    atp_generation_t *target = choose_target(snapshots);
    bool was_complete = target->is_complete;

    snapshots->target = target;
    snapshots->bytes_in_transaction = 0;
    target->is_complete = false;
    atp_snapshots_note_generations(snapshots);
    if (clear_generation(target, was_complete, snapshots->meta.op, ret_why) != ATP_OK) {
        return fail(snapshots);
    }
    target->is_damaged = false;
    /* The name of the new file is durable before a seal can speak of it. */
    if (atp_generation_create(target->folder, snapshots->map_size, &snapshots->db, ret_why) != ATP_OK ||
        atp_seal_sync_folder(target->folder, ret_why) != ATP_OK) {
        return fail(snapshots);
    }
    snapshots->writer_state = ATP_WRITER_PIECES;
    return ATP_SNAPSHOT_WORKED;
}

static void pause_after_transaction(const atp_snapshots_t *snapshots)
{
    struct timespec pause = {snapshots->pause_us / 1000000, (long)(snapshots->pause_us % 1000000) * 1000};

    if (snapshots->pause_us > 0) {
        (void)nanosleep(&pause, NULL); /* cut short by a signal it is a shorter pause */
    }
}

static atp_err_t write_piece(atp_snapshots_t *snapshots, const atp_piece_slot_t *slot, atp_why_t *ret_why)
{
    uint64_t hash = atp_piece_hash(slot->table_id, slot->piece, slot->bytes, slot->size);
    atp_stored_piece_t piece = {slot->table_id, slot->size, slot->piece, hash, slot->bytes};
    atp_err_t err = atp_generation_put(snapshots->db, &piece, ret_why);

    if (err == ATP_OK) {
        snapshots->meta.state_hash += hash;
        snapshots->meta.pieces++;
        snapshots->bytes_in_transaction += slot->size;
    }
    return err;
}

/* All pieces are in: the rest is syncs, the meta record and the digests. */
static atp_snapshot_step_t finish_pieces(atp_snapshots_t *snapshots, atp_why_t *ret_why)
{
    atp_snapshot_meta_t *meta = &snapshots->meta;
    const char *folder = snapshots->target->folder;

    ATP_ASSERT(meta->pieces == snapshots->pieces_expected);
    for (uint32_t i = 0; i < meta->table_count; i++) {
        meta->state_hash += atp_table_count_hash(meta->tables[i].table_id, meta->tables[i].count);
    }
    meta->checksum = atp_snapshot_meta_checksum(meta);
    if (atp_generation_finish(snapshots->db, meta, ret_why) != ATP_OK) {
        return fail(snapshots);
    }
    atp_generation_destroy(snapshots->db);
    snapshots->db = NULL;
    if (atp_sealer_begin(&snapshots->sealer, folder, meta->op, ret_why) != ATP_OK) {
        return fail(snapshots);
    }
    snapshots->writer_state = ATP_WRITER_SEALING;
    return ATP_SNAPSHOT_WORKED;
}

static atp_snapshot_step_t write_pieces(atp_snapshots_t *snapshots, bool is_sealed, atp_why_t *ret_why)
{
    atp_snapshot_step_t step = ATP_SNAPSHOT_IDLE;
    atp_piece_slot_t *slot;

    while (snapshots->bytes_in_transaction < snapshots->bytes_per_transaction) {
        slot = atp_piece_pool_next(&snapshots->pool);
        if (slot == NULL) {
            return is_sealed ? finish_pieces(snapshots, ret_why) : step;
        }
        atp_err_t err = write_piece(snapshots, slot, ret_why);
        atp_piece_pool_give_back(&snapshots->pool, slot);
        if (err != ATP_OK) {
            return fail(snapshots);
        }
        step = ATP_SNAPSHOT_WORKED;
    }
    snapshots->bytes_in_transaction = 0;
    if (atp_generation_commit(snapshots->db, ret_why) != ATP_OK) {
        return fail(snapshots);
    }
    pause_after_transaction(snapshots);
    return ATP_SNAPSHOT_WORKED;
}

static atp_snapshot_step_t complete(atp_snapshots_t *snapshots, atp_why_t *ret_why)
{
    atp_generation_t *target = snapshots->target;

    if (atp_seal_write(target->folder, &snapshots->sealer.seal, ret_why) != ATP_OK) {
        return fail(snapshots);
    }
    atp_sealer_end(&snapshots->sealer);
    target->is_complete = true;
    target->op = snapshots->meta.op;
    atp_snapshots_note_generations(snapshots);
    end_request(snapshots);
    return ATP_SNAPSHOT_COMPLETED;
}

static atp_snapshot_step_t take_digests(atp_snapshots_t *snapshots, atp_why_t *ret_why)
{
    bool done = false;

    for (int i = 0; i < SEAL_CHUNKS_PER_STEP && !done; i++) {
        if (atp_sealer_advance(&snapshots->sealer, snapshots->target->folder, &done, ret_why) != ATP_OK) {
            return fail(snapshots);
        }
    }
    if (done) {
        return complete(snapshots, ret_why);
    }
    pause_after_transaction(snapshots);
    return ATP_SNAPSHOT_WORKED;
}

static atp_snapshot_step_t drain(atp_snapshots_t *snapshots, uint32_t request)
{
    if (request == ATP_REQUEST_OPEN) {
        bool any = atp_piece_pool_used(&snapshots->pool) > 0;
        discard_queue(snapshots);
        return any ? ATP_SNAPSHOT_WORKED : ATP_SNAPSHOT_IDLE;
    }
    end_request(snapshots);
    return ATP_SNAPSHOT_WORKED;
}

atp_snapshot_step_t atp_snapshots_step(atp_snapshots_t *snapshots, atp_why_t *ret_why)
{
    /* SNAP-S1 (acquire) pairs with SNAP-L2 and SNAP-L3; read before the ring is. */
    uint32_t request = atp_load_acquire(&snapshots->request);

    if (request == ATP_REQUEST_IDLE) {
        return ATP_SNAPSHOT_IDLE;
    }
    if (request == ATP_REQUEST_ABANDONED && snapshots->writer_state != ATP_WRITER_DRAINING) {
        drop_work(snapshots);
    }
    switch (snapshots->writer_state) {
    case ATP_WRITER_IDLE:
        return start(snapshots, ret_why);
    case ATP_WRITER_PIECES:
        return write_pieces(snapshots, request == ATP_REQUEST_SEALED, ret_why);
    case ATP_WRITER_SEALING:
        return take_digests(snapshots, ret_why);
    case ATP_WRITER_DRAINING:
        return drain(snapshots, request);
    }
    return ATP_SNAPSHOT_IDLE;
}

static bool has_work(atp_snapshots_t *snapshots)
{
    uint32_t request = atp_load_relaxed(&snapshots->request);

    if (request == ATP_REQUEST_IDLE) {
        return false;
    }
    return request != ATP_REQUEST_OPEN || snapshots->writer_state == ATP_WRITER_IDLE ||
           atp_piece_pool_used(&snapshots->pool) > 0;
}

void atp_snapshots_wait(atp_snapshots_t *snapshots, uint64_t timeout_ns)
{
    uint32_t ticket = atp_parker_prepare(&snapshots->pool.parker);

    if (has_work(snapshots)) {
        atp_parker_cancel(&snapshots->pool.parker);
        return;
    }
    atp_parker_park(&snapshots->pool.parker, ticket, timeout_ns);
}
