/* What a test file includes first: cmocka with the headers it forgets, an expectation that a bug aborts, and
 * reproducible random numbers. */
#ifndef ATP_TESTS_TEST_H
#define ATP_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Next number of a sequence that `state` alone decides (splitmix64). Print the seed when a test fails. */
static inline uint64_t test_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* In the child of assert_aborts: the expected abort leaves no noise and no core file. */
static inline void test_child_is_quiet(void)
{
    struct rlimit none = {0, 0};
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)setrlimit(RLIMIT_CORE, &none);
    if (null >= 0) {
        (void)dup2(null, STDERR_FILENO);
    }
    (void)signal(SIGABRT, SIG_DFL);
}

/* `statement` must end in ATP_ASSERT. It runs in a child process. */
#define assert_aborts(statement)                                                                             \
    do {                                                                                                     \
        int test_status = 0;                                                                                 \
        pid_t test_child = fork();                                                                           \
        assert_true(test_child >= 0);                                                                        \
        if (test_child == 0) {                                                                               \
            test_child_is_quiet();                                                                           \
            statement;                                                                                       \
            _exit(0);                                                                                        \
        }                                                                                                    \
        assert_int_equal(waitpid(test_child, &test_status, 0), test_child);                                  \
        assert_true(WIFSIGNALED(test_status) && WTERMSIG(test_status) == SIGABRT);                           \
    } while (0)

#endif
