#include "tools/atp/rows/fact_rows.h"

#include "engine/base/attribute.h"

#include <jansson.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EXACT_DIGITS 15 /* DBL_DIG: what a number with a fraction keeps in a double */

static const char *const key_names[ATP_FACT_KEYS] = {
    [ATP_FACT_OP] = "op",
    [ATP_FACT_SKU] = "sku",
    [ATP_FACT_NODE] = "node",
    [ATP_FACT_QTY] = "qty",
    [ATP_FACT_RESERVATION] = "reservation",
    [ATP_FACT_BUCKET] = "bucket",
    [ATP_FACT_REASON] = "reason",
    [ATP_FACT_NAME] = "name",
    [ATP_FACT_SCALE] = "scale",
    [ATP_FACT_STATE] = "state",
    [ATP_FACT_UNIT] = "unit",
    [ATP_FACT_CORRELATION] = "correlation",
    [ATP_FACT_DISPOSITION] = "disposition",
    [ATP_FACT_SUPPLY] = "supply",
    [ATP_FACT_TRANSFER] = "transfer",
    [ATP_FACT_FINAL] = "final",
};

#define KEY(name) (1u << ATP_FACT_##name)

/* What each op takes, and what it must have. */
typedef struct fact_form {
    uint8_t kind;
    uint32_t takes;
    uint32_t needs;
} fact_form_t;

#define PLACE      (KEY(SKU) | KEY(NODE))
#define STOCK      (PLACE | KEY(QTY))
#define COUNTED    (STOCK | KEY(UNIT))
#define STEP_TAKES (COUNTED | KEY(RESERVATION))

static const fact_form_t forms[] = {
    {ATP_OP_RECEIVE, COUNTED, STOCK},
    {ATP_OP_SALE, COUNTED, STOCK},
    {ATP_OP_ADJUST, COUNTED | KEY(BUCKET) | KEY(REASON), STOCK},
    {ATP_OP_COUNT, COUNTED | KEY(BUCKET) | KEY(REASON), STOCK},
    {ATP_OP_DISPOSE, COUNTED | KEY(DISPOSITION), STOCK | KEY(DISPOSITION)},
    {ATP_OP_SAFETY, COUNTED, STOCK},
    {ATP_OP_SHIP, STEP_TAKES, KEY(RESERVATION)},
    {ATP_OP_PICK, STEP_TAKES, KEY(RESERVATION)},
    {ATP_OP_PACK, STEP_TAKES, KEY(RESERVATION)},
    {ATP_OP_DELIVER, STEP_TAKES, KEY(RESERVATION)},
    {ATP_OP_RETURN, STEP_TAKES | KEY(DISPOSITION), 0},
    {ATP_OP_RECONCILE, STEP_TAKES, KEY(RESERVATION)},
    {ATP_OP_SHORT, STEP_TAKES, KEY(RESERVATION)},
    {ATP_OP_RECEIVE_SUPPLY, COUNTED | KEY(SUPPLY) | KEY(FINAL), STOCK | KEY(SUPPLY)},
    {ATP_OP_TRANSFER_SHIP, COUNTED | KEY(TRANSFER), KEY(TRANSFER)},
    {ATP_OP_TRANSFER_RECEIVE, COUNTED | KEY(TRANSFER) | KEY(FINAL), STOCK | KEY(TRANSFER)},
    {ATP_OP_TRANSFER_CANCEL, KEY(TRANSFER), KEY(TRANSFER)},
    {ATP_OP_SKU, KEY(SKU) | KEY(NAME) | KEY(SCALE), KEY(SKU)},
    {ATP_OP_NODE, KEY(NODE) | KEY(NAME) | KEY(STATE), KEY(NODE)},
};

static bool find_key(const char *name, atp_fact_key_t *ret_key)
{
    for (unsigned key = 0; key < ATP_FACT_KEYS; key++) {
        if (strcmp(key_names[key], name) == 0) {
            *ret_key = (atp_fact_key_t)key;
            return true;
        }
    }
    return false;
}

static atp_err_t keep_text(atp_fact_row_t *row, atp_fact_key_t key, const char *text, size_t size,
                           atp_why_t *ret_why)
{
    if (size > ATP_NAME_SIZE_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%s has more than %d bytes", key_names[key],
                        ATP_NAME_SIZE_MAX);
    }
    memcpy(row->texts[key], text, size);
    row->texts[key][size] = '\0';
    return ATP_OK;
}

/* ---- JSON ---- */

static atp_err_t keep_value(atp_fact_row_t *row, const char *name, const json_t *value, atp_why_t *ret_why)
{
    atp_fact_key_t key;
    char number[40];

    if (!find_key(name, &key)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "unknown key '%.60s'", name);
    }
    if (json_is_string(value)) {
        return keep_text(row, key, json_string_value(value), json_string_length(value), ret_why);
    }
    if (json_is_integer(value)) {
        (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return keep_text(row, key, number, strlen(number), ret_why);
    }
    if (json_is_real(value)) {
        (void)snprintf(number, sizeof number, "%.*g", EXACT_DIGITS, json_real_value(value));
        return strpbrk(number, "eEnN") == NULL
                   ? keep_text(row, key, number, strlen(number), ret_why)
                   : atp_fail(ret_why, ATP_ERR_INVALID,
                              "%s is a number that is not kept exactly: write it as text", key_names[key]);
    }
    return json_is_null(value)
               ? ATP_OK
               : atp_fail(ret_why, ATP_ERR_INVALID, "%s is neither text nor number", key_names[key]);
}

static atp_err_t read_json(const char *line, atp_fact_row_t *row, atp_why_t *ret_why)
{
    json_error_t error;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    atp_err_t err = ATP_OK;
    const char *name;
    json_t *value;

    if (!json_is_object(object)) {
        err = object == NULL ? atp_fail(ret_why, ATP_ERR_INVALID, "no JSON: %s", error.text)
                             : atp_fail(ret_why, ATP_ERR_INVALID, "no JSON object");
        json_decref(object);
        return err;
    }
    json_object_foreach(object, name, value)
    {
        err = err == ATP_OK ? keep_value(row, name, value, ret_why) : err;
    }
    json_decref(object);
    return err;
}

/* ---- CSV ---- */

/* Takes the field at *at, which then stands behind its comma, or is NULL behind the last. False: a quote that nothing closes. */
static bool take_field(const char **at, char *field, size_t room)
{
    const char *from = *at;
    size_t size = 0;
    bool is_quoted = *from == '"';

    for (from += is_quoted; *from != '\0' && (is_quoted || *from != ','); from++) {
        if (is_quoted && *from == '"') {
            if (from[1] != '"') {
                break;
            }
            from++;
        }
        if (size + 1 < room) {
            field[size] = *from;
        }
        size++;
    }
    field[size < room ? size : room - 1] = '\0';
    if (is_quoted && (*from != '"' || (from[1] != ',' && from[1] != '\0'))) {
        return false;
    }
    from += is_quoted;
    *at = *from == ',' ? from + 1 : NULL;
    return size < room;
}

atp_err_t atp_fact_header_read(atp_fact_header_t *header, const char *line, atp_why_t *ret_why)
{
    char field[64];

    for (const char *at = line; at != NULL;) {
        if (!take_field(&at, field, sizeof field) || header->count == ATP_FACT_KEYS ||
            !find_key(field, &header->keys[header->count])) {
            return atp_fail(ret_why, ATP_ERR_INVALID,
                            "column %u: '%.60s' is none of op, sku, node, qty, reservation, bucket, reason, "
                            "name, scale, state, unit, correlation, disposition, supply, transfer, final",
                            header->count + 1, field);
        }
        for (unsigned i = 0; i < header->count; i++) {
            if (header->keys[i] == header->keys[header->count]) {
                return atp_fail(ret_why, ATP_ERR_INVALID, "column %u: '%s' is there twice", header->count + 1,
                                field);
            }
        }
        header->count++;
    }
    return ATP_OK;
}

static atp_err_t read_csv(const atp_fact_header_t *header, const char *line, atp_fact_row_t *row,
                          atp_why_t *ret_why)
{
    const char *at = line;
    unsigned i = 0;

    for (; at != NULL && i < header->count; i++) {
        if (!take_field(&at, row->texts[header->keys[i]], sizeof row->texts[0])) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "column %u is too long, or its quote is not closed",
                            i + 1);
        }
    }
    if (at != NULL || i < header->count) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%s than the %u columns of the header",
                        at != NULL ? "more" : "fewer", header->count);
    }
    return ATP_OK;
}

/* ---- from texts to a command ---- */

static const fact_form_t *find_form(const char *op)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(atp_op_kind_name(forms[i].kind), op) == 0) {
            return &forms[i];
        }
    }
    return NULL;
}

static atp_text_t text_at(const atp_fact_row_t *row, atp_fact_key_t key)
{
    return atp_text_of(row->texts[key]);
}

static bool find_name(const char *(*name_of)(unsigned number), unsigned count, const char *text,
                      uint8_t *ret_number)
{
    for (unsigned i = 0; i < count; i++) {
        const char *name = name_of(i);
        if (name != NULL && strcmp(name, text) == 0) {
            *ret_number = (uint8_t)i;
            return true;
        }
    }
    return text[0] == '\0'; /* 0 */
}

static const char *bucket_name(unsigned bucket)
{
    return bucket == ATP_BUCKET_ON_HAND ? "on_hand" : bucket == ATP_BUCKET_UNAVAILABLE ? "unavailable" : NULL;
}

/* The words that are one of a few. */
static atp_err_t take_options(atp_fact_row_t *row, atp_why_t *ret_why)
{
    atp_command_t *command = &row->command;
    const char *scale = row->texts[ATP_FACT_SCALE];

    if (!find_name(bucket_name, 2, row->texts[ATP_FACT_BUCKET], &command->option)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "bucket is on_hand or unavailable");
    }
    if (!find_name(atp_reason_name, ATP_REASON_COUNT, row->texts[ATP_FACT_REASON], &command->reason)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "'%.40s' is no reason", row->texts[ATP_FACT_REASON]);
    }
    if (command->kind == ATP_OP_NODE &&
        !find_name(atp_node_state_name, UINT8_MAX, row->texts[ATP_FACT_STATE], &command->option)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "'%.40s' is no state of a node",
                        row->texts[ATP_FACT_STATE]);
    }
    if (scale[0] != '\0') {
        if (scale[0] < '0' || scale[0] > '0' + ATP_SCALE_MAX || scale[1] != '\0') {
            return atp_fail(ret_why, ATP_ERR_INVALID, "scale is 0 to %d", ATP_SCALE_MAX);
        }
        command->option = (uint8_t)(scale[0] - '0');
    }
    return ATP_OK;
}

/* No op takes a disposition as well. */
static atp_err_t take_final(atp_fact_row_t *row, atp_why_t *ret_why)
{
    const char *final = row->texts[ATP_FACT_FINAL];

    if (final[0] == '\0') {
        return ATP_OK;
    }
    if ((final[0] != '0' && final[0] != '1') || final[1] != '\0') {
        return atp_fail(ret_why, ATP_ERR_INVALID, "final is 0 or 1");
    }
    row->attributes[row->command.attribute_count++] =
        (atp_attribute_t){.key = ATP_KEY_FINAL, .line = ATP_WHOLE_OP, .number = final[0] - '0'};
    return ATP_OK;
}

static atp_err_t take_attributes(atp_fact_row_t *row, atp_why_t *ret_why)
{
    atp_command_t *command = &row->command;
    atp_text_t unit = text_at(row, ATP_FACT_UNIT);
    atp_text_t disposition = text_at(row, ATP_FACT_DISPOSITION);

    command->attributes = row->attributes;
    if (unit.size > 0) {
        row->attributes[command->attribute_count++] =
            (atp_attribute_t){.key = ATP_KEY_UNIT, .line = ATP_WHOLE_OP, .text = unit};
    }
    if (disposition.size > 0) {
        int64_t choice = atp_attribute_choice(atp_attribute_rule(ATP_KEY_DISPOSITION), disposition);
        if (choice < 0) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "disposition is restock, quarantine, damaged or scrap");
        }
        row->attributes[command->attribute_count++] =
            (atp_attribute_t){.key = ATP_KEY_DISPOSITION, .line = ATP_WHOLE_OP, .number = choice};
    }
    return take_final(row, ret_why);
}

static atp_err_t take_line(atp_fact_row_t *row, unsigned given, atp_why_t *ret_why)
{
    atp_command_t *command = &row->command;
    bool has_line = (given & STOCK) != 0;

    if (has_line && (command->reservation.size > 0 || command->subject.size > 0) &&
        (given & STOCK) != STOCK) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a line of a %s has sku, node and qty",
                        command->subject.size > 0 ? "transfer" : "reservation");
    }
    row->line = (atp_command_line_t){.sku = text_at(row, ATP_FACT_SKU), .node = text_at(row, ATP_FACT_NODE)};
    if ((given & KEY(QTY)) != 0 &&
        !atp_qty_parse(text_at(row, ATP_FACT_QTY), &row->line.mantissa, &row->line.decimals)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "'%.40s' is not a quantity", row->texts[ATP_FACT_QTY]);
    }
    if (text_at(row, ATP_FACT_UNIT).size > ATP_ID_SIZE_MAX || row->line.sku.size > ATP_ID_SIZE_MAX ||
        row->line.node.size > ATP_ID_SIZE_MAX || command->reservation.size > ATP_ID_SIZE_MAX ||
        command->subject.size > ATP_ID_SIZE_MAX || command->correlation.size > ATP_ID_SIZE_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "an id has at most %d bytes", ATP_ID_SIZE_MAX);
    }
    command->lines = &row->line;
    command->line_count = has_line ? 1 : 0;
    return take_attributes(row, ret_why);
}

static atp_err_t make_command(atp_fact_row_t *row, atp_why_t *ret_why)
{
    const fact_form_t *form = find_form(row->texts[ATP_FACT_OP]);
    unsigned given = 0;

    for (unsigned key = 1; key < ATP_FACT_KEYS; key++) {
        given |= row->texts[key][0] != '\0' ? 1u << key : 0u;
    }
    if (form == NULL) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "op '%.40s' is not one that can be told",
                        row->texts[ATP_FACT_OP]);
    }
    for (unsigned key = 1; key < ATP_FACT_KEYS; key++) {
        if ((form->needs & ~given & 1u << key) != 0) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "%s needs %s", row->texts[ATP_FACT_OP], key_names[key]);
        }
        if ((given & ~(form->takes | KEY(CORRELATION)) & 1u << key) != 0) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "%s does not take %s", row->texts[ATP_FACT_OP],
                            key_names[key]);
        }
    }
    if (form->kind == ATP_OP_RETURN && (given & KEY(RESERVATION)) == 0 && (given & STOCK) != STOCK) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a return without a reservation has sku, node and qty");
    }
    row->command = (atp_command_t){.kind = (atp_op_kind_t)form->kind,
                                   .correlation = text_at(row, ATP_FACT_CORRELATION),
                                   .reservation = text_at(row, ATP_FACT_RESERVATION),
                                   .subject = (given & KEY(TRANSFER)) != 0 ? text_at(row, ATP_FACT_TRANSFER)
                                                                           : text_at(row, ATP_FACT_SUPPLY),
                                   .name = text_at(row, ATP_FACT_NAME)};
    atp_err_t err = take_options(row, ret_why);
    return err == ATP_OK ? take_line(row, given, ret_why) : err;
}

atp_err_t atp_fact_row_read(const atp_fact_header_t *header, const char *line, atp_fact_row_t *ret_row,
                            atp_why_t *ret_why)
{
    for (unsigned key = 0; key < ATP_FACT_KEYS; key++) {
        ret_row->texts[key][0] = '\0';
    }
    atp_err_t err =
        header->is_csv ? read_csv(header, line, ret_row, ret_why) : read_json(line, ret_row, ret_why);
    return err == ATP_OK ? make_command(ret_row, ret_why) : err;
}
