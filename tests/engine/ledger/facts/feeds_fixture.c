#include "tests/engine/ledger/facts/feeds_fixture.h"

#include <stdio.h>

atp_result_t feed(fixture_t *f, const char *id, const char *words)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_FEED, .subject = atp_text_of(id)}, words);
}

/* A count of a feed, told as a fact. */
atp_result_t count_bucket(fixture_t *f, const char *id, const char *sku, atp_bucket_t bucket, atp_qty_t qty)
{
    const atp_command_line_t line = line_of(sku, "N", qty);
    char words[96];

    snprintf(words, sizeof words, "feed=%s", id);
    return do_with(f,
                   (atp_command_t){.kind = ATP_OP_COUNT,
                                   .is_fact = true,
                                   .option = (uint8_t)bucket,
                                   .line_count = 1,
                                   .lines = &line},
                   words);
}

atp_result_t count(fixture_t *f, const char *id, atp_qty_t qty)
{
    return count_bucket(f, id, "S", ATP_BUCKET_ON_HAND, qty);
}

/* A fact of a numbered batch of the source, which happened at `as_of_ms`. */
atp_result_t told(fixture_t *f, const char *source, uint64_t sequence, int64_t as_of_ms, atp_op_kind_t kind,
                  const char *reservation, atp_qty_t qty)
{
    atp_op_source_t numbers = {.epoch = 1, .sequence = sequence, .as_of_ms = as_of_ms};
    const atp_command_line_t line = line_of("S", "N", qty);

    fixture_end_frame(f);
    atp_op_encode_source(f->record, atp_text_of(source), &numbers, atp_ledger_seed(f->ledger));
    assert_verdict(fixture_apply(f, f->record), ATP_APPLIED);
    f->in_source = true;
    atp_result_t result = fixture_do(
        f, (atp_command_t){
               .kind = kind, .reservation = atp_text_of(reservation), .line_count = 1, .lines = &line});
    f->in_source = false;
    fixture_end_frame(f);
    return result;
}

atp_result_t receive(fixture_t *f, uint64_t sequence, atp_qty_t qty)
{
    return told(f, "WMS", sequence, f->now_ms, ATP_OP_RECEIVE, "", qty);
}

atp_qty_t on_hand(const fixture_t *f)
{
    return view_of(f, "S", "N").on_hand;
}

/* SKU S at node N with what the WMS has told so far: 100 in batch 1. */
fixture_t begin(const atp_ledger_config_t *config)
{
    fixture_t f = fixture_open_journaled(config);

    assert_verdict(put_sku(&f, "S", 0), ATP_APPLIED);
    assert_verdict(put_node(&f, "N", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(receive(&f, 1, 100), ATP_APPLIED);
    f.now_ms += 1000;
    return f;
}

const atp_feed_t *feed_of(const fixture_t *f, const char *id)
{
    return atp_feeds_find(atp_ledger_feeds(f->ledger), atp_text_of(id));
}
