/* A hash index from 64-bit hashes to record numbers, growing in place and in steps.
 *
 * Buckets of one cache line hold seven entries and a link to an overflow bucket. An entry is the low 32 bits
 * of the hash and the record number; whoever looks up compares the record itself. When the index is full it
 * doubles: each later insert moves a few buckets (bucket b splits into b and b + N), so that no insert takes
 * long. The index is not state: it is rebuilt from the records.
 *
 * Threads     insert, remove: one writer (the ledger thread).   find by others: only where nothing is ever
 *             removed but by atp_index_blank (the catalogue); see atp_index_version.
 * Memory      two reserved ranges; nothing is allocated after init.
 * Invariants  X1  an entry stands in the bucket its hash names, or in that bucket's overflow chain.
 *             X2  bucket numbers are below size + split, and split < size. */
#ifndef ATP_LEDGER_INDEX_H
#define ATP_LEDGER_INDEX_H

#include "engine/base/arena.h"
#include "engine/base/assert.h"
#include "engine/base/atomics.h"
#include "engine/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_INDEX_ENTRIES 7

typedef struct atp_index_bucket {
    _Atomic uint64_t entries[ATP_INDEX_ENTRIES]; /* tag << 32 | record + 1; 0 = free */
    _Atomic uint64_t overflow;                   /* number of the next overflow bucket + 1; 0 = none */
} atp_index_bucket_t;

_Static_assert(sizeof(atp_index_bucket_t) == ATP_CACHE_LINE, "one bucket, one cache line");

typedef struct atp_index {
    /* set at init, read-only after */
    atp_index_bucket_t *buckets;
    atp_index_bucket_t *overflow;
    atp_arena_t bucket_arena;
    atp_arena_t overflow_arena;
    uint64_t overflow_capacity;

    /* ledger thread writes, readers of the catalogue read */
    _Alignas(ATP_CACHE_LINE) _Atomic uint64_t size; /* N, a power of two */
    _Atomic uint64_t split;                         /* buckets below have been split for 2N */
    _Atomic uint64_t version;                       /* odd while a bucket is being split */

    /* ledger thread only */
    uint64_t count;
    uint64_t overflow_used;
    uint64_t overflow_free; /* number + 1 of the first free overflow bucket */
    bool is_growing;
} atp_index_t;

/* Room for `capacity` entries at least. */
ATP_MUST_USE atp_err_t atp_index_init(atp_index_t *index, uint64_t capacity);
void atp_index_fini(atp_index_t *index);

/* Adds an entry. The caller makes sure that the record is not in it yet, and that it was written before. */
void atp_index_insert(atp_index_t *index, uint64_t hash, uint32_t record);

/* Removes the entry of `record`; it is there (asserted). */
void atp_index_remove(atp_index_t *index, uint64_t hash, uint32_t record);

/* The same where others look beside the writer: no bucket changes its place. */
void atp_index_blank(atp_index_t *index, uint64_t hash, uint32_t record);

uint64_t atp_index_count(const atp_index_t *index);

/* Bytes in use: buckets and overflow buckets. */
uint64_t atp_index_bytes(const atp_index_t *index);

static inline atp_index_bucket_t *atp_index_bucket_of(const atp_index_t *index, uint64_t hash)
{
    atp_index_t *self = (atp_index_t *)index;
    /* INDEX-R3 (acquire) pairs with INDEX-W3. A reader that races with growth looks in the wrong bucket, finds
     * nothing, and looks again because the version moved. */
    uint64_t size = atp_load_acquire(&self->size);
    uint64_t number = (uint32_t)hash & (size - 1);

    if (number < atp_load_relaxed(&self->split)) {
        number = (uint32_t)hash & (2 * size - 1);
    }
    return &index->buckets[number];
}

static inline void atp_index_prefetch(const atp_index_t *index, uint64_t hash)
{
    __builtin_prefetch(atp_index_bucket_of(index, hash));
}

/* Walks over the records whose entry has the tag of `hash`:
 *     atp_index_probe_t probe = atp_index_probe(index, hash);
 *     while (atp_index_next(&probe, &record)) { if (it is the one) ... } */
typedef struct atp_index_probe {
    const atp_index_t *index;
    atp_index_bucket_t *bucket;
    uint32_t tag;
    uint32_t at;
} atp_index_probe_t;

static inline atp_index_probe_t atp_index_probe(const atp_index_t *index, uint64_t hash)
{
    return (atp_index_probe_t){index, atp_index_bucket_of(index, hash), (uint32_t)hash, 0};
}

static inline bool atp_index_next(atp_index_probe_t *probe, uint32_t *ret_record)
{
    for (;;) {
        while (probe->at < ATP_INDEX_ENTRIES) {
            /* INDEX-R1 (acquire) pairs with INDEX-W1. Orders: the record before its entry. Without it a
             * reader compares a record that is still zero and misses a name that is there. */
            uint64_t entry = atp_load_acquire(&probe->bucket->entries[probe->at++]);
            if (entry != 0 && (uint32_t)(entry >> 32) == probe->tag) {
                *ret_record = (uint32_t)entry - 1;
                return true;
            }
        }
        uint64_t overflow = atp_load_acquire(&probe->bucket->overflow);
        if (overflow == 0) {
            return false;
        }
        probe->bucket = &probe->index->overflow[overflow - 1];
        probe->at = 0;
    }
}

/* True if no record has an entry with the tag of `hash`, as is common of what is new. False: perhaps one has. Every entry of the
 * bucket is looked at, without a branch for each. Thread: the writer. */
static inline bool atp_index_has_none(const atp_index_t *index, uint64_t hash)
{
    atp_index_bucket_t *bucket = atp_index_bucket_of(index, hash);
    uint64_t tagged = (hash & UINT32_MAX) << 32;
    uint64_t nearest = UINT64_MAX;

#pragma GCC unroll 7
    for (unsigned i = 0; i < ATP_INDEX_ENTRIES; i++) {
        uint64_t beyond = atp_load_relaxed(&bucket->entries[i]) - tagged;
        nearest = beyond < nearest ? beyond : nearest;
    }
    return nearest > UINT32_MAX && atp_load_relaxed(&bucket->overflow) == 0;
}

/* For readers beside the writer: a lookup that found nothing counts only if the version was even and the
 * same before and after it. */
static inline uint64_t atp_index_version(const atp_index_t *index)
{
    return atp_load_acquire(&((atp_index_t *)index)->version);
}

static inline bool atp_index_version_holds(const atp_index_t *index, uint64_t version)
{
    /* INDEX-R2 (acquire fence) pairs with INDEX-W2. Orders: the reads of the buckets before the second look at the
     * version. Without it a lookup that ran into a split may be taken for "not there". */
    atp_fence_acquire();
    return (version & 1) == 0 && atp_load_relaxed(&((atp_index_t *)index)->version) == version;
}

#endif
