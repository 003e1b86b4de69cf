#include "tools/atp/node_calendar.h"

#include "engine/base/attribute.h"
#include "tools/atp/with.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONE_FOLDER "/usr/share/zoneinfo/"

static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/* ---- forms ---- */

int atp_minute_of_text(const char *text)
{
    int hour = 0;
    int minute = 0;
    int used = 0;

    if (sscanf(text, "%2d:%2d%n", &hour, &minute, &used) != 2 || text[used] != '\0' || text[0] == '-' ||
        text[0] == ' ' || hour < 0 || hour > 24 || minute < 0 || minute > 59 || (hour == 24 && minute > 0)) {
        return -1;
    }
    return hour * 60 + minute;
}

static int weekday_of(const char *text, size_t size)
{
    for (int i = 0; i < 7; i++) {
        if (size == 3 && strncmp(text, weekdays[i], 3) == 0) {
            return i;
        }
    }
    return -1;
}

unsigned atp_weekdays_of_text(const char *text)
{
    unsigned days = 0;

    for (const char *at = text;; at++) {
        size_t size = strcspn(at, ",");
        const char *dash = memchr(at, '-', size);
        int first = weekday_of(at, dash != NULL ? (size_t)(dash - at) : size);
        int last = dash != NULL ? weekday_of(dash + 1, size - (size_t)(dash + 1 - at)) : first;
        if (first < 0 || last < 0) {
            return 0;
        }
        for (int day = first;; day = (day + 1) % 7) {
            days |= 1u << day;
            if (day == last) {
                break;
            }
        }
        at += size;
        if (*at == '\0') {
            return days;
        }
    }
}

bool atp_zone_rule_of_file(const char *path, char *ret_rule, size_t size)
{
    FILE *file = fopen(path, "rb");
    char tail[128];
    char magic[4];

    if (file == NULL) {
        return false;
    }
    bool is_zone = fread(magic, 1, sizeof magic, file) == sizeof magic && memcmp(magic, "TZif", 4) == 0;
    size_t read =
        is_zone && fseek(file, -(long)sizeof tail, SEEK_END) == 0 ? fread(tail, 1, sizeof tail, file) : 0;
    (void)fclose(file);
    if (read < 2 || tail[read - 1] != '\n') {
        return false;
    }
    size_t first = read - 1;
    while (first > 0 && tail[first - 1] != '\n') {
        first--;
    }
    size_t length = read - 1 - first;
    if (first == 0 || length == 0 || length >= size) {
        return false;
    }
    memcpy(ret_rule, tail + first, length);
    ret_rule[length] = '\0';
    return true;
}

/* ---- flags ---- */

static bool take_zone(atp_cli_t *cli)
{
    const char *zone = atp_args_text(&cli->args, "time-zone");
    char path[256];
    char *rule;

    if (zone == NULL) {
        return true;
    }
    rule = atp_cli_alloc(ATP_NAME_SIZE_MAX + 1, 1);
    (void)snprintf(path, sizeof path, ZONE_FOLDER "%s", zone);
    bool is_name =
        strstr(zone, "..") == NULL && zone[0] != '/' && strlen(zone) < sizeof path - sizeof ZONE_FOLDER;
    if (!is_name || !atp_zone_rule_of_file(path, rule, ATP_NAME_SIZE_MAX + 1)) {
        (void)snprintf(rule, ATP_NAME_SIZE_MAX + 1, "%s", zone); /* a rule: the engine looks at it */
    }
    return atp_with_text(cli, ATP_KEY_TIME_ZONE, rule);
}

static bool take_minute(atp_cli_t *cli, const char *flag, unsigned key)
{
    const char *text = atp_args_text(&cli->args, flag);
    int minute = text == NULL ? 0 : atp_minute_of_text(text);

    if (minute < 0) {
        (void)atp_cli_usage(cli->cmd, "--%s: '%.40s' is not a time of the day, as 14:30", flag, text);
        return false;
    }
    if (text != NULL) {
        atp_with_number(cli, key, minute);
    }
    return true;
}

static bool take_weekdays(atp_cli_t *cli)
{
    const char *text = atp_args_text(&cli->args, "working-days");
    unsigned days = text == NULL ? 0 : atp_weekdays_of_text(text);

    if (text != NULL && days == 0) {
        (void)atp_cli_usage(cli->cmd,
                            "--working-days: '%.40s' is not a list of days, as mon-fri or mon,wed,sat", text);
        return false;
    }
    if (text != NULL) {
        atp_with_number(cli, ATP_KEY_WORKING_DAYS, days);
    }
    return true;
}

/* "2026-12-25" to 20261225; 0 if it is no date. */
static int64_t number_of_date(const char *text)
{
    int year = 0;
    int month = 0;
    int day = 0;
    int used = 0;
    bool is_date = sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && text[used] == '\0' &&
                   year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 31;

    return is_date ? year * INT64_C(10000) + month * 100 + day : 0;
}

static bool take_closed(atp_cli_t *cli)
{
    unsigned cursor = 0;

    for (const char *text; (text = atp_args_each(&cli->args, "closed", &cursor)) != NULL;) {
        int64_t day = number_of_date(text);
        if (day == 0 && strcmp(text, "none") != 0) {
            (void)atp_cli_usage(cli->cmd, "--closed: '%.40s' is not a date, as 2026-12-25, nor none", text);
            return false;
        }
        atp_with_number(cli, ATP_KEY_CLOSED_DAY, day);
    }
    return true;
}

static bool take_on(atp_cli_t *cli)
{
    const char *text = atp_args_text(&cli->args, "on");
    int64_t day = text == NULL ? 0 : number_of_date(text);

    if (text != NULL && day == 0) {
        (void)atp_cli_usage(cli->cmd, "--on: '%.40s' is not a date, as 2026-12-24", text);
        return false;
    }
    if (text != NULL) {
        atp_with_number(cli, ATP_KEY_CAPACITY_DAY, day);
    }
    return true;
}

bool atp_node_calendar_take(atp_cli_t *cli)
{
    return take_zone(cli) && take_minute(cli, "cut-off", ATP_KEY_CUT_OFF) && take_weekdays(cli) &&
           take_closed(cli) && atp_with_flag_as(cli, "handling", ATP_KEY_HANDLING_DAYS) &&
           take_minute(cli, "ready-at", ATP_KEY_READY_MINUTE) &&
           atp_with_flag_as(cli, "capacity-units", ATP_KEY_CAPACITY_UNITS) &&
           atp_with_flag_as(cli, "capacity-orders", ATP_KEY_CAPACITY_ORDERS) && take_on(cli);
}

/* ---- showing ---- */

static void put_minute(atp_out_t *out, const char *key, const char *header, unsigned minute)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%02u:%02u", minute / 60, minute % 60);
    atp_out_string(out, key, header, text);
}

static void put_weekdays(atp_out_t *out, unsigned days)
{
    char text[64] = "";
    size_t used = 0;

    for (unsigned i = 0; i < 7; i++) {
        unsigned day = (i + 1) % 7; /* a week begins on Monday */
        if (days >> day & 1) {
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? "," : "", weekdays[day]);
        }
    }
    atp_out_string(out, "working_days", "WORKING", days == 0x7fu ? "all" : text);
}

/* Without zeros at the end. */
static void put_units(atp_out_t *out, const char *key, const char *header, atp_qty_t qty, uint8_t scale)
{
    while (scale > 0 && qty % 10 == 0) { /* the shortest way to write it */
        qty /= 10;
        scale--;
    }
    atp_out_qty(out, key, header, qty, scale);
}

void atp_node_calendar_put(atp_out_t *out, const atp_catalog_entry_t *entry)
{
    const atp_catalog_calendar_t *calendar = &entry->calendar;

    if (!entry->has_calendar) {
        return;
    }
    atp_out_text(out, "time_zone", "TIME ZONE",
                 calendar->time_zone.size > 0 ? calendar->time_zone : ATP_TEXT("UTC0"));
    put_minute(out, "cut_off", "CUT-OFF", calendar->cut_off);
    put_weekdays(out, calendar->working_days);
    atp_out_uint(out, "closed_days", "CLOSED DAYS", calendar->closed_days);
    atp_out_uint(out, "handling_days", "HANDLING", calendar->handling_days);
    put_minute(out, "ready_at", "READY AT", calendar->ready_minute);
    put_units(out, "capacity_units", "UNITS A DAY", calendar->capacity_units, calendar->scale);
    atp_out_uint(out, "capacity_orders", "ORDERS A DAY", calendar->capacity_orders);
    atp_out_time(out, "ready_ms", "READY", calendar->ready_ms);
    put_units(out, "booked_units", "BOOKED UNITS", calendar->booked_units, calendar->scale);
    atp_out_uint(out, "booked_orders", "BOOKED ORDERS", calendar->booked_orders);
}
