/* atp exceptions owner: who settles exceptions, and within which time. */
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"
#include "tools/atp/rows/pages.h"

#include "engine/base/attribute.h"

#include <inttypes.h>
#include <string.h>

/* ---- put and drop ---- */

static bool take_sla(atp_cli_t *cli)
{
    int64_t sla_ms = 0;

    if (!atp_args_duration(&cli->args, "sla", 0, &sla_ms)) {
        return false;
    }
    if (sla_ms > 0) {
        atp_with_number(cli, ATP_KEY_EXCEPTION_SLA, sla_ms);
    }
    return true;
}

static int change(atp_cli_t *cli, bool is_dropped)
{
    atp_command_t command = {.kind = ATP_OP_EXCEPTION_OWNER, .subject = atp_text_of(cli->args.words[1])};
    atp_act_id_t room;

    if (command.subject.size < 1 || command.subject.size > ATP_ID_SIZE_MAX ||
        !atp_text_is_clean(command.subject)) {
        return atp_cli_usage(cli->cmd, "an owner is an id: 1 to %d bytes of UTF-8 without control characters",
                             ATP_ID_SIZE_MAX);
    }
    if (is_dropped) {
        atp_with_number(cli, ATP_KEY_DROPPED, 1);
    } else if (!atp_with_flag_as(cli, "kind", ATP_KEY_EXCEPTION_KIND) || !atp_with_flag(cli, "source") ||
               !atp_with_flag(cli, "node") || !atp_with_flag(cli, "group") || !take_sla(cli) ||
               !atp_with_flag(cli, "order")) {
        return ATP_CLI_USAGE;
    }
    return atp_act_identify(cli, &command, &room)
               ? atp_act_on_subject(cli, &command, is_dropped ? "dropped" : "put")
               : ATP_CLI_USAGE;
}

/* ---- list ---- */

/* Takes a number and the space after it off the text. */
static int64_t take_number(atp_text_t *text)
{
    int64_t number = 0;

    while (text->size > 0 && text->bytes[0] >= '0' && text->bytes[0] <= '9') {
        number = number * 10 + (text->bytes[0] - '0');
        *text = (atp_text_t){text->bytes + 1, text->size - 1};
    }
    if (text->size > 0) {
        *text = (atp_text_t){text->bytes + 1, text->size - 1};
    }
    return number;
}

/* The engine says it so: name is "OVERDUE OLDEST_MS words...", value how many are not settled. */
static void put_entry(atp_out_t *out, const atp_catalog_entry_t *entry)
{
    atp_text_t text = entry->name;

    atp_out_row(out);
    atp_out_text(out, "owner", "OWNER", entry->id);
    atp_out_int(out, "unsettled", "UNSETTLED", entry->value);
    atp_out_int(out, "overdue", "OVERDUE", take_number(&text));
    int64_t oldest_ms = take_number(&text);
    if (oldest_ms != 0) {
        atp_out_time(out, "oldest_ms", "OLDEST", oldest_ms);
    } else {
        atp_out_none(out, "oldest_ms", "OLDEST");
    }
    atp_out_text(out, "says", "SAYS", text);
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    atp_out_t *out = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        put_entry(out, &entries[i]);
    }
    return true;
}

static int list(atp_cli_t *cli)
{
    atp_page_ask_t ask = {.what = ATP_CATALOG_EXCEPTION_OWNERS};
    int status = atp_pages_walk(cli, atp_client_catalog, &ask, 0, take_page, &cli->out);
    bool is_empty = cli->out.row_count == 0;

    atp_out_end(&cli->out);
    if (status == ATP_CLI_DONE && is_empty) {
        atp_cli_note(cli, "nobody: atp exceptions owner put NAME --sla 4h");
    }
    return status;
}

static int owners(atp_cli_t *cli)
{
    const char *what = cli->args.words[0];
    bool has_name = cli->args.word_count == 2;

    if (strcmp(what, "put") == 0 && has_name) {
        return change(cli, false);
    }
    if (strcmp(what, "drop") == 0 && has_name) {
        return change(cli, true);
    }
    if (strcmp(what, "list") == 0 && !has_name) {
        return list(cli);
    }
    return atp_cli_usage(cli->cmd, "put NAME, drop NAME or list");
}

static const atp_flag_t flags[] = {
    {"kind", "KIND", NULL, "put: exceptions of this kind; several times for several (all)"},
    {"source", "SOURCE", NULL, "put: of what this source told; several times for up to 8 (all)"},
    {"node", "NODE", NULL, "put: at this node; several times for up to 16 (all, and those at none)"},
    {"group", "GROUP", NULL, "put: at a node of this group; several times for up to 8"},
    {"sla", "TIME", NULL, "put: to be settled within this time, else they are overdue (whenever)"},
    {"order", "N", NULL, "put: which rule comes first: the lowest, of equal ones the one made first (0)"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {
    "atp exceptions owner put stock-control --sla 24h --order 100",
    "atp exceptions owner put warehouse --source wms --kind fact_refused --kind quarantined --sla 4h",
    "atp exceptions owner put stores --group stores --sla 1d --order 10",
    "atp exceptions owner list",
    "atp exceptions owner drop warehouse",
    NULL};

const atp_cmd_t atp_cmd_exceptions_owner = {
    .name = "exceptions owner",
    .group = "Operate",
    .synopsis = "put NAME | drop NAME | list",
    .summary = "Who settles exceptions, and within which time",
    .about =
        "An exception is that of the first owner whose rule fits it, or nobody's. A change goes for all that "
        "are not\n"
        "settled yet; what is settled keeps its owner. put tells all of a rule: what is not given is as for "
        "a "
        "new one.\n"
        "UNSETTLED: open and parked ones. One that is not settled in time is told once in atpd's log.",
    .word_min = 1,
    .word_max = 2,
    .flags = flags,
    .examples = examples,
    .kind = ATP_OP_EXCEPTION_OWNER,
    .run = owners,
};
