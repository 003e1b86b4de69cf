/* Kits read beside the writer: what is read while the stamp holds is of one op, whatever it was that changed. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "query/kits.h"

#include <pthread.h>
#include <sched.h>

#define READERS 2
#define ROUNDS  3000

typedef struct readers {
    const atp_ledger_t *ledger;
    uint32_t kit;
    uint32_t used;   /* in the kit, now and then */
    uint32_t always; /* a kit that it is always in */
    uint16_t node;
    _Atomic bool is_over;
    _Atomic uint64_t held;
    _Atomic uint64_t odd; /* held, and none of the figures that ever were true */
} readers_t;

static void none_is_due(void *context, uint32_t sku, uint16_t node)
{
    (void)context;
    (void)sku;
    (void)node;
}

static void *read_kits(void *context)
{
    readers_t *readers = context;

    while (!atp_load_relaxed(&readers->is_over)) {
        atp_availability_t read;
        atp_bill_t bill;
        uint64_t stamp = atp_ledger_stamp(readers->ledger);
        atp_availability_lay_out(readers->ledger, readers->kit, FIXTURE_START_MS, &bill);
        atp_availability_read_kit(readers->ledger, &bill, readers->node, FIXTURE_START_MS, none_is_due, NULL,
                                  &read);
        if (!atp_ledger_stamp_holds(readers->ledger, stamp)) {
            continue;
        }
        bool is_true = read.shown == 10 || read.shown == 5 || read.shown == 3 || read.shown == 0;
        readers->held++;
        readers->odd += !is_true;
    }
    return NULL;
}

static void note_kit(void *context, uint32_t sku)
{
    uint64_t *seen = context;

    *seen |= UINT64_C(1) << (sku % 64);
}

/* Of what B is in: C, whatever becomes of K, when the walk says that it was whole. */
static void *read_uses(void *context)
{
    readers_t *readers = context;

    while (!atp_load_relaxed(&readers->is_over)) {
        uint64_t seen = 0;
        if (!atp_availability_kits_above(readers->ledger, readers->used, note_kit, &seen)) {
            continue;
        }
        uint64_t always = UINT64_C(1) << readers->always;
        bool is_true = seen == always || seen == (always | UINT64_C(1) << readers->kit);
        readers->held++;
        readers->odd += !is_true;
    }
    return NULL;
}

static void put_kit(fixture_t *f, const char *kit, uint32_t count, const atp_command_line_t *lines)
{
    assert_verdict(fixture_do(f, (atp_command_t){.kind = ATP_OP_KIT,
                                                 .subject = atp_text_of(kit),
                                                 .line_count = count,
                                                 .lines = lines}),
                   ATP_APPLIED);
}

/* K of 1 A (10 of them), of 2 A and 1 B (5), of 1 L that is 3 A (3), of nothing (0). */
static void write_recipes(fixture_t *f)
{
    const atp_command_line_t one = line_of("A", "", 1);
    const atp_command_line_t two[] = {line_of("A", "", 2), line_of("B", "", 1)};
    const atp_command_line_t nested = line_of("L", "", 1);

    for (unsigned i = 0; i < ROUNDS; i++) {
        f->now_ms++; /* answers are kept for a while only */
        put_kit(f, "K", 1, &one);
        put_kit(f, "K", 2, two);
        put_kit(f, "K", 1, &nested);
        put_kit(f, "K", 0, NULL);
    }
}

static uint32_t sku_of(const fixture_t *f, const char *id)
{
    atp_text_t text = atp_text_of(id);
    uint32_t sku;

    assert_true(atp_catalog_find_sku(atp_ledger_catalog(f->ledger), text,
                                     atp_hash_text(text, atp_ledger_seed(f->ledger)), &sku));
    return sku;
}

static void read_beside_the_writer(void *(*read)(void *))
{
    atp_ledger_config_t config = fixture_config();
    const atp_command_line_t three = line_of("A", "", 3);
    const atp_command_line_t b = line_of("B", "", 1);
    pthread_t threads[READERS];
    readers_t readers = {.is_over = false};

    config.ids_per_client = UINT64_MAX;
    config.components = 5; /* the same places again and again */
    fixture_t f = fixture_open(&config);
    f.is_unchecked = true;
    stock(&f, "A", "N", 10);
    stock(&f, "B", "N", 7);
    put_sku(&f, "K", 0);
    put_sku(&f, "L", 0);
    put_kit(&f, "L", 1, &three);
    put_sku(&f, "C", 0);
    put_kit(&f, "C", 1, &b);
    readers.ledger = f.ledger;
    readers.kit = sku_of(&f, "K");
    readers.used = sku_of(&f, "B");
    readers.always = sku_of(&f, "C");
    for (unsigned i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read, &readers), 0);
    }
    write_recipes(&f);
    while (readers.held == 0) { /* the writer is at rest: a read will hold */
        sched_yield();
    }
    atp_store_relaxed(&readers.is_over, true);
    for (unsigned i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(readers.odd, 0);
    fixture_close(&f);
}

static void recipes_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    read_beside_the_writer(read_kits);
}

static void what_a_sku_is_used_in_is_found_whole_or_not_at_all(void **state)
{
    (void)state;
    read_beside_the_writer(read_uses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipes_are_read_whole_or_not_at_all),
        cmocka_unit_test(what_a_sku_is_used_in_is_found_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
