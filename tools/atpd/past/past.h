/* atpd --past: what was promised at a time, and which ops made it so, told on paper. */
#ifndef ATP_ATPD_PAST_H
#define ATP_ATPD_PAST_H

#include "engine/ledger/explain/ledger_explain.h"
#include "engine/past.h"
#include "tools/atpd/config/config.h"

#define ATP_PAST_PARTS_MAX   64
#define ATP_PAST_HOLDERS_MAX 64

/* The account of the position asked for. */
void atp_past_explain(const atp_past_report_t *report, atp_explain_room_t *room);
/* Calls `visit` for the first ATP_PAST_HOLDERS_MAX lines that have something of the position, in the order of their records.
 * Returns how many there are. */
uint64_t atp_past_holders(const atp_past_report_t *report,
                          void (*visit)(void *context, const atp_past_report_t *report,
                                        const atp_line_t *line),
                          void *context);
/* All of it as one JSON object. */
ATP_MUST_USE atp_err_t atp_past_put_json(FILE *out, const atp_config_past_t *asked, const atp_past_t *past,
                                         uint8_t scale, atp_why_t *ret_why);

/* Reads the past of the folder and prints it. ATP_ERR_INVALID: what is asked for is not a time, a position or an id. */
ATP_MUST_USE atp_err_t atp_past_tell(FILE *out, const char *folder, const atp_config_past_t *asked,
                                     atp_why_t *ret_why);

#endif
