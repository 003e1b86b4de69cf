/* Exact fixed-point quantities.
 *
 * A quantity is an integer count of the smallest unit of its SKU: at scale 3, 2.500 is 2500. A decimal text
 * is a mantissa and a number of decimals; bringing it to a scale is exact or refused, never rounded.
 *
 * Range       |quantity| <= ATP_QTY_MAX (10^14) for every request, bucket and balance. 65,536 nodes of it sum
 *             to 6.6 * 10^18, so that no sum over the nodes of a SKU can pass INT64_MAX.
 * Threads     pure functions, any thread. */
#ifndef ATP_BASE_QTY_H
#define ATP_BASE_QTY_H

#include "engine/base/assert.h"
#include "engine/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t atp_qty_t;

#define ATP_QTY_MAX       INT64_C(100000000000000)
#define ATP_SCALE_MAX     6
#define ATP_QTY_TEXT_SIZE 32 /* room for any quantity as text, with sign, point and zero byte */

static inline bool atp_qty_in_range(atp_qty_t qty)
{
    return qty >= -ATP_QTY_MAX && qty <= ATP_QTY_MAX;
}

/* Reads "-12.50" as mantissa -1250, decimals 2. Takes an optional sign, digits, an optional point with 1 to 6
 * digits after it; nothing else (no blanks, exponent, or thousands sign). Trailing zeros after the point are
 * kept as written. Returns false, outputs untouched, when the text is not such a number or out of range. */
ATP_MUST_USE bool atp_qty_parse(atp_text_t text, atp_qty_t *ret_mantissa, uint8_t *ret_decimals);

typedef enum atp_rescale {
    ATP_RESCALED = 0,
    ATP_RESCALE_TOO_PRECISE, /* more decimals than the scale holds */
    ATP_RESCALE_OUT_OF_RANGE
} atp_rescale_t;

/* Brings mantissa * 10^-decimals to `scale`. decimals and scale: 0..ATP_SCALE_MAX. Output untouched unless
 * ATP_RESCALED. */
ATP_MUST_USE atp_rescale_t atp_qty_rescale(atp_qty_t mantissa, uint8_t decimals, uint8_t scale,
                                           atp_qty_t *ret_qty);

/* Drops trailing zeros of the decimals, so that 5, 5.0 and 5.00 are one value. */
void atp_qty_normalise(atp_qty_t *mantissa, uint8_t *decimals);

/* Writes `qty` at `scale` as text into `ret_text` (at least ATP_QTY_TEXT_SIZE bytes), e.g. "-0.05"; returns
 * its length. */
size_t atp_qty_format(atp_qty_t qty, uint8_t scale, char *ret_text);

#endif
