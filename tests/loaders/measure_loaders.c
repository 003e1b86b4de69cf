/* measure_loaders FILE [PROFILE]: how fast the splitter is, beside libcsv where the build found it, and how fast the
 * two passes of a load are. Prints rows a second of processor time, and a hash of all fields or rows, so that nothing is optimised
 * away and runs can be compared. Best of five. */
#include "engine/base/hash.h"
#include "loaders/formats/csv.h"
#include "loaders/load.h"
#include "tests/support/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#ifdef ATP_HAS_LIBCSV
#include <csv.h>
#endif

#define RUNS 5

typedef struct tally {
    uint64_t rows;
    uint64_t fields;
    uint64_t bytes;
} tally_t;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* one core, whoever else is busy */
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The whole file; its bytes are the caller's. */
static bool read_file(const char *path, source_t *ret_text)
{
    struct stat info;
    FILE *in = fopen(path, "re");

    if (in == NULL || fstat(fileno(in), &info) != 0) {
        return false;
    }
    size_t size = (size_t)info.st_size;
    char *bytes = malloc(size + 1);
    bool is_read = bytes != NULL && fread(bytes, 1, size, in) == size;
    *ret_text = (source_t){bytes, size, 0, SIZE_MAX};
    fclose(in);
    return is_read;
}

static void report(const char *what, const tally_t *tally, double seconds, size_t size)
{
    printf("%-10s %9llu rows %10llu fields  %6.2f M rows/s  %7.1f MB/s  (check %llu)\n", what,
           (unsigned long long)tally->rows, (unsigned long long)tally->fields,
           (double)tally->rows / seconds / 1e6, (double)size / seconds / 1e6,
           (unsigned long long)tally->bytes);
}

static tally_t split_own(source_t *text)
{
    const atp_csv_format_t format = {.delimiter = ',', .has_quotes = true};
    atp_csv_t *csv = NULL;
    atp_record_t record;
    tally_t tally = {0};

    text->at = 0;
    if (atp_csv_create(&format, read_source, text, &csv) != ATP_OK) {
        exit(1);
    }
    for (atp_record_status_t status; (status = atp_csv_next(csv, &record)) != ATP_RECORD_END;) {
        if (status == ATP_RECORD_FILL) {
            if (atp_csv_fill(csv, NULL) != ATP_OK) {
                exit(1);
            }
            continue;
        }
        tally.rows++;
        tally.fields += record.field_count;
        for (uint32_t i = 0; i < record.field_count; i++) {
            tally.bytes += record.fields[i].size;
        }
    }
    atp_csv_destroy(csv);
    return tally;
}

#ifdef ATP_HAS_LIBCSV
static void take_field(void *bytes, size_t size, void *context)
{
    tally_t *tally = context;

    (void)bytes;
    tally->fields++;
    tally->bytes += size;
}

static void take_row(int end, void *context)
{
    (void)end;
    ((tally_t *)context)->rows++;
}

static tally_t split_libcsv(source_t *text)
{
    struct csv_parser parser;
    tally_t tally = {0};
    const size_t piece = 1u << 20;

    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        exit(1);
    }
    for (size_t at = 0; at < text->size; at += piece) {
        size_t size = text->size - at < piece ? text->size - at : piece;
        if (csv_parse(&parser, (const char *)text->bytes + at, size, take_field, take_row, &tally) != size) {
            fprintf(stderr, "libcsv: %s\n", csv_strerror(csv_error(&parser)));
            exit(1);
        }
    }
    (void)csv_fini(&parser, take_field, take_row, &tally);
    csv_free(&parser);
    return tally;
}
#endif

static void measure_split(const char *what, tally_t (*split)(source_t *), source_t *text)
{
    double best = 1e9;
    tally_t tally = {0};

    for (int run = 0; run < RUNS; run++) {
        double start = now_s();
        tally = split(text);
        double seconds = now_s() - start;
        best = seconds < best ? seconds : best;
    }
    report(what, &tally, best, text->size);
}

static atp_err_t take_rows(void *context, const atp_load_row_t *rows, uint32_t row_count, atp_why_t *ret_why)
{
    tally_t *tally = context;

    (void)ret_why;
    for (uint32_t i = 0; i < row_count; i++) {
        tally->bytes =
            tally->bytes * 31 + (uint64_t)rows[i].qty[ATP_LOAD_ON_HAND].mantissa + rows[i].sku.size;
    }
    tally->rows += row_count;
    return ATP_OK;
}

/* Validate and deliver, each with its own rate. */
static void measure_load(const char *path, const atp_profile_t *profile, size_t size)
{
    double best[2] = {1e9, 1e9};
    tally_t tally = {0};
    atp_why_t why = {""};

    for (int run = 0; run < RUNS; run++) {
        atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;
        atp_load_t *load = NULL;
        double start = now_s();
        options.profile = profile;
        options.path = path;
        tally = (tally_t){0};
        bool is_valid =
            atp_load_open(&options, &load, &why) == ATP_OK && atp_load_validate(load, &why) == ATP_OK;
        double middle = now_s();
        if (!is_valid || atp_load_deliver(load, take_rows, &tally, &why) != ATP_OK ||
            atp_load_close(load, &why) != ATP_OK) {
            fprintf(stderr, "%s\n", why.text);
            exit(1);
        }
        double end = now_s();
        best[0] = middle - start < best[0] ? middle - start : best[0];
        best[1] = end - middle < best[1] ? end - middle : best[1];
    }
    report("validate", &tally, best[0], size);
    report("deliver", &tally, best[1], size);
    report("both", &tally, best[0] + best[1], size);
}

int main(int argc, char **argv)
{
    atp_profile_t *profile = NULL;
    atp_why_t why = {""};
    source_t text = {0};

    if (argc < 2 || !read_file(argv[1], &text)) {
        fprintf(stderr, "Usage: measure_loaders FILE [PROFILE]   FILE must be readable\n");
        return 2;
    }
    measure_split("splitter", split_own, &text);
#ifdef ATP_HAS_LIBCSV
    measure_split("libcsv", split_libcsv, &text);
#endif
    if (atp_profile_load(argc > 2 ? argv[2] : "native", &profile, &why) != ATP_OK) {
        fprintf(stderr, "%s\n", why.text);
        return 2;
    }
    measure_load(argv[1], profile, text.size);
    atp_profile_destroy(profile);
    free((void *)text.bytes);
    return 0;
}
