/* The rows of a bill of materials, gathered into recipes: one kit command for each kit, with all its components.
 *
 * A recipe replaces the one before it as a whole, so it must be complete when it is sent, wherever in the file its rows
 * stand. They are kept until the end and sorted by kit; components keep the order of the file.
 *
 * Threads     one at a time.
 * Memory      the texts and 56 bytes a row, at most ATP_RECIPE_ROWS_MAX rows. */
#ifndef ATP_LOADERS_RECIPES_H
#define ATP_LOADERS_RECIPES_H

#include "engine/base/command.h"
#include "engine/base/err.h"
#include "loaders/load.h"

#define ATP_RECIPE_ROWS_MAX UINT64_C(4000000)

typedef struct atp_recipes atp_recipes_t;

/* ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_recipes_create(atp_recipes_t **ret_recipes);
void atp_recipes_destroy(atp_recipes_t *recipes);

/* Keeps a row of a `kits` load; its texts are copied. ATP_ERR_MEMORY, or ATP_ERR_LIMIT past the most rows. */
ATP_MUST_USE atp_err_t atp_recipes_add(atp_recipes_t *recipes, const atp_load_row_t *row);

/* Sorts what was added. Nothing is added after it. */
void atp_recipes_sort(atp_recipes_t *recipes);

/* Writes the next recipe: a kit command without id and issue time, whose lines and attributes stand in `ret_lines`
 * (ATP_LINES_PER_OP_MAX) and `ret_attributes` (ATP_ATTRIBUTES_PER_OP_MAX). False when there is no more.
 * A kit of more components, or dates, than an op takes is given with the first of them and *ret_is_cut. */
bool atp_recipes_next(atp_recipes_t *recipes, atp_command_t *ret_command, atp_command_line_t *ret_lines,
                      atp_attribute_t *ret_attributes, bool *ret_is_cut);

#endif
