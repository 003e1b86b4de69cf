/* The op `rule`: what one rule of a channel says, put, replaced as a whole, or dropped. */
#include "engine/ledger/ledger_rules.h"

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
        return atp_ledger_refuse(apply, ATP_QTY_TOO_PRECISE, ATP_FIELD_ATTRIBUTE, 0);
    case ATP_RESCALE_OUT_OF_RANGE:
        return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_ATTRIBUTE, 0);
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
    if (has_sku &&
        !atp_catalog_find_sku(&ledger->catalog, sku, atp_hash_text(sku, seed), &ret_target->subject)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SKU, ATP_FIELD_ATTRIBUTE, 0);
    }
    if (ret_target->has_channel &&
        !atp_catalog_find_channel(&ledger->catalog, channel, atp_hash_text(channel, seed),
                                  &ret_target->channel)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_CHANNEL, ATP_FIELD_ATTRIBUTE, 0);
    }
    if (has_sku && has_tag) {
        return atp_ledger_refuse(apply, ATP_RULE_INVALID, ATP_FIELD_ATTRIBUTE, 0);
    }
    if (has_tag) {
        uint16_t number = 0;
        atp_verdict_t verdict = atp_ledger_need_tag(apply, tag, &number);
        ret_target->scope = ATP_SCOPE_TAG;
        ret_target->subject = number;
        return verdict;
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

static atp_verdict_t take_rule(apply_t *apply, wanted_rule_t *ret_wanted)
{
    atp_verdict_t verdict = atp_ledger_find_target(apply, &ret_wanted->target);
    const target_t *target = &ret_wanted->target;

    verdict = verdict == ATP_APPLIED ? take_qty(apply, ATP_KEY_BUFFER, target, &ret_wanted->buffer) : verdict;
    verdict =
        verdict == ATP_APPLIED ? take_qty(apply, ATP_KEY_THRESHOLD, target, &ret_wanted->threshold) : verdict;
    verdict = verdict == ATP_APPLIED ? take_qty(apply, ATP_KEY_CAP, target, &ret_wanted->cap) : verdict;
    verdict = verdict == ATP_APPLIED ? take_qty(apply, ATP_KEY_LOW, target, &ret_wanted->low) : verdict;
    verdict =
        verdict == ATP_APPLIED ? take_qty(apply, ATP_KEY_LOW_CLEAR, target, &ret_wanted->low_clear) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    ret_wanted->percent = (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_BUFFER_PERCENT, 0);
    ret_wanted->is_excluded = (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_EXCLUDED, 0);
    ret_wanted->order = (uint16_t)atp_ledger_attribute_number(apply, ATP_KEY_ORDER, 0);
    bool says_something = ret_wanted->buffer.number > 0 || ret_wanted->threshold.number > 0 ||
                          ret_wanted->cap.number > 0 || ret_wanted->low.number > 0 ||
                          ret_wanted->percent > 0 || ret_wanted->is_excluded;
    if (!target->has_channel || !says_something || !are_levels_in_order(ret_wanted)) {
        return atp_ledger_refuse(apply, ATP_RULE_INVALID, ATP_FIELD_ATTRIBUTE, 0);
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
    atp_store_relaxed(&record->buffer_percent, wanted->percent);
    atp_store_relaxed(&record->is_excluded, wanted->is_excluded);
    atp_store_relaxed(&record->order, wanted->order);
}

/* Whether the account of the target can take the rule: there is room for it, or it is one of its rules already. The
 * account is there after it. */
static atp_verdict_t need_rule_room(apply_t *apply, const target_t *target, uint32_t rule,
                                    uint32_t *ret_account)
{
    atp_rulebook_t *rulebook = &apply->ledger->rulebook;

    if (!atp_rulebook_find_account(rulebook, target->channel, target->scope, target->subject, ret_account)) {
        if (!atp_table_has_room(&rulebook->accounts, 1)) {
            return atp_ledger_refuse(apply, ATP_ACCOUNTS_FULL, ATP_FIELD_SUBJECT, 0);
        }
        *ret_account = atp_rulebook_need_account(rulebook, target->channel, target->scope, target->subject);
    }
    bool is_there =
        rule != NO_ROW && atp_load_relaxed(&atp_rule_at(rulebook, rule)->account) == *ret_account + 1;
    if (!is_there && atp_account_at(rulebook, *ret_account)->rule_count == ATP_RULES_PER_ACCOUNT_MAX) {
        return atp_ledger_refuse(apply, ATP_RULES_FULL, ATP_FIELD_SUBJECT, 0);
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

atp_verdict_t atp_ledger_put_rule(apply_t *apply)
{
    atp_rulebook_t *rulebook = &apply->ledger->rulebook;
    const char *cursor = atp_op_text_begin(apply->op);
    wanted_rule_t wanted;
    uint32_t rule = NO_ROW;
    uint32_t account = 0;

    if (atp_ledger_attribute_number(apply, ATP_KEY_DROPPED, 0) != 0) {
        return drop_rule(apply);
    }
    atp_verdict_t verdict = take_rule(apply, &wanted);
    if (verdict == ATP_APPLIED && !find_rule(apply->ledger, apply->op, &rule)) {
        rule = NO_ROW;
    }
    verdict = verdict == ATP_APPLIED ? need_rule_room(apply, &wanted.target, rule, &account) : verdict;
    verdict = verdict == ATP_APPLIED ? atp_ledger_open_accounts(apply, wanted.target.channel) : verdict;
    if (verdict == ATP_APPLIED && rule == NO_ROW) {
        verdict =
            atp_ledger_add_named(apply, &rulebook->rules, &rulebook->rule_index, atp_op_text_next(&cursor),
                                 (atp_text_t){NULL, 0}, ATP_RULES_FULL, &rule);
        verdict = verdict == ATP_APPLIED ? verdict : atp_ledger_refuse(apply, verdict, ATP_FIELD_SUBJECT, 0);
    }
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_rule_record_t *record = atp_table_change(&rulebook->rules, rule);
    if (atp_load_relaxed(&record->account) != 0) {
        take_out(apply->ledger, rule);
    }
    write_rule(record, &wanted);
    atp_rule_link(rulebook, rule, account);
    atp_ledger_count_levels(apply->ledger, rule, 1);
    atp_ledger_note_views_of(apply->ledger, wanted.target.scope, wanted.target.subject);
    return ATP_APPLIED;
}
