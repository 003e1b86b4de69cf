/* Shadows: what two sources tell of the same things, side by side, until one takes the place of the other. */
#include "engine/ledger/facts/ledger_registry.h"

#include "engine/base/attribute.h"
#include "engine/ledger/lifecycle/lifecycle.h"

/* What a fact tells of a line, as a change of what is on hand. */
typedef enum effect { EFFECT_NONE, EFFECT_UP, EFFECT_DOWN, EFFECT_COUNT } effect_t;

static effect_t disposed(const atp_op_t *op, uint32_t line, effect_t otherwise, effect_t scrapped)
{
    const atp_op_attribute_t *said = atp_op_attribute(op, ATP_KEY_DISPOSITION, line);

    said = said != NULL ? said : atp_op_attribute(op, ATP_KEY_DISPOSITION, ATP_WHOLE_OP);
    return said != NULL && said->number == ATP_DISPOSITION_SCRAP ? scrapped : otherwise;
}

static effect_t effect_of(const atp_op_t *op, uint32_t line)
{
    switch (op->kind) {
    case ATP_OP_COUNT:
        return op->option == ATP_BUCKET_ON_HAND ? EFFECT_COUNT : EFFECT_NONE;
    case ATP_OP_ADJUST:
        return op->option == ATP_BUCKET_ON_HAND ? EFFECT_UP : EFFECT_NONE;
    case ATP_OP_RECEIVE:
    case ATP_OP_RECEIVE_SUPPLY:
    case ATP_OP_TRANSFER_RECEIVE:
        return EFFECT_UP;
    case ATP_OP_SALE:
    case ATP_OP_SHIP:
        return EFFECT_DOWN;
    case ATP_OP_RETURN:
        return disposed(op, line, EFFECT_UP, EFFECT_NONE);
    case ATP_OP_DISPOSE:
        return disposed(op, line, EFFECT_NONE, EFFECT_DOWN);
    default:
        return EFFECT_NONE;
    }
}

/* Notes one line. False: it names what is not there, or there is no room. */
static bool compare_line(apply_t *apply, const atp_registration_t *shadow, line_names_t *names, uint32_t i,
                         bool is_by_shadow)
{
    effect_t effect = effect_of(apply->op, i);
    resolved_line_t line;

    if (atp_ledger_resolve_line(apply, names, i, &line) != ATP_APPLIED || line.node == NO_NODE) {
        return false;
    }
    const atp_compared_t told = {.round = shadow->round,
                                 .shadow = shadow->source,
                                 .sku = line.sku,
                                 .node = line.node,
                                 .is_count = effect == EFFECT_COUNT,
                                 .is_by_shadow = is_by_shadow,
                                 .qty = effect == EFFECT_DOWN ? -line.qty : line.qty};
    return effect == EFFECT_NONE || atp_differences_note(&apply->ledger->differences, &told);
}

/* A shipment or return of all of a reservation tells no quantity. */
static bool tells_no_quantity(const atp_op_t *op)
{
    return op->line_count == 0 && (op->kind == ATP_OP_SHIP || op->kind == ATP_OP_RETURN);
}

/* True for a fact of which a quantity is to be compared. */
static bool is_comparable(const atp_op_t *op)
{
    return tells_no_quantity(op) || (op->line_count > 0 && effect_of(op, 0) != EFFECT_NONE);
}

static void compare(apply_t *apply, uint32_t number, bool is_by_shadow)
{
    if (!is_comparable(apply->op)) {
        return;
    }
    atp_registration_t *shadow = atp_table_change(&apply->ledger->registry.records, number);
    atp_result_t answer = *apply->result; /* is not this one's to say */
    line_names_t names = atp_ledger_line_names(apply->op);
    bool is_compared = !tells_no_quantity(apply->op);

    for (uint32_t i = 0; is_compared && i < apply->op->line_count; i++) {
        is_compared = compare_line(apply, shadow, &names, i, is_by_shadow);
    }
    *apply->result = answer;
    shadow->compared += is_compared;
    shadow->not_compared += !is_compared;
}

static uint32_t number_of(const atp_ledger_t *ledger, const atp_registration_t *registration)
{
    return (uint32_t)(registration - atp_registration_at(&ledger->registry, 0));
}

void atp_ledger_compare_shadow(apply_t *apply, const atp_registration_t *shadow)
{
    compare(apply, number_of(apply->ledger, shadow), true);
}

void atp_ledger_compare_applied(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint64_t count = atp_table_count(&ledger->registry.records);

    for (uint64_t i = 0; ledger->frame_source != 0 && i < count; i++) {
        const atp_registration_t *shadow = atp_registration_at(&ledger->registry, (uint32_t)i);
        if (!shadow->is_dropped && shadow->shadow_of == ledger->frame_source) {
            compare(apply, (uint32_t)i, false);
        }
    }
}
