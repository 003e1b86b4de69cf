/* atp source: who tells what, and how it is treated. */
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"
#include "tools/atp/rows/pages.h"
#include "tools/atp/rows/source_rows.h"

#include "engine/base/attribute.h"

#include <stdlib.h>
#include <string.h>

/* ---- claims: WHAT[+WHAT...][:shared][@PLACE[,PLACE...]] ---- */

/* What --claim says, taken apart: the names stay here until the program ends. */
static char claim_texts[65536];
static size_t claim_texts_used;

static bool no_claim(const atp_cli_t *cli, const char *text, const char *why)
{
    (void)atp_cli_usage(cli->cmd, "--claim '%.128s' is not WHAT[+WHAT][:shared][@NODE,group:GROUP]: %s", text,
                        why);
    return false;
}

static char *copy_claim(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = claim_texts + claim_texts_used;

    if (size > sizeof claim_texts - claim_texts_used) {
        return NULL;
    }
    memcpy(copy, text, size);
    claim_texts_used += size;
    return copy;
}

static bool has_room(const atp_cli_t *cli)
{
    if (cli->attribute_count + 2 > ATP_ATTRIBUTES_PER_OP_MAX) {
        (void)atp_cli_usage(cli->cmd, "claims and their places are more than %d", ATP_ATTRIBUTES_PER_OP_MAX);
        return false;
    }
    return true;
}

/* The places of a claim, each an attribute behind it. */
static bool add_places(atp_cli_t *cli, const char *places)
{
    char *rest = copy_claim(places);
    char *place;

    if (rest == NULL) {
        (void)atp_cli_usage(cli->cmd, "the claims are longer than %zu bytes", sizeof claim_texts);
        return false;
    }
    while ((place = strsep(&rest, ",")) != NULL) {
        bool is_group = strncmp(place, "group:", 6) == 0;
        if (!has_room(cli) ||
            !atp_with_text(cli, is_group ? ATP_KEY_GROUP : ATP_KEY_NODE, is_group ? place + 6 : place)) {
            return false;
        }
    }
    return true;
}

/* One sort of facts, and where. */
static bool add_claim(atp_cli_t *cli, int64_t claim, bool is_shared, const char *places)
{
    if (!has_room(cli)) {
        return false;
    }
    atp_with_number(cli, ATP_KEY_CLAIM, claim);
    if (is_shared) {
        atp_with_number(cli, ATP_KEY_SHARED, 1);
    }
    return places == NULL || add_places(cli, places);
}

static bool take_claim(atp_cli_t *cli, const char *text)
{
    const atp_attribute_rule_t *rule = atp_attribute_rule(ATP_KEY_CLAIM);
    char *rest = copy_claim(text);
    atp_text_t word;
    char *what;

    if (rest == NULL) {
        return no_claim(cli, text, "the claims are too long");
    }
    char *places = strchr(rest, '@');
    if (places != NULL) {
        *places++ = '\0';
    }
    char *mark = strchr(rest, ':');
    if (mark != NULL && strcmp(mark, ":shared") != 0) {
        return no_claim(cli, text, "only :shared can be said of it");
    }
    if (mark != NULL) {
        *mark = '\0';
    }
    if (strcmp(rest, "all") == 0) {
        bool is_added = true;
        for (int64_t claim = 0; is_added && atp_attribute_word(rule, claim, &word); claim++) {
            is_added = add_claim(cli, claim, mark != NULL, places);
        }
        return is_added;
    }
    while ((what = strsep(&rest, "+")) != NULL) {
        int64_t claim = atp_attribute_choice(rule, atp_text_of(what));
        if (claim < 0) {
            return no_claim(cli, text, rule->words);
        }
        if (!add_claim(cli, claim, mark != NULL, places)) {
            return false;
        }
    }
    return true;
}

static bool take_claims(atp_cli_t *cli)
{
    unsigned cursor = 0;
    const char *text;

    while ((text = atp_args_each(&cli->args, "claim", &cursor)) != NULL) {
        if (!take_claim(cli, text)) {
            return false;
        }
    }
    return true;
}

/* ---- changing ---- */

static bool take_source(const atp_cli_t *cli, atp_command_t *command)
{
    command->kind = ATP_OP_REGISTER_SOURCE;
    command->subject = atp_text_of(cli->args.words[0]);
    if (command->subject.size >= 1 && command->subject.size <= ATP_ID_SIZE_MAX &&
        atp_text_is_clean(command->subject)) {
        return true;
    }
    (void)atp_cli_usage(cli->cmd, "a source is an id: 1 to %d bytes of UTF-8 without control characters",
                        ATP_ID_SIZE_MAX);
    return false;
}

static bool take_duration(atp_cli_t *cli, const char *flag, unsigned key)
{
    int64_t ms = -1;

    if (!atp_args_duration(&cli->args, flag, 0, &ms)) {
        return false;
    }
    if (ms >= 0) {
        atp_with_number(cli, key, ms);
    }
    return true;
}

static bool take_put(atp_cli_t *cli)
{
    return atp_with_flag_as(cli, "kind", ATP_KEY_SOURCE_KIND) && atp_with_flag(cli, "class") &&
           atp_with_flag(cli, "rate") && take_duration(cli, "sla", ATP_KEY_SLA) &&
           atp_with_flag(cli, "breaker") && take_duration(cli, "window", ATP_KEY_BREAKER_WINDOW) &&
           atp_with_flag(cli, "restarts") && atp_with_flag_as(cli, "unknown-names", ATP_KEY_UNKNOWN_NAMES) &&
           atp_with_flag_as(cli, "shadow-of", ATP_KEY_SHADOW_OF) && take_claims(cli);
}

static int put_source(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_REGISTER_SOURCE};
    atp_act_id_t room;

    if (!take_source(cli, &command) || !take_put(cli) || !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    return atp_act_on_subject(cli, &command, "registered");
}

/* The same with one thing said. */
static int say(atp_cli_t *cli, unsigned key, int64_t number, const char *done)
{
    atp_command_t command = {.kind = ATP_OP_REGISTER_SOURCE};
    atp_act_id_t room;

    if (!take_source(cli, &command) || !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    atp_with_number(cli, key, number);
    return atp_act_on_subject(cli, &command, done);
}

static int drop_source(atp_cli_t *cli)
{
    return say(cli, ATP_KEY_DROPPED, 1, "dropped");
}

static int pause_source(atp_cli_t *cli)
{
    return say(cli, ATP_KEY_STATE, 1, "paused");
}

static int resume_source(atp_cli_t *cli)
{
    return say(cli, ATP_KEY_STATE, 0, "resumed");
}

/* ---- telling ---- */

typedef struct telling {
    atp_cli_t *cli;
    const char *only; /* a source, or NULL: all */
    uint64_t rows;
} telling_t;

/* One row. False: there is none to be told of it. */
typedef bool put_row_t(const telling_t *telling, const atp_catalog_entry_t *entry);

typedef struct page_take {
    telling_t *telling;
    put_row_t *put;
} page_take_t;

static bool is_told(const telling_t *telling, const atp_catalog_entry_t *entry)
{
    return telling->only == NULL || atp_text_equal(entry->id, atp_text_of(telling->only));
}

static bool put_registration(const telling_t *telling, const atp_catalog_entry_t *entry)
{
    if (!is_told(telling, entry)) {
        return false;
    }
    atp_source_row_registration(&telling->cli->out, entry);
    return true;
}

static bool put_state(const telling_t *telling, const atp_catalog_entry_t *entry)
{
    if (!is_told(telling, entry)) {
        return false;
    }
    atp_source_row_state(&telling->cli->out, entry, telling->only != NULL);
    return true;
}

static bool put_claim(const telling_t *telling, const atp_catalog_entry_t *entry)
{
    if (!is_told(telling, entry)) {
        return false;
    }
    atp_source_row_claim(&telling->cli->out, entry);
    return true;
}

static bool put_difference(const telling_t *telling, const atp_catalog_entry_t *entry)
{
    return atp_source_row_difference(&telling->cli->out, entry, telling->only);
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    page_take_t *take = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        take->telling->rows += take->put(take->telling, &entries[i]);
    }
    return true;
}

static int tell(telling_t *telling, atp_catalog_what_t what, put_row_t *put)
{
    atp_page_ask_t ask = {.what = what};
    page_take_t take = {.telling = telling, .put = put};

    telling->rows = 0;
    int status = atp_pages_walk(telling->cli, atp_client_catalog, &ask, 0, take_page, &take);
    atp_out_end(&telling->cli->out);
    return status;
}

static int list_sources(atp_cli_t *cli)
{
    telling_t telling = {.cli = cli};
    int status = tell(&telling, ATP_CATALOG_SOURCE_STATES, put_state);

    if (status == ATP_CLI_DONE && telling.rows == 0) {
        atp_cli_note(cli, "no sources yet: atp source put SOURCE --claim WHAT");
    }
    return status;
}

static int show_source(atp_cli_t *cli)
{
    telling_t telling = {.cli = cli, .only = cli->args.words[0]};
    int status = tell(&telling, ATP_CATALOG_SOURCES, put_registration);

    if (status == ATP_CLI_DONE && telling.rows == 0) {
        atp_cli_note(cli, "no such source: atp source list");
        return ATP_CLI_REFUSED;
    }
    status = status == ATP_CLI_DONE ? tell(&telling, ATP_CATALOG_SOURCE_STATES, put_state) : status;
    return status == ATP_CLI_DONE ? tell(&telling, ATP_CATALOG_SOURCE_CLAIMS, put_claim) : status;
}

static int list_differences(atp_cli_t *cli)
{
    telling_t telling = {.cli = cli, .only = cli->args.words[0]};
    int status = tell(&telling, ATP_CATALOG_DIFFERENCES, put_difference);

    if (status == ATP_CLI_DONE && telling.rows == 0) {
        atp_cli_note(cli,
                     "no differences, or it is no shadow: atp source show says how many facts were compared");
    }
    return status;
}

static bool count_difference(const telling_t *telling, const atp_catalog_entry_t *entry)
{
    return atp_source_row_is_of_shadow(entry, telling->only);
}

/* What only one of the two has told is booked by nobody: it says how much that is. */
static int cut_over_source(atp_cli_t *cli)
{
    telling_t left = {.cli = cli, .only = cli->args.words[0]};
    int status = say(cli, ATP_KEY_CUT_OVER, 1, "applied from now on");

    if (status == ATP_CLI_DONE && !cli->is_json &&
        tell(&left, ATP_CATALOG_DIFFERENCES, count_difference) == ATP_CLI_DONE && left.rows > 0) {
        atp_cli_note(cli, "differences that stay as they were booked: %llu (atp source differences %s)",
                     (unsigned long long)left.rows, left.only);
    }
    return status;
}

/* ---- the commands ---- */

static const atp_flag_t put_flags[] = {
    {"claim", "WHAT[:shared][@PLACE]", NULL,
     "What it is the authority for: on_hand, unavailable, receipts, sales, steps, returns, adjustments, "
     "supply, "
     "catalogue or all, several joined by +; at nodes and group:GROUP, joined by commas, or everywhere. May "
     "be given "
     "several times; all claims are told each time"},
    {"kind", "KIND", "erp|wms|pos|marketplace|store|3pl|supplier|returns|oms", "What system it is"},
    {"class", "CLASS", "live|urgent|bulk", "Which queue its facts go through (live)"},
    {"rate", "N", NULL, "Facts a second that it may send; 0 = no limit"},
    {"sla", "DURATION", NULL,
     "Not heard for so long it is silent, and what it counts is stale; 0 = it may be"},
    {"breaker", "N", NULL,
     "More facts than this that cannot be applied within the window pause it; 0 = never"},
    {"window", "DURATION", NULL, "The window of the breaker (1min)"},
    {"restarts", "HOW", "allowed|asked", "asked: when it starts over it is paused until it is resumed"},
    {"unknown-names", "POLICY", "unset|refuse|park|create",
     "What becomes of its facts that name an unknown SKU or node; unset = as configured"},
    {"shadow-of", "SOURCE", NULL, "Compare it with that source, and apply nothing of it"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const put_examples[] = {
    "atp source put wms-berlin --kind wms --claim on_hand+steps@berlin --sla 15min --breaker 100",
    "atp source put till-7 --kind pos --claim sales:shared@group:stores",
    "atp source put new-erp --kind erp --claim all --shadow-of erp", NULL};

const atp_cmd_t atp_cmd_source_put = {
    .name = "source put",
    .group = "Sources",
    .synopsis = "SOURCE",
    .summary = "Register a source, or change how it is registered",
    .about = "What a source does not claim is kept as an exception and changes nothing. Two sources claim "
             "the same at one "
             "node only if both say :shared; counts are never shared. What is not said of a registered "
             "source stays.",
    .word_min = 1,
    .word_max = 1,
    .flags = put_flags,
    .examples = put_examples,
    .kind = ATP_OP_REGISTER_SOURCE,
    .run = put_source,
};

static const atp_flag_t act_flags[] = {
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const drop_examples[] = {"atp source drop wms-berlin", "atp source drop wms-berlin --json",
                                            NULL};

const atp_cmd_t atp_cmd_source_drop = {
    .name = "source drop",
    .group = "Sources",
    .synopsis = "SOURCE",
    .summary = "A source is registered no more",
    .about = "It claims nothing then, and may tell everything, unless sources must be registered.",
    .word_min = 1,
    .word_max = 1,
    .flags = act_flags,
    .examples = drop_examples,
    .run = drop_source,
};

static const char *const pause_examples[] = {"atp source pause wms-berlin",
                                             "atp source pause wms-berlin --json", NULL};

const atp_cmd_t atp_cmd_source_pause = {
    .name = "source pause",
    .group = "Sources",
    .synopsis = "SOURCE",
    .summary = "Take no more batches of a source for now",
    .about = "A source with an outbox keeps them. Those of other sources are taken.",
    .word_min = 1,
    .word_max = 1,
    .flags = act_flags,
    .examples = pause_examples,
    .run = pause_source,
};

static const char *const resume_examples[] = {"atp source resume wms-berlin",
                                              "atp source resume wms-berlin --json", NULL};

const atp_cmd_t atp_cmd_source_resume = {
    .name = "source resume",
    .group = "Sources",
    .synopsis = "SOURCE",
    .summary = "Take the batches of a paused source again",
    .about = "However it was paused: by a person, by its breaker, or because it had started over.",
    .word_min = 1,
    .word_max = 1,
    .flags = act_flags,
    .examples = resume_examples,
    .run = resume_source,
};

static const char *const cut_over_examples[] = {"atp source cut-over new-erp",
                                                "atp source cut-over new-erp --json", NULL};

const atp_cmd_t atp_cmd_source_cut_over = {
    .name = "source cut-over",
    .group = "Sources",
    .synopsis = "SOURCE",
    .summary = "Apply what a shadow tells from now on",
    .about = "The source that it was compared with is its shadow then; the same command for that one goes "
             "back. What\n"
             "only the shadow had told by then is not booked: atp source differences SOURCE lists it still; "
             "a feed of the\n"
             "source books it.",
    .word_min = 1,
    .word_max = 1,
    .flags = act_flags,
    .examples = cut_over_examples,
    .run = cut_over_source,
};

static const char *const differences_examples[] = {"atp source differences new-erp",
                                                   "atp source differences new-erp --json", NULL};

const atp_cmd_t atp_cmd_source_differences = {
    .name = "source differences",
    .group = "Sources",
    .synopsis = "SOURCE",
    .summary = "Where a shadow tells other quantities than the source it is compared with",
    .about = "By SKU and node, since the comparison began: the changes of on-hand that each has told, added "
             "up, and the last "
             "count of each. Those that tell the same are left out.",
    .word_min = 1,
    .word_max = 1,
    .examples = differences_examples,
    .run = list_differences,
};

static const char *const list_examples[] = {"atp source list", "atp source list --json", NULL};

const atp_cmd_t atp_cmd_source_list = {
    .name = "source list",
    .group = "Sources",
    .synopsis = "",
    .summary = "All sources, registered or heard of, and how they are",
    .examples = list_examples,
    .run = list_sources,
};

static const char *const show_examples[] = {"atp source show wms-berlin", "atp source show wms-berlin --json",
                                            NULL};

const atp_cmd_t atp_cmd_source_show = {
    .name = "source show",
    .group = "Sources",
    .synopsis = "SOURCE",
    .summary = "How a source is registered, how it is, and what it claims",
    .word_min = 1,
    .word_max = 1,
    .examples = show_examples,
    .run = show_source,
};
