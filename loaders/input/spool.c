#include "loaders/input/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct atp_spool {
    int fd;
    uint64_t size;
    uint64_t size_max;
};

static const char *spool_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder != NULL && folder[0] != '\0' ? folder : "/var/tmp";
}

/* Not every file system can make a file without a name; elsewhere the name is taken away at once. */
int atp_spool_open_nameless(void)
{
    const char *folder = spool_folder();
    char path[4096];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
        return fd;
    }
    if (strlen(folder) > sizeof path - 32) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(path, folder);
    strcat(path, "/atp-load-XXXXXX");
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        unlink(path);
    }
    return fd;
}

atp_err_t atp_spool_write_at(int fd, const void *bytes, size_t size, uint64_t at)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = pwrite(fd, (const char *)bytes + done, size - done, (off_t)(at + done));
        if (put < 0 && errno != EINTR) {
            return errno == ENOSPC || errno == EDQUOT ? ATP_ERR_NO_SPACE : ATP_ERR_IO;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return ATP_OK;
}

atp_err_t atp_spool_read_at(int fd, void *bytes, size_t size, uint64_t at)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(fd, (char *)bytes + done, size - done, (off_t)(at + done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return ATP_ERR_IO;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return ATP_OK;
}

atp_err_t atp_spool_create(uint64_t size_max, atp_spool_t **ret_spool, atp_why_t *ret_why)
{
    atp_spool_t *spool = calloc(1, sizeof *spool);

    if (spool == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for a temporary file");
    }
    spool->size_max = size_max;
    spool->fd = atp_spool_open_nameless();
    if (spool->fd < 0) {
        atp_err_t err = atp_fail(ret_why, ATP_ERR_IO,
                                 "no temporary file in %.200s: %s; set TMPDIR to a folder that takes one",
                                 spool_folder(), strerror(errno));
        free(spool);
        return err;
    }
    *ret_spool = spool;
    return ATP_OK;
}

void atp_spool_destroy(atp_spool_t *spool)
{
    if (spool != NULL) {
        close(spool->fd);
        free(spool);
    }
}

atp_err_t atp_spool_append(atp_spool_t *spool, const void *bytes, size_t size, const char *place,
                           atp_why_t *ret_why)
{
    const char *from = bytes;

    if (size > spool->size_max - spool->size) {
        return atp_fail(
            ret_why, ATP_ERR_LIMIT,
            "%.200s: more than %llu bytes, the bound of the temporary file for what cannot be read twice; "
            "save it to a file and load that",
            place, (unsigned long long)spool->size_max);
    }
    while (size > 0) {
        ssize_t put = write(spool->fd, from, size);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            atp_err_t err = errno == ENOSPC || errno == EDQUOT ? ATP_ERR_NO_SPACE : ATP_ERR_IO;
            return atp_fail(ret_why, err, "%.200s: the temporary file in %.100s cannot be written: %s", place,
                            spool_folder(), strerror(errno));
        }
        from += put;
        size -= (size_t)put;
        spool->size += (uint64_t)put;
    }
    return ATP_OK;
}

static bool spool_read(void *context, void *bytes, size_t size, size_t *ret_size)
{
    atp_spool_t *spool = context;
    ssize_t got;

    do {
        got = read(spool->fd, bytes, size);
    } while (got < 0 && errno == EINTR);
    *ret_size = got > 0 ? (size_t)got : 0;
    return got >= 0;
}

static bool spool_rewind(void *context)
{
    atp_spool_t *spool = context;
    return lseek(spool->fd, 0, SEEK_SET) == 0;
}

static void spool_close(void *context)
{
    atp_spool_destroy(context);
}

atp_input_source_t atp_spool_as_source(atp_spool_t *spool)
{
    return (atp_input_source_t){.context = spool,
                                .read = spool_read,
                                .rewind = spool_rewind,
                                .close = spool_close,
                                .size = spool->size};
}
