/* Two good snapshots on disk, damaged as the input says; then they are loaded. What comes out is one of the two
 * states or an error, with the tables left empty; never another state, never a crash.
 *
 * The input is a list of edits of 8 bytes: u8 what, u8 value, u16 length, u32 place. */
#include "tests/fuzz/fuzz.h"

#include "engine/store/snapshot.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDS       400
#define FILES         4 /* a/data.mdb, a/seal, b/data.mdb, b/seal */
#define FILE_SIZE_MAX (1u << 20)
#define EDIT_SIZE     8
#define EDITS_MAX     64

typedef struct stored {
    char path[128];
    unsigned char bytes[FILE_SIZE_MAX];
    size_t size;
    unsigned char good[FILE_SIZE_MAX];
    size_t good_size;
    int is_changed;
} stored_t;

static stored_t files[FILES];
static char folder[64];
static uint64_t hashes[3]; /* by op */

static void make_table(atp_table_t *table)
{
    ATP_ASSERT(atp_table_init(table, "fuzzed", 1, 64, RECORDS) == ATP_OK);
}

static void take_snapshot(atp_snapshots_t *snapshots, atp_table_t *table, uint64_t op)
{
    atp_snapshot_meta_t meta = {.table_count = 1, .op = op};
    atp_why_t why;

    meta.tables[0].table_id = table->id;
    meta.tables[0].record_size = table->record_size;
    meta.tables[0].count = atp_table_count(table);
    atp_table_copy_begin(table, atp_snapshots_begin(snapshots, &meta));
    while (atp_table_copy_some(table, 100) > 0) {
    }
    ATP_ASSERT(atp_table_copy_state(table) == ATP_COPY_DONE);
    atp_table_copy_end(table);
    atp_snapshots_seal(snapshots);
    atp_snapshot_step_t step;
    while ((step = atp_snapshots_step(snapshots, &why)) == ATP_SNAPSHOT_WORKED) {
    }
    ATP_ASSERT(step == ATP_SNAPSHOT_COMPLETED);
    hashes[op] = atp_table_hash(table);
}

static void write_file(const stored_t *file)
{
    int out = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ATP_ASSERT(out >= 0 && write(out, file->bytes, file->size) == (ssize_t)file->size);
    close(out);
}

static void read_good(stored_t *file, const char *name)
{
    snprintf(file->path, sizeof file->path, "%s/snapshot/%s", folder, name);
    int in = open(file->path, O_RDONLY | O_CLOEXEC);
    ssize_t size = in < 0 ? -1 : read(in, file->good, sizeof file->good);
    ATP_ASSERT(size > 0 && (size_t)size < sizeof file->good);
    file->good_size = (size_t)size;
    file->is_changed = 1;
    close(in);
}

static void remove_all(void)
{
    static const char *const names[] = {"/a", "/b", ""};
    char path[128];

    for (int i = 0; i < FILES; i++) {
        (void)unlink(files[i].path);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/snapshot%s", folder, names[i]);
        (void)rmdir(path);
    }
    (void)rmdir(folder);
}

static void set_up(void)
{
    static const char *const names[FILES] = {"a/data.mdb", "a/seal", "b/data.mdb", "b/seal"};
    atp_snapshot_options_t options = {.folder = folder, .map_size = 16 << 20, .pool_pieces = 16};
    atp_snapshots_t *snapshots = NULL;
    atp_table_t table;
    atp_why_t why;

    snprintf(folder, sizeof folder, "%s/atp-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ATP_ASSERT(mkdtemp(folder) != NULL);
    ATP_ASSERT(atp_snapshots_open(&options, &snapshots, &why) == ATP_OK);
    make_table(&table);
    (void)atp_table_append(&table, RECORDS);
    for (uint64_t op = 1; op <= 2; op++) {
        for (uint64_t i = 0; i < RECORDS; i++) {
            memset(atp_table_change(&table, i), (int)(i * op % 255), table.record_size);
        }
        take_snapshot(snapshots, &table, op);
    }
    atp_snapshots_close(snapshots);
    atp_table_fini(&table);
    for (int i = 0; i < FILES; i++) {
        read_good(&files[i], names[i]);
    }
    ATP_ASSERT(atexit(remove_all) == 0);
}

static void restore_good(void)
{
    for (int i = 0; i < FILES; i++) {
        if (files[i].is_changed) {
            memcpy(files[i].bytes, files[i].good, files[i].good_size);
            files[i].size = files[i].good_size;
            write_file(&files[i]);
            files[i].is_changed = 0;
        }
    }
}

/* One edit: set, flip or copy a run of bytes, or cut or grow the file. */
static void edit(const uint8_t *bytes)
{
    stored_t *file = &files[bytes[0] % FILES];
    uint32_t length = bytes[2] | (uint32_t)bytes[3] << 8;
    uint32_t place = bytes[4] | (uint32_t)bytes[5] << 8 | (uint32_t)bytes[6] << 16 | (uint32_t)bytes[7] << 24;
    uint32_t at = file->size == 0 ? 0 : (uint32_t)(place % file->size);
    size_t end = at + length < file->size ? at + length : file->size;

    file->is_changed = 1;
    switch (bytes[0] / FILES % 5) {
    case 0:
        memset(file->bytes + at, bytes[1], end - at);
        break;
    case 1:
        if (file->size > 0) {
            file->bytes[at] ^= bytes[1];
        }
        break;
    case 2: /* from the other generation, or from elsewhere in the file */
        memmove(file->bytes + at, files[(bytes[0] % FILES + 2) % FILES].good + at % files[0].good_size / 2,
                end - at);
        break;
    case 3:
        file->size = at;
        break;
    default:
        if (file->size + length < sizeof file->bytes) {
            memset(file->bytes + file->size, bytes[1], length);
            file->size += length;
        }
        break;
    }
}

static int same(const stored_t *file)
{
    return file->size == file->good_size && memcmp(file->bytes, file->good, file->size) == 0;
}

static void load_and_check(void)
{
    atp_snapshot_options_t options = {.folder = folder, .read_only = true};
    atp_snapshots_t *snapshots = NULL;
    atp_snapshot_meta_t meta;
    atp_why_t why = {""};
    atp_table_t table;
    atp_table_t *tables[1] = {&table};
    int good_1 = same(&files[0]) && same(&files[1]);
    int good_2 = same(&files[2]) && same(&files[3]);

    make_table(&table);
    ATP_ASSERT(atp_snapshots_open(&options, &snapshots, &why) == ATP_OK);
    atp_err_t err = atp_snapshots_load(snapshots, tables, 1, &meta, &why);
    if (err == ATP_OK) {
        ATP_ASSERT(meta.op >= 1 && meta.op <= 2 && atp_table_hash(&table) == hashes[meta.op]);
        ATP_ASSERT(meta.op == 2 || !good_2);
    } else {
        ATP_ASSERT(!good_1 && !good_2 && why.text[0] != '\0' && atp_table_count(&table) == 0);
        ATP_ASSERT(table.base[0] == 0 && memcmp(table.base, table.base + 1, RECORDS * 64) == 0);
    }
    atp_snapshots_close(snapshots);
    atp_table_fini(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (folder[0] == '\0') {
        set_up();
    }
    restore_good();
    for (size_t i = 0; i + EDIT_SIZE <= size && i < EDITS_MAX * EDIT_SIZE; i += EDIT_SIZE) {
        edit(bytes + i);
    }
    for (int i = 0; i < FILES; i++) {
        if (files[i].is_changed) {
            write_file(&files[i]);
        }
    }
    load_and_check();
    return 0;
}
