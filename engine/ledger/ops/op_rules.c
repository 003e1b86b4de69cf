#include "engine/ledger/ops/op_rules.h"

#include "engine/base/attribute.h"
#include "engine/base/verdict.h"

#include <string.h>

/* What is not said is false, 0, no lines, a node needed, a quantity above 0. */
static const atp_op_rule_t rules[ATP_OP_KIND_LIMIT] = {
    [ATP_OP_SKU] = {.is_known = true,
                    .options = UINT8_MAX,
                    .lines = LINES_SUBJECT_SKU}, /* option is the scale: has a verdict of its own */
    [ATP_OP_NODE] = {.is_known = true, .options = ATP_NODE_CLOSED + 1, .lines = LINES_SUBJECT_NODE},
    [ATP_OP_CHANNEL] = {.is_known = true},
    [ATP_OP_GROUP] = {.is_known = true, .needs_subject = true},
    [ATP_OP_KIT] = {.is_known = true, .lines = LINES_OPTIONAL, .node = NODE_NEVER, .needs_subject = true},
    [ATP_OP_SAFETY] = {.is_known = true, .lines = LINES_ONE, .qty = QTY_NOT_NEGATIVE},
    [ATP_OP_SUPPLY] = {.is_known = true,
                       .lines = LINES_OPTIONAL,
                       .needs_subject = true,
                       .qty = QTY_NOT_NEGATIVE},
    [ATP_OP_TRANSFER] = {.is_known = true, .lines = LINES_ONE, .needs_subject = true},
    [ATP_OP_TRANSFER_SHIP] = {.is_known = true, .lines = LINES_OPTIONAL, .needs_subject = true},
    [ATP_OP_TRANSFER_RECEIVE] = {.is_known = true,
                                 .lines = LINES_ONE,
                                 .needs_subject = true,
                                 .qty = QTY_NOT_NEGATIVE},
    [ATP_OP_TRANSFER_CANCEL] = {.is_known = true, .needs_subject = true},
    [ATP_OP_RECEIVE_SUPPLY] = {.is_known = true,
                               .lines = LINES_ONE,
                               .needs_subject = true,
                               .qty = QTY_NOT_NEGATIVE},
    [ATP_OP_RULE] = {.is_known = true, .needs_subject = true},
    [ATP_OP_ALIAS] = {.is_known = true, .needs_subject = true},
    [ATP_OP_MERGE_SKU] = {.is_known = true, .needs_subject = true},
    [ATP_OP_UNIT] = {.is_known = true, .needs_subject = true},
    [ATP_OP_QUOTA] = {.is_known = true, .needs_subject = true},
    [ATP_OP_RESERVE] = {.is_known = true,
                        .options = ATP_RESERVE_TRACK_ONLY + 1,
                        .lines = LINES_SOME,
                        .node = NODE_OPTIONAL},
    [ATP_OP_LIMIT] = {.is_known = true, .lines = LINES_ONE, .node = NODE_OPTIONAL, .qty = QTY_NOT_NEGATIVE},
    [ATP_OP_EDIT] = {.is_known = true,
                     .needs_reservation = true,
                     .lines = LINES_OPTIONAL,
                     .node = NODE_OPTIONAL,
                     .qty = QTY_NOT_NEGATIVE},
    [ATP_OP_EXTEND] = {.is_known = true, .needs_reservation = true},
    [ATP_OP_ALLOCATE] = {.is_known = true, .needs_reservation = true, .lines = LINES_OPTIONAL},
    [ATP_OP_RELEASE] = {.is_known = true, .needs_reservation = true, .lines = LINES_OPTIONAL},
    [ATP_OP_CANCEL] = {.is_known = true, .needs_reservation = true, .lines = LINES_OPTIONAL},
    [ATP_OP_SHIP] = {.is_known = true, .needs_reservation = true, .lines = LINES_OPTIONAL},
    [ATP_OP_PICK] = {.is_known = true, .needs_reservation = true, .lines = LINES_OPTIONAL},
    [ATP_OP_PACK] = {.is_known = true, .needs_reservation = true, .lines = LINES_OPTIONAL},
    [ATP_OP_DELIVER] = {.is_known = true, .needs_reservation = true, .lines = LINES_OPTIONAL},
    [ATP_OP_RETURN] = {.is_known = true, .needs_reservation = true, .lines = LINES_OPTIONAL},
    [ATP_OP_RECONCILE] = {.is_known = true, .needs_reservation = true, .lines = LINES_OPTIONAL},
    [ATP_OP_SHORT] = {.is_known = true, .needs_reservation = true, .lines = LINES_OPTIONAL},
    [ATP_OP_REASSIGN] = {.is_known = true,
                         .needs_reservation = true,
                         .lines = LINES_OPTIONAL,
                         .qty = QTY_NOT_NEGATIVE},
    [ATP_OP_FEED] = {.is_known = true,
                     .lines = LINES_OPTIONAL,
                     .needs_subject = true,
                     .qty = QTY_NOT_NEGATIVE},
    [ATP_OP_REGISTER_SOURCE] = {.is_known = true, .needs_subject = true},
    [ATP_OP_DISPOSE] = {.is_known = true, .lines = LINES_ONE},
    [ATP_OP_SETTLE_EXCEPTION] = {.is_known = true,
                                 .lines = LINES_OPTIONAL,
                                 .node = NODE_OPTIONAL,
                                 .needs_subject = true,
                                 .qty = QTY_SIGNED},
    [ATP_OP_EXCEPTION_OWNER] = {.is_known = true, .needs_subject = true},
    [ATP_OP_SUBSCRIBER] = {.is_known = true, .needs_subject = true},
    [ATP_OP_SUBSCRIBER_POSITION] = {.is_known = true, .needs_subject = true},
    [ATP_OP_RECEIVE] = {.is_known = true, .lines = LINES_ONE},
    [ATP_OP_SALE] = {.is_known = true, .lines = LINES_ONE},
    [ATP_OP_ADJUST] = {.is_known = true,
                       .options = ATP_BUCKET_UNAVAILABLE + 1,
                       .lines = LINES_ONE,
                       .qty = QTY_SIGNED},
    [ATP_OP_COUNT] = {.is_known = true,
                      .options = ATP_BUCKET_UNAVAILABLE + 1,
                      .lines = LINES_ONE,
                      .qty = QTY_NOT_NEGATIVE},
};

const atp_op_rule_t *atp_op_rule(unsigned kind)
{
    return &rules[kind];
}

/* ---- the check ---- */

atp_verdict_t atp_op_fault(atp_result_t *ret_fault, atp_verdict_t verdict, atp_field_t field, uint32_t line)
{
    memset(ret_fault, 0, sizeof *ret_fault);
    ret_fault->verdict = (uint8_t)verdict;
    ret_fault->field = (uint8_t)field;
    ret_fault->line = (uint16_t)line;
    return verdict;
}

static bool is_id(atp_text_t text)
{
    return text.size >= 1 && text.size <= ATP_ID_SIZE_MAX && atp_text_is_clean(text);
}

static bool is_optional_id(atp_text_t text)
{
    return text.size <= ATP_ID_SIZE_MAX && atp_text_is_clean(text);
}

static atp_verdict_t check_identity(const atp_command_t *command, const atp_op_context_t *context,
                                    atp_result_t *ret_fault)
{
    if (context->in_source && command->kind != ATP_OP_RESERVE) {
        return ATP_APPLIED;
    }
    if (command->id.size == 0) {
        return atp_op_fault(ret_fault, ATP_ID_MISSING, ATP_FIELD_ID, 0);
    }
    if (!is_id(command->id)) {
        return atp_op_fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_ID, 0);
    }
    if (command->issued_ms <= 0 && !context->in_source) {
        return atp_op_fault(ret_fault, ATP_MALFORMED, ATP_FIELD_ISSUED, 0);
    }
    return ATP_APPLIED;
}

static bool names_order(const atp_command_t *command)
{
    return atp_attributes_find(command, ATP_KEY_ORDER_ID, ATP_WHOLE_OP) != NULL;
}

/* A reconcile that names postings, which say of what they are. */
static bool names_postings(const atp_command_t *command)
{
    return command->kind == ATP_OP_RECONCILE &&
           atp_attributes_find(command, ATP_KEY_POSTING, ATP_WHOLE_OP) != NULL;
}

static atp_verdict_t check_texts(const atp_command_t *command, const atp_op_rule_t *rule, bool is_fact,
                                 atp_result_t *ret_fault)
{
    /* A shipment told as a fact, and a return, may name no reservation; other steps may name an order instead. */
    bool may_be_empty = !rule->needs_reservation || (command->kind == ATP_OP_SHIP && is_fact) ||
                        command->kind == ATP_OP_RETURN || names_order(command) || names_postings(command);

    if (!is_optional_id(command->reservation) || (command->reservation.size == 0 && !may_be_empty)) {
        return atp_op_fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_RESERVATION, 0);
    }
    if (!is_optional_id(command->subject) || (command->subject.size == 0) == rule->needs_subject) {
        return atp_op_fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_SUBJECT, 0);
    }
    if (!is_optional_id(command->channel) ||
        (command->kind == ATP_OP_CHANNEL && command->channel.size == 0)) {
        return atp_op_fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_CHANNEL, 0);
    }
    if (!is_optional_id(command->owner)) {
        return atp_op_fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_OWNER, 0);
    }
    if (command->name.size > ATP_NAME_SIZE_MAX || !atp_text_is_clean(command->name)) {
        return atp_op_fault(ret_fault, ATP_TEXT_INVALID, ATP_FIELD_NAME, 0);
    }
    return ATP_APPLIED;
}

static atp_verdict_t check_options(const atp_command_t *command, const atp_op_rule_t *rule,
                                   atp_result_t *ret_fault)
{
    if (command->kind == ATP_OP_SKU) {
        if (command->option > ATP_SCALE_MAX) {
            return atp_op_fault(ret_fault, ATP_SCALE_OUT_OF_RANGE, ATP_FIELD_OPTION, 0);
        }
    } else if (command->option > 0 && command->option >= rule->options) {
        return atp_op_fault(ret_fault, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0);
    }
    if (command->reason >= ATP_REASON_COUNT) {
        return atp_op_fault(ret_fault, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0);
    }
    if (command->ttl_ms < 0) {
        return atp_op_fault(ret_fault, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
    }
    return ATP_APPLIED;
}

static atp_verdict_t check_line_count(const atp_command_t *command, const atp_op_rule_t *rule,
                                      atp_result_t *ret_fault)
{
    uint32_t least = 1;
    uint32_t most = 1;

    switch (rule->lines) {
    case LINES_NONE:
        least = most = 0;
        break;
    case LINES_SOME:
        most = ATP_LINES_PER_OP_MAX;
        break;
    case LINES_OPTIONAL:
        least = 0;
        most = ATP_LINES_PER_OP_MAX;
        break;
    default:
        break;
    }
    if ((command->kind == ATP_OP_SHIP || command->kind == ATP_OP_RETURN) && command->reservation.size == 0) {
        least = 1; /* a shipment or return of nothing in particular says nothing */
    }
    if (command->line_count < least) {
        return atp_op_fault(ret_fault, ATP_LINES_MISSING, ATP_FIELD_LINES, 0);
    }
    if (command->line_count > most) {
        return atp_op_fault(ret_fault, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    return ATP_APPLIED;
}

static atp_verdict_t check_qty(const atp_op_rule_t *rule, const atp_command_line_t *line, uint32_t i,
                               atp_result_t *ret_fault)
{
    if (line->decimals > ATP_SCALE_MAX || !atp_qty_in_range(line->mantissa)) {
        return atp_op_fault(ret_fault, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
    }
    if (rule->qty == QTY_NOT_NEGATIVE && line->mantissa < 0) {
        return atp_op_fault(ret_fault, ATP_QTY_MUST_NOT_BE_NEGATIVE, ATP_FIELD_QTY, i);
    }
    if (rule->qty == QTY_POSITIVE && line->mantissa <= 0) {
        return atp_op_fault(ret_fault, ATP_QTY_MUST_BE_POSITIVE, ATP_FIELD_QTY, i);
    }
    return ATP_APPLIED;
}

static bool is_node_fitting(const atp_op_rule_t *rule, atp_text_t node)
{
    if (node.size == 0) {
        return rule->node != NODE_NEEDED || rule->lines == LINES_SUBJECT_SKU;
    }
    return rule->lines == LINES_SUBJECT_SKU || (rule->node != NODE_NEVER && is_id(node));
}

static atp_verdict_t check_lines(const atp_command_t *command, const atp_op_rule_t *rule,
                                 atp_result_t *ret_fault)
{
    for (uint32_t i = 0; i < command->line_count; i++) {
        const atp_command_line_t *line = &command->lines[i];
        if (rule->lines != LINES_SUBJECT_NODE && !is_id(line->sku)) {
            return atp_op_fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_SKU, i);
        }
        if (!is_node_fitting(rule, line->node)) {
            return atp_op_fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_NODE, i);
        }
        if (rule->lines == LINES_SUBJECT_SKU || rule->lines == LINES_SUBJECT_NODE) {
            continue;
        }
        atp_verdict_t verdict = check_qty(rule, line, i, ret_fault);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
    }
    return ATP_APPLIED;
}

static atp_verdict_t check_attributes(const atp_command_t *command, atp_result_t *ret_fault)
{
    unsigned key;
    uint32_t line;
    atp_verdict_t verdict = atp_attributes_check(command, &key, &line);

    if (verdict != ATP_APPLIED) {
        (void)atp_op_fault(ret_fault, verdict, ATP_FIELD_ATTRIBUTE, line != ATP_WHOLE_OP ? line : 0);
        ret_fault->key = (uint8_t)key;
        ret_fault->is_of_line = line != ATP_WHOLE_OP;
    }
    return verdict;
}

atp_verdict_t atp_op_check(const atp_command_t *command, const atp_op_context_t *context,
                           atp_result_t *ret_fault)
{
    unsigned kind = (unsigned)command->kind;

    if (kind >= ATP_OP_KIND_LIMIT || !rules[kind].is_known) {
        return atp_op_fault(ret_fault, ATP_UNKNOWN_KIND, ATP_FIELD_KIND, 0);
    }
    const atp_op_rule_t *rule = &rules[kind];
    atp_verdict_t verdict = check_identity(command, context, ret_fault);
    bool is_fact = command->is_fact || context->in_source;
    verdict = verdict == ATP_APPLIED ? check_texts(command, rule, is_fact, ret_fault) : verdict;
    verdict = verdict == ATP_APPLIED ? check_options(command, rule, ret_fault) : verdict;
    verdict = verdict == ATP_APPLIED ? check_line_count(command, rule, ret_fault) : verdict;
    verdict = verdict == ATP_APPLIED ? check_lines(command, rule, ret_fault) : verdict;
    if (verdict == ATP_APPLIED && !is_optional_id(command->correlation)) {
        return atp_op_fault(ret_fault, ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_FIELD_CORRELATION, 0);
    }
    if (verdict == ATP_APPLIED) {
        return check_attributes(command, ret_fault);
    }
    return verdict;
}
