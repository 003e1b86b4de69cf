/* The form of a request: what is refused before anybody looks at the stock. */
#include "tests/model/model.h"

#include <string.h>

/* No control characters, well-formed UTF-8. The generator makes ASCII and two kinds of bad bytes. */
static bool is_clean(const char *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < 0x20 || c == 0x7f || c >= 0x80) {
            return false;
        }
    }
    return true;
}

static bool is_id(const model_id_t *id)
{
    return id->size >= 1 && id->size <= 64 && is_clean(id->bytes, id->size);
}

static bool is_id_or_empty(const model_id_t *id)
{
    return id->size == 0 || is_id(id);
}

static bool refuse(model_answer_t *answer, atp_verdict_t verdict, atp_field_t field, uint32_t line)
{
    model_refuse(answer, verdict, field, line);
    return false;
}

static bool is_step(atp_op_kind_t kind)
{
    return kind == ATP_OP_EXTEND || kind == ATP_OP_ALLOCATE || kind == ATP_OP_RELEASE ||
           kind == ATP_OP_CANCEL || kind == ATP_OP_SHIP;
}

static bool is_of_one_position(atp_op_kind_t kind)
{
    return kind == ATP_OP_SAFETY || kind == ATP_OP_RECEIVE || kind == ATP_OP_SALE || kind == ATP_OP_ADJUST ||
           kind == ATP_OP_COUNT;
}

/* Of dated supply and transfers: the model of those is tests/model/model_supply.c; here they lack their subject. */
static bool is_of_supply(atp_op_kind_t kind)
{
    return (kind >= ATP_OP_SUPPLY && kind <= ATP_OP_TRANSFER_CANCEL) || kind == ATP_OP_RECEIVE_SUPPLY;
}

static bool is_known(atp_op_kind_t kind)
{
    return is_of_supply(kind) || is_step(kind) || is_of_one_position(kind) || kind == ATP_OP_SKU ||
           kind == ATP_OP_NODE || kind == ATP_OP_CHANNEL || kind == ATP_OP_RESERVE || kind == ATP_OP_GROUP;
}

static bool are_texts_good(const model_request_t *r, bool is_fact, model_answer_t *answer)
{
    bool needs_reservation = is_step(r->kind) && !(r->kind == ATP_OP_SHIP && is_fact);

    if (!is_id_or_empty(&r->reservation) || (needs_reservation && r->reservation.size == 0)) {
        return refuse(answer, ATP_ID_INVALID, ATP_FIELD_RESERVATION, 0);
    }
    if (r->kind == ATP_OP_GROUP || is_of_supply(r->kind)) {
        return refuse(answer, ATP_ID_INVALID, ATP_FIELD_SUBJECT, 0);
    }
    if (!is_id_or_empty(&r->channel) || (r->kind == ATP_OP_CHANNEL && r->channel.size == 0)) {
        return refuse(answer, ATP_ID_INVALID, ATP_FIELD_CHANNEL, 0);
    }
    if (!is_id_or_empty(&r->owner)) {
        return refuse(answer, ATP_ID_INVALID, ATP_FIELD_OWNER, 0);
    }
    if (r->name.size > 255 || !is_clean(r->name.bytes, r->name.size)) {
        return refuse(answer, ATP_TEXT_INVALID, ATP_FIELD_NAME, 0);
    }
    return true;
}

static bool are_options_good(const model_request_t *r, model_answer_t *answer)
{
    unsigned most = 0;

    if (r->kind == ATP_OP_SKU && r->option > 6) {
        return refuse(answer, ATP_SCALE_OUT_OF_RANGE, ATP_FIELD_OPTION, 0);
    }
    if (r->kind == ATP_OP_SKU) {
        most = 6;
    } else if (r->kind == ATP_OP_NODE) {
        most = 3;
    } else if (r->kind == ATP_OP_RESERVE) {
        most = 2;
    } else if (r->kind == ATP_OP_ADJUST || r->kind == ATP_OP_COUNT) {
        most = 1;
    }
    if (r->option > most || r->reason > 6) {
        return refuse(answer, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0);
    }
    if (r->ttl_ms < 0) {
        return refuse(answer, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
    }
    return true;
}

static bool is_line_count_good(const model_request_t *r, model_answer_t *answer)
{
    bool takes_none = r->kind == ATP_OP_CHANNEL || r->kind == ATP_OP_EXTEND;
    bool takes_one = r->kind == ATP_OP_SKU || r->kind == ATP_OP_NODE || is_of_one_position(r->kind);
    bool needs_some =
        takes_one || r->kind == ATP_OP_RESERVE || (r->kind == ATP_OP_SHIP && r->reservation.size == 0);

    if (needs_some && r->line_count == 0) {
        return refuse(answer, ATP_LINES_MISSING, ATP_FIELD_LINES, 0);
    }
    if ((takes_none && r->line_count > 0) || (takes_one && r->line_count > 1)) {
        return refuse(answer, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    return true;
}

static bool is_qty_good(const model_request_t *r, uint32_t i, model_answer_t *answer)
{
    const model_request_line_t *line = &r->lines[i];

    if (line->decimals > 6 || line->mantissa > ATP_QTY_MAX || line->mantissa < -ATP_QTY_MAX) {
        return refuse(answer, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
    }
    if (r->kind == ATP_OP_SAFETY || r->kind == ATP_OP_COUNT) {
        return line->mantissa >= 0 || refuse(answer, ATP_QTY_MUST_NOT_BE_NEGATIVE, ATP_FIELD_QTY, i);
    }
    return r->kind == ATP_OP_ADJUST || line->mantissa > 0 ||
           refuse(answer, ATP_QTY_MUST_BE_POSITIVE, ATP_FIELD_QTY, i);
}

static bool are_lines_good(const model_request_t *r, model_answer_t *answer)
{
    for (uint32_t i = 0; i < r->line_count; i++) {
        if (r->kind != ATP_OP_NODE && !is_id(&r->lines[i].sku)) {
            return refuse(answer, ATP_ID_INVALID, ATP_FIELD_SKU, i);
        }
        if (r->kind != ATP_OP_SKU && !is_id(&r->lines[i].node)) {
            return refuse(answer, ATP_ID_INVALID, ATP_FIELD_NODE, i);
        }
        if (r->kind != ATP_OP_SKU && r->kind != ATP_OP_NODE && !is_qty_good(r, i, answer)) {
            return false;
        }
    }
    return true;
}

bool model_is_well_formed(const model_request_t *r, bool in_source, model_answer_t *answer)
{
    if (!is_known(r->kind)) {
        return refuse(answer, ATP_UNKNOWN_KIND, ATP_FIELD_KIND, 0);
    }
    if (!in_source || r->kind == ATP_OP_RESERVE) {
        if (r->id.size == 0) {
            return refuse(answer, ATP_ID_MISSING, ATP_FIELD_ID, 0);
        }
        if (!is_id(&r->id)) {
            return refuse(answer, ATP_ID_INVALID, ATP_FIELD_ID, 0);
        }
    }
    if (!in_source && r->issued_ms <= 0) {
        return refuse(answer, ATP_MALFORMED, ATP_FIELD_ISSUED, 0);
    }
    return are_texts_good(r, r->is_fact || in_source, answer) && are_options_good(r, answer) &&
           is_line_count_good(r, answer) && are_lines_good(r, answer);
}

bool model_rescale(atp_qty_t mantissa, uint8_t decimals, uint8_t scale, uint32_t line, atp_qty_t *ret_qty,
                   model_answer_t *answer)
{
    for (; decimals > scale; decimals--) {
        if (mantissa % 10 != 0) {
            return refuse(answer, ATP_QTY_TOO_PRECISE, ATP_FIELD_QTY, line);
        }
        mantissa /= 10;
    }
    for (; decimals < scale; decimals++) {
        mantissa *= 10;
        if (mantissa > ATP_QTY_MAX || mantissa < -ATP_QTY_MAX) {
            return refuse(answer, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, line);
        }
    }
    *ret_qty = mantissa;
    return true;
}
