/* atp receive, sale, adjust, count, safety: what happened to stock, and what is kept back. */
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"

#include <stdlib.h>
#include <string.h>

static bool read_commands(const atp_cli_t *cli, const atp_command_t *like, atp_command_t *commands,
                          atp_command_line_t *lines, atp_act_id_t *rooms)
{
    const atp_args_t *args = &cli->args;

    if (args->word_count > 1 && atp_args_has(args, "id")) {
        (void)atp_cli_usage(cli->cmd, "--id names one request: give one SKU@NODE=QTY with it");
        return false;
    }
    for (unsigned i = 0; i < args->word_count; i++) {
        commands[i] = *like;
        if (!atp_args_line(args, args->words[i], false, &lines[i]) ||
            !atp_act_identify(cli, &commands[i], &rooms[i])) {
            return false;
        }
        commands[i].lines = &lines[i];
        commands[i].line_count = 1;
    }
    return true;
}

static int act(atp_cli_t *cli, atp_op_kind_t kind)
{
    unsigned count = cli->args.word_count;
    atp_command_t like = {.kind = kind, .is_fact = kind != ATP_OP_SAFETY};
    unsigned bucket = ATP_BUCKET_ON_HAND;
    unsigned reason = ATP_REASON_NONE;
    int status = ATP_CLI_USAGE;

    if (!atp_args_choice(&cli->args, "bucket", &bucket) || !atp_args_choice(&cli->args, "reason", &reason)) {
        return status;
    }
    like.option = (uint8_t)bucket;
    like.reason = (uint8_t)reason;
    atp_command_t *commands = atp_cli_alloc(count, sizeof *commands);
    atp_command_line_t *lines = atp_cli_alloc(count, sizeof *lines);
    atp_act_id_t *rooms = atp_cli_alloc(count, sizeof *rooms);
    if (read_commands(cli, &like, commands, lines, rooms)) {
        status = atp_act_on_rows(cli, commands, count);
    }
    free(commands);
    free(lines);
    free(rooms);
    return status;
}

static int receive(atp_cli_t *cli)
{
    return act(cli, ATP_OP_RECEIVE);
}

static int sale(atp_cli_t *cli)
{
    return act(cli, ATP_OP_SALE);
}

static int adjust(atp_cli_t *cli)
{
    return act(cli, ATP_OP_ADJUST);
}

static int count(atp_cli_t *cli)
{
    return act(cli, ATP_OP_COUNT);
}

static int safety(atp_cli_t *cli)
{
    return act(cli, ATP_OP_SAFETY);
}

static const atp_flag_t plain_flags[] = {ATP_ACT_FLAGS, {NULL, NULL, NULL, NULL}};

static const atp_flag_t bucket_flags[] = {
    {"bucket", "BUCKET", "on_hand|unavailable", "What is changed or counted (on_hand)"},
    {"reason", "REASON", "none|correction|damage|loss|found|return|cycle_count", "Why (none)"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const receive_examples[] = {"atp receive bike-28@berlin=40",
                                               "atp receive rice@dc-01=25.500 --id asn-5512-line-3", NULL};

const atp_cmd_t atp_cmd_receive = {
    .name = "receive",
    .group = "Stock",
    .synopsis = "SKU@NODE=QTY...",
    .summary = "Stock has come in",
    .word_min = 1,
    .word_max = ATP_OPS_PER_MESSAGE_MAX,
    .flags = plain_flags,
    .examples = receive_examples,
    .kind = ATP_OP_RECEIVE,
    .run = receive,
};

static const char *const sale_examples[] = {"atp sale bike-28@berlin=1",
                                            "atp sale helmet-m@paris=2 --id till-3-8841", NULL};

const atp_cmd_t atp_cmd_sale = {
    .name = "sale",
    .group = "Stock",
    .synopsis = "SKU@NODE=QTY...",
    .summary = "Sold over the counter, without a reservation",
    .word_min = 1,
    .word_max = ATP_OPS_PER_MESSAGE_MAX,
    .flags = plain_flags,
    .examples = sale_examples,
    .kind = ATP_OP_SALE,
    .run = sale,
};

static const char *const adjust_examples[] = {
    "atp adjust bike-28@berlin=-1 --reason loss",
    "atp adjust bike-28@berlin=3 --bucket unavailable --reason damage", NULL};

const atp_cmd_t atp_cmd_adjust = {
    .name = "adjust",
    .group = "Stock",
    .synopsis = "SKU@NODE=QTY...",
    .summary = "Correct stock up or down, with a reason",
    .about = "A quantity below zero takes away. --bucket unavailable moves units out of or back into what "
             "can be sold\n"
             "without changing what is on hand.",
    .word_min = 1,
    .word_max = ATP_OPS_PER_MESSAGE_MAX,
    .flags = bucket_flags,
    .examples = adjust_examples,
    .kind = ATP_OP_ADJUST,
    .run = adjust,
};

static const char *const count_examples[] = {"atp count bike-28@berlin=80 --reason cycle_count",
                                             "atp count bike-28@berlin=2 --bucket unavailable", NULL};

const atp_cmd_t atp_cmd_count = {
    .name = "count",
    .group = "Stock",
    .synopsis = "SKU@NODE=QTY...",
    .summary = "There are this many now; the difference is booked",
    .about = "A fact, applied also when less is there than was promised: an exception then names the "
             "reservations hit.",
    .word_min = 1,
    .word_max = ATP_OPS_PER_MESSAGE_MAX,
    .flags = bucket_flags,
    .examples = count_examples,
    .kind = ATP_OP_COUNT,
    .run = count,
};

static const char *const safety_examples[] = {"atp safety bike-28@berlin=5", "atp safety bike-28@berlin=0",
                                              NULL};

const atp_cmd_t atp_cmd_safety = {
    .name = "safety",
    .group = "Stock",
    .synopsis = "SKU@NODE=QTY...",
    .summary = "Keep this many back from sale",
    .about = "It stops new promises only; what is reserved stays so.",
    .word_min = 1,
    .word_max = ATP_OPS_PER_MESSAGE_MAX,
    .flags = plain_flags,
    .examples = safety_examples,
    .kind = ATP_OP_SAFETY,
    .run = safety,
};
