/* Who is asked to serve the lines of an op that leave their node open, and who of them does.
 *
 * Candidates for a line are the nodes that the line names, or the op; or those of the group that the line names, or the op;
 * or those of the channel's group for the method; else all nodes of the SKU. A channel with a group for the method is
 * served from that group only, whatever the request names. Of each what is free for this op counts: atp_ledger_free_at. */
#include "engine/ledger/kits/ledger_kits.h"

#include "engine/base/attribute.h"

#include <string.h>

/* ---- how ---- */

/* What the op says, else its channel, else `otherwise`. `of_channel`: the channel's number + 1, 0 if it says nothing. */
static int64_t setting(const apply_t *apply, unsigned key, uint8_t of_channel, int64_t otherwise)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, key, ATP_WHOLE_OP);

    if (attribute != NULL) {
        return attribute->number;
    }
    return of_channel > 0 ? of_channel - 1 : otherwise;
}

static atp_method_t method_of(const apply_t *apply)
{
    return (atp_method_t)setting(apply, ATP_KEY_METHOD, 0, ATP_METHOD_SHIP);
}

static bool moves_kit(const apply_t *apply)
{
    for (uint32_t i = 0; i < apply->ledger->move_count; i++) {
        if (apply->ledger->moves[i].is_component) {
            return true;
        }
    }
    return false;
}

atp_verdict_t atp_ledger_sourcing_of(apply_t *apply, const resolved_line_t *wanted,
                                     atp_sourcing_t *ret_sourcing)
{
    const atp_channel_record_t *channel = atp_table_at(&apply->ledger->catalog.channels, apply->channel);
    const atp_op_attribute_t *least = atp_op_attribute(apply->op, ATP_KEY_SPLIT_LEAST, ATP_WHOLE_OP);
    /* What a customer picks up is in one place, and so is what a kit is put together from. */
    atp_split_t split = method_of(apply) == ATP_METHOD_PICKUP || (apply->moving != 0 && moves_kit(apply))
                            ? ATP_SPLIT_TOGETHER
                            : ATP_SPLIT_YES;

    *ret_sourcing = (atp_sourcing_t){
        .strategy =
            (atp_strategy_t)setting(apply, ATP_KEY_STRATEGY, channel->strategy, ATP_STRATEGY_PRIORITY),
        .split = (atp_split_t)setting(apply, ATP_KEY_SPLIT, channel->split, split),
        .splits = (uint32_t)setting(apply, ATP_KEY_SPLITS, channel->splits, ATP_SPLITS_PER_LINE_MAX)};
    if (ret_sourcing->split != ATP_SPLIT_YES) {
        ret_sourcing->splits = 1;
    }
    if (least == NULL) {
        return ATP_APPLIED;
    }
    return atp_qty_rescale(least->number, least->detail, wanted->scale, &ret_sourcing->least) == ATP_RESCALED
               ? ATP_APPLIED
               : atp_ledger_refuse_key(apply, ATP_QTY_TOO_PRECISE, ATP_KEY_SPLIT_LEAST, wanted->asked);
}

/* ---- who is asked ---- */

/* The candidates of one line, as they are gathered. */
typedef struct gathering {
    apply_t *apply;
    const resolved_line_t *wanted;
    const atp_sourcing_t *sourcing;
    uint16_t channel_group; /* nodes outside are not asked; ATP_NO_GROUP: all are */
    plan_t *plan;
    bool is_kit_in_decimals; /* what is put together of it is whole */
} gathering_t;

/* Units of the row that are promised already, by this op too. */
static int64_t load_of(const gathering_t *g, uint32_t row)
{
    if (row == NO_ROW) {
        return 0; /* a kit that is put together there */
    }
    atp_position_t *position = atp_positions_at(&g->apply->ledger->positions, row);
    return atp_load_relaxed(&position->reserved) + atp_load_relaxed(&position->allocated) +
           atp_ledger_taken_qty(g->apply, row);
}

static int64_t key_of(const gathering_t *g, uint32_t row, atp_qty_t free, uint32_t rank, int64_t cost)
{
    switch (g->sourcing->strategy) {
    case ATP_STRATEGY_FEWEST:
    case ATP_STRATEGY_STOCK:
        return -free;
    case ATP_STRATEGY_COST:
        return cost;
    case ATP_STRATEGY_BALANCE:
        return load_of(g, row);
    case ATP_STRATEGY_PRIORITY:
    case ATP_STRATEGY_COUNT:
        break;
    }
    return rank;
}

/* True if the node was not asked for this line yet. */
static bool note_asked(plan_t *plan, uint16_t node)
{
    bool is_new = plan->asked[node].mark != plan->mark;

    plan->asked[node] = (plan_mark_t){plan->mark, ATP_CANDIDATES_MAX};
    return is_new;
}

/* Asks a node what it has, but that which the units leave. Of one that is named twice the first time counts. */
static void ask(gathering_t *g, uint16_t node, uint32_t rank, int64_t cost)
{
    plan_t *plan = g->plan;
    atp_group_node_t member;
    uint32_t row;

    if (plan->count == ATP_CANDIDATES_MAX || node == g->wanted->node || !note_asked(plan, node) ||
        (g->channel_group != ATP_NO_GROUP &&
         !atp_groups_find(&g->apply->ledger->groups, g->channel_group, node, &member))) {
        return;
    }
    atp_qty_t free = ATP_UNLIKELY(g->is_kit_in_decimals)
                         ? atp_ledger_kit_free_of(g->apply, g->wanted->sku, node, g->wanted->qty, &row)
                         : atp_ledger_free_at(g->apply, g->wanted->sku, node, &row);
    if (free <= 0) {
        return;
    }
    plan->asked[node].candidate = (uint16_t)plan->count;
    plan->candidates[plan->count++] =
        (atp_candidate_t){.key = key_of(g, row, free, rank, cost), .free = free, .node = node};
}

/* The nodes that the request names for the line, or for the op, each with the cost that may follow it. */
static atp_verdict_t ask_named(gathering_t *g, unsigned line)
{
    const atp_op_t *op = g->apply->op;
    const atp_op_attribute_t *attributes = atp_op_attributes(op);
    uint32_t count = atp_op_attribute_count(op);
    uint32_t rank = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (attributes[i].line != line || attributes[i].key != ATP_KEY_NODE) {
            continue;
        }
        atp_text_t name = atp_op_attribute_text(op, &attributes[i]);
        bool has_cost =
            i + 1 < count && attributes[i + 1].key == ATP_KEY_COST && attributes[i + 1].line == line;
        uint16_t node;
        if (!atp_ledger_means_node(g->apply, name, &node)) {
            return atp_ledger_refuse_key(g->apply, ATP_UNKNOWN_NODE, ATP_KEY_NODE, g->wanted->asked);
        }
        ask(g, node, rank++, has_cost ? attributes[i + 1].number : 0);
    }
    return ATP_APPLIED;
}

/* How many rows the SKU has, their numbers in plan->rows. A kit can be put together where it has none: no number of rows
 * says where it is. */
static uint32_t rows_of(const gathering_t *g)
{
    const atp_positions_t *positions = &g->apply->ledger->positions;

    return atp_positions_sku_has(positions, g->wanted->sku, ATP_SKU_IS_KIT)
               ? UINT32_MAX
               : atp_positions_list(positions, g->wanted->sku, g->plan->rows, ATP_CANDIDATES_MAX);
}

/* The nodes of the SKU, by number: through its rows, unless it is at more nodes than are looked at. */
static void ask_all(gathering_t *g)
{
    const atp_ledger_t *ledger = g->apply->ledger;
    uint32_t rows = rows_of(g);

    if (rows > ATP_CANDIDATES_MAX) {
        uint64_t nodes = atp_table_count(&ledger->catalog.nodes);
        for (uint64_t node = 0; node < nodes; node++) {
            ask(g, (uint16_t)node, (uint32_t)node, 0);
        }
        return;
    }
    for (uint32_t i = 0; i < rows; i++) {
        uint16_t node = atp_positions_at(&ledger->positions, g->plan->rows[i])->node;
        ask(g, node, node, 0);
    }
}

/* The nodes of a group: through the rows of the SKU if they are fewer. */
static void ask_group(gathering_t *g, uint16_t group)
{
    const atp_ledger_t *ledger = g->apply->ledger;
    uint32_t rows = rows_of(g);
    atp_group_node_t member;

    if (rows <= ATP_CANDIDATES_MAX && rows < atp_groups_count(&ledger->groups, group)) {
        for (uint32_t i = 0; i < rows; i++) {
            uint16_t node = atp_positions_at(&ledger->positions, g->plan->rows[i])->node;
            if (atp_groups_find(&ledger->groups, group, node, &member)) {
                ask(g, node, member.rank, member.cost);
            }
        }
        return;
    }
    atp_group_walk_t walk = atp_groups_walk(&ledger->groups, group);
    while (atp_groups_next(&walk, &member)) {
        ask(g, member.node, member.rank, member.cost);
    }
}

/* The nodes or the group that the request names for the line, or for the op. False: it names neither. */
static bool ask_those_of(gathering_t *g, unsigned line, atp_verdict_t *ret_verdict)
{
    apply_t *apply = g->apply;
    uint16_t group;

    if (atp_op_attribute(apply->op, ATP_KEY_NODE, line) != NULL) {
        *ret_verdict = ask_named(g, line);
        return true;
    }
    *ret_verdict = atp_ledger_named_group(apply, ATP_KEY_GROUP, line, &group);
    if (*ret_verdict == ATP_APPLIED && group != ATP_NO_GROUP) {
        ask_group(g, group);
    }
    return *ret_verdict != ATP_APPLIED || group != ATP_NO_GROUP;
}

static void begin_asking(plan_t *plan)
{
    plan->count = 0;
    if (++plan->mark == 0) {
        memset(plan->asked, 0, sizeof plan->asked);
        plan->mark = 1;
    }
}

static atp_verdict_t ask_nodes(gathering_t *g)
{
    unsigned line = g->wanted->asked;
    atp_verdict_t verdict = ATP_APPLIED;

    if (ask_those_of(g, line, &verdict) || ask_those_of(g, ATP_WHOLE_OP, &verdict)) {
        return verdict;
    }
    if (g->channel_group != ATP_NO_GROUP) {
        ask_group(g, g->channel_group);
    } else {
        ask_all(g);
    }
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_gather(apply_t *apply, const resolved_line_t *wanted, const atp_sourcing_t *sourcing)
{
    plan_t *plan = &apply->ledger->plan;
    gathering_t g = {
        apply,    wanted,
        sourcing, atp_catalog_channel_group(&apply->ledger->catalog, apply->channel, method_of(apply)),
        plan,     atp_ledger_is_kit_in_decimals(apply, wanted->sku)};
    atp_kit_rules_t rules;

    begin_asking(plan);
    if (ATP_UNLIKELY(atp_ledger_is_put_together(apply, wanted->sku))) {
        atp_ledger_read_kit_rules(apply, wanted->sku, &rules);
        apply->ledger->kit_rules = &rules;
    }
    atp_verdict_t verdict = ask_nodes(&g);
    apply->ledger->kit_rules = NULL;
    return verdict;
}

bool atp_ledger_asks_some(apply_t *apply, const resolved_line_t *wanted, node_set_t *ret_nodes)
{
    const plan_t *plan = &apply->ledger->plan;
    atp_result_t before = *apply->result;
    atp_sourcing_t sourcing;
    bool says_some = false;

    for (unsigned i = 0; i < 2; i++) {
        unsigned line = i == 0 ? wanted->asked : ATP_WHOLE_OP;
        says_some = says_some || atp_op_attribute(apply->op, ATP_KEY_NODE, line) != NULL ||
                    atp_op_attribute(apply->op, ATP_KEY_GROUP, line) != NULL;
    }
    if (!says_some || atp_ledger_sourcing_of(apply, wanted, &sourcing) != ATP_APPLIED ||
        atp_ledger_gather(apply, wanted, &sourcing) != ATP_APPLIED) {
        *apply->result = before;
        return false;
    }
    memset(ret_nodes, 0, sizeof *ret_nodes);
    for (uint32_t node = 0; node <= UINT16_MAX; node++) {
        ret_nodes->bits[node / 64] |= (uint64_t)(plan->asked[node].mark == plan->mark) << (node % 64);
    }
    return true;
}

/* ---- all lines of the op together ---- */

/* The open lines of the op, as they would be planned, up to ATP_OPEN_LINES_MAX of them. Those that cannot be resolved are left
 * out: that is told when it is their turn. Returns how many there are in all. */
static uint32_t open_lines(apply_t *apply, resolved_line_t *ret_lines)
{
    line_names_t names = atp_ledger_line_names(apply->op);
    atp_result_t before = *apply->result;
    uint32_t count = 0;

    if (apply->moving != 0) {
        for (; count < apply->ledger->move_count && count < ATP_OPEN_LINES_MAX; count++) {
            ret_lines[count] = apply->ledger->moves[count];
        }
        return apply->ledger->move_count;
    }
    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        resolved_line_t line;
        if (atp_ledger_resolve_line(apply, &names, i, &line) == ATP_APPLIED && line.node == NO_NODE &&
            line.qty > 0) {
            if (count < ATP_OPEN_LINES_MAX) {
                ret_lines[count] = line;
            }
            count++;
        }
    }
    *apply->result = before;
    return count;
}

/* What all lines want of the SKU of line `i`. */
static atp_qty_t wanted_of_sku(const resolved_line_t *lines, uint32_t count, uint32_t i)
{
    atp_qty_t sum = 0;

    for (uint32_t j = 0; j < count; j++) {
        sum += lines[j].sku == lines[i].sku ? lines[j].qty : 0;
    }
    return sum;
}

/* Counts for each node of the union how many lines it serves alone. The union is in the order of the first line. */
static atp_verdict_t score_nodes(apply_t *apply, const resolved_line_t *lines, uint32_t count,
                                 const atp_sourcing_t *sourcing)
{
    plan_t *plan = &apply->ledger->plan;

    plan->node_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        atp_verdict_t verdict = atp_ledger_gather(apply, &lines[i], sourcing);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        atp_qty_t wanted = wanted_of_sku(lines, count, i);
        for (uint32_t k = 0; k < plan->count; k++) {
            const atp_candidate_t *candidate = &plan->candidates[k];
            plan_node_t *node = &plan->nodes[plan->place[candidate->node]];
            if (plan->place[candidate->node] >= plan->node_count || node->node != candidate->node) {
                if (plan->node_count == ATP_CANDIDATES_MAX) {
                    continue;
                }
                plan->place[candidate->node] = (uint16_t)plan->node_count;
                node = &plan->nodes[plan->node_count++];
                *node = (plan_node_t){.node = candidate->node, .key = candidate->key};
            }
            node->served = (uint16_t)(node->served + (candidate->free >= wanted));
            node->lines++;
        }
    }
    return ATP_APPLIED;
}

static bool serves_more(const plan_node_t *a, const plan_node_t *b)
{
    if (a->served != b->served) {
        return a->served > b->served;
    }
    if (a->lines != b->lines) {
        return a->lines > b->lines;
    }
    return a->key != b->key ? a->key < b->key : a->node < b->node;
}

/* Brings the `most` nodes that serve most lines to the front, best first. */
static uint32_t best_nodes(plan_t *plan, uint32_t most)
{
    uint32_t count = plan->node_count < most ? plan->node_count : most;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t best = i;
        for (uint32_t j = i + 1; j < plan->node_count; j++) {
            best = serves_more(&plan->nodes[j], &plan->nodes[best]) ? j : best;
        }
        plan_node_t node = plan->nodes[i];
        plan->nodes[i] = plan->nodes[best];
        plan->nodes[best] = node;
    }
    return count;
}

/* A bit for each of the first `count` nodes that serves a line of the plan already. */
static uint32_t nodes_in_plan(const atp_ledger_t *ledger, uint32_t count)
{
    uint32_t base = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        for (uint32_t k = 0; k < count; k++) {
            bool is_it = ledger->lines[i].granted > 0 && ledger->lines[i].node == ledger->plan.nodes[k].node;
            base |= is_it ? 1u << k : 0u;
        }
    }
    return base;
}

/* Looks for the fewest nodes that serve all open lines. None within the bound: line by line then. */
static void search_fewest(apply_t *apply, const resolved_line_t *lines, uint32_t count,
                          const atp_sourcing_t *sourcing)
{
    plan_t *plan = &apply->ledger->plan;
    atp_search_t *search = &plan->search;

    if (count > ATP_SEARCH_LINES_MAX) {
        return;
    }
    search->line_count = count;
    search->node_count = best_nodes(plan, ATP_SEARCH_NODES_MAX);
    search->splits = sourcing->splits;
    for (uint32_t i = 0; i < count; i++) {
        atp_sourcing_t of_line;
        if (atp_ledger_sourcing_of(apply, &lines[i], &of_line) != ATP_APPLIED) {
            return;
        }
        search->wanted[i] = wanted_of_sku(lines, count, i);
        search->least[i] = of_line.least;
        /* Gathered again: only nodes that this line may be served from count for it. */
        if (atp_ledger_gather(apply, &lines[i], sourcing) != ATP_APPLIED) {
            return;
        }
        for (uint32_t k = 0; k < search->node_count; k++) {
            const plan_mark_t *asked = &plan->asked[plan->nodes[k].node];
            bool has_some = asked->mark == plan->mark && asked->candidate < ATP_CANDIDATES_MAX;
            search->free[i][k] = has_some ? plan->candidates[asked->candidate].free : 0;
        }
    }
    uint32_t set = atp_sourcing_search(search, nodes_in_plan(apply->ledger, search->node_count));
    for (; set != 0; set &= set - 1) {
        plan->chosen[plan->chosen_count++] = plan->nodes[__builtin_ctz(set)].node;
    }
}

/* The one node for all open lines: of those that serve all of them the first in the order, or, if parts are taken, the one
 * that serves most lines. */
static atp_verdict_t choose_one_node(apply_t *apply, uint32_t lines)
{
    plan_t *plan = &apply->ledger->plan;
    uint32_t best = best_nodes(plan, 1);
    bool serves_all = best > 0 && plan->nodes[0].served == lines;

    if (best > 0 && (serves_all || atp_ledger_takes_parts(apply))) {
        plan->chosen[plan->chosen_count++] = plan->nodes[0].node;
    }
    return ATP_APPLIED;
}

/* Decides, once for the op, which nodes its open lines should come from together. */
static atp_verdict_t choose_for_op(apply_t *apply, const atp_sourcing_t *sourcing)
{
    plan_t *plan = &apply->ledger->plan;

    plan->op = apply->ledger->root->op;
    plan->chosen_count = 0;
    uint32_t count = open_lines(apply, plan->open_lines);
    if (sourcing->split == ATP_SPLIT_TOGETHER && count > ATP_OPEN_LINES_MAX) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    if (count > ATP_OPEN_LINES_MAX || (count == 1 && sourcing->split != ATP_SPLIT_TOGETHER)) {
        return ATP_APPLIED;
    }
    atp_verdict_t verdict = score_nodes(apply, plan->open_lines, count, sourcing);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (sourcing->split == ATP_SPLIT_TOGETHER) {
        return choose_one_node(apply, count);
    }
    search_fewest(apply, plan->open_lines, count, sourcing);
    return ATP_APPLIED;
}

/* ---- one line ---- */

static bool is_chosen(const plan_t *plan, uint16_t node)
{
    for (uint32_t i = 0; i < plan->chosen_count; i++) {
        if (plan->chosen[i] == node) {
            return true;
        }
    }
    return false;
}

/* Those that the op has goods from already come first, where it goes for few nodes. */
static void put_in_tiers(const atp_ledger_t *ledger, plan_t *plan, bool goes_for_few)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        plan->candidates[i].tier = goes_for_few;
    }
    for (uint32_t i = 0; goes_for_few && i < ledger->plan_count; i++) {
        const plan_mark_t *asked = &plan->asked[ledger->lines[i].node];
        if (asked->mark == plan->mark && asked->candidate < ATP_CANDIDATES_MAX) {
            plan->candidates[asked->candidate].tier = 0;
        }
    }
}

/* Picks among those that were chosen for the whole op only. */
static uint32_t choose_among_chosen(plan_t *plan, const atp_sourcing_t *sourcing, atp_qty_t wanted,
                                    atp_pick_t *ret_picks, bool *ret_is_whole)
{
    atp_candidate_t chosen[ATP_SEARCH_NODES_MAX];
    uint32_t count = 0;

    for (uint32_t i = 0; i < plan->count; i++) {
        if (is_chosen(plan, plan->candidates[i].node)) {
            chosen[count++] = plan->candidates[i];
        }
    }
    return atp_sourcing_choose(chosen, count, sourcing, wanted, ret_picks, ret_is_whole);
}

/* Too little in all, or too little in the places that may serve it together? */
static atp_verdict_t why_not(const plan_t *plan, atp_qty_t wanted)
{
    atp_qty_t sum = 0;

    for (uint32_t i = 0; i < plan->count && sum < wanted; i++) {
        sum += plan->candidates[i].free;
    }
    return sum >= wanted ? ATP_SPLIT_NOT_ALLOWED : ATP_NOT_ENOUGH_AVAILABLE;
}

atp_verdict_t atp_ledger_choose_nodes(apply_t *apply, const resolved_line_t *wanted, uint32_t serving,
                                      atp_pick_t *ret_picks, uint32_t *ret_count)
{
    plan_t *plan = &apply->ledger->plan;
    atp_sourcing_t sourcing;
    bool is_whole;

    *ret_count = 0;
    atp_verdict_t verdict = atp_ledger_sourcing_of(apply, wanted, &sourcing);
    bool is_joint = sourcing.split == ATP_SPLIT_TOGETHER || sourcing.strategy == ATP_STRATEGY_FEWEST;
    if (verdict == ATP_APPLIED && is_joint && plan->op != apply->ledger->root->op) {
        verdict = choose_for_op(apply, &sourcing);
    }
    verdict = verdict == ATP_APPLIED ? atp_ledger_gather(apply, wanted, &sourcing) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    verdict = why_not(plan, wanted->qty);
    is_whole = false;
    plan->count = sourcing.splits > serving ? plan->count : 0; /* nobody else may serve it */
    sourcing.splits = sourcing.splits > serving ? sourcing.splits - serving : 1;
    if (is_joint && plan->chosen_count > 0) {
        *ret_count = choose_among_chosen(plan, &sourcing, wanted->qty, ret_picks, &is_whole);
    }
    if (!is_whole && sourcing.split != ATP_SPLIT_TOGETHER) {
        put_in_tiers(apply->ledger, plan, is_joint);
        *ret_count =
            atp_sourcing_choose(plan->candidates, plan->count, &sourcing, wanted->qty, ret_picks, &is_whole);
    }
    bool may_be_more =
        verdict == ATP_NOT_ENOUGH_AVAILABLE && atp_ledger_is_kit_in_decimals(apply, wanted->sku);
    if (is_whole || may_be_more || atp_ledger_takes_parts(apply)) {
        return ATP_APPLIED; /* of kits in decimals the nodes may give more together than each by itself */
    }
    return atp_ledger_refuse(apply, verdict, ATP_FIELD_QTY, wanted->asked);
}
