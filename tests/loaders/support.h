/* Common ground of the loader tests: a scratch folder, files in it, and a load that collects what it delivers. */
#ifndef ATP_TESTS_LOADERS_SUPPORT_H
#define ATP_TESTS_LOADERS_SUPPORT_H

#include "tests/test.h"

#include "loaders/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUPPORT_ROWS_MAX 4096

/* A scratch folder that is made for each test and removed with its files after it. */
typedef struct scratch {
    char folder[64];
} scratch_t;

int scratch_setup(void **state);
int scratch_teardown(void **state);

/* The path of a file in the scratch folder; valid until the next call but three. */
const char *scratch_path(const scratch_t *scratch, const char *name);
void scratch_write(const scratch_t *scratch, const char *name, const void *bytes, size_t size);
void scratch_write_text(const scratch_t *scratch, const char *name, const char *text);
void scratch_write_gzip(const scratch_t *scratch, const char *name, const void *bytes, size_t size);
void scratch_write_zstd(const scratch_t *scratch, const char *name, const void *bytes, size_t size);
bool scratch_exists(const scratch_t *scratch, const char *name);
/* The content, zero-terminated; free it. */
char *scratch_read(const scratch_t *scratch, const char *name, size_t *ret_size);

/* A delivered row, its texts copied. */
typedef struct kept_row {
    char sku[ATP_ID_SIZE_MAX + 1];
    char node[ATP_ID_SIZE_MAX + 1];
    char name[ATP_NAME_SIZE_MAX + 1];
    char event[ATP_ID_SIZE_MAX + 1];
    atp_load_row_t row; /* its texts are void */
} kept_row_t;

/* What a load did. */
typedef struct loaded {
    atp_err_t validated;
    atp_err_t delivered; /* ATP_ERR_COUNT when it was not reached */
    atp_err_t closed;
    atp_why_t why; /* of the first failure */
    atp_load_report_t report;
    uint32_t row_count;
    kept_row_t *rows;
    uint32_t reject_count;
    atp_load_reject_t rejects[64]; /* raw and column are void past the callback */
    char reject_columns[64][24];
    uint32_t progress_count;
} loaded_t;

/* Loads by the YAML text of a profile, or by a profile's name when it holds no line end. Options other than profile
 * and callbacks are the caller's. Free with loaded_free. */
loaded_t *load_with(const char *profile, const atp_load_options_t *options);
/* The same with default options. */
loaded_t *load_file(const char *profile, const char *path);
void loaded_free(loaded_t *loaded);

/* The kept row of sku and node; NULL if there is none. */
const kept_row_t *loaded_find(const loaded_t *loaded, const char *sku, const char *node);

#define assert_text_in(text, part)                                                                           \
    do {                                                                                                     \
        if (strstr((text), (part)) == NULL) {                                                                \
            print_error("'%s' is not in '%s'\n", (part), (text));                                            \
        }                                                                                                    \
        assert_non_null(strstr((text), (part)));                                                             \
    } while (0)

#endif
