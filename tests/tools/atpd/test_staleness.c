/* What is told of stale nodes: each key once, as it is in the end; nothing where nothing has changed. */
#include "tools/atpd/events/staleness.h"

#include "tests/engine/ledger/ledger_fixture.h"

#include <stdio.h>
#include <string.h>

static void put_source(fixture_t *f, const char *source, const char *words)
{
    const atp_command_t command = {.kind = ATP_OP_REGISTER_SOURCE, .subject = atp_text_of(source)};

    assert_verdict(do_with(f, command, words), ATP_APPLIED);
}

static void wait_ms(fixture_t *f, int64_t ms)
{
    f->now_ms += ms;
    assert_verdict(pulse(f, 100), ATP_APPLIED);
}

/* A and B, counted by wms, which may be silent for a second; C, counted by pos, which may always. "stop" sees A and B, "held"
 * all nodes, "far" C alone; "on" goes on. */
static fixture_t open_nodes(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "A", 10);
    stock(&f, "S", "B", 4);
    stock(&f, "S", "C", 1);
    assert_verdict(put_group(&f, "AB", "A B"), ATP_APPLIED);
    assert_verdict(put_group(&f, "C", "C"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "on", ""), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "stop", "ship_group=AB pickup_group=AB on_stale=stop"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "held", "on_stale=buffer stale_buffer=3"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "far", "ship_group=C pickup_group=C on_stale=stop"), ATP_APPLIED);
    put_source(&f, "wms", "claim=on_hand group=AB sla_ms=1000");
    put_source(&f, "pos", "claim=on_hand node=C");
    return f;
}

/* All that is news now, as "node[/channel]=what;", in one text. */
static const char *news(atp_staleness_t *staleness)
{
    static const char *const rules[] = {"go_on", "buffer", "stop"};
    static char text[512];
    const atp_catalog_t *catalog = atp_ledger_catalog(staleness->ledger);
    atp_staleness_news_t told;
    atp_staleness_step_t step;
    size_t size = 0;

    text[0] = '\0';
    while ((step = atp_staleness_next(staleness, &told)) != ATP_STALENESS_NO_NEWS) {
        if (step == ATP_STALENESS_MORE) {
            continue;
        }
        atp_text_t node = atp_catalog_node_id(catalog, told.node);
        bool is_channel = told.channel != ATP_ANY_CHANNEL;
        atp_text_t channel = is_channel ? atp_catalog_channel_id(catalog, told.channel) : ATP_TEXT("");
        size += (size_t)snprintf(text + size, sizeof text - size, "%.*s%s%.*s=%s;", (int)node.size,
                                 node.bytes, is_channel ? "/" : "", (int)channel.size, channel.bytes,
                                 is_channel      ? rules[told.on_stale]
                                 : told.is_stale ? "stale"
                                                 : "fresh");
    }
    return text;
}

static atp_staleness_t begin(const fixture_t *f)
{
    atp_staleness_t staleness;

    assert_int_equal(atp_staleness_init(&staleness, f->ledger), ATP_OK);
    return staleness;
}

static void silence_is_told_once_a_node_and_once_a_channel_that_keeps_something_back(void **state)
{
    (void)state;
    fixture_t f = open_nodes();
    atp_staleness_t staleness = begin(&f);

    assert_string_equal(news(&staleness), "");
    wait_ms(&f, 999);
    assert_string_equal(news(&staleness), "");
    wait_ms(&f, 1);
    assert_string_equal(news(&staleness),
                        "A=stale;A/stop=stop;A/held=buffer;B=stale;B/stop=stop;B/held=buffer;");
    assert_string_equal(news(&staleness), "");
    wait_ms(&f, 5000); /* as silent as before */
    assert_string_equal(news(&staleness), "");
    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_APPLIED);
    assert_string_equal(news(&staleness),
                        "A=fresh;A/stop=go_on;A/held=go_on;B=fresh;B/stop=go_on;B/held=go_on;");
    atp_staleness_fini(&staleness);
    fixture_close(&f);
}

static void of_what_changes_and_changes_back_nothing_is_told(void **state)
{
    (void)state;
    fixture_t f = open_nodes();
    atp_staleness_t staleness = begin(&f);

    wait_ms(&f, 1000);
    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_APPLIED);
    assert_string_equal(news(&staleness), "");
    wait_ms(&f, 1000);
    assert_verdict(put_group(&f, "AB", "B"), ATP_APPLIED); /* A is nobody's before anybody was told */
    assert_string_equal(news(&staleness), "B=stale;B/stop=stop;B/held=buffer;");
    atp_staleness_fini(&staleness);
    fixture_close(&f);
}

static void a_channel_that_changes_its_rule_is_told_where_it_is_stale(void **state)
{
    (void)state;
    fixture_t f = open_nodes();

    wait_ms(&f, 1000);
    atp_staleness_t staleness = begin(&f); /* what is stale already is not told */
    assert_string_equal(news(&staleness), "");
    assert_verdict(put_channel_with(&f, "on", "on_stale=stop"), ATP_APPLIED);
    assert_string_equal(news(&staleness), "A/on=stop;B/on=stop;");
    assert_verdict(put_channel_with(&f, "on", ""), ATP_APPLIED);
    assert_verdict(put_node(&f, "D", ATP_NODE_OPEN), ATP_APPLIED);
    assert_string_equal(news(&staleness), "A/on=go_on;B/on=go_on;");
    put_source(&f, "wms", "claim=on_hand group=AB claim=on_hand node=D"); /* one more of its */
    assert_string_equal(news(&staleness), "D=stale;D/held=buffer;");
    atp_staleness_fini(&staleness);
    fixture_close(&f);
}

static void a_channel_that_keeps_back_more_or_less_is_told_where_it_is_stale(void **state)
{
    (void)state;
    fixture_t f = open_nodes();

    wait_ms(&f, 1000);
    atp_staleness_t staleness = begin(&f);
    assert_verdict(put_channel_with(&f, "held", "on_stale=buffer stale_buffer=5"), ATP_APPLIED);
    assert_string_equal(news(&staleness), "A/held=buffer;B/held=buffer;");
    assert_verdict(put_channel_with(&f, "held", "on_stale=buffer stale_buffer=5 stale_percent=10"),
                   ATP_APPLIED);
    assert_string_equal(news(&staleness), "A/held=buffer;B/held=buffer;");
    assert_verdict(put_channel_with(&f, "held", "on_stale=buffer stale_buffer=5 stale_percent=10"),
                   ATP_APPLIED); /* as it was */
    assert_string_equal(news(&staleness), "");
    assert_verdict(put_channel_with(&f, "stop", "ship_group=AB pickup_group=AB on_stale=stop stale_buffer=9"),
                   ATP_APPLIED); /* it keeps all back, whatever it says */
    assert_string_equal(news(&staleness), "");
    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_APPLIED);
    assert_string_equal(news(&staleness),
                        "A=fresh;A/stop=go_on;A/held=go_on;B=fresh;B/stop=go_on;B/held=go_on;");
    assert_verdict(put_channel_with(&f, "held", "on_stale=buffer stale_buffer=6"), ATP_APPLIED);
    assert_string_equal(news(&staleness), ""); /* nothing is stale */
    atp_staleness_fini(&staleness);
    fixture_close(&f);
}

static void a_channel_that_sees_another_stale_node_is_told_it_and_one_it_sees_no_more(void **state)
{
    (void)state;
    fixture_t f = open_nodes();

    assert_verdict(put_group(&f, "A", "A"), ATP_APPLIED);
    wait_ms(&f, 1000);
    atp_staleness_t staleness = begin(&f);
    assert_verdict(put_channel_with(&f, "far", "ship_group=A pickup_group=C on_stale=stop"), ATP_APPLIED);
    assert_string_equal(news(&staleness), "A/far=stop;");
    assert_verdict(put_channel_with(&f, "far", "ship_group=A pickup_group=A on_stale=stop"), ATP_APPLIED);
    assert_string_equal(news(&staleness), "A/far=stop;"); /* what is picked up is another answer */
    assert_verdict(put_channel_with(&f, "far", "ship_group=A pickup_group=A on_stale=stop"), ATP_APPLIED);
    assert_string_equal(news(&staleness), "");
    assert_verdict(put_group(&f, "A", "B C"), ATP_APPLIED); /* the channel is what it was, its group is not */
    assert_string_equal(news(&staleness), "A/far=go_on;B/far=stop;");
    assert_verdict(put_channel_with(&f, "far", "on_stale=stop"), ATP_APPLIED); /* any node may serve it */
    assert_string_equal(news(&staleness), "A/far=stop;");
    assert_verdict(put_channel_with(&f, "far", "ship_group=C pickup_group=C on_stale=stop"), ATP_APPLIED);
    assert_string_equal(news(&staleness), "A/far=go_on;B/far=go_on;");
    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_APPLIED);
    assert_string_equal(news(&staleness),
                        "A=fresh;A/stop=go_on;A/held=go_on;B=fresh;B/stop=go_on;B/held=go_on;");
    atp_staleness_fini(&staleness);
    fixture_close(&f);
}

/* More keys than one piece has. What changes behind the round is told by the next one. */
static void a_round_comes_in_pieces_and_misses_nothing(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    atp_staleness_news_t told;
    atp_staleness_step_t step;
    char name[16];
    unsigned stale = 0;
    unsigned fresh = 0;
    unsigned pieces = 0;

    config.nodes = 6000;
    config.outcomes = 20000;
    config.ids_per_client = 20000;
    config.string_bytes = 1 << 20;
    fixture_t f = fixture_open(&config);
    f.is_unchecked = true;
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "n%u", i);
        assert_verdict(put_node(&f, name, ATP_NODE_OPEN), ATP_APPLIED);
    }
    atp_staleness_t staleness = begin(&f);
    put_source(&f, "wms", "claim=on_hand sla_ms=1000");
    wait_ms(&f, 1000);
    assert_int_equal(atp_staleness_next(&staleness, &told), ATP_STALENESS_NEWS);
    put_source(&f, "wms", "claim=on_hand node=n4999"); /* all others are nobody's */
    while ((step = atp_staleness_next(&staleness, &told)) != ATP_STALENESS_NO_NEWS) {
        pieces += step == ATP_STALENESS_MORE;
        stale += step == ATP_STALENESS_NEWS && told.is_stale;
        fresh += step == ATP_STALENESS_NEWS && !told.is_stale;
    }
    assert_int_equal(stale, 1); /* the last one */
    assert_int_equal(fresh, 1); /* the first one */
    assert_true(pieces >= 4);   /* two rounds of two */
    atp_staleness_fini(&staleness);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_told_once_a_node_and_once_a_channel_that_keeps_something_back),
        cmocka_unit_test(of_what_changes_and_changes_back_nothing_is_told),
        cmocka_unit_test(a_channel_that_changes_its_rule_is_told_where_it_is_stale),
        cmocka_unit_test(a_channel_that_keeps_back_more_or_less_is_told_where_it_is_stale),
        cmocka_unit_test(a_channel_that_sees_another_stale_node_is_told_it_and_one_it_sees_no_more),
        cmocka_unit_test(a_round_comes_in_pieces_and_misses_nothing),
    };
    return cmocka_run_group_tests_name("tools.atpd.staleness", tests, NULL, NULL);
}
