/* Inside the queue of an outbox: its records, and what outbox_store.c does for outbox_store_marks.c. */
#ifndef ATP_PROTOCOL_CLIENT_OUTBOX_STORE_PRIV_H
#define ATP_PROTOCOL_CLIENT_OUTBOX_STORE_PRIV_H

#include "protocol/client/outbox_store.h"

#include <lmdb.h>

#define ATP_OUTBOX_CHECKSUM_SIZE 8 /* before the bytes of a batch */

/* The record under the key "s". */
typedef struct atp_outbox_stored {
    uint32_t magic;
    uint32_t version;
    uint64_t epoch;
    uint64_t low;
    uint64_t next;
    uint64_t told; /* Q4 */
    uint64_t bytes;
    uint64_t source_size;
    char source[ATP_ID_SIZE_MAX];
    uint64_t checksum; /* of all before it */
} atp_outbox_stored_t;

_Static_assert(sizeof(atp_outbox_stored_t) == 128, "stored: no padding");

struct atp_outbox_store {
    MDB_env *env;
    MDB_dbi dbi;
    MDB_txn *reading; /* of the batch given last; NULL = none */
    int lock;
    atp_err_t failed; /* Q3 */
    uint64_t bytes_max;
    atp_outbox_stored_t state;
};

/* What stands under a number. */
#define ATP_OUTBOX_KEY_BATCH   'b'
#define ATP_OUTBOX_KEY_DROPPED 'd'
#define ATP_OUTBOX_KEY_REFUSED 'r'

typedef struct atp_outbox_key {
    unsigned char bytes[9];
} atp_outbox_key_t;

MDB_val atp_outbox_store_key(char kind, uint64_t number, atp_outbox_key_t *room);

/* Says what LMDB says. Anything but a full map ends the store. */
atp_err_t atp_outbox_store_fail(atp_outbox_store_t *store, int rv, const char *what, atp_why_t *ret_why);
/* Whether it has not failed before. */
atp_err_t atp_outbox_store_alive(const atp_outbox_store_t *store, atp_why_t *ret_why);
void atp_outbox_store_end_reading(atp_outbox_store_t *store);

/* Commits with the state as it shall be, or leaves all as it was. */
atp_err_t atp_outbox_store_commit(atp_outbox_store_t *store, MDB_txn *txn, int rv, atp_outbox_stored_t *state,
                                  atp_why_t *ret_why);
/* Passes over what was dropped at the front. */
int atp_outbox_store_pass_dropped(atp_outbox_store_t *store, MDB_txn *txn, atp_outbox_stored_t *state);

#endif
