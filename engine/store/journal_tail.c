#include "engine/store/journal_priv.h"

#include <inttypes.h>
#include <string.h>

static atp_err_t fail_writing(atp_why_t *ret_why, uint64_t number, const char *what, atp_err_t err)
{
    return atp_fail(ret_why, err, "journal/%016" PRIx64 ".seg: %s failed: %s", number, what,
                    atp_err_name(err));
}

/* ---- the torn tail ---- */

static atp_err_t write_zeros(atp_journal_t *journal, atp_file_t *file, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to;) {
        size_t size = to - at < journal->zeros_size ? (size_t)(to - at) : journal->zeros_size;
        atp_err_t err = journal->storage->write_at(journal->storage, file, at, journal->zeros, size);
        if (err != ATP_OK) {
            return err;
        }
        at += size;
    }
    return ATP_OK;
}

static atp_err_t cut_segment(atp_journal_t *journal, atp_segment_reader_t *reader, uint64_t from,
                             atp_why_t *ret_why)
{
    atp_survey_t survey;
    atp_err_t err = atp_segment_survey(reader, from, UINT64_MAX, &survey, ret_why);

    if (err != ATP_OK || survey.content_end == from) {
        return err;
    }
    err = write_zeros(journal, reader->file, from, survey.content_end);
    if (err == ATP_OK) {
        err = journal->storage->sync_data(journal->storage, reader->file);
    }
    return err == ATP_OK ? ATP_OK : fail_writing(ret_why, reader->number, "cutting the torn tail", err);
}

static atp_err_t remove_last_segment(atp_journal_t *journal, atp_why_t *ret_why)
{
    char path[ATP_PATH_SIZE_MAX];
    uint64_t number = journal->segments[journal->segment_count - 1].number;

    atp_segment_path(number, path);
    atp_err_t err = journal->storage->remove(journal->storage, path);
    if (err == ATP_OK) {
        /* One at a time: if two names could go in any order, a crash might leave a gap. */
        err = journal->storage->sync_folder(journal->storage, ATP_JOURNAL_FOLDER);
    }
    if (err != ATP_OK) {
        return fail_writing(ret_why, number, "removing the unused segment", err);
    }
    journal->segment_count--;
    return ATP_OK;
}

/* How many of the segments found are worth keeping: unused ones of another size than is wanted now, and more than
 * there are slots, are made anew or not at all. */
static atp_err_t count_kept(const atp_journal_t *journal, atp_segment_reader_t *reader, size_t used_count,
                            size_t *ret_count, atp_why_t *ret_why)
{
    size_t count = used_count;

    while (count < journal->segment_count && count - used_count < ATP_SEGMENTS_AHEAD_MAX) {
        atp_err_t err = atp_segment_reader_open(reader, journal->segments[count].number, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        if (reader->size != journal->segment_size) {
            break;
        }
        count++;
    }
    *ret_count = count;
    return ATP_OK;
}

static atp_err_t settle_unused(atp_journal_t *journal, atp_segment_reader_t *reader, size_t used_count,
                               atp_why_t *ret_why)
{
    size_t kept_count = 0;
    atp_err_t err = count_kept(journal, reader, used_count, &kept_count, ret_why);

    while (err == ATP_OK && journal->segment_count > kept_count) {
        err = remove_last_segment(journal, ret_why);
    }
    for (size_t i = used_count; err == ATP_OK && i < kept_count; i++) {
        err = atp_segment_reader_open(reader, journal->segments[i].number, ret_why);
        if (err == ATP_OK) {
            err = cut_segment(journal, reader, 0, ret_why);
        }
    }
    return err;
}

/* ---- the frames that nothing declares ---- */

/* Where the first frame stands that no other declares durable; the segment header goes with the first of all. */
static atp_err_t find_undeclared(atp_segment_reader_t *reader, const atp_walk_end_t *end,
                                 uint64_t *ret_offset, atp_why_t *ret_why)
{
    uint64_t at = ATP_SEGMENT_HEADER_SIZE;

    while (at < end->offset) {
        atp_frame_header_t header;
        const unsigned char *bytes = NULL;
        size_t shown = 0;
        atp_err_t err = atp_segment_reader_show(reader, at, sizeof header, &bytes, &shown, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        memcpy(&header, bytes, sizeof header);
        uint64_t last_op = header.op_count == 0 ? header.first_op : header.first_op + header.op_count - 1;
        if (last_op > end->declared_op) {
            break;
        }
        at += atp_frame_size(header.payload_size);
    }
    *ret_offset = at == ATP_SEGMENT_HEADER_SIZE ? 0 : at;
    return ATP_OK;
}

/* Writes [from, to) once more, as it is: what is read may stand in the page cache only, in pages that a failed sync
 * has left marked clean. */
static atp_err_t write_again(atp_journal_t *journal, atp_segment_reader_t *reader, uint64_t from, uint64_t to,
                             atp_why_t *ret_why)
{
    for (uint64_t at = from; at < to;) {
        const unsigned char *bytes = NULL;
        size_t size = 0;
        atp_err_t err = atp_segment_reader_show(reader, at, 8, &bytes, &size, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        if (size > to - at) {
            size = (size_t)(to - at);
        }
        err = journal->storage->write_at(journal->storage, reader->file, at, bytes, size);
        if (err != ATP_OK) {
            return fail_writing(ret_why, reader->number, "writing the last frames again", err);
        }
        at += size;
    }
    return ATP_OK;
}

/* All that was visited will be told to clients that ask: so it must be durable now. Only the last used segment can hold
 * anything that is not (J5). */
static atp_err_t settle_current(atp_journal_t *journal, atp_segment_reader_t *reader,
                                const atp_walk_end_t *end, atp_why_t *ret_why)
{
    uint64_t undeclared_at = 0;
    uint64_t number = journal->segments[end->used_count - 1].number;
    atp_err_t err = atp_segment_reader_open(reader, number, ret_why);

    if (err == ATP_OK) {
        err = cut_segment(journal, reader, end->offset, ret_why);
    }
    if (err == ATP_OK) {
        err = find_undeclared(reader, end, &undeclared_at, ret_why);
    }
    if (err == ATP_OK) {
        err = write_again(journal, reader, undeclared_at, end->offset, ret_why);
    }
    if (err != ATP_OK) {
        return err;
    }
    err = journal->storage->sync_data(journal->storage, reader->file);
    return err == ATP_OK ? ATP_OK : fail_writing(ret_why, number, "syncing the last frames", err);
}

/* ---- hand-over to the threads ---- */

static atp_err_t open_ready(atp_journal_t *journal, uint64_t number, atp_file_t **ret_file,
                            uint64_t *ret_size, atp_why_t *ret_why)
{
    char path[ATP_PATH_SIZE_MAX];

    atp_segment_path(number, path);
    atp_err_t err = journal->storage->open(journal->storage, path, false, ret_file);
    if (err != ATP_OK) {
        *ret_file = NULL;
        return atp_fail(ret_why, err, "%s cannot be opened: %s", path, atp_err_name(err));
    }
    err = journal->storage->size(journal->storage, *ret_file, ret_size);
    return err == ATP_OK ? ATP_OK : fail_writing(ret_why, number, "telling its size", err);
}

static atp_err_t hand_over_current(atp_journal_t *journal, const atp_walk_end_t *end, atp_why_t *ret_why)
{
    uint64_t number = 0;

    journal->next_op = end->next_op;
    journal->digest = end->digest;
    journal->incarnation = end->incarnation;
    journal->is_closed = end->is_closed;
    if (end->used_count > 0) {
        number = journal->segments[end->used_count - 1].number;
        atp_err_t err = open_ready(journal, number, &journal->file, &journal->size, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        journal->offset = end->offset;
        atp_store_relaxed(&journal->current_left, journal->size - end->offset);
    }
    /* Relaxed, here and below: the threads are started after this, which orders it. */
    atp_store_relaxed(&journal->durable_op, end->next_op - 1);
    atp_store_relaxed(&journal->current, number);
    atp_store_relaxed(&journal->durable_segment, number);
    atp_store_relaxed(&journal->oldest, end->used_count > 0 ? journal->segments[0].number : 1);
    return ATP_OK;
}

static atp_err_t hand_over_ready(atp_journal_t *journal, size_t used_count, atp_why_t *ret_why)
{
    uint64_t last_ready = atp_load_relaxed(&journal->current);

    atp_store_relaxed(&journal->last_ready, last_ready);
    for (size_t i = used_count; i < journal->segment_count; i++) {
        uint64_t number = journal->segments[i].number;
        atp_segment_slot_t *slot = &journal->slots[number % ATP_SEGMENTS_AHEAD_MAX];
        atp_err_t err = open_ready(journal, number, &slot->file, &slot->size, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        atp_store_relaxed(&journal->last_ready, number);
    }
    journal->segment_count = used_count;
    return ATP_OK;
}

atp_err_t atp_journal_settle(atp_journal_t *journal, atp_segment_reader_t *reader, const atp_walk_end_t *end,
                             atp_why_t *ret_why)
{
    atp_err_t err = settle_unused(journal, reader, end->used_count, ret_why);

    if (err == ATP_OK && end->used_count > 0) {
        err = settle_current(journal, reader, end, ret_why);
    }
    if (err == ATP_OK) {
        err = hand_over_current(journal, end, ret_why);
    }
    if (err == ATP_OK) {
        err = hand_over_ready(journal, end->used_count, ret_why);
    }
    return err;
}
