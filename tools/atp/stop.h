/* Ctrl-C and SIGTERM as a wish to end: long commands finish their line and sum up. */
#ifndef ATP_CLI_STOP_H
#define ATP_CLI_STOP_H

#include <stdbool.h>
#include <stdint.h>

/* From now on a first SIGINT or SIGTERM only sets the wish; a second one ends the program. */
void atp_stop_on_signals(void);

/* True once the wish is set. Thread: any. */
bool atp_stop_is_wanted(void);

/* Waits so long, or until the wish is set; true then. */
bool atp_stop_wait(int64_t ms);

#endif
