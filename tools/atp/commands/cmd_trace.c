/* atp trace: what was done under a correlation id, or to a reservation, from the engine's journal. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/session.h"

#include "engine/base/verdict.h"

#include <stdio.h>
#include <stdlib.h>

#define CHANGED_SIZE (3 * ATP_QTY_TEXT_SIZE + 2 * ATP_ID_SIZE_MAX + 64)

/* Which columns the trace needs: most ops have changed nothing that is told, and raised nothing. */
typedef struct columns {
    bool has_changes;
    bool has_exceptions;
    bool has_again;
} columns_t;

static columns_t columns_of(const atp_cli_t *cli, const atp_trace_row_t *rows, uint32_t count)
{
    columns_t columns = {cli->is_json, cli->is_json, cli->is_json};

    for (uint32_t i = 0; i < count; i++) {
        columns.has_changes = columns.has_changes || rows[i].places > 0;
        columns.has_exceptions = columns.has_exceptions || rows[i].exception > 0;
        columns.has_again = columns.has_again || rows[i].again > 0;
    }
    return columns;
}

/* What a fact waits for, by the verdict of its batch. */
static const char *waits_for(uint8_t verdict)
{
    return verdict == ATP_BUSY ? "rate" : verdict == ATP_SOURCE_PAUSED ? "pause" : "gap";
}

static void put_verdict(atp_out_t *out, const atp_trace_row_t *row)
{
    char unknown[32];
    char waits[32];

    if (row->op == 0) {
        (void)snprintf(waits, sizeof waits, "waits (%s)", waits_for(row->verdict));
        atp_out_string(out, NULL, "VERDICT", waits);
        atp_out_string(out, "verdict", NULL, atp_verdict_text(row->verdict, unknown));
        atp_out_string(out, "waits_for", NULL, waits_for(row->verdict));
        return;
    }
    atp_out_string(out, "verdict", "VERDICT",
                   row->verdict != ATP_UNKNOWN_ID ? atp_verdict_text(row->verdict, unknown) : "");
}

/* ---- what it changed ---- */

/* Adds " bucket +N" where that is not 0; returns the size of the text. */
static size_t add_bucket(char *text, size_t size, const char *bucket, atp_qty_t qty, uint8_t scale)
{
    char number[ATP_QTY_TEXT_SIZE];

    if (qty == 0) {
        return size;
    }
    (void)atp_qty_format(qty, scale, number);
    return size + (size_t)snprintf(text + size, CHANGED_SIZE - size, "%s%s %s%s", size > 0 ? " " : "", bucket,
                                   qty > 0 ? "+" : "", number);
}

/* "on_hand -2 allocated -2", with the place where that is not the row's own, and how many there are beside it. */
static void say_changes(const atp_trace_row_t *row, char text[CHANGED_SIZE])
{
    bool is_own = atp_text_equal(row->sku, row->changed_sku) && atp_text_equal(row->node, row->changed_node);
    size_t size = 0;

    size = add_bucket(text, size, "on_hand", row->on_hand, row->changed_scale);
    size = add_bucket(text, size, "unavailable", row->unavailable, row->changed_scale);
    size = add_bucket(text, size, "allocated", row->allocated, row->changed_scale);
    if (size == 0) {
        size = (size_t)snprintf(text, CHANGED_SIZE, "nothing");
    }
    if (!is_own) {
        size +=
            (size_t)snprintf(text + size, CHANGED_SIZE - size, " at %.*s@%.*s", (int)row->changed_sku.size,
                             row->changed_sku.bytes, (int)row->changed_node.size, row->changed_node.bytes);
    }
    if (row->places > 1) {
        (void)snprintf(text + size, CHANGED_SIZE - size, " and %u more", row->places - 1);
    }
}

static void put_changes(atp_out_t *out, const atp_trace_row_t *row)
{
    char text[CHANGED_SIZE] = "";

    if (row->places > 0) {
        say_changes(row, text);
    }
    atp_out_string(out, NULL, "CHANGED", text);
    if (out->is_json && row->places > 0) {
        atp_out_uint(out, "places", NULL, row->places);
        atp_out_text(out, "changed_sku", NULL, row->changed_sku);
        atp_out_text(out, "changed_node", NULL, row->changed_node);
        atp_out_qty(out, "on_hand", NULL, row->on_hand, row->changed_scale);
        atp_out_qty(out, "unavailable", NULL, row->unavailable, row->changed_scale);
        atp_out_qty(out, "allocated", NULL, row->allocated, row->changed_scale);
    }
}

/* ---- what became of it since ---- */

static const char *const states[] = {"gone", "open", "replayed", "discarded", "parked"};

static const char *state_of(const atp_trace_row_t *row)
{
    return row->exception_state < sizeof states / sizeof states[0] ? states[row->exception_state] : "unknown";
}

/* "17 parked", "17 replayed, op 42". */
static void put_exception(atp_out_t *out, const atp_trace_row_t *row)
{
    char text[96] = "";

    if (row->exception > 0) {
        int size = snprintf(text, sizeof text, "%llu %s", (unsigned long long)row->exception, state_of(row));
        if (row->settled_op > 0) {
            (void)snprintf(text + size, sizeof text - (size_t)size, ", op %llu",
                           (unsigned long long)row->settled_op);
        }
    }
    atp_out_string(out, NULL, "EXCEPTION", text);
    if (out->is_json && row->exception > 0) {
        atp_out_uint(out, "exception", NULL, row->exception);
        atp_out_text(out, "exception_kind", NULL, row->exception_kind);
        atp_out_string(out, "exception_state", NULL, state_of(row));
        atp_out_uint(out, "settled_op", NULL, row->settled_op);
    }
}

static void put_again(atp_out_t *out, const atp_trace_row_t *row)
{
    atp_out_uint(out, "again", "AGAIN", row->again);
    if (out->is_json) {
        atp_out_time(out, "again_ms", NULL, row->again_ms);
    }
}

static void put_row(atp_cli_t *cli, const atp_trace_row_t *row, const columns_t *columns)
{
    atp_out_t *out = &cli->out;

    atp_out_row(out);
    if (row->op > 0) {
        atp_out_uint(out, "op", "OP", row->op);
    } else {
        atp_out_none(out, "op", "OP");
    }
    atp_out_time(out, "time_ms", "TIME", row->time_ms);
    atp_out_text(out, "kind", "DID", row->kind);
    atp_out_text(out, "subject", "WHAT", row->subject);
    atp_out_text(out, "sku", "SKU", row->sku);
    atp_out_text(out, "node", "NODE", row->node);
    if (row->line_count > 0) {
        atp_out_qty(out, "qty", "QTY", row->qty, row->scale);
    } else {
        atp_out_none(out, "qty", "QTY");
    }
    if (out->is_json) {
        atp_out_uint(out, "lines", NULL, row->line_count);
        atp_out_uint(out, "epoch", NULL, row->epoch);
        atp_out_uint(out, "sequence", NULL, row->sequence);
    }
    put_verdict(out, row);
    if (columns->has_changes) {
        put_changes(out, row);
    }
    if (columns->has_exceptions) {
        put_exception(out, row);
    }
    if (columns->has_again) {
        put_again(out, row);
    }
    atp_out_text(out, "client", "CLIENT", row->client);
    atp_out_text(out, "correlation", "CORRELATION", row->correlation);
}

/* ---- what was posted ---- */

/* The op that applied what the row tells of: its own, or the one that replayed it. 0: none has. */
static uint64_t applied_by(const atp_trace_row_t *row)
{
    bool is_replayed = row->settled_op > 0 && !atp_verdict_is_success((atp_verdict_t)row->verdict);

    return is_replayed ? row->settled_op : row->op;
}

/* 1 if the op is one, and not among those before. */
static uint32_t add_op(uint64_t *ops, uint32_t count, uint64_t op)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ops[i] == op) {
            return 0;
        }
    }
    ops[count] = op;
    return op > 0;
}

static int by_number(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one;
    uint64_t b = *(const uint64_t *)other;

    return (a > b) - (a < b);
}

/* An op that has replayed a fact may have done other things as well: of that the trace tells what is of the fact. */
static bool is_of_trace(const atp_posting_row_t *posting, const atp_trace_row_t *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].op == posting->op ||
            (applied_by(&rows[i]) == posting->op && rows[i].correlation.size > 0 &&
             atp_text_equal(rows[i].correlation, posting->correlation))) {
            return true;
        }
    }
    return false;
}

/* What the ops have posted, and what became of that. An engine that does not say it is no fault of the trace. */
static void put_postings(atp_cli_t *cli, const atp_trace_row_t *rows, uint32_t count)
{
    uint64_t ops[ATP_TRACE_ROWS_MAX];
    atp_answer_t *answer = NULL;
    uint32_t op_count = 0;
    bool is_begun = cli->is_json;

    for (uint32_t i = 0; i < count; i++) {
        op_count += add_op(ops, op_count, applied_by(&rows[i]));
    }
    qsort(ops, op_count, sizeof ops[0], by_number);
    if (op_count == 0 || atp_client_postings_of(cli->handle, ops, op_count, &answer) != ATP_OK) {
        return;
    }
    const atp_posting_row_t *postings = atp_answer_postings(answer);
    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        if (is_of_trace(&postings[i], rows, count)) {
            if (!is_begun) {
                (void)printf("\n");
            }
            is_begun = true;
            atp_posting_put(&cli->out, &postings[i], true);
        }
    }
    atp_out_end(&cli->out);
    atp_answer_free(answer);
}

static int print_answer(atp_cli_t *cli, const atp_answer_t *answer, atp_text_t id)
{
    atp_answer_head_t head = atp_answer_head(answer);
    const atp_trace_row_t *rows = atp_answer_traces(answer);

    if (head.verdict != ATP_APPLIED) {
        return atp_session_refused(cli, &head);
    }
    if (head.row_count == 0) {
        return atp_cli_fail(cli, ATP_CLI_REFUSED, atp_verdict_name(ATP_UNKNOWN_ID),
                            "no op from op %llu on has anything to do with '%.*s'",
                            (unsigned long long)head.from_op, (int)id.size, id.bytes);
    }
    const columns_t columns = columns_of(cli, rows, head.row_count);
    for (uint32_t i = 0; i < head.row_count; i++) {
        put_row(cli, &rows[i], &columns);
    }
    atp_out_end(&cli->out);
    put_postings(cli, rows, head.row_count);
    atp_cli_note(cli, "journal read from op %llu on%s", (unsigned long long)head.from_op,
                 head.is_cut ? "; there were more, these are the newest" : "");
    return ATP_CLI_DONE;
}

static int trace(atp_cli_t *cli)
{
    atp_text_t id = atp_text_of(cli->args.words[0]);
    bool is_reservation = atp_args_has(&cli->args, "reservation");
    atp_trace_query_t query = {.correlation = is_reservation ? ATP_TEXT("") : id,
                               .reservation = is_reservation ? id : ATP_TEXT("")};
    atp_answer_t *answer = NULL;
    int status;

    if (id.size == 0 || id.size > ATP_ID_SIZE_MAX || !atp_text_is_clean(id)) {
        return atp_cli_usage(cli->cmd, "'%.80s' is not an id of 1 to %d bytes", cli->args.words[0],
                             ATP_ID_SIZE_MAX);
    }
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    atp_err_t err = atp_client_trace(cli->handle, &query, &answer);
    status = err == ATP_OK ? print_answer(cli, answer, id)
                           : atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
    atp_answer_free(answer);
    return status;
}

static const atp_flag_t flags[] = {
    {"reservation", NULL, NULL, "The word is a reservation: the ops that name it"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {"atp trace order-4711", "atp trace cart-77 --reservation",
                                       "atp trace order-4711 --json", NULL};

const atp_cmd_t atp_cmd_trace = {
    .name = "trace",
    .group = "Operate",
    .synopsis = "ID",
    .summary = "All ops that carry a correlation id, from the journal",
    .about = "Ops of any kind, of any client, refused ones too, oldest first; QTY is what the first line "
             "asked for. The\n"
             "engine reads the newest gigabyte of its journal, one question at a time, beside its work. Ops "
             "get their id\n"
             "from --correlation, facts from the key correlation. VERDICT is there as long as the answer is "
             "remembered;\n"
             "CHANGED is what moved on hand, unavailable and allocated; EXCEPTION the exception that keeps "
             "the fact, or\n"
             "that it raised, and what became of it: open, parked, replayed or discarded by which op; AGAIN "
             "how often its\n"
             "batch came again and was ignored, since atpd began to run. A fact without OP waits: for a gap "
             "in the numbers\n"
             "of its source, its rate, or for a pause to end.\n"
             "Then what these ops have posted to systems of record (atp postings follow), who has "
             "acknowledged it, and\n"
             "who has booked it.",
    .word_min = 1,
    .word_max = 1,
    .flags = flags,
    .examples = examples,
    .run = trace,
};
