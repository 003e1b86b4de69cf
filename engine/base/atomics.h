/* The only door to <stdatomic.h>: the memory order is in the name of each operation, so that none is
 * implicit. An order stronger than relaxed carries a comment where it is used: its partner, and the wrong
 * answer it prevents.
 *
 * Under ThreadSanitizer, which does not model fences, a fence is a compiler barrier only; the code that
 * uses fences keeps its payload in relaxed atomics, so that nothing is a data race in either reading. */
#ifndef ATP_BASE_ATOMICS_H
#define ATP_BASE_ATOMICS_H

#include <stdatomic.h>

#define atp_load_relaxed(p)     atomic_load_explicit((p), memory_order_relaxed)
#define atp_load_acquire(p)     atomic_load_explicit((p), memory_order_acquire)
#define atp_store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define atp_store_release(p, v) atomic_store_explicit((p), (v), memory_order_release)

#define atp_fetch_add_relaxed(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define atp_fetch_sub_relaxed(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_relaxed)
#define atp_fetch_add_acq_rel(p, v) atomic_fetch_add_explicit((p), (v), memory_order_acq_rel)
#define atp_fetch_sub_acq_rel(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_acq_rel)
#define atp_exchange_acq_rel(p, v)  atomic_exchange_explicit((p), (v), memory_order_acq_rel)

/* Weak compare-and-swap; `expected` takes the value found on failure. */
#define atp_cas_relaxed(p, expected, v)                                                                      \
    atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_relaxed, memory_order_relaxed)
#define atp_cas_acq_rel(p, expected, v)                                                                      \
    atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_acq_rel, memory_order_acquire)

#if defined(__SANITIZE_THREAD__)
#define ATP_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ATP_UNDER_TSAN 1
#endif
#endif

#ifdef ATP_UNDER_TSAN
#define atp_fence_acquire() atomic_signal_fence(memory_order_acquire)
#define atp_fence_release() atomic_signal_fence(memory_order_release)
#define atp_fence_seq_cst() atomic_signal_fence(memory_order_seq_cst)
#else
#define atp_fence_acquire() atomic_thread_fence(memory_order_acquire)
#define atp_fence_release() atomic_thread_fence(memory_order_release)
/* Orders a store before a later load of another place: the one thing release and acquire cannot do. */
#define atp_fence_seq_cst() atomic_thread_fence(memory_order_seq_cst)
#endif

/* For the sleep-or-wake decision only (engine/base/parker.c): store-then-load needs sequential consistency. */
#define atp_load_seq_cst(p)        atomic_load_explicit((p), memory_order_seq_cst)
#define atp_store_seq_cst(p, v)    atomic_store_explicit((p), (v), memory_order_seq_cst)
#define atp_exchange_seq_cst(p, v) atomic_exchange_explicit((p), (v), memory_order_seq_cst)

#endif
