#include "tests/acceptance/acceptance.h"

#include "tests/support/ports.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_TRIES 600

/* ---- atpd ---- */

/* In the child: what it says goes to `path`; to the terminal when ATP_TEST_LOG is set. */
static void redirect(const char *path)
{
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    if (getenv("ATP_TEST_LOG") == NULL) {
        dup2(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), STDERR_FILENO);
    }
}

#define ARGUMENTS_MAX 64
#define OUTPUT_SIZE   8192

static pid_t spawn(const acceptance_t *a)
{
    char subscribe[96];
    const char *arguments[ARGUMENTS_MAX] = {"atpd",        "--data",
                                            a->folder,     "--listen",
                                            a->url,        "--subscribe",
                                            subscribe,     "--publish",
                                            a->events_url, "--metrics",
                                            a->metrics,    "--journal-segment-bytes",
                                            "8MiB",        "--journal-segments-ahead",
                                            "2",           "--journal-reserve-bytes",
                                            "1MiB"};
    size_t count = 17;

    snprintf(subscribe, sizeof subscribe, "listen:%s", a->facts_url);
    for (size_t i = 0; a->flags != NULL && a->flags[i] != NULL; i++) {
        assert_true(count < ARGUMENTS_MAX - 1);
        arguments[count++] = a->flags[i];
    }
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        redirect(a->errors);
        execv(ATPD_PATH, (char **)(uintptr_t)arguments);
        _exit(127);
    }
    return pid;
}

/* Fails with the last of what atpd said. */
static void fail_as_told(const acceptance_t *a)
{
    char told[2048] = "";
    int fd = open(a->errors, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        off_t size = lseek(fd, 0, SEEK_END);
        off_t from = size > (off_t)sizeof told - 1 ? size - (off_t)sizeof told + 1 : 0;
        ssize_t got = pread(fd, told, sizeof told - 1, from);
        told[got > 0 ? got : 0] = '\0';
        close(fd);
    }
    fail_msg("atpd does not answer at %s: %s", a->url, told);
}

static void wait_ready(acceptance_t *a)
{
    for (unsigned i = 0; i < READY_TRIES; i++) {
        atp_answer_t *answer;
        if (waitpid(a->atpd, NULL, WNOHANG) != 0) {
            a->atpd = 0; /* it has ended */
            break;
        }
        if (atp_client_stat(a->client, &answer) == ATP_OK) {
            atp_answer_free(answer);
            return;
        }
    }
    fail_as_told(a);
}

static void start(acceptance_t *a)
{
    atp_client_options_t options = {
        .url = a->url, .client = ATP_TEXT("acceptance"), .timeout_ms = 20000, .try_ms = 20000};
    atp_why_t why;

    a->atpd = spawn(a);
    if (atp_client_open(&options, &a->client, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    wait_ready(a);
}

int acceptance_start(void **state)
{
    return acceptance_start_with(state, NULL);
}

int acceptance_start_with(void **state, const char *const *flags)
{
    acceptance_t *a = calloc(1, sizeof *a);

    assert_non_null(a);
    snprintf(a->folder, sizeof a->folder, "/tmp/atp-acceptance-XXXXXX");
    assert_non_null(mkdtemp(a->folder));
    snprintf(a->errors, sizeof a->errors, "%s.log", a->folder);
    snprintf(a->url, sizeof a->url, "tcp://127.0.0.1:%u", free_port());
    snprintf(a->facts_url, sizeof a->facts_url, "tcp://127.0.0.1:%u", free_port());
    snprintf(a->events_url, sizeof a->events_url, "tcp://127.0.0.1:%u", free_port());
    snprintf(a->metrics, sizeof a->metrics, "127.0.0.1:%u", free_port());
    a->flags = flags;
    start(a);
    *state = a;
    return 0;
}

static int wait_status(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int acceptance_end(acceptance_t *a, int signal_number)
{
    assert_true(a->atpd > 0);
    kill(a->atpd, signal_number);
    int status = wait_status(a->atpd);
    a->atpd = 0;
    return status;
}

int acceptance_second(acceptance_t *a)
{
    acceptance_t second = *a;

    snprintf(second.url, sizeof second.url, "tcp://127.0.0.1:%u", free_port());
    snprintf(second.facts_url, sizeof second.facts_url, "tcp://127.0.0.1:%u", free_port());
    snprintf(second.events_url, sizeof second.events_url, "tcp://127.0.0.1:%u", free_port());
    snprintf(second.metrics, sizeof second.metrics, "127.0.0.1:%u", free_port());
    return wait_status(spawn(&second));
}

void acceptance_kill(acceptance_t *a)
{
    assert_int_equal(acceptance_end(a, SIGKILL), -SIGKILL);
    atp_client_close(a->client);
    a->client = NULL;
}

void acceptance_restart(acceptance_t *a)
{
    start(a);
}

int acceptance_stop(void **state)
{
    acceptance_t *a = *state;
    char command[256];

    if (a->atpd > 0) {
        assert_int_equal(acceptance_end(a, SIGTERM), 0);
    }
    atp_client_close(a->client);
    snprintf(command, sizeof command, "rm -rf %s %s", a->folder, a->errors);
    assert_int_equal(system(command), 0);
    free(a);
    return 0;
}

int atpd_status(const acceptance_t *a, const char *flag)
{
    return atpd_run((const char *[]){flag, a->folder, NULL}, NULL, 0);
}

/* Reads to the end; keeps what fits, zero-terminated. */
static void drain(int fd, char *ret_output, size_t size)
{
    char rest[4096];
    size_t kept = 0;
    ssize_t got;

    while ((got = read(fd, rest, sizeof rest)) > 0) {
        size_t taken = kept + (size_t)got < size ? (size_t)got : size > kept ? size - kept - 1 : 0;
        if (ret_output != NULL && taken > 0) {
            memcpy(ret_output + kept, rest, taken);
            kept += taken;
        }
    }
    if (ret_output != NULL) {
        ret_output[kept] = '\0';
    }
}

/* The status of a program; its output, as far as it fits, goes to `ret_output` unless that is NULL. */
static int run_program(const char *path, const char *const *arguments, char *ret_output, size_t size)
{
    const char *all[ARGUMENTS_MAX] = {path};
    int pipes[2];

    for (size_t i = 0; arguments[i] != NULL; i++) {
        assert_true(i < ARGUMENTS_MAX - 2);
        all[i + 1] = arguments[i];
    }
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        dup2(pipes[1], STDERR_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execv(path, (char **)(uintptr_t)all);
        _exit(127);
    }
    close(pipes[1]);
    drain(pipes[0], ret_output, size);
    close(pipes[0]);
    return wait_status(pid);
}

int atpd_run(const char *const *arguments, char *ret_output, size_t size)
{
    return run_program(ATPD_PATH, arguments, ret_output, size);
}

int atp_run(const acceptance_t *a, const char *const *arguments, char *ret_output, size_t size)
{
    const char *all[ARGUMENTS_MAX];
    size_t count = 0;

    while (arguments[count] != NULL) {
        assert_true(count < ARGUMENTS_MAX - 4);
        all[count] = arguments[count];
        count++;
    }
    all[count++] = "--url";
    all[count++] = a->url;
    all[count] = NULL;
    return run_program(ATP_PATH, all, ret_output, size);
}

int atp(const acceptance_t *a, const char *words, char *ret_output, size_t size)
{
    char text[1024];
    const char *arguments[ARGUMENTS_MAX];
    char *rest = text;
    size_t count = 0;

    assert_true(strlen(words) < sizeof text);
    strcpy(text, words);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        assert_true(count < ARGUMENTS_MAX - 1);
        arguments[count++] = word;
    }
    arguments[count] = NULL;
    return atp_run(a, arguments, ret_output, size);
}

void must(const acceptance_t *a, const char *words)
{
    char output[OUTPUT_SIZE];

    if (atp(a, words, output, sizeof output) != 0) {
        fail_msg("atp %s: %s", words, output);
    }
}

void must_not(const acceptance_t *a, const char *words)
{
    char output[OUTPUT_SIZE];

    if (atp(a, words, output, sizeof output) == 0) {
        fail_msg("atp %s is not refused: %s", words, output);
    }
}

void wait_for(const acceptance_t *a, const char *words, const char *wanted)
{
    char output[OUTPUT_SIZE];
    int64_t begun_ms = 0;

    do {
        (void)atp(a, words, output, sizeof output);
        if (strstr(output, wanted) != NULL) {
            return;
        }
    } while (is_waiting(&begun_ms, 60));
    fail_msg("atp %s never says %s: %s", words, wanted, output);
}

atp_publisher_t *publish_from(const acceptance_t *a, const char *source, uint64_t epoch, uint64_t sequence)
{
    atp_publisher_options_t options = {
        .url = a->facts_url, .source = atp_text_of(source), .epoch = epoch, .sequence = sequence};
    atp_publisher_t *publisher;
    atp_why_t why;

    if (atp_publisher_open(&options, &publisher, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    assert_true(atp_publisher_wait_connected(publisher, 60000));
    return publisher;
}

bool is_waiting(int64_t *begun_ms, unsigned seconds)
{
    *begun_ms = *begun_ms == 0 ? atp_now_ms() : *begun_ms;
    return atp_now_ms() - *begun_ms < (int64_t)seconds * 1000;
}

/* ---- commands ---- */

const char *fresh_id(acceptance_t *a, char ret_id[ATP_ID_SIZE_MAX + 1])
{
    snprintf(ret_id, ATP_ID_SIZE_MAX + 1, "id-%" PRIu64, ++a->next_id);
    return ret_id;
}

atp_result_t call(acceptance_t *a, const atp_command_t *command, atp_grant_t *ret_grants)
{
    atp_grants_t grants = {.items = ret_grants, .capacity = ret_grants == NULL ? 0 : ACCEPTANCE_LINES_MAX};
    char id[ATP_ID_SIZE_MAX + 1];
    atp_command_t sent = *command;
    atp_result_t result;

    if (sent.id.size == 0) {
        sent.id = atp_text_of(fresh_id(a, id));
    }
    atp_err_t err = atp_client_call(a->client, &sent, &result, &grants, NULL);
    if (err != ATP_OK) {
        fail_msg("call: %s", atp_err_name(err));
    }
    return result;
}

static uint32_t fill_lines(const want_t *wants, atp_command_line_t *lines)
{
    uint32_t count = 0;

    for (; wants != NULL && wants[count].sku != NULL; count++) {
        assert_true(count < ACCEPTANCE_LINES_MAX);
        lines[count] = (atp_command_line_t){.sku = atp_text_of(wants[count].sku),
                                            .node = atp_text_of(wants[count].node)};
        assert_true(
            atp_qty_parse(atp_text_of(wants[count].qty), &lines[count].mantissa, &lines[count].decimals));
    }
    return count;
}

atp_result_t reserve(acceptance_t *a, const char *id, const want_t *wants, int64_t ttl_ms,
                     atp_reserve_mode_t mode, atp_grant_t *ret_grants)
{
    atp_command_line_t lines[ACCEPTANCE_LINES_MAX];
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(id),
                             .ttl_ms = ttl_ms,
                             .option = (uint8_t)mode,
                             .lines = lines};

    command.line_count = fill_lines(wants, lines);
    return call(a, &command, ret_grants);
}

atp_result_t hold(acceptance_t *a, const char *id, const char *sku_id, const char *node_id, const char *qty)
{
    return reserve(a, id, (want_t[]){{sku_id, node_id, qty}, {NULL, NULL, NULL}}, 0,
                   ATP_RESERVE_ALL_OR_NOTHING, NULL);
}

atp_result_t step(acceptance_t *a, atp_op_kind_t kind, const char *id, const char *reservation,
                  const want_t *wants, bool is_fact)
{
    atp_command_line_t lines[ACCEPTANCE_LINES_MAX];
    atp_command_t command = {.kind = kind,
                             .id = atp_text_of(id),
                             .reservation = atp_text_of(reservation),
                             .is_fact = is_fact,
                             .lines = lines};

    command.line_count = fill_lines(wants, lines);
    return call(a, &command, NULL);
}

atp_result_t fact(acceptance_t *a, atp_op_kind_t kind, const char *id, const char *sku_id,
                  const char *node_id, const char *qty)
{
    atp_command_line_t lines[ACCEPTANCE_LINES_MAX];
    atp_command_t command = {.kind = kind, .id = atp_text_of(id), .is_fact = true, .lines = lines};

    command.line_count = fill_lines((want_t[]){{sku_id, node_id, qty}, {NULL, NULL, NULL}}, lines);
    return call(a, &command, NULL);
}

/* ---- things ---- */

void sku(acceptance_t *a, const char *id, unsigned scale)
{
    atp_command_line_t line = {.sku = atp_text_of(id)};
    atp_command_t command = {.kind = ATP_OP_SKU, .option = (uint8_t)scale, .line_count = 1, .lines = &line};

    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
}

void node(acceptance_t *a, const char *id, atp_node_state_t state)
{
    atp_command_line_t line = {.node = atp_text_of(id)};
    atp_command_t command = {.kind = ATP_OP_NODE, .option = (uint8_t)state, .line_count = 1, .lines = &line};

    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
}

void stock(acceptance_t *a, const char *sku_id, const char *node_id, const char *qty)
{
    atp_result_t result = fact(a, ATP_OP_COUNT, NULL, sku_id, node_id, qty);

    if (result.verdict == ATP_UNKNOWN_SKU) {
        sku(a, sku_id, 0);
        result = fact(a, ATP_OP_COUNT, NULL, sku_id, node_id, qty);
    }
    if (result.verdict == ATP_UNKNOWN_NODE) {
        node(a, node_id, ATP_NODE_OPEN);
        result = fact(a, ATP_OP_COUNT, NULL, sku_id, node_id, qty);
    }
    assert_true(atp_verdict_is_success((atp_verdict_t)result.verdict));
}

/* ---- questions ---- */

atp_availability_row_t components(acceptance_t *a, const char *sku_id, const char *node_id)
{
    atp_text_t names[2] = {atp_text_of(sku_id), atp_text_of(node_id)};
    atp_availability_ask_t ask = {.flags = ATP_AVAILABILITY_COMPONENTS,
                                  .sku_count = 1,
                                  .node_count = 1,
                                  .skus = &names[0],
                                  .nodes = &names[1]};
    atp_answer_t *answer;

    assert_int_equal(atp_client_availability(a->client, &ask, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).row_count, 1);
    atp_availability_row_t row = atp_answer_availability(answer)[0];
    atp_answer_free(answer);
    assert_verdict(row, ATP_APPLIED);
    return row;
}

int64_t promisable(acceptance_t *a, const char *sku_id, const char *node_id)
{
    return components(a, sku_id, node_id).promisable;
}

int64_t figure(acceptance_t *a, const char *name)
{
    atp_answer_t *answer;
    bool is_found = false;
    int64_t value = 0;

    assert_int_equal(atp_client_stat(a->client, &answer), ATP_OK);
    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        const atp_stat_t *stat = &atp_answer_stats(answer)[i];
        if (atp_text_equal(stat->name, atp_text_of(name))) {
            is_found = true;
            value = stat->value;
        }
    }
    atp_answer_free(answer);
    if (!is_found) {
        fail_msg("no figure %s", name);
    }
    return value;
}

unsigned exceptions(acceptance_t *a, const char *kind, const char *sku_id,
                    char ret_reservation[ATP_ID_SIZE_MAX + 1])
{
    atp_page_ask_t ask = {.limit = 1000};
    unsigned found = 0;

    do {
        atp_answer_t *answer;
        assert_int_equal(atp_client_exceptions(a->client, &ask, &answer), ATP_OK);
        const atp_exception_row_t *rows = atp_answer_exceptions(answer);
        for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
            if (atp_text_equal(rows[i].kind, atp_text_of(kind)) &&
                atp_text_equal(rows[i].sku, atp_text_of(sku_id))) {
                found++;
                snprintf(ret_reservation, ATP_ID_SIZE_MAX + 1, "%.*s",
                         rows[i].id_count > 0 ? (int)rows[i].ids[0].size : 0,
                         rows[i].id_count > 0 ? rows[i].ids[0].bytes : "");
            }
        }
        ask.cursor = atp_answer_head(answer).next_cursor;
        atp_answer_free(answer);
    } while (ask.cursor != 0);
    return found;
}
