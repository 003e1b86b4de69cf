/* A disk that fails, for code that writes through libc and LMDB: the test program defines write, pwrite, writev,
 * fdatasync, fsync, ftruncate, rename and unlink itself, so that liblmdb calls them too, and counts the
 * calls while it is armed. The Nth can fail, fall short, or be the last thing the process does; and what a power
 * cut would have left at that moment can be put into another folder.
 *
 * A power cut keeps of a file what its last sync covered (and what was written through O_DSYNC), and of a folder the
 * names as of its last fsync. What was not synced is lost, or is there in part, by page and by name. */
#ifndef ATP_TESTS_ENGINE_STORE_TEST_SNAPSHOT_DISK_H
#define ATP_TESTS_ENGINE_STORE_TEST_SNAPSHOT_DISK_H

#include <stdbool.h>
#include <stdint.h>

typedef struct disk_plan {
    uint64_t at;        /* number of the call something happens at, from 1; 0 = never */
    int error;          /* the call fails with this; 0 = the process ends before the call */
    bool from_then_on;  /* later calls fail too */
    bool half;          /* a write does half of its work before */
    const char *folder; /* the folder the power is cut over: its files and the folders in it; NULL = none */
    const char *left;   /* where to put what a power cut leaves */
    uint64_t seed;      /* 0 = nothing that was not synced is left; else some of it */
} disk_plan_t;

#define DISK_ENDED 77 /* exit status of a process that a plan ended */

/* From now on calls are counted and the plan is followed. With a folder all in it counts as synced. */
void disk_arm(const disk_plan_t *plan);

/* The power is cut now, all the same; the process goes on, disarmed. */
void disk_cut(void);

/* Ends it; returns how many calls were counted. */
uint64_t disk_disarm(void);

#endif
