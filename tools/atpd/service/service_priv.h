/* Inside the service: the work area of an exchange, and what the files service_*.c share. */
#ifndef ATP_ATPD_SERVICE_PRIV_H
#define ATP_ATPD_SERVICE_PRIV_H

#include "engine/base/explain.h"
#include "engine/ledger/catalog/catalog.h"
#include "protocol/message.h"
#include "tools/atpd/service/service.h"

#include <stddef.h>

/* A buffer that grows and stays. */
typedef struct atp_room {
    void *bytes;
    size_t size;
} atp_room_t;

/* The next op of a question about ops, the feed that it is of, where its grants begin, and how many came before it. */
typedef struct atp_asked {
    const atp_op_t *op;
    const atp_op_t *feed;
    atp_grant_t *grants;
    uint32_t count;
    uint32_t account; /* the next one that is to be told */
} atp_asked_t;

/* The account of an op. */
typedef struct atp_telling {
    size_t op_at;   /* bytes from the first op of the batch */
    uint32_t first; /* of its parts */
    uint32_t count;
    bool is_cut;
} atp_telling_t;

/* The ops of a message whose answers have their accounts, the first ones of them: those that explain_count and line_count are within
 * their bounds for. Their parts are in work->rows; work->names says of each op of the message whether it explains, where any does. */
typedef struct atp_tellings {
    bool are_asked_for;
    uint32_t op_count;
    uint32_t line_count; /* of those ops, as far as they are told of; at most ATP_EXPLAIN_TOLD_MAX */
    uint32_t part_count;
    uint32_t ops[ATP_QUESTIONED_OPS_MAX]; /* their indexes in the batch */
    atp_telling_t of[ATP_QUESTIONED_OPS_MAX];
} atp_tellings_t;

/* Everything one request needs from arrival to answer. Used by one thread at a time. */
typedef struct atp_work {
    atp_service_t *service;
    atp_exchange_t *exchange;
    atp_request_t request;
    atp_reader_t reader;
    uint64_t begun_ns;
    atp_batch_t batch;

    /* commands */
    atp_room_t ops;
    atp_room_t results;
    atp_room_t grants;
    atp_room_t lines;
    atp_room_t attributes;
    atp_room_t refusals;    /* atp_result_t of the ops refused before the ledger, in order */
    atp_room_t refused_ops; /* their indexes, uint32_t */
    uint32_t op_count;      /* of the message */
    bool has_reserves;      /* among them */
    uint32_t refused_count;
    uint32_t grant_room; /* of all ops of the batch: atp_op_grant_room */
    bool has_client_op;  /* the batch begins with an op that names the client */
    atp_asked_t asked;   /* of a question about ops: how far it has come */
    atp_tellings_t accounts;

    /* queries */
    atp_room_t names;
    atp_room_t body; /* of an answer written on the ledger thread */
    atp_room_t rows; /* row numbers of one SKU */
    atp_writer_t writer;
    atp_availability_ask_t ask;
    uint16_t channel; /* that the ask names; 0: none */
    atp_page_ask_t page;
    int64_t now_ms;
    uint32_t settle_rounds;
    uint32_t scanned;
    uint64_t answered_op;
    bool is_known;     /* of a question: what it asks for is there */
    uint32_t retry_ms; /* the same: not now, but after that long; 0 = now */
    bool is_overflown;
} atp_work_t;

typedef struct atp_tracer atp_tracer_t;

/* What a subscriber may still be told at once. Of the ledger thread. */
typedef struct atp_posting_budget {
    uint64_t rate;
    uint64_t left;
    int64_t at_ms; /* when it was so */
} atp_posting_budget_t;

struct atp_service {
    atp_engine_t *engine;
    const atp_ledger_t *ledger;
    atp_metrics_t *metrics;
    atp_meter_t *meter;     /* or NULL */
    atp_put_off_t *put_off; /* or NULL */
    atp_server_t *server;
    atp_tracer_t *tracer; /* NULL: there are no traces */
    atp_text_t status_names[ATP_RECORD_STATE_LIMIT];
    atp_posting_budget_t posting_budgets[ATP_SUBSCRIBERS_MAX];
    uint32_t work_count;
    atp_work_t *works;
};

/* Makes room for `size` bytes at least; what was there may be lost. False: no memory. */
bool atp_room_need(atp_room_t *room, size_t size);

uint64_t atp_service_now_ns(void);

/* Answers the message with an error, and gives the exchange back. */
void atp_work_refuse(atp_work_t *work, atp_verdict_t verdict, atp_field_t field, const char *detail,
                     uint32_t retry_ms);
/* The same for what atp_engine_submit says. */
void atp_work_refuse_submit(atp_work_t *work, atp_err_t err);

/* Begins an answer in the exchange's own room. */
void atp_work_begin_answer(atp_work_t *work, atp_writer_t *writer, uint64_t applied_op, uint64_t durable_op);
/* Sends what was written, or the refusal message_too_large if it did not fit. For questions only. */
void atp_work_send(atp_work_t *work, atp_writer_t *writer);
/* Sends what was written. If there was no memory for it nothing is said: what was done is done, and the client asks
 * again by its ids. */
void atp_work_send_results(atp_work_t *work, atp_writer_t *writer);
/* Sends the body that a question has written to work->body, as of work->answered_op. */
void atp_work_send_body(atp_work_t *work);
/* Refuses what the reader refused; or, where it has no fault to tell, for want of memory. */
void atp_work_refuse_reader(atp_work_t *work);

/* Hands work->batch to the engine; what it refuses is answered. */
void atp_work_submit(atp_work_t *work);
/* Adds an op to the `due` in work->ops for each of the rows that still counts something expired by work->now_ms, up to `most` in all
 * (there is room). Returns how many there are. */
uint32_t atp_work_note_due(atp_work_t *work, const uint32_t *rows, uint32_t count, uint32_t due,
                           uint32_t most);
/* The same for each position of a SKU, and of what a kit is put together from. */
uint32_t atp_work_note_due_of(atp_work_t *work, uint32_t sku, uint32_t due, uint32_t most);
/* Has `due` positions settled, whose ops stand in work->ops (room for the answers: work->results); then `done`. */
void atp_work_settle(atp_work_t *work, void (*done)(atp_batch_t *batch, atp_err_t err), uint32_t due);

void atp_work_commands(atp_work_t *work);
void atp_work_promise(atp_work_t *work);
void atp_work_availability(atp_work_t *work);
void atp_work_outcomes(atp_work_t *work);
void atp_work_reservations_by_id(atp_work_t *work);
void atp_work_orders(atp_work_t *work);
void atp_work_history(atp_work_t *work);
void atp_work_page(atp_work_t *work);
/* A row of the page of exceptions: of the one with number `index` + 1, if it is wanted. */
void atp_work_exception_row(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms);
/* A row of the page of crossings, the same. */
void atp_work_crossing_row(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms);
void atp_work_stat(atp_work_t *work);
void atp_work_explain(atp_work_t *work);

/* ---- service_archived.c: archived reservations in answers, on the ledger thread; work->lines has room ---- */

void atp_work_write_archived(atp_work_t *work, const atp_ledger_t *ledger, const atp_archived_t *archived);
/* Those of an order, after the `*count` that are here. False: no answer has room for so many. */
bool atp_work_write_archived_order(atp_work_t *work, const atp_ledger_t *ledger,
                                   const atp_archived_t *archived, uint32_t *count);
/* That it was archived, as the newest row of its history. */
void atp_work_write_archiving(atp_work_t *work, const atp_ledger_t *ledger, const atp_archived_t *archived);
void atp_work_schedule(atp_work_t *work);
void atp_work_trace(atp_work_t *work);
/* A row of the page of subscribers. */
void atp_work_owner_row(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms);
void atp_work_subscriber_row(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms);
void atp_work_postings(atp_work_t *work);
void atp_work_postings_of(atp_work_t *work);
void atp_work_source_state(atp_work_t *work);
void atp_work_batch(atp_work_t *work);

/* The thread that reads the journal. Drain gives up what is being read and takes nothing more: the engine may then be closed. */
ATP_MUST_USE atp_err_t atp_tracer_open(const char *data_folder, atp_tracer_t **ret_tracer,
                                       atp_why_t *ret_why);
void atp_tracer_drain(atp_tracer_t *tracer);
void atp_tracer_close(atp_tracer_t *tracer);

#endif
