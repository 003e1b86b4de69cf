/* Cells of a CSV file: quoted only where they have to be. `end` is what follows the cell, ',' or '\n'. */
#ifndef ATP_CLI_CSV_OUT_H
#define ATP_CLI_CSV_OUT_H

#include "tools/atp/out/out.h"

#include <stdio.h>

void atp_csv_text(FILE *file, atp_text_t text, char end);
void atp_csv_qty(FILE *file, atp_qty_t qty, uint8_t scale, char end);
/* Nothing where the time is 0. */
void atp_csv_time(FILE *file, int64_t time_ms, char end);

#endif
