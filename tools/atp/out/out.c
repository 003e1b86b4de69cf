#include "tools/atp/out/out.h"

#include "tools/atp/cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMN_GAP 2

/* ---- memory ---- */

static void *need(void *bytes)
{
    if (bytes == NULL) {
        (void)fputs("atp: no memory\n", stderr);
        exit(ATP_CLI_FAILED);
    }
    return bytes;
}

void *atp_cli_alloc(size_t count, size_t size)
{
    return need(calloc(count > 0 ? count : 1, size));
}

void *atp_cli_realloc(void *bytes, size_t count, size_t size)
{
    return need(reallocarray(bytes, count, size));
}

/* ---- texts ---- */

/* True for a byte, or a two-byte character, that a terminal would act on. */
static bool is_control(const char *bytes, size_t left)
{
    uint8_t first = (uint8_t)bytes[0];

    return first < 0x20 || first == 0x7f ||
           (first == 0xc2 && left > 1 && (uint8_t)bytes[1] >= 0x80 && (uint8_t)bytes[1] < 0xa0);
}

/* Copies `size` bytes without controls; returns how many columns they take, a character one. */
static uint32_t copy_clean(char *to, const char *from, size_t size, size_t *ret_size)
{
    uint32_t width = 0;
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        if (is_control(from + i, size - i)) {
            i += (uint8_t)from[i] == 0xc2 ? 1 : 0;
            to[used++] = '?';
            width++;
        } else {
            to[used++] = from[i];
            width += ((uint8_t)from[i] & 0xc0) != 0x80;
        }
    }
    *ret_size = used;
    return width;
}

void atp_out_write_clean(FILE *file, atp_text_t text)
{
    char *bytes = atp_cli_alloc(text.size, 1);
    size_t size;

    (void)copy_clean(bytes, text.bytes, text.size, &size);
    (void)fwrite(bytes, 1, size, file);
    free(bytes);
}

void atp_out_format_time(int64_t time_ms, char ret_text[ATP_OUT_TIME_SIZE])
{
    time_t seconds = (time_t)(time_ms / 1000);
    int ms = (int)(time_ms % 1000);
    struct tm parts;
    size_t size;

    if (time_ms < 0 || gmtime_r(&seconds, &parts) == NULL || parts.tm_year > 8099) {
        (void)snprintf(ret_text, ATP_OUT_TIME_SIZE, "%" PRId64 "ms", time_ms);
        return;
    }
    size = strftime(ret_text, ATP_OUT_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    if (ms != 0) {
        (void)snprintf(ret_text + size, ATP_OUT_TIME_SIZE - size, ".%03dZ", ms);
    } else {
        (void)snprintf(ret_text + size, ATP_OUT_TIME_SIZE - size, "Z");
    }
}

void atp_out_format_span(int64_t span_ms, char ret_text[ATP_OUT_SPAN_SIZE])
{
    int64_t s = (span_ms + 500) / 1000;

    if (span_ms < 10000) {
        (void)snprintf(ret_text, ATP_OUT_SPAN_SIZE, "%.1f s", (double)(span_ms < 0 ? 0 : span_ms) / 1000.0);
    } else if (s < 120) {
        (void)snprintf(ret_text, ATP_OUT_SPAN_SIZE, "%" PRId64 " s", s);
    } else if (s < 7200) {
        (void)snprintf(ret_text, ATP_OUT_SPAN_SIZE, "%" PRId64 " min", (s + 30) / 60);
    } else if (s < 172800) {
        (void)snprintf(ret_text, ATP_OUT_SPAN_SIZE, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
    } else {
        (void)snprintf(ret_text, ATP_OUT_SPAN_SIZE, "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
    }
}

/* ---- JSON values ---- */

json_t *atp_json_text(atp_text_t text)
{
    json_t *value = json_stringn(text.size > 0 ? text.bytes : "", text.size);

    if (value == NULL) { /* not UTF-8: the protocol lets none in, so this is another program's */
        value = json_string("?");
    }
    return need(value);
}

json_t *atp_json_qty(atp_qty_t qty, uint8_t scale)
{
    char text[ATP_QTY_TEXT_SIZE];
    size_t size = atp_qty_format(qty, scale, text);

    return need(json_stringn(text, size));
}

json_t *atp_json_uint(uint64_t number)
{
    return need(json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number));
}

/* ---- rows ---- */

void atp_out_init(atp_out_t *out, FILE *file, bool is_json, bool has_header)
{
    memset(out, 0, sizeof *out);
    out->file = file;
    out->is_json = is_json;
    out->has_header = has_header;
    out->is_header_due = has_header;
}

static void put_spaces(FILE *file, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)fputc(' ', file);
    }
}

static void print_cell(const atp_out_t *out, unsigned column, const char *bytes, uint32_t size,
                       uint32_t width)
{
    uint32_t room = out->columns[column].width;
    uint32_t pad = room > width ? room - width : 0;
    bool is_last = column + 1 == out->column_count;

    if (out->columns[column].is_number) {
        put_spaces(out->file, pad);
    }
    (void)fwrite(bytes, 1, size, out->file);
    if (!is_last) {
        put_spaces(out->file, (out->columns[column].is_number ? 0 : pad) + COLUMN_GAP);
    }
}

static void print_kept(atp_out_t *out)
{
    if (out->is_header_due && out->cell_count > 0) {
        for (unsigned i = 0; i < out->column_count; i++) {
            uint32_t size = (uint32_t)strlen(out->columns[i].header);
            print_cell(out, i, out->columns[i].header, size, size);
        }
        (void)fputc('\n', out->file);
        out->is_header_due = false;
    }
    for (size_t i = 0; i < out->cell_count; i++) {
        const atp_out_cell_t *cell = &out->cells[i];
        unsigned column = (unsigned)(i % out->column_count);
        print_cell(out, column, out->bytes + cell->at, cell->size, cell->width);
        if (column + 1 == out->column_count) {
            (void)fputc('\n', out->file);
        }
    }
    out->cell_count = 0;
    out->byte_count = 0;
}

static void end_row(atp_out_t *out)
{
    if (!out->is_in_row) {
        return;
    }
    out->is_in_row = false;
    if (out->is_json) {
        (void)json_dumpf(out->object, out->file, JSON_COMPACT);
        (void)fputc('\n', out->file);
        json_decref(out->object);
        out->object = NULL;
        return;
    }
    if (out->row_count == 1) {
        out->column_count = out->column;
    }
    ATP_ASSERT(out->column == out->column_count);
    if (out->row_count % ATP_OUT_ROWS_KEPT == 0) {
        print_kept(out);
    }
}

void atp_out_row(atp_out_t *out)
{
    end_row(out);
    out->is_in_row = true;
    out->column = 0;
    out->row_count++;
    if (out->is_json) {
        out->object = need(json_object());
    }
}

void atp_out_end(atp_out_t *out)
{
    end_row(out);
    if (!out->is_json) {
        print_kept(out);
    }
    out->row_count = 0;
    out->column_count = 0;
    out->is_header_due = out->has_header;
}

void atp_out_fini(atp_out_t *out)
{
    atp_out_end(out);
    free(out->cells);
    free(out->bytes);
}

/* ---- cells ---- */

static char *need_bytes(atp_out_t *out, size_t size)
{
    if (out->byte_count + size > out->byte_room) {
        out->byte_room = 2 * (out->byte_count + size) + 1024;
        out->bytes = atp_cli_realloc(out->bytes, out->byte_room, 1);
    }
    return out->bytes + out->byte_count;
}

static void begin_column(atp_out_t *out, const char *header, bool is_number)
{
    if (out->row_count == 1) {
        ATP_ASSERT(out->column < ATP_OUT_COLUMNS_MAX);
        out->columns[out->column].header = header;
        out->columns[out->column].width = out->has_header ? (uint32_t)strlen(header) : 0;
        out->columns[out->column].is_number = is_number;
    }
    ATP_ASSERT(out->row_count == 1 || out->column < out->column_count);
}

static void put_cell(atp_out_t *out, const char *header, bool is_number, const char *bytes, size_t size)
{
    begin_column(out, header, is_number);
    if (out->cell_count == out->cell_room) {
        out->cell_room = 2 * out->cell_room + 64;
        out->cells = atp_cli_realloc(out->cells, out->cell_room, sizeof *out->cells);
    }
    size_t clean_size;
    char *to = need_bytes(out, size + 1);
    uint32_t width = size > 0 ? copy_clean(to, bytes, size, &clean_size) : 0;
    if (size == 0) {
        to[0] = '-';
        clean_size = width = 1;
    }
    out->cells[out->cell_count++] = (atp_out_cell_t){out->byte_count, (uint32_t)clean_size, width};
    out->byte_count += clean_size;
    if (width > out->columns[out->column].width) {
        out->columns[out->column].width = width;
    }
    out->column++;
}

void atp_out_text(atp_out_t *out, const char *key, const char *header, atp_text_t text)
{
    if (out->is_json) {
        atp_out_json(out, key, key != NULL ? atp_json_text(text) : NULL);
    } else if (header != NULL) {
        put_cell(out, header, false, text.bytes, text.size);
    }
}

void atp_out_string(atp_out_t *out, const char *key, const char *header, const char *text)
{
    atp_out_text(out, key, header, atp_text_of(text));
}

static void put_number(atp_out_t *out, const char *header, const char *text)
{
    if (header != NULL) {
        put_cell(out, header, true, text, strlen(text));
    }
}

void atp_out_int(atp_out_t *out, const char *key, const char *header, int64_t number)
{
    char text[32];

    if (out->is_json) {
        atp_out_json(out, key, key != NULL ? need(json_integer(number)) : NULL);
        return;
    }
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    put_number(out, header, text);
}

void atp_out_uint(atp_out_t *out, const char *key, const char *header, uint64_t number)
{
    char text[32];

    if (out->is_json) {
        atp_out_json(out, key, key != NULL ? atp_json_uint(number) : NULL);
        return;
    }
    (void)snprintf(text, sizeof text, "%" PRIu64, number);
    put_number(out, header, text);
}

void atp_out_qty(atp_out_t *out, const char *key, const char *header, atp_qty_t qty, uint8_t scale)
{
    char text[ATP_QTY_TEXT_SIZE];

    if (out->is_json) {
        atp_out_json(out, key, key != NULL ? atp_json_qty(qty, scale) : NULL);
        return;
    }
    (void)atp_qty_format(qty, scale, text);
    put_number(out, header, text);
}

void atp_out_none(atp_out_t *out, const char *key, const char *header)
{
    if (out->is_json) {
        atp_out_json(out, key, key != NULL ? json_null() : NULL);
    } else if (header != NULL) {
        put_cell(out, header, true, "", 0);
    }
}

void atp_out_node(atp_out_t *out, atp_text_t node)
{
    if (out->is_json && node.size == 0) {
        atp_out_none(out, "node", NULL);
    } else {
        atp_out_text(out, "node", "NODE", node.size > 0 ? node : ATP_TEXT("(all)"));
    }
}

void atp_out_time(atp_out_t *out, const char *key, const char *header, int64_t time_ms)
{
    char text[ATP_OUT_TIME_SIZE];

    if (out->is_json) {
        atp_out_json(out, key, time_ms == 0 ? json_null() : need(json_integer(time_ms)));
        return;
    }
    atp_out_format_time(time_ms, text);
    if (header != NULL) {
        put_cell(out, header, false, text, time_ms == 0 ? 0 : strlen(text));
    }
}

void atp_out_bool(atp_out_t *out, const char *key, bool value)
{
    if (out->is_json) {
        atp_out_json(out, key, json_boolean(value));
    }
}

void atp_out_json(atp_out_t *out, const char *key, json_t *value)
{
    if (!out->is_json || key == NULL) {
        json_decref(value);
        return;
    }
    if (json_object_set_new(out->object, key, value) != 0) {
        (void)need(NULL);
    }
}
