/* Exceptions as they are listed: what is wanted of them, and their facts in words. And levels that channels have crossed. */
#include "tools/atpd/service/service_priv.h"
#include "tools/atpd/text/fact_text.h"
#include "tools/atpd/text/owner_text.h"

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

/* A client by its number + 1. */
static atp_text_t client_of(const atp_ledger_t *ledger, uint32_t client)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);

    if (client == 0) {
        return ATP_TEXT("");
    }
    const atp_named_record_t *record = atp_table_at(&catalog->clients, client - 1);
    return atp_strings_get(&catalog->strings, record->id_ref);
}

static atp_text_t owner_of(const atp_ledger_t *ledger, const atp_exception_t *exception)
{
    return exception->owner == 0 ? ATP_TEXT("")
                                 : atp_exception_owner_id(atp_exception_owner(atp_ledger_exceptions(ledger),
                                                                              exception->owner - 1u));
}

static bool is_wanted(const atp_page_ask_t *page, const atp_ledger_t *ledger,
                      const atp_exception_t *exception, int64_t now_ms)
{
    if ((page->states != 0 && (page->states & 1u << exception->state) == 0) ||
        (page->older_than_ms > 0 && now_ms - exception->time_ms < page->older_than_ms)) {
        return false;
    }
    if ((page->beyond_sla && !exception->is_overdue) ||
        (page->owner.size > 0 && !atp_text_equal(page->owner, owner_of(ledger, exception)))) {
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
    atp_fact_text_t edited;

    if (exception == NULL || !is_wanted(&work->page, ledger, exception, now_ms)) {
        return;
    }
    uint32_t id_count = is_of_subscriber(exception) ? 0 : exception->reservation_count;
    for (uint32_t i = 0; i < id_count; i++) {
        ids[i] = (atp_text_t){exception->reservations[i], exception->reservation_sizes[i]};
    }
    int64_t due_ms = atp_exception_due_ms(atp_ledger_exceptions(ledger), exception);
    atp_fact_text(ledger, exception, &words);
    atp_edited_fact_text(ledger, exception, &edited);
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
                               .settled_by = client_of(ledger, exception->settled_by),
                               .cause = {exception->cause, exception->cause_size},
                               .owner = owner_of(ledger, exception),
                               .due_ms = due_ms != INT64_MAX ? due_ms : 0,
                               .is_overdue = exception->is_overdue != 0,
                               .edit_count = exception->edit_count,
                               .edited_ms = exception->edited_ms,
                               .edited_op = exception->edited_op,
                               .edited_by = client_of(ledger, exception->edited_by),
                               .edit_cause = {exception->edit_cause, exception->edit_cause_size},
                               .edited_fact = {edited.bytes, edited.size}};
    atp_write_exception(&work->writer, &row);
    work->op_count++;
}

/* ---- owners ---- */

void atp_work_owner_row(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms)
{
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(ledger);
    const atp_exception_owner_t *owner = atp_exception_owner(exceptions, (uint32_t)index);
    atp_tally_figures_t figures = atp_tallies_read(exceptions, ATP_TALLY_OWNER, (uint32_t)index + 1);
    atp_rule_text_t text;

    (void)now_ms;
    if (owner->is_dropped) {
        return;
    }
    atp_owner_text(ledger, owner, &figures, &text);
    atp_catalog_entry_t entry = {
        .id = atp_exception_owner_id(owner), .value = figures.count, .name = {text.bytes, text.size}};
    atp_write_catalog_entry(&work->writer, &entry);
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
