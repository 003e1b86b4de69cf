/* A text read by a format, record by record. */
#ifndef ATP_TESTS_LOADERS_READING_H
#define ATP_TESTS_LOADERS_READING_H

#include "loaders/formats/format.h"
#include "tests/support/source.h"

typedef struct reading {
    source_t source;
    atp_profile_format_t format;
    const atp_format_t *api;
    void *reader;
    atp_why_t why; /* of the last failure */
} reading_t;

typedef enum got { GOT_RECORD, GOT_END, GOT_FAULT } got_t;

/* Opens it, given `step` bytes at a time, and names its columns (up to a NULL). The text is borrowed. */
void reading_open(reading_t *reading, const atp_profile_format_t *format, const char *text, size_t size,
                  size_t step, const char *const *columns);
void reading_close(reading_t *reading);

/* From the beginning again, as the second pass of a load. */
void reading_restart(reading_t *reading);

/* The next record, filling as often as it takes. A fault is an ATP_ERR_FORMAT, and why. */
got_t reading_next(reading_t *reading, atp_record_t *ret_record);

/* Expects a good record whose fields, joined by blanks, are `fields`. */
void reading_expect(reading_t *reading, uint64_t line, const char *fields);
/* Expects a bad record. */
void reading_expect_bad(reading_t *reading, uint64_t line, atp_reason_of_reject_t reason);
/* Expects no more, and closes it. */
void reading_expect_end(reading_t *reading);
/* Reads on to a fault, which stays, and closes it. */
void reading_expect_fault(reading_t *reading, const char *sentence);

#endif
