/* What was told of kits: only what is different is news. */
#include "tools/atpd/events/told.h"

#include "tests/test.h"

static atp_told_news_t note(atp_told_t *told, uint32_t sku, int64_t promisable, uint64_t version)
{
    const atp_told_kit_t kit = {.sku = sku,
                                .node = 3,
                                .generation = 1,
                                .shown = promisable,
                                .promisable = promisable,
                                .version = version};
    return atp_told_note(told, &kit, false);
}

static void the_same_again_is_no_news(void **state)
{
    (void)state;
    atp_told_t told;

    assert_int_equal(atp_told_init(&told, 100), ATP_OK);
    assert_int_equal(note(&told, 7, 5, 1), ATP_TOLD_NEWS);
    assert_int_equal(note(&told, 7, 5, 2), ATP_TOLD_NO_NEWS);
    assert_int_equal(note(&told, 8, 5, 2), ATP_TOLD_NEWS); /* another kit */
    assert_int_equal(note(&told, 7, 4, 3), ATP_TOLD_NEWS);
    assert_int_equal(note(&told, 7, 5, 3), ATP_TOLD_NO_NEWS); /* not newer */
    assert_int_equal(note(&told, 7, 5, 4), ATP_TOLD_NEWS);
    atp_told_fini(&told);
}

static void coming_to_nothing_is_told_once(void **state)
{
    (void)state;
    atp_told_t told;

    assert_int_equal(atp_told_init(&told, 100), ATP_OK);
    assert_int_equal(note(&told, 7, 1, 1), ATP_TOLD_NEWS);
    assert_int_equal(note(&told, 7, 0, 2), ATP_TOLD_OUT);
    assert_int_equal(note(&told, 7, 0, 3), ATP_TOLD_NO_NEWS);
    const atp_told_kit_t shown = {
        .sku = 7, .node = 3, .generation = 1, .shown = 2, .promisable = 0, .version = 4};
    assert_int_equal(atp_told_note(&told, &shown, false), ATP_TOLD_NEWS); /* out already */
    assert_int_equal(note(&told, 7, 2, 5), ATP_TOLD_NEWS);
    assert_int_equal(note(&told, 7, 0, 6), ATP_TOLD_OUT);
    atp_told_fini(&told);
}

static void who_begins_to_listen_is_told_anew(void **state)
{
    (void)state;
    atp_told_t told;
    atp_told_kit_t kit = {.sku = 7, .node = 3, .generation = 1, .shown = 0, .promisable = 0, .version = 9};

    assert_int_equal(atp_told_init(&told, 100), ATP_OK);
    assert_int_equal(atp_told_note(&told, &kit, false), ATP_TOLD_OUT);
    kit.generation = 2;
    assert_int_equal(atp_told_note(&told, &kit, true), ATP_TOLD_NO_NEWS); /* quiet: nothing is none */
    assert_int_equal(atp_told_note(&told, &kit, false), ATP_TOLD_OUT);
    kit.node = 4;
    kit.promisable = 1;
    assert_int_equal(atp_told_note(&told, &kit, true), ATP_TOLD_NEWS);
    atp_told_fini(&told);
}

static void when_it_is_full_the_oldest_is_forgotten(void **state)
{
    (void)state;
    atp_told_t told;

    assert_int_equal(atp_told_init(&told, 1), ATP_OK); /* eight places */
    for (uint32_t i = 1; i <= 9; i++) {
        assert_int_equal(note(&told, i, 5, i), ATP_TOLD_NEWS);
    }
    for (uint32_t i = 2; i <= 9; i++) {
        assert_int_equal(note(&told, i, 5, 100), ATP_TOLD_NO_NEWS);
    }
    assert_int_equal(note(&told, 1, 5, 101), ATP_TOLD_NEWS);
    assert_int_equal(note(&told, 2, 5, 102), ATP_TOLD_NEWS); /* gave way to it */
    atp_told_fini(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_again_is_no_news),
        cmocka_unit_test(coming_to_nothing_is_told_once),
        cmocka_unit_test(who_begins_to_listen_is_told_anew),
        cmocka_unit_test(when_it_is_full_the_oldest_is_forgotten),
    };
    return cmocka_run_group_tests_name("tools.atpd.told", tests, NULL, NULL);
}
