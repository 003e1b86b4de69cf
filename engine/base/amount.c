#include "engine/base/amount.h"

#include "engine/base/power_of_ten.h"

__extension__ typedef unsigned __int128 magnitude_t;

#define AMOUNT_MAX ((atp_amount_t)(((magnitude_t)1 << 127) - 1))

atp_amount_t atp_amount_of(atp_qty_t qty, uint8_t scale, atp_value_t value)
{
    return (atp_amount_t)qty * atp_power_of_ten((unsigned)(ATP_SCALE_MAX - scale)) *
           value; /* 10^14, 6 digits more, 10^14: it fits */
}

atp_amount_t atp_amount_add(atp_amount_t a, atp_amount_t b)
{
    if (b > 0 && a > AMOUNT_MAX - b) {
        return AMOUNT_MAX;
    }
    return b < 0 && a < -AMOUNT_MAX - b ? -AMOUNT_MAX : a + b;
}

size_t atp_amount_format(atp_amount_t amount, char ret_text[ATP_AMOUNT_TEXT_SIZE])
{
    magnitude_t left = amount < 0 ? (magnitude_t)-amount : (magnitude_t)amount;
    char digits[ATP_AMOUNT_TEXT_SIZE];
    size_t count = 0;
    size_t size = 0;
    size_t first = 0; /* of the digits that are shown, from the last one on */

    for (; left != 0 || count <= ATP_AMOUNT_SCALE; left /= 10) {
        digits[count++] = (char)('0' + (int)(left % 10));
    }
    while (first < ATP_AMOUNT_SCALE && digits[first] == '0') {
        first++;
    }
    if (amount < 0) {
        ret_text[size++] = '-';
    }
    for (size_t i = count; i > first; i--) {
        if (i == ATP_AMOUNT_SCALE) {
            ret_text[size++] = '.';
        }
        ret_text[size++] = digits[i - 1];
    }
    ret_text[size] = '\0';
    return size;
}

atp_amount_t atp_amount_read(atp_text_t text)
{
    bool is_negative = text.size > 0 && text.bytes[0] == '-';
    bool is_behind = false;
    unsigned decimals = 0;
    atp_amount_t amount = 0;

    if (text.size >= ATP_AMOUNT_TEXT_SIZE) {
        return 0;
    }
    for (uint32_t i = is_negative; i < text.size; i++) {
        char c = text.bytes[i];
        if (c == '.' && !is_behind) {
            is_behind = true;
        } else if (c >= '0' && c <= '9' && decimals < ATP_AMOUNT_SCALE &&
                   amount <= (AMOUNT_MAX - (c - '0')) / 10) {
            amount = amount * 10 + (c - '0');
            decimals += is_behind;
        } else {
            return 0;
        }
    }
    for (; decimals < ATP_AMOUNT_SCALE; decimals++) {
        if (amount > AMOUNT_MAX / 10) {
            return 0;
        }
        amount *= 10;
    }
    return is_negative ? -amount : amount;
}
