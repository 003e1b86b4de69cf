/* Why a row was rejected: the whole list. Codes are stable: they are in reject files and scripts; a reason is
 * added, never renamed. */
#ifndef ATP_LOADERS_REASON_H
#define ATP_LOADERS_REASON_H

/* X(NAME, code, sentence) */
#define ATP_REASONS_OF_REJECT(X)                                                                             \
    X(NONE, "none", "the row is good")                                                                       \
    X(NUL_BYTE, "nul_byte", "the row holds a zero byte; is this a text file?")                               \
    X(QUOTE_UNTERMINATED, "quote_unterminated",                                                              \
      "a quoted field is not closed before the end of the file or the record limit")                         \
    X(TEXT_AFTER_QUOTE, "text_after_quote", "text follows the closing quote of a field")                     \
    X(QUOTE_IN_FIELD, "quote_in_field", "a quote stands inside a field that is not quoted")                  \
    X(FIELD_TOO_LONG, "field_too_long", "a field is longer than the profile's limit")                        \
    X(RECORD_TOO_LONG, "record_too_long", "the row is longer than the profile's limit")                      \
    X(TOO_MANY_FIELDS, "too_many_fields", "the row has more fields than the loader reads")                   \
    X(FIELD_COUNT, "field_count", "the row has not as many fields as the header or the profile says")        \
    X(COLUMN_MISSING, "column_missing", "the row ends before a column that the profile names")               \
    X(NOT_TEXT, "not_text", "the field is not UTF-8, or holds control characters")                           \
    X(SKU_EMPTY, "sku_empty", "the SKU is empty")                                                            \
    X(SKU_TOO_LONG, "sku_too_long", "the SKU is longer than 64 bytes")                                       \
    X(NODE_EMPTY, "node_empty", "the node is empty")                                                         \
    X(NODE_TOO_LONG, "node_too_long", "the node is longer than 64 bytes")                                    \
    X(NAME_TOO_LONG, "name_too_long", "the name is longer than 255 bytes")                                   \
    X(QTY_EMPTY, "qty_empty", "the quantity is empty")                                                       \
    X(QTY_MALFORMED, "qty_malformed", "the quantity is not an exact decimal number")                         \
    X(QTY_NEGATIVE, "qty_negative", "the quantity is below zero")                                            \
    X(QTY_OUT_OF_RANGE, "qty_out_of_range", "the quantity passes 10^14 smallest units")                      \
    X(QTY_TOO_PRECISE, "qty_too_precise", "the quantity has more decimals than the scale of the SKU")        \
    X(SCALE_INVALID, "scale_invalid", "the scale is not a number from 0 to 6")                               \
    X(STATE_UNKNOWN, "state_unknown", "the node state is not open, paused, draining or closed")              \
    X(STATUS_UNKNOWN, "status_unknown", "the profile maps no bucket to this status")                         \
    X(LOOKUP_MISSING, "lookup_missing", "the value is not in the lookup file")                               \
    X(DUPLICATE, "duplicate", "an earlier row has the same key")                                             \
    X(KIT_EMPTY, "kit_empty", "the kit is empty")                                                            \
    X(KIT_TOO_LONG, "kit_too_long", "the kit is longer than 64 bytes")                                       \
    X(SUPPLY_EMPTY, "supply_empty", "the id of the supply is empty")                                         \
    X(SUPPLY_TOO_LONG, "supply_too_long", "the id of the supply is longer than 64 bytes")                    \
    X(QTY_ZERO, "qty_zero", "a component, or what happened, is of more than nothing")                        \
    X(DATE_INVALID, "date_invalid", "the date is not year-month-day, or the end is not after the start")     \
    X(JSON_MALFORMED, "json_malformed", "the line is not one JSON object, or a key is there twice")          \
    X(EVENT_EMPTY, "event_empty", "the id of what happened is empty")                                        \
    X(UNIT_TOO_LONG, "unit_too_long", "the unit of the quantity is longer than 64 bytes")                    \
    X(EVENT_TOO_LONG, "event_too_long", "the id of what happened is longer than 64 bytes")                   \
    X(MESSAGE_TYPE, "message_type", "the message is of another type than the profile reads")                 \
    X(MESSAGE_PURPOSE, "message_purpose",                                                                    \
      "the message cancels or changes another one: it does not say what there is")                           \
    X(OUTSIDE_SCOPE, "outside_scope", "the load is not for this SKU at this node")                           \
    X(OUTSIDE_AUTHORITY, "outside_authority", "the source of the file does not claim that there")            \
    X(INTERCHANGE_REPEATED, "interchange_repeated", "the interchange or IDoc stands in the file before")     \
    X(UNIT_EMPTY, "unit_empty", "the unit is empty")                                                         \
    X(UNIT_UNKNOWN, "unit_unknown", "nothing says what the file's unit is of the SKU")                       \
    X(UNIT_INEXACT, "unit_inexact",                                                                          \
      "the quantity does not come out even in the SKU's own unit, at its scale")                             \
    X(UNIT_INVALID, "unit_invalid",                                                                          \
      "what the unit is of the SKU's own is not a whole number from 1 to 10^12")                             \
    X(ALIAS_EMPTY, "alias_empty", "the alias is empty")                                                      \
    X(ALIAS_TOO_LONG, "alias_too_long", "the alias is longer than 64 bytes")                                 \
    X(ALIAS_TARGET, "alias_target", "an alias is of a SKU or of a node: one of them, not both")              \
    X(ALIAS_TAKEN, "alias_taken", "the alias is an id, or means something else already")                     \
    X(SOURCE_TOO_LONG, "source_too_long", "the name of the source is longer than 64 bytes")                  \
    X(SKU_UNKNOWN, "sku_unknown", "the ledger has no SKU of that name")                                      \
    X(NODE_UNKNOWN, "node_unknown", "the ledger has no node of that name")

typedef enum atp_reason_of_reject {
#define ATP_REASON_ENUM(NAME, code, sentence) ATP_REJECT_##NAME,
    ATP_REASONS_OF_REJECT(ATP_REASON_ENUM)
#undef ATP_REASON_ENUM
        ATP_REJECT_COUNT
} atp_reason_of_reject_t;

/* The stable code, e.g. "qty_malformed"; NULL for a number that is no reason. Thread: any. */
const char *atp_reject_code(unsigned reason);
/* What a person should know; NULL for a number that is no reason. Thread: any. */
const char *atp_reject_sentence(unsigned reason);

#endif
