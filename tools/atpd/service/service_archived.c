/* Archived reservations in the answers to questions about reservations, orders and history. */
#include "tools/atpd/service/service_priv.h"

void atp_work_write_archived(atp_work_t *work, const atp_ledger_t *ledger, const atp_archived_t *archived)
{
    const atp_archive_t *archive = &atp_ledger_reservations(ledger)->archive;
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_record_line_t *lines = work->lines.bytes;
    atp_record_t record = {
        .verdict = ATP_APPLIED,
        .state = ATP_RECORD_ARCHIVED,
        .status = work->service->status_names[ATP_RECORD_ARCHIVED],
        .id = {archived->id, archived->id_size},
        .channel = atp_catalog_channel_id(catalog, archived->channel),
        .created_ms = archived->created_ms,
        .version = archived->version,
        .lines = lines,
        .order = {archived->order, archived->order_size},
    };

    for (uint32_t i = 0; i < archived->line_count && i < ATP_LINES_PER_OP_MAX; i++) {
        const atp_archived_line_t *line = atp_archive_line(archive, archived, i);
        const atp_position_t *position = atp_positions_at(positions, atp_positions_now(positions, line->row));
        lines[record.line_count++] =
            (atp_record_line_t){.sku = atp_catalog_sku_id(catalog, position->sku),
                                .node = atp_catalog_node_id(catalog, position->node),
                                .granted = line->granted,
                                .shipped = line->shipped,
                                .parts[ATP_PART_RETURNED] = line->returned,
                                .scale = atp_positions_scale(positions, position->sku)};
    }
    atp_write_record(&work->writer, &record);
}

bool atp_work_write_archived_order(atp_work_t *work, const atp_ledger_t *ledger,
                                   const atp_archived_t *archived, uint32_t *count)
{
    for (; archived != NULL;
         archived = atp_archive_next_of_order(&atp_ledger_reservations(ledger)->archive, archived)) {
        if (work->writer.is_overflown || ++*count > ATP_PAGE_LIMIT_MAX) {
            return false;
        }
        atp_work_write_archived(work, ledger, archived);
    }
    return true;
}

void atp_work_write_archiving(atp_work_t *work, const atp_ledger_t *ledger, const atp_archived_t *archived)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_archived_line_t *line =
        atp_archive_line(&atp_ledger_reservations(ledger)->archive, archived, 0);
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    const atp_position_t *position = atp_positions_at(positions, atp_positions_now(positions, line->row));
    atp_step_row_t row = {.op = archived->op,
                          .time_ms = archived->archived_ms,
                          .step = atp_text_of(atp_record_state_name(ATP_RECORD_ARCHIVED)),
                          .sku = atp_catalog_sku_id(catalog, position->sku),
                          .node = atp_catalog_node_id(catalog, position->node),
                          .kind = ATP_TEXT(""),
                          .client = ATP_TEXT(""),
                          .has_more = true,
                          .correlation = ATP_TEXT("")};

    atp_write_step(&work->writer, &row);
}
