/* atp exceptions: what a person must settle, and how: list, show, edit, replay, discard. */
#include "engine/base/attribute.h"
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"
#include "tools/atp/out/record_out.h"
#include "tools/atp/rows/pages.h"
#include "tools/atp/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct listing {
    atp_cli_t *cli;
    uint64_t left; /* rows that may still be printed */
    bool is_shown; /* one, in full */
} listing_t;

/* ---- one row ---- */

static json_t *json_ids(const atp_exception_row_t *row)
{
    json_t *ids = json_array();

    for (uint32_t i = 0; i < row->id_count; i++) {
        (void)json_array_append_new(ids, atp_json_text(row->ids[i]));
    }
    return ids;
}

static void format_ids(const atp_exception_row_t *row, char *ret_text, size_t size)
{
    size_t used = 0;
    uint32_t shown = row->id_count < 3 ? row->id_count : 3;

    ret_text[0] = '\0';
    for (uint32_t i = 0; i < shown && used < size; i++) {
        used += (size_t)snprintf(ret_text + used, size - used, "%s%.*s", i > 0 ? ", " : "",
                                 (int)row->ids[i].size, row->ids[i].bytes);
    }
    if (row->total_reservations > shown && used < size) {
        (void)snprintf(ret_text + used, size - used, "%s%u more", shown > 0 ? " and " : "",
                       row->total_reservations - shown);
    }
}

static const char *state_text(const atp_exception_row_t *row)
{
    const char *name = atp_exception_row_state_name(row->state);

    return name != NULL ? name : "";
}

static void put_json_rest(atp_out_t *out, const atp_exception_row_t *row)
{
    atp_out_int(out, "total_reservations", NULL, row->total_reservations);
    atp_out_json(out, "reservations", json_ids(row));
    atp_out_text(out, "correlation", NULL, row->correlation);
    atp_out_uint(out, "count", NULL, row->count);
    atp_out_time(out, "last_ms", NULL, row->last_ms);
    atp_out_uint(out, "epoch", NULL, row->epoch);
    atp_out_uint(out, "sequence", NULL, row->sequence);
    atp_out_text(out, "op_kind", NULL, row->op_kind);
    atp_out_uint(out, "fact_size", NULL, row->fact_size);
    atp_out_text(out, "fact", NULL, row->fact);
    if (row->due_ms != 0) {
        atp_out_time(out, "due_ms", NULL, row->due_ms);
        atp_out_bool(out, "is_overdue", row->is_overdue);
    }
    if (row->edit_count > 0) {
        atp_out_uint(out, "edit_count", NULL, row->edit_count);
        atp_out_time(out, "edited_ms", NULL, row->edited_ms);
        atp_out_uint(out, "edited_op", NULL, row->edited_op);
        atp_out_text(out, "edited_by", NULL, row->edited_by);
        atp_out_text(out, "edit_cause", NULL, row->edit_cause);
        atp_out_text(out, "edited_fact", NULL, row->edited_fact);
    }
    if (row->settled_op != 0) {
        atp_out_time(out, "settled_ms", NULL, row->settled_ms);
        atp_out_uint(out, "settled_op", NULL, row->settled_op);
        atp_out_text(out, "settled_by", NULL, row->settled_by);
        atp_out_text(out, "cause", NULL, row->cause);
    }
}

/* "-", "in 2 h", "late": when it is to be settled. */
static void put_due(atp_out_t *out, const atp_exception_row_t *row)
{
    char left[ATP_OUT_SPAN_SIZE];
    char text[ATP_OUT_SPAN_SIZE + 8];

    if (row->due_ms == 0 || row->settled_op != 0) {
        atp_out_none(out, NULL, "DUE");
        return;
    }
    atp_out_format_span(row->due_ms - atp_now_ms(), left);
    (void)snprintf(text, sizeof text, "in %s", left);
    atp_out_string(out, NULL, "DUE", row->is_overdue ? "overdue" : text);
}

static void put_row(atp_cli_t *cli, const atp_exception_row_t *row, bool has_state)
{
    atp_out_t *out = &cli->out;
    bool has_owner = atp_args_has(&cli->args, "owner") || atp_args_has(&cli->args, "beyond-sla");
    char ids[4 * ATP_ID_SIZE_MAX];
    char unknown[32];

    atp_out_row(out);
    atp_out_uint(out, "number", "NUMBER", row->number);
    atp_out_time(out, "time_ms", "TIME", row->time_ms);
    atp_out_uint(out, "op", "OP", row->op);
    atp_out_text(out, "kind", "KIND", row->kind);
    atp_out_string(out, "state", has_state ? "STATE" : NULL, state_text(row));
    atp_out_text(out, "owner", has_owner ? "OWNER" : NULL, row->owner);
    if (has_owner && !cli->is_json) {
        put_due(out, row);
    }
    atp_out_text(out, "source", "SOURCE", row->source);
    atp_out_text(out, "sku", "SKU", row->sku);
    atp_out_text(out, "node", "NODE", row->node);
    atp_out_qty(out, "qty", "QTY", row->qty, row->scale);
    atp_out_string(out, "verdict", "WHY", row->verdict != 0 ? atp_verdict_text(row->verdict, unknown) : "");
    if (cli->is_json) {
        put_json_rest(out, row);
        return;
    }
    format_ids(row, ids, sizeof ids);
    atp_out_string(out, NULL, "RESERVATIONS", ids);
}

/* ---- one in full, for people ---- */

static void print_text(const char *name, atp_text_t value)
{
    if (value.size == 0) {
        return;
    }
    (void)printf("  %-13s", name);
    atp_out_write_clean(stdout, value);
    (void)putchar('\n');
}

static void print_time(const char *name, int64_t time_ms, const char *more, uint64_t number)
{
    char time[ATP_OUT_TIME_SIZE];

    atp_out_format_time(time_ms, time);
    (void)printf("  %-13s%s%s%" PRIu64 "\n", name, time, more, number);
}

static void print_fact(const atp_exception_row_t *row)
{
    if (row->fact.size > 0) {
        print_text("fact", row->fact);
    } else if (row->fact_size > 0) {
        (void)printf("  %-13s%u bytes, not kept%s\n", "fact", row->fact_size,
                     row->settled_op == 0 ? ": the journal has it" : " any more");
    }
}

static void print_care(const atp_exception_row_t *row)
{
    char due[ATP_OUT_TIME_SIZE];

    print_text("owner", row->owner);
    if (row->due_ms != 0) {
        atp_out_format_time(row->due_ms, due);
        (void)printf("  %-13s%s%s\n", "due", due, row->is_overdue ? ", overdue" : "");
    }
}

static void print_edited(const atp_exception_row_t *row)
{
    if (row->edit_count > 0) {
        print_text("edited to", row->edited_fact);
        print_time("edited", row->edited_ms, ", op ", row->edited_op);
        print_text("by", row->edited_by);
        print_text("because", row->edit_cause);
    }
}

static void print_settled(const atp_exception_row_t *row)
{
    if (row->settled_op != 0) {
        print_time("settled", row->settled_ms, ", op ", row->settled_op);
        print_text("by", row->settled_by);
        print_text("because", row->cause);
    }
}

static void print_row(const atp_exception_row_t *row)
{
    char ids[4 * ATP_ID_SIZE_MAX];
    char unknown[32];
    char qty[ATP_QTY_TEXT_SIZE];

    (void)atp_qty_format(row->qty, row->scale, qty);
    format_ids(row, ids, sizeof ids);
    (void)printf("exception %" PRIu64 ": ", row->number);
    atp_out_write_clean(stdout, row->kind);
    (void)printf(", %s\n", state_text(row));
    if (row->verdict != 0) {
        print_text("why", atp_text_of(atp_verdict_text(row->verdict, unknown)));
    }
    print_text("sku", row->sku);
    print_text("node", row->node);
    print_text("qty", atp_text_of(qty));
    print_text("reservations", atp_text_of(ids));
    print_text("source", row->source);
    if (row->epoch != 0) {
        (void)printf("  %-13sepoch %" PRIu64 ", number %" PRIu64 "\n", "batch", row->epoch, row->sequence);
    }
    print_text("correlation", row->correlation);
    print_time("raised", row->time_ms, ", op ", row->op);
    if (row->count > 1) {
        print_time("tried last", row->last_ms, ", in all ", row->count);
    }
    print_care(row);
    print_fact(row);
    print_edited(row);
    print_settled(row);
}

/* ---- lists ---- */

static bool take_rows(void *context, const atp_answer_t *answer)
{
    listing_t *listing = context;
    const atp_exception_row_t *rows = atp_answer_exceptions(answer);
    uint32_t count = atp_answer_head(answer).row_count;

    for (uint32_t i = 0; i < count && listing->left > 0; i++, listing->left--) {
        if (listing->is_shown && !listing->cli->is_json) {
            print_row(&rows[i]);
        } else {
            put_row(listing->cli, &rows[i], atp_args_has(&listing->cli->args, "state"));
        }
    }
    return listing->left > 0;
}

/* What is not settled when nothing is said. */
static bool read_state(const atp_cli_t *cli, uint32_t *ret_states)
{
    static const uint32_t states[] = {1u << ATP_EXCEPTION_ROW_OPEN,
                                      1u << ATP_EXCEPTION_ROW_PARKED,
                                      1u << ATP_EXCEPTION_ROW_REPLAYED,
                                      1u << ATP_EXCEPTION_ROW_DISCARDED,
                                      0,
                                      1u << ATP_EXCEPTION_ROW_OPEN | 1u << ATP_EXCEPTION_ROW_PARKED};
    unsigned index = 5;

    if (atp_args_has(&cli->args, "state") && !atp_args_choice(&cli->args, "state", &index)) {
        return false;
    }
    *ret_states = states[index];
    return true;
}

/* Nothing is shown; that nothing waits is known only if all was asked for. */
static void note_empty(const atp_cli_t *cli)
{
    static const char *const filters[] = {"state", "kind",       "source",    "sku",
                                          "owner", "older-than", "beyond-sla"};
    bool is_filtered = false;

    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        is_filtered = is_filtered || atp_args_has(&cli->args, filters[i]);
    }
    atp_cli_note(cli, is_filtered ? "none like that: atp exceptions shows all that wait"
                                  : "no exceptions: nothing waits for a decision");
}

static int list(atp_cli_t *cli)
{
    atp_page_ask_t ask = {.cursor = 0};
    listing_t listing = {.cli = cli, .left = UINT64_MAX};
    uint64_t most = 0;

    if (!atp_args_count(&cli->args, "limit", 1, UINT32_MAX, &most) || !read_state(cli, &ask.states) ||
        !atp_args_duration(&cli->args, "older-than", 1, &ask.older_than_ms) ||
        !atp_args_id(&cli->args, "kind", &ask.kind) || !atp_args_id(&cli->args, "source", &ask.source) ||
        !atp_args_id(&cli->args, "sku", &ask.sku) || !atp_args_id(&cli->args, "owner", &ask.owner)) {
        return ATP_CLI_USAGE;
    }
    ask.beyond_sla = atp_args_has(&cli->args, "beyond-sla");
    listing.left = most != 0 ? most : UINT64_MAX;
    int status = atp_pages_walk(cli, atp_client_exceptions, &ask, most, take_rows, &listing);
    bool is_empty = cli->out.row_count == 0;
    atp_out_end(&cli->out);
    if (status == ATP_CLI_DONE && is_empty) {
        note_empty(cli);
    }
    return status;
}

/* ---- about one ---- */

static bool read_number(const atp_cli_t *cli, uint64_t *ret_number)
{
    const char *word = cli->args.words[1];
    char *end;

    *ret_number = strtoull(word, &end, 10);
    if (word[0] < '0' || word[0] > '9' || *end != '\0' || *ret_number == 0) {
        (void)atp_cli_usage(cli->cmd, "'%.80s' is not the number of an exception", word);
        return false;
    }
    return true;
}

/* The first of the page that begins with it is it, or it is no more. */
static int show(atp_cli_t *cli)
{
    atp_page_ask_t ask = {.limit = 1};
    listing_t listing = {.cli = cli, .left = 1, .is_shown = true};
    atp_answer_t *answer = NULL;
    uint64_t number;
    int status;

    if (!read_number(cli, &number)) {
        return ATP_CLI_USAGE;
    }
    ask.cursor = number - 1;
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    atp_err_t err = atp_client_exceptions(cli->handle, &ask, &answer);
    if (err != ATP_OK) {
        return atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
    }
    atp_answer_head_t head = atp_answer_head(answer);
    if (head.verdict != ATP_APPLIED) {
        status = atp_session_refused(cli, &head);
    } else if (head.row_count == 0 || atp_answer_exceptions(answer)[0].number != number) {
        status = atp_cli_fail(cli, ATP_CLI_REFUSED, atp_verdict_name(ATP_UNKNOWN_EXCEPTION),
                              "there is no exception %" PRIu64 ", or it had to make room", number);
    } else {
        (void)take_rows(&listing, answer);
        atp_out_end(&cli->out);
        status = ATP_CLI_DONE;
    }
    atp_answer_free(answer);
    return status;
}

static int settle(atp_cli_t *cli, atp_settle_t how)
{
    static const char *const done[][2] = {[ATP_SETTLE_REPLAY] = {"replayed", "replay"},
                                          [ATP_SETTLE_DISCARD] = {"discarded", "discard"},
                                          [ATP_SETTLE_EDIT] = {"edited", "edit"}};
    atp_command_t command = {.kind = ATP_OP_SETTLE_EXCEPTION, .subject = atp_text_of(cli->args.words[1])};
    atp_act_id_t room;
    uint64_t number;

    if (!read_number(cli, &number) || !atp_act_identify(cli, &command, &room) ||
        !atp_with_flag_as(cli, "reason", ATP_KEY_CAUSE) || !atp_with_flag(cli, "reservation") ||
        !atp_with_flag(cli, "unit") || !atp_act_lines(cli, 2, &command)) {
        return ATP_CLI_USAGE;
    }
    atp_with_number(cli, ATP_KEY_SETTLE, how);
    int status = ATP_CLI_USAGE;
    if (how != ATP_SETTLE_REPLAY && !atp_args_has(&cli->args, "reason")) {
        (void)atp_cli_usage(cli->cmd, "%s needs --reason: what will whoever reads this next month ask?",
                            done[how][1]);
    } else if (atp_with_take(cli, &command)) {
        status = atp_act_on_subject(cli, &command, done[how][0]);
    }
    free((void *)(uintptr_t)command.lines);
    return status;
}

static int exceptions(atp_cli_t *cli)
{
    const char *what = cli->args.word_count > 0 ? cli->args.words[0] : "list";

    if (strcmp(what, "list") == 0 && cli->args.word_count <= 1) {
        return list(cli);
    }
    bool takes_lines = strcmp(what, "replay") == 0 || strcmp(what, "edit") == 0;
    if (cli->args.word_count < 2 || (cli->args.word_count > 2 && !takes_lines)) {
        return atp_cli_usage(cli->cmd, "list, show NUMBER, edit NUMBER [SKU@NODE=QTY...], "
                                       "replay NUMBER [SKU@NODE=QTY...] or discard NUMBER");
    }
    if (strcmp(what, "show") == 0) {
        return show(cli);
    }
    if (strcmp(what, "replay") == 0) {
        return settle(cli, ATP_SETTLE_REPLAY);
    }
    if (strcmp(what, "discard") == 0) {
        return settle(cli, ATP_SETTLE_DISCARD);
    }
    if (strcmp(what, "edit") == 0) {
        return settle(cli, ATP_SETTLE_EDIT);
    }
    return atp_cli_usage(cli->cmd, "'%.80s' is not list, show, edit, replay or discard", what);
}

static const atp_flag_t flags[] = {
    {"state", "STATE", "open|parked|replayed|discarded|all", "list: in that state (open and parked)"},
    {"kind", "KIND", NULL, "list: of that kind"},
    {"source", "SOURCE", NULL, "list: told by that source"},
    {"sku", "SKU", NULL, "list: about that SKU"},
    {"older-than", "TIME", NULL, "list: raised at least this long ago"},
    {"owner", "OWNER", NULL, "list: that OWNER is to settle"},
    {"beyond-sla", NULL, NULL, "list: not settled within the time of their owner"},
    {"limit", "N", NULL, "list: at most so many rows, the oldest first"},
    {"reason", "TEXT", NULL, "discard, edit: why; replay: why so, if there is something to say"},
    {"reservation", "ID", NULL, "edit, replay: the reservation that the fact should have named"},
    {"unit", "UNIT", NULL, "edit, replay: the unit that it should have been told in"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {"atp exceptions",
                                       "atp exceptions list --kind fact_refused --source wms --older-than 1h",
                                       "atp exceptions show 17",
                                       "atp exceptions list --owner stock-control --beyond-sla",
                                       "atp exceptions edit 17 bike-28@berlin=3 --reason 'SKU misspelt'",
                                       "atp exceptions replay 17",
                                       "atp exceptions replay 17 bike-28@berlin=3 --reason 'SKU misspelt'",
                                       "atp exceptions discard 17 --reason 'counted since'",
                                       NULL};

const atp_cmd_t atp_cmd_exceptions = {
    .name = "exceptions",
    .group = "Operate",
    .synopsis = "[list | show NUMBER | edit NUMBER [SKU@NODE=QTY...] --reason TEXT | replay NUMBER "
                "[SKU@NODE=QTY...] | "
                "discard NUMBER --reason TEXT]",
    .summary = "What a person or a rule must settle",
    .about =
        "fact_refused: a fact could not be applied; it is kept as it was told. When what it lacked is "
        "there, replay\n"
        "applies it, once, however often it is asked; with lines, as it should have been told. edit puts it "
        "right\n"
        "and leaves it open: the fact as it was told is kept beside, and replay applies the edited one. "
        "over_commitment:\n"
        "reality took stock away that was promised; the reservations hit are named. What keeps no fact, "
        "and\n"
        "what will not be applied, is discarded, with a reason.",
    .word_max = 2 + ATP_LINES_PER_OP_MAX,
    .flags = flags,
    .examples = examples,
    .kind = ATP_OP_SETTLE_EXCEPTION,
    .run = exceptions,
};
