/* atp publish: a source's facts from a pipe, kept until the engine has them. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/rows/fact_rows.h"
#include "tools/atp/stop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH_DEFAULT   1000
#define PAUSE_MS        20 /* what came is put after so long without more */
#define FULL_PAUSE_MS   20 /* between tries while the outbox is full */
#define LINE_SIZE_MAX   ((size_t)64 << 10)
#define REJECTS_SHOWN   10
#define SLICE_MS        100            /* of a wait, between two looks whether to stop */
#define LAST_MS         1000           /* of a wait, once it is to stop */
#define SILENT_MS       3000           /* so long it waits for the engine without a word */
#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* as some spreadsheets begin a file */
#define MIB             (UINT64_C(1) << 20)
#define FOREVER_MS      (-1)

typedef struct publish {
    atp_cli_t *cli;
    atp_outbox_t *outbox;
    atp_fact_header_t header;
    uint64_t batch_max;
    atp_fact_row_t *rows;
    atp_command_t *commands;
    uint32_t count; /* of the batch under way */
    uint64_t line;
    uint64_t facts;
    uint64_t batches;
    uint64_t rejects;
    char *bytes; /* read and not used yet */
    size_t size;
    bool is_skipping; /* within a line that is too long */
    bool is_at_end;
} publish_t;

/* ---- putting ---- */

/* Keeps the batch under way; waits while the outbox is full. False: it cannot, *ret_status says. */
static bool put(publish_t *publish, int *ret_status)
{
    atp_why_t why = {""};
    atp_err_t err = ATP_OK;

    if (publish->count == 0) {
        return true;
    }
    for (uint32_t i = 0; i < publish->count; i++) {
        publish->commands[i] = publish->rows[i].command;
        if (publish->commands[i].correlation.size == 0) {
            publish->commands[i].correlation = publish->cli->correlation;
        }
    }
    bool is_told = false;
    while ((err = atp_outbox_put(publish->outbox, publish->commands, publish->count, atp_now_ms(), NULL,
                                 &why)) == ATP_ERR_BUSY) {
        if (!is_told) {
            atp_cli_note(publish->cli, "waiting: %s", why.text);
            is_told = true;
        }
        if (atp_stop_wait(FULL_PAUSE_MS)) {
            break;
        }
    }
    if (err != ATP_OK) {
        *ret_status = atp_cli_fail(publish->cli, err == ATP_ERR_CLOSED ? ATP_CLI_REFUSED : ATP_CLI_FAILED,
                                   atp_err_name(err), "line %llu: %u facts were not kept: %s",
                                   (unsigned long long)publish->line, publish->count,
                                   why.text[0] != '\0' ? why.text : atp_err_name(err));
        return false;
    }
    publish->facts += publish->count;
    publish->batches++;
    publish->count = 0;
    return true;
}

static void reject(publish_t *publish, const atp_why_t *why)
{
    publish->rejects++;
    if (publish->rejects <= REJECTS_SHOWN) {
        (void)fprintf(stderr, "atp: line %llu: %s\n", (unsigned long long)publish->line, why->text);
    }
}

static bool take_line(publish_t *publish, char *line, int *ret_status)
{
    size_t size = strlen(line);
    atp_why_t why = {""};

    publish->line++;
    if (publish->line == 1 && strncmp(line, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
        line += strlen(BYTE_ORDER_MARK);
        size -= strlen(BYTE_ORDER_MARK);
    }
    if (size > 0 && line[size - 1] == '\r') {
        line[size - 1] = '\0';
    }
    if (line[0] == '\0') {
        return true;
    }
    if (publish->header.is_csv && publish->header.count == 0) {
        if (atp_fact_header_read(&publish->header, line, &why) == ATP_OK) {
            return true;
        }
        *ret_status = atp_cli_fail(publish->cli, ATP_CLI_BAD_INPUT, "bad_header", "line 1: %s", why.text);
        return false;
    }
    if (atp_fact_row_read(&publish->header, line, &publish->rows[publish->count], &why) != ATP_OK) {
        reject(publish, &why);
        return true;
    }
    publish->count++;
    return publish->count < publish->batch_max || put(publish, ret_status);
}

/* ---- reading ---- */

/* Uses up the whole lines that were read; at the end the last one too. */
static bool take_lines(publish_t *publish, int *ret_status)
{
    char *at = publish->bytes;
    char *end = publish->bytes + publish->size;
    char *newline;

    while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL ||
           (publish->is_at_end && at < end && (newline = end) != NULL)) {
        *newline = '\0'; /* there is room for one more byte */
        bool is_good = publish->is_skipping || take_line(publish, at, ret_status);
        publish->is_skipping = false;
        at = newline < end ? newline + 1 : end;
        if (!is_good) {
            return false;
        }
    }
    publish->size = (size_t)(end - at);
    memmove(publish->bytes, at, publish->size);
    if (publish->size == LINE_SIZE_MAX) {
        const atp_why_t why = {"longer than a line may be"};
        if (!publish->is_skipping) {
            publish->line++;
            reject(publish, &why);
        }
        publish->is_skipping = true;
        publish->size = 0;
    }
    return true;
}

/* Reads what there is. When there is nothing for a moment, what came before is put. */
static bool read_more(publish_t *publish, int *ret_status)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    int ready = poll(&input, 1, publish->count > 0 ? PAUSE_MS : FOREVER_MS);

    if (ready == 0) {
        return put(publish, ret_status);
    }
    if (ready < 0 && errno == EINTR) {
        publish->is_at_end = atp_stop_is_wanted();
        return true;
    }
    ssize_t got = read(STDIN_FILENO, publish->bytes + publish->size, LINE_SIZE_MAX - publish->size);
    if (got < 0 && errno != EINTR) {
        *ret_status = atp_cli_fail(publish->cli, ATP_CLI_BAD_INPUT, "io", "the input cannot be read: %s",
                                   strerror(errno));
        return false;
    }
    publish->size += got > 0 ? (size_t)got : 0;
    publish->is_at_end = got == 0;
    return true;
}

/* Nothing has come: an empty batch says that the source is there all the same. */
static bool beat(publish_t *publish, int *ret_status)
{
    atp_why_t why = {""};

    if (publish->batches > 0 || !atp_args_has(&publish->cli->args, "heartbeat")) {
        return true;
    }
    atp_err_t err = atp_outbox_put(publish->outbox, NULL, 0, atp_now_ms(), NULL, &why);
    publish->batches += err == ATP_OK;
    if (err != ATP_OK) {
        *ret_status = atp_cli_fail(publish->cli, ATP_CLI_FAILED, atp_err_name(err), "%s", why.text);
    }
    return err == ATP_OK;
}

static bool read_all(publish_t *publish, int *ret_status)
{
    while (!publish->is_at_end && !atp_stop_is_wanted()) {
        if (!read_more(publish, ret_status) || !take_lines(publish, ret_status)) {
            return false;
        }
    }
    return put(publish, ret_status) && beat(publish, ret_status);
}

/* ---- the command ---- */

/* Waits until the engine has all, `wait_ms` (0: for ever); says what it waits for when that takes long. A signal ends it soon. */
static atp_err_t flush(publish_t *publish, int64_t wait_ms)
{
    atp_outbox_state_t state;
    int64_t left_ms = wait_ms > 0 ? wait_ms : INT64_MAX;
    int64_t waited_ms = 0;
    atp_err_t err = ATP_ERR_TIMEOUT;

    while (err == ATP_ERR_TIMEOUT && left_ms > 0) {
        int64_t slice_ms = left_ms < SLICE_MS ? left_ms : SLICE_MS;
        err = atp_outbox_flush(publish->outbox, (int32_t)slice_ms);
        left_ms -= slice_ms;
        waited_ms += slice_ms;
        if (atp_stop_is_wanted() && left_ms > LAST_MS) {
            left_ms = LAST_MS;
        }
        atp_outbox_read_state(publish->outbox, &state);
        if (waited_ms == SILENT_MS && err == ATP_ERR_TIMEOUT && state.last_failure.text[0] != '\0') {
            atp_cli_note(publish->cli, "waiting: %s", state.last_failure.text);
        }
    }
    return err;
}

static int sum_up(publish_t *publish, int64_t wait_ms)
{
    atp_outbox_state_t state;
    atp_err_t err = atp_args_has(&publish->cli->args, "no-wait") ? ATP_OK : flush(publish, wait_ms);

    atp_outbox_read_state(publish->outbox, &state);
    if (publish->cli->is_json) {
        atp_out_row(&publish->cli->out);
        atp_out_uint(&publish->cli->out, "facts", NULL, publish->facts);
        atp_out_uint(&publish->cli->out, "batches", NULL, publish->batches);
        atp_out_uint(&publish->cli->out, "rejects", NULL, publish->rejects);
        atp_out_uint(&publish->cli->out, "waiting", NULL, state.next - state.low);
        atp_out_end(&publish->cli->out);
    }
    atp_cli_note(publish->cli,
                 "%llu facts in %llu batches kept, %llu lines left out; %llu batches wait for the engine",
                 (unsigned long long)publish->facts, (unsigned long long)publish->batches,
                 (unsigned long long)publish->rejects, (unsigned long long)(state.next - state.low));
    if (err == ATP_ERR_CLOSED) {
        return atp_cli_fail(publish->cli, ATP_CLI_REFUSED, atp_err_name(err),
                            "not all is applied: %s\nNothing of what waits here will be sent: one folder is "
                            "one source's, and a "
                            "source has one. What it tells is to go through the other folder",
                            state.last_failure.text);
    }
    if (err != ATP_OK) {
        return atp_cli_fail(
            publish->cli, ATP_CLI_NO_ANSWER, atp_err_name(err),
            "not all is applied yet: %s\nNothing is lost: the next atp publish on this folder goes on",
            state.last_failure.text[0] != '\0' ? state.last_failure.text
            : atp_stop_is_wanted()             ? "told to stop"
                                               : "time is up");
    }
    return publish->rejects > 0 ? ATP_CLI_BAD_INPUT : ATP_CLI_DONE;
}

static int run_publish(publish_t *publish, int64_t wait_ms)
{
    int status = ATP_CLI_DONE;

    publish->rows = atp_cli_alloc(publish->batch_max, sizeof *publish->rows);
    publish->commands = atp_cli_alloc(publish->batch_max, sizeof *publish->commands);
    publish->bytes = atp_cli_alloc(LINE_SIZE_MAX + 1, 1);
    atp_stop_on_signals();
    if (read_all(publish, &status)) {
        status = sum_up(publish, wait_ms);
    }
    free(publish->rows);
    free(publish->commands);
    free(publish->bytes);
    return status;
}

static int fail_open(atp_cli_t *cli, atp_err_t err, const atp_why_t *why)
{
    return atp_cli_fail(cli, err == ATP_ERR_INVALID ? ATP_CLI_USAGE : ATP_CLI_FAILED, atp_err_name(err), "%s",
                        why->text);
}

static int publish(atp_cli_t *cli)
{
    publish_t publish = {.cli = cli, .batch_max = BATCH_DEFAULT};
    atp_outbox_options_t options = {.folder = atp_args_text(&cli->args, "folder"),
                                    .url = cli->url,
                                    .publish_url = atp_args_text(&cli->args, "publish"),
                                    .source = atp_text_of(cli->args.words[0]),
                                    .token = cli->token};
    uint64_t mib = 0;
    unsigned format = 0;
    int64_t wait_ms = 0;
    atp_why_t why = {""};

    if (!atp_args_count(&cli->args, "batch", 1, ATP_OPS_PER_MESSAGE_MAX, &publish.batch_max) ||
        !atp_args_count(&cli->args, "size", 1, 1024 * 1024, &mib) ||
        !atp_args_choice(&cli->args, "format", &format) ||
        !atp_args_duration(&cli->args, "wait", 1, &wait_ms)) {
        return ATP_CLI_USAGE;
    }
    if (options.folder == NULL) {
        return atp_cli_usage(cli->cmd, "--folder says where the facts are kept");
    }
    if (wait_ms > INT32_MAX) {
        return atp_cli_usage(cli->cmd, "--wait is at most 24d");
    }
    options.bytes_max = mib * MIB;
    publish.header.is_csv = format == 1;
    atp_err_t err = atp_outbox_open(&options, &publish.outbox, &why);
    if (err != ATP_OK) {
        return fail_open(cli, err, &why);
    }
    int status = run_publish(&publish, wait_ms);
    atp_outbox_close(publish.outbox);
    return status;
}

static const atp_flag_t publish_flags[] = {
    {"folder", "FOLDER", NULL, "Where the facts are kept; made if it is not there. One for each source"},
    {"format", "FORMAT", "jsonl|csv", "What comes in (jsonl)"},
    {"publish", "URL", NULL, "The engine's fact intake, to publish at once; without it all goes by request"},
    {"batch", "COUNT", NULL, "Facts of one batch at most (1000); what came is sent when the pipe pauses"},
    {"size", "MIB", NULL, "What may wait (256); more has to wait in the pipe"},
    {"wait", "DURATION", NULL, "Wait so long for the engine at the end (for ever)"},
    {"heartbeat", NULL, NULL, "When nothing comes in, send an empty batch: the source is heard"},
    {"no-wait", NULL, NULL, "Do not wait for the engine at the end"},
    {NULL, NULL, NULL, NULL},
};

static const char *const publish_examples[] = {
    "tail -F sales.jsonl | atp publish pos-17 --folder ./outbox",
    "atp publish wms --folder ./outbox --format csv --wait 1min < movements.csv",
    "atp publish pos-17 --folder ./outbox --publish tcp://10.0.0.5:7414 < sales.jsonl", NULL};

const atp_cmd_t atp_cmd_publish = {
    .name = "publish",
    .group = "Files",
    .synopsis = "SOURCE",
    .summary = "Facts from a pipe, kept until the engine has them",
    .about = "Each line is a fact: {\"op\":\"sale\",\"sku\":\"bike-28\",\"node\":\"berlin\",\"qty\":1}; or "
             "CSV with a\n"
             "header that names these keys.\n"
             "op is receive, sale, adjust, count or safety (bucket, reason), dispose (disposition), ship, "
             "pick, pack,\n"
             "deliver, return (disposition; without a reservation it is blind), short or reconcile "
             "(reservation),\n"
             "receive_supply (supply, final), transfer_ship, transfer_receive (final) or transfer_cancel "
             "(transfer), sku\n"
             "(name, scale) or node (name, state); each may have a correlation. Lines are put into a folder "
             "in batches,\n"
             "and are applied once each, in whatever state network and engine are. A line that is no fact is "
             "told with\n"
             "its number and left out. Ends with 0 when all is applied. An engine that is away, or a kill, "
             "loses nothing:\n"
             "the next run goes on.",
    .word_min = 1,
    .word_max = 1,
    .flags = publish_flags,
    .examples = publish_examples,
    .run = publish,
};
