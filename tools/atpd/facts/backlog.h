/* What waits of sources that are paused, or beyond their rate, on disk: the messages as they came, so that a kill or a power cut does not lose them.
 *
 * Messages are appended to files of their source, below FOLDER/waiting, and synced. A file goes when none of its messages is
 * needed any more. At start they are read again, in the order of the files; what had been applied meanwhile is told apart by its
 * number, as any batch that comes twice. A record that is not whole ends its file: a write that was cut, of which nobody was told
 * that it is kept.
 *
 *     file      "waiting/" 16 hex digits, that grow: records
 *     record    magic, size, XXH3 of the message (16 bytes, little-endian as the machine), the message
 *
 * Threads     drop: any.   All else: one at a time.
 * Memory      100 bytes a file. A file ends at 4 MiB; on disk there is what waits, and less than a file more of each source.
 * Invariants  B1  a message is in a file that is kept until it was dropped as often as it was put or read. */
#ifndef ATP_ATPD_BACKLOG_H
#define ATP_ATPD_BACKLOG_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct atp_backlog atp_backlog_t;
/* The file that a message is in. */
typedef struct atp_backlog_file atp_backlog_file_t;

/* Opens the backlog of a data folder, and makes its own if need be. */
ATP_MUST_USE atp_err_t atp_backlog_open(const char *data_folder, atp_backlog_t **ret_backlog,
                                        atp_why_t *ret_why);
/* Removes the files of which nothing is needed, and frees. Nobody drops any more. NULL is allowed. */
void atp_backlog_close(atp_backlog_t *backlog);

/* Calls `visit` for each message that was kept when the backlog was opened. Each is to be dropped once. Before any is put. */
typedef void (*atp_backlog_visit_fn)(void *context, const uint8_t *bytes, size_t size,
                                     atp_backlog_file_t *file);
ATP_MUST_USE atp_err_t atp_backlog_read(atp_backlog_t *backlog, atp_backlog_visit_fn visit, void *context);

/* Writes a message of the source. NULL: it is not kept. It is not durable before atp_backlog_sync. */
atp_backlog_file_t *atp_backlog_put(atp_backlog_t *backlog, uint32_t source, const uint8_t *bytes,
                                    size_t size);
/* Makes all that was put durable. False: nobody can tell whether it is. */
ATP_MUST_USE bool atp_backlog_sync(atp_backlog_t *backlog);

/* A message of the file is needed no more. True: none of the file is, as far as was put. Thread: any. */
bool atp_backlog_drop(atp_backlog_file_t *file);
/* Removes the files of which nothing is needed. */
void atp_backlog_sweep(atp_backlog_t *backlog);

#endif
