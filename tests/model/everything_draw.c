/* What comes next: by the tables of rules and attributes, so that what is added to them is drawn as well. */
#include "tests/model/everything_draw.h"

#include "tests/test.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/ops/op_rules.h"
#include "engine/ledger/reservations/line_units.h"

#include <string.h>

static void copied(char *to, size_t size, atp_text_t text)
{
    snprintf(to, size, "%.*s", (int)text.size, text.bytes);
}

/* ---- the run ---- */

/* Room enough, or, now and then, so little that it is soon full. */
static uint64_t room(uint64_t *state, uint64_t enough, uint64_t least, uint64_t most)
{
    bool is_tight = test_random(state) % 7 == 0;
    uint64_t tight = least + test_random(state) % (most - least + 1);

    return is_tight ? tight : enough;
}

atp_ledger_config_t everything_config(uint64_t seed)
{
    atp_ledger_config_t config = atp_ledger_config_default();
    uint64_t state = seed ^ 0x5eed;

    config.hash_seed = test_random(&state);
    config.skus = room(&state, 16, 5, 6);
    config.nodes = room(&state, 8, 4, 5);
    config.channels = room(&state, 8, 3, 4);
    config.clients = room(&state, 8, 2, 3);
    config.sources = room(&state, 4, 1, 1);
    config.positions = room(&state, 64, 14, 22);
    config.reservations = room(&state, 60, 4, 12);
    config.lines = room(&state, 300, 16, 40);
    config.outcomes = room(&state, 2000, 4, 60);
    config.exceptions = room(&state, 100, 1, 5);
    config.history = room(&state, 4000, 60, 200);
    config.progress =
        room(&state, 1400, 1, 12); /* more than the lines of an op: else nothing of a kit is re-sourced */
    config.groups = room(&state, 8, 2, 3);
    config.group_nodes = room(&state, 40, 4, 6);
    config.kits = room(&state, 8, 1, 2);
    config.components = room(&state, 40, 2, 5);
    config.supplies = room(&state, 40, 1, 6);
    config.pegs = seed % 3 == 0 ? 1 + seed / 3 % 2 : room(&state, 100, 1, 6);
    config.limits = room(&state, 60, 2, 8);
    config.demand = room(&state, 60, 1, 4);
    config.tags = room(&state, 8, 1, 2);
    config.rules = room(&state, 16, 1, 3);
    config.quotas = room(&state, 16, 1, 3);
    config.accounts = room(&state, 60, 4, 10);
    config.bookings = room(&state, 100, 1, 8);
    config.movements = room(&state, 2000, 0, 12);
    config.feeds = room(&state, 16, 1, 3);
    config.postings = room(&state, 200, 64, 80);
    config.string_bytes = room(&state, 1 << 16, 4096, 4600);
    config.ttl_default_ms = 200;
    config.ttl_max_ms = 300 * ATP_DAY_MS;
    config.outcome_window_ms = test_random(&state) % 3 == 0 ? 60000 : 7 * ATP_DAY_MS;
    config.issued_skew_ms = 50;
    config.ids_per_client = room(&state, 4000, 20, 200);
    config.differences = room(&state, 40, 1, 3);
    config.source_gap_ms = test_random(&state) % 3 == 0 ? 0 : 1 + (int64_t)(test_random(&state) % 20000);
    config.sources_must_be_registered = test_random(&state) % 8 == 0;
    config.aliases = room(&state, 40, 2, 6);
    config.units = room(&state, 60, 1, 3);
    config.unknown_names = test_random(&state) % ATP_UNKNOWN_LIMIT;
    config.lines_per_reservation = 4;
    return config;
}

static void move_time(draw_t *draw)
{
    uint64_t dice = draw_below(draw, 1000);

    if (dice < 400) {
        draw->now_ms += draw_between(draw, 1, 20);
    } else if (dice < 450) {
        draw->now_ms += draw_between(draw, 1, 300);
    } else if (dice < 456) {
        draw->now_ms -= draw_between(draw, 1, 20);
    } else if (dice < 480) {
        draw->now_ms += draw_between(draw, 1, 3 * HOUR_MS);
    } else if (dice < 486) {
        draw->now_ms += draw_between(draw, 10, 40) * HOUR_MS;
    } else if (dice < 487) {
        draw->now_ms += 8 * ATP_DAY_MS;
    }
}

/* ---- lines ---- */

static atp_qty_t draw_qty(draw_t *draw)
{
    return draw_between(draw, 1, draw_chance(draw, 150) ? 15 : 4);
}

static void draw_line(draw_t *draw, const atp_op_rule_t *rule, act_line_t *line)
{
    draw_sku(draw, line->sku, sizeof line->sku);
    if (rule->node == NODE_NEEDED || (rule->node == NODE_OPTIONAL && draw_chance(draw, 600))) {
        draw_node(draw, line->node, sizeof line->node);
    }
    line->mantissa = draw_qty(draw);
    if (rule->qty != QTY_POSITIVE && draw_chance(draw, 150)) {
        line->mantissa = 0;
    }
    if (rule->qty == QTY_SIGNED && draw_chance(draw, 400)) {
        line->mantissa = -line->mantissa;
    }
    line->mantissa = draw_chance(draw, 5) ? -line->mantissa : line->mantissa;
    if (draw_chance(draw, 50)) {
        line->decimals = (uint8_t)draw_between(draw, 1, 2);
        line->mantissa *= draw_chance(draw, 500) ? 50 : 100;
    }
    if (strcmp(line->sku, "s3") == 0 && line->mantissa > 0 && line->decimals == 0 && draw_chance(draw, 400)) {
        line->decimals = 1; /* its scale */
        line->mantissa = line->mantissa * 10 - draw_between(draw, 1, 9);
    }
    if (draw_chance(draw, 3)) {
        line->mantissa = ATP_QTY_MAX + (draw_chance(draw, 300) ? 1 : 0);
    }
}

/* A line of a reservation that there is, with some of its units. */
static bool line_of_reservation(draw_t *draw, uint32_t number, act_line_t *line)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(draw->ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(draw->ledger);
    const atp_reservation_t *reservation = atp_reservation_at(reservations, number);
    uint32_t at = reservation->first_line;

    if (at == 0) {
        return false;
    }
    for (uint64_t skip = draw_below(draw, reservation->line_count); skip > 0; skip--) {
        uint32_t next = atp_line_at(reservations, at - 1)->next;
        at = next != 0 ? next : at;
    }
    const atp_line_t *found = atp_line_at(reservations, at - 1);
    const atp_position_t *position = atp_positions_at(atp_ledger_positions(draw->ledger), found->row);
    copied(line->sku, sizeof line->sku, atp_catalog_sku_id(catalog, position->sku));
    copied(line->node, sizeof line->node, atp_catalog_node_id(catalog, position->node));
    line->decimals = atp_positions_scale(atp_ledger_positions(draw->ledger), position->sku);
    line->mantissa =
        draw_between(draw, 1, found->granted > 0 && found->granted < 100000 ? found->granted : 1);
    line->mantissa += draw_chance(draw, 60) ? 1 : 0;
    return true;
}

/* A reservation: a live one as a rule. Leaves its number, if it is there. */
static bool draw_reservation(draw_t *draw, char *to, size_t size, uint32_t *ret_number)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(draw->ledger);
    uint64_t count = atp_table_count(&reservations->records);
    unsigned tries = draw_chance(draw, 150) ? 1 : 12;

    draw_numbered(to, size, "R", draw_below(draw, RESERVATIONS));
    if (count == 0 || draw_chance(draw, 20)) {
        return atp_ledger_find_reservation(draw->ledger, atp_text_of(to), ret_number);
    }
    for (unsigned i = 0; i < tries; i++) {
        uint32_t number = (uint32_t)draw_below(draw, count);
        const atp_reservation_t *reservation = atp_reservation_at(reservations, number);
        if (reservation->status != ATP_RESERVATION_FREE) {
            copied(to, size, atp_strings_get(reservations->strings, reservation->id_ref));
            *ret_number = number;
            if (reservation->status == ATP_RESERVATION_LIVE) {
                return true;
            }
        }
    }
    return atp_ledger_find_reservation(draw->ledger, atp_text_of(to), ret_number);
}

static void draw_lines(draw_t *draw, const atp_op_rule_t *rule, act_t *act, bool is_known, uint32_t number)
{
    bool may_be_none = rule->lines == LINES_OPTIONAL;

    switch (rule->lines) {
    case LINES_NONE:
        break;
    case LINES_SUBJECT_SKU:
        act->line_count = 1;
        draw_sku(draw, act->lines[0].sku, sizeof act->lines[0].sku);
        if (draw_chance(draw, 100)) { /* a new one: there is not always room */
            draw_numbered(act->lines[0].sku, sizeof act->lines[0].sku, "s", SKUS + draw_below(draw, 3));
        }
        break;
    case LINES_SUBJECT_NODE:
        act->line_count = 1;
        draw_node(draw, act->lines[0].node, sizeof act->lines[0].node);
        if (draw_chance(draw, 80)) {
            draw_numbered(act->lines[0].node, sizeof act->lines[0].node, "n", NODES + draw_below(draw, 3));
        }
        break;
    case LINES_ONE:
        act->line_count = 1;
        draw_line(draw, rule, &act->lines[0]);
        break;
    default:
        act->line_count =
            (uint16_t)(draw_chance(draw, 650) ? 1 : draw_between(draw, 2, draw_chance(draw, 50) ? 5 : 3));
        act->line_count = may_be_none && draw_chance(draw, 450) ? 0 : act->line_count;
        for (uint16_t i = 0; i < act->line_count; i++) {
            draw_line(draw, rule, &act->lines[i]);
            if (rule->needs_reservation && is_known && !draw_chance(draw, 60)) {
                (void)line_of_reservation(draw, number, &act->lines[i]);
            }
            if (i > 0 && draw_chance(draw, 150)) {
                act->lines[i] = act->lines[i - 1];
            }
        }
        break;
    }
}

/* ---- kinds ---- */

/* A reserve for a day by which an open supply has come, of more than there is now. */
static void draw_reserve_of_supply(draw_t *draw, act_t *act)
{
    const atp_supply_book_t *book = atp_ledger_supplies(draw->ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(draw->ledger);
    uint64_t count = atp_table_count(&book->supplies);

    for (unsigned i = 0; count > 0 && i < 6; i++) {
        const atp_supply_t *supply = atp_supply_at(book, (uint32_t)draw_below(draw, count));
        if (supply->status != ATP_SUPPLY_OPEN || supply->open <= supply->pegged) {
            continue;
        }
        const atp_position_t *position = atp_positions_at(atp_ledger_positions(draw->ledger), supply->row);
        copied(act->lines[0].sku, sizeof act->lines[0].sku, atp_catalog_sku_id(catalog, position->sku));
        copied(act->lines[0].node, sizeof act->lines[0].node, atp_catalog_node_id(catalog, position->node));
        act->lines[0].decimals = atp_positions_scale(atp_ledger_positions(draw->ledger), position->sku);
        act->lines[0].mantissa = draw_between(draw, 1, 8);
        act->line_count = draw_chance(draw, 800) ? 1 : act->line_count;
        act->attribute_count = 0;
        if (draw_chance(draw, 700)) { /* nothing else is said */
            act->option = ATP_RESERVE_ALL_OR_NOTHING;
            act->channel[0] = '\0';
            if (draw_chance(draw, 600)) {
                draw_channel(draw, act->channel, sizeof act->channel);
            }
        }
        draw_attribute(draw, act, ATP_KEY_NEEDED_BY, ATP_WHOLE_OP);
        act->attributes[act->attribute_count - 1].number =
            supply->due_ms + draw_between(draw, -1, 3) * ATP_DAY_MS;
        return;
    }
}

/* How often a kind comes; a new one as often as any other. */
static unsigned weight_of(unsigned kind)
{
    switch (kind) {
    case ATP_OP_RESERVE:
        return 150;
    case ATP_OP_ALLOCATE:
    case ATP_OP_RECEIVE:
    case ATP_OP_SHIP:
        return 40;
    case ATP_OP_EDIT:
    case ATP_OP_SUPPLY:
    case ATP_OP_CANCEL:
    case ATP_OP_RELEASE:
    case ATP_OP_PICK:
    case ATP_OP_PACK:
    case ATP_OP_SHORT:
        return 25;
    case ATP_OP_SKU:
    case ATP_OP_GROUP:
    case ATP_OP_KIT:
    case ATP_OP_SAFETY:
        return 8;
    case ATP_OP_MERGE_SKU: /* the SKUs are few */
        return 3;
    default:
        return 16;
    }
}

static unsigned draw_kind(draw_t *draw)
{
    unsigned sum = 0;

    for (unsigned kind = ATP_FIRST_CLIENT_KIND; kind < ATP_OP_KIND_LIMIT; kind++) {
        sum += atp_op_rule(kind)->is_known ? weight_of(kind) : 0;
    }
    uint64_t dice = draw_below(draw, sum);
    for (unsigned kind = ATP_FIRST_CLIENT_KIND; kind < ATP_OP_KIND_LIMIT; kind++) {
        unsigned weight = atp_op_rule(kind)->is_known ? weight_of(kind) : 0;
        if (dice < weight) {
            return kind;
        }
        dice -= weight;
    }
    return ATP_OP_RESERVE;
}

/* A supply that is open; its line, so that what comes is what was expected. */
static void draw_supply(draw_t *draw, act_t *act)
{
    const atp_supply_book_t *book = atp_ledger_supplies(draw->ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(draw->ledger);
    bool is_transfer = act->kind == ATP_OP_TRANSFER_SHIP || act->kind == ATP_OP_TRANSFER_RECEIVE ||
                       act->kind == ATP_OP_TRANSFER_CANCEL || act->kind == ATP_OP_TRANSFER;
    uint64_t count = atp_table_count(&book->supplies);

    draw_numbered(act->subject, sizeof act->subject, is_transfer ? "x" : "p", draw_below(draw, 12));
    for (unsigned i = 0; act->kind != ATP_OP_TRANSFER && count > 0 && i < 8 && draw_chance(draw, 850); i++) {
        const atp_supply_t *supply = atp_supply_at(book, (uint32_t)draw_below(draw, count));
        if (supply->status != ATP_SUPPLY_OPEN || (supply->kind == ATP_SUPPLY_TRANSFER) != is_transfer) {
            continue;
        }
        const atp_position_t *position = atp_positions_at(atp_ledger_positions(draw->ledger), supply->row);
        copied(act->subject, sizeof act->subject, atp_strings_get(book->strings, supply->id_ref));
        if (act->line_count > 0 && act->kind != ATP_OP_TRANSFER_SHIP) {
            copied(act->lines[0].sku, sizeof act->lines[0].sku, atp_catalog_sku_id(catalog, position->sku));
            copied(act->lines[0].node, sizeof act->lines[0].node,
                   atp_catalog_node_id(catalog, position->node));
        } else if (act->line_count > 0 && supply->source_line != 0) {
            const atp_line_t *line =
                atp_line_at(atp_ledger_reservations(draw->ledger), supply->source_line - 1);
            position = atp_positions_at(atp_ledger_positions(draw->ledger), line->row);
            copied(act->lines[0].sku, sizeof act->lines[0].sku, atp_catalog_sku_id(catalog, position->sku));
            copied(act->lines[0].node, sizeof act->lines[0].node,
                   atp_catalog_node_id(catalog, position->node));
        }
        return;
    }
}

/* One of the newest exceptions; what it says with lines of its own is what the fact should have said. */
static void draw_exception(draw_t *draw, act_t *act)
{
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(draw->ledger);
    uint64_t newest = exceptions->heads->newest;
    uint64_t back = draw_below(draw, draw_chance(draw, 700) ? 6 : 60);

    for (unsigned i = 0; i < 8 && draw_chance(draw, 800); i++) { /* one that keeps a fact */
        const atp_exception_t *exception = atp_exceptions_get(exceptions, newest - back % (newest + 1));
        if (exception != NULL && exception->state == ATP_EXCEPTION_OPEN && exception->fact_first != 0) {
            break;
        }
        back = draw_below(draw, 30);
    }
    draw_numbered(act->subject, sizeof act->subject, "", newest - back % (newest + 1));
    act->line_count = draw_chance(draw, 600) ? 0 : act->line_count;
}

static void draw_subject(draw_t *draw, act_t *act)
{
    switch (act->kind) {
    case ATP_OP_GROUP:
        draw_group(draw, act->subject, sizeof act->subject);
        break;
    case ATP_OP_KIT:
        draw_sku(draw, act->subject, sizeof act->subject);
        break;
    case ATP_OP_FEED:
        draw_numbered(act->subject, sizeof act->subject, "f", draw_below(draw, FEEDS));
        break;
    case ATP_OP_RULE:
        draw_numbered(act->subject, sizeof act->subject, "r", draw_below(draw, 5));
        break;
    case ATP_OP_QUOTA:
        draw_numbered(act->subject, sizeof act->subject, "q", draw_below(draw, 5));
        break;
    case ATP_OP_REGISTER_SOURCE:
        draw_numbered(act->subject, sizeof act->subject, "source",
                      draw_below(draw, draw_chance(draw, 100) ? 4 : 2));
        break;
    case ATP_OP_EXCEPTION_OWNER:
        draw_numbered(act->subject, sizeof act->subject, "w",
                      draw_below(draw, draw_chance(draw, 50) ? 5 : 3));
        break;
    case ATP_OP_SUBSCRIBER:
    case ATP_OP_SUBSCRIBER_POSITION:
        draw_numbered(act->subject, sizeof act->subject, "e", draw_below(draw, 3));
        break;
    case ATP_OP_SUPPLY:
    case ATP_OP_RECEIVE_SUPPLY:
    case ATP_OP_TRANSFER:
    case ATP_OP_TRANSFER_SHIP:
    case ATP_OP_TRANSFER_RECEIVE:
    case ATP_OP_TRANSFER_CANCEL:
        draw_supply(draw, act);
        break;
    case ATP_OP_UNIT:
        draw_unit(draw, act->subject, sizeof act->subject);
        break;
    case ATP_OP_ALIAS: /* also of ids, and of names that facts wait for */
        if (draw_chance(draw, 150)) {
            draw_chance(draw, 500) ? draw_sku(draw, act->subject, sizeof act->subject)
                                   : draw_node(draw, act->subject, sizeof act->subject);
        } else {
            draw_alias(draw, act->subject, sizeof act->subject);
        }
        break;
    case ATP_OP_MERGE_SKU: /* as a rule one of the few that are put anew, for the others are to stay apart */
        if (draw_chance(draw, 700)) {
            draw_numbered(act->subject, sizeof act->subject, "s", SKUS + draw_below(draw, 3));
        } else {
            draw_sku(draw, act->subject, sizeof act->subject);
        }
        break;
    case ATP_OP_SETTLE_EXCEPTION:
        draw_exception(draw, act);
        break;
    default:
        draw_numbered(act->subject, sizeof act->subject, "z", draw_below(draw, 4));
        break;
    }
}

static void draw_option(draw_t *draw, const atp_op_rule_t *rule, act_t *act)
{
    if (act->kind == ATP_OP_SKU) {
        act->option = strcmp(act->lines[0].sku, "s3") == 0 ? 1 : 0;
        act->option = draw_chance(draw, 100) ? (uint8_t)draw_below(draw, 8) : act->option;
    } else if (rule->options > 0 && draw_chance(draw, act->kind == ATP_OP_NODE ? 200 : 400)) {
        act->option = (uint8_t)draw_below(draw, rule->options);
    }
    if (draw_chance(draw, 2)) {
        act->option = 9;
    }
    if (act->kind == ATP_OP_ADJUST || act->kind == ATP_OP_COUNT) {
        act->reason = (uint8_t)draw_below(draw, ATP_REASON_COUNT);
    }
}

/* Who is told what, as whom, by when. */
static void draw_rest(draw_t *draw, act_t *act)
{
    bool may_be_fact = act->kind >= ATP_OP_SHIP || act->kind == ATP_OP_TRANSFER_RECEIVE;

    act->is_fact = may_be_fact && act->kind != ATP_OP_EDIT && draw_chance(draw, 400);
    if (act->kind == ATP_OP_RESERVE) {
        if (draw_chance(draw, 500)) {
            draw_channel(draw, act->channel, sizeof act->channel);
        }
        draw_numbered(act->id, sizeof act->id, "R", draw->next_reservation++ % RESERVATIONS);
        draw_numbered(act->owner, sizeof act->owner, "c", draw_below(draw, 6));
    } else {
        draw_numbered(act->id, sizeof act->id, "i", draw->next_request++);
    }
    if (act->kind == ATP_OP_CHANNEL) {
        draw_channel(draw, act->channel, sizeof act->channel);
        if (draw_chance(draw, 150)) { /* a new one: there is not always room */
            draw_numbered(act->channel, sizeof act->channel, "ch", draw_below(draw, 4));
        }
    }
    if (act->kind == ATP_OP_SKU || act->kind == ATP_OP_NODE) {
        draw_numbered(act->name, sizeof act->name, "name", draw_below(draw, 50));
    }
    if (act->kind == ATP_OP_RESERVE || act->kind == ATP_OP_EXTEND || act->kind == ATP_OP_CHANNEL) {
        act->number =
            draw_chance(draw, 300) ? 0 : draw_between(draw, 1, draw_chance(draw, 500) ? 300 : 2 * ATP_DAY_MS);
        act->number = draw_chance(draw, 5) ? 350 * ATP_DAY_MS : act->number;
    }
}

static void draw_request(draw_t *draw, act_t *act)
{
    act->kind = (uint8_t)draw_kind(draw);
    const atp_op_rule_t *rule = atp_op_rule(act->kind);
    uint32_t number = 0;
    bool is_known = draw_reservation(draw, act->reservation, sizeof act->reservation, &number);
    bool has_none = (atp_attribute_takes(act->kind, ATP_KEY_ORDER_ID) != 0 && draw_chance(draw, 250)) ||
                    ((act->kind == ATP_OP_RETURN || act->kind == ATP_OP_SHIP) && draw_chance(draw, 100));

    draw_lines(draw, rule, act, is_known, number);
    if (rule->needs_subject) {
        draw_subject(draw, act);
    }
    draw_option(draw, rule, act);
    draw_rest(draw, act);
    if (rule->needs_reservation && has_none) {
        act->reservation[0] = '\0';
    }
    draw_attributes(draw, act);
    if (act->kind == ATP_OP_RESERVE && act->attribute_count < ACT_ATTRIBUTES_MAX && draw_chance(draw, 180)) {
        draw_reserve_of_supply(draw, act);
    }
    if (!rule->needs_reservation) {
        act->reservation[0] = '\0';
    }
}

/* A numbered batch of facts begins. */
static void draw_source(draw_t *draw, act_t *act)
{
    uint64_t source = draw_below(draw, 2);

    act->kind = ATP_OP_SOURCE;
    draw_numbered(act->name, sizeof act->name, "source", source);
    act->epoch = draw_chance(draw, 20) ? 2 : 1;
    draw->sequences[source] += draw_chance(draw, 30) ? 3 : 1;
    act->sequence = draw_chance(draw, 60) ? (uint64_t)draw_between(draw, 1, 5) : draw->sequences[source];
    act->sequence = draw_chance(draw, 15) ? 0 : act->sequence;
    act->sequence += draw_chance(draw, 4) ? 2000 : 0; /* numbers that will never be seen */
    if (act->sequence > 0 &&
        draw_chance(draw, 150)) { /* the source keeps them: what is missing is waited for */
        act->kept_from = (uint64_t)draw_between(draw, 1, (int64_t)act->sequence);
        act->after = draw_chance(draw, 500) ? act->sequence - 1 : 0;
    }
    draw->in_source_left = (uint32_t)draw_between(draw, 1, 4);
}

static void draw_fact(draw_t *draw, act_t *act)
{
    do {
        memset(act, 0, sizeof *act);
        draw_request(draw, act);
    } while (act->kind < ATP_OP_SHIP && act->kind != ATP_OP_TRANSFER_RECEIVE && act->kind != ATP_OP_RESERVE &&
             !draw_chance(draw, 50));
    act->in_source = true;
    if (act->kind != ATP_OP_RESERVE) {
        act->id[0] = '\0';
    }
}

/* Something that was sent before, or the same with something changed. */
static bool draw_again(draw_t *draw, act_t *act)
{
    if (draw->script->count == 0 || !draw_chance(draw, 30)) {
        return false;
    }
    uint64_t back = draw_below(draw, draw->script->count < 60 ? draw->script->count : 60);
    const act_t *before = &draw->script->acts[draw->script->count - 1 - back];
    if (before->in_source || before->kind < ATP_FIRST_CLIENT_KIND) {
        return false;
    }
    *act = *before;
    if (draw_chance(draw, 400)) {
        if (act->line_count > 0 && act->lines[0].mantissa > 0) {
            act->lines[0].mantissa++;
        } else {
            act->issued_ms--;
        }
    }
    return true;
}

void everything_draw(draw_t *draw, act_t *act)
{
    memset(act, 0, sizeof *act);
    move_time(draw);
    bool is_old = false;
    if (draw->in_source_left > 0) {
        draw->in_source_left--;
        draw_fact(draw, act);
    } else if (draw_chance(draw, 30)) {
        act->kind = ATP_OP_PULSE;
        act->number = draw_between(draw, 1, 20);
    } else if (draw_chance(draw, 15)) {
        act->kind = ATP_OP_SETTLE;
        draw_sku(draw, act->lines[0].sku, sizeof act->lines[0].sku);
        draw_node(draw, act->lines[0].node, sizeof act->lines[0].node);
    } else if (draw_chance(draw, 30)) {
        draw_source(draw, act);
    } else if (draw_chance(draw, 4)) { /* nobody can read it */
        act->kind = ATP_OP_QUARANTINE;
        draw_numbered(act->name, sizeof act->name, "source", draw_below(draw, 2));
        draw_numbered(act->subject, sizeof act->subject, "?", draw_below(draw, 3));
        act->sequence = draw_below(draw, 3);
    } else if (draw_chance(draw, 2)) {
        act->kind = ATP_OP_CONFIGURE;
        act->number = draw_between(draw, 1, 400);
    } else {
        is_old = draw_again(draw, act);
        if (!is_old) {
            draw_request(draw, act);
        }
    }
    act->at_ms = draw->now_ms;
    if (!is_old) {
        act->issued_ms = draw->now_ms + (draw_chance(draw, 20) ? draw_between(draw, -200, 60) : 0);
        act->client = (uint8_t)draw_below(draw, draw_chance(draw, 20) ? 4 : 2);
    }
    act->is_blind = draw_chance(draw, 80);
    act->is_asked = draw_chance(draw, 600);
    act->is_again = draw_chance(draw, 100);
    act->ends_frame = act->kind == ATP_OP_SOURCE || (!act->in_source && draw_chance(draw, 300));
}

/* ---- the beginning ---- */

static void begin_position(draw_t *draw, uint32_t number, act_t *act)
{
    act->kind = ATP_OP_RECEIVE;
    draw_numbered(act->lines[0].sku, sizeof act->lines[0].sku, "s", number % SKUS);
    draw_numbered(act->lines[0].node, sizeof act->lines[0].node, "n", number / SKUS);
    act->lines[0].mantissa = draw_between(draw, 1, 12);
    act->line_count = 1;
}

static void begin_group(draw_t *draw, uint32_t number, act_t *act)
{
    act->kind = ATP_OP_GROUP;
    draw_numbered(act->subject, sizeof act->subject, "g", number);
    for (uint64_t node = 0; node < NODES; node++) {
        if (draw_chance(draw, 600) || node == number) {
            draw_attribute(draw, act, ATP_KEY_NODE, ATP_WHOLE_OP);
            draw_numbered(act->attributes[act->attribute_count - 1].text, ACT_TEXT_MAX, "n", node);
        }
    }
}

bool everything_prologue(draw_t *draw, uint32_t number, act_t *act)
{
    static const char *const channels[] = {"web", "pos"};

    memset(act, 0, sizeof *act);
    draw->now_ms++;
    if (number < SKUS) {
        act->kind = ATP_OP_SKU;
        act->line_count = 1;
        draw_numbered(act->lines[0].sku, sizeof act->lines[0].sku, "s", number);
        act->option = number == 3 ? 1 : 0;
    } else if (number < SKUS + NODES) {
        act->kind = ATP_OP_NODE;
        act->line_count = 1;
        draw_numbered(act->lines[0].node, sizeof act->lines[0].node, "n", number - SKUS);
    } else if (number < SKUS + NODES + 2) {
        act->kind = ATP_OP_CHANNEL;
        snprintf(act->channel, sizeof act->channel, "%s", channels[number - SKUS - NODES]);
    } else if (number < SKUS + NODES + 4) {
        begin_group(draw, number - SKUS - NODES - 2, act);
    } else if (number < SKUS + NODES + 4 + 12) {
        begin_position(draw, number - SKUS - NODES - 4, act);
    } else {
        return false;
    }
    draw_numbered(act->id, sizeof act->id, "b", number);
    act->at_ms = draw->now_ms;
    act->issued_ms = draw->now_ms;
    return true;
}
