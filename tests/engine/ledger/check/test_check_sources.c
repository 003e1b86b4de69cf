/* atp_check_registry finds what is broken of registered sources, and names it by number. */
#include "tests/engine/ledger/check/check_fixture.h"

#include "engine/ledger/ledger_priv.h"

static atp_result_t put_source(fixture_t *f, const char *source, const char *words)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_REGISTER_SOURCE, .subject = atp_text_of(source)}, words);
}

/* A sale of one S at A, in a batch of its own. */
static atp_result_t tell_sale(fixture_t *f, const char *source)
{
    assert_verdict(open_batch(f, source, 1, 1), ATP_APPLIED);
    f->in_source = true;
    atp_result_t result = fact(f, ATP_OP_SALE, "S", "A", 1);
    f->in_source = false;
    fixture_end_frame(f);
    return result;
}

/* Registration 0 of "old", which is to be heard every minute, 1 of its shadow "new", 2 of "till" at B; one difference. */
static fixture_t three_sources(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "A", 10);
    stock(&f, "S", "B", 10);
    assert_verdict(put_group(&f, "G", "A B"), ATP_APPLIED);
    assert_verdict(put_source(&f, "old", "claim=sales claim=on_hand node=A sla_ms=60000"), ATP_APPLIED);
    assert_verdict(put_source(&f, "new", "claim=sales claim=on_hand node=A shadow_of=old"), ATP_APPLIED);
    assert_verdict(put_source(&f, "till", "claim=receipts shared=yes group=G"), ATP_APPLIED);
    assert_verdict(tell_sale(&f, "old"), ATP_APPLIED);
    assert_verdict(tell_sale(&f, "new"), ATP_CONFIRMED);
    return f;
}

#define broken(number, object, change) expect_broken(&f, atp_check_registry, number, object, change)

static void a_registration_is_of_one_source_and_shown_as_it_is(void **state)
{
    (void)state;
    fixture_t f = three_sources();
    atp_registration_t *old = atp_registration_at(&f.ledger->registry, 0);
    atp_registration_t *new = atp_registration_at(&f.ledger->registry, 1);
    atp_source_record_t *source = atp_table_at(&f.ledger->catalog.sources, old->source);

    broken("N4", *old, old->source = NOWHERE);
    broken("N4", *new, new->shadow_of = NOWHERE);
    broken("N4", *new, new->shadow_of = new->source + 1);
    broken("N4", *source, atp_store_relaxed(&source->registration, 2u));
    broken("N4", *source, atp_store_relaxed(&source->facts, old->facts + 1));
    broken("N4", *source, atp_store_relaxed(&source->refused, old->refused + 1));
    broken("N4", *source, atp_store_relaxed(&source->heard_ms, old->heard_ms + 1));
    broken("N4", *source, atp_store_relaxed(&source->state, (uint8_t)ATP_SOURCE_UNREGISTERED));
    fixture_close(&f);
}

static void a_registration_says_what_one_can_say(void **state)
{
    (void)state;
    fixture_t f = three_sources();
    atp_registration_t *old = atp_registration_at(&f.ledger->registry, 0);
    atp_registry_heads_t *heads = &f.ledger->root->registry;

    broken("N4", *old, old->place_count = ATP_CLAIM_PLACES_MAX + 1);
    broken("N4", *old, old->pause = ATP_PAUSE_RESTART + 1);
    broken("N4", *old, old->breaker_ms = ATP_BREAKER_SLICES - 1);
    broken("N4", *old, old->outside = old->refused + 1);
    broken("N4", *old, old->is_silent = 1); /* the heads know of none */
    broken("N4", *heads, heads->count++);
    broken("N4", *heads, heads->silent++);
    broken("N4", *heads, heads->shadows++);
    broken("N4", *heads, heads->look_ms = INT64_MAX);
    fixture_close(&f);
}

static void claims_are_of_places_and_counts_of_one_source(void **state)
{
    (void)state;
    fixture_t f = three_sources();
    atp_registration_t *old = atp_registration_at(&f.ledger->registry, 0);
    atp_registration_t *new = atp_registration_at(&f.ledger->registry, 1);
    atp_registration_t *till = atp_registration_at(&f.ledger->registry, 2);
    atp_registry_heads_t *heads = &f.ledger->root->registry;

    broken("N4", *old, old->places[0].number = NOWHERE);
    broken("N4", *till, till->places[0].number = NOWHERE);
    broken("N4", *old, old->places[0].claims = 0);
    broken("N4", *till, till->places[0].shared = 1u << ATP_CLAIM_SALES);
    broken("N4", *old, old->places[0].shared = 1u << ATP_CLAIM_ON_HAND); /* a count has one teller */
    expect_both_broken(&f, atp_check_registry, "N5", *new, new->shadow_of = 0, *heads, heads->shadows = 0);
    fixture_close(&f);
}

static void nodes_are_stale_and_differences_found_as_they_are_kept(void **state)
{
    (void)state;
    fixture_t f = three_sources();
    atp_node_record_t *node = atp_table_at(&f.ledger->catalog.nodes, 0);
    atp_difference_t *difference = atp_table_at(&f.ledger->differences.records, 0);

    broken("N6", *node, atp_store_relaxed(&node->state, (uint8_t)ATP_NODE_IS_STALE));
    broken("N7", *difference, difference->sku = NOWHERE);
    broken("N7", *difference, difference->node = 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration_is_of_one_source_and_shown_as_it_is),
        cmocka_unit_test(a_registration_says_what_one_can_say),
        cmocka_unit_test(claims_are_of_places_and_counts_of_one_source),
        cmocka_unit_test(nodes_are_stale_and_differences_found_as_they_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
