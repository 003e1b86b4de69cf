/* Damaged snapshots: any byte, any length, any file swapped or gone. What comes out of load is one of the two
 * states that were written, or an error by name; never anything else, and never a crash. */
#include "tests/engine/store/test_snapshot.h"

#include "engine/store/snapshot_priv.h"

#define CAPACITY 60
#define FLIPS    1000

typedef struct stored {
    char folder[96];
    unsigned char *data;
    size_t data_size;
    unsigned char *seal;
    size_t seal_size;
} stored_t;

static char folder[64];
static stored_t a;
static stored_t b;
static uint64_t hash_1;
static uint64_t hash_2;

static void keep(stored_t *stored, char generation)
{
    snprintf(stored->folder, sizeof stored->folder, "%s/snapshot/%c", folder, generation);
    stored->data = read_file(stored->folder, "data.mdb", &stored->data_size);
    stored->seal = read_file(stored->folder, "seal", &stored->seal_size);
}

static void put_back(const stored_t *stored)
{
    write_file(stored->folder, "data.mdb", stored->data, stored->data_size);
    write_file(stored->folder, "seal", stored->seal, stored->seal_size);
}

/* Two snapshots: a of op 1, b of op 2. */
static int make_two(void **state)
{
    (void)state;
    make_temporary_folder(folder);
    atp_snapshots_t *snapshots = open_snapshots(folder, 256);
    atp_why_t why;
    stock_t stock;

    stock_make(&stock, CAPACITY, 77);
    stock_fill(&stock, CAPACITY);
    hash_1 = stock_hash(&stock);
    assert_int_equal(stock_snapshot(&stock, snapshots, 1, 1, &why), ATP_SNAPSHOT_COMPLETED);
    hash_2 = stock_hash(&stock);
    assert_int_equal(stock_snapshot(&stock, snapshots, 2, 1, &why), ATP_SNAPSHOT_COMPLETED);
    atp_snapshots_close(snapshots);
    stock_free(&stock);
    keep(&a, 'a');
    keep(&b, 'b');
    return 0;
}

static int forget_two(void **state)
{
    (void)state;
    free(a.data);
    free(a.seal);
    free(b.data);
    free(b.seal);
    remove_folder(folder);
    return 0;
}

static void assert_loads(uint64_t op, uint64_t hash, bool with_warning)
{
    atp_snapshot_meta_t meta;
    atp_why_t why;
    uint64_t found;

    assert_int_equal(load_into_fresh(folder, CAPACITY, &found, &meta, &why), ATP_OK);
    assert_int_equal(meta.op, op);
    assert_int_equal(found, hash);
    assert_int_equal(why.text[0] != '\0', with_warning);
}

static void assert_refused(void)
{
    atp_snapshot_meta_t meta;
    atp_why_t why;
    uint64_t found;

    assert_int_equal(load_into_fresh(folder, CAPACITY, &found, &meta, &why), ATP_ERR_CORRUPT);
    assert_non_null(strstr(why.text, folder));
}

static void assert_verify(atp_err_t expected, const char *place, uint64_t op_a, uint64_t op_b)
{
    atp_snapshot_options_t options = {.folder = folder, .read_only = true};
    atp_snapshots_t *snapshots = NULL;
    atp_snapshot_meta_t metas[2];
    atp_why_t why = {""};

    assert_int_equal(atp_snapshots_open(&options, &snapshots, &why), ATP_OK);
    assert_int_equal(atp_snapshots_verify(snapshots, metas, &why), expected);
    assert_non_null(strstr(why.text, place));
    assert_int_equal(metas[0].op, op_a);
    assert_int_equal(metas[1].op, op_b);
    atp_snapshots_close(snapshots);
}

static void undamaged_the_newest_is_taken(void **state)
{
    (void)state;
    assert_loads(2, hash_2, false);
    assert_verify(ATP_OK, "", 1, 2);
}

static void a_flipped_bit_anywhere_in_the_newest_is_found(void **state)
{
    (void)state;
    uint64_t random = 20261121;

    for (int i = 0; i < FLIPS; i++) {
        size_t at = test_random(&random) % b.data_size;
        unsigned char mask = (unsigned char)(1u << (test_random(&random) % 8));
        b.data[at] ^= mask;
        write_file(b.folder, "data.mdb", b.data, b.data_size);
        assert_loads(1, hash_1, true);
        b.data[at] ^= mask;
    }
    put_back(&b);
    assert_loads(2, hash_2, false);
}

static void a_changed_byte_anywhere_in_the_seal_is_found(void **state)
{
    (void)state;
    for (size_t at = 0; at < b.seal_size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            b.seal[at] ^= (unsigned char)(1 << bit);
            write_file(b.folder, "seal", b.seal, b.seal_size);
            assert_loads(1, hash_1, true);
            b.seal[at] ^= (unsigned char)(1 << bit);
        }
    }
}

static void a_file_cut_or_grown_is_found_and_does_not_end_the_process(void **state)
{
    (void)state;
    uint64_t random = 7;
    unsigned char more[5000] = {0};

    for (int i = 0; i < 100; i++) {
        size_t size = i < 20 ? (size_t)i * 1024 : test_random(&random) % b.data_size;
        write_file(b.folder, "data.mdb", b.data, size);
        assert_loads(1, hash_1, true);
    }
    unsigned char *grown = malloc(b.data_size + sizeof more);
    assert_non_null(grown);
    memcpy(grown, b.data, b.data_size);
    memcpy(grown + b.data_size, more, sizeof more);
    write_file(b.folder, "data.mdb", grown, b.data_size + 1);
    assert_loads(1, hash_1, true);
    write_file(b.folder, "data.mdb", grown, b.data_size + 4096);
    assert_loads(1, hash_1, true);
    free(grown);
    put_back(&b);
    for (size_t size = 0; size < b.seal_size; size++) {
        write_file(b.folder, "seal", b.seal, size);
        assert_loads(1, hash_1, true);
    }
}

static void pages_swapped_zeroed_or_torn_are_found(void **state)
{
    (void)state;
    uint64_t random = 8;
    size_t pages = b.data_size / 4096;
    unsigned char *copy = malloc(b.data_size);

    assert_non_null(copy);
    for (int i = 0; i < 100; i++) {
        size_t from = test_random(&random) % pages * 4096;
        size_t to = test_random(&random) % pages * 4096;
        size_t half = i % 2 == 0 ? 4096 : 2048;
        memcpy(copy, b.data, b.data_size);
        if (i % 5 == 0) {
            memset(copy + to, 0, half);
        } else {
            memcpy(copy + to, b.data + from, half);
        }
        bool same = memcmp(copy, b.data, b.data_size) == 0;
        write_file(b.folder, "data.mdb", copy, b.data_size);
        assert_loads(same ? 2 : 1, same ? hash_2 : hash_1, !same);
    }
    free(copy);
}

static void files_gone_or_of_another_kind_are_named(void **state)
{
    (void)state;
    char path[128];
    static const char garbage[10000] = "this is no database";

    write_file(b.folder, "data.mdb", garbage, sizeof garbage);
    assert_loads(1, hash_1, true);
    write_file(b.folder, "data.mdb", "", 0);
    assert_loads(1, hash_1, true);
    snprintf(path, sizeof path, "%s/data.mdb", b.folder);
    assert_int_equal(unlink(path), 0);
    assert_loads(1, hash_1, true);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_loads(1, hash_1, true);
    assert_int_equal(rmdir(path), 0);
    put_back(&b);
    snprintf(path, sizeof path, "%s/seal", b.folder);
    assert_int_equal(unlink(path), 0);
    assert_loads(1, hash_1, true);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_loads(1, hash_1, true);
}

static void files_of_the_other_generation_are_found(void **state)
{
    (void)state;
    write_file(b.folder, "data.mdb", a.data, a.data_size);
    assert_loads(1, hash_1, true);
    put_back(&b);
    write_file(b.folder, "seal", a.seal, a.seal_size); /* a stale seal: claims op 1 too */
    assert_loads(1, hash_1, false);
    assert_verify(ATP_ERR_CORRUPT, b.folder, 1, 0);
    write_file(b.folder, "data.mdb", a.data, a.data_size); /* a stale generation, whole: it is one */
    assert_loads(1, hash_1, false);
}

static void a_damaged_older_generation_does_not_matter_to_load(void **state)
{
    (void)state;
    a.data[a.data_size / 2] ^= 1;
    write_file(a.folder, "data.mdb", a.data, a.data_size);
    assert_loads(2, hash_2, false);
    assert_verify(ATP_ERR_CORRUPT, a.folder, 0, 2);
    write_file(a.folder, "seal", a.seal, 20);
    assert_loads(2, hash_2, true);
}

static void verify_names_the_bytes_at_fault(void **state)
{
    (void)state;
    b.data[5000] ^= 1;
    write_file(b.folder, "data.mdb", b.data, b.data_size);
    assert_verify(ATP_ERR_CORRUPT, "bytes 0 to", 1, 0);
    assert_verify(ATP_ERR_CORRUPT, b.folder, 1, 0);
}

static void both_damaged_are_refused(void **state)
{
    (void)state;
    uint64_t random = 9;

    for (int i = 0; i < 100; i++) {
        size_t at_a = test_random(&random) % a.data_size;
        size_t at_b = test_random(&random) % b.data_size;
        a.data[at_a] ^= 4;
        b.data[at_b] ^= 4;
        write_file(a.folder, "data.mdb", a.data, i % 3 == 0 ? at_a : a.data_size);
        write_file(b.folder, "data.mdb", b.data, i % 5 == 0 ? at_b : b.data_size);
        assert_refused();
        a.data[at_a] ^= 4;
        b.data[at_b] ^= 4;
    }
}

static void a_damaged_generation_is_the_next_to_be_written_over(void **state)
{
    (void)state;
    atp_snapshots_t *snapshots;
    atp_snapshot_meta_t meta;
    stock_t stock;
    atp_why_t why;

    b.data[b.data_size / 3] ^= 1;
    write_file(b.folder, "data.mdb", b.data, b.data_size);
    snapshots = open_snapshots(folder, 256);
    stock_make(&stock, CAPACITY, 1);
    assert_int_equal(atp_snapshots_keep_from(snapshots), 1);
    assert_int_equal(atp_snapshots_load(snapshots, stock.all, STOCK_TABLES, &meta, &why), ATP_OK);
    assert_non_null(strstr(why.text, b.folder));
    assert_non_null(strstr(why.text, "took"));
    assert_int_equal(meta.op, 1);
    assert_int_equal(atp_snapshots_keep_from(snapshots), 0);
    assert_int_equal(stock_snapshot(&stock, snapshots, 9, 3, &why), ATP_SNAPSHOT_COMPLETED);
    assert_int_equal(atp_snapshots_keep_from(snapshots), 1);
    atp_snapshots_close(snapshots);
    stock_free(&stock);
    assert_verify(ATP_OK, "", 1, 9);
}

/* Seals `data` as if it had been written so, to reach the checks behind the seal. */
static void seal_again(const stored_t *stored, const unsigned char *data, size_t size)
{
    atp_sealer_t sealer;
    atp_why_t why;
    bool done = false;

    write_file(stored->folder, "data.mdb", data, size);
    assert_int_equal(atp_sealer_begin(&sealer, stored->folder, 2, &why), ATP_OK);
    while (!done) {
        assert_int_equal(atp_sealer_advance(&sealer, stored->folder, &done, &why), ATP_OK);
    }
    assert_int_equal(atp_seal_write(stored->folder, &sealer.seal, &why), ATP_OK);
    atp_sealer_end(&sealer);
}

static void damage_under_a_fitting_seal_is_found_by_the_checks_behind_it(void **state)
{
    (void)state;
    /* Only bytes of values, where LMDB itself looks at nothing. */
    uint64_t random = 10;
    int found = 0;

    for (int i = 0; i < 300; i++) {
        size_t page = test_random(&random) % (b.data_size / 4096);
        unsigned char *bytes = b.data + page * 4096;
        if ((bytes[10] & 4) == 0) {
            continue; /* no overflow page */
        }
        size_t at = 16 + test_random(&random) % 1500;
        bytes[at] ^= 16;
        seal_again(&b, b.data, b.data_size);
        assert_loads(1, hash_1, true);
        bytes[at] ^= 16;
        found++;
    }
    assert_true(found > 100);
}

static void damage_found_late_leaves_the_tables_empty(void **state)
{
    (void)state;
    /* The last pieces of the last table: all before them were restored when it is found. */
    for (stored_t *stored = &a; stored != NULL; stored = stored == &a ? &b : NULL) {
        uint64_t last = 0;
        for (size_t page = 0; page < stored->data_size / 4096; page++) {
            const unsigned char *bytes = stored->data + page * 4096;
            last = (bytes[10] & 4) != 0 ? page : last;
        }
        stored->data[last * 4096 + 100] ^= 1;
        seal_again(stored, stored->data, stored->data_size);
    }
    assert_refused(); /* and load_into_fresh finds every byte zero */
}

static void a_file_cut_at_a_digest_is_found(void **state)
{
    (void)state;
    atp_snapshots_t *snapshots = open_snapshots(folder, 4096);
    atp_snapshot_meta_t meta;
    stock_t stock;
    atp_why_t why;
    uint64_t hash;

    stock_make(&stock, 2000, 78);
    stock_fill(&stock, 2000);
    assert_int_equal(stock_snapshot(&stock, snapshots, 3, 0, &why), ATP_SNAPSHOT_COMPLETED);
    atp_snapshots_close(snapshots);
    stock_free(&stock);
    size_t size = 0;
    unsigned char *data = read_file(a.folder, "data.mdb", &size); /* op 3 went over op 1 */
    assert_true(size > 2 * ATP_SEAL_CHUNK_SIZE);
    for (size_t cut = 0; cut < size; cut += ATP_SEAL_CHUNK_SIZE) {
        write_file(a.folder, "data.mdb", data, cut);
        assert_int_equal(load_into_fresh(folder, 2000, &hash, &meta, &why), ATP_OK);
        assert_int_equal(meta.op, 2);
        assert_non_null(strstr(why.text, "bytes"));
    }
    free(data);
}

/* ---- generations with a fitting seal that hold something else ---- */

typedef enum wrong {
    NOTHING_WRONG,
    WRONG_SUM,
    PIECE_MISSING,
    PIECE_TOO_MANY,
    PIECE_OUT_OF_RANGE,
    PIECE_OF_OTHER_SIZE,
    PIECE_OF_UNKNOWN_TABLE,
    META_CHANGED,
    META_OF_LATER_FORMAT,
    META_WITH_TOO_MANY_TABLES,
    META_WITH_EMPTY_RECORDS,
    META_OF_OTHER_OP,
    NO_META
} wrong_t;

static void put(atp_generation_db_t *db, uint32_t table_id, uint64_t piece, uint32_t size,
                atp_snapshot_meta_t *meta)
{
    static const unsigned char bytes[ATP_PIECE_SIZE_MAX] = {9};
    atp_stored_piece_t stored = {table_id, size, piece, atp_piece_hash(table_id, piece, bytes, size), bytes};
    atp_why_t why;

    assert_int_equal(atp_generation_put(db, &stored, &why), ATP_OK);
    meta->state_hash += stored.checksum;
    meta->pieces++;
}

/* Two pieces of table 9; the other tables are empty. */
static void make_wrong(wrong_t wrong)
{
    atp_generation_db_t *db = NULL;
    atp_snapshot_meta_t meta = {.format = ATP_SNAPSHOT_FORMAT, .table_count = STOCK_TABLES, .op = 2};
    atp_why_t why;
    char path[128];

    snprintf(path, sizeof path, "%s/data.mdb", b.folder);
    (void)unlink(path);
    for (int i = 0; i < STOCK_TABLES; i++) {
        meta.tables[i].table_id = stock_ids[i];
        meta.tables[i].record_size = stock_record_sizes[i];
        meta.tables[i].count = stock_ids[i] == 9 ? 2 : 0;
        meta.state_hash += atp_table_count_hash(stock_ids[i], meta.tables[i].count);
    }
    assert_int_equal(atp_generation_create(b.folder, 1 << 20, &db, &why), ATP_OK);
    put(db, 9, 0, ATP_PIECE_SIZE_MAX, &meta);
    if (wrong != PIECE_MISSING) {
        uint32_t table_id = wrong == PIECE_OF_UNKNOWN_TABLE ? 8 : 9;
        uint32_t size = wrong == PIECE_OF_OTHER_SIZE ? ATP_PIECE_SIZE_MAX - 1 : ATP_PIECE_SIZE_MAX;
        put(db, table_id, wrong == PIECE_OUT_OF_RANGE ? 2 : 1, size, &meta);
    }
    if (wrong == PIECE_TOO_MANY) {
        put(db, 9, UINT64_MAX, ATP_PIECE_SIZE_MAX, &meta);
    }
    meta.state_hash += wrong == WRONG_SUM;
    meta.format += wrong == META_OF_LATER_FORMAT;
    meta.table_count = wrong == META_WITH_TOO_MANY_TABLES ? 25 : meta.table_count;
    meta.tables[0].record_size = wrong == META_WITH_EMPTY_RECORDS ? 0 : meta.tables[0].record_size;
    meta.op += wrong == META_OF_OTHER_OP;
    meta.checksum = atp_snapshot_meta_checksum(&meta);
    meta.time_ms += wrong == META_CHANGED;
    if (wrong != NO_META) {
        assert_int_equal(atp_generation_finish(db, &meta, &why), ATP_OK);
    } else {
        assert_int_equal(atp_generation_commit(db, &why), ATP_OK);
    }
    atp_generation_destroy(db);
    size_t size = 0;
    unsigned char *data = read_file(b.folder, "data.mdb", &size);
    seal_again(&b, data, size);
    free(data);
}

static void what_is_no_snapshot_behind_a_fitting_seal_is_found(void **state)
{
    (void)state;
    static const wrong_t damages[] = {WRONG_SUM,          PIECE_MISSING,          PIECE_TOO_MANY,
                                      PIECE_OUT_OF_RANGE, PIECE_OF_UNKNOWN_TABLE, PIECE_OF_OTHER_SIZE,
                                      META_CHANGED,       META_OF_OTHER_OP,       NO_META};
    atp_snapshot_meta_t meta;
    atp_why_t why;
    uint64_t hash;

    make_wrong(NOTHING_WRONG);
    assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &meta, &why), ATP_OK);
    assert_int_equal(meta.op, 2);
    assert_string_equal(why.text, "");
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        make_wrong(damages[i]);
        assert_loads(1, hash_1, true);
    }
}

static void a_format_this_build_does_not_know_is_named(void **state)
{
    (void)state;
    static const wrong_t formats[] = {META_OF_LATER_FORMAT, META_WITH_TOO_MANY_TABLES,
                                      META_WITH_EMPTY_RECORDS};
    atp_snapshot_meta_t meta;
    atp_why_t why;
    uint64_t hash;

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        make_wrong(formats[i]);
        assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &meta, &why), ATP_ERR_FORMAT);
        assert_non_null(strstr(why.text, b.folder));
        assert_verify(ATP_ERR_FORMAT, b.folder, 1, 0);
    }
}

#define with_two(test) cmocka_unit_test_setup_teardown(test, make_two, forget_two)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_two(undamaged_the_newest_is_taken),
        with_two(a_flipped_bit_anywhere_in_the_newest_is_found),
        with_two(a_changed_byte_anywhere_in_the_seal_is_found),
        with_two(a_file_cut_or_grown_is_found_and_does_not_end_the_process),
        with_two(pages_swapped_zeroed_or_torn_are_found),
        with_two(files_gone_or_of_another_kind_are_named),
        with_two(files_of_the_other_generation_are_found),
        with_two(a_damaged_older_generation_does_not_matter_to_load),
        with_two(verify_names_the_bytes_at_fault),
        with_two(both_damaged_are_refused),
        with_two(a_damaged_generation_is_the_next_to_be_written_over),
        with_two(damage_under_a_fitting_seal_is_found_by_the_checks_behind_it),
        with_two(damage_found_late_leaves_the_tables_empty),
        with_two(a_file_cut_at_a_digest_is_found),
        with_two(what_is_no_snapshot_behind_a_fitting_seal_is_found),
        with_two(a_format_this_build_does_not_know_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
