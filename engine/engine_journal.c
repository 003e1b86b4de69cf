/* Making frames durable and answering: the journal thread's side of the engine. */
#include "engine/engine_priv.h"

#define MARK_AFTER_NS (UINT64_C(10) * 1000000)

static void fail(atp_engine_t *engine, atp_err_t err, const char *what)
{
    /* Nothing that is not durable may be answered from here on. */
    atp_store_release(&engine->is_failed, 1);
    if (engine->options.fatal != NULL) {
        engine->options.fatal(engine->options.context, err, what);
    } else {
        atp_assert_failed(__FILE__, __LINE__, what);
    }
}

/* Writes one frame; false if it has to wait for room (or all is lost). */
static bool write_frame(atp_engine_t *engine, atp_open_frame_t *open_frame)
{
    atp_frame_t frame = {
        .incarnation = engine->incarnation,
        .first_op = open_frame->first_op,
        .op_count = open_frame->op_count,
        .time_ms = open_frame->time_ms,
        .verdict_digest = open_frame->verdict_digest,
        .payload = open_frame->payload,
        .payload_size = (uint32_t)open_frame->payload_size,
    };

    if (frame.op_count == 0) {
        return true; /* answers given again, or questions: nothing to keep */
    }
    atp_err_t err = atp_journal_append(engine->journal, &frame);
    /* Relaxed: a hint for those who wait for the journal. */
    atp_store_relaxed(&engine->is_out_of_room, err == ATP_ERR_NO_SPACE ? 1u : 0u);
    if (err == ATP_ERR_NO_SPACE) {
        atp_parker_wake(&engine->keeper_parker);
        return false;
    }
    if (err != ATP_OK) {
        fail(engine, err, "the journal cannot be written");
        return false;
    }
    engine->last_time_ms = frame.time_ms;
    engine->is_marked = false;
    atp_store_relaxed(&engine->frames_written, atp_load_relaxed(&engine->frames_written) + 1);
    if (frame.op_count > atp_load_relaxed(&engine->frame_ops_max)) {
        atp_store_relaxed(&engine->frame_ops_max, frame.op_count);
    }
    return true;
}

/* Everything the frame's batches name is durable: they are answered. The figures first: who has an answer and asks for
 * them finds its own ops counted. */
static void answer_frame(atp_engine_t *engine, atp_open_frame_t *frame)
{
    uint64_t durable_op = atp_journal_durable_op(engine->journal);
    atp_batch_t *batch = frame->first_batch;

    ATP_ASSERT(durable_op >= frame->last_op); /* E1 */
    frame->first_batch = NULL;
    pthread_mutex_lock(&engine->counts_lock);
    engine->counts = frame->counts;
    pthread_mutex_unlock(&engine->counts_lock);
    while (batch != NULL) {
        atp_batch_t *next = batch->next;
        batch->durable_op = durable_op;
        batch->done(batch, ATP_OK);
        batch = next;
    }
    if (engine->options.on_durable != NULL) {
        engine->options.on_durable(engine->options.context, frame->last_op, frame->changes.rows,
                                   frame->changes.count, frame->changes.is_overflown);
    }
    bool is_pushed = atp_ring_push(&engine->free_frames, frame);
    ATP_ASSERT(is_pushed);
}

static atp_open_frame_t *next_closed(atp_engine_t *engine)
{
    atp_open_frame_t *frame = engine->unwritten;

    engine->unwritten = NULL;
    return frame != NULL ? frame : atp_ring_pop(&engine->closed_frames);
}

/* An idle journal declares its last frames durable, once. It waits a moment, for the sync of the mark would stand in the
 * way of a client that asks one thing after the other. */
static bool mark_if_idle(atp_engine_t *engine)
{
    uint64_t idle_ns = engine->options.clock->monotonic_ns(engine->options.clock) - engine->written_ns;

    if (engine->is_marked || engine->last_time_ms == 0) {
        return false;
    }
    if (idle_ns < MARK_AFTER_NS && atp_load_relaxed(&engine->is_stopping) == 0) {
        return false;
    }
    atp_err_t err = atp_journal_append_mark(engine->journal, engine->incarnation, engine->last_time_ms);
    err = err == ATP_OK ? atp_journal_sync(engine->journal) : err;
    if (err != ATP_OK && err != ATP_ERR_NO_SPACE) {
        fail(engine, err, "the journal cannot be synced");
        return false;
    }
    engine->is_marked = err == ATP_OK;
    return engine->is_marked;
}

bool atp_engine_step_journal(atp_engine_t *engine)
{
    atp_clock_t *clock = engine->options.clock;
    atp_open_frame_t *written[ATP_FRAMES];
    unsigned written_count = 0;
    uint32_t ops = 0;
    atp_open_frame_t *frame;

    if (atp_load_relaxed(&engine->is_failed) != 0) {
        return false;
    }
    uint64_t begun_ns = clock->monotonic_ns(clock);
    while (written_count < ATP_FRAMES && (frame = next_closed(engine)) != NULL) {
        if (!write_frame(engine, frame)) {
            engine->unwritten = frame;
            break;
        }
        ops += frame->op_count;
        written[written_count++] = frame;
    }
    if (atp_load_relaxed(&engine->is_failed) != 0) {
        return false; /* what was written before the failure is not synced either */
    }
    if (written_count == 0) {
        return engine->unwritten == NULL && mark_if_idle(engine);
    }
    uint64_t written_ns = clock->monotonic_ns(clock);
    engine->written_ns = written_ns;
    atp_err_t err = atp_journal_sync(engine->journal);
    if (err != ATP_OK) {
        fail(engine, err, "the journal cannot be synced");
        return false;
    }
    if (engine->probes.frame != NULL && ops > 0) {
        engine->probes.frame(engine->probes.context, ops, written_ns - begun_ns,
                             clock->monotonic_ns(clock) - written_ns);
    }
    for (unsigned i = 0; i < written_count; i++) {
        answer_frame(engine, written[i]);
    }
    atp_parker_wake(&engine->ledger_parker);
    return true;
}
