/* atp_ledger_check on dated supply (D), limits and queues (B) and unmet demand (U): each record broken a field at a time. */
#include "tests/engine/ledger/check/check_fixture.h"

#include "engine/ledger/stock/limits.h"
#include "engine/ledger/supply/supplies.h"

#include <stdio.h>

/* ---- supply ---- */

static void put_supply(fixture_t *f, const char *id, const char *sku, const char *node, atp_qty_t qty,
                       int days)
{
    const atp_command_line_t line = line_of(sku, node, qty);
    char words[64];

    snprintf(words, sizeof words, "due=%lld", (long long)(f->now_ms + days * ATP_DAY_MS));
    assert_verdict(
        do_with(f,
                (atp_command_t){
                    .kind = ATP_OP_SUPPLY, .subject = atp_text_of(id), .line_count = 1, .lines = &line},
                words),
        ATP_APPLIED);
}

static void reserve_by(fixture_t *f, const char *id, atp_qty_t qty, int days)
{
    char words[64];

    snprintf(words, sizeof words, "needed_by=%lld", (long long)(f->now_ms + days * ATP_DAY_MS));
    assert_verdict(reserve_with(f, id, "S", "N", qty, ATP_RESERVE_ALL_OR_NOTHING, words), ATP_APPLIED);
}

/* Two supplies on day 3, all of which is promised; one on day 9; promises whose supply was cancelled; one supply that came. */
static fixture_t expected_goods(void)
{
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t line = line_of("T", "M", 4);

    stock(&f, "S", "N", 0);
    stock(&f, "T", "M", 0);
    put_supply(&f, "came", "T", "M", 4, 2);
    fixture_do(&f, (atp_command_t){.kind = ATP_OP_RECEIVE_SUPPLY,
                                   .is_fact = true,
                                   .subject = ATP_TEXT("came"),
                                   .line_count = 1,
                                   .lines = &line});
    put_supply(&f, "p1", "S", "N", 10, 3);
    put_supply(&f, "p2", "S", "N", 6, 3);
    reserve_by(&f, "r1", 7, 3);
    reserve_by(&f, "r2", 9, 3);
    put_supply(&f, "p3", "S", "N", 8, 6);
    reserve_by(&f, "r3", 4, 6);
    reserve_by(&f, "r4", 4, 6);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_SUPPLY, .subject = ATP_TEXT("p3")},
                           "supply_status=cancelled"),
                   ATP_APPLIED);
    put_supply(&f, "p4", "T", "M", 5, 9);
    return f;
}

static atp_supply_t *supply_of(const fixture_t *f, const char *id)
{
    uint32_t number;

    assert_true(atp_supplies_find(&f->ledger->supplies, atp_text_of(id),
                                  atp_hash_text(atp_text_of(id), atp_ledger_seed(f->ledger)), &number));
    return atp_supply_at(&f->ledger->supplies, number);
}

static atp_supply_row_t *sums_of(const fixture_t *f, const atp_supply_t *supply)
{
    return (atp_supply_row_t *)(uintptr_t)atp_supply_row(&f->ledger->supplies, supply->row);
}

static void a_supply_that_is_not_at_its_day_is_named(void **state)
{
    (void)state;
    fixture_t f = expected_goods();
    atp_supply_t *p1 = supply_of(&f, "p1");
    atp_supply_t *came = supply_of(&f, "came");

    expect_broken(&f, atp_check_supplies, "D3", *p1, p1->status = ATP_SUPPLY_CLOSED);
    expect_broken(&f, atp_check_supplies, "D3", *p1, p1->row++);
    expect_broken(&f, atp_check_supplies, "D3", *p1, p1->day++);
    expect_broken(&f, atp_check_supplies, "D3", *p1, p1->due_ms += ATP_DAY_MS);
    expect_broken(&f, atp_check_supplies, "D3", *p1, p1->open = 0);
    expect_broken(&f, atp_check_supplies, "D3", *p1, p1->open = -1);
    expect_broken(&f, atp_check_supplies, "D3", *p1, p1->received++);
    expect_broken(&f, atp_check_supplies, "D3", *p1, p1->id_hash++);
    expect_broken(&f, atp_check_supplies, "D3", *p1,
                  (p1->id_ref = came->id_ref, p1->id_hash = came->id_hash));
    expect_broken(&f, atp_check_supplies, "D3", *came, came->status = ATP_SUPPLY_STATUS_LIMIT);
    expect_broken(&f, atp_check_supplies, "D3", *came, came->open = 1);
    expect_broken(&f, atp_check_supplies, "D3", *came, came->pegged = 1);
    expect_broken(&f, atp_check_supplies, "D3", *came, came->first_peg = 1);
    expect_broken(&f, atp_check_supplies, "D3", *came, came->day = 1);
    fixture_close(&f);
}

static void supplies_that_are_miscounted_are_named(void **state)
{
    (void)state;
    fixture_t f = expected_goods();
    atp_supply_heads_t *heads = f.ledger->supplies.heads;
    atp_supply_t *came = supply_of(&f, "came");

    expect_broken(&f, atp_check_supplies, "L4", *came, came->status = ATP_SUPPLY_OPEN);
    expect_broken(&f, atp_check_supplies, "L4", *heads, heads->open_count++);
    expect_broken(&f, atp_check_supplies, "L4", *heads, heads->ended_count++);
    expect_broken(&f, atp_check_supplies, "X1", f.ledger->supplies.index.count,
                  f.ledger->supplies.index.count++);
    expect_broken(&f, atp_check_supplies, "X1", f.ledger->supplies.row_index.count,
                  f.ledger->supplies.row_index.count++);
    fixture_close(&f);
}

static void pegs_that_are_not_those_of_their_supply_are_named(void **state)
{
    (void)state;
    fixture_t f = expected_goods();
    const atp_supply_book_t *book = &f.ledger->supplies;
    atp_supply_t *p1 = supply_of(&f, "p1");
    atp_peg_t *peg = atp_peg_at(book, p1->first_peg - 1);
    atp_supply_heads_t *heads = book->heads;

    expect_broken(&f, atp_check_supplies, "D4", *p1, p1->pegged--);
    expect_broken(&f, atp_check_supplies, "D4", *p1, p1->first_peg = NOWHERE);
    expect_broken(&f, atp_check_supplies, "D4", *p1, p1->last_peg = 0);
    expect_broken(&f, atp_check_supplies, "D4", *peg, peg->line = 0);
    expect_broken(&f, atp_check_supplies, "D4", *peg, peg->line = NOWHERE);
    expect_broken(&f, atp_check_supplies, "D4", *peg, peg->supply++);
    expect_broken(&f, atp_check_supplies, "D4", *peg, peg->previous = 1);
    expect_broken(&f, atp_check_supplies, "D4", *peg, peg->qty = 0);
    expect_broken(&f, atp_check_supplies, "D4", *peg, peg->next = p1->first_peg);
    expect_both_broken(&f, atp_check_supplies, "D4", *p1, p1->pegged += 90, *peg, peg->qty += 90);
    expect_broken(&f, atp_check_supplies, "D5", *heads, heads->free_pegs++);
    fixture_close(&f);
}

static void pegs_that_are_not_those_of_their_line_are_named(void **state)
{
    (void)state;
    fixture_t f = expected_goods();
    const atp_supply_book_t *book = &f.ledger->supplies;
    atp_progress_t *progress = progress_of(&f, "r1", 0);
    atp_peg_t *peg = atp_peg_at(book, progress->first_peg - 1);
    atp_progress_t *other = progress_of(&f, "r2", 0);

    expect_broken(&f, atp_check_supplies, "D5", *progress, progress->first_peg = NOWHERE);
    expect_broken(&f, atp_check_supplies, "D5", *progress, progress->first_peg = other->first_peg);
    expect_broken(&f, atp_check_supplies, "D5", *progress, progress->first_peg = 0);
    expect_both_broken(&f, atp_check_supplies, "D5", *progress,
                       (progress->first_peg = 0, progress->pegged = 0), *other,
                       (other->first_peg = 0, other->pegged = 0));
    expect_broken(&f, atp_check_supplies, "D5", *progress, progress->pegged++);
    expect_broken(&f, atp_check_supplies, "D5", *peg,
                  peg->next_of_line = (uint32_t)(peg - atp_peg_at(book, 0)) + 1);
    expect_broken(&f, atp_check_supplies, "D6", *peg, peg->rank++);
    fixture_close(&f);
}

static void days_that_are_not_the_sums_of_their_supplies_are_named(void **state)
{
    (void)state;
    fixture_t f = expected_goods();
    const atp_supply_book_t *book = &f.ledger->supplies;
    atp_supply_t *p1 = supply_of(&f, "p1");
    atp_supply_day_t *day = atp_supply_day_at(book, p1->day - 1);
    atp_supply_t *last = atp_supply_at(book, day->last - 1);

    expect_broken(&f, atp_check_supplies, "D1", *day, day->first = NOWHERE);
    expect_broken(&f, atp_check_supplies, "D1", *day, day->first = 0);
    expect_broken(&f, atp_check_supplies, "D1", *day, day->supply_count--);
    expect_broken(&f, atp_check_supplies, "D1", *day, day->supply_count++);
    expect_broken(&f, atp_check_supplies, "D1", *day, day->last = day->first);
    expect_broken(&f, atp_check_supplies, "D1", *day, day->open++);
    expect_broken(&f, atp_check_supplies, "D1", *day, day->pegged++);
    expect_broken(&f, atp_check_supplies, "D1", *last, last->previous = 0);
    fixture_close(&f);
}

static void positions_that_are_not_the_sums_of_their_days_are_named(void **state)
{
    (void)state;
    fixture_t f = expected_goods();
    const atp_supply_book_t *book = &f.ledger->supplies;
    put_supply(&f, "later", "T", "M", 5, 12);
    atp_supply_t *p4 = supply_of(&f, "p4");
    atp_supply_row_t *sums = sums_of(&f, p4);
    atp_supply_row_t *of_pegs = sums_of(&f, supply_of(&f, "p1"));
    atp_supply_day_t *day = atp_supply_day_at(book, p4->day - 1);
    atp_supply_day_t *later = atp_supply_day_at(book, day->next - 1);

    expect_broken(&f, atp_check_supplies, "D1", *sums, sums->row = NOWHERE);
    expect_broken(&f, atp_check_supplies, "D1", *sums, sums->row = of_pegs->row);
    expect_broken(&f, atp_check_supplies, "D1", *sums, sums->last_day = 0);
    expect_broken(&f, atp_check_supplies, "D1", *sums, sums->open++);
    expect_broken(&f, atp_check_supplies, "D1", *sums, sums->pegged++);
    expect_broken(&f, atp_check_supplies, "D1", *of_pegs, of_pegs->unbacked++);
    expect_broken(&f, atp_check_supplies, "D1", *of_pegs, of_pegs->first_unbacked = 0);
    expect_broken(&f, atp_check_supplies, "D2", *sums, sums->first_day = NOWHERE);
    expect_broken(&f, atp_check_supplies, "D2", *later, later->previous = 0);
    expect_broken(&f, atp_check_supplies, "D2", *later, later->day = day->day);
    expect_broken(&f, atp_check_supplies, "D2", f.ledger->supplies.days.count,
                  put_count(&f.ledger->supplies.days, 1));
    fixture_close(&f);
}

/* ---- limits ---- */

static void put_limit(fixture_t *f, const char *sku, const char *node, atp_qty_t qty, const char *words)
{
    const atp_command_line_t line = line_of(sku, node, qty);

    assert_verdict(do_with(f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &line}, words),
                   ATP_APPLIED);
}

/* Two lines wait at S@N, one of them first; caps; quantities; two missing units at T@N. */
static fixture_t queues(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    stock(&f, "S", "M", 0);
    stock(&f, "T", "N", 9);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    put_limit(&f, "T", "", 30, "channel=web"); /* nobody waits for it */
    put_limit(&f, "S", "N", 20, "");
    put_limit(&f, "S", "M", 20, "");
    put_limit(&f, "S", "", 30, "");
    put_limit(&f, "S", "", 30, "channel=default");
    assert_verdict(reserve(&f, "w1", "S", "N", 2), ATP_APPLIED);
    assert_verdict(reserve(&f, "w2", "S", "N", 3), ATP_APPLIED);
    const atp_command_line_t quantities = line_of("T", "", 0);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_SKU, .line_count = 1, .lines = &quantities},
                           "minimum=1 increment=1"),
                   ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "web", "minimum=1"), ATP_APPLIED);
    assert_verdict(reserve(&f, "gone", "T", "N", 2), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "gone"), ATP_APPLIED);
    assert_verdict(step_fact(&f, ATP_OP_SHORT, "gone", "T", "N", 2), ATP_APPLIED);
    reserve(&f, "unmet", "S", "N", 900);
    return f;
}

static atp_limit_t *limit_of(const fixture_t *f, atp_limit_scope_t scope, unsigned nth)
{
    const atp_limits_t *limits = &f->ledger->positions.limits;

    for (uint32_t i = 0; i < atp_table_count(&limits->records); i++) {
        if (atp_limits_at(limits, i)->scope == scope && nth-- == 0) {
            return atp_limits_at(limits, i);
        }
    }
    fail_msg("there is no limit of scope %d", (int)scope);
    return NULL;
}

static void limits_of_nothing_there_is_are_named(void **state)
{
    (void)state;
    fixture_t f = queues();
    static const atp_limit_scope_t of_skus[] = {ATP_LIMIT_POSITION, ATP_LIMIT_CHANNEL, ATP_LIMIT_SKU,
                                                ATP_LIMIT_SKU_QUANTITIES, ATP_LIMIT_MISSING};

    for (unsigned i = 0; i < sizeof of_skus / sizeof of_skus[0]; i++) {
        atp_limit_t *record = limit_of(&f, of_skus[i], 0);
        expect_broken(&f, atp_check_limits, "B1", *record, record->sku = NOWHERE);
        expect_broken(&f, atp_check_limits, "B1", *record, record->place = UINT16_MAX);
        expect_broken(&f, atp_check_limits, "B1", *record, record->scope = 99);
    }
    atp_limit_t *of_channel = limit_of(&f, ATP_LIMIT_CHANNEL_QUANTITIES, 0);
    expect_broken(&f, atp_check_limits, "B1", *of_channel, of_channel->sku = 1);
    expect_broken(&f, atp_check_limits, "B1", *of_channel, of_channel->place = UINT16_MAX);
    atp_limit_t *other = limit_of(&f, ATP_LIMIT_POSITION, 1);
    expect_broken(&f, atp_check_limits, "B1", *other,
                  other->place = limit_of(&f, ATP_LIMIT_POSITION, 0)->place);
    fixture_close(&f);
}

static void limits_that_nobody_is_told_of_are_named(void **state)
{
    (void)state;
    fixture_t f = queues();
    atp_limit_t *record = limit_of(&f, ATP_LIMIT_POSITION, 0);
    atp_limit_t *missing = limit_of(&f, ATP_LIMIT_MISSING, 0);
    atp_channel_record_t *channel =
        atp_table_at(&f.ledger->catalog.channels, limit_of(&f, ATP_LIMIT_CHANNEL_QUANTITIES, 0)->place);
    uint32_t row;

    assert_true(atp_positions_find(&f.ledger->positions, record->sku, record->place, &row));
    atp_position_t *position = atp_positions_at(&f.ledger->positions, row);
    expect_broken(&f, atp_check_limits, "B1", *channel, channel->has_quantities = 0);
    expect_broken(&f, atp_check_limits, "B1", *position,
                  atp_position_set(position, ATP_POSITION_HAS_LIMITS, false));
    expect_broken(&f, atp_check_limits, "B1", *position,
                  atp_position_set(position, ATP_POSITION_HAS_QUEUE, false));
    expect_broken(&f, atp_check_limits, "B5", *missing, missing->missing = -1);
    expect_broken(&f, atp_check_limits, "B5", *missing, missing->missing = 99);
    expect_broken(&f, atp_check_limits, "B5", *missing, missing->missing = 0);
    expect_broken(&f, atp_check_limits, "X1", f.ledger->positions.limits.index.count,
                  f.ledger->positions.limits.index.count++);
    fixture_close(&f);
}

static void queues_that_are_not_those_of_who_waits_are_named(void **state)
{
    (void)state;
    fixture_t f = queues();
    atp_limit_t *record = limit_of(&f, ATP_LIMIT_POSITION, 0);
    atp_limit_queue_t *queue = &record->queues[ATP_PRIORITY_DEFAULT];
    atp_progress_t *first = progress_of(&f, "w1", 0);
    atp_progress_t *second = progress_of(&f, "w2", 0);
    atp_line_t *line = line_to_break(&f, "w1", 0);

    expect_broken(&f, atp_check_limits, "B3", *record, queue->first = NOWHERE);
    expect_broken(&f, atp_check_limits, "B3", *record, queue->first = line_number_of(&f, "gone", 0) + 1);
    expect_broken(&f, atp_check_limits, "B3", *record, queue->last = queue->first);
    expect_broken(&f, atp_check_limits, "B3", *first, first->backordered = 0);
    expect_broken(&f, atp_check_limits, "B3", *first, first->queue++);
    expect_broken(&f, atp_check_limits, "B3", *second, second->queue_previous = 0);
    expect_broken(&f, atp_check_limits, "B3", *second, second->queue_next = queue->first);
    expect_broken(&f, atp_check_limits, "B3", *line, line->row++);
    expect_broken(&f, atp_check_limits, "B2", *first, first->backordered++);
    expect_broken(&f, atp_check_limits, "B2", *record,
                  atp_store_relaxed(&record->backordered, atp_load_relaxed(&record->backordered) + 1));
    fixture_close(&f);
}

static void a_queue_beside_free_stock_is_named(void **state)
{
    (void)state;
    fixture_t f = queues();
    atp_position_t *position = atp_positions_at(&f.ledger->positions, line_at(&f, "w1", 0)->row);

    expect_broken(&f, atp_check_limits, "B3", *position, atp_store_relaxed(&position->on_hand, 9));
    fixture_close(&f);
}

static void caps_that_are_miscounted_are_named(void **state)
{
    (void)state;
    fixture_t f = queues();
    atp_limit_t *in_all = limit_of(&f, ATP_LIMIT_SKU, 0);
    atp_limit_t *in_channel = limit_of(&f, ATP_LIMIT_CHANNEL, 1);
    atp_progress_t *none = progress_of(&f, "gone", 0);

    expect_broken(&f, atp_check_limits, "B2", *in_all, atp_store_relaxed(&in_all->backordered, 4));
    expect_broken(&f, atp_check_limits, "B2", *in_channel, atp_store_relaxed(&in_channel->backordered, 4));
    expect_broken(&f, atp_check_limits, "B2", *none, none->backordered = 1); /* waits in no queue */
    fixture_close(&f);
}

static void a_list_of_queues_to_be_filled_that_is_wrong_is_named(void **state)
{
    (void)state;
    fixture_t f = queues();
    const atp_limits_t *limits = &f.ledger->positions.limits;
    atp_limit_t *record = limit_of(&f, ATP_LIMIT_POSITION, 0);
    atp_limit_t *of_sku = limit_of(&f, ATP_LIMIT_SKU, 0);
    uint32_t at = (uint32_t)(record - atp_limits_at(limits, 0)) + 1;
    uint32_t at_sku = (uint32_t)(of_sku - atp_limits_at(limits, 0)) + 1;

    expect_broken(&f, atp_check_limits, "B4", *limits->heads, limits->heads->first_due = NOWHERE);
    expect_broken(&f, atp_check_limits, "B4", *limits->heads, limits->heads->first_due = at);
    expect_broken(&f, atp_check_limits, "B4", *limits->heads, limits->heads->first_due = at_sku);
    expect_broken(&f, atp_check_limits, "B4", *limits->heads, limits->heads->due_count = 1);
    expect_broken(&f, atp_check_limits, "B4", *record, record->is_due = ATP_LIMIT_DUE);
    expect_both_broken(&f, atp_check_limits, "B4", *limits->heads, limits->heads->first_due = at, *record,
                       record->is_due = ATP_LIMIT_GOES_ON);
    expect_both_broken(&f, atp_check_limits, "B4", *limits->heads, limits->heads->first_due = at, *record,
                       (record->is_due = ATP_LIMIT_GOES_ON, record->next_due = at)); /* it does not end */
    fixture_close(&f);
}

static void unmet_demand_that_is_not_found_is_named(void **state)
{
    (void)state;
    fixture_t f = queues();
    atp_table_t *records = &f.ledger->demand.records;
    atp_demand_record_t *rest = atp_table_at(records, 0);
    atp_demand_record_t *record = atp_table_at(records, 1);

    assert_int_equal(atp_table_count(records), 2);
    expect_broken(&f, atp_check_demand, "U1", *rest, rest->sku = 0);
    expect_broken(&f, atp_check_demand, "U1", *record, record->sku = ATP_DEMAND_NO_SKU);
    expect_broken(&f, atp_check_demand, "U1", *record, record->node++);
    expect_broken(&f, atp_check_demand, "X1", f.ledger->demand.index.count, f.ledger->demand.index.count++);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_supply_that_is_not_at_its_day_is_named),
        cmocka_unit_test(supplies_that_are_miscounted_are_named),
        cmocka_unit_test(pegs_that_are_not_those_of_their_supply_are_named),
        cmocka_unit_test(pegs_that_are_not_those_of_their_line_are_named),
        cmocka_unit_test(days_that_are_not_the_sums_of_their_supplies_are_named),
        cmocka_unit_test(positions_that_are_not_the_sums_of_their_days_are_named),
        cmocka_unit_test(limits_of_nothing_there_is_are_named),
        cmocka_unit_test(limits_that_nobody_is_told_of_are_named),
        cmocka_unit_test(queues_that_are_not_those_of_who_waits_are_named),
        cmocka_unit_test(a_queue_beside_free_stock_is_named),
        cmocka_unit_test(caps_that_are_miscounted_are_named),
        cmocka_unit_test(a_list_of_queues_to_be_filled_that_is_wrong_is_named),
        cmocka_unit_test(unmet_demand_that_is_not_found_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
