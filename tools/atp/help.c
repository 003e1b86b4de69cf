/* --help and the reference, from the table of commands. */
#include "tools/atp/cli.h"
#include "tools/atp/with.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *meaning;
} exits[] = {
    {ATP_CLI_DONE, "applied, confirmed or answered"},
    {ATP_CLI_REFUSED, "the engine refused, wholly or in part; the verdict is printed"},
    {ATP_CLI_USAGE, "the command line is wrong; nothing was sent"},
    {ATP_CLI_NO_ANSWER, "no engine reached, or no answer in time; how to ask for the outcome is printed"},
    {ATP_CLI_BAD_INPUT, "the input file or profile is not as it should be; nothing was changed"},
    {ATP_CLI_FAILED, "this machine failed: output not writable, no memory"},
};

#define EXIT_COUNT (sizeof exits / sizeof exits[0])

static void print_flags(FILE *out, const atp_flag_t *flags)
{
    for (const atp_flag_t *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        char head[64];
        (void)snprintf(head, sizeof head, "--%s%s%s", flag->name, flag->value != NULL ? " " : "",
                       flag->value != NULL ? flag->value : "");
        (void)fprintf(out, "  %-22s %s\n", head, flag->help);
        if (flag->choices != NULL && flag->choices[0] > '9') {
            (void)fprintf(out, "  %-22s %s\n", "", flag->choices);
        }
    }
}

void atp_help_print(FILE *out)
{
    const char *group = "";

    (void)fputs("atp: ask and change what can be promised\n\n"
                "Usage: atp COMMAND [WORDS] [--flags]\n",
                out);
    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        if (strcmp(group, atp_cmds[i]->group) != 0) {
            group = atp_cmds[i]->group;
            (void)fprintf(out, "\n%s\n", group);
        }
        (void)fprintf(out, "  %-14s %s\n", atp_cmds[i]->name, atp_cmds[i]->summary);
    }
    (void)fputs("\nEvery command takes\n", out);
    print_flags(out, atp_global_flags);
    (void)fputs("\nExit status\n", out);
    for (unsigned i = 0; i < EXIT_COUNT; i++) {
        (void)fprintf(out, "  %d  %s\n", exits[i].status, exits[i].meaning);
    }
    (void)fputs("\nBegin with\n"
                "  atp stat                        is an engine there?\n"
                "  atp load stock.csv --profile native --dry-run\n"
                "  atp avail SKU --per-node\n"
                "  atp COMMAND --help              flags and examples of one command\n",
                out);
}

static void print_attributes(FILE *out, const atp_cmd_t *cmd)
{
    char list[1024];

    atp_with_list(cmd->kind, list, sizeof list);
    if (list[0] != '\0') {
        (void)fprintf(out, "\nAttributes, by --with KEY=VALUE (see atp help attributes)\n  %s\n", list);
    }
}

void atp_help_print_command(FILE *out, const atp_cmd_t *cmd)
{
    (void)fprintf(out, "atp %s: %s\n\nUsage: atp %s%s%s%s\n", cmd->name, cmd->summary, cmd->name,
                  cmd->synopsis != NULL && cmd->synopsis[0] != '\0' ? " " : "",
                  cmd->synopsis != NULL ? cmd->synopsis : "", cmd->flags != NULL ? " [--flags]" : "");
    if (cmd->about != NULL) {
        (void)fprintf(out, "\n%s\n", cmd->about);
    }
    if (cmd->flags != NULL) {
        (void)fputs("\nFlags\n", out);
        print_flags(out, cmd->flags);
    }
    print_attributes(out, cmd);
    (void)fputs("\nExamples\n", out);
    for (unsigned i = 0; cmd->examples[i] != NULL; i++) {
        (void)fprintf(out, "  %s\n", cmd->examples[i]);
    }
    (void)fputs("\nFlags of every command (--url, --json, ...) and exit status: atp --help\n", out);
}

/* ---- markdown ---- */

static void print_markdown_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            (void)fputc('\\', out);
        }
        (void)fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static void print_markdown_flags(FILE *out, const atp_flag_t *flags)
{
    (void)fputs("\n| flag | what it does |\n|---|---|\n", out);
    for (const atp_flag_t *flag = flags; flag->name != NULL; flag++) {
        (void)fprintf(out, "| `--%s%s%s` | ", flag->name, flag->value != NULL ? " " : "",
                      flag->value != NULL ? flag->value : "");
        print_markdown_text(out, flag->help);
        if (flag->choices != NULL && flag->choices[0] > '9') {
            (void)fputs(": `", out);
            print_markdown_text(out, flag->choices);
            (void)fputc('`', out);
        }
        (void)fputs(" |\n", out);
    }
}

static void print_markdown_command(FILE *out, const atp_cmd_t *cmd)
{
    (void)fprintf(out, "\n### atp %s%s%s\n\n", cmd->name, cmd->synopsis[0] != '\0' ? " " : "", cmd->synopsis);
    print_markdown_text(out, cmd->summary);
    (void)fputs(".", out);
    if (cmd->about != NULL) {
        (void)fputc(' ', out);
        print_markdown_text(out, cmd->about);
    }
    (void)fputc('\n', out);
    if (cmd->flags != NULL) {
        print_markdown_flags(out, cmd->flags);
    }
    (void)fputc('\n', out);
    for (unsigned i = 0; cmd->examples[i] != NULL; i++) {
        (void)fprintf(out, "    %s\n", cmd->examples[i]);
    }
}

void atp_help_print_markdown(FILE *out)
{
    const char *group = "";

    (void)fputs("## Exit status\n\n| status | meaning |\n|---|---|\n", out);
    for (unsigned i = 0; i < EXIT_COUNT; i++) {
        (void)fprintf(out, "| %d | %s |\n", exits[i].status, exits[i].meaning);
    }
    (void)fputs("\n## Flags of every command\n", out);
    print_markdown_flags(out, atp_global_flags);
    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        if (strcmp(group, atp_cmds[i]->group) != 0) {
            group = atp_cmds[i]->group;
            (void)fprintf(out, "\n## %s\n", group);
        }
        print_markdown_command(out, atp_cmds[i]);
    }
}
