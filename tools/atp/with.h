/* --with: the attributes of a request, by the two tables of engine/base/attribute.h alone. So whatever the engine takes
 * can be said, and commands have flags of their own only for what people say every day.
 *
 *     --with KEY=VALUE           of the whole request
 *     --with LINE:KEY=VALUE      of its line number LINE, counted from 1
 *
 * A value is written by the type of its key: a number, a word of its choice, a quantity, an id, a text, or a time (tools/when.h).
 *
 * Memory      kept in the atp_cli_t until the program ends. */
#ifndef ATP_CLI_WITH_H
#define ATP_CLI_WITH_H

#include "tools/atp/cli.h"

/* For the flags of a command. */
#define ATP_WITH_FLAG                                                                                        \
    {                                                                                                        \
        "with", "KEY=VALUE", NULL, "An attribute of it, or LINE:KEY=VALUE of one line (atp help attributes)" \
    }

/* Adds an attribute of the whole request from a flag that has the name of its key: --priority 3. Nothing when it is not
 * given; each when it is given several times. Prints the fault and returns false when the value is not of its type. */
ATP_MUST_USE bool atp_with_flag(atp_cli_t *cli, const char *name);
/* The same for a flag of another name than its key. */
ATP_MUST_USE bool atp_with_flag_as(atp_cli_t *cli, const char *flag, unsigned key);
/* Adds a number, choice or time. */
void atp_with_number(atp_cli_t *cli, unsigned key, int64_t number);
/* Adds a text or id, which must stay. Prints the fault and returns false if it cannot be one. */
ATP_MUST_USE bool atp_with_text(atp_cli_t *cli, unsigned key, const char *text);

/* Adds what --with says, and gives all to the command, whose kind and lines are known: of the whole op first, then by
 * line, else in the order given. Prints the fault and returns false when its kind does not take one so. */
ATP_MUST_USE bool atp_with_take(atp_cli_t *cli, atp_command_t *command);

/* What may be given to --with for that kind: "node, group"; "" when nothing. */
void atp_with_list(unsigned kind, char *ret_text, size_t size);

/* The tables, for people. */
void atp_with_print(FILE *out);

#endif
