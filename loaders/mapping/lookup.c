#include "loaders/mapping/lookup.h"

#include "engine/base/hash.h"
#include "loaders/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_SLOT_COUNT 1024u
#define TEXT_SIZE_MAX    (UINT64_C(1) << 30)

typedef struct slot {
    uint64_t at; /* in `text`, + 1: key, then value; 0 = free */
    uint32_t key_size;
    uint32_t value_size;
} slot_t;

struct atp_lookup {
    char *text;
    size_t text_size;
    size_t text_capacity;
    slot_t *slots;
    uint32_t slot_count; /* a power of two */
    uint32_t count;
    uint64_t seed; /* so that no file can be made whose keys meet in one slot */
};

/* One row on its way into the lookup. */
typedef struct entry {
    atp_text_t key;
    atp_text_t value;
    uint64_t line;
} entry_t;

static atp_text_t key_of(const atp_lookup_t *lookup, const slot_t *slot)
{
    return (atp_text_t){lookup->text + slot->at - 1, slot->key_size};
}

static atp_text_t value_of(const atp_lookup_t *lookup, const slot_t *slot)
{
    return (atp_text_t){lookup->text + slot->at - 1 + slot->key_size, slot->value_size};
}

static slot_t *find(const atp_lookup_t *lookup, atp_text_t key)
{
    uint32_t mask = lookup->slot_count - 1;

    for (uint32_t at = (uint32_t)atp_hash_text(key, lookup->seed) & mask;; at = (at + 1) & mask) {
        slot_t *slot = &lookup->slots[at];
        if (slot->at == 0 || atp_text_equal(key_of(lookup, slot), key)) {
            return slot;
        }
    }
}

static bool grow_slots(atp_lookup_t *lookup)
{
    atp_lookup_t larger = *lookup;

    larger.slot_count = lookup->slot_count * 2;
    larger.slots = calloc(larger.slot_count, sizeof *larger.slots);
    if (larger.slots == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < lookup->slot_count; i++) {
        if (lookup->slots[i].at != 0) {
            *find(&larger, key_of(lookup, &lookup->slots[i])) = lookup->slots[i];
        }
    }
    free(lookup->slots);
    *lookup = larger;
    return true;
}

static bool reserve_text(atp_lookup_t *lookup, size_t size)
{
    size_t needed = lookup->text_size + size;

    if (needed <= lookup->text_capacity) {
        return true;
    }
    size_t capacity = needed + needed / 2 + 4096;
    char *grown = realloc(lookup->text, capacity);
    if (grown == NULL) {
        return false;
    }
    lookup->text = grown;
    lookup->text_capacity = capacity;
    return true;
}

static atp_err_t add(atp_lookup_t *lookup, const entry_t *entry, const char *place, atp_why_t *ret_why)
{
    const slot_t *present = find(lookup, entry->key);
    size_t size = (size_t)entry->key.size + entry->value.size;

    if (present->at != 0) {
        if (atp_text_equal(value_of(lookup, present), entry->value)) {
            return ATP_OK;
        }
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s:%llu: key '%.*s' has another value further up",
                        place, (unsigned long long)entry->line,
                        (int)(entry->key.size < 64 ? entry->key.size : 64), entry->key.bytes);
    }
    if (lookup->count >= ATP_LOOKUP_ENTRY_COUNT_MAX || lookup->text_size + size > TEXT_SIZE_MAX) {
        return atp_fail(ret_why, ATP_ERR_LIMIT,
                        "%.150s:%llu: a lookup file has at most %u rows and 1 GiB of texts", place,
                        (unsigned long long)entry->line, ATP_LOOKUP_ENTRY_COUNT_MAX);
    }
    bool has_room = reserve_text(lookup, size);
    if (has_room && (uint64_t)(lookup->count + 1) * 4 > (uint64_t)lookup->slot_count * 3) {
        has_room = grow_slots(lookup);
    }
    if (!has_room) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "%.150s: no memory for its rows", place);
    }
    slot_t *slot = find(lookup, entry->key);
    *slot = (slot_t){lookup->text_size + 1, entry->key.size, entry->value.size};
    memcpy(lookup->text + lookup->text_size, entry->key.bytes, entry->key.size);
    memcpy(lookup->text + lookup->text_size + entry->key.size, entry->value.bytes, entry->value.size);
    lookup->text_size += size;
    lookup->count++;
    return ATP_OK;
}

static atp_err_t add_record(atp_lookup_t *lookup, const atp_record_t *record, const uint32_t columns[2],
                            const char *place, atp_why_t *ret_why)
{
    atp_reason_of_reject_t reason = record->reason;
    uint32_t last = columns[0] > columns[1] ? columns[0] : columns[1];

    if (reason == ATP_REJECT_NONE && last >= record->field_count) {
        reason = ATP_REJECT_COLUMN_MISSING;
    }
    if (reason != ATP_REJECT_NONE) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s:%llu: %s", place, (unsigned long long)record->line,
                        atp_reject_sentence(reason));
    }
    entry_t entry = {record->fields[columns[0]], record->fields[columns[1]], record->line};
    return add(lookup, &entry, place, ret_why);
}

static atp_err_t read_all(atp_lookup_t *lookup, const atp_profile_lookup_t *spec, atp_table_t *table,
                          atp_why_t *ret_why)
{
    uint32_t columns[2] = {0, 0};
    const char *place = atp_input_place(atp_table_input(table));
    atp_record_t record;
    atp_err_t err = atp_table_begin(table, ret_why);

    if (err == ATP_OK) {
        err = atp_table_column(table, spec->key, &columns[0], ret_why);
    }
    if (err == ATP_OK) {
        err = atp_table_column(table, spec->value, &columns[1], ret_why);
    }
    while (err == ATP_OK) {
        switch (atp_table_next(table, &record)) {
        case ATP_RECORD_READ:
            err = add_record(lookup, &record, columns, place, ret_why);
            break;
        case ATP_RECORD_FILL:
            err = atp_table_fill(table, ret_why);
            break;
        case ATP_RECORD_END:
            return ATP_OK;
        }
    }
    return err;
}

static atp_err_t open_table(const atp_profile_lookup_t *spec, const char *folder, atp_table_t **ret_table,
                            atp_why_t *ret_why)
{
    char path[4096];
    atp_input_t *input = NULL;
    int size = snprintf(path, sizeof path, "%s/%s", folder, spec->file);

    if (size < 0 || (size_t)size >= sizeof path) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.100s/%.100s: the path is too long", folder, spec->file);
    }
    atp_err_t err = atp_input_open(path, 0, &input, ret_why);
    if (err == ATP_OK) {
        err = atp_table_open(&spec->format, input, NULL, ret_table, ret_why);
        if (err != ATP_OK) {
            atp_input_close(input);
        }
    }
    return err;
}

atp_err_t atp_lookup_open(const atp_profile_lookup_t *spec, const char *folder, atp_lookup_t **ret_lookup,
                          atp_why_t *ret_why)
{
    atp_table_t *table = NULL;
    atp_err_t err = open_table(spec, folder, &table, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    atp_lookup_t *lookup = calloc(1, sizeof *lookup);
    if (lookup != NULL) {
        lookup->slot_count = FIRST_SLOT_COUNT;
        lookup->slots = calloc(FIRST_SLOT_COUNT, sizeof *lookup->slots);
    }
    if (lookup == NULL || lookup->slots == NULL ||
        getrandom(&lookup->seed, sizeof lookup->seed, 0) != (ssize_t)sizeof lookup->seed) {
        err = atp_fail(ret_why, ATP_ERR_MEMORY, "%.200s: no memory for its rows", spec->file);
    } else {
        err = read_all(lookup, spec, table, ret_why);
    }
    atp_table_close(table);
    if (err != ATP_OK) {
        atp_lookup_close(lookup);
        return err;
    }
    *ret_lookup = lookup;
    return ATP_OK;
}

void atp_lookup_close(atp_lookup_t *lookup)
{
    if (lookup != NULL) {
        free(lookup->text);
        free(lookup->slots);
        free(lookup);
    }
}

bool atp_lookup_find(const atp_lookup_t *lookup, atp_text_t key, atp_text_t *ret_value)
{
    const slot_t *slot = find(lookup, key);

    if (slot->at == 0) {
        return false;
    }
    *ret_value = value_of(lookup, slot);
    return true;
}
