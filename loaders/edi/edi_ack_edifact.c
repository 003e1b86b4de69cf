/* The acknowledgement of an EDIFACT interchange: a CONTRL message, in an interchange of its own.
 *
 * Date, time, syntax and references are those of what is acknowledged: the same file gives the same bytes. Action (0083): 4
 * this level and all below it are rejected, 7 acknowledged but for what is rejected below. CONTRL knows no acceptance with
 * errors: a message some of whose rows were bad is acknowledged (7), and its bad segments are named. */
#include "loaders/edi/edi_ack_priv.h"

#define ACTION_REJECTED     "4"
#define ACTION_ACKNOWLEDGED "7"

#define ERROR_VALUE     "12" /* invalid value */
#define ERROR_MISSING   "13"
#define ERROR_UNWANTED  "14" /* value not supported in this position */
#define ERROR_OTHER     "18" /* unspecified */
#define ERROR_CHARACTER "21" /* invalid character(s) */
#define ERROR_REPEAT    "26" /* duplicate detected */
#define ERROR_REFERENCE "28" /* references do not match */
#define ERROR_COUNT     "29" /* control count does not match */
#define ERROR_PLACE     "33" /* invalid occurrence outside message or group */
#define ERROR_TYPE      "37" /* invalid type of character(s) */
#define ERROR_LONG      "39" /* element too long */
#define ERROR_CHARSET   "46" /* character set not supported; syntax 3 has no better code than 2 */

typedef struct contrl {
    atp_edi_writer_t writer;
    const atp_edi_ack_t *ack;
    const atp_edi_ack_interchange_t *interchange;
    atp_text_t unb;
    bool is_syntax_4;
    bool is_repeat;
} contrl_t;

static atp_text_t element_of(const contrl_t *contrl, atp_text_t raw, unsigned element, unsigned component)
{
    return atp_edi_element(raw, &contrl->writer.signs, element, component);
}

static void put(contrl_t *contrl, const char *text)
{
    atp_edi_writer_put(&contrl->writer, atp_text_of(text));
}

static void put_element(contrl_t *contrl, atp_text_t raw, unsigned element)
{
    atp_edi_writer_put(&contrl->writer, element_of(contrl, raw, element, 0));
}

static bool is_text(atp_text_t text, const char *wanted)
{
    return atp_text_equal(text, atp_text_of(wanted));
}

/* ---- the envelope ---- */

/* Signs other than the standard's are said, as they were to us. */
static void write_una(contrl_t *contrl)
{
    const atp_edi_signs_t *signs = &contrl->writer.signs;
    bool is_standard = signs->component == ':' && signs->element == '+' && signs->decimal == '.' &&
                       signs->release == '?' && signs->end == '\'';

    if (!is_standard) {
        (void)fprintf(contrl->writer.file, "UNA%c%c%c%c %c\n", signs->component, signs->element,
                      signs->decimal, signs->release != '\0' ? signs->release : ' ', signs->end);
    }
}

static void write_unb(contrl_t *contrl)
{
    static const uint8_t from[] = {1, 3, 2, 4, 5};

    atp_edi_writer_begin(&contrl->writer, "UNB");
    for (size_t i = 0; i < sizeof from; i++) {
        put_element(contrl, contrl->unb, from[i]);
    }
    for (unsigned i = 6; i <= 10; i++) {
        put(contrl, "");
    }
    put_element(contrl, contrl->unb, 11); /* a test is answered by a test */
    atp_edi_writer_end(&contrl->writer);
}

static void write_unh(contrl_t *contrl)
{
    char type[16];
    char c = contrl->writer.signs.component;

    (void)snprintf(type, sizeof type, contrl->is_syntax_4 ? "CONTRL%c4%c1%cUN" : "CONTRL%cD%c3%cUN", c, c, c);
    contrl->writer.segment_count = 0;
    atp_edi_writer_begin(&contrl->writer, "UNH");
    put(contrl, "1");
    put(contrl, type);
    atp_edi_writer_end(&contrl->writer);
}

static void write_trailers(contrl_t *contrl)
{
    atp_edi_writer_begin(&contrl->writer, "UNT");
    atp_edi_writer_put_number(&contrl->writer, contrl->writer.segment_count + 1);
    put(contrl, "1");
    atp_edi_writer_end(&contrl->writer);
    atp_edi_writer_begin(&contrl->writer, "UNZ");
    put(contrl, "1");
    put_element(contrl, contrl->unb, 5);
    atp_edi_writer_end(&contrl->writer);
}

/* ---- what is wrong with an envelope ---- */

/* Error (0085) and service segment (0013) of a fault; `header` and `trailer` are those of its level. */
static void put_fault(contrl_t *contrl, atp_edi_fault_t fault, const char *header, const char *trailer)
{
    switch (fault) {
    case ATP_EDI_FAULT_NONE:
        return;
    case ATP_EDI_FAULT_TYPE:
        put(contrl, ERROR_UNWANTED);
        put(contrl, header);
        atp_edi_writer_put_place(&contrl->writer, 2, 1); /* 0065, the message type */
        return;
    case ATP_EDI_FAULT_TRAILER_MISSING:
        put(contrl, ERROR_MISSING);
        put(contrl, trailer);
        return;
    case ATP_EDI_FAULT_NUMBERS_DIFFER:
        put(contrl, ERROR_REFERENCE);
        put(contrl, trailer);
        return;
    case ATP_EDI_FAULT_COUNTS_DIFFER:
        put(contrl, ERROR_COUNT);
        put(contrl, trailer);
        return;
    case ATP_EDI_FAULT_HEADER:
        put(contrl, ERROR_PLACE);
        return;
    case ATP_EDI_FAULT_CHARSET:
        put(contrl, contrl->is_syntax_4 ? ERROR_CHARSET : "2");
        put(contrl, header);
        return;
    case ATP_EDI_FAULT_CONTENT:
        put(contrl, ERROR_OTHER);
        return;
    }
}

/* ---- messages ---- */

/* 0085 of a bad element. */
static const char *error_of(const atp_edi_ack_note_t *note)
{
    static const char *const errors[] = {
        [ATP_EDI_IS_MISSING] = ERROR_MISSING,      [ATP_EDI_IS_TOO_LONG] = ERROR_LONG,
        [ATP_EDI_HAS_CHARACTER] = ERROR_CHARACTER, [ATP_EDI_IS_NO_NUMBER] = ERROR_TYPE,
        [ATP_EDI_IS_NO_DATE] = ERROR_VALUE,        [ATP_EDI_HAS_NO_MEANING] = ERROR_VALUE,
    };

    return errors[atp_edi_ack_blame(note->reason)];
}

/* UCS, and UCD where an element is at fault. The error stands on the lowest level that is told. */
static void write_note(contrl_t *contrl, const atp_edi_ack_note_t *note)
{
    bool has_element = note->element != 0 && !note->is_missing && note->reason != ATP_REJECT_DUPLICATE;

    atp_edi_writer_begin(&contrl->writer, "UCS");
    atp_edi_writer_put_number(&contrl->writer, note->segment);
    put(contrl, has_element                            ? ""
                : note->reason == ATP_REJECT_DUPLICATE ? ERROR_REPEAT
                : note->reason == ATP_REJECT_NONE      ? ERROR_OTHER
                : note->is_missing                     ? ERROR_MISSING
                                                       : error_of(note));
    atp_edi_writer_end(&contrl->writer);
    if (has_element) {
        atp_edi_writer_begin(&contrl->writer, "UCD");
        put(contrl, error_of(note));
        atp_edi_writer_put_place(&contrl->writer, note->element, note->component);
        atp_edi_writer_end(&contrl->writer);
    }
}

/* An acknowledgement is never acknowledged. */
static bool is_answered(const contrl_t *contrl, const atp_edi_ack_message_t *message)
{
    return !is_text(element_of(contrl, atp_edi_ack_text(contrl->ack, message->header), 2, 1), "CONTRL");
}

static void write_message(contrl_t *contrl, uint32_t index)
{
    const atp_edi_ack_t *ack = contrl->ack;
    const atp_edi_ack_message_t *message = &ack->messages[index];
    atp_text_t unh = atp_edi_ack_text(ack, message->header);
    bool is_rejected = atp_edi_ack_outcome(ack, message) == ATP_EDI_REJECTED;

    atp_edi_writer_begin(&contrl->writer, "UCM");
    put_element(contrl, unh, 1);
    put_element(contrl, unh, 2);
    put(contrl, is_rejected ? ACTION_REJECTED : ACTION_ACKNOWLEDGED);
    put_fault(contrl, message->fault, "UNH", "UNT");
    atp_edi_writer_end(&contrl->writer);
    for (uint32_t i = atp_edi_ack_first_note(ack, index);
         i < ack->note_count && ack->notes[i].message == index; i++) {
        write_note(contrl, &ack->notes[i]);
    }
}

/* Those of `count` messages that are in `group` (ATP_EDI_NO_INDEX: in none). */
static void write_messages(contrl_t *contrl, uint32_t begin, uint32_t count, uint32_t group)
{
    for (uint32_t i = begin; i < begin + count; i++) {
        const atp_edi_ack_message_t *message = &contrl->ack->messages[i];
        if (message->group == group && is_answered(contrl, message)) {
            write_message(contrl, i);
        }
    }
}

static void write_group(contrl_t *contrl, uint32_t index)
{
    const atp_edi_ack_group_t *group = &contrl->ack->groups[index];
    atp_text_t ung = atp_edi_ack_text(contrl->ack, group->header);

    atp_edi_writer_begin(&contrl->writer, "UCF");
    put_element(contrl, ung, 5);
    put_element(contrl, ung, 2);
    put_element(contrl, ung, 3);
    put(contrl, contrl->ack->is_loaded ? ACTION_ACKNOWLEDGED : ACTION_REJECTED);
    put_fault(contrl, group->fault, "UNG", "UNE");
    atp_edi_writer_end(&contrl->writer);
    write_messages(contrl, group->message_begin, group->message_count, index);
}

/* ---- the interchange ---- */

static void write_uci(contrl_t *contrl)
{
    bool is_rejected = contrl->is_repeat || !contrl->ack->is_loaded;

    atp_edi_writer_begin(&contrl->writer, "UCI");
    put_element(contrl, contrl->unb, 5);
    put_element(contrl, contrl->unb, 2);
    put_element(contrl, contrl->unb, 3);
    put(contrl, is_rejected ? ACTION_REJECTED : ACTION_ACKNOWLEDGED);
    if (contrl->is_repeat) {
        put(contrl, ERROR_REPEAT);
    } else {
        put_fault(contrl, contrl->interchange->fault, "UNB", "UNZ");
    }
    atp_edi_writer_end(&contrl->writer);
}

static bool has_answered(const contrl_t *contrl)
{
    const atp_edi_ack_interchange_t *interchange = contrl->interchange;

    for (uint32_t i = 0; i < interchange->message_count; i++) {
        if (is_answered(contrl, &contrl->ack->messages[interchange->message_begin + i])) {
            return true;
        }
    }
    return interchange->message_count == 0;
}

void atp_edi_ack_write_edifact(const atp_edi_ack_t *ack, const atp_edi_ack_interchange_t *interchange,
                               FILE *file)
{
    contrl_t contrl = {
        .writer = {.file = file, .signs = interchange->signs},
        .ack = ack,
        .interchange = interchange,
        .unb = atp_edi_ack_text(ack, interchange->header),
        .is_repeat = atp_edi_ack_is_repeat(ack, interchange),
    };

    contrl.is_syntax_4 = is_text(element_of(&contrl, contrl.unb, 1, 2), "4");
    if (!has_answered(&contrl)) {
        return;
    }
    write_una(&contrl);
    write_unb(&contrl);
    write_unh(&contrl);
    write_uci(&contrl);
    if (!contrl.is_repeat) {
        write_messages(&contrl, interchange->message_begin, interchange->message_count, ATP_EDI_NO_INDEX);
        for (uint32_t i = 0; i < interchange->group_count; i++) {
            write_group(&contrl, interchange->group_begin + i);
        }
    }
    write_trailers(&contrl);
}
