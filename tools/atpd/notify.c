#include "tools/atpd/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

/* What the manager did not hear is no reason to stop: results of sd_notify are left alone on purpose. */

void atp_notify_status(const char *format, ...)
{
    char status[ATP_NOTIFY_STATUS_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(status, sizeof status, format, args);
    va_end(args);
    for (char *c = status; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) { /* a line end would begin another message */
            *c = ' ';
        }
    }
    (void)sd_notifyf(0, "STATUS=%s", status);
}

void atp_notify_ready(void)
{
    (void)sd_notify(0, "READY=1");
}

void atp_notify_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}

void atp_notify_extend(uint64_t more_us)
{
    (void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRIu64, more_us);
}

uint64_t atp_notify_watchdog_us(void)
{
    uint64_t interval_us = 0;

    return sd_watchdog_enabled(0, &interval_us) > 0 ? interval_us : 0;
}

void atp_notify_alive(void)
{
    (void)sd_notify(0, "WATCHDOG=1");
}
