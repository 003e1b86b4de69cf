#include "tools/atp/out/file_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `mode`: of the file to be replaced, kept; 0 = there is none. */
static FILE *open_stream(const char *path, int flags, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | flags, 0666);

    if (fd < 0) {
        return NULL;
    }
    if (mode != 0) {
        (void)fchmod(fd, mode & 0777); /* another owner's may not be had; the rename then says so */
    }
    FILE *file = fdopen(fd, "w");
    if (file == NULL) {
        (void)close(fd);
    }
    return file;
}

static void open_part(atp_file_out_t *out, mode_t mode)
{
    size_t size = strlen(out->path) + sizeof ".part";

    out->part_path = atp_cli_alloc(size, 1);
    (void)snprintf(out->part_path, size, "%s.part", out->path);
    out->file = open_stream(out->part_path, O_CREAT | O_NOFOLLOW, mode);
}

static void free_paths(atp_file_out_t *out)
{
    free(out->path);
    free(out->part_path);
    out->path = out->part_path = NULL;
}

bool atp_file_out_open(atp_cli_t *cli, const char *name, atp_file_out_t *ret_out)
{
    struct stat info;

    *ret_out = (atp_file_out_t){.file = stdout};
    if (name == NULL || strcmp(name, "-") == 0) {
        return true;
    }
    ret_out->name = name;
    if (stat(name, &info) == 0 && S_ISREG(info.st_mode)) {
        ret_out->path = realpath(name, NULL);
    } else if (lstat(name, &info) != 0) {
        ret_out->path = strdup(name);
        info.st_mode = 0;
    }
    if (ret_out->path != NULL) {
        open_part(ret_out, info.st_mode);
    } else { /* a pipe, a device, or a link that leads to nothing yet */
        ret_out->file = open_stream(name, S_ISLNK(info.st_mode) ? O_CREAT : 0, 0);
    }
    if (ret_out->file != NULL) {
        return true;
    }
    (void)atp_cli_fail(cli, ATP_CLI_FAILED, "io", "%s cannot be created: %s",
                       ret_out->part_path != NULL ? ret_out->part_path : name, strerror(errno));
    free_paths(ret_out);
    return false;
}

/* Writes what is buffered; of a file to be renamed, down to the disk. */
static bool finish_writing(atp_file_out_t *out, bool is_complete)
{
    bool is_written = fflush(out->file) == 0 && !ferror(out->file);

    if (is_written && is_complete && out->path != NULL) {
        is_written = fsync(fileno(out->file)) == 0;
    }
    int error = errno;
    if (fclose(out->file) != 0) {
        error = is_written ? errno : error;
        is_written = false;
    }
    errno = error;
    return is_written;
}

int atp_file_out_close(atp_cli_t *cli, atp_file_out_t *out, bool is_complete)
{
    int status = ATP_CLI_DONE;

    if (out->name == NULL) {
        return status; /* standard output is looked at at the very end */
    }
    bool is_written = finish_writing(out, is_complete);
    if (is_written && is_complete && out->path != NULL) {
        is_written = rename(out->part_path, out->path) == 0;
    }
    if (is_complete && !is_written) {
        status =
            atp_cli_fail(cli, ATP_CLI_FAILED, "io", "%s cannot be written: %s", out->name, strerror(errno));
    }
    if (out->part_path != NULL && !(is_complete && is_written)) {
        (void)unlink(out->part_path);
    }
    free_paths(out);
    return status;
}
