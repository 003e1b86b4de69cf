/* An engine that is none: answers libatp as it is told to, message by message, and remembers what it saw.
 *
 * A reserve is "done" by remembering its id and giving it an op number; the same id again gets the same op
 * number and is_repeat. Questions get small fixed rows. */
#ifndef ATP_TESTS_PROTOCOL_FAKE_SERVER_H
#define ATP_TESTS_PROTOCOL_FAKE_SERVER_H

#include "protocol/endpoint.h"
#include "protocol/message.h"

#include <pthread.h>

#define FAKE_IDS_MAX 65536

typedef enum fake_mode {
    FAKE_ANSWER = 0,
    FAKE_BUSY,               /* refuse as busy, retry hint 2 ms; nothing is done */
    FAKE_DO_AND_SAY_NOTHING, /* the answer is lost */
    FAKE_SAY_NOTHING,        /* the request is lost */
    FAKE_KEEP,               /* do it and keep the answer back until fake_release */
    FAKE_REFUSE,             /* refuse as unauthorised at token */
    FAKE_OTHER_VERSION,      /* answer in protocol version 9 */
    FAKE_GARBAGE,            /* answer with bytes that are not msgpack */
    FAKE_EMPTY,              /* answer with no bytes */
    FAKE_OTHER_CORRELATION,  /* answer as if to another message */
    FAKE_OTHER_TYPE,         /* answer another type of question */
    FAKE_ONE_TOO_FEW,        /* leave out the last result */
    FAKE_OTHER_NAMES         /* the alias that there is means another SKU */
} fake_mode_t;

typedef struct fake_seen {
    uint64_t messages;
    uint64_t ops;
    uint64_t ops_in_a_message_max;
    uint64_t ids;       /* distinct ones done */
    uint64_t repeats;   /* done before */
    int64_t issued_ms;  /* of the last op */
    bool has_new_issue; /* an id came again with another issue time: a bug of the client */
} fake_seen_t;

typedef struct fake {
    atp_server_t *server;
    char url[64];
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* under `mutex` */
    const fake_mode_t *plan; /* of the next messages; FAKE_ANSWER after its end */
    size_t plan_count;
    fake_mode_t after_plan;
    atp_exchange_t *kept[64];
    size_t kept_size[64];
    size_t kept_count;
    fake_seen_t seen;
    struct {
        char id[ATP_ID_SIZE_MAX];
        uint32_t size;
        int64_t issued_ms;
    } * ids;
    uint32_t *buckets; /* of `ids`, by hash, + 1 */
} fake_t;

/* Listens on `url`, or on a free TCP port when NULL; fake->url says where. Remembers nothing. */
void fake_open(fake_t *fake, const char *url);
/* Stops listening; what it remembers stays. */
void fake_stop(fake_t *fake);
/* Listens again, on the same address. */
void fake_start(fake_t *fake);
void fake_close(fake_t *fake);

void fake_plan(fake_t *fake, const fake_mode_t *plan, size_t count);
/* What to do with all messages from now on. */
void fake_mode(fake_t *fake, fake_mode_t mode);
fake_seen_t fake_seen(fake_t *fake);
void fake_wait_kept(fake_t *fake, size_t count);
/* Waits until `count` messages have come in all. */
void fake_wait_messages(fake_t *fake, uint64_t count);
/* Answers all that is kept, and goes on answering. */
void fake_release(fake_t *fake);

#endif
