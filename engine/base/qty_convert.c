#include "engine/base/qty_convert.h"

#include "engine/base/power_of_ten.h"

atp_rescale_t atp_qty_convert(int64_t numerator, int64_t denominator, atp_qty_t mantissa, uint8_t decimals,
                              uint8_t scale, atp_qty_t *ret_qty)
{
    __extension__ typedef __int128 wide_t;

    ATP_ASSERT(decimals <= ATP_SCALE_MAX && scale <= ATP_SCALE_MAX && denominator > 0);
    if (!atp_qty_in_range(mantissa)) {
        return ATP_RESCALE_OUT_OF_RANGE;
    }
    /* 10^14 * 10^12 * 10^6 and 10^12 * 10^6 at most: no overflow of 127 bits. */
    wide_t dividend = (wide_t)mantissa * numerator * atp_power_of_ten(scale);
    wide_t divisor = (wide_t)denominator * atp_power_of_ten(decimals);
    if (dividend % divisor != 0) {
        return ATP_RESCALE_TOO_PRECISE;
    }
    wide_t qty = dividend / divisor;
    if (qty > ATP_QTY_MAX || qty < -ATP_QTY_MAX) {
        return ATP_RESCALE_OUT_OF_RANGE;
    }
    *ret_qty = (atp_qty_t)qty;
    return ATP_RESCALED;
}
