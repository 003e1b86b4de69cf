/* What the snapshot tests share: a temporary data folder, a few tables with random content, and a snapshot
 * taken step by step in one thread while records change. */
#ifndef ATP_TESTS_ENGINE_STORE_TEST_SNAPSHOT_H
#define ATP_TESTS_ENGINE_STORE_TEST_SNAPSHOT_H

#include "tests/test.h"

#include "engine/store/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STOCK_TABLES 4

typedef struct stock {
    atp_table_t tables[STOCK_TABLES];
    atp_table_t *all[STOCK_TABLES];
    uint64_t random;
} stock_t;

static const uint32_t stock_ids[STOCK_TABLES] = {1, 2, 3, 9};
static const uint32_t stock_record_sizes[STOCK_TABLES] = {64, 24, 1500, ATP_PIECE_SIZE_MAX};

static inline void stock_make(stock_t *stock, uint64_t capacity, uint64_t seed)
{
    memset(stock, 0, sizeof *stock);
    stock->random = seed;
    for (int i = 0; i < STOCK_TABLES; i++) {
        stock->all[i] = &stock->tables[i];
        assert_int_equal(atp_table_init(stock->all[i], "stock", stock_ids[i], stock_record_sizes[i],
                                        capacity / (uint64_t)(i + 1) + 1),
                         ATP_OK);
    }
}

static inline void stock_free(stock_t *stock)
{
    for (int i = 0; i < STOCK_TABLES; i++) {
        atp_table_fini(stock->all[i]);
    }
}

/* Changes `changes` random records; in passing some are appended. */
static inline void stock_change(stock_t *stock, uint64_t changes)
{
    for (uint64_t n = 0; n < changes; n++) {
        atp_table_t *table = stock->all[test_random(&stock->random) % STOCK_TABLES];
        uint64_t count = atp_table_count(table);
        if (count == 0 || (test_random(&stock->random) % 8 == 0 && atp_table_has_room(table, 1))) {
            count += 1;
            (void)atp_table_append(table, 1);
        }
        unsigned char *record = atp_table_change(table, test_random(&stock->random) % count);
        uint64_t value = test_random(&stock->random);
        memcpy(record + test_random(&stock->random) % (table->record_size - sizeof value + 1), &value,
               sizeof value);
    }
}

/* Fills all tables with `records` records of random bytes each (less where fewer fit). */
static inline void stock_fill(stock_t *stock, uint64_t records)
{
    for (int i = 0; i < STOCK_TABLES; i++) {
        atp_table_t *table = stock->all[i];
        while (atp_table_count(table) < records && atp_table_has_room(table, 1)) {
            unsigned char *record = atp_table_change(table, atp_table_append(table, 1));
            for (uint32_t at = 0; at + 8 <= table->record_size; at += 8) {
                uint64_t value = test_random(&stock->random);
                memcpy(record + at, &value, sizeof value);
            }
        }
    }
}

static inline uint64_t stock_hash(const stock_t *stock)
{
    uint64_t hash = 0;

    for (int i = 0; i < STOCK_TABLES; i++) {
        hash += atp_table_hash(&stock->tables[i]);
    }
    return hash;
}

static inline void assert_stock_empty(const stock_t *stock)
{
    for (int i = 0; i < STOCK_TABLES; i++) {
        const atp_table_t *table = &stock->tables[i];
        assert_int_equal(atp_table_count(table), 0);
        for (uint64_t at = 0; at < table->capacity * table->record_size; at++) {
            assert_int_equal(table->base[at], 0); /* T2 */
        }
    }
}

static inline atp_snapshot_meta_t stock_meta(const stock_t *stock, uint64_t op)
{
    atp_snapshot_meta_t meta = {
        .table_count = STOCK_TABLES, .op = op, .incarnation = 3, .time_ms = (int64_t)op * 10};

    for (int i = 0; i < STOCK_TABLES; i++) {
        meta.tables[i].table_id = stock->tables[i].id;
        meta.tables[i].record_size = stock->tables[i].record_size;
        meta.tables[i].count = atp_table_count(&stock->tables[i]);
    }
    return meta;
}

static inline const atp_piece_sink_t *stock_begin(stock_t *stock, atp_snapshots_t *snapshots, uint64_t op)
{
    atp_snapshot_meta_t meta = stock_meta(stock, op);
    const atp_piece_sink_t *sink = atp_snapshots_begin(snapshots, &meta);

    for (int i = 0; i < STOCK_TABLES && sink != NULL; i++) {
        atp_table_copy_begin(stock->all[i], sink);
    }
    return sink;
}

/* Copies some pieces in passing; true when all are copied, or the copy was given up (*ret_given_up). */
static inline bool stock_copy_some(stock_t *stock, uint64_t pieces, bool *ret_given_up)
{
    bool done = true;

    for (int i = 0; i < STOCK_TABLES; i++) {
        (void)atp_table_copy_some(stock->all[i], pieces);
        atp_copy_state_t state = atp_table_copy_state(stock->all[i]);
        *ret_given_up = *ret_given_up || state == ATP_COPY_NONE;
        done = done && state != ATP_COPY_RUNNING;
    }
    return done || *ret_given_up;
}

static inline void stock_end(stock_t *stock)
{
    for (int i = 0; i < STOCK_TABLES; i++) {
        atp_table_copy_end(stock->all[i]);
    }
}

static inline atp_snapshot_step_t step_to_the_end(atp_snapshots_t *snapshots, atp_why_t *ret_why)
{
    atp_snapshot_step_t step;

    while ((step = atp_snapshots_step(snapshots, ret_why)) == ATP_SNAPSHOT_WORKED) {
    }
    return step;
}

/* A whole snapshot, with `changes` records changed between each two pieces of copying. Returns how it ended:
 * COMPLETED or FAILED. */
static inline atp_snapshot_step_t stock_snapshot(stock_t *stock, atp_snapshots_t *snapshots, uint64_t op,
                                                 uint64_t changes, atp_why_t *ret_why)
{
    atp_snapshot_step_t step = ATP_SNAPSHOT_IDLE;
    bool given_up = false;

    assert_non_null(stock_begin(stock, snapshots, op));
    while (step != ATP_SNAPSHOT_FAILED && !stock_copy_some(stock, 2, &given_up)) {
        stock_change(stock, changes);
        step = atp_snapshots_step(snapshots, ret_why);
        assert_int_not_equal(step, ATP_SNAPSHOT_COMPLETED);
    }
    stock_end(stock);
    if (given_up || step == ATP_SNAPSHOT_FAILED) {
        atp_snapshots_abandon(snapshots);
        (void)step_to_the_end(snapshots, NULL);
        return ATP_SNAPSHOT_FAILED;
    }
    atp_snapshots_seal(snapshots);
    step = step_to_the_end(snapshots, ret_why);
    if (step == ATP_SNAPSHOT_FAILED) {
        assert_int_equal(step_to_the_end(snapshots, NULL), ATP_SNAPSHOT_IDLE); /* said once */
    }
    return step;
}

/* ---- folders ---- */

static inline void make_temporary_folder(char ret_path[64])
{
    snprintf(ret_path, 64, "/tmp/atp-snapshot-XXXXXX");
    assert_non_null(mkdtemp(ret_path));
}

/* Removes `folder` and all in it; nothing if there is no such folder. */
static inline void remove_folder(const char *folder)
{
    DIR *stream = opendir(folder);
    struct dirent *entry;
    char path[512];

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        snprintf(path, sizeof path, "%.200s/%.250s", folder, entry->d_name);
        if (unlink(path) != 0) {
            remove_folder(path);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    (void)rmdir(folder);
}

static inline unsigned char *read_file(const char *folder, const char *name, size_t *ret_size)
{
    char path[512];
    struct stat info;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0 && fstat(file, &info) == 0);
    *ret_size = (size_t)info.st_size;
    unsigned char *bytes = malloc(*ret_size + 1);
    assert_non_null(bytes);
    assert_int_equal(pread(file, bytes, *ret_size, 0), (ssize_t)*ret_size);
    close(file);
    return bytes;
}

static inline void write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    close(file);
}

static inline atp_snapshots_t *open_snapshots(const char *folder, uint32_t pool_pieces)
{
    atp_snapshot_options_t options = {.folder = folder,
                                      .map_size = UINT64_C(256) << 20,
                                      .pool_pieces = pool_pieces,
                                      .bytes_per_transaction = 64 << 10};
    atp_snapshots_t *snapshots = NULL;
    atp_why_t why = {""};

    if (atp_snapshots_open(&options, &snapshots, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    return snapshots;
}

/* Loads into fresh tables; returns the error, the hash of what came, and what `load` said. */
static inline atp_err_t load_into_fresh(const char *folder, uint64_t capacity, uint64_t *ret_hash,
                                        atp_snapshot_meta_t *ret_meta, atp_why_t *ret_why)
{
    atp_snapshot_options_t options = {.folder = folder, .read_only = true};
    atp_snapshots_t *snapshots = NULL;
    stock_t stock;

    stock_make(&stock, capacity, 1);
    ret_why->text[0] = '\0';
    assert_int_equal(atp_snapshots_open(&options, &snapshots, ret_why), ATP_OK);
    atp_err_t err = atp_snapshots_load(snapshots, stock.all, STOCK_TABLES, ret_meta, ret_why);
    *ret_hash = stock_hash(&stock);
    if (err == ATP_OK) {
        assert_int_equal(*ret_hash, ret_meta->state_hash);
    } else {
        assert_stock_empty(&stock);
    }
    atp_snapshots_close(snapshots);
    stock_free(&stock);
    return err;
}

#endif
