#include "protocol/client/client_priv.h"
#include "protocol/client/outbox_priv.h"
#include "protocol/client/publisher_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COMMIT_MAX 256 /* batches of one commit */

/* ---- what is kept of a batch ---- */

atp_text_t atp_outbox_correlation(uint64_t epoch, uint64_t sequence, char *ret_text)
{
    int size = snprintf(ret_text, ATP_CORRELATION_SIZE_MAX, "%" PRIu64 "-%" PRIu64, epoch, sequence);
    return (atp_text_t){ret_text, (uint32_t)size};
}

/* Reads the event back as the engine will: what it would refuse must not be kept. */
static atp_err_t check_event(const atp_writer_t *writer, const atp_command_room_t *room, atp_why_t *ret_why)
{
    atp_reader_t reader;
    atp_facts_t facts;
    uint32_t count;

    if (!atp_event_open(writer->begin, atp_writer_size(writer), &reader) ||
        !atp_read_facts(&reader, &facts, &count)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%s", reader.refusal.detail);
    }
    for (uint32_t i = 0; i < count; i++) {
        atp_command_t command;
        atp_refusal_t refusal;
        if (!atp_read_command(&reader, &command, room, &refusal)) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "fact %u: %s", i, reader.refusal.detail);
        }
        if (refusal.verdict != ATP_APPLIED) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "fact %u: %s at %s", i,
                            atp_verdict_name(refusal.verdict), atp_field_name(refusal.field));
        }
    }
    return ATP_OK;
}

static atp_err_t check(const atp_writer_t *writer, atp_why_t *ret_why)
{
    atp_command_line_t *lines = malloc(ATP_LINES_PER_OP_MAX * sizeof *lines);
    atp_attribute_t *attributes = malloc(ATP_ATTRIBUTES_PER_OP_MAX * sizeof *attributes);
    const atp_command_room_t room = {.lines = lines,
                                     .line_capacity = ATP_LINES_PER_OP_MAX,
                                     .attributes = attributes,
                                     .attribute_capacity = ATP_ATTRIBUTES_PER_OP_MAX};
    atp_err_t err =
        lines != NULL && attributes != NULL ? check_event(writer, &room, ret_why) : ATP_ERR_MEMORY;

    free(lines);
    free(attributes);
    return err;
}

/* Says how things are, not how they changed. */
static bool is_statement(atp_op_kind_t kind)
{
    return kind == ATP_OP_COUNT || kind == ATP_OP_SAFETY || kind == ATP_OP_SKU || kind == ATP_OP_NODE ||
           kind == ATP_OP_KIT || kind == ATP_OP_SUPPLY;
}

/* Writes an event with the facts and copies its list of ops, behind the head, to *ret_bytes, the caller's to free. */
static atp_err_t encode(const atp_outbox_t *outbox, const atp_command_t *facts, uint32_t count,
                        int64_t as_of_ms, atp_outbox_batch_t *ret_batch, atp_why_t *ret_why)
{
    const atp_facts_t numbers = {
        .source = atp_outbox_source(outbox), .epoch = 1, .sequence = 1, .as_of_ms = as_of_ms};
    atp_outbox_head_t head = {.as_of_ms = as_of_ms};
    atp_writer_t writer;
    atp_err_t err = atp_writer_init_growable(&writer, 1024, ATP_OUTBOX_BATCH_SIZE_MAX + 512);

    if (err != ATP_OK) {
        return err;
    }
    atp_write_facts_of(&writer, &numbers, "", 0); /* up to the ops */
    size_t before = atp_writer_size(&writer);
    atp_write_list_begin(&writer);
    for (uint32_t i = 0; i < count; i++) {
        atp_write_command(&writer, &facts[i]);
        head.is_statement |= is_statement(facts[i].kind) ? 1u : 0u;
    }
    atp_write_list_end(&writer);
    size_t size = atp_writer_size(&writer) - before;
    err = writer.is_overflown || size > ATP_OUTBOX_BATCH_SIZE_MAX
              ? atp_fail(ret_why, ATP_ERR_INVALID, "the facts of one batch take at most %u bytes",
                         ATP_OUTBOX_BATCH_SIZE_MAX)
              : check(&writer, ret_why);
    unsigned char *bytes = err == ATP_OK ? malloc(sizeof head + size) : NULL;
    if (bytes != NULL) {
        memcpy(bytes, &head, sizeof head);
        memcpy(bytes + sizeof head, writer.begin + before, size);
        *ret_batch = (atp_outbox_batch_t){bytes, sizeof head + size};
    }
    atp_writer_fini(&writer);
    return err == ATP_OK && bytes == NULL ? ATP_ERR_MEMORY : err;
}

/* ---- committing ---- */

void atp_outbox_note_store(atp_outbox_t *outbox)
{
    atp_outbox_store_state_t now;

    atp_outbox_store_read(outbox->store, &now);
    (void)pthread_mutex_lock(&outbox->mutex);
    outbox->state.epoch = now.epoch;
    outbox->state.low = now.low;
    outbox->state.next = now.next;
    outbox->state.bytes = now.bytes;
    (void)pthread_cond_broadcast(&outbox->changed);
    (void)pthread_mutex_unlock(&outbox->mutex);
}

/* Says in the heads of the batches, numbered from `first`, after which number each comes. Returns the newest statement
 * of the first `count`. With `store_mutex`. */
static uint64_t order(const atp_outbox_t *outbox, const atp_outbox_batch_t *batches, uint32_t count,
                      uint64_t first)
{
    uint64_t last = outbox->last_statement;

    for (uint32_t i = 0; i < count; i++) {
        atp_outbox_head_t *head = (atp_outbox_head_t *)(uintptr_t)batches[i].bytes;
        head->after = last;
        last = head->is_statement != 0 ? first + i : last;
    }
    return last;
}

/* The newest statement of a store that was opened: what its newest batch says. */
static atp_err_t read_last_statement(atp_outbox_t *outbox, atp_why_t *ret_why)
{
    atp_outbox_store_state_t now;
    atp_outbox_head_t head;
    const void *bytes;
    size_t size;

    atp_outbox_store_read(outbox->store, &now);
    outbox->last_statement = 0;
    if (now.low == now.next) {
        return ATP_OK; /* all before is applied */
    }
    atp_err_t err = atp_outbox_store_get(outbox->store, now.next - 1, &bytes, &size, ret_why);
    if (err == ATP_OK && size < sizeof head) {
        err = atp_fail(ret_why, ATP_ERR_CORRUPT, "the newest batch of the outbox is cut off");
    }
    if (err == ATP_OK) {
        memcpy(&head, bytes, sizeof head);
        outbox->last_statement = head.is_statement != 0 ? now.next - 1 : head.after;
    }
    return err;
}

atp_err_t atp_outbox_reopen(atp_outbox_t *outbox, atp_why_t *ret_why)
{
    uint64_t epoch = (uint64_t)atp_now_ms(); /* not used: the folder has one */

    atp_outbox_store_close(outbox->store);
    outbox->store = NULL;
    atp_err_t err = atp_outbox_store_open(outbox->folder, atp_outbox_source(outbox), epoch, outbox->bytes_max,
                                          &outbox->store, ret_why);
    err = err == ATP_OK ? read_last_statement(outbox, ret_why) : err;
    if (err != ATP_OK) {
        atp_outbox_store_close(outbox->store);
        outbox->store = NULL;
    }
    return err;
}

/* Keeps the batches. After a failure of the disk the folder is opened again, and says what of them it has. With `store_mutex`. */
static atp_err_t keep(atp_outbox_t *outbox, const atp_outbox_batch_t *batches, uint32_t count, bool is_told,
                      uint64_t *ret_first, uint32_t *ret_kept, atp_why_t *ret_why)
{
    atp_outbox_store_state_t before;
    atp_outbox_store_state_t after;
    atp_err_t err = outbox->store == NULL ? atp_outbox_reopen(outbox, ret_why) : ATP_OK;

    if (err != ATP_OK) {
        return err == ATP_ERR_NO_SPACE ? ATP_ERR_BUSY : err;
    }
    atp_outbox_store_read(outbox->store, &before);
    *ret_first = before.next;
    *ret_kept = 0;
    (void)order(outbox, batches, count, before.next);
    err = atp_outbox_store_put(outbox->store, batches, count, is_told, ret_kept, ret_why); /* B3 */
    if (err == ATP_OK) {
        outbox->last_statement = order(outbox, batches, *ret_kept, before.next);
    }
    if (err == ATP_OK || err == ATP_ERR_BUSY) {
        return err;
    }
    if (atp_outbox_reopen(outbox, NULL) == ATP_OK) {
        atp_outbox_store_read(outbox->store, &after);
        *ret_kept = (uint32_t)(after.next - before.next);
    }
    if (*ret_kept > 0) {
        return ATP_OK; /* it was only not sure */
    }
    return err == ATP_ERR_NO_SPACE ? ATP_ERR_BUSY : err;
}

/* Publishes what was kept, in its order. With `store_mutex`. */
static void publish(atp_outbox_t *outbox, const atp_outbox_batch_t *batches, uint64_t first, uint32_t count)
{
    atp_outbox_store_state_t now;
    uint32_t published = 0;

    atp_outbox_store_read(outbox->store, &now);
    for (uint32_t i = 0; i < count; i++) {
        char correlation[ATP_CORRELATION_SIZE_MAX];
        const unsigned char *bytes = batches[i].bytes;
        atp_outbox_head_t head;
        memcpy(&head, bytes, sizeof head);
        const atp_facts_t facts = {.correlation = atp_outbox_correlation(now.epoch, first + i, correlation),
                                   .source = atp_outbox_source(outbox),
                                   .epoch = now.epoch,
                                   .sequence = first + i,
                                   .as_of_ms = head.as_of_ms,
                                   .kept_from = now.low,
                                   .after = head.after};
        published += atp_publisher_send(outbox->publisher, &facts, bytes + sizeof head,
                                        batches[i].size - sizeof head) == ATP_OK;
    }
    (void)pthread_mutex_lock(&outbox->mutex);
    outbox->state.published += published;
    (void)pthread_mutex_unlock(&outbox->mutex);
}

/* Keeps the batches of `puts` and says to each what became of it; nobody is woken yet. */
static void commit(atp_outbox_t *outbox, atp_outbox_put_t *puts, bool may_publish)
{
    atp_outbox_batch_t batches[COMMIT_MAX];
    uint64_t first = 0;
    uint32_t count = 0;
    uint32_t kept = 0;
    atp_why_t why = {""};

    for (atp_outbox_put_t *put = puts; put != NULL; put = put->next) {
        batches[count++] = put->batch;
    }
    (void)pthread_mutex_lock(&outbox->store_mutex);
    atp_err_t err = keep(outbox, batches, count, may_publish, &first, &kept, &why);
    if (err == ATP_OK) {
        atp_outbox_note_store(outbox);
        if (may_publish) {
            publish(outbox, batches, first, kept);
        }
    }
    (void)pthread_mutex_unlock(&outbox->store_mutex);
    uint32_t i = 0;
    for (atp_outbox_put_t *put = puts; put != NULL; put = put->next, i++) {
        put->err = err != ATP_OK ? err : i < kept ? ATP_OK : ATP_ERR_BUSY;
        put->sequence = first + i;
        put->why = why;
    }
}

/* Takes up to COMMIT_MAX of what waits. With `mutex`. */
static atp_outbox_put_t *take_waiting(atp_outbox_t *outbox)
{
    atp_outbox_put_t *first = outbox->waiting;
    atp_outbox_put_t **end = &first;

    for (uint32_t i = 0; i < COMMIT_MAX && *end != NULL; i++) {
        end = &(*end)->next;
    }
    outbox->waiting = *end;
    if (*end == NULL) {
        outbox->waiting_end = &outbox->waiting;
    }
    *end = NULL;
    return first;
}

/* Commits what waits, for all. With `mutex`, which is given up meanwhile. */
static void lead(atp_outbox_t *outbox)
{
    atp_outbox_put_t *puts = take_waiting(outbox);
    bool may_publish = outbox->publisher != NULL && outbox->is_checked && !outbox->state.is_superseded;

    outbox->is_committing = true;
    (void)pthread_mutex_unlock(&outbox->mutex);
    commit(outbox, puts, may_publish);
    (void)pthread_mutex_lock(&outbox->mutex);
    outbox->is_committing = false;
    while (puts != NULL) {
        atp_outbox_put_t *next = puts->next;
        puts->is_done = true; /* its owner may go: the last look at it */
        puts = next;
    }
    (void)pthread_cond_broadcast(&outbox->changed);
}

static atp_err_t put_batch(atp_outbox_t *outbox, atp_outbox_put_t *put)
{
    (void)pthread_mutex_lock(&outbox->mutex);
    if (outbox->state.is_superseded) {
        put->why = outbox->state.last_failure;
        (void)pthread_mutex_unlock(&outbox->mutex);
        return ATP_ERR_CLOSED;
    }
    *outbox->waiting_end = put;
    outbox->waiting_end = &put->next;
    while (!put->is_done) {
        if (outbox->is_committing) {
            (void)pthread_cond_wait(&outbox->changed, &outbox->mutex);
        } else {
            lead(outbox);
        }
    }
    (void)pthread_mutex_unlock(&outbox->mutex);
    return put->err;
}

atp_err_t atp_outbox_put(atp_outbox_t *outbox, const atp_command_t *facts, uint32_t count, int64_t as_of_ms,
                         uint64_t *ret_sequence, atp_why_t *ret_why)
{
    atp_outbox_put_t put = {.next = NULL};
    uint64_t lines = 0;

    for (uint32_t i = 0; i < count; i++) {
        lines += facts[i].line_count;
    }
    if (count > ATP_OPS_PER_MESSAGE_MAX || lines > ATP_OPS_PER_MESSAGE_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a batch has at most %d facts, and as many lines",
                        ATP_OPS_PER_MESSAGE_MAX);
    }
    atp_err_t err = encode(outbox, facts, count, as_of_ms, &put.batch, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    err = put_batch(outbox, &put);
    free((void *)(uintptr_t)put.batch.bytes);
    if (err != ATP_OK && ret_why != NULL) {
        *ret_why = put.why;
    }
    if (err == ATP_OK && ret_sequence != NULL) {
        *ret_sequence = put.sequence;
    }
    return err;
}

/* ---- waiting and looking ---- */

atp_err_t atp_outbox_flush(atp_outbox_t *outbox, int32_t timeout_ms)
{
    struct timespec until;
    atp_err_t err = ATP_OK;

    ATP_ASSERT(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    (void)pthread_mutex_lock(&outbox->mutex);
    uint64_t target = outbox->state.next;
    while (err == ATP_OK && outbox->state.low < target) {
        if (outbox->state.is_superseded) {
            err = ATP_ERR_CLOSED;
        } else if (timeout_ms < 0) {
            (void)pthread_cond_wait(&outbox->changed, &outbox->mutex);
        } else if (pthread_cond_timedwait(&outbox->changed, &outbox->mutex, &until) != 0) {
            err = outbox->state.low < target ? ATP_ERR_TIMEOUT : ATP_OK;
            break;
        }
    }
    (void)pthread_mutex_unlock(&outbox->mutex);
    return err;
}

void atp_outbox_read_state(atp_outbox_t *outbox, atp_outbox_state_t *ret_state)
{
    (void)pthread_mutex_lock(&outbox->mutex);
    *ret_state = outbox->state;
    (void)pthread_mutex_unlock(&outbox->mutex);
}

_Static_assert(ATP_OUTBOX_NOTES_MAX == ATP_OUTBOX_DROPPED_KEPT_MAX, "the whole log is told");
_Static_assert(sizeof((atp_outbox_note_t){0}.reason) == ATP_OUTBOX_REASON_SIZE_MAX + 1, "a reason fits");

static atp_err_t list_notes(atp_outbox_store_t *store, atp_outbox_marks_t kind, atp_outbox_note_t *ret_notes,
                            uint32_t *ret_count, atp_why_t *ret_why)
{
    atp_outbox_mark_t marks[ATP_OUTBOX_NOTES_MAX];
    atp_err_t err = atp_outbox_store_list(store, kind, 0, marks, ATP_OUTBOX_NOTES_MAX, ret_count, ret_why);

    for (uint32_t i = 0; i < *ret_count; i++) {
        ret_notes[i] = (atp_outbox_note_t){.number = marks[i].number,
                                           .at_ms = marks[i].at_ms,
                                           .verdict = (atp_verdict_t)marks[i].verdict,
                                           .bytes = marks[i].bytes};
        memcpy(ret_notes[i].reason, marks[i].reason, marks[i].reason_size);
    }
    return err;
}

atp_err_t atp_outbox_look(const char *folder, atp_outbox_look_t *ret_look, atp_why_t *ret_why)
{
    atp_outbox_store_t *store = NULL;
    atp_outbox_store_state_t now;
    atp_err_t err = atp_outbox_store_look(folder, &store, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    atp_outbox_store_read(store, &now);
    atp_text_t source = atp_outbox_store_source(store);
    memset(ret_look, 0, sizeof *ret_look);
    memcpy(ret_look->source, source.bytes, source.size);
    ret_look->epoch = now.epoch;
    ret_look->low = now.low;
    ret_look->next = now.next;
    ret_look->bytes = now.bytes;
    err = list_notes(store, ATP_OUTBOX_REFUSED, ret_look->refused, &ret_look->refused_count, ret_why);
    err = err == ATP_OK
              ? list_notes(store, ATP_OUTBOX_DROPPED, ret_look->dropped, &ret_look->dropped_count, ret_why)
              : err;
    atp_outbox_store_close(store);
    return err;
}

atp_err_t atp_outbox_drop(const char *folder, uint64_t number, atp_text_t reason, atp_why_t *ret_why)
{
    atp_outbox_store_t *store = NULL;
    atp_err_t err = atp_outbox_store_open_any(folder, &store, ret_why);

    err = err == ATP_OK ? atp_outbox_store_drop(store, number, atp_now_ms(), reason, ret_why) : err;
    atp_outbox_store_close(store);
    return err;
}

/* ---- open and close ---- */

static atp_err_t open_connections(atp_outbox_t *outbox, const atp_outbox_options_t *options,
                                  atp_why_t *ret_why)
{
    const atp_client_options_t client = {.url = options->url,
                                         .client = options->source,
                                         .token = options->token,
                                         .timeout_ms = ATP_OUTBOX_TRY_MS,
                                         .try_ms = ATP_OUTBOX_TRY_MS,
                                         .messages_in_flight = 1};
    const atp_publisher_options_t publisher = {
        .url = options->publish_url, .source = options->source, .epoch = 1, .sequence = 1};
    atp_err_t err = atp_client_open(&client, &outbox->client, ret_why);

    if (err == ATP_OK && options->publish_url != NULL) {
        err = atp_publisher_open(&publisher, &outbox->publisher, ret_why);
    }
    return err;
}

static void init_locks(atp_outbox_t *outbox)
{
    pthread_condattr_t steady;

    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&outbox->changed, &steady);
    (void)pthread_condattr_destroy(&steady);
    (void)pthread_mutex_init(&outbox->mutex, NULL);
    (void)pthread_mutex_init(&outbox->store_mutex, NULL);
}

static void destroy(atp_outbox_t *outbox)
{
    atp_publisher_close(outbox->publisher);
    atp_client_close(outbox->client);
    atp_outbox_store_close(outbox->store);
    (void)pthread_cond_destroy(&outbox->changed);
    (void)pthread_mutex_destroy(&outbox->mutex);
    (void)pthread_mutex_destroy(&outbox->store_mutex);
    free(outbox->copy);
    free(outbox->folder);
    free(outbox);
}

static atp_err_t start(atp_outbox_t *outbox, const atp_outbox_options_t *options, atp_why_t *ret_why)
{
    outbox->waiting_end = &outbox->waiting;
    outbox->bytes_max = options->bytes_max > 0 ? options->bytes_max : ATP_OUTBOX_BYTES_DEFAULT;
    outbox->resend_ms = options->resend_ms > 0 ? options->resend_ms : ATP_OUTBOX_HEAL_MS;
    memcpy(outbox->source, options->source.bytes, options->source.size);
    outbox->source_size = options->source.size;
    outbox->folder = strdup(options->folder);
    outbox->copy = malloc(ATP_OUTBOX_BATCH_SIZE_MAX + sizeof(atp_outbox_head_t));
    if (outbox->folder == NULL || outbox->copy == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for an outbox");
    }
    atp_err_t err = atp_outbox_reopen(outbox, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    atp_outbox_note_store(outbox);
    outbox->resend_below = outbox->state.next;
    outbox->mark = outbox->state.next;
    outbox->mark_ms = atp_steady_ms();
    err = open_connections(outbox, options, ret_why);
    if (err == ATP_OK && pthread_create(&outbox->thread, NULL, atp_outbox_heal, outbox) != 0) {
        err = atp_fail(ret_why, ATP_ERR_MEMORY, "no thread for an outbox");
    }
    return err;
}

atp_err_t atp_outbox_open(const atp_outbox_options_t *options, atp_outbox_t **ret_outbox, atp_why_t *ret_why)
{
    if (options->folder == NULL || options->source.size < 1 || options->source.size > ATP_ID_SIZE_MAX ||
        !atp_text_is_clean(options->source)) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "an outbox has a folder, and a source of 1 to %d bytes of UTF-8", ATP_ID_SIZE_MAX);
    }
    atp_outbox_t *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for an outbox");
    }
    init_locks(outbox);
    atp_err_t err = start(outbox, options, ret_why);
    if (err != ATP_OK) {
        destroy(outbox);
        return err;
    }
    *ret_outbox = outbox;
    return ATP_OK;
}

void atp_outbox_close(atp_outbox_t *outbox)
{
    if (outbox == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&outbox->mutex);
    outbox->is_closing = true;
    (void)pthread_cond_broadcast(&outbox->changed);
    (void)pthread_mutex_unlock(&outbox->mutex);
    (void)pthread_join(outbox->thread, NULL);
    destroy(outbox);
}
