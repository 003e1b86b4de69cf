/* atp kit: what kits are made of. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/rows/pages.h"

/* Of one kit, or of all. */
typedef struct showing {
    atp_out_t *out;
    atp_text_t kit; /* "" = all */
    uint64_t left;
} showing_t;

static bool take_page(void *context, const atp_answer_t *answer)
{
    showing_t *showing = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count && showing->left > 0; i++) {
        if (showing->kit.size > 0 && !atp_text_equal(entries[i].id, showing->kit)) {
            continue;
        }
        atp_out_row(showing->out);
        atp_out_text(showing->out, "kit", "KIT", entries[i].id);
        atp_out_text(showing->out, "component", "COMPONENT", entries[i].name);
        showing->left--;
    }
    return showing->left > 0;
}

/* Shows them; *ret_is_empty: there were none. Returns the exit status. */
static int show(atp_cli_t *cli, atp_text_t kit, uint64_t most, bool *ret_is_empty)
{
    showing_t showing = {&cli->out, kit, most != 0 ? most : UINT64_MAX};
    atp_page_ask_t ask = {.what = ATP_CATALOG_COMPONENTS};
    int status = atp_pages_walk(cli, atp_client_catalog, &ask, 0, take_page, &showing);

    *ret_is_empty = status == ATP_CLI_DONE && cli->out.row_count == 0;
    atp_out_end(&cli->out);
    return status;
}

static int show_kit(atp_cli_t *cli)
{
    bool is_empty;
    int status = show(cli, atp_text_of(cli->args.words[0]), 0, &is_empty);

    if (is_empty) {
        atp_cli_note(cli, "no such kit: atp kit list");
        return ATP_CLI_REFUSED;
    }
    return status;
}

static int list_kits(atp_cli_t *cli)
{
    uint64_t most = 0;
    bool is_empty;

    if (!atp_args_count(&cli->args, "limit", 1, UINT32_MAX, &most)) {
        return ATP_CLI_USAGE;
    }
    int status = show(cli, (atp_text_t){"", 0}, most, &is_empty);
    if (is_empty) {
        atp_cli_note(cli, "no kits: atp put kit KIT COMPONENT=QTY...");
    }
    return status;
}

static const atp_flag_t list_flags[] = {
    {"limit", "N", NULL, "At most so many rows"},
    {NULL, NULL, NULL, NULL},
};

static const char *const kit_list_examples[] = {"atp kit list", "atp kit list --json", NULL};

const atp_cmd_t atp_cmd_kit_list = {
    .name = "kit list",
    .group = "Catalogue",
    .synopsis = "",
    .summary = "All kits and their components, as atp put takes them",
    .flags = list_flags,
    .examples = kit_list_examples,
    .run = list_kits,
};

static const char *const kit_show_examples[] = {"atp kit show bike", "atp kit show bike --json", NULL};

const atp_cmd_t atp_cmd_kit_show = {
    .name = "kit show",
    .group = "Catalogue",
    .synopsis = "KIT",
    .summary = "The components of one kit",
    .word_min = 1,
    .word_max = 1,
    .examples = kit_show_examples,
    .run = show_kit,
};
