/* Inside the outbox: what callers and the healing thread share.
 *
 *     put -> waiting -> one of the callers commits all that wait -> published -> acknowledged by the healing thread
 *
 * Threads     callers: outbox.c.   the healing thread: outbox_heal.c.
 * Locks       `mutex` is for short times. `store_mutex` is held while the disk is at work; it may be taken with none, or
 *             before `mutex`, never after it.
 * Invariants  B1  a batch is published only after it is durable, and after the engine was asked once what it has: an old
 *                 copy of a folder would give numbers that were used already.
 *             B2  a batch leaves the store only when the engine has said that it is applied and durable.
 *             B3  that a number may be told is on disk before it is: an engine that has one which was not, has it from a copy. */
#ifndef ATP_PROTOCOL_CLIENT_OUTBOX_PRIV_H
#define ATP_PROTOCOL_CLIENT_OUTBOX_PRIV_H

#include "protocol/client/atp.h"
#include "protocol/client/outbox_store.h"

#include <pthread.h>

#define ATP_OUTBOX_BYTES_DEFAULT ((uint64_t)256 << 20)
#define ATP_OUTBOX_HEAL_MS       50
#define ATP_OUTBOX_TRY_MS        1000

/* One caller's batch, on its stack. */
typedef struct atp_outbox_put {
    struct atp_outbox_put *next;
    atp_outbox_batch_t batch; /* its bytes are the put's, and begin with an atp_outbox_head_t */
    atp_err_t err;
    uint64_t sequence;
    bool is_done;
    atp_why_t why;
} atp_outbox_put_t;

/* What stands before the ops of a kept batch. */
typedef struct atp_outbox_head {
    int64_t as_of_ms;
    uint64_t after; /* as in atp_facts_t */
    uint64_t is_statement;
} atp_outbox_head_t;

struct atp_outbox {
    /* set at open */
    char *folder;
    char source[ATP_ID_SIZE_MAX];
    uint32_t source_size;
    uint64_t bytes_max;
    uint32_t resend_ms;
    atp_client_t *client;
    atp_publisher_t *publisher; /* NULL: all goes by request */
    pthread_t thread;
    /* under `store_mutex` */
    pthread_mutex_t store_mutex;
    atp_outbox_store_t *store; /* NULL: it failed and could not be opened again yet */
    uint64_t last_statement;   /* the newest batch that says how things are; 0 = none that still waits */
    /* under `mutex` */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    atp_outbox_put_t *waiting;
    atp_outbox_put_t **waiting_end;
    bool is_committing;
    bool is_checked; /* B1 */
    bool is_closing;
    atp_outbox_state_t state;
    /* of the healing thread */
    uint64_t resend_below; /* numbers below were published long enough ago */
    uint64_t looked_below; /* `next` when it looked last for what to send */
    uint64_t mark;         /* `next` at `mark_ms` */
    int64_t mark_ms;
    unsigned char *copy; /* of the batch being sent */
    size_t copy_size;
};

static inline atp_text_t atp_outbox_source(const atp_outbox_t *outbox)
{
    return (atp_text_t){outbox->source, outbox->source_size};
}

/* Opens the store again after it failed. With `store_mutex`. */
ATP_MUST_USE atp_err_t atp_outbox_reopen(atp_outbox_t *outbox, atp_why_t *ret_why);
/* Brings what the store says into the state, and wakes who waits. With `store_mutex`. */
void atp_outbox_note_store(atp_outbox_t *outbox);

/* The correlation id of a batch: its number. `ret_text` has ATP_CORRELATION_SIZE_MAX bytes. */
atp_text_t atp_outbox_correlation(uint64_t epoch, uint64_t sequence, char *ret_text);

/* The thread. */
void *atp_outbox_heal(void *context);

#endif
