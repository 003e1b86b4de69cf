/* The reading side: what is on disk, put back into the tables or only verified. */
#include "engine/base/hash.h"
#include "engine/store/snapshot_priv.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_PER_TRANSACTION_DEFAULT (UINT32_C(256) << 10)

_Static_assert(sizeof(atp_snapshot_meta_t) == 48 + 16 * ATP_SNAPSHOT_TABLES_MAX + 8,
               "no padding: it is on disk");

uint64_t atp_snapshot_pieces_of(uint32_t record_size, uint64_t count)
{
    uint64_t per_piece = ATP_PIECE_SIZE_MAX / record_size;
    return count / per_piece + (count % per_piece != 0);
}

uint64_t atp_snapshot_meta_checksum(const atp_snapshot_meta_t *meta)
{
    return atp_hash_bytes(meta, offsetof(atp_snapshot_meta_t, checksum), ATP_SNAPSHOT_FORMAT);
}

void atp_snapshots_note_generations(atp_snapshots_t *snapshots)
{
    const atp_generation_t *a = &snapshots->generations[0];
    const atp_generation_t *b = &snapshots->generations[1];
    uint64_t older = a->op < b->op ? a->op : b->op;

    /* Relaxed: seen late, the journal is kept a little longer. Falling back to 0 late is no harm either: the
     * generation that stays is the newer one, and the journal after the older is after it too. */
    atp_store_relaxed(&snapshots->keep_from, a->is_complete && b->is_complete ? older : 0);
}

uint64_t atp_snapshots_keep_from(const atp_snapshots_t *snapshots)
{
    return atp_load_relaxed(&((atp_snapshots_t *)snapshots)->keep_from);
}

/* ---- open and close ---- */

static atp_err_t make_folder(const char *path, atp_why_t *ret_why)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return atp_seal_failed(ret_why, path, "making the folder", errno);
    }
    return ATP_OK;
}

static atp_err_t make_folders(const atp_snapshots_t *snapshots, const char *data_folder, atp_why_t *ret_why)
{
    char path[ATP_SNAPSHOT_FOLDER_SIZE];
    atp_err_t err = make_folder(data_folder, ret_why);

    snprintf(path, sizeof path, "%s/snapshot", data_folder);
    if (err == ATP_OK) {
        err = make_folder(path, ret_why);
    }
    for (int i = 0; i < ATP_GENERATIONS && err == ATP_OK; i++) {
        err = make_folder(snapshots->generations[i].folder, ret_why);
    }
    if (err == ATP_OK) {
        err = atp_seal_sync_folder(path, ret_why);
    }
    return err == ATP_OK ? atp_seal_sync_folder(data_folder, ret_why) : err;
}

static bool file_exists(const char *folder, const char *name)
{
    char path[ATP_SNAPSHOT_FOLDER_SIZE + 16];
    struct stat info;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &info) == 0;
}

/* What the seal says. A data file without a seal is damage: the seal is there before it. */
static atp_err_t look_at(atp_generation_t *generation, atp_seal_t *ret_seal, atp_why_t *ret_why)
{
    atp_err_t err = atp_seal_read(generation->folder, ret_seal, ret_why);

    generation->is_complete = err == ATP_OK && ret_seal->state == ATP_SEAL_COMPLETE;
    generation->op = generation->is_complete ? ret_seal->op : 0;
    if (err == ATP_ERR_NOT_FOUND && file_exists(generation->folder, "data.mdb")) {
        err =
            atp_fail(ret_why, ATP_ERR_CORRUPT, "%.200s: the seal of data.mdb is missing", generation->folder);
    }
    if (err == ATP_OK && !generation->is_complete) {
        err = ATP_ERR_NOT_FOUND;
    }
    generation->is_damaged = err != ATP_OK && err != ATP_ERR_NOT_FOUND;
    return err;
}

static void look_at_all(atp_snapshots_t *snapshots)
{
    atp_seal_t seal;

    for (int i = 0; i < ATP_GENERATIONS; i++) {
        (void)look_at(&snapshots->generations[i], &seal, NULL); /* load and verify tell what is wrong */
        atp_seal_fini(&seal);
    }
    atp_snapshots_note_generations(snapshots);
}

static atp_err_t check_options(const atp_snapshot_options_t *options, atp_why_t *ret_why)
{
    if (options->folder == NULL || options->folder[0] == '\0' ||
        strlen(options->folder) > ATP_SNAPSHOT_FOLDER_SIZE - 32) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "snapshot: the path of the data folder must have 1 to %d bytes",
                        ATP_SNAPSHOT_FOLDER_SIZE - 32);
    }
    if (!options->read_only && options->map_size == 0) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "snapshot: the map size must not be 0");
    }
    return ATP_OK;
}

static atp_err_t open_for_writing(atp_snapshots_t *snapshots, const atp_snapshot_options_t *options,
                                  atp_why_t *ret_why)
{
    atp_err_t err = atp_piece_pool_init(&snapshots->pool, options->pool_pieces);

    if (err != ATP_OK) {
        return atp_fail(ret_why, err,
                        "snapshot: a pool of %u pieces: %s (a power of two from 2 to 2^24 is needed)",
                        options->pool_pieces, atp_err_name(err));
    }
    return make_folders(snapshots, options->folder, ret_why);
}

atp_err_t atp_snapshots_open(const atp_snapshot_options_t *options, atp_snapshots_t **ret_snapshots,
                             atp_why_t *ret_why)
{
    atp_err_t err = check_options(options, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    atp_snapshots_t *snapshots = aligned_alloc(ATP_CACHE_LINE, sizeof *snapshots);
    if (snapshots == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "snapshot: no memory");
    }
    memset(snapshots, 0, sizeof *snapshots);
    snapshots->map_size = options->map_size;
    snapshots->bytes_per_transaction =
        options->bytes_per_transaction == 0 ? BYTES_PER_TRANSACTION_DEFAULT : options->bytes_per_transaction;
    snapshots->pause_us = options->pause_us;
    snapshots->read_only = options->read_only;
    snapshots->sink = (atp_piece_sink_t){atp_snapshots_save, snapshots};
    snapshots->sealer.file = -1;
    for (int i = 0; i < ATP_GENERATIONS; i++) {
        snprintf(snapshots->generations[i].folder, ATP_SNAPSHOT_FOLDER_SIZE, "%s/snapshot/%c",
                 options->folder, 'a' + i);
    }
    if (!options->read_only) {
        err = open_for_writing(snapshots, options, ret_why);
    }
    if (err != ATP_OK) {
        atp_snapshots_close(snapshots);
        return err;
    }
    look_at_all(snapshots);
    *ret_snapshots = snapshots;
    return ATP_OK;
}

void atp_snapshots_close(atp_snapshots_t *snapshots)
{
    if (snapshots == NULL) {
        return;
    }
    atp_generation_destroy(snapshots->db);
    atp_sealer_end(&snapshots->sealer);
    atp_piece_pool_fini(&snapshots->pool);
    free(snapshots);
}

/* ---- reading one generation ---- */

/* One pass over the pieces. `tables` NULL: nothing is restored. */
typedef struct reading {
    const char *folder;
    atp_table_t *const *tables;
    uint32_t table_count;
    atp_table_t *targets[ATP_SNAPSHOT_TABLES_MAX]; /* by place in the meta record */
    uint64_t piece_counts[ATP_SNAPSHOT_TABLES_MAX];
    atp_snapshot_meta_t meta;
    uint64_t pieces;
    uint64_t hash;
    uint32_t place; /* of the table of the last piece: they come in order */
} reading_t;

static atp_err_t check_meta_tables(reading_t *reading, atp_why_t *ret_why)
{
    const atp_snapshot_meta_t *meta = &reading->meta;

    for (uint32_t i = 0; i < meta->table_count; i++) {
        if (meta->tables[i].record_size == 0 || meta->tables[i].record_size > ATP_PIECE_SIZE_MAX) {
            return atp_fail(ret_why, ATP_ERR_FORMAT, "snapshot in %.200s: table %u has records of %u bytes",
                            reading->folder, meta->tables[i].table_id, meta->tables[i].record_size);
        }
        reading->piece_counts[i] = atp_snapshot_pieces_of(meta->tables[i].record_size, meta->tables[i].count);
        reading->hash += atp_table_count_hash(meta->tables[i].table_id, meta->tables[i].count);
    }
    return ATP_OK;
}

static atp_err_t match_table(reading_t *reading, uint32_t place, atp_why_t *ret_why)
{
    uint32_t id = reading->meta.tables[place].table_id;
    uint64_t count = reading->meta.tables[place].count;

    for (uint32_t i = 0; i < reading->table_count; i++) {
        atp_table_t *table = reading->tables[i];
        if (table->id != id || table->record_size != reading->meta.tables[place].record_size) {
            continue;
        }
        if (count > table->capacity) {
            return atp_fail(
                ret_why, ATP_ERR_LIMIT,
                "snapshot in %.200s: table %s holds %llu records, the configured capacity is %llu; raise it",
                reading->folder, table->name, (unsigned long long)count, (unsigned long long)table->capacity);
        }
        reading->targets[place] = table;
        return ATP_OK;
    }
    return atp_fail(ret_why, ATP_ERR_FORMAT,
                    "snapshot in %.200s: table %u with records of %u bytes is unknown to this build",
                    reading->folder, id, reading->meta.tables[place].record_size);
}

static atp_err_t match_tables(reading_t *reading, atp_why_t *ret_why)
{
    if (reading->table_count != reading->meta.table_count) {
        return atp_fail(ret_why, ATP_ERR_FORMAT, "snapshot in %.200s: %u tables, this build has %u",
                        reading->folder, reading->meta.table_count, reading->table_count);
    }
    for (uint32_t place = 0; place < reading->table_count; place++) {
        atp_err_t err = match_table(reading, place, ret_why);
        if (err != ATP_OK) {
            return err;
        }
    }
    return ATP_OK;
}

static bool find_place(reading_t *reading, uint32_t table_id)
{
    for (uint32_t i = 0; i < reading->meta.table_count; i++) {
        uint32_t place = (reading->place + i) % reading->meta.table_count;
        if (reading->meta.tables[place].table_id == table_id) {
            reading->place = place;
            return true;
        }
    }
    return false;
}

static atp_err_t take_piece(reading_t *reading, const atp_stored_piece_t *piece, atp_why_t *ret_why)
{
    uint64_t hash = atp_piece_hash(piece->table_id, piece->piece, piece->bytes, piece->size);

    if (hash != piece->checksum || !find_place(reading, piece->table_id) ||
        piece->piece >= reading->piece_counts[reading->place]) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT,
                        "snapshot in %.200s: piece %llu of table %u is not what was written", reading->folder,
                        (unsigned long long)piece->piece, piece->table_id);
    }
    reading->hash += hash;
    reading->pieces++;
    if (reading->tables == NULL) {
        return ATP_OK;
    }
    if (atp_table_restore_piece(reading->targets[reading->place], piece->piece, piece->bytes, piece->size) !=
        ATP_OK) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "snapshot in %.200s: piece %llu of table %u has %u bytes",
                        reading->folder, (unsigned long long)piece->piece, piece->table_id, piece->size);
    }
    return ATP_OK;
}

static atp_err_t check_totals(const reading_t *reading, atp_why_t *ret_why)
{
    uint64_t expected = 0;

    for (uint32_t i = 0; i < reading->meta.table_count; i++) {
        expected += reading->piece_counts[i];
    }
    /* Keys are unique and each is in range: the right number of them is all of them. */
    if (reading->pieces != expected || reading->pieces != reading->meta.pieces) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "snapshot in %.200s: %llu pieces of %llu", reading->folder,
                        (unsigned long long)reading->pieces, (unsigned long long)expected);
    }
    if (reading->hash != reading->meta.state_hash) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "snapshot in %.200s: the state hash does not hold",
                        reading->folder);
    }
    return ATP_OK;
}

static atp_err_t read_pieces(reading_t *reading, atp_generation_db_t *db, atp_why_t *ret_why)
{
    atp_stored_piece_t piece;
    atp_err_t err;

    while ((err = atp_generation_next(db, &piece, ret_why)) == ATP_OK) {
        err = take_piece(reading, &piece, ret_why);
        if (err != ATP_OK) {
            return err;
        }
    }
    return err == ATP_ERR_NOT_FOUND ? check_totals(reading, ret_why) : err;
}

static atp_err_t read_db(reading_t *reading, atp_generation_db_t *db, atp_why_t *ret_why)
{
    atp_err_t err = atp_generation_meta(db, &reading->meta, ret_why);

    if (err == ATP_OK) {
        err = check_meta_tables(reading, ret_why);
    }
    if (err == ATP_OK && reading->tables != NULL) {
        err = match_tables(reading, ret_why);
    }
    return err == ATP_OK ? read_pieces(reading, db, ret_why) : err;
}

/* Seal, bytes, database, in this order: LMDB sees only bytes that are as they were written. */
static atp_err_t read_generation(reading_t *reading, atp_generation_t *generation, atp_why_t *ret_why)
{
    atp_seal_t seal;
    atp_generation_db_t *db = NULL;
    atp_err_t err = look_at(generation, &seal, ret_why);

    reading->folder = generation->folder;
    if (err == ATP_OK) {
        err = atp_seal_check_data(generation->folder, &seal, ret_why);
    }
    if (err == ATP_OK) {
        err = atp_generation_open(generation->folder, seal.data_size, &db, ret_why);
    }
    if (err == ATP_OK) {
        err = read_db(reading, db, ret_why);
    }
    if (err == ATP_OK && reading->meta.op != seal.op) {
        err = atp_fail(ret_why, ATP_ERR_CORRUPT,
                       "snapshot in %.200s: seal and meta record name different ops", generation->folder);
    }
    atp_generation_destroy(db);
    atp_seal_fini(&seal);
    return err;
}

/* ---- load and verify ---- */

static void empty_tables(atp_table_t *const *tables, uint32_t table_count, const reading_t *reading)
{
    for (uint32_t i = 0; i < table_count; i++) {
        for (uint32_t place = 0; place < reading->meta.table_count; place++) {
            if (reading->targets[place] == tables[i]) {
                memset(tables[i]->base, 0, reading->piece_counts[place] * atp_table_piece_size(tables[i]));
            }
        }
    }
}

static atp_err_t set_counts(const reading_t *reading)
{
    for (uint32_t place = 0; place < reading->meta.table_count; place++) {
        atp_err_t err = atp_table_restore_count(reading->targets[place], reading->meta.tables[place].count);
        if (err != ATP_OK) {
            return err;
        }
    }
    return ATP_OK;
}

static bool is_damage(atp_err_t err)
{
    return err == ATP_ERR_CORRUPT || err == ATP_ERR_IO;
}

static void mark_damaged(atp_snapshots_t *snapshots, atp_generation_t *generation)
{
    generation->is_complete = false;
    generation->is_damaged = true;
    atp_snapshots_note_generations(snapshots);
}

static atp_err_t load_generation(atp_snapshots_t *snapshots, atp_generation_t *generation,
                                 atp_table_t *const *tables, uint32_t table_count,
                                 atp_snapshot_meta_t *ret_meta, atp_why_t *ret_why)
{
    reading_t reading = {.tables = tables, .table_count = table_count};
    atp_err_t err = read_generation(&reading, generation, ret_why);

    if (err == ATP_OK) {
        err = set_counts(&reading);
    }
    if (err == ATP_OK) {
        *ret_meta = reading.meta;
        return ATP_OK;
    }
    empty_tables(tables, table_count, &reading);
    if (is_damage(err)) {
        mark_damaged(snapshots, generation);
    }
    return err;
}

static void tell_of_fallback(atp_why_t *ret_why, const atp_why_t *damage, const char *taken)
{
    (void)atp_fail(ret_why, ATP_OK, "%.240s; took %.100s instead", damage->text, taken);
}

atp_err_t atp_snapshots_load_older(atp_snapshots_t *snapshots, atp_table_t *const *tables,
                                   uint32_t table_count, atp_snapshot_meta_t *ret_meta, atp_why_t *ret_why)
{
    atp_generation_t *all = snapshots->generations;

    return load_generation(snapshots, &all[all[1].op < all[0].op ? 1 : 0], tables, table_count, ret_meta,
                           ret_why);
}

atp_err_t atp_snapshots_load(atp_snapshots_t *snapshots, atp_table_t *const *tables, uint32_t table_count,
                             atp_snapshot_meta_t *ret_meta, atp_why_t *ret_why)
{
    atp_generation_t *all = snapshots->generations;
    /* One with a seal that cannot be read goes first: it may be the newest. */
    int first = all[1].is_damaged || (!all[0].is_damaged && all[1].op > all[0].op);
    atp_why_t whys[ATP_GENERATIONS] = {{""}, {""}};
    atp_err_t errs[ATP_GENERATIONS];

    for (int i = 0; i < ATP_GENERATIONS; i++) {
        atp_generation_t *generation = &all[i == 0 ? first : 1 - first];
        errs[i] = load_generation(snapshots, generation, tables, table_count, ret_meta, &whys[i]);
        if (errs[i] == ATP_OK && i == 1 && is_damage(errs[0])) {
            tell_of_fallback(ret_why, &whys[0], generation->folder);
        }
        if (errs[i] == ATP_OK) {
            return ATP_OK;
        }
        if (errs[i] != ATP_ERR_NOT_FOUND && !is_damage(errs[i])) {
            return atp_fail(ret_why, errs[i], "%.380s", whys[i].text);
        }
    }
    for (int i = 0; i < ATP_GENERATIONS; i++) {
        if (is_damage(errs[i])) {
            return atp_fail(ret_why, ATP_ERR_CORRUPT, "%.280s; no other snapshot verifies", whys[i].text);
        }
    }
    return atp_fail(ret_why, ATP_ERR_NOT_FOUND, "there is no snapshot in %.200s and its neighbour",
                    all[0].folder);
}

atp_err_t atp_snapshots_verify(atp_snapshots_t *snapshots, atp_snapshot_meta_t ret_metas[2],
                               atp_why_t *ret_why)
{
    atp_err_t result = ATP_OK;

    memset(ret_metas, 0, ATP_GENERATIONS * sizeof *ret_metas);
    for (int i = 0; i < ATP_GENERATIONS; i++) {
        reading_t reading = {0};
        atp_why_t why;
        atp_err_t err = read_generation(&reading, &snapshots->generations[i], &why);
        if (err == ATP_OK) {
            ret_metas[i] = reading.meta;
        } else if (err != ATP_ERR_NOT_FOUND && result == ATP_OK) {
            result = atp_fail(ret_why, err, "%.380s", why.text);
        }
    }
    return result;
}
