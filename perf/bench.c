#include "perf/bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t bench_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t bench_thread_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void bench_check(bool ok, const char *format, ...)
{
    va_list arguments;

    if (ok) {
        return;
    }
    (void)fflush(stdout);
    va_start(arguments, format);
    (void)fputs("benchmark failed: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    _exit(1);
}

/* ---- tables ---- */

void bench_table(const char *heads)
{
    (void)printf("\n| %s |\n|", heads);
    for (const char *at = heads; at != NULL; at = strchr(at + 1, '|')) {
        (void)fputs(at == heads ? "---|" : "--:|", stdout);
    }
    (void)putchar('\n');
    (void)fflush(stdout);
}

void bench_cell(const char *format, ...)
{
    va_list arguments;

    (void)fputs("| ", stdout);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar(' ');
}

void bench_end_row(void)
{
    (void)fputs("|\n", stdout);
    (void)fflush(stdout);
}

void bench_percentile_cells(const atp_histogram_t *histogram, double unit_ns)
{
    static const uint32_t per_million[] = {500000, 990000, 999000};

    bench_cell("%s", bench_count(atp_histogram_count(histogram)));
    for (size_t i = 0; i < sizeof per_million / sizeof per_million[0]; i++) {
        bench_cell("%.1f", (double)atp_histogram_percentile(histogram, per_million[i]) / unit_ns);
    }
    bench_cell("%.1f", (double)atp_histogram_max(histogram) / unit_ns);
}

void bench_figure(const char *name, double value)
{
    const char *path = getenv("ATP_PERF_FIGURES");
    FILE *file = path == NULL ? NULL : fopen(path, "a");

    if (path == NULL) {
        return;
    }
    bench_check(file != NULL && fprintf(file, "%s %.6g\n", name, value) > 0 && fclose(file) == 0,
                "%s cannot be written: %s", path, strerror(errno));
}

const char *bench_count(uint64_t number)
{
    static char buffers[8][32];
    static unsigned next;
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, number);
    char *out = buffers[next++ % 8];
    int at = 0;

    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) {
            out[at++] = ',';
        }
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

uint64_t bench_resident_bytes(void)
{
    unsigned long pages = 0;
    unsigned long resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    bench_check(file != NULL && fscanf(file, "%lu %lu", &pages, &resident) == 2, "/proc/self/statm");
    (void)fclose(file);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- flags ---- */

bool bench_has_flag(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return false;
}

const char *bench_text_flag(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            bench_check(i + 1 < argc, "%s wants a value", name);
            return argv[i + 1];
        }
    }
    return otherwise;
}

uint64_t bench_flag(int argc, char **argv, const char *name, uint64_t otherwise)
{
    const char *text = bench_text_flag(argc, argv, name, NULL);
    char *end;

    if (text == NULL) {
        return otherwise;
    }
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    bench_check(errno == 0 && end != text && *end == '\0', "%s %s: not a number", name, text);
    return value;
}
