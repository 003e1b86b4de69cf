/* atp watch: availability as it changes. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/stop.h"

#include <stdlib.h>
#include <string.h>

#define POLL_MS            100
#define DEFAULT_TIMEOUT_MS 5000
#define CHANNELS_MAX       64

static void put_crossing_json(atp_out_t *out, const atp_crossing_event_t *event, int64_t now_ms)
{
    const char *from = atp_level_text(event->row.from);
    const char *to = atp_level_text(event->row.to);

    atp_out_row(out);
    atp_out_time(out, "seen_ms", NULL, now_ms);
    atp_out_text(out, "channel", NULL, event->row.channel);
    atp_out_text(out, "sku", NULL, event->row.sku);
    atp_out_string(out, "from", NULL, from != NULL ? from : "?");
    atp_out_string(out, "to", NULL, to != NULL ? to : "?");
    atp_out_qty(out, "available", NULL, event->row.available, event->row.scale);
    atp_out_uint(out, "number", NULL, event->row.number);
    atp_out_uint(out, "op", NULL, event->row.op);
    atp_out_time(out, "time_ms", NULL, event->row.time_ms);
    atp_out_uint(out, "incarnation", NULL, event->incarnation);
    atp_out_end(out);
}

/* What the channel does there; "" of a node itself, or where it goes on. */
static const char *rule_text(const atp_staleness_event_t *event)
{
    static const char *const rules[] = {
        [ATP_ON_STALE_GO_ON] = "go_on", [ATP_ON_STALE_BUFFER] = "buffer", [ATP_ON_STALE_STOP] = "stop"};

    return event->channel.size == 0 ? "" : rules[event->on_stale];
}

static void put_staleness_json(atp_out_t *out, const atp_staleness_event_t *event, int64_t now_ms)
{
    atp_out_row(out);
    atp_out_time(out, "seen_ms", NULL, now_ms);
    atp_out_text(out, "node", NULL, event->node);
    atp_out_bool(out, "is_stale", event->is_stale);
    if (event->channel.size > 0) {
        atp_out_text(out, "channel", NULL, event->channel);
        atp_out_string(out, "on_stale", NULL, rule_text(event));
    }
    atp_out_uint(out, "op", NULL, event->op);
    atp_out_uint(out, "incarnation", NULL, event->incarnation);
    atp_out_end(out);
}

static void put_event_json(atp_out_t *out, const atp_availability_event_t *event, int64_t now_ms)
{
    atp_out_row(out);
    atp_out_time(out, "seen_ms", NULL, now_ms);
    atp_out_text(out, "sku", NULL, event->sku);
    atp_out_text(out, "node", NULL, event->node);
    atp_out_qty(out, "atp", NULL, event->atp, event->scale);
    atp_out_qty(out, "promisable", NULL, event->promisable, event->scale);
    atp_out_bool(out, "is_out_of_stock", event->is_out_of_stock);
    if (event->is_stale) {
        atp_out_bool(out, "stale", true);
    }
    atp_out_uint(out, "op", NULL, event->op);
    atp_out_uint(out, "version", NULL, event->version);
    atp_out_uint(out, "incarnation", NULL, event->incarnation);
    atp_out_text(out, "correlation", NULL, event->correlation);
    atp_out_end(out);
}

static void print_padded(atp_text_t text, unsigned width)
{
    atp_out_write_clean(stdout, text);
    for (unsigned i = text.size; i < width; i++) {
        (void)putchar(' ');
    }
    (void)fputs("  ", stdout);
}

/* One line an event, in columns that need not know what comes later. */
static void print_event(const atp_availability_event_t *event, int64_t now_ms)
{
    char time[ATP_OUT_TIME_SIZE];
    char qty[ATP_QTY_TEXT_SIZE];
    char promisable[ATP_QTY_TEXT_SIZE];

    atp_out_format_time(now_ms / 1000 * 1000, time);
    (void)atp_qty_format(event->atp, event->scale, qty);
    (void)atp_qty_format(event->promisable, event->scale, promisable);
    (void)printf("%.8s  ", time + 11);
    print_padded(event->sku, 20);
    print_padded(event->node, 12);
    (void)printf("%12s  %12s  %12llu%s%s\n", qty, promisable, (unsigned long long)event->op,
                 event->is_out_of_stock ? "  out of stock" : "", event->is_stale ? "  stale" : "");
}

static void print_staleness(const atp_staleness_event_t *event, int64_t now_ms)
{
    char time[ATP_OUT_TIME_SIZE];

    atp_out_format_time(now_ms / 1000 * 1000, time);
    (void)printf("%.8s  ", time + 11);
    print_padded(ATP_TEXT("(all)"), 20);
    print_padded(event->node, 12);
    (void)printf("%12s  %12s  %12llu  %s", "", "", (unsigned long long)event->op,
                 event->is_stale ? "stale" : "fresh again");
    if (event->channel.size > 0) {
        (void)fputs(", channel ", stdout);
        atp_out_write_clean(stdout, event->channel);
        (void)printf(": %s", rule_text(event));
    }
    (void)putchar('\n');
}

static void print_crossing(const atp_crossing_event_t *event, int64_t now_ms)
{
    char time[ATP_OUT_TIME_SIZE];
    char qty[ATP_QTY_TEXT_SIZE];
    const char *from = atp_level_text(event->row.from);
    const char *to = atp_level_text(event->row.to);

    atp_out_format_time(now_ms / 1000 * 1000, time);
    (void)atp_qty_format(event->row.available, event->row.scale, qty);
    (void)printf("%.8s  ", time + 11);
    print_padded(event->row.sku, 20);
    print_padded(event->row.channel, 12);
    (void)printf("%12s  %12s  %12llu  %s -> %s\n", qty, "", (unsigned long long)event->row.op,
                 from != NULL ? from : "?", to != NULL ? to : "?");
}

static void show(atp_cli_t *cli, const atp_watch_event_t *event, int64_t now_ms)
{
    switch (event->type) {
    case ATP_MESSAGE_CROSSINGS:
        cli->is_json ? put_crossing_json(&cli->out, &event->crossing, now_ms)
                     : print_crossing(&event->crossing, now_ms);
        return;
    case ATP_MESSAGE_STALENESS:
        cli->is_json ? put_staleness_json(&cli->out, &event->staleness, now_ms)
                     : print_staleness(&event->staleness, now_ms);
        return;
    default:
        cli->is_json ? put_event_json(&cli->out, &event->availability, now_ms)
                     : print_event(&event->availability, now_ms);
    }
}

static void print_header(const atp_cli_t *cli)
{
    if (!cli->is_json && !cli->is_quiet) {
        (void)printf("%-8s  %-20s  %-12s  %12s  %12s  %12s\n", "TIME", "SKU",
                     atp_args_has(&cli->args, "channel") ? "NODE, CHANNEL" : "NODE", "ATP", "PROMISABLE",
                     "OP");
        (void)fflush(stdout);
    }
}

static int follow(atp_cli_t *cli, atp_watch_t *watch, uint64_t most, int64_t end_ms)
{
    uint64_t seen = 0;

    while (!atp_stop_is_wanted() && (end_ms == 0 || atp_now_ms() < end_ms) && (most == 0 || seen < most)) {
        atp_watch_event_t event;
        atp_err_t err = atp_watch_next_event(watch, POLL_MS, &event);
        if (err == ATP_ERR_TIMEOUT || err == ATP_ERR_FORMAT) {
            continue;
        }
        if (err != ATP_OK) {
            return atp_cli_fail(cli, ATP_CLI_FAILED, atp_err_name(err), "watching ended: %s",
                                atp_err_name(err));
        }
        seen++;
        show(cli, &event, atp_now_ms());
        if (fflush(stdout) != 0) {
            return ATP_CLI_FAILED; /* said at the end */
        }
    }
    if (most != 0 && seen < most && !atp_stop_is_wanted()) {
        return atp_cli_fail(cli, ATP_CLI_NO_ANSWER, "timeout", "%llu of %llu events came in time from %s",
                            (unsigned long long)seen, (unsigned long long)most, cli->events_url);
    }
    return ATP_CLI_DONE;
}

/* In short waits, so that Ctrl-C ends it. */
static bool wait_connected(const atp_cli_t *cli, atp_watch_t *watch)
{
    int64_t end_ms = atp_now_ms() + (cli->timeout_ms != 0 ? cli->timeout_ms : DEFAULT_TIMEOUT_MS);

    while (!atp_watch_wait_connected(watch, POLL_MS)) {
        if (atp_stop_is_wanted() || atp_now_ms() >= end_ms) {
            return false;
        }
    }
    return true;
}

static int watch_until_end(atp_cli_t *cli, atp_watch_t *watch, uint64_t most, int64_t span_ms)
{
    atp_stop_on_signals();
    if (!wait_connected(cli, watch)) {
        return atp_stop_is_wanted()
                   ? ATP_CLI_DONE
                   : atp_cli_fail(
                         cli, ATP_CLI_NO_ANSWER, atp_err_name(ATP_ERR_NOT_FOUND),
                         "nobody sends events at %s\nIs atpd running there, with its 'publish' option? "
                         "Its address for commands is another one. Say where: --events-url "
                         "tcp://HOST:PORT, or ATP_EVENTS_URL",
                         cli->events_url);
    }
    print_header(cli);
    return follow(cli, watch, most, span_ms != 0 ? atp_now_ms() + span_ms : 0);
}

/* The channels named; "all" stands for every one. */
static uint32_t read_channels(const atp_args_t *args, atp_text_t *ret_names)
{
    unsigned cursor = 0;
    uint32_t count = 0;

    for (const char *name = atp_args_each(args, "channel", &cursor); name != NULL && count < CHANNELS_MAX;
         name = atp_args_each(args, "channel", &cursor)) {
        ret_names[count++] = strcmp(name, "all") == 0 ? (atp_text_t){"", 0} : atp_text_of(name);
    }
    return count;
}

static int run(atp_cli_t *cli)
{
    const atp_args_t *args = &cli->args;
    atp_watch_t *watch = NULL;
    atp_why_t why = {""};
    uint64_t most = 0;
    int64_t span_ms = 0;

    if (!atp_args_count(args, "count", 1, UINT32_MAX, &most) ||
        !atp_args_duration(args, "for", 1, &span_ms)) {
        return ATP_CLI_USAGE;
    }
    atp_text_t *names = atp_cli_alloc(args->word_count + CHANNELS_MAX, sizeof *names);
    for (unsigned i = 0; i < args->word_count; i++) {
        names[i] = atp_text_of(args->words[i]);
    }
    uint32_t channels = read_channels(args, names + args->word_count);
    bool has_stale = atp_args_has(args, "stale");
    atp_watch_options_t options = {.url = cli->events_url,
                                   .skus = names,
                                   .sku_count = args->word_count,
                                   .channels = names + args->word_count,
                                   .channel_count = channels,
                                   .has_staleness = has_stale,
                                   .has_no_availability =
                                       (channels > 0 || has_stale) && args->word_count == 0};
    atp_err_t err = atp_watch_open(&options, &watch, &why);
    free(names);
    if (err != ATP_OK) {
        return atp_cli_fail(cli, err == ATP_ERR_INVALID ? ATP_CLI_USAGE : ATP_CLI_FAILED, atp_err_name(err),
                            "%s", why.text);
    }
    int status = watch_until_end(cli, watch, most, span_ms);
    atp_watch_close(watch);
    return status;
}

static const atp_flag_t flags[] = {
    {"channel", "CHANNEL", NULL,
     "Levels that this channel crosses (low, out, ok), 'all' for every channel; several times for several. "
     "Without a SKU, those only"},
    {"stale", NULL, NULL,
     "Nodes whose source of counts is silent, or heard again, and what channels do there. Without a SKU, "
     "those only"},
    {"count", "N", NULL, "End after so many events"},
    {"for", "TIME", NULL, "End after this time"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {
    "atp watch",         "atp watch bike-28 helmet-m",   "atp watch --channel web",
    "atp watch --stale", "atp watch --json --count 100", NULL};

const atp_cmd_t atp_cmd_watch = {
    .name = "watch",
    .group = "Ask",
    .synopsis = "[SKU...]",
    .summary = "Availability and levels as they change, until Ctrl-C",
    .about = "Events are sent once they are durable. A slow reader may miss some: the version of a position "
             "tells.\nWithout a connection within --timeout it ends; one that is lost later is made again.",
    .word_max = 4096,
    .flags = flags,
    .examples = examples,
    .run = run,
};
