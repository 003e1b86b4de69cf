/* Rules, quotas, tags and the switches of a channel, as ops change them. */
#ifndef ATP_LEDGER_LEDGER_RULES_H
#define ATP_LEDGER_LEDGER_RULES_H

#include "engine/ledger/channels/views.h"
#include "engine/ledger/ledger_priv.h"

/* ---- ledger_rules.c ---- */

atp_verdict_t atp_ledger_put_rule(apply_t *apply);

/* What an attribute of the whole op says; `otherwise` where the op does not have it. */
int64_t atp_ledger_attribute_number(const apply_t *apply, unsigned key, int64_t otherwise);

/* The quantity an attribute of the whole op says, in `scale`, 0 where the op does not have it. QTY_TOO_PRECISE, or
 * QTY_OUT_OF_RANGE. */
atp_verdict_t atp_ledger_attribute_qty(apply_t *apply, unsigned key, uint8_t scale, atp_qty_t *ret_qty);

/* What a rule or quota is for, as its attributes say. */
typedef struct target {
    atp_scope_t scope;
    uint32_t subject;
    uint16_t channel;
    bool has_channel;
    atp_text_t
        new_tag; /* there is none of that name yet: its subject is NO_ROW until it is made; "" = there is */
} target_t;

/* UNKNOWN_SKU, UNKNOWN_CHANNEL, RULE_INVALID, or no room for a tag that nobody has yet. Changes nothing. */
atp_verdict_t atp_ledger_find_target(apply_t *apply, target_t *ret_target);

/* Opens the accounts of a channel: from now on what its reservations take is counted; what they have is counted as far as one op
 * goes, pulses go on. Until then percentages of it and quotas over it leave nothing. ACCOUNTS_FULL: there is no room for any. */
atp_verdict_t atp_ledger_open_accounts(apply_t *apply, uint16_t channel);
/* Goes on with that as far as one op goes. */
void atp_ledger_count_standing(atp_ledger_t *ledger);
/* True if what the channel has in use is not counted yet. Thread: any. */
bool atp_ledger_is_counting(const atp_ledger_t *ledger, uint16_t channel);

/* Whether there is room for the account of a target with a channel, and to open the channel's accounts: ACCOUNTS_FULL. Changes
 * nothing. Then both: the account of the target. */
atp_verdict_t atp_ledger_look_for_target_account(apply_t *apply, const target_t *target);
uint32_t atp_ledger_need_target_account(apply_t *apply, const target_t *target);

/* ---- ledger_channels.c ---- */

/* State and policies of a channel, as the op puts them. */
void atp_ledger_switch_channel(const apply_t *apply, uint16_t number);

/* ---- ledger_tags.c ---- */

/* The tags that the op names for a SKU, ended by 0 where they are fewer, each known from now on. */
typedef struct tag_list {
    uint16_t tags[ATP_TAGS_PER_SKU_MAX]; /* + 1 */
} tag_list_t;

bool atp_ledger_find_tag(const atp_ledger_t *ledger, atp_text_t name, uint32_t *ret_tag);
/* The tag of that name, made if there is none (there is room: asserted). */
uint16_t atp_ledger_need_tag(atp_ledger_t *ledger, atp_text_t name);

/* Whether the tags that the op names can be the SKU's (NO_ROW: of a new one), and there is room for those that nobody has
 * yet, beside an id and a name of these sizes. TAGS_FULL, STRINGS_FULL; SCALE_IN_USE: a tag has other SKUs, or a quota, of
 * another scale than `scale`. Changes nothing. */
atp_verdict_t atp_ledger_look_at_tags(apply_t *apply, uint32_t sku, uint8_t scale, uint32_t id_size,
                                      uint32_t name_size);

/* The tags themselves, those made that nobody has yet. They were looked at (asserted). */
void atp_ledger_named_tags(apply_t *apply, uint32_t sku, tag_list_t *ret_list);

/* True if a quota counts in the SKU's scale: it cannot change. */
bool atp_ledger_is_rationed(const atp_ledger_t *ledger, uint32_t sku);

bool atp_ledger_sku_has_tag(const atp_ledger_t *ledger, uint32_t sku, uint32_t tag);

/* Gives the SKU these tags and no others. */
void atp_ledger_set_tags(apply_t *apply, uint32_t sku, const tag_list_t *list);

/* Notes beside the directories of SKUs whether a quota is over them: of one SKU, or of all that have the tag. */
void atp_ledger_note_rationed(atp_ledger_t *ledger, atp_scope_t scope, uint32_t subject);
/* Whether a quota is over the SKU, by itself or by one of its tags. */
bool atp_ledger_has_quota(const atp_ledger_t *ledger, uint32_t sku);

/* ---- ledger_quotas.c ---- */

atp_verdict_t atp_ledger_put_quota(apply_t *apply);

/* ---- ledger_channels.c ---- */

/* The reservation that the op replaces; NULL if it replaces none, there is none of that id, or it moves lines of its own. */
const atp_reservation_t *atp_ledger_replaced(const apply_t *apply);

/* What the nodes that the channel sees may promise of the SKU beyond their stock, for this op: as far as caps leave it. */
atp_qty_t atp_ledger_beyond_anywhere(apply_t *apply, uint32_t sku);

/* The view of the op's channel, less what the op has taken; returns how much of its stock that is. */
atp_qty_t atp_ledger_read_view(apply_t *apply, uint32_t sku, atp_channel_view_t *ret_view);
/* The same with what `taken` says already: of a kit what can be put together. */
atp_qty_t atp_ledger_read_view_with(apply_t *apply, uint32_t sku, atp_channel_taken_t *taken,
                                    atp_channel_view_t *ret_view);

/* ---- ledger_kit_rules.c ---- */

/* Adds what can be put together of a kit, and what the op has of that, if rules have a say in it. */
void atp_ledger_add_assembled(apply_t *apply, uint32_t sku, atp_channel_taken_t *taken);

#endif
