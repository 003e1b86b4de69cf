/* atp drift: what feeds corrected: the trend over the last ones, and of one of them every correction. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/out/csv_out.h"
#include "tools/atp/out/file_out.h"
#include "tools/atp/out/html_out.h"
#include "tools/atp/rows/drift_rows.h"
#include "tools/atp/session.h"

#include <inttypes.h>
#include <string.h>

#define LAST_DEFAULT 10

/* What was asked for. */
typedef struct showing {
    atp_cli_t *cli;
    atp_drift_book_t book;
    const char *feed; /* NULL: the trend */
    const char *node; /* NULL: all */
    uint64_t last;
} showing_t;

/* ---- which rows ---- */

/* The rows of the trend: of the last feeds, over all nodes or of one. */
static const atp_drift_rows_t *trend_of(const showing_t *showing)
{
    return showing->node != NULL ? &showing->book.nodes : &showing->book.feeds;
}

static const atp_drift_row_t *feed_of(const showing_t *showing, uint64_t number)
{
    const atp_drift_rows_t *feeds = &showing->book.feeds;

    for (size_t i = feeds->count; i > 0; i--) {
        if (feeds->rows[i - 1].feed == number) {
            return &feeds->rows[i - 1];
        }
    }
    return NULL; /* it is gone, and what it corrected at nodes is not yet */
}

static bool is_shown(const showing_t *showing, const atp_drift_row_t *row)
{
    const atp_drift_rows_t *feeds = &showing->book.feeds;
    uint64_t first = feeds->count > showing->last ? feeds->rows[feeds->count - showing->last].feed : 0;

    if (showing->node != NULL && strcmp(showing->node, row->node) != 0) {
        return false;
    }
    return showing->feed != NULL || (row->feed >= first && feed_of(showing, row->feed) != NULL);
}

/* ---- tables and JSON ---- */

static void put_units(atp_out_t *out, const char *key, const char *header, atp_qty_t units)
{
    char text[ATP_QTY_TEXT_SIZE];

    atp_drift_format(units, text);
    atp_out_string(out, key, header, text);
}

static void put_value(atp_out_t *out, const char *key, const char *header, atp_amount_t value)
{
    char text[ATP_AMOUNT_TEXT_SIZE];

    (void)atp_amount_format(value, text);
    atp_out_string(out, key, header, text);
}

static void put_sums(atp_out_t *out, const atp_drift_row_t *row)
{
    atp_out_uint(out, "counted", "COUNTED", row->counted);
    atp_out_uint(out, "corrected", "CORRECTED", row->corrected);
    put_units(out, "up", "UP", row->up);
    put_units(out, "down", "DOWN", row->down);
    put_units(out, "net", "NET", row->up - row->down);
    put_value(out, "value_up", "VALUE UP", row->value_up);
    put_value(out, "value_down", "VALUE DOWN", row->value_down);
    atp_out_uint(out, "late", "LATE", row->late);
}

static void put_trend(showing_t *showing)
{
    const atp_drift_rows_t *rows = trend_of(showing);
    atp_out_t *out = &showing->cli->out;

    for (size_t i = 0; i < rows->count; i++) {
        const atp_drift_row_t *feed = feed_of(showing, rows->rows[i].feed);
        if (feed == NULL || !is_shown(showing, &rows->rows[i])) {
            continue;
        }
        atp_out_row(out);
        atp_out_string(out, "feed", "FEED", feed->id);
        atp_out_time(out, "time_ms", "TOLD", feed->time_ms);
        atp_out_time(out, "as_of_ms", "AS OF", feed->as_of_ms);
        atp_out_string(out, "basis", "BASIS", feed->basis);
        put_sums(out, &rows->rows[i]);
    }
    atp_out_end(out);
}

static void put_nodes(showing_t *showing)
{
    atp_out_t *out = &showing->cli->out;

    for (size_t i = 0; i < showing->book.nodes.count; i++) {
        const atp_drift_row_t *row = &showing->book.nodes.rows[i];
        if (is_shown(showing, row)) {
            atp_out_row(out);
            atp_out_string(out, "node", "NODE", row->node);
            put_sums(out, row);
        }
    }
    atp_out_end(out);
}

static void put_corrections(showing_t *showing)
{
    atp_out_t *out = &showing->cli->out;

    for (size_t i = 0; i < showing->book.corrections.count; i++) {
        const atp_drift_row_t *row = &showing->book.corrections.rows[i];
        if (!is_shown(showing, row)) {
            continue;
        }
        atp_out_row(out);
        atp_out_uint(out, "op", "OP", row->op);
        atp_out_string(out, "node", "NODE", row->node);
        atp_out_string(out, "sku", "SKU", row->sku);
        atp_out_string(out, "bucket", "BUCKET", row->bucket);
        atp_out_string(out, "correction", "CORRECTION", row->change);
        put_value(out, "value", "VALUE", row->value_up - row->value_down);
        atp_out_string(out, "cause", "CAUSE", row->cause);
        atp_out_string(out, "source", "SOURCE", row->source);
    }
    atp_out_end(out);
}

/* ---- files ---- */

static void write_csv_text(FILE *file, const char *text, char end)
{
    atp_csv_text(file, atp_text_of(text), end);
}

static void write_csv_sums(FILE *file, const atp_drift_row_t *row)
{
    char up[ATP_QTY_TEXT_SIZE];
    char down[ATP_QTY_TEXT_SIZE];
    char net[ATP_QTY_TEXT_SIZE];
    char value_up[ATP_AMOUNT_TEXT_SIZE];
    char value_down[ATP_AMOUNT_TEXT_SIZE];

    atp_drift_format(row->up, up);
    atp_drift_format(row->down, down);
    atp_drift_format(row->up - row->down, net);
    (void)atp_amount_format(row->value_up, value_up);
    (void)atp_amount_format(row->value_down, value_down);
    (void)fprintf(file, "%" PRIu64 ",%" PRIu64 ",%s,%s,%s,%s,%s,%" PRIu64 "\n", row->counted, row->corrected,
                  up, down, net, value_up, value_down, row->late);
}

static void write_csv(const showing_t *showing, FILE *file)
{
    const atp_drift_rows_t *rows = showing->feed != NULL ? &showing->book.corrections : trend_of(showing);
    char value[ATP_AMOUNT_TEXT_SIZE];

    (void)fputs(showing->feed != NULL
                    ? "feed,node,sku,bucket,correction,value,cause,source,op\n"
                    : "feed,told,as_of,basis,node,counted,corrected,up,down,net,value_up,value_down,late\n",
                file);
    for (size_t i = 0; i < rows->count; i++) {
        const atp_drift_row_t *row = &rows->rows[i];
        const atp_drift_row_t *feed = feed_of(showing, row->feed);
        if (feed == NULL || !is_shown(showing, row)) {
            continue;
        }
        write_csv_text(file, feed->id, ',');
        if (showing->feed != NULL) {
            write_csv_text(file, row->node, ',');
            write_csv_text(file, row->sku, ',');
            (void)atp_amount_format(row->value_up - row->value_down, value);
            (void)fprintf(file, "%s,%s,%s,%s,", row->bucket, row->change, value, row->cause);
            write_csv_text(file, row->source, ',');
            (void)fprintf(file, "%" PRIu64 "\n", row->op);
        } else {
            atp_csv_time(file, feed->time_ms, ',');
            atp_csv_time(file, feed->as_of_ms, ',');
            (void)fprintf(file, "%s,", feed->basis);
            write_csv_text(file, row->node, ',');
            write_csv_sums(file, row);
        }
    }
}

static void write_html_sums(FILE *file, const atp_drift_row_t *row)
{
    char units[ATP_QTY_TEXT_SIZE];
    const atp_qty_t parts[] = {row->up, row->down, row->up - row->down};

    (void)fprintf(file, "<td class=n>%" PRIu64 "</td><td class=n>%" PRIu64 "</td>", row->counted,
                  row->corrected);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        atp_drift_format(parts[i], units);
        (void)fprintf(file, "<td class=n>%s</td>", units);
    }
    atp_html_amount(file, row->value_up);
    atp_html_amount(file, row->value_down);
    (void)fprintf(file, "<td class=n>%" PRIu64 "</td></tr>\n", row->late);
}

#define SUMS_HEADER                                                                                          \
    "<th>Counted</th><th>Corrected</th><th>Units up</th><th>Units down</th><th>Net</th><th>Value "           \
    "up</th><th>Value "                                                                                      \
    "down</th><th>Late</th>"

static void write_html_trend(const showing_t *showing, FILE *file)
{
    const atp_drift_rows_t *rows = trend_of(showing);
    char time[ATP_OUT_TIME_SIZE];

    (void)fputs("<table><thead><tr><th>Feed</th><th>Told</th><th>Basis</th>" SUMS_HEADER "</tr></thead>\n",
                file);
    for (size_t i = 0; i < rows->count; i++) {
        const atp_drift_row_t *feed = feed_of(showing, rows->rows[i].feed);
        if (feed != NULL && is_shown(showing, &rows->rows[i])) {
            atp_out_format_time(feed->time_ms, time);
            (void)fputs("<tr>", file);
            atp_html_cell(file, feed->id);
            (void)fprintf(file, "<td>%s</td><td>%s</td>", time, feed->basis);
            write_html_sums(file, &rows->rows[i]);
        }
    }
    (void)fputs("</table>\n", file);
}

static void write_html_feed(const showing_t *showing, FILE *file)
{
    (void)fputs("<table><thead><tr><th>Node</th>" SUMS_HEADER "</tr></thead>\n", file);
    for (size_t i = 0; i < showing->book.nodes.count; i++) {
        if (is_shown(showing, &showing->book.nodes.rows[i])) {
            (void)fputs("<tr>", file);
            atp_html_cell(file, showing->book.nodes.rows[i].node);
            write_html_sums(file, &showing->book.nodes.rows[i]);
        }
    }
    (void)fputs("</table>\n<table><thead><tr><th>Node</th><th>SKU</th><th>Bucket</th><th>Correction</th>"
                "<th>Value</th><th>Cause</th><th>Source</th></tr></thead>\n",
                file);
    for (size_t i = 0; i < showing->book.corrections.count; i++) {
        const atp_drift_row_t *row = &showing->book.corrections.rows[i];
        if (is_shown(showing, row)) {
            (void)fputs("<tr>", file);
            atp_html_cell(file, row->node);
            atp_html_cell(file, row->sku);
            (void)fprintf(file, "<td>%s</td><td class=n>%s</td>", row->bucket, row->change);
            atp_html_amount(file, row->value_up - row->value_down);
            (void)fprintf(file, "<td>%s</td>", row->cause);
            atp_html_cell(file, row->source);
            (void)fputs("</tr>\n", file);
        }
    }
    (void)fputs("</table>\n", file);
}

static void write_html(const showing_t *showing, FILE *file)
{
    atp_html_begin(file, "Drift", showing->feed != NULL ? "Drift of feed " : "Drift of the last feeds",
                   showing->feed != NULL ? showing->feed : "");
    if (showing->node != NULL) {
        (void)fputs("<p>At node ", file);
        atp_html_text(file, showing->node);
        (void)fputs(".</p>\n", file);
    }
    if (showing->feed != NULL) {
        write_html_feed(showing, file);
    } else {
        write_html_trend(showing, file);
    }
    atp_html_end(file);
}

static int write_report(const showing_t *showing, const char *path)
{
    const char *ending = strrchr(path, '.');
    atp_file_out_t out;

    if (!atp_file_out_open(showing->cli, path, &out)) {
        return ATP_CLI_FAILED;
    }
    if (ending != NULL && strcmp(ending, ".html") == 0) {
        write_html(showing, out.file);
    } else {
        write_csv(showing, out.file);
    }
    return atp_file_out_close(showing->cli, &out, true);
}

/* ---- the command ---- */

static void show(showing_t *showing)
{
    if (showing->feed == NULL) {
        put_trend(showing);
        return;
    }
    if (!showing->cli->is_json) {
        put_nodes(showing);
        (void)putchar('\n');
    }
    put_corrections(showing);
}

static int run(atp_cli_t *cli)
{
    showing_t showing = {.cli = cli,
                         .feed = cli->args.word_count > 0 ? cli->args.words[0] : NULL,
                         .node = atp_args_text(&cli->args, "node"),
                         .last = LAST_DEFAULT};
    const char *report = atp_args_text(&cli->args, "report");
    int status;

    if (!atp_args_count(&cli->args, "last", 1, 1000000, &showing.last)) {
        return ATP_CLI_USAGE;
    }
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    status = atp_drift_fetch(cli, showing.feed, &showing.book);
    if (status == ATP_CLI_DONE && showing.book.feeds.count == 0) {
        atp_cli_note(cli, "no feeds: atp load FILE --feed ID");
    }
    if (status == ATP_CLI_DONE && report != NULL) {
        status = write_report(&showing, report);
    } else if (status == ATP_CLI_DONE) {
        show(&showing);
    }
    atp_drift_book_fini(&showing.book);
    return status;
}

static const atp_flag_t flags[] = {
    {"last", "N", NULL, "Of the last so many feeds (10)"},
    {"node", "NODE", NULL, "At this node only"},
    {"report", "FILE", NULL, "Write it: .csv, or .html to print"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {"atp drift", "atp drift --node berlin --last 30",
                                       "atp drift 2026-11-21", "atp drift 2026-11-21 --report drift.html",
                                       NULL};

const atp_cmd_t atp_cmd_drift = {
    .name = "drift",
    .group = "Files",
    .synopsis = "[FEED]",
    .summary = "What feeds corrected: the trend, or one by one with the cause",
    .about = "Without FEED a row for each of the last feeds: how many counts, how many of them corrected the "
             "stock, by how\n"
             "many units up and down, and how much was told later that the feed had counted. Of a FEED its "
             "nodes, and every\n"
             "correction with its cause: what was told of the position since the feed before. docs/domain.md "
             "tells the causes.",
    .word_min = 0,
    .word_max = 1,
    .flags = flags,
    .examples = examples,
    .run = run,
};
