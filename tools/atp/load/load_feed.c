#include "tools/atp/load/load_feed.h"

#include "tools/atp/session.h"

#include "engine/base/hash.h"
#include "loaders/mapping/date.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading the flags ---- */

static void add_attribute(atp_load_feed_t *feed, unsigned key, int64_t number, const char *text)
{
    feed->attributes[feed->command.attribute_count++] =
        (atp_attribute_t){.key = (uint8_t)key,
                          .line = ATP_WHOLE_OP,
                          .number = number,
                          .text = text != NULL ? atp_text_of(text) : (atp_text_t){"", 0}};
}

static bool parse_number(const char **at, char end, int64_t least, int64_t *ret_number)
{
    char *stop;

    if (**at < '0' || **at > '9') {
        return false;
    }
    long long number = strtoll(*at, &stop, 10);
    if (*stop != end || number < least || number == INT64_MAX) {
        return false;
    }
    *at = stop + (end != '\0');
    *ret_number = number;
    return true;
}

/* "wms=3:4711": of the source wms, in epoch 3, up to batch 4711. */
static int add_includes(atp_cli_t *cli, const char *text, atp_load_feed_t *feed)
{
    const char *equals = strrchr(text, '=');
    size_t size = equals != NULL ? (size_t)(equals - text) : 0;
    const char *at = equals != NULL ? equals + 1 : text;
    uint32_t number = (feed->command.attribute_count - 1) / 3;
    int64_t epoch;
    int64_t sequence;

    if (number >= ATP_LOAD_FEED_SOURCES_MAX) {
        return atp_cli_usage(cli->cmd, "--includes: at most %d sources", ATP_LOAD_FEED_SOURCES_MAX);
    }
    if (size < 1 || size > ATP_ID_SIZE_MAX || !parse_number(&at, ':', 1, &epoch) ||
        !parse_number(&at, '\0', 0, &sequence)) {
        return atp_cli_usage(cli->cmd, "--includes %s: a source, its epoch and number, as wms=1:4711", text);
    }
    memcpy(feed->sources[number], text, size);
    add_attribute(feed, ATP_KEY_INCLUDES, 0, feed->sources[number]);
    add_attribute(feed, ATP_KEY_EPOCH, epoch, NULL);
    add_attribute(feed, ATP_KEY_SEQUENCE, sequence, NULL);
    return ATP_CLI_DONE;
}

static int add_basis(atp_cli_t *cli, const char *basis, atp_load_feed_t *feed)
{
    const char *given = atp_args_text(&cli->args, "basis");

    feed->basis = given != NULL ? given : basis;
    int64_t choice = atp_attribute_choice(atp_attribute_rule(ATP_KEY_BASIS), atp_text_of(feed->basis));
    if (choice < 0) {
        return atp_cli_usage(cli->cmd,
                             "--basis %s: on_hand, less_picked, less_allocated, sellable, available, "
                             "with_inbound or less_outbound",
                             feed->basis);
    }
    add_attribute(feed, ATP_KEY_BASIS, choice, NULL);
    return ATP_CLI_DONE;
}

static int read_point(atp_cli_t *cli, atp_load_feed_t *feed)
{
    const char *as_of = atp_args_text(&cli->args, "as-of");
    unsigned cursor = 0;
    int status = ATP_CLI_DONE;
    int64_t as_of_ms;

    for (const char *text;
         status == ATP_CLI_DONE && (text = atp_args_each(&cli->args, "includes", &cursor)) != NULL;) {
        status = add_includes(cli, text, feed);
    }
    if (status == ATP_CLI_DONE && as_of != NULL) {
        if (!atp_date_parse(atp_text_of(as_of), &as_of_ms) || as_of_ms == 0) {
            return atp_cli_usage(cli->cmd, "--as-of %s: a time in UTC, as 2026-11-21T22:00:00Z", as_of);
        }
        add_attribute(feed, ATP_KEY_AS_OF, as_of_ms, NULL);
    }
    if (status == ATP_CLI_DONE && feed->command.attribute_count == 1) {
        return atp_cli_usage(cli->cmd,
                             "--feed: say what its counts include: --includes SOURCE=EPOCH:NUMBER, or "
                             "--as-of TIME, or both");
    }
    return status;
}

static int read_scope(atp_cli_t *cli, atp_load_feed_t *feed)
{
    int status = atp_load_scope_read(cli, &feed->scope);

    if (status != ATP_CLI_DONE) {
        return status;
    }
    feed->zeroes = feed->rules.zeroes_missing || atp_args_has(&cli->args, "zero-missing");
    if (feed->zeroes && !feed->scope.has_nodes && !feed->scope.has_skus) {
        return atp_cli_usage(cli->cmd,
                             "--zero-missing: say with --node, --group, --sku, --skus or --tag of what "
                             "all is in the file");
    }
    if (feed->zeroes && atp_load_missing_create(&feed->missing) != ATP_OK) {
        return atp_cli_fail(cli, ATP_CLI_FAILED, "memory", "no memory for the positions of the file");
    }
    return ATP_CLI_DONE;
}

/* A flag of feeds where there is none would do nothing: that is said. */
static int refuse_without_feed(const atp_cli_t *cli)
{
    static const char *const flags[] = {"basis",        "includes",   "as-of",  "node",
                                        "group",        "sku",        "skus",   "tag",
                                        "zero-missing", "max-zeroed", "report", "max-change"};

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (atp_args_has(&cli->args, flags[i])) {
            return atp_cli_usage(cli->cmd, "--%s is of a feed: give --feed ID", flags[i]);
        }
    }
    return ATP_CLI_DONE;
}

/* Now, so that a file that cannot be written is known before anything is loaded. */
static int open_report(atp_cli_t *cli, atp_load_feed_t *feed)
{
    const char *path = atp_args_text(&cli->args, "report");
    const char *ending = path != NULL ? strrchr(path, '.') : NULL;

    feed->is_reported = path != NULL;
    if (path == NULL) {
        return ATP_CLI_DONE;
    }
    if (ending != NULL && strchr(ending, '/') == NULL && strcmp(ending, ".csv") != 0 &&
        strcmp(ending, ".json") != 0 && strcmp(ending, ".html") != 0) {
        return atp_cli_usage(cli->cmd, "--report %s: .csv, .json or .html", path);
    }
    return atp_file_out_open(cli, path, &feed->report) ? ATP_CLI_DONE : ATP_CLI_FAILED;
}

int atp_load_feed_read(atp_cli_t *cli, const atp_profile_t *profile, atp_load_feed_t *ret_feed)
{
    atp_text_t id = {"", 0};

    memset(ret_feed, 0, sizeof *ret_feed);
    (void)pthread_mutex_init(&ret_feed->mutex, NULL);
    if (!atp_args_has(&cli->args, "feed")) {
        return refuse_without_feed(cli);
    }
    if (!atp_args_id(&cli->args, "feed", &id)) {
        return ATP_CLI_USAGE;
    }
    ret_feed->id = atp_args_text(&cli->args, "feed");
    ret_feed->rules = atp_profile_feed_rules(profile);
    ret_feed->command =
        (atp_command_t){.kind = ATP_OP_FEED, .subject = id, .attributes = ret_feed->attributes};
    ret_feed->of_count = (atp_attribute_t){.key = ATP_KEY_FEED, .line = ATP_WHOLE_OP, .text = id};
    int status = add_basis(cli, atp_profile_basis(profile), ret_feed);
    status = status == ATP_CLI_DONE ? read_point(cli, ret_feed) : status;
    status = status == ATP_CLI_DONE ? read_scope(cli, ret_feed) : status;
    status = status == ATP_CLI_DONE ? open_report(cli, ret_feed) : status;
    return status == ATP_CLI_DONE ? atp_load_feed_begin_report(cli, ret_feed) : status;
}

void atp_load_feed_fini(atp_cli_t *cli, atp_load_feed_t *feed)
{
    if (feed->report.file != NULL) {
        (void)atp_file_out_close(cli, &feed->report, false);
    }
    atp_load_missing_destroy(feed->missing);
    atp_load_scope_fini(&feed->scope);
    atp_sorted_destroy(feed->drift);
    (void)pthread_mutex_destroy(&feed->mutex);
}

/* ---- guards ---- */

int atp_load_feed_guard(atp_cli_t *cli, const atp_load_feed_t *feed)
{
    double most_zeroed = feed->rules.max_zeroed;
    double most_changed = feed->rules.max_change;

    if (!atp_args_share(&cli->args, "max-zeroed", &most_zeroed) ||
        !atp_args_share(&cli->args, "max-change", &most_changed)) {
        return ATP_CLI_USAGE;
    }
    double zeroed = feed->counted > 0 ? (double)feed->zeroed / (double)feed->counted : 0.0;
    double changed = feed->units_before > 0.0 ? feed->units_changed / feed->units_before : 0.0;
    if (zeroed > most_zeroed) {
        return atp_cli_fail(cli, ATP_CLI_BAD_INPUT, "guard",
                            "%" PRIu64 " of %" PRIu64
                            " counts would leave nothing where there is something: more "
                            "than the share --max-zeroed %g. Nothing was loaded",
                            feed->zeroed, feed->counted, most_zeroed);
    }
    if (changed > most_changed && most_changed < 1.0) { /* more than there is may come: 1 is no guard */
        return atp_cli_fail(
            cli, ATP_CLI_BAD_INPUT, "guard",
            "%g units would be corrected of %g: more than the share --max-change %g. Nothing was loaded",
            feed->units_changed, feed->units_before, most_changed);
    }
    return ATP_CLI_DONE;
}

int atp_load_feed_announce(atp_cli_t *cli, atp_load_feed_t *feed)
{
    char made[ATP_MADE_ID_SIZE];
    char unknown[32];
    atp_command_t command = feed->command;
    atp_result_t result;

    atp_make_id(made);
    command.id = atp_text_of(made);
    atp_err_t err = atp_client_call(cli->handle, &command, &result, NULL, NULL);
    if (err != ATP_OK) {
        return atp_session_fail(cli, cli->handle, err, command.id);
    }
    if (atp_verdict_is_success(result.verdict)) {
        feed->told_ms = result.ready_ms;
        return ATP_CLI_DONE;
    }
    const char *name = atp_verdict_text(result.verdict, unknown);
    return atp_cli_fail(cli, ATP_CLI_REFUSED, name, "feed %s is refused: %s%s", feed->id, name,
                        result.verdict == ATP_CONFLICT ? ": another one of that id includes other facts"
                                                       : "");
}

/* ---- what was changed ---- */

static void copy_id(char ret_id[ATP_ID_SIZE_MAX + 1], atp_text_t id)
{
    uint32_t size = id.size < ATP_ID_SIZE_MAX ? id.size : ATP_ID_SIZE_MAX;

    if (size > 0) {
        memcpy(ret_id, id.bytes, size);
    }
    ret_id[size] = '\0';
}

int atp_load_feed_begin_report(atp_cli_t *cli, atp_load_feed_t *feed)
{
    if (!feed->is_reported) {
        return ATP_CLI_DONE;
    }
    atp_sorted_destroy(feed->drift);
    feed->drift = NULL;
    feed->drift_err = atp_sorted_create(sizeof(atp_load_drift_t), atp_load_drift_compare, &feed->drift);
    return feed->drift_err == ATP_OK
               ? ATP_CLI_DONE
               : atp_cli_fail(cli, ATP_CLI_FAILED, "memory", "no memory for the report");
}

void atp_load_feed_note_result(atp_load_feed_t *feed, const atp_command_t *command,
                               const atp_result_t *result, atp_value_t value)
{
    bool is_success = atp_verdict_is_success(result->verdict);
    bool is_told = is_success ? result->qty != 0 : !(result->verdict == ATP_CONFLICT);

    if (!feed->is_reported || command->kind != ATP_OP_COUNT || !is_told) {
        return;
    }
    atp_load_drift_t drift = {.change = is_success ? result->qty : 0,
                              .value = value,
                              .scale = result->scale,
                              .bucket = command->option,
                              .verdict = is_success ? ATP_APPLIED : result->verdict};
    copy_id(drift.sku, command->lines[0].sku);
    copy_id(drift.node, command->lines[0].node);
    (void)pthread_mutex_lock(&feed->mutex);
    if (feed->drift_err == ATP_OK) {
        feed->drift_err = atp_sorted_add(feed->drift, &drift);
    }
    (void)pthread_mutex_unlock(&feed->mutex);
}
