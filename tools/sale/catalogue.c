#include "tools/sale/sale.h"

#include <stdlib.h>
#include <string.h>

/* Names seen so far, to give each a number; in the order in which the engine tells positions the SKU changes rarely,
 * so the last hit is tried first. */
typedef struct names {
    char *bytes;
    size_t size;
    size_t room;
    uint32_t *at;
    uint32_t count;
    uint32_t capacity;
    uint32_t *slots; /* hash table of number + 1 */
    uint32_t slot_count;
} names_t;

static uint32_t hash_of(atp_text_t text)
{
    uint32_t hash = 2166136261u; /* FNV-1a: the names are the operator's own */

    for (uint32_t i = 0; i < text.size; i++) {
        hash = (hash ^ (unsigned char)text.bytes[i]) * 16777619u;
    }
    return hash;
}

static bool grow_slots(names_t *names)
{
    uint32_t slot_count = names->slot_count == 0 ? 1024 : names->slot_count * 2;
    uint32_t *slots = calloc(slot_count, sizeof *slots);

    if (slots == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < names->count; i++) {
        uint32_t at = hash_of(atp_text_of(names->bytes + names->at[i])) & (slot_count - 1);
        while (slots[at] != 0) {
            at = (at + 1) & (slot_count - 1);
        }
        slots[at] = i + 1;
    }
    free(names->slots);
    names->slots = slots;
    names->slot_count = slot_count;
    return true;
}

static bool grow_bytes(names_t *names, size_t more)
{
    while (names->room - names->size < more) {
        size_t room = names->room == 0 ? 65536 : names->room * 2;
        char *bytes = realloc(names->bytes, room);
        if (bytes == NULL) {
            return false;
        }
        names->bytes = bytes;
        names->room = room;
    }
    if (names->count == names->capacity) {
        uint32_t capacity = names->capacity == 0 ? 1024 : names->capacity * 2;
        uint32_t *at = realloc(names->at, capacity * sizeof *at);
        if (at == NULL) {
            return false;
        }
        names->at = at;
        names->capacity = capacity;
    }
    return true;
}

/* The number of a name; it gets one if it has none yet. */
static bool number_of(names_t *names, atp_text_t name, uint32_t *ret_number)
{
    if (names->count * 2 >= names->slot_count && !grow_slots(names)) {
        return false;
    }
    uint32_t at = hash_of(name) & (names->slot_count - 1);
    while (names->slots[at] != 0) {
        uint32_t number = names->slots[at] - 1;
        if (atp_text_equal(atp_text_of(names->bytes + names->at[number]), name)) {
            *ret_number = number;
            return true;
        }
        at = (at + 1) & (names->slot_count - 1);
    }
    if (!grow_bytes(names, name.size + 1)) {
        return false;
    }
    names->slots[at] = names->count + 1;
    names->at[names->count] = (uint32_t)names->size;
    memcpy(names->bytes + names->size, name.bytes, name.size);
    names->bytes[names->size + name.size] = '\0';
    names->size += name.size + 1;
    *ret_number = names->count++;
    return true;
}

typedef struct reading {
    names_t skus;
    names_t nodes;
    sale_position_t *positions;
    uint32_t count;
    uint32_t capacity;
    uint64_t units;
} reading_t;

static bool take_row(reading_t *reading, const atp_position_row_t *row)
{
    if (reading->count == reading->capacity) {
        uint32_t capacity = reading->capacity == 0 ? 65536 : reading->capacity * 2;
        sale_position_t *positions = realloc(reading->positions, capacity * sizeof *positions);
        if (positions == NULL) {
            return false;
        }
        reading->positions = positions;
        reading->capacity = capacity;
    }
    sale_position_t *position = &reading->positions[reading->count];
    if (!number_of(&reading->skus, row->sku, &position->sku) ||
        !number_of(&reading->nodes, row->node, &position->node)) {
        return false;
    }
    reading->count++;
    reading->units += row->on_hand > 0 ? (uint64_t)row->on_hand : 0;
    return true;
}

static atp_err_t read_pages(atp_client_t *client, reading_t *reading, atp_why_t *ret_why)
{
    atp_page_ask_t ask = {.limit = ATP_PAGE_LIMIT_MAX};

    do {
        atp_answer_t *answer;
        atp_err_t err = atp_client_positions(client, &ask, &answer);
        if (err != ATP_OK) {
            atp_client_last_failure(client, ret_why);
            return err;
        }
        atp_answer_head_t head = atp_answer_head(answer);
        const atp_position_row_t *rows = atp_answer_positions(answer);
        bool has_memory = true;
        for (uint32_t i = 0; i < head.row_count && has_memory; i++) {
            has_memory = take_row(reading, &rows[i]);
        }
        ask.cursor = head.next_cursor;
        atp_answer_free(answer);
        if (!has_memory) {
            return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the catalogue");
        }
    } while (ask.cursor != 0);
    return ATP_OK;
}

/* Sorts the positions by SKU, by counting. */
static bool arrange(const reading_t *reading, sale_catalogue_t *catalogue)
{
    uint32_t skus = reading->skus.count;
    uint32_t *first = calloc((size_t)skus + 1, sizeof *first);
    uint32_t *next = calloc((size_t)skus + 1, sizeof *next);
    sale_position_t *sorted = calloc(reading->count, sizeof *sorted);

    if (first == NULL || next == NULL || sorted == NULL) {
        free(first);
        free(next);
        free(sorted);
        return false;
    }
    for (uint32_t i = 0; i < reading->count; i++) {
        first[reading->positions[i].sku + 1]++;
    }
    for (uint32_t sku = 0; sku < skus; sku++) {
        first[sku + 1] += first[sku];
    }
    memcpy(next, first, ((size_t)skus + 1) * sizeof *next);
    for (uint32_t i = 0; i < reading->count; i++) {
        sorted[next[reading->positions[i].sku]++] = reading->positions[i];
    }
    free(next);
    catalogue->first_position = first;
    catalogue->positions = sorted;
    return true;
}

/* One block of names: the nodes' behind the SKUs'. */
static bool join_names(reading_t *reading, sale_catalogue_t *catalogue)
{
    char *names = realloc(reading->skus.bytes, reading->skus.size + reading->nodes.size);

    if (names == NULL) {
        return false;
    }
    memcpy(names + reading->skus.size, reading->nodes.bytes, reading->nodes.size);
    for (uint32_t i = 0; i < reading->nodes.count; i++) {
        reading->nodes.at[i] += (uint32_t)reading->skus.size;
    }
    reading->skus.bytes = NULL;
    catalogue->names = names;
    catalogue->sku_at = reading->skus.at;
    catalogue->node_at = reading->nodes.at;
    reading->skus.at = NULL;
    reading->nodes.at = NULL;
    return true;
}

static void free_names(names_t *names)
{
    free(names->bytes);
    free(names->at);
    free(names->slots);
}

atp_err_t sale_catalogue_read(atp_client_t *client, sale_catalogue_t *ret_catalogue, atp_why_t *ret_why)
{
    reading_t reading = {0};

    memset(ret_catalogue, 0, sizeof *ret_catalogue);
    atp_err_t err = read_pages(client, &reading, ret_why);
    if (err == ATP_OK && reading.count == 0) {
        err = atp_fail(ret_why, ATP_ERR_NOT_FOUND,
                       "the engine has no positions: load an export first (atp load)");
    }
    if (err == ATP_OK && (!arrange(&reading, ret_catalogue) || !join_names(&reading, ret_catalogue))) {
        err = atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the catalogue");
    }
    ret_catalogue->sku_count = reading.skus.count;
    ret_catalogue->node_count = reading.nodes.count;
    ret_catalogue->position_count = reading.count;
    ret_catalogue->units = reading.units;
    free_names(&reading.skus);
    free_names(&reading.nodes);
    free(reading.positions);
    return err;
}

void sale_catalogue_free(sale_catalogue_t *catalogue)
{
    free(catalogue->names);
    free(catalogue->sku_at);
    free(catalogue->node_at);
    free(catalogue->first_position);
    free(catalogue->positions);
}
