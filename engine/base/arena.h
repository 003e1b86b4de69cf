/* A range of virtual memory, reserved once, that fills from the front and never moves.
 *
 * Reserving costs nothing; pages appear when first touched. A helper populates pages ahead of use, so that
 * the ledger thread does not meet a page fault. Memory reads as zero until written.
 *
 * Threads     reserve and release: one thread, nobody else using the arena. populate: one helper thread.
 *             note_used: the owner of the content. */
#ifndef ATP_BASE_ARENA_H
#define ATP_BASE_ARENA_H

#include "engine/base/atomics.h"
#include "engine/base/err.h"

#include <stddef.h>

typedef struct atp_arena {
    unsigned char *base;
    size_t reserved_size;
    _Atomic size_t used_size;      /* written so far, told by the owner */
    _Atomic size_t populated_size; /* pages that are there for certain */
} atp_arena_t;

/* Reserves `size` bytes (rounded up to 2 MiB). Fails with ATP_ERR_MEMORY when the address space is refused. */
ATP_MUST_USE atp_err_t atp_arena_reserve(atp_arena_t *arena, size_t size);

/* Gives the range back. Safe on a zeroed arena. */
void atp_arena_release(atp_arena_t *arena);

/* Tells how far the content reaches, for the helper that populates ahead. Thread: the owner. */
static inline void atp_arena_note_used(atp_arena_t *arena, size_t used_size)
{
    /* Relaxed: a hint; a late helper costs a page fault, never a wrong answer. */
    atp_store_relaxed(&arena->used_size, used_size);
}

/* Makes sure that at least `ahead` bytes past the used size have pages (as far as the reservation goes).
 * Returns ATP_ERR_MEMORY when the system has no more pages to give. Thread: the helper. Blocks in the kernel. */
ATP_MUST_USE atp_err_t atp_arena_populate_ahead(atp_arena_t *arena, size_t ahead);

/* Bytes of memory this process may still take: the least of available physical memory and what its cgroup
 * (v1 or v2) leaves. */
size_t atp_memory_available(void);

#endif
