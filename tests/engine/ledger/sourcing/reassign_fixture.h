/* Moving units of a reservation to other nodes: what the tests of reassign share. */
#ifndef ATP_TESTS_REASSIGN_FIXTURE_H
#define ATP_TESTS_REASSIGN_FIXTURE_H

#include "tests/engine/ledger/ledger_fixture.h"

/* reassign of one line ("" SKU: of all), qty 0: all of it. */
static inline atp_result_t move(fixture_t *f, const char *reservation, const char *sku, const char *node,
                                atp_qty_t qty, const char *words)
{
    atp_command_line_t line = line_of(sku, node, qty);

    return do_with(f,
                   (atp_command_t){.kind = ATP_OP_REASSIGN,
                                   .reservation = atp_text_of(reservation),
                                   .line_count = sku[0] != '\0',
                                   .lines = &line},
                   words);
}

#endif
