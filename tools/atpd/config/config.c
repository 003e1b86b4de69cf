#include "tools/atpd/config/config.h"

#include "tools/atpd/config/config_table.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_OPTION_VALUE 256 /* what getopt_long returns for option 0; commands have their letter */

void atp_config_init(atp_config_t *ret_config)
{
    memset(ret_config, 0, sizeof *ret_config);
    for (uint32_t i = 0; i < atp_option_count; i++) {
        if (atp_options[i].value[0] != '\0') {
            ATP_ASSERT(atp_option_set(&atp_options[i], ret_config, atp_options[i].value, NULL) == ATP_OK);
        }
    }
}

/* ---- options that must fit each other ---- */

static atp_err_t check_times(const atp_config_t *config, const char *name, atp_why_t *ret_why)
{
    char max[ATP_VALUE_TEXT_SIZE];

    atp_option_get(atp_option_find("time.ttl_max"), config, 0, max);
    if (config->time.default_ttl_ms > config->time.ttl_max_ms) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%s: time.default_ttl is above time.ttl_max (%.32s)", name,
                        max);
    }
    for (uint32_t i = 0; i < config->channels.count; i++) {
        if (config->channels.channel[i].ttl_ms > config->time.ttl_max_ms) {
            return atp_fail(ret_why, ATP_ERR_INVALID,
                            "%s: channels[%" PRIu32 "]: ttl is above time.ttl_max (%.32s)", name, i, max);
        }
    }
    return ATP_OK;
}

static atp_err_t check_journal(const atp_config_t *config, const char *name, atp_why_t *ret_why)
{
    if (config->journal.segment_bytes % 4096 != 0) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%s: journal.segment_bytes is not a multiple of 4KiB",
                        name);
    }
    if (config->journal.reserve_bytes > config->journal.segment_bytes * config->journal.segments_ahead) {
        return atp_fail(
            ret_why, ATP_ERR_INVALID,
            "%s: journal.reserve_bytes is more than journal.segments_ahead segments hold: nothing would "
            "ever be promised",
            name);
    }
    return ATP_OK;
}

/* Places this process would bind, or dial, twice. */
static atp_err_t check_urls(const atp_config_t *config, const char *name, atp_why_t *ret_why)
{
    char safe[ATP_SHOWN_SIZE];

    if (config->listen.count == 0) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%s: listen: at least one url is needed", name);
    }
    for (uint32_t i = 0; i < config->listen.count; i++) {
        const char *url = config->listen.url[i];
        bool is_taken = strcmp(url, config->publish_url) == 0;
        for (uint32_t j = 0; j < config->subscribe.count; j++) {
            is_taken |= strcmp(url, config->subscribe.source[j].url) == 0;
        }
        if (is_taken) {
            return atp_fail(ret_why, ATP_ERR_INVALID,
                            "%s: listen: \"%s\" is given to publish or subscribe as well", name,
                            atp_value_shown(url, safe));
        }
    }
    return ATP_OK;
}

atp_err_t atp_config_check(const atp_config_t *config, const char *name, atp_why_t *ret_why)
{
    atp_err_t err = check_times(config, name, ret_why);

    if (err == ATP_OK) {
        err = check_journal(config, name, ret_why);
    }
    if (err == ATP_OK) {
        err = check_urls(config, name, ret_why);
    }
    if (err == ATP_OK && config->channels.count > config->capacity.channels) {
        err = atp_fail(ret_why, ATP_ERR_INVALID, "%s: channels: more of them than capacity.channels", name);
    }
    return err;
}

/* ---- the file ---- */

static atp_err_t file_failed(const char *path, int error, atp_why_t *ret_why)
{
    char safe[ATP_SHOWN_SIZE];

    return atp_fail(ret_why, error == ENOENT ? ATP_ERR_NOT_FOUND : ATP_ERR_IO, "--config: cannot read %s: %s",
                    atp_value_shown(path, safe), strerror(error));
}

/* Reads up to `size` bytes; returns how many, or -1 with errno. */
static ssize_t read_whole(int fd, char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, bytes + done, size - done);
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)done;
}

static atp_err_t read_file(atp_config_t *config, const char *path, atp_why_t *ret_why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t room = ATP_CONFIG_FILE_SIZE_MAX + 1; /* one more than is taken: so that a larger file is told */

    if (fd < 0) {
        return file_failed(path, errno, ret_why);
    }
    char *bytes = malloc(room);
    if (bytes == NULL) {
        close(fd);
        return atp_fail(ret_why, ATP_ERR_MEMORY, "--config: no memory to read it");
    }
    ssize_t size = read_whole(fd, bytes, room);
    int error = errno;
    close(fd);
    atp_err_t err = size < 0 ? file_failed(path, error, ret_why)
                             : atp_config_read_text(config, path, bytes, (size_t)size, ret_why);
    free(bytes);
    return err;
}

/* ---- flags ---- */

typedef struct flags {
    struct option getopt[ATP_OPTION_COUNT_MAX + 16];
    char name[ATP_OPTION_COUNT_MAX][ATP_FLAG_SIZE];
} flags_t;

static void make_flags(flags_t *flags)
{
    memset(flags, 0, sizeof *flags);
    for (uint32_t i = 0; i < atp_option_count; i++) {
        atp_option_flag(&atp_options[i], flags->name[i]);
        flags->getopt[i] = (struct option){
            flags->name[i], atp_options[i].type == ATP_OPTION_SWITCH ? optional_argument : required_argument,
            NULL, FIRST_OPTION_VALUE + (int)i};
    }
    for (uint32_t i = 0; i < atp_config_command_count; i++) {
        const atp_config_command_t *command = &atp_config_commands[i];
        flags->getopt[atp_option_count + i] =
            (struct option){command->name, command->argument == NULL ? no_argument : required_argument, NULL,
                            command->letter};
    }
}

/* What is asked for besides options. */
typedef struct request {
    atp_config_action_t action;
    const char *file;   /* NULL = none */
    const char *folder; /* of --check, --audit and --past */
    atp_config_past_t past;
} request_t;

static atp_err_t refuse_flag(int value, const char *flag, atp_why_t *ret_why)
{
    char safe[ATP_SHOWN_SIZE];

    return atp_fail(ret_why, ATP_ERR_INVALID, "%s: %s; see --help", atp_value_shown(flag, safe),
                    value == ':' ? "needs a value" : "unknown flag, or one given wrongly");
}

static void take_past(int letter, const char *argument, atp_config_past_t *past)
{
    const char **place = letter == 'w'   ? &past->at
                         : letter == 'b' ? &past->window
                         : letter == 's' ? &past->position
                         : letter == 'r' ? &past->reservation
                                         : NULL;
    if (place != NULL) {
        *place = argument;
    }
    past->is_json = past->is_json || letter == 'j';
}

static void take_command(int letter, const char *argument, request_t *request)
{
    atp_config_action_t action = letter == 'k'   ? ATP_CONFIG_CHECK
                                 : letter == 'a' ? ATP_CONFIG_AUDIT
                                 : letter == 't' ? ATP_CONFIG_PAST
                                 : letter == 'p' ? ATP_CONFIG_PRINT
                                 : letter == 'h' ? ATP_CONFIG_HELP
                                 : letter == 'V' ? ATP_CONFIG_VERSION
                                                 : ATP_CONFIG_RUN;

    if (letter == 'c') {
        request->file = argument;
    }
    if (letter == 'k' || letter == 'a' || letter == 't') {
        request->folder = argument;
    }
    take_past(letter, argument, &request->past);
    if (action > request->action) {
        request->action = action;
    }
}

static atp_err_t apply_flag(const atp_option_t *option, const char *flag, const char *text, bool is_first,
                            atp_config_t *config, atp_why_t *ret_why)
{
    atp_why_t reason;

    if (is_first && atp_option_is_list(option)) {
        atp_option_clear(option, config);
    }
    atp_err_t err = atp_option_set(option, config, text == NULL ? "true" : text, &reason);
    if (err != ATP_OK) {
        atp_fail(ret_why, err, "--%s: %.240s", flag, reason.text);
    }
    return err;
}

/* One pass over the command line. With `config` the options are applied to it, without it only the request is
 * read: for the file it names comes before the flags. */
static atp_err_t read_flags(int argc, char *const argv[], atp_config_t *config, request_t *ret_request,
                            atp_why_t *ret_why)
{
    flags_t flags;
    bool was_given[ATP_OPTION_COUNT_MAX] = {false};
    atp_err_t err = ATP_OK;
    int value;

    make_flags(&flags);
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    while (err == ATP_OK && (value = getopt_long(argc, argv, "+:hV", flags.getopt, NULL)) != -1) {
        if (value == '?' || value == ':') {
            return refuse_flag(value, argv[optind - 1], ret_why);
        }
        if (value < FIRST_OPTION_VALUE) {
            take_command(value, optarg, ret_request);
        } else if (config != NULL) {
            int i = value - FIRST_OPTION_VALUE;
            err = apply_flag(&atp_options[i], flags.name[i], optarg, !was_given[i], config, ret_why);
            was_given[i] = true;
        }
    }
    if (err == ATP_OK && optind < argc) {
        char safe[ATP_SHOWN_SIZE];
        return atp_fail(ret_why, ATP_ERR_INVALID, "%s: not a flag; see --help",
                        atp_value_shown(argv[optind], safe));
    }
    return err;
}

static atp_err_t load(int argc, char *const argv[], atp_config_t *config, request_t *request,
                      atp_why_t *ret_why)
{
    atp_err_t err = ATP_OK;

    if (request->file != NULL) {
        err = read_file(config, request->file, ret_why);
    }
    if (err == ATP_OK) {
        err = read_flags(argc, argv, config, request, ret_why);
    }
    if (err == ATP_OK && request->folder != NULL) {
        err = apply_flag(atp_option_find("data"), "check", request->folder, true, config, ret_why);
    }
    if (err == ATP_OK) {
        err = atp_config_check(config, request->file != NULL ? request->file : "flags", ret_why);
    }
    return err;
}

atp_err_t atp_config_load(int argc, char *const argv[], atp_config_t *ret_config,
                          atp_config_action_t *ret_action, atp_why_t *ret_why)
{
    atp_config_t config;
    request_t request = {.action = ATP_CONFIG_RUN};
    atp_err_t err = read_flags(argc, argv, NULL, &request, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    atp_config_init(&config);
    if (request.action != ATP_CONFIG_HELP && request.action != ATP_CONFIG_VERSION) {
        err = load(argc, argv, &config, &request, ret_why);
    }
    if (err == ATP_OK) {
        config.past = request.past;
        *ret_config = config;
        *ret_action = request.action;
    }
    return err;
}
