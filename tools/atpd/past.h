/* atpd --past: what was promised at a time, and which ops made it so, told on paper. */
#ifndef ATP_ATPD_PAST_H
#define ATP_ATPD_PAST_H

#include "engine/past.h"
#include "tools/atpd/config.h"

/* Reads the past of the folder and prints it. ATP_ERR_INVALID: what is asked for is not a time, a position or an id. */
ATP_MUST_USE atp_err_t atp_past_tell(FILE *out, const char *folder, const atp_config_past_t *asked,
                                     atp_why_t *ret_why);

#endif
