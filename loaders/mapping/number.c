#include "loaders/mapping/number.h"

typedef struct number {
    int64_t mantissa;
    uint32_t decimals;
    uint32_t digits;
    bool is_out_of_range;
    bool is_too_precise;
} number_t;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void add_digit(number_t *number, char c)
{
    number->digits++;
    if (number->mantissa > INT64_MAX / 10 - 1) {
        number->is_out_of_range = true;
        return;
    }
    number->mantissa = number->mantissa * 10 + (c - '0');
}

/* The digits before the decimal sign. Returns how far it came, or UINT32_MAX for a misplaced thousands sign. */
static uint32_t parse_whole(number_t *number, atp_text_t text, uint32_t at, char thousands_sign)
{
    uint32_t group_digits = 0;
    bool has_groups = false;

    for (; at < text.size; at++) {
        char c = text.bytes[at];
        if (is_digit(c)) {
            add_digit(number, c);
            group_digits++;
        } else if (c == thousands_sign && c != '\0') {
            if (has_groups ? group_digits != 3 : group_digits < 1 || group_digits > 3) {
                return UINT32_MAX;
            }
            has_groups = true;
            group_digits = 0;
        } else {
            break;
        }
    }
    return has_groups && group_digits != 3 ? UINT32_MAX : at;
}

static uint32_t parse_decimals(number_t *number, atp_text_t text, uint32_t at)
{
    for (; at < text.size && is_digit(text.bytes[at]); at++) {
        if (number->decimals < ATP_SCALE_MAX) {
            add_digit(number, text.bytes[at]);
            number->decimals++;
        } else {
            number->digits++;
            number->is_too_precise = number->is_too_precise || text.bytes[at] != '0';
        }
    }
    return at;
}

atp_reason_of_reject_t atp_number_parse(atp_text_t text, char decimal_sign, char thousands_sign,
                                        atp_qty_t *ret_mantissa, uint8_t *ret_decimals)
{
    number_t number = {0};
    bool has_sign = text.size > 0 && (text.bytes[0] == '-' || text.bytes[0] == '+');

    if (text.size == 0) {
        return ATP_REJECT_QTY_EMPTY;
    }
    uint32_t at = parse_whole(&number, text, has_sign ? 1 : 0, thousands_sign);
    if (at == UINT32_MAX) {
        return ATP_REJECT_QTY_MALFORMED;
    }
    if (at < text.size && text.bytes[at] == decimal_sign) {
        uint32_t digits_before = number.digits;
        at = parse_decimals(&number, text, at + 1);
        if (number.digits == digits_before) {
            return ATP_REJECT_QTY_MALFORMED;
        }
    }
    if (at != text.size || number.digits == 0) {
        return ATP_REJECT_QTY_MALFORMED;
    }
    if (number.is_too_precise) {
        return ATP_REJECT_QTY_TOO_PRECISE;
    }
    atp_qty_t mantissa = text.bytes[0] == '-' ? -number.mantissa : number.mantissa;
    uint8_t decimals = (uint8_t)number.decimals;
    atp_qty_normalise(&mantissa, &decimals); /* first: "99999999999999.00" is in range */
    if (number.is_out_of_range || !atp_qty_in_range(mantissa)) {
        return ATP_REJECT_QTY_OUT_OF_RANGE;
    }
    *ret_mantissa = mantissa;
    *ret_decimals = decimals;
    return ATP_REJECT_NONE;
}
