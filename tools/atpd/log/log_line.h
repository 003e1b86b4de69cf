/* One log line from its fields: the form of log.h, no clock, no descriptor. For log.c and its tests. */
#ifndef ATP_ATPD_LOG_LINE_H
#define ATP_ATPD_LOG_LINE_H

#include "tools/atpd/log/log.h"

typedef struct atp_log_entry {
    int64_t time_ms; /* UTC; below 0 counts as 0 */
    atp_log_level_t level;
    const char *event;
    uint64_t suppressed;           /* said when not 0 */
    const atp_log_field_t *fields; /* ends with ATP_LOG_END */
} atp_log_entry_t;

/* Writes the line with its newline, not zero-terminated, and returns its size. A field that does not fit is left
 * out whole, and the line says truncated=true. */
size_t atp_log_line(atp_log_format_t format, const atp_log_entry_t *entry,
                    char ret_line[ATP_LOG_LINE_SIZE_MAX]);

#endif
