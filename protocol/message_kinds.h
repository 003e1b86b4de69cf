/* How each kind of op is laid out on the wire. Private to message_commands.c, which reads and writes them. */
#ifndef ATP_PROTOCOL_MESSAGE_KINDS_H
#define ATP_PROTOCOL_MESSAGE_KINDS_H

#include "engine/base/command.h"

/* The layouts there are. A kind has one of them; kinds without one cannot come from outside. */
typedef enum layout {
    LAYOUT_NONE = 0,
    LAYOUT_SKU,     /* sku, name, scale */
    LAYOUT_NODE,    /* node, name, state */
    LAYOUT_CHANNEL, /* channel, ttl_ms */
    LAYOUT_RESERVE, /* channel, owner, ttl_ms, mode, lines */
    LAYOUT_EXTEND,  /* reservation, ttl_ms */
    LAYOUT_STEP,    /* reservation, lines, is_fact */
    LAYOUT_STOCK,   /* sku, node, qty, is_fact, bucket, reason */
    LAYOUT_PLAIN    /* subject, lines, is_fact */
} layout_t;

typedef struct kind_form {
    uint8_t layout;
    bool in_facts; /* may stand in a batch of facts */
    bool is_fact;  /* and is a fact there */
} kind_form_t;

static const kind_form_t kind_forms[ATP_OP_KIND_LIMIT] = {
    [ATP_OP_SKU] = {LAYOUT_SKU, true, false},
    [ATP_OP_NODE] = {LAYOUT_NODE, true, false},
    [ATP_OP_CHANNEL] = {LAYOUT_CHANNEL, false, false},
    [ATP_OP_SAFETY] = {LAYOUT_STOCK, true, false},
    [ATP_OP_GROUP] = {LAYOUT_PLAIN, false, false},
    [ATP_OP_KIT] = {LAYOUT_PLAIN, true, false},
    [ATP_OP_RULE] = {LAYOUT_PLAIN, false, false},
    [ATP_OP_ALIAS] = {LAYOUT_PLAIN, true, false},
    [ATP_OP_MERGE_SKU] = {LAYOUT_PLAIN, false, false},
    [ATP_OP_UNIT] = {LAYOUT_PLAIN, true, false},
    [ATP_OP_QUOTA] = {LAYOUT_PLAIN, false, false},
    [ATP_OP_RESERVE] = {LAYOUT_RESERVE, false, false},
    [ATP_OP_EXTEND] = {LAYOUT_EXTEND, false, false},
    [ATP_OP_SUPPLY] = {LAYOUT_PLAIN, true, false},
    [ATP_OP_TRANSFER] = {LAYOUT_PLAIN, true, false},
    [ATP_OP_TRANSFER_SHIP] = {LAYOUT_PLAIN, true, true},
    [ATP_OP_TRANSFER_RECEIVE] = {LAYOUT_PLAIN, true, true},
    [ATP_OP_TRANSFER_CANCEL] = {LAYOUT_PLAIN, true, false},
    [ATP_OP_RECEIVE_SUPPLY] = {LAYOUT_PLAIN, true, true},
    [ATP_OP_ALLOCATE] = {LAYOUT_STEP, false, false},
    [ATP_OP_RELEASE] = {LAYOUT_STEP, false, false},
    [ATP_OP_CANCEL] = {LAYOUT_STEP, false, false},
    [ATP_OP_SHIP] = {LAYOUT_STEP, true, true},
    [ATP_OP_PICK] = {LAYOUT_STEP, true, true},
    [ATP_OP_PACK] = {LAYOUT_STEP, true, true},
    [ATP_OP_DELIVER] = {LAYOUT_STEP, true, true},
    [ATP_OP_RETURN] = {LAYOUT_STEP, true, true},
    [ATP_OP_RECONCILE] = {LAYOUT_STEP, true, true},
    [ATP_OP_SHORT] = {LAYOUT_STEP, true, true},
    [ATP_OP_REASSIGN] = {LAYOUT_STEP, false, false},
    [ATP_OP_FEED] = {LAYOUT_PLAIN, false, false},
    [ATP_OP_DISPOSE] = {LAYOUT_STOCK, true, true},
    [ATP_OP_SETTLE_EXCEPTION] = {LAYOUT_PLAIN, false, false},
    [ATP_OP_REGISTER_SOURCE] = {LAYOUT_PLAIN, false, false},
    [ATP_OP_EXCEPTION_OWNER] = {LAYOUT_PLAIN, false, false},
    [ATP_OP_SUBSCRIBER] = {LAYOUT_PLAIN, false, false},
    [ATP_OP_SUBSCRIBER_POSITION] = {LAYOUT_PLAIN, false, false},
    [ATP_OP_LIMIT] = {LAYOUT_PLAIN, false, false},
    [ATP_OP_EDIT] = {LAYOUT_STEP, false, false},
    [ATP_OP_RECEIVE] = {LAYOUT_STOCK, true, true},
    [ATP_OP_SALE] = {LAYOUT_STOCK, true, true},
    [ATP_OP_ADJUST] = {LAYOUT_STOCK, true, true},
    [ATP_OP_COUNT] = {LAYOUT_STOCK, true, true},
};

#endif
