/* The audit: the journal read again from the beginning (or the older snapshot), every grant checked against the state it
 * was given in. It needs no lock and changes nothing, so it may run beside a living atpd. */
#include "engine/engine_priv.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

typedef struct audit {
    atp_ledger_t *ledger;
    bool is_in_use; /* another process appends: a frame that does not verify may be half written */
    atp_audit_report_t *report;
} audit_t;

/* True if a position that the grant took from has less than nothing left. (One that merely stands in the op may: a
 * fact has shrunk it, and the line got nothing.) */
static bool is_oversold(const audit_t *audit, const atp_op_t *op)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(audit->ledger);
    const char *cursor = atp_op_text_begin(op);
    uint32_t number;

    bool is_found = atp_ledger_find_reservation(audit->ledger, atp_op_text_next(&cursor), &number);
    ATP_ASSERT(is_found); /* it was granted just now */
    uint32_t link = atp_reservation_at(reservations, number)->first_line;
    while (link != 0) {
        const atp_line_t *line = atp_line_at(reservations, link - 1);
        atp_position_view_t view;
        atp_positions_read(atp_ledger_positions(audit->ledger), line->row, &view);
        if (line->reserved > 0 && atp_view_atp(&view) < 0) {
            return true;
        }
        link = line->next;
    }
    return false;
}

static void note_oversold(audit_t *audit, const atp_result_t *result)
{
    audit->report->oversold++;
    audit->report->first_oversold_op =
        audit->report->oversold == 1 ? result->op : audit->report->first_oversold_op;
}

/* Right after a grant no position that it took from may have less than nothing left: that would be oversold. (What was sold
 * elsewhere, and is only kept track of, may.) */
static void check_grant(audit_t *audit, const atp_op_t *op, const atp_result_t *result)
{
    audit->report->reserves++;
    if (!atp_verdict_is_success((atp_verdict_t)result->verdict)) {
        audit->report->refused++;
        return;
    }
    audit->report->granted++;
    if (is_oversold(audit, op)) {
        note_oversold(audit, result);
    }
}

/* Nor may one that units were moved to. */
static void check_moves(audit_t *audit, const atp_result_t *result, const atp_grant_t *plan)
{
    const atp_positions_t *positions = atp_ledger_positions(audit->ledger);
    bool is_oversold_now = false;

    for (uint32_t i = 0; i < result->plan_count; i++) {
        atp_position_view_t view;
        uint32_t row;
        bool is_found = atp_positions_find(positions, plan[i].sku, plan[i].node, &row);
        ATP_ASSERT(is_found); /* it was granted there just now */
        atp_positions_read(positions, row, &view);
        is_oversold_now = is_oversold_now || atp_view_atp(&view) < 0;
    }
    if (is_oversold_now) {
        note_oversold(audit, result);
    }
}

static void note_op(void *context, const atp_op_t *op, const atp_result_t *result, const atp_grant_t *grants,
                    int64_t time_ms)
{
    audit_t *audit = context;

    (void)time_ms;
    audit->report->ops++;
    if (op->kind == ATP_OP_RESERVE && op->option != ATP_RESERVE_TRACK_ONLY) {
        check_grant(audit, op, result);
    }
    if (op->kind == ATP_OP_REASSIGN) {
        check_moves(audit, result, grants + result->line_count);
    }
}

static atp_err_t visit(void *context, const atp_frame_t *frame, atp_journal_position_t place,
                       atp_why_t *ret_why)
{
    audit_t *audit = context;
    const atp_onlooker_t onlooker = {.after = note_op, .context = audit};

    return atp_engine_replay_frame(audit->ledger, frame, place, &onlooker, ret_why);
}

/* The state before the first op that the journal still has: the older snapshot, or the only one. */
static atp_err_t load_snapshot(audit_t *audit, const char *folder, atp_snapshot_meta_t *ret_meta,
                               atp_why_t *ret_why)
{
    atp_snapshot_options_t options = {
        .folder = folder, .map_size = ATP_SNAPSHOT_MAP_DEFAULT, .pool_pieces = 2, .read_only = true};
    atp_snapshots_t *snapshots = NULL;
    atp_table_t *tables[ATP_LEDGER_TABLES];

    atp_err_t err = atp_snapshots_open(&options, &snapshots, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    atp_ledger_tables(audit->ledger, tables);
    err = atp_snapshots_load_older(snapshots, tables, ATP_LEDGER_TABLES, ret_meta, ret_why);
    if (err == ATP_ERR_NOT_FOUND || err == ATP_ERR_CORRUPT) {
        err = atp_snapshots_load(snapshots, tables, ATP_LEDGER_TABLES, ret_meta, ret_why);
    }
    atp_snapshots_close(snapshots);
    return err == ATP_OK ? atp_ledger_rebuild(audit->ledger, ret_why) : err;
}

static atp_err_t replay_from(audit_t *audit, atp_storage_t *storage, uint64_t from_op, atp_why_t *ret_why)
{
    atp_journal_options_t options = {.storage = storage,
                                     .segment_size = ATP_SEGMENT_SIZE_DEFAULT,
                                     .segments_ahead = 1,
                                     .read_only = true,
                                     .in_use = audit->is_in_use};
    atp_journal_t *journal = NULL;
    atp_journal_tail_t tail;

    atp_err_t err = atp_journal_open(&options, &journal, ret_why);
    if (err == ATP_OK) {
        err = atp_journal_replay(journal, from_op, visit, audit, &tail, ret_why);
        atp_journal_close(journal);
    }
    return err;
}

/* The whole journal if it is all there; else from the oldest state that is kept. */
static atp_err_t replay(audit_t *audit, atp_storage_t *storage, const char *folder, atp_why_t *ret_why)
{
    atp_snapshot_meta_t meta;
    atp_err_t err = replay_from(audit, storage, 1, ret_why);

    if (err != ATP_ERR_CORRUPT || audit->report->ops > 0) {
        return err;
    }
    err = load_snapshot(audit, folder, &meta, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    audit->report->from_op = meta.op + 1;
    return replay_from(audit, storage, meta.op + 1, ret_why);
}

atp_err_t atp_engine_audit(const char *folder, atp_audit_report_t *ret_report, atp_why_t *ret_why)
{
    atp_ledger_config_t config;
    atp_storage_t *storage = NULL;
    audit_t audit = {.report = ret_report};
    int lock = -1;

    memset(ret_report, 0, sizeof *ret_report);
    ret_report->from_op = 1;
    atp_err_t err = atp_genesis_read(folder, &config, ret_why);
    err = err == ATP_OK ? atp_ledger_create(&config, &audit.ledger, ret_why) : err;
    err = err == ATP_OK ? atp_storage_posix_open(folder, &storage, ret_why) : err;
    if (err == ATP_OK) {
        atp_err_t locked = atp_engine_lock_folder(folder, &lock, ret_why);
        audit.is_in_use = locked == ATP_ERR_LOCKED;
        err = audit.is_in_use ? ATP_OK : locked;
    }
    err = err == ATP_OK ? replay(&audit, storage, folder, ret_why) : err;
    if (err == ATP_OK) {
        err = atp_ledger_check(audit.ledger, ret_why);
        atp_ledger_counts(audit.ledger, &ret_report->counts);
        ret_report->expired = ret_report->counts.expired;
        ret_report->state_hash = atp_ledger_hash(audit.ledger);
    }
    if (storage != NULL) {
        atp_storage_posix_close(storage);
    }
    if (lock >= 0) {
        close(lock);
    }
    atp_ledger_destroy(audit.ledger);
    return err;
}
