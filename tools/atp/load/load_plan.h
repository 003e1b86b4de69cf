/* What a load changes, row by row, against what the ledger has: what is equal is not sent, and a dry run shows the
 * rest.
 *
 * Threads     one.   Memory  fixed. */
#ifndef ATP_CLI_LOAD_PLAN_H
#define ATP_CLI_LOAD_PLAN_H

#include "tools/atp/cli.h"
#include "tools/atp/load/load_feed.h"

#define ATP_LOAD_PLAN_TOP 10

/* One quantity that changes. */
typedef struct atp_load_change {
    char sku[ATP_ID_SIZE_MAX + 1];
    char node[ATP_ID_SIZE_MAX + 1];
    atp_qty_t before;
    atp_qty_t after;
    uint8_t scale;
    double size;        /* of the difference, in units */
    atp_amount_t worth; /* of the difference */
} atp_load_change_t;

typedef struct atp_load_plan {
    uint64_t rows_changed;
    uint64_t rows_unchanged; /* nothing is sent for them */
    uint64_t skus_new;
    uint64_t nodes_new;
    uint64_t positions_new;
    uint64_t
        positions_empty; /* rows at 0 where the ledger has nothing: one command makes the position, if missing */
    uint64_t counts_up;
    uint64_t counts_down;
    uint64_t too_precise;     /* more decimals than the SKU's scale: the ledger will refuse them */
    uint64_t unit_unknown;    /* facts in a unit that nothing is said of: they would be kept as exceptions */
    uint64_t feed_refused;    /* counts of a feed that would not be applied */
    uint64_t negative;        /* positions with less left than is promised */
    uint64_t safety_unspread; /* SKUs whose safety stock finds no stock to stand on */
    uint64_t safety_ignored;  /* SKUs whose safety stock was left out */
    uint64_t kits;            /* recipes sent, or that would be */
    uint64_t kits_too_large;  /* left out: more components than an operation has lines */
    uint32_t top_count;
    uint32_t negative_count;
    uint32_t dear_count;
    atp_amount_t value_up; /* of all changes of counts */
    atp_amount_t value_down;
    atp_load_change_t dear[ATP_LOAD_PLAN_TOP];      /* those that are worth most; the first the most */
    atp_load_change_t top[ATP_LOAD_PLAN_TOP];       /* the largest first */
    atp_load_change_t negatives[ATP_LOAD_PLAN_TOP]; /* the first ones: before and after of what is free */
} atp_load_plan_t;

/* True if the ledger has just what `command` (count or safety) says. `there`: of its position, with components.
 * `is_first`: first of its row; one command is sent for a position that is not there yet, to make it. */
bool atp_load_plan_is_same(const atp_command_t *command, const atp_availability_row_t *there, bool is_first);

/* Notes the commands of one row that are to be sent, and what they do to the position. False: nothing but to make an
 * empty one. */
bool atp_load_plan_note(atp_load_plan_t *plan, const atp_command_t *commands, uint32_t count,
                        const atp_availability_row_t *there);

/* A count of a feed was compared: it becomes a count of what would be there then; kind 0 where it would not be applied. */
void atp_load_plan_compared(atp_load_plan_t *plan, atp_load_feed_t *feed, atp_command_t *count,
                            const atp_availability_row_t *there, const atp_result_t *result);

/* The tables of a dry run, or its members in JSON. */
void atp_load_plan_print(const atp_load_plan_t *plan, atp_out_t *out);
void atp_load_plan_put_json(const atp_load_plan_t *plan, atp_out_t *out);

#endif
