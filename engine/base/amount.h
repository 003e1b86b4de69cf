/* Amounts: what units are worth.
 *
 * A unit of a SKU has a value: so many millionths of the money that the books are kept in, whichever that is. What a quantity is
 * worth is exact: quantities have up to 6 decimals, values too, so an amount has 12. Sums stay at the largest amount there is
 * (some 10^26) instead of wrapping.
 *
 * Threads     pure. */
#ifndef ATP_BASE_AMOUNT_H
#define ATP_BASE_AMOUNT_H

#include "engine/base/qty.h"
#include "engine/base/text.h"

#include <stddef.h>

#define ATP_VALUE_SCALE  6
#define ATP_AMOUNT_SCALE (ATP_VALUE_SCALE + ATP_SCALE_MAX)

typedef int64_t atp_value_t; /* of one unit, millionths; 0 to ATP_QTY_MAX */
__extension__ typedef __int128 atp_amount_t;

#define ATP_AMOUNT_TEXT_SIZE 48 /* room for any amount as text, with sign, point and zero byte */

/* What `qty` smallest units of a SKU of that scale are worth. */
atp_amount_t atp_amount_of(atp_qty_t qty, uint8_t scale, atp_value_t value);
atp_amount_t atp_amount_add(atp_amount_t a, atp_amount_t b);

/* Writes it without zeros that say nothing: "-12.5"; returns its size. */
size_t atp_amount_format(atp_amount_t amount, char ret_text[ATP_AMOUNT_TEXT_SIZE]);

/* Reads what format has written; 0 for anything else. */
atp_amount_t atp_amount_read(atp_text_t text);

#endif
