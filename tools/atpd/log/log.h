/* What atpd says to the person who runs it: one line an event, as logfmt or JSON, to one descriptor.
 *
 *     ts=2026-11-21T09:30:00.123Z level=info event=journal_replayed ops=20000000 took_ms=3870
 *     {"ts":"2026-11-21T09:30:00.123Z","level":"info","event":"journal_replayed","ops":20000000,"took_ms":3870}
 *
 * An event has a fixed name (lower_case words) and typed fields, never a sentence put together from parts. A
 * refused request is not an event: it is an answer and a metric.
 *
 *     atp_log(ATP_LOG_INFO, "journal_replayed", ATP_LOG_U64("ops", tail.ops), ATP_LOG_U64("took_ms", took_ms));
 *
 * Repeats     Each call in the source is limited to `repeats_per_s` lines a second; the rest is counted, and the
 *             next line of that call, or atp_log_flush, says suppressed=N.
 * Hostile     Any bytes may stand in a value. Control characters (C0, DEL, C1), quotes and backslashes are
 *             escaped, bytes that are not UTF-8 become U+FFFD: a line is one line, and JSON is always valid.
 *             A value is cut at ATP_LOG_VALUE_SIZE_MAX bytes, a line at ATP_LOG_LINE_SIZE_MAX; both say so.
 * Threads     open and close: one, before and after the others. All else: any thread, without a lock.
 * Blocking    one write(2) a line; when it fails the line is lost and counted.
 * Memory      none but the stack. */
#ifndef ATP_ATPD_LOG_H
#define ATP_ATPD_LOG_H

#include "engine/base/atomics.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATP_LOG_LINE_SIZE_MAX  4096 /* PIPE_BUF: a pipe takes a line whole or not at all */
#define ATP_LOG_VALUE_SIZE_MAX 1024

typedef enum atp_log_level { ATP_LOG_DEBUG, ATP_LOG_INFO, ATP_LOG_WARN, ATP_LOG_ERROR } atp_log_level_t;
typedef enum atp_log_format { ATP_LOG_LOGFMT, ATP_LOG_JSON } atp_log_format_t;

typedef struct atp_log_options {
    int fd; /* borrowed */
    atp_log_format_t format;
    atp_log_level_t level;   /* the lowest that is written */
    uint64_t repeats_per_s;  /* of one call in the source; 0 = no limit */
    int64_t (*now_ms)(void); /* UTC; NULL = the system clock */
} atp_log_options_t;

typedef enum atp_log_type {
    ATP_LOG_TYPE_END,
    ATP_LOG_TYPE_TEXT,
    ATP_LOG_TYPE_U64,
    ATP_LOG_TYPE_I64,
    ATP_LOG_TYPE_BOOL,
    ATP_LOG_TYPE_HEX
} atp_log_type_t;

/* Keys are the program's own: lower_case, never from outside. */
typedef struct atp_log_field {
    const char *key;
    atp_log_type_t type;
    union {
        atp_text_t text;
        uint64_t u64;
        int64_t i64;
        bool truth;
    } value;
} atp_log_field_t;

#define ATP_LOG_TEXT(k, v) ((atp_log_field_t){.key = (k), .type = ATP_LOG_TYPE_TEXT, .value.text = (v)})
#define ATP_LOG_STR(k, v)  ATP_LOG_TEXT(k, atp_text_of(v)) /* zero-terminated, or NULL */
#define ATP_LOG_U64(k, v)  ((atp_log_field_t){.key = (k), .type = ATP_LOG_TYPE_U64, .value.u64 = (v)})
#define ATP_LOG_I64(k, v)  ((atp_log_field_t){.key = (k), .type = ATP_LOG_TYPE_I64, .value.i64 = (v)})
#define ATP_LOG_BOOL(k, v) ((atp_log_field_t){.key = (k), .type = ATP_LOG_TYPE_BOOL, .value.truth = (v)})
#define ATP_LOG_HEX(k, v)                                                                                    \
    ((atp_log_field_t){.key = (k), .type = ATP_LOG_TYPE_HEX, .value.u64 = (v)}) /* 16 digits */
#define ATP_LOG_ERR(e) ATP_LOG_STR("err", atp_err_name(e))
#define ATP_LOG_WHY(w) ATP_LOG_STR("why", (w)->text)
/* Ties the lines of one message together. A number from a client is printed as it came. */
#define ATP_LOG_CORRELATION(v) ATP_LOG_U64("correlation", v)
#define ATP_LOG_CLIENT(v)      ATP_LOG_TEXT("client", v)
#define ATP_LOG_END            ((atp_log_field_t){.key = NULL, .type = ATP_LOG_TYPE_END, .value.u64 = 0})

/* One call in the source: its share of the log. Static storage, zeroed. */
typedef struct atp_log_site {
    _Atomic uint64_t window; /* second << 20 | lines in that second */
    _Atomic uint64_t suppressed;
    _Atomic uint32_t is_listed;
    _Atomic int level;
    const char *_Atomic event;
    struct atp_log_site
        *next; /* of the list of those that ever suppressed; written once, before it is listed */
} atp_log_site_t;

#define atp_log(...) ATP_LOG_AT(__VA_ARGS__, ATP_LOG_END)
#define ATP_LOG_AT(log_level, log_event, ...)                                                                \
    do {                                                                                                     \
        static atp_log_site_t atp_log_this_site;                                                             \
        if (atp_log_is_on(log_level)) {                                                                      \
            atp_log_write(&atp_log_this_site, (log_level), (log_event),                                      \
                          (const atp_log_field_t[]){__VA_ARGS__});                                           \
        }                                                                                                    \
    } while (0)

/* From here on lines are written. Before, and after close, they go to standard error as logfmt from info up. */
void atp_log_open(const atp_log_options_t *options);
void atp_log_close(void);

/* Changes the lowest level that is written. Thread: any. */
void atp_log_set_level(atp_log_level_t level);
bool atp_log_is_on(atp_log_level_t level);

/* Behind the macro. `fields` ends with ATP_LOG_END. */
void atp_log_write(atp_log_site_t *site, atp_log_level_t level, const char *event,
                   const atp_log_field_t *fields);

/* Writes a line `event ... suppressed=N` for each call whose repeats have ended. Call about once a second and
 * before close. */
void atp_log_flush(void);

/* Lines that could not be written. Thread: any. */
uint64_t atp_log_lost(void);

/* "debug", "info", "warn", "error"; "logfmt", "json". */
const char *atp_log_level_name(atp_log_level_t level);
const char *atp_log_format_name(atp_log_format_t format);

#endif
