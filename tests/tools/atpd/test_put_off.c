/* tools/atpd/facts/put_off.h: what a trace is told of batches that made no ops. */
#include "engine/ledger/ledger.h"
#include "tests/test.h"
#include "tools/atpd/facts/put_off.h"

#include <stdlib.h>

/* A ledger without any op, for its catalogue; parcels that were never handed in; the trace of "W-1". */
typedef struct rig {
    atp_ledger_t *ledger;
    atp_put_off_t *put_off;
    atp_trace_t *trace;
} rig_t;

static rig_t rig_open(void)
{
    atp_ledger_config_t config = atp_ledger_config_default();
    rig_t rig = {.put_off = atp_put_off_create(), .trace = calloc(1, sizeof *rig.trace)};
    atp_why_t why = {""};

    config.positions = config.reservations = config.lines = config.outcomes = config.history = 100;
    assert_int_equal(atp_ledger_create(&config, &rig.ledger, &why), ATP_OK);
    assert_non_null(rig.put_off);
    assert_non_null(rig.trace);
    return rig;
}

static void rig_close(rig_t *rig)
{
    atp_put_off_destroy(rig->put_off);
    atp_ledger_destroy(rig->ledger);
    free(rig->trace);
}

/* A batch of so many sales under a correlation id. */
static void note(rig_t *rig, uint64_t sequence, uint32_t facts, const char *correlation,
                 atp_verdict_t verdict)
{
    const atp_command_line_t line = {.sku = ATP_TEXT("S"), .node = ATP_TEXT("N"), .mantissa = 2};
    const atp_command_t sale = {
        .kind = ATP_OP_SALE, .correlation = atp_text_of(correlation), .line_count = 1, .lines = &line};
    const atp_op_context_t context = {.catalog = atp_ledger_catalog(rig->ledger), .in_source = true};
    const atp_op_source_t numbers = {.epoch = 1, .sequence = sequence};
    size_t capacity = ATP_OP_SIZE_MAX + (size_t)facts * 256;
    unsigned char *ops = aligned_alloc(8, (capacity + 7) & ~(size_t)7);
    atp_parcel_t parcel = {.epoch = 1, .sequence = sequence};
    atp_result_t fault;

    assert_non_null(ops);
    size_t used = atp_op_encode_source(ops, ATP_TEXT("till"), &numbers, 0);
    for (uint32_t i = 0; i < facts; i++) {
        size_t size;
        assert_int_equal(atp_op_encode(&sale, &context, ops + used, capacity - used, &size, &fault),
                         ATP_APPLIED);
        used += size;
    }
    parcel.batch = (atp_batch_t){.ops = ops, .ops_size = used, .op_count = facts + 1};
    atp_put_off_note(rig->put_off, &parcel, verdict);
    free(ops);
}

/* How many facts of W-1 wait. */
static uint64_t waiting(rig_t *rig)
{
    const atp_trace_ask_t ask = {.catalog = atp_ledger_catalog(rig->ledger), .correlation = ATP_TEXT("W-1")};

    rig->trace->count = 0;
    atp_put_off_tell(rig->put_off, &ask, rig->trace);
    return rig->trace->count;
}

static void a_batch_that_waits_is_told_once_as_it_was_tried_last(void **state)
{
    (void)state;
    rig_t rig = rig_open();

    note(&rig, 7, 2, "W-1", ATP_OUT_OF_ORDER);
    note(&rig, 7, 2, "W-1", ATP_SOURCE_PAUSED);
    assert_int_equal(waiting(&rig), 2);
    const atp_trace_op_t *op = atp_trace_at(rig.trace, 1);
    assert_true(op->op == 0 && op->epoch == 1 && op->sequence == 7 && op->waits == ATP_SOURCE_PAUSED);
    assert_true(op->time_ms > 0 && op->mantissa == 2);
    assert_true(atp_text_equal(atp_trace_text(&op->client), ATP_TEXT("till")));
    assert_true(atp_text_equal(atp_trace_text(&op->sku), ATP_TEXT("S")));
    rig_close(&rig);
}

static void what_was_applied_or_is_of_another_id_does_not_wait(void **state)
{
    (void)state;
    rig_t rig = rig_open();

    note(&rig, 1, 1, "W-2", ATP_BUSY);
    note(&rig, 2, 1, "", ATP_BUSY);
    note(&rig, 3, 1, "W-1", ATP_APPLIED);
    note(&rig, 4, 1, "W-1", ATP_BUSY);
    assert_int_equal(waiting(&rig), 1);
    note(&rig, 4, 1, "W-1", ATP_DUPLICATE_IGNORED);
    assert_int_equal(waiting(&rig), 0);
    rig_close(&rig);
}

static void what_came_again_is_counted_with_its_facts(void **state)
{
    (void)state;
    rig_t rig = rig_open();
    const atp_trace_ask_t ask = {.catalog = atp_ledger_catalog(rig.ledger), .correlation = ATP_TEXT("W-1")};

    note(&rig, 5, 1, "W-1", ATP_DUPLICATE_IGNORED);
    note(&rig, 5, 1, "W-1", ATP_DUPLICATE_IGNORED);
    rig.trace->count = 2; /* as the journal has told them */
    rig.trace->ops[0] = (atp_trace_op_t){.op = 9, .epoch = 1, .sequence = 5, .client = {4, "till"}};
    rig.trace->ops[1] = (atp_trace_op_t){.op = 10, .epoch = 1, .sequence = 6, .client = {4, "till"}};
    atp_put_off_tell(rig.put_off, &ask, rig.trace);
    assert_int_equal(rig.trace->count, 2);
    assert_true(rig.trace->ops[0].again == 2 && rig.trace->ops[0].again_ms > 0);
    assert_true(rig.trace->ops[1].again == 0 && rig.trace->ops[1].again_ms == 0);
    rig_close(&rig);
}

static void the_oldest_note_makes_room(void **state)
{
    (void)state;
    rig_t rig = rig_open();

    for (uint64_t sequence = 1; sequence <= ATP_PUT_OFF_BATCHES + 3; sequence++) {
        note(&rig, sequence, 1, sequence <= 3 ? "W-1" : "W-2", ATP_BUSY);
    }
    assert_int_equal(waiting(&rig), 0);
    note(&rig, 9999, 1, "W-1", ATP_BUSY);
    assert_int_equal(waiting(&rig), 1);
    rig_close(&rig);
}

/* Bytes are bounded, too: of a batch that is too large nothing is noted, and of many the newest stay. */
static void large_batches_are_bounded(void **state)
{
    (void)state;
    rig_t rig = rig_open();

    note(&rig, 1, 12000, "W-1", ATP_BUSY); /* above ATP_PUT_OFF_BATCH_MAX */
    assert_int_equal(waiting(&rig), 0);
    for (uint64_t sequence = 2; sequence <= 40; sequence++) {
        note(&rig, sequence, 4000, sequence == 2 ? "W-1" : "W-2", ATP_BUSY);
    }
    assert_int_equal(waiting(&rig), 0);
    note(&rig, 41, 4000, "W-1", ATP_BUSY);
    assert_int_equal(waiting(&rig), 4000);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_that_waits_is_told_once_as_it_was_tried_last),
        cmocka_unit_test(what_was_applied_or_is_of_another_id_does_not_wait),
        cmocka_unit_test(what_came_again_is_counted_with_its_facts),
        cmocka_unit_test(the_oldest_note_makes_room),
        cmocka_unit_test(large_batches_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
