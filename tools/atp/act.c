#include "tools/atp/act.h"
#include "tools/atp/rows/pages.h"

#include "engine/base/attribute.h"

#include "tools/atp/commands/cmds.h"
#include "tools/atp/session.h"
#include "tools/atp/with.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool atp_act_identify(const atp_cli_t *cli, atp_command_t *command, atp_act_id_t *ret_room)
{
    uint64_t issued_ms = 0;

    atp_make_id(ret_room->made);
    command->id = atp_text_of(ret_room->made);
    if (!atp_args_id(&cli->args, "id", &command->id) ||
        !atp_args_count(&cli->args, "issued", 1, INT64_MAX, &issued_ms)) {
        return false;
    }
    command->issued_ms = issued_ms != 0 ? (int64_t)issued_ms : atp_now_ms();
    return true;
}

bool atp_act_lines(const atp_cli_t *cli, unsigned from, atp_command_t *command)
{
    bool may_be_open = command->kind == ATP_OP_RESERVE || command->kind == ATP_OP_EDIT ||
                       atp_command_is_plain((unsigned)command->kind);
    unsigned count = cli->args.word_count > from ? cli->args.word_count - from : 0;

    if (count > ATP_LINES_PER_OP_MAX) {
        (void)atp_cli_usage(cli->cmd, "%u lines are too many: a request has at most %d lines", count,
                            ATP_LINES_PER_OP_MAX);
        return false;
    }
    atp_command_line_t *lines = atp_cli_alloc(count, sizeof *lines);
    for (unsigned i = 0; i < count; i++) {
        if (!atp_args_line(&cli->args, cli->args.words[from + i], may_be_open, &lines[i])) {
            free(lines);
            return false;
        }
    }
    command->lines = lines;
    command->line_count = count;
    return true;
}

/* ---- refusals ---- */

/* What to do about a verdict. `$` stands for the SKU of the line at fault, `@` for its node, `#` for the reservation; without
 * it the hint is not given. */
typedef struct hint {
    unsigned verdict;
    unsigned kind; /* of the command; 0 = any. The first that fits is given */
    const char *text;
} hint_t;

static const hint_t hints[] = {
    {ATP_NOT_ENOUGH_AVAILABLE, 0, "See what there is: atp avail $ --per-node --explain"},
    {ATP_NODE_AT_CAPACITY, 0, "See what is booked of its day: atp node show @"},
    {ATP_CHANNEL_NOT_OPEN, 0, "See the channels: atp channel list"},
    {ATP_ABOVE_CAP, 0, "See the rules: atp rule list"},
    {ATP_RULE_INVALID, ATP_OP_QUOTA, "See what there is of its SKU or tag: atp quota list"},
    {ATP_RULE_INVALID, ATP_OP_RULE, "See the rules: atp rule list"},
    {ATP_UNKNOWN_GROUP, 0, "See the groups: atp group list"},
    {ATP_NOT_FOR_SALE, 0, "See the limits: atp limit list"},
    {ATP_BELOW_MINIMUM, 0, "See the quantities of a line: atp limit list, atp channel list, atp rule list"},
    {ATP_ABOVE_MAXIMUM, 0, "See the quantities of a line: atp limit list, atp channel list, atp rule list"},
    {ATP_NOT_IN_INCREMENTS, 0,
     "See the quantities of a line: atp limit list, atp channel list, atp rule list"},
    {ATP_UNKNOWN_SKU, 0, "Make it known: atp sku put $"},
    {ATP_UNKNOWN_NODE, 0, "See the nodes: atp node list"},
    {ATP_NODE_NOT_OPEN, 0, "See the nodes: atp node list"},
    {ATP_UNKNOWN_CHANNEL, 0, "See the channels: atp channel list"},
    {ATP_UNKNOWN_RESERVATION, 0, "See what is reserved: atp reservations"},
    {ATP_UNAUTHORISED, 0, "Show a token: --token TEXT, or ATP_TOKEN"},
    {ATP_UNAVAILABLE, 0, "The disk of the engine may be full: see its log, and atp stat"},
    {ATP_TOO_MANY_IDS, 0, "Use another client name: --client NAME"},
    {ATP_ALREADY_ALLOCATED, ATP_OP_ALLOCATE, "Nothing to do: it is so already. See: atp show #"},
    {ATP_ALREADY_ALLOCATED, ATP_OP_EXTEND, "Nothing to do: what is allocated has no deadline"},
    {ATP_ALREADY_ALLOCATED, ATP_OP_RELEASE, "To give up an allocation: atp cancel #"},
    {ATP_ALREADY_RELEASED, ATP_OP_RELEASE, "Nothing to do: it is so already"},
    {ATP_ALREADY_CANCELLED, ATP_OP_CANCEL, "Nothing to do: it is so already"},
    {ATP_ALREADY_SHIPPED, ATP_OP_SHIP, "Nothing to do: it is so already"},
    {ATP_NOT_ALLOCATED, ATP_OP_SHIP, "Allocate it first: atp allocate #"},
    {ATP_NOT_ALLOCATED, ATP_OP_CANCEL, "To give up what is only reserved: atp release #"},
    {ATP_NOT_THAT_MANY, 0, "See what it has: atp show #"},
};

static const char *find_hint(unsigned verdict, unsigned kind)
{
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if (hints[i].verdict == verdict && (hints[i].kind == 0 || hints[i].kind == kind)) {
            return hints[i].text;
        }
    }
    return NULL;
}

static void print_hint(const atp_command_t *command, const atp_result_t *result)
{
    const char *text = find_hint(result->verdict, command->kind);
    const char *at = text != NULL ? strpbrk(text, "$@#") : NULL;
    atp_text_t subject = {"", 0};

    if (at != NULL && *at == '#') {
        subject = command->reservation;
    } else if (at != NULL && result->field == ATP_FIELD_SUBJECT) {
        subject = command->subject;
    } else if (at != NULL && result->line < command->line_count) {
        const atp_command_line_t *line = &command->lines[result->line];
        subject = *at == '$' ? line->sku : line->node;
    }
    if (text == NULL || (at != NULL && subject.size == 0)) {
        return;
    }
    size_t before = at != NULL ? (size_t)(at - text) : strlen(text);
    (void)fwrite(text, 1, before, stderr);
    atp_out_write_clean(stderr, subject);
    (void)fputs(at != NULL ? at + 1 : "", stderr);
    if (result->verdict == ATP_NOT_ENOUGH_AVAILABLE && command->channel.size > 0) {
        (void)fputs(" --channel ", stderr);
        atp_out_write_clean(stderr, command->channel);
    }
    (void)fputc('\n', stderr);
}

static void print_place(const atp_command_t *command, const atp_result_t *result, char *ret_text, size_t size)
{
    const atp_command_line_t *line =
        result->line < command->line_count ? &command->lines[result->line] : NULL;
    char qty[ATP_QTY_TEXT_SIZE];

    ret_text[0] = '\0';
    if (result->field == ATP_FIELD_SUBJECT && command->subject.size > 0) {
        (void)snprintf(ret_text, size, " (%.*s)", (int)command->subject.size, command->subject.bytes);
        return;
    }
    bool is_of_op =
        result->key != ATP_KEY_NONE && !result->is_of_line && result->line == 0 && command->line_count > 1;
    if (line == NULL || result->field == ATP_FIELD_RESERVATION || is_of_op) {
        return;
    }
    (void)atp_qty_format(line->mantissa, line->decimals, qty);
    if (line->node.size == 0 || line->sku.size == 0) {
        const atp_text_t *subject = line->sku.size > 0 ? &line->sku : &line->node;
        (void)snprintf(ret_text, size, " (%.*s)", (int)subject->size, subject->bytes);
        return;
    }
    (void)snprintf(ret_text, size, " (%.*s@%.*s=%s)", (int)line->sku.size, line->sku.bytes,
                   (int)line->node.size, line->node.bytes, qty);
}

/* An id used before: tells what was answered then. */
static void note_first_answer(atp_cli_t *cli, const atp_command_t *command)
{
    atp_outcome_ask_t ask = {
        .space = command->kind == ATP_OP_RESERVE ? ATP_OUTCOME_RESERVATION : ATP_OUTCOME_REQUEST,
        .id = command->id,
    };
    atp_result_t first;
    char unknown[32];

    if (atp_client_outcome(cli->handle, &ask, 1, &first, NULL, NULL) == ATP_OK &&
        first.verdict != ATP_UNKNOWN_ID) {
        (void)fprintf(stderr,
                      "The first answer to this id was: %s, op %" PRIu64
                      ". To send the very same again, give its --issued; for another request, another --id\n",
                      atp_verdict_text(first.verdict, unknown), first.op);
    }
}

/* What another source claims: by which. The answer says its number. */
typedef struct holder {
    const atp_cli_t *cli;
    int64_t number;
} holder_t;

static bool note_holder(void *context, const atp_answer_t *answer)
{
    const holder_t *holder = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        if (entries[i].value == holder->number) {
            atp_cli_note(holder->cli, "it is taken by %.*s: atp source show %.*s", (int)entries[i].id.size,
                         entries[i].id.bytes, (int)entries[i].id.size, entries[i].id.bytes);
            return false;
        }
    }
    return true;
}

static void note_authority(atp_cli_t *cli, const atp_result_t *result)
{
    holder_t holder = {cli, result->line};
    atp_page_ask_t ask = {.what = ATP_CATALOG_SOURCES};

    (void)atp_pages_walk(cli, atp_client_catalog, &ask, 0, note_holder, &holder);
}

static const char *stale_text(const atp_result_t *result)
{
    return result->is_stale ? "; stale: the source that counts at a node asked is silent" : "";
}

/* Of the attribute at fault; NULL: there is none. */
static const char *key_name(const atp_result_t *result)
{
    const atp_attribute_rule_t *rule = result->key != ATP_KEY_NONE ? atp_attribute_rule(result->key) : NULL;

    return rule != NULL ? rule->name : NULL;
}

int atp_act_refused(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result)
{
    char unknown[32];
    char place[2 * ATP_ID_SIZE_MAX + 64];
    const char *field = result->field != ATP_FIELD_NONE ? atp_field_name(result->field) : NULL;
    const char *key = key_name(result);

    print_place(command, result, place, sizeof place);
    (void)fflush(stdout);
    (void)fprintf(stderr, "atp: refused: %s: %s%s%s%s%s%s%s\n", atp_verdict_text(result->verdict, unknown),
                  atp_verdict_advice(result->verdict), field != NULL ? "; at " : "",
                  field != NULL ? field : "", key != NULL ? " " : "", key != NULL ? key : "", place,
                  stale_text(result));
    if (result->verdict == ATP_CONFLICT) {
        note_first_answer(cli, command);
    } else if (result->verdict == ATP_AUTHORITY_TAKEN) {
        note_authority(cli, result);
    } else {
        print_hint(command, result);
    }
    return ATP_CLI_REFUSED;
}

/* ---- answers ---- */

static json_t *json_lines(const atp_command_t *command, const atp_result_t *result,
                          const atp_grants_t *grants)
{
    json_t *lines = json_array();
    bool is_single = command->line_count == 1;

    for (uint32_t i = 0; i < command->line_count; i++) {
        const atp_command_line_t *line = &command->lines[i];
        json_t *object = json_object();
        (void)json_object_set_new(object, "sku", atp_json_text(line->sku));
        (void)json_object_set_new(object, "node", atp_json_text(line->node));
        (void)json_object_set_new(object, "asked", atp_json_qty(line->mantissa, line->decimals));
        if (i < result->line_count && i < grants->count) {
            (void)json_object_set_new(object, "granted",
                                      atp_json_qty(grants->items[i].qty, grants->items[i].scale));
        } else if (is_single && atp_verdict_is_success(result->verdict)) {
            (void)json_object_set_new(object, "granted", atp_json_qty(result->qty, result->scale));
        }
        (void)json_array_append_new(lines, object);
    }
    return lines;
}

/* What every answer to a command has in JSON. */
static void put_result(atp_out_t *out, const atp_command_t *command, const atp_result_t *result)
{
    char unknown[32];

    atp_out_string(out, "verdict", NULL, atp_verdict_text(result->verdict, unknown));
    atp_out_text(out, "id", NULL, command->id);
    atp_out_uint(out, "op", NULL, result->op);
    atp_out_int(out, "issued_ms", NULL, command->issued_ms);
    atp_out_bool(out, "is_repeat", result->is_repeat != 0);
    if (result->is_stale) {
        atp_out_bool(out, "is_stale", true);
    }
    if (!atp_verdict_is_success(result->verdict)) {
        atp_out_string(out, "message", NULL, atp_verdict_advice(result->verdict));
        if (result->field != ATP_FIELD_NONE && atp_field_name(result->field) != NULL) {
            atp_out_string(out, "field", NULL, atp_field_name(result->field));
        }
        if (key_name(result) != NULL) {
            atp_out_string(out, "attribute", NULL, key_name(result));
            atp_out_bool(out, "is_of_line", result->is_of_line != 0);
        }
        atp_out_int(out, "line", NULL, result->line);
    }
}

/* Which node gives how much to which line, where the ledger chose. */
static json_t *json_plan(const atp_result_t *result, const atp_grants_t *grants)
{
    json_t *plan = json_array();

    for (uint32_t i = result->line_count; i < grants->count; i++) {
        const atp_grant_t *part = &grants->items[i];
        json_t *object = json_object();
        (void)json_object_set_new(object, "line", atp_json_uint(part->line));
        (void)json_object_set_new(object, "sku", atp_json_text(part->sku_id));
        (void)json_object_set_new(object, "node", atp_json_text(part->node_id));
        (void)json_object_set_new(object, "qty", atp_json_qty(part->qty, part->scale));
        (void)json_array_append_new(plan, object);
    }
    return plan;
}

static void put_plan(atp_out_t *out, const atp_command_t *command, const atp_result_t *result,
                     const atp_grants_t *grants)
{
    bool is_move = command->kind == ATP_OP_REASSIGN;

    for (uint32_t i = result->line_count; i < grants->count; i++) {
        const atp_grant_t *part = &grants->items[i];
        atp_out_row(out);
        if (!is_move) {
            atp_out_uint(out, NULL, "LINE", part->line + 1u);
        }
        atp_out_text(out, NULL, "SKU", part->sku_id);
        atp_out_text(out, NULL, is_move ? "TO" : "FROM", part->node_id);
        atp_out_qty(out, NULL, "QTY", part->qty, part->scale);
    }
    atp_out_end(out);
}

static void put_reservation_json(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result,
                                 const atp_grants_t *grants)
{
    atp_out_t *out = &cli->out;
    bool is_reserve = command->kind == ATP_OP_RESERVE;

    atp_out_row(out);
    atp_out_text(out, "reservation", NULL, is_reserve ? command->id : command->reservation);
    put_result(out, command, result);
    if (atp_verdict_is_success(result->verdict)) {
        atp_out_qty(out, "qty", NULL, result->qty, result->scale);
        if (is_reserve || command->kind == ATP_OP_EXTEND) {
            atp_out_time(out, "deadline_ms", NULL, result->deadline_ms);
        }
    }
    atp_out_json(out, "lines", json_lines(command, result, grants));
    if (result->plan_count > 0) {
        atp_out_json(out, "plan", json_plan(result, grants));
    }
    if (command->explains) {
        atp_out_json(out, "account", atp_explain_json_account(command, &grants->account));
        atp_out_bool(out, "account_is_cut", result->is_cut != 0);
    }
    atp_out_end(out);
}

static void put_reservation_lines(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result,
                                  const atp_grants_t *grants, const char *done)
{
    atp_out_t *out = &cli->out;
    /* A request for a step is done on every line as asked, or refused. */
    bool is_whole = command->kind != ATP_OP_RESERVE && !command->is_fact && result->verdict == ATP_APPLIED;
    char header[32];
    size_t size = strlen(done) < sizeof header ? strlen(done) : sizeof header - 1;

    for (size_t i = 0; i < size; i++) {
        header[i] = (char)(done[i] - ('a' - 'A'));
    }
    header[size] = '\0';
    for (uint32_t i = 0; i < command->line_count; i++) {
        const atp_command_line_t *line = &command->lines[i];
        atp_out_row(out);
        atp_out_text(out, NULL, "SKU", line->sku);
        atp_out_text(out, NULL, "NODE", line->node);
        atp_out_qty(out, NULL, "ASKED", line->mantissa, line->decimals);
        if (i < result->line_count && i < grants->count) {
            atp_out_qty(out, NULL, header, grants->items[i].qty, grants->items[i].scale);
        } else if (command->line_count == 1) {
            atp_out_qty(out, NULL, header, result->qty, result->scale);
        } else if (is_whole) {
            atp_out_qty(out, NULL, header, line->mantissa, line->decimals);
        } else {
            atp_out_none(out, NULL, header);
        }
    }
    atp_out_end(out);
}

static void put_reservation_table(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result,
                                  const atp_grants_t *grants, const char *done)
{
    bool is_reserve = command->kind == ATP_OP_RESERVE;
    atp_text_t name = is_reserve ? command->id : command->reservation;
    char deadline[ATP_OUT_TIME_SIZE];
    char left[ATP_OUT_SPAN_SIZE];

    if (cli->is_quiet) {
        if (is_reserve) {
            (void)printf("%.*s\n", (int)name.size, name.bytes);
        }
        return;
    }
    (void)printf("%s%s ", done, result->verdict == ATP_APPLIED_IN_PART ? " in part" : "");
    const atp_attribute_t *order = atp_attributes_find(command, ATP_KEY_ORDER_ID, ATP_WHOLE_OP);
    if (name.size == 0 && order != NULL) {
        name = order->text;
    }
    atp_out_write_clean(stdout, name.size > 0 ? name : ATP_TEXT("without a reservation"));
    if (result->deadline_ms != 0) {
        atp_out_format_time(result->deadline_ms, deadline);
        atp_out_format_span(result->deadline_ms - atp_now_ms(), left);
        (void)printf(", until %s (%s)", deadline, left);
    }
    if (result->ready_ms != 0) {
        atp_out_format_time(result->ready_ms, deadline);
        (void)printf(", ready %s", deadline);
    }
    (void)printf(", op %" PRIu64 "%s%s%s\n", result->op,
                 result->verdict == ATP_CONFIRMED ? "; it was so already" : "",
                 result->is_repeat ? "; asked before, this is the first answer" : "", stale_text(result));
    if (command->kind != ATP_OP_REASSIGN) { /* where they are now says it */
        put_reservation_lines(cli, command, result, grants, done);
    }
    put_plan(&cli->out, command, result, grants);
}

/* How the answer to one command is printed when it is a success, or JSON is asked for. */
typedef void (*put_answer_fn)(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result,
                              const atp_grants_t *grants, const char *done);

/* atp_client_call, or atp_client_promise. */
typedef atp_err_t (*call_fn)(atp_client_t *client, const atp_command_t *command, atp_result_t *ret_result,
                             atp_grants_t *grants, atp_as_of_t *ret_as_of);

/* Sends one command and tells its answer, with room for its lines and plan. */
static int act_on_one(atp_cli_t *cli, atp_command_t *command, call_fn call, put_answer_fn put_answer,
                      const char *done)
{
    atp_grants_t grants = {.capacity = ATP_GRANTS_PER_OP_MAX,
                           .text_capacity = ATP_GRANTS_PER_OP_MAX * 2 * ATP_ID_SIZE_MAX};
    atp_result_t result;
    int status;

    if (!atp_with_take(cli, command)) {
        return ATP_CLI_USAGE;
    }
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    const atp_attribute_t *explain = atp_attributes_find(command, ATP_KEY_EXPLAIN, ATP_WHOLE_OP);
    command->explains = command->explains || (explain != NULL && explain->number == 1);
    if (command->explains) {
        grants.account.capacity = ATP_EXPLAIN_PARTS_MAX;
        grants.text_capacity += ATP_EXPLAIN_PARTS_MAX * 2 * ATP_ID_SIZE_MAX;
    }
    grants.items = atp_cli_alloc(grants.capacity, sizeof *grants.items);
    grants.account.parts = atp_cli_alloc(grants.account.capacity, sizeof *grants.account.parts);
    grants.texts = atp_cli_alloc(grants.text_capacity, 1);
    atp_err_t err = call(cli->handle, command, &result, &grants, NULL);
    grants.count = grants.count < grants.capacity ? grants.count : grants.capacity;
    if (err == ATP_OK && command->explains && !cli->is_json && !cli->is_quiet) {
        atp_explain_put_account(cli, command, &result, &grants.account);
    }
    if (err != ATP_OK) {
        status = atp_session_fail(cli, cli->handle, err, command->id);
    } else if (cli->is_json || atp_verdict_is_success(result.verdict)) {
        put_answer(cli, command, &result, &grants, done);
        status = ATP_CLI_DONE;
    }
    if (err == ATP_OK && !atp_verdict_is_success(result.verdict)) {
        status = atp_act_refused(cli, command, &result);
    }
    free(grants.items);
    free(grants.account.parts);
    free(grants.texts);
    return status;
}

static void put_reservation(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result,
                            const atp_grants_t *grants, const char *done)
{
    if (cli->is_json) {
        put_reservation_json(cli, command, result, grants);
    } else {
        put_reservation_table(cli, command, result, grants, done);
    }
}

int atp_act_on_reservation(atp_cli_t *cli, atp_command_t *command, const char *done)
{
    return act_on_one(cli, command, atp_client_call, put_reservation, done);
}

/* ---- promises ---- */

static void put_promise(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result,
                        const atp_grants_t *grants, const char *done)
{
    if (cli->is_json) {
        put_reservation_json(cli, command, result, grants);
        return;
    }
    if (!cli->is_quiet) {
        (void)printf("%s%s, as of op %" PRIu64 "%s\n", done,
                     result->verdict == ATP_APPLIED_IN_PART ? " in part" : "", result->op,
                     stale_text(result));
        put_reservation_lines(cli, command, result, grants, done);
        put_plan(&cli->out, command, result, grants);
    }
}

int atp_act_promise(atp_cli_t *cli, atp_command_t *command)
{
    return act_on_one(cli, command, atp_client_promise, put_promise, "promised");
}

/* ---- subjects ---- */

static void put_subject(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result,
                        const atp_grants_t *grants, const char *done)
{
    atp_out_t *out = &cli->out;

    if (cli->is_quiet && !cli->is_json) {
        return;
    }
    if (cli->is_json) {
        atp_out_row(out);
        atp_out_string(out, "kind", NULL, atp_op_kind_name((unsigned)command->kind));
        atp_out_text(out, "subject", NULL, command->subject);
        put_result(out, command, result);
        if (atp_verdict_is_success(result->verdict)) {
            atp_out_qty(out, "qty", NULL, result->qty, result->scale);
        }
        atp_out_json(out, "lines", json_lines(command, result, grants));
        atp_out_json(out, "plan", json_plan(result, grants));
        atp_out_end(out);
        return;
    }
    (void)printf("%s%s ", done, result->verdict == ATP_APPLIED_IN_PART ? " in part" : "");
    atp_out_write_clean(stdout, command->subject);
    (void)printf("%sop %" PRIu64 "%s%s\n", command->subject.size > 0 ? ", " : "", result->op,
                 result->verdict == ATP_CONFIRMED ? "; it was so already" : "",
                 result->is_repeat ? "; asked before, this is the first answer" : "");
    if (command->kind != ATP_OP_SETTLE_EXCEPTION || result->qty != 0) { /* an edit moves nothing */
        put_reservation_lines(cli, command, result, grants, done);
    }
    put_plan(out, command, result, grants);
}

int atp_act_on_subject(atp_cli_t *cli, atp_command_t *command, const char *done)
{
    return act_on_one(cli, command, atp_client_call, put_subject, done);
}

/* ---- rows ---- */

static void put_change(atp_out_t *out, const atp_command_t *command, const atp_result_t *result)
{
    bool is_safety = command->kind == ATP_OP_SAFETY;
    const char *key = is_safety ? "safety" : "change";
    const char *header = is_safety ? "SAFETY" : "CHANGE";

    if (atp_verdict_is_success(result->verdict)) {
        atp_out_qty(out, key, header, result->qty, result->scale);
    } else {
        atp_out_none(out, key, header);
    }
}

static void put_row(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result)
{
    atp_out_t *out = &cli->out;
    char unknown[32];

    atp_out_row(out);
    if (cli->is_json) {
        put_result(out, command, result);
    } else {
        atp_out_string(out, NULL, "VERDICT", atp_verdict_text(result->verdict, unknown));
        atp_out_uint(out, NULL, "OP", result->op);
    }
    if (command->kind == ATP_OP_CHANNEL) {
        atp_out_text(out, "channel", "CHANNEL", command->channel);
        return;
    }
    if (command->kind != ATP_OP_NODE) {
        atp_out_text(out, "sku", "SKU", command->lines[0].sku);
    }
    if (command->kind != ATP_OP_SKU) {
        atp_out_text(out, "node", "NODE", command->lines[0].node);
    }
    if (command->kind >= ATP_OP_RECEIVE || command->kind == ATP_OP_SAFETY) {
        put_change(out, command, result);
    }
}

/* Refusals go to standard error alone, but in JSON, where each command has its object. */
static int tell_rows(atp_cli_t *cli, const atp_command_t *commands, const atp_result_t *results,
                     uint32_t count)
{
    int status = ATP_CLI_DONE;

    for (uint32_t i = 0; i < count; i++) {
        bool is_told = cli->is_json || (!cli->is_quiet && atp_verdict_is_success(results[i].verdict));
        if (is_told) {
            put_row(cli, &commands[i], &results[i]);
        }
    }
    atp_out_end(&cli->out);
    for (uint32_t i = 0; i < count; i++) {
        if (!atp_verdict_is_success(results[i].verdict)) {
            status = atp_act_refused(cli, &commands[i], &results[i]);
        }
    }
    return status;
}

int atp_act_on_rows(atp_cli_t *cli, atp_command_t *commands, uint32_t count)
{
    int status;

    if (!atp_with_take(cli, &commands[0])) {
        return ATP_CLI_USAGE;
    }
    for (uint32_t i = 1; i < count; i++) {
        commands[i].attributes = commands[0].attributes;
        commands[i].attribute_count = commands[0].attribute_count;
    }
    atp_result_t *results = atp_cli_alloc(count, sizeof *results);
    if (atp_session_open(cli, &status)) {
        atp_err_t err = atp_client_call_many(cli->handle, commands, count, results, NULL, NULL);
        status = err == ATP_OK ? tell_rows(cli, commands, results, count)
                               : atp_session_fail(cli, cli->handle, err, commands[0].id);
    }
    free(results);
    return status;
}
