/* Loads a file by a profile: reads, maps, checks every row, and only then hands typed rows on, in batches.
 *
 *     atp_load_open      opens file, lookup files and reject file
 *     atp_load_validate  first pass: every row is read and checked; bad rows go to the reject file. Fails
 *                        when the share of bad rows is above the allowed one; nothing was handed on by then
 *     atp_load_deliver   second pass: the good rows go to a sink, in file order. May be called again
 *     atp_load_close
 *
 * A dry run is the same, with a sink that compares rows with the ledger instead of sending them. What the
 * second pass gives is what the first one checked, byte for byte (loaders/input/input.h, N1).
 *
 * This module talks to no network and no ledger. loaders/commands.h turns rows into commands.
 *
 * Threads     one at a time; sink and callbacks run on the caller's thread.
 * Memory      about 3 MiB; the lookup files; to find duplicates 21 to 32 bytes for each distinct key (while that table
 *             grows, half as much again) up to `key_window` keys, then 24 bytes a row on disk, a 64th of them in memory in the end, and 24 for
 *             each row that is refused. Where duplicates are summed (72 bytes a row) or the last one counts (16), and where safety stock is
 *             spread (40), all is on disk, and a 64th of it in memory in the end (loaders/rows/key_sums.h, loaders/rows/spread.h).
 * Invariants  D1  no sink is called unless validation has passed.
 *             D2  records = good + bad + skipped, and good = delivered + merged.
 *             D3  with duplicates refused, no two delivered rows have the same key. */
#ifndef ATP_LOADERS_LOAD_H
#define ATP_LOADERS_LOAD_H

#include "engine/base/attribute.h"
#include "engine/base/command.h"
#include "engine/base/err.h"
#include "loaders/edi/edi_ack.h"
#include "loaders/mapping/profile.h"
#include "loaders/reason.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_LOAD_BATCH_ROWS_MAX 4096
#define ATP_LOAD_KEY_WINDOW     UINT64_C(1048576)  /* default: 32 MiB of slots; beyond it keys go to disk */
#define ATP_LOAD_KEY_COUNT_MAX  UINT64_C(50331648) /* default bound, of keys in memory and of rows on disk */

typedef struct atp_load atp_load_t;
typedef struct atp_names atp_names_t; /* loaders/mapping/names.h */

typedef enum atp_load_qty_kind {
    ATP_LOAD_ON_HAND = 0,
    ATP_LOAD_UNAVAILABLE = 1, /* part of on-hand that cannot be sold */
    ATP_LOAD_SAFETY =
        2, /* of the position; in a `skus` load, of the SKU over all nodes (loaders/rows/safety.h) */
    ATP_LOAD_QUANTITY =
        3, /* of a component in one kit; of a supply, what was ordered, then what is still open */
    ATP_LOAD_RECEIVED = 4, /* of a supply: what has come of it already */
    ATP_LOAD_QTY_COUNT
} atp_load_qty_kind_t;

/* mantissa * 10^-decimals, in lowest terms (no trailing zero decimals), never negative. */
typedef struct atp_load_qty {
    atp_qty_t mantissa;
    uint8_t decimals;
    bool is_given; /* false: the file says nothing about it */
} atp_load_qty_t;

/* Adds `more` at `scale`, which both fit; the sum is given if one of them is. False, and nothing changed: it is out of range. */
ATP_MUST_USE bool atp_load_qty_add(atp_load_qty_t *sum, const atp_load_qty_t *more, uint8_t scale);

/* One good row. Texts are borrowed for the sink's call. Which are filled: positions and safety have sku and
 * node; skus have sku; nodes have node; kits have kit and sku; supplies have supply, sku, node and due; facts have event, sku, node
 * and fact; aliases have alias, and sku or node; units have counted_in, and sku unless it is of all. Others are empty when the profile does not map them. */
typedef struct atp_load_row {
    atp_text_t sku;
    atp_text_t node;
    atp_text_t name; /* of the SKU, or of the node in a `nodes` load; size 0 = not given */
    atp_text_t kit;  /* kits: what the SKU is a component of */
    atp_load_qty_t qty[ATP_LOAD_QTY_COUNT];
    int64_t start_ms;  /* kits: the component is valid from then on; 0 = from ever */
    int64_t end_ms;    /* and no more from then on; 0 = for ever */
    atp_text_t supply; /* supplies: its id */
    atp_text_t event;  /* facts: the id of what happened */
    uint8_t fact;      /* facts: what happened: the kind of op, sale, receive or adjust */
    bool is_down;      /* facts: adjusted by less */
    bool is_negative;  /* facts: the file has the quantity below 0; here its amount is */
    /* Supplies: when it is due and of which kind; facts: what the quantity is counted in, and whose unit that is; aliases and
     * units: what they mean. As the command takes them. */
    atp_attribute_t expected[4];
    /* What quantities are counted in; key 0: the SKU's own unit. Units: the unit. */
    atp_attribute_t counted_in;
    atp_attribute_t worth; /* SKUs: the value of a unit, as the command takes it; key 0: not said */
    atp_text_t alias;      /* aliases: the text that means sku, or node */
    atp_text_t told_by;    /* aliases and units: to whom; "" = to all */
    uint8_t expected_count;
    bool is_there;        /* aliases, units: the ledger has it just so */
    bool is_unit_unknown; /* facts: nothing is said of counted_in: it would be kept as an exception */
    uint64_t line;        /* physical line the row begins on, from 1 */
    atp_edi_origin_t
        origin; /* the EDI message or IDoc it is of; of a load with an acknowledgement, its segment too */
    bool has_scale;
    bool has_state;
    uint8_t scale; /* of the SKU, 0..6; every given quantity fits it exactly */
    uint8_t state; /* atp_node_state_t */
} atp_load_row_t;

/* One bad row. Texts are borrowed for the call. */
typedef struct atp_load_reject {
    uint64_t line;
    atp_reason_of_reject_t reason;
    const char *column;  /* what was being read: "sku", "on_hand", ...; "" when it is the whole row */
    uint64_t other_line; /* ATP_REJECT_DUPLICATE: line of the first row with the key; else 0 */
    atp_text_t raw;      /* as in the file, at most the record limit */
} atp_load_reject_t;

/* Why a record is no good row. */
typedef struct atp_map_fault {
    atp_reason_of_reject_t reason;
    const char *column; /* the slot at fault, "" for the whole row */
} atp_map_fault_t;

typedef enum atp_load_phase { ATP_LOAD_VALIDATING = 0, ATP_LOAD_DELIVERING = 1 } atp_load_phase_t;

typedef struct atp_load_progress {
    atp_load_phase_t phase;
    uint64_t bytes_done;  /* of the file on disk, in this pass */
    uint64_t bytes_total; /* 0 = unknown */
    uint64_t rows_done;
} atp_load_progress_t;

typedef struct atp_load_report {
    uint64_t records; /* rows of data, without header and empty lines */
    uint64_t rows_good;
    uint64_t rows_bad;
    uint64_t rows_skipped; /* by the profile's skip rules */
    uint64_t rows_merged; /* good, but superseded by (last) or added into (sum) another row of the same key */
    uint64_t rows_delivered; /* by the last atp_load_deliver */
    uint64_t keys;           /* distinct positions, SKUs or nodes */
    uint64_t bytes;          /* of the file on disk */
    uint64_t bad_by_reason[ATP_REJECT_COUNT];
} atp_load_report_t;

/* Takes a batch, row_count >= 1. A failure stops the delivery and is returned as it is. */
typedef atp_err_t (*atp_load_sink_fn)(void *context, const atp_load_row_t *rows, uint32_t row_count,
                                      atp_why_t *ret_why);

/* Zero means the default for every member but `profile` and `path`; start from ATP_LOAD_OPTIONS_DEFAULT. */
typedef struct atp_load_options {
    const atp_profile_t *profile; /* borrowed until close */
    const char *path;             /* "-" is standard input */
    const char *lookup_folder;    /* where lookup files are; NULL = beside `path`, "." for standard input */
    const char *reject_path;      /* NULL = no reject file. Removed again by close when no row was bad */
    double max_bad_share;         /* below 0 = the profile's */
    /* Told of every message and row of an EDI file or one of IDocs, in the first pass; borrowed until close. NULL = none is
     * wanted. Its standard is that of the profile's format. */
    atp_edi_ack_t *ack;
    uint32_t batch_rows_max;
    uint64_t key_count_max;
    uint64_t key_window; /* keys that are held in memory to find duplicates; see ATP_LOAD_KEY_WINDOW */
    uint64_t spool_size_max;
    /* What names and units mean, asked once, at the first row; its failure ends the load. NULL: the ledger has none. */
    atp_err_t (*find_names)(void *context, const atp_names_t **ret_names, atp_why_t *ret_why);
    /* Says ATP_REJECT_NONE, or why a good row is none of the load's: OUTSIDE_SCOPE counts in no share. NULL: all are. Asked in both
     * passes alike. */
    atp_reason_of_reject_t (*look)(void *context, const atp_load_row_t *row);
    void (*on_reject)(void *context, const atp_load_reject_t *reject); /* may be NULL */
    void (*on_progress)(void *context,
                        const atp_load_progress_t *progress); /* at most once a batch; may be NULL */
    void *context;                                            /* of both callbacks */
} atp_load_options_t;

#define ATP_LOAD_OPTIONS_DEFAULT ((atp_load_options_t){.max_bad_share = -1.0})

/* Fails when file, lookup file or reject file cannot be opened, or a lookup file is not as the profile
 * says. */
ATP_MUST_USE atp_err_t atp_load_open(const atp_load_options_t *options, atp_load_t **ret_load,
                                     atp_why_t *ret_why);

/* First pass, once.
 * ATP_ERR_INVALID  too many bad rows, no row at all, or a header without a column that the profile names
 * ATP_ERR_LIMIT    more distinct keys than key_count_max, or standard input past its bound
 * else as atp_input_read. In each case nothing was delivered and the report says how far it went. */
ATP_MUST_USE atp_err_t atp_load_validate(atp_load_t *load, atp_why_t *ret_why);

/* Second pass, after validation has passed. On failure of the sink or the file, the batches before it have
 * been taken by the sink; the report says how many rows. */
ATP_MUST_USE atp_err_t atp_load_deliver(atp_load_t *load, atp_load_sink_fn sink, void *context,
                                        atp_why_t *ret_why);

/* Valid until close; complete after validate. */
const atp_load_report_t *atp_load_report(const atp_load_t *load);

/* Closes all, the reject file too. Returns what went wrong with the reject file, if it did. load may be
 * NULL. */
ATP_MUST_USE atp_err_t atp_load_close(atp_load_t *load, atp_why_t *ret_why);

#endif
