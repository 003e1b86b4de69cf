/* The reference model of what nodes can make ready a day: arrays and loops over all of them. Days come from the C
 * library and a POSIX rule in TZ, so that it shares no line with the ledger's calendar. */
#ifndef ATP_TESTS_MODEL_MODEL_CAPACITY_H
#define ATP_TESTS_MODEL_MODEL_CAPACITY_H

#include "engine/base/command.h"

#include <stdbool.h>
#include <stdint.h>

#define CAPACITY_NODES        3
#define CAPACITY_SKUS         3
#define CAPACITY_LINES        3
#define CAPACITY_RESERVATIONS 4000
#define CAPACITY_CLOSED       6
#define CAPACITY_OWN          200

typedef struct capacity_node {
    atp_node_state_t state;
    bool has_calendar;
    const char *zone;
    int cut_off;
    unsigned working_days; /* bit 0 = Sunday */
    int handling_days;
    int ready_minute;
    int64_t units; /* hundredths; 0 = no limit */
    int64_t orders;
    int closed_count;
    int64_t closed[CAPACITY_CLOSED]; /* 20231225 */
    int own_count; /* days with limits of their own, as they were told: the last word counts */
    struct {
        int64_t day;
        int64_t units; /* -1 = as other days */
        int64_t orders;
    } own[CAPACITY_OWN];
} capacity_node_t;

typedef struct capacity_line {
    int sku;
    int node;
    int64_t reserved; /* in the SKU's scale */
    int64_t allocated;
    int64_t shipped;
} capacity_line_t;

/* What a reservation takes of a node: of which day, and whether something of it has shipped. */
typedef struct capacity_booking {
    bool is_there;
    int64_t day; /* 20231225 */
    int64_t ready_ms;
    int64_t shipped; /* hundredths */
} capacity_booking_t;

typedef struct capacity_reservation {
    int64_t deadline_ms;
    int line_count;
    capacity_line_t lines[CAPACITY_LINES];
    capacity_booking_t bookings[CAPACITY_NODES];
} capacity_reservation_t;

typedef struct capacity_model {
    capacity_node_t nodes[CAPACITY_NODES];
    int scales[CAPACITY_SKUS]; /* 0 to 2 */
    int64_t on_hand[CAPACITY_SKUS][CAPACITY_NODES];
    int reservation_count;
    capacity_reservation_t reservations[CAPACITY_RESERVATIONS];
} capacity_model_t;

typedef struct capacity_request {
    bool is_partial;
    int64_t ttl_ms;
    int64_t ready_by_ms; /* 0 = not given */
    int line_count;
    capacity_line_t lines[CAPACITY_LINES]; /* reserved: asked for */
} capacity_request_t;

typedef struct capacity_answer {
    atp_verdict_t verdict;
    int line; /* at fault */
    int64_t granted[CAPACITY_LINES];
    int64_t ready_ms;
} capacity_answer_t;

/* What is due at `now_ms` expires. */
void capacity_expire(capacity_model_t *model, int64_t now_ms);
/* Decides, and if it is granted adds the reservation. */
capacity_answer_t capacity_reserve(capacity_model_t *model, const capacity_request_t *request,
                                   int64_t now_ms);
/* What is left of a node for an order placed now, in hundredths; INT64_MAX without a limit, 0 if it is never ready. */
int64_t capacity_left_now(const capacity_model_t *model, int node, int64_t now_ms);

#endif
