/* The channel model beside the ledger: random rules, quotas, tags and reserves; after each op all views are compared, part by
 * part, and each reserve's verdict and grants. By hand, longer: test_model_channels SEED OPS */
#include "tests/engine/ledger/ledger_fixture.h"
#include "tests/model/model_channels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t chosen_seed = 20261121;
static unsigned chosen_ops = 4000;

typedef struct pair {
    fixture_t f;
    cm_model_t *m;
    uint64_t random;
    unsigned op;
    int rule_ages;
    int levels[CM_CHANNELS][CM_SKUS]; /* as they were told last */
    uint64_t crossings;
    uint32_t verdicts[ATP_VERDICT_LIMIT]; /* how often each was met */
} pair_t;

static const char *const sku_names[] = {"S0", "S1", "S2"};
static const char *const node_names[] = {"N0", "N1", "N2", "N3"};
static const char *const channel_names[] = {"default", "web", "pos", "market"};
static const char *const tag_names[] = {"T0", "T1"};

static int below(pair_t *p, int limit)
{
    return (int)(test_random(&p->random) % (uint64_t)limit);
}

static bool chance(pair_t *p, int percent)
{
    return below(p, 100) < percent;
}

static void expect(pair_t *p, const char *what, int64_t ledger, int64_t model)
{
    if (ledger != model) {
        fail_msg("seed %llu, op %u: %s is %lld in the ledger and %lld in the model",
                 (unsigned long long)chosen_seed, p->op, what, (long long)ledger, (long long)model);
    }
}

static void expect_verdict(pair_t *p, const char *what, atp_result_t result, atp_verdict_t verdict)
{
    p->verdicts[result.verdict]++;
    if (result.verdict != verdict) {
        fail_msg("seed %llu, op %u: %s: the ledger says %s, the model %s", (unsigned long long)chosen_seed,
                 p->op, what, atp_verdict_name(result.verdict), atp_verdict_name(verdict));
    }
}

/* ---- views ---- */

static void compare_views(pair_t *p)
{
    const cm_taken_t nothing = {0};

    for (int c = 0; c < CM_CHANNELS; c++) {
        for (int s = 0; s < CM_SKUS; s++) {
            atp_channel_view_t seen = view(&p->f, channel_names[c], sku_names[s]);
            cm_view_t wanted = cm_view(p->m, c, s, &nothing);
            expect(p, "stock", seen.stock, wanted.stock);
            expect(p, "available", seen.available, wanted.available);
            expect(p, "held", seen.held, wanted.held);
            expect(p, "quota left", seen.quota_left, wanted.quota_left);
            expect(p, "buffer", seen.buffer, wanted.buffer);
            expect(p, "threshold", seen.threshold, wanted.threshold);
            expect(p, "short", seen.short_units, wanted.short_units);
        }
    }
}

/* ---- levels ---- */

static void settle_all_rows(pair_t *p)
{
    for (int i = 0; i < CM_SKUS * CM_NODES; i++) {
        const char *sku = sku_names[i / CM_NODES];
        const char *node = node_names[i % CM_NODES];
        if (view_of(&p->f, sku, node).soonest_deadline_ms <= p->f.now_ms) {
            settle(&p->f, sku, node);
        }
    }
    for (int i = 0; i < 8 && atp_ledger_is_pulse_due(p->f.ledger, p->f.now_ms); i++) {
        pulse(&p->f, 100);
    }
}

/* Everything that is due has gone, and every view been looked at: what was crossed since the last look is in the ring, each
 * once, in whatever order. */
static void compare_levels(pair_t *p)
{
    const atp_crossings_t *crossings = atp_ledger_crossings(p->f.ledger);

    settle_all_rows(p);
    for (int c = 0; c < CM_CHANNELS; c++) {
        for (int s = 0; s < CM_SKUS; s++) {
            int before = p->levels[c][s];
            int now = cm_level(p->m, c, s, before);
            bool is_crossed = (now == 0 ? 1 : now) != (before == 0 ? 1 : before);
            int found = 0;
            atp_crossing_t crossing;
            for (uint64_t n = p->crossings + 1; atp_crossings_read(crossings, n, &crossing); n++) {
                if (crossing.channel == c && crossing.sku == (uint32_t)s) {
                    expect(p, "level before", (int64_t)crossing.from, before == 0 ? 1 : before);
                    expect(p, "level after", (int64_t)crossing.to, now == 0 ? 1 : now);
                    found++;
                }
            }
            expect(p, "crossings", found, is_crossed);
            p->levels[c][s] = now;
        }
    }
    p->crossings = atp_crossings_newest(crossings);
}

/* ---- ops ---- */

static void count_stock(pair_t *p)
{
    int sku = below(p, CM_SKUS);
    int node = below(p, CM_NODES);
    atp_qty_t qty = below(p, 30);

    atp_result_t result = fact(&p->f, ATP_OP_COUNT, sku_names[sku], node_names[node], qty);
    expect_verdict(p, "count", result, p->m->on_hand[sku][node] == qty ? ATP_CONFIRMED : ATP_APPLIED);
    p->m->on_hand[sku][node] = qty;
}

static void reserve_some(pair_t *p)
{
    char id[16];
    cm_line_t wanted[CM_LINES];
    atp_command_line_t lines[CM_LINES];
    atp_qty_t granted[CM_LINES];
    int channel = below(p, CM_CHANNELS);
    int count = 1 + below(p, CM_LINES);
    bool is_partial = chance(p, 40);
    int64_t ttl_ms = 1 + below(p, 400);

    for (int i = 0; i < count; i++) {
        wanted[i] =
            (cm_line_t){.sku = below(p, CM_SKUS), .node = below(p, CM_NODES), .reserved = 1 + below(p, 8)};
        lines[i] = (atp_command_line_t){.sku = atp_text_of(sku_names[wanted[i].sku]),
                                        .node = atp_text_of(node_names[wanted[i].node]),
                                        .mantissa = wanted[i].reserved};
    }
    snprintf(id, sizeof id, "r%d", p->m->reservation_count);
    atp_result_t result = fixture_do(&p->f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                                            .id = atp_text_of(id),
                                                            .channel = atp_text_of(channel_names[channel]),
                                                            .option = is_partial,
                                                            .ttl_ms = ttl_ms,
                                                            .line_count = (uint32_t)count,
                                                            .lines = lines});
    int before = p->m->reservation_count;
    atp_verdict_t verdict =
        cm_reserve(p->m, channel, is_partial, count, wanted, p->f.now_ms + ttl_ms, granted);
    expect_verdict(p, "reserve", result, verdict);
    if (p->m->reservation_count == before) { /* refused: its id is used up */
        p->m->reservations[p->m->reservation_count++] = (cm_reservation_t){.deadline_ms = INT64_MAX};
    } else {
        expect(p, "granted", result.qty, count == 2 ? granted[0] + granted[1] : granted[0]);
    }
}

/* One step of a whole reservation, where all its lines can take it. */
static void step_some(pair_t *p)
{
    if (p->m->reservation_count == 0) {
        return;
    }
    int number =
        p->m->reservation_count - 1 - below(p, p->m->reservation_count < 30 ? p->m->reservation_count : 30);
    cm_reservation_t *r = &p->m->reservations[number];
    bool has_reserved = false;
    bool has_allocated = false;
    char id[16];

    for (int i = 0; i < r->line_count; i++) {
        has_reserved = has_reserved || r->lines[i].reserved > 0;
        has_allocated = has_allocated || r->lines[i].allocated > 0;
    }
    if (has_reserved == has_allocated) {
        return;
    }
    snprintf(id, sizeof id, "r%d", number);
    bool is_first = chance(p, 50);
    atp_op_kind_t kind = has_reserved ? (is_first ? ATP_OP_ALLOCATE : ATP_OP_RELEASE)
                                      : (is_first ? ATP_OP_SHIP : ATP_OP_CANCEL);
    expect_verdict(p, "step", step_all(&p->f, kind, id), ATP_APPLIED);
    for (int i = 0; i < r->line_count; i++) {
        cm_line_t *line = &r->lines[i];
        if (kind == ATP_OP_SHIP) {
            p->m->on_hand[line->sku][line->node] -= line->allocated;
        }
        line->allocated = kind == ATP_OP_ALLOCATE ? line->reserved : 0;
        line->reserved = 0;
    }
}

static void put_rule(pair_t *p)
{
    int id = below(p, CM_RULES);
    cm_rule_t *old = &p->m->rules[id];
    char name[16];
    char words[256];

    snprintf(name, sizeof name, "rule%d", id);
    if (chance(p, 30)) {
        expect_verdict(p, "drop rule", rule(&p->f, name, "dropped=yes"),
                       old->stands ? ATP_APPLIED : ATP_UNKNOWN_RULE);
        old->stands = false;
        return;
    }
    cm_rule_t r = {
        .stands = true, .channel = 1 + below(p, CM_CHANNELS - 1), .scope = (cm_scope_t)below(p, 3)};
    r.subject = r.scope == CM_SKU ? below(p, CM_SKUS) : r.scope == CM_TAG ? below(p, CM_TAGS) : 0;
    r.buffer = chance(p, 50) ? below(p, 5) : 0;
    r.percent = chance(p, 30) ? below(p, 40) : 0;
    r.threshold = chance(p, 30) ? below(p, 6) : 0;
    r.cap = chance(p, 20) ? below(p, 10) : 0;
    r.low = chance(p, 40) ? below(p, 30) : 0;
    r.low_clear = chance(p, 30) ? below(p, 50) : 0;
    r.minimum = chance(p, 15) ? below(p, 4) : 0;
    r.maximum = chance(p, 15) ? 1 + below(p, 8) : 0;
    r.increment = chance(p, 15) ? below(p, 4) : 0;
    r.is_excluded = chance(p, 6);
    r.order = below(p, 3);
    r.age = old->age != 0 ? old->age : p->rule_ages + 1;
    int size = snprintf(words, sizeof words,
                        "channel=%s buffer=%d buffer_percent=%d threshold=%d cap=%d excluded=%s order=%d "
                        "low=%d low_clear=%d minimum=%d maximum=%d increment=%d",
                        channel_names[r.channel], (int)r.buffer, (int)r.percent, (int)r.threshold, (int)r.cap,
                        r.is_excluded ? "yes" : "no", r.order, (int)r.low, (int)r.low_clear, (int)r.minimum,
                        (int)r.maximum, (int)r.increment);
    if (r.scope != CM_ALL) {
        snprintf(words + size, sizeof words - (size_t)size, " %s=%s", r.scope == CM_SKU ? "sku" : "tag",
                 r.scope == CM_SKU ? sku_names[r.subject] : tag_names[r.subject]);
    }
    bool says_something =
        r.buffer + r.percent + r.threshold + r.cap + r.low + r.minimum + r.maximum + r.increment > 0 ||
        r.is_excluded;
    bool is_right =
        says_something && (r.low_clear == 0 || (r.low > 0 && r.low_clear > r.low)) && cm_allows_any(&r);
    expect_verdict(p, "rule", rule(&p->f, name, words), is_right ? ATP_APPLIED : ATP_RULE_INVALID);
    if (is_right) {
        p->rule_ages += old->age == 0;
        *old = r;
    }
}

static cm_quota_t random_quota(pair_t *p)
{
    cm_quota_t q = {.parent = chance(p, 70) ? below(p, CM_QUOTAS) : -1, .channel = -1};

    if (q.parent < 0) {
        q.scope = chance(p, 70) ? CM_SKU : CM_TAG;
        q.subject = below(p, q.scope == CM_SKU ? CM_SKUS : CM_TAGS);
    }
    q.channel = chance(p, q.parent < 0 ? 15 : 60) ? below(p, CM_CHANNELS) : -1;
    q.share = (cm_share_t)below(p, q.parent < 0 ? 3 : 4);
    q.amount = q.share == CM_FIXED ? below(p, 25) : q.share == CM_PERCENT ? below(p, 101) : 0;
    q.guaranteed = chance(p, 40) ? below(p, 8) : 0;
    q.borrows = q.parent >= 0 && chance(p, 40);
    return q;
}

static void put_quota(pair_t *p)
{
    int id = below(p, CM_QUOTAS);
    cm_quota_t q = random_quota(p);
    char name[16];
    char words[256];
    int size = 0;

    snprintf(name, sizeof name, "q%d", id);
    if (chance(p, 25)) {
        expect_verdict(p, "drop quota", quota(&p->f, name, "dropped=yes"), cm_drop_quota(p->m, id));
        return;
    }
    if (q.parent >= 0) {
        size += snprintf(words, sizeof words, "parent=q%d", q.parent);
    } else {
        size += snprintf(words, sizeof words, "%s=%s", q.scope == CM_SKU ? "sku" : "tag",
                         q.scope == CM_SKU ? sku_names[q.subject] : tag_names[q.subject]);
    }
    if (q.channel >= 0) {
        size += snprintf(words + size, sizeof words - (size_t)size, " channel=%s", channel_names[q.channel]);
    }
    static const char *const shares[] = {"", " amount=", " percent=", " remainder=yes"};
    size += snprintf(words + size, sizeof words - (size_t)size, "%s", shares[q.share]);
    if (q.share == CM_FIXED || q.share == CM_PERCENT) {
        size += snprintf(words + size, sizeof words - (size_t)size, "%d", (int)q.amount);
    }
    snprintf(words + size, sizeof words - (size_t)size, " guaranteed=%d borrows=%s", (int)q.guaranteed,
             q.borrows ? "yes" : "no");
    atp_result_t result = quota(&p->f, name, words);
    expect_verdict(p, words, result, cm_put_quota(p->m, id, &q));
}

static void put_tags(pair_t *p)
{
    int sku = below(p, CM_SKUS);
    char words[64] = "";

    for (int tag = 0; tag < CM_TAGS; tag++) {
        bool has = chance(p, 50);
        p->m->has_tag[sku][tag] = has;
        if (has) {
            strcat(words, words[0] != '\0' ? " tag=" : "tag=");
            strcat(words, tag_names[tag]);
        }
    }
    expect_verdict(p, "tags", tag_sku(&p->f, sku_names[sku], 0, words[0] != '\0' ? words : "untagged=yes"),
                   ATP_APPLIED);
}

static void put_switches(pair_t *p)
{
    int channel = 1 + below(p, CM_CHANNELS - 1);
    cm_channel_t c = {chance(p, 15), chance(p, 40), chance(p, 30), chance(p, 50) ? 1 + below(p, 2) : 0};
    char words[128];

    snprintf(words, sizeof words, "state=%s buffers=%s shortage=%s%s", c.is_paused ? "paused" : "open",
             c.is_first_match ? "first_match" : "stacked", c.may_re_source ? "re_source" : "keep",
             c.group == 0   ? ""
             : c.group == 1 ? " ship_group=g1"
                            : " ship_group=g2");
    c.group = c.group == 1 ? 3 : c.group == 2 ? 14 : 0; /* N0 N1; N1 N2 N3 */
    expect_verdict(p, "channel", put_channel_with(&p->f, channel_names[channel], words), ATP_APPLIED);
    p->m->channels[channel] = c;
}

static void put_state(pair_t *p)
{
    int node = below(p, CM_NODES);

    p->m->is_closed[node] = chance(p, 30);
    expect_verdict(p, "node",
                   put_node(&p->f, node_names[node], p->m->is_closed[node] ? ATP_NODE_PAUSED : ATP_NODE_OPEN),
                   ATP_APPLIED);
}

/* What is due goes first everywhere, so that views, which count rows as they are, can be compared. */
static void move_time(pair_t *p)
{
    p->f.now_ms += below(p, 120);
    cm_expire(p->m, p->f.now_ms);
    if (chance(p, 50)) { /* else the ops that come find it themselves */
        for (int i = 0; i < CM_SKUS * CM_NODES; i++) {
            settle(&p->f, sku_names[i / CM_NODES], node_names[i % CM_NODES]);
        }
        compare_views(p);
        compare_levels(p);
    }
}

static void do_one(pair_t *p)
{
    int dice = below(p, 100);

    if (dice < 42) {
        reserve_some(p);
    } else if (dice < 57) {
        step_some(p);
    } else if (dice < 65) {
        count_stock(p);
    } else if (dice < 75) {
        put_rule(p);
    } else if (dice < 90) {
        put_quota(p);
    } else if (dice < 93) {
        put_tags(p);
    } else if (dice < 96) {
        put_switches(p);
    } else {
        put_state(p);
    }
}

static pair_t open_pair(uint64_t seed)
{
    atp_ledger_config_t config = fixture_config();
    config.reservations = CM_RESERVATIONS;
    config.lines = 2 * CM_RESERVATIONS;
    config.outcomes = 20000;
    config.ids_per_client = 20000;
    pair_t p = {.f = fixture_open_journaled(&config), .m = calloc(1, sizeof(cm_model_t)), .random = seed};

    assert_non_null(p.m);
    for (int i = 0; i < CM_NODES; i++) {
        for (int s = 0; s < CM_SKUS; s++) {
            stock(&p.f, sku_names[s], node_names[i], 20);
            p.m->on_hand[s][i] = 20;
        }
    }
    for (int i = 1; i < CM_CHANNELS; i++) {
        assert_verdict(put_channel(&p.f, channel_names[i], 0), ATP_APPLIED);
    }
    assert_verdict(put_group(&p.f, "g1", "N0 N1"), ATP_APPLIED);
    assert_verdict(put_group(&p.f, "g2", "N1 N2 N3"), ATP_APPLIED);
    return p;
}

static void run(uint64_t seed, unsigned ops, uint32_t verdicts[ATP_VERDICT_LIMIT])
{
    pair_t p = open_pair(seed);

    for (p.op = 0; p.op < ops && p.m->reservation_count < CM_RESERVATIONS; p.op++) {
        if (chance(&p, 20)) {
            move_time(&p);
        }
        do_one(&p);
        compare_levels(&p);
        if (p.op % 64 == 0) {
            fixture_check(&p.f);
        }
    }
    for (unsigned i = 0; i < ATP_VERDICT_LIMIT; i++) {
        verdicts[i] += p.verdicts[i];
    }
    assert_true(p.crossings > 0);
    fixture_close(&p.f);
    free(p.m);
}

static void ledger_and_model_agree_on_views_and_verdicts(void **state)
{
    (void)state;
    static const atp_verdict_t all[] = {ATP_APPLIED,       ATP_APPLIED_IN_PART, ATP_CHANNEL_NOT_OPEN,
                                        ATP_NODE_NOT_OPEN, ATP_ABOVE_CAP,       ATP_NOT_ENOUGH_AVAILABLE,
                                        ATP_UNKNOWN_RULE,  ATP_RULE_INVALID,    ATP_RULE_IN_USE,
                                        ATP_BELOW_MINIMUM, ATP_ABOVE_MAXIMUM,   ATP_NOT_IN_INCREMENTS};
    uint32_t verdicts[ATP_VERDICT_LIMIT] = {0};
    uint64_t first = chosen_seed;

    for (; chosen_seed < first + 4; chosen_seed++) {
        run(chosen_seed, chosen_ops / 4, verdicts);
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (verdicts[all[i]] == 0) {
            fail_msg("%s was never met", atp_verdict_name(all[i]));
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ledger_and_model_agree_on_views_and_verdicts),
    };

    chosen_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : chosen_seed;
    chosen_ops = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : chosen_ops;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
