/* Turns a record into a typed row by a profile, or says why not.
 *
 * Threads     read-only once bound: any thread.
 * Memory      borrows profile and lookups. */
#ifndef ATP_LOADERS_MAPPING_H
#define ATP_LOADERS_MAPPING_H

#include "loaders/load.h"
#include "loaders/mapping/lookup.h"
#include "loaders/table.h"

/* Where the text of a slot comes from. */
typedef struct atp_map_source {
    bool has_column;
    uint32_t column;            /* 0-based */
    atp_text_t constant;        /* without a column; bytes NULL = the slot is not given */
    const atp_lookup_t *lookup; /* NULL = the text stands for itself */
} atp_map_source_t;

typedef struct atp_mapping {
    const atp_profile_t *profile;
    atp_map_source_t sources[ATP_SLOT_COUNT];
    uint32_t sum_columns[2][ATP_PROFILE_SUM_MAX]; /* of on-hand and unavailable */
    uint32_t sum_counts[2];
    uint32_t skip_columns[ATP_PROFILE_SKIP_MAX];
    char decimal_sign;
    char thousands_sign;
    atp_text_t null_text; /* bytes NULL = none */
    bool trims;
} atp_mapping_t;

typedef enum atp_mapped { ATP_MAPPED_GOOD, ATP_MAPPED_SKIPPED, ATP_MAPPED_BAD } atp_mapped_t;

/* Finds the columns of `profile` in `table` (begun). lookups[i] belongs to the profile's lookup i. Fails as
 * atp_table_column. */
ATP_MUST_USE atp_err_t atp_mapping_bind(atp_mapping_t *mapping, const atp_profile_t *profile,
                                        atp_lookup_t *const *lookups, atp_table_t *table, atp_why_t *ret_why);

/* Fills *ret_row when good, *ret_fault when bad. Texts of the row point into record, profile or lookups. */
atp_mapped_t atp_mapping_map(const atp_mapping_t *mapping, const atp_record_t *record,
                             atp_load_row_t *ret_row, atp_map_fault_t *ret_fault);

/* The column that the slot at fault is taken from; UINT32_MAX: the whole row, or no column. */
uint32_t atp_mapping_column_of(const atp_mapping_t *mapping, const atp_map_fault_t *fault);

#endif
