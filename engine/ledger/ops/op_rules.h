/* What each kind of op must have, one row a kind, and the check of a command against it. Private to op.c, which writes
 * records, and op_read.c, which looks at those that come from disk. */
#ifndef ATP_LEDGER_OP_RULES_H
#define ATP_LEDGER_OP_RULES_H

#include "engine/base/attribute.h"
#include "engine/ledger/ops/op.h"

/* Lines, their nodes and their quantities. */
enum { LINES_NONE, LINES_ONE, LINES_SOME, LINES_OPTIONAL, LINES_SUBJECT_SKU, LINES_SUBJECT_NODE };
enum { NODE_NEEDED, NODE_OPTIONAL, NODE_NEVER };
enum { QTY_POSITIVE, QTY_NOT_NEGATIVE, QTY_SIGNED };

typedef struct atp_op_rule {
    bool is_known;
    bool needs_reservation;
    uint8_t options; /* option must be below this; 0 = must be 0 */
    uint8_t lines;   /* LINES_... */
    uint8_t node;    /* NODE_..., of a line */
    bool needs_subject;
    uint8_t qty; /* QTY_..., of a line */
} atp_op_rule_t;

/* The rule of a client kind; is_known is false for the engine's own kinds. `kind` is below ATP_OP_KIND_LIMIT. */
const atp_op_rule_t *atp_op_rule(unsigned kind);

/* Whether the command has the form its kind needs; else a verdict with the field and line at fault. */
ATP_MUST_USE atp_verdict_t atp_op_check(const atp_command_t *command, const atp_op_context_t *context,
                                        atp_result_t *ret_fault);

/* Notes a fault in `ret_fault` and returns its verdict. */
atp_verdict_t atp_op_fault(atp_result_t *ret_fault, atp_verdict_t verdict, atp_field_t field, uint32_t line);

/* True for the kinds whose lines name a position; the others carry their one name as subject. */
static inline bool atp_op_has_position_lines(atp_op_kind_t kind)
{
    return kind != ATP_OP_SKU && kind != ATP_OP_NODE && kind != ATP_OP_CHANNEL;
}

static inline bool atp_attribute_is_text(const atp_attribute_rule_t *rule)
{
    return rule->type == ATP_ATTRIBUTE_ID || rule->type == ATP_ATTRIBUTE_TEXT;
}

#endif
