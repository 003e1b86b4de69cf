/* Any bytes as a decimal number: what parses formats back to the same value, and rescaling up and down again
 * is exact. */
#include "engine/base/qty.h"
#include "tests/fuzz/fuzz.h"

static void check_round_trip(atp_qty_t mantissa, uint8_t decimals)
{
    char text[ATP_QTY_TEXT_SIZE];
    atp_qty_t again = 0;
    uint8_t again_decimals = 0;
    size_t size = atp_qty_format(mantissa, decimals, text);

    ATP_ASSERT(size < sizeof text && text[size] == '\0');
    ATP_ASSERT(atp_qty_parse((atp_text_t){text, (uint32_t)size}, &again, &again_decimals));
    ATP_ASSERT(again == mantissa && again_decimals == decimals);
}

static void check_rescale(atp_qty_t mantissa, uint8_t decimals)
{
    atp_qty_t qty = 0;
    atp_qty_t back = 0;

    for (uint8_t scale = 0; scale <= ATP_SCALE_MAX; scale++) {
        if (atp_qty_rescale(mantissa, decimals, scale, &qty) == ATP_RESCALED) {
            ATP_ASSERT(atp_qty_in_range(qty));
            ATP_ASSERT(atp_qty_rescale(qty, scale, decimals, &back) == ATP_RESCALED && back == mantissa);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    atp_qty_t mantissa = 0;
    uint8_t decimals = 0;
    atp_text_t text = {(const char *)bytes, (uint32_t)size};

    if (atp_qty_parse(text, &mantissa, &decimals)) {
        ATP_ASSERT(atp_text_is_clean(text) && atp_qty_in_range(mantissa) && decimals <= ATP_SCALE_MAX);
        check_round_trip(mantissa, decimals);
        check_rescale(mantissa, decimals);
    }
    return 0;
}
