/* Postings and who hears them, inside the ledger: ledger_postings.c, ledger_subscribers.c. The ring itself: postings.h. */
#ifndef ATP_LEDGER_LEDGER_POSTINGS_H
#define ATP_LEDGER_LEDGER_POSTINGS_H

#include "engine/ledger/ledger_priv.h"

/* ---- ledger_postings.c: what systems of record must hear; only where has_postings ---- */

/* A step of a line has been made; `posted` has what it changed, but for a reserve. */
void atp_ledger_post_step(atp_ledger_t *ledger, const atp_line_t *line, const atp_history_step_t *step);
/* A fact told of a bucket of a row, and changes it by `change`: by less where a count has seen it before. What one fact tells of one
 * row is one posting. */
void atp_ledger_post_change(apply_t *apply, uint32_t row, atp_bucket_t bucket, const atp_change_t *told,
                            atp_qty_t change);
/* Units came back to a row; what that does to its buckets is told next. */
void atp_ledger_post_returned(apply_t *apply, uint32_t row, atp_disposition_t disposition, atp_qty_t qty);
/* All of a row went to another, or came from there: one is told after the other. */
void atp_ledger_post_merged(apply_t *apply, uint32_t row, const atp_posting_change_t *change);
/* POSTINGS_FULL where a promise would make postings that somebody waits for, and there is no room; else applied. */
atp_verdict_t atp_ledger_look_for_postings(apply_t *apply);
/* When an op is done: raises what it has lost. */
void atp_ledger_tell_lost(apply_t *apply);
/* Looks for postings that are settled too late; with each pulse. */
void atp_ledger_tell_late(apply_t *apply);
bool atp_ledger_is_posting_due(const atp_ledger_t *ledger, int64_t now_ms);
/* Moves on what is settled for a subscriber, over at most `limit` postings that are not open for it. */
void atp_ledger_pass_settled(atp_ledger_t *ledger, uint32_t number, unsigned limit);
void atp_ledger_rebuild_postings(atp_ledger_t *ledger);

/* ---- ledger_subscribers.c ---- */

atp_verdict_t atp_ledger_put_subscriber(apply_t *apply);
atp_verdict_t atp_ledger_acknowledge(apply_t *apply);
/* The postings that a reconcile names are booked by a subscriber. */
atp_verdict_t atp_ledger_confirm_postings(apply_t *apply);

#endif
