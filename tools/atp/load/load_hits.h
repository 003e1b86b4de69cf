/* Which reservations a load would hit: those at positions that would have less than is promised.
 *
 * They are named in the order in which an over-commitment names them (docs/domain.md): the lowest priority first, then the newest.
 *
 * Memory      22 to 43 bytes for each such position; the first ATP_LOAD_HITS_SHOWN reservations. */
#ifndef ATP_CLI_LOAD_HITS_H
#define ATP_CLI_LOAD_HITS_H

#include "loaders/rows/seen.h"
#include "tools/atp/cli.h"

#define ATP_LOAD_HITS_SHOWN 20

/* A reservation at a position. */
typedef struct atp_load_hit {
    char id[ATP_ID_SIZE_MAX + 1];
    char order[ATP_ID_SIZE_MAX + 1]; /* "" = none */
    char channel[ATP_ID_SIZE_MAX + 1];
    char sku[ATP_ID_SIZE_MAX + 1];
    char node[ATP_ID_SIZE_MAX + 1];
    atp_qty_t units; /* promised to it there */
    uint64_t version;
    uint8_t scale;
    uint8_t priority;
} atp_load_hit_t;

typedef struct atp_load_hits {
    atp_seen_t *positions; /* that would have less than is promised */
    uint64_t total;        /* reservations at them; of two positions twice */
    uint32_t count;        /* of those that are kept */
    atp_load_hit_t hits[ATP_LOAD_HITS_SHOWN];
} atp_load_hits_t;

/* ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_load_hits_init(atp_load_hits_t *ret_hits);
void atp_load_hits_fini(atp_load_hits_t *hits);

/* Notes that a position would have less than is promised. ATP_ERR_MEMORY, ATP_ERR_LIMIT. */
ATP_MUST_USE atp_err_t atp_load_hits_note(atp_load_hits_t *hits, atp_text_t sku, atp_text_t node);

/* Looks at one reservation: what of it is at those positions. */
void atp_load_hits_look(atp_load_hits_t *hits, const atp_record_t *record);

/* Asks the ledger for all reservations. Says what is wrong; returns the exit status. */
int atp_load_hits_find(atp_cli_t *cli, atp_load_hits_t *hits);

void atp_load_hits_print(const atp_load_hits_t *hits, atp_out_t *out);
void atp_load_hits_put_json(const atp_load_hits_t *hits, atp_out_t *out);

#endif
