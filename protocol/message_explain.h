/* Explanations over the wire: what a reserve may take, and of what parts the figure is made.
 *
 *     request   [[line, ...], channel, by_ms, is_one, is_pickup]   line [sku, node, qty]: node "" = all nodes; qty 0 = only what there is
 *                                               by_ms: for a reserve needed by that day; left out, or a day past = from what is here
 *                                               is_one: the lines are those of one reserve, in this order; left out = each by itself
 *                                               is_pickup: picked up, by the channel's group for that; left out = shipped
 *     response  [[part, ...], is_cut]           part [line, code, qty, node, detail]
 *
 * Codes and their effects are in engine/base/explain.h. */
#ifndef ATP_PROTOCOL_MESSAGE_EXPLAIN_H
#define ATP_PROTOCOL_MESSAGE_EXPLAIN_H

#include "engine/base/command.h"
#include "engine/base/explain.h"
#include "protocol/message_envelope.h"

typedef struct atp_explain_ask {
    uint32_t line_count; /* 1 to ATP_EXPLAIN_LINES_MAX */
    const atp_command_line_t *lines;
    atp_text_t channel; /* "" = none */
    int64_t by_ms;      /* needed by that day; 0 = from what is here */
    bool is_one;        /* the lines are one reserve: each after those before it, and the whole is decided */
    bool is_pickup;     /* through the channel's group for what is picked up */
} atp_explain_ask_t;

/* Reads the ask; its lines go to `lines` (room for ATP_EXPLAIN_LINES_MAX). Refuses none (lines_missing) and too many
 * (too_many_ops), a line without a SKU (id_invalid), a quantity below 0. */
ATP_MUST_USE bool atp_read_explain_ask(atp_reader_t *reader, atp_command_line_t *lines,
                                       atp_explain_ask_t *ret_ask);
void atp_write_explain_ask(atp_writer_t *writer, const atp_explain_ask_t *ask);

/* The answer: begin, parts, end. A code this build does not know is kept as its number. */
ATP_MUST_USE bool atp_read_explain(atp_reader_t *reader, uint32_t *ret_part_count);
ATP_MUST_USE bool atp_read_explain_part(atp_reader_t *reader, atp_explanation_t *ret_part);
ATP_MUST_USE bool atp_read_explain_end(atp_reader_t *reader, bool *ret_is_cut);
void atp_write_explain_begin(atp_writer_t *writer);
void atp_write_explain_part(atp_writer_t *writer, const atp_explanation_t *part);
void atp_write_explain_end(atp_writer_t *writer, bool is_cut);

#endif
