/* I2: what is on hand, and what of it is unavailable, is what the answers, the steps and the exceptions add up to: a second set of
 * books. (reserved and allocated are recomputed from the lines by atp_ledger_check: P3.) */
#include "tests/model/everything.h"

#include "engine/ledger/ledger_priv.h"
#include "engine/ledger/reservations/line_units.h"

#include <stdlib.h>
#include <string.h>

/* ---- as it was ---- */

static void note_lines(bench_t *bench)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(bench->ledger);

    bench->line_count = atp_table_count(&reservations->lines);
    for (uint32_t number = 0; number < bench->line_count; number++) {
        const atp_line_t *line = atp_line_at(reservations, number);
        line_before_t *before = &bench->lines[number];
        const atp_reservation_t *reservation = atp_reservation_at(reservations, line->reservation);
        *before = (line_before_t){.reservation = line->reservation, .version = reservation->version};
        for (unsigned state = 0; state < ATP_LINE_STATE_COUNT && reservation->status != ATP_RESERVATION_FREE;
             state++) {
            before->units[state] = atp_line_units(reservations, number, (atp_line_state_t)state);
        }
    }
}

/* What came back of archived reservations. A ring: a line whose place was used again cannot be told apart. */
static void note_archive(bench_t *bench)
{
    const atp_archive_t *archive = &atp_ledger_reservations(bench->ledger)->archive;
    uint64_t count = atp_table_count(&archive->lines);

    bench->archived_lines = archive->heads->next_line;
    for (uint64_t i = 0; i < count && i < EVERYTHING_LINES; i++) {
        bench->returned[i] = ((const atp_archived_line_t *)atp_table_at(&archive->lines, i))->returned;
    }
}

/* The number that the op's subject names; 0: none. */
static uint64_t settled_number(const act_t *act)
{
    return act->kind == ATP_OP_SETTLE_EXCEPTION ? strtoull(act->subject, NULL, 10) : 0;
}

static bool is_replayed(const act_t *act)
{
    for (unsigned i = 0; i < act->attribute_count; i++) {
        if (act->attributes[i].key == ATP_KEY_SETTLE) {
            return act->attributes[i].number == ATP_SETTLE_REPLAY;
        }
    }
    return true;
}

/* Who told a fact that is kept. */
static atp_text_t told_by(const bench_t *bench, const atp_exception_t *exception, const atp_op_t *fact)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(bench->ledger);
    bool is_of_source = (fact->flags & ATP_OP_IN_SOURCE) != 0;
    const atp_table_t *table = is_of_source ? &catalog->sources : &catalog->clients;
    uint32_t number = is_of_source ? exception->source - 1 : exception->client;

    if (is_of_source && exception->source == 0) {
        return ATP_TEXT("");
    }
    const atp_named_record_t *record = atp_table_at(table, number);
    return atp_strings_get(&catalog->strings, record->id_ref);
}

/* SKU and node of the first line of a fact: as names, where it names them. */
static void note_names(const bench_t *bench, const atp_op_t *fact, act_line_t *line)
{
    const atp_op_line_t *said = &atp_op_lines(fact)[0];
    line_names_t names = atp_ledger_line_names(fact);
    atp_text_t sku = said->flags & ATP_LINE_SKU_NAMED
                         ? atp_op_text_next(&names.cursor)
                         : atp_catalog_sku_id(&bench->ledger->catalog, said->sku);
    atp_text_t node = said->flags & ATP_LINE_NODE_NAMED
                          ? atp_op_text_next(&names.cursor)
                          : atp_catalog_node_id(&bench->ledger->catalog, said->node);

    snprintf(line->sku, sizeof line->sku, "%.*s", (int)sku.size, sku.bytes);
    snprintf(line->node, sizeof line->node, "%.*s", (int)node.size, node.bytes);
}

/* The fact of an exception as an act, as it was told or edited: that is what a replay books. */
static void note_fact(bench_t *bench)
{
    static uint64_t buffer[ATP_EXCEPTION_FACT_MAX / sizeof(uint64_t)];
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(bench->ledger);
    const atp_exception_t *exception = atp_exceptions_get(exceptions, settled_number(bench->act));
    act_t *act = &bench->replayed;

    bench->is_replay = exception != NULL && exception->fact_first != 0 &&
                       exception->kind != ATP_EXCEPTION_QUARANTINED && is_replayed(bench->act);
    if (!bench->is_replay) {
        return;
    }
    atp_exceptions_form(exceptions, exception, buffer);
    const atp_op_t *fact = (const atp_op_t *)(const void *)buffer;
    bench->replay_teller = told_by(bench, exception, fact);
    const atp_op_attribute_t *disposition = atp_op_attribute(fact, ATP_KEY_DISPOSITION, ATP_WHOLE_OP);
    if (disposition == NULL) {
        disposition = atp_op_attribute(fact, ATP_KEY_DISPOSITION, 0);
    }
    *act = *bench->act;
    act->kind = fact->kind;
    act->option = fact->option;
    act->attribute_count = disposition != NULL;
    act->attributes[0] = (act_attribute_t){.key = ATP_KEY_DISPOSITION,
                                           .line = ATP_WHOLE_OP,
                                           .number = disposition != NULL ? disposition->number : 0};
    if (bench->act->line_count == 0) {
        act->line_count = fact->line_count;
        if (fact->line_count > 0) {
            note_names(bench, fact, &act->lines[0]);
        }
    }
}

void books_before(bench_t *bench)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);

    memset(bench->rows, 0, sizeof bench->rows);
    for (uint32_t row = 0; row < atp_table_count(&positions->rows); row++) {
        atp_positions_read(positions, row, &bench->rows[row]);
        bench->books[row] = (books_row_t){bench->rows[row].on_hand, bench->rows[row].unavailable};
    }
    for (uint64_t row = atp_table_count(&positions->rows); row < EVERYTHING_ROWS; row++) {
        bench->books[row] = (books_row_t){0, 0};
    }
    bench->history_before = atp_ledger_reservations(bench->ledger)->history.heads->newest;
    bench->movements_before = atp_ledger_movements(bench->ledger)->heads->newest;
    bench->exceptions_before = atp_ledger_exceptions(bench->ledger)->heads->newest;
    note_lines(bench);
    note_archive(bench);
    note_fact(bench);
    bench->kit_count = 0;
    bench->came_as_such = 0;
    bench->came_as_parts = 0;
}

/* ---- what was done ---- */

atp_text_t books_teller(const bench_t *bench)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(bench->ledger);
    const atp_named_record_t *record = atp_table_at(&catalog->clients, 0);
    char name[16];
    uint32_t client = 0;

    if (bench->act == &bench->replayed) {
        return bench->replay_teller;
    }
    if (bench->act->in_source) {
        if (bench->ledger->frame_source == 0) {
            return ATP_TEXT("");
        }
        record = atp_table_at(&catalog->sources, bench->ledger->frame_source - 1);
    } else {
        snprintf(name, sizeof name, "client%u", bench->act->client);
        (void)atp_catalog_find_client(catalog, atp_text_of(name),
                                      atp_hash_text(atp_text_of(name), atp_ledger_seed(bench->ledger)),
                                      &client);
        record = atp_table_at(&catalog->clients, client);
    }
    return atp_strings_get(&catalog->strings, record->id_ref);
}

static bool find_names(const bench_t *bench, const act_line_t *line, uint32_t *ret_sku, uint16_t *ret_node)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(bench->ledger);
    uint64_t seed = atp_ledger_seed(bench->ledger);
    atp_text_t teller = books_teller(bench);

    return atp_catalog_means_sku(catalog, teller, atp_text_of(line->sku), seed, ret_sku) &&
           atp_catalog_means_node(catalog, teller, atp_text_of(line->node), seed, ret_node);
}

static bool find_row(const bench_t *bench, const act_line_t *line, uint32_t *ret_row)
{
    uint32_t sku;
    uint16_t node;

    return find_names(bench, line, &sku, &node) &&
           atp_positions_find(atp_ledger_positions(bench->ledger), sku, node, ret_row);
}

/* The SKU is a kit: there may be none of it on a shelf, nor ever have been. */
static bool is_kit(const bench_t *bench, const act_line_t *line)
{
    uint32_t sku;
    uint16_t node;

    return find_names(bench, line, &sku, &node) &&
           atp_positions_sku_has(atp_ledger_positions(bench->ledger), sku, ATP_SKU_IS_KIT);
}

static unsigned disposition_of(const act_t *act, unsigned line)
{
    unsigned found = ATP_DISPOSITION_QUARANTINE;

    for (uint16_t i = 0; i < act->attribute_count; i++) {
        const act_attribute_t *attribute = &act->attributes[i];
        if (attribute->key == ATP_KEY_DISPOSITION &&
            (attribute->line == line || attribute->line == ATP_WHOLE_OP)) {
            found = (unsigned)attribute->number; /* those of lines come after that of the op */
        }
    }
    return found;
}

/* Units that came back, by what becomes of them. */
static void put_back(bench_t *bench, uint32_t row, unsigned disposition, atp_qty_t qty)
{
    bench->books[row].on_hand += disposition == ATP_DISPOSITION_SCRAP ? 0 : qty;
    bench->books[row].unavailable +=
        disposition == ATP_DISPOSITION_QUARANTINE || disposition == ATP_DISPOSITION_DAMAGED ? qty : 0;
}

/* The answer is of kits, what came back is of their components too, as the reservation froze them. */
static bool is_return_of_kit(const bench_t *bench)
{
    return bench->act->kind == ATP_OP_RETURN && bench->act->line_count == 1 &&
           is_kit(bench, &bench->act->lines[0]);
}

/* Units that a line of a reservation has back, here or in the archive: of a kit that is told its components come back to the node told,
 * and the answer says how many kits there are in all; else all comes back to where it was. */
static void bring_back(bench_t *bench, uint32_t from, atp_qty_t qty)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);
    uint32_t sku = atp_positions_at(positions, atp_positions_now(positions, from))->sku;
    uint32_t row = from;
    uint32_t kit;
    uint16_t node;

    if (bench->act->line_count > 0 && find_names(bench, &bench->act->lines[0], &kit, &node)) {
        *(sku == kit ? &bench->came_as_such : &bench->came_as_parts) += qty;
        if (sku == kit || !atp_positions_find(positions, sku, node, &row)) {
            return; /* a row that is not there is found out: what the buckets have is nowhere in the books */
        }
    }
    put_back(bench, row, disposition_of(bench->act, 0), qty);
}

/* A kit that came back: what no component says came as such. False: the answer tells of no kit for the components. */
static bool book_kit_back(bench_t *bench, uint32_t row)
{
    atp_qty_t as_such = bench->came_as_parts > 0 ? bench->came_as_such : bench->result.qty;

    put_back(bench, row, disposition_of(bench->act, 0), as_such);
    return bench->came_as_parts == 0 || as_such < bench->result.qty ||
           bench_fail(bench, "I2: components came back with no kit: %lld as such, %lld in all",
                      (long long)as_such, (long long)bench->result.qty);
}

/* What came back to archived reservations: the answer does not say of which position. False: it cannot be told. */
static bool book_archive(bench_t *bench)
{
    const atp_archive_t *archive = &atp_ledger_reservations(bench->ledger)->archive;
    uint64_t count = atp_table_count(&archive->lines);

    if (bench->act->kind != ATP_OP_RETURN || (bench->act->line_count > 0 && !is_return_of_kit(bench))) {
        return true;
    }
    if (archive->heads->next_line != bench->archived_lines || count > EVERYTHING_LINES) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        const atp_archived_line_t *line = atp_table_at(&archive->lines, i);
        if (line->returned > bench->returned[i]) {
            bring_back(bench, line->row, line->returned - bench->returned[i]);
        }
    }
    return true;
}

/* Kits that left without a promise: to be booked when all else is. False: so many that they cannot be told apart. */
static bool note_kits(bench_t *bench, const act_line_t *line, atp_qty_t qty)
{
    if (bench->kit_count == BOOKED_KITS_MAX) {
        return false;
    }
    unsigned number = bench->kit_count++;
    bench->kits[number].qty = qty;
    return find_names(bench, line, &bench->kits[number].sku, &bench->kits[number].node);
}

/* What the op says of its one line, by its answer. */
static void book_answer(bench_t *bench, uint32_t row)
{
    const act_t *act = bench->act;
    books_row_t *book = &bench->books[row];
    atp_qty_t qty = bench->result.qty;

    switch (act->kind) {
    case ATP_OP_ADJUST:
    case ATP_OP_COUNT:
        *(act->option == ATP_BUCKET_ON_HAND ? &book->on_hand : &book->unavailable) += qty;
        break;
    case ATP_OP_SALE: /* the answer says the change */
    case ATP_OP_RECEIVE:
    case ATP_OP_RECEIVE_SUPPLY:
    case ATP_OP_TRANSFER_RECEIVE:
        book->on_hand += qty;
        break;
    case ATP_OP_DISPOSE:
        book->unavailable -= qty;
        book->on_hand -= disposition_of(act, ATP_WHOLE_OP) == ATP_DISPOSITION_SCRAP ? qty : 0;
        break;
    case ATP_OP_RETURN:
        put_back(bench, row, disposition_of(act, 0), qty);
        break;
    default:
        break;
    }
}

/* A return of several lines: what the answer says came in all is what all lines told, or nothing; or it is a request, or blind, which is
 * taken as it is. False: some of it is told a second time, or is of a kit, and how much came of which line nobody says. */
static bool book_several_back(bench_t *bench)
{
    const act_t *act = bench->act;
    atp_qty_t qty[ACT_LINES_MAX];
    uint32_t rows[ACT_LINES_MAX];
    uint8_t scales[ACT_LINES_MAX];
    atp_qty_t sum = 0;
    bool is_one_scale = true;

    for (unsigned i = 0; i < act->line_count; i++) {
        if (act == &bench->replayed || is_kit(bench, &act->lines[i]) ||
            !find_row(bench, &act->lines[i], &rows[i]) || !unit_book_qty(bench, i, &qty[i], &scales[i])) {
            return false;
        }
        is_one_scale = is_one_scale && scales[i] == scales[0];
        sum += qty[i];
    }
    bool is_taken = !bench->is_fact || act->reservation[0] == '\0';
    if (bench->result.verdict != ATP_APPLIED || (!is_taken && (!is_one_scale || bench->result.qty != sum))) {
        return bench->result.verdict == ATP_CONFIRMED;
    }
    for (unsigned i = 0; i < act->line_count; i++) {
        put_back(bench, rows[i], disposition_of(act, i), qty[i]);
    }
    bench->reach->returns_of_several++;
    return !is_one_scale || bench->result.qty == sum ||
           bench_fail(bench, "I2: %lld came back of %lld", (long long)bench->result.qty, (long long)sum);
}

/* The steps of this op, by the history. False: some are not kept any more. */
static bool book_steps(bench_t *bench)
{
    const atp_history_t *history = &atp_ledger_reservations(bench->ledger)->history;
    uint64_t newest = history->heads->newest;

    if (newest - bench->history_before > history->steps.capacity) {
        return false;
    }
    for (uint64_t number = bench->history_before + 1; number <= newest; number++) {
        const atp_history_step_t *step =
            atp_table_at(&history->steps, (number - 1) % history->steps.capacity);
        if (step->step == ATP_STEP_SHIP || step->step == ATP_STEP_SHIP_RESERVED) {
            bench->books[step->row].on_hand -= step->qty;
        }
        if (step->step == ATP_STEP_RETURN && (bench->act->line_count == 0 || is_return_of_kit(bench))) {
            bring_back(bench, step->row, step->qty);
        }
    }
    return true;
}

/* What left without a promise is told as an exception. False: some are not kept any more. */
static bool book_exceptions(bench_t *bench)
{
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(bench->ledger);

    for (uint64_t number = bench->exceptions_before + 1; number <= exceptions->heads->newest; number++) {
        const atp_exception_t *exception = atp_exceptions_get(exceptions, number);
        act_line_t line = {.mantissa = 0};
        uint32_t row;
        if (exception == NULL) {
            return false;
        }
        bench->reach->exceptions[exception->kind]++;
        if (exception->kind == ATP_EXCEPTION_RETURNED_WITHOUT_SHIPMENT && is_return_of_kit(bench)) {
            bench->came_as_such += exception->qty;
        }
        if (exception->kind != ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION) {
            continue;
        }
        snprintf(line.sku, sizeof line.sku, "%.*s", (int)exception->sku_size, exception->sku);
        snprintf(line.node, sizeof line.node, "%.*s", (int)exception->node_size, exception->node);
        if (is_kit(bench, &line)) {
            if (!note_kits(bench, &line, exception->qty)) {
                return false;
            }
            continue;
        }
        if (!find_row(bench, &line, &row)) {
            return bench_fail(bench, "an exception names %s@%s, which is not there", line.sku, line.node);
        }
        bench->books[row].on_hand -= exception->qty;
    }
    return true;
}

/* What on-hand followed a count or an adjust of what is unavailable, which answers of that bucket only (docs/domain.md#feeds): by as
 * much, where a feed had counted what can be sold; else not at all. The movement says which. */
static atp_qty_t followed(const bench_t *bench, const atp_movement_t *movement)
{
    const atp_standing_t standing =
        atp_movements_standing(atp_ledger_movements(bench->ledger), movement->row);
    const atp_feed_t *feed =
        atp_feeds_get(atp_ledger_feeds(bench->ledger), atp_standing_feed(&standing, ATP_COUNTED_ON_HAND));
    bool may_follow = movement->change.on_hand == 0 && feed != NULL &&
                      (feed->basis == ATP_BASIS_SELLABLE || feed->basis == ATP_BASIS_AVAILABLE);

    return may_follow && movement->on_hand != 0 ? movement->change.unavailable : 0;
}

/* What a feed had counted before it was told is not done again. False: some of what moved is not kept any more. */
static bool book_withheld(bench_t *bench)
{
    const atp_movements_t *movements = atp_ledger_movements(bench->ledger);
    unsigned kind = bench->act->kind;
    bool is_answered =
        kind == ATP_OP_RECEIVE || kind == ATP_OP_SALE || kind == ATP_OP_ADJUST || kind == ATP_OP_COUNT;

    for (uint64_t number = bench->movements_before + 1; number <= movements->heads->newest; number++) {
        const atp_movement_t *movement = atp_movements_get(movements, number);
        if (movement == NULL) {
            return false;
        }
        if (is_answered) { /* the answer says what was done */
            bench->books[movement->row].on_hand += followed(bench, movement);
        } else if (movement->feed == 0) {
            bool is_withheld = (movement->included >> ATP_COUNTED_UNAVAILABLE & 1) != 0;
            bench->books[movement->row].on_hand += movement->on_hand - movement->change.on_hand;
            bench->books[movement->row].unavailable -= is_withheld ? movement->change.unavailable : 0;
        }
    }
    return true;
}

/* What is short is set aside as far as the goods are missing, and a count finds it again: tests/engine/ledger. */
static bool sets_aside(unsigned kind)
{
    return kind == ATP_OP_SHORT || kind == ATP_OP_COUNT || kind == ATP_OP_ADJUST;
}

static bool compare(bench_t *bench)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);

    for (uint32_t row = 0; row < atp_table_count(&positions->rows); row++) {
        atp_position_view_t view;
        atp_positions_read(positions, row, &view);
        if (view.on_hand != bench->books[row].on_hand ||
            (view.unavailable != bench->books[row].unavailable && !sets_aside(bench->act->kind))) {
            return bench_fail(
                bench, "I2: row %u has %lld on hand and %lld unavailable; the answers say %lld and %lld", row,
                (long long)view.on_hand, (long long)view.unavailable, (long long)bench->books[row].on_hand,
                (long long)bench->books[row].unavailable);
        }
    }
    return true;
}

/* What a row had that is merged now is at the row that it leads to. */
static void book_merged(bench_t *bench)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);

    for (uint32_t row = 0; row < atp_table_count(&positions->rows); row++) {
        uint32_t now = atp_positions_now(positions, row);
        if (now != row && (bench->rows[row].flags & ATP_POSITION_IS_MERGED) == 0) {
            bench->books[now].on_hand += bench->books[row].on_hand;
            bench->books[now].unavailable += bench->books[row].unavailable;
            bench->books[row] = (books_row_t){0, 0};
        }
    }
}

/* False: something does not hold. */
static bool book_and_compare(bench_t *bench)
{
    const act_t *act = bench->act;
    uint32_t row;

    bool is_whole = book_exceptions(bench);
    is_whole = book_steps(bench) && is_whole;
    is_whole = book_archive(bench) && is_whole;
    is_whole = book_withheld(bench) && is_whole;
    book_merged(bench);
    if (bench->script->is_failed) {
        return false;
    }
    bool has_answer = atp_verdict_is_success(bench->result.verdict) && act->line_count == 1;
    if (has_answer && act->kind == ATP_OP_SALE && is_kit(bench, &act->lines[0])) {
        is_whole = note_kits(bench, &act->lines[0], -bench->result.qty) && is_whole;
    } else if (has_answer && find_row(bench, &act->lines[0], &row)) {
        if (!is_return_of_kit(bench)) {
            book_answer(bench, row);
        } else if (!book_kit_back(bench, row)) {
            return false;
        }
    }
    bool is_of_several =
        act->kind == ATP_OP_RETURN && act->line_count > 1 && atp_verdict_is_success(bench->result.verdict);
    bool is_said = (!is_of_several || book_several_back(bench)) && bench->kit_count <= 1;
    if (bench->script->is_failed) {
        return false;
    }
    if (!is_whole || !is_said) {
        return true;
    }
    return (bench->kit_count == 0 ||
            books_take_kits(bench, bench->kits[0].sku, bench->kits[0].node, bench->kits[0].qty)) &&
           compare(bench);
}

bool books_after(bench_t *bench)
{
    const act_t *act = bench->act;

    if (bench->is_replay && atp_verdict_is_success(bench->result.verdict)) {
        bench->act = &bench->replayed;
        bench->reach->facts_replayed++;
    }
    bool is_right = bench->may_try || book_and_compare(bench);
    bench->act = act;
    return is_right;
}
