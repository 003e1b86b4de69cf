/* atp group: groups of nodes. */
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"
#include "tools/atp/rows/pages.h"

#include "engine/base/attribute.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- put and drop ---- */

static bool take_group(const atp_cli_t *cli, atp_command_t *command)
{
    command->kind = ATP_OP_GROUP;
    command->subject = atp_text_of(cli->args.words[0]);
    if (command->subject.size >= 1 && command->subject.size <= ATP_ID_SIZE_MAX &&
        atp_text_is_clean(command->subject)) {
        return true;
    }
    (void)atp_cli_usage(cli->cmd, "a group is an id: 1 to %d bytes of UTF-8 without control characters",
                        ATP_ID_SIZE_MAX);
    return false;
}

/* NODE=COST: the cost begins after the last =. */
static bool read_cost(const atp_cli_t *cli, const char *text, size_t *ret_size, int64_t *ret_cost)
{
    const char *sign = strrchr(text, '=');
    char *end;

    *ret_size = sign == NULL ? 0 : (size_t)(sign - text);
    long long cost = sign == NULL ? -1 : strtoll(sign + 1, &end, 10);
    if (cost >= 0 && cost < LLONG_MAX && sign[1] >= '0' && sign[1] <= '9' && *end == '\0') {
        *ret_cost = cost;
        return true;
    }
    (void)atp_cli_usage(cli->cmd, "--cost '%.64s' is not NODE=COST with a cost of 0 or more", text);
    return false;
}

/* What --cost says of the node last; each --cost is about a node that is named. */
static bool cost_of(const atp_cli_t *cli, const char *node, bool *ret_is_given, int64_t *ret_cost)
{
    unsigned cursor = 0;
    const char *text;
    int64_t cost;
    size_t size;

    *ret_is_given = false;
    while ((text = atp_args_each(&cli->args, "cost", &cursor)) != NULL) {
        if (!read_cost(cli, text, &size, &cost)) {
            return false;
        }
        if (strlen(node) == size && memcmp(text, node, size) == 0) {
            *ret_is_given = true;
            *ret_cost = cost;
        }
    }
    return true;
}

static bool check_costs(const atp_cli_t *cli)
{
    unsigned cursor = 0;
    const char *text;
    int64_t cost;
    size_t size;

    while ((text = atp_args_each(&cli->args, "cost", &cursor)) != NULL) {
        bool is_named = false;
        if (!read_cost(cli, text, &size, &cost)) {
            return false;
        }
        for (unsigned i = 1; i < cli->args.word_count; i++) {
            const char *node = cli->args.words[i];
            is_named = is_named || (strlen(node) == size && memcmp(node, text, size) == 0);
        }
        if (!is_named) {
            (void)atp_cli_usage(cli->cmd, "--cost '%.64s' is of a node that is not named", text);
            return false;
        }
    }
    return true;
}

/* Each node in order of preference, its cost right behind it. */
static bool take_nodes(atp_cli_t *cli)
{
    if (!check_costs(cli)) {
        return false;
    }
    for (unsigned i = 1; i < cli->args.word_count; i++) {
        int64_t cost = 0;
        bool is_given;
        if (!atp_with_text(cli, ATP_KEY_NODE, cli->args.words[i]) ||
            !cost_of(cli, cli->args.words[i], &is_given, &cost)) {
            return false;
        }
        if (is_given && cli->attribute_count == ATP_ATTRIBUTES_PER_OP_MAX) {
            (void)atp_cli_usage(cli->cmd, "nodes and costs are more than %d", ATP_ATTRIBUTES_PER_OP_MAX);
            return false;
        }
        if (is_given) {
            atp_with_number(cli, ATP_KEY_COST, cost);
        }
    }
    return true;
}

static int put_group(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_GROUP};
    atp_act_id_t room;

    if (!take_group(cli, &command) || !take_nodes(cli) || !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    return atp_act_on_subject(cli, &command, "put");
}

/* ---- list and show ---- */

typedef struct member {
    char group[ATP_ID_SIZE_MAX + 1];
    char node[ATP_ID_SIZE_MAX + 1];
    unsigned long place;
    int64_t cost;
} member_t;

typedef struct members {
    const char *only; /* a group, or NULL: all */
    member_t *all;
    size_t count;
    size_t room;
} members_t;

static void copy_id(char *to, atp_text_t id)
{
    uint32_t size = id.size <= ATP_ID_SIZE_MAX ? id.size : ATP_ID_SIZE_MAX;

    memcpy(to, size > 0 ? id.bytes : "", size);
    to[size] = '\0';
}

/* The engine says it so: id is the group, name "PLACE NODE", value the cost. */
static void take_member(members_t *members, const atp_catalog_entry_t *entry)
{
    if (members->count == members->room) {
        members->room = members->room == 0 ? 256 : 2 * members->room;
        member_t *all = realloc(members->all, members->room * sizeof *all);
        ATP_ASSERT(all != NULL); /* a few megabytes at most */
        members->all = all;
    }
    member_t *member = &members->all[members->count++];
    uint32_t at = 0;
    member->place = 0;
    member->cost = entry->value;
    for (; at < entry->name.size && entry->name.bytes[at] >= '0' && entry->name.bytes[at] <= '9'; at++) {
        member->place = member->place * 10 + (unsigned long)(entry->name.bytes[at] - '0');
    }
    at += at < entry->name.size;
    copy_id(member->group, entry->id);
    copy_id(member->node, (atp_text_t){entry->name.bytes + at, entry->name.size - at});
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    members_t *members = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        if (members->only == NULL || atp_text_equal(entries[i].id, atp_text_of(members->only))) {
            take_member(members, &entries[i]);
        }
    }
    return true;
}

static int compare(const void *left, const void *right)
{
    const member_t *a = left;
    const member_t *b = right;
    int order = strcmp(a->group, b->group);

    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

/* All members by group and place. The caller frees them. */
static int read_members(atp_cli_t *cli, const char *only, members_t *ret_members)
{
    atp_page_ask_t ask = {.what = ATP_CATALOG_GROUP_NODES};

    *ret_members = (members_t){.only = only};
    int status = atp_pages_walk(cli, atp_client_catalog, &ask, 0, take_page, ret_members);
    if (ret_members->count > 0) {
        qsort(ret_members->all, ret_members->count, sizeof(member_t), compare);
    }
    return status;
}

static int list_groups(atp_cli_t *cli)
{
    atp_out_t *out = &cli->out;
    members_t members;
    int status = read_members(cli, NULL, &members);

    for (size_t i = 0, next; i < members.count; i = next) {
        for (next = i; next < members.count && strcmp(members.all[next].group, members.all[i].group) == 0;) {
            next++;
        }
        atp_out_row(out);
        atp_out_string(out, "group", "GROUP", members.all[i].group);
        atp_out_uint(out, "nodes", "NODES", next - i);
        atp_out_string(out, "preferred", "PREFERRED", members.all[i].node);
    }
    atp_out_end(out);
    if (status == ATP_CLI_DONE && members.count == 0) {
        atp_cli_note(cli, "no groups: atp group put GROUP NODE...");
    }
    free(members.all);
    return status;
}

static int no_such_group(const atp_cli_t *cli)
{
    atp_cli_note(cli, "no such group, or it has no nodes: atp group list");
    return ATP_CLI_REFUSED;
}

static int show_group(atp_cli_t *cli)
{
    atp_out_t *out = &cli->out;
    members_t members;
    int status = read_members(cli, cli->args.words[0], &members);

    for (size_t i = 0; i < members.count; i++) {
        atp_out_row(out);
        atp_out_uint(out, "place", "PLACE", members.all[i].place);
        atp_out_string(out, "node", "NODE", members.all[i].node);
        atp_out_int(out, "cost", "COST", members.all[i].cost);
    }
    atp_out_end(out);
    free(members.all);
    return status == ATP_CLI_DONE && members.count == 0 ? no_such_group(cli) : status;
}

static int drop_group(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_GROUP};
    atp_act_id_t room;
    members_t members;

    if (!take_group(cli, &command) || !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    int status = read_members(cli, cli->args.words[0], &members);
    free(members.all);
    if (status == ATP_CLI_DONE && members.count == 0) {
        return no_such_group(cli); /* a put of nothing would make it */
    }
    return status == ATP_CLI_DONE ? atp_act_on_subject(cli, &command, "dropped") : status;
}

/* ---- the commands ---- */

static const atp_flag_t put_flags[] = {
    {"cost", "NODE=COST", NULL,
     "What an order served from that node costs, in whatever unit; may be given several times"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const put_examples[] = {
    "atp group put eu berlin paris", "atp group put stores berlin paris --cost berlin=250 --cost paris=400",
    NULL};

const atp_cmd_t atp_cmd_group_put = {
    .name = "group put",
    .group = "Catalogue",
    .synopsis = "GROUP NODE...",
    .summary = "Create a group of nodes, or replace its nodes",
    .about =
        "The nodes in order of preference. All of them are named each time; a node may be in many groups.",
    .word_min = 2,
    .word_max = UINT_MAX, /* atp_with_text says how many */
    .flags = put_flags,
    .examples = put_examples,
    .kind = ATP_OP_GROUP,
    .run = put_group,
};

static const atp_flag_t drop_flags[] = {
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const drop_examples[] = {"atp group drop stores", "atp group drop stores --json", NULL};

const atp_cmd_t atp_cmd_group_drop = {
    .name = "group drop",
    .group = "Catalogue",
    .synopsis = "GROUP",
    .summary = "Take all nodes out of a group",
    .about = "What is to be served from it finds nothing then: channels and requests that name it are to "
             "name another.",
    .word_min = 1,
    .word_max = 1,
    .flags = drop_flags,
    .examples = drop_examples,
    .run = drop_group,
};

static const char *const list_examples[] = {"atp group list", "atp group list --json", NULL};

const atp_cmd_t atp_cmd_group_list = {
    .name = "group list",
    .group = "Catalogue",
    .synopsis = "",
    .summary = "All groups that have nodes",
    .examples = list_examples,
    .run = list_groups,
};

static const char *const show_examples[] = {"atp group show stores", "atp group show stores --json", NULL};

const atp_cmd_t atp_cmd_group_show = {
    .name = "group show",
    .group = "Catalogue",
    .synopsis = "GROUP",
    .summary = "The nodes of a group in order of preference, with their costs",
    .word_min = 1,
    .word_max = 1,
    .examples = show_examples,
    .run = show_group,
};
