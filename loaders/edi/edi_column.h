/* What a profile wants of an EDI record, read once and looked up for each (loaders/edi/edi_document.h tells the language).
 *
 * Threads     one at a time. */
#ifndef ATP_LOADERS_EDI_COLUMN_H
#define ATP_LOADERS_EDI_COLUMN_H

#include "loaders/edi/edi_context.h"

#define ATP_EDI_COLUMN_PARTS_MAX 6
#define ATP_EDI_QUALIFIER_MAX    35

typedef enum atp_edi_pick {
    ATP_EDI_PICK_ELEMENT,  /* TAG.2, TAG:QUALIFIER.2.1 */
    ATP_EDI_PICK_VALUE,    /* TAG[QUALIFIER] */
    ATP_EDI_PICK_PLACE,    /* TAG.place */
    ATP_EDI_PICK_STORE,    /* PAIRS.store */
    ATP_EDI_PICK_QUANTITY, /* PAIRS.quantity */
    ATP_EDI_PICK_UNIT      /* PAIRS.unit */
} atp_edi_pick_t;

typedef struct atp_edi_part {
    atp_edi_pick_t pick;
    uint8_t element;   /* from 1 */
    uint8_t component; /* from 1; 0 = the whole element */
    bool is_joined;    /* to the part before it; else it stands in its place when that is empty */
    char tag[ATP_EDI_TAG_SIZE_MAX + 1];
    char qualifier[ATP_EDI_QUALIFIER_MAX + 1];
} atp_edi_part_t;

typedef struct atp_edi_column {
    uint32_t part_count;
    atp_edi_part_t parts[ATP_EDI_COLUMN_PARTS_MAX];
} atp_edi_column_t;

/* False: `text` is no column. `pairs` is the tag whose store, quantity and unit may be asked for, or NULL. */
ATP_MUST_USE bool atp_edi_column_parse(const char *text, const char *pairs, atp_edi_column_t *ret_column);

/* Where a record stands. */
typedef struct atp_edi_place {
    const atp_edi_context_t *context;
    const atp_edi_signs_t *signs;
    atp_edi_standard_t standard;
    uint32_t message; /* of its interchange, from 1 */
    atp_text_t store; /* of the pair; empty without */
    atp_text_t quantity;
    atp_text_t unit; /* of all pairs of the segment */
} atp_edi_place_t;

/* Writes the column's text, without release signs, to `ret_bytes`. Returns its size, or UINT32_MAX if it is longer than
 * `size`. */
uint32_t atp_edi_column_text(const atp_edi_column_t *column, const atp_edi_place_t *place, char *ret_bytes,
                             uint32_t size);

#endif
