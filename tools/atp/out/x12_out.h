/* An X12 846 (inventory inquiry/advice) of one warehouse, written as it goes: one interchange, one group, one message.
 *
 *     ISA GS ST BIA N1 { LIN QTY... } CTT SE GE IEA       version 004010, signs * : ~
 *
 * X12 has no release sign: a text with one of its signs cannot be written. Quantities: 17 on hand, 33 available for sale, 27 committed,
 * 20 unusable; the last two only where there are some. The control numbers of header and trailer are the same, SE counts the segments
 * of the message with itself, CTT the items.
 *
 * Source      X12.5 and X12.6 004010: ISA, GS, ST, transaction set 846. */
#ifndef ATP_CLI_X12_OUT_H
#define ATP_CLI_X12_OUT_H

#include "protocol/client/atp.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define ATP_X12_PARTY_MAX   15
#define ATP_X12_CONTROL_MAX 999999999

typedef struct atp_x12_out {
    FILE *file;
    uint64_t control; /* of the interchange, 1 to ATP_X12_CONTROL_MAX */
    uint64_t items;
    uint64_t segments; /* of the message so far */
} atp_x12_out_t;

/* True if the text can stand in an element. */
bool atp_x12_can_be_written(atp_text_t text);

/* Up to the warehouse. Sender and receiver have 1 to ATP_X12_PARTY_MAX bytes; all texts can be written (asserted). */
void atp_x12_begin(atp_x12_out_t *out, FILE *file, atp_text_t sender, atp_text_t receiver, uint64_t control,
                   atp_text_t node, int64_t now_ms);
/* One item; its SKU can be written (asserted). */
void atp_x12_put(atp_x12_out_t *out, const atp_position_row_t *row);
void atp_x12_end(atp_x12_out_t *out);

#endif
