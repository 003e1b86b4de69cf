/* Remembered outcomes: what was answered to each request id, so that it is answered the same again.
 *
 * A ring of the newest outcomes, indexed by fingerprint. When it is full the oldest goes; what was issued before the
 * window goes with the pulses, so that a client at its limit of ids can go on. With each that goes the floor rises
 * above its issue time: a request issued before the floor is refused, since its outcome may be forgotten.
 *
 * Threads     ledger thread only.
 * Memory      72 bytes an outcome and an index entry.
 * Invariants  O1  every forgotten outcome was issued before the floor.
 *             O2  each remembered outcome is found by its fingerprint.
 *             O3  the outcomes of a client are counted at the client. */
#ifndef ATP_LEDGER_OUTCOMES_H
#define ATP_LEDGER_OUTCOMES_H

#include "engine/base/command.h"
#include "engine/base/hash.h"
#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/ops/op.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct atp_outcome {
    atp_fingerprint_t id;
    uint64_t digest;
    uint64_t field_digests;
    uint64_t op;
    int64_t issued_ms;
    int64_t qty; /* refused at an attribute: its key | is_of_line << 8 */
    int64_t deadline_ms;
    uint32_t client;
    uint16_t detail; /* refused: line at fault | field at fault << 11; else scale of qty | is_stale << 8 */
    uint8_t kind;
    uint8_t verdict;
} atp_outcome_t;

_Static_assert(sizeof(atp_outcome_t) == 72, "stored: no padding");

/* Part of the root record. */
typedef struct atp_outcome_heads {
    uint64_t next;    /* place of the next outcome, counted without wrapping */
    uint64_t first;   /* place of the oldest one; next if there is none */
    int64_t floor_ms; /* requests issued before are refused */
} atp_outcome_heads_t;

typedef struct atp_outcomes {
    atp_table_t records;
    atp_index_t index;
    /* borrowed */
    atp_table_t *clients;
    atp_outcome_heads_t *heads;
} atp_outcomes_t;

/* The remembered outcome of `id`, or NULL. */
const atp_outcome_t *atp_outcomes_find(const atp_outcomes_t *outcomes, atp_fingerprint_t id);

/* Remembers an outcome; the oldest goes if need be. */
void atp_outcomes_add(atp_outcomes_t *outcomes, const atp_outcome_t *outcome);

/* True if the oldest outcome was issued before `before_ms`. */
bool atp_outcomes_has_before(const atp_outcomes_t *outcomes, int64_t before_ms);

/* Forgets up to `limit` of the oldest outcomes that were issued before `before_ms`. */
void atp_outcomes_forget_before(atp_outcomes_t *outcomes, int64_t before_ms, uint64_t limit);

/* The field in which `op` differs from the remembered content, when their digests differ. ATP_FIELD_ID when the
 * eight bits kept of that field agree by chance (1 of 256 such conflicts). ATP_FIELD_ISSUED means that nothing but the
 * issue time differs (wrong by chance in 1 of 65,536 conflicts). */
atp_field_t atp_outcomes_conflict(const atp_outcome_t *outcome, const atp_op_t *op);

void atp_outcomes_rebuild(atp_outcomes_t *outcomes);

#endif
