/* The durable queue of an outbox: batches of one source under their numbers, kept until they are acknowledged.
 *
 * An LMDB environment in a folder of its own. The epoch is drawn when the folder is made, so that a lost folder can
 * never be taken for the old one; numbers go on from the last one for ever.
 *
 * Threads     one at a time; one process a folder (a lock file says so).
 * Durable     what put and open did is on disk when they return; what trim did is soon: a trim that is lost is done
 *             again, for the engine answers the same number the same way.
 * Invariants  Q1  every number from `low` to `next - 1` is there, whole (its checksum is compared when it is read).
 *             Q2  `bytes` is the sum of their sizes, at most `bytes_max`.
 *             Q3  after a failure of the disk the store answers nothing but that failure: what a failed commit left is
 *                 not known until it is opened again. */
#ifndef ATP_PROTOCOL_CLIENT_OUTBOX_STORE_H
#define ATP_PROTOCOL_CLIENT_OUTBOX_STORE_H

#include "engine/base/err.h"
#include "engine/base/text.h"

#include <stdint.h>

typedef struct atp_outbox_store atp_outbox_store_t;

/* Opens or makes the queue of `source` in `folder`. `epoch` is taken when it is new, from 1.
 * ATP_ERR_LOCKED   another process has it           ATP_ERR_INVALID  it is another source's, or `bytes_max` is 0
 * ATP_ERR_CORRUPT  its state is damaged             ATP_ERR_FORMAT   it is of another version
 * ATP_ERR_IO, ATP_ERR_NO_SPACE, ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_outbox_store_open(const char *folder, atp_text_t source, uint64_t epoch,
                                             uint64_t bytes_max, atp_outbox_store_t **ret_store,
                                             atp_why_t *ret_why);
/* Opens a queue that is there, whosever it is. ATP_ERR_NOT_FOUND, or as open. */
ATP_MUST_USE atp_err_t atp_outbox_store_open_any(const char *folder, atp_outbox_store_t **ret_store,
                                                 atp_why_t *ret_why);
/* The store's own text. */
atp_text_t atp_outbox_store_source(const atp_outbox_store_t *store);

/* NULL is allowed. */
void atp_outbox_store_close(atp_outbox_store_t *store);

typedef struct atp_outbox_store_state {
    uint64_t epoch;
    uint64_t low;   /* the oldest number kept; `next` if there is none */
    uint64_t next;  /* the number of the next batch */
    uint64_t bytes; /* of all kept */
} atp_outbox_store_state_t;

void atp_outbox_store_read(const atp_outbox_store_t *store, atp_outbox_store_state_t *ret_state);

typedef struct atp_outbox_batch {
    const void *bytes;
    size_t size;
} atp_outbox_batch_t;

/* Keeps batches under the numbers from `next` on, which then grows: as many of the first as there is room for, in one
 * commit. ATP_ERR_BUSY: the queue is full; none was kept. */
ATP_MUST_USE atp_err_t atp_outbox_store_put(atp_outbox_store_t *store, const atp_outbox_batch_t *batches,
                                            uint32_t count, uint32_t *ret_kept, atp_why_t *ret_why);

/* The batch of that number, valid until the next call. ATP_ERR_NOT_FOUND, ATP_ERR_CORRUPT. */
ATP_MUST_USE atp_err_t atp_outbox_store_get(atp_outbox_store_t *store, uint64_t number,
                                            const void **ret_bytes, size_t *ret_size, atp_why_t *ret_why);

/* Drops what is below `low`: it is acknowledged. */
ATP_MUST_USE atp_err_t atp_outbox_store_trim(atp_outbox_store_t *store, uint64_t low, atp_why_t *ret_why);

#endif
