/* atpd --past --json: the same as one JSON object, for programs. */
#include "tools/atpd/past/past.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/explain/ledger_explain.h"

#include <jansson.h>

static json_t *text(atp_text_t text)
{
    return json_stringn(text.size > 0 ? text.bytes : "", text.size);
}

static json_t *quantity(atp_qty_t qty, uint8_t scale)
{
    char digits[ATP_QTY_TEXT_SIZE];

    (void)atp_qty_format(qty, scale, digits);
    return json_string(digits);
}

static void put_part(json_t *object, const atp_explanation_t *part)
{
    static const char *const effects[] = {"unknown", "plus", "minus", "equals", "limit", "decided"};

    (void)json_object_set_new(object, "code", json_string(atp_explain_name(part->code)));
    (void)json_object_set_new(object, "effect", json_string(effects[atp_explain_effect(part->code)]));
    (void)json_object_set_new(object, "qty", quantity(part->qty, part->scale));
    (void)json_object_set_new(object, "detail", text(part->detail));
}

/* ---- the position ---- */

static json_t *parts_of(const atp_explain_room_t *room)
{
    json_t *parts = json_array();

    for (uint32_t i = 0; i < room->count; i++) {
        json_t *object = json_object();
        put_part(object, &room->parts[i]);
        (void)json_array_append_new(parts, object);
    }
    return parts;
}

typedef struct holders {
    json_t *array;
    uint8_t scale;
} holders_t;

static void add_holder(void *context, const atp_past_report_t *report, const atp_line_t *line)
{
    holders_t *holders = context;
    const atp_catalog_t *catalog = atp_ledger_catalog(report->ledger);
    const atp_reservation_t *reservation =
        atp_reservation_at(atp_ledger_reservations(report->ledger), line->reservation);
    json_t *object = json_object();

    (void)json_object_set_new(object, "reservation",
                              text(atp_strings_get(&catalog->strings, reservation->id_ref)));
    (void)json_object_set_new(object, "reserved", quantity(line->reserved, holders->scale));
    (void)json_object_set_new(object, "allocated", quantity(line->allocated, holders->scale));
    (void)json_object_set_new(object, "until_ms",
                              line->reserved > 0 ? json_integer(reservation->deadline_ms) : json_null());
    (void)json_object_set_new(object, "channel", text(atp_catalog_channel_id(catalog, reservation->channel)));
    (void)json_object_set_new(object, "by_op", json_integer((json_int_t)reservation->version));
    (void)json_array_append_new(holders->array, object);
}

static void put_position(json_t *answer, const atp_past_report_t *report, uint8_t scale)
{
    atp_explanation_t parts[ATP_PAST_PARTS_MAX];
    atp_explain_room_t room = {.parts = parts, .capacity = ATP_PAST_PARTS_MAX};
    holders_t holders = {json_array(), scale};

    atp_past_explain(report, &room);
    (void)json_object_set_new(answer, "parts", parts_of(&room));
    uint64_t count = atp_past_holders(report, add_holder, &holders);
    (void)json_object_set_new(answer, "promised_to", holders.array);
    (void)json_object_set_new(answer, "promised_to_count", json_integer((json_int_t)count));
}

/* ---- the reservation ---- */

static json_t *lines_of(const atp_past_report_t *report, const atp_reservation_t *reservation)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(report->ledger);
    const atp_positions_t *positions = atp_ledger_positions(report->ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(report->ledger);
    json_t *lines = json_array();

    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        const atp_position_t *position = atp_positions_at(positions, atp_positions_now(positions, line->row));
        uint8_t scale = atp_positions_scale(positions, position->sku);
        json_t *object = json_object();
        (void)json_object_set_new(object, "sku", text(atp_catalog_sku_id(catalog, position->sku)));
        (void)json_object_set_new(object, "node", text(atp_catalog_node_id(catalog, position->node)));
        (void)json_object_set_new(object, "granted", quantity(line->granted, scale));
        (void)json_object_set_new(object, "reserved", quantity(line->reserved, scale));
        (void)json_object_set_new(object, "allocated", quantity(line->allocated, scale));
        (void)json_object_set_new(object, "shipped", quantity(line->shipped, scale));
        (void)json_array_append_new(lines, object);
        at = line->next;
    }
    return lines;
}

static void put_reservation(json_t *answer, const atp_past_report_t *report)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(report->ledger);

    (void)json_object_set_new(answer, "is_known", json_boolean(report->is_there));
    if (!report->is_there) {
        return;
    }
    const atp_reservation_t *reservation =
        atp_reservation_at(atp_ledger_reservations(report->ledger), report->reservation);
    (void)json_object_set_new(answer, "is_live", json_boolean(reservation->status == ATP_RESERVATION_LIVE));
    (void)json_object_set_new(answer, "version", json_integer((json_int_t)reservation->version));
    (void)json_object_set_new(answer, "created_ms", json_integer(reservation->created_ms));
    (void)json_object_set_new(
        answer, "until_ms", reservation->is_in_wheel ? json_integer(reservation->deadline_ms) : json_null());
    (void)json_object_set_new(answer, "channel", text(atp_catalog_channel_id(catalog, reservation->channel)));
    (void)json_object_set_new(answer, "lines", lines_of(report, reservation));
}

static json_t *account_parts(const atp_past_account_t *account)
{
    json_t *parts = json_array();

    for (uint32_t i = 0; i < account->part_count; i++) {
        const atp_explanation_t *part = &account->parts[i];
        json_t *object = json_object();
        (void)json_object_set_new(object, "line", json_integer(part->line));
        (void)json_object_set_new(object, "sku", json_string(account->skus[part->line]));
        (void)json_object_set_new(object, "node", part->node.size > 0 ? text(part->node) : json_null());
        put_part(object, part);
        (void)json_object_set_new(object, "sentence", json_string(atp_explain_sentence(part->code)));
        (void)json_array_append_new(parts, object);
    }
    return parts;
}

static json_t *accounts_of(const atp_past_t *past)
{
    json_t *accounts = json_array();

    for (uint32_t i = 0; i < atp_past_account_count(past); i++) {
        const atp_past_account_t *account = atp_past_account(past, i);
        json_t *object = json_object();
        (void)json_object_set_new(object, "op", json_integer((json_int_t)account->op));
        (void)json_object_set_new(object, "time_ms", json_integer(account->time_ms));
        (void)json_object_set_new(object, "verdict", json_string(atp_verdict_name(account->verdict)));
        (void)json_object_set_new(object, "account", account_parts(account));
        (void)json_object_set_new(object, "had_due", json_boolean(account->had_due));
        (void)json_object_set_new(object, "account_is_cut", json_boolean(account->is_cut));
        (void)json_array_append_new(accounts, object);
    }
    return accounts;
}

/* ---- the ops ---- */

static json_t *changes_of(const atp_past_op_t *op, uint8_t scale)
{
    const struct {
        const char *name;
        atp_qty_t change;
    } changes[] = {{"on_hand", op->on_hand},     {"unavailable", op->unavailable}, {"reserved", op->reserved},
                   {"allocated", op->allocated}, {"safety", op->safety},           {"shipped", op->shipped}};
    json_t *object = json_object();

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (changes[i].change != 0) {
            (void)json_object_set_new(object, changes[i].name, quantity(changes[i].change, scale));
        }
    }
    return object;
}

static json_t *ops_of(const atp_past_t *past, uint8_t scale)
{
    json_t *ops = json_array();

    for (uint32_t i = 0; i < atp_past_report(past)->told; i++) {
        const atp_past_op_t *op = atp_past_op(past, i);
        json_t *object = json_object();
        (void)json_object_set_new(object, "op", json_integer((json_int_t)op->op));
        (void)json_object_set_new(object, "time_ms", json_integer(op->time_ms));
        (void)json_object_set_new(object, "kind", json_string(atp_op_kind_name(op->kind)));
        (void)json_object_set_new(object, "verdict", json_string(atp_verdict_name(op->verdict)));
        (void)json_object_set_new(object, "field",
                                  op->field != ATP_FIELD_NONE ? json_string(atp_field_name(op->field))
                                                              : json_null());
        (void)json_object_set_new(object, "subject", json_string(op->subject));
        (void)json_object_set_new(object, "correlation", json_string(op->correlation));
        (void)json_object_set_new(object, "changes", changes_of(op, scale));
        (void)json_array_append_new(ops, object);
    }
    return ops;
}

atp_err_t atp_past_put_json(FILE *out, const atp_config_past_t *asked, const atp_past_t *past, uint8_t scale,
                            atp_why_t *ret_why)
{
    const atp_past_report_t *report = atp_past_report(past);
    bool is_reservation = asked->reservation != NULL;
    json_t *answer = json_object();

    (void)json_object_set_new(answer, is_reservation ? "reservation" : "position",
                              json_string(is_reservation ? asked->reservation : asked->position));
    (void)json_object_set_new(answer, "at_ms", json_integer(report->at_ms));
    (void)json_object_set_new(answer, "as_of_op", json_integer((json_int_t)report->op));
    if (is_reservation) {
        put_reservation(answer, report);
        (void)json_object_set_new(answer, "decided_by", accounts_of(past));
    } else {
        put_position(answer, report, scale);
    }
    (void)json_object_set_new(answer, "from_ms", json_integer(report->from_ms));
    (void)json_object_set_new(answer, "ops_count", json_integer((json_int_t)report->op_count));
    (void)json_object_set_new(answer, "ops", ops_of(past, scale));
    bool is_written = json_dumpf(answer, out, JSON_COMPACT) == 0 && fputc('\n', out) != EOF;
    json_decref(answer);
    return is_written ? ATP_OK : atp_fail(ret_why, ATP_ERR_IO, "the answer cannot be written");
}
