/* Availability, and what became of a request.
 *
 *     availability
 *       request   [flags, channel, [[sku, node], ...]]             pairs
 *                 [flags | cross, channel, [sku, ...], [node, ...]]  every SKU at every node
 *       response  [[row, ...], is_as_of_one_op]
 *       row       [verdict, index, node, atp, promisable]  where a channel has levels on the SKU [..., level]
 *                 and with components [..., level, on_hand, unavailable, reserved, allocated, safety, atp_signed, version, ready_ms]
 *                 ready_ms only where the node has a calendar
 *     outcome
 *       request   [[space, id], ...]       response  [result, ...] in the same order
 *
 * A node "" stands for all nodes of the SKU: one row that is their sum, each node floored at 0, or with
 * ATP_AVAILABILITY_PER_NODE one row for each. */
#ifndef ATP_PROTOCOL_MESSAGE_QUERY_H
#define ATP_PROTOCOL_MESSAGE_QUERY_H

#include "engine/base/amount.h"
#include "protocol/message_envelope.h"

/* Frozen bits. Bits this build does not know are refused as option_unknown. */
typedef enum atp_availability_flag {
    ATP_AVAILABILITY_PER_NODE = 1,   /* node "" gives a row for each node instead of their sum */
    ATP_AVAILABILITY_COMPONENTS = 2, /* explain: rows carry the buckets and the signed figure */
    ATP_AVAILABILITY_CROSS = 4,      /* the body is SKUs and nodes, not pairs */
    ATP_AVAILABILITY_ONE_OP = 8,     /* all rows as of one op, even if that takes longer */
    ATP_AVAILABILITY_PICKUP =
        16, /* of a channel: by the nodes where its orders are picked up, not shipped from */
    ATP_AVAILABILITY_UNSPLIT = 32, /* node "": the most that one node alone can give, instead of the sum */
    ATP_AVAILABILITY_FLAGS = 63
} atp_availability_flag_t;

/* Whether a channel has enough of a SKU. X(number, NAME, name, what it says). Frozen numbers. */
#define ATP_LEVELS(X)                                                                                        \
    X(1, OK, "ok", "there is enough")                                                                        \
    X(2, LOW, "low", "there is little: at most what its rule says")                                          \
    X(3, OUT, "out", "nothing is left for the channel")

/* "ok", "low", "out"; NULL for any other number. Thread: any. */
const char *atp_level_text(unsigned level);

/* Pairs: skus[i] at nodes[i], sku_count == node_count. Cross: every skus[i] at every nodes[j]. */
typedef struct atp_availability_ask {
    uint32_t flags;
    atp_text_t channel;
    uint32_t sku_count;
    uint32_t node_count;
    const atp_text_t *skus;
    const atp_text_t *nodes;
} atp_availability_ask_t;

typedef struct atp_availability_row {
    uint8_t
        verdict; /* applied, unknown_sku, unknown_node, unknown_channel: then nothing but index and node counts */
    uint8_t scale; /* of all quantities of the row */
    bool has_components;
    uint32_t index;       /* of the pair, or of the SKU in the cross form */
    atp_text_t node;      /* "" for a sum */
    atp_qty_t atp;        /* floored at 0 */
    atp_qty_t promisable; /* what a reserve may take now */
    uint8_t level;        /* of the channel, see ATP_LEVELS; 0 = no rule of it says */
    atp_qty_t on_hand;
    atp_qty_t unavailable;
    atp_qty_t reserved;
    atp_qty_t allocated;
    atp_qty_t safety;
    atp_qty_t atp_signed; /* before the floor */
    uint64_t version;     /* of the position; grows with each change; 0 for a sum */
    bool is_stale;        /* the source that counts there is silent; of a sum: at one of its nodes */
    int64_t ready_ms;     /* when an order placed now is ready there; 0 = at once, or never */
    atp_value_t value;    /* with components: what one unit of the SKU is worth; 0 = not said */
} atp_availability_row_t;

/* Reads the whole ask; the names go to `names` (skus first, then nodes), at most `capacity` of them
 * (2 * ATP_AVAILABILITY_ROWS_MAX always suffices). Refuses: option_unknown, id_invalid at channel, sku or node
 * with its index, too_many_ops past ATP_AVAILABILITY_ROWS_MAX pairs or products or past `capacity`, lines_missing when it asks for nothing. */
ATP_MUST_USE bool atp_read_availability_ask(atp_reader_t *reader, atp_text_t *names, uint32_t capacity,
                                            atp_availability_ask_t *ret_ask);
void atp_write_availability_ask(atp_writer_t *writer, const atp_availability_ask_t *ask);

/* The answer: begin, rows, end. is_as_of_one_op comes last because only then it is known. */
ATP_MUST_USE bool atp_read_availability(atp_reader_t *reader, uint32_t *ret_row_count);
ATP_MUST_USE bool atp_read_availability_row(atp_reader_t *reader, atp_availability_row_t *ret_row);
ATP_MUST_USE bool atp_read_availability_end(atp_reader_t *reader, bool *ret_is_as_of_one_op);
void atp_write_availability_begin(atp_writer_t *writer);
void atp_write_availability_row(atp_writer_t *writer,
                                const atp_availability_row_t *row); /* element of the list */
void atp_write_availability_end(atp_writer_t *writer, bool is_as_of_one_op);

/* Which ids an outcome is asked of. Frozen numbers. */
typedef enum atp_outcome_space {
    ATP_OUTCOME_RESERVATION = 1, /* ids of reserve, one space for all clients */
    ATP_OUTCOME_REQUEST = 2      /* ids of all other ops, each client's own */
} atp_outcome_space_t;

typedef struct atp_outcome_ask {
    atp_outcome_space_t space;
    atp_text_t id;
} atp_outcome_ask_t;

/* The answer to an outcome request is a list of results (message_commands.h); unknown_id where nothing is
 * remembered. */
ATP_MUST_USE bool atp_read_outcomes(atp_reader_t *reader, uint32_t *ret_count);
ATP_MUST_USE bool atp_read_outcome_ask(atp_reader_t *reader, atp_outcome_ask_t *ret_ask);
void atp_write_outcome_ask(atp_writer_t *writer, const atp_outcome_ask_t *ask); /* element of the list */

#endif
