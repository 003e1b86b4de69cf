#include "protocol/client/outbox_store_priv.h"

#include "engine/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MAGIC         UINT32_C(0x786f6261) /* "abox" */
#define VERSION       UINT32_C(2)
#define MAP_SPARE     ((size_t)16 << 20) /* pages of the tree, and those a commit writes beside the old ones */
#define MAP_FACTOR    4 /* a value takes whole pages; trimmed ones are free one commit later */
#define DISK_SPARE    ((uint64_t)256 << 10) /* with less than that free a disk is full */
#define TRIM_MAX      1024                  /* batches dropped in one commit */
#define TRIM_BYTES    ((uint64_t)512 << 10) /* of them: what is freed then fits a page of a full disk */
#define PATH_SIZE_MAX 4096
#define PID_SIZE      24
#define ANY_BYTES_MAX ((uint64_t)1 << 30) /* where nobody says how much may wait */

/* ---- keys and values ---- */

MDB_val atp_outbox_store_key(char kind, uint64_t number, atp_outbox_key_t *room)
{
    room->bytes[0] = (unsigned char)kind;
    for (int i = 0; i < 8; i++) {
        room->bytes[1 + i] = (unsigned char)(number >> (56 - 8 * i));
    }
    return (MDB_val){sizeof room->bytes, room->bytes};
}

static uint64_t state_checksum(const atp_outbox_stored_t *state)
{
    return atp_hash_bytes(state, offsetof(atp_outbox_stored_t, checksum), MAGIC);
}

/* ---- failures ---- */

static atp_err_t err_of(int rv)
{
    switch (rv) {
    case MDB_MAP_FULL:
        return ATP_ERR_BUSY;
    case ENOSPC:
    case EDQUOT:
        return ATP_ERR_NO_SPACE;
    case ENOMEM:
        return ATP_ERR_MEMORY;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
        return ATP_ERR_CORRUPT;
    default:
        return ATP_ERR_IO;
    }
}

/* LMDB calls a write that a full disk cut short EIO. */
static bool is_disk_full(const atp_outbox_store_t *store)
{
    const char *path = NULL;
    struct statvfs disk;

    return mdb_env_get_path(store->env, &path) == 0 && path != NULL && statvfs(path, &disk) == 0 &&
           (uint64_t)disk.f_bavail * disk.f_frsize < DISK_SPARE;
}

/* Anything but a full map ends the store. */
atp_err_t atp_outbox_store_fail(atp_outbox_store_t *store, int rv, const char *what, atp_why_t *ret_why)
{
    atp_err_t err = rv == EIO && is_disk_full(store) ? ATP_ERR_NO_SPACE : err_of(rv);

    store->failed = err == ATP_ERR_BUSY ? store->failed : err;
    return atp_fail(ret_why, err, "the outbox cannot %s: %s", what,
                    mdb_strerror(err == ATP_ERR_NO_SPACE ? ENOSPC : rv));
}

atp_err_t atp_outbox_store_alive(const atp_outbox_store_t *store, atp_why_t *ret_why)
{
    return store->failed == ATP_OK
               ? ATP_OK
               : atp_fail(ret_why, store->failed, "the outbox failed before (%s); open it again",
                          atp_err_name(store->failed));
}

void atp_outbox_store_end_reading(atp_outbox_store_t *store)
{
    if (store->reading != NULL) {
        mdb_txn_abort(store->reading);
        store->reading = NULL;
    }
}

/* ---- a commit ---- */

static int put_state(atp_outbox_store_t *store, MDB_txn *txn, atp_outbox_stored_t *state)
{
    MDB_val key = {1, "s"};
    MDB_val value = {sizeof *state, state};

    state->checksum = state_checksum(state);
    return mdb_put(txn, store->dbi, &key, &value, 0);
}

static int put_batch(atp_outbox_store_t *store, MDB_txn *txn, uint64_t number, const void *bytes, size_t size)
{
    atp_outbox_key_t room;
    MDB_val key = atp_outbox_store_key(ATP_OUTBOX_KEY_BATCH, number, &room);
    MDB_val value = {ATP_OUTBOX_CHECKSUM_SIZE + size, NULL};
    uint64_t checksum = atp_hash_bytes(bytes, size, number);
    int rv = mdb_put(txn, store->dbi, &key, &value, MDB_RESERVE | MDB_NOOVERWRITE);

    if (rv == 0) {
        memcpy(value.mv_data, &checksum, ATP_OUTBOX_CHECKSUM_SIZE);
        memcpy((char *)value.mv_data + ATP_OUTBOX_CHECKSUM_SIZE, bytes, size);
    }
    return rv;
}

/* Commits with the state as it shall be, or leaves all as it was. */
atp_err_t atp_outbox_store_commit(atp_outbox_store_t *store, MDB_txn *txn, int rv, atp_outbox_stored_t *state,
                                  atp_why_t *ret_why)
{
    if (rv == 0) {
        rv = put_state(store, txn, state);
    }
    if (rv != 0) {
        mdb_txn_abort(txn);
        return atp_outbox_store_fail(store, rv, "keep a batch", ret_why);
    }
    rv = mdb_txn_commit(txn);
    if (rv != 0) {
        return atp_outbox_store_fail(store, rv, "write to its disk", ret_why);
    }
    store->state = *state;
    return ATP_OK;
}

static bool has_room(const atp_outbox_store_t *store, const atp_outbox_stored_t *state, size_t size)
{
    return state->bytes <= store->bytes_max && size <= store->bytes_max - state->bytes;
}

atp_err_t atp_outbox_store_put(atp_outbox_store_t *store, const atp_outbox_batch_t *batches, uint32_t count,
                               bool is_told, uint32_t *ret_kept, atp_why_t *ret_why)
{
    atp_outbox_stored_t state = store->state;
    MDB_txn *txn = NULL;
    atp_err_t err = atp_outbox_store_alive(store, ret_why);
    uint32_t kept = 0;

    atp_outbox_store_end_reading(store);
    if (err != ATP_OK) {
        return err;
    }
    if (count > 0 && !has_room(store, &state, batches[0].size)) {
        return atp_fail(ret_why, ATP_ERR_BUSY, "the outbox is full: %llu bytes wait for the engine",
                        (unsigned long long)state.bytes);
    }
    int rv = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rv != 0) {
        return atp_outbox_store_fail(store, rv, "begin to write", ret_why);
    }
    while (rv == 0 && kept < count && has_room(store, &state, batches[kept].size)) {
        rv = put_batch(store, txn, state.next, batches[kept].bytes, batches[kept].size);
        state.bytes += batches[kept].size;
        state.next++;
        kept++;
    }
    state.told = is_told ? state.next : state.told;
    err = atp_outbox_store_commit(store, txn, rv, &state, ret_why);
    if (err == ATP_OK) {
        *ret_kept = kept;
    }
    return err;
}

atp_err_t atp_outbox_store_tell(atp_outbox_store_t *store, uint64_t below, atp_why_t *ret_why)
{
    atp_outbox_stored_t state = store->state;
    MDB_txn *txn = NULL;
    atp_err_t err = atp_outbox_store_alive(store, ret_why);

    below = below < state.next ? below : state.next;
    if (err != ATP_OK || below <= state.told) {
        return err;
    }
    atp_outbox_store_end_reading(store);
    int rv = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rv != 0) {
        return atp_outbox_store_fail(store, rv, "begin to write", ret_why);
    }
    state.told = below;
    return atp_outbox_store_commit(store, txn, 0, &state, ret_why);
}

/* Drops the oldest batch. */
static int drop_lowest(atp_outbox_store_t *store, MDB_txn *txn, atp_outbox_stored_t *state)
{
    atp_outbox_key_t room;
    MDB_val key = atp_outbox_store_key(ATP_OUTBOX_KEY_BATCH, state->low, &room);
    MDB_val value;
    int rv = mdb_get(txn, store->dbi, &key, &value);

    if (rv != 0) {
        return rv == MDB_NOTFOUND ? MDB_CORRUPTED : rv; /* Q1 */
    }
    state->bytes -= value.mv_size - ATP_OUTBOX_CHECKSUM_SIZE;
    rv = mdb_del(txn, store->dbi, &key, NULL);
    key = atp_outbox_store_key(ATP_OUTBOX_KEY_REFUSED, state->low++, &room);
    int refused = mdb_del(txn, store->dbi, &key, NULL);
    return rv == 0 && refused != MDB_NOTFOUND ? refused : rv;
}

/* Passes over what was dropped at the front. */
int atp_outbox_store_pass_dropped(atp_outbox_store_t *store, MDB_txn *txn, atp_outbox_stored_t *state)
{
    int rv = 0;

    while (rv == 0 && state->low < state->next) {
        atp_outbox_key_t room;
        MDB_val key = atp_outbox_store_key(ATP_OUTBOX_KEY_BATCH, state->low, &room);
        MDB_val value;
        rv = mdb_get(txn, store->dbi, &key, &value);
        if (rv == 0 && value.mv_size > ATP_OUTBOX_CHECKSUM_SIZE) {
            break;
        }
        rv = rv == 0 ? drop_lowest(store, txn, state) : rv;
    }
    return rv;
}

static atp_err_t trim_some(atp_outbox_store_t *store, uint64_t low, atp_why_t *ret_why)
{
    atp_outbox_stored_t state = store->state;
    MDB_txn *txn = NULL;
    int rv = mdb_txn_begin(store->env, NULL, 0, &txn);

    if (rv != 0) {
        return atp_outbox_store_fail(store, rv, "begin to write", ret_why);
    }
    for (uint32_t i = 0; rv == 0 && state.low < low && i < TRIM_MAX; i++) {
        if (store->state.bytes - state.bytes >= TRIM_BYTES) {
            break;
        }
        rv = drop_lowest(store, txn, &state);
    }
    rv = rv == 0 ? atp_outbox_store_pass_dropped(store, txn, &state) : rv;
    return atp_outbox_store_commit(store, txn, rv, &state, ret_why);
}

atp_err_t atp_outbox_store_trim(atp_outbox_store_t *store, uint64_t low, atp_why_t *ret_why)
{
    atp_err_t err = atp_outbox_store_alive(store, ret_why);

    atp_outbox_store_end_reading(store);
    low = low < store->state.next ? low : store->state.next;
    while (err == ATP_OK && store->state.low < low) {
        err = trim_some(store, low, ret_why);
    }
    return err;
}

/* ---- reading ---- */

void atp_outbox_store_read(const atp_outbox_store_t *store, atp_outbox_store_state_t *ret_state)
{
    *ret_state = (atp_outbox_store_state_t){store->state.epoch, store->state.low, store->state.next,
                                            store->state.told, store->state.bytes};
}

atp_err_t atp_outbox_store_get(atp_outbox_store_t *store, uint64_t number, const void **ret_bytes,
                               size_t *ret_size, atp_why_t *ret_why)
{
    atp_outbox_key_t room;
    MDB_val key = atp_outbox_store_key(ATP_OUTBOX_KEY_BATCH, number, &room);
    MDB_val value;
    uint64_t checksum;
    atp_err_t err = atp_outbox_store_alive(store, ret_why);

    atp_outbox_store_end_reading(store);
    if (err != ATP_OK) {
        return err;
    }
    int rv = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->reading);
    if (rv != 0) {
        return atp_outbox_store_fail(store, rv, "begin to read", ret_why);
    }
    rv = mdb_get(store->reading, store->dbi, &key, &value);
    if (rv == MDB_NOTFOUND) {
        return atp_fail(ret_why, ATP_ERR_NOT_FOUND, "the outbox has no batch %llu",
                        (unsigned long long)number);
    }
    if (rv != 0) {
        return atp_outbox_store_fail(store, rv, "read a batch", ret_why);
    }
    if (value.mv_size >= ATP_OUTBOX_CHECKSUM_SIZE) {
        memcpy(&checksum, value.mv_data, ATP_OUTBOX_CHECKSUM_SIZE);
        *ret_bytes = (const char *)value.mv_data + ATP_OUTBOX_CHECKSUM_SIZE;
        *ret_size = value.mv_size - ATP_OUTBOX_CHECKSUM_SIZE;
    }
    if (value.mv_size < ATP_OUTBOX_CHECKSUM_SIZE ||
        checksum != atp_hash_bytes(*ret_bytes, *ret_size, number)) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "batch %llu of the outbox is not what was written",
                        (unsigned long long)number);
    }
    return ATP_OK;
}

/* ---- open and close ---- */

static atp_err_t make_folder(const char *folder, atp_why_t *ret_why)
{
    if (mkdir(folder, 0700) == 0 || errno == EEXIST) {
        return ATP_OK;
    }
    return atp_fail(ret_why, errno == ENOSPC ? ATP_ERR_NO_SPACE : ATP_ERR_IO, "%.200s: cannot be made: %s",
                    folder, strerror(errno));
}

static atp_err_t take_lock(atp_outbox_store_t *store, const char *folder, atp_why_t *ret_why)
{
    char path[PATH_SIZE_MAX];
    int size = snprintf(path, sizeof path, "%s/lock", folder);

    if (size < 0 || (size_t)size >= sizeof path) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "the name of the outbox folder is too long");
    }
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock < 0) {
        return atp_fail(ret_why, ATP_ERR_IO, "%.200s: %s", path, strerror(errno));
    }
    if (flock(store->lock, LOCK_EX | LOCK_NB) != 0) {
        return atp_fail(ret_why, ATP_ERR_LOCKED, "%.200s: another process has this outbox", folder);
    }
    char owner[PID_SIZE] = ""; /* for who looks: it must not be this very process */
    (void)snprintf(owner, sizeof owner, "%ld\n", (long)getpid());
    return pwrite(store->lock, owner, sizeof owner, 0) == (ssize_t)sizeof owner
               ? ATP_OK
               : atp_fail(ret_why, errno == ENOSPC ? ATP_ERR_NO_SPACE : ATP_ERR_IO, "%.200s: %s", path,
                          strerror(errno));
}

/* LMDB may be open once in a process. */
static bool is_open_here(const char *folder)
{
    char path[PATH_SIZE_MAX];
    char owner[PID_SIZE + 1] = "";
    int size = snprintf(path, sizeof path, "%s/lock", folder);
    int fd = size > 0 && (size_t)size < sizeof path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0) {
        return false;
    }
    bool is_locked = flock(fd, LOCK_SH | LOCK_NB) != 0;
    bool is_ours = pread(fd, owner, PID_SIZE, 0) > 0 && strtol(owner, NULL, 10) == (long)getpid();
    (void)close(fd);
    return is_locked && is_ours;
}

/* The folder's own entry must survive a power cut too. */
static atp_err_t sync_folder(const char *folder, const char *name, atp_why_t *ret_why)
{
    char path[PATH_SIZE_MAX];
    int size = snprintf(path, sizeof path, "%s%s", folder, name);
    int fd = size > 0 && (size_t)size < sizeof path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int rv = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0) {
        (void)close(fd);
    }
    return rv == 0 ? ATP_OK
                   : atp_fail(ret_why, ATP_ERR_IO, "%.200s: cannot be synced: %s", path, strerror(errno));
}

/* Those who look stand in LMDB's table of readers, so that their pages stay; who was killed is taken out of it here. */
static atp_err_t open_env(atp_outbox_store_t *store, const char *folder, bool is_looking, atp_why_t *ret_why)
{
    MDB_txn *txn = NULL;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t map = store->bytes_max * MAP_FACTOR + MAP_SPARE;
    unsigned read_only = is_looking ? MDB_RDONLY : 0;
    int dead = 0;
    int rv = mdb_env_create(&store->env);

    if (rv == 0 && !is_looking) { /* who looks takes the size it has */
        rv = mdb_env_set_mapsize(store->env, (map + page - 1) / page * page);
    }
    if (rv == 0) {
        rv = mdb_env_open(store->env, folder, MDB_NOTLS | read_only, 0600);
    }
    if (rv == 0 && !is_looking) {
        rv = mdb_reader_check(store->env, &dead);
    }
    if (rv == 0) {
        rv = mdb_txn_begin(store->env, NULL, read_only, &txn);
    }
    if (rv == 0) {
        rv = mdb_dbi_open(txn, NULL, 0, &store->dbi);
        if (rv == 0) {
            rv = mdb_txn_commit(txn);
        } else {
            mdb_txn_abort(txn);
        }
    }
    return rv == 0 ? ATP_OK : atp_outbox_store_fail(store, rv, "be opened", ret_why);
}

static atp_err_t check_state(const atp_outbox_stored_t *state, atp_text_t source, const char *folder,
                             atp_why_t *ret_why)
{
    if (state->magic != MAGIC || state->checksum != state_checksum(state) || state->low > state->next ||
        state->told > state->next || state->source_size > ATP_ID_SIZE_MAX) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "%.200s: the state of the outbox is damaged", folder);
    }
    if (state->version != VERSION) {
        return atp_fail(ret_why, ATP_ERR_FORMAT, "%.200s: an outbox of version %u; this build knows %u",
                        folder, state->version, VERSION);
    }
    if (source.size > 0 &&
        !atp_text_equal(source, (atp_text_t){state->source, (uint32_t)state->source_size})) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s: is the outbox of source '%.*s'", folder,
                        (int)state->source_size, state->source);
    }
    return ATP_OK;
}

/* Begins the queue: number 1, and an epoch that no earlier folder had. */
static atp_err_t begin_state(atp_outbox_store_t *store, atp_text_t source, uint64_t epoch, atp_why_t *ret_why)
{
    atp_outbox_stored_t state = {.magic = MAGIC,
                                 .version = VERSION,
                                 .epoch = epoch,
                                 .low = 1,
                                 .next = 1,
                                 .told = 1,
                                 .source_size = source.size};
    MDB_txn *txn = NULL;
    int rv = mdb_txn_begin(store->env, NULL, 0, &txn);

    if (rv != 0) {
        return atp_outbox_store_fail(store, rv, "begin to write", ret_why);
    }
    memcpy(state.source, source.bytes, source.size);
    return atp_outbox_store_commit(store, txn, 0, &state, ret_why);
}

static atp_err_t load_state(atp_outbox_store_t *store, const char *folder, atp_text_t source, uint64_t epoch,
                            atp_why_t *ret_why)
{
    MDB_val key = {1, "s"};
    MDB_val value;
    MDB_txn *txn = NULL;
    int rv = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);

    if (rv != 0) {
        return atp_outbox_store_fail(store, rv, "begin to read", ret_why);
    }
    rv = mdb_get(txn, store->dbi, &key, &value);
    bool is_sized = rv == 0 && value.mv_size == sizeof store->state;
    if (is_sized) {
        memcpy(&store->state, value.mv_data, sizeof store->state);
    }
    mdb_txn_abort(txn);
    if (rv == MDB_NOTFOUND && source.size == 0) {
        return atp_fail(ret_why, ATP_ERR_NOT_FOUND, "%.200s: is no outbox", folder);
    }
    if (rv == MDB_NOTFOUND) {
        return begin_state(store, source, epoch, ret_why);
    }
    if (rv != 0) {
        return atp_outbox_store_fail(store, rv, "read its state", ret_why);
    }
    return is_sized ? check_state(&store->state, source, folder, ret_why)
                    : atp_fail(ret_why, ATP_ERR_FORMAT, "%.200s: is no outbox", folder);
}

/* Without a source: the queue is there, and whosever it is. */
static atp_err_t open_store(const char *folder, atp_text_t source, uint64_t epoch, uint64_t bytes_max,
                            atp_outbox_store_t **ret_store, atp_why_t *ret_why)
{
    atp_outbox_store_t *store = calloc(1, sizeof *store);

    if (store == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for an outbox");
    }
    store->lock = -1;
    store->bytes_max = bytes_max;
    atp_err_t err = source.size > 0 ? make_folder(folder, ret_why) : ATP_OK;
    err = err == ATP_OK ? take_lock(store, folder, ret_why) : err;
    err = err == ATP_OK ? open_env(store, folder, false, ret_why) : err;
    err = err == ATP_OK ? load_state(store, folder, source, epoch, ret_why) : err;
    err = err == ATP_OK ? sync_folder(folder, "", ret_why) : err;
    err = err == ATP_OK ? sync_folder(folder, "/..", ret_why) : err;
    if (err != ATP_OK) {
        atp_outbox_store_close(store);
        return err;
    }
    *ret_store = store;
    return ATP_OK;
}

atp_err_t atp_outbox_store_open(const char *folder, atp_text_t source, uint64_t epoch, uint64_t bytes_max,
                                atp_outbox_store_t **ret_store, atp_why_t *ret_why)
{
    if (source.size < 1 || source.size > ATP_ID_SIZE_MAX || epoch == 0 || bytes_max == 0 ||
        bytes_max > SIZE_MAX / MAP_FACTOR - MAP_SPARE) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "an outbox has a source of 1 to %d bytes, an epoch and a size", ATP_ID_SIZE_MAX);
    }
    return open_store(folder, source, epoch, bytes_max, ret_store, ret_why);
}

static atp_err_t must_be_there(const char *folder, atp_why_t *ret_why)
{
    char path[PATH_SIZE_MAX];
    int size = snprintf(path, sizeof path, "%s/data.mdb", folder);
    bool is_there = size > 0 && (size_t)size < sizeof path && access(path, F_OK) == 0;

    return is_there ? ATP_OK : atp_fail(ret_why, ATP_ERR_NOT_FOUND, "%.200s: is no outbox", folder);
}

atp_err_t atp_outbox_store_open_any(const char *folder, atp_outbox_store_t **ret_store, atp_why_t *ret_why)
{
    atp_err_t err = must_be_there(folder, ret_why);

    return err == ATP_OK ? open_store(folder, (atp_text_t){"", 0}, 0, ANY_BYTES_MAX, ret_store, ret_why)
                         : err;
}

atp_err_t atp_outbox_store_look(const char *folder, atp_outbox_store_t **ret_store, atp_why_t *ret_why)
{
    atp_err_t err = must_be_there(folder, ret_why);

    if (err == ATP_OK && is_open_here(folder)) {
        err = atp_fail(ret_why, ATP_ERR_LOCKED, "%.200s: this process has this outbox", folder);
    }
    atp_outbox_store_t *store = err == ATP_OK ? calloc(1, sizeof *store) : NULL;
    if (err == ATP_OK && store == NULL) {
        err = atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for an outbox");
    }
    if (err != ATP_OK) {
        return err;
    }
    store->lock = -1;
    err = open_env(store, folder, true, ret_why);
    err = err == ATP_OK ? load_state(store, folder, (atp_text_t){"", 0}, 0, ret_why) : err;
    if (err != ATP_OK) {
        atp_outbox_store_close(store);
        return err;
    }
    *ret_store = store;
    return ATP_OK;
}

atp_text_t atp_outbox_store_source(const atp_outbox_store_t *store)
{
    return (atp_text_t){store->state.source, (uint32_t)store->state.source_size};
}

void atp_outbox_store_close(atp_outbox_store_t *store)
{
    if (store == NULL) {
        return;
    }
    atp_outbox_store_end_reading(store);
    if (store->env != NULL) {
        mdb_env_close(store->env);
    }
    if (store->lock >= 0) {
        (void)close(store->lock);
    }
    free(store);
}
