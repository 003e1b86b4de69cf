/* The names of the simulated disk: what programs see, what the folders hold on disk, and the steps between the two
 * (tests/sim/sim_disk.h tells the model).
 *
 * Threads     the disk's mutex is taken by the caller.
 * Invariants  N1  all steps done in order on what is held give what is seen. */
#ifndef ATP_TESTS_SIM_NAMES_H
#define ATP_TESTS_SIM_NAMES_H

#include "tests/sim/sim_file.h"

#define SIM_NAMES_MAX   1024
#define SIM_FOLDERS_MAX 32
#define SIM_STEPS_MAX   512

typedef struct sim_name {
    char path[ATP_PATH_SIZE_MAX];
    sim_file_t *file;
} sim_name_t;

typedef struct sim_list {
    sim_name_t *names;
    size_t count;
} sim_list_t;

/* A change of names that no sync_folder has made durable yet. */
typedef struct sim_step {
    char from[ATP_PATH_SIZE_MAX]; /* "" for a new file */
    char to[ATP_PATH_SIZE_MAX];   /* "" for a removal */
    sim_file_t *file;
} sim_step_t;

typedef struct sim_names {
    sim_list_t seen;
    sim_list_t held;
    sim_step_t *steps;
    size_t step_count;
    char folders[SIM_FOLDERS_MAX][ATP_PATH_SIZE_MAX];
    size_t folder_count;
} sim_names_t;

void sim_names_init(sim_names_t *names);
void sim_names_fini(sim_names_t *names);
void sim_names_copy(sim_names_t *to, const sim_names_t *from);

void sim_path_copy(char to[ATP_PATH_SIZE_MAX], const char *from);
/* The folder a path is in: "." if it names none. */
void sim_path_folder(const char *path, char ret_folder[ATP_PATH_SIZE_MAX]);

/* The file that programs see under `path`, or NULL. */
sim_file_t *sim_names_find(const sim_names_t *names, const char *path);
bool sim_names_has_folder(const sim_names_t *names, const char *folder);
void sim_names_add_folder(sim_names_t *names, const char *folder);

/* Does a step for programs; the disk may hold it any time from now. */
void sim_names_step(sim_names_t *names, const char *from, const char *to, sim_file_t *file);

/* sync_folder: the steps in `folder` are on the disk. */
void sim_names_sync(sim_names_t *names, const char *folder);

/* Crash: each step meets the fate, and programs see what the disk holds. */
void sim_names_settle(sim_names_t *names, sim_fate_t fate, uint64_t *random);

/* Sets (file NULL: unsets) a name, durably. */
void sim_names_force(sim_names_t *names, const char *path, sim_file_t *file);

/* Copies the names in `folder`, folders in it included, to ret_names (room for SIM_NAMES_MAX + SIM_FOLDERS_MAX); returns
 * how many. */
size_t sim_names_list(const sim_names_t *names, const char *folder, char (*ret_names)[ATP_PATH_SIZE_MAX]);

/* Marks each file that a name or step is about. */
void sim_names_mark(const sim_names_t *names);

/* Lets all that is about `file` be about `copy`. */
void sim_names_point_to(sim_names_t *names, const sim_file_t *file, sim_file_t *copy);

#endif
