#include "tests/protocol/fake_server.h"

#include "tests/support/ports.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS    (2 * FAKE_IDS_MAX)
#define REPLY_SIZE ((size_t)4 << 20)

/* ---- commands ---- */

static uint32_t hash_of(atp_text_t id)
{
    uint32_t hash = 2166136261u;

    for (uint32_t i = 0; i < id.size; i++) {
        hash = (hash ^ (uint8_t)id.bytes[i]) * 16777619u;
    }
    return hash % BUCKETS;
}

/* The op number of an id, new or known. */
static uint64_t op_of(fake_t *fake, const atp_command_t *command, bool *ret_is_repeat)
{
    uint32_t bucket = hash_of(command->id);
    uint64_t i;

    for (; fake->buckets[bucket] != 0; bucket = (bucket + 1) % BUCKETS) {
        i = fake->buckets[bucket] - 1;
        if (fake->ids[i].size == command->id.size &&
            memcmp(fake->ids[i].id, command->id.bytes, command->id.size) == 0) {
            fake->seen.repeats++;
            fake->seen.has_new_issue |= fake->ids[i].issued_ms != command->issued_ms;
            *ret_is_repeat = true;
            return i + 1;
        }
    }
    ATP_ASSERT(fake->seen.ids < FAKE_IDS_MAX);
    i = fake->seen.ids++;
    memcpy(fake->ids[i].id, command->id.bytes, command->id.size);
    fake->ids[i].size = command->id.size;
    fake->ids[i].issued_ms = command->issued_ms;
    fake->buckets[bucket] = (uint32_t)i + 1;
    *ret_is_repeat = false;
    return i + 1;
}

/* Grants every line as asked. */
static void answer_command(fake_t *fake, const atp_command_t *command, atp_writer_t *writer)
{
    atp_grant_t grants[ATP_LINES_PER_OP_MAX];
    atp_result_t result = {.line_count = (uint16_t)command->line_count};
    bool is_repeat;

    for (uint32_t i = 0; i < command->line_count; i++) {
        grants[i] = (atp_grant_t){.qty = command->lines[i].mantissa, .scale = command->lines[i].decimals};
        result.qty += grants[i].qty;
        result.scale = grants[i].scale;
    }
    result.op = op_of(fake, command, &is_repeat);
    result.is_repeat = is_repeat;
    fake->seen.issued_ms = command->issued_ms;
    atp_write_result(writer, &result, grants);
}

static void answer_commands(fake_t *fake, atp_reader_t *reader, atp_writer_t *writer, uint32_t leave_out)
{
    static _Thread_local atp_command_line_t lines[ATP_OPS_PER_MESSAGE_MAX];
    uint32_t count;

    ATP_ASSERT(atp_read_commands(reader, &count));
    fake->seen.ops += count;
    fake->seen.ops_in_a_message_max =
        count > fake->seen.ops_in_a_message_max ? count : fake->seen.ops_in_a_message_max;
    atp_write_list_begin(writer);
    for (uint32_t i = 0; i < count; i++) {
        atp_command_t command;
        atp_refusal_t refusal;

        ATP_ASSERT(atp_read_command(
            reader, &command, &(atp_command_room_t){.lines = lines, .line_capacity = ATP_OPS_PER_MESSAGE_MAX},
            &refusal));
        if (refusal.verdict != ATP_APPLIED) {
            const atp_result_t refused = {.verdict = (uint8_t)refusal.verdict,
                                          .field = (uint8_t)refusal.field};

            atp_write_result(writer, &refused, NULL);
        } else if (i + leave_out < count) {
            answer_command(fake, &command, writer);
        }
    }
    atp_write_list_end(writer);
}

/* ---- questions ---- */

static void answer_availability(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_text_t names[64];
    atp_availability_ask_t ask;

    ATP_ASSERT(atp_read_availability_ask(reader, names, 64, &ask));
    atp_write_availability_begin(writer);
    for (uint32_t i = 0; i < ask.sku_count; i++) {
        const atp_availability_row_t row = {
            .index = i, .node = ask.nodes[i % ask.node_count], .atp = 7, .promisable = 7 + (atp_qty_t)i};

        atp_write_availability_row(writer, &row);
    }
    atp_write_availability_end(writer, true);
}

static void answer_outcomes(atp_reader_t *reader, atp_writer_t *writer)
{
    uint32_t count;

    ATP_ASSERT(atp_read_outcomes(reader, &count));
    atp_write_list_begin(writer);
    for (uint32_t i = 0; i < count; i++) {
        const atp_grant_t grants[2] = {{.qty = 1}, {.qty = 2}};
        atp_outcome_ask_t ask;
        atp_result_t result = {.verdict = ATP_UNKNOWN_ID};

        ATP_ASSERT(atp_read_outcome_ask(reader, &ask));
        if (atp_text_equal(ask.id, ATP_TEXT("known"))) {
            result = (atp_result_t){.op = 41, .qty = 3, .is_repeat = 1, .line_count = 2};
        }
        atp_write_result(writer, &result, grants);
    }
    atp_write_list_end(writer);
}

static void write_record(atp_writer_t *writer, atp_text_t id)
{
    const atp_record_line_t lines[2] = {
        {.sku = ATP_TEXT("sku-a"), .node = ATP_TEXT("berlin"), .granted = 5, .reserved = 3, .shipped = 2},
        {.sku = ATP_TEXT("sku-b"), .node = ATP_TEXT("paris"), .granted = 1, .allocated = 1}};
    const atp_record_t record = {.state = ATP_RECORD_RESERVED,
                                 .id = id,
                                 .owner = ATP_TEXT("anna"),
                                 .channel = ATP_TEXT("web"),
                                 .created_ms = 1000,
                                 .version = 9,
                                 .line_count = 2,
                                 .lines = lines};

    atp_write_record(writer, &record);
}

static void answer_reservation(atp_reader_t *reader, atp_writer_t *writer)
{
    uint32_t count;

    ATP_ASSERT(atp_read_reservation_ids(reader, &count));
    atp_write_list_begin(writer);
    for (uint32_t i = 0; i < count; i++) {
        atp_text_t id;

        ATP_ASSERT(atp_read_reservation_id(reader, &id));
        write_record(writer, id);
    }
    atp_write_list_end(writer);
}

/* Three pages of one row: cursors 0, 1, 2. */
static void answer_page(atp_reader_t *reader, atp_writer_t *writer, fake_mode_t mode)
{
    const atp_position_row_t position = {.sku = ATP_TEXT("sku-a"), .node = ATP_TEXT("berlin"), .on_hand = 12};
    const atp_text_t ids[2] = {ATP_TEXT("r-1"), ATP_TEXT("r-2")};
    const atp_exception_row_t exception = {.number = 1,
                                           .kind = ATP_TEXT("over_commitment"),
                                           .source = ATP_TEXT("wms"),
                                           .total_reservations = 5,
                                           .id_count = 2,
                                           .ids = ids};
    const atp_catalog_entry_t entry = {.id = ATP_TEXT("sku-a"), .name = ATP_TEXT("A bicycle"), .value = 3};
    const atp_catalog_entry_t alias = {.id = ATP_TEXT("4006"), .name = ATP_TEXT("sku=sku-a"), .value = 5};
    const atp_catalog_entry_t other = {.id = ATP_TEXT("4006"), .name = ATP_TEXT("sku=sku-b"), .value = 5};
    atp_page_ask_t ask;

    ATP_ASSERT(atp_read_page_ask(reader, &ask));
    atp_write_page_begin(writer);
    if (reader->type == ATP_MESSAGE_POSITIONS) {
        atp_write_position(writer, &position);
    } else if (reader->type == ATP_MESSAGE_EXCEPTIONS) {
        atp_write_exception(writer, &exception);
    } else if (reader->type == ATP_MESSAGE_CATALOG) {
        atp_write_catalog_entry(writer, ask.what != ATP_CATALOG_ALIASES ? &entry
                                        : mode == FAKE_OTHER_NAMES      ? &other
                                                                        : &alias);
    } else {
        write_record(writer, ATP_TEXT("r-1"));
    }
    atp_write_page_end(writer, ask.cursor < 2 ? ask.cursor + 1 : 0);
}

static void answer_stat(atp_reader_t *reader, atp_writer_t *writer)
{
    const atp_stat_t stats[2] = {{.name = ATP_TEXT("ops_applied"), .value = 17},
                                 {.name = ATP_TEXT("version"), .text = ATP_TEXT("0.1.0"), .is_text = true}};

    ATP_ASSERT(atp_read_stat_ask(reader));
    atp_write_list_begin(writer);
    atp_write_stat(writer, &stats[0]);
    atp_write_stat(writer, &stats[1]);
    atp_write_list_end(writer);
}

static void answer_body(fake_t *fake, atp_reader_t *reader, atp_writer_t *writer, fake_mode_t mode)
{
    switch (reader->type) {
    case ATP_MESSAGE_COMMANDS:
        answer_commands(fake, reader, writer, mode == FAKE_ONE_TOO_FEW ? 1 : 0);
        return;
    case ATP_MESSAGE_AVAILABILITY:
        answer_availability(reader, writer);
        return;
    case ATP_MESSAGE_OUTCOME:
        answer_outcomes(reader, writer);
        return;
    case ATP_MESSAGE_RESERVATION:
        answer_reservation(reader, writer);
        return;
    case ATP_MESSAGE_STAT:
        answer_stat(reader, writer);
        return;
    default:
        answer_page(reader, writer, mode);
        return;
    }
}

/* ---- messages ---- */

static void refuse(atp_writer_t *writer, const atp_response_t *head, fake_mode_t mode)
{
    atp_response_t response = *head;
    const atp_error_t busy = {.verdict = ATP_BUSY, .retry_ms = 2};
    const atp_error_t unauthorised = {
        .verdict = ATP_UNAUTHORISED, .field = ATP_FIELD_TOKEN, .detail = ATP_TEXT("no such token")};

    response.type = ATP_MESSAGE_ERROR;
    atp_write_response(writer, &response);
    atp_write_error(writer, mode == FAKE_BUSY ? &busy : &unauthorised);
}

static void answer_in_mode(fake_t *fake, atp_reader_t *reader, const atp_request_t *request, fake_mode_t mode,
                           atp_writer_t *writer)
{
    atp_response_t response = {.type = request->type,
                               .correlation = request->correlation,
                               .incarnation = 3,
                               .applied_op = 20,
                               .durable_op = 19};

    if (mode == FAKE_BUSY || mode == FAKE_REFUSE) {
        refuse(writer, &response, mode);
        return;
    }
    if (mode == FAKE_OTHER_CORRELATION) {
        response.correlation = ATP_TEXT("another");
    } else if (mode == FAKE_OTHER_TYPE) {
        response.type = request->type == ATP_MESSAGE_STAT ? ATP_MESSAGE_COMMANDS : ATP_MESSAGE_STAT;
    }
    atp_write_response(writer, &response);
    answer_body(fake, reader, writer, mode);
    if (mode == FAKE_OTHER_VERSION) {
        writer->begin[1] = 9; /* behind the array's one byte */
    } else if (mode == FAKE_GARBAGE) {
        memset(writer->begin, 0xc1, atp_writer_size(writer));
    }
    ATP_ASSERT(!writer->is_overflown);
}

static fake_mode_t next_mode(fake_t *fake)
{
    if (fake->plan_count == 0) {
        return fake->after_plan;
    }
    fake->plan_count--;
    return *fake->plan++;
}

static void handle_locked(fake_t *fake, atp_exchange_t *exchange)
{
    fake_mode_t mode = next_mode(fake);
    atp_request_t request;
    atp_reader_t reader;
    atp_writer_t writer;
    uint8_t *reply;
    size_t size;
    const uint8_t *bytes = atp_exchange_request(exchange, &size);

    fake->seen.messages++;
    (void)pthread_cond_broadcast(&fake->changed);
    ATP_ASSERT(atp_request_open(bytes, size, &reader, &request));
    ATP_ASSERT(atp_exchange_reserve(exchange, REPLY_SIZE, &reply) == ATP_OK);
    atp_writer_init(&writer, reply, REPLY_SIZE);
    if (mode == FAKE_SAY_NOTHING) {
        atp_exchange_drop(exchange);
        return;
    }
    answer_in_mode(fake, &reader, &request, mode, &writer);
    if (mode == FAKE_DO_AND_SAY_NOTHING) {
        atp_exchange_drop(exchange);
    } else if (mode == FAKE_KEEP) {
        ATP_ASSERT(fake->kept_count < 64);
        fake->kept_size[fake->kept_count] = atp_writer_size(&writer);
        fake->kept[fake->kept_count++] = exchange;
    } else {
        atp_exchange_send(exchange, mode == FAKE_EMPTY ? 0 : atp_writer_size(&writer));
    }
}

static void handle(void *context, atp_exchange_t *exchange)
{
    fake_t *fake = context;

    (void)pthread_mutex_lock(&fake->mutex);
    handle_locked(fake, exchange);
    (void)pthread_mutex_unlock(&fake->mutex);
}

/* ---- the test's side ---- */

void fake_start(fake_t *fake)
{
    const char *urls[1] = {fake->url};
    atp_server_options_t options = {.urls = urls, .url_count = 1, .handler = handle, .context = fake};
    atp_why_t why;

    if (atp_server_open(&options, &fake->server, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
}

void fake_open(fake_t *fake, const char *url)
{
    memset(fake, 0, sizeof *fake);
    fake->ids = calloc(FAKE_IDS_MAX, sizeof *fake->ids);
    fake->buckets = calloc(BUCKETS, sizeof *fake->buckets);
    assert_true(fake->ids != NULL && fake->buckets != NULL);
    assert_int_equal(pthread_mutex_init(&fake->mutex, NULL), 0);
    assert_int_equal(pthread_cond_init(&fake->changed, NULL), 0);
    if (url != NULL) {
        (void)snprintf(fake->url, sizeof fake->url, "%s", url);
    } else {
        (void)snprintf(fake->url, sizeof fake->url, "tcp://127.0.0.1:%u", free_port());
    }
    fake_start(fake);
}

void fake_stop(fake_t *fake)
{
    (void)pthread_mutex_lock(&fake->mutex);
    for (size_t i = 0; i < fake->kept_count; i++) {
        atp_exchange_drop(fake->kept[i]);
    }
    fake->kept_count = 0;
    (void)pthread_mutex_unlock(&fake->mutex);
    atp_server_close(fake->server);
    fake->server = NULL;
}

void fake_close(fake_t *fake)
{
    if (fake->server != NULL) {
        fake_stop(fake);
    }
    (void)pthread_cond_destroy(&fake->changed);
    (void)pthread_mutex_destroy(&fake->mutex);
    free(fake->ids);
    free(fake->buckets);
}

void fake_plan(fake_t *fake, const fake_mode_t *plan, size_t count)
{
    (void)pthread_mutex_lock(&fake->mutex);
    fake->plan = plan;
    fake->plan_count = count;
    (void)pthread_mutex_unlock(&fake->mutex);
}

void fake_mode(fake_t *fake, fake_mode_t mode)
{
    (void)pthread_mutex_lock(&fake->mutex);
    fake->after_plan = mode;
    (void)pthread_mutex_unlock(&fake->mutex);
}

fake_seen_t fake_seen(fake_t *fake)
{
    fake_seen_t seen;

    (void)pthread_mutex_lock(&fake->mutex);
    seen = fake->seen;
    (void)pthread_mutex_unlock(&fake->mutex);
    return seen;
}

void fake_wait_kept(fake_t *fake, size_t count)
{
    (void)pthread_mutex_lock(&fake->mutex);
    while (fake->kept_count < count) {
        (void)pthread_cond_wait(&fake->changed, &fake->mutex);
    }
    (void)pthread_mutex_unlock(&fake->mutex);
}

void fake_wait_messages(fake_t *fake, uint64_t count)
{
    (void)pthread_mutex_lock(&fake->mutex);
    while (fake->seen.messages < count) {
        (void)pthread_cond_wait(&fake->changed, &fake->mutex);
    }
    (void)pthread_mutex_unlock(&fake->mutex);
}

void fake_release(fake_t *fake)
{
    (void)pthread_mutex_lock(&fake->mutex);
    fake->after_plan = FAKE_ANSWER;
    for (size_t i = 0; i < fake->kept_count; i++) {
        atp_exchange_send(fake->kept[i], fake->kept_size[i]);
    }
    fake->kept_count = 0;
    (void)pthread_mutex_unlock(&fake->mutex);
}
