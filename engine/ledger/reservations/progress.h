/* What only some lines need beside their record: how far their units have come, and what they are part of.
 *
 * A plain line (reserved, allocated, shipped, or ended) has none of it. The first step past that takes a record here, found
 * by the number of the line and flagged by a bit of it; the record goes when the line does.
 *
 * The line's own quantities stay the sums that positions are made of: `allocated` counts picked and packed units,
 * `shipped` counts what came after. The record says how many of them are further on.
 *
 * Threads     ledger thread only.
 * Memory      112 bytes a record and an index entry; nothing is allocated after init.
 * Invariants  Q1  a line has the bit has_progress exactly while one record names it, and the index finds that one.
 *             Q2  each quantity >= 0; picked + packed <= allocated; delivered + returned + reconciled + return_reconciled
 *                 <= shipped; short <= what of the line ended.
 *             and H2 of reservations.h, which counts what waits. */
#ifndef ATP_LEDGER_PROGRESS_H
#define ATP_LEDGER_PROGRESS_H

#include "engine/base/hash.h"
#include "engine/base/qty.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct atp_progress {
    uint32_t line;       /* number + 1; 0 = the record is free */
    uint32_t next;       /* free chain: record + 1 */
    uint32_t kit_parent; /* the kit's line + 1; 0 = not a component of one */
    uint32_t first_peg;  /* + 1: of the pegs of its pegged units (engine/ledger/supply/supplies.h) */
    uint32_t kits;       /* how many kits it and its fellow components were put together for */
    uint32_t queue_next; /* lines that wait at the position: line + 1 (engine/ledger/stock/limits.h) */
    uint32_t queue_previous;
    uint8_t queue; /* its priority there */
    uint8_t unused;
    uint16_t component; /* which one of its kit's, from 1: units of one component may be on several lines */
    uint32_t
        made; /* of a component that is a kit itself: put together of its own for each of those kits, whole ones */
    uint32_t unused_too;
    atp_qty_t picked; /* of allocated */
    atp_qty_t packed;
    atp_qty_t delivered; /* of shipped */
    atp_qty_t returned;  /* of shipped: came back, and not yet confirmed by the ERP */
    atp_qty_t reconciled;
    atp_qty_t return_reconciled;
    atp_qty_t short_qty;   /* ended: the node could not fulfil them */
    atp_qty_t backordered; /* waiting for stock */
    atp_qty_t pegged;      /* promised from supply that is not here yet */
} atp_progress_t;

_Static_assert(sizeof(atp_progress_t) == 112, "stored: no padding");

/* The part of the root record that belongs to it. */
typedef struct atp_progress_heads {
    uint32_t free; /* record + 1 */
    uint32_t unused;
    uint64_t free_count;
} atp_progress_heads_t;

typedef struct atp_progress_book {
    atp_table_t records;
    atp_index_t index;
    atp_progress_heads_t *heads; /* borrowed */
} atp_progress_book_t;

/* True if `records` more fit. */
bool atp_progress_has_room(const atp_progress_book_t *book, uint64_t records);

/* The record of a line; NULL if it has none. */
const atp_progress_t *atp_progress_find(const atp_progress_book_t *book, uint32_t line);

/* The record of a line that has one (asserted), for writing. */
atp_progress_t *atp_progress_change(atp_progress_book_t *book, uint32_t line);

/* A new record, all zero, for a line that has none (there is room: asserted). The caller sets the line's bit. */
atp_progress_t *atp_progress_take(atp_progress_book_t *book, uint32_t line);

/* Frees the record of a line that has one (asserted). The caller clears the line's bit. */
void atp_progress_drop(atp_progress_book_t *book, uint32_t line);

/* Builds the index from the records. */
void atp_progress_rebuild(atp_progress_book_t *book);

#endif
