/* A row of a trace: an op of the journal, or a fact that waits, and what became of it.
 *
 * What an op was answered is remembered by its id; of a fact of a numbered batch it is its fate (engine/ledger/facts/fates.h). The
 * exception that keeps a fact says what became of that; the movements, what the fact changed: by its own op, or by the op that
 * replayed it. All of it is told as far as it is kept.
 *
 * Threads     ledger thread.
 * Memory      the row's texts are the op's and the ledger's. */
#ifndef ATP_ATPD_TRACE_ROW_H
#define ATP_ATPD_TRACE_ROW_H

#include "engine/ledger/ledger.h"
#include "engine/trace.h"
#include "protocol/message_trace.h"

#include <stdbool.h>

/* False: a fact that waited has been applied since; the journal has it. */
ATP_MUST_USE bool atp_trace_row_fill(const atp_ledger_t *ledger, const atp_trace_op_t *op,
                                     atp_trace_row_t *ret_row);

#endif
