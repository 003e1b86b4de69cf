/* Stock in the model: receive, sale, adjust, count, safety; and the exceptions. */
#include "tests/model/model.h"

#include "tests/test.h"

/* ---- exceptions ---- */

model_exception_t *model_raise(model_t *model, unsigned kind, unsigned op_kind, uint32_t position,
                               atp_qty_t qty)
{
    assert_true(model->raised_count < MODEL_EXCEPTIONS_PER_OP_MAX);
    model_exception_t *exception = &model->raised[model->raised_count++];

    model->exception_count++;
    exception->kind = kind;
    exception->verdict = 0;
    exception->op_kind = op_kind;
    exception->qty = qty;
    exception->scale = 0;
    exception->source = model->in_source ? model->frame_source : 0;
    exception->sku.size = 0;
    exception->node.size = 0;
    exception->hit_count = 0;
    if (position != MODEL_NONE) {
        const model_sku_t *sku = &model->skus[model->positions[position].sku];
        exception->scale = sku->scale;
        exception->sku = sku->id;
        exception->node = model->nodes[model->positions[position].node].id;
    }
    return exception;
}

static atp_qty_t uncommitted(const model_t *model, const model_position_t *position)
{
    return position->on_hand - position->unavailable -
           model_reserved_at(model, position->sku, position->node) -
           model_allocated_at(model, position->sku, position->node);
}

static bool is_over_committed(const model_t *model, const model_position_t *position)
{
    return uncommitted(model, position) < 0 &&
           model_reserved_at(model, position->sku, position->node) +
                   model_allocated_at(model, position->sku, position->node) >
               0;
}

void model_look_mended(model_t *model, uint32_t position)
{
    if (model->positions[position].was_told && !is_over_committed(model, &model->positions[position])) {
        model->positions[position].was_told = false;
    }
}

/* Every reservation with units at the position, once, with the deadline of its first line that has some. */
static void note_hits(const model_t *model, const model_position_t *position, model_exception_t *exception)
{
    for (uint32_t i = 0; i < model->reservation_count; i++) {
        const model_reservation_t *reservation = &model->reservations[i];
        for (uint32_t j = 0; j < reservation->line_count; j++) {
            const model_line_t *line = &reservation->lines[j];
            if (line->sku == position->sku && line->node == position->node &&
                line->reserved + line->allocated > 0) {
                assert_true(exception->hit_count < MODEL_HITS_MAX);
                exception->hits[exception->hit_count++] =
                    (model_hit_t){reservation->id, reservation->version};
                break;
            }
        }
    }
}

void model_raise_if_over_committed(model_t *model, unsigned op_kind, uint32_t number)
{
    model_position_t *position = &model->positions[number];
    bool was_told = position->was_told;

    position->was_told = is_over_committed(model, position);
    if (position->was_told && !was_told) {
        model_exception_t *exception = model_raise(model, 1, op_kind, number, uncommitted(model, position));
        note_hits(model, position, exception);
    }
}

/* ---- stock ---- */

void model_stock(model_t *model, const model_request_t *request, model_answer_t *answer)
{
    bool is_on_hand = request->option == ATP_BUCKET_ON_HAND;
    model_resolved_t line;

    if (!model_resolve(model, request, 0, &line, answer) || !model_has_room(model, &line, 1, answer)) {
        return;
    }
    atp_qty_t now = 0;
    if (line.position != MODEL_NONE) {
        const model_position_t *position = &model->positions[line.position];
        now = is_on_hand ? position->on_hand : position->unavailable;
    }
    atp_qty_t after = request->kind == ATP_OP_COUNT  ? line.qty
                      : request->kind == ATP_OP_SALE ? now - line.qty
                                                     : now + line.qty;
    if (after > ATP_QTY_MAX || after < -ATP_QTY_MAX || (!is_on_hand && after < 0)) {
        model_refuse(answer, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, 0);
        return;
    }
    line.position = model_need_position(model, line.sku, line.node);
    *(is_on_hand ? &model->positions[line.position].on_hand : &model->positions[line.position].unavailable) =
        after;
    answer->result.qty = after - now;
    answer->result.scale = line.scale;
    answer->result.verdict = after == now ? ATP_CONFIRMED : ATP_APPLIED;
    if (after != now) {
        model_raise_if_over_committed(model, request->kind, line.position);
    }
}

void model_safety(model_t *model, const model_request_t *request, model_answer_t *answer)
{
    model_resolved_t line;

    if (!model_resolve(model, request, 0, &line, answer) || !model_has_room(model, &line, 1, answer)) {
        return;
    }
    model_position_t *position = &model->positions[model_need_position(model, line.sku, line.node)];
    answer->result.verdict = position->safety == line.qty ? ATP_CONFIRMED : ATP_APPLIED;
    answer->result.qty = line.qty;
    answer->result.scale = line.scale;
    position->safety = line.qty;
}
