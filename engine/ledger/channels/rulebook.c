#include "engine/ledger/channels/rulebook.h"

#include "engine/base/hash.h"

typedef struct named_record {
    uint32_t id_ref;
    uint32_t unused_ref;
    uint64_t hash;
} named_record_t;

/* ---- accounts ---- */

static uint64_t account_hash(uint16_t channel, atp_scope_t scope, uint32_t subject)
{
    uint64_t key = (uint64_t)channel << 48 | (uint64_t)scope << 40 | subject;

    /* Numbers given by the ledger, nobody's choice: a plain mix does. */
    return (uint64_t)atp_mix32((uint32_t)key ^ atp_mix32((uint32_t)(key >> 32)));
}

bool atp_rulebook_find_account(const atp_rulebook_t *rulebook, uint16_t channel, atp_scope_t scope,
                               uint32_t subject, uint32_t *ret_account)
{
    uint64_t hash = account_hash(channel, scope, subject);

    for (;;) {
        uint64_t version = atp_index_version(&rulebook->account_index);
        atp_index_probe_t probe = atp_index_probe(&rulebook->account_index, hash);
        uint32_t number;
        while (atp_index_next(&probe, &number)) {
            const atp_account_t *account = atp_account_at(rulebook, number);
            if (account->subject == subject && account->channel == channel && account->scope == scope) {
                *ret_account = number;
                return true;
            }
        }
        if (atp_index_version_holds(&rulebook->account_index, version)) {
            return false;
        }
    }
}

uint32_t atp_rulebook_need_account(atp_rulebook_t *rulebook, uint16_t channel, atp_scope_t scope,
                                   uint32_t subject)
{
    uint32_t number;

    if (atp_rulebook_find_account(rulebook, channel, scope, subject, &number)) {
        return number;
    }
    ATP_ASSERT(atp_table_has_room(&rulebook->accounts, 1));
    number = (uint32_t)atp_table_count(&rulebook->accounts);
    atp_account_t *account = atp_table_change(&rulebook->accounts, number);
    account->subject = subject;
    account->channel = channel;
    account->scope = (uint8_t)scope;
    atp_table_append(&rulebook->accounts, 1); /* TABLE-A1: written before it counts */
    atp_index_insert(&rulebook->account_index, account_hash(channel, scope, subject), number);
    return number;
}

static void rebuild_named(const atp_table_t *table, atp_index_t *index)
{
    uint64_t count = atp_table_count(table);

    for (uint64_t i = 0; i < count; i++) {
        const named_record_t *record = atp_table_at(table, i);
        atp_index_insert(index, record->hash, (uint32_t)i);
    }
}

void atp_rulebook_rebuild(atp_rulebook_t *rulebook)
{
    uint64_t accounts = atp_table_count(&rulebook->accounts);

    rebuild_named(&rulebook->tags, &rulebook->tag_index);
    rebuild_named(&rulebook->rules, &rulebook->rule_index);
    rebuild_named(&rulebook->quotas, &rulebook->quota_index);
    for (uint64_t i = 0; i < accounts; i++) {
        const atp_account_t *account = atp_account_at(rulebook, (uint32_t)i);
        atp_index_insert(&rulebook->account_index,
                         account_hash(account->channel, account->scope, account->subject), (uint32_t)i);
    }
}

/* ---- rules ---- */

atp_qty_t atp_rulebook_to_scale(atp_qty_t mantissa, uint8_t decimals, uint8_t scale, bool is_rounded_up)
{
    for (; decimals < scale; decimals++) {
        if (mantissa > ATP_QTY_MAX / 10) {
            return ATP_QTY_MAX;
        }
        mantissa *= 10;
    }
    for (; decimals > scale; decimals--) {
        bool has_rest = mantissa % 10 != 0;
        mantissa = mantissa / 10 + (is_rounded_up && has_rest ? 1 : 0);
    }
    return mantissa;
}

/* The link that the rule hangs from, or that it would hang from: the chain goes by order, equal ones by their number. */
static _Atomic uint32_t *rule_place(atp_rulebook_t *rulebook, atp_account_t *account, uint32_t rule)
{
    uint16_t order = atp_load_relaxed(&atp_rule_at(rulebook, rule)->order);
    _Atomic uint32_t *link = &account->first_rule;

    for (unsigned i = 0; i < ATP_RULES_PER_ACCOUNT_MAX; i++) {
        uint32_t at = atp_load_relaxed(link);
        if (at == 0 || at == rule + 1) {
            break;
        }
        uint16_t other = atp_load_relaxed(&atp_rule_at(rulebook, at - 1)->order);
        if (other > order || (other == order && at - 1 > rule)) {
            break;
        }
        atp_rule_record_t *before = atp_table_change(&rulebook->rules, at - 1);
        link = &before->next;
    }
    return link;
}

void atp_rule_link(atp_rulebook_t *rulebook, uint32_t rule, uint32_t account_number)
{
    atp_account_t *account = atp_table_change(&rulebook->accounts, account_number);
    atp_rule_record_t *record = atp_table_change(&rulebook->rules, rule);
    _Atomic uint32_t *link = rule_place(rulebook, account, rule);

    ATP_ASSERT(account->rule_count < ATP_RULES_PER_ACCOUNT_MAX);
    atp_store_relaxed(&record->account, account_number + 1);
    atp_store_relaxed(&record->next, atp_load_relaxed(link));
    atp_store_relaxed(link, rule + 1);
    account->rule_count++;
}

void atp_rule_unlink(atp_rulebook_t *rulebook, uint32_t rule)
{
    atp_rule_record_t *record = atp_table_change(&rulebook->rules, rule);
    atp_account_t *account = atp_table_change(&rulebook->accounts, atp_load_relaxed(&record->account) - 1);
    _Atomic uint32_t *link = rule_place(rulebook, account, rule);

    ATP_ASSERT(atp_load_relaxed(link) == rule + 1); /* R1 */
    atp_store_relaxed(link, atp_load_relaxed(&record->next));
    atp_store_relaxed(&record->next, 0u);
    atp_store_relaxed(&record->account, 0u);
    account->rule_count--;
}
