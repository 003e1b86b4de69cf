/* A load as a feed: of which point its counts are, what it is for, how much it may change, and what it changed.
 *
 * Threads     one; note_result any.
 * Memory      that of loaders/rows/sorted.h with a report, of 160 bytes for each correction and each count that was not applied; and of
 *             tools/atp/load/load_missing.h, where omitted positions are zeroed. */
#ifndef ATP_CLI_LOAD_FEED_H
#define ATP_CLI_LOAD_FEED_H

#include "tools/atp/cli.h"
#include "tools/atp/load/load_authority.h"
#include "tools/atp/load/load_missing.h"
#include "tools/atp/load/load_scope.h"
#include "tools/atp/out/file_out.h"

#include "engine/base/amount.h"
#include "engine/base/attribute.h"
#include "loaders/load.h"
#include "loaders/rows/sorted.h"

#include <pthread.h>

#define ATP_LOAD_FEED_SOURCES_MAX 16

typedef struct atp_load_drift {
    char sku[ATP_ID_SIZE_MAX + 1];
    char node[ATP_ID_SIZE_MAX + 1];
    atp_qty_t change;  /* booked; of a row that was not applied 0 */
    atp_value_t value; /* of a unit, when it was counted */
    uint8_t scale;
    uint8_t bucket;
    uint8_t verdict;
} atp_load_drift_t;

typedef struct atp_load_feed {
    const char *id; /* NULL: the load is no feed */
    const char *basis;
    atp_command_t command; /* that announces it */
    atp_attribute_t attributes[2 + 3 * ATP_LOAD_FEED_SOURCES_MAX];
    char sources[ATP_LOAD_FEED_SOURCES_MAX][ATP_ID_SIZE_MAX + 1];
    atp_attribute_t of_count; /* that each of its counts has */
    int64_t told_ms;          /* when it was told first. Its counts say so too, and are the same again */
    atp_feed_rules_t rules;   /* of the profile */
    atp_load_scope_t scope;   /* what it is for */
    const atp_load_authority_t *authority; /* what its source may count: what it leaves out elsewhere stays */
    bool zeroes;                           /* what the file leaves out of that */
    bool is_zeroing;                       /* what comes now is not of the file */
    atp_load_missing_t *missing;
    /* of the comparison before anything is sent */
    uint64_t counted;
    uint64_t zeroed;  /* of them: had something, and would have nothing */
    uint64_t omitted; /* of those: not in the file */
    uint64_t refused;
    double units_before;
    double units_changed;
    /* what was changed, or not applied; kept for the report */
    bool is_reported;
    atp_file_out_t report; /* opened before anything is loaded; no file: none is wanted, or it is written */
    pthread_mutex_t mutex;
    atp_sorted_t *drift; /* atp_load_drift_t, as the report has them */
    atp_err_t drift_err; /* what kept one from being noted */
} atp_load_feed_t;

/* Reads --feed, --basis, --includes, --as-of, its scope and --zero-missing, and opens the --report. What is not given is as the
 * profile says. Says what is wrong; returns the exit status. */
int atp_load_feed_read(atp_cli_t *cli, const atp_profile_t *profile, atp_load_feed_t *ret_feed);
/* A report that was not written leaves no file. */
void atp_load_feed_fini(atp_cli_t *cli, atp_load_feed_t *feed);

/* Whether so much may be changed (--max-zeroed, --max-change). Says what is too much; returns the exit status. */
int atp_load_feed_guard(atp_cli_t *cli, const atp_load_feed_t *feed);

/* Tells the ledger of the feed, and notes when that was done first. Says what is wrong; returns the exit status. */
int atp_load_feed_announce(atp_cli_t *cli, atp_load_feed_t *feed);

/* What was noted for the report is forgotten. Says what is wrong; returns the exit status. */
int atp_load_feed_begin_report(atp_cli_t *cli, atp_load_feed_t *feed);

/* Notes the answer to one of its counts, for the report; `value` is what a unit is worth. */
void atp_load_feed_note_result(atp_load_feed_t *feed, const atp_command_t *command,
                               const atp_result_t *result, atp_value_t value);
/* The order of the report: by node, then the largest first. */
int atp_load_drift_compare(const void *left, const void *right);

/* Writes the report, if there is to be one: by the name of the file JSON, a page to print (.html), or CSV. Says what is wrong;
 * returns the exit status. */
int atp_load_feed_report(atp_cli_t *cli, atp_load_feed_t *feed, bool is_dry);

#endif
