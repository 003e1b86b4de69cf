/* Rules and quotas of a kit: they bind all of its promises, those off the shelf and those that are put together alike. */
#include "tests/engine/ledger/kits/kit_fixture.h"

#include "engine/ledger/explain/ledger_explain.h"
#include "engine/ledger/ledger_priv.h"

#include <stdio.h>

/* ---- the shop, and what a channel sees ---- */

/* K = 2 A + 1 B, at N 3 of K on the shelf and parts for 10; channels web and pos. */
static fixture_t shop(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "A", "N", 20);
    stock(&f, "B", "N", 30);
    stock(&f, "K", "N", 3);
    assert_verdict(put_kit(&f, "K", "A=2 B=1"), ATP_APPLIED);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(put_channel(&f, "pos", 0), ATP_APPLIED);
    return f;
}

typedef struct asking {
    const fixture_t *f;
    uint16_t channel;
} asking_t;

static void read_view(void *context, uint32_t sku, const atp_channel_taken_t *taken,
                      atp_channel_view_t *ret_view)
{
    const asking_t *asking = context;
    uint32_t rows[64];
    uint32_t count = atp_positions_list(atp_ledger_positions(asking->f->ledger), sku, rows, 64);

    atp_channel_view_read(asking->f->ledger, asking->channel, sku, ATP_NO_GROUP, asking->f->now_ms, rows,
                          count, taken, ret_view);
}

static asking_t asking_of(const fixture_t *f, const char *channel, const char *kit, uint32_t *ret_sku)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(f->ledger);
    uint64_t seed = atp_ledger_seed(f->ledger);
    asking_t asking = {.f = f};

    assert_true(
        atp_catalog_find_sku(catalog, atp_text_of(kit), atp_hash_text(atp_text_of(kit), seed), ret_sku));
    assert_true(atp_catalog_find_channel(catalog, atp_text_of(channel),
                                         atp_hash_text(atp_text_of(channel), seed), &asking.channel));
    return asking;
}

/* What availability says, over all nodes. */
static atp_qty_t available(const fixture_t *f, const char *channel, const char *kit)
{
    static atp_bill_t bill;
    atp_availability_t sum = {.scale = 0};
    atp_channel_view_t view;
    atp_qty_t here = 0;
    uint32_t sku;
    asking_t asking = asking_of(f, channel, kit, &sku);
    const atp_kit_look_t look = {f->ledger, asking.channel, ATP_NO_GROUP, f->now_ms,
                                 read_view, none_is_due,    &asking};

    atp_availability_lay_out(f->ledger, sku, f->now_ms, &bill);
    bill.channel = asking.channel;
    bool is_bound = atp_availability_limit_kit(&look, &bill, &view);
    for (uint64_t node = 0; node < atp_table_count(&atp_ledger_catalog(f->ledger)->nodes); node++) {
        atp_availability_t read;
        atp_availability_read_kit(f->ledger, &bill, (uint16_t)node, f->now_ms, none_is_due, NULL, &read);
        here += bill.parts[0].taken;
        atp_bill_use_limits(&bill);
        atp_availability_add(&sum, &read);
    }
    atp_availability_within_kit_rules(f->ledger, &bill, asking.channel, is_bound ? &view : NULL, here, &sum);
    return sum.promisable;
}

/* How many the channel may have: availability, the explanation and the decision say the same. */
static void assert_sees(fixture_t *f, const char *channel, const char *kit, atp_qty_t expected)
{
    uint32_t sku;
    asking_t asking = asking_of(f, channel, kit, &sku);
    const atp_ledger_explain_ask_t ask = {
        .sku = sku, .node = ATP_EXPLAIN_ALL_NODES, .channel = asking.channel};

    assert_int_equal(available(f, channel, kit), expected);
    assert_int_equal(atp_ledger_explain_sum(f->ledger, &ask, f->now_ms), expected);
    for (unsigned i = 0; i < 2; i++) {
        char id[32];
        snprintf(id, sizeof id, "more-%llu", (unsigned long long)counts_of(f).op);
        assert_refused(sell(f, channel, id, kit, i == 0 ? "" : "N", expected + 1, ATP_RESERVE_ALL_OR_NOTHING),
                       ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    }
}

static atp_qty_t used(const fixture_t *f, uint32_t quota_number)
{
    return atp_load_relaxed(&atp_quota_at(atp_ledger_rulebook(f->ledger), quota_number)->used);
}

/* ---- quotas ---- */

static void a_quota_of_a_kit_counts_those_that_are_put_together(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(quota(&f, "q", "sku=K channel=web amount=5"), ATP_APPLIED);
    assert_sees(&f, "web", "K", 5);
    assert_verdict(sell(&f, "web", "r", "K", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED); /* 3 and 1 */
    assert_int_equal(used(&f, 0), 4);
    assert_sees(&f, "web", "K", 1);
    assert_verdict(sell(&f, "web", "s", "K", "", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_sees(&f, "web", "K", 0);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "s"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 4);
    assert_int_equal(sell(&f, "web", "t", "K", "", 9, ATP_RESERVE_PARTIAL).qty, 1);
    f.now_ms += 3600000; /* all of it expires */
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 0);
    assert_sees(&f, "web", "K", 5);
    fixture_close(&f);
}

static void lines_of_one_request_share_the_quota_of_a_kit(void **state)
{
    (void)state;
    fixture_t f = shop();
    atp_command_line_t lines[] = {line_of("K", "N", 4), line_of("K", "", 2), line_of("A", "N", 1)};

    assert_verdict(quota(&f, "q", "sku=K channel=default amount=5"), ATP_APPLIED);
    assert_refused(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 3, lines), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_int_equal(reserve_lines(&f, "s", ATP_RESERVE_PARTIAL, 3, lines).qty, 6);
    assert_int_equal(used(&f, 0), 5);
    fixture_close(&f);
}

/* A kit is promised until the last of its components has left or is given back. */
static void a_kit_counts_until_its_last_component_is_gone(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(quota(&f, "q", "sku=K channel=web amount=8"), ATP_APPLIED);
    fact(&f, ATP_OP_COUNT, "K", "N", 0);
    assert_verdict(sell(&f, "web", "r", "K", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "A", "N", 8), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 4); /* the B of it are promised still */
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "B", "N", 1), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 3);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 3);
    assert_verdict(ship_fact(&f, "r", "B", "N", 1), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 2);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "r"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 0);
    fixture_close(&f);
}

static void kits_that_ship_leave_a_share_and_stay_in_a_cap(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(quota(&f, "cap", "sku=K channel=web amount=6 period_ms=600000"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "r", "K", "N", 5, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "r", "K", "N", 4),
                   ATP_APPLIED); /* 3 off the shelf, one of its parts */
    assert_int_equal(used(&f, 0), 1);
    assert_sees(&f, "web", "K", 1); /* they count until the period ends */
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "r"), ATP_APPLIED);
    assert_sees(&f, "web", "K", 2);
    f.now_ms += 600000;
    assert_sees(&f, "web", "K", 6);
    fixture_close(&f);
}

static void what_is_guaranteed_of_a_kit_is_kept_from_others(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(quota(&f, "q", "sku=K channel=web guaranteed=5"), ATP_APPLIED);
    assert_sees(&f, "pos", "K", 8); /* 3 + 10 - 5 */
    assert_sees(&f, "web", "K", 13);
    assert_verdict(sell(&f, "web", "r", "K", "N", 6, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_sees(&f, "pos", "K", 7); /* none is kept any more */
    fixture_close(&f);
}

/* Of all kits there are, or are out already. */
static void a_percentage_is_of_all_kits(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(quota(&f, "q", "sku=K"), ATP_APPLIED);
    assert_verdict(quota(&f, "w", "parent=q channel=web percent=50"), ATP_APPLIED);
    assert_verdict(quota(&f, "p", "parent=q channel=pos remainder=yes"), ATP_APPLIED);
    assert_sees(&f, "web", "K", 6);
    assert_sees(&f, "pos", "K", 7);
    assert_verdict(sell(&f, "web", "r", "K", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_sees(&f, "web", "K", 2);                                  /* still of 13 */
    assert_verdict(fact(&f, ATP_OP_SALE, "A", "N", 8), ATP_APPLIED); /* parts for 5, and 4 are out */
    assert_sees(&f, "web", "K", 0);
    assert_sees(&f, "pos", "K", 5);
    fixture_close(&f);
}

static void the_quota_of_a_tag_counts_kits(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(tag_sku(&f, "K", 0, "tag=bulky"), ATP_APPLIED);
    assert_verdict(tag_sku(&f, "S", 0, "tag=bulky"), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 9), ATP_APPLIED);
    assert_verdict(quota(&f, "q", "tag=bulky channel=web amount=7"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "r", "K", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 4);
    assert_refused(sell(&f, "web", "s", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_verdict(sell(&f, "web", "t", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_sees(&f, "web", "K", 2);
    fixture_close(&f);
}

/* One kit takes of all that count in the quota of a tag at once. */
static void a_kit_whose_components_share_a_tag_takes_of_its_quota_once_for_each(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(tag_sku(&f, "A", 0, "tag=small"), ATP_APPLIED);
    assert_verdict(tag_sku(&f, "B", 0, "tag=small"), ATP_APPLIED);
    assert_verdict(quota(&f, "q", "tag=small channel=web amount=10"), ATP_APPLIED);
    assert_sees(&f, "web", "K", 6); /* 3 off the shelf, 3 of 3 units each */
    assert_int_equal(sell(&f, "web", "r", "K", "N", 13, ATP_RESERVE_PARTIAL).qty, 6);
    assert_int_equal(used(&f, 0), 9);
    assert_sees(&f, "web", "K", 0);
    fixture_close(&f);
}

static void a_kit_that_shares_a_tag_with_its_component_counts_beside_it(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(tag_sku(&f, "K", 0, "tag=small"), ATP_APPLIED);
    assert_verdict(tag_sku(&f, "B", 0, "tag=small"), ATP_APPLIED);
    assert_verdict(quota(&f, "q", "tag=small channel=web amount=10"), ATP_APPLIED);
    assert_sees(&f, "web", "K", 6); /* 3 off the shelf, 3 with a B each */
    assert_verdict(sell(&f, "web", "r", "K", "", 5, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 7);
    assert_sees(&f, "web", "K", 1);
    assert_int_equal(sell(&f, "web", "s", "K", "", 4, ATP_RESERVE_PARTIAL).qty, 1);
    assert_int_equal(used(&f, 0), 9);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 2);
    fixture_close(&f);
}

static void a_kit_that_is_replaced_gives_back_what_it_took_of_a_tag(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(tag_sku(&f, "K", 0, "tag=small"), ATP_APPLIED);
    assert_verdict(tag_sku(&f, "B", 0, "tag=small"), ATP_APPLIED);
    assert_verdict(quota(&f, "q", "tag=small channel=default amount=10"), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "K", "N", 5), ATP_APPLIED);
    assert_refused(reserve_with(&f, "s", "K", "N", 7, ATP_RESERVE_ALL_OR_NOTHING, "replaces=r"),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve_with(&f, "t", "K", "N", 6, ATP_RESERVE_ALL_OR_NOTHING, "replaces=r"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 9);
    fixture_close(&f);
}

static void lines_of_one_request_share_the_quota_of_a_tag(void **state)
{
    (void)state;
    fixture_t f = shop();
    atp_command_line_t lines[] = {line_of("B", "N", 2), line_of("K", "N", 7), line_of("A", "N", 2)};

    assert_verdict(tag_sku(&f, "A", 0, "tag=small"), ATP_APPLIED);
    assert_verdict(tag_sku(&f, "B", 0, "tag=small"), ATP_APPLIED);
    assert_verdict(quota(&f, "q", "tag=small channel=default amount=10"), ATP_APPLIED);
    assert_refused(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 3, lines), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_int_equal(reserve_lines(&f, "s", ATP_RESERVE_PARTIAL, 3, lines).qty, 2 + 5 + 2);
    assert_int_equal(used(&f, 0), 10);
    fixture_close(&f);
}

static void what_stood_before_the_quota_is_counted_too(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(sell(&f, "web", "r", "K", "N", 5, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(quota(&f, "q", "sku=K channel=web amount=6"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 5);
    assert_sees(&f, "web", "K", 1);
    fixture_close(&f);
}

/* ---- buffers, thresholds ---- */

static void a_buffer_of_a_kit_is_off_all_of_them(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(rule(&f, "b", "channel=web sku=K buffer=4"), ATP_APPLIED);
    assert_sees(&f, "web", "K", 9);
    assert_verdict(rule(&f, "b", "channel=web sku=K buffer_percent=25"), ATP_APPLIED);
    assert_sees(&f, "web", "K", 10); /* a quarter of 13, rounded down */
    assert_verdict(sell(&f, "web", "r", "K", "N", 6, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_sees(&f, "web", "K", 4); /* still of 13 */
    assert_verdict(sell(&f, "pos", "s", "K", "N", 3, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_sees(&f, "web", "K", 2); /* of 10: 2 */
    fixture_close(&f);
}

static void a_threshold_of_a_kit_keeps_the_last_ones(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(rule(&f, "t", "channel=web sku=K threshold=11"), ATP_APPLIED);
    assert_sees(&f, "web", "K", 2);
    assert_int_equal(sell(&f, "web", "r", "K", "N", 9, ATP_RESERVE_PARTIAL).qty, 2);
    assert_int_equal(reserved_of(&f, "K", "N"), 2);
    fixture_close(&f);
}

/* The rules of the components say what it is made of, those of the kit how many. */
static void rules_of_components_come_first(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(rule(&f, "a", "channel=web sku=A buffer=13"), ATP_APPLIED); /* 7: three kits */
    assert_sees(&f, "web", "K", 6);
    assert_verdict(rule(&f, "k", "channel=web sku=K buffer=2"), ATP_APPLIED);
    assert_sees(&f, "web", "K", 4);
    assert_verdict(quota(&f, "q", "sku=A channel=web amount=4"), ATP_APPLIED); /* two kits */
    assert_sees(&f, "web", "K", 3);
    fixture_close(&f);
}

/* ---- what changes a reservation ---- */

static void edits_count_kits_that_come_and_go(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(quota(&f, "q", "sku=K channel=web amount=6"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "r", "K", "N", 5, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_refused(edit(&f, "r", "K", "N", 7, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(edit(&f, "r", "K", "N", 6, ""), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 6);
    assert_verdict(edit(&f, "r", "K", "N", 4, ""), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 4);
    assert_verdict(edit(&f, "r", "K", "N", 0, ""), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 0);
    fixture_close(&f);
}

static void a_reservation_that_is_replaced_gives_its_kits_back(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(quota(&f, "q", "sku=K channel=default amount=6"), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "K", "N", 5), ATP_APPLIED);
    assert_refused(reserve(&f, "s", "K", "N", 2), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_refused(reserve_with(&f, "t", "K", "N", 7, ATP_RESERVE_ALL_OR_NOTHING, "replaces=r"),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve_with(&f, "u", "K", "N", 6, ATP_RESERVE_ALL_OR_NOTHING, "replaces=r"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 6);
    fixture_close(&f);
}

static void kits_whose_components_move_are_promised_as_before(void **state)
{
    (void)state;
    fixture_t f = shop();
    const atp_command_line_t all = line_of("K", "N", 5);

    assert_verdict(quota(&f, "q", "sku=K channel=web amount=6"), ATP_APPLIED);
    stock(&f, "A", "M", 20);
    stock(&f, "B", "M", 20);
    stock(&f, "K", "M", 5);
    assert_verdict(sell(&f, "web", "r", "K", "N", 5, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(
        do_with(&f,
                (atp_command_t){
                    .kind = ATP_OP_REASSIGN, .reservation = ATP_TEXT("r"), .line_count = 1, .lines = &all},
                "node=M"),
        ATP_APPLIED);
    assert_int_equal(used(&f, 0), 5);
    assert_int_equal(reserved_of(&f, "A", "M"), 4);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 0);
    fixture_close(&f);
}

/* What was sold before it came here goes beyond its quota, and counts in it. */
static void kits_sold_elsewhere_are_counted(void **state)
{
    (void)state;
    fixture_t f = shop();

    assert_verdict(quota(&f, "q", "sku=K channel=web amount=4"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "r", "K", "N", 9, ATP_RESERVE_TRACK_ONLY), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 9);
    assert_sees(&f, "web", "K", 0);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 0);
    fixture_close(&f);
}

/* ---- kits in kits ---- */

/* P = 1 K + 1 C: a kit in a kit. 9 of C at N. */
static fixture_t shop_of_parcels(void)
{
    fixture_t f = shop();

    stock(&f, "C", "N", 9);
    put_sku(&f, "P", 0);
    assert_verdict(put_kit(&f, "P", "K=1 C=1"), ATP_APPLIED);
    return f;
}

static void a_kit_in_a_kit_counts_in_its_own_quota(void **state)
{
    (void)state;
    fixture_t f = shop_of_parcels();

    assert_verdict(quota(&f, "q", "sku=K channel=web amount=5"), ATP_APPLIED);
    assert_sees(&f, "web", "P", 5);
    assert_verdict(sell(&f, "web", "r", "P", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "K", "N"), 3); /* and one that is put together */
    assert_int_equal(reserved_of(&f, "A", "N"), 2);
    assert_int_equal(used(&f, 0), 4);
    assert_sees(&f, "web", "P", 1);
    assert_sees(&f, "web", "K", 1);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "r", "P", "N", 2), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 2);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "r"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 0);
    assert_sees(&f, "web", "P", 5);
    fixture_close(&f);
}

/* P: itself, a K, and 2 A and 1 B where that is put together. */
static void a_kit_in_a_kit_counts_in_a_tag_that_all_share(void **state)
{
    (void)state;
    fixture_t f = shop_of_parcels();

    assert_verdict(tag_sku(&f, "P", 0, "tag=small"), ATP_APPLIED);
    assert_verdict(tag_sku(&f, "K", 0, "tag=small"), ATP_APPLIED);
    assert_verdict(tag_sku(&f, "A", 0, "tag=small"), ATP_APPLIED);
    assert_verdict(quota(&f, "q", "tag=small channel=web amount=15"), ATP_APPLIED);
    assert_sees(&f, "web", "P", 5); /* 3 of 2 units, then of 4 */
    assert_int_equal(sell(&f, "web", "r", "P", "N", 9, ATP_RESERVE_PARTIAL).qty, 5);
    assert_int_equal(used(&f, 0), 14);
    assert_sees(&f, "web", "P", 0);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 0);
    fixture_close(&f);
}

static void rules_of_a_kit_in_a_kit_bind_what_is_made_of_it(void **state)
{
    (void)state;
    fixture_t f = shop_of_parcels();

    assert_verdict(rule(&f, "b", "channel=web sku=K buffer=7"), ATP_APPLIED); /* 6 of 13 */
    assert_sees(&f, "web", "P", 6);
    assert_verdict(rule(&f, "p", "channel=web sku=P threshold=2"), ATP_APPLIED);
    assert_sees(&f, "web", "P", 4);
    assert_verdict(rule(&f, "b", "channel=web sku=K excluded=yes"), ATP_APPLIED);
    assert_sees(&f, "web", "P", 0);
    fixture_close(&f);
}

static void a_kit_in_a_kit_that_stood_before_is_counted(void **state)
{
    (void)state;
    fixture_t f = shop_of_parcels();
    const atp_command_line_t lines[] = {line_of("P", "N", 5), line_of("K", "N", 2)};

    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    assert_verdict(quota(&f, "q", "sku=K channel=default amount=8"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 7);
    assert_refused(edit(&f, "r", "P", "N", 7, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(edit(&f, "r", "P", "N", 6, ""), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 8);
    assert_verdict(edit(&f, "r", "P", "N", 1, ""), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 3);
    assert_refused(reserve_with(&f, "s", "K", "N", 9, ATP_RESERVE_ALL_OR_NOTHING, "replaces=r"),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve_with(&f, "t", "K", "N", 8, ATP_RESERVE_ALL_OR_NOTHING, "replaces=r"), ATP_APPLIED);
    assert_int_equal(used(&f, 0), 8);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quota_of_a_kit_counts_those_that_are_put_together),
        cmocka_unit_test(lines_of_one_request_share_the_quota_of_a_kit),
        cmocka_unit_test(a_kit_counts_until_its_last_component_is_gone),
        cmocka_unit_test(kits_that_ship_leave_a_share_and_stay_in_a_cap),
        cmocka_unit_test(what_is_guaranteed_of_a_kit_is_kept_from_others),
        cmocka_unit_test(a_percentage_is_of_all_kits),
        cmocka_unit_test(the_quota_of_a_tag_counts_kits),
        cmocka_unit_test(a_kit_whose_components_share_a_tag_takes_of_its_quota_once_for_each),
        cmocka_unit_test(a_kit_that_shares_a_tag_with_its_component_counts_beside_it),
        cmocka_unit_test(a_kit_that_is_replaced_gives_back_what_it_took_of_a_tag),
        cmocka_unit_test(lines_of_one_request_share_the_quota_of_a_tag),
        cmocka_unit_test(what_stood_before_the_quota_is_counted_too),
        cmocka_unit_test(a_buffer_of_a_kit_is_off_all_of_them),
        cmocka_unit_test(a_threshold_of_a_kit_keeps_the_last_ones),
        cmocka_unit_test(rules_of_components_come_first),
        cmocka_unit_test(edits_count_kits_that_come_and_go),
        cmocka_unit_test(a_reservation_that_is_replaced_gives_its_kits_back),
        cmocka_unit_test(kits_whose_components_move_are_promised_as_before),
        cmocka_unit_test(kits_sold_elsewhere_are_counted),
        cmocka_unit_test(a_kit_in_a_kit_counts_in_its_own_quota),
        cmocka_unit_test(a_kit_in_a_kit_counts_in_a_tag_that_all_share),
        cmocka_unit_test(rules_of_a_kit_in_a_kit_bind_what_is_made_of_it),
        cmocka_unit_test(a_kit_in_a_kit_that_stood_before_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
