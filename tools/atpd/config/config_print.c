#include "tools/atpd/config/config_table.h"

#include <inttypes.h>
#include <string.h>

/* ---- --help ---- */

static const char *argument_of(const atp_option_t *option)
{
    switch (option->type) {
    case ATP_OPTION_PATH:
        return " FOLDER";
    case ATP_OPTION_NAME:
        return " WORDS";
    case ATP_OPTION_URL:
        return " URL";
    case ATP_OPTION_URLS:
        return " URL ...";
    case ATP_OPTION_SOURCES:
        return " SOURCE ...";
    case ATP_OPTION_CHANNELS:
        return " ID[=TTL] ...";
    case ATP_OPTION_ADDRESS:
        return " ADDRESS";
    case ATP_OPTION_FORMAT:
    case ATP_OPTION_LEVEL:
    case ATP_OPTION_UNKNOWN_NAMES:
        return " NAME";
    case ATP_OPTION_COUNT:
    case ATP_OPTION_POWER_OF_TWO:
        return " N";
    case ATP_OPTION_SIZE:
        return " SIZE";
    case ATP_OPTION_DURATION_MS:
    case ATP_OPTION_DURATION_US:
        return " TIME";
    case ATP_OPTION_SWITCH:
        return "[=false]";
    }
    atp_assert_failed(__FILE__, __LINE__, "an option type without an argument name");
}

static void print_option_help(FILE *out, const atp_option_t *option)
{
    char flag[ATP_FLAG_SIZE];
    char range[ATP_VALUE_TEXT_SIZE];

    atp_option_flag(option, flag);
    atp_option_range(option, range);
    fprintf(out, "  --%s%s\n        %s\n", flag, argument_of(option), option->help);
    if (option->type == ATP_OPTION_SWITCH || (range[0] == '\0' && option->value[0] == '\0')) {
        return;
    }
    fprintf(out, "        %s%s%s%s\n", range, range[0] == '\0' || option->value[0] == '\0' ? "" : "; ",
            option->value[0] == '\0' ? "" : "default ", option->value);
}

void atp_config_print_help(FILE *out)
{
    fprintf(out,
            "Usage: atpd [--config FILE] [flag ...]\n\n"
            "Keeps a ledger of what can be promised, and answers over NNG.\n\n"
            "Examples:\n"
            "  atpd --data /var/lib/atpd\n"
            "  atpd --config /etc/atpd/atpd.yaml --log-level debug\n"
            "  atpd --listen tcp://127.0.0.1:7411 --listen ipc:///run/atpd/atpd.sock --metrics off\n"
            "  atpd --check /var/lib/atpd\n"
            "  atpd --past /var/lib/atpd --position bike-28@berlin --at 2026-11-21T12:03:07 --window 2h\n\n"
            "Flags:\n");
    for (uint32_t i = 0; i < atp_config_command_count; i++) {
        const atp_config_command_t *command = &atp_config_commands[i];
        fprintf(out, "  --%s%s%s\n        %s\n", command->name, command->argument == NULL ? "" : " ",
                command->argument == NULL ? "" : command->argument, command->help);
    }
    fprintf(out, "\nOptions. In the file each has its key: log.level is level under log. Values with ... may "
                 "be given\n"
                 "more than once, and then replace those of the file. SIZE: bytes, or KiB, MiB, GiB, TiB. "
                 "TIME: us, ms,\n"
                 "s, min, h, d.\n");
    for (uint32_t i = 0; i < atp_option_count; i++) {
        print_option_help(out, &atp_options[i]);
    }
}

/* ---- YAML ---- */

/* The code point of the well-formed sequence at `p`, whose size goes to *ret_size. */
static uint32_t code_point(const unsigned char *p, size_t *ret_size)
{
    size_t size = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint32_t code = size == 1 ? p[0] : p[0] & (0xffU >> (size + 1));

    for (size_t i = 1; i < size; i++) {
        code = code << 6 | (p[i] & 0x3fU);
    }
    *ret_size = size;
    return code;
}

/* In double quotes; beyond ASCII as escapes, for YAML does not take every character as it is. `text` is clean. */
static void print_quoted(FILE *out, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t size;

    fputc('"', out);
    for (; *p != '\0'; p += size) {
        uint32_t code = code_point(p, &size);
        if (code == '"' || code == '\\') {
            fprintf(out, "\\%c", (int)code);
        } else if (code < 0x80) {
            fputc((int)code, out);
        } else {
            fprintf(out, "\\U%08" PRIx32, code);
        }
    }
    fputc('"', out);
}

static void print_channel(FILE *out, const char *text)
{
    char id[ATP_VALUE_TEXT_SIZE];
    size_t size = (size_t)(strrchr(text, '=') - text);

    memcpy(id, text, size);
    id[size] = '\0';
    fprintf(out, "{id: ");
    print_quoted(out, id);
    if (text[size + 1] != '\0') {
        fprintf(out, ", ttl: %s", text + size + 1);
    }
    fputc('}', out);
}

static void print_list(FILE *out, const atp_option_t *option, const atp_config_t *config)
{
    char text[ATP_VALUE_TEXT_SIZE];
    uint32_t i = 0;

    for (; atp_option_get(option, config, i, text); i++) {
        fprintf(out, "\n  - ");
        if (option->type == ATP_OPTION_CHANNELS) {
            print_channel(out, text);
        } else {
            print_quoted(out, text);
        }
    }
    fprintf(out, i == 0 ? " []\n" : "\n");
}

static void print_value(FILE *out, const atp_option_t *option, const atp_config_t *config)
{
    char text[ATP_VALUE_TEXT_SIZE];

    if (atp_option_is_list(option)) {
        print_list(out, option, config);
        return;
    }
    atp_option_get(option, config, 0, text);
    fputc(' ', out);
    if (option->type == ATP_OPTION_PATH || option->type == ATP_OPTION_NAME ||
        option->type == ATP_OPTION_URL || option->type == ATP_OPTION_ADDRESS) {
        print_quoted(out, text);
    } else {
        fprintf(out, "%s", text);
    }
    fputc('\n', out);
}

void atp_config_print(FILE *out, const atp_config_t *config)
{
    const char *group = "";
    size_t group_size = 0;

    for (uint32_t i = 0; i < atp_option_count; i++) {
        const atp_option_t *option = &atp_options[i];
        const char *point = strchr(option->key, '.');
        if (option->is_flag_only) {
            continue;
        }
        if (point != NULL && strncmp(group, option->key, (size_t)(point - option->key) + 1) != 0) {
            group = option->key;
            group_size = (size_t)(point - option->key) + 1;
            fprintf(out, "\n%.*s:\n", (int)group_size - 1, group);
        }
        fprintf(out, "%s# %s\n", point == NULL ? "" : "  ", option->help);
        fprintf(out, "%s%s:", point == NULL ? "" : "  ", option->key + group_size);
        print_value(out, option, config);
    }
}

/* ---- documentation ---- */

void atp_config_print_markdown(FILE *out)
{
    char range[ATP_VALUE_TEXT_SIZE];

    fprintf(out, "| key | type | range | default | what it is |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < atp_option_count; i++) {
        const atp_option_t *option = &atp_options[i];
        atp_option_range(option, range);
        fprintf(out, "| `%s`%s | %s | %s | %s%s%s | %s |\n", option->key,
                option->is_flag_only ? " (flag only)" : "", atp_option_type_name(option), range,
                option->value[0] == '\0' ? "" : "`", option->value, option->value[0] == '\0' ? "" : "`",
                option->help);
    }
}
