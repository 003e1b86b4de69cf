/* Random steps of reservations to a ledger and to a model that keeps every single unit: each answer, each unit's state and each
 * bucket must be the same. The seed is printed when they differ. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <string.h>

#define STEPS        8000
#define RESERVATIONS 12
#define LINES        3
#define UNITS        4
#define NODES        2

/* One unit has a state; a line is its units, in no order. What was asked for and not granted is not there. */
typedef struct unit_line {
    int node;
    int unit_count;
    atp_line_state_t units[UNITS];
} unit_line_t;

typedef struct unit_reservation {
    char id[24];
    int order; /* 0 = none */
    int line_count;
    unit_line_t lines[LINES];
} unit_reservation_t;

typedef struct run {
    fixture_t f;
    uint64_t seed;
    uint64_t first_seed;
    unsigned step;
    unsigned made;
    unsigned seen[ATP_VERDICT_LIMIT];
    unsigned exceptions;
    unit_reservation_t reservations[RESERVATIONS]; /* the newest ones */
    atp_qty_t on_hand[NODES];
    atp_qty_t unavailable[NODES];
} run_t;

static const char *const nodes[NODES] = {"N", "M"};

static int draw(run_t *run, int below)
{
    return (int)(test_random(&run->seed) % (uint64_t)below);
}

static void same(const run_t *run, const char *what, long long has, long long expected)
{
    if (has != expected) {
        fail_msg("seed %llu, step %u: %s is %lld, the model says %lld", (unsigned long long)run->first_seed,
                 run->step, what, has, expected);
    }
}

static void same_verdict(run_t *run, const atp_result_t *result, atp_verdict_t expected)
{
    if (result->verdict != expected) {
        fail_msg("seed %llu, step %u: the answer is %s, the model says %s",
                 (unsigned long long)run->first_seed, run->step, atp_verdict_name(result->verdict),
                 atp_verdict_name(expected));
    }
    run->seen[expected]++;
}

/* ---- what each step does to a unit: said once more, in other words than the ledger's ---- */

typedef struct unit_step {
    atp_op_kind_t kind;
    atp_line_state_t from[3]; /* in this order; ACCEPTED ends it */
    atp_line_state_t to;
    atp_line_state_t past[8]; /* what a second report may find; ACCEPTED ends it */
} unit_step_t;

#define OUT_STATES                                                                                           \
    ATP_LINE_SHIPPED, ATP_LINE_DELIVERED, ATP_LINE_RETURNED, ATP_LINE_RECONCILED, ATP_LINE_RETURN_RECONCILED

static const unit_step_t unit_steps[] = {
    {ATP_OP_ALLOCATE, {ATP_LINE_RESERVED}, ATP_LINE_ALLOCATED, {0}},
    {ATP_OP_RELEASE, {ATP_LINE_RESERVED}, ATP_LINE_RELEASED, {0}},
    {ATP_OP_CANCEL, {ATP_LINE_ALLOCATED, ATP_LINE_PICKED, ATP_LINE_PACKED}, ATP_LINE_CANCELLED, {0}},
    {ATP_OP_SHORT, {ATP_LINE_ALLOCATED, ATP_LINE_PICKED, ATP_LINE_PACKED}, ATP_LINE_SHORT, {ATP_LINE_SHORT}},
    {ATP_OP_PICK, {ATP_LINE_ALLOCATED}, ATP_LINE_PICKED, {ATP_LINE_PICKED, ATP_LINE_PACKED, OUT_STATES}},
    {ATP_OP_PACK, {ATP_LINE_PICKED, ATP_LINE_ALLOCATED}, ATP_LINE_PACKED, {ATP_LINE_PACKED, OUT_STATES}},
    {ATP_OP_SHIP, {ATP_LINE_PACKED, ATP_LINE_PICKED, ATP_LINE_ALLOCATED}, ATP_LINE_SHIPPED, {0}},
    {ATP_OP_DELIVER,
     {ATP_LINE_SHIPPED},
     ATP_LINE_DELIVERED,
     {ATP_LINE_DELIVERED, ATP_LINE_RETURNED, ATP_LINE_RECONCILED, ATP_LINE_RETURN_RECONCILED}},
    {ATP_OP_RECONCILE,
     {ATP_LINE_DELIVERED, ATP_LINE_SHIPPED, ATP_LINE_RETURNED},
     ATP_LINE_RECONCILED,
     {ATP_LINE_RECONCILED, ATP_LINE_RETURN_RECONCILED, ATP_LINE_RETURNED}},
    {ATP_OP_RETURN, {ATP_LINE_DELIVERED, ATP_LINE_SHIPPED, ATP_LINE_RECONCILED}, ATP_LINE_RETURNED, {0}},
};
#define UNIT_STEPS ((int)(sizeof unit_steps / sizeof unit_steps[0]))

static int count_in(const unit_line_t *line, atp_line_state_t state)
{
    int count = 0;

    for (int i = 0; i < line->unit_count; i++) {
        count += line->units[i] == state;
    }
    return count;
}

static int count_from(const unit_line_t *line, const unit_step_t *step)
{
    int count = 0;

    for (int i = 0; i < 3 && step->from[i] != ATP_LINE_ACCEPTED; i++) {
        count += count_in(line, step->from[i]);
    }
    return count;
}

static int count_past(const unit_line_t *line, const unit_step_t *step)
{
    int count = 0;

    for (int i = 0; i < 8 && step->past[i] != ATP_LINE_ACCEPTED; i++) {
        count += count_in(line, step->past[i]);
    }
    return count;
}

/* Moves up to `most` units, in the order of the step's states; returns how many. */
static int move(run_t *run, unit_line_t *line, const unit_step_t *step, int most)
{
    int moved = 0;

    for (int k = 0; k < 3 && step->from[k] != ATP_LINE_ACCEPTED; k++) {
        for (int i = 0; i < line->unit_count && moved < most; i++) {
            if (line->units[i] != step->from[k]) {
                continue;
            }
            bool was_back = line->units[i] == ATP_LINE_RETURNED;
            line->units[i] = was_back ? ATP_LINE_RETURN_RECONCILED : step->to;
            run->on_hand[line->node] -= step->kind == ATP_OP_SHIP;
            run->unavailable[line->node] += step->kind == ATP_OP_SHORT; /* missing */
            moved++;
        }
    }
    return moved;
}

/* Why a line has nothing for a step. */
static atp_verdict_t refusal(const unit_line_t *line, atp_op_kind_t kind)
{
    static const struct {
        atp_line_state_t state;
        atp_verdict_t verdict;
        atp_verdict_t if_not_out;
    } order[] = {
        {ATP_LINE_RESERVED, ATP_NOT_ALLOCATED, ATP_NOT_ALLOCATED},
        {ATP_LINE_ALLOCATED, ATP_ALREADY_ALLOCATED, ATP_NOT_SHIPPED},
        {ATP_LINE_PICKED, ATP_ALREADY_PICKED, ATP_NOT_SHIPPED},
        {ATP_LINE_PACKED, ATP_ALREADY_PACKED, ATP_NOT_SHIPPED},
        {ATP_LINE_SHIPPED, ATP_ALREADY_SHIPPED, ATP_ALREADY_SHIPPED},
        {ATP_LINE_DELIVERED, ATP_ALREADY_DELIVERED, ATP_ALREADY_DELIVERED},
        {ATP_LINE_RECONCILED, ATP_ALREADY_RECONCILED, ATP_ALREADY_RECONCILED},
        {ATP_LINE_RETURNED, ATP_ALREADY_RETURNED, ATP_ALREADY_RETURNED},
        {ATP_LINE_RETURN_RECONCILED, ATP_ALREADY_RECONCILED, ATP_ALREADY_RECONCILED},
    };
    bool needs_out = kind == ATP_OP_DELIVER || kind == ATP_OP_RETURN || kind == ATP_OP_RECONCILE;

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (count_in(line, order[i].state) > 0) {
            return needs_out ? order[i].if_not_out : order[i].verdict;
        }
    }
    return ATP_APPLIED; /* it ended: how, depends on what of it ended last */
}

/* ---- requests ---- */

static unit_reservation_t *any_reservation(run_t *run)
{
    return &run->reservations[draw(run, RESERVATIONS)];
}

static void make_reservation(run_t *run, unit_reservation_t *made)
{
    atp_command_line_t lines[LINES];
    char words[40] = "";

    memset(made, 0, sizeof *made);
    snprintf(made->id, sizeof made->id, "r%u", run->made++);
    made->order = draw(run, 4);
    made->line_count = 1 + draw(run, LINES);
    for (int i = 0; i < made->line_count; i++) {
        unit_line_t *line = &made->lines[i];
        line->node = (i + draw(run, 2)) % NODES;
        line->unit_count = 1 + draw(run, UNITS);
        lines[i] = line_of("S", nodes[line->node], line->unit_count);
        for (int k = 0; k < line->unit_count; k++) {
            line->units[k] = ATP_LINE_RESERVED;
        }
    }
    if (made->order > 0) {
        snprintf(words, sizeof words, "order_id=o%d", made->order);
    }
    assert_verdict(do_with(&run->f,
                           (atp_command_t){.kind = ATP_OP_RESERVE,
                                           .id = atp_text_of(made->id),
                                           .line_count = (uint32_t)made->line_count,
                                           .lines = lines},
                           words),
                   ATP_APPLIED);
}

/* A line allocated in part gives its rest back. */
static void free_rest(unit_line_t *line)
{
    for (int i = 0; i < line->unit_count; i++) {
        line->units[i] = line->units[i] == ATP_LINE_RESERVED ? ATP_LINE_RELEASED : line->units[i];
    }
}

static void put_back(run_t *run, int node, int units, atp_disposition_t disposition)
{
    run->on_hand[node] += disposition == ATP_DISPOSITION_SCRAP ? 0 : units;
    run->unavailable[node] +=
        disposition == ATP_DISPOSITION_QUARANTINE || disposition == ATP_DISPOSITION_DAMAGED ? units : 0;
}

/* The words for a disposition, drawn. */
static const char *draw_disposition(run_t *run, atp_disposition_t *ret_disposition)
{
    static const char *const words[] = {"disposition=restock", "disposition=quarantine",
                                        "disposition=damaged", "disposition=scrap"};
    int drawn = draw(run, 4);

    *ret_disposition = (atp_disposition_t)drawn;
    return words[drawn];
}

/* All of a reservation. */
static void step_whole(run_t *run, unit_reservation_t *reservation, const unit_step_t *step)
{
    atp_disposition_t disposition;
    const char *words = draw_disposition(run, &disposition);
    int total = 0;

    for (int i = 0; i < reservation->line_count; i++) {
        total += count_from(&reservation->lines[i], step);
    }
    atp_result_t result = step_with(&run->f, step->kind, false, reservation->id, "S", "N", 0,
                                    step->kind == ATP_OP_RETURN ? words : "");
    if (total == 0) {
        if (refusal(&reservation->lines[0], step->kind) != ATP_APPLIED) {
            same_verdict(run, &result, refusal(&reservation->lines[0], step->kind));
        } else {
            assert_false(atp_verdict_is_success(result.verdict));
        }
        return;
    }
    same_verdict(run, &result, ATP_APPLIED);
    same(run, "the sum of the answer", result.qty, total);
    for (int i = 0; i < reservation->line_count; i++) {
        unit_line_t *line = &reservation->lines[i];
        run->exceptions += step->kind == ATP_OP_SHORT && count_from(line, step) > 0;
        int moved = move(run, line, step, UNITS);
        if (step->kind == ATP_OP_RETURN) {
            put_back(run, line->node, moved, disposition);
        }
    }
}

/* The line that a request means: the first at the node that has as many, else the first that has some, else the first. */
static unit_line_t *line_meant(unit_reservation_t *reservation, int node, const unit_step_t *step, int qty)
{
    unit_line_t *some = NULL;
    unit_line_t *any = NULL;

    for (int i = 0; i < reservation->line_count; i++) {
        unit_line_t *line = &reservation->lines[i];
        if (line->node != node) {
            continue;
        }
        if (count_from(line, step) >= qty) {
            return line;
        }
        some = some == NULL && count_from(line, step) > 0 ? line : some;
        any = any == NULL ? line : any;
    }
    return some != NULL ? some : any;
}

static void step_line_of(run_t *run, unit_reservation_t *reservation, const unit_step_t *step)
{
    int node = draw(run, NODES);
    int qty = 1 + draw(run, UNITS);
    unit_line_t *line = line_meant(reservation, node, step, qty);
    atp_result_t result = step_line(&run->f, step->kind, reservation->id, "S", nodes[node], qty);

    if (line == NULL) {
        same_verdict(run, &result, ATP_UNKNOWN_LINE);
        return;
    }
    if (count_from(line, step) < qty) {
        if (count_from(line, step) > 0) {
            same_verdict(run, &result, ATP_NOT_THAT_MANY);
        } else if (refusal(line, step->kind) != ATP_APPLIED) {
            same_verdict(run, &result, refusal(line, step->kind));
        } else {
            assert_false(atp_verdict_is_success(result.verdict));
        }
        return;
    }
    same_verdict(run, &result, ATP_APPLIED);
    move(run, line, step, qty);
    run->exceptions += step->kind == ATP_OP_SHORT;
    if (step->kind == ATP_OP_ALLOCATE) {
        free_rest(line);
    }
}

/* A step of one line, told. */
static void tell_line(run_t *run, unit_reservation_t *reservation, const unit_step_t *step)
{
    int node = draw(run, NODES);
    int qty = 1 + draw(run, UNITS);
    unit_line_t *first = NULL;
    int past = 0;
    int moved = 0;

    for (int i = 0; i < reservation->line_count; i++) {
        unit_line_t *line = &reservation->lines[i];
        if (line->node == node) {
            past += count_past(line, step);
            first = first == NULL ? line : first;
        }
    }
    atp_result_t result = step_fact(&run->f, step->kind, reservation->id, "S", nodes[node], qty);
    if (first == NULL) {
        run->exceptions++;
        same_verdict(run, &result, ATP_UNKNOWN_LINE);
        return;
    }
    for (int i = 0; i < reservation->line_count; i++) {
        unit_line_t *line = &reservation->lines[i];
        int here = line->node == node ? move(run, line, step, qty - moved) : 0;
        run->exceptions += step->kind == ATP_OP_SHORT && here > 0;
        moved += here;
    }
    bool is_left = qty - moved > past;
    run->exceptions += is_left;
    if (moved == 0 && is_left) {
        assert_false(atp_verdict_is_success(result.verdict));
    } else {
        same_verdict(run, &result, moved == 0 ? ATP_CONFIRMED : is_left ? ATP_APPLIED_IN_PART : ATP_APPLIED);
    }
}

/* Units that come back, asked or told: whichever lines they are of, those at the node first. */
static void give_back(run_t *run, unit_reservation_t *reservation, const unit_step_t *step)
{
    bool is_fact = draw(run, 2) == 0;
    int node = draw(run, NODES);
    int qty = 1 + draw(run, 2 * UNITS);
    int available = 0;
    int past = 0;
    int moved = 0;
    atp_disposition_t disposition;
    const char *words = draw_disposition(run, &disposition);

    for (int i = 0; i < reservation->line_count; i++) {
        available += count_from(&reservation->lines[i], step);
        past += count_in(&reservation->lines[i], ATP_LINE_RETURNED) +
                count_in(&reservation->lines[i], ATP_LINE_RETURN_RECONCILED);
    }
    atp_result_t result =
        step_with(&run->f, ATP_OP_RETURN, is_fact, reservation->id, "S", nodes[node], qty, words);
    if (!is_fact && qty > available) {
        assert_false(atp_verdict_is_success(result.verdict));
        run->seen[result.verdict]++;
        return;
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < reservation->line_count; i++) {
            unit_line_t *line = &reservation->lines[i];
            moved += (line->node == node) == (round == 0) ? move(run, line, step, qty - moved) : 0;
        }
    }
    if (qty - moved > past) {
        run->exceptions++;
        moved = qty;
    }
    same_verdict(run, &result, moved > 0 ? ATP_APPLIED : ATP_CONFIRMED);
    put_back(run, node, moved, disposition);
}

/* Release or cancel of a whole order. */
static void step_of_order(run_t *run)
{
    const unit_step_t *step = &unit_steps[1 + draw(run, 2)];
    int order = 1 + draw(run, 3);
    char words[40];
    int total = 0;
    bool is_there = false;

    snprintf(words, sizeof words, "order_id=o%d", order);
    for (int i = 0; i < RESERVATIONS; i++) {
        for (int k = 0; run->reservations[i].order == order && k < run->reservations[i].line_count; k++) {
            total += count_from(&run->reservations[i].lines[k], step);
            is_there = true;
        }
    }
    if (!is_there) {
        return; /* older ones of that order may still be kept */
    }
    atp_result_t result = step_with(&run->f, step->kind, false, "", "S", "N", 0, words);
    if (total > 0) {
        same_verdict(run, &result, ATP_APPLIED);
    } else if (atp_verdict_is_success(result.verdict)) {
        return; /* of one that the model has given up */
    }
    for (int i = 0; i < RESERVATIONS; i++) {
        for (int k = 0; run->reservations[i].order == order && k < run->reservations[i].line_count; k++) {
            move(run, &run->reservations[i].lines[k], step, UNITS);
        }
    }
}

/* ---- comparing ---- */

static void compare_reservation(run_t *run, const unit_reservation_t *reservation)
{
    static const atp_line_state_t counted[] = {ATP_LINE_RESERVED, ATP_LINE_ALLOCATED, ATP_LINE_PICKED,
                                               ATP_LINE_PACKED,   ATP_LINE_SHORT,     OUT_STATES};

    for (int i = 0; i < reservation->line_count; i++) {
        for (size_t k = 0; k < sizeof counted / sizeof counted[0]; k++) {
            same(run, atp_line_state_name(counted[k]),
                 line_units(&run->f, reservation->id, (uint16_t)i, counted[k]),
                 count_in(&reservation->lines[i], counted[k]));
        }
    }
}

static void compare(run_t *run)
{
    for (int i = 0; i < RESERVATIONS; i++) {
        if (run->reservations[i].line_count > 0) {
            compare_reservation(run, &run->reservations[i]);
        }
    }
    for (int node = 0; node < NODES; node++) {
        atp_position_view_t view = view_of(&run->f, "S", nodes[node]);
        same(run, "on hand", view.on_hand, run->on_hand[node]);
        same(run, "unavailable", view.unavailable, run->unavailable[node]);
    }
    same(run, "the number of exceptions", (long long)counts_of(&run->f).exceptions, run->exceptions);
}

/* Makes place for another reservation where nothing of the old one is live; the fixture keeps few ended ones, so those
 * are not asked about again. */
static void give_up(run_t *run, unit_reservation_t *old)
{
    for (int i = 0; i < old->line_count; i++) {
        if (count_in(&old->lines[i], ATP_LINE_RESERVED) > 0 ||
            count_from(&old->lines[i], &unit_steps[2]) > 0) {
            return;
        }
    }
    if (draw(run, 8) == 0) {
        make_reservation(run, old);
    }
}

static void do_one(run_t *run)
{
    unit_reservation_t *reservation = any_reservation(run);
    const unit_step_t *step = &unit_steps[draw(run, UNIT_STEPS)];
    int way = draw(run, 10);

    if (way == 0) {
        step_of_order(run);
    } else if (reservation->line_count == 0) {
        make_reservation(run, reservation);
    } else if (step->kind == ATP_OP_RETURN && way < 8) {
        give_back(run, reservation, step);
    } else if (way < 3) {
        step_whole(run, reservation, step);
    } else if (way < 7 || step->past[0] == ATP_LINE_ACCEPTED) {
        if (step->kind != ATP_OP_RETURN) {
            step_line_of(run, reservation, step);
        }
    } else {
        tell_line(run, reservation, step);
    }
    give_up(run, reservation);
}

static void steps_agree_with_a_model_of_single_units(void **state)
{
    (void)state;
    static run_t run;

    run.seed = run.first_seed = 20261121;
    atp_ledger_config_t config = fixture_config();
    config.outcomes = config.ids_per_client = 4 * STEPS; /* none is forgotten */
    config.history = 100;                                /* most of it is */
    run.f = fixture_open_journaled(&config);
    for (int node = 0; node < NODES; node++) {
        stock(&run.f, "S", nodes[node], 100000);
        run.on_hand[node] = 100000;
    }
    for (run.step = 0; run.step < STEPS; run.step++) {
        run.f.is_unchecked = run.step % 16 != 0;
        do_one(&run);
        compare(&run);
    }
    static const atp_verdict_t reached[] = {
        ATP_APPLIED,
        ATP_APPLIED_IN_PART,
        ATP_CONFIRMED,
        ATP_NOT_THAT_MANY,
        ATP_UNKNOWN_LINE,
        ATP_NOT_ALLOCATED,
        ATP_NOT_SHIPPED,
        ATP_ALREADY_PICKED,
        ATP_ALREADY_PACKED,
        ATP_ALREADY_SHIPPED,
        ATP_ALREADY_DELIVERED,
        ATP_ALREADY_RETURNED,
        ATP_ALREADY_RECONCILED,
        ATP_ALREADY_ALLOCATED,
    };
    for (size_t i = 0; i < sizeof reached / sizeof reached[0]; i++) {
        if (run.seen[reached[i]] == 0) {
            fail_msg("the steps never got to %s", atp_verdict_name(reached[i]));
        }
    }
    fixture_close(&run.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_agree_with_a_model_of_single_units)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
