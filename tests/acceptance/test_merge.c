/* Two SKUs that are one: what stood under either name goes on under both, and nothing is promised twice. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <string.h>

#define OUTPUT_SIZE 8192
#define PATIENCE_S  60

/* What `atp WORDS` prints. */
static const char *printed(const acceptance_t *a, const char *words)
{
    static char output[OUTPUT_SIZE];

    if (atp(a, words, output, sizeof output) != 0) {
        fail_msg("%s: %s", words, output);
    }
    return output;
}

static void expect(const acceptance_t *a, const char *words, const char *wanted, const char *unwanted)
{
    const char *output = printed(a, words);

    if (strstr(output, wanted) == NULL || strstr(output, unwanted) != NULL) {
        fail_msg("%s: wanted '%s' and not '%s': %s", words, wanted, unwanted, output);
    }
}

static void tell(acceptance_t *a, atp_publisher_t *publisher, atp_op_kind_t kind, const char *sku_id,
                 const char *node_id, int64_t qty, const char *source, const char *batches)
{
    char words[64];
    const atp_command_line_t line = {
        .sku = atp_text_of(sku_id), .node = atp_text_of(node_id), .mantissa = qty};
    const atp_command_t fact = {.kind = kind, .is_fact = true, .line_count = 1, .lines = &line};

    assert_int_equal(atp_publisher_publish(publisher, &fact, 1, 0), ATP_OK);
    snprintf(words, sizeof words, "source show %s --json", source);
    wait_for(a, words, batches);
}

/* Units that nobody had could be promised once under each name. */
static void what_can_be_promised_is_as_much_as_before_and_no_more(void **state)
{
    acceptance_t *a = *state;

    stock(a, "tea-old", "me-a", "5");
    stock(a, "tea", "me-a", "10");
    stock(a, "tea-old", "me-b", "3");
    assert_verdict(hold(a, "me-cart-1", "tea-old", "me-a", "2"), ATP_APPLIED);
    assert_verdict(hold(a, "me-cart-2", "tea", "me-a", "4"), ATP_APPLIED);
    must(a, "sku merge tea-old --into tea");
    assert_int_equal(promisable(a, "tea", "me-a"), 9);
    assert_int_equal(promisable(a, "tea-old", "me-a"), 9);
    assert_int_equal(promisable(a, "tea", NULL), 12);
    assert_verdict(hold(a, NULL, "tea-old", "me-a", "5"), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "tea", "me-a", "5"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(hold(a, NULL, "tea", "me-a", "4"), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "tea-old", "me-a", "1"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(hold(a, NULL, "tea-old", "me-b", "3"), ATP_APPLIED);
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "tea-old", "me-a", "14"), ATP_APPLIED);
    assert_int_equal(components(a, "tea", "me-a").on_hand, 14); /* of both */
    must(a, "sku merge tea-old --into tea");                    /* they are */
    must_not(a, "sku merge tea --into tea-none");
}

/* One that ended before is found, and its units come back, after a kill as well. */
static void what_stood_under_the_old_name_goes_on_after_a_kill_too(void **state)
{
    acceptance_t *a = *state;

    stock(a, "cup-old", "me-a", "8");
    stock(a, "cup", "me-a", "1");
    assert_verdict(hold(a, "me-gone", "cup-old", "me-a", "3"), ATP_APPLIED);
    must(a, "allocate me-gone");
    must(a, "ship me-gone");
    assert_verdict(hold(a, "me-live", "cup-old", "me-a", "2"), ATP_APPLIED);
    must(a, "supply put me-po cup-old@me-a=20 --due +2d");
    must(a, "sku merge cup-old --into cup");
    acceptance_kill(a);
    acceptance_restart(a);
    assert_int_equal(promisable(a, "cup", "me-a"), 4);
    must(a, "allocate me-live");
    must(a, "ship me-live cup-old@me-a=1");
    must(a, "ship me-live cup@me-a=1");
    must(a, "return me-gone cup-old@me-a=1 --disposition restock");
    must(a, "supply receive me-po cup@me-a=20");
    assert_int_equal(components(a, "cup", "me-a").on_hand, 25); /* 8 and 1 less 3 and 2, 1 back, 20 in */
    expect(a, "show me-gone", "cup ", "cup-old");
    expect(a, "history me-gone", "ship", "cup-old");
    expect(a, "history me-live", "cup ", "cup-old");
    expect(a, "supply list", "me-po", "cup-old");
}

/* One of two sources tells of it before the merge, the other one after it. */
static void what_two_sources_tell_is_compared_under_the_name_that_is(void **state)
{
    acceptance_t *a = *state;

    stock(a, "pot-old", "me-a", "10");
    stock(a, "pot", "me-a", "10");
    must(a, "source put me-erp --claim sales@me-a");
    must(a, "source put me-erp-2 --claim sales@me-a --shadow-of me-erp");
    atp_publisher_t *erp = publish_from(a, "me-erp", 1, 1);
    atp_publisher_t *new = publish_from(a, "me-erp-2", 1, 1);
    tell(a, erp, ATP_OP_SALE, "pot-old", "me-a", 2, "me-erp", "\"batches\":1,");
    expect(a, "source differences me-erp-2 --json", "pot-old", "\"applied\":\"-1\"");
    must(a, "sku merge pot-old --into pot");
    expect(a, "source differences me-erp-2 --json", "\"applied\":\"-2\",\"shadowed\":\"0\"", "pot-old");
    tell(a, new, ATP_OP_SALE, "pot", "me-a", 1, "me-erp-2", "\"batches\":1,");
    expect(a, "source differences me-erp-2 --json", "\"applied\":\"-2\",\"shadowed\":\"-1\"", "pot-old");
    tell(a, new, ATP_OP_SALE, "pot-old", "me-a", 1, "me-erp-2", "\"batches\":2,");
    assert_null(strstr(printed(a, "source differences me-erp-2 --json"), "\"applied\":"));
    assert_int_equal(components(a, "pot", "me-a").on_hand, 18);
    atp_publisher_close(erp);
    atp_publisher_close(new);
}

/* A feed of on-hand that includes what me-wms has told up to a batch, and its count of a SKU. */
static void feed(acceptance_t *a, const char *id, uint64_t sequence, const char *sku_id, int64_t qty)
{
    char feed_id[ATP_ID_SIZE_MAX + 1];
    char count_id[ATP_ID_SIZE_MAX + 1];
    const atp_attribute_t point[] = {
        {.key = ATP_KEY_BASIS, .line = ATP_WHOLE_OP},
        {.key = ATP_KEY_INCLUDES, .line = ATP_WHOLE_OP, .text = ATP_TEXT("me-wms")},
        {.key = ATP_KEY_EPOCH, .line = ATP_WHOLE_OP, .number = 1},
        {.key = ATP_KEY_SEQUENCE, .line = ATP_WHOLE_OP, .number = (int64_t)sequence},
    };
    const atp_attribute_t of_feed = {.key = ATP_KEY_FEED, .line = ATP_WHOLE_OP, .text = atp_text_of(id)};
    const atp_command_line_t line = {.sku = atp_text_of(sku_id), .node = ATP_TEXT("me-a"), .mantissa = qty};
    const atp_command_t opened = {.kind = ATP_OP_FEED,
                                  .id = atp_text_of(fresh_id(a, feed_id)),
                                  .subject = atp_text_of(id),
                                  .attribute_count = 4,
                                  .attributes = point};
    const atp_command_t counted = {.kind = ATP_OP_COUNT,
                                   .id = atp_text_of(fresh_id(a, count_id)),
                                   .is_fact = true,
                                   .line_count = 1,
                                   .lines = &line,
                                   .attribute_count = 1,
                                   .attributes = &of_feed};

    atp_result_t told = call(a, &opened, NULL);
    assert_true(told.verdict == ATP_APPLIED || told.verdict == ATP_CONFIRMED); /* told before: it goes on */
    assert_verdict(call(a, &counted, NULL), ATP_APPLIED);
}

/* The correction was of the old one; the report names the SKU that is, and the next feed counts both as one. */
static void what_a_feed_corrected_is_reported_under_the_name_that_is(void **state)
{
    acceptance_t *a = *state;

    sku(a, "pan-old", 0);
    sku(a, "pan", 0);
    atp_publisher_t *wms = publish_from(a, "me-wms", 1, 1);
    tell(a, wms, ATP_OP_RECEIVE, "pan-old", "me-a", 10, "me-wms", "\"batches\":1,");
    feed(a, "me-night-1", 1, "pan-old", 8);
    expect(a, "drift me-night-1", "pan-old", "pan ");
    must(a, "sku merge pan-old --into pan");
    expect(a, "drift me-night-1", "pan ", "pan-old");
    tell(a, wms, ATP_OP_RECEIVE, "pan-old", "me-a", 4, "me-wms", "\"batches\":2,");
    feed(a, "me-night-2", 2, "pan", 11);
    assert_int_equal(components(a, "pan", "me-a").on_hand, 11);
    expect(a, "drift me-night-2", "pan ", "pan-old");
    atp_publisher_close(wms);
}

static void what_would_have_to_be_guessed_is_refused_and_nothing_is_done(void **state)
{
    acceptance_t *a = *state;

    sku(a, "jar-old", 0);
    sku(a, "jar", 0);
    sku(a, "jar-fine", 2);
    atp_publisher_t *wms = publish_from(a, "me-wms", 1, 3);
    tell(a, wms, ATP_OP_RECEIVE, "jar-old", "me-a", 5, "me-wms", "\"batches\":3,");
    tell(a, wms, ATP_OP_RECEIVE, "jar", "me-a", 5, "me-wms", "\"batches\":4,");
    must_not(a, "sku merge jar-old --into jar-fine"); /* counted in other units */
    must(a, "channel put me-web");
    must(a, "put rule me-rule --with channel=me-web --with sku=jar-old --with buffer=1");
    must_not(a, "sku merge jar-old --into jar");
    must(a, "put rule me-rule --with dropped=yes");
    feed(a, "me-of-old", 4, "jar-old", 4);
    must_not(a, "sku merge jar-old --into jar"); /* a late fact: does that count include it? */
    assert_int_equal(promisable(a, "jar-old", "me-a"), 4);
    assert_int_equal(promisable(a, "jar", "me-a"), 5);
    feed(a, "me-of-both", 4, "jar-old", 3);
    feed(a, "me-of-both", 4, "jar", 6);
    must(a, "sku merge jar-old --into jar");
    assert_int_equal(promisable(a, "jar", "me-a"), 9);
    atp_publisher_close(wms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_promised_is_as_much_as_before_and_no_more),
        cmocka_unit_test(what_stood_under_the_old_name_goes_on_after_a_kill_too),
        cmocka_unit_test(what_two_sources_tell_is_compared_under_the_name_that_is),
        cmocka_unit_test(what_a_feed_corrected_is_reported_under_the_name_that_is),
        cmocka_unit_test(what_would_have_to_be_guessed_is_refused_and_nothing_is_done),
    };
    return cmocka_run_group_tests_name("acceptance.merge", tests, acceptance_start, acceptance_stop);
}
