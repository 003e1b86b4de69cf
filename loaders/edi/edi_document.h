/* What a reader must know of an EDI message: which segments begin a loop, and which one makes a record; and of the envelopes
 * around it.
 *
 * A record is one occurrence of the `record` segment with all that stands above it: the segments of its own loop and
 * of the loops and the message around it. So a profile can take the item from LIN, the place from N1 or LOC and the
 * quantity from QTY, and each QTY is a record of its own.
 *
 * How a profile names what it wants (a column):
 *
 *     QTY.2          element 2 of the nearest QTY
 *     QTY.1.2        component 2 of its element 1
 *     ISA.6          without the blanks behind it: ISA has fixed lengths
 *     N1:WH.4        element 4 of the nearest N1 whose element 1 begins with the component WH
 *     LIN[UP]        X12: the value after the qualifier UP, in LIN's pairs. EDIFACT: the first component of the
 *                    element whose second one is UP
 *     SDQ.store      and SDQ.quantity: one record for each pair of store and quantity; SDQ.unit: of all pairs
 *     ZA.place       where the nearest ZA stands in its interchange: 2.17, segment 17 of message 2
 *     A+B            both, joined by a hyphen
 *     A|B            A, or B where A is empty
 *
 * Threads     one at a time. */
#ifndef ATP_LOADERS_EDI_DOCUMENT_H
#define ATP_LOADERS_EDI_DOCUMENT_H

#include "loaders/edi/edi_segments.h"

typedef struct atp_edi_loop {
    const char *tag; /* of its first segment */
    uint8_t level;   /* above ATP_EDI_LEVEL_MESSAGE; a deeper one is inside */
} atp_edi_loop_t;

#define ATP_EDI_LEVEL_INTERCHANGE 1
#define ATP_EDI_LEVEL_GROUP       2
#define ATP_EDI_LEVEL_MESSAGE     3

typedef struct atp_edi_document {
    atp_edi_standard_t standard;
    const char *type;    /* "846", "INVRPT" */
    const char *record;  /* the segment that makes a record */
    const char *within;  /* only below one of these; NULL = anywhere */
    const char *pairs;   /* a segment after it with store and quantity in turn; NULL = none */
    const char *purpose; /* the segment that says what the message is for; NULL = none does */
    uint8_t purpose_at;  /* by which element */
    const char
        *purposes; /* that say what there is, each behind a blank; others cancel or change another message */
    bool has_hierarchy; /* HL segments (X12): number, parent, code; each is a loop inside its parent's */
    atp_edi_loop_t loops[4];
} atp_edi_document_t;

/* What a header and its trailer are, and where in them the control number stands. */
typedef struct atp_edi_envelope_rule {
    const char *header;
    const char *trailer;
    uint8_t level;
    uint8_t number_at;         /* element with the control number, in the header */
    uint8_t trailer_count_at;  /* in the trailer: how much is inside */
    uint8_t trailer_number_at; /* and the number again */
} atp_edi_envelope_rule_t;

/* The envelope that a segment begins or ends; NULL if it is neither header nor trailer. */
const atp_edi_envelope_rule_t *atp_edi_envelope_rule(atp_edi_standard_t standard, atp_text_t tag,
                                                     bool *ret_is_header);
/* Whether a trailer's text is that count. */
bool atp_edi_is_count(atp_text_t text, uint64_t count);

/* Whether a message of that purpose (empty: it names none) tells what there is. */
bool atp_edi_document_tells(const atp_edi_document_t *document, atp_text_t purpose);

/* The document of that standard and type; NULL if it is not read. */
const atp_edi_document_t *atp_edi_document_find(atp_edi_standard_t standard, const char *type);
/* The types read of a standard, for sentences: "846, 852, 856". */
const char *atp_edi_document_list(atp_edi_standard_t standard);

#endif
