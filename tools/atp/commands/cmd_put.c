/* atp put: any request about a subject, by the name of its kind. */
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static unsigned find_kind(const char *name)
{
    for (unsigned kind = ATP_FIRST_CLIENT_KIND; kind < ATP_OP_KIND_LIMIT; kind++) {
        if (atp_command_is_plain(kind) && strcmp(atp_op_kind_name(kind), name) == 0) {
            return kind;
        }
    }
    return 0;
}

static int refuse_kind(const atp_cli_t *cli)
{
    char list[1024] = "";
    size_t used = 0;

    for (unsigned kind = ATP_FIRST_CLIENT_KIND; kind < ATP_OP_KIND_LIMIT; kind++) {
        if (atp_command_is_plain(kind) && used + ATP_ID_SIZE_MAX < sizeof list) {
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "",
                                     atp_op_kind_name(kind));
        }
    }
    return atp_cli_usage(cli->cmd, "'%.40s' is not a kind it can put: %s", cli->args.words[0], list);
}

static bool take_subject(const atp_cli_t *cli, atp_command_t *command)
{
    command->subject = atp_text_of(cli->args.words[1]);
    if (command->subject.size <= ATP_ID_SIZE_MAX && atp_text_is_clean(command->subject)) {
        return true;
    }
    (void)atp_cli_usage(cli->cmd, "a subject is an id: at most %d bytes of UTF-8 without control characters",
                        ATP_ID_SIZE_MAX);
    return false;
}

static int put(atp_cli_t *cli)
{
    unsigned kind = find_kind(cli->args.words[0]);
    atp_command_t command = {.kind = (atp_op_kind_t)kind, .is_fact = atp_args_has(&cli->args, "fact")};
    atp_act_id_t room;

    if (kind == 0) {
        return refuse_kind(cli);
    }
    if (!take_subject(cli, &command) || !atp_act_identify(cli, &command, &room) ||
        !atp_act_lines(cli, 2, &command)) {
        return ATP_CLI_USAGE;
    }
    int status = atp_act_on_subject(cli, &command, "put");
    free((void *)(uintptr_t)command.lines);
    return status;
}

static const atp_flag_t put_flags[] = {
    {"fact", NULL, NULL, "It has happened: applied whatever was promised"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const put_examples[] = {"atp put rule web-buffer --with channel=web --with buffer=2",
                                           "atp help attributes", NULL};

const atp_cmd_t atp_cmd_put = {
    .name = "put",
    .group = "Catalogue",
    .synopsis = "KIND SUBJECT [SKU[@NODE]=QTY...]",
    .summary = "Any rule or record by the name of its kind",
    .about = "What it says is in its lines and attributes: atp help attributes tells which kind takes which.",
    .word_min = 2,
    .word_max = UINT_MAX, /* atp_act_lines says how many */
    .flags = put_flags,
    .examples = put_examples,
    .run = put,
};
