/* Postings: of each op they add up to what it did to the buckets of every row, and the ring keeps the newest of a plain list. */
#include "tests/model/everything.h"

#include <stdlib.h>
#include <string.h>

void postings_before(bench_t *bench)
{
    const atp_posting_heads_t *heads = atp_ledger_postings(bench->ledger)->heads;

    bench->postings_before = heads->newest;
    bench->has_subscriber = heads->live > 0;
}

/* What outside knows of a posting never changes: who has confirmed it is beside that. */
static bool is_same(const atp_posting_t *kept, const atp_posting_t *listed)
{
    atp_posting_t plain = *kept;

    plain.confirmed = listed->confirmed;
    plain.confirmed_op = listed->confirmed_op;
    plain.confirmed_ms = listed->confirmed_ms;
    plain.is_reconciled = listed->is_reconciled;
    return memcmp(&plain, listed, sizeof plain) == 0;
}

static bool look_at_ring(bench_t *bench)
{
    const atp_postings_t *postings = atp_ledger_postings(bench->ledger);

    for (uint64_t number = 1; number <= bench->listed; number++) {
        const atp_posting_t *kept = atp_postings_at(postings, number);
        bool is_kept = number + postings->records.capacity > bench->listed;
        if ((kept != NULL) != is_kept || (is_kept && !is_same(kept, &bench->list[number - 1]))) {
            return bench_fail(bench, "J1: posting %llu is not what it was", (unsigned long long)number);
        }
        char key[ATP_POSTING_KEY_SIZE];
        if (is_kept && number >= postings->heads->first &&
            atp_postings_find(postings, (atp_text_t){key, atp_posting_key(kept, key)}) != number) {
            return bench_fail(bench, "the key %s finds another posting", key);
        }
    }
    return true;
}

/* Adds the changes of this op's postings to what the rows were. */
static void add_changes(bench_t *bench, uint64_t newest, atp_posting_change_t *sums)
{
    for (uint64_t number = bench->postings_before + 1; number <= newest; number++) {
        const atp_posting_t *posting = atp_postings_at(atp_ledger_postings(bench->ledger), number);
        atp_posting_change_t *sum = &sums[posting->row];
        sum->on_hand += posting->change.on_hand;
        sum->unavailable += posting->change.unavailable;
        sum->reserved += posting->change.reserved;
        sum->allocated += posting->change.allocated;
        if (bench->listed < LISTED_POSTINGS_MAX) {
            bench->list[bench->listed++] = *posting;
        }
    }
}

static bool compare_sums(bench_t *bench, const atp_posting_change_t *sums)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);

    for (uint32_t row = 0; row < atp_table_count(&positions->rows); row++) {
        const atp_position_view_t *before = &bench->rows[row];
        const atp_posting_change_t *sum = &sums[row];
        atp_position_view_t after;
        atp_positions_read(positions, row, &after);
        if (before->on_hand + sum->on_hand != after.on_hand ||
            before->unavailable + sum->unavailable != after.unavailable ||
            before->reserved + sum->reserved != after.reserved ||
            before->allocated + sum->allocated != after.allocated) {
            return bench_fail(
                bench, "postings of row %u: %lld %lld %lld %lld, the buckets changed by %lld %lld %lld %lld",
                row, (long long)sum->on_hand, (long long)sum->unavailable, (long long)sum->reserved,
                (long long)sum->allocated, (long long)(after.on_hand - before->on_hand),
                (long long)(after.unavailable - before->unavailable),
                (long long)(after.reserved - before->reserved),
                (long long)(after.allocated - before->allocated));
        }
    }
    return true;
}

bool postings_after(bench_t *bench)
{
    static atp_posting_change_t sums[EVERYTHING_ROWS];
    const atp_postings_t *postings = atp_ledger_postings(bench->ledger);
    uint64_t newest = postings->heads->newest;
    bool is_whole =
        newest - bench->postings_before <= postings->records.capacity && newest <= LISTED_POSTINGS_MAX;

    if (!bench->has_subscriber && newest != bench->postings_before) {
        return bench_fail(bench, "a posting that nobody hears of");
    }
    if (!bench->has_subscriber || !is_whole) {
        bench->listed = is_whole ? bench->listed : LISTED_POSTINGS_MAX + 1;
        return true;
    }
    memset(sums, 0, sizeof sums);
    add_changes(bench, newest, sums);
    bool is_listed = bench->listed == newest;
    return compare_sums(bench, sums) && (!is_listed || bench->result.op % 16 != 0 || look_at_ring(bench));
}
