/* The connection of a command, and what a failed call means to the person who made it. */
#ifndef ATP_CLI_SESSION_H
#define ATP_CLI_SESSION_H

#include "tools/atp/cli.h"

/* Opens cli->handle, unless it is open. Says what is wrong and returns false with *ret_status set. */
ATP_MUST_USE bool atp_session_open(atp_cli_t *cli, int *ret_status);
/* The same for a handle of one's own, by another client name. */
ATP_MUST_USE bool atp_session_open_as(atp_cli_t *cli, atp_text_t client, uint32_t timeout_ms,
                                      atp_client_t **ret_handle, int *ret_status);
void atp_session_close(atp_cli_t *cli);

/* Work in the background: on a machine that serves reservations too it takes the processor time they leave. Before a handle is opened, for
 * its threads have it from this one. */
void atp_session_give_way(void);

/* Says why a call on `handle` got no answer, what that means and what to do next. `id`: of the command that was
 * sent, "" for a question. Returns the exit status. */
int atp_session_fail(atp_cli_t *cli, const atp_client_t *handle, atp_err_t err, atp_text_t id);

/* Says that a question was refused as a whole. Returns ATP_CLI_REFUSED. */
int atp_session_refused(atp_cli_t *cli, const atp_answer_head_t *head);

/* The name of a verdict, also of one this build does not know; `ret_text` has 32 bytes. */
const char *atp_verdict_text(unsigned verdict, char *ret_text);
/* What a person should know of it; never NULL. */
const char *atp_verdict_advice(unsigned verdict);

#endif
