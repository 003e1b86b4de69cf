#include "engine/ledger/sourcing/sourcing.h"

#include "engine/base/assert.h"

/* ---- one line ---- */

static bool comes_before(const atp_candidate_t *a, const atp_candidate_t *b, bool by_stock)
{
    if (!by_stock && a->tier != b->tier) {
        return a->tier < b->tier;
    }
    if (by_stock ? a->free != b->free : a->key != b->key) {
        return by_stock ? a->free > b->free : a->key < b->key;
    }
    return a->node < b->node;
}

/* True if the node may serve `wanted` units, or be one of several that do. */
static bool may_serve(const atp_candidate_t *candidate, const atp_sourcing_t *sourcing, atp_qty_t wanted)
{
    return candidate->free >= wanted || candidate->free >= sourcing->least;
}

/* The next one in the order; NULL if there is no more. `at_least`: what it must have. */
static atp_candidate_t *next_candidate(atp_candidate_t *candidates, uint32_t count,
                                       const atp_sourcing_t *sourcing, atp_qty_t wanted, atp_qty_t at_least,
                                       bool by_stock)
{
    atp_candidate_t *best = NULL;

    for (uint32_t i = 0; i < count; i++) {
        atp_candidate_t *candidate = &candidates[i];
        if (!candidate->is_picked && candidate->free >= at_least && may_serve(candidate, sourcing, wanted) &&
            (best == NULL || comes_before(candidate, best, by_stock))) {
            best = candidate;
        }
    }
    return best;
}

/* Takes all that the next ones have until it is enough, or as many are picked as may be. */
static uint32_t pick_in_order(atp_candidate_t *candidates, uint32_t count, const atp_sourcing_t *sourcing,
                              atp_qty_t wanted, bool by_stock, atp_pick_t *ret_picks, atp_qty_t *ret_sum)
{
    uint32_t picked = 0;

    *ret_sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        candidates[i].is_picked = false;
    }
    while (picked < sourcing->splits && *ret_sum < wanted) {
        atp_candidate_t *next = next_candidate(candidates, count, sourcing, wanted, 1, by_stock);
        if (next == NULL) {
            break;
        }
        next->is_picked = true;
        ret_picks[picked++] = (atp_pick_t){next->node, next->free};
        *ret_sum += next->free;
    }
    return picked;
}

/* True if `picked` nodes that have enough together can each give the least that is allowed. */
static bool is_split_allowed(const atp_sourcing_t *sourcing, uint32_t picked, atp_qty_t wanted)
{
    return picked <= 1 || sourcing->least == 0 || wanted / sourcing->least >= (atp_qty_t)picked;
}

/* Cuts what was picked to `wanted`: each as much as it has, as long as the rest leave the least for those after it. */
static void distribute(atp_pick_t *picks, uint32_t picked, atp_qty_t wanted, atp_qty_t least)
{
    atp_qty_t left = wanted;

    for (uint32_t i = 0; i < picked; i++) {
        atp_qty_t most = left - least * (atp_qty_t)(picked - i - 1);
        picks[i].qty = picks[i].qty < most ? picks[i].qty : most;
        left -= picks[i].qty;
    }
    ATP_ASSERT(left == 0);
}

/* One node for all of it: the first in the order that has as much; if none has, the one with most. */
static uint32_t choose_one(atp_candidate_t *candidates, uint32_t count, const atp_sourcing_t *sourcing,
                           atp_qty_t wanted, atp_pick_t *ret_picks, bool *ret_is_whole)
{
    for (uint32_t i = 0; i < count; i++) {
        candidates[i].is_picked = false;
    }
    atp_candidate_t *one = next_candidate(candidates, count, sourcing, wanted, wanted, false);
    *ret_is_whole = one != NULL;
    if (one == NULL) {
        one = next_candidate(candidates, count, sourcing, wanted, 1, true);
    }
    if (one == NULL) {
        return 0;
    }
    ret_picks[0] = (atp_pick_t){one->node, one->free < wanted ? one->free : wanted};
    return 1;
}

uint32_t atp_sourcing_choose(atp_candidate_t *candidates, uint32_t count, const atp_sourcing_t *sourcing,
                             atp_qty_t wanted, atp_pick_t ret_picks[ATP_SPLITS_PER_LINE_MAX],
                             bool *ret_is_whole)
{
    atp_qty_t sum;

    ATP_ASSERT(sourcing->splits >= 1 && sourcing->splits <= ATP_SPLITS_PER_LINE_MAX && wanted > 0);
    if (sourcing->splits == 1) {
        return choose_one(candidates, count, sourcing, wanted, ret_picks, ret_is_whole);
    }
    /* In the order, then by what there is: those with most need the fewest nodes, so if they do not get there none do. */
    for (unsigned by_stock = 0; by_stock < 2; by_stock++) {
        uint32_t picked = pick_in_order(candidates, count, sourcing, wanted, by_stock == 1, ret_picks, &sum);
        *ret_is_whole = sum >= wanted && is_split_allowed(sourcing, picked, wanted);
        if (*ret_is_whole) {
            distribute(ret_picks, picked, wanted, sourcing->least);
            return picked;
        }
        if (by_stock == 1) {
            /* Enough, but in pieces that are too small: without the last one. */
            return sum >= wanted ? picked - 1 : picked;
        }
    }
    return 0;
}

/* ---- several lines ---- */

/* True if nodes of the set serve the line, at most `splits` of them: those with most, as long as each can give the least. */
static bool is_line_served(const atp_search_t *search, uint32_t line, uint32_t set)
{
    const atp_qty_t *free = search->free[line];
    atp_qty_t wanted = search->wanted[line];
    atp_qty_t least = search->least[line];
    atp_qty_t sum = 0;

    for (uint32_t pieces = 1; pieces <= search->splits && set != 0; pieces++) {
        uint32_t most = (uint32_t)__builtin_ctz(set);
        for (uint32_t rest = set; rest != 0; rest &= rest - 1) {
            uint32_t node = (uint32_t)__builtin_ctz(rest);
            most = free[node] > free[most] ? node : most;
        }
        if (pieces > 1 && (free[most] < least || wanted / pieces < least)) {
            return false;
        }
        sum += free[most];
        if (sum >= wanted) {
            return true;
        }
        set &= ~(1u << most);
    }
    return false;
}

static bool is_served(const atp_search_t *search, uint32_t set)
{
    for (uint32_t line = 0; line < search->line_count; line++) {
        if (!is_line_served(search, line, set)) {
            return false;
        }
    }
    return true;
}

/* The next larger number with as many bits. */
static uint32_t next_of_size(uint32_t set)
{
    uint32_t lowest = set & -set;
    uint32_t ripple = set + lowest;

    return ripple | (((set ^ ripple) >> 2) / lowest);
}

uint32_t atp_sourcing_search(const atp_search_t *search, uint32_t base)
{
    uint32_t end = 1u << search->node_count;
    uint32_t tried = 0;

    ATP_ASSERT(search->node_count <= ATP_SEARCH_NODES_MAX && search->line_count <= ATP_SEARCH_LINES_MAX);
    if (base != 0 && is_served(search, base)) {
        return base;
    }
    for (uint32_t size = 1; size <= search->node_count; size++) {
        for (uint32_t set = (1u << size) - 1; set < end; set = next_of_size(set)) {
            if (tried++ == ATP_SEARCH_SETS_MAX) {
                return 0;
            }
            if ((set & base) == 0 && is_served(search, set | base)) {
                return set | base;
            }
        }
    }
    return 0;
}
