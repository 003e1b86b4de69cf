/* atpd --past: what was promised at a time, beside a living atpd and after it, from journal and snapshots. */
#include "tests/acceptance/acceptance.h"
#include "tests/protocol/nng_leaks.h"

#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static char report[16384];

/* Asks for the past; `at_ms` 0: now. Expects that exit status. */
static void ask(const acceptance_t *a, const char *flag, const char *what, int64_t at_ms, int status)
{
    char at[32];
    const char *now[] = {"--past", a->folder, flag, what, NULL};
    const char *then[] = {"--past", a->folder, flag, what, "--at", at, NULL};

    snprintf(at, sizeof at, "%" PRId64, at_ms);
    assert_int_equal(atpd_run(at_ms > 0 ? then : now, report, sizeof report), status);
}

static void assert_told(const char *text)
{
    if (strstr(report, text) == NULL) {
        fail_msg("not told: %s\n%s", text, report);
    }
}

static void assert_not_told(const char *text)
{
    if (strstr(report, text) != NULL) {
        fail_msg("told: %s\n%s", text, report);
    }
}

static int64_t created_ms(acceptance_t *a, const char *id)
{
    const atp_text_t ids[] = {atp_text_of(id)};
    atp_answer_t *answer = NULL;

    assert_int_equal(atp_client_reservation(a->client, ids, 1, &answer), ATP_OK);
    int64_t ms = atp_answer_records(answer)[0].created_ms;
    atp_answer_free(answer);
    return ms;
}

/* Later than every op so far, by ledger time: a reservation tells it. */
static int64_t pass_time(acceptance_t *a)
{
    char id[ATP_ID_SIZE_MAX + 1];
    int64_t begun_ms = 0;
    int64_t first = 0;

    stock(a, "clock", "nowhere", "100000");
    while (is_waiting(&begun_ms, 20)) {
        fresh_id(a, id);
        assert_verdict(hold(a, id, "clock", "nowhere", "1"), ATP_APPLIED);
        int64_t ms = created_ms(a, id);
        first = first == 0 ? ms : first;
        if (ms > first + 1) {
            return first + 1; /* between two of them: nothing else was asked for then */
        }
    }
    fail_msg("time stands still");
    return 0;
}

static void a_position_is_told_as_it_was_with_the_ops_that_made_it_so(void **state)
{
    acceptance_t *a = *state;

    stock(a, "s", "N", "10");
    assert_verdict(hold(a, "first", "s", "N", "3"), ATP_APPLIED);
    int64_t then = pass_time(a);
    assert_verdict(hold(a, "second", "s", "N", "2"), ATP_APPLIED);
    assert_verdict(hold(a, "third", "s", "N", "6"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "first", NULL, false), ATP_APPLIED);

    ask(a, "--position", "s@N", then, 0); /* beside the living one */
    assert_told("= free                        7");
    assert_told("first  reserved 3 until ");
    assert_told("reserve    applied  first  reserved +3");
    assert_told("count      applied");
    assert_told("on_hand +10");
    assert_not_told("second");

    ask(a, "--position", "s@N", 0, 0);
    assert_told("= free                        5");
    assert_told("allocate   applied  first  reserved -3  allocated +3");
    assert_told("reserve    not_enough_available at qty  third\n");

    const char *json[] = {"--past", a->folder, "--position", "s@N", "--json", NULL};
    assert_int_equal(atpd_run(json, report, sizeof report), 0);
    assert_told("{\"position\":\"s@N\",\"at_ms\":");
    assert_told("{\"code\":\"free\",\"effect\":\"equals\",\"qty\":\"5\",\"detail\":\"\"}");
    assert_told("\"reservation\":\"first\",\"reserved\":\"0\",\"allocated\":\"3\",\"until_ms\":null");
    assert_told("\"verdict\":\"not_enough_available\",\"field\":\"qty\",\"subject\":\"third\"");
    assert_told("\"changes\":{\"reserved\":\"-3\",\"allocated\":\"3\"}");

    assert_int_equal(acceptance_end(a, SIGTERM), 0);
    ask(a, "--position", "s@N", then, 0); /* and after it, with a snapshot behind that time */
    assert_told("= free                        7");
    acceptance_restart(a);
}

static void a_reservation_is_told_with_its_lines_at_that_time(void **state)
{
    acceptance_t *a = *state;

    stock(a, "r", "N", "10");
    int64_t before = pass_time(a);
    assert_verdict(hold(a, "order", "r", "N", "4"), ATP_APPLIED);
    int64_t reserved = pass_time(a);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "order", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "order", NULL, false), ATP_ALREADY_ALLOCATED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "order", NULL, false), ATP_APPLIED);

    ask(a, "--reservation", "order", reserved, 0);
    assert_told("r@N  granted 4  reserved 4  allocated 0  shipped 0");
    assert_told("ops that touched it");
    assert_told(": 1\n");
    ask(a, "--reservation", "order", 0, 0);
    assert_told("r@N  granted 4  reserved 0  allocated 0  shipped 4");
    assert_told("ship       applied  order  allocated -4  shipped +4");
    assert_told("release    already_allocated at reservation  order\n");
    ask(a, "--reservation", "order", before, 1);
    assert_told("no reservation of that id is known at that time");
}

/* At its deadline it counted no more, though no op had come by yet. */
static void what_had_expired_by_then_does_not_count(void **state)
{
    acceptance_t *a = *state;

    stock(a, "e", "N", "5");
    assert_verdict(reserve(a, "short", (want_t[]){{"e", "N", "5"}, {NULL, NULL, NULL}}, 20,
                           ATP_RESERVE_ALL_OR_NOTHING, NULL),
                   ATP_APPLIED);
    int64_t made = created_ms(a, "short");
    int64_t begun_ms = 0;
    while (promisable(a, "e", "N") != 5 && is_waiting(&begun_ms, 20)) {
    }
    ask(a, "--position", "e@N", made + 19, 0);
    assert_told("= free                        0");
    ask(a, "--position", "e@N", made + 20, 0);
    assert_told("= free                        5");
    ask(a, "--reservation", "short", 0, 0);
    assert_told("reserved -5");
}

static void ops_before_the_window_are_not_told(void **state)
{
    acceptance_t *a = *state;
    const char *words[] = {"--past", a->folder, "--position", "w@N", "--window", "0ms", NULL};

    stock(a, "w", "N", "5");
    (void)pass_time(a);
    assert_int_equal(atpd_run(words, report, sizeof report), 0);
    assert_told("= free                        5");
    assert_told(": 0\n");
}

static void what_cannot_be_told_is_said(void **state)
{
    acceptance_t *a = *state;
    const struct {
        const char *words[8];
        int status;
        const char *part;
    } cases[] = {
        {{"--past", a->folder}, 64, "say --position SKU@NODE or --reservation ID"},
        {{"--past", a->folder, "--position", "s"}, 64, "it is SKU@NODE"},
        {{"--past", a->folder, "--position", "s@N", "--reservation", "r"}, 64, "say --position"},
        {{"--past", a->folder, "--position", "s@N", "--at", "soon"}, 64, "--at: it is a time"},
        {{"--past", a->folder, "--position", "s@N", "--window", "x"}, 64, "--window"},
        {{"--past", a->folder, "--position", "unheard-of@N"}, 1, "no such SKU or node is known at that time"},
        {{"--past", a->folder, "--position", "s@N", "--at", "1"}, 1, "known at that time"},
        {{"--past", "/nonexistent", "--position", "s@N"}, 1, "/nonexistent"},
    };

    stock(a, "s", "N", "1");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = atpd_run(cases[i].words, report, sizeof report);
        assert_told(cases[i].part);
        if (status != cases[i].status) {
            fail_msg("status %d of %s", status, report);
        }
    }
}

/* The id is in the journal and, after a restart, in the history, the trace and the past. */
static void what_was_done_under_an_id_is_found_after_a_kill(void **state)
{
    acceptance_t *a = *state;
    const atp_command_line_t line = {ATP_TEXT("k"), ATP_TEXT("N"), 2, 0};
    const atp_command_t command = {.kind = ATP_OP_RESERVE,
                                   .id = ATP_TEXT("killed"),
                                   .line_count = 1,
                                   .lines = &line,
                                   .correlation = ATP_TEXT("order-9")};
    const atp_trace_query_t query = {.correlation = ATP_TEXT("order-9")};
    atp_answer_t *answer = NULL;

    stock(a, "k", "N", "10");
    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
    acceptance_kill(a);
    acceptance_restart(a);
    assert_int_equal(atp_client_history(a->client, ATP_TEXT("killed"), &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).row_count, 1);
    assert_true(atp_text_equal(atp_answer_steps(answer)[0].correlation, ATP_TEXT("order-9")));
    atp_answer_free(answer);
    assert_int_equal(atp_client_trace(a->client, &query, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).row_count, 1);
    assert_int_equal(atp_answer_traces(answer)[0].verdict, ATP_APPLIED);
    atp_answer_free(answer);
    ask(a, "--reservation", "killed", 0, 0);
    assert_told("killed  reserved +2  under order-9\n");
}

/* ---- by what it was decided ---- */

/* The JSON in what was printed, beside notes. */
static json_t *parsed(const char *printed)
{
    const char *begin = strchr(printed, '{');
    json_t *object = begin != NULL ? json_loads(begin, JSON_DISABLE_EOF_CHECK, NULL) : NULL;

    if (object == NULL) {
        fail_msg("no JSON: %s", printed);
    }
    return object;
}

/* What the answer to `atp WORDS --id ID --explain` says that it was decided by. The caller frees it. */
static json_t *account_in_answer(const acceptance_t *a, const char *words, const char *id, int status)
{
    char all[256];
    char printed[8192];

    snprintf(all, sizeof all, "%s --id %s --explain --json", words, id);
    assert_int_equal(atp(a, all, printed, sizeof printed), status);
    json_t *answer = parsed(printed);
    json_t *account = json_incref(json_object_get(answer, "account"));
    json_decref(answer);
    assert_true(json_array_size(account) > 0);
    return account;
}

/* The past tells one decision of that reservation, and it is the same, part by part. */
static void assert_same_past(const acceptance_t *a, const char *id, json_t *account, const char *verdict)
{
    const char *words[] = {"--past", a->folder, "--reservation", id, "--json", NULL};

    assert_int_equal(atpd_run(words, report, sizeof report), 0);
    json_t *past = parsed(report);
    const json_t *decided = json_object_get(past, "decided_by");
    assert_int_equal(json_array_size(decided), 1);
    const json_t *of = json_array_get(decided, 0);
    assert_string_equal(json_string_value(json_object_get(of, "verdict")), verdict);
    assert_true(json_is_false(json_object_get(of, "account_is_cut")));
    if (!json_equal(json_object_get(of, "account"), account)) {
        fail_msg("the past tells another account of %s: %s", id, report);
    }
    json_decref(past);
}

static void a_reserve_is_told_with_what_decided_it(void **state)
{
    acceptance_t *a = *state;

    stock(a, "d", "N", "12");
    stock(a, "d", "M", "2");
    stock(a, "g", "N", "5");
    must(a, "safety d@N=1");
    assert_verdict(hold(a, "before", "d", "N", "3"), ATP_APPLIED);
    json_t *granted = account_in_answer(a, "reserve d@N=4 d=2 g@N=5", "mine", 0);
    assert_verdict(hold(a, "between", "d", "N", "1"), ATP_APPLIED);
    json_t *refused = account_in_answer(a, "reserve g=1 d=3", "theirs", 1);
    must(a, "count d@N=90"); /* what came behind them is not in them */
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "before", NULL, false), ATP_APPLIED);

    assert_same_past(a, "mine", granted, "applied");
    assert_same_past(a, "theirs", refused, "not_enough_available");
    ask(a, "--reservation", "mine", 0, 0);
    assert_told("was decided by\n  d@N  + on_hand                    12  what is physically there\n");
    assert_told("  d@N  - reserved                    3  promised until a deadline\n");
    assert_told("  d    ! enough                      ");
    ask(a, "--reservation", "theirs", 0, 0);
    assert_told("  not known at that time\n");
    assert_told(
        "  g    ! not_enough                  1  so many are missing; the part named decided: reserved\n");

    acceptance_kill(a);
    assert_same_past(a, "mine", granted, "applied");
    acceptance_restart(a);
    json_decref(granted);
    json_decref(refused);
}

/* The newest snapshot that is old enough has it already: the reading begins behind what decided. */
static void what_was_decided_before_the_reading_is_said_to_be(void **state)
{
    acceptance_t *a = *state;
    const char *words[] = {"--past", a->folder, "--reservation", "early", "--window", "0ms", NULL};

    stock(a, "f", "N", "2");
    assert_verdict(hold(a, "early", "f", "N", "2"), ATP_APPLIED);
    assert_int_equal(acceptance_end(a, SIGTERM), 0);
    acceptance_restart(a);
    (void)pass_time(a);
    assert_int_equal(atpd_run(words, report, sizeof report), 0);
    assert_told("it was granted before op ");
    assert_not_told("was decided by");
    ask(a, "--reservation", "early", 0, 0); /* an hour of it */
    assert_told("was decided by");
    assert_not_told("it was granted before op ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_position_is_told_as_it_was_with_the_ops_that_made_it_so),
        cmocka_unit_test(a_reservation_is_told_with_its_lines_at_that_time),
        cmocka_unit_test(a_reserve_is_told_with_what_decided_it),
        cmocka_unit_test(what_was_decided_before_the_reading_is_said_to_be),
        cmocka_unit_test(what_had_expired_by_then_does_not_count),
        cmocka_unit_test(ops_before_the_window_are_not_told),
        cmocka_unit_test(what_cannot_be_told_is_said),
        cmocka_unit_test(what_was_done_under_an_id_is_found_after_a_kill),
    };
    return cmocka_run_group_tests(tests, acceptance_start, acceptance_stop);
}
