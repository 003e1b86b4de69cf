#include "tools/atpd/facts/backlog.h"

#include "engine/base/atomics.h"
#include "engine/base/hash.h"
#include "tools/atpd/log/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER      "waiting"
#define MAGIC       0x57505441u /* "ATPW" */
#define FILE_FULL   ((uint64_t)4 << 20)
#define NAME_DIGITS 16
#define NAME_SIZE   (NAME_DIGITS + 1)

typedef struct record_head {
    uint32_t magic;
    uint32_t size;
    uint64_t hash;
} record_head_t;

_Static_assert(sizeof(record_head_t) == 16, "stored: no padding");

struct atp_backlog_file {
    atp_backlog_file_t *next;
    uint64_t number;
    uint64_t size;
    _Atomic uint64_t needed; /* messages */
    uint32_t source;
    int fd; /* -1: nothing is appended to it */
    bool is_dirty;
};

struct atp_backlog {
    int folder;
    uint64_t newest; /* number of a file */
    bool is_folder_dirty;
    atp_backlog_file_t *files;
};

static void name_of(uint64_t number, char ret_name[NAME_SIZE])
{
    (void)snprintf(ret_name, NAME_SIZE, "%016llx", (unsigned long long)number);
}

static uint64_t hash_of(const uint8_t *bytes, size_t size)
{
    return atp_hash_bytes(bytes, size, size);
}

/* ---- open and close ---- */

static void add_file(atp_backlog_t *backlog, atp_backlog_file_t *file)
{
    file->next = backlog->files;
    backlog->files = file;
    backlog->newest = file->number > backlog->newest ? file->number : backlog->newest;
}

static atp_err_t find_files(atp_backlog_t *backlog)
{
    int fd = openat(backlog->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    atp_err_t err = entries == NULL ? ATP_ERR_IO : ATP_OK;

    for (struct dirent *entry; err == ATP_OK && (entry = readdir(entries)) != NULL;) {
        char *end = NULL;
        uint64_t number = strtoull(entry->d_name, &end, NAME_DIGITS);
        if (strlen(entry->d_name) != NAME_DIGITS || *end != '\0') {
            continue; /* not one of ours */
        }
        atp_backlog_file_t *file = calloc(1, sizeof *file);
        if (file == NULL) {
            err = ATP_ERR_MEMORY;
        } else {
            file->number = number;
            file->fd = -1;
            add_file(backlog, file);
        }
    }
    if (entries != NULL) {
        (void)closedir(entries);
    } else if (fd >= 0) {
        (void)close(fd);
    }
    return err;
}

static atp_err_t open_folder(const char *data_folder, int *ret_folder)
{
    int data = open(data_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (data < 0) {
        return ATP_ERR_IO;
    }
    bool is_there = mkdirat(data, FOLDER, 0700) == 0 ? fsync(data) == 0 : errno == EEXIST;
    *ret_folder = is_there ? openat(data, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    (void)close(data);
    return *ret_folder < 0 ? ATP_ERR_IO : ATP_OK;
}

atp_err_t atp_backlog_open(const char *data_folder, atp_backlog_t **ret_backlog, atp_why_t *ret_why)
{
    atp_backlog_t *backlog = calloc(1, sizeof *backlog);

    if (backlog == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for what waits of sources");
    }
    backlog->folder = -1;
    atp_err_t err = open_folder(data_folder, &backlog->folder);
    err = err == ATP_OK ? find_files(backlog) : err;
    if (err != ATP_OK) {
        atp_backlog_close(backlog);
        return atp_fail(ret_why, err, "%s/" FOLDER " cannot be opened: %s", data_folder, strerror(errno));
    }
    *ret_backlog = backlog;
    return ATP_OK;
}

static void free_file(atp_backlog_file_t *file)
{
    if (file->fd >= 0) {
        (void)close(file->fd);
    }
    free(file);
}

void atp_backlog_close(atp_backlog_t *backlog)
{
    if (backlog == NULL) {
        return;
    }
    if (backlog->folder >= 0) {
        atp_backlog_sweep(backlog);
        (void)close(backlog->folder);
    }
    while (backlog->files != NULL) {
        atp_backlog_file_t *file = backlog->files;
        backlog->files = file->next;
        free_file(file);
    }
    free(backlog);
}

/* ---- reading ---- */

/* The whole file. NULL: it cannot be read. The caller frees it. */
static uint8_t *load(const atp_backlog_t *backlog, atp_backlog_file_t *file)
{
    char name[NAME_SIZE];
    struct stat status;

    name_of(file->number, name);
    int fd = openat(backlog->folder, name, O_RDONLY | O_CLOEXEC);
    uint8_t *bytes = NULL;
    if (fd >= 0 && fstat(fd, &status) == 0 && (bytes = malloc((size_t)status.st_size + 1)) != NULL) {
        file->size = (uint64_t)status.st_size;
        for (uint64_t got = 0; got < file->size;) {
            ssize_t more = read(fd, bytes + got, file->size - got);
            if (more <= 0) {
                free(bytes);
                bytes = NULL;
                break;
            }
            got += (uint64_t)more;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return bytes;
}

/* The record at `at`. False: there is no whole one. */
static bool look_at_record(const uint8_t *bytes, uint64_t at, uint64_t size, record_head_t *ret_head)
{
    if (size - at < sizeof *ret_head) {
        return false;
    }
    memcpy(ret_head, bytes + at, sizeof *ret_head);
    return ret_head->magic == MAGIC && ret_head->size <= size - at - sizeof *ret_head &&
           hash_of(bytes + at + sizeof *ret_head, ret_head->size) == ret_head->hash;
}

static void visit_records(atp_backlog_file_t *file, const uint8_t *bytes, atp_backlog_visit_fn visit,
                          void *context)
{
    record_head_t head;
    uint64_t at = 0;

    atp_fetch_add_relaxed(&file->needed, 1); /* by us, meanwhile */
    while (look_at_record(bytes, at, file->size, &head)) {
        atp_fetch_add_relaxed(&file->needed, 1);
        visit(context, bytes + at + sizeof head, head.size, file);
        at += sizeof head + head.size;
    }
    if (at < file->size) {
        atp_log(ATP_LOG_WARN, "waiting_facts_cut", ATP_LOG_U64("file", file->number), ATP_LOG_U64("at", at),
                ATP_LOG_U64("size", file->size));
    }
    (void)atp_backlog_drop(file);
}

/* The file with the lowest number above `number`; NULL: there is none. */
static atp_backlog_file_t *next_file(const atp_backlog_t *backlog, uint64_t number)
{
    atp_backlog_file_t *next = NULL;

    for (atp_backlog_file_t *file = backlog->files; file != NULL; file = file->next) {
        if (file->number > number && (next == NULL || file->number < next->number)) {
            next = file;
        }
    }
    return next;
}

atp_err_t atp_backlog_read(atp_backlog_t *backlog, atp_backlog_visit_fn visit, void *context)
{
    uint64_t at = 0;

    for (atp_backlog_file_t *file; (file = next_file(backlog, at)) != NULL; at = file->number) {
        uint8_t *bytes = load(backlog, file);
        if (bytes == NULL) {
            return ATP_ERR_IO;
        }
        visit_records(file, bytes, visit, context);
        free(bytes);
    }
    return ATP_OK;
}

/* ---- writing ---- */

static atp_backlog_file_t *new_file(atp_backlog_t *backlog, uint32_t source)
{
    char name[NAME_SIZE];
    atp_backlog_file_t *file = calloc(1, sizeof *file);

    if (file == NULL) {
        return NULL;
    }
    file->number = backlog->newest + 1;
    file->source = source;
    name_of(file->number, name);
    file->fd = openat(backlog->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file->fd < 0) {
        free(file);
        return NULL;
    }
    backlog->is_folder_dirty = true;
    add_file(backlog, file);
    return file;
}

/* The file that messages of the source go to; a new one when it is full. */
static atp_backlog_file_t *file_for(atp_backlog_t *backlog, uint32_t source)
{
    for (atp_backlog_file_t *file = backlog->files; file != NULL; file = file->next) {
        if (file->fd >= 0 && file->source == source && file->size < FILE_FULL) {
            return file;
        }
    }
    return new_file(backlog, source);
}

static bool write_all(int fd, const void *bytes, size_t size, uint64_t at)
{
    const uint8_t *from = bytes;

    while (size > 0) {
        ssize_t written = pwrite(fd, from, size, (off_t)at);
        if (written <= 0) {
            return false;
        }
        from += written;
        size -= (size_t)written;
        at += (uint64_t)written;
    }
    return true;
}

atp_backlog_file_t *atp_backlog_put(atp_backlog_t *backlog, uint32_t source, const uint8_t *bytes,
                                    size_t size)
{
    const record_head_t head = {MAGIC, (uint32_t)size, hash_of(bytes, size)};
    atp_backlog_file_t *file = file_for(backlog, source);

    if (file == NULL) {
        return NULL;
    }
    /* What is cut off is overwritten by the next one, and is no record without its head. */
    if (!write_all(file->fd, bytes, size, file->size + sizeof head) ||
        !write_all(file->fd, &head, sizeof head, file->size)) {
        return NULL;
    }
    file->size += sizeof head + size;
    file->is_dirty = true;
    atp_fetch_add_relaxed(&file->needed, 1);
    return file;
}

bool atp_backlog_sync(atp_backlog_t *backlog)
{
    bool is_synced = true;

    for (atp_backlog_file_t *file = backlog->files; file != NULL; file = file->next) {
        if (file->is_dirty && fdatasync(file->fd) != 0) {
            (void)close(file->fd);
            file->fd = -1; /* after a failed sync nothing is written to it again */
            is_synced = false;
        }
        file->is_dirty = false;
    }
    if (backlog->is_folder_dirty) {
        is_synced = fsync(backlog->folder) == 0 && is_synced;
        backlog->is_folder_dirty = false;
    }
    return is_synced;
}

/* ---- dropping ---- */

bool atp_backlog_drop(atp_backlog_file_t *file)
{
    return atp_fetch_sub_acq_rel(&file->needed, 1) == 1;
}

void atp_backlog_sweep(atp_backlog_t *backlog)
{
    for (atp_backlog_file_t **at = &backlog->files; *at != NULL;) {
        atp_backlog_file_t *file = *at;
        char name[NAME_SIZE];
        if (atp_load_acquire(&file->needed) != 0) {
            at = &file->next;
            continue;
        }
        name_of(file->number, name);
        (void)unlinkat(backlog->folder, name, 0); /* if not: what is read again was applied */
        *at = file->next;
        free_file(file);
    }
}
