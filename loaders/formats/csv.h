/* Splits delimited text into records, as it streams in.
 *
 * Two dialects. Quoted: RFC 4180; a field may be wrapped in double quotes, a quote inside is doubled, and a
 * quoted field may hold delimiters and line ends. Plain (usual for tab-separated exports): every quote is
 * text and every line end ends a record. Both take LF and CRLF, drop a UTF-8 byte order mark, skip empty
 * lines and take a last line without an end. Nothing is trimmed.
 *
 * What is wrong with a record is that record's own fault: it is given back as bad, with its reason, and
 * reading goes on at the next line. After an unclosed quote that is the line after the one where the record
 * began.
 *
 * Records are views into the reader's buffer: those returned since the last fill stay valid until the next
 * fill.
 *
 * Threads     one at a time.
 * Memory      a window of 1 MiB and the record limit, and as much for texts (loaders/formats/stream.h), allocated at create.
 * Invariants  V1  a record's line is the number of the physical line it begins on, from 1.
 *             V2  every byte of the input belongs to one record, a bad record, or an empty line.
 *             V3  no field holds a zero byte. */
#ifndef ATP_LOADERS_CSV_H
#define ATP_LOADERS_CSV_H

#include "loaders/formats/record.h"

#include <stdbool.h>

#define ATP_CSV_FIELD_COUNT_MAX    1024
#define ATP_CSV_FIELD_SIZE_MAX     (64u << 10) /* default, and the most a profile may ask for is 1 MiB */
#define ATP_CSV_RECORD_SIZE_MAX    (256u << 10)
#define ATP_CSV_SIZE_LIMIT_HIGHEST (1u << 20)

typedef struct atp_csv atp_csv_t;

typedef struct atp_csv_format {
    char delimiter;           /* any ASCII character but quote, CR, LF and zero */
    bool has_quotes;          /* false: the plain dialect */
    uint32_t field_size_max;  /* in bytes, 0 = the default */
    uint32_t record_size_max; /* in bytes, 0 = the default */
} atp_csv_format_t;

/* ATP_ERR_INVALID for a format outside the ranges above; ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_csv_create(const atp_csv_format_t *format, atp_record_source_fn read,
                                      void *context, atp_csv_t **ret_csv);
void atp_csv_destroy(atp_csv_t *csv);

/* Forgets everything read, to start again at line 1. */
void atp_csv_restart(atp_csv_t *csv);

atp_record_status_t atp_csv_next(atp_csv_t *csv, atp_record_t *ret_record);

/* Reads more. Records returned before are void afterwards. Fails as `read` fails, and with ATP_ERR_FORMAT
 * when the text begins as UTF-16 or UTF-32. */
ATP_MUST_USE atp_err_t atp_csv_fill(atp_csv_t *csv, atp_why_t *ret_why);

#endif
