/* X12 and EDIFACT: interchanges into records.
 *
 * An interchange must be whole and say so itself: counts and control numbers of its trailers (SE, GE, IEA; UNT, UNE,
 * UNZ) must be those of its headers. What is not ends the reading with ATP_ERR_FORMAT: the first pass of a load sees it,
 * so that nothing of a damaged interchange is loaded. A message of another type than the profile's is one bad record.
 *
 * An interchange that stands in the file before is read for its trailers, and gives one bad record, its header: its control
 * number is what tells it from others, and what it says is not summed twice.
 *
 * Invariants  I1  every segment is looked at once as a part of a record's context, or is a header or trailer.
 *             I2  no record spans two messages. */
#include "engine/base/hash.h"
#include "loaders/edi/edi_ack.h"
#include "loaders/edi/edi_column.h"
#include "loaders/edi/edi_document.h"
#include "loaders/formats/documents.h"
#include "loaders/formats/format.h"
#include "loaders/formats/latin.h"
#include "loaders/formats/stream.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX     64          /* more than a profile can name */
#define RECORD_TEXT_MAX (32u << 10) /* of all fields of a record */
#define PAIRS_UNIT      1           /* what the pairs of SDQ are counted in */
#define PAIRS_BEGIN     3           /* first pair of SDQ */
#define NOT_A_PAIR      UINT32_MAX

/* A header that is open: what its trailer must say. */
typedef struct envelope {
    char number[36];
    uint32_t number_size;
    uint64_t count; /* of what is inside: segments, messages, groups */
} envelope_t;

typedef struct edi {
    atp_edi_standard_t standard;
    const atp_edi_document_t *document;
    const char *place;
    atp_edi_ack_t *ack; /* NULL: none is wanted */
    atp_stream_t stream;
    atp_edi_signs_t signs;
    atp_edi_context_t context;
    envelope_t open[ATP_EDI_LEVEL_MESSAGE + 1]; /* by level; number_size 0 and count 0 while not open */
    uint8_t level;                              /* of the innermost envelope that is open; 0 = none */
    bool is_foreign;                            /* the open message is of another type, or purpose */
    bool is_repeat;                             /* the open interchange stands in the file before */
    bool has_records;                           /* the open message has one, or one under way */
    bool is_latin;                              /* texts are ISO 8859-1 */
    int record_at;                              /* of the segment that makes a record, in the context; -1 */
    uint32_t pair_at;                           /* next pair to give, by its element; NOT_A_PAIR: none */
    int pairs_at;                               /* of the segment with pairs, in the context; -1 */
    uint32_t message_count;                     /* opened so far */
    uint32_t messages_here;                     /* of them in the open interchange */
    atp_documents_t *interchanges;
    uint64_t digest;     /* of the segments of the open interchange so far */
    uint32_t given_at;   /* of the record given last, in the context */
    int given_pairs_at;  /* of its segment with pairs; -1 = it has none */
    uint32_t given_pair; /* of its pair, by its element */
    atp_err_t fault;     /* why reading has ended; told by the next fill */
    atp_why_t why;
    uint32_t column_count;
    atp_edi_column_t columns[COLUMNS_MAX];
    atp_text_t fields[COLUMNS_MAX];
} edi_t;

/* ---- open and close ---- */

static void restart(void *reader)
{
    edi_t *edi = reader;

    atp_stream_restart(&edi->stream);
    edi->signs = (atp_edi_signs_t){0};
    atp_edi_context_end(&edi->context, 0);
    edi->level = 0;
    edi->is_foreign = false;
    edi->is_repeat = false;
    edi->has_records = false;
    edi->record_at = -1;
    edi->pairs_at = -1;
    edi->pair_at = NOT_A_PAIR;
    edi->message_count = 0;
    atp_documents_restart(edi->interchanges);
    edi->fault = ATP_OK;
}

static atp_err_t create_for(const atp_format_source_t *source, atp_edi_standard_t standard, void **ret_reader)
{
    edi_t *edi = calloc(1, sizeof *edi);

    if (edi == NULL) {
        return ATP_ERR_MEMORY;
    }
    edi->standard = standard;
    edi->document = atp_edi_document_find(standard, source->format->document);
    ATP_ASSERT(edi->document != NULL); /* the profile was checked */
    edi->place = source->place;
    edi->ack = source->ack;
    if (atp_documents_create(&edi->interchanges) != ATP_OK) {
        free(edi);
        return ATP_ERR_MEMORY;
    }
    if (atp_stream_init(&edi->stream, source->read, source->context, ATP_EDI_SEGMENT_SIZE_MAX) != ATP_OK) {
        atp_documents_destroy(edi->interchanges);
        free(edi);
        return ATP_ERR_MEMORY;
    }
    restart(edi);
    *ret_reader = edi;
    return ATP_OK;
}

static atp_err_t create_x12(const atp_format_source_t *source, void **ret_reader)
{
    return create_for(source, ATP_EDI_X12, ret_reader);
}

static atp_err_t create_edifact(const atp_format_source_t *source, void **ret_reader)
{
    return create_for(source, ATP_EDI_EDIFACT, ret_reader);
}

static void destroy(void *reader)
{
    edi_t *edi = reader;

    if (edi != NULL) {
        atp_stream_fini(&edi->stream);
        atp_documents_destroy(edi->interchanges);
        free(edi);
    }
}

static atp_err_t begin(void *reader, atp_why_t *ret_why)
{
    (void)reader; /* interchanges begin wherever they do */
    (void)ret_why;
    return ATP_OK;
}

static atp_err_t column_of(void *reader, const char *column, uint32_t *ret_index, atp_why_t *ret_why)
{
    edi_t *edi = reader;

    if (edi->column_count == COLUMNS_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s: more than %d columns", edi->place, COLUMNS_MAX);
    }
    if (!atp_edi_column_parse(column, edi->document->pairs, &edi->columns[edi->column_count])) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "%.120s: '%.60s' is no column of an EDI message; as in LIN[UP], QTY.2, N1:WH.4",
                        edi->place, column);
    }
    *ret_index = edi->column_count++;
    return ATP_OK;
}

static atp_err_t fill(void *reader, atp_why_t *ret_why)
{
    edi_t *edi = reader;

    if (edi->fault != ATP_OK) {
        if (ret_why != NULL) {
            *ret_why = edi->why;
        }
        return edi->fault;
    }
    atp_err_t err = atp_stream_fill(&edi->stream, ret_why);
    if (err == ATP_ERR_FORMAT && ret_why != NULL) {
        atp_why_t inner = *ret_why;
        return atp_fail(ret_why, err, "%.200s: %.150s", edi->place, inner.text);
    }
    return err;
}

/* Reading ends here; the next fill says why. `fault`: of the innermost envelope that is open. */
static bool fail(edi_t *edi, atp_edi_fault_t fault, uint64_t line, const char *sentence)
{
    if (edi->ack != NULL) {
        atp_edi_ack_fail(edi->ack, edi->level, fault);
    }
    edi->fault = atp_fail(&edi->why, ATP_ERR_FORMAT, "%.150s:%llu: %.250s", edi->place,
                          (unsigned long long)line, sentence);
    return false;
}

/* ---- envelopes ---- */

/* The level that must be open around `level`. UNG is optional. */
static bool is_right_place(const edi_t *edi, uint8_t level)
{
    return edi->level == level - 1 || (edi->standard == ATP_EDI_EDIFACT && level == ATP_EDI_LEVEL_MESSAGE &&
                                       edi->level == ATP_EDI_LEVEL_INTERCHANGE);
}

static atp_text_t element_of(const edi_t *edi, const atp_edi_segment_t *segment, unsigned element,
                             unsigned component)
{
    return atp_edi_element(segment->raw, &edi->signs, element, component);
}

/* The character set of an EDIFACT interchange. */
static bool read_charset(edi_t *edi, const atp_edi_segment_t *segment)
{
    atp_text_t set = element_of(edi, segment, 1, 1);

    edi->is_latin = atp_text_equal(set, atp_text_of("UNOC"));
    if (edi->is_latin || atp_text_equal(set, atp_text_of("UNOA")) ||
        atp_text_equal(set, atp_text_of("UNOB")) || atp_text_equal(set, atp_text_of("UNOW")) ||
        atp_text_equal(set, atp_text_of("UNOY"))) {
        return true;
    }
    return fail(edi, ATP_EDI_FAULT_CHARSET, segment->line,
                "the character set is none of UNOA, UNOB, UNOC, UNOW, UNOY");
}

static bool is_our_type(const edi_t *edi, const atp_edi_segment_t *segment)
{
    atp_text_t type =
        edi->standard == ATP_EDI_X12 ? element_of(edi, segment, 1, 1) : element_of(edi, segment, 2, 1);

    return atp_text_equal(type, atp_text_of(edi->document->type));
}

static void begin_message(edi_t *edi, const atp_edi_segment_t *segment)
{
    edi->has_records = false;
    edi->is_foreign = !edi->is_repeat && !is_our_type(edi, segment);
    if (edi->is_foreign && edi->ack != NULL) {
        atp_edi_ack_fail(edi->ack, ATP_EDI_LEVEL_MESSAGE, ATP_EDI_FAULT_TYPE);
    }
}

/* Whether the interchange stands in the file before. A second pass finds each where the first had it. */
static bool note_interchange(edi_t *edi, const atp_edi_segment_t *header)
{
    char identity[ATP_EDI_IDENTITY_SIZE_MAX];
    uint32_t size = atp_edi_identity(header->raw, edi->standard, &edi->signs, identity);
    atp_err_t err = atp_documents_begin(edi->interchanges, (atp_text_t){identity, size}, &edi->is_repeat);

    edi->messages_here = 0;
    edi->digest = 0;
    if (edi->is_repeat && edi->ack != NULL) {
        atp_edi_ack_repeat(edi->ack);
    }
    if (err != ATP_OK) { /* its sender did nothing wrong */
        edi->fault = atp_fail(&edi->why, err, "%.150s:%llu: no room to tell its %llu interchanges apart",
                              edi->place, (unsigned long long)header->line,
                              (unsigned long long)atp_documents_count(edi->interchanges));
    }
    return err == ATP_OK;
}

static bool open_envelope(edi_t *edi, const atp_edi_envelope_rule_t *rule, const atp_edi_segment_t *segment)
{
    atp_text_t number = element_of(edi, segment, rule->number_at, 1);
    envelope_t *envelope = &edi->open[rule->level];

    if (!is_right_place(edi, rule->level)) {
        return fail(edi, edi->level >= rule->level ? ATP_EDI_FAULT_TRAILER_MISSING : ATP_EDI_FAULT_HEADER,
                    segment->line, "a header stands where it must not; is a trailer missing before it?");
    }
    if (number.size == 0 || number.size > sizeof envelope->number) {
        return fail(edi, ATP_EDI_FAULT_HEADER, segment->line,
                    "a header has no control number, or one longer than 36 bytes");
    }
    edi->open[edi->level].count++;
    *envelope = (envelope_t){.number_size = number.size, .count = rule->level == ATP_EDI_LEVEL_MESSAGE};
    memcpy(envelope->number, number.bytes, number.size);
    edi->level = rule->level;
    edi->message_count += rule->level == ATP_EDI_LEVEL_MESSAGE;
    edi->messages_here += rule->level == ATP_EDI_LEVEL_MESSAGE;
    if (edi->ack != NULL) {
        atp_edi_ack_open(edi->ack, rule->level, segment, &edi->signs);
    }
    if (rule->level == ATP_EDI_LEVEL_MESSAGE) {
        begin_message(edi, segment);
    }
    if (rule->level == ATP_EDI_LEVEL_INTERCHANGE && !note_interchange(edi, segment)) {
        return false;
    }
    if (edi->standard == ATP_EDI_EDIFACT && rule->level == ATP_EDI_LEVEL_INTERCHANGE &&
        !read_charset(edi, segment)) {
        return false;
    }
    return atp_edi_context_add(&edi->context, segment, rule->level) ||
           fail(edi, ATP_EDI_FAULT_CONTENT, segment->line, "the headers are longer than this reader keeps");
}

/* Of one that stands in the file before, the number is taken: whether this one says the same. */
static bool end_interchange(edi_t *edi, const atp_edi_segment_t *trailer)
{
    if (!atp_documents_end(edi->interchanges, edi->digest)) {
        edi->level = ATP_EDI_LEVEL_INTERCHANGE;
        return fail(
            edi, ATP_EDI_FAULT_CONTENT, trailer->line,
            "the interchange has sender, number, date and time of one that is in the file before, and "
            "says something else");
    }
    edi->is_repeat = false;
    if (edi->ack != NULL) {
        atp_edi_ack_end_document(edi->ack, edi->digest);
    }
    return true;
}

static bool close_envelope(edi_t *edi, const atp_edi_envelope_rule_t *rule, const atp_edi_segment_t *segment)
{
    const envelope_t *envelope = &edi->open[rule->level];
    uint64_t count = envelope->count + (rule->level == ATP_EDI_LEVEL_MESSAGE); /* the trailer counts itself */
    atp_text_t number = {envelope->number, envelope->number_size};

    if (edi->level != rule->level) {
        return fail(edi, ATP_EDI_FAULT_TRAILER_MISSING, segment->line,
                    "a trailer stands where it must not; is one missing before it?");
    }
    if (!atp_text_equal(element_of(edi, segment, rule->trailer_number_at, 1), number)) {
        return fail(edi, ATP_EDI_FAULT_NUMBERS_DIFFER, segment->line,
                    "the control number of the trailer is not that of its header");
    }
    if (!atp_edi_is_count(element_of(edi, segment, rule->trailer_count_at, 1), count)) {
        return fail(edi, ATP_EDI_FAULT_COUNTS_DIFFER, segment->line,
                    "the trailer counts other than there is: something is missing or too much");
    }
    atp_edi_context_end(&edi->context, rule->level);
    edi->level = atp_edi_context_level(&edi->context);
    edi->is_foreign = false;
    if (edi->ack != NULL) {
        atp_edi_ack_close(edi->ack, rule->level);
    }
    return edi->level != 0 || end_interchange(edi, segment);
}

/* ---- segments of a message ---- */

/* The level of the loop that `tag` begins; 0 if none. */
static uint8_t loop_level(const edi_t *edi, atp_text_t tag)
{
    const atp_edi_loop_t *loops = edi->document->loops;
    size_t count = sizeof edi->document->loops / sizeof loops[0];

    for (size_t i = 0; i < count && loops[i].tag != NULL; i++) {
        if (atp_text_equal(tag, atp_text_of(loops[i].tag))) {
            return loops[i].level;
        }
    }
    return 0;
}

static bool is_hierarchy(const edi_t *edi, atp_text_t tag)
{
    return edi->document->has_hierarchy && atp_text_equal(tag, atp_text_of("HL"));
}

/* The level of an HL: one below its parent's, which must be open. 0: it is not. */
static uint8_t hierarchy_level(const edi_t *edi, const atp_edi_segment_t *segment)
{
    atp_text_t parent = element_of(edi, segment, 2, 1);

    if (parent.size == 0) {
        return ATP_EDI_LEVEL_MESSAGE + 1;
    }
    int found = atp_edi_context_find(&edi->context, &edi->signs, atp_text_of("HL"), parent);
    bool is_deep = found >= 0 && edi->context.kept[found].level == UINT8_MAX;
    return found < 0 || is_deep ? 0 : (uint8_t)(edi->context.kept[found].level + 1);
}

static bool is_record(const edi_t *edi, const atp_edi_segment_t *segment)
{
    const char *within = edi->document->within;

    return atp_text_equal(segment->tag, atp_text_of(edi->document->record)) &&
           (within == NULL ||
            atp_edi_context_find(&edi->context, &edi->signs, atp_text_of(within), (atp_text_t){"", 0}) >= 0);
}

/* Whether the segment says that its message is for something else than to tell what there is. */
static bool is_other_purpose(const edi_t *edi, const atp_edi_segment_t *segment)
{
    const char *purpose = edi->document->purpose;

    return purpose != NULL && atp_text_equal(segment->tag, atp_text_of(purpose)) &&
           !atp_edi_document_tells(edi->document, element_of(edi, segment, edi->document->purpose_at, 1));
}

static bool add_segment(edi_t *edi, const atp_edi_segment_t *segment)
{
    uint8_t level = loop_level(edi, segment->tag);

    if (is_hierarchy(edi, segment->tag)) {
        level = hierarchy_level(edi, segment);
        if (level == 0) {
            return fail(edi, ATP_EDI_FAULT_CONTENT, segment->line, "an HL names a parent that is not open");
        }
    }
    if (level != 0) {
        atp_edi_context_end(&edi->context, level);
    }
    if (!atp_edi_context_add(&edi->context, segment, level)) {
        return fail(edi, ATP_EDI_FAULT_CONTENT, segment->line,
                    "a message has more segments above a record than this reader keeps");
    }
    edi->is_foreign = is_other_purpose(edi, segment);
    if (edi->is_foreign && edi->has_records) {
        return fail(edi, ATP_EDI_FAULT_CONTENT, segment->line,
                    "a message says behind its first item that it is for something else");
    }
    int at = (int)edi->context.count - 1;
    if (is_record(edi, segment)) {
        edi->record_at = at;
        edi->has_records = true;
    } else if (edi->document->pairs != NULL &&
               atp_text_equal(segment->tag, atp_text_of(edi->document->pairs))) {
        edi->pairs_at = at;
    }
    return true;
}

/* What a partner says of an interchange of ours stands between ISA and GS. */
static bool is_interchange_note(const edi_t *edi, const atp_edi_segment_t *segment)
{
    return edi->standard == ATP_EDI_X12 && edi->level == ATP_EDI_LEVEL_INTERCHANGE &&
           atp_text_equal(segment->tag, atp_text_of("TA1"));
}

static bool take_segment(edi_t *edi, const atp_edi_segment_t *segment)
{
    bool is_header = false;
    const atp_edi_envelope_rule_t *rule = atp_edi_envelope_rule(edi->standard, segment->tag, &is_header);

    if (rule == NULL || rule->level != ATP_EDI_LEVEL_INTERCHANGE) {
        edi->digest = atp_hash_bytes(segment->raw.bytes, segment->raw.size, edi->digest);
    }
    if (rule != NULL) {
        return is_header ? open_envelope(edi, rule, segment) : close_envelope(edi, rule, segment);
    }
    if (is_interchange_note(edi, segment)) {
        return true;
    }
    if (edi->level != ATP_EDI_LEVEL_MESSAGE) {
        return fail(edi, ATP_EDI_FAULT_CONTENT, segment->line, "a segment stands outside any message");
    }
    edi->open[ATP_EDI_LEVEL_MESSAGE].count++;
    return edi->is_foreign || edi->is_repeat || add_segment(edi, segment);
}

/* Whether the record that is under way is whole once `segment` comes. */
static bool ends_record(const edi_t *edi, const atp_edi_segment_t *segment)
{
    bool is_header = false;
    const char *pairs = edi->document->pairs;

    if (edi->record_at < 0) {
        return false;
    }
    if (edi->pairs_at >= 0 && pairs != NULL && atp_text_equal(segment->tag, atp_text_of(pairs))) {
        return true; /* another segment with pairs: those of the one before are given first */
    }
    uint8_t level = loop_level(edi, segment->tag);
    bool ends_loop = level != 0 && level <= edi->context.kept[edi->record_at].level;
    return ends_loop || is_hierarchy(edi, segment->tag) || is_record(edi, segment) ||
           atp_edi_envelope_rule(edi->standard, segment->tag, &is_header) != NULL;
}

/* ---- records ---- */

static atp_reason_of_reject_t read_fields(edi_t *edi, const atp_edi_place_t *place, char *room, uint32_t size)
{
    for (uint32_t i = 0; i < edi->column_count; i++) {
        uint32_t used = atp_edi_column_text(&edi->columns[i], place, room, size);
        if (used != UINT32_MAX && edi->is_latin) {
            used = atp_latin_to_utf8(room, used, size);
        }
        if (used == UINT32_MAX) {
            return ATP_REJECT_RECORD_TOO_LONG;
        }
        edi->fields[i] = (atp_text_t){room, used};
        room += used;
        size -= used;
    }
    return ATP_REJECT_NONE;
}

/* The record that is whole now, or one pair of it. The store of texts has RECORD_TEXT_MAX bytes and those of a segment. */
static void give_record(edi_t *edi, atp_record_t *ret_record)
{
    const atp_edi_kept_t *kept = &edi->context.kept[edi->record_at];
    edi->given_at = (uint32_t)edi->record_at;
    edi->given_pairs_at = edi->pairs_at;
    atp_edi_place_t place = {.context = &edi->context,
                             .signs = &edi->signs,
                             .standard = edi->standard,
                             .message = edi->messages_here};

    if (edi->pairs_at >= 0) {
        atp_text_t raw = edi->context.kept[edi->pairs_at].raw;
        edi->pair_at = edi->pair_at == NOT_A_PAIR ? PAIRS_BEGIN : edi->pair_at;
        place.store = atp_edi_element(raw, &edi->signs, edi->pair_at, 0);
        place.quantity = atp_edi_element(raw, &edi->signs, edi->pair_at + 1, 0);
        place.unit = atp_edi_element(raw, &edi->signs, PAIRS_UNIT, 1);
        edi->given_pair = edi->pair_at;
        edi->pair_at += 2;
    }
    char *raw = atp_stream_room(&edi->stream, kept->raw.size);
    char *room = atp_stream_room(&edi->stream, RECORD_TEXT_MAX);
    ATP_ASSERT(raw != NULL && room != NULL); /* has_room */
    memcpy(raw, kept->raw.bytes, kept->raw.size);
    atp_reason_of_reject_t reason = read_fields(edi, &place, room, RECORD_TEXT_MAX);
    uint32_t used = 0;
    for (uint32_t i = 0; reason == ATP_REJECT_NONE && i < edi->column_count; i++) {
        used += edi->fields[i].size;
    }
    edi->stream.texts_used -= RECORD_TEXT_MAX - used;
    *ret_record = (atp_record_t){
        .fields = edi->fields,
        .field_count = reason == ATP_REJECT_NONE ? edi->column_count : 0,
        .reason = reason,
        .document = edi->message_count,
        .line = kept->line,
        .raw = {raw, kept->raw.size},
    };
}

static bool has_room(const edi_t *edi)
{
    return edi->stream.capacity - edi->stream.texts_used >= RECORD_TEXT_MAX + ATP_EDI_SEGMENT_SIZE_MAX;
}

/* Whether another pair of the segment with pairs is to be given. */
static bool has_pair(const edi_t *edi)
{
    if (edi->pairs_at < 0 || edi->pair_at == NOT_A_PAIR) {
        return false;
    }
    atp_text_t raw = edi->context.kept[edi->pairs_at].raw;
    return atp_edi_element(raw, &edi->signs, edi->pair_at, 0).size > 0 &&
           edi->pair_at < ATP_EDI_ELEMENT_COUNT_MAX;
}

/* The record has been given as a whole. Its segment stays, for another one with pairs. */
static void end_record(edi_t *edi, const atp_edi_segment_t *segment)
{
    const char *pairs = edi->document->pairs;
    bool has_more = edi->pairs_at >= 0 && pairs != NULL && atp_text_equal(segment->tag, atp_text_of(pairs));

    edi->record_at = has_more ? edi->record_at : -1;
    edi->pairs_at = -1;
    edi->pair_at = NOT_A_PAIR;
}

/* What is not read, by the segment that says so. */
static void give_header(edi_t *edi, const atp_edi_segment_t *segment, atp_reason_of_reject_t reason,
                        atp_record_t *ret_record)
{
    edi->given_at = edi->context.count - 1; /* that segment */
    edi->given_pairs_at = -1;
    *ret_record = (atp_record_t){
        .fields = edi->fields,
        .reason = reason,
        .line = segment->line,
        .raw = segment->raw,
    };
}

static atp_record_status_t without_segment(edi_t *edi, atp_edi_status_t status)
{
    switch (status) {
    case ATP_EDI_NOT_EDI:
    case ATP_EDI_NO_TAG:
        (void)fail(edi, ATP_EDI_FAULT_CONTENT, edi->stream.line,
                   status == ATP_EDI_NO_TAG ? "no segment's tag where a segment must begin"
                   : edi->standard == ATP_EDI_X12
                       ? "no ISA segment of 106 characters where an interchange must begin; is this X12?"
                       : "no UNA or UNB segment where an interchange must begin; is this EDIFACT?");
        break;
    case ATP_EDI_CUT:
    case ATP_EDI_END:
        if (status == ATP_EDI_END && edi->level == 0) {
            return ATP_RECORD_END;
        }
        (void)fail(edi, ATP_EDI_FAULT_TRAILER_MISSING, edi->stream.line,
                   status == ATP_EDI_CUT ? "the file ends within a segment, or one is longer than 8 KiB"
                                         : "the file ends within an interchange: its trailer is missing");
        break;
    case ATP_EDI_SEGMENT:
    case ATP_EDI_FILL:
        break;
    }
    return ATP_RECORD_FILL;
}

static atp_record_status_t next(void *reader, atp_record_t *ret_record)
{
    edi_t *edi = reader;

    while (edi->fault == ATP_OK) {
        atp_edi_segment_t segment;
        size_t at = edi->stream.begin;
        uint64_t line = edi->stream.line;
        if (!has_room(edi)) {
            return ATP_RECORD_FILL;
        }
        atp_edi_status_t status = atp_edi_next(&edi->stream, edi->standard, &edi->signs, &segment);
        if (status != ATP_EDI_SEGMENT) {
            return without_segment(edi, status);
        }
        if (ends_record(edi, &segment)) {
            give_record(edi, ret_record);
            if (!has_pair(edi)) {
                end_record(edi, &segment);
            }
            edi->stream.begin = at; /* the segment comes again when the record has been given */
            edi->stream.line = line;
            return ATP_RECORD_READ;
        }
        segment.number =
            edi->level == ATP_EDI_LEVEL_MESSAGE ? (uint32_t)edi->open[ATP_EDI_LEVEL_MESSAGE].count + 1 : 1;
        bool was_foreign = edi->is_foreign;
        bool was_repeat = edi->is_repeat;
        if (!take_segment(edi, &segment)) {
            continue;
        }
        if ((edi->is_foreign && !was_foreign) || (edi->is_repeat && !was_repeat)) {
            give_header(edi, &segment,
                        edi->is_repeat        ? ATP_REJECT_INTERCHANGE_REPEATED
                        : segment.number == 1 ? ATP_REJECT_MESSAGE_TYPE
                                              : ATP_REJECT_MESSAGE_PURPOSE,
                        ret_record);
            return ATP_RECORD_READ;
        }
    }
    return ATP_RECORD_FILL;
}

/* ---- where it stands ---- */

static void locate_kept(const edi_t *edi, uint32_t at, atp_edi_where_t *ret_where)
{
    const atp_edi_kept_t *kept = &edi->context.kept[at];

    ret_where->segment = kept->number;
    ret_where->tag = kept->tag;
}

static void locate_pair(const edi_t *edi, atp_edi_pick_t pick, atp_edi_where_t *ret_where)
{
    unsigned element =
        pick == ATP_EDI_PICK_UNIT ? PAIRS_UNIT : edi->given_pair + (pick == ATP_EDI_PICK_QUANTITY);

    if (edi->given_pairs_at < 0) {
        return;
    }
    locate_kept(edi, (uint32_t)edi->given_pairs_at, ret_where);
    ret_where->element = (uint16_t)element;
    ret_where->value = atp_edi_element(edi->context.kept[edi->given_pairs_at].raw, &edi->signs, element, 0);
}

/* Where that part of a column is taken from. */
static void locate_part(const edi_t *edi, const atp_edi_part_t *part, atp_edi_where_t *ret_where)
{
    if (part->pick == ATP_EDI_PICK_STORE || part->pick == ATP_EDI_PICK_QUANTITY ||
        part->pick == ATP_EDI_PICK_UNIT) {
        locate_pair(edi, part->pick, ret_where);
        return;
    }
    int found = atp_edi_context_find(&edi->context, &edi->signs, atp_text_of(part->tag),
                                     atp_text_of(part->pick == ATP_EDI_PICK_VALUE ? "" : part->qualifier));
    if (found < 0) {
        ret_where->tag = atp_text_of(part->tag);
        ret_where->is_missing = true;
        return;
    }
    locate_kept(edi, (uint32_t)found, ret_where);
    if (part->pick == ATP_EDI_PICK_ELEMENT) {
        atp_text_t raw = edi->context.kept[found].raw;
        ret_where->element = part->element;
        ret_where->component = part->component;
        ret_where->value = atp_edi_element(raw, &edi->signs, part->element, part->component);
    }
}

static void locate(void *reader, uint32_t column, atp_edi_where_t *ret_where)
{
    const edi_t *edi = reader;

    *ret_where = (atp_edi_where_t){.message = edi->message_count};
    if (edi->given_pairs_at >= 0) {
        locate_kept(edi, (uint32_t)edi->given_pairs_at, ret_where);
    } else {
        locate_kept(edi, edi->given_at, ret_where);
    }
    if (column < edi->column_count) {
        locate_part(edi, &edi->columns[column].parts[0], ret_where);
    }
}

const atp_format_t atp_format_x12 = {create_x12, destroy, restart, begin, column_of, next, fill, locate};
const atp_format_t atp_format_edifact = {create_edifact, destroy, restart, begin,
                                         column_of,      next,    fill,    locate};
