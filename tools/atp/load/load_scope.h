/* What a feed is for: these nodes, these SKUs. What a file has of others is no part of it, and what it leaves out of others stays.
 *
 * Threads     one fills; any asks after that.
 * Memory      16 to 32 bytes a node and a SKU. */
#ifndef ATP_CLI_LOAD_SCOPE_H
#define ATP_CLI_LOAD_SCOPE_H

#include "tools/atp/cli.h"

#include "loaders/mapping/names.h"
#include "loaders/rows/seen.h"

typedef struct atp_load_scope {
    atp_seen_t *members; /* NULL: it is for all */
    bool has_nodes;      /* only for those that are members; so with SKUs */
    bool has_skus;
} atp_load_scope_t;

/* Reads --node, --group, --sku, --skus and --tag; groups and tags are as the ledger has them now. Says what is wrong; returns the
 * exit status. */
int atp_load_scope_read(atp_cli_t *cli, atp_load_scope_t *ret_scope);
/* Nodes and SKUs that were given by other names are members under their ids as well. Says what is wrong; returns the exit status. */
int atp_load_scope_add_meanings(atp_cli_t *cli, const atp_names_t *names, atp_load_scope_t *scope);
void atp_load_scope_fini(atp_load_scope_t *scope);

bool atp_load_scope_has(const atp_load_scope_t *scope, atp_text_t sku, atp_text_t node);

#endif
