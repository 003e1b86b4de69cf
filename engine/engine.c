/* Taking batches in, applying them, closing frames: the ledger thread's side of the engine. */
#include "engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

/* Lines taken of a class before the next lower one has its turn. */
static const uint32_t class_weights[ATP_CLASS_COUNT] = {1024, 1024, 1024, 512, ATP_BULK_PIECE_LINES};

const char *atp_class_name(atp_class_t class)
{
    static const char *const names[ATP_CLASS_COUNT] = {"release", "firm", "reserve", "fact", "bulk"};
    ATP_ASSERT((unsigned)class < ATP_CLASS_COUNT);
    return names[class];
}

void atp_engine_tell(const atp_engine_t *engine, const char *event, atp_err_t err, const char *text)
{
    if (engine->options.on_event != NULL) {
        engine->options.on_event(engine->options.context, event, err, text);
    }
}

/* ---- submitting: any thread ---- */

/* True for the classes that are refused while there is no room for grants. */
static bool is_refused_without_room(atp_class_t class)
{
    return class == ATP_CLASS_RESERVE || class == ATP_CLASS_FIRM || class == ATP_CLASS_BULK;
}

static atp_err_t try_submit(atp_engine_t *engine, atp_batch_t *batch)
{
    uint64_t limit = engine->options.lines_in_flight[batch->class];
    uint64_t lines = batch->line_count > 0 ? batch->line_count : 1;

    if (atp_load_acquire(&engine->is_stopping) != 0) {
        return ATP_ERR_CLOSED;
    }
    if (batch->ops_size + (batch->asked_count > 0 ? ATP_ENGINE_ASKED_ROOM : 0) > engine->batch_size) {
        return ATP_ERR_LIMIT;
    }
    if ((batch->question == NULL || batch->asked_count > 0) && is_refused_without_room(batch->class) &&
        atp_load_relaxed(&engine->is_granting) == 0) {
        return ATP_ERR_NO_SPACE;
    }
    /* One batch always gets in, however large it is against the limit. */
    uint64_t waiting = atp_fetch_add_relaxed(&engine->lines_waiting[batch->class], lines);
    if ((waiting > 0 && waiting + lines > limit) || !atp_ring_push(&engine->rings[batch->class], batch)) {
        (void)atp_fetch_sub_relaxed(&engine->lines_waiting[batch->class], lines);
        return ATP_ERR_BUSY;
    }
    return ATP_OK;
}

atp_err_t atp_engine_submit(atp_engine_t *engine, atp_batch_t *batch)
{
    ATP_ASSERT((unsigned)batch->class < ATP_CLASS_COUNT && batch->done != NULL);
    ATP_ASSERT(batch->ops_size <= ATP_BATCH_OPS_SIZE_MAX && batch->line_count >= batch->op_count);
    ATP_ASSERT(batch->asked_count <= ATP_QUESTIONED_OPS_MAX &&
               (batch->asked_count == 0 || batch->question != NULL));
    batch->submitted_ns = engine->options.clock->monotonic_ns(engine->options.clock);
    /* SUBMIT-1 (acq_rel) pairs with STOP-1. Orders: "I am inside" before the look at is_stopping. Without it a
     * batch may be pushed after the ledger thread has looked for the last time. */
    (void)atp_fetch_add_acq_rel(&engine->submitters, 1);
    atp_fence_seq_cst();
    atp_err_t err = try_submit(engine, batch);
    (void)atp_fetch_sub_acq_rel(&engine->submitters, 1);
    if (err == ATP_OK) {
        atp_parker_wake(&engine->ledger_parker);
    }
    return err;
}

void atp_engine_request_snapshot(atp_engine_t *engine)
{
    atp_store_release(&engine->is_snapshot_wanted, 1);
    atp_parker_wake(&engine->ledger_parker);
}

/* ---- frames ---- */

static void open_frame(atp_engine_t *engine, atp_open_frame_t *frame)
{
    frame->payload_size = 0;
    frame->first_op = 0;
    frame->op_count = 0;
    frame->lines = 0;
    frame->time_ms = atp_ledger_time_advance(&engine->time);
    frame->verdict_digest = 0;
    frame->first_batch = NULL;
    frame->last_batch = &frame->first_batch;
    frame->first_bulk = NULL;
    frame->last_bulk = &frame->first_bulk;
    frame->has_foreground = false;
    frame->changes.count = 0;
    frame->changes.is_overflown = false;
    atp_ledger_note_changes(engine->ledger, &frame->changes);
    engine->frame = frame;
}

static bool need_frame(atp_engine_t *engine)
{
    if (engine->frame == NULL) {
        atp_open_frame_t *frame = atp_ring_pop(&engine->free_frames);
        if (frame != NULL) {
            open_frame(engine, frame);
        }
    } else {
        engine->frame->time_ms = atp_ledger_time_advance(&engine->time);
    }
    return engine->frame != NULL;
}

/* Hands the frame to the journal thread, if there is anything in it. */
static bool close_frame(atp_engine_t *engine)
{
    atp_open_frame_t *frame = engine->frame;

    atp_ledger_end_frame(engine->ledger);
    *frame->last_batch = frame->first_bulk;
    if (frame->op_count == 0 && frame->first_batch == NULL) {
        return false;
    }
    atp_ledger_counts(engine->ledger, &frame->counts);
    frame->last_op = frame->counts.op;
    atp_ledger_note_changes(engine->ledger, NULL);
    engine->frame = NULL;
    bool is_pushed = atp_ring_push(&engine->closed_frames, frame);
    ATP_ASSERT(is_pushed); /* the ring has a place for every frame */
    atp_parker_wake(&engine->journal_parker);
    return true;
}

/* ---- applying ---- */

static void count(_Atomic uint64_t *counter)
{
    /* One writer: a load and a store, no locked instruction. */
    atp_store_relaxed(counter, atp_load_relaxed(counter) + 1);
}

/* Applies one op record into the frame. */
static void apply_op(atp_engine_t *engine, const atp_op_t *op, atp_result_t *result, atp_grant_t *grants)
{
    atp_open_frame_t *frame = engine->frame;

    if (atp_ledger_apply(engine->ledger, op, frame->time_ms, result, grants)) {
        memcpy(frame->payload + frame->payload_size, op, op->size);
        frame->payload_size += op->size;
        frame->first_op = frame->op_count == 0 ? result->op : frame->first_op;
        frame->op_count++;
        frame->verdict_digest = atp_verdict_digest_add(frame->verdict_digest, result);
        count(&engine->kinds[op->kind]);
    } else {
        count(&engine->repeats);
    }
    count(&engine->verdicts[result->verdict]);
}

static void begin_taking(const atp_engine_t *engine, atp_batch_t *batch, atp_taking_t *ret_taking)
{
    ret_taking->batch = batch;
    ret_taking->results = batch->results;
    ret_taking->grants = batch->grants;
    atp_ahead_begin(&ret_taking->ahead, engine->ledger, batch->ops, batch->op_count);
}

/* Applies the next op and returns it; NULL after the last. */
static const atp_op_t *apply_next(atp_engine_t *engine, atp_taking_t *taking)
{
    const atp_op_t *op = atp_ahead_next(&taking->ahead);

    if (op != NULL) {
        apply_op(engine, op, taking->results++, taking->grants);
        taking->grants += atp_op_grant_room(op);
    }
    return op;
}

static void apply_all(atp_engine_t *engine, atp_batch_t *batch)
{
    atp_taking_t taking;

    begin_taking(engine, batch, &taking);
    while (apply_next(engine, &taking) != NULL) {
    }
}

static void ask(atp_engine_t *engine, atp_batch_t *batch)
{
    batch->question(batch, engine->ledger, engine->frame->time_ms);
    batch->piece++;
}

static uint32_t lines_of(const atp_batch_t *batch)
{
    return batch->line_count > 0 ? batch->line_count : 1;
}

/* All of the batch is done: it is answered with the frame. */
static void end_batch(atp_engine_t *engine, atp_batch_t *batch)
{
    atp_open_frame_t *frame = engine->frame;
    atp_batch_t ***last = batch->class == ATP_CLASS_BULK ? &frame->last_bulk : &frame->last_batch;

    batch->next = NULL;
    **last = batch;
    *last = &batch->next;
    (void)atp_fetch_sub_relaxed(&engine->lines_waiting[batch->class], lines_of(batch));
}

/* ---- questions of ops ---- */

#define OWN_OP_SIZE         (sizeof(atp_op_t) + 64)
#define REFRESHED_NODES_MAX 16

_Static_assert((REFRESHED_NODES_MAX + ATP_QUESTIONED_OPS_MAX) * OWN_OP_SIZE <= ATP_ENGINE_ASKED_ROOM,
               "what is settled has its room");

/* An op of the engine's own, of at most OWN_OP_SIZE bytes. */
static void apply_own(atp_engine_t *engine, const unsigned char *record)
{
    atp_result_t result;

    apply_op(engine, (const atp_op_t *)(const void *)record, &result, NULL);
}

static void pulse(atp_engine_t *engine, size_t (*encode)(void *buffer, int64_t limit))
{
    _Alignas(8) unsigned char record[OWN_OP_SIZE];

    if (engine->frame->payload_size + sizeof record <= engine->frame_size) {
        (void)encode(record, ATP_PULSE_LIMIT);
        apply_own(engine, record);
        count(&engine->pulses);
    }
}

/* Calendars whose day has turned. */
static void refresh_nodes(atp_engine_t *engine)
{
    _Alignas(8) unsigned char record[OWN_OP_SIZE];
    uint16_t node;

    for (unsigned i = 0; i < REFRESHED_NODES_MAX; i++) {
        if (!atp_ledger_outdated_node(engine->ledger, engine->frame->time_ms, &node)) {
            break;
        }
        (void)atp_op_encode_settle(record, 0, node);
        apply_own(engine, record);
    }
}

/* Answers the question of some of the ops, each in its turn. What is due then is no more than one pulse clears: else the batch would
 * have waited (is_crowded). There is room for what is settled beside the batch. */
static void ask_and_apply(atp_engine_t *engine, atp_batch_t *batch)
{
    atp_taking_t taking;

    refresh_nodes(engine);
    begin_taking(engine, batch, &taking);
    for (uint32_t i = 0; i < batch->op_count; i++) {
        if (batch->piece < batch->asked_count && batch->asked_ops[batch->piece] == i) {
            if (atp_ledger_has_due(engine->ledger, engine->frame->time_ms)) {
                pulse(engine, atp_op_encode_pulse_now);
            }
            ask(engine, batch);
        }
        (void)apply_next(engine, &taking);
    }
}

static void answer_question(atp_engine_t *engine, atp_batch_t *batch)
{
    if (batch->asked_count > 0) {
        ask_and_apply(engine, batch);
        return;
    }
    while (batch->piece == 0 || batch->piece < batch->question_pieces) {
        ask(engine, batch);
    }
}

/* Applies a batch as a whole; returns the lines it counts as. */
static uint32_t take_batch(atp_engine_t *engine, atp_batch_t *batch)
{
    if (ATP_LIKELY(batch->question == NULL)) {
        apply_all(engine, batch);
    } else {
        answer_question(engine, batch);
    }
    engine->frame->lines += lines_of(batch);
    end_batch(engine, batch);
    return lines_of(batch);
}

/* ---- pieces of bulk ---- */

static bool has_pieces(const atp_batch_t *batch)
{
    return batch->question != NULL ? batch->question_pieces > 1 : batch->is_divisible;
}

/* At least `most` lines, unless there are fewer: the last op is applied as a whole. */
static uint32_t apply_piece(atp_engine_t *engine, atp_taking_t *taking, uint32_t most)
{
    uint32_t lines = 0;

    while (lines < most) {
        const atp_op_t *op = apply_next(engine, taking);
        if (op == NULL) {
            break;
        }
        lines += op->line_count > 0 ? op->line_count : 1;
    }
    return lines;
}

/* Applies a piece of the batch that was begun; returns its lines. */
static uint32_t take_piece(atp_engine_t *engine, uint32_t most)
{
    atp_taking_t *taking = &engine->bulk;
    atp_batch_t *batch = taking->batch;
    bool is_question = batch->question != NULL;
    uint32_t lines;

    if (is_question) {
        ask(engine, batch);
        lines = lines_of(batch) / batch->question_pieces + 1;
    } else {
        lines = apply_piece(engine, taking, most);
    }
    engine->frame->lines += lines;
    if (is_question ? batch->piece == batch->question_pieces : taking->ahead.handed_out == batch->op_count) {
        taking->batch = NULL;
        end_batch(engine, batch);
    }
    return lines;
}

static bool is_full(const atp_engine_t *engine)
{
    const atp_open_frame_t *frame = engine->frame;

    return frame->lines >= ATP_FRAME_LINES || frame->payload_size + engine->batch_size > engine->frame_size;
}

/* ---- much that is due at once ---- */

static bool may_meet_due(const atp_engine_t *engine, const atp_batch_t *batch)
{
    const atp_op_t *op = batch->ops;

    if (batch->asked_count > 0) {
        return true; /* the question looks anywhere */
    }
    for (uint32_t i = 0; batch->question == NULL && i < batch->op_count; i++) {
        if (atp_ledger_may_meet_due(engine->ledger, op, engine->frame->time_ms)) {
            return true;
        }
        op = atp_op_next(op);
    }
    return false;
}

/* The settling that a reader asked for: no other batch stands in an order with it. */
static bool is_of_reader(const atp_batch_t *batch)
{
    return batch->question == NULL && batch->op_count > 0 &&
           ((const atp_op_t *)batch->ops)->kind == ATP_OP_SETTLE;
}

static void let_reader_wait(atp_engine_t *engine, atp_batch_t *batch)
{
    batch->next = engine->readers;
    engine->readers = batch;
}

/* The next batch of the class that may be applied now, NULL if there is none: while much is due at once, one that may meet some of
 * it waits, and all of its class that come after it. */
static atp_batch_t *next_batch(atp_engine_t *engine, atp_class_t class)
{
    for (;;) {
        atp_batch_t *batch = engine->waiting[class];
        if (batch == NULL && (batch = atp_ring_pop(&engine->rings[class])) == NULL) {
            return NULL;
        }
        engine->waiting[class] = NULL;
        if (!engine->is_crowded || !may_meet_due(engine, batch)) {
            return batch;
        }
        if (!is_of_reader(batch)) {
            engine->waiting[class] = batch;
            return NULL;
        }
        let_reader_wait(engine, batch);
    }
}

/* Takes the next batch of the class, 0: there is none that may be applied now. */
static uint32_t take_next(atp_engine_t *engine, atp_class_t class)
{
    atp_batch_t *batch = next_batch(engine, class);

    return batch != NULL ? take_batch(engine, batch) : 0;
}

/* The same of bulk: a piece of about `most` lines, where the batch has pieces. */
static uint32_t take_next_bulk(atp_engine_t *engine, uint32_t most)
{
    atp_taking_t *taking = &engine->bulk;

    if (taking->batch == NULL) {
        atp_batch_t *batch = next_batch(engine, ATP_CLASS_BULK);
        if (batch == NULL) {
            return 0;
        }
        if (!has_pieces(batch)) {
            return take_batch(engine, batch);
        }
        begin_taking(engine, batch, taking);
    } else if (engine->is_crowded && may_meet_due(engine, taking->batch)) {
        return 0;
    }
    return take_piece(engine, most);
}

/* Takes batches of one class until its weight is used up or the frame is full; returns the lines taken. */
static uint32_t take_class(atp_engine_t *engine, atp_class_t class)
{
    uint32_t taken = 0;

    while (taken < class_weights[class] && !is_full(engine)) {
        uint32_t lines = class == ATP_CLASS_BULK ? take_next_bulk(engine, class_weights[class] - taken)
                                                 : take_next(engine, class);
        if (lines == 0) {
            break;
        }
        taken += lines;
    }
    engine->frame->has_foreground = engine->frame->has_foreground || (taken > 0 && class != ATP_CLASS_BULK);
    return taken;
}

/* Bulk has its turn, and who is in the frame would wait for it: the frame goes first. */
static bool must_go_before_bulk(const atp_engine_t *engine)
{
    atp_engine_t *self = (atp_engine_t *)(uintptr_t)engine;

    return engine->turn == ATP_CLASS_BULK && engine->frame->has_foreground &&
           atp_load_relaxed(&self->lines_waiting[ATP_CLASS_BULK]) > 0;
}

/* The classes take turns. A frame that is closed in the middle of a round leaves the turn where it is for the next one: else large
 * batches of a higher class, each filling a frame, or a higher class that never rests, would starve the lower ones. */
static void take_turns(atp_engine_t *engine)
{
    unsigned idle = 0;

    while (idle < ATP_CLASS_COUNT && !is_full(engine)) {
        if (must_go_before_bulk(engine)) {
            return;
        }
        uint32_t taken = take_class(engine, (atp_class_t)engine->turn);
        idle = taken > 0 ? 0 : idle + 1;
        engine->turn = (engine->turn + 1) % ATP_CLASS_COUNT;
    }
    if (!is_full(engine)) {
        engine->turn = ATP_CLASS_RELEASE;
    }
}

/* So much at most is due when an op comes that may meet it; where one pulse is not enough, such ops wait for the next step. */
static void pulse_if_due(atp_engine_t *engine)
{
    int64_t now_ms = engine->frame->time_ms;

    if (atp_ledger_is_pulse_due(engine->ledger, now_ms)) {
        pulse(engine, atp_op_encode_pulse);
    }
    engine->is_crowded = atp_ledger_is_crowded(engine->ledger, now_ms);
    if (engine->is_crowded) {
        pulse(engine, atp_op_encode_pulse_now);
        engine->is_crowded = atp_ledger_is_crowded(engine->ledger, now_ms);
    }
}

/* Readers whose settling waited. */
static void take_readers(atp_engine_t *engine)
{
    while (!engine->is_crowded && engine->readers != NULL && !is_full(engine)) {
        atp_batch_t *batch = engine->readers;
        engine->readers = batch->next;
        (void)take_batch(engine, batch);
    }
}

bool atp_engine_step_ledger(atp_engine_t *engine)
{
    bool did_snapshot = false;

    if (!need_frame(engine)) {
        return false; /* all frames wait for the disk: that is the back-pressure */
    }
    if (engine->frame->op_count == 0 && engine->frame->first_batch == NULL) {
        did_snapshot = atp_engine_tend_snapshot(engine); /* between frames: as of a frame's last op */
    }
    pulse_if_due(engine);
    take_readers(engine);
    take_turns(engine);
    atp_store_relaxed(&engine->is_slewing, atp_ledger_time_is_slewing(&engine->time) ? 1u : 0u);
    return close_frame(engine) || did_snapshot;
}

/* ---- what any thread may ask ---- */

const atp_ledger_t *atp_engine_ledger(const atp_engine_t *engine)
{
    return engine->ledger;
}

atp_ledger_t *atp_engine_ledger_for_tests(atp_engine_t *engine)
{
    return engine->ledger;
}

int64_t atp_engine_now_ms(const atp_engine_t *engine)
{
    return atp_ledger_time_now(&engine->time);
}

uint64_t atp_engine_incarnation(const atp_engine_t *engine)
{
    return engine->incarnation;
}

uint64_t atp_engine_applied_op(const atp_engine_t *engine)
{
    return atp_ledger_stamp(engine->ledger) / 2;
}

uint64_t atp_engine_durable_op(const atp_engine_t *engine)
{
    return atp_journal_durable_op(engine->journal);
}

void atp_engine_set_probes(atp_engine_t *engine, const atp_engine_probes_t *probes)
{
    engine->probes = *probes;
}

void atp_engine_stats(atp_engine_t *engine, atp_engine_stats_t *ret_stats)
{
    memset(ret_stats, 0, sizeof *ret_stats);
    ret_stats->applied_op = atp_engine_applied_op(engine);
    ret_stats->durable_op = atp_engine_durable_op(engine);
    ret_stats->frames = atp_load_relaxed(&engine->frames_written);
    ret_stats->frame_ops_max = atp_load_relaxed(&engine->frame_ops_max);
    ret_stats->repeats = atp_load_relaxed(&engine->repeats);
    ret_stats->pulses = atp_load_relaxed(&engine->pulses);
    for (unsigned i = 0; i < ATP_VERDICT_LIMIT; i++) {
        ret_stats->verdicts[i] = atp_load_relaxed(&engine->verdicts[i]);
    }
    for (unsigned i = 0; i < ATP_OP_KIND_LIMIT; i++) {
        ret_stats->kinds[i] = atp_load_relaxed(&engine->kinds[i]);
    }
    for (unsigned i = 0; i < ATP_CLASS_COUNT; i++) {
        ret_stats->lines_waiting[i] = atp_load_relaxed(&engine->lines_waiting[i]);
    }
    ret_stats->snapshots_completed = atp_load_relaxed(&engine->snapshots_completed);
    ret_stats->snapshots_failed = atp_load_relaxed(&engine->snapshots_failed);
    ret_stats->snapshot_op = atp_load_relaxed(&engine->snapshot_op);
    ret_stats->snapshot_ms = atp_load_relaxed(&engine->snapshot_ms);
    ret_stats->snapshot_took_ms = atp_load_relaxed(&engine->snapshot_took_ms);
    ret_stats->journal_room = atp_journal_room(engine->journal);
    ret_stats->is_granting = atp_load_relaxed(&engine->is_granting) != 0;
    ret_stats->is_slewing = atp_load_relaxed(&engine->is_slewing) != 0;
    atp_journal_stats(engine->journal, &ret_stats->journal);
    pthread_mutex_lock(&engine->counts_lock);
    ret_stats->counts = engine->counts;
    pthread_mutex_unlock(&engine->counts_lock);
}
