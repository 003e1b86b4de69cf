/* What the tests of promises from dated supply share: stock S at N from midnight of the next day, supplies and promises so many
 * days from then. */
#ifndef ATP_TESTS_ENGINE_LEDGER_SUPPLY_FIXTURE_H
#define ATP_TESTS_ENGINE_LEDGER_SUPPLY_FIXTURE_H

#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"
#include "engine/ledger/supply/ledger_schedule.h"

#include <stdio.h>

#define DAY ATP_DAY_MS

/* "KEY=NUMBER"; good until the call after the next. */
static inline const char *words_at(const char *key, int64_t number)
{
    static char words[2][64];
    static unsigned turn;

    turn = !turn;
    snprintf(words[turn], sizeof words[turn], "%s=%lld", key, (long long)number);
    return words[turn];
}

static inline atp_result_t supply(fixture_t *f, const char *id, atp_qty_t qty, int32_t days)
{
    const atp_command_line_t line = line_of("S", "N", qty);

    return do_with(
        f,
        (atp_command_t){.kind = ATP_OP_SUPPLY, .subject = atp_text_of(id), .line_count = 1, .lines = &line},
        words_at("due", f->now_ms + days * DAY));
}

static inline atp_result_t is_cancelled(fixture_t *f, const char *id)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_SUPPLY, .subject = atp_text_of(id)},
                   "supply_status=cancelled");
}

/* Against a day, with a priority. */
static inline atp_result_t reserve_first(fixture_t *f, const char *id, atp_qty_t qty, int32_t days,
                                         unsigned priority)
{
    char words[96];

    snprintf(words, sizeof words, "%s priority=%u", words_at("needed_by", f->now_ms + days * DAY), priority);
    return reserve_with(f, id, "S", "N", qty, ATP_RESERVE_ALL_OR_NOTHING, words);
}

static inline atp_result_t limit(fixture_t *f, atp_qty_t qty)
{
    const atp_command_line_t line = line_of("S", "N", qty);

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &line});
}

static inline uint32_t row_of(const fixture_t *f)
{
    const atp_position_view_t view = view_of(f, "S", "N");
    uint32_t row = 0;

    assert_true(atp_positions_find(atp_ledger_positions(f->ledger), view.sku, view.node, &row));
    return row;
}

#define assert_units(id, expected_reserved, expected_allocated, expected_pegged)                             \
    do {                                                                                                     \
        assert_int_equal(line_units(&f, id, 0, ATP_LINE_RESERVED), expected_reserved);                       \
        assert_int_equal(line_units(&f, id, 0, ATP_LINE_ALLOCATED), expected_allocated);                     \
        assert_int_equal(line_units(&f, id, 0, ATP_LINE_PEGGED), expected_pegged);                           \
    } while (0)

static inline fixture_t stocked(atp_qty_t qty)
{
    fixture_t f = fixture_open(NULL);

    f.now_ms = (FIXTURE_START_MS / DAY + 1) * DAY; /* midnight: ledger time never goes back */
    stock(&f, "S", "N", qty);
    return f;
}

#endif
