/* atp postings: what systems of record must hear, in order; and what they have booked. */
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"
#include "tools/atp/out/csv_out.h"
#include "tools/atp/session.h"
#include "tools/atp/stop.h"

#include "engine/base/attribute.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS      200  /* between two questions when nothing is new */
#define AWAY_MS      1000 /* between two when the engine is away */
#define CONFIRM_MOST 128  /* postings of one request */

typedef struct following {
    atp_cli_t *cli;
    atp_text_t subscriber;
    uint64_t from;
    uint64_t most; /* 0 = no end */
    uint64_t told;
    int64_t end_ms; /* 0 = none */
    bool is_csv;
    bool must_acknowledge;
    bool ends_when_all; /* are told */
    bool was_answered;  /* at least once */
} following_t;

/* ---- one posting ---- */

static const char csv_header[] =
    "number,key,op,time,kind,sku,node,qty,on_hand,unavailable,reserved,allocated,"
    "reservation,supply,line,why,source,client,correlation\n";

static atp_text_t of_kind(const atp_posting_row_t *row, uint8_t of)
{
    return row->of == of ? row->id : ATP_TEXT("");
}

static void put_csv(FILE *file, const atp_posting_row_t *row)
{
    (void)fprintf(file, "%" PRIu64 ",", row->number);
    atp_csv_text(file, row->key, ',');
    (void)fprintf(file, "%" PRIu64 ",", row->op);
    atp_csv_time(file, row->time_ms, ',');
    atp_csv_text(file, row->kind, ',');
    atp_csv_text(file, row->sku, ',');
    atp_csv_text(file, row->node, ',');
    atp_csv_qty(file, row->qty, row->scale, ',');
    atp_csv_qty(file, row->on_hand, row->scale, ',');
    atp_csv_qty(file, row->unavailable, row->scale, ',');
    atp_csv_qty(file, row->reserved, row->scale, ',');
    atp_csv_qty(file, row->allocated, row->scale, ',');
    atp_csv_text(file, of_kind(row, 1), ',');
    atp_csv_text(file, of_kind(row, 2), ',');
    (void)fprintf(file, "%.0" PRIu32 ",", row->line);
    atp_csv_text(file, row->why, ',');
    atp_csv_text(file, row->source, ',');
    atp_csv_text(file, row->client, ',');
    atp_csv_text(file, row->correlation, '\n');
}

void atp_posting_put(atp_out_t *out, const atp_posting_row_t *row, bool has_settled)
{
    atp_out_row(out);
    atp_out_uint(out, "number", "NUMBER", row->number);
    atp_out_text(out, "key", "KEY", row->key);
    atp_out_uint(out, "op", NULL, row->op);
    atp_out_time(out, "time_ms", "TIME", row->time_ms);
    atp_out_text(out, "kind", "POSTED", row->kind);
    atp_out_text(out, "sku", "SKU", row->sku);
    atp_out_text(out, "node", "NODE", row->node);
    atp_out_qty(out, "qty", "QTY", row->qty, row->scale);
    atp_out_qty(out, "on_hand", NULL, row->on_hand, row->scale);
    atp_out_qty(out, "unavailable", NULL, row->unavailable, row->scale);
    atp_out_qty(out, "reserved", NULL, row->reserved, row->scale);
    atp_out_qty(out, "allocated", NULL, row->allocated, row->scale);
    atp_out_text(out, NULL, "OF", row->id);
    if (out->is_json) {
        atp_out_text(out, "reservation", NULL, of_kind(row, 1));
        atp_out_text(out, "supply", NULL, of_kind(row, 2));
        atp_out_uint(out, "line", NULL, row->line);
    }
    atp_out_text(out, "why", "WHY", row->why);
    atp_out_text(out, "source", NULL, row->source);
    atp_out_text(out, "client", NULL, row->client);
    atp_out_text(out, "correlation", "CORRELATION", row->correlation);
    if (has_settled) {
        atp_out_text(out, "acknowledged_by", "ACKNOWLEDGED BY", row->heard);
        atp_out_text(out, "confirmed_by", "CONFIRMED BY", row->booked);
        atp_out_time(out, "confirmed_ms", "CONFIRMED", row->confirmed_ms);
        atp_out_uint(out, "confirmed_op", NULL, row->confirmed_op);
    }
}

/* ---- follow ---- */

/* Prints the rows and makes sure that they have left this process. */
static bool print_rows(following_t *following, const atp_answer_t *answer)
{
    const atp_posting_row_t *rows = atp_answer_postings(answer);
    uint32_t count = atp_answer_head(answer).row_count;
    atp_out_t *out = &following->cli->out;

    for (uint32_t i = 0; i < count; i++) {
        if (following->is_csv) {
            put_csv(stdout, &rows[i]);
        } else {
            atp_posting_put(out, &rows[i], false);
        }
    }
    if (!following->is_csv && count > 0) {
        atp_out_end(out);
        out->has_header = false; /* once is enough */
        out->is_header_due = false;
    }
    following->told += count;
    return fflush(stdout) == 0;
}

/* What was printed has arrived. Returns the exit status. */
static int acknowledge(following_t *following, uint64_t number)
{
    atp_cli_t *cli = following->cli;
    const atp_attribute_t attribute = {
        .key = ATP_KEY_ACKNOWLEDGED, .line = ATP_WHOLE_OP, .number = (int64_t)number};
    char id[ATP_MADE_ID_SIZE];
    atp_make_id(id);
    const atp_command_t command = {.kind = ATP_OP_SUBSCRIBER_POSITION,
                                   .id = atp_text_of(id),
                                   .issued_ms = atp_now_ms(),
                                   .subject = following->subscriber,
                                   .attribute_count = 1,
                                   .attributes = &attribute};
    atp_result_t result;

    atp_err_t err = atp_client_call(cli->handle, &command, &result, NULL, NULL);
    if (err != ATP_OK) {
        return atp_session_fail(cli, cli->handle, err, command.id);
    }
    return atp_verdict_is_success(result.verdict) ? ATP_CLI_DONE : atp_act_refused(cli, &command, &result);
}

static int take_answer(following_t *following, const atp_answer_t *answer, bool *ret_is_all)
{
    atp_answer_head_t head = atp_answer_head(answer);

    if (head.verdict != ATP_APPLIED) {
        return atp_session_refused(following->cli, &head);
    }
    if (!print_rows(following, answer)) {
        return ATP_CLI_FAILED; /* said at the end */
    }
    *ret_is_all = head.postings.next > head.postings.newest;
    following->from = head.postings.next;
    return following->must_acknowledge && head.row_count > 0 ? acknowledge(following, head.postings.next - 1)
                                                             : ATP_CLI_DONE;
}

static bool has_more_to_do(const following_t *following)
{
    return !atp_stop_is_wanted() && (following->end_ms == 0 || atp_now_ms() < following->end_ms) &&
           (following->most == 0 || following->told < following->most);
}

/* One question. Sets *ret_wait_ms to how long to wait for the next. */
static int follow_once(following_t *following, int64_t *ret_wait_ms)
{
    atp_cli_t *cli = following->cli;
    uint64_t left = following->most == 0 ? ATP_POSTINGS_MAX : following->most - following->told;
    const atp_postings_ask_t ask = {.subscriber = following->subscriber,
                                    .from = following->from,
                                    .limit = (uint32_t)(left < ATP_POSTINGS_MAX ? left : ATP_POSTINGS_MAX)};
    atp_answer_t *answer = NULL;
    bool is_all = false;
    int status = ATP_CLI_DONE;

    atp_err_t err = atp_client_postings(cli->handle, &ask, &answer);
    *ret_wait_ms = 0;
    if (err == ATP_OK) {
        following->was_answered = true;
        status = take_answer(following, answer, &is_all);
        *ret_wait_ms = is_all ? POLL_MS : 0;
    } else if (following->was_answered && !following->ends_when_all) {
        *ret_wait_ms = AWAY_MS; /* it comes back */
    } else {
        status = atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
    }
    atp_answer_free(answer);
    if (is_all && following->ends_when_all) {
        following->end_ms = 1;
    }
    return status;
}

static int follow_until_end(following_t *following)
{
    int status = ATP_CLI_DONE;
    int64_t wait_ms = 0;

    atp_stop_on_signals();
    if (following->is_csv && !following->cli->is_quiet) {
        (void)fputs(csv_header, stdout);
    }
    while (status == ATP_CLI_DONE && has_more_to_do(following)) {
        status = follow_once(following, &wait_ms);
        if (status == ATP_CLI_DONE && wait_ms > 0 && has_more_to_do(following)) {
            (void)atp_stop_wait(wait_ms);
        }
    }
    return status;
}

static int follow(atp_cli_t *cli)
{
    following_t following = {.cli = cli, .subscriber = atp_text_of(cli->args.words[0])};
    int64_t span_ms = 0;
    unsigned format = 0;
    int status;

    if (!atp_args_count(&cli->args, "count", 1, UINT32_MAX, &following.most) ||
        !atp_args_count(&cli->args, "from", 1, INT64_MAX, &following.from) ||
        !atp_args_duration(&cli->args, "for", 1, &span_ms) ||
        !atp_args_choice(&cli->args, "format", &format)) {
        return ATP_CLI_USAGE;
    }
    following.is_csv = format == 1;
    following.must_acknowledge = atp_args_has(&cli->args, "ack");
    following.ends_when_all = atp_args_has(&cli->args, "once");
    following.end_ms = span_ms > 0 ? atp_now_ms() + span_ms : 0;
    if (following.is_csv && cli->is_json) {
        return atp_cli_usage(cli->cmd, "--json and --format csv are two shapes: choose one");
    }
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    return follow_until_end(&following);
}

/* ---- acknowledge ---- */

static int acknowledge_one(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_SUBSCRIBER_POSITION, .subject = atp_text_of(cli->args.words[0])};
    atp_act_id_t room;
    char *end;
    unsigned long long number = strtoull(cli->args.words[1], &end, 10);

    if (cli->args.words[1][0] < '0' || cli->args.words[1][0] > '9' || *end != '\0' || number > INT64_MAX) {
        return atp_cli_usage(cli->cmd, "'%.40s' is not the number of a posting", cli->args.words[1]);
    }
    if (!atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    atp_with_number(cli, ATP_KEY_ACKNOWLEDGED, (int64_t)number);
    return atp_act_on_subject(cli, &command, "acknowledged");
}

/* ---- confirm ---- */

/* A key that is told twice is confirmed, and counted, once. */
static bool is_first(const atp_cli_t *cli, unsigned i)
{
    for (unsigned before = 1; before < i; before++) {
        if (strcmp(cli->args.words[before], cli->args.words[i]) == 0) {
            return false;
        }
    }
    return true;
}

static bool take_keys(atp_cli_t *cli)
{
    for (unsigned i = 1; i < cli->args.word_count; i++) {
        if (is_first(cli, i) && !atp_with_text(cli, ATP_KEY_POSTING, cli->args.words[i])) {
            return false;
        }
    }
    return atp_with_text(cli, ATP_KEY_SUBSCRIBER, cli->args.words[0]);
}

static void put_confirmed(atp_cli_t *cli, const atp_result_t *result)
{
    char unknown[32];
    uint64_t keys = 0;

    for (unsigned i = 1; i < cli->args.word_count; i++) {
        keys += is_first(cli, i);
    }

    atp_out_row(&cli->out);
    atp_out_string(&cli->out, "verdict", "VERDICT", atp_verdict_text(result->verdict, unknown));
    atp_out_uint(&cli->out, "op", "OP", result->op);
    atp_out_uint(&cli->out, "postings", "POSTINGS", keys);
    atp_out_end(&cli->out);
}

static int confirm(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_RECONCILE};
    atp_act_id_t room;
    atp_result_t result;
    int status;

    if (!take_keys(cli) || !atp_act_identify(cli, &command, &room) || !atp_with_take(cli, &command)) {
        return ATP_CLI_USAGE;
    }
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    atp_err_t err = atp_client_call(cli->handle, &command, &result, NULL, NULL);
    if (err != ATP_OK) {
        return atp_session_fail(cli, cli->handle, err, command.id);
    }
    if (!atp_verdict_is_success(result.verdict)) {
        return atp_act_refused(cli, &command, &result);
    }
    put_confirmed(cli, &result);
    return ATP_CLI_DONE;
}

/* ---- the commands ---- */

static const atp_flag_t follow_flags[] = {
    {"ack", NULL, NULL, "Acknowledge what was printed, once it has left this program"},
    {"from", "NUMBER", NULL, "Begin with this posting (the one after what is acknowledged)"},
    {"format", "FORMAT", "table|csv", "How rows are written (table); --json: JSON lines"},
    {"count", "N", NULL, "End after so many"},
    {"for", "TIME", NULL, "End after this time"},
    {"once", NULL, NULL, "End when all there are have been told"},
    {NULL, NULL, NULL, NULL},
};

static const char *const follow_examples[] = {
    "atp postings follow erp --json --ack | book-into-erp",
    "atp postings follow erp --format csv --once --quiet > postings.csv",
    "atp postings follow erp --from 1 --count 20", NULL};

const atp_cmd_t atp_cmd_postings_follow = {
    .name = "postings follow",
    .group = "Going out",
    .synopsis = "SUBSCRIBER",
    .summary = "What a subscriber must hear, in order, until Ctrl-C",
    .about =
        "Each posting is told at least once: what was not acknowledged comes again, with the same key. QTY "
        "is "
        "in\nunits, signed for adjusted and counted ones; JSON and CSV have the change of each bucket. The "
        "engine tells\nno faster than the subscriber's rate.",
    .word_min = 1,
    .word_max = 1,
    .flags = follow_flags,
    .examples = follow_examples,
    .run = follow,
};

static const atp_flag_t act_flags[] = {
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const ack_examples[] = {"atp postings ack erp 4711", "atp postings ack erp 4711 --json",
                                           NULL};

const atp_cmd_t atp_cmd_postings_ack = {
    .name = "postings ack",
    .group = "Going out",
    .synopsis = "SUBSCRIBER NUMBER",
    .summary = "A subscriber has stored all postings up to that number",
    .word_min = 2,
    .word_max = 2,
    .flags = act_flags,
    .examples = ack_examples,
    .kind = ATP_OP_SUBSCRIBER_POSITION,
    .run = acknowledge_one,
};

static const char *const confirm_examples[] = {"atp postings confirm erp 4711.1 4711.2",
                                               "atp postings confirm erp 4711.1 --json", NULL};

const atp_cmd_t atp_cmd_postings_confirm = {
    .name = "postings confirm",
    .group = "Going out",
    .synopsis = "SUBSCRIBER KEY...",
    .summary = "A subscriber has booked postings, by their keys",
    .about =
        "Units that have left or come back are reconciled by it, as by atp reconcile. All keys of a request "
        "are\nconfirmed or, where one is unknown, none; at most 128 at a time.",
    .word_min = 2,
    .word_max = 1 + CONFIRM_MOST,
    .flags = act_flags,
    .examples = confirm_examples,
    .kind = ATP_OP_RECONCILE,
    .run = confirm,
};
