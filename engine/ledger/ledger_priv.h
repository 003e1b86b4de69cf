/* Inside the ledger: its parts, the root record, and what the files ledger_*.c share. */
#ifndef ATP_LEDGER_LEDGER_PRIV_H
#define ATP_LEDGER_LEDGER_PRIV_H

#include "engine/ledger/capacity/closings.h"
#include "engine/ledger/catalog/aliases.h"
#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/catalog/groups.h"
#include "engine/ledger/catalog/units.h"
#include "engine/ledger/channels/rulebook.h"
#include "engine/ledger/channels/views.h"
#include "engine/ledger/facts/differences.h"
#include "engine/ledger/facts/notices.h"
#include "engine/ledger/facts/registry.h"
#include "engine/ledger/kits/bill.h"
#include "engine/ledger/ledger.h"
#include "engine/ledger/ops/outcomes.h"
#include "engine/ledger/sourcing/sourcing.h"
#include "engine/ledger/stock/demand.h"
#include "engine/ledger/tables/table_ids.h"
#include "engine/ledger/tables/wheel.h"

/* What one op merges of a SKU: positions, and with them lines, supplies, promises and movements. */
#define ATP_MERGE_ROWS_MAX 4096
#define ATP_MERGE_WORK_MAX 10000

/* The one record of the table "root": whatever state is not a record of another table. */
typedef struct atp_root {
    atp_ledger_config_t config;
    uint64_t op; /* the last one applied */
    int64_t time_ms;
    atp_string_heads_t strings;
    atp_reservation_heads_t reservations;
    atp_wheel_heads_t wheel;
    atp_outcome_heads_t outcomes;
    atp_exception_heads_t exceptions;
    atp_progress_heads_t progress;
    atp_group_heads_t groups;
    atp_kit_heads_t kits;
    atp_supply_heads_t supplies;
    atp_order_heads_t orders;
    atp_history_heads_t history;
    atp_capacity_heads_t capacity;
    atp_limit_heads_t limits;
    atp_closing_heads_t closings;
    atp_counting_t counting;
    atp_level_heads_t levels;
    atp_archive_heads_t archive;
    atp_posting_heads_t postings;
    atp_registry_heads_t registry;
    atp_movement_heads_t movements;
    atp_feed_heads_t feeds;
    atp_fate_heads_t fates;
} atp_root_t;

_Static_assert(sizeof(atp_root_t) ==
                   sizeof(atp_ledger_config_t) + 16 + sizeof(atp_string_heads_t) +
                       sizeof(atp_reservation_heads_t) + sizeof(atp_wheel_heads_t) +
                       sizeof(atp_outcome_heads_t) + sizeof(atp_exception_heads_t) +
                       sizeof(atp_progress_heads_t) + sizeof(atp_group_heads_t) + sizeof(atp_kit_heads_t) +
                       sizeof(atp_supply_heads_t) + sizeof(atp_order_heads_t) + sizeof(atp_history_heads_t) +
                       sizeof(atp_capacity_heads_t) + sizeof(atp_limit_heads_t) +
                       sizeof(atp_closing_heads_t) + sizeof(atp_counting_t) + sizeof(atp_level_heads_t) +
                       sizeof(atp_archive_heads_t) + sizeof(atp_registry_heads_t) +
                       sizeof(atp_movement_heads_t) + sizeof(atp_feed_heads_t) + sizeof(atp_posting_heads_t) +
                       sizeof(atp_fate_heads_t),
               "stored: no padding");

/* One line of the op being applied, resolved and, where it needs to be, decided. */
typedef struct resolved_line {
    uint32_t sku;
    uint32_t row;   /* NO_ROW: there is no such position */
    uint32_t line;  /* the reservation's line, of a step */
    uint16_t node;  /* NO_NODE: the op leaves it open */
    uint16_t asked; /* index of the op's line it serves */
    uint8_t scale;
    bool is_component;  /* of the kit whose line is the last before it that is none */
    uint16_t needed_by; /* day by which it may be promised from supply; 0 = from what is here */
    uint32_t
        kits; /* whole kits that the components after it make up; of a component those of it that are put together */
    atp_qty_t qty;
    atp_qty_t granted; /* at its own row */
} resolved_line_t;

#define NO_ROW  UINT32_MAX
#define NO_NODE UINT16_MAX

/* What earlier lines of the same op have taken of a row (reserve) or of a line (steps). */
typedef struct taken {
    uint64_t op; /* the entry counts for this op only */
    uint32_t number;
    atp_qty_t qty;
} taken_t;

#define ATP_VIEW_ROWS_MAX UINT16_MAX /* there are no more nodes */

#define TAKEN_MAX 2048 /* twice ATP_LINES_PER_OP_MAX */

/* What the plan of the op takes of nodes with a calendar; the node is looked for by its number. */
typedef struct booked_node {
    uint64_t round; /* the entry counts for this round only */
    uint16_t node;
    int32_t day; /* chosen; ATP_READY_NEVER before */
    atp_units_t units;
} booked_node_t;

#define BOOKED_NODES_MAX 2048 /* twice ATP_LINES_PER_OP_MAX */

typedef struct capacity_scratch {
    uint64_t op;         /* that was counted; 0 = to be counted anew */
    uint64_t settled_op; /* what is due has expired for it */
    uint64_t round;
    uint32_t counted; /* lines of the plan */
    booked_node_t nodes[BOOKED_NODES_MAX];
} capacity_scratch_t;
/* ---- choosing nodes: the scratch of ledger_plan.c ---- */

#define ATP_OPEN_LINES_MAX 64 /* lines that may have to come from one node */

typedef struct plan_mark {
    uint32_t mark;      /* the node was asked if it is that of the line */
    uint16_t candidate; /* its place; ATP_CANDIDATES_MAX: it has nothing */
} plan_mark_t;

/* A node that could serve lines of the op. */
typedef struct plan_node {
    int64_t key;
    uint16_t node;
    uint16_t served; /* lines that it serves alone */
    uint16_t lines;  /* lines that it has something for */
} plan_node_t;

typedef struct plan {
    uint32_t mark; /* of the line that is being asked for */
    uint32_t count;
    atp_candidate_t candidates[ATP_CANDIDATES_MAX];
    plan_mark_t asked[UINT16_MAX + 1];
    uint32_t rows[ATP_CANDIDATES_MAX];

    uint64_t op; /* the op that the rest was chosen for */
    uint32_t chosen_count;
    uint16_t chosen[ATP_SEARCH_NODES_MAX];
    uint32_t node_count;
    plan_node_t nodes[ATP_CANDIDATES_MAX];
    uint16_t place[UINT16_MAX + 1]; /* of a node in nodes, where nodes agrees */
    resolved_line_t open_lines[ATP_OPEN_LINES_MAX];
    atp_search_t search;
} plan_t;

#define HITS_LOOKED_AT 1024 /* bounds the work of one op; the total beyond is told as "at least" */

/* A line at an over-committed position. */
typedef struct hit {
    uint64_t version; /* of its reservation */
    uint32_t line;
    uint32_t priority;
} hit_t;

struct atp_ledger {
    atp_table_t root_table;
    atp_root_t *root; /* its record */
    atp_catalog_t catalog;
    atp_positions_t positions;
    atp_reservations_t reservations;
    atp_wheel_t wheel;
    atp_outcomes_t outcomes;
    atp_exceptions_t exceptions;
    atp_registry_t registry;
    atp_differences_t differences;
    atp_demand_t demand;
    atp_movements_t movements;
    atp_feeds_t feeds;
    atp_drift_t drift;
    atp_fates_t fates;
    atp_closings_t closings;
    atp_postings_t postings;
    atp_supply_book_t supplies;
    atp_kits_t kits;
    atp_groups_t groups;
    atp_rulebook_t rulebook;
    atp_crossings_t crossings;
    atp_unit_book_t units;
    atp_table_t *tables[ATP_LEDGER_TABLES];

    /* valid inside one frame */
    uint32_t frame_client;
    uint32_t frame_source;    /* number + 1; 0 = none */
    atp_verdict_t frame_skip; /* of the facts of a batch that is not applied; ATP_APPLIED: it is */
    uint64_t frame_epoch;     /* of the batch */
    uint64_t frame_sequence;
    int64_t frame_as_of_ms;
    bool frame_is_of_shadow; /* of a fact that is replayed: its source was one when it told it */

    uint32_t counting_feed; /* while a count of it is booked; 0 = none */
    atp_drift_reason_t counting_reason;
    bool is_missing; /* while units become missing, or are found: no count sees them */

    uint64_t expired;      /* for the figures; not state */
    atp_notices_t notices; /* not state */
    const atp_op_t *cause; /* the op being applied */

    /* levels of channels; not state */
    bool has_levels;         /* a rule has some, or had and views are still to be looked at */
    int64_t gap_look_ms;     /* not later than a gap of a source is given up; 0 = none will be. Rebuilt */
    uint32_t levels_of_all;  /* such rules of all SKUs */
    uint32_t level_channels; /* in level_channel */
    uint32_t first_view;     /* of the SKUs whose views may have changed, + 1; 0 = none */
    uint32_t last_view;      /* the last of them, + 1 */
    uint32_t
        *next_view; /* by SKU: the one after it, + 1; UINT32_MAX: it is the last; 0: it is not among them */
    uint16_t *level_channel; /* those that have, or had, such rules, ascending */
    uint64_t kit_rows_left;  /* positions that the op may still look at for the sake of kits */
    bool must_look_at_kit;   /* at the next kit, however many it has */

    /* postings: ledger_postings.c; not state */
    bool has_postings;           /* there is a subscriber */
    atp_posting_change_t posted; /* what the step that is told next has changed */
    uint64_t losing;             /* a bit for each subscriber that lost its first posting by this op */

    bool has_merged; /* a SKU was merged into another: rows may lead to others. Rebuilt */

    bool is_asking; /* a question borrows the scratch: nothing is settled or refreshed */

    /* scratch of the op being applied */
    atp_row_changes_t *changes;
    resolved_line_t lines[ATP_LINES_PER_OP_MAX]; /* of a step or stock op; of a reserve its plan */
    uint32_t view_rows[ATP_VIEW_ROWS_MAX];       /* of the SKU whose view is read */
    struct {
        uint32_t *place;
        uint32_t row;
    } rehomed[ATP_LINES_PER_OP_MAX]; /* rows that the op looked up where they lead to, as they were */
    uint32_t rehomed_count;
    uint64_t rehomed_op;
    uint32_t merge_rows[ATP_MERGE_ROWS_MAX]; /* of the SKU that is merged, then of the one it is */
    uint32_t plan_count;                     /* lines of the plan: several may serve one line of the op */
    bool has_due;                            /* the op has listed queues that may find stock (limits.h) */
    uint64_t fill_op;                        /* the op that fills_left is of */
    uint32_t fills_left;
    uint32_t plan_components;                   /* those of them that are components of kits */
    resolved_line_t told[ATP_LINES_PER_OP_MAX]; /* of an edit: its lines as it says them */
    resolved_line_t
        moves[ATP_LINES_PER_OP_MAX]; /* units that leave their nodes: `line` has them, `qty` of them */
    uint32_t move_count;
    taken_t taken[TAKEN_MAX];
    hit_t hits[HITS_LOOKED_AT];
    uint32_t hit_count;
    capacity_scratch_t capacity_scratch;
    atp_recipe_line_t recipe[ATP_KIT_ENTRIES_MAX]; /* of a kit op */
    atp_bill_t bill;                               /* of the kit that is being reserved */
    uint64_t bill_op;                              /* the op it was laid out for */
    int64_t bill_ms;
    const struct atp_kit_rules *kit_rules; /* of the kit that nodes are asked for: ledger_kits.h */
    plan_t plan;
    uint64_t replayed[ATP_OP_SIZE_MAX / sizeof(uint64_t) + 1]; /* the fact of an exception */
    uint64_t kept_fact[ATP_EXCEPTION_FACT_MAX / sizeof(uint64_t)];
    atp_grant_t replay_grants[ATP_GRANTS_PER_OP_MAX];

    /* written by the ledger thread, read by any */
    _Alignas(ATP_CACHE_LINE) _Atomic uint64_t stamp;
    _Atomic uint64_t stale_changes; /* no state: atp_ledger_stale_changes */
};

/* The op being applied, as the files pass it on. */
typedef struct apply {
    atp_ledger_t *ledger;
    const atp_op_t *op;
    int64_t now_ms;
    atp_result_t *result;
    atp_grant_t *grants;
    uint16_t channel;   /* of a reserve or an edit, once it is known */
    uint16_t needed_by; /* day by which the line being planned is needed; 0 = from what is here */
    bool is_plain;      /* a reserve that no rule of its channel and no attribute says more of */
    bool is_plain_plan; /* and every line of its plan gets something of its row, of which nothing is said */
    bool is_track_only;
    bool may_backorder; /* the line being planned may be promised beyond stock */
    bool has_calendar;  /* the plan may take from a node with a calendar */
    bool takes_parts;   /* of units that are moved, as many as can */
    uint32_t
        moving; /* reservation + 1 of which the plan is for units that leave their nodes: ledger->moves */
    const atp_feed_t *asked_feed; /* of a question: the one that the count would be of */
    uint8_t refused_as; /* the kind of exception that keeps a fact that is refused; 0 = fact_refused */
    bool is_short;      /* the plan grants less than the lines it was made for asked */
    uint8_t unheeded;   /* what the plan would be without: UNHEEDED_... (ledger_plan.h) */
} apply_t;

/* True if the op, or what is planned beside it, takes less than it asks for where that is all there is. */
static inline bool atp_ledger_takes_parts(const apply_t *apply)
{
    return apply->moving != 0 ? apply->takes_parts : apply->op->option == ATP_RESERVE_PARTIAL;
}

/* True if the tables have the capacities of `config`. */
bool atp_ledger_fits(const atp_ledger_t *ledger, const atp_ledger_config_t *config);
/* ---- ledger_apply.c, ledger_scratch.c ---- */

/* The work of the op's kind, without identity and without what is remembered. */
atp_verdict_t atp_ledger_execute(apply_t *apply);

/* Notes verdict, field and line in the result; returns the verdict. */
atp_verdict_t atp_ledger_refuse(apply_t *apply, atp_verdict_t verdict, atp_field_t field, uint32_t line);

/* The same at an attribute, of that line or else of the op; ATP_KEY_NONE: at no single one. */
atp_verdict_t atp_ledger_refuse_key(apply_t *apply, atp_verdict_t verdict, unsigned key, uint32_t line);

/* The entry of row or line `number` for this op: 0 taken when it is asked for first. One op asks for rows or for
 * lines, never both. */
taken_t *atp_ledger_taken(apply_t *apply, uint32_t number);
/* What its entry says, without making one: any number of rows may be looked at. */
atp_qty_t atp_ledger_taken_qty(const apply_t *apply, uint32_t number);

/* ---- ledger_names.c: from names and numbers to records ---- */

/* Walks the names of the op's lines. */
typedef struct line_names {
    const char *cursor;
} line_names_t;
line_names_t atp_ledger_line_names(const atp_op_t *op);
/* SKU and node of the op's line `i` (asked in order), and its quantity in the SKU's scale. The row if there is one. */
atp_verdict_t atp_ledger_resolve_line(apply_t *apply, line_names_t *names, uint32_t i,
                                      resolved_line_t *ret_line);
/* SKU and node alone. */
atp_verdict_t atp_ledger_resolve_names(apply_t *apply, line_names_t *names, uint32_t i,
                                       resolved_line_t *line);
atp_verdict_t atp_ledger_put_sku(apply_t *apply);
atp_verdict_t atp_ledger_put_node(apply_t *apply);
atp_verdict_t atp_ledger_put_channel(apply_t *apply);
atp_verdict_t atp_ledger_put_client(apply_t *apply);
/* Adds a record under the op's subject to one of the named tables, if there is room for it, its id and the display name to
 * come; else the verdict `full`, or STRINGS_FULL, and nothing has changed. */
atp_verdict_t atp_ledger_add_named(apply_t *apply, atp_table_t *table, atp_index_t *index, atp_text_t id,
                                   atp_text_t name, atp_verdict_t full, uint32_t *ret_number);
/* Looks whether a numbered batch was applied before, or has no number that can be; its facts are then skipped.
 * ATP_APPLIED: it is new. Changes no state. */
atp_verdict_t atp_ledger_look_at_batch(apply_t *apply);
atp_verdict_t atp_ledger_open_source(apply_t *apply);

/* ---- ledger_channels.c: what the channel of a reserve or edit lets it have ---- */

/* What the channel may still take of the SKU, what the op has taken counted. ATP_NO_LIMIT: no rule says anything. */
atp_qty_t atp_ledger_channel_left(apply_t *apply, uint32_t sku);
/* The same of a line that leaves its node open: with what the nodes that it sees may promise beyond their stock; of a kit that some
 * may so promise also what can be put together, of others NO_LIMIT: what they are made of is looked at where they are planned. */
atp_qty_t atp_ledger_channel_left_anywhere(apply_t *apply, uint32_t sku);
/* How many of `free` units of a SKU at a node (in the row, NO_ROW: none) the channel may have. */
atp_qty_t atp_ledger_within_channel(apply_t *apply, uint32_t sku, uint16_t node, uint32_t row,
                                    atp_qty_t free);
/* The same as channel_left for `qty` units that it has and that are not where they should be: its quotas have counted them,
 * what it sees of stock only if they are among `missing` ones that it counts as short. Nothing is taken yet. */
atp_qty_t atp_ledger_channel_left_moving(apply_t *apply, uint32_t sku, atp_qty_t qty, atp_qty_t missing);
/* How many of `free` units of a row (signed, what waits for them not taken off) the op's channel keeps back because the node is
 * stale; and whether it takes nothing there, not even beyond stock. */
atp_qty_t atp_ledger_kept_back(const apply_t *apply, uint32_t row, atp_qty_t free);
bool atp_ledger_stops_at(const apply_t *apply, uint16_t node);
/* What this one reservation may still take of the SKU by the caps of the channel's rules, after the plan so far. */
atp_qty_t atp_ledger_cap_left(apply_t *apply, uint32_t sku);
/* The group whose nodes the channel sees for the op's method; ATP_NO_GROUP: all. */
uint16_t atp_ledger_view_group(const apply_t *apply);
/* True if the channel sees the node. */
bool atp_ledger_channel_sees(apply_t *apply, uint16_t node);
/* Room to count the first `count` lines of the plan, if the channel is counted: ACCOUNTS_FULL. */
atp_verdict_t atp_ledger_look_for_accounts(apply_t *apply, uint32_t count);

/* ---- ledger_levels.c: when the view of a channel crosses a level ---- */

/* The views of the SKU may change by this op. Only where has_levels. */
void atp_ledger_note_view(atp_ledger_t *ledger, uint32_t sku);
/* All views may: each is looked at, some with this op, the rest with pulses. */
void atp_ledger_note_all_views(atp_ledger_t *ledger);
/* A rule or quota over that subject has changed, or what is in use of it. */
void atp_ledger_note_views_of(atp_ledger_t *ledger, atp_scope_t scope, uint32_t subject);
/* A rule with levels has come (1), or goes (-1). */
void atp_ledger_count_levels(atp_ledger_t *ledger, uint32_t rule, int change);
/* When an op is done: keeps what its views have crossed. */
void atp_ledger_follow_levels(apply_t *apply, atp_verdict_t verdict);
bool atp_ledger_is_level_due(const atp_ledger_t *ledger, int64_t now_ms);
atp_err_t atp_ledger_init_levels(atp_ledger_t *ledger, const atp_ledger_config_t *config);
void atp_ledger_fini_levels(atp_ledger_t *ledger);
void atp_ledger_rebuild_levels(atp_ledger_t *ledger);

/* ---- ledger_tags.c ---- */

/* Notes beside the directories of all SKUs whether a quota is over them. */
void atp_ledger_rebuild_rationed(atp_ledger_t *ledger);

/* ---- ledger_groups.c: groups of nodes ---- */

atp_verdict_t atp_ledger_put_group(apply_t *apply);
/* The group that an attribute with that key names, of the op or of a line; ATP_NO_GROUP if there is no such attribute.
 * UNKNOWN_GROUP, noted at `line`, if it names one that does not exist. */
atp_verdict_t atp_ledger_named_group(apply_t *apply, unsigned key, unsigned line, uint16_t *ret_group);

/* ---- ledger_lines.c: lines and rows together ---- */

/* Moves `qty` units of a line by a step: line, row, tree, wheel, counters. The units are there (asserted). */
void atp_ledger_move(atp_ledger_t *ledger, uint32_t number, atp_step_t step_number, atp_qty_t qty);
/* The same for units in one state of those that the step takes them from. */
void atp_ledger_move_from(atp_ledger_t *ledger, uint32_t number, atp_step_t step, atp_line_state_t from,
                          atp_qty_t qty);
/* Keeps a step of a line in the history. Moving and attaching do it. */
void atp_ledger_note_step(atp_ledger_t *ledger, uint32_t number, atp_step_t step, atp_qty_t qty);
/* Ends the reservation, or takes it off the wheel, if its lines say so. To be called after moves. */
void atp_ledger_tidy(atp_ledger_t *ledger, uint32_t number);
/* Adds a granted line to its position. */
void atp_ledger_attach(atp_ledger_t *ledger, uint32_t number);
/* The same for a line of which all is reserved, at a node without calendar, of a reservation that nothing keeps account of. */
void atp_ledger_attach_plain(atp_ledger_t *ledger, uint32_t number);
/* The same for units that were granted before, at another node: no channel counts them anew. */
void atp_ledger_attach_moved(atp_ledger_t *ledger, uint32_t number);
/* Adds units to a line that has units which expire, and grants it `waiting` more that are backordered next. */
void atp_ledger_grow(atp_ledger_t *ledger, uint32_t number, atp_qty_t qty, atp_qty_t waiting);
/* A line in the tree of `from` is in that of `to`, at `row`, from now on. Both positions are open for a change. */
void atp_ledger_move_line(atp_ledger_t *ledger, uint32_t number, atp_position_t *from, atp_position_t *to,
                          uint32_t row);
/* Changes the deadline of a reservation and of its reserved lines. */
void atp_ledger_reschedule(atp_ledger_t *ledger, uint32_t number, int64_t deadline_ms);
/* True if more is promised at the row than is there: uncommitted < 0, and not only because on-hand is. */
bool atp_ledger_is_over_committed(const atp_position_t *position);
/* What a reserve may take of a row, signed, as the ledger thread sees it. */
atp_qty_t atp_ledger_promisable(const atp_ledger_t *ledger, uint32_t row);
atp_position_t *atp_ledger_begin_row(atp_ledger_t *ledger, uint32_t row);

/* ---- ledger_kits.c ---- */

atp_verdict_t atp_ledger_put_kit(apply_t *apply);
/* Notes beside the directories which SKUs are kits. */
void atp_ledger_rebuild_kits(atp_ledger_t *ledger);
/* atp_ledger_free_at for a kit: stocked ones, and those that can be put together there. */
atp_qty_t atp_ledger_kit_free_at(apply_t *apply, uint32_t sku, uint16_t node, uint32_t *ret_row);
/* Plans up to `qty` of a kit at a node: the kit's line, then its components. What it gives is less than asked only if it is
 * all there is. */
atp_verdict_t atp_ledger_plan_kit(apply_t *apply, const resolved_line_t *wanted, uint16_t node, atp_qty_t qty,
                                  atp_qty_t *ret_given);
/* Plans a kit's line that names its node: in whole, or whole kits if the op takes parts. */
atp_verdict_t atp_ledger_plan_named_kit(apply_t *apply, resolved_line_t wanted);
/* What a line of the plan that is no component grants of the SKU asked for. */
static inline atp_qty_t atp_ledger_granted(const resolved_line_t *line)
{
    return line->granted + (ATP_UNLIKELY(line->kits > 0) ? line->kits * atp_kit_unit(line->scale) : 0);
}
/* Plans a kit's line that was sold already: what is stocked, the rest put together, whatever there is of its components. */
atp_verdict_t atp_ledger_plan_sold_kit(apply_t *apply, resolved_line_t wanted);
/* A sale over the counter as lines: the kits on the shelf, then what the rest is put together from. Returns how many lines. */
atp_verdict_t atp_ledger_lay_out_sale(apply_t *apply, const resolved_line_t *sold, uint32_t *ret_count);
/* Takes kits that have left and were not reserved as a sale would be, below 0 where need be; `sold->row` is there and in range. What
 * has no place (positions full, out of range) is the kit's own. */
void atp_ledger_take_sold_kits(apply_t *apply, const resolved_line_t *sold);
bool atp_ledger_is_component(const atp_ledger_t *ledger, uint32_t number);
/* How many kits were put together for a kit's line: 0 for any other. */
int64_t atp_ledger_kits_of(const atp_ledger_t *ledger, uint32_t number);

/* ---- ledger_archive.c: what was archived ---- */

/* What comes back to an archived reservation. */
atp_verdict_t atp_ledger_return_archived(apply_t *apply, const atp_archived_t *archived);
/* ARCHIVED for an op whose reservation or order is unknown but archived, else UNKNOWN_RESERVATION. */
atp_verdict_t atp_ledger_look_in_archive(apply_t *apply);
/* Notes whether all postings of an ended reservation of which something has left are reconciled. */
void atp_ledger_look_at_postings(atp_ledger_t *ledger, uint32_t number);

/* ---- ledger_exceptions.c ---- */

/* Keeps an exception for a row (NO_ROW: none) with its names. */
atp_exception_t *atp_ledger_raise(apply_t *apply, atp_exception_kind_t kind, uint32_t row, atp_qty_t qty);
/* The same of one that is about a source (number + 1), or (0) about nothing that the op names. */
atp_exception_t *atp_ledger_raise_of(apply_t *apply, atp_exception_kind_t kind, uint32_t source,
                                     atp_qty_t qty);
/* A fact that could not be applied is kept where a person finds it, or waits. Returns what its teller is told. */
atp_verdict_t atp_ledger_keep_refused_fact(apply_t *apply, atp_verdict_t verdict);
/* Keeps what was decided of a fact by this op, and what it has raised. */
void atp_ledger_keep_fate(apply_t *apply, atp_verdict_t verdict);
/* Keeps what a source sent and nobody could read. */
atp_verdict_t atp_ledger_quarantine(apply_t *apply);
/* Settles an exception: its fact is applied in this op, as it was or with other lines, or it is discarded. */
atp_verdict_t atp_ledger_settle_exception(apply_t *apply);

/* Notes as settled, by that client. */
void atp_ledger_note_settled(apply_t *apply, uint64_t number, atp_exception_state_t state, uint32_t client,
                             atp_text_t cause);
/* The batch in which the fact of an exception came is the one that is open; then the one before it again. */
typedef struct frame {
    uint32_t source;
    uint64_t epoch;
    uint64_t sequence;
    int64_t as_of_ms;
} frame_t;
frame_t atp_ledger_enter_frame(atp_ledger_t *ledger, const atp_exception_t *exception);
void atp_ledger_leave_frame(atp_ledger_t *ledger, const frame_t *before);

/* ---- ledger_aliases.c: what names and units mean ---- */

atp_verdict_t atp_ledger_put_alias(apply_t *apply);
atp_verdict_t atp_ledger_put_unit(apply_t *apply);
/* Who tells or asks: the source of a numbered batch, else the client. */
atp_text_t atp_ledger_teller(const apply_t *apply);
/* The source whose batch is open; "" if none is. */
atp_text_t atp_ledger_source_told(const atp_ledger_t *ledger);
/* The source of that number + 1; "" for 0. */
atp_text_t atp_ledger_source_named(const atp_ledger_t *ledger, uint32_t source);
/* What a name means to who tells: an id, or an alias. False: nothing. */
bool atp_ledger_means_sku(const apply_t *apply, atp_text_t name, uint32_t *ret_sku);
bool atp_ledger_means_node(const apply_t *apply, atp_text_t name, uint16_t *ret_node);
/* Whether a SKU or node may be made under that id. CONFIRMED: it is there, under another name; ALIAS_CONFLICT: others call
 * something so. */
atp_verdict_t atp_ledger_look_at_alias(apply_t *apply, atp_alias_kind_t kind, atp_text_t id,
                                       atp_field_t field);
/* The verdict for what became of the quantity of line `i`. */
atp_verdict_t atp_ledger_rescale(apply_t *apply, uint32_t i, atp_rescale_t rescaled);
/* The quantity of the op's line `i` in the SKU's scale, from the unit that it is told in. */
atp_verdict_t atp_ledger_read_qty(apply_t *apply, uint32_t i, uint32_t sku, uint8_t scale,
                                  atp_qty_t *ret_qty);

/* ---- ledger_expiry.c ---- */

void atp_ledger_expire(atp_ledger_t *ledger, uint32_t number);
/* The same, as the wheel calls it: the context is the ledger. */
void atp_ledger_expire_one(void *context, uint32_t reservation);
void atp_ledger_settle_row(atp_ledger_t *ledger, uint32_t row, int64_t now_ms);
/* Expires what is due anywhere, after looking at up to `limit` reservations. */
void atp_ledger_settle_due(atp_ledger_t *ledger, int64_t now_ms, uint64_t limit);
atp_verdict_t atp_ledger_pulse(apply_t *apply);
atp_verdict_t atp_ledger_settle(apply_t *apply);

/* ---- ledger_source.c: who serves a line ---- */

/* What a reserve may still take of `node` for this op: promisable, less what earlier lines of the op take. 0 where the
 * node is not open or has no such position. Settles the row first. */
atp_qty_t atp_ledger_free_at(apply_t *apply, uint32_t sku, uint16_t node, uint32_t *ret_row);
/* The same of what is stocked as such, kit or not. */
atp_qty_t atp_ledger_stock_at(apply_t *apply, uint32_t sku, uint16_t node, uint32_t *ret_row);
/* The place of the next line of the plan, NULL when it is full. plan_count counts it once it stands. */
resolved_line_t *atp_ledger_plan_next(atp_ledger_t *ledger);
/* Plans a line that leaves its node open: in whole, or what there is if the op takes parts. */
atp_verdict_t atp_ledger_plan_open_line(apply_t *apply, resolved_line_t wanted);

/* Takes what was picked for the line into the plan; *ret_left: what of it was not to be had, *ret_nodes: nodes that give some. */
atp_verdict_t atp_ledger_plan_picks(apply_t *apply, const resolved_line_t *wanted, const atp_pick_t *picks,
                                    uint32_t count, atp_qty_t *ret_left, uint32_t *ret_nodes);

/* Plans a line that names its node, where something beyond the row's buckets has a say: attributes, limits, rules. */
atp_verdict_t atp_ledger_plan_named_line(apply_t *apply, resolved_line_t *line);

/* ---- ledger_limits.c: what limits say ---- */

/* The verdict for a line of `qty` (as the reservation would have it) by the quantities of its SKU and channel; and how many of
 * it may be granted when it is not all. */
atp_verdict_t atp_ledger_look_at_quantity(apply_t *apply, const resolved_line_t *line,
                                          atp_bounds_t *ret_bounds);
/* Takes back from the plan's lines from `first` on what is not a whole step, or less than the least. */
void atp_ledger_round_plan(apply_t *apply, uint32_t first, const atp_bounds_t *bounds);
/* The quantities that the op tells of a SKU or channel: whether they are in order and have room (nothing changes); then
 * noting them. False: it tells none. */
atp_verdict_t atp_ledger_look_at_quantities(apply_t *apply, atp_limit_scope_t scope, uint32_t sku,
                                            uint16_t channel);
bool atp_ledger_put_quantities(apply_t *apply, atp_limit_scope_t scope, uint32_t sku, uint16_t channel);
/* Builds the index of limits, and what SKUs have beside their scale because of them. */
void atp_ledger_rebuild_limits(atp_ledger_t *ledger);
/* Counts, for planners, what a reserve did not grant: the line at fault, or all that fell short. */
void atp_ledger_count_unmet(apply_t *apply, atp_verdict_t verdict);

/* ---- ledger_backorder.c: promises beyond stock ---- */

atp_verdict_t atp_ledger_put_limit(apply_t *apply);
/* What an op may take of a row with limits that has `free` units of stock left for it (signed). */
atp_qty_t atp_ledger_beyond_stock(apply_t *apply, uint32_t row, atp_qty_t free);
/* How many of the units that the op has taken of a row are of its stock; below 0: given back to it. */
atp_qty_t atp_ledger_stock_taken(apply_t *apply, uint32_t row);
/* How many more units of the SKU the op's channel may have beyond stock, by its cap and that of all; ATP_UNLIMITED. */
atp_qty_t atp_ledger_beyond_left(apply_t *apply, uint32_t sku);
/* How many of `free` units are beyond stock: they do not count against what the channel sees of stock. */
atp_qty_t atp_ledger_allowance(apply_t *apply, uint32_t row, atp_qty_t free);
/* Whether there is room for the records of what the plan may promise beyond stock. */
atp_verdict_t atp_ledger_look_for_waiting(apply_t *apply);
/* `qty` more units of a line wait. They are counted as granted already. */
void atp_ledger_backorder(atp_ledger_t *ledger, uint32_t number, atp_qty_t qty);
/* So many more (fewer: below 0) units of a line wait: queue, limits, caps. Inside a change of the row. */
void atp_ledger_note_waiting(atp_ledger_t *ledger, uint32_t number, atp_qty_t change);
/* Adds the limits of row `from`, and who waits there, to those of `to`, which is open for a change; new: for sale as `from` is. */
void atp_ledger_merge_limits(atp_ledger_t *ledger, uint32_t from, atp_position_t *to, bool is_new);
/* The priority of the reservation has changed. */
void atp_ledger_requeue(atp_ledger_t *ledger, uint32_t reservation);
/* A row with a queue changes: when the op is done the queue is looked at. */
void atp_ledger_note_due(atp_ledger_t *ledger, uint32_t row);
/* Gives what is free to those who wait, as far as one op goes; pulses go on. */
void atp_ledger_fill_due(atp_ledger_t *ledger);
/* How many lines the op may still fill. */
uint32_t *atp_ledger_fills_left(atp_ledger_t *ledger);
/* What is free at a row and no queue waits for; signed. */
atp_qty_t atp_ledger_unclaimed(const atp_ledger_t *ledger, uint32_t row);

/* ---- ledger_reassign.c: units that go to other nodes ---- */

atp_verdict_t atp_ledger_reassign(apply_t *apply);
/* Has other nodes serve up to `qty` units of a line, as many as can, by the channel's way of sourcing, and moves them by `step`
 * (reassign: reserved ones first; re_source). Returns how many it moved. For ops of any kind, after all that they decide: what
 * `taken` says is forgotten, ledger->lines is as it was. */
atp_qty_t atp_ledger_re_source(apply_t *apply, uint32_t number, atp_step_t step, atp_qty_t qty);
/* Where the units went that op `op` moved, as the plan of the answer. */
void atp_ledger_fill_moved(apply_t *apply, uint64_t op);

/* ---- ledger_missing.c: units that a node could not fulfil ---- */

/* `qty` of units on hand cannot be found: unavailable from now on. */
void atp_ledger_miss(apply_t *apply, uint32_t row, atp_qty_t qty);
/* How many are missing at the row; 0 for most. */
atp_qty_t atp_ledger_missing(const atp_ledger_t *ledger, uint32_t row);
/* `qty` units of the row that are missing are no more. They stay unavailable: the caller changes that. */
void atp_ledger_settle_missing(atp_ledger_t *ledger, uint32_t row, atp_qty_t qty);

/* ---- ledger_edit.c: reservations that change, or take the place of others ---- */

atp_verdict_t atp_ledger_edit(apply_t *apply);
/* The reservation that the op replaces: its soft units are left out of what is counted against the op. NO_ROW: none. */
atp_verdict_t atp_ledger_look_at_replaced(apply_t *apply, uint32_t *ret_number);
void atp_ledger_release_all(atp_ledger_t *ledger, uint32_t number);

/* ---- ledger_reserve.c, ledger_steps.c, ledger_stock.c ---- */

/* Grants a line of the plan as a line of the reservation, after its line `after` (number + 1; 0 = first). Returns its number. */
uint32_t atp_ledger_grant_line(apply_t *apply, uint32_t reservation, uint32_t after,
                               const resolved_line_t *decided, int64_t deadline_ms);
/* What the plan's lines from `first` on take is free again. */
void atp_ledger_unplan(apply_t *apply, uint32_t first);
atp_verdict_t atp_ledger_reserve(apply_t *apply);
void atp_ledger_forget_scratch(atp_ledger_t *ledger);
atp_verdict_t atp_ledger_extend(apply_t *apply);
atp_verdict_t atp_ledger_step(apply_t *apply, atp_step_t step);
atp_verdict_t atp_ledger_ship_fact(apply_t *apply);
/* A step told as a fact: pick, pack, deliver, reconcile, short. */
atp_verdict_t atp_ledger_step_fact(apply_t *apply, atp_step_t step);
/* ledger_returns.c: units come back; stock set aside is settled. */
atp_verdict_t atp_ledger_return(apply_t *apply);
atp_verdict_t atp_ledger_dispose(apply_t *apply);
atp_verdict_t atp_ledger_stock(apply_t *apply);
atp_verdict_t atp_ledger_safety(apply_t *apply);

/* Changes a bucket by `change` (a fact: on-hand may go negative). It stays in range: asserted. Returns what of it was done: what
 * a feed had counted before it was told is not done again. */
atp_qty_t atp_ledger_change_bucket(apply_t *apply, uint32_t row, atp_bucket_t bucket, atp_qty_t change);
/* So many come in, and so many more are under way to the position (fewer: negative). Returns what of it on-hand changed. */
atp_qty_t atp_ledger_change_inbound(apply_t *apply, uint32_t row, atp_qty_t on_hand, atp_qty_t inbound);
/* Raises the over-commitment exception of a row when a fact brought uncommitted below 0, once. */
void atp_ledger_note_over_commitment(apply_t *apply, uint32_t row);

/* Whether there is room for the rows that the first `count` lines of the op miss; POSITIONS_FULL otherwise, with the
 * line at fault. A row missed by two lines counts twice. Changes nothing. */
atp_verdict_t atp_ledger_look_for_rows(apply_t *apply, uint32_t count);
/* The line's row, added if it is not there (there is room: asserted). */
void atp_ledger_need_row(apply_t *apply, resolved_line_t *line);

#endif
