/* What the tests of explanations share. */
#ifndef ATP_TESTS_ENGINE_LEDGER_EXPLAIN_FIXTURE_H
#define ATP_TESTS_ENGINE_LEDGER_EXPLAIN_FIXTURE_H

#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/hash.h"
#include "engine/ledger/explain/ledger_explain.h"

#define PARTS 256

static fixture_t f;
static atp_explanation_t parts[PARTS];
static atp_explain_room_t room;

static inline int set_up(void **state)
{
    (void)state;
    f = fixture_open(NULL);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

static inline uint32_t sku_number(const char *id)
{
    uint32_t sku;

    assert_true(atp_catalog_find_sku(atp_ledger_catalog(f.ledger), atp_text_of(id),
                                     atp_hash_text(atp_text_of(id), atp_ledger_seed(f.ledger)), &sku));
    return sku;
}

static inline uint16_t node_number(const char *id)
{
    uint16_t node;

    assert_true(atp_catalog_find_node(atp_ledger_catalog(f.ledger), atp_text_of(id),
                                      atp_hash_text(atp_text_of(id), atp_ledger_seed(f.ledger)), &node));
    return node;
}

static inline uint16_t channel_number(const char *id)
{
    uint16_t channel;

    assert_true(atp_catalog_find_channel(atp_ledger_catalog(f.ledger), atp_text_of(id),
                                         atp_hash_text(atp_text_of(id), atp_ledger_seed(f.ledger)),
                                         &channel));
    return channel;
}

/* `channel` NULL: none; `node` NULL: all. */
static inline void explain_for(const char *channel, const char *sku, const char *node, atp_qty_t qty)
{
    atp_ledger_explain_ask_t ask = {.sku = sku_number(sku),
                                    .node = node != NULL ? node_number(node) : ATP_EXPLAIN_ALL_NODES,
                                    .channel =
                                        channel != NULL ? channel_number(channel) : ATP_EXPLAIN_NO_CHANNEL,
                                    .line = 3,
                                    .qty = qty};
    uint64_t hash = atp_ledger_hash(f.ledger);

    room = (atp_explain_room_t){.parts = parts, .capacity = PARTS};
    atp_ledger_explain(f.ledger, &ask, f.now_ms, &room);
    assert_true(atp_ledger_hash(f.ledger) == hash);
}

static inline void explain(const char *sku, const char *node, atp_qty_t qty)
{
    explain_for(NULL, sku, node, qty);
}

/* The account: each result is what the parts before it make. */
static inline void assert_it_adds_up(void)
{
    atp_qty_t running = 0;
    atp_qty_t nodes = 0;
    const atp_text_t *node = NULL;

    for (uint32_t i = 0; i < room.count; i++) {
        const atp_explanation_t *part = &parts[i];
        if (part->node.size > 0 && (node == NULL || !atp_text_equal(*node, part->node))) {
            running = 0;
            node = &part->node;
        }
        if (part->code == ATP_EXPLAIN_CODE_ALL_NODES) {
            running = nodes;
        }
        switch (atp_explain_effect(part->code)) {
        case ATP_EXPLAIN_PLUS:
            running += part->qty;
            break;
        case ATP_EXPLAIN_MINUS:
        case ATP_EXPLAIN_LIMIT:
            running -= part->qty;
            break;
        case ATP_EXPLAIN_EQUALS:
            assert_int_equal(part->qty, running);
            break;
        default:
            break;
        }
        nodes += part->code == ATP_EXPLAIN_CODE_FREE ? part->qty : 0;
        assert_int_equal(part->line, 3);
    }
}

static inline const atp_explanation_t *part_of(unsigned code)
{
    for (uint32_t i = 0; i < room.count; i++) {
        if (parts[i].code == code) {
            return &parts[i];
        }
    }
    return NULL;
}

#endif
