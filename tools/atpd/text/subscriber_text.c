#include "tools/atpd/text/subscriber_text.h"

#include "engine/ledger/catalog/catalog.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Adds it, if it fits whole. */
static void put(atp_rule_text_t *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(atp_rule_text_t *text, const char *format, ...)
{
    char words[ATP_RULE_TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    if (size > 0 && text->size + (uint32_t)size < sizeof text->bytes) {
        memcpy(text->bytes + text->size, words, (size_t)size);
        text->size += (uint32_t)size;
    }
}

static void put_nodes(const atp_ledger_t *ledger, const atp_subscriber_t *subscriber, atp_rule_text_t *text)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);

    for (unsigned i = 0; i < subscriber->node_count; i++) {
        atp_text_t id = atp_catalog_node_id(catalog, subscriber->nodes[i]);
        put(text, " node=%.*s", (int)id.size, id.bytes);
    }
    if (subscriber->group != 0) {
        const atp_named_record_t *record = atp_table_at(&catalog->groups, subscriber->group - 1u);
        atp_text_t id = atp_strings_get(&catalog->strings, record->id_ref);
        put(text, " group=%.*s", (int)id.size, id.bytes);
    }
}

bool atp_subscriber_text(const atp_ledger_t *ledger, uint32_t number, atp_text_t *ret_id,
                         atp_rule_text_t *ret_text)
{
    const atp_postings_t *postings = atp_ledger_postings(ledger);
    const atp_subscriber_t *subscriber = atp_subscriber_at(postings, number);

    ret_text->size = 0;
    if (!subscriber->is_live) {
        return false;
    }
    *ret_id = atp_subscriber_id(subscriber);
    put(ret_text, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %s", postings->heads->newest,
        postings->heads->newest - subscriber->settled, subscriber->lost,
        subscriber->is_late ? "late" : "in_time");
    for (unsigned kind = 0; kind < ATP_POSTING_KIND_COUNT; kind++) {
        if ((subscriber->kinds >> kind & 1) != 0) {
            put(ret_text, " posts=%s", atp_posting_kind_name(kind));
        }
    }
    put_nodes(ledger, subscriber, ret_text);
    if (subscriber->rate > 0) {
        put(ret_text, " posting_rate=%" PRIu64, subscriber->rate);
    }
    if (subscriber->sla_ms > 0) {
        put(ret_text, " posting_sla_ms=%" PRId64, subscriber->sla_ms);
    }
    if (subscriber->confirms) {
        put(ret_text, " confirms=yes");
    }
    if (subscriber->when_full == ATP_WHEN_FULL_WAIT) {
        put(ret_text, " when_full=wait");
    }
    return true;
}
