/* A small ledger under test, and ops in few words.
 *
 *     fixture_t f = fixture_open(NULL);
 *     stock(&f, "S", "N", 5);
 *     assert_verdict(reserve(&f, "r1", "S", "N", 2), ATP_APPLIED);
 *     fixture_close(&f);                          // runs atp_ledger_check
 *
 * Every op goes the whole way: command, record, apply, and the check of all invariants after it. The time is
 * f.now_ms and moves only when a test moves it. */
#ifndef ATP_TESTS_ENGINE_LEDGER_LEDGER_FIXTURE_H
#define ATP_TESTS_ENGINE_LEDGER_LEDGER_FIXTURE_H

#include "tests/engine/ledger/fixture_journal.h"
#include "tests/test.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/channels/views.h"
#include "engine/ledger/ledger.h"
#include "engine/ledger/reservations/line_units.h"

#define FIXTURE_START_MS INT64_C(1700000000000)

typedef struct fixture {
    atp_ledger_t *ledger;
    int64_t now_ms;
    int64_t issued_ms; /* stamped on every command; 0 = now */
    const char *client;
    bool in_source;    /* the next commands are facts of the batch opened last */
    bool is_unchecked; /* do not run atp_ledger_check after every op */
    bool took_op;      /* whether the last op took a number */
    atp_result_t result;
    atp_grant_t *grants;        /* of the last op */
    void *record;               /* of the last op */
    fixture_journal_t *journal; /* NULL: none is kept */
} fixture_t;

/* Room for a few of everything. */
atp_ledger_config_t fixture_config(void);

/* A ledger of `config` (NULL: fixture_config) after its genesis op. Asserts that it can be made. */
fixture_t fixture_open(const atp_ledger_config_t *config);
/* The same; all ops are kept, and done again by fixture_close: they must give the same state (fixture_journal.h). */
fixture_t fixture_open_journaled(const atp_ledger_config_t *config);
/* A ledger of the same configuration without any op. */
fixture_t fixture_open_empty(const atp_ledger_config_t *config);
void fixture_close(fixture_t *f);

/* Asserts that atp_ledger_check finds nothing. */
void fixture_check(const fixture_t *f);

/* Pulses of 1,000 until none is due, then fixture_check. Returns how many it took, at most 100. */
unsigned fixture_pulses(fixture_t *f);

/* A frame ends: what was named in it is known from now on. */
void fixture_end_frame(fixture_t *f);

/* Applies an encoded record at f->now_ms. */
atp_result_t fixture_apply(fixture_t *f, const atp_op_t *op);

/* Encodes `command` (id and issue time filled in where they are missing) and applies it; a refusal of encode is the
 * result as well. */
atp_result_t fixture_do(fixture_t *f, atp_command_t command);

/* Encodes without applying, into f->record. */
atp_verdict_t fixture_encode(fixture_t *f, atp_command_t command, atp_result_t *ret_fault);

/* A line of whole units. */
atp_command_line_t line_of(const char *sku, const char *node, atp_qty_t qty);

/* SKU (scale 0), node (open) and on-hand `qty` by a count. Asserts success. */
void stock(fixture_t *f, const char *sku, const char *node, atp_qty_t qty);

atp_result_t put_sku(fixture_t *f, const char *sku, uint8_t scale);
atp_result_t put_node(fixture_t *f, const char *node, atp_node_state_t state);
atp_result_t put_channel(fixture_t *f, const char *channel, int64_t ttl_ms);
atp_result_t reserve(fixture_t *f, const char *id, const char *sku, const char *node, atp_qty_t qty);
atp_result_t reserve_for(fixture_t *f, const char *id, const char *sku, const char *node, atp_qty_t qty,
                         int64_t ttl_ms);
atp_result_t reserve_lines(fixture_t *f, const char *id, atp_reserve_mode_t mode, uint32_t line_count,
                           const atp_command_line_t *lines);
atp_result_t extend(fixture_t *f, const char *reservation, int64_t ttl_ms);
/* A step of all lines, or of one line. The request's id is made up; each call is a new request. */
atp_result_t step_all(fixture_t *f, atp_op_kind_t kind, const char *reservation);
atp_result_t step_line(fixture_t *f, atp_op_kind_t kind, const char *reservation, const char *sku,
                       const char *node, atp_qty_t qty);
/* The same told as a fact; `reservation` may be "". */
atp_result_t ship_fact(fixture_t *f, const char *reservation, const char *sku, const char *node,
                       atp_qty_t qty);
/* receive, sale, adjust, count, safety of one position, as a fact. */
atp_result_t fact(fixture_t *f, atp_op_kind_t kind, const char *sku, const char *node, atp_qty_t qty);
atp_result_t damage(fixture_t *f, const char *sku, const char *node, atp_qty_t qty);
/* Attributes in words: "A B" nodes, "A:3 B:5" nodes with their costs, "strategy=cost splits=2" any key. Their number. */
#define FIXTURE_ATTRIBUTES_MAX 64
uint32_t attributes_of(const char *words, unsigned line, atp_attribute_t *ret_attributes);
atp_result_t put_group(fixture_t *f, const char *group, const char *nodes);
atp_result_t put_channel_with(fixture_t *f, const char *channel, const char *words);
/* Any op with attributes in words. */
atp_result_t do_with(fixture_t *f, atp_command_t command, const char *words);
/* reserve of one line in a mode, with attributes; edit of one position ("" SKU: of none). */
atp_result_t reserve_with(fixture_t *f, const char *id, const char *sku, const char *node, atp_qty_t qty,
                          atp_reserve_mode_t mode, const char *words);
atp_result_t edit(fixture_t *f, const char *reservation, const char *sku, const char *node, atp_qty_t qty,
                  const char *words);
/* Opens a numbered batch. */
atp_result_t open_batch(fixture_t *f, const char *source, uint64_t epoch, uint64_t sequence);
atp_result_t pulse(fixture_t *f, int64_t limit);
atp_result_t settle(fixture_t *f, const char *sku, const char *node);

/* The row as a reader sees it. Asserts that it is there. */
atp_position_view_t view_of(const fixture_t *f, const char *sku, const char *node);
bool has_position(const fixture_t *f, const char *sku, const char *node);
/* What could be promised now: signed, due reservations not counted (as a reader that settles sees it). */
atp_qty_t atp_of(fixture_t *f, const char *sku, const char *node);
/* Number of a reservation; asserts that it is there. */
uint32_t reservation_of(const fixture_t *f, const char *id);
/* Its line number `line` (from 0). */
const atp_line_t *line_at(const fixture_t *f, const char *id, uint16_t line);
/* The state that line counts for now, and its units in a state. */
atp_line_state_t line_state(const fixture_t *f, const char *id, uint16_t line);
atp_qty_t line_units(const fixture_t *f, const char *id, uint16_t line, atp_line_state_t state);
/* A step of one line told as a fact; and one with attributes in words, as a fact or not. "" reservation: none. */
atp_result_t step_fact(fixture_t *f, atp_op_kind_t kind, const char *reservation, const char *sku,
                       const char *node, atp_qty_t qty);
atp_result_t step_with(fixture_t *f, atp_op_kind_t kind, bool is_fact, const char *reservation,
                       const char *sku, const char *node, atp_qty_t qty, const char *words);
atp_ledger_counts_t counts_of(const fixture_t *f);
/* The newest exception; asserts that there is one. */
const atp_exception_t *newest_exception(const fixture_t *f);

/* Rule, quota: any attributes in words. A SKU with tags. */
atp_result_t rule(fixture_t *f, const char *id, const char *words);
atp_result_t quota(fixture_t *f, const char *id, const char *words);
atp_result_t tag_sku(fixture_t *f, const char *sku, uint8_t scale, const char *words);
/* reserve of one line for a channel; "" node: the ledger chooses. */
atp_result_t sell(fixture_t *f, const char *channel, const char *id, const char *sku, const char *node,
                  atp_qty_t qty, atp_reserve_mode_t mode);
/* What a channel sees of a SKU, with its reasons; and how many. */
atp_channel_view_t view(const fixture_t *f, const char *channel, const char *sku);
atp_qty_t sees(const fixture_t *f, const char *channel, const char *sku);

#define assert_verdict(result, expected)                                                                     \
    assert_string_equal(atp_verdict_name((result).verdict), atp_verdict_name(expected))
#define assert_refused(result, expected, expected_field)                                                     \
    do {                                                                                                     \
        atp_result_t refused = (result);                                                                     \
        assert_verdict(refused, expected);                                                                   \
        assert_string_equal(atp_field_name(refused.field), atp_field_name(expected_field));                  \
    } while (0)

#endif
