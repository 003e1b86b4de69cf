/* atp alias and atp unit: what other names mean, and what units of quantities are. */
#include "engine/base/attribute.h"
#include "tools/atp/act.h"
#include "tools/atp/commands/cmds.h"
#include "tools/atp/rows/pages.h"

#include <string.h>

/* ---- sending ---- */

static bool take_subject(const atp_cli_t *cli, atp_op_kind_t kind, atp_command_t *command)
{
    command->kind = kind;
    command->subject = atp_text_of(cli->args.words[0]);
    if (command->subject.size >= 1 && command->subject.size <= ATP_ID_SIZE_MAX &&
        atp_text_is_clean(command->subject)) {
        return true;
    }
    (void)atp_cli_usage(cli->cmd, "'%.80s' is not 1 to %d bytes of UTF-8 without control characters",
                        cli->args.words[0], ATP_ID_SIZE_MAX);
    return false;
}

static int put_alias(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_ALIAS};
    atp_act_id_t room;

    if (atp_args_has(&cli->args, "sku") == atp_args_has(&cli->args, "node")) {
        return atp_cli_usage(cli->cmd, "an alias means a SKU (--sku) or a node (--node)");
    }
    if (!take_subject(cli, ATP_OP_ALIAS, &command) || !atp_with_flag(cli, "sku") ||
        !atp_with_flag(cli, "node") || !atp_with_flag_as(cli, "told-by", ATP_KEY_TOLD_BY) ||
        !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    return atp_act_on_subject(cli, &command, "put");
}

/* Which kind it is of is said by the key; of what, the engine knows. */
static int drop_alias(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_ALIAS};
    atp_act_id_t room;
    unsigned of = 0;

    if (!atp_args_has(&cli->args, "of")) {
        return atp_cli_usage(cli->cmd,
                             "a text may be an alias of a SKU and of a node: --of sku or --of node");
    }
    if (!take_subject(cli, ATP_OP_ALIAS, &command) || !atp_args_choice(&cli->args, "of", &of) ||
        !atp_with_text(cli, of == 0 ? ATP_KEY_SKU : ATP_KEY_NODE, cli->args.words[0]) ||
        !atp_with_flag_as(cli, "told-by", ATP_KEY_TOLD_BY) || !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    atp_with_number(cli, ATP_KEY_DROPPED, 1);
    return atp_act_on_subject(cli, &command, "dropped");
}

static int put_unit(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_UNIT};
    atp_act_id_t room;

    if (!take_subject(cli, ATP_OP_UNIT, &command) || !atp_with_flag(cli, "sku") ||
        !atp_with_flag_as(cli, "told-by", ATP_KEY_TOLD_BY) || !atp_with_flag(cli, "is") ||
        !atp_with_flag(cli, "for") || !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    return atp_act_on_subject(cli, &command, "put");
}

static int drop_unit(atp_cli_t *cli)
{
    atp_command_t command = {.kind = ATP_OP_UNIT};
    atp_act_id_t room;

    if (!take_subject(cli, ATP_OP_UNIT, &command) || !atp_with_flag(cli, "sku") ||
        !atp_with_flag_as(cli, "told-by", ATP_KEY_TOLD_BY) || !atp_act_identify(cli, &command, &room)) {
        return ATP_CLI_USAGE;
    }
    atp_with_number(cli, ATP_KEY_DROPPED, 1);
    return atp_act_on_subject(cli, &command, "dropped");
}

/* ---- lists ---- */

typedef struct listing {
    atp_cli_t *cli;
    const char *key; /* of the id */
    const char *header;
} listing_t;

static bool take_page(void *context, const atp_answer_t *answer)
{
    const listing_t *listing = context;
    atp_out_t *out = &listing->cli->out;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        atp_out_row(out);
        atp_out_text(out, listing->key, listing->header, entries[i].id);
        atp_out_text(out, "means", "MEANS", entries[i].name);
    }
    return true;
}

static int list(atp_cli_t *cli, atp_catalog_what_t what, const listing_t *listing, const char *none)
{
    atp_page_ask_t ask = {.what = what};
    int status = atp_pages_walk(cli, atp_client_catalog, &ask, 0, take_page, (void *)(uintptr_t)listing);
    bool is_empty = cli->out.row_count == 0;

    atp_out_end(&cli->out);
    if (status == ATP_CLI_DONE && is_empty) {
        atp_cli_note(cli, "%s", none);
    }
    return status;
}

static int list_aliases(atp_cli_t *cli)
{
    const listing_t listing = {cli, "alias", "ALIAS"};

    return list(cli, ATP_CATALOG_ALIASES, &listing, "no aliases: atp alias put TEXT --sku SKU");
}

static int list_units(atp_cli_t *cli)
{
    const listing_t listing = {cli, "unit", "UNIT"};

    return list(cli, ATP_CATALOG_UNITS, &listing, "no units: atp unit put CS --sku SKU --is 12");
}

/* ---- the commands ---- */

static const atp_flag_t alias_put_flags[] = {
    {"sku", "SKU", NULL, "The SKU that it means"},
    {"node", "NODE", NULL, "The node that it means"},
    {"told-by", "NAME", NULL, "To this source or client only; without: to all"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const alias_put_examples[] = {"atp alias put 4006381333931 --sku bike-28",
                                                 "atp alias put 0001 --node berlin --told-by wms-berlin",
                                                 NULL};

const atp_cmd_t atp_cmd_alias_put = {
    .name = "alias put",
    .group = "Catalogue",
    .synopsis = "TEXT",
    .summary = "Give a SKU or node another name, of one source or client or of all",
    .about =
        "Facts, loads, reservations and questions may use it wherever an id is taken. A source's own comes "
        "before that of\n"
        "all. What is an id, or means something else already, is refused. Facts that wait for the name are "
        "applied.",
    .word_min = 1,
    .word_max = 1,
    .flags = alias_put_flags,
    .examples = alias_put_examples,
    .kind = ATP_OP_ALIAS,
    .run = put_alias,
};

static const atp_flag_t alias_drop_flags[] = {
    {"of", "KIND", "sku|node", "Whether it is an alias of a SKU or of a node"},
    {"told-by", "NAME", NULL, "That of this source or client; without: that of all"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const alias_drop_examples[] = {"atp alias drop 4006381333931 --of sku",
                                                  "atp alias drop 0001 --of node --told-by wms-berlin", NULL};

const atp_cmd_t atp_cmd_alias_drop = {
    .name = "alias drop",
    .group = "Catalogue",
    .synopsis = "TEXT",
    .summary = "A name means nothing any more",
    .word_min = 1,
    .word_max = 1,
    .flags = alias_drop_flags,
    .examples = alias_drop_examples,
    .run = drop_alias,
};

static const char *const alias_list_examples[] = {"atp alias list", "atp alias list --json", NULL};

const atp_cmd_t atp_cmd_alias_list = {
    .name = "alias list",
    .group = "Catalogue",
    .synopsis = "",
    .summary = "All aliases, what they mean and to whom",
    .examples = alias_list_examples,
    .run = list_aliases,
};

static const atp_flag_t unit_put_flags[] = {
    {"sku", "SKU", NULL, "Of this SKU; without: of all that have none of that name"},
    {"is", "N", NULL, "How many of the SKU's own unit it is (1)"},
    {"for", "N", NULL, "For so many of it: 1 for 3 is a third (1)"},
    {"told-by", "NAME", NULL, "To this source or client only; without: to all"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const unit_put_examples[] = {"atp unit put CS --sku bike-28 --is 12",
                                                "atp unit put CS --sku bike-28 --is 24 --told-by acme",
                                                "atp unit put EA", "atp unit put DZ --is 12", NULL};

const atp_cmd_t atp_cmd_unit_put = {
    .name = "unit put",
    .group = "Catalogue",
    .synopsis = "UNIT",
    .summary = "Say what a case, a pack or a dozen is of a SKU or of all, to one source or client or to all",
    .about = "A quantity told with --with unit=CS becomes one in the SKU's own unit, exactly or not at all. "
             "What a source\n"
             "or client has told of its own (--told-by) comes before what is told of all; of either, what is "
             "told of the\n"
             "SKU comes first. A fact in a unit that nothing is said of to its source is kept as an "
             "exception: put the\n"
             "unit, then replay it.",
    .word_min = 1,
    .word_max = 1,
    .flags = unit_put_flags,
    .examples = unit_put_examples,
    .kind = ATP_OP_UNIT,
    .run = put_unit,
};

static const atp_flag_t unit_drop_flags[] = {
    {"sku", "SKU", NULL, "That of this SKU; without: that of all"},
    {"told-by", "NAME", NULL, "That of this source or client; without: that of all"},
    ATP_ACT_FLAGS,
    {NULL, NULL, NULL, NULL},
};

static const char *const unit_drop_examples[] = {"atp unit drop CS --sku bike-28",
                                                 "atp unit drop CS --sku bike-28 --told-by acme",
                                                 "atp unit drop DZ", NULL};

const atp_cmd_t atp_cmd_unit_drop = {
    .name = "unit drop",
    .group = "Catalogue",
    .synopsis = "UNIT",
    .summary = "A unit is none any more",
    .word_min = 1,
    .word_max = 1,
    .flags = unit_drop_flags,
    .examples = unit_drop_examples,
    .run = drop_unit,
};

static const char *const unit_list_examples[] = {"atp unit list", "atp unit list --json", NULL};

const atp_cmd_t atp_cmd_unit_list = {
    .name = "unit list",
    .group = "Catalogue",
    .synopsis = "",
    .summary = "All units, what they are and to whom",
    .examples = unit_list_examples,
    .run = list_units,
};
