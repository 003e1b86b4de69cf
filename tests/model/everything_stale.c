/* What subscribers are told of stale nodes: after every op, what they were told is what is so, and only what differs from that
 * which they were told before is told. Looked at one by one, key after key. */
#include "tests/model/everything.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/catalog/groups.h"

#include <string.h>

#define NODE_ITSELF STALE_CHANNELS_MAX

static bool sees(const atp_ledger_t *ledger, uint16_t group, uint16_t node)
{
    atp_group_node_t member;

    return group == ATP_NO_GROUP || atp_groups_find(atp_ledger_groups(ledger), group, node, &member);
}

/* What of the channel a subscriber of the node must know. All 0: nothing. */
static stale_key_t look_at_channel(const atp_ledger_t *ledger, uint16_t channel, uint16_t node)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_channel_record_t *record = atp_table_at(&catalog->channels, channel);
    stale_key_t key = {.does = atp_load_relaxed(&record->on_stale)};

    key.ships = sees(ledger, atp_catalog_channel_group(catalog, channel, ATP_METHOD_SHIP), node);
    key.hands_out = sees(ledger, atp_catalog_channel_group(catalog, channel, ATP_METHOD_PICKUP), node);
    if (key.does == ATP_ON_STALE_GO_ON || (!key.ships && !key.hands_out) ||
        !atp_catalog_is_stale(catalog, node)) {
        return (stale_key_t){0};
    }
    if (key.does == ATP_ON_STALE_BUFFER) {
        key.buffer = atp_load_relaxed(&record->stale_buffer);
        key.decimals = atp_load_relaxed(&record->stale_decimals);
        key.percent = atp_load_relaxed(&record->stale_percent);
    }
    return key;
}

static bool is_same(const stale_key_t *key, const stale_key_t *other)
{
    return key->does == other->does && key->ships == other->ships && key->hands_out == other->hands_out &&
           key->buffer == other->buffer && key->decimals == other->decimals && key->percent == other->percent;
}

/* Takes all that is told now. */
static bool hear(bench_t *bench, bool heard[EVERYTHING_ROWS][STALE_CHANNELS_MAX + 1],
                 uint8_t does[EVERYTHING_ROWS][STALE_CHANNELS_MAX + 1])
{
    atp_staleness_news_t news;
    atp_staleness_step_t step;

    while ((step = atp_staleness_next(&bench->staleness, &news)) != ATP_STALENESS_NO_NEWS) {
        unsigned channel = news.channel == ATP_ANY_CHANNEL ? NODE_ITSELF : news.channel;
        if (step == ATP_STALENESS_MORE) {
            continue;
        }
        if (heard[news.node][channel]) {
            return bench_fail(bench, "stale: node %u, channel %u is told twice", news.node, channel);
        }
        heard[news.node][channel] = true;
        does[news.node][channel] = channel == NODE_ITSELF ? news.is_stale : news.on_stale;
    }
    return true;
}

bool stale_after(bench_t *bench)
{
    bool heard[EVERYTHING_ROWS][STALE_CHANNELS_MAX + 1] = {0};
    uint8_t does[EVERYTHING_ROWS][STALE_CHANNELS_MAX + 1] = {0};
    const atp_catalog_t *catalog = atp_ledger_catalog(bench->ledger);

    if (!hear(bench, heard, does)) {
        return false;
    }
    for (uint64_t number = 0; number < atp_table_count(&catalog->nodes); number++) {
        uint16_t node = (uint16_t)number;
        for (unsigned channel = 0; channel <= NODE_ITSELF; channel++) {
            stale_key_t key = {.does = atp_catalog_is_stale(catalog, node)};
            if (channel != NODE_ITSELF) {
                key = channel < atp_table_count(&catalog->channels)
                          ? look_at_channel(bench->ledger, (uint16_t)channel, node)
                          : (stale_key_t){0};
            }
            stale_key_t *told = &bench->stale_told[node][channel];
            if (heard[node][channel] == is_same(&key, told) ||
                (heard[node][channel] && does[node][channel] != key.does)) {
                return bench_fail(bench, "stale: node %u, channel %u was %u and is %u, told: %s %u", node,
                                  channel, told->does, key.does, heard[node][channel] ? "yes" : "no",
                                  does[node][channel]);
            }
            bench->reach->stale_told[channel == NODE_ITSELF] += heard[node][channel];
            *told = key;
        }
    }
    return true;
}
