/* A file written whole or not at all: under another name first, renamed when complete. Without a path, standard
 * output. */
#ifndef ATP_CLI_FILE_OUT_H
#define ATP_CLI_FILE_OUT_H

#include "tools/atp/cli.h"

typedef struct atp_file_out {
    FILE *file;
    const char *path; /* NULL: standard output */
    char *part_path;
} atp_file_out_t;

/* Says what is wrong, and returns false. */
ATP_MUST_USE bool atp_file_out_open(atp_cli_t *cli, const char *path, atp_file_out_t *ret_out);
/* `is_complete` false drops what was written. Returns ATP_CLI_DONE, or says what failed. */
int atp_file_out_close(atp_cli_t *cli, atp_file_out_t *out, bool is_complete);

#endif
