/* Random requests that meet: few names, few ids, all kinds, all ways to be wrong.
 *
 * What comes is decided by the seed alone (and by the model's state, which the seed decides as well). */
#ifndef ATP_TESTS_MODEL_GENERATOR_H
#define ATP_TESTS_MODEL_GENERATOR_H

#include "tests/model/model.h"

#define GENERATOR_HISTORY 64

typedef enum generated_kind {
    GENERATED_REQUEST,
    GENERATED_BATCH,
    GENERATED_PULSE,
    GENERATED_SETTLE,
    GENERATED_CONFIGURE,
    GENERATED_END_FRAME,
    GENERATED_QUESTION /* the outcome of an id */
} generated_kind_t;

typedef struct generated {
    generated_kind_t kind;
    model_request_t request; /* of a request; of a question: its kind and id */
    model_id_t client;
    bool in_source;
    model_id_t source;
    model_numbers_t numbers; /* of a batch */
    uint64_t limit;          /* of a pulse */
    uint32_t sku;            /* of settle */
    uint32_t node;
    atp_ledger_config_t config;
} generated_t;

typedef struct generator {
    uint64_t state;
    int64_t now_ms;
    bool is_tiny;         /* small tables: everything gets full */
    bool has_few_strings; /* the table of strings gets full */
    uint32_t next_request;
    uint32_t next_reservation;
    uint32_t facts_left; /* of the batch opened last */
    uint32_t history_count;
    struct {
        model_request_t request;
        model_id_t client;
    } history[GENERATOR_HISTORY];
} generator_t;

/* The configuration of one run, decided by the seed. */
atp_ledger_config_t generator_config(generator_t *generator, uint64_t seed);

/* The next thing to do; moves generator->now_ms. */
void generator_next(generator_t *generator, const model_t *model, generated_t *ret_generated);

#endif
