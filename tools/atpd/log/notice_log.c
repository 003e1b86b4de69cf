#include "tools/atpd/log/notice_log.h"

#include "engine/ledger/catalog/catalog.h"
#include "tools/atpd/log/log.h"

static atp_text_t source_of(const atp_ledger_t *ledger, const atp_notice_t *notice)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);

    if (notice->source == 0) {
        return ATP_TEXT("");
    }
    const atp_source_record_t *record = atp_table_at(&catalog->sources, notice->source - 1);
    return atp_strings_get(&catalog->strings, record->id_ref);
}

static void log_overdue(const atp_ledger_t *ledger, const atp_notice_t *notice)
{
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(ledger);

    atp_log(
        ATP_LOG_WARN, "exception_overdue", ATP_LOG_U64("exception", notice->number),
        ATP_LOG_STR("kind", atp_exception_kind_name(notice->kind)),
        ATP_LOG_TEXT("owner", atp_exception_owner_id(atp_exception_owner(exceptions, notice->owner - 1u))),
        ATP_LOG_TEXT("source", source_of(ledger, notice)), ATP_LOG_U64("op", notice->op));
}

static void log_notice(const atp_ledger_t *ledger, const atp_notice_t *notice)
{
    atp_log_field_t source = ATP_LOG_TEXT("source", source_of(ledger, notice));

    switch ((atp_notice_what_t)notice->what) {
    case ATP_NOTICE_OVERDUE:
        log_overdue(ledger, notice);
        return;
    case ATP_NOTICE_PAUSED:
        atp_log(ATP_LOG_WARN, "source_paused", source, ATP_LOG_STR("why", atp_pause_name(notice->kind)),
                ATP_LOG_U64("exception", notice->number), ATP_LOG_U64("op", notice->op));
        return;
    case ATP_NOTICE_RESUMED:
        atp_log(ATP_LOG_INFO, "source_resumed", source, ATP_LOG_U64("op", notice->op));
        return;
    case ATP_NOTICE_SILENT:
        atp_log(ATP_LOG_WARN, "source_silent", source, ATP_LOG_U64("exception", notice->number),
                ATP_LOG_U64("op", notice->op));
        return;
    case ATP_NOTICE_HEARD:
        atp_log(ATP_LOG_INFO, "source_heard", source, ATP_LOG_U64("op", notice->op));
        return;
    }
}

void atp_notice_log(const atp_ledger_t *ledger, uint64_t *logged, uint64_t durable_op)
{
    const atp_notices_t *notices = atp_ledger_notices(ledger);
    uint64_t newest = atp_notices_newest(notices);
    atp_notice_t notice;

    for (; *logged < newest; (*logged)++) {
        if (!atp_notices_read(notices, *logged + 1, &notice)) {
            continue; /* newer ones have taken its place; the exceptions are there still */
        }
        if (notice.op > durable_op) {
            return;
        }
        log_notice(ledger, &notice);
    }
}
