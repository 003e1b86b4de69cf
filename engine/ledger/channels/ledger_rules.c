/* The op `rule`: what one rule of a channel says, put, replaced as a whole, or dropped. */
#include "engine/ledger/channels/ledger_rules.h"

#include "engine/base/attribute.h"

/* ---- attributes ---- */

int64_t atp_ledger_attribute_number(const apply_t *apply, unsigned key, int64_t otherwise)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, key, ATP_WHOLE_OP);
    return attribute != NULL ? attribute->number : otherwise;
}

atp_verdict_t atp_ledger_attribute_qty(apply_t *apply, unsigned key, uint8_t scale, atp_qty_t *ret_qty)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, key, ATP_WHOLE_OP);

    *ret_qty = 0;
    if (attribute == NULL) {
        return ATP_APPLIED;
    }
    switch (atp_qty_rescale(attribute->number, attribute->detail, scale, ret_qty)) {
    case ATP_RESCALED:
        break;
    case ATP_RESCALE_TOO_PRECISE:
        return atp_ledger_refuse_key(apply, ATP_QTY_TOO_PRECISE, attribute->key, 0);
    case ATP_RESCALE_OUT_OF_RANGE:
        return atp_ledger_refuse_key(apply, ATP_QTY_OUT_OF_RANGE, attribute->key, 0);
    }
    return ATP_APPLIED;
}

static bool attribute_text(const apply_t *apply, unsigned key, atp_text_t *ret_text)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, key, ATP_WHOLE_OP);

    if (attribute != NULL) {
        *ret_text = atp_op_attribute_text(apply->op, attribute);
    }
    return attribute != NULL;
}

atp_verdict_t atp_ledger_find_target(apply_t *apply, target_t *ret_target)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint64_t seed = atp_ledger_seed(ledger);
    atp_text_t sku;
    atp_text_t tag;
    atp_text_t channel;
    bool has_sku = attribute_text(apply, ATP_KEY_SKU, &sku);
    bool has_tag = attribute_text(apply, ATP_KEY_TAG, &tag);

    *ret_target = (target_t){.scope = ATP_SCOPE_ALL};
    ret_target->has_channel = attribute_text(apply, ATP_KEY_CHANNEL, &channel);
    if (has_sku && !atp_ledger_means_sku(apply, sku, &ret_target->subject)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_SKU, ATP_KEY_SKU, 0);
    }
    if (ret_target->has_channel &&
        !atp_catalog_find_channel(&ledger->catalog, channel, atp_hash_text(channel, seed),
                                  &ret_target->channel)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_CHANNEL, ATP_KEY_CHANNEL, 0);
    }
    if (has_sku && has_tag) {
        return atp_ledger_refuse_key(apply, ATP_RULE_INVALID, ATP_KEY_TAG, 0);
    }
    if (has_tag) {
        ret_target->scope = ATP_SCOPE_TAG;
        if (!atp_ledger_find_tag(ledger, tag, &ret_target->subject)) {
            ret_target->subject = NO_ROW;
            ret_target->new_tag = tag;
        }
        bool has_room = ret_target->new_tag.size == 0 || atp_table_has_room(&ledger->rulebook.tags, 1);
        return has_room ? ATP_APPLIED : atp_ledger_refuse_key(apply, ATP_TAGS_FULL, ATP_KEY_TAG, 0);
    }
    ret_target->scope = has_sku ? ATP_SCOPE_SKU : ATP_SCOPE_ALL;
    return ATP_APPLIED;
}

/* ---- the rule ---- */

/* What the op wants the rule to be. */
typedef struct wanted_rule {
    target_t target;
    atp_op_attribute_t buffer;
    atp_op_attribute_t threshold;
    atp_op_attribute_t cap;
    atp_op_attribute_t low;
    atp_op_attribute_t low_clear;
    atp_op_attribute_t minimum;
    atp_op_attribute_t maximum;
    atp_op_attribute_t increment;
    uint8_t percent;
    uint8_t is_excluded;
    uint16_t order;
} wanted_rule_t;

/* A quantity as it stands in the op; of a SKU it has to fit its scale. */
static atp_verdict_t take_qty(apply_t *apply, unsigned key, const target_t *target,
                              atp_op_attribute_t *ret_attribute)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, key, ATP_WHOLE_OP);
    atp_qty_t qty;

    *ret_attribute = attribute != NULL ? *attribute : (atp_op_attribute_t){0};
    if (target->scope != ATP_SCOPE_SKU) {
        return ATP_APPLIED;
    }
    uint8_t scale = atp_positions_scale(&apply->ledger->positions, target->subject);
    return atp_ledger_attribute_qty(apply, key, scale, &qty);
}

/* Low ends above where it begins, or just there if nothing is said. */
static bool are_levels_in_order(const wanted_rule_t *wanted)
{
    atp_qty_t low = atp_rulebook_to_scale(wanted->low.number, wanted->low.detail, ATP_SCALE_MAX, true);
    atp_qty_t clear =
        atp_rulebook_to_scale(wanted->low_clear.number, wanted->low_clear.detail, ATP_SCALE_MAX, true);

    return clear == 0 || (low > 0 && clear > low);
}

static atp_told_qty_t told_qty(const atp_op_attribute_t *attribute)
{
    return (atp_told_qty_t){attribute->number, attribute->detail};
}

/* True if it leaves a quantity that a line may have. */
static bool allows_any_quantity(const wanted_rule_t *wanted)
{
    const atp_told_bounds_t told = {.minimum = told_qty(&wanted->minimum),
                                    .maximum = told_qty(&wanted->maximum),
                                    .increment = told_qty(&wanted->increment)};

    return atp_told_bounds_allow_any(&told);
}

static atp_verdict_t take_quantities(apply_t *apply, wanted_rule_t *ret_wanted)
{
    const struct {
        unsigned key;
        atp_op_attribute_t *told;
    } all[] = {{ATP_KEY_BUFFER, &ret_wanted->buffer},
               {ATP_KEY_THRESHOLD, &ret_wanted->threshold},
               {ATP_KEY_CAP, &ret_wanted->cap},
               {ATP_KEY_LOW, &ret_wanted->low},
               {ATP_KEY_LOW_CLEAR, &ret_wanted->low_clear},
               {ATP_KEY_MINIMUM, &ret_wanted->minimum},
               {ATP_KEY_MAXIMUM, &ret_wanted->maximum},
               {ATP_KEY_INCREMENT, &ret_wanted->increment}};
    atp_verdict_t verdict = ATP_APPLIED;

    for (unsigned i = 0; verdict == ATP_APPLIED && i < sizeof all / sizeof all[0]; i++) {
        verdict = take_qty(apply, all[i].key, &ret_wanted->target, all[i].told);
    }
    return verdict;
}

static bool says_something(const wanted_rule_t *wanted)
{
    return wanted->buffer.number > 0 || wanted->threshold.number > 0 || wanted->cap.number > 0 ||
           wanted->low.number > 0 || wanted->minimum.number > 0 || wanted->maximum.number > 0 ||
           wanted->increment.number > 0 || wanted->percent > 0 || wanted->is_excluded;
}

/* Of a rule that cannot be: ATP_KEY_NONE, it says nothing. */
static unsigned key_to_blame(const wanted_rule_t *wanted)
{
    if (!wanted->target.has_channel) {
        return ATP_KEY_CHANNEL;
    }
    if (!says_something(wanted)) {
        return ATP_KEY_NONE;
    }
    return are_levels_in_order(wanted) ? ATP_KEY_MAXIMUM : ATP_KEY_LOW_CLEAR;
}

static atp_verdict_t take_rule(apply_t *apply, wanted_rule_t *ret_wanted)
{
    atp_verdict_t verdict = atp_ledger_find_target(apply, &ret_wanted->target);

    verdict = verdict == ATP_APPLIED ? take_quantities(apply, ret_wanted) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    ret_wanted->percent = (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_BUFFER_PERCENT, 0);
    ret_wanted->is_excluded = (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_EXCLUDED, 0);
    ret_wanted->order = (uint16_t)atp_ledger_attribute_number(apply, ATP_KEY_ORDER, 0);
    if (!ret_wanted->target.has_channel || !says_something(ret_wanted) || !are_levels_in_order(ret_wanted) ||
        !allows_any_quantity(ret_wanted)) {
        return atp_ledger_refuse_key(apply, ATP_RULE_INVALID, key_to_blame(ret_wanted), 0);
    }
    return ATP_APPLIED;
}

static bool find_rule(const atp_ledger_t *ledger, const atp_op_t *op, uint32_t *ret_rule)
{
    const char *cursor = atp_op_text_begin(op);
    atp_text_t id = atp_op_text_next(&cursor);
    atp_index_probe_t probe = atp_index_probe(&ledger->rulebook.rule_index, op->subject_hash);

    while (atp_index_next(&probe, ret_rule)) {
        const atp_rule_record_t *record = atp_rule_at(&ledger->rulebook, *ret_rule);
        if (record->hash == op->subject_hash &&
            atp_text_equal(atp_strings_get(&ledger->catalog.strings, record->id_ref), id)) {
            return true;
        }
    }
    return false;
}

static void write_rule(atp_rule_record_t *record, const wanted_rule_t *wanted)
{
    atp_store_relaxed(&record->buffer, wanted->buffer.number);
    atp_store_relaxed(&record->threshold, wanted->threshold.number);
    atp_store_relaxed(&record->cap, wanted->cap.number);
    atp_store_relaxed(&record->buffer_decimals, wanted->buffer.detail);
    atp_store_relaxed(&record->threshold_decimals, wanted->threshold.detail);
    atp_store_relaxed(&record->cap_decimals, wanted->cap.detail);
    atp_store_relaxed(&record->low, wanted->low.number);
    atp_store_relaxed(&record->low_decimals, wanted->low.detail);
    atp_store_relaxed(&record->low_clear, wanted->low_clear.number);
    atp_store_relaxed(&record->low_clear_decimals, wanted->low_clear.detail);
    atp_store_relaxed(&record->minimum, wanted->minimum.number);
    atp_store_relaxed(&record->minimum_decimals, wanted->minimum.detail);
    atp_store_relaxed(&record->maximum, wanted->maximum.number);
    atp_store_relaxed(&record->maximum_decimals, wanted->maximum.detail);
    atp_store_relaxed(&record->increment, wanted->increment.number);
    atp_store_relaxed(&record->increment_decimals, wanted->increment.detail);
    atp_store_relaxed(&record->buffer_percent, wanted->percent);
    atp_store_relaxed(&record->is_excluded, wanted->is_excluded);
    atp_store_relaxed(&record->order, wanted->order);
}

atp_verdict_t atp_ledger_look_for_target_account(apply_t *apply, const target_t *target)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_channel_record_t *channel = atp_table_at(&ledger->catalog.channels, target->channel);
    uint32_t account;
    uint64_t wanted = (uint64_t)(atp_load_relaxed(&channel->is_accounted) == ATP_ACCOUNTED_NOT) +
                      !atp_rulebook_find_account(&ledger->rulebook, target->channel, target->scope,
                                                 target->subject, &account);

    return atp_table_has_room(&ledger->rulebook.accounts, wanted)
               ? ATP_APPLIED
               : atp_ledger_refuse(apply, ATP_ACCOUNTS_FULL, ATP_FIELD_SUBJECT, 0);
}

uint32_t atp_ledger_need_target_account(apply_t *apply, const target_t *target)
{
    uint32_t account =
        atp_rulebook_need_account(&apply->ledger->rulebook, target->channel, target->scope, target->subject);
    atp_verdict_t verdict = atp_ledger_open_accounts(apply, target->channel);

    ATP_ASSERT(verdict == ATP_APPLIED); /* there was room */
    return account;
}

/* Whether there is room for the rule on the account of its target, and for what has no name yet. `rule`: NO_ROW where there is
 * none of its id. Changes nothing. */
static atp_verdict_t look_for_rule_room(apply_t *apply, const target_t *target, uint32_t rule, atp_text_t id)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    uint32_t account;
    bool has_account =
        atp_rulebook_find_account(rulebook, target->channel, target->scope, target->subject, &account);

    bool is_there = has_account && rule != NO_ROW &&
                    atp_load_relaxed(&atp_rule_at(rulebook, rule)->account) == account + 1;
    bool is_full = has_account && !is_there &&
                   atp_account_at(rulebook, account)->rule_count == ATP_RULES_PER_ACCOUNT_MAX;
    if (is_full || (rule == NO_ROW && !atp_table_has_room(&rulebook->rules, 1))) {
        return atp_ledger_refuse(apply, ATP_RULES_FULL, ATP_FIELD_SUBJECT, 0);
    }
    if (!atp_strings_has_room(&ledger->catalog.strings, &ledger->root->strings, target->new_tag.size,
                              rule == NO_ROW ? id.size : 0)) {
        return atp_ledger_refuse(apply, ATP_STRINGS_FULL, ATP_FIELD_SUBJECT, 0);
    }
    return ATP_APPLIED;
}

/* Takes a rule off its account. */
static void take_out(atp_ledger_t *ledger, uint32_t rule)
{
    atp_rulebook_t *rulebook = &ledger->rulebook;
    uint32_t number = atp_load_relaxed(&atp_rule_at(rulebook, rule)->account) - 1;
    const atp_account_t *account = atp_account_at(rulebook, number);

    atp_ledger_note_views_of(ledger, (atp_scope_t)account->scope, account->subject);
    atp_ledger_count_levels(ledger, rule, -1);
    atp_rule_unlink(rulebook, rule);
}

static atp_verdict_t drop_rule(apply_t *apply)
{
    atp_rulebook_t *rulebook = &apply->ledger->rulebook;
    uint32_t rule;

    if (!find_rule(apply->ledger, apply->op, &rule) ||
        atp_load_relaxed(&atp_rule_at(rulebook, rule)->account) == 0) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_RULE, ATP_FIELD_SUBJECT, 0);
    }
    take_out(apply->ledger, rule);
    return ATP_APPLIED;
}

/* All checks are made: what is missing is made, and the rule put in its place. */
static void put_in(apply_t *apply, wanted_rule_t *wanted, uint32_t rule, atp_text_t id)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_rulebook_t *rulebook = &ledger->rulebook;
    target_t *target = &wanted->target;

    if (target->new_tag.size > 0) {
        target->subject = atp_ledger_need_tag(ledger, target->new_tag);
    }
    uint32_t account = atp_ledger_need_target_account(apply, target);
    if (rule == NO_ROW) {
        rule = atp_catalog_add(&ledger->catalog, &ledger->root->strings, &rulebook->rules,
                               &rulebook->rule_index, id, apply->op->subject_hash, ledger->root->op);
    }
    atp_rule_record_t *record = atp_table_change(&rulebook->rules, rule);
    if (atp_load_relaxed(&record->account) != 0) {
        take_out(ledger, rule);
    }
    write_rule(record, wanted);
    atp_rule_link(rulebook, rule, account);
    atp_ledger_count_levels(ledger, rule, 1);
    atp_ledger_note_views_of(ledger, target->scope, target->subject);
}

atp_verdict_t atp_ledger_put_rule(apply_t *apply)
{
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    wanted_rule_t wanted;
    uint32_t rule = NO_ROW;

    if (atp_ledger_attribute_number(apply, ATP_KEY_DROPPED, 0) != 0) {
        return drop_rule(apply);
    }
    atp_verdict_t verdict = take_rule(apply, &wanted);
    if (verdict == ATP_APPLIED && !find_rule(apply->ledger, apply->op, &rule)) {
        rule = NO_ROW;
    }
    verdict = verdict == ATP_APPLIED ? atp_ledger_look_for_target_account(apply, &wanted.target) : verdict;
    verdict = verdict == ATP_APPLIED ? look_for_rule_room(apply, &wanted.target, rule, id) : verdict;
    if (verdict == ATP_APPLIED) {
        put_in(apply, &wanted, rule, id);
    }
    return verdict;
}
