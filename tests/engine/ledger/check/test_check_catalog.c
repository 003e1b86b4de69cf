/* atp_ledger_check on what is known by name: the catalogue (C), indexes (X) and strings (S); groups (M), kits (K), the rule book
 * (R) and levels (V): each record broken a field at a time. */
#include "tests/engine/ledger/check/check_fixture.h"

#include "tests/engine/ledger/kits/kit_fixture.h"

#include "engine/ledger/capacity/ledger_capacity.h"

#include <stdio.h>

#define set(field, value) (atp_store_relaxed(&(field), (value)), 0)

/* ---- indexes, the catalogue and strings ---- */

static fixture_t named(void)
{
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t line = line_of("S", "", 0);

    stock(&f, "S", "N", 9);
    stock(&f, "T", "M", 9);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(put_group(&f, "g", "N M"), ATP_APPLIED);
    assert_verdict(tag_sku(&f, "T", 0, "tag=promo"), ATP_APPLIED);
    assert_verdict(rule(&f, "r", "channel=web sku=S cap=5"), ATP_APPLIED);
    assert_verdict(quota(&f, "q", "sku=S"), ATP_APPLIED);
    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_APPLIED);
    const atp_command_line_t one = line_of("S", "N", 1);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                                  .id = ATP_TEXT("r"),
                                                  .owner = ATP_TEXT("somebody"),
                                                  .line_count = 1,
                                                  .lines = &one}),
                   ATP_APPLIED);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_SKU,
                                                  .name = ATP_TEXT("a name to be forgotten"),
                                                  .line_count = 1,
                                                  .lines = &line}),
                   ATP_APPLIED);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_SKU, .line_count = 1, .lines = &line}),
                   ATP_APPLIED);
    return f;
}

/* The tables of named records with their indexes. */
typedef struct named_table {
    atp_table_t *table;
    atp_index_t *index;
} named_table_t;

#define NAMED_TABLES 9

static void named_tables(const fixture_t *f, named_table_t ret_tables[NAMED_TABLES])
{
    atp_catalog_t *catalog = &f->ledger->catalog;
    atp_rulebook_t *rulebook = &f->ledger->rulebook;
    const named_table_t all[NAMED_TABLES] = {
        {&catalog->skus, &catalog->sku_index},         {&catalog->nodes, &catalog->node_index},
        {&catalog->channels, &catalog->channel_index}, {&catalog->clients, &catalog->client_index},
        {&catalog->sources, &catalog->source_index},   {&catalog->groups, &catalog->group_index},
        {&rulebook->tags, &rulebook->tag_index},       {&rulebook->rules, &rulebook->rule_index},
        {&rulebook->quotas, &rulebook->quota_index}};

    memcpy(ret_tables, all, sizeof all);
}

static void what_is_not_found_by_its_name_is_named(void **state)
{
    (void)state;
    fixture_t f = named();
    named_table_t tables[NAMED_TABLES];

    named_tables(&f, tables);
    for (unsigned i = 0; i < NAMED_TABLES; i++) {
        uint64_t last = atp_table_count(tables[i].table) - 1;
        atp_named_record_t *record = atp_table_at(tables[i].table, last);
        expect_broken(&f, atp_check_catalog, "C1", *record, record->id_ref = 0);
        expect_broken(&f, atp_check_catalog, "C1", *record, record->id_ref = NOWHERE * 10);
        expect_broken(&f, atp_check_catalog, "C1", *record, record->hash++);
        expect_broken(&f, atp_check_catalog, "X1", tables[i].index->count, tables[i].index->count++);
        expect_broken(&f, atp_check_catalog, "X1", tables[i].table->count, put_count(tables[i].table, last));
    }
    fixture_close(&f);
}

static void two_records_of_one_name_are_named(void **state)
{
    (void)state;
    fixture_t f = named();
    atp_sku_record_t *first = atp_table_at(&f.ledger->catalog.skus, 0);
    atp_sku_record_t *second = atp_table_at(&f.ledger->catalog.skus, 1);

    expect_broken(&f, atp_check_catalog, "C1", *second,
                  (second->id_ref = first->id_ref, second->hash = first->hash));
    expect_broken(&f, atp_check_catalog, "C1", *first, first->scale = 1);
    expect_broken(&f, atp_check_catalog, "C1", *first, first->scale = ATP_SCALE_MAX + 1);
    fixture_close(&f);
}

static atp_index_bucket_t *bucket_in_use(const atp_index_t *index)
{
    atp_index_bucket_t *bucket = index->buckets;

    while (atp_load_relaxed(&bucket->entries[0]) == 0) {
        bucket++;
    }
    return bucket;
}

static void an_index_that_leads_elsewhere_is_named(void **state)
{
    (void)state;
    fixture_t f = named();
    atp_index_t *index = &f.ledger->catalog.sku_index;
    atp_index_bucket_t *bucket = bucket_in_use(index);
    uint64_t entry = atp_load_relaxed(&bucket->entries[0]);

    expect_broken(&f, atp_check_catalog, "X1", *bucket, set(bucket->entries[0], entry ^ UINT64_C(1) << 32));
    expect_broken(&f, atp_check_catalog, "X1", *bucket, set(bucket->entries[0], 0));
    expect_broken(&f, atp_check_catalog, "X1", *bucket, set(bucket->overflow, NOWHERE));
    expect_broken(&f, atp_check_catalog, "X2", index->size, set(index->size, 0));
    expect_broken(&f, atp_check_catalog, "X2", index->size, set(index->size, 24));
    expect_broken(&f, atp_check_catalog, "X2", index->split,
                  set(index->split, atp_load_relaxed(&index->size)));
    expect_broken(&f, atp_check_catalog, "X2", index->split, set(index->split, 1));
    fixture_close(&f);
}

/* The entry is there, of a record that is not: the table holds fewer. */
static void an_index_with_a_record_too_many_is_named(void **state)
{
    (void)state;
    fixture_t f = named();
    atp_table_t *skus = &f.ledger->catalog.skus;

    expect_both_broken(&f, atp_check_catalog, "X1", skus->count, put_count(skus, 1),
                       f.ledger->catalog.sku_index.count, f.ledger->catalog.sku_index.count--);
    fixture_close(&f);
}

static void strings_that_overlap_are_named(void **state)
{
    (void)state;
    fixture_t f = named();
    atp_sku_record_t *sku = atp_table_at(&f.ledger->catalog.skus, 0);
    atp_reservation_t *reservation = record_of(&f, "r");
    atp_string_heads_t *heads = &f.ledger->root->strings;
    named_table_t tables[NAMED_TABLES];

    named_tables(&f, tables);
    for (unsigned i = 1; i < NAMED_TABLES; i++) {
        atp_named_record_t *record = atp_table_at(tables[i].table, 0);
        expect_broken(&f, atp_check_strings, "S1", *record, record->id_ref = sku->id_ref);
    }
    expect_broken(&f, atp_check_strings, "S1", *sku, sku->name_ref = NOWHERE * 10);
    expect_broken(&f, atp_check_strings, "S1", *sku, sku->id_ref = 0); /* its granules are nobody's */
    expect_broken(&f, atp_check_strings, "S1", *reservation, reservation->id_ref = sku->id_ref);
    expect_broken(&f, atp_check_strings, "S1", *reservation, reservation->owner_ref = sku->id_ref);
    for (unsigned i = 0; i < ATP_STRING_CLASSES; i++) {
        expect_broken(&f, atp_check_strings, "S1", *heads, heads->free[i] = sku->id_ref);
        expect_broken(&f, atp_check_strings, "S1", *heads, heads->free[i] = NOWHERE * 10);
    }
    fixture_close(&f);
}

static void a_free_block_that_is_not_empty_is_named(void **state)
{
    (void)state;
    fixture_t f = named();
    const atp_string_heads_t *heads = &f.ledger->root->strings;
    unsigned class = 0;

    while (heads->free[class] == 0) {
        class ++;
        assert_true(class < ATP_STRING_CLASSES);
    }
    uint64_t *block = atp_table_at(&f.ledger->catalog.strings, heads->free[class]);
    expect_broken(&f, atp_check_strings, "S2", *block, *block |= UINT64_C(1) << 63);
    fixture_close(&f);
}

/* ---- groups ---- */

static fixture_t grouped(void)
{
    fixture_t f = fixture_open(NULL);

    for (char node[2] = "A"; node[0] <= 'E'; node[0]++) {
        assert_verdict(put_node(&f, node, ATP_NODE_OPEN), ATP_APPLIED);
    }
    assert_verdict(put_group(&f, "g", "A B C"), ATP_APPLIED);
    assert_verdict(put_group(&f, "h", "D E"), ATP_APPLIED);
    assert_verdict(put_group(&f, "once", "A B"), ATP_APPLIED);
    assert_verdict(put_group(&f, "once", ""), ATP_APPLIED); /* its members are free */
    assert_verdict(put_channel_with(&f, "web", "ship_group=g"), ATP_APPLIED);
    return f;
}

static void members_of_no_group_are_named(void **state)
{
    (void)state;
    fixture_t f = grouped();
    atp_groups_t *groups = &f.ledger->groups;
    atp_group_record_t *group = atp_table_at(&f.ledger->catalog.groups, 0);
    atp_group_record_t *other = atp_table_at(&f.ledger->catalog.groups, 1);
    atp_group_member_t *member = atp_table_at(&groups->members, atp_load_relaxed(&group->first) - 1);
    atp_channel_record_t *channel = atp_table_at(&f.ledger->catalog.channels, 1);

    expect_broken(&f, atp_check_groups, "M1", *member, set(member->group, 1));
    expect_broken(&f, atp_check_groups, "M1", *member, set(member->rank, 9));
    expect_broken(&f, atp_check_groups, "M1", *member, set(member->node, 99));
    expect_broken(&f, atp_check_groups, "M1", *member, set(member->next, 0));
    expect_broken(&f, atp_check_groups, "M1", *channel, set(channel->groups[ATP_METHOD_SHIP], 99));
    expect_broken(&f, atp_check_groups, "M2", *member, set(member->node, 3));
    expect_broken(&f, atp_check_groups, "M3", *member, set(member->next, NOWHERE));
    expect_broken(&f, atp_check_groups, "M3", *member, set(member->next, atp_load_relaxed(&group->first)));
    expect_broken(&f, atp_check_groups, "M3", *other, set(other->first, atp_load_relaxed(&group->first)));
    expect_broken(&f, atp_check_groups, "M4", groups->bits[0], set(groups->bits[0], 0));
    expect_broken(&f, atp_check_groups, "M4", groups->bits[0], set(groups->bits[0], UINT64_MAX));
    expect_broken(&f, atp_check_groups, "X1", groups->index.count, groups->index.count++);
    fixture_close(&f);
}

/* A node twice in one group: its second member is not the one that is found. */
static void a_node_that_is_twice_in_a_group_is_named(void **state)
{
    (void)state;
    fixture_t f = grouped();
    atp_group_record_t *group = atp_table_at(&f.ledger->catalog.groups, 0);
    atp_group_member_t *first = atp_table_at(&f.ledger->groups.members, atp_load_relaxed(&group->first) - 1);
    atp_group_member_t *second = atp_table_at(&f.ledger->groups.members, atp_load_relaxed(&first->next) - 1);

    expect_broken(&f, atp_check_groups, "M2", *second, set(second->node, atp_load_relaxed(&first->node)));
    fixture_close(&f);
}

static void members_that_are_lost_are_named(void **state)
{
    (void)state;
    fixture_t f = grouped();
    atp_groups_t *groups = &f.ledger->groups;
    atp_group_member_t *member = atp_table_at(&groups->members, groups->heads->free - 1);

    expect_broken(&f, atp_check_groups, "M3", *groups->heads, groups->heads->free = NOWHERE);
    expect_broken(&f, atp_check_groups, "M3", *groups->heads, groups->heads->free = 0);
    expect_broken(&f, atp_check_groups, "M3", *groups->heads, groups->heads->free_count++);
    expect_both_broken(&f, atp_check_groups, "M3", *groups->heads, groups->heads->free_count--, *member,
                       set(member->next, 0));
    expect_broken(&f, atp_check_groups, "M3", *member, set(member->group, 0));
    fixture_close(&f);
}

/* ---- kits ---- */

/* K = 2 A + 1 B, L = 1 K + 3 A; a kit that is none any more; 2 K put together for a reservation. */
static fixture_t assembled(void)
{
    fixture_t f = open_with_kit();

    put_sku(&f, "L", 0);
    put_sku(&f, "none", 0);
    assert_verdict(put_kit(&f, "L", "K=1 A=3"), ATP_APPLIED);
    assert_verdict(put_kit(&f, "none", "A=1"), ATP_APPLIED);
    assert_verdict(put_kit(&f, "none", ""), ATP_APPLIED);
    assert_verdict(reserve(&f, "two", "K", "N", 2), ATP_APPLIED);
    assert_verdict(reserve(&f, "plain", "B", "N", 2), ATP_APPLIED);
    return f;
}

static atp_kit_t *kit_of(const fixture_t *f, unsigned number)
{
    return atp_table_at(&f->ledger->kits.records, number);
}

static atp_component_t *component_of(const fixture_t *f, uint32_t at)
{
    return atp_table_at(&f->ledger->kits.components, at - 1);
}

static void kits_that_are_not_those_of_their_skus_are_named(void **state)
{
    (void)state;
    fixture_t f = assembled();
    atp_kit_t *kit = kit_of(&f, 0);
    atp_component_t *component = component_of(&f, atp_load_relaxed(&kit->first));
    uint32_t sku = atp_load_relaxed(&kit->sku);
    atp_sku_record_t *record = atp_table_at(&f.ledger->catalog.skus, sku);

    expect_broken(&f, atp_check_kits, "K1", *kit, set(kit->sku, NOWHERE));
    expect_broken(&f, atp_check_kits, "K1", *kit, set(kit->sku, 0));
    expect_broken(&f, atp_check_kits, "K1", *kit, set(kit->count, 9));
    expect_broken(&f, atp_check_kits, "K1", *record, set(record->kit, 0));
    expect_broken(&f, atp_check_kits, "K1", *record, set(record->kit, NOWHERE));
    expect_broken(&f, atp_check_kits, "K1", *component, set(component->kit, 9));
    expect_broken(&f, atp_check_kits, "K1", *component, set(component->sku, sku));
    expect_broken(&f, atp_check_kits, "K1", *component, set(component->sku, NOWHERE));
    expect_broken(&f, atp_check_kits, "K1", *component, set(component->qty, 0));
    expect_broken(&f, atp_check_kits, "K2", *kit, set(kit->level, 3));
    expect_broken(&f, atp_check_kits, "K2", *kit, kit->entries++);
    uint64_t *directory = (uint64_t *)(uintptr_t)&f.ledger->positions.directories[sku];
    expect_broken(&f, atp_check_kits, "K1", *directory, *directory &= ~(uint64_t)ATP_SKU_IS_KIT);
    fixture_close(&f);
}

/* A nested kit says that it stands deeper, or has more in it, than kits may: the kit above it shows it. */
static void kits_that_nest_too_deep_are_named(void **state)
{
    (void)state;
    fixture_t f = assembled();
    atp_kit_t *inner = kit_of(&f, 0);
    atp_kit_t *outer = kit_of(&f, 1);

    expect_both_broken(&f, atp_check_kits, "K2", *inner, set(inner->level, ATP_KIT_DEPTH_MAX), *outer,
                       set(outer->level, ATP_KIT_DEPTH_MAX + 1));
    expect_both_broken(&f, atp_check_kits, "K2", *inner, inner->entries = ATP_KIT_ENTRIES_MAX, *outer,
                       outer->entries = ATP_KIT_ENTRIES_MAX + 2);
    fixture_close(&f);
}

static void components_that_are_lost_or_used_by_another_sku_are_named(void **state)
{
    (void)state;
    fixture_t f = assembled();
    atp_kits_t *kits = &f.ledger->kits;
    atp_kit_t *kit = kit_of(&f, 0);
    atp_kit_t *outer = kit_of(&f, 1);
    atp_component_t *component = component_of(&f, atp_load_relaxed(&kit->first));
    atp_sku_record_t *sku = atp_table_at(&f.ledger->catalog.skus, atp_load_relaxed(&component->sku));
    atp_component_t *use = component_of(&f, atp_load_relaxed(&sku->first_use));

    expect_broken(&f, atp_check_kits, "K4", *kit, set(kit->first, NOWHERE));
    expect_broken(&f, atp_check_kits, "K4", *outer, set(outer->first, atp_load_relaxed(&kit->first)));
    expect_broken(&f, atp_check_kits, "K4", *kits->heads, kits->heads->free = NOWHERE);
    expect_broken(&f, atp_check_kits, "K4", *kits->heads, kits->heads->free = atp_load_relaxed(&kit->first));
    expect_broken(&f, atp_check_kits, "K4", *kits->heads, kits->heads->free = 0);
    expect_broken(&f, atp_check_kits, "K4", *kits->heads, kits->heads->free_count++);
    expect_both_broken(&f, atp_check_kits, "K4", *kits->heads,
                       (kits->heads->free = 0, kits->heads->free_count = 0), kit->count, set(kit->count, 2));
    expect_broken(&f, atp_check_kits, "K3", *sku, set(sku->first_use, NOWHERE));
    expect_broken(&f, atp_check_kits, "K3", *sku, set(sku->first_use, 0));
    expect_broken(&f, atp_check_kits, "K3", *use, use->previous_use = 7);
    expect_broken(&f, atp_check_kits, "K3", *use, set(use->next_use, atp_load_relaxed(&sku->first_use)));
    expect_broken(&f, atp_check_kits, "K3", *component, set(component->sku, 1));
    fixture_close(&f);
}

static void component_lines_of_another_kit_are_named(void **state)
{
    (void)state;
    fixture_t f = assembled();
    atp_progress_t *progress = progress_of(&f, "two", 1);

    assert_int_not_equal(progress->kit_parent, 0);
    expect_broken(&f, atp_check_kits, "K5", *progress, progress->kit_parent = NOWHERE);
    expect_broken(&f, atp_check_kits, "K5", *progress,
                  progress->kit_parent = line_number_of(&f, "plain", 0) + 1);
    expect_broken(&f, atp_check_kits, "K5", *progress, progress->kits = 0);
    expect_broken(&f, atp_check_kits, "K5", *progress, progress->kits++);
    fixture_close(&f);
}

/* ---- the rule book ---- */

/* web: two rules for S, a leaf below a quota below another one, 3 units sold; promo: a tag with a tree; a dropped rule. */
static fixture_t ruled(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 20);
    stock(&f, "T", "N", 20);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(put_channel(&f, "pos", 0), ATP_APPLIED);
    assert_verdict(tag_sku(&f, "T", 0, "tag=promo"), ATP_APPLIED);
    assert_verdict(rule(&f, "first", "channel=web sku=S buffer=1 order=1"), ATP_APPLIED);
    assert_verdict(rule(&f, "second", "channel=web sku=S cap=9 order=2"), ATP_APPLIED);
    assert_verdict(rule(&f, "third", "channel=web sku=T cap=9"), ATP_APPLIED);
    assert_verdict(rule(&f, "third", "dropped=yes"), ATP_APPLIED);
    assert_verdict(quota(&f, "all", "sku=S"), ATP_APPLIED);
    assert_verdict(quota(&f, "online", "parent=all guaranteed=6"), ATP_APPLIED);
    assert_verdict(quota(&f, "w", "parent=online channel=web guaranteed=4"), ATP_APPLIED);
    assert_verdict(quota(&f, "p", "parent=all channel=pos amount=9"), ATP_APPLIED);
    assert_verdict(quota(&f, "tree", "tag=promo"), ATP_APPLIED);
    assert_verdict(quota(&f, "leaf", "parent=tree channel=web amount=9"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "sold", "S", "N", 3, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "of tag", "T", "N", 3, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    return f;
}

static atp_account_t *account_of_web(const fixture_t *f, const char *sku)
{
    atp_catalog_t *catalog = &f->ledger->catalog;
    uint64_t seed = atp_ledger_seed(f->ledger);
    uint16_t channel;
    uint32_t number;
    uint32_t account;

    assert_true(
        atp_catalog_find_channel(catalog, ATP_TEXT("web"), atp_hash_text(ATP_TEXT("web"), seed), &channel));
    assert_true(
        atp_catalog_find_sku(catalog, atp_text_of(sku), atp_hash_text(atp_text_of(sku), seed), &number));
    assert_true(atp_rulebook_find_account(&f->ledger->rulebook, channel, ATP_SCOPE_SKU, number, &account));
    return atp_account_at(&f->ledger->rulebook, account);
}

static atp_quota_record_t *quota_of(const fixture_t *f, const char *id)
{
    const atp_rulebook_t *rulebook = &f->ledger->rulebook;

    for (uint32_t i = 0; i < atp_table_count(&rulebook->quotas); i++) {
        atp_quota_record_t *record = atp_quota_at(rulebook, i);
        if (atp_text_equal(atp_strings_get(&f->ledger->catalog.strings, record->id_ref), atp_text_of(id))) {
            return record;
        }
    }
    fail_msg("there is no quota %s", id);
    return NULL;
}

static void rules_that_are_not_on_their_account_are_named(void **state)
{
    (void)state;
    fixture_t f = ruled();
    atp_rulebook_t *rulebook = &f.ledger->rulebook;
    atp_account_t *account = account_of_web(&f, "S");
    atp_rule_record_t *first = atp_rule_at(rulebook, atp_load_relaxed(&account->first_rule) - 1);
    atp_rule_record_t *dropped = atp_rule_at(rulebook, 2);

    expect_broken(&f, atp_check_channels, "R1", *account, set(account->first_rule, NOWHERE));
    expect_broken(&f, atp_check_channels, "R1", *account, account->rule_count++);
    expect_broken(&f, atp_check_channels, "R1", *first, set(first->account, 9));
    expect_broken(&f, atp_check_channels, "R1", *first, set(first->order, 9));
    expect_broken(&f, atp_check_channels, "R1", *first,
                  set(first->next, atp_load_relaxed(&account->first_rule)));
    expect_broken(&f, atp_check_channels, "R1", *dropped, set(dropped->account, 1));
    expect_broken(&f, atp_check_channels, "R5", *account, account->subject = NOWHERE);
    expect_broken(&f, atp_check_channels, "R5", *account, account->channel = 99);
    expect_broken(&f, atp_check_channels, "R5", *account, set(account->quota, NOWHERE));
    expect_broken(&f, atp_check_channels, "X1", rulebook->account_index.count,
                  rulebook->account_index.count++);
    fixture_close(&f);
}

static void what_a_channel_has_in_use_is_counted_again(void **state)
{
    (void)state;
    fixture_t f = ruled();
    atp_account_t *account = account_of_web(&f, "S");
    atp_reservation_t *reservation = record_of(&f, "sold");
    atp_channel_record_t *channel = atp_table_at(&f.ledger->catalog.channels, reservation->channel);
    atp_line_t *line = line_to_break(&f, "sold", 0);

    expect_broken(&f, atp_check_channels, "R2", *account, set(account->promised, 4));
    expect_broken(&f, atp_check_channels, "R2", *line, line->reserved++);
    expect_broken(&f, atp_check_channels, "R2", *reservation, reservation->flags = 0);
    expect_broken(&f, atp_check_channels, "R2", *channel, set(channel->is_accounted, ATP_ACCOUNTED_NOT));
    fixture_close(&f);
}

static void quota_trees_that_do_not_hang_together_are_named(void **state)
{
    (void)state;
    fixture_t f = ruled();
    atp_quota_record_t *all = quota_of(&f, "all");
    atp_quota_record_t *online = quota_of(&f, "online");
    atp_quota_record_t *leaf = quota_of(&f, "w");
    uint32_t at_all = (uint32_t)(all - atp_quota_at(&f.ledger->rulebook, 0)) + 1;
    uint32_t at_leaf = (uint32_t)(leaf - atp_quota_at(&f.ledger->rulebook, 0)) + 1;

    expect_broken(&f, atp_check_channels, "R4", *all, set(all->first_child, NOWHERE));
    expect_broken(&f, atp_check_channels, "R4", *all, set(all->first_child, 0));
    expect_broken(&f, atp_check_channels, "R4", *all, set(all->first_child, at_leaf));
    expect_broken(&f, atp_check_channels, "R4", *all, set(all->parent, NOWHERE));
    expect_broken(&f, atp_check_channels, "R4", *all, set(all->parent, at_all)); /* a ring */
    expect_broken(&f, atp_check_channels, "R4", *online, set(online->parent, 0));
    expect_broken(&f, atp_check_channels, "R4", *online, online->child_count++);
    expect_broken(&f, atp_check_channels, "R4", *online, online->is_leaf = 1);
    expect_broken(&f, atp_check_channels, "R4", *leaf, set(leaf->next, at_leaf));
    fixture_close(&f);
}

static void quotas_that_are_miscounted_are_named(void **state)
{
    (void)state;
    fixture_t f = ruled();
    static const char *const ids[] = {"all", "online", "w", "leaf"};

    for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        atp_quota_record_t *record = quota_of(&f, ids[i]);
        expect_broken(&f, atp_check_channels, "R3", *record,
                      set(record->used, atp_load_relaxed(&record->used) + 1));
        expect_broken(&f, atp_check_channels, "R3", *record,
                      set(record->held, atp_load_relaxed(&record->held) + 1));
        expect_broken(&f, atp_check_channels, "R3", *record,
                      set(record->children_held, atp_load_relaxed(&record->children_held) + 1));
    }
    fixture_close(&f);
}

/* ---- levels ---- */

/* web has been told that S is low. */
static fixture_t levelled(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 20);
    stock(&f, "T", "N", 20);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(rule(&f, "l", "channel=web sku=S low=5"), ATP_APPLIED);
    assert_verdict(rule(&f, "c", "channel=web sku=T cap=5"), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "N", 16), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_true(atp_crossings_newest(&f.ledger->crossings) > 0);
    return f;
}

static void crossings_that_are_not_at_their_place_are_named(void **state)
{
    (void)state;
    fixture_t f = levelled();
    atp_crossings_t *crossings = &f.ledger->crossings;
    atp_crossing_record_t *record = atp_table_at(&crossings->records, 0);

    expect_broken(&f, atp_check_levels, "V3", *crossings->heads, set(crossings->heads->newest, 9));
    expect_broken(&f, atp_check_levels, "V3", *record, set(record->number, 9));
    expect_broken(&f, atp_check_levels, "V3", *record, set(record->op, 999999));
    expect_broken(&f, atp_check_levels, "V3", *record, set(record->sku, NOWHERE));
    expect_broken(&f, atp_check_levels, "V3", *record, set(record->channel, 99));
    expect_broken(&f, atp_check_levels, "V3", *record, set(record->from, atp_load_relaxed(&record->to)));
    expect_broken(&f, atp_check_levels, "V3", *record, set(record->to, ATP_LEVEL_NONE));
    expect_broken(&f, atp_check_levels, "V3", *record, set(record->to, ATP_LEVEL_LIMIT));
    fixture_close(&f);
}

static void levels_that_were_not_told_are_named(void **state)
{
    (void)state;
    fixture_t f = levelled();
    atp_account_t *account = account_of_web(&f, "S");
    atp_account_t *without = account_of_web(&f, "T");

    expect_broken(&f, atp_check_levels, "V1", f.ledger->root->levels, f.ledger->root->levels.rules++);
    expect_broken(&f, atp_check_levels, "V1", *without, set(without->level, ATP_LEVEL_LOW));
    expect_broken(&f, atp_check_levels, "V2", *account, set(account->level, ATP_LEVEL_OUT));
    expect_broken(&f, atp_check_levels, "V2", *account, set(account->level, ATP_LEVEL_NONE));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_found_by_its_name_is_named),
        cmocka_unit_test(two_records_of_one_name_are_named),
        cmocka_unit_test(an_index_that_leads_elsewhere_is_named),
        cmocka_unit_test(an_index_with_a_record_too_many_is_named),
        cmocka_unit_test(strings_that_overlap_are_named),
        cmocka_unit_test(a_free_block_that_is_not_empty_is_named),
        cmocka_unit_test(members_of_no_group_are_named),
        cmocka_unit_test(a_node_that_is_twice_in_a_group_is_named),
        cmocka_unit_test(members_that_are_lost_are_named),
        cmocka_unit_test(kits_that_are_not_those_of_their_skus_are_named),
        cmocka_unit_test(kits_that_nest_too_deep_are_named),
        cmocka_unit_test(components_that_are_lost_or_used_by_another_sku_are_named),
        cmocka_unit_test(component_lines_of_another_kit_are_named),
        cmocka_unit_test(rules_that_are_not_on_their_account_are_named),
        cmocka_unit_test(what_a_channel_has_in_use_is_counted_again),
        cmocka_unit_test(quota_trees_that_do_not_hang_together_are_named),
        cmocka_unit_test(quotas_that_are_miscounted_are_named),
        cmocka_unit_test(crossings_that_are_not_at_their_place_are_named),
        cmocka_unit_test(levels_that_were_not_told_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
