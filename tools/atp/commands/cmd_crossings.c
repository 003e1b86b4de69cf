/* atp crossings: when channels came to another level. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/rows/pages.h"

typedef struct wanted {
    atp_out_t *out;
    atp_text_t channel;
    atp_text_t sku;
    uint64_t left;
} wanted_t;

static void put_row(atp_out_t *out, const atp_crossing_row_t *row)
{
    const char *from = atp_level_text(row->from);
    const char *to = atp_level_text(row->to);

    atp_out_row(out);
    atp_out_uint(out, "number", "NUMBER", row->number);
    atp_out_time(out, "time_ms", "TIME", row->time_ms);
    atp_out_text(out, "channel", "CHANNEL", row->channel);
    atp_out_text(out, "sku", "SKU", row->sku);
    atp_out_string(out, "from", "FROM", from != NULL ? from : "?");
    atp_out_string(out, "to", "TO", to != NULL ? to : "?");
    atp_out_qty(out, "available", "AVAILABLE", row->available, row->scale);
    atp_out_uint(out, "op", "OP", row->op);
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    wanted_t *wanted = context;
    const atp_crossing_row_t *rows = atp_answer_crossings(answer);
    uint32_t count = atp_answer_head(answer).row_count;

    for (uint32_t i = 0; i < count && wanted->left > 0; i++) {
        if ((wanted->channel.size == 0 || atp_text_equal(rows[i].channel, wanted->channel)) &&
            (wanted->sku.size == 0 || atp_text_equal(rows[i].sku, wanted->sku))) {
            put_row(wanted->out, &rows[i]);
            wanted->left--;
        }
    }
    return wanted->left > 0;
}

static int list_crossings(atp_cli_t *cli)
{
    wanted_t wanted = {.out = &cli->out, .left = UINT64_MAX};
    atp_page_ask_t ask = {.limit = 0};

    if (!atp_args_count(&cli->args, "limit", 1, UINT32_MAX, &wanted.left) ||
        !atp_args_count(&cli->args, "after", 0, INT64_MAX, &ask.cursor) ||
        !atp_args_id(&cli->args, "channel", &wanted.channel) ||
        !atp_args_id(&cli->args, "sku", &wanted.sku)) {
        return ATP_CLI_USAGE;
    }
    int status = atp_pages_walk(cli, atp_client_crossings, &ask, 0, take_page, &wanted);
    bool is_empty = cli->out.row_count == 0;
    atp_out_end(&cli->out);
    if (status == ATP_CLI_DONE && is_empty) {
        atp_cli_note(cli, "no crossings: a rule with low watches a channel: atp put rule RULE --with "
                          "channel=CHANNEL --with low=QTY");
    }
    return status;
}

static const atp_flag_t flags[] = {
    {"channel", "CHANNEL", NULL, "Of that channel only"},
    {"sku", "SKU", NULL, "Of that SKU only"},
    {"after", "NUMBER", NULL, "Only those with a higher number: what was missed since"},
    {"limit", "N", NULL, "At most so many rows"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {"atp crossings --channel web", "atp crossings --after 4711 --json",
                                       NULL};

const atp_cmd_t atp_cmd_crossings = {
    .name = "crossings",
    .group = "Ask",
    .synopsis = "",
    .summary = "When what a channel has left came to another level",
    .about = "Oldest first, as long as they are kept. Numbers have no gaps: atp watch --channel tells of the "
             "next ones.",
    .flags = flags,
    .examples = examples,
    .run = list_crossings,
};
