/* A load as a feed: counts are compared by the ledger first, then told; those that change nothing with the feed itself. */
#include "tools/atp/load/load_run_priv.h"

#include "tools/atp/rows/pages.h"
#include "tools/atp/session.h"

#include <stdlib.h>

/* ---- feeds ---- */

static bool is_count(const atp_command_t *command)
{
    return command->kind == ATP_OP_COUNT;
}

/* What counts of the feed would do, as the ledger says: each becomes a count of what would be there then, so that the plan shows
 * that. One that would not be applied is left out. */
static atp_err_t compare_some(atp_load_run_t *run, atp_command_t *const *counts,
                              const atp_availability_row_t *const *there, uint32_t count)
{
    atp_load_feed_t *feed = run->options.feed;
    atp_command_t asked[ATP_COMPARED_MAX];
    atp_result_t results[ATP_COMPARED_MAX + 1];

    for (uint32_t i = 0; i < count; i++) {
        asked[i] = *counts[i];
        asked[i].attribute_count = 0;
    }
    run->requests++;
    atp_err_t err = atp_client_compare(run->cli->handle, &feed->command, asked, count, results);
    if (err != ATP_OK) {
        return atp_load_run_fail(run, err);
    }
    if (!atp_verdict_is_success(results[0].verdict)) {
        char unknown[32];
        run->status =
            atp_cli_fail(run->cli, ATP_CLI_REFUSED, atp_verdict_text(results[0].verdict, unknown),
                         "feed %s would be refused: %s", feed->id, atp_verdict_advice(results[0].verdict));
        return ATP_ERR_INVALID;
    }
    for (uint32_t i = 0; i < count; i++) {
        atp_load_plan_compared(&run->plan, feed, counts[i], there[i], &results[i + 1]);
    }
    return ATP_OK;
}

/* Compares all counts that were made of the rows; `row_of[i]`: the row of command i. */
static atp_err_t compare_made(atp_load_run_t *run, const atp_availability_row_t *there)
{
    atp_command_t *counts[ATP_COMPARED_MAX];
    const atp_availability_row_t *rows[ATP_COMPARED_MAX];
    uint32_t count = 0;
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < run->made_count && err == ATP_OK; i++) {
        if (is_count(&run->made[i])) {
            rows[count] = &there[i / ATP_LOAD_COMMANDS_PER_ROW_MAX];
            counts[count++] = &run->made[i];
        }
        if (count == ATP_COMPARED_MAX) {
            err = compare_some(run, counts, rows, count);
            count = 0;
        }
    }
    return err == ATP_OK && count > 0 ? compare_some(run, counts, rows, count) : err;
}

/* Counts are made of every row, also where nothing differs: what they include and is told later must move nothing. */
static atp_err_t make_of_feed(atp_load_run_t *run, const atp_load_row_t *row,
                              const atp_availability_row_t *there)
{
    atp_command_t *commands = &run->made[run->made_count];
    uint32_t count;

    run->there = there;
    atp_err_t err =
        atp_load_commands_of_row(run->commands, row, commands, &run->made_lines[run->made_count], &count);
    if (err != ATP_OK) {
        return err;
    }
    atp_load_run_count_new(run, commands, count);
    for (uint32_t i = 0; i < ATP_LOAD_COMMANDS_PER_ROW_MAX; i++) {
        bool is_told = i < count && (commands[i].kind != ATP_OP_SAFETY ||
                                     !atp_load_plan_is_same(&commands[i], there, false));
        commands[i].kind = is_told ? commands[i].kind : 0;
        if (is_told && is_count(&commands[i])) {
            commands[i].issued_ms = run->options.feed->told_ms;
            commands[i].attribute_count = 1;
            commands[i].attributes = &run->options.feed->of_count;
        }
    }
    atp_load_run_note_origin(run, row, ATP_LOAD_COMMANDS_PER_ROW_MAX);
    run->made_count += ATP_LOAD_COMMANDS_PER_ROW_MAX;
    return ATP_OK;
}

/* What the compared counts of each row would change, into the plan. */
static atp_err_t plan_compared(atp_load_run_t *run, const atp_availability_row_t *there)
{
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < run->made_count && err == ATP_OK; i += ATP_LOAD_COMMANDS_PER_ROW_MAX) {
        const atp_availability_row_t *row = &there[i / ATP_LOAD_COMMANDS_PER_ROW_MAX];
        atp_command_t *commands = &run->made[i];
        uint32_t left = 0;
        run->there = row;
        for (uint32_t k = 0; k < ATP_LOAD_COMMANDS_PER_ROW_MAX; k++) {
            bool is_same = commands[k].kind == 0 || (!atp_load_run_is_of_catalogue(&commands[k]) &&
                                                     atp_load_plan_is_same(&commands[k], row, false));
            if (!is_same) {
                commands[left++] = commands[k];
            }
        }
        bool is_change;
        err = atp_load_run_note(run, commands, left, row, &is_change);
        run->plan.rows_changed += is_change;
        run->plan.rows_unchanged += left == 0;
    }
    return err;
}

/* Says what is wrong with the disk, if anything is. */
static atp_err_t note_missing(atp_load_run_t *run, atp_err_t err)
{
    if (err != ATP_OK && run->status == ATP_CLI_DONE) {
        run->status =
            atp_cli_fail(run->cli, ATP_CLI_FAILED, atp_err_name(err),
                         "the positions of the file cannot be kept (%s). Set TMPDIR to a folder with "
                         "room for 16 bytes a row and 152 for each position that the feed is for",
                         atp_err_name(err));
    }
    return err;
}

atp_err_t atp_load_run_take_feed(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count)
{
    atp_load_feed_t *feed = run->options.feed;
    const atp_load_row_t **taken = atp_cli_alloc(
        row_count, sizeof(const atp_load_row_t *)) /* NOLINT(bugprone-sizeof-expression): rows by address */;
    uint32_t count = 0;
    atp_answer_t *answer = NULL;
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < row_count && err == ATP_OK; i++) {
        if (feed->missing != NULL && run->options.is_dry && !feed->is_zeroing) {
            err = note_missing(run, atp_load_missing_add_row(feed->missing, rows[i].sku, rows[i].node));
        }
        run->asked_skus[count] = rows[i].sku;
        run->asked_nodes[count] = rows[i].node;
        taken[count++] = &rows[i];
    }
    err = err == ATP_OK && count > 0 ? atp_load_run_ask(run, 0, count, &answer) : err;
    if (err == ATP_OK && count > 0) {
        const atp_availability_row_t *there = atp_answer_availability(answer);
        run->made_count = 0;
        for (uint32_t i = 0; i < count && err == ATP_OK; i++) {
            err = make_of_feed(run, taken[i], &there[i]);
        }
        if (err == ATP_OK && run->options.is_dry) {
            err = compare_made(run, there);
            err = err == ATP_OK ? plan_compared(run, there) : err;
        } else if (err == ATP_OK) {
            err = atp_load_run_tell_lines(run);
            err = err == ATP_OK ? atp_load_run_send_made(run) : err;
        }
        atp_answer_free(answer);
    }
    free(taken);
    return err;
}

/* ---- what the file leaves out ---- */

static bool keep_page(void *context, const atp_answer_t *answer)
{
    atp_load_run_t *run = context;
    const atp_load_feed_t *feed = run->options.feed;
    const atp_position_row_t *positions = atp_answer_positions(answer);
    uint32_t position_count = atp_answer_head(answer).row_count;
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < position_count && err == ATP_OK; i++) {
        const atp_position_row_t *position = &positions[i];
        if (position->on_hand != 0 && atp_load_scope_has(&feed->scope, position->sku, position->node) &&
            atp_load_authority_counts(feed->authority, position->node)) {
            err = note_missing(run,
                               atp_load_missing_add_position(feed->missing, position->sku, position->node));
        }
    }
    return err == ATP_OK;
}

static atp_err_t zero_some(void *context, const atp_text_t *skus, const atp_text_t *nodes, uint32_t count)
{
    atp_load_run_t *run = context;
    atp_load_row_t *rows = atp_cli_alloc(count, sizeof *rows);

    for (uint32_t i = 0; i < count; i++) {
        rows[i] = (atp_load_row_t){.sku = skus[i], .node = nodes[i]};
        rows[i].qty[ATP_LOAD_ON_HAND].is_given = true;
    }
    run->options.feed->omitted += run->options.is_dry ? count : 0;
    atp_err_t err = atp_load_run_take_paced(run, rows, count, atp_load_run_take_feed);
    free(rows);
    return err;
}

int atp_load_run_zero(atp_load_run_t *run)
{
    atp_load_feed_t *feed = run->options.feed;
    atp_page_ask_t page = {.cursor = 0};

    if (feed == NULL || !feed->zeroes || run->status != ATP_CLI_DONE) {
        return run->status;
    }
    feed->is_zeroing = true;
    int status = atp_pages_walk(run->cli, atp_client_positions, &page, 0, keep_page, run);
    if (status == ATP_CLI_DONE && run->status == ATP_CLI_DONE) {
        (void)note_missing(run, atp_load_missing_find(feed->missing, zero_some, run));
    }
    feed->is_zeroing = false;
    return run->status != ATP_CLI_DONE ? run->status : status;
}
