/* Every table at its limit: a clear verdict, nothing changed, and what makes room again. Scale changes, renames and the
 * configuration. */
#include "tests/engine/ledger/ledger_fixture.h"

#include <stdio.h>
#include <string.h>

static void catalogue_tables_say_when_they_are_full(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.skus = config.nodes = config.channels = config.sources = 2;
    fixture_t f = fixture_open(&config);

    assert_verdict(put_sku(&f, "a", 0), ATP_APPLIED);
    assert_verdict(put_sku(&f, "b", 0), ATP_APPLIED);
    assert_refused(put_sku(&f, "c", 0), ATP_SKUS_FULL, ATP_FIELD_SKU);
    assert_verdict(put_sku(&f, "a", 1), ATP_APPLIED); /* a change needs no room */
    assert_verdict(put_node(&f, "a", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(put_node(&f, "b", ATP_NODE_OPEN), ATP_APPLIED);
    assert_refused(put_node(&f, "c", ATP_NODE_OPEN), ATP_NODES_FULL, ATP_FIELD_NODE);
    assert_verdict(put_channel(&f, "a", 0), ATP_APPLIED);
    assert_verdict(put_channel(&f, "b", 0), ATP_APPLIED);
    assert_refused(put_channel(&f, "c", 0), ATP_CHANNELS_FULL, ATP_FIELD_CHANNEL);
    assert_verdict(open_batch(&f, "a", 1, 1), ATP_APPLIED);
    assert_verdict(open_batch(&f, "b", 1, 1), ATP_APPLIED);
    assert_refused(open_batch(&f, "c", 1, 1), ATP_SOURCES_FULL, ATP_FIELD_SOURCE);
    f.in_source = true; /* and the facts of that batch are not somebody else's */
    assert_verdict(fact(&f, ATP_OP_SALE, "a", "a", 1), ATP_SOURCES_FULL);
    assert_false(f.took_op);
    f.in_source = false;
    assert_int_equal(newest_exception(&f)->verdict, ATP_SOURCES_FULL);
    fixture_close(&f);
}

static void positions_say_when_they_are_full_and_which_line_was_one_too_many(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.positions = 2;
    fixture_t f = fixture_open(&config);
    atp_command_line_t lines[] = {line_of("S", "A", 1), line_of("S", "B", 1), line_of("S", "C", 1)};

    stock(&f, "S", "A", 5);
    put_node(&f, "B", ATP_NODE_OPEN);
    put_node(&f, "C", ATP_NODE_OPEN);
    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_PARTIAL, 3, lines), ATP_POSITIONS_FULL);
    assert_int_equal(f.result.line, 2);
    assert_int_equal(counts_of(&f).positions, 1); /* not half of them */
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_SHIP,
                                                  .is_fact = true,
                                                  .reservation = ATP_TEXT("r"),
                                                  .line_count = 3,
                                                  .lines = lines}),
                   ATP_POSITIONS_FULL);
    assert_int_equal(f.result.line, 2);
    assert_int_equal(counts_of(&f).positions, 1);
    assert_int_equal(view_of(&f, "S", "A").on_hand, 5);
    stock(&f, "S", "B", 5);
    assert_refused(fact(&f, ATP_OP_RECEIVE, "S", "C", 1), ATP_POSITIONS_FULL, ATP_FIELD_SKU);
    assert_refused(fact(&f, ATP_OP_SAFETY, "S", "C", 1), ATP_POSITIONS_FULL, ATP_FIELD_SKU);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "B", 1), ATP_APPLIED);
    fixture_close(&f);
}

static void live_reservations_fill_the_table_and_ended_ones_make_room(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.reservations = 2;
    fixture_t f = fixture_open(&config);
    uint32_t number;

    stock(&f, "S", "N", 50);
    assert_verdict(reserve(&f, "a", "S", "N", 1), ATP_APPLIED);
    assert_verdict(reserve(&f, "b", "S", "N", 1), ATP_APPLIED);
    assert_verdict(reserve(&f, "c", "S", "N", 1), ATP_RESERVATIONS_FULL);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2);
    step_all(&f, ATP_OP_RELEASE, "b");
    step_all(&f, ATP_OP_RELEASE, "a");
    assert_verdict(reserve(&f, "d", "S", "N", 1), ATP_APPLIED);
    assert_false(atp_ledger_find_reservation(f.ledger, ATP_TEXT("b"), &number)); /* it ended first */
    assert_true(atp_ledger_find_reservation(f.ledger, ATP_TEXT("a"), &number));
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "b"), ATP_UNKNOWN_RESERVATION);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "a"), ATP_ALREADY_RELEASED);
    assert_verdict(reserve(&f, "c", "S", "N", 1), ATP_RESERVATIONS_FULL); /* the first answer again */
    assert_int_equal(f.result.is_repeat, 1);
    fixture_close(&f);
}

static void lines_run_out_like_reservations_do(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.lines = 5;
    fixture_t f = fixture_open(&config);
    atp_command_line_t lines[] = {line_of("S", "N", 1), line_of("S", "N", 1), line_of("S", "N", 1)};

    stock(&f, "S", "N", 50);
    assert_verdict(reserve_lines(&f, "a", ATP_RESERVE_ALL_OR_NOTHING, 3, lines), ATP_APPLIED);
    assert_verdict(reserve_lines(&f, "b", ATP_RESERVE_ALL_OR_NOTHING, 3, lines), ATP_RESERVATIONS_FULL);
    assert_verdict(reserve_lines(&f, "c", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    step_all(&f, ATP_OP_RELEASE, "a");
    assert_verdict(reserve_lines(&f, "d", ATP_RESERVE_ALL_OR_NOTHING, 3, lines), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 5);
    fixture_close(&f);
}

static void what_is_due_makes_room_in_the_same_op_where_the_op_meets_it(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.reservations = 1;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 1);
    reserve_for(&f, "a", "S", "N", 1, 10);
    f.now_ms += 10;
    assert_verdict(reserve(&f, "b", "S", "N", 1), ATP_APPLIED);
    fixture_close(&f);
}

/* Fills the table of strings with reservations' ids of 64 bytes; returns how many. */
static unsigned fill_strings(fixture_t *f)
{
    unsigned count = 0;

    for (;;) {
        char id[65];
        snprintf(id, sizeof id, "%064u", count);
        atp_result_t result = reserve(f, id, "S", "N", 1);
        if (result.verdict != ATP_APPLIED) {
            assert_refused(result, ATP_STRINGS_FULL, ATP_FIELD_NONE);
            return count;
        }
        count++;
    }
}

static fixture_t with_few_strings(void)
{
    atp_ledger_config_t config = fixture_config();

    config.string_bytes = 4096;
    return fixture_open(&config);
}

static void ids_fill_the_table_of_strings_and_ended_ones_give_theirs_back(void **state)
{
    (void)state;
    fixture_t f = with_few_strings();
    char id[65];

    stock(&f, "S", "N", 1000);
    unsigned count = fill_strings(&f);
    assert_true(count > 40 && count < 60);
    snprintf(id, sizeof id, "%064u", 3u);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, id), ATP_APPLIED);
    snprintf(id, sizeof id, "%064u", 1000u);
    assert_verdict(reserve(&f, id, "S", "N", 1), ATP_APPLIED);
    snprintf(id, sizeof id, "%064u", 1001u);
    assert_verdict(reserve(&f, id, "S", "N", 1), ATP_STRINGS_FULL);
    fixture_close(&f);
}

static void id_and_owner_do_not_share_the_last_block(void **state)
{
    (void)state;
    fixture_t f = with_few_strings();
    char id[65];
    char owner[65];
    atp_command_line_t line = line_of("S", "N", 1);

    stock(&f, "S", "N", 1000);
    fill_strings(&f);
    snprintf(id, sizeof id, "%064u", 5u);
    step_all(&f, ATP_OP_RELEASE, id); /* one block of that size is free: not two */
    snprintf(id, sizeof id, "%064u", 2000u);
    snprintf(owner, sizeof owner, "%064u", 2001u);
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(id),
                             .owner = atp_text_of(owner),
                             .line_count = 1,
                             .lines = &line};
    assert_verdict(fixture_do(&f, command), ATP_STRINGS_FULL);
    snprintf(id, sizeof id, "%064u", 6u);
    step_all(&f, ATP_OP_RELEASE, id);
    snprintf(id, sizeof id, "%064u", 7u);
    step_all(&f, ATP_OP_RELEASE, id);
    snprintf(id, sizeof id, "%064u", 2002u);
    assert_verdict(fixture_do(&f, command), ATP_APPLIED);
    fixture_close(&f);
}

static void with_full_strings_a_node_can_still_be_paused_but_not_renamed(void **state)
{
    (void)state;
    fixture_t f = with_few_strings();
    atp_command_line_t line = line_of("S", "N", 0);
    char name[200];
    atp_command_t node = {.kind = ATP_OP_NODE,
                          .option = ATP_NODE_PAUSED,
                          .name = ATP_TEXT("north"),
                          .line_count = 1,
                          .lines = &line};
    atp_command_t sku = {.kind = ATP_OP_SKU, .line_count = 1, .lines = &line};

    put_sku(&f, "S", 0);
    node.option = ATP_NODE_OPEN;
    assert_verdict(fixture_do(&f, node), ATP_APPLIED);
    fact(&f, ATP_OP_COUNT, "S", "N", 1000);
    fill_strings(&f);
    for (unsigned i = 0; i < 30; i++) { /* and what is left, with short ones */
        snprintf(name, sizeof name, "s%u", i);
        reserve(&f, name, "S", "N", 1);
    }
    node.option = ATP_NODE_PAUSED;
    assert_verdict(fixture_do(&f, node), ATP_APPLIED);
    node.name = ATP_TEXT("south"); /* takes the place of "north" */
    assert_verdict(fixture_do(&f, node), ATP_APPLIED);
    memset(name, 'n', sizeof name);
    node.name = (atp_text_t){name, sizeof name};
    node.option = ATP_NODE_OPEN;
    assert_refused(fixture_do(&f, node), ATP_STRINGS_FULL, ATP_FIELD_NODE);
    assert_int_equal(atp_catalog_node_state(atp_ledger_catalog(f.ledger), 0),
                     ATP_NODE_PAUSED); /* nothing changed */
    sku.name = node.name;
    assert_refused(fixture_do(&f, sku), ATP_STRINGS_FULL, ATP_FIELD_SKU);
    assert_refused(put_sku(&f, "a-new-sku-with-a-long-id-that-does-not-fit-in", 0), ATP_STRINGS_FULL,
                   ATP_FIELD_SKU);
    assert_refused(put_channel(&f, "a-new-channel-with-a-long-id-that-does-not-fit", 0), ATP_STRINGS_FULL,
                   ATP_FIELD_CHANNEL);
    fixture_close(&f);
}

static void a_scale_changes_only_while_nothing_is_there(void **state) /* F7 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_refused(put_sku(&f, "S", 2), ATP_SCALE_IN_USE, ATP_FIELD_OPTION);
    reserve_for(&f, "r", "S", "N", 5, 100);
    fact(&f, ATP_OP_COUNT, "S", "N", 0);
    assert_refused(put_sku(&f, "S", 2), ATP_SCALE_IN_USE, ATP_FIELD_OPTION);
    assert_verdict(put_sku(&f, "S", 0), ATP_APPLIED); /* the same scale is no change */
    f.now_ms += 100;                                  /* what is due is not there any more */
    assert_verdict(put_sku(&f, "S", 2), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 5), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 500);
    fact(&f, ATP_OP_COUNT, "S", "N", 0);
    fact(&f, ATP_OP_SAFETY, "S", "N", 1);
    assert_refused(put_sku(&f, "S", 0), ATP_SCALE_IN_USE, ATP_FIELD_OPTION);
    fixture_close(&f);
}

static void a_display_name_changes_and_the_id_stays(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t line = line_of("S", "", 0);
    atp_command_t sku = {.kind = ATP_OP_SKU, .name = ATP_TEXT("Chair"), .line_count = 1, .lines = &line};
    const atp_catalog_t *catalog = atp_ledger_catalog(f.ledger);

    stock(&f, "S", "N", 5);
    fixture_do(&f, sku);
    const atp_sku_record_t *record = atp_table_at(&catalog->skus, 0);
    assert_true(atp_text_equal(atp_strings_get(&catalog->strings, record->name_ref), sku.name));
    sku.name = ATP_TEXT("A chair with a much longer name than before");
    fixture_do(&f, sku);
    assert_true(atp_text_equal(atp_strings_get(&catalog->strings, record->name_ref), sku.name));
    sku.name = (atp_text_t){NULL, 0};
    fixture_do(&f, sku);
    assert_int_equal(record->name_ref, 0);
    assert_true(atp_text_equal(atp_catalog_sku_id(catalog, 0), ATP_TEXT("S")));
    fixture_close(&f);
}

static void a_configuration_changes_times_and_limits_and_never_capacities(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_ledger_config_t config = *atp_ledger_config(f.ledger);
    atp_command_line_t two[] = {line_of("S", "N", 1), line_of("S", "N", 1)};

    stock(&f, "S", "N", 5);
    config.ttl_default_ms = 77;
    config.lines_per_reservation = 1;
    config.skus = 1;
    config.hash_seed = 1;
    atp_op_encode_config(f.record, ATP_OP_CONFIGURE, &config);
    assert_verdict(fixture_apply(&f, f.record), ATP_APPLIED);
    assert_int_equal(reserve(&f, "r", "S", "N", 1).deadline_ms, f.now_ms + 77);
    assert_refused(reserve_lines(&f, "r2", ATP_RESERVE_ALL_OR_NOTHING, 2, two), ATP_TOO_MANY_LINES,
                   ATP_FIELD_LINES);
    assert_verdict(put_sku(&f, "T", 0), ATP_APPLIED);
    config.ttl_default_ms = config.ttl_max_ms + 1;
    atp_op_encode_config(f.record, ATP_OP_CONFIGURE, &config);
    assert_refused(fixture_apply(&f, f.record), ATP_MALFORMED, ATP_FIELD_OPTION);
    assert_int_equal(atp_ledger_config(f.ledger)->ttl_default_ms, 77);
    fixture_close(&f);
}

static void a_lowered_limit_of_time_to_live_holds_for_channels_too(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_ledger_config_t config = *atp_ledger_config(f.ledger);
    atp_command_line_t line = line_of("S", "N", 1);
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = ATP_TEXT("r"),
                             .channel = ATP_TEXT("web"),
                             .line_count = 1,
                             .lines = &line};

    stock(&f, "S", "N", 5);
    put_channel(&f, "web", 50000);
    assert_verdict(fixture_do(&f, command), ATP_APPLIED);
    config.ttl_default_ms = 1000;
    config.ttl_max_ms = 2000;
    atp_op_encode_config(f.record, ATP_OP_CONFIGURE, &config);
    fixture_apply(&f, f.record);
    command.id = ATP_TEXT("r2");
    assert_refused(fixture_do(&f, command), ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL);
    assert_refused(extend(&f, "r", 0), ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL);
    assert_verdict(extend(&f, "r", 2000), ATP_APPLIED);
    fixture_close(&f);
}

static void a_configuration_out_of_range_is_named(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    atp_ledger_t *ledger = NULL;
    atp_why_t why = {""};

    config.nodes = 65536;
    assert_int_equal(atp_ledger_create(&config, &ledger, &why), ATP_ERR_INVALID);
    assert_non_null(strstr(why.text, "nodes"));
    config = fixture_config();
    config.ttl_default_ms = config.ttl_max_ms + 1;
    assert_int_equal(atp_ledger_create(&config, &ledger, &why), ATP_ERR_INVALID);
    assert_non_null(strstr(why.text, "ttl_default_ms"));
    config = fixture_config();
    config.positions = UINT32_MAX - 2;
    config.reservations = UINT32_MAX - 2;
    assert_int_equal(atp_ledger_create(&config, &ledger, &why), ATP_ERR_MEMORY);
    assert_non_null(strstr(why.text, "positions"));
    assert_null(ledger);
    atp_ledger_destroy(NULL);
}

static void the_first_op_is_genesis_and_no_other_is(void **state)
{
    (void)state;
    fixture_t f = fixture_open_empty(NULL);
    fixture_t g = fixture_open(NULL);
    atp_ledger_config_t config = fixture_config();

    assert_aborts(pulse(&f, 1));
    config.positions++;
    atp_op_encode_config(f.record, ATP_OP_GENESIS, &config);
    assert_aborts(fixture_apply(&f, f.record)); /* created with other capacities */
    assert_aborts(fixture_apply(&g, (atp_op_encode_config(g.record, ATP_OP_GENESIS, &config), g.record)));
    config.positions--;
    atp_op_encode_config(f.record, ATP_OP_GENESIS, &config);
    assert_verdict(fixture_apply(&f, f.record), ATP_APPLIED);
    assert_true(atp_ledger_hash(f.ledger) == atp_ledger_hash(g.ledger));
    fixture_close(&f);
    fixture_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(catalogue_tables_say_when_they_are_full),
        cmocka_unit_test(positions_say_when_they_are_full_and_which_line_was_one_too_many),
        cmocka_unit_test(live_reservations_fill_the_table_and_ended_ones_make_room),
        cmocka_unit_test(lines_run_out_like_reservations_do),
        cmocka_unit_test(what_is_due_makes_room_in_the_same_op_where_the_op_meets_it),
        cmocka_unit_test(ids_fill_the_table_of_strings_and_ended_ones_give_theirs_back),
        cmocka_unit_test(id_and_owner_do_not_share_the_last_block),
        cmocka_unit_test(with_full_strings_a_node_can_still_be_paused_but_not_renamed),
        cmocka_unit_test(a_scale_changes_only_while_nothing_is_there),
        cmocka_unit_test(a_display_name_changes_and_the_id_stays),
        cmocka_unit_test(a_configuration_changes_times_and_limits_and_never_capacities),
        cmocka_unit_test(a_lowered_limit_of_time_to_live_holds_for_channels_too),
        cmocka_unit_test(a_configuration_out_of_range_is_named),
        cmocka_unit_test(the_first_op_is_genesis_and_no_other_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
