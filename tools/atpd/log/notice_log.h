/* What somebody should be told of at once (engine/ledger/facts/notices.h), in the log: exception_overdue, source_paused,
 * source_resumed, source_silent, source_heard. */
#ifndef ATP_ATPD_NOTICE_LOG_H
#define ATP_ATPD_NOTICE_LOG_H

#include "engine/ledger/ledger.h"

/* Logs the notices after number *logged that are durable, each once, and moves *logged on. Thread: one; never blocks. */
void atp_notice_log(const atp_ledger_t *ledger, uint64_t *logged, uint64_t durable_op);

#endif
