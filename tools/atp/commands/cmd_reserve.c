/* atp reserve, extend, allocate, release, cancel, ship: the life of a reservation. */
#include "engine/base/attribute.h"
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"

#include <limits.h>
#include <stdlib.h>

static int reserve(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_RESERVE};
    atp_act_id_t room;

    if (!atp_act_identify(cli, &command, &room) ||
        !atp_args_duration(&cli->args, "ttl", 1, &command.ttl_ms) ||
        !atp_args_id(&cli->args, "channel", &command.channel) ||
        !atp_args_id(&cli->args, "owner", &command.owner) ||
        !atp_with_flag_as(cli, "order", ATP_KEY_ORDER_ID) || !atp_with_flag(cli, "multiple") ||
        !atp_with_flag(cli, "replaces") || !atp_with_flag(cli, "priority") ||
        !atp_with_flag_as(cli, "by", ATP_KEY_NEEDED_BY) || !atp_act_lines(cli, 0, &command)) {
        return ATP_CLI_USAGE;
    }
    unsigned mode = atp_args_has(&cli->args, "partial") ? ATP_RESERVE_PARTIAL : ATP_RESERVE_ALL_OR_NOTHING;
    if (!atp_args_choice(&cli->args, "mode", &mode)) {
        return ATP_CLI_USAGE;
    }
    command.option = (uint8_t)mode;
    command.explains = atp_args_has(&cli->args, "explain");
    int status = atp_act_on_reservation(cli, &command, "reserved");
    free((void *)(uintptr_t)command.lines);
    return status;
}

static int promise(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_RESERVE, .id = ATP_TEXT("promise"), .issued_ms = atp_now_ms()};

    if (!atp_args_id(&cli->args, "channel", &command.channel) || !atp_act_lines(cli, 0, &command)) {
        return ATP_CLI_USAGE;
    }
    command.option = atp_args_has(&cli->args, "partial") ? ATP_RESERVE_PARTIAL : ATP_RESERVE_ALL_OR_NOTHING;
    command.explains = atp_args_has(&cli->args, "explain");
    int status = atp_act_promise(cli, &command);
    free((void *)(uintptr_t)command.lines);
    return status;
}

static bool take_reservation(const atp_cli_t *cli, atp_command_t *command)
{
    atp_text_t id = atp_text_of(cli->args.words[0]);

    if (id.size > ATP_ID_SIZE_MAX || !atp_text_is_clean(id)) {
        (void)atp_cli_usage(cli->cmd, "a reservation's id is 1 to %d bytes of UTF-8", ATP_ID_SIZE_MAX);
        return false;
    }
    command->reservation = id;
    return true;
}

static int extend(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_EXTEND};
    atp_act_id_t room;

    if (!take_reservation(cli, &command) || !atp_act_identify(cli, &command, &room) ||
        !atp_args_duration(&cli->args, "ttl", 1, &command.ttl_ms)) {
        return ATP_CLI_USAGE;
    }
    return atp_act_on_reservation(cli, &command, "extended");
}

static int step(atp_cli_t *cli, atp_op_kind_t kind, const char *done)
{
    atp_command_t command = {.kind = kind};
    atp_act_id_t room;

    bool has_order = kind != ATP_OP_ALLOCATE && kind != ATP_OP_SHIP && atp_args_has(&cli->args, "order");

    command.is_fact = kind == ATP_OP_SHIP && atp_args_has(&cli->args, "fact");
    if (!has_order && cli->args.word_count == 0) {
        return atp_cli_usage(cli->cmd, "a reservation is missing, or --order");
    }
    if ((!has_order && !take_reservation(cli, &command)) || !atp_act_identify(cli, &command, &room) ||
        (has_order && !atp_with_flag_as(cli, "order", ATP_KEY_ORDER_ID)) ||
        !atp_act_lines(cli, has_order ? 0 : 1, &command)) {
        return ATP_CLI_USAGE;
    }
    if (command.reservation.size == 0 && !command.is_fact && !has_order) {
        free((void *)(uintptr_t)command.lines);
        return atp_cli_usage(cli->cmd, "the reservation is empty");
    }
    int status = atp_act_on_reservation(cli, &command, done);
    free((void *)(uintptr_t)command.lines);
    return status;
}

static int allocate(atp_cli_t *cli)
{
    return step(cli, ATP_OP_ALLOCATE, "allocated");
}

static int release(atp_cli_t *cli)
{
    return step(cli, ATP_OP_RELEASE, "released");
}

static int cancel(atp_cli_t *cli)
{
    return step(cli, ATP_OP_CANCEL, "cancelled");
}

static int ship(atp_cli_t *cli)
{
    return step(cli, ATP_OP_SHIP, "shipped");
}

static const atp_flag_t reserve_flags[] = {
    ATP_ACT_FLAGS,
    {"ttl", "TIME", NULL, "How long it lives: 90s, 15min, 2h (the channel's)"},
    {"channel", "CHANNEL", NULL, "Who sells: web, pos, ..."},
    {"owner", "OWNER", NULL, "Whose it is: a customer, a cart"},
    {"order", "ORDER", NULL, "The order it is for, by its number elsewhere"},
    {"by", "WHEN", NULL, "The day it is needed by: what is not here yet is promised from supply due by then"},
    {"mode", "MODE", "all-or-nothing|partial|track-only",
     "All lines in full, of each what there is, or sold already elsewhere (all-or-nothing)"},
    {"multiple", "QTY", NULL, "Grant whole multiples of this only"},
    {"replaces", "RESERVATION", NULL, "Takes the place of this one, in one request"},
    {"priority", "N", NULL, "Who comes first when there is too little: 0 to 7, 7 first (3)"},
    {"partial", NULL, NULL, "Short for --mode partial"},
    {"explain", NULL, NULL, "Show by what it was decided, in the account of atp explain"},
    {NULL, NULL, NULL, NULL},
};

static const char *const reserve_examples[] = {
    "atp reserve bike-28@berlin=2 --id cart-77 --ttl 15min",
    "atp reserve bike-28@berlin=2 helmet-m@paris=1 --channel web --owner anna",
    "atp reserve rice@dc-01=2.500 --partial --json", "atp reserve bike-28=5 --channel web --explain", NULL};

const atp_cmd_t atp_cmd_reserve = {
    .name = "reserve",
    .group = "Reservations",
    .synopsis = "SKU[@NODE]=QTY...",
    .summary = "Promise units to a cart or an order, until a deadline",
    .about = "Never more than can be promised. The id names the reservation, and a request is done once "
             "however often\n"
             "it is sent: with the same id, --issued and words the first answer is given again.\n"
             "A line without a node leaves it to the engine, which chooses and says which.",
    .word_min = 1,
    .word_max = UINT_MAX, /* atp_act_lines says how many */
    .flags = reserve_flags,
    .examples = reserve_examples,
    .kind = ATP_OP_RESERVE,
    .run = reserve,
};

static const atp_flag_t promise_flags[] = {
    ATP_WITH_FLAG,
    {"channel", "CHANNEL", NULL, "Who sells: web, pos, ..."},
    {"partial", NULL, NULL, "Of each line what there is"},
    {"explain", NULL, NULL, "Show by what it was decided, in the account of atp explain"},
    {NULL, NULL, NULL, NULL},
};

static const char *const promise_examples[] = {
    "atp promise bike-28=2", "atp promise bike-28=2 helmet-m=1 --with strategy=fewest --json",
    "atp promise rice=2.500 --with group=east --with split=no", NULL};

const atp_cmd_t atp_cmd_promise = {
    .name = "promise",
    .group = "Ask",
    .synopsis = "SKU[@NODE]=QTY...",
    .summary = "What a reserve would be answered now, and from where",
    .about = "Decided as atp reserve is, by the same code, but nothing is reserved: the next one may get it.",
    .word_min = 1,
    .word_max = UINT_MAX, /* atp_act_lines says how many */
    .flags = promise_flags,
    .examples = promise_examples,
    .kind = ATP_OP_RESERVE,
    .run = promise,
};

static const atp_flag_t extend_flags[] = {
    {"ttl", "TIME", NULL, "Lives this long from now (the channel's)"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const extend_examples[] = {"atp extend cart-77 --ttl 10min", "atp extend cart-77 --json",
                                              NULL};

const atp_cmd_t atp_cmd_extend = {
    .name = "extend",
    .group = "Reservations",
    .synopsis = "RESERVATION",
    .summary = "Give a reservation a later deadline",
    .word_min = 1,
    .word_max = 1,
    .flags = extend_flags,
    .examples = extend_examples,
    .kind = ATP_OP_EXTEND,
    .run = extend,
};

static const atp_flag_t step_flags[] = {ATP_ACT_FLAGS, {NULL, NULL, NULL, NULL}};

/* Of a release or cancel: an order may be named instead of a reservation. */
static const atp_flag_t order_flags[] = {
    {"order", "ORDER", NULL, "Of all reservations of this order, instead of one; the words are lines then"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const allocate_examples[] = {"atp allocate cart-77",
                                                "atp allocate cart-77 bike-28@berlin=1", NULL};

const atp_cmd_t atp_cmd_allocate = {
    .name = "allocate",
    .group = "Reservations",
    .synopsis = "RESERVATION [SKU@NODE=QTY...]",
    .summary = "Make it firm: it no longer expires",
    .about = "Without lines, all of it. A line allocated in part frees its rest at once.",
    .word_min = 1,
    .word_max = UINT_MAX, /* atp_act_lines says how many */
    .flags = step_flags,
    .examples = allocate_examples,
    .kind = ATP_OP_ALLOCATE,
    .run = allocate,
};

static const char *const release_examples[] = {"atp release cart-77", "atp release cart-77 bike-28@berlin=1",
                                               NULL};

const atp_cmd_t atp_cmd_release = {
    .name = "release",
    .group = "Reservations",
    .synopsis = "[RESERVATION] [SKU@NODE=QTY...]",
    .summary = "Give reserved units back",
    .about = "Without lines, all of it. What is allocated already is given back by atp cancel.",
    .word_min = 0,
    .word_max = UINT_MAX, /* atp_act_lines says how many */
    .flags = order_flags,
    .examples = release_examples,
    .kind = ATP_OP_RELEASE,
    .run = release,
};

static const char *const cancel_examples[] = {"atp cancel order-9", "atp cancel order-9 bike-28@berlin=1",
                                              "atp cancel --order 4711", NULL};

const atp_cmd_t atp_cmd_cancel = {
    .name = "cancel",
    .group = "Reservations",
    .synopsis = "[RESERVATION] [SKU@NODE=QTY...]",
    .summary = "Give allocated units back",
    .about = "Without lines, all of it. What is only reserved is given back by atp release.",
    .word_min = 0,
    .word_max = UINT_MAX, /* atp_act_lines says how many */
    .flags = order_flags,
    .examples = cancel_examples,
    .kind = ATP_OP_CANCEL,
    .run = cancel,
};

static const atp_flag_t ship_flags[] = {
    {"fact", NULL, NULL, "It has happened: applied whatever the reservation says; it may be '' then"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const ship_examples[] = {"atp ship order-9", "atp ship order-9 bike-28@berlin=1",
                                            "atp ship order-9 bike-28@berlin=3 --fact", NULL};

const atp_cmd_t atp_cmd_ship = {
    .name = "ship",
    .group = "Reservations",
    .synopsis = "RESERVATION [SKU@NODE=QTY...]",
    .summary = "Units have left: on hand and allocated go down together",
    .about = "Without lines, all that is allocated. With --fact it is a report, not a request: what the\n"
             "reservation does not cover is applied too, and raises an exception.",
    .word_min = 1,
    .word_max = UINT_MAX, /* atp_act_lines says how many */
    .flags = ship_flags,
    .examples = ship_examples,
    .kind = ATP_OP_SHIP,
    .run = ship,
};
