/* What show, reservations and export all tell of a reservation. */
#ifndef ATP_CLI_RECORD_OUT_H
#define ATP_CLI_RECORD_OUT_H

#include "tools/atp/cli.h"

/* The name of its state; "?" for one this atp does not know. */
const char *atp_record_state_text(unsigned state);

/* Begins a row and puts, in JSON, all but its lines. */
void atp_record_put_head(atp_out_t *out, const atp_record_t *record);

#endif
