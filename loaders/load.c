#include "loaders/load.h"

#include "loaders/mapping/mapping.h"
#include "loaders/mapping/names.h"
#include "loaders/reject.h"
#include "loaders/rows/keys.h"
#include "loaders/rows/spread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_PER_KEY_GUESS 48 /* of a row in a stock file */

/* What became of a record, kept until its batch is done, so that rejects come in file order. */
typedef struct outcome {
    atp_mapped_t mapped;
    atp_map_fault_t fault;
    uint64_t line;
    uint64_t other_line;
    uint32_t document; /* that the record is of; 0 = none */
    atp_text_t raw;
    atp_fingerprint_t key;
} outcome_t;

/* Where each record of a batch stands, in a load with an acknowledgement. */
typedef struct place {
    atp_edi_where_t where;
    char tag[ATP_EDI_TAG_SIZE_MAX + 1];
    char value[ATP_EDI_ACK_ELEMENT_SIZE_MAX];
} place_t;

struct atp_load {
    atp_load_options_t options;
    const atp_profile_t *profile;
    atp_table_t *table;
    atp_mapping_t mapping;
    atp_lookup_t *lookups[ATP_PROFILE_LOOKUP_MAX];
    atp_keys_t *keys;
    atp_spread_book_t *spread;  /* NULL unless the profile spreads */
    atp_reject_file_t *rejects; /* NULL when not wanted */
    atp_load_report_t report;
    atp_load_reject_t first_reject; /* for the sentence; its raw is void */
    bool is_valid;
    bool has_been_read;
    bool is_repeating; /* rows are checked once more, now that all duplicates are known */
    bool has_names;
    const atp_names_t *names; /* NULL: the ledger has none */

    /* The batch: rows[i] belongs to outcomes[i]. */
    uint32_t batch_count;
    uint32_t batch_max;
    atp_load_row_t *rows;
    outcome_t *outcomes;
    place_t *places; /* NULL: nobody is told where */
    uint64_t records_this_pass;

    atp_load_sink_fn sink; /* NULL while validating */
    void *sink_context;
    uint64_t spread_index;
};

/* --- open and close ---------------------------------------------------------------------------------- */

static void set_defaults(atp_load_t *load)
{
    atp_load_options_t *options = &load->options;

    if (options->max_bad_share < 0.0) {
        options->max_bad_share = atp_profile_max_bad_share(options->profile);
    }
    if (options->key_count_max == 0) {
        options->key_count_max = ATP_LOAD_KEY_COUNT_MAX;
    }
    if (options->key_window == 0) {
        options->key_window = ATP_LOAD_KEY_WINDOW;
    }
    load->batch_max = options->batch_rows_max == 0 ? ATP_LOAD_BATCH_ROWS_MAX : options->batch_rows_max;
}

/* The folder of `path`, with at most `size` bytes. */
static void folder_of(const char *path, char *ret_folder, size_t size)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        snprintf(ret_folder, size, ".");
    } else {
        snprintf(ret_folder, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
}

static atp_err_t open_lookups(atp_load_t *load, atp_why_t *ret_why)
{
    char folder[4096];
    atp_err_t err = ATP_OK;

    if (load->options.lookup_folder != NULL) {
        snprintf(folder, sizeof folder, "%s", load->options.lookup_folder);
    } else {
        folder_of(load->options.path, folder, sizeof folder);
    }
    for (uint32_t i = 0; i < load->profile->lookups_count && err == ATP_OK; i++) {
        err = atp_lookup_open(&load->profile->lookups[i], folder, &load->lookups[i], ret_why);
    }
    return err;
}

static atp_err_t open_memory(atp_load_t *load, atp_why_t *ret_why)
{
    load->rows = calloc(load->batch_max, sizeof *load->rows);
    load->outcomes = calloc(load->batch_max, sizeof *load->outcomes);
    uint64_t hint = atp_input_bytes_total(atp_table_input(load->table)) / BYTES_PER_KEY_GUESS;
    bool has_places = load->options.ack != NULL && atp_table_can_locate(load->table);
    load->places = has_places ? calloc(load->batch_max, sizeof *load->places) : NULL;
    bool has_memory = load->rows != NULL && load->outcomes != NULL && (!has_places || load->places != NULL) &&
                      atp_keys_create(load->profile->duplicates, load->options.key_count_max, hint,
                                      load->options.key_window, &load->keys) == ATP_OK;

    if (has_memory && load->profile->safety_spread == ATP_SPREAD_BY_STOCK) {
        has_memory = atp_spread_create(load->options.key_count_max, &load->spread) == ATP_OK;
    }
    return has_memory ? ATP_OK
                      : atp_fail(ret_why, ATP_ERR_MEMORY, "no memory to load %.200s", load->options.path);
}

static atp_err_t open_table(atp_load_t *load, atp_why_t *ret_why)
{
    atp_input_t *input = NULL;
    atp_err_t err = atp_input_open(load->options.path, load->options.spool_size_max, &input, ret_why);

    if (err == ATP_OK) {
        err = atp_table_open(&load->profile->format, input, load->options.ack, &load->table, ret_why);
        if (err != ATP_OK) {
            atp_input_close(input);
        }
    }
    return err;
}

/* A reject file that is the data file would empty it. */
static bool is_same_file(const char *a, const char *b)
{
    char *real_a = realpath(a, NULL);
    char *real_b = realpath(b, NULL);
    bool same = real_a != NULL && real_b != NULL && strcmp(real_a, real_b) == 0;

    free(real_a);
    free(real_b);
    return same;
}

static atp_err_t open_rejects(atp_load_t *load, atp_why_t *ret_why)
{
    const char *path = load->options.reject_path;

    if (path == NULL) {
        return ATP_OK;
    }
    if (is_same_file(path, load->options.path)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.200s: is both the file to load and the reject file",
                        path);
    }
    return atp_reject_open(path, &load->rejects, ret_why);
}

atp_err_t atp_load_open(const atp_load_options_t *options, atp_load_t **ret_load, atp_why_t *ret_why)
{
    static atp_err_t (*const steps[])(atp_load_t *, atp_why_t *) = {open_table, open_lookups, open_memory,
                                                                    open_rejects};
    atp_load_t *load = calloc(1, sizeof *load);
    atp_err_t err = ATP_OK;

    ATP_ASSERT(options->profile != NULL && options->path != NULL);
    if (load == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory to load %.200s", options->path);
    }
    load->options = *options;
    load->profile = options->profile;
    set_defaults(load);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && err == ATP_OK; i++) {
        err = steps[i](load, ret_why);
    }
    if (err != ATP_OK) {
        atp_err_t closed = atp_load_close(load, NULL);
        (void)closed; /* the first failure is the one to tell */
        return err;
    }
    *ret_load = load;
    return ATP_OK;
}

atp_err_t atp_load_close(atp_load_t *load, atp_why_t *ret_why)
{
    if (load == NULL) {
        return ATP_OK;
    }
    atp_err_t err = atp_reject_close(load->rejects, ret_why);
    atp_table_close(load->table);
    for (uint32_t i = 0; i < ATP_PROFILE_LOOKUP_MAX; i++) {
        atp_lookup_close(load->lookups[i]);
    }
    atp_keys_destroy(load->keys);
    atp_spread_destroy(load->spread);
    free(load->rows);
    free(load->outcomes);
    free(load->places);
    free(load);
    return err;
}

const atp_load_report_t *atp_load_report(const atp_load_t *load)
{
    return &load->report;
}

static const char *place_of(const atp_load_t *load)
{
    return atp_input_place(atp_table_input(load->table));
}

/* --- a batch while validating ------------------------------------------------------------------------ */

/* Rows that are left out by whoever loads, not for a fault of theirs: they count in no share. */
static bool is_left_out(atp_reason_of_reject_t reason)
{
    return reason == ATP_REJECT_OUTSIDE_SCOPE || reason == ATP_REJECT_INTERCHANGE_REPEATED;
}

static uint64_t left_out(const atp_load_report_t *report)
{
    return report->bad_by_reason[ATP_REJECT_OUTSIDE_SCOPE] +
           report->bad_by_reason[ATP_REJECT_INTERCHANGE_REPEATED];
}

static void note_bad(const atp_load_t *load, const outcome_t *outcome)
{
    if (load->places != NULL) {
        atp_edi_ack_note_bad(load->options.ack, &load->places[outcome - load->outcomes].where,
                             outcome->fault.reason);
    } else {
        atp_edi_ack_count_bad(load->options.ack, outcome->document);
    }
}

static atp_err_t reject(atp_load_t *load, const outcome_t *outcome, atp_why_t *ret_why)
{
    atp_load_reject_t reject = {
        .line = outcome->line,
        .reason = outcome->fault.reason,
        .column = outcome->fault.column,
        .other_line = outcome->other_line,
        .raw = outcome->raw,
    };

    bool is_faulty = !is_left_out(reject.reason);
    if (is_faulty && load->report.rows_bad == left_out(&load->report)) {
        load->first_reject = reject;
    }
    if (load->options.ack != NULL && is_faulty) {
        note_bad(load, outcome);
    }
    load->report.rows_bad++;
    load->report.bad_by_reason[reject.reason]++;
    bool is_of_keys = reject.reason == ATP_REJECT_DUPLICATE || reject.reason == ATP_REJECT_QTY_OUT_OF_RANGE;
    bool was_told = load->is_repeating &&
                    !(is_of_keys && outcome->mapped == ATP_MAPPED_GOOD && atp_keys_is_news(load->keys));
    if (load->options.on_reject != NULL && !was_told) {
        load->options.on_reject(load->options.context, &reject);
    }
    return load->rejects != NULL ? atp_reject_write(load->rejects, &reject, ret_why) : ATP_OK;
}

static atp_err_t fail_keys(const atp_load_t *load, atp_err_t err, atp_why_t *ret_why)
{
    if (err == ATP_ERR_LIMIT) {
        return atp_fail(
            ret_why, err,
            "%.200s: more than %llu distinct keys, the bound of this load; nothing was loaded. Split the "
            "file or raise the bound",
            place_of(load), (unsigned long long)load->options.key_count_max);
    }
    if (err != ATP_ERR_MEMORY) {
        return atp_fail(
            ret_why, err,
            "%.200s: the temporary file for its keys cannot be used (%s); nothing was loaded. Set "
            "TMPDIR to a folder with room for 24 bytes a row, 136 where rows are summed",
            place_of(load), atp_err_name(err));
    }
    return atp_fail(ret_why, err, "%.200s: no memory to check for duplicates; nothing was loaded",
                    place_of(load));
}

static atp_err_t note_row(atp_load_t *load, const atp_load_row_t *row, outcome_t *outcome, atp_why_t *ret_why)
{
    atp_err_t err =
        atp_keys_note(load->keys, outcome->key, row, &outcome->fault.reason, &outcome->other_line);

    if (err == ATP_OK && outcome->fault.reason == ATP_REJECT_NONE && load->spread != NULL) {
        err = atp_spread_add(load->spread, atp_keys_of_sku(load->keys, row->sku).low, row);
    }
    if (err != ATP_OK) {
        return fail_keys(load, err, ret_why);
    }
    if (outcome->fault.reason == ATP_REJECT_NONE) {
        load->report.rows_good++;
        if (load->options.ack != NULL) {
            atp_edi_ack_note_good(load->options.ack, row->origin.message);
        }
        return ATP_OK;
    }
    outcome->fault.column = "";
    return reject(load, outcome, ret_why);
}

static atp_err_t validate_batch(atp_load_t *load, atp_why_t *ret_why)
{
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < load->batch_count; i++) { /* ask for all memory first, then use it */
        if (load->outcomes[i].mapped == ATP_MAPPED_GOOD) {
            load->outcomes[i].key = atp_keys_of_row(load->keys, &load->rows[i]);
        }
    }
    for (uint32_t i = 0; i < load->batch_count && err == ATP_OK; i++) {
        outcome_t *outcome = &load->outcomes[i];
        load->report.records++;
        switch (outcome->mapped) {
        case ATP_MAPPED_GOOD:
            err = note_row(load, &load->rows[i], outcome, ret_why);
            break;
        case ATP_MAPPED_SKIPPED:
            load->report.rows_skipped++;
            break;
        case ATP_MAPPED_BAD:
            err = reject(load, outcome, ret_why);
            break;
        }
    }
    return err;
}

/* --- a batch while delivering ------------------------------------------------------------------------ */

/* Whether row i of the batch counts, and what it says then. */
static atp_err_t select_row(atp_load_t *load, uint32_t i, bool asks, bool *ret_counts)
{
    atp_load_row_t *row = &load->rows[i];
    atp_err_t err = ATP_OK;

    *ret_counts = load->outcomes[i].mapped == ATP_MAPPED_GOOD;
    if (*ret_counts && asks) {
        err = atp_keys_take(load->keys, load->outcomes[i].key, row, ret_counts);
    }
    if (*ret_counts && err == ATP_OK && load->spread != NULL) {
        err = atp_spread_share(load->spread, load->spread_index++, &row->qty[ATP_LOAD_SAFETY]);
    }
    return err;
}

/* Moves the rows that count to the front of the batch, and says how many. */
static atp_err_t select_rows(atp_load_t *load, uint32_t *ret_count)
{
    bool asks = !atp_keys_are_single(load->keys);
    atp_err_t err = ATP_OK;
    bool counts;

    *ret_count = 0;
    for (uint32_t i = 0; i < load->batch_count && atp_keys_need_key(load->keys); i++) {
        if (load->outcomes[i].mapped == ATP_MAPPED_GOOD) {
            load->outcomes[i].key = atp_keys_of_row(load->keys, &load->rows[i]);
        }
    }
    for (uint32_t i = 0; i < load->batch_count && err == ATP_OK; i++) {
        err = select_row(load, i, asks, &counts);
        if (err == ATP_OK && counts && *ret_count != i) {
            load->rows[*ret_count] = load->rows[i];
        }
        *ret_count += err == ATP_OK && counts;
    }
    return err;
}

static atp_err_t deliver_batch(atp_load_t *load, atp_why_t *ret_why)
{
    uint32_t count;
    atp_err_t err = select_rows(load, &count);

    if (err != ATP_OK) {
        return fail_keys(load, err, ret_why);
    }
    if (count == 0) {
        return ATP_OK;
    }
    err = load->sink(load->sink_context, load->rows, count, ret_why);
    if (err == ATP_OK) {
        load->report.rows_delivered += count;
    }
    return err;
}

/* --- a pass ------------------------------------------------------------------------------------------ */

static void tell_progress(const atp_load_t *load)
{
    if (load->options.on_progress != NULL) {
        const atp_input_t *input = atp_table_input(load->table);
        atp_load_progress_t progress = {
            .phase = load->sink == NULL ? ATP_LOAD_VALIDATING : ATP_LOAD_DELIVERING,
            .bytes_done = atp_input_bytes_done(input),
            .bytes_total = atp_input_bytes_total(input),
            .rows_done = load->records_this_pass,
        };
        load->options.on_progress(load->options.context, &progress);
    }
}

static atp_err_t end_batch(atp_load_t *load, atp_why_t *ret_why)
{
    if (load->batch_count == 0) {
        return ATP_OK;
    }
    atp_err_t err = load->sink == NULL ? validate_batch(load, ret_why) : deliver_batch(load, ret_why);
    load->records_this_pass += load->batch_count;
    load->batch_count = 0;
    tell_progress(load);
    return err;
}

/* Its texts are the reader's, and void when it reads on. */
static void keep_place(place_t *place)
{
    atp_edi_where_t *where = &place->where;
    uint32_t tag_size = where->tag.size < ATP_EDI_TAG_SIZE_MAX ? where->tag.size : ATP_EDI_TAG_SIZE_MAX;

    memset(place->tag, 0, sizeof place->tag);
    memcpy(place->tag, where->tag.bytes, tag_size);
    where->tag = (atp_text_t){place->tag, tag_size};
    if (where->value.size > sizeof place->value) {
        where->value.size = 0; /* longer than is shown */
    } else if (where->value.size > 0) {
        memcpy(place->value, where->value.bytes, where->value.size);
    }
    where->value.bytes = place->value;
}

static void note_place(atp_load_t *load, const outcome_t *outcome)
{
    place_t *place = &load->places[load->batch_count];
    atp_load_row_t *row = &load->rows[load->batch_count];
    bool is_bad = outcome->mapped == ATP_MAPPED_BAD;

    atp_table_locate(load->table,
                     is_bad ? atp_mapping_column_of(&load->mapping, &outcome->fault) : UINT32_MAX,
                     &place->where);
    keep_place(place);
    row->origin.segment = place->where.segment;
    memcpy(row->origin.tag, place->tag, sizeof row->origin.tag);
}

static atp_err_t need_names(atp_load_t *load, atp_why_t *ret_why)
{
    bool is_asked = load->has_names || load->options.find_names == NULL;

    load->has_names = true;
    return is_asked ? ATP_OK : load->options.find_names(load->options.context, &load->names, ret_why);
}

/* A row that was mapped well: names and units in it are told as the ledger knows them. */
static void resolve(const atp_load_t *load, atp_load_row_t *row, outcome_t *outcome)
{
    atp_map_fault_t fault = atp_names_resolve(load->names, load->profile, row);

    if (fault.reason == ATP_REJECT_NONE && load->options.look != NULL) {
        fault = (atp_map_fault_t){load->options.look(load->options.context, row), ""};
    }
    if (fault.reason != ATP_REJECT_NONE) {
        outcome->mapped = ATP_MAPPED_BAD;
        outcome->fault = fault;
    }
}

static atp_err_t take_record(atp_load_t *load, const atp_record_t *record, atp_why_t *ret_why)
{
    outcome_t *outcome = &load->outcomes[load->batch_count];
    atp_err_t err = need_names(load, ret_why);

    if (err != ATP_OK) {
        return err;
    }

    outcome->line = record->line;
    outcome->raw = record->raw;
    outcome->other_line = 0;
    outcome->document = record->document;
    outcome->mapped =
        atp_mapping_map(&load->mapping, record, &load->rows[load->batch_count], &outcome->fault);
    if (outcome->mapped == ATP_MAPPED_GOOD) {
        resolve(load, &load->rows[load->batch_count], outcome);
    }
    if (load->places != NULL) {
        note_place(load, outcome);
    }
    load->batch_count++;
    return load->batch_count == load->batch_max ? end_batch(load, ret_why) : ATP_OK;
}

static atp_err_t read_all(atp_load_t *load, atp_why_t *ret_why)
{
    atp_record_t record;
    atp_err_t err = ATP_OK;

    while (err == ATP_OK) {
        switch (atp_table_next(load->table, &record)) {
        case ATP_RECORD_READ:
            err = take_record(load, &record, ret_why);
            break;
        case ATP_RECORD_FILL: /* records of the batch point into the buffer that is filled anew */
            err = end_batch(load, ret_why);
            if (err == ATP_OK) {
                err = atp_table_fill(load->table, ret_why);
            }
            break;
        case ATP_RECORD_END:
            return end_batch(load, ret_why);
        }
    }
    return err;
}

/* --- the two passes ---------------------------------------------------------------------------------- */

static void describe_first(const atp_load_t *load, char *ret_text, size_t size)
{
    const atp_load_reject_t *first = &load->first_reject;

    snprintf(ret_text, size, "line %llu, %s%s%s", (unsigned long long)first->line, first->column,
             first->column[0] != '\0' ? ": " : "", atp_reject_sentence(first->reason));
}

static atp_err_t check_shares(const atp_load_t *load, atp_why_t *ret_why)
{
    const atp_load_report_t *report = &load->report;
    uint64_t bad = report->rows_bad - left_out(report);
    uint64_t judged = report->rows_good + bad;
    char first[160];

    if (judged == 0) {
        return atp_fail(
            ret_why, ATP_ERR_INVALID,
            "%.200s: has no row to load (%llu skipped, %llu outside the scope); nothing was loaded",
            place_of(load), (unsigned long long)report->rows_skipped,
            (unsigned long long)report->bad_by_reason[ATP_REJECT_OUTSIDE_SCOPE]);
    }
    if ((double)bad <= load->options.max_bad_share * (double)judged) {
        return ATP_OK;
    }
    describe_first(load, first, sizeof first);
    return atp_fail(
        ret_why, ATP_ERR_INVALID,
        "%.120s: %llu of %llu rows are bad, above the allowed share of %g; nothing was loaded. The first: %s",
        place_of(load), (unsigned long long)bad, (unsigned long long)judged, load->options.max_bad_share,
        first);
}

static atp_err_t finish_validation(atp_load_t *load, atp_why_t *ret_why)
{
    atp_err_t err = load->rejects != NULL ? atp_reject_flush(load->rejects, ret_why) : ATP_OK;

    load->report.keys = atp_keys_count(load->keys);
    load->report.rows_merged = atp_keys_merged(load->keys);
    atp_keys_forget_single(load->keys);
    load->report.bytes = atp_input_bytes_done(atp_table_input(load->table));
    if (err == ATP_OK) {
        err = check_shares(load, ret_why);
    }
    if (err == ATP_OK && load->spread != NULL) {
        err = atp_spread_compute(load->spread, place_of(load), ret_why);
    }
    ATP_ASSERT(load->report.records ==
               load->report.rows_good + load->report.rows_bad + load->report.rows_skipped); /* D2 */
    return err;
}

/* Everything once more from the first row. */
static atp_err_t rewind_all(atp_load_t *load, atp_why_t *ret_why)
{
    load->records_this_pass = 0;
    load->spread_index = 0;
    load->batch_count = 0;
    atp_keys_begin(load->keys);
    if (load->spread != NULL && load->is_valid) {
        atp_spread_begin(load->spread);
    }
    atp_err_t err = atp_table_rewind(load->table, ret_why);
    return err == ATP_OK ? atp_table_begin(load->table, ret_why) : err;
}

/* Duplicates among the keys that were put aside are known now. Where there are any, all rows are checked once more: report and
 * reject file are then as if each had been known at its row. */
static atp_err_t end_keys(atp_load_t *load, atp_why_t *ret_why)
{
    bool must_repeat;
    atp_err_t err = atp_keys_end(load->keys, &must_repeat);

    if (err != ATP_OK) {
        return fail_keys(load, err, ret_why);
    }
    if (!must_repeat) {
        return ATP_OK;
    }
    load->is_repeating = true;
    memset(&load->report, 0, sizeof load->report);
    if (load->options.ack != NULL) {
        atp_edi_ack_forget_rows(load->options.ack);
    }
    err = load->spread != NULL ? atp_spread_restart(load->spread) : ATP_OK;
    if (err != ATP_OK) {
        return fail_keys(load, err, ret_why);
    }
    err = load->rejects != NULL ? atp_reject_restart(load->rejects, ret_why) : ATP_OK;
    err = err == ATP_OK ? rewind_all(load, ret_why) : err;
    return err == ATP_OK ? read_all(load, ret_why) : err;
}

/* `err`: of the reading. */
static atp_err_t end_acknowledged(atp_load_t *load, atp_err_t err, atp_why_t *ret_why)
{
    atp_err_t noted = atp_edi_ack_end_reading(load->options.ack);

    if (err != ATP_OK || noted == ATP_OK) {
        return err;
    }
    return atp_fail(ret_why, noted,
                    "%.200s: has more messages than a load tells apart (%u), or headers beyond %u bytes; "
                    "nothing was loaded. Split the file",
                    place_of(load), ATP_EDI_ACK_MESSAGES_MAX, ATP_EDI_ACK_HEADER_SIZE_MAX);
}

atp_err_t atp_load_validate(atp_load_t *load, atp_why_t *ret_why)
{
    ATP_ASSERT(!load->has_been_read);
    load->has_been_read = true;
    atp_err_t err = atp_table_begin(load->table, ret_why);
    if (err == ATP_OK) {
        err = atp_mapping_bind(&load->mapping, load->profile, load->lookups, load->table, ret_why);
    }
    if (err == ATP_OK) {
        err = read_all(load, ret_why);
    }
    if (err == ATP_OK) {
        err = end_keys(load, ret_why);
    }
    if (load->options.ack != NULL) {
        err = end_acknowledged(load, err, ret_why);
    }
    if (err == ATP_OK) {
        err = finish_validation(load, ret_why);
    }
    load->is_valid = err == ATP_OK;
    return err;
}

atp_err_t atp_load_deliver(atp_load_t *load, atp_load_sink_fn sink, void *context, atp_why_t *ret_why)
{
    ATP_ASSERT(load->is_valid && sink != NULL); /* D1 */
    load->sink = sink;
    load->sink_context = context;
    load->report.rows_delivered = 0;
    atp_err_t err = rewind_all(load, ret_why);
    return err == ATP_OK ? read_all(load, ret_why) : err;
}
