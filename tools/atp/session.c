#include "tools/atp/session.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define NICENESS 10

bool atp_session_open_as(atp_cli_t *cli, atp_text_t client, uint32_t timeout_ms, atp_client_t **ret_handle,
                         int *ret_status)
{
    atp_client_options_t options = {
        .url = cli->url,
        .client = client,
        .token = cli->token,
        .correlation = cli->correlation,
        .timeout_ms = timeout_ms,
    };
    atp_why_t why = {""};
    atp_err_t err = atp_client_open(&options, ret_handle, &why);

    if (err == ATP_OK) {
        return true;
    }
    *ret_status = err == ATP_ERR_INVALID ? atp_cli_fail(cli, ATP_CLI_USAGE, atp_err_name(err), "%s", why.text)
                                         : atp_cli_fail(cli, ATP_CLI_FAILED, atp_err_name(err),
                                                        "cannot open a connection: %s", why.text);
    return false;
}

bool atp_session_open(atp_cli_t *cli, int *ret_status)
{
    return cli->handle != NULL ||
           atp_session_open_as(cli, cli->client, cli->timeout_ms, &cli->handle, ret_status);
}

void atp_session_close(atp_cli_t *cli)
{
    atp_client_close(cli->handle);
    cli->handle = NULL;
}

static int fail_unknown(atp_cli_t *cli, atp_err_t err, const char *what, atp_text_t id)
{
    if (id.size == 0) {
        return atp_cli_fail(cli, ATP_CLI_NO_ANSWER, atp_err_name(err),
                            "%s; it was a question, nothing has changed", what);
    }
    return atp_cli_fail(cli, ATP_CLI_NO_ANSWER, atp_err_name(err),
                        "%s\nThe outcome of %.*s is unknown: it may have been done. Ask with\n"
                        "    atp outcome %.*s --client %.*s",
                        what, (int)id.size, id.bytes, (int)id.size, id.bytes, (int)cli->client.size,
                        cli->client.bytes);
}

int atp_session_fail(atp_cli_t *cli, const atp_client_t *handle, atp_err_t err, atp_text_t id)
{
    atp_why_t why = {""};
    char what[640];

    atp_client_last_failure(handle, &why);
    const char *last = why.text[0] != '\0' ? why.text : "nobody answered";
    switch (err) {
    case ATP_ERR_NOT_FOUND:
        return atp_cli_fail(
            cli, ATP_CLI_NO_ANSWER, atp_err_name(err),
            "no engine reached: %s\nNothing was sent. Is atpd running there? If it is elsewhere, say "
            "where: --url tcp://HOST:PORT, or ATP_URL",
            last);
    case ATP_ERR_TIMEOUT:
        (void)snprintf(what, sizeof what, "no answer within %g s from %s%s%s",
                       (double)(cli->timeout_ms != 0 ? cli->timeout_ms : 5000) / 1000.0, cli->url,
                       why.text[0] != '\0' ? ": " : "", why.text);
        return fail_unknown(cli, err, what, id);
    case ATP_ERR_FORMAT:
        (void)snprintf(what, sizeof what,
                       "%s gave an answer that cannot be read: is it an atpd of this version?", cli->url);
        return fail_unknown(cli, err, what, id);
    case ATP_ERR_INVALID:
        return atp_cli_fail(cli, ATP_CLI_USAGE, atp_err_name(err),
                            "that breaks a limit of the protocol: %s; "
                            "nothing was sent",
                            last);
    default:
        return atp_cli_fail(cli, ATP_CLI_FAILED, atp_err_name(err), "the call failed: %s", atp_err_name(err));
    }
}

const char *atp_verdict_text(unsigned verdict, char *ret_text)
{
    const char *name = atp_verdict_name(verdict);

    if (name != NULL) {
        return name;
    }
    (void)snprintf(ret_text, 32, "verdict_%u", verdict);
    return ret_text;
}

const char *atp_verdict_advice(unsigned verdict)
{
    const char *sentence = atp_verdict_sentence(verdict);

    return sentence != NULL ? sentence : "a verdict this atp does not know: it is older than the engine";
}

int atp_session_refused(atp_cli_t *cli, const atp_answer_head_t *head)
{
    char unknown[32];
    const char *field = head->field != ATP_FIELD_NONE ? atp_field_name(head->field) : NULL;
    const char *name = atp_verdict_text(head->verdict, unknown);

    return atp_cli_fail(cli, ATP_CLI_REFUSED, name, "refused: %s: %s%s%s%s%.*s%s", name,
                        atp_verdict_advice(head->verdict), field != NULL ? "; at " : "",
                        field != NULL ? field : "", head->detail.size > 0 ? " (" : "", (int)head->detail.size,
                        head->detail.size > 0 ? head->detail.bytes : "", head->detail.size > 0 ? ")" : "");
}

void atp_session_give_way(void)
{
    if (getpriority(PRIO_PROCESS, 0) < NICENESS) {
        (void)setpriority(PRIO_PROCESS, 0,
                          NICENESS); /* without it all is as it was, only slower for others */
    }
}
