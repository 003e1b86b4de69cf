/* The ledger beside the model of kits on random ops.
 *
 *     test_model_kits [SEED [OPS]]
 *
 * Recipes come and go, nest, and have dates; stock and reservations of kits and of their components meet at a few nodes. Kits are
 * sold over the counter and elsewhere, reservations are edited, shipped and come back. After every op what availability shows of a
 * kit somewhere is what the model counts, and what is free of every SKU too; and the level that was told last of one is that of
 * what there is of it in all. A second ledger is told the same ops and has
 * the same state, always. */
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
    fixture_t replay;
    uint64_t requests;
    model_kits_t model;
    uint64_t random;
    unsigned next_number;
    uint64_t edits;
    uint64_t returns;
    bool was_kit[MODEL_KIT_SKUS];
} run_t;

static unsigned below(run_t *run, unsigned limit)
{
    return (unsigned)(test_random(&run->random) % limit);
}

/* The same op in both ledgers. */
static atp_result_t act(run_t *run, atp_command_t command)
{
    char id[16];

    snprintf(id, sizeof id, "q%llu", (unsigned long long)run->requests++);
    command.id = command.id.size == 0 ? atp_text_of(id) : command.id;
    atp_result_t result = fixture_do(&run->f, command);
    atp_result_t again = fixture_do(&run->replay, command);
    assert_int_equal(result.verdict, again.verdict);
    assert_int_equal(result.qty, again.qty);
    return result;
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
    bool is_chain = below(run, 2) == 0;

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
    atp_result_t result = act(run, (atp_command_t){.kind = ATP_OP_KIT,
                                                   .subject = atp_text_of(sku_names[kit]),
                                                   .line_count = recipe.count,
                                                   .lines = lines,
                                                   .attribute_count = date_count,
                                                   .attributes = dates});
    expect_verdict(run, &result, judge_recipe(run, kit, &recipe));
}

/* ---- stock ---- */

static atp_result_t tell(run_t *run, atp_op_kind_t kind, unsigned sku, unsigned node, atp_qty_t qty)
{
    const atp_command_line_t line = line_of(sku_names[sku], node_names[node], qty);

    return act(run, (atp_command_t){.kind = kind, .is_fact = true, .line_count = 1, .lines = &line});
}

static void count_stock(run_t *run)
{
    unsigned node = below(run, MODEL_KIT_NODES);
    unsigned sku = below(run, MODEL_KIT_SKUS);
    atp_qty_t qty = below(run, 12);

    atp_result_t result = tell(run, ATP_OP_COUNT, sku, node, qty);
    expect_verdict(run, &result, qty == run->model.on_hand[node][sku] ? ATP_CONFIRMED : ATP_APPLIED);
    run->model.on_hand[node][sku] = qty;
}

/* Over the counter: from the shelf, whoever it is promised to. */
static void sell_some(run_t *run)
{
    unsigned node = below(run, MODEL_KIT_NODES);
    unsigned sku = below(run, MODEL_KIT_SKUS);
    atp_qty_t qty = 1 + below(run, 3);
    atp_qty_t taken[MODEL_KIT_SKUS] = {0};

    atp_result_t result = tell(run, ATP_OP_SALE, sku, node, qty);
    expect_verdict(run, &result, ATP_APPLIED);
    model_kits_take_all(&run->model, sku, qty, run->model.on_hand[node], taken);
}

/* ---- reservations ---- */

static atp_verdict_t judge_reserve(const run_t *run, const model_kit_wanted_t *wanted, unsigned count,
                                   bool is_partial, model_kit_reservation_t *record, atp_qty_t *ret_got)
{
    model_shelf_t free;
    bool is_whole = true;

    model_kits_copy_free(&run->model, record->is_track_only, free);
    *ret_got = 0;
    for (unsigned i = 0; i < count; i++) {
        atp_qty_t got = model_kits_take_line(&run->model, &wanted[i], NULL, false, free, record);
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

/* Some record that lives, or was shipped; NULL: there is none. */
static model_kit_reservation_t *some_record(run_t *run, bool is_shipped)
{
    unsigned first = below(run, MODEL_KIT_RECORDS);

    for (unsigned i = 0; i < MODEL_KIT_RECORDS; i++) {
        model_kit_reservation_t *record = &run->model.reservations[(first + i) % MODEL_KIT_RECORDS];
        if (is_shipped ? record->is_shipped : record->is_live) {
            return record;
        }
    }
    return NULL;
}

static void draw_lines(run_t *run, unsigned count, bool is_node_named, model_kit_wanted_t *wanted,
                       atp_command_line_t *ret_lines)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned nodes = MODEL_KIT_NODES + !is_node_named;
        wanted[i] = (model_kit_wanted_t){below(run, MODEL_KIT_SKUS), below(run, nodes), 1 + below(run, 5)};
        ret_lines[i] =
            line_of(sku_names[wanted[i].sku],
                    wanted[i].node == MODEL_KIT_NODES ? "" : node_names[wanted[i].node], wanted[i].qty);
    }
}

static void reserve_some(run_t *run)
{
    model_kit_reservation_t *record = free_record(run);
    model_kit_reservation_t granted = {.is_live = true};
    model_kit_wanted_t wanted[LINES_MAX];
    atp_command_line_t lines[LINES_MAX];
    unsigned count = 1 + (below(run, 3) == 0 ? below(run, LINES_MAX) : 0);
    unsigned dice = below(run, 12);
    uint8_t mode = dice < 4 ? ATP_RESERVE_PARTIAL : dice == 4 ? ATP_RESERVE_TRACK_ONLY : 0;
    int64_t ttl_ms = 1 + below(run, 80);
    atp_qty_t got;
    char id[16];

    if (record == NULL) {
        return;
    }
    granted.is_track_only = mode == ATP_RESERVE_TRACK_ONLY;
    draw_lines(run, count, granted.is_track_only, wanted, lines);
    granted.number = run->next_number++;
    granted.deadline_ms = run->f.now_ms + ttl_ms;
    snprintf(id, sizeof id, "r%u", granted.number);
    atp_verdict_t expected = judge_reserve(run, wanted, count, mode == ATP_RESERVE_PARTIAL, &granted, &got);
    atp_result_t result = act(run, (atp_command_t){.kind = ATP_OP_RESERVE,
                                                   .id = atp_text_of(id),
                                                   .ttl_ms = ttl_ms,
                                                   .option = mode,
                                                   .line_count = count,
                                                   .lines = lines});
    expect_verdict(run, &result, expected);
    if (expected != ATP_NOT_ENOUGH_AVAILABLE) {
        assert_int_equal(result.qty, got);
        *record = granted;
    }
}

/* ---- edits ---- */

/* What the record would be after the edit: first all that becomes less, then what becomes more, at the nodes it has first. */
static atp_verdict_t judge_edit(run_t *run, const model_kit_wanted_t *wanted, unsigned count,
                                model_kit_reservation_t *record)
{
    model_kit_reservation_t edited = *record;
    model_shelf_t free;

    for (unsigned i = 0; i < count; i++) {
        atp_qty_t has = model_kits_has(record, wanted[i].sku, wanted[i].node);
        model_kits_give_back(&edited, wanted[i].sku, wanted[i].node,
                             has > wanted[i].qty ? has - wanted[i].qty : 0);
    }
    model_kit_reservation_t before = *record;
    *record = edited;
    model_kits_copy_free(&run->model, record->is_track_only, free);
    for (unsigned i = 0; i < count; i++) {
        model_kit_wanted_t more = wanted[i];
        bool own[MODEL_KIT_NODES];
        bool others[MODEL_KIT_NODES];
        more.qty -= model_kits_has(&before, more.sku, more.node);
        for (unsigned node = 0; node < MODEL_KIT_NODES; node++) {
            own[node] = more.node != MODEL_KIT_NODES || model_kits_has(&before, more.sku, node) > 0;
            others[node] = !own[node];
        }
        if (more.qty > 0) {
            more.qty -= model_kits_take_line(&run->model, &more, own, true, free, record);
        }
        if (more.qty > 0) {
            more.qty -= model_kits_take_line(&run->model, &more, others, true, free, record);
        }
        if (more.qty > 0) {
            *record = before;
            return ATP_NOT_ENOUGH_AVAILABLE;
        }
    }
    return ATP_APPLIED;
}

static bool is_twice(const model_kit_wanted_t *wanted, unsigned count)
{
    return count == 2 && wanted[0].sku == wanted[1].sku &&
           (wanted[0].node == wanted[1].node || wanted[0].node == MODEL_KIT_NODES ||
            wanted[1].node == MODEL_KIT_NODES);
}

static atp_qty_t units_of(const model_kit_reservation_t *record)
{
    atp_qty_t units = 0;

    for (unsigned i = 0; i < record->line_count; i++) {
        units += record->lines[i].stocked + record->lines[i].left;
    }
    return units;
}

static void edit_one(run_t *run)
{
    model_kit_reservation_t *record = some_record(run, false);
    unsigned count = 1 + below(run, 2);
    model_kit_wanted_t wanted[2];
    atp_command_line_t lines[2];
    char id[16];

    if (record == NULL || record->line_count + 18 * count > MODEL_KIT_LINES) {
        return;
    }
    draw_lines(run, count, record->is_track_only, wanted, lines);
    for (unsigned i = 0; i < count && record->line_count > 0; i++) {
        if (below(run, 3) > 0) { /* mostly of what it has */
            wanted[i].sku = record->lines[below(run, record->line_count)].sku;
            lines[i].sku = atp_text_of(sku_names[wanted[i].sku]);
        }
        wanted[i].qty -= 1;
        lines[i].mantissa -= 1;
    }
    snprintf(id, sizeof id, "r%u", record->number);
    atp_verdict_t expected = is_twice(wanted, count) ? ATP_MALFORMED : judge_edit(run, wanted, count, record);
    atp_result_t result = act(
        run, (atp_command_t){
                 .kind = ATP_OP_EDIT, .reservation = atp_text_of(id), .line_count = count, .lines = lines});
    expect_verdict(run, &result, expected);
    if (expected == ATP_APPLIED) {
        assert_int_equal(result.qty, units_of(record));
        record->is_live = units_of(record) > 0;
        run->edits++;
    }
}

/* ---- ending, and coming back ---- */

static atp_result_t step_both(run_t *run, atp_op_kind_t kind, const char *id)
{
    return act(run, (atp_command_t){.kind = kind, .reservation = atp_text_of(id)});
}

static void ship(run_t *run, model_kit_reservation_t *record)
{
    for (unsigned i = 0; i < record->line_count; i++) {
        for (unsigned sku = 0; sku < MODEL_KIT_SKUS; sku++) {
            run->model.on_hand[record->lines[i].node][sku] -= model_kits_held(&record->lines[i], sku);
        }
    }
    record->is_shipped = true;
}

/* Release, or allocate and ship, of all of a reservation. */
static void end_one(run_t *run)
{
    model_kit_reservation_t *record = some_record(run, false);
    bool ships = below(run, 2) == 0;
    char id[16];

    if (record == NULL) {
        return;
    }
    snprintf(id, sizeof id, "r%u", record->number);
    atp_result_t result = step_both(run, ships ? ATP_OP_ALLOCATE : ATP_OP_RELEASE, id);
    expect_verdict(run, &result, ATP_APPLIED);
    record->is_live = false;
    if (ships) {
        result = step_both(run, ATP_OP_SHIP, id);
        expect_verdict(run, &result, ATP_APPLIED);
        ship(run, record);
    }
}

/* True if the SKU is a component of kits of the reservation: then it may come back as that, too. */
static bool is_component(const model_kit_reservation_t *record, unsigned sku)
{
    for (unsigned i = 0; i < record->line_count; i++) {
        if (record->lines[i].left > 0 && record->lines[i].parts[sku] > 0) {
            return true;
        }
    }
    return false;
}

/* So many of what was shipped under a line come back to a node; the same node's lines first. */
static void take_back(run_t *run, model_kit_reservation_t *record, unsigned sku, unsigned node, atp_qty_t qty)
{
    for (unsigned round = 0; round < 4; round++) { /* stocked, then kits; of each those of the node first */
        for (unsigned i = 0; i < record->line_count; i++) {
            model_kit_line_t *line = &record->lines[i];
            atp_qty_t *units = round < 2 ? &line->stocked : &line->left;
            if (line->sku != sku || (line->node == node) != (round % 2 == 0)) {
                continue;
            }
            for (; qty > 0 && *units > 0; qty--) {
                --*units;
                run->model.on_hand[node][sku] += round < 2;
                for (unsigned k = 0; round >= 2 && k < MODEL_KIT_SKUS; k++) {
                    run->model.on_hand[node][k] += line->parts[k];
                }
            }
        }
    }
}

static void return_some(run_t *run)
{
    model_kit_reservation_t *record = some_record(run, true);
    const atp_attribute_t restock = {.key = ATP_KEY_DISPOSITION, .line = ATP_WHOLE_OP};
    unsigned node = below(run, MODEL_KIT_NODES);
    atp_qty_t qty = 1 + below(run, 3);
    char id[16];

    if (record == NULL || record->line_count == 0) {
        return;
    }
    unsigned sku = record->lines[below(run, record->line_count)].sku;
    atp_qty_t has = model_kits_has(record, sku, MODEL_KIT_NODES);
    if (is_component(record, sku) || has == 0) {
        return;
    }
    const atp_command_line_t line = line_of(sku_names[sku], node_names[node], qty);
    snprintf(id, sizeof id, "r%u", record->number);
    atp_result_t result = act(run, (atp_command_t){.kind = ATP_OP_RETURN,
                                                   .reservation = atp_text_of(id),
                                                   .line_count = 1,
                                                   .lines = &line,
                                                   .attribute_count = 1,
                                                   .attributes = &restock});
    if (result.verdict == ATP_UNKNOWN_RESERVATION) { /* its place was needed */
        record->is_shipped = false;
        return;
    }
    expect_verdict(run, &result, qty > has ? ATP_NOT_THAT_MANY : ATP_APPLIED);
    if (qty <= has) {
        take_back(run, record, sku, node, qty);
        run->returns++;
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
            (void)settle(&run->replay, sku_names[due.skus[i]], node_names[due.nodes[i]]);
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
        (void)atp_of(&run->replay, sku_names[sku], node_names[node]); /* settles as the other does */
        assert_int_equal(atp_of(&run->f, sku_names[sku], node_names[node]),
                         model_kits_free(&run->model, node, sku));
    }
}

/* ---- levels ---- */

#define LOW 2 /* for the channel web, of every SKU */

static void watch(run_t *run)
{
    const atp_attribute_t low[] = {{.key = ATP_KEY_CHANNEL, .line = ATP_WHOLE_OP, .text = ATP_TEXT("web")},
                                   {.key = ATP_KEY_LOW, .line = ATP_WHOLE_OP, .number = LOW}};

    (void)act(run, (atp_command_t){.kind = ATP_OP_CHANNEL, .channel = ATP_TEXT("web")});
    assert_verdict(act(run, (atp_command_t){.kind = ATP_OP_RULE,
                                            .subject = ATP_TEXT("few"),
                                            .attribute_count = 2,
                                            .attributes = low}),
                   ATP_APPLIED);
}

static void let_pulses_follow(fixture_t *f)
{
    for (unsigned pulses = 0; atp_ledger_is_pulse_due(f->ledger, f->now_ms); pulses++) {
        assert_true(pulses < 10);
        (void)pulse(f, 1000);
    }
}

/* What was told last of a SKU is what there is of it, everywhere together. */
static void compare_level(run_t *run)
{
    unsigned sku = below(run, MODEL_KIT_SKUS);
    atp_qty_t all = 0;
    uint16_t web;

    for (unsigned node = 0; node < MODEL_KIT_NODES; node++) {
        (void)read_available(run, node, sku); /* settles it */
        all += model_kits_available(&run->model, node, sku);
    }
    let_pulses_follow(&run->f);
    let_pulses_follow(&run->replay);
    assert_true(atp_catalog_find_channel(atp_ledger_catalog(run->f.ledger), ATP_TEXT("web"),
                                         atp_hash_text(ATP_TEXT("web"), atp_ledger_seed(run->f.ledger)),
                                         &web));
    atp_level_t expected = all <= 0 ? ATP_LEVEL_OUT : all <= LOW ? ATP_LEVEL_LOW : ATP_LEVEL_OK;
    unsigned told = atp_availability_kit_level(run->f.ledger, web, sku);
    if (told != expected) {
        fail_msg("op %llu: %s is told to be %s, with %lld the model says %s",
                 (unsigned long long)counts_of(&run->f).op, sku_names[sku], atp_level_name(told),
                 (long long)all, atp_level_name(expected));
    }
}

/* ---- the run ---- */

static void step_once(run_t *run)
{
    unsigned dice = below(run, 100);

    run->f.now_ms += below(run, 4);
    run->replay.now_ms = run->f.now_ms;
    run->model.now_ms = run->f.now_ms;
    model_kits_expire(&run->model);
    if (dice < 12) {
        put_recipe(run);
    } else if (dice < 30) {
        count_stock(run);
    } else if (dice < 35) {
        sell_some(run);
    } else if (dice < 65) {
        reserve_some(run);
    } else if (dice < 85) {
        edit_one(run);
    } else if (dice < 95) {
        end_one(run);
    } else {
        return_some(run);
    }
    compare(run);
    compare_level(run);
}

static void make_known(run_t *run)
{
    for (unsigned i = 0; i < MODEL_KIT_SKUS; i++) {
        const atp_command_line_t sku = {.sku = atp_text_of(sku_names[i])};
        (void)act(run, (atp_command_t){.kind = ATP_OP_SKU, .line_count = 1, .lines = &sku});
    }
    for (unsigned i = 0; i < MODEL_KIT_NODES; i++) {
        const atp_command_line_t node = {.node = atp_text_of(node_names[i])};
        (void)act(run, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &node});
    }
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
    run->f = fixture_open_journaled(&config);
    run->f.is_unchecked = true;
    run->replay = fixture_open(&config);
    run->replay.is_unchecked = true;
    run->random = seed;
    make_known(run);
    for (unsigned node = 0; node < MODEL_KIT_NODES; node++) {
        for (unsigned sku = 0; sku < MODEL_KIT_SKUS; sku++) {
            (void)tell(run, ATP_OP_COUNT, sku, node, 3);
            run->model.on_hand[node][sku] = 3;
        }
    }
    watch(run);
    for (uint64_t i = 0; i < ops_wanted; i++) {
        step_once(run);
        if (i % 500 == 0) {
            fixture_check(&run->f);
            assert_true(atp_ledger_hash(run->f.ledger) == atp_ledger_hash(run->replay.ledger));
        }
    }
    print_message("edits %" PRIu64 ", kits back %" PRIu64 "\n", run->edits, run->returns);
    assert_true(run->edits > ops_wanted / 100 && run->returns > ops_wanted / 200);
    fixture_close(&run->f);
    fixture_close(&run->replay);
    free(run);
    for (unsigned i = 0; i < ATP_VERDICT_LIMIT; i++) {
        if (reached[i] > 0) {
            print_message("%-24s %" PRIu64 "\n", atp_verdict_name(i), reached[i]);
        }
    }
    if (ops_wanted < OPS_DEFAULT) {
        return;
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
