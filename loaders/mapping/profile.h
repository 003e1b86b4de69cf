/* A mapping profile: what the columns of a file mean. A YAML file, read strictly: an unknown key, a missing
 * key, a value out of range is an error that names its line. docs/loading.md tells every key.
 *
 * The shipped profiles (loaders/profiles) are part of the library and are found by name.
 *
 * Threads     a loaded profile is read-only: any thread.
 * Memory      the YAML text is at most 64 KiB; aliases are refused, so that nothing multiplies. */
#ifndef ATP_LOADERS_PROFILE_H
#define ATP_LOADERS_PROFILE_H

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "loaders/edi/edi_segments.h"

#include <stdbool.h>
#include <stddef.h>

#define ATP_PROFILE_SIZE_MAX (64u << 10)

typedef struct atp_profile atp_profile_t;

typedef enum atp_loads {
    ATP_LOADS_POSITIONS = 0, /* how much of a SKU is at a node */
    ATP_LOADS_SKUS = 1,      /* SKUs: name, scale, safety stock of the SKU over all nodes */
    ATP_LOADS_NODES = 2,     /* nodes: name, state */
    ATP_LOADS_SAFETY = 3,    /* safety stock of a SKU at a node */
    ATP_LOADS_KITS = 4,      /* components of kits, with dates: a bill of materials */
    ATP_LOADS_SUPPLIES =
        5,               /* what is expected where on which day: lines of purchase orders, shipping notices */
    ATP_LOADS_FACTS = 6, /* what happened: sold, received, adjusted; each row once, by its id */
    ATP_LOADS_ALIASES = 7, /* other names of SKUs and nodes, of a source or of all */
    ATP_LOADS_UNITS = 8    /* what cases, packs, dozens are of a SKU, or of all */
} atp_loads_t;

/* Loads a shipped profile by its name ("shopify-inventory"), or a file when the text holds a '/' or ends in
 * ".yaml" or ".yml".
 * ATP_ERR_NOT_FOUND, ATP_ERR_INVALID (the sentence names file, line and key), ATP_ERR_IO, ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_profile_load(const char *name_or_path, atp_profile_t **ret_profile,
                                        atp_why_t *ret_why);

/* The same from text; `place` names it in messages. */
ATP_MUST_USE atp_err_t atp_profile_parse(atp_text_t yaml, const char *place, atp_profile_t **ret_profile,
                                         atp_why_t *ret_why);

void atp_profile_destroy(atp_profile_t *profile);

const char *atp_profile_name(const atp_profile_t *profile);
/* One line for a list of profiles; "" when the profile says none. */
const char *atp_profile_description(const atp_profile_t *profile);
atp_loads_t atp_profile_loads(const atp_profile_t *profile);
/* Whose files it reads: that source's aliases count for them. "" = nobody's in particular. */
const char *atp_profile_source(const atp_profile_t *profile);
/* Share of bad rows above which nothing is loaded, 0..1. */
double atp_profile_max_bad_share(const atp_profile_t *profile);

/* What a load as a feed may do. */
typedef struct atp_feed_rules {
    bool zeroes_missing; /* what the file leaves out of the scope is counted as 0 */
    double max_zeroed;   /* share of the counts that may leave nothing, 0..1 */
    double max_change;   /* share of the units that may be corrected */
} atp_feed_rules_t;
atp_feed_rules_t atp_profile_feed_rules(const atp_profile_t *profile);

/* What else the feeds of a profile are, each as the flag of `atp load` takes it. */
typedef enum atp_feed_word {
    ATP_FEED_AS_OF = 0,
    ATP_FEED_INCLUDES,
    ATP_FEED_NODE,
    ATP_FEED_GROUP,
    ATP_FEED_SKU,
    ATP_FEED_SKUS_FILE,
    ATP_FEED_TAG,
    ATP_FEED_ACK,
    ATP_FEED_WORD_COUNT
} atp_feed_word_t;
/* The value of that number, from 0; NULL: there are no more. */
const char *atp_profile_feed_word(const atp_profile_t *profile, atp_feed_word_t word, uint32_t number);

/* What its counts are of: "on_hand", "less_picked", "less_allocated", "sellable", "available"; "" of a profile without counts. */
const char *atp_profile_basis(const atp_profile_t *profile);

/* Whether it reads an EDI format, whose messages can be acknowledged, and which. */
ATP_MUST_USE bool atp_profile_edi_standard(const atp_profile_t *profile, atp_edi_standard_t *ret_standard);

/* Whether its files are of interchanges or IDocs, each of which is told apart from all others. */
ATP_MUST_USE bool atp_profile_has_documents(const atp_profile_t *profile);

/* "positions", "skus", "nodes", "safety", "kits", "supplies", "facts", "aliases", "units". */
const char *atp_loads_name(atp_loads_t loads);

/* Names of the shipped profiles, in order; NULL past the last. */
const char *atp_profile_shipped_name(size_t index);

#endif
