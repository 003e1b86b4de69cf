/* atp reassign: units of a reservation go from their node to others. */
#include "engine/base/attribute.h"
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Words without a quantity mean all of the line: "=0" is put behind them. */
static char **with_quantities(const atp_cli_t *cli)
{
    unsigned count = cli->args.word_count;
    char **words = atp_cli_alloc(count + 1u, sizeof *words);

    for (unsigned i = 0; i < count; i++) {
        size_t size = strlen(cli->args.words[i]);
        bool has_qty = strrchr(cli->args.words[i], '=') != NULL;
        words[i] = atp_cli_alloc(size + 3, 1);
        memcpy(words[i], cli->args.words[i], size);
        memcpy(words[i] + size, has_qty ? "" : "=0", has_qty ? 1 : 3);
    }
    return words;
}

static void free_words(char **words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        free(words[i]);
    }
    free((void *)words);
}

static bool take_reservation(const atp_cli_t *cli, atp_command_t *command)
{
    command->reservation = atp_text_of(cli->args.words[0]);
    if (command->reservation.size == 0 || command->reservation.size > ATP_ID_SIZE_MAX ||
        !atp_text_is_clean(command->reservation)) {
        (void)atp_cli_usage(cli->cmd, "a reservation's id is 1 to %d bytes of UTF-8", ATP_ID_SIZE_MAX);
        return false;
    }
    return true;
}

static int move_lines(atp_cli_t *cli, bool has_order)
{
    atp_command_t command = {.kind = ATP_OP_REASSIGN};
    unsigned first = has_order ? 0 : 1;
    char **words = with_quantities(cli);
    atp_act_id_t room;
    int status = ATP_CLI_USAGE;
    atp_command_line_t *lines = NULL;
    uint32_t count = cli->args.word_count - first;

    if ((has_order || take_reservation(cli, &command)) && atp_act_identify(cli, &command, &room) &&
        atp_with_flag_as(cli, "to", ATP_KEY_NODE) && atp_with_flag_as(cli, "to-group", ATP_KEY_GROUP) &&
        (!has_order || atp_with_flag_as(cli, "order", ATP_KEY_ORDER_ID)) && count <= ATP_LINES_PER_OP_MAX) {
        bool is_read = true;
        lines = atp_cli_alloc(count + 1u, sizeof *lines);
        for (uint32_t i = 0; is_read && i < count; i++) {
            is_read = atp_args_line(&cli->args, words[first + i], false, &lines[i]);
        }
        command.lines = lines;
        command.line_count = count;
        status = is_read ? atp_act_on_reservation(cli, &command, "reassigned") : ATP_CLI_USAGE;
    }
    free(lines);
    free_words(words, cli->args.word_count);
    return status;
}

static int reassign(atp_cli_t *cli)
{
    bool has_order = atp_args_has(&cli->args, "order");

    if (!has_order && cli->args.word_count == 0) {
        return atp_cli_usage(cli->cmd, "a reservation is missing, or --order");
    }
    return move_lines(cli, has_order);
}

static const atp_flag_t flags[] = {
    {"to", "NODE", NULL, "A node that may serve it; may be given several times"},
    {"to-group", "GROUP", NULL, "The group whose nodes may serve it"},
    {"order", "ORDER", NULL, "Of this order's reservation that has them; the words are lines then"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {
    "atp reassign order-9 --to paris", "atp reassign order-9 bike-28@berlin=1 --to paris --to rome",
    "atp reassign --order 4711 bike-28@berlin --to-group stores --with strategy=cost", NULL};

const atp_cmd_t atp_cmd_reassign = {
    .name = "reassign",
    .group = "Reservations",
    .synopsis = "[RESERVATION] [SKU@NODE[=QTY]...]",
    .summary = "Have other nodes serve it",
    .about =
        "Reserved and allocated units go from their node to others, all in one request or none. Without\n"
        "lines, all of it; without a quantity, all of the line. Who serves it: --to, --to-group, or else "
        "whom\n"
        "the channel would choose now, but not the node it leaves. Deadline, order and priority stay.",
    .word_min = 0,
    .word_max = UINT_MAX,
    .flags = flags,
    .examples = examples,
    .kind = ATP_OP_REASSIGN,
    .run = reassign,
};
