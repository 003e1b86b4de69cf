/* What availability said is what reserve decides by: before a reserve is done, the same is asked in every way there is, and
 * what was said is what it then does. */
#include "tests/model/everything.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/channels/views.h"
#include "engine/ledger/explain/ledger_explain.h"
#include "query/availability.h"
#include "query/kits.h"

#include <string.h>

#define PARTS_MAX 512

/* A request of one line that says nothing special. */
static bool is_plain(const act_t *act)
{
    return act->line_count == 1 && act->attribute_count == 0 && act->option == ATP_RESERVE_ALL_OR_NOTHING;
}

static const act_attribute_t *only_attribute(const act_t *act, unsigned key)
{
    return act->line_count == 1 && act->attribute_count == 1 && act->attributes[0].key == key
               ? &act->attributes[0]
               : NULL;
}

/* Ledger time as the op will have it. */
static int64_t now_of(const bench_t *bench)
{
    atp_ledger_counts_t counts;

    atp_ledger_counts(bench->ledger, &counts);
    return bench->act->at_ms > counts.time_ms ? bench->act->at_ms : counts.time_ms;
}

/* The numbers of what the line names, and its quantity in the SKU's scale. */
typedef struct asked_line {
    uint32_t sku;
    uint16_t node;
    uint16_t channel;
    atp_qty_t qty;
} asked_line_t;

static bool find_line(const bench_t *bench, const act_t *act, unsigned i, asked_line_t *ret_line)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(bench->ledger);
    uint64_t seed = atp_ledger_seed(bench->ledger);
    atp_text_t sku = atp_text_of(act->lines[i].sku);
    atp_text_t node = atp_text_of(act->lines[i].node);
    atp_text_t channel = atp_text_of(act->channel[0] != '\0' ? act->channel : "default");

    ret_line->node = ATP_EXPLAIN_ALL_NODES;
    if (!atp_catalog_find_sku(catalog, sku, atp_hash_text(sku, seed), &ret_line->sku) ||
        (node.size > 0 &&
         !atp_catalog_find_node(catalog, node, atp_hash_text(node, seed), &ret_line->node)) ||
        !atp_catalog_find_channel(catalog, channel, atp_hash_text(channel, seed), &ret_line->channel)) {
        return false;
    }
    uint8_t scale = atp_positions_scale(atp_ledger_positions(bench->ledger), ret_line->sku);
    ret_line->qty = act->lines[i].mantissa;
    for (unsigned k = act->lines[i].decimals; k < scale; k++) {
        ret_line->qty *= 10;
    }
    return act->lines[i].decimals <= scale && ret_line->qty > 0 && ret_line->qty < ATP_QTY_MAX;
}

/* The nodes that the channel sees: ATP_NO_GROUP if all. */
static uint16_t group_of(const bench_t *bench, uint16_t channel)
{
    return atp_catalog_channel_group(atp_ledger_catalog(bench->ledger), channel, ATP_METHOD_SHIP);
}

/* ---- asking ---- */

static void ask_promise(bench_t *bench, said_t *said)
{
    atp_ledger_promise(bench->ledger, bench->record, bench->act->at_ms, &said->promise, said->grants);
    said->has_promise = true;
}

/* True if the SKU, the channel or a rule says in which quantities it is had. */
static bool has_steps(const bench_t *bench, const asked_line_t *line)
{
    const atp_channel_record_t *channel =
        atp_table_at(&atp_ledger_catalog(bench->ledger)->channels, line->channel);
    atp_bounds_t bounds = ATP_BOUNDS_NONE;

    atp_channel_narrow(bench->ledger, line->channel, line->sku, 0, &bounds);
    return bounds.step != 1 || channel->has_quantities ||
           atp_positions_sku_has(atp_ledger_positions(bench->ledger), line->sku, ATP_SKU_HAS_QUANTITIES);
}

/* Any part of those on the shelf, and whole ones that are put together. */
static bool is_kit_in_decimals(const bench_t *bench, uint32_t sku)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);

    return atp_positions_sku_has(positions, sku, ATP_SKU_IS_KIT) && atp_positions_scale(positions, sku) > 0;
}

/* What the account comes to by itself, and what it says of this very reserve. `needed_by`: a day, 0 = from what is here. */
static void ask_explain(bench_t *bench, const asked_line_t *line, uint16_t needed_by, said_t *said)
{
    static atp_explanation_t parts[PARTS_MAX];
    atp_explain_room_t room = {.parts = parts, .capacity = PARTS_MAX};
    atp_ledger_explain_ask_t ask = {.sku = line->sku,
                                    .node = line->node,
                                    .channel = line->channel,
                                    .needed_by = needed_by,
                                    .qty = line->qty};

    atp_ledger_explain(bench->ledger, &ask, bench->act->at_ms, &room);
    said->has_explained = true;
    said->explained_enough = parts[room.count - 1].code == ATP_EXPLAIN_CODE_ENOUGH;
    ask.reserve = bench->record;
    ask.grants = bench->grants;
    room.count = 0;
    atp_ledger_explain(bench->ledger, &ask, bench->act->at_ms, &room);
    said->explained_granted = parts[room.count - 1].code == ATP_EXPLAIN_CODE_ENOUGH;
}

/* The reserve of the first `count` lines, as many as can be had of them unless it is the whole one. */
static const atp_op_t *encode_first(bench_t *bench, uint32_t count)
{
    static uint64_t places[ACT_LINES_MAX + 1][ATP_OP_SIZE_MAX / sizeof(uint64_t) + 1];
    static act_t act;

    act = *bench->act;
    act.line_count = (uint16_t)count;
    act.option = count < bench->act->line_count ? ATP_RESERVE_PARTIAL : ATP_RESERVE_ALL_OR_NOTHING;
    if (bench_encode(bench, &act) != ATP_APPLIED) {
        return NULL;
    }
    return memcpy(places[count], bench->record, ((const atp_op_t *)bench->record)->size);
}

/* What becomes of all lines of a reserve together. */
static void ask_explain_lines(bench_t *bench, said_t *said)
{
    static atp_explanation_t parts[PARTS_MAX];
    const act_t *act = bench->act;
    atp_explain_room_t room = {.parts = parts, .capacity = PARTS_MAX};
    atp_ledger_explain_ask_t asks[ACT_LINES_MAX];
    const atp_op_t *ops[ACT_LINES_MAX + 1] = {NULL};
    asked_line_t line;

    if (((const atp_op_t *)bench->record)->client == ATP_CLIENT_NAMED) {
        return; /* there is no room for the client: each time it is told of is an op */
    }
    for (unsigned i = 0; i < act->line_count; i++) {
        if (!find_line(bench, act, i, &line)) {
            return;
        }
        asks[i] = (atp_ledger_explain_ask_t){.sku = line.sku,
                                             .node = line.node,
                                             .channel = line.channel,
                                             .line = (uint16_t)i,
                                             .qty = line.qty};
    }
    for (uint32_t count = 1; count <= act->line_count; count++) {
        ops[count] = encode_first(bench, count);
    }
    (void)bench_encode(bench, act);
    if (ops[act->line_count] == NULL) {
        return;
    }
    const atp_ledger_explain_reserve_t reserve = {.lines = asks,
                                                  .count = act->line_count,
                                                  .whole = ops[act->line_count],
                                                  .before = ops,
                                                  .grants = bench->grants};
    atp_ledger_explain_reserve(bench->ledger, &reserve, act->at_ms, &room);
    said->has_explained_lines = true;
    said->explained_granted = parts[room.count - 1].code == ATP_EXPLAIN_CODE_GRANTED;
}

/* Each result is what the parts before it make. */
static bool does_add_up(bench_t *bench, const atp_explanation_t *parts, uint32_t count)
{
    atp_qty_t running = 0;
    atp_qty_t nodes = 0;

    for (uint32_t i = 0; i < count; i++) {
        const atp_explanation_t *part = &parts[i];
        unsigned effect = atp_explain_effect(part->code);
        bool is_new_line = i == 0 || part->line != parts[i - 1].line;
        bool is_new_node =
            part->node.size > 0 && (is_new_line || !atp_text_equal(part->node, parts[i - 1].node));
        nodes = is_new_line ? 0 : nodes;
        running = is_new_node ? 0 : part->code == ATP_EXPLAIN_CODE_ALL_NODES ? nodes : running;
        running += effect == ATP_EXPLAIN_PLUS                                   ? part->qty
                   : effect == ATP_EXPLAIN_MINUS || effect == ATP_EXPLAIN_LIMIT ? -part->qty
                                                                                : 0;
        if (effect == ATP_EXPLAIN_EQUALS && part->qty != running) {
            return bench_fail(bench, "the account says %s %lld, its parts make %lld",
                              atp_explain_name(part->code), (long long)part->qty, (long long)running);
        }
        nodes += part->code == ATP_EXPLAIN_CODE_FREE ? part->qty : 0;
    }
    return true;
}

/* The account that the answer to the op may have. */
static bool ask_account(bench_t *bench, said_t *said)
{
    static atp_explanation_t parts[PARTS_MAX];
    const atp_op_t *op = bench->record;
    atp_explain_room_t room = {.parts = parts, .capacity = PARTS_MAX};
    uint32_t enough = 0;
    uint32_t decided = 0;

    atp_ledger_explain_op(bench->ledger, op, bench->act->at_ms, &room);
    for (uint32_t i = 0; i < room.count; i++) {
        enough += parts[i].code == ATP_EXPLAIN_CODE_ENOUGH;
        decided += atp_explain_effect(parts[i].code) == ATP_EXPLAIN_DECIDED;
    }
    said->has_account = op->option == ATP_RESERVE_ALL_OR_NOTHING;
    said->is_account_whole = !room.is_cut && decided == op->line_count;
    said->is_account_enough = enough == op->line_count;
    return room.is_cut || does_add_up(bench, parts, room.count);
}

/* ---- availability ---- */

static void read_view(const bench_t *bench, const asked_line_t *line, uint32_t sku,
                      const atp_channel_taken_t *taken, atp_channel_view_t *ret_view)
{
    uint32_t rows[EVERYTHING_ROWS];
    uint32_t count = atp_availability_rows(bench->ledger, sku, rows, EVERYTHING_ROWS);

    atp_channel_view_read(bench->ledger, line->channel, sku, group_of(bench, line->channel), now_of(bench),
                          rows, count, taken, ret_view);
}

static bool is_asked_node(const bench_t *bench, const asked_line_t *line, uint64_t node)
{
    uint16_t group = group_of(bench, line->channel);
    atp_group_node_t member;

    return (line->node == ATP_EXPLAIN_ALL_NODES || line->node == node) &&
           (group == ATP_NO_GROUP ||
            atp_groups_find(atp_ledger_groups(bench->ledger), group, (uint16_t)node, &member));
}

static atp_qty_t available_stock(const bench_t *bench, const asked_line_t *line)
{
    uint64_t nodes = atp_table_count(&atp_ledger_catalog(bench->ledger)->nodes);
    atp_availability_t sum = {.shown = 0};
    atp_channel_view_t view;

    for (uint64_t node = 0; node < nodes; node++) {
        atp_availability_t read;
        if (is_asked_node(bench, line, node)) {
            atp_availability_read_for(bench->ledger, line->sku, (uint16_t)node, line->channel, now_of(bench),
                                      &read);
            atp_availability_add(&sum, &read);
        }
    }
    read_view(bench, line, line->sku, NULL, &view);
    atp_availability_look_through(bench->ledger, line->sku, line->channel, &view, &sum);
    return sum.promisable;
}

typedef struct kit_context {
    const bench_t *bench;
    const asked_line_t *line;
} kit_context_t;

static void read_view_of(void *context, uint32_t sku, const atp_channel_taken_t *taken,
                         atp_channel_view_t *ret_view)
{
    const kit_context_t *kit = context;

    read_view(kit->bench, kit->line, sku, taken, ret_view);
}

static void ignore_due(void *context, uint32_t sku, uint16_t node)
{
    (void)context;
    (void)sku;
    (void)node;
}

static atp_qty_t available_kits(const bench_t *bench, const asked_line_t *line)
{
    static atp_bill_t bill;
    kit_context_t context = {bench, line};
    const atp_kit_look_t look = {.ledger = bench->ledger,
                                 .channel = line->channel,
                                 .group = group_of(bench, line->channel),
                                 .now_ms = now_of(bench),
                                 .read_view = read_view_of,
                                 .due = ignore_due,
                                 .context = &context};
    uint64_t nodes = atp_table_count(&atp_ledger_catalog(bench->ledger)->nodes);
    atp_availability_t sum = {.scale = 0};
    atp_channel_view_t view;
    atp_qty_t here = 0;

    atp_availability_lay_out(bench->ledger, line->sku, now_of(bench), &bill);
    bill.channel = line->channel;
    bool is_bound = atp_availability_limit_kit(&look, &bill, &view);
    for (uint64_t node = 0; node < nodes; node++) {
        atp_availability_t read;
        if (is_asked_node(bench, line, node)) {
            atp_availability_read_kit(bench->ledger, &bill, (uint16_t)node, now_of(bench), ignore_due, NULL,
                                      &read);
            here += bill.parts[0].taken;
            atp_bill_use_limits(&bill);
            atp_availability_add(&sum, &read);
        }
    }
    atp_availability_within_kit_rules(bench->ledger, &bill, line->channel, is_bound ? &view : NULL, here,
                                      &sum);
    return sum.promisable;
}

/* What the channel is shown of it, at one node or over all that it sees. */
static void ask_availability(bench_t *bench, const asked_line_t *line, said_t *said)
{
    said->has_available = true;
    said->available = atp_availability_is_kit(bench->ledger, line->sku) ? available_kits(bench, line)
                                                                        : available_stock(bench, line);
}

/* What supply and stock of the SKU come to on a day, over what the line may be served from: plainly, and no rule of the channel
 * taken off. */
static atp_qty_t expected_by(const bench_t *bench, const asked_line_t *line, int32_t today, int32_t day)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);
    uint64_t nodes = atp_table_count(&atp_ledger_catalog(bench->ledger)->nodes);
    atp_qty_t sum = 0;
    uint32_t row;

    for (uint64_t node = 0; node < nodes; node++) {
        atp_position_view_t view;
        if (!is_asked_node(bench, line, node) ||
            !atp_positions_find(positions, line->sku, (uint16_t)node, &row)) {
            continue;
        }
        atp_positions_read(positions, row, &view);
        atp_qty_t by = atp_view_atp(&view) - view.backordered +
                       atp_supply_added_by(atp_ledger_supplies(bench->ledger), row, today, day);
        sum += by > 0 && !view.is_withdrawn ? by : 0;
    }
    return sum;
}

/* What may be promised by the day that the request names, through its channel. */
static void ask_schedule(bench_t *bench, const asked_line_t *line, int64_t needed_by, said_t *said)
{
    int64_t now_ms = now_of(bench);
    int32_t today = atp_day_of(now_ms);
    int32_t day = atp_day_of(needed_by);
    atp_ledger_explain_ask_t ask = {.sku = line->sku, .node = line->node, .channel = line->channel};

    if (needed_by == 0 || day < today || day > today + ATP_SUPPLY_HORIZON) {
        return;
    }
    ask_explain(bench, line, (uint16_t)day, said);
    ask.needed_by = (uint16_t)day;
    said->scheduled = atp_ledger_explain_sum(bench->ledger, &ask, now_ms);
    said->has_scheduled = true;
    said->is_limited = atp_channel_view_is_limited(bench->ledger, line->channel, line->sku);
    said->expected =
        atp_availability_is_kit(bench->ledger, line->sku) ? INT64_MAX : expected_by(bench, line, today, day);
}

bool questions_ask(bench_t *bench, said_t *said)
{
    uint64_t hash = atp_ledger_hash(bench->ledger);
    const act_attribute_t *needed_by = only_attribute(bench->act, ATP_KEY_NEEDED_BY);
    asked_line_t line;

    ask_promise(bench, said);
    if (!ask_account(bench, said)) {
        return false;
    }
    said->is_kit_in_decimals = false;
    if (bench->act->line_count == 1 && find_line(bench, bench->act, 0, &line)) {
        said->asked = line.qty;
        said->is_kit_in_decimals = is_kit_in_decimals(bench, line.sku) && !has_steps(bench, &line);
        if (is_plain(bench->act)) {
            ask_explain(bench, &line, 0, said);
            ask_availability(bench, &line, said);
        } else if (needed_by != NULL && bench->act->option == ATP_RESERVE_ALL_OR_NOTHING) {
            ask_schedule(bench, &line, needed_by->number, said);
        }
    } else if (bench->act->line_count > 1 && bench->act->attribute_count == 0 &&
               bench->act->option == ATP_RESERVE_ALL_OR_NOTHING) {
        ask_explain_lines(bench, said);
    }
    return atp_ledger_hash(bench->ledger) == hash || bench_fail(bench, "a question changed something");
}

/* ---- comparing ---- */

/* Of what only the doing finds out: room, and ids. */
static bool is_no_promise(unsigned verdict)
{
    return verdict == ATP_CONFLICT || (verdict >= ATP_SKUS_FULL && verdict != ATP_ALREADY_SHORT);
}

static bool compare_promise(bench_t *bench, const said_t *said)
{
    const atp_result_t *said_result = &said->promise;
    const atp_result_t *done = &bench->result;
    bool is_same = said_result->verdict == done->verdict && said_result->qty == done->qty &&
                   said_result->scale == done->scale && said_result->line_count == done->line_count &&
                   said_result->plan_count == done->plan_count && said_result->field == done->field &&
                   said_result->line == done->line;

    for (unsigned i = 0; is_same && i < (unsigned)done->line_count + done->plan_count; i++) {
        is_same = said->grants[i].qty == bench->grants[i].qty &&
                  said->grants[i].node == bench->grants[i].node &&
                  said->grants[i].line == bench->grants[i].line;
    }
    if (!is_same) {
        return bench_fail(
            bench,
            "promise said %s, %lld, %u lines and %u of a plan (field %s); reserve did %s, %lld, %u, %u (%s)",
            atp_verdict_name(said_result->verdict), (long long)said_result->qty, said_result->line_count,
            said_result->plan_count, atp_field_name(said_result->field), atp_verdict_name(done->verdict),
            (long long)done->qty, done->line_count, done->plan_count, atp_field_name(done->field));
    }
    bench->reach->promises[atp_verdict_is_success(done->verdict)]++;
    return true;
}

/* Refused for want of what was asked about. */
static bool is_too_little(unsigned verdict)
{
    return verdict == ATP_NOT_ENOUGH_AVAILABLE || verdict == ATP_NODE_NOT_OPEN ||
           verdict == ATP_NOT_FOR_SALE || verdict == ATP_NODE_AT_CAPACITY ||
           verdict == ATP_CHANNEL_NOT_OPEN || verdict == ATP_ABOVE_CAP;
}

static bool compare_figures(bench_t *bench, const said_t *said, bool is_granted)
{
    if (said->has_explained) {
        if (said->explained_enough != is_granted) {
            return bench_fail(bench, "explain said %s; reserve: %s",
                              said->explained_enough ? "enough" : "not enough",
                              atp_verdict_name(bench->result.verdict));
        }
        bench->reach->explained[is_granted]++;
    }
    if (said->has_available &&
        bench->result.verdict != ATP_ABOVE_CAP) { /* of one reservation, whatever there is */
        if ((said->available >= said->asked) != is_granted) {
            return bench_fail(bench, "availability said %lld, asked for %lld; reserve: %s",
                              (long long)said->available, (long long)said->asked,
                              atp_verdict_name(bench->result.verdict));
        }
        bench->reach->availability[is_granted]++;
    }
    if (said->has_scheduled) {
        if (said->scheduled > said->expected) {
            return bench_fail(bench, "schedule said %lld, there are and come %lld",
                              (long long)said->scheduled, (long long)said->expected);
        }
        if ((said->scheduled >= said->asked) != is_granted) {
            return bench_fail(bench, "schedule said %lld, asked for %lld; reserve: %s",
                              (long long)said->scheduled, (long long)said->asked,
                              atp_verdict_name(bench->result.verdict));
        }
        bench->reach->schedules[is_granted]++;
        bench->reach->dated_views[is_granted] += said->is_limited;
    }
    return true;
}

/* Refused because of the part of a kit that is asked for: there are enough. */
static bool compare_part_of_one(bench_t *bench, const said_t *said)
{
    bench->reach->parts_of_kits++;
    return said->available >= said->asked ||
           bench_fail(bench, "refused for the part of a kit, asked for %lld of %lld", (long long)said->asked,
                      (long long)said->available);
}

bool questions_compare(bench_t *bench, const said_t *said)
{
    unsigned verdict = bench->result.verdict;

    if (!said->has_promise || is_no_promise(verdict)) {
        return true;
    }
    if (!compare_promise(bench, said)) {
        return false;
    }
    if (said->has_account && said->is_account_whole) {
        bool is_granted = atp_verdict_is_success(verdict);
        if (said->is_account_enough != is_granted) {
            return bench_fail(bench, "the account said %s of the reserve, which is: %s",
                              said->is_account_enough ? "enough" : "not enough", atp_verdict_name(verdict));
        }
        bench->reach->accounts[is_granted]++;
    }
    if (said->has_account && !said->is_account_whole && atp_verdict_is_success(verdict)) {
        return bench_fail(bench, "the account lacks a line of a reserve that is granted");
    }
    if ((said->has_explained || said->has_explained_lines) &&
        said->explained_granted != atp_verdict_is_success(verdict)) {
        return bench_fail(bench, "explain said %s of the reserve, which is: %s",
                          said->explained_granted ? "granted" : "not granted", atp_verdict_name(verdict));
    }
    if (verdict == ATP_NOT_IN_INCREMENTS && said->is_kit_in_decimals && said->has_available &&
        !compare_part_of_one(bench, said)) {
        return false;
    }
    if (!atp_verdict_is_success(verdict) && !is_too_little(verdict)) {
        return true; /* for another reason than that there is too little */
    }
    return compare_figures(bench, said, atp_verdict_is_success(verdict));
}
