/* What was refused and what was dropped, beside the batches of the queue. */
#include "protocol/client/outbox_store_priv.h"

#include "engine/base/hash.h"

#include <string.h>

/* As it is stored: its checksum behind it. */
typedef struct stored_mark {
    atp_outbox_mark_t mark;
    uint64_t checksum;
} stored_mark_t;

_Static_assert(sizeof(stored_mark_t) == 248, "stored: no padding");

static int put_mark(atp_outbox_store_t *store, MDB_txn *txn, char kind, const atp_outbox_mark_t *mark)
{
    atp_outbox_key_t room;
    MDB_val key = atp_outbox_store_key(kind, mark->number, &room);
    stored_mark_t stored = {.mark = *mark};
    MDB_val value = {sizeof stored, &stored};

    stored.checksum = atp_hash_bytes(&stored.mark, sizeof stored.mark, (uint64_t)kind);
    return mdb_put(txn, store->dbi, &key, &value, 0);
}

/* MDB_NOTFOUND: there is none. */
static int read_mark(const MDB_val *value, char kind, atp_outbox_mark_t *ret_mark)
{
    stored_mark_t stored;

    if (value->mv_size != sizeof stored) {
        return MDB_CORRUPTED;
    }
    memcpy(&stored, value->mv_data, sizeof stored);
    *ret_mark = stored.mark;
    return stored.checksum == atp_hash_bytes(&stored.mark, sizeof stored.mark, (uint64_t)kind) &&
                   stored.mark.reason_size <= ATP_OUTBOX_REASON_SIZE_MAX
               ? 0
               : MDB_CORRUPTED;
}

static int get_mark(atp_outbox_store_t *store, MDB_txn *txn, uint64_t number, atp_outbox_mark_t *ret_mark)
{
    atp_outbox_key_t room;
    MDB_val key = atp_outbox_store_key(ATP_OUTBOX_KEY_REFUSED, number, &room);
    MDB_val value;
    int rv = mdb_get(txn, store->dbi, &key, &value);

    return rv == 0 ? read_mark(&value, ATP_OUTBOX_KEY_REFUSED, ret_mark) : rv;
}

static bool is_waiting(const atp_outbox_store_t *store, uint64_t number)
{
    return number >= store->state.low && number < store->state.next;
}

atp_err_t atp_outbox_store_refuse(atp_outbox_store_t *store, uint64_t number, uint32_t verdict,
                                  int64_t now_ms, atp_why_t *ret_why)
{
    atp_outbox_mark_t mark = {.number = number, .at_ms = now_ms};
    atp_outbox_stored_t state = store->state;
    MDB_txn *txn = NULL;
    const void *bytes = NULL;
    size_t size = 0;
    atp_err_t err = is_waiting(store, number) ? atp_outbox_store_get(store, number, &bytes, &size, ret_why)
                                              : ATP_ERR_NOT_FOUND;

    if (err != ATP_OK || size == 0) {
        return err;
    }
    int rv = get_mark(store, store->reading, number, &mark);
    atp_outbox_store_end_reading(store);
    if (rv == 0 && mark.verdict == verdict) {
        return ATP_OK;
    }
    mark.verdict = verdict;
    mark.bytes = size;
    rv = rv == MDB_NOTFOUND ? 0 : rv;
    rv = rv == 0 ? mdb_txn_begin(store->env, NULL, 0, &txn) : rv;
    if (rv != 0) {
        return atp_outbox_store_fail(store, rv, "begin to write", ret_why);
    }
    return atp_outbox_store_commit(store, txn, put_mark(store, txn, ATP_OUTBOX_KEY_REFUSED, &mark), &state,
                                   ret_why);
}

/* Only the newest entries of the log stay. */
static int forget_dropped(atp_outbox_store_t *store, MDB_txn *txn)
{
    MDB_cursor *cursor = NULL;
    atp_outbox_key_t room;
    MDB_val key = atp_outbox_store_key(ATP_OUTBOX_KEY_DROPPED, 0, &room);
    MDB_val value;
    uint64_t count = 0;
    int rv = mdb_cursor_open(txn, store->dbi, &cursor);

    if (rv != 0) {
        return rv;
    }
    for (rv = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
         rv == 0 && ((const char *)key.mv_data)[0] == ATP_OUTBOX_KEY_DROPPED;
         rv = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        count++;
    }
    key = atp_outbox_store_key(ATP_OUTBOX_KEY_DROPPED, 0, &room);
    rv = rv == MDB_NOTFOUND ? 0 : rv;
    for (; rv == 0 && count > ATP_OUTBOX_DROPPED_KEPT_MAX; count--) {
        rv = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        rv = rv == 0 ? mdb_cursor_del(cursor, 0) : rv;
        key = atp_outbox_store_key(ATP_OUTBOX_KEY_DROPPED, 0, &room);
    }
    mdb_cursor_close(cursor);
    return rv;
}

/* Empties the number, and writes the log. */
static int drop_in(atp_outbox_store_t *store, MDB_txn *txn, atp_outbox_stored_t *state,
                   const atp_outbox_mark_t *mark)
{
    atp_outbox_key_t room;
    MDB_val key = atp_outbox_store_key(ATP_OUTBOX_KEY_BATCH, mark->number, &room);
    uint64_t checksum = atp_hash_bytes("", 0, mark->number);
    MDB_val empty = {ATP_OUTBOX_CHECKSUM_SIZE, &checksum};
    int rv = mdb_put(txn, store->dbi, &key, &empty, 0);

    key = atp_outbox_store_key(ATP_OUTBOX_KEY_REFUSED, mark->number, &room);
    rv = rv == 0 ? mdb_del(txn, store->dbi, &key, NULL) : rv;
    rv = rv == 0 ? put_mark(store, txn, ATP_OUTBOX_KEY_DROPPED, mark) : rv;
    rv = rv == 0 ? forget_dropped(store, txn) : rv;
    state->bytes -= mark->bytes;
    return rv == 0 ? atp_outbox_store_pass_dropped(store, txn, state) : rv;
}

atp_err_t atp_outbox_store_drop(atp_outbox_store_t *store, uint64_t number, int64_t now_ms, atp_text_t reason,
                                atp_why_t *ret_why)
{
    atp_outbox_mark_t mark;
    atp_outbox_stored_t state = store->state;
    MDB_txn *txn = NULL;
    atp_err_t err = atp_outbox_store_alive(store, ret_why);

    atp_outbox_store_end_reading(store);
    if (err != ATP_OK) {
        return err;
    }
    if (!is_waiting(store, number)) {
        return atp_fail(ret_why, ATP_ERR_NOT_FOUND, "no batch %llu waits in the outbox",
                        (unsigned long long)number);
    }
    if (reason.size < 1 || reason.size > ATP_OUTBOX_REASON_SIZE_MAX || !atp_text_is_clean(reason)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a reason has 1 to %d bytes of text",
                        ATP_OUTBOX_REASON_SIZE_MAX);
    }
    int rv = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rv != 0) {
        return atp_outbox_store_fail(store, rv, "begin to write", ret_why);
    }
    rv = get_mark(store, txn, number, &mark);
    if (rv == MDB_NOTFOUND) {
        mdb_txn_abort(txn);
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "batch %llu was not refused: it will be applied, or was dropped already",
                        (unsigned long long)number);
    }
    mark.at_ms = now_ms;
    mark.reason_size = reason.size;
    memset(mark.reason, 0, sizeof mark.reason);
    memcpy(mark.reason, reason.bytes, reason.size);
    return atp_outbox_store_commit(store, txn, rv == 0 ? drop_in(store, txn, &state, &mark) : rv, &state,
                                   ret_why);
}

atp_err_t atp_outbox_store_list(atp_outbox_store_t *store, atp_outbox_marks_t marks, uint64_t from,
                                atp_outbox_mark_t *ret_marks, uint32_t count, uint32_t *ret_count,
                                atp_why_t *ret_why)
{
    const char kind = marks == ATP_OUTBOX_REFUSED ? ATP_OUTBOX_KEY_REFUSED : ATP_OUTBOX_KEY_DROPPED;
    MDB_cursor *cursor = NULL;
    MDB_txn *txn = NULL;
    atp_outbox_key_t room;
    MDB_val key = atp_outbox_store_key(kind, from, &room);
    MDB_val value;
    int rv = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);

    *ret_count = 0;
    if (rv == 0) {
        rv = mdb_cursor_open(txn, store->dbi, &cursor);
    }
    if (rv == 0) {
        rv = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    }
    while (rv == 0 && *ret_count < count && ((const char *)key.mv_data)[0] == kind) {
        rv = read_mark(&value, kind, &ret_marks[*ret_count]);
        *ret_count += rv == 0;
        rv = rv == 0 ? mdb_cursor_get(cursor, &key, &value, MDB_NEXT) : rv;
    }
    if (cursor != NULL) {
        mdb_cursor_close(cursor);
    }
    if (txn != NULL) {
        mdb_txn_abort(txn);
    }
    return rv == 0 || rv == MDB_NOTFOUND ? ATP_OK
                                         : atp_outbox_store_fail(store, rv, "read its marks", ret_why);
}
