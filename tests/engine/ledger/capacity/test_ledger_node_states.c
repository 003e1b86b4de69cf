/* What each state of a node lets be done there: every op beside every state. Nothing new is promised at a node that is not open,
 * whatever the way to it; what is owed, and facts, go on. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>

/* ---- the ops ---- */

static atp_result_t put_components(fixture_t *f)
{
    const atp_command_line_t lines[] = {line_of("S", "", 1), line_of("T", "", 1)};

    return fixture_do(
        f, (atp_command_t){.kind = ATP_OP_KIT, .subject = ATP_TEXT("K"), .line_count = 2, .lines = lines});
}

static atp_result_t put_limit(fixture_t *f)
{
    const atp_command_line_t line = line_of("W", "N", 10);

    return do_with(f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &line}, "");
}

static atp_result_t put_supply(fixture_t *f, const char *id)
{
    const atp_command_line_t line = line_of("P", "N", 10);
    const atp_attribute_t due = {
        .key = ATP_KEY_DUE, .line = ATP_WHOLE_OP, .number = f->now_ms + 2 * ATP_DAY_MS};

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_SUPPLY,
                                         .subject = atp_text_of(id),
                                         .line_count = 1,
                                         .lines = &line,
                                         .attribute_count = 1,
                                         .attributes = &due});
}

static atp_result_t transfer(fixture_t *f, const char *from, const char *to)
{
    const atp_command_line_t line = line_of("S", from, 1);
    const atp_attribute_t attributes[] = {
        {.key = ATP_KEY_TO, .line = ATP_WHOLE_OP, .text = atp_text_of(to)},
        {.key = ATP_KEY_DUE, .line = ATP_WHOLE_OP, .number = f->now_ms + ATP_DAY_MS},
    };

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_TRANSFER,
                                         .subject = ATP_TEXT("move"),
                                         .line_count = 1,
                                         .lines = &line,
                                         .attribute_count = 2,
                                         .attributes = attributes});
}

static atp_result_t named(fixture_t *f)
{
    return reserve(f, "new", "S", "N", 1);
}

static atp_result_t named_in_part(fixture_t *f)
{
    return reserve_with(f, "new", "S", "N", 1, ATP_RESERVE_PARTIAL, "");
}

static atp_result_t wherever_it_is(fixture_t *f)
{
    return reserve(f, "new", "S", "", 1);
}

static atp_result_t in_a_group(fixture_t *f)
{
    return reserve_with(f, "new", "S", "", 1, ATP_RESERVE_ALL_OR_NOTHING, "group=only-n");
}

static atp_result_t a_kit(fixture_t *f)
{
    return reserve(f, "new", "K", "N", 1);
}

static atp_result_t a_kit_wherever(fixture_t *f)
{
    return reserve(f, "new", "K", "", 1);
}

static atp_result_t beyond_stock(fixture_t *f)
{
    return reserve(f, "new", "W", "N", 1);
}

static atp_result_t from_supply(fixture_t *f)
{
    const atp_command_line_t line = line_of("P", "N", 1);
    const atp_attribute_t needed_by = {
        .key = ATP_KEY_NEEDED_BY, .line = ATP_WHOLE_OP, .number = f->now_ms + 3 * ATP_DAY_MS};

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                         .id = ATP_TEXT("new"),
                                         .line_count = 1,
                                         .lines = &line,
                                         .attribute_count = 1,
                                         .attributes = &needed_by});
}

static atp_result_t instead_of_another(fixture_t *f)
{
    return reserve_with(f, "new", "S", "N", 2, ATP_RESERVE_ALL_OR_NOTHING, "replaces=soft");
}

static atp_result_t sold_already(fixture_t *f)
{
    return reserve_with(f, "new", "S", "N", 1, ATP_RESERVE_TRACK_ONLY, "");
}

static atp_result_t edit_up(fixture_t *f)
{
    return edit(f, "soft", "S", "N", 3, "");
}

static atp_result_t edit_down(fixture_t *f)
{
    return edit(f, "soft", "S", "N", 1, "");
}

static atp_result_t send_from(fixture_t *f)
{
    return transfer(f, "N", "M");
}

static atp_result_t send_to(fixture_t *f)
{
    return transfer(f, "M", "N");
}

static atp_result_t extend_it(fixture_t *f)
{
    return extend(f, "soft", 3600000);
}

static atp_result_t allocate_it(fixture_t *f)
{
    return step_all(f, ATP_OP_ALLOCATE, "soft");
}

static atp_result_t release_it(fixture_t *f)
{
    return step_all(f, ATP_OP_RELEASE, "soft");
}

static atp_result_t cancel_it(fixture_t *f)
{
    return step_all(f, ATP_OP_CANCEL, "firm");
}

static atp_result_t ship_it(fixture_t *f)
{
    return step_all(f, ATP_OP_SHIP, "firm");
}

static atp_result_t receive_it(fixture_t *f)
{
    return fact(f, ATP_OP_RECEIVE, "S", "N", 1);
}

static atp_result_t count_it(fixture_t *f)
{
    return fact(f, ATP_OP_COUNT, "S", "N", 3);
}

static atp_result_t sell_it(fixture_t *f)
{
    return fact(f, ATP_OP_SALE, "S", "N", 1);
}

static atp_result_t expect_more(fixture_t *f)
{
    return put_supply(f, "po2");
}

static atp_result_t receive_expected(fixture_t *f)
{
    const atp_command_line_t line = line_of("P", "N", 10);

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_RECEIVE_SUPPLY,
                                         .is_fact = true,
                                         .subject = ATP_TEXT("po"),
                                         .line_count = 1,
                                         .lines = &line});
}

/* Whoever waits there was promised it before: what comes is theirs. */
static atp_result_t fill_who_waits(fixture_t *f)
{
    atp_result_t result = fact(f, ATP_OP_RECEIVE, "W", "N", 1);

    assert_int_equal(line_at(f, "waits", 0)->reserved, 1);
    return result;
}

/* ---- the matrix ---- */

typedef struct state_case {
    const char *name;
    atp_result_t (*op)(fixture_t *f);
    atp_verdict_t verdicts[4]; /* open, paused, draining, closed */
} state_case_t;

#define ALWAYS                                                                                               \
    {                                                                                                        \
        ATP_APPLIED, ATP_APPLIED, ATP_APPLIED, ATP_APPLIED                                                   \
    }
#define OPEN_ONLY(verdict)                                                                                   \
    {                                                                                                        \
        ATP_APPLIED, (verdict), (verdict), (verdict)                                                         \
    }

static const state_case_t cases[] = {
    {"reserve at the node", named, OPEN_ONLY(ATP_NODE_NOT_OPEN)},
    {"reserve in part", named_in_part, OPEN_ONLY(ATP_NODE_NOT_OPEN)},
    {"reserve wherever it is", wherever_it_is, OPEN_ONLY(ATP_NOT_ENOUGH_AVAILABLE)},
    {"reserve in a group", in_a_group, OPEN_ONLY(ATP_NOT_ENOUGH_AVAILABLE)},
    {"reserve a kit", a_kit, OPEN_ONLY(ATP_NODE_NOT_OPEN)},
    {"reserve a kit wherever", a_kit_wherever, OPEN_ONLY(ATP_NOT_ENOUGH_AVAILABLE)},
    {"reserve beyond stock", beyond_stock, OPEN_ONLY(ATP_NODE_NOT_OPEN)},
    {"reserve from supply", from_supply, OPEN_ONLY(ATP_NODE_NOT_OPEN)},
    {"reserve instead of another", instead_of_another, OPEN_ONLY(ATP_NODE_NOT_OPEN)},
    {"edit up", edit_up, OPEN_ONLY(ATP_NODE_NOT_OPEN)},
    {"send from", send_from, {ATP_APPLIED, ATP_NODE_NOT_OPEN, ATP_APPLIED, ATP_NODE_NOT_OPEN}},
    {"send to", send_to, {ATP_APPLIED, ATP_APPLIED, ATP_APPLIED, ATP_NODE_NOT_OPEN}},
    {"sold already", sold_already, ALWAYS},
    {"edit down", edit_down, ALWAYS},
    {"extend", extend_it, ALWAYS},
    {"allocate", allocate_it, ALWAYS},
    {"release", release_it, ALWAYS},
    {"cancel", cancel_it, ALWAYS},
    {"ship", ship_it, ALWAYS},
    {"receive", receive_it, ALWAYS},
    {"count", count_it, ALWAYS},
    {"sale", sell_it, ALWAYS},
    {"expect supply", expect_more, ALWAYS},
    {"receive supply", receive_expected, ALWAYS},
    {"fill who waits", fill_who_waits, ALWAYS},
};

static const atp_node_state_t states[4] = {ATP_NODE_OPEN, ATP_NODE_PAUSED, ATP_NODE_DRAINING,
                                           ATP_NODE_CLOSED};

/* Node N with stock, promises, a queue and supply; M has nothing. */
static fixture_t open_with_all(const state_case_t *asked)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    stock(&f, "T", "N", 10);
    stock(&f, "W", "N", 0);
    stock(&f, "P", "N", 0);
    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    if (asked->op == send_to) { /* what is sent to N stands at M */
        stock(&f, "S", "M", 1);
    }
    assert_verdict(put_sku(&f, "K", 0), ATP_APPLIED);
    assert_verdict(put_components(&f), ATP_APPLIED);
    assert_verdict(put_limit(&f), ATP_APPLIED);
    assert_verdict(put_supply(&f, "po"), ATP_APPLIED);
    assert_verdict(put_group(&f, "only-n", "N"), ATP_APPLIED);
    assert_verdict(reserve(&f, "soft", "S", "N", 2), ATP_APPLIED);
    assert_verdict(reserve(&f, "firm", "S", "N", 2), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "firm"), ATP_APPLIED);
    assert_verdict(reserve(&f, "waits", "W", "N", 1), ATP_APPLIED);
    return f;
}

static void every_op_heeds_the_state_of_its_node(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned k = 0; k < 4; k++) {
            fixture_t f = open_with_all(&cases[i]);
            assert_verdict(put_node(&f, "N", states[k]), ATP_APPLIED);
            atp_qty_t reserved = view_of(&f, "S", "N").reserved;
            atp_result_t result = cases[i].op(&f);
            if (result.verdict != cases[i].verdicts[k]) {
                fail_msg("%s, node in state %u: %s instead of %s", cases[i].name, k,
                         atp_verdict_name(result.verdict), atp_verdict_name(cases[i].verdicts[k]));
            }
            if (!atp_verdict_is_success((atp_verdict_t)result.verdict)) {
                assert_int_equal(view_of(&f, "S", "N").reserved, reserved);
            }
            fixture_close(&f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_heeds_the_state_of_its_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
