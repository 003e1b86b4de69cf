/* Shows how far a long job is: rate, share, time left. On a terminal one line that is drawn over itself, at
 * most ten times a second; elsewhere plain lines, at most one a second, so that a log stays readable.
 *
 * Time is given by the caller, in milliseconds from any start.
 *
 * Threads     one at a time.   Memory  the caller's, nothing allocated. */
#ifndef ATP_LOADERS_PROGRESS_H
#define ATP_LOADERS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define ATP_PROGRESS_TEXT_SIZE 160

typedef struct atp_progress {
    FILE *out; /* borrowed; NULL shows nothing */
    const char *label;
    bool is_terminal;
    bool is_drawn; /* an unfinished line stands on the terminal */
    int64_t start_ms;
    int64_t shown_ms;
} atp_progress_t;

/* `is_terminal`: usually isatty(fileno(out)). `label`: what is done, e.g. "checking stock.csv"; borrowed. */
void atp_progress_init(atp_progress_t *progress, FILE *out, bool is_terminal, const char *label,
                       int64_t now_ms);

/* Shows `done` of `total` bytes (total 0 = unknown) and `rows`, if it is time to. */
void atp_progress_update(atp_progress_t *progress, int64_t now_ms, uint64_t done, uint64_t total,
                         uint64_t rows);

/* Shows the last state in any case, and ends the line. */
void atp_progress_finish(atp_progress_t *progress, int64_t now_ms, uint64_t done, uint64_t total,
                         uint64_t rows);

/* The text shown, without a line end, e.g.
 * "loading stock.csv  42 %  1,204,000 rows  2.1 M rows/s  55.0 MB/s  0:14 left". Returns its length. */
int atp_progress_format(const atp_progress_t *progress, int64_t now_ms, uint64_t done, uint64_t total,
                        uint64_t rows, char ret_text[ATP_PROGRESS_TEXT_SIZE]);

#endif
