/* Registered sources as ops change them, and as their facts meet what they claim. */
#ifndef ATP_LEDGER_LEDGER_REGISTRY_H
#define ATP_LEDGER_LEDGER_REGISTRY_H

#include "engine/ledger/ledger_priv.h"

/* ---- ledger_registry.c ---- */

/* The op register_source: registers, changes, pauses, resumes, cuts over or drops. */
atp_verdict_t atp_ledger_register_source(apply_t *apply);

/* The registration of source `source` + 1 (0: none) if it counts for something; NULL: it is not registered. */
atp_registration_t *atp_ledger_registration(const atp_ledger_t *ledger, uint32_t source);

/* Shows to other threads how the source is. To be called when its registration has changed. */
void atp_ledger_publish_source(atp_ledger_t *ledger, const atp_registration_t *registration);

/* Whether the first `count` lines of the scratch may be the nodes of the group: no two sources claim the same there then.
 * AUTHORITY_TAKEN. Changes nothing. */
atp_verdict_t atp_ledger_look_at_group_claims(apply_t *apply, uint16_t group, uint32_t count);

/* ---- ledger_authority.c ---- */

/* Whether any source is registered, or has to be: else nothing of this is looked at. */
static inline bool atp_ledger_has_registry(const atp_ledger_t *ledger)
{
    return ledger->root->registry.count > 0 || ledger->root->config.sources_must_be_registered != 0;
}

/* The source (number + 1) is compared with another one. */
bool atp_ledger_is_shadow(const atp_ledger_t *ledger, uint32_t source);

/* What becomes of a fact of a numbered batch by what its source claims: ATP_APPLIED (it is to be applied), CONFIRMED (it was
 * compared only), OUTSIDE_AUTHORITY. */
atp_verdict_t atp_ledger_look_at_authority(apply_t *apply);

/* Whether the batch is of a source that is paused: SOURCE_PAUSED. Changes nothing. */
atp_verdict_t atp_ledger_look_at_pause(const atp_ledger_t *ledger, uint32_t source);

/* A new batch of the source has come: it is heard. SOURCE_PAUSED: it has started over, and that is to be asked for; its
 * numbers are not taken. */
atp_verdict_t atp_ledger_hear(apply_t *apply, uint32_t source, const atp_op_source_t *numbers);

/* A fact of the source (number + 1) could not be applied. */
void atp_ledger_count_refused(apply_t *apply, uint32_t source, bool is_outside);

/* Pauses a source, and tells why. */
void atp_ledger_pause(apply_t *apply, atp_registration_t *registration, atp_pause_t pause, atp_qty_t qty);

/* Somebody should be told of the source at once. `number`: of the exception that tells it; 0 = none does. */
void atp_ledger_notice(atp_ledger_t *ledger, atp_notice_what_t what, const atp_registration_t *registration,
                       uint64_t number);

/* Tells of the sources that have become silent. */
void atp_ledger_look_for_silence(apply_t *apply);

/* The source is silent no more, as the caller's copy of its registration says then; the exception is settled, with why. */
void atp_ledger_end_silence(apply_t *apply, atp_registration_t *registration, atp_text_t why);

/* True if a silent source that counts is the authority for counts at the node. */
bool atp_ledger_is_stale(const atp_ledger_t *ledger, uint16_t node);

/* Marks the nodes that are stale, and unmarks the others. To be called when sources, groups or nodes have changed. */
void atp_ledger_mark_stale(atp_ledger_t *ledger);
/* A channel may do something else at stale nodes, or see others: atp_ledger_stale_changes. */
void atp_ledger_note_stale_views(atp_ledger_t *ledger);

/* ---- ledger_gaps.c ---- */

/* Looks again when the gap of this source is due, if it has one. */
void atp_ledger_watch_gap(atp_ledger_t *ledger, const atp_source_record_t *source);
void atp_ledger_rebuild_gaps(atp_ledger_t *ledger);
/* Gives up the gaps that are due. */
void atp_ledger_give_up_gaps(apply_t *apply);
static inline bool atp_ledger_is_gap_due(const atp_ledger_t *ledger, int64_t now_ms)
{
    return ledger->gap_look_ms != 0 && now_ms >= ledger->gap_look_ms;
}

/* ---- ledger_shadow.c ---- */

/* Notes what a shadow tells, beside what the source tells that it is compared with. */
void atp_ledger_compare_shadow(apply_t *apply, const atp_registration_t *shadow);
/* The same for a fact of the batch that was applied, for each shadow of its source. */
void atp_ledger_compare_applied(apply_t *apply);

#endif
