#include "engine/ledger/facts/quarantine.h"

#include <string.h>

size_t atp_op_encode_quarantine(void *buffer, size_t capacity, const atp_refused_bytes_t *refused)
{
    size_t kept = refused->size < ATP_QUARANTINE_KEPT_MAX ? refused->size : ATP_QUARANTINE_KEPT_MAX;
    atp_text_t source = refused->source.size <= ATP_ID_SIZE_MAX ? refused->source : ATP_TEXT("");
    size_t size = sizeof(atp_op_t) + sizeof(atp_op_quarantine_t) + 1 + source.size + kept;
    atp_op_quarantine_t told = {.epoch = refused->epoch,
                                .sequence = refused->sequence,
                                .digest = atp_hash_bytes(refused->bytes, refused->size, 0),
                                .size = (uint32_t)refused->size,
                                .kept = (uint32_t)kept,
                                .verdict = (uint8_t)refused->verdict,
                                .field = (uint8_t)refused->field};
    unsigned char *at = buffer;

    size_t whole = (size + 7) & ~(size_t)7;
    if (whole > capacity) {
        return 0;
    }
    atp_op_t head = {.size = (uint32_t)whole,
                     .kind = ATP_OP_QUARANTINE,
                     .flags = refused->in_source ? ATP_OP_IN_SOURCE : 0,
                     .client = ATP_CLIENT_ENGINE};
    memset(at + whole - 8, 0, 8);
    memcpy(at, &head, sizeof head);
    memcpy(at + sizeof head, &told, sizeof told);
    at += sizeof head + sizeof told;
    *at++ = (unsigned char)source.size;
    if (source.size > 0) {
        memcpy(at, source.bytes, source.size);
    }
    if (kept > 0) {
        memcpy(at + source.size, refused->bytes, kept);
    }
    return whole;
}

atp_text_t atp_op_quarantine_source(const atp_op_t *op)
{
    const char *cursor = (const char *)(atp_op_quarantine(op) + 1);
    return atp_op_text_next(&cursor);
}

const void *atp_op_quarantine_bytes(const atp_op_t *op)
{
    atp_text_t source = atp_op_quarantine_source(op);
    return source.bytes + source.size;
}

bool atp_op_quarantine_is_well_formed(const atp_op_t *op)
{
    size_t at = sizeof *op + sizeof(atp_op_quarantine_t);

    if (at + 1 > op->size || (op->flags & ~ATP_OP_IN_SOURCE) != 0) {
        return false;
    }
    const atp_op_quarantine_t *told = atp_op_quarantine(op);
    const unsigned char *bytes = (const unsigned char *)op;
    at += 1u + bytes[at];
    if (bytes[sizeof *op + sizeof *told] > ATP_ID_SIZE_MAX || told->kept > ATP_QUARANTINE_KEPT_MAX ||
        told->kept > told->size || at + told->kept > op->size || op->size - (at + told->kept) >= 8 ||
        atp_verdict_name(told->verdict) == NULL || atp_verdict_is_success(told->verdict) ||
        atp_field_name(told->field) == NULL || !atp_text_is_clean(atp_op_quarantine_source(op))) {
        return false;
    }
    for (at += told->kept; at < op->size; at++) {
        if (bytes[at] != 0) {
            return false;
        }
    }
    return true;
}
