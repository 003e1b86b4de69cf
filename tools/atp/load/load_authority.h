/* What the source of a file claims: rows of others are no rows of it, as what it would publish of them is kept as an exception
 * (docs/domain.md, Sources). As it is registered when the load begins.
 *
 * Threads     one fills; any asks after that.
 * Memory      16 to 32 bytes for each node that it claims. */
#ifndef ATP_CLI_LOAD_AUTHORITY_H
#define ATP_CLI_LOAD_AUTHORITY_H

#include "tools/atp/cli.h"

#include "loaders/load.h"
#include "loaders/rows/seen.h"

typedef struct atp_load_authority {
    atp_seen_t *nodes;   /* bits of what is claimed at each, and 1 below them; NULL: all may be told */
    unsigned everywhere; /* bits of what is claimed everywhere */
} atp_load_authority_t;

/* Asks for the claims of `source`; "" and one that is not registered may tell everything. A file of a source that is paused, or a
 * shadow, is loaded as a dry run only: it is compared, not applied. Says what is wrong; returns the exit status. */
int atp_load_authority_read(atp_cli_t *cli, atp_text_t source, bool is_dry,
                            atp_load_authority_t *ret_authority);
void atp_load_authority_fini(atp_load_authority_t *authority);

/* Whether it may tell the row. */
bool atp_load_authority_has(const atp_load_authority_t *authority, atp_loads_t loads,
                            const atp_load_row_t *row);
/* Whether it counts there what is on hand. */
bool atp_load_authority_counts(const atp_load_authority_t *authority, atp_text_t node);

#endif
