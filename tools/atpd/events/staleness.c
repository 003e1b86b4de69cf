#include "tools/atpd/events/staleness.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/channels/views.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_A_PIECE 4096
#define READ_TRIES   64 /* of groups, until they are those of one op */

static atp_stale_rule_t rule_of(const atp_catalog_t *catalog, uint32_t channel)
{
    atp_channel_record_t *record = atp_table_at(&catalog->channels, channel);
    atp_stale_rule_t rule = {.on_stale = atp_load_relaxed(&record->on_stale)};

    if (rule.on_stale == ATP_ON_STALE_BUFFER) {
        rule.buffer = atp_load_relaxed(&record->stale_buffer);
        rule.decimals = atp_load_relaxed(&record->stale_decimals);
        rule.percent = atp_load_relaxed(&record->stale_percent);
    }
    return rule;
}

static bool is_same(const atp_stale_rule_t *rule, const atp_stale_rule_t *other)
{
    return rule->on_stale == other->on_stale && rule->buffer == other->buffer &&
           rule->decimals == other->decimals && rule->percent == other->percent;
}

/* The methods, a bit each, by which the channel sees the node; while a group is put, perhaps as it never was. */
static uint8_t read_ways(const atp_ledger_t *ledger, uint16_t channel, uint16_t node)
{
    uint8_t ways = 0;

    for (unsigned method = 0; method < ATP_METHOD_COUNT; method++) {
        uint16_t group = atp_catalog_channel_group(atp_ledger_catalog(ledger), channel, (atp_method_t)method);
        if (group == ATP_NO_GROUP || atp_groups_has(atp_ledger_groups(ledger), group, node)) {
            ways |= (uint8_t)(1u << method);
        }
    }
    return ways;
}

/* As of one op; under so many that it does not come to that, the last reading: what it missed begins another round. */
static uint8_t ways_of(const atp_ledger_t *ledger, uint16_t channel, uint16_t node)
{
    uint8_t ways = 0;

    for (unsigned i = 0; i < READ_TRIES; i++) {
        uint64_t stamp = atp_ledger_stamp(ledger);
        ways = read_ways(ledger, channel, node);
        if (atp_ledger_stamp_holds(ledger, stamp)) {
            break;
        }
    }
    return ways;
}

static uint8_t *told_ways(const atp_staleness_t *staleness, uint16_t channel, uint32_t node)
{
    uint64_t nodes = atp_ledger_catalog(staleness->ledger)->nodes.capacity;

    return &staleness->told_ways.base[channel * nodes + node];
}

static void begin_round(atp_staleness_t *staleness, uint64_t changes)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(staleness->ledger);
    uint64_t channels = atp_table_count(&catalog->channels);

    staleness->changes = changes;
    staleness->channel_count = 0;
    for (uint32_t i = 0; i < channels; i++) {
        staleness->rules[i] = rule_of(catalog, i);
        if (staleness->rules[i].on_stale != ATP_ON_STALE_GO_ON ||
            staleness->told_rules[i].on_stale != ATP_ON_STALE_GO_ON) {
            staleness->channels[staleness->channel_count++] = (uint16_t)i;
        }
    }
    staleness->node = 0;
    staleness->at = 0;
    staleness->is_under_way = true;
}

static void end_round(atp_staleness_t *staleness)
{
    for (uint32_t i = 0; i < staleness->channel_count; i++) {
        uint16_t channel = staleness->channels[i];
        staleness->told_rules[channel] = staleness->rules[channel];
    }
    staleness->is_under_way = false;
}

/* The node itself. True if it is news. */
static bool look_at_node(atp_staleness_t *staleness, atp_staleness_news_t *ret_news)
{
    uint16_t node = (uint16_t)staleness->node;

    staleness->is_stale = atp_catalog_is_stale(atp_ledger_catalog(staleness->ledger), node);
    *ret_news = (atp_staleness_news_t){.node = node,
                                       .channel = ATP_ANY_CHANNEL,
                                       .is_stale = staleness->is_stale != 0,
                                       .on_stale = ATP_ON_STALE_GO_ON};
    return staleness->is_stale != staleness->told_nodes[node];
}

/* A channel at the node. True if it is news. */
static bool look_at_channel(const atp_staleness_t *staleness, uint16_t channel,
                            atp_staleness_news_t *ret_news)
{
    const atp_stale_rule_t *rule = &staleness->rules[channel];
    uint16_t node = (uint16_t)staleness->node;
    bool is_kept = staleness->is_stale != 0 && rule->on_stale != ATP_ON_STALE_GO_ON;
    uint8_t ways = is_kept ? ways_of(staleness->ledger, channel, node) : 0;
    uint8_t *told = told_ways(staleness, channel, node);
    bool is_news = ways != *told || (ways != 0 && !is_same(rule, &staleness->told_rules[channel]));

    *told = ways;
    *ret_news = (atp_staleness_news_t){.node = node,
                                       .channel = channel,
                                       .is_stale = staleness->is_stale != 0,
                                       .on_stale = ways != 0 ? rule->on_stale : ATP_ON_STALE_GO_ON};
    return is_news;
}

/* The key at which the round is, and on to the next. True if it is news. */
static bool look_at_key(atp_staleness_t *staleness, atp_staleness_news_t *ret_news)
{
    bool is_news = staleness->at == 0
                       ? look_at_node(staleness, ret_news)
                       : look_at_channel(staleness, staleness->channels[staleness->at - 1], ret_news);
    bool may_channels = staleness->is_stale != 0 || staleness->told_nodes[staleness->node] != 0;

    if (may_channels && staleness->at < staleness->channel_count) {
        staleness->at++;
    } else {
        staleness->told_nodes[staleness->node] = staleness->is_stale;
        staleness->node++;
        staleness->at = 0;
    }
    return is_news;
}

atp_staleness_step_t atp_staleness_next(atp_staleness_t *staleness, atp_staleness_news_t *ret_news)
{
    const atp_table_t *nodes = &atp_ledger_catalog(staleness->ledger)->nodes;

    if (!staleness->is_under_way) {
        uint64_t changes = atp_ledger_stale_changes(staleness->ledger);
        if (changes == staleness->changes) {
            return ATP_STALENESS_NO_NEWS;
        }
        begin_round(staleness, changes);
    }
    for (unsigned i = 0; i < KEYS_A_PIECE && staleness->node < atp_table_count(nodes); i++) {
        if (look_at_key(staleness, ret_news)) {
            return ATP_STALENESS_NEWS;
        }
    }
    if (staleness->node >= atp_table_count(nodes)) {
        end_round(staleness);
    }
    return ATP_STALENESS_MORE;
}

/* ---- init and fini ---- */

static void take_node_as_told(atp_staleness_t *staleness, uint16_t node)
{
    uint64_t channels = atp_table_count(&atp_ledger_catalog(staleness->ledger)->channels);

    staleness->told_nodes[node] = 1;
    for (uint64_t i = 0; i < channels; i++) {
        uint16_t channel = (uint16_t)i;
        if (staleness->told_rules[channel].on_stale != ATP_ON_STALE_GO_ON) {
            *told_ways(staleness, channel, node) = ways_of(staleness->ledger, channel, node);
        }
    }
}

static void take_as_told(atp_staleness_t *staleness)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(staleness->ledger);
    uint64_t nodes = atp_table_count(&catalog->nodes);
    uint64_t channels = atp_table_count(&catalog->channels);

    staleness->changes = atp_ledger_stale_changes(staleness->ledger);
    for (uint64_t i = 0; i < channels; i++) {
        staleness->told_rules[i] = rule_of(catalog, (uint32_t)i);
    }
    for (uint64_t i = 0; i < nodes; i++) {
        if (atp_catalog_is_stale(catalog, (uint16_t)i)) {
            take_node_as_told(staleness, (uint16_t)i);
        }
    }
}

atp_err_t atp_staleness_init(atp_staleness_t *staleness, const atp_ledger_t *ledger)
{
    uint64_t nodes = atp_ledger_catalog(ledger)->nodes.capacity;
    uint64_t channels = atp_ledger_catalog(ledger)->channels.capacity;

    *staleness = (atp_staleness_t){.ledger = ledger,
                                   .told_nodes = calloc(nodes, 1),
                                   .told_rules = calloc(channels, sizeof *staleness->told_rules),
                                   .rules = calloc(channels, sizeof *staleness->rules),
                                   .channels = calloc(channels, sizeof *staleness->channels)};
    if (staleness->told_nodes == NULL || staleness->told_rules == NULL || staleness->rules == NULL ||
        staleness->channels == NULL || atp_arena_reserve(&staleness->told_ways, channels * nodes) != ATP_OK) {
        atp_staleness_fini(staleness);
        return ATP_ERR_MEMORY;
    }
    take_as_told(staleness);
    return ATP_OK;
}

void atp_staleness_fini(atp_staleness_t *staleness)
{
    atp_arena_release(&staleness->told_ways);
    free(staleness->told_nodes);
    free(staleness->told_rules);
    free(staleness->rules);
    free(staleness->channels);
    memset(staleness, 0, sizeof *staleness);
}
