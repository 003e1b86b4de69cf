/* What the engine says of sources (ATP_CATALOG_SOURCES and those beside it, docs/protocol.md), as rows: columns for people, a
 * field each for programs.
 *
 * Threads     one. */
#ifndef ATP_CLI_SOURCE_ROWS_H
#define ATP_CLI_SOURCE_ROWS_H

#include "tools/atp/cli.h"

#include <stdbool.h>

/* How it is registered. What was not said of it is "-" and null. */
void atp_source_row_registration(atp_out_t *out, const atp_catalog_entry_t *entry);

/* How it is, for a list of all; of one alone the table has the rarer columns too. */
void atp_source_row_state(atp_out_t *out, const atp_catalog_entry_t *entry, bool is_alone);

/* What the engine says of claims is "PLACE CLAIM...", and a place may have blanks in its name. The claims are taken off: a bit each, by
 * the words of `claim` (engine/base/attribute.h). */
unsigned atp_source_claims_take(atp_text_t *place);

/* What it claims at one place. */
void atp_source_row_claim(atp_out_t *out, const atp_catalog_entry_t *entry);

/* True if the difference is one of that shadow. */
bool atp_source_row_is_of_shadow(const atp_catalog_entry_t *entry, const char *shadow);

/* A position at which `shadow` tells something else than the source it is compared with. False, and no row: it is another's. */
bool atp_source_row_difference(atp_out_t *out, const atp_catalog_entry_t *entry, const char *shadow);

#endif
