/* A profile from the inside, for the modules that read files by it. Strings that the profile does not give are
 * NULL. */
#ifndef ATP_LOADERS_PROFILE_PRIV_H
#define ATP_LOADERS_PROFILE_PRIV_H

#include "loaders/formats/csv.h"
#include "loaders/mapping/profile.h"

#include <stdint.h>

/* What a column can be. The order is that of `slot_names`. */
typedef enum atp_slot {
    ATP_SLOT_SKU = 0,
    ATP_SLOT_NODE,
    ATP_SLOT_NAME,
    ATP_SLOT_SCALE,
    ATP_SLOT_STATE,
    ATP_SLOT_STATUS,
    ATP_SLOT_ON_HAND, /* the quantities stand together, in the order of atp_load_qty_kind_t */
    ATP_SLOT_UNAVAILABLE,
    ATP_SLOT_SAFETY,
    ATP_SLOT_QUANTITY,
    ATP_SLOT_RECEIVED,
    ATP_SLOT_KIT,
    ATP_SLOT_START,
    ATP_SLOT_END,
    ATP_SLOT_SUPPLY,
    ATP_SLOT_DUE,
    ATP_SLOT_EVENT,
    ATP_SLOT_UNIT,
    ATP_SLOT_VALUE,
    ATP_SLOT_ALIAS,
    ATP_SLOT_TOLD_BY,
    ATP_SLOT_IS,
    ATP_SLOT_FOR,
    ATP_SLOT_COUNT
} atp_slot_t;

/* The key in the YAML file: "sku", "on_hand", ... */
const char *atp_slot_name(atp_slot_t slot);

#define ATP_PROFILE_SUM_MAX      8
#define ATP_PROFILE_SKIP_MAX     32
#define ATP_PROFILE_ONE_OF_MAX   64
#define ATP_PROFILE_BUCKET_MAX   32
#define ATP_PROFILE_LOOKUP_MAX   8
#define ATP_PROFILE_OWN_UNIT_MAX 16
#define ATP_PROFILE_SCOPE_MAX    256

/* A YAML boolean whose absence means something. */
typedef enum atp_switch { ATP_SWITCH_UNSET = 0, ATP_SWITCH_ON = 1, ATP_SWITCH_OFF = 2 } atp_switch_t;

typedef enum atp_counts {
    ATP_COUNTS_UNSET = 0,
    ATP_COUNTS_ON_HAND = 1,
    ATP_COUNTS_LESS_PICKED = 2,
    ATP_COUNTS_LESS_ALLOCATED = 3,
    ATP_COUNTS_SELLABLE = 4,
    ATP_COUNTS_AVAILABLE = 5,
    ATP_COUNTS_WITH_INBOUND = 6,
    ATP_COUNTS_LESS_OUTBOUND = 7
} atp_counts_t;
typedef enum atp_duplicates {
    ATP_DUPLICATES_REFUSE = 0,
    ATP_DUPLICATES_SUM,
    ATP_DUPLICATES_LAST
} atp_duplicates_t;
typedef enum atp_empty_qty { ATP_EMPTY_QTY_BAD = 0, ATP_EMPTY_QTY_ZERO } atp_empty_qty_t;
/* A fact of nothing: a bad row, or one to pass over. */
typedef enum atp_zero_qty { ATP_ZERO_QTY_BAD = 0, ATP_ZERO_QTY_SKIP } atp_zero_qty_t;
/* What the end of a span of dates means: the first moment after it, or the last day in it. */
typedef enum atp_end_date { ATP_END_MOMENT = 0, ATP_END_LAST_DAY } atp_end_date_t;
/* SKUs and nodes that the ledger lacks: made, or the row is bad. */
typedef enum atp_unknown_names { ATP_UNKNOWN_NAMES_MAKE = 0, ATP_UNKNOWN_NAMES_BAD } atp_unknown_names_t;
typedef enum atp_spread { ATP_SPREAD_NONE = 0, ATP_SPREAD_BY_STOCK } atp_spread_t;
typedef enum atp_row_bucket {
    ATP_ROW_ON_HAND = 0,
    ATP_ROW_UNAVAILABLE,      /* on hand as well: another row does not have it */
    ATP_ROW_UNAVAILABLE_PART, /* of the on-hand that another row has */
    ATP_ROW_SKIP,
    ATP_ROW_SOLD, /* of a load of facts: what happened */
    ATP_ROW_RECEIVED,
    ATP_ROW_ADJUSTED_UP,
    ATP_ROW_ADJUSTED_DOWN
} atp_row_bucket_t;

/* How a file is read: loaders/formats/format.h has a reader for each. */
typedef enum atp_format_kind {
    ATP_FORMAT_DELIMITED = 0,
    ATP_FORMAT_JSON_LINES,
    ATP_FORMAT_X12,
    ATP_FORMAT_EDIFACT,
    ATP_FORMAT_IDOC,
    ATP_FORMAT_COUNT
} atp_format_kind_t;

typedef enum atp_charset { ATP_CHARSET_UTF8 = 0, ATP_CHARSET_LATIN } atp_charset_t;

#define ATP_IDOC_RECORD_DEFAULT "E1EDP32" /* stock and requirements of an item */

typedef struct atp_profile_format {
    atp_format_kind_t kind;
    char *document;        /* type of the messages; EDI and IDoc only */
    char *record;          /* IDoc only: the segment that makes a record; NULL = the default */
    char *last;            /* IDoc only: the segment that every document ends with; NULL = any */
    atp_charset_t charset; /* IDoc only */
    char *delimiter;
    atp_switch_t header;
    atp_switch_t quotes;
    atp_switch_t trim;
    uint32_t field_count; /* 0: of the header, else any */
    uint32_t field_size_max;
    uint32_t record_size_max;
    char *null_text;
    char *decimal_sign;
    char *thousands_sign;
} atp_profile_format_t;

/* A text for each slot: a column, a constant, or the name of a lookup. */
typedef struct atp_profile_slots {
    char *text[ATP_SLOT_COUNT];
} atp_profile_slots_t;

typedef struct atp_profile_sum {
    char **on_hand;
    uint32_t on_hand_count;
    char **unavailable;
    uint32_t unavailable_count;
} atp_profile_sum_t;

typedef struct atp_profile_skip {
    char *column;
    char *equals;
    char *not_equals;
    atp_switch_t empty;
    char **one_of;
    uint32_t one_of_count;
} atp_profile_skip_t;

typedef struct atp_profile_bucket {
    char *status;
    atp_row_bucket_t bucket;
    atp_row_bucket_t negative; /* facts: what one below 0 is, of its amount; ATP_ROW_ON_HAND: a bad row */
} atp_profile_bucket_t;

typedef struct atp_profile_lookup {
    char *name;
    char *file;
    atp_profile_format_t format;
    char *key;
    char *value;
} atp_profile_lookup_t;

/* What a load as a feed may do, where nobody says otherwise. NULL: not said. */
typedef struct atp_profile_feed {
    atp_switch_t zero_missing;
    double *max_zeroed;
    double *max_change;
    char *as_of;
    char *skus_file;
    char *ack;
    char **includes;
    uint32_t includes_count;
    char **nodes;
    uint32_t nodes_count;
    char **groups;
    uint32_t groups_count;
    char **skus;
    uint32_t skus_count;
    char **tags;
    uint32_t tags_count;
} atp_profile_feed_t;

struct atp_profile {
    uint32_t version;
    char *name;
    char *description;
    atp_loads_t loads;
    atp_counts_t basis;
    atp_profile_format_t format;
    atp_profile_slots_t columns;
    atp_profile_slots_t constants;
    atp_profile_slots_t translate;
    atp_profile_sum_t sum;
    atp_profile_bucket_t *buckets;
    uint32_t buckets_count;
    atp_profile_bucket_t *facts; /* the same for a load of facts */
    uint32_t facts_count;
    atp_profile_skip_t *skip;
    uint32_t skip_count;
    atp_profile_lookup_t *lookups;
    uint32_t lookups_count;
    atp_duplicates_t duplicates;
    atp_empty_qty_t empty_quantity;
    atp_zero_qty_t zero_quantity;
    char *source;
    char **own_units; /* that mean the SKU's own unit, unless the ledger says otherwise */
    uint32_t own_units_count;
    atp_unknown_names_t unknown_names;
    atp_spread_t safety_spread;
    atp_end_date_t end_date;
    uint32_t supply_kind; /* atp_supply_kind_t */
    double max_bad_share;
    atp_profile_feed_t feed;
};

/* The dialect of `format`, checked when the profile was loaded. */
atp_csv_format_t atp_profile_csv_format(const atp_profile_format_t *format);
bool atp_profile_has_header(const atp_profile_format_t *format);

/* The 1-based column number that `column` is, or 0 if it is a header name: "#3" always, "3" where the file has no
 * header. Numbers end at ATP_CSV_FIELD_COUNT_MAX; others are UINT32_MAX. */
uint32_t atp_profile_column_number(const atp_profile_format_t *format, const char *column);

/* The lookup called `name`; NULL if there is none. */
const atp_profile_lookup_t *atp_profile_lookup_named(const atp_profile_t *profile, const char *name);

/* Parses only (profile_yaml.c) and checks only (profile_check.c); atp_profile_parse does both. */
ATP_MUST_USE atp_err_t atp_profile_read_yaml(atp_text_t yaml, const char *place, atp_profile_t **ret_profile,
                                             atp_why_t *ret_why);
ATP_MUST_USE atp_err_t atp_profile_check(const atp_profile_t *profile, atp_text_t yaml, const char *place,
                                         atp_why_t *ret_why);

/* The line, from 1, on which `key` stands first at or after `from_line`; else `from_line`. (libcyaml tells the place
 * of the last thing it understood, which is before the key at fault.) */
unsigned atp_profile_line_of_key(atp_text_t yaml, const char *key, unsigned from_line);

/* The shipped profiles, made from loaders/profiles by the build. */
typedef struct atp_shipped_profile {
    const char *name;
    const char *yaml;
    uint32_t size;
} atp_shipped_profile_t;
extern const atp_shipped_profile_t atp_shipped_profiles[];
extern const size_t atp_shipped_profile_count;

#endif
