/* The calendar and the capacity of a node, as people write them: a time zone by its name, times of the day, days of the week. */
#ifndef ATP_CLI_NODE_CALENDAR_H
#define ATP_CLI_NODE_CALENDAR_H

#include "tools/atp/cli.h"

/* For the flags of "node put". */
#define ATP_NODE_CALENDAR_FLAGS                                                                              \
    {"time-zone", "ZONE", NULL, "Europe/Berlin, or a rule as CET-1CEST,M3.5.0,M10.5.0/3 (UTC)"},             \
        {"cut-off", "HH:MM", NULL, "Orders from then on count for the next day (24:00)"},                    \
        {"working-days", "DAYS", NULL, "mon-fri, or mon,wed,sat (all)"},                                     \
        {"closed", "DATE", NULL,                                                                             \
         "A day that is not worked, as 2026-12-25; several times; none for no such day"},                    \
        {"handling", "DAYS", NULL, "Working days until an order is ready (0)"},                              \
        {"ready-at", "HH:MM", NULL, "When on its day an order is ready (24:00)"},                            \
        {"capacity-units", "QTY", NULL, "Units it can make ready a day; 0 for no limit"},                    \
        {"capacity-orders", "N", NULL, "Orders it can make ready a day; 0 for no limit"},                    \
    {                                                                                                        \
        "on", "DATE", NULL, "These two are of that day alone; without them it is as other days"              \
    }

/* Adds the attributes that these flags say. Prints the fault and returns false if one is not of its form. */
ATP_MUST_USE bool atp_node_calendar_take(atp_cli_t *cli);

/* The columns of a node's calendar, in "node show"; nothing where it has none. */
void atp_node_calendar_put(atp_out_t *out, const atp_catalog_entry_t *entry);

/* ---- for tests ---- */

/* The last line of a zoneinfo file: the rule for ever on. `ret_rule` has `size` bytes. False if that is no such file. */
ATP_MUST_USE bool atp_zone_rule_of_file(const char *path, char *ret_rule, size_t size);
/* "09:30" to 570; -1 if it is no time of the day, 00:00 to 24:00. */
int atp_minute_of_text(const char *text);
/* "mon-fri" to 62, Sunday being 1; 0 if it is no such list. */
unsigned atp_weekdays_of_text(const char *text);

#endif
