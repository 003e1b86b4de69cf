#include "engine/base/qty.h"

#include "engine/base/power_of_ten.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool atp_qty_parse(atp_text_t text, atp_qty_t *ret_mantissa, uint8_t *ret_decimals)
{
    uint32_t at = 0;
    bool negative = false;
    int64_t value = 0;
    uint32_t digits = 0;
    uint32_t decimals = 0;
    bool after_point = false;

    if (text.size > 0 && (text.bytes[0] == '-' || text.bytes[0] == '+')) {
        negative = text.bytes[0] == '-';
        at = 1;
    }
    for (; at < text.size; at++) {
        char c = text.bytes[at];
        if (c == '.' && !after_point && digits > 0) {
            after_point = true;
            continue;
        }
        if (!is_digit(c)) {
            return false;
        }
        value = value * 10 + (c - '0');
        digits++;
        decimals += after_point ? 1u : 0u;
        if (value > ATP_QTY_MAX || decimals > ATP_SCALE_MAX) {
            return false;
        }
    }
    if (digits == 0 || (after_point && decimals == 0)) {
        return false;
    }
    *ret_mantissa = negative ? -value : value;
    *ret_decimals = (uint8_t)decimals;
    return true;
}

atp_rescale_t atp_qty_rescale(atp_qty_t mantissa, uint8_t decimals, uint8_t scale, atp_qty_t *ret_qty)
{
    ATP_ASSERT(decimals <= ATP_SCALE_MAX && scale <= ATP_SCALE_MAX);
    if (!atp_qty_in_range(mantissa)) {
        return ATP_RESCALE_OUT_OF_RANGE;
    }
    if (decimals > scale) {
        int64_t divisor = atp_power_of_ten((unsigned)(decimals - scale));
        if (mantissa % divisor != 0) {
            return ATP_RESCALE_TOO_PRECISE;
        }
        *ret_qty = mantissa / divisor;
        return ATP_RESCALED;
    }
    int64_t product;
    if (__builtin_mul_overflow(mantissa, atp_power_of_ten((unsigned)(scale - decimals)), &product) ||
        !atp_qty_in_range(product)) {
        return ATP_RESCALE_OUT_OF_RANGE;
    }
    *ret_qty = product;
    return ATP_RESCALED;
}

void atp_qty_normalise(atp_qty_t *mantissa, uint8_t *decimals)
{
    while (*decimals > 0 && *mantissa % 10 == 0) {
        *mantissa /= 10;
        (*decimals)--;
    }
}

size_t atp_qty_format(atp_qty_t qty, uint8_t scale, char *ret_text)
{
    char reversed[ATP_QTY_TEXT_SIZE];
    size_t size = 0;
    /* Through unsigned, so that INT64_MIN has a magnitude too. */
    uint64_t magnitude = qty < 0 ? ~(uint64_t)qty + 1 : (uint64_t)qty;

    ATP_ASSERT(scale <= ATP_SCALE_MAX);
    for (uint8_t place = 0; magnitude > 0 || place <= scale; place++) {
        if (place == scale && scale > 0) {
            reversed[size++] = '.';
        }
        reversed[size++] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    }
    if (qty < 0) {
        reversed[size++] = '-';
    }
    for (size_t i = 0; i < size; i++) {
        ret_text[i] = reversed[size - 1 - i];
    }
    ret_text[size] = '\0';
    return size;
}
