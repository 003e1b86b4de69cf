/* A channel's view read beside a writer that changes stock, rules, quotas and tags: what the stamp vouches for is right. */
#include "tests/engine/ledger/ledger_fixture.h"

#include <pthread.h>
#include <stdio.h>

#ifdef ATP_UNDER_TSAN
#define READS_LEAST 20000
#else
#define READS_LEAST 100000
#endif

typedef struct race {
    fixture_t f;
    uint16_t channel;
    uint32_t sku;
    _Atomic bool is_over;
    _Atomic uint64_t reads;
    _Atomic uint64_t held;
} race_t;

/* Whatever the op, of 20 units 6 are guaranteed to market, or 5 held back by a rule, or both or neither; web has 0 to 3 of them. */
static bool is_right(const atp_channel_view_t *view)
{
    atp_qty_t free = view->stock - view->held - view->buffer;
    return view->stock + view->consumed == 20 && (view->held == 0 || view->held == 6) &&
           (view->buffer == 0 || view->buffer == 5) && view->available == (free > 0 ? free : 0);
}

/* 8 is low, where a rule says so. */
static bool is_level_right(const race_t *race, const atp_channel_view_t *view)
{
    atp_level_t level = atp_channel_level(race->f.ledger, race->channel, race->sku, view);
    atp_level_t right = view->available == 0   ? ATP_LEVEL_OUT
                        : view->available <= 8 ? ATP_LEVEL_LOW
                                               : ATP_LEVEL_OK;

    return level == (view->has_levels ? right : ATP_LEVEL_NONE);
}

/* The newest crossing is whole, or has gone meanwhile. */
static void read_crossing(const race_t *race)
{
    const atp_crossings_t *crossings = atp_ledger_crossings(race->f.ledger);
    uint64_t newest = atp_crossings_newest(crossings);
    atp_crossing_t crossing;

    if (atp_crossings_read(crossings, newest, &crossing)) {
        ATP_ASSERT(crossing.number == newest && crossing.channel == race->channel &&
                   crossing.sku == race->sku && crossing.from != crossing.to &&
                   (crossing.to != ATP_LEVEL_LOW || crossing.qty <= 8));
    }
}

static void *read_views(void *context)
{
    race_t *race = context;

    while (!atp_load_relaxed(&race->is_over)) {
        uint32_t rows[8];
        atp_channel_view_t view;
        uint64_t stamp = atp_ledger_stamp(race->f.ledger);
        uint32_t count = atp_positions_list(atp_ledger_positions(race->f.ledger), race->sku, rows, 8);
        atp_channel_view_read(race->f.ledger, race->channel, race->sku, ATP_NO_GROUP, FIXTURE_START_MS, rows,
                              count, NULL, &view);
        if (atp_ledger_stamp_holds(race->f.ledger, stamp)) {
            ATP_ASSERT(is_right(&view));
            ATP_ASSERT(
                is_level_right(race, &view)); /* low ends just above: what was before does not matter */
            (void)atp_fetch_add_relaxed(&race->held, 1);
        }
        read_crossing(race);
        (void)atp_fetch_add_relaxed(&race->reads, 1);
    }
    return NULL;
}

static void write_round(fixture_t *f, unsigned round)
{
    char id[16];

    snprintf(id, sizeof id, "r%u", round);
    assert_verdict(sell(f, "web", id, "S", "N", 1 + round % 3, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(rule(f, "b", "channel=web tag=t buffer=5 low=8"), ATP_APPLIED);
    assert_verdict(quota(f, "q", "sku=S"), ATP_APPLIED);
    assert_verdict(quota(f, "m", "parent=q channel=market guaranteed=6"), ATP_APPLIED);
    assert_verdict(tag_sku(f, "S", 0, "untagged=yes"), ATP_APPLIED);
    assert_verdict(step_all(f, ATP_OP_RELEASE, id), ATP_APPLIED);
    assert_verdict(quota(f, "m", "dropped=yes"), ATP_APPLIED);
    assert_verdict(quota(f, "q", "dropped=yes"), ATP_APPLIED);
    assert_verdict(tag_sku(f, "S", 0, "tag=t"), ATP_APPLIED);
    assert_verdict(rule(f, "b", "dropped=yes"), ATP_APPLIED);
}

static void a_view_that_the_stamp_vouches_for_is_of_one_op(void **state)
{
    (void)state;
    static race_t race;
    atp_ledger_config_t config = fixture_config();
    pthread_t reader;

    config.outcomes = UINT64_C(1) << 20;
    config.ids_per_client = UINT64_C(1) << 20;
    race = (race_t){.f = fixture_open(&config), .channel = 1, .sku = 0};
    stock(&race.f, "S", "N", 20);
    assert_verdict(tag_sku(&race.f, "S", 0, "tag=t"), ATP_APPLIED);
    assert_verdict(put_channel(&race.f, "web", 0), ATP_APPLIED);
    assert_verdict(put_channel(&race.f, "market", 0), ATP_APPLIED);
    assert_verdict(rule(&race.f, "b", "channel=web tag=t buffer=5"), ATP_APPLIED); /* counted from here on */
    assert_verdict(rule(&race.f, "b", "dropped=yes"), ATP_APPLIED);
    assert_int_equal(pthread_create(&reader, NULL, read_views, &race), 0);
    for (unsigned round = 0; round < 100000 && (atp_load_relaxed(&race.reads) < READS_LEAST || round < 200);
         round++) {
        write_round(&race.f, round);
    }
    atp_store_relaxed(&race.is_over, true);
    pthread_join(reader, NULL);
    assert_true(atp_load_relaxed(&race.held) > 0);
    fixture_close(&race.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_that_the_stamp_vouches_for_is_of_one_op),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
