/* What somebody should be told of at once: an exception that was not settled in time, a source that is paused, silent, or heard
 * again. A ring of the newest, for the log; no state: after a restart only what happens from then on is in it.
 *
 * Threads     add: ledger thread.   newest, read: any, without a lock.
 * Memory      part of the ledger. */
#ifndef ATP_LEDGER_NOTICES_H
#define ATP_LEDGER_NOTICES_H

#include "engine/base/atomics.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum atp_notice_what {
    ATP_NOTICE_OVERDUE = 1, /* number, kind, owner, source of the exception */
    ATP_NOTICE_PAUSED =
        2, /* a source; kind: atp_pause_t; number of the exception that tells it, if one does */
    ATP_NOTICE_RESUMED = 3,
    ATP_NOTICE_SILENT = 4, /* number of the exception */
    ATP_NOTICE_HEARD = 5   /* it was silent */
} atp_notice_what_t;

typedef struct atp_notice {
    uint64_t op;
    uint64_t number;
    uint32_t source; /* number + 1; 0 = none */
    uint8_t what;    /* atp_notice_what_t */
    uint8_t kind;
    uint8_t owner; /* number + 1; 0 = nobody in particular */
} atp_notice_t;

#define ATP_NOTICES_KEPT 1024

typedef struct atp_notice_record {
    _Atomic uint64_t number; /* of the notice; 0 while it is written */
    _Atomic uint64_t op;
    _Atomic uint64_t exception;
    _Atomic uint32_t source;
    _Atomic uint8_t what;
    _Atomic uint8_t kind;
    _Atomic uint8_t owner;
} atp_notice_record_t;

typedef struct atp_notices {
    _Atomic uint64_t newest; /* the first has number 1 */
    atp_notice_record_t records[ATP_NOTICES_KEPT];
} atp_notices_t;

void atp_notices_add(atp_notices_t *notices, const atp_notice_t *notice);

uint64_t atp_notices_newest(const atp_notices_t *notices);

/* False: there is none of that number yet, or newer ones have taken its place. */
bool atp_notices_read(const atp_notices_t *notices, uint64_t number, atp_notice_t *ret_notice);

#endif
