/* The three things every file needs before it says anything else: asserts that stay on in release, a mark
 * for results that must not be dropped, and branch hints.
 *
 * An assert states what only a bug could break. What the world or a client can break is an error or a
 * verdict, never an assert. */
#ifndef ATP_BASE_ASSERT_H
#define ATP_BASE_ASSERT_H

#define ATP_MUST_USE     __attribute__((warn_unused_result))
#define ATP_NO_RETURN    __attribute__((noreturn)) /* not _Noreturn: C++ reads this header too */
#define ATP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define ATP_LIKELY(x)    __builtin_expect(!!(x), 1)
#define ATP_UNLIKELY(x)  __builtin_expect(!!(x), 0)
#define ATP_CACHE_LINE   64

/* Writes `file:line: expression` to standard error and aborts. Thread: any. */
ATP_NO_RETURN void atp_assert_failed(const char *file, int line, const char *expression);

#define ATP_ASSERT(expression)                                                                               \
    (ATP_LIKELY(expression) ? (void)0 : atp_assert_failed(__FILE__, __LINE__, #expression))

#endif
