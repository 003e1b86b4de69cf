#include "engine/base/assert.h"

#include <stdio.h>
#include <stdlib.h>

ATP_NO_RETURN void atp_assert_failed(const char *file, int line, const char *expression)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
    fflush(stderr);
    abort();
}
