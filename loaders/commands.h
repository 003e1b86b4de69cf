/* Turns loaded rows into commands for the ledger, in the order in which the ledger must see them.
 *
 *     positions   sku and node (each once in a load), count on_hand, count unavailable, safety, as far as
 *     given skus        sku
 *     nodes       node
 *     safety      safety
 *
 * A sku or node command is written for the first row that names it, so that a full feed costs little more
 * than its counts. The safety stock of a SKU over all nodes (a `skus` load) becomes no command here: spread
 * it with loaders/safety.h over the stock the ledger has.
 *
 * Counts are facts. `id`, `issued_ms`, source and sequence are the sender's to fill.
 *
 * Threads     one at a time.
 * Memory      16 bytes a slot for each distinct SKU and node; commands and lines are the caller's. */
#ifndef ATP_LOADERS_COMMANDS_H
#define ATP_LOADERS_COMMANDS_H

#include "engine/base/command.h"
#include "engine/base/err.h"
#include "loaders/load.h"

#define ATP_LOAD_COMMANDS_PER_ROW_MAX 5

typedef struct atp_load_commands atp_load_commands_t;

ATP_MUST_USE atp_err_t atp_load_commands_create(atp_loads_t loads, atp_load_commands_t **ret_commands);
void atp_load_commands_destroy(atp_load_commands_t *commands);

/* Writes the commands of `row`, at most ATP_LOAD_COMMANDS_PER_ROW_MAX, each with one line:
 * `ret_commands[i].lines` points to `ret_lines[i]`. Texts are borrowed from the row. ATP_ERR_MEMORY and
 * ATP_ERR_LIMIT leave nothing behind. */
ATP_MUST_USE atp_err_t atp_load_commands_of_row(atp_load_commands_t *commands, const atp_load_row_t *row,
                                                atp_command_t *ret_commands, atp_command_line_t *ret_lines,
                                                uint32_t *ret_count);

#endif
