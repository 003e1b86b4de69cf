/* The arithmetic of quota trees: see rulebook.h. Every walk is bounded: ATP_QUOTA_LEVELS up, ATP_QUOTA_CHILDREN_MAX along. */
#include "engine/ledger/channels/rulebook.h"

static atp_qty_t greater(atp_qty_t a, atp_qty_t b)
{
    return a > b ? a : b;
}

static atp_qty_t lesser(atp_qty_t a, atp_qty_t b)
{
    return a < b ? a : b;
}

static uint32_t parent_of(const atp_rulebook_t *rulebook, uint32_t quota)
{
    return atp_load_relaxed(&atp_quota_at(rulebook, quota)->parent);
}

/* ---- limits ---- */

/* A quota and what the root above it has to give. */
typedef struct asked {
    const atp_rulebook_t *rulebook;
    atp_qty_t stock;
    int64_t now_ms;
} asked_t;

/* What a child takes off its parent's limit, whether it uses it or not. */
static atp_qty_t claim_of(const atp_quota_record_t *child, atp_qty_t parent_limit)
{
    atp_quota_record_t *self = (atp_quota_record_t *)child;
    atp_qty_t amount = atp_load_relaxed(&self->amount);
    atp_qty_t guaranteed = atp_load_relaxed(&self->guaranteed);

    switch ((atp_quota_share_t)atp_load_relaxed(&self->share)) {
    case ATP_QUOTA_FIXED:
        return greater(amount, guaranteed);
    case ATP_QUOTA_PERCENT:
        return greater((atp_qty_t)((atp_u128_t)parent_limit * (atp_u128_t)amount / 100), guaranteed);
    case ATP_QUOTA_REMAINDER:
    case ATP_QUOTA_OPEN:
        break;
    }
    return guaranteed;
}

/* The claims of all children but `except` (+ 1; 0: of all). */
static atp_qty_t claims_of(const asked_t *asked, uint32_t parent, uint32_t except, atp_qty_t parent_limit)
{
    uint32_t at = atp_load_relaxed(&atp_quota_at(asked->rulebook, parent)->first_child);
    atp_qty_t sum = 0;

    for (unsigned i = 0; at != 0 && i < ATP_QUOTA_CHILDREN_MAX; i++) {
        atp_quota_record_t *child = atp_quota_at(asked->rulebook, at - 1);
        sum += at != except ? claim_of(child, parent_limit) : 0;
        at = atp_load_relaxed(&child->next);
    }
    return sum;
}

/* The limit of a quota; ATP_NO_LIMIT where nothing limits it. */
static atp_qty_t limit_of(const asked_t *asked, uint32_t quota, unsigned levels)
{
    atp_quota_record_t *record = atp_quota_at(asked->rulebook, quota);
    uint32_t parent = atp_load_relaxed(&record->parent);
    atp_quota_share_t share = (atp_quota_share_t)atp_load_relaxed(&record->share);
    atp_qty_t amount = atp_load_relaxed(&record->amount);

    if (share == ATP_QUOTA_FIXED) {
        return amount;
    }
    if (levels == 0) {
        return ATP_NO_LIMIT;
    }
    atp_qty_t above = parent != 0                    ? limit_of(asked, parent - 1, levels - 1)
                      : asked->stock == ATP_NO_LIMIT ? ATP_NO_LIMIT
                                                     : asked->stock + atp_load_relaxed(&record->used);
    if (share == ATP_QUOTA_OPEN || above == ATP_NO_LIMIT) {
        return above;
    }
    if (share == ATP_QUOTA_PERCENT) {
        return (atp_qty_t)((atp_u128_t)above * (atp_u128_t)amount / 100);
    }
    return greater(0, above - claims_of(asked, parent - 1, quota + 1, above));
}

static atp_qty_t beyond(const asked_t *asked, uint32_t quota, atp_qty_t parent_limit, unsigned levels);

/* What the children of a limited quota have beyond their claims. */
static atp_qty_t beyond_of_children(const asked_t *asked, uint32_t parent, atp_qty_t limit, unsigned levels)
{
    uint32_t at = atp_load_relaxed(&atp_quota_at(asked->rulebook, parent)->first_child);
    atp_qty_t sum = 0;

    for (unsigned i = 0; at != 0 && i < ATP_QUOTA_CHILDREN_MAX; i++) {
        sum += beyond(asked, at - 1, limit, levels);
        at = atp_load_relaxed(&atp_quota_at(asked->rulebook, at - 1)->next);
    }
    return sum;
}

/* What a quota has in use beyond its claim: of a leaf simply that; of a parent what its children borrowed that was not its
 * own to spare. */
static atp_qty_t beyond(const asked_t *asked, uint32_t quota, atp_qty_t parent_limit, unsigned levels)
{
    atp_quota_record_t *record = atp_quota_at(asked->rulebook, quota);

    if (atp_load_relaxed(&record->first_child) == 0 || atp_load_relaxed(&record->share) == ATP_QUOTA_OPEN ||
        levels == 0) {
        return greater(0, atp_load_relaxed(&record->used) - claim_of(record, parent_limit));
    }
    atp_qty_t limit = limit_of(asked, quota, levels);
    atp_qty_t own = greater(0, limit - claims_of(asked, quota, 0, limit));
    return greater(0, beyond_of_children(asked, quota, limit, levels - 1) - own);
}

/* What a parent, and by its leave those above it, has to spare. */
static atp_qty_t spare_of(const asked_t *asked, uint32_t parent, unsigned levels)
{
    atp_qty_t limit = limit_of(asked, parent, levels);
    uint32_t above = parent_of(asked->rulebook, parent);

    if (limit == ATP_NO_LIMIT || levels == 0) {
        return limit;
    }
    atp_qty_t spare = greater(0, limit - claims_of(asked, parent, 0, limit) -
                                     beyond_of_children(asked, parent, limit, levels - 1));
    if (above != 0 && atp_load_relaxed(&atp_quota_at(asked->rulebook, parent)->borrows)) {
        atp_qty_t more = spare_of(asked, above - 1, levels - 1);
        return more == ATP_NO_LIMIT ? more : spare + more;
    }
    return spare;
}

/* What is in use, or in a period: what was taken in the one that is now. */
static atp_qty_t counted_of(const atp_quota_record_t *record, int64_t now_ms)
{
    atp_quota_record_t *self = (atp_quota_record_t *)record;
    int64_t period_ms = atp_load_relaxed(&self->period_ms);

    if (period_ms == 0) {
        return atp_load_relaxed(&self->used);
    }
    return now_ms < atp_load_relaxed(&self->period_start_ms) + period_ms ? atp_load_relaxed(&self->counted)
                                                                         : 0;
}

static atp_qty_t left_of(const asked_t *asked, uint32_t quota)
{
    atp_quota_record_t *record = atp_quota_at(asked->rulebook, quota);
    uint32_t parent = atp_load_relaxed(&record->parent);
    atp_qty_t limit = limit_of(asked, quota, ATP_QUOTA_LEVELS);

    if (limit == ATP_NO_LIMIT) {
        return limit;
    }
    atp_qty_t left = limit - counted_of(record, asked->now_ms);
    if (parent != 0 && atp_load_relaxed(&record->borrows)) {
        atp_qty_t spare = spare_of(asked, parent - 1, ATP_QUOTA_LEVELS);
        return spare == ATP_NO_LIMIT ? spare : greater(left, 0) + spare;
    }
    return left;
}

atp_qty_t atp_quota_left(const atp_rulebook_t *rulebook, uint32_t leaf, atp_qty_t stock, int64_t now_ms,
                         atp_qty_t *ret_told)
{
    asked_t asked = {rulebook, stock, now_ms};
    atp_qty_t least = ATP_NO_LIMIT;
    atp_qty_t kept = 0; /* for those beside the way up */
    uint32_t at = leaf + 1;

    *ret_told = ATP_NO_LIMIT;
    for (unsigned i = 0; at != 0 && i < ATP_QUOTA_LEVELS; i++) {
        atp_quota_record_t *record = atp_quota_at(rulebook, at - 1);
        atp_qty_t left = left_of(&asked, at - 1);
        least = left == ATP_NO_LIMIT ? least : lesser(least, left - kept);
        *ret_told = atp_load_relaxed(&record->share) == ATP_QUOTA_OPEN ? *ret_told : least;
        at = atp_load_relaxed(&record->parent);
        if (at != 0) {
            kept += atp_load_relaxed(&atp_quota_at(rulebook, at - 1)->children_held) -
                    atp_load_relaxed(&record->held);
        }
    }
    return least;
}

/* ---- guarantees ---- */

atp_qty_t atp_quota_held_from(const atp_rulebook_t *rulebook, uint32_t root, uint32_t leaf)
{
    atp_qty_t sum = 0;

    if (leaf == 0) {
        return atp_load_relaxed(&atp_quota_at(rulebook, root)->held);
    }
    for (unsigned i = 0; i < ATP_QUOTA_LEVELS; i++) {
        atp_quota_record_t *record = atp_quota_at(rulebook, leaf - 1);
        uint32_t parent = atp_load_relaxed(&record->parent);
        if (parent == 0) {
            break;
        }
        sum += atp_load_relaxed(&atp_quota_at(rulebook, parent - 1)->children_held) -
               atp_load_relaxed(&record->held);
        leaf = parent;
    }
    return sum;
}

void atp_quota_refresh_held(atp_rulebook_t *rulebook, uint32_t quota)
{
    uint32_t at = quota + 1;

    for (unsigned i = 0; at != 0 && i < ATP_QUOTA_LEVELS; i++) {
        atp_quota_record_t *record = atp_table_change(&rulebook->quotas, at - 1);
        atp_qty_t unused = atp_load_relaxed(&record->guaranteed) - atp_load_relaxed(&record->used);
        atp_qty_t held = greater(greater(0, unused), atp_load_relaxed(&record->children_held));
        atp_qty_t change = held - atp_load_relaxed(&record->held);
        atp_store_relaxed(&record->held, held);
        at = atp_load_relaxed(&record->parent);
        if (at != 0 && change != 0) {
            atp_quota_record_t *parent = atp_table_change(&rulebook->quotas, at - 1);
            atp_store_relaxed(&parent->children_held, atp_load_relaxed(&parent->children_held) + change);
        }
    }
}

/* ---- booking ---- */

static void count_in_period(atp_quota_record_t *record, atp_qty_t change, atp_qty_t given_back,
                            int64_t taken_ms, int64_t now_ms)
{
    int64_t period_ms = atp_load_relaxed(&record->period_ms);
    int64_t start_ms = atp_load_relaxed(&record->period_start_ms);
    atp_qty_t counted = atp_load_relaxed(&record->counted);

    if (period_ms == 0) {
        return;
    }
    if (now_ms >= start_ms + period_ms) {
        start_ms += (now_ms - start_ms) / period_ms * period_ms;
        counted = 0;
    }
    if (change > 0) {
        counted += change;
    } else if (taken_ms >= start_ms) {
        counted = greater(0, counted - given_back);
    }
    atp_store_relaxed(&record->period_start_ms, start_ms);
    atp_store_relaxed(&record->counted, counted);
}

void atp_quota_book(atp_rulebook_t *rulebook, uint32_t leaf, atp_qty_t change, atp_qty_t given_back,
                    int64_t taken_ms, int64_t now_ms)
{
    uint32_t at = leaf + 1;

    for (unsigned i = 0; at != 0 && i < ATP_QUOTA_LEVELS; i++) {
        atp_quota_record_t *record = atp_table_change(&rulebook->quotas, at - 1);
        atp_store_relaxed(&record->used, atp_load_relaxed(&record->used) + change);
        count_in_period(record, change, given_back, taken_ms, now_ms);
        at = atp_load_relaxed(&record->parent);
    }
    atp_quota_refresh_held(rulebook, leaf);
}

/* ---- the tree ---- */

/* Adds `change` to what `quota` and all above it use. */
static void add_used(atp_rulebook_t *rulebook, uint32_t quota, atp_qty_t change)
{
    uint32_t at = quota + 1;

    for (unsigned i = 0; at != 0 && i < ATP_QUOTA_LEVELS; i++) {
        atp_quota_record_t *record = atp_table_change(&rulebook->quotas, at - 1);
        atp_store_relaxed(&record->used, atp_load_relaxed(&record->used) + change);
        at = atp_load_relaxed(&record->parent);
    }
}

void atp_quota_shift(atp_rulebook_t *rulebook, uint32_t leaf, atp_qty_t change)
{
    add_used(rulebook, leaf, change);
    atp_quota_refresh_held(rulebook, leaf);
}

static _Atomic uint32_t *child_place(atp_rulebook_t *rulebook, atp_quota_record_t *parent, uint32_t quota)
{
    _Atomic uint32_t *link = &parent->first_child;

    for (unsigned i = 0; i < ATP_QUOTA_CHILDREN_MAX; i++) {
        uint32_t at = atp_load_relaxed(link);
        if (at == 0 || at == quota + 1) {
            break;
        }
        atp_quota_record_t *sibling = atp_table_change(&rulebook->quotas, at - 1);
        link = &sibling->next;
    }
    return link;
}

void atp_quota_link(atp_rulebook_t *rulebook, uint32_t quota, uint32_t parent)
{
    atp_quota_record_t *record = atp_table_change(&rulebook->quotas, quota);
    atp_quota_record_t *above = atp_table_change(&rulebook->quotas, parent);

    ATP_ASSERT(above->child_count < ATP_QUOTA_CHILDREN_MAX && atp_load_relaxed(&record->parent) == 0);
    atp_store_relaxed(child_place(rulebook, above, quota), quota + 1);
    above->child_count++;
    atp_store_relaxed(&record->parent, parent + 1);
    atp_store_relaxed(&above->children_held,
                      atp_load_relaxed(&above->children_held) + atp_load_relaxed(&record->held));
    add_used(rulebook, parent, atp_load_relaxed(&record->used));
    atp_quota_refresh_held(rulebook, parent);
}

void atp_quota_unlink(atp_rulebook_t *rulebook, uint32_t quota)
{
    atp_quota_record_t *record = atp_table_change(&rulebook->quotas, quota);
    uint32_t parent = atp_load_relaxed(&record->parent) - 1;
    atp_quota_record_t *above = atp_table_change(&rulebook->quotas, parent);
    _Atomic uint32_t *link = child_place(rulebook, above, quota);

    ATP_ASSERT(atp_load_relaxed(link) == quota + 1); /* R4 */
    atp_store_relaxed(link, atp_load_relaxed(&record->next));
    above->child_count--;
    atp_store_relaxed(&record->next, 0u);
    atp_store_relaxed(&record->parent, 0u);
    atp_store_relaxed(&above->children_held,
                      atp_load_relaxed(&above->children_held) - atp_load_relaxed(&record->held));
    add_used(rulebook, parent, -atp_load_relaxed(&record->used));
    atp_quota_refresh_held(rulebook, parent);
}
