/* The ledger beside the model of kits on random ops.
 *
 *     test_model_kits [SEED [OPS]]
 *
 * Recipes come and go, nest, and have dates; stock and reservations of kits and of their components meet at a few nodes. After
 * every op what availability shows of a kit somewhere is what the model counts, and what is reserved of every SKU too. */
#include "tests/engine/ledger/ledger_fixture.h"
#include "tests/model/model_kits.h"

#include "engine/base/attribute.h"
#include "query/kits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OPS_DEFAULT 20000u
#else
#define OPS_DEFAULT 100000u
#endif

#define LINES_MAX      3
#define KITS_MAX       8
#define COMPONENTS_MAX 14

static uint64_t seed = 20261121;
static uint64_t ops_wanted = OPS_DEFAULT;
static uint64_t reached[ATP_VERDICT_LIMIT];

static const char *const sku_names[MODEL_KIT_SKUS] = {"s0", "s1", "s2", "s3", "s4",
                                                      "s5", "s6", "s7", "s8", "s9"};
static const char *const node_names[MODEL_KIT_NODES] = {"n0", "n1", "n2"};

typedef struct run {
    fixture_t f;
    model_kits_t model;
    uint64_t random;
    unsigned next_number;
    bool was_kit[MODEL_KIT_SKUS];
} run_t;

static unsigned below(run_t *run, unsigned limit)
{
    return (unsigned)(test_random(&run->random) % limit);
}

static void expect_verdict(const run_t *run, const atp_result_t *result, atp_verdict_t expected)
{
    if (result->verdict != expected) {
        fail_msg("op %llu: %s, the model says %s", (unsigned long long)result->op,
                 atp_verdict_name(result->verdict), atp_verdict_name(expected));
    }
    (void)run;
    reached[expected]++;
}

/* ---- recipes ---- */

static unsigned count_all(const run_t *run, bool of_components)
{
    unsigned count = 0;

    for (unsigned i = 0; i < MODEL_KIT_SKUS; i++) {
        count += of_components ? run->model.recipes[i].count : run->was_kit[i];
    }
    return count;
}

static bool is_any_too_large(const model_kits_t *model)
{
    for (unsigned i = 0; i < MODEL_KIT_SKUS; i++) {
        if (model_kits_depth(model, i) > ATP_KIT_DEPTH_MAX ||
            model_kits_entries(model, i) > ATP_KIT_ENTRIES_MAX) {
            return true;
        }
    }
    return false;
}

static atp_verdict_t judge_recipe(run_t *run, unsigned kit, const model_recipe_t *recipe)
{
    model_recipe_t before = run->model.recipes[kit];
    atp_verdict_t verdict = ATP_APPLIED;

    if (model_kits_has_cycle(&run->model, kit, recipe)) {
        return ATP_KIT_CYCLE;
    }
    run->model.recipes[kit] = *recipe;
    if (is_any_too_large(&run->model)) {
        verdict = ATP_KIT_TOO_LARGE;
    } else if (recipe->count > 0 && !run->was_kit[kit] && count_all(run, false) == KITS_MAX) {
        verdict = ATP_KITS_FULL;
    } else if (count_all(run, true) > COMPONENTS_MAX) {
        verdict = ATP_COMPONENTS_FULL;
    }
    if (verdict != ATP_APPLIED) {
        run->model.recipes[kit] = before;
    }
    run->was_kit[kit] = run->was_kit[kit] || (verdict == ATP_APPLIED && recipe->count > 0);
    return verdict;
}

static void draw_recipe(run_t *run, unsigned kit, model_recipe_t *recipe)
{
    bool is_chain = below(run, 3) == 0;

    memset(recipe, 0, sizeof *recipe);
    recipe->count = is_chain ? 1 : below(run, MODEL_KIT_COMPONENTS + 1);
    for (unsigned i = 0; i < recipe->count; i++) {
        model_component_t *component = &recipe->components[i];
        component->sku = is_chain ? (kit + 1) % MODEL_KIT_SKUS : below(run, MODEL_KIT_SKUS);
        component->qty = 1 + below(run, 3);
        if (below(run, 4) == 0) {
            component->start_ms = run->f.now_ms + (int64_t)below(run, 40) - 20;
        }
        if (below(run, 4) == 0) {
            int64_t from = component->start_ms != 0 ? component->start_ms : run->f.now_ms;
            component->end_ms = from + 1 + below(run, 60);
        }
    }
}

static void put_recipe(run_t *run)
{
    unsigned kit = below(run, MODEL_KIT_SKUS);
    model_recipe_t recipe;
    atp_command_line_t lines[MODEL_KIT_COMPONENTS];
    atp_attribute_t dates[2 * MODEL_KIT_COMPONENTS];
    uint32_t date_count = 0;

    draw_recipe(run, kit, &recipe);
    for (unsigned i = 0; i < recipe.count; i++) {
        const model_component_t *component = &recipe.components[i];
        lines[i] = line_of(sku_names[component->sku], "", component->qty);
        dates[date_count++] =
            (atp_attribute_t){.key = ATP_KEY_START, .line = (uint16_t)i, .number = component->start_ms};
        dates[date_count++] =
            (atp_attribute_t){.key = ATP_KEY_END, .line = (uint16_t)i, .number = component->end_ms};
    }
    atp_result_t result = fixture_do(&run->f, (atp_command_t){.kind = ATP_OP_KIT,
                                                              .subject = atp_text_of(sku_names[kit]),
                                                              .line_count = recipe.count,
                                                              .lines = lines,
                                                              .attribute_count = date_count,
                                                              .attributes = dates});
    expect_verdict(run, &result, judge_recipe(run, kit, &recipe));
}

/* ---- stock ---- */

static void count_stock(run_t *run)
{
    unsigned node = below(run, MODEL_KIT_NODES);
    unsigned sku = below(run, MODEL_KIT_SKUS);
    atp_qty_t qty = below(run, 12);

    atp_result_t result = fact(&run->f, ATP_OP_COUNT, sku_names[sku], node_names[node], qty);
    expect_verdict(run, &result, qty == run->model.on_hand[node][sku] ? ATP_CONFIRMED : ATP_APPLIED);
    run->model.on_hand[node][sku] = qty;
}

/* ---- reservations ---- */

typedef struct wanted {
    unsigned sku;
    unsigned node; /* MODEL_KIT_NODES: any */
    atp_qty_t qty;
} wanted_t;

typedef atp_qty_t shelf_t[MODEL_KIT_NODES][MODEL_KIT_SKUS];

static void copy_free(const model_kits_t *model, shelf_t free)
{
    for (unsigned node = 0; node < MODEL_KIT_NODES; node++) {
        for (unsigned sku = 0; sku < MODEL_KIT_SKUS; sku++) {
            atp_qty_t units = model_kits_free(model, node, sku);
            free[node][sku] = units > 0 ? units : 0;
        }
    }
}

/* Takes as many as there are, up to `qty`. */
static atp_qty_t take_some(const model_kits_t *model, unsigned sku, atp_qty_t qty, atp_qty_t *free,
                           atp_qty_t *taken)
{
    for (atp_qty_t got = 0; got < qty; got++) {
        atp_qty_t free_before[MODEL_KIT_SKUS];
        atp_qty_t taken_before[MODEL_KIT_SKUS];
        memcpy(free_before, free, sizeof free_before);
        memcpy(taken_before, taken, sizeof taken_before);
        if (!model_kits_take(model, sku, 1, free, taken)) {
            memcpy(free, free_before, sizeof free_before);
            memcpy(taken, taken_before, sizeof taken_before);
            return got;
        }
    }
    return qty;
}

static atp_qty_t take_line(const model_kits_t *model, const wanted_t *wanted, shelf_t free, shelf_t taken)
{
    atp_qty_t got = 0;

    for (unsigned node = 0; node < MODEL_KIT_NODES; node++) {
        if (wanted->node == node || wanted->node == MODEL_KIT_NODES) {
            got += take_some(model, wanted->sku, wanted->qty - got, free[node], taken[node]);
        }
    }
    return got;
}

static atp_verdict_t judge_reserve(const run_t *run, const wanted_t *wanted, unsigned count, bool is_partial,
                                   shelf_t taken, atp_qty_t *ret_got)
{
    shelf_t free;
    bool is_whole = true;

    copy_free(&run->model, free);
    *ret_got = 0;
    for (unsigned i = 0; i < count; i++) {
        atp_qty_t got = take_line(&run->model, &wanted[i], free, taken);
        if (got < wanted[i].qty && !is_partial) {
            return ATP_NOT_ENOUGH_AVAILABLE;
        }
        is_whole = is_whole && got == wanted[i].qty;
        *ret_got += got;
    }
    if (*ret_got == 0) {
        return ATP_NOT_ENOUGH_AVAILABLE;
    }
    return is_whole ? ATP_APPLIED : ATP_APPLIED_IN_PART;
}

static model_kit_reservation_t *free_record(run_t *run)
{
    for (unsigned i = 0; i < MODEL_KIT_RECORDS; i++) {
        if (!run->model.reservations[i].is_live) {
            return &run->model.reservations[i];
        }
    }
    return NULL;
}

static void reserve_some(run_t *run)
{
    model_kit_reservation_t *record = free_record(run);
    wanted_t wanted[LINES_MAX];
    atp_command_line_t lines[LINES_MAX];
    unsigned count = 1 + (below(run, 3) == 0 ? below(run, LINES_MAX) : 0);
    bool is_partial = below(run, 3) == 0;
    int64_t ttl_ms = 1 + below(run, 80);
    shelf_t taken = {{0}};
    atp_qty_t got;
    char id[16];

    if (record == NULL) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        wanted[i] =
            (wanted_t){below(run, MODEL_KIT_SKUS), below(run, MODEL_KIT_NODES + 1), 1 + below(run, 5)};
        lines[i] =
            line_of(sku_names[wanted[i].sku],
                    wanted[i].node == MODEL_KIT_NODES ? "" : node_names[wanted[i].node], wanted[i].qty);
    }
    record->number = run->next_number++;
    snprintf(id, sizeof id, "r%u", record->number);
    atp_verdict_t expected = judge_reserve(run, wanted, count, is_partial, taken, &got);
    atp_result_t result = fixture_do(
        &run->f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                 .id = atp_text_of(id),
                                 .ttl_ms = ttl_ms,
                                 .option = is_partial ? ATP_RESERVE_PARTIAL : ATP_RESERVE_ALL_OR_NOTHING,
                                 .line_count = count,
                                 .lines = lines});
    expect_verdict(run, &result, expected);
    if (expected != ATP_NOT_ENOUGH_AVAILABLE) {
        assert_int_equal(result.qty, got);
        record->is_live = true;
        record->deadline_ms = run->f.now_ms + ttl_ms;
        memcpy(record->units, taken, sizeof record->units);
    }
}

/* Release, or allocate and ship, of all of a reservation. */
static void end_one(run_t *run)
{
    model_kit_reservation_t *record = &run->model.reservations[below(run, MODEL_KIT_RECORDS)];
    bool ships = below(run, 2) == 0;
    char id[16];

    if (!record->is_live) {
        return;
    }
    snprintf(id, sizeof id, "r%u", record->number);
    atp_result_t result = step_all(&run->f, ships ? ATP_OP_ALLOCATE : ATP_OP_RELEASE, id);
    expect_verdict(run, &result, ATP_APPLIED);
    record->is_live = false;
    if (!ships) {
        return;
    }
    result = step_all(&run->f, ATP_OP_SHIP, id);
    expect_verdict(run, &result, ATP_APPLIED);
    for (unsigned node = 0; node < MODEL_KIT_NODES; node++) {
        for (unsigned sku = 0; sku < MODEL_KIT_SKUS; sku++) {
            run->model.on_hand[node][sku] -= record->units[node][sku];
        }
    }
}

/* ---- comparing ---- */

typedef struct due {
    uint32_t count;
    uint32_t skus[MODEL_KIT_SKUS];
    uint16_t nodes[MODEL_KIT_SKUS];
} due_t;

static void note_due(void *context, uint32_t sku, uint16_t node)
{
    due_t *due = context;

    due->skus[due->count] = sku;
    due->nodes[due->count++] = node;
}

static atp_qty_t read_available(run_t *run, unsigned node, unsigned sku)
{
    for (;;) {
        due_t due = {.count = 0};
        atp_availability_t read;
        static atp_bill_t bill;
        atp_availability_lay_out(run->f.ledger, sku, run->f.now_ms, &bill);
        atp_availability_read_kit(run->f.ledger, &bill, (uint16_t)node, run->f.now_ms, note_due, &due, &read);
        if (read.is_due) {
            note_due(&due, sku, (uint16_t)node);
        }
        if (due.count == 0) {
            return read.shown;
        }
        for (uint32_t i = 0; i < due.count; i++) {
            (void)settle(&run->f, sku_names[due.skus[i]], node_names[due.nodes[i]]);
        }
    }
}

static void compare(run_t *run)
{
    unsigned node = below(run, MODEL_KIT_NODES);
    unsigned sku = below(run, MODEL_KIT_SKUS);
    atp_qty_t shown = read_available(run, node, sku);
    atp_qty_t expected = model_kits_available(&run->model, node, sku);

    if (shown != expected) {
        fail_msg("op %llu: %s at %s: %lld are shown, the model says %lld",
                 (unsigned long long)counts_of(&run->f).op, sku_names[sku], node_names[node],
                 (long long)shown, (long long)expected);
    }
    for (sku = 0; sku < MODEL_KIT_SKUS; sku++) {
        assert_int_equal(atp_of(&run->f, sku_names[sku], node_names[node]),
                         model_kits_free(&run->model, node, sku));
    }
}

/* ---- the run ---- */

static void step_once(run_t *run)
{
    unsigned dice = below(run, 100);

    run->f.now_ms += below(run, 4);
    run->model.now_ms = run->f.now_ms;
    model_kits_expire(&run->model);
    if (dice < 12) {
        put_recipe(run);
    } else if (dice < 40) {
        count_stock(run);
    } else if (dice < 85) {
        reserve_some(run);
    } else {
        end_one(run);
    }
    compare(run);
}

static void kits_are_as_the_model_says(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    run_t *run = calloc(1, sizeof *run);

    assert_non_null(run);
    config.kits = KITS_MAX;
    config.components = COMPONENTS_MAX;
    config.ids_per_client = UINT64_MAX;
    run->f = fixture_open(&config);
    run->f.is_unchecked = true;
    run->random = seed;
    for (unsigned node = 0; node < MODEL_KIT_NODES; node++) {
        for (unsigned sku = 0; sku < MODEL_KIT_SKUS; sku++) {
            stock(&run->f, sku_names[sku], node_names[node], 3);
            run->model.on_hand[node][sku] = 3;
        }
    }
    for (uint64_t i = 0; i < ops_wanted; i++) {
        step_once(run);
        if (i % 500 == 0) {
            fixture_check(&run->f);
        }
    }
    fixture_close(&run->f);
    free(run);
    for (unsigned i = 0; i < ATP_VERDICT_LIMIT; i++) {
        if (reached[i] > 0) {
            print_message("%-24s %" PRIu64 "\n", atp_verdict_name(i), reached[i]);
        }
    }
    assert_true(reached[ATP_KIT_CYCLE] > 0 && reached[ATP_KIT_TOO_LARGE] > 0 && reached[ATP_KITS_FULL] > 0 &&
                reached[ATP_COMPONENTS_FULL] > 0 && reached[ATP_APPLIED_IN_PART] > 0 &&
                reached[ATP_NOT_ENOUGH_AVAILABLE] > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kits_are_as_the_model_says),
    };

    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : seed;
    ops_wanted = argc > 2 ? strtoull(argv[2], NULL, 10) : ops_wanted;
    print_message("seed %" PRIu64 ", %" PRIu64 " ops\n", seed, ops_wanted);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
