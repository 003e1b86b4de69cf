/* What becomes of the messages of an EDI file, and its acknowledgement: 997 with TA1 (X12), CONTRL (EDIFACT).
 *
 *     reading     the reader tells headers, trailers and where it had to stop; the load tells good and bad rows
 *     loading     what the ledger answered is told by message
 *     writing     one interchange for each that was read, back to its sender
 *
 * Of a message: accepted; accepted with errors, where rows of it were bad or refused and others were not; rejected, where
 * none was taken, or the file was not loaded. An interchange is a repeat when it stands in the file a second time, when
 * everything that was asked for it had been answered before, or when it came before and said something else then.
 *
 * Sources     X12 004010/005010 (997, TA1), ISO 9735 syntax 3 and 4 (CONTRL D.3, 4.1; code lists 0083, 0085).
 * Threads     one at a time.
 * Memory      grows to the limits below and no further.
 * Invariants  A1  messages are numbered from 1 in the order of the file; a group's and an interchange's follow each other.
 *             A2  what is told of reading after atp_edi_ack_end_reading is not heard: a second pass changes nothing. */
#ifndef ATP_LOADERS_EDI_ACK_H
#define ATP_LOADERS_EDI_ACK_H

#include "loaders/edi/edi_segments.h"
#include "loaders/reason.h"

#include <stdio.h>

#define ATP_EDI_ACK_MESSAGES_MAX     (1u << 18) /* of a file that is acknowledged; groups and interchanges too */
#define ATP_EDI_ACK_NOTES_MAX        (1u << 16) /* bad segments that are named; more are counted */
#define ATP_EDI_ACK_TEXT_MAX         (64u << 20)
#define ATP_EDI_ACK_HEADER_SIZE_MAX  1024
#define ATP_EDI_ACK_ELEMENT_SIZE_MAX 99 /* of a bad element that is shown; X12 AK404 */

/* Why an envelope is refused. */
typedef enum atp_edi_fault {
    ATP_EDI_FAULT_NONE,
    ATP_EDI_FAULT_TYPE,            /* a message of a type that is not read */
    ATP_EDI_FAULT_TRAILER_MISSING, /* the file ends, or another header comes, before its trailer */
    ATP_EDI_FAULT_NUMBERS_DIFFER,  /* the control number of its trailer is another one */
    ATP_EDI_FAULT_COUNTS_DIFFER,   /* its trailer counts other than there is */
    ATP_EDI_FAULT_HEADER,          /* a header in it has no control number, or stands where it must not */
    ATP_EDI_FAULT_CHARSET,
    ATP_EDI_FAULT_CONTENT /* a segment in it cannot be placed */
} atp_edi_fault_t;

/* Where something stands. Texts are valid until the reader gives its next record. */
typedef struct atp_edi_where {
    uint32_t message; /* of the file, from 1; 0 = outside any */
    uint32_t segment; /* of the message, its header is 1 */
    atp_text_t tag;
    bool is_missing;   /* the segment is not there; it would stand after that one */
    uint16_t element;  /* from 1; 0 = the whole segment */
    uint8_t component; /* from 1; 0 = the whole element */
    atp_text_t value;  /* of the element, as it stands */
} atp_edi_where_t;

/* The message or IDoc, and the segment, that a row was made of. */
typedef struct atp_edi_origin {
    uint32_t message; /* of the file, from 1; 0 = it is of none */
    uint32_t segment; /* of the message, its header is 1 */
    char tag[ATP_EDI_TAG_SIZE_MAX + 1];
} atp_edi_origin_t;

typedef struct atp_edi_ack atp_edi_ack_t;

/* ATP_ERR_MEMORY leaves nothing behind. */
ATP_MUST_USE atp_err_t atp_edi_ack_create(atp_edi_standard_t standard, atp_edi_ack_t **ret_ack);
void atp_edi_ack_destroy(atp_edi_ack_t *ack);

/* ---- reading ---- */

/* A header was read that may stand where it does: the envelope of `level` (ATP_EDI_LEVEL_*) is open. */
void atp_edi_ack_open(atp_edi_ack_t *ack, uint8_t level, const atp_edi_segment_t *header,
                      const atp_edi_signs_t *signs);
/* The interchange that was opened last stands in the file before. */
void atp_edi_ack_repeat(atp_edi_ack_t *ack);
/* Its trailer was read, and is right. */
void atp_edi_ack_close(atp_edi_ack_t *ack, uint8_t level);
/* An IDoc begins, which is an interchange of one message, and nothing acknowledges: `identity` tells it from all others, `name` is
 * what sentences call it. */
void atp_edi_ack_open_document(atp_edi_ack_t *ack, atp_text_t identity, atp_text_t name, uint64_t line);
/* The interchange or IDoc that was opened last is whole; `digest` is of all that stands in it. */
void atp_edi_ack_end_document(atp_edi_ack_t *ack, uint64_t digest);
/* The newest envelope of `level` is refused. The first reason stands. Level 0: none is open. */
void atp_edi_ack_fail(atp_edi_ack_t *ack, uint8_t level, atp_edi_fault_t fault);
void atp_edi_ack_note_good(atp_edi_ack_t *ack, uint32_t message);
void atp_edi_ack_note_bad(atp_edi_ack_t *ack, const atp_edi_where_t *where, atp_reason_of_reject_t reason);
/* The same of a row whose place nobody asks for. */
void atp_edi_ack_count_bad(atp_edi_ack_t *ack, uint32_t message);
/* All rows are told once more: what was told of them is forgotten. What the reader tells from now on is not heard. */
void atp_edi_ack_forget_rows(atp_edi_ack_t *ack);
/* All has been read, or as much as can be. ATP_ERR_LIMIT: more messages than an acknowledgement tells. ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_edi_ack_end_reading(atp_edi_ack_t *ack);

/* ---- loading ---- */

/* Stands for the interchange of the message in ids: sender, receiver, control number, date and time. */
uint64_t atp_edi_ack_seed(const atp_edi_ack_t *ack, uint32_t message);

/* An interchange or IDoc. */
typedef struct atp_edi_told {
    uint64_t seed;   /* stands for it in ids */
    uint64_t digest; /* of all that stands in it */
    uint64_t line;   /* that it begins on */
    atp_text_t name; /* its control number, DOCNUM; valid until the acknowledgement is written */
    bool is_begun;   /* rows of it are told, or were in an earlier load */
    bool is_done;    /* all of it was told in an earlier load */
} atp_edi_told_t;

/* By its number, from 0. */
atp_edi_told_t atp_edi_ack_told(const atp_edi_ack_t *ack, uint32_t interchange);
/* Whether no row of it was bad, or refused so far, and it is the first of the file. */
bool atp_edi_ack_is_whole(const atp_edi_ack_t *ack, uint32_t interchange);
/* Rows of the message are told. False: some of its interchange are, or were, already; else *ret_interchange is that. */
bool atp_edi_ack_begin(atp_edi_ack_t *ack, uint32_t message, uint32_t *ret_interchange);
/* Rows of it were told in an earlier load; all of it was; it came before and said something else then. */
void atp_edi_ack_note_begun(atp_edi_ack_t *ack, uint32_t interchange);
void atp_edi_ack_note_repeat(atp_edi_ack_t *ack, uint32_t interchange);
void atp_edi_ack_note_done(atp_edi_ack_t *ack, uint32_t interchange);
bool atp_edi_ack_is_done(const atp_edi_ack_t *ack, uint32_t message);

typedef enum atp_edi_answer {
    ATP_EDI_TAKEN,
    ATP_EDI_TAKEN_BEFORE, /* asked for and answered in an earlier load */
    ATP_EDI_REFUSED
} atp_edi_answer_t;

void atp_edi_ack_note_answer(atp_edi_ack_t *ack, const atp_edi_origin_t *origin, atp_edi_answer_t answer);

/* ---- writing ---- */

/* Writes the acknowledgement. `is_loaded`: the file was, else each of its messages is rejected. What cannot be written
 * shows in ferror. Writes nothing when there is nothing that may be acknowledged (only acknowledgements). */
void atp_edi_ack_write(atp_edi_ack_t *ack, bool is_loaded, FILE *file);

/* For a summary; after atp_edi_ack_write, but for the interchanges. */
typedef struct atp_edi_ack_counts {
    uint32_t interchanges;
    uint32_t repeats;  /* interchanges */
    uint32_t accepted; /* messages, but for those of repeats */
    uint32_t with_errors;
    uint32_t rejected;
} atp_edi_ack_counts_t;

atp_edi_ack_counts_t atp_edi_ack_counts(const atp_edi_ack_t *ack);

#endif
