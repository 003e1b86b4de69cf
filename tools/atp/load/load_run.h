/* The second half of a load: rows that were checked meet the ledger.
 *
 * Each batch of rows is looked up in the ledger; what is equal there already is dropped, SKUs and nodes that are missing
 * are made and waited for, the rest is handed to the sender. A dry run stops before anything is sent.
 *
 * Threads     one, beside those of the sender. */
#ifndef ATP_CLI_LOAD_RUN_H
#define ATP_CLI_LOAD_RUN_H

#include "tools/atp/cli.h"
#include "tools/atp/load/load_ack.h"
#include "tools/atp/load/load_feed.h"
#include "tools/atp/load/load_hits.h"
#include "tools/atp/load/load_plan.h"
#include "tools/atp/load/load_sender.h"

#include "loaders/commands.h"
#include "loaders/load.h"

typedef struct atp_load_run atp_load_run_t;

typedef struct atp_load_run_options {
    atp_loads_t loads;
    bool is_dry;
    bool spreads_safety;   /* of a SKU over its positions */
    atp_load_feed_t *feed; /* NULL: it is none. Of counts only */
    atp_load_hits_t
        *hits; /* where positions are noted that would have less than is promised; NULL: nowhere */
    atp_load_ack_t
        *ack;      /* told of every answer; then rows that the ledger has already are told too. NULL: none */
    uint64_t seed; /* stands for the file, in ids; with an acknowledgement its interchanges do */
    atp_text_t client; /* the sender's names begin with it */
} atp_load_run_options_t;

/* Fetches what it needs to know of the ledger. Says what is wrong and returns false with *ret_status set. */
ATP_MUST_USE bool atp_load_run_open(atp_cli_t *cli, const atp_load_run_options_t *options,
                                    atp_load_run_t **ret_run, int *ret_status);

/* Sink of atp_load_deliver; the context is the atp_load_run_t. A failure of the engine has been said already. */
atp_err_t atp_load_run_take(void *context, const atp_load_row_t *rows, uint32_t row_count,
                            atp_why_t *ret_why);

/* What of the feed's nodes the file left out is counted as 0, where that is asked for. Returns the exit status. */
int atp_load_run_zero(atp_load_run_t *run);

/* Waits for the last answers. Says what is wrong; returns the exit status, of an earlier failure too. */
int atp_load_run_finish(atp_load_run_t *run);

const atp_load_plan_t *atp_load_run_plan(const atp_load_run_t *run);
/* After finish; of a dry run, zeros. */
void atp_load_run_tally(const atp_load_run_t *run, atp_load_tally_t *ret_tally);
/* True when a failure has been said. */
bool atp_load_run_has_failed(const atp_load_run_t *run);
void atp_load_run_close(atp_load_run_t *run);

#endif
