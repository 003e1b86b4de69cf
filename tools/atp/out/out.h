/* What a command prints: rows, as an aligned table or as JSON lines, from the same calls.
 *
 *     atp_out_row(out);
 *     atp_out_text(out, "sku", "SKU", row->sku);
 *     atp_out_qty(out, "atp", "ATP", row->atp, row->scale);
 *     ...
 *     atp_out_end(out)
 *
 * Table       columns are as wide as their widest cell, numbers to the right. The columns are those of the first
 *             row. Long lists are printed piece by piece.
 * JSON        one object a row. Counts and times are integers, exact; times are milliseconds since 1970 (UTC). Quantities
 *             are strings with the decimals of their SKU, exact too: "12", "2.500".
 * A name from the engine cannot move the cursor of a terminal: control characters become '?'.
 *
 * Threads     one.   Memory  grows with the rows kept, at most ATP_OUT_ROWS_KEPT. */
#ifndef ATP_CLI_OUT_H
#define ATP_CLI_OUT_H

#include "engine/base/assert.h"
#include "engine/base/qty.h"
#include "engine/base/text.h"

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define ATP_OUT_COLUMNS_MAX 24
#define ATP_OUT_ROWS_KEPT   2000

typedef struct atp_out_cell {
    size_t at;
    uint32_t size;
    uint32_t width;
} atp_out_cell_t;

typedef struct atp_out {
    FILE *file;
    bool is_json;
    bool has_header;
    bool is_header_due;
    bool is_in_row;
    uint64_t row_count;
    json_t *object; /* of the row under way */
    unsigned column_count;
    unsigned column; /* of the next cell */
    struct {
        const char *header;
        uint32_t width;
        bool is_number;
    } columns[ATP_OUT_COLUMNS_MAX];
    atp_out_cell_t *cells;
    size_t cell_count;
    size_t cell_room;
    char *bytes;
    size_t byte_count;
    size_t byte_room;
} atp_out_t;

void atp_out_init(atp_out_t *out, FILE *file, bool is_json, bool has_header);
/* Prints what is kept; the next row begins another list, with a header of its own. */
void atp_out_end(atp_out_t *out);
void atp_out_fini(atp_out_t *out);

/* Begins a row. */
void atp_out_row(atp_out_t *out);
/* Cells of the row. `key` NULL: not in JSON. `header` NULL: not in the table. */
void atp_out_text(atp_out_t *out, const char *key, const char *header, atp_text_t text);
void atp_out_string(atp_out_t *out, const char *key, const char *header, const char *text);
void atp_out_int(atp_out_t *out, const char *key, const char *header, int64_t number);
void atp_out_uint(atp_out_t *out, const char *key, const char *header, uint64_t number);
void atp_out_qty(atp_out_t *out, const char *key, const char *header, atp_qty_t qty, uint8_t scale);
/* "-" and null. */
void atp_out_none(atp_out_t *out, const char *key, const char *header);
/* The node of a row; "" is "(all)" and null. */
void atp_out_node(atp_out_t *out, atp_text_t node);
/* Milliseconds since 1970; 0 is "-" and null. */
void atp_out_time(atp_out_t *out, const char *key, const char *header, int64_t time_ms);
/* JSON only. */
void atp_out_bool(atp_out_t *out, const char *key, bool value);
/* JSON only; takes `value`. */
void atp_out_json(atp_out_t *out, const char *key, json_t *value);

/* "2026-11-21T09:30:00Z", with milliseconds when there are some. */
#define ATP_OUT_TIME_SIZE 32
void atp_out_format_time(int64_t time_ms, char ret_text[ATP_OUT_TIME_SIZE]);
/* "15 min", "2 d 3 h", "1.5 s". */
#define ATP_OUT_SPAN_SIZE 48
void atp_out_format_span(int64_t span_ms, char ret_text[ATP_OUT_SPAN_SIZE]);

/* JSON values of what the engine gives. */
json_t *atp_json_text(atp_text_t text);
json_t *atp_json_qty(atp_qty_t qty, uint8_t scale);
json_t *atp_json_uint(uint64_t number);

/* Writes text without anything a terminal would act on. */
void atp_out_write_clean(FILE *file, atp_text_t text);

/* malloc, realloc: never NULL; without memory the program ends with a sentence and ATP_CLI_FAILED. */
void *atp_cli_alloc(size_t count, size_t size);
void *atp_cli_realloc(void *bytes, size_t count, size_t size);

#endif
