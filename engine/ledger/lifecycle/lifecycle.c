#include "engine/ledger/lifecycle/lifecycle.h"

#include <stddef.h>

#define LINE(state) ATP_LINE_##state

const atp_step_rule_t atp_steps[ATP_STEP_COUNT] = {
    /* from, to, change of: reserved, allocated, on-hand */
    [ATP_STEP_RESERVE] = {"reserve", 1, {{LINE(ACCEPTED), LINE(RESERVED), +1, 0, 0}}},
    [ATP_STEP_ALLOCATE] = {"allocate", 1, {{LINE(RESERVED), LINE(ALLOCATED), -1, +1, 0}}},
    [ATP_STEP_RELEASE] = {"release",
                          3,
                          {{LINE(BACKORDERED), LINE(RELEASED), 0, 0, 0},
                           {LINE(RESERVED), LINE(RELEASED), -1, 0, 0},
                           {LINE(PEGGED), LINE(RELEASED), 0, 0, 0}}},
    [ATP_STEP_EXPIRE] = {"expire",
                         3,
                         {{LINE(RESERVED), LINE(EXPIRED), -1, 0, 0},
                          {LINE(PEGGED), LINE(EXPIRED), 0, 0, 0},
                          {LINE(BACKORDERED), LINE(EXPIRED), 0, 0, 0}}},
    [ATP_STEP_BACKORDER] = {"backorder",
                            2,
                            {{LINE(RESERVED), LINE(BACKORDERED), -1, 0, 0},
                             {LINE(ACCEPTED), LINE(BACKORDERED), 0, 0, 0}}},
    [ATP_STEP_REVOKE] = {"revoke",
                         2,
                         {{LINE(RESERVED), LINE(CANCELLED), -1, 0, 0},
                          {LINE(ALLOCATED), LINE(CANCELLED), 0, -1, 0}}},
    [ATP_STEP_REASSIGN] = {"reassign",
                           2,
                           {{LINE(RESERVED), LINE(ACCEPTED), -1, 0, 0},
                            {LINE(ALLOCATED), LINE(ACCEPTED), 0, -1, 0}}},
    [ATP_STEP_RE_SOURCE] = {"re_source",
                            3,
                            {{LINE(ALLOCATED), LINE(ACCEPTED), 0, -1, 0},
                             {LINE(PICKED), LINE(ACCEPTED), 0, -1, 0},
                             {LINE(PACKED), LINE(ACCEPTED), 0, -1, 0}}},
    [ATP_STEP_FILL] = {"fill", 1, {{LINE(BACKORDERED), LINE(RESERVED), +1, 0, 0}}},
    [ATP_STEP_PEG] = {"peg", 1, {{LINE(ACCEPTED), LINE(PEGGED), 0, 0, 0}}},
    [ATP_STEP_LAND] = {"land", 1, {{LINE(PEGGED), LINE(RESERVED), +1, 0, 0}}},
    [ATP_STEP_PICK] = {"pick", 1, {{LINE(ALLOCATED), LINE(PICKED), 0, 0, 0}}},
    [ATP_STEP_PACK] = {"pack",
                       2,
                       {{LINE(PICKED), LINE(PACKED), 0, 0, 0}, {LINE(ALLOCATED), LINE(PACKED), 0, 0, 0}}},
    [ATP_STEP_CANCEL] = {"cancel",
                         5,
                         {{LINE(ALLOCATED), LINE(CANCELLED), 0, -1, 0},
                          {LINE(PICKED), LINE(CANCELLED), 0, -1, 0},
                          {LINE(PACKED), LINE(CANCELLED), 0, -1, 0},
                          {LINE(PEGGED), LINE(CANCELLED), 0, 0, 0},
                          {LINE(BACKORDERED), LINE(CANCELLED), 0, 0, 0}}},
    [ATP_STEP_SHORT] = {"short",
                        3,
                        {{LINE(ALLOCATED), LINE(SHORT), 0, -1, 0},
                         {LINE(PICKED), LINE(SHORT), 0, -1, 0},
                         {LINE(PACKED), LINE(SHORT), 0, -1, 0}}},
    [ATP_STEP_SHIP] = {"ship",
                       3,
                       {{LINE(PACKED), LINE(SHIPPED), 0, -1, -1},
                        {LINE(PICKED), LINE(SHIPPED), 0, -1, -1},
                        {LINE(ALLOCATED), LINE(SHIPPED), 0, -1, -1}}},
    [ATP_STEP_SHIP_RESERVED] = {"ship_reserved", 1, {{LINE(RESERVED), LINE(SHIPPED), -1, 0, -1}}},
    [ATP_STEP_DELIVER] = {"deliver", 1, {{LINE(SHIPPED), LINE(DELIVERED), 0, 0, 0}}},
    [ATP_STEP_RETURN] = {"return",
                         3,
                         {{LINE(DELIVERED), LINE(RETURNED), 0, 0, 0},
                          {LINE(SHIPPED), LINE(RETURNED), 0, 0, 0},
                          {LINE(RECONCILED), LINE(RETURNED), 0, 0, 0}}},
    [ATP_STEP_RECONCILE] = {"reconcile",
                            3,
                            {{LINE(DELIVERED), LINE(RECONCILED), 0, 0, 0},
                             {LINE(SHIPPED), LINE(RECONCILED), 0, 0, 0},
                             {LINE(RETURNED), LINE(RETURN_RECONCILED), 0, 0, 0}}},
};

const atp_disposition_rule_t atp_dispositions[ATP_DISPOSITION_COUNT] = {
    [ATP_DISPOSITION_RESTOCK] = {"restock", +1, 0},
    [ATP_DISPOSITION_QUARANTINE] = {"quarantine", +1, +1},
    [ATP_DISPOSITION_DAMAGED] = {"damaged", +1, +1},
    [ATP_DISPOSITION_SCRAP] = {"scrap", 0, 0},
};

static const char *const state_names[ATP_LINE_STATE_COUNT] = {
    "accepted",          "reserved", "allocated",   "shipped",   "released", "expired",
    "cancelled",         "picked",   "packed",      "delivered", "returned", "reconciled",
    "return_reconciled", "short",    "backordered", "pegged",
};

/* Units that have not left cannot arrive, come back or be settled. */
static bool needs_shipped(atp_step_t step)
{
    return step == ATP_STEP_DELIVER || step == ATP_STEP_RETURN || step == ATP_STEP_RECONCILE;
}

atp_verdict_t atp_lifecycle_refusal(atp_step_t step, atp_line_state_t found)
{
    switch (found) {
    case ATP_LINE_RESERVED:
        return ATP_NOT_ALLOCATED;
    case ATP_LINE_ALLOCATED:
        return needs_shipped(step) ? ATP_NOT_SHIPPED : ATP_ALREADY_ALLOCATED;
    case ATP_LINE_PICKED:
        return needs_shipped(step) ? ATP_NOT_SHIPPED : ATP_ALREADY_PICKED;
    case ATP_LINE_PACKED:
        return needs_shipped(step) ? ATP_NOT_SHIPPED : ATP_ALREADY_PACKED;
    case ATP_LINE_SHIPPED:
        return ATP_ALREADY_SHIPPED;
    case ATP_LINE_DELIVERED:
        return ATP_ALREADY_DELIVERED;
    case ATP_LINE_RETURNED:
        return ATP_ALREADY_RETURNED;
    case ATP_LINE_RECONCILED:
    case ATP_LINE_RETURN_RECONCILED:
        return ATP_ALREADY_RECONCILED;
    case ATP_LINE_RELEASED:
        return ATP_ALREADY_RELEASED;
    case ATP_LINE_EXPIRED:
        return ATP_ALREADY_EXPIRED;
    case ATP_LINE_CANCELLED:
        return ATP_ALREADY_CANCELLED;
    case ATP_LINE_SHORT:
        return ATP_ALREADY_SHORT;
    case ATP_LINE_ACCEPTED:
    case ATP_LINE_BACKORDERED:
    case ATP_LINE_PEGGED:
    case ATP_LINE_STATE_COUNT:
        break;
    }
    return ATP_NOT_THAT_MANY;
}

/* Steps after which units begin anew, or not at all. */
static bool leads_no_further(unsigned step)
{
    return step == ATP_STEP_CANCEL || step == ATP_STEP_SHORT || step == ATP_STEP_REASSIGN ||
           step == ATP_STEP_RE_SOURCE;
}

/* The states that units get to from any in `states`, by any step; the ways that end a promise lead no further. */
static unsigned reach_from(unsigned states)
{
    unsigned reached = states;

    for (unsigned step = 0; step < ATP_STEP_COUNT; step++) {
        for (unsigned i = 0; i < atp_steps[step].row_count; i++) {
            const atp_transition_t *row = &atp_steps[step].rows[i];
            if (states >> row->from & 1 && !leads_no_further(step)) {
                reached |= 1u << row->to;
            }
        }
    }
    return reached;
}

bool atp_lifecycle_is_past(atp_step_t step, atp_line_state_t state)
{
    unsigned states = 0;
    unsigned reached = 0;

    for (unsigned i = 0; i < atp_steps[step].row_count; i++) {
        reached |= 1u << atp_steps[step].rows[i].to;
    }
    while (reached != states) {
        states = reached;
        reached = reach_from(states);
    }
    return (states >> state & 1) != 0;
}

const char *atp_line_state_name(unsigned state)
{
    return state < ATP_LINE_STATE_COUNT ? state_names[state] : NULL;
}
