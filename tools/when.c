#include "tools/when.h"

#include <stddef.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

int64_t atp_when_unit_ms(const char *unit)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", DAY_MS}};

    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].name) == 0) {
            return units[i].ms;
        }
    }
    return 0;
}

/* `digits` digits at *at, as a number within its range; *at moves behind them. */
static bool take(const char **at, unsigned digits, int64_t least, int64_t most, int64_t *ret_number)
{
    int64_t number = 0;

    for (unsigned i = 0; i < digits; i++, ++*at) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        number = number * 10 + (**at - '0');
    }
    *ret_number = number;
    return number >= least && number <= most;
}

static bool take_char(const char **at, char c)
{
    bool is_there = **at == c;

    *at += is_there;
    return is_there;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 1970-01-01 of a day from then on. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t past = year - 1;
    int64_t leaps = past / 4 - past / 100 + past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);

    return (year - 1970) * 365 + leaps + before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
}

static bool take_date(const char **at, int64_t *ret_ms)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year;
    int64_t month;
    int64_t day;

    if (!take(at, 4, 1970, 9999, &year) || !take_char(at, '-') || !take(at, 2, 1, 12, &month) ||
        !take_char(at, '-') || !take(at, 2, 1, 31, &day) ||
        day > lengths[month - 1] + (month == 2 && is_leap(year))) {
        return false;
    }
    *ret_ms = days_of(year, month, day) * DAY_MS;
    return true;
}

/* "10:41", "10:41:00", "10:41:00.150". */
static bool take_clock(const char **at, int64_t *ret_ms)
{
    int64_t hours;
    int64_t minutes;
    int64_t seconds = 0;
    int64_t ms = 0;

    if (!take(at, 2, 0, 23, &hours) || !take_char(at, ':') || !take(at, 2, 0, 59, &minutes)) {
        return false;
    }
    if (take_char(at, ':') && !take(at, 2, 0, 59, &seconds)) {
        return false;
    }
    if (take_char(at, '.') && !take(at, 3, 0, 999, &ms)) {
        return false;
    }
    *ret_ms = ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms;
    return true;
}

/* "", "Z", "+01:00": how much earlier than UTC it is. */
static bool take_zone(const char **at, int64_t *ret_ms)
{
    int64_t hours;
    int64_t minutes;
    int64_t sign = **at == '-' ? -1 : 1;

    *ret_ms = 0;
    if (**at == '\0' || take_char(at, 'Z')) {
        return true;
    }
    if ((!take_char(at, '+') && !take_char(at, '-')) || !take(at, 2, 0, 14, &hours) || !take_char(at, ':') ||
        !take(at, 2, 0, 59, &minutes)) {
        return false;
    }
    *ret_ms = sign * (hours * 60 + minutes) * 60000;
    return true;
}

static bool parse_iso(const char *text, int64_t *ret_ms)
{
    const char *at = text;
    int64_t clock_ms = 0;
    int64_t zone_ms = 0;

    if (!take_date(&at, ret_ms)) {
        return false;
    }
    if (take_char(&at, 'T') && (!take_clock(&at, &clock_ms) || !take_zone(&at, &zone_ms))) {
        return false;
    }
    *ret_ms += clock_ms - zone_ms;
    return *at == '\0' && *ret_ms >= 0;
}

bool atp_when_parse(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    bool is_from_now = text[0] == '+';
    const char *digits = text + is_from_now;
    size_t count = strspn(digits, "0123456789");
    int64_t number = 0;

    if (count == 0 || digits[count] == '-') {
        return !is_from_now && parse_iso(text, ret_ms);
    }
    const char *at = digits;
    if (count > 15 || !take(&at, (unsigned)count, 0, INT64_MAX, &number)) {
        return false;
    }
    if (!is_from_now) {
        *ret_ms = number;
        return *at == '\0';
    }
    int64_t unit_ms = atp_when_unit_ms(at);
    if (unit_ms == 0 || number > 3650 * DAY_MS / unit_ms) {
        return false;
    }
    *ret_ms = now_ms + number * unit_ms;
    return true;
}
