/* Kits of which parts go to other nodes: what is asked and told of them there. */
#include "tests/engine/ledger/sourcing/reassign_fixture.h"

#include "engine/ledger/ledger_priv.h"

/* A bike is a frame and two wheels; A and B have the parts of three each. */
static void put_bikes(fixture_t *f)
{
    atp_command_line_t recipe[] = {line_of("frame", "", 1), line_of("wheel", "", 2)};

    put_sku(f, "bike", 0);
    for (unsigned i = 0; i < 2; i++) {
        stock(f, "frame", &"A\0B"[2 * i], 3);
        stock(f, "wheel", &"A\0B"[2 * i], 6);
    }
    assert_verdict(fixture_do(f, (atp_command_t){.kind = ATP_OP_KIT,
                                                 .subject = ATP_TEXT("bike"),
                                                 .line_count = 2,
                                                 .lines = recipe}),
                   ATP_APPLIED);
}

static void components_of_a_kit_move_together(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "frame", "C", 0);
    stock(&f, "wheel", "C", 6);
    put_bikes(&f);
    assert_verdict(reserve(&f, "k", "bike", "A", 3), ATP_APPLIED);
    assert_verdict(move(&f, "k", "bike", "A", 1, ""), ATP_APPLIED);
    assert_int_equal(view_of(&f, "frame", "B").reserved, 1);
    assert_int_equal(view_of(&f, "wheel", "B").reserved, 2);
    assert_int_equal(view_of(&f, "wheel", "C").reserved, 0);
    assert_verdict(move(&f, "k", "wheel", "A", 2, "C"), ATP_APPLIED); /* a component by its own name */
    assert_int_equal(view_of(&f, "wheel", "C").reserved, 2);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "k", "bike", "A", 3), ATP_APPLIED);
    assert_int_equal(view_of(&f, "frame", "A").allocated, 2);
    assert_int_equal(view_of(&f, "frame", "B").allocated, 1);
    assert_int_equal(view_of(&f, "wheel", "A").allocated, 2);
    assert_int_equal(view_of(&f, "wheel", "B").allocated, 2);
    assert_int_equal(view_of(&f, "wheel", "C").allocated, 2);
    fixture_close(&f);
}

/* A warehouse that shipped a kit which had been put together elsewhere was taken for one that ships without a reservation. */
static void a_kit_is_named_where_its_components_went(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    put_bikes(&f);
    assert_verdict(reserve(&f, "k", "bike", "A", 3), ATP_APPLIED);
    assert_verdict(move(&f, "k", "bike", "A", 3, "B"), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "k", "bike", "A", 3), ATP_UNKNOWN_LINE);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "k"), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "k", "bike", "B", 1), ATP_APPLIED);
    const atp_command_line_t told = line_of("bike", "B", 1);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_SHIP,
                                                  .is_fact = true,
                                                  .id = ATP_TEXT("told"),
                                                  .reservation = ATP_TEXT("k"),
                                                  .line_count = 1,
                                                  .lines = &told}),
                   ATP_APPLIED);
    assert_int_equal(view_of(&f, "frame", "B").on_hand, 1);
    assert_int_equal(view_of(&f, "frame", "B").allocated, 1);
    assert_int_equal(view_of(&f, "wheel", "B").allocated, 2);
    assert_int_equal(atp_ledger_exceptions(f.ledger)->heads->newest, 0);
    fixture_close(&f);
}

/* One of two kits was taken for two frames and two wheels, and the other one for nothing but wheels. */
static void a_kit_of_which_parts_went_elsewhere_is_stepped_as_one(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    put_bikes(&f);
    assert_verdict(reserve(&f, "k", "bike", "A", 2), ATP_APPLIED);
    assert_verdict(move(&f, "k", "bike", "A", 1, "B"), ATP_APPLIED);
    assert_verdict(reserve(&f, "e", "bike", "A", 2), ATP_APPLIED);
    assert_verdict(move(&f, "e", "bike", "A", 1, "B"), ATP_APPLIED);
    const atp_command_line_t one = line_of("bike", "A", 1);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_EDIT,
                                                  .id = ATP_TEXT("less"),
                                                  .reservation = ATP_TEXT("e"),
                                                  .line_count = 1,
                                                  .lines = &one}),
                   ATP_APPLIED);
    assert_int_equal(view_of(&f, "frame", "A").reserved + view_of(&f, "frame", "B").reserved, 3);
    assert_int_equal(view_of(&f, "wheel", "A").reserved + view_of(&f, "wheel", "B").reserved, 6);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "e"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "k"), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "k", "bike", "A", 1), ATP_APPLIED);
    assert_int_equal(view_of(&f, "frame", "A").on_hand, 2);
    assert_int_equal(view_of(&f, "wheel", "A").on_hand, 4);
    assert_int_equal(view_of(&f, "frame", "B").on_hand, 3);
    assert_int_equal(view_of(&f, "wheel", "B").on_hand, 6);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "k", "bike", "A", 1), ATP_APPLIED);
    assert_int_equal(view_of(&f, "frame", "B").on_hand, 2);
    assert_int_equal(view_of(&f, "wheel", "B").on_hand, 4);
    fixture_close(&f);
}

/* k: three bikes of A, all firm, of which one was moved to B. */
static fixture_t open_with_bikes_of_two_nodes(void)
{
    fixture_t f = fixture_open(NULL);

    put_bikes(&f);
    assert_verdict(reserve(&f, "k", "bike", "A", 3), ATP_APPLIED);
    assert_verdict(move(&f, "k", "bike", "A", 1, "B"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "k"), ATP_APPLIED);
    return f;
}

/* What B told of the bike that it had put together fell outside the reservation: its frame and wheels left, and stayed promised. */
static void a_fact_names_a_kit_where_some_of_it_went(void **state)
{
    (void)state;
    fixture_t f = open_with_bikes_of_two_nodes();

    assert_verdict(step_fact(&f, ATP_OP_PICK, "k", "bike", "B", 1), ATP_APPLIED);
    assert_int_equal(f.result.qty, 1);
    assert_verdict(step_fact(&f, ATP_OP_PICK, "k", "bike", "B", 1), ATP_CONFIRMED); /* told twice */
    assert_refused(step_fact(&f, ATP_OP_PICK, "k", "bike", "B", 2), ATP_ALREADY_PICKED, ATP_FIELD_LINES);
    assert_int_equal(counts_of(&f).exceptions_open, 1); /* the fact that was refused is kept */
    assert_verdict(step_fact(&f, ATP_OP_PICK, "k", "bike", "A", 2), ATP_APPLIED);
    assert_verdict(step_fact(&f, ATP_OP_SHIP, "k", "bike", "B", 1), ATP_APPLIED);
    assert_int_equal(view_of(&f, "frame", "B").on_hand, 2);
    assert_int_equal(view_of(&f, "wheel", "B").on_hand, 4);
    assert_int_equal(view_of(&f, "frame", "B").allocated, 0);
    assert_int_equal(view_of(&f, "wheel", "B").allocated, 0);
    assert_int_equal(view_of(&f, "wheel", "A").allocated, 4);
    assert_verdict(step_fact(&f, ATP_OP_SHIP, "k", "bike", "A", 2), ATP_APPLIED);
    assert_int_equal(view_of(&f, "frame", "A").on_hand, 1);
    assert_int_equal(view_of(&f, "wheel", "A").on_hand, 2);
    assert_int_equal(counts_of(&f).exceptions_open, 1);
    assert_verdict(step_with(&f, ATP_OP_RETURN, true, "k", "bike", "B", 1, "disposition=restock"),
                   ATP_APPLIED);
    assert_int_equal(view_of(&f, "frame", "B").on_hand, 3);
    assert_int_equal(view_of(&f, "wheel", "B").on_hand, 6);
    assert_int_equal(counts_of(&f).exceptions_open, 1);
    fixture_check(&f);
    fixture_close(&f);
}

static void a_kit_is_shipped_from_the_cart_where_it_went(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    put_bikes(&f);
    assert_verdict(reserve(&f, "k", "bike", "A", 3), ATP_APPLIED);
    assert_verdict(move(&f, "k", "bike", "A", 2, "B"), ATP_APPLIED);
    assert_verdict(step_fact(&f, ATP_OP_SHIP, "k", "bike", "B", 2),
                   ATP_APPLIED); /* nobody had allocated it */
    assert_int_equal(view_of(&f, "frame", "B").on_hand, 1);
    assert_int_equal(view_of(&f, "wheel", "B").reserved, 0);
    assert_int_equal(view_of(&f, "wheel", "A").reserved, 2);
    assert_int_equal(counts_of(&f).exceptions_open, 0);
    fixture_close(&f);
}

static void more_than_stands_there_is_an_exception_there(void **state)
{
    (void)state;
    fixture_t f = open_with_bikes_of_two_nodes();

    assert_verdict(step_fact(&f, ATP_OP_PICK, "k", "bike", "B", 2), ATP_APPLIED_IN_PART);
    const atp_exception_t *exception = newest_exception(&f);
    assert_int_equal(exception->kind, ATP_EXCEPTION_STEP_NOT_POSSIBLE);
    assert_int_equal(exception->qty, 1);
    assert_true(has_position(&f, "bike", "B"));
    assert_verdict(step_fact(&f, ATP_OP_SHORT, "k", "bike", "B", 1), ATP_APPLIED); /* picked, and then lost */
    assert_int_equal(view_of(&f, "frame", "B").allocated, 0);
    assert_int_equal(view_of(&f, "wheel", "B").allocated, 0);
    assert_int_equal(view_of(&f, "frame", "A").allocated, 2);
    fixture_check(&f);
    fixture_close(&f);
}

/* All frames that were short had gone to the other node, and their line with them: the wheels stayed, and the bike behind it. */
static void a_kit_that_is_short_goes_elsewhere_whole(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.progress = 4 * ATP_LINES_PER_OP_MAX; /* one op is to have room for all that it may make short */
    fixture_t f = fixture_open(&config);
    const atp_command_line_t lines[] = {line_of("bike", "A", 1), line_of("bike", "A", 1)};

    put_bikes(&f);
    assert_verdict(put_channel_with(&f, "default", "on_short=re_source"), ATP_APPLIED);
    assert_verdict(reserve_lines(&f, "k", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "k"), ATP_APPLIED);
    assert_verdict(step_fact(&f, ATP_OP_SHORT, "k", "bike", "A", 2), ATP_APPLIED);
    assert_int_equal(f.result.qty, 2);
    assert_int_equal(view_of(&f, "frame", "B").allocated, 2);
    assert_int_equal(view_of(&f, "wheel", "B").allocated, 4);
    assert_int_equal(view_of(&f, "frame", "A").allocated + view_of(&f, "wheel", "A").allocated, 0);
    fixture_check(&f);
    fixture_close(&f);
}

static void a_kit_is_whole_where_all_its_parts_are(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    put_bikes(&f);
    assert_verdict(reserve(&f, "k", "bike", "A", 2), ATP_APPLIED);
    assert_verdict(move(&f, "k", "wheel", "A", 2, "B"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "k"), ATP_APPLIED);
    assert_refused(step_line(&f, ATP_OP_PICK, "k", "bike", "B", 1), ATP_UNKNOWN_LINE, ATP_FIELD_LINES);
    assert_verdict(step_line(&f, ATP_OP_PICK, "k", "bike", "A", 2),
                   ATP_APPLIED); /* whose wheels are elsewhere */
    fixture_close(&f);
}

/* What is asked of a kit at the node that some of it went to is about those, and leaves the rest alone. */
static void a_request_names_a_kit_where_some_of_it_went(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    put_bikes(&f);
    assert_verdict(reserve(&f, "k", "bike", "A", 3), ATP_APPLIED);
    assert_verdict(move(&f, "k", "bike", "A", 2, "B"), ATP_APPLIED);
    assert_refused(step_line(&f, ATP_OP_ALLOCATE, "k", "bike", "B", 3), ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "k", "bike", "B", 1), ATP_APPLIED);
    assert_int_equal(f.result.qty, 1);
    assert_int_equal(view_of(&f, "frame", "B").allocated, 1);
    assert_int_equal(view_of(&f, "frame", "B").reserved, 0); /* of two there one was wanted */
    assert_int_equal(view_of(&f, "frame", "A").reserved, 1);
    assert_int_equal(view_of(&f, "wheel", "A").reserved, 2);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "k", "bike", "A", 1), ATP_APPLIED);
    assert_verdict(move(&f, "k", "bike", "B", 1, "A"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "frame", "A").allocated, 2);
    assert_int_equal(view_of(&f, "wheel", "A").allocated, 4);
    assert_int_equal(view_of(&f, "wheel", "B").allocated, 0);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "k", "bike", "A", 2), ATP_APPLIED);
    assert_int_equal(view_of(&f, "frame", "A").on_hand, 1);
    fixture_check(&f);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_of_a_kit_move_together),
        cmocka_unit_test(a_kit_is_named_where_its_components_went),
        cmocka_unit_test(a_kit_of_which_parts_went_elsewhere_is_stepped_as_one),
        cmocka_unit_test(a_fact_names_a_kit_where_some_of_it_went),
        cmocka_unit_test(a_kit_is_shipped_from_the_cart_where_it_went),
        cmocka_unit_test(more_than_stands_there_is_an_exception_there),
        cmocka_unit_test(a_kit_that_is_short_goes_elsewhere_whole),
        cmocka_unit_test(a_kit_is_whole_where_all_its_parts_are),
        cmocka_unit_test(a_request_names_a_kit_where_some_of_it_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
