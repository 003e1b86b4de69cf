#include "tests/tools/atpd/service_rig.h"

#include "engine/base/atomics.h"

#include <nng/protocol/reqrep0/req.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- clock ---- */

static int64_t wall_ms(atp_clock_t *clock)
{
    atp_clock_t *system = atp_clock_system();
    return system->wall_ms(system) + ((rig_clock_t *)clock)->added_ms;
}

static uint64_t monotonic_ns(atp_clock_t *clock)
{
    atp_clock_t *system = atp_clock_system();
    return system->monotonic_ns(system) + (uint64_t)((rig_clock_t *)clock)->added_ms * 1000000;
}

/* ---- open ---- */

static void open_engine(rig_t *rig)
{
    atp_ledger_config_t config = atp_ledger_config_default();
    atp_recovery_t recovery;
    atp_why_t why;

    config.nodes = 4096;
    config.positions = 65536;
    config.reservations = 65536;
    config.lines = 131072;
    config.outcomes = 131072;
    config.ids_per_client = 131072;
    config.string_bytes = (uint64_t)16 << 20;
    atp_engine_options_t options = {.data_folder = rig->folder,
                                    .clock = &rig->clock.base,
                                    .proposal = &config,
                                    .segment_size = (uint64_t)16 << 20,
                                    .segments_ahead = 2,
                                    .reserve_bytes = (uint64_t)1 << 20,
                                    .without_snapshots = true,
                                    .lines_in_flight = {8192, 8192, 8192, 8192, 8192}};
    if (atp_engine_open(&options, &rig->engine, &recovery, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
}

static void open_service(rig_t *rig)
{
    const char *url = "tcp://127.0.0.1:0";
    atp_service_options_t options = {.engine = rig->engine,
                                     .metrics = rig->metrics,
                                     .put_off = rig->put_off,
                                     .urls = &url,
                                     .url_count = 1,
                                     .exchange_count = 16,
                                     .data_folder = rig->folder};
    atp_client_options_t client = {.client = ATP_TEXT("rig"), .timeout_ms = 30000, .try_ms = 30000};
    atp_why_t why;

    if (atp_service_open(&options, &rig->service, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    snprintf(rig->url, sizeof rig->url, "tcp://127.0.0.1:%u", atp_service_port(rig->service, 0));
    client.url = rig->url;
    assert_int_equal(atp_client_open(&client, &rig->client, &why), ATP_OK);
}

int rig_open_stopped(void **state)
{
    rig_t *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    snprintf(rig->folder, sizeof rig->folder, "/tmp/atp-service-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    rig->clock.base = (atp_clock_t){wall_ms, monotonic_ns};
    rig->metrics = atp_metrics_create("test");
    rig->put_off = atp_put_off_create();
    assert_non_null(rig->metrics);
    open_engine(rig);
    open_service(rig);
    *state = rig;
    return 0;
}

int rig_open(void **state)
{
    (void)rig_open_stopped(state);
    rig_start(*state);
    return 0;
}

void rig_start(rig_t *rig)
{
    atp_why_t why;

    if (atp_engine_start(rig->engine, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    rig->is_started = true;
}

void rig_stop(rig_t *rig)
{
    atp_service_drain(rig->service);
    if (rig->is_started) {
        atp_engine_stop(rig->engine, false);
    }
    atp_engine_close(rig->engine);
    atp_service_close(rig->service);
    rig->engine = NULL;
    rig->service = NULL;
}

int rig_close(void **state)
{
    rig_t *rig = *state;
    char command[128];

    if (rig->engine != NULL) {
        rig_stop(rig);
    }
    atp_client_close(rig->client);
    atp_put_off_destroy(rig->put_off);
    atp_metrics_destroy(rig->metrics);
    snprintf(command, sizeof command, "rm -rf %s", rig->folder);
    assert_int_equal(system(command), 0);
    free(rig);
    return 0;
}

static void *pump(void *context)
{
    rig_t *rig = context;

    while (atp_load_acquire(&rig->is_pumping) != 0) {
        (void)atp_engine_step_keeper(rig->engine);
        (void)atp_engine_step_ledger(rig->engine);
        (void)atp_engine_step_journal(rig->engine);
    }
    return NULL;
}

void rig_pump_begin(rig_t *rig)
{
    atp_store_release(&rig->is_pumping, 1);
    assert_int_equal(pthread_create(&rig->pump, NULL, pump, rig), 0);
}

void rig_pump_end(rig_t *rig)
{
    atp_store_release(&rig->is_pumping, 0);
    pthread_join(rig->pump, NULL);
}

uint64_t rig_waiting(rig_t *rig, atp_class_t class)
{
    atp_engine_stats_t stats;

    atp_engine_stats(rig->engine, &stats);
    return stats.lines_waiting[class];
}

/* ---- raw questions ---- */

nng_socket raw_open(const rig_t *rig)
{
    nng_socket socket;

    assert_int_equal(nng_req0_open(&socket), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, 20000), 0);
    assert_int_equal(nng_dial(socket, rig->url, NULL, 0), 0);
    return socket;
}

void raw_send(nng_socket socket, const void *bytes, size_t size)
{
    nng_msg *message;

    assert_int_equal(nng_msg_alloc(&message, 0), 0);
    assert_int_equal(nng_msg_append(message, bytes, size), 0);
    assert_int_equal(nng_sendmsg(socket, message, 0), 0);
}

nng_msg *raw_receive(nng_socket socket, int timeout_ms, bool may_miss)
{
    nng_msg *message = NULL;

    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, timeout_ms), 0);
    int rv = nng_recvmsg(socket, &message, 0);
    if (rv != 0 && !may_miss) {
        fail_msg("no answer: %s", nng_strerror(rv));
    }
    return rv == 0 ? message : NULL;
}

atp_response_t raw_read(nng_msg *message, atp_reader_t *reader)
{
    atp_response_t response;

    assert_true(atp_response_open(nng_msg_body(message), nng_msg_len(message), reader, &response));
    return response;
}

void raw_expect(nng_socket socket, const void *bytes, size_t size, atp_verdict_t verdict)
{
    atp_reader_t reader;
    atp_error_t error;

    raw_send(socket, bytes, size);
    nng_msg *message = raw_receive(socket, 20000, false);
    assert_int_equal(raw_read(message, &reader).type, ATP_MESSAGE_ERROR);
    assert_true(atp_read_error(&reader, &error));
    assert_string_equal(atp_verdict_name(error.verdict), atp_verdict_name(verdict));
    nng_msg_free(message);
}

void raw_begin(atp_writer_t *writer, void *buffer, size_t size, atp_message_type_t type)
{
    atp_request_t request = {
        .type = (uint8_t)type, .correlation = ATP_TEXT("corr-1"), .client = ATP_TEXT("raw")};

    atp_writer_init(writer, buffer, size);
    atp_write_request(writer, &request);
}

/* ---- commands ---- */

atp_result_t rig_call(rig_t *rig, const atp_command_t *command)
{
    char id[ATP_MADE_ID_SIZE];
    atp_command_t sent = *command;
    atp_result_t result;

    if (sent.id.size == 0) {
        atp_make_id(id);
        sent.id = atp_text_of(id);
    }
    assert_int_equal(atp_client_call(rig->client, &sent, &result, NULL, NULL), ATP_OK);
    return result;
}

void rig_sku(rig_t *rig, const char *sku)
{
    atp_command_line_t line = {.sku = atp_text_of(sku)};
    atp_command_t command = {.kind = ATP_OP_SKU, .line_count = 1, .lines = &line};

    assert_int_equal(rig_call(rig, &command).verdict, ATP_APPLIED);
}

void rig_node(rig_t *rig, const char *node)
{
    atp_command_line_t line = {.node = atp_text_of(node)};
    atp_command_t command = {.kind = ATP_OP_NODE, .line_count = 1, .lines = &line};

    assert_int_equal(rig_call(rig, &command).verdict, ATP_APPLIED);
}

void rig_count(rig_t *rig, const char *sku, const char *node, int64_t qty)
{
    atp_command_line_t line = {.sku = atp_text_of(sku), .node = atp_text_of(node), .mantissa = qty};
    atp_command_t command = {.kind = ATP_OP_COUNT, .is_fact = true, .line_count = 1, .lines = &line};

    assert_true(atp_verdict_is_success((atp_verdict_t)rig_call(rig, &command).verdict));
}

atp_result_t rig_reserve(rig_t *rig, const char *id, const char *sku, const char *node, int64_t qty,
                         int64_t ttl_ms)
{
    atp_command_line_t line = {.sku = atp_text_of(sku), .node = atp_text_of(node), .mantissa = qty};
    atp_command_t command = {
        .kind = ATP_OP_RESERVE, .id = atp_text_of(id), .ttl_ms = ttl_ms, .line_count = 1, .lines = &line};

    return rig_call(rig, &command);
}

uint64_t rig_op(rig_t *rig)
{
    return atp_engine_applied_op(rig->engine);
}
