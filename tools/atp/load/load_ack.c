#include "tools/atp/load/load_ack.h"

#include "tools/atp/out/file_out.h"

#include <pthread.h>
#include <stdlib.h>

struct atp_load_ack {
    atp_cli_t *cli;
    atp_edi_ack_t *edi;
    atp_file_out_t out;
    const char *documents; /* what they are called */
    bool is_wanted;        /* there is a file to write */
    bool is_open;
    pthread_mutex_t mutex; /* of `edi`, while answers come */
};

static int check(atp_cli_t *cli, const atp_profile_t *profile, bool is_edi)
{
    if (!is_edi) {
        return atp_cli_usage(cli->cmd, "--ack: the profile %s reads neither X12 nor EDIFACT",
                             atp_profile_name(profile));
    }
    if (atp_args_has(&cli->args, "dry-run")) {
        return atp_cli_usage(cli->cmd, "--ack says what became of a load: not with --dry-run");
    }
    return ATP_CLI_DONE;
}

int atp_load_ack_open(atp_cli_t *cli, const atp_profile_t *profile, atp_load_ack_t **ret_ack)
{
    const char *path = atp_args_text(&cli->args, "ack");
    atp_edi_standard_t standard = ATP_EDI_X12;
    bool is_edi = atp_profile_edi_standard(profile, &standard);
    bool is_needed = atp_profile_has_documents(profile);
    int status = path != NULL ? check(cli, profile, is_edi) : ATP_CLI_DONE;

    *ret_ack = NULL;
    if (status != ATP_CLI_DONE || (path == NULL && !is_needed)) {
        return status;
    }
    atp_load_ack_t *ack = atp_cli_alloc(1, sizeof *ack);
    ack->cli = cli;
    ack->is_wanted = path != NULL;
    ack->documents = is_edi ? "interchanges" : "documents";
    (void)pthread_mutex_init(&ack->mutex, NULL);
    if (atp_edi_ack_create(standard, &ack->edi) != ATP_OK) {
        status = atp_cli_fail(cli, ATP_CLI_FAILED, "memory", "no memory for the interchanges of the file");
    } else if (ack->is_wanted && !atp_file_out_open(cli, path, &ack->out)) {
        status = ATP_CLI_FAILED;
    } else {
        ack->is_open = ack->is_wanted;
    }
    if (status != ATP_CLI_DONE) {
        atp_load_ack_close(ack);
        return status;
    }
    *ret_ack = ack;
    return ATP_CLI_DONE;
}

atp_edi_ack_t *atp_load_ack_edi(atp_load_ack_t *ack)
{
    return ack != NULL ? ack->edi : NULL;
}

uint64_t atp_load_ack_seed(const atp_load_ack_t *ack, uint32_t message)
{
    return atp_edi_ack_seed(ack->edi, message);
}

void atp_load_ack_note(atp_load_ack_t *ack, const atp_load_answer_t *answer)
{
    const atp_result_t *result = answer->result;
    bool is_catalogue = answer->command->kind == ATP_OP_SKU || answer->command->kind == ATP_OP_NODE;
    bool is_taken =
        answer->is_before || atp_verdict_is_success(result->verdict) || result->verdict == ATP_PARKED;

    if (answer->origin->edi.message == 0 || (is_catalogue && is_taken)) {
        return; /* a SKU or node that is made for a row: the row is told by itself */
    }
    (void)pthread_mutex_lock(&ack->mutex);
    atp_edi_ack_note_answer(ack->edi, &answer->origin->edi,
                            answer->is_before ? ATP_EDI_TAKEN_BEFORE
                            : is_taken        ? ATP_EDI_TAKEN
                                              : ATP_EDI_REFUSED);
    (void)pthread_mutex_unlock(&ack->mutex);
}

void atp_load_ack_note_line(atp_load_ack_t *ack, const atp_load_origin_t *origin, bool is_before)
{
    if (origin->edi.message == 0) {
        return;
    }
    (void)pthread_mutex_lock(&ack->mutex);
    atp_edi_ack_note_answer(ack->edi, &origin->edi, is_before ? ATP_EDI_TAKEN_BEFORE : ATP_EDI_TAKEN);
    (void)pthread_mutex_unlock(&ack->mutex);
}

static void tell(const atp_load_ack_t *ack)
{
    atp_edi_ack_counts_t counts = atp_edi_ack_counts(ack->edi);

    if (ack->is_wanted) {
        atp_cli_note(ack->cli, "Acknowledged in %s: %u messages accepted, %u with errors, %u rejected.",
                     ack->out.name != NULL ? ack->out.name : "standard output", counts.accepted,
                     counts.with_errors, counts.rejected);
    }
    if (counts.repeats > 0) {
        atp_cli_note(ack->cli, "%u of %u %s had been loaded before%s.", counts.repeats, counts.interchanges,
                     ack->documents, ack->is_wanted ? ": acknowledged as duplicates" : ": not again");
    }
}

int atp_load_ack_write(atp_load_ack_t *ack, bool is_loaded)
{
    if (atp_edi_ack_counts(ack->edi).interchanges == 0) {
        return ATP_CLI_DONE; /* nothing was read that has a sender */
    }
    if (ack->is_wanted) {
        atp_edi_ack_write(ack->edi, is_loaded, ack->out.file);
        ack->is_open = false;
    }
    tell(ack);
    return ack->is_wanted ? atp_file_out_close(ack->cli, &ack->out, true) : ATP_CLI_DONE;
}

int atp_load_ack_refuse(atp_load_ack_t *ack, uint32_t interchange)
{
    if (!ack->is_wanted) {
        return ATP_CLI_DONE;
    }
    atp_edi_ack_note_repeat(ack->edi, interchange);
    return atp_load_ack_write(ack, false);
}

void atp_load_ack_close(atp_load_ack_t *ack)
{
    if (ack == NULL) {
        return;
    }
    if (ack->is_open) {
        (void)atp_file_out_close(ack->cli, &ack->out, false); /* nothing is to be kept */
    }
    atp_edi_ack_destroy(ack->edi);
    (void)pthread_mutex_destroy(&ack->mutex);
    free(ack);
}
