#include "engine/ledger/channels/levels.h"

static const char *const level_names[ATP_LEVEL_LIMIT] = {
    [ATP_LEVEL_NONE] = "none", [ATP_LEVEL_OK] = "ok", [ATP_LEVEL_LOW] = "low", [ATP_LEVEL_OUT] = "out"};

const char *atp_level_name(unsigned level)
{
    return level < ATP_LEVEL_LIMIT ? level_names[level] : NULL;
}

atp_level_t atp_level_of(atp_level_t before, atp_qty_t available, atp_qty_t low, atp_qty_t low_clear)
{
    if (available <= 0) {
        return ATP_LEVEL_OUT;
    }
    if (available <= low) {
        return ATP_LEVEL_LOW;
    }
    bool was_low = before == ATP_LEVEL_LOW || before == ATP_LEVEL_OUT;
    return low > 0 && was_low && available < low_clear ? ATP_LEVEL_LOW : ATP_LEVEL_OK;
}

void atp_crossings_add(atp_crossings_t *crossings, const atp_crossing_t *crossing)
{
    uint64_t number = atp_load_relaxed(&crossings->heads->newest) + 1;
    uint64_t place = (number - 1) % crossings->records.capacity;

    if (number <= crossings->records.capacity) {
        atp_table_append(&crossings->records, 1);
    }
    atp_crossing_record_t *record = atp_table_change(&crossings->records, place);
    atp_store_relaxed(&record->number, (uint64_t)0);
    /* CROSS-W1 (release fence) pairs with CROSS-R2. Orders: number 0 before the fields. Without it a reader takes fields of the
     * new crossing under the number of the one that stood there. */
    atp_fence_release();
    atp_store_relaxed(&record->op, crossing->op);
    atp_store_relaxed(&record->time_ms, crossing->time_ms);
    atp_store_relaxed(&record->qty, crossing->qty);
    atp_store_relaxed(&record->sku, crossing->sku);
    atp_store_relaxed(&record->channel, crossing->channel);
    atp_store_relaxed(&record->from, (uint8_t)crossing->from);
    atp_store_relaxed(&record->to, (uint8_t)crossing->to);
    atp_store_relaxed(&record->scale, crossing->scale);
    /* CROSS-W2 (release) pairs with CROSS-R1. Orders: the fields before the number. Without it a reader takes the number with
     * fields of the crossing before. */
    atp_store_release(&record->number, number);
    atp_store_release(&crossings->heads->newest, number);
}

bool atp_crossings_read(const atp_crossings_t *crossings, uint64_t number, atp_crossing_t *ret_crossing)
{
    if (number == 0 || number > atp_crossings_newest(crossings)) {
        return false;
    }
    atp_crossing_record_t *record =
        atp_table_at(&crossings->records, (number - 1) % crossings->records.capacity);
    uint64_t before = atp_load_acquire(&record->number); /* CROSS-R1 */
    *ret_crossing = (atp_crossing_t){
        .number = number,
        .op = atp_load_relaxed(&record->op),
        .time_ms = atp_load_relaxed(&record->time_ms),
        .qty = atp_load_relaxed(&record->qty),
        .sku = atp_load_relaxed(&record->sku),
        .channel = atp_load_relaxed(&record->channel),
        .from = (atp_level_t)atp_load_relaxed(&record->from),
        .to = (atp_level_t)atp_load_relaxed(&record->to),
        .scale = atp_load_relaxed(&record->scale),
    };
    atp_fence_acquire(); /* CROSS-R2 */
    return before == number && atp_load_relaxed(&record->number) == number;
}

uint64_t atp_crossings_newest(const atp_crossings_t *crossings)
{
    /* Acquire pairs with the release in add: the record is there before its number is known. */
    return atp_load_acquire(&crossings->heads->newest);
}
