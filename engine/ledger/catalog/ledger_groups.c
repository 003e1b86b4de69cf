/* Groups of nodes as ops change them, and the groups that ops name. */
#include "engine/ledger/facts/ledger_owners.h"
#include "engine/ledger/facts/ledger_registry.h"

#include "engine/base/attribute.h"

static bool find_group(const atp_ledger_t *ledger, atp_text_t name, uint16_t *ret_group)
{
    return atp_catalog_find_group(&ledger->catalog, name, atp_hash_text(name, atp_ledger_seed(ledger)),
                                  ret_group);
}

atp_verdict_t atp_ledger_named_group(apply_t *apply, unsigned key, unsigned line, uint16_t *ret_group)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, key, line);

    *ret_group = ATP_NO_GROUP;
    if (attribute != NULL &&
        !find_group(apply->ledger, atp_op_attribute_text(apply->op, attribute), ret_group)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_GROUP, key, line == ATP_WHOLE_OP ? 0 : line);
    }
    return ATP_APPLIED;
}

/* ---- replacing a membership ---- */

/* The node that the attribute names, noted as the next one of the new membership: once only. */
static atp_verdict_t note_node(apply_t *apply, const atp_op_attribute_t *attribute, uint32_t *count)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_text_t name = atp_op_attribute_text(apply->op, attribute);
    uint16_t node;

    if (!atp_ledger_means_node(apply, name, &node)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_NODE, ATP_KEY_NODE, 0);
    }
    taken_t *taken = atp_ledger_taken(apply, node);
    if (taken->qty > 0) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_NOT_TAKEN, ATP_KEY_NODE, 0);
    }
    taken->qty = 1;
    ledger->lines[*count].node = node;
    ledger->lines[*count].qty = 0;
    ++*count;
    return ATP_APPLIED;
}

/* The nodes of the op and their costs into the scratch lines. A cost belongs to the node named right before it. */
static atp_verdict_t note_nodes(apply_t *apply, uint32_t *ret_count)
{
    uint32_t attributes = atp_op_attribute_count(apply->op);
    unsigned before = ATP_KEY_NONE;

    *ret_count = 0;
    for (uint32_t i = 0; i < attributes; i++) {
        const atp_op_attribute_t *attribute = &atp_op_attributes(apply->op)[i];
        atp_verdict_t verdict = ATP_APPLIED;
        if (attribute->key == ATP_KEY_NODE) {
            verdict = note_node(apply, attribute, ret_count);
        } else if (before == ATP_KEY_NODE) {
            apply->ledger->lines[*ret_count - 1].qty = attribute->number;
        } else {
            verdict = atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_NOT_TAKEN, ATP_KEY_COST, 0);
        }
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        before = attribute->key;
    }
    return ATP_APPLIED;
}

static void replace_members(atp_ledger_t *ledger, uint16_t group, uint32_t count)
{
    uint32_t last = 0;

    atp_groups_clear(&ledger->groups, group);
    for (uint32_t i = 0; i < count; i++) {
        last = atp_groups_append(&ledger->groups, group, last, ledger->lines[i].node, ledger->lines[i].qty);
    }
}

atp_verdict_t atp_ledger_put_group(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_catalog_t *catalog = &ledger->catalog;
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    uint32_t number = 0;
    uint32_t count;
    uint16_t group = ATP_NO_GROUP;
    bool is_new = !find_group(ledger, id, &group);

    atp_verdict_t verdict = note_nodes(apply, &count);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (!atp_groups_has_room(&ledger->groups, group, count)) {
        return atp_ledger_refuse(apply, ATP_GROUPS_FULL, ATP_FIELD_SUBJECT, 0);
    }
    if (ATP_UNLIKELY(ledger->root->registry.count > 0) && !is_new) {
        verdict = atp_ledger_look_at_group_claims(apply, group, count);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
    }
    if (is_new) {
        verdict = atp_ledger_add_named(apply, &catalog->groups, &catalog->group_index, id,
                                       (atp_text_t){NULL, 0}, ATP_GROUPS_FULL, &number);
        if (verdict != ATP_APPLIED) {
            return atp_ledger_refuse(apply, verdict, ATP_FIELD_SUBJECT, 0);
        }
        group = (uint16_t)number;
    }
    replace_members(ledger, group, count);
    if (ATP_UNLIKELY(ledger->root->registry.silent > 0)) {
        atp_ledger_mark_stale(ledger);
        atp_ledger_note_stale_views(ledger);
    }
    if (ATP_UNLIKELY(ledger->root->exceptions.owner_count > 0)) {
        atp_ledger_owners_changed(apply);
    }
    return ATP_APPLIED;
}
