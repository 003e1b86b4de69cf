/* The options of atpd as data: see config.h. For the parts of the configuration and their tests. */
#ifndef ATP_ATPD_CONFIG_TABLE_H
#define ATP_ATPD_CONFIG_TABLE_H

#include "tools/atpd/config/config.h"

#include <getopt.h>

typedef enum atp_option_type {
    ATP_OPTION_PATH,
    ATP_OPTION_NAME, /* a few words, up to ATP_CONFIG_NAME_SIZE - 1 bytes */
    ATP_OPTION_URL,
    ATP_OPTION_URLS, /* lists take the flag, or the entry of a sequence, any number of times */
    ATP_OPTION_SOURCES,
    ATP_OPTION_CHANNELS,
    ATP_OPTION_ADDRESS,
    ATP_OPTION_FORMAT,
    ATP_OPTION_LEVEL,
    ATP_OPTION_UNKNOWN_NAMES,
    ATP_OPTION_COUNT,
    ATP_OPTION_POWER_OF_TWO,
    ATP_OPTION_SIZE,
    ATP_OPTION_DURATION_MS, /* kept in milliseconds */
    ATP_OPTION_DURATION_US, /* kept in microseconds */
    ATP_OPTION_SWITCH
} atp_option_type_t;

typedef struct atp_option {
    const char *key; /* "group.name" or "name" */
    atp_option_type_t type;
    size_t offset; /* in atp_config_t */
    uint64_t min;  /* of numbers, in the unit they are kept in */
    uint64_t max;
    const char *value; /* the default, as text; "" = empty */
    const char *help;
    bool is_flag_only; /* not in the file: an answer to one situation, not a setting */
} atp_option_t;

/* Options of one group stand together; those without a group first. */
#define ATP_OPTION_COUNT_MAX 96
extern const atp_option_t atp_options[];
extern const uint32_t atp_option_count;

/* Flags that are not options: what to do instead of running, and where the file is. */
typedef struct atp_config_command {
    const char *name;
    const char *argument; /* NULL = none */
    const char *help;
    char letter; /* what getopt_long returns, and the short form where it is one of h and V */
} atp_config_command_t;

extern const atp_config_command_t atp_config_commands[];
extern const uint32_t atp_config_command_count;

#define ATP_FLAG_SIZE 48
/* The flag of an option, without the dashes in front. */
void atp_option_flag(const atp_option_t *option, char ret_flag[ATP_FLAG_SIZE]);

/* The option with this key, or NULL. */
const atp_option_t *atp_option_find(const char *key);

bool atp_option_is_list(const atp_option_t *option);
bool atp_option_is_number(const atp_option_t *option);

/* "size", "duration", ... */
const char *atp_option_type_name(const atp_option_t *option);

/* ---- config_number.c ---- */

#define ATP_NUMBER_TEXT_SIZE 32
/* The number of a counted option (or the ttl of a channel) from its text, within the option's range. */
ATP_MUST_USE atp_err_t atp_number_parse(const atp_option_t *option, const char *text, uint64_t *ret_number,
                                        atp_why_t *ret_why);
/* Its text, in the largest unit that is exact. */
void atp_number_format(const atp_option_t *option, uint64_t number, char ret_text[ATP_NUMBER_TEXT_SIZE]);

#define ATP_SHOWN_SIZE 64
/* A value from outside as it may stand in a message: printable, and not endless. */
const char *atp_value_shown(const char *text, char ret_text[ATP_SHOWN_SIZE]);
/* Says that `text` is not `wanted`; returns ATP_ERR_INVALID. */
atp_err_t atp_value_refuse(atp_why_t *ret_why, const char *text, const char *wanted);

/* ---- config_value.c: text to value and back ---- */

/* Sets the option from `text` (for a list: adds one entry). On failure nothing is changed and *ret_why says what
 * is wrong, without its place. */
ATP_MUST_USE atp_err_t atp_option_set(const atp_option_t *option, atp_config_t *config, const char *text,
                                      atp_why_t *ret_why);

/* Adds a channel whose parts are apart already. `ttl` NULL or empty = none of its own. */
ATP_MUST_USE atp_err_t atp_option_add_channel(const atp_option_t *option, atp_config_t *config,
                                              const char *id, const char *ttl, atp_why_t *ret_why);

/* Empties a list. */
void atp_option_clear(const atp_option_t *option, atp_config_t *config);

#define ATP_VALUE_TEXT_SIZE ATP_CONFIG_PATH_SIZE
/* The value as text that atp_option_set takes; for a list, its entry number `index`. Returns false past the end of a
 * list (a single value has one entry). */
bool atp_option_get(const atp_option_t *option, const atp_config_t *config, uint32_t index,
                    char ret_text[ATP_VALUE_TEXT_SIZE]);

/* "1..1000", "64KiB..1TiB"; for what is no number, what it may be; "" if anything. */
void atp_option_range(const atp_option_t *option, char ret_text[ATP_VALUE_TEXT_SIZE]);

#endif
