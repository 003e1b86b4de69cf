#include "tools/atp/load/load_pace.h"

bool atp_load_pace_is_look_due(atp_load_pace_t *pace, int64_t now_ms)
{
    if (!pace->has_begun) {
        pace->has_begun = true;
        pace->looked_ms = now_ms;
    }
    return now_ms - pace->looked_ms >= ATP_LOAD_LOOK_MS;
}

/* Own requests are counted before they are sent, so that those on their way are never taken for another's; but then the next look finds
 * them. */
static bool are_others_there(const atp_load_pace_t *pace, int64_t now_ms, uint64_t requests, uint64_t own)
{
    uint64_t all = requests - pace->requests;
    uint64_t ours = own - pace->own;
    uint64_t elapsed_ms = (uint64_t)(now_ms - pace->looked_ms);

    return all > ours && (all - ours) * 1000 >= ATP_LOAD_OTHERS_MIN * elapsed_ms;
}

void atp_load_pace_note(atp_load_pace_t *pace, int64_t now_ms, uint64_t requests, uint64_t own)
{
    bool can_tell = pace->has_looked && requests >= pace->requests && now_ms > pace->looked_ms;

    if (can_tell && are_others_there(pace, now_ms, requests, own)) {
        pace->gentle_looks = ATP_LOAD_CALM_LOOKS;
    } else if (pace->gentle_looks > 0) {
        pace->gentle_looks--;
    }
    pace->has_looked = true;
    pace->looked_ms = now_ms;
    pace->requests = requests;
    pace->own = own;
}

uint32_t atp_load_pace_rows(const atp_load_pace_t *pace)
{
    return pace->gentle_looks > 0 ? ATP_LOAD_GENTLE_ROWS : ATP_LOAD_FAST_ROWS;
}

uint32_t atp_load_pace_rest_ns(const atp_load_pace_t *pace)
{
    return pace->gentle_looks > 0 ? ATP_LOAD_REST_NS : 0;
}
