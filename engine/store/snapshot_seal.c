#include "engine/store/snapshot_seal.h"

#include "engine/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEAL_PATH_SIZE 640
#define SEAL_SIZE_MAX  (UINT64_C(64) << 20) /* the digests of 8 TiB */

static const char seal_magic[8] = {'A', 'T', 'P', 'S', 'E', 'A', 'L', '1'};

typedef struct seal_header {
    char magic[8];
    uint32_t format;
    uint32_t state;
    uint64_t op;
    uint64_t data_size;
    uint64_t chunk_count;
    uint64_t checksum;
} seal_header_t;

_Static_assert(sizeof(seal_header_t) == 48, "the layout of the seal file is fixed");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian");

atp_err_t atp_seal_failed(atp_why_t *ret_why, const char *folder, const char *what, int error)
{
    if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
        return atp_fail(ret_why, ATP_ERR_NO_SPACE, "snapshot in %.200s: %s: %s; free space on this disk",
                        folder, what, strerror(error));
    }
    return atp_fail(ret_why, ATP_ERR_IO,
                    "snapshot in %.200s: %s: %s; check the disk and the rights on the folder", folder, what,
                    strerror(error));
}

static void path_of(char *ret_path, const char *folder, const char *name)
{
    int size = snprintf(ret_path, SEAL_PATH_SIZE, "%s/%s", folder, name);
    ATP_ASSERT(size > 0 && size < SEAL_PATH_SIZE);
}

static uint64_t checksum_of(const seal_header_t *header, const uint64_t *digests)
{
    seal_header_t blank = *header;

    blank.checksum = 0;
    return atp_hash_bytes(digests, header->chunk_count * sizeof *digests,
                          atp_hash_bytes(&blank, sizeof blank, ATP_SEAL_FORMAT));
}

static uint64_t chunks_of(uint64_t data_size)
{
    return data_size / ATP_SEAL_CHUNK_SIZE + (data_size % ATP_SEAL_CHUNK_SIZE != 0);
}

static uint32_t chunk_size(uint64_t data_size, uint64_t chunk)
{
    uint64_t left = data_size - chunk * ATP_SEAL_CHUNK_SIZE;
    return left < ATP_SEAL_CHUNK_SIZE ? (uint32_t)left : ATP_SEAL_CHUNK_SIZE;
}

/* Reads exactly `size` bytes. Returns 0, an errno, or -1 when the file ends before. */
static int read_all(int file, void *bytes, size_t size, uint64_t at)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = pread(file, (char *)bytes + done, size - done, (off_t)(at + done));
        if (got == 0) {
            return -1;
        }
        if (got < 0 && errno != EINTR) {
            return errno;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static int write_all(int file, const void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t put = write(file, (const char *)bytes + done, size - done);
        if (put < 0 && errno != EINTR) {
            return errno;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

/* ---- reading ---- */

static atp_err_t check_header(const seal_header_t *header, uint64_t seal_size, const char *folder,
                              atp_why_t *ret_why)
{
    if (memcmp(header->magic, seal_magic, sizeof seal_magic) != 0) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "%.200s/seal is not a seal", folder);
    }
    if (header->chunk_count != (seal_size - sizeof *header) / sizeof(uint64_t) ||
        seal_size % sizeof(uint64_t) != 0 || header->chunk_count != chunks_of(header->data_size)) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "%.200s/seal: its size does not fit its content", folder);
    }
    return ATP_OK;
}

static atp_err_t read_seal_file(int file, const char *folder, atp_seal_t *ret_seal, atp_why_t *ret_why)
{
    struct stat info;
    seal_header_t header;
    int error = fstat(file, &info) == 0 ? 0 : errno;

    if (error == 0 && ((uint64_t)info.st_size < sizeof header || (uint64_t)info.st_size > SEAL_SIZE_MAX)) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "%.200s/seal has an impossible size", folder);
    }
    error = error == 0 ? read_all(file, &header, sizeof header, 0) : error;
    if (error != 0) {
        return atp_seal_failed(ret_why, folder, "reading the seal", error > 0 ? error : EIO);
    }
    atp_err_t err = check_header(&header, (uint64_t)info.st_size, folder, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    *ret_seal =
        (atp_seal_t){(atp_seal_state_t)header.state, header.op, header.data_size, header.chunk_count, NULL};
    ret_seal->digests = calloc(header.chunk_count + 1, sizeof(uint64_t));
    if (ret_seal->digests == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "%.200s/seal: no memory to read it", folder);
    }
    error = read_all(file, ret_seal->digests, header.chunk_count * sizeof(uint64_t), sizeof header);
    if (error != 0) {
        return atp_seal_failed(ret_why, folder, "reading the seal", error > 0 ? error : EIO);
    }
    if (checksum_of(&header, ret_seal->digests) != header.checksum) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "%.200s/seal: its checksum does not hold", folder);
    }
    if (header.format != ATP_SEAL_FORMAT ||
        (header.state != ATP_SEAL_WRITING && header.state != ATP_SEAL_COMPLETE)) {
        return atp_fail(ret_why, ATP_ERR_FORMAT, "%.200s/seal has format %u, this build knows %u", folder,
                        header.format, ATP_SEAL_FORMAT);
    }
    return ATP_OK;
}

atp_err_t atp_seal_read(const char *folder, atp_seal_t *ret_seal, atp_why_t *ret_why)
{
    char path[SEAL_PATH_SIZE];

    memset(ret_seal, 0, sizeof *ret_seal);
    path_of(path, folder, "seal");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return atp_fail(ret_why, ATP_ERR_NOT_FOUND, "%.200s has no seal", folder);
    }
    if (file < 0) {
        return atp_seal_failed(ret_why, folder, "opening the seal", errno);
    }
    atp_err_t err = read_seal_file(file, folder, ret_seal, ret_why);
    close(file);
    if (err != ATP_OK) {
        atp_seal_fini(ret_seal);
    }
    return err;
}

void atp_seal_fini(atp_seal_t *seal)
{
    free(seal->digests);
    memset(seal, 0, sizeof *seal);
}

/* ---- writing ---- */

atp_err_t atp_seal_sync_folder(const char *folder, atp_why_t *ret_why)
{
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (file < 0) {
        return atp_seal_failed(ret_why, folder, "opening the folder", errno);
    }
    int error = fsync(file) == 0 ? 0 : errno;
    close(file);
    return error == 0 ? ATP_OK : atp_seal_failed(ret_why, folder, "syncing the folder", error);
}

static atp_err_t write_new_file(const char *path, const char *folder, const seal_header_t *header,
                                const uint64_t *digests, atp_why_t *ret_why)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (file < 0) {
        return atp_seal_failed(ret_why, folder, "creating the seal", errno);
    }
    int error = write_all(file, header, sizeof *header);
    error = error == 0 ? write_all(file, digests, header->chunk_count * sizeof *digests) : error;
    error = error == 0 && fdatasync(file) != 0 ? errno : error;
    close(file);
    return error == 0 ? ATP_OK : atp_seal_failed(ret_why, folder, "writing the seal", error);
}

atp_err_t atp_seal_write(const char *folder, const atp_seal_t *seal, atp_why_t *ret_why)
{
    char path[SEAL_PATH_SIZE];
    char new_path[SEAL_PATH_SIZE];
    seal_header_t header = {.format = ATP_SEAL_FORMAT,
                            .state = (uint32_t)seal->state,
                            .op = seal->op,
                            .data_size = seal->data_size,
                            .chunk_count = seal->chunk_count};

    memcpy(header.magic, seal_magic, sizeof header.magic);
    header.checksum = checksum_of(&header, seal->digests);
    path_of(path, folder, "seal");
    path_of(new_path, folder, "seal.new");
    atp_err_t err = write_new_file(new_path, folder, &header, seal->digests, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    if (rename(new_path, path) != 0) { /* E1 */
        return atp_seal_failed(ret_why, folder, "renaming the seal", errno);
    }
    return atp_seal_sync_folder(folder, ret_why);
}

/* ---- the data file ---- */

atp_err_t atp_sealer_begin(atp_sealer_t *sealer, const char *folder, uint64_t op, atp_why_t *ret_why)
{
    char path[SEAL_PATH_SIZE];
    struct stat info;

    memset(sealer, 0, sizeof *sealer);
    path_of(path, folder, "data.mdb");
    sealer->file = open(path, O_RDONLY | O_CLOEXEC);
    if (sealer->file < 0 && errno == ENOENT) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "%.200s/data.mdb is missing", folder);
    }
    if (sealer->file < 0 || fstat(sealer->file, &info) != 0) {
        atp_err_t err = atp_seal_failed(ret_why, folder, "opening data.mdb", errno);
        atp_sealer_end(sealer);
        return err;
    }
    uint64_t size = (uint64_t)info.st_size;
    sealer->seal = (atp_seal_t){ATP_SEAL_COMPLETE, op, size, chunks_of(size), NULL};
    sealer->seal.digests = calloc(sealer->seal.chunk_count + 1, sizeof(uint64_t));
    sealer->buffer = malloc(ATP_SEAL_CHUNK_SIZE);
    if (sealer->seal.digests == NULL || sealer->buffer == NULL) {
        atp_sealer_end(sealer);
        return atp_fail(ret_why, ATP_ERR_MEMORY, "%.200s: no memory to seal data.mdb", folder);
    }
    return ATP_OK;
}

atp_err_t atp_sealer_advance(atp_sealer_t *sealer, const char *folder, bool *ret_done, atp_why_t *ret_why)
{
    uint64_t chunk = sealer->next_chunk;

    *ret_done = chunk == sealer->seal.chunk_count;
    if (*ret_done) {
        return ATP_OK;
    }
    uint32_t size = chunk_size(sealer->seal.data_size, chunk);
    int error = read_all(sealer->file, sealer->buffer, size, chunk * ATP_SEAL_CHUNK_SIZE);
    if (error != 0) {
        return atp_seal_failed(ret_why, folder, "reading data.mdb", error > 0 ? error : EIO);
    }
    sealer->seal.digests[chunk] = atp_hash_bytes(sealer->buffer, size, chunk);
    sealer->next_chunk++;
    *ret_done = sealer->next_chunk == sealer->seal.chunk_count;
    return ATP_OK;
}

void atp_sealer_end(atp_sealer_t *sealer)
{
    if (sealer->file >= 0) {
        close(sealer->file);
    }
    free(sealer->buffer);
    atp_seal_fini(&sealer->seal);
    *sealer = (atp_sealer_t){.file = -1};
}

static atp_err_t compare(const atp_sealer_t *found, const atp_seal_t *seal, const char *folder,
                         atp_why_t *ret_why)
{
    uint64_t chunk = found->next_chunk - 1;

    if (found->seal.digests[chunk] == seal->digests[chunk]) {
        return ATP_OK;
    }
    return atp_fail(ret_why, ATP_ERR_CORRUPT,
                    "%.200s/data.mdb is not what was written: bytes %llu to %llu differ from their digest",
                    folder, (unsigned long long)(chunk * ATP_SEAL_CHUNK_SIZE),
                    (unsigned long long)(chunk * ATP_SEAL_CHUNK_SIZE) + chunk_size(seal->data_size, chunk) -
                        1);
}

atp_err_t atp_seal_check_data(const char *folder, const atp_seal_t *seal, atp_why_t *ret_why)
{
    atp_sealer_t found;
    bool done = false;
    atp_err_t err = atp_sealer_begin(&found, folder, seal->op, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    if (found.seal.data_size != seal->data_size) {
        err = atp_fail(ret_why, ATP_ERR_CORRUPT, "%.200s/data.mdb has %llu bytes, %llu were written", folder,
                       (unsigned long long)found.seal.data_size, (unsigned long long)seal->data_size);
    }
    while (err == ATP_OK && !done) {
        err = atp_sealer_advance(&found, folder, &done, ret_why);
        if (err == ATP_OK && found.next_chunk > 0) {
            err = compare(&found, seal, folder, ret_why);
        }
    }
    atp_sealer_end(&found);
    return err;
}
