/* Everything together: random ops of every kind with every attribute, over so few names that they meet, and small tables that
 * get full. There is no full model here (each area has its own beside this one); what must hold whatever happens is looked
 * at after every op, plainly:
 *
 *     every numbered invariant of the ledger                                     atp_ledger_check
 *     on hand and unavailable are what the answers add up to                     everything_books.c
 *     postings add up to what each op did to the buckets                         everything_postings.c
 *     what is told of stale nodes is what is so, each change of it once          everything_stale.c
 *     quantities in units are what the units of who tells them say               everything_units.c
 *     nothing is promised that is not there                                      everything_bench.c, look_at_promises
 *     what promise, availability, schedule and explain said is what reserve does everything_questions.c
 *     the same id again: the first answer, and no change
 *     a refused request changes nothing, a fact is refused only for what it names
 *     the same ops give the same state, from the first op and from a snapshot    everything_replay.c
 *
 * The draw walks the tables of attributes and of rules: a new kind or key is drawn, and the reach (everything_reach.c) says
 * so when it never gets anywhere.
 *
 * A run is decided by its seed. What was drawn is kept as a script of acts in words, so that a run that fails can be made short:
 * acts are left out as long as it still fails. */
#ifndef ATP_TESTS_MODEL_EVERYTHING_H
#define ATP_TESTS_MODEL_EVERYTHING_H

#include "engine/base/attribute.h"
#include "engine/ledger/ledger.h"
#include "tools/atpd/events/staleness.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define ACT_LINES_MAX       5
#define ACT_ATTRIBUTES_MAX  24
#define ACT_TEXT_MAX        40
#define SCRIPT_ACTS_MAX     4000
#define EVERYTHING_TABLES   96 /* their ids are below */
#define EVERYTHING_ROWS     256
#define LISTED_POSTINGS_MAX 8192
#define EVERYTHING_LINES    1024
#define BOOKED_KITS_MAX     4
#define STALE_CHANNELS_MAX  8

typedef struct act_line {
    char sku[12];
    char node[12];
    atp_qty_t mantissa;
    uint8_t decimals;
} act_line_t;

typedef struct act_attribute {
    uint8_t key;
    uint8_t decimals;
    uint16_t line;
    int64_t number;
    char text[ACT_TEXT_MAX];
} act_attribute_t;

/* One thing done to the ledger. All of it is here: acts can be left out of a script, and the others stay what they are. */
typedef struct act {
    int64_t at_ms;
    int64_t issued_ms;
    int64_t number; /* ttl; limit of a pulse; which change of a configure */
    uint64_t epoch; /* of a source */
    uint64_t sequence;
    uint64_t kept_from; /* of one that keeps what is missing; 0 = it keeps none */
    uint64_t after;
    uint8_t kind; /* atp_op_kind_t */
    uint8_t option;
    uint8_t reason;
    uint8_t client;
    bool is_fact;
    bool in_source;
    bool is_blind;   /* encoded by one who knows no names: they travel as text */
    bool ends_frame; /* a frame ends before it */
    bool is_asked;   /* questions are asked first */
    bool is_again;   /* the very same is sent again */
    char id[24];
    char reservation[24];
    char subject[16];
    char channel[12];
    char owner[12];
    char name[16];
    uint16_t line_count;
    uint16_t attribute_count;
    act_line_t lines[ACT_LINES_MAX];
    act_attribute_t attributes[ACT_ATTRIBUTES_MAX];
} act_t;

/* How often everything was met; summed up over runs. */
typedef struct reach {
    uint64_t ops;
    uint64_t acts;
    uint64_t seeds;
    uint64_t verdicts[ATP_OP_KIND_LIMIT][ATP_VERDICT_LIMIT];
    uint64_t drawn[ATP_OP_KIND_LIMIT][ATP_KEY_LIMIT];
    uint64_t applied[ATP_OP_KIND_LIMIT][ATP_KEY_LIMIT]; /* in ops that were done */
    uint64_t edges[ATP_STEP_COUNT][ATP_STEP_ROWS_MAX];
    uint64_t exceptions[ATP_EXCEPTION_KIND_LIMIT];
    uint64_t promises[2]; /* asked and reserved: refused, granted */
    uint64_t explained[2];
    uint64_t accounts[2];
    uint64_t availability[2];
    uint64_t schedules[2];
    uint64_t dated_views[2]; /* of those, through channels with rules */
    uint64_t parts_of_kits;  /* refused: on no shelf, though there are enough */
    uint64_t repeats;
    uint64_t conflicts;
    uint64_t refusals_without_a_trace;
    uint64_t fates[2]; /* of facts that were refused; of those that were taken */
    uint64_t replays;
    uint64_t kits_without_promise; /* sold over the counter, or shipped */
    uint64_t facts_replayed;
    uint64_t returns_of_several;
    uint64_t units_converted[2]; /* by one of all, by the teller's own */
    uint64_t stale_told[2];      /* of channels, of nodes */
} reach_t;

/* What a run leaves, in memory shared with the process that started it: the ledger may end it by an assertion. */
typedef struct script {
    uint64_t seed;
    uint32_t count;
    bool is_failed;
    char why[600];
    act_t acts[SCRIPT_ACTS_MAX];
} script_t;

/* ---- drawing: everything_draw.c ---- */

typedef struct draw {
    uint64_t state;
    int64_t now_ms;
    uint32_t next_request;
    uint32_t next_reservation;
    uint32_t in_source_left;
    uint64_t sequences[2];
    const atp_ledger_t *ledger; /* looked at for names worth drawing */
    const script_t *script;     /* what was done before, to be sent again */
} draw_t;

atp_ledger_config_t everything_config(uint64_t seed);
void everything_draw(draw_t *draw, act_t *act);
/* The first acts of a run: names and some stock. False: that was all. */
bool everything_prologue(draw_t *draw, uint32_t number, act_t *act);

/* ---- running: everything_bench.c ---- */

typedef struct journal_entry {
    size_t record; /* SIZE_MAX: the end of a frame */
    int64_t now_ms;
    atp_result_t result;
} journal_entry_t;

typedef struct journal {
    journal_entry_t *entries;
    size_t count;
    unsigned char *bytes;
    size_t size;
} journal_t;

typedef struct books_row {
    atp_qty_t on_hand;
    atp_qty_t unavailable;
} books_row_t;

typedef struct line_before {
    uint32_t reservation;
    uint64_t version;
    atp_qty_t units[ATP_LINE_STATE_COUNT];
} line_before_t;

/* What was told of a channel at a stale node. */
typedef struct stale_key {
    int64_t buffer;
    uint8_t decimals;
    uint8_t percent;
    uint8_t does; /* of a node itself: 1 = stale */
    bool ships;
    bool hands_out;
} stale_key_t;

typedef struct bench {
    atp_ledger_t *ledger;
    atp_ledger_t *blind;
    atp_ledger_config_t config;
    script_t *script;
    reach_t *reach;
    const act_t *act; /* being done */
    journal_t journal;
    size_t snapshot_at; /* of the journal; SIZE_MAX = none yet */
    atp_ledger_t *restored;
    void *record;
    atp_grant_t *grants;
    atp_result_t result;
    bool took_op;
    bool is_fact;
    bool may_try; /* facts that waited may be tried in the op */
    /* as it was before the op */
    uint64_t history_before;
    uint64_t exceptions_before;
    uint64_t movements_before;
    uint64_t units_hash;
    uint64_t hashes[EVERYTHING_TABLES];
    atp_position_view_t rows[EVERYTHING_ROWS];
    line_before_t lines[EVERYTHING_LINES];
    uint64_t line_count;
    books_row_t books[EVERYTHING_ROWS];
    atp_qty_t returned[EVERYTHING_LINES]; /* of archived lines */
    uint64_t archived_lines;              /* that there ever were */
    act_t replayed;                       /* the fact that a settled exception applies, as an act */
    atp_text_t replay_teller;             /* who told it */
    bool is_replay;
    struct {
        uint32_t sku;
        uint16_t node;
        atp_qty_t qty;
    } kits[BOOKED_KITS_MAX]; /* that left without a promise */
    unsigned kit_count;
    atp_qty_t came_as_such; /* of a kit that came back: units of itself, and of its components */
    atp_qty_t came_as_parts;
    /* a plain list of all postings, and where it was before the op */
    uint64_t postings_before;
    bool has_subscriber;
    uint64_t listed;
    atp_posting_t list[LISTED_POSTINGS_MAX];
    /* what was told of stale nodes */
    atp_staleness_t staleness;
    stale_key_t stale_told[EVERYTHING_ROWS]
                          [STALE_CHANNELS_MAX + 1]; /* by node; after the channels: the node itself */
} bench_t;

bool bench_open(bench_t *bench, script_t *script, reach_t *reach);
void bench_close(bench_t *bench);
/* Does the act and looks at everything. False: something does not hold; script->why says what. */
bool bench_do(bench_t *bench, const act_t *act);

/* Notes why a run failed; returns false. */
bool bench_fail(bench_t *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Encodes the act into bench->record; the verdict of encode. */
atp_verdict_t bench_encode(bench_t *bench, const act_t *act);
/* Applies what is in bench->record. */
bool bench_apply(bench_t *bench, int64_t now_ms);

/* ---- what must hold ---- */

void books_before(bench_t *bench);
bool books_after(bench_t *bench);
/* Who tells: the source of the batch, or the client; the engine itself where there was no room for its name. */
atp_text_t books_teller(const bench_t *bench);
void unit_book_before(bench_t *bench);
bool unit_book_after(bench_t *bench);
/* The quantity of a line in the scale of its SKU. False: it is none. */
bool unit_book_qty(const bench_t *bench, unsigned line, atp_qty_t *ret_qty, uint8_t *ret_scale);
void postings_before(bench_t *bench);
bool postings_after(bench_t *bench);
/* What is told of stale nodes. False: it is not what is so. */
bool stale_after(bench_t *bench);

/* The owners of exceptions. False: they are not as the rules say. */
bool owners_after(bench_t *bench);
/* Takes so many kits that left without a promise out of the books, as the ledger chose: from the shelf, or put together. */
bool books_take_kits(bench_t *bench, uint32_t sku, uint16_t node, atp_qty_t qty);
/* Asked before a reserve is applied; what was said is compared with what it did after it. */
typedef struct said {
    bool has_promise;
    bool is_plain; /* availability, explain and schedule say the same of it */
    atp_result_t promise;
    atp_grant_t grants[ACT_LINES_MAX * ATP_SPLITS_PER_LINE_MAX + ACT_LINES_MAX];
    bool has_explained;
    bool has_explained_lines; /* of several, what becomes of all */
    bool explained_enough;
    bool explained_granted; /* of the reserve itself */
    bool has_account;       /* of the op, just before it is applied: */
    bool is_account_whole;  /* all of its lines are told of, */
    bool is_account_enough; /* and each ends in enough */
    bool has_available;
    atp_qty_t available;
    bool has_scheduled;
    atp_qty_t scheduled;     /* through the channel */
    atp_qty_t expected;      /* that stock and supply come to by then */
    bool is_limited;         /* by rules of the channel */
    bool is_kit_in_decimals; /* of which any quantity may be asked for */
    atp_qty_t asked;         /* in the scale of the SKU */
} said_t;
bool questions_ask(bench_t *bench, said_t *said);
bool questions_compare(bench_t *bench, const said_t *said);
bool replay_all(bench_t *bench);
bool replay_take_snapshot(bench_t *bench);
void everything_hashes(const atp_ledger_t *ledger, uint64_t *ret_hashes);

/* ---- reach: everything_reach.c ---- */

void reach_note(bench_t *bench);
void reach_note_edges(bench_t *bench);
void reach_print(const reach_t *reach);
/* Prints what was never met; returns how many. */
unsigned reach_missing(const reach_t *reach);

void act_print(FILE *to, const act_t *act, int64_t begin_ms);

#define EVERYTHING_START_MS INT64_C(1700000000000)

#endif
