#include "tools/atpd/events/events.h"

#include "engine/base/hash.h"
#include "engine/base/parker.h"
#include "engine/base/ring.h"
#include "engine/ledger/catalog/catalog.h"
#include "protocol/endpoint.h"
#include "protocol/message.h"
#include "query/kits.h"
#include "tools/atpd/events/staleness.h"
#include "tools/atpd/events/told.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RING_SIZE       65536
#define BATCH           64 /* rows and kits read before one wait for durability */
#define KIT_TRIES       16 /* readings of a kit, until one is of one op */
#define CLIMB_TRIES     64
#define EVENT_SIZE      512
#define SLEEP_NS        (UINT64_C(50) * 1000000)
#define DURABLE_POLL_NS 50000

typedef struct told {
    uint32_t row; /* not of a kit */
    uint32_t sku;
    uint16_t node;
    bool is_kit;
    bool is_quiet; /* nothing of what was never told is no news */
    uint64_t version;
    atp_availability_t availability;
} told_t;

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
    uint64_t *told;     /* by row: a digest of what was told last; 0 = nothing was */
    uint8_t generation; /* 1 to 255, of listeners */
    uint64_t crossing;  /* number of the last one told, or passed over */
    uint64_t recipe;    /* number of the change of a recipe that is looked at next */
    uint32_t batch_count;
    told_t batch[BATCH];
    atp_bill_t bill;
    atp_told_t kits;
    atp_staleness_t staleness;
};

/* ---- noting: the journal thread ---- */

static void note_row(atp_events_t *events, uint32_t row)
{
    if (row < events->capacity && atp_exchange_acq_rel(&events->noted[row], 1) == 0 &&
        !atp_ring_push(&events->rows, (void *)((uintptr_t)row + 1))) {
        atp_store_release(&events->must_scan, 1);
    }
}

void atp_events_note(atp_events_t *events, const uint32_t *rows, uint32_t count, bool is_overflown)
{
    if (atp_pub_subscribers(events->pub) == 0) {
        atp_store_release(&events->was_unheard, 1);
        return; /* nobody listens; who comes later asks for the state first */
    }
    for (uint32_t i = 0; i < count; i++) {
        note_row(events, rows[i]);
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

/* True if it is not what was told of the position last. */
static bool differs(atp_events_t *events, const told_t *told)
{
    const int64_t now[] = {told->availability.shown, told->availability.promisable, told->availability.scale,
                           told->availability.is_stale, events->generation};
    uint64_t digest = atp_hash_bytes(now, sizeof now, 0) | 1;
    uint64_t before = events->told[told->row];

    events->told[told->row] = digest;
    return digest != before;
}

/* Only what was not told last: an allocation, say, changes a position and not its availability. */
static bool is_news(atp_events_t *events, const told_t *told, bool *ret_is_out)
{
    const atp_told_kit_t kit = {.sku = told->sku,
                                .node = told->node,
                                .generation = events->generation,
                                .shown = told->availability.shown,
                                .promisable = told->availability.promisable,
                                .version = told->version};

    if (!told->is_kit) {
        *ret_is_out = has_crossed(events, told);
        return differs(events, told);
    }
    atp_told_news_t news = atp_told_note(&events->kits, &kit, told->is_quiet);
    *ret_is_out = news == ATP_TOLD_OUT;
    return news != ATP_TOLD_NO_NEWS;
}

static void send(atp_events_t *events, const told_t *told, uint64_t op, bool is_out)
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
        .is_out_of_stock = is_out,
        .is_stale = told->availability.is_stale,
        .version = told->version,
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

/* The newest op of which something that was read may be: one that is being applied, too. */
static uint64_t newest_op(const atp_events_t *events)
{
    return (atp_ledger_stamp(atp_engine_ledger(events->engine)) + 1) / 2;
}

/* Sends what the batch has, once it is durable. */
static void tell_batch(atp_events_t *events)
{
    uint64_t op = newest_op(events);
    uint32_t count = events->batch_count;
    bool is_out;

    events->batch_count = 0;
    if (count == 0 || !wait_durable(events, op)) {
        return;
    }
    forget_what_was_told(events);
    for (uint32_t i = 0; i < count; i++) {
        if (is_news(events, &events->batch[i], &is_out)) {
            send(events, &events->batch[i], op, is_out);
        }
    }
}

/* Puts a reading into the batch: one a position, the newest. */
static void add(atp_events_t *events, const told_t *told)
{
    for (uint32_t i = 0; i < events->batch_count; i++) {
        told_t *other = &events->batch[i];
        if (other->sku == told->sku && other->node == told->node) {
            bool is_quiet = other->is_quiet && told->is_quiet;
            *other = *told;
            other->is_quiet = is_quiet;
            return;
        }
    }
    if (events->batch_count == BATCH) {
        tell_batch(events);
    }
    events->batch[events->batch_count++] = *told;
}

static void ignore_due(void *context, uint32_t sku, uint16_t node)
{
    (void)context; /* its expiry is an op, and tells */
    (void)sku;
    (void)node;
}

/* A kit is read as of one op, and that is its version. Under many ops it may not come to that; the op that was in the way is
 * then another's, or tells of the kit again with what it noted. */
static void add_kit(atp_events_t *events, uint32_t sku, uint16_t node, bool is_quiet)
{
    const atp_ledger_t *ledger = atp_engine_ledger(events->engine);
    told_t told = {.sku = sku, .node = node, .is_kit = true, .is_quiet = is_quiet};
    int64_t now_ms = atp_engine_now_ms(events->engine);

    for (unsigned i = 0; i < KIT_TRIES; i++) {
        uint64_t stamp = atp_ledger_stamp(ledger);
        atp_availability_lay_out(ledger, sku, now_ms, &events->bill);
        atp_availability_read_kit(ledger, &events->bill, node, now_ms, ignore_due, NULL, &told.availability);
        told.version = stamp / 2;
        if (atp_ledger_stamp_holds(ledger, stamp)) {
            break;
        }
    }
    add(events, &told);
}

typedef struct above {
    atp_events_t *events;
    uint16_t node;
    bool is_quiet;
} above_t;

static void add_kit_above(void *context, uint32_t sku)
{
    const above_t *above = context;

    add_kit(above->events, sku, above->node, above->is_quiet);
}

/* The kits that the SKU is in may have changed at that node, too. False: recipes keep changing; it must be done again. */
static bool add_kits_above(atp_events_t *events, uint32_t sku, uint16_t node, bool is_quiet)
{
    const atp_ledger_t *ledger = atp_engine_ledger(events->engine);
    above_t above = {events, node, is_quiet};

    for (unsigned i = 0; i < CLIMB_TRIES; i++) {
        if (atp_availability_kits_above(ledger, sku, add_kit_above, &above)) {
            return true;
        }
        sched_yield();
    }
    return false;
}

static void add_row(atp_events_t *events, uint32_t row)
{
    const atp_ledger_t *ledger = atp_engine_ledger(events->engine);
    const atp_position_t *position = atp_positions_at(atp_ledger_positions(ledger), row);
    told_t told = {.row = row, .sku = position->sku, .node = position->node};

    if (atp_availability_is_kit(ledger, told.sku)) {
        add_kit(events, told.sku, told.node, false);
    } else {
        atp_availability_read_row(ledger, row, atp_engine_now_ms(events->engine), &told.availability);
        told.version = told.availability.version;
        add(events, &told);
    }
    if (!add_kits_above(events, told.sku, told.node, false)) {
        note_row(events, row);
    }
}

static bool tell_some(atp_events_t *events)
{
    uint32_t count = 0;
    uint32_t row;

    while (count < BATCH && take_row(events, &row)) {
        /* Cleared before the row is read: a change after the read notes it again. */
        if (atp_exchange_acq_rel(&events->noted[row], 0) != 0) {
            add_row(events, row);
            count++;
        }
    }
    tell_batch(events);
    return count > 0;
}

/* ---- recipes: a kit that is put together of something else may have changed at every node ---- */

static bool add_recipe(atp_events_t *events, uint32_t sku)
{
    const atp_ledger_t *ledger = atp_engine_ledger(events->engine);
    uint64_t nodes = atp_table_count(&atp_ledger_catalog(ledger)->nodes);
    bool is_whole = true;

    for (uint64_t node = 0; is_whole && node < nodes; node++) {
        add_kit(events, sku, (uint16_t)node, true);
        is_whole = add_kits_above(events, sku, (uint16_t)node, true);
    }
    return is_whole;
}

/* All kits, when more recipes have changed than are kept. */
static void add_all_kits(atp_events_t *events)
{
    const atp_kits_t *kits = atp_ledger_kits(atp_engine_ledger(events->engine));
    uint64_t count = atp_table_count(&kits->records);

    for (uint64_t i = 0; i < count; i++) {
        (void)add_recipe(events, atp_load_relaxed(&((atp_kit_t *)atp_table_at(&kits->records, i))->sku));
    }
}

static bool tell_recipes(atp_events_t *events)
{
    const atp_kits_t *kits = atp_ledger_kits(atp_engine_ledger(events->engine));
    uint64_t changes = atp_kits_changes(kits);
    uint32_t sku;

    if (events->recipe == changes) {
        return false;
    }
    if (atp_pub_subscribers(events->pub) == 0) {
        atp_store_release(&events->was_unheard, 1);
        events->recipe = changes;
    } else if (!atp_kits_changed(kits, events->recipe, &sku)) {
        add_all_kits(events);
        events->recipe = changes;
    } else if (add_recipe(events, sku)) {
        events->recipe++;
    }
    tell_batch(events);
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

/* ---- what is stale ---- */

static void send_staleness(atp_events_t *events, const atp_staleness_news_t *news, uint64_t op)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(atp_engine_ledger(events->engine));
    const atp_staleness_event_t event = {
        .incarnation = atp_engine_incarnation(events->engine),
        .op = op,
        .channel =
            news->channel == ATP_ANY_CHANNEL ? ATP_TEXT("") : atp_catalog_channel_id(catalog, news->channel),
        .node = atp_catalog_node_id(catalog, news->node),
        .is_stale = news->is_stale,
        .on_stale = news->on_stale,
    };
    uint8_t *bytes;
    atp_writer_t writer;

    if (atp_pub_reserve(events->pub, EVENT_SIZE, &bytes) != ATP_OK) {
        return; /* no memory: answers say it */
    }
    atp_writer_init(&writer, bytes, EVENT_SIZE);
    atp_write_staleness_event(&writer, &event);
    ATP_ASSERT(!writer.is_overflown); /* two ids and a few numbers fit */
    if (atp_pub_send(events->pub, atp_writer_size(&writer)) != ATP_OK) {
        return;
    }
}

static bool tell_staleness(atp_events_t *events)
{
    atp_staleness_news_t news[BATCH];
    atp_staleness_step_t step = ATP_STALENESS_NEWS;
    uint32_t count = 0;

    while (step == ATP_STALENESS_NEWS && count < BATCH) {
        step = atp_staleness_next(&events->staleness, &news[count]);
        count += step == ATP_STALENESS_NEWS;
    }
    uint64_t op = newest_op(events);
    if (count > 0 && atp_pub_subscribers(events->pub) > 0 && wait_durable(events, op)) {
        for (uint32_t i = 0; i < count; i++) {
            send_staleness(events, &news[i], op);
        }
    }
    return step != ATP_STALENESS_NO_NEWS || count > 0;
}

static bool tell_something(atp_events_t *events)
{
    bool told = tell_some(events);

    told = tell_recipes(events) || told;
    told = tell_staleness(events) || told;
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
    events->told = calloc(position_capacity, sizeof *events->told);
    bool is_there = events->noted != NULL && events->told_out != NULL && events->told != NULL;
    atp_err_t err = is_there ? atp_ring_init(&events->rows, RING_SIZE) : ATP_ERR_MEMORY;
    err = err == ATP_OK ? atp_told_init(&events->kits, position_capacity) : err;
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
    events->recipe = atp_kits_changes(atp_ledger_kits(atp_engine_ledger(engine)));
    events->crossing = atp_crossings_newest(atp_ledger_crossings(atp_engine_ledger(engine)));
    atp_err_t err = atp_staleness_init(&events->staleness, atp_engine_ledger(engine));
    if (err != ATP_OK) {
        return atp_fail(ret_why, err, "no memory for events of what is stale");
    }
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
    free(events->told);
    atp_told_fini(&events->kits);
    atp_staleness_fini(&events->staleness);
    free(events);
}
