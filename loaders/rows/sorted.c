#include "loaders/rows/sorted.h"

#include "loaders/grow.h"
#include "loaders/input/spool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_SIZE ((size_t)4 << 20) /* of the run that is added to, and then of all windows together */

/* Records in order: on disk, or, of the last one, in memory. */
typedef struct run {
    uint64_t at;    /* in the file */
    uint64_t count; /* of its records */
    /* while they are had */
    uint64_t done; /* have been in the window, or are */
    char *window;
    uint32_t have;
    uint32_t next; /* in the window */
} run_t;

struct atp_sorted {
    uint32_t record_size;
    atp_sorted_compare_fn compare;
    uint64_t count;
    int fd; /* -1: nothing is on disk */
    uint64_t size;
    char *adding; /* the run in memory */
    uint32_t adding_count;
    bool is_over; /* nothing is added any more */
    run_t *runs;
    uint64_t run_count;
    uint64_t run_room;
    /* while they are had; the windows lie where records were added */
    uint32_t window_records;
    uint64_t *heap; /* runs that have records left; the one with the first of them on top */
    uint64_t heap_count;
    bool is_given; /* the first record of the top */
};

atp_err_t atp_sorted_create(uint32_t record_size, atp_sorted_compare_fn compare, atp_sorted_t **ret_sorted)
{
    atp_sorted_t *sorted = calloc(1, sizeof *sorted);

    ATP_ASSERT(record_size >= 1 && record_size <= ATP_SORTED_RECORD_MAX);
    if (sorted == NULL) {
        return ATP_ERR_MEMORY;
    }
    sorted->record_size = record_size;
    sorted->compare = compare;
    sorted->fd = -1;
    *ret_sorted = sorted;
    return ATP_OK;
}

void atp_sorted_destroy(atp_sorted_t *sorted)
{
    if (sorted == NULL) {
        return;
    }
    if (sorted->fd >= 0) {
        close(sorted->fd);
    }
    free(sorted->adding);
    free(sorted->runs);
    free(sorted->heap);
    free(sorted);
}

uint64_t atp_sorted_count(const atp_sorted_t *sorted)
{
    return sorted->count;
}

/* ---- adding ---- */

static run_t *add_run(atp_sorted_t *sorted)
{
    run_t *runs = atp_grow(sorted->runs, sizeof *runs, sorted->run_count, &sorted->run_room);

    if (runs == NULL) {
        return NULL;
    }
    sorted->runs = runs;
    runs[sorted->run_count] = (run_t){.at = sorted->size, .count = sorted->adding_count};
    return &runs[sorted->run_count++];
}

/* What is in memory becomes a run on disk. */
static atp_err_t write_run(atp_sorted_t *sorted)
{
    size_t size = (size_t)sorted->adding_count * sorted->record_size;

    if (sorted->run_count == MEMORY_SIZE / sorted->record_size) {
        return ATP_ERR_LIMIT; /* each has a record in memory while they are had */
    }
    sorted->fd = sorted->fd >= 0 ? sorted->fd : atp_spool_open_nameless();
    if (sorted->fd < 0) {
        return ATP_ERR_IO;
    }
    qsort(sorted->adding, sorted->adding_count, sorted->record_size, sorted->compare);
    atp_err_t err = atp_spool_write_at(sorted->fd, sorted->adding, size, sorted->size);
    if (err == ATP_OK && add_run(sorted) == NULL) {
        err = ATP_ERR_MEMORY;
    }
    if (err == ATP_OK) {
        sorted->size += size;
        sorted->adding_count = 0;
    }
    return err;
}

atp_err_t atp_sorted_add(atp_sorted_t *sorted, const void *record)
{
    atp_err_t err = ATP_OK;

    ATP_ASSERT(!sorted->is_over);
    if (sorted->adding == NULL && (sorted->adding = malloc(MEMORY_SIZE)) == NULL) {
        return ATP_ERR_MEMORY;
    }
    if (sorted->adding_count == MEMORY_SIZE / sorted->record_size) {
        err = write_run(sorted);
    }
    if (err == ATP_OK) {
        memcpy(sorted->adding + (size_t)sorted->adding_count++ * sorted->record_size, record,
               sorted->record_size);
        sorted->count++;
    }
    return err;
}

/* ---- having ---- */

/* All but a few records are on disk: what is left goes there too, and makes room for windows. A few stay where they are. */
static atp_err_t end_adding(atp_sorted_t *sorted)
{
    atp_err_t err = ATP_OK;

    sorted->is_over = true;
    if (sorted->run_count > 0 && sorted->adding_count > 0) {
        err = write_run(sorted);
    } else if (sorted->adding_count > 0) {
        qsort(sorted->adding, sorted->adding_count, sorted->record_size, sorted->compare);
        err = add_run(sorted) != NULL ? ATP_OK : ATP_ERR_MEMORY;
    }
    sorted->heap = err == ATP_OK ? calloc(sorted->run_count + 1, sizeof *sorted->heap) : NULL;
    return err == ATP_OK && sorted->heap == NULL ? ATP_ERR_MEMORY : err;
}

static const char *first_of(const atp_sorted_t *sorted, uint64_t run)
{
    return sorted->runs[run].window + (size_t)sorted->runs[run].next * sorted->record_size;
}

/* Reads the next records of the run; those that are in memory are in the window from the beginning. */
static atp_err_t fill_window(const atp_sorted_t *sorted, run_t *run)
{
    uint64_t left = run->count - run->done;
    uint32_t have = left < sorted->window_records ? (uint32_t)left : sorted->window_records;
    size_t size = (size_t)have * sorted->record_size;
    atp_err_t err = ATP_OK;

    if (sorted->fd >= 0) {
        err = atp_spool_read_at(sorted->fd, run->window, size, run->at + run->done * sorted->record_size);
    }
    run->have = have;
    run->next = 0;
    run->done += have;
    return err;
}

/* Moves the run at `place` of the heap down to where it belongs. */
static void sift_down(atp_sorted_t *sorted, uint64_t place)
{
    uint64_t *heap = sorted->heap;

    for (;;) {
        uint64_t least = place;
        for (uint64_t child = 2 * place + 1; child <= 2 * place + 2 && child < sorted->heap_count; child++) {
            if (sorted->compare(first_of(sorted, heap[child]), first_of(sorted, heap[least])) < 0) {
                least = child;
            }
        }
        if (least == place) {
            return;
        }
        uint64_t run = heap[place];
        heap[place] = heap[least];
        heap[least] = run;
        place = least;
    }
}

atp_err_t atp_sorted_begin(atp_sorted_t *sorted)
{
    atp_err_t err = sorted->is_over ? ATP_OK : end_adding(sorted);
    uint64_t most = MEMORY_SIZE / sorted->record_size;

    if (err != ATP_OK || sorted->run_count == 0) {
        return err;
    }
    sorted->window_records = (uint32_t)(sorted->run_count < most ? most / sorted->run_count : 1);
    sorted->heap_count = 0;
    sorted->is_given = false;
    for (uint64_t i = 0; i < sorted->run_count && err == ATP_OK; i++) {
        run_t *run = &sorted->runs[i];
        run->window = sorted->adding + i * sorted->window_records * sorted->record_size;
        run->done = 0;
        err = fill_window(sorted, run);
        sorted->heap[sorted->heap_count++] = i;
    }
    for (uint64_t i = sorted->heap_count / 2; i-- > 0 && err == ATP_OK;) {
        sift_down(sorted, i);
    }
    return err;
}

/* The first record of the top was given: the one behind it takes its place. */
static atp_err_t pass_given(atp_sorted_t *sorted)
{
    run_t *run = &sorted->runs[sorted->heap[0]];
    atp_err_t err = ATP_OK;

    if (++run->next == run->have && run->done < run->count) {
        err = fill_window(sorted, run);
    }
    if (run->next == run->have) {
        sorted->heap[0] = sorted->heap[--sorted->heap_count];
    }
    if (err == ATP_OK) {
        sift_down(sorted, 0);
    }
    return err;
}

atp_err_t atp_sorted_next(atp_sorted_t *sorted, const void **ret_record)
{
    atp_err_t err = sorted->is_given ? pass_given(sorted) : ATP_OK;

    ATP_ASSERT(sorted->is_over);
    sorted->is_given = err == ATP_OK && sorted->heap_count > 0;
    *ret_record = sorted->is_given ? first_of(sorted, sorted->heap[0]) : NULL;
    return err;
}
