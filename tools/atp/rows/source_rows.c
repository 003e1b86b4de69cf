#include "tools/atp/rows/source_rows.h"

#include "tools/atp/rows/words.h"

#include "engine/base/attribute.h"

#include <string.h>

/* ---- cells ---- */

/* Nothing, in a column of words: to the left. */
static void put_no_word(atp_out_t *out, const char *key, const char *header)
{
    atp_out_none(out, key, NULL);
    atp_out_string(out, NULL, header, "-");
}

static void put_word(atp_out_t *out, const char *key, const char *header, atp_text_t says)
{
    atp_text_t value = atp_words_find(says, key);

    if (value.size > 0) {
        atp_out_text(out, key, header, value);
    } else {
        put_no_word(out, key, header);
    }
}

/* What is not said is 0. */
static void put_count(atp_out_t *out, const char *key, const char *header, atp_text_t says)
{
    atp_text_t value = atp_words_find(says, key);

    atp_out_uint(out, key, header, atp_words_take_number(&value));
}

static void put_time(atp_out_t *out, const char *key, const char *header, atp_text_t says)
{
    atp_text_t value = atp_words_find(says, key);

    atp_out_time(out, key, header, (int64_t)atp_words_take_number(&value));
}

static void put_span(atp_out_t *out, const char *key, const char *header, atp_text_t says)
{
    atp_text_t value = atp_words_find(says, key);
    int64_t span_ms = (int64_t)atp_words_take_number(&value);
    char span[ATP_OUT_SPAN_SIZE];

    if (span_ms == 0) {
        put_no_word(out, key, header);
        return;
    }
    atp_out_format_span(span_ms, span);
    atp_out_int(out, key, NULL, span_ms);
    atp_out_string(out, NULL, header, span);
}

/* Nothing where nothing is set. */
static void put_limit(atp_out_t *out, const char *key, const char *header, atp_text_t says)
{
    atp_text_t value = atp_words_find(says, key);

    if (value.size > 0) {
        atp_out_uint(out, key, header, atp_words_take_number(&value));
    } else {
        atp_out_none(out, key, header);
    }
}

static void put_qty(atp_out_t *out, const char *key, const char *header, atp_text_t says)
{
    atp_qty_t qty;
    uint8_t decimals;

    if (atp_qty_parse(atp_words_find(says, key), &qty, &decimals)) {
        atp_out_qty(out, key, header, qty, decimals);
    } else {
        atp_out_none(out, key, header);
    }
}

/* ---- rows ---- */

void atp_source_row_registration(atp_out_t *out, const atp_catalog_entry_t *entry)
{
    atp_text_t says = entry->name;
    bool is_registered = !atp_text_equal(atp_words_find(says, "registered"), ATP_TEXT("no"));

    atp_out_row(out);
    atp_out_text(out, "source", "SOURCE", entry->id);
    atp_out_string(out, NULL, "REGISTERED", is_registered ? "yes" : "no");
    atp_out_bool(out, "is_registered", is_registered);
    put_word(out, "kind", "KIND", says);
    put_word(out, "class", "CLASS", says);
    put_limit(out, "rate", "RATE", says);
    put_span(out, "sla_ms", "SLA", says);
    put_limit(out, "breaker", "BREAKER", says);
    put_span(out, "breaker_window_ms", "WINDOW", says);
    put_word(out, "unknown_names", "UNKNOWN NAMES", says);
    put_word(out, "restarts", "RESTARTS", says);
    put_word(out, "shadow_of", "SHADOW OF", says);
}

void atp_source_row_state(atp_out_t *out, const atp_catalog_entry_t *entry, bool is_alone)
{
    atp_text_t says = entry->name;

    atp_out_row(out);
    atp_out_text(out, "source", "SOURCE", entry->id);
    put_word(out, "state", "STATE", says);
    put_word(out, "paused_by", "PAUSED BY", says);
    put_time(out, "paused_ms", is_alone ? "SINCE" : NULL, says);
    put_time(out, "heard_ms", "HEARD", says);
    put_count(out, "epoch", is_alone ? "EPOCH" : NULL, says);
    put_count(out, "batches", "BATCHES", says);
    put_count(out, "missing", "MISSING", says);
    put_count(out, "lost", "LOST", says);
    put_count(out, "facts", "FACTS", says);
    put_count(out, "refused", "REFUSED", says);
    put_count(out, "outside", "OUTSIDE", says);
    put_count(out, "compared", is_alone ? "COMPARED" : NULL, says);
    put_count(out, "not_compared", is_alone ? "NOT COMPARED" : NULL, says);
}

/* The bit of "sales" or "sales:shared"; 0: it is no claim. */
static unsigned claim_bit(atp_text_t word)
{
    static const char shared[] = ":shared";
    const uint32_t size = sizeof shared - 1;

    if (word.size > size && memcmp(word.bytes + word.size - size, shared, size) == 0) {
        word.size -= size;
    }
    int64_t claim = atp_attribute_choice(atp_attribute_rule(ATP_KEY_CLAIM), word);
    return claim >= 0 ? 1u << claim : 0;
}

unsigned atp_source_claims_take(atp_text_t *place)
{
    atp_text_t left = *place;
    unsigned claims = 0;
    unsigned bit;

    while ((bit = claim_bit(atp_words_take_last(&left))) != 0 && left.size > 0) {
        claims |= bit;
        *place = left;
    }
    return claims;
}

void atp_source_row_claim(atp_out_t *out, const atp_catalog_entry_t *entry)
{
    atp_text_t place = entry->name;

    (void)atp_source_claims_take(&place);
    uint32_t taken = place.size + (place.size < entry->name.size);
    atp_out_row(out);
    atp_out_text(out, "source", "SOURCE", entry->id);
    atp_out_text(out, "place", "PLACE", place);
    atp_out_text(out, "claims", "CLAIMS", (atp_text_t){entry->name.bytes + taken, entry->name.size - taken});
}

bool atp_source_row_is_of_shadow(const atp_catalog_entry_t *entry, const char *shadow)
{
    return atp_text_equal(atp_words_find(entry->name, "shadow"), atp_text_of(shadow));
}

bool atp_source_row_difference(atp_out_t *out, const atp_catalog_entry_t *entry, const char *shadow)
{
    atp_text_t says = entry->name;

    if (!atp_source_row_is_of_shadow(entry, shadow)) {
        return false;
    }
    atp_out_row(out);
    atp_out_text(out, "sku", "SKU", entry->id);
    put_word(out, "node", "NODE", says);
    put_qty(out, "applied", "APPLIED", says);
    put_qty(out, "shadowed", "SHADOWED", says);
    put_qty(out, "applied_count", "APPLIED COUNT", says);
    put_qty(out, "shadowed_count", "SHADOWED COUNT", says);
    return true;
}
