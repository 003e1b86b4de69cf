/* The op `quota`: a node of a tree, put, changed or dropped. Where it stands is for good, until it is dropped. */
#include "engine/ledger/channels/ledger_rules.h"

#include "engine/base/attribute.h"

#include <string.h>

/* What the op wants the quota to be. */
typedef struct wanted_quota {
    target_t target; /* its own subject, or that of its parent */
    uint32_t parent; /* + 1 */
    atp_quota_share_t share;
    atp_qty_t amount; /* of the share */
    atp_qty_t guaranteed;
    int64_t period_ms;
    bool borrows;
} wanted_quota_t;

static bool find_quota(const atp_ledger_t *ledger, atp_text_t id, uint64_t hash, uint32_t *ret_quota)
{
    atp_index_probe_t probe = atp_index_probe(&ledger->rulebook.quota_index, hash);

    while (atp_index_next(&probe, ret_quota)) {
        const atp_quota_record_t *record = atp_quota_at(&ledger->rulebook, *ret_quota);
        if (record->hash == hash &&
            atp_text_equal(atp_strings_get(&ledger->catalog.strings, record->id_ref), id)) {
            return true;
        }
    }
    return false;
}

/* ---- what is wanted ---- */

/* `key`: the attribute to blame. */
static atp_verdict_t invalid(apply_t *apply, unsigned key)
{
    return atp_ledger_refuse_key(apply, ATP_RULE_INVALID, key, 0);
}

/* The parent that the op names, and that its subject is the quota's. */
static atp_verdict_t take_parent(apply_t *apply, wanted_quota_t *wanted)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, ATP_KEY_PARENT, ATP_WHOLE_OP);
    bool has_subject = wanted->target.scope != ATP_SCOPE_ALL;
    uint32_t parent;

    if ((attribute == NULL) != has_subject) {
        return invalid(apply, ATP_KEY_PARENT); /* a root says what it is for, all others have it from above */
    }
    if (attribute == NULL) {
        return ATP_APPLIED;
    }
    atp_text_t name = atp_op_attribute_text(apply->op, attribute);
    if (!find_quota(ledger, name, atp_hash_text(name, atp_ledger_seed(ledger)), &parent) ||
        atp_quota_at(&ledger->rulebook, parent)->is_dropped) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_RULE, ATP_KEY_PARENT, 0);
    }
    const atp_quota_record_t *record = atp_quota_at(&ledger->rulebook, parent);
    wanted->parent = parent + 1;
    wanted->target.scope = (atp_scope_t)record->scope;
    wanted->target.subject = record->subject;
    return record->is_leaf ? invalid(apply, ATP_KEY_PARENT) : ATP_APPLIED;
}

static uint8_t scale_of(const atp_ledger_t *ledger, const target_t *target)
{
    return target->scope == ATP_SCOPE_SKU ? atp_positions_scale(&ledger->positions, target->subject)
                                          : atp_tag_at(&ledger->rulebook, target->subject)->scale;
}

static atp_verdict_t take_share(apply_t *apply, wanted_quota_t *wanted)
{
    uint8_t scale = scale_of(apply->ledger, &wanted->target);
    bool is_fixed = atp_op_attribute(apply->op, ATP_KEY_AMOUNT, ATP_WHOLE_OP) != NULL;
    int64_t percent = atp_ledger_attribute_number(apply, ATP_KEY_PERCENT, -1);
    bool is_remainder = atp_ledger_attribute_number(apply, ATP_KEY_REMAINDER, 0) != 0;

    atp_verdict_t verdict = atp_ledger_attribute_qty(apply, ATP_KEY_GUARANTEED, scale, &wanted->guaranteed);
    verdict = verdict == ATP_APPLIED ? atp_ledger_attribute_qty(apply, ATP_KEY_AMOUNT, scale, &wanted->amount)
                                     : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    wanted->share = is_fixed       ? ATP_QUOTA_FIXED
                    : percent >= 0 ? ATP_QUOTA_PERCENT
                    : is_remainder ? ATP_QUOTA_REMAINDER
                                   : ATP_QUOTA_OPEN;
    wanted->amount = percent >= 0 ? percent : wanted->amount;
    wanted->borrows = atp_ledger_attribute_number(apply, ATP_KEY_BORROWS, 0) != 0;
    wanted->period_ms = atp_ledger_attribute_number(apply, ATP_KEY_PERIOD, 0);
    bool is_root = wanted->parent == 0;
    if (is_fixed + (percent >= 0) + is_remainder > 1 || (is_root && (is_remainder || wanted->borrows)) ||
        (is_root && percent >= 0 && wanted->target.scope == ATP_SCOPE_TAG)) {
        return invalid(apply, is_root && wanted->borrows ? ATP_KEY_BORROWS
                              : is_remainder             ? ATP_KEY_REMAINDER
                                                         : ATP_KEY_PERCENT);
    }
    return ATP_APPLIED;
}

static atp_verdict_t take_quota(apply_t *apply, wanted_quota_t *wanted)
{
    memset(wanted, 0, sizeof *wanted);
    atp_verdict_t verdict = atp_ledger_find_target(apply, &wanted->target);
    if (verdict == ATP_APPLIED && wanted->target.new_tag.size > 0) {
        return invalid(apply, ATP_KEY_TAG); /* nobody knows the scale of its quantities */
    }
    verdict = verdict == ATP_APPLIED ? take_parent(apply, wanted) : verdict;
    return verdict == ATP_APPLIED ? take_share(apply, wanted) : verdict;
}

/* ---- whether it fits its tree ---- */

static unsigned depth_of(const atp_rulebook_t *rulebook, uint32_t link)
{
    unsigned depth = 0;

    for (; link != 0; link = atp_load_relaxed(&atp_quota_at(rulebook, link - 1)->parent)) {
        depth++;
    }
    return depth;
}

static uint32_t root_of(const atp_rulebook_t *rulebook, uint32_t quota)
{
    uint32_t parent;

    while ((parent = atp_load_relaxed(&atp_quota_at(rulebook, quota)->parent)) != 0) {
        quota = parent - 1;
    }
    return quota;
}

static _Atomic uint32_t *root_link(atp_ledger_t *ledger, const target_t *target)
{
    if (target->scope == ATP_SCOPE_SKU) {
        atp_sku_record_t *sku = atp_table_change(&ledger->catalog.skus, target->subject);
        return &sku->quota;
    }
    atp_tag_record_t *tag = atp_table_change(&ledger->rulebook.tags, target->subject);
    return &tag->quota;
}

/* What says whose quota it is. */
static unsigned subject_key(const target_t *target)
{
    return target->scope == ATP_SCOPE_SKU ? ATP_KEY_SKU : ATP_KEY_TAG;
}

/* A new place in the tree: not too deep or wide, and the only one of its channel. */
static atp_verdict_t look_at_place(apply_t *apply, const wanted_quota_t *wanted)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    const target_t *target = &wanted->target;
    uint32_t account;

    if (wanted->parent == 0 && atp_load_relaxed(root_link(ledger, target)) != 0) {
        return invalid(apply, subject_key(target));
    }
    if (wanted->parent == 0 && target->scope == ATP_SCOPE_TAG &&
        atp_tag_at(rulebook, target->subject)->skus == 0) {
        return invalid(apply, ATP_KEY_TAG); /* nobody knows the scale of its quantities */
    }
    if (wanted->parent != 0 && depth_of(rulebook, wanted->parent) == ATP_QUOTA_LEVELS) {
        return invalid(apply, ATP_KEY_PARENT);
    }
    if (wanted->parent != 0 &&
        atp_quota_at(rulebook, wanted->parent - 1)->child_count == ATP_QUOTA_CHILDREN_MAX) {
        return atp_ledger_refuse(apply, ATP_QUOTAS_FULL, ATP_FIELD_SUBJECT, 0);
    }
    if (target->has_channel &&
        atp_rulebook_find_account(rulebook, target->channel, target->scope, target->subject, &account) &&
        atp_load_relaxed(&atp_account_at(rulebook, account)->quota) != 0) {
        return invalid(apply, ATP_KEY_CHANNEL);
    }
    return ATP_APPLIED;
}

static unsigned changed_key(const atp_quota_record_t *record, const wanted_quota_t *wanted)
{
    if (atp_load_relaxed(&record->parent) != wanted->parent) {
        return ATP_KEY_PARENT;
    }
    bool is_same_subject = record->scope == wanted->target.scope && record->subject == wanted->target.subject;
    return is_same_subject ? ATP_KEY_CHANNEL : subject_key(&wanted->target);
}

/* What stands has to stay where it is. */
static atp_verdict_t look_at_change(apply_t *apply, uint32_t quota, const wanted_quota_t *wanted)
{
    atp_quota_record_t *record = atp_quota_at(&apply->ledger->rulebook, quota);
    const target_t *target = &wanted->target;

    if (atp_load_relaxed(&record->parent) != wanted->parent || record->scope != target->scope ||
        record->subject != target->subject || record->is_leaf != target->has_channel ||
        (target->has_channel && record->channel != target->channel)) {
        return invalid(apply, changed_key(record, wanted));
    }
    return ATP_APPLIED;
}

/* ---- writing ---- */

/* What the channel has in use of the SKU, or of the SKUs with the tag. */
static atp_qty_t in_use(const atp_ledger_t *ledger, const target_t *target)
{
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    uint64_t count = atp_table_count(&rulebook->accounts);
    atp_qty_t sum = 0;
    uint32_t number;

    if (target->scope == ATP_SCOPE_SKU) {
        return atp_rulebook_find_account(rulebook, target->channel, ATP_SCOPE_SKU, target->subject, &number)
                   ? atp_load_relaxed(&atp_account_at(rulebook, number)->promised)
                   : 0;
    }
    for (uint64_t i = 0; i < count; i++) {
        atp_account_t *account = atp_account_at(rulebook, (uint32_t)i);
        if (account->scope == ATP_SCOPE_SKU && account->channel == target->channel &&
            atp_ledger_sku_has_tag(ledger, account->subject, target->subject)) {
            sum += atp_load_relaxed(&account->promised);
        }
    }
    return sum;
}

static void write_quota(apply_t *apply, uint32_t quota, const wanted_quota_t *wanted)
{
    atp_quota_record_t *record = atp_table_change(&apply->ledger->rulebook.quotas, quota);

    atp_store_relaxed(&record->guaranteed, wanted->guaranteed);
    atp_store_relaxed(&record->amount, wanted->amount);
    atp_store_relaxed(&record->share, (uint8_t)wanted->share);
    atp_store_relaxed(&record->borrows, (uint8_t)wanted->borrows);
    if (atp_load_relaxed(&record->period_ms) != wanted->period_ms) { /* a new period begins now */
        atp_store_relaxed(&record->period_ms, wanted->period_ms);
        atp_store_relaxed(&record->period_start_ms, wanted->period_ms > 0 ? apply->now_ms : 0);
        atp_store_relaxed(&record->counted, wanted->period_ms > 0 ? atp_load_relaxed(&record->used) : 0);
    }
    atp_quota_refresh_held(&apply->ledger->rulebook, quota);
    atp_ledger_note_views_of(apply->ledger, wanted->target.scope, wanted->target.subject);
}

/* Puts a quota in its place; of a leaf the account is there, or there is room for it. */
static void place_quota(apply_t *apply, uint32_t quota, const wanted_quota_t *wanted)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_quota_record_t *record = atp_table_change(&ledger->rulebook.quotas, quota);
    const target_t *target = &wanted->target;

    record->scope = (uint8_t)target->scope;
    record->subject = target->subject;
    record->channel = target->channel;
    record->is_leaf = target->has_channel;
    record->is_dropped = 0;
    if (target->has_channel) {
        uint32_t number =
            atp_rulebook_need_account(&ledger->rulebook, target->channel, target->scope, target->subject);
        atp_account_t *account = atp_table_change(&ledger->rulebook.accounts, number);
        atp_store_relaxed(&account->quota, quota + 1);
        atp_store_relaxed(&record->used, in_use(ledger, target));
    }
    write_quota(apply, quota, wanted);
    if (wanted->parent != 0) {
        atp_quota_link(&ledger->rulebook, quota, wanted->parent - 1);
    } else {
        atp_store_relaxed(root_link(ledger, target), quota + 1);
        atp_ledger_note_rationed(ledger, target->scope, target->subject);
    }
    if (target->has_channel && atp_ledger_is_counting(ledger, target->channel)) {
        atp_quota_record_t *root =
            atp_table_change(&ledger->rulebook.quotas, root_of(&ledger->rulebook, quota));
        atp_store_relaxed(&root->is_counting, (uint8_t)1);
    }
}

static atp_verdict_t drop_quota(apply_t *apply, uint32_t quota)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_rulebook_t *rulebook = &ledger->rulebook;
    atp_quota_record_t *record = atp_quota_at(rulebook, quota);
    target_t target = {
        (atp_scope_t)record->scope, record->subject, record->channel, record->is_leaf != 0, {NULL, 0}};
    uint32_t number;

    if (record->child_count > 0) {
        return atp_ledger_refuse(apply, ATP_RULE_IN_USE, ATP_FIELD_SUBJECT, 0);
    }
    record = atp_table_change(&rulebook->quotas, quota);
    if (atp_load_relaxed(&record->parent) != 0) {
        atp_quota_unlink(rulebook, quota);
    } else {
        atp_store_relaxed(root_link(ledger, &target), 0u);
        atp_ledger_note_rationed(ledger, target.scope, target.subject);
    }
    if (target.has_channel &&
        atp_rulebook_find_account(rulebook, target.channel, target.scope, target.subject, &number)) {
        atp_account_t *account = atp_table_change(&rulebook->accounts, number);
        atp_store_relaxed(&account->quota, 0u);
    }
    atp_store_relaxed(&record->used, (atp_qty_t)0);
    atp_store_relaxed(&record->guaranteed, (atp_qty_t)0);
    atp_store_relaxed(&record->held, (atp_qty_t)0);
    atp_store_relaxed(&record->period_ms, (int64_t)0);
    atp_store_relaxed(&record->period_start_ms, (int64_t)0);
    atp_store_relaxed(&record->counted, (atp_qty_t)0);
    record->is_dropped = 1;
    atp_ledger_note_views_of(ledger, target.scope, target.subject);
    return ATP_APPLIED;
}

/* Room for its name, if there is none of it yet. */
static atp_verdict_t look_for_quota_room(apply_t *apply, uint32_t quota, atp_text_t id)
{
    const atp_ledger_t *ledger = apply->ledger;

    if (quota != NO_ROW) {
        return ATP_APPLIED;
    }
    if (!atp_table_has_room(&ledger->rulebook.quotas, 1)) {
        return atp_ledger_refuse(apply, ATP_QUOTAS_FULL, ATP_FIELD_SUBJECT, 0);
    }
    return atp_strings_has_room(&ledger->catalog.strings, &ledger->root->strings, id.size, 0)
               ? ATP_APPLIED
               : atp_ledger_refuse(apply, ATP_STRINGS_FULL, ATP_FIELD_SUBJECT, 0);
}

static atp_verdict_t add_quota(apply_t *apply, atp_text_t id, const wanted_quota_t *wanted, uint32_t quota)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_rulebook_t *rulebook = &ledger->rulebook;
    atp_verdict_t verdict = look_at_place(apply, wanted);

    if (verdict == ATP_APPLIED && wanted->target.has_channel) {
        verdict = atp_ledger_look_for_target_account(apply, &wanted->target);
    }
    verdict = verdict == ATP_APPLIED ? look_for_quota_room(apply, quota, id) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (wanted->target.has_channel) {
        (void)atp_ledger_need_target_account(apply, &wanted->target);
    }
    if (quota == NO_ROW) {
        quota = atp_catalog_add(&ledger->catalog, &ledger->root->strings, &rulebook->quotas,
                                &rulebook->quota_index, id, apply->op->subject_hash, ledger->root->op);
    }
    place_quota(apply, quota, wanted);
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_put_quota(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    wanted_quota_t wanted;
    uint32_t quota = NO_ROW;

    if (!find_quota(ledger, id, apply->op->subject_hash, &quota)) {
        quota = NO_ROW;
    }
    bool stands = quota != NO_ROW && !atp_quota_at(&ledger->rulebook, quota)->is_dropped;
    if (atp_ledger_attribute_number(apply, ATP_KEY_DROPPED, 0) != 0) {
        return stands ? drop_quota(apply, quota)
                      : atp_ledger_refuse(apply, ATP_UNKNOWN_RULE, ATP_FIELD_SUBJECT, 0);
    }
    atp_verdict_t verdict = take_quota(apply, &wanted);
    if (verdict == ATP_APPLIED && !stands) {
        return add_quota(apply, id, &wanted, quota);
    }
    verdict = verdict == ATP_APPLIED ? look_at_change(apply, quota, &wanted) : verdict;
    if (verdict == ATP_APPLIED) {
        write_quota(apply, quota, &wanted);
    }
    return verdict;
}
