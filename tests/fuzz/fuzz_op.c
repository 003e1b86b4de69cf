/* Op records that may not be ours: whatever passes atp_op_is_well_formed can be applied, and leaves a ledger whose
 * invariants stand.
 *
 * The bytes are a run of records for one small ledger. Each begins with a byte that says how the rest is read: as a
 * raw record of a given size, or as choices from which a record is put together that is well-formed more often than
 * not, with numbers (of clients, channels, SKUs, nodes) that exist and others that do not. */
#include "tests/fuzz/fuzz.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/ledger.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define SEED       UINT64_C(0x1234567890abcdef)
#define START_MS   INT64_C(1700000000000)
#define OPS_MAX    64
#define RECORD_MAX 8192

typedef struct input {
    const uint8_t *bytes;
    size_t left;
} input_t;

static uint8_t take(input_t *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->bytes++;
}

static const char *const names[] = {
    "", "a", "b", "sku", "node", "web", "default", "atpd", "a-name-that-is-longer-than-the-smallest-block"};

static size_t put_name(unsigned char *at, uint8_t choice)
{
    if (choice >= 0xf0) { /* as long as one byte says */
        memset(at, 'l', 256);
        at[0] = choice == 0xff ? 255 : 64;
        return 1u + at[0];
    }
    const char *name = names[choice % (sizeof names / sizeof names[0])];
    at[0] = (unsigned char)strlen(name);
    memcpy(at + 1, name, at[0]);
    return 1u + at[0];
}

static int64_t number_of(uint8_t choice)
{
    static const int64_t edges[] = {0, -1, ATP_QTY_MAX, -ATP_QTY_MAX, INT64_MAX, INT64_MIN, ATP_QTY_MAX + 1};

    return choice < 0xe0 ? choice : edges[choice % (sizeof edges / sizeof edges[0])];
}

static void choose_line(input_t *input, atp_op_line_t *line)
{
    uint8_t flags = take(input);

    memset(line, 0, sizeof *line);
    line->flags = flags & (ATP_LINE_SKU_NAMED | ATP_LINE_NODE_NAMED);
    line->sku = take(input);
    line->node = take(input) % 8;
    line->sku = line->sku < 0xf0 ? line->sku % 4 : UINT32_MAX - line->sku;
    line->decimals = flags >> 6;
    line->mantissa = number_of(take(input));
}

/* Puts a record together; returns its size. */
static size_t choose_record(input_t *input, unsigned char *buffer)
{
    atp_op_t *op = (atp_op_t *)(void *)buffer;
    uint8_t client = take(input);
    uint8_t id = take(input);

    memset(buffer, 0, RECORD_MAX);
    op->kind = take(input) % ATP_OP_KIND_LIMIT;
    op->flags = take(input);
    op->line_count = take(input) % 5;
    op->id.low = id % 16;
    op->id.high = id % 16;
    op->digest = id / 16;
    op->field_digests = id / 16;
    op->issued_ms = (int64_t)((uint64_t)START_MS + (uint64_t)number_of(take(input)));
    op->value = number_of(take(input));
    op->client = client < 4      ? client
                 : client < 0x80 ? 0
                 : client < 0xc0 ? ATP_CLIENT_NAMED
                                 : UINT32_MAX - client;
    op->channel = take(input);
    op->option = take(input) % 8;
    op->reason = take(input) % 8;
    unsigned char *at = buffer + sizeof *op;
    for (unsigned i = 0; i < op->line_count; i++) {
        atp_op_line_t line;
        choose_line(input, &line);
        memcpy(at, &line, sizeof line);
        at += sizeof line;
    }
    if (op->kind == ATP_OP_SOURCE) {
        atp_op_source_t numbers = {.epoch = take(input),
                                   .sequence = (uint64_t)number_of(take(input)),
                                   .as_of_ms = START_MS,
                                   .kept_from = take(input) % 4,
                                   .after = take(input) % 4};
        memcpy(at, &numbers, sizeof numbers);
        at += sizeof numbers;
    } else if (op->kind == ATP_OP_CONFIGURE) {
        atp_ledger_config_t config = atp_ledger_config_default();
        config.ttl_max_ms = number_of(take(input));
        config.ttl_default_ms = number_of(take(input));
        memcpy(at, &config, sizeof config);
        at += sizeof config;
    }
    for (unsigned texts = take(input) % 12; texts > 0; texts--) {
        at += put_name(at, take(input));
    }
    op->size = (uint32_t)((size_t)(at - buffer) + 7) / 8 * 8;
    return op->size;
}

static size_t copy_record(input_t *input, unsigned char *buffer)
{
    size_t size = take(input);

    size |= (size_t)take(input) << 8;
    size = size < input->left ? size : input->left;
    size = size < RECORD_MAX ? size : RECORD_MAX;
    memset(buffer, 0, RECORD_MAX);
    if (size > 0) {
        memcpy(buffer, input->bytes, size);
    }
    input->bytes += size;
    input->left -= size;
    return size;
}

/* The hashes of a record's texts are encode's business; here they are made right. */
static void put_hashes(atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);

    if (op->kind != ATP_OP_GENESIS && op->kind != ATP_OP_CONFIGURE && op->kind != ATP_OP_PULSE &&
        op->kind != ATP_OP_SETTLE) {
        op->subject_hash = atp_hash_text(atp_op_text_next(&cursor), SEED);
    }
}

static atp_ledger_t *small_ledger(unsigned char *buffer)
{
    atp_ledger_config_t config = atp_ledger_config_default();
    atp_ledger_t *ledger;
    atp_result_t result;

    config.hash_seed = SEED;
    config.skus = config.nodes = config.channels = config.clients = config.sources = 3;
    config.positions = config.reservations = 6;
    config.lines = 12;
    config.outcomes = 8;
    config.exceptions = 3;
    config.string_bytes = 4096;
    /* A ledger a run: without huge pages it costs a few small pages a table and not 2 MiB. */
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    ATP_ASSERT(atp_ledger_create(&config, &ledger, NULL) == ATP_OK);
    atp_op_encode_config(buffer, ATP_OP_GENESIS, &config);
    ATP_ASSERT(atp_ledger_apply(ledger, (const atp_op_t *)(const void *)buffer, START_MS, &result, NULL));
    return ledger;
}

static void assert_sound(const atp_ledger_t *ledger)
{
    atp_why_t why;
    ATP_ASSERT(atp_ledger_check(ledger, &why) == ATP_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static _Alignas(8) unsigned char record[ATP_OP_SIZE_MAX];
    static atp_grant_t grants[ATP_LINES_PER_OP_MAX];
    input_t input = {bytes, size};
    atp_ledger_t *ledger = small_ledger(record);
    int64_t now_ms = START_MS;

    for (unsigned i = 0; i < OPS_MAX && input.left > 0; i++) {
        uint8_t choice = take(&input);
        size_t record_size = choice & 1 ? copy_record(&input, record) : choose_record(&input, record);
        atp_op_t *op = (atp_op_t *)(void *)record;
        atp_prefetch_t hint;
        atp_result_t result;
        now_ms += choice >> 4 == 15 ? 3600000 : choice >> 4;
        if (!atp_op_is_well_formed(record, record_size) || op->kind == ATP_OP_GENESIS) {
            continue;
        }
        put_hashes(op);
        for (unsigned step = 0; step < ATP_PREFETCH_STEPS; step++) {
            atp_ledger_prefetch(ledger, op, (atp_prefetch_step_t)step, &hint);
        }
        bool took_op = atp_ledger_apply(ledger, op, now_ms, &result, grants);
        ATP_ASSERT(atp_verdict_name(result.verdict) != NULL && atp_field_name(result.field) != NULL);
        ATP_ASSERT(!took_op || result.op == atp_ledger_stamp(ledger) / 2);
        if (choice & 2) {
            atp_ledger_end_frame(ledger);
        }
        if (choice & 4) {
            assert_sound(ledger);
        }
    }
    assert_sound(ledger);
    atp_ledger_destroy(ledger);
    return 0;
}
