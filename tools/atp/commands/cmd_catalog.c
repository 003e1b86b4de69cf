/* atp sku, node and channel: put and list. */
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"
#include "tools/atp/known.h"
#include "tools/atp/node_calendar.h"
#include "tools/atp/rows/pages.h"
#include "tools/atp/session.h"
#include "tools/atp/with.h"

#include "engine/base/amount.h"
#include "engine/base/attribute.h"

#include <string.h>

/* ---- put ---- */

static bool take_name(const atp_cli_t *cli, atp_command_t *command)
{
    const char *name = atp_args_text(&cli->args, "name");

    if (name == NULL) {
        return true;
    }
    if (strlen(name) > ATP_NAME_SIZE_MAX || !atp_text_is_clean(atp_text_of(name))) {
        (void)atp_cli_usage(cli->cmd, "--name: at most %d bytes of UTF-8 without control characters",
                            ATP_NAME_SIZE_MAX);
        return false;
    }
    command->name = atp_text_of(name);
    return true;
}

static bool take_subject(const atp_cli_t *cli, atp_text_t *ret_id)
{
    *ret_id = atp_text_of(cli->args.words[0]);
    if (ret_id->size >= 1 && ret_id->size <= ATP_ID_SIZE_MAX && atp_text_is_clean(*ret_id)) {
        return true;
    }
    (void)atp_cli_usage(cli->cmd, "an id is 1 to %d bytes of UTF-8 without control characters",
                        ATP_ID_SIZE_MAX);
    return false;
}

/* What the ledger has of an entry now, so that a put without a flag leaves that as it is. */
typedef struct present {
    atp_text_t id;
    bool is_there;
    int64_t value;
    char name[ATP_NAME_SIZE_MAX + 1];
    uint32_t name_size;
} present_t;

static bool look_for(void *context, const atp_answer_t *answer)
{
    present_t *present = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);
    uint32_t count = atp_answer_head(answer).row_count;

    for (uint32_t i = 0; i < count; i++) {
        if (atp_text_equal(entries[i].id, present->id)) {
            present->is_there = true;
            present->value = entries[i].value;
            present->name_size =
                entries[i].name.size < ATP_NAME_SIZE_MAX ? entries[i].name.size : ATP_NAME_SIZE_MAX;
            memcpy(present->name, entries[i].name.size > 0 ? entries[i].name.bytes : "", present->name_size);
            return false;
        }
    }
    return true;
}

/* Fills name and option that were not given with what is there. */
static bool keep_present(atp_cli_t *cli, atp_catalog_what_t what, const char *option_flag,
                         atp_command_t *command, present_t *present, int *ret_status)
{
    const atp_args_t *args = &cli->args;
    atp_page_ask_t ask = {.what = what};

    present->id = what == ATP_CATALOG_SKUS ? command->lines[0].sku : command->lines[0].node;
    if (atp_args_has(args, "name") && atp_args_has(args, option_flag)) {
        return true;
    }
    *ret_status = atp_pages_walk(cli, atp_client_catalog, &ask, 0, look_for, present);
    if (*ret_status != ATP_CLI_DONE) {
        return false;
    }
    if (present->is_there && !atp_args_has(args, "name")) {
        command->name = (atp_text_t){present->name, present->name_size};
    }
    if (present->is_there && !atp_args_has(args, option_flag)) {
        command->option = (uint8_t)present->value;
    }
    return true;
}

static int put_sku(atp_cli_t *cli)
{
    atp_command_line_t line = {.decimals = 0};
    atp_command_t command = {.kind = ATP_OP_SKU, .line_count = 1, .lines = &line};
    present_t present = {.is_there = false};
    atp_act_id_t room;
    uint64_t scale = 0;
    int status = ATP_CLI_USAGE;

    if (!take_subject(cli, &line.sku) || !take_name(cli, &command) ||
        (atp_args_has(&cli->args, "value") && !atp_with_flag_as(cli, "value", ATP_KEY_VALUE)) ||
        !atp_args_count(&cli->args, "scale", 0, ATP_SCALE_MAX, &scale) ||
        !atp_act_identify(cli, &command, &room)) {
        return status;
    }
    command.option = (uint8_t)scale;
    return keep_present(cli, ATP_CATALOG_SKUS, "scale", &command, &present, &status)
               ? atp_act_on_rows(cli, &command, 1)
               : status;
}

static int put_node(atp_cli_t *cli)
{
    atp_command_line_t line = {.decimals = 0};
    atp_command_t command = {.kind = ATP_OP_NODE, .line_count = 1, .lines = &line};
    present_t present = {.is_there = false};
    atp_act_id_t room;
    unsigned state = ATP_NODE_OPEN;
    int status = ATP_CLI_USAGE;

    if (!take_subject(cli, &line.node) || !take_name(cli, &command) ||
        !atp_args_choice(&cli->args, "state", &state) || !atp_node_calendar_take(cli) ||
        !atp_act_identify(cli, &command, &room)) {
        return status;
    }
    command.option = (uint8_t)state;
    return keep_present(cli, ATP_CATALOG_NODES, "state", &command, &present, &status)
               ? atp_act_on_rows(cli, &command, 1)
               : status;
}

static int put_channel(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_CHANNEL};
    atp_act_id_t room;

    if (!take_subject(cli, &command.channel) || !atp_args_duration(&cli->args, "ttl", 0, &command.ttl_ms) ||
        !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    return atp_act_on_rows(cli, &command, 1);
}

/* ---- list ---- */

typedef struct listing {
    atp_out_t *out;
    atp_catalog_what_t what;
    uint64_t left;
    const atp_known_t *values; /* of SKUs: what units are worth; NULL where nobody asks */
} listing_t;

/* Where nobody has said what any SKU is worth, nothing is shown of it. */
static void put_value(const listing_t *listing, atp_text_t sku)
{
    char text[ATP_AMOUNT_TEXT_SIZE] = "";

    if (listing->values == NULL || (atp_known_count(listing->values) == 0 && !listing->out->is_json)) {
        return;
    }
    const atp_known_entry_t *entry = atp_known_find(listing->values, sku);
    if (entry != NULL) {
        (void)atp_amount_format(atp_amount_of(1, 0, entry->value), text);
    }
    atp_out_string(listing->out, "value", "VALUE", text);
}

/* Where `word` stands last in `text` up to `*end`; what follows it is its value, and *end moves before it. */
static atp_text_t take_last(atp_text_t text, const char *word, uint32_t *end)
{
    uint32_t size = (uint32_t)strlen(word);

    for (uint32_t at = *end; at-- > 0;) {
        if (at + size <= *end && memcmp(text.bytes + at, word, size) == 0) {
            atp_text_t value = {text.bytes + at + size, *end - at - size};
            *end = at;
            return value;
        }
    }
    return (atp_text_t){"", 0};
}

/* The engine says it in one text: "node=.. channel=.. refused=.. in_part=.. short=..". */
static void put_demand(atp_out_t *out, const atp_catalog_entry_t *entry)
{
    static const struct {
        const char *word;
        const char *key;
        const char *header;
    } parts[] = {{"node=", "node", "NODE"},
                 {" channel=", "channel", "CHANNEL"},
                 {" refused=", "units_refused", "REFUSED"},
                 {" in_part=", "times_in_part", "IN PART"},
                 {" short=", "units_short", "SHORT"}};
    enum { PARTS = sizeof parts / sizeof parts[0] };
    atp_text_t values[PARTS];
    uint32_t end = entry->name.size;

    for (size_t i = PARTS; i-- > 0;) {
        values[i] = take_last(entry->name, parts[i].word, &end);
    }
    for (size_t i = 0; i < PARTS; i++) {
        if (i == 2) {
            atp_out_int(out, "times_refused", "TIMES", entry->value);
        }
        atp_out_text(out, parts[i].key, parts[i].header, values[i]);
    }
}

static void put_entry(const listing_t *listing, const atp_catalog_entry_t *entry)
{
    atp_out_t *out = listing->out;
    char span[ATP_OUT_SPAN_SIZE] = "";

    atp_out_row(out);
    switch (listing->what) {
    case ATP_CATALOG_SKUS:
        atp_out_text(out, "sku", "SKU", entry->id);
        atp_out_int(out, "scale", "SCALE", entry->value);
        put_value(listing, entry->id);
        atp_out_text(out, "name", "NAME", entry->name);
        return;
    case ATP_CATALOG_NODES:
        atp_out_text(out, "node", "NODE", entry->id);
        atp_out_string(out, "state", "STATE",
                       entry->value >= 0 && entry->value <= ATP_NODE_CLOSED
                           ? atp_node_state_name((unsigned)entry->value)
                           : "?");
        atp_out_text(out, "name", "NAME", entry->name);
        return;
    case ATP_CATALOG_CHANNELS:
        atp_out_text(out, "channel", "CHANNEL", entry->id);
        if (entry->value > 0) {
            atp_out_format_span(entry->value, span);
        }
        atp_out_int(out, "ttl_ms", NULL, entry->value);
        atp_out_string(out, NULL, "TTL", span[0] != '\0' ? span : "the default");
        atp_out_text(out, "says", "SAYS", entry->name);
        return;
    case ATP_CATALOG_RULES:
        atp_out_text(out, "rule", "RULE", entry->id);
        atp_out_text(out, "says", "SAYS", entry->name);
        return;
    case ATP_CATALOG_LIMITS:
        atp_out_text(out, "sku", "SKU", entry->id);
        atp_out_text(out, "says", "SAYS", entry->name);
        return;
    case ATP_CATALOG_GROUP_NODES: /* cmd_group.c tells them by group */
        atp_out_text(out, "group", "GROUP", entry->id);
        atp_out_text(out, "node", "NODE", entry->name);
        return;
    case ATP_CATALOG_COMPONENTS: /* cmd_kit.c tells them */
    case ATP_CATALOG_SOURCES:    /* cmd_source.c */
    case ATP_CATALOG_SOURCE_STATES:
    case ATP_CATALOG_SOURCE_CLAIMS:
    case ATP_CATALOG_DIFFERENCES:
    case ATP_CATALOG_ALIASES: /* cmd_alias.c */
    case ATP_CATALOG_UNITS:
    case ATP_CATALOG_FEEDS: /* drift_rows.c reads them */
    case ATP_CATALOG_DRIFT_NODES:
    case ATP_CATALOG_CORRECTIONS:
    case ATP_CATALOG_SKU_TAGS:   /* load_scope.c */
    case ATP_CATALOG_SKU_VALUES: /* listed with the SKUs */
        return;
    case ATP_CATALOG_SUBSCRIBERS: /* cmd_subscribers.c tells them */
        atp_out_text(out, "subscriber", "SUBSCRIBER", entry->id);
        return;
    case ATP_CATALOG_EXCEPTION_OWNERS: /* cmd_owners.c tells them */
        atp_out_text(out, "owner", "OWNER", entry->id);
        return;
    case ATP_CATALOG_QUOTAS:
        atp_out_text(out, "quota", "QUOTA", entry->id);
        atp_out_text(out, "says", "SAYS", entry->name);
        return;
    case ATP_CATALOG_DEMAND:
        atp_out_text(out, "sku", "SKU", entry->id);
        put_demand(out, entry);
        return;
    }
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    listing_t *listing = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);
    uint32_t count = atp_answer_head(answer).row_count;

    for (uint32_t i = 0; i < count && listing->left > 0; i++, listing->left--) {
        put_entry(listing, &entries[i]);
    }
    return listing->left > 0;
}

static int list_with(atp_cli_t *cli, atp_catalog_what_t what, const atp_known_t *values, const char *none)
{
    listing_t listing = {&cli->out, what, UINT64_MAX, values};
    atp_page_ask_t ask = {.what = what};
    uint64_t most = 0;

    if (!atp_args_count(&cli->args, "limit", 1, UINT32_MAX, &most)) {
        return ATP_CLI_USAGE;
    }
    listing.left = most != 0 ? most : UINT64_MAX;
    int status = atp_pages_walk(cli, atp_client_catalog, &ask, most, take_page, &listing);
    bool is_empty = cli->out.row_count == 0;
    atp_out_end(&cli->out);
    if (status == ATP_CLI_DONE && is_empty) {
        atp_cli_note(cli, "%s", none);
    }
    return status;
}

static int list(atp_cli_t *cli, atp_catalog_what_t what, const char *none)
{
    return list_with(cli, what, NULL, none);
}

static int list_skus(atp_cli_t *cli)
{
    atp_known_t *values = NULL;
    int status = ATP_CLI_DONE;

    if (!atp_session_open(cli, &status)) {
        return status;
    }
    status = atp_known_fetch(cli, ATP_CATALOG_SKU_VALUES, &values);
    if (status == ATP_CLI_DONE) {
        status = list_with(cli, ATP_CATALOG_SKUS, values,
                           "no SKUs yet: atp sku put SKU, or atp load FILE --profile NAME");
    }
    atp_known_destroy(values);
    return status;
}

static int list_nodes(atp_cli_t *cli)
{
    return list(cli, ATP_CATALOG_NODES, "no nodes yet: atp node put NODE, or atp load FILE --profile NAME");
}

typedef struct shown_node {
    atp_cli_t *cli;
    atp_text_t id;
    bool is_found;
} shown_node_t;

static bool show_entry(void *context, const atp_answer_t *answer)
{
    shown_node_t *shown = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);
    const listing_t listing = {&shown->cli->out, ATP_CATALOG_NODES, 1, NULL};

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count && !shown->is_found; i++) {
        if (atp_text_equal(entries[i].id, shown->id)) {
            shown->is_found = true;
            put_entry(&listing, &entries[i]);
            atp_node_calendar_put(&shown->cli->out, &entries[i]);
        }
    }
    return !shown->is_found;
}

static int show_node(atp_cli_t *cli)
{
    shown_node_t shown = {cli, atp_text_of(cli->args.words[0]), false};
    atp_page_ask_t ask = {.what = ATP_CATALOG_NODES};
    int status = atp_pages_walk(cli, atp_client_catalog, &ask, 0, show_entry, &shown);

    atp_out_end(&cli->out);
    if (status == ATP_CLI_DONE && !shown.is_found) {
        atp_cli_note(cli, "no such node: atp node list");
        return ATP_CLI_REFUSED;
    }
    return status;
}

static int list_channels(atp_cli_t *cli)
{
    return list(cli, ATP_CATALOG_CHANNELS, "no channels yet: atp channel put CHANNEL");
}

static int list_limits(atp_cli_t *cli)
{
    return list(cli, ATP_CATALOG_LIMITS, "no limits: atp limit SKU@NODE=QTY");
}

static int list_rules(atp_cli_t *cli)
{
    return list(cli, ATP_CATALOG_RULES,
                "no rules: atp put rule RULE --with channel=CHANNEL --with buffer=QTY");
}

static int list_quotas(atp_cli_t *cli)
{
    return list(cli, ATP_CATALOG_QUOTAS, "no quotas: atp put quota QUOTA --with sku=SKU --with amount=QTY");
}

static int list_demand(atp_cli_t *cli)
{
    return list(cli, ATP_CATALOG_DEMAND, "all demand was met so far");
}

/* ---- the commands ---- */

static const atp_flag_t list_flags[] = {
    {"limit", "N", NULL, "At most so many rows"},
    {NULL, NULL, NULL, NULL},
};

static const atp_flag_t sku_flags[] = {
    {"name", "NAME", NULL, "Name for people"},
    {"scale", "N", "0|1|2|3|4|5|6", "Decimals it is counted in; fixed while there is stock (0)"},
    {"value", "AMOUNT", NULL, "What one unit is worth, in the money of your books, with up to 6 decimals"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const sku_put_examples[] = {"atp sku put bike-28 --name 'City bike, 28 inch'",
                                               "atp sku put rice --scale 3 --name 'Rice, kg'", NULL};

const atp_cmd_t atp_cmd_sku_put = {
    .name = "sku put",
    .group = "Catalogue",
    .synopsis = "SKU",
    .summary = "Create or change a SKU",
    .about = "What is not given stays as it is.",
    .word_min = 1,
    .word_max = 1,
    .flags = sku_flags,
    .examples = sku_put_examples,
    .kind = ATP_OP_SKU,
    .run = put_sku,
};

static int merge_sku(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_MERGE_SKU};
    atp_act_id_t room;

    if (!atp_args_has(&cli->args, "into")) {
        return atp_cli_usage(cli->cmd, "into which SKU? --into SKU");
    }
    if (!take_subject(cli, &command.subject) || !atp_with_flag_as(cli, "into", ATP_KEY_SKU) ||
        !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    return atp_act_on_subject(cli, &command, "merged");
}

static const atp_flag_t sku_merge_flags[] = {
    {"into", "SKU", NULL, "The SKU that it is from now on"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const sku_merge_examples[] = {"atp sku merge bike-28-old --into bike-28",
                                                 "atp sku merge bike-28-old --into bike-28 --id merge-4711",
                                                 NULL};

const atp_cmd_t atp_cmd_sku_merge = {
    .name = "sku merge",
    .group = "Catalogue",
    .synopsis = "OLD --into SKU",
    .summary = "Two SKUs are one: all that OLD has goes to the other, its name becomes an alias",
    .about = "Stock, limits, reservations, who waits, supplies and what is counted of them, node by node, in "
             "one op. There is no\n"
             "way back. Refused where the SKUs are counted in other scales, where a kit, or a rule, quota "
             "or cap of its own,\n"
             "names OLD, where a unit is not the same of both, where different feeds counted them, and "
             "beyond 4,096\n"
             "positions or 10,000 lines, supplies and movements: let reservations end, or load a feed that "
             "counts both, and\n"
             "ask again.",
    .word_min = 1,
    .word_max = 1,
    .flags = sku_merge_flags,
    .examples = sku_merge_examples,
    .kind = ATP_OP_MERGE_SKU,
    .run = merge_sku,
};

static const char *const sku_list_examples[] = {"atp sku list", "atp sku list --limit 20 --json", NULL};

const atp_cmd_t atp_cmd_sku_list = {
    .name = "sku list",
    .group = "Catalogue",
    .synopsis = "",
    .summary = "All SKUs",
    .flags = list_flags,
    .examples = sku_list_examples,
    .run = list_skus,
};

static const atp_flag_t node_flags[] = {
    {"name", "NAME", NULL, "Name for people"},
    {"state", "STATE", "open|paused|draining|closed", "Whether it promises and ships (open)"},
    ATP_NODE_CALENDAR_FLAGS,
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const node_put_examples[] = {
    "atp node put berlin --name 'Store Berlin'", "atp node put berlin --state paused",
    "atp node put berlin --time-zone Europe/Berlin --cut-off 14:00 --working-days mon-fri",
    "atp node put berlin --on 2026-12-24 --capacity-orders 900", NULL};

const atp_cmd_t atp_cmd_node_put = {
    .name = "node put",
    .group = "Catalogue",
    .synopsis = "NODE",
    .summary = "Create or change a node",
    .about =
        "open promises and ships; paused promises nothing for now; draining ships what it owes and promises\n"
        "nothing; closed does neither. A node with a calendar promises what it can make ready on its own "
        "day:\n"
        "orders before the cut-off count for that day, else for the next working day, and are ready the "
        "handling\n"
        "time later. What is not given stays as it is.",
    .word_min = 1,
    .word_max = 1,
    .flags = node_flags,
    .examples = node_put_examples,
    .kind = ATP_OP_NODE,
    .run = put_node,
};

static const char *const node_show_examples[] = {"atp node show berlin", "atp node show berlin --json", NULL};

const atp_cmd_t atp_cmd_node_show = {
    .name = "node show",
    .group = "Catalogue",
    .synopsis = "NODE",
    .summary = "A node, its calendar and what is booked of its day",
    .about = "What is booked is of the day on which an order placed now is ready.",
    .word_min = 1,
    .word_max = 1,
    .examples = node_show_examples,
    .run = show_node,
};

static const char *const node_list_examples[] = {"atp node list", "atp node list --json", NULL};

const atp_cmd_t atp_cmd_node_list = {
    .name = "node list",
    .group = "Catalogue",
    .synopsis = "",
    .summary = "All nodes and their states",
    .flags = list_flags,
    .examples = node_list_examples,
    .run = list_nodes,
};

static const atp_flag_t channel_flags[] = {
    {"ttl", "TIME", NULL, "How long its reservations live, when they do not say; 0 = the default of all (0)"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const channel_put_examples[] = {"atp channel put web --ttl 20min", "atp channel put pos",
                                                   NULL};

const atp_cmd_t atp_cmd_channel_put = {
    .name = "channel put",
    .group = "Catalogue",
    .synopsis = "CHANNEL",
    .summary = "Create or change a channel",
    .word_min = 1,
    .word_max = 1,
    .flags = channel_flags,
    .examples = channel_put_examples,
    .kind = ATP_OP_CHANNEL,
    .run = put_channel,
};

static const char *const channel_list_examples[] = {"atp channel list", "atp channel list --json", NULL};

const atp_cmd_t atp_cmd_channel_list = {
    .name = "channel list",
    .group = "Catalogue",
    .synopsis = "",
    .summary = "All channels, and what is said of them",
    .about = "SAYS: attributes, as atp channel put takes them by --with.",
    .flags = list_flags,
    .examples = channel_list_examples,
    .run = list_channels,
};

static const char *const limit_list_examples[] = {"atp limit list", "atp limit list --json", NULL};

const atp_cmd_t atp_cmd_limit_list = {
    .name = "limit list",
    .group = "Stock",
    .synopsis = "",
    .summary = "What may be promised beyond stock, what waits, and quantities of a line",
    .about =
        "A row for each limit of a position, each cap of a SKU in a channel or in all, and each SKU that "
        "has a least or\n"
        "greatest quantity or a step. Also: what is not for sale, and what could not be found.",
    .flags = list_flags,
    .examples = limit_list_examples,
    .run = list_limits,
};

static const char *const demand_examples[] = {"atp demand", "atp demand --json", NULL};

const atp_cmd_t atp_cmd_demand = {
    .name = "demand",
    .group = "Stock",
    .synopsis = "",
    .summary = "Demand that was not met, for planners",
    .about = "By SKU, node and channel: how often a reserve was refused for want of stock and for how many "
             "units, how many\n"
             "lines were granted in part and how much they fell short. What found no room is counted "
             "together, as '-'.",
    .flags = list_flags,
    .examples = demand_examples,
    .run = list_demand,
};

static const char *const rule_list_examples[] = {
    "atp rule list", "atp put rule web-few --with channel=web --with sku=bike-28 --with buffer=2",
    "atp put rule web-few --with dropped=yes", NULL};

const atp_cmd_t atp_cmd_rule_list = {
    .name = "rule list",
    .group = "Catalogue",
    .synopsis = "",
    .summary = "All rules of channels, as atp put takes them",
    .flags = list_flags,
    .examples = rule_list_examples,
    .run = list_rules,
};

static const char *const quota_list_examples[] = {
    "atp quota list", "atp put quota market --with sku=bike-28 --with channel=market --with guaranteed=4",
    "atp put quota market --with dropped=yes", NULL};

const atp_cmd_t atp_cmd_quota_list = {
    .name = "quota list",
    .group = "Catalogue",
    .synopsis = "",
    .summary = "All quotas, as atp put takes them, and what is in use",
    .flags = list_flags,
    .examples = quota_list_examples,
    .run = list_quotas,
};
