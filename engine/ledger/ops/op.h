/* The op record: one command as the ledger applies it and the journal keeps it.
 *
 * A command in words (engine/base/command.h) becomes a record off the ledger thread: names the catalogue
 * knows become numbers, ids become fingerprints, the content becomes digests. Names it does not know yet
 * (they may be created by an op that is in flight) travel as text and are looked up when the op is applied.
 *
 *     atp_op_t | lines: atp_op_line_t[line_count] | attributes | payload or text, zero-padded to a multiple of 8 | correlation
 *
 * Attributes, with ATP_OP_HAS_ATTRIBUTES, are their number (u64) and an atp_op_attribute_t for each, those of the op first,
 * then by line.
 *
 * Text is a run of (u8 size, bytes): subject, then extra, then for each line flagged as named its SKU, its node,
 * then for each attribute that is a text its text.
 *     subject  the reservation id (reserve and steps), the SKU, node, channel, client or source id, or what else it is about
 *     extra    the owner (reserve), the channel when it is named (reserve with ATP_OP_CHANNEL_NAMED: owner,
 *              then channel), the display name (sku, node)
 *
 * A correlation id, with ATP_OP_CORRELATED, is the end of the record: its bytes, zero-padded to a multiple of 8, then its
 * size (u64). It is no part of the content: the digests do not know it.
 *
 * Threads     encode: any (it reads the catalogue without a lock).   The rest: pure.
 * Errors      encode refuses with a verdict and the field at fault; nothing is written that counts.
 * Stored      little-endian, fixed layout, no padding: it is the journal's content (format version 1). */
#ifndef ATP_LEDGER_OP_H
#define ATP_LEDGER_OP_H

#include "engine/base/command.h"
#include "engine/base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATP_OP_FACT           0x01u /* told by an authority */
#define ATP_OP_IN_SOURCE      0x02u /* belongs to the numbered batch opened by the last ATP_OP_SOURCE */
#define ATP_OP_CHANNEL_NAMED  0x04u /* the channel is in the text */
#define ATP_OP_HAS_ID         0x08u
#define ATP_OP_HAS_ATTRIBUTES 0x10u
#define ATP_OP_CHOOSES        0x20u /* a line leaves its node open: the answer has a plan */
#define ATP_OP_CORRELATED     0x40u /* a correlation id ends the record */

#define ATP_LINE_SKU_NAMED  0x01u
#define ATP_LINE_NODE_NAMED 0x02u
#define ATP_LINE_NODE_OPEN  0x04u /* names no node: the ledger chooses */

#define ATP_PULSE_NOW                                                                                        \
    1u /* option of a pulse: what is due in the slot of the wheel that is not over expires too */

#define ATP_CLIENT_NAMED  UINT32_MAX  /* the client named by the last ATP_OP_CLIENT of the same frame */
#define ATP_CLIENT_ENGINE UINT32_C(0) /* the engine itself: pulses, genesis */

typedef struct atp_op_line {
    uint32_t sku;
    uint16_t node;
    uint8_t decimals;
    uint8_t flags;
    int64_t mantissa;
} atp_op_line_t;

typedef struct atp_op {
    uint32_t size; /* of the whole record, a multiple of 8 */
    uint8_t kind;
    uint8_t flags;
    uint16_t line_count;
    atp_fingerprint_t id;   /* of the request id within its namespace */
    uint64_t digest;        /* of all content: decides "same content" */
    uint64_t field_digests; /* 8 bits a field group: names the field that differs */
    int64_t issued_ms;
    int64_t value;         /* ttl in ms (reserve, extend, channel); at most so many (pulse) */
    uint64_t subject_hash; /* of the subject, with the ledger's seed; settle: sku << 16 | node */
    uint32_t client;
    uint16_t channel;
    uint8_t option;
    uint8_t reason;
} atp_op_t;

typedef struct atp_op_attribute {
    int64_t number;   /* as in atp_attribute_t */
    uint32_t text_at; /* of its text, from the beginning of the record; 0 = it is no text */
    uint16_t line;    /* or ATP_WHOLE_OP */
    uint8_t key;
    uint8_t detail; /* decimals of a quantity, size of a text */
} atp_op_attribute_t;

_Static_assert(sizeof(atp_op_line_t) == 16 && sizeof(atp_op_t) == 72 && sizeof(atp_op_attribute_t) == 16,
               "stored: no padding");

/* Payload of ATP_OP_SOURCE, before its text. */
typedef struct atp_op_source {
    uint64_t epoch;
    uint64_t sequence;
    int64_t as_of_ms;
    uint64_t kept_from; /* the lowest number that the source still has; 0 = it keeps none */
    uint64_t after;     /* of one that keeps them: not to be applied before all numbers up to this one */
} atp_op_source_t;

/* Largest record of one op. */
#define ATP_OP_SIZE_MAX                                                                                      \
    (sizeof(atp_op_t) + ATP_LINES_PER_OP_MAX * (sizeof(atp_op_line_t) + 2 * (ATP_ID_SIZE_MAX + 1)) + 512 +   \
     ATP_ATTRIBUTES_PER_OP_MAX *                                                                             \
         (sizeof(atp_op_attribute_t) + ATP_NAME_SIZE_MAX + 1)) /* correlation in the 512 */

/* What encode needs to know of the ledger. */
typedef struct atp_catalog atp_catalog_t;

typedef struct atp_op_context {
    const atp_catalog_t *catalog;
    uint64_t seed;
    atp_text_t client_name; /* namespace of request ids */
    uint32_t client;        /* its number, or ATP_CLIENT_NAMED */
    bool in_source;         /* facts of a numbered batch: no id of their own */
} atp_op_context_t;

/* Writes the record of `command` to `buffer` (8-byte aligned, `capacity` bytes). On success returns ATP_APPLIED and
 * the size. Otherwise a verdict with the field (and line) at fault. ATP_MESSAGE_TOO_LARGE: it does not fit. */
ATP_MUST_USE atp_verdict_t atp_op_encode(const atp_command_t *command, const atp_op_context_t *context,
                                         void *buffer, size_t capacity, size_t *ret_size,
                                         atp_result_t *ret_fault);

/* The engine's own ops. Each returns the size written; `buffer` has room for ATP_OP_SIZE_MAX. */
size_t atp_op_encode_client(void *buffer, atp_text_t name, uint64_t seed);
size_t atp_op_encode_source(void *buffer, atp_text_t source, const atp_op_source_t *numbers, uint64_t seed);
size_t atp_op_encode_pulse(void *buffer, int64_t limit);
/* One that clears what is due at this very moment too, where that is much. */
size_t atp_op_encode_pulse_now(void *buffer, int64_t limit);
size_t atp_op_encode_settle(void *buffer, uint32_t sku, uint16_t node);
struct atp_ledger_config;
size_t atp_op_encode_config(void *buffer, atp_op_kind_t kind, const struct atp_ledger_config *config);

/* The fingerprint under which the outcome of a request is remembered. Reservation ids are one namespace for
 * all clients (an orchestrator allocates what a storefront reserved); other ids are each client's own. */
atp_fingerprint_t atp_op_id_fingerprint(bool is_reservation, atp_text_t client, atp_text_t id, uint64_t seed);

static inline const atp_op_line_t *atp_op_lines(const atp_op_t *op)
{
    return (const atp_op_line_t *)(op + 1);
}

#define ATP_MOVES_TOLD_MAX 64 /* of a reassign: the first places its units went to */

/* Room for the answer of one op: a grant for each line, and the plan. At most ATP_GRANTS_PER_OP_MAX. */
static inline uint32_t atp_op_grant_room(const atp_op_t *op)
{
    uint32_t plan = op->flags & ATP_OP_CHOOSES ? (uint32_t)op->line_count * ATP_SPLITS_PER_LINE_MAX : 0;
    if (op->kind == ATP_OP_REASSIGN) {
        return op->line_count + ATP_MOVES_TOLD_MAX;
    }
    return op->line_count + (plan < ATP_LINES_PER_OP_MAX ? plan : ATP_LINES_PER_OP_MAX);
}

static inline uint32_t atp_op_attribute_count(const atp_op_t *op)
{
    return op->flags & ATP_OP_HAS_ATTRIBUTES
               ? (uint32_t) * (const uint64_t *)(const void *)(atp_op_lines(op) + op->line_count)
               : 0;
}

/* Not to be read when there are none. */
static inline const atp_op_attribute_t *atp_op_attributes(const atp_op_t *op)
{
    return (const atp_op_attribute_t *)(const void *)((const uint64_t *)(const void *)(atp_op_lines(op) +
                                                                                       op->line_count) +
                                                      1);
}

/* The text of an attribute of that op. */
static inline atp_text_t atp_op_attribute_text(const atp_op_t *op, const atp_op_attribute_t *attribute)
{
    return (atp_text_t){(const char *)op + attribute->text_at, attribute->detail};
}

/* The first attribute at or after `from` with that key, of that line (ATP_WHOLE_OP: of the op); NULL if there is no more. */
const atp_op_attribute_t *atp_op_attribute_from(const atp_op_t *op, uint32_t from, unsigned key,
                                                unsigned line);

/* The first one. The common op has none, and that is seen here. */
static inline const atp_op_attribute_t *atp_op_attribute(const atp_op_t *op, unsigned key, unsigned line)
{
    return op->flags & ATP_OP_HAS_ATTRIBUTES ? atp_op_attribute_from(op, 0, key, line) : NULL;
}

/* What follows lines and attributes: a payload struct, or text. */
static inline const void *atp_op_payload(const atp_op_t *op)
{
    return op->flags & ATP_OP_HAS_ATTRIBUTES
               ? (const void *)(atp_op_attributes(op) + atp_op_attribute_count(op))
               : (const void *)(atp_op_lines(op) + op->line_count);
}

static inline const char *atp_op_text_begin(const atp_op_t *op)
{
    return (const char *)atp_op_payload(op) + (op->kind == ATP_OP_SOURCE ? sizeof(atp_op_source_t) : 0);
}

/* Takes the next text at *cursor and moves it on. */
static inline atp_text_t atp_op_text_next(const char **cursor)
{
    atp_text_t text = {*cursor + 1, (uint8_t) * *cursor};
    *cursor += 1 + text.size;
    return text;
}

/* "" without one. */
static inline atp_text_t atp_op_correlation(const atp_op_t *op)
{
    if ((op->flags & ATP_OP_CORRELATED) == 0) {
        return (atp_text_t){"", 0};
    }
    const char *end = (const char *)op + op->size - sizeof(uint64_t);
    uint64_t size = *(const uint64_t *)(const void *)end;
    return (atp_text_t){end - ((size + 7) & ~UINT64_C(7)), (uint32_t)size};
}

static inline const atp_op_t *atp_op_next(const atp_op_t *op)
{
    return (const atp_op_t *)((const char *)op + op->size);
}

/* True if `bytes` (8-byte aligned) begin with one whole, well-formed record within `size`: sizes, kind, options,
 * quantities and texts are such as encode writes. For what comes from disk: a record that passes can be applied
 * without reading outside it. (That its hashes are those of its texts is not looked at.) */
ATP_MUST_USE bool atp_op_is_well_formed(const void *bytes, size_t size);

#endif
