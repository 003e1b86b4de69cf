/* What the tests of levels share. */
#ifndef ATP_TESTS_ENGINE_LEDGER_LEVELS_FIXTURE_H
#define ATP_TESTS_ENGINE_LEDGER_LEVELS_FIXTURE_H

#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/channels/levels.h"

static inline uint64_t crossings(const fixture_t *f)
{
    return atp_crossings_newest(atp_ledger_crossings(f->ledger));
}

/* The newest crossing says so, and is of the last op. */
static inline void assert_crossed(const fixture_t *f, uint64_t number, atp_level_t from, atp_level_t to,
                                  atp_qty_t qty)
{
    atp_crossing_t crossing;

    assert_int_equal(crossings(f), number);
    assert_true(atp_crossings_read(atp_ledger_crossings(f->ledger), number, &crossing));
    assert_string_equal(atp_level_name(crossing.from), atp_level_name(from));
    assert_string_equal(atp_level_name(crossing.to), atp_level_name(to));
    assert_int_equal(crossing.qty, qty);
    assert_int_equal(crossing.op, f->result.op);
    assert_int_equal(crossing.time_ms, f->now_ms);
}

static inline atp_result_t limit_node(fixture_t *f, const char *node, const char *words)
{
    atp_command_line_t line = line_of("", node, 0);
    return do_with(f, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &line}, words);
}

/* A ledger restored from the tables of another. */
static inline atp_ledger_t *copy_of(const fixture_t *f)
{
    atp_table_t *from[ATP_LEDGER_TABLES];
    atp_table_t *to[ATP_LEDGER_TABLES];
    atp_ledger_t *ledger;
    atp_why_t why = {""};

    assert_int_equal(atp_ledger_create(atp_ledger_config(f->ledger), &ledger, &why), ATP_OK);
    atp_ledger_tables(f->ledger, from);
    atp_ledger_tables(ledger, to);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        uint32_t size = atp_table_piece_size(from[i]);
        for (uint64_t piece = 0; piece < atp_table_piece_count(from[i]); piece++) {
            assert_int_equal(atp_table_restore_piece(to[i], piece, from[i]->base + piece * size, size),
                             ATP_OK);
        }
        assert_int_equal(atp_table_restore_count(to[i], atp_table_count(from[i])), ATP_OK);
    }
    assert_int_equal(atp_ledger_rebuild(ledger, &why), ATP_OK);
    return ledger;
}

#endif
