/* The ledger beside the reference model on random ops.
 *
 *     test_model [SEED [OPS]]        (or ATP_MODEL_SEED, ATP_MODEL_OPS)
 *
 * A run is cut into ledgers of 20,000 ops, each of another configuration. What the generator reached is printed, and
 * it is a failure if there is a verdict of the ledger that it did not reach. */
#include "tests/model/pair.h"
#include "tests/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPS_PER_LEDGER   20000u
#define OPS_PER_COMPARE  61u
#define OPS_PER_CHECK    997u
#define OPS_TO_REACH_ALL 300000u

/* A sanitizer makes it slower by an order of magnitude; still enough to reach everything. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OPS_DEFAULT 320000u
#else
#define OPS_DEFAULT 1200000u
#endif

static uint64_t seed = 20261121;
static uint64_t ops_wanted = OPS_DEFAULT;
static pair_reach_t reach;

/* Verdicts that are given before the ledger, by a query, or by what has a model of its own. */
static const uint8_t out_of_scope[] = {
    ATP_UNSUPPORTED_VERSION,
    ATP_MESSAGE_TOO_LARGE,
    ATP_TOO_MANY_OPS,
    ATP_UNAUTHORISED,
    ATP_BUSY,
    ATP_UNAVAILABLE,
    ATP_QTY_MALFORMED,
    ATP_TOO_MANY_ATTRIBUTES, /* attributes: tests/engine/base/test_attribute.c */
    ATP_ATTRIBUTE_NOT_TAKEN,
    ATP_ATTRIBUTE_OUT_OF_RANGE,
    ATP_ATTRIBUTE_MISSING,
    ATP_UNKNOWN_ID,
    ATP_BELOW_MINIMUM, /* tests/model/test_limits.c */
    ATP_ABOVE_MAXIMUM,
    ATP_NOT_IN_INCREMENTS,
    ATP_NOT_FOR_SALE,
    ATP_VERSION_DIFFERS,
    ATP_LIMITS_FULL,
    ATP_OUT_OF_ORDER,      /* tests/engine/ledger/facts/test_sources.c */
    ATP_UNKNOWN_EXCEPTION, /* tests/engine/ledger/reservations/test_ledger_settle.c */
    ATP_ALREADY_SETTLED,
    ATP_NO_FACT_KEPT,
    ATP_AUTHORITY_TAKEN, /* tests/engine/ledger/facts/test_registry.c */
    ATP_SOURCE_PAUSED,
    ATP_OUTSIDE_AUTHORITY,
    ATP_UNKNOWN_SOURCE,
    ATP_UNKNOWN_OWNER, /* tests/engine/ledger/facts/test_owners.c */
    ATP_SKU_IN_USE,    /* tests/engine/ledger/catalog/test_merge.c */
    ATP_MERGE_TOO_LARGE,
    ATP_ALIAS_CONFLICT, /* tests/engine/ledger/catalog/test_aliases.c */
    ATP_UNIT_UNKNOWN,
    ATP_PARKED,       /* tests/engine/ledger/facts/test_parking.c */
    ATP_UNKNOWN_FEED, /* tests/model/test_feeds.c */
    ATP_FEED_UNDECIDED,
    ATP_FEED_STALE,
    ATP_POSTINGS_FULL, /* tests/engine/ledger/outbound/test_postings.c */
    ATP_SUBSCRIBERS_FULL,
    ATP_UNKNOWN_POSTING,
    ATP_UNKNOWN_SUBSCRIBER,
    ATP_UNKNOWN_GROUP, /* tests/engine/ledger/catalog/test_groups.c */
    ATP_GROUPS_FULL,
    ATP_SPLIT_NOT_ALLOWED, /* tests/model/test_sourcing.c */
    ATP_KIT_TOO_LARGE,     /* tests/model/test_kits.c */
    ATP_KIT_CYCLE,
    ATP_KITS_FULL,
    ATP_COMPONENTS_FULL,
    ATP_APPLIED_BEYOND, /* tests/model/test_supply.c */
    ATP_UNKNOWN_SUPPLY,
    ATP_SUPPLY_ENDED,
    ATP_SUPPLY_ELSEWHERE,
    ATP_SUPPLIES_FULL,
    ATP_PEGS_FULL,
    ATP_CHANNEL_NOT_OPEN, /* tests/model/test_channels.c */
    ATP_UNKNOWN_RULE,
    ATP_RULE_INVALID,
    ATP_RULE_IN_USE,
    ATP_ABOVE_CAP,
    ATP_ACCOUNTS_FULL,
    ATP_TAGS_FULL,
    ATP_RULES_FULL,
    ATP_QUOTAS_FULL,
    ATP_NOT_SHIPPED, /* tests/model/test_steps.c */
    ATP_ALREADY_PICKED,
    ATP_ALREADY_PACKED,
    ATP_ALREADY_DELIVERED,
    ATP_ALREADY_RETURNED,
    ATP_ALREADY_RECONCILED,
    ATP_ALREADY_SHORT,
    ATP_PROGRESS_FULL,
    ATP_NODE_AT_CAPACITY, /* tests/model/test_capacity.c */
    ATP_NOT_READY_IN_TIME,
    ATP_TIME_ZONE_INVALID,
    ATP_BOOKINGS_FULL,
};

static bool is_out_of_scope(unsigned verdict)
{
    return memchr(out_of_scope, (int)verdict, sizeof out_of_scope) != NULL;
}

static uint64_t count_of(unsigned verdict)
{
    uint64_t count = 0;

    for (unsigned kind = 0; kind < ATP_OP_KIND_LIMIT; kind++) {
        count += reach.verdicts[kind][verdict];
    }
    return count;
}

static void print_reach(void)
{
    printf("seed %" PRIu64 ": %" PRIu64 " ops, %" PRIu64 " repeats, %" PRIu64 " conflicts (%" PRIu64
           " named otherwise), %" PRIu64 " evictions, %" PRIu64 " records with names as text\n",
           seed, reach.ops, reach.repeats, reach.conflicts, reach.conflicts_named_otherwise, reach.evictions,
           reach.named_records);
    printf("exceptions: over-commitment %" PRIu64 ", shipped without reservation %" PRIu64
           ", fact refused %" PRIu64 ", sequence lost %" PRIu64 "\n",
           reach.exceptions[1], reach.exceptions[2], reach.exceptions[3], reach.exceptions[4]);
    printf("unknown kinds: unknown_kind %" PRIu64 "\n", count_of(ATP_UNKNOWN_KIND));
    for (unsigned kind = 0; kind < ATP_OP_KIND_LIMIT; kind++) {
        if (atp_op_kind_name(kind) == NULL) {
            continue;
        }
        printf("%s:", atp_op_kind_name(kind));
        for (unsigned verdict = 0; verdict < ATP_VERDICT_LIMIT; verdict++) {
            if (reach.verdicts[kind][verdict] > 0 && verdict != ATP_UNKNOWN_KIND) {
                printf(" %s %" PRIu64, atp_verdict_name(verdict), reach.verdicts[kind][verdict]);
            }
        }
        printf("\n");
    }
}

static void ledger_and_model_answer_alike(void **state)
{
    (void)state;
    uint64_t ledgers = (ops_wanted + OPS_PER_LEDGER - 1) / OPS_PER_LEDGER;

    for (uint64_t number = 0; number < ledgers; number++) {
        uint64_t of_this_ledger = seed * 1000003 + number;
        pair_t *pair = pair_create(of_this_ledger, &reach);
        for (uint64_t i = 1; i <= OPS_PER_LEDGER; i++) {
            pair_step(pair);
            if (i % OPS_PER_COMPARE == 0) {
                pair_compare(pair);
            }
            if (i % OPS_PER_CHECK == 0) {
                pair_check(pair);
            }
        }
        pair_compare(pair);
        pair_check(pair);
        pair_destroy(pair);
    }
    print_reach();
}

static void every_verdict_of_the_ledger_is_reached(void **state)
{
    (void)state;
    unsigned missing = 0;

    if (reach.ops < OPS_TO_REACH_ALL) {
        printf("%" PRIu64 " ops are too few to reach everything\n", reach.ops);
        skip();
    }
    for (unsigned verdict = 0; verdict < ATP_VERDICT_LIMIT; verdict++) {
        if (atp_verdict_name(verdict) != NULL && !is_out_of_scope(verdict) && count_of(verdict) == 0) {
            printf("never reached: %s\n", atp_verdict_name(verdict));
            missing++;
        }
    }
    assert_int_equal(missing, 0);
    assert_true(reach.questions[ATP_UNKNOWN_ID] > 0 && reach.questions[ATP_APPLIED] > 0);
    for (unsigned kind = ATP_EXCEPTION_OVER_COMMITMENT; kind <= ATP_EXCEPTION_SEQUENCE_LOST; kind++) {
        assert_true(reach.exceptions[kind] > 0);
    }
    assert_true(reach.evictions > 0 && reach.repeats > 0);
    /* 1 of 256 fields agrees by chance in the bits that are kept. */
    assert_true(reach.conflicts > 1000 && reach.conflicts_named_otherwise * 64 < reach.conflicts);
}

int main(int argc, char **argv)
{
    const char *seed_text = argc > 1 ? argv[1] : getenv("ATP_MODEL_SEED");
    const char *ops_text = argc > 2 ? argv[2] : getenv("ATP_MODEL_OPS");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ledger_and_model_answer_alike),
        cmocka_unit_test(every_verdict_of_the_ledger_is_reached),
    };

    seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : seed;
    ops_wanted = ops_text != NULL ? strtoull(ops_text, NULL, 10) : ops_wanted;
    printf("seed %" PRIu64 ", %" PRIu64 " ops: test_model SEED OPS runs others\n", seed, ops_wanted);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
