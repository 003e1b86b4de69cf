/* The rule book, recomputed: rules (R1), what is counted (R2, R3), quota trees (R4) and accounts (R5). */
#include "engine/ledger/channels/ledger_accounts.h"
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/check/ledger_check_priv.h"
#include "engine/ledger/reservations/line_units.h"

#include <stdlib.h>

/* ---- accounts and their rules ---- */

static atp_err_t check_rules_of(const atp_rulebook_t *rulebook, uint32_t number, uint64_t *linked,
                                atp_why_t *ret_why)
{
    atp_account_t *account = atp_account_at(rulebook, number);
    uint32_t at = atp_load_relaxed(&account->first_rule);
    uint32_t before = 0;
    unsigned count = 0;

    for (; at != 0 && count <= ATP_RULES_PER_ACCOUNT_MAX; count++) {
        atp_rule_record_t *rule = atp_rule_at(rulebook, at - 1);
        if (at > atp_table_count(&rulebook->rules) || atp_load_relaxed(&rule->account) != number + 1 ||
            atp_load_relaxed(&rule->order) < before) {
            return ATP_BROKEN(ret_why, "R1", "rule %u is not where it belongs on account %u", at - 1, number);
        }
        before = atp_load_relaxed(&rule->order);
        at = atp_load_relaxed(&rule->next);
    }
    *linked += count;
    return count == account->rule_count ? ATP_OK
                                        : ATP_BROKEN(ret_why, "R1", "account %u counts %u rules and has %u",
                                                     number, account->rule_count, count);
}

static atp_err_t check_accounts(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    uint64_t count = atp_table_count(&rulebook->accounts);
    uint64_t linked = 0;
    uint64_t standing = 0;
    atp_err_t err = atp_check_index(&rulebook->account_index, "accounts", count, ret_why);

    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        atp_account_t *account = atp_account_at(rulebook, (uint32_t)i);
        uint32_t found;
        if (!atp_rulebook_find_account(rulebook, account->channel, (atp_scope_t)account->scope,
                                       account->subject, &found) ||
            found != i) {
            return ATP_BROKEN(ret_why, "R5", "account %llu is not found", (ull_t)i);
        }
        if (atp_load_relaxed(&account->quota) > atp_table_count(&rulebook->quotas)) {
            return ATP_BROKEN(ret_why, "R5", "account %llu names a quota that there is not", (ull_t)i);
        }
        err = check_rules_of(rulebook, (uint32_t)i, &linked, ret_why);
    }
    for (uint64_t i = 0; err == ATP_OK && i < atp_table_count(&rulebook->rules); i++) {
        standing += atp_load_relaxed(&atp_rule_at(rulebook, (uint32_t)i)->account) != 0;
    }
    if (err == ATP_OK && linked != standing) {
        err = ATP_BROKEN(ret_why, "R1", "%llu rules stand and %llu are on chains", (ull_t)standing,
                         (ull_t)linked);
    }
    return err;
}

/* ---- what channels have in use ---- */

static atp_err_t add_reservation(const atp_ledger_t *ledger, const atp_reservation_t *reservation,
                                 atp_qty_t *sums, atp_why_t *ret_why)
{
    atp_channel_record_t *channel = atp_table_at(&ledger->catalog.channels, reservation->channel);
    bool is_flagged = (reservation->flags & ATP_RESERVATION_ACCOUNTED_CHANNEL) != 0;
    bool is_sold = (reservation->flags & ATP_RESERVATION_ACCOUNTED_TRANSFER) == 0;
    uint8_t state = is_sold ? atp_load_relaxed(&channel->is_accounted) : (uint8_t)ATP_ACCOUNTED_NOT;
    uint32_t number = (uint32_t)(reservation - atp_reservation_at(&ledger->reservations, 0));
    bool is_passed = state == ATP_ACCOUNTED_WHOLE || number < ledger->root->counting.next;

    if (is_flagged ? state == ATP_ACCOUNTED_NOT : state != ATP_ACCOUNTED_NOT && is_passed) {
        return ATP_BROKEN(ret_why, "R2", "a live reservation of channel %u is %scounted",
                          reservation->channel, is_flagged ? "" : "not ");
    }
    for (uint32_t at = reservation->first_line; is_flagged && at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        uint32_t sku = atp_positions_at(&ledger->positions, line->row)->sku;
        const atp_progress_t *progress = atp_line_progress(&ledger->reservations, at - 1);
        uint32_t account;
        uint32_t kit_line = progress != NULL && progress->kit_parent != 0 ? progress->kit_parent - 1 : at - 1;
        int64_t made = kit_line == at - 1 ? 1 : progress->made;
        if (atp_rulebook_find_account(&ledger->rulebook, reservation->channel, ATP_SCOPE_SKU, sku,
                                      &account)) {
            sums[account] += line->reserved + line->allocated +
                             atp_line_units(&ledger->reservations, at - 1, ATP_LINE_PEGGED) +
                             atp_line_units(&ledger->reservations, at - 1, ATP_LINE_BACKORDERED) +
                             made * atp_ledger_kits_in_use(ledger, kit_line, NULL, 0) *
                                 atp_kit_unit(atp_positions_scale(&ledger->positions, sku));
        }
        at = line->next;
    }
    return ATP_OK;
}

/* The sums of all accounts; and what the leaves above them have to use. */
static atp_err_t compare_sums(const atp_ledger_t *ledger, const atp_qty_t *sums, atp_qty_t *used,
                              atp_why_t *ret_why)
{
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    uint64_t count = atp_table_count(&rulebook->accounts);

    for (uint64_t i = 0; i < count; i++) {
        atp_account_t *account = atp_account_at(rulebook, (uint32_t)i);
        if (sums[i] != atp_load_relaxed(&account->promised)) {
            return ATP_BROKEN(ret_why, "R2", "account %llu counts %lld units, there are %lld", (ull_t)i,
                              (long long)atp_load_relaxed(&account->promised), (long long)sums[i]);
        }
        atp_sku_record_t *sku = atp_table_at(&ledger->catalog.skus, account->subject);
        uint32_t leaf = atp_load_relaxed(&account->quota);
        if (account->scope != ATP_SCOPE_SKU) {
            continue;
        }
        if (leaf != 0) {
            used[leaf - 1] += sums[i];
        }
        for (unsigned k = 0; k < ATP_TAGS_PER_SKU_MAX; k++) {
            uint16_t tag = atp_load_relaxed(&sku->tags[k]);
            uint32_t of_tag;
            if (tag != 0 &&
                atp_rulebook_find_account(rulebook, account->channel, ATP_SCOPE_TAG, tag - 1u, &of_tag)) {
                leaf = atp_load_relaxed(&atp_account_at(rulebook, of_tag)->quota);
                used[leaf != 0 ? leaf - 1 : atp_table_count(&rulebook->quotas)] += sums[i];
            }
        }
    }
    return ATP_OK;
}

static atp_err_t check_sums(const atp_ledger_t *ledger, atp_qty_t *sums, atp_qty_t *used, atp_why_t *ret_why)
{
    uint64_t reservations = atp_table_count(&ledger->reservations.records);
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; err == ATP_OK && i < reservations; i++) {
        const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, (uint32_t)i);
        if (reservation->status == ATP_RESERVATION_LIVE) {
            err = add_reservation(ledger, reservation, sums, ret_why);
        }
    }
    return err == ATP_OK ? compare_sums(ledger, sums, used, ret_why) : err;
}

/* ---- quotas ---- */

typedef struct children {
    atp_qty_t used;
    atp_qty_t held;
    uint32_t count;
} children_t;

static atp_err_t add_children(const atp_rulebook_t *rulebook, uint32_t quota, children_t *children,
                              atp_why_t *ret_why)
{
    uint32_t at = atp_load_relaxed(&atp_quota_at(rulebook, quota)->first_child);

    for (; at != 0; children->count++) {
        if (at > atp_table_count(&rulebook->quotas) || children->count == ATP_QUOTA_CHILDREN_MAX) {
            return ATP_BROKEN(ret_why, "R4", "the chain below quota %u does not end", quota);
        }
        atp_quota_record_t *child = atp_quota_at(rulebook, at - 1);
        if (atp_load_relaxed(&child->parent) != quota + 1) {
            return ATP_BROKEN(ret_why, "R4", "quota %u is below %u and does not know it", at - 1, quota);
        }
        children->used += atp_load_relaxed(&child->used);
        children->held += atp_load_relaxed(&child->held);
        at = atp_load_relaxed(&child->next);
    }
    return ATP_OK;
}

static atp_err_t check_quota(const atp_rulebook_t *rulebook, uint32_t quota, atp_qty_t leaf_used,
                             atp_why_t *ret_why)
{
    atp_quota_record_t *record = atp_quota_at(rulebook, quota);
    children_t children = {0};
    unsigned depth = 1;

    atp_err_t err = add_children(rulebook, quota, &children, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    for (uint32_t at = atp_load_relaxed(&record->parent); at != 0 && depth <= ATP_QUOTA_LEVELS; depth++) {
        if (at > atp_table_count(&rulebook->quotas)) {
            return ATP_BROKEN(ret_why, "R4", "quota %u is below one that there is not", quota);
        }
        at = atp_load_relaxed(&atp_quota_at(rulebook, at - 1)->parent);
    }
    if (children.count != record->child_count || depth > ATP_QUOTA_LEVELS ||
        (record->is_leaf && children.count > 0)) {
        return ATP_BROKEN(ret_why, "R4", "quota %u has %u below it, counts %u, at level %u", quota,
                          children.count, record->child_count, depth);
    }
    atp_qty_t used = record->is_leaf ? leaf_used : children.used;
    atp_qty_t unused = atp_load_relaxed(&record->guaranteed) - used;
    atp_qty_t held = unused > children.held ? unused : children.held; /* which is 0 or more */
    if (used != atp_load_relaxed(&record->used) ||
        children.held != atp_load_relaxed(&record->children_held) ||
        held != atp_load_relaxed(&record->held)) {
        return ATP_BROKEN(ret_why, "R3", "quota %u counts %lld used and %lld held, it is %lld and %lld",
                          quota, (long long)atp_load_relaxed(&record->used),
                          (long long)atp_load_relaxed(&record->held), (long long)used, (long long)held);
    }
    return ATP_OK;
}

static atp_err_t check_all(const atp_ledger_t *ledger, atp_qty_t *sums, atp_qty_t *used, atp_why_t *ret_why)
{
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    uint64_t quotas = atp_table_count(&rulebook->quotas);
    atp_err_t err = check_accounts(ledger, ret_why);

    err = err == ATP_OK ? check_sums(ledger, sums, used, ret_why) : err;
    for (uint64_t i = 0; err == ATP_OK && i < quotas; i++) {
        err = check_quota(rulebook, (uint32_t)i, used[i], ret_why);
    }
    return err;
}

atp_err_t atp_check_channels(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    uint64_t accounts = atp_table_count(&rulebook->accounts);
    uint64_t quotas = atp_table_count(&rulebook->quotas);
    atp_qty_t *sums = calloc(accounts + quotas + 2, sizeof *sums);

    if (sums == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory to count %llu accounts", (ull_t)accounts);
    }
    atp_err_t err = check_all(ledger, sums, sums + accounts, ret_why);
    free(sums);
    return err;
}
