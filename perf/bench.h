/* What the benchmarks share: time, failing, tables, and figures handed on to perf/run.
 *
 * A benchmark prints Markdown: perf/run puts it into docs/benchmarks.md as it stands. Figures that a budget is held
 * against go by name to the file that the environment variable ATP_PERF_FIGURES names, one "name value" a line.
 *
 * Threads     now_ns, check: any.   The rest: one. */
#ifndef ATP_PERF_BENCH_H
#define ATP_PERF_BENCH_H

#include "engine/base/histogram.h"

#include <stdbool.h>
#include <stdint.h>

/* Monotonic, from an unknown start. */
uint64_t bench_now_ns(void);
/* What this thread has run, without the time the processor was given to others. */
uint64_t bench_thread_ns(void);

/* Ends the process with status 1 and the sentence on stderr unless `ok`: a benchmark whose answers are wrong measures
 * nothing. */
void bench_check(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A table: the heads in one string, separated by |, then rows of as many cells. Cells are filled one after the other. */
void bench_table(const char *heads);
void bench_cell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void bench_end_row(void);

/* The cells n, p50, p99, p99.9, max of a histogram in ns, told in `unit_ns` ns with one decimal. */
#define BENCH_PERCENTILES "n | p50 | p99 | p99.9 | max"
void bench_percentile_cells(const atp_histogram_t *histogram, double unit_ns);

/* Hands a figure on to perf/run. */
void bench_figure(const char *name, double value);

/* "1,234,567" in one of a few static buffers: for one printf. */
const char *bench_count(uint64_t number);

/* Resident memory of this process, in bytes. */
uint64_t bench_resident_bytes(void);

/* The value of flag `name` ("--positions") as a number, or `otherwise` if the flag is not there. Ends the process if it is
 * not a number. */
uint64_t bench_flag(int argc, char **argv, const char *name, uint64_t otherwise);
bool bench_has_flag(int argc, char **argv, const char *name);
const char *bench_text_flag(int argc, char **argv, const char *name, const char *otherwise);

#endif
