/* Lists of the engine, page after page. */
#ifndef ATP_CLI_PAGES_H
#define ATP_CLI_PAGES_H

#include "tools/atp/cli.h"

typedef atp_err_t (*atp_page_ask_fn)(atp_client_t *client, const atp_page_ask_t *ask,
                                     atp_answer_t **ret_answer);
/* Takes the rows of one page. False ends the walk; nothing is said then. */
typedef bool (*atp_page_take_fn)(void *context, const atp_answer_t *answer);

/* Asks for pages until there are no more, `most` rows have come (0 = no bound), or `take` says no. Says what went
 * wrong. The last page may bring the rows above `most`: `take` cuts them. Returns the exit status. */
int atp_pages_walk(atp_cli_t *cli, atp_page_ask_fn ask_page, atp_page_ask_t *ask, uint64_t most,
                   atp_page_take_fn take, void *context);

#endif
