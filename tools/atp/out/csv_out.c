#include "tools/atp/out/csv_out.h"

#include <string.h>

static bool needs_quotes(atp_text_t text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        if (strchr(",\"\r\n", text.bytes[i]) != NULL) {
            return true;
        }
    }
    return text.size > 0 && (text.bytes[0] == ' ' || text.bytes[text.size - 1] == ' ');
}

void atp_csv_text(FILE *file, atp_text_t text, char end)
{
    if (needs_quotes(text)) {
        (void)fputc('"', file);
        for (uint32_t i = 0; i < text.size; i++) {
            if (text.bytes[i] == '"') {
                (void)fputc('"', file);
            }
            (void)fputc(text.bytes[i], file);
        }
        (void)fputc('"', file);
    } else if (text.size > 0) {
        (void)fwrite(text.bytes, 1, text.size, file);
    }
    (void)fputc(end, file);
}

void atp_csv_qty(FILE *file, atp_qty_t qty, uint8_t scale, char end)
{
    char text[ATP_QTY_TEXT_SIZE];

    (void)fwrite(text, 1, atp_qty_format(qty, scale, text), file);
    (void)fputc(end, file);
}

void atp_csv_time(FILE *file, int64_t time_ms, char end)
{
    char text[ATP_OUT_TIME_SIZE] = "";

    if (time_ms != 0) {
        atp_out_format_time(time_ms, text);
    }
    atp_csv_text(file, atp_text_of(text), end);
}
