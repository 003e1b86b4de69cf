#include "engine/store/journal_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- failure ---- */

atp_err_t atp_journal_set_failed(atp_journal_t *journal)
{
    /* Relaxed: a thread that sees it late acts as if the failure had come later. */
    atp_store_relaxed(&journal->is_failed, true);
    return ATP_ERR_IO;
}

bool atp_journal_is_failed(const atp_journal_t *journal)
{
    return atp_load_relaxed(&journal->is_failed); /* relaxed: see above */
}

/* ---- open ---- */

static atp_err_t check_options(const atp_journal_options_t *options, atp_why_t *ret_why)
{
    uint64_t size = options->segment_size;

    if (size != 0 &&
        (size < ATP_SEGMENT_SIZE_MIN || size > ATP_SEGMENT_SIZE_MAX || size % ATP_SEGMENT_SIZE_UNIT != 0)) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "segment size %" PRIu64 ": must be %" PRIu64 " to %" PRIu64
                        " bytes, a multiple of %" PRIu64,
                        size, ATP_SEGMENT_SIZE_MIN, ATP_SEGMENT_SIZE_MAX, ATP_SEGMENT_SIZE_UNIT);
    }
    if (options->segments_ahead < 1 || options->segments_ahead > ATP_SEGMENTS_AHEAD_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "segments ahead %" PRIu32 ": must be 1 to %d",
                        options->segments_ahead, ATP_SEGMENTS_AHEAD_MAX);
    }
    if ((options->in_use && !options->read_only) || (options->newest_bytes > 0 && !options->in_use)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a journal in use by another process can only be read");
    }
    return ATP_OK;
}

static atp_journal_t *allocate(const atp_journal_options_t *options)
{
    atp_journal_t *journal = aligned_alloc(ATP_CACHE_LINE, sizeof *journal);

    if (journal == NULL) {
        return NULL;
    }
    memset(journal, 0, sizeof *journal);
    journal->storage = options->storage;
    journal->segment_size = options->segment_size == 0 ? ATP_SEGMENT_SIZE_DEFAULT : options->segment_size;
    journal->segments_ahead = options->segments_ahead;
    journal->read_only = options->read_only;
    journal->in_use = options->in_use;
    journal->newest_bytes = options->newest_bytes;
    journal->accept_loss = options->accept_loss;
    journal->staging = malloc(ATP_JOURNAL_STAGING_SIZE);
    journal->zeros_size = journal->segment_size < ATP_JOURNAL_PIECE_SIZE ? (size_t)journal->segment_size
                                                                         : ATP_JOURNAL_PIECE_SIZE;
    journal->zeros = options->read_only ? NULL : calloc(1, journal->zeros_size);
    if (journal->staging == NULL || (journal->zeros == NULL && !options->read_only)) {
        atp_journal_close(journal);
        return NULL;
    }
    return journal;
}

typedef struct finding {
    atp_journal_t *journal;
    atp_err_t err;
    bool has_temporary;
} finding_t;

static void note_entry(void *context, const char *name)
{
    finding_t *finding = context;
    uint64_t number = 0;

    if (strcmp(name, strrchr(ATP_JOURNAL_TEMPORARY, '/') + 1) == 0) {
        finding->has_temporary = true;
    }
    if (finding->err == ATP_OK && atp_segment_number(name, &number)) {
        finding->err = atp_journal_remember(finding->journal, number, 0);
    }
}

static int compare_segments(const void *a, const void *b)
{
    uint64_t x = ((const atp_segment_t *)a)->number;
    uint64_t y = ((const atp_segment_t *)b)->number;

    return (x > y) - (x < y);
}

static atp_err_t check_numbers(const atp_journal_t *journal, atp_why_t *ret_why)
{
    const atp_segment_t *segments = journal->segments;
    size_t count = journal->segment_count;

    if (count > 0 && (segments[0].number == 0 || segments[count - 1].number > UINT32_MAX)) {
        uint64_t number = segments[0].number == 0 ? 0 : segments[count - 1].number;
        return atp_journal_corrupt(ret_why, number, 0, "no segment has this number: the file is not ours");
    }
    for (size_t i = 1; i < count; i++) {
        if (segments[i].number != segments[i - 1].number + 1) {
            return atp_journal_corrupt(ret_why, segments[i - 1].number + 1, 0,
                                       "missing, though segments before and after it are there");
        }
    }
    return ATP_OK;
}

static atp_err_t find_segments(atp_journal_t *journal, bool *ret_has_temporary, atp_why_t *ret_why)
{
    finding_t finding = {.journal = journal};
    atp_err_t err = journal->storage->list(journal->storage, ATP_JOURNAL_FOLDER, note_entry, &finding);

    if (err == ATP_ERR_NOT_FOUND && journal->read_only) {
        err = ATP_OK;
    }
    if (err == ATP_OK) {
        err = finding.err;
    }
    if (err != ATP_OK) {
        return atp_fail(ret_why, err, "journal/ cannot be listed: %s", atp_err_name(err));
    }
    if (journal->segment_count > 0) {
        qsort(journal->segments, journal->segment_count, sizeof *journal->segments, compare_segments);
    }
    *ret_has_temporary = finding.has_temporary;
    return check_numbers(journal, ret_why);
}

/* Also makes durable the names that a run which died has left behind: the next frames rest on them. */
static atp_err_t tidy_folder(atp_journal_t *journal, bool has_temporary, atp_why_t *ret_why)
{
    atp_storage_t *storage = journal->storage;
    atp_err_t err = has_temporary ? storage->remove(storage, ATP_JOURNAL_TEMPORARY) : ATP_OK;

    if (err == ATP_OK) {
        err = storage->sync_folder(storage, ATP_JOURNAL_FOLDER);
    }
    if (err == ATP_OK) {
        err = storage->sync_folder(storage, ".");
    }
    return err == ATP_OK ? ATP_OK
                         : atp_fail(ret_why, err, "journal/ cannot be tidied: %s", atp_err_name(err));
}

static atp_err_t open_folder(atp_journal_t *journal, atp_why_t *ret_why)
{
    bool has_temporary = false;
    atp_err_t err = ATP_OK;

    if (!journal->read_only) {
        err = journal->storage->make_folder(journal->storage, ATP_JOURNAL_FOLDER);
    }
    if (err != ATP_OK) {
        return atp_fail(ret_why, err, "journal/ cannot be made: %s", atp_err_name(err));
    }
    err = find_segments(journal, &has_temporary, ret_why);
    if (err == ATP_OK && !journal->read_only) {
        err = tidy_folder(journal, has_temporary, ret_why);
    }
    return err;
}

atp_err_t atp_journal_open(const atp_journal_options_t *options, atp_journal_t **ret_journal,
                           atp_why_t *ret_why)
{
    atp_err_t err = check_options(options, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    atp_journal_t *journal = allocate(options);
    if (journal == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the buffers of the journal");
    }
    err = open_folder(journal, ret_why);
    if (err != ATP_OK) {
        atp_journal_close(journal);
        return err;
    }
    *ret_journal = journal;
    return ATP_OK;
}

void atp_journal_close(atp_journal_t *journal)
{
    if (journal == NULL) {
        return;
    }
    if (journal->file != NULL) {
        journal->storage->close(journal->storage, journal->file);
    }
    if (journal->next_file != NULL) {
        journal->storage->close(journal->storage, journal->next_file);
    }
    for (size_t i = 0; i < ATP_SEGMENTS_AHEAD_MAX; i++) {
        if (journal->slots[i].file != NULL) {
            journal->storage->close(journal->storage, journal->slots[i].file);
        }
    }
    free(journal->segments);
    free(journal->staging);
    free(journal->zeros);
    free(journal);
}

/* ---- append ---- */

uint32_t atp_journal_payload_max(const atp_journal_t *journal)
{
    uint64_t fits = journal->segment_size - ATP_SEGMENT_HEADER_SIZE - ATP_FRAME_HEADER_SIZE;

    return fits < ATP_FRAME_PAYLOAD_MAX ? (uint32_t)fits : ATP_FRAME_PAYLOAD_MAX;
}

/* Goes on to the next prepared segment. What stands in this one is synced first, so that a segment that has begun
 * proves the durability of all before it (J5). */
static atp_err_t begin_next_segment(atp_journal_t *journal)
{
    uint64_t number = atp_load_relaxed(&journal->current) + 1; /* relaxed: the journal thread's own */

    /* SEGMENT-J1 (acquire) pairs with SEGMENT-K2. */
    if (number > atp_load_acquire(&journal->last_ready)) {
        return ATP_ERR_NO_SPACE;
    }
    atp_err_t err = atp_journal_sync(journal);
    if (err != ATP_OK) {
        return err;
    }
    if (journal->file != NULL) {
        journal->storage->close(journal->storage, journal->file);
    }
    atp_segment_slot_t *slot = &journal->slots[number % ATP_SEGMENTS_AHEAD_MAX];
    journal->file = slot->file;
    journal->size = slot->size;
    journal->offset = 0;
    slot->file = NULL;
    slot->first_op = journal->next_op;
    /* SEGMENT-J2 (release) pairs with SEGMENT-K1. Orders: our use of the slot before the number that frees it. */
    atp_store_release(&journal->current, number);
    /* ROOM-W1 (release) pairs with ROOM-R1. Orders: the number before what is left of the segment. Without it a
     * reader counts the segment twice: as prepared and as current. */
    atp_store_release(&journal->current_left, journal->size - ATP_SEGMENT_HEADER_SIZE);
    return ATP_OK;
}

static atp_err_t make_room(atp_journal_t *journal, uint64_t frame_size)
{
    uint64_t begins_at = journal->offset == 0 ? ATP_SEGMENT_HEADER_SIZE : journal->offset;

    if (journal->file != NULL && frame_size <= journal->size - begins_at) {
        return ATP_OK;
    }
    return begin_next_segment(journal);
}

/* Puts the segment header into the staging buffer if the frame is the first; returns its size. */
static size_t stage_segment_header(atp_journal_t *journal, const atp_frame_header_t *frame)
{
    if (journal->offset != 0) {
        return 0;
    }
    atp_segment_header_t header = {
        .number = atp_load_relaxed(&journal->current), /* relaxed: the journal thread's own */
        .size = journal->size,
        .first_op = journal->next_op,
        .previous_digest = journal->digest,
        .incarnation = frame->incarnation,
        .time_ms = frame->time_ms,
    };
    atp_segment_header_seal(&header);
    memcpy(journal->staging, &header, sizeof header);
    return sizeof header;
}

/* Writes what is staged, and the payload after it. The bytes that pad a large payload are zeros since the segment was
 * prepared. */
static atp_err_t write_out(atp_journal_t *journal, size_t staged_size, const void *payload,
                           uint32_t payload_size)
{
    atp_storage_t *storage = journal->storage;
    size_t padded_size = ((size_t)payload_size + 7) & ~(size_t)7;

    if (staged_size + padded_size <= ATP_JOURNAL_STAGING_SIZE) {
        if (payload_size > 0) {
            memcpy(journal->staging + staged_size, payload, payload_size);
        }
        memset(journal->staging + staged_size + payload_size, 0, padded_size - payload_size);
        return storage->write_at(storage, journal->file, journal->offset, journal->staging,
                                 staged_size + padded_size);
    }
    atp_err_t err = storage->write_at(storage, journal->file, journal->offset, journal->staging, staged_size);
    if (err != ATP_OK) {
        return err;
    }
    return storage->write_at(storage, journal->file, journal->offset + staged_size, payload, payload_size);
}

/* Completes the header, writes the frame where the last one ended, and moves the end behind it. */
static atp_err_t write_frame(atp_journal_t *journal, atp_frame_header_t *header, const void *payload)
{
    uint64_t frame_size = atp_frame_size(header->payload_size);
    atp_err_t err = make_room(journal, frame_size);

    if (err != ATP_OK) {
        return err;
    }
    size_t staged_size = stage_segment_header(journal, header);
    header->first_op = journal->next_op;
    header->previous_digest = journal->digest;
    header->durable_op = atp_load_relaxed(&journal->durable_op); /* relaxed: the journal thread's own */
    header->flags |= journal->is_dirty ? 0 : ATP_FRAME_AFTER_DURABLE;
    header->payload_digest = atp_frame_payload_digest(payload, header->payload_size);
    atp_frame_header_seal(header, atp_load_relaxed(&journal->current), journal->offset + staged_size);
    memcpy(journal->staging + staged_size, header, sizeof *header);
    err = write_out(journal, staged_size + sizeof *header, payload, header->payload_size);
    if (err != ATP_OK) {
        return atp_journal_set_failed(journal);
    }
    journal->offset += staged_size + frame_size;
    journal->digest = header->digest;
    journal->incarnation = header->incarnation;
    journal->next_op += header->op_count;
    journal->is_dirty = true;
    /* ROOM-W2 (release) pairs with ROOM-R1, as ROOM-W1 does, for a reader that finds this value and not that one. */
    atp_store_release(&journal->current_left, journal->size - journal->offset);
    /* Relaxed: counters. */
    atp_fetch_add_relaxed(&journal->frames, 1);
    atp_fetch_add_relaxed(&journal->bytes, staged_size + frame_size);
    return ATP_OK;
}

static void check_may_append(const atp_journal_t *journal)
{
    ATP_ASSERT(journal->is_replayed && !journal->read_only);
}

atp_err_t atp_journal_append(atp_journal_t *journal, const atp_frame_t *frame)
{
    check_may_append(journal);
    if (ATP_UNLIKELY(atp_journal_is_failed(journal))) {
        return ATP_ERR_IO;
    }
    ATP_ASSERT(frame->first_op == journal->next_op); /* J1 */
    ATP_ASSERT(frame->op_count > 0);
    if (frame->payload_size > atp_journal_payload_max(journal)) {
        return ATP_ERR_INVALID;
    }
    atp_frame_header_t header = {
        .payload_size = frame->payload_size,
        .op_count = frame->op_count,
        .incarnation = frame->incarnation,
        .time_ms = frame->time_ms,
        .verdict_digest = frame->verdict_digest,
    };
    atp_err_t err = write_frame(journal, &header, frame->payload);
    if (err == ATP_OK) {
        journal->is_closed = false;
    }
    return err;
}

atp_err_t atp_journal_append_mark(atp_journal_t *journal, uint64_t incarnation, int64_t time_ms)
{
    check_may_append(journal);
    if (atp_journal_is_failed(journal)) {
        return ATP_ERR_IO;
    }
    if (journal->is_closed && (incarnation == journal->incarnation || journal->digest == 0)) {
        return ATP_OK;
    }
    atp_err_t err = atp_journal_sync(journal);
    if (err != ATP_OK) {
        return err;
    }
    atp_frame_header_t header = {.flags = ATP_FRAME_IS_MARK, .incarnation = incarnation, .time_ms = time_ms};
    err = write_frame(journal, &header, NULL);
    if (err == ATP_OK) {
        journal->is_closed = true;
    }
    return err;
}

atp_err_t atp_journal_sync(atp_journal_t *journal)
{
    check_may_append(journal);
    if (ATP_UNLIKELY(atp_journal_is_failed(journal))) {
        return ATP_ERR_IO;
    }
    if (!journal->is_dirty) {
        return ATP_OK;
    }
    if (journal->storage->sync_data(journal->storage, journal->file) != ATP_OK) {
        return atp_journal_set_failed(journal);
    }
    journal->is_dirty = false;
    /* SEGMENT-J3 (release) pairs with SEGMENT-K3. Orders: the sync before the number that says so. */
    atp_store_release(&journal->durable_segment, atp_load_relaxed(&journal->current));
    /* DURABLE-W1 (release) pairs with DURABLE-R1. Orders: the sync before the op that it made durable. Without it an
     * answer may leave before its op is on disk. */
    atp_store_release(&journal->durable_op, journal->next_op - 1);
    atp_fetch_add_relaxed(&journal->syncs, 1); /* relaxed: a counter */
    return ATP_OK;
}

/* ---- what any thread may ask ---- */

uint64_t atp_journal_durable_op(const atp_journal_t *journal)
{
    return atp_load_acquire(&journal->durable_op); /* DURABLE-R1 (acquire) pairs with DURABLE-W1. */
}

uint64_t atp_journal_room(const atp_journal_t *journal)
{
    /* ROOM-R1 (acquire) pairs with ROOM-W1. A number older than what is left would count a segment twice; a newer one
     * only leaves one out. */
    uint64_t left = atp_load_acquire(&journal->current_left);
    /* ROOM-R2 (acquire) pairs with SEGMENT-J2. Orders: the number begun before the last one ready, which the journal
     * thread had seen by then. Without it the difference below may wrap. */
    uint64_t current = atp_load_acquire(&journal->current);
    uint64_t last_ready = atp_load_relaxed(&journal->last_ready); /* relaxed: ordered by ROOM-R2 */

    return left + (last_ready - current) * (journal->segment_size - ATP_SEGMENT_HEADER_SIZE);
}

void atp_journal_stats(const atp_journal_t *journal, atp_journal_stats_t *ret_stats)
{
    /* Relaxed: counters, each right by itself. */
    uint64_t oldest = atp_load_relaxed(&journal->oldest);

    ret_stats->frames = atp_load_relaxed(&journal->frames);
    ret_stats->bytes = atp_load_relaxed(&journal->bytes);
    ret_stats->syncs = atp_load_relaxed(&journal->syncs);
    ret_stats->segments = atp_load_relaxed(&journal->last_ready) - oldest + 1;
}
