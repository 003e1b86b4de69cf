/* Postings: told to subscribers in order, no faster than each wants them; and those of an op, for whoever looks at it.
 *
 * The ledger thread writes the answer between two ops; it is sent when what it tells is durable. The budget of a subscriber is
 * kept beside it, by that thread alone: a second's worth may be told at once, and then as it grows again. */
#include "tools/atpd/service/service_priv.h"
#include "tools/atpd/text/subscriber_text.h"

#include "engine/base/attribute.h"
#include "protocol/message_postings.h"

#include <string.h>

#define BODY_SIZE  ((size_t)1 << 20) /* 1,000 rows with the longest texts */
#define SCAN_MAX   8192              /* postings one question looks at */
#define RETRY_MS   1000              /* no hint is longer */
#define NAMES_SIZE 256

/* ---- budgets ---- */

/* How many postings the subscriber may be told now. */
static uint32_t budget_of(atp_posting_budget_t *budget, const atp_subscriber_t *subscriber, int64_t now_ms)
{
    if (budget->rate != subscriber->rate || budget->at_ms > now_ms) {
        *budget = (atp_posting_budget_t){.rate = subscriber->rate, .at_ms = now_ms, .left = subscriber->rate};
    }
    uint64_t grown = (uint64_t)(now_ms - budget->at_ms) * subscriber->rate / 1000;
    if (grown > 0) {
        uint64_t left = budget->left + grown;
        budget->left = left < subscriber->rate ? left : subscriber->rate;
        budget->at_ms = now_ms;
    }
    return (uint32_t)(budget->left < ATP_POSTINGS_MAX ? budget->left : ATP_POSTINGS_MAX);
}

static uint32_t retry_of(const atp_subscriber_t *subscriber)
{
    uint64_t wait_ms = 1000 / subscriber->rate + 1;

    return (uint32_t)(wait_ms < RETRY_MS ? wait_ms : RETRY_MS);
}

/* ---- one posting ---- */

static atp_text_t named(const atp_ledger_t *ledger, const atp_table_t *table, uint32_t number)
{
    const atp_named_record_t *record = atp_table_at(table, number);

    return atp_strings_get(&atp_ledger_catalog(ledger)->strings, record->id_ref);
}

static atp_text_t why_of(const atp_posting_t *posting)
{
    if (posting->step != ATP_POSTING_NO_WORD) {
        return atp_text_of(atp_steps[posting->step].name);
    }
    if (posting->disposition != ATP_POSTING_NO_WORD) {
        return atp_text_of(atp_dispositions[posting->disposition].name);
    }
    return posting->reason != ATP_REASON_NONE ? atp_text_of(atp_reason_name(posting->reason)) : ATP_TEXT("");
}

static void write_posting(atp_work_t *work, const atp_ledger_t *ledger, const atp_posting_t *posting,
                          atp_text_t heard, atp_text_t booked)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_position_t *position = atp_positions_at(atp_ledger_positions(ledger), posting->row);
    char key[ATP_POSTING_KEY_SIZE];
    const atp_posting_row_t row = {
        .number = posting->number,
        .key = {key, atp_posting_key(posting, key)},
        .op = posting->op,
        .time_ms = posting->time_ms,
        .kind = atp_text_of(atp_posting_kind_name(posting->kind)),
        .sku = atp_catalog_sku_id(catalog, position->sku),
        .node = atp_catalog_node_id(catalog, position->node),
        .qty = posting->qty,
        .on_hand = posting->change.on_hand,
        .unavailable = posting->change.unavailable,
        .reserved = posting->change.reserved,
        .allocated = posting->change.allocated,
        .scale = atp_positions_scale(atp_ledger_positions(ledger), position->sku),
        .of = posting->subject_kind,
        .id = atp_posting_subject_of(posting),
        .line = posting->line == ATP_POSTING_NO_LINE ? 0 : posting->line + 1u,
        .why = why_of(posting),
        .source = posting->source != 0 ? named(ledger, &catalog->sources, posting->source - 1) : ATP_TEXT(""),
        .client = posting->client != 0 ? named(ledger, &catalog->clients, posting->client) : ATP_TEXT(""),
        .correlation = atp_posting_correlation(posting),
        .confirmed_op = posting->confirmed_op,
        .confirmed_ms = posting->confirmed_ms,
        .heard = heard,
        .booked = booked,
    };

    atp_write_posting(&work->writer, &row);
}

/* ---- postings ---- */

/* Room for the end of the answer. */
static bool is_full(const atp_work_t *work)
{
    return work->writer.is_overflown || work->body.size - atp_writer_size(&work->writer) < 64;
}

/* Writes what the subscriber hears of from `number` on, at most `limit`; returns the number to go on from. */
static uint64_t write_from(atp_work_t *work, const atp_ledger_t *ledger, const atp_subscriber_t *subscriber,
                           uint64_t number, uint32_t limit)
{
    const atp_postings_t *postings = atp_ledger_postings(ledger);

    work->op_count = 0;
    for (uint32_t seen = 0; seen < SCAN_MAX; seen++, number++) {
        const atp_posting_t *posting = atp_postings_at(postings, number);
        if (posting == NULL) {
            break;
        }
        if (!atp_ledger_is_posted_to(ledger, subscriber, posting)) {
            continue;
        }
        if (work->op_count == limit) {
            break;
        }
        atp_writer_mark_t mark = atp_writer_mark(&work->writer);
        write_posting(work, ledger, posting, ATP_TEXT(""), ATP_TEXT(""));
        if (is_full(work)) {
            atp_writer_rewind(&work->writer, mark);
            break;
        }
        work->op_count++;
    }
    return number;
}

/* On the ledger thread, between two ops. */
static void tell_postings(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    const atp_postings_ask_t *asked = work->names.bytes;
    const atp_postings_t *postings = atp_ledger_postings(ledger);
    uint32_t number;

    work->answered_op = atp_ledger_stamp(ledger) / 2;
    work->is_known = atp_subscribers_find(postings, asked->subscriber, &number);
    if (!work->is_known) {
        return;
    }
    const atp_subscriber_t *subscriber = atp_subscriber_at(postings, number);
    atp_posting_budget_t *budget = &work->service->posting_budgets[number];
    uint32_t allowed = subscriber->rate > 0 ? budget_of(budget, subscriber, now_ms) : ATP_POSTINGS_MAX;
    uint64_t oldest = atp_postings_oldest(postings);
    uint64_t from = asked->from > 0 ? asked->from : subscriber->acknowledged + 1;
    from = from > oldest ? from : oldest;
    work->retry_ms = allowed == 0 && from <= postings->heads->newest ? retry_of(subscriber) : 0;
    atp_write_postings_begin(&work->writer, true);
    const atp_postings_end_t end = {
        .next = write_from(work, ledger, subscriber, from, asked->limit < allowed ? asked->limit : allowed),
        .newest = postings->heads->newest,
        .acknowledged = subscriber->acknowledged,
        .lost = subscriber->lost};
    atp_write_postings_end(&work->writer, &end);
    if (subscriber->rate > 0) {
        budget->left -= work->op_count;
    }
    work->retry_ms = work->op_count == 0 && end.next == from ? work->retry_ms : 0;
}

static void send_postings(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
    } else if (!work->is_known) {
        atp_work_refuse(work, ATP_UNKNOWN_SUBSCRIBER, ATP_FIELD_SUBJECT, "no such subscriber", 0);
    } else if (work->retry_ms > 0) {
        atp_work_refuse(work, ATP_BUSY, ATP_FIELD_NONE, "the subscriber is told as many a second as it wants",
                        work->retry_ms);
    } else {
        atp_work_send_body(work);
    }
}

static void ask(atp_work_t *work, uint32_t lines,
                void (*question)(atp_batch_t *, const atp_ledger_t *, int64_t),
                void (*done)(atp_batch_t *, atp_err_t))
{
    atp_writer_init(&work->writer, work->body.bytes, work->body.size);
    memset(&work->batch, 0, sizeof work->batch);
    work->batch.class = ATP_CLASS_RESERVE;
    work->batch.line_count = lines;
    work->batch.question = question;
    work->batch.done = done;
    work->batch.context = work;
    atp_work_submit(work);
}

void atp_work_postings(atp_work_t *work)
{
    if (!atp_room_need(&work->names, sizeof(atp_postings_ask_t)) || !atp_room_need(&work->body, BODY_SIZE) ||
        !atp_read_postings_ask(&work->reader, work->names.bytes) || !atp_message_close(&work->reader)) {
        atp_work_refuse_reader(work);
        return;
    }
    const atp_postings_ask_t *asked = work->names.bytes;
    ask(work, asked->limit / 4 + 1, tell_postings, send_postings);
}

/* ---- postings of ops ---- */

typedef struct names {
    char bytes[NAMES_SIZE];
    uint32_t size;
} names_t;

/* Adds a name, if it fits. */
static void add_name(names_t *names, atp_text_t name)
{
    if (names->size + name.size + 1 >= ATP_NAME_SIZE_MAX) {
        return;
    }
    if (names->size > 0) {
        names->bytes[names->size++] = ' ';
    }
    memcpy(names->bytes + names->size, name.bytes, name.size);
    names->size += name.size;
}

/* Who has acknowledged the posting, and who has confirmed it, of those that hear of it. */
static void name_subscribers(const atp_ledger_t *ledger, const atp_posting_t *posting, names_t *heard,
                             names_t *booked)
{
    const atp_postings_t *postings = atp_ledger_postings(ledger);

    heard->size = 0;
    booked->size = 0;
    for (uint32_t i = 0; i < atp_subscriber_count(postings); i++) {
        const atp_subscriber_t *subscriber = atp_subscriber_at(postings, i);
        if (!subscriber->is_live || !atp_ledger_is_posted_to(ledger, subscriber, posting)) {
            continue;
        }
        if (posting->number <= subscriber->acknowledged) {
            add_name(heard, atp_subscriber_id(subscriber));
        }
        if ((posting->confirmed >> i & 1) != 0) {
            add_name(booked, atp_subscriber_id(subscriber));
        }
    }
}

static void write_of_op(atp_work_t *work, const atp_ledger_t *ledger, uint64_t op, uint32_t *rows)
{
    const atp_postings_t *postings = atp_ledger_postings(ledger);
    uint64_t number = atp_postings_of_op(postings, op);
    names_t heard;
    names_t booked;

    for (; *rows < ATP_POSTINGS_MAX && !work->is_overflown; number++) {
        const atp_posting_t *posting = atp_postings_at(postings, number);
        if (posting == NULL || posting->op != op) {
            return;
        }
        atp_writer_mark_t mark = atp_writer_mark(&work->writer);
        name_subscribers(ledger, posting, &heard, &booked);
        write_posting(work, ledger, posting, (atp_text_t){heard.bytes, heard.size},
                      (atp_text_t){booked.bytes, booked.size});
        work->is_overflown = is_full(work);
        if (work->is_overflown) {
            atp_writer_rewind(&work->writer, mark);
        }
        *rows += !work->is_overflown;
    }
}

/* On the ledger thread, between two ops. Of more than fit the first are told. */
static void tell_postings_of(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    const uint64_t *ops = work->names.bytes;
    uint32_t rows = 0;

    (void)now_ms;
    work->answered_op = atp_ledger_stamp(ledger) / 2;
    work->is_overflown = false;
    atp_write_postings_begin(&work->writer, false);
    for (uint32_t i = 0; i < work->op_count; i++) {
        write_of_op(work, ledger, ops[i], &rows);
    }
    atp_write_postings_of_end(&work->writer);
}

static void send_postings_of(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
    } else {
        atp_work_send_body(work);
    }
}

void atp_work_postings_of(atp_work_t *work)
{
    uint32_t count;

    if (!atp_read_postings_of(&work->reader, &count) ||
        !atp_room_need(&work->names, count * sizeof(uint64_t)) || !atp_room_need(&work->body, BODY_SIZE)) {
        atp_work_refuse_reader(work);
        return;
    }
    uint64_t *ops = work->names.bytes;
    for (uint32_t i = 0; i < count; i++) {
        if (!atp_read_postings_op(&work->reader, &ops[i])) {
            atp_work_refuse_reader(work);
            return;
        }
    }
    if (!atp_message_close(&work->reader)) {
        atp_work_refuse_reader(work);
        return;
    }
    work->op_count = count;
    ask(work, count / 4 + 1, tell_postings_of, send_postings_of);
}

/* ---- subscribers ---- */

void atp_work_subscriber_row(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms)
{
    const atp_subscriber_t *subscriber = atp_subscriber_at(atp_ledger_postings(ledger), (uint32_t)index);
    atp_catalog_entry_t entry = {.value = (int64_t)subscriber->acknowledged};
    atp_rule_text_t text;

    (void)now_ms;
    if (atp_subscriber_text(ledger, (uint32_t)index, &entry.id, &text)) {
        entry.name = (atp_text_t){text.bytes, text.size};
        atp_write_catalog_entry(&work->writer, &entry);
        work->op_count++;
    }
}
