/* What the ledger has of a catalogue: a map from id to value and name, filled page by page.
 *
 * Memory      40 bytes an entry, twice that while it grows. Names are kept as hashes: to compare, not to show. */
#ifndef ATP_CLI_KNOWN_H
#define ATP_CLI_KNOWN_H

#include "tools/atp/cli.h"

typedef struct atp_known atp_known_t;

typedef struct atp_known_entry {
    uint64_t low; /* fingerprint of the id */
    uint64_t high;
    uint64_t name_hash;
    int64_t value;
    bool is_used;
} atp_known_entry_t;

/* Asks for all of `what`. Says what is wrong; returns the exit status. */
int atp_known_fetch(atp_cli_t *cli, atp_catalog_what_t what, atp_known_t **ret_known);
void atp_known_destroy(atp_known_t *known);

/* NULL when the ledger has none of that id. */
const atp_known_entry_t *atp_known_find(const atp_known_t *known, atp_text_t id);
uint64_t atp_known_count(const atp_known_t *known);
uint64_t atp_known_name_hash(atp_text_t name);

#endif
