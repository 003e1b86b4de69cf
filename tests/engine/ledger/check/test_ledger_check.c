/* atp_ledger_check finds what is broken and names it by number: each invariant is broken once, by hand. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/ledger_priv.h"

#include <stdio.h>
#include <string.h>

/* A ledger with something of everything. */
static fixture_t lively_ledger(void)
{
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 2), line_of("T", "M", 1)};

    stock(&f, "S", "N", 50);
    stock(&f, "T", "M", 50);
    put_channel(&f, "web", 100);
    reserve_lines(&f, "two", ATP_RESERVE_ALL_OR_NOTHING, 2, lines);
    for (unsigned i = 0; i < 12; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        reserve_for(&f, id, "S", "N", 1, 1000 + 7 * i);
    }
    step_all(&f, ATP_OP_ALLOCATE, "r1");
    step_all(&f, ATP_OP_RELEASE, "r2");
    step_all(&f, ATP_OP_RELEASE, "r3");
    open_batch(&f, "wms", 1, 1);
    open_batch(&f, "wms", 1, 4);
    fact(&f, ATP_OP_SALE, "gone", "N", 1);
    return f;
}

/* The sentence must begin with the number. */
static void expect_broken(const fixture_t *f, const char *number)
{
    atp_why_t why = {""};

    if (atp_ledger_check(f->ledger, &why) != ATP_ERR_CORRUPT) {
        fail_msg("%s was broken, and nobody noticed", number);
    }
    if (strncmp(why.text, number, strlen(number)) != 0 || why.text[strlen(number)] != ':') {
        fail_msg("%s was broken, and what it says is: %s", number, why.text);
    }
}

/* Breaks it, looks, and mends it again by putting the byte image back. */
#define broken_by(number, object, change)                                                                    \
    do {                                                                                                     \
        unsigned char image[sizeof(object)];                                                                 \
        memcpy(image, &(object), sizeof(object));                                                            \
        change;                                                                                              \
        expect_broken(&f, number);                                                                           \
        memcpy(&(object), image, sizeof(object));                                                            \
        fixture_check(&f);                                                                                   \
    } while (0)

static atp_position_t *position_of(const fixture_t *f)
{
    return atp_positions_at(&f->ledger->positions, 0);
}

static atp_reservation_t *record_of(const fixture_t *f, const char *id)
{
    return atp_reservation_at(&f->ledger->reservations, reservation_of(f, id));
}

static atp_line_t *mutable_line(const fixture_t *f, const char *id)
{
    return (atp_line_t *)(uintptr_t)line_at(f, id, 0);
}

static void broken_positions_are_named(void **state)
{
    (void)state;
    fixture_t f = lively_ledger();
    atp_position_t *position = position_of(&f);

    broken_by("P1", *position, atp_store_relaxed(&position->safety, -1));
    broken_by("P1", *position, atp_store_relaxed(&position->unavailable, -1));
    broken_by("P2", *position, atp_store_relaxed(&position->on_hand, ATP_QTY_MAX + 1));
    broken_by("P3", *position, atp_store_relaxed(&position->reserved, 1));
    broken_by("P3", *position, atp_store_relaxed(&position->allocated, 2));
    broken_by("P4", *position, atp_store_relaxed(&position->soonest_deadline_ms, 5));
    broken_by("P5", *position, atp_store_relaxed(&position->version, 7));
    broken_by("P6", *position, position->node = 1);
    broken_by("P6", *position, position->sku = 1);
    broken_by("P7", *position, atp_position_set(position, ATP_POSITION_OVER_COMMITTED, true));
    broken_by("H3", *position,
              (position->last_line = 0, atp_store_relaxed(&position->reserved, 0),
               atp_store_relaxed(&position->allocated, 0),
               atp_store_relaxed(&position->soonest_deadline_ms, ATP_NEVER_MS)));
    fixture_close(&f);
}

static void broken_lines_are_named(void **state)
{
    (void)state;
    fixture_t f = lively_ledger();
    atp_line_t *line = mutable_line(&f, "r5");
    atp_line_t *ended = mutable_line(&f, "r2");

    broken_by("H2", *line, line->granted = 0);
    broken_by("H2", *line, line->granted = 5);
    broken_by("H2", *line, line->shipped = -1);
    broken_by("H2", *ended, ended->ended_as = ATP_LINE_ACCEPTED);
    broken_by("H3", *line, line->is_in_tree = 0);
    broken_by("H3", *ended, ended->is_in_tree = 1);
    broken_by("H5", *line, line->deadline++);
    broken_by("H5", *line, line->above = 0);
    broken_by("H5", *line,
              line->left = line->right = (uint32_t)(line - atp_line_at(&f.ledger->reservations, 0)) + 1);
    broken_by("H1", *line, line->next = 1);
    broken_by("H1", *line, line->row = 99);
    broken_by("H1", *line, line->reservation++);
    fixture_close(&f);
}

static void broken_reservations_are_named(void **state)
{
    (void)state;
    fixture_t f = lively_ledger();
    atp_reservation_t *reservation = record_of(&f, "r5");
    atp_reservation_t *ended = record_of(&f, "r2");
    atp_reservation_heads_t *heads = f.ledger->reservations.heads;

    broken_by("H1", *reservation, reservation->id_hash++);
    broken_by("H1", *reservation, reservation->id_ref = 0);
    broken_by("H1", *reservation, reservation->id_ref = ended->id_ref);
    broken_by("H1", *reservation, reservation->status = 7);
    broken_by("H1", *reservation, reservation->status = ATP_RESERVATION_ENDED);
    broken_by("H1", *reservation, reservation->line_count = 2);
    broken_by("H1", *reservation, reservation->line_count = 0);
    broken_by("H1", *reservation, reservation->first_line = 0);
    broken_by("H4", *reservation, reservation->is_in_wheel = 0);
    broken_by("H4", *ended, ended->is_in_wheel = 1);
    broken_by("L2", *reservation, reservation->created_ms += 100000);
    broken_by("L2", *reservation, reservation->channel = 99);
    broken_by("H1", *ended, ended->next = 0);
    broken_by("H1", *ended,
              ended->next = (uint32_t)(ended - atp_reservation_at(&f.ledger->reservations, 0)) + 1);
    broken_by("H1", *heads, heads->ended_last = heads->ended_first);
    broken_by("H1", *heads, heads->free_reservation = 1);
    broken_by("L4", *heads, heads->live_count++);
    broken_by("L4", *heads, heads->ended_count--);
    broken_by("L4", *heads, heads->reserved_lines++);
    broken_by("L4", *heads, heads->allocated_lines++);
    broken_by("L4", *heads, heads->free_line_count++);
    fixture_close(&f);
}

static void a_broken_wheel_is_named(void **state)
{
    (void)state;
    fixture_t f = lively_ledger();
    atp_reservation_t *reservation = record_of(&f, "r5");
    atp_wheel_heads_t *heads = f.ledger->wheel.heads;
    uint32_t slot = (uint32_t)(reservation->deadline_ms / ATP_WHEEL_SLOT_MS % ATP_WHEEL_SLOTS);
    uint32_t *head = atp_table_at(&f.ledger->wheel.slots, slot);
    uint32_t *another = atp_table_at(&f.ledger->wheel.slots, slot + 1000);

    broken_by("W1", *another, *another = *head);
    broken_by("H4", *head, *head = 0);
    broken_by("W1", *reservation, reservation->previous = 77);
    broken_by("W2", *heads, heads->sweep_slot += 1000);
    fixture_close(&f);
}

static void broken_outcomes_and_sources_are_named(void **state)
{
    (void)state;
    fixture_t f = lively_ledger();
    atp_outcome_t *outcome = atp_table_at(&f.ledger->outcomes.records, 3);
    atp_outcome_heads_t *heads = f.ledger->outcomes.heads;
    atp_client_record_t *client = atp_table_at(&f.ledger->catalog.clients, 1);
    atp_source_record_t *source = atp_table_at(&f.ledger->catalog.sources, 0);

    broken_by("O2", *outcome, outcome->id.low++);
    broken_by("O2", *outcome, outcome->op = 999999);
    broken_by("O2", *outcome, outcome->client = 77);
    broken_by("O2", *outcome, outcome->op = 0);
    broken_by("O2", *heads, heads->next++);
    broken_by("O2", *heads, heads->first = heads->next + 1);
    broken_by("O3", *outcome, outcome->client = 0);
    broken_by("O3", *client, client->outcomes++);
    broken_by("X1", *heads, heads->first++);
    broken_by("N2", *source, source->low = source->high + 2);
    broken_by("N2", *source, source->high += 5000);
    broken_by("N4", *source, source->gap_ms = INT64_MAX);
    broken_by("N4", *source, source->gap_ms = -1);
    broken_by("N2", *source, source->epoch = 0);
    broken_by("N2", *source, source->low = 0);
    broken_by("N1", *source, source->seen[10] = 1);
    broken_by("N1", *source, source->seen[0] |= UINT64_C(1) << source->low);
    fixture_close(&f);
}

static void broken_exceptions_are_named(void **state)
{
    (void)state;
    fixture_t f = lively_ledger();
    fact(&f, ATP_OP_SALE, "gone too", "N", 1);
    atp_exception_heads_t *heads = f.ledger->exceptions.heads;
    atp_exception_t *exception = atp_table_at(&f.ledger->exceptions.records, 0);
    atp_exception_t *last = atp_table_at(&f.ledger->exceptions.records, heads->all.last - 1);

    assert_true(last->fact_first != 0);
    broken_by("L4", *exception, exception->settled_op = 999999);
    broken_by("L4", *exception, exception->op = 999999);
    broken_by("L4", *exception, exception->last_op = 999999);
    broken_by("E1", *exception, exception->number++);
    broken_by("E1", *exception, exception->next = 0);
    broken_by("E1", *exception, exception->next = 60);
    broken_by("E1", *heads, heads->newest++);
    broken_by("E1", *heads, heads->all.last--);
    broken_by("E1", *heads, heads->open[ATP_EXCEPTION_FACT_REFUSED]++);
    broken_by("E2", *last, last->state = ATP_EXCEPTION_DISCARDED);
    broken_by("E2", *heads, heads->kept.first = 0);
    broken_by("E2", *heads, heads->settled.first = 1);
    broken_by("E3", *last, last->fact_size += 64);
    broken_by("E3", *heads, heads->free_pieces++);
    fixture_close(&f);
}

static void a_broken_catalogue_and_broken_strings_are_named(void **state)
{
    (void)state;
    fixture_t f = lively_ledger();
    atp_sku_record_t *sku = atp_table_at(&f.ledger->catalog.skus, 0);
    atp_node_record_t *node = atp_table_at(&f.ledger->catalog.nodes, 1);
    atp_string_heads_t *heads = &f.ledger->root->strings;
    atp_reservation_t *reservation = record_of(&f, "r5");
    uint64_t *size = (uint64_t *)(uintptr_t)&f.ledger->catalog.sku_index.split;

    broken_by("C1", *sku, sku->id_ref = 0);
    broken_by("C1", *sku, sku->hash++);
    broken_by("C1", *sku, sku->scale = 3);
    broken_by("C1", *node, node->id_ref = sku->id_ref);
    broken_by("X2", *size, *size = 100);
    broken_by("X1", f.ledger->catalog.sku_index.count, f.ledger->catalog.sku_index.count++);
    broken_by("S1", *sku, sku->name_ref = node->id_ref);
    broken_by("S1", *reservation, reservation->owner_ref = 1);
    broken_by("S1", *heads, heads->free[0] = sku->id_ref);
    step_all(&f, ATP_OP_RELEASE, "r5");
    broken_by("L4", f.ledger->root->config.skus, f.ledger->root->config.skus++);
    fixture_close(&f);
}

static void a_lost_block_of_strings_is_named(void **state)
{
    (void)state;
    fixture_t f = lively_ledger();
    atp_command_line_t line = line_of("S", "", 0);
    atp_string_heads_t *heads = &f.ledger->root->strings;

    fixture_do(
        &f, (atp_command_t){.kind = ATP_OP_SKU, .name = ATP_TEXT("name"), .line_count = 1, .lines = &line});
    fixture_do(&f, (atp_command_t){.kind = ATP_OP_SKU, .line_count = 1, .lines = &line});
    assert_int_not_equal(heads->free[0], 0);
    broken_by("S1", *heads, heads->free[0] = 0);
    fixture_close(&f);
}

static void a_stamp_that_is_not_the_last_op_is_named(void **state)
{
    (void)state;
    fixture_t f = lively_ledger();
    fixture_t empty = fixture_open_empty(NULL);
    uint64_t *op = &f.ledger->root->op;

    broken_by("L1", *op, *op += 1);
    expect_broken(&empty, "L1");
    fixture_close(&f);
    atp_op_encode_config(empty.record, ATP_OP_GENESIS, &(atp_ledger_config_t){0});
    atp_ledger_config_t config = fixture_config();
    atp_op_encode_config(empty.record, ATP_OP_GENESIS, &config);
    fixture_apply(&empty, empty.record);
    fixture_close(&empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_positions_are_named),
        cmocka_unit_test(broken_lines_are_named),
        cmocka_unit_test(broken_reservations_are_named),
        cmocka_unit_test(a_broken_wheel_is_named),
        cmocka_unit_test(broken_outcomes_and_sources_are_named),
        cmocka_unit_test(broken_exceptions_are_named),
        cmocka_unit_test(a_broken_catalogue_and_broken_strings_are_named),
        cmocka_unit_test(a_lost_block_of_strings_is_named),
        cmocka_unit_test(a_stamp_that_is_not_the_last_op_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
