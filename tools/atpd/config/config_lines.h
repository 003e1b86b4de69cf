/* Which line of a YAML text says what: libcyaml checks the content and fills structures, but cannot tell lines, so
 * this walks the same text before it and keeps each key with its line and kind. */
#ifndef ATP_ATPD_CONFIG_LINES_H
#define ATP_ATPD_CONFIG_LINES_H

#include "engine/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define ATP_CONFIG_LINES_MAX 512 /* keys and entries in one file */
#define ATP_CONFIG_KEY_SIZE  64
#define ATP_CONFIG_DEPTH_MAX 4

typedef enum atp_config_kind {
    ATP_KIND_NONE,
    ATP_KIND_SCALAR,
    ATP_KIND_SEQUENCE,
    ATP_KIND_MAPPING
} atp_config_kind_t;

typedef struct atp_config_line {
    char path
        [ATP_CONFIG_KEY_SIZE]; /* "listen", "log.level", "listen[1]", "channels[0].id"; a long one is cut */
    atp_config_kind_t kind;    /* of the value */
    uint32_t line;             /* from 1 */
} atp_config_line_t;

typedef struct atp_config_lines {
    uint32_t count;
    atp_config_line_t at[ATP_CONFIG_LINES_MAX]; /* in the order of the text */
} atp_config_lines_t;

/* Walks `bytes`. Fails, with `name`:line, on what is not YAML, on more than one document, an alias, a key that is no
 * plain word, a NUL, too deep nesting or too many keys. */
ATP_MUST_USE atp_err_t atp_config_lines_read(atp_config_lines_t *lines, const char *name, const char *bytes,
                                             size_t size, atp_why_t *ret_why);

/* The line of `path`, 0 if it is not there. */
uint32_t atp_config_lines_find(const atp_config_lines_t *lines, const char *path);

#endif
