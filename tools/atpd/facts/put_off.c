#include "tools/atpd/facts/put_off.h"

#include "engine/base/hash.h"
#include "engine/clock.h"
#include "engine/ledger/facts/fates.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct note {
    uint64_t key; /* of source, epoch and number; 0 = the place is free */
    uint64_t age; /* when it was noted first, counted in notes */
    int64_t last_ms;
    uint32_t times; /* ignored */
    uint8_t waits;  /* atp_verdict_t; 0 = it was applied */
    uint32_t op_count;
    size_t size;
    void *ops; /* with the one that opens the batch; NULL: none of its facts is noted */
} note_t;

struct atp_put_off {
    pthread_mutex_t mutex;
    uint64_t noted;
    size_t bytes;
    note_t notes[ATP_PUT_OFF_BATCHES];
};

atp_put_off_t *atp_put_off_create(void)
{
    atp_put_off_t *put_off = calloc(1, sizeof *put_off);

    if (put_off != NULL) {
        (void)pthread_mutex_init(&put_off->mutex, NULL);
    }
    return put_off;
}

/* ---- notes, under the mutex ---- */

static uint64_t key_of(atp_text_t source, uint64_t epoch, uint64_t sequence)
{
    const uint64_t parts[] = {atp_hash_text(source, 0), epoch, sequence};
    uint64_t key = atp_hash_bytes(parts, sizeof parts, 0);

    return key != 0 ? key : 1;
}

static void forget_ops(atp_put_off_t *put_off, note_t *note)
{
    put_off->bytes -= note->size;
    free(note->ops);
    note->ops = NULL;
    note->size = 0;
    note->op_count = 0;
}

static note_t *find(atp_put_off_t *put_off, uint64_t key)
{
    for (unsigned i = 0; i < ATP_PUT_OFF_BATCHES; i++) {
        if (put_off->notes[i].key == key) {
            return &put_off->notes[i];
        }
    }
    return NULL;
}

/* The oldest note, of those that have facts if `has_ops`; NULL: there is none. */
static note_t *find_oldest(atp_put_off_t *put_off, bool has_ops)
{
    note_t *oldest = NULL;

    for (unsigned i = 0; i < ATP_PUT_OFF_BATCHES; i++) {
        note_t *note = &put_off->notes[i];
        if ((!has_ops || note->ops != NULL) && (oldest == NULL || note->age < oldest->age)) {
            oldest = note;
        }
    }
    return oldest;
}

/* A free place has age 0: it is the oldest. */
static note_t *make_place(atp_put_off_t *put_off, uint64_t key)
{
    note_t *note = find_oldest(put_off, false);

    forget_ops(put_off, note);
    *note = (note_t){.key = key, .age = ++put_off->noted};
    return note;
}

/* Facts of a batch that a trace can find. */
static bool is_worth_it(const atp_parcel_t *parcel)
{
    const atp_op_t *op = parcel->batch.ops;

    for (uint32_t i = 1; i < parcel->batch.op_count; i++) {
        op = atp_op_next(op);
        if (atp_op_has_fate(op)) {
            return true;
        }
    }
    return false;
}

static void keep_ops(atp_put_off_t *put_off, note_t *note, const atp_parcel_t *parcel)
{
    size_t size = parcel->batch.ops_size;
    note_t *oldest;

    while (put_off->bytes + size > ATP_PUT_OFF_BYTES && (oldest = find_oldest(put_off, true)) != NULL) {
        forget_ops(put_off, oldest);
    }
    note->ops = size <= ATP_PUT_OFF_BATCH_MAX ? malloc(size) : NULL;
    if (note->ops != NULL) {
        memcpy(note->ops, parcel->batch.ops, size);
        note->size = size;
        note->op_count = parcel->batch.op_count;
        put_off->bytes += size;
    }
}

static void note_verdict(atp_put_off_t *put_off, uint64_t key, const atp_parcel_t *parcel,
                         atp_verdict_t verdict, int64_t now_ms)
{
    note_t *note = find(put_off, key);

    note = note != NULL ? note : make_place(put_off, key);
    note->last_ms = now_ms;
    if (verdict == ATP_DUPLICATE_IGNORED) {
        forget_ops(put_off, note);
        note->waits = 0;
        note->times++;
        return;
    }
    note->waits = (uint8_t)verdict;
    if (note->ops == NULL) {
        keep_ops(put_off, note, parcel);
    }
}

void atp_put_off_note(atp_put_off_t *put_off, const atp_parcel_t *parcel, atp_verdict_t verdict)
{
    atp_clock_t *clock = atp_clock_system();
    const atp_op_t *opens = parcel->batch.ops;
    bool is_noted = verdict == ATP_DUPLICATE_IGNORED || verdict == ATP_OUT_OF_ORDER ||
                    verdict == ATP_SOURCE_PAUSED || verdict == ATP_BUSY;

    if (put_off == NULL || !is_noted || opens->kind != ATP_OP_SOURCE || !is_worth_it(parcel)) {
        return;
    }
    const char *cursor = atp_op_text_begin(opens);
    uint64_t key = key_of(atp_op_text_next(&cursor), parcel->epoch, parcel->sequence);
    (void)pthread_mutex_lock(&put_off->mutex);
    note_verdict(put_off, key, parcel, verdict, clock->wall_ms(clock));
    (void)pthread_mutex_unlock(&put_off->mutex);
}

/* ---- telling ---- */

static void tell_waiting(atp_put_off_t *put_off, const atp_trace_ask_t *ask, atp_trace_t *trace)
{
    for (unsigned i = 0; i < ATP_PUT_OFF_BATCHES; i++) {
        /* One at a time: whoever has something to note does not wait for all of them. */
        (void)pthread_mutex_lock(&put_off->mutex);
        const note_t *note = &put_off->notes[i];
        if (note->ops != NULL) {
            atp_trace_add_waiting(ask, trace, note->ops, note->op_count, note->last_ms,
                                  (atp_verdict_t)note->waits);
        }
        (void)pthread_mutex_unlock(&put_off->mutex);
    }
}

void atp_put_off_tell(atp_put_off_t *put_off, const atp_trace_ask_t *ask, atp_trace_t *trace)
{
    uint32_t told = atp_trace_told(trace);

    if (put_off == NULL) {
        return;
    }
    for (uint32_t i = 0; i < told; i++) {
        atp_trace_op_t *op = atp_trace_at(trace, i);
        if (op->epoch == 0) {
            continue;
        }
        uint64_t key = key_of(atp_trace_text(&op->client), op->epoch, op->sequence);
        (void)pthread_mutex_lock(&put_off->mutex);
        const note_t *note = find(put_off, key);
        op->again = note != NULL ? note->times : 0;
        op->again_ms = op->again > 0 ? note->last_ms : 0;
        (void)pthread_mutex_unlock(&put_off->mutex);
    }
    tell_waiting(put_off, ask, trace);
}

void atp_put_off_destroy(atp_put_off_t *put_off)
{
    if (put_off == NULL) {
        return;
    }
    for (unsigned i = 0; i < ATP_PUT_OFF_BATCHES; i++) {
        free(put_off->notes[i].ops);
    }
    (void)pthread_mutex_destroy(&put_off->mutex);
    free(put_off);
}
