/* Inside a run of a load: what load_run.c, load_run_feed.c and load_run_lines.c share. */
#ifndef ATP_CLI_LOAD_RUN_PRIV_H
#define ATP_CLI_LOAD_RUN_PRIV_H

#include "tools/atp/load/load_run.h"

#include "loaders/rows/recipes.h"
#include "tools/atp/known.h"
#include "tools/atp/load/load_pace.h"

#define BATCH_COMMANDS_MAX (ATP_LOAD_BATCH_ROWS_MAX * ATP_LOAD_COMMANDS_PER_ROW_MAX)

typedef struct atp_load_lines atp_load_lines_t;

struct atp_load_run {
    atp_cli_t *cli;
    atp_load_run_options_t options;
    atp_known_t *nodes;
    atp_known_t *skus;   /* of a load of SKUs only */
    atp_known_t *values; /* the same */
    atp_load_commands_t *commands;
    atp_load_sender_t *sender; /* NULL in a dry run */
    atp_load_lines_t *lines;   /* of a feed that is told; else NULL */
    bool has_marks;            /* interchanges and IDocs that were told as a whole before are known */
    atp_load_row_t *new_rows;  /* those of a batch that are of no such; NULL: all of the file are */
    uint64_t told_before;      /* rows that are */
    atp_recipes_t *recipes;    /* of a load of kits only */
    atp_load_plan_t plan;
    atp_load_pace_t pace;
    uint64_t requests;                   /* that this thread has sent since rows came */
    int status;                          /* not DONE: a failure, said */
    const atp_availability_row_t *there; /* of the row whose commands are made */
    /* of one batch */
    atp_text_t asked_skus[ATP_LOAD_BATCH_ROWS_MAX];
    atp_text_t asked_nodes[ATP_LOAD_BATCH_ROWS_MAX];
    atp_command_t made[BATCH_COMMANDS_MAX];
    atp_command_line_t made_lines[BATCH_COMMANDS_MAX];
    atp_load_origin_t made_of[BATCH_COMMANDS_MAX];
    uint32_t made_count;
    atp_command_t first[ATP_OPS_PER_MESSAGE_MAX]; /* SKUs and nodes, before the rest */
    atp_load_origin_t first_of[ATP_OPS_PER_MESSAGE_MAX];
    uint32_t first_count;
};

/* Says why a question got no answer; returns err. */
atp_err_t atp_load_run_fail(atp_load_run_t *run, atp_err_t err);
/* Asks for `count` of asked_skus at asked_nodes: one answer row for each pair, in order. */
atp_err_t atp_load_run_ask(atp_load_run_t *run, uint32_t flags, uint32_t count, atp_answer_t **ret_answer);
bool atp_load_run_is_of_catalogue(const atp_command_t *command);
/* Notes that the next `count` commands that are made are of this row. */
void atp_load_run_note_origin(atp_load_run_t *run, const atp_load_row_t *row, uint32_t count);
/* Notes what the commands change at their position. False: nothing but to make an empty one. */
atp_err_t atp_load_run_note(atp_load_run_t *run, const atp_command_t *commands, uint32_t count,
                            const atp_availability_row_t *there, bool *ret_is_change);
/* Notes which of the commands make a new SKU or node. */
void atp_load_run_count_new(atp_load_run_t *run, const atp_command_t *commands, uint32_t count);
/* Sends what was made of the rows, SKUs and nodes first; in a dry run nothing. */
atp_err_t atp_load_run_send_made(atp_load_run_t *run);

/* Tells the counts that were made as lines of their feed; those that the ledger agrees with are made no more. */
atp_err_t atp_load_run_tell_lines(atp_load_run_t *run);
atp_load_lines_t *atp_load_lines_create(void);
/* NULL is allowed. */
void atp_load_lines_destroy(atp_load_lines_t *lines);

/* Of a load whose interchanges or IDocs are told apart: asks which were told in an earlier load, and says which said something else
 * then; notes which the rows begin, before any of them is told; notes which are told as a whole, when all is answered. */
atp_err_t atp_load_run_look_for_marks(atp_load_run_t *run);
atp_err_t atp_load_run_begin_documents(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count);
atp_err_t atp_load_run_put_marks(atp_load_run_t *run);
/* Leaves out rows of what was told as a whole before: they are not told again, whatever has happened to their positions since. The others
 * are in run->new_rows; returns how many. Only where that is there. */
uint32_t atp_load_run_leave_told(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count);
/* Whether what the row was made of was told as a whole before. */
bool atp_load_run_is_done(const atp_load_run_t *run, const atp_edi_origin_t *origin);

/* Takes the rows, some at a time, by `take`. */
typedef atp_err_t (*atp_load_run_take_fn)(atp_load_run_t *run, const atp_load_row_t *rows,
                                          uint32_t row_count);
atp_err_t atp_load_run_take_paced(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count,
                                  atp_load_run_take_fn take);

/* Takes rows of a feed. */
atp_err_t atp_load_run_take_feed(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count);

#endif
