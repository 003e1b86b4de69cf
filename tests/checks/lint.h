/* Included ahead of each file by tools/lint: shows the analyzer that atp_fail returns the error it was given,
 * which stands in another file. */
#ifndef ATP_TESTS_CHECKS_LINT_H
#define ATP_TESTS_CHECKS_LINT_H

#include "engine/base/err.h"

#include <stddef.h>

/* Takes the arguments, so that they count as used. */
static inline void atp_lint_use(atp_why_t *ret_why, const char *format, ...)
{
    if (ret_why != NULL) {
        ret_why->text[0] = format[0];
    }
}

/* A macro: the analyzer does not follow the result of a function with variable arguments. */
#define atp_fail(ret_why, err, ...) (atp_lint_use((ret_why), __VA_ARGS__), (err))

#endif
