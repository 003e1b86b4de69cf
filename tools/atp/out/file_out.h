/* A file written whole or not at all: under another name first, renamed when complete. Without a path, standard
 * output.
 *
 * Only a regular file is replaced. What else has the name, a pipe or a device, is written into and stays what it
 * is; of a symbolic link the file it leads to is replaced, and the link stays. */
#ifndef ATP_CLI_FILE_OUT_H
#define ATP_CLI_FILE_OUT_H

#include "tools/atp/cli.h"

typedef struct atp_file_out {
    FILE *file;
    const char *name; /* as the user says it; NULL: standard output */
    char *path;       /* the file to replace, links resolved; NULL: `file` is written in place */
    char *part_path;
} atp_file_out_t;

/* Says what is wrong, and returns false. Opening a pipe waits for its reader. */
ATP_MUST_USE bool atp_file_out_open(atp_cli_t *cli, const char *name, atp_file_out_t *ret_out);
/* `is_complete` false drops what was written, but for what went into a pipe or a device. Returns ATP_CLI_DONE, or
 * says what failed. */
int atp_file_out_close(atp_cli_t *cli, atp_file_out_t *out, bool is_complete);

#endif
