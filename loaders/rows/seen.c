#include "loaders/rows/seen.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

#define FIRST_SLOT_COUNT      (UINT64_C(1) << 12)
#define HINTED_SLOT_COUNT_MAX (UINT64_C(1) << 23) /* a hint is a guess: at most 128 MiB on it */
#define VALUE_BITS            40

typedef struct slot {
    uint64_t low;
    uint64_t tag_and_value; /* 24 more bits of the fingerprint, 40 bits of value; 0 = free */
} slot_t;

struct atp_seen {
    slot_t *slots;
    uint64_t slot_count; /* a power of two */
    uint64_t count;
    uint64_t count_max;
    uint64_t seed;
};

/* Straight from the system: zeroed, in large pages where it has them, and given back at once. */
static slot_t *map_slots(uint64_t slot_count)
{
    size_t size = slot_count * sizeof(slot_t);
    void *slots = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (slots == MAP_FAILED) {
        return NULL;
    }
    (void)madvise(slots, size, MADV_HUGEPAGE); /* advice: without it the set is slower, not wrong */
    return slots;
}

atp_err_t atp_seen_create(uint64_t key_count_max, uint64_t key_count_hint, atp_seen_t **ret_seen)
{
    atp_seen_t *seen = calloc(1, sizeof *seen);

    if (seen == NULL) {
        return ATP_ERR_MEMORY;
    }
    seen->count_max = key_count_max;
    seen->slot_count = FIRST_SLOT_COUNT;
    while (seen->slot_count / 4 * 3 < key_count_hint && seen->slot_count < HINTED_SLOT_COUNT_MAX) {
        seen->slot_count *= 2;
    }
    seen->slots = map_slots(seen->slot_count);
    if (seen->slots == NULL || getrandom(&seen->seed, sizeof seen->seed, 0) != (ssize_t)sizeof seen->seed) {
        atp_seen_destroy(seen);
        return ATP_ERR_MEMORY;
    }
    *ret_seen = seen;
    return ATP_OK;
}

void atp_seen_destroy(atp_seen_t *seen)
{
    if (seen == NULL) {
        return;
    }
    if (seen->slots != NULL) {
        munmap(seen->slots, seen->slot_count * sizeof(slot_t));
    }
    free(seen);
}

atp_fingerprint_t atp_seen_key(const atp_seen_t *seen, atp_text_t first, atp_text_t second)
{
    atp_fingerprint_t a = atp_fingerprint_of(first, seen->seed);
    atp_fingerprint_t b = atp_fingerprint_of(second, a.low);

    return (atp_fingerprint_t){b.low, a.high ^ b.high};
}

static uint64_t tag_of(atp_fingerprint_t key)
{
    return key.high << VALUE_BITS;
}

static uint64_t value_of(const slot_t *slot)
{
    return slot->tag_and_value & ATP_SEEN_VALUE_MAX;
}

/* The slot of `key`, or the free one where it would go. There is always a free one. */
static slot_t *find(const atp_seen_t *seen, atp_fingerprint_t key)
{
    uint64_t mask = seen->slot_count - 1;
    uint64_t tag = tag_of(key);

    for (uint64_t at = key.low & mask;; at = (at + 1) & mask) {
        slot_t *slot = &seen->slots[at];
        if (slot->tag_and_value == 0 ||
            (slot->low == key.low && (slot->tag_and_value & ~ATP_SEEN_VALUE_MAX) == tag)) {
            return slot;
        }
    }
}

void atp_seen_prefetch(const atp_seen_t *seen, atp_fingerprint_t key)
{
    __builtin_prefetch(&seen->slots[key.low & (seen->slot_count - 1)], 1);
}

static atp_err_t grow(atp_seen_t *seen)
{
    uint64_t slot_count = seen->slot_count * 2;
    uint64_t mask = slot_count - 1;
    slot_t *slots = map_slots(slot_count);

    if (slots == NULL) {
        return ATP_ERR_MEMORY;
    }
    for (uint64_t i = 0; i < seen->slot_count; i++) {
        uint64_t at = seen->slots[i].low & mask;
        if (seen->slots[i].tag_and_value == 0) {
            continue;
        }
        while (slots[at].tag_and_value != 0) {
            at = (at + 1) & mask;
        }
        slots[at] = seen->slots[i];
    }
    munmap(seen->slots, seen->slot_count * sizeof(slot_t));
    seen->slots = slots;
    seen->slot_count = slot_count;
    return ATP_OK;
}

atp_err_t atp_seen_put(atp_seen_t *seen, atp_fingerprint_t key, uint64_t value, uint64_t *ret_present)
{
    slot_t *slot = find(seen, key);

    ATP_ASSERT(value >= 1 && value <= ATP_SEEN_VALUE_MAX); /* K1 */
    *ret_present = 0;
    if (slot->tag_and_value != 0) {
        *ret_present = value_of(slot);
        return ATP_OK;
    }
    if (seen->count >= seen->count_max) {
        return ATP_ERR_LIMIT;
    }
    if (seen->count + 1 > seen->slot_count / 4 * 3) {
        atp_err_t err = grow(seen);
        if (err != ATP_OK) {
            return err;
        }
        slot = find(seen, key);
    }
    *slot = (slot_t){key.low, tag_of(key) | value};
    seen->count++;
    return ATP_OK;
}

uint64_t atp_seen_get(const atp_seen_t *seen, atp_fingerprint_t key)
{
    return value_of(find(seen, key));
}

void atp_seen_set(atp_seen_t *seen, atp_fingerprint_t key, uint64_t value)
{
    slot_t *slot = find(seen, key);

    ATP_ASSERT(slot->tag_and_value != 0 && value >= 1 && value <= ATP_SEEN_VALUE_MAX);
    slot->tag_and_value = tag_of(key) | value;
}

uint64_t atp_seen_count(const atp_seen_t *seen)
{
    return seen->count;
}

atp_err_t atp_seen_walk(const atp_seen_t *seen, atp_seen_each_fn each, void *context)
{
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; i < seen->slot_count && err == ATP_OK; i++) {
        const slot_t *slot = &seen->slots[i];
        if (slot->tag_and_value != 0) {
            const atp_fingerprint_t key = {slot->low, slot->tag_and_value >> VALUE_BITS};
            err = each(context, key, value_of(slot));
        }
    }
    return err;
}

atp_err_t atp_seen_clear(atp_seen_t *seen)
{
    slot_t *slots = map_slots(FIRST_SLOT_COUNT);

    if (slots == NULL) {
        return ATP_ERR_MEMORY;
    }
    munmap(seen->slots, seen->slot_count * sizeof(slot_t));
    seen->slots = slots;
    seen->slot_count = FIRST_SLOT_COUNT;
    seen->count = 0;
    return ATP_OK;
}
