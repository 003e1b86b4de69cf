/* atp, the command line of atpd: the table of commands, and what a running command works with.
 *
 * Each command stands once, as an atp_cmd_t in its cmd_*.c file. The parser, --help, the completion scripts and
 * the reference in docs/atp.md all come from it.
 *
 * Output      what was asked for goes to standard output: tables for people, JSON lines with --json. Notes,
 *             progress and faults go to standard error, and say what to do next.
 * Threads     one, but where a file says otherwise (load_sender.c, bench.c).
 * Memory      freed by the process at its end, where it lives as long as the command. */
#ifndef ATP_CLI_CLI_H
#define ATP_CLI_CLI_H

#include "engine/base/assert.h"
#include "protocol/client/atp.h"
#include "tools/atp/args.h"
#include "tools/atp/out/out.h"

#include <stdbool.h>

#define ATP_CLI_DEFAULT_URL        "tcp://127.0.0.1:7411"
#define ATP_CLI_DEFAULT_EVENTS_URL "tcp://127.0.0.1:7412"

/* How atp ends, for scripts. */
typedef enum atp_cli_exit {
    ATP_CLI_DONE = 0,      /* applied, confirmed or answered */
    ATP_CLI_REFUSED = 1,   /* the engine said no, wholly or in part; which verdict is printed */
    ATP_CLI_USAGE = 2,     /* the command line is wrong; nothing was sent */
    ATP_CLI_NO_ANSWER = 3, /* no engine reached, or no answer in time: the outcome may be unknown */
    ATP_CLI_BAD_INPUT = 4, /* the input file or profile is not as it should be; nothing was changed */
    ATP_CLI_FAILED = 5     /* this machine failed: output not writable, no memory */
} atp_cli_exit_t;

typedef struct atp_cli atp_cli_t;

typedef struct atp_cmd {
    const char *name;     /* "avail", "sku put" */
    const char *group;    /* heading it stands under */
    const char *synopsis; /* what follows the name, options apart */
    const char *summary;  /* one line, no full stop */
    const char *about;    /* paragraphs, may be NULL */
    const char *choices;  /* "a|b": what the first word may be, for completion; may be NULL */
    unsigned word_min;
    unsigned word_max;
    const atp_flag_t *flags;     /* ended by a NULL name; may be NULL */
    const char *const *examples; /* ended by NULL */
    unsigned kind; /* atp_op_kind_t of what it sends; 0 = none. It takes the attributes of that kind */
    int (*run)(atp_cli_t *cli);
} atp_cmd_t;

/* All commands, in the order of help; ended by NULL. */
extern const atp_cmd_t *const atp_cmds[];
/* Flags that every command takes. */
extern const atp_flag_t atp_global_flags[];

struct atp_cli {
    const atp_cmd_t *cmd;
    atp_args_t args;
    atp_out_t out;
    bool is_json;
    bool is_quiet;
    const char *url;
    const char *events_url;
    atp_text_t client;
    atp_text_t token;
    atp_text_t correlation;      /* of what the command does; "" = none */
    uint32_t timeout_ms;         /* 0 = not given */
    atp_client_t *handle;        /* opened by atp_session_open */
    atp_attribute_t *attributes; /* of the request: with.h */
    uint32_t attribute_count;
    char default_client[ATP_ID_SIZE_MAX + 1];
};

/* The whole program. Returns its exit status. */
int atp_cli_run(int argc, char **argv);

/* Says what is wrong with the command line and where help is. Returns ATP_CLI_USAGE. `cmd` may be NULL. */
int atp_cli_usage(const atp_cmd_t *cmd, const char *format, ...) ATP_PRINTF(2, 3);

/* Says on standard error what failed. Returns `status`. With --json the sentence also goes to standard output, as
 * {"error": name, "message": sentence}. */
int atp_cli_fail(atp_cli_t *cli, int status, const char *name, const char *format, ...) ATP_PRINTF(4, 5);

/* A note on standard error, unless --quiet or --json. */
void atp_cli_note(const atp_cli_t *cli, const char *format, ...) ATP_PRINTF(2, 3);

/* --help: of all commands, or of one. */
void atp_help_print(FILE *out);
void atp_help_print_command(FILE *out, const atp_cmd_t *cmd);
/* The reference part of docs/atp.md. */
void atp_help_print_markdown(FILE *out);

/* Completion scripts. */
void atp_complete_print_bash(FILE *out);
void atp_complete_print_zsh(FILE *out);

/* The candidate of `count` names most like `word`, or NULL when none is near. */
const char *atp_suggest(const char *word, const char *const *names, unsigned count);

#endif
