/* Interchanges and IDocs of a load: what is noted of them in the ledger, so that each is told once, and says one thing.
 *
 *     begun   before the first row of it is told, with what stands in it: under an id made of what tells it from all others
 *     whole   when all of it is answered: under an id made of that and of what stands in it
 *
 * Both are ops that change nothing; the ledger remembers their ids. A load asks for both first. What is whole is not told again, in
 * whatever file it comes, and also where a later report in the file of then had taken its place. What was begun goes on if it says
 * what it said then; else that is named, and nothing of the file is loaded. What was begun by another load in the meantime is
 * seen when it is begun here.
 *
 * Of a feed the ids are made of the feed, too: it is told apart by its own id, and its lines are asked all the same
 * (docs/decisions/0012-acknowledged-feeds.md, 0018-documents-told-once.md, 0022-a-document-says-one-thing.md). */
#include "tools/atp/load/load_run_priv.h"

#include "engine/base/hash.h"
#include "tools/atp/session.h"

#include <inttypes.h>
#include <stdlib.h>

#define MARK_WORDS 3                                      /* attributes of one */
#define MARKS_MAX  (ATP_OPS_PER_MESSAGE_MAX / MARK_WORDS) /* a message has no more attributes than ops */
#define NAME_SIZE  17

typedef enum mark_kind { MARK_BEGUN, MARK_WHOLE } mark_kind_t;

/* One message of marks. */
typedef struct marks {
    uint32_t count;
    atp_command_t commands[MARKS_MAX];
    atp_load_origin_t origins[MARKS_MAX];
    atp_attribute_t attributes[MARKS_MAX][MARK_WORDS];
    char names[MARKS_MAX][NAME_SIZE];
    uint32_t of[MARKS_MAX]; /* the interchange */
    atp_result_t results[MARKS_MAX];
} marks_t;

_Static_assert(MARKS_MAX <= ATP_OUTCOMES_MAX, "all of a message can be asked for at once");

void atp_load_run_note_origin(atp_load_run_t *run, const atp_load_row_t *row, uint32_t count)
{
    atp_load_origin_t origin = {
        .seed = run->options.seed,
        .edi = row->origin,
        .value = run->options.feed != NULL ? run->there->value : 0,
    };

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

/* Stands for what is in it; a number of an attribute. */
static int64_t content_of(const atp_edi_told_t *told)
{
    return (int64_t)(told->digest >> 1);
}

static void add_mark(const atp_load_run_t *run, marks_t *marks, uint32_t of, mark_kind_t kind)
{
    static const atp_command_line_t none = {.decimals = 0};
    atp_edi_told_t told = atp_edi_ack_told(atp_load_ack_edi(run->options.ack), of);
    uint64_t seed = is_feed(run) ? atp_hash_text(run->options.feed->command.subject, told.seed) : told.seed;
    uint32_t place = marks->count++;
    atp_attribute_t *attributes = marks->attributes[place];
    char *name = marks->names[place];

    (void)snprintf(name, NAME_SIZE, "%016" PRIx64, told.seed);
    attributes[0] =
        (atp_attribute_t){.key = ATP_KEY_DOCUMENT, .line = ATP_WHOLE_OP, .text = atp_text_of(name)};
    attributes[1] = (atp_attribute_t){.key = ATP_KEY_BASIS, .line = ATP_WHOLE_OP};
    attributes[2] =
        (atp_attribute_t){.key = ATP_KEY_CONTENT, .line = ATP_WHOLE_OP, .number = content_of(&told)};
    marks->commands[place] = (atp_command_t){.kind = ATP_OP_FEED,
                                             .subject = atp_text_of(name),
                                             .lines = &none, /* of no line; ids are made of one */
                                             .attributes = attributes,
                                             .attribute_count = MARK_WORDS};
    marks->origins[place].seed =
        kind == MARK_BEGUN ? seed : atp_hash_bytes(&told.digest, sizeof told.digest, seed);
    marks->of[place] = of;
}

/* It says something else than it did when it was begun. */
static atp_err_t fail_differing(atp_load_run_t *run, uint32_t of, bool is_begun_here)
{
    atp_edi_told_t told = atp_edi_ack_told(atp_load_ack_edi(run->options.ack), of);

    run->status = atp_cli_fail(
        run->cli, ATP_CLI_BAD_INPUT, "conflict",
        "line %" PRIu64 ": %.*s was loaded before, from the same sender under the same number, and said "
        "something else then; nothing %swas loaded. --again loads it as new",
        told.line, told.name.size > 0 ? (int)told.name.size : 8,
        told.name.size > 0 ? told.name.bytes : "document", is_begun_here ? "of it " : "");
    if (!is_begun_here) {
        int written = atp_load_ack_refuse(run->options.ack, of);
        run->status = written != ATP_CLI_DONE ? written : run->status;
    }
    return ATP_ERR_INVALID;
}

static bool is_known(const atp_result_t *result)
{
    return result->verdict != ATP_UNKNOWN_ID;
}

/* What the ledger remembers of the interchanges, by pairs of marks. */
static atp_err_t take_pairs(atp_load_run_t *run, const marks_t *marks)
{
    atp_edi_ack_t *edi = atp_load_ack_edi(run->options.ack);

    for (uint32_t i = 0; i < marks->count; i += 2) {
        atp_edi_told_t told = atp_edi_ack_told(edi, marks->of[i]);
        const atp_result_t *begun = &marks->results[i];
        bool is_whole = is_known(&marks->results[i + 1]);
        if (!is_whole && is_known(begun) && begun->qty != content_of(&told)) {
            return fail_differing(run, marks->of[i], false);
        }
        if (is_known(begun)) {
            atp_edi_ack_note_begun(edi, marks->of[i]);
        }
        if (is_whole) {
            atp_edi_ack_note_done(edi, marks->of[i]);
        }
        if (is_whole && !is_feed(run) && run->new_rows == NULL) {
            run->new_rows = atp_cli_alloc(ATP_LOAD_BATCH_ROWS_MAX, sizeof *run->new_rows);
        }
    }
    return ATP_OK;
}

static atp_err_t look(atp_load_run_t *run, marks_t *marks)
{
    return atp_load_sender_look(run->sender, marks->commands, marks->origins, marks->count, marks->results);
}

static atp_err_t tell(atp_load_run_t *run, marks_t *marks)
{
    return atp_load_sender_do(run->sender, marks->commands, marks->origins, marks->count);
}

atp_err_t atp_load_run_look_for_marks(atp_load_run_t *run)
{
    marks_t *marks = atp_cli_alloc(1, sizeof *marks);
    uint32_t all = atp_edi_ack_counts(atp_load_ack_edi(run->options.ack)).interchanges;
    atp_err_t err = ATP_OK;

    run->has_marks = true;
    for (uint32_t of = 0;
         of < all && err == ATP_OK && run->options.seed == 0;) { /* else it is loaded as new */
        for (marks->count = 0; of < all && marks->count + 2 <= MARKS_MAX; of++) {
            add_mark(run, marks, of, MARK_BEGUN);
            add_mark(run, marks, of, MARK_WHOLE);
        }
        err = look(run, marks);
        err = err == ATP_OK ? take_pairs(run, marks) : err;
    }
    free(marks);
    return err;
}

/* Tells the marks, and asks what is known under their ids now: another load may have begun it otherwise since this one looked. */
static atp_err_t begin_some(atp_load_run_t *run, marks_t *marks)
{
    const atp_edi_ack_t *edi = atp_load_ack_edi(run->options.ack);
    atp_err_t err = tell(run, marks);

    err = err == ATP_OK ? look(run, marks) : err;
    for (uint32_t i = 0; err == ATP_OK && i < marks->count && run->options.seed == 0; i++) {
        atp_edi_told_t told = atp_edi_ack_told(edi, marks->of[i]);
        if (is_known(&marks->results[i]) && marks->results[i].qty != content_of(&told)) {
            err = fail_differing(run, marks->of[i], true);
        }
    }
    return err;
}

atp_err_t atp_load_run_begin_documents(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count)
{
    atp_edi_ack_t *edi = atp_load_ack_edi(run->options.ack);
    marks_t *marks = NULL;
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < row_count && err == ATP_OK; i++) {
        uint32_t of;
        if (rows[i].origin.message == 0 || !atp_edi_ack_begin(edi, rows[i].origin.message, &of)) {
            continue;
        }
        marks = marks == NULL ? atp_cli_alloc(1, sizeof *marks) : marks;
        add_mark(run, marks, of, MARK_BEGUN);
        if (marks->count == MARKS_MAX) {
            err = begin_some(run, marks);
            marks->count = 0;
        }
    }
    err = err == ATP_OK && marks != NULL && marks->count > 0 ? begin_some(run, marks) : err;
    free(marks);
    return err;
}

/* Adds what is still to be noted of those that were told whole, from *ret_of on. */
static void add_whole(const atp_load_run_t *run, marks_t *marks, uint32_t all, uint32_t *ret_of)
{
    const atp_edi_ack_t *edi = atp_load_ack_edi(run->options.ack);

    for (marks->count = 0; *ret_of < all && marks->count + 2 <= MARKS_MAX; ++*ret_of) {
        atp_edi_told_t told = atp_edi_ack_told(edi, *ret_of);
        if (told.is_done || !atp_edi_ack_is_whole(edi, *ret_of)) {
            continue;
        }
        if (!told.is_begun) { /* no row of it was to be told */
            add_mark(run, marks, *ret_of, MARK_BEGUN);
        }
        add_mark(run, marks, *ret_of, MARK_WHOLE);
    }
}

atp_err_t atp_load_run_put_marks(atp_load_run_t *run)
{
    marks_t *marks = atp_cli_alloc(1, sizeof *marks);
    uint32_t all = atp_edi_ack_counts(atp_load_ack_edi(run->options.ack)).interchanges;
    uint32_t of = 0;
    atp_err_t err = ATP_OK;

    while (err == ATP_OK && of < all) {
        add_whole(run, marks, all, &of);
        err = tell(run, marks);
    }
    free(marks);
    return err;
}
