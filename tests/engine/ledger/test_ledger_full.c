/* Every table of the ledger is filled to its configured capacity: requests get the refusal that names it and change nothing, rings
 * let the oldest go, facts that find no room are told by an exception. Nothing asserts, nothing is allocated. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <stddef.h>
#include <stdio.h>

typedef struct filling {
    const char *key; /* of the configuration */
    size_t offset;   /* of its capacity */
    uint64_t capacity;
    atp_result_t (*put)(fixture_t *f, unsigned i);
    atp_verdict_t full;
} filling_t;

/* "x17" */
static const char *name_of(const char *prefix, unsigned i)
{
    static char names[4][16];
    static unsigned next;
    char *name = names[next++ % 4];

    snprintf(name, sizeof names[0], "%s%u", prefix, i);
    return name;
}

static atp_result_t add_sku(fixture_t *f, unsigned i)
{
    return put_sku(f, name_of("s", i), 0);
}

static atp_result_t add_node(fixture_t *f, unsigned i)
{
    return put_node(f, name_of("n", i), ATP_NODE_OPEN);
}

static atp_result_t add_channel(fixture_t *f, unsigned i)
{
    return put_channel(f, name_of("c", i), 0);
}

static atp_result_t add_source(fixture_t *f, unsigned i)
{
    return open_batch(f, name_of("src", i), 1, 1);
}

static atp_result_t add_position(fixture_t *f, unsigned i)
{
    assert_verdict(put_sku(f, name_of("p", i), 0), ATP_APPLIED);
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_SAFETY,
                                         .line_count = 1,
                                         .lines = &(atp_command_line_t){atp_text_of(name_of("p", i)),
                                                                        ATP_TEXT("N"), 1, 0}});
}

static atp_result_t add_reservation(fixture_t *f, unsigned i)
{
    return reserve(f, name_of("r", i), "S", "N", 1);
}

static atp_result_t add_line(fixture_t *f, unsigned i)
{
    const atp_command_line_t lines[] = {line_of("S", "N", 1), line_of("S", "N", 1)};

    return reserve_lines(f, name_of("r", i), ATP_RESERVE_ALL_OR_NOTHING, 2, lines);
}

static atp_result_t add_progress(fixture_t *f, unsigned i)
{
    assert_verdict(reserve(f, name_of("r", i), "S", "N", 1), ATP_APPLIED);
    assert_verdict(step_all(f, ATP_OP_ALLOCATE, name_of("r", i)), ATP_APPLIED);
    return step_all(f, ATP_OP_PICK, name_of("r", i));
}

static atp_result_t add_group(fixture_t *f, unsigned i)
{
    return put_group(f, name_of("g", i), "N");
}

static atp_result_t add_kit(fixture_t *f, unsigned i)
{
    const atp_command_line_t component = line_of("S", "", 1);

    assert_verdict(put_sku(f, name_of("k", i), 0), ATP_APPLIED);
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_KIT,
                                         .subject = atp_text_of(name_of("k", i)),
                                         .line_count = 1,
                                         .lines = &component});
}

static atp_result_t add_supply(fixture_t *f, unsigned i)
{
    const atp_command_line_t line = line_of("S", "N", 1);
    const atp_attribute_t due = {
        .key = ATP_KEY_DUE, .line = ATP_WHOLE_OP, .number = f->now_ms + 2 * ATP_DAY_MS};

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_SUPPLY,
                                         .subject = atp_text_of(name_of("po", i)),
                                         .line_count = 1,
                                         .lines = &line,
                                         .attribute_count = 1,
                                         .attributes = &due});
}

static atp_result_t add_peg(fixture_t *f, unsigned i)
{
    const atp_command_line_t line = line_of("P", "N", 1);
    const atp_attribute_t by = {
        .key = ATP_KEY_NEEDED_BY, .line = ATP_WHOLE_OP, .number = f->now_ms + 3 * ATP_DAY_MS};
    const atp_command_line_t all = line_of("P", "N", 1000);
    const atp_attribute_t due = {
        .key = ATP_KEY_DUE, .line = ATP_WHOLE_OP, .number = f->now_ms + 2 * ATP_DAY_MS};

    if (i == 0) {
        stock(f, "P", "N", 0);
        assert_verdict(fixture_do(f, (atp_command_t){.kind = ATP_OP_SUPPLY,
                                                     .subject = ATP_TEXT("po"),
                                                     .line_count = 1,
                                                     .lines = &all,
                                                     .attribute_count = 1,
                                                     .attributes = &due}),
                       ATP_APPLIED);
    }
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                         .id = atp_text_of(name_of("r", i)),
                                         .line_count = 1,
                                         .lines = &line,
                                         .attribute_count = 1,
                                         .attributes = &by});
}

static atp_result_t add_limit(fixture_t *f, unsigned i)
{
    const atp_command_line_t line = line_of(name_of("l", i), "", 1);

    assert_verdict(put_sku(f, name_of("l", i), 0), ATP_APPLIED);
    return do_with(f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &line}, "");
}

static atp_result_t add_tag(fixture_t *f, unsigned i)
{
    char words[32];

    snprintf(words, sizeof words, "tag=%s", name_of("t", i));
    return tag_sku(f, name_of("s", i), 0, words);
}

static atp_result_t add_rule(fixture_t *f, unsigned i)
{
    char words[64];

    assert_verdict(put_sku(f, name_of("s", i), 0), ATP_APPLIED);
    snprintf(words, sizeof words, "channel=web buffer=1 sku=%s", name_of("s", i));
    return rule(f, name_of("r", i), words);
}

static atp_result_t add_quota(fixture_t *f, unsigned i)
{
    char words[64];

    assert_verdict(put_sku(f, name_of("s", i), 0), ATP_APPLIED);
    snprintf(words, sizeof words, "amount=1 sku=%s", name_of("s", i));
    return quota(f, name_of("q", i), words);
}

static atp_result_t add_booking(fixture_t *f, unsigned i)
{
    const atp_command_line_t line = line_of("", "N", 0);

    if (i == 0) {
        assert_verdict(do_with(f, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &line},
                               "capacity_units=100"),
                       ATP_APPLIED);
    }
    return reserve(f, name_of("r", i), "S", "N", 1);
}

static atp_result_t add_name(fixture_t *f, unsigned i)
{
    return put_sku(f, name_of("a-long-name-", i), 0);
}

#define OF(key) #key, offsetof(atp_ledger_config_t, key)

static const filling_t fillings[] = {
    {OF(skus), 5, add_sku, ATP_SKUS_FULL},
    {OF(nodes), 5, add_node, ATP_NODES_FULL},
    {OF(channels), 5, add_channel, ATP_CHANNELS_FULL},
    {OF(sources), 5, add_source, ATP_SOURCES_FULL},
    {OF(positions), 5, add_position, ATP_POSITIONS_FULL},
    {OF(reservations), 5, add_reservation, ATP_RESERVATIONS_FULL},
    {OF(lines), 8, add_line, ATP_RESERVATIONS_FULL},
    {OF(progress), 5, add_progress, ATP_PROGRESS_FULL},
    {OF(groups), 5, add_group, ATP_GROUPS_FULL},
    {OF(group_nodes), 5, add_group, ATP_GROUPS_FULL},
    {OF(kits), 5, add_kit, ATP_KITS_FULL},
    {OF(components), 5, add_kit, ATP_COMPONENTS_FULL},
    {OF(supplies), 5, add_supply, ATP_SUPPLIES_FULL},
    {OF(pegs), 5, add_peg, ATP_PEGS_FULL},
    {OF(limits), 5, add_limit, ATP_LIMITS_FULL},
    {OF(tags), 5, add_tag, ATP_TAGS_FULL},
    {OF(rules), 5, add_rule, ATP_RULES_FULL},
    {OF(quotas), 5, add_quota, ATP_QUOTAS_FULL},
    {OF(accounts), 5, add_rule, ATP_ACCOUNTS_FULL},
    {OF(bookings), 5, add_booking, ATP_BOOKINGS_FULL},
    {OF(string_bytes), 4096, add_name, ATP_STRINGS_FULL},
};

/* A ledger with one capacity that is small, SKU S with 50 at node N, channel web. */
static fixture_t open_small(const filling_t *filling)
{
    atp_ledger_config_t config = fixture_config();

    config.skus = 1024;
    *(uint64_t *)(void *)((char *)&config + filling->offset) = filling->capacity;
    fixture_t f = fixture_open(&config);
    stock(&f, "S", "N", 50);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    return f;
}

static void a_table_that_is_full_refuses_by_name_and_nothing_changes(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof fillings / sizeof fillings[0]; i++) {
        fixture_t f = open_small(&fillings[i]);
        unsigned count = 0;
        while (atp_verdict_is_success((atp_verdict_t)fillings[i].put(&f, count).verdict)) {
            count++;
            assert_true(count <= 1024);
        }
        if (f.result.verdict != fillings[i].full || count == 0) {
            fail_msg("%s full after %u: %s instead of %s", fillings[i].key, count,
                     atp_verdict_name(f.result.verdict), atp_verdict_name(fillings[i].full));
        }
        atp_position_view_t before = view_of(&f, "S", "N");
        assert_verdict(fillings[i].put(&f, count + 1), fillings[i].full); /* still, and checked after it */
        assert_int_equal(view_of(&f, "S", "N").reserved, before.reserved);
        assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 1), ATP_APPLIED); /* facts go on */
        fixture_close(&f);
    }
}

/* ---- facts ---- */

static void a_fact_without_room_is_an_exception(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.positions = 1;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 5);
    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "M", 3), ATP_POSITIONS_FULL);
    assert_true(f.took_op); /* journaled: it is there to be told again */
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_FACT_REFUSED);
    assert_int_equal(newest_exception(&f)->verdict, ATP_POSITIONS_FULL);
    assert_int_equal(newest_exception(&f)->qty, 3);
    fixture_close(&f);
}

static void exceptions_beyond_their_table_are_numbered_still_and_the_oldest_go(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.exceptions = 3;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 5);
    for (unsigned i = 0; i < 10; i++) {
        assert_verdict(fact(&f, ATP_OP_SALE, "gone", "N", 1 + (atp_qty_t)i), ATP_UNKNOWN_SKU);
        assert_true(f.took_op); /* whatever became of its exception, it is in the journal */
    }
    assert_int_equal(counts_of(&f).exceptions, 10);
    assert_null(atp_exceptions_get(atp_ledger_exceptions(f.ledger), 7));
    assert_int_equal(atp_exceptions_get(atp_ledger_exceptions(f.ledger), 8)->qty, 8);
    assert_int_equal(newest_exception(&f)->qty, 10);
    fixture_close(&f);
}

/* ---- rings ---- */

static void outcomes_beyond_their_table_raise_the_floor(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.outcomes = 4;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 50);
    f.issued_ms = f.now_ms;
    assert_verdict(reserve(&f, "first", "S", "N", 1), ATP_APPLIED);
    for (unsigned i = 0; i < 10; i++) {
        f.now_ms += 10;
        f.issued_ms = f.now_ms;
        assert_verdict(reserve(&f, name_of("r", i), "S", "N", 1), ATP_APPLIED);
    }
    f.issued_ms = FIXTURE_START_MS;
    assert_verdict(reserve(&f, "first", "S", "N", 1), ATP_ISSUED_BEFORE_FLOOR); /* never run again */
    assert_int_equal(view_of(&f, "S", "N").reserved, 11);
    fixture_close(&f);
}

static void history_beyond_its_table_forgets_the_oldest_steps(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.history = 3;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 50);
    for (unsigned i = 0; i < 10; i++) {
        assert_verdict(reserve(&f, name_of("r", i), "S", "N", 1), ATP_APPLIED);
    }
    assert_int_equal(view_of(&f, "S", "N").reserved, 10);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_that_is_full_refuses_by_name_and_nothing_changes),
        cmocka_unit_test(a_fact_without_room_is_an_exception),
        cmocka_unit_test(exceptions_beyond_their_table_are_numbered_still_and_the_oldest_go),
        cmocka_unit_test(outcomes_beyond_their_table_raise_the_floor),
        cmocka_unit_test(history_beyond_its_table_forgets_the_oldest_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
