#include "loaders/edi/edi_segments.h"

#include "loaders/formats/stream.h"

#include <string.h>

#define ISA_SIZE         106 /* ISA has fixed lengths, its end included */
#define ISA_ELEMENT_AT   3
#define ISA_COMPONENT_AT 104
#define ISA_END_AT       105
#define UNA_SIZE         9

/* ---- the signs ---- */

static bool begins_with(const char *bytes, const char *tag)
{
    return memcmp(bytes, tag, 3) == 0;
}

/* A sign can be any printable ASCII character that is no letter, digit or blank, or one of the controls that partners
 * use (FS, GS, US, LF, CR). */
static bool is_sign(char sign)
{
    unsigned char c = (unsigned char)sign;
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

    return (c > ' ' && c < 0x7f && !is_letter) || c == '\n' || c == '\r' || (c >= 0x1c && c <= 0x1f);
}

static bool are_signs(const atp_edi_signs_t *signs)
{
    const char all[] = {signs->element, signs->component, signs->end, signs->release};

    for (size_t i = 0; i < sizeof all; i++) {
        if (all[i] == '\0' && i == 3) {
            continue; /* no release sign */
        }
        if (!is_sign(all[i]) || memchr(all, all[i], i) != NULL) {
            return false;
        }
    }
    return true;
}

static bool read_isa(const char *bytes, size_t size, atp_edi_signs_t *ret_signs)
{
    if (size < ISA_SIZE || !begins_with(bytes, "ISA")) {
        return false;
    }
    *ret_signs = (atp_edi_signs_t){
        .element = bytes[ISA_ELEMENT_AT],
        .component = bytes[ISA_COMPONENT_AT],
        .end = bytes[ISA_END_AT],
        .decimal = '.',
    };
    return are_signs(ret_signs);
}

/* UNA with its signs (a blank as release sign: none), or UNB with the standard's. */
static bool read_una(const char *bytes, size_t size, atp_edi_signs_t *ret_signs)
{
    *ret_signs = (atp_edi_signs_t){'+', ':', '\'', '?', '.'};
    if (size < UNA_SIZE || begins_with(bytes, "UNB")) {
        return size >= UNA_SIZE;
    }
    if (!begins_with(bytes, "UNA")) {
        return false;
    }
    *ret_signs = (atp_edi_signs_t){
        .component = bytes[3],
        .element = bytes[4],
        .decimal = bytes[5],
        .release = bytes[6] == ' ' ? '\0' : bytes[6],
        .end = bytes[8],
    };
    return are_signs(ret_signs);
}

/* Where line ends and blanks between segments end. */
static size_t past_blanks(const atp_stream_t *stream, size_t at)
{
    while (at < stream->end && memchr("\n\r ", stream->bytes[at], 3) != NULL) {
        at++;
    }
    return at;
}

static bool is_interchange_begin(const char *bytes, atp_edi_standard_t standard)
{
    return standard == ATP_EDI_X12 ? begins_with(bytes, "ISA")
                                   : begins_with(bytes, "UNA") || begins_with(bytes, "UNB");
}

/* ---- segments ---- */

/* Where the segment at `from` ends (at its sign); SIZE_MAX if not within the window. */
static size_t find_end(const atp_stream_t *stream, size_t from, const atp_edi_signs_t *signs)
{
    for (size_t at = from;;) {
        const char *found = memchr(stream->bytes + at, signs->end, stream->end - at);
        if (found == NULL) {
            return SIZE_MAX;
        }
        size_t end = (size_t)(found - stream->bytes);
        size_t releases = 0;
        while (signs->release != '\0' && end - releases > at &&
               stream->bytes[end - releases - 1] == signs->release) {
            releases++;
        }
        if (releases % 2 == 0) {
            return end;
        }
        at = end + 1;
    }
}

/* What is damaged there must not be passed over as a segment that nobody asked for. */
static bool is_tag(atp_text_t tag)
{
    bool is_good = tag.size >= 2 && tag.size <= 3;

    for (uint32_t i = 0; is_good && i < tag.size; i++) {
        char c = tag.bytes[i];
        is_good = (c >= 'A' && c <= 'Z') || (i > 0 && c >= '0' && c <= '9');
    }
    return is_good;
}

/* Moves `begin` to `to`, counting lines. */
static void move_to(atp_stream_t *stream, size_t to)
{
    for (; stream->begin < to; stream->begin++) {
        stream->line += stream->bytes[stream->begin] == '\n';
    }
}

/* Sets the signs where an interchange begins, and says where its first segment does (behind a UNA). */
static atp_edi_status_t begin_interchange(const atp_stream_t *stream, atp_edi_standard_t standard,
                                          atp_edi_signs_t *signs, size_t *ret_from)
{
    const char *bytes = stream->bytes + stream->begin;
    size_t left = stream->end - stream->begin;
    bool is_read = standard == ATP_EDI_X12 ? read_isa(bytes, left, signs) : read_una(bytes, left, signs);

    *ret_from = stream->begin;
    if (!is_read || !begins_with(bytes, "UNA")) {
        return is_read ? ATP_EDI_SEGMENT : ATP_EDI_NOT_EDI;
    }
    *ret_from = past_blanks(stream, stream->begin + UNA_SIZE);
    if (stream->end - *ret_from < 3) {
        return stream->is_at_end ? ATP_EDI_CUT : ATP_EDI_FILL;
    }
    return begins_with(stream->bytes + *ret_from, "UNB") ? ATP_EDI_SEGMENT : ATP_EDI_NOT_EDI;
}

atp_edi_status_t atp_edi_next(atp_stream_t *stream, atp_edi_standard_t standard, atp_edi_signs_t *signs,
                              atp_edi_segment_t *ret_segment)
{
    move_to(stream, past_blanks(stream, stream->begin));
    size_t left = stream->end - stream->begin;
    size_t from = stream->begin;

    if (left < ISA_SIZE && !stream->is_at_end) {
        return ATP_EDI_FILL;
    }
    if (left == 0) {
        return ATP_EDI_END;
    }
    if (signs->end == '\0' || (left >= 3 && is_interchange_begin(stream->bytes + from, standard))) {
        atp_edi_status_t begun = begin_interchange(stream, standard, signs, &from);
        if (begun != ATP_EDI_SEGMENT) {
            return begun;
        }
    }
    size_t end = find_end(stream, from, signs);
    if (end == SIZE_MAX && !stream->is_at_end && left <= ATP_EDI_SEGMENT_SIZE_MAX) {
        return ATP_EDI_FILL;
    }
    if (end == SIZE_MAX || end - from > ATP_EDI_SEGMENT_SIZE_MAX) {
        return ATP_EDI_CUT;
    }
    move_to(stream, from);
    *ret_segment = (atp_edi_segment_t){
        .raw = {stream->bytes + from, (uint32_t)(end - from)},
        .line = stream->line,
    };
    ret_segment->tag = atp_edi_element(ret_segment->raw, signs, 0, 1);
    if (ret_segment->raw.size > 0 && !is_tag(ret_segment->tag)) {
        return ATP_EDI_NO_TAG;
    }
    move_to(stream, end + 1);
    return ATP_EDI_SEGMENT;
}

/* ---- elements ---- */

/* The part number `index` (from 0) of `text` between `separator`s. */
static atp_text_t part_of(atp_text_t text, char separator, char release, unsigned index)
{
    const char *begin = text.bytes;
    const char *end = text.bytes + text.size;

    for (const char *at = begin; at < end; at++) {
        if (release != '\0' && *at == release) {
            at++;
        } else if (*at == separator) {
            if (index == 0) {
                return (atp_text_t){begin, (uint32_t)(at - begin)};
            }
            index--;
            begin = at + 1;
        }
    }
    return index == 0 ? (atp_text_t){begin, (uint32_t)(end - begin)} : (atp_text_t){end, 0};
}

atp_text_t atp_edi_element(atp_text_t raw, const atp_edi_signs_t *signs, unsigned element, unsigned component)
{
    atp_text_t text = part_of(raw, signs->element, signs->release, element);

    return component == 0 ? text : part_of(text, signs->component, signs->release, component - 1);
}

uint32_t atp_edi_identity(atp_text_t header, atp_edi_standard_t standard, const atp_edi_signs_t *signs,
                          char *ret_bytes)
{
    static const uint8_t elements[2][7] = {
        [ATP_EDI_X12] = {5, 6, 7, 8, 9, 10, 13}, [ATP_EDI_EDIFACT] = {2, 3, 4, 5, 0, 0, 0}};
    uint32_t size = 0;

    for (size_t i = 0; i < sizeof elements[0] && elements[standard][i] != 0; i++) {
        atp_text_t element = atp_edi_element(header, signs, elements[standard][i], 0);
        memcpy(ret_bytes + size, element.bytes, element.size);
        size += element.size;
        ret_bytes[size++] = '\n';
    }
    return size;
}

uint32_t atp_edi_unrelease(atp_text_t text, const atp_edi_signs_t *signs, char *ret_bytes)
{
    uint32_t size = 0;

    for (uint32_t i = 0; i < text.size; i++) {
        bool is_release = signs->release != '\0' && text.bytes[i] == signs->release && i + 1 < text.size;
        i += is_release;
        ret_bytes[size++] = text.bytes[i];
    }
    return size;
}
