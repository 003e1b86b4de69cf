/* atp pick, pack, deliver, return, reconcile, short, dispose: what happens to allocated units; cancellable, history: what
 * can still be called off, and what has happened. */
#include "engine/base/attribute.h"
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"
#include "tools/atp/session.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

/* ---- steps ---- */

static bool take_reservation(const atp_cli_t *cli, bool may_be_empty, atp_text_t *ret_id)
{
    *ret_id = atp_text_of(cli->args.words[0]);
    if ((ret_id->size == 0 && !may_be_empty) || ret_id->size > ATP_ID_SIZE_MAX ||
        !atp_text_is_clean(*ret_id)) {
        (void)atp_cli_usage(cli->cmd, "a reservation's id is 1 to %d bytes of UTF-8", ATP_ID_SIZE_MAX);
        return false;
    }
    return true;
}

static int step(atp_cli_t *cli, atp_op_kind_t kind, const char *done)
{
    atp_command_t command = {.kind = kind, .is_fact = atp_args_has(&cli->args, "fact")};
    atp_act_id_t room;

    if (!take_reservation(cli, kind == ATP_OP_RETURN, &command.reservation) ||
        !atp_act_identify(cli, &command, &room) ||
        (kind == ATP_OP_RETURN && !atp_with_flag(cli, "disposition")) ||
        (kind == ATP_OP_SHORT && !atp_with_flag(cli, "goods")) || !atp_act_lines(cli, 1, &command)) {
        return ATP_CLI_USAGE;
    }
    int status = atp_act_on_reservation(cli, &command, done);
    free((void *)(uintptr_t)command.lines);
    return status;
}

static int pick(atp_cli_t *cli)
{
    return step(cli, ATP_OP_PICK, "picked");
}

static int pack(atp_cli_t *cli)
{
    return step(cli, ATP_OP_PACK, "packed");
}

static int deliver(atp_cli_t *cli)
{
    return step(cli, ATP_OP_DELIVER, "delivered");
}

static int give_back(atp_cli_t *cli)
{
    return step(cli, ATP_OP_RETURN, "returned");
}

static int reconcile(atp_cli_t *cli)
{
    return step(cli, ATP_OP_RECONCILE, "reconciled");
}

static int tell_short(atp_cli_t *cli)
{
    return step(cli, ATP_OP_SHORT, "short");
}

static int dispose(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_DISPOSE, .is_fact = atp_args_has(&cli->args, "fact")};
    atp_act_id_t room;

    if (!atp_act_identify(cli, &command, &room) || !atp_with_flag(cli, "disposition") ||
        !atp_act_lines(cli, 0, &command)) {
        return ATP_CLI_USAGE;
    }
    int status = atp_with_take(cli, &command) ? atp_act_on_rows(cli, &command, 1) : ATP_CLI_USAGE;
    free((void *)(uintptr_t)command.lines);
    return status;
}

/* ---- still cancellable? ---- */

typedef struct answered {
    atp_cli_t *cli;
    bool is_all; /* all that was granted and has not ended may be called off */
    bool is_any;
} answered_t;

static void put_line(answered_t *answered, const atp_record_t *record, const atp_record_line_t *line)
{
    atp_out_t *out = &answered->cli->out;
    atp_qty_t releasable = atp_record_line_releasable(line);
    atp_qty_t cancellable = atp_record_line_cancellable(line);

    answered->is_any = answered->is_any || releasable + cancellable > 0;
    answered->is_all = answered->is_all && line->shipped == 0;
    atp_out_row(out);
    atp_out_text(out, "reservation", "RESERVATION", record->id);
    atp_out_text(out, "sku", "SKU", line->sku);
    atp_out_text(out, "node", "NODE", line->node);
    atp_out_qty(out, "release", "RELEASE", releasable, line->scale);
    atp_out_qty(out, "cancel", "CANCEL", cancellable, line->scale);
    atp_out_qty(out, "shipped", "TOO LATE", line->shipped, line->scale);
}

static int put_answer(answered_t *answered, const atp_answer_t *answer)
{
    atp_cli_t *cli = answered->cli;
    atp_answer_head_t head = atp_answer_head(answer);
    const atp_record_t *records = atp_answer_records(answer);

    if (head.verdict != ATP_APPLIED) {
        return atp_session_refused(cli, &head);
    }
    for (uint32_t i = 0; i < head.row_count; i++) {
        if (records[i].verdict != ATP_APPLIED) {
            return atp_cli_fail(cli, ATP_CLI_REFUSED, atp_verdict_name(ATP_UNKNOWN_RESERVATION),
                                "there is no reservation for '%.*s'", (int)records[i].id.size,
                                records[i].id.bytes);
        }
        for (uint32_t k = 0; k < records[i].line_count; k++) {
            put_line(answered, &records[i], &records[i].lines[k]);
        }
    }
    atp_out_end(&cli->out);
    atp_cli_note(cli, "%s",
                 !answered->is_any  ? "nothing of it can be called off any more"
                 : answered->is_all ? "all of it can still be called off: atp release, atp cancel"
                                    : "what has not left can still be called off: atp release, atp cancel");
    return answered->is_any ? ATP_CLI_DONE : ATP_CLI_REFUSED;
}

static int cancellable(atp_cli_t *cli)
{
    answered_t answered = {.cli = cli, .is_all = true};
    atp_answer_t *answer = NULL;
    atp_text_t id;
    int status;

    if (!take_reservation(cli, false, &id)) {
        return ATP_CLI_USAGE;
    }
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    atp_err_t err = atp_args_has(&cli->args, "order") ? atp_client_order(cli->handle, &id, 1, &answer)
                                                      : atp_client_reservation(cli->handle, &id, 1, &answer);
    status = err == ATP_OK ? put_answer(&answered, answer)
                           : atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
    atp_answer_free(answer);
    return status;
}

/* ---- history ---- */

static void put_step(atp_out_t *out, const atp_step_row_t *row, bool has_correlations)
{
    atp_out_row(out);
    atp_out_uint(out, "op", "OP", row->op);
    atp_out_time(out, "time_ms", "TIME", row->time_ms);
    atp_out_text(out, "step", "STEP", row->step);
    atp_out_text(out, "sku", "SKU", row->sku);
    atp_out_text(out, "node", "NODE", row->node);
    atp_out_qty(out, "qty", "QTY", row->qty, row->scale);
    atp_out_text(out, "kind", "BY", row->kind);
    atp_out_text(out, "client", "CLIENT", row->client);
    if (has_correlations) {
        atp_out_text(out, "correlation", "CORRELATION", row->correlation);
    }
}

/* What was asked of it by an op whose steps are not kept any more. */
static void put_asked(atp_out_t *out, const atp_trace_row_t *row, bool has_correlations)
{
    atp_out_row(out);
    atp_out_uint(out, "op", "OP", row->op);
    atp_out_time(out, "time_ms", "TIME", row->time_ms);
    atp_out_none(out, "step", "STEP");
    atp_out_text(out, "sku", "SKU", row->sku);
    atp_out_text(out, "node", "NODE", row->node);
    if (row->line_count > 0) {
        atp_out_qty(out, "qty", "QTY", row->qty, row->scale);
    } else {
        atp_out_none(out, "qty", "QTY");
    }
    atp_out_text(out, "kind", "BY", row->kind);
    atp_out_text(out, "client", "CLIENT", row->client);
    if (has_correlations) {
        atp_out_text(out, "correlation", "CORRELATION", row->correlation);
    }
}

/* The ops before op `before` that named it and were not refused, from the journal; their number. */
static uint32_t put_earlier(atp_cli_t *cli, atp_text_t id, uint64_t before, bool has_correlations,
                            uint64_t *ret_from_op)
{
    const atp_trace_query_t query = {.reservation = id};
    atp_answer_t *answer = NULL;
    uint32_t count = 0;

    *ret_from_op = before;
    if (atp_client_trace(cli->handle, &query, &answer) != ATP_OK) {
        return 0; /* what is kept is told all the same */
    }
    atp_answer_head_t head = atp_answer_head(answer);
    const atp_trace_row_t *rows = atp_answer_traces(answer);
    for (uint32_t i = 0; i < head.row_count; i++) {
        bool is_done = rows[i].verdict == ATP_UNKNOWN_ID || atp_verdict_is_success(rows[i].verdict);
        if (rows[i].op < before && is_done) {
            put_asked(&cli->out, &rows[i], has_correlations);
            count++;
        }
    }
    *ret_from_op = head.verdict == ATP_APPLIED ? head.from_op : before;
    atp_answer_free(answer);
    return count;
}

static int put_steps(atp_cli_t *cli, const atp_answer_t *answer, atp_text_t id)
{
    atp_answer_head_t head = atp_answer_head(answer);
    const atp_step_row_t *rows = atp_answer_steps(answer);

    if (head.verdict != ATP_APPLIED) {
        return atp_session_refused(cli, &head);
    }
    bool has_correlations = cli->is_json || cli->correlation.size > 0;
    for (uint32_t i = 0; i < head.row_count; i++) {
        has_correlations = has_correlations || rows[i].correlation.size > 0;
    }
    uint64_t oldest = head.row_count > 0 ? rows[head.row_count - 1].op : UINT64_MAX;
    bool is_whole = head.row_count > 0 && !rows[head.row_count - 1].has_more;
    has_correlations = has_correlations || !is_whole;
    uint64_t from_op;
    uint32_t earlier = is_whole ? 0 : put_earlier(cli, id, oldest, has_correlations, &from_op);
    if (head.row_count + earlier == 0) {
        return atp_cli_fail(cli, ATP_CLI_REFUSED, atp_verdict_name(ATP_UNKNOWN_RESERVATION),
                            "no steps of a reservation '%.*s' are kept", (int)id.size, id.bytes);
    }
    for (uint32_t i = head.row_count; i > 0; i--) { /* the oldest first */
        put_step(&cli->out, &rows[i - 1], has_correlations);
    }
    atp_out_end(&cli->out);
    if (!is_whole) {
        atp_cli_note(cli,
                     "earlier steps are not kept any more; rows without a step are what was asked of it "
                     "then, from the "
                     "journal (op %llu on)",
                     (unsigned long long)from_op);
    }
    return ATP_CLI_DONE;
}

static int history(atp_cli_t *cli)
{
    atp_answer_t *answer = NULL;
    atp_text_t id;
    int status;

    if (!take_reservation(cli, false, &id)) {
        return ATP_CLI_USAGE;
    }
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    atp_err_t err = atp_client_history(cli->handle, id, &answer);
    status = err == ATP_OK ? put_steps(cli, answer, id)
                           : atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
    atp_answer_free(answer);
    return status;
}

/* ---- the commands ---- */

#define FACT_FLAG                                                                                            \
    {                                                                                                        \
        "fact", NULL, NULL, "It has happened: what the books do not cover is kept as an exception"           \
    }

static const atp_flag_t step_flags[] = {FACT_FLAG, ATP_ACT_FLAGS, {NULL, NULL, NULL, NULL}};
static const atp_flag_t short_flags[] = {
    {"goods", "WHAT", "missing|there", "Whether the goods are there all the same (missing)"},
    FACT_FLAG,
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};
static const atp_flag_t disposition_flags[] = {
    {"disposition", "WHAT", "restock|quarantine|damaged|scrap", "What becomes of the units (quarantine)"},
    FACT_FLAG,
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const pick_examples[] = {"atp pick order-9", "atp pick order-9 bike-28@berlin=1 --fact",
                                            NULL};

const atp_cmd_t atp_cmd_pick = {
    .name = "pick",
    .group = "Reservations",
    .synopsis = "RESERVATION [SKU@NODE=QTY...]",
    .summary = "Allocated units are off the shelf",
    .about = "Without lines, all that is allocated.",
    .word_min = 1,
    .word_max = UINT_MAX, /* atp_act_lines says how many */
    .flags = step_flags,
    .examples = pick_examples,
    .kind = ATP_OP_PICK,
    .run = pick,
};

static const char *const pack_examples[] = {"atp pack order-9", "atp pack order-9 bike-28@berlin=1 --fact",
                                            NULL};

const atp_cmd_t atp_cmd_pack = {
    .name = "pack",
    .group = "Reservations",
    .synopsis = "RESERVATION [SKU@NODE=QTY...]",
    .summary = "Picked units are packed",
    .about = "Without lines, all that is picked or allocated.",
    .word_min = 1,
    .word_max = UINT_MAX,
    .flags = step_flags,
    .examples = pack_examples,
    .kind = ATP_OP_PACK,
    .run = pack,
};

static const char *const deliver_examples[] = {"atp deliver order-9",
                                               "atp deliver order-9 bike-28@berlin=1 --fact", NULL};

const atp_cmd_t atp_cmd_deliver = {
    .name = "deliver",
    .group = "Reservations",
    .synopsis = "RESERVATION [SKU@NODE=QTY...]",
    .summary = "Units that left have arrived",
    .about = "Without lines, all that is under way.",
    .word_min = 1,
    .word_max = UINT_MAX,
    .flags = step_flags,
    .examples = deliver_examples,
    .kind = ATP_OP_DELIVER,
    .run = deliver,
};

static const char *const return_examples[] = {"atp return order-9 bike-28@paris=1 --disposition restock",
                                              "atp return '' bike-28@paris=1 --disposition damaged --fact",
                                              NULL};

const atp_cmd_t atp_cmd_return = {
    .name = "return",
    .group = "Reservations",
    .synopsis = "RESERVATION [SKU@NODE=QTY...]",
    .summary = "Units have come back, to any node",
    .about =
        "The node is where they are now, wherever they left. Without lines, all of it, to where it left.\n"
        "A reservation of '' is a blind return: stock, and nothing else.",
    .word_min = 1,
    .word_max = UINT_MAX,
    .flags = disposition_flags,
    .examples = return_examples,
    .kind = ATP_OP_RETURN,
    .run = give_back,
};

static const char *const reconcile_examples[] = {"atp reconcile order-9",
                                                 "atp reconcile order-9 bike-28@berlin=1", NULL};

const atp_cmd_t atp_cmd_reconcile = {
    .name = "reconcile",
    .group = "Reservations",
    .synopsis = "RESERVATION [SKU@NODE=QTY...]",
    .summary = "The ERP has booked what left, or what came back",
    .about = "Without lines, all of it.",
    .word_min = 1,
    .word_max = UINT_MAX,
    .flags = step_flags,
    .examples = reconcile_examples,
    .kind = ATP_OP_RECONCILE,
    .run = reconcile,
};

static const char *const short_examples[] = {"atp short order-9 bike-28@berlin=1", "atp short order-9 --fact",
                                             NULL};

const atp_cmd_t atp_cmd_short = {
    .name = "short",
    .group = "Reservations",
    .synopsis = "RESERVATION [SKU@NODE=QTY...]",
    .summary = "The node cannot fulfil allocated units",
    .about =
        "They are missing: unavailable, until atp count or atp adjust says what is there; with --goods "
        "there they\n"
        "are free again. By policy (on_short) other nodes serve them; else they leave the reservation, and "
        "an\n"
        "exception tells of them.",
    .word_min = 1,
    .word_max = UINT_MAX,
    .flags = short_flags,
    .examples = short_examples,
    .kind = ATP_OP_SHORT,
    .run = tell_short,
};

static const char *const dispose_examples[] = {"atp dispose bike-28@paris=1 --disposition restock",
                                               "atp dispose bike-28@paris=1 --disposition scrap --fact",
                                               NULL};

const atp_cmd_t atp_cmd_dispose = {
    .name = "dispose",
    .group = "Stock",
    .synopsis = "SKU@NODE=QTY",
    .summary = "Settle stock set aside: restock it or scrap it",
    .word_min = 1,
    .word_max = 1,
    .flags = disposition_flags,
    .examples = dispose_examples,
    .kind = ATP_OP_DISPOSE,
    .run = dispose,
};

static const atp_flag_t cancellable_flags[] = {
    {"order", NULL, NULL, "The word is an order's number"},
    {NULL, NULL, NULL, NULL},
};

static const char *const cancellable_examples[] = {"atp cancellable order-9",
                                                   "atp cancellable 4711 --order --json", NULL};

const atp_cmd_t atp_cmd_cancellable = {
    .name = "cancellable",
    .group = "Reservations",
    .synopsis = "RESERVATION",
    .summary = "How much of it can still be called off, line by line",
    .about = "RELEASE: reserved only. CANCEL: allocated, picked or packed. TOO LATE: it has left. Exit "
             "status 1 when nothing can.",
    .word_min = 1,
    .word_max = 1,
    .flags = cancellable_flags,
    .examples = cancellable_examples,
    .run = cancellable,
};

static const char *const history_examples[] = {"atp history order-9", "atp history order-9 --json", NULL};

const atp_cmd_t atp_cmd_history = {
    .name = "history",
    .group = "Reservations",
    .synopsis = "RESERVATION",
    .summary = "What happened to it: every step, when, and by what",
    .word_min = 1,
    .word_max = 1,
    .examples = history_examples,
    .run = history,
};
