/* The reject file: the bad rows of a load, with line and reason, as CSV with the header
 * line,reason,column,explanation,row. The last field is the row as it was, so that it can be mended and loaded
 * again.
 *
 * Threads     one at a time. */
#ifndef ATP_LOADERS_REJECT_H
#define ATP_LOADERS_REJECT_H

#include "engine/base/err.h"
#include "loaders/load.h"

typedef struct atp_reject_file atp_reject_file_t;

/* Creates `path`, or empties the file that is there. ATP_ERR_IO, ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_reject_open(const char *path, atp_reject_file_t **ret_file, atp_why_t *ret_why);

/* ATP_ERR_NO_SPACE, ATP_ERR_IO. */
ATP_MUST_USE atp_err_t atp_reject_write(atp_reject_file_t *file, const atp_load_reject_t *reject,
                                        atp_why_t *ret_why);

/* Empties the file: no row was written. ATP_ERR_NO_SPACE, ATP_ERR_IO. */
ATP_MUST_USE atp_err_t atp_reject_restart(atp_reject_file_t *file, atp_why_t *ret_why);

/* Writes out what is buffered. */
ATP_MUST_USE atp_err_t atp_reject_flush(atp_reject_file_t *file, atp_why_t *ret_why);

/* Closes the file, and removes it if no row was written: a reject file that is there says something. file may be
 * NULL. */
ATP_MUST_USE atp_err_t atp_reject_close(atp_reject_file_t *file, atp_why_t *ret_why);

#endif
