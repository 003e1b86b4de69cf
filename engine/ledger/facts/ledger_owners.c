/* Who settles exceptions: the op exception_owner; owners given when one is raised, and anew when the rules change; and those
 * that are not settled in time. */
#include "engine/ledger/facts/ledger_owners.h"
#include "engine/base/attribute.h"
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/facts/exception_owners.h"
#include "engine/ledger/ledger_priv.h"

#include <stddef.h>
#include <string.h>

#define OWNED_PER_OP   1024
#define OVERDUE_PER_OP 256

/* ---- what the op wants ---- */

typedef atp_verdict_t (*take_t)(apply_t *apply, atp_text_t name, atp_exception_owner_t *wanted);

static atp_verdict_t take_kind(apply_t *apply, atp_text_t name, atp_exception_owner_t *wanted)
{
    for (unsigned kind = 0; kind < ATP_EXCEPTION_KIND_LIMIT; kind++) {
        const char *known = atp_exception_kind_name(kind);
        if (known != NULL && atp_text_equal(name, atp_text_of(known))) {
            wanted->kinds |= UINT64_C(1) << kind;
            return ATP_APPLIED;
        }
    }
    return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_KEY_EXCEPTION_KIND, 0);
}

static atp_verdict_t too_many(apply_t *apply, unsigned key)
{
    return atp_ledger_refuse_key(apply, ATP_TOO_MANY_ATTRIBUTES, key, 0);
}

static atp_verdict_t take_source(apply_t *apply, atp_text_t name, atp_exception_owner_t *wanted)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t source;

    if (!atp_catalog_find_source(&ledger->catalog, name, atp_hash_text(name, atp_ledger_seed(ledger)),
                                 &source)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_SOURCE, ATP_KEY_SOURCE, 0);
    }
    if (wanted->source_count == ATP_OWNER_SOURCES_MAX) {
        return too_many(apply, ATP_KEY_SOURCE);
    }
    wanted->sources[wanted->source_count++] = source;
    return ATP_APPLIED;
}

static atp_verdict_t take_node(apply_t *apply, atp_text_t name, atp_exception_owner_t *wanted)
{
    uint16_t node;

    if (!atp_ledger_means_node(apply, name, &node)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_NODE, ATP_KEY_NODE, 0);
    }
    if (wanted->node_count == ATP_OWNER_NODES_MAX) {
        return too_many(apply, ATP_KEY_NODE);
    }
    wanted->nodes[wanted->node_count++] = node;
    return ATP_APPLIED;
}

static atp_verdict_t take_group(apply_t *apply, atp_text_t name, atp_exception_owner_t *wanted)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint16_t group;

    if (!atp_catalog_find_group(&ledger->catalog, name, atp_hash_text(name, atp_ledger_seed(ledger)),
                                &group)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_GROUP, ATP_KEY_GROUP, 0);
    }
    if (wanted->group_count == ATP_OWNER_GROUPS_MAX) {
        return too_many(apply, ATP_KEY_GROUP);
    }
    wanted->groups[wanted->group_count++] = group;
    return ATP_APPLIED;
}

/* Every attribute of that key. */
static atp_verdict_t take_each(apply_t *apply, unsigned key, take_t take, atp_exception_owner_t *wanted)
{
    const atp_op_t *op = apply->op;
    const atp_op_attribute_t *attribute = atp_op_attribute(op, key, ATP_WHOLE_OP);
    atp_verdict_t verdict = ATP_APPLIED;

    while (attribute != NULL && verdict == ATP_APPLIED) {
        uint32_t next = (uint32_t)(attribute - atp_op_attributes(op)) + 1;
        verdict = take(apply, atp_op_attribute_text(op, attribute), wanted);
        attribute = atp_op_attribute_from(op, next, key, ATP_WHOLE_OP);
    }
    return verdict;
}

static atp_verdict_t take_wanted(apply_t *apply, atp_text_t id, atp_exception_owner_t *wanted)
{
    static const struct {
        unsigned key;
        take_t take;
    } keys[] = {{ATP_KEY_EXCEPTION_KIND, take_kind},
                {ATP_KEY_SOURCE, take_source},
                {ATP_KEY_NODE, take_node},
                {ATP_KEY_GROUP, take_group}};
    atp_verdict_t verdict = ATP_APPLIED;

    *wanted = (atp_exception_owner_t){
        .put_op = apply->ledger->root->op,
        .sla_ms = atp_ledger_attribute_number(apply, ATP_KEY_EXCEPTION_SLA, 0),
        .order = (uint16_t)atp_ledger_attribute_number(apply, ATP_KEY_ORDER, 0),
        .id_size = (uint8_t)id.size,
    };
    memcpy(wanted->id, id.bytes, id.size);
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0] && verdict == ATP_APPLIED; i++) {
        verdict = take_each(apply, keys[i].key, keys[i].take, wanted);
    }
    return verdict;
}

/* ---- giving ---- */

void atp_ledger_give_owner(const atp_ledger_t *ledger, atp_exception_t *exception)
{
    const atp_exceptions_t *exceptions = &ledger->exceptions;
    atp_owned_t owned = {exception->kind, exception->source, ATP_PLACE_ANY};
    atp_text_t node = {exception->node, exception->node_size};

    exception->owner = 0;
    if (exceptions->heads->owner_count == 0) {
        return;
    }
    if (node.size > 0 && atp_exception_owners_ask_places(exceptions)) {
        (void)atp_catalog_means_node(&ledger->catalog, atp_ledger_source_named(ledger, exception->source),
                                     node, atp_ledger_seed(ledger), &owned.node);
    }
    exception->owner = atp_exception_owner_of(exceptions, &ledger->groups, &owned);
}

/* Goes on giving owners anew, as far as one op does. */
static void give_anew(atp_ledger_t *ledger, int64_t now_ms)
{
    atp_exceptions_t *exceptions = &ledger->exceptions;

    for (unsigned i = 0; i < OWNED_PER_OP && exceptions->heads->owning_at != 0; i++) {
        atp_exception_t record;
        memcpy(&record, atp_table_at(&exceptions->records, exceptions->heads->owning_at - 1), sizeof record);
        atp_ledger_give_owner(ledger, &record);
        atp_tallies_own(exceptions, record.owner, now_ms);
    }
}

void atp_ledger_owners_changed(apply_t *apply)
{
    atp_tallies_begin_owning(&apply->ledger->exceptions);
    give_anew(apply->ledger, apply->now_ms);
}

/* ---- the op ---- */

static void put(apply_t *apply, uint32_t number, const atp_exception_owner_t *wanted)
{
    atp_exceptions_t *exceptions = &apply->ledger->exceptions;
    atp_exception_owner_t *record = atp_table_change(&exceptions->owners, number);

    exceptions->heads->owner_count += (uint32_t)record->is_dropped - wanted->is_dropped;
    memcpy(record, wanted, offsetof(atp_exception_owner_t, id_size)); /* its id, others may be reading */
    atp_ledger_owners_changed(apply);
}

atp_verdict_t atp_ledger_put_owner(apply_t *apply)
{
    atp_exceptions_t *exceptions = &apply->ledger->exceptions;
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    atp_exception_owner_t wanted;
    uint32_t number;
    bool is_there = atp_exception_owner_find(exceptions, id, &number);

    if (atp_ledger_attribute_number(apply, ATP_KEY_DROPPED, 0) != 0) {
        if (!is_there || atp_exception_owner(exceptions, number)->is_dropped) {
            return atp_ledger_refuse(apply, ATP_UNKNOWN_OWNER, ATP_FIELD_SUBJECT, 0);
        }
        wanted = *atp_exception_owner(exceptions, number);
        wanted.put_op = apply->ledger->root->op;
        wanted.is_dropped = 1;
        put(apply, number, &wanted);
        return ATP_APPLIED;
    }
    atp_verdict_t verdict = take_wanted(apply, id, &wanted);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (!is_there) {
        if (!atp_table_has_room(&exceptions->owners, 1)) {
            return atp_ledger_refuse(apply, ATP_RULES_FULL, ATP_FIELD_SUBJECT, 0);
        }
        number = (uint32_t)atp_table_append(&exceptions->owners, 1);
        exceptions->heads->owner_count++;
        *(atp_exception_owner_t *)atp_table_change(&exceptions->owners, number) = wanted;
    }
    put(apply, number, &wanted);
    return ATP_APPLIED;
}

/* ---- by pulses ---- */

bool atp_ledger_is_owner_due(const atp_ledger_t *ledger, int64_t now_ms)
{
    const atp_exception_heads_t *heads = &ledger->root->exceptions;

    return heads->owning_at != 0 || (heads->overdue_look_ms != 0 && now_ms >= heads->overdue_look_ms);
}

void atp_ledger_look_at_owners(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;

    give_anew(ledger, apply->now_ms);
    for (unsigned i = 0; i < OVERDUE_PER_OP; i++) {
        const atp_exception_t *overdue = atp_tallies_take_overdue(&ledger->exceptions, apply->now_ms);
        if (overdue == NULL) {
            break;
        }
        atp_notices_add(&ledger->notices, &(atp_notice_t){.op = ledger->root->op,
                                                          .number = overdue->number,
                                                          .what = ATP_NOTICE_OVERDUE,
                                                          .kind = overdue->kind,
                                                          .owner = overdue->owner,
                                                          .source = overdue->source});
    }
}
