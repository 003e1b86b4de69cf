#include "engine/ledger/capacity/closings.h"

#include <string.h>

static void append(atp_closings_t *closings, uint16_t node, atp_closing_t *closing)
{
    atp_closing_heads_t *heads = closings->heads;

    if (heads->last != 0) {
        atp_closing_t *last = atp_table_change(&closings->nodes, heads->last - 1);
        last->next = node + 1u;
    } else {
        heads->first = node + 1u;
    }
    heads->last = node + 1u;
    closing->is_listed = 1;
}

void atp_closings_begin(atp_closings_t *closings, uint16_t node, uint32_t rows)
{
    uint64_t count = atp_table_count(&closings->nodes);

    if (count <= node) {
        atp_table_append(&closings->nodes, node + 1 - count);
    }
    atp_closing_t *closing = atp_table_change(&closings->nodes, node);
    bool is_listed = closing->is_listed != 0;
    uint32_t next = closing->next;
    memset(closing, 0, sizeof *closing);
    closing->end_row = rows;
    closing->next = next;
    closing->is_listed = is_listed;
    if (!is_listed) {
        append(closings, node, closing);
    }
}

void atp_closings_end_first(atp_closings_t *closings)
{
    atp_closing_heads_t *heads = closings->heads;
    atp_closing_t *closing = atp_table_change(&closings->nodes, heads->first - 1);

    heads->first = closing->next;
    heads->last = heads->first == 0 ? 0 : heads->last;
    memset(closing, 0, sizeof *closing);
}
