/* Same ops in, same state out: replayed from the first op, and from tables copied aside while the ledger went on.
 * Indexes, directories and the wheel's memory of quiet slots are rebuilt there: they are no state. */
#include "tests/model/pair.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define OPS 4000u
#else
#define OPS 12000u
#endif

/* ---- a journal in memory ---- */

typedef struct entry {
    size_t record; /* offset of the record; SIZE_MAX: the end of a frame */
    int64_t now_ms;
    atp_result_t result;
} entry_t;

typedef struct journal {
    entry_t *entries;
    size_t entry_count;
    size_t entry_capacity;
    unsigned char *bytes;
    size_t size;
    size_t capacity;
} journal_t;

static entry_t *add_entry(journal_t *journal)
{
    if (journal->entry_count == journal->entry_capacity) {
        journal->entry_capacity = journal->entry_capacity * 2 + 1024;
        journal->entries = realloc(journal->entries, journal->entry_capacity * sizeof *journal->entries);
        assert_non_null(journal->entries);
    }
    return &journal->entries[journal->entry_count++];
}

static void write_op(void *context, const atp_op_t *op, int64_t now_ms, const atp_result_t *result)
{
    journal_t *journal = context;

    if (journal->size + op->size > journal->capacity) {
        journal->capacity = (journal->size + op->size) * 2;
        journal->bytes = realloc(journal->bytes, journal->capacity);
        assert_non_null(journal->bytes);
    }
    memcpy(journal->bytes + journal->size, op, op->size);
    *add_entry(journal) = (entry_t){journal->size, now_ms, *result};
    journal->size += op->size;
}

static void write_frame_end(void *context)
{
    add_entry(context)->record = SIZE_MAX;
}

static void journal_free(journal_t *journal)
{
    free(journal->entries);
    free(journal->bytes);
}

static void replay(atp_ledger_t *ledger, const journal_t *journal, size_t from)
{
    static atp_grant_t grants[ATP_GRANTS_PER_OP_MAX];

    for (size_t i = from; i < journal->entry_count; i++) {
        const entry_t *entry = &journal->entries[i];
        if (entry->record == SIZE_MAX) {
            atp_ledger_end_frame(ledger);
            continue;
        }
        const atp_op_t *op = (const atp_op_t *)(const void *)(journal->bytes + entry->record);
        atp_result_t result;
        assert_true(atp_ledger_apply(ledger, op, entry->now_ms, &result, grants));
        assert_memory_equal(&result, &entry->result, sizeof result);
    }
}

static void assert_sound(const atp_ledger_t *ledger)
{
    atp_why_t why = {""};

    if (atp_ledger_check(ledger, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
}

static atp_ledger_t *empty_ledger(const atp_ledger_config_t *config)
{
    atp_ledger_t *ledger = NULL;
    atp_why_t why = {""};

    if (atp_ledger_create(config, &ledger, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    return ledger;
}

static pair_t *recorded_pair(uint64_t seed, journal_t *journal)
{
    static pair_reach_t reach;
    pair_t *pair = pair_create(seed, &reach);

    pair->journal = write_op;
    pair->journal_frame_end = write_frame_end;
    pair->journal_context = journal;
    return pair;
}

/* ---- from the first op ---- */

static void the_same_ops_give_the_same_state_and_answers(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        journal_t journal = {0};
        pair_t *pair = recorded_pair(seed, &journal);
        atp_ledger_t *first = empty_ledger(&pair->model->config);
        atp_ledger_t *second = empty_ledger(&pair->model->config);
        for (unsigned i = 0; i < OPS; i++) {
            pair_step(pair);
        }
        replay(first, &journal, 0);
        replay(second, &journal, 0);
        assert_sound(first);
        assert_true(atp_ledger_hash(first) == atp_ledger_hash(pair->ledger));
        assert_true(atp_ledger_hash(second) == atp_ledger_hash(pair->ledger));
        atp_ledger_destroy(first);
        atp_ledger_destroy(second);
        pair_destroy(pair);
        journal_free(&journal);
    }
}

static void one_op_less_is_another_state(void **state)
{
    (void)state;
    journal_t journal = {0};
    pair_t *pair = recorded_pair(7, &journal);
    atp_ledger_t *ledger = empty_ledger(&pair->model->config);

    for (unsigned i = 0; i < 500; i++) {
        pair_step(pair);
    }
    while (journal.entries[journal.entry_count - 1].record == SIZE_MAX) {
        journal.entry_count--;
    }
    journal.entry_count--;
    replay(ledger, &journal, 0);
    assert_true(atp_ledger_hash(ledger) != atp_ledger_hash(pair->ledger));
    atp_ledger_destroy(ledger);
    pair_destroy(pair);
    journal_free(&journal);
}

/* ---- from a snapshot taken in passing ---- */

typedef struct snapshot {
    atp_table_t *into[ATP_LEDGER_TABLES]; /* of the ledger being restored */
    uint64_t counts[ATP_LEDGER_TABLES];
    uint64_t pieces;
} snapshot_t;

static bool save_piece(void *context, uint32_t table_id, uint64_t piece, const void *bytes, uint32_t size)
{
    snapshot_t *snapshot = context;

    bool is_known = false;
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        if (snapshot->into[i]->id == table_id) {
            is_known = true;
            assert_int_equal(atp_table_restore_piece(snapshot->into[i], piece, bytes, size), ATP_OK);
        }
    }
    assert_true(is_known);
    snapshot->pieces++;
    return true;
}

/* Copies all tables of the pair's ledger as of now into `restored`, a few pieces after each op. */
static void copy_in_passing(pair_t *pair, atp_ledger_t *restored)
{
    snapshot_t snapshot = {.pieces = 0};
    atp_piece_sink_t sink = {save_piece, &snapshot};
    atp_table_t *tables[ATP_LEDGER_TABLES];
    uint64_t hash = atp_ledger_hash(pair->ledger);
    unsigned done = 0;

    atp_ledger_tables(pair->ledger, tables);
    atp_ledger_tables(restored, snapshot.into);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        snapshot.counts[i] = atp_table_count(tables[i]);
        atp_table_copy_begin(tables[i], &sink);
    }
    while (done < ATP_LEDGER_TABLES) {
        pair_step(pair);
        if (atp_table_copy_some(tables[done], 1) == 0) {
            assert_int_equal(atp_table_copy_state(tables[done]), ATP_COPY_DONE);
            done++;
        }
    }
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        atp_table_copy_end(tables[i]);
        assert_int_equal(atp_table_restore_count(snapshot.into[i], snapshot.counts[i]), ATP_OK);
    }
    assert_true(snapshot.pieces > ATP_LEDGER_TABLES);
    assert_true(atp_ledger_hash(restored) == hash); /* as of the op it began at, not of any later one */
}

static void a_restored_ledger_goes_on_like_the_one_it_was_copied_from(void **state)
{
    (void)state;
    for (uint64_t seed = 11; seed <= 16; seed++) {
        journal_t journal = {0};
        pair_t *pair = recorded_pair(seed, &journal);
        atp_ledger_t *restored = empty_ledger(&pair->model->config);
        atp_why_t why = {""};
        for (unsigned i = 0; i < OPS / 2; i++) {
            pair_step(pair);
        }
        atp_ledger_end_frame(pair->ledger); /* a snapshot stands between two frames */
        model_end_frame(pair->model);
        size_t from = journal.entry_count;
        copy_in_passing(pair, restored);
        for (unsigned i = 0; i < OPS / 2; i++) {
            pair_step(pair);
        }
        if (atp_ledger_rebuild(restored, &why) != ATP_OK) {
            fail_msg("%s", why.text);
        }
        assert_sound(restored);
        replay(restored, &journal, from);
        assert_sound(restored);
        assert_true(atp_ledger_hash(restored) == atp_ledger_hash(pair->ledger));
        atp_ledger_destroy(restored);
        pair_destroy(pair);
        journal_free(&journal);
    }
}

static void tables_of_other_capacities_are_no_ledger_of_this_configuration(void **state)
{
    (void)state;
    journal_t journal = {0};
    pair_t *pair = recorded_pair(21, &journal);
    atp_ledger_config_t config = pair->model->config;
    atp_why_t why = {""};

    config.outcomes += 1;
    atp_ledger_t *restored = empty_ledger(&config);
    assert_int_equal(atp_ledger_rebuild(restored, &why), ATP_ERR_FORMAT); /* nothing in it */
    pair_step(pair);
    atp_ledger_end_frame(pair->ledger);
    model_end_frame(pair->model);
    copy_in_passing(pair, restored);
    assert_int_equal(atp_ledger_rebuild(restored, &why), ATP_ERR_FORMAT);
    assert_string_not_equal(why.text, "");
    atp_ledger_destroy(restored);
    pair_destroy(pair);
    journal_free(&journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_ops_give_the_same_state_and_answers),
        cmocka_unit_test(one_op_less_is_another_state),
        cmocka_unit_test(a_restored_ledger_goes_on_like_the_one_it_was_copied_from),
        cmocka_unit_test(tables_of_other_capacities_are_no_ledger_of_this_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
