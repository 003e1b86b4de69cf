/* J1 to J4: the ring of postings, and who hears them. */
#include "engine/ledger/check/ledger_check_priv.h"

static atp_err_t check_posting(const atp_ledger_t *ledger, uint64_t number, atp_why_t *ret_why)
{
    const atp_postings_t *postings = &ledger->postings;
    const atp_posting_t *posting = atp_postings_at(postings, number);
    const atp_posting_t *before = atp_postings_at(postings, number - 1);
    uint64_t known = (UINT64_C(1) << (atp_subscriber_count(postings) & 63)) - 1;

    if (posting->number != number || posting->op > ledger->root->op || posting->index == 0 ||
        posting->kind >= ATP_POSTING_KIND_COUNT || posting->row >= atp_table_count(&ledger->positions.rows)) {
        return ATP_BROKEN(ret_why, "J1", "posting %llu is not at its place", (ull_t)number);
    }
    bool is_of_same_op = before != NULL && before->op == posting->op;
    if (before != NULL &&
        (before->op > posting->op || posting->index != (is_of_same_op ? before->index + 1 : 1))) {
        return ATP_BROKEN(ret_why, "J1", "posting %llu is not the next of its op", (ull_t)number);
    }
    if (atp_subscriber_count(postings) < 64 && (posting->confirmed & ~known) != 0) {
        return ATP_BROKEN(ret_why, "J3", "posting %llu is confirmed by nobody", (ull_t)number);
    }
    return ATP_OK;
}

static atp_err_t check_subscribers(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_postings_t *postings = &ledger->postings;
    const atp_posting_heads_t *heads = postings->heads;
    uint64_t live = 0;

    for (uint32_t i = 0; i < atp_subscriber_count(postings); i++) {
        const atp_subscriber_t *subscriber = atp_subscriber_at(postings, i);
        live += subscriber->is_live;
        if (subscriber->acknowledged > heads->newest || subscriber->settled > heads->newest ||
            subscriber->from > heads->newest) {
            return ATP_BROKEN(ret_why, "J2", "subscriber %llu is ahead of the newest posting", (ull_t)i);
        }
    }
    if (live != heads->live || ledger->has_postings != (live > 0)) {
        return ATP_BROKEN(ret_why, "J4", "%llu subscribers are live, the heads say %llu", (ull_t)live,
                          (ull_t)heads->live);
    }
    return ATP_OK;
}

atp_err_t atp_check_postings(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_postings_t *postings = &ledger->postings;
    uint64_t newest = postings->heads->newest;
    uint64_t capacity = postings->records.capacity;
    uint64_t kept = newest < capacity ? newest : capacity;
    atp_err_t err = check_subscribers(ledger, ret_why);

    if (err == ATP_OK && atp_table_count(&postings->records) != kept) {
        return ATP_BROKEN(ret_why, "J1", "%llu postings are kept of %llu",
                          (ull_t)atp_table_count(&postings->records), (ull_t)newest);
    }
    for (uint64_t number = newest - kept + 1; err == ATP_OK && number <= newest; number++) {
        err = check_posting(ledger, number, ret_why);
    }
    return err;
}
