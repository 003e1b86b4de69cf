/* What the tests of kits share. */
#ifndef ATP_TESTS_ENGINE_LEDGER_KIT_FIXTURE_H
#define ATP_TESTS_ENGINE_LEDGER_KIT_FIXTURE_H

#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"
#include "query/kits.h"

#include <string.h>

#define KIT_FIXTURE_COMPONENTS_MAX 16

/* "A=2 B=1" */
static inline uint32_t components_of(const char *words, atp_command_line_t *ret_lines)
{
    uint32_t count = 0;

    for (const char *at = words; *at != '\0'; at += *at == ' ') {
        size_t name = strcspn(at, "=");
        size_t size = strcspn(at, " ");
        ret_lines[count] = (atp_command_line_t){.sku = {at, (uint32_t)name}};
        ret_lines[count++].mantissa = strtoll(at + name + 1, NULL, 10);
        at += size;
    }
    return count;
}

static inline atp_result_t put_kit(fixture_t *f, const char *kit, const char *components)
{
    atp_command_line_t lines[KIT_FIXTURE_COMPONENTS_MAX];
    uint32_t count = components_of(components, lines);

    return fixture_do(
        f, (atp_command_t){
               .kind = ATP_OP_KIT, .subject = atp_text_of(kit), .line_count = count, .lines = lines});
}

static inline void none_is_due(void *context, uint32_t sku, uint16_t node)
{
    (void)context;
    (void)sku;
    (void)node;
}

static inline atp_qty_t kits_at(const fixture_t *f, const char *kit, const char *node)
{
    uint64_t seed = atp_ledger_seed(f->ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(f->ledger);
    atp_availability_t read;
    atp_bill_t bill;
    uint32_t sku;
    uint16_t number;

    assert_true(atp_catalog_find_sku(catalog, atp_text_of(kit), atp_hash_text(atp_text_of(kit), seed), &sku));
    assert_true(
        atp_catalog_find_node(catalog, atp_text_of(node), atp_hash_text(atp_text_of(node), seed), &number));
    atp_availability_lay_out(f->ledger, sku, f->now_ms, &bill);
    atp_availability_read_kit(f->ledger, &bill, number, f->now_ms, none_is_due, NULL, &read);
    return read.shown;
}

static inline atp_qty_t reserved_of(const fixture_t *f, const char *sku, const char *node)
{
    return view_of(f, sku, node).reserved;
}

/* A kit of one A, and from `start_ms` until `end_ms` of a B too. */
static inline void put_kit_dated(fixture_t *f, const char *kit, int64_t start_ms, int64_t end_ms)
{
    const atp_command_line_t lines[] = {line_of("A", "", 1), line_of("B", "", 1)};
    const atp_attribute_t dates[] = {{.key = ATP_KEY_START, .line = 1, .number = start_ms},
                                     {.key = ATP_KEY_END, .line = 1, .number = end_ms}};

    assert_verdict(fixture_do(f, (atp_command_t){.kind = ATP_OP_KIT,
                                                 .subject = atp_text_of(kit),
                                                 .line_count = 2,
                                                 .lines = lines,
                                                 .attribute_count = end_ms > 0 ? 2 : 1,
                                                 .attributes = dates}),
                   ATP_APPLIED);
}

/* K = 2 A + 1 B, with A 5 and B 9 at N. */
static inline fixture_t open_with_kit(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "A", "N", 5);
    stock(&f, "B", "N", 9);
    put_sku(&f, "K", 0);
    assert_verdict(put_kit(&f, "K", "A=2 B=1"), ATP_APPLIED);
    return f;
}

#endif
