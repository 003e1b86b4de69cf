#include "engine/ledger/facts/movements.h"

#include <string.h>

unsigned atp_movement_needs(const atp_movement_t *movement)
{
    const atp_change_t *change = &movement->change;
    unsigned needs = 0;

    needs |=
        (change->on_hand | change->allocated | change->picked | change->unavailable | change->inbound) != 0
            ? 1u << ATP_COUNTED_ON_HAND
            : 0; /* outbound is part of allocated */
    needs |= change->unavailable != 0 ? 1u << ATP_COUNTED_UNAVAILABLE : 0;
    return needs;
}

const atp_movement_t *atp_movements_get(const atp_movements_t *movements, uint64_t number)
{
    uint64_t newest = movements->heads->newest;

    if (number == 0 || number > newest || number + movements->capacity <= newest) {
        return NULL;
    }
    return atp_table_at(&movements->ring, (number - 1) % movements->capacity);
}

uint64_t atp_movements_of_op(const atp_movements_t *movements, uint64_t op)
{
    uint64_t to = movements->heads->newest + 1;
    uint64_t from = to > movements->capacity ? to - movements->capacity : 1;

    while (from < to) {
        uint64_t middle = from + (to - from) / 2;
        if (atp_movements_get(movements, middle)->op < op) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return to;
}

atp_standing_t atp_movements_standing(const atp_movements_t *movements, uint32_t row)
{
    if (row >= atp_table_count(&movements->standings)) {
        return (atp_standing_t){0};
    }
    return *(const atp_standing_t *)atp_table_at(&movements->standings, row);
}

atp_standing_t *atp_movements_change_standing(atp_movements_t *movements, uint32_t row)
{
    uint64_t count = atp_table_count(&movements->standings);

    if (row >= count) {
        atp_table_append(&movements->standings, row + 1 - count);
    }
    return atp_table_change(&movements->standings, row);
}

const atp_movement_t *atp_movements_next_lost(const atp_movements_t *movements)
{
    uint64_t newest = movements->heads->newest;

    if (newest < movements->capacity) {
        return NULL;
    }
    const atp_movement_t *oldest = atp_movements_get(movements, newest + 1 - movements->capacity);
    return atp_movement_is_needed(oldest) ? oldest : NULL;
}

/* The position can say from now on that its chain ends early. */
static void note_gone(atp_movements_t *movements, const atp_movement_t *lost)
{
    unsigned missed = atp_movement_needs(lost) & ~(unsigned)lost->included;
    atp_standing_t *standing = atp_movements_change_standing(movements, lost->row);

    for (unsigned bucket = 0; bucket < ATP_COUNTED_BUCKETS; bucket++) {
        standing->feeds[bucket] |= (missed >> bucket & 1) != 0 ? ATP_STANDING_GONE : 0;
    }
    if (lost->event.time_ms > movements->heads->gone_ms) {
        movements->heads->gone_ms = lost->event.time_ms;
    }
}

void atp_movements_add(atp_movements_t *movements, const atp_movement_t *movement)
{
    const atp_movement_t *lost = atp_movements_next_lost(movements);
    uint64_t number = movements->heads->newest + 1;

    if (lost != NULL) {
        note_gone(movements, lost);
    }
    if (number <= movements->capacity) {
        atp_table_append(&movements->ring, 1);
    }
    movements->heads->newest = number;
    atp_movement_t *record = atp_table_change(&movements->ring, (number - 1) % movements->capacity);
    memcpy(record, movement, sizeof *record);
    record->number = number;
    record->previous = 0;
    if (atp_movement_is_needed(record)) {
        atp_standing_t *standing = atp_movements_change_standing(movements, record->row);
        record->previous = atp_movements_get(movements, standing->newest) != NULL ? standing->newest : 0;
        standing->newest = number;
    }
}

bool atp_movements_include(atp_movements_t *movements, uint32_t row, uint64_t newer, uint64_t number,
                           unsigned bucket)
{
    uint64_t capacity = movements->capacity;
    atp_movement_t *movement = atp_table_change(&movements->ring, (number - 1) % capacity);

    movement->included |= (uint8_t)(1u << bucket);
    if (atp_movement_is_needed(movement)) {
        return false;
    }
    if (newer == 0) {
        atp_movements_change_standing(movements, row)->newest = movement->previous;
    } else {
        atp_movement_t *after = atp_table_change(&movements->ring, (newer - 1) % capacity);
        after->previous = movement->previous;
    }
    movement->previous = 0;
    return true;
}

/* ---- two rows become one ---- */

/* The next one of a chain; 0: it ends there. */
static uint64_t kept(const atp_movements_t *movements, uint64_t number)
{
    return atp_movements_get(movements, number) != NULL ? number : 0;
}

uint32_t atp_movements_length(const atp_movements_t *movements, uint32_t row, uint32_t most)
{
    uint64_t at = kept(movements, atp_movements_standing(movements, row).newest);
    uint32_t length = 0;

    while (at != 0 && length < most) {
        length++;
        at = kept(movements, atp_movements_get(movements, at)->previous);
    }
    return length;
}

/* One chain of both, newest first (F1); returns the number of its first. */
static uint64_t merge_chains(atp_movements_t *movements, uint64_t a, uint64_t b, uint32_t row)
{
    atp_movement_t *last = NULL;
    uint64_t first = 0;

    while (a != 0 || b != 0) {
        uint64_t *next = a > b ? &a : &b;
        uint64_t number = *next;
        atp_movement_t *movement = atp_table_change(&movements->ring, (number - 1) % movements->capacity);
        *next = kept(movements, movement->previous);
        movement->row = row;
        movement->previous = 0;
        *(last != NULL ? &last->previous : &first) = number;
        last = movement;
    }
    return first;
}

void atp_movements_merge(atp_movements_t *movements, uint32_t from, uint32_t to)
{
    const atp_standing_t gone = atp_movements_standing(movements, from);
    atp_standing_t standing = atp_movements_standing(movements, to);

    if (movements->capacity == 0 || from >= atp_table_count(&movements->standings)) {
        return;
    }
    standing.newest =
        merge_chains(movements, kept(movements, gone.newest), kept(movements, standing.newest), to);
    standing.picked += gone.picked;
    for (unsigned bucket = 0; bucket < ATP_COUNTED_BUCKETS; bucket++) {
        standing.feeds[bucket] |= gone.feeds[bucket];
    }
    *atp_movements_change_standing(movements, to) = standing;
    *atp_movements_change_standing(movements, from) = (atp_standing_t){0};
}
