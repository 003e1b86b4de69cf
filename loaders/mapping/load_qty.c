#include "loaders/load.h"

bool atp_load_qty_add(atp_load_qty_t *sum, const atp_load_qty_t *more, uint8_t scale)
{
    atp_qty_t a;
    atp_qty_t b;

    if (atp_qty_rescale(sum->mantissa, sum->decimals, scale, &a) != ATP_RESCALED ||
        atp_qty_rescale(more->mantissa, more->decimals, scale, &b) != ATP_RESCALED ||
        !atp_qty_in_range(a + b)) {
        return false;
    }
    *sum = (atp_load_qty_t){a + b, scale, sum->is_given || more->is_given};
    atp_qty_normalise(&sum->mantissa, &sum->decimals);
    return true;
}
