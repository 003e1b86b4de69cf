/* One message of every shape, for the tests of the wire and for authors of other clients: each is written by
 * the codec, said once more as JSON, and kept as bytes in vectors/NAME.hex. */
#ifndef ATP_TESTS_PROTOCOL_SAMPLES_H
#define ATP_TESTS_PROTOCOL_SAMPLES_H

#include "protocol/message.h"

typedef enum sample_way { SAMPLE_REQUEST, SAMPLE_RESPONSE, SAMPLE_EVENT } sample_way_t;

typedef struct sample {
    const char *name; /* of the file too */
    sample_way_t way;
    const char *what;  /* one line for a person */
    const char *json;  /* the array; of an event without its topic */
    const char *topic; /* of an event, without its zero byte; else NULL */
    void (*write)(atp_writer_t *writer);
} sample_t;

extern const sample_t samples[];
extern const size_t sample_count;

/* Reads any message and writes what was read, through the whole public interface. An op that is refused alone
 * is written as `extend` of the id "refused". False: refused as a whole; the reason is in *ret_refusal.
 * *ret_op_refusals counts the ops refused alone. */
bool sample_recode(sample_way_t way, const void *bytes, size_t size, atp_writer_t *writer,
                   atp_refusal_t *ret_refusal, uint32_t *ret_op_refusals);

#endif
