/* atp stat: the figures of the engine. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/session.h"
#include "tools/atp/stop.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE 64

/* The last sample, to tell rates from. */
typedef struct sample {
    int64_t at_ms;
    uint32_t count;
    struct {
        char name[NAME_SIZE];
        int64_t value;
    } figures[ATP_STATS_MAX];
} sample_t;

static const int64_t *find(const sample_t *sample, atp_text_t name)
{
    for (uint32_t i = 0; i < sample->count; i++) {
        if (strlen(sample->figures[i].name) == name.size &&
            memcmp(sample->figures[i].name, name.bytes, name.size) == 0) {
            return &sample->figures[i].value;
        }
    }
    return NULL;
}

static void keep(sample_t *sample, const atp_stat_t *stats, uint32_t count, int64_t now_ms)
{
    sample->at_ms = now_ms;
    sample->count = 0;
    for (uint32_t i = 0; i < count && i < ATP_STATS_MAX; i++) {
        if (!stats[i].is_text && stats[i].name.size < NAME_SIZE) {
            memcpy(sample->figures[sample->count].name, stats[i].name.bytes, stats[i].name.size);
            sample->figures[sample->count].name[stats[i].name.size] = '\0';
            sample->figures[sample->count++].value = stats[i].value;
        }
    }
}

static void put_json(atp_cli_t *cli, const atp_answer_head_t *head, const atp_stat_t *stats)
{
    atp_out_t *out = &cli->out;

    atp_out_row(out);
    for (uint32_t i = 0; i < head->row_count; i++) {
        char name[256];
        (void)snprintf(name, sizeof name, "%.*s", (int)stats[i].name.size, stats[i].name.bytes);
        if (stats[i].is_text) {
            atp_out_text(out, name, NULL, stats[i].text);
        } else {
            atp_out_int(out, name, NULL, stats[i].value);
        }
    }
    atp_out_end(out);
}

/* Times are told as times, but for JSON. */
static bool is_time(atp_text_t name)
{
    return name.size > 3 && memcmp(name.bytes + name.size - 3, "_ms", 3) == 0;
}

static void put_value(atp_out_t *out, const atp_stat_t *stat)
{
    char text[ATP_OUT_TIME_SIZE];

    if (stat->is_text) {
        (void)snprintf(text, sizeof text, "%.*s", (int)(stat->text.size < 31 ? stat->text.size : 31),
                       stat->text.bytes);
    } else if (is_time(stat->name) && stat->value > INT64_C(1000000000000)) {
        atp_out_format_time(stat->value, text);
    } else {
        atp_out_int(out, NULL, "VALUE", stat->value);
        return;
    }
    atp_out_string(out, NULL, "VALUE", text);
}

static void put_table(atp_cli_t *cli, const atp_answer_head_t *head, const atp_stat_t *stats,
                      const sample_t *last, int64_t now_ms)
{
    atp_out_t *out = &cli->out;
    bool has_rates = last->count > 0 && now_ms > last->at_ms;

    for (uint32_t i = 0; i < head->row_count; i++) {
        const int64_t *before = find(last, stats[i].name);
        atp_out_row(out);
        atp_out_text(out, NULL, "FIGURE", stats[i].name);
        put_value(out, &stats[i]);
        if (has_rates && before != NULL && !stats[i].is_text && *before != stats[i].value &&
            !is_time(stats[i].name)) {
            atp_out_int(out, NULL, "A SECOND", (stats[i].value - *before) * 1000 / (now_ms - last->at_ms));
        } else if (has_rates) {
            atp_out_none(out, NULL, "A SECOND");
        }
    }
    atp_out_end(out);
}

static int show(atp_cli_t *cli, sample_t *last, bool is_redrawn)
{
    atp_answer_t *answer = NULL;
    int status = ATP_CLI_DONE;

    atp_err_t err = atp_client_stat(cli->handle, &answer);
    if (err != ATP_OK) {
        return atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
    }
    atp_answer_head_t head = atp_answer_head(answer);
    const atp_stat_t *stats = atp_answer_stats(answer);
    int64_t now_ms = atp_now_ms();
    if (head.verdict != ATP_APPLIED) {
        status = atp_session_refused(cli, &head);
    } else if (cli->is_json) {
        put_json(cli, &head, stats);
    } else {
        if (is_redrawn) {
            (void)fputs("\033[H\033[J", stdout); /* top left, and nothing below */
        }
        put_table(cli, &head, stats, last, now_ms);
    }
    keep(last, stats, head.row_count, now_ms);
    atp_answer_free(answer);
    (void)fflush(stdout);
    return status;
}

static int run(atp_cli_t *cli)
{
    uint64_t every_s = 0;
    uint64_t times = 0;
    int status;

    if (!atp_args_count(&cli->args, "watch", 1, 86400, &every_s) ||
        !atp_args_count(&cli->args, "times", 1, UINT32_MAX, &times)) {
        return ATP_CLI_USAGE;
    }
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    times = every_s == 0 ? 1 : times;
    bool is_redrawn = every_s != 0 && isatty(STDOUT_FILENO) == 1;
    sample_t *last = atp_cli_alloc(1, sizeof *last);
    atp_stop_on_signals();
    for (uint64_t i = 1;; i++) {
        status = show(cli, last, is_redrawn);
        if (status != ATP_CLI_DONE || i == times || atp_stop_wait((int64_t)every_s * 1000)) {
            break;
        }
    }
    free(last);
    return status;
}

static const atp_flag_t flags[] = {
    {"watch", "N", NULL, "Again every N seconds, with rates, until Ctrl-C"},
    {"times", "N", NULL, "With --watch: so often, then end"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {"atp stat", "atp stat --watch 2",
                                       "atp stat --json | python3 -m json.tool", NULL};

const atp_cmd_t atp_cmd_stat = {
    .name = "stat",
    .group = "Operate",
    .synopsis = "",
    .summary = "The figures of the engine",
    .flags = flags,
    .examples = examples,
    .run = run,
};
