/* Groups of nodes: ordered, replaced as a whole, found in one look. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>

static fixture_t open_with_nodes(void)
{
    fixture_t f = fixture_open(NULL);

    for (char node[2] = "A"; node[0] <= 'F'; node[0]++) {
        assert_verdict(put_node(&f, node, ATP_NODE_OPEN), ATP_APPLIED);
    }
    return f;
}

static uint16_t group_of(const fixture_t *f, const char *group)
{
    uint16_t number = ATP_NO_GROUP;
    atp_text_t id = atp_text_of(group);

    atp_catalog_find_group(atp_ledger_catalog(f->ledger), id, atp_hash_text(id, atp_ledger_seed(f->ledger)),
                           &number);
    return number;
}

/* The nodes of a group in order, as text: "C:5 A B:2". */
static const char *members_of(const fixture_t *f, const char *group)
{
    static char text[256];
    atp_group_walk_t walk = atp_groups_walk(atp_ledger_groups(f->ledger), group_of(f, group));
    atp_group_node_t member;
    int at = 0;

    text[0] = '\0';
    while (atp_groups_next(&walk, &member)) {
        atp_text_t id = atp_catalog_node_id(atp_ledger_catalog(f->ledger), member.node);
        at += snprintf(text + at, sizeof text - (size_t)at, "%s%.*s", at > 0 ? " " : "", (int)id.size,
                       id.bytes);
        if (member.cost > 0) {
            at += snprintf(text + at, sizeof text - (size_t)at, ":%lld", (long long)member.cost);
        }
    }
    return text;
}

static void a_group_keeps_its_nodes_in_the_order_given(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_group(&f, "east", "C:5 A B:2"), ATP_APPLIED);
    assert_string_equal(members_of(&f, "east"), "C:5 A B:2");
    assert_int_equal(atp_groups_count(atp_ledger_groups(f.ledger), group_of(&f, "east")), 3);
    fixture_close(&f);
}

static void a_node_is_found_in_the_groups_it_is_in_and_no_others(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    atp_group_node_t member;

    assert_verdict(put_group(&f, "east", "A B"), ATP_APPLIED);
    assert_verdict(put_group(&f, "west", "B C"), ATP_APPLIED);
    const atp_groups_t *groups = atp_ledger_groups(f.ledger);
    assert_true(atp_groups_find(groups, group_of(&f, "east"), 1, &member));
    assert_int_equal(member.rank, 1);
    assert_true(atp_groups_find(groups, group_of(&f, "west"), 1, &member));
    assert_int_equal(member.rank, 0);
    assert_false(atp_groups_find(groups, group_of(&f, "west"), 0, &member));
    assert_false(atp_groups_find(groups, group_of(&f, "east"), 2, &member));
    fixture_close(&f);
}

static void the_bit_of_a_node_follows_its_membership(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    const atp_groups_t *groups = atp_ledger_groups(f.ledger);

    assert_verdict(put_group(&f, "east", "A B"), ATP_APPLIED);
    assert_verdict(put_group(&f, "west", "B C"), ATP_APPLIED);
    assert_verdict(put_group(&f, "east", "D B"), ATP_APPLIED);
    assert_false(atp_groups_has(groups, group_of(&f, "east"), 0));
    assert_true(atp_groups_has(groups, group_of(&f, "east"), 1));
    assert_true(atp_groups_has(groups, group_of(&f, "east"), 3));
    assert_false(atp_groups_has(groups, group_of(&f, "west"), 3));
    assert_true(atp_groups_has(groups, group_of(&f, "west"), 2));
    fixture_close(&f);
}

static void a_second_put_replaces_the_whole_membership(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_group(&f, "east", "A B C D"), ATP_APPLIED);
    assert_verdict(put_group(&f, "east", "E B"), ATP_APPLIED);
    assert_string_equal(members_of(&f, "east"), "E B");
    assert_verdict(put_group(&f, "east", ""), ATP_APPLIED);
    assert_string_equal(members_of(&f, "east"), "");
    assert_verdict(put_group(&f, "west", "F A B C D E"), ATP_APPLIED); /* on the places that became free */
    assert_string_equal(members_of(&f, "west"), "F A B C D E");
    fixture_close(&f);
}

static void a_group_of_an_unknown_node_or_one_twice_is_refused_and_stays(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    atp_attribute_t cost = {.key = ATP_KEY_COST, .line = ATP_WHOLE_OP, .number = 3};

    assert_verdict(put_group(&f, "east", "A B"), ATP_APPLIED);
    assert_refused(put_group(&f, "east", "C nowhere"), ATP_UNKNOWN_NODE, ATP_FIELD_ATTRIBUTE);
    assert_refused(put_group(&f, "east", "C D C"), ATP_ATTRIBUTE_NOT_TAKEN, ATP_FIELD_ATTRIBUTE);
    assert_refused(fixture_do(&f, (atp_command_t){.kind = ATP_OP_GROUP,
                                                  .subject = ATP_TEXT("east"),
                                                  .attribute_count = 1,
                                                  .attributes = &cost}),
                   ATP_ATTRIBUTE_NOT_TAKEN, ATP_FIELD_ATTRIBUTE); /* a cost of no node */
    assert_refused(put_group(&f, "", "A"), ATP_ID_INVALID, ATP_FIELD_SUBJECT);
    assert_string_equal(members_of(&f, "east"), "A B");
    fixture_close(&f);
}

static void groups_and_their_nodes_are_bounded(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.groups = 2;
    config.group_nodes = 5;
    fixture_t f = fixture_open(&config);

    for (char node[2] = "A"; node[0] <= 'F'; node[0]++) {
        assert_verdict(put_node(&f, node, ATP_NODE_OPEN), ATP_APPLIED);
    }
    assert_verdict(put_group(&f, "east", "A B C"), ATP_APPLIED);
    assert_refused(put_group(&f, "west", "A B C"), ATP_GROUPS_FULL, ATP_FIELD_SUBJECT);
    assert_int_equal(group_of(&f, "west"), ATP_NO_GROUP);
    assert_verdict(put_group(&f, "west", "A B"), ATP_APPLIED);
    assert_verdict(put_group(&f, "east", "D E F"), ATP_APPLIED); /* its own places count */
    assert_refused(put_group(&f, "east", "D E F A"), ATP_GROUPS_FULL, ATP_FIELD_SUBJECT);
    assert_refused(put_group(&f, "north", ""), ATP_GROUPS_FULL, ATP_FIELD_SUBJECT);
    fixture_close(&f);
}

static void a_channel_names_a_group_for_each_method(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    const atp_catalog_t *catalog = atp_ledger_catalog(f.ledger);

    assert_verdict(put_group(&f, "east", "A"), ATP_APPLIED);
    assert_verdict(put_group(&f, "shops", "B"), ATP_APPLIED);
    assert_refused(put_channel_with(&f, "web", "ship_group=nowhere"), ATP_UNKNOWN_GROUP, ATP_FIELD_ATTRIBUTE);
    assert_int_equal(counts_of(&f).channels, 1);
    assert_verdict(put_channel_with(&f, "web", "ship_group=east pickup_group=shops"), ATP_APPLIED);
    assert_int_equal(atp_catalog_channel_group(catalog, 1, ATP_METHOD_SHIP), group_of(&f, "east"));
    assert_int_equal(atp_catalog_channel_group(catalog, 1, ATP_METHOD_PICKUP), group_of(&f, "shops"));
    assert_int_equal(atp_catalog_channel_group(catalog, 0, ATP_METHOD_SHIP), ATP_NO_GROUP);
    assert_verdict(put_channel_with(&f, "web", "pickup_group=east"), ATP_APPLIED);
    assert_int_equal(atp_catalog_channel_group(catalog, 1, ATP_METHOD_SHIP), ATP_NO_GROUP);
    assert_int_equal(atp_catalog_channel_group(catalog, 1, ATP_METHOD_PICKUP), group_of(&f, "east"));
    fixture_close(&f);
}

/* Puts every table of `from` into `to`, piece by piece. */
static void restore(atp_ledger_t *from, atp_ledger_t *to)
{
    atp_table_t *tables[ATP_LEDGER_TABLES];
    atp_table_t *copies[ATP_LEDGER_TABLES];
    atp_why_t why = {""};

    atp_ledger_tables(from, tables);
    atp_ledger_tables(to, copies);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        uint64_t pieces = atp_table_piece_count(tables[i]);
        for (uint64_t piece = 0; piece < pieces; piece++) {
            assert_int_equal(atp_table_restore_piece(
                                 copies[i], piece, tables[i]->base + piece * atp_table_piece_size(tables[i]),
                                 atp_table_piece_size(tables[i])),
                             ATP_OK);
        }
        assert_int_equal(atp_table_restore_count(copies[i], atp_table_count(tables[i])), ATP_OK);
    }
    assert_int_equal(atp_ledger_rebuild(to, &why), ATP_OK);
}

static void a_restored_ledger_finds_the_same_members(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    fixture_t g = fixture_open_empty(NULL);

    assert_verdict(put_group(&f, "east", "A B C"), ATP_APPLIED);
    assert_verdict(put_group(&f, "east", "C A:9"), ATP_APPLIED);
    restore(f.ledger, g.ledger);
    assert_string_equal(members_of(&g, "east"), "C A:9");
    assert_true(atp_ledger_hash(f.ledger) == atp_ledger_hash(g.ledger));
    fixture_close(&g);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_keeps_its_nodes_in_the_order_given),
        cmocka_unit_test(a_node_is_found_in_the_groups_it_is_in_and_no_others),
        cmocka_unit_test(the_bit_of_a_node_follows_its_membership),
        cmocka_unit_test(a_second_put_replaces_the_whole_membership),
        cmocka_unit_test(a_group_of_an_unknown_node_or_one_twice_is_refused_and_stays),
        cmocka_unit_test(groups_and_their_nodes_are_bounded),
        cmocka_unit_test(a_channel_names_a_group_for_each_method),
        cmocka_unit_test(a_restored_ledger_finds_the_same_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
