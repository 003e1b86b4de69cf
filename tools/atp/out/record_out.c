#include "tools/atp/out/record_out.h"

const char *atp_record_state_text(unsigned state)
{
    const char *name = atp_record_state_name(state);

    return name != NULL ? name : "?";
}

void atp_record_put_head(atp_out_t *out, const atp_record_t *record)
{
    atp_out_row(out);
    atp_out_text(out, "reservation", NULL, record->id);
    atp_out_string(out, "state", NULL, atp_record_state_text(record->state));
    atp_out_text(out, "channel", NULL, record->channel);
    atp_out_text(out, "owner", NULL, record->owner);
    atp_out_time(out, "created_ms", NULL, record->created_ms);
    atp_out_uint(out, "version", NULL, record->version);
    atp_out_time(out, "deadline_ms", NULL, record->deadline_ms);
    atp_out_text(out, "order", NULL, record->order);
    atp_out_text(out, "status", NULL, record->status);
}
