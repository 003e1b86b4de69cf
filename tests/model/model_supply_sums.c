/* What the model of dated supply adds up. */
#include "tests/model/model_supply.h"

atp_qty_t supply_model_uncommitted(const supply_model_t *m, unsigned node)
{
    atp_qty_t sum = m->nodes[node].on_hand;

    for (unsigned i = 0; i < MODEL_HOLDS; i++) {
        sum -= m->holds[i].node == node ? m->holds[i].reserved + m->holds[i].allocated : 0;
    }
    for (unsigned i = 0; i < MODEL_SUPPLIES; i++) {
        sum -= m->supplies[i].is_transfer && m->supplies[i].source == node ? m->supplies[i].left : 0;
    }
    return sum;
}

atp_qty_t supply_model_atp(const supply_model_t *m, unsigned node)
{
    return supply_model_uncommitted(m, node) - m->nodes[node].safety;
}

atp_qty_t supply_model_open(const supply_model_t *m, unsigned supply)
{
    const model_supply_t *s = &m->supplies[supply];
    return s->is_open ? s->ordered - s->received : 0;
}

atp_qty_t supply_model_pegged(const supply_model_t *m, int supply)
{
    atp_qty_t sum = 0;

    for (unsigned i = 0; i < MODEL_PEGS; i++) {
        sum += m->pegs[i].supply == supply ? m->pegs[i].qty : 0;
    }
    return sum;
}

atp_qty_t supply_model_pegged_of(const supply_model_t *m, unsigned hold)
{
    atp_qty_t sum = 0;

    for (unsigned i = 0; i < MODEL_PEGS; i++) {
        sum += m->pegs[i].hold == hold ? m->pegs[i].qty : 0;
    }
    return sum;
}

static atp_qty_t unbacked_at(const supply_model_t *m, unsigned node)
{
    atp_qty_t sum = 0;

    for (unsigned i = 0; i < MODEL_PEGS; i++) {
        sum += m->pegs[i].supply < 0 && m->holds[m->pegs[i].hold].node == node ? m->pegs[i].qty : 0;
    }
    return sum;
}

atp_qty_t supply_model_waiting(const supply_model_t *m, unsigned node)
{
    atp_qty_t sum = 0;

    for (unsigned i = 0; i < MODEL_HOLDS; i++) {
        sum += m->holds[i].node == node ? m->holds[i].waiting : 0;
    }
    return sum;
}

/* Supply due by `day` less what is pegged of it. */
static atp_qty_t standing(const supply_model_t *m, unsigned node, int32_t day)
{
    atp_qty_t sum = 0;

    for (unsigned i = 0; i < MODEL_SUPPLIES; i++) {
        const model_supply_t *s = &m->supplies[i];
        if (s->is_open && s->node == node && s->day <= day) {
            sum += s->day >= supply_model_today(m) ? supply_model_open(m, i) : 0;
            sum -= supply_model_pegged(m, (int)i);
        }
    }
    return sum;
}

atp_qty_t supply_model_by(const supply_model_t *m, unsigned node, int32_t day)
{
    atp_qty_t least = standing(m, node, day);

    for (unsigned i = 0; i < MODEL_SUPPLIES; i++) { /* it changes on days that have supply, and on no other */
        const model_supply_t *s = &m->supplies[i];
        if (s->is_open && s->node == node && s->day > day &&
            s->day <= supply_model_today(m) + SUPPLY_MODEL_HORIZON) {
            atp_qty_t then = standing(m, node, s->day);
            least = then < least ? then : least;
        }
    }
    return supply_model_atp(m, node) + least - unbacked_at(m, node) - supply_model_waiting(m, node);
}

bool supply_model_day_is_taken(const supply_model_t *m, unsigned node, int32_t day)
{
    for (unsigned i = 0; i < MODEL_SUPPLIES; i++) {
        if (m->supplies[i].is_open && m->supplies[i].node == node && m->supplies[i].day == day) {
            return true;
        }
    }
    return false;
}
