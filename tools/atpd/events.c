#include "tools/atpd/events.h"

#include "engine/base/parker.h"
#include "engine/base/ring.h"
#include "engine/ledger/catalog.h"
#include "protocol/endpoint.h"
#include "protocol/message.h"
#include "query/availability.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RING_SIZE       65536
#define BATCH           64 /* rows read before one wait for durability */
#define EVENT_SIZE      512
#define SLEEP_NS        (UINT64_C(50) * 1000000)
#define DURABLE_POLL_NS 50000

struct atp_events {
    atp_engine_t *engine;
    atp_pub_t *pub;
    uint64_t capacity;
    _Atomic uint8_t *noted; /* by row: waits to be told */
    atp_ring_t rows;
    _Atomic uint32_t must_scan;   /* some noted rows did not fit into the ring */
    _Atomic uint32_t was_unheard; /* changes passed while nobody listened */
    _Atomic uint32_t must_end;
    atp_parker_t parker;
    pthread_t thread;
    bool is_started;
    /* our thread's */
    uint64_t scan_at;   /* where a scan goes on; capacity = none under way */
    uint8_t *told_out;  /* by row: the generation in which it was told to be out of stock */
    uint8_t generation; /* 1 to 255, of listeners */
    uint64_t crossing;  /* number of the last one told, or passed over */
};

/* ---- noting: the journal thread ---- */

void atp_events_note(atp_events_t *events, const uint32_t *rows, uint32_t count, bool is_overflown)
{
    if (atp_pub_subscribers(events->pub) == 0) {
        atp_store_release(&events->was_unheard, 1);
        return; /* nobody listens; who comes later asks for the state first */
    }
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i] >= events->capacity || atp_exchange_acq_rel(&events->noted[rows[i]], 1) != 0) {
            continue;
        }
        if (!atp_ring_push(&events->rows, (void *)((uintptr_t)rows[i] + 1))) {
            atp_store_release(&events->must_scan, 1);
        }
    }
    if (is_overflown) {
        /* The frame changed more than it could note: every position may have. */
        uint64_t positions = atp_table_count(&atp_ledger_positions(atp_engine_ledger(events->engine))->rows);
        for (uint64_t row = 0; row < positions && row < events->capacity; row++) {
            atp_store_relaxed(&events->noted[row], 1);
        }
        atp_store_release(&events->must_scan, 1);
    }
    atp_parker_wake(&events->parker);
}

/* ---- telling: our thread ---- */

typedef struct told {
    uint32_t row;
    uint32_t sku;
    uint16_t node;
    atp_availability_t availability;
} told_t;

static void read_row(const atp_events_t *events, uint32_t row, told_t *ret_told)
{
    const atp_ledger_t *ledger = atp_engine_ledger(events->engine);
    const atp_position_t *position = atp_positions_at(atp_ledger_positions(ledger), row);

    ret_told->row = row;
    ret_told->sku = position->sku;
    ret_told->node = position->node;
    atp_availability_read_row(ledger, row, atp_engine_now_ms(events->engine), &ret_told->availability);
}

/* What was told to those who listened before is no news to nobody: begins a new generation. */
static void forget_what_was_told(atp_events_t *events)
{
    if (atp_exchange_acq_rel(&events->was_unheard, 0) == 0) {
        return;
    }
    if (events->generation == UINT8_MAX) {
        memset(events->told_out, 0, events->capacity);
        events->generation = 0;
    }
    events->generation++;
}

/* True if the position has come to nothing since it was told last. */
static bool has_crossed(atp_events_t *events, const told_t *told)
{
    bool is_out = told->availability.promisable == 0;
    bool was_out = events->told_out[told->row] == events->generation;

    events->told_out[told->row] = is_out ? events->generation : 0;
    return is_out && !was_out;
}

static void send(atp_events_t *events, const told_t *told, uint64_t op)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(atp_engine_ledger(events->engine));
    atp_availability_event_t event = {
        .incarnation = atp_engine_incarnation(events->engine),
        .op = op,
        .sku = atp_catalog_sku_id(catalog, told->sku),
        .node = atp_catalog_node_id(catalog, told->node),
        .atp = told->availability.shown,
        .promisable = told->availability.promisable,
        .scale = told->availability.scale,
        .is_out_of_stock = has_crossed(events, told),
        .version = told->availability.version,
    };
    uint8_t *bytes;
    atp_writer_t writer;

    if (atp_pub_reserve(events->pub, EVENT_SIZE, &bytes) != ATP_OK) {
        return; /* no memory: the subscriber sees the next change of the position */
    }
    atp_writer_init(&writer, bytes, EVENT_SIZE);
    atp_write_availability_event(&writer, &event);
    ATP_ASSERT(!writer.is_overflown); /* two ids and seven numbers fit */
    if (atp_pub_send(events->pub, atp_writer_size(&writer)) != ATP_OK) {
        return;
    }
}

static bool take_row(atp_events_t *events, uint32_t *ret_row)
{
    void *item = atp_ring_pop(&events->rows);

    if (item != NULL) {
        *ret_row = (uint32_t)((uintptr_t)item - 1);
        return true;
    }
    if (events->scan_at == events->capacity && atp_exchange_acq_rel(&events->must_scan, 0) != 0) {
        events->scan_at = 0;
    }
    while (events->scan_at < events->capacity) {
        uint64_t row = events->scan_at++;
        if (atp_load_relaxed(&events->noted[row]) != 0) {
            *ret_row = (uint32_t)row;
            return true;
        }
    }
    return false;
}

/* What was read may be newer than what is durable: it is told only when it is. False: it never will be, the engine
 * stopped without. */
static bool wait_durable(atp_events_t *events, uint64_t op)
{
    for (;;) {
        bool is_last = atp_load_acquire(&events->must_end) != 0;
        if (atp_engine_durable_op(events->engine) >= op) {
            return true;
        }
        if (is_last) {
            return false;
        }
        struct timespec pause = {0, DURABLE_POLL_NS};
        nanosleep(&pause, NULL);
    }
}

static bool tell_some(atp_events_t *events)
{
    told_t told[BATCH];
    uint32_t count = 0;
    uint32_t row;

    while (count < BATCH && take_row(events, &row)) {
        /* Cleared before the row is read: a change after the read notes it again. */
        if (atp_exchange_acq_rel(&events->noted[row], 0) != 0) {
            read_row(events, row, &told[count++]);
        }
    }
    if (count == 0) {
        return false;
    }
    uint64_t op = atp_engine_applied_op(events->engine);
    if (!wait_durable(events, op)) {
        return true;
    }
    forget_what_was_told(events);
    for (uint32_t i = 0; i < count; i++) {
        send(events, &told[i], op);
    }
    return true;
}

/* ---- crossings: as they were kept, in their order ---- */

static void send_crossing(atp_events_t *events, const atp_crossing_t *crossing)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(atp_engine_ledger(events->engine));
    const atp_crossing_event_t event = {
        .incarnation = atp_engine_incarnation(events->engine),
        .row = {.number = crossing->number,
                .op = crossing->op,
                .time_ms = crossing->time_ms,
                .channel = atp_catalog_channel_id(catalog, crossing->channel),
                .sku = atp_catalog_sku_id(catalog, crossing->sku),
                .available = crossing->qty,
                .scale = crossing->scale,
                .from = (uint8_t)crossing->from,
                .to = (uint8_t)crossing->to},
    };
    uint8_t *bytes;
    atp_writer_t writer;

    if (atp_pub_reserve(events->pub, EVENT_SIZE, &bytes) != ATP_OK) {
        return; /* no memory: the subscriber sees the gap in the numbers */
    }
    atp_writer_init(&writer, bytes, EVENT_SIZE);
    atp_write_crossing_event(&writer, &event);
    ATP_ASSERT(!writer.is_overflown); /* three ids and nine numbers fit */
    if (atp_pub_send(events->pub, atp_writer_size(&writer)) != ATP_OK) {
        return;
    }
}

static bool tell_crossings(atp_events_t *events)
{
    const atp_crossings_t *crossings = atp_ledger_crossings(atp_engine_ledger(events->engine));
    uint64_t newest = atp_crossings_newest(crossings);
    bool is_heard = atp_pub_subscribers(events->pub) > 0;
    unsigned count = 0;

    for (; events->crossing < newest && count < BATCH; count++) {
        atp_crossing_t crossing;
        bool is_kept = atp_crossings_read(crossings, ++events->crossing, &crossing);
        if (is_kept && is_heard && wait_durable(events, crossing.op)) {
            send_crossing(events, &crossing);
        }
    }
    return count > 0;
}

static bool tell_something(atp_events_t *events)
{
    bool told = tell_some(events);

    return tell_crossings(events) || told;
}

static void *run(void *context)
{
    atp_events_t *events = context;

    for (;;) {
        bool is_last = atp_load_acquire(&events->must_end) != 0;
        if (tell_something(events)) {
            continue;
        }
        if (is_last) {
            return NULL;
        }
        uint32_t ticket = atp_parker_prepare(&events->parker);
        if (tell_something(events) || atp_load_acquire(&events->must_end) != 0) {
            atp_parker_cancel(&events->parker);
        } else {
            atp_parker_park(&events->parker, ticket, SLEEP_NS);
        }
    }
}

/* ---- open and close ---- */

atp_err_t atp_events_open(const char *url, uint64_t position_capacity, atp_events_t **ret_events,
                          atp_why_t *ret_why)
{
    atp_events_t *events = aligned_alloc(ATP_CACHE_LINE, (sizeof *events + ATP_CACHE_LINE - 1) /
                                                             ATP_CACHE_LINE * ATP_CACHE_LINE);
    atp_pub_options_t options = {.urls = &url, .url_count = 1};

    if (events == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for events");
    }
    memset(events, 0, sizeof *events);
    events->capacity = position_capacity;
    events->scan_at = position_capacity;
    atp_parker_init(&events->parker);
    events->generation = 1;
    events->noted = calloc(position_capacity, sizeof *events->noted);
    events->told_out = calloc(position_capacity, sizeof *events->told_out);
    bool is_there = events->noted != NULL && events->told_out != NULL;
    atp_err_t err = is_there ? atp_ring_init(&events->rows, RING_SIZE) : ATP_ERR_MEMORY;
    if (err != ATP_OK) {
        atp_events_close(events);
        return atp_fail(ret_why, err, "no memory for events");
    }
    err = atp_pub_open(&options, &events->pub, ret_why);
    if (err != ATP_OK) {
        atp_events_close(events);
        return err;
    }
    *ret_events = events;
    return ATP_OK;
}

atp_err_t atp_events_start(atp_events_t *events, atp_engine_t *engine, atp_why_t *ret_why)
{
    events->engine = engine;
    events->crossing = atp_crossings_newest(atp_ledger_crossings(atp_engine_ledger(engine)));
    int status = pthread_create(&events->thread, NULL, run, events);
    if (status != 0) {
        return atp_fail(ret_why, ATP_ERR_LIMIT, "the event thread cannot be started: %s", strerror(status));
    }
    pthread_setname_np(events->thread, "atp-events");
    events->is_started = true;
    return ATP_OK;
}

void atp_events_close(atp_events_t *events)
{
    if (events == NULL) {
        return;
    }
    if (events->is_started) {
        atp_store_release(&events->must_end, 1);
        atp_parker_wake(&events->parker);
        pthread_join(events->thread, NULL);
    }
    if (events->pub != NULL) {
        atp_pub_close(events->pub);
    }
    atp_ring_fini(&events->rows);
    free(events->noted);
    free(events->told_out);
    free(events);
}
