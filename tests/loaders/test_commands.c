#include "tests/test.h"

#include "loaders/commands.h"

#include <string.h>

static atp_load_row_t row_of(const char *sku, const char *node, atp_qty_t on_hand)
{
    atp_load_row_t row = {.sku = atp_text_of(sku), .node = atp_text_of(node)};

    row.qty[ATP_LOAD_ON_HAND] = (atp_load_qty_t){on_hand, 0, true};
    return row;
}

typedef struct written {
    atp_command_t commands[ATP_LOAD_COMMANDS_PER_ROW_MAX];
    atp_command_line_t lines[ATP_LOAD_COMMANDS_PER_ROW_MAX];
    uint32_t count;
} written_t;

static void write_row(atp_load_commands_t *commands, const atp_load_row_t *row, written_t *ret_written)
{
    assert_int_equal(atp_load_commands_of_row(commands, row, ret_written->commands, ret_written->lines,
                                              &ret_written->count),
                     ATP_OK);
}

static void a_position_brings_its_sku_and_node_once(void **state)
{
    atp_load_commands_t *commands = NULL;
    atp_load_row_t row = row_of("A", "N", 5);
    written_t written;

    (void)state;
    row.qty[ATP_LOAD_UNAVAILABLE] = (atp_load_qty_t){2, 0, true};
    row.qty[ATP_LOAD_SAFETY] = (atp_load_qty_t){15, 1, true};
    row.name = ATP_TEXT("a shirt");
    row.has_scale = true;
    row.scale = 1;
    assert_int_equal(atp_load_commands_create(ATP_LOADS_POSITIONS, NULL, &commands), ATP_OK);
    write_row(commands, &row, &written);
    assert_int_equal(written.count, 5);
    assert_int_equal(written.commands[0].kind, ATP_OP_SKU);
    assert_int_equal(written.commands[0].option, 1);
    assert_true(atp_text_equal(written.commands[0].name, row.name));
    assert_int_equal(written.lines[0].node.size, 0);
    assert_int_equal(written.commands[1].kind, ATP_OP_NODE);
    assert_int_equal(written.commands[1].name.size, 0); /* the name is the SKU's */
    assert_int_equal(written.commands[2].kind, ATP_OP_COUNT);
    assert_true(written.commands[2].is_fact);
    assert_int_equal(written.lines[2].mantissa, 5);
    assert_int_equal(written.commands[3].option, ATP_BUCKET_UNAVAILABLE);
    assert_int_equal(written.lines[3].mantissa, 2);
    assert_int_equal(written.commands[4].kind, ATP_OP_SAFETY);
    assert_int_equal(written.lines[4].decimals, 1);
    assert_false(written.commands[4].is_fact);
    for (uint32_t i = 0; i < written.count; i++) {
        assert_ptr_equal(written.commands[i].lines, &written.lines[i]);
        assert_int_equal(written.commands[i].line_count, 1);
    }
    row = row_of("A", "M", 1);
    write_row(commands, &row, &written);
    assert_int_equal(written.count, 2);
    assert_int_equal(written.commands[0].kind, ATP_OP_NODE);
    assert_int_equal(written.commands[1].kind, ATP_OP_COUNT);
    atp_load_commands_destroy(commands);
}

static void a_fact_goes_under_its_own_id(void **state)
{
    atp_load_commands_t *commands = NULL;
    atp_load_row_t row = {.sku = ATP_TEXT("A"),
                          .node = ATP_TEXT("N"),
                          .event = ATP_TEXT("doc-1-7"),
                          .fact = ATP_OP_ADJUST,
                          .is_down = true};
    written_t written;

    (void)state;
    row.qty[ATP_LOAD_QUANTITY] = (atp_load_qty_t){25, 1, true};
    assert_int_equal(atp_load_commands_create(ATP_LOADS_FACTS, NULL, &commands), ATP_OK);
    write_row(commands, &row, &written);
    assert_int_equal(written.count, 3); /* SKU and node are made first */
    assert_int_equal(written.commands[2].kind, ATP_OP_ADJUST);
    assert_true(written.commands[2].is_fact);
    assert_true(atp_text_equal(written.commands[2].id, row.event));
    assert_int_equal(written.commands[2].attribute_count, 0);
    assert_int_equal(written.lines[2].mantissa, -25);
    assert_int_equal(written.lines[2].decimals, 1);
    row.fact = ATP_OP_SALE;
    row.is_down = false;
    row.expected[0] = (atp_attribute_t){.key = ATP_KEY_UNIT, .line = ATP_WHOLE_OP, .text = ATP_TEXT("CS")};
    row.expected[1] =
        (atp_attribute_t){.key = ATP_KEY_TOLD_BY, .line = ATP_WHOLE_OP, .text = ATP_TEXT("acme")};
    row.expected_count = 2;
    write_row(commands, &row, &written);
    assert_int_equal(written.count, 1);
    assert_int_equal(written.commands[0].kind, ATP_OP_SALE);
    assert_int_equal(written.commands[0].attribute_count, 2);
    assert_true(atp_text_equal(written.commands[0].attributes[0].text, ATP_TEXT("CS")));
    assert_true(atp_text_equal(written.commands[0].attributes[1].text, ATP_TEXT("acme")));
    assert_int_equal(written.lines[0].mantissa, 25);
    atp_load_commands_destroy(commands);
}

static bool knows_sku(void *context, atp_text_t sku, uint8_t *ret_scale)
{
    (void)context;
    *ret_scale = 3;
    return atp_text_equal(sku, ATP_TEXT("OLD"));
}

static bool knows_node(void *context, atp_text_t node, uint8_t *ret_state)
{
    (void)context;
    *ret_state = ATP_NODE_PAUSED;
    return atp_text_equal(node, ATP_TEXT("OLD"));
}

static const atp_load_known_t known = {NULL, knows_sku, knows_node};

/* A stock file must not rename what is there, nor open a node that was paused. */
static void a_stock_file_leaves_what_is_there_alone(void **state)
{
    atp_load_commands_t *commands = NULL;
    atp_load_row_t row = row_of("OLD", "OLD", 5);
    written_t written;

    (void)state;
    row.name = ATP_TEXT("another name");
    assert_int_equal(atp_load_commands_create(ATP_LOADS_POSITIONS, &known, &commands), ATP_OK);
    write_row(commands, &row, &written);
    assert_int_equal(written.count, 1);
    assert_int_equal(written.commands[0].kind, ATP_OP_COUNT);
    atp_load_commands_destroy(commands);
}

static void names_of_skus_and_nodes_keep_scale_and_state(void **state)
{
    atp_load_commands_t *commands = NULL;
    atp_load_row_t row = {.sku = ATP_TEXT("OLD"), .name = ATP_TEXT("Old shirt")};
    written_t written;

    (void)state;
    assert_int_equal(atp_load_commands_create(ATP_LOADS_SKUS, &known, &commands), ATP_OK);
    write_row(commands, &row, &written);
    assert_int_equal(written.count, 1);
    assert_int_equal(written.commands[0].option, 3);
    atp_load_commands_destroy(commands);
    row = (atp_load_row_t){.node = ATP_TEXT("OLD"), .name = ATP_TEXT("Old house")};
    assert_int_equal(atp_load_commands_create(ATP_LOADS_NODES, &known, &commands), ATP_OK);
    write_row(commands, &row, &written);
    assert_int_equal(written.commands[0].option, ATP_NODE_PAUSED);
    assert_true(atp_text_equal(written.commands[0].name, row.name));
    row = (atp_load_row_t){.node = ATP_TEXT("NEW"), .has_state = true, .state = ATP_NODE_CLOSED};
    write_row(commands, &row, &written);
    assert_int_equal(written.commands[0].option, ATP_NODE_CLOSED);
    atp_load_commands_destroy(commands);
}

static void safety_files_set_safety_and_nothing_else(void **state)
{
    atp_load_commands_t *commands = NULL;
    atp_load_row_t row = {.sku = ATP_TEXT("A"), .node = ATP_TEXT("N")};
    written_t written;

    (void)state;
    row.qty[ATP_LOAD_SAFETY] = (atp_load_qty_t){7, 0, true};
    assert_int_equal(atp_load_commands_create(ATP_LOADS_SAFETY, NULL, &commands), ATP_OK);
    write_row(commands, &row, &written);
    assert_int_equal(written.count, 1);
    assert_int_equal(written.commands[0].kind, ATP_OP_SAFETY);
    atp_load_commands_destroy(commands);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fact_goes_under_its_own_id),
        cmocka_unit_test(a_position_brings_its_sku_and_node_once),
        cmocka_unit_test(a_stock_file_leaves_what_is_there_alone),
        cmocka_unit_test(names_of_skus_and_nodes_keep_scale_and_state),
        cmocka_unit_test(safety_files_set_safety_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
