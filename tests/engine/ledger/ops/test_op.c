/* engine/ledger/ops/op.h: commands to records, every fault by name, and records that are not ours. */
#include "tests/engine/ledger/nobody.h"
#include "tests/test.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/config.h"
#include "engine/ledger/ledger.h"
#include "engine/ledger/ops/op.h"

#include <stdlib.h>
#include <string.h>

#define SEED UINT64_C(0xfeed)

static _Alignas(8) unsigned char buffer[ATP_OP_SIZE_MAX];

static atp_verdict_t encode_as(atp_command_t command, bool in_source, atp_result_t *ret_fault)
{
    atp_op_context_t context = {.catalog = atp_ledger_catalog(nobody),
                                .seed = SEED,
                                .client_name = ATP_TEXT("shop"),
                                .client = 3,
                                .in_source = in_source};
    size_t size = 0;

    memset(ret_fault, 0, sizeof *ret_fault);
    atp_verdict_t verdict = atp_op_encode(&command, &context, buffer, sizeof buffer, &size, ret_fault);
    if (verdict == ATP_APPLIED) {
        assert_int_equal(((const atp_op_t *)(const void *)buffer)->size, size);
        assert_true(atp_op_is_well_formed(buffer, size));
    }
    return verdict;
}

static const atp_op_t *encode(atp_command_t command)
{
    atp_result_t fault;

    assert_int_equal(encode_as(command, false, &fault), ATP_APPLIED);
    return (const atp_op_t *)(const void *)buffer;
}

/* ---- what a good command of each kind looks like ---- */

static const atp_command_line_t sample_lines[] = {
    {{"S", 1}, {"N", 1}, 15, 1}, {{"T", 1}, {"M", 1}, 2, 0}, {{"S", 1}, {"M", 1}, 3, 0}};

static atp_command_t sample(atp_op_kind_t kind)
{
    atp_command_t command = {.kind = kind, .id = ATP_TEXT("an id"), .issued_ms = 1700000000000};

    command.correlation = kind % 2 == 0 ? ATP_TEXT("order-4711") : ATP_TEXT(""); /* half of them have one */
    switch (kind) {
    case ATP_OP_CHANNEL:
        command.channel = ATP_TEXT("web");
        command.ttl_ms = 5;
        return command;
    case ATP_OP_RESERVE:
        command.channel = ATP_TEXT("web");
        command.owner = ATP_TEXT("cart");
        command.option = ATP_RESERVE_PARTIAL;
        command.line_count = 3;
        break;
    case ATP_OP_EXTEND:
        command.reservation = ATP_TEXT("r");
        return command;
    case ATP_OP_ALLOCATE:
    case ATP_OP_RELEASE:
    case ATP_OP_CANCEL:
    case ATP_OP_SHIP:
        command.reservation = ATP_TEXT("r");
        command.line_count = 2;
        break;
    default:
        command.line_count = 1;
        break;
    }
    command.name = kind == ATP_OP_SKU || kind == ATP_OP_NODE ? ATP_TEXT("A name") : (atp_text_t){NULL, 0};
    command.lines = sample_lines;
    return command;
}

static const atp_op_kind_t client_kinds[] = {ATP_OP_SKU,     ATP_OP_NODE,   ATP_OP_CHANNEL,  ATP_OP_SAFETY,
                                             ATP_OP_RESERVE, ATP_OP_EXTEND, ATP_OP_ALLOCATE, ATP_OP_RELEASE,
                                             ATP_OP_CANCEL,  ATP_OP_SHIP,   ATP_OP_RECEIVE,  ATP_OP_SALE,
                                             ATP_OP_ADJUST,  ATP_OP_COUNT};

#define KIND_COUNT (sizeof client_kinds / sizeof client_kinds[0])

static void every_kind_of_a_client_can_be_encoded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KIND_COUNT; i++) {
        atp_command_t command = sample(client_kinds[i]);
        const atp_op_t *op = encode(command);
        assert_int_equal(op->kind, client_kinds[i]);
        assert_int_equal(op->flags & ATP_OP_HAS_ID, ATP_OP_HAS_ID);
        assert_int_equal(op->client, 3);
        assert_int_equal(op->issued_ms, command.issued_ms);
        assert_int_equal(op->size % 8, 0);
        bool has_lines = client_kinds[i] > ATP_OP_CHANNEL;
        assert_int_equal(op->line_count, has_lines ? command.line_count : 0);
    }
}

static void the_texts_stand_in_the_stated_order(void **state)
{
    (void)state;
    const atp_op_t *op = encode(sample(ATP_OP_RESERVE));
    const char *cursor = atp_op_text_begin(op);

    assert_true(op->flags & ATP_OP_CHANNEL_NAMED);
    assert_true(atp_text_equal(atp_op_text_next(&cursor), ATP_TEXT("an id")));
    assert_true(atp_text_equal(atp_op_text_next(&cursor), ATP_TEXT("cart")));
    assert_true(atp_text_equal(atp_op_text_next(&cursor), ATP_TEXT("web")));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(atp_op_lines(op)[i].flags, ATP_LINE_SKU_NAMED | ATP_LINE_NODE_NAMED);
        assert_true(atp_text_equal(atp_op_text_next(&cursor), sample_lines[i].sku));
        assert_true(atp_text_equal(atp_op_text_next(&cursor), sample_lines[i].node));
    }
    assert_int_equal(atp_op_lines(op)[0].mantissa, 15);
    assert_int_equal(atp_op_lines(op)[0].decimals, 1);
    op = encode(sample(ATP_OP_NODE));
    cursor = atp_op_text_begin(op);
    assert_true(atp_text_equal(atp_op_text_next(&cursor), ATP_TEXT("N")));
    assert_true(atp_text_equal(atp_op_text_next(&cursor), ATP_TEXT("A name")));
}

static void the_longest_command_fits_the_largest_record(void **state)
{
    (void)state;
    static atp_command_line_t lines[ATP_LINES_PER_OP_MAX];
    char id[ATP_ID_SIZE_MAX];
    atp_text_t text = {id, sizeof id};
    atp_command_t command = sample(ATP_OP_RESERVE);
    atp_result_t fault;
    size_t size;

    memset(id, 'i', sizeof id);
    for (unsigned i = 0; i < ATP_LINES_PER_OP_MAX; i++) {
        lines[i] = (atp_command_line_t){text, text, 1, 0};
    }
    command.id = command.owner = command.channel = text;
    command.line_count = ATP_LINES_PER_OP_MAX;
    command.lines = lines;
    encode(command);
    atp_op_context_t context = {.catalog = atp_ledger_catalog(nobody), .seed = SEED};
    assert_int_equal(atp_op_encode(&command, &context, buffer, 1000, &size, &fault), ATP_MESSAGE_TOO_LARGE);
    assert_int_equal(atp_op_encode(&command, &context, buffer, 10, &size, &fault), ATP_MESSAGE_TOO_LARGE);
}

/* ---- faults ---- */

#define expect_fault(command, expected_verdict, expected_field)                                              \
    do {                                                                                                     \
        atp_result_t found;                                                                                  \
        assert_string_equal(atp_verdict_name(encode_as((command), false, &found)),                           \
                            atp_verdict_name(expected_verdict));                                             \
        assert_string_equal(atp_field_name(found.field), atp_field_name(expected_field));                    \
        assert_int_equal(found.verdict, expected_verdict);                                                   \
    } while (0)

static atp_text_t of_size(uint32_t size)
{
    static char text[ATP_NAME_SIZE_MAX + 1];

    memset(text, 'x', sizeof text);
    return (atp_text_t){text, size};
}

static void kinds_that_are_not_a_clients_are_unknown(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 300; kind++) {
        bool is_clients = kind >= ATP_FIRST_CLIENT_KIND && atp_op_kind_name(kind) != NULL;
        if (!is_clients) {
            expect_fault(((atp_command_t){.kind = (atp_op_kind_t)kind, .id = ATP_TEXT("a"), .issued_ms = 1}),
                         ATP_UNKNOWN_KIND, ATP_FIELD_KIND);
        }
    }
}

static void ids_of_every_kind_are_checked(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KIND_COUNT; i++) {
        atp_command_t command = sample(client_kinds[i]);
        command.id = (atp_text_t){NULL, 0};
        expect_fault(command, ATP_ID_MISSING, ATP_FIELD_ID);
        command.id = of_size(ATP_ID_SIZE_MAX + 1);
        expect_fault(command, ATP_ID_INVALID, ATP_FIELD_ID);
        command.id = ATP_TEXT("tab\there");
        expect_fault(command, ATP_ID_INVALID, ATP_FIELD_ID);
        command.id = ATP_TEXT("\xc3\x28"); /* no UTF-8 */
        expect_fault(command, ATP_ID_INVALID, ATP_FIELD_ID);
        command.id = of_size(ATP_ID_SIZE_MAX);
        encode(command);
        command.issued_ms = 0;
        expect_fault(command, ATP_MALFORMED, ATP_FIELD_ISSUED);
        command = sample(client_kinds[i]);
        command.owner = of_size(ATP_ID_SIZE_MAX + 1);
        expect_fault(command, ATP_ID_INVALID, ATP_FIELD_OWNER);
        command = sample(client_kinds[i]);
        command.channel = of_size(ATP_ID_SIZE_MAX + 1);
        expect_fault(command, ATP_ID_INVALID, ATP_FIELD_CHANNEL);
        command = sample(client_kinds[i]);
        command.name = of_size(ATP_NAME_SIZE_MAX + 1);
        expect_fault(command, ATP_TEXT_INVALID, ATP_FIELD_NAME);
        command = sample(client_kinds[i]);
        command.ttl_ms = -1;
        expect_fault(command, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL);
        command = sample(client_kinds[i]);
        command.reason = ATP_REASON_COUNT;
        expect_fault(command, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION);
    }
}

static void steps_need_their_reservation(void **state)
{
    (void)state;
    static const atp_op_kind_t steps[] = {ATP_OP_EXTEND, ATP_OP_ALLOCATE, ATP_OP_RELEASE, ATP_OP_CANCEL,
                                          ATP_OP_SHIP};

    for (unsigned i = 0; i < 5; i++) {
        atp_command_t command = sample(steps[i]);
        command.reservation.size = 0;
        expect_fault(command, ATP_ID_INVALID, ATP_FIELD_RESERVATION);
    }
    atp_command_t shipment = sample(ATP_OP_SHIP);
    shipment.reservation.size = 0;
    shipment.is_fact = true;
    encode(shipment); /* what has left may be nobody's */
    shipment.line_count = 0;
    expect_fault(shipment, ATP_LINES_MISSING, ATP_FIELD_LINES);
    shipment.is_fact = false;
    atp_result_t fault;
    shipment.line_count = 1;
    assert_int_equal(encode_as(shipment, true, &fault), ATP_APPLIED); /* in a batch it is a fact */
}

static void each_kind_takes_its_own_number_of_lines(void **state)
{
    (void)state;
    static const struct {
        atp_op_kind_t kind;
        uint32_t least;
        uint32_t most;
    } rules[] = {{ATP_OP_SKU, 1, 1},      {ATP_OP_NODE, 1, 1},     {ATP_OP_CHANNEL, 0, 0},
                 {ATP_OP_SAFETY, 1, 1},   {ATP_OP_EXTEND, 0, 0},   {ATP_OP_RECEIVE, 1, 1},
                 {ATP_OP_SALE, 1, 1},     {ATP_OP_ADJUST, 1, 1},   {ATP_OP_COUNT, 1, 1},
                 {ATP_OP_RESERVE, 1, 99}, {ATP_OP_RELEASE, 0, 99}, {ATP_OP_SHIP, 0, 99}};

    for (unsigned i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        for (uint32_t count = 0; count <= 3; count++) {
            atp_command_t command = sample(rules[i].kind);
            command.line_count = count;
            command.lines = sample_lines;
            if (count < rules[i].least) {
                expect_fault(command, ATP_LINES_MISSING, ATP_FIELD_LINES);
            } else if (count > rules[i].most) {
                expect_fault(command, ATP_TOO_MANY_LINES, ATP_FIELD_LINES);
            } else {
                encode(command);
            }
        }
    }
}

static void options_beyond_those_there_are_are_named(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KIND_COUNT; i++) {
        unsigned most = client_kinds[i] == ATP_OP_SKU       ? ATP_SCALE_MAX
                        : client_kinds[i] == ATP_OP_NODE    ? ATP_NODE_CLOSED
                        : client_kinds[i] == ATP_OP_RESERVE ? ATP_RESERVE_TRACK_ONLY
                        : client_kinds[i] >= ATP_OP_ADJUST  ? 1
                                                            : 0;
        for (unsigned option = 0; option < 256; option++) {
            atp_command_t command = sample(client_kinds[i]);
            command.option = (uint8_t)option;
            if (option <= most) {
                encode(command);
            } else {
                expect_fault(command,
                             client_kinds[i] == ATP_OP_SKU ? ATP_SCALE_OUT_OF_RANGE : ATP_OPTION_UNKNOWN,
                             ATP_FIELD_OPTION);
            }
        }
    }
}

static void quantities_and_names_are_checked_line_by_line(void **state)
{
    (void)state;
    atp_command_line_t lines[2] = {sample_lines[0], sample_lines[1]};
    atp_command_t command = sample(ATP_OP_RESERVE);
    atp_result_t fault;

    command.lines = lines;
    command.line_count = 2;
    lines[1].mantissa = 0;
    expect_fault(command, ATP_QTY_MUST_BE_POSITIVE, ATP_FIELD_QTY);
    lines[1].mantissa = -1;
    expect_fault(command, ATP_QTY_MUST_BE_POSITIVE, ATP_FIELD_QTY);
    lines[1].mantissa = ATP_QTY_MAX + 1;
    expect_fault(command, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY);
    lines[1].mantissa = INT64_MIN;
    expect_fault(command, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY);
    lines[1].mantissa = 1;
    lines[1].decimals = ATP_SCALE_MAX + 1;
    expect_fault(command, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY);
    lines[1].decimals = 0;
    lines[1].sku.size = 0;
    expect_fault(command, ATP_ID_INVALID, ATP_FIELD_SKU);
    lines[1] = sample_lines[1];
    lines[1].node = of_size(ATP_ID_SIZE_MAX + 1);
    expect_fault(command, ATP_ID_INVALID, ATP_FIELD_NODE);
    encode_as(command, false, &fault);
    assert_int_equal(fault.line, 1);
}

static void safety_and_counts_may_be_zero_and_adjustments_anything(void **state)
{
    (void)state;
    static const struct {
        atp_op_kind_t kind;
        atp_verdict_t negative;
        atp_verdict_t zero;
    } rules[] = {{ATP_OP_SAFETY, ATP_QTY_MUST_NOT_BE_NEGATIVE, ATP_APPLIED},
                 {ATP_OP_COUNT, ATP_QTY_MUST_NOT_BE_NEGATIVE, ATP_APPLIED},
                 {ATP_OP_ADJUST, ATP_APPLIED, ATP_APPLIED},
                 {ATP_OP_RECEIVE, ATP_QTY_MUST_BE_POSITIVE, ATP_QTY_MUST_BE_POSITIVE},
                 {ATP_OP_SALE, ATP_QTY_MUST_BE_POSITIVE, ATP_QTY_MUST_BE_POSITIVE}};

    for (unsigned i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        atp_command_line_t line = sample_lines[0];
        atp_command_t command = sample(rules[i].kind);
        atp_result_t fault;
        command.lines = &line;
        line.mantissa = -1;
        assert_int_equal(encode_as(command, false, &fault), rules[i].negative);
        line.mantissa = 0;
        assert_int_equal(encode_as(command, false, &fault), rules[i].zero);
    }
}

static void a_fact_of_a_batch_has_no_id_but_a_reservation_in_one_does(void **state)
{
    (void)state;
    atp_command_t sale = sample(ATP_OP_SALE);
    atp_command_t reserve = sample(ATP_OP_RESERVE);
    const atp_op_t *op = (const atp_op_t *)(const void *)buffer;
    atp_result_t fault;

    sale.id.size = 0;
    sale.issued_ms = 0;
    assert_int_equal(encode_as(sale, true, &fault), ATP_APPLIED);
    assert_int_equal(op->flags & (ATP_OP_FACT | ATP_OP_IN_SOURCE | ATP_OP_HAS_ID),
                     ATP_OP_FACT | ATP_OP_IN_SOURCE);
    assert_int_equal(encode_as(reserve, true, &fault), ATP_APPLIED);
    reserve.id.size = 0;
    assert_int_equal(encode_as(reserve, true, &fault), ATP_ID_MISSING);
}

/* ---- digests ---- */

static void every_field_counts_for_the_digest(void **state)
{
    (void)state;
    atp_command_t command = sample(ATP_OP_RESERVE);
    atp_command_line_t lines[3];
    uint64_t digest = encode(command)->digest;

#define expect_other(change)                                                                                 \
    do {                                                                                                     \
        command = sample(ATP_OP_RESERVE);                                                                    \
        memcpy(lines, sample_lines, sizeof lines);                                                           \
        command.lines = lines;                                                                               \
        change;                                                                                              \
        assert_true(encode(command)->digest != digest);                                                      \
    } while (0)
    expect_other(command.issued_ms++);
    expect_other(command.ttl_ms++);
    expect_other(command.option = 0);
    expect_other(command.reason = 1);
    expect_other(command.is_fact = true);
    expect_other(command.owner = ATP_TEXT("cary"));
    expect_other(command.channel = ATP_TEXT("wec"));
    expect_other(command.name = ATP_TEXT("n"));
    expect_other(command.reservation = ATP_TEXT("n"));
    expect_other(command.line_count = 2);
    expect_other(lines[1].mantissa++);
    expect_other(lines[1].decimals++);
    expect_other(lines[2].sku = ATP_TEXT("X"));
    expect_other(lines[2].node = ATP_TEXT("X"));
    expect_other((lines[0] = sample_lines[1], lines[1] = sample_lines[0])); /* order is content */
#undef expect_other
    command = sample(ATP_OP_RESERVE);
    memcpy(lines, sample_lines, sizeof lines);
    lines[1].mantissa *= 100;
    lines[1].decimals += 2;
    command.lines = lines;
    assert_true(encode(command)->digest == digest); /* 2 and 2.00 */
    command.id = ATP_TEXT("another");
    assert_true(encode(command)->digest == digest); /* the id is not content */
    command.correlation = ATP_TEXT("another");
    assert_true(encode(command)->digest == digest); /* nor is what it is tied to */
}

static void a_correlation_id_costs_nothing_where_there_is_none(void **state)
{
    (void)state;
    atp_command_t command = sample(ATP_OP_RESERVE);
    command.correlation = ATP_TEXT("");
    const atp_op_t *op = encode(command);
    uint32_t plain = op->size;

    assert_false(op->flags & ATP_OP_CORRELATED);
    assert_int_equal(atp_op_correlation(op).size, 0);
    for (uint32_t size = 1; size <= ATP_ID_SIZE_MAX; size++) {
        char text[ATP_ID_SIZE_MAX];
        memset(text, 'c', sizeof text);
        command.correlation = (atp_text_t){text, size};
        op = encode(command);
        assert_true(atp_text_equal(atp_op_correlation(op), command.correlation));
        assert_int_equal(op->size, plain + (size + 7) / 8 * 8 + 8);
        assert_int_equal(op->flags & ATP_OP_HAS_ATTRIBUTES, 0); /* it decides nothing */
    }
}

static void a_correlation_id_is_an_id(void **state)
{
    (void)state;
    char longest[ATP_ID_SIZE_MAX + 1];
    atp_command_t command = sample(ATP_OP_RESERVE);
    atp_result_t fault;

    memset(longest, 'c', sizeof longest);
    command.correlation = (atp_text_t){longest, sizeof longest};
    assert_int_equal(encode_as(command, false, &fault), ATP_ATTRIBUTE_OUT_OF_RANGE);
    assert_int_equal(fault.field, ATP_FIELD_CORRELATION);
    command.correlation = ATP_TEXT("two\nlines");
    assert_int_equal(encode_as(command, false, &fault), ATP_ATTRIBUTE_OUT_OF_RANGE);
}

static void a_record_with_a_correlation_id_that_cannot_be_is_not_well_formed(void **state)
{
    (void)state;
    atp_op_t *op = (atp_op_t *)(void *)(uintptr_t)encode(sample(ATP_OP_RESERVE));
    uint64_t *size = (uint64_t *)(void *)((char *)op + op->size - sizeof *size);
    char *text = (char *)(uintptr_t)atp_op_correlation(op).bytes;
    uint64_t good = *size;

    static const uint64_t wrong[] = {0, ATP_ID_SIZE_MAX + 1, UINT64_MAX, UINT64_MAX - 7, 17};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        *size = wrong[i];
        assert_false(atp_op_is_well_formed(op, op->size));
    }
    *size = good;
    text[0] = '\n';
    assert_false(atp_op_is_well_formed(op, op->size));
    text[0] = 'o';
    text[good] = 'x'; /* its padding */
    assert_false(atp_op_is_well_formed(op, op->size));
    text[good] = 0;
    assert_true(atp_op_is_well_formed(op, op->size));
    op->kind = ATP_OP_CLIENT; /* the engine's own have none */
    assert_false(atp_op_is_well_formed(op, op->size));
}

static void ids_of_different_namespaces_never_meet(void **state)
{
    (void)state;
    atp_fingerprint_t reservation = atp_op_id_fingerprint(true, ATP_TEXT("shop"), ATP_TEXT("x"), SEED);
    atp_fingerprint_t other_shop = atp_op_id_fingerprint(true, ATP_TEXT("pos"), ATP_TEXT("x"), SEED);
    atp_fingerprint_t request = atp_op_id_fingerprint(false, ATP_TEXT("shop"), ATP_TEXT("x"), SEED);
    atp_fingerprint_t others = atp_op_id_fingerprint(false, ATP_TEXT("pos"), ATP_TEXT("x"), SEED);

    assert_memory_equal(&reservation, &other_shop, sizeof reservation);
    assert_memory_not_equal(&reservation, &request, sizeof reservation);
    assert_memory_not_equal(&request, &others, sizeof request);
}

/* ---- records that may not be ours ---- */

static void a_record_cut_short_anywhere_is_not_well_formed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KIND_COUNT; i++) {
        const atp_op_t *op = encode(sample(client_kinds[i]));
        for (size_t size = 0; size < op->size; size++) {
            unsigned char *copy = malloc(size + 1); /* so that a sanitizer sees a byte too far */
            assert_non_null(copy);
            memcpy(copy, buffer, size);
            assert_false(atp_op_is_well_formed(copy, size));
            free(copy);
        }
        assert_true(atp_op_is_well_formed(buffer, op->size));
        assert_true(atp_op_is_well_formed(buffer, op->size + 100)); /* others may follow */
    }
}

static void a_size_that_does_not_fit_the_content_is_not_well_formed(void **state)
{
    (void)state;
    atp_op_t *op = (atp_op_t *)(void *)buffer;

    for (unsigned i = 0; i < KIND_COUNT; i++) {
        encode(sample(client_kinds[i]));
        uint32_t size = op->size;
        for (uint32_t wrong = 0; wrong < size + 64; wrong++) {
            op->size = wrong;
            memset(buffer + size, 0, 128);
            assert_int_equal(atp_op_is_well_formed(buffer, sizeof buffer), wrong == size);
        }
    }
}

#define expect_bad(kind, change)                                                                             \
    do {                                                                                                     \
        atp_op_t *op = (atp_op_t *)(void *)(uintptr_t)encode(sample(kind));                                  \
        atp_op_line_t *line = (atp_op_line_t *)(void *)(op + 1);                                             \
        (void)line;                                                                                          \
        change;                                                                                              \
        assert_false(atp_op_is_well_formed(op, op->size));                                                   \
    } while (0)

static void what_encode_never_writes_is_not_well_formed(void **state)
{
    (void)state;
    expect_bad(ATP_OP_SALE, op->kind = 0);
    expect_bad(ATP_OP_SALE, op->kind = 63);
    expect_bad(ATP_OP_SALE, op->kind = 200);
    expect_bad(ATP_OP_SALE, op->line_count = 0);
    expect_bad(ATP_OP_SALE, op->line_count = 2);
    expect_bad(ATP_OP_RESERVE, op->line_count = ATP_LINES_PER_OP_MAX + 1);
    expect_bad(ATP_OP_EXTEND, op->line_count = 1);
    expect_bad(ATP_OP_SALE, op->value = -1);
    expect_bad(ATP_OP_SALE, op->option = 1);
    expect_bad(ATP_OP_COUNT, op->option = 2);
    expect_bad(ATP_OP_NODE, op->option = ATP_NODE_CLOSED + 1);
    expect_bad(ATP_OP_SKU, op->option = ATP_SCALE_MAX + 1);
    expect_bad(ATP_OP_SALE, op->reason = ATP_REASON_COUNT);
    expect_bad(ATP_OP_SALE, line->decimals = ATP_SCALE_MAX + 1);
    expect_bad(ATP_OP_SALE, line->mantissa = 0);
    expect_bad(ATP_OP_SALE, line->mantissa = -1);
    expect_bad(ATP_OP_COUNT, line->mantissa = -1);
    expect_bad(ATP_OP_ADJUST, line->mantissa = ATP_QTY_MAX + 1);
    expect_bad(ATP_OP_ADJUST, line->mantissa = -ATP_QTY_MAX - 1);
    expect_bad(ATP_OP_SKU, ((unsigned char *)(op + 1))[0] = 0);   /* no id */
    expect_bad(ATP_OP_SKU, ((unsigned char *)(op + 1))[0] = 65);  /* one byte too long */
    expect_bad(ATP_OP_SKU, ((unsigned char *)(op + 1))[0] = 255); /* beyond the record */
    expect_bad(ATP_OP_SALE, line->flags = 0);                     /* names that nobody asks for */
}

static void the_engines_own_ops_are_well_formed(void **state)
{
    (void)state;
    atp_ledger_config_t config = atp_ledger_config_default();
    atp_op_source_t numbers = {1, 2, 3, 2, 1};
    const atp_op_t *op = (const atp_op_t *)(const void *)buffer;
    size_t sizes[6];

    sizes[0] = atp_op_encode_client(buffer, ATP_TEXT("shop"), SEED);
    assert_true(atp_op_is_well_formed(buffer, sizes[0]));
    sizes[1] = atp_op_encode_source(buffer, ATP_TEXT("wms"), &numbers, SEED);
    assert_true(atp_op_is_well_formed(buffer, sizes[1]));
    const char *cursor = atp_op_text_begin(op);
    assert_true(atp_text_equal(atp_op_text_next(&cursor), ATP_TEXT("wms")));
    assert_memory_equal(atp_op_payload(op), &numbers, sizeof numbers);
    sizes[2] = atp_op_encode_pulse(buffer, 1000);
    assert_true(atp_op_is_well_formed(buffer, sizes[2]));
    sizes[3] = atp_op_encode_settle(buffer, 5, 6);
    assert_true(atp_op_is_well_formed(buffer, sizes[3]));
    sizes[4] = atp_op_encode_config(buffer, ATP_OP_GENESIS, &config);
    assert_true(atp_op_is_well_formed(buffer, sizes[4]));
    assert_memory_equal(atp_op_payload(op), &config, sizeof config);
    assert_false(atp_op_is_well_formed(buffer, sizes[4] - 8));
    sizes[5] = atp_op_encode_config(buffer, ATP_OP_CONFIGURE, &config);
    assert_true(atp_op_is_well_formed(buffer, sizes[5]));
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(sizes[i] % 8, 0);
    }
}

static void mutated_records_are_taken_apart_without_reading_outside(void **state)
{
    (void)state;
    uint64_t seed = 0x0b5;

    for (unsigned round = 0; round < 20000; round++) {
        const atp_op_t *op = encode(sample(client_kinds[test_random(&seed) % KIND_COUNT]));
        size_t size = op->size;
        unsigned char *copy = malloc(size);
        assert_non_null(copy);
        memcpy(copy, buffer, size);
        for (unsigned i = 0; i < 1 + test_random(&seed) % 4; i++) {
            copy[test_random(&seed) % size] = (unsigned char)test_random(&seed);
        }
        if (atp_op_is_well_formed(copy, size)) {
            const atp_op_t *mutated = (const atp_op_t *)(const void *)copy;
            const char *cursor = atp_op_text_begin(mutated);
            assert_true(mutated->size <= size);
            assert_true((const unsigned char *)atp_op_text_next(&cursor).bytes <= copy + size);
            atp_text_t correlation = atp_op_correlation(mutated);
            assert_true((mutated->flags & ATP_OP_CORRELATED) == 0 ||
                        (correlation.bytes > (const char *)copy && correlation.size <= ATP_ID_SIZE_MAX));
        }
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_a_client_can_be_encoded),
        cmocka_unit_test(the_texts_stand_in_the_stated_order),
        cmocka_unit_test(the_longest_command_fits_the_largest_record),
        cmocka_unit_test(kinds_that_are_not_a_clients_are_unknown),
        cmocka_unit_test(ids_of_every_kind_are_checked),
        cmocka_unit_test(steps_need_their_reservation),
        cmocka_unit_test(each_kind_takes_its_own_number_of_lines),
        cmocka_unit_test(options_beyond_those_there_are_are_named),
        cmocka_unit_test(quantities_and_names_are_checked_line_by_line),
        cmocka_unit_test(safety_and_counts_may_be_zero_and_adjustments_anything),
        cmocka_unit_test(a_fact_of_a_batch_has_no_id_but_a_reservation_in_one_does),
        cmocka_unit_test(every_field_counts_for_the_digest),
        cmocka_unit_test(a_correlation_id_costs_nothing_where_there_is_none),
        cmocka_unit_test(a_correlation_id_is_an_id),
        cmocka_unit_test(a_record_with_a_correlation_id_that_cannot_be_is_not_well_formed),
        cmocka_unit_test(ids_of_different_namespaces_never_meet),
        cmocka_unit_test(a_record_cut_short_anywhere_is_not_well_formed),
        cmocka_unit_test(a_size_that_does_not_fit_the_content_is_not_well_formed),
        cmocka_unit_test(what_encode_never_writes_is_not_well_formed),
        cmocka_unit_test(the_engines_own_ops_are_well_formed),
        cmocka_unit_test(mutated_records_are_taken_apart_without_reading_outside),
    };
    return cmocka_run_group_tests(tests, create_nobody, destroy_nobody);
}
