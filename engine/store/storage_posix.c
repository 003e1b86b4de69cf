#include "engine/store/storage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FILE_MODE   0640
#define FOLDER_MODE 0750

struct atp_file {
    int fd;
};

typedef struct posix_storage {
    atp_storage_t functions; /* first: the storage is known by it */
    int root_fd;
} posix_storage_t;

static int root_of(const atp_storage_t *storage)
{
    return ((const posix_storage_t *)storage)->root_fd;
}

static atp_err_t err_of_errno(int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
        return ATP_ERR_NO_SPACE;
    case ENOENT:
        return ATP_ERR_NOT_FOUND;
    case ENOMEM:
        return ATP_ERR_MEMORY;
    case EMFILE:
    case ENFILE:
        return ATP_ERR_LIMIT;
    default:
        return ATP_ERR_IO;
    }
}

static void check_path(const char *path)
{
    ATP_ASSERT(path != NULL && path[0] != '\0' && path[0] != '/');
    ATP_ASSERT(strlen(path) < ATP_PATH_SIZE_MAX);
}

/* A data folder on a read-only disk can still be verified: hence the second try. */
static int open_file(int root_fd, const char *path, bool create)
{
    int fd = openat(root_fd, path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), FILE_MODE);

    if (fd < 0 && !create && (errno == EROFS || errno == EACCES)) {
        fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC);
    }
    return fd;
}

static atp_err_t posix_open(atp_storage_t *storage, const char *path, bool create, atp_file_t **ret_file)
{
    check_path(path);
    atp_file_t *file = malloc(sizeof *file);

    if (file == NULL) {
        return ATP_ERR_MEMORY;
    }
    file->fd = open_file(root_of(storage), path, create);
    if (file->fd < 0) {
        atp_err_t err = err_of_errno(errno);
        free(file);
        return err;
    }
    *ret_file = file;
    return ATP_OK;
}

static void posix_close(atp_storage_t *storage, atp_file_t *file)
{
    (void)storage;
    if (file != NULL) {
        /* What close could still tell about lost data was told by sync_data: only that counts. */
        (void)close(file->fd);
        free(file);
    }
}

static atp_err_t posix_read_at(atp_storage_t *storage, atp_file_t *file, uint64_t at, void *bytes,
                               size_t size, size_t *ret_size)
{
    size_t done = 0;

    (void)storage;
    while (done < size) {
        ssize_t n = pread(file->fd, (char *)bytes + done, size - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_of_errno(errno);
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
    }
    *ret_size = done;
    return ATP_OK;
}

static atp_err_t posix_write_at(atp_storage_t *storage, atp_file_t *file, uint64_t at, const void *bytes,
                                size_t size)
{
    size_t done = 0;

    (void)storage;
    while (done < size) {
        ssize_t n = pwrite(file->fd, (const char *)bytes + done, size - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_of_errno(errno);
        }
        if (n == 0) {
            return ATP_ERR_IO;
        }
        done += (size_t)n;
    }
    return ATP_OK;
}

/* Never tried again, not even after EINTR: what a second fdatasync says is no evidence about the first. */
static atp_err_t posix_sync_data(atp_storage_t *storage, atp_file_t *file)
{
    (void)storage;
    return fdatasync(file->fd) == 0 ? ATP_OK : err_of_errno(errno);
}

static atp_err_t posix_size(atp_storage_t *storage, atp_file_t *file, uint64_t *ret_size)
{
    struct stat status;

    (void)storage;
    if (fstat(file->fd, &status) != 0) {
        return err_of_errno(errno);
    }
    *ret_size = (uint64_t)status.st_size;
    return ATP_OK;
}

static atp_err_t posix_rename(atp_storage_t *storage, const char *from, const char *to)
{
    check_path(from);
    check_path(to);
    return renameat(root_of(storage), from, root_of(storage), to) == 0 ? ATP_OK : err_of_errno(errno);
}

static atp_err_t posix_remove(atp_storage_t *storage, const char *path)
{
    check_path(path);
    return unlinkat(root_of(storage), path, 0) == 0 ? ATP_OK : err_of_errno(errno);
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static atp_err_t visit_entries(DIR *entries, void (*visit)(void *context, const char *name), void *context)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(entries);
        if (entry == NULL) {
            return errno == 0 ? ATP_OK : err_of_errno(errno);
        }
        if (!is_dots(entry->d_name)) {
            visit(context, entry->d_name);
        }
    }
}

static atp_err_t posix_list(atp_storage_t *storage, const char *folder,
                            void (*visit)(void *context, const char *name), void *context)
{
    check_path(folder);
    int fd = openat(root_of(storage), folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return err_of_errno(errno);
    }
    DIR *entries = fdopendir(fd);
    if (entries == NULL) {
        atp_err_t err = err_of_errno(errno);
        (void)close(fd);
        return err;
    }
    atp_err_t err = visit_entries(entries, visit, context);
    (void)closedir(entries);
    return err;
}

static atp_err_t posix_make_folder(atp_storage_t *storage, const char *path)
{
    check_path(path);
    if (mkdirat(root_of(storage), path, FOLDER_MODE) == 0 || errno == EEXIST) {
        return ATP_OK;
    }
    return err_of_errno(errno);
}

static atp_err_t posix_sync_folder(atp_storage_t *storage, const char *path)
{
    check_path(path);
    int fd = openat(root_of(storage), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return err_of_errno(errno);
    }
    atp_err_t err = fsync(fd) == 0 ? ATP_OK : err_of_errno(errno);
    (void)close(fd);
    return err;
}

static atp_err_t posix_free_size(atp_storage_t *storage, uint64_t *ret_size)
{
    struct statvfs status;

    if (fstatvfs(root_of(storage), &status) != 0) {
        return err_of_errno(errno);
    }
    *ret_size = (uint64_t)status.f_bavail * status.f_frsize;
    return ATP_OK;
}

static const atp_storage_t posix_functions = {
    .open = posix_open,
    .close = posix_close,
    .read_at = posix_read_at,
    .write_at = posix_write_at,
    .sync_data = posix_sync_data,
    .size = posix_size,
    .rename = posix_rename,
    .remove = posix_remove,
    .list = posix_list,
    .make_folder = posix_make_folder,
    .sync_folder = posix_sync_folder,
    .free_size = posix_free_size,
};

/* The name of the new root stands in its parent: that must be durable too, or the whole folder may be gone
 * after a power cut. */
static atp_err_t sync_parent(const char *root)
{
    char *copy = strdup(root);

    if (copy == NULL) {
        return ATP_ERR_MEMORY;
    }
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (fd < 0) {
        return err_of_errno(errno);
    }
    atp_err_t err = fsync(fd) == 0 ? ATP_OK : err_of_errno(errno);
    (void)close(fd);
    return err;
}

static atp_err_t make_root(const char *root, atp_why_t *ret_why)
{
    if (mkdir(root, FOLDER_MODE) != 0) {
        if (errno == EEXIST) {
            /* A run that died before the sync below may have made it. Where we may not sync the folder above,
             * somebody else made ours, and its name is his. */
            (void)sync_parent(root);
            return ATP_OK;
        }
        return atp_fail(ret_why, err_of_errno(errno), "data folder %.200s cannot be made: %s", root,
                        strerror(errno));
    }
    atp_err_t err = sync_parent(root);
    if (err != ATP_OK) {
        return atp_fail(ret_why, err, "the folder above %.200s cannot be synced: %s", root, strerror(errno));
    }
    return ATP_OK;
}

atp_err_t atp_storage_posix_open(const char *root, atp_storage_t **ret_storage, atp_why_t *ret_why)
{
    atp_err_t err = make_root(root, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return atp_fail(ret_why, err_of_errno(errno), "data folder %.200s cannot be opened: %s", root,
                        strerror(errno));
    }
    posix_storage_t *storage = malloc(sizeof *storage);
    if (storage == NULL) {
        (void)close(fd);
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory to open %.200s", root);
    }
    storage->functions = posix_functions;
    storage->root_fd = fd;
    *ret_storage = &storage->functions;
    return ATP_OK;
}

void atp_storage_posix_close(atp_storage_t *storage)
{
    if (storage != NULL) {
        (void)close(root_of(storage));
        free(storage);
    }
}
