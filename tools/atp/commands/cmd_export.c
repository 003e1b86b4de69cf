/* atp export: positions, reservations, aliases or units as CSV. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/out/csv_out.h"
#include "tools/atp/out/file_out.h"
#include "tools/atp/out/record_out.h"
#include "tools/atp/out/x12_out.h"
#include "tools/atp/rows/alias_rows.h"
#include "tools/atp/rows/pages.h"

#include "loaders/progress.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

typedef struct export
{
    atp_cli_t *cli;
    atp_file_out_t file;
    atp_out_t json;
    atp_progress_t progress;
    uint64_t rows;
    atp_text_t node; /* positions of this one only; "" = all */
    bool is_x12;
    atp_x12_out_t x12;
    bool is_unwritable; /* an id has a sign of X12 in it, or words are not understood */
}
export_t;

/* ---- positions ---- */

static atp_qty_t signed_atp(const atp_position_row_t *row)
{
    return row->on_hand - row->unavailable - row->reserved - row->allocated - row->safety;
}

static void put_position_json(atp_out_t *out, const atp_position_row_t *row)
{
    atp_out_row(out);
    atp_out_text(out, "sku", NULL, row->sku);
    atp_out_text(out, "node", NULL, row->node);
    atp_out_qty(out, "on_hand", NULL, row->on_hand, row->scale);
    atp_out_qty(out, "unavailable", NULL, row->unavailable, row->scale);
    atp_out_qty(out, "reserved", NULL, row->reserved, row->scale);
    atp_out_qty(out, "allocated", NULL, row->allocated, row->scale);
    atp_out_qty(out, "safety", NULL, row->safety, row->scale);
    atp_out_qty(out, "atp_signed", NULL, signed_atp(row), row->scale);
    atp_out_int(out, "scale", NULL, row->scale);
    atp_out_uint(out, "version", NULL, row->version);
}

static void put_position(FILE *file, const atp_position_row_t *row)
{
    atp_csv_text(file, row->sku, ',');
    atp_csv_text(file, row->node, ',');
    atp_csv_qty(file, row->on_hand, row->scale, ',');
    atp_csv_qty(file, row->unavailable, row->scale, ',');
    atp_csv_qty(file, row->reserved, row->scale, ',');
    atp_csv_qty(file, row->allocated, row->scale, ',');
    atp_csv_qty(file, row->safety, row->scale, ',');
    atp_csv_qty(file, signed_atp(row), row->scale, ',');
    (void)fprintf(file, "%u,%" PRIu64 "\n", row->scale, row->version);
}

static bool is_writable(const export_t *export)
{
    return !ferror(export->file.file);
}

static void count_rows(export_t *export, uint32_t count)
{
    export->rows += count;
    atp_progress_update(&export->progress, atp_now_ms(), 0, 0, export->rows);
}

static void put_position_as_wanted(export_t *export, const atp_position_row_t *row)
{
    if (export->is_x12 && !atp_x12_can_be_written(row->sku)) {
        (void)atp_cli_fail(export->cli, ATP_CLI_FAILED, "not_writable",
                           "the SKU '%.*s' has a sign in it that X12 uses", (int)row->sku.size,
                           row->sku.bytes);
        export->is_unwritable = true;
    } else if (export->is_x12) {
        atp_x12_put(&export->x12, row);
    } else if (export->cli->is_json) {
        put_position_json(&export->json, row);
    } else {
        put_position(export->file.file, row);
    }
}

static bool take_positions(void *context, const atp_answer_t *answer)
{
    export_t *export = context;
    const atp_position_row_t *rows = atp_answer_positions(answer);
    uint32_t count = atp_answer_head(answer).row_count;
    uint32_t taken = 0;

    for (uint32_t i = 0; i < count && !export->is_unwritable; i++) {
        if (export->node.size == 0 || atp_text_equal(export->node, rows[i].node)) {
            put_position_as_wanted(export, &rows[i]);
            taken++;
        }
    }
    count_rows(export, taken);
    return is_writable(export) && !export->is_unwritable;
}

/* ---- reservations: a row a line ---- */

static void put_reservation_json(atp_out_t *out, const atp_record_t *record, const atp_record_line_t *line)
{
    atp_record_put_head(out, record);
    atp_out_text(out, "sku", NULL, line->sku);
    atp_out_text(out, "node", NULL, line->node);
    atp_out_qty(out, "granted", NULL, line->granted, line->scale);
    atp_out_qty(out, "reserved", NULL, line->reserved, line->scale);
    atp_out_qty(out, "allocated", NULL, line->allocated, line->scale);
    atp_out_qty(out, "shipped", NULL, line->shipped, line->scale);
}

static void put_reservation(FILE *file, const atp_record_t *record, const atp_record_line_t *line)
{
    atp_csv_text(file, record->id, ',');
    atp_csv_text(file, atp_text_of(atp_record_state_text(record->state)), ',');
    atp_csv_text(file, record->channel, ',');
    atp_csv_text(file, record->owner, ',');
    atp_csv_time(file, record->created_ms, ',');
    (void)fprintf(file, "%" PRIu64 ",", record->version);
    atp_csv_time(file, record->deadline_ms, ',');
    atp_csv_text(file, line->sku, ',');
    atp_csv_text(file, line->node, ',');
    atp_csv_qty(file, line->granted, line->scale, ',');
    atp_csv_qty(file, line->reserved, line->scale, ',');
    atp_csv_qty(file, line->allocated, line->scale, ',');
    atp_csv_qty(file, line->shipped, line->scale, '\n');
}

static bool take_reservations(void *context, const atp_answer_t *answer)
{
    export_t *export = context;
    const atp_record_t *records = atp_answer_records(answer);
    uint32_t count = atp_answer_head(answer).row_count;

    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < records[i].line_count; k++) {
            if (export->cli->is_json) {
                put_reservation_json(&export->json, &records[i], &records[i].lines[k]);
            } else {
                put_reservation(export->file.file, &records[i], &records[i].lines[k]);
            }
        }
        count_rows(export, records[i].line_count);
    }
    return is_writable(export);
}

/* ---- aliases and units: as atp load takes them ---- */

static void put_alias(export_t *export, const atp_alias_row_t *row)
{
    if (export->cli->is_json) {
        atp_out_row(&export->json);
        atp_out_text(&export->json, "alias", NULL, row->alias);
        atp_out_text(&export->json, "sku", NULL, row->sku);
        atp_out_text(&export->json, "node", NULL, row->node);
        atp_out_text(&export->json, "told_by", NULL, row->told_by);
        return;
    }
    atp_csv_text(export->file.file, row->alias, ',');
    atp_csv_text(export->file.file, row->sku, ',');
    atp_csv_text(export->file.file, row->node, ',');
    atp_csv_text(export->file.file, row->told_by, '\n');
}

static void put_unit(export_t *export, const atp_unit_row_t *row)
{
    if (export->cli->is_json) {
        atp_out_row(&export->json);
        atp_out_text(&export->json, "unit", NULL, row->unit);
        atp_out_text(&export->json, "sku", NULL, row->sku);
        atp_out_uint(&export->json, "is", NULL, row->is);
        atp_out_uint(&export->json, "for", NULL, row->per);
        atp_out_text(&export->json, "told_by", NULL, row->told_by);
        return;
    }
    atp_csv_text(export->file.file, row->unit, ',');
    atp_csv_text(export->file.file, row->sku, ',');
    (void)fprintf(export->file.file, "%" PRIu64 ",%" PRIu64 ",", row->is, row->per);
    atp_csv_text(export->file.file, row->told_by, '\n');
}

static bool fail_words(export_t *export)
{
    (void)atp_cli_fail(export->cli, ATP_CLI_FAILED, "format",
                       "the engine tells of it in words that this atp does not know");
    export->is_unwritable = true;
    return false;
}

static bool take_aliases(void *context, const atp_answer_t *answer)
{
    export_t *export = context;
    uint32_t count = atp_answer_head(answer).row_count;
    atp_alias_row_t row;

    for (uint32_t i = 0; i < count; i++) {
        if (!atp_alias_row_read(&atp_answer_catalog(answer)[i], &row)) {
            return fail_words(export);
        }
        put_alias(export, &row);
    }
    count_rows(export, count);
    return is_writable(export);
}

static bool take_units(void *context, const atp_answer_t *answer)
{
    export_t *export = context;
    uint32_t count = atp_answer_head(answer).row_count;
    atp_unit_row_t row;

    for (uint32_t i = 0; i < count; i++) {
        if (!atp_unit_row_read(&atp_answer_catalog(answer)[i], &row)) {
            return fail_words(export);
        }
        put_unit(export, &row);
    }
    count_rows(export, count);
    return is_writable(export);
}

/* ---- the command ---- */

typedef struct exported {
    const char *name;
    const char *header;
    atp_page_ask_fn ask;
    atp_page_take_fn take;
    atp_catalog_what_t what;
} exported_t;

static const exported_t things[] = {
    {"positions", "sku,node,on_hand,unavailable,reserved,allocated,safety,atp_signed,scale,version\n",
     atp_client_positions, take_positions, (atp_catalog_what_t)0},
    {"reservations",
     "reservation,state,channel,owner,created,version,deadline,sku,node,granted,"
     "reserved,allocated,shipped\n",
     atp_client_reservations, take_reservations, (atp_catalog_what_t)0},
    {"aliases", "alias,sku,node,told_by\n", atp_client_catalog, take_aliases, ATP_CATALOG_ALIASES},
    {"units", "unit,sku,is,for,told_by\n", atp_client_catalog, take_units, ATP_CATALOG_UNITS},
};

static const exported_t *find_thing(const char *name)
{
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
        if (strcmp(things[i].name, name) == 0) {
            return &things[i];
        }
    }
    return NULL;
}

static int walk(export_t *export, const exported_t *thing)
{
    atp_page_ask_t ask = {.what = thing->what};
    atp_cli_t *cli = export->cli;

    if (!cli->is_json && !cli->is_quiet && !export->is_x12) {
        (void)fputs(thing->header, export->file.file);
    }
    int status = atp_pages_walk(cli, thing->ask, &ask, 0, thing->take, export);
    return status == ATP_CLI_DONE && export->is_unwritable ? ATP_CLI_FAILED : status;
}

/* One X12 846, whole. */
static int walk_x12(export_t *export, atp_text_t sender, atp_text_t receiver, uint64_t control)
{
    int64_t now_ms = atp_now_ms();

    control = control != 0 ? control : (uint64_t)(now_ms / 1000) % ATP_X12_CONTROL_MAX + 1;
    atp_x12_begin(&export->x12, export->file.file, sender, receiver, control, export->node, now_ms);
    int status = walk(export, &things[0]);
    atp_x12_end(&export->x12);
    return status;
}

typedef struct parties {
    atp_text_t sender;
    atp_text_t receiver;
    uint64_t control;
} parties_t;

static bool is_party(atp_text_t text)
{
    return text.size <= ATP_X12_PARTY_MAX && atp_x12_can_be_written(text);
}

/* What the flags say of an X12; false: it was said what is wrong. */
static bool read_parties(const export_t *export, parties_t *ret_parties)
{
    const atp_cli_t *cli = export->cli;

    *ret_parties = (parties_t){ATP_TEXT("ATPD"), ATP_TEXT("PARTNER"), 0};
    if (!atp_args_id(&cli->args, "sender", &ret_parties->sender) ||
        !atp_args_id(&cli->args, "receiver", &ret_parties->receiver) ||
        !atp_args_count(&cli->args, "control", 1, ATP_X12_CONTROL_MAX, &ret_parties->control)) {
        return false;
    }
    if (export->is_x12 && (cli->is_json || !atp_x12_can_be_written(export->node) ||
                           !is_party(ret_parties->sender) || !is_party(ret_parties->receiver))) {
        (void)atp_cli_usage(
            cli->cmd,
            "an X12 846 is of one --node, without --json; no text has * : or ~ in it, sender and "
            "receiver have at most %d bytes",
            ATP_X12_PARTY_MAX);
        return false;
    }
    return true;
}

static int run(atp_cli_t *cli)
{
    const char *what = cli->args.words[0];
    export_t export = {.cli = cli, .node = ATP_TEXT("")};
    const exported_t *thing = find_thing(what);
    bool is_positions = thing == &things[0];
    bool shows = !cli->is_quiet && !cli->is_json && atp_args_has(&cli->args, "out");
    unsigned format = 0;
    parties_t parties;

    if (thing == NULL) {
        return atp_cli_usage(cli->cmd, "'%s' cannot be exported: positions, reservations, aliases or units",
                             what);
    }
    if (!atp_args_choice(&cli->args, "format", &format) || !atp_args_id(&cli->args, "node", &export.node)) {
        return ATP_CLI_USAGE;
    }
    export.is_x12 = format == 1;
    if (!is_positions && (export.is_x12 || export.node.size > 0)) {
        return atp_cli_usage(cli->cmd, "--node and X12 are of positions");
    }
    if (!read_parties(&export, &parties)) {
        return ATP_CLI_USAGE;
    }
    if (!atp_file_out_open(cli, atp_args_text(&cli->args, "out"), &export.file)) {
        return ATP_CLI_FAILED;
    }
    atp_out_init(&export.json, export.file.file, true, false);
    atp_progress_init(&export.progress, shows ? stderr : NULL, isatty(STDERR_FILENO) == 1, "exporting",
                      atp_now_ms());
    int status = export.is_x12 ? walk_x12(&export, parties.sender, parties.receiver, parties.control)
                               : walk(&export, thing);
    atp_out_fini(&export.json);
    int closed = atp_file_out_close(cli, &export.file, status == ATP_CLI_DONE);
    if (status == ATP_CLI_DONE && closed == ATP_CLI_DONE && shows) {
        atp_progress_finish(&export.progress, atp_now_ms(), 0, 0, export.rows);
    }
    return status != ATP_CLI_DONE ? status : closed;
}

static const atp_flag_t flags[] = {
    {"out", "FILE", NULL, "Write here, when complete; a file of that name is replaced (standard output)"},
    {"node", "NODE", NULL, "Positions of this node only (all)"},
    {"format", "FORMAT", "csv|x12-846", "CSV, or an X12 846 of one node for a partner (csv)"},
    {"sender", "ID", NULL, "Who sends the X12, up to 15 bytes (ATPD)"},
    {"receiver", "ID", NULL, "Who receives it, up to 15 bytes (PARTNER)"},
    {"control", "N", NULL, "Its control number, 1 to 999999999 (from the time)"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {
    "atp export positions --out positions.csv",
    "atp export reservations | grep reserved",
    "atp export positions --json --out positions.jsonl",
    "atp export aliases --out aliases.csv",
    "atp export positions --node berlin --format x12-846 --receiver RETAILER",
    NULL};

const atp_cmd_t atp_cmd_export = {
    .name = "export",
    .group = "Files",
    .synopsis = "positions|reservations|aliases|units",
    .summary = "The ledger as CSV, page by page",
    .about =
        "Reservations have a row for each of their lines. Changes made meanwhile may be in it or not. "
        "--json gives\n"
        "JSON lines instead, --quiet leaves out the header. Aliases and units are written as atp load takes "
        "them (its\n"
        "profiles aliases and units, or aliases-json-lines and units-json-lines).",
    .choices = "positions|reservations|aliases|units",
    .word_min = 1,
    .word_max = 1,
    .flags = flags,
    .examples = examples,
    .run = run,
};
