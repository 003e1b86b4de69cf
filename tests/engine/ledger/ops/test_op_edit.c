/* engine/ledger/ops/op_edit.h: a fact as it should have been told is, byte for byte, the op that would have said so at once. */
#include "tests/engine/ledger/nobody.h"
#include "tests/test.h"

#include "engine/base/attribute.h"
#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/config.h"
#include "engine/ledger/ledger.h"
#include "engine/ledger/ops/op.h"
#include "engine/ledger/ops/op_edit.h"

#include <stdlib.h>
#include <string.h>

#define SEED UINT64_C(0xfeed)

typedef struct op_buffer {
    _Alignas(8) unsigned char bytes[ATP_OP_SIZE_MAX];
} op_buffer_t;

static op_buffer_t fact, told, edited, expected;

static const atp_op_t *encode(const atp_command_t *command, op_buffer_t *buffer)
{
    atp_op_context_t context = {.catalog = atp_ledger_catalog(nobody),
                                .seed = SEED,
                                .client_name = ATP_TEXT("shop"),
                                .client = 3,
                                .in_source = true};
    atp_result_t fault = {.verdict = ATP_APPLIED};
    size_t size = 0;

    memset(buffer, 0, sizeof *buffer);
    atp_verdict_t verdict =
        atp_op_encode(command, &context, buffer->bytes, sizeof buffer->bytes, &size, &fault);
    assert_string_equal(atp_verdict_name(verdict), "applied");
    return (const atp_op_t *)(const void *)buffer->bytes;
}

static const atp_command_line_t lines[] = {{{"S", 1}, {"N", 1}, 15, 1}, {{"T", 1}, {"M", 1}, 2, 0}};
static const atp_command_line_t other_lines[] = {
    {{"another", 7}, {"N", 1}, 3, 0}, {{"S", 1}, {"elsewhere", 9}, 2, 0}, {{"T", 1}, {"M", 1}, 1, 0}};
static const atp_attribute_t order[] = {
    {.key = ATP_KEY_ORDER_ID, .line = ATP_WHOLE_OP, .text = {"o-4711", 6}},
    {.key = ATP_KEY_PRIORITY, .line = ATP_WHOLE_OP, .number = 2}};
static const atp_attribute_t disposition[] = {
    {.key = ATP_KEY_DISPOSITION, .line = ATP_WHOLE_OP, .number = ATP_DISPOSITION_SCRAP}};

/* Facts with all that an op can carry: names before the lines' own, attributes with and without text, a correlation id. */
static const atp_command_t facts[] = {
    {.kind = ATP_OP_SALE, .line_count = 1, .lines = lines},
    {.kind = ATP_OP_SALE, .line_count = 1, .lines = lines, .correlation = {"till-7", 6}},
    {.kind = ATP_OP_SHIP, .reservation = {"r", 1}, .line_count = 2, .lines = lines, .correlation = {"x", 1}},
    {.kind = ATP_OP_RETURN,
     .reservation = {"r", 1},
     .line_count = 2,
     .lines = lines,
     .attribute_count = 1,
     .attributes = disposition},
    {.kind = ATP_OP_RESERVE,
     .id = {"a reservation", 13},
     .owner = {"cart", 4},
     .channel = {"web", 3},
     .line_count = 2,
     .lines = lines,
     .attribute_count = 2,
     .attributes = order,
     .correlation = {"order-4711", 10}},
    {.kind = ATP_OP_SKU, .name = {"A name", 6}, .line_count = 1, .lines = lines},
    {.kind = ATP_OP_NODE, .name = {"A name", 6}, .line_count = 1, .lines = lines},
};

#define FACTS (sizeof facts / sizeof facts[0])

/* What an exception is settled with: lines and a reservation, or neither. */
static const atp_op_t *told_with(uint32_t line_count, const char *reservation)
{
    const atp_attribute_t attributes[] = {
        {.key = ATP_KEY_SETTLE, .line = ATP_WHOLE_OP, .number = ATP_SETTLE_REPLAY},
        {.key = ATP_KEY_RESERVATION, .line = ATP_WHOLE_OP, .text = atp_text_of(reservation)}};
    const atp_command_t command = {.kind = ATP_OP_SETTLE_EXCEPTION,
                                   .subject = ATP_TEXT("12"),
                                   .line_count = line_count,
                                   .lines = other_lines,
                                   .attribute_count = reservation != NULL ? 2 : 1,
                                   .attributes = attributes};

    return encode(&command, &told);
}

static bool edit(const atp_command_t *command, const atp_op_t *with)
{
    memset(&edited, 0, sizeof edited);
    return atp_op_with(encode(command, &fact), with, SEED, edited.bytes, sizeof edited.bytes);
}

static void assert_said(const atp_command_t *command)
{
    const atp_op_t *op = encode(command, &expected);

    assert_int_equal(((const atp_op_t *)(const void *)edited.bytes)->size, op->size);
    assert_memory_equal(edited.bytes, expected.bytes, op->size);
}

static void a_fact_of_which_nothing_is_told_anew_stays_what_it_is(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FACTS; i++) {
        assert_true(edit(&facts[i], told_with(0, NULL)));
        assert_said(&facts[i]);
    }
}

static void lines_told_anew_take_the_place_of_all_lines(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FACTS; i++) {
        atp_command_t right = facts[i];
        if (right.kind == ATP_OP_SKU || right.kind == ATP_OP_NODE || right.kind == ATP_OP_SALE) {
            continue; /* no lines of positions, or one */
        }
        right.line_count = 3;
        right.lines = other_lines;
        assert_true(edit(&facts[i], told_with(3, NULL)));
        assert_said(&right);
    }
    atp_command_t sale = facts[1];
    sale.lines = other_lines;
    assert_true(edit(&facts[1], told_with(1, NULL)));
    assert_said(&sale);
}

static void another_reservation_is_that_of_the_fact(void **state)
{
    (void)state;
    atp_command_t right = facts[2];

    right.reservation = ATP_TEXT("the one that was meant");
    assert_true(edit(&facts[2], told_with(0, "the one that was meant")));
    assert_said(&right);
    right.line_count = 2;
    right.lines = other_lines;
    assert_true(edit(&facts[2], told_with(2, "the one that was meant")));
    assert_said(&right);
}

static void units_told_anew_take_the_place_of_all_units(void **state)
{
    (void)state;
    static const atp_attribute_t had[] = {
        {.key = ATP_KEY_DISPOSITION, .line = ATP_WHOLE_OP, .number = ATP_DISPOSITION_SCRAP},
        {.key = ATP_KEY_UNIT, .line = ATP_WHOLE_OP, .text = {"CS", 2}},
        {.key = ATP_KEY_DISPOSITION, .line = 0, .number = ATP_DISPOSITION_RESTOCK},
        {.key = ATP_KEY_UNIT, .line = 0, .text = {"PAL", 3}},
        {.key = ATP_KEY_DISPOSITION, .line = 1, .number = ATP_DISPOSITION_RESTOCK}};
    static const atp_attribute_t settled[] = {
        {.key = ATP_KEY_SETTLE, .line = ATP_WHOLE_OP, .number = ATP_SETTLE_EDIT},
        {.key = ATP_KEY_UNIT, .line = ATP_WHOLE_OP, .text = {"BOX", 3}},
        {.key = ATP_KEY_UNIT, .line = 1, .text = {"EA", 2}}};
    const atp_attribute_t has[] = {had[0], settled[1], had[2], had[4], settled[2]};
    atp_command_t command = {.kind = ATP_OP_RETURN, .line_count = 2, .lines = lines};
    const atp_command_t with = {.kind = ATP_OP_SETTLE_EXCEPTION,
                                .subject = ATP_TEXT("12"),
                                .line_count = 2,
                                .lines = other_lines,
                                .attribute_count = 3,
                                .attributes = settled};

    atp_command_t right = command;
    right.lines = other_lines;
    right.attribute_count = 2;
    right.attributes = &settled[1];
    assert_true(edit(&command, encode(&with, &told))); /* it had none */
    assert_said(&right);
    command.attribute_count = 5;
    command.attributes = had;
    right.attribute_count = 5;
    right.attributes = has;
    assert_true(edit(&command, encode(&with, &told)));
    assert_said(&right);
}

static void what_the_kind_does_not_take_cannot_be_told_anew(void **state)
{
    (void)state;
    assert_false(edit(&facts[0], told_with(0, "r")));  /* a sale is of no reservation */
    assert_false(edit(&facts[5], told_with(1, NULL))); /* a SKU has no lines of positions */
    assert_false(edit(&facts[6], told_with(1, NULL)));
}

static void a_fact_that_does_not_fit_is_not_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FACTS; i++) {
        assert_true(edit(&facts[i], told_with(0, NULL)));
        uint32_t size = ((const atp_op_t *)(const void *)edited.bytes)->size;
        const atp_op_t *op = encode(&facts[i], &fact);
        for (uint32_t room = sizeof(atp_op_t); room < size; room++) {
            unsigned char *small = malloc(room); /* so that a byte too many is seen */
            assert_non_null(small);
            assert_false(atp_op_with(op, told_with(0, NULL), SEED, small, room));
            free(small);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fact_of_which_nothing_is_told_anew_stays_what_it_is),
        cmocka_unit_test(lines_told_anew_take_the_place_of_all_lines),
        cmocka_unit_test(another_reservation_is_that_of_the_fact),
        cmocka_unit_test(units_told_anew_take_the_place_of_all_units),
        cmocka_unit_test(what_the_kind_does_not_take_cannot_be_told_anew),
        cmocka_unit_test(a_fact_that_does_not_fit_is_not_told),
    };
    return cmocka_run_group_tests(tests, create_nobody, destroy_nobody);
}
