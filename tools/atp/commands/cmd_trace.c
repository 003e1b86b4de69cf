/* atp trace: what was done under a correlation id, or to a reservation, from the engine's journal. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/session.h"

#include "engine/base/verdict.h"

static void put_row(atp_cli_t *cli, const atp_trace_row_t *row)
{
    atp_out_t *out = &cli->out;
    char unknown[32];

    atp_out_row(out);
    atp_out_uint(out, "op", "OP", row->op);
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
    }
    atp_out_string(out, "verdict", "VERDICT",
                   row->verdict != ATP_UNKNOWN_ID ? atp_verdict_text(row->verdict, unknown) : "");
    atp_out_text(out, "client", "CLIENT", row->client);
    atp_out_text(out, "correlation", "CORRELATION", row->correlation);
}

/* What the ops have posted, and what became of that. An engine that does not say it is no fault of the trace. */
static void put_postings(atp_cli_t *cli, const atp_trace_row_t *rows, uint32_t count)
{
    uint64_t ops[ATP_TRACE_ROWS_MAX];
    atp_answer_t *answer = NULL;

    for (uint32_t i = 0; i < count; i++) {
        ops[i] = rows[i].op;
    }
    if (atp_client_postings_of(cli->handle, ops, count, &answer) != ATP_OK) {
        return;
    }
    const atp_posting_row_t *postings = atp_answer_postings(answer);
    uint32_t told = atp_answer_head(answer).row_count;
    if (told > 0 && !cli->is_json) {
        (void)printf("\n");
    }
    for (uint32_t i = 0; i < told; i++) {
        atp_posting_put(&cli->out, &postings[i], true);
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
    for (uint32_t i = 0; i < head.row_count; i++) {
        put_row(cli, &rows[i]);
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
    .about =
        "Ops of any kind, of any client, refused ones too, oldest first; QTY is what the first line "
        "asked for. The\n"
        "engine reads the newest gigabyte of its journal, one question at a time, beside its work. "
        "VERDICT is\n"
        "there as long as the answer is remembered. Ops get their id from --correlation. Then what these ops "
        "have\nposted to systems of record (atp postings follow), who has acknowledged it, and who has "
        "booked it.",
    .word_min = 1,
    .word_max = 1,
    .flags = flags,
    .examples = examples,
    .run = trace,
};
