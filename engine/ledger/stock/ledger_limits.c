/* What limits say of a line: the quantities it may have; and what is counted when it is not met. */
#include "engine/ledger/capacity/ledger_capacity.h"

#include "engine/base/attribute.h"

/* ---- quantities of a line ---- */

static atp_bounds_t bounds_of(const apply_t *apply, const resolved_line_t *line)
{
    const atp_limits_t *limits = &apply->ledger->positions.limits;
    atp_channel_record_t *channel = atp_table_at(&apply->ledger->catalog.channels, apply->channel);
    atp_bounds_t bounds = ATP_BOUNDS_NONE;

    if (atp_positions_sku_has(&apply->ledger->positions, line->sku, ATP_SKU_HAS_QUANTITIES)) {
        atp_bounds_narrow(&bounds, limits, ATP_LIMIT_SKU_QUANTITIES, line->sku, 0, line->scale);
    }
    if (channel->has_quantities) {
        atp_bounds_narrow(&bounds, limits, ATP_LIMIT_CHANNEL_QUANTITIES, 0, apply->channel, line->scale);
    }
    if (atp_load_relaxed(&channel->is_accounted) != 0) {
        atp_channel_narrow(apply->ledger, apply->channel, line->sku, line->scale, &bounds);
    }
    return bounds;
}

atp_verdict_t atp_ledger_look_at_quantity(apply_t *apply, const resolved_line_t *line,
                                          atp_bounds_t *ret_bounds)
{
    const atp_op_attribute_t *multiple = atp_op_attribute(apply->op, ATP_KEY_MULTIPLE, line->asked);

    *ret_bounds = bounds_of(apply, line);
    if (line->qty > 0 && line->qty < ret_bounds->least) {
        return atp_ledger_refuse(apply, ATP_BELOW_MINIMUM, ATP_FIELD_QTY, line->asked);
    }
    if (line->qty > ret_bounds->most) {
        return atp_ledger_refuse(apply, ATP_ABOVE_MAXIMUM, ATP_FIELD_QTY, line->asked);
    }
    if (line->qty % ret_bounds->step != 0) {
        return atp_ledger_refuse(apply, ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY, line->asked);
    }
    multiple = multiple != NULL ? multiple : atp_op_attribute(apply->op, ATP_KEY_MULTIPLE, ATP_WHOLE_OP);
    if (multiple != NULL) {
        atp_told_qty_t step = {multiple->number, multiple->detail};
        atp_bounds_step(ret_bounds, step, line->scale);
    }
    if (apply->op->option != ATP_RESERVE_PARTIAL && line->qty % ret_bounds->step != 0) {
        return atp_ledger_refuse(apply, ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY, line->asked);
    }
    return ATP_APPLIED;
}

/* What the plan's lines from `first` on give, kits as such. */
static atp_qty_t granted_from(const atp_ledger_t *ledger, uint32_t first, bool *ret_has_kit)
{
    atp_qty_t granted = 0;

    *ret_has_kit = false;
    for (uint32_t i = first; i < ledger->plan_count; i++) {
        *ret_has_kit = *ret_has_kit || ledger->lines[i].is_component;
        granted += ledger->lines[i].is_component ? 0 : atp_ledger_granted(&ledger->lines[i]);
    }
    return granted;
}

void atp_ledger_round_plan(apply_t *apply, uint32_t first, const atp_bounds_t *bounds)
{
    atp_ledger_t *ledger = apply->ledger;
    bool has_kit;
    atp_qty_t granted = granted_from(ledger, first, &has_kit);
    atp_qty_t whole = granted - granted % bounds->step;
    atp_qty_t back = granted - (whole < bounds->least ? 0 : whole);

    if (back > 0) {
        atp_ledger_recount_capacity(ledger);
    }
    back = has_kit && back > 0 ? ATP_QTY_MAX : back; /* kits are not cut up: all or none */
    for (uint32_t i = ledger->plan_count; i > first && back > 0; i--) {
        resolved_line_t *line = &ledger->lines[i - 1];
        atp_qty_t taken = back < line->granted ? back : line->granted;
        line->granted -= taken;
        line->kits = has_kit ? 0 : line->kits;
        back -= taken;
        if (line->row != NO_ROW) {
            atp_ledger_taken(apply, line->row)->qty -= taken;
        }
    }
}

static atp_told_qty_t told(const apply_t *apply, unsigned key, atp_told_qty_t now)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, key, ATP_WHOLE_OP);

    if (attribute == NULL) {
        return now;
    }
    atp_told_qty_t qty = {attribute->number, attribute->detail};
    return qty.mantissa > 0 ? qty : (atp_told_qty_t){0, 0};
}

/* What the record will say once the op's attributes are noted. False: the op tells none. */
static bool told_quantities(const apply_t *apply, atp_limit_scope_t scope, uint32_t sku, uint16_t channel,
                            atp_told_bounds_t *ret_told)
{
    const atp_limits_t *limits = &apply->ledger->positions.limits;
    atp_told_bounds_t now = {.minimum = {0, 0}};
    uint32_t number;

    if (atp_op_attribute(apply->op, ATP_KEY_MINIMUM, ATP_WHOLE_OP) == NULL &&
        atp_op_attribute(apply->op, ATP_KEY_MAXIMUM, ATP_WHOLE_OP) == NULL &&
        atp_op_attribute(apply->op, ATP_KEY_INCREMENT, ATP_WHOLE_OP) == NULL) {
        return false;
    }
    if (atp_limits_find(limits, scope, sku, channel, &number)) {
        now = atp_limits_at(limits, number)->quantities;
    }
    ret_told->minimum = told(apply, ATP_KEY_MINIMUM, now.minimum);
    ret_told->maximum = told(apply, ATP_KEY_MAXIMUM, now.maximum);
    ret_told->increment = told(apply, ATP_KEY_INCREMENT, now.increment);
    return true;
}

atp_verdict_t atp_ledger_look_at_quantities(apply_t *apply, atp_limit_scope_t scope, uint32_t sku,
                                            uint16_t channel)
{
    const atp_limits_t *limits = &apply->ledger->positions.limits;
    atp_told_bounds_t wanted;
    uint32_t number;

    if (!told_quantities(apply, scope, sku, channel, &wanted)) {
        return ATP_APPLIED;
    }
    if (!atp_told_bounds_allow_any(&wanted)) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_KEY_MINIMUM, 0);
    }
    if (!atp_limits_find(limits, scope, sku, channel, &number) && !atp_table_has_room(&limits->records, 1)) {
        return atp_ledger_refuse_key(apply, ATP_LIMITS_FULL, ATP_KEY_MINIMUM, 0);
    }
    return ATP_APPLIED;
}

bool atp_ledger_put_quantities(apply_t *apply, atp_limit_scope_t scope, uint32_t sku, uint16_t channel)
{
    atp_limits_t *limits = &apply->ledger->positions.limits;
    atp_told_bounds_t wanted;

    if (!told_quantities(apply, scope, sku, channel, &wanted)) {
        return false;
    }
    atp_limit_t *record = atp_table_change(&limits->records, atp_limits_need(limits, scope, sku, channel));
    record->quantities = wanted;
    return true;
}

void atp_ledger_rebuild_limits(atp_ledger_t *ledger)
{
    const atp_limits_t *limits = &ledger->positions.limits;
    uint64_t count = atp_table_count(&limits->records);

    atp_limits_rebuild(&ledger->positions.limits);
    for (uint32_t i = 0; i < count; i++) {
        const atp_limit_t *record = atp_limits_at(limits, i);
        if (record->scope == ATP_LIMIT_POSITION) {
            atp_positions_set_sku(&ledger->positions, record->sku, ATP_SKU_HAS_BACKORDERS);
        }
        if (record->scope == ATP_LIMIT_SKU_QUANTITIES) {
            atp_positions_set_sku(&ledger->positions, record->sku, ATP_SKU_HAS_QUANTITIES);
        }
    }
}

/* ---- demand that was not met ---- */

/* What the plan gives to line `i` of the op; *at moves on through the plan. */
static atp_qty_t granted_to(const atp_ledger_t *ledger, uint32_t i, uint32_t *at)
{
    atp_qty_t granted = 0;

    for (; *at < ledger->plan_count && ledger->lines[*at].asked <= i; ++*at) {
        const resolved_line_t *line = &ledger->lines[*at];
        granted += line->asked == i && !line->is_component ? atp_ledger_granted(line) : 0;
    }
    return granted;
}

/* True if somebody wanted what there is, and could not be promised it: granted in part, or refused for want of stock, of capacity,
 * of time, or because who has it does not sell it now. Faulty requests and full tables are no demand. */
static bool is_demand(atp_verdict_t verdict)
{
    return verdict == ATP_APPLIED || verdict == ATP_NOT_ENOUGH_AVAILABLE || verdict == ATP_NODE_AT_CAPACITY ||
           verdict == ATP_NOT_READY_IN_TIME || verdict == ATP_SPLIT_NOT_ALLOWED ||
           verdict == ATP_NODE_NOT_OPEN || verdict == ATP_NOT_FOR_SALE || verdict == ATP_ABOVE_CAP;
}

void atp_ledger_count_unmet(apply_t *apply, atp_verdict_t verdict)
{
    line_names_t names = atp_ledger_line_names(apply->op);
    bool is_refused = !atp_verdict_is_success(verdict);
    bool is_one = is_refused && apply->op->option != ATP_RESERVE_PARTIAL;
    const atp_result_t told = *apply->result; /* what a line further on names is not what was at fault */
    uint32_t fault = told.line;
    uint32_t at = 0;

    if (!is_demand(verdict)) {
        return;
    }
    for (uint32_t i = 0; i < apply->op->line_count && (!is_one || i <= fault); i++) {
        resolved_line_t line;
        if (atp_ledger_resolve_line(apply, &names, i, &line) != ATP_APPLIED) {
            break; /* it is told of by its own verdict */
        }
        atp_qty_t granted = is_refused ? 0 : granted_to(apply->ledger, i, &at);
        if ((is_one && i != fault) || granted >= line.qty) {
            continue;
        }
        atp_unmet_t unmet = {.sku = line.sku,
                             .node = line.node == NO_NODE ? ATP_DEMAND_ANY_NODE : line.node,
                             .channel = apply->channel,
                             .qty = line.qty - granted,
                             .now_ms = apply->now_ms,
                             .is_refused = is_refused};
        atp_demand_count(&apply->ledger->demand, &unmet);
    }
    *apply->result = told;
}
