#include "tools/atpd/metrics/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_SIZE    64
#define SHARD_COUNT     8 /* of a SHARED metric without labels: each on its own line */
#define CELLS_PER_LINE  (ATP_CACHE_LINE / sizeof(uint64_t))
#define HISTOGRAM_COUNT 4

typedef enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM } kind_t;
typedef enum writers { WRITERS_OWNED, WRITERS_SHARED, WRITERS_PULLED } writers_t;
typedef enum labels {
    LABELS_NONE,
    LABELS_INFO,
    LABELS_KIND_VERDICT,
    LABELS_VERDICT,
    LABELS_ERR,
    LABELS_CLASS,
    LABELS_RESERVATION_STATE,
    LABELS_TABLE,
    LABELS_SOURCE,
    LABELS_OWNER,
    LABELS_EXCEPTION_KIND
} labels_t;
typedef enum unit { UNIT_ONE, UNIT_MS, UNIT_NS } unit_t;

typedef struct row {
    const char *name;
    kind_t kind;
    writers_t writers;
    labels_t labels;
    unit_t unit;
    const char *help;
} row_t;

static const row_t rows[] = {
#define ROW(NAME, name, kind, writers, labels, unit, help)                                                   \
    {name, KIND_##kind, WRITERS_##writers, LABELS_##labels, UNIT_##unit, help},
    ATP_METRICS(ROW)
#undef ROW
};
_Static_assert(sizeof rows / sizeof rows[0] == ATP_METRIC_COUNT, "one row a metric");

/* NOLINTNEXTLINE(bugprone-macro-parentheses): one term of a sum */
#define COUNT_HISTOGRAM(NAME, name, kind, writers, labels, unit, help) +(KIND_##kind == KIND_HISTOGRAM)
_Static_assert(0 ATP_METRICS(COUNT_HISTOGRAM) == HISTOGRAM_COUNT, "a place for each histogram");
#undef COUNT_HISTOGRAM

static const char *const class_names[ATP_METRIC_CLASS_COUNT] = {"release", "firm", "reserve", "fact", "bulk"};
static const char *const reservation_state_names[ATP_METRIC_RESERVATION_STATE_COUNT] = {"reserved",
                                                                                        "allocated"};

struct atp_metrics {
    /* set before the threads start */
    char version[VERSION_SIZE];
    uint64_t incarnation;
    const char *table_name[ATP_METRIC_TABLES_MAX];
    char source_name[ATP_METRIC_SOURCES_MAX][ATP_ID_SIZE_MAX + 1]; /* the collecting thread's */
    char owner_name[ATP_METRIC_OWNERS_MAX][ATP_ID_SIZE_MAX + 1];   /* the same */
    const char *exception_name[ATP_METRIC_EXCEPTION_KINDS_MAX];
    void (*refresh)(void *context, atp_metrics_t *metrics);
    void *refresh_context;
    uint32_t first_cell[ATP_METRIC_COUNT]; /* or number of the histogram */

    /* any thread, each metric on lines of its own */
    atp_histogram_t histogram[HISTOGRAM_COUNT];
    _Alignas(ATP_CACHE_LINE) _Atomic uint64_t cell[];
};

/* ---- cells ---- */

static uint32_t label_count(labels_t labels)
{
    switch (labels) {
    case LABELS_NONE:
    case LABELS_INFO:
        return 1;
    case LABELS_KIND_VERDICT:
        return ATP_OP_KIND_LIMIT * ATP_VERDICT_LIMIT;
    case LABELS_VERDICT:
        return ATP_VERDICT_LIMIT;
    case LABELS_ERR:
        return ATP_ERR_COUNT;
    case LABELS_CLASS:
        return ATP_METRIC_CLASS_COUNT;
    case LABELS_RESERVATION_STATE:
        return ATP_METRIC_RESERVATION_STATE_COUNT;
    case LABELS_TABLE:
        return ATP_METRIC_TABLES_MAX;
    case LABELS_SOURCE:
        return ATP_METRIC_SOURCES_MAX;
    case LABELS_OWNER:
        return ATP_METRIC_OWNERS_MAX;
    case LABELS_EXCEPTION_KIND:
        return ATP_METRIC_EXCEPTION_KINDS_MAX;
    }
    atp_assert_failed(__FILE__, __LINE__, "labels without a count");
}

static bool is_sharded(const row_t *row)
{
    return row->writers == WRITERS_SHARED && row->labels == LABELS_NONE;
}

static uint32_t cell_count(const row_t *row)
{
    uint32_t line = (uint32_t)CELLS_PER_LINE;

    if (is_sharded(row)) {
        return SHARD_COUNT * line;
    }
    return (label_count(row->labels) + line - 1) / line * line;
}

/* Gives each metric its place; returns how many cells there are. */
static uint32_t lay_out(uint32_t first_cell[ATP_METRIC_COUNT])
{
    uint32_t cells = 0;
    uint32_t histograms = 0;

    for (uint32_t i = 0; i < ATP_METRIC_COUNT; i++) {
        if (rows[i].kind == KIND_HISTOGRAM) {
            first_cell[i] = histograms++;
        } else {
            first_cell[i] = cells;
            cells += cell_count(&rows[i]);
        }
    }
    return cells;
}

static _Atomic uint64_t *cell_of(const atp_metrics_t *metrics, atp_metric_t metric, uint32_t label)
{
    const row_t *row = &rows[metric];

    ATP_ASSERT(row->kind != KIND_HISTOGRAM && label < label_count(row->labels));
    return (_Atomic uint64_t *)&metrics->cell[metrics->first_cell[metric] + label];
}

/* Threads take the shards in turn, and keep theirs. */
static uint32_t shard_of_this_thread(void)
{
    static _Atomic uint32_t next_shard;
    static _Thread_local uint32_t shard = UINT32_MAX;

    if (shard == UINT32_MAX) {
        shard = atp_fetch_add_relaxed(&next_shard, 1) % SHARD_COUNT; /* relaxed: any spread will do */
    }
    return shard;
}

atp_metrics_t *atp_metrics_create(const char *version)
{
    uint32_t first_cell[ATP_METRIC_COUNT];
    size_t size = sizeof(atp_metrics_t) + lay_out(first_cell) * sizeof(uint64_t);
    atp_metrics_t *metrics = aligned_alloc(ATP_CACHE_LINE, size);

    if (metrics == NULL) {
        return NULL;
    }
    memset(metrics, 0, size);
    memcpy(metrics->first_cell, first_cell, sizeof first_cell);
    snprintf(metrics->version, sizeof metrics->version, "%s", version);
    atp_metrics_set(metrics, ATP_METRIC_INFO, 0, 1);
    return metrics;
}
_Static_assert(sizeof(atp_metrics_t) % ATP_CACHE_LINE == 0, "aligned_alloc wants whole lines");

void atp_metrics_destroy(atp_metrics_t *metrics)
{
    free(metrics);
}

void atp_metrics_on_refresh(atp_metrics_t *metrics, void (*refresh)(void *context, atp_metrics_t *metrics),
                            void *context)
{
    metrics->refresh = refresh;
    metrics->refresh_context = context;
}

void atp_metrics_name_table(atp_metrics_t *metrics, uint32_t table, const char *name)
{
    ATP_ASSERT(table < ATP_METRIC_TABLES_MAX);
    metrics->table_name[table] = name;
}

static void copy_name(char to[ATP_ID_SIZE_MAX + 1], atp_text_t name)
{
    ATP_ASSERT(name.size <= ATP_ID_SIZE_MAX);
    memcpy(to, name.size > 0 ? name.bytes : "", name.size);
    to[name.size] = '\0';
}

void atp_metrics_name_source(atp_metrics_t *metrics, uint32_t label, atp_text_t name)
{
    ATP_ASSERT(label < ATP_METRIC_SOURCES_MAX);
    copy_name(metrics->source_name[label], name);
}

void atp_metrics_name_owner(atp_metrics_t *metrics, uint32_t label, atp_text_t name)
{
    ATP_ASSERT(label < ATP_METRIC_OWNERS_MAX);
    copy_name(metrics->owner_name[label], name);
}

void atp_metrics_name_exception(atp_metrics_t *metrics, uint32_t kind, const char *name)
{
    ATP_ASSERT(kind < ATP_METRIC_EXCEPTION_KINDS_MAX);
    metrics->exception_name[kind] = name;
}

void atp_metrics_set_incarnation(atp_metrics_t *metrics, uint64_t incarnation)
{
    metrics->incarnation = incarnation;
}

void atp_metrics_add(atp_metrics_t *metrics, atp_metric_t metric, uint32_t label, uint64_t n)
{
    _Atomic uint64_t *cell = cell_of(metrics, metric, label);

    ATP_ASSERT(rows[metric].writers == WRITERS_SHARED);
    if (is_sharded(&rows[metric])) {
        cell += shard_of_this_thread() * CELLS_PER_LINE;
    }
    atp_fetch_add_relaxed(cell, n); /* relaxed: a count by itself */
}

void atp_metrics_add_ops(atp_metrics_t *metrics, unsigned kind, unsigned verdict, uint64_t n)
{
    ATP_ASSERT(kind < ATP_OP_KIND_LIMIT && verdict < ATP_VERDICT_LIMIT);
    atp_histogram_add_owned(cell_of(metrics, ATP_METRIC_OPS, kind * ATP_VERDICT_LIMIT + verdict), n);
}

void atp_metrics_set(atp_metrics_t *metrics, atp_metric_t metric, uint32_t label, int64_t value)
{
    ATP_ASSERT(rows[metric].writers == WRITERS_PULLED);
    atp_store_relaxed(cell_of(metrics, metric, label), (uint64_t)value); /* relaxed: a number by itself */
}

atp_histogram_t *atp_metrics_histogram(atp_metrics_t *metrics, atp_metric_t metric)
{
    ATP_ASSERT(rows[metric].kind == KIND_HISTOGRAM);
    return &metrics->histogram[metrics->first_cell[metric]];
}

static uint64_t sum_of_ops(const atp_metrics_t *metrics, uint32_t verdict)
{
    uint64_t sum = 0;

    for (uint32_t kind = 0; kind < ATP_OP_KIND_LIMIT; kind++) {
        sum += atp_load_relaxed(cell_of(metrics, ATP_METRIC_OPS, kind * ATP_VERDICT_LIMIT + verdict));
    }
    return sum;
}

int64_t atp_metrics_value(const atp_metrics_t *metrics, atp_metric_t metric, uint32_t label)
{
    _Atomic uint64_t *cell = cell_of(metrics, metric, label);
    uint64_t value = atp_load_relaxed(cell);

    for (uint32_t i = 1; is_sharded(&rows[metric]) && i < SHARD_COUNT; i++) {
        value += atp_load_relaxed(cell + i * CELLS_PER_LINE);
    }
    return (int64_t)(metric == ATP_METRIC_REFUSED ? value + sum_of_ops(metrics, label) : value);
}

/* ---- what is shown ---- */

static double factor_of(unit_t unit)
{
    return unit == UNIT_NS ? 1e-9 : unit == UNIT_MS ? 1e-3 : 1.0;
}

static const char *verdict_if_refusal(uint32_t verdict)
{
    return atp_verdict_is_success((atp_verdict_t)verdict) ? NULL : atp_verdict_name(verdict);
}

/* The names of the labels of one cell; returns how many, 0 if the cell is not shown. */
static size_t name_labels(const atp_metrics_t *metrics, labels_t labels, uint32_t label,
                          atp_exposition_label_t ret_labels[2])
{
    uint32_t kind = label / ATP_VERDICT_LIMIT;
    size_t count = 1;

    switch (labels) {
    case LABELS_KIND_VERDICT:
        ret_labels[0] = (atp_exposition_label_t){"kind", atp_op_kind_name(kind)};
        ret_labels[1] = (atp_exposition_label_t){"verdict", atp_verdict_name(label % ATP_VERDICT_LIMIT)};
        count = ret_labels[1].value == NULL ? 0 : 2;
        break;
    case LABELS_VERDICT:
        ret_labels[0] = (atp_exposition_label_t){"verdict", verdict_if_refusal(label)};
        break;
    case LABELS_ERR:
        ret_labels[0] =
            (atp_exposition_label_t){"err", label == ATP_OK ? NULL : atp_err_name((atp_err_t)label)};
        break;
    case LABELS_CLASS:
        ret_labels[0] = (atp_exposition_label_t){"class", class_names[label]};
        break;
    case LABELS_RESERVATION_STATE:
        ret_labels[0] = (atp_exposition_label_t){"state", reservation_state_names[label]};
        break;
    case LABELS_TABLE:
        ret_labels[0] = (atp_exposition_label_t){"table", metrics->table_name[label]};
        break;
    case LABELS_SOURCE:
        ret_labels[0] = (atp_exposition_label_t){
            "source", metrics->source_name[label][0] != '\0' ? metrics->source_name[label] : NULL};
        break;
    case LABELS_OWNER:
        ret_labels[0] = (atp_exposition_label_t){
            "owner", metrics->owner_name[label][0] != '\0' ? metrics->owner_name[label] : NULL};
        break;
    case LABELS_EXCEPTION_KIND:
        ret_labels[0] = (atp_exposition_label_t){"kind", metrics->exception_name[label]};
        break;
    case LABELS_NONE:
    case LABELS_INFO:
        return 0;
    }
    return ret_labels[0].value == NULL ? 0 : count;
}

static void show_info(const atp_metrics_t *metrics, atp_exposition_t *sink)
{
    char incarnation[24];
    atp_exposition_label_t labels[] = {{"version", metrics->version}, {"incarnation", incarnation}};

    snprintf(incarnation, sizeof incarnation, "%" PRIu64, metrics->incarnation);
    atp_exposition_sample(sink, labels, 2, 1);
}

static void show_cells(const atp_metrics_t *metrics, atp_metric_t metric, atp_exposition_t *sink)
{
    const row_t *row = &rows[metric];
    atp_exposition_label_t labels[2];

    for (uint32_t i = 0; i < label_count(row->labels); i++) {
        int64_t value = atp_metrics_value(metrics, metric, i);
        size_t named = name_labels(metrics, row->labels, i, labels);
        bool is_shown = row->labels == LABELS_NONE || named == 1 || (named == 2 && value != 0);
        if (is_shown) {
            atp_exposition_sample(sink, labels, named, (double)value * factor_of(row->unit));
        }
    }
}

static const uint64_t bounds_ns[] = {10000,      25000,      50000,      100000,     250000,
                                     500000,     1000000,    2500000,    5000000,    10000000,
                                     25000000,   50000000,   100000000,  250000000,  500000000,
                                     1000000000, 2500000000, 5000000000, 10000000000};
static const uint64_t bounds_one[] = {1,   2,    5,    10,   20,    50,    100,  200,
                                      500, 1000, 2000, 5000, 10000, 20000, 50000};

#define BOUNDS_MAX (sizeof bounds_ns / sizeof bounds_ns[0])
_Static_assert(BOUNDS_MAX >= sizeof bounds_one / sizeof bounds_one[0], "room for either");

static void show_histogram(const atp_histogram_t *histogram, unit_t unit, atp_exposition_t *sink)
{
    atp_exposition_bucket_t buckets[BOUNDS_MAX];
    bool is_time = unit == UNIT_NS;
    size_t count = is_time ? BOUNDS_MAX : sizeof bounds_one / sizeof bounds_one[0];

    for (size_t i = 0; i < count; i++) {
        uint64_t bound = is_time ? bounds_ns[i] : bounds_one[i];
        uint64_t high = atp_histogram_bucket_high(atp_histogram_bucket_of(bound));
        /* Divided, not multiplied, so that 25 us reads 2.5e-05. */
        buckets[i].upper_bound = is_time ? (double)bound / 1e9 : (double)bound;
        buckets[i].cumulative_count = atp_histogram_count_up_to(histogram, high);
    }
    /* Counted last, and counts only grow: never below a bucket. */
    atp_exposition_histogram(sink, buckets, count, atp_histogram_count(histogram),
                             (double)atp_histogram_sum(histogram) * factor_of(unit));
}

void atp_metrics_collect(atp_metrics_t *metrics, atp_exposition_t *sink)
{
    static const atp_exposition_kind_t exposed[] = {ATP_EXPOSITION_COUNTER, ATP_EXPOSITION_GAUGE,
                                                    ATP_EXPOSITION_HISTOGRAM};

    if (metrics->refresh != NULL) {
        metrics->refresh(metrics->refresh_context, metrics);
    }
    for (uint32_t i = 0; i < ATP_METRIC_COUNT; i++) {
        atp_exposition_family(sink, rows[i].name, rows[i].help, exposed[rows[i].kind]);
        if (rows[i].kind == KIND_HISTOGRAM) {
            show_histogram(&metrics->histogram[metrics->first_cell[i]], rows[i].unit, sink);
        } else if (rows[i].labels == LABELS_INFO) {
            show_info(metrics, sink);
        } else {
            show_cells(metrics, (atp_metric_t)i, sink);
        }
    }
}

static void collect_for_text(void *context, atp_exposition_t *sink)
{
    atp_metrics_collect(context, sink);
}

char *atp_metrics_text(atp_metrics_t *metrics, size_t *ret_size)
{
    return atp_exposition_text(collect_for_text, metrics, ret_size);
}

void atp_metrics_print_markdown(FILE *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    static const char *const labels[] = {
        [LABELS_NONE] = "",
        [LABELS_INFO] = "`version`, `incarnation`",
        [LABELS_KIND_VERDICT] = "`kind`, `verdict`",
        [LABELS_VERDICT] = "`verdict`",
        [LABELS_ERR] = "`err`",
        [LABELS_CLASS] = "`class`",
        [LABELS_RESERVATION_STATE] = "`state`",
        [LABELS_TABLE] = "`table`",
        [LABELS_SOURCE] = "`source`",
        [LABELS_OWNER] = "`owner`",
        [LABELS_EXCEPTION_KIND] = "`kind`",
    };

    fprintf(out, "| metric | type | labels | what it is |\n|---|---|---|---|\n");
    for (uint32_t i = 0; i < ATP_METRIC_COUNT; i++) {
        fprintf(out, "| `%s` | %s | %s | %s |\n", rows[i].name, kinds[rows[i].kind], labels[rows[i].labels],
                rows[i].help);
    }
}
