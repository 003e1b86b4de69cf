/* The rule book: what channels may not sell, what is held back from them, and what is counted for that.
 *
 *     tag       a mark that several SKUs share; what is said of a tag holds for each of them
 *     account   one channel by one SKU, one tag, or all SKUs: its rules, its place in a quota tree, and (by SKU) how many
 *               units the channel has reserved and allocated
 *     rule      what one op `rule` says of one account
 *     quota     a node of a tree over a SKU or a tag: the root names what it is for, the leaves name channels
 *
 * Named records stay, as those of the catalogue do: a rule or quota that was dropped keeps its name and counts for nothing.
 * Accounts stay too, so that readers may follow links and probe the indexes beside the writer.
 *
 * The tree     used      units reserved and allocated by the channels below
 *              held      what it keeps from the channels that are not below: max(guaranteed - used, what its children hold)
 *              limit     fixed: its amount; percent: that much of the parent's limit, rounded down; remainder: the parent's
 *                        limit less what its siblings claim (limit or guarantee, whichever is greater); else the parent's.
 *                        A root without an amount is limited by the stock there is and what it has in use
 *              spare     of a parent: its limit less what its children claim, or use beyond it
 *              left      limit - used; where it borrows, what is its own and what the parent has to spare. What a channel
 *                        may take is the least `left` on its way to the root
 *              period    with one, what is taken counts until the period ends, shipped or not; what is given back does not
 *
 * Threads     find_account, the quota functions up to "changing", the tags of a SKU: any; what they say is of one op if the
 *             stamp held (atp_ledger_stamp). All else: ledger thread.
 * Memory      64 bytes a tag, 112 a rule, 128 a quota, 32 an account, and their index entries; reserved at init.
 * Invariants  R1  the chain of an account has as many rules as it counts, by order, and each of them belongs to it.
 *             R2  an account of a SKU counts what the flagged reservations of its channel have of it: reserved, allocated,
 *                 pegged, backordered; of a kit also those that were put together, until their last component has left or is
 *                 given back (atp_ledger_kits_in_use).
 *             R3  used of a leaf is the sum over its accounts, of a parent the sum over its children; held likewise follows.
 *             R4  a quota is on the chain of its parent exactly once, at most ATP_QUOTA_LEVELS deep.
 *             R5  each account is found through the index. */
#ifndef ATP_LEDGER_RULEBOOK_H
#define ATP_LEDGER_RULEBOOK_H

#include "engine/base/atomics.h"
#include "engine/base/command.h"
#include "engine/base/text.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_TAGS_PER_SKU_MAX      6
#define ATP_RULES_PER_ACCOUNT_MAX 16
#define ATP_QUOTA_LEVELS          4
#define ATP_QUOTA_CHILDREN_MAX    256
#define ATP_NO_LIMIT              INT64_MAX

typedef enum atp_scope { ATP_SCOPE_SKU = 0, ATP_SCOPE_TAG = 1, ATP_SCOPE_ALL = 2 } atp_scope_t;

typedef struct atp_tag_record {
    uint32_t id_ref;
    uint32_t unused_ref;
    uint64_t hash;
    uint64_t created_op;
    _Atomic uint32_t quota; /* root of its tree, + 1 */
    uint32_t skus;          /* that have it */
    uint8_t scale;          /* of all of them; while it has none it has no scale */
    uint8_t unused[31];
} atp_tag_record_t;

typedef struct atp_rule_record {
    uint32_t id_ref;
    uint32_t unused_ref;
    uint64_t hash;
    uint64_t created_op;
    _Atomic uint32_t account;  /* + 1; 0 = dropped */
    _Atomic uint32_t next;     /* of the account's, rule + 1 */
    _Atomic int64_t buffer;    /* with its decimals below; 0 = none */
    _Atomic int64_t threshold; /* the same */
    _Atomic int64_t cap;       /* 0 = none */
    _Atomic uint8_t buffer_decimals;
    _Atomic uint8_t threshold_decimals;
    _Atomic uint8_t cap_decimals;
    _Atomic uint8_t buffer_percent;
    _Atomic uint8_t is_excluded;
    uint8_t unused;
    _Atomic uint16_t order;
    _Atomic int64_t low;       /* with its decimals below; 0 = none */
    _Atomic int64_t low_clear; /* the same; 0 = just above low */
    _Atomic uint8_t low_decimals;
    _Atomic uint8_t low_clear_decimals;
    _Atomic uint8_t minimum_decimals;
    _Atomic uint8_t maximum_decimals;
    _Atomic uint8_t increment_decimals;
    uint8_t unused_too[3];
    _Atomic int64_t minimum; /* of a line, each with its decimals above; 0 = none */
    _Atomic int64_t maximum;
    _Atomic int64_t increment;
} atp_rule_record_t;

typedef enum atp_quota_share {
    ATP_QUOTA_OPEN = 0, /* no limit of its own */
    ATP_QUOTA_FIXED = 1,
    ATP_QUOTA_PERCENT = 2,
    ATP_QUOTA_REMAINDER = 3
} atp_quota_share_t;

typedef struct atp_quota_record {
    uint32_t id_ref;
    uint32_t unused_ref;
    uint64_t hash;
    uint64_t created_op;
    _Atomic uint32_t parent; /* links: + 1; 0 = none */
    _Atomic uint32_t first_child;
    _Atomic uint32_t next; /* sibling */
    uint32_t subject;      /* SKU or tag */
    _Atomic int64_t guaranteed;
    _Atomic int64_t amount; /* fixed: units; percent: of a hundred */
    _Atomic int64_t used;
    _Atomic int64_t held;
    _Atomic int64_t children_held;
    _Atomic int64_t counted; /* in the period */
    _Atomic int64_t period_ms;
    _Atomic int64_t period_start_ms;
    uint16_t channel; /* of a leaf */
    uint16_t child_count;
    uint8_t scope; /* ATP_SCOPE_SKU or ATP_SCOPE_TAG */
    _Atomic uint8_t share;
    _Atomic uint8_t borrows;
    uint8_t is_leaf;
    uint8_t is_dropped;
    _Atomic uint8_t is_counting; /* of a root: a channel below it is being counted */
    uint8_t unused[14];
} atp_quota_record_t;

typedef struct atp_account {
    uint32_t subject; /* SKU or tag; 0 of all */
    uint16_t channel;
    uint8_t scope;
    uint8_t rule_count;
    _Atomic int64_t promised;    /* of a SKU: what the channel has promised and not shipped, here or not */
    _Atomic uint32_t first_rule; /* + 1 */
    _Atomic uint32_t quota;      /* its leaf, + 1 */
    _Atomic uint8_t level;       /* of a SKU: atp_level_t as it was told last; 0 = ok, or no rule says */
    uint8_t unused[7];
} atp_account_t;

_Static_assert(sizeof(atp_tag_record_t) == 64 && sizeof(atp_rule_record_t) == 112 &&
                   sizeof(atp_quota_record_t) == 128 && sizeof(atp_account_t) == 32,
               "stored: no padding");

/* Part of the root record. What channels with their first rule or quota have in use is counted reservation by reservation, so
 * many by one op, the rest by pulses. */
typedef struct atp_counting {
    uint32_t channels; /* being counted */
    uint32_t next;     /* reservations below it are counted */
} atp_counting_t;

typedef struct atp_rulebook {
    atp_table_t tags;
    atp_table_t rules;
    atp_table_t quotas;
    atp_table_t accounts;
    atp_index_t tag_index;
    atp_index_t rule_index;
    atp_index_t quota_index;
    atp_index_t account_index;
} atp_rulebook_t;

static inline atp_rule_record_t *atp_rule_at(const atp_rulebook_t *rulebook, uint32_t number)
{
    return atp_table_at(&rulebook->rules, number);
}

/* True if it says when its channel is low on what it is for, or out of it (levels.h). Thread: any. */
static inline bool atp_rule_has_levels(const atp_rule_record_t *rule)
{
    return atp_load_relaxed(&rule->low) > 0 || atp_load_relaxed(&rule->threshold) > 0;
}

static inline atp_quota_record_t *atp_quota_at(const atp_rulebook_t *rulebook, uint32_t number)
{
    return atp_table_at(&rulebook->quotas, number);
}

static inline atp_account_t *atp_account_at(const atp_rulebook_t *rulebook, uint32_t number)
{
    return atp_table_at(&rulebook->accounts, number);
}

static inline atp_tag_record_t *atp_tag_at(const atp_rulebook_t *rulebook, uint32_t number)
{
    return atp_table_at(&rulebook->tags, number);
}

/* The account, if there is one. Thread: any. */
bool atp_rulebook_find_account(const atp_rulebook_t *rulebook, uint16_t channel, atp_scope_t scope,
                               uint32_t subject, uint32_t *ret_account);

/* `mantissa` * 10^-decimals in a scale that may be coarser: rounded up or down, and at most ATP_QTY_MAX. */
atp_qty_t atp_rulebook_to_scale(atp_qty_t mantissa, uint8_t decimals, uint8_t scale, bool is_rounded_up);

/* ---- quotas. Thread: any ---- */

/* What the channel of `leaf` may still take. `stock`: what there is to sell of the SKU, of use where the root is open (of
 * a tag: ATP_NO_LIMIT). ATP_NO_LIMIT: nothing limits it; below 0: it has more than it may. *ret_told: what those leave that say
 * how much, themselves or above them; the others leave what there is, and say nothing of what is promised beyond it. */
atp_qty_t atp_quota_left(const atp_rulebook_t *rulebook, uint32_t leaf, atp_qty_t stock, int64_t now_ms,
                         atp_qty_t *ret_told);

/* What the tree of `root` keeps from a channel: the unused guarantees of all that is not on its way to the root.
 * `leaf`: the channel's, + 1; 0: it has none. */
atp_qty_t atp_quota_held_from(const atp_rulebook_t *rulebook, uint32_t root, uint32_t leaf);

/* ---- changing. Thread: ledger ---- */

/* The account, made if it is not there (room: asserted). */
uint32_t atp_rulebook_need_account(atp_rulebook_t *rulebook, uint16_t channel, atp_scope_t scope,
                                   uint32_t subject);

/* Books a change of what the leaf's channel has in use, on the leaf and all above it. `given_back`: how much of a fall
 * did not leave the house; it counts in a period only if it was taken in it: at `taken_ms`. */
void atp_quota_book(atp_rulebook_t *rulebook, uint32_t leaf, atp_qty_t change, atp_qty_t given_back,
                    int64_t taken_ms, int64_t now_ms);

/* The same without a period: a SKU that brings what is in use of it, or takes it along. */
void atp_quota_shift(atp_rulebook_t *rulebook, uint32_t leaf, atp_qty_t change);

/* Works out anew what a quota and those above it hold, after what it is guaranteed, or its children, changed. */
void atp_quota_refresh_held(atp_rulebook_t *rulebook, uint32_t quota);

/* Puts a quota at the end of its parent's children, or takes it from there; used moves with it. */
void atp_quota_link(atp_rulebook_t *rulebook, uint32_t quota, uint32_t parent);
void atp_quota_unlink(atp_rulebook_t *rulebook, uint32_t quota);

/* Puts a rule in its place among those of the account, or takes it out. There is room (asserted). */
void atp_rule_link(atp_rulebook_t *rulebook, uint32_t rule, uint32_t account);
void atp_rule_unlink(atp_rulebook_t *rulebook, uint32_t rule);

/* Builds the indexes from the tables. Before the threads start. */
void atp_rulebook_rebuild(atp_rulebook_t *rulebook);

#endif
