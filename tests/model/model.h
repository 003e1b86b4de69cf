/* The reference model: what the ledger has to answer, written as plainly as it can be.
 *
 * Arrays, loops over all of them, no index, no tree, no wheel: what is reserved at a position is the sum over all
 * lines of all reservations, and what is due expires at once, everywhere. It shares no code with the ledger but the
 * types of engine/base.
 *
 * Two things it is told rather than works out, because they follow from the order in which the ledger gets to its
 * work and not from what was promised: which ended reservations had to make room (model_forget), and whether the
 * tables of reservations or of strings were full (told_full; the caller looks at the ledger whether that is so). */
#ifndef ATP_TESTS_MODEL_MODEL_H
#define ATP_TESTS_MODEL_MODEL_H

#include "engine/base/command.h"
#include "engine/ledger/config.h"

#include <stdbool.h>
#include <stdint.h>

#define MODEL_LINES_MAX 16

typedef struct model_text {
    uint32_t size;
    char bytes[300]; /* longer than any name may be */
} model_text_t;

typedef struct model_id {
    uint32_t size;
    char bytes[76]; /* longer than any id may be */
} model_id_t;

typedef struct model_request_line {
    model_id_t sku;
    model_id_t node;
    atp_qty_t mantissa;
    uint8_t decimals;
} model_request_line_t;

/* A command with its own memory. */
typedef struct model_request {
    atp_op_kind_t kind;
    bool is_fact;
    uint8_t option;
    uint8_t reason;
    model_id_t id;
    int64_t issued_ms;
    model_id_t reservation;
    model_id_t channel;
    model_id_t owner;
    model_text_t name;
    int64_t ttl_ms;
    uint32_t line_count;
    model_request_line_t lines[MODEL_LINES_MAX];
} model_request_t;

typedef struct model_sku {
    model_id_t id;
    model_text_t name;
    uint8_t scale;
} model_sku_t;

typedef struct model_node {
    model_id_t id;
    model_text_t name;
    atp_node_state_t state;
} model_node_t;

typedef struct model_channel {
    model_id_t id;
    int64_t ttl_ms;
} model_channel_t;

typedef struct model_source {
    model_id_t id;
    uint64_t epoch;
    uint64_t low; /* lowest number neither applied nor lost */
    uint64_t high;
    uint64_t lost;
    uint32_t seen_count;
    uint64_t seen[1100]; /* numbers applied, from low on */
} model_source_t;

typedef struct model_position {
    uint32_t sku;
    uint32_t node;
    atp_qty_t on_hand;
    atp_qty_t unavailable;
    atp_qty_t safety;
    bool was_told; /* an exception told that it is over-committed, and it still is */
} model_position_t;

/* What became of units that are gone. */
typedef enum model_end { MODEL_NOT_ENDED, MODEL_RELEASED, MODEL_EXPIRED, MODEL_CANCELLED } model_end_t;

typedef struct model_line {
    uint32_t sku;
    uint32_t node;
    atp_qty_t granted;
    atp_qty_t reserved;
    atp_qty_t allocated;
    atp_qty_t shipped;
    model_end_t ended_as;
} model_line_t;

typedef struct model_reservation {
    model_id_t id;
    model_id_t owner;
    uint32_t channel;
    int64_t created_ms;
    int64_t deadline_ms;
    uint64_t version;  /* the op that granted it */
    uint64_t ended_op; /* the op that ended it; 0: it has not ended, or it expired */
    uint32_t line_count;
    model_line_t lines[MODEL_LINES_MAX];
} model_reservation_t;

typedef struct model_outcome {
    model_id_t client; /* whose id it is; empty: a reservation's, which all share */
    uint32_t client_number;
    model_request_t request;
    atp_result_t result;
} model_outcome_t;

typedef struct model_hit {
    model_id_t reservation;
    uint64_t version;
} model_hit_t;

#define MODEL_HITS_MAX 1024

typedef struct model_exception {
    unsigned kind;
    unsigned verdict;
    unsigned op_kind;
    atp_qty_t qty;
    unsigned scale;
    uint32_t source; /* number + 1; 0 = none */
    model_id_t sku;
    model_id_t node;
    uint32_t hit_count;
    model_hit_t hits[MODEL_HITS_MAX]; /* all that are hit, in no order */
} model_exception_t;

#define MODEL_EXCEPTIONS_PER_OP_MAX (2 * MODEL_LINES_MAX)

typedef struct model_answer {
    bool took_op;
    atp_result_t result;
    atp_grant_t grants[MODEL_LINES_MAX];
    bool may_be_full;               /* a reserve that is granted, unless the ledger has no room for it */
    model_outcome_t *conflict_with; /* the outcome whose id was used again */
} model_answer_t;

typedef struct model {
    atp_ledger_config_t config;
    uint64_t op;
    int64_t time_ms;
    int64_t floor_ms;

    uint32_t sku_count, node_count, channel_count, client_count, source_count;
    uint32_t position_count, reservation_count, outcome_count;
    model_sku_t *skus;
    model_node_t *nodes;
    model_channel_t *channels;
    model_id_t *clients;
    model_source_t *sources;
    model_position_t *positions;
    model_reservation_t *reservations; /* in no order */
    model_outcome_t *outcomes;         /* oldest first */
    model_id_t *archived;              /* of which something had left; none of them goes */
    uint32_t archived_count;

    /* the frame */
    uint32_t frame_client;
    uint32_t frame_source;
    unsigned frame_skip;

    /* RESERVATIONS_FULL or STRINGS_FULL: the ledger had no room for the op to come. What would be granted or added is
     * refused with it. */
    atp_verdict_t told_full;

    /* of the op being applied */
    int64_t now_ms;
    bool in_source;
    uint64_t exception_count; /* ever */
    uint32_t raised_count;    /* by this op */
    model_exception_t *raised;
} model_t;

/* ---- model.c ---- */

model_t *model_create(const atp_ledger_config_t *config, int64_t now_ms);
void model_destroy(model_t *model);

model_id_t model_id_of(const char *zero_terminated);
bool model_id_equal(const model_id_t *a, const model_id_t *b);

/* One op each. `client`: who asks; ignored for facts of a batch. */
void model_do(model_t *model, const model_request_t *request, const model_id_t *client, bool in_source,
              int64_t now_ms, model_answer_t *ret_answer);
void model_client(model_t *model, const model_id_t *client, int64_t now_ms, model_answer_t *ret_answer);

/* Of a batch of facts. */
typedef struct model_numbers {
    uint64_t epoch;
    uint64_t sequence;
    uint64_t kept_from; /* 0 = its source keeps nothing */
    uint64_t after;
} model_numbers_t;

/* applied: it is new. */
atp_verdict_t model_look_at_batch(const model_source_t *source, const model_numbers_t *numbers);
/* Notes a new number; returns how many will never be seen. */
uint64_t model_accept_batch(model_source_t *source, const model_numbers_t *numbers);
void model_batch(model_t *model, const model_id_t *source, const model_numbers_t *numbers, int64_t now_ms,
                 model_answer_t *ret_answer);
void model_pulse(model_t *model, uint64_t limit, int64_t now_ms, model_answer_t *ret_answer);
void model_settle(model_t *model, uint32_t sku, int64_t now_ms, model_answer_t *ret_answer);
void model_configure(model_t *model, const atp_ledger_config_t *config, int64_t now_ms,
                     model_answer_t *ret_answer);
void model_end_frame(model_t *model);

/* The ledger has forgotten this ended reservation to make room. */
void model_forget(model_t *model, uint32_t reservation);

/* ---- questions ---- */

#define MODEL_NONE UINT32_MAX

uint32_t model_find_sku(const model_t *model, const model_id_t *id);
uint32_t model_find_node(const model_t *model, const model_id_t *id);
uint32_t model_find_channel(const model_t *model, const model_id_t *id);
uint32_t model_find_client(const model_t *model, const model_id_t *id);
uint32_t model_find_source(const model_t *model, const model_id_t *id);
uint32_t model_find_position(const model_t *model, uint32_t sku, uint32_t node);
uint32_t model_find_reservation(const model_t *model, const model_id_t *id);

atp_qty_t model_reserved_at(const model_t *model, uint32_t sku, uint32_t node);
atp_qty_t model_allocated_at(const model_t *model, uint32_t sku, uint32_t node);
bool model_is_live(const model_reservation_t *reservation);

/* ---- between the files model_*.c ---- */

/* Notes a refusal. */
void model_refuse(model_answer_t *answer, atp_verdict_t verdict, atp_field_t field, uint32_t line);
/* The form of a request, as the encoder has to judge it. */
bool model_is_well_formed(const model_request_t *request, bool in_source, model_answer_t *answer);
/* All that is due now expires. */
void model_expire(model_t *model);
/* Brings was_told of a position up to date: forgets it once it is mended. */
void model_look_mended(model_t *model, uint32_t position);

typedef struct model_resolved {
    uint32_t sku;
    uint32_t node;
    uint32_t position; /* MODEL_NONE if there is none */
    uint8_t scale;
    atp_qty_t qty;
} model_resolved_t;
bool model_resolve(const model_t *model, const model_request_t *request, uint32_t line,
                   model_resolved_t *ret_resolved, model_answer_t *answer);
/* POSITIONS_FULL if the missing positions of `lines` do not all fit. */
bool model_has_room(const model_t *model, const model_resolved_t *lines, uint32_t count,
                    model_answer_t *answer);
uint32_t model_need_position(model_t *model, uint32_t sku, uint32_t node);

void model_reserve(model_t *model, const model_request_t *request, uint32_t client, model_answer_t *answer);
void model_extend(model_t *model, const model_request_t *request, model_answer_t *answer);
void model_step(model_t *model, const model_request_t *request, model_answer_t *answer);
void model_ship_fact(model_t *model, const model_request_t *request, model_answer_t *answer);
void model_stock(model_t *model, const model_request_t *request, model_answer_t *answer);
void model_safety(model_t *model, const model_request_t *request, model_answer_t *answer);

/* Raises an exception for a position, or (MODEL_NONE) for what the request names. */
model_exception_t *model_raise(model_t *model, unsigned kind, unsigned op_kind, uint32_t position,
                               atp_qty_t qty);
void model_raise_if_over_committed(model_t *model, unsigned op_kind, uint32_t position);

/* Exactly to `scale`, or an answer why not. */
bool model_rescale(atp_qty_t mantissa, uint8_t decimals, uint8_t scale, uint32_t line, atp_qty_t *ret_qty,
                   model_answer_t *answer);

#endif
