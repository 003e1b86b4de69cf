/* What atpd is told: a YAML file, flags over it, defaults under both.
 *
 * Each option stands once, in one table (config_table.c): its key, type, range, default and help. The file
 * parser, the flags, --help, --print-config and the table in docs/operations.md all come from it. The flag of an
 * option is its key with '-' for '.' and '_': `log.level` is --log-level, `capacity.skus` is --capacity-skus.
 *
 *     value       form                                                      example
 *     count       decimal digits                                            100000
 *     size        bytes, or with KiB, MiB, GiB, TiB                         64MiB
 *     duration    a unit is required (but for 0): us, ms, s, min, h, d      15min
 *     switch      true or false                                             true
 *     address     of metrics: HOST:PORT, [IPV6]:PORT, or off                127.0.0.1:7413
 *     url         tcp://HOST:PORT, ipc://PATH or inproc://NAME              tcp://127.0.0.1:7411
 *     source      a url to dial; with `listen:` before it, a url to wait at listen:tcp://0.0.0.0:7414
 *     channel     in the file {id: web, ttl: 15min}; as a flag web=15min    pos
 *
 * Every fault is one sentence that begins with its place, FILE:LINE: or --flag:, and names the key, the value and
 * what would be right. A configuration is taken whole or not at all.
 *
 * Threads     call before the threads start; a filled atp_config_t is plain data, read by any.
 * Memory      atp_config_t owns nothing: copy it, drop it. Loading frees all it allocates; a file above
 *             ATP_CONFIG_FILE_SIZE_MAX is refused unread.
 * Invariants  C1  every number of a loaded configuration is within the range of its row.
 *             C2  printing a configuration and reading the print gives the same configuration. */
#ifndef ATP_ATPD_CONFIG_H
#define ATP_ATPD_CONFIG_H

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "engine/ledger/config.h"
#include "protocol/message_records.h"
#include "tools/atpd/log/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ATP_CONFIG_NAME_SIZE     (ATP_ID_SIZE_MAX + 1)
#define ATP_CONFIG_PATH_SIZE     1024
#define ATP_CONFIG_URL_SIZE      128 /* NNG takes no longer address */
#define ATP_CONFIG_URLS_MAX      16
#define ATP_CONFIG_CHANNELS_MAX  64
#define ATP_CONFIG_FILE_SIZE_MAX (1U << 20)

typedef struct atp_config_urls {
    uint32_t count;
    char url[ATP_CONFIG_URLS_MAX][ATP_CONFIG_URL_SIZE];
} atp_config_urls_t;

typedef struct atp_config_sources {
    uint32_t count;
    struct {
        char url[ATP_CONFIG_URL_SIZE];
        bool is_listener; /* wait there for sources; else dial it */
    } source[ATP_CONFIG_URLS_MAX];
} atp_config_sources_t;

typedef struct atp_config_channels {
    uint32_t count;
    struct {
        char id[ATP_ID_SIZE_MAX + 1];
        uint64_t ttl_ms; /* 0 = the default of all channels */
    } channel[ATP_CONFIG_CHANNELS_MAX];
} atp_config_channels_t;

/* Lines that may wait for the ledger, by class of work; the class served first stands first. */
typedef struct atp_config_lines_in_flight {
    uint64_t releases;     /* release, cancel, ship */
    uint64_t orders;       /* allocate, extend */
    uint64_t reservations; /* reserve, and changes of SKUs, nodes, channels */
    uint64_t facts;        /* live stock events */
    uint64_t feeds;        /* bulk loads */
} atp_config_lines_in_flight_t;

/* What --past is asked for, as it was written; NULL = not said. The command line's memory. */
typedef struct atp_config_past {
    const char *at;
    const char *window;
    const char *position;
    const char *reservation;
    bool is_json;
} atp_config_past_t;

typedef struct atp_config {
    char data_folder[ATP_CONFIG_PATH_SIZE];
    atp_config_urls_t listen;                  /* REQ/REP: commands and queries */
    char publish_url[ATP_CONFIG_URL_SIZE];     /* PUB: events out; empty = none */
    atp_config_sources_t subscribe;            /* SUB: facts in */
    char metrics_address[ATP_CONFIG_URL_SIZE]; /* empty = no HTTP */
    atp_log_format_t log_format;
    atp_log_level_t log_level;
    uint64_t log_repeats_per_s;

    atp_unknown_names_t unknown_names; /* what becomes of facts that name an unknown SKU or node */

    char status[ATP_RECORD_STATE_LIMIT]
               [ATP_CONFIG_NAME_SIZE]; /* what a customer is told, by atp_record_state_t */

    struct {
        uint64_t skus, nodes, channels, clients, sources, positions, reservations, lines, outcomes,
            exceptions, archive, postings, aliases, units, bookings, supplies, pegs, limits, demand, progress,
            history, groups, group_nodes, kits, components, tags, rules, quotas, accounts;
        uint64_t differences, movements, feeds, string_bytes;
    } capacity;

    struct {
        uint64_t gap_ms;
        bool must_be_registered;
    } sources;

    struct {
        uint64_t default_ttl_ms, ttl_max_ms, outcome_window_ms, issued_skew_ms, archive_after_ms;
        bool accept_gap; /* only as a flag: start though more than a day is missing */
    } time;

    struct {
        uint64_t ids_per_client, lines_per_reservation;
        atp_config_lines_in_flight_t lines_in_flight;
    } limits;

    struct {
        bool accept_loss; /* only as a flag: go on from the snapshot without the journal after it */
        uint64_t segment_bytes, segments_ahead;
        uint64_t reserve_bytes; /* kept for pulses, releases and shipments when the disk fills */
    } journal;

    struct {
        uint64_t interval_ms; /* 0 = not by time */
        uint64_t every_ops;   /* 0 = not by ops */
        uint64_t map_bytes, pool_pieces, pause_us;
    } snapshot;

    atp_config_channels_t channels; /* made at the first start */
    atp_config_past_t past;         /* of --past */
} atp_config_t;

/* What the command line asks for. */
typedef enum atp_config_action {
    ATP_CONFIG_RUN = 0,
    ATP_CONFIG_CHECK,  /* --check DIR: verify that data folder (it is in data_folder) and leave */
    ATP_CONFIG_AUDIT,  /* --audit DIR: replay its journal, check every grant, and leave */
    ATP_CONFIG_PAST,   /* --past DIR: say what was promised at a time, and leave */
    ATP_CONFIG_PRINT,  /* --print-config */
    ATP_CONFIG_HELP,   /* --help */
    ATP_CONFIG_VERSION /* --version */
} atp_config_action_t;

/* Fills `ret_config` with the defaults. */
void atp_config_init(atp_config_t *ret_config);

/* Reads the command line, and the file it names: defaults, then file, then flags. For help and version the
 * file is not read. A list given by flags replaces the list of the file.
 * ATP_ERR_INVALID: a value, key or flag is wrong; ATP_ERR_FORMAT: not YAML of the stated form; ATP_ERR_NOT_FOUND,
 * ATP_ERR_IO, ATP_ERR_LIMIT, ATP_ERR_MEMORY: the file. Outputs are untouched then and *ret_why says where and what. */
ATP_MUST_USE atp_err_t atp_config_load(int argc, char *const argv[], atp_config_t *ret_config,
                                       atp_config_action_t *ret_action, atp_why_t *ret_why);

/* Reads YAML text over `config`; `name` stands in messages for the file. On failure `config` is untouched.
 * Does not compare options with each other: atp_config_check does. */
ATP_MUST_USE atp_err_t atp_config_read_text(atp_config_t *config, const char *name, const char *bytes,
                                            size_t size, atp_why_t *ret_why);

/* What no single row can say: options that must fit each other. `name` stands before the message. */
ATP_MUST_USE atp_err_t atp_config_check(const atp_config_t *config, const char *name, atp_why_t *ret_why);

/* --help. */
void atp_config_print_help(FILE *out);

/* The configuration as YAML that reads back as itself, each option with its help. */
void atp_config_print(FILE *out, const atp_config_t *config);

/* The table of docs/operations.md, in markdown. */
void atp_config_print_markdown(FILE *out);

#endif
