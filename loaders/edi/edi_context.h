/* The segments above a record: a stack, with loops in it.
 *
 * A segment that begins a loop of some level ends the loops of that level and deeper ones; any other segment belongs
 * to the loop that is open. The texts are copies: they outlive the window.
 *
 * Threads     one at a time.
 * Memory      fixed: ATP_EDI_CONTEXT_SIZE_MAX bytes, ATP_EDI_CONTEXT_COUNT_MAX segments. */
#ifndef ATP_LOADERS_EDI_CONTEXT_H
#define ATP_LOADERS_EDI_CONTEXT_H

#include "loaders/edi/edi_segments.h"

#define ATP_EDI_CONTEXT_SIZE_MAX  (64u << 10)
#define ATP_EDI_CONTEXT_COUNT_MAX 512

typedef struct atp_edi_kept {
    atp_text_t raw;
    atp_text_t tag;
    uint8_t level; /* of the loop it begins or belongs to */
    bool begins;   /* a loop */
    uint32_t number;
    uint64_t line;
} atp_edi_kept_t;

typedef struct atp_edi_context {
    uint32_t count;
    uint32_t size; /* of `texts` in use */
    atp_edi_kept_t kept[ATP_EDI_CONTEXT_COUNT_MAX];
    char texts[ATP_EDI_CONTEXT_SIZE_MAX];
} atp_edi_context_t;

/* Level of the loop that is open; 0 = none. */
uint8_t atp_edi_context_level(const atp_edi_context_t *context);

/* Ends the loops of `level` and deeper ones. */
void atp_edi_context_end(atp_edi_context_t *context, uint8_t level);

/* Adds a segment: the beginning of a loop of `level`, or, with 0, one that belongs to the loop that is open. False: too
 * many, or too long together. */
ATP_MUST_USE bool atp_edi_context_add(atp_edi_context_t *context, const atp_edi_segment_t *segment,
                                      uint8_t level);

/* The index of the nearest segment `tag` whose first component of element 1 is `qualifier` (empty: any); -1 if there is
 * none. */
int atp_edi_context_find(const atp_edi_context_t *context, const atp_edi_signs_t *signs, atp_text_t tag,
                         atp_text_t qualifier);

#endif
