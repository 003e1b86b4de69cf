#include "tests/model/model_supply.h"

#include "tests/test.h"

static supply_answer_t say(atp_verdict_t verdict, atp_qty_t qty)
{
    return (supply_answer_t){verdict, qty};
}

/* ---- pegs ---- */

static void add_peg(supply_model_t *m, unsigned hold, int supply, atp_qty_t qty)
{
    for (unsigned i = 0; i < MODEL_PEGS; i++) {
        if (m->pegs[i].qty == 0) {
            m->pegs[i] = (model_peg_t){.qty = qty, .hold = hold, .supply = supply, .born = ++m->born};
            return;
        }
    }
    fail_msg("the model has no room for pegs");
}

/* True if `a` is served before `b`: firm ones first, then by priority, then the oldest. */
static bool is_before(const supply_model_t *m, const model_peg_t *a, const model_peg_t *b)
{
    const model_hold_t *of_a = &m->holds[a->hold];
    const model_hold_t *of_b = &m->holds[b->hold];

    if (of_a->is_firm != of_b->is_firm) {
        return of_a->is_firm;
    }
    if (of_a->priority != of_b->priority) {
        return of_a->priority > of_b->priority;
    }
    return of_a->age != of_b->age ? of_a->age < of_b->age : a->born < b->born;
}

/* Of the pegs of one supply (or the unbacked ones of a node) the one after `last` in their order; NULL: there is none. */
static model_peg_t *next_peg(supply_model_t *m, int supply, unsigned node, const model_peg_t *last)
{
    model_peg_t *best = NULL;

    for (unsigned i = 0; i < MODEL_PEGS; i++) {
        model_peg_t *p = &m->pegs[i];
        if (p->qty == 0 || p->supply != supply || m->holds[p->hold].node != node ||
            (last != NULL && (p == last || !is_before(m, last, p)))) {
            continue;
        }
        best = best == NULL || is_before(m, p, best) ? p : best;
    }
    return best;
}

static model_peg_t *last_peg(supply_model_t *m, unsigned supply)
{
    model_peg_t *last = NULL;
    model_peg_t *peg;

    while ((peg = next_peg(m, (int)supply, m->supplies[supply].node, last)) != NULL) {
        last = peg;
    }
    return last;
}

/* The latest supply in time with something free; -1: there is none. */
static int latest_free(const supply_model_t *m, unsigned node, int32_t needed_by)
{
    int best = -1;

    for (unsigned i = 0; i < MODEL_SUPPLIES; i++) {
        const model_supply_t *s = &m->supplies[i];
        if (s->is_open && s->node == node && s->day >= supply_model_today(m) && s->day <= needed_by &&
            supply_model_open(m, i) > supply_model_pegged(m, (int)i) &&
            (best < 0 || s->day > m->supplies[best].day)) {
            best = (int)i;
        }
    }
    return best;
}

static atp_qty_t peg_to_free(supply_model_t *m, unsigned hold, atp_qty_t qty)
{
    int supply;

    while (qty > 0 && (supply = latest_free(m, m->holds[hold].node, m->holds[hold].needed_by)) >= 0) {
        atp_qty_t free = supply_model_open(m, (unsigned)supply) - supply_model_pegged(m, supply);
        atp_qty_t units = free < qty ? free : qty;
        add_peg(m, hold, supply, units);
        qty -= units;
    }
    return qty;
}

static void unback(supply_model_t *m, unsigned supply, atp_qty_t qty)
{
    while (qty > 0) {
        model_peg_t *peg = last_peg(m, supply);
        atp_qty_t units = peg->qty < qty ? peg->qty : qty;
        unsigned hold = peg->hold;
        peg->qty -= units;
        add_peg(m, hold, -1, units);
        qty -= units;
    }
}

/* Up to `most` units of the pegs of a supply, as far as there is stock. */
static void fill(supply_model_t *m, int supply, unsigned node, atp_qty_t most)
{
    atp_qty_t free = supply_model_uncommitted(m, node);
    model_peg_t *peg = NULL;

    most = free < most ? free : most;
    while (most > 0 && (peg = next_peg(m, supply, node, peg)) != NULL) {
        atp_qty_t units = peg->qty < most ? peg->qty : most;
        model_hold_t *hold = &m->holds[peg->hold];
        peg->qty -= units;
        *(hold->is_firm ? &hold->allocated : &hold->reserved) += units;
        most -= units;
    }
}

/* Promises at risk take what is there: those that are unbacked, then those of the supply longest told overdue. */
static void serve(supply_model_t *m, unsigned node)
{
    fill(m, -1, node, ATP_QTY_MAX);
    for (int32_t day = 0; day < m->told_before;) {
        int next = -1;
        for (unsigned i = 0; i < MODEL_SUPPLIES; i++) {
            const model_supply_t *s = &m->supplies[i];
            if (s->is_open && s->node == node && s->day >= day && s->day < m->told_before &&
                (next < 0 || s->day < m->supplies[next].day)) {
                next = (int)i;
            }
        }
        if (next < 0) {
            return;
        }
        fill(m, next, node, ATP_QTY_MAX);
        day = m->supplies[next].day + 1;
    }
}

/* Unbacked pegs are served from what is there, or find other supply; who does not is told of, once. */
static void back(supply_model_t *m, unsigned node)
{
    bool is_any_new = false;
    model_peg_t *peg = NULL;

    fill(m, -1, node, ATP_QTY_MAX);
    while ((peg = next_peg(m, -1, node, peg)) != NULL) {
        peg->qty = peg_to_free(m, peg->hold, peg->qty);
    }
    for (unsigned i = 0; i < MODEL_PEGS; i++) {
        model_peg_t *p = &m->pegs[i];
        if (p->qty > 0 && p->supply < 0 && m->holds[p->hold].node == node && !p->is_told) {
            p->is_told = true;
            is_any_new = true;
        }
    }
    m->at_risk += is_any_new;
}

/* Stock that is free goes to those who wait: by priority, then the oldest first. */
static void fill_waiting(supply_model_t *m, unsigned node)
{
    for (;;) {
        model_hold_t *best = NULL;
        for (unsigned i = 0; i < MODEL_HOLDS; i++) {
            model_hold_t *h = &m->holds[i];
            if (h->node == node && h->waiting > 0 &&
                (best == NULL || h->priority > best->priority ||
                 (h->priority == best->priority && h->age < best->age))) {
                best = h;
            }
        }
        atp_qty_t free = supply_model_atp(m, node);
        if (best == NULL || free <= 0) {
            return;
        }
        atp_qty_t units = best->waiting < free ? best->waiting : free;
        best->waiting -= units;
        *(best->is_firm ? &best->allocated : &best->reserved) += units;
    }
}

/* Whatever is free: promises at risk first, then those who wait. */
static void give_what_is_free(supply_model_t *m)
{
    for (unsigned node = 0; node < MODEL_NODES; node++) {
        serve(m, node);
        fill_waiting(m, node);
    }
}

/* The end of every op. */
static supply_answer_t done(supply_model_t *m, supply_answer_t answer)
{
    give_what_is_free(m);
    return answer;
}

/* Gives `qty` pegged units back, those pegged last first. */
static void unpeg(supply_model_t *m, unsigned hold, atp_qty_t qty)
{
    while (qty > 0) {
        model_peg_t *last = NULL;
        for (unsigned i = 0; i < MODEL_PEGS; i++) {
            model_peg_t *p = &m->pegs[i];
            if (p->qty > 0 && p->hold == hold && (last == NULL || p->born > last->born)) {
                last = p;
            }
        }
        atp_qty_t units = last->qty < qty ? last->qty : qty;
        last->qty -= units;
        qty -= units;
    }
}

static void drop_pegs(supply_model_t *m, unsigned hold)
{
    for (unsigned i = 0; i < MODEL_PEGS; i++) {
        m->pegs[i].qty = m->pegs[i].hold == hold ? 0 : m->pegs[i].qty;
    }
}

void supply_model_expire(supply_model_t *m)
{
    for (unsigned i = 0; i < MODEL_HOLDS; i++) {
        model_hold_t *hold = &m->holds[i];
        if (hold->is_known && hold->deadline_ms <= m->now_ms) {
            hold->deadline_ms = INT64_MAX; /* once */
            hold->reserved = 0;
            if (!hold->is_firm) {
                hold->waiting = 0;
                drop_pegs(m, i);
            }
        }
    }
    give_what_is_free(m);
}

static bool is_any_open(const supply_model_t *m)
{
    for (unsigned i = 0; i < MODEL_SUPPLIES; i++) {
        if (m->supplies[i].is_open) {
            return true;
        }
    }
    return false;
}

void supply_model_pulse(supply_model_t *m)
{
    supply_model_expire(m);
    if (!is_any_open(m) || m->told_before >= supply_model_today(m)) {
        return;
    }
    for (unsigned node = 0; node < MODEL_NODES; node++) {
        bool is_overdue = false;
        for (unsigned i = 0; i < MODEL_SUPPLIES; i++) {
            const model_supply_t *s = &m->supplies[i];
            is_overdue = is_overdue || (s->is_open && s->node == node && s->day >= m->told_before &&
                                        s->day < supply_model_today(m));
        }
        m->overdue += is_overdue;
    }
    m->told_before = supply_model_today(m);
    give_what_is_free(m);
}

/* What is put while nothing is open was not overlooked before. */
static void note_today(supply_model_t *m)
{
    m->told_before = is_any_open(m) ? m->told_before : supply_model_today(m);
}

/* ---- supplies ---- */

static void lower(supply_model_t *m, unsigned id, atp_qty_t ordered)
{
    atp_qty_t open = ordered - m->supplies[id].received;
    atp_qty_t pegged = supply_model_pegged(m, (int)id);

    if (pegged > open) {
        unback(m, id, pegged - open);
    }
    m->supplies[id].ordered = ordered;
}

static void end(supply_model_t *m, unsigned id)
{
    unback(m, id, supply_model_pegged(m, (int)id));
    m->supplies[id].is_open = false;
}

supply_answer_t supply_model_put(supply_model_t *m, unsigned id, unsigned node, atp_qty_t qty, int32_t day)
{
    model_supply_t *s = &m->supplies[id];

    supply_model_expire(m);
    if (!s->is_known) {
        note_today(m);
        *s = (model_supply_t){.is_known = true, .is_open = true, .node = node, .day = day, .ordered = qty};
        back(m, node);
        return done(m, say(ATP_APPLIED, qty));
    }
    if (s->node != node || (s->is_transfer && s->left > 0 && qty != s->ordered)) {
        return say(ATP_SUPPLY_ELSEWHERE, 0);
    }
    if (!s->is_open) {
        return say(qty == 0 && s->is_cancelled ? ATP_CONFIRMED : ATP_SUPPLY_ENDED, 0);
    }
    if (qty == s->ordered && day == s->day) {
        return say(ATP_CONFIRMED, qty);
    }
    if (qty <= s->received) {
        s->is_cancelled = true;
        end(m, id);
    } else {
        if (qty < s->ordered) {
            lower(m, id, qty);
        }
        s->ordered = qty;
        s->day = day;
        model_peg_t *peg = NULL;
        while ((peg = next_peg(m, (int)id, node, peg)) != NULL) {
            if (m->holds[peg->hold].needed_by < day) {
                add_peg(m, peg->hold, -1, peg->qty);
                peg->qty = 0;
            }
        }
    }
    back(m, node);
    return done(m, say(ATP_APPLIED, qty));
}

supply_answer_t supply_model_cancel(supply_model_t *m, unsigned id)
{
    model_supply_t *s = &m->supplies[id];

    supply_model_expire(m);
    if (!s->is_known) {
        return say(ATP_UNKNOWN_SUPPLY, 0);
    }
    if (s->is_transfer && s->left > 0) {
        return say(ATP_SUPPLY_ELSEWHERE, 0);
    }
    if (!s->is_open) {
        return say(s->is_cancelled ? ATP_CONFIRMED : ATP_SUPPLY_ENDED, 0);
    }
    s->is_cancelled = true;
    end(m, id);
    back(m, s->node);
    return done(m, say(ATP_APPLIED, 0));
}

/* What has arrived has left its source; the last receipt gives back what never will. */
static void arrive(supply_model_t *m, unsigned id, atp_qty_t qty, bool is_final)
{
    model_supply_t *s = &m->supplies[id];
    atp_qty_t gone = s->received + qty - s->shipped;

    if (gone > 0) {
        gone = gone < s->left ? gone : s->left;
        s->left -= gone;
        s->shipped += gone;
        m->nodes[s->source].on_hand -= gone;
    }
    if (is_final && s->left > 0) {
        atp_qty_t left = s->left;
        s->left = 0;
        lower(m, id, s->ordered - left);
        if (supply_model_open(m, id) == 0) {
            s->is_cancelled = true;
            end(m, id);
        }
    }
}

supply_answer_t supply_model_receive(supply_model_t *m, unsigned id, unsigned node, atp_qty_t qty,
                                     bool is_final)
{
    model_supply_t *s = &m->supplies[id];

    supply_model_expire(m);
    if (qty == 0 && !is_final) {
        return say(ATP_QTY_MUST_BE_POSITIVE, 0);
    }
    bool is_expected = s->is_known && s->is_open && s->node == node;
    if (!is_expected && qty == 0) {
        return say(s->is_known ? ATP_SUPPLY_ENDED : ATP_UNKNOWN_SUPPLY, 0);
    }
    if (!is_expected) {
        m->nodes[node].on_hand += qty;
        return done(m, say(ATP_APPLIED_BEYOND, qty));
    }
    if (s->is_transfer && s->left > 0) {
        arrive(m, id, qty, is_final);
        if (!s->is_open) {
            back(m, node);
            return done(m, say(ATP_APPLIED, qty));
        }
    }
    atp_qty_t open = supply_model_open(m, id);
    m->nodes[node].on_hand += qty;
    if (qty > 0) {
        fill(m, (int)id, node, qty);
    }
    if (qty < open && !is_final) {
        atp_qty_t pegged = supply_model_pegged(m, (int)id);
        if (pegged > open - qty) {
            unback(m, id, pegged - (open - qty));
        }
        s->received += qty;
    } else {
        end(m, id);
        s->received += qty;
        s->is_cancelled = qty < open; /* closed short: to cancel it is no change */
    }
    back(m, node);
    return done(m, say(qty == open  ? ATP_APPLIED
                       : qty < open ? ATP_APPLIED_IN_PART
                                    : ATP_APPLIED_BEYOND,
                       qty));
}

supply_answer_t supply_model_stock(supply_model_t *m, unsigned node, atp_qty_t change)
{
    supply_model_expire(m);
    m->nodes[node].on_hand += change;
    return done(m, say(ATP_APPLIED, change));
}

/* ---- reservations ---- */

supply_answer_t supply_model_limit(supply_model_t *m, unsigned node, atp_qty_t limit)
{
    supply_model_expire(m);
    m->nodes[node].limit = limit;
    return done(m, say(ATP_APPLIED, limit));
}

supply_answer_t supply_model_safety(supply_model_t *m, unsigned node, atp_qty_t safety)
{
    supply_model_expire(m);
    if (m->nodes[node].safety == safety) {
        return say(ATP_CONFIRMED, safety);
    }
    m->nodes[node].safety = safety;
    return done(m, say(ATP_APPLIED, safety));
}

supply_answer_t supply_model_reserve(supply_model_t *m, unsigned id, unsigned node, atp_qty_t qty,
                                     int32_t needed_by, unsigned priority, bool is_partial, int64_t ttl_ms)
{
    supply_model_expire(m);
    if (needed_by > supply_model_today(m) + SUPPLY_MODEL_HORIZON) {
        return say(ATP_ATTRIBUTE_OUT_OF_RANGE, 0);
    }
    atp_qty_t here = supply_model_atp(m, node) - supply_model_waiting(m, node);
    bool is_dated = needed_by >= supply_model_today(m);
    atp_qty_t free = is_dated ? supply_model_by(m, node, needed_by) : here + m->nodes[node].limit;
    if (free < qty && (!is_partial || free <= 0)) {
        return say(ATP_NOT_ENOUGH_AVAILABLE, 0);
    }
    atp_qty_t granted = free < qty ? free : qty;
    here = here > 0 ? here : 0;
    here = here < granted ? here : granted;
    m->holds[id] = (model_hold_t){.is_known = true,
                                  .node = node,
                                  .deadline_ms = m->now_ms + ttl_ms,
                                  .needed_by = needed_by,
                                  .age = m->op,
                                  .priority = priority,
                                  .reserved = here,
                                  .waiting = is_dated ? 0 : granted - here};
    if (is_dated) {
        assert_int_equal(peg_to_free(m, id, granted - here), 0);
    }
    return done(m, say(granted < qty ? ATP_APPLIED_IN_PART : ATP_APPLIED, granted));
}

/* Units that wait, for supply or stock. */
static atp_qty_t to_come(const supply_model_t *m, unsigned id)
{
    return supply_model_pegged_of(m, id) + m->holds[id].waiting;
}

atp_qty_t supply_model_allocatable(const supply_model_t *m, unsigned id)
{
    return m->holds[id].reserved + (m->holds[id].is_firm ? 0 : to_come(m, id));
}

supply_answer_t supply_model_allocate(supply_model_t *m, unsigned id, atp_qty_t qty)
{
    model_hold_t *hold = &m->holds[id];

    supply_model_expire(m);
    if (qty > supply_model_allocatable(m, id)) {
        return say(ATP_NOT_THAT_MANY, 0);
    }
    atp_qty_t here = qty < hold->reserved ? qty : hold->reserved;
    hold->allocated += here;
    hold->reserved = 0; /* the rest is free at once */
    if (!hold->is_firm) {
        atp_qty_t back = to_come(m, id) - (qty - here);
        atp_qty_t of_waiting = back < hold->waiting ? back : hold->waiting;
        hold->waiting -= of_waiting;
        unpeg(m, id, back - of_waiting);
        hold->is_firm = to_come(m, id) > 0;
    }
    return done(m, say(ATP_APPLIED, qty));
}

/* Of a reservation that has units for the step; the generator asks for no other. */
supply_answer_t supply_model_step(supply_model_t *m, atp_op_kind_t kind, unsigned id)
{
    model_hold_t *hold = &m->holds[id];
    atp_qty_t qty;

    supply_model_expire(m);
    switch (kind) {
    case ATP_OP_ALLOCATE:
        return supply_model_allocate(m, id, supply_model_allocatable(m, id));
    case ATP_OP_RELEASE:
        qty = hold->reserved + to_come(m, id);
        hold->reserved = 0;
        break;
    case ATP_OP_CANCEL:
        qty = hold->allocated + to_come(m, id);
        hold->allocated = 0;
        break;
    default:
        qty = hold->allocated;
        hold->allocated = 0;
        m->nodes[hold->node].on_hand -= qty;
        return done(m, say(ATP_APPLIED, qty));
    }
    hold->waiting = 0;
    drop_pegs(m, id);
    return done(m, say(ATP_APPLIED, qty));
}

/* ---- transfers ---- */

supply_answer_t supply_model_transfer(supply_model_t *m, unsigned id, unsigned from, unsigned to,
                                      atp_qty_t qty, int32_t day)
{
    supply_model_expire(m);
    if (supply_model_atp(m, from) - supply_model_waiting(m, from) < qty) {
        return say(ATP_NOT_ENOUGH_AVAILABLE, 0);
    }
    note_today(m);
    m->supplies[id] = (model_supply_t){.is_known = true,
                                       .is_open = true,
                                       .is_transfer = true,
                                       .node = to,
                                       .day = day,
                                       .ordered = qty,
                                       .source = from,
                                       .left = qty};
    back(m, to);
    return done(m, say(ATP_APPLIED, qty));
}

supply_answer_t supply_model_ship(supply_model_t *m, unsigned id, atp_qty_t qty)
{
    model_supply_t *s = &m->supplies[id];

    supply_model_expire(m);
    if (s->left == 0) {
        return say(s->is_open ? ATP_ALREADY_SHIPPED : ATP_SUPPLY_ENDED, 0);
    }
    if (qty > s->left) {
        return say(ATP_NOT_THAT_MANY, 0);
    }
    s->left -= qty;
    s->shipped += qty;
    m->nodes[s->source].on_hand -= qty;
    return done(m, say(ATP_APPLIED, qty));
}

supply_answer_t supply_model_give_back(supply_model_t *m, unsigned id)
{
    model_supply_t *s = &m->supplies[id];
    atp_qty_t left = s->left;

    supply_model_expire(m);
    if (left == 0) {
        return say(s->is_open ? ATP_ALREADY_SHIPPED : ATP_SUPPLY_ENDED, 0);
    }
    s->left = 0;
    lower(m, id, s->ordered - left);
    if (supply_model_open(m, id) == 0) {
        s->is_cancelled = true;
        end(m, id);
    }
    back(m, s->node);
    return done(m, say(ATP_APPLIED, left));
}
