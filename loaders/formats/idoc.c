/* SAP IDoc flat files into records: a line is a control record (EDI_DC40) or a data record (EDI_DD40).
 *
 *     EDI_DC40   TABNAM 10, MANDT 3, DOCNUM 16, ... IDOCTYP 30 from 39
 *     EDI_DD40   SEGNAM 30, MANDT 3, DOCNUM 16, SEGNUM 6, PSGNUM 6, HLEVEL 2, SDATA up to 1000
 *
 * A record is one occurrence of the segment that the profile says makes one, with all that stands above it: the control
 * record, the segments it is below of (by HLEVEL) with what came beside them, and its own.
 *
 * A document that stands in the file before, by client, sender and number, is read for its lines, and gives one bad record, its
 * control record.
 *
 * A document has no trailer. What can be known to be wrong ends the reading with ATP_ERR_FORMAT, so that the first pass
 * of a load sees it before anything is delivered: a line without an end, a line of another document, a number of a
 * segment that does not follow, a parent that is not there, a document without data, one that does not end with the
 * segment that the profile names as the last, and one that stands in the file before and says something else there.
 *
 * Invariants  D1  every segment of a record has the DOCNUM of its control record.
 *             D2  no record spans two documents.
 *             D3  no document is given twice. */
#include "engine/base/hash.h"
#include "loaders/formats/documents.h"
#include "loaders/formats/format.h"
#include "loaders/formats/idoc_column.h"
#include "loaders/formats/latin.h"
#include "loaders/formats/stream.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX     64          /* more than a profile can name */
#define RECORD_TEXT_MAX (32u << 10) /* of all fields of a record */
#define LINE_SIZE_MAX   (8u << 10)  /* 1,063 characters of up to four bytes, and some */
#define LEVEL_DOCUMENT  1           /* HLEVEL 1 is one deeper */
#define HLEVEL_MAX      99
#define UNNUMBERED      UINT32_MAX
#define DOCNUM_AT       13 /* in the control record */
#define DOCNUM_SIZE     16

typedef struct idoc {
    const atp_profile_format_t *format;
    const char *place;
    const char *record; /* the segment that makes a record */
    atp_edi_ack_t *ack; /* NULL: nobody wants to know of documents */
    bool is_latin;
    atp_stream_t stream;
    atp_edi_context_t context;
    atp_documents_t *documents;
    uint64_t document_line; /* of the control record that is open; 0 = none */
    bool is_foreign;        /* the open document is of another type */
    bool is_repeat;         /* it stands in the file before */
    uint64_t digest;        /* of its lines so far */
    uint32_t number;        /* of the segment before; UNNUMBERED: the document numbers none */
    bool has_data;
    bool ends_well;  /* the segment before is the one that the profile names as the last */
    int record_at;   /* of the segment that makes a record, in the context; -1 */
    atp_err_t fault; /* why reading has ended; told by the next fill */
    atp_why_t why;
    uint32_t column_count;
    atp_idoc_column_t columns[COLUMNS_MAX];
    atp_text_t fields[COLUMNS_MAX];
} idoc_t;

/* ---- open and close ---- */

static void restart(void *reader)
{
    idoc_t *idoc = reader;

    atp_stream_restart(&idoc->stream);
    atp_edi_context_end(&idoc->context, 0);
    atp_documents_restart(idoc->documents);
    idoc->document_line = 0;
    idoc->is_foreign = false;
    idoc->is_repeat = false;
    idoc->record_at = -1;
    idoc->fault = ATP_OK;
}

static atp_err_t create(const atp_format_source_t *source, void **ret_reader)
{
    idoc_t *idoc = calloc(1, sizeof *idoc);

    if (idoc == NULL) {
        return ATP_ERR_MEMORY;
    }
    idoc->format = source->format;
    idoc->place = source->place;
    idoc->ack = source->ack;
    idoc->record = source->format->record != NULL ? source->format->record : ATP_IDOC_RECORD_DEFAULT;
    idoc->is_latin = source->format->charset == ATP_CHARSET_LATIN;
    if (atp_documents_create(&idoc->documents) != ATP_OK) {
        free(idoc);
        return ATP_ERR_MEMORY;
    }
    if (atp_stream_init(&idoc->stream, source->read, source->context, LINE_SIZE_MAX) != ATP_OK) {
        atp_documents_destroy(idoc->documents);
        free(idoc);
        return ATP_ERR_MEMORY;
    }
    restart(idoc);
    *ret_reader = idoc;
    return ATP_OK;
}

static void destroy(void *reader)
{
    idoc_t *idoc = reader;

    if (idoc != NULL) {
        atp_documents_destroy(idoc->documents);
        atp_stream_fini(&idoc->stream);
        free(idoc);
    }
}

static atp_err_t begin(void *reader, atp_why_t *ret_why)
{
    (void)reader; /* documents begin wherever they do */
    (void)ret_why;
    return ATP_OK;
}

static atp_err_t column_of(void *reader, const char *column, uint32_t *ret_index, atp_why_t *ret_why)
{
    idoc_t *idoc = reader;

    if (idoc->column_count == COLUMNS_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s: more than %d columns", idoc->place, COLUMNS_MAX);
    }
    if (!atp_idoc_column_parse(column, &idoc->columns[idoc->column_count])) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "%.120s: '%.60s' is no column of an IDoc; as in E1EDP32@3,15, E1EDP19:002@3,35",
                        idoc->place, column);
    }
    *ret_index = idoc->column_count++;
    return ATP_OK;
}

static atp_err_t fill(void *reader, atp_why_t *ret_why)
{
    idoc_t *idoc = reader;

    if (idoc->fault != ATP_OK) {
        if (ret_why != NULL) {
            *ret_why = idoc->why;
        }
        return idoc->fault;
    }
    atp_err_t err = atp_stream_fill(&idoc->stream, ret_why);
    if (err == ATP_ERR_FORMAT && ret_why != NULL) {
        atp_why_t inner = *ret_why;
        return atp_fail(ret_why, err, "%.200s: %.150s", idoc->place, inner.text);
    }
    return err;
}

/* Reading ends here; the next fill says why. */
static bool fail_as(idoc_t *idoc, atp_err_t err, uint64_t line, const char *sentence)
{
    idoc->fault =
        atp_fail(&idoc->why, err, "%.150s:%llu: %.250s", idoc->place, (unsigned long long)line, sentence);
    return false;
}

static bool fail(idoc_t *idoc, uint64_t line, const char *sentence)
{
    return fail_as(idoc, ATP_ERR_FORMAT, line, sentence);
}

/* ---- one line ---- */

typedef struct line {
    atp_text_t text; /* without its end and the blanks before it */
    atp_text_t name;
    uint64_t number;
} line_t;

static atp_text_t field(const idoc_t *idoc, const line_t *line, uint32_t offset, uint32_t size)
{
    return atp_idoc_field(line->text, offset, size, idoc->is_latin);
}

static bool is_control(const line_t *line)
{
    return atp_text_equal(line->name, atp_text_of("EDI_DC40"));
}

/* Digits; an empty field is 0. */
static bool read_digits(atp_text_t text, uint32_t *ret_number)
{
    *ret_number = 0;
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9') {
            return false;
        }
        *ret_number = *ret_number * 10 + (uint32_t)(text.bytes[i] - '0'); /* of up to six */
    }
    return true;
}

/* ---- documents ---- */

static bool end_document(idoc_t *idoc)
{
    if (idoc->document_line != 0 && !idoc->has_data) {
        return fail(idoc, idoc->document_line, "the document has no data: something is missing");
    }
    if (idoc->document_line != 0 && !idoc->is_foreign && idoc->format->last != NULL && !idoc->ends_well) {
        return fail(
            idoc, idoc->document_line,
            "the document does not end with the segment that the profile names as its last: something is "
            "missing");
    }
    if (idoc->document_line != 0 && !atp_documents_end(idoc->documents, idoc->digest)) {
        return fail(idoc, idoc->document_line,
                    "a document of this client, sender and number is in the file already, and says something "
                    "else there");
    }
    if (idoc->document_line != 0 && idoc->ack != NULL) {
        atp_edi_ack_end_document(idoc->ack, idoc->digest);
    }
    atp_edi_context_end(&idoc->context, 0);
    idoc->document_line = 0;
    idoc->record_at = -1;
    return true;
}

/* Writes what tells a document from all others: MANDT, SNDPRT, SNDPRN, DOCNUM. Two systems may give one number. */
static uint32_t write_identity(const idoc_t *idoc, const line_t *line, char *ret_bytes)
{
    static const struct {
        uint8_t offset;
        uint8_t size;
    } fields[] = {{10, 3}, {158, 2}, {162, 10}, {DOCNUM_AT, DOCNUM_SIZE}};
    uint32_t size = 0;

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        atp_text_t text = field(idoc, line, fields[i].offset, fields[i].size);
        memcpy(ret_bytes + size, text.bytes, text.size);
        size += text.size;
        ret_bytes[size++] = '\n';
    }
    return size;
}

static bool note_document(idoc_t *idoc, const line_t *line, atp_text_t docnum)
{
    char bytes[LINE_SIZE_MAX + 4]; /* fields of one line, and what ends each */
    atp_text_t identity = {bytes, write_identity(idoc, line, bytes)};
    atp_err_t err = atp_documents_begin(idoc->documents, identity, &idoc->is_repeat);

    if (err != ATP_OK) {
        return fail_as(idoc, err, line->number, "more documents than this reader tells apart");
    }
    if (idoc->ack != NULL) {
        atp_edi_ack_open_document(idoc->ack, identity, docnum, line->number);
    }
    if (idoc->ack != NULL && idoc->is_repeat) {
        atp_edi_ack_repeat(idoc->ack);
    }
    return true;
}

static bool open_document(idoc_t *idoc, const line_t *line)
{
    atp_text_t docnum = field(idoc, line, DOCNUM_AT, DOCNUM_SIZE);
    atp_edi_segment_t segment = {line->text, line->name, line->number, 0};

    if (!end_document(idoc)) {
        return false;
    }
    if (docnum.size == 0) {
        return fail(idoc, line->number, "the control record has no number of the document");
    }
    if (!note_document(idoc, line, docnum)) {
        return false;
    }
    idoc->document_line = line->number;
    idoc->is_foreign =
        !idoc->is_repeat && !atp_text_equal(field(idoc, line, 39, 30), atp_text_of(idoc->format->document));
    idoc->digest = 0;
    idoc->has_data = false;
    idoc->ends_well = false;
    idoc->number = 0;
    return atp_edi_context_add(&idoc->context, &segment, LEVEL_DOCUMENT) ||
           fail(idoc, line->number, "the control record is longer than this reader keeps");
}

/* ---- segments ---- */

/* The number of the segment: one more than that before it, or none in the whole document. */
static bool check_number(idoc_t *idoc, const line_t *line)
{
    uint32_t number = 0;

    if (!read_digits(field(idoc, line, ATP_IDOC_SEGNUM_AT, 6), &number)) {
        return fail(idoc, line->number, "the number of the segment is no number");
    }
    if (!idoc->has_data && number == 0) {
        idoc->number = UNNUMBERED;
    }
    if (number != (idoc->number == UNNUMBERED ? 0 : idoc->number + 1)) {
        return fail(idoc, line->number,
                    "the number of the segment does not follow the one before: a line is missing");
    }
    idoc->number = idoc->number == UNNUMBERED ? UNNUMBERED : number;
    return true;
}

/* The segment that it says it is below of must be open, above it. */
static bool check_parent(idoc_t *idoc, const line_t *line, uint8_t level)
{
    atp_text_t told = field(idoc, line, 55, 6);
    uint32_t parent = 0;

    if (!read_digits(told, &parent)) {
        return fail(idoc, line->number, "the number of the segment above is no number");
    }
    if (parent == 0 || idoc->number == UNNUMBERED) {
        return true;
    }
    for (uint32_t i = idoc->context.count; i-- > 1;) {
        const atp_edi_kept_t *kept = &idoc->context.kept[i];
        atp_text_t number = atp_idoc_field(kept->raw, ATP_IDOC_SEGNUM_AT, 6, idoc->is_latin);
        if (kept->level < level && atp_text_equal(number, told)) {
            return true;
        }
    }
    return fail(idoc, line->number, "the segment names one above it that is not there");
}

static bool is_record_name(const idoc_t *idoc, atp_text_t name)
{
    return atp_idoc_is_segment(name, idoc->record);
}

/* Where the loop begins that another segment of this name and level ends: at the last one before it that had segments
 * below it, or made a record. The count of the context if there is none. */
static uint32_t loop_before(const idoc_t *idoc, atp_text_t name, uint8_t level)
{
    const atp_edi_context_t *context = &idoc->context;
    uint8_t deepest = 0;

    for (uint32_t i = context->count; i-- > 0 && context->kept[i].level >= level;) {
        const atp_edi_kept_t *kept = &context->kept[i];
        if (kept->level == level && atp_text_equal(kept->tag, name) &&
            (deepest > level || is_record_name(idoc, name))) {
            return i;
        }
        deepest = kept->level > deepest ? kept->level : deepest;
    }
    return context->count;
}

static void cut_context(atp_edi_context_t *context, uint32_t count)
{
    while (context->count > count) {
        context->count--;
        context->size -= context->kept[context->count].raw.size;
    }
}

static bool add_segment(idoc_t *idoc, const line_t *line, uint8_t level)
{
    atp_edi_segment_t segment = {line->text, line->name, line->number, 0};

    cut_context(&idoc->context, loop_before(idoc, line->name, level));
    atp_edi_context_end(&idoc->context, (uint8_t)(level + 1));
    if (!check_parent(idoc, line, level)) {
        return false;
    }
    if (!atp_edi_context_add(&idoc->context, &segment, level)) {
        return fail(idoc, line->number, "a document has more segments above a record than this reader keeps");
    }
    if (is_record_name(idoc, line->name)) {
        idoc->record_at = (int)idoc->context.count - 1;
    }
    return true;
}

/* The level of a data record; 0 if it has none. */
static uint8_t level_of(const idoc_t *idoc, const line_t *line)
{
    uint32_t level = 0;

    return read_digits(field(idoc, line, 61, 2), &level) && level > 0 && level <= HLEVEL_MAX
               ? (uint8_t)(LEVEL_DOCUMENT + level)
               : 0;
}

static bool take_segment(idoc_t *idoc, const line_t *line)
{
    if (is_control(line)) {
        return open_document(idoc, line);
    }
    if (idoc->document_line == 0) {
        return fail(idoc, line->number,
                    "no control record EDI_DC40 where a document must begin; is this an IDoc?");
    }
    atp_text_t docnum = atp_idoc_field(idoc->context.kept[0].raw, DOCNUM_AT, DOCNUM_SIZE, idoc->is_latin);
    if (!atp_text_equal(field(idoc, line, 33, 16), docnum)) {
        return fail(idoc, line->number, "the line is of another document than the control record before it");
    }
    if (!check_number(idoc, line)) {
        return false;
    }
    idoc->has_data = true;
    idoc->digest = atp_hash_bytes(line->text.bytes, line->text.size, idoc->digest);
    idoc->ends_well = idoc->format->last != NULL && atp_idoc_is_segment(line->name, idoc->format->last);
    if (idoc->is_foreign || idoc->is_repeat) {
        return true;
    }
    uint8_t level = level_of(idoc, line);
    return level != 0 ? add_segment(idoc, line, level)
                      : fail(idoc, line->number, "the segment has no level (HLEVEL) from 1 to 99");
}

/* ---- records ---- */

static bool ends_record(const idoc_t *idoc, const line_t *line)
{
    if (idoc->record_at < 0) {
        return false;
    }
    return is_control(line) || level_of(idoc, line) <= idoc->context.kept[idoc->record_at].level;
}

static atp_reason_of_reject_t read_fields(idoc_t *idoc, char *room, uint32_t size, uint32_t *ret_used)
{
    uint32_t left = size;

    for (uint32_t i = 0; i < idoc->column_count; i++) {
        uint32_t used = atp_idoc_column_text(&idoc->columns[i], &idoc->context, idoc->is_latin, room, left);
        if (used != UINT32_MAX && idoc->is_latin) {
            used = atp_latin_to_utf8(room, used, left);
        }
        if (used == UINT32_MAX) {
            return ATP_REJECT_RECORD_TOO_LONG;
        }
        idoc->fields[i] = (atp_text_t){room, used};
        room += used;
        left -= used;
    }
    *ret_used = size - left;
    return ATP_REJECT_NONE;
}

/* The record that is whole now. There is room for it: has_room. */
static atp_record_status_t give_record(idoc_t *idoc, atp_record_t *ret_record)
{
    const atp_edi_kept_t *kept = &idoc->context.kept[idoc->record_at];
    char *raw = atp_stream_room(&idoc->stream, kept->raw.size);
    char *room = atp_stream_room(&idoc->stream, RECORD_TEXT_MAX);
    uint32_t used = 0;

    ATP_ASSERT(raw != NULL && room != NULL);
    memcpy(raw, kept->raw.bytes, kept->raw.size);
    atp_reason_of_reject_t reason = read_fields(idoc, room, RECORD_TEXT_MAX, &used);
    idoc->stream.texts_used -= RECORD_TEXT_MAX - used;
    *ret_record = (atp_record_t){
        .fields = idoc->fields,
        .field_count = reason == ATP_REJECT_NONE ? idoc->column_count : 0,
        .reason = reason,
        .document = atp_documents_count(idoc->documents),
        .line = kept->line,
        .raw = {raw, kept->raw.size},
    };
    idoc->record_at = -1;
    return ATP_RECORD_READ;
}

static bool has_room(const idoc_t *idoc)
{
    return idoc->stream.capacity - idoc->stream.texts_used >= RECORD_TEXT_MAX + LINE_SIZE_MAX;
}

/* What is not read, by its control record. */
static atp_record_status_t give_control(idoc_t *idoc, const line_t *line, atp_record_t *ret_record)
{
    *ret_record = (atp_record_t){
        .fields = idoc->fields,
        .reason = idoc->is_repeat ? ATP_REJECT_INTERCHANGE_REPEATED : ATP_REJECT_MESSAGE_TYPE,
        .document = atp_documents_count(idoc->documents),
        .line = line->number,
        .raw = line->text,
    };
    return ATP_RECORD_READ;
}

/* The file is at its end: its last record, then no more. */
static atp_record_status_t at_end(idoc_t *idoc, atp_record_t *ret_record)
{
    if (idoc->record_at >= 0) {
        return give_record(idoc, ret_record);
    }
    return end_document(idoc) ? ATP_RECORD_END : ATP_RECORD_FILL;
}

static void pass_line(idoc_t *idoc, size_t end)
{
    idoc->stream.begin = end + 1;
    idoc->stream.line++;
}

/* The line at the front of the window, which ends at `end`. Its text is empty if it is blank. False: the file ends in
 * it, or it is too long. */
static bool read_line(idoc_t *idoc, size_t end, line_t *ret_line)
{
    const atp_stream_t *stream = &idoc->stream;
    size_t size = end - stream->begin;

    if (end == stream->end) {
        return fail(idoc, stream->line, "the file ends within a line");
    }
    if (size > LINE_SIZE_MAX) {
        return fail(idoc, stream->line, "a line is longer than any of an IDoc; has the file line ends?");
    }
    while (size > 0 && memchr(" \r", stream->bytes[stream->begin + size - 1], 2) != NULL) {
        size--;
    }
    *ret_line = (line_t){
        .text = {stream->bytes + stream->begin, (uint32_t)size},
        .number = stream->line,
    };
    ret_line->name = field(idoc, ret_line, 0, 10);
    if (!is_control(ret_line)) {
        ret_line->name = field(idoc, ret_line, 0, ATP_IDOC_NAME_SIZE_MAX);
    }
    if (size > 0 && ret_line->name.bytes != ret_line->text.bytes) {
        return fail(idoc, stream->line, "the line begins with no name of a segment");
    }
    return true;
}

static atp_record_status_t next(void *reader, atp_record_t *ret_record)
{
    idoc_t *idoc = reader;

    while (idoc->fault == ATP_OK) {
        size_t end;
        line_t line;
        if (!has_room(idoc)) {
            return ATP_RECORD_FILL;
        }
        if (idoc->stream.begin == idoc->stream.end) {
            return idoc->stream.is_at_end ? at_end(idoc, ret_record) : ATP_RECORD_FILL;
        }
        if (!atp_stream_find_line(&idoc->stream, &end)) {
            if (idoc->stream.end - idoc->stream.begin > LINE_SIZE_MAX) {
                (void)fail(idoc, idoc->stream.line,
                           "a line is longer than any of an IDoc; has the file line ends?");
            }
            return ATP_RECORD_FILL;
        }
        if (!read_line(idoc, end, &line)) {
            break;
        }
        if (line.text.size > 0 && ends_record(idoc, &line)) {
            return give_record(idoc, ret_record);
        }
        pass_line(idoc, end);
        if (line.text.size > 0 && take_segment(idoc, &line) && (idoc->is_foreign || idoc->is_repeat) &&
            is_control(&line)) {
            return give_control(idoc, &line, ret_record);
        }
    }
    return ATP_RECORD_FILL;
}

const atp_format_t atp_format_idoc = {create, destroy, restart, begin, column_of, next, fill, NULL};
