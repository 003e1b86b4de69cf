/* Reads quantities as people and systems write them: "1.234,50", "1,234.5", ".00", "12".
 *
 * Exact or refused: a sign that stands in a wrong place is not skipped over, for "1,234" read as 1234 or as 1.234
 * is a thousandfold difference.
 *
 * Threads     pure, any thread. */
#ifndef ATP_LOADERS_NUMBER_H
#define ATP_LOADERS_NUMBER_H

#include "engine/base/qty.h"
#include "loaders/reason.h"

/* Reads an optional sign, digits, and decimals after `decimal_sign`. Digits may be parted into groups of three by
 * `thousands_sign` (0 = none), all or none. Digits before the decimal sign may be missing, those after it not.
 * Decimals past the sixth must be 0. *ret_mantissa and *ret_decimals are in lowest terms.
 * ATP_REJECT_NONE, QTY_EMPTY, QTY_MALFORMED, QTY_OUT_OF_RANGE, QTY_TOO_PRECISE; outputs untouched then. */
ATP_MUST_USE atp_reason_of_reject_t atp_number_parse(atp_text_t text, char decimal_sign, char thousands_sign,
                                                     atp_qty_t *ret_mantissa, uint8_t *ret_decimals);

#endif
