#include "tools/atpd/text/kit_text.h"

#include "engine/ledger/catalog/catalog.h"

#include <stdio.h>
#include <time.h>

/* " start=2021-05-25T00:00:00Z"; nothing for 0. */
static size_t put_date(char *to, size_t room, const char *name, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm when;
    int size = 0;

    if (ms != 0 && gmtime_r(&seconds, &when) != NULL) {
        size = snprintf(to, room, " %s=%04d-%02d-%02dT%02d:%02d:%02dZ", name, when.tm_year + 1900,
                        when.tm_mon + 1, when.tm_mday, when.tm_hour, when.tm_min, when.tm_sec);
    }
    return size > 0 && (size_t)size < room ? (size_t)size : 0;
}

bool atp_kit_text(const atp_ledger_t *ledger, uint32_t component, atp_text_t *ret_kit,
                  atp_rule_text_t *ret_text)
{
    const atp_kits_t *kits = atp_ledger_kits(ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_component_t *record = atp_table_at(&kits->components, component);
    uint32_t sku = atp_load_relaxed(&record->sku);
    atp_qty_t qty = atp_load_relaxed(&record->qty);
    char qty_text[ATP_QTY_TEXT_SIZE];

    if (qty == 0) {
        return false; /* free */
    }
    atp_kit_t *kit = atp_table_at(&kits->records, atp_load_relaxed(&record->kit));
    atp_text_t id = atp_catalog_sku_id(catalog, sku);
    *ret_kit = atp_catalog_sku_id(catalog, atp_load_relaxed(&kit->sku));
    (void)atp_qty_format(qty, atp_positions_scale(atp_ledger_positions(ledger), sku), qty_text);
    int size = snprintf(ret_text->bytes, sizeof ret_text->bytes, "%.*s=%s", (int)id.size, id.bytes, qty_text);
    ret_text->size = (uint32_t)size;
    ret_text->size +=
        (uint32_t)put_date(ret_text->bytes + ret_text->size, sizeof ret_text->bytes - ret_text->size, "start",
                           atp_load_relaxed(&record->start_ms));
    ret_text->size +=
        (uint32_t)put_date(ret_text->bytes + ret_text->size, sizeof ret_text->bytes - ret_text->size, "end",
                           atp_load_relaxed(&record->end_ms));
    return true;
}
