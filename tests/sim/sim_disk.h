/* A simulated disk: an atp_storage_t in memory that does what real ones do on a bad day.
 *
 * Model       A file has what programs see (the page cache) and what the disk holds. A write changes the first; a
 *             successful sync_data copies it to the second. Between the two, each 512-byte sector goes to the disk when
 *             it likes: at a crash it holds any one of the states it had since the last sync, whatever its
 *             neighbours do. So writes are lost, torn and reordered, but a sector is never half written. A file that
 *             has grown may come back with any size in between.
 *             Names are the same: what programs see, what the folder holds on disk, and between them a list of
 *             steps (create, rename, remove), made durable by sync_folder on that folder. At a crash each step has
 *             happened or not, independent of the others; a rename happens whole.
 *             `make_folder` is durable at once. There is one level of folders.
 * Crash       sim_disk_crash throws away what the disk did not hold. Every handle opened before it is dead: each call
 *             on it says ATP_ERR_IO; it must still be closed. A crash also ends all faults and heals the disk.
 *             To end a process without a crash of the machine (kill -9), just close and open again.
 * Faults      Each call through the storage, close excepted, counts as one operation; sim_disk_fail makes the one so
 *             many operations ahead fail, once or from then on. A failed write has changed any of its sectors, in the page
 *             cache and on the disk. A failed sync_data is the treacherous kind: what was not on the disk then will not
 *             get there, though programs still see it and a later sync_data succeeds; only writing it again helps. A
 *             failed sync_folder leaves the steps undone; a later one does them. Any other failed call did nothing.
 *             `capacity` bounds the sum of file sizes: a write past it is ATP_ERR_NO_SPACE and changed nothing.
 * Damage      sim_disk_flip, _truncate, _put, _remove change what programs see and what the disk holds alike, without
 *             being asked: a broken disk or a careless operator.
 * Chance      All choices come from `seed`: the same calls give the same disk. sim_disk_reseed lets copies of one disk
 *             meet different ends.
 * Threads     any, as the storage promises; a mutex keeps the rest. With more than one thread the order of
 *             operations, and so what chance does, is that of the threads.
 * Memory      two copies of each file, and 512 bytes for each sector state not synced. Running out of it is an assert:
 *             a test has nothing to learn from it. */
#ifndef ATP_TESTS_SIM_DISK_H
#define ATP_TESTS_SIM_DISK_H

#include "engine/store/storage.h"

#define SIM_SECTOR_SIZE 512

typedef struct sim_disk sim_disk_t;

/* `capacity` in bytes; 0 = no bound. */
sim_disk_t *sim_disk_create(uint64_t seed, uint64_t capacity);
void sim_disk_destroy(sim_disk_t *disk);

/* A second disk in the same state, without handles, faults or hook; chance goes on from `seed`. */
sim_disk_t *sim_disk_clone(const sim_disk_t *disk, uint64_t seed);

/* What to give to the code under test. Lives as long as the disk. */
atp_storage_t *sim_disk_storage(sim_disk_t *disk);

void sim_disk_reseed(sim_disk_t *disk, uint64_t seed);
void sim_disk_set_capacity(sim_disk_t *disk, uint64_t capacity);

/* ---- crash ---- */

typedef enum sim_crash {
    SIM_CRASH_LOSE,  /* nothing that was not synced is there */
    SIM_CRASH_KEEP,  /* everything is there */
    SIM_CRASH_CHANCE /* each file: lose, keep, or each sector by itself; each name step by itself */
} sim_crash_t;

void sim_disk_crash(sim_disk_t *disk, sim_crash_t crash);

/* ---- faults ---- */

typedef enum sim_op {
    SIM_OP_OPEN,
    SIM_OP_READ,
    SIM_OP_WRITE,
    SIM_OP_SYNC_DATA,
    SIM_OP_SIZE,
    SIM_OP_RENAME,
    SIM_OP_REMOVE,
    SIM_OP_LIST,
    SIM_OP_MAKE_FOLDER,
    SIM_OP_SYNC_FOLDER,
    SIM_OP_FREE_SIZE,
    SIM_OP_COUNT
} sim_op_t;

#define SIM_OPS_ALL    ((1u << SIM_OP_COUNT) - 1)
#define SIM_OP_BIT(op) (1u << (op))
#define SIM_OPS_CHANGE                                                                                       \
    (SIM_OP_BIT(SIM_OP_WRITE) | SIM_OP_BIT(SIM_OP_SYNC_DATA) | SIM_OP_BIT(SIM_OP_RENAME) |                   \
     SIM_OP_BIT(SIM_OP_REMOVE) | SIM_OP_BIT(SIM_OP_MAKE_FOLDER) | SIM_OP_BIT(SIM_OP_SYNC_FOLDER))

typedef enum sim_fail { SIM_FAIL_ONCE, SIM_FAIL_FROM_THEN_ON } sim_fail_t;

/* Makes the `n`th operation from now (1 = the next) of those whose bit is in `ops` fail with `err`. One fault at a time:
 * replaces the one before. */
void sim_disk_fail(sim_disk_t *disk, uint64_t n, sim_fail_t fail, unsigned ops, atp_err_t err);

/* Ends the fault. */
void sim_disk_heal(sim_disk_t *disk);

/* True if the fault set last has made an operation fail. */
bool sim_disk_has_failed(const sim_disk_t *disk);

/* Called before each operation, without the mutex; may call anything here, sim_disk_crash too. NULL: none. */
typedef void (*sim_hook_t)(void *context, sim_disk_t *disk, sim_op_t op, const char *path);
void sim_disk_set_hook(sim_disk_t *disk, sim_hook_t hook, void *context);

/* ---- damage, and looking from outside (no operation is counted) ---- */

bool sim_disk_exists(const sim_disk_t *disk, const char *path);
/* 0 if it is not there. */
uint64_t sim_disk_file_size(const sim_disk_t *disk, const char *path);
/* The bytes that programs see: borrowed until the next call that changes the file. NULL if it is not there. */
const unsigned char *sim_disk_bytes(const sim_disk_t *disk, const char *path);
/* Changes the byte at `at` by xor with `mask`. */
void sim_disk_flip(sim_disk_t *disk, const char *path, uint64_t at, unsigned char mask);
void sim_disk_truncate(sim_disk_t *disk, const char *path, uint64_t size);
/* Makes or replaces a file; durable. */
void sim_disk_put(sim_disk_t *disk, const char *path, const void *bytes, uint64_t size);
void sim_disk_remove(sim_disk_t *disk, const char *path);

/* ---- counters ---- */

typedef struct sim_disk_stats {
    uint64_t operations;
    uint64_t by_op[SIM_OP_COUNT];
    uint64_t bytes_written;
    uint64_t crashes;
    uint64_t sectors_lost; /* newer states of sectors that a crash threw away */
    uint64_t open_handles; /* now */
    uint64_t used_size;    /* sum of file sizes, now */
} sim_disk_stats_t;

void sim_disk_stats(const sim_disk_t *disk, sim_disk_stats_t *ret_stats);

#endif
