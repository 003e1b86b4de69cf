#include "engine/ledger/tables/index.h"

#include <string.h>

#define INITIAL_BUCKETS    8
#define ENTRIES_PER_BUCKET 4  /* mean load at which the index doubles */
#define SPLITS_PER_INSERT  2  /* done doubling after N / 2 inserts */
#define SPLITS_AHEAD       16 /* eight inserts: a bucket is there by then */

static uint64_t round_up_to_power(uint64_t number)
{
    uint64_t power = INITIAL_BUCKETS;
    while (power < number) {
        power *= 2;
    }
    return power;
}

atp_err_t atp_index_init(atp_index_t *index, uint64_t capacity)
{
    /* At its capacity the index may be half way through one more doubling. */
    uint64_t buckets = 2 * round_up_to_power(capacity / ENTRIES_PER_BUCKET + 1);

    memset(index, 0, sizeof *index);
    /* Every overflow bucket holds at least one entry; while a bucket is split its upper half has a chain too. */
    index->overflow_capacity = capacity + capacity / ATP_INDEX_ENTRIES + 1;
    if (atp_arena_reserve(&index->bucket_arena, buckets * sizeof(atp_index_bucket_t)) != ATP_OK) {
        return ATP_ERR_MEMORY;
    }
    if (atp_arena_reserve(&index->overflow_arena, index->overflow_capacity * sizeof(atp_index_bucket_t)) !=
        ATP_OK) {
        atp_arena_release(&index->bucket_arena);
        return ATP_ERR_MEMORY;
    }
    index->buckets = (atp_index_bucket_t *)(void *)index->bucket_arena.base;
    index->overflow = (atp_index_bucket_t *)(void *)index->overflow_arena.base;
    atp_store_relaxed(&index->size, INITIAL_BUCKETS);
    return ATP_OK;
}

void atp_index_fini(atp_index_t *index)
{
    atp_arena_release(&index->bucket_arena);
    atp_arena_release(&index->overflow_arena);
}

static uint64_t take_overflow(atp_index_t *index)
{
    uint64_t number = index->overflow_free;

    if (number != 0) {
        index->overflow_free = atp_load_relaxed(&index->overflow[number - 1].overflow);
        atp_store_relaxed(&index->overflow[number - 1].overflow, 0);
        return number;
    }
    ATP_ASSERT(index->overflow_used < index->overflow_capacity);
    index->overflow_used++;
    atp_arena_note_used(&index->overflow_arena, index->overflow_used * sizeof(atp_index_bucket_t));
    return index->overflow_used;
}

/* Into the first free place. False: the bucket is full. Every place is looked at, without a branch for each: how many are taken
 * cannot be foretold. */
static bool put_in_bucket(atp_index_bucket_t *bucket, uint64_t entry)
{
    unsigned free = 0; /* a bit a place */

#pragma GCC unroll 7
    for (unsigned i = 0; i < ATP_INDEX_ENTRIES; i++) {
        free |= (unsigned)(atp_load_relaxed(&bucket->entries[i]) == 0) << i;
    }
    if (ATP_UNLIKELY(free == 0)) {
        return false;
    }
    /* INDEX-W1 (release) pairs with INDEX-R1. */
    atp_store_release(&bucket->entries[__builtin_ctz(free)], entry);
    return true;
}

static __attribute__((noinline)) void put_in_chain(atp_index_t *index, atp_index_bucket_t *bucket,
                                                   uint64_t entry)
{
    do {
        uint64_t overflow = atp_load_relaxed(&bucket->overflow);
        if (overflow == 0) {
            overflow = take_overflow(index);
            atp_store_release(&bucket->overflow, overflow);
        }
        bucket = &index->overflow[overflow - 1];
    } while (!put_in_bucket(bucket, entry));
}

static void put_entry(atp_index_t *index, atp_index_bucket_t *bucket, uint64_t entry)
{
    if (ATP_UNLIKELY(!put_in_bucket(bucket, entry))) {
        put_in_chain(index, bucket, entry);
    }
}

static bool is_empty(const atp_index_bucket_t *bucket)
{
    atp_index_bucket_t *self = (atp_index_bucket_t *)bucket;

    for (unsigned i = 0; i < ATP_INDEX_ENTRIES; i++) {
        if (atp_load_relaxed(&self->entries[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* Takes the empty overflow bucket after `bucket` out of the chain. */
static void unlink_next(atp_index_t *index, atp_index_bucket_t *bucket)
{
    uint64_t number = atp_load_relaxed(&bucket->overflow);
    atp_index_bucket_t *empty = &index->overflow[number - 1];

    atp_store_relaxed(&bucket->overflow, atp_load_relaxed(&empty->overflow));
    atp_store_relaxed(&empty->overflow, index->overflow_free);
    index->overflow_free = number;
}

/* Where the next entry of a chain goes while it is split. */
typedef struct chain_end {
    atp_index_bucket_t *bucket;
    unsigned place;
} chain_end_t;

static void append_entry(atp_index_t *index, chain_end_t *end, uint64_t entry)
{
    if (ATP_UNLIKELY(end->place == ATP_INDEX_ENTRIES)) {
        uint64_t overflow = atp_load_relaxed(&end->bucket->overflow);
        if (overflow == 0) {
            overflow = take_overflow(index);
            atp_store_release(&end->bucket->overflow, overflow);
        }
        *end = (chain_end_t){&index->overflow[overflow - 1], 0};
    }
    atp_store_release(&end->bucket->entries[end->place++], entry); /* INDEX-W1 */
}

/* Deals the entries of one chain out to bucket `number` and its upper half, each filled from the front, and gives back
 * the overflow buckets that come out empty. */
static void split_bucket(atp_index_t *index, uint64_t number, uint64_t size)
{
    atp_index_bucket_t *from = &index->buckets[number];
    chain_end_t ends[2] = {{from, 0}, {&index->buckets[number + size], 0}};

    for (;;) {
        for (unsigned i = 0; i < ATP_INDEX_ENTRIES; i++) {
            uint64_t entry = atp_load_relaxed(&from->entries[i]);
            if (entry != 0) {
                atp_store_relaxed(&from->entries[i], 0); /* places before it are filled, never one after it */
                append_entry(index, &ends[((entry >> 32) & size) != 0], entry);
            }
        }
        uint64_t overflow = atp_load_relaxed(&from->overflow);
        if (overflow == 0) {
            break;
        }
        from = &index->overflow[overflow - 1];
    }
    while (atp_load_relaxed(&ends[0].bucket->overflow) != 0) {
        unlink_next(index, ends[0].bucket);
    }
}

/* Fetches the buckets that will be split a few inserts from now. */
static void prefetch_split(const atp_index_t *index, uint64_t number, uint64_t size)
{
    __builtin_prefetch(&index->buckets[number + SPLITS_AHEAD], 1);
    __builtin_prefetch(&index->buckets[number + size + SPLITS_AHEAD], 1);
}

static void grow_one_step(atp_index_t *index)
{
    uint64_t size = atp_load_relaxed(&index->size);
    uint64_t split = atp_load_relaxed(&index->split);
    uint64_t version = atp_load_relaxed(&index->version);

    atp_store_relaxed(&index->version, version + 1);
    /* INDEX-W2 (release fence) pairs with INDEX-R2. Orders: the odd version before the moved entries. */
    atp_fence_release();
    prefetch_split(index, split, size);
    split_bucket(index, split, size);
    atp_store_relaxed(&index->split, split + 1);
    if (split + 1 == size) {
        atp_store_relaxed(&index->split, 0);
        /* INDEX-W3 (release) pairs with INDEX-R3. Orders: the zeroed split before the new size. Without it a
         * reader takes the old split with the new size and looks behind the last bucket. */
        atp_store_release(&index->size, 2 * size);
        index->is_growing = false;
    }
    atp_arena_note_used(&index->bucket_arena, (size + split + 1) * sizeof(atp_index_bucket_t));
    atp_store_release(&index->version, version + 2);
}

/* Out of the way of the inserts that find room. */
static __attribute__((noinline)) void grow(atp_index_t *index)
{
    index->is_growing = true;
    for (unsigned i = 0; index->is_growing && i < SPLITS_PER_INSERT; i++) {
        grow_one_step(index);
    }
}

void atp_index_insert(atp_index_t *index, uint64_t hash, uint32_t record)
{
    ATP_ASSERT(record < UINT32_MAX);
    if (index->is_growing || index->count >= ENTRIES_PER_BUCKET * atp_load_relaxed(&index->size)) {
        grow(index);
    }
    put_entry(index, atp_index_bucket_of(index, hash), (hash & UINT32_MAX) << 32 | (record + 1));
    index->count++;
}

static inline void remove_entry(atp_index_t *index, uint64_t hash, uint32_t record, bool may_unlink)
{
    uint64_t wanted = (hash & UINT32_MAX) << 32 | (record + 1);
    atp_index_bucket_t *bucket = atp_index_bucket_of(index, hash);
    atp_index_bucket_t *before = NULL;

    for (;;) {
        for (unsigned i = 0; i < ATP_INDEX_ENTRIES; i++) {
            if (atp_load_relaxed(&bucket->entries[i]) != wanted) {
                continue;
            }
            atp_store_relaxed(&bucket->entries[i], 0);
            index->count--;
            if (may_unlink && before != NULL && is_empty(bucket)) {
                unlink_next(index, before);
            }
            return;
        }
        uint64_t overflow = atp_load_relaxed(&bucket->overflow);
        ATP_ASSERT(overflow != 0); /* it is there */
        before = bucket;
        bucket = &index->overflow[overflow - 1];
    }
}

void atp_index_remove(atp_index_t *index, uint64_t hash, uint32_t record)
{
    remove_entry(index, hash, record, true);
}

void atp_index_blank(atp_index_t *index, uint64_t hash, uint32_t record)
{
    remove_entry(index, hash, record, false);
}

uint64_t atp_index_count(const atp_index_t *index)
{
    return index->count;
}

uint64_t atp_index_bytes(const atp_index_t *index)
{
    atp_index_t *self = (atp_index_t *)index;
    uint64_t buckets = atp_load_relaxed(&self->size) + atp_load_relaxed(&self->split);

    return (buckets + index->overflow_used) * sizeof(atp_index_bucket_t);
}
