#include "tests/engine/store/test_snapshot_disk.h"

#include "tests/test.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define FILES_MAX   64
#define FOLDERS_MAX 8
#define NAMES_MAX   16
#define PAGE        4096

/* One file, known by its inode; kept open, so that the inode is not given to another. */
typedef struct disk_file {
    ino_t inode;
    int file;
    unsigned char *synced;
    size_t synced_size;
} disk_file_t;

typedef struct disk_names {
    int count;
    char names[NAMES_MAX][64];
    ino_t inodes[NAMES_MAX];
} disk_names_t;

typedef struct disk_folder {
    char path[256];
    char name[64];
    ino_t inode;
    disk_names_t synced;
} disk_folder_t;

static disk_plan_t plan;
static bool is_armed;
static uint64_t calls;
static disk_file_t files[FILES_MAX];
static int file_count;
static disk_folder_t folders[FOLDERS_MAX];
static int folder_count;

static bool is_cutting(void)
{
    return is_armed && plan.folder != NULL;
}

/* ---- what is synced ---- */

static disk_file_t *file_of(ino_t inode)
{
    for (int i = 0; i < file_count; i++) {
        if (files[i].inode == inode) {
            return &files[i];
        }
    }
    return NULL;
}

static unsigned char *content_of(int file, size_t *ret_size)
{
    struct stat info;

    if (fstat(file, &info) != 0) {
        abort();
    }
    unsigned char *bytes = malloc((size_t)info.st_size + 1);
    ssize_t size = bytes == NULL ? -1 : pread(file, bytes, (size_t)info.st_size, 0);
    if (size != info.st_size) {
        abort();
    }
    *ret_size = (size_t)size;
    return bytes;
}

static void remember_content(disk_file_t *entry)
{
    free(entry->synced);
    entry->synced = content_of(entry->file, &entry->synced_size);
}

static disk_file_t *track(const char *path, ino_t inode)
{
    disk_file_t *entry = file_of(inode);

    if (entry == NULL) {
        if (file_count == FILES_MAX) {
            abort();
        }
        entry = &files[file_count++];
        *entry = (disk_file_t){inode, open(path, O_RDONLY | O_CLOEXEC), NULL, 0};
        if (entry->file < 0) {
            abort();
        }
    }
    return entry;
}

/* The names of regular files in a folder as they are now. */
static void list(const disk_folder_t *folder, disk_names_t *ret_names)
{
    DIR *stream = opendir(folder->path);
    struct dirent *entry;

    ret_names->count = 0;
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        char path[512];
        struct stat info;
        snprintf(path, sizeof path, "%.250s/%.60s", folder->path, entry->d_name);
        if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
            continue;
        }
        if (ret_names->count == NAMES_MAX) {
            abort();
        }
        snprintf(ret_names->names[ret_names->count], 64, "%.60s", entry->d_name);
        ret_names->inodes[ret_names->count++] = info.st_ino;
        (void)track(path, info.st_ino);
    }
    if (stream != NULL) {
        closedir(stream);
    }
}

static void begin_cutting(void)
{
    DIR *stream = opendir(plan.folder);
    struct dirent *entry;

    file_count = 0;
    folder_count = 0;
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        disk_folder_t *folder = &folders[folder_count];
        struct stat info;
        snprintf(folder->path, sizeof folder->path, "%.180s/%.60s", plan.folder, entry->d_name);
        if (entry->d_name[0] == '.' || stat(folder->path, &info) != 0 || folder_count + 1 == FOLDERS_MAX) {
            continue;
        }
        snprintf(folder->name, sizeof folder->name, "%.60s", entry->d_name);
        folder->inode = info.st_ino;
        list(folder, &folder->synced);
        folder_count++;
    }
    if (stream != NULL) {
        closedir(stream);
    }
    for (int i = 0; i < file_count; i++) {
        remember_content(&files[i]);
    }
}

static void note_synced(int file)
{
    struct stat info;

    if (fstat(file, &info) != 0) {
        return;
    }
    for (int i = 0; i < folder_count; i++) {
        if (folders[i].inode == info.st_ino) {
            list(&folders[i], &folders[i].synced);
        } else {
            disk_names_t now; /* files made since are opened before they can go */
            list(&folders[i], &now);
        }
    }
    disk_file_t *entry = file_of(info.st_ino);
    if (entry != NULL && S_ISREG(info.st_mode)) {
        remember_content(entry);
    }
}

static void note_written_through(int file, const void *bytes, size_t size, off_t at)
{
    struct stat info;
    int flags = fcntl(file, F_GETFL);
    disk_file_t *entry =
        flags >= 0 && (flags & O_DSYNC) != 0 && fstat(file, &info) == 0 ? file_of(info.st_ino) : NULL;
    size_t end = (size_t)at + size;

    if (entry == NULL) {
        return;
    }
    if (end > entry->synced_size) {
        unsigned char *larger = calloc(1, end + 1);
        if (larger == NULL) {
            abort();
        }
        if (entry->synced != NULL) {
            memcpy(larger, entry->synced, entry->synced_size);
        }
        free(entry->synced);
        entry->synced = larger;
        entry->synced_size = end;
    }
    memcpy(entry->synced + at, bytes, size);
}

/* ---- what a power cut leaves ---- */

static uint64_t pick(void)
{
    return plan.seed == 0 ? 0 : test_random(&plan.seed);
}

static unsigned char *content_left(const disk_file_t *entry, size_t *ret_size)
{
    size_t now_size;
    unsigned char *now = content_of(entry->file, &now_size);
    size_t most = now_size > entry->synced_size ? now_size : entry->synced_size;
    unsigned char *left = calloc(1, most + 1);
    uint64_t which = pick() % 4;

    if (left == NULL) {
        abort();
    }
    *ret_size = pick() % 2 == 1 ? now_size : entry->synced_size;
    for (size_t at = 0; at < most; at += PAGE) {
        bool take_now = plan.seed != 0 && (which == 1 || (which > 1 && pick() % 2 == 1));
        const unsigned char *from = take_now ? now : entry->synced;
        size_t end = take_now ? now_size : entry->synced_size;
        if (at < end) {
            memcpy(left + at, from + at, end - at < PAGE ? end - at : PAGE);
        }
    }
    free(now);
    return left;
}

static void leave_file(const char *folder, const char *name, ino_t inode)
{
    const disk_file_t *entry = file_of(inode);
    char path[512];
    size_t size = 0;

    if (entry == NULL) {
        abort();
    }
    unsigned char *bytes = content_left(entry, &size);
    snprintf(path, sizeof path, "%.400s/%.60s", folder, name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || write(file, bytes, size) != (ssize_t)size) {
        abort();
    }
    close(file);
    free(bytes);
}

static void leave_folder(const disk_folder_t *folder)
{
    disk_names_t now;
    char path[400];

    snprintf(path, sizeof path, "%.250s/%.60s", plan.left, folder->name);
    if (mkdir(path, 0700) != 0) {
        abort();
    }
    list(folder, &now);
    const disk_names_t *left = pick() % 2 == 1 ? &now : &folder->synced;
    for (int i = 0; i < left->count; i++) {
        leave_file(path, left->names[i], left->inodes[i]);
    }
}

void disk_cut(void)
{
    is_armed = false;
    for (int i = 0; plan.folder != NULL && i < folder_count; i++) {
        leave_folder(&folders[i]);
    }
}

static void end_process(void)
{
    disk_cut();
    _exit(DISK_ENDED);
}

/* ---- the calls ---- */

void disk_arm(const disk_plan_t *new_plan)
{
    plan = *new_plan;
    calls = 0;
    if (plan.folder != NULL) {
        begin_cutting();
    }
    is_armed = true;
}

uint64_t disk_disarm(void)
{
    is_armed = false;
    return calls;
}

static bool is_now(void)
{
    if (!is_armed) {
        return false;
    }
    calls++;
    return plan.at != 0 && (calls == plan.at || (plan.from_then_on && calls > plan.at));
}

/* The plan's event at a call that writes nothing: true if the call is to fail. */
static bool event(void)
{
    if (!is_now()) {
        return false;
    }
    if (plan.error == 0) {
        end_process();
    }
    errno = plan.error;
    return true;
}

static ssize_t write_at(int file, const void *bytes, size_t size, off_t at)
{
    bool at_place = at >= 0;
    bool now = is_now();

    if (now && !plan.half && plan.error == 0) {
        end_process();
    }
    if (now && !plan.half) {
        errno = plan.error;
        return -1;
    }
    size = now ? size / 2 : size;
    ssize_t put =
        at_place ? syscall(SYS_pwrite64, file, bytes, size, at) : syscall(SYS_write, file, bytes, size);
    if (at_place && put > 0 && is_cutting()) {
        note_written_through(file, bytes, (size_t)put, at);
    }
    if (now && plan.error == 0) {
        end_process();
    }
    return put;
}

ssize_t write(int file, const void *bytes, size_t size)
{
    return write_at(file, bytes, size, -1);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t at)
{
    return write_at(file, bytes, size, at);
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    if (event()) {
        return -1;
    }
    return syscall(SYS_writev, file, parts, count);
}

int fdatasync(int file)
{
    if (event()) {
        return -1;
    }
    int rc = (int)syscall(SYS_fdatasync, file);
    if (rc == 0 && is_cutting()) {
        note_synced(file);
    }
    return rc;
}

int fsync(int file)
{
    if (event()) {
        return -1;
    }
    int rc = (int)syscall(SYS_fsync, file);
    if (rc == 0 && is_cutting()) {
        note_synced(file);
    }
    return rc;
}

int ftruncate(int file, off_t size)
{
    return event() ? -1 : (int)syscall(SYS_ftruncate, file, size);
}

int rename(const char *from, const char *to)
{
    return event() ? -1 : (int)syscall(SYS_rename, from, to);
}

int unlink(const char *path)
{
    return event() ? -1 : (int)syscall(SYS_unlink, path);
}
