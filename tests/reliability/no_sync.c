/* A disk that begins to lie: preloaded, fdatasync is honest a hundred times, so that atpd starts well; from then on it
 * succeeds and does nothing. The power-cut harness must notice. */
#include "engine/base/atomics.h"

#include <sys/syscall.h>
#include <unistd.h>

#define HONEST 100

int fdatasync(int fd);

int fdatasync(int fd)
{
    static _Atomic unsigned calls;

    if (atp_fetch_add_relaxed(&calls, 1) >= HONEST) { /* relaxed: a counter */
        return 0;
    }
    return (int)syscall(SYS_fdatasync, fd);
}
