/* The file `genesis` of a data folder: the configuration the ledger was begun with, needed before anything else
 * can be read. Written once, durably, before the first op; the genesis op in the journal repeats it. */
#include "engine/engine_priv.h"

#include "engine/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GENESIS_MAGIC UINT64_C(0x3153454e45475441) /* "ATGENES1" */

typedef struct genesis_file {
    uint64_t magic;
    atp_ledger_config_t config;
    uint64_t checksum;
} genesis_file_t;

static uint64_t checksum_of(const genesis_file_t *file)
{
    return atp_hash_bytes(file, offsetof(genesis_file_t, checksum), GENESIS_MAGIC);
}

static void path_of(const char *folder, const char *name, char *ret_path, size_t size)
{
    snprintf(ret_path, size, "%s/%s", folder, name);
}

atp_err_t atp_genesis_read(const char *folder, atp_ledger_config_t *ret_config, atp_why_t *ret_why)
{
    char path[4096];
    genesis_file_t file;

    path_of(folder, "genesis", path, sizeof path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? atp_fail(ret_why, ATP_ERR_NOT_FOUND, "%s: no ledger was begun here", path)
                               : atp_fail(ret_why, ATP_ERR_IO, "%s: %s", path, strerror(errno));
    }
    ssize_t size = read(fd, &file, sizeof file);
    close(fd);
    if (size != (ssize_t)sizeof file || file.magic != GENESIS_MAGIC || file.checksum != checksum_of(&file)) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT,
                        "%s is damaged: restore it from a backup of the data folder", path);
    }
    *ret_config = file.config;
    return atp_ledger_config_check(ret_config, ret_why);
}

static atp_err_t write_and_sync(const char *path, const genesis_file_t *file, atp_why_t *ret_why)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, file, sizeof *file) == (ssize_t)sizeof *file && fsync(fd) == 0;
    int cause = errno;

    if (fd >= 0) {
        close(fd);
    }
    return is_written ? ATP_OK : atp_fail(ret_why, ATP_ERR_IO, "%s: %s", path, strerror(cause));
}

static atp_err_t sync_folder(const char *folder, atp_why_t *ret_why)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    int cause = errno;

    if (fd >= 0) {
        close(fd);
    }
    return is_synced ? ATP_OK : atp_fail(ret_why, ATP_ERR_IO, "%s: %s", folder, strerror(cause));
}

atp_err_t atp_genesis_write(const char *folder, const atp_ledger_config_t *config, atp_why_t *ret_why)
{
    char path[4096];
    char temporary[4096];
    genesis_file_t file = {.magic = GENESIS_MAGIC, .config = *config};

    file.checksum = checksum_of(&file);
    path_of(folder, "genesis", path, sizeof path);
    path_of(folder, "genesis.new", temporary, sizeof temporary);
    atp_err_t err = write_and_sync(temporary, &file, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    if (rename(temporary, path) != 0) {
        return atp_fail(ret_why, ATP_ERR_IO, "%s: %s", path, strerror(errno));
    }
    return sync_folder(folder, ret_why);
}
