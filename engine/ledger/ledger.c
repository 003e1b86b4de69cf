#include "engine/ledger/facts/ledger_feeds.h"
#include "engine/ledger/facts/ledger_registry.h"
#include "engine/ledger/ledger_priv.h"
#include "engine/ledger/outbound/ledger_postings.h"

#include <stdlib.h>
#include <string.h>

/* ---- configuration ---- */

atp_ledger_config_t atp_ledger_config_default(void)
{
    return (atp_ledger_config_t){
        .rules_version = ATP_RULES_VERSION,
        .skus = 100000,
        .nodes = 1000,
        .channels = 64,
        .clients = 4096,
        .sources = 256,
        .positions = 2000000,
        .reservations = 2000000,
        .lines = 4000000,
        .outcomes = 4000000,
        .exceptions = 65536,
        .progress = 1000000,
        .history = 1000000,
        .groups = 256,
        .group_nodes = 65536,
        .kits = 20000,
        .components = 200000,
        .supplies = 200000,
        .pegs = 200000,
        .limits = 100000,
        .demand = 65536,
        .tags = 1024,
        .rules = 10000,
        .quotas = 10000,
        .accounts = 200000,
        .bookings = 500000,
        .archive = 200000,
        .movements = 1000000,
        .feeds = 4096,
        .differences = 65536,
        .aliases = 100000,
        .units = 10000,
        .postings = 262144,
        .string_bytes = UINT64_C(512) << 20,
        .ttl_default_ms = 15 * 60 * 1000,
        .ttl_max_ms = INT64_C(30) * 24 * 3600 * 1000,
        .outcome_window_ms = INT64_C(7) * 24 * 3600 * 1000,
        .issued_skew_ms = 5000,
        .archive_after_ms = INT64_C(30) * 24 * 3600 * 1000,
        .ids_per_client = 4000000,
        .lines_per_reservation = ATP_LINES_PER_OP_MAX,
    };
}

typedef struct config_range {
    const char *name;
    size_t offset;
    uint64_t least;
    uint64_t most;
} config_range_t;

#define RANGE(field, least, most)                                                                            \
    {                                                                                                        \
#field, offsetof(atp_ledger_config_t, field), least, most                                            \
    }

static const config_range_t config_ranges[] = {
    RANGE(rules_version, ATP_RULES_VERSION, ATP_RULES_VERSION),
    RANGE(skus, 1, UINT32_MAX - 1),
    RANGE(nodes, 1, UINT16_MAX),
    RANGE(channels, 1, UINT16_MAX),
    RANGE(clients, 1, UINT32_MAX - 2),
    RANGE(sources, 1, UINT32_MAX - 2),
    RANGE(positions, 1, UINT32_MAX - 2),
    RANGE(reservations, 1, UINT32_MAX - 2),
    RANGE(lines, 1, UINT32_MAX - 2),
    RANGE(outcomes, 1, UINT32_MAX - 2),
    RANGE(exceptions, 1, UINT32_MAX - 2),
    RANGE(progress, 1, UINT32_MAX - 2),
    RANGE(history, 1, UINT32_MAX - 2),
    RANGE(groups, 1, UINT16_MAX - 1),
    RANGE(group_nodes, 1, UINT32_MAX - 2),
    RANGE(kits, 1, UINT32_MAX - 2),
    RANGE(components, 1, UINT32_MAX - 2),
    RANGE(supplies, 1, UINT32_MAX - 2),
    RANGE(pegs, 1, UINT32_MAX / 2),
    RANGE(limits, 1, UINT32_MAX - 2),
    RANGE(demand, 1, UINT32_MAX - 2),
    RANGE(tags, 1, UINT16_MAX),
    RANGE(rules, 1, UINT32_MAX - 2),
    RANGE(quotas, 1, UINT32_MAX - 2),
    RANGE(accounts, 1, UINT32_MAX - 2),
    RANGE(bookings, 1, UINT32_MAX - 2),
    RANGE(movements, 0, UINT32_MAX - 2),
    RANGE(feeds, 1, UINT32_MAX - 2),
    RANGE(archive, 1, UINT32_MAX / ATP_ARCHIVE_LINES_EACH),
    RANGE(differences, 1, UINT32_MAX - 2),
    RANGE(aliases, 1, UINT32_MAX - 2),
    RANGE(units, 1, UINT32_MAX - 2),
    RANGE(unknown_names, 0, ATP_UNKNOWN_LIMIT - 1),
    RANGE(postings, 64, UINT32_MAX - 2),
    RANGE(string_bytes, 4096, (uint64_t)UINT32_MAX *ATP_STRING_GRANULE),
    RANGE(ttl_default_ms, 1, INT64_C(365) * 24 * 3600 * 1000),
    RANGE(ttl_max_ms, 1, INT64_C(365) * 24 * 3600 * 1000),
    RANGE(outcome_window_ms, 1000, INT64_C(365) * 24 * 3600 * 1000),
    RANGE(issued_skew_ms, 0, INT64_C(3600) * 1000),
    RANGE(archive_after_ms, 0, INT64_C(3650) * 24 * 3600 * 1000),
    RANGE(source_gap_ms, 0, INT64_C(365) * 24 * 3600 * 1000),
    RANGE(ids_per_client, 1, UINT64_MAX),
    RANGE(sources_must_be_registered, 0, 1),
    RANGE(lines_per_reservation, 1, ATP_LINES_PER_OP_MAX),
};

atp_err_t atp_ledger_config_check(const atp_ledger_config_t *config, atp_why_t *ret_why)
{
    for (size_t i = 0; i < sizeof config_ranges / sizeof config_ranges[0]; i++) {
        const config_range_t *range = &config_ranges[i];
        uint64_t value;
        memcpy(&value, (const char *)config + range->offset, sizeof value);
        if (value < range->least || value > range->most) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "%s is %llu: it must be from %llu to %llu", range->name,
                            (unsigned long long)value, (unsigned long long)range->least,
                            (unsigned long long)range->most);
        }
    }
    if (config->ttl_default_ms > config->ttl_max_ms) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "ttl_default_ms is above ttl_max_ms");
    }
    return ATP_OK;
}

/* Bytes of an index entry at the load at which the index doubles, and right after. */
#define INDEX_BYTES_PER_ENTRY 32

static uint64_t supply_bytes(const atp_ledger_config_t *config)
{
    return config->supplies * (sizeof(atp_supply_t) + sizeof(atp_supply_day_t) + INDEX_BYTES_PER_ENTRY) +
           config->pegs * sizeof(atp_peg_t) +
           (2 * config->supplies + config->pegs) * (sizeof(atp_supply_row_t) + INDEX_BYTES_PER_ENTRY);
}

static uint64_t rulebook_bytes(const atp_ledger_config_t *config)
{
    return config->tags * (sizeof(atp_tag_record_t) + INDEX_BYTES_PER_ENTRY) +
           config->rules * (sizeof(atp_rule_record_t) + INDEX_BYTES_PER_ENTRY) +
           config->quotas * (sizeof(atp_quota_record_t) + INDEX_BYTES_PER_ENTRY) +
           config->accounts * (sizeof(atp_account_t) + INDEX_BYTES_PER_ENTRY);
}

static uint64_t capacity_bytes(const atp_ledger_config_t *config)
{
    return config->nodes * (sizeof(atp_node_calendar_t) + ATP_CAPACITY_DAYS * sizeof(atp_capacity_day_t) +
                            sizeof(atp_closing_t)) +
           config->bookings * (sizeof(atp_booking_t) + INDEX_BYTES_PER_ENTRY);
}

uint64_t atp_ledger_config_bytes(const atp_ledger_config_t *config)
{
    uint64_t names =
        config->skus + config->nodes + config->channels + config->clients + config->sources + config->groups;

    return config->positions * (sizeof(atp_position_t) + 2 * sizeof(uint64_t)) +
           names * (sizeof(atp_sku_record_t) + INDEX_BYTES_PER_ENTRY) +
           config->sources * (sizeof(atp_source_record_t) + sizeof(atp_registration_t)) +
           config->differences * (sizeof(atp_difference_t) + INDEX_BYTES_PER_ENTRY) +
           config->reservations * (sizeof(atp_reservation_t) + INDEX_BYTES_PER_ENTRY) +
           config->lines * sizeof(atp_line_t) +
           config->outcomes * (sizeof(atp_outcome_t) + INDEX_BYTES_PER_ENTRY) +
           config->exceptions *
               (sizeof(atp_exception_t) + sizeof(atp_crossing_record_t) + 2 * INDEX_BYTES_PER_ENTRY) +
           config->aliases * (sizeof(atp_alias_record_t) + INDEX_BYTES_PER_ENTRY) +
           config->units * (sizeof(atp_unit_record_t) + INDEX_BYTES_PER_ENTRY) +
           ATP_EXCEPTION_PIECES(config->exceptions) * sizeof(atp_exception_piece_t) +
           ATP_EXCEPTION_TALLIES(config->sources) * sizeof(atp_exception_tally_t) +
           ATP_EXCEPTION_OWNERS_MAX * sizeof(atp_exception_owner_t) + config->skus * sizeof(uint32_t) +
           config->kits * (sizeof(atp_kit_t) + sizeof(atp_kit_mark_t)) +
           config->components * sizeof(atp_component_t) +
           config->progress * (sizeof(atp_progress_t) + INDEX_BYTES_PER_ENTRY) +
           config->reservations * (sizeof(atp_order_t) + 2 * INDEX_BYTES_PER_ENTRY + sizeof(uint64_t)) +
           config->history * (sizeof(atp_history_step_t) + sizeof(atp_correlation_t) + sizeof(atp_fate_t)) +
           config->archive * (sizeof(atp_archived_t) + ATP_ARCHIVE_LINES_EACH * sizeof(atp_archived_line_t) +
                              2 * INDEX_BYTES_PER_ENTRY) +
           config->limits * (sizeof(atp_limit_t) + INDEX_BYTES_PER_ENTRY) + atp_ledger_feed_bytes(config) +
           config->demand * (sizeof(atp_demand_record_t) + INDEX_BYTES_PER_ENTRY) + config->string_bytes +
           config->postings * sizeof(atp_posting_t) + ATP_SUBSCRIBERS_MAX * sizeof(atp_subscriber_t) +
           supply_bytes(config) + capacity_bytes(config) + rulebook_bytes(config) +
           config->group_nodes * (sizeof(atp_group_member_t) + INDEX_BYTES_PER_ENTRY) +
           config->groups * ATP_GROUP_BIT_WORDS(config->nodes) * sizeof(uint64_t);
}

static atp_err_t check_memory(const atp_ledger_config_t *config, atp_why_t *ret_why)
{
    uint64_t needed = atp_ledger_config_bytes(config);
    uint64_t available = atp_memory_available();

    if (needed > available) {
        return atp_fail(
            ret_why, ATP_ERR_MEMORY,
            "the configured capacities need up to %llu MiB, this machine or cgroup has %llu MiB left: "
            "lower positions, reservations, lines or outcomes",
            (unsigned long long)(needed >> 20), (unsigned long long)(available >> 20));
    }
    return ATP_OK;
}

/* ---- create and destroy ---- */

typedef struct table_plan {
    atp_table_t *table;
    const char *name;
    uint32_t id;
    uint32_t record_size;
    uint64_t capacity;
} table_plan_t;

/* Those that are more than a table, or that a book has for itself. */
static atp_err_t init_own_tables(atp_ledger_t *ledger, const atp_ledger_config_t *config, unsigned *count)
{
    atp_postings_t *postings = &ledger->postings;

    atp_err_t err = atp_positions_init(&ledger->positions, config->skus, config->positions);
    ledger->tables[(*count)++] = &ledger->positions.rows;
    if (err != ATP_OK) {
        return err;
    }
    ledger->tables[(*count)++] = &postings->records;
    ledger->tables[(*count)++] = &postings->subscribers;
    return atp_postings_init(postings, ATP_TABLE_POSTINGS, ATP_TABLE_SUBSCRIBERS, config->postings);
}

/* Makes the tables of positions, those of the plan, and those of feeds, in this order. */
static atp_err_t init_planned(atp_ledger_t *ledger, const table_plan_t *plans, size_t plan_count,
                              const atp_ledger_config_t *config)
{
    unsigned count = 0;

    atp_err_t err = init_own_tables(ledger, config, &count);
    for (size_t i = 0; err == ATP_OK && i < plan_count; i++) {
        const table_plan_t *plan = &plans[i];
        err = atp_table_init(plan->table, plan->name, plan->id, plan->record_size, plan->capacity);
        ledger->tables[count++] = plan->table;
    }
    if (err == ATP_OK) {
        err = atp_ledger_init_feeds(ledger, config, &ledger->tables[count]);
        count += ATP_FEED_TABLES;
    }
    ATP_ASSERT(err != ATP_OK || count == ATP_LEDGER_TABLES);
    return err;
}

static atp_err_t init_tables(atp_ledger_t *ledger, const atp_ledger_config_t *config)
{
    atp_catalog_t *catalog = &ledger->catalog;
    atp_reservations_t *all = &ledger->reservations;
    const table_plan_t plans[] = {
        {&ledger->root_table, "root", ATP_TABLE_ROOT, sizeof(atp_root_t), 1},
        {&catalog->strings, "strings", ATP_TABLE_STRINGS, ATP_STRING_GRANULE,
         config->string_bytes / ATP_STRING_GRANULE},
        {&catalog->skus, "skus", ATP_TABLE_SKUS, sizeof(atp_sku_record_t), config->skus},
        {&catalog->nodes, "nodes", ATP_TABLE_NODES, sizeof(atp_node_record_t), config->nodes},
        /* one more than asked for: number 0 is the engine's own */
        {&catalog->channels, "channels", ATP_TABLE_CHANNELS, sizeof(atp_channel_record_t),
         config->channels + 1},
        {&catalog->clients, "clients", ATP_TABLE_CLIENTS, sizeof(atp_client_record_t), config->clients + 1},
        {&catalog->sources, "sources", ATP_TABLE_SOURCES, sizeof(atp_source_record_t), config->sources},
        {&all->records, "reservations", ATP_TABLE_RESERVATIONS, sizeof(atp_reservation_t),
         config->reservations},
        {&all->lines, "lines", ATP_TABLE_LINES, sizeof(atp_line_t), config->lines},
        {&ledger->registry.records, "registrations", ATP_TABLE_REGISTRATIONS, sizeof(atp_registration_t),
         config->sources},
        {&ledger->differences.records, "differences", ATP_TABLE_DIFFERENCES, sizeof(atp_difference_t),
         config->differences},
        {&ledger->rulebook.tags, "tags", ATP_TABLE_TAGS, sizeof(atp_tag_record_t), config->tags},
        {&ledger->rulebook.rules, "rules", ATP_TABLE_RULES, sizeof(atp_rule_record_t), config->rules},
        {&ledger->rulebook.quotas, "quotas", ATP_TABLE_QUOTAS, sizeof(atp_quota_record_t), config->quotas},
        {&ledger->rulebook.accounts, "accounts", ATP_TABLE_ACCOUNTS, sizeof(atp_account_t), config->accounts},
        {&ledger->wheel.slots, "wheel", ATP_TABLE_WHEEL, sizeof(uint32_t), ATP_WHEEL_SLOTS},
        {&ledger->outcomes.records, "outcomes", ATP_TABLE_OUTCOMES, sizeof(atp_outcome_t), config->outcomes},
        {&ledger->exceptions.records, "exceptions", ATP_TABLE_EXCEPTIONS, sizeof(atp_exception_t),
         config->exceptions},
        {&ledger->exceptions.pieces, "exception_facts", ATP_TABLE_EXCEPTION_FACTS,
         sizeof(atp_exception_piece_t), ATP_EXCEPTION_PIECES(config->exceptions)},
        {&ledger->exceptions.owners, "exception_owners", ATP_TABLE_EXCEPTION_OWNERS,
         sizeof(atp_exception_owner_t), ATP_EXCEPTION_OWNERS_MAX},
        {&ledger->exceptions.tallies, "exception_tallies", ATP_TABLE_EXCEPTION_TALLIES,
         sizeof(atp_exception_tally_t), ATP_EXCEPTION_TALLIES(config->sources)},
        {&ledger->crossings.records, "crossings", ATP_TABLE_CROSSINGS, sizeof(atp_crossing_record_t),
         config->exceptions},
        {&ledger->positions.limits.records, "limits", ATP_TABLE_LIMITS, sizeof(atp_limit_t), config->limits},
        {&ledger->demand.records, "demand", ATP_TABLE_DEMAND, sizeof(atp_demand_record_t), config->demand},
        {&all->capacity.nodes, "calendars", ATP_TABLE_CALENDARS, sizeof(atp_node_calendar_t), config->nodes},
        {&all->capacity.days, "capacity_days", ATP_TABLE_CAPACITY_DAYS, sizeof(atp_capacity_day_t),
         config->nodes * ATP_CAPACITY_DAYS},
        {&all->capacity.bookings, "bookings", ATP_TABLE_BOOKINGS, sizeof(atp_booking_t), config->bookings},
        {&all->archive.records, "archive", ATP_TABLE_ARCHIVE, sizeof(atp_archived_t), config->archive},
        {&all->archive.lines, "archive_lines", ATP_TABLE_ARCHIVE_LINES, sizeof(atp_archived_line_t),
         config->archive * ATP_ARCHIVE_LINES_EACH},
        {&ledger->closings.nodes, "closings", ATP_TABLE_CLOSINGS, sizeof(atp_closing_t), config->nodes},
        {&all->progress.records, "progress", ATP_TABLE_PROGRESS, sizeof(atp_progress_t), config->progress},
        {&all->orders.records, "orders", ATP_TABLE_ORDERS, sizeof(atp_order_t), config->reservations},
        {&all->history.steps, "history", ATP_TABLE_HISTORY, sizeof(atp_history_step_t), config->history},
        {&all->history.last, "history_last", ATP_TABLE_HISTORY_LAST, sizeof(uint64_t), config->reservations},
        {&all->history.correlations, "correlations", ATP_TABLE_CORRELATIONS, sizeof(atp_correlation_t),
         config->history},
        {&ledger->fates.ring, "fates", ATP_TABLE_FATES, sizeof(atp_fate_t), config->history},
        {&catalog->aliases, "aliases", ATP_TABLE_ALIASES, sizeof(atp_alias_record_t), config->aliases},
        {&ledger->units.records, "units", ATP_TABLE_UNITS, sizeof(atp_unit_record_t), config->units},
        {&catalog->groups, "groups", ATP_TABLE_GROUPS, sizeof(atp_group_record_t), config->groups},
        {&ledger->groups.members, "group_nodes", ATP_TABLE_GROUP_NODES, sizeof(atp_group_member_t),
         config->group_nodes},
        {&ledger->kits.records, "kits", ATP_TABLE_KITS, sizeof(atp_kit_t), config->kits},
        {&ledger->kits.components, "components", ATP_TABLE_COMPONENTS, sizeof(atp_component_t),
         config->components},
        {&ledger->supplies.supplies, "supplies", ATP_TABLE_SUPPLIES, sizeof(atp_supply_t), config->supplies},
        {&ledger->supplies.days, "supply_days", ATP_TABLE_SUPPLY_DAYS, sizeof(atp_supply_day_t),
         config->supplies},
        {&ledger->supplies.rows, "supply_rows", ATP_TABLE_SUPPLY_ROWS, sizeof(atp_supply_row_t),
         2 * config->supplies + config->pegs}, /* a transfer is at two positions */
        {&ledger->supplies.pegs, "pegs", ATP_TABLE_PEGS, sizeof(atp_peg_t), config->pegs},
    };

    return init_planned(ledger, plans, sizeof plans / sizeof plans[0], config);
}

static atp_err_t init_indexes(atp_ledger_t *ledger, const atp_ledger_config_t *config)
{
    const struct {
        atp_index_t *index;
        uint64_t capacity;
    } plans[] = {
        {&ledger->catalog.sku_index, config->skus},
        {&ledger->catalog.node_index, config->nodes},
        {&ledger->catalog.channel_index, config->channels},
        {&ledger->catalog.client_index, config->clients},
        {&ledger->catalog.source_index, config->sources},
        {&ledger->catalog.group_index, config->groups},
        {&ledger->groups.index, config->group_nodes},
        {&ledger->reservations.index, config->reservations},
        {&ledger->outcomes.index, config->outcomes},
        {&ledger->rulebook.tag_index, config->tags},
        {&ledger->rulebook.rule_index, config->rules},
        {&ledger->rulebook.quota_index, config->quotas},
        {&ledger->rulebook.account_index, config->accounts},
        {&ledger->positions.limits.index, config->limits},
        {&ledger->demand.index, config->demand},
        {&ledger->differences.index, config->differences},
        {&ledger->supplies.index, config->supplies},
        {&ledger->supplies.row_index, config->supplies + config->pegs},
        {&ledger->reservations.progress.index, config->progress},
        {&ledger->reservations.capacity.index, config->bookings},
        {&ledger->reservations.orders.by_id, config->reservations},
        {&ledger->reservations.orders.by_reservation, config->reservations},
        {&ledger->exceptions.index, config->exceptions},
        {&ledger->feeds.index, config->feeds},
        {&ledger->drift.index, config->feeds * ATP_DRIFT_NODES_PER_FEED},
        {&ledger->exceptions.waiting_index, config->exceptions},
        {&ledger->catalog.alias_index, config->aliases},
        {&ledger->units.index, config->units},
        {&ledger->reservations.archive.by_id, config->archive},
        {&ledger->reservations.archive.by_order, config->archive},
    };
    atp_err_t err = ATP_OK;

    for (size_t i = 0; err == ATP_OK && i < sizeof plans / sizeof plans[0]; i++) {
        err = atp_index_init(plans[i].index, plans[i].capacity + 1);
    }
    return err;
}

/* The root record is at hand through a pointer; a table's memory never moves. */
static void connect_parts(atp_ledger_t *ledger)
{
    ledger->root = atp_table_at(&ledger->root_table, 0);
    ledger->reservations.strings = &ledger->catalog.strings;
    ledger->reservations.string_heads = &ledger->root->strings;
    ledger->reservations.heads = &ledger->root->reservations;
    ledger->reservations.seed = &ledger->root->config.hash_seed;
    ledger->reservations.op = &ledger->root->op;
    ledger->reservations.time_ms = &ledger->root->time_ms;
    ledger->reservations.archive.heads = &ledger->root->archive;
    ledger->wheel.reservations = &ledger->reservations;
    ledger->wheel.heads = &ledger->root->wheel;
    ledger->outcomes.clients = &ledger->catalog.clients;
    ledger->outcomes.heads = &ledger->root->outcomes;
    ledger->exceptions.heads = &ledger->root->exceptions;
    ledger->registry.heads = &ledger->root->registry;
    ledger->differences.seed = &ledger->root->config.hash_seed;
    ledger->crossings.heads = &ledger->root->levels;
    ledger->positions.limits.seed = &ledger->root->config.hash_seed;
    ledger->positions.limits.heads = &ledger->root->limits;
    ledger->demand.seed = &ledger->root->config.hash_seed;
    atp_ledger_connect_feeds(ledger);
    ledger->supplies.heads = &ledger->root->supplies;
    ledger->supplies.strings = &ledger->catalog.strings;
    ledger->supplies.string_heads = &ledger->root->strings;
    ledger->kits.skus = &ledger->catalog.skus;
    ledger->kits.heads = &ledger->root->kits;
    ledger->positions.limits.heads = &ledger->root->limits;
    ledger->closings.heads = &ledger->root->closings;
    ledger->fates.heads = &ledger->root->fates;
    ledger->postings.heads = &ledger->root->postings;
    ledger->reservations.progress.heads = &ledger->root->progress;
    ledger->reservations.capacity.heads = &ledger->root->capacity;
    ledger->reservations.orders.heads = &ledger->root->orders;
    ledger->reservations.history.heads = &ledger->root->history;
    ledger->units.strings = &ledger->catalog.strings;
    ledger->units.seed = &ledger->root->config.hash_seed;
    ledger->groups.records = &ledger->catalog.groups;
    ledger->groups.heads = &ledger->root->groups;
}

atp_err_t atp_ledger_create(const atp_ledger_config_t *config, atp_ledger_t **ret_ledger, atp_why_t *ret_why)
{
    atp_err_t err = atp_ledger_config_check(config, ret_why);
    err = err == ATP_OK ? check_memory(config, ret_why) : err;
    if (err != ATP_OK) {
        return err;
    }
    atp_ledger_t *ledger = aligned_alloc(ATP_CACHE_LINE, sizeof *ledger);
    if (ledger == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the ledger");
    }
    memset(ledger, 0, sizeof *ledger);
    err = init_tables(ledger, config);
    err = err == ATP_OK ? init_indexes(ledger, config) : err;
    err = err == ATP_OK ? atp_kits_init_marks(&ledger->kits, config->kits) : err;
    err = err == ATP_OK ? atp_groups_init_bits(&ledger->groups, config->groups, config->nodes) : err;
    err = err == ATP_OK ? atp_ledger_init_levels(ledger, config) : err;
    if (err != ATP_OK) {
        atp_ledger_destroy(ledger);
        return atp_fail(ret_why, err,
                        "the address space for the configured capacities was refused: lower them, or raise "
                        "the limit on virtual memory (ulimit -v, vm.overcommit_memory)");
    }
    connect_parts(ledger);
    *ret_ledger = ledger;
    return ATP_OK;
}

#define INDEXES 30

/* Every index there is: memory comes ahead of each, and each is given back. */
static void indexes_of(atp_ledger_t *ledger, atp_index_t *ret_indexes[INDEXES])
{
    atp_index_t *indexes[INDEXES] = {&ledger->catalog.sku_index,
                                     &ledger->catalog.node_index,
                                     &ledger->catalog.channel_index,
                                     &ledger->catalog.client_index,
                                     &ledger->catalog.source_index,
                                     &ledger->reservations.index,
                                     &ledger->supplies.index,
                                     &ledger->supplies.row_index,
                                     &ledger->outcomes.index,
                                     &ledger->rulebook.tag_index,
                                     &ledger->rulebook.rule_index,
                                     &ledger->rulebook.quota_index,
                                     &ledger->rulebook.account_index,
                                     &ledger->reservations.progress.index,
                                     &ledger->reservations.capacity.index,
                                     &ledger->positions.limits.index,
                                     &ledger->demand.index,
                                     &ledger->differences.index,
                                     &ledger->catalog.group_index,
                                     &ledger->groups.index,
                                     &ledger->reservations.orders.by_id,
                                     &ledger->reservations.orders.by_reservation,
                                     &ledger->exceptions.index,
                                     &ledger->feeds.index,
                                     &ledger->drift.index,
                                     &ledger->exceptions.waiting_index,
                                     &ledger->catalog.alias_index,
                                     &ledger->units.index,
                                     &ledger->reservations.archive.by_id,
                                     &ledger->reservations.archive.by_order};

    memcpy(ret_indexes, indexes, sizeof indexes);
}

void atp_ledger_destroy(atp_ledger_t *ledger)
{
    if (ledger == NULL) {
        return;
    }
    atp_index_t *indexes[INDEXES];
    indexes_of(ledger, indexes);
    for (size_t i = 0; i < INDEXES; i++) {
        atp_index_fini(indexes[i]);
    }
    for (unsigned i = 1; i < ATP_LEDGER_TABLES; i++) { /* 0 belongs to positions */
        if (ledger->tables[i] != NULL) {
            atp_table_fini(ledger->tables[i]);
        }
    }
    atp_kits_fini_marks(&ledger->kits);
    atp_groups_fini_bits(&ledger->groups);
    atp_ledger_fini_levels(ledger);
    atp_positions_fini(&ledger->positions);
    free(ledger);
}

/* ---- keeping ---- */

void atp_ledger_tables(atp_ledger_t *ledger, atp_table_t *ret_tables[ATP_LEDGER_TABLES])
{
    memcpy(ret_tables, ledger->tables, sizeof ledger->tables);
}

bool atp_ledger_fits(const atp_ledger_t *ledger, const atp_ledger_config_t *config)
{
    const struct {
        uint64_t has;
        uint64_t wants;
    } capacities[] = {
        {ledger->positions.rows.capacity, config->positions},
        {ledger->catalog.strings.capacity, config->string_bytes / ATP_STRING_GRANULE},
        {ledger->catalog.skus.capacity, config->skus},
        {ledger->catalog.nodes.capacity, config->nodes},
        {ledger->catalog.channels.capacity, config->channels + 1},
        {ledger->catalog.clients.capacity, config->clients + 1},
        {ledger->catalog.sources.capacity, config->sources},
        {ledger->reservations.records.capacity, config->reservations},
        {ledger->reservations.lines.capacity, config->lines},
        {ledger->outcomes.records.capacity, config->outcomes},
        {ledger->exceptions.records.capacity, config->exceptions},
        {ledger->crossings.records.capacity, config->exceptions},
        {ledger->rulebook.tags.capacity, config->tags},
        {ledger->rulebook.rules.capacity, config->rules},
        {ledger->rulebook.quotas.capacity, config->quotas},
        {ledger->rulebook.accounts.capacity, config->accounts},
        {ledger->positions.limits.records.capacity, config->limits},
        {ledger->demand.records.capacity, config->demand},
        {ledger->movements.capacity, config->movements},
        {ledger->feeds.records.capacity, config->feeds},
        {ledger->differences.records.capacity, config->differences},
        {ledger->supplies.supplies.capacity, config->supplies},
        {ledger->supplies.pegs.capacity, config->pegs},
        {ledger->kits.records.capacity, config->kits},
        {ledger->kits.components.capacity, config->components},
        {ledger->reservations.progress.records.capacity, config->progress},
        {ledger->reservations.capacity.bookings.capacity, config->bookings},
        {ledger->reservations.history.steps.capacity, config->history},
        {ledger->reservations.archive.records.capacity, config->archive},
        {ledger->postings.records.capacity, config->postings},
        {ledger->catalog.groups.capacity, config->groups},
        {ledger->catalog.aliases.capacity, config->aliases},
        {ledger->units.records.capacity, config->units},
        {ledger->groups.members.capacity, config->group_nodes},
    };

    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        if (capacities[i].has != capacities[i].wants) {
            return false;
        }
    }
    return true;
}

atp_err_t atp_ledger_rebuild(atp_ledger_t *ledger, atp_why_t *ret_why)
{
    if (atp_table_count(&ledger->root_table) != 1 ||
        atp_ledger_config_check(&ledger->root->config, ret_why) != ATP_OK ||
        atp_table_count(&ledger->wheel.slots) != ATP_WHEEL_SLOTS) {
        return atp_fail(ret_why, ATP_ERR_FORMAT, "the restored tables are not a ledger");
    }
    if (!atp_ledger_fits(ledger, &ledger->root->config)) {
        return atp_fail(ret_why, ATP_ERR_FORMAT,
                        "the restored ledger has other capacities than this one was created with");
    }
    atp_catalog_rebuild(&ledger->catalog);
    atp_catalog_rebuild_aliases(&ledger->catalog);
    atp_units_rebuild(&ledger->units);
    uint64_t skus = atp_table_count(&ledger->catalog.skus);
    for (uint64_t sku = 0; sku < skus; sku++) {
        const atp_sku_record_t *record = atp_table_at(&ledger->catalog.skus, sku);
        atp_positions_set_scale(&ledger->positions, (uint32_t)sku, record->scale);
        ledger->has_merged =
            ledger->has_merged || atp_catalog_sku_now(&ledger->catalog, (uint32_t)sku) != sku;
    }
    atp_positions_rebuild(&ledger->positions);
    atp_ledger_rebuild_kits(ledger);
    atp_reservations_rebuild(&ledger->reservations);
    atp_outcomes_rebuild(&ledger->outcomes);
    atp_rulebook_rebuild(&ledger->rulebook);
    atp_ledger_rebuild_rationed(ledger);
    atp_ledger_rebuild_limits(ledger);
    atp_demand_rebuild(&ledger->demand);
    atp_feeds_rebuild(&ledger->feeds);
    atp_drift_rebuild(&ledger->drift);
    atp_differences_rebuild(&ledger->differences);
    atp_exceptions_rebuild(&ledger->exceptions);
    atp_supplies_rebuild(&ledger->supplies);
    atp_groups_rebuild(&ledger->groups);
    atp_ledger_rebuild_levels(ledger);
    atp_ledger_rebuild_gaps(ledger);
    atp_ledger_rebuild_postings(ledger);
    atp_store_release(&ledger->stamp, 2 * ledger->root->op);
    return ATP_OK;
}

uint64_t atp_ledger_hash(const atp_ledger_t *ledger)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        sum += atp_table_hash(ledger->tables[i]);
    }
    return sum;
}

static atp_err_t populate_index(atp_index_t *index, size_t ahead)
{
    atp_err_t err = atp_arena_populate_ahead(&index->bucket_arena, ahead);
    return err == ATP_OK ? atp_arena_populate_ahead(&index->overflow_arena, ahead) : err;
}

atp_err_t atp_ledger_populate_ahead(atp_ledger_t *ledger, size_t ahead)
{
    atp_index_t *indexes[INDEXES];
    atp_err_t err = atp_arena_populate_ahead(&ledger->positions.entry_arena, ahead);

    indexes_of(ledger, indexes);
    err = err == ATP_OK ? atp_arena_populate_ahead(&ledger->kits.marks_arena, ahead) : err;
    err = err == ATP_OK ? atp_arena_populate_ahead(&ledger->groups.bit_arena, ahead) : err;
    err = err == ATP_OK ? atp_arena_populate_ahead(&ledger->positions.directory_arena, ahead) : err;
    for (unsigned i = 0; err == ATP_OK && i < ATP_LEDGER_TABLES; i++) {
        err = atp_arena_populate_ahead(&ledger->tables[i]->records_arena, ahead);
    }
    for (size_t i = 0; err == ATP_OK && i < INDEXES; i++) {
        err = populate_index(indexes[i], ahead);
    }
    return err;
}
