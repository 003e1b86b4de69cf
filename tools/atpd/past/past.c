#include "tools/atpd/past/past.h"

#include "engine/ledger/catalog/catalog.h"
#include "tools/when.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define WINDOW_MS INT64_C(3600000) /* when none is said */

/* ---- words ---- */

static void put_time(FILE *out, int64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    char text[32];

    (void)gmtime_r(&seconds, &parts);
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)fprintf(out, "%s.%03dZ", text, (int)(time_ms % 1000));
}

static void put_qty(FILE *out, atp_qty_t qty, uint8_t scale, bool has_sign)
{
    char text[ATP_QTY_TEXT_SIZE];

    (void)atp_qty_format(qty, scale, text);
    (void)fprintf(out, "%s%s", has_sign && qty >= 0 ? "+" : "", text);
}

static void put_text(FILE *out, atp_text_t text)
{
    (void)fprintf(out, "%.*s", (int)text.size, text.size > 0 ? text.bytes : "");
}

/* ---- the position ---- */

static void put_part(FILE *out, const atp_explanation_t *part)
{
    static const char *const marks[] = {[ATP_EXPLAIN_PLUS] = "+",
                                        [ATP_EXPLAIN_MINUS] = "-",
                                        [ATP_EXPLAIN_EQUALS] = "=",
                                        [ATP_EXPLAIN_LIMIT] = "-",
                                        [ATP_EXPLAIN_DECIDED] = "!"};
    char qty[ATP_QTY_TEXT_SIZE];

    (void)atp_qty_format(part->qty, part->scale, qty);
    (void)fprintf(out, "  %s %-16s %12s  %s", marks[atp_explain_effect(part->code)],
                  atp_explain_name(part->code), qty, atp_explain_sentence(part->code));
    if (part->detail.size > 0) {
        (void)fputs(": ", out);
        put_text(out, part->detail);
    }
    (void)fputc('\n', out);
}

static void put_parts(FILE *out, const atp_explain_room_t *room)
{
    for (uint32_t i = 0; i < room->count; i++) {
        put_part(out, &room->parts[i]);
    }
}

static void put_holder(FILE *out, const atp_ledger_t *ledger, const atp_line_t *line, uint8_t scale)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_reservation_t *reservation =
        atp_reservation_at(atp_ledger_reservations(ledger), line->reservation);

    (void)fputs("  ", out);
    put_text(out, atp_strings_get(&catalog->strings, reservation->id_ref));
    if (line->reserved > 0) {
        (void)fputs("  reserved ", out);
        put_qty(out, line->reserved, scale, false);
        (void)fputs(" until ", out);
        put_time(out, reservation->deadline_ms);
    }
    if (line->allocated > 0) {
        (void)fputs("  allocated ", out);
        put_qty(out, line->allocated, scale, false);
    }
    (void)fputs("  channel ", out);
    put_text(out, atp_catalog_channel_id(catalog, reservation->channel));
    (void)fprintf(out, "  by op %" PRIu64 "\n", reservation->version);
}

uint64_t atp_past_holders(const atp_past_report_t *report,
                          void (*visit)(void *context, const atp_past_report_t *report,
                                        const atp_line_t *line),
                          void *context)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(report->ledger);
    uint64_t total = atp_table_count(&reservations->lines);
    uint64_t count = 0;
    uint32_t row;

    if (!atp_positions_find(atp_ledger_positions(report->ledger), report->sku, report->node, &row)) {
        return 0;
    }
    for (uint64_t i = 0; i < total; i++) {
        const atp_line_t *line = atp_line_at(reservations, (uint32_t)i);
        bool is_live = line->row == row && (line->reserved > 0 || line->allocated > 0);
        if (is_live && count++ < ATP_PAST_HOLDERS_MAX) {
            visit(context, report, line);
        }
    }
    return count;
}

typedef struct holders {
    FILE *out;
    uint8_t scale;
    bool is_begun;
} holders_t;

static void put_one(void *context, const atp_past_report_t *report, const atp_line_t *line)
{
    holders_t *holders = context;

    if (!holders->is_begun) {
        (void)fputs("promised to\n", holders->out);
        holders->is_begun = true;
    }
    put_holder(holders->out, report->ledger, line, holders->scale);
}

static void put_holders(FILE *out, const atp_past_report_t *report, uint8_t scale)
{
    holders_t holders = {out, scale, false};
    uint64_t count = atp_past_holders(report, put_one, &holders);

    if (count > ATP_PAST_HOLDERS_MAX) {
        (void)fprintf(out, "  and %" PRIu64 " more\n", count - ATP_PAST_HOLDERS_MAX);
    }
}

void atp_past_explain(const atp_past_report_t *report, atp_explain_room_t *room)
{
    const atp_ledger_explain_ask_t ask = {
        .sku = report->sku, .node = report->node, .channel = ATP_EXPLAIN_NO_CHANNEL};

    atp_ledger_explain(report->ledger, &ask, report->at_ms, room);
}

static void put_position(FILE *out, const atp_past_report_t *report)
{
    atp_explanation_t parts[ATP_PAST_PARTS_MAX];
    atp_explain_room_t room = {.parts = parts, .capacity = ATP_PAST_PARTS_MAX};

    atp_past_explain(report, &room);
    put_parts(out, &room);
    put_holders(out, report, atp_positions_scale(atp_ledger_positions(report->ledger), report->sku));
}

/* ---- the reservation ---- */

static void put_line(FILE *out, const atp_ledger_t *ledger, const atp_line_t *line)
{
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    const atp_position_t *position = atp_positions_at(positions, atp_positions_now(positions, line->row));
    uint8_t scale = atp_positions_scale(positions, position->sku);
    const struct {
        const char *name;
        atp_qty_t qty;
    } units[] = {{"granted", line->granted},
                 {"reserved", line->reserved},
                 {"allocated", line->allocated},
                 {"shipped", line->shipped}};

    (void)fputs("  ", out);
    put_text(out, atp_catalog_sku_id(atp_ledger_catalog(ledger), position->sku));
    (void)fputc('@', out);
    put_text(out, atp_catalog_node_id(atp_ledger_catalog(ledger), position->node));
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        (void)fprintf(out, "  %s ", units[i].name);
        put_qty(out, units[i].qty, scale, false);
    }
    (void)fputc('\n', out);
}

static void put_reservation(FILE *out, const atp_past_report_t *report)
{
    const atp_ledger_t *ledger = report->ledger;
    const atp_reservations_t *reservations = atp_ledger_reservations(ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);

    if (!report->is_there) {
        (void)fputs("  not known at that time\n", out);
        return;
    }
    const atp_reservation_t *reservation = atp_reservation_at(reservations, report->reservation);
    (void)fprintf(out, "  %s; granted or edited by op %" PRIu64 ", made ",
                  reservation->status == ATP_RESERVATION_LIVE ? "live" : "ended", reservation->version);
    put_time(out, reservation->created_ms);
    if (reservation->is_in_wheel) {
        (void)fputs("; deadline ", out);
        put_time(out, reservation->deadline_ms);
    }
    (void)fputs("\n  channel ", out);
    put_text(out, atp_catalog_channel_id(catalog, reservation->channel));
    if (reservation->owner_ref != 0) {
        (void)fputs(", owner ", out);
        put_text(out, atp_strings_get(&catalog->strings, reservation->owner_ref));
    }
    (void)fputc('\n', out);
    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        put_line(out, ledger, line);
        at = line->next;
    }
}

/* ---- by what its reserves were decided ---- */

static int put_place(FILE *out, const atp_past_account_t *account, const atp_explanation_t *part)
{
    char place[2 * ATP_ID_SIZE_MAX + 2];

    int size =
        snprintf(place, sizeof place, "%s%s%.*s", account->skus[part->line], part->node.size > 0 ? "@" : "",
                 (int)part->node.size, part->node.size > 0 ? part->node.bytes : "");
    if (out != NULL) {
        (void)fputs(place, out);
    }
    return size;
}

static void put_account(FILE *out, const atp_past_account_t *account)
{
    int width = 0;

    (void)fprintf(out, "op %" PRIu64 " was decided by\n", account->op);
    for (uint32_t i = 0; i < account->part_count; i++) {
        int size = put_place(NULL, account, &account->parts[i]);
        width = size > width ? size : width;
    }
    for (uint32_t i = 0; i < account->part_count; i++) {
        (void)fputs("  ", out);
        int size = put_place(out, account, &account->parts[i]);
        (void)fprintf(out, "%*s", width - size, "");
        put_part(out, &account->parts[i]);
    }
    if (account->part_count == 0) {
        (void)fprintf(out, "  no account: %s\n", atp_verdict_name(account->verdict));
    }
    if (account->had_due) {
        (void)fputs("  something was due then that the op may have settled first: here it still counts\n",
                    out);
    }
    if (account->is_cut) {
        (void)fputs("  there is more to the account\n", out);
    }
}

static void put_accounts(FILE *out, const atp_past_t *past)
{
    const atp_past_report_t *report = atp_past_report(past);
    bool is_found = !report->is_there || report->from_op <= 1;

    for (uint32_t i = 0; i < atp_past_account_count(past); i++) {
        const atp_past_account_t *account = atp_past_account(past, i);
        put_account(out, account);
        is_found = is_found || atp_verdict_is_success((atp_verdict_t)account->verdict);
    }
    if (!is_found) {
        (void)fprintf(
            out, "it was granted before op %" PRIu64 ", the first read: a longer --window may reach it\n",
            report->from_op);
    }
}

/* ---- the ops ---- */

static void put_change(FILE *out, const char *name, atp_qty_t change, uint8_t scale)
{
    if (change != 0) {
        (void)fprintf(out, "  %s ", name);
        put_qty(out, change, scale, true);
    }
}

static void put_op(FILE *out, const atp_past_op_t *op, uint8_t scale)
{
    const char *kind = atp_op_kind_name(op->kind);
    const char *verdict = atp_verdict_name(op->verdict);

    (void)fprintf(out, "  op %-10" PRIu64 " ", op->op);
    put_time(out, op->time_ms);
    (void)fprintf(out, "  %-10s %s", kind != NULL ? kind : "?", verdict != NULL ? verdict : "?");
    if (op->field != ATP_FIELD_NONE && atp_field_name(op->field) != NULL) {
        (void)fprintf(out, " at %s", atp_field_name(op->field));
    }
    (void)fprintf(out, "%s%s", op->subject[0] != '\0' ? "  " : "", op->subject);
    put_change(out, "on_hand", op->on_hand, scale);
    put_change(out, "unavailable", op->unavailable, scale);
    put_change(out, "reserved", op->reserved, scale);
    put_change(out, "allocated", op->allocated, scale);
    put_change(out, "safety", op->safety, scale);
    put_change(out, "shipped", op->shipped, scale);
    if (op->correlation[0] != '\0') {
        (void)fprintf(out, "  under %s", op->correlation);
    }
    (void)fputc('\n', out);
}

static void put_ops(FILE *out, const atp_past_t *past, uint8_t scale)
{
    const atp_past_report_t *report = atp_past_report(past);

    (void)fputs("ops that touched it", out);
    if (report->from_ms > 0) {
        (void)fputs(", from ", out);
        put_time(out, report->from_ms);
    }
    (void)fprintf(out, ": %" PRIu64 "%s\n", report->op_count,
                  report->told < report->op_count ? ", the newest of them" : "");
    for (uint32_t i = 0; i < report->told; i++) {
        put_op(out, atp_past_op(past, i), scale);
    }
}

/* The scale of what is told: of a reservation that of its first line. */
static uint8_t scale_of(const atp_past_report_t *report, bool is_reservation)
{
    const atp_positions_t *positions = atp_ledger_positions(report->ledger);
    const atp_reservations_t *reservations = atp_ledger_reservations(report->ledger);

    if (!is_reservation) {
        return atp_positions_scale(positions, report->sku);
    }
    uint32_t first = report->is_there ? atp_reservation_at(reservations, report->reservation)->first_line : 0;
    return first == 0
               ? 0
               : atp_positions_scale(
                     positions, atp_positions_at(positions, atp_line_at(reservations, first - 1)->row)->sku);
}

/* ---- what is asked for ---- */

static bool is_id(atp_text_t text)
{
    return text.size >= 1 && text.size <= ATP_ID_SIZE_MAX && atp_text_is_clean(text);
}

static atp_err_t read_place(const atp_config_past_t *asked, atp_past_ask_t *ask, atp_why_t *ret_why)
{
    bool is_position = asked->position != NULL;

    if (is_position == (asked->reservation != NULL)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "--past: say --position SKU@NODE or --reservation ID");
    }
    if (!is_position) {
        ask->reservation = atp_text_of(asked->reservation);
        return is_id(ask->reservation) ? ATP_OK
                                       : atp_fail(ret_why, ATP_ERR_INVALID, "--reservation: not an id");
    }
    const char *at = strrchr(asked->position, '@');
    if (at != NULL) {
        ask->sku = (atp_text_t){asked->position, (uint32_t)(at - asked->position)};
        ask->node = atp_text_of(at + 1);
    }
    return is_id(ask->sku) && is_id(ask->node)
               ? ATP_OK
               : atp_fail(ret_why, ATP_ERR_INVALID, "--position: it is SKU@NODE, as in bike-28@berlin");
}

static atp_err_t read_times(const atp_config_past_t *asked, atp_past_ask_t *ask, atp_why_t *ret_why)
{
    char window[64] = "+";

    ask->window_ms = WINDOW_MS;
    if (asked->at != NULL && (!atp_when_parse(asked->at, 0, &ask->at_ms) || asked->at[0] == '+')) {
        return atp_fail(
            ret_why, ATP_ERR_INVALID,
            "--at: it is a time: 2026-11-21T12:03:07, 2026-11-21T12:03:07.150+01:00, or ms since 1970");
    }
    if (asked->window != NULL) {
        (void)snprintf(window + 1, sizeof window - 1, "%s", asked->window);
        if (!atp_when_parse(window, 0, &ask->window_ms)) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "--window: digits and one of ms, s, min, h, d");
        }
    }
    return ATP_OK;
}

static void put_past(FILE *out, const atp_config_past_t *asked, const atp_past_t *past)
{
    const atp_past_report_t *report = atp_past_report(past);
    bool is_reservation = asked->reservation != NULL;

    (void)fprintf(out, "%s at ", is_reservation ? asked->reservation : asked->position);
    put_time(out, report->at_ms);
    (void)fprintf(out, ", as of op %" PRIu64 "\n", report->op);
    if (is_reservation) {
        put_reservation(out, report);
        put_accounts(out, past);
    } else {
        put_position(out, report);
    }
    put_ops(out, past, scale_of(report, is_reservation));
}

atp_err_t atp_past_tell(FILE *out, const char *folder, const atp_config_past_t *asked, atp_why_t *ret_why)
{
    atp_past_ask_t ask = {.at_ms = 0};
    atp_past_t *past;

    atp_err_t err = read_place(asked, &ask, ret_why);
    err = err == ATP_OK ? read_times(asked, &ask, ret_why) : err;
    err = err == ATP_OK ? atp_past_open(folder, &ask, &past, ret_why) : err;
    if (err != ATP_OK) {
        return err;
    }
    if (asked->is_json) {
        err = atp_past_put_json(out, asked, past, scale_of(atp_past_report(past), asked->reservation != NULL),
                                ret_why);
    } else {
        put_past(out, asked, past);
    }
    atp_past_close(past);
    return err;
}
