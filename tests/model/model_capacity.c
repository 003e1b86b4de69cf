#include "tests/model/model_capacity.h"

#include "tests/test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NO_LIMIT INT64_MAX

/* ---- days ---- */

static void use_zone(const capacity_node_t *node)
{
    assert_int_equal(setenv("TZ", node->zone, 1), 0);
    tzset();
}

static int64_t number_of(const struct tm *tm)
{
    return (tm->tm_year + 1900) * INT64_C(10000) + (tm->tm_mon + 1) * 100 + tm->tm_mday;
}

/* Noon of the day that is `days` after the one of `now_ms`: changes of the clock are at night. */
static struct tm day_after(const capacity_node_t *node, int64_t now_ms, int days)
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;

    use_zone(node);
    assert_non_null(localtime_r(&seconds, &tm));
    tm.tm_mday += days;
    tm.tm_hour = 12;
    tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    assert_int_not_equal(mktime(&tm), -1);
    return tm;
}

static bool is_working(const capacity_node_t *node, const struct tm *day)
{
    bool is_closed = false;

    for (int i = 0; i < node->closed_count; i++) {
        is_closed = is_closed || node->closed[i] == number_of(day);
    }
    return !is_closed && (node->working_days >> day->tm_wday & 1) != 0;
}

static bool is_past_cut_off(const capacity_node_t *node, int64_t now_ms)
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;

    use_zone(node);
    assert_non_null(localtime_r(&seconds, &tm));
    return tm.tm_hour * 60 + tm.tm_min >= node->cut_off;
}

static int64_t ready_ms_of(const capacity_node_t *node, struct tm day)
{
    use_zone(node);
    day.tm_hour = node->ready_minute / 60;
    day.tm_min = node->ready_minute % 60;
    day.tm_isdst = -1;
    return (int64_t)mktime(&day) * 1000;
}

/* How many days from today an order placed now is ready; -1: none of the next 90. */
static int days_until_ready(const capacity_node_t *node, int64_t now_ms)
{
    int left = node->handling_days;

    for (int days = is_past_cut_off(node, now_ms); days <= 90; days++) {
        struct tm day = day_after(node, now_ms, days);
        if (is_working(node, &day) && left-- == 0) {
            return days;
        }
    }
    return -1;
}

/* ---- what is booked ---- */

static int64_t hundredths(const capacity_model_t *model, int sku, int64_t qty)
{
    static const int64_t factors[] = {100, 10, 1};
    return qty * factors[model->scales[sku]];
}

static int64_t promised_at(const capacity_model_t *model, const capacity_reservation_t *reservation, int node)
{
    int64_t sum = 0;

    for (int i = 0; i < reservation->line_count; i++) {
        const capacity_line_t *line = &reservation->lines[i];
        sum += line->node == node ? hundredths(model, line->sku, line->reserved + line->allocated) : 0;
    }
    return sum;
}

/* Room on a day for one more order. */
static int64_t room_on(const capacity_model_t *model, int node, int64_t day)
{
    const capacity_node_t *limits = &model->nodes[node];
    int64_t most_units = limits->units;
    int64_t most_orders = limits->orders;
    int64_t units = 0;
    int64_t orders = 0;

    for (int i = 0; i < model->reservation_count; i++) {
        const capacity_booking_t *booking = &model->reservations[i].bookings[node];
        if (booking->is_there && booking->day == day) {
            int64_t promised = promised_at(model, &model->reservations[i], node);
            units += promised + booking->shipped;
            orders += promised > 0 || booking->shipped > 0;
        }
    }
    for (int i = 0; i < limits->own_count; i++) {
        if (limits->own[i].day == day) {
            most_units = limits->own[i].units < 0 ? limits->units : limits->own[i].units;
            most_orders = limits->own[i].orders < 0 ? limits->orders : limits->own[i].orders;
        }
    }
    if (most_orders > 0 && orders >= most_orders) {
        return 0;
    }
    return most_units == 0 ? NO_LIMIT : most_units > units ? most_units - units : 0;
}

/* The first day with room for `wanted`, or else the one with the most room; INT64_MIN in *ret_room: no day at all. */
static struct tm best_day(const capacity_model_t *model, int node, int64_t ready_by_ms, int64_t now_ms,
                          int64_t wanted, int64_t *ret_room)
{
    const capacity_node_t *at = &model->nodes[node];
    int first = days_until_ready(at, now_ms);
    struct tm best = {.tm_mday = 1};

    *ret_room = INT64_MIN;
    for (int days = first; first >= 0 && days <= first + (ready_by_ms > 0 ? 31 : 0); days++) {
        struct tm day = day_after(at, now_ms, days);
        if (!is_working(at, &day) || (ready_by_ms > 0 && ready_ms_of(at, day) > ready_by_ms)) {
            continue;
        }
        int64_t room = room_on(model, node, number_of(&day));
        if (*ret_room < wanted && room > *ret_room) {
            *ret_room = room;
            best = day;
        }
    }
    return best;
}

int64_t capacity_left_now(const capacity_model_t *model, int node, int64_t now_ms)
{
    int64_t room;

    (void)best_day(model, node, 0, now_ms, NO_LIMIT, &room);
    return room == INT64_MIN ? 0 : room;
}

/* ---- time ---- */

void capacity_expire(capacity_model_t *model, int64_t now_ms)
{
    for (int i = 0; i < model->reservation_count; i++) {
        capacity_reservation_t *reservation = &model->reservations[i];
        for (int j = 0; j < reservation->line_count && reservation->deadline_ms <= now_ms; j++) {
            reservation->lines[j].reserved = 0;
        }
    }
}

/* ---- reserve ---- */

static int64_t stock_at(const capacity_model_t *model, int sku, int node)
{
    int64_t left = model->on_hand[sku][node];

    for (int i = 0; i < model->reservation_count; i++) {
        for (int j = 0; j < model->reservations[i].line_count; j++) {
            const capacity_line_t *line = &model->reservations[i].lines[j];
            left -= line->sku == sku && line->node == node ? line->reserved + line->allocated : 0;
        }
    }
    return left;
}

/* What line `i` can be granted, after the lines before it; and the verdict if that is not all. */
static int64_t decide(const capacity_model_t *model, const capacity_request_t *request,
                      const capacity_answer_t *answer, int i, int64_t now_ms, atp_verdict_t *ret_why)
{
    const capacity_line_t *line = &request->lines[i];
    int64_t stock = stock_at(model, line->sku, line->node);
    int64_t taken = 0;
    int64_t room = NO_LIMIT;

    for (int j = 0; j < i; j++) {
        const capacity_line_t *before = &request->lines[j];
        stock -= before->sku == line->sku && before->node == line->node ? answer->granted[j] : 0;
        taken += before->node == line->node ? hundredths(model, before->sku, answer->granted[j]) : 0;
    }
    stock = stock > 0 ? stock : 0;
    *ret_why = ATP_NOT_ENOUGH_AVAILABLE;
    if (!model->nodes[line->node].has_calendar) {
        room = request->ready_by_ms > 0 && request->ready_by_ms < now_ms ? INT64_MIN : NO_LIMIT;
    } else {
        (void)best_day(model, line->node, request->ready_by_ms, now_ms, NO_LIMIT, &room);
    }
    int64_t most = room == NO_LIMIT    ? stock
                   : room == INT64_MIN ? 0
                   : room - taken > 0  ? (room - taken) / hundredths(model, line->sku, 1)
                                       : 0;
    if (stock >= line->reserved && most < line->reserved) {
        *ret_why = room == INT64_MIN ? ATP_NOT_READY_IN_TIME : ATP_NODE_AT_CAPACITY;
    }
    most = most < stock ? most : stock;
    return most < line->reserved ? most : line->reserved;
}

static void book(capacity_model_t *model, const capacity_request_t *request, capacity_answer_t *answer,
                 int64_t now_ms)
{
    capacity_reservation_t added = {.deadline_ms = now_ms + request->ttl_ms,
                                    .line_count = request->line_count};

    for (int i = 0; i < request->line_count; i++) {
        added.lines[i] = request->lines[i];
        added.lines[i].reserved = answer->granted[i];
    }
    for (int node = 0; node < CAPACITY_NODES; node++) {
        int64_t units = promised_at(model, &added, node);
        int64_t room;
        if (units == 0 || !model->nodes[node].has_calendar) {
            continue;
        }
        struct tm day = best_day(model, node, request->ready_by_ms, now_ms, units, &room);
        assert_true(room >= units);
        added.bookings[node] =
            (capacity_booking_t){true, number_of(&day), ready_ms_of(&model->nodes[node], day), 0};
        answer->ready_ms = added.bookings[node].ready_ms > answer->ready_ms ? added.bookings[node].ready_ms
                                                                            : answer->ready_ms;
    }
    assert_true(model->reservation_count < CAPACITY_RESERVATIONS);
    model->reservations[model->reservation_count++] = added;
}

capacity_answer_t capacity_reserve(capacity_model_t *model, const capacity_request_t *request, int64_t now_ms)
{
    capacity_answer_t answer = {.verdict = ATP_APPLIED};
    int64_t sum = 0;
    bool is_whole = true;

    capacity_expire(model, now_ms);
    for (int i = 0; i < request->line_count; i++) {
        atp_verdict_t why;
        if (model->nodes[request->lines[i].node].state != ATP_NODE_OPEN) {
            return (capacity_answer_t){.verdict = ATP_NODE_NOT_OPEN, .line = i};
        }
        answer.granted[i] = decide(model, request, &answer, i, now_ms, &why);
        if (answer.granted[i] < request->lines[i].reserved && !request->is_partial) {
            return (capacity_answer_t){.verdict = why, .line = i};
        }
        is_whole = is_whole && answer.granted[i] == request->lines[i].reserved;
        sum += answer.granted[i];
    }
    if (sum == 0) {
        return (capacity_answer_t){.verdict = ATP_NOT_ENOUGH_AVAILABLE};
    }
    answer.verdict = is_whole ? ATP_APPLIED : ATP_APPLIED_IN_PART;
    book(model, request, &answer, now_ms);
    return answer;
}
