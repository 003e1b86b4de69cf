/* What the world can do to us: disk, memory, peers, files of a wrong kind. A refusal of a request is not an
 * error but a verdict (engine/base/verdict.h); a bug is an assert.
 *
 * An error is returned as `atp_err_t` and must be used. Functions that open or verify something outside
 * also fill an `atp_why_t`: one sentence with the place and the advice, for the log line or the terminal of
 * the person who has to act. */
#ifndef ATP_BASE_ERR_H
#define ATP_BASE_ERR_H

#include "engine/base/assert.h"

typedef enum atp_err {
    ATP_OK = 0,
    ATP_ERR_MEMORY,    /* no memory, or more asked for than this machine or cgroup has */
    ATP_ERR_IO,        /* read, write or sync failed: never tried again over the same data */
    ATP_ERR_NO_SPACE,  /* the disk is full */
    ATP_ERR_CORRUPT,   /* stored data is not what was written */
    ATP_ERR_FORMAT,    /* a file of another kind, or a version this build does not know */
    ATP_ERR_LOCKED,    /* another process owns the data folder */
    ATP_ERR_INVALID,   /* a value outside its stated range */
    ATP_ERR_NOT_FOUND, /* no such file, key or name */
    ATP_ERR_EXISTS,    /* already there */
    ATP_ERR_BUSY,      /* full for now: try again */
    ATP_ERR_TIMEOUT,   /* no answer in time; the outcome is unknown */
    ATP_ERR_CLOSED,    /* the other side, or this handle, is closed */
    ATP_ERR_LIMIT,     /* a configured limit is reached */
    ATP_ERR_COUNT
} atp_err_t;

/* One sentence for a person. Always zero-terminated; empty when there was no failure. */
typedef struct atp_why {
    char text[384];
} atp_why_t;

/* The stable lower-case name, e.g. "no_space". Thread: any. */
const char *atp_err_name(atp_err_t err);

/* Fills `ret_why` (which may be NULL) and returns `err`, so that a failure is one statement. */
atp_err_t atp_fail(atp_why_t *ret_why, atp_err_t err, const char *format, ...) ATP_PRINTF(3, 4);

#endif
