/* atp show, reservations, outcome: what stands in the ledger's books. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/out/record_out.h"
#include "tools/atp/rows/pages.h"
#include "tools/atp/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- reservations in full ---- */

static json_t *json_lines(const atp_record_t *record)
{
    json_t *lines = json_array();

    for (uint32_t i = 0; i < record->line_count; i++) {
        const atp_record_line_t *line = &record->lines[i];
        json_t *object = json_object();
        (void)json_object_set_new(object, "sku", atp_json_text(line->sku));
        (void)json_object_set_new(object, "node", atp_json_text(line->node));
        (void)json_object_set_new(object, "granted", atp_json_qty(line->granted, line->scale));
        (void)json_object_set_new(object, "reserved", atp_json_qty(line->reserved, line->scale));
        (void)json_object_set_new(object, "allocated", atp_json_qty(line->allocated, line->scale));
        (void)json_object_set_new(object, "shipped", atp_json_qty(line->shipped, line->scale));
        for (unsigned part = 0; part < ATP_PART_COUNT; part++) {
            if (line->parts[part] != 0) {
                (void)json_object_set_new(object, atp_record_part_name(part),
                                          atp_json_qty(line->parts[part], line->scale));
            }
        }
        (void)json_array_append_new(lines, object);
    }
    return lines;
}

static void put_head_json(atp_out_t *out, const atp_record_t *record)
{
    atp_record_put_head(out, record);
    atp_out_json(out, "lines", json_lines(record));
}

static void print_field(const char *name, atp_text_t value)
{
    (void)printf("  %-9s", name);
    atp_out_write_clean(stdout, value.size > 0 ? value : ATP_TEXT("-"));
    (void)putchar('\n');
}

static void print_head(const atp_record_t *record)
{
    char created[ATP_OUT_TIME_SIZE];
    char deadline[ATP_OUT_TIME_SIZE + ATP_OUT_SPAN_SIZE + 16] = "never";
    char text[ATP_OUT_TIME_SIZE + 32];

    atp_out_format_time(record->created_ms, created);
    (void)snprintf(text, sizeof text, "%s, version %" PRIu64, created, record->version);
    if (record->deadline_ms != 0) {
        char time[ATP_OUT_TIME_SIZE];
        char left[ATP_OUT_SPAN_SIZE];
        atp_out_format_time(record->deadline_ms, time);
        atp_out_format_span(record->deadline_ms - atp_now_ms(), left);
        (void)snprintf(deadline, sizeof deadline, "%s (%s left)", time, left);
    }
    atp_out_write_clean(stdout, record->id);
    (void)printf("  %s\n", atp_record_state_text(record->state));
    print_field("channel", record->channel);
    print_field("owner", record->owner);
    print_field("created", atp_text_of(text));
    print_field("expires", atp_text_of(deadline));
    if (record->order.size > 0) {
        print_field("order", record->order);
    }
    if (record->status.size > 0) {
        print_field("status", record->status);
    }
}

/* "2 picked, 1 returned" */
static void format_parts(const atp_record_line_t *line, char *ret_text, size_t size)
{
    size_t used = 0;

    ret_text[0] = '\0';
    for (unsigned part = 0; part < ATP_PART_COUNT && used < size; part++) {
        char qty[ATP_QTY_TEXT_SIZE];
        if (line->parts[part] != 0) {
            (void)atp_qty_format(line->parts[part], line->scale, qty);
            int more = snprintf(ret_text + used, size - used, "%s%s %s", used > 0 ? ", " : "", qty,
                                atp_record_part_name(part));
            used += more > 0 ? (size_t)more : 0;
        }
    }
}

static void put_line(atp_out_t *out, const atp_record_line_t *line)
{
    char parts[ATP_PART_COUNT * 48];

    format_parts(line, parts, sizeof parts);
    atp_out_row(out);
    atp_out_text(out, NULL, "SKU", line->sku);
    atp_out_text(out, NULL, "NODE", line->node);
    atp_out_qty(out, NULL, "GRANTED", line->granted, line->scale);
    atp_out_qty(out, NULL, "RESERVED", line->reserved, line->scale);
    atp_out_qty(out, NULL, "ALLOCATED", line->allocated, line->scale);
    atp_out_qty(out, NULL, "SHIPPED", line->shipped, line->scale);
    atp_out_string(out, NULL, "OF WHICH", parts);
}

static void put_record(atp_cli_t *cli, const atp_record_t *record, bool is_first)
{
    if (cli->is_json) {
        put_head_json(&cli->out, record);
        return;
    }
    if (!is_first) {
        (void)putchar('\n');
    }
    print_head(record);
    for (uint32_t i = 0; i < record->line_count; i++) {
        put_line(&cli->out, &record->lines[i]);
    }
    atp_out_end(&cli->out);
}

static int put_records(atp_cli_t *cli, const atp_answer_t *answer)
{
    atp_answer_head_t head = atp_answer_head(answer);
    const atp_record_t *records = atp_answer_records(answer);
    int status = ATP_CLI_DONE;
    bool is_first = true;

    if (head.verdict != ATP_APPLIED) {
        return atp_session_refused(cli, &head);
    }
    for (uint32_t i = 0; i < head.row_count; i++) {
        if (records[i].verdict == ATP_APPLIED) {
            put_record(cli, &records[i], is_first);
            is_first = false;
        } else {
            status = atp_cli_fail(cli, ATP_CLI_REFUSED, atp_verdict_name(ATP_UNKNOWN_RESERVATION),
                                  "there is no reservation '%.*s'; atp reservations lists what there is",
                                  (int)records[i].id.size, records[i].id.bytes);
        }
    }
    return status;
}

static int show(atp_cli_t *cli)
{
    const atp_args_t *args = &cli->args;
    atp_answer_t *answer = NULL;
    int status;

    atp_text_t *ids = atp_cli_alloc(args->word_count, sizeof *ids);
    for (unsigned i = 0; i < args->word_count; i++) {
        ids[i] = atp_text_of(args->words[i]);
    }
    if (!atp_session_open(cli, &status)) {
        free(ids);
        return status;
    }
    atp_err_t err = atp_args_has(args, "order")
                        ? atp_client_order(cli->handle, ids, args->word_count, &answer)
                        : atp_client_reservation(cli->handle, ids, args->word_count, &answer);
    status = err == ATP_OK ? put_records(cli, answer)
                           : atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
    atp_answer_free(answer);
    free(ids);
    return status;
}

/* ---- list of reservations ---- */

typedef struct listing {
    atp_cli_t *cli;
    int64_t now_ms;
    uint64_t left;
} listing_t;

/* The first line, and how many more. */
static void format_lines(const atp_record_t *record, char *ret_text, size_t size)
{
    char qty[ATP_QTY_TEXT_SIZE];

    if (record->line_count == 0) {
        ret_text[0] = '\0';
        return;
    }
    const atp_record_line_t *line = &record->lines[0];
    (void)atp_qty_format(line->granted, line->scale, qty);
    int used = snprintf(ret_text, size, "%.*s@%.*s=%s", (int)line->sku.size, line->sku.bytes,
                        (int)line->node.size, line->node.bytes, qty);
    if (record->line_count > 1 && used > 0 && (size_t)used < size) {
        (void)snprintf(ret_text + used, size - (size_t)used, " and %u more", record->line_count - 1);
    }
}

static void put_summary(const listing_t *listing, const atp_record_t *record)
{
    atp_out_t *out = &listing->cli->out;
    char lines[2 * ATP_ID_SIZE_MAX + 64];
    char age[ATP_OUT_SPAN_SIZE];
    char left[ATP_OUT_SPAN_SIZE] = "";

    if (listing->cli->is_json) {
        put_head_json(out, record);
        return;
    }
    format_lines(record, lines, sizeof lines);
    atp_out_format_span(listing->now_ms - record->created_ms, age);
    if (record->deadline_ms != 0) {
        atp_out_format_span(record->deadline_ms - listing->now_ms, left);
    }
    atp_out_row(out);
    atp_out_text(out, NULL, "RESERVATION", record->id);
    atp_out_string(out, NULL, "STATE", atp_record_state_text(record->state));
    atp_out_text(out, NULL, "CHANNEL", record->channel);
    atp_out_text(out, NULL, "OWNER", record->owner);
    atp_out_string(out, NULL, "AGE", age);
    atp_out_string(out, NULL, "EXPIRES IN", left);
    atp_out_string(out, NULL, "LINES", lines);
}

static bool take_records(void *context, const atp_answer_t *answer)
{
    listing_t *listing = context;
    const atp_record_t *records = atp_answer_records(answer);
    uint32_t count = atp_answer_head(answer).row_count;

    for (uint32_t i = 0; i < count && listing->left > 0; i++, listing->left--) {
        put_summary(listing, &records[i]);
    }
    return listing->left > 0;
}

/* "reserved,allocated" as bits. */
static bool read_states(const atp_cli_t *cli, uint32_t *ret_states)
{
    const char *text = atp_args_text(&cli->args, "state");

    *ret_states = 0;
    for (const char *at = text; at != NULL && *at != '\0';) {
        size_t size = strcspn(at, ",");
        unsigned state = ATP_RECORD_RESERVED;
        while (state < ATP_RECORD_STATE_LIMIT && (strlen(atp_record_state_text(state)) != size ||
                                                  memcmp(atp_record_state_text(state), at, size) != 0)) {
            state++;
        }
        if (state == ATP_RECORD_STATE_LIMIT) {
            (void)atp_cli_usage(
                cli->cmd,
                "--state: '%.*s' is not one of reserved, allocated, picked, packed, shipped, delivered, "
                "returned, reconciled, backordered, short, released, cancelled, expired",
                (int)size, at);
            return false;
        }
        *ret_states |= 1u << state;
        at += size + (at[size] == ',');
    }
    return true;
}

static int list_reservations(atp_cli_t *cli)
{
    atp_page_ask_t ask = {.cursor = 0};
    listing_t listing = {cli, atp_now_ms(), UINT64_MAX};
    uint64_t most = 0;

    if (!atp_args_duration(&cli->args, "older-than", 0, &ask.older_than_ms) ||
        !atp_args_id(&cli->args, "owner", &ask.owner) || !atp_args_id(&cli->args, "channel", &ask.channel) ||
        !read_states(cli, &ask.states) || !atp_args_count(&cli->args, "limit", 1, UINT32_MAX, &most)) {
        return ATP_CLI_USAGE;
    }
    listing.left = most != 0 ? most : UINT64_MAX;
    int status = atp_pages_walk(cli, atp_client_reservations, &ask, most, take_records, &listing);
    bool is_empty = cli->out.row_count == 0;
    atp_out_end(&cli->out);
    if (status == ATP_CLI_DONE && is_empty) {
        atp_cli_note(cli, "no such reservations");
    }
    return status;
}

/* ---- outcomes ---- */

static void put_outcome(atp_cli_t *cli, atp_text_t id, bool is_reservation, const atp_result_t *result)
{
    atp_out_t *out = &cli->out;
    char unknown[32];

    atp_out_row(out);
    atp_out_text(out, "id", "ID", id);
    atp_out_string(out, "kind", "KIND", is_reservation ? "reserve" : "request");
    atp_out_string(out, "verdict", "VERDICT", atp_verdict_text(result->verdict, unknown));
    atp_out_uint(out, "op", "OP", result->op);
    if (atp_verdict_is_success(result->verdict)) {
        atp_out_qty(out, "qty", "QTY", result->qty, result->scale);
    } else {
        atp_out_none(out, "qty", "QTY");
    }
    atp_out_time(out, "deadline_ms", "DEADLINE", result->deadline_ms);
}

static int put_outcomes(atp_cli_t *cli, const atp_result_t *results)
{
    const atp_args_t *args = &cli->args;
    int status = ATP_CLI_DONE;

    for (unsigned i = 0; i < args->word_count; i++) {
        for (unsigned k = 0; k < 2; k++) {
            if (results[2 * i + k].verdict != ATP_UNKNOWN_ID) {
                put_outcome(cli, atp_text_of(args->words[i]), k == 0, &results[2 * i + k]);
            }
        }
    }
    atp_out_end(&cli->out);
    for (unsigned i = 0; i < args->word_count; i++) {
        if (results[2 * i].verdict == ATP_UNKNOWN_ID && results[2 * i + 1].verdict == ATP_UNKNOWN_ID) {
            status = atp_cli_fail(cli, ATP_CLI_REFUSED, atp_verdict_name(ATP_UNKNOWN_ID),
                                  "nothing is remembered under '%s': it was not done, or is long forgotten\n"
                                  "Ids other than of reserve are each client's own: this asked as %.*s",
                                  args->words[i], (int)cli->client.size, cli->client.bytes);
        }
    }
    return status;
}

static int outcome(atp_cli_t *cli)
{
    const atp_args_t *args = &cli->args;
    uint32_t count = 2 * args->word_count;
    int status;

    atp_outcome_ask_t *asks = atp_cli_alloc(count, sizeof *asks);
    atp_result_t *results = atp_cli_alloc(count, sizeof *results);
    for (uint32_t i = 0; i < count; i++) {
        asks[i].space = i % 2 == 0 ? ATP_OUTCOME_RESERVATION : ATP_OUTCOME_REQUEST;
        asks[i].id = atp_text_of(args->words[i / 2]);
    }
    if (atp_session_open(cli, &status)) {
        atp_err_t err = atp_client_outcome(cli->handle, asks, count, results, NULL, NULL);
        status = err == ATP_OK ? put_outcomes(cli, results)
                               : atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
    }
    free(asks);
    free(results);
    return status;
}

/* ---- the commands ---- */

static const atp_flag_t show_flags[] = {
    {"order", NULL, NULL, "The words are numbers of orders: all their reservations"},
    {NULL, NULL, NULL, NULL},
};

static const char *const show_examples[] = {"atp show cart-77", "atp show cart-77 order-9 --json",
                                            "atp show --order 4711", NULL};

const atp_cmd_t atp_cmd_show = {
    .name = "show",
    .group = "Reservations",
    .synopsis = "RESERVATION...",
    .summary = "Reservations in full, line by line",
    .word_min = 1,
    .word_max = ATP_RESERVATIONS_MAX,
    .flags = show_flags,
    .examples = show_examples,
    .run = show,
};

static const atp_flag_t reservations_flags[] = {
    {"older-than", "TIME", NULL, "Made at least this long ago"},
    {"owner", "OWNER", NULL, "Of this owner"},
    {"channel", "CHANNEL", NULL, "Of this channel"},
    {"state", "STATES",
     "reserved|allocated|picked|packed|shipped|delivered|returned|reconciled|backordered|short|released|"
     "cancelled|expired|...",
     "In one of these states: reserved,allocated"},
    {"limit", "N", NULL, "At most so many rows"},
    {NULL, NULL, NULL, NULL},
};

static const char *const reservations_examples[] = {
    "atp reservations --state reserved --older-than 1h", "atp reservations --owner anna",
    "atp reservations --channel web --state reserved,allocated --json", NULL};

const atp_cmd_t atp_cmd_reservations = {
    .name = "reservations",
    .group = "Reservations",
    .synopsis = "",
    .summary = "A list: what is promised, to whom, since when",
    .flags = reservations_flags,
    .examples = reservations_examples,
    .run = list_reservations,
};

static const char *const outcome_examples[] = {"atp outcome cart-77",
                                               "atp outcome 5d9c... --client shop@web-3 --json", NULL};

const atp_cmd_t atp_cmd_outcome = {
    .name = "outcome",
    .group = "Reservations",
    .synopsis = "ID...",
    .summary = "What became of a request whose answer was lost",
    .about = "Asks for the first answer that was given to an id. Ids of reserve are known to all clients; "
             "ids of other\n"
             "requests are each client's own: ask with the --client that sent them.",
    .word_min = 1,
    .word_max = ATP_OUTCOMES_MAX / 2,
    .examples = outcome_examples,
    .run = outcome,
};
