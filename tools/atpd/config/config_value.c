#include "tools/atpd/config/address.h"
#include "tools/atpd/config/config_table.h"

#include <inttypes.h>
#include <string.h>

#define LISTEN "listen:"

/* Longest path of a local socket: sun_path less its zero byte. */
#define IPC_PATH_SIZE_MAX 107

/* ---- texts ---- */

/* Zeros after the text, too: equal configurations are equal bytes. */
static void store_text(const char *text, char *ret_text, size_t size)
{
    memset(ret_text, 0, size);
    memcpy(ret_text, text, strlen(text));
}

static atp_err_t copy_text(const char *text, char *ret_text, size_t size, atp_why_t *ret_why)
{
    char safe[ATP_SHOWN_SIZE];

    if (text[0] == '\0') {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a value is missing");
    }
    if (strlen(text) >= size) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "\"%s\" is longer than %zu bytes",
                        atp_value_shown(text, safe), size - 1);
    }
    if (!atp_text_is_clean(atp_text_of(text))) {
        return atp_value_refuse(ret_why, text, "UTF-8 without control characters");
    }
    store_text(text, ret_text, size);
    return ATP_OK;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_url(const char *url)
{
    uint16_t port;

    if (strchr(url, ' ') != NULL) {
        return false;
    }
    if (starts_with(url, "ipc://")) {
        size_t size = strlen(url + strlen("ipc://"));
        return size > 0 && size <= IPC_PATH_SIZE_MAX;
    }
    if (starts_with(url, "inproc://")) {
        return url[strlen("inproc://")] != '\0';
    }
    if (!starts_with(url, "tcp://")) {
        return false;
    }
    const char *host = url + strlen("tcp://");
    const char *colon = strrchr(host, ':');
    return colon != NULL && colon > host && strchr(host, '/') == NULL && atp_port_parse(colon + 1, &port);
}

static atp_err_t set_url(const char *text, char ret_url[ATP_CONFIG_URL_SIZE], atp_why_t *ret_why)
{
    atp_err_t err;
    char url[ATP_CONFIG_URL_SIZE];

    if ((err = copy_text(text, url, sizeof url, ret_why)) != ATP_OK) {
        return err;
    }
    if (!is_url(url)) {
        return atp_value_refuse(ret_why, text, "a url: tcp://HOST:PORT, ipc://PATH or inproc://NAME");
    }
    store_text(url, ret_url, ATP_CONFIG_URL_SIZE);
    return ATP_OK;
}

static atp_err_t set_address(const char *text, char ret_text[ATP_CONFIG_URL_SIZE], atp_why_t *ret_why)
{
    struct sockaddr_storage address;
    socklen_t size;

    if (!atp_address_parse(text, &address, &size)) {
        return atp_value_refuse(ret_why, text, "an address: HOST:PORT or [IPV6]:PORT in numbers, or off");
    }
    return copy_text(text, ret_text, ATP_CONFIG_URL_SIZE, ret_why);
}

static atp_err_t check_room(uint32_t count, uint32_t max, atp_why_t *ret_why)
{
    return count < max ? ATP_OK : atp_fail(ret_why, ATP_ERR_INVALID, "more than %" PRIu32 " of them", max);
}

static atp_err_t add_url(atp_config_urls_t *urls, const char *text, atp_why_t *ret_why)
{
    atp_err_t err = check_room(urls->count, ATP_CONFIG_URLS_MAX, ret_why);

    for (uint32_t i = 0; err == ATP_OK && i < urls->count; i++) {
        if (strcmp(urls->url[i], text) == 0) {
            return atp_value_refuse(ret_why, text, "there for the first time");
        }
    }
    if (err == ATP_OK) {
        err = set_url(text, urls->url[urls->count], ret_why);
    }
    urls->count += err == ATP_OK;
    return err;
}

static atp_err_t add_source(atp_config_sources_t *sources, const char *text, atp_why_t *ret_why)
{
    bool is_listener = starts_with(text, LISTEN);
    const char *url = is_listener ? text + strlen(LISTEN) : text;
    atp_err_t err = check_room(sources->count, ATP_CONFIG_URLS_MAX, ret_why);

    for (uint32_t i = 0; err == ATP_OK && i < sources->count; i++) {
        if (strcmp(sources->source[i].url, url) == 0) {
            return atp_value_refuse(ret_why, text, "there for the first time");
        }
    }
    if (err == ATP_OK) {
        err = set_url(url, sources->source[sources->count].url, ret_why);
    }
    if (err == ATP_OK) {
        sources->source[sources->count++].is_listener = is_listener;
    }
    return err;
}

atp_err_t atp_option_add_channel(const atp_option_t *option, atp_config_t *config, const char *id,
                                 const char *ttl, atp_why_t *ret_why)
{
    atp_config_channels_t *channels = (void *)((char *)config + option->offset);
    uint64_t ttl_ms = 0;
    atp_err_t err = check_room(channels->count, ATP_CONFIG_CHANNELS_MAX, ret_why);

    for (uint32_t i = 0; err == ATP_OK && i < channels->count; i++) {
        if (strcmp(channels->channel[i].id, id) == 0) {
            return atp_value_refuse(ret_why, id, "there for the first time");
        }
    }
    if (err == ATP_OK && ttl != NULL && ttl[0] != '\0') {
        err = atp_number_parse(option, ttl, &ttl_ms, ret_why);
    }
    if (err == ATP_OK) {
        err = copy_text(id, channels->channel[channels->count].id, ATP_ID_SIZE_MAX + 1, ret_why);
    }
    if (err == ATP_OK) {
        channels->channel[channels->count++].ttl_ms = ttl_ms;
    }
    return err;
}

/* "web=15min": what follows the last '=' is the ttl. */
static atp_err_t add_channel_text(const atp_option_t *option, atp_config_t *config, const char *text,
                                  atp_why_t *ret_why)
{
    char id[ATP_ID_SIZE_MAX + 1];
    const char *equals = strrchr(text, '=');
    size_t size = equals == NULL ? strlen(text) : (size_t)(equals - text);

    if (size >= sizeof id) {
        return atp_value_refuse(ret_why, text, "a channel: an id of at most 64 bytes, or ID=TTL");
    }
    memcpy(id, text, size);
    id[size] = '\0';
    return atp_option_add_channel(option, config, id, equals == NULL ? NULL : equals + 1, ret_why);
}

/* ---- names ---- */

static atp_err_t set_format(const char *text, atp_log_format_t *ret_format, atp_why_t *ret_why)
{
    for (int i = ATP_LOG_LOGFMT; i <= ATP_LOG_JSON; i++) {
        if (strcmp(text, atp_log_format_name((atp_log_format_t)i)) == 0) {
            *ret_format = (atp_log_format_t)i;
            return ATP_OK;
        }
    }
    return atp_value_refuse(ret_why, text, "logfmt or json");
}

static atp_err_t set_level(const char *text, atp_log_level_t *ret_level, atp_why_t *ret_why)
{
    for (int i = ATP_LOG_DEBUG; i <= ATP_LOG_ERROR; i++) {
        if (strcmp(text, atp_log_level_name((atp_log_level_t)i)) == 0) {
            *ret_level = (atp_log_level_t)i;
            return ATP_OK;
        }
    }
    return atp_value_refuse(ret_why, text, "debug, info, warn or error");
}

static const char *const unknown_names[ATP_UNKNOWN_LIMIT] = {
    [ATP_UNKNOWN_REFUSE] = "refuse", [ATP_UNKNOWN_PARK] = "park", [ATP_UNKNOWN_CREATE] = "create"};

static atp_err_t set_unknown_names(const char *text, atp_unknown_names_t *ret_policy, atp_why_t *ret_why)
{
    for (unsigned i = 0; i < ATP_UNKNOWN_LIMIT; i++) {
        if (strcmp(text, unknown_names[i]) == 0) {
            *ret_policy = (atp_unknown_names_t)i;
            return ATP_OK;
        }
    }
    return atp_value_refuse(ret_why, text, "refuse, park or create");
}

static atp_err_t set_switch(const char *text, bool *ret_switch, atp_why_t *ret_why)
{
    bool is_true = strcmp(text, "true") == 0;

    if (!is_true && strcmp(text, "false") != 0) {
        return atp_value_refuse(ret_why, text, "true or false");
    }
    *ret_switch = is_true;
    return ATP_OK;
}

/* ---- any option ---- */

static bool may_be_off(const atp_option_t *option)
{
    return option->type == ATP_OPTION_URL || option->type == ATP_OPTION_ADDRESS ||
           option->type == ATP_OPTION_SOURCES;
}

static void turn_off(const atp_option_t *option, atp_config_t *config)
{
    if (atp_option_is_list(option)) {
        atp_option_clear(option, config);
    } else {
        store_text("", (char *)config + option->offset, ATP_CONFIG_URL_SIZE);
    }
}

atp_err_t atp_option_set(const atp_option_t *option, atp_config_t *config, const char *text,
                         atp_why_t *ret_why)
{
    void *value = (char *)config + option->offset;

    if (strcmp(text, "off") == 0 && may_be_off(option)) {
        turn_off(option, config);
        return ATP_OK;
    }
    switch (option->type) {
    case ATP_OPTION_PATH:
        return copy_text(text, value, ATP_CONFIG_PATH_SIZE, ret_why);
    case ATP_OPTION_NAME:
        return copy_text(text, value, ATP_CONFIG_NAME_SIZE, ret_why);
    case ATP_OPTION_URL:
        return set_url(text, value, ret_why);
    case ATP_OPTION_ADDRESS:
        return set_address(text, value, ret_why);
    case ATP_OPTION_URLS:
        return add_url(value, text, ret_why);
    case ATP_OPTION_SOURCES:
        return add_source(value, text, ret_why);
    case ATP_OPTION_CHANNELS:
        return add_channel_text(option, config, text, ret_why);
    case ATP_OPTION_FORMAT:
        return set_format(text, value, ret_why);
    case ATP_OPTION_LEVEL:
        return set_level(text, value, ret_why);
    case ATP_OPTION_UNKNOWN_NAMES:
        return set_unknown_names(text, value, ret_why);
    case ATP_OPTION_SWITCH:
        return set_switch(text, value, ret_why);
    case ATP_OPTION_COUNT:
    case ATP_OPTION_POWER_OF_TWO:
    case ATP_OPTION_SIZE:
    case ATP_OPTION_DURATION_MS:
    case ATP_OPTION_DURATION_US:
        return atp_number_parse(option, text, value, ret_why);
    }
    atp_assert_failed(__FILE__, __LINE__, "an option type without a parser");
}

void atp_option_clear(const atp_option_t *option, atp_config_t *config)
{
    ATP_ASSERT(atp_option_is_list(option));
    memset((char *)config + option->offset, 0,
           option->type == ATP_OPTION_URLS      ? sizeof(atp_config_urls_t)
           : option->type == ATP_OPTION_SOURCES ? sizeof(atp_config_sources_t)
                                                : sizeof(atp_config_channels_t));
}

static bool get_listed(const atp_option_t *option, const void *value, uint32_t index,
                       char ret_text[ATP_VALUE_TEXT_SIZE])
{
    const atp_config_urls_t *urls = value;
    const atp_config_sources_t *sources = value;
    const atp_config_channels_t *channels = value;
    char ttl[ATP_NUMBER_TEXT_SIZE];

    if (index >= urls->count) { /* every list begins with its count */
        return false;
    }
    if (option->type == ATP_OPTION_URLS) {
        strcpy(ret_text, urls->url[index]);
    } else if (option->type == ATP_OPTION_SOURCES) {
        snprintf(ret_text, ATP_VALUE_TEXT_SIZE, "%s%s", sources->source[index].is_listener ? LISTEN : "",
                 sources->source[index].url);
    } else {
        atp_number_format(option, channels->channel[index].ttl_ms, ttl);
        snprintf(ret_text, ATP_VALUE_TEXT_SIZE, "%s=%s", channels->channel[index].id,
                 channels->channel[index].ttl_ms == 0 ? "" : ttl);
    }
    return true;
}
_Static_assert(offsetof(atp_config_urls_t, count) == 0 && offsetof(atp_config_sources_t, count) == 0 &&
                   offsetof(atp_config_channels_t, count) == 0,
               "get_listed reads the count of any list");

bool atp_option_get(const atp_option_t *option, const atp_config_t *config, uint32_t index,
                    char ret_text[ATP_VALUE_TEXT_SIZE])
{
    const void *value = (const char *)config + option->offset;
    uint64_t number;

    if (atp_option_is_list(option)) {
        return get_listed(option, value, index, ret_text);
    }
    if (atp_option_is_number(option)) {
        memcpy(&number, value, sizeof number);
        atp_number_format(option, number, ret_text);
    } else if (option->type == ATP_OPTION_FORMAT) {
        strcpy(ret_text, atp_log_format_name(*(const atp_log_format_t *)value));
    } else if (option->type == ATP_OPTION_LEVEL) {
        strcpy(ret_text, atp_log_level_name(*(const atp_log_level_t *)value));
    } else if (option->type == ATP_OPTION_UNKNOWN_NAMES) {
        strcpy(ret_text, unknown_names[*(const atp_unknown_names_t *)value]);
    } else if (option->type == ATP_OPTION_SWITCH) {
        strcpy(ret_text, *(const bool *)value ? "true" : "false");
    } else {
        strcpy(ret_text, *(const char *)value == '\0' ? "off" : value);
    }
    return index == 0;
}

void atp_option_range(const atp_option_t *option, char ret_text[ATP_VALUE_TEXT_SIZE])
{
    char min[ATP_NUMBER_TEXT_SIZE];
    char max[ATP_NUMBER_TEXT_SIZE];

    strcpy(ret_text, "");
    if (atp_option_is_number(option) || option->type == ATP_OPTION_CHANNELS) {
        atp_number_format(option, option->min, min);
        atp_number_format(option, option->max, max);
        snprintf(ret_text, ATP_VALUE_TEXT_SIZE, "%s..%s", min, max);
    } else if (option->type == ATP_OPTION_FORMAT) {
        strcpy(ret_text, "logfmt, json");
    } else if (option->type == ATP_OPTION_LEVEL) {
        strcpy(ret_text, "debug, info, warn, error");
    } else if (option->type == ATP_OPTION_UNKNOWN_NAMES) {
        strcpy(ret_text, "refuse, park, create");
    } else if (option->type == ATP_OPTION_SWITCH) {
        strcpy(ret_text, "true, false");
    }
}
