/* The channel model: what a channel sees and gets, written as plainly as docs/domain.md says it.
 *
 * Everything is worked out anew from the reservations and the stock each time it is asked for: no account, no counter, no
 * link. It shares no code with the ledger but the names of verdicts. */
#ifndef ATP_TESTS_MODEL_MODEL_CHANNELS_H
#define ATP_TESTS_MODEL_MODEL_CHANNELS_H

#include "engine/base/qty.h"
#include "engine/base/verdict.h"

#include <stdbool.h>
#include <stdint.h>

enum { CM_SKUS = 3, CM_NODES = 4, CM_CHANNELS = 4, CM_TAGS = 2, CM_RULES = 8, CM_QUOTAS = 10, CM_LINES = 2 };
#define CM_RESERVATIONS 4000
#define CM_NO_LIMIT     INT64_MAX

typedef enum cm_scope { CM_SKU, CM_TAG, CM_ALL } cm_scope_t;
typedef enum cm_share { CM_OPEN, CM_FIXED, CM_PERCENT, CM_REMAINDER } cm_share_t;

typedef struct cm_rule {
    bool stands;
    int channel;
    cm_scope_t scope;
    int subject;
    atp_qty_t buffer, percent, threshold, cap, low, low_clear;
    atp_qty_t minimum, maximum, increment; /* of a line; 0 = none */
    bool is_excluded;
    int order;
    int age; /* rules of one order count by the op that made them first */
} cm_rule_t;

typedef struct cm_quota {
    bool stands;
    int parent; /* -1: a root */
    cm_scope_t scope;
    int subject;
    int channel; /* -1: no leaf */
    cm_share_t share;
    atp_qty_t amount, guaranteed;
    bool borrows;
} cm_quota_t;

typedef struct cm_line {
    int sku, node;
    atp_qty_t reserved, allocated;
} cm_line_t;

typedef struct cm_reservation {
    int channel;
    int64_t deadline_ms;
    int line_count;
    cm_line_t lines[CM_LINES];
} cm_reservation_t;

typedef struct cm_channel {
    bool is_paused, is_first_match, may_re_source;
    int group; /* bits of nodes; 0: all */
} cm_channel_t;

typedef struct cm_model {
    atp_qty_t on_hand[CM_SKUS][CM_NODES];
    bool is_closed[CM_NODES];
    bool has_tag[CM_SKUS][CM_TAGS];
    bool is_tag_known[CM_TAGS];
    cm_channel_t channels[CM_CHANNELS];
    cm_rule_t rules[CM_RULES];
    cm_quota_t quotas[CM_QUOTAS];
    int reservation_count;
    cm_reservation_t reservations[CM_RESERVATIONS];
} cm_model_t;

typedef struct cm_view {
    atp_qty_t available, stock, short_units, held, consumed, buffer, threshold, quota_left, cap;
} cm_view_t;

/* What earlier lines of the op take. */
typedef struct cm_taken {
    int count;
    cm_line_t lines[CM_LINES];
} cm_taken_t;

void cm_expire(cm_model_t *model, int64_t now_ms);
cm_view_t cm_view(const cm_model_t *model, int channel, int sku, const cm_taken_t *taken);

/* Decides a reserve; on success it is added. The verdict, and what each line was granted. */
atp_verdict_t cm_reserve(cm_model_t *model, int channel, bool is_partial, int line_count,
                         const cm_line_t *wanted, int64_t deadline_ms, atp_qty_t *ret_granted);

/* The level of a channel on a SKU after what it was: 0 no rule says, 1 ok, 2 low, 3 out. */
int cm_level(const cm_model_t *model, int channel, int sku, int before);

/* True if there is a quantity that a line may have by the rule. */
bool cm_allows_any(const cm_rule_t *rule);

/* Puts or drops; the verdict. */
atp_verdict_t cm_put_quota(cm_model_t *model, int id, const cm_quota_t *told);
atp_verdict_t cm_drop_quota(cm_model_t *model, int id);

#endif
