/* Tags: marks that several SKUs share, so that a rule or quota can be said of all of them at once. */
#include "engine/ledger/ledger_rules.h"
#include "engine/ledger/views.h"

#include "engine/base/attribute.h"

#include <string.h>

static bool find_tag(const atp_ledger_t *ledger, atp_text_t name, uint64_t hash, uint32_t *ret_tag)
{
    atp_index_probe_t probe = atp_index_probe(&ledger->rulebook.tag_index, hash);

    while (atp_index_next(&probe, ret_tag)) {
        const atp_tag_record_t *record = atp_tag_at(&ledger->rulebook, *ret_tag);
        if (record->hash == hash &&
            atp_text_equal(atp_strings_get(&ledger->catalog.strings, record->id_ref), name)) {
            return true;
        }
    }
    return false;
}

atp_verdict_t atp_ledger_need_tag(apply_t *apply, atp_text_t name, uint16_t *ret_tag)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_string_heads_t *heads = &ledger->root->strings;
    uint64_t hash = atp_hash_text(name, atp_ledger_seed(ledger));
    uint32_t tag;

    if (!find_tag(ledger, name, hash, &tag)) {
        if (!atp_table_has_room(&ledger->rulebook.tags, 1)) {
            return atp_ledger_refuse(apply, ATP_TAGS_FULL, ATP_FIELD_ATTRIBUTE, 0);
        }
        if (!atp_strings_has_room(&ledger->catalog.strings, heads, name.size, 0)) {
            return atp_ledger_refuse(apply, ATP_STRINGS_FULL, ATP_FIELD_ATTRIBUTE, 0);
        }
        tag = atp_catalog_add(&ledger->catalog, heads, &ledger->rulebook.tags, &ledger->rulebook.tag_index,
                              name, hash, ledger->root->op);
    }
    *ret_tag = (uint16_t)tag;
    return ATP_APPLIED;
}

/* ---- the tags of a SKU ---- */

static bool has_tag(const tag_list_t *list, uint16_t link)
{
    for (unsigned i = 0; i < ATP_TAGS_PER_SKU_MAX; i++) {
        if (list->tags[i] == link) {
            return true;
        }
    }
    return false;
}

static tag_list_t tags_of(const atp_ledger_t *ledger, uint32_t sku)
{
    atp_sku_record_t *record = atp_table_at(&ledger->catalog.skus, sku);
    tag_list_t list;

    for (unsigned i = 0; i < ATP_TAGS_PER_SKU_MAX; i++) {
        list.tags[i] = atp_load_relaxed(&record->tags[i]);
    }
    return list;
}

bool atp_ledger_sku_has_tag(const atp_ledger_t *ledger, uint32_t sku, uint32_t tag)
{
    tag_list_t list = tags_of(ledger, sku);
    return has_tag(&list, (uint16_t)(tag + 1));
}

/* True if the tag's scale is that of others than `sku`. */
static bool is_scale_kept(const atp_ledger_t *ledger, const atp_tag_record_t *tag, uint32_t sku,
                          uint16_t link)
{
    tag_list_t own = {{0}};

    if (sku != NO_ROW) {
        own = tags_of(ledger, sku);
    }
    uint32_t others = tag->skus - (sku != NO_ROW && has_tag(&own, link) ? 1 : 0);
    return others > 0 || atp_load_relaxed(&((atp_tag_record_t *)tag)->quota) != 0;
}

/* Adds a tag of the op to the list, each once. */
static atp_verdict_t add_tag(apply_t *apply, const atp_op_attribute_t *attribute, tag_list_t *list)
{
    uint16_t tag = 0;
    atp_verdict_t verdict = atp_ledger_need_tag(apply, atp_op_attribute_text(apply->op, attribute), &tag);
    unsigned count = 0;

    if (verdict != ATP_APPLIED || has_tag(list, (uint16_t)(tag + 1))) {
        return verdict;
    }
    while (count < ATP_TAGS_PER_SKU_MAX && list->tags[count] != 0) {
        count++;
    }
    if (count == ATP_TAGS_PER_SKU_MAX) {
        return atp_ledger_refuse(apply, ATP_TAGS_FULL, ATP_FIELD_ATTRIBUTE, 0);
    }
    list->tags[count] = (uint16_t)(tag + 1);
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_named_tags(apply_t *apply, uint32_t sku, uint8_t scale, tag_list_t *ret_list)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, ATP_KEY_TAG, ATP_WHOLE_OP);
    bool is_untagged = atp_ledger_attribute_number(apply, ATP_KEY_UNTAGGED, 0) != 0;

    memset(ret_list, 0, sizeof *ret_list);
    if (attribute == NULL && sku != NO_ROW && !is_untagged) {
        *ret_list = tags_of(apply->ledger, sku);
    }
    while (attribute != NULL) {
        atp_verdict_t verdict = add_tag(apply, attribute, ret_list);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        uint32_t next = (uint32_t)(attribute - atp_op_attributes(apply->op)) + 1;
        attribute = atp_op_attribute_from(apply->op, next, ATP_KEY_TAG, ATP_WHOLE_OP);
    }
    for (unsigned i = 0; i < ATP_TAGS_PER_SKU_MAX && ret_list->tags[i] != 0; i++) {
        const atp_tag_record_t *record = atp_tag_at(&apply->ledger->rulebook, ret_list->tags[i] - 1u);
        if (record->scale != scale && is_scale_kept(apply->ledger, record, sku, ret_list->tags[i])) {
            return atp_ledger_refuse(apply, ATP_SCALE_IN_USE, ATP_FIELD_ATTRIBUTE, 0);
        }
    }
    return ATP_APPLIED;
}

bool atp_ledger_is_rationed(const atp_ledger_t *ledger, uint32_t sku)
{
    atp_sku_record_t *record = atp_table_at(&ledger->catalog.skus, sku);
    return atp_load_relaxed(&record->quota) != 0;
}

/* ---- changing them ---- */

/* What the channels have in use of the SKU goes into the tag's quotas (sign 1), or out of them (-1). */
static void shift_use(atp_ledger_t *ledger, uint32_t sku, uint32_t tag, int sign)
{
    atp_rulebook_t *rulebook = &ledger->rulebook;
    uint64_t channels = atp_table_count(&ledger->catalog.channels);

    for (uint64_t channel = 0; channel < channels; channel++) {
        uint32_t of_sku;
        uint32_t of_tag;
        if (!atp_rulebook_find_account(rulebook, (uint16_t)channel, ATP_SCOPE_TAG, tag, &of_tag) ||
            !atp_rulebook_find_account(rulebook, (uint16_t)channel, ATP_SCOPE_SKU, sku, &of_sku)) {
            continue;
        }
        uint32_t leaf = atp_load_relaxed(&atp_account_at(rulebook, of_tag)->quota);
        atp_qty_t promised = atp_load_relaxed(&atp_account_at(rulebook, of_sku)->promised);
        if (leaf != 0 && promised != 0) {
            atp_quota_shift(rulebook, leaf - 1, sign * promised);
        }
    }
}

static void leave_tag(atp_ledger_t *ledger, uint32_t sku, uint32_t tag)
{
    atp_tag_record_t *record = atp_table_change(&ledger->rulebook.tags, tag);

    record->skus--;
    if (atp_load_relaxed(&record->quota) != 0) {
        shift_use(ledger, sku, tag, -1);
    }
}

static void join_tag(atp_ledger_t *ledger, uint32_t sku, uint32_t tag, uint8_t scale)
{
    atp_tag_record_t *record = atp_table_change(&ledger->rulebook.tags, tag);

    record->skus++;
    record->scale = scale;
    if (atp_load_relaxed(&record->quota) != 0) {
        shift_use(ledger, sku, tag, 1);
    }
}

/* Whether a quota is over the SKU, by itself or by one of its tags. */
static bool has_quota(const atp_ledger_t *ledger, uint32_t sku)
{
    tag_list_t tags = tags_of(ledger, sku);
    bool is_any = atp_ledger_is_rationed(ledger, sku);

    for (unsigned i = 0; i < ATP_TAGS_PER_SKU_MAX && tags.tags[i] != 0; i++) {
        is_any = is_any || atp_load_relaxed(&atp_tag_at(&ledger->rulebook, tags.tags[i] - 1u)->quota) != 0;
    }
    return is_any;
}

/* Whether a rule with levels is of the SKU's tags. */
static bool has_watched_tag(const atp_ledger_t *ledger, uint32_t sku)
{
    for (uint32_t i = 0; i < ledger->level_channels; i++) {
        if (atp_channel_has_levels(ledger, ledger->level_channel[i], sku)) {
            return true;
        }
    }
    return false;
}

static void note_sku(atp_ledger_t *ledger, uint32_t sku)
{
    if (has_quota(ledger, sku)) {
        atp_positions_set_sku(&ledger->positions, sku, ATP_SKU_IS_RATIONED);
    }
}

void atp_ledger_note_rationed(atp_ledger_t *ledger, atp_scope_t scope, uint32_t subject)
{
    uint64_t skus = atp_table_count(&ledger->catalog.skus);

    if (scope == ATP_SCOPE_SKU) {
        note_sku(ledger, subject);
        return;
    }
    for (uint64_t sku = 0; sku < skus; sku++) {
        tag_list_t tags = tags_of(ledger, (uint32_t)sku);
        if (has_tag(&tags, (uint16_t)(subject + 1))) {
            note_sku(ledger, (uint32_t)sku);
        }
    }
}

void atp_ledger_set_tags(apply_t *apply, uint32_t sku, const tag_list_t *list)
{
    atp_ledger_t *ledger = apply->ledger;
    tag_list_t before = tags_of(ledger, sku);
    uint8_t scale = atp_positions_scale(&ledger->positions, sku);

    if (before.tags[0] == 0 && list->tags[0] == 0) {
        return;
    }
    atp_sku_record_t *record = atp_table_change(&ledger->catalog.skus, sku);
    for (unsigned i = 0; i < ATP_TAGS_PER_SKU_MAX; i++) {
        if (before.tags[i] != 0 && !has_tag(list, before.tags[i])) {
            leave_tag(ledger, sku, before.tags[i] - 1u);
        }
        atp_store_relaxed(&record->tags[i], list->tags[i]);
    }
    for (unsigned i = 0; i < ATP_TAGS_PER_SKU_MAX; i++) {
        if (list->tags[i] != 0 && !has_tag(&before, list->tags[i])) {
            join_tag(ledger, sku, list->tags[i] - 1u, scale);
        } else if (list->tags[i] != 0) {
            atp_tag_record_t *tag = atp_table_change(&ledger->rulebook.tags, list->tags[i] - 1u);
            tag->scale = scale; /* of its one SKU, if it is another one now */
        }
    }
    note_sku(ledger, sku);
    if (ledger->has_levels && has_watched_tag(ledger, sku)) {
        atp_positions_set_sku(&ledger->positions, sku, ATP_SKU_IS_WATCHED);
    }
    atp_ledger_note_views_of(ledger, ATP_SCOPE_SKU, sku);
}

void atp_ledger_rebuild_rationed(atp_ledger_t *ledger)
{
    uint64_t skus = atp_table_count(&ledger->catalog.skus);

    for (uint64_t sku = 0; sku < skus; sku++) {
        note_sku(ledger, (uint32_t)sku);
    }
}
