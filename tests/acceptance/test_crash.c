/* G5: killed at any moment, cut at any byte.   What was acknowledged is there with the same answer; what was not is there
 * or absent when asked by id; a journal cut short gives a prefix or a refusal by name. */
#include "tests/acceptance/load.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KILLS     6u
#define CALLERS   4u
#define CALLS_MAX 20000u

/* ---- kill -9 under load ---- */

typedef struct caller {
    acceptance_t *a;
    unsigned round;
    unsigned number;
    atp_client_t *client;
    _Atomic bool *must_end;
    uint32_t made;  /* ids used */
    uint32_t acked; /* of these: the first so many have an answer */
    atp_result_t *answers;
} caller_t;

static void name_call(char ret_id[ATP_ID_SIZE_MAX + 1], const caller_t *caller, uint32_t call_number)
{
    snprintf(ret_id, ATP_ID_SIZE_MAX + 1, "g5-%u-%u-%u", caller->round, caller->number, call_number);
}

static void *call_on(void *context)
{
    caller_t *caller = context;
    const atp_command_line_t line = {.sku = ATP_TEXT("g5"), .node = ATP_TEXT("N"), .mantissa = 1};

    while (!*caller->must_end && caller->made < CALLS_MAX) {
        char id[ATP_ID_SIZE_MAX + 1];
        name_call(id, caller, caller->made++);
        atp_command_t command = {
            .kind = ATP_OP_RESERVE, .id = atp_text_of(id), .line_count = 1, .lines = &line};
        if (atp_client_call(caller->client, &command, &caller->answers[caller->acked], NULL, NULL) !=
            ATP_OK) {
            break; /* killed: the last one made has no answer */
        }
        caller->acked++;
    }
    return NULL;
}

static atp_client_t *impatient_client(acceptance_t *a)
{
    atp_client_options_t options = {.url = a->url,
                                    .client = ATP_TEXT("g5"),
                                    .timeout_ms = 700,
                                    .try_ms = 700,
                                    .retries = ATP_CLIENT_NO_RETRY};
    atp_client_t *client;
    atp_why_t why;

    assert_int_equal(atp_client_open(&options, &client, &why), ATP_OK);
    return client;
}

/* Asks for all of them by id, in parts. */
static void ask_outcomes(acceptance_t *a, const caller_t *caller, atp_result_t *ret_results)
{
    static atp_outcome_ask_t asks[1000];
    static char ids[1000][ATP_ID_SIZE_MAX + 1];

    for (uint32_t at = 0; at < caller->made; at += 1000) {
        uint32_t count = caller->made - at < 1000 ? caller->made - at : 1000;
        for (uint32_t i = 0; i < count; i++) {
            name_call(ids[i], caller, at + i);
            asks[i] = (atp_outcome_ask_t){ATP_OUTCOME_RESERVATION, atp_text_of(ids[i])};
        }
        assert_int_equal(atp_client_outcome(a->client, asks, count, ret_results + at, NULL, NULL), ATP_OK);
    }
}

/* Returns how many of the caller's reservations are there. */
static unsigned check_caller(acceptance_t *a, const caller_t *caller)
{
    atp_result_t *now = calloc(caller->made + 1, sizeof *now);
    unsigned there = 0;

    assert_non_null(now);
    ask_outcomes(a, caller, now);
    for (uint32_t i = 0; i < caller->acked; i++) {
        assert_verdict(caller->answers[i], ATP_APPLIED);
        assert_verdict(now[i], ATP_APPLIED);
        assert_int_equal(now[i].op, caller->answers[i].op);
        assert_int_equal(now[i].qty, caller->answers[i].qty);
        assert_int_equal(now[i].deadline_ms, caller->answers[i].deadline_ms);
        there++;
    }
    for (uint32_t i = caller->acked; i < caller->made; i++) {
        assert_true(now[i].verdict == ATP_APPLIED || now[i].verdict == ATP_UNKNOWN_ID);
        there += now[i].verdict == ATP_APPLIED;
    }
    free(now);
    return there;
}

/* Loads, kills after so many op numbers, restarts, and looks. Returns how many more reservations there are. */
static unsigned kill_once(acceptance_t *a, unsigned round, int64_t after_ops)
{
    caller_t callers[CALLERS];
    pthread_t threads[CALLERS];
    _Atomic bool must_end = false;
    unsigned there = 0;
    unsigned acked = 0;
    int64_t begun_op = figure(a, "op_durable");

    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i] = (caller_t){.a = a,
                                .round = round,
                                .number = i,
                                .client = impatient_client(a),
                                .must_end = &must_end,
                                .answers = calloc(CALLS_MAX, sizeof(atp_result_t))};
        assert_non_null(callers[i].answers);
        assert_int_equal(pthread_create(&threads[i], NULL, call_on, &callers[i]), 0);
    }
    while (figure(a, "op_durable") < begun_op + after_ops) {
    }
    acceptance_kill(a);
    must_end = true;
    for (unsigned i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        atp_client_close(callers[i].client);
    }
    acceptance_restart(a);
    for (unsigned i = 0; i < CALLERS; i++) {
        there += check_caller(a, &callers[i]);
        acked += callers[i].acked;
        free(callers[i].answers);
    }
    print_message("g5: killed after %u acknowledged; %u are there\n", acked, there);
    assert_true(acked > 0);
    return there;
}

static void g5_what_was_acknowledged_survives_a_kill(void **state)
{
    acceptance_t *a = *state;
    unsigned there = 0;

    stock(a, "g5", "N", "1000000");
    srand(20261121);
    for (unsigned round = 0; round < KILLS; round++) {
        there += kill_once(a, round, (50 + rand() % 800) / (LOAD_DIVISOR > 4 ? 4 : 1));
        assert_int_equal(components(a, "g5", "N").reserved, there);
    }
    acceptance_kill(a);
    assert_int_equal(atpd_status(a, "--check"), 0);
    assert_int_equal(atpd_status(a, "--audit"), 0);
    acceptance_restart(a);
}

/* ---- cut short at a byte ---- */

#define CUTS (30u / (LOAD_DIVISOR > 4 ? 3 : 1))

/* The newest journal segment that is not just prepared: the one whose last bytes were written last. */
static void find_segment(const char *folder, char *ret_path, size_t size)
{
    char journal[128];
    struct stat newest = {0};
    struct dirent *entry;

    snprintf(journal, sizeof journal, "%s/journal", folder);
    DIR *dir = opendir(journal);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char path[400];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", journal, entry->d_name);
        if (entry->d_name[0] != '.' && stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
            status.st_size > 0 &&
            (status.st_mtim.tv_sec > newest.st_mtim.tv_sec ||
             (status.st_mtim.tv_sec == newest.st_mtim.tv_sec &&
              status.st_mtim.tv_nsec >= newest.st_mtim.tv_nsec))) {
            newest = status;
            snprintf(ret_path, size, "%s", path);
        }
    }
    closedir(dir);
    assert_true(newest.st_size > 0);
}

/* The number behind "last op " in what --check says; -1 if it says none. */
static int64_t last_op_of(const char *report)
{
    const char *found = strstr(report, "last op ");

    return found == NULL ? -1 : strtoll(found + 8, NULL, 10);
}

/* Bytes from the begin of the file to its last one that is not zero. */
static off_t used_bytes(const char *path)
{
    FILE *file = fopen(path, "rb");
    off_t used = 0;
    off_t at = 0;
    int byte;

    assert_non_null(file);
    while ((byte = fgetc(file)) != EOF) {
        at++;
        used = byte != 0 ? at : used;
    }
    fclose(file);
    return used;
}

static void copy_folder(const char *from, const char *to)
{
    char command[256];

    snprintf(command, sizeof command, "rm -rf %s && cp -a %s %s", to, from, to);
    assert_int_equal(system(command), 0);
}

/* Nothing after `size` bytes has reached the disk: the segment has its length, which it got beforehand, and zeros. Or
 * the file itself is shorter. Checks a copy; returns the last op, or -1 if it was refused by name. */
static int64_t check_cut(const acceptance_t *a, off_t size, bool is_shortened)
{
    char copy[80];
    char path[400];
    char report[4096];
    struct stat whole;

    snprintf(copy, sizeof copy, "%s-cut", a->folder);
    copy_folder(a->folder, copy);
    find_segment(copy, path, sizeof path);
    assert_int_equal(stat(path, &whole), 0);
    assert_int_equal(truncate(path, size), 0);
    if (!is_shortened) {
        assert_int_equal(truncate(path, whole.st_size), 0);
    }
    int status = atpd_run((const char *[]){"--check", copy, NULL}, report, sizeof report);
    if (status != 0) {
        assert_int_equal(status, 65);
        assert_non_null(strstr(report, "journal")); /* it says of what, and where */
        return -1;
    }
    assert_non_null(strstr(report, "every invariant holds"));
    return last_op_of(report);
}

static void g5_a_journal_cut_at_any_byte_gives_a_prefix_or_a_named_refusal(void **state)
{
    acceptance_t *a = *state;
    char path[400];
    char report[4096];
    char copy[80];
    char command[160];
    unsigned prefixes = 0;
    unsigned refused = 0;
    int64_t longest = 0;

    stock(a, "g5-cut", "N", "1000");
    for (unsigned i = 0; i < 200; i++) {
        assert_verdict(hold(a, NULL, "g5-cut", "N", "1"), ATP_APPLIED);
    }
    acceptance_kill(a);
    assert_int_equal(atpd_run((const char *[]){"--check", a->folder, NULL}, report, sizeof report), 0);
    int64_t whole = last_op_of(report);
    assert_true(whole > 200);
    find_segment(a->folder, path, sizeof path);
    off_t used = used_bytes(path);
    for (unsigned i = 0; i < CUTS; i++) {
        off_t size = i == 0 ? 0 : used * i / CUTS + rand() % 11;
        int64_t last = check_cut(a, size, i % 5 == 4);
        assert_true(last <= whole);
        assert_true(last < 0 || last >= longest); /* sizes only grow */
        longest = last > longest ? last : longest;
        prefixes += last >= 0;
        refused += last < 0;
    }
    print_message("g5: of %u cuts %u gave a prefix, %u were refused by name\n", CUTS, prefixes, refused);
    assert_true(prefixes > 0 && refused > 0 && longest > 0);
    assert_int_equal(check_cut(a, used, false), whole); /* nothing but unused room is gone */
    snprintf(copy, sizeof copy, "%s-cut", a->folder);
    snprintf(command, sizeof command, "rm -rf %s", copy);
    assert_int_equal(system(command), 0);
    acceptance_restart(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g5_what_was_acknowledged_survives_a_kill),
        cmocka_unit_test(g5_a_journal_cut_at_any_byte_gives_a_prefix_or_a_named_refusal),
    };
    return cmocka_run_group_tests_name("acceptance.crash", tests, acceptance_start, acceptance_stop);
}
