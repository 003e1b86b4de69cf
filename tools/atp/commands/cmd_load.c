/* atp load: a file of stock, SKUs, nodes or safety stock into the ledger. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/load/load_names.h"
#include "tools/atp/load/load_pace.h"
#include "tools/atp/load/load_run.h"
#include "tools/atp/session.h"

#include "engine/base/hash.h"
#include "loaders/load.h"
#include "loaders/mapping/profile.h"
#include "loaders/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REJECTS_SHOWN 5

typedef struct loading {
    atp_cli_t *cli;
    const char *path;
    atp_profile_t *profile;
    atp_load_t *load;
    atp_load_run_t *run;
    atp_load_ack_t *ack; /* NULL: no interchange is told apart */
    atp_text_t source;   /* whose file it is; "" = nobody's in particular */
    atp_names_t *names;
    int names_status; /* not DONE: the names were not had, which was said */
    atp_load_authority_t authority;
    atp_load_feed_t feed;
    atp_load_hits_t hits;     /* of a dry run */
    atp_load_plan_t compared; /* of a feed: what was seen before anything was sent */
    const char *reject_path;
    bool is_dry;
    int guarded; /* of a dry run of a feed: what its guards say */
    atp_progress_t progress;
    atp_load_progress_t last; /* what was shown */
    bool is_showing;
    char label[96];
    uint32_t rejects_shown;
    int64_t begun_ms;
} loading_t;

/* ---- the file's fingerprint ---- */

/* Stands for the bytes of a regular file; 0 for what cannot be read twice. */
static uint64_t fingerprint_of_file(const char *path)
{
    struct stat info;
    uint64_t fingerprint = 0;

    if (strcmp(path, "-") == 0 || stat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
        return 0;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    size_t room = (size_t)1 << 18;
    char *bytes = atp_cli_alloc(room, 1);
    for (size_t got; (got = fread(bytes, 1, room, file)) > 0;) {
        fingerprint = atp_hash_bytes(bytes, got, fingerprint + 1);
    }
    (void)fclose(file);
    free(bytes);
    return fingerprint;
}

/* What ids are made from: the file, or with --again, or for a pipe, a number never used before. Of X12 and EDIFACT they are
 * made from the interchanges in it, whatever file they come in. */
static uint64_t seed_of(const loading_t *loading)
{
    bool is_again = atp_args_has(&loading->cli->args, "again");
    char made[ATP_MADE_ID_SIZE];

    if (loading->ack != NULL && !is_again) {
        return 0;
    }
    uint64_t seed = is_again ? 0 : fingerprint_of_file(loading->path);

    if (seed == 0) {
        atp_make_id(made);
        seed = atp_hash_bytes(made, sizeof made, 0);
    }
    return seed;
}

/* ---- progress ---- */

static void begin_progress(loading_t *loading, const char *doing)
{
    const char *slash = strrchr(loading->path, '/');
    const char *name = strcmp(loading->path, "-") == 0 ? "standard input"
                       : slash != NULL                 ? slash + 1
                                                       : loading->path;

    (void)snprintf(loading->label, sizeof loading->label, "%s %.60s", doing, name);
    atp_progress_init(&loading->progress, loading->cli->is_quiet ? NULL : stderr, isatty(STDERR_FILENO) == 1,
                      loading->label, atp_now_ms());
    loading->last = (atp_load_progress_t){.rows_done = 0};
    loading->is_showing = true;
}

static void end_progress(loading_t *loading)
{
    const atp_load_progress_t *last = &loading->last;

    if (loading->is_showing) {
        atp_progress_finish(&loading->progress, atp_now_ms(), last->bytes_done, last->bytes_total,
                            last->rows_done);
        loading->is_showing = false;
    }
}

static void on_progress(void *context, const atp_load_progress_t *progress)
{
    loading_t *loading = context;

    loading->last = *progress;
    atp_progress_update(&loading->progress, atp_now_ms(), progress->bytes_done, progress->bytes_total,
                        progress->rows_done);
}

static void on_reject(void *context, const atp_load_reject_t *reject)
{
    loading_t *loading = context;

    if (loading->cli->is_quiet || loading->rejects_shown++ >= REJECTS_SHOWN) {
        return;
    }
    if (loading->progress.is_drawn) {
        (void)fputc('\n', stderr);
        loading->progress.is_drawn = false;
    }
    (void)fprintf(stderr, "%s:%" PRIu64 ": %s: %s%s%s\n", loading->path, reject->line,
                  atp_reject_code(reject->reason), reject->column, reject->column[0] != '\0' ? ": " : "",
                  atp_reject_sentence(reject->reason));
}

static atp_reason_of_reject_t look_at_row(void *context, const atp_load_row_t *row)
{
    const loading_t *loading = context;

    if (loading->feed.id != NULL && !atp_load_scope_has(&loading->feed.scope, row->sku, row->node)) {
        return ATP_REJECT_OUTSIDE_SCOPE;
    }
    return atp_load_authority_has(&loading->authority, atp_profile_loads(loading->profile), row)
               ? ATP_REJECT_NONE
               : ATP_REJECT_OUTSIDE_AUTHORITY;
}

/* ---- names ---- */

static int read_source(loading_t *loading)
{
    loading->source = atp_text_of(atp_profile_source(loading->profile));
    return atp_args_id(&loading->cli->args, "source", &loading->source) ? ATP_CLI_DONE : ATP_CLI_USAGE;
}

static atp_err_t find_names(void *context, const atp_names_t **ret_names, atp_why_t *ret_why)
{
    loading_t *loading = context;

    loading->names_status =
        atp_load_names_fetch(loading->cli, loading->profile, loading->source, &loading->names);
    if (loading->names_status != ATP_CLI_DONE) {
        return atp_fail(ret_why, ATP_ERR_IO, "the names that the ledger has were not told");
    }
    *ret_names = loading->names;
    if (loading->feed.id != NULL) {
        loading->names_status =
            atp_load_scope_add_meanings(loading->cli, loading->names, &loading->feed.scope);
    }
    return loading->names_status == ATP_CLI_DONE
               ? ATP_OK
               : atp_fail(ret_why, ATP_ERR_IO, "what the feed is for cannot be had");
}

/* Files of aliases and units change what is looked at here. */
static int confirm_names(loading_t *loading, bool is_sent)
{
    atp_loads_t loads = atp_profile_loads(loading->profile);

    if (is_sent && (loads == ATP_LOADS_ALIASES || loads == ATP_LOADS_UNITS)) {
        return ATP_CLI_DONE;
    }
    return atp_load_names_confirm(
        loading->cli, loading->profile, loading->source, loading->names,
        is_sent ? "rows may have been taken under names of before. Run the same command again"
                : "nothing was loaded. Run the same command again");
}

/* ---- failures ---- */

static int fail_load(atp_cli_t *cli, atp_err_t err, const atp_why_t *why)
{
    bool is_machine = err == ATP_ERR_IO || err == ATP_ERR_MEMORY || err == ATP_ERR_NO_SPACE;

    return atp_cli_fail(cli, is_machine ? ATP_CLI_FAILED : ATP_CLI_BAD_INPUT, atp_err_name(err), "%s",
                        why->text);
}

/* ---- the summary ---- */

static const atp_load_plan_t *plan_of(const loading_t *loading)
{
    return loading->feed.id != NULL && !loading->is_dry ? &loading->compared
                                                        : atp_load_run_plan(loading->run);
}

static void put_count(atp_out_t *out, const char *key, const char *what, uint64_t count, bool is_told)
{
    if (out->is_json) {
        atp_out_uint(out, key, NULL, count);
    } else if (is_told) {
        atp_out_row(out);
        atp_out_string(out, NULL, "WHAT", what);
        atp_out_uint(out, NULL, "COUNT", count);
    }
}

static void put_rows(atp_out_t *out, const atp_load_report_t *report, const atp_load_plan_t *plan)
{
    put_count(out, "rows", "rows", report->records, true);
    put_count(out, "good", "  good", report->rows_good, true);
    put_count(out, "bad", "  bad", report->rows_bad, true);
    put_count(out, "skipped", "  skipped by the profile", report->rows_skipped, report->rows_skipped > 0);
    put_count(out, "merged", "  merged with others", report->rows_merged, report->rows_merged > 0);
    put_count(out, "unchanged", "rows the ledger has already", plan->rows_unchanged, true);
    put_count(out, "empty_positions", "rows at 0, sent to make the position", plan->positions_empty,
              plan->positions_empty > 0);
    put_count(out, "not_applied", "counts that would not be applied", plan->feed_refused,
              plan->feed_refused > 0);
    put_count(out, "unit_unknown", "facts in an unknown unit, kept as exceptions", plan->unit_unknown,
              plan->unit_unknown > 0);
    put_count(out, "changed", "rows that change it", plan->rows_changed, true);
    put_count(out, "kits", "  kits", plan->kits, plan->kits > 0);
    put_count(out, "new_skus", "  new SKUs", plan->skus_new, plan->skus_new > 0);
    put_count(out, "new_nodes", "  new nodes", plan->nodes_new, plan->nodes_new > 0);
    put_count(out, "new_positions", "  new positions", plan->positions_new, plan->positions_new > 0);
}

static void put_tally(atp_out_t *out, const atp_load_tally_t *tally)
{
    json_t *refused = json_object();
    char unknown[32];

    put_count(out, "sent", "commands sent", tally->sent, true);
    put_count(out, "applied", "  applied", tally->applied, true);
    put_count(out, "confirmed", "  confirmed", tally->confirmed, tally->confirmed > 0);
    put_count(out, "loaded_before", "  loaded before", tally->before, tally->before > 0);
    put_count(out, "refused", "  refused", tally->refused, true);
    for (unsigned verdict = 0; verdict < ATP_VERDICT_LIMIT; verdict++) {
        if (tally->refused_by[verdict] > 0) {
            char what[64];
            const char *name = atp_verdict_text(verdict, unknown);
            (void)snprintf(what, sizeof what, "    %s", name);
            (void)json_object_set_new(refused, name, atp_json_uint(tally->refused_by[verdict]));
            if (!out->is_json) {
                put_count(out, NULL, what, tally->refused_by[verdict], true);
            }
        }
    }
    atp_out_json(out, "refused_by", refused);
}

static void print_summary(const loading_t *loading, const atp_load_tally_t *tally)
{
    atp_cli_t *cli = loading->cli;
    atp_out_t *out = &cli->out;
    const atp_load_plan_t *plan = plan_of(loading);

    if (cli->is_quiet && !cli->is_json) {
        return;
    }
    if (cli->is_json) {
        atp_out_row(out);
        atp_out_string(out, "file", NULL, loading->path);
        atp_out_string(out, "profile", NULL, atp_profile_name(loading->profile));
        atp_out_bool(out, "is_dry_run", loading->is_dry);
        atp_out_int(out, "took_ms", NULL, atp_now_ms() - loading->begun_ms);
    }
    put_rows(out, atp_load_report(loading->load), plan);
    if (!loading->is_dry) {
        put_tally(out, tally);
    } else if (cli->is_json) {
        atp_load_plan_put_json(plan, out);
        atp_load_hits_put_json(&loading->hits, out);
    }
    atp_out_end(out);
    if (loading->is_dry && !cli->is_json) {
        atp_load_plan_print(plan, out);
        atp_load_hits_print(&loading->hits, out);
    }
}

static void print_notes(const loading_t *loading, const atp_load_tally_t *tally)
{
    const atp_cli_t *cli = loading->cli;
    const atp_load_plan_t *plan = plan_of(loading);
    const atp_load_report_t *report = atp_load_report(loading->load);

    if (report->rows_bad > 0 && loading->reject_path != NULL) {
        atp_cli_note(cli, "The bad rows are in %s, with line and reason.", loading->reject_path);
    } else if (report->rows_bad > 0) {
        atp_cli_note(cli, "To have the bad rows in a file, give --rejects FILE.");
    }
    if (plan->safety_ignored > 0) {
        atp_cli_note(cli,
                     "The file tells the safety stock of %" PRIu64
                     " SKUs, over all nodes. To spread it over their "
                     "positions by stock, give --safety-spread, once the stock is loaded.",
                     plan->safety_ignored);
    }
    if (plan->safety_unspread > 0) {
        atp_cli_note(cli,
                     "Safety stock of %" PRIu64 " SKUs was not set: they have no stock to spread it over.",
                     plan->safety_unspread);
    }
    if (plan->kits_too_large > 0) {
        atp_cli_note(cli,
                     "%" PRIu64 " kits have more components or dates than one operation takes: left out.",
                     plan->kits_too_large);
    }
    if (plan->too_precise > 0 && loading->is_dry) {
        atp_cli_note(cli, "%" PRIu64 " quantities have more decimals than their SKU: they would be refused.",
                     plan->too_precise);
    }
    if (tally->before > plan->positions_empty) {
        atp_cli_note(cli, "What was loaded before was not loaded again; --again does.");
    }
    if (loading->is_dry) {
        atp_cli_note(cli, "Nothing was changed: this was a dry run.");
    }
}

static void print_refusals(const atp_load_tally_t *tally)
{
    char unknown[32];

    for (uint32_t i = 0; i < tally->refusal_count; i++) {
        const atp_load_refusal_t *refusal = &tally->refusals[i];
        const char *kind = atp_op_kind_name(refusal->kind);
        (void)fprintf(stderr, "refused: %s %s%s%s: %s\n", kind != NULL ? kind : "?", refusal->sku,
                      refusal->node[0] != '\0' && refusal->sku[0] != '\0' ? "@" : "", refusal->node,
                      atp_verdict_text(refusal->verdict, unknown));
    }
    if (tally->refused > tally->refusal_count) {
        (void)fprintf(stderr, "and %" PRIu64 " more\n", tally->refused - tally->refusal_count);
    }
}

static int tell(const loading_t *loading)
{
    atp_load_tally_t *tally = atp_cli_alloc(1, sizeof *tally);

    atp_load_run_tally(loading->run, tally);
    print_summary(loading, tally);
    (void)fflush(stdout);
    print_refusals(tally);
    print_notes(loading, tally);
    int status = tally->refused > 0 ? ATP_CLI_REFUSED : ATP_CLI_DONE;
    free(tally);
    return status;
}

/* ---- the steps ---- */

/* What the profile says of its feeds, and the command does not. An acknowledgement is of any load, the rest of one as a feed. */
static void take_feed_words(loading_t *loading)
{
    static const char *const word_flags[ATP_FEED_WORD_COUNT] = {
        [ATP_FEED_AS_OF] = "as-of",    [ATP_FEED_INCLUDES] = "includes",
        [ATP_FEED_NODE] = "node",      [ATP_FEED_GROUP] = "group",
        [ATP_FEED_SKU] = "sku",        [ATP_FEED_TAG] = "tag",
        [ATP_FEED_SKUS_FILE] = "skus", [ATP_FEED_ACK] = "ack"};
    atp_args_t *args = &loading->cli->args;

    for (unsigned word = 0; word < ATP_FEED_WORD_COUNT; word++) {
        const char *flag = word_flags[word];
        bool is_wanted = word == ATP_FEED_ACK ? !loading->is_dry : atp_args_has(args, "feed");
        const char *value;
        if (!is_wanted || atp_args_has(args, flag)) {
            continue;
        }
        for (uint32_t i = 0;
             (value = atp_profile_feed_word(loading->profile, (atp_feed_word_t)word, i)) != NULL; i++) {
            atp_args_add(args, flag, value);
        }
    }
}

static int open_files(loading_t *loading)
{
    const atp_args_t *args = &loading->cli->args;
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;
    atp_why_t why = {""};
    double share = -1.0;

    if (!atp_args_share(args, "max-bad-share", &share)) {
        return ATP_CLI_USAGE;
    }
    atp_err_t err = atp_profile_load(atp_args_text(args, "profile"), &loading->profile, &why);
    if (err != ATP_OK) {
        return fail_load(loading->cli, err, &why);
    }
    take_feed_words(loading);
    int status = atp_load_ack_open(loading->cli, loading->profile, &loading->ack);
    if (status != ATP_CLI_DONE) {
        return status;
    }
    options.ack = atp_load_ack_edi(loading->ack);
    options.profile = loading->profile;
    options.path = loading->path;
    options.reject_path = loading->reject_path = atp_args_text(args, "rejects");
    options.lookup_folder = atp_args_text(args, "lookups");
    options.max_bad_share = share;
    options.batch_rows_max = ATP_LOAD_FAST_ROWS;
    options.find_names = find_names;
    options.look = look_at_row;
    options.on_reject = on_reject;
    options.on_progress = on_progress;
    options.context = loading;
    err = atp_load_open(&options, &loading->load, &why);
    return err == ATP_OK ? ATP_CLI_DONE : fail_load(loading->cli, err, &why);
}

static int validate(loading_t *loading)
{
    atp_why_t why = {""};

    begin_progress(loading, "checking");
    atp_err_t err = atp_load_validate(loading->load, &why);
    end_progress(loading);
    if (loading->rejects_shown > REJECTS_SHOWN) {
        atp_cli_note(loading->cli, "... and %u bad rows more", loading->rejects_shown - REJECTS_SHOWN);
    }
    if (err == ATP_OK || loading->names_status != ATP_CLI_DONE) {
        return loading->names_status;
    }
    int status = fail_load(loading->cli, err, &why);
    if (strstr(why.text, "nothing was loaded") == NULL) {
        atp_cli_note(loading->cli, "Nothing was loaded.");
    }
    /* The sender hears what is wrong with what it sent, and nothing of our troubles. */
    if (loading->ack != NULL && (err == ATP_ERR_FORMAT || err == ATP_ERR_INVALID)) {
        int written = atp_load_ack_write(loading->ack, false);
        status = written != ATP_CLI_DONE ? written : status;
    }
    return status;
}

static int open_run(loading_t *loading, bool is_dry)
{
    atp_cli_t *cli = loading->cli;
    bool names_client = atp_args_has(&cli->args, "client");
    atp_load_run_options_t options = {
        .loads = atp_profile_loads(loading->profile),
        .is_dry = is_dry,
        .feed = loading->feed.id != NULL ? &loading->feed : NULL,
        .hits = loading->is_dry ? &loading->hits : NULL,
        .ack = loading->ack,
        .spreads_safety = atp_args_has(&cli->args, "safety-spread"),
        .seed = seed_of(loading),
        .client = names_client ? cli->client : ATP_TEXT("atp-load"),
    };
    int status;

    if (options.client.size > ATP_ID_SIZE_MAX - 2) {
        return atp_cli_usage(cli->cmd, "--client: at most %d bytes here: -0, -1, ... are added to it",
                             ATP_ID_SIZE_MAX - 2);
    }
    return atp_load_run_open(cli, &options, &loading->run, &status) ? ATP_CLI_DONE : status;
}

static int deliver(loading_t *loading, bool is_dry)
{
    atp_why_t why = {""};

    begin_progress(loading, is_dry ? "comparing" : "loading");
    atp_err_t err = atp_load_deliver(loading->load, atp_load_run_take, loading->run, &why);
    if (err == ATP_OK) {
        (void)atp_load_run_zero(loading->run);
    }
    int status = atp_load_run_finish(loading->run);
    end_progress(loading);
    if (err != ATP_OK && !atp_load_run_has_failed(loading->run)) {
        status = fail_load(loading->cli, err, &why);
    }
    return status;
}

static int close_files(loading_t *loading, int status)
{
    atp_why_t why = {""};

    atp_err_t err = atp_load_close(loading->load, &why);
    atp_profile_destroy(loading->profile);
    return err != ATP_OK && status == ATP_CLI_DONE ? fail_load(loading->cli, err, &why) : status;
}

/* All of a feed is compared before one unit moves, and must not change more than it may. */
static int compare_first(loading_t *loading)
{
    atp_load_feed_t *feed = &loading->feed;
    int status = open_run(loading, true);

    status = status == ATP_CLI_DONE ? deliver(loading, true) : status;
    int guarded = status == ATP_CLI_DONE ? atp_load_feed_guard(loading->cli, feed) : status;
    if (status == ATP_CLI_DONE && loading->is_dry) {
        loading->guarded = guarded; /* what would be stopped is shown all the same */
        return status;
    }
    if (guarded != ATP_CLI_DONE) {
        return guarded;
    }
    loading->compared = *atp_load_run_plan(loading->run);
    atp_load_run_close(loading->run);
    loading->run = NULL;
    status = confirm_names(loading, false);
    if (status != ATP_CLI_DONE) {
        return status;
    }
    status = atp_load_feed_begin_report(loading->cli, feed); /* from now on what is answered counts */
    status = status == ATP_CLI_DONE ? atp_load_feed_announce(loading->cli, feed) : status;
    status = status == ATP_CLI_DONE ? open_run(loading, false) : status;
    return status == ATP_CLI_DONE ? deliver(loading, false) : status;
}

/* A load that is no feed counts what is there now: of another basis it would be wrong. */
static int look_at_feed(loading_t *loading)
{
    const char *basis = atp_profile_basis(loading->profile);
    int status = atp_load_feed_read(loading->cli, loading->profile, &loading->feed);

    if (status != ATP_CLI_DONE) {
        return status;
    }
    if (loading->feed.id != NULL && atp_profile_loads(loading->profile) != ATP_LOADS_POSITIONS) {
        return atp_cli_usage(loading->cli->cmd, "--feed: the profile %s loads no positions",
                             atp_profile_name(loading->profile));
    }
    if (loading->feed.id == NULL && basis[0] != '\0' && strcmp(basis, "on_hand") != 0) {
        return atp_cli_usage(loading->cli->cmd,
                             "counts %s are loaded as a feed, which says what they include: give --feed",
                             basis);
    }
    return ATP_CLI_DONE;
}

static int load_all(loading_t *loading)
{
    if (loading->feed.id != NULL) {
        return compare_first(loading);
    }
    int status = loading->is_dry ? ATP_CLI_DONE : confirm_names(loading, false);
    status = status == ATP_CLI_DONE ? open_run(loading, loading->is_dry) : status;
    return status == ATP_CLI_DONE ? deliver(loading, loading->is_dry) : status;
}

static int load_rows(loading_t *loading)
{
    if (loading->is_dry && atp_load_hits_init(&loading->hits) != ATP_OK) {
        return atp_cli_fail(loading->cli, ATP_CLI_FAILED, "memory", "no memory for what would be hit");
    }
    int status = load_all(loading);
    return status == ATP_CLI_DONE && loading->is_dry ? atp_load_hits_find(loading->cli, &loading->hits)
                                                     : status;
}

static int refuse_without_profile(const atp_cli_t *cli)
{
    char names[512] = "";

    for (size_t i = 0; atp_profile_shipped_name(i) != NULL; i++) {
        size_t used = strlen(names);
        (void)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                       atp_profile_shipped_name(i));
    }
    return atp_cli_usage(cli->cmd, "--profile says what the columns mean: a .yaml file, or one of %s", names);
}

static int run(atp_cli_t *cli)
{
    loading_t loading = {
        .cli = cli,
        .path = cli->args.words[0],
        .is_dry = atp_args_has(&cli->args, "dry-run"),
        .guarded = ATP_CLI_DONE,
        .begun_ms = atp_now_ms(),
    };

    if (!atp_args_has(&cli->args, "profile")) {
        return refuse_without_profile(cli);
    }
    atp_session_give_way();
    int status = open_files(&loading);
    status = status == ATP_CLI_DONE ? read_source(&loading) : status;
    status = status == ATP_CLI_DONE ? look_at_feed(&loading) : status;
    status = status == ATP_CLI_DONE
                 ? atp_load_authority_read(cli, loading.source, loading.is_dry, &loading.authority)
                 : status;
    loading.feed.authority = &loading.authority;
    status = status == ATP_CLI_DONE ? validate(&loading) : status;
    status = status == ATP_CLI_DONE ? load_rows(&loading) : status;
    int reported = status == ATP_CLI_DONE ? atp_load_feed_report(cli, &loading.feed, loading.is_dry) : status;
    int acknowledged =
        status == ATP_CLI_DONE && loading.ack != NULL ? atp_load_ack_write(loading.ack, true) : status;
    int confirmed = status == ATP_CLI_DONE && !loading.is_dry ? confirm_names(&loading, true) : status;
    status = status == ATP_CLI_DONE ? tell(&loading) : status;
    status = status == ATP_CLI_DONE ? reported : status;
    status = status == ATP_CLI_DONE ? acknowledged : status;
    status = status == ATP_CLI_DONE ? loading.guarded : status;
    atp_load_hits_fini(&loading.hits);
    status = status == ATP_CLI_DONE ? confirmed : status;
    atp_load_feed_fini(cli, &loading.feed);
    atp_load_authority_fini(&loading.authority);
    atp_load_run_close(loading.run);
    status = close_files(&loading, status);
    atp_names_destroy(loading.names);
    atp_load_ack_close(loading.ack);
    return status;
}

static const atp_flag_t flags[] = {
    {"profile", "PROFILE",
     "native|adventureworks-inventory|adventureworks-kits|adventureworks-locations|adventureworks-products|"
     "adventureworks-supplies|aliases|aliases-json-lines|edifact-desadv|edifact-invrpt|json-lines|kits|"
     "magento-stock-sources|sap-invrpt01|sap-proact01|shopify-inventory|supplies|units|units-json-lines|"
     "x12-846|x12-852|x12-852-stock|x12-856|...",
     "What the columns mean: a shipped profile, or the path of a .yaml file"},
    {"dry-run", NULL, NULL, "Show what would change, and change nothing"},
    {"rejects", "FILE", NULL, "Write the bad rows here, with line and reason"},
    {"max-bad-share", "SHARE", NULL, "Load nothing if a larger share of the rows is bad (the profile's)"},
    {"source", "SOURCE", NULL,
     "The file is of this source: its aliases and units count, those that the file tells are its own, and it "
     "tells only what it claims (the profile's)"},
    {"lookups", "FOLDER", NULL, "Where the other files are that the profile looks into (beside FILE)"},
    {"feed", "ID", NULL,
     "The counts are a feed of this name: of a point in the past, which --includes and --as-of say"},
    {"basis", "BASIS", "on_hand|less_picked|less_allocated|sellable|available|with_inbound|less_outbound",
     "What the counts of a feed are of (the profile's)"},
    {"includes", "SOURCE=EPOCH:NUMBER", NULL,
     "The feed includes what the source told up to that batch; may be given again"},
    {"as-of", "TIME", NULL, "The feed includes what had happened by then, of all other sources; in UTC"},
    {"node", "NODE", NULL, "The feed is for this node only; may be given again"},
    {"group", "GROUP", NULL, "The feed is for the nodes of this group; may be given again"},
    {"sku", "SKU", NULL, "The feed is for this SKU only; may be given again"},
    {"skus", "FILE", NULL, "The feed is for the SKUs in this file, one a line"},
    {"tag", "TAG", NULL, "The feed is for the SKUs that have this tag; may be given again"},
    {"zero-missing", NULL, NULL, "What the file leaves out of that is counted as 0"},
    {"max-zeroed", "SHARE", NULL,
     "Load nothing if a larger share of the counts of a feed would leave nothing (0.1)"},
    {"max-change", "SHARE", NULL,
     "Load nothing if a feed would correct more than this share of the units; 1: whatever it is (0.25)"},
    {"report", "FILE", NULL, "Write what the feed corrected: .csv, .json, or .html to print"},
    {"ack", "FILE", NULL,
     "Write what became of the messages of an X12 or EDIFACT file here: a 997, or CONTRL, for its sender"},
    {"safety-spread", NULL, NULL,
     "Spread the safety stock of a SKU over its positions in the ledger, by stock"},
    {"again", NULL, NULL, "Load also what was loaded before"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {
    "atp load stock.csv --profile native --dry-run",
    "atp load stock.csv --profile native --feed 2026-11-21 --includes wms=1:4711",
    "atp load stock.csv --profile native --feed 2026-11-21 --as-of 2026-11-21T02:00:00Z",
    "atp load stock.csv.zst --profile native --rejects bad.csv",
    "atp load Product.csv --profile adventureworks-products --safety-spread",
    "atp load stock.edi --profile x12-846 --ack stock.997",
    "atp load items.csv --profile aliases --source wms-berlin",
    "atp load packs.csv --profile units --source acme",
    "zcat export.gz | atp load - --profile ./my-erp.yaml --max-bad-share 0.001",
    NULL};

const atp_cmd_t atp_cmd_load = {
    .name = "load",
    .group = "Files",
    .synopsis = "FILE",
    .summary = "A file of stock, SKUs, nodes, kits, supplies, facts, aliases or units into the ledger",
    .about =
        "First every row is checked; with too many bad ones nothing is loaded. Then rows the ledger has "
        "already are\n"
        "left out, SKUs and nodes that are missing are made, and the rest is counted. Names are ids, or "
        "aliases of\n"
        "the --source or of all; quantities in a unit become those of the SKU. Stopped half way, the same\n"
        "command goes on: what was loaded from a file is not loaded from it twice, also when it sold "
        "meanwhile.\n"
        "FILE may be .gz or .zst; - is standard input. docs/loading.md tells profiles.",
    .word_min = 1,
    .word_max = 1,
    .flags = flags,
    .examples = examples,
    .run = run,
};
