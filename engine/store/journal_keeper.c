#include "engine/store/journal_priv.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENTS_AT_FIRST 64

atp_err_t atp_journal_remember(atp_journal_t *journal, uint64_t number, uint64_t first_op)
{
    if (journal->segment_count == journal->segment_capacity) {
        size_t capacity = journal->segment_capacity == 0 ? SEGMENTS_AT_FIRST : 2 * journal->segment_capacity;
        atp_segment_t *segments = realloc(journal->segments, capacity * sizeof *segments);
        if (segments == NULL) {
            return ATP_ERR_MEMORY;
        }
        journal->segments = segments;
        journal->segment_capacity = capacity;
    }
    journal->segments[journal->segment_count++] = (atp_segment_t){number, first_op};
    return ATP_OK;
}

/* Number of the last used segment that the keeper knows of. */
static uint64_t last_known(const atp_journal_t *journal)
{
    return journal->segment_count == 0 ? 0 : journal->segments[journal->segment_count - 1].number;
}

/* Takes note of the segments that the journal thread has begun, which frees their slots. */
static atp_err_t note_begun(atp_journal_t *journal)
{
    /* SEGMENT-K1 (acquire) pairs with SEGMENT-J2. Orders: the journal thread's last use of the slots before ours.
     * Without it we might remember a first op that is another segment's, and drop a segment that is needed. */
    uint64_t current = atp_load_acquire(&journal->current);

    for (uint64_t number = last_known(journal) + 1; number <= current; number++) {
        uint64_t first_op = journal->slots[number % ATP_SEGMENTS_AHEAD_MAX].first_op;
        atp_err_t err = atp_journal_remember(journal, number, first_op);
        if (err != ATP_OK) {
            return err;
        }
    }
    return ATP_OK;
}

/* ---- prepare ---- */

/* Begins the next segment under its temporary name. Room on the disk is asked for first, so that a nearly full one is
 * not filled to the brim and emptied again. */
static atp_err_t begin_next(atp_journal_t *journal)
{
    atp_storage_t *storage = journal->storage;
    uint64_t free_size = 0;
    atp_err_t err = storage->free_size(storage, &free_size);

    if (err == ATP_OK && free_size < journal->segment_size) {
        return ATP_ERR_NO_SPACE;
    }
    journal->next_filled = 0;
    return err == ATP_OK ? storage->open(storage, ATP_JOURNAL_TEMPORARY, true, &journal->next_file) : err;
}

/* Really writes the zeros: a file that is only fallocated costs an fdatasync twice as much on first use. Each piece is
 * synced before the next, so that the journal thread's syncs never queue behind more than one. */
static atp_err_t fill_piece(atp_journal_t *journal)
{
    atp_storage_t *storage = journal->storage;
    uint64_t left = journal->segment_size - journal->next_filled;
    size_t size = left < journal->zeros_size ? (size_t)left : journal->zeros_size;
    atp_err_t err =
        storage->write_at(storage, journal->next_file, journal->next_filled, journal->zeros, size);

    err = err == ATP_OK ? storage->sync_data(storage, journal->next_file) : err;
    journal->next_filled += size;
    return err;
}

static atp_err_t give_name(atp_journal_t *journal, uint64_t number)
{
    char path[ATP_PATH_SIZE_MAX];

    atp_segment_path(number, path);
    atp_err_t err = journal->storage->rename(journal->storage, ATP_JOURNAL_TEMPORARY, path);
    if (err != ATP_OK) {
        return err;
    }
    err = journal->storage->sync_folder(journal->storage, ATP_JOURNAL_FOLDER);
    /* The segment has its name, but perhaps not for good: nothing may rest on it, nor can it be made again. */
    return err == ATP_OK ? ATP_OK : ATP_ERR_IO;
}

static void drop_next(atp_journal_t *journal)
{
    journal->storage->close(journal->storage, journal->next_file);
    journal->next_file = NULL;
    /* What cannot be removed now is removed at the next open; the first failure is the one to tell. */
    (void)journal->storage->remove(journal->storage, ATP_JOURNAL_TEMPORARY);
}

static void hand_over_next(atp_journal_t *journal, uint64_t number)
{
    atp_segment_slot_t *slot = &journal->slots[number % ATP_SEGMENTS_AHEAD_MAX];

    slot->file = journal->next_file;
    slot->size = journal->segment_size;
    journal->next_file = NULL;
    /* SEGMENT-K2 (release) pairs with SEGMENT-J1. Orders: the slot before the number. Without it the journal thread
     * takes a stale file, and writes frames into a segment long full. */
    atp_store_release(&journal->last_ready, number);
}

static bool is_final(atp_err_t err)
{
    return err != ATP_ERR_NO_SPACE && err != ATP_ERR_MEMORY && err != ATP_ERR_LIMIT;
}

/* One piece more of segment `number`; with the last one it is ready. */
static atp_err_t make_piece(atp_journal_t *journal, uint64_t number)
{
    atp_err_t err = journal->next_file == NULL ? begin_next(journal) : ATP_OK;

    if (err == ATP_OK) {
        err = fill_piece(journal);
        if (err == ATP_OK && journal->next_filled == journal->segment_size) {
            err = give_name(journal, number);
        }
        if (err != ATP_OK) {
            drop_next(journal);
        }
    }
    if (err != ATP_OK) {
        return is_final(err) ? atp_journal_set_failed(journal) : err;
    }
    if (journal->next_filled == journal->segment_size) {
        hand_over_next(journal, number);
    }
    return ATP_OK;
}

/* Bytes of the next segment that should be there by now: all, if more than one is missing; else twice as many as the
 * current one has been given, so that it is whole when the other is half full. */
static uint64_t due_bytes(const atp_journal_t *journal, uint64_t ready_count)
{
    if (ready_count + 1 < journal->segments_ahead || last_known(journal) == 0) {
        return journal->segment_size;
    }
    /* Relaxed: an older number is that of a moment ago, or of the segment before: a piece too early or too late. */
    uint64_t left = atp_load_relaxed(&journal->current_left);

    return left < journal->segment_size ? 2 * (journal->segment_size - left) : 0;
}

static atp_err_t prepare_piece(atp_journal_t *journal, bool is_spread, bool *ret_is_done)
{
    *ret_is_done = true;
    if (atp_journal_is_failed(journal)) {
        return ATP_ERR_IO;
    }
    atp_err_t err = note_begun(journal);
    /* Relaxed: the keeper's own. */
    uint64_t last_ready = atp_load_relaxed(&journal->last_ready);
    uint64_t ready_count = last_ready - last_known(journal);

    if (err != ATP_OK || ready_count >= journal->segments_ahead) {
        return err;
    }
    uint64_t filled = journal->next_file == NULL ? 0 : journal->next_filled;
    if (is_spread && filled >= due_bytes(journal, ready_count)) {
        return ATP_OK;
    }
    *ret_is_done = false;
    return make_piece(journal, last_ready + 1);
}

atp_err_t atp_journal_prepare(atp_journal_t *journal)
{
    ATP_ASSERT(journal->is_replayed && !journal->read_only);
    bool is_done = false;
    atp_err_t err = ATP_OK;

    while (err == ATP_OK && !is_done) {
        err = prepare_piece(journal, false, &is_done);
    }
    return err;
}

atp_err_t atp_journal_prepare_some(atp_journal_t *journal, bool *ret_is_done)
{
    ATP_ASSERT(journal->is_replayed && !journal->read_only);
    return prepare_piece(journal, true, ret_is_done);
}

/* ---- drop ---- */

static atp_err_t drop_oldest(atp_journal_t *journal)
{
    char path[ATP_PATH_SIZE_MAX];
    atp_storage_t *storage = journal->storage;

    atp_segment_path(journal->segments[0].number, path);
    atp_err_t err = storage->remove(storage, path);
    if (err != ATP_OK && err != ATP_ERR_NOT_FOUND) { /* not found: a try before this one got so far */
        return err;
    }
    /* One at a time: if two names could go in any order, a crash might leave a gap. */
    err = storage->sync_folder(storage, ATP_JOURNAL_FOLDER);
    if (err != ATP_OK) {
        return atp_journal_set_failed(journal);
    }
    journal->segment_count--;
    memmove(journal->segments, journal->segments + 1, journal->segment_count * sizeof *journal->segments);
    /* Relaxed: read for a counter only. */
    atp_store_relaxed(&journal->oldest, journal->segments[0].number);
    return ATP_OK;
}

atp_err_t atp_journal_drop_below(atp_journal_t *journal, uint64_t op)
{
    ATP_ASSERT(journal->is_replayed && !journal->read_only);
    if (atp_journal_is_failed(journal)) {
        return ATP_ERR_IO;
    }
    atp_err_t err = note_begun(journal);
    /* SEGMENT-K3 (acquire) pairs with SEGMENT-J3. Orders: the sync of the segment before the removal of the one ahead of
     * it. Without it a crash may leave neither (J6). */
    uint64_t durable_segment = atp_load_acquire(&journal->durable_segment);

    while (err == ATP_OK && journal->segment_count >= 2 && journal->segments[1].first_op <= op &&
           journal->segments[1].number <= durable_segment) {
        err = drop_oldest(journal);
    }
    return err;
}
