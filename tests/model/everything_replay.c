/* I8: the same ops give the same state and the same answers, from the first op and from a copy of the tables. */
#include "tests/model/everything.h"

#include <string.h>

static bool replay(bench_t *bench, atp_ledger_t *ledger, size_t from, const char *what)
{
    static atp_grant_t grants[ATP_GRANTS_PER_OP_MAX];
    const journal_t *journal = &bench->journal;
    atp_why_t why = {""};

    for (size_t i = from; i < journal->count; i++) {
        const journal_entry_t *entry = &journal->entries[i];
        atp_result_t result;
        if (entry->record == SIZE_MAX) {
            atp_ledger_end_frame(ledger);
            continue;
        }
        const atp_op_t *op = (const atp_op_t *)(const void *)(journal->bytes + entry->record);
        if (!atp_ledger_apply(ledger, op, entry->now_ms, &result, grants) ||
            memcmp(&result, &entry->result, sizeof result) != 0) {
            return bench_fail(bench, "%s: op %llu (%s) is answered %s, then it was %s", what,
                              (unsigned long long)entry->result.op, atp_op_kind_name(op->kind),
                              atp_verdict_name(result.verdict), atp_verdict_name(entry->result.verdict));
        }
    }
    if (atp_ledger_hash(ledger) != atp_ledger_hash(bench->ledger)) {
        uint64_t one[EVERYTHING_TABLES] = {0};
        uint64_t other[EVERYTHING_TABLES] = {0};
        unsigned table = 0;
        everything_hashes(ledger, one);
        everything_hashes(bench->ledger, other);
        while (table + 1 < ATP_LEDGER_TABLES && one[table] == other[table]) {
            table++;
        }
        return bench_fail(bench, "%s: another state, first in table %u", what, table);
    }
    return atp_ledger_check(ledger, &why) == ATP_OK || bench_fail(bench, "%s: %s", what, why.text);
}

typedef struct copy {
    atp_table_t *into[ATP_LEDGER_TABLES];
    bool is_ok;
} copy_t;

static bool copy_piece(void *context, uint32_t table_id, uint64_t piece, const void *bytes, uint32_t size)
{
    copy_t *copy = context;

    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        if (copy->into[i]->id == table_id) {
            copy->is_ok = copy->is_ok && atp_table_restore_piece(copy->into[i], piece, bytes, size) == ATP_OK;
        }
    }
    return true;
}

bool replay_take_snapshot(bench_t *bench)
{
    copy_t copy = {.is_ok = true};
    atp_piece_sink_t sink = {copy_piece, &copy};
    atp_table_t *tables[ATP_LEDGER_TABLES];
    atp_why_t why = {""};

    atp_ledger_end_frame(bench->ledger); /* it stands between two frames */
    bench->journal.entries[bench->journal.count++].record = SIZE_MAX;
    atp_ledger_tables(bench->ledger, tables);
    atp_ledger_tables(bench->restored, copy.into);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        atp_table_copy_begin(tables[i], &sink);
        while (atp_table_copy_some(tables[i], 64) > 0) {
        }
        atp_table_copy_end(tables[i]);
        copy.is_ok =
            copy.is_ok && atp_table_restore_count(copy.into[i], atp_table_count(tables[i])) == ATP_OK;
    }
    if (!copy.is_ok || atp_ledger_rebuild(bench->restored, &why) != ATP_OK) {
        return bench_fail(bench, "snapshot: %s", why.text);
    }
    bench->snapshot_at = bench->journal.count;
    return atp_ledger_check(bench->restored, &why) == ATP_OK || bench_fail(bench, "snapshot: %s", why.text);
}

bool replay_all(bench_t *bench)
{
    atp_ledger_t *fresh = NULL;
    atp_why_t why = {""};

    if (atp_ledger_create(&bench->config, &fresh, &why) != ATP_OK) {
        return bench_fail(bench, "%s", why.text);
    }
    bool is_same = replay(bench, fresh, 0, "replayed");
    atp_ledger_destroy(fresh);
    if (is_same && bench->snapshot_at != SIZE_MAX) {
        is_same = replay(bench, bench->restored, bench->snapshot_at, "from the snapshot");
    }
    bench->reach->replays++;
    return is_same;
}
