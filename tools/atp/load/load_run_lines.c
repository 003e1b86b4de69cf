/* Counts of a feed that the ledger agrees with: they are told as lines of the feed, many in one op, which has no answer to remember for
 * each and no text to keep. What is left is told as a count each. Why so: docs/decisions/0011-counts-that-agree.md. */
#include "tools/atp/load/load_run_priv.h"

#include <stdlib.h>
#include <string.h>

#define LINES_PER_OP 128 /* the ledger takes an op as a whole, and others wait meanwhile */
#define OPS_MAX      ((ATP_LOAD_BATCH_ROWS_MAX + LINES_PER_OP - 1) / LINES_PER_OP)

/* One message of lines, all of one bucket. */
struct atp_load_lines {
    uint32_t count;
    uint32_t made[ATP_LOAD_BATCH_ROWS_MAX]; /* the command that each line is of */
    atp_command_line_t lines[ATP_LOAD_BATCH_ROWS_MAX];
    atp_grant_t grants[ATP_LOAD_BATCH_ROWS_MAX];
    atp_command_t ops[OPS_MAX];
    atp_result_t results[OPS_MAX];
    char ids[OPS_MAX][ATP_MADE_ID_SIZE];
    atp_attribute_t attributes[sizeof((atp_load_feed_t *)NULL)->attributes / sizeof(atp_attribute_t) + 1];
};

atp_load_lines_t *atp_load_lines_create(void)
{
    return atp_cli_alloc(1, sizeof(atp_load_lines_t));
}

void atp_load_lines_destroy(atp_load_lines_t *lines)
{
    free(lines);
}

/* A count of the bucket that says nothing but its feed. */
static bool is_line(const atp_command_t *command, atp_bucket_t bucket)
{
    return command->kind == ATP_OP_COUNT && command->option == bucket && command->attribute_count == 1;
}

static void gather(const atp_load_run_t *run, atp_bucket_t bucket, atp_load_lines_t *lines)
{
    lines->count = 0;
    for (uint32_t i = 0; i < run->made_count; i++) {
        if (is_line(&run->made[i], bucket)) {
            lines->made[lines->count] = i;
            lines->lines[lines->count++] = run->made[i].lines[0];
        }
    }
}

static uint32_t make_ops(const atp_load_feed_t *feed, atp_bucket_t bucket, atp_load_lines_t *lines)
{
    uint32_t attribute_count = feed->command.attribute_count;
    uint32_t count = 0;

    memcpy(lines->attributes, feed->attributes, attribute_count * sizeof lines->attributes[0]);
    lines->attributes[attribute_count++] =
        (atp_attribute_t){.key = ATP_KEY_BUCKET, .line = ATP_WHOLE_OP, .number = bucket};
    for (uint32_t at = 0; at < lines->count; at += LINES_PER_OP) {
        uint32_t left = lines->count - at;
        atp_command_t *op = &lines->ops[count];
        *op = feed->command;
        atp_make_id(lines->ids[count]);
        op->id = atp_text_of(lines->ids[count++]);
        op->attributes = lines->attributes;
        op->attribute_count = attribute_count;
        op->lines = &lines->lines[at];
        op->line_count = left < LINES_PER_OP ? left : LINES_PER_OP;
    }
    return count;
}

/* Whether the count of a line need not be told by itself. Of an interchange that was told as a whole before, nothing that is not
 * known is told: what the ledger does not agree with any more is not asked of it again. */
static bool is_taken(const atp_load_run_t *run, uint32_t made, atp_qty_t answer)
{
    const atp_load_origin_t *origin = &run->made_of[made];
    bool is_done = atp_load_run_is_done(run, &origin->edi);
    bool is_told = answer == ATP_COUNT_AGREES || (is_done && answer == ATP_COUNT_LEFT);

    if (is_told && run->has_marks) {
        atp_load_ack_note_line(run->options.ack, origin, is_done);
    }
    return is_told;
}

/* Drops the counts that were taken. What one of them corrected in an earlier run it is asked once more: the report is of the
 * whole feed. An op without grants was answered before its answer was lost: nobody knows which were taken. */
static void drop_agreed(atp_load_run_t *run, const atp_load_lines_t *lines, uint32_t op_count)
{
    uint32_t grant = 0;

    for (uint32_t op = 0, at = 0; op < op_count; at += lines->ops[op++].line_count) {
        bool has_grants = lines->results[op].line_count == lines->ops[op].line_count;
        for (uint32_t i = 0; has_grants && i < lines->ops[op].line_count; i++) {
            if (is_taken(run, lines->made[at + i], lines->grants[grant + i].qty)) {
                run->made[lines->made[at + i]].kind = 0;
            }
        }
        grant += lines->results[op].line_count;
    }
}

static atp_err_t tell_bucket(atp_load_run_t *run, atp_bucket_t bucket)
{
    atp_load_lines_t *lines = run->lines;
    atp_grants_t grants = {.items = lines->grants, .capacity = ATP_LOAD_BATCH_ROWS_MAX};

    gather(run, bucket, lines);
    uint32_t op_count = make_ops(run->options.feed, bucket, lines);
    if (op_count == 0) {
        return ATP_OK;
    }
    run->requests++;
    atp_err_t err =
        atp_client_call_many(run->cli->handle, lines->ops, op_count, lines->results, &grants, NULL);
    if (err != ATP_OK) {
        return atp_load_run_fail(run, err);
    }
    drop_agreed(run, lines, op_count);
    return ATP_OK;
}

atp_err_t atp_load_run_tell_lines(atp_load_run_t *run)
{
    atp_err_t err = tell_bucket(run, ATP_BUCKET_ON_HAND);

    return err == ATP_OK ? tell_bucket(run, ATP_BUCKET_UNAVAILABLE) : err;
}
