#include "tools/atp/load/load_hits.h"

#include "tools/atp/rows/pages.h"
#include "tools/atp/session.h"

#include <string.h>

#define POSITIONS_MAX UINT64_C(16777216)

atp_err_t atp_load_hits_init(atp_load_hits_t *ret_hits)
{
    memset(ret_hits, 0, sizeof *ret_hits);
    return atp_seen_create(POSITIONS_MAX, 0, &ret_hits->positions);
}

void atp_load_hits_fini(atp_load_hits_t *hits)
{
    atp_seen_destroy(hits->positions);
    hits->positions = NULL;
}

atp_err_t atp_load_hits_note(atp_load_hits_t *hits, atp_text_t sku, atp_text_t node)
{
    uint64_t present;

    return atp_seen_put(hits->positions, atp_seen_key(hits->positions, sku, node), 1, &present);
}

/* ---- who is hit ---- */

/* True if `a` gives way before `b`. */
static bool comes_before(const atp_load_hit_t *a, const atp_load_hit_t *b)
{
    if (a->priority != b->priority) {
        return a->priority < b->priority;
    }
    if (a->version != b->version) {
        return a->version > b->version;
    }
    int order = strcmp(a->sku, b->sku);
    return order != 0 ? order < 0 : strcmp(a->node, b->node) < 0;
}

static void keep(atp_load_hits_t *hits, const atp_load_hit_t *hit)
{
    uint32_t at = hits->count;

    hits->total++;
    if (at == ATP_LOAD_HITS_SHOWN && !comes_before(hit, &hits->hits[at - 1])) {
        return;
    }
    at = at < ATP_LOAD_HITS_SHOWN ? hits->count++ : at - 1;
    for (; at > 0 && comes_before(hit, &hits->hits[at - 1]); at--) {
        hits->hits[at] = hits->hits[at - 1];
    }
    hits->hits[at] = *hit;
}

static void copy_id(char ret_id[ATP_ID_SIZE_MAX + 1], atp_text_t id)
{
    uint32_t size = id.size < ATP_ID_SIZE_MAX ? id.size : ATP_ID_SIZE_MAX;

    if (size > 0) {
        memcpy(ret_id, id.bytes, size);
    }
    ret_id[size] = '\0';
}

static bool is_at(const atp_record_line_t *line, const atp_record_line_t *other)
{
    return atp_text_equal(line->sku, other->sku) && atp_text_equal(line->node, other->node);
}

/* What the reservation was promised at the position of line `first`; 0 if an earlier line is there too. */
static atp_qty_t units_at(const atp_record_t *record, uint32_t first)
{
    atp_qty_t units = 0;

    for (uint32_t i = 0; i < record->line_count; i++) {
        bool is_there = is_at(&record->lines[i], &record->lines[first]);
        if (is_there && i < first) {
            return 0;
        }
        units += is_there ? record->lines[i].reserved + record->lines[i].allocated : 0;
    }
    return units;
}

void atp_load_hits_look(atp_load_hits_t *hits, const atp_record_t *record)
{
    for (uint32_t i = 0; i < record->line_count; i++) {
        const atp_record_line_t *line = &record->lines[i];
        atp_fingerprint_t key = atp_seen_key(hits->positions, line->sku, line->node);
        atp_qty_t units = atp_seen_get(hits->positions, key) != 0 ? units_at(record, i) : 0;
        if (units == 0) {
            continue;
        }
        atp_load_hit_t hit = {
            .units = units, .version = record->version, .scale = line->scale, .priority = record->priority};
        copy_id(hit.id, record->id);
        copy_id(hit.order, record->order);
        copy_id(hit.channel, record->channel);
        copy_id(hit.sku, line->sku);
        copy_id(hit.node, line->node);
        keep(hits, &hit);
    }
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    atp_load_hits_t *hits = context;
    const atp_record_t *records = atp_answer_records(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        atp_load_hits_look(hits, &records[i]);
    }
    return true;
}

int atp_load_hits_find(atp_cli_t *cli, atp_load_hits_t *hits)
{
    /* Those that may have units reserved or allocated. */
    atp_page_ask_t ask = {.states = 1u << ATP_RECORD_RESERVED | 1u << ATP_RECORD_ALLOCATED |
                                    1u << ATP_RECORD_BACKORDERED | 1u << ATP_RECORD_PICKED |
                                    1u << ATP_RECORD_PACKED};

    return atp_seen_count(hits->positions) == 0
               ? ATP_CLI_DONE
               : atp_pages_walk(cli, atp_client_reservations, &ask, 0, take_page, hits);
}

/* ---- showing ---- */

void atp_load_hits_print(const atp_load_hits_t *hits, atp_out_t *out)
{
    if (hits->total == 0) {
        return;
    }
    (void)printf("\nReservations that would be hit: %llu\n", (unsigned long long)hits->total);
    for (uint32_t i = 0; i < hits->count; i++) {
        const atp_load_hit_t *hit = &hits->hits[i];
        atp_out_row(out);
        atp_out_string(out, NULL, "RESERVATION", hit->id);
        atp_out_string(out, NULL, "ORDER", hit->order);
        atp_out_string(out, NULL, "CHANNEL", hit->channel);
        atp_out_uint(out, NULL, "PRIORITY", hit->priority);
        atp_out_string(out, NULL, "SKU", hit->sku);
        atp_out_string(out, NULL, "NODE", hit->node);
        atp_out_qty(out, NULL, "UNITS", hit->units, hit->scale);
    }
    atp_out_end(out);
}

void atp_load_hits_put_json(const atp_load_hits_t *hits, atp_out_t *out)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < hits->count; i++) {
        const atp_load_hit_t *hit = &hits->hits[i];
        json_t *object = json_object();
        (void)json_object_set_new(object, "reservation", atp_json_text(atp_text_of(hit->id)));
        (void)json_object_set_new(object, "order", atp_json_text(atp_text_of(hit->order)));
        (void)json_object_set_new(object, "channel", atp_json_text(atp_text_of(hit->channel)));
        (void)json_object_set_new(object, "priority", atp_json_uint(hit->priority));
        (void)json_object_set_new(object, "sku", atp_json_text(atp_text_of(hit->sku)));
        (void)json_object_set_new(object, "node", atp_json_text(atp_text_of(hit->node)));
        (void)json_object_set_new(object, "units", atp_json_qty(hit->units, hit->scale));
        (void)json_array_append_new(array, object);
    }
    atp_out_uint(out, "would_be_hit", NULL, hits->total);
    atp_out_json(out, "hit", array);
}
