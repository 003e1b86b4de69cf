/* Commands that change the ledger: sends them and tells the answer. */
#ifndef ATP_CLI_ACT_H
#define ATP_CLI_ACT_H

#include "tools/atp/cli.h"
#include "tools/atp/with.h"

/* Flags of every command that changes something. */
#define ATP_ACT_FLAGS                                                                                        \
    ATP_WITH_FLAG,                                                                                           \
        {"id", "ID", NULL,                                                                                   \
         "Id of this request, so that it is done once however often it is sent (a new one)"},                \
    {                                                                                                        \
        "issued", "MS", NULL,                                                                                \
            "When the id was first issued, ms since 1970, to send the very same again (now)"                 \
    }

/* Room for the id of a command. */
typedef struct atp_act_id {
    char made[ATP_MADE_ID_SIZE];
} atp_act_id_t;

/* Fills id and issued_ms from the flags, or with new ones. */
ATP_MUST_USE bool atp_act_identify(const atp_cli_t *cli, atp_command_t *command, atp_act_id_t *ret_room);

/* Reads SKU@NODE=QTY words from `from` on, and SKU=QTY where the kind of the command may leave the node open; the caller
 * frees the lines. */
ATP_MUST_USE bool atp_act_lines(const atp_cli_t *cli, unsigned from, atp_command_t *command);

/* Sends a command about a reservation, with the attributes that --with gives, and prints the answer with its lines. `done` is what has happened:
 * "reserved". Returns the exit status. */
int atp_act_on_reservation(atp_cli_t *cli, atp_command_t *command, const char *done);

/* Asks what a reserve would be answered, and prints that. */
int atp_act_promise(atp_cli_t *cli, atp_command_t *command);

/* The same for a command about its subject: `done` is "set", "opened". */
int atp_act_on_subject(atp_cli_t *cli, atp_command_t *command, const char *done);

/* Sends commands of one line each, in order, in one message, and prints a row for each. */
int atp_act_on_rows(atp_cli_t *cli, atp_command_t *commands, uint32_t count);

/* Says that a command was refused, with its line at fault and what to do. Returns ATP_CLI_REFUSED. */
int atp_act_refused(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result);

#endif
