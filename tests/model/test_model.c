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
static bool is_out_of_scope(unsigned verdict)
{
    switch (verdict) {
    case ATP_UNSUPPORTED_VERSION:
    case ATP_MESSAGE_TOO_LARGE:
    case ATP_TOO_MANY_OPS:
    case ATP_UNAUTHORISED:
    case ATP_BUSY:
    case ATP_UNAVAILABLE:
    case ATP_QTY_MALFORMED:
    case ATP_TOO_MANY_ATTRIBUTES: /* attributes: tests/engine/base/test_attribute.c */
    case ATP_ATTRIBUTE_NOT_TAKEN:
    case ATP_ATTRIBUTE_OUT_OF_RANGE:
    case ATP_ATTRIBUTE_MISSING:
    case ATP_UNKNOWN_ID:
    case ATP_BELOW_MINIMUM: /* tests/model/test_limits.c */
    case ATP_ABOVE_MAXIMUM:
    case ATP_NOT_IN_INCREMENTS:
    case ATP_NOT_FOR_SALE:
    case ATP_VERSION_DIFFERS:
    case ATP_LIMITS_FULL:
    case ATP_OUT_OF_ORDER:      /* tests/engine/ledger/test_sources.c */
    case ATP_UNKNOWN_EXCEPTION: /* tests/engine/ledger/test_ledger_settle.c */
    case ATP_ALREADY_SETTLED:
    case ATP_NO_FACT_KEPT:
    case ATP_AUTHORITY_TAKEN: /* tests/engine/ledger/test_registry.c */
    case ATP_SOURCE_PAUSED:
    case ATP_OUTSIDE_AUTHORITY:
    case ATP_UNKNOWN_SOURCE:
    case ATP_ALIAS_CONFLICT: /* tests/engine/ledger/test_aliases.c */
    case ATP_UNIT_UNKNOWN:
    case ATP_PARKED:       /* tests/engine/ledger/test_parking.c */
    case ATP_UNKNOWN_FEED: /* tests/model/test_feeds.c */
    case ATP_FEED_UNDECIDED:
    case ATP_FEED_STALE:
    case ATP_POSTINGS_FULL: /* tests/engine/ledger/test_postings.c */
    case ATP_SUBSCRIBERS_FULL:
    case ATP_UNKNOWN_POSTING:
    case ATP_UNKNOWN_SUBSCRIBER:
    case ATP_UNKNOWN_GROUP: /* tests/engine/ledger/test_groups.c */
    case ATP_GROUPS_FULL:
    case ATP_SPLIT_NOT_ALLOWED: /* tests/model/test_sourcing.c */
    case ATP_KIT_TOO_LARGE:     /* tests/model/test_kits.c */
    case ATP_KIT_CYCLE:
    case ATP_KITS_FULL:
    case ATP_COMPONENTS_FULL:
    case ATP_APPLIED_BEYOND: /* tests/model/test_supply.c */
    case ATP_UNKNOWN_SUPPLY:
    case ATP_SUPPLY_ENDED:
    case ATP_SUPPLY_ELSEWHERE:
    case ATP_SUPPLIES_FULL:
    case ATP_PEGS_FULL:
    case ATP_CHANNEL_NOT_OPEN: /* tests/model/test_channels.c */
    case ATP_UNKNOWN_RULE:
    case ATP_RULE_INVALID:
    case ATP_RULE_IN_USE:
    case ATP_ABOVE_CAP:
    case ATP_ACCOUNTS_FULL:
    case ATP_TAGS_FULL:
    case ATP_RULES_FULL:
    case ATP_QUOTAS_FULL:
    case ATP_NOT_SHIPPED: /* tests/model/test_steps.c */
    case ATP_ALREADY_PICKED:
    case ATP_ALREADY_PACKED:
    case ATP_ALREADY_DELIVERED:
    case ATP_ALREADY_RETURNED:
    case ATP_ALREADY_RECONCILED:
    case ATP_ALREADY_SHORT:
    case ATP_PROGRESS_FULL:
    case ATP_NODE_AT_CAPACITY: /* tests/model/test_capacity.c */
    case ATP_NOT_READY_IN_TIME:
    case ATP_TIME_ZONE_INVALID:
    case ATP_BOOKINGS_FULL:
        return true;
    default:
        return false;
    }
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
