/* What the files of the ledger share of movements and feeds: engine/ledger/facts/movements.h, feeds.h. */
#ifndef ATP_LEDGER_LEDGER_FEEDS_H
#define ATP_LEDGER_LEDGER_FEEDS_H

#include "engine/ledger/ledger_priv.h"

#define ATP_FEED_WALK_MAX 65536 /* movements that one op looks back over */

/* Keeps what the op does to a position; returns what of it is to be done: what the newest feed of the position had counted before it
 * was told is not. `is_told`: it is what the op tells, not what the ledger does because of it. */
atp_change_t atp_ledger_note_movement(atp_ledger_t *ledger, uint32_t row, const atp_change_t *change,
                                      bool is_told);

/* Brings what is kept of the position into reach. */
void atp_ledger_prefetch_standing(const atp_ledger_t *ledger, uint32_t row);

/* The feed that a count names; NULL: it names none. UNKNOWN_FEED if it is not kept. */
atp_verdict_t atp_ledger_named_feed(apply_t *apply, const atp_feed_t **ret_feed);

/* What a count of the feed changes of the bucket, of which it cannot see `unseen` units. FEED_STALE, FEED_UNDECIDED: it must not be
 * applied, and the exception that tells it is chosen. Changes nothing. */
atp_verdict_t atp_ledger_feed_variance(apply_t *apply, const atp_feed_t *feed, const resolved_line_t *line,
                                       atp_bucket_t bucket, atp_qty_t unseen, atp_qty_t *ret_change);

/* The position was counted by the feed, which changed the bucket by so much. */
void atp_ledger_note_fed(atp_ledger_t *ledger, const atp_feed_t *feed, uint32_t row, atp_bucket_t bucket,
                         atp_qty_t change);

/* A feed is told, and with it counts: those that the ledger agrees with are counted, as a count op of each would do that changes
 * nothing; the others change nothing at all, and what is to become of them is for a count of each to say. The answer says
 * ATP_COUNT_... of each line, and how many are counted. */
atp_verdict_t atp_ledger_put_feed(apply_t *apply);

/* The feed that the op tells of, as it would be kept; the one that is there, if it says the same. Changes nothing. */
atp_verdict_t atp_ledger_read_feed(apply_t *apply, atp_feed_t *ret_feed);

/* ---- ledger_drift.c: what feeds corrected ---- */

/* Why a count of the feed differs; before the correction is made. */
atp_drift_reason_t atp_ledger_drift_cause(const atp_ledger_t *ledger, const atp_feed_t *feed, uint32_t row,
                                          unsigned bucket);
/* The feed has counted a bucket of the position, and changed it by so much. `is_new`: it had not counted it before. */
void atp_ledger_note_drift(atp_ledger_t *ledger, uint64_t feed, uint32_t row, bool is_new, atp_qty_t change);
/* Something was told that the feed had counted. */
void atp_ledger_note_late(atp_ledger_t *ledger, uint64_t feed, uint32_t row);

#define ATP_FEED_TABLES 4
/* Makes the tables of movements and feeds, and notes them at ret_tables. */
atp_err_t atp_ledger_init_feeds(atp_ledger_t *ledger, const atp_ledger_config_t *config,
                                atp_table_t **ret_tables);
void atp_ledger_connect_feeds(atp_ledger_t *ledger);
/* Memory for as many of them as configured. */
uint64_t atp_ledger_feed_bytes(const atp_ledger_config_t *config);

#endif
