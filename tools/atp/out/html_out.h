/* Pages to print. */
#ifndef ATP_CLI_HTML_OUT_H
#define ATP_CLI_HTML_OUT_H

#include "engine/base/amount.h"

#include <stdio.h>

/* The page begins with a heading of two parts. */
void atp_html_begin(FILE *file, const char *title, const char *heading, const char *heading_too);
void atp_html_end(FILE *file);
void atp_html_text(FILE *file, const char *text);
void atp_html_cell(FILE *file, const char *text);
/* A cell with an amount, to the right. */
void atp_html_amount(FILE *file, atp_amount_t amount);

#endif
