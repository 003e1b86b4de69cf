#include "tools/atpd/log/log.h"

#include "tools/atpd/log/log_line.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_COUNT_BITS 20
#define WINDOW_COUNT_MAX  ((UINT64_C(1) << WINDOW_COUNT_BITS) - 1)

static const atp_log_options_t options_before_open = {.fd = STDERR_FILENO, .level = ATP_LOG_INFO};

/* Set by open, read-only while threads run; below: any thread. */
static atp_log_options_t options = {.fd = STDERR_FILENO, .level = ATP_LOG_INFO};
static _Atomic int lowest_level = ATP_LOG_INFO;
static _Atomic uint64_t lost;
static atp_log_site_t *_Atomic listed_sites;

static int64_t system_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t now_ms(void)
{
    return options.now_ms != NULL ? options.now_ms() : system_now_ms();
}

const char *atp_log_level_name(atp_log_level_t level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    return names[level];
}

const char *atp_log_format_name(atp_log_format_t format)
{
    return format == ATP_LOG_JSON ? "json" : "logfmt";
}

void atp_log_open(const atp_log_options_t *new_options)
{
    ATP_ASSERT(new_options->fd >= 0);
    options = *new_options;
    if (options.repeats_per_s > WINDOW_COUNT_MAX) {
        options.repeats_per_s = WINDOW_COUNT_MAX;
    }
    atp_log_set_level(options.level);
}

void atp_log_set_level(atp_log_level_t level)
{
    atp_store_relaxed(&lowest_level, (int)level); /* relaxed: a line more or less at the change is no harm */
}

bool atp_log_is_on(atp_log_level_t level)
{
    return (int)level >= atp_load_relaxed(&lowest_level);
}

uint64_t atp_log_lost(void)
{
    return atp_load_relaxed(&lost);
}

static void write_line(const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(options.fd, bytes, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            atp_fetch_add_relaxed(&lost, 1); /* relaxed: a statistic */
            return;
        }
        bytes += written; /* short only where the target is no pipe or file that takes a line whole */
        size -= (size_t)written;
    }
}

/* True if the call may write one more line in this second. */
static bool admit(atp_log_site_t *site, uint64_t second)
{
    uint64_t window = atp_load_relaxed(&site->window);
    uint64_t next;

    do { /* relaxed: the word stands for itself */
        if (window >> WINDOW_COUNT_BITS != second) {
            next = second << WINDOW_COUNT_BITS | 1;
        } else if ((window & WINDOW_COUNT_MAX) < options.repeats_per_s) {
            next = window + 1;
        } else {
            return false;
        }
    } while (!atp_cas_relaxed(&site->window, &window, next));
    return true;
}

/* Puts the call on the list that flush walks, once and for good: sites are static. */
static void list_site(atp_log_site_t *site)
{
    if (atp_exchange_acq_rel(&site->is_listed, 1) != 0) {
        return;
    }
    site->next = atp_load_relaxed(&listed_sites);
    /* LOG-W1 (release) pairs with LOG-R1. Orders: `next` before the head. Without it flush may follow a `next`
     * that is still NULL and miss the rest of the list. */
    while (!atp_cas_acq_rel(&listed_sites, &site->next, site)) {
    }
}

static void suppress(atp_log_site_t *site, atp_log_level_t level, const char *event)
{
    atp_store_relaxed(&site->level, (int)level);
    atp_store_relaxed(&site->event, event);
    /* LOG-W2 (release) pairs with LOG-R2. Orders: the event before the count. Without it flush may find a count
     * that has no event yet. */
    atp_fetch_add_acq_rel(&site->suppressed, 1);
    list_site(site);
}

void atp_log_write(atp_log_site_t *site, atp_log_level_t level, const char *event,
                   const atp_log_field_t *fields)
{
    char line[ATP_LOG_LINE_SIZE_MAX];
    atp_log_entry_t entry = {.time_ms = now_ms(), .level = level, .event = event, .fields = fields};

    if (options.repeats_per_s != 0) {
        if (!admit(site, (uint64_t)entry.time_ms / 1000)) {
            suppress(site, level, event);
            return;
        }
        entry.suppressed = atp_exchange_acq_rel(&site->suppressed, 0);
    }
    write_line(line, atp_log_line(options.format, &entry, line));
}

static void flush_site(atp_log_site_t *site, int64_t time_ms)
{
    char line[ATP_LOG_LINE_SIZE_MAX];
    atp_log_field_t no_fields = ATP_LOG_END;
    /* LOG-R2 (acquire) pairs with LOG-W2. */
    atp_log_entry_t entry = {
        .time_ms = time_ms, .fields = &no_fields, .suppressed = atp_exchange_acq_rel(&site->suppressed, 0)};

    if (entry.suppressed != 0) {
        entry.level = (atp_log_level_t)atp_load_relaxed(&site->level);
        entry.event = atp_load_relaxed(&site->event);
        write_line(line, atp_log_line(options.format, &entry, line));
    }
}

static void flush(bool is_last)
{
    int64_t time_ms = now_ms();
    uint64_t second = (uint64_t)time_ms / 1000;

    /* LOG-R1 (acquire) pairs with LOG-W1. */
    for (atp_log_site_t *site = atp_load_acquire(&listed_sites); site != NULL; site = site->next) {
        if (is_last || atp_load_relaxed(&site->window) >> WINDOW_COUNT_BITS != second) {
            flush_site(site, time_ms);
        }
    }
}

void atp_log_flush(void)
{
    flush(false);
}

void atp_log_close(void)
{
    flush(true);
    options = options_before_open;
    atp_log_set_level(options.level);
}
