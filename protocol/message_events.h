/* Events over PUB/SUB: a topic, a zero byte, one msgpack array.
 *
 *     facts                 "atp.facts." source 00   [version, 64, correlation, source, epoch, sequence, as_of_ms,
 *                                                     kept_from, after, [op, ...]]
 *     availability_changed  "atp.avail." sku 00      [version, 65, correlation, incarnation, op, sku, node, atp, promisable,
 *                                                     version of the position, is_out_of_stock, stale]
 *     crossings             "atp.level." channel 00  [version, 12, correlation, incarnation, number, op, time_ms, channel, sku,
 *                                                     from, to, available]
 *     staleness             "atp.stale." channel 00  [version, 66, correlation, incarnation, op, channel, node, is_stale, on_stale]
 *
 * NNG delivers to a subscriber what begins with the bytes it subscribed to. "atp.facts." subscribes to all
 * sources; "atp.facts.wms" and its zero byte to `wms` and not to `wms2`. No id has a zero byte, so the first one ends
 * the topic. The name in the topic and the one in the array must be the same. `stale` is left out where it is not. */
#ifndef ATP_PROTOCOL_MESSAGE_EVENTS_H
#define ATP_PROTOCOL_MESSAGE_EVENTS_H

#include "protocol/message_commands.h"
#include "protocol/message_records.h"

#define ATP_TOPIC_FACTS        "atp.facts."
#define ATP_TOPIC_AVAILABILITY "atp.avail."
#define ATP_TOPIC_LEVELS       "atp.level."
#define ATP_TOPIC_STALENESS    "atp.stale."

/* A numbered batch of facts. (source, epoch, sequence) is its identity: a second one is ignored. */
typedef struct atp_facts {
    atp_text_t correlation;
    atp_text_t source;
    uint64_t epoch;    /* from 1; grows when the source starts its numbering anew */
    uint64_t sequence; /* from 1, without gaps within an epoch */
    int64_t as_of_ms;  /* when the source observed it; 0 = not given */
    /* The lowest number of the epoch that the source can send again: it keeps all from there until they are applied. 0 = it
     * keeps none. */
    uint64_t kept_from;
    /* Of a source that keeps them: the newest batch before this one that says how things are (a count). This one is applied
     * after all up to that one. 0 = in any order; a batch that says so itself waits for all below it, whatever is given. */
    uint64_t after;
} atp_facts_t;

typedef struct atp_availability_event {
    atp_text_t correlation; /* of the request that caused it, where there was one */
    uint64_t incarnation;
    uint64_t op;
    atp_text_t sku;
    atp_text_t node;
    atp_qty_t atp;
    atp_qty_t promisable;
    uint8_t scale;
    bool is_out_of_stock;
    bool is_stale; /* the source that counts at the node is silent */
    uint64_t version;
} atp_availability_event_t;

/* A channel's level on a SKU changed. `row.number` is dense over all channels: a gap is asked for by a page of crossings. */
typedef struct atp_crossing_event {
    atp_text_t correlation;
    uint64_t incarnation;
    atp_crossing_row_t row;
} atp_crossing_event_t;

/* A node at which the source of counts has become silent, or is heard again; of a channel, what it does there from now on. Of two
 * events of one channel and node that with the higher op counts. */
typedef struct atp_staleness_event {
    atp_text_t correlation;
    uint64_t incarnation;
    uint64_t op;
    atp_text_t channel; /* "": the node itself */
    atp_text_t node;
    bool is_stale;
    uint8_t
        on_stale; /* atp_on_stale_t: what the channel does there; 0 of a node that is not stale, and of the node itself */
} atp_staleness_event_t;

/* Writes the bytes to subscribe to: of one source, SKU or channel, with the closing zero byte; or with an empty name of all of them,
 * without it. `ret_topic` has ATP_TOPIC_SIZE_MAX bytes. Returns the size. */
size_t atp_topic_of_facts(atp_text_t source, char *ret_topic);
size_t atp_topic_of_availability(atp_text_t sku, char *ret_topic);
size_t atp_topic_of_levels(atp_text_t channel, char *ret_topic);
size_t atp_topic_of_staleness(atp_text_t channel, char *ret_topic);

/* Begins to read an event: its topic and envelope. reader->type says which it is. */
ATP_MUST_USE bool atp_event_open(const void *bytes, size_t size, atp_reader_t *reader);

/* The rest of a facts event, up to its ops; then atp_read_command for each, atp_message_close. Refuses sequence_invalid
 * (epoch or sequence 0, kept_from above the sequence, after not below it), id_invalid at source. The ops may be sku, node, safety, ship, receive, sale,
 * adjust, count (else unknown_kind for that op); ship and the stock ops come out as facts, and their id may be
 * empty. */
ATP_MUST_USE bool atp_read_facts(atp_reader_t *reader, atp_facts_t *ret_facts, uint32_t *ret_op_count);

/* Writes topic and envelope and begins the list of ops: atp_write_command for each, atp_write_list_end. */
void atp_write_facts_begin(atp_writer_t *writer, const atp_facts_t *facts);

/* The whole rest of an availability event. */
ATP_MUST_USE bool atp_read_availability_event(atp_reader_t *reader, atp_availability_event_t *ret_event);
void atp_write_availability_event(atp_writer_t *writer, const atp_availability_event_t *event);

/* The whole rest of an event of type ATP_MESSAGE_CROSSINGS. */
ATP_MUST_USE bool atp_read_crossing_event(atp_reader_t *reader, atp_crossing_event_t *ret_event);
void atp_write_crossing_event(atp_writer_t *writer, const atp_crossing_event_t *event);

/* The whole rest of a staleness event. Refuses option_unknown: a rule that is none. */
ATP_MUST_USE bool atp_read_staleness_event(atp_reader_t *reader, atp_staleness_event_t *ret_event);
void atp_write_staleness_event(atp_writer_t *writer, const atp_staleness_event_t *event);

#endif
