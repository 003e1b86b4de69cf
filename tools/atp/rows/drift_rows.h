/* What feeds corrected, as the ledger keeps it: by feed, by node, and one by one.
 *
 * Memory      600 bytes a feed, a node of a feed and a correction. */
#ifndef ATP_CLI_DRIFT_ROWS_H
#define ATP_CLI_DRIFT_ROWS_H

#include "engine/base/amount.h"
#include "tools/atp/cli.h"

#define ATP_DRIFT_SCALE 6 /* units are in millionths */

typedef struct atp_drift_row {
    uint64_t feed; /* its number: later ones are higher */
    char id[ATP_ID_SIZE_MAX + 1];
    char node[ATP_ID_SIZE_MAX + 1]; /* "": over all nodes */
    char sku[ATP_ID_SIZE_MAX + 1];
    char source[ATP_ID_SIZE_MAX + 1];
    char basis[24];
    char bucket[16];
    char cause[16];
    char change[ATP_QTY_TEXT_SIZE]; /* of a correction, in units of its SKU */
    int64_t time_ms;
    int64_t as_of_ms; /* 0: the feed says no time */
    uint64_t op;
    uint64_t counted;
    uint64_t corrected;
    uint64_t late;
    atp_qty_t up;
    atp_qty_t down; /* of a correction one of the two is 0 */
    atp_amount_t value_up;
    atp_amount_t value_down;
} atp_drift_row_t;

typedef struct atp_drift_rows {
    atp_drift_row_t *rows;
    size_t count;
    size_t room;
} atp_drift_rows_t;

typedef struct atp_drift_book {
    atp_drift_rows_t feeds;       /* in the order in which they were told */
    atp_drift_rows_t nodes;       /* by feed, then node */
    atp_drift_rows_t corrections; /* by feed and node, the largest first */
} atp_drift_book_t;

/* Asks for all feeds and what they corrected at nodes, and of the feed `only` (NULL: of none) for its corrections. Says what is wrong;
 * returns the exit status. */
int atp_drift_fetch(atp_cli_t *cli, const char *only, atp_drift_book_t *ret_book);
void atp_drift_book_fini(atp_drift_book_t *book);

/* Units without zeros that say nothing. */
void atp_drift_format(atp_qty_t units, char ret_text[ATP_QTY_TEXT_SIZE]);

#endif
