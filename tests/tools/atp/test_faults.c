/* atp against an engine that loses answers, refuses, or is none. */
#include "tests/test.h"

#include "tests/protocol/fake_server.h"
#include "tools/atp/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static fake_t fake;

static int open_fake(void **state)
{
    (void)state;
    fake_open(&fake, NULL);
    return 0;
}

static int close_fake(void **state)
{
    (void)state;
    fake_close(&fake);
    return 0;
}

/* Runs atp with `words`; standard output and error come together in `ret_text`. */
static int run(const char *words, char *ret_text, size_t size)
{
    char command[1024];
    size_t used = 0;

    (void)snprintf(command, sizeof command, "%s %s --url %s --client tester 2>&1", ATP_PROGRAM, words,
                   fake.url);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    for (size_t got; (got = fread(ret_text + used, 1, size - 1 - used, pipe)) > 0;) {
        used += got;
    }
    ret_text[used] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_run(const char *words, int wanted, const char *part)
{
    char text[8192];
    int status = run(words, text, sizeof text);

    if (status != wanted || strstr(text, part) == NULL) {
        fail_msg("atp %s: status %d, wanted %d and '%s':\n%s", words, status, wanted, part, text);
    }
}

static void a_lost_answer_says_how_to_ask_for_the_outcome(void **state)
{
    (void)state;
    fake_mode(&fake, FAKE_SAY_NOTHING);
    assert_run("reserve a@b=1 --id cart-1 --timeout 300ms", ATP_CLI_NO_ANSWER,
               "atp outcome cart-1 --client tester");
    assert_run("reserve a@b=1 --id cart-1 --timeout 300ms --json", ATP_CLI_NO_ANSWER,
               "\"error\":\"timeout\"");
    assert_run("avail a --timeout 300ms", ATP_CLI_NO_ANSWER, "nothing has changed");
}

static void a_request_whose_answer_was_lost_is_done_once(void **state)
{
    static const fake_mode_t plan[] = {FAKE_DO_AND_SAY_NOTHING};

    (void)state;
    fake_plan(&fake, plan, 1);
    assert_run("reserve a@b=1 --id cart-2 --timeout 10s", ATP_CLI_DONE,
               "asked before, this is the first answer");
    assert_int_equal(fake_seen(&fake).ids, 1);
    assert_false(fake_seen(&fake).has_new_issue);
}

static void a_refused_message_is_told_with_its_detail(void **state)
{
    (void)state;
    fake_mode(&fake, FAKE_REFUSE);
    assert_run("stat", ATP_CLI_REFUSED,
               "refused: unauthorised: the token does not allow this; at token (no such token)");
    assert_run("reserve a@b=1", ATP_CLI_REFUSED, "Show a token: --token TEXT");
    assert_run("export positions", ATP_CLI_REFUSED, "unauthorised");
    assert_run("bench reserve --ops 1 --skus 1 --nodes 1", ATP_CLI_REFUSED, "unauthorised");
}

static void an_engine_that_stays_busy_is_a_refusal(void **state)
{
    (void)state;
    fake_mode(&fake, FAKE_BUSY);
    assert_run("reserve a@b=1 --timeout 300ms", ATP_CLI_REFUSED, "refused: busy");
}

/* It once counted what was not decided into the rate, and ended with 0. */
static void a_benchmark_of_an_engine_that_decides_nothing_has_no_rate_and_fails(void **state)
{
    static const fake_mode_t plan[] = {FAKE_ANSWER, FAKE_ANSWER, FAKE_ANSWER, FAKE_ANSWER};
    static const char words[] = "bench reserve --use-existing --ops 2 --timeout 300ms";

    (void)state;
    fake_plan(&fake, plan, 4); /* three pages of positions, and one question to warm up */
    fake_mode(&fake, FAKE_BUSY);
    assert_run(words, ATP_CLI_REFUSED, "2 of 2 ops were not decided");
    fake_plan(&fake, plan, 4);
    fake_mode(&fake, FAKE_BUSY);
    assert_run("bench reserve --use-existing --ops 2 --timeout 300ms --json", ATP_CLI_REFUSED,
               "\"decided\":0,\"undecided\":2,\"ops_per_s\":0");
    fake_mode(&fake, FAKE_ANSWER);
    assert_run(words, ATP_CLI_DONE, "decided a second");
}

static void what_is_no_engine_is_said_to_be_none(void **state)
{
    (void)state;
    fake_mode(&fake, FAKE_GARBAGE);
    assert_run("reserve a@b=1 --id cart-3", ATP_CLI_NO_ANSWER, "is it an atpd of this version?");
    assert_run("reserve a@b=1 --id cart-3", ATP_CLI_NO_ANSWER, "atp outcome cart-3");
    fake_mode(&fake, FAKE_OTHER_VERSION);
    assert_run("stat", ATP_CLI_NO_ANSWER, "is it an atpd of this version?");
}

static void pages_are_walked_to_the_last(void **state)
{
    char text[8192];
    unsigned lines = 0;

    (void)state;
    assert_int_equal(run("export positions --json", text, sizeof text), ATP_CLI_DONE);
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, 3);
    assert_run("sku list --limit 2", ATP_CLI_DONE, "sku-a");
    assert_run("exceptions", ATP_CLI_DONE, "r-1, r-2 and 3 more");
    assert_run("show x", ATP_CLI_DONE, "x  reserved");
}

static const char *write_stock(void)
{
    static char path[64] = "/tmp/atp-faults-XXXXXX";
    static bool is_made;

    if (!is_made) {
        int fd = mkstemp(path);
        static const char text[] =
            "sku,node,on_hand,safety_stock,name,scale\na,berlin,5,1,,0\nb,paris,7,0,,0\n";
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
        assert_int_equal(close(fd), 0);
        is_made = true;
    }
    return path;
}

/* Everything is done, and none of the answers to commands comes; then the same load again. */
static void a_load_that_was_cut_off_goes_on_and_does_nothing_twice(void **state)
{
    static const fake_mode_t plan[] = {FAKE_ANSWER, FAKE_ANSWER, FAKE_ANSWER, FAKE_ANSWER, FAKE_ANSWER,
                                       FAKE_ANSWER, FAKE_ANSWER, FAKE_ANSWER, FAKE_ANSWER, FAKE_ANSWER};
    char words[256];

    (void)state;
    fake_plan(&fake, plan, 10); /* three pages of aliases, twice, three of nodes, and what is there */
    fake_mode(&fake, FAKE_DO_AND_SAY_NOTHING);
    (void)snprintf(words, sizeof words, "load %s --profile native --timeout 300ms", write_stock());
    assert_run(words, ATP_CLI_NO_ANSWER, "Run the same command again");
    uint64_t ids = fake_seen(&fake).ids;
    assert_true(ids > 0);
    fake_mode(&fake, FAKE_ANSWER);
    assert_run(words, ATP_CLI_DONE, "loaded before");
    uint64_t all = fake_seen(&fake).ids;
    assert_run(words, ATP_CLI_DONE, "loaded before");
    assert_int_equal(fake_seen(&fake).ids, all);
    (void)strncat(words, " --again", sizeof words - strlen(words) - 1);
    assert_run(words, ATP_CLI_DONE, "applied");
    assert_true(fake_seen(&fake).ids > all);
}

/* An alias of before is no more what the file was checked by. */
static void a_load_whose_names_change_says_so(void **state)
{
    static const fake_mode_t before[] = {FAKE_ANSWER, FAKE_ANSWER, FAKE_ANSWER};
    static const fake_mode_t within[] = {FAKE_ANSWER, FAKE_ANSWER, FAKE_ANSWER,
                                         FAKE_ANSWER, FAKE_ANSWER, FAKE_ANSWER};
    char words[256];

    (void)state;
    (void)snprintf(words, sizeof words, "load %s --profile native --again", write_stock());
    uint64_t ids = fake_seen(&fake).ids;
    fake_plan(&fake, before, 3); /* three pages of aliases; when they are asked for again it is another one */
    fake_mode(&fake, FAKE_OTHER_NAMES);
    assert_run(words, ATP_CLI_REFUSED, "nothing was loaded");
    assert_int_equal(fake_seen(&fake).ids, ids);
    fake_plan(&fake, within, 6);
    assert_run(words, ATP_CLI_REFUSED, "rows may have been taken under names of before");
    assert_true(fake_seen(&fake).ids > ids);
    fake_mode(&fake, FAKE_ANSWER);
    assert_run(words, ATP_CLI_DONE, "applied");
}

static void a_load_needs_its_engine_only_after_the_file_is_checked(void **state)
{
    char words[256];

    (void)state;
    fake_stop(&fake);
    (void)snprintf(words, sizeof words, "load %s --profile native --timeout 300ms", write_stock());
    assert_run(words, ATP_CLI_NO_ANSWER, "no engine reached");
    assert_run("load /dev/null --profile native --timeout 300ms", ATP_CLI_BAD_INPUT, "/dev/null");
    fake_start(&fake);
}

static int remove_stock(void **state)
{
    (void)state;
    return unlink(write_stock());
}

int main(void)
{
#define FAULT(name) cmocka_unit_test_setup_teardown(name, open_fake, close_fake)
    const struct CMUnitTest tests[] = {
        FAULT(a_lost_answer_says_how_to_ask_for_the_outcome),
        FAULT(a_request_whose_answer_was_lost_is_done_once),
        FAULT(a_refused_message_is_told_with_its_detail),
        FAULT(an_engine_that_stays_busy_is_a_refusal),
        FAULT(a_benchmark_of_an_engine_that_decides_nothing_has_no_rate_and_fails),
        FAULT(what_is_no_engine_is_said_to_be_none),
        FAULT(pages_are_walked_to_the_last),
        FAULT(a_load_that_was_cut_off_goes_on_and_does_nothing_twice),
        FAULT(a_load_whose_names_change_says_so),
        FAULT(a_load_needs_its_engine_only_after_the_file_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, remove_stock);
}
