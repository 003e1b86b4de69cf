/* The report of a feed: what it corrected, row by row and by node, and what of it could not be applied. */
#include "tools/atp/file_out.h"
#include "tools/atp/html_out.h"
#include "tools/atp/load_feed.h"
#include "tools/atp/session.h"

#include <stdlib.h>
#include <string.h>

/* What was corrected at one node. */
typedef struct node_sum {
    const char *node;
    uint64_t rows;
    uint64_t refused;
    double up;
    double down;
} node_sum_t;

static double units_of(const atp_load_drift_t *drift)
{
    double units = (double)drift->change;

    for (uint8_t i = 0; i < drift->scale; i++) {
        units /= 10.0;
    }
    return units;
}

/* By node, then the largest first. */
static int compare_drift(const void *one, const void *other)
{
    const atp_load_drift_t *a = one;
    const atp_load_drift_t *b = other;
    int order = strcmp(a->node, b->node);
    double size_a = units_of(a) < 0 ? -units_of(a) : units_of(a);
    double size_b = units_of(b) < 0 ? -units_of(b) : units_of(b);

    if (order == 0) {
        order = (size_a < size_b) - (size_a > size_b);
    }
    return order != 0 ? order : strcmp(a->sku, b->sku);
}

/* Sums up the sorted rows from *at on that are of one node, and moves it on. */
static node_sum_t sum_node(const atp_load_feed_t *feed, size_t *at)
{
    node_sum_t sum = {.node = feed->drift[*at].node};

    for (; *at < feed->drift_count && strcmp(feed->drift[*at].node, sum.node) == 0; ++*at) {
        double units = units_of(&feed->drift[*at]);
        sum.rows += feed->drift[*at].verdict == ATP_APPLIED;
        sum.refused += feed->drift[*at].verdict != ATP_APPLIED;
        sum.up += units > 0 ? units : 0;
        sum.down += units < 0 ? -units : 0;
    }
    return sum;
}

static const char *cause_of(const atp_load_drift_t *drift, char *unknown)
{
    return drift->verdict == ATP_APPLIED ? "corrected" : atp_verdict_text(drift->verdict, unknown);
}

static void format_qty(const atp_load_drift_t *drift, char ret_text[ATP_QTY_TEXT_SIZE])
{
    atp_qty_format(drift->change, drift->scale, ret_text);
}

static const char *bucket_of(const atp_load_drift_t *drift)
{
    return drift->bucket == ATP_BUCKET_UNAVAILABLE ? "unavailable" : "on_hand";
}

/* ---- CSV ---- */

static void put_csv_text(FILE *file, const char *text)
{
    if (strpbrk(text, "\",\r\n") == NULL) {
        (void)fputs(text, file);
        return;
    }
    (void)fputc('"', file);
    for (; *text != '\0'; text++) {
        (void)fputs(*text == '"' ? "\"\"" : (char[2]){*text, '\0'}, file);
    }
    (void)fputc('"', file);
}

static void write_csv(FILE *file, const atp_load_feed_t *feed)
{
    char unknown[32];
    char qty[ATP_QTY_TEXT_SIZE];

    (void)fputs("feed,node,sku,bucket,correction,cause\n", file);
    for (size_t i = 0; i < feed->drift_count; i++) {
        const atp_load_drift_t *drift = &feed->drift[i];
        format_qty(drift, qty);
        put_csv_text(file, feed->id);
        (void)fputc(',', file);
        put_csv_text(file, drift->node);
        (void)fputc(',', file);
        put_csv_text(file, drift->sku);
        (void)fprintf(file, ",%s,%s,%s\n", bucket_of(drift), qty, cause_of(drift, unknown));
    }
}

/* ---- JSON ---- */

static json_t *json_of(const atp_load_drift_t *drift)
{
    char unknown[32];
    json_t *object = json_object();

    (void)json_object_set_new(object, "node", atp_json_text(atp_text_of(drift->node)));
    (void)json_object_set_new(object, "sku", atp_json_text(atp_text_of(drift->sku)));
    (void)json_object_set_new(object, "bucket", json_string(bucket_of(drift)));
    (void)json_object_set_new(object, "correction", atp_json_qty(drift->change, drift->scale));
    (void)json_object_set_new(object, "cause", json_string(cause_of(drift, unknown)));
    return object;
}

static json_t *json_of_nodes(const atp_load_feed_t *feed)
{
    json_t *nodes = json_array();

    for (size_t at = 0; at < feed->drift_count;) {
        node_sum_t sum = sum_node(feed, &at);
        json_t *object = json_object();
        (void)json_object_set_new(object, "node", atp_json_text(atp_text_of(sum.node)));
        (void)json_object_set_new(object, "corrections", atp_json_uint(sum.rows));
        (void)json_object_set_new(object, "not_applied", atp_json_uint(sum.refused));
        (void)json_object_set_new(object, "units_up", json_real(sum.up));
        (void)json_object_set_new(object, "units_down", json_real(sum.down));
        (void)json_array_append_new(nodes, object);
    }
    return nodes;
}

static bool write_json(FILE *file, const atp_load_feed_t *feed, bool is_dry)
{
    json_t *report = json_object();
    json_t *rows = json_array();

    (void)json_object_set_new(report, "feed", atp_json_text(atp_text_of(feed->id)));
    (void)json_object_set_new(report, "basis", json_string(feed->basis));
    (void)json_object_set_new(report, "is_dry_run", json_boolean(is_dry));
    (void)json_object_set_new(report, "written_ms", json_integer(atp_now_ms()));
    (void)json_object_set_new(report, "counts", atp_json_uint(feed->counted));
    (void)json_object_set_new(report, "nodes", json_of_nodes(feed));
    for (size_t i = 0; i < feed->drift_count; i++) {
        (void)json_array_append_new(rows, json_of(&feed->drift[i]));
    }
    (void)json_object_set_new(report, "corrections", rows);
    bool is_written = json_dumpf(report, file, JSON_INDENT(1)) == 0 && fputc('\n', file) != EOF;
    json_decref(report);
    return is_written;
}

/* ---- a page to print ---- */

static void write_html(FILE *file, const atp_load_feed_t *feed, bool is_dry)
{
    char unknown[32];
    char qty[ATP_QTY_TEXT_SIZE];

    atp_html_begin(file, "Drift", "Drift of feed ", feed->id);
    (void)fprintf(file, "<p>Basis %s. %llu counts, %llu rows below%s.</p>\n", feed->basis,
                  (unsigned long long)feed->counted, (unsigned long long)feed->drift_count,
                  is_dry ? "; a dry run, nothing was changed" : "");
    (void)fputs(
        "<table><thead><tr><th>Node</th><th>Corrections</th><th>Units up</th><th>Units down</th><th>Not "
        "applied</th></tr></thead>\n",
        file);
    for (size_t at = 0; at < feed->drift_count;) {
        node_sum_t sum = sum_node(feed, &at);
        (void)fputs("<tr>", file);
        atp_html_cell(file, sum.node);
        (void)fprintf(
            file, "<td class=n>%llu</td><td class=n>%g</td><td class=n>%g</td><td class=n>%llu</td></tr>\n",
            (unsigned long long)sum.rows, sum.up, sum.down, (unsigned long long)sum.refused);
    }
    (void)fputs("</table>\n<table><thead><tr><th>Node</th><th>SKU</th><th>Bucket</th><th>Correction</th>"
                "<th>Cause</th></tr></thead>\n",
                file);
    for (size_t i = 0; i < feed->drift_count; i++) {
        const atp_load_drift_t *drift = &feed->drift[i];
        format_qty(drift, qty);
        (void)fputs("<tr>", file);
        atp_html_cell(file, drift->node);
        atp_html_cell(file, drift->sku);
        (void)fprintf(file, "<td>%s</td><td class=n>%s</td><td>%s</td></tr>\n", bucket_of(drift), qty,
                      cause_of(drift, unknown));
    }
    (void)fputs("</table>\n", file);
    atp_html_end(file);
}

int atp_load_feed_report(atp_cli_t *cli, atp_load_feed_t *feed, const char *path, bool is_dry)
{
    const char *ending = strrchr(path, '.');
    atp_file_out_t out;
    bool is_written = true;

    if (feed->drift_count > 0) {
        qsort(feed->drift, feed->drift_count, sizeof *feed->drift, compare_drift);
    }
    if (!atp_file_out_open(cli, path, &out)) {
        return ATP_CLI_FAILED;
    }
    if (ending != NULL && strcmp(ending, ".json") == 0) {
        is_written = write_json(out.file, feed, is_dry);
    } else if (ending != NULL && strcmp(ending, ".html") == 0) {
        write_html(out.file, feed, is_dry);
    } else {
        write_csv(out.file, feed);
    }
    return atp_file_out_close(cli, &out, is_written);
}
