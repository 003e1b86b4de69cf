/* Archived reservations: what is kept of one whose record has gone, so that returns still find it.
 *
 * A reservation of which something has left comes here when all its postings have been reconciled for the stated time, or earlier
 * when its place is needed. Kept are its id and order number, and of each line what was granted, has left and has come back.
 * Those of which nothing left are not kept: nothing can come back.
 *
 * Two rings, of reservations and of their lines. When one is full the oldest reservation goes; it is counted, and the floor
 * rises to when it was archived: what comes back for one that is older is a blind return. An id that is archived a second time
 * is found as the newer one.
 *
 * Threads     ledger thread only.
 * Memory      216 bytes a reservation and two index entries; 40 bytes a line. Four places for lines a reservation.
 * Invariants  A1  the reservations kept are numbered without gaps, in the order of their times, and so are their lines.
 *             A2  each is found by its id, or a newer one of that id is; the same for its order, by a chain.
 *             A3  0 <= returned <= shipped <= granted, for each line. */
#ifndef ATP_LEDGER_ARCHIVE_H
#define ATP_LEDGER_ARCHIVE_H

#include "engine/base/command.h"
#include "engine/base/qty.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_ARCHIVE_LINES_EACH 4

typedef struct atp_archived {
    uint64_t number;     /* from 1, dense */
    uint64_t id_hash;    /* with the ledger's seed, as the next one */
    uint64_t order_hash; /* 0 if it names no order */
    uint64_t
        same_order; /* number of the one archived before it of the same order; 0 = none; it may be gone */
    uint64_t first_line; /* number of its first line, from 0, dense */
    uint64_t version;    /* number of the op that granted it, or last edited it */
    uint64_t last_step;  /* in the history */
    uint64_t op;         /* by which it was archived */
    int64_t created_ms;
    int64_t archived_ms;
    uint32_t line_count;
    uint16_t channel;
    uint8_t id_size;
    uint8_t order_size; /* 0 = it names none */
    char id[ATP_ID_SIZE_MAX];
    char order[ATP_ID_SIZE_MAX];
} atp_archived_t;

typedef struct atp_archived_line {
    atp_qty_t granted;
    atp_qty_t shipped;
    atp_qty_t returned; /* of shipped */
    uint32_t row;       /* of its position */
    uint32_t kits; /* of a kit's line: how many were put together; their components stand right after it */
    uint8_t is_component;
    uint8_t unused[7];
} atp_archived_line_t;

_Static_assert(sizeof(atp_archived_t) == 216 && sizeof(atp_archived_line_t) == 40, "stored: no padding");

/* The part of the root record that belongs to the archive. */
typedef struct atp_archive_heads {
    uint64_t newest;    /* number of the newest; 0 = there never was one */
    uint64_t oldest;    /* number of the oldest kept; newest + 1 if there is none */
    uint64_t next_line; /* number of the next line */
    uint64_t forgotten; /* how many had to go */
    int64_t floor_ms;   /* when the newest of those was archived */
} atp_archive_heads_t;

typedef struct atp_archive {
    atp_table_t records;
    atp_table_t lines;
    atp_index_t by_id;
    atp_index_t by_order;
    atp_archive_heads_t *heads; /* borrowed */
} atp_archive_t;

/* The newest one with that id; NULL if none is kept. */
const atp_archived_t *atp_archive_find(const atp_archive_t *archive, atp_text_t id, uint64_t hash);

/* The newest one of that order, and the one before it; NULL if there is none, or it is gone. */
const atp_archived_t *atp_archive_find_order(const atp_archive_t *archive, atp_text_t order, uint64_t hash);
const atp_archived_t *atp_archive_next_of_order(const atp_archive_t *archive, const atp_archived_t *archived);

/* How many are kept. */
uint64_t atp_archive_count(const atp_archive_t *archive);

/* Line `i` of those of an archived reservation, to read and to write. */
const atp_archived_line_t *atp_archive_line(const atp_archive_t *archive, const atp_archived_t *archived,
                                            uint32_t i);
atp_archived_line_t *atp_archive_change_line(atp_archive_t *archive, const atp_archived_t *archived,
                                             uint32_t i);

/* Adds one with so many lines, all zero, at the cost of the oldest ones. `filled` has what is its own; number, first line and
 * the link are filled in. NULL, and it counts as forgotten, if no archive of this size has room for its lines. */
const atp_archived_t *atp_archive_add(atp_archive_t *archive, const atp_archived_t *filled);

/* Builds the indexes from the records. */
void atp_archive_rebuild(atp_archive_t *archive);

#endif
