/* A node with a calendar and limits, and what is published of it: what the tests of capacity share. */
#ifndef ATP_TESTS_CAPACITY_FIXTURE_H
#define ATP_TESTS_CAPACITY_FIXTURE_H

#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/ledger_priv.h"

/* 2023-11-14 22:13:20 UTC, a Tuesday */
static const int64_t today_end_ms = INT64_C(1700006400000);

static inline atp_result_t node_with(fixture_t *f, const char *node, const char *words)
{
    atp_command_line_t line = line_of("", node, 0);
    return do_with(f, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &line}, words);
}

/* S at N with 100 on hand, N with these limits. */
static inline fixture_t open_with(const char *words)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 100);
    stock(&f, "T", "N", 100);
    assert_verdict(node_with(&f, "N", words), ATP_APPLIED);
    return f;
}

static inline uint16_t node_of(const fixture_t *f, const char *node)
{
    uint16_t number = 0;

    assert_true(atp_catalog_find_node(atp_ledger_catalog(f->ledger), atp_text_of(node),
                                      atp_hash_text(atp_text_of(node), atp_ledger_seed(f->ledger)), &number));
    return number;
}

/* What is published of a node for an order placed now, in whole units. */
static inline int64_t left_at(const fixture_t *f, const char *node)
{
    atp_node_record_t *record = atp_table_at(&atp_ledger_catalog(f->ledger)->nodes, node_of(f, node));
    int64_t left = atp_load_relaxed(&record->capacity_left);

    return left == ATP_CAPACITY_NO_LIMIT ? -1 : left / 1000000;
}

#endif
