/* Tells the service manager (systemd) where we are. Without one (NOTIFY_SOCKET not set) every call does nothing.
 *
 * Threads     any. */
#ifndef ATP_ATPD_NOTIFY_H
#define ATP_ATPD_NOTIFY_H

#include "engine/base/assert.h"

#include <stdint.h>

/* Longest status line; more is cut. */
#define ATP_NOTIFY_STATUS_SIZE 256

/* One line that `systemctl status` shows. Control characters become blanks: a text from outside cannot say more. */
void atp_notify_status(const char *format, ...) ATP_PRINTF(1, 2);

/* Start is over: commands are accepted. */
void atp_notify_ready(void);

/* The stop has begun. */
void atp_notify_stopping(void);

/* Asks for `more_us` from now before start or stop counts as failed: a long replay says so as it goes. */
void atp_notify_extend(uint64_t more_us);

/* How often the manager wants to hear from us, in microseconds; 0 = it does not. Call atp_notify_alive at half of it. */
uint64_t atp_notify_watchdog_us(void);
void atp_notify_alive(void);

#endif
