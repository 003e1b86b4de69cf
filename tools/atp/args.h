/* The words and flags of a command line, taken apart by the table of the command, and the values in them.
 *
 * A flag is --name VALUE or --name=VALUE; a switch is --name. Flags and words may stand in any order; after "--"
 * all are words. A value is checked where it is read: these functions print the fault, with the flag and the value,
 * and return false.
 *
 * Memory      values point into argv. */
#ifndef ATP_CLI_ARGS_H
#define ATP_CLI_ARGS_H

#include "engine/base/assert.h"
#include "engine/base/command.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct atp_flag {
    const char *name;  /* without the dashes */
    const char *value; /* what help calls its value; NULL = a switch */
    const char
        *choices; /* "open|paused": all it may be; with a "..." at the end there are others too; or NULL */
    const char *help;
} atp_flag_t;

struct atp_cmd;

typedef struct atp_args {
    const struct atp_cmd *cmd;
    const char **words;
    unsigned word_count;
    struct {
        const atp_flag_t *flag;
        const char *value; /* "" of a switch */
    } * given;
    unsigned given_count;
} atp_args_t;

/* Takes `argv` apart. Prints the fault and returns false when a flag is unknown, lacks its value or has one it must not
 * have, or when there are too few or too many words. With --help, faults are passed over. */
ATP_MUST_USE bool atp_args_parse(const struct atp_cmd *cmd, int argc, char **argv, atp_args_t *ret_args);
void atp_args_fini(atp_args_t *args);

/* As if the flag had been given once more, with that value, which is borrowed. */
void atp_args_add(atp_args_t *args, const char *flag, const char *value);

bool atp_args_has(const atp_args_t *args, const char *flag);
/* The last value given, or NULL. */
const char *atp_args_text(const atp_args_t *args, const char *flag);
/* The values given, one by one: *cursor begins at 0; NULL after the last. */
const char *atp_args_each(const atp_args_t *args, const char *flag, unsigned *cursor);

/* These leave the output as it is when the flag is not given. */
ATP_MUST_USE bool atp_args_count(const atp_args_t *args, const char *flag, uint64_t least, uint64_t most,
                                 uint64_t *ret_count);
/* Digits and a unit, ms, s, min, h or d; 0 needs no unit. In milliseconds, `least` and more. */
ATP_MUST_USE bool atp_args_duration(const atp_args_t *args, const char *flag, int64_t least_ms,
                                    int64_t *ret_ms);
ATP_MUST_USE bool atp_args_share(const atp_args_t *args, const char *flag, double *ret_share);
ATP_MUST_USE bool atp_args_real(const atp_args_t *args, const char *flag, double least, double most,
                                double *ret_real);
/* An id of 1 to 64 clean bytes. */
ATP_MUST_USE bool atp_args_id(const atp_args_t *args, const char *flag, atp_text_t *ret_id);
/* Index of the value among the choices of the flag. */
ATP_MUST_USE bool atp_args_choice(const atp_args_t *args, const char *flag, unsigned *ret_index);

/* SKU[@NODE]: the node begins after the last @; SKU@ has none. Prints the fault of `word`. */
ATP_MUST_USE bool atp_args_place(const atp_args_t *args, const char *word, atp_text_t *ret_sku,
                                 atp_text_t *ret_node);
/* SKU@NODE=QTY: the quantity begins after the last =. SKU=QTY, where the node may be left open. */
ATP_MUST_USE bool atp_args_line(const atp_args_t *args, const char *word, bool may_be_open,
                                atp_command_line_t *ret_line);

/* True if `text`, up to `size`, is one of the choices "a|b|c"; its index. */
bool atp_choices_find(const char *choices, const char *text, unsigned *ret_index);

#endif
