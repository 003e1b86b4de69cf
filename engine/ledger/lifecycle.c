#include "engine/ledger/lifecycle.h"

#include <stddef.h>

const atp_transition_t atp_transitions[ATP_STEP_COUNT] = {
    /*                          name             from                 to                  res. all. on hand */
    [ATP_STEP_ALLOCATE] = {"allocate", ATP_LINE_RESERVED, ATP_LINE_ALLOCATED, -1, +1, 0},
    [ATP_STEP_RELEASE] = {"release", ATP_LINE_RESERVED, ATP_LINE_RELEASED, -1, 0, 0},
    [ATP_STEP_EXPIRE] = {"expire", ATP_LINE_RESERVED, ATP_LINE_EXPIRED, -1, 0, 0},
    [ATP_STEP_CANCEL] = {"cancel", ATP_LINE_ALLOCATED, ATP_LINE_CANCELLED, 0, -1, 0},
    [ATP_STEP_SHIP] = {"ship", ATP_LINE_ALLOCATED, ATP_LINE_SHIPPED, 0, -1, -1},
    [ATP_STEP_SHIP_RESERVED] = {"ship_reserved", ATP_LINE_RESERVED, ATP_LINE_SHIPPED, -1, 0, -1},
};

static const char *const state_names[ATP_LINE_STATE_COUNT] = {
    "nothing", "reserved", "allocated", "shipped", "released", "expired", "cancelled",
};

atp_verdict_t atp_lifecycle_refusal(atp_line_state_t found)
{
    switch (found) {
    case ATP_LINE_RESERVED:
        return ATP_NOT_ALLOCATED;
    case ATP_LINE_ALLOCATED:
        return ATP_ALREADY_ALLOCATED;
    case ATP_LINE_SHIPPED:
        return ATP_ALREADY_SHIPPED;
    case ATP_LINE_RELEASED:
        return ATP_ALREADY_RELEASED;
    case ATP_LINE_EXPIRED:
        return ATP_ALREADY_EXPIRED;
    case ATP_LINE_CANCELLED:
        return ATP_ALREADY_CANCELLED;
    case ATP_LINE_NOTHING:
    case ATP_LINE_STATE_COUNT:
        break;
    }
    return ATP_NOT_THAT_MANY;
}

const char *atp_line_state_name(unsigned state)
{
    return state < ATP_LINE_STATE_COUNT ? state_names[state] : NULL;
}
