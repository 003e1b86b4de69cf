#include "tests/sim/sim_disk.h"

#include "tests/sim/sim_names.h"
#include "tests/sim/sim_random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct atp_file {
    sim_file_t *file;
    char path[ATP_PATH_SIZE_MAX]; /* under which it was opened */
    uint64_t crashes;             /* of the disk, when it was opened */
    struct atp_file *next;
};

typedef struct fault {
    uint64_t left; /* operations until it strikes; 0: none set */
    sim_fail_t fail;
    unsigned ops;
    atp_err_t err;
    bool has_struck;
} fault_t;

struct sim_disk {
    atp_storage_t functions; /* first: the storage is known by it */
    pthread_mutex_t mutex;
    uint64_t random;
    uint64_t capacity;
    sim_names_t names;
    sim_file_t *files;
    atp_file_t *handles;
    fault_t fault;
    sim_hook_t hook;
    void *hook_context;
    sim_disk_stats_t stats;
};

/* ---- files that nothing names ---- */

static void sweep_files(sim_disk_t *disk)
{
    for (sim_file_t **link = &disk->files; *link != NULL;) {
        sim_file_t *file = *link;
        if (file->is_marked) {
            file->is_marked = false;
            link = &file->next;
        } else {
            *link = file->next;
            sim_file_destroy(file);
        }
    }
}

static void collect_files(sim_disk_t *disk)
{
    sim_names_mark(&disk->names);
    for (atp_file_t *handle = disk->handles; handle != NULL; handle = handle->next) {
        handle->file->is_marked = true;
    }
    sweep_files(disk);
}

static uint64_t used_size(const sim_disk_t *disk)
{
    uint64_t size = 0;

    for (const sim_file_t *file = disk->files; file != NULL; file = file->next) {
        size += file->seen.size;
    }
    return size;
}

static sim_file_t *new_file(sim_disk_t *disk)
{
    sim_file_t *file = sim_file_create();

    file->next = disk->files;
    disk->files = file;
    return file;
}

/* ---- begin and end of an operation ---- */

static sim_disk_t *disk_of(atp_storage_t *storage)
{
    return (sim_disk_t *)storage;
}

static bool strikes(fault_t *fault, sim_op_t op)
{
    if (fault->left == 0 || (fault->ops & SIM_OP_BIT(op)) == 0) {
        return false;
    }
    if (fault->left > 1) {
        fault->left--;
        return false;
    }
    fault->has_struck = true;
    if (fault->fail == SIM_FAIL_ONCE) {
        fault->left = 0;
    }
    return true;
}

/* Counts the operation and locks the disk. Whatever it returns, `end` must follow. */
static atp_err_t begin(sim_disk_t *disk, sim_op_t op, const char *path)
{
    if (disk->hook != NULL) {
        disk->hook(disk->hook_context, disk, op, path);
    }
    (void)pthread_mutex_lock(&disk->mutex);
    disk->stats.operations++;
    disk->stats.by_op[op]++;
    return strikes(&disk->fault, op) ? disk->fault.err : ATP_OK;
}

static atp_err_t end(sim_disk_t *disk, atp_err_t err)
{
    (void)pthread_mutex_unlock(&disk->mutex);
    return err;
}

static bool is_dead(const sim_disk_t *disk, const atp_file_t *handle)
{
    return handle->crashes != disk->stats.crashes;
}

/* ---- the storage ---- */

static atp_err_t open_locked(sim_disk_t *disk, const char *path, bool create, atp_file_t **ret_file)
{
    char folder[ATP_PATH_SIZE_MAX];
    sim_file_t *file = sim_names_find(&disk->names, path);

    sim_path_folder(path, folder);
    if (file == NULL && (!create || !sim_names_has_folder(&disk->names, folder))) {
        return ATP_ERR_NOT_FOUND;
    }
    if (file == NULL) {
        file = new_file(disk);
        sim_names_step(&disk->names, "", path, file);
    }
    atp_file_t *handle = calloc(1, sizeof *handle);
    ATP_ASSERT(handle != NULL);
    handle->file = file;
    sim_path_copy(handle->path, path);
    handle->crashes = disk->stats.crashes;
    handle->next = disk->handles;
    disk->handles = handle;
    disk->stats.open_handles++;
    *ret_file = handle;
    return ATP_OK;
}

static atp_err_t sim_open(atp_storage_t *storage, const char *path, bool create, atp_file_t **ret_file)
{
    sim_disk_t *disk = disk_of(storage);
    atp_err_t err = begin(disk, SIM_OP_OPEN, path);

    return end(disk, err != ATP_OK ? err : open_locked(disk, path, create, ret_file));
}

static void sim_close(atp_storage_t *storage, atp_file_t *file)
{
    sim_disk_t *disk = disk_of(storage);

    (void)pthread_mutex_lock(&disk->mutex);
    atp_file_t **link = &disk->handles;
    while (*link != file) {
        ATP_ASSERT(*link != NULL); /* closed twice, or not ours */
        link = &(*link)->next;
    }
    *link = file->next;
    free(file);
    disk->stats.open_handles--;
    collect_files(disk);
    (void)pthread_mutex_unlock(&disk->mutex);
}

static atp_err_t sim_read_at(atp_storage_t *storage, atp_file_t *file, uint64_t at, void *bytes, size_t size,
                             size_t *ret_size)
{
    sim_disk_t *disk = disk_of(storage);
    atp_err_t err = begin(disk, SIM_OP_READ, file->path);

    if (err == ATP_OK && is_dead(disk, file)) {
        err = ATP_ERR_IO;
    }
    if (err != ATP_OK) {
        return end(disk, err);
    }
    const sim_content_t *seen = &file->file->seen;
    uint64_t left = at < seen->size ? seen->size - at : 0;
    *ret_size = left < size ? (size_t)left : size;
    if (*ret_size > 0) {
        memcpy(bytes, seen->bytes + at, *ret_size);
    }
    return end(disk, ATP_OK);
}

/* Any of the sectors of the range may have been written, and any of those may be on the disk. */
static void write_in_part(sim_disk_t *disk, sim_file_t *file, uint64_t at, const unsigned char *bytes,
                          size_t size)
{
    for (size_t done = 0; done < size;) {
        size_t piece = SIM_SECTOR_SIZE - (size_t)((at + done) % SIM_SECTOR_SIZE);
        piece = piece < size - done ? piece : size - done;
        if (sim_random_below(&disk->random, 2) == 0) {
            sim_file_write(file, at + done, bytes + done, piece);
        }
        done += piece;
    }
}

static atp_err_t write_locked(sim_disk_t *disk, sim_file_t *file, uint64_t at, const void *bytes, size_t size)
{
    uint64_t grows = at + size > file->seen.size ? at + size - file->seen.size : 0;

    if (disk->capacity != 0 && grows > 0 && used_size(disk) + grows > disk->capacity) {
        return ATP_ERR_NO_SPACE;
    }
    sim_file_write(file, at, bytes, size);
    disk->stats.bytes_written += size;
    return ATP_OK;
}

static atp_err_t sim_write_at(atp_storage_t *storage, atp_file_t *file, uint64_t at, const void *bytes,
                              size_t size)
{
    sim_disk_t *disk = disk_of(storage);
    atp_err_t err = begin(disk, SIM_OP_WRITE, file->path);

    if (is_dead(disk, file)) {
        return end(disk, ATP_ERR_IO);
    }
    if (err != ATP_OK) {
        write_in_part(disk, file->file, at, bytes, size);
        return end(disk, err);
    }
    return end(disk, write_locked(disk, file->file, at, bytes, size));
}

static atp_err_t sim_sync_data(atp_storage_t *storage, atp_file_t *file)
{
    sim_disk_t *disk = disk_of(storage);
    atp_err_t err = begin(disk, SIM_OP_SYNC_DATA, file->path);

    if (is_dead(disk, file)) {
        return end(disk, ATP_ERR_IO);
    }
    (void)sim_file_settle(file->file, err == ATP_OK ? SIM_FATE_KEEP : SIM_FATE_MIX, &disk->random);
    return end(disk, err);
}

static atp_err_t sim_size(atp_storage_t *storage, atp_file_t *file, uint64_t *ret_size)
{
    sim_disk_t *disk = disk_of(storage);
    atp_err_t err = begin(disk, SIM_OP_SIZE, file->path);

    if (is_dead(disk, file)) {
        return end(disk, ATP_ERR_IO);
    }
    if (err == ATP_OK) {
        *ret_size = file->file->seen.size;
    }
    return end(disk, err);
}

static atp_err_t sim_rename(atp_storage_t *storage, const char *from, const char *to)
{
    sim_disk_t *disk = disk_of(storage);
    atp_err_t err = begin(disk, SIM_OP_RENAME, from);
    sim_file_t *file = sim_names_find(&disk->names, from);

    if (err == ATP_OK && file == NULL) {
        err = ATP_ERR_NOT_FOUND;
    }
    if (err == ATP_OK) {
        sim_names_step(&disk->names, from, to, file);
    }
    return end(disk, err);
}

static atp_err_t sim_remove(atp_storage_t *storage, const char *path)
{
    sim_disk_t *disk = disk_of(storage);
    atp_err_t err = begin(disk, SIM_OP_REMOVE, path);
    sim_file_t *file = sim_names_find(&disk->names, path);

    if (err == ATP_OK && file == NULL) {
        err = ATP_ERR_NOT_FOUND;
    }
    if (err == ATP_OK) {
        sim_names_step(&disk->names, path, "", file);
    }
    return end(disk, err);
}

/* Names are visited without the mutex, from a copy, so that a visit may call the storage. */
static atp_err_t sim_list(atp_storage_t *storage, const char *folder,
                          void (*visit)(void *context, const char *name), void *context)
{
    sim_disk_t *disk = disk_of(storage);
    atp_err_t err = begin(disk, SIM_OP_LIST, folder);

    if (err == ATP_OK && !sim_names_has_folder(&disk->names, folder)) {
        err = ATP_ERR_NOT_FOUND;
    }
    if (err != ATP_OK) {
        return end(disk, err);
    }
    char(*names)[ATP_PATH_SIZE_MAX] = calloc(SIM_NAMES_MAX + SIM_FOLDERS_MAX, sizeof *names);
    ATP_ASSERT(names != NULL);
    size_t count = sim_names_list(&disk->names, folder, names);
    (void)end(disk, ATP_OK);
    for (size_t i = 0; i < count; i++) {
        visit(context, names[i]);
    }
    free(names);
    return ATP_OK;
}

static atp_err_t sim_make_folder(atp_storage_t *storage, const char *path)
{
    sim_disk_t *disk = disk_of(storage);
    atp_err_t err = begin(disk, SIM_OP_MAKE_FOLDER, path);

    if (err == ATP_OK) {
        sim_names_add_folder(&disk->names, path);
    }
    return end(disk, err);
}

static atp_err_t sim_sync_folder(atp_storage_t *storage, const char *path)
{
    sim_disk_t *disk = disk_of(storage);
    atp_err_t err = begin(disk, SIM_OP_SYNC_FOLDER, path);

    if (err == ATP_OK && !sim_names_has_folder(&disk->names, path)) {
        err = ATP_ERR_NOT_FOUND;
    }
    if (err == ATP_OK) {
        sim_names_sync(&disk->names, path);
        collect_files(disk);
    }
    return end(disk, err);
}

static atp_err_t sim_free_size(atp_storage_t *storage, uint64_t *ret_size)
{
    sim_disk_t *disk = disk_of(storage);
    atp_err_t err = begin(disk, SIM_OP_FREE_SIZE, ".");

    if (err == ATP_OK) {
        uint64_t used = used_size(disk);
        *ret_size = disk->capacity == 0 ? UINT64_MAX / 2 : disk->capacity > used ? disk->capacity - used : 0;
    }
    return end(disk, err);
}

static const atp_storage_t sim_functions = {
    .open = sim_open,
    .close = sim_close,
    .read_at = sim_read_at,
    .write_at = sim_write_at,
    .sync_data = sim_sync_data,
    .size = sim_size,
    .rename = sim_rename,
    .remove = sim_remove,
    .list = sim_list,
    .make_folder = sim_make_folder,
    .sync_folder = sim_sync_folder,
    .free_size = sim_free_size,
};

/* ---- life ---- */

sim_disk_t *sim_disk_create(uint64_t seed, uint64_t capacity)
{
    sim_disk_t *disk = calloc(1, sizeof *disk);

    ATP_ASSERT(disk != NULL);
    disk->functions = sim_functions;
    ATP_ASSERT(pthread_mutex_init(&disk->mutex, NULL) == 0);
    disk->random = seed;
    disk->capacity = capacity;
    sim_names_init(&disk->names);
    return disk;
}

void sim_disk_destroy(sim_disk_t *disk)
{
    if (disk == NULL) {
        return;
    }
    ATP_ASSERT(disk->handles == NULL); /* the code under test forgot to close */
    sim_names_fini(&disk->names);
    collect_files(disk);
    (void)pthread_mutex_destroy(&disk->mutex);
    free(disk);
}

sim_disk_t *sim_disk_clone(const sim_disk_t *disk, uint64_t seed)
{
    sim_disk_t *clone = sim_disk_create(seed, disk->capacity);

    sim_names_copy(&clone->names, &disk->names);
    for (const sim_file_t *file = disk->files; file != NULL; file = file->next) {
        sim_file_t *copy = sim_file_clone(file);
        copy->next = clone->files;
        clone->files = copy;
        sim_names_point_to(&clone->names, file, copy);
    }
    collect_files(clone);
    return clone;
}

atp_storage_t *sim_disk_storage(sim_disk_t *disk)
{
    return &disk->functions;
}

void sim_disk_reseed(sim_disk_t *disk, uint64_t seed)
{
    disk->random = seed;
}

void sim_disk_set_capacity(sim_disk_t *disk, uint64_t capacity)
{
    disk->capacity = capacity;
}

/* ---- crash ---- */

static sim_fate_t choose_fate(sim_disk_t *disk, sim_crash_t crash)
{
    static const sim_fate_t fates[] = {SIM_FATE_LOSE, SIM_FATE_KEEP, SIM_FATE_MIX, SIM_FATE_MIX};

    switch (crash) {
    case SIM_CRASH_LOSE:
        return SIM_FATE_LOSE;
    case SIM_CRASH_KEEP:
        return SIM_FATE_KEEP;
    case SIM_CRASH_CHANCE:
        break;
    }
    return fates[sim_random_below(&disk->random, 4)];
}

void sim_disk_crash(sim_disk_t *disk, sim_crash_t crash)
{
    (void)pthread_mutex_lock(&disk->mutex);
    for (sim_file_t *file = disk->files; file != NULL; file = file->next) {
        disk->stats.sectors_lost += sim_file_settle(file, choose_fate(disk, crash), &disk->random);
        sim_file_forget_cache(file);
    }
    sim_names_settle(&disk->names, choose_fate(disk, crash), &disk->random);
    disk->fault = (fault_t){.left = 0};
    disk->stats.crashes++;
    collect_files(disk);
    (void)pthread_mutex_unlock(&disk->mutex);
}

/* ---- faults ---- */

void sim_disk_fail(sim_disk_t *disk, uint64_t n, sim_fail_t fail, unsigned ops, atp_err_t err)
{
    ATP_ASSERT(n > 0 && err != ATP_OK);
    (void)pthread_mutex_lock(&disk->mutex);
    disk->fault = (fault_t){.left = n, .fail = fail, .ops = ops, .err = err};
    (void)pthread_mutex_unlock(&disk->mutex);
}

void sim_disk_heal(sim_disk_t *disk)
{
    (void)pthread_mutex_lock(&disk->mutex);
    disk->fault.left = 0;
    (void)pthread_mutex_unlock(&disk->mutex);
}

bool sim_disk_has_failed(const sim_disk_t *disk)
{
    return disk->fault.has_struck;
}

void sim_disk_set_hook(sim_disk_t *disk, sim_hook_t hook, void *context)
{
    disk->hook = hook;
    disk->hook_context = context;
}

/* ---- damage, and looking from outside ---- */

bool sim_disk_exists(const sim_disk_t *disk, const char *path)
{
    return sim_names_find(&disk->names, path) != NULL;
}

uint64_t sim_disk_file_size(const sim_disk_t *disk, const char *path)
{
    const sim_file_t *file = sim_names_find(&disk->names, path);

    return file == NULL ? 0 : file->seen.size;
}

const unsigned char *sim_disk_bytes(const sim_disk_t *disk, const char *path)
{
    const sim_file_t *file = sim_names_find(&disk->names, path);

    return file == NULL ? NULL : file->seen.bytes;
}

void sim_disk_flip(sim_disk_t *disk, const char *path, uint64_t at, unsigned char mask)
{
    sim_file_t *file = sim_names_find(&disk->names, path);

    ATP_ASSERT(file != NULL);
    sim_file_flip(file, at, mask);
}

void sim_disk_truncate(sim_disk_t *disk, const char *path, uint64_t size)
{
    sim_file_t *file = sim_names_find(&disk->names, path);

    ATP_ASSERT(file != NULL);
    sim_file_truncate(file, size);
}

void sim_disk_put(sim_disk_t *disk, const char *path, const void *bytes, uint64_t size)
{
    char folder[ATP_PATH_SIZE_MAX];

    sim_path_folder(path, folder);
    sim_names_add_folder(&disk->names, folder);
    sim_file_t *file = new_file(disk);
    sim_file_write(file, 0, bytes, (size_t)size);
    (void)sim_file_settle(file, SIM_FATE_KEEP, &disk->random);
    sim_names_force(&disk->names, path, file);
    collect_files(disk);
}

void sim_disk_remove(sim_disk_t *disk, const char *path)
{
    sim_names_force(&disk->names, path, NULL);
    collect_files(disk);
}

/* ---- counters ---- */

void sim_disk_stats(const sim_disk_t *disk, sim_disk_stats_t *ret_stats)
{
    *ret_stats = disk->stats;
    ret_stats->used_size = used_size(disk);
}
