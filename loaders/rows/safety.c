#include "loaders/rows/safety.h"

#include "engine/base/assert.h"

#include <stdint.h>
#include <stdlib.h>

#define NODE_COUNT_MAX 65536

__extension__ typedef unsigned __int128 wide_t;

typedef struct remainder {
    uint64_t size; /* numerator over the total stock */
    uint32_t node;
} remainder_t;

static int larger_first(const void *left, const void *right)
{
    const remainder_t *a = left;
    const remainder_t *b = right;

    if (a->size != b->size) {
        return a->size > b->size ? -1 : 1;
    }
    return a->node < b->node ? -1 : 1;
}

static uint64_t total_stock(const atp_qty_t *stock, size_t count)
{
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++) {
        ATP_ASSERT(stock[i] <= ATP_QTY_MAX);
        total += stock[i] > 0 ? (uint64_t)stock[i] : 0; /* 65,536 * 10^14 fits */
    }
    return total;
}

/* One unit more for each of the `left` largest remainders. */
static void give_left_over(remainder_t *remainders, size_t count, uint64_t left, atp_qty_t *shares)
{
    qsort(remainders, count, sizeof *remainders, larger_first);
    ATP_ASSERT(left <= count);
    for (uint64_t i = 0; i < left; i++) {
        ATP_ASSERT(remainders[i].size > 0); /* F2: a node without stock has no remainder */
        shares[remainders[i].node]++;
    }
}

bool atp_safety_spread(atp_qty_t level, const atp_qty_t *stock, size_t count, atp_qty_t *ret_shares,
                       atp_qty_t *ret_spread)
{
    uint64_t total = total_stock(stock, count);
    uint64_t given = 0;

    ATP_ASSERT(level >= 0 && level <= ATP_QTY_MAX && count <= NODE_COUNT_MAX);
    *ret_spread = 0;
    if (total == 0 || level == 0) {
        for (size_t i = 0; i < count; i++) {
            ret_shares[i] = 0;
        }
        return true;
    }
    remainder_t *remainders = malloc(count * sizeof *remainders);
    if (remainders == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        wide_t product = (wide_t)(uint64_t)level * (stock[i] > 0 ? (uint64_t)stock[i] : 0);
        ret_shares[i] = (atp_qty_t)(product / total);
        remainders[i] = (remainder_t){(uint64_t)(product % total), (uint32_t)i};
        given += (uint64_t)ret_shares[i];
    }
    give_left_over(remainders, count, (uint64_t)level - given, ret_shares);
    free(remainders);
    *ret_spread = level;
    return true;
}
