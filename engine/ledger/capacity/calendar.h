/* The calendar of a node: which day it is there, and when an order placed now is ready.
 *
 *     the order counts for   the node's own day; from its cut-off on, the next one; from there the next working day
 *     it is ready            `handling_days` working days after that, at `ready_minute` of that day by the wall clock
 *
 * A promise means ready at the node. A working day is a day of the week that the node works and that is not one of its
 * closed days. A node without a calendar has UTC, works every day until midnight, and has things ready at once.
 *
 * Threads     pure.
 * Invariants  K1  ready days never go back as time goes on, as long as the calendar stays the same.
 *             K2  the zone is what its rule says; closed days are in order, none twice. */
#ifndef ATP_LEDGER_CALENDAR_H
#define ATP_LEDGER_CALENDAR_H

#include "engine/ledger/capacity/zone.h"

#define ATP_MINUTES_A_DAY     1440
#define ATP_HANDLING_DAYS_MAX 30
#define ATP_CLOSED_DAYS_MAX   64
#define ATP_READY_DAYS_MAX    90 /* a day that is not reached within so many from today is none */
#define ATP_READY_NEVER       INT32_MAX
#define ATP_EVERY_DAY_OF_WEEK 0x7fu

typedef struct atp_calendar {
    atp_zone_t zone;
    uint16_t cut_off;      /* minute of the day from which an order counts for the next; 1440 = none */
    uint16_t ready_minute; /* 1440 = at the end of the day */
    uint8_t working_days;  /* bit 0 = Sunday; at least one */
    uint8_t handling_days;
    uint8_t closed_count;
    uint8_t rule_size;
    char rule[ATP_ZONE_RULE_SIZE_MAX];   /* of the zone */
    int32_t closed[ATP_CLOSED_DAYS_MAX]; /* days */
} atp_calendar_t;

_Static_assert(sizeof(atp_calendar_t) == 36 + 8 + 64 + 256, "stored: no padding");

/* What the calendar says at one time, good until `until_ms`. */
typedef struct atp_calendar_now {
    int64_t until_ms;
    int32_t today;
    int32_t ready_day; /* of an order placed now; ATP_READY_NEVER: of none within ATP_READY_DAYS_MAX */
} atp_calendar_now_t;

/* UTC, every day a working day, no cut-off, ready at the end of the day. */
atp_calendar_t atp_calendar_default(void);

/* Sets the zone by its rule. False, nothing changed: it is no rule. */
ATP_MUST_USE bool atp_calendar_set_zone(atp_calendar_t *calendar, atp_text_t rule);

/* Adds a closed day; days before `oldest` go, to make room. False: there is none. */
ATP_MUST_USE bool atp_calendar_close_day(atp_calendar_t *calendar, int32_t day, int32_t oldest);

/* The node's own day at a time, and when a day begins and ends: milliseconds since 1970 UTC. */
int32_t atp_calendar_day(const atp_calendar_t *calendar, int64_t now_ms);
int64_t atp_calendar_day_begin_ms(const atp_calendar_t *calendar, int32_t day);
int64_t atp_calendar_day_end_ms(const atp_calendar_t *calendar, int32_t day);

bool atp_calendar_is_working_day(const atp_calendar_t *calendar, int32_t day);

/* When something is ready that is ready on that day. */
int64_t atp_calendar_ready_ms(const atp_calendar_t *calendar, int32_t day);

atp_calendar_now_t atp_calendar_look(const atp_calendar_t *calendar, int64_t now_ms);

#endif
