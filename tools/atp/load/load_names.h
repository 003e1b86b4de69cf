/* What names and units mean, as the ledger has it: asked for before a file is checked by it, and looked at again before anything is sent
 * and when all was sent. A file is loaded under the names that it was checked with, or that is said.
 *
 * Threads     one. */
#ifndef ATP_CLI_LOAD_NAMES_H
#define ATP_CLI_LOAD_NAMES_H

#include "tools/atp/cli.h"

#include "loaders/mapping/names.h"

/* Asks for all. `source`: whose file it is, "" = nobody's. Says what is wrong and returns the exit status; *ret_names is then NULL. */
int atp_load_names_fetch(atp_cli_t *cli, const atp_profile_t *profile, atp_text_t source,
                         atp_names_t **ret_names);

/* Whether the ledger has just those aliases and units now. Says, with the advice, what is wrong; returns the exit status. */
int atp_load_names_confirm(atp_cli_t *cli, const atp_profile_t *profile, atp_text_t source,
                           const atp_names_t *names, const char *advice);

#endif
