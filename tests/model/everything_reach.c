/* What was met, and what never was: a generator that does not get somewhere proves nothing of it. */
#include "tests/model/everything.h"

#include "engine/ledger/ops/op_rules.h"
#include "engine/ledger/reservations/line_units.h"

#include <inttypes.h>

/* ---- noting ---- */

void reach_note(bench_t *bench)
{
    reach_t *reach = bench->reach;
    const act_t *act = bench->act;
    bool is_done = atp_verdict_is_success(bench->result.verdict) && bench->took_op;

    reach->verdicts[act->kind][bench->result.verdict]++;
    reach->conflicts += bench->result.verdict == ATP_CONFLICT;
    for (uint16_t i = 0; i < act->attribute_count; i++) {
        reach->drawn[act->kind][act->attributes[i].key]++;
        reach->applied[act->kind][act->attributes[i].key] += is_done;
    }
}

/* Units of the line before the op: none where the reservation is a new one. */
static atp_qty_t units_before(const bench_t *bench, uint32_t number, unsigned state)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(bench->ledger);
    const atp_line_t *line = atp_line_at(reservations, number);
    const line_before_t *before = &bench->lines[number];
    bool is_same = number < bench->line_count && before->reservation == line->reservation;

    return is_same ? before->units[state] : 0;
}

/* One step of the history, by the rows of its rule whose units went down, or that begin a promise. */
static void note_step(bench_t *bench, const atp_history_step_t *step, uint32_t number)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(bench->ledger);
    const atp_step_rule_t *rule = &atp_steps[step->step];

    for (unsigned i = 0; i < rule->row_count; i++) {
        const atp_transition_t *row = &rule->rows[i];
        atp_qty_t from = atp_line_units(reservations, number, (atp_line_state_t)row->from);
        bool is_new = row->from == ATP_LINE_ACCEPTED;
        if ((is_new && (rule->row_count == 1 || units_before(bench, number, ATP_LINE_RESERVED) == 0)) ||
            (!is_new && (from < units_before(bench, number, row->from) || rule->row_count == 1))) {
            bench->reach->edges[step->step][i]++;
        }
    }
}

void reach_note_edges(bench_t *bench)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(bench->ledger);
    const atp_history_t *history = &reservations->history;

    for (uint32_t number = 0; number < atp_table_count(&reservations->lines); number++) {
        const atp_line_t *line = atp_line_at(reservations, number);
        const atp_reservation_t *reservation = atp_reservation_at(reservations, line->reservation);
        if (reservation->status == ATP_RESERVATION_FREE) {
            continue;
        }
        const atp_history_step_t *step = atp_history_newest(history, line->reservation);
        for (; step != NULL && step->number > bench->history_before;
             step = atp_history_before(history, step)) {
            if (step->line == line->number && step->row == line->row) {
                note_step(bench, step, number);
            }
        }
    }
}

/* ---- telling ---- */

static bool is_known(unsigned kind)
{
    return kind < ATP_FIRST_CLIENT_KIND ? kind >= ATP_OP_CONFIGURE && atp_op_kind_name(kind) != NULL
                                        : atp_op_rule(kind)->is_known;
}

static uint64_t done(const reach_t *reach, unsigned kind)
{
    uint64_t count = 0;

    for (unsigned verdict = 0; verdict <= ATP_APPLIED_BEYOND; verdict++) {
        count += reach->verdicts[kind][verdict];
    }
    return count;
}

static uint64_t met(const reach_t *reach, unsigned verdict)
{
    uint64_t count = 0;

    for (unsigned kind = 0; kind < ATP_OP_KIND_LIMIT; kind++) {
        count += reach->verdicts[kind][verdict];
    }
    return count;
}

static void print_kinds(const reach_t *reach)
{
    for (unsigned kind = 0; kind < ATP_OP_KIND_LIMIT; kind++) {
        if (!is_known(kind)) {
            continue;
        }
        printf("%s:", atp_op_kind_name(kind));
        for (unsigned verdict = 0; verdict < ATP_VERDICT_LIMIT; verdict++) {
            if (reach->verdicts[kind][verdict] > 0) {
                printf(" %s %" PRIu64, atp_verdict_name(verdict), reach->verdicts[kind][verdict]);
            }
        }
        printf("\n   ");
        for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
            if (atp_attribute_takes(kind, key) != 0) {
                printf(" %s %" PRIu64 "/%" PRIu64, atp_attribute_rule(key)->name, reach->applied[kind][key],
                       reach->drawn[kind][key]);
            }
        }
        printf("\n");
    }
}

static void print_edges(const reach_t *reach)
{
    for (unsigned step = 0; step < ATP_STEP_COUNT; step++) {
        for (unsigned i = 0; i < atp_steps[step].row_count; i++) {
            printf("%s: %s -> %s %" PRIu64 "\n", atp_steps[step].name,
                   atp_line_state_name(atp_steps[step].rows[i].from),
                   atp_line_state_name(atp_steps[step].rows[i].to), reach->edges[step][i]);
        }
    }
    for (unsigned kind = 1; kind < ATP_EXCEPTION_KIND_LIMIT; kind++) {
        if (atp_exception_kind_name(kind) != NULL) {
            printf("exception %s %" PRIu64 "\n", atp_exception_kind_name(kind), reach->exceptions[kind]);
        }
    }
}

void reach_print(const reach_t *reach)
{
    print_kinds(reach);
    print_edges(reach);
    printf("by a day, through channels with rules: granted %" PRIu64 ", refused %" PRIu64 "\n",
           reach->dated_views[1], reach->dated_views[0]);
    printf("part of a kit that is on no shelf: %" PRIu64 "\n", reach->parts_of_kits);
    printf("returns of several lines: %" PRIu64 "\n", reach->returns_of_several);
    printf("quantities in units: %" PRIu64 " of all, %" PRIu64 " of tellers\n", reach->units_converted[0],
           reach->units_converted[1]);
    printf("told of stale nodes: %" PRIu64 " of nodes, %" PRIu64 " of channels there\n", reach->stale_told[1],
           reach->stale_told[0]);
}

/* ---- missing ---- */

/* Verdicts that are given before an op is one, or that so small a ledger does not give; where they are proven. */
static bool is_elsewhere(unsigned verdict)
{
    switch (verdict) {
    case ATP_MALFORMED: /* tests/model/test_model.c: forms that are wrong */
    case ATP_UNKNOWN_KIND:
    case ATP_ID_MISSING:
    case ATP_TEXT_INVALID:
    case ATP_LINES_MISSING:
    case ATP_UNSUPPORTED_VERSION: /* tests/protocol, tests/tools: of the wire */
    case ATP_MESSAGE_TOO_LARGE:
    case ATP_TOO_MANY_OPS:
    case ATP_UNAUTHORISED:
    case ATP_BUSY:
    case ATP_UNAVAILABLE:
    case ATP_QTY_MALFORMED:
    case ATP_TOO_MANY_ATTRIBUTES:
    case ATP_ATTRIBUTE_NOT_TAKEN: /* tests/engine/base/test_attribute.c */
    case ATP_UNKNOWN_ID:          /* of a question */
    case ATP_KIT_TOO_LARGE:       /* tests/model/test_kits.c: 8 deep, 512 components */
    case ATP_SUBSCRIBERS_FULL:    /* tests/engine/ledger/outbound/test_postings.c: 64 of them */
    case ATP_MERGE_TOO_LARGE: /* tests/engine/ledger/catalog/test_merge.c: 4,096 positions, 10,000 lines */
        return true;
    default:
        return false;
    }
}

static unsigned missing_kinds(const reach_t *reach)
{
    unsigned missing = 0;

    for (unsigned kind = 0; kind < ATP_OP_KIND_LIMIT; kind++) {
        if (!is_known(kind)) {
            continue;
        }
        if (done(reach, kind) == 0) {
            printf("never done: %s\n", atp_op_kind_name(kind));
            missing++;
        }
        for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
            if (atp_attribute_takes(kind, key) != 0 && reach->applied[kind][key] == 0) {
                printf("never in a %s that was done: %s (drawn %" PRIu64 " times)\n", atp_op_kind_name(kind),
                       atp_attribute_rule(key)->name, reach->drawn[kind][key]);
                missing++;
            }
        }
    }
    return missing;
}

static unsigned missing_outcomes(const reach_t *reach)
{
    unsigned missing = 0;

    for (unsigned verdict = 0; verdict < ATP_VERDICT_LIMIT; verdict++) {
        if (atp_verdict_name(verdict) != NULL && !is_elsewhere(verdict) && met(reach, verdict) == 0) {
            printf("never answered: %s\n", atp_verdict_name(verdict));
            missing++;
        }
    }
    for (unsigned step = 0; step < ATP_STEP_COUNT; step++) {
        for (unsigned i = 0; i < atp_steps[step].row_count; i++) {
            if (reach->edges[step][i] == 0) {
                printf("never made: %s from %s\n", atp_steps[step].name,
                       atp_line_state_name(atp_steps[step].rows[i].from));
                missing++;
            }
        }
    }
    for (unsigned kind = 1; kind < ATP_EXCEPTION_KIND_LIMIT; kind++) {
        if (atp_exception_kind_name(kind) != NULL && reach->exceptions[kind] == 0) {
            printf("never raised: %s\n", atp_exception_kind_name(kind));
            missing++;
        }
    }
    return missing;
}

unsigned reach_missing(const reach_t *reach)
{
    unsigned missing = missing_kinds(reach) + missing_outcomes(reach);

    for (unsigned is_granted = 0; is_granted < 2; is_granted++) {
        bool is_compared = reach->promises[is_granted] > 0 && reach->explained[is_granted] > 0 &&
                           reach->availability[is_granted] > 0 && reach->schedules[is_granted] > 0 &&
                           reach->dated_views[is_granted] > 0 && reach->accounts[is_granted] > 0;
        if (!is_compared) {
            printf("a question never asked before a reserve that was %s\n",
                   is_granted ? "granted" : "refused");
            missing++;
        }
    }
    static const char *const others[] = {"an op again",
                                         "a conflict",
                                         "a refusal looked at for its trace",
                                         "kits that left without a promise",
                                         "the fact of an exception again",
                                         "a return of several lines",
                                         "a quantity in a unit of all",
                                         "a quantity in a unit of its teller",
                                         "a channel told of at a stale node",
                                         "a stale node told of",
                                         "the fate of a fact that was refused",
                                         "the fate of one that was taken"};
    const uint64_t counts[] = {reach->repeats,
                               reach->conflicts,
                               reach->refusals_without_a_trace,
                               reach->kits_without_promise,
                               reach->facts_replayed,
                               reach->returns_of_several,
                               reach->units_converted[0],
                               reach->units_converted[1],
                               reach->stale_told[0],
                               reach->stale_told[1],
                               reach->fates[0],
                               reach->fates[1]};
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (counts[i] == 0) {
            printf("never: %s\n", others[i]);
            missing++;
        }
    }
    return missing;
}

/* ---- an act in words ---- */

static void print_attributes(FILE *to, const act_t *act)
{
    for (uint16_t i = 0; i < act->attribute_count; i++) {
        const act_attribute_t *attribute = &act->attributes[i];
        const atp_attribute_rule_t *rule = atp_attribute_rule(attribute->key);
        fprintf(to, " %s=", rule->name);
        if (atp_attribute_is_text(rule)) {
            fprintf(to, "%s", attribute->text);
        } else {
            fprintf(to, "%" PRId64, attribute->number);
        }
        if (attribute->decimals > 0) {
            fprintf(to, "e-%u", attribute->decimals);
        }
        if (attribute->line != ATP_WHOLE_OP) {
            fprintf(to, "(line %u)", attribute->line);
        }
    }
}

void act_print(FILE *to, const act_t *act, int64_t begin_ms)
{
    fprintf(to, "%+10" PRId64 " %s%s%s%s", act->at_ms - begin_ms, act->ends_frame ? "| " : "",
            act->is_asked ? "? " : "", act->is_fact || act->in_source ? "fact " : "",
            atp_op_kind_name(act->kind));
    if (act->kind == ATP_OP_SOURCE) {
        fprintf(to, " %s epoch %" PRIu64 " sequence %" PRIu64 " kept from %" PRIu64 " after %" PRIu64,
                act->name, act->epoch, act->sequence, act->kept_from, act->after);
    }
    fprintf(to, "%s%s%s%s%s%s%s%s", act->id[0] ? " id=" : "", act->id, act->reservation[0] ? " of=" : "",
            act->reservation, act->subject[0] ? " subject=" : "", act->subject,
            act->channel[0] ? " channel=" : "", act->channel);
    if (act->option != 0) {
        fprintf(to, " option=%u", act->option);
    }
    if (act->number != 0) {
        fprintf(to, " ttl=%" PRId64, act->number);
    }
    for (uint16_t i = 0; i < act->line_count; i++) {
        const act_line_t *line = &act->lines[i];
        fprintf(to, " %s@%s=%" PRId64, line->sku, line->node[0] ? line->node : "?", line->mantissa);
        if (line->decimals > 0) {
            fprintf(to, "e-%u", line->decimals);
        }
    }
    print_attributes(to, act);
    fprintf(to, "%s\n", act->is_again ? " (twice)" : "");
}
