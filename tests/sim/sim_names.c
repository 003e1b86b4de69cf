#include "tests/sim/sim_names.h"

#include "tests/sim/sim_random.h"

#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

void sim_names_init(sim_names_t *names)
{
    memset(names, 0, sizeof *names);
    names->seen.names = malloc(SIM_NAMES_MAX * sizeof *names->seen.names);
    names->held.names = malloc(SIM_NAMES_MAX * sizeof *names->held.names);
    names->steps = malloc(SIM_STEPS_MAX * sizeof *names->steps);
    ATP_ASSERT(names->seen.names != NULL && names->held.names != NULL && names->steps != NULL);
    sim_names_add_folder(names, ".");
}

void sim_names_fini(sim_names_t *names)
{
    free(names->seen.names);
    free(names->held.names);
    free(names->steps);
    memset(names, 0, sizeof *names);
}

static void copy_list(sim_list_t *to, const sim_list_t *from)
{
    to->count = from->count;
    memcpy(to->names, from->names, from->count * sizeof *from->names);
}

void sim_names_copy(sim_names_t *to, const sim_names_t *from)
{
    copy_list(&to->seen, &from->seen);
    copy_list(&to->held, &from->held);
    to->step_count = from->step_count;
    memcpy(to->steps, from->steps, from->step_count * sizeof *from->steps);
    to->folder_count = from->folder_count;
    memcpy(to->folders, from->folders, sizeof from->folders);
}

/* ---- paths and folders ---- */

void sim_path_copy(char to[ATP_PATH_SIZE_MAX], const char *from)
{
    ATP_ASSERT(strlen(from) < ATP_PATH_SIZE_MAX);
    memmove(to, from, strlen(from) + 1);
}

void sim_path_folder(const char *path, char ret_folder[ATP_PATH_SIZE_MAX])
{
    const char *slash = strrchr(path, '/');

    sim_path_copy(ret_folder, slash == NULL ? "." : path);
    if (slash != NULL) {
        ret_folder[slash - path] = '\0';
    }
}

static bool is_in_folder(const char *path, const char *folder)
{
    char its[ATP_PATH_SIZE_MAX];

    sim_path_folder(path, its);
    return strcmp(its, folder) == 0;
}

bool sim_names_has_folder(const sim_names_t *names, const char *folder)
{
    for (size_t i = 0; i < names->folder_count; i++) {
        if (strcmp(names->folders[i], folder) == 0) {
            return true;
        }
    }
    return false;
}

void sim_names_add_folder(sim_names_t *names, const char *folder)
{
    if (!sim_names_has_folder(names, folder)) {
        ATP_ASSERT(names->folder_count < SIM_FOLDERS_MAX);
        sim_path_copy(names->folders[names->folder_count++], folder);
    }
}

/* ---- lists ---- */

static sim_name_t *find_in(const sim_list_t *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->names[i].path, path) == 0) {
            return &list->names[i];
        }
    }
    return NULL;
}

static void unset_in(sim_list_t *list, const char *path)
{
    sim_name_t *name = find_in(list, path);

    if (name != NULL) {
        *name = list->names[--list->count];
    }
}

static void set_in(sim_list_t *list, const char *path, sim_file_t *file)
{
    unset_in(list, path);
    ATP_ASSERT(list->count < SIM_NAMES_MAX);
    sim_name_t *name = &list->names[list->count++];
    sim_path_copy(name->path, path);
    name->file = file;
}

/* A step that happens though one before it did not meets other names than it was made for: it then moves or removes only
 * what is its own. */
static void do_step(sim_list_t *list, const sim_step_t *step)
{
    if (step->from[0] != '\0') {
        const sim_name_t *from = find_in(list, step->from);
        if (from != NULL && from->file == step->file) {
            unset_in(list, step->from);
        }
    }
    if (step->to[0] != '\0') {
        set_in(list, step->to, step->file);
    }
}

sim_file_t *sim_names_find(const sim_names_t *names, const char *path)
{
    const sim_name_t *name = find_in(&names->seen, path);

    return name == NULL ? NULL : name->file;
}

/* ---- steps ---- */

void sim_names_step(sim_names_t *names, const char *from, const char *to, sim_file_t *file)
{
    ATP_ASSERT(names->step_count < SIM_STEPS_MAX);
    sim_step_t *step = &names->steps[names->step_count++];
    sim_path_copy(step->from, from);
    sim_path_copy(step->to, to);
    step->file = file;
    do_step(&names->seen, step);
}

void sim_names_sync(sim_names_t *names, const char *folder)
{
    size_t left = 0;

    for (size_t i = 0; i < names->step_count; i++) {
        const sim_step_t *step = &names->steps[i];
        if (is_in_folder(step->to[0] != '\0' ? step->to : step->from, folder)) {
            do_step(&names->held, step);
        } else {
            names->steps[left++] = *step;
        }
    }
    names->step_count = left;
}

void sim_names_settle(sim_names_t *names, sim_fate_t fate, uint64_t *random)
{
    for (size_t i = 0; i < names->step_count; i++) {
        bool is_chosen = fate == SIM_FATE_MIX && sim_random_below(random, 2) == 0;
        if (fate == SIM_FATE_KEEP || is_chosen) {
            do_step(&names->held, &names->steps[i]);
        }
    }
    names->step_count = 0;
    copy_list(&names->seen, &names->held);
}

void sim_names_force(sim_names_t *names, const char *path, sim_file_t *file)
{
    unset_in(&names->seen, path);
    unset_in(&names->held, path);
    if (file != NULL) {
        set_in(&names->seen, path, file);
        set_in(&names->held, path, file);
    }
}

/* ---- all of them ---- */

size_t sim_names_list(const sim_names_t *names, const char *folder, char (*ret_names)[ATP_PATH_SIZE_MAX])
{
    size_t count = 0;
    bool is_root = strcmp(folder, ".") == 0;
    size_t skip = is_root ? 0 : strlen(folder) + 1;

    for (size_t i = 0; i < names->seen.count; i++) {
        const char *path = names->seen.names[i].path;
        if (is_in_folder(path, folder)) {
            sim_path_copy(ret_names[count++], path + skip);
        }
    }
    for (size_t i = 0; i < names->folder_count; i++) {
        if (is_root && strcmp(names->folders[i], ".") != 0) {
            sim_path_copy(ret_names[count++], names->folders[i]);
        }
    }
    return count;
}

static void mark_list(const sim_list_t *list)
{
    for (size_t i = 0; i < list->count; i++) {
        list->names[i].file->is_marked = true;
    }
}

void sim_names_mark(const sim_names_t *names)
{
    mark_list(&names->seen);
    mark_list(&names->held);
    for (size_t i = 0; i < names->step_count; i++) {
        names->steps[i].file->is_marked = true;
    }
}

static void point_list_to(sim_list_t *list, const sim_file_t *file, sim_file_t *copy)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->names[i].file == file) {
            list->names[i].file = copy;
        }
    }
}

void sim_names_point_to(sim_names_t *names, const sim_file_t *file, sim_file_t *copy)
{
    point_list_to(&names->seen, file, copy);
    point_list_to(&names->held, file, copy);
    for (size_t i = 0; i < names->step_count; i++) {
        if (names->steps[i].file == file) {
            names->steps[i].file = copy;
        }
    }
}
