#include "engine/base/hash.h"
#include "engine/store/journal_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_DIGITS 16
#define SUFFIX        ".seg"

void atp_segment_path(uint64_t number, char ret_path[ATP_PATH_SIZE_MAX])
{
    snprintf(ret_path, ATP_PATH_SIZE_MAX, ATP_JOURNAL_FOLDER "/%016" PRIx64 SUFFIX, number);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool atp_segment_number(const char *name, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (strlen(name) != NUMBER_DIGITS + strlen(SUFFIX) || strcmp(name + NUMBER_DIGITS, SUFFIX) != 0) {
        return false;
    }
    for (int i = 0; i < NUMBER_DIGITS; i++) {
        int digit = hex_digit(name[i]);
        if (digit < 0) {
            return false;
        }
        number = number << 4 | (uint64_t)digit;
    }
    *ret_number = number;
    return true;
}

static uint64_t segment_digest(const atp_segment_header_t *header)
{
    return atp_hash_bytes(header, offsetof(atp_segment_header_t, digest), 0);
}

void atp_segment_header_seal(atp_segment_header_t *header)
{
    header->magic = ATP_SEGMENT_MAGIC;
    header->format = ATP_JOURNAL_FORMAT;
    header->digest = segment_digest(header);
}

bool atp_segment_header_verify(const atp_segment_header_t *header)
{
    return header->magic == ATP_SEGMENT_MAGIC && header->digest == segment_digest(header);
}

/* Different for each place: numbers are below 2^32, offsets below 2^35 and multiples of 8. */
static uint64_t place_seed(uint64_t number, uint64_t offset)
{
    return number << 32 | offset >> 3;
}

static uint64_t frame_digest(const atp_frame_header_t *header, uint64_t number, uint64_t offset)
{
    return atp_hash_bytes(header, offsetof(atp_frame_header_t, digest), place_seed(number, offset));
}

void atp_frame_header_seal(atp_frame_header_t *header, uint64_t number, uint64_t offset)
{
    header->magic = ATP_FRAME_MAGIC;
    header->format = ATP_JOURNAL_FORMAT;
    header->digest = frame_digest(header, number, offset);
}

bool atp_frame_header_verify(const atp_frame_header_t *header, uint64_t number, uint64_t offset)
{
    return header->magic == ATP_FRAME_MAGIC && header->digest == frame_digest(header, number, offset);
}

uint64_t atp_frame_payload_digest(const void *payload, uint32_t payload_size)
{
    return atp_hash_bytes(payload, payload_size, 0);
}

atp_err_t atp_journal_corrupt(atp_why_t *ret_why, uint64_t number, uint64_t offset, const char *format, ...)
{
    char what[160];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return atp_fail(
        ret_why, ATP_ERR_CORRUPT,
        "journal/%016" PRIx64 ".seg, byte %" PRIu64
        ": %s; restore the segment from a copy, or move journal/ away and start from the newest snapshot "
        "with " ATP_JOURNAL_LOSS_FLAG,
        number, offset, what);
}
