/* Gaps of sources that keep nothing: given up after the configured time, by pulses, each with an exception. */
#include "engine/ledger/facts/ledger_registry.h"

/* When the gap of a source is due; 0 = never. */
static int64_t due_ms(const atp_ledger_t *ledger, const atp_source_record_t *source)
{
    int64_t patience_ms = ledger->root->config.source_gap_ms;

    return source->gap_ms == 0 || patience_ms == 0 ? 0 : source->gap_ms + patience_ms;
}

void atp_ledger_watch_gap(atp_ledger_t *ledger, const atp_source_record_t *source)
{
    int64_t due = due_ms(ledger, source);

    if (due != 0 && (ledger->gap_look_ms == 0 || due < ledger->gap_look_ms)) {
        ledger->gap_look_ms = due;
    }
}

void atp_ledger_rebuild_gaps(atp_ledger_t *ledger)
{
    uint64_t count = atp_table_count(&ledger->catalog.sources);

    ledger->gap_look_ms = 0;
    for (uint64_t i = 0; i < count; i++) {
        atp_ledger_watch_gap(ledger, atp_table_at(&ledger->catalog.sources, i));
    }
}

static void give_up(apply_t *apply, uint32_t number)
{
    atp_source_record_t *source = atp_table_change(&apply->ledger->catalog.sources, number);
    uint64_t first = source->low;
    uint64_t lost = atp_sources_give_up_gap(source, apply->now_ms);
    atp_exception_t *exception =
        atp_ledger_raise_of(apply, ATP_EXCEPTION_SEQUENCE_LOST, number + 1, (atp_qty_t)lost);

    exception->epoch = source->epoch;
    exception->sequence = first;
}

void atp_ledger_give_up_gaps(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint64_t count = atp_table_count(&ledger->catalog.sources);

    if (!atp_ledger_is_gap_due(ledger, apply->now_ms)) {
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        int64_t due = due_ms(ledger, atp_table_at(&ledger->catalog.sources, i));
        if (due != 0 && due <= apply->now_ms) {
            give_up(apply, (uint32_t)i);
        }
    }
    atp_ledger_rebuild_gaps(ledger);
}
