/* atp supply, transfer, schedule: what is expected, what is on its way between nodes, and what may be promised of it. */
#include "engine/base/attribute.h"
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"
#include "tools/atp/rows/pages.h"
#include "tools/when.h"

#include <stdlib.h>

/* ---- changing ---- */

static bool take_subject(const atp_cli_t *cli, atp_command_t *command)
{
    command->subject = atp_text_of(cli->args.words[0]);
    if (command->subject.size >= 1 && command->subject.size <= ATP_ID_SIZE_MAX &&
        atp_text_is_clean(command->subject)) {
        return true;
    }
    (void)atp_cli_usage(cli->cmd, "an id is 1 to %d bytes of UTF-8", ATP_ID_SIZE_MAX);
    return false;
}

/* Sends the op of a supply or transfer: its id is the first word, its line the second. */
static int act(atp_cli_t *cli, atp_op_kind_t kind, bool is_fact, const char *done)
{
    atp_command_t command = {.kind = kind, .is_fact = is_fact};
    atp_act_id_t room;

    if (!take_subject(cli, &command) || !atp_act_identify(cli, &command, &room) ||
        !atp_act_lines(cli, 1, &command)) {
        return ATP_CLI_USAGE;
    }
    int status = atp_act_on_subject(cli, &command, done);
    free((void *)(uintptr_t)command.lines);
    return status;
}

static int put_supply(atp_cli_t *cli)
{
    return atp_with_flag(cli, "due") && atp_with_flag_as(cli, "kind", ATP_KEY_SUPPLY_KIND)
               ? act(cli, ATP_OP_SUPPLY, false, "expected")
               : ATP_CLI_USAGE;
}

static int cancel_supply(atp_cli_t *cli)
{
    atp_with_number(cli, ATP_KEY_SUPPLY_STATUS, 1);
    return act(cli, ATP_OP_SUPPLY, false, "cancelled");
}

static int receive(atp_cli_t *cli, atp_op_kind_t kind)
{
    if (atp_args_has(&cli->args, "final")) {
        atp_with_number(cli, ATP_KEY_FINAL, 1);
    }
    return act(cli, kind, true, "received");
}

static int receive_supply(atp_cli_t *cli)
{
    return receive(cli, ATP_OP_RECEIVE_SUPPLY);
}

static int create_transfer(atp_cli_t *cli)
{
    return atp_with_flag(cli, "to") && atp_with_flag(cli, "due")
               ? act(cli, ATP_OP_TRANSFER, false, "allocated")
               : ATP_CLI_USAGE;
}

static int ship_transfer(atp_cli_t *cli)
{
    return act(cli, ATP_OP_TRANSFER_SHIP, true, "shipped");
}

static int receive_transfer(atp_cli_t *cli)
{
    return receive(cli, ATP_OP_TRANSFER_RECEIVE);
}

static int cancel_transfer(atp_cli_t *cli)
{
    return act(cli, ATP_OP_TRANSFER_CANCEL, false, "cancelled");
}

/* ---- asking ---- */

typedef void (*put_row_fn)(atp_out_t *out, const atp_schedule_row_t *row);

/* What is asked, and who prints the rows of the kind (below 0: of all). */
typedef struct asking {
    atp_page_ask_t page; /* first: pages.c knows no more */
    atp_schedule_ask_t asked;
    atp_out_t *out;
    put_row_fn put_row;
    int kind;
    uint64_t rows;
} asking_t;

static atp_err_t ask_page(atp_client_t *client, const atp_page_ask_t *page, atp_answer_t **ret_answer)
{
    atp_schedule_ask_t asked = ((const asking_t *)(const void *)page)->asked;

    asked.cursor = page->cursor;
    return atp_client_schedule(client, &asked, ret_answer);
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    asking_t *asking = context;
    const atp_schedule_row_t *rows = atp_answer_schedule(answer);
    uint32_t count = atp_answer_head(answer).row_count;

    for (uint32_t i = 0; i < count; i++) {
        if (asking->kind < 0 || rows[i].kind == (unsigned)asking->kind) {
            asking->put_row(asking->out, &rows[i]);
            asking->rows++;
        }
    }
    return true;
}

static int ask(atp_cli_t *cli, const atp_schedule_ask_t *asked, put_row_fn put_row, int kind)
{
    asking_t asking = {.asked = *asked, .out = &cli->out, .put_row = put_row, .kind = kind};
    int status = atp_pages_walk(cli, ask_page, &asking.page, 0, take_page, &asking);

    if (status != ATP_CLI_DONE) {
        return status;
    }
    atp_out_end(&cli->out);
    if (asking.rows == 0) {
        atp_cli_note(cli, "%s",
                     asked->what == ATP_SCHEDULE_PROMISE ? "not within the days asked for" : "nothing");
    }
    return ATP_CLI_DONE;
}

static void put_supply_row(atp_out_t *out, const atp_schedule_row_t *row)
{
    const char *kind = atp_supply_kind_name(row->kind);
    const char *status = atp_supply_status_name(row->status);

    atp_out_row(out);
    atp_out_text(out, "supply", "SUPPLY", row->id);
    atp_out_string(out, "kind", "KIND", kind != NULL ? kind : "?");
    atp_out_text(out, "sku", "SKU", row->sku);
    atp_out_text(out, "node", "NODE", row->node);
    atp_out_time(out, "due_ms", "DUE", row->day_ms);
    atp_out_string(out, "status", "STATUS", row->is_overdue ? "overdue" : status != NULL ? status : "?");
    atp_out_qty(out, "ordered", "ORDERED", row->ordered, row->scale);
    atp_out_qty(out, "received", "RECEIVED", row->received, row->scale);
    atp_out_qty(out, "open", "OPEN", row->qty, row->scale);
    atp_out_qty(out, "pegged", "PEGGED", row->pegged, row->scale);
    if (out->is_json || row->kind == 3) {
        atp_out_qty(out, "shipped", NULL, row->shipped, row->scale);
    }
}

static void put_day_row(atp_out_t *out, const atp_schedule_row_t *row)
{
    atp_out_row(out);
    atp_out_node(out, row->node);
    atp_out_time(out, "day_ms", "FROM", row->day_ms);
    atp_out_qty(out, "atp", "ATP", row->qty, row->scale);
}

static int list(atp_cli_t *cli, int kind)
{
    atp_schedule_ask_t asked = {.what = ATP_SCHEDULE_SUPPLIES};

    if (cli->args.word_count > 0 &&
        !atp_args_place(&cli->args, cli->args.words[0], &asked.sku, &asked.node)) {
        return ATP_CLI_USAGE;
    }
    return ask(cli, &asked, put_supply_row, kind);
}

static int list_supplies(atp_cli_t *cli)
{
    return list(cli, -1);
}

static int list_transfers(atp_cli_t *cli)
{
    return list(cli, 3);
}

static int schedule(atp_cli_t *cli)
{
    atp_schedule_ask_t asked = {.what = ATP_SCHEDULE_DAYS};
    const char *from = atp_args_text(&cli->args, "from");
    const char *qty = atp_args_text(&cli->args, "qty");
    uint64_t days = qty != NULL ? ATP_SCHEDULE_DAYS_MAX : 30;
    const char *channel = atp_args_text(&cli->args, "channel");

    if (channel != NULL) {
        asked.channel = atp_text_of(channel);
    }
    if (!atp_args_place(&cli->args, cli->args.words[0], &asked.sku, &asked.node) ||
        !atp_args_count(&cli->args, "days", 1, ATP_SCHEDULE_DAYS_MAX, &days)) {
        return ATP_CLI_USAGE;
    }
    if (from != NULL && !atp_when_parse(from, atp_now_ms(), &asked.from_ms)) {
        return atp_cli_usage(cli->cmd, "--from: '%.40s' is no time: " ATP_WHEN_FORMS, from);
    }
    if (qty != NULL) {
        asked.what = ATP_SCHEDULE_PROMISE;
        if (!atp_qty_parse(atp_text_of(qty), &asked.qty, &asked.decimals) || asked.qty <= 0) {
            return atp_cli_usage(cli->cmd, "--qty: '%.40s' is not a quantity above 0", qty);
        }
    }
    asked.days = (uint32_t)days;
    return ask(cli, &asked, put_day_row, -1);
}

/* ---- the commands ---- */

static const atp_flag_t put_flags[] = {
    {"due", "WHEN", NULL, "The day it is expected on; needed for a new one"},
    {"kind", "KIND", "purchase_order|asn|production|transfer", "What it comes from (purchase_order)"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const put_examples[] = {"atp supply put po-4711-1 bike-28@berlin=40 --due 2026-12-03",
                                           "atp supply put po-4711-1 --due +14d", NULL};

const atp_cmd_t atp_cmd_supply_put = {
    .name = "supply put",
    .group = "Supply",
    .synopsis = "SUPPLY [SKU@NODE=QTY]",
    .summary = "Expect stock on a day, or change what is expected",
    .about = "The quantity is that of the whole supply, what has come of it included; 0 cancels it. Promises "
             "made from it\n"
             "find other supply when it comes too late for them; those that find none are told as an "
             "exception.",
    .word_min = 1,
    .word_max = 2,
    .flags = put_flags,
    .examples = put_examples,
    .kind = ATP_OP_SUPPLY,
    .run = put_supply,
};

static const atp_flag_t plain_flags[] = {ATP_ACT_FLAGS, {NULL, NULL, NULL, NULL}};
static const atp_flag_t no_flags[] = {{NULL, NULL, NULL, NULL}};

static const atp_flag_t receive_flags[] = {
    {"final", NULL, NULL, "Nothing more will come: the rest is closed"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const receive_examples[] = {"atp supply receive po-4711-1 bike-28@berlin=25",
                                               "atp supply receive po-4711-1 bike-28@berlin=14 --final",
                                               NULL};

const atp_cmd_t atp_cmd_supply_receive = {
    .name = "supply receive",
    .group = "Supply",
    .synopsis = "SUPPLY SKU@NODE=QTY",
    .summary = "What was expected has come: supply down, on-hand up",
    .word_min = 2,
    .word_max = 2,
    .flags = receive_flags,
    .examples = receive_examples,
    .kind = ATP_OP_RECEIVE_SUPPLY,
    .run = receive_supply,
};

static const char *const cancel_examples[] = {"atp supply cancel po-4711-1",
                                              "atp supply cancel po-4711-1 --json", NULL};

const atp_cmd_t atp_cmd_supply_cancel = {
    .name = "supply cancel",
    .group = "Supply",
    .synopsis = "SUPPLY",
    .summary = "It will not come",
    .word_min = 1,
    .word_max = 1,
    .flags = plain_flags,
    .examples = cancel_examples,
    .kind = ATP_OP_SUPPLY,
    .run = cancel_supply,
};

static const char *const list_examples[] = {"atp supply list", "atp supply list bike-28@berlin --json", NULL};

const atp_cmd_t atp_cmd_supply_list = {
    .name = "supply list",
    .group = "Supply",
    .synopsis = "[SKU[@NODE]]",
    .summary = "What is expected, and what became of it",
    .about = "overdue: its day has passed. It counts for nothing until it comes or has a new day.",
    .word_max = 1,
    .flags = no_flags,
    .examples = list_examples,
    .run = list_supplies,
};

static const atp_flag_t transfer_flags[] = {
    {"to", "NODE", NULL, "Where it goes"},
    {"due", "WHEN", NULL, "The day it is expected there"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const transfer_examples[] = {
    "atp transfer create t-88 bike-28@berlin=5 --to paris --due +3d",
    "atp transfer create t-89 rope@berlin=2.50 --to paris --due 2026-12-01T08:00:00Z", NULL};

const atp_cmd_t atp_cmd_transfer_create = {
    .name = "transfer create",
    .group = "Supply",
    .synopsis = "TRANSFER SKU@NODE=QTY",
    .summary = "Send stock to another node: allocated here, expected there",
    .word_min = 2,
    .word_max = 2,
    .flags = transfer_flags,
    .examples = transfer_examples,
    .kind = ATP_OP_TRANSFER,
    .run = create_transfer,
};

static const char *const ship_examples[] = {"atp transfer ship t-88",
                                            "atp transfer ship t-88 bike-28@berlin=3", NULL};

const atp_cmd_t atp_cmd_transfer_ship = {
    .name = "transfer ship",
    .group = "Supply",
    .synopsis = "TRANSFER [SKU@NODE=QTY]",
    .summary = "It has left its source: all of it, or so many",
    .word_min = 1,
    .word_max = 2,
    .flags = plain_flags,
    .examples = ship_examples,
    .kind = ATP_OP_TRANSFER_SHIP,
    .run = ship_transfer,
};

static const char *const arrive_examples[] = {"atp transfer receive t-88 bike-28@paris=3",
                                              "atp transfer receive t-88 bike-28@paris=2 --final", NULL};

const atp_cmd_t atp_cmd_transfer_receive = {
    .name = "transfer receive",
    .group = "Supply",
    .synopsis = "TRANSFER SKU@NODE=QTY",
    .summary = "It has come to its target",
    .about = "With --final the rest is closed; what was shipped and did not come is told as an exception.",
    .word_min = 2,
    .word_max = 2,
    .flags = receive_flags,
    .examples = arrive_examples,
    .kind = ATP_OP_TRANSFER_RECEIVE,
    .run = receive_transfer,
};

static const char *const give_back_examples[] = {"atp transfer cancel t-88",
                                                 "atp transfer cancel t-88 --json", NULL};

const atp_cmd_t atp_cmd_transfer_cancel = {
    .name = "transfer cancel",
    .group = "Supply",
    .synopsis = "TRANSFER",
    .summary = "What has not left stays: free again at its source",
    .word_min = 1,
    .word_max = 1,
    .flags = plain_flags,
    .examples = give_back_examples,
    .kind = ATP_OP_TRANSFER_CANCEL,
    .run = cancel_transfer,
};

static const char *const transfers_examples[] = {"atp transfer list", "atp transfer list bike-28@paris",
                                                 NULL};

const atp_cmd_t atp_cmd_transfer_list = {
    .name = "transfer list",
    .group = "Supply",
    .synopsis = "[SKU[@NODE]]",
    .summary = "Transfers, by where they go",
    .word_max = 1,
    .flags = no_flags,
    .examples = transfers_examples,
    .run = list_transfers,
};

static const atp_flag_t schedule_flags[] = {
    {"from", "WHEN", NULL, "The first day (today)"},
    {"days", "COUNT", NULL, "How many days (30)"},
    {"qty", "QTY", NULL, "Only the first day on which so many may be promised"},
    {"channel", "CHANNEL", NULL, "What one reserve of this channel may take, by its rules"},
    {NULL, NULL, NULL, NULL},
};

static const char *const schedule_examples[] = {"atp schedule bike-28@berlin --days 90",
                                                "atp schedule bike-28 --qty 25",
                                                "atp schedule bike-28 --channel web --days 90", NULL};

const atp_cmd_t atp_cmd_schedule = {
    .name = "schedule",
    .group = "Ask",
    .synopsis = "SKU[@NODE]",
    .summary = "What may be promised by which day, or from which day on a quantity may be",
    .about =
        "A row for each day on which the figure changes. Days are in UTC. atp reserve --by reserves against "
        "one.\n"
        "Through a channel, and of a kit, the figure is of all nodes together, unless one is named.",
    .word_min = 1,
    .word_max = 1,
    .flags = schedule_flags,
    .examples = schedule_examples,
    .run = schedule,
};
