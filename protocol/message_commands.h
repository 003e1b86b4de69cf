/* Commands and the answers to them: the hot path of the wire.
 *
 *     body of a request   [op, op, ...]           body of a response  [result, result, ...] in the same order
 *
 *     sku      [16, id, issued_ms, sku, name, scale]
 *     node     [17, id, issued_ms, node, name, state]
 *     channel  [18, id, issued_ms, channel, ttl_ms]
 *     safety   [19, id, issued_ms, sku, node, qty]
 *     reserve  [32, id, issued_ms, channel, owner, ttl_ms, mode, [line, ...]]
 *     extend   [33, id, issued_ms, reservation, ttl_ms]
 *     allocate, release, cancel, ship
 *              [34..37, id, issued_ms, reservation, [line, ...], is_fact]      no lines = the whole reservation
 *     receive, sale, adjust, count
 *              [48..51, id, issued_ms, sku, node, qty, is_fact, bucket, reason]
 *     line     [sku, node, qty]
 *     attributes, last in any op   [[key, value, line], ...]   of the op when line is left out, see engine/base/attribute.h
 *     result   [verdict, op, qty, deadline_ms, flags, field, line, [qty, ...], [plan line, ...], ready_ms, key, account]
 *              flags: 1 = is_repeat, 2 = is_stale, 4 = the attribute at fault, key, is that line's own
 *     plan line  [line, sku, node, qty]
 *     account  [[part, ...], is_cut]       part [line, code, qty, node, detail], of a command that explains
 *
 * In an atp_command_t the sku of `sku` is lines[0].sku, the node of `node` is lines[0].node (line_count 1,
 * the rest of the line empty); the stock ops and `safety` have exactly one line.
 *
 * Two ways to fail. Bytes that are not well-formed msgpack, too many ops or too many lines refuse the whole message. An
 * op that does not have its stated form is refused alone, with a verdict of its own, and the others go ahead:
 * calls of many threads may share a message. */
#ifndef ATP_PROTOCOL_MESSAGE_COMMANDS_H
#define ATP_PROTOCOL_MESSAGE_COMMANDS_H

#include "engine/base/explain.h"
#include "protocol/message_envelope.h"

/* Begins the list of ops. Refuses an empty one (malformed) and more than ATP_OPS_PER_MESSAGE_MAX
 * (too_many_ops). */
ATP_MUST_USE bool atp_read_commands(atp_reader_t *reader, uint32_t *ret_op_count);

/* Where the parts of one op are read to. */
typedef struct atp_command_room {
    atp_command_line_t *lines;
    uint32_t line_capacity;
    uint32_t attribute_capacity;
    atp_attribute_t *attributes;
} atp_command_room_t;

/* Reads the next op. Texts are views into the message; lines and attributes go to `room`.
 *
 * False: the whole message is refused (reader->refusal): broken bytes, more lines than there is room for
 * (too_many_ops), or more than ATP_OPS_PER_MESSAGE_MAX in the message so far.
 * True: ret_refusal->verdict is ATP_APPLIED and *ret_command is filled, or it is what this op alone is
 * refused with: malformed, unknown_kind, id_missing, id_invalid, text_invalid, issued_in_future, qty_malformed,
 * qty_out_of_range, ttl_out_of_range, scale_out_of_range, too_many_lines, option_unknown, too_many_attributes (more than
 * there is room for), attribute_not_taken (a key this build does not know), attribute_out_of_range, with field and line; *ret_command then has kind and id as far as they could be read, and no lines. */
ATP_MUST_USE bool atp_read_command(atp_reader_t *reader, atp_command_t *ret_command,
                                   const atp_command_room_t *room, atp_refusal_t *ret_refusal);

/* True for a kind whose op is [kind, id, issued_ms, subject, [line, ...], is_fact]. */
bool atp_command_is_plain(unsigned kind);

/* Writes one op, element of the list. The command is the caller's and is written as it is, not checked;
 * fields that its kind does not use are not written. */
void atp_write_command(atp_writer_t *writer, const atp_command_t *command);

/* Begins the list of results. */
ATP_MUST_USE bool atp_read_results(atp_reader_t *reader, uint32_t *ret_count);

/* Reads the next result; its per-line quantities and, behind them, the lines of its plan go to `grants`. Refuses more than
 * `grant_capacity` of them (too_many_lines; ATP_GRANTS_PER_OP_MAX always suffice) and numbers that are out of their range (malformed). A verdict this build does not know is kept as its
 * number. */
ATP_MUST_USE bool atp_read_result(atp_reader_t *reader, atp_result_t *ret_result, atp_grant_t *grants,
                                  uint32_t grant_capacity);

/* The same with its account, whose parts go behind those in `account`, ret_result->part_count of them; what there is no room for, and
 * all of it where `account` is NULL, is passed over, and is_cut says so. Refuses more than ATP_EXPLAIN_PARTS_MAX. */
ATP_MUST_USE bool atp_read_result_and_account(atp_reader_t *reader, atp_result_t *ret_result,
                                              atp_grant_t *grants, uint32_t grant_capacity,
                                              atp_explain_room_t *account);

/* Writes one result, element of the list, with result->line_count grants and result->plan_count lines of a plan. */
void atp_write_result(atp_writer_t *writer, const atp_result_t *result, const atp_grant_t *grants);
/* The same with the result->part_count parts of its account. */
void atp_write_result_and_account(atp_writer_t *writer, const atp_result_t *result, const atp_grant_t *grants,
                                  const atp_explanation_t *parts);

#endif
