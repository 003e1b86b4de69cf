#include "perf/designs.h"

#include "engine/base/arena.h"
#include "perf/bench.h"

#include <stdlib.h>
#include <string.h>

/* ---- create ---- */

static void *room(uint64_t size)
{
    atp_arena_t arena;

    bench_check(atp_arena_reserve(&arena, size) == ATP_OK && atp_arena_populate_ahead(&arena, size) == ATP_OK,
                "no memory");
    return arena.base; /* until the process ends */
}

design_t *design_create(uint64_t positions, uint64_t asks)
{
    design_t *design = aligned_alloc(ATP_CACHE_LINE, sizeof *design);
    uint64_t slots = 1;

    bench_check(design != NULL, "no memory");
    memset(design, 0, sizeof *design);
    while (slots < 2 * asks) {
        slots *= 2;
    }
    design->positions = room(positions * sizeof *design->positions);
    design->slots = room(slots * sizeof *design->slots);
    design->grants = room(asks * sizeof *design->grants);
    design->position_count = positions;
    design->slot_mask = slots - 1;
    design->grant_capacity = asks;
    return design;
}

void design_destroy(design_t *design)
{
    free(design);
}

void design_reset(design_t *design, int64_t qty)
{
    memset(design->slots, 0, (design->slot_mask + 1) * sizeof *design->slots);
    for (uint64_t i = 0; i < design->position_count; i++) {
        atp_store_relaxed(&design->positions[i].available, qty);
    }
    atp_store_relaxed(&design->next_number, 0);
}

uint64_t design_hash(const design_t *design)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < design->position_count; i++) {
        int64_t available = atp_load_relaxed(&((design_t *)design)->positions[i].available);
        sum += atp_hash_bytes(&available, sizeof available, i);
    }
    return sum;
}

int64_t design_taken(const design_t *design, int64_t qty)
{
    int64_t sum = 0;

    for (uint64_t i = 0; i < design->position_count; i++) {
        sum += qty - atp_load_relaxed(&((design_t *)design)->positions[i].available);
    }
    return sum;
}

static void fill_grant(design_grant_t *grant, uint64_t number, const ask_t *ask)
{
    grant->number = number;
    grant->id_low = ask->id.low;
    grant->digest = ask->digest;
    grant->line_count = ask->line_count;
    memcpy(grant->lines, ask->lines, sizeof grant->lines);
}

/* True if the slot holds the id of the ask; its answer is then given. */
static void answer_again(const design_slot_t *slot, uint64_t answer, ask_t *ask)
{
    ask->answer = slot->digest == ask->digest ? answer : (uint64_t)DESIGN_CONFLICT;
}

/* Never 0, which marks a free slot. */
static uint64_t key_of(const ask_t *ask)
{
    return ask->id.low | 1;
}

/* ---- one writer ---- */

/* The slot of the id: its own, or the free one where it goes. */
static design_slot_t *find_slot(design_t *design, const ask_t *ask)
{
    uint64_t at = ask->id.low & design->slot_mask;

    for (;; at = (at + 1) & design->slot_mask) {
        design_slot_t *slot = &design->slots[at];
        uint64_t key = atp_load_relaxed(&slot->key);
        if (key == 0 || (key == key_of(ask) && slot->id_high == ask->id.high)) {
            return slot;
        }
    }
}

void design_apply_plain(design_t *design, ask_t *ask)
{
    design_slot_t *slot = find_slot(design, ask);
    uint64_t number = atp_load_relaxed(&design->next_number);
    uint64_t verdict = DESIGN_GRANTED;

    if (atp_load_relaxed(&slot->key) != 0) {
        answer_again(slot, atp_load_relaxed(&slot->answer), ask);
        return;
    }
    for (uint32_t i = 0; i < ask->line_count && verdict == DESIGN_GRANTED; i++) {
        design_position_t *position = &design->positions[ask->lines[i].position];
        if (atp_load_relaxed(&position->available) < ask->lines[i].qty) {
            verdict = DESIGN_REFUSED;
        }
    }
    for (uint32_t i = 0; i < ask->line_count && verdict == DESIGN_GRANTED; i++) {
        design_position_t *position = &design->positions[ask->lines[i].position];
        atp_store_relaxed(&position->available, atp_load_relaxed(&position->available) - ask->lines[i].qty);
    }
    atp_store_relaxed(&design->next_number, number + 1);
    fill_grant(&design->grants[number % design->grant_capacity], number, ask);
    ask->answer = number << 2 | verdict;
    slot->id_high = ask->id.high;
    slot->digest = ask->digest;
    atp_store_relaxed(&slot->answer, ask->answer);
    atp_store_relaxed(&slot->key, key_of(ask));
}

void design_release_plain(design_t *design, const ask_t *ask)
{
    for (uint32_t i = 0; i < ask->line_count; i++) {
        design_position_t *position = &design->positions[ask->lines[i].position];
        atp_store_relaxed(&position->available, atp_load_relaxed(&position->available) + ask->lines[i].qty);
    }
}

/* ---- compare-and-swap ---- */

/* True if this thread has claimed the id and is to decide it; else the answer is given. */
static bool claim(design_t *design, ask_t *ask, design_slot_t **ret_slot)
{
    uint64_t at = ask->id.low & design->slot_mask;

    for (;; at = (at + 1) & design->slot_mask) {
        design_slot_t *slot = &design->slots[at];
        uint64_t key = atp_load_relaxed(&slot->key);
        while (key == 0) {
            if (atp_cas_relaxed(&slot->key, &key, key_of(ask))) {
                *ret_slot = slot;
                return true;
            }
        }
        if (key != key_of(ask)) {
            continue;
        }
        uint64_t answer;
        /* Acquire pairs with the release in publish. Orders: the answer before digest and id. The one who claimed it is
         * still deciding while there is none. */
        while ((answer = atp_load_acquire(&slot->answer)) == 0) {
            __builtin_ia32_pause();
        }
        if (slot->id_high == ask->id.high) {
            answer_again(slot, answer, ask);
            return false;
        }
    }
}

static void publish(design_slot_t *slot, const ask_t *ask)
{
    slot->id_high = ask->id.high;
    slot->digest = ask->digest;
    /* Release pairs with the acquire in claim. */
    atp_store_release(&slot->answer, ask->answer);
}

static bool take(design_position_t *position, int64_t qty)
{
    int64_t available = atp_load_relaxed(&position->available);

    do {
        if (available < qty) {
            return false;
        }
        /* Relaxed: the number itself is all that is agreed on. */
    } while (!atp_cas_relaxed(&position->available, &available, available - qty));
    return true;
}

static void give_back(design_t *design, const ask_t *ask, uint32_t lines)
{
    for (uint32_t i = 0; i < lines; i++) {
        (void)atp_fetch_add_relaxed(&design->positions[ask->lines[i].position].available, ask->lines[i].qty);
    }
}

void design_release_cas(design_t *design, const ask_t *ask)
{
    give_back(design, ask, ask->line_count);
}

static design_verdict_t take_lines(design_t *design, ask_t *ask)
{
    for (uint32_t i = 0; i < ask->line_count; i++) {
        if (take(&design->positions[ask->lines[i].position], ask->lines[i].qty)) {
            continue;
        }
        give_back(design, ask, i);
        return DESIGN_REFUSED;
    }
    return DESIGN_GRANTED;
}

static void lock(design_position_t *position)
{
    uint32_t is_locked = 0;

    /* Acquire and release of the lock order what it guards. */
    while (!atp_cas_acq_rel(&position->is_locked, &is_locked, 1)) {
        is_locked = 0;
        __builtin_ia32_pause();
    }
}

/* Which lines, by position, so that no two threads wait for each other; a position named twice is locked once. */
static uint32_t order_of(const ask_t *ask, uint32_t order[DESIGN_LINES_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < ask->line_count; i++) {
        uint32_t at = count++;
        while (at > 0 && order[at - 1] > ask->lines[i].position) {
            order[at] = order[at - 1];
            at--;
        }
        if (at > 0 && order[at - 1] == ask->lines[i].position) {
            memmove(&order[at], &order[at + 1], (--count - at) * sizeof *order);
        } else {
            order[at] = ask->lines[i].position;
        }
    }
    return count;
}

static design_verdict_t take_lines_locked(design_t *design, ask_t *ask)
{
    uint32_t order[DESIGN_LINES_MAX + 1];
    uint32_t count = order_of(ask, order);

    for (uint32_t i = 0; i < count; i++) {
        lock(&design->positions[order[i]]);
    }
    design_verdict_t verdict = take_lines(design, ask);
    for (uint32_t i = 0; i < count; i++) {
        atp_store_release(&design->positions[order[i]].is_locked, 0);
    }
    return verdict;
}

void design_apply_cas(design_t *design, ask_t *ask, design_grant_t *grant)
{
    design_slot_t *slot;

    if (!claim(design, ask, &slot)) {
        return;
    }
    design_verdict_t verdict = design->is_locking ? take_lines_locked(design, ask) : take_lines(design, ask);
    uint64_t number = 0;
    if (design->is_numbered) {
        number = atp_fetch_add_relaxed(&design->next_number, 1);
        grant = &design->grants[number % design->grant_capacity];
    }
    fill_grant(grant, number, ask);
    ask->answer = number << 2 | verdict;
    publish(slot, ask);
}
