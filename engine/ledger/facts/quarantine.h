/* What a source sent and nobody could read, or nobody could make an op of: an op of the engine's own that keeps its bytes.
 *
 *     atp_op_t | atp_op_quarantine_t | source: u8 size, bytes | the bytes that were refused, as many as `kept` | zeros
 *
 * Inside a numbered batch it is of that batch, and is ignored with it when the batch was applied before.
 *
 * Threads     pure.
 * Stored      little-endian, fixed layout, no padding: it is the journal's content. */
#ifndef ATP_LEDGER_QUARANTINE_H
#define ATP_LEDGER_QUARANTINE_H

#include "engine/ledger/ops/op.h"

#define ATP_QUARANTINE_KEPT_MAX 65536 /* bytes that are kept; of more the size and the digest are */

typedef struct atp_op_quarantine {
    uint64_t epoch; /* of the batch, as far as it was read; 0 = it was not */
    uint64_t sequence;
    uint64_t digest; /* of all bytes */
    uint32_t size;   /* of all bytes */
    uint32_t kept;
    uint8_t verdict; /* why they were refused */
    uint8_t field;
    uint8_t unused[6];
} atp_op_quarantine_t;

_Static_assert(sizeof(atp_op_quarantine_t) == 40, "stored: no padding");

/* Bytes of the largest record. */
#define ATP_OP_QUARANTINE_SIZE_MAX                                                                           \
    (sizeof(atp_op_t) + sizeof(atp_op_quarantine_t) + 1 + ATP_ID_SIZE_MAX + ATP_QUARANTINE_KEPT_MAX + 8)

typedef struct atp_refused_bytes {
    const void *bytes;
    size_t size; /* at most UINT32_MAX */
    atp_text_t source;
    uint64_t epoch;
    uint64_t sequence;
    atp_verdict_t verdict;
    atp_field_t field;
    bool in_source; /* of the batch that was opened last */
} atp_refused_bytes_t;

/* Writes the record to `buffer` (8-byte aligned). Returns its size; 0: `capacity` is too small. */
size_t atp_op_encode_quarantine(void *buffer, size_t capacity, const atp_refused_bytes_t *refused);

/* Parts of such a record. */
static inline const atp_op_quarantine_t *atp_op_quarantine(const atp_op_t *op)
{
    return atp_op_payload(op);
}
atp_text_t atp_op_quarantine_source(const atp_op_t *op);
const void *atp_op_quarantine_bytes(const atp_op_t *op);

/* True if what follows the head is as encode writes it; the head itself is. */
bool atp_op_quarantine_is_well_formed(const atp_op_t *op);

#endif
