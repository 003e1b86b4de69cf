/* atp edit, limit: a reservation changed in place, and what may be promised beyond stock. */
#include "engine/base/attribute.h"
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"

#include <limits.h>
#include <stdlib.h>

static int edit(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_EDIT, .reservation = atp_text_of(cli->args.words[0])};
    atp_act_id_t room;
    int64_t ttl_ms = 0;

    if (command.reservation.size > ATP_ID_SIZE_MAX || !atp_text_is_clean(command.reservation)) {
        return atp_cli_usage(cli->cmd, "a reservation's id is 1 to %d bytes of UTF-8", ATP_ID_SIZE_MAX);
    }
    if (!atp_act_identify(cli, &command, &room) || !atp_args_duration(&cli->args, "ttl", 1, &ttl_ms) ||
        !atp_with_flag_as(cli, "version", ATP_KEY_EXPECTED_VERSION) || !atp_with_flag(cli, "priority") ||
        !atp_act_lines(cli, 1, &command)) {
        return ATP_CLI_USAGE;
    }
    if (ttl_ms > 0) {
        atp_with_number(cli, ATP_KEY_TTL, ttl_ms);
    }
    int status = atp_act_on_reservation(cli, &command, "edited");
    free((void *)(uintptr_t)command.lines);
    return status;
}

static int limit(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_LIMIT};
    atp_act_id_t room;

    if (!atp_act_identify(cli, &command, &room) || !atp_with_flag(cli, "channel") ||
        !atp_with_flag_as(cli, "for-sale", ATP_KEY_FOR_SALE) || !atp_act_lines(cli, 0, &command)) {
        return ATP_CLI_USAGE;
    }
    if (atp_args_has(&cli->args, "unlimited")) {
        atp_with_number(cli, ATP_KEY_UNLIMITED, 1);
    }
    int status = atp_act_on_subject(cli, &command, "set");
    free((void *)(uintptr_t)command.lines);
    return status;
}

static const atp_flag_t edit_flags[] = {
    {"ttl", "TIME", NULL, "Lives this long from now"},
    {"version", "N", NULL, "Only if this is its version: the op that granted or last edited it"},
    {"priority", "N", NULL, "Who comes first when there is too little: 0 to 7, 7 first"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const edit_examples[] = {
    "atp edit cart-77 bike-28@berlin=5", "atp edit cart-77 bike-28@berlin=0 bike-28@paris=2 --version 4711",
    "atp edit cart-77 bike-28=4", "atp edit cart-77 --ttl 10min", NULL};

const atp_cmd_t atp_cmd_edit = {
    .name = "edit",
    .group = "Reservations",
    .synopsis = "RESERVATION [SKU[@NODE]=QTY...]",
    .summary = "Change its lines in place",
    .about = "Each line says how many the reservation is to have: at a node, or wherever it is. 0 takes it\n"
             "out, one that it did not have comes in, what is not named stays. What it has is not counted\n"
             "against itself. All or nothing. More of a line without a node comes from the nodes it has\n"
             "first, then as a reserve would source it. Kits are counted as kits: what is added is put\n"
             "together by the recipe of now.",
    .word_min = 1,
    .word_max = UINT_MAX, /* atp_act_lines says how many */
    .flags = edit_flags,
    .examples = edit_examples,
    .kind = ATP_OP_EDIT,
    .run = edit,
};

static const atp_flag_t limit_flags[] = {
    {"unlimited", NULL, NULL, "As many as anybody wants, whatever the quantity says"},
    {"channel", "CHANNEL", NULL, "A cap for this channel, of a SKU without a node"},
    {"for-sale", "YES", "yes|no", "Whether anything of the position is promised at all (yes)"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const limit_examples[] = {"atp limit bike-28@berlin=5", "atp limit bike-28=12",
                                             "atp limit bike-28=10 --channel web",
                                             "atp limit bike-28@berlin=0 --for-sale no", NULL};

const atp_cmd_t atp_cmd_limit = {
    .name = "limit",
    .group = "Stock",
    .synopsis = "SKU[@NODE]=QTY",
    .summary = "How many may be promised beyond stock",
    .about =
        "At a node: backorders of that position, of one without stock preorders. Without a node: a cap on "
        "the\n"
        "units of the SKU that wait, in one channel or in all. They are filled as soon as stock is free.",
    .word_min = 1,
    .word_max = 1,
    .flags = limit_flags,
    .examples = limit_examples,
    .kind = ATP_OP_LIMIT,
    .run = limit,
};
