#include "engine/store/journal_priv.h"

#include <inttypes.h>
#include <string.h>

typedef struct walk {
    atp_journal_t *journal;
    atp_segment_reader_t reader;
    uint64_t from_op;
    size_t first; /* segment that is walked first */
    atp_frame_visit_t visit;
    void *context;
    atp_journal_tail_t *tail;
    atp_why_t *why;

    atp_walk_end_t end;
    atp_survey_t survey; /* of what stands after the frames of the last used segment */
    const char *reason;  /* why no frame stands at the end; NULL if zeros stand there */
} walk_t;

/* ---- one frame ---- */

static const char *judge_frame(const walk_t *walk, const atp_frame_header_t *header, uint64_t offset)
{
    bool is_mark = (header->flags & ATP_FRAME_IS_MARK) != 0;

    if ((header->flags & ~(ATP_FRAME_IS_MARK | ATP_FRAME_AFTER_DURABLE)) != 0 ||
        header->payload_size > ATP_FRAME_PAYLOAD_MAX ||
        atp_frame_size(header->payload_size) > walk->reader.size - offset ||
        (is_mark ? header->op_count != 0 || header->payload_size != 0 : header->op_count == 0)) {
        return "the frame header makes no sense";
    }
    if (header->first_op != walk->end.next_op || header->first_op > UINT64_MAX - header->op_count ||
        header->previous_digest != walk->end.digest || header->durable_op >= header->first_op) {
        return "the frame does not continue the chain";
    }
    return NULL;
}

static const char *judge_payload(const atp_frame_header_t *header, const unsigned char *payload)
{
    uint64_t padded_size = atp_frame_size(header->payload_size) - ATP_FRAME_HEADER_SIZE;

    if (atp_frame_payload_digest(payload, header->payload_size) != header->payload_digest) {
        return "the payload of the frame does not verify";
    }
    for (uint64_t i = header->payload_size; i < padded_size; i++) {
        if (payload[i] != 0) {
            return "the padding of the frame is not zero";
        }
    }
    return NULL;
}

static atp_err_t visit_frame(walk_t *walk, const atp_frame_header_t *header, const unsigned char *payload)
{
    uint64_t after_op = header->first_op + header->op_count;

    if (walk->visit == NULL || header->op_count == 0 || after_op <= walk->from_op) {
        return ATP_OK;
    }
    const atp_frame_t frame = {
        .incarnation = header->incarnation,
        .first_op = header->first_op,
        .op_count = header->op_count,
        .time_ms = header->time_ms,
        .verdict_digest = header->verdict_digest,
        .payload = payload,
        .payload_size = header->payload_size,
    };
    const atp_journal_position_t place = {walk->reader.number, walk->end.offset};
    return walk->visit(walk->context, &frame, place, walk->why);
}

static void advance(walk_t *walk, const atp_frame_header_t *header)
{
    atp_journal_tail_t *tail = walk->tail;
    atp_walk_end_t *end = &walk->end;

    end->offset += atp_frame_size(header->payload_size);
    end->next_op = header->first_op + header->op_count;
    end->digest = header->digest;
    end->incarnation = header->incarnation;
    end->is_closed = header->op_count == 0;
    if (header->durable_op > end->declared_op) {
        end->declared_op = header->durable_op;
    }
    if (header->incarnation > tail->last_incarnation) {
        tail->last_incarnation = header->incarnation;
    }
    tail->last_op = end->next_op - 1;
    tail->last_time_ms = header->time_ms;
    tail->frames++;
    tail->ops += header->op_count;
}

static atp_err_t check_format(const walk_t *walk, uint64_t offset, uint16_t format)
{
    if (format == ATP_JOURNAL_FORMAT) {
        return ATP_OK;
    }
    return atp_fail(walk->why, ATP_ERR_FORMAT,
                    "journal/%016" PRIx64 ".seg, byte %" PRIu64
                    ": format %u; this build reads format %u: start the build that wrote it",
                    walk->reader.number, offset, format, ATP_JOURNAL_FORMAT);
}

/* Reads and judges the header of the frame at the end of what was walked. *ret_is_end: none stands there, for
 * walk->reason. */
static atp_err_t read_header(walk_t *walk, atp_frame_header_t *ret_header, bool *ret_is_end)
{
    const unsigned char *bytes = NULL;
    size_t shown = 0;
    uint64_t offset = walk->end.offset;

    walk->reason = NULL;
    *ret_is_end = true;
    if (walk->reader.size - offset < sizeof *ret_header) {
        return ATP_OK;
    }
    atp_err_t err =
        atp_segment_reader_show(&walk->reader, offset, sizeof *ret_header, &bytes, &shown, walk->why);
    if (err != ATP_OK) {
        return err;
    }
    memcpy(ret_header, bytes, sizeof *ret_header);
    if (ret_header->magic == 0) {
        return ATP_OK;
    }
    if (!atp_frame_header_verify(ret_header, walk->reader.number, offset)) {
        walk->reason = "the frame header does not verify";
        return ATP_OK;
    }
    walk->reason = judge_frame(walk, ret_header, offset);
    *ret_is_end = walk->reason != NULL;
    return check_format(walk, offset, ret_header->format);
}

/* Reads, judges and visits the next frame. *ret_is_end: there is none, for walk->reason. */
static atp_err_t step(walk_t *walk, bool *ret_is_end)
{
    atp_frame_header_t header;
    const unsigned char *bytes = NULL;
    size_t shown = 0;
    atp_err_t err = read_header(walk, &header, ret_is_end);

    if (err != ATP_OK || *ret_is_end) {
        return err;
    }
    size_t size = (size_t)atp_frame_size(header.payload_size);
    err = atp_segment_reader_show(&walk->reader, walk->end.offset, size, &bytes, &shown, walk->why);
    if (err != ATP_OK) {
        return err;
    }
    walk->reason = judge_payload(&header, bytes + sizeof header);
    if (walk->reason != NULL) {
        *ret_is_end = true;
        return ATP_OK;
    }
    err = visit_frame(walk, &header, bytes + sizeof header);
    advance(walk, &header);
    return err;
}

/* Walks from where the walk stands to the end of the frames of this segment. */
static atp_err_t walk_frames(walk_t *walk)
{
    bool is_end = false;

    while (!is_end) {
        atp_err_t err = step(walk, &is_end);
        if (err != ATP_OK) {
            return err;
        }
    }
    return atp_segment_survey(&walk->reader, walk->end.offset, walk->end.next_op, &walk->survey, walk->why);
}

/* ---- segments ---- */

static atp_err_t read_segment_header(walk_t *walk, atp_segment_header_t *ret_header, bool *ret_is_valid)
{
    const unsigned char *bytes = NULL;
    size_t shown = 0;

    atp_err_t err = atp_segment_reader_show(&walk->reader, 0, sizeof *ret_header, &bytes, &shown, walk->why);
    if (err == ATP_OK) {
        memcpy(ret_header, bytes, sizeof *ret_header);
        *ret_is_valid = atp_segment_header_verify(ret_header);
    }
    return err;
}

/* The frames of the segment before ended at a place where more should have come, or where junk stands: a next
 * segment has begun, so all before it was durable (J5). */
static atp_err_t check_end_of_previous(const walk_t *walk)
{
    uint64_t number = walk->reader.number - 1;

    if (walk->reason != NULL) {
        return atp_journal_corrupt(walk->why, number, walk->end.offset,
                                   "%s (op %" PRIu64 "), yet a later segment has begun", walk->reason,
                                   walk->end.next_op);
    }
    if (walk->survey.content_end != walk->end.offset) {
        return atp_journal_corrupt(walk->why, number, walk->end.offset,
                                   "no frame (op %" PRIu64 "), yet there are bytes up to %" PRIu64
                                   " and a later segment",
                                   walk->end.next_op, walk->survey.content_end);
    }
    return ATP_OK;
}

static atp_err_t check_identity(const walk_t *walk, const atp_segment_header_t *header)
{
    uint64_t number = walk->reader.number;
    atp_err_t err = check_format(walk, 0, header->format);

    if (err != ATP_OK) {
        return err;
    }
    if (header->number != number) {
        return atp_journal_corrupt(walk->why, number, 0,
                                   "this is segment %016" PRIx64 " under another's name", header->number);
    }
    if (header->size != walk->reader.size) {
        return atp_journal_corrupt(walk->why, number, walk->reader.size,
                                   "the file ends here, but was %" PRIu64 " bytes when made", header->size);
    }
    if (header->first_op == 0) {
        return atp_journal_corrupt(walk->why, number, 0, "the segment header makes no sense");
    }
    return ATP_OK;
}

static atp_err_t check_first(walk_t *walk, const atp_segment_header_t *header)
{
    if (walk->from_op != 0 && header->first_op > walk->from_op) {
        return atp_journal_corrupt(walk->why, header->number, 0,
                                   "the journal begins at op %" PRIu64 " but is needed from op %" PRIu64
                                   ": an earlier segment is missing",
                                   header->first_op, walk->from_op);
    }
    walk->end.next_op = header->first_op;
    walk->end.digest = header->previous_digest;
    walk->end.declared_op = header->first_op - 1;
    walk->tail->last_op = header->first_op - 1;
    return ATP_OK;
}

static atp_err_t check_follows(const walk_t *walk, const atp_segment_header_t *header)
{
    atp_err_t err = check_end_of_previous(walk);

    if (err != ATP_OK) {
        return err;
    }
    if (header->first_op != walk->end.next_op || header->previous_digest != walk->end.digest) {
        return atp_journal_corrupt(walk->why, header->number, 0,
                                   "begins at op %" PRIu64 ", but the segment before ends at op %" PRIu64
                                   " or is another copy",
                                   header->first_op, walk->end.next_op - 1);
    }
    return ATP_OK;
}

/* A file called .seg was whole when it got that name, so an odd size says that it was cut since. */
static atp_err_t open_segment(walk_t *walk, size_t index)
{
    atp_err_t err = atp_segment_reader_open(&walk->reader, walk->journal->segments[index].number, walk->why);
    uint64_t size = walk->reader.size;

    if (err == ATP_OK &&
        (size < ATP_SEGMENT_SIZE_MIN || size > ATP_SEGMENT_SIZE_MAX || size % ATP_SEGMENT_SIZE_UNIT != 0)) {
        return atp_journal_corrupt(walk->why, walk->reader.number, size,
                                   "the file ends here: not a size it was made with");
    }
    return err;
}

/* Begins with segment `index` if it is a used one that continues the journal. */
static atp_err_t begin_segment(walk_t *walk, size_t index, bool *ret_is_begun)
{
    atp_segment_t *segment = &walk->journal->segments[index];
    atp_segment_header_t header;
    atp_err_t err = open_segment(walk, index);

    if (err == ATP_OK) {
        err = read_segment_header(walk, &header, ret_is_begun);
    }
    if (err != ATP_OK || !*ret_is_begun) {
        return err;
    }
    err = check_identity(walk, &header);
    if (err == ATP_OK) {
        err = index == walk->first ? check_first(walk, &header) : check_follows(walk, &header);
    }
    segment->first_op = header.first_op;
    walk->end.used_count = index + 1;
    walk->end.offset = ATP_SEGMENT_HEADER_SIZE;
    return err;
}

/* Beside a process that appends: a segment that seemed to end has perhaps gone on since. If the next one has begun, it
 * is complete by now (J5), and is walked to its true end. */
static atp_err_t catch_up(walk_t *walk, size_t index)
{
    atp_segment_header_t header;
    bool has_next_begun = false;

    if (index + 1 == walk->journal->segment_count) {
        return ATP_OK;
    }
    atp_err_t err = open_segment(walk, index + 1);
    if (err == ATP_OK) {
        err = read_segment_header(walk, &header, &has_next_begun);
    }
    if (err == ATP_OK && has_next_begun) {
        err = open_segment(walk, index);
    }
    return err == ATP_OK && has_next_begun ? walk_frames(walk) : err;
}

/* The first of the newest segments that have as many bytes together as are asked for. */
static atp_err_t find_first(walk_t *walk)
{
    uint64_t left = walk->journal->newest_bytes;

    walk->first = 0;
    for (size_t i = walk->journal->segment_count; left > 0 && i > 0; i--) {
        atp_segment_header_t header;
        bool has_begun = false;
        atp_err_t err = open_segment(walk, i - 1);
        err = err == ATP_OK ? read_segment_header(walk, &header, &has_begun) : err;
        if (err != ATP_OK) {
            return err;
        }
        if (has_begun && walk->first != 0 && walk->reader.size > left) {
            return ATP_OK;
        }
        if (has_begun) {
            walk->first = i - 1;
            left = walk->reader.size < left ? left - walk->reader.size : 0;
        }
    }
    return ATP_OK;
}

static atp_err_t walk_segments(walk_t *walk)
{
    atp_err_t found = find_first(walk);

    if (found != ATP_OK) {
        return found;
    }
    for (size_t i = walk->first; i < walk->journal->segment_count; i++) {
        bool is_begun = false;
        atp_err_t err = begin_segment(walk, i, &is_begun);
        if (err != ATP_OK || !is_begun) {
            return err;
        }
        err = walk_frames(walk);
        if (err == ATP_OK && walk->journal->in_use) {
            err = catch_up(walk, i);
        }
        if (err != ATP_OK) {
            return err;
        }
    }
    return ATP_OK;
}

/* ---- the end ---- */

/* The journal ends too early. If nothing stands behind its last frame, it is the segment after it that does not
 * begin as it should. */
static atp_err_t corrupt_end(const walk_t *walk, uint64_t declaring_number, uint64_t declaring_offset)
{
    const atp_walk_end_t *end = &walk->end;
    bool is_header = end->used_count == 0 || walk->survey.content_end == end->offset;
    size_t index = is_header ? end->used_count : end->used_count - 1;
    const char *reason = walk->reason != NULL ? walk->reason : "no frame";

    return atp_journal_corrupt(walk->why, walk->journal->segments[index].number, is_header ? 0 : end->offset,
                               "%s (op %" PRIu64 "), yet segment %" PRIx64 ", byte %" PRIu64
                               " shows it was durable",
                               is_header ? "the segment header does not verify" : reason, end->next_op,
                               declaring_number, declaring_offset);
}

/* Looks at the segments after the last used one: zeros, junk of a torn write, or proof of corruption. */
static atp_err_t judge_unused(walk_t *walk, size_t index)
{
    atp_segment_header_t header;
    atp_survey_t survey;
    bool is_valid = false;
    atp_err_t err = open_segment(walk, index);

    if (err == ATP_OK) {
        err = read_segment_header(walk, &header, &is_valid);
    }
    if (err == ATP_OK) {
        err = atp_segment_survey(&walk->reader, 0, walk->end.next_op, &survey, walk->why);
    }
    if (err != ATP_OK) {
        return err;
    }
    if (is_valid || survey.is_declared) {
        return corrupt_end(walk, walk->reader.number, survey.is_declared ? survey.declared_at : 0);
    }
    walk->tail->torn_bytes += survey.content_end;
    return ATP_OK;
}

static atp_err_t judge_end(walk_t *walk)
{
    const atp_journal_t *journal = walk->journal;

    if (walk->end.used_count > 0) {
        walk->tail->torn_bytes = walk->survey.content_end - walk->end.offset;
        if (walk->survey.is_declared) {
            return corrupt_end(walk, journal->segments[walk->end.used_count - 1].number,
                               walk->survey.declared_at);
        }
    } else if (journal->segment_count > 0 && journal->segments[0].number != 1) {
        /* J6: the segments before this one were removed because it had begun. */
        return atp_journal_corrupt(walk->why, journal->segments[0].number, 0,
                                   "the segment header does not verify");
    }
    for (size_t i = walk->end.used_count; i < journal->segment_count; i++) {
        atp_err_t err = judge_unused(walk, i);
        if (err != ATP_OK) {
            return err;
        }
    }
    return ATP_OK;
}

/* The journal must reach the op before from_op: what is asked for next would not be dense otherwise (J1). */
static atp_err_t check_reach(walk_t *walk)
{
    bool is_empty = walk->end.used_count == 0;

    if (walk->from_op <= walk->end.next_op) {
        return ATP_OK;
    }
    return atp_fail(
        walk->why, ATP_ERR_CORRUPT,
        "journal/ %s op %" PRIu64 ", but the snapshot holds op %" PRIu64
        ": segments are missing or old; restore them from a copy, or move journal/ away and start "
        "from the newest snapshot with " ATP_JOURNAL_LOSS_FLAG,
        is_empty ? "is empty: it does not hold" : "ends before", walk->end.next_op, walk->from_op - 1);
}

static void tell_end(const walk_t *walk)
{
    atp_journal_position_t *end = &walk->tail->end;

    *end = (atp_journal_position_t){0, 0};
    if (walk->end.used_count > 0) {
        end->segment = walk->journal->segments[walk->end.used_count - 1].number;
        end->offset = walk->end.offset;
    }
}

static atp_err_t replay(walk_t *walk)
{
    atp_err_t err = walk_segments(walk);

    if (err == ATP_OK && !walk->journal->in_use) {
        err = judge_end(walk);
    }
    if (err == ATP_OK) {
        err = check_reach(walk);
    }
    if (err == ATP_OK) {
        tell_end(walk);
        if (!walk->journal->read_only) {
            err = atp_journal_settle(walk->journal, &walk->reader, &walk->end, walk->why);
        }
    }
    return err;
}

atp_err_t atp_journal_replay(atp_journal_t *journal, uint64_t from_op, atp_frame_visit_t visit, void *context,
                             atp_journal_tail_t *ret_tail, atp_why_t *ret_why)
{
    ATP_ASSERT(!journal->is_replayed && !atp_journal_is_failed(journal));
    /* What an empty journal expects: its first op ever, or what the operator says. */
    uint64_t first_op = journal->accept_loss && from_op > 1 ? from_op : 1;
    walk_t walk = {
        .journal = journal,
        .reader = {.storage = journal->storage},
        .from_op = from_op,
        .visit = visit,
        .context = context,
        .tail = ret_tail,
        .why = ret_why,
        .end = {.next_op = first_op, .declared_op = first_op - 1, .is_closed = true},
    };

    memset(ret_tail, 0, sizeof *ret_tail);
    journal->is_replayed = true;
    atp_err_t err = replay(&walk);
    atp_segment_reader_fini(&walk.reader);
    if (err != ATP_OK) {
        (void)atp_journal_set_failed(journal); /* there is no place to append at */
    }
    return err;
}
