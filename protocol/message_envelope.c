#include "protocol/message_envelope.h"

#include "protocol/message_priv.h"

static const struct type_text {
    const char *name;
    const char *sentence;
} type_texts[ATP_MESSAGE_TYPE_LIMIT] = {
#define TYPE_TEXT(number, NAME, name, sentence) [number] = {name, sentence},
    ATP_MESSAGE_TYPES(TYPE_TEXT)
#undef TYPE_TEXT
};

const char *atp_message_type_name(unsigned type)
{
    return type < ATP_MESSAGE_TYPE_LIMIT ? type_texts[type].name : NULL;
}

const char *atp_message_type_sentence(unsigned type)
{
    return type < ATP_MESSAGE_TYPE_LIMIT ? type_texts[type].sentence : NULL;
}

static bool is_request_type(uint64_t type)
{
    return type >= ATP_MESSAGE_COMMANDS && type < ATP_MESSAGE_FACTS &&
           atp_message_type_name((unsigned)type) != NULL;
}

/* ---- the head: version, type, correlation ---- */

/* The correlation id of a message that is refused: as good as it can be had, else empty. */
static bool refuse_head(atp_reader_t *reader, atp_verdict_t verdict, const char *detail,
                        atp_text_t *ret_correlation)
{
    atp_text_t text;
    atp_reader_t look = *reader;

    if (look.message_left > 0 && atp_take_text(&look, ATP_FIELD_CORRELATION, &text) &&
        text.size <= ATP_CORRELATION_SIZE_MAX && atp_text_is_clean(text)) {
        *ret_correlation = text;
    }
    return atp_reader_refuse(reader, verdict, ATP_FIELD_NONE, detail);
}

bool atp_head_read(atp_reader_t *reader, size_t size, atp_text_t *ret_correlation)
{
    uint64_t version = 0;
    uint64_t type = 0;

    if (size > ATP_MESSAGE_SIZE_MAX) {
        return atp_reader_refuse(reader, ATP_MESSAGE_TOO_LARGE, ATP_FIELD_NONE, "more than 16 MiB");
    }
    if (!atp_take_array(reader, ATP_FIELD_NONE, &reader->message_left)) {
        return false;
    }
    if (reader->message_left < 2) {
        return atp_reader_refuse(reader, ATP_MALFORMED, ATP_FIELD_KIND, "version and type are needed");
    }
    if (!atp_read_uint(reader, ATP_FIELD_NONE, &version) || !atp_read_uint(reader, ATP_FIELD_KIND, &type)) {
        return false;
    }
    reader->message_left -= 2;
    if (version != ATP_PROTOCOL_VERSION) {
        return refuse_head(reader, ATP_UNSUPPORTED_VERSION, "this build speaks version 1", ret_correlation);
    }
    if (atp_message_type_name(type > UINT8_MAX ? UINT8_MAX : (unsigned)type) == NULL) {
        return refuse_head(reader, ATP_UNKNOWN_KIND, "no such message type", ret_correlation);
    }
    reader->type = (uint8_t)type;
    if (!atp_row_id(reader, &reader->message_left, ATP_FIELD_CORRELATION, ret_correlation)) {
        return false;
    }
    if (reader->refusal.verdict != ATP_APPLIED) {
        *ret_correlation = ATP_TEXT("");
        return false;
    }
    return true;
}

void atp_head_write(atp_writer_t *writer, uint32_t count, uint8_t type, atp_text_t correlation)
{
    atp_put_array(writer, count);
    atp_put_uint(writer, ATP_PROTOCOL_VERSION);
    atp_put_uint(writer, type);
    atp_put_text(writer, correlation);
}

/* ---- requests ---- */

static bool read_client(atp_reader_t *reader, atp_request_t *request)
{
    if (!atp_row_id(reader, &reader->message_left, ATP_FIELD_CLIENT, &request->client)) {
        return false;
    }
    if (request->client.size == 0) {
        return atp_reader_refuse(reader, ATP_ID_MISSING, ATP_FIELD_CLIENT, "a client names itself");
    }
    if (!atp_take_one(&reader->message_left)) {
        return true;
    }
    return atp_take_clean(reader, ATP_FIELD_TOKEN, ATP_TOKEN_SIZE_MAX, ATP_TEXT_INVALID, &request->token);
}

bool atp_request_open(const void *bytes, size_t size, atp_reader_t *reader, atp_request_t *ret_request)
{
    atp_reader_init(reader, bytes, size);
    *ret_request = (atp_request_t){0, ATP_TEXT(""), ATP_TEXT(""), ATP_TEXT("")};
    if (!atp_head_read(reader, size, &ret_request->correlation)) {
        return false;
    }
    ret_request->type = reader->type;
    if (!is_request_type(reader->type)) {
        return atp_reader_refuse(reader, ATP_UNKNOWN_KIND, ATP_FIELD_KIND, "not a type of request");
    }
    return read_client(reader, ret_request) && reader->refusal.verdict == ATP_APPLIED;
}

void atp_write_request(atp_writer_t *writer, const atp_request_t *request)
{
    ATP_ASSERT(is_request_type(request->type));
    atp_head_write(writer, 6, request->type, request->correlation);
    atp_put_text(writer, request->client);
    atp_put_text(writer, request->token);
}

/* ---- responses ---- */

bool atp_response_open(const void *bytes, size_t size, atp_reader_t *reader, atp_response_t *ret_response)
{
    atp_reader_init(reader, bytes, size);
    *ret_response = (atp_response_t){0, ATP_TEXT(""), 0, 0, 0};
    if (!atp_head_read(reader, size, &ret_response->correlation)) {
        return false;
    }
    ret_response->type = reader->type;
    if (!is_request_type(reader->type) && reader->type != ATP_MESSAGE_ERROR) {
        return atp_reader_refuse(reader, ATP_UNKNOWN_KIND, ATP_FIELD_KIND, "not a type of response");
    }
    return atp_row_u64(reader, &reader->message_left, ATP_FIELD_NONE, &ret_response->incarnation) &&
           atp_row_u64(reader, &reader->message_left, ATP_FIELD_NONE, &ret_response->applied_op) &&
           atp_row_u64(reader, &reader->message_left, ATP_FIELD_NONE, &ret_response->durable_op);
}

void atp_write_response(atp_writer_t *writer, const atp_response_t *response)
{
    ATP_ASSERT(is_request_type(response->type) || response->type == ATP_MESSAGE_ERROR);
    atp_head_write(writer, 7, response->type, response->correlation);
    atp_put_uint(writer, response->incarnation);
    atp_put_uint(writer, response->applied_op);
    atp_put_uint(writer, response->durable_op);
}

bool atp_message_close(atp_reader_t *reader)
{
    if (reader->refusal.verdict != ATP_APPLIED || !atp_list_leave(reader)) {
        return false;
    }
    if (!atp_read_skip(reader, reader->body_left, 2) || !atp_read_skip(reader, reader->message_left, 1)) {
        return false;
    }
    reader->body_left = 0;
    reader->message_left = 0;
    if (reader->at != reader->end) {
        return atp_reader_refuse(reader, ATP_MALFORMED, ATP_FIELD_NONE, "bytes after the end of the message");
    }
    return true;
}

/* ---- errors ---- */

bool atp_read_error(atp_reader_t *reader, atp_error_t *ret_error)
{
    uint8_t verdict;
    uint8_t field;

    ATP_ASSERT(reader->type == ATP_MESSAGE_ERROR);
    *ret_error = (atp_error_t){ATP_APPLIED, ATP_FIELD_NONE, ATP_TEXT(""), 0};
    if (!atp_body_begin(reader, &reader->body_left) ||
        !atp_row_u8(reader, &reader->body_left, ATP_FIELD_NONE, &verdict) ||
        !atp_row_u8(reader, &reader->body_left, ATP_FIELD_NONE, &field) ||
        !atp_row_text(reader, &reader->body_left, &ret_error->detail) ||
        !atp_row_u32(reader, &reader->body_left, ATP_FIELD_NONE, &ret_error->retry_ms)) {
        return false;
    }
    ret_error->verdict = (atp_verdict_t)verdict;
    ret_error->field = (atp_field_t)field;
    return reader->refusal.verdict == ATP_APPLIED;
}

void atp_write_error(atp_writer_t *writer, const atp_error_t *error)
{
    uint32_t count = error->retry_ms > 0 ? 4 : error->detail.size > 0 ? 3 : 2;

    ATP_ASSERT(error->detail.size <= ATP_DETAIL_SIZE_MAX);
    atp_put_array(writer, count);
    atp_put_uint(writer, (uint64_t)error->verdict);
    atp_put_uint(writer, (uint64_t)error->field);
    if (count > 2) {
        atp_put_text(writer, error->detail);
    }
    if (count > 3) {
        atp_put_uint(writer, error->retry_ms);
    }
}
