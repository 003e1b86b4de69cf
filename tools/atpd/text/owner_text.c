#include "tools/atpd/text/owner_text.h"

#include "engine/ledger/catalog/catalog.h"

#include <inttypes.h>
#include <stdio.h>

static void put_number(atp_rule_text_t *text, const char *key, int64_t number)
{
    char digits[24];

    (void)snprintf(digits, sizeof digits, "%" PRId64, number);
    atp_rule_text_put(text, key, atp_text_of(digits));
}

static void put_places(atp_rule_text_t *text, const atp_catalog_t *catalog,
                       const atp_exception_owner_t *owner)
{
    for (unsigned i = 0; i < owner->source_count; i++) {
        const atp_named_record_t *record = atp_table_at(&catalog->sources, owner->sources[i]);
        atp_rule_text_put(text, "source", atp_strings_get(&catalog->strings, record->id_ref));
    }
    for (unsigned i = 0; i < owner->node_count; i++) {
        atp_rule_text_put(text, "node", atp_catalog_node_id(catalog, owner->nodes[i]));
    }
    for (unsigned i = 0; i < owner->group_count; i++) {
        atp_rule_text_put(text, "group", atp_catalog_group_id(catalog, owner->groups[i]));
    }
}

void atp_owner_text(const atp_ledger_t *ledger, const atp_exception_owner_t *owner,
                    const atp_tally_figures_t *figures, atp_rule_text_t *ret_text)
{
    int size = snprintf(ret_text->bytes, sizeof ret_text->bytes, "%" PRIu32 " %" PRId64, figures->overdue,
                        figures->oldest_ms);

    ret_text->size = (uint32_t)size;
    put_number(ret_text, "order", owner->order);
    for (unsigned kind = 0; kind < ATP_EXCEPTION_KIND_LIMIT; kind++) {
        if ((owner->kinds >> kind & 1) != 0) {
            atp_rule_text_put(ret_text, "exception_kind", atp_text_of(atp_exception_kind_name(kind)));
        }
    }
    put_places(ret_text, atp_ledger_catalog(ledger), owner);
    if (owner->sla_ms > 0) {
        put_number(ret_text, "exception_sla_ms", owner->sla_ms);
    }
}
