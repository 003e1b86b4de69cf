#include "tools/atp/load/load_run_priv.h"

#include "loaders/rows/recipes.h"
#include "loaders/rows/safety.h"
#include "tools/atp/known.h"
#include "tools/atp/session.h"

#include <stdlib.h>
#include <string.h>

#define SPREAD_ROWS_MAX 60000 /* asked for at once; below ATP_AVAILABILITY_ROWS_MAX, nodes may be added */

/* ---- failures ---- */

atp_err_t atp_load_run_fail(atp_load_run_t *run, atp_err_t err)
{
    run->status = atp_session_fail(run->cli, run->cli->handle, err, (atp_text_t){"", 0});
    return err;
}

static atp_err_t fail_sending(atp_load_run_t *run, atp_err_t err)
{
    atp_why_t why;

    if (err == ATP_OK || run->status != ATP_CLI_DONE) {
        return err;
    }
    atp_load_sender_why(run->sender, &why);
    run->status =
        atp_cli_fail(run->cli, ATP_CLI_NO_ANSWER, atp_err_name(err),
                     "the load stopped half way, no answer came: %s%s%s\nRun the same command again: what "
                     "is loaded already is not loaded twice",
                     atp_err_name(err), why.text[0] != '\0' ? ": " : "", why.text);
    return err;
}

/* ---- what is known of names ---- */

static bool known_sku(void *context, atp_text_t sku, uint8_t *ret_scale)
{
    const atp_load_run_t *run = context;

    if (run->skus != NULL) {
        const atp_known_entry_t *entry = atp_known_find(run->skus, sku);
        *ret_scale = entry != NULL ? (uint8_t)entry->value : 0;
        return entry != NULL;
    }
    *ret_scale = run->there->scale;
    return run->there->verdict != ATP_UNKNOWN_SKU;
}

static bool known_node(void *context, atp_text_t node, uint8_t *ret_state)
{
    const atp_load_run_t *run = context;
    const atp_known_entry_t *entry = atp_known_find(run->nodes, node);

    *ret_state = entry != NULL ? (uint8_t)entry->value : (uint8_t)ATP_NODE_OPEN;
    return entry != NULL;
}

/* ---- commands ---- */

static bool is_value_same(const atp_load_run_t *run, const atp_command_t *command)
{
    const atp_known_entry_t *entry = atp_known_find(run->values, command->lines[0].sku);
    atp_value_t value = 0;

    return atp_qty_rescale(command->attributes[0].number, command->attributes[0].decimals, ATP_VALUE_SCALE,
                           &value) == ATP_RESCALED &&
           value == (entry != NULL ? entry->value : 0);
}

/* A SKU or node command that says what the catalogue has. */
static bool is_entry_same(const atp_load_run_t *run, const atp_command_t *command)
{
    bool is_sku = command->kind == ATP_OP_SKU;
    const atp_known_t *known = is_sku ? run->skus : run->nodes;
    const atp_known_entry_t *entry =
        known != NULL ? atp_known_find(known, is_sku ? command->lines[0].sku : command->lines[0].node) : NULL;

    return entry != NULL && entry->value == command->option &&
           entry->name_hash == atp_known_name_hash(command->name) &&
           (command->attribute_count == 0 || is_value_same(run, command));
}

bool atp_load_run_is_of_catalogue(const atp_command_t *command)
{
    return command->kind == ATP_OP_SKU || command->kind == ATP_OP_NODE;
}

/* Drops from the `count` commands just made those the ledger needs not hear. Returns how many are left. */
static uint32_t drop_same(const atp_load_run_t *run, atp_command_t *commands, uint32_t count)
{
    uint32_t left = 0;
    bool is_first = true;

    for (uint32_t i = 0; i < count; i++) {
        bool is_same = atp_load_run_is_of_catalogue(&commands[i])
                           ? is_entry_same(run, &commands[i])
                           : atp_load_plan_is_same(&commands[i], run->there, is_first);
        is_first = is_first && atp_load_run_is_of_catalogue(&commands[i]);
        if (!is_same) {
            commands[left++] = commands[i];
        }
    }
    return left;
}

void atp_load_run_count_new(atp_load_run_t *run, const atp_command_t *commands, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool is_sku = commands[i].kind == ATP_OP_SKU;
        const atp_known_t *known = is_sku ? run->skus : run->nodes;
        if (!atp_load_run_is_of_catalogue(&commands[i])) {
            continue;
        }
        bool is_new = known == NULL || atp_known_find(known, is_sku ? commands[i].lines[0].sku
                                                                    : commands[i].lines[0].node) == NULL;
        run->plan.skus_new += is_sku && is_new;
        run->plan.nodes_new += !is_sku && is_new;
    }
}

/* For an acknowledgement the ledger hears of every row: what it has been told before shows in its answers. */
static uint32_t tell_all(const atp_load_run_t *run, const atp_command_t *all, uint32_t count,
                         atp_command_t *ret_commands)
{
    uint32_t told = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (!atp_load_run_is_of_catalogue(&all[i]) || !is_entry_same(run, &all[i])) {
            ret_commands[told++] = all[i];
        }
    }
    return told;
}

atp_err_t atp_load_run_note(atp_load_run_t *run, const atp_command_t *commands, uint32_t count,
                            const atp_availability_row_t *there, bool *ret_is_change)
{
    uint64_t negative = run->plan.negative;

    *ret_is_change = atp_load_plan_note(&run->plan, commands, count, there);
    return run->options.hits != NULL && run->plan.negative > negative
               ? atp_load_hits_note(run->options.hits, commands[0].lines[0].sku, commands[0].lines[0].node)
               : ATP_OK;
}

static atp_err_t make_commands(atp_load_run_t *run, const atp_load_row_t *row,
                               const atp_availability_row_t *there)
{
    atp_command_t *commands = &run->made[run->made_count];
    atp_command_t all[ATP_LOAD_COMMANDS_PER_ROW_MAX];
    uint32_t all_count;

    run->there = there;
    atp_err_t err =
        atp_load_commands_of_row(run->commands, row, commands, &run->made_lines[run->made_count], &all_count);
    if (err != ATP_OK) {
        return err;
    }
    memcpy(all, commands, all_count * sizeof all[0]);
    uint32_t count = drop_same(run, commands, all_count);
    atp_load_run_count_new(run, commands, count);
    bool is_change = run->recipes != NULL || count > 0;
    if (run->recipes == NULL && there != NULL) {
        err = atp_load_run_note(run, commands, count, there, &is_change);
    }
    run->plan.rows_changed += is_change;
    run->plan.rows_unchanged += count == 0 && run->recipes == NULL;
    count = run->options.ack != NULL ? tell_all(run, all, all_count, commands) : count;
    atp_load_run_note_origin(run, row, ATP_LOAD_COMMANDS_PER_ROW_MAX);
    /* The lines of the commands left lie where they were made: step over all of them. */
    for (uint32_t i = count; i < ATP_LOAD_COMMANDS_PER_ROW_MAX; i++) {
        commands[i].kind = 0;
    }
    run->made_count += ATP_LOAD_COMMANDS_PER_ROW_MAX;
    return err;
}

/* ---- sending ---- */

/* Of aliases or units: what the ledger has just so is known before, and often that is all. */
static bool is_of_names(const atp_load_run_t *run)
{
    return run->options.loads == ATP_LOADS_ALIASES || run->options.loads == ATP_LOADS_UNITS;
}

static void note_answer(void *context, const atp_load_answer_t *answer)
{
    const atp_load_run_t *run = context;

    if (run->options.feed != NULL) {
        atp_load_feed_note_result(run->options.feed, answer->command, answer->result, answer->origin->value);
    }
    if (run->options.ack != NULL) {
        atp_load_ack_note(run->options.ack, answer);
    }
}

/* Opened when there is something to send, at the latest. */
static bool open_sender(atp_load_run_t *run, int *ret_status)
{
    if (run->sender == NULL) {
        if (!atp_load_sender_open(run->cli, run->options.client, &run->sender, ret_status)) {
            return false;
        }
        atp_load_sender_tell(run->sender, note_answer, run);
    }
    return true;
}

static atp_err_t send_first(atp_load_run_t *run)
{
    atp_err_t err = atp_load_sender_do(run->sender, run->first, run->first_of, run->first_count);

    run->first_count = 0;
    return err;
}

/* SKUs and nodes must be there before the stock that names them. */
static atp_err_t send_catalogue(atp_load_run_t *run)
{
    atp_err_t err = ATP_OK;

    run->first_count = 0;
    for (uint32_t i = 0; i < run->made_count && err == ATP_OK; i++) {
        if (run->made[i].kind == 0 || !atp_load_run_is_of_catalogue(&run->made[i])) {
            continue;
        }
        run->first_of[run->first_count] = run->made_of[i];
        run->first[run->first_count++] = run->made[i];
        if (run->first_count == ATP_OPS_PER_MESSAGE_MAX) {
            err = send_first(run);
        }
    }
    return err == ATP_OK ? send_first(run) : err;
}

atp_err_t atp_load_run_send_made(atp_load_run_t *run)
{
    bool is_catalogue_load = run->options.loads == ATP_LOADS_SKUS || run->options.loads == ATP_LOADS_NODES;
    atp_err_t err = ATP_OK;

    if (run->options.is_dry) {
        return ATP_OK;
    }
    if (!is_catalogue_load) {
        err = send_catalogue(run);
    }
    for (uint32_t i = 0; i < run->made_count && err == ATP_OK; i++) {
        if (run->made[i].kind != 0 && (is_catalogue_load || !atp_load_run_is_of_catalogue(&run->made[i]))) {
            err = atp_load_sender_add(run->sender, &run->made[i], &run->made_of[i]);
        }
    }
    return fail_sending(run, err);
}

/* ---- safety stock of a SKU, spread over its positions ---- */

static atp_err_t set_share(atp_load_run_t *run, atp_text_t sku, const atp_availability_row_t *row,
                           atp_qty_t share)
{
    if (share == row->safety) {
        return ATP_OK;
    }
    run->plan.rows_changed++;
    atp_command_line_t line = {.sku = sku, .node = row->node, .mantissa = share, .decimals = row->scale};
    atp_command_t command = {.kind = ATP_OP_SAFETY, .line_count = 1, .lines = &line};
    atp_load_origin_t origin = {.seed = run->options.seed};
    return run->options.is_dry ? ATP_OK : atp_load_sender_add(run->sender, &command, &origin);
}

/* Spreads over `count` answer rows, all of one SKU. */
static atp_err_t spread_sku(atp_load_run_t *run, const atp_load_row_t *row,
                            const atp_availability_row_t *there, uint32_t count)
{
    const atp_load_qty_t *level = &row->qty[ATP_LOAD_SAFETY];
    atp_qty_t *stock = atp_cli_alloc(count, sizeof *stock);
    atp_qty_t *shares = atp_cli_alloc(count, sizeof *shares);
    atp_qty_t qty = 0;
    atp_qty_t spread = 0;
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < count; i++) {
        stock[i] = there[i].on_hand;
    }
    if (count > 0 &&
        atp_qty_rescale(level->mantissa, level->decimals, there[0].scale, &qty) != ATP_RESCALED) {
        run->plan.too_precise++;
    } else if (count > 0 && !atp_safety_spread(qty, stock, count, shares, &spread)) {
        err = ATP_ERR_MEMORY;
    } else {
        run->plan.safety_unspread += spread == 0 && level->mantissa != 0;
        for (uint32_t i = 0; i < count && err == ATP_OK; i++) {
            err = set_share(run, row->sku, &there[i], shares[i]);
        }
    }
    free(stock);
    free(shares);
    return err;
}

static atp_err_t spread_some(atp_load_run_t *run, const atp_load_row_t *const *rows, uint32_t count)
{
    atp_answer_t *answer = NULL;
    atp_err_t err = atp_load_run_ask(run, ATP_AVAILABILITY_PER_NODE, count, &answer);

    if (err != ATP_OK) {
        return err;
    }
    const atp_availability_row_t *there = atp_answer_availability(answer);
    uint32_t there_count = atp_answer_head(answer).row_count;
    for (uint32_t at = 0, i = 0; i < count && err == ATP_OK; i++) {
        uint32_t of_sku = 0;
        while (at + of_sku < there_count && there[at + of_sku].index == i) {
            of_sku++;
        }
        bool is_known = of_sku > 0 && there[at].verdict == ATP_APPLIED;
        err = fail_sending(run, spread_sku(run, rows[i], there + at, is_known ? of_sku : 0));
        at += of_sku;
    }
    atp_answer_free(answer);
    return err;
}

static atp_err_t spread(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count)
{
    uint64_t nodes = atp_known_count(run->nodes) + 1;
    uint32_t most = (uint32_t)(SPREAD_ROWS_MAX / nodes < 1 ? 1 : SPREAD_ROWS_MAX / nodes);
    const atp_load_row_t *asked[ATP_LOAD_BATCH_ROWS_MAX];
    uint32_t count = 0;
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < row_count && err == ATP_OK; i++) {
        if (!rows[i].qty[ATP_LOAD_SAFETY].is_given) {
            continue;
        }
        if (!run->options.spreads_safety) {
            run->plan.safety_ignored++;
            continue;
        }
        asked[count] = &rows[i];
        run->asked_skus[count] = rows[i].sku;
        run->asked_nodes[count++] = (atp_text_t){"", 0};
        if (count == most || count == ATP_LOAD_BATCH_ROWS_MAX) {
            err = spread_some(run, asked, count);
            count = 0;
        }
    }
    return err == ATP_OK && count > 0 ? spread_some(run, asked, count) : err;
}

/* ---- recipes of kits ---- */

/* One message of recipes. */
typedef struct kit_batch {
    atp_command_t commands[ATP_OPS_PER_MESSAGE_MAX];
    atp_command_line_t lines[ATP_OPS_PER_MESSAGE_MAX];
    atp_attribute_t attributes[ATP_OPS_PER_MESSAGE_MAX + ATP_ATTRIBUTES_PER_OP_MAX];
    atp_load_origin_t of[ATP_OPS_PER_MESSAGE_MAX];
    uint32_t count;
    uint32_t line_count;
    uint32_t attribute_count;
} kit_batch_t;

static atp_err_t send_kits(atp_load_run_t *run, kit_batch_t *batch)
{
    atp_err_t err = ATP_OK;

    run->plan.kits += batch->count;
    if (!run->options.is_dry) {
        err = fail_sending(run, atp_load_sender_do(run->sender, batch->commands, batch->of, batch->count));
    }
    batch->count = batch->line_count = batch->attribute_count = 0;
    return err;
}

/* All rows are there: each kit in one command, once the SKUs they name are made. */
static atp_err_t send_recipes(atp_load_run_t *run)
{
    kit_batch_t *batch = atp_cli_alloc(1, sizeof *batch);
    atp_err_t err = run->options.is_dry ? ATP_OK : fail_sending(run, atp_load_sender_finish(run->sender));
    bool is_cut;

    atp_recipes_sort(run->recipes);
    while (err == ATP_OK &&
           atp_recipes_next(run->recipes, &batch->commands[batch->count], &batch->lines[batch->line_count],
                            &batch->attributes[batch->attribute_count], &is_cut)) {
        if (is_cut) {
            run->plan.kits_too_large++;
            continue;
        }
        batch->of[batch->count].seed = run->options.seed;
        const atp_command_t *kit = &batch->commands[batch->count++];
        batch->line_count += kit->line_count;
        batch->attribute_count += kit->attribute_count;
        if (batch->line_count + batch->count + ATP_LINES_PER_OP_MAX + 1 > ATP_OPS_PER_MESSAGE_MAX ||
            batch->attribute_count > ATP_OPS_PER_MESSAGE_MAX) {
            err = send_kits(run, batch);
        }
    }
    err = err == ATP_OK && batch->count > 0 ? send_kits(run, batch) : err;
    free(batch);
    return err;
}

/* The SKUs that rows name are made at once; the recipes go when all rows have come. */
static atp_err_t take_kits(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count)
{
    atp_err_t err = ATP_OK;

    run->made_count = 0;
    for (uint32_t i = 0; i < row_count && err == ATP_OK; i++) {
        err = make_commands(run, &rows[i], NULL);
        err = err == ATP_OK ? atp_recipes_add(run->recipes, &rows[i]) : err;
    }
    return err == ATP_OK ? atp_load_run_send_made(run) : err;
}

/* ---- supplies, facts, aliases and units ---- */

/* Supplies have attributes: they go as they stand. */
static atp_err_t send_supplies(atp_load_run_t *run)
{
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < run->made_count && err == ATP_OK; i++) {
        if (atp_load_run_is_of_catalogue(&run->made[i])) {
            continue;
        }
        run->first_of[run->first_count] = run->made_of[i];
        run->first[run->first_count++] = run->made[i];
        if (run->first_count == ATP_OPS_PER_MESSAGE_MAX) {
            err = send_first(run);
        }
    }
    return err == ATP_OK && run->first_count > 0 ? send_first(run) : err;
}

static atp_err_t send_facts(atp_load_run_t *run)
{
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < run->made_count && err == ATP_OK; i++) {
        err = atp_load_run_is_of_catalogue(&run->made[i])
                  ? ATP_OK
                  : atp_load_sender_add(run->sender, &run->made[i], &run->made_of[i]);
    }
    return err;
}

/* What was made of the rows: SKUs and nodes first. */
static atp_err_t send_events(atp_load_run_t *run)
{
    atp_err_t err = send_catalogue(run);

    if (err != ATP_OK) {
        return err;
    }
    return run->options.loads == ATP_LOADS_FACTS ? send_facts(run) : send_supplies(run);
}

static atp_err_t take_events(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count)
{
    run->made_count = 0;
    for (uint32_t i = 0; i < row_count; i++) {
        atp_command_t *commands = &run->made[run->made_count];
        uint32_t count;
        if (rows[i].is_there) {
            run->plan.rows_unchanged++;
            continue;
        }
        atp_err_t err = atp_load_commands_of_row(run->commands, &rows[i], commands,
                                                 &run->made_lines[run->made_count], &count);
        if (err != ATP_OK) {
            return err;
        }
        atp_load_run_count_new(run, commands, count);
        atp_load_run_note_origin(run, &rows[i], count);
        run->plan.rows_changed++;
        run->plan.unit_unknown += rows[i].is_unit_unknown;
        run->made_count += count;
    }
    if (run->options.is_dry || run->made_count == 0) {
        return ATP_OK;
    }
    return open_sender(run, &run->status) ? fail_sending(run, send_events(run)) : ATP_ERR_IO;
}

/* ---- the sink ---- */

static atp_err_t take_catalogue(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count)
{
    atp_err_t err = ATP_OK;

    run->made_count = 0;
    for (uint32_t i = 0; i < row_count && err == ATP_OK; i++) {
        err = make_commands(run, &rows[i], NULL);
    }
    err = err == ATP_OK ? atp_load_run_send_made(run) : err;
    return err == ATP_OK && run->options.loads == ATP_LOADS_SKUS ? spread(run, rows, row_count) : err;
}

static atp_err_t take_stock(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count)
{
    atp_answer_t *answer = NULL;

    for (uint32_t i = 0; i < row_count; i++) {
        run->asked_skus[i] = rows[i].sku;
        run->asked_nodes[i] = rows[i].node;
    }
    atp_err_t err = atp_load_run_ask(run, 0, row_count, &answer);
    if (err != ATP_OK) {
        return err;
    }
    const atp_availability_row_t *there = atp_answer_availability(answer);
    if (atp_answer_head(answer).row_count != row_count) {
        err = atp_load_run_fail(run, ATP_ERR_FORMAT);
    }
    run->made_count = 0;
    for (uint32_t i = 0; i < row_count && err == ATP_OK; i++) {
        err = make_commands(run, &rows[i], &there[i]);
    }
    err = err == ATP_OK ? atp_load_run_send_made(run) : err;
    atp_answer_free(answer);
    return err;
}

static atp_load_run_take_fn taker_of(const atp_load_run_t *run)
{
    bool is_catalogue_load = run->options.loads == ATP_LOADS_SKUS || run->options.loads == ATP_LOADS_NODES;
    bool is_events =
        run->options.loads == ATP_LOADS_SUPPLIES || run->options.loads == ATP_LOADS_FACTS || is_of_names(run);

    return run->options.feed != NULL ? atp_load_run_take_feed
           : run->recipes != NULL    ? take_kits
           : is_events               ? take_events
           : is_catalogue_load       ? take_catalogue
                                     : take_stock;
}

atp_err_t atp_load_run_take(void *context, const atp_load_row_t *rows, uint32_t row_count, atp_why_t *ret_why)
{
    atp_load_run_t *run = context;

    if (run->new_rows != NULL) {
        row_count = atp_load_run_leave_told(run, rows, row_count);
        rows = run->new_rows;
    }
    atp_err_t err = run->has_marks && !run->options.is_dry
                        ? fail_sending(run, atp_load_run_begin_documents(run, rows, row_count))
                        : ATP_OK;
    err = err == ATP_OK ? atp_load_run_take_paced(run, rows, row_count, taker_of(run)) : err;
    if (err != ATP_OK && run->status == ATP_CLI_DONE) {
        return atp_fail(ret_why, err, "the rows cannot be turned into commands: %s", atp_err_name(err));
    }
    return err;
}

/* ---- open and close ---- */

static bool open_parts(atp_load_run_t *run, int *ret_status)
{
    atp_load_known_t known = {.context = run, .sku = known_sku, .node = known_node};
    bool needs_skus = run->options.loads == ATP_LOADS_SKUS || run->options.loads == ATP_LOADS_KITS ||
                      run->options.loads == ATP_LOADS_SUPPLIES || run->options.loads == ATP_LOADS_FACTS;

    *ret_status = atp_known_fetch(run->cli, ATP_CATALOG_NODES, &run->nodes);
    if (*ret_status == ATP_CLI_DONE && needs_skus) {
        *ret_status = atp_known_fetch(run->cli, ATP_CATALOG_SKUS, &run->skus);
    }
    if (*ret_status == ATP_CLI_DONE && run->options.loads == ATP_LOADS_SKUS) {
        *ret_status = atp_known_fetch(run->cli, ATP_CATALOG_SKU_VALUES, &run->values);
    }
    if (*ret_status != ATP_CLI_DONE) {
        return false;
    }
    if (atp_load_commands_create(run->options.loads, &known, &run->commands) != ATP_OK ||
        (run->options.loads == ATP_LOADS_KITS && atp_recipes_create(&run->recipes) != ATP_OK)) {
        *ret_status = atp_cli_fail(run->cli, ATP_CLI_FAILED, "memory", "no memory for the load");
        return false;
    }
    bool needs_marks = run->options.ack != NULL;

    if (run->options.is_dry && !needs_marks) {
        return true;
    }
    if (run->options.feed != NULL && !run->options.is_dry) {
        run->lines = atp_load_lines_create();
    }
    if (is_of_names(run) && !needs_marks) {
        return true;
    }
    if (!open_sender(run, ret_status)) {
        return false;
    }
    if (needs_marks) {
        (void)fail_sending(run, atp_load_run_look_for_marks(run));
    }
    *ret_status = run->status;
    return run->status == ATP_CLI_DONE;
}

bool atp_load_run_open(atp_cli_t *cli, const atp_load_run_options_t *options, atp_load_run_t **ret_run,
                       int *ret_status)
{
    atp_load_run_t *run = atp_cli_alloc(1, sizeof *run);

    run->cli = cli;
    run->options = *options;
    if (!open_parts(run, ret_status)) {
        atp_load_run_close(run);
        return false;
    }
    *ret_run = run;
    return true;
}

int atp_load_run_finish(atp_load_run_t *run)
{
    if (run->recipes != NULL && run->status == ATP_CLI_DONE && send_recipes(run) != ATP_OK &&
        run->status == ATP_CLI_DONE) {
        run->status = atp_cli_fail(run->cli, ATP_CLI_FAILED, "memory", "the recipes cannot be sent");
    }
    if (run->sender != NULL) {
        (void)fail_sending(run, atp_load_sender_finish(run->sender));
    }
    if (run->has_marks && !run->options.is_dry && run->status == ATP_CLI_DONE) {
        (void)fail_sending(run, atp_load_run_put_marks(run));
    }
    return run->status;
}

const atp_load_plan_t *atp_load_run_plan(const atp_load_run_t *run)
{
    return &run->plan;
}

void atp_load_run_tally(const atp_load_run_t *run, atp_load_tally_t *ret_tally)
{
    memset(ret_tally, 0, sizeof *ret_tally);
    if (run->sender != NULL) {
        atp_load_sender_tally(run->sender, ret_tally);
    }
    ret_tally->before += run->told_before;
}

bool atp_load_run_has_failed(const atp_load_run_t *run)
{
    return run->status != ATP_CLI_DONE;
}

void atp_load_run_close(atp_load_run_t *run)
{
    if (run == NULL) {
        return;
    }
    atp_load_sender_close(run->sender);
    atp_load_lines_destroy(run->lines);
    free(run->new_rows);
    atp_load_commands_destroy(run->commands);
    atp_recipes_destroy(run->recipes);
    atp_known_destroy(run->nodes);
    atp_known_destroy(run->skus);
    atp_known_destroy(run->values);
    free(run);
}
