/* Encoded ops of every kind, with their attributes, as a journal has them, and what bytes go wrong in them: whatever is
 * well-formed is applied to a small ledger, and its invariants stand. (fuzz_op puts records together from nothing;
 * here the inputs are runs that get somewhere, and mutations of them.)
 *
 *     input   (control, size: u16, record)...     control: 1 = a frame ends after it, 2 = a check after it, high bits = time passes
 *
 * The corpus is written by test_model_everything --seeds N --acts N --write FOLDER. */
#include "tests/fuzz/fuzz.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/ledger.h"

#include <string.h>
#include <sys/prctl.h>

#define SEED      UINT64_C(0x1234567890abcdef)
#define START_MS  INT64_C(1700000000000)
#define OPS_MAX   512
#define OPS_CHECK 16 /* a check after so many at least */

static const int64_t steps_ms[16] = {0,   1,    2,     5,       10,      20,       50,        100,
                                     200, 1000, 60000, 1800000, 3600000, 86400000, 691200000, -20};

static atp_ledger_config_t small_config(void)
{
    atp_ledger_config_t config = atp_ledger_config_default();

    config.hash_seed = SEED;
    config.skus = config.nodes = config.channels = 8;
    config.clients = config.sources = 4;
    config.positions = 32;
    config.reservations = 24;
    config.lines = 96;
    config.outcomes = 64;
    config.exceptions = 16;
    config.history = 256;
    config.progress = 24;
    config.groups = 4;
    config.group_nodes = 12;
    config.kits = 4;
    config.components = 12;
    config.supplies = 12;
    config.pegs = 24;
    config.limits = 16;
    config.demand = 12;
    config.tags = 4;
    config.rules = 8;
    config.quotas = 8;
    config.accounts = 24;
    config.bookings = 24;
    config.movements = 24;
    config.feeds = 4;
    config.archive = 8;
    config.string_bytes = 8192;
    config.ids_per_client = 64;
    config.lines_per_reservation = 8;
    return config;
}

static atp_ledger_t *small_ledger(void *record)
{
    atp_ledger_config_t config = small_config();
    atp_ledger_t *ledger;
    atp_result_t result;

    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* many small tables */
    ATP_ASSERT(atp_ledger_create(&config, &ledger, NULL) == ATP_OK);
    atp_op_encode_config(record, ATP_OP_GENESIS, &config);
    ATP_ASSERT(atp_ledger_apply(ledger, record, START_MS, &result, NULL));
    return ledger;
}

/* The hash of the subject is encode's business; here it is made right. */
static void put_hash(atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);

    if (op->kind != ATP_OP_CONFIGURE && op->kind != ATP_OP_PULSE && op->kind != ATP_OP_SETTLE) {
        op->subject_hash = atp_hash_text(atp_op_text_next(&cursor), SEED);
    }
}

/* False: there are no more. *ret_size 0: it is not a record. */
static bool take_record(const uint8_t **bytes, size_t *left, uint8_t *ret_control, unsigned char *record,
                        size_t *ret_size)
{
    if (*left < 3) {
        return false;
    }
    size_t size = (size_t)((*bytes)[1] | (*bytes)[2] << 8);
    *ret_control = (*bytes)[0];
    *bytes += 3;
    *left -= 3;
    size = size < *left ? size : *left;
    *ret_size = size <= ATP_OP_SIZE_MAX ? size : 0;
    memcpy(record, *bytes, *ret_size);
    *bytes += size;
    *left -= size;
    return true;
}

static void apply(atp_ledger_t *ledger, atp_op_t *op, int64_t now_ms)
{
    static atp_grant_t grants[ATP_GRANTS_PER_OP_MAX];
    atp_prefetch_t hint;
    atp_result_t result;

    put_hash(op);
    for (unsigned step = 0; step < ATP_PREFETCH_STEPS; step++) {
        atp_ledger_prefetch(ledger, op, (atp_prefetch_step_t)step, &hint);
    }
    bool took_op = atp_ledger_apply(ledger, op, now_ms, &result, grants);
    ATP_ASSERT(atp_verdict_name(result.verdict) != NULL && atp_field_name(result.field) != NULL);
    ATP_ASSERT(!took_op || result.op == atp_ledger_stamp(ledger) / 2);
}

static void assert_sound(const atp_ledger_t *ledger)
{
    atp_why_t why;
    ATP_ASSERT(atp_ledger_check(ledger, &why) == ATP_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static _Alignas(8) unsigned char record[ATP_OP_SIZE_MAX];
    atp_ledger_t *ledger = small_ledger(record);
    int64_t now_ms = START_MS;
    size_t record_size;
    uint8_t control;

    for (unsigned i = 1; i <= OPS_MAX && take_record(&bytes, &size, &control, record, &record_size); i++) {
        atp_op_t *op = (atp_op_t *)(void *)record;
        now_ms += steps_ms[control >> 4];
        if (!atp_op_is_well_formed(record, record_size) || op->kind == ATP_OP_GENESIS) {
            continue;
        }
        apply(ledger, op, now_ms);
        if (control & 1) {
            atp_ledger_end_frame(ledger);
        }
        if ((control & 2) || i % OPS_CHECK == 0) {
            assert_sound(ledger);
        }
    }
    assert_sound(ledger);
    atp_ledger_destroy(ledger);
    return 0;
}
