#include "tools/atpd/config/config_table.h"

#include <inttypes.h>
#include <string.h>

typedef struct unit {
    const char *name;
    uint64_t factor;
} unit_t;

/* Largest first; one without a name ends the list. */
static const unit_t size_units[] = {
    {"TiB", UINT64_C(1) << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {NULL, 1}};
static const unit_t duration_units_us[] = {{"d", UINT64_C(86400000000)},
                                           {"h", UINT64_C(3600000000)},
                                           {"min", 60000000},
                                           {"s", 1000000},
                                           {"ms", 1000},
                                           {"us", 1},
                                           {NULL, 1}};
static const unit_t no_units[] = {{NULL, 1}};

const char *atp_value_shown(const char *text, char ret_text[ATP_SHOWN_SIZE])
{
    size_t size = 0;

    for (; text[size] != '\0' && size < ATP_SHOWN_SIZE - 4; size++) {
        unsigned char c = (unsigned char)text[size];
        ret_text[size] = c < 0x20 || c >= 0x7f ? '?' : text[size];
    }
    strcpy(ret_text + size, text[size] == '\0' ? "" : "...");
    return ret_text;
}

atp_err_t atp_value_refuse(atp_why_t *ret_why, const char *text, const char *wanted)
{
    char safe[ATP_SHOWN_SIZE];

    return atp_fail(ret_why, ATP_ERR_INVALID, "\"%s\" is not %s", atp_value_shown(text, safe), wanted);
}

static bool parse_digits(const char **text, uint64_t *ret_number)
{
    const char *p = *text;
    uint64_t number = 0;

    if (*p < '0' || *p > '9') {
        return false;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number)) {
            return false;
        }
    }
    *text = p;
    *ret_number = number;
    return true;
}

/* "64MiB" by the units. A number without one is taken as it is; *ret_has_unit says so. */
static bool parse_with_unit(const char *text, const unit_t *units, uint64_t *ret_number, bool *ret_has_unit)
{
    uint64_t number;

    if (!parse_digits(&text, &number)) {
        return false;
    }
    while (units->name != NULL && strcmp(units->name, text) != 0) {
        units++;
    }
    if (units->name == NULL && *text != '\0') {
        return false;
    }
    *ret_has_unit = units->name != NULL;
    return !__builtin_mul_overflow(number, units->factor, ret_number);
}

static void format_with_unit(uint64_t number, const unit_t *units, char ret_text[ATP_NUMBER_TEXT_SIZE])
{
    while (units->name != NULL && (number == 0 || number % units->factor != 0)) {
        units++;
    }
    snprintf(ret_text, ATP_NUMBER_TEXT_SIZE, "%" PRIu64 "%s", number / units->factor,
             units->name == NULL ? "" : units->name);
}

static const unit_t *units_of(const atp_option_t *option)
{
    switch (option->type) {
    case ATP_OPTION_SIZE:
        return size_units;
    case ATP_OPTION_CHANNELS:
    case ATP_OPTION_DURATION_MS:
    case ATP_OPTION_DURATION_US:
        return duration_units_us;
    default:
        return no_units;
    }
}

/* How many microseconds one kept unit of a duration is; 1 for other numbers. */
static uint64_t kept_unit(const atp_option_t *option)
{
    return option->type == ATP_OPTION_DURATION_MS || option->type == ATP_OPTION_CHANNELS ? 1000 : 1;
}

void atp_number_format(const atp_option_t *option, uint64_t number, char ret_text[ATP_NUMBER_TEXT_SIZE])
{
    format_with_unit(number * kept_unit(option), units_of(option), ret_text);
}

static const char *number_wanted(const atp_option_t *option)
{
    switch (option->type) {
    case ATP_OPTION_SIZE:
        return "a size: digits, with KiB, MiB, GiB or TiB after them or nothing";
    case ATP_OPTION_CHANNELS:
    case ATP_OPTION_DURATION_MS:
        return "a duration: digits and one of ms, s, min, h, d";
    case ATP_OPTION_DURATION_US:
        return "a duration: digits and one of us, ms, s, min, h, d";
    default:
        return "a count: digits only";
    }
}

atp_err_t atp_number_parse(const atp_option_t *option, const char *text, uint64_t *ret_number,
                           atp_why_t *ret_why)
{
    char range[ATP_VALUE_TEXT_SIZE];
    char safe[ATP_SHOWN_SIZE];
    uint64_t number;
    bool has_unit;
    bool needs_unit = units_of(option) == duration_units_us;

    if (!parse_with_unit(text, units_of(option), &number, &has_unit) ||
        (needs_unit && !has_unit && number != 0) || number % kept_unit(option) != 0) {
        return atp_value_refuse(ret_why, text, number_wanted(option));
    }
    number /= kept_unit(option);
    if (number < option->min || number > option->max) {
        atp_option_range(option, range);
        return atp_fail(ret_why, ATP_ERR_INVALID, "%s is not within %s", atp_value_shown(text, safe), range);
    }
    if (option->type == ATP_OPTION_POWER_OF_TWO && (number & (number - 1)) != 0) {
        return atp_value_refuse(ret_why, text, "a power of two");
    }
    *ret_number = number;
    return ATP_OK;
}
