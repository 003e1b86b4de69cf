/* One file of the simulated disk: what programs see, what the disk holds, and the states of each sector between the two
 * (tests/sim/sim_disk.h tells the model).
 *
 * Threads     the disk's mutex is taken by the caller.
 * Invariants  F1  a sector that is in no pending state is the same in both, unless a sync of it failed. */
#ifndef ATP_TESTS_SIM_FILE_H
#define ATP_TESTS_SIM_FILE_H

#include "tests/sim/sim_disk.h"

typedef struct sim_state {
    uint64_t sector;
    unsigned char bytes[SIM_SECTOR_SIZE];
} sim_state_t;

/* Bytes of a file; room is kept a multiple of the sector size, zeros after `size`. */
typedef struct sim_content {
    unsigned char *bytes;
    uint64_t size;
    uint64_t room;
} sim_content_t;

typedef struct sim_file {
    sim_content_t seen;
    sim_content_t held;
    sim_state_t *pending; /* states that sectors had since the last sync, oldest first */
    uint64_t pending_count;
    uint64_t pending_room;
    uint64_t held_size_wanted; /* size of the file as of the writes that a sync would make durable */
    struct sim_file *next;     /* all files of the disk */
    bool is_marked;            /* by the collector of files that nothing names */
} sim_file_t;

/* What becomes of what is pending. */
typedef enum sim_fate { SIM_FATE_LOSE, SIM_FATE_KEEP, SIM_FATE_MIX } sim_fate_t;

sim_file_t *sim_file_create(void);
sim_file_t *sim_file_clone(const sim_file_t *file);
void sim_file_destroy(sim_file_t *file);

void sim_file_write(sim_file_t *file, uint64_t at, const void *bytes, size_t size);

/* Gives each pending state its fate and forgets it. What programs see stays. Returns how many sectors the disk holds in
 * an older state than programs saw. */
uint64_t sim_file_settle(sim_file_t *file, sim_fate_t fate, uint64_t *random);

/* After a crash of the machine: programs see what the disk holds. */
void sim_file_forget_cache(sim_file_t *file);

/* Damage, to both copies, pending states left out. */
void sim_file_flip(sim_file_t *file, uint64_t at, unsigned char mask);
void sim_file_truncate(sim_file_t *file, uint64_t size);

#endif
