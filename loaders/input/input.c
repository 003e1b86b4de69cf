#include "loaders/input/input.h"

#include "engine/base/hash.h"
#include "loaders/grow.h"
#include "loaders/input/inflate.h"
#include "loaders/input/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_SIZE (256u << 10)

struct atp_input {
    atp_input_source_t source;
    char *place;
    uint64_t seed; /* of the checksums: nobody can aim at them */
    uint64_t *checksums;
    size_t checksum_count;
    uint64_t checksum_room;

    size_t piece_index; /* of the next piece to read, in this pass */
    size_t piece_at;    /* bytes of the piece that are used up */
    size_t piece_size;
    bool is_raw_end; /* the file has no more pieces */
    bool is_end;     /* the content has no more bytes */
    bool is_second_pass;
    uint64_t bytes_done;

    atp_spool_t *spool; /* NULL when the source can be rewound, or has been replaced by the spool */
    atp_input_kind_t kind;
    atp_inflate_t *inflate;
    atp_err_t failure; /* sticky until a rewind */
    atp_why_t why;
    unsigned char piece[PIECE_SIZE];
};

/* --- files as sources -------------------------------------------------------------------------------- */

static bool file_read(void *context, void *bytes, size_t size, size_t *ret_size)
{
    ssize_t got;

    do {
        got = read((int)(intptr_t)context, bytes, size);
    } while (got < 0 && errno == EINTR);
    *ret_size = got > 0 ? (size_t)got : 0;
    return got >= 0;
}

static bool file_rewind(void *context)
{
    return lseek((int)(intptr_t)context, 0, SEEK_SET) == 0;
}

static void file_close(void *context)
{
    if ((intptr_t)context != STDIN_FILENO) {
        close((int)(intptr_t)context);
    }
}

static atp_err_t open_file(const char *path, int *ret_fd, struct stat *ret_stat, atp_why_t *ret_why)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        atp_err_t err = errno == ENOENT || errno == ENOTDIR ? ATP_ERR_NOT_FOUND : ATP_ERR_IO;
        return atp_fail(ret_why, err, "%.200s: cannot be opened: %s", path, strerror(errno));
    }
    if (fstat(fd, ret_stat) != 0) {
        atp_err_t err =
            atp_fail(ret_why, ATP_ERR_IO, "%.200s: cannot be looked at: %s", path, strerror(errno));
        file_close((void *)(intptr_t)fd);
        return err;
    }
    if (S_ISDIR(ret_stat->st_mode)) {
        file_close((void *)(intptr_t)fd);
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.200s: is a folder; name a file in it", path);
    }
    *ret_fd = fd;
    return ATP_OK;
}

atp_err_t atp_input_open(const char *path, uint64_t spool_size_max, atp_input_t **ret_input,
                         atp_why_t *ret_why)
{
    struct stat info;
    int fd = -1;
    atp_err_t err = open_file(path, &fd, &info, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    bool is_regular = S_ISREG(info.st_mode);
    /* Standard input may have been read from before: only a file of our own opening starts at its first byte. */
    bool can_rewind = is_regular && fd != STDIN_FILENO;
    atp_input_source_t source = {
        .context = (void *)(intptr_t)fd,
        .read = file_read,
        .rewind = can_rewind ? file_rewind : NULL,
        .close = file_close,
        .size = is_regular ? (uint64_t)info.st_size : 0,
    };
    err = atp_input_open_source(&source, fd == STDIN_FILENO ? "standard input" : path, spool_size_max,
                                ret_input, ret_why);
    if (err != ATP_OK) {
        file_close(source.context);
    }
    return err;
}

/* --- open and close ---------------------------------------------------------------------------------- */

static void free_input(atp_input_t *input)
{
    atp_inflate_destroy(input->inflate);
    atp_spool_destroy(input->spool);
    free(input->checksums);
    free(input->place);
    free(input);
}

atp_err_t atp_input_open_source(const atp_input_source_t *source, const char *place, uint64_t spool_size_max,
                                atp_input_t **ret_input, atp_why_t *ret_why)
{
    atp_input_t *input = calloc(1, sizeof *input);
    atp_err_t err = ATP_OK;

    if (input == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "%.200s: no memory to read it", place);
    }
    input->source = *source;
    input->place = strdup(place);
    if (input->place == NULL ||
        getrandom(&input->seed, sizeof input->seed, 0) != (ssize_t)sizeof input->seed) {
        err = atp_fail(ret_why, ATP_ERR_MEMORY, "%.200s: no memory to read it", place);
    } else if (source->rewind == NULL) {
        err = atp_spool_create(spool_size_max > 0 ? spool_size_max : ATP_INPUT_SPOOL_SIZE_MAX, &input->spool,
                               ret_why);
    }
    if (err != ATP_OK) {
        free_input(input);
        return err;
    }
    *ret_input = input;
    return ATP_OK;
}

void atp_input_close(atp_input_t *input)
{
    if (input == NULL) {
        return;
    }
    if (input->source.close != NULL) {
        input->source.close(input->source.context);
    }
    free_input(input);
}

/* --- pieces ------------------------------------------------------------------------------------------ */

/* Reads until the piece is full or the source has no more, so that pieces are cut alike in both passes. */
static atp_err_t read_piece(atp_input_t *input)
{
    size_t size = 0;

    while (size < PIECE_SIZE) {
        size_t got = 0;
        if (!input->source.read(input->source.context, input->piece + size, PIECE_SIZE - size, &got)) {
            return atp_fail(&input->why, ATP_ERR_IO, "%.200s: reading failed near byte %llu: %s",
                            input->place, (unsigned long long)(input->bytes_done + size), strerror(errno));
        }
        if (got == 0) {
            input->is_raw_end = true;
            break;
        }
        size += got;
    }
    input->piece_at = 0;
    input->piece_size = size;
    input->bytes_done += size;
    return ATP_OK;
}

static atp_err_t note_checksum(atp_input_t *input, uint64_t checksum)
{
    uint64_t *checksums =
        atp_grow(input->checksums, sizeof *checksums, input->checksum_count, &input->checksum_room);

    if (checksums == NULL) {
        return atp_fail(&input->why, ATP_ERR_MEMORY, "%.200s: no memory to read on", input->place);
    }
    input->checksums = checksums;
    input->checksums[input->checksum_count++] = checksum;
    return ATP_OK;
}

static atp_err_t check_changed(atp_input_t *input, uint64_t checksum)
{
    bool is_same = input->piece_index < input->checksum_count &&
                   input->checksums[input->piece_index] == checksum &&
                   (!input->is_raw_end || input->piece_index + 1 == input->checksum_count);

    if (is_same) {
        return ATP_OK;
    }
    return atp_fail(
        &input->why, ATP_ERR_CORRUPT,
        "%.200s: changed after it was checked, near byte %llu; what follows was not loaded. Load a "
        "file that nobody writes to",
        input->place, (unsigned long long)(input->bytes_done - input->piece_size));
}

/* The next piece; the last one may be empty. */
static atp_err_t next_piece(atp_input_t *input)
{
    atp_err_t err = read_piece(input);
    if (err != ATP_OK) {
        return err;
    }
    uint64_t checksum = atp_hash_bytes(input->piece, input->piece_size, input->seed);
    if (input->is_second_pass) {
        err = check_changed(input, checksum);
    } else {
        err = note_checksum(input, checksum);
        if (err == ATP_OK && input->spool != NULL) {
            err = atp_spool_append(input->spool, input->piece, input->piece_size, input->place, &input->why);
        }
    }
    if (err != ATP_OK) {
        input->piece_size = 0;
        return err;
    }
    input->piece_index++;
    return ATP_OK;
}

/* --- content ----------------------------------------------------------------------------------------- */

static atp_err_t begin_content(atp_input_t *input)
{
    static const unsigned char gzip_magic[] = {0x1f, 0x8b};
    static const unsigned char zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    atp_err_t err = next_piece(input);

    if (err != ATP_OK) {
        return err;
    }
    input->kind = ATP_INPUT_PLAIN;
    if (input->piece_size >= sizeof gzip_magic && memcmp(input->piece, gzip_magic, sizeof gzip_magic) == 0) {
        input->kind = ATP_INPUT_GZIP;
    } else if (input->piece_size >= sizeof zstd_magic &&
               memcmp(input->piece, zstd_magic, sizeof zstd_magic) == 0) {
        input->kind = ATP_INPUT_ZSTD;
    }
    if (input->kind != ATP_INPUT_PLAIN) {
        err = atp_inflate_create(input->kind, &input->inflate);
        if (err != ATP_OK) {
            return atp_fail(&input->why, err, "%.200s: no memory to unpack it", input->place);
        }
    }
    return ATP_OK;
}

static atp_err_t read_plain(atp_input_t *input, unsigned char *bytes, size_t size, size_t *ret_size)
{
    while (input->piece_at == input->piece_size) {
        if (input->is_raw_end) {
            input->is_end = true;
            return ATP_OK;
        }
        atp_err_t err = next_piece(input);
        if (err != ATP_OK) {
            return err;
        }
    }
    size_t left = input->piece_size - input->piece_at;
    *ret_size = size < left ? size : left;
    memcpy(bytes, input->piece + input->piece_at, *ret_size);
    input->piece_at += *ret_size;
    return ATP_OK;
}

static atp_err_t end_packed(atp_input_t *input)
{
    if (!atp_inflate_is_between(input->inflate)) {
        return atp_fail(
            &input->why, ATP_ERR_CORRUPT,
            "%.200s: the archive ends before its end mark, after %llu bytes: it is truncated; fetch it "
            "again",
            input->place, (unsigned long long)input->bytes_done);
    }
    input->is_end = true;
    return ATP_OK;
}

static atp_err_t read_packed(atp_input_t *input, unsigned char *bytes, size_t size, size_t *ret_size)
{
    for (;;) {
        atp_inflate_span_t span = {input->piece + input->piece_at, input->piece_size - input->piece_at, bytes,
                                   size};
        const char *problem = atp_inflate_step(input->inflate, &span);
        if (problem != NULL) {
            return atp_fail(&input->why, ATP_ERR_CORRUPT, "%.200s: the archive is damaged near byte %llu: %s",
                            input->place, (unsigned long long)(input->bytes_done - span.in_size), problem);
        }
        bool is_stuck = span.in_size == input->piece_size - input->piece_at && span.out_size == size;
        input->piece_at = input->piece_size - span.in_size;
        if (span.out_size < size) {
            *ret_size = size - span.out_size;
            return ATP_OK;
        }
        if (span.in_size > 0 && !is_stuck) {
            continue;
        }
        ATP_ASSERT(span.in_size == 0); /* both libraries take input, or say what is wrong */
        if (input->is_raw_end) {
            return end_packed(input);
        }
        atp_err_t err = next_piece(input);
        if (err != ATP_OK) {
            return err;
        }
    }
}

atp_err_t atp_input_read(atp_input_t *input, void *bytes, size_t size, size_t *ret_size, atp_why_t *ret_why)
{
    *ret_size = 0;
    ATP_ASSERT(size > 0);
    if (input->failure == ATP_OK && !input->is_end) {
        if (input->piece_index == 0) {
            input->failure = begin_content(input);
        }
        if (input->failure == ATP_OK) {
            size_t most = size < PIECE_SIZE ? size : PIECE_SIZE;
            input->failure = input->kind == ATP_INPUT_PLAIN ? read_plain(input, bytes, most, ret_size)
                                                            : read_packed(input, bytes, most, ret_size);
        }
    }
    if (input->failure != ATP_OK && ret_why != NULL) {
        *ret_why = input->why;
    }
    return input->failure;
}

/* --- the second pass --------------------------------------------------------------------------------- */

/* From here on the spool is what is read. */
static void use_spool(atp_input_t *input)
{
    if (input->source.close != NULL) {
        input->source.close(input->source.context);
    }
    input->source = atp_spool_as_source(input->spool);
    input->spool = NULL;
}

atp_err_t atp_input_rewind(atp_input_t *input, atp_why_t *ret_why)
{
    ATP_ASSERT(input->is_end || input->is_second_pass);
    if (input->spool != NULL) {
        use_spool(input);
    }
    if (!input->source.rewind(input->source.context)) {
        return atp_fail(ret_why, ATP_ERR_IO, "%.200s: cannot be read a second time: %s", input->place,
                        strerror(errno));
    }
    atp_inflate_destroy(input->inflate);
    input->inflate = NULL;
    input->piece_index = 0;
    input->piece_at = 0;
    input->piece_size = 0;
    input->bytes_done = 0;
    input->is_raw_end = false;
    input->is_end = false;
    input->is_second_pass = true;
    input->failure = ATP_OK;
    return ATP_OK;
}

uint64_t atp_input_bytes_done(const atp_input_t *input)
{
    return input->bytes_done - (input->piece_size - input->piece_at);
}

uint64_t atp_input_bytes_total(const atp_input_t *input)
{
    return input->source.size;
}

atp_input_kind_t atp_input_kind(const atp_input_t *input)
{
    return input->kind;
}

const char *atp_input_place(const atp_input_t *input)
{
    return input->place;
}
