/* The daemon: engine, service, facts, events, metrics, put together from one configuration.
 *
 * Threads     open, close: the main thread. */
#ifndef ATP_ATPD_DAEMON_H
#define ATP_ATPD_DAEMON_H

#include "engine/engine.h"
#include "tools/atpd/config/config.h"

typedef struct atp_daemon atp_daemon_t;

/* Recovers the data folder and opens every door. When it returns ATP_OK commands are accepted. */
ATP_MUST_USE atp_err_t atp_daemon_open(const atp_config_t *config, atp_daemon_t **ret_daemon,
                                       atp_why_t *ret_why);

/* Once a second: log repeats, snapshot by ops, the service manager. */
void atp_daemon_tick(atp_daemon_t *daemon);

/* A snapshot now. */
void atp_daemon_snapshot(atp_daemon_t *daemon);

/* Drains: what was taken is answered; takes a last snapshot; closes. Safe on NULL. */
void atp_daemon_close(atp_daemon_t *daemon);

/* The limits and times a configuration proposes to the ledger. */
atp_ledger_config_t atp_daemon_proposal(const atp_config_t *config);

#endif
