/* The lines of reservations in the model of kits: what is taken for them, one by one. */
#include "tests/model/model_kits.h"

#include "tests/test.h"

#include <string.h>

void model_kits_copy_free(const model_kits_t *model, bool is_signed, model_shelf_t free)
{
    for (unsigned node = 0; node < MODEL_KIT_NODES; node++) {
        for (unsigned sku = 0; sku < MODEL_KIT_SKUS; sku++) {
            atp_qty_t units = model_kits_free(model, node, sku);
            free[node][sku] = is_signed || units > 0 ? units : 0;
        }
    }
}

/* Takes as many as there are, up to `qty`; of those sold already all. */
static atp_qty_t take_some(const model_kits_t *model, unsigned sku, atp_qty_t qty, bool is_sold,
                           atp_qty_t *free, atp_qty_t *taken)
{
    if (is_sold) {
        model_kits_take_all(model, sku, qty, free, taken);
        return qty;
    }
    for (atp_qty_t got = 0; got < qty; got++) {
        atp_qty_t free_before[MODEL_KIT_SKUS];
        atp_qty_t taken_before[MODEL_KIT_SKUS];
        memcpy(free_before, free, sizeof free_before);
        memcpy(taken_before, taken, sizeof taken_before);
        if (!model_kits_take(model, sku, 1, free, taken)) {
            memcpy(free, free_before, sizeof free_before);
            memcpy(taken, taken_before, sizeof taken_before);
            return got;
        }
    }
    return qty;
}

static model_kit_line_t *add_line(model_kit_reservation_t *record, unsigned sku, unsigned node)
{
    assert_true(record->line_count < MODEL_KIT_LINES);
    model_kit_line_t *line = &record->lines[record->line_count++];
    *line = (model_kit_line_t){.sku = sku, .node = node};
    return line;
}

/* Of what was taken at a node for `got` of a SKU those that were there as such. If an edit adds nothing else they go to a line that
 * stands there; else to one of their own. */
static model_kit_line_t *note_stocked(model_kit_reservation_t *record, unsigned sku, unsigned node,
                                      atp_qty_t got, atp_qty_t stocked, bool is_edit)
{
    for (unsigned i = 0; is_edit && stocked == got && i < record->line_count; i++) {
        if (record->lines[i].sku == sku && record->lines[i].node == node) {
            record->lines[i].stocked += got;
            return &record->lines[i];
        }
    }
    model_kit_line_t *line = add_line(record, sku, node);
    line->stocked = stocked;
    return line;
}

/* Takes up to `qty` at one node, one by one, and notes what they are made of: those that are alike on one line. */
static atp_qty_t take_at(const model_kits_t *model, const model_kit_wanted_t *wanted, unsigned node,
                         atp_qty_t qty, bool is_edit, atp_qty_t *free, model_kit_reservation_t *record)
{
    atp_qty_t made[64][MODEL_KIT_SKUS] = {{0}};
    atp_qty_t stocked = 0;
    atp_qty_t got = 0;

    while (got < qty && take_some(model, wanted->sku, 1, record->is_track_only, free, made[got]) == 1) {
        stocked += made[got++][wanted->sku];
    }
    if (got == 0) {
        return 0;
    }
    model_kit_line_t *line = note_stocked(record, wanted->sku, node, got, stocked, is_edit);
    for (atp_qty_t i = stocked; i < got; i++) {
        if (line->left > 0 && memcmp(line->parts, made[i], sizeof line->parts) != 0) {
            line = add_line(record, wanted->sku, node);
        }
        memcpy(line->parts, made[i], sizeof line->parts);
        line->left++;
    }
    return got;
}

/* How many could be had at the node, up to `qty`. */
static atp_qty_t there_are(const model_kits_t *model, unsigned sku, atp_qty_t qty, bool is_sold,
                           const atp_qty_t *free)
{
    atp_qty_t left[MODEL_KIT_SKUS];
    atp_qty_t taken[MODEL_KIT_SKUS] = {0};

    memcpy(left, free, sizeof left);
    return take_some(model, sku, qty, is_sold, left, taken);
}

atp_qty_t model_kits_take_line(const model_kits_t *model, const model_kit_wanted_t *wanted, const bool *own,
                               bool is_edit, model_shelf_t free, model_kit_reservation_t *record)
{
    atp_qty_t there[MODEL_KIT_NODES] = {0};
    atp_qty_t all = 0;
    atp_qty_t got = 0;

    for (unsigned node = 0; node < MODEL_KIT_NODES; node++) {
        if ((wanted->node == node || wanted->node == MODEL_KIT_NODES) && (own == NULL || own[node])) {
            there[node] = there_are(model, wanted->sku, 100, record->is_track_only, free[node]);
        }
        all += there[node];
    }
    for (unsigned i = 0; i < MODEL_KIT_NODES; i++) {
        unsigned next = i;
        for (unsigned node = 0; all < wanted->qty && node < MODEL_KIT_NODES; node++) {
            bool is_more = there[node] > there[next] || (there[node] == there[next] && node < next);
            next = (i == 0 && node == 0) || is_more ? node : next;
        }
        if (there[next] > 0) {
            got += take_at(model, wanted, next, wanted->qty - got, is_edit, free[next], record);
        }
        there[next] = all < wanted->qty ? 0 : there[next];
    }
    return got;
}
