/* Inside an acknowledgement: what edi_ack.c gathers, and edi_ack_x12.c and edi_ack_edifact.c write. */
#ifndef ATP_LOADERS_EDI_ACK_PRIV_H
#define ATP_LOADERS_EDI_ACK_PRIV_H

#include "loaders/edi/edi_ack.h"

#define ATP_EDI_NO_INDEX UINT32_MAX

/* A text in the store. */
typedef struct atp_edi_stored {
    uint32_t at;
    uint32_t size;
} atp_edi_stored_t;

typedef struct atp_edi_ack_interchange {
    atp_edi_stored_t header;
    atp_edi_signs_t signs;
    uint64_t identity;
    uint64_t digest; /* of what stands in it */
    uint64_t line;
    atp_edi_stored_t name; /* its control number */
    uint32_t group_begin;
    uint32_t group_count;
    uint32_t message_begin;
    uint32_t message_count;
    atp_edi_fault_t fault;
    bool is_repeat; /* it stands in the file before, or came before and said something else then */
    bool is_begun;  /* rows of it are told, or were in an earlier load */
    bool is_done;   /* all of it was told in an earlier load */
} atp_edi_ack_interchange_t;

typedef struct atp_edi_ack_group {
    atp_edi_stored_t header;
    uint32_t message_begin;
    uint32_t message_count;
    atp_edi_fault_t fault;
} atp_edi_ack_group_t;

typedef struct atp_edi_ack_message {
    atp_edi_stored_t header;
    uint32_t interchange;
    uint32_t group; /* ATP_EDI_NO_INDEX: in none */
    uint32_t good;
    uint32_t bad;
    uint32_t taken;
    uint32_t taken_before;
    uint32_t refused;
    atp_edi_fault_t fault;
} atp_edi_ack_message_t;

/* One thing that is wrong in a message. */
typedef struct atp_edi_ack_note {
    uint32_t message; /* index */
    uint32_t segment;
    uint32_t order; /* in which it was told, so that equal ones stay in it */
    uint16_t element;
    uint8_t component;
    bool is_missing;
    atp_reason_of_reject_t reason; /* ATP_REJECT_NONE: refused by the ledger */
    char tag[ATP_EDI_TAG_SIZE_MAX + 1];
    atp_edi_stored_t value;
} atp_edi_ack_note_t;

struct atp_edi_ack {
    atp_edi_standard_t standard;
    bool is_read;     /* A2 */
    bool has_headers; /* all that the reader tells; only rows come */
    bool is_faulty;   /* the reader had to stop */
    bool is_loaded;
    atp_err_t err; /* what kept something from being noted */
    uint32_t interchange_count;
    uint32_t interchange_room;
    atp_edi_ack_interchange_t *interchanges;
    uint32_t group_count;
    uint32_t group_room;
    atp_edi_ack_group_t *groups;
    uint32_t open_group; /* of the message that comes next */
    uint32_t message_count;
    uint32_t message_room;
    atp_edi_ack_message_t *messages;
    uint32_t note_count;
    uint32_t note_room;
    atp_edi_ack_note_t *notes;
    uint32_t text_count;
    uint32_t text_room;
    char *texts;
};

typedef enum atp_edi_outcome { ATP_EDI_ACCEPTED, ATP_EDI_WITH_ERRORS, ATP_EDI_REJECTED } atp_edi_outcome_t;

atp_text_t atp_edi_ack_text(const atp_edi_ack_t *ack, atp_edi_stored_t stored);
atp_edi_outcome_t atp_edi_ack_outcome(const atp_edi_ack_t *ack, const atp_edi_ack_message_t *message);
bool atp_edi_ack_is_repeat(const atp_edi_ack_t *ack, const atp_edi_ack_interchange_t *interchange);
/* What is wrong with an element, in the terms that both standards have codes for. */
typedef enum atp_edi_blame {
    ATP_EDI_IS_MISSING,
    ATP_EDI_IS_TOO_LONG,
    ATP_EDI_HAS_CHARACTER, /* that may not be there */
    ATP_EDI_IS_NO_NUMBER,
    ATP_EDI_IS_NO_DATE,
    ATP_EDI_HAS_NO_MEANING
} atp_edi_blame_t;

atp_edi_blame_t atp_edi_ack_blame(atp_reason_of_reject_t reason);
/* The first note of that message (by index), or where it would stand. After the notes were sorted. */
uint32_t atp_edi_ack_first_note(const atp_edi_ack_t *ack, uint32_t message);

/* Writes segments: what is empty at the end of one is left out, and counted they are. */
typedef struct atp_edi_writer {
    FILE *file;
    atp_edi_signs_t signs;
    uint32_t empties;       /* elements that wait for one that is not */
    uint32_t segment_count; /* ended so far */
} atp_edi_writer_t;

void atp_edi_writer_begin(atp_edi_writer_t *writer, const char *tag);
/* An element as it stands in the same signs: controls become blanks. */
void atp_edi_writer_put(atp_edi_writer_t *writer, atp_text_t element);
void atp_edi_writer_put_number(atp_edi_writer_t *writer, uint64_t number);
/* "2", or "2:1" with a component. */
void atp_edi_writer_put_place(atp_edi_writer_t *writer, uint16_t element, uint8_t component);
void atp_edi_writer_end(atp_edi_writer_t *writer);

void atp_edi_ack_write_x12(const atp_edi_ack_t *ack, const atp_edi_ack_interchange_t *interchange,
                           FILE *file);
void atp_edi_ack_write_edifact(const atp_edi_ack_t *ack, const atp_edi_ack_interchange_t *interchange,
                               FILE *file);

#endif
