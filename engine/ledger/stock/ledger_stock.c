/* Facts about stock: receive, sale, adjust, count; the safety stock of a position. */
#include "engine/base/attribute.h"
#include "engine/ledger/facts/ledger_feeds.h"
#include "engine/ledger/ledger_priv.h"
#include "engine/ledger/outbound/ledger_postings.h"
#include "engine/ledger/supply/ledger_supply.h"

#include <string.h>

/* ---- buckets ---- */

static _Atomic int64_t *bucket_of(const apply_t *apply, uint32_t row, atp_bucket_t bucket)
{
    atp_position_t *position = atp_positions_at(&apply->ledger->positions, row);
    return bucket == ATP_BUCKET_ON_HAND ? &position->on_hand : &position->unavailable;
}

static bool is_bucket_in_range(atp_bucket_t bucket, atp_qty_t qty)
{
    return atp_qty_in_range(qty) && (bucket == ATP_BUCKET_ON_HAND || qty >= 0); /* P1, P2 */
}

static void change_on_hand(apply_t *apply, uint32_t row, const atp_change_t *told, atp_qty_t change)
{
    atp_position_t *position = atp_ledger_begin_row(apply->ledger, row);

    atp_store_relaxed(&position->on_hand, atp_load_relaxed(&position->on_hand) + change);
    atp_positions_end_change(position);
    if (ATP_UNLIKELY(apply->ledger->has_postings)) {
        atp_ledger_post_change(apply, row, ATP_BUCKET_ON_HAND, told, change);
    }
}

atp_qty_t atp_ledger_change_bucket(apply_t *apply, uint32_t row, atp_bucket_t bucket, atp_qty_t change)
{
    _Atomic int64_t *field = bucket_of(apply, row, bucket);

    ATP_ASSERT(is_bucket_in_range(bucket, atp_load_relaxed(field) + change));
    atp_change_t told = {.on_hand = bucket == ATP_BUCKET_ON_HAND ? change : 0,
                         .unavailable = bucket == ATP_BUCKET_UNAVAILABLE ? change : 0};
    atp_change_t made = atp_ledger_note_movement(apply->ledger, row, &told, true);
    change = bucket == ATP_BUCKET_ON_HAND ? made.on_hand : made.unavailable;
    if (ATP_UNLIKELY(bucket == ATP_BUCKET_UNAVAILABLE && made.on_hand != 0)) {
        /* A feed has counted what can be sold: what is unavailable, and was not known to be, is on hand as well. */
        const atp_change_t nothing = {0};
        change_on_hand(apply, row, &nothing, made.on_hand);
    }
    atp_qty_t after = atp_load_relaxed(field) + change;
    atp_position_t *position = atp_ledger_begin_row(apply->ledger, row);
    atp_store_relaxed(field, after);
    atp_positions_end_change(position);
    if (ATP_UNLIKELY(apply->ledger->has_postings)) {
        atp_ledger_post_change(apply, row, bucket, &told, change);
    }
    if (ATP_UNLIKELY(bucket == ATP_BUCKET_UNAVAILABLE && change < 0)) {
        atp_ledger_settle_missing(apply->ledger, row,
                                  atp_ledger_missing(apply->ledger, row) - after); /* B5 */
    }
    return change;
}

atp_qty_t atp_ledger_change_inbound(apply_t *apply, uint32_t row, atp_qty_t on_hand, atp_qty_t inbound)
{
    const atp_change_t told = {.on_hand = on_hand, .inbound = inbound};
    atp_qty_t change = atp_ledger_note_movement(apply->ledger, row, &told, true).on_hand;

    if (on_hand != 0 || change != 0) {
        change_on_hand(apply, row, &told, change);
    }
    return change;
}

/* The change of a bucket that has `now` in it. */
static atp_qty_t change_told(const atp_op_t *op, atp_qty_t told, atp_qty_t now)
{
    switch (op->kind) {
    case ATP_OP_SALE:
        return -told;
    case ATP_OP_COUNT:
        return told - now; /* the variance, not the count */
    default:
        return told;
    }
}

/* The op's one line, and that its position is there or can be made. */
static atp_verdict_t resolve_only_line(apply_t *apply, resolved_line_t *line)
{
    line_names_t names = atp_ledger_line_names(apply->op);
    atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, 0, line);

    return verdict == ATP_APPLIED ? atp_ledger_look_for_rows(apply, 1) : verdict;
}

/* ---- what was missing: ledger_missing.c ---- */

/* Of what the bucket has, that which a count of it does not see. */
static atp_qty_t unseen_of(const apply_t *apply, uint32_t row, atp_bucket_t bucket)
{
    return apply->op->kind == ATP_OP_COUNT && bucket == ATP_BUCKET_UNAVAILABLE
               ? atp_ledger_missing(apply->ledger, row)
               : 0;
}

/* How many of `missing` units are accounted for by a change of a bucket. */
static atp_qty_t accounted_for(const atp_op_t *op, atp_bucket_t bucket, atp_qty_t change, atp_qty_t missing)
{
    bool is_written_off = op->reason == ATP_REASON_LOSS || op->reason == ATP_REASON_CORRECTION ||
                          op->reason == ATP_REASON_CYCLE_COUNT;
    bool is_found = op->reason == ATP_REASON_FOUND;

    if (op->kind == ATP_OP_COUNT && bucket == ATP_BUCKET_ON_HAND) {
        bool is_of_books =
            (op->flags & ATP_OP_IN_SOURCE) != 0 || atp_op_attribute(op, ATP_KEY_FEED, ATP_WHOLE_OP) != NULL;
        return !is_of_books || op->reason == ATP_REASON_CYCLE_COUNT ? missing : 0;
    }
    bool is_settled = op->kind == ATP_OP_ADJUST && (bucket == ATP_BUCKET_ON_HAND ? is_written_off : is_found);
    return !is_settled || change >= 0 ? 0 : -change < missing ? -change : missing;
}

/* Settles what the fact says of units that were missing; returns how many are missing no more. */
static atp_qty_t settle_missing(apply_t *apply, uint32_t row, atp_bucket_t bucket, atp_qty_t change)
{
    atp_qty_t missing = atp_ledger_missing(apply->ledger, row);

    if (missing == 0) {
        return 0;
    }
    atp_qty_t found = accounted_for(apply->op, bucket, change, missing);
    atp_ledger_settle_missing(apply->ledger, row, found);
    if (found > 0 && bucket == ATP_BUCKET_ON_HAND) {
        apply->ledger->is_missing = true;
        atp_ledger_change_bucket(apply, row, ATP_BUCKET_UNAVAILABLE, -found);
        apply->ledger->is_missing = false;
    }
    return found;
}

/* A kit that was sold over the counter was one from the shelf, or was put together there. */
static atp_verdict_t sell_kit(apply_t *apply, const resolved_line_t *told)
{
    atp_ledger_t *ledger = apply->ledger;
    const resolved_line_t sold = *told;
    uint32_t count = 0;

    atp_verdict_t verdict = atp_ledger_lay_out_sale(apply, &sold, &count);
    verdict = verdict == ATP_APPLIED ? atp_ledger_look_for_rows(apply, count) : verdict;
    for (uint32_t i = 0; verdict == ATP_APPLIED && i < count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        if (line->row != NO_ROW &&
            !is_bucket_in_range(ATP_BUCKET_ON_HAND,
                                atp_load_relaxed(bucket_of(apply, line->row, ATP_BUCKET_ON_HAND)) -
                                    line->granted)) {
            verdict = atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, 0);
        }
    }
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    for (uint32_t i = 0; i < count; i++) {
        resolved_line_t *line = &ledger->lines[i];
        atp_ledger_need_row(apply, line);
        atp_ledger_settle_row(ledger, line->row, apply->now_ms);
        atp_ledger_change_bucket(apply, line->row, ATP_BUCKET_ON_HAND, -line->granted);
        atp_ledger_note_over_commitment(apply, line->row);
    }
    apply->result->qty = -sold.qty;
    apply->result->scale = sold.scale;
    return ATP_APPLIED;
}

/* What the fact changes of the bucket. `ret_feed`: the feed that it is a count of; NULL: of none. */
static atp_verdict_t find_change(apply_t *apply, const resolved_line_t *line, atp_bucket_t bucket,
                                 const atp_feed_t **ret_feed, atp_qty_t *ret_change)
{
    atp_qty_t now = line->row == NO_ROW ? 0 : atp_load_relaxed(bucket_of(apply, line->row, bucket));
    atp_qty_t unseen = line->row == NO_ROW ? 0 : unseen_of(apply, line->row, bucket);

    *ret_change = change_told(apply->op, line->qty, now - unseen);
    atp_verdict_t verdict = atp_ledger_named_feed(apply, ret_feed);
    if (verdict == ATP_APPLIED && *ret_feed != NULL) {
        verdict = atp_ledger_feed_variance(apply, *ret_feed, line, bucket, unseen, ret_change);
    }
    if (verdict == ATP_APPLIED && !is_bucket_in_range(bucket, now + *ret_change)) {
        verdict = atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, 0);
    }
    return verdict;
}

/* Changes the bucket as the fact tells; returns by how much. */
static atp_qty_t book_change(apply_t *apply, uint32_t row, atp_bucket_t bucket, const atp_feed_t *feed,
                             atp_qty_t change)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_qty_t made = 0;

    if (change != 0) {
        ledger->counting_feed = feed != NULL ? (uint32_t)feed->number : 0;
        ledger->counting_reason = feed != NULL ? atp_ledger_drift_cause(ledger, feed, row, bucket)
                                               : (atp_drift_reason_t){.cause = ATP_DRIFT_NONE};
        made = atp_ledger_change_bucket(apply, row, bucket, change);
        ledger->counting_feed = 0;
    }
    if (feed != NULL) {
        atp_ledger_note_fed(ledger, feed, row, bucket, made);
    }
    return made;
}

atp_verdict_t atp_ledger_stock(apply_t *apply)
{
    atp_bucket_t bucket = (atp_bucket_t)apply->op->option;
    resolved_line_t *line = &apply->ledger->lines[0];
    const atp_feed_t *feed = NULL;
    atp_qty_t change = 0;
    atp_verdict_t verdict = resolve_only_line(apply, line);

    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (line->row != NO_ROW) {
        atp_ledger_prefetch_standing(apply->ledger, line->row); /* where its movement is noted */
    }
    if (apply->op->kind == ATP_OP_SALE &&
        ATP_UNLIKELY(atp_positions_sku_has(&apply->ledger->positions, line->sku, ATP_SKU_IS_KIT))) {
        return sell_kit(apply, line);
    }
    verdict = find_change(apply, line, bucket, &feed, &change);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_ledger_need_row(apply, line);
    atp_ledger_settle_row(apply->ledger, line->row, apply->now_ms);
    atp_qty_t found = settle_missing(apply, line->row, bucket, change);
    change = book_change(apply, line->row, bucket, feed, change);
    if (change != 0) {
        atp_ledger_note_over_commitment(apply, line->row);
    }
    apply->result->qty = change;
    apply->result->scale = line->scale;
    return change != 0 || found != 0 ? ATP_APPLIED : ATP_CONFIRMED;
}

atp_verdict_t atp_ledger_safety(apply_t *apply)
{
    resolved_line_t *line = &apply->ledger->lines[0];
    atp_verdict_t verdict = resolve_only_line(apply, line);

    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_ledger_need_row(apply, line);
    apply->result->qty = line->qty;
    apply->result->scale = line->scale;
    atp_position_t *position = atp_positions_at(&apply->ledger->positions, line->row);
    if (atp_load_relaxed(&position->safety) == line->qty) {
        return ATP_CONFIRMED;
    }
    atp_ledger_begin_row(apply->ledger, line->row);
    atp_store_relaxed(&position->safety, line->qty);
    atp_positions_end_change(position);
    return ATP_APPLIED;
}

/* ---- asking ---- */

/* What a count would be answered, of the feed or of none; nothing changes. */
static atp_verdict_t ask_count(apply_t *apply)
{
    resolved_line_t *line = &apply->ledger->lines[0];
    const atp_feed_t *feed = NULL;
    atp_qty_t change = 0;

    atp_verdict_t verdict = resolve_only_line(apply, line);
    verdict = verdict == ATP_APPLIED
                  ? find_change(apply, line, (atp_bucket_t)apply->op->option, &feed, &change)
                  : verdict;
    if (verdict == ATP_APPLIED) {
        apply->result->qty = change;
        apply->result->scale = line->scale;
    }
    return verdict == ATP_APPLIED && change == 0 ? ATP_CONFIRMED : verdict;
}

void atp_ledger_compare(const atp_ledger_t *ledger, const atp_op_t *feed, const atp_op_t *op, int64_t now_ms,
                        atp_result_t *ret_result)
{
    /* Of the scratch of an op, which is no state, it takes the first line only: there is nothing to forget. */
    atp_ledger_t *scratch = (atp_ledger_t *)(uintptr_t)ledger;
    apply_t apply = {.ledger = scratch,
                     .op = feed != NULL ? feed : op,
                     .now_ms = now_ms > ledger->root->time_ms ? now_ms : ledger->root->time_ms,
                     .result = ret_result};
    atp_feed_t told;
    atp_verdict_t verdict = ATP_APPLIED;

    memset(ret_result, 0, sizeof *ret_result);
    ATP_ASSERT(ledger->root->op > 0 && (op->kind == ATP_OP_COUNT || op == feed));
    scratch->is_asking = true;
    if (feed != NULL) {
        verdict = atp_ledger_read_feed(&apply, &told);
        apply.asked_feed = &told;
    }
    if (op != feed && atp_verdict_is_success(verdict)) {
        apply.op = op;
        verdict = ask_count(&apply);
    }
    scratch->is_asking = false;
    ret_result->verdict = (uint8_t)verdict;
    ret_result->op = ledger->root->op;
}
