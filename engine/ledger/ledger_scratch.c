/* What an op notes while it is decided: why it is refused, and what its lines have taken so far. */
#include "engine/base/attribute.h"
#include "engine/ledger/ledger_priv.h"

atp_verdict_t atp_ledger_refuse(apply_t *apply, atp_verdict_t verdict, atp_field_t field, uint32_t line)
{
    if (field != ATP_FIELD_ATTRIBUTE) {
        apply->result->key = 0; /* of a refusal that was taken back */
        apply->result->is_of_line = 0;
    }
    apply->result->field = (uint8_t)field;
    apply->result->line = (uint16_t)line;
    return verdict;
}

atp_verdict_t atp_ledger_refuse_key(apply_t *apply, atp_verdict_t verdict, unsigned key, uint32_t line)
{
    atp_result_t *result = apply->result;

    result->key = (uint8_t)key;
    result->is_of_line = atp_op_attribute(apply->op, key, line) != NULL;
    result->qty = 0;
    result->scale = 0;
    return atp_ledger_refuse(apply, verdict, ATP_FIELD_ATTRIBUTE, line);
}

taken_t *atp_ledger_taken(apply_t *apply, uint32_t number)
{
    uint32_t at = atp_mix32(number) % TAKEN_MAX;
    uint64_t op = apply->ledger->root->op;

    while (apply->ledger->taken[at].op == op && apply->ledger->taken[at].number != number) {
        at = (at + 1) % TAKEN_MAX;
    }
    taken_t *taken = &apply->ledger->taken[at];
    if (taken->op != op) {
        *taken = (taken_t){op, number, 0};
    }
    return taken;
}

atp_qty_t atp_ledger_taken_qty(const apply_t *apply, uint32_t number)
{
    uint32_t at = atp_mix32(number) % TAKEN_MAX;
    const taken_t *taken = apply->ledger->taken;

    while (taken[at].op == apply->ledger->root->op) {
        if (taken[at].number == number) {
            return taken[at].qty;
        }
        at = (at + 1) % TAKEN_MAX;
    }
    return 0;
}
