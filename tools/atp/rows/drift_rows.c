#include "tools/atp/rows/drift_rows.h"

#include "tools/atp/rows/pages.h"
#include "tools/atp/rows/words.h"

#include <stdlib.h>
#include <string.h>

typedef struct fetching {
    atp_drift_rows_t *rows;
    atp_catalog_what_t what;
    uint64_t only; /* feed; 0 = any */
} fetching_t;

/* ---- reading ---- */

static void copy(char *ret_text, size_t size, atp_text_t text)
{
    size_t length = text.size < size - 1 ? text.size : size - 1;

    if (length > 0) {
        memcpy(ret_text, text.bytes, length);
    }
    ret_text[length] = '\0';
}

/* "12.5" in millionths; what 64 bits do not hold is as much as they do. */
static atp_qty_t take_units(atp_text_t text)
{
    unsigned decimals = 0;
    bool is_behind = false;
    atp_qty_t units = 0;

    for (uint32_t i = 0; i < text.size; i++) {
        bool is_digit = text.bytes[i] >= '0' && text.bytes[i] <= '9';
        if (is_digit && units < INT64_MAX / 10) {
            units = units * 10 + (text.bytes[i] - '0');
            decimals += is_behind;
        }
        is_behind = is_behind || text.bytes[i] == '.';
    }
    for (; decimals < ATP_DRIFT_SCALE && units < INT64_MAX / 10; decimals++) {
        units *= 10;
    }
    return units;
}

static void take_sums(atp_text_t *text, atp_drift_row_t *row)
{
    row->counted = atp_words_take_number(text);
    row->corrected = atp_words_take_number(text);
    row->late = atp_words_take_number(text);
    row->up = take_units(atp_words_take(text));
    row->down = take_units(atp_words_take(text));
    row->value_up = atp_amount_read(atp_words_take(text));
    row->value_down = atp_amount_read(atp_words_take(text));
}

static void take_correction(atp_text_t *text, atp_drift_row_t *row)
{
    row->op = atp_words_take_number(text);
    copy(row->bucket, sizeof row->bucket, atp_words_take(text));
    atp_text_t change = atp_words_take(text);
    bool is_down = change.size > 0 && change.bytes[0] == '-';
    copy(row->change, sizeof row->change, change);
    *(is_down ? &row->down : &row->up) = take_units(change);
    atp_amount_t value = atp_amount_read(atp_words_take(text));
    *(is_down ? &row->value_down : &row->value_up) = is_down ? -value : value;
    copy(row->cause, sizeof row->cause, atp_words_take(text));
    uint64_t node_size = atp_words_take_number(text);
    if (node_size <= text->size) {
        copy(row->node, sizeof row->node, (atp_text_t){text->bytes, (uint32_t)node_size});
        uint32_t rest = (uint32_t)node_size + (node_size < text->size);
        copy(row->source, sizeof row->source, (atp_text_t){text->bytes + rest, text->size - rest});
    }
}

static void take_entry(const fetching_t *fetching, const atp_catalog_entry_t *entry, atp_drift_row_t *row)
{
    atp_text_t text = entry->name;

    *row = (atp_drift_row_t){.feed = (uint64_t)entry->value};
    switch (fetching->what) {
    case ATP_CATALOG_FEEDS:
        copy(row->id, sizeof row->id, entry->id);
        row->time_ms = (int64_t)atp_words_take_number(&text);
        row->as_of_ms = (int64_t)atp_words_take_number(&text);
        copy(row->basis, sizeof row->basis, atp_words_take(&text));
        take_sums(&text, row);
        return;
    case ATP_CATALOG_DRIFT_NODES:
        copy(row->node, sizeof row->node, entry->id);
        take_sums(&text, row);
        return;
    default:
        copy(row->sku, sizeof row->sku, entry->id);
        take_correction(&text, row);
        return;
    }
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    const fetching_t *fetching = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);
    atp_drift_rows_t *rows = fetching->rows;

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        if (fetching->only != 0 && (uint64_t)entries[i].value != fetching->only) {
            continue;
        }
        if (rows->count == rows->room) {
            size_t room = rows->room == 0 ? 64 : 2 * rows->room;
            atp_drift_row_t *grown = atp_cli_alloc(room, sizeof *grown);
            if (rows->count > 0) {
                memcpy(grown, rows->rows, rows->count * sizeof *grown);
            }
            free(rows->rows);
            rows->rows = grown;
            rows->room = room;
        }
        take_entry(fetching, &entries[i], &rows->rows[rows->count++]);
    }
    return true;
}

/* ---- in order ---- */

/* By feed, then node; of one node the largest correction first. */
static int compare_rows(const void *one, const void *other)
{
    const atp_drift_row_t *a = one;
    const atp_drift_row_t *b = other;
    int order = (a->feed > b->feed) - (a->feed < b->feed);
    order = order != 0 ? order : strcmp(a->node, b->node);
    if (order == 0 && a->sku[0] != '\0') {
        order = (a->up + a->down < b->up + b->down) - (a->up + a->down > b->up + b->down);
    }
    return order != 0 ? order : strcmp(a->sku, b->sku);
}

static int fetch(atp_cli_t *cli, atp_catalog_what_t what, uint64_t only, atp_drift_rows_t *rows)
{
    atp_page_ask_t ask = {.what = what};
    fetching_t fetching = {.rows = rows, .what = what, .only = only};
    int status = atp_pages_walk(cli, atp_client_catalog, &ask, 0, take_page, &fetching);

    if (rows->count > 0) {
        qsort(rows->rows, rows->count, sizeof *rows->rows, compare_rows);
    }
    return status;
}

int atp_drift_fetch(atp_cli_t *cli, const char *only, atp_drift_book_t *ret_book)
{
    uint64_t number = 0;

    *ret_book = (atp_drift_book_t){0};
    int status = fetch(cli, ATP_CATALOG_FEEDS, 0, &ret_book->feeds);
    for (size_t i = 0; only != NULL && i < ret_book->feeds.count; i++) {
        number = strcmp(ret_book->feeds.rows[i].id, only) == 0 ? ret_book->feeds.rows[i].feed : number;
    }
    if (status == ATP_CLI_DONE && only != NULL && number == 0) {
        return atp_cli_fail(cli, ATP_CLI_REFUSED, "unknown_feed",
                            "there is no feed '%.64s', or newer ones have taken its place: atp drift", only);
    }
    status = status == ATP_CLI_DONE ? fetch(cli, ATP_CATALOG_DRIFT_NODES, number, &ret_book->nodes) : status;
    return status == ATP_CLI_DONE && number != 0
               ? fetch(cli, ATP_CATALOG_CORRECTIONS, number, &ret_book->corrections)
               : status;
}

void atp_drift_book_fini(atp_drift_book_t *book)
{
    free(book->feeds.rows);
    free(book->nodes.rows);
    free(book->corrections.rows);
}

void atp_drift_format(atp_qty_t units, char ret_text[ATP_QTY_TEXT_SIZE])
{
    size_t size = atp_qty_format(units, ATP_DRIFT_SCALE, ret_text);

    while (size > 0 && ret_text[size - 1] == '0') {
        size--;
    }
    size -= size > 0 && ret_text[size - 1] == '.';
    ret_text[size] = '\0';
}
