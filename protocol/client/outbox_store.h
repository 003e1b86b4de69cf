/* The durable queue of an outbox: batches of one source under their numbers, kept until they are acknowledged.
 *
 * An LMDB environment in a folder of its own. The epoch is drawn when the folder is made, so that a lost folder can
 * never be taken for the old one; numbers go on from the last one for ever.
 *
 * Threads     one at a time; one process a folder changes it (a lock file says so); others may look meanwhile.
 * Durable     what put and open did is on disk when they return; what trim did is soon: a trim that is lost is done
 *             again, for the engine answers the same number the same way.
 * Refused     A batch that the engine refused is noted with its verdict, until it is acknowledged after all or dropped. One
 *             that is dropped leaves its number, empty, and an entry in the log of what was dropped (the newest 64).
 * Invariants  Q1  every number from `low` to `next - 1` is there, whole (its checksum is compared when it is read) or
 *                 empty; that of `low` is not empty.
 *             Q2  `bytes` is the sum of their sizes, at most `bytes_max`.
 *             Q3  after a failure of the disk the store answers nothing but that failure: what a failed commit left is
 *                 not known until it is opened again.
 *             Q4  no number from `told` on was ever told from this folder: who has one has it from a copy. `told` <= `next`. */
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
/* The same to look at only, also while another process has it: as it was at that moment. ATP_ERR_LOCKED: this process has it.
 * Nothing but read, source, get, list and close may be called. */
ATP_MUST_USE atp_err_t atp_outbox_store_look(const char *folder, atp_outbox_store_t **ret_store,
                                             atp_why_t *ret_why);
/* The store's own text. */
atp_text_t atp_outbox_store_source(const atp_outbox_store_t *store);

/* NULL is allowed. */
void atp_outbox_store_close(atp_outbox_store_t *store);

typedef struct atp_outbox_store_state {
    uint64_t epoch;
    uint64_t low;   /* the oldest number kept; `next` if there is none */
    uint64_t next;  /* the number of the next batch */
    uint64_t told;  /* numbers below it may have been told: Q4 */
    uint64_t bytes; /* of all kept */
} atp_outbox_store_state_t;

void atp_outbox_store_read(const atp_outbox_store_t *store, atp_outbox_store_state_t *ret_state);

typedef struct atp_outbox_batch {
    const void *bytes;
    size_t size;
} atp_outbox_batch_t;

/* Keeps batches under the numbers from `next` on, which then grows: as many of the first as there is room for, in one
 * commit. `is_told`: they are told as soon as they are kept. ATP_ERR_BUSY: the queue is full; none was kept. */
ATP_MUST_USE atp_err_t atp_outbox_store_put(atp_outbox_store_t *store, const atp_outbox_batch_t *batches,
                                            uint32_t count, bool is_told, uint32_t *ret_kept,
                                            atp_why_t *ret_why);

/* Numbers below `below` may be told when this has returned. Writes only what is news. */
ATP_MUST_USE atp_err_t atp_outbox_store_tell(atp_outbox_store_t *store, uint64_t below, atp_why_t *ret_why);

/* The batch of that number, valid until the next call; of size 0: it was dropped. ATP_ERR_NOT_FOUND, ATP_ERR_CORRUPT. */
ATP_MUST_USE atp_err_t atp_outbox_store_get(atp_outbox_store_t *store, uint64_t number,
                                            const void **ret_bytes, size_t *ret_size, atp_why_t *ret_why);

/* Drops what is below `low`: it is acknowledged. */
ATP_MUST_USE atp_err_t atp_outbox_store_trim(atp_outbox_store_t *store, uint64_t low, atp_why_t *ret_why);

/* ---- refused and dropped ---- */

#define ATP_OUTBOX_REASON_SIZE_MAX  200
#define ATP_OUTBOX_DROPPED_KEPT_MAX 64 /* entries of the log */

/* A refused batch, or an entry of the log. */
typedef struct atp_outbox_mark {
    uint64_t number;
    int64_t at_ms;    /* refused first, or dropped, at */
    uint64_t verdict; /* the engine's, the last time */
    uint64_t bytes;
    uint64_t reason_size;
    char reason[ATP_OUTBOX_REASON_SIZE_MAX]; /* why it was dropped */
} atp_outbox_mark_t;

typedef enum atp_outbox_marks { ATP_OUTBOX_REFUSED, ATP_OUTBOX_DROPPED } atp_outbox_marks_t;

/* Notes how the engine refused a batch that waits. Writes only what is news. */
ATP_MUST_USE atp_err_t atp_outbox_store_refuse(atp_outbox_store_t *store, uint64_t number, uint32_t verdict,
                                               int64_t now_ms, atp_why_t *ret_why);

/* Gives a refused batch up and logs it. ATP_ERR_NOT_FOUND: no such batch waits. ATP_ERR_INVALID: it was not refused, or the
 * reason is empty or too long. */
ATP_MUST_USE atp_err_t atp_outbox_store_drop(atp_outbox_store_t *store, uint64_t number, int64_t now_ms,
                                             atp_text_t reason, atp_why_t *ret_why);

/* Up to `count` of them with numbers from `from` on, in order. */
ATP_MUST_USE atp_err_t atp_outbox_store_list(atp_outbox_store_t *store, atp_outbox_marks_t marks,
                                             uint64_t from, atp_outbox_mark_t *ret_marks, uint32_t count,
                                             uint32_t *ret_count, atp_why_t *ret_why);

#endif
