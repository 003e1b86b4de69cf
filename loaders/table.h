/* Records from a file, the header dealt with: the common ground of data files and lookup files.
 *
 * Threads     one at a time. */
#ifndef ATP_LOADERS_TABLE_H
#define ATP_LOADERS_TABLE_H

#include "loaders/csv.h"
#include "loaders/input.h"
#include "loaders/profile_priv.h"

typedef struct atp_table atp_table_t;

/* Takes `input` over on success only. */
ATP_MUST_USE atp_err_t atp_table_open(const atp_profile_format_t *format, atp_input_t *input,
                                      atp_table_t **ret_table, atp_why_t *ret_why);
void atp_table_close(atp_table_t *table);

/* Reads the header, if the format has one, so that columns can be found. Call it before the first atp_table_next
 * and again after a rewind. ATP_ERR_INVALID when the header is bad. */
ATP_MUST_USE atp_err_t atp_table_begin(atp_table_t *table, atp_why_t *ret_why);

/* The 0-based index of `column`, a name or a number. ATP_ERR_INVALID, with the names there are, when the header has
 * no such column, or two. */
ATP_MUST_USE atp_err_t atp_table_column(const atp_table_t *table, const char *column, uint32_t *ret_index,
                                        atp_why_t *ret_why);

/* As atp_csv_next; a record with another number of fields than header or format say is bad. */
atp_csv_status_t atp_table_next(atp_table_t *table, atp_csv_record_t *ret_record);

/* As atp_csv_fill, the place named. */
ATP_MUST_USE atp_err_t atp_table_fill(atp_table_t *table, atp_why_t *ret_why);

ATP_MUST_USE atp_err_t atp_table_rewind(atp_table_t *table, atp_why_t *ret_why);

const atp_input_t *atp_table_input(const atp_table_t *table);

#endif
