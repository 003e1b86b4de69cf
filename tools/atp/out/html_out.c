#include "tools/atp/out/html_out.h"

void atp_html_begin(FILE *file, const char *title, const char *heading, const char *heading_too)
{
    (void)fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", file);
    atp_html_text(file, title);
    (void)fputs("</title><style>\n"
                "body{font:10pt sans-serif;margin:1.5cm} table{border-collapse:collapse;margin:0 0 1cm}\n"
                "td,th{border-bottom:1px solid #999;padding:2px 10px;text-align:left}\n"
                "thead{display:table-header-group} .n{text-align:right}\n</style></head><body>\n<h1>",
                file);
    atp_html_text(file, heading);
    atp_html_text(file, heading_too);
    (void)fputs("</h1>\n", file);
}

void atp_html_end(FILE *file)
{
    (void)fputs("</body></html>\n", file);
}

void atp_html_text(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            (void)fputs("&lt;", file);
            break;
        case '>':
            (void)fputs("&gt;", file);
            break;
        case '&':
            (void)fputs("&amp;", file);
            break;
        default:
            (void)fputc(*text, file);
            break;
        }
    }
}

void atp_html_cell(FILE *file, const char *text)
{
    (void)fputs("<td>", file);
    atp_html_text(file, text);
    (void)fputs("</td>", file);
}

void atp_html_amount(FILE *file, atp_amount_t amount)
{
    char text[ATP_AMOUNT_TEXT_SIZE];

    (void)atp_amount_format(amount, text);
    (void)fprintf(file, "<td class=n>%s</td>", text);
}
