/* Quantities from one unit into another: a case is 12 pieces, a piece is a third of a pack. Exact or refused, never rounded.
 *
 * Threads     pure functions, any thread. */
#ifndef ATP_BASE_QTY_CONVERT_H
#define ATP_BASE_QTY_CONVERT_H

#include "engine/base/qty.h"

#define ATP_UNIT_PART_MAX INT64_C(1000000000000) /* of numerator and denominator */

/* mantissa * 10^-decimals, times numerator / denominator (1..ATP_UNIT_PART_MAX), at `scale`. Output untouched unless ATP_RESCALED. */
ATP_MUST_USE atp_rescale_t atp_qty_convert(int64_t numerator, int64_t denominator, atp_qty_t mantissa,
                                           uint8_t decimals, uint8_t scale, atp_qty_t *ret_qty);

#endif
