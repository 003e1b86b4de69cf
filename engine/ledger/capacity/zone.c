#include "engine/ledger/capacity/zone.h"

#include "engine/base/assert.h"

#include <stddef.h>
#include <string.h>

#define HOUR_S 3600

/* ---- dates ---- */

bool atp_is_leap_year(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned atp_days_in_month(int64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    ATP_ASSERT(month >= 1 && month <= 12);
    return month == 2 && atp_is_leap_year(year) ? 29 : days[month - 1];
}

/* Days before the first of a month, in a year that begins on 1 March, and back; eras of 400 years of 146,097 days.
 * (H. Hinnant, chrono-compatible low-level date algorithms.) */
int32_t atp_day_of_date(int64_t year, unsigned month, unsigned day_of_month)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day_of_month - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return (int32_t)(era * 146097 + day_of_era - 719468);
}

void atp_date_of_day(int32_t day, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day_of_month)
{
    int64_t z = (int64_t)day + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    *ret_day_of_month = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (unsigned)(month < 10 ? month + 3 : month - 9);
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2 ? 1 : 0);
}

unsigned atp_weekday_of_day(int32_t day)
{
    return (unsigned)((((int64_t)day + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

bool atp_day_of_number(int64_t yyyymmdd, int32_t *ret_day)
{
    int64_t year = yyyymmdd / 10000;
    unsigned month = (unsigned)(yyyymmdd / 100 % 100);
    unsigned day_of_month = (unsigned)(yyyymmdd % 100);

    if (year < 1970 || year > 9999 || month < 1 || month > 12 || day_of_month < 1 ||
        day_of_month > atp_days_in_month(year, month)) {
        return false;
    }
    *ret_day = atp_day_of_date(year, month, day_of_month);
    return true;
}

int64_t atp_number_of_day(int32_t day)
{
    int64_t year;
    unsigned month;
    unsigned day_of_month;

    atp_date_of_day(day, &year, &month, &day_of_month);
    return year * 10000 + month * 100 + day_of_month;
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* ---- reading a rule ---- */

typedef struct reader {
    const char *at;
    const char *end;
    bool is_wrong;
} reader_t;

static bool take_char(reader_t *reader, char wanted)
{
    bool is_there = reader->at < reader->end && *reader->at == wanted;

    reader->at += is_there;
    return is_there;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int32_t take_number(reader_t *reader, int32_t least, int32_t most)
{
    const char *first = reader->at;
    int32_t value = 0;

    while (reader->at < reader->end && is_digit(*reader->at) && value <= most) {
        value = value * 10 + (*reader->at++ - '0');
    }
    reader->is_wrong = reader->is_wrong || reader->at == first || value < least || value > most;
    return value;
}

/* Three letters at least, or <...> of letters, digits and signs. The name itself says nothing to us. */
static void take_name(reader_t *reader)
{
    bool is_quoted = take_char(reader, '<');
    const char *first = reader->at;

    while (reader->at < reader->end &&
           (is_letter(*reader->at) ||
            (is_quoted && (is_digit(*reader->at) || *reader->at == '+' || *reader->at == '-')))) {
        reader->at++;
    }
    reader->is_wrong = reader->is_wrong || reader->at - first < 3 || (is_quoted && !take_char(reader, '>'));
}

/* [+-]hh[:mm[:ss]] */
static int32_t take_time(reader_t *reader, int32_t hours_max)
{
    bool is_negative = take_char(reader, '-');

    if (!is_negative) {
        (void)take_char(reader, '+');
    }
    int32_t value = take_number(reader, 0, hours_max) * HOUR_S;
    if (take_char(reader, ':')) {
        value += take_number(reader, 0, 59) * 60;
        if (take_char(reader, ':')) {
            value += take_number(reader, 0, 59);
        }
    }
    return is_negative ? -value : value;
}

static atp_zone_change_t take_change(reader_t *reader)
{
    atp_zone_change_t change = {.time_s = 2 * HOUR_S};

    if (take_char(reader, 'M')) {
        change.form = ATP_ZONE_WEEKDAY;
        change.month = (uint8_t)take_number(reader, 1, 12);
        reader->is_wrong = !take_char(reader, '.') || reader->is_wrong;
        change.week = (uint8_t)take_number(reader, 1, 5);
        reader->is_wrong = !take_char(reader, '.') || reader->is_wrong;
        change.weekday = (uint8_t)take_number(reader, 0, 6);
    } else if (take_char(reader, 'J')) {
        change.form = ATP_ZONE_DAY_NO_LEAP;
        change.day = (uint16_t)take_number(reader, 1, 365);
    } else {
        change.form = ATP_ZONE_DAY;
        change.day = (uint16_t)take_number(reader, 0, 365);
    }
    if (take_char(reader, '/')) {
        change.time_s = take_time(reader, 167);
    }
    return change;
}

bool atp_zone_parse(atp_text_t rule, atp_zone_t *ret_zone)
{
    atp_zone_t zone = {0};

    if (rule.size == 0) {
        *ret_zone = zone;
        return true;
    }
    reader_t reader = {rule.bytes, rule.bytes + rule.size, rule.size > ATP_ZONE_RULE_SIZE_MAX};
    take_name(&reader);
    zone.standard_s = -take_time(&reader, 24); /* the rule counts to the west */
    if (reader.at < reader.end && !reader.is_wrong) {
        zone.has_summer = 1;
        take_name(&reader);
        bool has_offset = reader.at < reader.end && *reader.at != ',';
        zone.summer_s = has_offset ? -take_time(&reader, 24) : zone.standard_s + HOUR_S;
        reader.is_wrong = !take_char(&reader, ',') || reader.is_wrong;
        zone.begin = take_change(&reader);
        reader.is_wrong = !take_char(&reader, ',') || reader.is_wrong;
        zone.end = take_change(&reader);
    }
    if (reader.is_wrong || reader.at != reader.end) {
        return false;
    }
    *ret_zone = zone;
    return true;
}

/* ---- the changes around a time ---- */

static int32_t day_of_change(const atp_zone_change_t *change, int64_t year)
{
    int32_t new_year = atp_day_of_date(year, 1, 1);

    if (change->form == ATP_ZONE_DAY) {
        return new_year + change->day;
    }
    if (change->form == ATP_ZONE_DAY_NO_LEAP) {
        return new_year + change->day - 1 + (change->day >= 60 && atp_is_leap_year(year));
    }
    int32_t first = atp_day_of_date(year, change->month, 1);
    int32_t wanted =
        (int32_t)((change->weekday + 7 - atp_weekday_of_day(first)) % 7) + 7 * (change->week - 1);
    bool is_past = wanted >= (int32_t)atp_days_in_month(year, change->month); /* a fifth that is not there */
    return first + wanted - (is_past ? 7 : 0);
}

/* A stretch of time over which the offset stays the same: from `from_s` to the next one's. */
typedef struct stretch {
    int64_t from_s;
    int32_t offset_s;
    bool is_summer;
} stretch_t;

#define STRETCHES 7 /* two changes in each of three years, and what was before the first */

/* In order. Of two changes at one moment the one to summer comes last: a rule whose summer ends as it begins again has
 * summer all year (RFC 9636, 3.3.1). */
static bool is_before(const stretch_t *a, const stretch_t *b)
{
    return a->from_s != b->from_s ? a->from_s < b->from_s : !a->is_summer && b->is_summer;
}

static void put_in_order(stretch_t *stretches, unsigned count, stretch_t next)
{
    unsigned at = count;

    while (at > 0 && is_before(&next, &stretches[at - 1])) {
        stretches[at] = stretches[at - 1];
        at--;
    }
    stretches[at] = next;
}

/* The stretches around a time that is `about_s`, give or take some weeks. */
static void list_stretches(const atp_zone_t *zone, int64_t about_s, stretch_t stretches[STRETCHES])
{
    int64_t year;
    unsigned month;
    unsigned day;
    unsigned count = 0;

    atp_date_of_day((int32_t)floor_div(about_s, ATP_DAY_S), &year, &month, &day);
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t begin_s = day_of_change(&zone->begin, y) * ATP_DAY_S + zone->begin.time_s - zone->standard_s;
        int64_t end_s = day_of_change(&zone->end, y) * ATP_DAY_S + zone->end.time_s - zone->summer_s;
        put_in_order(&stretches[1], count++, (stretch_t){begin_s, zone->summer_s, true});
        put_in_order(&stretches[1], count++, (stretch_t){end_s, zone->standard_s, false});
    }
    stretches[0] = (stretch_t){.from_s = INT64_MIN,
                               .offset_s = stretches[1].is_summer ? zone->standard_s : zone->summer_s};
}

int32_t atp_zone_offset_s(const atp_zone_t *zone, int64_t utc_s)
{
    stretch_t stretches[STRETCHES];
    unsigned at = STRETCHES - 1;

    if (!zone->has_summer) {
        return zone->standard_s;
    }
    list_stretches(zone, utc_s, stretches);
    while (stretches[at].from_s > utc_s) {
        at--;
    }
    return stretches[at].offset_s;
}

int64_t atp_zone_first_at(const atp_zone_t *zone, int64_t local_s)
{
    stretch_t stretches[STRETCHES];

    if (!zone->has_summer) {
        return local_s - zone->standard_s;
    }
    list_stretches(zone, local_s, stretches);
    for (unsigned i = 0; i + 1 < STRETCHES; i++) {
        int64_t at_s = local_s - stretches[i].offset_s;
        at_s = at_s > stretches[i].from_s ? at_s : stretches[i].from_s;
        if (at_s < stretches[i + 1].from_s) {
            return at_s;
        }
    }
    return local_s - stretches[STRETCHES - 1].offset_s;
}

int32_t atp_zone_day(const atp_zone_t *zone, int64_t utc_s)
{
    int64_t day = floor_div(utc_s + atp_zone_offset_s(zone, utc_s), ATP_DAY_S);

    /* The clock may have been set back over midnight: the day that had begun goes on. */
    while (zone->has_summer && atp_zone_first_at(zone, (day + 1) * ATP_DAY_S) <= utc_s) {
        day++;
    }
    return (int32_t)day;
}
