#include "loaders/progress.h"

#define TERMINAL_EVERY_MS 100
#define PLAIN_EVERY_MS    1000
#define BAR_WIDTH         24

void atp_progress_init(atp_progress_t *progress, FILE *out, bool is_terminal, const char *label,
                       int64_t now_ms)
{
    *progress = (atp_progress_t){
        .out = out,
        .label = label,
        .is_terminal = is_terminal,
        .start_ms = now_ms,
        .shown_ms = now_ms,
    };
}

/* 1204000 as "1,204,000". */
static void put_grouped(uint64_t number, char *ret_text)
{
    char reversed[32];
    int size = 0;

    for (int digits = 0; digits == 0 || number > 0; digits++, number /= 10) {
        if (digits > 0 && digits % 3 == 0) {
            reversed[size++] = ',';
        }
        reversed[size++] = (char)('0' + number % 10);
    }
    for (int i = 0; i < size; i++) {
        ret_text[i] = reversed[size - 1 - i];
    }
    ret_text[size] = '\0';
}

/* 2100000 as "2.1 M". */
static void put_short(double number, char *ret_text, size_t size)
{
    static const char *const units[] = {"", " k", " M", " G", " T"};
    unsigned unit = 0;

    while (number >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        number /= 1000.0;
        unit++;
    }
    snprintf(ret_text, size, number < 9.95 && unit > 0 ? "%.1f%s" : "%.0f%s", number, units[unit]);
}

static void put_time(int64_t seconds, char *ret_text, size_t size)
{
    if (seconds >= 3600) {
        snprintf(ret_text, size, "%lld:%02d:%02d", (long long)(seconds / 3600), (int)(seconds / 60 % 60),
                 (int)(seconds % 60));
    } else {
        snprintf(ret_text, size, "%d:%02d", (int)(seconds / 60), (int)(seconds % 60));
    }
}

/* Seconds left at the mean rate so far, -1 when nobody knows. */
static int64_t seconds_left(double elapsed_s, uint64_t done, uint64_t total)
{
    if (done == 0 || total == 0 || elapsed_s < 0.5) {
        return -1;
    }
    double left = done >= total ? 0.0 : elapsed_s * (double)(total - done) / (double)done;
    return left < 3600.0 * 10000.0 ? (int64_t)(left + 0.5) : -1;
}

static int keep_within(int used, size_t size)
{
    return used < 0 ? 0 : used >= (int)size ? (int)size - 1 : used;
}

int atp_progress_format(const atp_progress_t *progress, int64_t now_ms, uint64_t done, uint64_t total,
                        uint64_t rows, char ret_text[ATP_PROGRESS_TEXT_SIZE])
{
    double elapsed_s = (double)(now_ms - progress->start_ms) / 1000.0;
    char row_count[32];
    char row_rate[16] = "-";
    char byte_rate[16] = "-";
    char share[16] = "";
    char left[40] = "";
    int64_t left_s = seconds_left(elapsed_s, done, total);

    put_grouped(rows, row_count);
    if (elapsed_s > 0.0) {
        put_short((double)rows / elapsed_s, row_rate, sizeof row_rate);
        put_short((double)done / elapsed_s, byte_rate, sizeof byte_rate);
    }
    if (total > 0) {
        unsigned percent = done >= total ? 100 : (unsigned)((double)done * 100.0 / (double)total);
        snprintf(share, sizeof share, "%3u %%  ", percent);
    }
    if (left_s >= 0) {
        char time[24];
        put_time(left_s, time, sizeof time);
        snprintf(left, sizeof left, "  %s left", time);
    }
    return keep_within(snprintf(ret_text, ATP_PROGRESS_TEXT_SIZE, "%.60s  %s%s rows  %s rows/s  %sB/s%s",
                                progress->label, share, row_count, row_rate, byte_rate, left),
                       ATP_PROGRESS_TEXT_SIZE);
}

static void put_bar(FILE *out, uint64_t done, uint64_t total)
{
    int filled = done >= total ? BAR_WIDTH : (int)((double)done * BAR_WIDTH / (double)total);

    fputs("  [", out);
    for (int i = 0; i < BAR_WIDTH; i++) {
        fputc(i < filled ? '#' : '.', out);
    }
    fputc(']', out);
}

static void show(atp_progress_t *progress, int64_t now_ms, uint64_t done, uint64_t total, uint64_t rows)
{
    char text[ATP_PROGRESS_TEXT_SIZE];

    atp_progress_format(progress, now_ms, done, total, rows, text);
    if (progress->is_terminal) {
        fputs("\r\033[K", progress->out); /* over the last one */
        fputs(text, progress->out);
        if (total > 0) {
            put_bar(progress->out, done, total);
        }
        progress->is_drawn = true;
    } else {
        fputs(text, progress->out);
        fputc('\n', progress->out);
    }
    fflush(progress->out);
    progress->shown_ms = now_ms;
}

void atp_progress_update(atp_progress_t *progress, int64_t now_ms, uint64_t done, uint64_t total,
                         uint64_t rows)
{
    int64_t every_ms = progress->is_terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS;

    if (progress->out != NULL && now_ms - progress->shown_ms >= every_ms) {
        show(progress, now_ms, done, total, rows);
    }
}

void atp_progress_finish(atp_progress_t *progress, int64_t now_ms, uint64_t done, uint64_t total,
                         uint64_t rows)
{
    if (progress->out == NULL) {
        return;
    }
    show(progress, now_ms, done, total, rows);
    if (progress->is_drawn) {
        fputc('\n', progress->out);
        fflush(progress->out);
        progress->is_drawn = false;
    }
}
