/* Batches of facts over request and response: what of a source the engine has, and a batch that is answered.
 *
 *     source_state  request   [source]
 *                   response  [[gap, ...], epoch, low, high, batches, lost, as_of_ms]
 *                   gap       [first, last]      numbers between low and high that were never seen
 *     batch         request   [source, epoch, sequence, as_of_ms, kept_from, after, [op, ...]]     the body of a facts event
 *                   response  [verdict, field]
 *
 * Both speak of what is durable. A batch is `applied`, `duplicate_ignored` (it was applied before), or `out_of_order` (it
 * waits for others: send it again after them); anything else was refused for good. */
#ifndef ATP_PROTOCOL_MESSAGE_SOURCES_H
#define ATP_PROTOCOL_MESSAGE_SOURCES_H

#include "protocol/message_events.h"

#define ATP_SOURCE_GAPS_MAX 512 /* of a window of 1,024 numbers every second one is missing */

typedef struct atp_source_gap {
    uint64_t first;
    uint64_t last;
} atp_source_gap_t;

typedef struct atp_source_state {
    uint64_t epoch; /* 0 = nothing was heard of it yet */
    uint64_t low;   /* every number below was applied, or is lost */
    uint64_t high;  /* the highest one applied */
    uint64_t batches;
    uint64_t lost;
    int64_t as_of_ms; /* of the newest batch */
} atp_source_state_t;

typedef struct atp_batch_answer {
    uint8_t verdict;
    uint8_t field;
} atp_batch_answer_t;

/* Refuses id_invalid at source. */
ATP_MUST_USE bool atp_read_source_ask(atp_reader_t *reader, atp_text_t *ret_source);
void atp_write_source_ask(atp_writer_t *writer, atp_text_t source);

/* The answer: begin, gaps in ascending order, end. */
ATP_MUST_USE bool atp_read_source_state(atp_reader_t *reader, uint32_t *ret_gap_count);
ATP_MUST_USE bool atp_read_source_gap(atp_reader_t *reader, atp_source_gap_t *ret_gap);
ATP_MUST_USE bool atp_read_source_state_end(atp_reader_t *reader, atp_source_state_t *ret_state);
void atp_write_source_state_begin(atp_writer_t *writer);
void atp_write_source_gap(atp_writer_t *writer, const atp_source_gap_t *gap); /* element of the list */
void atp_write_source_state_end(atp_writer_t *writer, const atp_source_state_t *state);

/* As atp_read_facts, of a request: its correlation is that of the request. */
ATP_MUST_USE bool atp_read_batch(atp_reader_t *reader, atp_facts_t *ret_facts, uint32_t *ret_op_count);
/* Begins the list of ops, as atp_write_facts_begin. */
void atp_write_batch_begin(atp_writer_t *writer, const atp_facts_t *facts);

/* The same two without the list, which follows as it was written before: atp_write_list_begin, the ops, atp_write_list_end. */
void atp_write_facts_of(atp_writer_t *writer, const atp_facts_t *facts, const void *ops, size_t size);
void atp_write_batch_of(atp_writer_t *writer, const atp_facts_t *facts, const void *ops, size_t size);

ATP_MUST_USE bool atp_read_batch_answer(atp_reader_t *reader, atp_batch_answer_t *ret_answer);
void atp_write_batch_answer(atp_writer_t *writer, const atp_batch_answer_t *answer);

#endif
