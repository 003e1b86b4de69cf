/* A temporary file without a name, of bounded size, that keeps what a pipe said so that it can be read again.
 * It lies in $TMPDIR, else in /var/tmp (which, unlike /tmp, is not memory), and is gone with the process.
 *
 * Threads     one at a time. */
#ifndef ATP_LOADERS_SPOOL_H
#define ATP_LOADERS_SPOOL_H

#include "engine/base/err.h"
#include "loaders/input/input.h"

typedef struct atp_spool atp_spool_t;

/* ATP_ERR_IO with the folder when no temporary file can be made; ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_spool_create(uint64_t size_max, atp_spool_t **ret_spool, atp_why_t *ret_why);
void atp_spool_destroy(atp_spool_t *spool);

/* Such a file alone; -1 with errno set when none can be made. */
ATP_MUST_USE int atp_spool_open_nameless(void);

/* All of `bytes` at that place of it. ATP_ERR_NO_SPACE; ATP_ERR_IO, also where it ends before that. */
ATP_MUST_USE atp_err_t atp_spool_write_at(int fd, const void *bytes, size_t size, uint64_t at);
ATP_MUST_USE atp_err_t atp_spool_read_at(int fd, void *bytes, size_t size, uint64_t at);

/* Adds bytes. ATP_ERR_LIMIT past the bound, ATP_ERR_NO_SPACE, ATP_ERR_IO; `place` is named as where they come
 * from. */
ATP_MUST_USE atp_err_t atp_spool_append(atp_spool_t *spool, const void *bytes, size_t size, const char *place,
                                        atp_why_t *ret_why);

/* Hands the spool over as a source that can be rewound; closing the source destroys it. */
atp_input_source_t atp_spool_as_source(atp_spool_t *spool);

#endif
