#include "engine/base/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static const char *const err_names[ATP_ERR_COUNT] = {
    [ATP_OK] = "ok",
    [ATP_ERR_MEMORY] = "memory",
    [ATP_ERR_IO] = "io",
    [ATP_ERR_NO_SPACE] = "no_space",
    [ATP_ERR_CORRUPT] = "corrupt",
    [ATP_ERR_FORMAT] = "format",
    [ATP_ERR_LOCKED] = "locked",
    [ATP_ERR_INVALID] = "invalid",
    [ATP_ERR_NOT_FOUND] = "not_found",
    [ATP_ERR_EXISTS] = "exists",
    [ATP_ERR_BUSY] = "busy",
    [ATP_ERR_TIMEOUT] = "timeout",
    [ATP_ERR_CLOSED] = "closed",
    [ATP_ERR_LIMIT] = "limit",
};

const char *atp_err_name(atp_err_t err)
{
    ATP_ASSERT((unsigned)err < ATP_ERR_COUNT);
    return err_names[err];
}

atp_err_t atp_fail(atp_why_t *ret_why, atp_err_t err, const char *format, ...)
{
    if (ret_why != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(ret_why->text, sizeof ret_why->text, format, args);
        va_end(args);
    }
    return err;
}
