/* Exceptions as they are listed: what is wanted of them, and their facts in words. And levels that channels have crossed. */
#include "tools/atpd/fact_text.h"
#include "tools/atpd/service_priv.h"

_Static_assert((unsigned)ATP_EXCEPTION_ROW_OPEN == (unsigned)ATP_EXCEPTION_OPEN &&
                   (unsigned)ATP_EXCEPTION_ROW_REPLAYED == (unsigned)ATP_EXCEPTION_REPLAYED &&
                   (unsigned)ATP_EXCEPTION_ROW_DISCARDED == (unsigned)ATP_EXCEPTION_DISCARDED &&
                   (unsigned)ATP_EXCEPTION_ROW_PARKED == (unsigned)ATP_EXCEPTION_PARKED,
               "the wire has the states of the ledger");

/* The subscriber that the exception is about stands where others have the reservations hit. */
static bool is_of_subscriber(const atp_exception_t *exception)
{
    return exception->kind == ATP_EXCEPTION_POSTINGS_LOST || exception->kind == ATP_EXCEPTION_POSTINGS_LATE;
}

static atp_text_t source_of(const atp_ledger_t *ledger, const atp_exception_t *exception)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);

    if (is_of_subscriber(exception)) {
        return (atp_text_t){exception->reservations[0], exception->reservation_sizes[0]};
    }
    if (exception->source == 0) {
        return ATP_TEXT("");
    }
    const atp_named_record_t *record = atp_table_at(&catalog->sources, exception->source - 1);
    return atp_strings_get(&catalog->strings, record->id_ref);
}

static atp_text_t settler_of(const atp_ledger_t *ledger, const atp_exception_t *exception)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);

    if (exception->settled_by == 0) {
        return ATP_TEXT("");
    }
    const atp_named_record_t *record = atp_table_at(&catalog->clients, exception->settled_by - 1);
    return atp_strings_get(&catalog->strings, record->id_ref);
}

static bool is_wanted(const atp_page_ask_t *page, const atp_ledger_t *ledger,
                      const atp_exception_t *exception, int64_t now_ms)
{
    if ((page->states != 0 && (page->states & 1u << exception->state) == 0) ||
        (page->older_than_ms > 0 && now_ms - exception->time_ms < page->older_than_ms)) {
        return false;
    }
    return (page->kind.size == 0 ||
            atp_text_equal(page->kind, atp_text_of(atp_exception_kind_name(exception->kind)))) &&
           (page->source.size == 0 || atp_text_equal(page->source, source_of(ledger, exception))) &&
           (page->sku.size == 0 ||
            atp_text_equal(page->sku, (atp_text_t){exception->sku, exception->sku_size}));
}

void atp_work_exception_row(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms)
{
    const atp_exception_t *exception = atp_exceptions_get(atp_ledger_exceptions(ledger), index + 1);
    atp_text_t ids[ATP_EXCEPTION_RESERVATIONS_MAX];
    atp_fact_text_t words;

    if (exception == NULL || !is_wanted(&work->page, ledger, exception, now_ms)) {
        return;
    }
    uint32_t id_count = is_of_subscriber(exception) ? 0 : exception->reservation_count;
    for (uint32_t i = 0; i < id_count; i++) {
        ids[i] = (atp_text_t){exception->reservations[i], exception->reservation_sizes[i]};
    }
    atp_fact_text(ledger, exception, &words);
    atp_exception_row_t row = {.number = exception->number,
                               .op = exception->op,
                               .time_ms = exception->time_ms,
                               .kind = atp_text_of(atp_exception_kind_name(exception->kind)),
                               .verdict = exception->verdict,
                               .scale = exception->scale,
                               .source = source_of(ledger, exception),
                               .sku = {exception->sku, exception->sku_size},
                               .node = {exception->node, exception->node_size},
                               .qty = exception->qty,
                               .total_reservations = exception->reservation_total,
                               .id_count = id_count,
                               .ids = ids,
                               .correlation = {exception->correlation, exception->correlation_size},
                               .state = exception->state,
                               .count = exception->count,
                               .last_ms = exception->last_ms,
                               .epoch = exception->epoch,
                               .sequence = exception->sequence,
                               .op_kind = atp_text_of(atp_op_kind_name(exception->op_kind)),
                               .fact_size = exception->kind == ATP_EXCEPTION_QUARANTINED
                                                ? exception->whole_size
                                                : exception->fact_size,
                               .fact = {words.bytes, words.size},
                               .settled_ms = exception->settled_ms,
                               .settled_op = exception->settled_op,
                               .settled_by = settler_of(ledger, exception),
                               .cause = {exception->cause, exception->cause_size}};
    atp_write_exception(&work->writer, &row);
    work->op_count++;
}

/* ---- crossings ---- */

void atp_work_crossing_row(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_crossing_t crossing;

    (void)now_ms;
    if (!atp_crossings_read(atp_ledger_crossings(ledger), index + 1, &crossing)) {
        return; /* the ring has moved past it */
    }
    atp_crossing_row_t row = {.number = crossing.number,
                              .op = crossing.op,
                              .time_ms = crossing.time_ms,
                              .channel = atp_catalog_channel_id(catalog, crossing.channel),
                              .sku = atp_catalog_sku_id(catalog, crossing.sku),
                              .available = crossing.qty,
                              .scale = crossing.scale,
                              .from = (uint8_t)crossing.from,
                              .to = (uint8_t)crossing.to};
    atp_write_crossing(&work->writer, &row);
    work->op_count++;
}
