#include "engine/ledger/stock/limits.h"

#include "engine/base/hash.h"
#include "engine/base/power_of_ten.h"

static uint64_t hash_of(const atp_limits_t *limits, unsigned scope, uint32_t sku, uint16_t place)
{
    uint64_t key = (uint64_t)sku << 24 | (uint64_t)place << 8 | scope;
    return atp_hash_bytes(&key, sizeof key, *limits->seed);
}

bool atp_limits_find(const atp_limits_t *limits, atp_limit_scope_t scope, uint32_t sku, uint16_t place,
                     uint32_t *ret_record)
{
    uint64_t hash = hash_of(limits, scope, sku, place);

    for (;;) {
        uint64_t version = atp_index_version(&limits->index);
        atp_index_probe_t probe = atp_index_probe(&limits->index, hash);
        uint32_t number;
        while (atp_index_next(&probe, &number)) {
            const atp_limit_t *record = atp_limits_at(limits, number);
            if (record->sku == sku && record->place == place && record->scope == scope) {
                *ret_record = number;
                return true;
            }
        }
        if (atp_index_version_holds(&limits->index, version)) {
            return false;
        }
    }
}

uint32_t atp_limits_need(atp_limits_t *limits, atp_limit_scope_t scope, uint32_t sku, uint16_t place)
{
    uint32_t number;

    if (atp_limits_find(limits, scope, sku, place, &number)) {
        return number;
    }
    number = (uint32_t)atp_table_append(&limits->records, 1);
    atp_limit_t *record = atp_table_change(&limits->records, number);
    record->sku = sku;
    record->place = place;
    record->scope = (uint8_t)scope;
    if (scope == ATP_LIMIT_CHANNEL || scope == ATP_LIMIT_SKU) {
        atp_store_relaxed(&record->limit, ATP_UNLIMITED);
    }
    atp_index_insert(&limits->index, hash_of(limits, scope, sku, place),
                     number); /* written before it is found */
    return number;
}

static atp_qty_t left_of(const atp_limits_t *limits, atp_limit_scope_t scope, uint32_t sku, uint16_t place)
{
    uint32_t number;

    if (!atp_limits_find(limits, scope, sku, place, &number)) {
        return ATP_UNLIMITED;
    }
    atp_limit_t *record = atp_limits_at(limits, number);
    /* Relaxed: whoever needs both caps as of one op looks at the stamp. */
    atp_qty_t limit = atp_load_relaxed(&record->limit);
    atp_qty_t left = limit - atp_load_relaxed(&record->backordered);
    return limit == ATP_UNLIMITED ? ATP_UNLIMITED : left > 0 ? left : 0;
}

atp_qty_t atp_limits_cap_left(const atp_limits_t *limits, uint32_t sku, uint16_t channel)
{
    atp_qty_t in_channel = left_of(limits, ATP_LIMIT_CHANNEL, sku, channel);
    atp_qty_t in_all = left_of(limits, ATP_LIMIT_SKU, sku, 0);

    return in_channel < in_all ? in_channel : in_all;
}

void atp_limits_rebuild(atp_limits_t *limits)
{
    uint64_t count = atp_table_count(&limits->records);

    for (uint32_t i = 0; i < count; i++) {
        const atp_limit_t *record = atp_limits_at(limits, i);
        atp_index_insert(&limits->index, hash_of(limits, record->scope, record->sku, record->place), i);
    }
}

/* ---- quantities of a line ---- */

static int64_t greatest_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The least common multiple, ATP_QTY_MAX + 1 (a step that nothing within range is a multiple of) when it is beyond. */
static int64_t common_multiple(int64_t a, int64_t b)
{
    int64_t factor = b / greatest_divisor(a, b);

    return a > ATP_QTY_MAX / factor ? ATP_QTY_MAX + 1 : a * factor;
}

/* A told quantity in whole units of `scale`: rounded up or down where it is finer than that. */
static atp_qty_t in_scale(atp_told_qty_t told, uint8_t scale, bool is_up)
{
    if (told.decimals > scale) {
        int64_t unit = atp_power_of_ten((unsigned)(told.decimals - scale));
        return told.mantissa / unit + (is_up && told.mantissa % unit != 0);
    }
    int64_t factor = atp_power_of_ten((unsigned)(scale - told.decimals));
    return told.mantissa > ATP_QTY_MAX / factor ? ATP_QTY_MAX : told.mantissa * factor;
}

void atp_bounds_step(atp_bounds_t *bounds, atp_told_qty_t step, uint8_t scale)
{
    int64_t units;

    if (step.mantissa == 0) {
        return;
    }
    if (step.decimals > scale) { /* the least multiple of it that is whole units: 0.3 in units of 1 is 3 */
        int64_t unit = atp_power_of_ten((unsigned)(step.decimals - scale));
        units = step.mantissa / greatest_divisor(step.mantissa, unit);
    } else {
        units = in_scale(step, scale, false);
    }
    bounds->step = bounds->step > ATP_QTY_MAX ? bounds->step : common_multiple(bounds->step, units);
}

void atp_bounds_within(atp_bounds_t *bounds, const atp_told_bounds_t *told, uint8_t scale)
{
    atp_qty_t least = in_scale(told->minimum, scale, true);
    atp_qty_t most = in_scale(told->maximum, scale, false);

    bounds->least = least > bounds->least ? least : bounds->least;
    if (told->maximum.mantissa > 0 && most < bounds->most) {
        bounds->most = most;
    }
    atp_bounds_step(bounds, told->increment, scale);
}

bool atp_told_bounds_allow_any(const atp_told_bounds_t *told)
{
    atp_bounds_t bounds = ATP_BOUNDS_NONE;

    atp_bounds_within(&bounds, told, ATP_SCALE_MAX);
    atp_qty_t steps = bounds.least / bounds.step + (bounds.least % bounds.step != 0);
    return bounds.step <= bounds.most && (steps == 0 ? 1 : steps) <= bounds.most / bounds.step;
}

void atp_bounds_narrow(atp_bounds_t *bounds, const atp_limits_t *limits, atp_limit_scope_t scope,
                       uint32_t sku, uint16_t channel, uint8_t scale)
{
    uint32_t number;

    if (atp_limits_find(limits, scope, sku, channel, &number)) {
        atp_bounds_within(bounds, &atp_limits_at(limits, number)->quantities, scale);
    }
}
