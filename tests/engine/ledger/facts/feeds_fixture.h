/* What tests of feeds say in few words: SKU S at node N, and a source WMS. */
#ifndef ATP_TESTS_FEEDS_FIXTURE_H
#define ATP_TESTS_FEEDS_FIXTURE_H

#include "tests/engine/ledger/ledger_fixture.h"

/* Tells of a feed. */
atp_result_t feed(fixture_t *f, const char *id, const char *words);

/* A count of a feed, told as a fact. */
atp_result_t count_bucket(fixture_t *f, const char *id, const char *sku, atp_bucket_t bucket, atp_qty_t qty);

atp_result_t count(fixture_t *f, const char *id, atp_qty_t qty);

/* A fact of a numbered batch of the source, which happened at `as_of_ms`. */
atp_result_t told(fixture_t *f, const char *source, uint64_t sequence, int64_t as_of_ms, atp_op_kind_t kind,
                  const char *reservation, atp_qty_t qty);

atp_result_t receive(fixture_t *f, uint64_t sequence, atp_qty_t qty);

atp_qty_t on_hand(const fixture_t *f);

/* SKU S at node N with what the WMS has told so far: 100 in batch 1. */
fixture_t begin(const atp_ledger_config_t *config);

const atp_feed_t *feed_of(const fixture_t *f, const char *id);

#endif
