/* Interchanges of a feed that is acknowledged: whether all that was asked for one had been answered in an earlier load.
 *
 * The counts of a feed go as its lines, which have no answers that are remembered. So when all of the file is answered the feed is
 * told once more for each interchange, under an id made of it: nothing changes, and that id is remembered. A load that was
 * stopped half way has none, and goes on. */
#include "tools/atp/load_run_priv.h"

#include <stdlib.h>

/* One message of marks. */
typedef struct marks {
    uint32_t count;
    atp_command_t commands[ATP_OPS_PER_MESSAGE_MAX];
    atp_load_origin_t origins[ATP_OPS_PER_MESSAGE_MAX];
    bool is_before[ATP_OPS_PER_MESSAGE_MAX];
} marks_t;

_Static_assert(ATP_OPS_PER_MESSAGE_MAX <= ATP_OUTCOMES_MAX, "all of a message can be asked for at once");

static atp_fingerprint_t key_of(uint64_t seed)
{
    return (atp_fingerprint_t){seed, ~seed};
}

bool atp_load_run_is_done(const atp_load_run_t *run, const atp_load_origin_t *origin)
{
    return origin->edi.message != 0 && atp_seen_get(run->done, key_of(origin->seed)) != 0;
}

/* Fills in the marks of the interchanges from *interchange on, and moves that on. */
static void make_marks(const atp_load_run_t *run, uint32_t *interchange, marks_t *marks)
{
    static const atp_command_line_t none = {.decimals = 0};
    const atp_edi_ack_t *edi = atp_load_ack_edi(run->options.ack);
    uint32_t all = atp_edi_ack_counts(edi).interchanges;

    for (marks->count = 0; *interchange < all && marks->count < ATP_OPS_PER_MESSAGE_MAX; ++*interchange) {
        uint32_t place = marks->count++;
        marks->commands[place] = run->options.feed->command;
        marks->commands[place].lines = &none; /* of no line; ids are made of one */
        marks->origins[place] =
            (atp_load_origin_t){.seed = run->options.seed ^ atp_edi_ack_interchange_seed(edi, *interchange)};
    }
}

atp_err_t atp_load_run_look_for_marks(atp_load_run_t *run)
{
    marks_t *marks = atp_cli_alloc(1, sizeof *marks);
    uint32_t interchange = 0;
    uint64_t present;
    atp_err_t err = atp_seen_create(ATP_EDI_ACK_MESSAGES_MAX, 0, &run->done);

    while (err == ATP_OK) {
        make_marks(run, &interchange, marks);
        if (marks->count == 0) {
            break;
        }
        err = atp_load_sender_look(run->sender, marks->commands, marks->origins, marks->count,
                                   marks->is_before);
        for (uint32_t i = 0; err == ATP_OK && i < marks->count; i++) {
            err = marks->is_before[i] ? atp_seen_put(run->done, key_of(marks->origins[i].seed), 1, &present)
                                      : ATP_OK;
        }
    }
    free(marks);
    return err;
}

atp_err_t atp_load_run_put_marks(atp_load_run_t *run)
{
    marks_t *marks = atp_cli_alloc(1, sizeof *marks);
    uint32_t interchange = 0;
    atp_err_t err = ATP_OK;

    while (err == ATP_OK) {
        make_marks(run, &interchange, marks);
        if (marks->count == 0) {
            break;
        }
        err = atp_load_sender_do(run->sender, marks->commands, marks->origins, marks->count);
    }
    free(marks);
    return err;
}
