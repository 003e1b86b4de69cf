#include "engine/past.h"

#include "engine/base/hash.h"
#include "engine/engine_priv.h"
#include "engine/ledger/catalog/aliases.h"
#include "engine/past_account.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is compared before and after an op: the position, or the sums over the lines of the reservation. */
typedef struct figures {
    bool is_there;
    uint64_t mark; /* another one: something has changed, be it the deadline */
    atp_qty_t on_hand;
    atp_qty_t unavailable;
    atp_qty_t reserved;
    atp_qty_t allocated;
    atp_qty_t safety;
    atp_qty_t shipped;
} figures_t;

struct atp_past {
    atp_past_report_t report;
    atp_past_ask_t ask;
    int64_t begin_ms; /* of the window */
    int64_t end_ms;
    atp_ledger_config_t config;
    atp_ledger_t *ledger;
    figures_t now;
    bool is_row_known; /* the SKU and node of the ask have their numbers */
    bool is_in_use;
    bool is_over;                        /* a frame after the end was met */
    char texts[3][ATP_ID_SIZE_MAX];      /* of the ask: the caller's may go */
    atp_past_op_t ops[ATP_PAST_OPS_MAX]; /* a ring */
    atp_past_accounts_t accounts;        /* of a reservation */
};

/* ---- figures ---- */

static void find_row(atp_past_t *past)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(past->ledger);
    uint64_t seed = atp_ledger_seed(past->ledger);
    const atp_past_ask_t *ask = &past->ask;

    past->is_row_known = atp_catalog_means_sku(catalog, ATP_TEXT(""), ask->sku, seed, &past->report.sku) &&
                         atp_catalog_means_node(catalog, ATP_TEXT(""), ask->node, seed, &past->report.node);
}

static figures_t position_figures(atp_past_t *past)
{
    atp_position_view_t view;
    uint32_t row;

    if (!past->is_row_known) {
        find_row(past);
    }
    if (!past->is_row_known ||
        !atp_positions_find(atp_ledger_positions(past->ledger), past->report.sku, past->report.node, &row)) {
        return (figures_t){.is_there = false};
    }
    atp_positions_read(atp_ledger_positions(past->ledger), row, &view);
    return (figures_t){.is_there = true,
                       .mark = view.version,
                       .on_hand = view.on_hand,
                       .unavailable = view.unavailable,
                       .reserved = view.reserved,
                       .allocated = view.allocated,
                       .safety = view.safety};
}

static figures_t reservation_figures(atp_past_t *past)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(past->ledger);
    figures_t figures = {.is_there = false};
    uint32_t number;

    if (!atp_ledger_find_reservation(past->ledger, past->ask.reservation, &number)) {
        return figures;
    }
    const atp_reservation_t *reservation = atp_reservation_at(reservations, number);
    past->report.reservation = number;
    figures.is_there = true;
    figures.mark = reservation->version * 31 + (uint64_t)reservation->deadline_ms * 3 + reservation->status +
                   ((uint64_t)reservation->line_count << 50);
    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        figures.reserved += line->reserved;
        figures.allocated += line->allocated;
        figures.shipped += line->shipped;
        at = line->next;
    }
    return figures;
}

static figures_t figures_of(atp_past_t *past)
{
    return past->ask.reservation.size > 0 ? reservation_figures(past) : position_figures(past);
}

/* ---- ops ---- */

static bool is_client_kind(const atp_op_t *op)
{
    return op->kind >= ATP_FIRST_CLIENT_KIND;
}

/* The first text of a client's op: its reservation, or what else it is about. */
static atp_text_t subject_of(const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);

    return is_client_kind(op) ? atp_op_text_next(&cursor) : (atp_text_t){"", 0};
}

/* True if a line of the op names the SKU, and the node or none. */
static bool names_position(const atp_past_t *past, const atp_op_t *op)
{
    const atp_op_line_t *lines = atp_op_lines(op);
    const char *cursor = atp_op_text_begin(op);

    atp_op_text_next(&cursor);
    atp_op_text_next(&cursor);
    if (op->flags & ATP_OP_CHANNEL_NAMED) {
        atp_op_text_next(&cursor);
    }
    for (uint32_t i = 0; i < op->line_count; i++) {
        bool is_sku = past->is_row_known && lines[i].sku == past->report.sku;
        bool is_node = past->is_row_known && lines[i].node == past->report.node;
        if (lines[i].flags & ATP_LINE_SKU_NAMED) {
            is_sku = atp_text_equal(atp_op_text_next(&cursor), past->ask.sku);
        }
        if (lines[i].flags & ATP_LINE_NODE_NAMED) {
            is_node = atp_text_equal(atp_op_text_next(&cursor), past->ask.node);
        }
        if (is_sku && (is_node || (lines[i].flags & ATP_LINE_NODE_OPEN))) {
            return true;
        }
    }
    return false;
}

/* True if the op says what it is about: then it is told though it changed nothing, because it was refused. */
static bool names_it(const atp_past_t *past, const atp_op_t *op)
{
    if (!is_client_kind(op)) {
        return false;
    }
    return past->ask.reservation.size > 0 ? atp_text_equal(subject_of(op), past->ask.reservation)
                                          : names_position(past, op);
}

static void keep(atp_past_t *past, const atp_op_t *op, const atp_result_t *result, int64_t time_ms,
                 const figures_t *before, const figures_t *after)
{
    atp_past_op_t *kept = &past->ops[past->report.op_count++ % ATP_PAST_OPS_MAX];
    atp_text_t subject = subject_of(op);

    *kept = (atp_past_op_t){.op = result->op,
                            .time_ms = time_ms,
                            .kind = op->kind,
                            .verdict = result->verdict,
                            .field = result->field,
                            .on_hand = after->on_hand - before->on_hand,
                            .unavailable = after->unavailable - before->unavailable,
                            .reserved = after->reserved - before->reserved,
                            .allocated = after->allocated - before->allocated,
                            .safety = after->safety - before->safety,
                            .shipped = after->shipped - before->shipped};
    if (subject.size <= ATP_ID_SIZE_MAX) {
        memcpy(kept->subject, subject.bytes, subject.size);
    }
    atp_text_t correlation = atp_op_correlation(op);
    memcpy(kept->correlation, correlation.bytes, correlation.size);
}

static bool is_same(const figures_t *a, const figures_t *b)
{
    return a->is_there == b->is_there && a->mark == b->mark && a->reserved == b->reserved &&
           a->allocated == b->allocated && a->shipped == b->shipped;
}

/* The account of a reserve of the reservation asked for. */
static void take_account(void *context, const atp_op_t *op, int64_t time_ms)
{
    atp_past_t *past = context;

    if (op->kind == ATP_OP_RESERVE && atp_text_equal(subject_of(op), past->ask.reservation)) {
        atp_past_accounts_take(&past->accounts, past->ledger, op, time_ms);
    }
}

static void note_op(void *context, const atp_op_t *op, const atp_result_t *result, const atp_grant_t *grants,
                    int64_t time_ms)
{
    atp_past_t *past = context;
    figures_t before = past->now;

    (void)grants;
    atp_past_accounts_keep(&past->accounts, result);
    past->now = figures_of(past);
    bool is_refused = !atp_verdict_is_success((atp_verdict_t)result->verdict);
    bool is_touched = !is_same(&before, &past->now) || (is_refused && names_it(past, op));
    if (is_touched && time_ms >= past->begin_ms) {
        keep(past, op, result, time_ms, &before, &past->now);
    }
    past->report.op = result->op;
    past->report.op_ms = time_ms;
    past->report.replayed++;
}

/* ATP_ERR_CLOSED: the time is reached. */
static atp_err_t visit(void *context, const atp_frame_t *frame, atp_journal_position_t place,
                       atp_why_t *ret_why)
{
    atp_past_t *past = context;

    if (frame->time_ms > past->end_ms) {
        past->is_over = true;
        return ATP_ERR_CLOSED;
    }
    const atp_onlooker_t onlooker = {
        .before = past->ask.reservation.size > 0 ? take_account : NULL, .after = note_op, .context = past};
    return atp_engine_replay_frame(past->ledger, frame, place, &onlooker, ret_why);
}

/* ---- where to begin ---- */

typedef enum begin { BEGIN_NEWEST, BEGIN_OLDER, BEGIN_OP_1 } begin_t;

/* Makes the ledger empty again. */
static atp_err_t renew(atp_past_t *past, atp_why_t *ret_why)
{
    atp_ledger_destroy(past->ledger);
    past->ledger = NULL;
    return atp_ledger_create(&past->config, &past->ledger, ret_why);
}

/* The state of a snapshot; ATP_ERR_NOT_FOUND if there is none, or it is younger than `latest_ms`. */
static atp_err_t load(atp_past_t *past, const char *folder, begin_t from, int64_t latest_ms,
                      atp_why_t *ret_why)
{
    atp_snapshot_options_t options = {
        .folder = folder, .map_size = ATP_SNAPSHOT_MAP_DEFAULT, .pool_pieces = 2, .read_only = true};
    atp_snapshots_t *snapshots = NULL;
    atp_table_t *tables[ATP_LEDGER_TABLES];
    atp_snapshot_meta_t meta;

    atp_err_t err = renew(past, ret_why);
    err = err == ATP_OK ? atp_snapshots_open(&options, &snapshots, ret_why) : err;
    if (err != ATP_OK) {
        return err;
    }
    atp_ledger_tables(past->ledger, tables);
    err = from == BEGIN_NEWEST
              ? atp_snapshots_load(snapshots, tables, ATP_LEDGER_TABLES, &meta, ret_why)
              : atp_snapshots_load_older(snapshots, tables, ATP_LEDGER_TABLES, &meta, ret_why);
    atp_snapshots_close(snapshots);
    if (err == ATP_OK && meta.time_ms > latest_ms) {
        return ATP_ERR_NOT_FOUND;
    }
    err = err == ATP_OK ? atp_ledger_rebuild(past->ledger, ret_why) : err;
    if (err == ATP_OK) {
        past->report.from_op = meta.op + 1;
        past->report.from_ms = meta.time_ms;
        past->report.op = meta.op;
        past->report.op_ms = meta.time_ms;
    }
    return err;
}

/* Reads the journal behind the state that is there, up to the time asked for. */
static atp_err_t replay(atp_past_t *past, const char *folder, atp_why_t *ret_why)
{
    atp_storage_t *storage = NULL;
    atp_journal_t *journal = NULL;
    atp_journal_tail_t tail;

    atp_err_t err = atp_storage_posix_open(folder, &storage, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    atp_journal_options_t options = {.storage = storage,
                                     .segment_size = ATP_SEGMENT_SIZE_DEFAULT,
                                     .segments_ahead = 1,
                                     .read_only = true,
                                     .in_use = past->is_in_use};
    err = atp_journal_open(&options, &journal, ret_why);
    if (err == ATP_OK) {
        past->now = figures_of(past);
        err = atp_journal_replay(journal, past->report.from_op, visit, past, &tail, ret_why);
        err = past->is_over ? ATP_OK : err;
        atp_journal_close(journal);
    }
    atp_storage_posix_close(storage);
    return err;
}

/* The latest beginning that has all of the window before it; else the earliest there is. */
static atp_err_t read_up(atp_past_t *past, const char *folder, atp_why_t *ret_why)
{
    atp_err_t err = load(past, folder, BEGIN_NEWEST, past->begin_ms, ret_why);

    if (err == ATP_ERR_NOT_FOUND || err == ATP_ERR_CORRUPT) {
        err = load(past, folder, BEGIN_OLDER, past->begin_ms, ret_why);
    }
    if (err == ATP_OK) {
        return replay(past, folder, ret_why);
    }
    if (err != ATP_ERR_NOT_FOUND && err != ATP_ERR_CORRUPT) {
        return err;
    }
    err = renew(past, ret_why);
    past->report.from_op = 1;
    past->report.from_ms = 0;
    err = err == ATP_OK ? replay(past, folder, ret_why) : err;
    if (err != ATP_ERR_CORRUPT || past->report.replayed > 0) {
        return err;
    }
    /* The journal does not go back to op 1: what the oldest snapshot has, and the part of the window behind it. */
    err = load(past, folder, BEGIN_OLDER, past->end_ms, ret_why);
    if (err == ATP_ERR_NOT_FOUND) {
        err = load(past, folder, BEGIN_NEWEST, past->end_ms, ret_why);
    }
    if (err == ATP_ERR_NOT_FOUND) {
        return atp_fail(
            ret_why, ATP_ERR_NOT_FOUND,
            "that time is before all that is kept: the oldest snapshot is younger, and the journal before it "
            "was dropped");
    }
    return err == ATP_OK ? replay(past, folder, ret_why) : err;
}

/* ---- what was due then ---- */

/* From its deadline on a reservation counts in nothing, though no op has come by: as any reader then was told. */
static void settle(atp_past_t *past)
{
    _Alignas(8) unsigned char record[ATP_OP_SIZE_MAX];
    atp_grant_t grants[1];
    atp_result_t result;

    if (past->is_row_known) { /* the wheel may be late by a tick */
        (void)atp_op_encode_settle(record, past->report.sku, past->report.node);
        (void)atp_ledger_apply(past->ledger, (const atp_op_t *)(const void *)record, past->end_ms, &result,
                               grants);
    }
    while (past->report.op > 0 && atp_ledger_is_pulse_due(past->ledger, past->end_ms)) {
        (void)atp_op_encode_pulse(record, ATP_PULSE_LIMIT);
        if (!atp_ledger_apply(past->ledger, (const atp_op_t *)(const void *)record, past->end_ms, &result,
                              grants)) {
            return;
        }
    }
}

static atp_err_t find_asked(atp_past_t *past, atp_why_t *ret_why)
{
    past->now = figures_of(past);
    past->report.is_there = past->now.is_there;
    past->report.from_ms = past->report.from_ms > past->begin_ms ? past->report.from_ms : past->begin_ms;
    past->report.told =
        (uint32_t)(past->report.op_count < ATP_PAST_OPS_MAX ? past->report.op_count : ATP_PAST_OPS_MAX);
    if (past->ask.reservation.size > 0) {
        return past->report.is_there || past->report.op_count > 0
                   ? ATP_OK
                   : atp_fail(ret_why, ATP_ERR_NOT_FOUND, "no reservation of that id is known at that time");
    }
    return past->is_row_known
               ? ATP_OK
               : atp_fail(ret_why, ATP_ERR_NOT_FOUND, "no such SKU or node is known at that time");
}

/* ---- open and close ---- */

static atp_text_t keep_text(atp_past_t *past, unsigned i, atp_text_t text)
{
    uint32_t size = text.size < ATP_ID_SIZE_MAX ? text.size : ATP_ID_SIZE_MAX;

    memcpy(past->texts[i], text.size > 0 ? text.bytes : "", size);
    return (atp_text_t){past->texts[i], size};
}

static void set_times(atp_past_t *past)
{
    int64_t now_ms = atp_clock_system()->wall_ms(atp_clock_system());
    /* Ledger time may run a little ahead of the wall: "now" is all there is. */
    past->end_ms = past->ask.at_ms > 0 ? past->ask.at_ms : INT64_MAX;
    past->report.at_ms = past->ask.at_ms > 0 ? past->ask.at_ms : now_ms;
    past->begin_ms = past->report.at_ms > past->ask.window_ms ? past->report.at_ms - past->ask.window_ms : 0;
}

atp_err_t atp_past_open(const char *folder, const atp_past_ask_t *ask, atp_past_t **ret_past,
                        atp_why_t *ret_why)
{
    atp_past_t *past = calloc(1, sizeof *past);
    int lock = -1;

    if (past == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory to read the past");
    }
    past->ask = *ask;
    past->ask.sku = keep_text(past, 0, ask->sku);
    past->ask.node = keep_text(past, 1, ask->node);
    past->ask.reservation = keep_text(past, 2, ask->reservation);
    set_times(past);
    atp_err_t err =
        past->ask.reservation.size > 0 ? atp_past_accounts_init(&past->accounts, ret_why) : ATP_OK;
    err = err == ATP_OK ? atp_genesis_read(folder, &past->config, ret_why) : err;
    if (err == ATP_OK) {
        atp_err_t locked = atp_engine_lock_folder(folder, &lock, ret_why);
        past->is_in_use = locked == ATP_ERR_LOCKED;
        err = past->is_in_use ? ATP_OK : locked;
    }
    err = err == ATP_OK ? read_up(past, folder, ret_why) : err;
    if (lock >= 0) {
        close(lock);
    }
    if (err == ATP_OK) {
        past->end_ms = past->ask.at_ms > 0 ? past->ask.at_ms : past->report.at_ms;
        settle(past);
        past->report.ledger = past->ledger;
        err = find_asked(past, ret_why);
    }
    if (err != ATP_OK) {
        atp_past_close(past);
        return err;
    }
    *ret_past = past;
    return ATP_OK;
}

void atp_past_close(atp_past_t *past)
{
    if (past != NULL) {
        atp_past_accounts_fini(&past->accounts);
        atp_ledger_destroy(past->ledger);
        free(past);
    }
}

const atp_past_report_t *atp_past_report(const atp_past_t *past)
{
    return &past->report;
}

const atp_past_op_t *atp_past_op(const atp_past_t *past, uint32_t i)
{
    uint64_t first = past->report.op_count - past->report.told;

    ATP_ASSERT(i < past->report.told);
    return &past->ops[(first + i) % ATP_PAST_OPS_MAX];
}

uint32_t atp_past_account_count(const atp_past_t *past)
{
    return atp_past_accounts_count(&past->accounts);
}

const atp_past_account_t *atp_past_account(const atp_past_t *past, uint32_t i)
{
    return atp_past_accounts_at(&past->accounts, i);
}
