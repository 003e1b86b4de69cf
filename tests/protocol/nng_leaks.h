/* NNG 1.5.2 may forget a connection (14 blocks, 4 KB) when a socket is closed on a loaded machine, and LeakSanitizer
 * sees it. Blocks that NNG allocated are therefore not reported, unless ATP_LEAKS_OF_NNG is set: run so by hand, on a
 * quiet machine, to see whether one of our messages is never freed. */
#ifndef ATP_TESTS_PROTOCOL_NNG_LEAKS_H
#define ATP_TESTS_PROTOCOL_NNG_LEAKS_H

#include <stdlib.h>

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return getenv("ATP_LEAKS_OF_NNG") != NULL ? "" : "leak:libnng.so\n";
}

#endif
