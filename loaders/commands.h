/* Turns loaded rows into commands for the ledger, in the order in which the ledger must see them.
 *
 *     positions   sku and node if the ledger lacks them, count on_hand, count unavailable, safety, as far as given
 *     skus        sku
 *     nodes       node
 *     kits        sku of the kit and of the component, if the ledger lacks them; the recipes: loaders/rows/recipes.h
 *     supplies    sku and node if the ledger lacks them, supply: what is still open of it
 *     safety      safety
 *     facts       sku and node if the ledger lacks them; sale, receive or adjust, under the row's own id
 *     aliases     alias
 *     units       unit
 *
 * A sku or node command sets name and scale, or name and state, as a whole. So a stock file, whose business they
 * are not, creates what is missing and leaves alone what is there; a file of SKUs or nodes keeps of what is there
 * what it does not tell. What is there is asked once for each SKU and node in a load.
 *
 * The safety stock of a SKU over all nodes (a `skus` load) becomes no command here: spread it with
 * loaders/rows/safety.h over the stock the ledger has.
 *
 * Counts are facts. Ids of others than facts, `issued_ms`, source and sequence are the sender's to fill.
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

/* What the ledger has already. Each function returns true if it is there, and its scale or state. Either may be
 * NULL: the ledger has none. */
typedef struct atp_load_known {
    void *context;
    bool (*sku)(void *context, atp_text_t sku, uint8_t *ret_scale);
    bool (*node)(void *context, atp_text_t node, uint8_t *ret_state);
} atp_load_known_t;

/* `known` is copied; NULL = an empty ledger. ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_load_commands_create(atp_loads_t loads, const atp_load_known_t *known,
                                                atp_load_commands_t **ret_commands);
void atp_load_commands_destroy(atp_load_commands_t *commands);

/* Writes the commands of `row`, at most ATP_LOAD_COMMANDS_PER_ROW_MAX, each with one line (of an alias and a unit empty, and not
 * counted): `ret_commands[i].lines` points to `ret_lines[i]`. Texts are borrowed from the row. ATP_ERR_MEMORY and
 * ATP_ERR_LIMIT leave nothing behind. */
ATP_MUST_USE atp_err_t atp_load_commands_of_row(atp_load_commands_t *commands, const atp_load_row_t *row,
                                                atp_command_t *ret_commands, atp_command_line_t *ret_lines,
                                                uint32_t *ret_count);

#endif
