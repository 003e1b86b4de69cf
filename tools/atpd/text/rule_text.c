#include "tools/atpd/text/rule_text.h"

#include "engine/ledger/catalog/catalog.h"

#include <string.h>

void atp_rule_text_put(atp_rule_text_t *text, const char *name, atp_text_t value)
{
    size_t size = strlen(name) + 1 + value.size + (text->size > 0);

    if (text->size + size >= sizeof text->bytes) {
        return;
    }
    if (text->size > 0) {
        text->bytes[text->size++] = ' ';
    }
    memcpy(text->bytes + text->size, name, strlen(name));
    text->size += (uint32_t)strlen(name);
    text->bytes[text->size++] = '=';
    memcpy(text->bytes + text->size, value.bytes, value.size);
    text->size += value.size;
}

static void put_qty(atp_rule_text_t *text, const char *name, atp_qty_t qty, uint8_t scale)
{
    char digits[ATP_QTY_TEXT_SIZE];
    atp_text_t value = {digits, (uint32_t)atp_qty_format(qty, scale, digits)};

    if (qty != 0) {
        atp_rule_text_put(text, name, value);
    }
}

static atp_text_t tag_of(const atp_ledger_t *ledger, uint32_t tag)
{
    return atp_strings_get(&atp_ledger_catalog(ledger)->strings,
                           atp_tag_at(atp_ledger_rulebook(ledger), tag)->id_ref);
}

static void put_subject(const atp_ledger_t *ledger, atp_scope_t scope, uint32_t subject,
                        atp_rule_text_t *text)
{
    if (scope == ATP_SCOPE_SKU) {
        atp_rule_text_put(text, "sku", atp_catalog_sku_id(atp_ledger_catalog(ledger), subject));
    } else if (scope == ATP_SCOPE_TAG) {
        atp_rule_text_put(text, "tag", tag_of(ledger, subject));
    }
}

bool atp_rule_text(const atp_ledger_t *ledger, uint32_t rule, atp_rule_text_t *ret_text)
{
    const atp_rulebook_t *rulebook = atp_ledger_rulebook(ledger);
    atp_rule_record_t *record = atp_rule_at(rulebook, rule);
    uint32_t link = atp_load_relaxed(&record->account);

    ret_text->size = 0;
    if (link == 0) {
        return false;
    }
    const atp_account_t *account = atp_account_at(rulebook, link - 1);
    atp_rule_text_put(ret_text, "channel",
                      atp_catalog_channel_id(atp_ledger_catalog(ledger), account->channel));
    put_subject(ledger, (atp_scope_t)account->scope, account->subject, ret_text);
    put_qty(ret_text, "buffer", atp_load_relaxed(&record->buffer),
            atp_load_relaxed(&record->buffer_decimals));
    put_qty(ret_text, "buffer_percent", atp_load_relaxed(&record->buffer_percent), 0);
    put_qty(ret_text, "threshold", atp_load_relaxed(&record->threshold),
            atp_load_relaxed(&record->threshold_decimals));
    put_qty(ret_text, "low", atp_load_relaxed(&record->low), atp_load_relaxed(&record->low_decimals));
    put_qty(ret_text, "low_clear", atp_load_relaxed(&record->low_clear),
            atp_load_relaxed(&record->low_clear_decimals));
    put_qty(ret_text, "cap", atp_load_relaxed(&record->cap), atp_load_relaxed(&record->cap_decimals));
    put_qty(ret_text, "minimum", atp_load_relaxed(&record->minimum),
            atp_load_relaxed(&record->minimum_decimals));
    put_qty(ret_text, "maximum", atp_load_relaxed(&record->maximum),
            atp_load_relaxed(&record->maximum_decimals));
    put_qty(ret_text, "increment", atp_load_relaxed(&record->increment),
            atp_load_relaxed(&record->increment_decimals));
    if (atp_load_relaxed(&record->is_excluded)) {
        atp_rule_text_put(ret_text, "excluded", ATP_TEXT("yes"));
    }
    put_qty(ret_text, "order", atp_load_relaxed(&record->order), 0);
    return true;
}

static void put_share(atp_quota_record_t *record, uint8_t scale, atp_rule_text_t *text)
{
    atp_qty_t amount = atp_load_relaxed(&record->amount);

    switch ((atp_quota_share_t)atp_load_relaxed(&record->share)) {
    case ATP_QUOTA_FIXED:
        put_qty(text, "amount", amount, scale);
        break;
    case ATP_QUOTA_PERCENT:
        put_qty(text, "percent", amount, 0);
        break;
    case ATP_QUOTA_REMAINDER:
        atp_rule_text_put(text, "remainder", ATP_TEXT("yes"));
        break;
    case ATP_QUOTA_OPEN:
        break;
    }
}

bool atp_quota_text(const atp_ledger_t *ledger, uint32_t quota, atp_rule_text_t *ret_text)
{
    const atp_rulebook_t *rulebook = atp_ledger_rulebook(ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_quota_record_t *record = atp_quota_at(rulebook, quota);
    uint32_t parent = atp_load_relaxed(&record->parent);

    ret_text->size = 0;
    if (record->is_dropped) {
        return false;
    }
    uint8_t scale = record->scope == ATP_SCOPE_SKU
                        ? atp_positions_scale(atp_ledger_positions(ledger), record->subject)
                        : atp_tag_at(rulebook, record->subject)->scale;
    if (parent != 0) {
        atp_rule_text_put(ret_text, "parent",
                          atp_strings_get(&catalog->strings, atp_quota_at(rulebook, parent - 1)->id_ref));
    } else {
        put_subject(ledger, (atp_scope_t)record->scope, record->subject, ret_text);
    }
    if (record->is_leaf) {
        atp_rule_text_put(ret_text, "channel", atp_catalog_channel_id(catalog, record->channel));
    }
    put_qty(ret_text, "guaranteed", atp_load_relaxed(&record->guaranteed), scale);
    put_share(record, scale, ret_text);
    if (atp_load_relaxed(&record->borrows)) {
        atp_rule_text_put(ret_text, "borrows", ATP_TEXT("yes"));
    }
    put_qty(ret_text, "period_ms", atp_load_relaxed(&record->period_ms), 0);
    put_qty(ret_text, "used", atp_load_relaxed(&record->used), scale);
    return true;
}
