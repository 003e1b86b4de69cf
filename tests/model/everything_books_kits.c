/* The books of kits that left without a promise: whole ones from the shelf and components of such as were put together there. How
 * many of each is the ledger's to choose; that together they make the kits that left is what the books know. Kits are put together
 * whole: of one of which a part is needed all components are taken. */
#include "tests/model/everything.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/kits/bill.h"

/* On hand of the SKU at the node: what the books have, and what is there. No row: neither. */
static atp_qty_t gone(bench_t *bench, uint32_t sku, uint16_t node, books_row_t **ret_book)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);
    atp_position_view_t view;
    uint32_t row;

    *ret_book = NULL;
    if (!atp_positions_find(positions, sku, node, &row)) {
        return 0;
    }
    atp_positions_read(positions, row, &view);
    *ret_book = &bench->books[row];
    return bench->books[row].on_hand - view.on_hand;
}

bool books_take_kits(bench_t *bench, uint32_t sku, uint16_t node, atp_qty_t qty)
{
    static atp_bill_t bill;
    atp_ledger_counts_t counts;

    atp_ledger_counts(bench->ledger, &counts);
    (void)atp_bill_lay_out(&bill, atp_ledger_kits(bench->ledger), atp_ledger_positions(bench->ledger), sku,
                           counts.time_ms);
    for (uint32_t i = 0; i < bill.part_count; i++) {
        bill.parts[i].need = i == 0 ? qty : 0;
    }
    for (uint32_t i = 0; i < bill.part_count; i++) {
        atp_bill_part_t *part = &bill.parts[bill.order[i]];
        books_row_t *book;
        atp_qty_t taken = gone(bench, part->sku, node, &book);
        atp_qty_t rest = part->need - taken;
        atp_qty_t unit = atp_kit_unit(part->scale);
        if (rest < 0 || (part->edge_count == 0 && rest != 0)) {
            return bench_fail(bench,
                              "I2: %lld kits left; of SKU %u at node %u %lld are gone, %lld were needed",
                              (long long)qty, part->sku, node, (long long)taken, (long long)part->need);
        }
        for (uint32_t edge = part->edges_at; edge < (uint32_t)part->edges_at + part->edge_count; edge++) {
            bill.parts[bill.edges[edge].part].need += (rest + unit - 1) / unit * bill.edges[edge].qty;
        }
        if (book != NULL) {
            book->on_hand -= taken;
        }
    }
    bench->reach->kits_without_promise++;
    return true;
}
