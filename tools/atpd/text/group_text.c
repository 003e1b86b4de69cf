#include "tools/atpd/text/group_text.h"

#include "engine/ledger/catalog/catalog.h"

#include <stdio.h>

bool atp_group_node_text(const atp_ledger_t *ledger, uint32_t member, atp_text_t *ret_group,
                         int64_t *ret_cost, atp_rule_text_t *ret_text)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_group_member_t *record = atp_table_at(&atp_ledger_groups(ledger)->members, member);
    uint16_t group = atp_load_relaxed(&record->group);

    if (group == ATP_NO_GROUP) {
        return false; /* free */
    }
    atp_text_t node = atp_catalog_node_id(catalog, atp_load_relaxed(&record->node));
    const atp_group_record_t *name = atp_table_at(&catalog->groups, group);
    *ret_group = atp_strings_get(&catalog->strings, name->id_ref);
    *ret_cost = atp_load_relaxed(&record->cost);
    ret_text->size = (uint32_t)snprintf(ret_text->bytes, sizeof ret_text->bytes, "%u %.*s",
                                        atp_load_relaxed(&record->rank) + 1u, (int)node.size, node.bytes);
    return true;
}
