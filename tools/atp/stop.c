#include "tools/atp/stop.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t is_wanted;

static void note(int signal_number)
{
    (void)signal_number;
    is_wanted = 1;
}

void atp_stop_on_signals(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool atp_stop_is_wanted(void)
{
    return is_wanted != 0;
}

bool atp_stop_wait(int64_t ms)
{
    /* In short steps: the signal may arrive on a thread of the library. */
    for (int64_t left = ms; left > 0 && !atp_stop_is_wanted(); left -= 50) {
        int64_t step = left < 50 ? left : 50;
        struct timespec rest = {.tv_nsec = step * 1000000};
        (void)nanosleep(&rest, NULL);
    }
    return atp_stop_is_wanted();
}
