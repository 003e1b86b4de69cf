/* Records from a file of any format: the common ground of data files and lookup files.
 *
 * Threads     one at a time. */
#ifndef ATP_LOADERS_TABLE_H
#define ATP_LOADERS_TABLE_H

#include "loaders/edi/edi_ack.h"
#include "loaders/formats/record.h"
#include "loaders/input/input.h"
#include "loaders/mapping/profile_priv.h"

typedef struct atp_table atp_table_t;

/* Takes `input` over on success only. `ack`: told of what is read, of EDI; borrowed; NULL = none is wanted. */
ATP_MUST_USE atp_err_t atp_table_open(const atp_profile_format_t *format, atp_input_t *input,
                                      atp_edi_ack_t *ack, atp_table_t **ret_table, atp_why_t *ret_why);
void atp_table_close(atp_table_t *table);

/* Reads what stands before the first record (a header), so that columns can be found. Call it before the first
 * atp_table_next and again after a rewind. ATP_ERR_INVALID when it is bad. */
ATP_MUST_USE atp_err_t atp_table_begin(atp_table_t *table, atp_why_t *ret_why);

/* The 0-based index of `column` in every record. ATP_ERR_INVALID, with the names there are, when the file has
 * no such column, or two. */
ATP_MUST_USE atp_err_t atp_table_column(atp_table_t *table, const char *column, uint32_t *ret_index,
                                        atp_why_t *ret_why);

atp_record_status_t atp_table_next(atp_table_t *table, atp_record_t *ret_record);

/* Where the record given last stands, or that column of it (UINT32_MAX: the record). Only of a table with an
 * acknowledgement, and of a format that is acknowledged: where it can. */
bool atp_table_can_locate(const atp_table_t *table);
void atp_table_locate(atp_table_t *table, uint32_t column, atp_edi_where_t *ret_where);

/* Reads more; records given before are void afterwards. The place is named when it fails. */
ATP_MUST_USE atp_err_t atp_table_fill(atp_table_t *table, atp_why_t *ret_why);

ATP_MUST_USE atp_err_t atp_table_rewind(atp_table_t *table, atp_why_t *ret_why);

const atp_input_t *atp_table_input(const atp_table_t *table);

#endif
