#include "tests/engine/ledger/fixture_journal.h"

#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    size_t record; /* offset of the record; SIZE_MAX: the end of a frame */
    int64_t now_ms;
    atp_result_t result;
} entry_t;

struct fixture_journal {
    atp_ledger_config_t config;
    entry_t *entries;
    size_t entry_count;
    size_t entry_capacity;
    unsigned char *bytes;
    size_t size;
    size_t capacity;
};

fixture_journal_t *fixture_journal_create(const atp_ledger_config_t *config)
{
    fixture_journal_t *journal = calloc(1, sizeof *journal);

    assert_non_null(journal);
    journal->config = *config;
    return journal;
}

void fixture_journal_destroy(fixture_journal_t *journal)
{
    free(journal->entries);
    free(journal->bytes);
    free(journal);
}

static entry_t *add_entry(fixture_journal_t *journal)
{
    if (journal->entry_count == journal->entry_capacity) {
        journal->entry_capacity = journal->entry_capacity * 2 + 64;
        journal->entries = realloc(journal->entries, journal->entry_capacity * sizeof *journal->entries);
        assert_non_null(journal->entries);
    }
    return &journal->entries[journal->entry_count++];
}

void fixture_journal_add(fixture_journal_t *journal, const atp_op_t *op, int64_t now_ms,
                         const atp_result_t *result)
{
    if (journal->size + op->size > journal->capacity) {
        journal->capacity = (journal->size + op->size) * 2;
        journal->bytes = realloc(journal->bytes, journal->capacity);
        assert_non_null(journal->bytes);
    }
    memcpy(journal->bytes + journal->size, op, op->size);
    *add_entry(journal) = (entry_t){journal->size, now_ms, *result};
    journal->size += op->size;
}

void fixture_journal_end_frame(fixture_journal_t *journal)
{
    add_entry(journal)->record = SIZE_MAX;
}

/* ---- again ---- */

static void apply(const fixture_journal_t *journal, atp_ledger_t *ledger, size_t from, size_t to)
{
    static atp_grant_t grants[ATP_GRANTS_PER_OP_MAX];

    for (size_t i = from; i < to; i++) {
        const entry_t *entry = &journal->entries[i];
        atp_result_t result;
        if (entry->record == SIZE_MAX) {
            atp_ledger_end_frame(ledger);
            continue;
        }
        const atp_op_t *op = (const atp_op_t *)(const void *)(journal->bytes + entry->record);
        assert_true(atp_ledger_apply(ledger, op, entry->now_ms, &result, grants));
        if (memcmp(&result, &entry->result, sizeof result) != 0) {
            fail_msg("replayed: op %llu (%s) is answered %s, then it was %s",
                     (unsigned long long)entry->result.op, atp_op_kind_name(op->kind),
                     atp_verdict_name(result.verdict), atp_verdict_name(entry->result.verdict));
        }
    }
}

typedef struct copy {
    atp_table_t *into[ATP_LEDGER_TABLES];
} copy_t;

static bool copy_piece(void *context, uint32_t table_id, uint64_t piece, const void *bytes, uint32_t size)
{
    copy_t *copy = context;

    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        if (copy->into[i]->id == table_id) {
            assert_int_equal(atp_table_restore_piece(copy->into[i], piece, bytes, size), ATP_OK);
        }
    }
    return true;
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

/* What a snapshot of `ledger` restores. */
static atp_ledger_t *restored(atp_ledger_t *ledger, const atp_ledger_config_t *config)
{
    atp_ledger_t *other = empty_ledger(config);
    atp_table_t *tables[ATP_LEDGER_TABLES];
    copy_t copy;
    atp_piece_sink_t sink = {copy_piece, &copy};
    atp_why_t why = {""};

    atp_ledger_end_frame(ledger); /* a snapshot stands between two frames */
    atp_ledger_tables(ledger, tables);
    atp_ledger_tables(other, copy.into);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        atp_table_copy_begin(tables[i], &sink);
        while (atp_table_copy_some(tables[i], 64) > 0) {
        }
        atp_table_copy_end(tables[i]);
        assert_int_equal(atp_table_restore_count(copy.into[i], atp_table_count(tables[i])), ATP_OK);
    }
    if (atp_ledger_rebuild(other, &why) != ATP_OK) {
        fail_msg("restored: %s", why.text);
    }
    return other;
}

static void assert_same(const char *what, atp_ledger_t *one, const atp_ledger_t *other)
{
    atp_table_t *tables[2][ATP_LEDGER_TABLES];
    atp_why_t why = {""};

    atp_ledger_tables(one, tables[0]);
    atp_ledger_tables((atp_ledger_t *)(uintptr_t)other, tables[1]);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        if (atp_table_hash(tables[0][i]) != atp_table_hash(tables[1][i])) {
            fail_msg("%s: table %u is another", what, (unsigned)tables[0][i]->id);
        }
    }
    assert_true(atp_ledger_hash(one) == atp_ledger_hash(other));
    if (atp_ledger_check(one, &why) != ATP_OK) {
        fail_msg("%s: %s", what, why.text);
    }
}

/* True if the entry leans on one before it in its frame: a snapshot cannot stand between the two. */
static bool is_inside_frame(const fixture_journal_t *journal, size_t i)
{
    size_t record = journal->entries[i].record;

    if (record == SIZE_MAX) {
        return false;
    }
    const atp_op_t *op = (const atp_op_t *)(const void *)(journal->bytes + record);
    return (op->flags & ATP_OP_IN_SOURCE) != 0;
}

/* Where the snapshot is taken. Not between the op that names a client and the one it names it for: that is one frame. */
static size_t middle_of(const fixture_journal_t *journal)
{
    size_t middle = journal->entry_count / 2;

    while (middle > 0 && middle < journal->entry_count && journal->entries[middle - 1].record != SIZE_MAX &&
           ((const atp_op_t *)(const void *)(journal->bytes + journal->entries[middle - 1].record))->kind ==
               ATP_OP_CLIENT) {
        middle++;
    }
    return middle;
}

void fixture_journal_replay(const fixture_journal_t *journal, const atp_ledger_t *ledger)
{
    size_t middle = middle_of(journal);

    while (middle > 0 && is_inside_frame(journal, middle)) {
        middle--;
    }
    if (middle == 0) {
        return;
    }
    atp_ledger_t *replayed = empty_ledger(&journal->config);
    apply(journal, replayed, 0, middle);
    atp_ledger_t *from_snapshot = restored(replayed, &journal->config);
    apply(journal, replayed, middle, journal->entry_count);
    apply(journal, from_snapshot, middle, journal->entry_count);
    assert_same("replayed", replayed, ledger);
    assert_same("from a snapshot", from_snapshot, ledger);
    atp_ledger_destroy(replayed);
    atp_ledger_destroy(from_snapshot);
}
