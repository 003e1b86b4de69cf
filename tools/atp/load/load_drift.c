/* The report of a feed: what it corrected, row by row and by node, and what of it could not be applied. */
#include "tools/atp/known.h"
#include "tools/atp/load/load_feed.h"
#include "tools/atp/out/file_out.h"
#include "tools/atp/out/html_out.h"
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
    atp_amount_t value_up;
    atp_amount_t value_down;
} node_sum_t;

/* What SKUs are worth now. Says what is wrong; returns the exit status. */
static int price(atp_cli_t *cli, atp_load_feed_t *feed)
{
    atp_known_t *values = NULL;
    int status = atp_known_fetch(cli, ATP_CATALOG_SKU_VALUES, &values);

    for (size_t i = 0; status == ATP_CLI_DONE && i < feed->drift_count; i++) {
        const atp_known_entry_t *entry = atp_known_find(values, atp_text_of(feed->drift[i].sku));
        feed->drift[i].value = entry != NULL ? entry->value : 0;
    }
    atp_known_destroy(values);
    return status;
}

static atp_amount_t worth_of(const atp_load_drift_t *drift)
{
    return atp_amount_of(drift->change, drift->scale, drift->value);
}

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
        atp_amount_t worth = worth_of(&feed->drift[*at]);
        sum.rows += feed->drift[*at].verdict == ATP_APPLIED;
        sum.refused += feed->drift[*at].verdict != ATP_APPLIED;
        sum.up += units > 0 ? units : 0;
        sum.down += units < 0 ? -units : 0;
        sum.value_up = atp_amount_add(sum.value_up, worth > 0 ? worth : 0);
        sum.value_down = atp_amount_add(sum.value_down, worth < 0 ? -worth : 0);
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
    char worth[ATP_AMOUNT_TEXT_SIZE];

    (void)fputs("feed,node,sku,bucket,correction,value,cause\n", file);
    for (size_t i = 0; i < feed->drift_count; i++) {
        const atp_load_drift_t *drift = &feed->drift[i];
        format_qty(drift, qty);
        put_csv_text(file, feed->id);
        (void)fputc(',', file);
        put_csv_text(file, drift->node);
        (void)fputc(',', file);
        put_csv_text(file, drift->sku);
        (void)atp_amount_format(worth_of(drift), worth);
        (void)fprintf(file, ",%s,%s,%s,%s\n", bucket_of(drift), qty, worth, cause_of(drift, unknown));
    }
}

/* ---- JSON ---- */

static void put_json_amount(json_t *object, const char *key, atp_amount_t amount)
{
    char text[ATP_AMOUNT_TEXT_SIZE];

    (void)atp_amount_format(amount, text);
    (void)json_object_set_new(object, key, json_string(text));
}

static json_t *json_of(const atp_load_drift_t *drift)
{
    char unknown[32];
    json_t *object = json_object();

    (void)json_object_set_new(object, "node", atp_json_text(atp_text_of(drift->node)));
    (void)json_object_set_new(object, "sku", atp_json_text(atp_text_of(drift->sku)));
    (void)json_object_set_new(object, "bucket", json_string(bucket_of(drift)));
    (void)json_object_set_new(object, "correction", atp_json_qty(drift->change, drift->scale));
    put_json_amount(object, "value", worth_of(drift));
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
        put_json_amount(object, "value_up", sum.value_up);
        put_json_amount(object, "value_down", sum.value_down);
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

static void write_html_nodes(FILE *file, const atp_load_feed_t *feed)
{
    (void)fputs("<table><thead><tr><th>Node</th><th>Corrections</th><th>Units up</th><th>Units down</th>"
                "<th>Value up</th><th>Value down</th><th>Not applied</th></tr></thead>\n",
                file);
    for (size_t at = 0; at < feed->drift_count;) {
        node_sum_t sum = sum_node(feed, &at);
        (void)fputs("<tr>", file);
        atp_html_cell(file, sum.node);
        (void)fprintf(file, "<td class=n>%llu</td><td class=n>%g</td><td class=n>%g</td>",
                      (unsigned long long)sum.rows, sum.up, sum.down);
        atp_html_amount(file, sum.value_up);
        atp_html_amount(file, sum.value_down);
        (void)fprintf(file, "<td class=n>%llu</td></tr>\n", (unsigned long long)sum.refused);
    }
    (void)fputs("</table>\n", file);
}

static void write_html_corrections(FILE *file, const atp_load_feed_t *feed)
{
    char unknown[32];
    char qty[ATP_QTY_TEXT_SIZE];

    (void)fputs("<table><thead><tr><th>Node</th><th>SKU</th><th>Bucket</th><th>Correction</th>"
                "<th>Value</th><th>Cause</th></tr></thead>\n",
                file);
    for (size_t i = 0; i < feed->drift_count; i++) {
        const atp_load_drift_t *drift = &feed->drift[i];
        format_qty(drift, qty);
        (void)fputs("<tr>", file);
        atp_html_cell(file, drift->node);
        atp_html_cell(file, drift->sku);
        (void)fprintf(file, "<td>%s</td><td class=n>%s</td>", bucket_of(drift), qty);
        atp_html_amount(file, worth_of(drift));
        (void)fprintf(file, "<td>%s</td></tr>\n", cause_of(drift, unknown));
    }
    (void)fputs("</table>\n", file);
}

static void write_html(FILE *file, const atp_load_feed_t *feed, bool is_dry)
{
    atp_html_begin(file, "Drift", "Drift of feed ", feed->id);
    (void)fprintf(file, "<p>Basis %s. %llu counts, %llu rows below%s.</p>\n", feed->basis,
                  (unsigned long long)feed->counted, (unsigned long long)feed->drift_count,
                  is_dry ? "; a dry run, nothing was changed" : "");
    write_html_nodes(file, feed);
    write_html_corrections(file, feed);
    atp_html_end(file);
}

int atp_load_feed_report(atp_cli_t *cli, atp_load_feed_t *feed, bool is_dry)
{
    atp_file_out_t out = feed->report;
    const char *ending = out.name != NULL ? strrchr(out.name, '.') : NULL;
    bool is_written = true;

    if (out.file == NULL) {
        return ATP_CLI_DONE;
    }
    int status = feed->drift_count > 0 ? price(cli, feed) : ATP_CLI_DONE;
    if (status != ATP_CLI_DONE) {
        return status;
    }
    if (feed->drift_count > 0) {
        qsort(feed->drift, feed->drift_count, sizeof *feed->drift, compare_drift);
    }
    feed->report = (atp_file_out_t){.file = NULL};
    if (ending != NULL && strcmp(ending, ".json") == 0) {
        is_written = write_json(out.file, feed, is_dry);
    } else if (ending != NULL && strcmp(ending, ".html") == 0) {
        write_html(out.file, feed, is_dry);
    } else {
        write_csv(out.file, feed);
    }
    return atp_file_out_close(cli, &out, is_written);
}
