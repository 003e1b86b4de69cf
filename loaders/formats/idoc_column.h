/* Where a field of an IDoc stands, as a profile names it:
 *
 *     E1EDP32@3,15       15 characters from offset 3 of the data (SDATA) of the nearest E1EDP32
 *     E1EDP19:002@3,35   of the nearest E1EDP19 whose data begins with 002
 *     EDI_DC40@13,16     of the control record, from its own beginning
 *     E1EDP32.SEGNUM     the number of the segment in its document
 *     A+B, A|B           both, joined by a hyphen; A, or B where A is empty
 *
 * Offsets are those of SAP's own description of the segment (transaction WE60), less the 63 characters before SDATA.
 * They count characters, not bytes.
 *
 * A file calls the segment type E1EDP32 by the name of one of its definitions: E2EDP32, E2EDP32001. A profile names the
 * type and means all of them; a name that it gives with a 2 is that definition only.
 *
 * Threads     one at a time. */
#ifndef ATP_LOADERS_IDOC_COLUMN_H
#define ATP_LOADERS_IDOC_COLUMN_H

#include "loaders/edi/edi_context.h"

#define ATP_IDOC_NAME_SIZE_MAX    30 /* of a segment, of a type of document */
#define ATP_IDOC_COLUMN_PARTS_MAX 4
#define ATP_IDOC_SEGNUM_AT        49
#define ATP_IDOC_SDATA_AT         63
#define ATP_IDOC_LINE_CHARS_MAX   1063

typedef struct atp_idoc_part {
    char segment[ATP_IDOC_NAME_SIZE_MAX + 1];
    char qualifier[ATP_IDOC_NAME_SIZE_MAX + 1]; /* "": any */
    uint16_t offset;                            /* from the beginning of the line */
    uint16_t size;
    bool is_joined; /* to the part before it; else it stands in its place when that is empty */
} atp_idoc_part_t;

typedef struct atp_idoc_column {
    uint32_t part_count;
    atp_idoc_part_t parts[ATP_IDOC_COLUMN_PARTS_MAX];
} atp_idoc_column_t;

/* Whether a file's name of a segment is what a profile calls `type`. */
bool atp_idoc_is_segment(atp_text_t name, const char *type);

/* The characters [offset, offset + size) of a line, without the blanks around them; what is past its end is empty.
 * `is_latin`: a character is a byte. */
atp_text_t atp_idoc_field(atp_text_t line, uint32_t offset, uint32_t size, bool is_latin);

/* False: `text` is no column. */
ATP_MUST_USE bool atp_idoc_column_parse(const char *text, atp_idoc_column_t *ret_column);

/* Writes the column's text to `ret_bytes`. Returns its size, or UINT32_MAX if it is longer than `size`. */
uint32_t atp_idoc_column_text(const atp_idoc_column_t *column, const atp_edi_context_t *context,
                              bool is_latin, char *ret_bytes, uint32_t size);

#endif
