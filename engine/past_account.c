#include "engine/past_account.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/explain/ledger_explain.h"

#include <stdlib.h>
#include <string.h>

atp_err_t atp_past_accounts_init(atp_past_accounts_t *accounts, atp_why_t *ret_why)
{
    size_t count = sizeof accounts->of / sizeof accounts->of[0];

    *accounts = (atp_past_accounts_t){.granted = 0, .refused = 1, .spare = 2};
    accounts->parts = calloc(count * ATP_EXPLAIN_PARTS_MAX, sizeof *accounts->parts);
    if (accounts->parts == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for what decided");
    }
    for (size_t i = 0; i < count; i++) {
        accounts->of[i].parts = accounts->parts + i * ATP_EXPLAIN_PARTS_MAX;
    }
    return ATP_OK;
}

void atp_past_accounts_fini(atp_past_accounts_t *accounts)
{
    free(accounts->parts);
    accounts->parts = NULL;
}

/* The SKUs of the lines that have parts, as the op names them: those lines were made out, so the numbers are good. */
static void name_lines(atp_past_account_t *account, const atp_ledger_t *ledger, const atp_op_t *op)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_op_line_t *lines = atp_op_lines(op);
    const char *cursor = atp_op_text_begin(op);

    account->line_count = account->part_count > 0 ? account->parts[account->part_count - 1].line + 1U : 0;
    atp_op_text_next(&cursor); /* the reservation and its owner */
    atp_op_text_next(&cursor);
    if (op->flags & ATP_OP_CHANNEL_NAMED) {
        atp_op_text_next(&cursor);
    }
    for (uint32_t i = 0; i < account->line_count; i++) {
        atp_text_t sku = lines[i].flags & ATP_LINE_SKU_NAMED ? atp_op_text_next(&cursor)
                                                             : atp_catalog_sku_id(catalog, lines[i].sku);
        if (lines[i].flags & ATP_LINE_NODE_NAMED) {
            atp_op_text_next(&cursor);
        }
        uint32_t size = sku.size < ATP_ID_SIZE_MAX ? sku.size : ATP_ID_SIZE_MAX;
        memcpy(account->skus[i], sku.size > 0 ? sku.bytes : "", size);
        account->skus[i][size] = '\0';
    }
}

void atp_past_accounts_take(atp_past_accounts_t *accounts, const atp_ledger_t *ledger, const atp_op_t *op,
                            int64_t time_ms)
{
    atp_past_account_t *account = &accounts->of[accounts->spare];
    atp_explain_room_t room = {.parts = accounts->parts + (size_t)accounts->spare * ATP_EXPLAIN_PARTS_MAX,
                               .capacity = ATP_EXPLAIN_PARTS_MAX};
    uint16_t node;

    accounts->is_taken = atp_ledger_has_account(ledger, op);
    if (!accounts->is_taken) {
        return;
    }
    atp_ledger_explain_op(ledger, op, time_ms, &room);
    account->time_ms = time_ms;
    account->part_count = room.count;
    account->is_cut = room.is_cut;
    account->had_due =
        atp_ledger_has_due(ledger, time_ms) || atp_ledger_outdated_node(ledger, time_ms, &node);
    name_lines(account, ledger, op);
}

void atp_past_accounts_keep(atp_past_accounts_t *accounts, const atp_result_t *result)
{
    bool is_granted = atp_verdict_is_success((atp_verdict_t)result->verdict);
    uint8_t *kept = is_granted ? &accounts->granted : &accounts->refused;
    uint8_t spare = accounts->spare;

    if (!accounts->is_taken) {
        return;
    }
    accounts->of[spare].op = result->op;
    accounts->of[spare].verdict = result->verdict;
    accounts->of[spare].field = result->field;
    accounts->spare = *kept;
    *kept = spare;
    accounts->is_taken = false;
}

uint32_t atp_past_accounts_count(const atp_past_accounts_t *accounts)
{
    return (accounts->of[accounts->granted].op > 0 ? 1U : 0) +
           (accounts->of[accounts->refused].op > 0 ? 1U : 0);
}

const atp_past_account_t *atp_past_accounts_at(const atp_past_accounts_t *accounts, uint32_t i)
{
    const atp_past_account_t *granted = &accounts->of[accounts->granted];
    const atp_past_account_t *refused = &accounts->of[accounts->refused];
    bool is_granted_first = refused->op == 0 || (granted->op > 0 && granted->op < refused->op);

    ATP_ASSERT(i < atp_past_accounts_count(accounts));
    return is_granted_first == (i == 0) ? granted : refused;
}
