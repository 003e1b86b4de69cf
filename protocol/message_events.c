#include "protocol/message_events.h"

#include "protocol/message_priv.h"

#define PREFIX_SIZE (sizeof(ATP_TOPIC_FACTS) - 1)

_Static_assert(sizeof(ATP_TOPIC_FACTS) == sizeof(ATP_TOPIC_AVAILABILITY) &&
                   sizeof(ATP_TOPIC_FACTS) == sizeof(ATP_TOPIC_LEVELS) &&
                   sizeof(ATP_TOPIC_FACTS) == sizeof(ATP_TOPIC_STALENESS),
               "one length of prefix");
_Static_assert(ATP_TOPIC_SIZE_MAX == PREFIX_SIZE + ATP_ID_SIZE_MAX + 1, "prefix, name, zero byte");

/* ---- topics ---- */

/* With the closing zero byte, whatever the name. */
static size_t whole_topic(const char *prefix, atp_text_t name, char *ret_topic)
{
    ATP_ASSERT(name.size <= ATP_ID_SIZE_MAX);
    memcpy(ret_topic, prefix, PREFIX_SIZE);
    if (name.size > 0) {
        memcpy(ret_topic + PREFIX_SIZE, name.bytes, name.size);
    }
    ret_topic[PREFIX_SIZE + name.size] = '\0';
    return PREFIX_SIZE + name.size + 1;
}

static size_t topic_of(const char *prefix, atp_text_t name, char *ret_topic)
{
    size_t size = whole_topic(prefix, name, ret_topic);

    return name.size == 0 ? PREFIX_SIZE : size;
}

size_t atp_topic_of_facts(atp_text_t source, char *ret_topic)
{
    return topic_of(ATP_TOPIC_FACTS, source, ret_topic);
}

size_t atp_topic_of_availability(atp_text_t sku, char *ret_topic)
{
    return topic_of(ATP_TOPIC_AVAILABILITY, sku, ret_topic);
}

size_t atp_topic_of_levels(atp_text_t channel, char *ret_topic)
{
    return topic_of(ATP_TOPIC_LEVELS, channel, ret_topic);
}

size_t atp_topic_of_staleness(atp_text_t channel, char *ret_topic)
{
    return topic_of(ATP_TOPIC_STALENESS, channel, ret_topic);
}

static void put_topic(atp_writer_t *writer, const char *prefix, atp_text_t name)
{
    char topic[ATP_TOPIC_SIZE_MAX];
    size_t size = whole_topic(prefix, name, topic);

    if (atp_writer_need(writer, size)) {
        memcpy(writer->at, topic, size);
        writer->at += size;
    }
}

/* ---- reading ---- */

/* The topic up to its zero byte, and the type that its prefix stands for. */
static bool take_topic(atp_reader_t *reader, uint8_t *ret_type)
{
    size_t size = atp_reader_left(reader);
    const uint8_t *zero =
        size == 0 ? NULL : memchr(reader->at, 0, size < ATP_TOPIC_SIZE_MAX ? size : ATP_TOPIC_SIZE_MAX);

    if (zero == NULL || zero - reader->at < (ptrdiff_t)PREFIX_SIZE) {
        return atp_reader_refuse(reader, ATP_MALFORMED, ATP_FIELD_NONE,
                                 "an event begins with a topic and a zero byte");
    }
    if (memcmp(reader->at, ATP_TOPIC_FACTS, PREFIX_SIZE) == 0) {
        *ret_type = ATP_MESSAGE_FACTS;
    } else if (memcmp(reader->at, ATP_TOPIC_AVAILABILITY, PREFIX_SIZE) == 0) {
        *ret_type = ATP_MESSAGE_AVAILABILITY_CHANGED;
    } else if (memcmp(reader->at, ATP_TOPIC_LEVELS, PREFIX_SIZE) == 0) {
        *ret_type = ATP_MESSAGE_CROSSINGS;
    } else if (memcmp(reader->at, ATP_TOPIC_STALENESS, PREFIX_SIZE) == 0) {
        *ret_type = ATP_MESSAGE_STALENESS;
    } else {
        return atp_reader_refuse(reader, ATP_MALFORMED, ATP_FIELD_NONE, "a topic of another kind");
    }
    reader->topic = (atp_text_t){(const char *)reader->at, (uint32_t)(zero - reader->at)};
    reader->at = zero + 1;
    return true;
}

bool atp_event_open(const void *bytes, size_t size, atp_reader_t *reader)
{
    uint8_t type = 0;

    atp_reader_init(reader, bytes, size);
    reader->correlation = ATP_TEXT("");
    if (!take_topic(reader, &type) || !atp_head_read(reader, size, &reader->correlation)) {
        return false;
    }
    if (reader->type != type) {
        return atp_reader_refuse(reader, ATP_UNKNOWN_KIND, ATP_FIELD_KIND, "not the type of its topic");
    }
    return true;
}

/* The name in the array and the one in the topic are the same. */
static bool check_any_topic(atp_reader_t *reader, atp_field_t field, atp_text_t name)
{
    atp_text_t topic = {reader->topic.bytes + PREFIX_SIZE, reader->topic.size - (uint32_t)PREFIX_SIZE};

    if (!atp_text_equal(topic, name)) {
        return atp_reader_refuse(reader, ATP_MALFORMED, field, "not the name in the topic");
    }
    return reader->refusal.verdict == ATP_APPLIED;
}

/* And not empty. */
static bool check_topic(atp_reader_t *reader, atp_field_t field, atp_text_t name)
{
    return name.size == 0 ? atp_reader_refuse(reader, ATP_ID_INVALID, field, "the name is empty")
                          : check_any_topic(reader, field, name);
}

bool atp_read_facts_numbers(atp_reader_t *reader, uint32_t *left, atp_facts_t *ret_facts)
{
    if (!atp_row_u64(reader, left, ATP_FIELD_EPOCH, &ret_facts->epoch) ||
        !atp_row_u64(reader, left, ATP_FIELD_SEQUENCE, &ret_facts->sequence) ||
        !atp_row_i64(reader, left, ATP_FIELD_ISSUED, &ret_facts->as_of_ms) ||
        !atp_row_u64(reader, left, ATP_FIELD_SEQUENCE, &ret_facts->kept_from) ||
        !atp_row_u64(reader, left, ATP_FIELD_SEQUENCE, &ret_facts->after)) {
        return false;
    }
    if (ret_facts->epoch == 0 || ret_facts->sequence == 0) {
        return atp_reader_refuse(reader, ATP_SEQUENCE_INVALID,
                                 ret_facts->epoch == 0 ? ATP_FIELD_EPOCH : ATP_FIELD_SEQUENCE, "from 1 up");
    }
    if (ret_facts->kept_from > ret_facts->sequence) {
        return atp_reader_refuse(reader, ATP_SEQUENCE_INVALID, ATP_FIELD_SEQUENCE,
                                 "a source has what it sends");
    }
    if (ret_facts->after >= ret_facts->sequence) {
        return atp_reader_refuse(reader, ATP_SEQUENCE_INVALID, ATP_FIELD_SEQUENCE,
                                 "a batch comes after numbers below its own");
    }
    return reader->refusal.verdict == ATP_APPLIED; /* of what stood before, too */
}

bool atp_read_facts(atp_reader_t *reader, atp_facts_t *ret_facts, uint32_t *ret_op_count)
{
    uint32_t *left = &reader->message_left;

    ATP_ASSERT(reader->type == ATP_MESSAGE_FACTS);
    *ret_op_count = 0;
    reader->is_facts = true;
    ret_facts->correlation = reader->correlation;
    return atp_row_id(reader, left, ATP_FIELD_SOURCE, &ret_facts->source) &&
           check_topic(reader, ATP_FIELD_SOURCE, ret_facts->source) &&
           atp_read_facts_numbers(reader, left, ret_facts) &&
           atp_body_list(reader, ATP_OPS_PER_MESSAGE_MAX, ret_op_count);
}

bool atp_read_availability_event(atp_reader_t *reader, atp_availability_event_t *ret_event)
{
    uint32_t *left = &reader->message_left;
    atp_qty_t *const qtys[] = {&ret_event->atp, &ret_event->promisable};

    ATP_ASSERT(reader->type == ATP_MESSAGE_AVAILABILITY_CHANGED);
    ret_event->correlation = reader->correlation;
    if (!atp_row_u64(reader, left, ATP_FIELD_NONE, &ret_event->incarnation) ||
        !atp_row_u64(reader, left, ATP_FIELD_NONE, &ret_event->op) ||
        !atp_row_id(reader, left, ATP_FIELD_SKU, &ret_event->sku) ||
        !check_topic(reader, ATP_FIELD_SKU, ret_event->sku) ||
        !atp_row_id(reader, left, ATP_FIELD_NODE, &ret_event->node) ||
        !atp_row_qtys(reader, left, qtys, 2, &ret_event->scale) ||
        !atp_row_u64(reader, left, ATP_FIELD_NONE, &ret_event->version) ||
        !atp_row_bool(reader, left, ATP_FIELD_NONE, &ret_event->is_out_of_stock) ||
        !atp_row_bool(reader, left, ATP_FIELD_NONE, &ret_event->is_stale)) {
        return false;
    }
    return reader->refusal.verdict == ATP_APPLIED;
}

bool atp_read_crossing_event(atp_reader_t *reader, atp_crossing_event_t *ret_event)
{
    uint32_t *left = &reader->message_left;

    ATP_ASSERT(reader->type == ATP_MESSAGE_CROSSINGS);
    memset(ret_event, 0, sizeof *ret_event);
    ret_event->correlation = reader->correlation;
    return atp_row_u64(reader, left, ATP_FIELD_NONE, &ret_event->incarnation) &&
           atp_crossing_fields(reader, left, &ret_event->row) &&
           check_topic(reader, ATP_FIELD_CHANNEL, ret_event->row.channel);
}

bool atp_read_staleness_event(atp_reader_t *reader, atp_staleness_event_t *ret_event)
{
    uint32_t *left = &reader->message_left;

    ATP_ASSERT(reader->type == ATP_MESSAGE_STALENESS);
    memset(ret_event, 0, sizeof *ret_event);
    ret_event->correlation = reader->correlation;
    if (!atp_row_u64(reader, left, ATP_FIELD_NONE, &ret_event->incarnation) ||
        !atp_row_u64(reader, left, ATP_FIELD_NONE, &ret_event->op) ||
        !atp_row_id(reader, left, ATP_FIELD_CHANNEL, &ret_event->channel) ||
        !check_any_topic(reader, ATP_FIELD_CHANNEL, ret_event->channel) ||
        !atp_row_id(reader, left, ATP_FIELD_NODE, &ret_event->node) ||
        !atp_row_bool(reader, left, ATP_FIELD_NONE, &ret_event->is_stale) ||
        !atp_row_u8(reader, left, ATP_FIELD_OPTION, &ret_event->on_stale)) {
        return false;
    }
    return ret_event->on_stale <= ATP_ON_STALE_STOP ||
           atp_reader_refuse(reader, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, "no such rule");
}

/* ---- writing ---- */

void atp_put_facts_fields(atp_writer_t *writer, const atp_facts_t *facts)
{
    atp_put_text(writer, facts->source);
    atp_put_uint(writer, facts->epoch);
    atp_put_uint(writer, facts->sequence);
    atp_put_int(writer, facts->as_of_ms);
    atp_put_uint(writer, facts->kept_from);
    atp_put_uint(writer, facts->after);
}

void atp_put_facts_head(atp_writer_t *writer, const atp_facts_t *facts)
{
    put_topic(writer, ATP_TOPIC_FACTS, facts->source);
    atp_head_write(writer, 10, ATP_MESSAGE_FACTS, facts->correlation);
    atp_put_facts_fields(writer, facts);
}

void atp_write_facts_begin(atp_writer_t *writer, const atp_facts_t *facts)
{
    atp_put_facts_head(writer, facts);
    atp_write_list_begin(writer);
}

void atp_write_availability_event(atp_writer_t *writer, const atp_availability_event_t *event)
{
    put_topic(writer, ATP_TOPIC_AVAILABILITY, event->sku);
    atp_head_write(writer, event->is_stale ? 12 : 11, ATP_MESSAGE_AVAILABILITY_CHANGED, event->correlation);
    atp_put_uint(writer, event->incarnation);
    atp_put_uint(writer, event->op);
    atp_put_text(writer, event->sku);
    atp_put_text(writer, event->node);
    atp_put_qty(writer, event->atp, event->scale);
    atp_put_qty(writer, event->promisable, event->scale);
    atp_put_uint(writer, event->version);
    atp_write_bool(writer, event->is_out_of_stock);
    if (event->is_stale) {
        atp_write_bool(writer, true);
    }
}

void atp_write_staleness_event(atp_writer_t *writer, const atp_staleness_event_t *event)
{
    put_topic(writer, ATP_TOPIC_STALENESS, event->channel);
    atp_head_write(writer, 9, ATP_MESSAGE_STALENESS, event->correlation);
    atp_put_uint(writer, event->incarnation);
    atp_put_uint(writer, event->op);
    atp_put_text(writer, event->channel);
    atp_put_text(writer, event->node);
    atp_write_bool(writer, event->is_stale);
    atp_put_uint(writer, event->on_stale);
}

void atp_write_crossing_event(atp_writer_t *writer, const atp_crossing_event_t *event)
{
    put_topic(writer, ATP_TOPIC_LEVELS, event->row.channel);
    atp_head_write(writer, 4 + ATP_CROSSING_FIELDS, ATP_MESSAGE_CROSSINGS, event->correlation);
    atp_put_uint(writer, event->incarnation);
    atp_put_crossing_fields(writer, &event->row);
}
