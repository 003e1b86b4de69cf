#include "tools/atp/file_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool atp_file_out_open(atp_cli_t *cli, const char *path, atp_file_out_t *ret_out)
{
    *ret_out = (atp_file_out_t){.file = stdout};
    if (path == NULL || strcmp(path, "-") == 0) {
        return true;
    }
    size_t size = strlen(path) + sizeof ".part";
    ret_out->path = path;
    ret_out->part_path = atp_cli_alloc(size, 1);
    (void)snprintf(ret_out->part_path, size, "%s.part", path);
    ret_out->file = fopen(ret_out->part_path, "we");
    if (ret_out->file != NULL) {
        return true;
    }
    (void)atp_cli_fail(cli, ATP_CLI_FAILED, "io", "%s cannot be created: %s", ret_out->part_path,
                       strerror(errno));
    free(ret_out->part_path);
    return false;
}

int atp_file_out_close(atp_cli_t *cli, atp_file_out_t *out, bool is_complete)
{
    int status = ATP_CLI_DONE;

    if (out->path == NULL) {
        return status; /* standard output is looked at at the very end */
    }
    bool is_written =
        fflush(out->file) == 0 && !ferror(out->file) && (!is_complete || fsync(fileno(out->file)) == 0);
    is_written = fclose(out->file) == 0 && is_written;
    if (is_complete && is_written && rename(out->part_path, out->path) == 0) {
        free(out->part_path);
        return status;
    }
    if (is_complete) {
        status =
            atp_cli_fail(cli, ATP_CLI_FAILED, "io", "%s cannot be written: %s", out->path, strerror(errno));
    }
    (void)unlink(out->part_path);
    free(out->part_path);
    return status;
}
