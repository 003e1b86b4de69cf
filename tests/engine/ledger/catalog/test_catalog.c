/* engine/ledger/catalog/catalog.h: names to numbers, for one writer and any number of readers. */
#include "tests/test.h"

#include "engine/base/hash.h"
#include "engine/ledger/catalog/catalog.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 99u

typedef struct names {
    atp_catalog_t catalog;
    atp_string_heads_t heads;
} names_t;

static void make_names(names_t *names, uint64_t capacity)
{
    memset(names, 0, sizeof *names);
    assert_int_equal(
        atp_table_init(&names->catalog.strings, "strings", 2, ATP_STRING_GRANULE, capacity * 4 + 64), ATP_OK);
    assert_int_equal(atp_table_init(&names->catalog.skus, "skus", 3, sizeof(atp_sku_record_t), capacity),
                     ATP_OK);
    assert_int_equal(atp_index_init(&names->catalog.sku_index, capacity + 1), ATP_OK);
}

static void drop_names(names_t *names)
{
    atp_table_fini(&names->catalog.strings);
    atp_table_fini(&names->catalog.skus);
    atp_index_fini(&names->catalog.sku_index);
}

static atp_text_t id_of(char *buffer, uint32_t number)
{
    buffer[0] = '\0';
    return (atp_text_t){buffer, (uint32_t)snprintf(buffer, 32, "sku-%u", number)};
}

static uint32_t add(names_t *names, uint32_t number)
{
    char buffer[32];
    atp_text_t id = id_of(buffer, number);

    return atp_catalog_add(&names->catalog, &names->heads, &names->catalog.skus, &names->catalog.sku_index,
                           id, atp_hash_text(id, SEED), 1);
}

static bool find(const names_t *names, uint32_t number, uint32_t *ret_sku)
{
    char buffer[32];
    atp_text_t id = id_of(buffer, number);

    return atp_catalog_find_sku(&names->catalog, id, atp_hash_text(id, SEED), ret_sku);
}

static void a_name_is_found_under_the_number_it_was_given(void **state)
{
    (void)state;
    static names_t names;
    uint32_t sku = 77;

    make_names(&names, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_false(find(&names, i, &sku));
        assert_int_equal(sku, i == 0 ? 77 : i - 1); /* untouched */
        assert_int_equal(add(&names, i), i);
        assert_true(find(&names, i, &sku));
        assert_int_equal(sku, i);
    }
    drop_names(&names);
}

static void two_names_of_one_hash_are_told_apart(void **state)
{
    (void)state;
    static names_t names;
    uint32_t sku = 0;

    make_names(&names, 10);
    atp_catalog_add(&names.catalog, &names.heads, &names.catalog.skus, &names.catalog.sku_index,
                    ATP_TEXT("a"), 5, 1);
    atp_catalog_add(&names.catalog, &names.heads, &names.catalog.skus, &names.catalog.sku_index,
                    ATP_TEXT("b"), 5, 1);
    assert_true(atp_catalog_find_sku(&names.catalog, ATP_TEXT("b"), 5, &sku));
    assert_int_equal(sku, 1);
    assert_true(atp_catalog_find_sku(&names.catalog, ATP_TEXT("a"), 5, &sku));
    assert_int_equal(sku, 0);
    assert_false(atp_catalog_find_sku(&names.catalog, ATP_TEXT("c"), 5, &sku));
    drop_names(&names);
}

static void a_rebuilt_index_finds_the_same(void **state)
{
    (void)state;
    static names_t names;
    uint32_t sku = 0;

    make_names(&names, 500);
    for (uint32_t i = 0; i < 500; i++) {
        add(&names, i);
    }
    atp_index_fini(&names.catalog.sku_index);
    assert_int_equal(atp_index_init(&names.catalog.sku_index, 501), ATP_OK);
    assert_false(find(&names, 3, &sku));
    atp_catalog_rebuild(&names.catalog); /* the other four tables are empty */
    for (uint32_t i = 0; i < 500; i++) {
        assert_true(find(&names, i, &sku));
        assert_int_equal(sku, i);
    }
    drop_names(&names);
}

static void adding_past_the_table_is_a_bug(void **state)
{
    (void)state;
    static names_t names;

    make_names(&names, 1);
    add(&names, 0);
    assert_aborts(add(&names, 1));
    drop_names(&names);
}

/* ---- readers beside the writer ---- */

#define SKUS 60000u

/* Names by the low bits of their hash, lowest bit first: those of one bucket stand together, whatever the size. */
typedef struct place {
    uint32_t reversed_hash;
    uint32_t number;
} place_t;

typedef struct shared {
    names_t names;
    place_t places[SKUS];
    _Atomic uint32_t published; /* names below are there for certain */
    _Atomic uint32_t lookups;
} shared_t;

static shared_t shared;

static uint32_t reversed(uint32_t bits)
{
    uint32_t result = 0;

    for (unsigned i = 0; i < 32; i++) {
        result = result << 1 | (bits >> i & 1);
    }
    return result;
}

static int compare_places(const void *a, const void *b)
{
    const place_t *left = a;
    const place_t *right = b;

    return (left->reversed_hash > right->reversed_hash) - (left->reversed_hash < right->reversed_hash);
}

static void note_places(void)
{
    char buffer[32];

    for (uint32_t i = 0; i < SKUS; i++) {
        shared.places[i] = (place_t){reversed((uint32_t)atp_hash_text(id_of(buffer, i), SEED)), i};
    }
    qsort(shared.places, SKUS, sizeof shared.places[0], compare_places);
}

/* A name of a bucket that is split soon: where a look-up is about to go wrong. */
static uint32_t name_in_danger(uint64_t random)
{
    uint32_t ahead = (uint32_t)(random % 32);
    uint32_t wanted = reversed((uint32_t)atp_load_relaxed(&shared.names.catalog.sku_index.split) + ahead);
    uint32_t low = 0;
    uint32_t high = SKUS;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (shared.places[middle].reversed_hash < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return shared.places[(low + random / 32 % 8) % SKUS].number;
}

/* Looks for one name again and again while its bucket comes up. */
static void look_up(uint32_t wanted)
{
    char buffer[32];
    atp_text_t id = id_of(buffer, wanted);
    uint64_t hash = atp_hash_text(id, SEED);

    for (unsigned i = 0; i < 100; i++) {
        uint32_t sku = UINT32_MAX;
        uint32_t published = atp_load_acquire(&shared.published);
        bool is_found = atp_catalog_find_sku(&shared.names.catalog, id, hash, &sku);
        ATP_ASSERT(is_found ? sku == wanted : wanted >= published); /* never missed, never another */
    }
}

static void *look_up_in_danger(void *context)
{
    uint64_t seed = (uint64_t)(uintptr_t)context;

    while (atp_load_acquire(&shared.published) < SKUS) {
        look_up(name_in_danger(test_random(&seed)));
        uint64_t count = atp_table_count(&shared.names.catalog.skus);
        if (count > 0) {
            ATP_ASSERT(atp_catalog_sku_id(&shared.names.catalog, (uint32_t)count - 1).size >
                       0); /* never empty */
        }
        (void)atp_fetch_add_relaxed(&shared.lookups, 1);
    }
    return NULL;
}

static void grow_names_beside_readers(void)
{
    pthread_t readers[2];

    atp_store_relaxed(&shared.published, 0);
    memset(&shared.names, 0, sizeof shared.names);
    make_names(&shared.names, SKUS);
    for (uintptr_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, look_up_in_danger, (void *)(i + 1)), 0);
    }
    for (uint32_t i = 0; i < SKUS; i++) {
        add(&shared.names, i);
        atp_store_release(&shared.published, i + 1);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    }
    drop_names(&shared.names);
}

static void readers_miss_no_name_while_the_index_grows(void **state)
{
    (void)state;
#ifdef ATP_UNDER_TSAN
    unsigned rounds = 1;
#else
    unsigned rounds = 12; /* a race needs its chance */
#endif

    note_places();
    for (unsigned i = 0; i < rounds; i++) {
        grow_names_beside_readers();
    }
    assert_true(atp_load_relaxed(&shared.lookups) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_found_under_the_number_it_was_given),
        cmocka_unit_test(two_names_of_one_hash_are_told_apart),
        cmocka_unit_test(a_rebuilt_index_finds_the_same),
        cmocka_unit_test(adding_past_the_table_is_a_bug),
        cmocka_unit_test(readers_miss_no_name_while_the_index_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
