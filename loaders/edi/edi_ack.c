#include "loaders/edi/edi_ack_priv.h"

#include "engine/base/hash.h"
#include "loaders/edi/edi_document.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_SEED 3 /* of the identity of an IDoc; those of interchanges are of other standards */

/* ---- open and close ---- */

atp_err_t atp_edi_ack_create(atp_edi_standard_t standard, atp_edi_ack_t **ret_ack)
{
    atp_edi_ack_t *ack = calloc(1, sizeof *ack);

    if (ack == NULL) {
        return ATP_ERR_MEMORY;
    }
    ack->standard = standard;
    ack->open_group = ATP_EDI_NO_INDEX;
    *ret_ack = ack;
    return ATP_OK;
}

void atp_edi_ack_destroy(atp_edi_ack_t *ack)
{
    if (ack != NULL) {
        free(ack->interchanges);
        free(ack->groups);
        free(ack->messages);
        free(ack->notes);
        free(ack->texts);
        free(ack);
    }
}

/* ---- room ---- */

/* Makes room for `more` items beyond `count`. Returns the items, or NULL with ack->err set: there is none. */
static void *make_room(atp_edi_ack_t *ack, void *items, size_t item_size, uint32_t count, uint32_t more,
                       uint32_t max, uint32_t *room)
{
    if (more <= *room - count) {
        return items;
    }
    if (more > max - count) {
        ack->err = ATP_ERR_LIMIT;
        return NULL;
    }
    uint64_t wanted = *room == 0 ? 64 : 2 * (uint64_t)*room;
    wanted = wanted < (uint64_t)count + more ? (uint64_t)count + more : wanted;
    wanted = wanted > max ? max : wanted;
    void *grown = realloc(items, (size_t)wanted * item_size);
    if (grown == NULL) {
        ack->err = ATP_ERR_MEMORY;
        return NULL;
    }
    *room = (uint32_t)wanted;
    return grown;
}

static bool store(atp_edi_ack_t *ack, atp_text_t text, atp_edi_stored_t *ret_stored)
{
    char *texts =
        make_room(ack, ack->texts, 1, ack->text_count, text.size, ATP_EDI_ACK_TEXT_MAX, &ack->text_room);

    *ret_stored = (atp_edi_stored_t){0};
    if (texts == NULL) {
        return text.size == 0;
    }
    ack->texts = texts;
    if (text.size > 0) {
        memcpy(texts + ack->text_count, text.bytes, text.size);
    }
    *ret_stored = (atp_edi_stored_t){ack->text_count, text.size};
    ack->text_count += text.size;
    return true;
}

atp_text_t atp_edi_ack_text(const atp_edi_ack_t *ack, atp_edi_stored_t stored)
{
    return stored.size == 0 ? (atp_text_t){"", 0} : (atp_text_t){ack->texts + stored.at, stored.size};
}

/* ---- reading ---- */

/* Whether what the reader tells is not heard: it has told it before, or something could not be noted. */
static bool is_deaf(const atp_edi_ack_t *ack)
{
    return ack->is_read || ack->has_headers || ack->err != ATP_OK;
}

static bool is_showable(atp_text_t text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        if (c < ' ' || c > '~') {
            return false;
        }
    }
    return text.size <= ATP_EDI_ACK_ELEMENT_SIZE_MAX;
}

/* Room for another one, empty; NULL: there is none. It counts when all of it is there. */
static atp_edi_ack_interchange_t *new_interchange(atp_edi_ack_t *ack, uint64_t identity, uint64_t line)
{
    atp_edi_ack_interchange_t *all = make_room(ack, ack->interchanges, sizeof *all, ack->interchange_count, 1,
                                               ATP_EDI_ACK_MESSAGES_MAX, &ack->interchange_room);

    if (all == NULL) {
        return NULL;
    }
    ack->interchanges = all;
    ack->open_group = ATP_EDI_NO_INDEX;
    all[ack->interchange_count] = (atp_edi_ack_interchange_t){
        .identity = identity,
        .line = line,
        .group_begin = ack->group_count,
        .message_begin = ack->message_count,
    };
    return &all[ack->interchange_count];
}

static void open_interchange(atp_edi_ack_t *ack, const atp_edi_segment_t *header,
                             const atp_edi_signs_t *signs)
{
    char identity[ATP_EDI_IDENTITY_SIZE_MAX];
    uint32_t size = atp_edi_identity(header->raw, ack->standard, signs, identity);
    unsigned number_at = ack->standard == ATP_EDI_X12 ? 13 : 5;
    atp_edi_ack_interchange_t *interchange =
        new_interchange(ack, atp_hash_bytes(identity, size, (uint64_t)ack->standard + 1), header->line);

    if (interchange == NULL) {
        return;
    }
    atp_text_t name = atp_edi_element(header->raw, signs, number_at, 1);
    interchange->signs = *signs;
    ack->interchange_count += store(ack, header->raw, &interchange->header) &&
                              store(ack, is_showable(name) ? name : (atp_text_t){"", 0}, &interchange->name);
}

static void open_group(atp_edi_ack_t *ack, atp_text_t header)
{
    atp_edi_ack_group_t *all = make_room(ack, ack->groups, sizeof *all, ack->group_count, 1,
                                         ATP_EDI_ACK_MESSAGES_MAX, &ack->group_room);

    if (all == NULL) {
        return;
    }
    ack->groups = all;
    all[ack->group_count] = (atp_edi_ack_group_t){.message_begin = ack->message_count};
    if (store(ack, header, &all[ack->group_count].header)) {
        ack->open_group = ack->group_count++;
        ack->interchanges[ack->interchange_count - 1].group_count++;
    }
}

static void open_message(atp_edi_ack_t *ack, atp_text_t header)
{
    atp_edi_ack_message_t *all = make_room(ack, ack->messages, sizeof *all, ack->message_count, 1,
                                           ATP_EDI_ACK_MESSAGES_MAX, &ack->message_room);

    if (all == NULL) {
        return;
    }
    ack->messages = all;
    all[ack->message_count] =
        (atp_edi_ack_message_t){.interchange = ack->interchange_count - 1, .group = ack->open_group};
    if (!store(ack, header, &all[ack->message_count].header)) {
        return;
    }
    ack->message_count++;
    ack->interchanges[ack->interchange_count - 1].message_count++;
    if (ack->open_group != ATP_EDI_NO_INDEX) {
        ack->groups[ack->open_group].message_count++;
    }
}

void atp_edi_ack_open_document(atp_edi_ack_t *ack, atp_text_t identity, atp_text_t name, uint64_t line)
{
    if (is_deaf(ack)) {
        return;
    }
    atp_edi_ack_interchange_t *document =
        new_interchange(ack, atp_hash_bytes(identity.bytes, identity.size, DOCUMENT_SEED), line);
    if (document != NULL && store(ack, is_showable(name) ? name : (atp_text_t){"", 0}, &document->name)) {
        ack->interchange_count++;
        open_message(ack, (atp_text_t){"", 0});
    }
}

void atp_edi_ack_end_document(atp_edi_ack_t *ack, uint64_t digest)
{
    if (!is_deaf(ack)) {
        ack->interchanges[ack->interchange_count - 1].digest = digest;
    }
}

void atp_edi_ack_open(atp_edi_ack_t *ack, uint8_t level, const atp_edi_segment_t *header,
                      const atp_edi_signs_t *signs)
{
    if (is_deaf(ack)) {
        return;
    }
    if (header->raw.size > ATP_EDI_ACK_HEADER_SIZE_MAX) {
        ack->err = ATP_ERR_LIMIT;
    } else if (level == ATP_EDI_LEVEL_INTERCHANGE) {
        open_interchange(ack, header, signs);
    } else if (level == ATP_EDI_LEVEL_GROUP) {
        open_group(ack, header->raw);
    } else {
        open_message(ack, header->raw);
    }
}

void atp_edi_ack_repeat(atp_edi_ack_t *ack)
{
    if (!is_deaf(ack)) {
        ack->interchanges[ack->interchange_count - 1].is_repeat = true;
    }
}

void atp_edi_ack_close(atp_edi_ack_t *ack, uint8_t level)
{
    if (level == ATP_EDI_LEVEL_GROUP) {
        ack->open_group = ATP_EDI_NO_INDEX;
    }
}

void atp_edi_ack_fail(atp_edi_ack_t *ack, uint8_t level, atp_edi_fault_t fault)
{
    atp_edi_fault_t *of = NULL;

    if (is_deaf(ack)) {
        return;
    }
    ack->is_faulty = ack->is_faulty || fault != ATP_EDI_FAULT_TYPE;
    if (level == ATP_EDI_LEVEL_INTERCHANGE) {
        of = &ack->interchanges[ack->interchange_count - 1].fault;
    } else if (level == ATP_EDI_LEVEL_GROUP) {
        of = &ack->groups[ack->group_count - 1].fault;
    } else if (level == ATP_EDI_LEVEL_MESSAGE) {
        of = &ack->messages[ack->message_count - 1].fault;
    }
    if (of != NULL && *of == ATP_EDI_FAULT_NONE) {
        *of = fault;
    }
}

void atp_edi_ack_note_good(atp_edi_ack_t *ack, uint32_t message)
{
    if (!ack->is_read && message >= 1 && message <= ack->message_count) {
        ack->messages[message - 1].good++;
    }
}

/* Adds a note; past the limit only the count of the message tells. */
static void add_note(atp_edi_ack_t *ack, const atp_edi_ack_note_t *note)
{
    atp_err_t before = ack->err;
    atp_edi_ack_note_t *all =
        make_room(ack, ack->notes, sizeof *all, ack->note_count, 1, ATP_EDI_ACK_NOTES_MAX, &ack->note_room);

    ack->err = before;
    if (all == NULL) {
        return;
    }
    ack->notes = all;
    all[ack->note_count] = *note;
    all[ack->note_count].order = ack->note_count;
    ack->note_count++;
}

void atp_edi_ack_count_bad(atp_edi_ack_t *ack, uint32_t message)
{
    if (!ack->is_read && message >= 1 && message <= ack->message_count) {
        ack->messages[message - 1].bad++;
    }
}

void atp_edi_ack_note_bad(atp_edi_ack_t *ack, const atp_edi_where_t *where, atp_reason_of_reject_t reason)
{
    if (ack->is_read || where->message == 0 || where->message > ack->message_count) {
        return;
    }
    ack->messages[where->message - 1].bad++;
    if (reason == ATP_REJECT_MESSAGE_TYPE) {
        return; /* said of the message as a whole */
    }
    atp_edi_ack_note_t note = {
        .message = where->message - 1,
        .segment = where->segment,
        .element = where->element,
        .component = where->component,
        .is_missing = where->is_missing,
        .reason = reason,
    };
    memcpy(note.tag, where->tag.bytes,
           where->tag.size < ATP_EDI_TAG_SIZE_MAX ? where->tag.size : ATP_EDI_TAG_SIZE_MAX);
    if (is_showable(where->value) && ack->note_count < ATP_EDI_ACK_NOTES_MAX) {
        atp_err_t before = ack->err;
        (void)store(ack, where->value, &note.value); /* without it the place alone is told */
        ack->err = before;
    }
    add_note(ack, &note);
}

void atp_edi_ack_forget_rows(atp_edi_ack_t *ack)
{
    ack->has_headers = true;
    ack->note_count = 0;
    for (uint32_t i = 0; i < ack->message_count; i++) {
        ack->messages[i].good = 0;
        ack->messages[i].bad = 0;
    }
}

atp_err_t atp_edi_ack_end_reading(atp_edi_ack_t *ack)
{
    ack->is_read = true;
    return ack->err;
}

/* ---- loading ---- */

uint64_t atp_edi_ack_seed(const atp_edi_ack_t *ack, uint32_t message)
{
    ATP_ASSERT(message >= 1 && message <= ack->message_count);
    return ack->interchanges[ack->messages[message - 1].interchange].identity;
}

atp_edi_told_t atp_edi_ack_told(const atp_edi_ack_t *ack, uint32_t interchange)
{
    ATP_ASSERT(interchange < ack->interchange_count);
    const atp_edi_ack_interchange_t *of = &ack->interchanges[interchange];

    return (atp_edi_told_t){.seed = of->identity,
                            .digest = of->digest,
                            .line = of->line,
                            .name = atp_edi_ack_text(ack, of->name),
                            .is_begun = of->is_begun,
                            .is_done = of->is_done};
}

bool atp_edi_ack_is_whole(const atp_edi_ack_t *ack, uint32_t interchange)
{
    ATP_ASSERT(interchange < ack->interchange_count);
    const atp_edi_ack_interchange_t *of = &ack->interchanges[interchange];
    bool is_whole = !of->is_repeat && of->fault == ATP_EDI_FAULT_NONE;

    for (uint32_t i = 0; i < of->message_count && is_whole; i++) {
        const atp_edi_ack_message_t *message = &ack->messages[of->message_begin + i];
        is_whole = message->bad + message->refused == 0 && message->fault == ATP_EDI_FAULT_NONE;
    }
    return is_whole;
}

bool atp_edi_ack_begin(atp_edi_ack_t *ack, uint32_t message, uint32_t *ret_interchange)
{
    ATP_ASSERT(message >= 1 && message <= ack->message_count);
    atp_edi_ack_interchange_t *of = &ack->interchanges[ack->messages[message - 1].interchange];
    bool was_begun = of->is_begun;

    of->is_begun = true;
    *ret_interchange = ack->messages[message - 1].interchange;
    return !was_begun;
}

void atp_edi_ack_note_begun(atp_edi_ack_t *ack, uint32_t interchange)
{
    ATP_ASSERT(interchange < ack->interchange_count);
    ack->interchanges[interchange].is_begun = true;
}

void atp_edi_ack_note_repeat(atp_edi_ack_t *ack, uint32_t interchange)
{
    ATP_ASSERT(interchange < ack->interchange_count);
    ack->interchanges[interchange].is_repeat = true;
}

void atp_edi_ack_note_done(atp_edi_ack_t *ack, uint32_t interchange)
{
    ATP_ASSERT(interchange < ack->interchange_count);
    ack->interchanges[interchange].is_done = true;
}

bool atp_edi_ack_is_done(const atp_edi_ack_t *ack, uint32_t message)
{
    ATP_ASSERT(message >= 1 && message <= ack->message_count);
    return ack->interchanges[ack->messages[message - 1].interchange].is_done;
}

void atp_edi_ack_note_answer(atp_edi_ack_t *ack, const atp_edi_origin_t *origin, atp_edi_answer_t answer)
{
    ATP_ASSERT(origin->message >= 1 && origin->message <= ack->message_count);
    atp_edi_ack_message_t *of = &ack->messages[origin->message - 1];

    switch (answer) {
    case ATP_EDI_TAKEN:
        of->taken++;
        return;
    case ATP_EDI_TAKEN_BEFORE:
        of->taken_before++;
        return;
    case ATP_EDI_REFUSED:
        break;
    }
    of->refused++;
    atp_edi_ack_note_t note = {.message = origin->message - 1, .segment = origin->segment};
    memcpy(note.tag, origin->tag, sizeof note.tag);
    add_note(ack, &note);
}

/* ---- what became of it ---- */

atp_edi_outcome_t atp_edi_ack_outcome(const atp_edi_ack_t *ack, const atp_edi_ack_message_t *message)
{
    bool is_unread = message->fault != ATP_EDI_FAULT_NONE || (message->bad > 0 && message->good == 0);
    bool is_untaken = message->refused > 0 && message->taken + message->taken_before == 0;

    if (!ack->is_loaded || is_unread || is_untaken) {
        return ATP_EDI_REJECTED;
    }
    return message->bad > 0 || message->refused > 0 ? ATP_EDI_WITH_ERRORS : ATP_EDI_ACCEPTED;
}

bool atp_edi_ack_is_repeat(const atp_edi_ack_t *ack, const atp_edi_ack_interchange_t *interchange)
{
    uint64_t before = 0;
    uint64_t other = 0;

    for (uint32_t i = 0; i < interchange->message_count; i++) {
        const atp_edi_ack_message_t *message = &ack->messages[interchange->message_begin + i];
        before += message->taken_before;
        other += (uint64_t)message->taken + message->refused;
    }
    return interchange->is_repeat || ((before > 0 || interchange->is_done) && other == 0);
}

atp_edi_blame_t atp_edi_ack_blame(atp_reason_of_reject_t reason)
{
    switch (reason) {
    case ATP_REJECT_SKU_EMPTY:
    case ATP_REJECT_NODE_EMPTY:
    case ATP_REJECT_QTY_EMPTY:
    case ATP_REJECT_KIT_EMPTY:
    case ATP_REJECT_SUPPLY_EMPTY:
    case ATP_REJECT_EVENT_EMPTY:
    case ATP_REJECT_UNIT_EMPTY:
    case ATP_REJECT_ALIAS_EMPTY:
    case ATP_REJECT_COLUMN_MISSING:
        return ATP_EDI_IS_MISSING;
    case ATP_REJECT_FIELD_TOO_LONG:
    case ATP_REJECT_RECORD_TOO_LONG:
    case ATP_REJECT_SKU_TOO_LONG:
    case ATP_REJECT_NODE_TOO_LONG:
    case ATP_REJECT_NAME_TOO_LONG:
    case ATP_REJECT_KIT_TOO_LONG:
    case ATP_REJECT_SUPPLY_TOO_LONG:
    case ATP_REJECT_EVENT_TOO_LONG:
    case ATP_REJECT_UNIT_TOO_LONG:
    case ATP_REJECT_ALIAS_TOO_LONG:
    case ATP_REJECT_SOURCE_TOO_LONG:
        return ATP_EDI_IS_TOO_LONG;
    case ATP_REJECT_NUL_BYTE:
    case ATP_REJECT_NOT_TEXT:
        return ATP_EDI_HAS_CHARACTER;
    case ATP_REJECT_QTY_MALFORMED:
        return ATP_EDI_IS_NO_NUMBER;
    case ATP_REJECT_DATE_INVALID:
        return ATP_EDI_IS_NO_DATE;
    default: /* a value that means nothing here, or a reason of other formats */
        return ATP_EDI_HAS_NO_MEANING;
    }
}

uint32_t atp_edi_ack_first_note(const atp_edi_ack_t *ack, uint32_t message)
{
    uint32_t low = 0;
    uint32_t high = ack->note_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ack->notes[middle].message < message) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static int compare_notes(const void *a, const void *b)
{
    const atp_edi_ack_note_t *left = a;
    const atp_edi_ack_note_t *right = b;

    if (left->message != right->message) {
        return left->message < right->message ? -1 : 1;
    }
    if (left->segment != right->segment) {
        return left->segment < right->segment ? -1 : 1;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

void atp_edi_ack_write(atp_edi_ack_t *ack, bool is_loaded, FILE *file)
{
    ATP_ASSERT(ack->is_read && !(is_loaded && ack->is_faulty));
    ack->is_loaded = is_loaded;
    if (ack->note_count > 0) {
        qsort(ack->notes, ack->note_count, sizeof *ack->notes, compare_notes);
    }
    for (uint32_t i = 0; i < ack->interchange_count; i++) {
        if (ack->standard == ATP_EDI_X12) {
            atp_edi_ack_write_x12(ack, &ack->interchanges[i], file);
        } else {
            atp_edi_ack_write_edifact(ack, &ack->interchanges[i], file);
        }
    }
}

static void count_messages(const atp_edi_ack_t *ack, const atp_edi_ack_interchange_t *interchange,
                           atp_edi_ack_counts_t *counts)
{
    for (uint32_t i = 0; i < interchange->message_count; i++) {
        switch (atp_edi_ack_outcome(ack, &ack->messages[interchange->message_begin + i])) {
        case ATP_EDI_ACCEPTED:
            counts->accepted++;
            break;
        case ATP_EDI_WITH_ERRORS:
            counts->with_errors++;
            break;
        case ATP_EDI_REJECTED:
            counts->rejected++;
            break;
        }
    }
}

atp_edi_ack_counts_t atp_edi_ack_counts(const atp_edi_ack_t *ack)
{
    atp_edi_ack_counts_t counts = {.interchanges = ack->interchange_count};

    for (uint32_t i = 0; i < ack->interchange_count; i++) {
        if (atp_edi_ack_is_repeat(ack, &ack->interchanges[i])) {
            counts.repeats++;
        } else {
            count_messages(ack, &ack->interchanges[i], &counts);
        }
    }
    return counts;
}

/* ---- segments ---- */

void atp_edi_writer_begin(atp_edi_writer_t *writer, const char *tag)
{
    writer->empties = 0;
    (void)fputs(tag, writer->file);
}

static bool is_sign(const atp_edi_writer_t *writer, char c)
{
    return c == writer->signs.component || (writer->signs.release != '\0' && c == writer->signs.release);
}

void atp_edi_writer_put(atp_edi_writer_t *writer, atp_text_t element)
{
    writer->empties++;
    if (element.size == 0) {
        return;
    }
    for (; writer->empties > 0; writer->empties--) {
        (void)fputc(writer->signs.element, writer->file);
    }
    for (uint32_t i = 0; i < element.size; i++) {
        unsigned char c = (unsigned char)element.bytes[i];
        bool is_control = (c < ' ' || c == 0x7f) && !is_sign(writer, element.bytes[i]);
        (void)fputc(is_control ? ' ' : c, writer->file);
    }
}

void atp_edi_writer_put_number(atp_edi_writer_t *writer, uint64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRIu64, number);

    atp_edi_writer_put(writer, (atp_text_t){text, (uint32_t)size});
}

void atp_edi_writer_put_place(atp_edi_writer_t *writer, uint16_t element, uint8_t component)
{
    char text[16];
    int size = component == 0
                   ? snprintf(text, sizeof text, "%u", element)
                   : snprintf(text, sizeof text, "%u%c%u", element, writer->signs.component, component);

    atp_edi_writer_put(writer, (atp_text_t){text, (uint32_t)size});
}

void atp_edi_writer_end(atp_edi_writer_t *writer)
{
    (void)fputc(writer->signs.end, writer->file);
    if (writer->signs.end != '\n') {
        (void)fputc('\n', writer->file);
    }
    writer->segment_count++;
}
