/* Facts as lines of text: JSON objects, or CSV with a header. What a shell script can write.
 *
 *     {"op":"sale","sku":"bike-28","node":"berlin","qty":1}
 *     op,sku,node,qty
 *     sale,bike-28,berlin,1
 *
 * Keys: op; sku, node, qty, unit (what the quantity is counted in); reservation (steps; a return without one is blind); disposition (return,
 * dispose: what becomes of the units); supply, transfer (what is received, or shipped, of it), final (1: nothing more will come of
 * it); bucket, reason (adjust, count); name, scale (sku); name, state (node);
 * correlation (all: an id that ties it to what else is done for the same end). A key that the op does not take, or that nobody knows, is a fault of the line.
 *
 * Threads     one at a time.   Memory  a row owns its texts. */
#ifndef ATP_CLI_FACT_ROWS_H
#define ATP_CLI_FACT_ROWS_H

#include "engine/base/command.h"
#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum atp_fact_key {
    ATP_FACT_OP,
    ATP_FACT_SKU,
    ATP_FACT_NODE,
    ATP_FACT_QTY,
    ATP_FACT_RESERVATION,
    ATP_FACT_BUCKET,
    ATP_FACT_REASON,
    ATP_FACT_NAME,
    ATP_FACT_SCALE,
    ATP_FACT_STATE,
    ATP_FACT_UNIT,
    ATP_FACT_CORRELATION,
    ATP_FACT_DISPOSITION,
    ATP_FACT_SUPPLY,
    ATP_FACT_TRANSFER,
    ATP_FACT_FINAL,
    ATP_FACT_KEYS
} atp_fact_key_t;

/* One fact. Not to be moved: the command points into it. */
typedef struct atp_fact_row {
    atp_command_t command;
    atp_command_line_t line;
    atp_attribute_t attributes[2]; /* unit, and disposition or final */
    char texts[ATP_FACT_KEYS][ATP_NAME_SIZE_MAX + 1];
} atp_fact_row_t;

/* The order of the columns. */
typedef struct atp_fact_header {
    bool is_csv;
    unsigned count; /* of the columns; 0 = not read yet */
    atp_fact_key_t keys[ATP_FACT_KEYS];
} atp_fact_header_t;

/* Reads the header of CSV. ATP_ERR_INVALID names the column at fault. */
ATP_MUST_USE atp_err_t atp_fact_header_read(atp_fact_header_t *header, const char *line, atp_why_t *ret_why);

/* Reads one line, without its end. ATP_ERR_INVALID: it is no fact, *ret_why says why. */
ATP_MUST_USE atp_err_t atp_fact_row_read(const atp_fact_header_t *header, const char *line,
                                         atp_fact_row_t *ret_row, atp_why_t *ret_why);

#endif
