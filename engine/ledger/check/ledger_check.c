/* Every numbered invariant of the ledger, recomputed from the records. Slow; told by number. */
#include "engine/ledger/check/ledger_check_priv.h"

#include <stdlib.h>

/* ---- outcomes ---- */

/* O2. (O1 speaks of what is gone: the floor never falls, and only rises in forget_oldest.) */
static atp_err_t check_outcomes_found(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_outcomes_t *outcomes = &ledger->outcomes;
    const atp_outcome_heads_t *heads = outcomes->heads;
    uint64_t capacity = outcomes->records.capacity;
    uint64_t kept = heads->next < capacity ? heads->next : capacity;

    if (heads->first > heads->next || heads->next - heads->first > capacity ||
        atp_table_count(&outcomes->records) != kept) {
        return ATP_BROKEN(ret_why, "O2", "outcomes %llu to %llu do not fit a table of %llu",
                          (ull_t)heads->first, (ull_t)heads->next,
                          (ull_t)atp_table_count(&outcomes->records));
    }
    for (uint64_t i = heads->first; i < heads->next; i++) {
        const atp_outcome_t *outcome = atp_table_at(&outcomes->records, i % capacity);
        if (atp_outcomes_find(outcomes, outcome->id) != outcome) {
            return ATP_BROKEN(ret_why, "O2", "the outcome of op %llu is not found by its fingerprint",
                              (ull_t)outcome->op);
        }
        if (outcome->op == 0 || outcome->op > ledger->root->op ||
            outcome->client >= atp_table_count(&ledger->catalog.clients)) {
            return ATP_BROKEN(ret_why, "O2", "outcome %llu names op %llu of client %u", (ull_t)i,
                              (ull_t)outcome->op, outcome->client);
        }
    }
    return atp_check_index(&outcomes->index, "outcomes", heads->next - heads->first, ret_why);
}

/* O3. Allocates a counter a client. */
static atp_err_t check_outcome_counts(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_outcomes_t *outcomes = &ledger->outcomes;
    uint64_t clients = atp_table_count(&ledger->catalog.clients);
    uint64_t *counts = calloc(clients + 1, sizeof *counts);
    atp_err_t err = ATP_OK;

    if (counts == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory to count the outcomes of %llu clients",
                        (ull_t)clients);
    }
    for (uint64_t i = outcomes->heads->first; i < outcomes->heads->next; i++) {
        const atp_outcome_t *outcome = atp_table_at(&outcomes->records, i % outcomes->records.capacity);
        counts[outcome->client]++;
    }
    for (uint64_t i = 0; err == ATP_OK && i < clients; i++) {
        const atp_client_record_t *client = atp_table_at(&ledger->catalog.clients, i);
        if (client->outcomes != counts[i]) {
            err = ATP_BROKEN(ret_why, "O3", "client %llu counts %llu outcomes, there are %llu", (ull_t)i,
                             (ull_t)client->outcomes, (ull_t)counts[i]);
        }
    }
    free(counts);
    return err;
}

/* ---- sources ---- */

/* Batches seen in the window at or above `low`; UINT64_MAX if a bit stands where no number can. */
static uint64_t seen_in_window(const atp_source_record_t *source)
{
    uint64_t expected = 0;
    uint64_t bits = 0;

    for (uint64_t sequence = source->low; sequence <= source->high; sequence++) {
        uint64_t bit = sequence % ATP_SOURCE_WINDOW;
        expected += source->seen[bit / 64] >> (bit % 64) & 1;
    }
    for (unsigned i = 0; i < ATP_SOURCE_WINDOW / 64; i++) {
        bits += (uint64_t)__builtin_popcountll(source->seen[i]);
    }
    return bits == expected ? bits : UINT64_MAX;
}

static atp_err_t check_sources(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(&ledger->catalog.sources);

    for (uint64_t i = 0; i < count; i++) {
        const atp_source_record_t *source = atp_table_at(&ledger->catalog.sources, i);
        if (source->batches == 0 && source->epoch == 0 && source->high == 0) {
            continue; /* registered, and not heard yet */
        }
        if (source->epoch == 0 || source->low == 0 || source->high + 1 < source->low ||
            source->high >= source->low + ATP_SOURCE_WINDOW) {
            return ATP_BROKEN(ret_why, "N2", "source %llu has a window from %llu to %llu", (ull_t)i,
                              (ull_t)source->low, (ull_t)source->high);
        }
        if (source->gap_ms < 0 || source->gap_ms > ledger->root->time_ms ||
            (source->gap_ms != 0 && source->low > source->high)) {
            return ATP_BROKEN(ret_why, "N4", "source %llu misses nothing since %lld", (ull_t)i,
                              (long long)source->gap_ms);
        }
        if (seen_in_window(source) == UINT64_MAX ||
            (source->low <= source->high &&
             atp_sources_look(source, &(atp_op_source_t){.epoch = source->epoch, .sequence = source->low}) !=
                 ATP_SEQUENCE_NEW)) {
            return ATP_BROKEN(ret_why, "N1", "source %llu has marks outside its window, or at its low end",
                              (ull_t)i);
        }
    }
    return ATP_OK;
}

/* ---- exceptions and the root ---- */

static atp_err_t check_exceptions(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_exceptions_t *exceptions = &ledger->exceptions;
    uint64_t count = atp_table_count(&exceptions->records);

    for (uint64_t i = 0; i < count; i++) {
        const atp_exception_t *exception = atp_table_at(&exceptions->records, i);
        if (exception->op > exception->last_op || exception->last_op > ledger->root->op ||
            exception->settled_op > ledger->root->op) {
            return ATP_BROKEN(ret_why, "L4", "exception %llu is of an op that is still to come",
                              (ull_t)exception->number);
        }
    }
    return atp_exceptions_check(exceptions, ret_why);
}

static atp_err_t check_root(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t stamp = atp_load_relaxed(&((atp_ledger_t *)ledger)->stamp);

    if (atp_table_count(&ledger->root_table) != 1 || ledger->root->op == 0) {
        return ATP_BROKEN(ret_why, "L1", "there was no genesis op");
    }
    if (stamp != 2 * ledger->root->op) {
        return ATP_BROKEN(ret_why, "L1", "the published stamp is %llu, the last op %llu", (ull_t)stamp,
                          (ull_t)ledger->root->op);
    }
    if (!atp_ledger_fits(ledger, &ledger->root->config)) {
        return ATP_BROKEN(ret_why, "L4", "the tables do not have the capacities of the configuration");
    }
    return atp_ledger_config_check(&ledger->root->config, ret_why);
}

atp_err_t atp_ledger_check(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t lines_in_trees = 0;
    atp_err_t err = check_root(ledger, ret_why);

    err = err == ATP_OK ? atp_check_catalog(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_groups(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_positions(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_progress(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_orders(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_reservations(ledger, &lines_in_trees, ret_why) : err;
    err = err == ATP_OK ? atp_check_channels(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_levels(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_trees(ledger, lines_in_trees, ret_why) : err;
    err = err == ATP_OK ? atp_check_archive(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_limits(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_demand(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_wheel(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_capacity(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_supplies(ledger, ret_why) : err;
    err = err == ATP_OK ? check_outcomes_found(ledger, ret_why) : err;
    err = err == ATP_OK ? check_outcome_counts(ledger, ret_why) : err;
    err = err == ATP_OK ? check_sources(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_registry(ledger, ret_why) : err;
    err = err == ATP_OK ? check_exceptions(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_kits(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_postings(ledger, ret_why) : err;
    err = err == ATP_OK ? atp_check_feeds(ledger, ret_why) : err;
    return err == ATP_OK ? atp_check_strings(ledger, ret_why) : err;
}
