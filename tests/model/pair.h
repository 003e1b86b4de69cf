/* The ledger and the model side by side: the same op to both, and every answer and all state compared. */
#ifndef ATP_TESTS_MODEL_PAIR_H
#define ATP_TESTS_MODEL_PAIR_H

#include "tests/model/generator.h"

#include "engine/ledger/ledger.h"

typedef struct pair_reach {
    uint64_t verdicts[ATP_OP_KIND_LIMIT][ATP_VERDICT_LIMIT];
    uint64_t questions[ATP_VERDICT_LIMIT];
    uint64_t exceptions[ATP_EXCEPTION_KIND_LIMIT];
    uint64_t repeats;
    uint64_t conflicts;
    uint64_t conflicts_named_otherwise; /* the eight bits kept of a field agreed by chance */
    uint64_t evictions;
    uint64_t named_records;
    uint64_t ops;
} pair_reach_t;

typedef struct pair {
    atp_ledger_t *ledger;
    atp_ledger_t *blind; /* a ledger that knows no names: what it encodes carries all names as text */
    model_t *model;
    generator_t generator;
    pair_reach_t *reach; /* summed up over pairs; borrowed */
    void *record;
    atp_grant_t *grants;
    /* every record that took an op is given here, when it is set */
    void (*journal)(void *context, const atp_op_t *op, int64_t now_ms, const atp_result_t *result);
    void (*journal_frame_end)(void *context);
    void *journal_context;
} pair_t;

pair_t *pair_create(uint64_t seed, pair_reach_t *reach);
void pair_destroy(pair_t *pair);

/* One thing the generator thinks of, to both; asserts that the answers are the same. */
void pair_step(pair_t *pair);

/* Asserts that ledger and model say the same of everything. */
void pair_compare(pair_t *pair);

/* Asserts that atp_ledger_check finds nothing. */
void pair_check(const pair_t *pair);

#endif
