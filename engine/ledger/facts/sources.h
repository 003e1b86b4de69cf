/* Sources of facts and which of their numbered batches were applied.
 *
 * A source numbers its batches 1, 2, 3, ... within an epoch; it takes a higher epoch when it starts over. What
 * comes twice is ignored by number. Batches may arrive out of order within a window of the newest 1,024
 * numbers; one that is older and was never seen cannot be told from a duplicate any more, so the window never
 * moves past a missing number silently: it is counted as lost there and kept as an exception by the caller.
 *
 * A gap may also be given up after a time: then its numbers count as lost, and come too late.
 *
 * A source that keeps its batches until they are acknowledged says from which number on it has them. The window waits
 * for a number it still has: what is beyond the window, and what must not be applied before numbers that are missing, is out of
 * order, is not applied, and comes again. What it has no more and was never seen is lost: an engine restored from an
 * older state, or another one.
 *
 * Threads     ledger thread only.
 * Invariants  N1  a number is accepted at most once in an epoch.
 *             N2  every number from 1 to `low - 1` was applied or counted as lost.
 *             N3  a number that its source still has is never counted as lost, until the source starts over.
 *             N4  a gap has a time since when only while `low` is missing below a later number. */
#ifndef ATP_LEDGER_SOURCES_H
#define ATP_LEDGER_SOURCES_H

#include "engine/base/atomics.h"
#include "engine/ledger/ops/op.h"

#include <stdint.h>

#define ATP_SOURCE_WINDOW 1024u

typedef struct atp_source_record {
    uint32_t id_ref;
    uint32_t unused_ref;
    uint64_t hash;
    uint64_t created_op;
    uint64_t epoch;
    uint64_t low;  /* lowest number neither applied nor lost */
    uint64_t high; /* highest number applied; 0 = none */
    uint64_t batches;
    uint64_t lost;
    int64_t as_of_ms;              /* of the newest batch */
    _Atomic uint32_t registration; /* its record in registry.h + 1; 0 = it never was registered */
    _Atomic uint32_t rate;         /* what any thread may see of a registered one: registry.h */
    uint64_t
        gone_epoch; /* of the movements that had to go though needed, the last: engine/ledger/facts/movements.h */
    uint64_t gone_sequence;
    int64_t
        gap_ms; /* since when `low` is missing though later ones came; 0 = it is not, or the source keeps it */
    _Atomic uint8_t class; /* as rate; so are those below */
    _Atomic uint8_t state; /* atp_source_condition_t */
    uint8_t unused[6];
    _Atomic uint64_t facts;
    _Atomic uint64_t refused;
    _Atomic int64_t heard_ms;
    uint64_t seen[ATP_SOURCE_WINDOW / 64]; /* bit (number % window): applied, for low <= number <= high */
} atp_source_record_t;

_Static_assert(sizeof(atp_source_record_t) == 264, "stored: no padding");

typedef enum atp_sequence_verdict {
    ATP_SEQUENCE_NEW,
    ATP_SEQUENCE_DUPLICATE,
    ATP_SEQUENCE_OUT_OF_ORDER /* of a source that keeps it: to be sent again after what is missing below it */
} atp_sequence_verdict_t;

/* Whether the batch is new. Changes nothing. An epoch below the current one is a duplicate: the source has
 * started over since. Epoch and sequence: 1 to INT64_MAX; kept_from at most the sequence, after below it. */
atp_sequence_verdict_t atp_sources_look(const atp_source_record_t *source, const atp_op_source_t *numbers);

/* Notes a new batch as applied. Returns how many numbers were given up as lost: because the window moved, because the
 * source has them no more, or because they were missing when a higher epoch began. */
uint64_t atp_sources_accept(atp_source_record_t *source, const atp_op_source_t *numbers);

/* Notes since when a number is missing, after a batch that was accepted at `now_ms`; `low` and `epoch` are those before it. */
void atp_sources_note_gap(atp_source_record_t *source, const atp_op_source_t *numbers, uint64_t epoch,
                          uint64_t low, int64_t now_ms);

/* Gives up the missing numbers at `low`. What is missing behind them waits from `now_ms`. Returns how many are lost. */
uint64_t atp_sources_give_up_gap(atp_source_record_t *source, int64_t now_ms);

/* The next run of missing numbers at or above `from`, up to `high`. False: there is none. */
bool atp_sources_next_gap(const atp_source_record_t *source, uint64_t from, uint64_t *ret_first,
                          uint64_t *ret_last);

/* Numbers missing below the highest one seen. */
uint64_t atp_sources_missing(const atp_source_record_t *source);

#endif
