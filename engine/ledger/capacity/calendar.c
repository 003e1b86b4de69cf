#include "engine/ledger/capacity/calendar.h"

#include "engine/base/assert.h"

#include <string.h>

atp_calendar_t atp_calendar_default(void)
{
    return (atp_calendar_t){.cut_off = ATP_MINUTES_A_DAY,
                            .ready_minute = ATP_MINUTES_A_DAY,
                            .working_days = ATP_EVERY_DAY_OF_WEEK};
}

bool atp_calendar_set_zone(atp_calendar_t *calendar, atp_text_t rule)
{
    if (!atp_zone_parse(rule, &calendar->zone)) {
        return false;
    }
    memset(calendar->rule, 0, sizeof calendar->rule);
    if (rule.size > 0) {
        memcpy(calendar->rule, rule.bytes, rule.size);
    }
    calendar->rule_size = (uint8_t)rule.size;
    return true;
}

/* Where `day` stands among the closed days, or would. */
static unsigned closed_place(const atp_calendar_t *calendar, int32_t day)
{
    unsigned at = 0;

    while (at < calendar->closed_count && calendar->closed[at] < day) {
        at++;
    }
    return at;
}

static void drop_closed_before(atp_calendar_t *calendar, int32_t oldest)
{
    unsigned gone = closed_place(calendar, oldest);
    unsigned kept = calendar->closed_count - gone;

    memmove(calendar->closed, calendar->closed + gone, kept * sizeof calendar->closed[0]);
    memset(calendar->closed + kept, 0, gone * sizeof calendar->closed[0]);
    calendar->closed_count = (uint8_t)kept;
}

bool atp_calendar_close_day(atp_calendar_t *calendar, int32_t day, int32_t oldest)
{
    drop_closed_before(calendar, oldest);
    unsigned at = closed_place(calendar, day);
    if (day < oldest || (at < calendar->closed_count && calendar->closed[at] == day)) {
        return true;
    }
    if (calendar->closed_count == ATP_CLOSED_DAYS_MAX) {
        return false;
    }
    memmove(calendar->closed + at + 1, calendar->closed + at,
            (calendar->closed_count - at) * sizeof calendar->closed[0]);
    calendar->closed[at] = day;
    calendar->closed_count++;
    return true;
}

static int64_t floor_seconds(int64_t ms)
{
    return ms / 1000 - (ms % 1000 < 0);
}

int32_t atp_calendar_day(const atp_calendar_t *calendar, int64_t now_ms)
{
    return atp_zone_day(&calendar->zone, floor_seconds(now_ms));
}

static int64_t minute_ms(const atp_calendar_t *calendar, int32_t day, unsigned minute)
{
    return atp_zone_first_at(&calendar->zone, day * ATP_DAY_S + minute * INT64_C(60)) * 1000;
}

int64_t atp_calendar_day_begin_ms(const atp_calendar_t *calendar, int32_t day)
{
    return minute_ms(calendar, day, 0);
}

int64_t atp_calendar_day_end_ms(const atp_calendar_t *calendar, int32_t day)
{
    return minute_ms(calendar, day, ATP_MINUTES_A_DAY);
}

int64_t atp_calendar_ready_ms(const atp_calendar_t *calendar, int32_t day)
{
    return minute_ms(calendar, day, calendar->ready_minute);
}

bool atp_calendar_is_working_day(const atp_calendar_t *calendar, int32_t day)
{
    unsigned at = closed_place(calendar, day);
    bool is_closed = at < calendar->closed_count && calendar->closed[at] == day;

    return !is_closed && (calendar->working_days >> atp_weekday_of_day(day) & 1) != 0;
}

/* The working day that is `steps` after the first one from `day` on. */
static int32_t working_day_from(const atp_calendar_t *calendar, int32_t day, unsigned steps, int32_t last)
{
    for (; day <= last; day++) {
        if (atp_calendar_is_working_day(calendar, day) && steps-- == 0) {
            return day;
        }
    }
    return ATP_READY_NEVER;
}

atp_calendar_now_t atp_calendar_look(const atp_calendar_t *calendar, int64_t now_ms)
{
    int32_t today = atp_calendar_day(calendar, now_ms);
    int64_t cut_off_ms = minute_ms(calendar, today, calendar->cut_off);
    bool is_past = now_ms >= cut_off_ms;

    return (atp_calendar_now_t){
        .until_ms = is_past ? atp_calendar_day_end_ms(calendar, today) : cut_off_ms,
        .today = today,
        .ready_day =
            working_day_from(calendar, today + is_past, calendar->handling_days, today + ATP_READY_DAYS_MAX),
    };
}
