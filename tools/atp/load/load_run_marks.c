/* Interchanges and IDocs of a load: whether all that one says had been told in an earlier load.
 *
 * When all of a file is answered, it is noted for each of them that is whole: by ops that change nothing, under ids made of what tells it
 * from all others. A load asks for these ids first: what is known is not told again, in whatever file it comes, and also where a later
 * report in the file of then had taken its place. A load that was stopped half way has noted nothing, and goes on.
 *
 * Two ids are of one: that it was told, and that it was told with this content. Where only the first is known it said something else
 * then, and nothing of the file is loaded.
 *
 * Of a feed one op is: the feed itself once more, under an id made of the interchange. Its lines are asked all the same
 * (docs/decisions/0012-acknowledged-feeds.md, 0018-documents-told-once.md). */
#include "tools/atp/load/load_run_priv.h"

#include "engine/base/hash.h"
#include "tools/atp/session.h"

#include <inttypes.h>
#include <stdlib.h>

#define MARKS_MAX (ATP_OPS_PER_MESSAGE_MAX / 2) /* ops of a message; each has two attributes */
#define NAME_SIZE 17

/* One message of marks. */
typedef struct marks {
    uint32_t count;
    atp_command_t commands[MARKS_MAX];
    atp_load_origin_t origins[MARKS_MAX];
    atp_attribute_t attributes[MARKS_MAX][2];
    char names[MARKS_MAX][NAME_SIZE];
    uint32_t of[MARKS_MAX]; /* the interchange */
    bool is_before[MARKS_MAX];
} marks_t;

_Static_assert(MARKS_MAX <= ATP_OUTCOMES_MAX, "all of a message can be asked for at once");

void atp_load_run_note_origin(atp_load_run_t *run, const atp_load_row_t *row, uint32_t count)
{
    atp_load_origin_t origin = {run->options.seed, row->origin};

    if (row->origin.message != 0 && run->options.ack != NULL) {
        origin.seed ^= atp_load_ack_seed(run->options.ack, row->origin.message);
    }
    for (uint32_t i = 0; i < count; i++) {
        run->made_of[run->made_count + i] = origin;
    }
}

static bool is_feed(const atp_load_run_t *run)
{
    return run->options.feed != NULL;
}

bool atp_load_run_is_done(const atp_load_run_t *run, const atp_edi_origin_t *origin)
{
    return run->has_marks && origin->message != 0 &&
           atp_edi_ack_is_done(atp_load_ack_edi(run->options.ack), origin->message);
}

uint32_t atp_load_run_leave_told(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < row_count; i++) {
        if (atp_load_run_is_done(run, &rows[i].origin)) {
            const atp_load_origin_t origin = {.edi = rows[i].origin};
            atp_load_ack_note_line(run->options.ack, &origin, true);
            run->plan.rows_unchanged++;
            run->told_before++;
        } else {
            run->new_rows[left++] = rows[i];
        }
    }
    return left;
}

static void add_mark(marks_t *marks, uint32_t of, uint64_t seed, atp_command_t command)
{
    static const atp_command_line_t none = {.decimals = 0};
    uint32_t place = marks->count++;

    command.lines = &none; /* of no line; ids are made of one */
    marks->commands[place] = command;
    marks->origins[place] = (atp_load_origin_t){.seed = seed};
    marks->of[place] = of;
}

/* That the document was told: seed says with what content, or with any. */
static void add_note(marks_t *marks, uint32_t of, const atp_edi_told_t *told, uint64_t seed)
{
    uint32_t place = marks->count;
    atp_attribute_t *attributes = marks->attributes[place];
    char *name = marks->names[place];

    (void)snprintf(name, NAME_SIZE, "%016" PRIx64, told->seed);
    attributes[0] =
        (atp_attribute_t){.key = ATP_KEY_DOCUMENT, .line = ATP_WHOLE_OP, .text = atp_text_of(name)};
    attributes[1] = (atp_attribute_t){.key = ATP_KEY_BASIS, .line = ATP_WHOLE_OP};
    add_mark(marks, of, seed,
             (atp_command_t){.kind = ATP_OP_FEED,
                             .subject = atp_text_of(name),
                             .attributes = attributes,
                             .attribute_count = 2});
}

/* Fills in the marks of the interchanges from *interchange on, and moves that on. `wants_whole`: only of those that were told whole, and
 * not before. */
static void make_marks(const atp_load_run_t *run, bool wants_whole, uint32_t *interchange, marks_t *marks)
{
    const atp_edi_ack_t *edi = atp_load_ack_edi(run->options.ack);
    uint32_t all = atp_edi_ack_counts(edi).interchanges;

    for (marks->count = 0; *interchange < all && marks->count + 2 <= MARKS_MAX; ++*interchange) {
        atp_edi_told_t told = atp_edi_ack_told(edi, *interchange);
        if (is_feed(run)) {
            add_mark(marks, *interchange, run->options.seed ^ told.seed, run->options.feed->command);
        } else if (!wants_whole || (told.is_whole && !told.is_done)) {
            add_note(marks, *interchange, &told, told.seed);
            add_note(marks, *interchange, &told, atp_hash_bytes(&told.digest, sizeof told.digest, told.seed));
        }
    }
}

static atp_err_t fail_differing(atp_load_run_t *run, const atp_edi_told_t *told)
{
    run->status = atp_cli_fail(
        run->cli, ATP_CLI_BAD_INPUT, "conflict",
        "line %" PRIu64 ": %.*s was loaded before, from the same sender under the same number, and said "
        "something else then; nothing was loaded. --again loads it as new",
        told->line, told->name.size > 0 ? (int)told->name.size : 8,
        told->name.size > 0 ? told->name.bytes : "document");
    return ATP_ERR_INVALID;
}

/* What the answers say of the interchanges. */
static atp_err_t take_marks(atp_load_run_t *run, const marks_t *marks)
{
    atp_edi_ack_t *edi = atp_load_ack_edi(run->options.ack);

    for (uint32_t i = 0; i < marks->count; i += is_feed(run) ? 1 : 2) {
        atp_edi_told_t told = atp_edi_ack_told(edi, marks->of[i]);
        if (marks->is_before[i] && !is_feed(run) && !marks->is_before[i + 1]) {
            return fail_differing(run, &told);
        }
        if (marks->is_before[i]) {
            atp_edi_ack_note_done(edi, marks->of[i]);
        }
        if (marks->is_before[i] && !is_feed(run) && run->new_rows == NULL) {
            run->new_rows = atp_cli_alloc(ATP_LOAD_BATCH_ROWS_MAX, sizeof *run->new_rows);
        }
    }
    return ATP_OK;
}

atp_err_t atp_load_run_look_for_marks(atp_load_run_t *run)
{
    marks_t *marks = atp_cli_alloc(1, sizeof *marks);
    uint32_t interchange = 0;
    atp_err_t err = ATP_OK;

    run->has_marks = true;
    while (err == ATP_OK && (is_feed(run) || run->options.seed == 0)) { /* else it is loaded as new */
        make_marks(run, false, &interchange, marks);
        if (marks->count == 0) {
            break;
        }
        err = atp_load_sender_look(run->sender, marks->commands, marks->origins, marks->count,
                                   marks->is_before);
        err = err == ATP_OK ? take_marks(run, marks) : err;
    }
    free(marks);
    return err;
}

atp_err_t atp_load_run_put_marks(atp_load_run_t *run)
{
    marks_t *marks = atp_cli_alloc(1, sizeof *marks);
    uint32_t all = atp_edi_ack_counts(atp_load_ack_edi(run->options.ack)).interchanges;
    uint32_t interchange = 0;
    atp_err_t err = ATP_OK;

    while (err == ATP_OK && interchange < all) {
        make_marks(run, true, &interchange, marks);
        err = marks->count > 0
                  ? atp_load_sender_do(run->sender, marks->commands, marks->origins, marks->count)
                  : ATP_OK;
    }
    free(marks);
    return err;
}
