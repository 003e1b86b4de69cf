/* Facts about stock: receive, sale, adjust, count; the safety stock of a position; and the exceptions that reality
 * raises when it does not fit the promises. */
#include "engine/ledger/ledger_priv.h"

/* ---- exceptions ---- */

/* The names of the op's line at fault (or its first), as far as they are known. */
static void name_from_op(apply_t *apply, atp_exception_t *exception)
{
    const atp_op_t *op = apply->op;
    const atp_catalog_t *catalog = &apply->ledger->catalog;

    if (op->kind == ATP_OP_SOURCE || op->line_count == 0) {
        const char *cursor = atp_op_text_begin(op);
        atp_text_t subject = atp_op_text_next(&cursor);
        atp_exception_name(exception->reservations[0], &exception->reservation_sizes[0], subject);
        exception->reservation_count = subject.size > 0 && op->kind != ATP_OP_SOURCE ? 1 : 0;
        return;
    }
    line_names_t names = atp_ledger_line_names(op);
    for (uint32_t i = 0; i <= apply->result->line && i < op->line_count; i++) {
        const atp_op_line_t *line = &atp_op_lines(op)[i];
        atp_text_t sku = line->flags & ATP_LINE_SKU_NAMED ? atp_op_text_next(&names.cursor)
                                                          : atp_catalog_sku_id(catalog, line->sku);
        atp_text_t node = line->flags & ATP_LINE_NODE_NAMED ? atp_op_text_next(&names.cursor)
                                                            : atp_catalog_node_id(catalog, line->node);
        atp_exception_name(exception->sku, &exception->sku_size, sku);
        atp_exception_name(exception->node, &exception->node_size, node);
    }
}

atp_exception_t *atp_ledger_raise(apply_t *apply, atp_exception_kind_t kind, uint32_t row, atp_qty_t qty)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_exception_t exception = {
        .op = ledger->root->op,
        .time_ms = apply->now_ms,
        .qty = qty,
        .kind = (uint8_t)kind,
        .op_kind = apply->op->kind,
        .source = ledger->frame_source != 0 &&
                          (apply->op->flags & ATP_OP_IN_SOURCE || apply->op->kind == ATP_OP_SOURCE)
                      ? ledger->frame_source
                      : 0,
    };

    if (row == NO_ROW) {
        name_from_op(apply, &exception);
    } else {
        const atp_position_t *position = atp_positions_at(&ledger->positions, row);
        exception.scale = atp_positions_scale(&ledger->positions, position->sku);
        atp_exception_name(exception.sku, &exception.sku_size,
                           atp_catalog_sku_id(&ledger->catalog, position->sku));
        atp_exception_name(exception.node, &exception.node_size,
                           atp_catalog_node_id(&ledger->catalog, position->node));
    }
    return atp_exceptions_add(&ledger->exceptions, &exception);
}

/* Collects the reservations hit, the merely reserved ones first: they are the weaker promise. */
typedef struct hit_list {
    const atp_ledger_t *ledger;
    atp_exception_t *exception;
} hit_list_t;

#define HITS_LOOKED_AT 1024 /* bounds the work of one op; the total beyond is told as "at least" */

static void note_hit(void *context, uint32_t line)
{
    hit_list_t *hits = context;
    const atp_reservations_t *reservations = &hits->ledger->reservations;
    const atp_reservation_t *reservation =
        atp_reservation_at(reservations, atp_line_at(reservations, line)->reservation);
    atp_exception_t *exception = hits->exception;

    exception->reservation_total++;
    if (exception->reservation_count < ATP_EXCEPTION_RESERVATIONS_MAX) {
        unsigned i = exception->reservation_count++;
        atp_exception_name(exception->reservations[i], &exception->reservation_sizes[i],
                           atp_strings_get(reservations->strings, reservation->id_ref));
    }
}

static atp_qty_t uncommitted(const atp_position_t *position)
{
    atp_position_t *self = (atp_position_t *)position;

    return atp_load_relaxed(&self->on_hand) - atp_load_relaxed(&self->unavailable) -
           atp_load_relaxed(&self->reserved) - atp_load_relaxed(&self->allocated);
}

void atp_ledger_note_over_commitment(apply_t *apply, uint32_t row)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_position_t *position = atp_table_change(&ledger->positions.rows, row);
    atp_qty_t left = uncommitted(position);
    bool has_promises = atp_load_relaxed(&position->reserved) + atp_load_relaxed(&position->allocated) > 0;

    if (left >= 0 || !has_promises) {
        position->is_over_committed = 0;
        return;
    }
    if (position->is_over_committed) {
        return; /* told once; told again only after it was mended in between */
    }
    position->is_over_committed = 1;
    hit_list_t hits = {ledger, atp_ledger_raise(apply, ATP_EXCEPTION_OVER_COMMITMENT, row, left)};
    atp_lines_walk(&ledger->reservations, position->lines_root, HITS_LOOKED_AT, note_hit, &hits);
}

/* ---- buckets ---- */

atp_verdict_t atp_ledger_change_bucket(apply_t *apply, uint32_t row, atp_bucket_t bucket, atp_qty_t change)
{
    atp_position_t *position = atp_positions_at(&apply->ledger->positions, row);
    _Atomic int64_t *field = bucket == ATP_BUCKET_ON_HAND ? &position->on_hand : &position->unavailable;
    atp_qty_t after = atp_load_relaxed(field) + change;

    if (!atp_qty_in_range(after) || (bucket == ATP_BUCKET_UNAVAILABLE && after < 0)) {
        return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, 0);
    }
    if (change == 0) {
        return ATP_CONFIRMED;
    }
    atp_ledger_begin_row(apply->ledger, row);
    atp_store_relaxed(field, after);
    atp_positions_end_change(position);
    return ATP_APPLIED;
}

static atp_qty_t change_told(const apply_t *apply, const resolved_line_t *line)
{
    atp_position_t *position = atp_positions_at(&apply->ledger->positions, line->row);
    atp_qty_t now = atp_load_relaxed(apply->op->option == ATP_BUCKET_ON_HAND ? &position->on_hand
                                                                             : &position->unavailable);

    switch (apply->op->kind) {
    case ATP_OP_SALE:
        return -line->qty;
    case ATP_OP_COUNT:
        return line->qty - now; /* the variance, not the count */
    default:
        return line->qty;
    }
}

atp_verdict_t atp_ledger_stock(apply_t *apply)
{
    resolved_line_t *line = &apply->ledger->lines[0];
    line_names_t names = atp_ledger_line_names(apply->op);
    atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, 0, line);

    verdict = verdict == ATP_APPLIED ? atp_ledger_need_row(apply, line) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_ledger_settle_row(apply->ledger, line->row, apply->now_ms);
    atp_qty_t change = change_told(apply, line);
    verdict = atp_ledger_change_bucket(apply, line->row, (atp_bucket_t)apply->op->option, change);
    if (atp_verdict_is_success(verdict)) {
        apply->result->qty = change;
        apply->result->scale = line->scale;
        atp_ledger_note_over_commitment(apply, line->row);
    }
    return verdict;
}

atp_verdict_t atp_ledger_safety(apply_t *apply)
{
    resolved_line_t *line = &apply->ledger->lines[0];
    line_names_t names = atp_ledger_line_names(apply->op);
    atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, 0, line);

    verdict = verdict == ATP_APPLIED ? atp_ledger_need_row(apply, line) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_position_t *position = atp_ledger_begin_row(apply->ledger, line->row);
    bool is_same = atp_load_relaxed(&position->safety) == line->qty;
    atp_store_relaxed(&position->safety, line->qty);
    atp_positions_end_change(position);
    apply->result->qty = line->qty;
    apply->result->scale = line->scale;
    return is_same ? ATP_CONFIRMED : ATP_APPLIED;
}
