/* atp explain: why a figure is what it is. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/session.h"
#include "tools/when.h"

#include <stdlib.h>
#include <string.h>

static bool read_words(const atp_cli_t *cli, const char *qty, atp_command_line_t *lines)
{
    atp_command_line_t like = {.decimals = 0};

    if (qty != NULL &&
        (!atp_qty_parse(atp_text_of(qty), &like.mantissa, &like.decimals) || like.mantissa < 0)) {
        (void)atp_cli_usage(cli->cmd, "--qty: '%.40s' is not a quantity, 0 or more", qty);
        return false;
    }
    for (unsigned i = 0; i < cli->args.word_count; i++) {
        lines[i] = like;
        if (!atp_args_place(&cli->args, cli->args.words[i], &lines[i].sku, &lines[i].node)) {
            return false;
        }
    }
    return true;
}

/* SKU=QTY says a line of a reserve. */
static bool says_lines(const atp_cli_t *cli)
{
    return cli->args.word_count > 0 && strrchr(cli->args.words[0], '=') != NULL;
}

static bool read_lines(const atp_cli_t *cli, const char *qty, atp_command_line_t *lines)
{
    if (qty != NULL) {
        (void)atp_cli_usage(cli->cmd, "--qty is of SKUs without quantities of their own: '%.40s'",
                            cli->args.words[0]);
        return false;
    }
    for (unsigned i = 0; i < cli->args.word_count; i++) {
        if (!atp_args_line(&cli->args, cli->args.words[i], true, &lines[i])) {
            return false;
        }
    }
    return true;
}

static const char *mark_of(unsigned code)
{
    static const char *const marks[] = {[ATP_EXPLAIN_PLUS] = "+",
                                        [ATP_EXPLAIN_MINUS] = "-",
                                        [ATP_EXPLAIN_EQUALS] = "=",
                                        [ATP_EXPLAIN_LIMIT] = "-",
                                        [ATP_EXPLAIN_DECIDED] = "!"};
    unsigned effect = atp_explain_effect(code);

    return effect != 0 ? marks[effect] : "?";
}

static const char *effect_name(unsigned code)
{
    static const char *const names[] = {"unknown", "plus", "minus", "equals", "limit", "decided"};

    return names[atp_explain_effect(code)];
}

static void put_part(atp_out_t *out, const atp_command_line_t *lines, const atp_explanation_t *part)
{
    const char *name = atp_explain_name(part->code);
    const char *sentence = atp_explain_sentence(part->code);
    char why[512];

    (void)snprintf(why, sizeof why, "%s%s%.*s", sentence != NULL ? sentence : "",
                   part->detail.size > 0 ? ": " : "", (int)part->detail.size,
                   part->detail.size > 0 ? part->detail.bytes : "");
    atp_out_row(out);
    if (part->code == ATP_EXPLAIN_CODE_GRANTED) { /* of no line */
        atp_out_text(out, "sku", "SKU", out->is_json ? ATP_TEXT("") : ATP_TEXT("(all)"));
    } else {
        atp_out_text(out, "sku", "SKU", lines[part->line].sku);
    }
    atp_out_node(out, part->node);
    atp_out_string(out, NULL, " ", mark_of(part->code));
    atp_out_string(out, "code", "PART", name != NULL ? name : "?");
    atp_out_qty(out, "qty", "QTY", part->qty, part->scale);
    if (out->is_json) {
        atp_out_string(out, "effect", NULL, effect_name(part->code));
        atp_out_text(out, "detail", NULL, part->detail);
        atp_out_string(out, "sentence", NULL, sentence != NULL ? sentence : "");
    } else {
        atp_out_string(out, NULL, "WHY", why);
    }
}

/* ---- accounts in the answers of commands ---- */

void atp_explain_put_account(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result,
                             const atp_explain_room_t *account)
{
    for (uint32_t i = 0; i < account->count; i++) {
        if (account->parts[i].line < command->line_count) {
            put_part(&cli->out, command->lines, &account->parts[i]);
        }
    }
    atp_out_end(&cli->out);
    if (result->is_repeat) {
        atp_cli_note(cli, "asked before: by what the first answer was decided is not kept");
    } else if (result->is_cut) {
        atp_cli_note(cli, "there is more to the account than an answer has");
    }
}

json_t *atp_explain_json_account(const atp_command_t *command, const atp_explain_room_t *account)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < account->count; i++) {
        const atp_explanation_t *part = &account->parts[i];
        const char *name = atp_explain_name(part->code);
        const char *sentence = atp_explain_sentence(part->code);
        json_t *object = json_object();
        (void)json_object_set_new(object, "line", atp_json_uint(part->line));
        (void)json_object_set_new(
            object, "sku",
            atp_json_text(part->line < command->line_count ? command->lines[part->line].sku : ATP_TEXT("")));
        (void)json_object_set_new(object, "node",
                                  part->node.size > 0 ? atp_json_text(part->node) : json_null());
        (void)json_object_set_new(object, "code", json_string(name != NULL ? name : "?"));
        (void)json_object_set_new(object, "qty", atp_json_qty(part->qty, part->scale));
        (void)json_object_set_new(object, "effect", json_string(effect_name(part->code)));
        (void)json_object_set_new(object, "detail", atp_json_text(part->detail));
        (void)json_object_set_new(object, "sentence", json_string(sentence != NULL ? sentence : ""));
        (void)json_array_append_new(array, object);
    }
    return array;
}

static int print_answer(atp_cli_t *cli, const atp_command_line_t *lines, const atp_answer_t *answer)
{
    atp_answer_head_t head = atp_answer_head(answer);
    const atp_explanation_t *parts = atp_answer_explanations(answer);

    if (head.verdict != ATP_APPLIED) {
        return atp_session_refused(cli, &head);
    }
    for (uint32_t i = 0; i < head.row_count; i++) {
        if (parts[i].line < cli->args.word_count) {
            put_part(&cli->out, lines, &parts[i]);
            atp_out_uint(&cli->out, "as_of_op", NULL, head.as_of.applied_op);
        }
    }
    atp_out_end(&cli->out);
    atp_cli_note(cli, "as of op %llu%s", (unsigned long long)head.as_of.applied_op,
                 head.is_cut ? "; there is more: ask for one node at a time" : "");
    return ATP_CLI_DONE;
}

static int ask_and_print(atp_cli_t *cli, const atp_explain_ask_t *ask)
{
    atp_answer_t *answer = NULL;
    int status;

    if (!atp_session_open(cli, &status)) {
        return status;
    }
    atp_err_t err = atp_client_explain(cli->handle, ask, &answer);
    if (err != ATP_OK) {
        return atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
    }
    status = print_answer(cli, ask->lines, answer);
    atp_answer_free(answer);
    return status;
}

static int explain(atp_cli_t *cli, const char *qty, const char *by)
{
    atp_command_line_t lines[ATP_EXPLAIN_LINES_MAX];
    atp_explain_ask_t ask = {.line_count = cli->args.word_count, .lines = lines};

    ask.is_one = says_lines(cli);
    ask.is_pickup = atp_args_has(&cli->args, "pickup");
    if (!(ask.is_one ? read_lines(cli, qty, lines) : read_words(cli, qty, lines)) ||
        !atp_args_id(&cli->args, "channel", &ask.channel)) {
        return ATP_CLI_USAGE;
    }
    if (ask.is_pickup && ask.channel.size == 0) {
        return atp_cli_usage(cli->cmd, "--pickup is of a channel: say --channel");
    }
    if (by != NULL && !atp_when_parse(by, atp_now_ms(), &ask.by_ms)) {
        return atp_cli_usage(cli->cmd, "--by: '%.40s' is no time: " ATP_WHEN_FORMS, by);
    }
    return ask_and_print(cli, &ask);
}

int atp_explain_channel(atp_cli_t *cli)
{
    unsigned cursor = 0;

    if (cli->args.word_count > ATP_EXPLAIN_LINES_MAX) {
        return atp_cli_usage(cli->cmd, "--explain with --channel takes at most %d SKUs",
                             ATP_EXPLAIN_LINES_MAX);
    }
    if (atp_args_each(&cli->args, "node", &cursor) != NULL || atp_args_has(&cli->args, "unsplit")) {
        return atp_cli_usage(cli->cmd,
                             "--explain with --channel: name a node as SKU@NODE, and leave --unsplit");
    }
    return explain(cli, NULL, NULL);
}

static int run(atp_cli_t *cli)
{
    return explain(cli, atp_args_text(&cli->args, "qty"), atp_args_text(&cli->args, "by"));
}

static const atp_flag_t flags[] = {
    {"channel", "CHANNEL", NULL, "As a reserve through this channel"},
    {"pickup", NULL, NULL, "Picked up: by the channel's group for that"},
    {"qty", "QTY", NULL, "Would a reserve of so many be granted, and what decides?"},
    {"by", "WHEN", NULL, "For a reserve needed by that day: what supply adds, and who was promised of it"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {"atp explain bike-28@berlin",
                                       "atp explain bike-28 --qty 5 --channel web",
                                       "atp explain bike-28@berlin --by +14d --qty 20",
                                       "atp explain bike-28 helmet-m --json",
                                       "atp explain bike-28=2 helmet-m=1 --channel web",
                                       NULL};

const atp_cmd_t atp_cmd_explain = {
    .name = "explain",
    .group = "Ask",
    .synopsis = "SKU[@NODE]... | SKU[@NODE]=QTY...",
    .summary = "Why a figure is what it is: its parts, and what decides",
    .about =
        "A running account: + adds, - takes off, = is the result so far, ! is the decision. It is asked "
        "of the\n"
        "functions that decide a reserve, so it ends in what one may take. With SKU[@NODE]=QTY... the words "
        "are one\n"
        "reserve: each line counts what those before it take, and the last row says what would become of "
        "the whole,\n"
        "and at which line. What was promised at an "
        "earlier time:\n"
        "atpd --past.",
    .word_min = 1,
    .word_max = ATP_EXPLAIN_LINES_MAX,
    .flags = flags,
    .examples = examples,
    .run = run,
};
