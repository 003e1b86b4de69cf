#include "tools/atp/load/load_authority.h"

#include "tools/atp/rows/pages.h"
#include "tools/atp/rows/source_rows.h"
#include "tools/atp/rows/words.h"
#include "tools/atp/session.h"

#include "engine/base/attribute.h"

#include <stdlib.h>
#include <string.h>

#define NODES_MAX  UINT64_C(16777216)
#define PLACES_MAX 32 /* of one source */

/* What a source claims, by the words of `claim`. */
#define ON_HAND     "on_hand"
#define UNAVAILABLE "unavailable"
#define RECEIPTS    "receipts"
#define SALES       "sales"
#define ADJUSTMENTS "adjustments"
#define SUPPLY      "supply"
#define CATALOGUE   "catalogue"

typedef struct group_claim {
    char id[ATP_ID_SIZE_MAX + 1];
    unsigned claims;
} group_claim_t;

typedef struct reading {
    atp_load_authority_t *authority;
    atp_text_t source;
    bool is_registered;
    bool is_shadow;
    bool is_paused;
    group_claim_t groups[PLACES_MAX];
    uint32_t group_count;
    atp_err_t err;
} reading_t;

static bool begins_with(atp_text_t text, const char *prefix)
{
    size_t size = strlen(prefix);

    return text.size >= size && memcmp(text.bytes, prefix, size) == 0;
}

static atp_err_t add_node(atp_load_authority_t *authority, atp_text_t node, unsigned claims)
{
    atp_fingerprint_t key = atp_seen_key(authority->nodes, node, ATP_TEXT(""));
    uint64_t present = 0;
    atp_err_t err = atp_seen_put(authority->nodes, key, (uint64_t)claims << 1 | 1, &present);

    if (err == ATP_OK && present != 0) {
        atp_seen_set(authority->nodes, key, present | (uint64_t)claims << 1);
    }
    return err;
}

static void add_claim(reading_t *reading, atp_text_t place)
{
    static const char node[] = "node:";
    static const char group[] = "group:";
    unsigned claims = atp_source_claims_take(&place);

    if (begins_with(place, node)) {
        atp_text_t id = {place.bytes + sizeof node - 1, place.size - (uint32_t)(sizeof node - 1)};
        reading->err = add_node(reading->authority, id, claims);
    } else if (begins_with(place, group) && reading->group_count < PLACES_MAX &&
               place.size - (sizeof group - 1) <= ATP_ID_SIZE_MAX) {
        group_claim_t *added = &reading->groups[reading->group_count++];
        memcpy(added->id, place.bytes + sizeof group - 1, place.size - (sizeof group - 1));
        added->claims = claims;
    } else {
        reading->authority->everywhere |= claims;
    }
}

/* ---- what the engine tells ---- */

static void take_words(reading_t *reading, atp_text_t says)
{
    reading->is_registered = !atp_text_equal(atp_words_find(says, "registered"), ATP_TEXT("no"));
    reading->is_shadow = reading->is_shadow || atp_words_find(says, "shadow_of").size > 0;
    reading->is_paused =
        reading->is_paused || atp_text_equal(atp_words_find(says, "state"), ATP_TEXT("paused"));
}

static bool take_source(void *context, const atp_answer_t *answer)
{
    reading_t *reading = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        if (atp_text_equal(entries[i].id, reading->source)) {
            take_words(reading, entries[i].name);
        }
    }
    return true;
}

static bool take_claimed(void *context, const atp_answer_t *answer)
{
    reading_t *reading = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count && reading->err == ATP_OK; i++) {
        if (atp_text_equal(entries[i].id, reading->source)) {
            add_claim(reading, entries[i].name);
        }
    }
    return reading->err == ATP_OK;
}

static bool take_members(void *context, const atp_answer_t *answer)
{
    reading_t *reading = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count && reading->err == ATP_OK; i++) {
        atp_text_t node = entries[i].name;
        (void)atp_words_take(&node); /* its place */
        for (uint32_t k = 0; k < reading->group_count && reading->err == ATP_OK; k++) {
            const group_claim_t *group = &reading->groups[k];
            if (atp_text_equal(entries[i].id, atp_text_of(group->id))) {
                reading->err = add_node(reading->authority, node, group->claims);
            }
        }
    }
    return reading->err == ATP_OK;
}

static int walk(atp_cli_t *cli, atp_catalog_what_t what, atp_page_take_fn take, reading_t *reading)
{
    atp_page_ask_t ask = {.what = what};

    return atp_pages_walk(cli, atp_client_catalog, &ask, 0, take, reading);
}

/* What it claims, by node. */
static int read_claims(atp_cli_t *cli, reading_t *reading)
{
    reading->err = atp_seen_create(NODES_MAX, 0, &reading->authority->nodes);
    int status =
        reading->err == ATP_OK ? walk(cli, ATP_CATALOG_SOURCE_CLAIMS, take_claimed, reading) : ATP_CLI_DONE;
    if (status == ATP_CLI_DONE && reading->err == ATP_OK && reading->group_count > 0) {
        status = walk(cli, ATP_CATALOG_GROUP_NODES, take_members, reading);
    }
    return reading->err == ATP_OK ? status
                                  : atp_cli_fail(cli, ATP_CLI_FAILED, atp_err_name(reading->err),
                                                 "no memory for what the source claims");
}

int atp_load_authority_read(atp_cli_t *cli, atp_text_t source, bool is_dry,
                            atp_load_authority_t *ret_authority)
{
    reading_t reading = {.authority = ret_authority, .source = source};
    int status = ATP_CLI_DONE;

    *ret_authority = (atp_load_authority_t){.nodes = NULL};
    if (source.size == 0) {
        return ATP_CLI_DONE;
    }
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    status = walk(cli, ATP_CATALOG_SOURCE_STATES, take_source, &reading);
    status = status == ATP_CLI_DONE ? walk(cli, ATP_CATALOG_SOURCES, take_source, &reading) : status;
    if (status != ATP_CLI_DONE || !reading.is_registered) {
        return status;
    }
    if (!is_dry && (reading.is_shadow || reading.is_paused)) {
        return atp_cli_fail(cli, ATP_CLI_REFUSED, reading.is_shadow ? "shadow" : "source_paused",
                            "the source %.*s %s: nothing of it is applied, and nothing was loaded. "
                            "--dry-run shows where its file differs",
                            (int)source.size, source.bytes,
                            reading.is_shadow ? "is a shadow (atp source show)"
                                              : "is paused (atp source resume)");
    }
    return read_claims(cli, &reading);
}

void atp_load_authority_fini(atp_load_authority_t *authority)
{
    atp_seen_destroy(authority->nodes);
    authority->nodes = NULL;
}

/* ---- rows ---- */

static bool is_claimed(const atp_load_authority_t *authority, const char *claim, atp_text_t node)
{
    unsigned bit = 1u << atp_attribute_choice(atp_attribute_rule(ATP_KEY_CLAIM), atp_text_of(claim));
    atp_fingerprint_t key = atp_seen_key(authority->nodes, node, ATP_TEXT(""));

    return (authority->everywhere & bit) != 0 || (atp_seen_get(authority->nodes, key) >> 1 & bit) != 0;
}

bool atp_load_authority_has(const atp_load_authority_t *authority, atp_loads_t loads,
                            const atp_load_row_t *row)
{
    if (authority->nodes == NULL) {
        return true;
    }
    switch (loads) {
    case ATP_LOADS_POSITIONS:
        return is_claimed(authority, ON_HAND, row->node) &&
               (!row->qty[ATP_LOAD_UNAVAILABLE].is_given || is_claimed(authority, UNAVAILABLE, row->node));
    case ATP_LOADS_FACTS:
        return is_claimed(authority,
                          row->fact == ATP_OP_SALE      ? SALES
                          : row->fact == ATP_OP_RECEIVE ? RECEIPTS
                                                        : ADJUSTMENTS,
                          row->node);
    case ATP_LOADS_SUPPLIES:
        return is_claimed(authority, SUPPLY, row->node);
    case ATP_LOADS_SKUS:
    case ATP_LOADS_NODES:
    case ATP_LOADS_SAFETY:
    case ATP_LOADS_KITS:
        return is_claimed(authority, CATALOGUE, row->node);
    case ATP_LOADS_ALIASES:
    case ATP_LOADS_UNITS:
        break; /* how it calls things is its own */
    }
    return true;
}

bool atp_load_authority_counts(const atp_load_authority_t *authority, atp_text_t node)
{
    return authority->nodes == NULL || is_claimed(authority, ON_HAND, node);
}
