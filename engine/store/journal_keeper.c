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

/* Really writes the zeros: a file that is only fallocated costs an fdatasync twice as much on first use. Each piece is
 * synced before the next, so that the journal thread's syncs never queue behind more than one. */
static atp_err_t fill(atp_journal_t *journal, atp_file_t *file)
{
    atp_storage_t *storage = journal->storage;

    for (uint64_t at = 0; at < journal->segment_size;) {
        uint64_t left = journal->segment_size - at;
        size_t size = left < journal->zeros_size ? (size_t)left : journal->zeros_size;
        atp_err_t err = storage->write_at(storage, file, at, journal->zeros, size);
        if (err == ATP_OK) {
            err = storage->sync_data(storage, file);
        }
        if (err != ATP_OK) {
            return err;
        }
        at += size;
    }
    return ATP_OK;
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

/* Room on the disk is asked for first, so that a nearly full one is not filled to the brim and emptied again. */
static atp_err_t check_free(atp_journal_t *journal)
{
    uint64_t free_size = 0;
    atp_err_t err = journal->storage->free_size(journal->storage, &free_size);

    if (err == ATP_OK && free_size < journal->segment_size) {
        return ATP_ERR_NO_SPACE;
    }
    return err;
}

static atp_err_t make_segment(atp_journal_t *journal, uint64_t number, atp_file_t **ret_file)
{
    atp_storage_t *storage = journal->storage;
    atp_file_t *file = NULL;
    atp_err_t err = check_free(journal);

    if (err == ATP_OK) {
        err = storage->open(storage, ATP_JOURNAL_TEMPORARY, true, &file);
    }
    if (err != ATP_OK) {
        return err;
    }
    err = fill(journal, file);
    if (err == ATP_OK) {
        err = give_name(journal, number);
    }
    if (err == ATP_OK) {
        *ret_file = file;
        return ATP_OK;
    }
    storage->close(storage, file);
    /* What cannot be removed now is removed at the next open; the first failure is the one to tell. */
    (void)storage->remove(storage, ATP_JOURNAL_TEMPORARY);
    return err;
}

static bool is_final(atp_err_t err)
{
    return err != ATP_ERR_NO_SPACE && err != ATP_ERR_MEMORY && err != ATP_ERR_LIMIT;
}

static atp_err_t make_ready(atp_journal_t *journal, uint64_t number)
{
    atp_segment_slot_t *slot = &journal->slots[number % ATP_SEGMENTS_AHEAD_MAX];
    atp_file_t *file = NULL;
    atp_err_t err = make_segment(journal, number, &file);

    if (err != ATP_OK) {
        return is_final(err) ? atp_journal_set_failed(journal) : err;
    }
    slot->file = file;
    slot->size = journal->segment_size;
    /* SEGMENT-K2 (release) pairs with SEGMENT-J1. Orders: the slot before the number. Without it the journal thread
     * takes a stale file, and writes frames into a segment long full. */
    atp_store_release(&journal->last_ready, number);
    return ATP_OK;
}

atp_err_t atp_journal_prepare(atp_journal_t *journal)
{
    ATP_ASSERT(journal->is_replayed && !journal->read_only);
    for (;;) {
        if (atp_journal_is_failed(journal)) {
            return ATP_ERR_IO;
        }
        atp_err_t err = note_begun(journal);
        if (err != ATP_OK) {
            return err;
        }
        /* Relaxed: the keeper's own. */
        uint64_t last_ready = atp_load_relaxed(&journal->last_ready);
        if (last_ready - last_known(journal) >= journal->segments_ahead) {
            return ATP_OK;
        }
        err = make_ready(journal, last_ready + 1);
        if (err != ATP_OK) {
            return err;
        }
    }
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
