#include "loaders/rows/numbered.h"

#include "loaders/rows/parts.h"

#include <stdlib.h>
#include <string.h>

struct atp_numbered {
    atp_parts_t *parts;
    uint32_t record_size;
    uint64_t number_max;
    uint64_t count;
    /* what is had */
    unsigned part; /* that is in memory; ATP_PARTS_COUNT: none is */
    char *records;
    uint64_t record_count;
    uint64_t at; /* the first one that was not had */
};

atp_err_t atp_numbered_create(uint32_t record_size, uint64_t number_max, atp_numbered_t **ret_numbered)
{
    atp_numbered_t *numbered = calloc(1, sizeof *numbered);

    ATP_ASSERT(record_size >= sizeof(uint64_t) && number_max < UINT64_MAX / ATP_PARTS_COUNT);
    if (numbered == NULL || atp_parts_create(record_size, &numbered->parts) != ATP_OK) {
        free(numbered);
        return ATP_ERR_MEMORY;
    }
    numbered->record_size = record_size;
    numbered->number_max = number_max;
    numbered->part = ATP_PARTS_COUNT;
    *ret_numbered = numbered;
    return ATP_OK;
}

void atp_numbered_destroy(atp_numbered_t *numbered)
{
    if (numbered != NULL) {
        atp_parts_destroy(numbered->parts);
        free(numbered->records);
        free(numbered);
    }
}

static uint64_t number_of(const void *record)
{
    uint64_t number;

    memcpy(&number, record, sizeof number);
    return number;
}

/* Numbers that follow each other are in one part. */
static unsigned part_of(const atp_numbered_t *numbered, uint64_t number)
{
    ATP_ASSERT(number <= numbered->number_max);
    return (unsigned)(number * ATP_PARTS_COUNT / (numbered->number_max + 1));
}

atp_err_t atp_numbered_add(atp_numbered_t *numbered, const void *record)
{
    numbered->count++;
    return atp_parts_add(numbered->parts, part_of(numbered, number_of(record)), record);
}

uint64_t atp_numbered_count(const atp_numbered_t *numbered)
{
    return numbered->count;
}

void atp_numbered_begin(atp_numbered_t *numbered)
{
    free(numbered->records);
    numbered->records = NULL;
    numbered->record_count = 0;
    numbered->at = 0;
    numbered->part = ATP_PARTS_COUNT;
}

static int by_number(const void *left, const void *right)
{
    uint64_t a = number_of(left);
    uint64_t b = number_of(right);

    return a < b ? -1 : a > b;
}

static atp_err_t have_part(atp_numbered_t *numbered, unsigned part)
{
    void *records = NULL;

    atp_numbered_begin(numbered);
    atp_err_t err = atp_parts_read(numbered->parts, part, &records);
    if (err != ATP_OK) {
        return err;
    }
    numbered->records = records;
    numbered->record_count = atp_parts_count(numbered->parts, part);
    numbered->part = part;
    if (records != NULL) {
        qsort(records, numbered->record_count, numbered->record_size, by_number);
    }
    return ATP_OK;
}

atp_err_t atp_numbered_find(atp_numbered_t *numbered, uint64_t number, const void **ret_record)
{
    unsigned part = part_of(numbered, number);
    atp_err_t err = part != numbered->part ? have_part(numbered, part) : ATP_OK;

    *ret_record = NULL;
    while (err == ATP_OK && numbered->at < numbered->record_count && *ret_record == NULL) {
        const char *record = numbered->records + numbered->at * numbered->record_size;
        if (number_of(record) > number) {
            break;
        }
        numbered->at++;
        *ret_record = number_of(record) == number ? record : NULL;
    }
    return err;
}
