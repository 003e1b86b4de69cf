#include "tools/atp/cli.h"

#include "tools/atp/commands/cmds.h"
#include "tools/atp/session.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const atp_flag_t atp_global_flags[] = {
    {"url", "URL", NULL, "Where the engine is (env ATP_URL; tcp://127.0.0.1:7411)"},
    {"events-url", "URL", NULL, "Where its events are (env ATP_EVENTS_URL; tcp://127.0.0.1:7412)"},
    {"client", "NAME", NULL, "Who asks: request ids are remembered per client (env ATP_CLIENT; user@host)"},
    {"token", "TEXT", NULL, "Shown to the engine with each message (env ATP_TOKEN)"},
    {"correlation", "ID", NULL,
     "Kept with all that the command does: atp trace ID finds it again (env ATP_CORRELATION)"},
    {"timeout", "TIME", NULL, "Wait for an answer at most this long (5s)"},
    {"json", NULL, NULL, "JSON lines instead of tables"},
    {"quiet", NULL, NULL, "No header, notes or progress; of what was applied, nothing but the id (-q)"},
    {"help", NULL, NULL, "Help, with examples (-h)"},
    {NULL, NULL, NULL, NULL},
};

/* ---- saying ---- */

int atp_cli_usage(const atp_cmd_t *cmd, const char *format, ...)
{
    va_list arguments;

    (void)fputs("atp", stderr);
    if (cmd != NULL) {
        (void)fprintf(stderr, " %s", cmd->name);
    }
    (void)fputs(": ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\nSee: atp %s%s--help\n", cmd != NULL ? cmd->name : "", cmd != NULL ? " " : "");
    return ATP_CLI_USAGE;
}

int atp_cli_fail(atp_cli_t *cli, int status, const char *name, const char *format, ...)
{
    char sentence[1024];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    (void)fputs("atp: ", stderr);
    for (const char *line = sentence; *line != '\0';) { /* the sentence may have lines of its own */
        size_t size = strcspn(line, "\n");
        atp_out_write_clean(stderr, (atp_text_t){line, (uint32_t)size});
        (void)fputc('\n', stderr);
        line += size + (line[size] == '\n');
    }
    if (cli->is_json) {
        atp_out_end(&cli->out);
        atp_out_row(&cli->out);
        atp_out_string(&cli->out, "error", NULL, name);
        atp_out_string(&cli->out, "message", NULL, sentence);
        atp_out_end(&cli->out);
    }
    return status;
}

void atp_cli_note(const atp_cli_t *cli, const char *format, ...)
{
    va_list arguments;

    if (cli->is_quiet || cli->is_json) {
        return;
    }
    (void)fflush(stdout);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

/* ---- finding the command ---- */

static const atp_cmd_t *find(const char *first, const char *second)
{
    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        const char *name = atp_cmds[i]->name;
        size_t size = strlen(first);
        if (second == NULL ? strcmp(name, first) == 0
                           : strncmp(name, first, size) == 0 && name[size] == ' ' &&
                                 strcmp(name + size + 1, second) == 0) {
            return atp_cmds[i];
        }
    }
    return NULL;
}

/* "sku" of "sku put" and "sku list". */
static bool is_family(const char *word)
{
    size_t size = strlen(word);

    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        if (strncmp(atp_cmds[i]->name, word, size) == 0 && atp_cmds[i]->name[size] == ' ') {
            return true;
        }
    }
    return false;
}

static int refuse_family(const char *word, const char *second)
{
    char list[256] = "";
    size_t size = strlen(word);

    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        const char *name = atp_cmds[i]->name;
        if (strncmp(name, word, size) == 0 && name[size] == ' ') {
            size_t used = strlen(list);
            (void)snprintf(list + used, sizeof list - used, "%satp %s", used > 0 ? ", " : "", name);
        }
    }
    if (second == NULL) {
        return atp_cli_usage(NULL, "'%s' needs another word: %s", word, list);
    }
    return atp_cli_usage(NULL, "there is no '%s %s'; there is %s", word, second, list);
}

static int refuse_command(const char *word)
{
    const char *names[128];
    unsigned count = 0;

    for (; count < 128 && atp_cmds[count] != NULL; count++) {
        names[count] = atp_cmds[count]->name;
    }
    const char *near = atp_suggest(word, names, count);
    if (near != NULL) {
        return atp_cli_usage(NULL, "there is no command '%s'; did you mean '%s'?", word, near);
    }
    return atp_cli_usage(NULL, "there is no command '%s'", word);
}

/* How many words of the command line the global flags before the command take. */
static int skip_global_flags(int argc, char **argv)
{
    int at = 1;

    while (at < argc && argv[at][0] == '-' && argv[at][1] != '\0') {
        const char *name = argv[at] + strspn(argv[at], "-");
        bool takes_value = false;
        for (const atp_flag_t *flag = atp_global_flags; flag->name != NULL; flag++) {
            takes_value |= strcmp(flag->name, name) == 0 && flag->value != NULL;
        }
        at += takes_value ? 2 : 1;
    }
    return at < argc ? at : argc;
}

/* ---- running ---- */

static const char *or_environment(const char *given, const char *name, const char *otherwise)
{
    const char *set = given != NULL ? given : getenv(name);

    return set != NULL && set[0] != '\0' ? set : otherwise;
}

static void name_client(atp_cli_t *cli)
{
    const char *user = getenv("USER");
    char host[ATP_ID_SIZE_MAX + 1] = "";

    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(cli->default_client, sizeof cli->default_client, "%.31s@%.31s",
                   user != NULL && user[0] != '\0' ? user : "atp", host[0] != '\0' ? host : "localhost");
    if (!atp_text_is_clean(atp_text_of(cli->default_client))) {
        (void)snprintf(cli->default_client, sizeof cli->default_client, "atp");
    }
}

static bool take_globals(atp_cli_t *cli)
{
    const atp_args_t *args = &cli->args;
    int64_t timeout_ms = 0;

    name_client(cli);
    cli->is_json = atp_args_has(args, "json");
    cli->is_quiet = atp_args_has(args, "quiet");
    cli->url = or_environment(atp_args_text(args, "url"), "ATP_URL", ATP_CLI_DEFAULT_URL);
    cli->events_url =
        or_environment(atp_args_text(args, "events-url"), "ATP_EVENTS_URL", ATP_CLI_DEFAULT_EVENTS_URL);
    cli->client =
        atp_text_of(or_environment(atp_args_text(args, "client"), "ATP_CLIENT", cli->default_client));
    cli->token = atp_text_of(or_environment(atp_args_text(args, "token"), "ATP_TOKEN", ""));
    cli->correlation = atp_text_of(or_environment(atp_args_text(args, "correlation"), "ATP_CORRELATION", ""));
    if (!atp_args_id(args, "client", &cli->client) || !atp_args_id(args, "correlation", &cli->correlation) ||
        !atp_args_duration(args, "timeout", 1, &timeout_ms)) {
        return false;
    }
    if (timeout_ms > INT32_MAX) {
        (void)atp_cli_usage(cli->cmd, "--timeout: at most 24d");
        return false;
    }
    cli->timeout_ms = (uint32_t)timeout_ms;
    return true;
}

static int finish_output(atp_cli_t *cli, int status)
{
    atp_out_fini(&cli->out);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)fprintf(stderr, "atp: standard output cannot be written: %s\n", strerror(errno));
        return ATP_CLI_FAILED;
    }
    return status;
}

static int run(const atp_cmd_t *cmd, int argc, char **argv)
{
    atp_cli_t cli = {.cmd = cmd};
    int status = ATP_CLI_USAGE;

    if (!atp_args_parse(cmd, argc, argv, &cli.args)) {
        atp_args_fini(&cli.args);
        return status;
    }
    if (atp_args_has(&cli.args, "help")) {
        atp_help_print_command(stdout, cmd);
        status = ATP_CLI_DONE;
    } else if (take_globals(&cli)) {
        atp_out_init(&cli.out, stdout, cli.is_json, !cli.is_quiet);
        status = cmd->run(&cli);
    }
    atp_session_close(&cli);
    status = finish_output(&cli, status);
    free(cli.attributes);
    atp_args_fini(&cli.args);
    return status;
}

/* The words after the command, and the global flags before it. */
static int run_at(const atp_cmd_t *cmd, int argc, char **argv, int at, int words)
{
    char **rest = atp_cli_alloc((size_t)argc + 1, sizeof *rest);
    int count = 0;

    for (int i = 1; i < argc; i++) {
        if (i < at || i >= at + words) {
            rest[count++] = argv[i];
        }
    }
    int status = run(cmd, count, rest);
    free(rest);
    return status;
}

static int run_without_command(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            atp_help_print(stdout);
            return ATP_CLI_DONE;
        }
        if (strcmp(argv[i], "--version") == 0) {
            return run_at(&atp_cmd_version, 1, argv, 1, 0);
        }
    }
    if (argc > 1) {
        return atp_cli_usage(NULL, "a command is missing after %s", argv[argc - 1]);
    }
    atp_help_print(stderr);
    return ATP_CLI_USAGE;
}

int atp_cli_run(int argc, char **argv)
{
    int at = skip_global_flags(argc, argv);

    (void)signal(SIGPIPE, SIG_IGN); /* `atp ... | head` ends by the failed write, not by a signal */
    if (at == argc) {
        return run_without_command(argc, argv);
    }
    const atp_cmd_t *cmd = at + 1 < argc ? find(argv[at], argv[at + 1]) : NULL;
    if (cmd != NULL) {
        return run_at(cmd, argc, argv, at, 2);
    }
    cmd = find(argv[at], NULL);
    if (cmd != NULL) {
        return run_at(cmd, argc, argv, at, 1);
    }
    if (is_family(argv[at])) {
        return refuse_family(argv[at], at + 1 < argc ? argv[at + 1] : NULL);
    }
    return refuse_command(argv[at]);
}
