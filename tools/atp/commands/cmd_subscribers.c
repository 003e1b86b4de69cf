/* atp subscriber: who hears postings. */
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"
#include "tools/atp/rows/pages.h"
#include "tools/atp/rows/words.h"

#include "engine/base/attribute.h"

#include <inttypes.h>
#include <string.h>

/* ---- put and drop ---- */

static bool take_name(const atp_cli_t *cli, atp_command_t *command)
{
    command->subject = atp_text_of(cli->args.words[0]);
    if (command->subject.size >= 1 && command->subject.size <= ATP_ID_SIZE_MAX &&
        atp_text_is_clean(command->subject)) {
        return true;
    }
    (void)atp_cli_usage(cli->cmd, "a subscriber is an id: 1 to %d bytes of UTF-8 without control characters",
                        ATP_ID_SIZE_MAX);
    return false;
}

static bool take_sla(atp_cli_t *cli)
{
    int64_t sla_ms = 0;

    if (!atp_args_duration(&cli->args, "sla", 0, &sla_ms)) {
        return false;
    }
    if (sla_ms > 0) {
        atp_with_number(cli, ATP_KEY_POSTING_SLA, sla_ms);
    }
    return true;
}

static int put(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_SUBSCRIBER};
    atp_act_id_t room;

    if (!take_name(cli, &command) || !atp_with_flag(cli, "posts") || !atp_with_flag(cli, "node") ||
        !atp_with_flag(cli, "group") || !atp_with_flag_as(cli, "rate", ATP_KEY_POSTING_RATE) ||
        !take_sla(cli) || !atp_with_flag(cli, "begin") ||
        !atp_with_flag_as(cli, "when-full", ATP_KEY_WHEN_FULL) || !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    if (atp_args_has(&cli->args, "confirms")) {
        atp_with_number(cli, ATP_KEY_CONFIRMS, 1);
    }
    return atp_act_on_subject(cli, &command, "put");
}

static int drop(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_SUBSCRIBER};
    atp_act_id_t room;

    if (!take_name(cli, &command) || !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    atp_with_number(cli, ATP_KEY_DROPPED, 1);
    return atp_act_on_subject(cli, &command, "dropped");
}

/* ---- list and show ---- */

typedef struct listing {
    atp_out_t *out;
    const char *only; /* a subscriber, or NULL: all */
    bool is_found;
} listing_t;

/* The engine says it so: name is "NEWEST OPEN LOST late|in_time words...", value what is acknowledged. */
static void put_entry(atp_out_t *out, const atp_catalog_entry_t *entry)
{
    atp_text_t text = entry->name;

    atp_out_row(out);
    atp_out_text(out, "subscriber", "SUBSCRIBER", entry->id);
    atp_out_int(out, "acknowledged", "ACKNOWLEDGED", entry->value);
    atp_out_uint(out, "newest", "NEWEST", atp_words_take_number(&text));
    atp_out_uint(out, "open", "OPEN", atp_words_take_number(&text));
    atp_out_uint(out, "lost", "LOST", atp_words_take_number(&text));
    bool is_late = atp_text_equal(atp_words_take(&text), ATP_TEXT("late"));
    atp_out_string(out, NULL, "LATE", is_late ? "yes" : "no");
    atp_out_bool(out, "is_late", is_late);
    atp_out_text(out, "says", "SAYS", text);
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    listing_t *listing = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        if (listing->only == NULL || atp_text_equal(entries[i].id, atp_text_of(listing->only))) {
            put_entry(listing->out, &entries[i]);
            listing->is_found = true;
        }
    }
    return true;
}

static int list_some(atp_cli_t *cli, const char *only)
{
    atp_page_ask_t ask = {.what = ATP_CATALOG_SUBSCRIBERS};
    listing_t listing = {.out = &cli->out, .only = only};
    int status = atp_pages_walk(cli, atp_client_catalog, &ask, 0, take_page, &listing);

    atp_out_end(&cli->out);
    if (status == ATP_CLI_DONE && !listing.is_found && only != NULL) {
        return atp_cli_fail(cli, ATP_CLI_REFUSED, "unknown_subscriber", "there is no subscriber '%.64s'",
                            only);
    }
    if (status == ATP_CLI_DONE && !listing.is_found) {
        atp_cli_note(cli, "no subscribers: atp subscriber put NAME");
    }
    return status;
}

static int list(atp_cli_t *cli)
{
    return list_some(cli, NULL);
}

static int show(atp_cli_t *cli)
{
    return list_some(cli, cli->args.words[0]);
}

/* ---- the commands ---- */

static const atp_flag_t put_flags[] = {
    {"posts", "KIND", "reserved|released|cancelled|allocated|shipped|returned|adjusted|counted|sold|received",
     "Hears of these only; several times for several (all)"},
    {"node", "NODE", NULL, "Of this node only; several times for up to 16 (all)"},
    {"group", "GROUP", NULL, "Of the nodes of this group only"},
    {"rate", "N", NULL, "Is told at most so many a second; 0 = any (0)"},
    {"sla", "TIME", NULL, "An exception tells postings that are not settled in this time; 0 = whenever (0)"},
    {"begin", "WHERE", "now|oldest", "Where a new subscriber begins (now)"},
    {"when-full", "WHAT", "lose|wait",
     "What it has not settled makes room, and an exception tells it; or new promises wait (lose)"},
    {"confirms", NULL, NULL, "A posting is settled when it is confirmed, not when it is acknowledged"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const put_examples[] = {
    "atp subscriber put erp --posts shipped --posts returned --confirms --sla 4h",
    "atp subscriber put store-7 --node store-7 --rate 50", NULL};

const atp_cmd_t atp_cmd_subscriber_put = {
    .name = "subscriber put",
    .group = "Going out",
    .synopsis = "NAME",
    .summary = "Create or change who hears postings",
    .about =
        "Postings are what a system of record must hear: every change of stock and of promises, numbered, in "
        "order.\nThey are kept from the first subscriber on. What is not given is as for a new one, but for "
        "its "
        "position.",
    .word_min = 1,
    .word_max = 1,
    .flags = put_flags,
    .examples = put_examples,
    .kind = ATP_OP_SUBSCRIBER,
    .run = put,
};

static const atp_flag_t drop_flags[] = {
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const drop_examples[] = {"atp subscriber drop old-erp",
                                            "atp subscriber drop old-erp --json", NULL};

const atp_cmd_t atp_cmd_subscriber_drop = {
    .name = "subscriber drop",
    .group = "Going out",
    .synopsis = "NAME",
    .summary = "A subscriber is no more: nothing waits for it",
    .word_min = 1,
    .word_max = 1,
    .flags = drop_flags,
    .examples = drop_examples,
    .kind = ATP_OP_SUBSCRIBER,
    .run = drop,
};

static const char *const list_examples[] = {"atp subscriber list", "atp subscriber list --json", NULL};

const atp_cmd_t atp_cmd_subscriber_list = {
    .name = "subscriber list",
    .group = "Going out",
    .synopsis = "",
    .summary = "Who hears postings, and how far each is",
    .about = "ACKNOWLEDGED is the number of the last posting it has stored. OPEN: at most so many are not "
             "settled.",
    .examples = list_examples,
    .run = list,
};

static const char *const show_examples[] = {"atp subscriber show erp", "atp subscriber show erp --json",
                                            NULL};

const atp_cmd_t atp_cmd_subscriber_show = {
    .name = "subscriber show",
    .group = "Going out",
    .synopsis = "NAME",
    .summary = "One subscriber, and how far it is",
    .word_min = 1,
    .word_max = 1,
    .examples = show_examples,
    .run = show,
};
