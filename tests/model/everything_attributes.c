/* The names that acts draw from, and their attributes, by the table: so that what is added to it is drawn as well. */
#include "tests/model/everything_draw.h"

#include "tests/test.h"

#include "engine/ledger/catalog/catalog.h"

#include <string.h>

uint64_t draw_below(draw_t *draw, uint64_t limit)
{
    return test_random(&draw->state) % limit;
}

bool draw_chance(draw_t *draw, unsigned in_a_thousand)
{
    return draw_below(draw, 1000) < in_a_thousand;
}

int64_t draw_between(draw_t *draw, int64_t least, int64_t most)
{
    return least + (int64_t)draw_below(draw, (uint64_t)(most - least) + 1);
}

void draw_numbered(char *to, size_t size, const char *prefix, uint64_t number)
{
    snprintf(to, size, "%s%llu", prefix, (unsigned long long)number);
}

/* ---- names ---- */

void draw_alias(draw_t *draw, char *to, size_t size)
{
    draw_numbered(to, size, "a", draw_below(draw, 6));
}

void draw_unit(draw_t *draw, char *to, size_t size)
{
    draw_numbered(to, size, "u", draw_chance(draw, 700) ? 0 : draw_below(draw, 4));
}

void draw_sku(draw_t *draw, char *to, size_t size)
{
    if (draw_chance(draw, 30)) {
        draw_alias(draw, to, size);
        return;
    }
    draw_numbered(to, size, "s", draw_below(draw, SKUS + (draw_chance(draw, 15) ? 2u : 0u)));
}

void draw_node(draw_t *draw, char *to, size_t size)
{
    if (draw_chance(draw, 30)) {
        draw_alias(draw, to, size);
        return;
    }
    draw_numbered(to, size, "n", draw_below(draw, NODES + (draw_chance(draw, 15) ? 2u : 0u)));
}

void draw_group(draw_t *draw, char *to, size_t size)
{
    draw_numbered(to, size, "g", draw_below(draw, GROUPS + (draw_chance(draw, 20) ? 2u : 0u)));
}

void draw_channel(draw_t *draw, char *to, size_t size)
{
    static const char *const names[] = {"web",  "pos",  "default", "b2b", "market",
                                        "till", "fair", "shop",    "tv"};
    snprintf(to, size, "%s", names[draw_below(draw, draw_chance(draw, 30) ? 9 : 3)]);
}

/* The key of a posting that is kept; now and then of none. */
static void draw_posting(draw_t *draw, char *to, size_t size)
{
    const atp_postings_t *postings = atp_ledger_postings(draw->ledger);
    uint64_t newest = postings->heads->newest;
    const atp_posting_t *posting =
        newest > 0 ? atp_postings_at(postings, newest - draw_below(draw, newest < 30 ? newest : 30)) : NULL;
    char key[ATP_POSTING_KEY_SIZE] = "7.7";

    if (posting != NULL && !draw_chance(draw, 50)) {
        (void)atp_posting_key(posting, key);
    }
    snprintf(to, size, "%s", key);
}

/* An attribute's own names. */
static void draw_text(draw_t *draw, const act_t *act, act_attribute_t *attribute)
{
    static const char *const zones[] = {
        "", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "IST-5:30", "nowhere", "UTC0"};
    char *to = attribute->text;
    size_t size = sizeof attribute->text;

    switch (attribute->key) {
    case ATP_KEY_NODE:
    case ATP_KEY_TO:
        draw_node(draw, to, size);
        break;
    case ATP_KEY_GROUP:
    case ATP_KEY_SHIP_GROUP:
    case ATP_KEY_PICKUP_GROUP:
        draw_group(draw, to, size);
        break;
    case ATP_KEY_CHANNEL:
        draw_channel(draw, to, size);
        break;
    case ATP_KEY_SKU:
        draw_sku(draw, to, size);
        break;
    case ATP_KEY_UNIT:
        draw_unit(draw, to, size);
        break;
    case ATP_KEY_TOLD_BY:
        draw_numbered(to, size, draw_chance(draw, 500) ? "client" : "source", draw_below(draw, 2));
        break;
    case ATP_KEY_TAG:
        draw_numbered(to, size, "t", draw_below(draw, draw_chance(draw, 50) ? 5 : 2));
        break;
    case ATP_KEY_SHADOW_OF:
    case ATP_KEY_SOURCE:
        draw_numbered(to, size, "source", draw_below(draw, 3));
        break;
    case ATP_KEY_PARENT:
        draw_numbered(to, size, "q", draw_chance(draw, 700) ? 0 : draw_below(draw, 5));
        break;
    case ATP_KEY_EXCEPTION_KIND: {
        const char *kind = atp_exception_kind_name((unsigned)draw_below(draw, ATP_EXCEPTION_KIND_LIMIT));
        snprintf(to, size, "%s", kind != NULL ? kind : "fact_refused");
        break;
    }
    case ATP_KEY_POSTING:
        draw_posting(draw, to, size);
        break;
    case ATP_KEY_SUBSCRIBER:
        draw_numbered(to, size, "e", draw_below(draw, 3));
        break;
    case ATP_KEY_ORDER_ID:
        draw_numbered(to, size, "o", draw_below(draw, 8));
        break;
    case ATP_KEY_REPLACES:
        snprintf(to, size, "%s", act->reservation);
        break;
    case ATP_KEY_INCLUDES:
        draw_numbered(to, size, "source", draw_below(draw, draw_chance(draw, 30) ? 6 : 2));
        break;
    case ATP_KEY_FEED:
        draw_numbered(to, size, "f", draw_below(draw, FEEDS));
        break;
    case ATP_KEY_TIME_ZONE:
        snprintf(to, size, "%s", zones[draw_below(draw, sizeof zones / sizeof zones[0])]);
        break;
    default:
        draw_numbered(to, size, "x", draw_below(draw, 4));
        break;
    }
}

/* A day near today as a number in words: 20231225. Good enough: all days of a month up to the 28th. */
static int64_t near_day(draw_t *draw)
{
    int64_t days = draw->now_ms / ATP_DAY_MS - EVERYTHING_START_MS / ATP_DAY_MS;
    int64_t month = 202311 + (days / 30) % 2;

    return month * 100 + draw_between(draw, 1, 28);
}

static int64_t draw_number(draw_t *draw, const atp_attribute_rule_t *rule, unsigned key)
{
    int64_t most = rule->most < 6 ? rule->most : rule->least + 5;

    if (draw_chance(draw, 10)) {
        return draw_chance(draw, 500) ? rule->most : rule->least - 1;
    }
    switch (key) {
    case ATP_KEY_TTL:
        return draw_between(draw, 1, draw_chance(draw, 700) ? 300 : 3 * ATP_DAY_MS);
    case ATP_KEY_PERIOD:
        return draw_between(draw, 1, draw_chance(draw, 500) ? 5000 : 3 * HOUR_MS);
    case ATP_KEY_SLA:
        return draw_chance(draw, 200) ? 0 : draw_between(draw, 1, draw_chance(draw, 500) ? 1000 : HOUR_MS);
    case ATP_KEY_STALE_PERCENT:
    case ATP_KEY_PERCENT:
    case ATP_KEY_BUFFER_PERCENT:
    case ATP_KEY_CUT_OFF:
    case ATP_KEY_READY_MINUTE:
        return draw_between(draw, rule->least, rule->most);
    case ATP_KEY_EXCEPTION_SLA:
    case ATP_KEY_POSTING_SLA:
        return draw_chance(draw, 300) ? 0 : draw_between(draw, 1, 5000);
    case ATP_KEY_ACKNOWLEDGED: {
        int64_t newest = (int64_t)atp_ledger_postings(draw->ledger)->heads->newest;
        return newest - draw_between(draw, draw_chance(draw, 50) ? -1 : 0, newest < 20 ? newest : 20);
    }
    case ATP_KEY_WORKING_DAYS:
        return draw_chance(draw, 600) ? 127 : draw_between(draw, 1, 127);
    case ATP_KEY_HANDLING_DAYS:
        return draw_between(draw, 0, draw_chance(draw, 100) ? 30 : 2);
    case ATP_KEY_EPOCH:
        return draw_chance(draw, 50) ? 2 : 1;
    case ATP_KEY_SEQUENCE:
        return draw_between(draw, 0, (int64_t)draw->sequences[draw_below(draw, 2)] + 1);
    case ATP_KEY_CAPACITY_DAY:
        return near_day(draw);
    case ATP_KEY_CLOSED_DAY:
        return draw_chance(draw, 200) ? 0 : near_day(draw);
    default:
        return draw_between(draw, rule->least, most);
    }
}

static int64_t version_of(const draw_t *draw, const char *id)
{
    uint32_t number;

    return atp_ledger_find_reservation(draw->ledger, atp_text_of(id), &number)
               ? (int64_t)atp_reservation_at(atp_ledger_reservations(draw->ledger), number)->version
               : 1;
}

static int64_t draw_time(draw_t *draw, unsigned key)
{
    int64_t today = draw->now_ms / ATP_DAY_MS * ATP_DAY_MS;

    if (key == ATP_KEY_AS_OF) { /* late as a rule: most of what moved is in it */
        return draw->now_ms -
               draw_between(draw, draw_chance(draw, 20) ? -50 : 1, draw_chance(draw, 700) ? 60 : HOUR_MS);
    }
    if (key == ATP_KEY_START || key == ATP_KEY_END) {
        return draw->now_ms + draw_between(draw, -1000, draw_chance(draw, 500) ? 1000 : ATP_DAY_MS);
    }
    if (draw_chance(draw, 20)) {
        return today + 900 * ATP_DAY_MS;
    }
    return today + draw_between(draw, -1, 6) * ATP_DAY_MS +
           (draw_chance(draw, 300) ? draw_between(draw, 0, 23) * HOUR_MS : 0);
}

/* ---- attributes ---- */

void draw_attribute(draw_t *draw, act_t *act, unsigned key, uint16_t line)
{
    const atp_attribute_rule_t *rule = atp_attribute_rule(key);
    act_attribute_t *attribute = &act->attributes[act->attribute_count];
    atp_text_t word;

    if (act->attribute_count == ACT_ATTRIBUTES_MAX) {
        return;
    }
    *attribute = (act_attribute_t){.key = (uint8_t)key, .line = line};
    switch ((atp_attribute_type_t)rule->type) {
    case ATP_ATTRIBUTE_NUMBER:
        attribute->number = key == ATP_KEY_EXPECTED_VERSION && draw_chance(draw, 700)
                                ? version_of(draw, act->reservation)
                                : draw_number(draw, rule, key);
        break;
    case ATP_ATTRIBUTE_CHOICE:
        while (atp_attribute_word(rule, attribute->number, &word)) {
            attribute->number++;
        }
        attribute->number =
            (int64_t)draw_below(draw, (uint64_t)attribute->number + (draw_chance(draw, 10) ? 1 : 0));
        break;
    case ATP_ATTRIBUTE_TIME:
        attribute->number = draw_time(draw, key);
        break;
    case ATP_ATTRIBUTE_QTY:
        attribute->number = draw_between(draw, 0, draw_chance(draw, 200) ? 12 : 4);
        if (draw_chance(draw, 40)) {
            attribute->decimals = 1;
            attribute->number *= draw_chance(draw, 500) ? 10 : 5;
        }
        break;
    case ATP_ATTRIBUTE_ID:
    case ATP_ATTRIBUTE_TEXT:
        draw_text(draw, act, attribute);
        break;
    }
    act->attribute_count++;
}

/* The same for a source: what it claims nearly always, where and how with each claim. */
static unsigned of_source(unsigned key, unsigned often)
{
    switch (key) {
    case ATP_KEY_NODE:
    case ATP_KEY_GROUP:
    case ATP_KEY_SHARED:
        return 0;
    case ATP_KEY_CLAIM:
        return 850;
    case ATP_KEY_SLA:
        return 350;
    case ATP_KEY_STATE:
    case ATP_KEY_DROPPED:
    case ATP_KEY_CUT_OVER:
    case ATP_KEY_SHADOW_OF:
        return often / 2;
    default:
        return often;
    }
}

static bool ends_with(const act_t *act, unsigned key)
{
    return act->attribute_count > 0 && act->attributes[act->attribute_count - 1].key == key;
}

/* How often an optional key comes, of a thousand; `often` where nothing is known of it. */
static unsigned liking(draw_t *draw, const act_t *act, unsigned key, unsigned often)
{
    bool is_order = act->kind == ATP_OP_RELEASE || act->kind == ATP_OP_CANCEL;
    bool is_root = strcmp(act->subject, "q0") == 0;

    if (act->kind == ATP_OP_REGISTER_SOURCE) {
        return of_source(key, often);
    }
    switch (key) {
    case ATP_KEY_CHANNEL:
        if (act->kind == ATP_OP_QUOTA) {
            return is_root ? 100 : 800;
        }
        return act->kind == ATP_OP_RULE ? 950 : 300;
    case ATP_KEY_CAUSE: /* needed, but to replay */
        return 800;
    case ATP_KEY_POSTING:
        return act->reservation[0] == '\0' ? ALWAYS : 300;
    case ATP_KEY_SUBSCRIBER:
    case ATP_KEY_CONTENT: /* beside what they are of */
        return ends_with(act, key == ATP_KEY_CONTENT ? ATP_KEY_DOCUMENT : ATP_KEY_POSTING) ? 970 : 30;
    case ATP_KEY_DOCUMENT: /* then it is no feed */
        return 60;
    case ATP_KEY_DUE:
        return act->kind == ATP_OP_SUPPLY && act->line_count > 0 ? 950 : 400;
    case ATP_KEY_FINAL:
        return 250;
    case ATP_KEY_ORDER_ID:
        return is_order ? (act->reservation[0] == '\0' ? ALWAYS : 10) : 300;
    case ATP_KEY_UNIT:
    case ATP_KEY_TOLD_BY:
        return act->kind == ATP_OP_UNIT || act->kind == ATP_OP_ALIAS ? 600 : often / 4;
    case ATP_KEY_NODE:
        if (act->kind == ATP_OP_ALIAS) { /* of one thing as a rule */
            return act->attribute_count > 0 ? 30 : 950;
        }
        return act->kind == ATP_OP_EXCEPTION_OWNER ? often / 3 : often;
    case ATP_KEY_DROPPED:
        return act->kind == ATP_OP_QUOTA ? 120 : often / 2;
    case ATP_KEY_SUPPLY_STATUS:
    case ATP_KEY_STATE:
    case ATP_KEY_EXCLUDED:
    case ATP_KEY_UNTAGGED:
    case ATP_KEY_READY_BY:
        return often / 2;
    case ATP_KEY_MAXIMUM:
    case ATP_KEY_MINIMUM:
    case ATP_KEY_INCREMENT:
    case ATP_KEY_REPLACES:
    case ATP_KEY_WHEN_FULL:
        return often / 3;
    case ATP_KEY_COST:
    case ATP_KEY_EPOCH:
    case ATP_KEY_SEQUENCE:
        return 0; /* comes with the nodes, and with the sources */
    case ATP_KEY_FEED:
        return 600;
    case ATP_KEY_AS_OF:
        return 700;
    case ATP_KEY_INCLUDES:
        return 500;
    case ATP_KEY_PARENT: /* q0 is a root as a rule, the others are below it */
        return is_root ? 10 : 950;
    case ATP_KEY_SKU:
    case ATP_KEY_TAG:
        if (act->kind == ATP_OP_QUOTA && !is_root) {
            return 30;
        }
        return act->kind == ATP_OP_SKU ? often : (unsigned)draw_below(draw, 2) * 500u;
    default:
        return often;
    }
}

/* Claims, all of them now and then, most of them shared, and where. */
static void add_claims(draw_t *draw, act_t *act)
{
    uint64_t count = draw_chance(draw, 300) ? 9 : (uint64_t)draw_between(draw, 1, 4);

    for (uint64_t i = 0; i < count; i++) {
        draw_attribute(draw, act, ATP_KEY_CLAIM, ATP_WHOLE_OP);
        act_attribute_t *claim = &act->attributes[act->attribute_count - 1];
        claim->number = count == 9 ? (int64_t)i : claim->number;
        if (claim->number > 1 && draw_chance(draw, 600)) {
            draw_attribute(draw, act, ATP_KEY_SHARED, ATP_WHOLE_OP);
        }
        if (draw_chance(draw, count == 9 ? 100 : 600)) {
            draw_attribute(draw, act, draw_chance(draw, 500) ? ATP_KEY_NODE : ATP_KEY_GROUP, ATP_WHOLE_OP);
        }
    }
}

static void add_many(draw_t *draw, act_t *act, unsigned key, uint16_t line)
{
    bool has_cost = atp_attribute_takes(act->kind, ATP_KEY_COST) != 0 && draw_chance(draw, 300);
    uint64_t first = draw_below(draw, NODES);
    uint64_t count = (uint64_t)draw_between(draw, 1, 3);

    for (uint64_t i = 0; i < count; i++) {
        draw_attribute(draw, act, key, line);
        if (key == ATP_KEY_NODE && act->attribute_count < ACT_ATTRIBUTES_MAX) {
            if (!draw_chance(draw, 50)) { /* different ones */
                draw_numbered(act->attributes[act->attribute_count - 1].text, ACT_TEXT_MAX, "n",
                              (first + i) % NODES);
            }
            if (has_cost) {
                draw_attribute(draw, act, ATP_KEY_COST, line);
            }
        }
    }
}

/* Sources with their epochs and numbers. */
static void add_points(draw_t *draw, act_t *act)
{
    for (int64_t count = draw_between(draw, 1, 2); count > 0; count--) {
        draw_attribute(draw, act, ATP_KEY_INCLUDES, ATP_WHOLE_OP);
        if (!draw_chance(draw, 20)) {
            draw_attribute(draw, act, ATP_KEY_EPOCH, ATP_WHOLE_OP);
            draw_attribute(draw, act, ATP_KEY_SEQUENCE, ATP_WHOLE_OP);
        }
    }
}

static void add_one_or_many(draw_t *draw, act_t *act, unsigned key, unsigned how, uint16_t line)
{
    bool is_many = (how & (line == ATP_WHOLE_OP ? ATP_TAKES_MANY : ATP_TAKES_MANY_LINE)) != 0;

    if (key == ATP_KEY_CLAIM) {
        add_claims(draw, act);
    } else if (key == ATP_KEY_INCLUDES) {
        add_points(draw, act);
    } else if (is_many) {
        add_many(draw, act, key, line);
    } else {
        draw_attribute(draw, act, key, line);
    }
}

/* Whatever the kind takes, by the table. */
void draw_attributes(draw_t *draw, act_t *act)
{
    static const unsigned fills[] = {0, 60, 150, 300};
    unsigned often = fills[draw_below(draw, 4)];

    for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
        unsigned how = atp_attribute_takes(act->kind, key);
        bool is_wanted = (how & ATP_TAKES_NEEDED && !draw_chance(draw, 20)) ||
                         draw_chance(draw, liking(draw, act, key, often));
        if (how & (ATP_TAKES_ONE | ATP_TAKES_MANY) && is_wanted) {
            add_one_or_many(draw, act, key, how, ATP_WHOLE_OP);
        }
    }
    for (uint16_t line = 0; line < act->line_count; line++) {
        for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
            unsigned how = atp_attribute_takes(act->kind, key);
            if (how & (ATP_TAKES_LINE | ATP_TAKES_MANY_LINE) &&
                draw_chance(draw, liking(draw, act, key, often) / 2)) {
                add_one_or_many(draw, act, key, how, line);
            }
        }
    }
}
