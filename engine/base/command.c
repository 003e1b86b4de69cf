#include "engine/base/command.h"

_Static_assert(sizeof(atp_result_t) == 48, "answers are compared byte by byte: no padding");

#define NAME_OF(table, number) ((number) < sizeof(table) / sizeof((table)[0]) ? (table)[number] : NULL)

static const char *const field_names[ATP_FIELD_COUNT] = {
    [ATP_FIELD_NONE] = "none",
    [ATP_FIELD_KIND] = "kind",
    [ATP_FIELD_ID] = "id",
    [ATP_FIELD_ISSUED] = "issued",
    [ATP_FIELD_RESERVATION] = "reservation",
    [ATP_FIELD_CHANNEL] = "channel",
    [ATP_FIELD_OWNER] = "owner",
    [ATP_FIELD_TTL] = "ttl",
    [ATP_FIELD_OPTION] = "option",
    [ATP_FIELD_SKU] = "sku",
    [ATP_FIELD_NODE] = "node",
    [ATP_FIELD_QTY] = "qty",
    [ATP_FIELD_LINES] = "lines",
    [ATP_FIELD_NAME] = "name",
    [ATP_FIELD_SOURCE] = "source",
    [ATP_FIELD_EPOCH] = "epoch",
    [ATP_FIELD_SEQUENCE] = "sequence",
    [ATP_FIELD_CLIENT] = "client",
    [ATP_FIELD_TOKEN] = "token",
    [ATP_FIELD_CORRELATION] = "correlation",
    [ATP_FIELD_SUBJECT] = "subject",
    [ATP_FIELD_ATTRIBUTE] = "attribute",
};

static const char *const kind_names[ATP_OP_KIND_LIMIT] = {
    [ATP_OP_GENESIS] = "genesis",
    [ATP_OP_CONFIGURE] = "configure",
    [ATP_OP_PULSE] = "pulse",
    [ATP_OP_SETTLE] = "settle",
    [ATP_OP_CLIENT] = "client",
    [ATP_OP_SOURCE] = "source",
    [ATP_OP_QUARANTINE] = "quarantine",
    [ATP_OP_SKU] = "sku",
    [ATP_OP_NODE] = "node",
    [ATP_OP_CHANNEL] = "channel",
    [ATP_OP_KIT] = "kit",
    [ATP_OP_SAFETY] = "safety",
    [ATP_OP_RESERVE] = "reserve",
    [ATP_OP_EXTEND] = "extend",
    [ATP_OP_ALLOCATE] = "allocate",
    [ATP_OP_RELEASE] = "release",
    [ATP_OP_CANCEL] = "cancel",
    [ATP_OP_PICK] = "pick",
    [ATP_OP_PACK] = "pack",
    [ATP_OP_DELIVER] = "deliver",
    [ATP_OP_RETURN] = "return",
    [ATP_OP_RECONCILE] = "reconcile",
    [ATP_OP_SHORT] = "short",
    [ATP_OP_REASSIGN] = "reassign",
    [ATP_OP_FEED] = "feed",
    [ATP_OP_DISPOSE] = "dispose",
    [ATP_OP_REGISTER_SOURCE] = "register_source",
    [ATP_OP_ALIAS] = "alias",
    [ATP_OP_MERGE_SKU] = "merge_sku",
    [ATP_OP_UNIT] = "unit",
    [ATP_OP_SETTLE_EXCEPTION] = "settle_exception",
    [ATP_OP_EXCEPTION_OWNER] = "exception_owner",
    [ATP_OP_SUBSCRIBER] = "subscriber",
    [ATP_OP_SUBSCRIBER_POSITION] = "subscriber_position",
    [ATP_OP_SHIP] = "ship",
    [ATP_OP_RECEIVE] = "receive",
    [ATP_OP_GROUP] = "group",
    [ATP_OP_RULE] = "rule",
    [ATP_OP_QUOTA] = "quota",
    [ATP_OP_SALE] = "sale",
    [ATP_OP_SUPPLY] = "supply",
    [ATP_OP_TRANSFER] = "transfer",
    [ATP_OP_TRANSFER_SHIP] = "transfer_ship",
    [ATP_OP_TRANSFER_RECEIVE] = "transfer_receive",
    [ATP_OP_TRANSFER_CANCEL] = "transfer_cancel",
    [ATP_OP_RECEIVE_SUPPLY] = "receive_supply",
    [ATP_OP_ADJUST] = "adjust",
    [ATP_OP_COUNT] = "count",
    [ATP_OP_EDIT] = "edit",
    [ATP_OP_LIMIT] = "limit",
};

static const char *const state_names[] = {"open", "paused", "draining", "closed"};

static const char *const reason_names[ATP_REASON_COUNT] = {
    "none", "correction", "damage", "loss", "found", "return", "cycle_count",
};

const char *atp_field_name(unsigned field)
{
    return NAME_OF(field_names, field);
}

const char *atp_op_kind_name(unsigned kind)
{
    return NAME_OF(kind_names, kind);
}

const char *atp_node_state_name(unsigned state)
{
    return NAME_OF(state_names, state);
}

const char *atp_reason_name(unsigned reason)
{
    return NAME_OF(reason_names, reason);
}
