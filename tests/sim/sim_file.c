#include "tests/sim/sim_file.h"

#include "tests/sim/sim_random.h"

#include <stdlib.h>
#include <string.h>

/* ---- content ---- */

static void grow(sim_content_t *content, uint64_t size)
{
    if (size > content->room) {
        uint64_t room = content->room * 2 > size ? content->room * 2 : size;
        room = (room + SIM_SECTOR_SIZE - 1) / SIM_SECTOR_SIZE * SIM_SECTOR_SIZE;
        content->bytes = realloc(content->bytes, room);
        ATP_ASSERT(content->bytes != NULL);
        memset(content->bytes + content->room, 0, room - content->room);
        content->room = room;
    }
    if (size > content->size) {
        content->size = size;
    }
}

static void shrink(sim_content_t *content, uint64_t size)
{
    if (size < content->size) {
        memset(content->bytes + size, 0, content->size - size);
        content->size = size;
    }
}

static void copy_content(sim_content_t *to, const sim_content_t *from)
{
    grow(to, from->size);
    shrink(to, from->size);
    if (from->size > 0) {
        memcpy(to->bytes, from->bytes, from->size);
    }
}

/* ---- life ---- */

sim_file_t *sim_file_create(void)
{
    sim_file_t *file = calloc(1, sizeof *file);

    ATP_ASSERT(file != NULL);
    return file;
}

sim_file_t *sim_file_clone(const sim_file_t *file)
{
    sim_file_t *clone = sim_file_create();

    copy_content(&clone->seen, &file->seen);
    copy_content(&clone->held, &file->held);
    clone->held_size_wanted = file->held_size_wanted;
    if (file->pending_count > 0) {
        clone->pending = malloc(file->pending_count * sizeof *clone->pending);
        ATP_ASSERT(clone->pending != NULL);
        memcpy(clone->pending, file->pending, file->pending_count * sizeof *clone->pending);
        clone->pending_count = file->pending_count;
        clone->pending_room = file->pending_count;
    }
    return clone;
}

void sim_file_destroy(sim_file_t *file)
{
    free(file->seen.bytes);
    free(file->held.bytes);
    free(file->pending);
    free(file);
}

/* ---- writes ---- */

static void add_pending(sim_file_t *file, uint64_t sector)
{
    if (file->pending_count == file->pending_room) {
        file->pending_room = file->pending_room == 0 ? 64 : file->pending_room * 2;
        file->pending = realloc(file->pending, file->pending_room * sizeof *file->pending);
        ATP_ASSERT(file->pending != NULL);
    }
    sim_state_t *state = &file->pending[file->pending_count++];
    state->sector = sector;
    memcpy(state->bytes, file->seen.bytes + sector * SIM_SECTOR_SIZE, SIM_SECTOR_SIZE);
}

void sim_file_write(sim_file_t *file, uint64_t at, const void *bytes, size_t size)
{
    if (size == 0) {
        return;
    }
    grow(&file->seen, at + size);
    memcpy(file->seen.bytes + at, bytes, size);
    for (uint64_t sector = at / SIM_SECTOR_SIZE; sector <= (at + size - 1) / SIM_SECTOR_SIZE; sector++) {
        add_pending(file, sector);
    }
    file->held_size_wanted = file->seen.size;
}

/* ---- what reaches the disk ---- */

static void hold_state(sim_file_t *file, const sim_state_t *state)
{
    uint64_t at = state->sector * SIM_SECTOR_SIZE;
    uint64_t size = file->held.size;

    /* The sector is on the disk; whether it belongs to the file is told by the size. */
    grow(&file->held, at + SIM_SECTOR_SIZE);
    memcpy(file->held.bytes + at, state->bytes, SIM_SECTOR_SIZE);
    file->held.size = size;
}

static void settle_size(sim_file_t *file, sim_fate_t fate, uint64_t *random)
{
    uint64_t size = file->held.size;
    uint64_t wanted = file->held_size_wanted;

    if (wanted > size && fate != SIM_FATE_LOSE) {
        uint64_t grown = fate == SIM_FATE_KEEP ? wanted - size : sim_random_below(random, wanted - size + 1);
        if (fate == SIM_FATE_MIX && sim_random_below(random, 2) == 0) {
            grown = wanted - size;
        }
        grow(&file->held, size + grown);
    }
    /* What lies behind the end is not there when the file grows again. */
    if (file->held.room > file->held.size) {
        memset(file->held.bytes + file->held.size, 0, file->held.room - file->held.size);
    }
    file->held_size_wanted = file->held.size;
}

/* Each state of a sector, the held one included, is kept with the same chance: the k-th newer one replaces what was
 * chosen so far with chance 1 / (k + 1). */
static void settle_mixed(sim_file_t *file, uint64_t *random)
{
    uint64_t sector_count = file->seen.room / SIM_SECTOR_SIZE;
    uint32_t *seen_states = calloc(sector_count + 1, sizeof *seen_states);

    ATP_ASSERT(seen_states != NULL);
    for (uint64_t i = 0; i < file->pending_count; i++) {
        const sim_state_t *state = &file->pending[i];
        uint32_t nth = ++seen_states[state->sector];
        if (sim_random_below(random, nth + 1) == 0) {
            hold_state(file, state);
        }
    }
    free(seen_states);
}

static uint64_t count_older(const sim_file_t *file)
{
    uint64_t count = 0;

    for (uint64_t at = 0; at < file->seen.size; at += SIM_SECTOR_SIZE) {
        uint64_t size = file->seen.size - at < SIM_SECTOR_SIZE ? file->seen.size - at : SIM_SECTOR_SIZE;
        count +=
            at + size > file->held.size || memcmp(file->seen.bytes + at, file->held.bytes + at, size) != 0;
    }
    return count;
}

uint64_t sim_file_settle(sim_file_t *file, sim_fate_t fate, uint64_t *random)
{
    if (fate == SIM_FATE_KEEP) {
        for (uint64_t i = 0; i < file->pending_count; i++) {
            hold_state(file, &file->pending[i]);
        }
    } else if (fate == SIM_FATE_MIX) {
        settle_mixed(file, random);
    }
    settle_size(file, fate, random);
    file->pending_count = 0;
    return fate == SIM_FATE_KEEP ? 0 : count_older(file);
}

void sim_file_forget_cache(sim_file_t *file)
{
    copy_content(&file->seen, &file->held);
}

/* ---- damage ---- */

void sim_file_flip(sim_file_t *file, uint64_t at, unsigned char mask)
{
    ATP_ASSERT(at < file->seen.size);
    file->seen.bytes[at] ^= mask;
    if (at < file->held.size) {
        file->held.bytes[at] ^= mask;
    }
}

void sim_file_truncate(sim_file_t *file, uint64_t size)
{
    shrink(&file->seen, size);
    shrink(&file->held, size);
    file->pending_count = 0;
    file->held_size_wanted = file->held.size;
}
