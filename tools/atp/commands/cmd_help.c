/* atp help, completion, version. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/with.h"

#include <string.h>

static const atp_cmd_t *find(const atp_args_t *args)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%s%s%s", args->words[0], args->word_count > 1 ? " " : "",
                   args->word_count > 1 ? args->words[1] : "");
    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        if (strcmp(atp_cmds[i]->name, name) == 0) {
            return atp_cmds[i];
        }
    }
    return NULL;
}

static int help(atp_cli_t *cli)
{
    if (atp_args_has(&cli->args, "markdown")) {
        atp_help_print_markdown(stdout);
        return ATP_CLI_DONE;
    }
    if (cli->args.word_count == 0) {
        atp_help_print(stdout);
        return ATP_CLI_DONE;
    }
    if (strcmp(cli->args.words[0], "attributes") == 0) {
        atp_with_print(stdout);
        return ATP_CLI_DONE;
    }
    const atp_cmd_t *cmd = find(&cli->args);
    if (cmd == NULL) {
        return atp_cli_usage(NULL, "there is no command '%s%s%s'", cli->args.words[0],
                             cli->args.word_count > 1 ? " " : "",
                             cli->args.word_count > 1 ? cli->args.words[1] : "");
    }
    atp_help_print_command(stdout, cmd);
    return ATP_CLI_DONE;
}

static int complete(atp_cli_t *cli)
{
    const char *shell = cli->args.words[0];

    if (strcmp(shell, "bash") == 0) {
        atp_complete_print_bash(stdout);
    } else if (strcmp(shell, "zsh") == 0) {
        atp_complete_print_zsh(stdout);
    } else {
        return atp_cli_usage(cli->cmd, "'%s' is not a shell this knows: bash or zsh", shell);
    }
    return ATP_CLI_DONE;
}

static int version(atp_cli_t *cli)
{
    if (cli->is_json) {
        atp_out_row(&cli->out);
        atp_out_string(&cli->out, "version", NULL, ATP_VERSION);
        atp_out_end(&cli->out);
    } else {
        (void)printf("atp %s\n", ATP_VERSION);
    }
    return ATP_CLI_DONE;
}

static const atp_flag_t help_flags[] = {
    {"markdown", NULL, NULL, "The reference of all commands, as it stands in docs/atp.md"},
    {NULL, NULL, NULL, NULL},
};

static const char *const help_examples[] = {"atp help", "atp help reserve", "atp help sku put",
                                            "atp help attributes", NULL};

const atp_cmd_t atp_cmd_help = {
    .name = "help",
    .group = "This program",
    .synopsis = "[COMMAND|attributes]",
    .summary = "What commands there are, or one in full",
    .word_max = 2,
    .flags = help_flags,
    .examples = help_examples,
    .run = help,
};

static const char *const completion_examples[] = {"source <(atp completion bash)",
                                                  "atp completion bash > /etc/bash_completion.d/atp",
                                                  "atp completion zsh > ~/.zfunc/_atp", NULL};

const atp_cmd_t atp_cmd_completion = {
    .name = "completion",
    .group = "This program",
    .synopsis = "bash|zsh",
    .summary = "A script that completes commands, flags and their values",
    .choices = "bash|zsh",
    .word_min = 1,
    .word_max = 1,
    .examples = completion_examples,
    .run = complete,
};

static const char *const version_examples[] = {"atp version", "atp version --json", NULL};

const atp_cmd_t atp_cmd_version = {
    .name = "version",
    .group = "This program",
    .synopsis = "",
    .summary = "Which version this is",
    .examples = version_examples,
    .run = version,
};
