/* Tags: marks that several SKUs share, so that a rule or quota can be said of all of them at once. */
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/channels/views.h"

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

bool atp_ledger_find_tag(const atp_ledger_t *ledger, atp_text_t name, uint32_t *ret_tag)
{
    return find_tag(ledger, name, atp_hash_text(name, atp_ledger_seed(ledger)), ret_tag);
}

uint16_t atp_ledger_need_tag(atp_ledger_t *ledger, atp_text_t name)
{
    uint64_t hash = atp_hash_text(name, atp_ledger_seed(ledger));
    uint32_t tag;

    if (!find_tag(ledger, name, hash, &tag)) {
        tag = atp_catalog_add(&ledger->catalog, &ledger->root->strings, &ledger->rulebook.tags,
                              &ledger->rulebook.tag_index, name, hash, ledger->root->op);
    }
    return (uint16_t)tag;
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

/* The next tag that the op names, after `attribute`; the first after NULL. */
static const atp_op_attribute_t *next_tag(const apply_t *apply, const atp_op_attribute_t *attribute)
{
    uint32_t from = attribute == NULL ? 0 : (uint32_t)(attribute - atp_op_attributes(apply->op)) + 1;

    return attribute == NULL ? atp_op_attribute(apply->op, ATP_KEY_TAG, ATP_WHOLE_OP)
                             : atp_op_attribute_from(apply->op, from, ATP_KEY_TAG, ATP_WHOLE_OP);
}

/* What the SKU keeps where the op says nothing of tags. */
static void begin_list(const apply_t *apply, uint32_t sku, tag_list_t *ret_list)
{
    bool is_untagged = atp_ledger_attribute_number(apply, ATP_KEY_UNTAGGED, 0) != 0;

    memset(ret_list, 0, sizeof *ret_list);
    if (next_tag(apply, NULL) == NULL && sku != NO_ROW && !is_untagged) {
        *ret_list = tags_of(apply->ledger, sku);
    }
}

/* Adds a tag to the list, each once. False: there are as many as a SKU may have. */
static bool add_tag(tag_list_t *list, uint16_t tag)
{
    unsigned count = 0;

    if (has_tag(list, (uint16_t)(tag + 1))) {
        return true;
    }
    while (count < ATP_TAGS_PER_SKU_MAX && list->tags[count] != 0) {
        count++;
    }
    if (count == ATP_TAGS_PER_SKU_MAX) {
        return false;
    }
    list->tags[count] = (uint16_t)(tag + 1);
    return true;
}

/* Tags that nobody has yet. */
typedef struct new_tags {
    atp_text_t names[ATP_TAGS_PER_SKU_MAX];
    uint32_t count;
} new_tags_t;

static bool add_new(new_tags_t *tags, atp_text_t name)
{
    for (uint32_t i = 0; i < tags->count; i++) {
        if (atp_text_equal(tags->names[i], name)) {
            return true;
        }
    }
    if (tags->count == ATP_TAGS_PER_SKU_MAX) {
        return false;
    }
    tags->names[tags->count++] = name;
    return true;
}

static unsigned count_tags(const tag_list_t *list)
{
    unsigned count = 0;

    while (count < ATP_TAGS_PER_SKU_MAX && list->tags[count] != 0) {
        count++;
    }
    return count;
}

/* The tags that the op names: those that are there, and the names of the others. */
static bool collect(const apply_t *apply, uint32_t sku, tag_list_t *ret_list, new_tags_t *ret_new)
{
    const atp_op_attribute_t *attribute = NULL;

    begin_list(apply, sku, ret_list);
    ret_new->count = 0;
    while ((attribute = next_tag(apply, attribute)) != NULL) {
        atp_text_t name = atp_op_attribute_text(apply->op, attribute);
        uint32_t tag;
        bool fits = atp_ledger_find_tag(apply->ledger, name, &tag) ? add_tag(ret_list, (uint16_t)tag)
                                                                   : add_new(ret_new, name);
        if (!fits) {
            return false;
        }
    }
    return count_tags(ret_list) + ret_new->count <= ATP_TAGS_PER_SKU_MAX;
}

atp_verdict_t atp_ledger_look_at_tags(apply_t *apply, uint32_t sku, uint8_t scale, uint32_t id_size,
                                      uint32_t name_size)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t sizes[ATP_TAGS_PER_SKU_MAX + 2] = {id_size, name_size};
    tag_list_t list;
    new_tags_t fresh;

    if (!collect(apply, sku, &list, &fresh) || !atp_table_has_room(&ledger->rulebook.tags, fresh.count)) {
        return atp_ledger_refuse_key(apply, ATP_TAGS_FULL, ATP_KEY_TAG, 0);
    }
    for (uint32_t i = 0; i < fresh.count; i++) {
        sizes[2 + i] = fresh.names[i].size;
    }
    if (fresh.count > 0 &&
        !atp_strings_has_room_for(&ledger->catalog.strings, &ledger->root->strings, sizes, 2 + fresh.count)) {
        return atp_ledger_refuse_key(apply, ATP_STRINGS_FULL, ATP_KEY_TAG, 0);
    }
    for (unsigned i = 0; i < count_tags(&list); i++) {
        const atp_tag_record_t *record = atp_tag_at(&ledger->rulebook, list.tags[i] - 1u);
        if (record->scale != scale && is_scale_kept(ledger, record, sku, list.tags[i])) {
            return atp_ledger_refuse_key(apply, ATP_SCALE_IN_USE, ATP_KEY_TAG, 0);
        }
    }
    return ATP_APPLIED;
}

void atp_ledger_named_tags(apply_t *apply, uint32_t sku, tag_list_t *ret_list)
{
    const atp_op_attribute_t *attribute = NULL;

    begin_list(apply, sku, ret_list);
    while ((attribute = next_tag(apply, attribute)) != NULL) {
        uint16_t tag = atp_ledger_need_tag(apply->ledger, atp_op_attribute_text(apply->op, attribute));
        bool fits = add_tag(ret_list, tag);
        ATP_ASSERT(fits);
    }
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

bool atp_ledger_has_quota(const atp_ledger_t *ledger, uint32_t sku)
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

/* What an op settles hangs on this: it is what the tables say, neither more nor less, also after a restart. */
static void note_sku(atp_ledger_t *ledger, uint32_t sku)
{
    if (atp_ledger_has_quota(ledger, sku)) {
        atp_positions_set_sku(&ledger->positions, sku, ATP_SKU_IS_RATIONED);
    } else {
        atp_positions_clear_sku(&ledger->positions, sku, ATP_SKU_IS_RATIONED);
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
