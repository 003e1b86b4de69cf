/* Formats: how the bytes of a file become records. One row in this table, one file of its own for each.
 *
 * A format knows nothing of what its fields mean: a profile names the columns it wants, and maps them. What a
 * column is called is the format's matter: a header name or a number in delimited text, a path of keys in JSON,
 * a segment and its qualifier in EDI. docs/loading.md tells each.
 *
 * A reader streams: its memory is bounded by its window, not by the file. It gives what is wrong with one
 * record as a bad record, with its line, and reads on.
 *
 * Threads     one at a time. */
#ifndef ATP_LOADERS_FORMAT_H
#define ATP_LOADERS_FORMAT_H

#include "loaders/edi/edi_ack.h"
#include "loaders/formats/record.h"
#include "loaders/mapping/profile_priv.h"

/* Where a reader takes its bytes. */
typedef struct atp_format_source {
    const atp_profile_format_t *format; /* what the profile says of it; borrowed */
    atp_record_source_fn read;
    void *context;     /* of `read` */
    const char *place; /* the file's name, for sentences; borrowed */
    atp_edi_ack_t
        *ack; /* of formats that are acknowledged: told of what is read; borrowed. NULL = none is wanted */
} atp_format_source_t;

typedef struct atp_format {
    /* Makes a reader. ATP_ERR_MEMORY. */
    atp_err_t (*create)(const atp_format_source_t *source, void **ret_reader);
    void (*destroy)(void *reader);
    /* Forgets what was read, to start again at line 1. Columns keep their index. */
    void (*restart)(void *reader);
    /* Reads what stands before the first record. Called first, and again after a restart. */
    atp_err_t (*begin)(void *reader, atp_why_t *ret_why);
    /* The index, in every record's fields, of the column a profile calls so. Called after the first `begin` and before
     * the first record. ATP_ERR_INVALID: there is no such column. */
    atp_err_t (*column)(void *reader, const char *column, uint32_t *ret_index, atp_why_t *ret_why);
    atp_record_status_t (*next)(void *reader, atp_record_t *ret_record);
    /* Reads more. Records given before are void afterwards. Fails as `read`, and with ATP_ERR_FORMAT when the file is
     * not in this format at all. */
    atp_err_t (*fill)(void *reader, atp_why_t *ret_why);
    /* Where the record given last stands, or that column of it (past the last: the record). Before the next is asked for.
     * NULL: a format that is not acknowledged. */
    void (*locate)(void *reader, uint32_t column, atp_edi_where_t *ret_where);
} atp_format_t;

/* loaders/formats/delimited.c: comma, tab, any other sign; with or without header. */
extern const atp_format_t atp_format_delimited;
/* loaders/formats/json_lines.c: one JSON object a line. */
extern const atp_format_t atp_format_json_lines;
/* loaders/edi/edi.c: interchanges of X12 and EDIFACT messages. */
extern const atp_format_t atp_format_x12;
extern const atp_format_t atp_format_edifact;
/* loaders/formats/idoc.c: flat files of SAP IDocs. */
extern const atp_format_t atp_format_idoc;

/* The format of that number. */
const atp_format_t *atp_format_of(atp_format_kind_t kind);

#endif
