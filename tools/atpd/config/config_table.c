#include "tools/atpd/config/config_table.h"

#include "engine/base/command.h"

#include <string.h>

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)

#define SECOND_MS UINT64_C(1000)
#define DAY_MS    (86400 * SECOND_MS)

#define RECORDS_MAX                                                                                          \
    (UINT64_C(0xffffffff) - 2) /* record numbers have 32 bits, and 0 and the last ones a meaning */

#define AT(member) offsetof(atp_config_t, member)

const atp_option_t atp_options[] = {
    {"data", ATP_OPTION_PATH, AT(data_folder), 0, 0, "atpd-data",
     "Folder of journal, snapshots and lock; made if missing.", false},
    {"listen", ATP_OPTION_URLS, AT(listen), 0, 0, "tcp://127.0.0.1:7411",
     "Where commands and queries are taken.", false},
    {"publish", ATP_OPTION_URL, AT(publish_url), 0, 0, "tcp://127.0.0.1:7412",
     "Where events are published; or off.", false},
    {"subscribe", ATP_OPTION_SOURCES, AT(subscribe), 0, 0, "listen:tcp://127.0.0.1:7414",
     "Where stock facts come from: a source to dial, or with listen: a place where sources dial in.", false},
    {"metrics", ATP_OPTION_ADDRESS, AT(metrics_address), 0, 0, "127.0.0.1:7413",
     "Where /metrics, /healthz and /readyz are served, without any authentication; or off.", false},
    {"channels", ATP_OPTION_CHANNELS, AT(channels), 0, 365 * DAY_MS, "",
     "Channels made at the first start: id, and the ttl of their reservations if not the default.", false},
    {"accept_time_gap", ATP_OPTION_SWITCH, AT(time.accept_gap), 0, 1, "false",
     "Start though the clock is more than a day past the last journaled time: what fell due meanwhile "
     "expires.",
     true},
    {"accept_journal_loss", ATP_OPTION_SWITCH, AT(journal.accept_loss), 0, 1, "false",
     "Start from the snapshot though the journal after it is gone: what it held is lost.", true},

    {"log.format", ATP_OPTION_FORMAT, AT(log_format), 0, 0, "logfmt",
     "Form of the log lines on standard error.", false},
    {"log.level", ATP_OPTION_LEVEL, AT(log_level), 0, 0, "info", "Lowest level that is written.", false},
    {"log.repeats_per_s", ATP_OPTION_COUNT, AT(log_repeats_per_s), 0, 1000000, "10",
     "Lines a second of one event; more are counted as suppressed. 0 = no limit.", false},

    {"capacity.skus", ATP_OPTION_COUNT, AT(capacity.skus), 1, RECORDS_MAX, "100000", "SKUs there can be.",
     false},
    {"capacity.nodes", ATP_OPTION_COUNT, AT(capacity.nodes), 1, 65535, "1000", "Nodes there can be.", false},
    {"capacity.channels", ATP_OPTION_COUNT, AT(capacity.channels), 1, 65535, "64", "Channels there can be.",
     false},
    {"capacity.clients", ATP_OPTION_COUNT, AT(capacity.clients), 1, RECORDS_MAX, "4096",
     "Client names there can be.", false},
    {"capacity.sources", ATP_OPTION_COUNT, AT(capacity.sources), 1, RECORDS_MAX, "256",
     "Sources of facts there can be.", false},
    {"capacity.positions", ATP_OPTION_COUNT, AT(capacity.positions), 1, RECORDS_MAX, "2000000",
     "Positions there can be: one SKU at one node.", false},
    {"capacity.reservations", ATP_OPTION_COUNT, AT(capacity.reservations), 1, RECORDS_MAX, "2000000",
     "Reservations kept, live and ended; the oldest ended one makes room.", false},
    {"capacity.lines", ATP_OPTION_COUNT, AT(capacity.lines), 1, RECORDS_MAX, "4000000",
     "Lines of all reservations kept.", false},
    {"capacity.outcomes", ATP_OPTION_COUNT, AT(capacity.outcomes), 1, RECORDS_MAX, "4000000",
     "Answers remembered for a client that asks again; when full the oldest goes.", false},
    {"capacity.exceptions", ATP_OPTION_COUNT, AT(capacity.exceptions), 1, RECORDS_MAX, "65536",
     "Exceptions kept; when full the oldest of the most frequent kind goes.", false},
    {"capacity.archive", ATP_OPTION_COUNT, AT(capacity.archive), 1, RECORDS_MAX / 4, "200000",
     "Archived reservations, which returns still find; when full the oldest goes.", false},
    {"capacity.aliases", ATP_OPTION_COUNT, AT(capacity.aliases), 1, RECORDS_MAX, "100000",
     "Other names of SKUs and nodes, dropped ones counted; one of a source or client counts twice.", false},
    {"capacity.units", ATP_OPTION_COUNT, AT(capacity.units), 1, RECORDS_MAX, "10000",
     "Units of quantities, of SKUs and of all, of sources and of all, dropped ones counted.", false},
    {"capacity.postings", ATP_OPTION_COUNT, AT(capacity.postings), 64, RECORDS_MAX, "262144",
     "Postings kept for those who hear them; when full the oldest goes.", false},
    {"capacity.bookings", ATP_OPTION_COUNT, AT(capacity.bookings), 1, RECORDS_MAX, "500000",
     "Reservations at nodes with a calendar, live and ended, each node counted.", false},
    {"capacity.movements", ATP_OPTION_COUNT, AT(capacity.movements), 0, RECORDS_MAX, "1000000",
     "Changes of stock kept so that a count of a point in the past can be compared; 0: no feed is taken.",
     false},
    {"capacity.feeds", ATP_OPTION_COUNT, AT(capacity.feeds), 1, RECORDS_MAX, "4096",
     "Feeds kept; when full the oldest goes.", false},
    {"capacity.limits", ATP_OPTION_COUNT, AT(capacity.limits), 1, RECORDS_MAX, "100000",
     "Positions, SKUs and channels with limits: backorders, for sale or not, quantities of a line.", false},
    {"capacity.demand", ATP_OPTION_COUNT, AT(capacity.demand), 1, RECORDS_MAX, "65536",
     "SKUs at nodes in channels whose unmet demand is counted each; the rest is counted together.", false},
    {"capacity.history", ATP_OPTION_COUNT, AT(capacity.history), 1, RECORDS_MAX, "1000000",
     "Steps of reservations kept for questions about them, and verdicts of facts for traces; when full the "
     "oldest goes.",
     false},
    {"capacity.progress", ATP_OPTION_COUNT, AT(capacity.progress), 1, RECORDS_MAX, "1000000",
     "Lines that are past allocated and not just shipped, or wait: picked, packed, delivered, returned, "
     "backordered.",
     false},
    {"capacity.groups", ATP_OPTION_COUNT, AT(capacity.groups), 1, 65534, "256",
     "Groups of nodes there can be.", false},
    {"capacity.group_nodes", ATP_OPTION_COUNT, AT(capacity.group_nodes), 1, RECORDS_MAX, "65536",
     "Nodes in groups, over all groups.", false},
    {"capacity.kits", ATP_OPTION_COUNT, AT(capacity.kits), 1, RECORDS_MAX, "20000",
     "SKUs that are or ever were kits.", false},
    {"capacity.components", ATP_OPTION_COUNT, AT(capacity.components), 1, RECORDS_MAX, "200000",
     "Components in the recipes of all kits.", false},
    {"capacity.tags", ATP_OPTION_COUNT, AT(capacity.tags), 1, 65535, "1024", "Tags there can be.", false},
    {"capacity.rules", ATP_OPTION_COUNT, AT(capacity.rules), 1, RECORDS_MAX, "10000",
     "Rules of channels there can be, dropped ones counted.", false},
    {"capacity.quotas", ATP_OPTION_COUNT, AT(capacity.quotas), 1, RECORDS_MAX, "10000",
     "Quotas there can be, dropped ones counted.", false},
    {"capacity.accounts", ATP_OPTION_COUNT, AT(capacity.accounts), 1, RECORDS_MAX, "200000",
     "SKUs by channel that are counted: of channels with rules or quotas.", false},
    {"capacity.supplies", ATP_OPTION_COUNT, AT(capacity.supplies), 1, RECORDS_MAX, "200000",
     "Dated supplies kept, open and ended; when full the oldest ended one goes.", false},
    {"capacity.pegs", ATP_OPTION_COUNT, AT(capacity.pegs), 1, 2147483647, "200000",
     "Promises from supplies that are not here yet.", false},
    {"capacity.differences", ATP_OPTION_COUNT, AT(capacity.differences), 1, RECORDS_MAX, "65536",
     "SKUs at nodes of which a shadow is compared with its source; the rest is counted together.", false},
    {"capacity.string_bytes", ATP_OPTION_SIZE, AT(capacity.string_bytes), MIB, TIB, "512MiB",
     "Room for all ids and names.", false},

    {"facts.unknown_names", ATP_OPTION_UNKNOWN_NAMES, AT(unknown_names), 0, 0, "refuse",
     "A fact that names an unknown SKU or node: is left to a person, waits until the name is there, or makes "
     "it.",
     false},

    {"sources.must_be_registered", ATP_OPTION_SWITCH, AT(sources.must_be_registered), 0, 1, "false",
     "What a source that is not registered tells is kept as exceptions, and changes nothing.", false},
    {"sources.gap", ATP_OPTION_DURATION_MS, AT(sources.gap_ms), 0, 365 * DAY_MS, "10min",
     "Batches missing for so long, of a source that keeps none, are given up; 0: only when too many came "
     "after them.",
     false},

    {"time.default_ttl", ATP_OPTION_DURATION_MS, AT(time.default_ttl_ms), 1, 365 * DAY_MS, "15min",
     "How long a reservation lives when neither it nor its channel says.", false},
    {"time.ttl_max", ATP_OPTION_DURATION_MS, AT(time.ttl_max_ms), 1, 365 * DAY_MS, "30d",
     "Longest life a reservation may ask for.", false},
    {"time.outcome_window", ATP_OPTION_DURATION_MS, AT(time.outcome_window_ms), 60 * SECOND_MS, 365 * DAY_MS,
     "7d", "A request first issued longer ago is refused, for its outcome may be forgotten.", false},
    {"time.issued_skew", ATP_OPTION_DURATION_MS, AT(time.issued_skew_ms), 0, 3600 * SECOND_MS, "5s",
     "How far the clock of a client may be ahead.", false},
    {"time.archive_after", ATP_OPTION_DURATION_MS, AT(time.archive_after_ms), 0, 3650 * DAY_MS, "30d",
     "A reservation whose postings have all been reconciled for so long is archived.", false},

    {"limits.ids_per_client", ATP_OPTION_COUNT, AT(limits.ids_per_client), 1, RECORDS_MAX, "4000000",
     "Remembered outcomes one client may have.", false},
    {"limits.lines_per_reservation", ATP_OPTION_COUNT, AT(limits.lines_per_reservation), 1,
     ATP_LINES_PER_OP_MAX, "1024", "Lines one reservation may have.", false},
    {"limits.waiting_releases", ATP_OPTION_COUNT, AT(limits.lines_in_flight.releases),
     ATP_OPS_PER_MESSAGE_MAX, 16777216, "65536",
     "Lines of releases, cancels and shipments that may wait; more are answered busy.", false},
    {"limits.waiting_orders", ATP_OPTION_COUNT, AT(limits.lines_in_flight.orders), ATP_OPS_PER_MESSAGE_MAX,
     16777216, "65536", "Lines of allocations and extensions that may wait.", false},
    {"limits.waiting_reservations", ATP_OPTION_COUNT, AT(limits.lines_in_flight.reservations),
     ATP_OPS_PER_MESSAGE_MAX, 16777216, "131072", "Lines of reservations that may wait.", false},
    {"limits.waiting_facts", ATP_OPTION_COUNT, AT(limits.lines_in_flight.facts), ATP_OPS_PER_MESSAGE_MAX,
     16777216, "131072", "Lines of live facts that may wait.", false},
    {"limits.waiting_feeds", ATP_OPTION_COUNT, AT(limits.lines_in_flight.feeds), ATP_OPS_PER_MESSAGE_MAX,
     16777216, "65536", "Lines of bulk feeds that may wait.", false},

    {"journal.segment_bytes", ATP_OPTION_SIZE, AT(journal.segment_bytes), 64 * KIB, 4 * GIB, "64MiB",
     "Size of a new segment file. Ops of one message take at most half of it: 8MiB and up take any.", false},
    {"journal.segments_ahead", ATP_OPTION_COUNT, AT(journal.segments_ahead), 1, 64, "4",
     "Empty segments kept ready.", false},
    {"journal.reserve_bytes", ATP_OPTION_SIZE, AT(journal.reserve_bytes), 64 * KIB, TIB, "64MiB",
     "Room in the journal below which nothing new is promised: it is for expiry, releases and shipments.",
     false},

    {"snapshot.interval", ATP_OPTION_DURATION_MS, AT(snapshot.interval_ms), 0, 7 * DAY_MS, "5min",
     "Time between snapshots; 0 = not by time.", false},
    {"snapshot.every_ops", ATP_OPTION_COUNT, AT(snapshot.every_ops), 0, UINT64_C(1000000000000), "20000000",
     "Ops between snapshots; 0 = not by ops.", false},
    {"snapshot.map_bytes", ATP_OPTION_SIZE, AT(snapshot.map_bytes), 16 * MIB, 16 * TIB, "16GiB",
     "The largest snapshot there can be (address space, not disk).", false},
    {"snapshot.pool_pieces", ATP_OPTION_POWER_OF_TWO, AT(snapshot.pool_pieces), 64, 1048576, "16384",
     "Pieces of 4 KiB that may wait to be written; when full the snapshot is given up and tried again.",
     false},
    {"snapshot.pause", ATP_OPTION_DURATION_US, AT(snapshot.pause_us), 0, 1000000, "2ms",
     "Rest after each write, so that the journal does not wait behind them.", false},

    {"status.reserved", ATP_OPTION_NAME, AT(status[ATP_RECORD_RESERVED]), 0, 0, "waiting for payment",
     "What a customer is told of a reservation that is reserved.", false},
    {"status.allocated", ATP_OPTION_NAME, AT(status[ATP_RECORD_ALLOCATED]), 0, 0, "confirmed",
     "What a customer is told of a reservation that is allocated.", false},
    {"status.shipped", ATP_OPTION_NAME, AT(status[ATP_RECORD_SHIPPED]), 0, 0, "on its way",
     "What a customer is told of a reservation that is shipped.", false},
    {"status.released", ATP_OPTION_NAME, AT(status[ATP_RECORD_RELEASED]), 0, 0, "cancelled",
     "What a customer is told of a reservation that is released.", false},
    {"status.cancelled", ATP_OPTION_NAME, AT(status[ATP_RECORD_CANCELLED]), 0, 0, "cancelled",
     "What a customer is told of a reservation that is cancelled.", false},
    {"status.expired", ATP_OPTION_NAME, AT(status[ATP_RECORD_EXPIRED]), 0, 0, "expired",
     "What a customer is told of a reservation that is expired.", false},
    {"status.backordered", ATP_OPTION_NAME, AT(status[ATP_RECORD_BACKORDERED]), 0, 0, "waiting for stock",
     "What a customer is told of a reservation that is backordered.", false},
    {"status.picked", ATP_OPTION_NAME, AT(status[ATP_RECORD_PICKED]), 0, 0, "being prepared",
     "What a customer is told of a reservation that is picked.", false},
    {"status.packed", ATP_OPTION_NAME, AT(status[ATP_RECORD_PACKED]), 0, 0, "being prepared",
     "What a customer is told of a reservation that is packed.", false},
    {"status.delivered", ATP_OPTION_NAME, AT(status[ATP_RECORD_DELIVERED]), 0, 0, "delivered",
     "What a customer is told of a reservation that is delivered.", false},
    {"status.returned", ATP_OPTION_NAME, AT(status[ATP_RECORD_RETURNED]), 0, 0, "returned",
     "What a customer is told of a reservation that is returned.", false},
    {"status.reconciled", ATP_OPTION_NAME, AT(status[ATP_RECORD_RECONCILED]), 0, 0, "completed",
     "What a customer is told of a reservation that is reconciled.", false},
    {"status.archived", ATP_OPTION_NAME, AT(status[ATP_RECORD_ARCHIVED]), 0, 0, "completed",
     "What a customer is told of a reservation that is archived.", false},
    {"status.short", ATP_OPTION_NAME, AT(status[ATP_RECORD_SHORT]), 0, 0, "delayed",
     "What a customer is told of a reservation that is short.", false},
};

const uint32_t atp_option_count = sizeof atp_options / sizeof atp_options[0];
_Static_assert(sizeof atp_options / sizeof atp_options[0] <= ATP_OPTION_COUNT_MAX,
               "parsers keep one slot an option");

const atp_config_command_t atp_config_commands[] = {
    {"config", "FILE", "Read this YAML file; flags stand over it.", 'c'},
    {"check", "DIR", "Verify journal and snapshots of a data folder, change nothing, and leave.", 'k'},
    {"audit", "DIR",
     "Replay the journal of a data folder, in use or not, check every grant in it, and leave.", 'a'},
    {"past", "DIR",
     "Say what was promised at a time, and which ops made it so, from the data folder, in use or not, and "
     "leave.",
     't'},
    {"at", "TIME", "Of --past: the time, as 2026-11-21T12:03:07 (now).", 'w'},
    {"position", "SKU@NODE", "Of --past: what is told of; or", 's'},
    {"reservation", "ID", "of --past: what is told of.", 'r'},
    {"window", "TIME", "Of --past: ops of so long before are told: 15min, 2d (1h).", 'b'},
    {"json", NULL, "Of --past: one JSON object instead of text.", 'j'},
    {"print-config", NULL, "Print the configuration that results, as YAML, and leave.", 'p'},
    {"help", NULL, "Print this and leave.", 'h'},
    {"version", NULL, "Print the version and leave.", 'V'},
};

const uint32_t atp_config_command_count = sizeof atp_config_commands / sizeof atp_config_commands[0];

void atp_option_flag(const atp_option_t *option, char ret_flag[ATP_FLAG_SIZE])
{
    size_t size = strlen(option->key);

    ATP_ASSERT(size < ATP_FLAG_SIZE);
    for (size_t i = 0; i <= size; i++) {
        char c = option->key[i];
        ret_flag[i] = c == '.' || c == '_' ? '-' : c;
    }
}

const atp_option_t *atp_option_find(const char *key)
{
    for (uint32_t i = 0; i < atp_option_count; i++) {
        if (strcmp(atp_options[i].key, key) == 0) {
            return &atp_options[i];
        }
    }
    return NULL;
}

bool atp_option_is_list(const atp_option_t *option)
{
    return option->type == ATP_OPTION_URLS || option->type == ATP_OPTION_SOURCES ||
           option->type == ATP_OPTION_CHANNELS;
}

bool atp_option_is_number(const atp_option_t *option)
{
    return option->type >= ATP_OPTION_COUNT && option->type <= ATP_OPTION_DURATION_US;
}

const char *atp_option_type_name(const atp_option_t *option)
{
    static const char *const names[] = {
        [ATP_OPTION_PATH] = "path",
        [ATP_OPTION_NAME] = "words",
        [ATP_OPTION_URL] = "url",
        [ATP_OPTION_URLS] = "url, repeatable",
        [ATP_OPTION_SOURCES] = "source, repeatable",
        [ATP_OPTION_CHANNELS] = "channel, repeatable",
        [ATP_OPTION_ADDRESS] = "address",
        [ATP_OPTION_FORMAT] = "format",
        [ATP_OPTION_LEVEL] = "level",
        [ATP_OPTION_UNKNOWN_NAMES] = "policy",
        [ATP_OPTION_COUNT] = "count",
        [ATP_OPTION_POWER_OF_TWO] = "count, a power of two",
        [ATP_OPTION_SIZE] = "size",
        [ATP_OPTION_DURATION_MS] = "duration",
        [ATP_OPTION_DURATION_US] = "duration",
        [ATP_OPTION_SWITCH] = "switch",
    };
    return names[option->type];
}
