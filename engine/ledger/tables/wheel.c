#include "engine/ledger/tables/wheel.h"

/* How many reservations of one slot is_due looks at before it says "perhaps". */
#define DUE_LOOK_LIMIT 64

static int64_t slot_of(int64_t time_ms)
{
    return time_ms / ATP_WHEEL_SLOT_MS;
}

static uint32_t slot_index(int64_t slot)
{
    return (uint32_t)((uint64_t)slot % ATP_WHEEL_SLOTS);
}

static uint32_t *head_of(const atp_wheel_t *wheel, int64_t slot)
{
    return atp_table_at(&wheel->slots, slot_index(slot));
}

void atp_wheel_insert(atp_wheel_t *wheel, uint32_t number)
{
    atp_reservation_t *reservation = atp_table_change(&wheel->reservations->records, number);
    uint32_t *head = atp_table_change(&wheel->slots, slot_index(slot_of(reservation->deadline_ms)));

    ATP_ASSERT(!reservation->is_in_wheel); /* H4 */
    reservation->is_in_wheel = 1;
    reservation->previous = 0;
    reservation->next = *head;
    if (*head != 0) {
        atp_reservation_t *second = atp_table_change(&wheel->reservations->records, *head - 1);
        second->previous = number + 1;
    }
    *head = number + 1;
    if (slot_of(reservation->deadline_ms) < wheel->quiet_until_slot) {
        wheel->quiet_until_slot = slot_of(reservation->deadline_ms);
    }
}

void atp_wheel_remove(atp_wheel_t *wheel, uint32_t number)
{
    atp_reservation_t *reservation = atp_table_change(&wheel->reservations->records, number);

    ATP_ASSERT(reservation->is_in_wheel); /* H4 */
    if (reservation->previous != 0) {
        atp_reservation_t *before =
            atp_table_change(&wheel->reservations->records, reservation->previous - 1);
        before->next = reservation->next;
    } else {
        uint32_t *head = atp_table_change(&wheel->slots, slot_index(slot_of(reservation->deadline_ms)));
        *head = reservation->next;
    }
    if (reservation->next != 0) {
        atp_reservation_t *after = atp_table_change(&wheel->reservations->records, reservation->next - 1);
        after->previous = reservation->previous;
    }
    if (wheel->heads->sweep_resume == number + 1) {
        wheel->heads->sweep_resume = reservation->next;
    }
    reservation->next = 0;
    reservation->previous = 0;
    reservation->is_in_wheel = 0;
}

static bool slot_has_due(const atp_wheel_t *wheel, int64_t slot, int64_t now_ms)
{
    uint32_t number = *head_of(wheel, slot);

    for (unsigned i = 0; number != 0; i++) {
        const atp_reservation_t *reservation = atp_reservation_at(wheel->reservations, number - 1);
        if (reservation->deadline_ms <= now_ms || i == DUE_LOOK_LIMIT) {
            return true;
        }
        number = reservation->next;
    }
    return false;
}

/* First slot to look at: never more than one turn behind, since one turn meets every slot. */
static int64_t first_slot(int64_t from, int64_t now_slot)
{
    return now_slot - from > (int64_t)ATP_WHEEL_SLOTS ? now_slot - (int64_t)ATP_WHEEL_SLOTS : from;
}

bool atp_wheel_is_due(atp_wheel_t *wheel, int64_t now_ms)
{
    int64_t now_slot = slot_of(now_ms);
    int64_t from = wheel->heads->sweep_slot;

    if (wheel->heads->sweep_resume != 0) {
        return true;
    }
    from = wheel->quiet_until_slot > from ? wheel->quiet_until_slot : from;
    for (int64_t slot = first_slot(from, now_slot); slot < now_slot; slot++) {
        if (slot_has_due(wheel, slot, now_ms)) {
            return true;
        }
        wheel->quiet_until_slot = slot + 1;
    }
    return false;
}

#define SLOTS_LOOKED_AT 1024 /* half a minute ahead */

int64_t atp_wheel_quiet_until(const atp_wheel_t *wheel, int64_t now_ms)
{
    int64_t slot = slot_of(now_ms);
    int64_t soonest = (slot + 1) * ATP_WHEEL_SLOT_MS;
    uint32_t number = *head_of(wheel, slot);

    if (wheel->heads->sweep_slot < slot) {
        return now_ms;
    }
    for (unsigned i = 0; number != 0; i++) {
        const atp_reservation_t *reservation = atp_reservation_at(wheel->reservations, number - 1);
        if (i == DUE_LOOK_LIMIT) {
            return now_ms;
        }
        soonest = reservation->deadline_ms < soonest ? reservation->deadline_ms : soonest;
        number = reservation->next;
    }
    if (soonest < (slot + 1) * ATP_WHEEL_SLOT_MS) {
        return soonest;
    }
    for (int64_t ahead = slot + 1; ahead <= slot + SLOTS_LOOKED_AT; ahead++) {
        if (*head_of(wheel, ahead) != 0) {
            return ahead * ATP_WHEEL_SLOT_MS;
        }
    }
    return (slot + SLOTS_LOOKED_AT + 1) * ATP_WHEEL_SLOT_MS;
}

/* Sweeps one slot from `number` on; returns where it stopped, 0 when the slot is done. */
static uint32_t sweep_slot(atp_wheel_t *wheel, uint32_t number, int64_t now_ms, uint64_t *left,
                           void (*expire)(void *context, uint32_t reservation), void *context)
{
    while (number != 0 && *left > 0) {
        const atp_reservation_t *reservation = atp_reservation_at(wheel->reservations, number - 1);
        uint32_t next = reservation->next;
        if (reservation->deadline_ms <= now_ms) {
            expire(context, number - 1);
        }
        (*left)--;
        number = next;
    }
    return number;
}

/* The slots that are over, as far as `left` goes. */
static void sweep(atp_wheel_t *wheel, int64_t now_ms, uint64_t *left,
                  void (*expire)(void *context, uint32_t reservation), void *context)
{
    int64_t now_slot = slot_of(now_ms);
    atp_wheel_heads_t *heads = wheel->heads;

    if (first_slot(heads->sweep_slot, now_slot) != heads->sweep_slot) {
        heads->sweep_slot = first_slot(heads->sweep_slot, now_slot);
        heads->sweep_resume = 0;
    }
    while (heads->sweep_slot<now_slot && * left> 0) {
        uint32_t from = heads->sweep_resume != 0 ? heads->sweep_resume : *head_of(wheel, heads->sweep_slot);
        heads->sweep_resume = sweep_slot(wheel, from, now_ms, left, expire, context);
        if (heads->sweep_resume == 0) {
            heads->sweep_slot++;
        }
    }
}

void atp_wheel_sweep(atp_wheel_t *wheel, int64_t now_ms, uint64_t limit,
                     void (*expire)(void *context, uint32_t reservation), void *context)
{
    uint64_t left = limit;

    sweep(wheel, now_ms, &left, expire, context);
}

/* Of the slot that is not over what is due. True: nothing is left of that. */
static bool settle_slot(atp_wheel_t *wheel, int64_t now_ms, uint64_t left,
                        void (*expire)(void *context, uint32_t reservation), void *context)
{
    uint32_t number = *head_of(wheel, slot_of(now_ms));
    uint64_t looks = left > ATP_WHEEL_LOOKS ? left : ATP_WHEEL_LOOKS;

    for (; number != 0 && left > 0 && looks > 0; looks--) {
        const atp_reservation_t *reservation = atp_reservation_at(wheel->reservations, number - 1);
        uint32_t next = reservation->next;
        if (reservation->deadline_ms <= now_ms) {
            expire(context, number - 1);
            left--;
        }
        number = next;
    }
    return number == 0;
}

void atp_wheel_settle(atp_wheel_t *wheel, int64_t now_ms, uint64_t limit,
                      void (*expire)(void *context, uint32_t reservation), void *context)
{
    uint64_t left = limit;

    if (now_ms <= wheel->clear_ms) {
        return; /* what was made since is due later */
    }
    sweep(wheel, now_ms, &left, expire, context);
    if (wheel->heads->sweep_slot >= slot_of(now_ms) && settle_slot(wheel, now_ms, left, expire, context)) {
        wheel->clear_ms = now_ms;
    }
}

/* ---- much at once ---- */

typedef struct crowd {
    uint64_t limit;
    uint64_t due; /* counted up to one more than the limit */
    uint64_t looks;
    uint32_t
        later[ATP_WHEEL_SLOT_MS]; /* of the slot that is not over: by the millisecond at which they are due */
} crowd_t;

static void count_slot(const atp_wheel_t *wheel, int64_t slot, int64_t now_ms, crowd_t *crowd)
{
    uint32_t number = *head_of(wheel, slot);

    for (; number != 0 && crowd->due <= crowd->limit && crowd->looks < ATP_WHEEL_LOOKS; crowd->looks++) {
        const atp_reservation_t *reservation = atp_reservation_at(wheel->reservations, number - 1);
        if (reservation->deadline_ms <= now_ms) {
            crowd->due++;
        } else if (slot_of(reservation->deadline_ms) == slot) {
            crowd->later[reservation->deadline_ms % ATP_WHEEL_SLOT_MS]++;
        }
        number = reservation->next;
    }
}

/* When more than the limit will be due of what was counted; at the latest when the slot is over. */
static int64_t next_crowd(const crowd_t *crowd, int64_t now_ms)
{
    int64_t end_ms = (slot_of(now_ms) + 1) * ATP_WHEEL_SLOT_MS;
    uint64_t due = crowd->due;

    for (int64_t at_ms = now_ms + 1; at_ms < end_ms; at_ms++) {
        due += crowd->later[at_ms % ATP_WHEEL_SLOT_MS];
        if (due > crowd->limit) {
            return at_ms;
        }
    }
    return end_ms;
}

/* Counts what is due, from what was not swept yet on. */
static void count_due(const atp_wheel_t *wheel, int64_t now_ms, crowd_t *crowd)
{
    int64_t now_slot = slot_of(now_ms);
    int64_t from = wheel->heads->sweep_slot;

    from = wheel->quiet_until_slot > from ? wheel->quiet_until_slot : from;
    for (int64_t slot = first_slot(from, now_slot); slot <= now_slot; slot++) {
        count_slot(wheel, slot, now_ms, crowd);
    }
}

bool atp_wheel_has_due(const atp_wheel_t *wheel, int64_t now_ms)
{
    crowd_t crowd = {.limit = 0};

    count_due(wheel, now_ms, &crowd);
    return crowd.due > 0 || crowd.looks == ATP_WHEEL_LOOKS;
}

bool atp_wheel_is_crowded(atp_wheel_t *wheel, int64_t now_ms, uint64_t limit)
{
    crowd_t crowd = {.limit = limit};

    if (now_ms < wheel->uncrowded_until_ms) {
        return false;
    }
    count_due(wheel, now_ms, &crowd);
    if (crowd.due > limit || crowd.looks == ATP_WHEEL_LOOKS) {
        return true;
    }
    wheel->uncrowded_until_ms = next_crowd(&crowd, now_ms);
    return false;
}
