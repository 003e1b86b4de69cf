/* The acknowledgement of an X12 interchange: one 997 for each functional group, after a TA1 where the interchange wants one
 * (ISA14), is a repeat, or is damaged as a whole.
 *
 * Date, time, version and control numbers are those of what is acknowledged: the same file gives the same bytes. */
#include "loaders/edi/edi_ack_priv.h"

#include <string.h>

#define AK4_PER_SEGMENT_MAX 99
#define ISA13_WIDTH         9
#define VERSION_WITH_5010   "005010" /* from there on AK1 and AK2 name the version */

typedef struct x12 {
    atp_edi_writer_t writer;
    const atp_edi_ack_t *ack;
    const atp_edi_ack_interchange_t *interchange;
    atp_text_t isa;
} x12_t;

static atp_text_t element_of(const x12_t *x12, atp_text_t raw, unsigned element)
{
    return atp_edi_element(raw, &x12->writer.signs, element, 0);
}

static bool is_text(atp_text_t text, const char *wanted)
{
    return atp_text_equal(text, atp_text_of(wanted));
}

static void put(x12_t *x12, const char *text)
{
    atp_edi_writer_put(&x12->writer, atp_text_of(text));
}

/* ---- envelopes ---- */

/* An ISA has fixed widths: what is shorter is filled with blanks. */
static void put_fixed(x12_t *x12, atp_text_t text, uint32_t width)
{
    char room[16];

    ATP_ASSERT(width < sizeof room);
    memset(room, ' ', sizeof room);
    if (text.size > 0) {
        memcpy(room, text.bytes, text.size < width ? text.size : width);
    }
    atp_edi_writer_put(&x12->writer, (atp_text_t){room, width});
}

static void write_isa(x12_t *x12)
{
    static const struct {
        uint8_t of; /* element of the ISA that came; 0 = none */
        uint8_t width;
    } elements[] = {{0, 2},  {0, 10}, {0, 2},  {0, 10},           {7, 2}, {8, 15}, {5, 2}, {6, 15}, {9, 6},
                    {10, 4}, {11, 1}, {12, 5}, {13, ISA13_WIDTH}, {0, 1}, {15, 1}};
    char component = x12->writer.signs.component;

    atp_edi_writer_begin(&x12->writer, "ISA");
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        atp_text_t text = i == 0 || i == 2 ? ATP_TEXT("00") : i == 13 ? ATP_TEXT("0") : ATP_TEXT("");
        put_fixed(x12, elements[i].of != 0 ? element_of(x12, x12->isa, elements[i].of) : text,
                  elements[i].width);
    }
    atp_edi_writer_put(&x12->writer, (atp_text_t){&component, 1});
    atp_edi_writer_end(&x12->writer);
}

static void write_gs(x12_t *x12, atp_text_t gs)
{
    static const uint8_t from[] = {3, 2, 4, 5, 6, 7, 8};

    atp_edi_writer_begin(&x12->writer, "GS");
    put(x12, "FA");
    for (size_t i = 0; i < sizeof from; i++) {
        atp_edi_writer_put(&x12->writer, element_of(x12, gs, from[i]));
    }
    atp_edi_writer_end(&x12->writer);
}

static void write_trailer(x12_t *x12, const char *tag, uint64_t count, atp_text_t number)
{
    atp_edi_writer_begin(&x12->writer, tag);
    atp_edi_writer_put_number(&x12->writer, count);
    atp_edi_writer_put(&x12->writer, number);
    atp_edi_writer_end(&x12->writer);
}

/* ---- TA1 ---- */

static const char *note_code(const x12_t *x12, bool is_repeat)
{
    if (is_repeat) {
        return "025"; /* duplicate interchange control number */
    }
    switch (x12->interchange->fault) {
    case ATP_EDI_FAULT_NONE:
        return x12->ack->is_faulty ? "024" : "000"; /* invalid content; no error */
    case ATP_EDI_FAULT_TRAILER_MISSING:
        return "023"; /* premature end of file */
    case ATP_EDI_FAULT_NUMBERS_DIFFER:
        return "001"; /* control numbers of header and trailer differ */
    case ATP_EDI_FAULT_COUNTS_DIFFER:
        return "021"; /* number of groups */
    case ATP_EDI_FAULT_HEADER:
        return "022"; /* control structure */
    case ATP_EDI_FAULT_TYPE:
    case ATP_EDI_FAULT_CHARSET:
    case ATP_EDI_FAULT_CONTENT:
        break;
    }
    return "024";
}

static void write_ta1(x12_t *x12, bool is_repeat)
{
    const char *note = note_code(x12, is_repeat);

    atp_edi_writer_begin(&x12->writer, "TA1");
    atp_edi_writer_put(&x12->writer, element_of(x12, x12->isa, 13));
    atp_edi_writer_put(&x12->writer, element_of(x12, x12->isa, 9));
    atp_edi_writer_put(&x12->writer, element_of(x12, x12->isa, 10));
    put(x12, strcmp(note, "000") == 0 ? "A" : "R");
    put(x12, note);
    atp_edi_writer_end(&x12->writer);
}

/* ---- what is wrong in a transaction set ---- */

/* AK403 of a bad element. */
static const char *element_code(const atp_edi_ack_note_t *note)
{
    static const char *const codes[] = {
        [ATP_EDI_IS_MISSING] = "1",    [ATP_EDI_IS_TOO_LONG] = "5",
        [ATP_EDI_HAS_CHARACTER] = "6", [ATP_EDI_IS_NO_NUMBER] = "6",
        [ATP_EDI_IS_NO_DATE] = "8",    [ATP_EDI_HAS_NO_MEANING] = "7", /* invalid code value */
    };

    return codes[atp_edi_ack_blame(note->reason)];
}

/* AK304 of a bad segment. */
static const char *segment_code(const atp_edi_ack_note_t *note)
{
    return note->is_missing                       ? "3"  /* mandatory segment missing */
           : note->reason == ATP_REJECT_DUPLICATE ? "2"  /* unexpected: it stood there before */
                                                  : "8"; /* element errors */
}

static bool is_same_segment(const atp_edi_ack_note_t *a, const atp_edi_ack_note_t *b)
{
    return a->message == b->message && a->segment == b->segment && a->is_missing == b->is_missing &&
           strcmp(a->tag, b->tag) == 0 && strcmp(segment_code(a), segment_code(b)) == 0;
}

static void write_ak4(x12_t *x12, const atp_edi_ack_note_t *note)
{
    const char *code = element_code(note);

    atp_edi_writer_begin(&x12->writer, "AK4");
    atp_edi_writer_put_place(&x12->writer, note->element, note->component);
    put(x12, "");
    put(x12, code);
    if (strcmp(code, "6") != 0) { /* what has an invalid character is not shown */
        atp_edi_writer_put(&x12->writer, atp_edi_ack_text(x12->ack, note->value));
    }
    atp_edi_writer_end(&x12->writer);
}

/* AK3 and its AK4s for each bad segment of the message with that index. */
static void write_notes(x12_t *x12, uint32_t message)
{
    const atp_edi_ack_t *ack = x12->ack;
    uint32_t elements = 0;

    for (uint32_t i = atp_edi_ack_first_note(ack, message);
         i < ack->note_count && ack->notes[i].message == message; i++) {
        const atp_edi_ack_note_t *note = &ack->notes[i];
        if (i == 0 || !is_same_segment(note, note - 1)) {
            atp_edi_writer_begin(&x12->writer, "AK3");
            put(x12, note->tag);
            atp_edi_writer_put_number(&x12->writer, note->segment);
            put(x12, "");
            put(x12, segment_code(note));
            atp_edi_writer_end(&x12->writer);
            elements = 0;
        }
        if (note->element != 0 && !note->is_missing && note->reason != ATP_REJECT_DUPLICATE &&
            elements < AK4_PER_SEGMENT_MAX) {
            write_ak4(x12, note);
            elements++;
        }
    }
}

/* AK502: why a set is not accepted as it is; "" where the reason lies outside of it. */
static const char *set_code(const atp_edi_ack_message_t *message)
{
    switch (message->fault) {
    case ATP_EDI_FAULT_NONE:
        return message->bad > 0 || message->refused > 0 ? "5" : ""; /* segments in error */
    case ATP_EDI_FAULT_TYPE:
        return "1"; /* set not supported */
    case ATP_EDI_FAULT_TRAILER_MISSING:
        return "2";
    case ATP_EDI_FAULT_NUMBERS_DIFFER:
        return "3";
    case ATP_EDI_FAULT_COUNTS_DIFFER:
        return "4";
    case ATP_EDI_FAULT_HEADER:
    case ATP_EDI_FAULT_CHARSET:
    case ATP_EDI_FAULT_CONTENT:
        break;
    }
    return "5";
}

static atp_edi_outcome_t write_set(x12_t *x12, uint32_t index, bool names_version)
{
    static const char *const codes[] = {
        [ATP_EDI_ACCEPTED] = "A", [ATP_EDI_WITH_ERRORS] = "E", [ATP_EDI_REJECTED] = "R"};
    const atp_edi_ack_message_t *message = &x12->ack->messages[index];
    atp_text_t st = atp_edi_ack_text(x12->ack, message->header);
    atp_edi_outcome_t outcome = atp_edi_ack_outcome(x12->ack, message);

    atp_edi_writer_begin(&x12->writer, "AK2");
    atp_edi_writer_put(&x12->writer, element_of(x12, st, 1));
    atp_edi_writer_put(&x12->writer, element_of(x12, st, 2));
    atp_edi_writer_put(&x12->writer, names_version ? element_of(x12, st, 3) : ATP_TEXT(""));
    atp_edi_writer_end(&x12->writer);
    write_notes(x12, index);
    atp_edi_writer_begin(&x12->writer, "AK5");
    put(x12, codes[outcome]);
    put(x12, set_code(message));
    atp_edi_writer_end(&x12->writer);
    return outcome;
}

/* ---- a functional group ---- */

/* AK905: what is wrong with the group itself. */
static const char *group_code(atp_edi_fault_t fault)
{
    return fault == ATP_EDI_FAULT_TRAILER_MISSING  ? "3"
           : fault == ATP_EDI_FAULT_NUMBERS_DIFFER ? "4"
           : fault == ATP_EDI_FAULT_COUNTS_DIFFER  ? "5"
                                                   : "";
}

static void write_ak9(x12_t *x12, const atp_edi_ack_group_t *group, const uint32_t *count_of)
{
    uint32_t accepted = count_of[ATP_EDI_ACCEPTED] + count_of[ATP_EDI_WITH_ERRORS];
    const char *code = !x12->ack->is_loaded || accepted < count_of[ATP_EDI_REJECTED] + accepted
                           ? (accepted > 0 ? "P" : "R")
                       : count_of[ATP_EDI_WITH_ERRORS] > 0 ? "E"
                                                           : "A";

    atp_edi_writer_begin(&x12->writer, "AK9");
    put(x12, code);
    atp_edi_writer_put_number(&x12->writer,
                              group->message_count); /* as its trailer says, where it was read */
    atp_edi_writer_put_number(&x12->writer, group->message_count);
    atp_edi_writer_put_number(&x12->writer, accepted);
    put(x12, group_code(group->fault));
    atp_edi_writer_end(&x12->writer);
}

static void write_group(x12_t *x12, const atp_edi_ack_group_t *group)
{
    atp_text_t gs = atp_edi_ack_text(x12->ack, group->header);
    atp_text_t version = element_of(x12, gs, 8);
    bool names_version = version.size >= sizeof VERSION_WITH_5010 - 1 &&
                         memcmp(version.bytes, VERSION_WITH_5010, sizeof VERSION_WITH_5010 - 1) >= 0;
    uint32_t count_of[ATP_EDI_REJECTED + 1] = {0};

    write_gs(x12, gs);
    x12->writer.segment_count = 0;
    atp_edi_writer_begin(&x12->writer, "ST");
    put(x12, "997");
    put(x12, "0001");
    atp_edi_writer_end(&x12->writer);
    atp_edi_writer_begin(&x12->writer, "AK1");
    atp_edi_writer_put(&x12->writer, element_of(x12, gs, 1));
    atp_edi_writer_put(&x12->writer, element_of(x12, gs, 6));
    atp_edi_writer_put(&x12->writer, names_version ? version : ATP_TEXT(""));
    atp_edi_writer_end(&x12->writer);
    for (uint32_t i = 0; i < group->message_count; i++) {
        count_of[write_set(x12, group->message_begin + i, names_version)]++;
    }
    write_ak9(x12, group, count_of);
    write_trailer(x12, "SE", x12->writer.segment_count + 1, ATP_TEXT("0001"));
    write_trailer(x12, "GE", 1, element_of(x12, gs, 6));
}

/* An acknowledgement is never acknowledged. */
static bool is_answered(const x12_t *x12, const atp_edi_ack_group_t *group)
{
    return !is_text(element_of(x12, atp_edi_ack_text(x12->ack, group->header), 1), "FA");
}

void atp_edi_ack_write_x12(const atp_edi_ack_t *ack, const atp_edi_ack_interchange_t *interchange, FILE *file)
{
    x12_t x12 = {
        .writer = {.file = file, .signs = interchange->signs},
        .ack = ack,
        .interchange = interchange,
        .isa = atp_edi_ack_text(ack, interchange->header),
    };
    /* Without any there may be no room for them at all. */
    const atp_edi_ack_group_t *groups =
        interchange->group_count > 0 ? ack->groups + interchange->group_begin : NULL;
    bool is_repeat = atp_edi_ack_is_repeat(ack, interchange);
    bool has_ta1 =
        is_repeat || interchange->fault != ATP_EDI_FAULT_NONE || is_text(element_of(&x12, x12.isa, 14), "1");
    uint32_t group_count = 0;

    for (uint32_t i = 0; i < interchange->group_count && !is_repeat; i++) {
        group_count += is_answered(&x12, &groups[i]);
    }
    if (!has_ta1 && group_count == 0) {
        return;
    }
    write_isa(&x12);
    if (has_ta1) {
        write_ta1(&x12, is_repeat);
    }
    for (uint32_t i = 0; i < interchange->group_count && !is_repeat; i++) {
        if (is_answered(&x12, &groups[i])) {
            write_group(&x12, &groups[i]);
        }
    }
    atp_edi_writer_begin(&x12.writer, "IEA");
    atp_edi_writer_put_number(&x12.writer, group_count);
    put_fixed(&x12, element_of(&x12, x12.isa, 13), ISA13_WIDTH); /* as in the header */
    atp_edi_writer_end(&x12.writer);
}
