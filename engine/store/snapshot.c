/* One generation in LMDB: the only file that knows LMDB.
 *
 * An environment is written once, from empty, by one thread, and read only when it is whole and nobody
 * writes: so it has no readers to keep track of, and is opened without a lock file (MDB_NOLOCK; the data
 * folder has one owner). No reader can go stale, and no freed page is kept for one. */
#include "engine/base/hash.h"
#include "engine/store/snapshot_priv.h"

#include <lmdb.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_SIZE      12
#define META_KEY      "snapshot"
#define CHECKSUM_SIZE sizeof(uint64_t)
#define PAGE_SIZE_MAX 65536u
#define PATH_SIZE     (ATP_SNAPSHOT_FOLDER_SIZE + 16)

#define EMPTY_META_SIZE_MAX (2 * (size_t)PAGE_SIZE_MAX)

struct atp_generation_db {
    char folder[ATP_SNAPSHOT_FOLDER_SIZE];
    uint64_t map_size;
    MDB_env *env;
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_dbi pieces;
    MDB_dbi meta;
};

static atp_err_t failed(const atp_generation_db_t *db, const char *what, int rc, atp_why_t *ret_why)
{
    switch (rc) {
    case MDB_MAP_FULL:
        return atp_fail(ret_why, ATP_ERR_LIMIT,
                        "snapshot in %.200s: larger than the %llu bytes the map allows; raise the map size",
                        db->folder, (unsigned long long)db->map_size);
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_NOTFOUND:
    case MDB_INCOMPATIBLE:
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "snapshot in %.200s: %s: %s", db->folder, what,
                        mdb_strerror(rc));
    case MDB_VERSION_MISMATCH:
        return atp_fail(ret_why, ATP_ERR_FORMAT, "snapshot in %.200s: %s: %s", db->folder, what,
                        mdb_strerror(rc));
    case ENOMEM:
        return atp_fail(ret_why, ATP_ERR_MEMORY, "snapshot in %.200s: %s: no memory (map size %llu)",
                        db->folder, what, (unsigned long long)db->map_size);
    default:
        return atp_seal_failed(ret_why, db->folder, what, rc > 0 ? rc : EIO);
    }
}

static atp_err_t new_db(const char *folder, uint64_t map_size, atp_generation_db_t **ret_db,
                        atp_why_t *ret_why)
{
    atp_generation_db_t *db = calloc(1, sizeof *db);

    if (db == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "snapshot in %.200s: no memory", folder);
    }
    snprintf(db->folder, sizeof db->folder, "%s", folder);
    db->map_size = (map_size + PAGE_SIZE_MAX - 1) / PAGE_SIZE_MAX * PAGE_SIZE_MAX;
    int rc = mdb_env_create(&db->env);
    if (rc == 0) {
        rc = mdb_env_set_mapsize(db->env, db->map_size);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(db->env, 2);
    }
    if (rc != 0) {
        atp_err_t err = failed(db, "preparing LMDB", rc, ret_why);
        atp_generation_destroy(db);
        return err;
    }
    *ret_db = db;
    return ATP_OK;
}

void atp_generation_destroy(atp_generation_db_t *db)
{
    if (db == NULL) {
        return;
    }
    if (db->cursor != NULL) {
        mdb_cursor_close(db->cursor);
    }
    if (db->txn != NULL) {
        mdb_txn_abort(db->txn);
    }
    if (db->env != NULL) {
        mdb_env_close(db->env);
    }
    free(db);
}

/* ---- writing ---- */

static void path_of(char *ret_path, size_t size, const char *folder, const char *name)
{
    snprintf(ret_path, size, "%s/%s", folder, name);
}

static int open_for_writing(atp_generation_db_t *db)
{
    /* NOSYNC: commits on the way need no order on the disk; finish syncs them all before the meta record. */
    int rc = mdb_env_open(db->env, db->folder, MDB_NOLOCK | MDB_NOTLS | MDB_NOSYNC, 0600);

    if (rc == 0) {
        rc = mdb_txn_begin(db->env, NULL, 0, &db->txn);
    }
    if (rc == 0) {
        rc = mdb_dbi_open(db->txn, "pieces", MDB_CREATE, &db->pieces);
    }
    return rc == 0 ? mdb_dbi_open(db->txn, "meta", MDB_CREATE, &db->meta) : rc;
}

atp_err_t atp_generation_create(const char *folder, uint64_t map_size, atp_generation_db_t **ret_db,
                                atp_why_t *ret_why)
{
    atp_generation_db_t *db = NULL;
    atp_err_t err = new_db(folder, map_size, &db, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    int rc = open_for_writing(db);
    err = rc == 0 ? atp_generation_commit(db, ret_why) : failed(db, "creating data.mdb", rc, ret_why);
    if (err != ATP_OK) {
        atp_generation_destroy(db);
        return err;
    }
    *ret_db = db;
    return ATP_OK;
}

/* The first pages of an environment that was just made: two empty meta pages. */
static int read_empty_meta(const char *path, unsigned char *ret_bytes, size_t *ret_size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : pread(file, ret_bytes, EMPTY_META_SIZE_MAX, 0);
    int error = size < 0 ? errno : size == 0 ? EIO : 0;

    if (file >= 0) {
        close(file);
    }
    *ret_size = size < 0 ? 0 : (size_t)size;
    return error;
}

static int write_over(const char *path, const unsigned char *bytes, size_t size)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t put = file < 0 ? -1 : pwrite(file, bytes, size, 0);
    int error = put < 0 ? errno : (size_t)put != size ? EIO : 0;

    if (file >= 0) {
        close(file);
    }
    return error;
}

/* The meta pages of the new file, over those of the old one, which then takes its name. */
static int graft(const char *new_path, const char *old_path)
{
    size_t size = 0;
    unsigned char *bytes = malloc(EMPTY_META_SIZE_MAX);
    int error = bytes == NULL ? ENOMEM : read_empty_meta(new_path, bytes, &size);

    error = error == 0 ? write_over(old_path, bytes, size) : error;
    free(bytes);
    return error == 0 && rename(old_path, new_path) != 0 ? errno : error;
}

atp_err_t atp_generation_recycle(const char *folder, atp_why_t *ret_why)
{
    char path[PATH_SIZE];
    char old_path[PATH_SIZE];
    atp_generation_db_t *db = NULL;

    path_of(path, sizeof path, folder, "data.mdb");
    path_of(old_path, sizeof old_path, folder, "data.old");
    if (rename(path, old_path) != 0) {
        return atp_seal_failed(ret_why, folder, "renaming the old data.mdb", errno);
    }
    atp_err_t err = new_db(folder, PAGE_SIZE_MAX * 16, &db, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    int rc = mdb_env_open(db->env, folder, MDB_NOLOCK | MDB_NOTLS | MDB_NOSYNC, 0600);
    rc = rc == 0 ? graft(path, old_path) : rc;
    err = rc == 0 ? ATP_OK : failed(db, "emptying data.mdb", rc, ret_why);
    atp_generation_destroy(db);
    return err;
}

static void key_of(unsigned char ret_key[KEY_SIZE], uint32_t table_id, uint64_t piece)
{
    uint32_t table_be = __builtin_bswap32(table_id);
    uint64_t piece_be = __builtin_bswap64(piece);

    memcpy(ret_key, &table_be, sizeof table_be);
    memcpy(ret_key + sizeof table_be, &piece_be, sizeof piece_be);
}

atp_err_t atp_generation_put(atp_generation_db_t *db, const atp_stored_piece_t *piece, atp_why_t *ret_why)
{
    unsigned char key_bytes[KEY_SIZE];
    MDB_val key = {KEY_SIZE, key_bytes};
    MDB_val value = {CHECKSUM_SIZE + piece->size, NULL};
    int rc = db->txn != NULL ? 0 : mdb_txn_begin(db->env, NULL, 0, &db->txn);

    key_of(key_bytes, piece->table_id, piece->piece);
    if (rc == 0) {
        rc = mdb_put(db->txn, db->pieces, &key, &value, MDB_RESERVE | MDB_NOOVERWRITE);
    }
    ATP_ASSERT(rc != MDB_KEYEXIST); /* the ledger hands each piece over once */
    if (rc != 0) {
        return failed(db, "writing pieces", rc, ret_why);
    }
    memcpy(value.mv_data, &piece->checksum, CHECKSUM_SIZE);
    memcpy((unsigned char *)value.mv_data + CHECKSUM_SIZE, piece->bytes, piece->size);
    return ATP_OK;
}

static int commit(atp_generation_db_t *db)
{
    MDB_txn *txn = db->txn;

    db->txn = NULL; /* freed by commit, also when it fails */
    return txn == NULL ? 0 : mdb_txn_commit(txn);
}

atp_err_t atp_generation_commit(atp_generation_db_t *db, atp_why_t *ret_why)
{
    mdb_filehandle_t file;
    int rc = commit(db);

    if (rc != 0) {
        return failed(db, "committing pieces", rc, ret_why);
    }
    /* Advice only: pages that are on their way early leave less for the sync at the end. */
    if (mdb_env_get_fd(db->env, &file) == 0) {
        (void)sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    return ATP_OK;
}

static int put_meta(atp_generation_db_t *db, const atp_snapshot_meta_t *meta)
{
    MDB_val key = {sizeof META_KEY - 1, META_KEY};
    MDB_val value = {sizeof *meta, (void *)meta};
    int rc = mdb_txn_begin(db->env, NULL, 0, &db->txn);

    if (rc == 0) {
        rc = mdb_put(db->txn, db->meta, &key, &value, 0);
    }
    return rc == 0 ? commit(db) : rc;
}

/* A recycled file may be longer than what is in it now. */
static int cut_surplus(const atp_generation_db_t *db)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file_info;
    mdb_filehandle_t file;
    int rc = mdb_env_info(db->env, &info);

    rc = rc == 0 ? mdb_env_stat(db->env, &stat) : rc;
    rc = rc == 0 ? mdb_env_get_fd(db->env, &file) : rc;
    if (rc != 0) {
        return rc;
    }
    off_t used = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
    if (fstat(file, &file_info) != 0) {
        return errno;
    }
    if (file_info.st_size <= used) {
        return 0;
    }
    return ftruncate(file, used) == 0 && fdatasync(file) == 0 ? 0 : errno;
}

atp_err_t atp_generation_finish(atp_generation_db_t *db, const atp_snapshot_meta_t *meta, atp_why_t *ret_why)
{
    int rc = commit(db);

    if (rc == 0) {
        rc = mdb_env_sync(db->env, 1);
    }
    if (rc != 0) {
        return failed(db, "syncing pieces", rc, ret_why);
    }
    rc = mdb_env_set_flags(db->env, MDB_NOSYNC, 0);
    if (rc == 0) {
        rc = put_meta(db, meta);
    }
    if (rc != 0) {
        return failed(db, "writing the meta record", rc, ret_why);
    }
    rc = cut_surplus(db);
    return rc == 0 ? ATP_OK : failed(db, "cutting data.mdb to size", rc, ret_why);
}

/* ---- reading ---- */

static int open_for_reading(atp_generation_db_t *db)
{
    int rc = mdb_env_open(db->env, db->folder, MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0600);

    if (rc == 0) {
        rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &db->txn);
    }
    if (rc == 0) {
        rc = mdb_dbi_open(db->txn, "pieces", 0, &db->pieces);
    }
    if (rc == 0) {
        rc = mdb_dbi_open(db->txn, "meta", 0, &db->meta);
    }
    return rc == 0 ? mdb_cursor_open(db->txn, db->pieces, &db->cursor) : rc;
}

atp_err_t atp_generation_open(const char *folder, uint64_t data_size, atp_generation_db_t **ret_db,
                              atp_why_t *ret_why)
{
    atp_generation_db_t *db = NULL;
    atp_err_t err = new_db(folder, data_size, &db, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    int rc = open_for_reading(db);
    if (rc != 0) {
        err = failed(db, "opening data.mdb", rc, ret_why);
        atp_generation_destroy(db);
        return err;
    }
    *ret_db = db;
    return ATP_OK;
}

atp_err_t atp_generation_meta(atp_generation_db_t *db, atp_snapshot_meta_t *ret_meta, atp_why_t *ret_why)
{
    MDB_val key = {sizeof META_KEY - 1, META_KEY};
    MDB_val value;
    atp_snapshot_meta_t meta;
    int rc = mdb_get(db->txn, db->meta, &key, &value);

    if (rc != 0) {
        return failed(db, "reading the meta record", rc, ret_why);
    }
    if (value.mv_size != sizeof meta) {
        return atp_fail(ret_why, ATP_ERR_FORMAT,
                        "snapshot in %.200s: a meta record of %zu bytes, this build knows %zu", db->folder,
                        value.mv_size, sizeof meta);
    }
    memcpy(&meta, value.mv_data, sizeof meta);
    if (meta.checksum != atp_snapshot_meta_checksum(&meta)) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT,
                        "snapshot in %.200s: the checksum of the meta record does not hold", db->folder);
    }
    if (meta.format != ATP_SNAPSHOT_FORMAT || meta.table_count > ATP_SNAPSHOT_TABLES_MAX) {
        return atp_fail(ret_why, ATP_ERR_FORMAT, "snapshot in %.200s has format %u, this build knows %u",
                        db->folder, meta.format, ATP_SNAPSHOT_FORMAT);
    }
    *ret_meta = meta;
    return ATP_OK;
}

static void decode_piece(const MDB_val *key, const MDB_val *value, atp_stored_piece_t *ret_piece)
{
    uint32_t table_be;
    uint64_t piece_be;

    memcpy(&table_be, key->mv_data, sizeof table_be);
    memcpy(&piece_be, (const unsigned char *)key->mv_data + sizeof table_be, sizeof piece_be);
    memcpy(&ret_piece->checksum, value->mv_data, CHECKSUM_SIZE);
    ret_piece->table_id = __builtin_bswap32(table_be);
    ret_piece->piece = __builtin_bswap64(piece_be);
    ret_piece->bytes = (const unsigned char *)value->mv_data + CHECKSUM_SIZE;
    ret_piece->size = (uint32_t)(value->mv_size - CHECKSUM_SIZE);
}

atp_err_t atp_generation_next(atp_generation_db_t *db, atp_stored_piece_t *ret_piece, atp_why_t *ret_why)
{
    MDB_val key;
    MDB_val value;
    int rc = mdb_cursor_get(db->cursor, &key, &value, MDB_NEXT);

    if (rc == MDB_NOTFOUND) {
        return ATP_ERR_NOT_FOUND;
    }
    if (rc != 0) {
        return failed(db, "reading pieces", rc, ret_why);
    }
    if (key.mv_size != KEY_SIZE || value.mv_size < CHECKSUM_SIZE ||
        value.mv_size > CHECKSUM_SIZE + ATP_PIECE_SIZE_MAX) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT,
                        "snapshot in %.200s: a piece of %zu bytes under a key of %zu", db->folder,
                        value.mv_size, key.mv_size);
    }
    decode_piece(&key, &value, ret_piece);
    return ATP_OK;
}
