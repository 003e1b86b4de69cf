#include "engine/base/arena.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE_SIZE (2u << 20)
#define ARENA_SIZE_MAX (SIZE_MAX / 2)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; older kernels answer EINVAL and pages come on first touch */
#endif

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

atp_err_t atp_arena_reserve(atp_arena_t *arena, size_t size)
{
    if (size > ARENA_SIZE_MAX) {
        return ATP_ERR_MEMORY; /* before rounding up could wrap around */
    }
    size_t reserved = round_up(size == 0 ? 1 : size, HUGE_PAGE_SIZE);
    void *base = mmap(NULL, reserved + HUGE_PAGE_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (base == MAP_FAILED) {
        return ATP_ERR_MEMORY;
    }
    /* Cut the ends off, so that the range starts on a huge page. */
    uintptr_t start = round_up((uintptr_t)base, HUGE_PAGE_SIZE);
    size_t before = start - (uintptr_t)base;
    if (before > 0) {
        munmap(base, before);
    }
    munmap((void *)(start + reserved), HUGE_PAGE_SIZE - before);
    memset(arena, 0, sizeof *arena);
    arena->base = (unsigned char *)start;
    arena->reserved_size = reserved;
    /* Advice only: without huge pages the arena is slower, not wrong. */
    (void)madvise(arena->base, reserved, MADV_HUGEPAGE);
    return ATP_OK;
}

void atp_arena_release(atp_arena_t *arena)
{
    if (arena->base != NULL) {
        munmap(arena->base, arena->reserved_size);
    }
    memset(arena, 0, sizeof *arena);
}

atp_err_t atp_arena_populate_ahead(atp_arena_t *arena, size_t ahead)
{
    size_t used = atp_load_relaxed(&arena->used_size);
    size_t populated = atp_load_relaxed(&arena->populated_size);
    size_t wanted = round_up(used + ahead, HUGE_PAGE_SIZE);

    if (wanted > arena->reserved_size) {
        wanted = arena->reserved_size;
    }
    while (populated < wanted) {
        if (madvise(arena->base + populated, HUGE_PAGE_SIZE, MADV_POPULATE_WRITE) != 0 && errno != EINVAL) {
            return ATP_ERR_MEMORY;
        }
        populated += HUGE_PAGE_SIZE;
        atp_store_relaxed(&arena->populated_size, populated);
    }
    return ATP_OK;
}

static uint64_t read_number(const char *path, const char *key)
{
    char line[256];
    uint64_t value = UINT64_MAX;
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        return UINT64_MAX;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), "%" SCNu64, &value) == 1) {
            break;
        }
    }
    fclose(file);
    return value;
}

static uint64_t cgroup_left(const char *limit_path, const char *usage_path)
{
    uint64_t limit = read_number(limit_path, "");
    uint64_t usage = read_number(usage_path, "");

    if (limit == UINT64_MAX || usage == UINT64_MAX) {
        return UINT64_MAX; /* no such cgroup, or "max" */
    }
    return limit > usage ? limit - usage : 0;
}

/* The cgroup v2 folder of this process, e.g. "/sys/fs/cgroup/system.slice/atpd.service". */
static void cgroup_folder(char *ret_path, size_t size)
{
    char line[512];
    FILE *file = fopen("/proc/self/cgroup", "r");

    snprintf(ret_path, size, "/sys/fs/cgroup");
    if (file == NULL) {
        return;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "0::/", 4) == 0) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(ret_path, size, "/sys/fs/cgroup%.400s", line + 3);
        }
    }
    fclose(file);
}

size_t atp_memory_available(void)
{
    char folder[512];
    char limit_path[600];
    char usage_path[600];
    uint64_t available = read_number("/proc/meminfo", "MemAvailable:");
    uint64_t left;

    available = available == UINT64_MAX ? UINT64_MAX : available * 1024;
    cgroup_folder(folder, sizeof folder);
    snprintf(limit_path, sizeof limit_path, "%s/memory.max", folder);
    snprintf(usage_path, sizeof usage_path, "%s/memory.current", folder);
    left = cgroup_left(limit_path, usage_path);
    available = left < available ? left : available;
    left = cgroup_left("/sys/fs/cgroup/memory/memory.limit_in_bytes",
                       "/sys/fs/cgroup/memory/memory.usage_in_bytes");
    available = left < available ? left : available;
    return available > SIZE_MAX ? SIZE_MAX : (size_t)available;
}
