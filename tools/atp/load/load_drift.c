/* The report of a feed: what it corrected, row by row and by node, and what of it could not be applied. */
#include "tools/atp/load/load_feed.h"
#include "tools/atp/out/file_out.h"
#include "tools/atp/out/html_out.h"
#include "tools/atp/session.h"

#include <stdlib.h>
#include <string.h>

/* What was corrected at one node. */
typedef struct node_sum {
    char node[ATP_ID_SIZE_MAX + 1];
    uint64_t rows;
    uint64_t refused;
    double up;
    double down;
    atp_amount_t value_up;
    atp_amount_t value_down;
} node_sum_t;

typedef void (*put_row_fn)(FILE *file, const atp_load_feed_t *feed, const atp_load_drift_t *drift,
                           bool is_first);
typedef void (*put_node_fn)(FILE *file, const node_sum_t *sum, bool is_first);

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

int atp_load_drift_compare(const void *left, const void *right)
{
    const atp_load_drift_t *a = left;
    const atp_load_drift_t *b = right;
    int order = strcmp(a->node, b->node);
    double size_a = units_of(a) < 0 ? -units_of(a) : units_of(a);
    double size_b = units_of(b) < 0 ? -units_of(b) : units_of(b);

    if (order == 0) {
        order = (size_a < size_b) - (size_a > size_b);
    }
    order = order != 0 ? order : strcmp(a->sku, b->sku);
    return order != 0 ? order : (a->bucket > b->bucket) - (a->bucket < b->bucket);
}

/* ---- row by row, and by node ---- */

static atp_err_t put_rows(FILE *file, const atp_load_feed_t *feed, put_row_fn put)
{
    const void *row = NULL;
    bool is_first = true;
    atp_err_t err = atp_sorted_begin(feed->drift);

    while (err == ATP_OK && (err = atp_sorted_next(feed->drift, &row)) == ATP_OK && row != NULL) {
        put(file, feed, row, is_first);
        is_first = false;
    }
    return err;
}

static void add_to_node(node_sum_t *sum, const atp_load_drift_t *drift)
{
    double units = units_of(drift);
    atp_amount_t worth = worth_of(drift);

    sum->rows += drift->verdict == ATP_APPLIED;
    sum->refused += drift->verdict != ATP_APPLIED;
    sum->up += units > 0 ? units : 0;
    sum->down += units < 0 ? -units : 0;
    sum->value_up = atp_amount_add(sum->value_up, worth > 0 ? worth : 0);
    sum->value_down = atp_amount_add(sum->value_down, worth < 0 ? -worth : 0);
}

/* The rows of a node follow each other. */
static atp_err_t put_nodes(FILE *file, const atp_load_feed_t *feed, put_node_fn put)
{
    node_sum_t sum = {.node = ""};
    const void *row = NULL;
    bool is_first = true;
    atp_err_t err = atp_sorted_begin(feed->drift);

    while (err == ATP_OK && (err = atp_sorted_next(feed->drift, &row)) == ATP_OK && row != NULL) {
        const atp_load_drift_t *drift = row;
        if (strcmp(sum.node, drift->node) != 0) {
            if (sum.node[0] != '\0') {
                put(file, &sum, is_first);
                is_first = false;
            }
            sum = (node_sum_t){.node = ""};
            memcpy(sum.node, drift->node, sizeof sum.node);
        }
        add_to_node(&sum, drift);
    }
    if (err == ATP_OK && sum.node[0] != '\0') {
        put(file, &sum, is_first);
    }
    return err;
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

static void put_csv_row(FILE *file, const atp_load_feed_t *feed, const atp_load_drift_t *drift, bool is_first)
{
    char unknown[32];
    char qty[ATP_QTY_TEXT_SIZE];
    char worth[ATP_AMOUNT_TEXT_SIZE];

    (void)is_first;
    format_qty(drift, qty);
    put_csv_text(file, feed->id);
    (void)fputc(',', file);
    put_csv_text(file, drift->node);
    (void)fputc(',', file);
    put_csv_text(file, drift->sku);
    (void)atp_amount_format(worth_of(drift), worth);
    (void)fprintf(file, ",%s,%s,%s,%s\n", bucket_of(drift), qty, worth, cause_of(drift, unknown));
}

static atp_err_t write_csv(FILE *file, const atp_load_feed_t *feed)
{
    (void)fputs("feed,node,sku,bucket,correction,value,cause\n", file);
    return put_rows(file, feed, put_csv_row);
}

/* ---- JSON ---- */

static void put_json_amount(json_t *object, const char *key, atp_amount_t amount)
{
    char text[ATP_AMOUNT_TEXT_SIZE];

    (void)atp_amount_format(amount, text);
    (void)json_object_set_new(object, key, json_string(text));
}

/* An element of a list, on a line of its own. What cannot be written shows in ferror. */
static void put_json_element(FILE *file, json_t *element, bool is_first)
{
    (void)fputs(is_first ? "\n  " : ",\n  ", file);
    (void)json_dumpf(element, file, 0);
    json_decref(element);
}

static void put_json_row(FILE *file, const atp_load_feed_t *feed, const atp_load_drift_t *drift,
                         bool is_first)
{
    char unknown[32];
    json_t *object = json_object();

    (void)feed;
    (void)json_object_set_new(object, "node", atp_json_text(atp_text_of(drift->node)));
    (void)json_object_set_new(object, "sku", atp_json_text(atp_text_of(drift->sku)));
    (void)json_object_set_new(object, "bucket", json_string(bucket_of(drift)));
    (void)json_object_set_new(object, "correction", atp_json_qty(drift->change, drift->scale));
    put_json_amount(object, "value", worth_of(drift));
    (void)json_object_set_new(object, "cause", json_string(cause_of(drift, unknown)));
    put_json_element(file, object, is_first);
}

static void put_json_node(FILE *file, const node_sum_t *sum, bool is_first)
{
    json_t *object = json_object();

    (void)json_object_set_new(object, "node", atp_json_text(atp_text_of(sum->node)));
    (void)json_object_set_new(object, "corrections", atp_json_uint(sum->rows));
    (void)json_object_set_new(object, "not_applied", atp_json_uint(sum->refused));
    (void)json_object_set_new(object, "units_up", json_real(sum->up));
    (void)json_object_set_new(object, "units_down", json_real(sum->down));
    put_json_amount(object, "value_up", sum->value_up);
    put_json_amount(object, "value_down", sum->value_down);
    put_json_element(file, object, is_first);
}

/* Line by line: all of it at once would be in memory. */
static atp_err_t write_json(FILE *file, const atp_load_feed_t *feed, bool is_dry)
{
    json_t *head = json_object();

    (void)json_object_set_new(head, "feed", atp_json_text(atp_text_of(feed->id)));
    (void)json_object_set_new(head, "basis", json_string(feed->basis));
    (void)json_object_set_new(head, "is_dry_run", json_boolean(is_dry));
    (void)json_object_set_new(head, "written_ms", json_integer(atp_now_ms()));
    (void)json_object_set_new(head, "counts", atp_json_uint(feed->counted));
    (void)fputs("{\n ", file);
    (void)json_dumpf(head, file, JSON_EMBED);
    json_decref(head);
    (void)fputs(",\n \"nodes\": [", file);
    atp_err_t err = put_nodes(file, feed, put_json_node);
    (void)fputs("\n ],\n \"corrections\": [", file);
    err = err == ATP_OK ? put_rows(file, feed, put_json_row) : err;
    (void)fputs("\n ]\n}\n", file);
    return err;
}

/* ---- a page to print ---- */

static void put_html_node(FILE *file, const node_sum_t *sum, bool is_first)
{
    (void)is_first;
    (void)fputs("<tr>", file);
    atp_html_cell(file, sum->node);
    (void)fprintf(file, "<td class=n>%llu</td><td class=n>%g</td><td class=n>%g</td>",
                  (unsigned long long)sum->rows, sum->up, sum->down);
    atp_html_amount(file, sum->value_up);
    atp_html_amount(file, sum->value_down);
    (void)fprintf(file, "<td class=n>%llu</td></tr>\n", (unsigned long long)sum->refused);
}

static void put_html_row(FILE *file, const atp_load_feed_t *feed, const atp_load_drift_t *drift,
                         bool is_first)
{
    char unknown[32];
    char qty[ATP_QTY_TEXT_SIZE];

    (void)feed;
    (void)is_first;
    format_qty(drift, qty);
    (void)fputs("<tr>", file);
    atp_html_cell(file, drift->node);
    atp_html_cell(file, drift->sku);
    (void)fprintf(file, "<td>%s</td><td class=n>%s</td>", bucket_of(drift), qty);
    atp_html_amount(file, worth_of(drift));
    (void)fprintf(file, "<td>%s</td></tr>\n", cause_of(drift, unknown));
}

static atp_err_t write_html(FILE *file, const atp_load_feed_t *feed, bool is_dry)
{
    atp_html_begin(file, "Drift", "Drift of feed ", feed->id);
    (void)fprintf(file, "<p>Basis %s. %llu counts, %llu rows below%s.</p>\n", feed->basis,
                  (unsigned long long)feed->counted, (unsigned long long)atp_sorted_count(feed->drift),
                  is_dry ? "; a dry run, nothing was changed" : "");
    (void)fputs("<table><thead><tr><th>Node</th><th>Corrections</th><th>Units up</th><th>Units down</th>"
                "<th>Value up</th><th>Value down</th><th>Not applied</th></tr></thead>\n",
                file);
    atp_err_t err = put_nodes(file, feed, put_html_node);
    (void)fputs("</table>\n<table><thead><tr><th>Node</th><th>SKU</th><th>Bucket</th><th>Correction</th>"
                "<th>Value</th><th>Cause</th></tr></thead>\n",
                file);
    err = err == ATP_OK ? put_rows(file, feed, put_html_row) : err;
    (void)fputs("</table>\n", file);
    atp_html_end(file);
    return err;
}

static int fail_report(atp_cli_t *cli, atp_err_t err)
{
    return atp_cli_fail(cli, ATP_CLI_FAILED, atp_err_name(err),
                        "what was corrected cannot be kept for the report (%s). Set TMPDIR to a folder with "
                        "room for %zu bytes for each line of it",
                        atp_err_name(err), sizeof(atp_load_drift_t));
}

int atp_load_feed_report(atp_cli_t *cli, atp_load_feed_t *feed, bool is_dry)
{
    atp_file_out_t out = feed->report;
    const char *ending = out.name != NULL ? strrchr(out.name, '.') : NULL;
    atp_err_t err;

    if (out.file == NULL) {
        return ATP_CLI_DONE;
    }
    if (feed->drift_err != ATP_OK) {
        return fail_report(cli, feed->drift_err);
    }
    feed->report = (atp_file_out_t){.file = NULL};
    if (ending != NULL && strcmp(ending, ".json") == 0) {
        err = write_json(out.file, feed, is_dry);
    } else if (ending != NULL && strcmp(ending, ".html") == 0) {
        err = write_html(out.file, feed, is_dry);
    } else {
        err = write_csv(out.file, feed);
    }
    int status = atp_file_out_close(cli, &out, err == ATP_OK);
    return err != ATP_OK ? fail_report(cli, err) : status;
}
