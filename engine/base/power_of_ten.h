/* Powers of ten, as far as the scales of quantities go.
 *
 * Threads     pure. */
#ifndef ATP_BASE_POWER_OF_TEN_H
#define ATP_BASE_POWER_OF_TEN_H

#include "engine/base/qty.h"

/* `exponent` 0..ATP_SCALE_MAX. */
static inline int64_t atp_power_of_ten(unsigned exponent)
{
    static const int64_t powers[ATP_SCALE_MAX + 1] = {1, 10, 100, 1000, 10000, 100000, 1000000};

    ATP_ASSERT(exponent <= ATP_SCALE_MAX);
    return powers[exponent];
}

#endif
