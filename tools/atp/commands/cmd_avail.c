/* atp avail: how many can be sold. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/session.h"

#include <stdlib.h>
#include <string.h>

typedef struct asked {
    atp_text_t *skus;
    atp_text_t *nodes;
    uint32_t count;
} asked_t;

/* The pairs asked: each word with its own node, else with every --node, else with all nodes. */
static bool read_pairs(const atp_cli_t *cli, asked_t *asked)
{
    const atp_args_t *args = &cli->args;

    for (unsigned i = 0; i < args->word_count; i++) {
        atp_text_t sku;
        atp_text_t node;
        unsigned cursor = 0;
        const char *flag = atp_args_each(args, "node", &cursor);

        if (!atp_args_place(args, args->words[i], &sku, &node)) {
            return false;
        }
        if (node.size > 0 || flag == NULL) {
            asked->skus[asked->count] = sku;
            asked->nodes[asked->count++] = node;
            continue;
        }
        for (; flag != NULL; flag = atp_args_each(args, "node", &cursor)) {
            asked->skus[asked->count] = sku;
            asked->nodes[asked->count++] = atp_text_of(flag);
        }
    }
    return true;
}

static bool check_count(const atp_cli_t *cli, size_t most)
{
    unsigned cursor = 0;
    size_t nodes = 0;

    while (atp_args_each(&cli->args, "node", &cursor) != NULL) {
        nodes++;
    }
    if (cli->args.word_count * (nodes > 0 ? nodes : 1) <= most) {
        return true;
    }
    (void)atp_cli_usage(cli->cmd, "more than %zu SKUs times nodes in one question", most);
    return false;
}

static uint32_t flags_of(const atp_args_t *args)
{
    return (atp_args_has(args, "per-node") ? ATP_AVAILABILITY_PER_NODE : 0u) |
           (atp_args_has(args, "explain") ? ATP_AVAILABILITY_COMPONENTS : 0u) |
           (atp_args_has(args, "one-op") ? ATP_AVAILABILITY_ONE_OP : 0u) |
           (atp_args_has(args, "pickup") ? ATP_AVAILABILITY_PICKUP : 0u) |
           (atp_args_has(args, "unsplit") ? ATP_AVAILABILITY_UNSPLIT : 0u);
}

static void put_components(atp_out_t *out, const atp_availability_row_t *row)
{
    atp_out_qty(out, "on_hand", "ON HAND", row->on_hand, row->scale);
    atp_out_qty(out, "unavailable", "UNAVAILABLE", row->unavailable, row->scale);
    atp_out_qty(out, "reserved", "RESERVED", row->reserved, row->scale);
    atp_out_qty(out, "allocated", "ALLOCATED", row->allocated, row->scale);
    atp_out_qty(out, "safety", "SAFETY", row->safety, row->scale);
    atp_out_qty(out, "atp_signed", "= SIGNED", row->atp_signed, row->scale);
    atp_out_uint(out, "version", NULL, row->version);
}

static void put_no_components(atp_out_t *out)
{
    static const char *const headers[] = {"ON HAND",   "UNAVAILABLE", "RESERVED",
                                          "ALLOCATED", "SAFETY",      "= SIGNED"};

    for (unsigned i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        atp_out_none(out, NULL, headers[i]);
    }
}

/* True if a channel has levels on one of them: then there is a column. */
static bool have_level(const atp_availability_row_t *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].level != 0) {
            return true;
        }
    }
    return false;
}

/* The same where a source of counts is silent. */
static bool have_stale(const atp_availability_row_t *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].is_stale) {
            return true;
        }
    }
    return false;
}

static void put_row(atp_cli_t *cli, const asked_t *asked, const atp_availability_row_t *row, bool has_level,
                    bool has_stale, bool is_explained)
{
    atp_out_t *out = &cli->out;
    bool is_known = row->verdict == ATP_APPLIED;
    char unknown[32];

    atp_out_row(out);
    atp_out_text(out, "sku", "SKU",
                 row->index < asked->count ? asked->skus[row->index] : (atp_text_t){"", 0});
    atp_out_node(out, row->node);
    if (!is_known) {
        atp_out_string(out, "verdict", NULL, atp_verdict_text(row->verdict, unknown));
        atp_out_none(out, NULL, "ATP");
        atp_out_none(out, NULL, "PROMISABLE");
    } else {
        atp_out_qty(out, "atp", "ATP", row->atp, row->scale);
        atp_out_qty(out, "promisable", "PROMISABLE", row->promisable, row->scale);
    }
    if (row->level != 0) {
        const char *level = atp_level_text(row->level);
        atp_out_string(out, "level", "LEVEL", level != NULL ? level : "?");
    } else if (has_level) {
        atp_out_none(out, "level", "LEVEL");
    }
    if (row->is_stale) {
        atp_out_bool(out, "stale", true);
        atp_out_string(out, NULL, "STALE", "yes");
    } else if (has_stale) {
        atp_out_none(out, NULL, "STALE");
    }
    if (is_explained && row->has_components) {
        put_components(out, row);
    } else if (is_explained) {
        put_no_components(out);
    }
}

static void say_as_of(atp_cli_t *cli, const atp_answer_head_t *head)
{
    if (cli->is_json) {
        return;
    }
    atp_cli_note(cli, "as of op %llu%s%s", (unsigned long long)head->as_of.applied_op,
                 head->as_of.durable_op < head->as_of.applied_op ? ", not all durable yet" : "",
                 head->is_as_of_one_op ? "" : "; rows may be of neighbouring ops (--one-op for one)");
}

static int refuse_unknown(const asked_t *asked, const atp_availability_row_t *rows, uint32_t count)
{
    int status = ATP_CLI_DONE;

    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].verdict == ATP_APPLIED) {
            continue;
        }
        char unknown[32];
        atp_text_t what = rows[i].verdict == ATP_UNKNOWN_NODE ? rows[i].node : asked->skus[rows[i].index];
        (void)fprintf(stderr, "atp: %s: %.*s%s\n", atp_verdict_text(rows[i].verdict, unknown), (int)what.size,
                      what.bytes,
                      rows[i].verdict == ATP_UNKNOWN_SKU ? "; see atp sku list" : "; see atp node list");
        status = ATP_CLI_REFUSED;
    }
    return status;
}

static int print_answer(atp_cli_t *cli, const asked_t *asked, const atp_answer_t *answer)
{
    atp_answer_head_t head = atp_answer_head(answer);
    const atp_availability_row_t *rows = atp_answer_availability(answer);
    bool is_explained = atp_args_has(&cli->args, "explain");

    if (head.verdict != ATP_APPLIED) {
        return atp_session_refused(cli, &head);
    }
    bool has_level = have_level(rows, head.row_count);
    bool has_stale = have_stale(rows, head.row_count);
    for (uint32_t i = 0; i < head.row_count; i++) {
        put_row(cli, asked, &rows[i], has_level, has_stale, is_explained);
        atp_out_uint(&cli->out, "as_of_op", NULL, head.as_of.applied_op);
    }
    if (head.row_count == 0) {
        atp_cli_note(cli, "no stock of it anywhere yet");
    }
    atp_out_end(&cli->out);
    say_as_of(cli, &head);
    return refuse_unknown(asked, rows, head.row_count);
}

static int ask(atp_cli_t *cli, const asked_t *asked)
{
    atp_availability_ask_t question = {
        .flags = flags_of(&cli->args),
        .sku_count = asked->count,
        .node_count = asked->count,
        .skus = asked->skus,
        .nodes = asked->nodes,
    };
    atp_answer_t *answer = NULL;
    int status;

    if (!atp_args_id(&cli->args, "channel", &question.channel)) {
        return ATP_CLI_USAGE;
    }
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    atp_err_t err = atp_client_availability(cli->handle, &question, &answer);
    if (err != ATP_OK) {
        return atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
    }
    status = print_answer(cli, asked, answer);
    atp_answer_free(answer);
    return status;
}

static int run(atp_cli_t *cli)
{
    asked_t asked = {.count = 0};
    int status = ATP_CLI_USAGE;

    if (atp_args_has(&cli->args, "explain") && atp_args_has(&cli->args, "channel")) {
        return atp_explain_channel(cli);
    }
    if (!check_count(cli, ATP_AVAILABILITY_ROWS_MAX)) {
        return status;
    }
    asked.skus = atp_cli_alloc(ATP_AVAILABILITY_ROWS_MAX, sizeof *asked.skus);
    asked.nodes = atp_cli_alloc(ATP_AVAILABILITY_ROWS_MAX, sizeof *asked.nodes);
    if (read_pairs(cli, &asked)) {
        status = ask(cli, &asked);
    }
    free(asked.skus);
    free(asked.nodes);
    return status;
}

static const atp_flag_t flags[] = {
    {"node", "NODE", NULL, "At this node; several times for several"},
    {"all-nodes", NULL, NULL, "Over all nodes, one row a SKU: so it is when no node is named"},
    {"per-node", NULL, NULL, "A row for each node that has the SKU"},
    {"explain", NULL, NULL, "Show what the figure is made of"},
    {"one-op", NULL, NULL, "All rows as of one moment, even if that takes longer"},
    {"channel", "CHANNEL", NULL, "As this channel sees it; with --explain all of its account"},
    {"pickup", NULL, NULL, "With --channel: by the nodes where its orders are picked up"},
    {"unsplit", NULL, NULL, "The most that one node alone can give, not the sum"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {
    "atp avail bike-28",
    "atp avail bike-28@berlin helmet-m@berlin",
    "atp avail bike-28 --per-node --explain",
    "atp avail bike-28 helmet-m --node berlin --node paris --one-op --json",
    "atp avail bike-28 --channel web --pickup --unsplit",
    "atp avail bike-28 --channel web --explain",
    NULL};

const atp_cmd_t atp_cmd_avail = {
    .name = "avail",
    .group = "Ask",
    .synopsis = "SKU[@NODE]...",
    .summary = "How many can be sold, and where",
    .about =
        "ATP is what can be sold, never below 0; PROMISABLE is what a reserve may take now. With --explain,\n"
        "on hand - unavailable - reserved - allocated - safety = signed; of a channel it is the account "
        "that\n"
        "'atp explain --channel' gives. LEVEL is shown where a rule of the channel says when it is low.\n"
        "The node begins after the last @; a SKU that has one in its name ends in @.",
    .word_min = 1,
    .word_max = ATP_AVAILABILITY_ROWS_MAX,
    .flags = flags,
    .examples = examples,
    .run = run,
};
