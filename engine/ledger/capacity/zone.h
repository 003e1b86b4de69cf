/* A time zone as a rule: what the clock on a node's wall shows, from UTC, for ever and on every machine alike.
 *
 * The rule is the POSIX TZ string, as in the last line of a zoneinfo file: "CET-1CEST,M3.5.0,M10.5.0/3". It is
 * complete in itself, so that the ledger reads no table that an update of the machine could change: the same ops give
 * the same days on every replay. (IEEE Std 1003.1, 8.3; times of changes from -167 to 167 hours as in RFC 9636, 3.3.1.)
 * A rule with a summer time must say when it begins and ends: the default that POSIX leaves open is no rule.
 *
 * Seconds are counted from 1970-01-01 00:00, UTC or of the wall clock as said, without leap seconds.
 *
 * Threads     pure.
 * Invariants  Z1  a moment of the wall clock that is skipped (spring) or shown twice (autumn) has one place in time: the
 *                 first at which the clock shows it or later. So the days of a node follow each other without a gap,
 *                 and a day that has begun is not taken back by a clock that is. */
#ifndef ATP_LEDGER_ZONE_H
#define ATP_LEDGER_ZONE_H

#include "engine/base/err.h"
#include "engine/base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_ZONE_RULE_SIZE_MAX 64
#define ATP_DAY_S              INT64_C(86400)

/* When the clock is changed in each year. */
typedef struct atp_zone_change {
    int32_t time_s; /* of that day, by the clock before the change */
    uint16_t day;   /* ATP_ZONE_DAY_...: its number */
    uint8_t form;
    uint8_t month;   /* 1 to 12 */
    uint8_t week;    /* 1 to 5, 5 = the last */
    uint8_t weekday; /* 0 = Sunday */
    uint8_t unused[2];
} atp_zone_change_t;

enum {
    ATP_ZONE_WEEKDAY = 0,     /* Mm.w.d */
    ATP_ZONE_DAY_NO_LEAP = 1, /* Jn: 1 to 365, 29 February is not counted */
    ATP_ZONE_DAY = 2          /* n: 0 to 365 */
};

typedef struct atp_zone {
    int32_t standard_s; /* the wall clock is ahead of UTC by so much */
    int32_t summer_s;
    atp_zone_change_t begin; /* of summer time */
    atp_zone_change_t end;
    uint32_t has_summer;
} atp_zone_t;

_Static_assert(sizeof(atp_zone_t) == 36, "stored: no padding");

/* Reads a rule of up to ATP_ZONE_RULE_SIZE_MAX bytes; "" is UTC. False: it is not one; the output is then untouched. */
ATP_MUST_USE bool atp_zone_parse(atp_text_t rule, atp_zone_t *ret_zone);

/* How far the wall clock is ahead of UTC at that time. */
int32_t atp_zone_offset_s(const atp_zone_t *zone, int64_t utc_s);

/* The first moment, in UTC, at which the wall clock shows `local_s` or later (Z1). */
int64_t atp_zone_first_at(const atp_zone_t *zone, int64_t local_s);

/* The node's own day at that time: days since 1970-01-01 by the wall clock (Z1). */
int32_t atp_zone_day(const atp_zone_t *zone, int64_t utc_s);

/* ---- dates of the Gregorian calendar ---- */

int32_t atp_day_of_date(int64_t year, unsigned month, unsigned day_of_month);
/* Year of a day, month and day of the month. */
void atp_date_of_day(int32_t day, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day_of_month);
/* 0 = Sunday. */
unsigned atp_weekday_of_day(int32_t day);
bool atp_is_leap_year(int64_t year);
unsigned atp_days_in_month(int64_t year, unsigned month);

/* 20261225 and back; false if there is no such date from 1970 to 9999. */
ATP_MUST_USE bool atp_day_of_number(int64_t yyyymmdd, int32_t *ret_day);
int64_t atp_number_of_day(int32_t day);

#endif
