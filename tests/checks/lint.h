/* Included ahead of each file by tools/lint: shows the analyzer that atp_fail returns the error it was given,
 * which stands in another file. */
#ifndef ATP_TESTS_CHECKS_LINT_H
#define ATP_TESTS_CHECKS_LINT_H

#include "engine/base/err.h"

#include <stddef.h>

static inline atp_err_t atp_lint_fail(atp_why_t *ret_why, atp_err_t err, const char *format, ...)
{
    if (ret_why != NULL) {
        ret_why->text[0] = format[0];
    }
    return err;
}

#define atp_fail atp_lint_fail

#endif
