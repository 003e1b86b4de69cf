/* EDI segments, as X12 and EDIFACT write them: a tag and elements, an element in components.
 *
 *     X12      ISA*00*..*:~ fixes the signs: element (after ISA), component (ISA16), segment end (after ISA16)
 *     EDIFACT  UNA:+.? ' fixes them, else the standard's: component : element + decimal . release ? segment end '
 *
 * A line end after a segment end belongs to no segment. A release sign takes the meaning from the sign after it.
 *
 * Sources     X12 5010 X12.5 (ISA), UN/EDIFACT ISO 9735-1 (UNA, UNB).
 * Threads     one at a time. */
#ifndef ATP_LOADERS_EDI_SEGMENTS_H
#define ATP_LOADERS_EDI_SEGMENTS_H

#include "engine/base/err.h"
#include "engine/base/text.h"

#include <stdint.h>

#define ATP_EDI_TAG_SIZE_MAX      3
#define ATP_EDI_ELEMENT_COUNT_MAX 256        /* of a segment, components counted singly */
#define ATP_EDI_SEGMENT_SIZE_MAX  (8u << 10) /* in bytes; the standards allow a tenth */
#define ATP_EDI_IDENTITY_SIZE_MAX (ATP_EDI_SEGMENT_SIZE_MAX + 8)

typedef enum atp_edi_standard { ATP_EDI_X12, ATP_EDI_EDIFACT } atp_edi_standard_t;

/* The signs of an interchange. */
typedef struct atp_edi_signs {
    char element;
    char component;
    char end;     /* of a segment */
    char release; /* '\0' = none */
    char decimal;
} atp_edi_signs_t;

typedef struct atp_edi_segment {
    atp_text_t raw; /* without its end */
    atp_text_t tag;
    uint64_t line;
    uint32_t number; /* in its message, the header is 1; set by who counts them */
} atp_edi_segment_t;

typedef enum atp_edi_status {
    ATP_EDI_SEGMENT,
    ATP_EDI_FILL,    /* more is wanted */
    ATP_EDI_END,     /* no more */
    ATP_EDI_NOT_EDI, /* neither ISA nor UNA nor UNB where an interchange must begin */
    ATP_EDI_NO_TAG, /* a segment begins with something else than a tag: 2 or 3 capital letters and digits, a letter first */
    ATP_EDI_CUT /* the file ends within a segment, or one is longer than the limit */
} atp_edi_status_t;

struct atp_stream; /* loaders/formats/stream.h */

/* Takes the next segment. `signs` are set by it where an interchange begins (`signs->end` is '\0' before the first).
 * The segment's texts are in the window: valid until the next fill. */
atp_edi_status_t atp_edi_next(struct atp_stream *stream, atp_edi_standard_t standard, atp_edi_signs_t *signs,
                              atp_edi_segment_t *ret_segment);

/* Element `element` (the tag is 0), component `component` (from 1; 0 = the whole element), as it stands, release
 * signs and all. An element that is not there is empty. */
atp_text_t atp_edi_element(atp_text_t raw, const atp_edi_signs_t *signs, unsigned element,
                           unsigned component);

/* Writes what tells an interchange from all others: who sent it to whom, under which number, when. `header` is its ISA or
 * UNB; `ret_bytes` has ATP_EDI_IDENTITY_SIZE_MAX bytes. Returns the size. */
uint32_t atp_edi_identity(atp_text_t header, atp_edi_standard_t standard, const atp_edi_signs_t *signs,
                          char *ret_bytes);

/* Copies a text without its release signs to `ret_bytes`, which has text.size bytes. Returns the size. */
uint32_t atp_edi_unrelease(atp_text_t text, const atp_edi_signs_t *signs, char *ret_bytes);

#endif
