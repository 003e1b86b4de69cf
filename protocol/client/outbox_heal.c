/* The healing thread: asks what the engine has, drops that, and sends what it misses. */
#include "protocol/client/client_priv.h"
#include "protocol/client/outbox_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEND_MAX 64 /* batches sent between two looks at what the engine has */

/* What the engine has of the source. */
typedef struct known {
    atp_source_state_t state;
    atp_as_of_t as_of;
    uint32_t gap_count;
    atp_source_gap_t gaps[ATP_SOURCE_GAPS_MAX];
} known_t;

/* ---- the state for people, and who waits ---- */

static void note_answer(atp_outbox_t *outbox, bool is_connected, const atp_why_t *why)
{
    (void)pthread_mutex_lock(&outbox->mutex);
    outbox->state.is_connected = is_connected;
    if (why != NULL) {
        outbox->state.last_failure = *why;
    }
    (void)pthread_mutex_unlock(&outbox->mutex);
}

static void note_failure(atp_outbox_t *outbox, atp_err_t err)
{
    atp_why_t why = {""};

    atp_client_last_failure(outbox->client, &why);
    if (why.text[0] == '\0') {
        (void)atp_fail(&why, err, "the engine did not answer (%s)", atp_err_name(err));
    }
    note_answer(outbox, false, &why);
}

static void note_superseded(atp_outbox_t *outbox, const known_t *known)
{
    (void)pthread_mutex_lock(&outbox->mutex);
    outbox->state.is_superseded = true;
    (void)atp_fail(
        &outbox->state.last_failure, ATP_ERR_CLOSED,
        known->state.epoch > outbox->state.epoch
            ? "%s: the source goes on under a later epoch: this folder is out of use"
            : "%s: the engine has batches that this folder never told it: it is a copy, or has one",
        outbox->folder);
    (void)pthread_cond_broadcast(&outbox->changed);
    (void)pthread_mutex_unlock(&outbox->mutex);
}

/* On disk too, for who looks at the folder. */
static void note_refused(atp_outbox_t *outbox, uint64_t number, uint8_t verdict)
{
    const char *name = atp_verdict_name(verdict);

    (void)pthread_mutex_lock(&outbox->store_mutex);
    atp_err_t err = outbox->store != NULL
                        ? atp_outbox_store_refuse(outbox->store, number, verdict, atp_now_ms(), NULL)
                        : ATP_OK;
    (void)
        err; /* a store that failed is opened again by the next put or trim, and the batch is refused again */
    (void)pthread_mutex_unlock(&outbox->store_mutex);
    (void)pthread_mutex_lock(&outbox->mutex);
    outbox->state.refused = number;
    outbox->state.refusal = (atp_verdict_t)verdict;
    (void)atp_fail(&outbox->state.last_failure, ATP_ERR_INVALID, "the engine refuses batch %" PRIu64 ": %s",
                   number, name != NULL ? name : "a verdict of a later version");
    (void)pthread_mutex_unlock(&outbox->mutex);
}

/* Not now: it is kept, and sent again. */
static void note_put_off(atp_outbox_t *outbox, uint64_t number, uint8_t verdict)
{
    atp_why_t why;

    (void)atp_fail(&why, ATP_ERR_BUSY, "the engine does not take batch %" PRIu64 " now: %s", number,
                   verdict == ATP_SOURCE_PAUSED ? "the source is paused, until somebody resumes it"
                   : verdict == ATP_BUSY        ? "it is busy, or the source is beyond its rate"
                                                : "it has no room for facts (unavailable)");
    note_answer(outbox, true, &why);
}

/* ---- asking ---- */

static void write_ask(atp_writer_t *writer, const void *context)
{
    atp_write_source_ask(writer, *(const atp_text_t *)context);
}

static atp_err_t read_known(nng_msg *message, known_t *ret_known)
{
    atp_response_t response;
    atp_reader_t reader;

    if (!atp_response_open(nng_msg_body(message), nng_msg_len(message), &reader, &response) ||
        response.type != ATP_MESSAGE_SOURCE_STATE || !atp_read_source_state(&reader, &ret_known->gap_count)) {
        return ATP_ERR_FORMAT;
    }
    for (uint32_t i = 0; i < ret_known->gap_count; i++) {
        if (!atp_read_source_gap(&reader, &ret_known->gaps[i])) {
            return ATP_ERR_FORMAT;
        }
    }
    ret_known->as_of = (atp_as_of_t){response.incarnation, response.applied_op, response.durable_op};
    return atp_read_source_state_end(&reader, &ret_known->state) && atp_message_close(&reader)
               ? ATP_OK
               : ATP_ERR_FORMAT;
}

/* False: no answer, which is noted. */
static bool ask(atp_outbox_t *outbox, known_t *ret_known)
{
    atp_text_t source = atp_outbox_source(outbox);
    atp_call_t call = {.type = ATP_MESSAGE_SOURCE_STATE, .write = write_ask, .write_context = &source};
    atp_err_t err = atp_client_do(outbox->client, &call);

    if (err == ATP_OK && call.end.refusal != ATP_APPLIED) {
        atp_why_t why;
        (void)atp_fail(&why, ATP_ERR_INVALID, "the engine does not say what it has: %s",
                       atp_verdict_name(call.end.refusal));
        note_answer(outbox, true, &why);
        return false;
    }
    if (err == ATP_OK) {
        err = read_known(call.message, ret_known);
        nng_msg_free(call.message);
    }
    if (err != ATP_OK) {
        note_failure(outbox, err);
        return false;
    }
    note_answer(outbox, true, NULL);
    return true;
}

/* ---- acknowledgement ---- */

/* Drops what the engine has for good. False: the disk failed, or the folder is out of use. */
static bool acknowledge(atp_outbox_t *outbox, const known_t *known)
{
    const atp_source_state_t *has = &known->state;
    atp_outbox_store_state_t now;
    bool is_ok = true;

    (void)pthread_mutex_lock(&outbox->store_mutex);
    if (outbox->store == NULL && atp_outbox_reopen(outbox, NULL) != ATP_OK) {
        (void)pthread_mutex_unlock(&outbox->store_mutex);
        return false;
    }
    atp_outbox_store_read(outbox->store, &now);
    bool is_superseded =
        has->epoch > now.epoch || (has->epoch == now.epoch && has->high >= now.told); /* B3 */
    if (!is_superseded && has->epoch == now.epoch && known->as_of.durable_op >= known->as_of.applied_op &&
        has->low > now.low) {
        is_ok = atp_outbox_store_trim(outbox->store, has->low, NULL) == ATP_OK ||
                atp_outbox_reopen(outbox, NULL) == ATP_OK; /* B2: it is trimmed again, later */
        if (is_ok) {
            atp_outbox_note_store(outbox);
        }
    }
    (void)pthread_mutex_unlock(&outbox->store_mutex);
    if (is_superseded) {
        note_superseded(outbox, known);
        return false;
    }
    (void)pthread_mutex_lock(&outbox->mutex);
    outbox->is_checked = true; /* B1 */
    (void)pthread_mutex_unlock(&outbox->mutex);
    return is_ok;
}

/* ---- sending ---- */

typedef struct sending {
    atp_facts_t facts;
    const void *ops;
    size_t size;
} sending_t;

static void write_batch(atp_writer_t *writer, const void *context)
{
    const sending_t *sending = context;

    atp_write_batch_of(writer, &sending->facts, sending->ops, sending->size);
}

/* Copies the batch out of the store. False: it cannot be read now, or is not there any more. One that was dropped has no
 * ops. */
static bool copy_batch(atp_outbox_t *outbox, uint64_t number, sending_t *ret_sending)
{
    atp_outbox_store_state_t now;
    atp_outbox_head_t head;
    const void *bytes = NULL;
    atp_why_t why = {""};
    size_t size = 0;

    (void)pthread_mutex_lock(&outbox->store_mutex);
    atp_err_t err = outbox->store == NULL ? ATP_ERR_CLOSED
                                          : atp_outbox_store_get(outbox->store, number, &bytes, &size, &why);
    bool is_dropped = err == ATP_OK && size == 0;
    bool is_whole = err == ATP_OK && size >= sizeof head && size <= ATP_OUTBOX_BATCH_SIZE_MAX + sizeof head;
    if (is_whole) {
        memcpy(outbox->copy, bytes, size);
        atp_outbox_store_read(outbox->store, &now);
    }
    (void)pthread_mutex_unlock(&outbox->store_mutex);
    if (is_dropped) {
        *ret_sending = (sending_t){.size = 0};
        return true;
    }
    if (!is_whole) {
        note_answer(outbox, true, &why);
        return false;
    }
    memcpy(&head, outbox->copy, sizeof head);
    *ret_sending = (sending_t){.facts = {.source = atp_outbox_source(outbox),
                                         .epoch = now.epoch,
                                         .sequence = number,
                                         .as_of_ms = head.as_of_ms,
                                         .kept_from = now.low,
                                         .after = head.after},
                               .ops = outbox->copy + sizeof head,
                               .size = size - sizeof head};
    return true;
}

/* Sends one batch by request. False: no more for now. */
static bool send_batch(atp_outbox_t *outbox, uint64_t number)
{
    sending_t sending;
    atp_call_t call = {.type = ATP_MESSAGE_BATCH, .write = write_batch, .write_context = &sending};
    atp_batch_answer_t answer = {0, 0};
    atp_response_t response;
    atp_reader_t reader;

    if (!copy_batch(outbox, number, &sending)) {
        return false;
    }
    if (sending.size == 0) {
        return true;
    }
    (void)pthread_mutex_lock(&outbox->mutex);
    outbox->state.requested++;
    (void)pthread_mutex_unlock(&outbox->mutex);
    atp_err_t err = atp_client_do(outbox->client, &call);
    if (err == ATP_OK && call.end.refusal != ATP_APPLIED) {
        answer.verdict = (uint8_t)call.end.refusal;
    } else if (err == ATP_OK) {
        bool is_read =
            atp_response_open(nng_msg_body(call.message), nng_msg_len(call.message), &reader, &response) &&
            response.type == ATP_MESSAGE_BATCH && atp_read_batch_answer(&reader, &answer) &&
            atp_message_close(&reader);
        err = is_read ? ATP_OK : ATP_ERR_FORMAT;
        nng_msg_free(call.message);
    }
    if (err != ATP_OK) {
        note_failure(outbox, err);
        return false;
    }
    switch (answer.verdict) {
    case ATP_APPLIED:
    case ATP_DUPLICATE_IGNORED:
        return true;
    case ATP_OUT_OF_ORDER: /* what it waits for comes first, the next time */
        return false;
    case ATP_SOURCE_PAUSED:
    case ATP_BUSY:
    case ATP_UNAVAILABLE:
        note_put_off(outbox, number, answer.verdict);
        return false;
    default:
        note_refused(outbox, number, answer.verdict);
        return true; /* the others do not wait for it */
    }
}

static bool is_known(const known_t *known, uint64_t epoch, uint64_t number)
{
    if (known->state.epoch != epoch || number > known->state.high) {
        return false;
    }
    for (uint32_t i = 0; i < known->gap_count; i++) {
        if (number >= known->gaps[i].first && number <= known->gaps[i].last) {
            return false;
        }
    }
    return true;
}

static bool is_closing(atp_outbox_t *outbox)
{
    (void)pthread_mutex_lock(&outbox->mutex);
    bool is_closing = outbox->is_closing;
    (void)pthread_mutex_unlock(&outbox->mutex);
    return is_closing;
}

/* What is not younger than a moment: what was published just now may still arrive. */
static uint64_t sendable_below(atp_outbox_t *outbox, uint64_t next)
{
    int64_t now_ms = atp_steady_ms();

    if (outbox->publisher == NULL) {
        return next;
    }
    if (now_ms - outbox->mark_ms >= (int64_t)outbox->resend_ms) {
        outbox->resend_below = outbox->mark;
        outbox->mark = next;
        outbox->mark_ms = now_ms;
    }
    return outbox->resend_below;
}

/* B3. False: the disk failed, and nothing may be sent. */
static bool note_told(atp_outbox_t *outbox, uint64_t below)
{
    atp_why_t why = {""};

    (void)pthread_mutex_lock(&outbox->store_mutex);
    atp_err_t err =
        outbox->store == NULL ? ATP_ERR_CLOSED : atp_outbox_store_tell(outbox->store, below, &why);
    if (err != ATP_OK && outbox->store != NULL) {
        err = atp_outbox_reopen(outbox, NULL) == ATP_OK ? atp_outbox_store_tell(outbox->store, below, &why)
                                                        : err;
    }
    (void)pthread_mutex_unlock(&outbox->store_mutex);
    if (err != ATP_OK) {
        note_answer(outbox, true, &why);
    }
    return err == ATP_OK;
}

/* Sends what the engine misses, the oldest first. True: there is more to send at once. */
static bool send_missing(atp_outbox_t *outbox, const known_t *known)
{
    atp_outbox_state_t now;
    uint32_t sent = 0;

    atp_outbox_read_state(outbox, &now);
    uint64_t below = sendable_below(outbox, now.next);
    if (!note_told(outbox, below)) {
        return false;
    }
    outbox->looked_below = now.next;
    for (uint64_t number = now.low; number < below && sent < SEND_MAX; number++) {
        if (is_known(known, now.epoch, number)) {
            continue;
        }
        if (is_closing(outbox) || !send_batch(outbox, number)) {
            return false;
        }
        sent++;
    }
    return sent == SEND_MAX || (sent > 0 && outbox->publisher == NULL);
}

/* ---- the thread ---- */

/* With `mutex`. What is published has time; what is not goes at once. */
static bool has_nothing_new(const atp_outbox_t *outbox, bool is_idle)
{
    if (is_idle) {
        return outbox->state.low == outbox->state.next;
    }
    return outbox->publisher != NULL || outbox->state.next == outbox->looked_below;
}

/* Waits for `ms`, or until there is something to do. */
static void rest(atp_outbox_t *outbox, bool is_idle, int64_t ms)
{
    struct timespec until;

    ATP_ASSERT(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    (void)pthread_mutex_lock(&outbox->mutex);
    int rv = 0;
    while (rv == 0 && !outbox->is_closing && has_nothing_new(outbox, is_idle)) {
        rv = is_idle ? pthread_cond_wait(&outbox->changed, &outbox->mutex)
                     : pthread_cond_timedwait(&outbox->changed, &outbox->mutex, &until);
    }
    (void)pthread_mutex_unlock(&outbox->mutex);
}

/* Nothing waits: nothing to ask. Before the first look there is always something to ask. */
static bool is_idle(atp_outbox_t *outbox)
{
    (void)pthread_mutex_lock(&outbox->mutex);
    bool is_idle = outbox->is_checked && outbox->state.low == outbox->state.next;
    (void)pthread_mutex_unlock(&outbox->mutex);
    return is_idle;
}

static bool is_superseded(atp_outbox_t *outbox)
{
    (void)pthread_mutex_lock(&outbox->mutex);
    bool is_superseded = outbox->state.is_superseded;
    (void)pthread_mutex_unlock(&outbox->mutex);
    return is_superseded;
}

void *atp_outbox_heal(void *context)
{
    atp_outbox_t *outbox = context;
    known_t *known = calloc(1, sizeof *known);

    ATP_ASSERT(known != NULL);
    while (!is_closing(outbox) && !is_superseded(outbox)) {
        if (is_idle(outbox)) {
            rest(outbox, true, 0);
            continue;
        }
        bool is_more = ask(outbox, known) && acknowledge(outbox, known) && send_missing(outbox, known);
        if (!is_more && !is_idle(outbox)) {
            rest(outbox, false, ATP_OUTBOX_HEAL_MS);
        }
    }
    free(known);
    return NULL;
}
