/* atp outbox: what waits in a folder of atp publish, what the engine refuses of it, and giving that up. */
#include "tools/atp/commands/cmds.h"

static int fail(atp_cli_t *cli, atp_err_t err, const atp_why_t *why)
{
    bool is_usage = err == ATP_ERR_INVALID || err == ATP_ERR_NOT_FOUND;

    return atp_cli_fail(cli, is_usage ? ATP_CLI_USAGE : ATP_CLI_FAILED, atp_err_name(err), "%s", why->text);
}

static void show_state(atp_cli_t *cli, const atp_outbox_look_t *look)
{
    atp_out_t *out = &cli->out;

    atp_out_row(out);
    atp_out_string(out, "source", "SOURCE", look->source);
    atp_out_uint(out, "epoch", "EPOCH", look->epoch);
    atp_out_uint(out, "next", "NEXT", look->next);
    atp_out_uint(out, "waiting", "WAITING", look->next - look->low);
    atp_out_uint(out, "bytes", "BYTES", look->bytes);
    if (cli->is_json) {
        atp_out_uint(out, "refused", NULL, look->refused_count);
    }
    atp_out_end(out);
}

static void show_notes(atp_cli_t *cli, const char *what, const atp_outbox_note_t *notes, uint32_t count,
                       bool is_dropped)
{
    atp_out_t *out = &cli->out;

    for (uint32_t i = 0; i < count; i++) {
        const char *verdict = atp_verdict_name(notes[i].verdict);
        atp_out_row(out);
        atp_out_uint(out, what, is_dropped ? "DROPPED" : "REFUSED", notes[i].number);
        atp_out_string(out, "verdict", "VERDICT", verdict != NULL ? verdict : "?");
        atp_out_time(out, "at", is_dropped ? "AT" : "SINCE", notes[i].at_ms);
        atp_out_uint(out, "bytes", "BYTES", notes[i].bytes);
        if (is_dropped) {
            atp_out_string(out, "reason", "REASON", notes[i].reason);
        }
    }
    atp_out_end(out);
}

static int drop(atp_cli_t *cli, uint64_t number)
{
    const char *reason = atp_args_text(&cli->args, "reason");
    atp_why_t why = {""};

    if (reason == NULL) {
        return atp_cli_usage(cli->cmd, "--drop wants a --reason");
    }
    atp_err_t err = atp_outbox_drop(cli->args.words[0], number, atp_text_of(reason), &why);
    if (err != ATP_OK) {
        return fail(cli, err, &why);
    }
    atp_cli_note(cli, "batch %llu is dropped", (unsigned long long)number);
    return ATP_CLI_DONE;
}

static int outbox(atp_cli_t *cli)
{
    static atp_outbox_look_t look; /* large */
    uint64_t number = 0;
    atp_why_t why = {""};

    if (!atp_args_count(&cli->args, "drop", 1, INT64_MAX, &number)) {
        return ATP_CLI_USAGE;
    }
    if (number != 0) {
        return drop(cli, number);
    }
    atp_err_t err = atp_outbox_look(cli->args.words[0], &look, &why);
    if (err != ATP_OK) {
        return fail(cli, err, &why);
    }
    if (atp_args_has(&cli->args, "dropped")) {
        show_notes(cli, "dropped", look.dropped, look.dropped_count, true);
        return ATP_CLI_DONE;
    }
    show_state(cli, &look);
    show_notes(cli, "refused", look.refused, look.refused_count, false);
    return ATP_CLI_DONE;
}

static const atp_flag_t flags[] = {
    {"dropped", NULL, NULL, "What was dropped, and why; the newest 64"},
    {"drop", "NUMBER", NULL, "Give a refused batch up; while nobody publishes from the folder"},
    {"reason", "TEXT", NULL, "Why it is dropped"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {
    "atp outbox ./outbox", "atp outbox ./outbox --drop 17 --reason \"the till was a test\"", NULL};

const atp_cmd_t atp_cmd_outbox = {
    .name = "outbox",
    .group = "Files",
    .synopsis = "FOLDER",
    .summary = "What waits in a folder of atp publish",
    .about = "Also while atp publish runs. A batch that the engine refuses is told with its verdict; it "
             "stays until the\n"
             "engine takes it or it is dropped.",
    .word_min = 1,
    .word_max = 1,
    .flags = flags,
    .examples = examples,
    .run = outbox,
};
