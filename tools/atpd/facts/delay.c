#include "tools/atpd/facts/delay.h"

#include "tools/atpd/log/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define REST_NS 1000000 /* between two looks while something waits */

#define KEPT_AT_ONCE 64 /* messages written before one sync */

typedef struct waiting {
    struct waiting *next; /* of the same source */
    atp_parcel_t *parcel;
    size_t size; /* that it counts for */
} waiting_t;

typedef struct queue {
    struct queue *next;
    atp_source_limits_t limits; /* as of the newest batch */
    size_t bytes;
    waiting_t *first;
    waiting_t *last;
    waiting_t *unkept; /* none before it is to be kept; NULL: none at all */
} queue_t;

struct atp_delay {
    atp_meter_t *meter;
    atp_backlog_t *backlog; /* may be NULL; our thread's */
    atp_delay_is_paused_fn is_paused;
    atp_delay_submit_fn submit;
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* under the mutex */
    queue_t *queues; /* of every source that ever waited */
    size_t bytes;
    size_t count;
    bool must_sweep; /* there may be files in the backlog that nobody needs */
    bool is_closing;
};

static uint64_t facts_of(const atp_parcel_t *parcel)
{
    return parcel->batch.op_count - 1; /* the first op opens the batch */
}

/* ---- the thread ---- */

static atp_parcel_t *pop(atp_delay_t *delay, queue_t *queue)
{
    waiting_t *waiting = queue->first;
    atp_parcel_t *parcel = waiting->parcel;

    queue->first = waiting->next;
    queue->last = queue->first == NULL ? NULL : queue->last;
    queue->unkept = queue->unkept == waiting ? waiting->next : queue->unkept;
    delay->bytes -= waiting->size;
    queue->bytes -= waiting->size;
    delay->count--;
    free(waiting);
    return parcel;
}

/* Whether the first batch of the queue may go now. */
static bool may_go(const atp_delay_t *delay, const queue_t *queue)
{
    if (delay->is_closing) {
        return true;
    }
    return !delay->is_paused(delay->context, queue->limits.source) &&
           (queue->limits.rate == 0 ||
            atp_meter_take(delay->meter, &queue->limits, facts_of(queue->first->parcel),
                           atp_meter_now_ns()) == 0);
}

/* At the end: what is kept of a paused source stays where it is kept. */
static void leave_kept(atp_delay_t *delay, queue_t *queue)
{
    while (delay->is_closing && queue->first != NULL && queue->first->parcel->kept != NULL &&
           delay->is_paused(delay->context, queue->limits.source)) {
        atp_parcel_destroy(pop(delay, queue));
    }
}

/* The next batch whose turn it is; NULL: none may go yet. */
static atp_parcel_t *take_next(atp_delay_t *delay)
{
    for (queue_t *queue = delay->queues; queue != NULL; queue = queue->next) {
        leave_kept(delay, queue);
        if (queue->first != NULL && may_go(delay, queue)) {
            return pop(delay, queue);
        }
    }
    return NULL;
}

/* ---- keeping ---- */

/* What is to be written of the queue: up to `capacity` messages. */
static uint32_t find_unkept(queue_t *queue, waiting_t **ret_found, uint32_t capacity)
{
    uint32_t count = 0;

    for (; queue->unkept != NULL && count < capacity; queue->unkept = queue->unkept->next) {
        if (queue->unkept->parcel->message != NULL) {
            ret_found[count++] = queue->unkept;
        }
    }
    return count;
}

/* Writes them, without the mutex: nobody but our thread takes anything out of a queue. */
static void write_messages(atp_delay_t *delay, uint32_t source, waiting_t *const *found, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        atp_parcel_t *parcel = found[i]->parcel;
        parcel->kept = atp_backlog_put(delay->backlog, source, parcel->message, parcel->message_size);
    }
    bool is_synced = atp_backlog_sync(delay->backlog);
    for (uint32_t i = 0; i < count; i++) {
        atp_parcel_t *parcel = found[i]->parcel;
        if (parcel->kept == NULL || !is_synced) {
            atp_log(ATP_LOG_ERROR, "facts_not_kept", ATP_LOG_U64("epoch", parcel->epoch),
                    ATP_LOG_U64("sequence", parcel->sequence)); /* they wait in memory alone */
            if (parcel->kept != NULL) {
                (void)atp_backlog_drop(parcel->kept);
                parcel->kept = NULL;
            }
        }
    }
}

/* Of one source, a number at once. False: there was nothing to be kept. */
static bool keep_some(atp_delay_t *delay, queue_t *queue)
{
    waiting_t *found[KEPT_AT_ONCE];
    uint32_t count = delay->backlog != NULL ? find_unkept(queue, found, KEPT_AT_ONCE) : 0;

    if (count == 0) {
        return false;
    }
    uint32_t source = queue->limits.source;
    (void)pthread_mutex_unlock(&delay->mutex);
    write_messages(delay, source, found, count);
    (void)pthread_mutex_lock(&delay->mutex);
    for (uint32_t i = 0; i < count; i++) {
        atp_parcel_t *parcel = found[i]->parcel;
        found[i]->size -= parcel->message_size;
        queue->bytes -= parcel->message_size;
        delay->bytes -= parcel->message_size;
        atp_parcel_free_message(parcel);
        if (parcel->kept != NULL) {
            atp_metrics_add(parcel->metrics, ATP_METRIC_SOURCE_KEPT, 0, 1);
        }
    }
    return true;
}

/* Looks after the backlog. False: there was nothing to do. */
static bool keep(atp_delay_t *delay)
{
    bool is_done = false;

    for (queue_t *queue = delay->queues; queue != NULL; queue = queue->next) {
        is_done = keep_some(delay, queue) || is_done;
    }
    if (delay->must_sweep) {
        delay->must_sweep = false;
        (void)pthread_mutex_unlock(&delay->mutex);
        atp_backlog_sweep(delay->backlog);
        (void)pthread_mutex_lock(&delay->mutex);
        is_done = true;
    }
    return is_done;
}

static void rest(void)
{
    struct timespec pause = {0, REST_NS};
    nanosleep(&pause, NULL);
}

/* Hands in what may go now: of as many as are kept at once, so that a sync does not slow a source down below its rate. False:
 * none may go. */
static bool hand_in(atp_delay_t *delay)
{
    uint32_t count = 0;

    for (atp_parcel_t *parcel; count < KEPT_AT_ONCE && (parcel = take_next(delay)) != NULL; count++) {
        (void)pthread_mutex_unlock(&delay->mutex);
        delay->submit(delay->context, parcel);
        (void)pthread_mutex_lock(&delay->mutex);
    }
    return count > 0;
}

static void *run(void *context)
{
    atp_delay_t *delay = context;

    (void)pthread_mutex_lock(&delay->mutex);
    while (!delay->is_closing || delay->count > 0) {
        bool was_busy = keep(delay);
        if (was_busy && delay->is_closing) {
            continue; /* all is kept before anything is handed in: what stays here is without a gap */
        }
        if (delay->count == 0 && !was_busy) {
            (void)pthread_cond_wait(&delay->changed, &delay->mutex);
        } else if (!hand_in(delay) && !was_busy) {
            (void)pthread_mutex_unlock(&delay->mutex);
            rest();
            (void)pthread_mutex_lock(&delay->mutex);
        }
    }
    (void)pthread_mutex_unlock(&delay->mutex);
    return NULL;
}

/* ---- open and close ---- */

atp_delay_t *atp_delay_open(atp_meter_t *meter, atp_backlog_t *backlog, atp_delay_is_paused_fn is_paused,
                            atp_delay_submit_fn submit, void *context)
{
    atp_delay_t *delay = calloc(1, sizeof *delay);

    if (delay == NULL) {
        return NULL;
    }
    delay->meter = meter;
    delay->backlog = backlog;
    delay->is_paused = is_paused;
    delay->submit = submit;
    delay->context = context;
    (void)pthread_mutex_init(&delay->mutex, NULL);
    (void)pthread_cond_init(&delay->changed, NULL);
    if (pthread_create(&delay->thread, NULL, run, delay) != 0) {
        (void)pthread_cond_destroy(&delay->changed);
        (void)pthread_mutex_destroy(&delay->mutex);
        free(delay);
        return NULL;
    }
    return delay;
}

void atp_delay_end(atp_delay_t *delay)
{
    (void)pthread_mutex_lock(&delay->mutex);
    delay->is_closing = true;
    (void)pthread_cond_signal(&delay->changed);
    (void)pthread_mutex_unlock(&delay->mutex);
    (void)pthread_join(delay->thread, NULL);
}

void atp_delay_destroy(atp_delay_t *delay)
{
    if (delay == NULL) {
        return;
    }
    while (delay->queues != NULL) {
        queue_t *queue = delay->queues;
        delay->queues = queue->next;
        free(queue);
    }
    (void)pthread_cond_destroy(&delay->changed);
    (void)pthread_mutex_destroy(&delay->mutex);
    free(delay);
}

/* ---- waiting ---- */

static queue_t *find(const atp_delay_t *delay, uint32_t source)
{
    queue_t *queue = delay->queues;

    while (queue != NULL && queue->limits.source != source) {
        queue = queue->next;
    }
    return queue;
}

bool atp_delay_must_wait(atp_delay_t *delay, const atp_source_limits_t *limits, uint64_t facts)
{
    (void)pthread_mutex_lock(&delay->mutex);
    queue_t *queue = limits->is_known ? find(delay, limits->source) : NULL;
    bool is_behind = queue != NULL && queue->first != NULL;
    if (is_behind) {
        queue->limits = *limits; /* as it is registered now */
    }
    (void)pthread_mutex_unlock(&delay->mutex);
    return is_behind || limits->is_paused ||
           (limits->rate > 0 && atp_meter_take(delay->meter, limits, facts, atp_meter_now_ns()) > 0);
}

/* By epoch, then by number: what the ledger has refused comes back when later ones wait already. */
static bool comes_before(const atp_parcel_t *parcel, const atp_parcel_t *other)
{
    return parcel->epoch != other->epoch ? parcel->epoch < other->epoch : parcel->sequence < other->sequence;
}

static void insert(queue_t *queue, waiting_t *waiting)
{
    waiting_t **at = &queue->first;

    if (queue->last != NULL && !comes_before(waiting->parcel, queue->last->parcel)) {
        at = &queue->last->next;
    }
    while (*at != NULL && !comes_before(waiting->parcel, (*at)->parcel)) {
        at = &(*at)->next;
    }
    waiting->next = *at;
    *at = waiting;
    queue->last = waiting->next == NULL ? waiting : queue->last;
    if (waiting->parcel->message != NULL &&
        (queue->unkept == NULL || comes_before(waiting->parcel, queue->unkept->parcel))) {
        queue->unkept = waiting;
    }
}

/* What is kept had its room before. */
static bool has_room(const atp_delay_t *delay, const queue_t *queue, const atp_source_limits_t *limits,
                     const atp_parcel_t *parcel, size_t size)
{
    return parcel->kept != NULL ||
           (delay->bytes + size <= ATP_DELAY_BYTES_MAX &&
            (!limits->is_paused || queue->bytes + size <= ATP_DELAY_BYTES_PAUSED_MAX));
}

/* Puts the parcel in, under the mutex. False: no room. */
static bool put_in(atp_delay_t *delay, const atp_source_limits_t *limits, atp_parcel_t *parcel)
{
    queue_t *queue = find(delay, limits->source);
    waiting_t *waiting = malloc(sizeof *waiting);
    size_t size = parcel->batch.ops_size + parcel->message_size;

    if (waiting != NULL && queue == NULL && (queue = calloc(1, sizeof *queue)) != NULL) {
        queue->limits = *limits;
        queue->next = delay->queues;
        delay->queues = queue;
    }
    if (waiting == NULL || queue == NULL || delay->is_closing ||
        !has_room(delay, queue, limits, parcel, size)) {
        free(waiting);
        return false;
    }
    *waiting = (waiting_t){NULL, parcel, size};
    queue->limits = *limits;
    insert(queue, waiting);
    queue->bytes += size;
    delay->bytes += size;
    delay->count++;
    (void)pthread_cond_signal(&delay->changed);
    return true;
}

bool atp_delay_push(atp_delay_t *delay, const atp_source_limits_t *limits, atp_parcel_t *parcel)
{
    (void)pthread_mutex_lock(&delay->mutex);
    bool is_in = put_in(delay, limits, parcel);
    (void)pthread_mutex_unlock(&delay->mutex);
    return is_in;
}

void atp_delay_drop(atp_delay_t *delay, atp_parcel_t *parcel)
{
    if (parcel->kept != NULL && atp_backlog_drop(parcel->kept)) {
        (void)pthread_mutex_lock(&delay->mutex);
        delay->must_sweep = true;
        (void)pthread_cond_signal(&delay->changed);
        (void)pthread_mutex_unlock(&delay->mutex);
    }
    parcel->kept = NULL;
}
