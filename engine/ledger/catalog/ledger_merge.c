/* Two SKUs that are one: all that is known of a SKU becomes another one's, in one op, and its name an alias of that.
 *
 * At each node the positions become one: buckets and limits add up, the lines of reservations, those who wait, open supplies with their
 * promises, and movements go over as they are. What has ended stays where it was; its row leads to the other one (positions.h,
 * P8), and whoever finds such a line, supply or archived line looks there.
 *
 * What cannot be decided is refused, and nothing changes: the SKUs are counted in other scales; a kit, rule, quota or cap names the one
 * that goes; a unit is to anybody something of the one that it is not of the other; they were counted by different feeds, so that nobody
 * could tell what a late fact was counted in. An op is bounded: ATP_MERGE_ROWS_MAX positions and ATP_MERGE_WORK_MAX lines, supplies,
 * promises and movements.
 *
 * Invariants  M1  a merged SKU has no position, no rule, no quota, is in no kit, and means another SKU that is not merged.
 *             M2  every name that meant it means that one. */
#include "engine/ledger/catalog/ledger_merge.h"
#include "engine/base/attribute.h"
#include "engine/ledger/channels/ledger_accounts.h"
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/outbound/ledger_postings.h"
#include "engine/ledger/supply/ledger_supply.h"

typedef struct merge {
    apply_t *apply;
    atp_ledger_t *ledger;
    uint32_t from; /* SKU */
    uint32_t to;
    uint32_t rows; /* of `from`, in ledger->merge_rows */
    uint32_t work;
    uint32_t waiting; /* lines that wait */
    uint64_t lines;
} merge_t;

static atp_sku_record_t *sku_at(const atp_ledger_t *ledger, uint32_t sku)
{
    return atp_table_at(&ledger->catalog.skus, sku);
}

/* ---- what names the SKU ---- */

static bool has_rule(const atp_ledger_t *ledger, uint32_t sku)
{
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    uint64_t channels = atp_table_count(&ledger->catalog.channels);
    uint32_t number;

    if (atp_load_relaxed(&sku_at(ledger, sku)->quota) != 0) {
        return true;
    }
    for (uint64_t channel = 0; channel < channels; channel++) {
        if (atp_rulebook_find_account(rulebook, (uint16_t)channel, ATP_SCOPE_SKU, sku, &number) &&
            (atp_load_relaxed(&atp_account_at(rulebook, number)->quota) != 0 ||
             atp_account_at(rulebook, number)->rule_count > 0)) {
            return true;
        }
    }
    return false;
}

static bool is_capped(const atp_limits_t *limits, atp_limit_scope_t scope, uint32_t sku, uint16_t channel)
{
    uint32_t number;

    return atp_limits_find(limits, scope, sku, channel, &number) &&
           atp_load_relaxed(&atp_limits_at(limits, number)->limit) != ATP_UNLIMITED;
}

static bool has_cap(const atp_ledger_t *ledger, uint32_t sku)
{
    const atp_limits_t *limits = &ledger->positions.limits;
    uint64_t channels = atp_table_count(&ledger->catalog.channels);
    bool is_so = is_capped(limits, ATP_LIMIT_SKU, sku, 0);

    for (uint64_t channel = 0; !is_so && channel < channels; channel++) {
        is_so = is_capped(limits, ATP_LIMIT_CHANNEL, sku, (uint16_t)channel);
    }
    return is_so;
}

/* True if the unit is something of `from` that it is not of `to`, to whose it is. */
static bool is_other_unit(const merge_t *merge, const atp_unit_record_t *unit)
{
    const atp_unit_book_t *units = &merge->ledger->units;
    atp_unit_key_t key = {atp_strings_get(units->strings, unit->id_ref),
                          atp_strings_get(units->strings, unit->teller_ref), merge->from};
    const atp_unit_record_t *one = atp_units_find(units, key);

    key.sku = merge->to;
    const atp_unit_record_t *other = atp_units_find(units, key);
    return one != NULL &&
           (other == NULL || other->numerator != one->numerator || other->denominator != one->denominator);
}

/* True if a unit is to anybody something of `from` that it is not of `to`. To who has none of either SKU it is the same of both. */
static bool has_other_unit(const merge_t *merge)
{
    const atp_table_t *records = &merge->ledger->units.records;
    uint64_t count = atp_table_count(records);

    for (uint64_t i = 0; i < count; i++) {
        const atp_unit_record_t *unit = atp_table_at(records, i);
        bool is_of_one = unit->sku == merge->from || unit->sku == merge->to;
        if (is_of_one && unit->numerator != 0 && is_other_unit(merge, unit)) {
            return true;
        }
    }
    return false;
}

static bool is_kit(const atp_ledger_t *ledger, uint32_t sku)
{
    return atp_load_relaxed(&sku_at(ledger, sku)->kit) != 0;
}

static atp_verdict_t look_at_names(const merge_t *merge)
{
    const atp_ledger_t *ledger = merge->ledger;
    bool is_in_use = is_kit(ledger, merge->from) || atp_kits_is_used(&ledger->kits, merge->from) ||
                     has_rule(ledger, merge->from) || has_cap(ledger, merge->from) || has_other_unit(merge);

    if (sku_at(ledger, merge->from)->scale != sku_at(ledger, merge->to)->scale) {
        return atp_ledger_refuse_key(merge->apply, ATP_SCALE_IN_USE, ATP_KEY_SKU, 0);
    }
    if (is_in_use) {
        return atp_ledger_refuse(merge->apply, ATP_SKU_IN_USE, ATP_FIELD_SUBJECT, 0);
    }
    return is_kit(ledger, merge->to) ? atp_ledger_refuse_key(merge->apply, ATP_SKU_IN_USE, ATP_KEY_SKU, 0)
                                     : ATP_APPLIED;
}

/* ---- how much it is ---- */

static void pass_line(void *context, uint32_t line)
{
    merge_t *merge = context;

    merge->waiting += atp_line_waiting(&merge->ledger->reservations, line) > 0;
}

static uint32_t left(const merge_t *merge)
{
    return merge->work < ATP_MERGE_WORK_MAX ? ATP_MERGE_WORK_MAX + 1 - merge->work : 1;
}

/* Lines of a row; up to one more than there may be. */
static uint32_t count_lines(merge_t *merge, uint32_t row)
{
    const atp_position_t *position = atp_positions_at(&merge->ledger->positions, row);

    return atp_lines_walk(&merge->ledger->reservations, position->last_line, left(merge), pass_line, merge);
}

/* The row of the other SKU at the same node; NO_ROW. */
static uint32_t other_row(const merge_t *merge, uint32_t row)
{
    const atp_positions_t *positions = &merge->ledger->positions;
    uint32_t other;

    return atp_positions_find(positions, merge->to, atp_positions_at(positions, row)->node, &other) ? other
                                                                                                    : NO_ROW;
}

static void count_work(merge_t *merge, uint32_t row)
{
    const atp_ledger_t *ledger = merge->ledger;
    uint32_t other = other_row(merge, row);
    uint32_t waiting = merge->waiting;
    uint32_t lines = count_lines(merge, row);

    merge->lines += lines;
    merge->work += 1 + lines;
    merge->work += atp_supplies_count_at(&ledger->supplies, row, left(merge));
    uint32_t movements = atp_movements_length(&ledger->movements, row, left(merge));
    merge->work += movements;
    if (other != NO_ROW && movements > 0) {
        merge->work += atp_movements_length(&ledger->movements, other, left(merge));
    }
    if (other != NO_ROW && merge->waiting > waiting) { /* they are looked at for who waits longer */
        waiting = merge->waiting;
        merge->work += count_lines(merge, other);
        merge->waiting = waiting;
    }
}

/* True if what waits there, or is at risk, is being served at this moment: by this op or the next pulse. */
static bool is_going_on(const atp_ledger_t *ledger, uint32_t row)
{
    const atp_position_t *position = atp_positions_at(&ledger->positions, row);
    const atp_supply_row_t *sums = atp_supply_row(&ledger->supplies, row);
    uint32_t number;

    return (atp_limits_find(&ledger->positions.limits, ATP_LIMIT_POSITION, position->sku, position->node,
                            &number) &&
            atp_limits_at(&ledger->positions.limits, number)->is_due != ATP_LIMIT_NOT_DUE) ||
           (sums != NULL && (sums->due != ATP_SUPPLY_NOT_DUE || ledger->root->supplies.telling != 0));
}

static atp_verdict_t look_at_work(merge_t *merge)
{
    atp_ledger_t *ledger = merge->ledger;

    for (uint32_t i = 0; i < merge->rows; i++) {
        if (is_going_on(ledger, ledger->merge_rows[i])) {
            return atp_ledger_refuse(merge->apply, ATP_MERGE_TOO_LARGE, ATP_FIELD_SUBJECT, 0);
        }
        count_work(merge, ledger->merge_rows[i]);
        if (merge->work > ATP_MERGE_WORK_MAX) {
            return atp_ledger_refuse(merge->apply, ATP_MERGE_TOO_LARGE, ATP_FIELD_SUBJECT, 0);
        }
    }
    return ATP_APPLIED;
}

/* What is due has expired at the rows of both, and who waited has it. */
static void settle_rows(merge_t *merge)
{
    atp_ledger_t *ledger = merge->ledger;

    for (uint32_t i = 0; i < merge->rows; i++) {
        uint32_t other = other_row(merge, ledger->merge_rows[i]);
        atp_ledger_settle_row(ledger, ledger->merge_rows[i], merge->apply->now_ms);
        if (other != NO_ROW) {
            atp_ledger_settle_row(ledger, other, merge->apply->now_ms);
        }
    }
}

/* ---- whether they can be one ---- */

static bool is_in_range(_Atomic int64_t *a, _Atomic int64_t *b)
{
    return atp_qty_in_range(atp_load_relaxed(a) + atp_load_relaxed(b));
}

static bool have_range(atp_position_t *a, atp_position_t *b)
{
    return is_in_range(&a->on_hand, &b->on_hand) && is_in_range(&a->unavailable, &b->unavailable) &&
           is_in_range(&a->reserved, &b->reserved) && is_in_range(&a->allocated, &b->allocated) &&
           is_in_range(&a->safety, &b->safety);
}

/* True if nothing was ever counted there by a feed and nothing is to be counted. */
static bool is_uncounted(const atp_ledger_t *ledger, uint32_t row, const atp_standing_t *standing,
                         unsigned bucket)
{
    atp_position_t *position = atp_positions_at(&ledger->positions, row);

    return standing->feeds[bucket] == 0 && atp_movements_get(&ledger->movements, standing->newest) == NULL &&
           atp_load_relaxed(&position->on_hand) == 0 && atp_load_relaxed(&position->unavailable) == 0;
}

/* A late fact is told by the feed that counted its position: there can be but one. */
static bool agree_on_feeds(const atp_ledger_t *ledger, uint32_t row, uint32_t other)
{
    const atp_standing_t a = atp_movements_standing(&ledger->movements, row);
    const atp_standing_t b = atp_movements_standing(&ledger->movements, other);
    bool agree = true;

    for (unsigned bucket = 0; agree && bucket < ATP_COUNTED_BUCKETS; bucket++) {
        agree = atp_standing_feed(&a, bucket) == atp_standing_feed(&b, bucket) ||
                is_uncounted(ledger, row, &a, bucket) || is_uncounted(ledger, other, &b, bucket);
    }
    return agree;
}

static atp_verdict_t look_at_rows(const merge_t *merge)
{
    atp_ledger_t *ledger = merge->ledger;

    for (uint32_t i = 0; i < merge->rows; i++) {
        uint32_t row = ledger->merge_rows[i];
        uint32_t other = other_row(merge, row);
        if (other == NO_ROW) {
            continue;
        }
        if (!have_range(atp_positions_at(&ledger->positions, row),
                        atp_positions_at(&ledger->positions, other))) {
            return atp_ledger_refuse(merge->apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_SUBJECT, 0);
        }
        if (!agree_on_feeds(ledger, row, other)) {
            return atp_ledger_refuse(merge->apply, ATP_FEED_UNDECIDED, ATP_FIELD_SUBJECT, 0);
        }
    }
    return ATP_APPLIED;
}

static atp_verdict_t look_for_room(const merge_t *merge)
{
    const atp_ledger_t *ledger = merge->ledger;
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    uint64_t channels = atp_table_count(&ledger->catalog.channels);
    atp_text_t id = atp_catalog_sku_id(&ledger->catalog, merge->from);
    uint64_t missing = 0;

    for (uint32_t i = 0; i < merge->rows; i++) {
        missing += other_row(merge, ledger->merge_rows[i]) == NO_ROW;
    }
    if (!atp_table_has_room(&ledger->positions.rows, missing)) {
        return atp_ledger_refuse(merge->apply, ATP_POSITIONS_FULL, ATP_FIELD_SUBJECT, 0);
    }
    /* Of a position its limits and what is missing; of who waits the SKU's cap and that of its channel. */
    if (!atp_table_has_room(&ledger->positions.limits.records,
                            2 * ((uint64_t)merge->rows + merge->waiting))) {
        return atp_ledger_refuse(merge->apply, ATP_LIMITS_FULL, ATP_FIELD_SUBJECT, 0);
    }
    if (atp_table_count(&rulebook->accounts) > 0 &&
        !atp_table_has_room(&rulebook->accounts, merge->lines < channels ? merge->lines : channels)) {
        return atp_ledger_refuse(merge->apply, ATP_ACCOUNTS_FULL, ATP_FIELD_SUBJECT, 0);
    }
    return atp_catalog_has_alias_room(&ledger->catalog, &ledger->root->strings, ATP_ALIAS_SKU,
                                      (atp_text_t){"", 0}, id, atp_ledger_seed(ledger))
               ? ATP_APPLIED
               : atp_ledger_refuse(merge->apply, ATP_STRINGS_FULL, ATP_FIELD_SUBJECT, 0);
}

/* ---- one position ---- */

static void move_bucket(_Atomic int64_t *from, _Atomic int64_t *to)
{
    atp_store_relaxed(to, atp_load_relaxed(to) + atp_load_relaxed(from));
    atp_store_relaxed(from, (atp_qty_t)0);
}

static void move_lines(const merge_t *merge, atp_position_t *from, atp_position_t *to, uint32_t row)
{
    atp_ledger_t *ledger = merge->ledger;
    uint32_t at;

    while ((at = atp_lines_first(&ledger->reservations, from->last_line)) != 0) {
        atp_ledger_account_merged(ledger, at - 1, merge->to);
        atp_ledger_move_line(ledger, at - 1, from, to, row);
    }
}

/* What is missing there is missing at the other row. */
static void move_missing(atp_ledger_t *ledger, uint32_t row, atp_position_t *to)
{
    atp_limits_t *limits = &ledger->positions.limits;
    atp_qty_t missing = atp_ledger_missing(ledger, row);

    if (missing > 0) {
        atp_ledger_settle_missing(ledger, row, missing);
        uint32_t number = atp_limits_need(limits, ATP_LIMIT_MISSING, to->sku, to->node);
        atp_limit_t *record = atp_table_change(&limits->records, number);
        record->missing += missing;
        atp_position_set(to, ATP_POSITION_HAS_MISSING, true);
    }
}

static atp_posting_change_t buckets_of(atp_position_t *position, int sign)
{
    return (atp_posting_change_t){.on_hand = sign * atp_load_relaxed(&position->on_hand),
                                  .unavailable = sign * atp_load_relaxed(&position->unavailable),
                                  .reserved = sign * atp_load_relaxed(&position->reserved),
                                  .allocated = sign * atp_load_relaxed(&position->allocated)};
}

static void post(const merge_t *merge, uint32_t row, uint32_t other)
{
    atp_ledger_t *ledger = merge->ledger;
    atp_position_t *position = atp_positions_at(&ledger->positions, row);

    if (ATP_UNLIKELY(ledger->has_postings)) {
        const atp_posting_change_t out = buckets_of(position, -1);
        const atp_posting_change_t in = buckets_of(position, 1);
        atp_ledger_post_merged(merge->apply, row, &out);
        atp_ledger_post_merged(merge->apply, other, &in);
    }
}

/* Opens the row that goes. Nothing is listed as due there any more. */
static atp_position_t *begin_gone(atp_ledger_t *ledger, uint32_t row)
{
    atp_position_t *position = atp_table_change(&ledger->positions.rows, row);

    atp_position_set(position, ATP_POSITION_HAS_QUEUE | ATP_POSITION_HAS_AT_RISK, false);
    return atp_ledger_begin_row(ledger, row);
}

static void end_gone(atp_position_t *from, uint32_t row)
{
    ATP_ASSERT(from->last_line == 0 && atp_load_relaxed(&from->reserved) == 0 &&
               atp_load_relaxed(&from->allocated) == 0); /* P8 */
    from->last_line = row + 1;
    atp_store_relaxed(&from->soonest_deadline_ms, ATP_NEVER_MS);
    atp_store_relaxed(&from->flags, (uint16_t)ATP_POSITION_IS_MERGED);
    atp_positions_end_change(from);
}

static uint32_t merge_row(const merge_t *merge, uint32_t row)
{
    atp_ledger_t *ledger = merge->ledger;
    uint16_t node = atp_positions_at(&ledger->positions, row)->node;
    uint32_t other = other_row(merge, row);
    bool is_new = other == NO_ROW;

    other = is_new ? atp_positions_add(&ledger->positions, merge->to, node) : other;
    post(merge, row, other);
    atp_position_t *from = begin_gone(ledger, row);
    atp_position_t *to = atp_ledger_begin_row(ledger, other);
    atp_ledger_merge_limits(ledger, row, to, is_new);
    move_missing(ledger, row, to);
    move_lines(merge, from, to, other);
    move_bucket(&from->on_hand, &to->on_hand);
    move_bucket(&from->unavailable, &to->unavailable);
    move_bucket(&from->safety, &to->safety);
    atp_movements_merge(&ledger->movements, row, other);
    atp_supplies_merge(&ledger->supplies, row, other);
    atp_positions_end_change(to);
    end_gone(from, other);
    return other;
}

/* Whatever waits at the row, or is at risk, or is too much there, is looked at as after any fact. */
static void look_after(const merge_t *merge, uint32_t row)
{
    atp_ledger_t *ledger = merge->ledger;

    atp_ledger_back(merge->apply, row);
    if (atp_supplies_first_at_risk(&ledger->supplies, row) != 0) {
        atp_ledger_note_at_risk(ledger, row);
    }
    atp_ledger_note_due(ledger, row);
    atp_ledger_note_over_commitment(merge->apply, row);
}

/* ---- the name ---- */

/* Nobody is told of levels of a SKU that is no more. */
static void forget_levels(atp_ledger_t *ledger, uint32_t sku)
{
    uint64_t channels = atp_table_count(&ledger->catalog.channels);
    uint32_t number;

    for (uint64_t channel = 0; channel < channels; channel++) {
        if (atp_rulebook_find_account(&ledger->rulebook, (uint16_t)channel, ATP_SCOPE_SKU, sku, &number)) {
            atp_account_t *account = atp_table_change(&ledger->rulebook.accounts, number);
            atp_store_relaxed(&account->level, (uint8_t)ATP_LEVEL_NONE);
        }
    }
}

/* The name is an alias before it is no id any more: whoever looks for it beside this finds one of both. */
static void become_alias(const merge_t *merge)
{
    atp_ledger_t *ledger = merge->ledger;
    atp_catalog_t *catalog = &ledger->catalog;
    atp_sku_record_t *record = atp_table_change(&catalog->skus, merge->from);

    atp_store_relaxed(&record->merged_into, merge->to + 1);
    atp_catalog_set_alias(catalog, &ledger->root->strings, ATP_ALIAS_SKU, (atp_text_t){"", 0},
                          atp_strings_get(&catalog->strings, record->id_ref), atp_ledger_seed(ledger),
                          merge->to + 1, ledger->root->op);
    atp_index_blank(&catalog->sku_index, record->hash, merge->from);
    ledger->has_merged = true;
}

/* ---- the op ---- */

static atp_verdict_t read_skus(merge_t *merge)
{
    apply_t *apply = merge->apply;
    const char *cursor = atp_op_text_begin(apply->op);
    const atp_op_attribute_t *into = atp_op_attribute(apply->op, ATP_KEY_SKU, ATP_WHOLE_OP);

    if (!atp_ledger_means_sku(apply, atp_op_text_next(&cursor), &merge->from)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SKU, ATP_FIELD_SUBJECT, 0);
    }
    if (!atp_ledger_means_sku(apply, atp_op_attribute_text(apply->op, into), &merge->to)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_SKU, ATP_KEY_SKU, 0);
    }
    return merge->from == merge->to ? ATP_CONFIRMED : ATP_APPLIED;
}

static atp_verdict_t look_at_all(merge_t *merge)
{
    atp_ledger_t *ledger = merge->ledger;
    atp_verdict_t verdict = look_at_names(merge);

    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    merge->rows = atp_positions_list(&ledger->positions, merge->from, ledger->merge_rows, ATP_MERGE_ROWS_MAX);
    if (merge->rows > ATP_MERGE_ROWS_MAX) {
        return atp_ledger_refuse(merge->apply, ATP_MERGE_TOO_LARGE, ATP_FIELD_SUBJECT, 0);
    }
    settle_rows(merge);
    verdict = look_at_work(merge);
    verdict = verdict == ATP_APPLIED ? look_at_rows(merge) : verdict;
    return verdict == ATP_APPLIED ? look_for_room(merge) : verdict;
}

atp_verdict_t atp_ledger_merge_sku(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    merge_t merge = {.apply = apply, .ledger = ledger};
    atp_verdict_t verdict = read_skus(&merge);

    verdict = verdict == ATP_APPLIED ? look_at_all(&merge) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    for (uint32_t i = 0; i < merge.rows; i++) {
        ledger->merge_rows[i] = merge_row(&merge, ledger->merge_rows[i]);
    }
    atp_positions_drop_directory(&ledger->positions, merge.from);
    atp_demand_merge(&ledger->demand, merge.from, merge.to);
    atp_differences_merge(&ledger->differences, merge.from, merge.to);
    forget_levels(ledger, merge.from);
    become_alias(&merge);
    for (uint32_t i = 0; i < merge.rows; i++) {
        look_after(&merge, ledger->merge_rows[i]);
    }
    apply->result->qty = merge.rows;
    return ATP_APPLIED;
}

/* ---- what had ended ---- */

void atp_ledger_rehome_row(atp_ledger_t *ledger, uint32_t *row)
{
    if (ledger->rehomed_op != ledger->root->op) {
        ledger->rehomed_op = ledger->root->op;
        ledger->rehomed_count = 0;
    }
    if (ledger->rehomed_count < ATP_LINES_PER_OP_MAX) { /* more only lead there from now on */
        ledger->rehomed[ledger->rehomed_count].place = row;
        ledger->rehomed[ledger->rehomed_count++].row = *row;
    }
    *row = atp_positions_now(&ledger->positions, *row);
}

void atp_ledger_rehome(atp_ledger_t *ledger, uint32_t reservation)
{
    for (uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        if (atp_positions_now(&ledger->positions, line->row) != line->row) {
            atp_line_t *ended = atp_table_change(&ledger->reservations.lines, at - 1);
            atp_ledger_rehome_row(ledger, &ended->row);
        }
        at = line->next;
    }
}

void atp_ledger_undo_rehome(atp_ledger_t *ledger)
{
    for (uint32_t i = 0; ledger->rehomed_op == ledger->root->op && i < ledger->rehomed_count; i++) {
        uint32_t *place = ledger->rehomed[i].place;
        if (*place ==
            atp_positions_now(&ledger->positions, ledger->rehomed[i].row)) { /* else it is forgotten */
            *place = ledger->rehomed[i].row;
        }
    }
    ledger->rehomed_count = 0;
}
