/* Reservations in the model: reserve, extend, the steps, and expiry. */
#include "tests/model/model.h"

#include "tests/test.h"

/* What is said of a reservation that is not there: forgotten ones are archived if something of them has left. */
static atp_verdict_t unknown(const model_t *model, const model_id_t *id)
{
    for (uint32_t i = 0; i < model->archived_count; i++) {
        if (model_id_equal(&model->archived[i], id)) {
            return ATP_ARCHIVED;
        }
    }
    return ATP_UNKNOWN_RESERVATION;
}

/* ---- sums ---- */

atp_qty_t model_reserved_at(const model_t *model, uint32_t sku, uint32_t node)
{
    atp_qty_t sum = 0;

    for (uint32_t i = 0; i < model->reservation_count; i++) {
        const model_reservation_t *reservation = &model->reservations[i];
        for (uint32_t j = 0; j < reservation->line_count; j++) {
            const model_line_t *line = &reservation->lines[j];
            sum += line->sku == sku && line->node == node ? line->reserved : 0;
        }
    }
    return sum;
}

atp_qty_t model_allocated_at(const model_t *model, uint32_t sku, uint32_t node)
{
    atp_qty_t sum = 0;

    for (uint32_t i = 0; i < model->reservation_count; i++) {
        const model_reservation_t *reservation = &model->reservations[i];
        for (uint32_t j = 0; j < reservation->line_count; j++) {
            const model_line_t *line = &reservation->lines[j];
            sum += line->sku == sku && line->node == node ? line->allocated : 0;
        }
    }
    return sum;
}

bool model_is_live(const model_reservation_t *reservation)
{
    for (uint32_t i = 0; i < reservation->line_count; i++) {
        if (reservation->lines[i].reserved > 0 || reservation->lines[i].allocated > 0) {
            return true;
        }
    }
    return false;
}

/* ---- expiry ---- */

void model_expire(model_t *model)
{
    for (uint32_t i = 0; i < model->reservation_count; i++) {
        model_reservation_t *reservation = &model->reservations[i];
        if (reservation->deadline_ms > model->now_ms) {
            continue;
        }
        for (uint32_t j = 0; j < reservation->line_count; j++) {
            model_line_t *line = &reservation->lines[j];
            if (line->reserved > 0) {
                line->reserved = 0;
                line->ended_as = MODEL_EXPIRED;
                model_look_mended(model, model_find_position(model, line->sku, line->node));
            }
        }
    }
}

/* ---- lines of a request ---- */

bool model_resolve(const model_t *model, const model_request_t *request, uint32_t line,
                   model_resolved_t *ret_resolved, model_answer_t *answer)
{
    const model_request_line_t *asked = &request->lines[line];

    ret_resolved->sku = model_find_sku(model, &asked->sku);
    ret_resolved->node = model_find_node(model, &asked->node);
    if (ret_resolved->sku == MODEL_NONE) {
        model_refuse(answer, ATP_UNKNOWN_SKU, ATP_FIELD_SKU, line);
        return false;
    }
    if (ret_resolved->node == MODEL_NONE) {
        model_refuse(answer, ATP_UNKNOWN_NODE, ATP_FIELD_NODE, line);
        return false;
    }
    ret_resolved->scale = model->skus[ret_resolved->sku].scale;
    ret_resolved->position = model_find_position(model, ret_resolved->sku, ret_resolved->node);
    return model_rescale(asked->mantissa, asked->decimals, ret_resolved->scale, line, &ret_resolved->qty,
                         answer);
}

bool model_has_room(const model_t *model, const model_resolved_t *lines, uint32_t count,
                    model_answer_t *answer)
{
    uint64_t missing = 0;

    for (uint32_t i = 0; i < count; i++) {
        missing += lines[i].position == MODEL_NONE;
        if (model->position_count + missing > model->config.positions) {
            model_refuse(answer, ATP_POSITIONS_FULL, ATP_FIELD_SKU, i);
            return false;
        }
    }
    return true;
}

uint32_t model_need_position(model_t *model, uint32_t sku, uint32_t node)
{
    uint32_t position = model_find_position(model, sku, node);

    if (position == MODEL_NONE) {
        position = model->position_count++;
        model->positions[position] = (model_position_t){.sku = sku, .node = node};
    }
    return position;
}

/* Sums and their scale, where all lines have the same one. */
static void sum_up(model_answer_t *answer, const model_resolved_t *lines, const atp_qty_t *qtys,
                   uint32_t count)
{
    bool is_one_scale = true;
    atp_qty_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        is_one_scale = is_one_scale && lines[i].scale == lines[0].scale;
        sum += qtys[i];
    }
    answer->result.qty = is_one_scale ? sum : 0;
    answer->result.scale = is_one_scale ? lines[0].scale : 0;
}

/* ---- reserve ---- */

static atp_qty_t promisable(const model_t *model, const model_resolved_t *line)
{
    if (line->position == MODEL_NONE) {
        return 0;
    }
    const model_position_t *position = &model->positions[line->position];
    return position->on_hand - position->unavailable - position->safety -
           model_reserved_at(model, line->sku, line->node) - model_allocated_at(model, line->sku, line->node);
}

/* What is reserved at the place of line `i`, if it is granted with those before it. */
static atp_qty_t reserved_with(const model_t *model, const model_resolved_t *lines, const atp_qty_t *granted,
                               uint32_t i)
{
    atp_qty_t sum =
        lines[i].position == MODEL_NONE ? 0 : model_reserved_at(model, lines[i].sku, lines[i].node);

    for (uint32_t j = 0; j <= i && lines[i].position != MODEL_NONE; j++) {
        sum += lines[j].sku == lines[i].sku && lines[j].node == lines[i].node ? granted[j] : 0;
    }
    return sum;
}

/* Decides all lines; false with the answer if nothing is granted. */
static bool decide(model_t *model, const model_request_t *request, model_resolved_t *lines,
                   atp_qty_t *granted, model_answer_t *answer)
{
    bool has_any = false;

    for (uint32_t i = 0; i < request->line_count; i++) {
        if (!model_resolve(model, request, i, &lines[i], answer)) {
            return false;
        }
        if (request->option == ATP_RESERVE_TRACK_ONLY) {
            granted[i] = lines[i].qty; /* sold already */
            if (reserved_with(model, lines, granted, i) > ATP_QTY_MAX) {
                model_refuse(answer, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
                return false;
            }
            has_any = true;
            continue;
        }
        if (model->nodes[lines[i].node].state != ATP_NODE_OPEN) {
            model_refuse(answer, ATP_NODE_NOT_OPEN, ATP_FIELD_NODE, i);
            return false;
        }
        atp_qty_t left = promisable(model, &lines[i]);
        for (uint32_t j = 0; j < i; j++) {
            left -= lines[j].sku == lines[i].sku && lines[j].node == lines[i].node ? granted[j] : 0;
        }
        granted[i] = lines[i].qty <= left ? lines[i].qty : left > 0 ? left : 0;
        if (granted[i] < lines[i].qty && request->option == ATP_RESERVE_ALL_OR_NOTHING) {
            model_refuse(answer, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, i);
            return false;
        }
        has_any = has_any || granted[i] > 0;
    }
    if (!has_any) {
        model_refuse(answer, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, 0);
    }
    return has_any;
}

static bool decide_ttl(const model_t *model, const model_request_t *request, uint32_t *ret_channel,
                       int64_t *ret_ttl_ms, model_answer_t *answer)
{
    uint32_t channel = request->channel.size > 0 ? model_find_channel(model, &request->channel) : 0;

    if (channel == MODEL_NONE) {
        model_refuse(answer, ATP_UNKNOWN_CHANNEL, ATP_FIELD_CHANNEL, 0);
        return false;
    }
    *ret_channel = channel;
    *ret_ttl_ms = request->ttl_ms                       ? request->ttl_ms
                  : model->channels[channel].ttl_ms > 0 ? model->channels[channel].ttl_ms
                                                        : model->config.ttl_default_ms;
    if (*ret_ttl_ms > model->config.ttl_max_ms) {
        model_refuse(answer, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
        return false;
    }
    return true;
}

void model_reserve(model_t *model, const model_request_t *request, uint32_t client, model_answer_t *answer)
{
    model_resolved_t lines[MODEL_LINES_MAX];
    atp_qty_t granted[MODEL_LINES_MAX];
    uint32_t channel;
    int64_t ttl_ms;

    (void)client;
    if (model_find_reservation(model, &request->id) != MODEL_NONE) {
        model_refuse(answer, ATP_CONFLICT, ATP_FIELD_ID, 0);
        return;
    }
    if (request->line_count > model->config.lines_per_reservation) {
        model_refuse(answer, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
        return;
    }
    if (!decide_ttl(model, request, &channel, &ttl_ms, answer) ||
        !decide(model, request, lines, granted, answer) ||
        !model_has_room(model, lines, request->line_count, answer)) {
        return;
    }
    if (model->told_full != ATP_APPLIED) {
        model_refuse(answer, model->told_full, ATP_FIELD_NONE, 0);
        return;
    }
    model_reservation_t reservation = {.id = request->id,
                                       .owner = request->owner,
                                       .channel = channel,
                                       .created_ms = model->now_ms,
                                       .deadline_ms = model->now_ms + ttl_ms,
                                       .version = model->op,
                                       .line_count = request->line_count};
    bool is_whole = true;
    for (uint32_t i = 0; i < request->line_count; i++) {
        model_need_position(model, lines[i].sku, lines[i].node); /* a line that got nothing names one too */
        reservation.lines[i] = (model_line_t){
            .sku = lines[i].sku, .node = lines[i].node, .granted = granted[i], .reserved = granted[i]};
        is_whole = is_whole && granted[i] == lines[i].qty;
        if (request->line_count > 1) {
            answer->grants[i] = (atp_grant_t){.qty = granted[i], .scale = lines[i].scale};
        }
    }
    model->reservations[model->reservation_count++] = reservation;
    for (uint32_t i = 0; request->option == ATP_RESERVE_TRACK_ONLY && i < request->line_count; i++) {
        model_raise_if_over_committed(model, ATP_OP_RESERVE,
                                      model_find_position(model, lines[i].sku, lines[i].node));
    }
    sum_up(answer, lines, granted, request->line_count);
    answer->result.line_count = request->line_count > 1 ? (uint16_t)request->line_count : 0;
    answer->result.deadline_ms = reservation.deadline_ms;
    answer->result.verdict = is_whole ? ATP_APPLIED : ATP_APPLIED_IN_PART;
}

/* ---- steps ---- */

/* The units a step takes. */
static atp_qty_t *units_of(model_line_t *line, atp_op_kind_t kind)
{
    return kind == ATP_OP_CANCEL || kind == ATP_OP_SHIP ? &line->allocated : &line->reserved;
}

static void move(model_t *model, model_line_t *line, atp_op_kind_t kind, atp_qty_t qty, bool of_reserved)
{
    uint32_t position = model_find_position(model, line->sku, line->node);
    atp_qty_t *units = of_reserved ? &line->reserved : units_of(line, kind);

    assert_true(qty > 0 && *units >= qty);
    *units -= qty;
    switch (kind) {
    case ATP_OP_ALLOCATE:
        line->allocated += qty;
        break;
    case ATP_OP_RELEASE:
        line->ended_as = MODEL_RELEASED;
        break;
    case ATP_OP_CANCEL:
        line->ended_as = MODEL_CANCELLED;
        break;
    default:
        line->shipped += qty;
        model->positions[position].on_hand -= qty;
        break;
    }
    model_look_mended(model, position);
}

/* Why a step does not go: what became of the units instead. NOTHING_THERE: nothing ever was. */
static atp_verdict_t refusal(const model_line_t *line)
{
    static const atp_verdict_t ends[] = {[MODEL_NOT_ENDED] = ATP_NOT_THAT_MANY,
                                         [MODEL_RELEASED] = ATP_ALREADY_RELEASED,
                                         [MODEL_EXPIRED] = ATP_ALREADY_EXPIRED,
                                         [MODEL_CANCELLED] = ATP_ALREADY_CANCELLED};

    if (line->reserved > 0) {
        return ATP_NOT_ALLOCATED;
    }
    if (line->allocated > 0) {
        return ATP_ALREADY_ALLOCATED;
    }
    return line->shipped > 0 ? ATP_ALREADY_SHIPPED : ends[line->ended_as];
}

/* The line for `qty` units at a place: one that has as many left, else one that has some, else any; in the order of
 * the reservation's lines from `from` on. */
static uint32_t pick(model_reservation_t *reservation, atp_op_kind_t kind, const model_resolved_t *asked,
                     uint32_t from, const atp_qty_t *taken)
{
    uint32_t some = MODEL_NONE;
    uint32_t any = MODEL_NONE;

    for (uint32_t i = 0; i < reservation->line_count; i++) {
        uint32_t at = (from + i) % reservation->line_count;
        model_line_t *line = &reservation->lines[at];
        if (line->sku != asked->sku || line->node != asked->node) {
            continue;
        }
        atp_qty_t left = *units_of(line, kind) - taken[at];
        if (left >= asked->qty) {
            return at;
        }
        some = some == MODEL_NONE && left > 0 ? at : some;
        any = any == MODEL_NONE ? at : any;
    }
    return some != MODEL_NONE ? some : any;
}

typedef struct chosen {
    uint32_t count;
    uint32_t lines[MODEL_LINES_MAX]; /* of the reservation */
    model_resolved_t resolved[MODEL_LINES_MAX];
    atp_qty_t qtys[MODEL_LINES_MAX];
} chosen_t;

static bool choose_named(model_t *model, const model_request_t *request, model_reservation_t *reservation,
                         chosen_t *chosen, model_answer_t *answer)
{
    atp_qty_t taken[MODEL_LINES_MAX] = {0};
    uint32_t from = 0;

    for (uint32_t i = 0; i < request->line_count; i++) {
        model_resolved_t *asked = &chosen->resolved[i];
        if (!model_resolve(model, request, i, asked, answer)) {
            return false;
        }
        uint32_t at = pick(reservation, request->kind, asked, from, taken);
        if (at == MODEL_NONE) {
            model_refuse(answer, ATP_UNKNOWN_LINE, ATP_FIELD_LINES, i);
            return false;
        }
        atp_qty_t units = *units_of(&reservation->lines[at], request->kind);
        if (units == 0) {
            model_refuse(answer, refusal(&reservation->lines[at]), ATP_FIELD_LINES, i);
            return false;
        }
        if (asked->qty > units - taken[at]) {
            model_refuse(answer, ATP_NOT_THAT_MANY, ATP_FIELD_QTY, i);
            return false;
        }
        taken[at] += asked->qty;
        chosen->lines[i] = at;
        chosen->qtys[i] = asked->qty;
        from = at + 1;
    }
    chosen->count = request->line_count;
    return true;
}

/* All lines that have units for the step; `of_reserved`: the reserved ones, whatever the step. */
static bool choose_all(model_t *model, atp_op_kind_t kind, bool of_reserved, model_reservation_t *reservation,
                       chosen_t *chosen, model_answer_t *answer)
{
    atp_verdict_t verdict = ATP_NOT_THAT_MANY;

    chosen->count = 0;
    for (uint32_t i = 0; i < reservation->line_count; i++) {
        model_line_t *line = &reservation->lines[i];
        atp_qty_t units = of_reserved ? line->reserved : *units_of(line, kind);
        if (units > 0) {
            chosen->lines[chosen->count] = i;
            chosen->resolved[chosen->count] =
                (model_resolved_t){.sku = line->sku,
                                   .node = line->node,
                                   .position = model_find_position(model, line->sku, line->node),
                                   .scale = model->skus[line->sku].scale};
            chosen->qtys[chosen->count++] = units;
        } else if (verdict == ATP_NOT_THAT_MANY) {
            verdict = refusal(line);
        }
    }
    if (chosen->count == 0) {
        model_refuse(answer, verdict, ATP_FIELD_RESERVATION, 0);
    }
    return chosen->count > 0;
}

/* Whether on-hand stays in range everywhere when all of it has left. */
static bool can_leave(const model_t *model, const chosen_t *chosen, model_answer_t *answer)
{
    for (uint32_t i = 0; i < chosen->count; i++) {
        atp_qty_t left = model->positions[chosen->resolved[i].position].on_hand;
        for (uint32_t j = 0; j < chosen->count; j++) {
            left -= chosen->resolved[j].position == chosen->resolved[i].position ? chosen->qtys[j] : 0;
        }
        if (left < -ATP_QTY_MAX) {
            model_refuse(answer, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
            return false;
        }
    }
    return true;
}

static void note_end(const model_t *model, bool was_live, model_reservation_t *reservation)
{
    if (was_live && !model_is_live(reservation)) {
        reservation->ended_op = model->op;
    }
}

void model_step(model_t *model, const model_request_t *request, model_answer_t *answer)
{
    uint32_t number = model_find_reservation(model, &request->reservation);
    chosen_t chosen;

    if (number == MODEL_NONE) {
        model_refuse(answer, unknown(model, &request->reservation), ATP_FIELD_RESERVATION, 0);
        return;
    }
    model_reservation_t *reservation = &model->reservations[number];
    bool is_chosen = request->line_count > 0
                         ? choose_named(model, request, reservation, &chosen, answer)
                         : choose_all(model, request->kind, false, reservation, &chosen, answer);
    if (!is_chosen || (request->kind == ATP_OP_SHIP && !can_leave(model, &chosen, answer))) {
        return;
    }
    bool was_live = model_is_live(reservation);
    for (uint32_t i = 0; i < chosen.count; i++) {
        move(model, &reservation->lines[chosen.lines[i]], request->kind, chosen.qtys[i], false);
    }
    for (uint32_t i = 0; request->kind == ATP_OP_ALLOCATE && i < chosen.count; i++) {
        model_line_t *line = &reservation->lines[chosen.lines[i]];
        if (line->reserved > 0) { /* allocated in part: the rest is free at once */
            move(model, line, ATP_OP_RELEASE, line->reserved, true);
        }
    }
    note_end(model, was_live, reservation);
    sum_up(answer, chosen.resolved, chosen.qtys, chosen.count);
}

void model_extend(model_t *model, const model_request_t *request, model_answer_t *answer)
{
    uint32_t number = model_find_reservation(model, &request->reservation);
    chosen_t chosen;

    if (request->ttl_ms > model->config.ttl_max_ms) {
        model_refuse(answer, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
        return;
    }
    if (number == MODEL_NONE) {
        model_refuse(answer, unknown(model, &request->reservation), ATP_FIELD_RESERVATION, 0);
        return;
    }
    model_reservation_t *reservation = &model->reservations[number];
    if (!choose_all(model, ATP_OP_RELEASE, true, reservation, &chosen, answer)) {
        return;
    }
    int64_t channel_ttl_ms = model->channels[reservation->channel].ttl_ms;
    int64_t ttl_ms = request->ttl_ms > 0  ? request->ttl_ms
                     : channel_ttl_ms > 0 ? channel_ttl_ms
                                          : model->config.ttl_default_ms;
    if (ttl_ms > model->config.ttl_max_ms) {
        model_refuse(answer, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
        return;
    }
    reservation->deadline_ms = model->now_ms + ttl_ms;
    answer->result.deadline_ms = reservation->deadline_ms;
}

/* ---- the shipment told as a fact ---- */

static atp_qty_t ship_from(model_t *model, model_reservation_t *reservation, const model_resolved_t *shipped,
                           atp_qty_t qty)
{
    for (int of_reserved = 0; of_reserved < 2; of_reserved++) {
        for (uint32_t i = 0; i < reservation->line_count && qty > 0; i++) {
            model_line_t *line = &reservation->lines[i];
            atp_qty_t units = of_reserved ? line->reserved : line->allocated;
            atp_qty_t moved = qty < units ? qty : units;
            if (line->sku == shipped->sku && line->node == shipped->node && moved > 0) {
                move(model, line, ATP_OP_SHIP, moved, of_reserved != 0);
                qty -= moved;
            }
        }
    }
    return qty;
}

/* Resolves what has left, line by line. */
static bool prepare(model_t *model, const model_request_t *request, chosen_t *chosen, model_answer_t *answer)
{
    for (uint32_t i = 0; i < request->line_count; i++) {
        if (!model_resolve(model, request, i, &chosen->resolved[i], answer)) {
            return false;
        }
        chosen->qtys[i] = chosen->resolved[i].qty;
    }
    chosen->count = request->line_count;
    if (!model_has_room(model, chosen->resolved, chosen->count, answer)) {
        return false;
    }
    for (uint32_t i = 0; i < chosen->count; i++) {
        model_resolved_t *line = &chosen->resolved[i];
        atp_qty_t sum = 0;
        line->position = model_need_position(model, line->sku, line->node);
        for (uint32_t j = 0; j <= i; j++) {
            sum += chosen->resolved[j].position == line->position ? chosen->qtys[j] : 0;
        }
        if (sum > ATP_QTY_MAX || model->positions[line->position].on_hand - sum < -ATP_QTY_MAX) {
            model_refuse(answer, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
            return false;
        }
    }
    return true;
}

/* All that is allocated; if nothing is, all that is reserved; if all had left, it is confirmed. */
static bool choose_shipped(model_t *model, model_reservation_t *reservation, chosen_t *chosen,
                           model_answer_t *answer)
{
    if (!choose_all(model, ATP_OP_SHIP, false, reservation, chosen, answer) &&
        !choose_all(model, ATP_OP_SHIP, true, reservation, chosen, answer)) {
        if (answer->result.verdict == ATP_ALREADY_SHIPPED) {
            model_refuse(answer, ATP_CONFIRMED, ATP_FIELD_NONE, 0);
        }
        return false;
    }
    model_refuse(answer, ATP_APPLIED, ATP_FIELD_NONE, 0);
    return can_leave(model, chosen, answer);
}

void model_ship_fact(model_t *model, const model_request_t *request, model_answer_t *answer)
{
    uint32_t number =
        request->reservation.size > 0 ? model_find_reservation(model, &request->reservation) : MODEL_NONE;
    model_reservation_t *reservation = number == MODEL_NONE ? NULL : &model->reservations[number];
    chosen_t chosen;

    if (request->line_count == 0 && reservation == NULL) {
        model_refuse(answer, unknown(model, &request->reservation), ATP_FIELD_RESERVATION, 0);
        return;
    }
    if (!(request->line_count > 0 ? prepare(model, request, &chosen, answer)
                                  : choose_shipped(model, reservation, &chosen, answer))) {
        return;
    }
    bool was_live = reservation != NULL && model_is_live(reservation);
    for (uint32_t i = 0; i < chosen.count; i++) {
        uint32_t position = chosen.resolved[i].position;
        atp_qty_t excess = reservation == NULL
                               ? chosen.qtys[i]
                               : ship_from(model, reservation, &chosen.resolved[i], chosen.qtys[i]);
        if (excess > 0) {
            model->positions[position].on_hand -= excess;
            model_raise(model, 2, ATP_OP_SHIP, position, excess);
            model_raise_if_over_committed(model, ATP_OP_SHIP, position);
        }
    }
    if (reservation != NULL) {
        note_end(model, was_live, reservation);
    }
    sum_up(answer, chosen.resolved, chosen.qtys, chosen.count);
}
