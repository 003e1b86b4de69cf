#include "engine/ledger/facts/exception_owners.h"

#include "engine/ledger/facts/registry.h"

_Static_assert(ATP_EXCEPTION_KINDS_MAX <= 64, "a bit for each kind");

static bool is_of_source(const atp_exception_owner_t *owner, uint32_t source)
{
    for (unsigned i = 0; i < owner->source_count; i++) {
        if (owner->sources[i] + 1 == source) {
            return true;
        }
    }
    return owner->source_count == 0;
}

static bool is_at(const atp_exception_owner_t *owner, const atp_groups_t *groups, uint16_t node)
{
    for (unsigned i = 0; i < owner->node_count; i++) {
        if (owner->nodes[i] == node) {
            return true;
        }
    }
    for (unsigned i = 0; i < owner->group_count && node != ATP_PLACE_ANY; i++) {
        if (atp_groups_has(groups, owner->groups[i], node)) {
            return true;
        }
    }
    return owner->node_count == 0 && owner->group_count == 0;
}

static bool fits(const atp_exception_owner_t *owner, const atp_groups_t *groups, const atp_owned_t *owned)
{
    bool is_of_kind = owner->kinds == 0 || (owner->kinds >> owned->kind & 1) != 0;

    return !owner->is_dropped && is_of_kind && is_of_source(owner, owned->source) &&
           is_at(owner, groups, owned->node);
}

uint8_t atp_exception_owner_of(const atp_exceptions_t *exceptions, const atp_groups_t *groups,
                               const atp_owned_t *owned)
{
    uint32_t count = (uint32_t)atp_table_count(&exceptions->owners);
    uint32_t best = 0;
    uint16_t order = 0;

    for (uint32_t i = 0; i < count; i++) {
        const atp_exception_owner_t *owner = atp_exception_owner(exceptions, i);
        if ((best == 0 || owner->order < order) && fits(owner, groups, owned)) {
            best = i + 1;
            order = owner->order;
        }
    }
    return (uint8_t)best;
}

bool atp_exception_owners_ask_places(const atp_exceptions_t *exceptions)
{
    uint32_t count = (uint32_t)atp_table_count(&exceptions->owners);

    for (uint32_t i = 0; i < count; i++) {
        const atp_exception_owner_t *owner = atp_exception_owner(exceptions, i);
        if (!owner->is_dropped && owner->node_count + owner->group_count > 0) {
            return true;
        }
    }
    return false;
}

bool atp_exception_owner_find(const atp_exceptions_t *exceptions, atp_text_t id, uint32_t *ret_number)
{
    uint32_t count = (uint32_t)atp_table_count(&exceptions->owners);

    for (uint32_t i = 0; i < count; i++) {
        if (atp_text_equal(atp_exception_owner_id(atp_exception_owner(exceptions, i)), id)) {
            *ret_number = i;
            return true;
        }
    }
    return false;
}
