#include "tests/model/generator.h"

#include "engine/ledger/ledger.h"
#include "tests/test.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define START_MS INT64_C(1700000000000)

#define RESERVATION_IDS 1000 /* then they come again */

static uint64_t below(generator_t *g, uint64_t limit)
{
    return test_random(&g->state) % limit;
}

static bool chance(generator_t *g, unsigned in_a_thousand)
{
    return below(g, 1000) < in_a_thousand;
}

static int64_t between(generator_t *g, int64_t least, int64_t most)
{
    return least + (int64_t)below(g, (uint64_t)(most - least + 1));
}

static model_id_t numbered(const char *prefix, uint64_t number)
{
    char text[40];

    snprintf(text, sizeof text, "%s%llu", prefix, (unsigned long long)number);
    return model_id_of(text);
}

/* ---- the run ---- */

/* What nothing here is about has the default capacity. */
static void fill_up(atp_ledger_config_t *config)
{
    atp_ledger_config_t plain = atp_ledger_config_default();
    uint64_t *values = (uint64_t *)(void *)config;

    for (size_t i = 0; i < sizeof plain / sizeof *values; i++) {
        values[i] = values[i] != 0 || i == offsetof(atp_ledger_config_t, issued_skew_ms) / sizeof *values
                        ? values[i]
                        : ((const uint64_t *)(const void *)&plain)[i];
    }
}

atp_ledger_config_t generator_config(generator_t *g, uint64_t seed)
{
    memset(g, 0, sizeof *g);
    g->state = seed;
    g->now_ms = START_MS;
    g->is_tiny = chance(g, 400);
    g->has_few_strings = !g->is_tiny && chance(g, 300); /* many reservations, little room for their ids */
    atp_ledger_config_t config = {
        .rules_version = ATP_RULES_VERSION,
        .skus = g->is_tiny ? 5 : 8,
        .nodes = g->is_tiny ? 3 : 5,
        .channels = g->is_tiny ? 2 : 6,
        .clients = g->is_tiny ? 3 : 8,
        .sources = g->is_tiny ? 2 : 6,
        .groups = g->is_tiny ? 2 : 4,
        .group_nodes = g->is_tiny ? 4 : 16,
        .supplies = 16,
        .pegs = 16,
        .string_bytes = g->has_few_strings ? 4096 : 1 << 18,
    };
    /* One draw a statement: the order in which a compiler evaluates an initialiser must not matter. */
    config.hash_seed = test_random(&g->state);
    config.positions = g->is_tiny ? (uint64_t)between(g, 4, 12) : 64;
    config.reservations = g->is_tiny ? (uint64_t)between(g, 1, 12) : 120;
    config.lines = g->is_tiny ? (uint64_t)between(g, 12, 40) : 600;
    config.outcomes = g->is_tiny ? (uint64_t)between(g, 1, 60) : 250;
    config.exceptions = g->is_tiny ? (uint64_t)between(g, 1, 4) : 40;
    config.ttl_default_ms = between(g, 1, 200);
    config.ttl_max_ms = between(g, 200, 5000000);
    config.outcome_window_ms = between(g, 1000, 100000);
    config.issued_skew_ms = between(g, 0, 60);
    config.ids_per_client = (uint64_t)(g->is_tiny ? between(g, 5, 60) : 200);
    config.lines_per_reservation = (uint64_t)between(g, 4, 12);
    fill_up(&config);
    return config;
}

static void move_time(generator_t *g, const model_t *model)
{
    uint64_t dice = below(g, 1000);

    if (dice < 250) {
        g->now_ms += between(g, 1, 4);
    } else if (dice < 330) {
        g->now_ms += between(g, 1, 120);
    } else if (dice < 340) {
        g->now_ms -= between(g, 1, 20);
    } else if (dice < 342) {
        g->now_ms += between(g, 1, 45 * 60 * 1000); /* more than a turn of the wheel */
    } else if (dice < 343) {
        g->now_ms += model->config.outcome_window_ms + between(g, 0, 70000);
    }
}

/* ---- names ---- */

static model_id_t sku_name(generator_t *g)
{
    const char *prefix = chance(g, 10) ? "Sku" : "sku";
    uint64_t names = (g->is_tiny ? 5u : 8u) + (chance(g, 60) ? 1u : 0u); /* one more than fit, now and then */

    return numbered(prefix, below(g, names));
}

static model_id_t node_name(generator_t *g)
{
    return numbered("node", below(g, (g->is_tiny ? 3u : 5u) + (chance(g, 60) ? 1u : 0u)));
}

static model_id_t channel_name(generator_t *g)
{
    static const char *const names[] = {"", "", "default", "web", "pos", "b2b", "market"};
    return model_id_of(names[below(g, chance(g, 100) ? 7 : 4)]);
}

static model_id_t client_name(generator_t *g)
{
    return numbered("client", below(g, g->is_tiny ? 5 : 4));
}

static model_id_t owner_name(generator_t *g)
{
    model_id_t owner = numbered("owner", below(g, 20));

    if (chance(g, 400)) {
        return model_id_of("");
    }
    while (owner.size < 64 && chance(g, g->has_few_strings ? 970 : 500)) {
        owner.bytes[owner.size++] = 'o';
    }
    return owner;
}

static model_id_t known_reservation(generator_t *g, const model_t *model)
{
    if (model->reservation_count == 0 || chance(g, 30)) {
        return numbered("reservation", below(g, RESERVATION_IDS));
    }
    /* A live one, if one is found in a few tries. */
    uint32_t number = 0;
    for (unsigned i = 0; i < 8; i++) {
        number = (uint32_t)below(g, model->reservation_count);
        if (model_is_live(&model->reservations[number]) || chance(g, 100)) {
            break;
        }
    }
    return model->reservations[number].id;
}

static atp_qty_t small_qty(generator_t *g)
{
    return between(g, 1, chance(g, 100) ? 40 : 5);
}

static void line_at(generator_t *g, model_request_line_t *line)
{
    line->sku = sku_name(g);
    line->node = node_name(g);
    line->mantissa = small_qty(g);
    line->decimals = 0;
    if (chance(g, 150)) {
        line->decimals = (uint8_t)between(g, 1, 3);
        line->mantissa *= chance(g, 500) ? 10 : 1;
    }
}

/* A line of a reservation that is there. */
static void line_of_reservation(generator_t *g, const model_t *model, const model_id_t *id,
                                model_request_line_t *line)
{
    uint32_t number = model_find_reservation(model, id);

    line_at(g, line);
    if (number == MODEL_NONE || chance(g, 20)) {
        return;
    }
    const model_reservation_t *reservation = &model->reservations[number];
    const model_line_t *found = &reservation->lines[below(g, reservation->line_count)];
    line->sku = model->skus[found->sku].id;
    line->node = model->nodes[found->node].id;
    line->decimals = model->skus[found->sku].scale;
    line->mantissa = between(g, 1, found->granted > 0 ? found->granted + (chance(g, 100) ? 1 : 0) : 1);
}

/* ---- requests ---- */

static void reserve(generator_t *g, const model_t *model, model_request_t *r)
{
    r->kind = ATP_OP_RESERVE;
    r->id = numbered("reservation", g->next_reservation++ % RESERVATION_IDS);
    if (chance(g, 50)) {
        r->id = numbered("reservation", below(g, RESERVATION_IDS));
    }
    if (g->has_few_strings && chance(g, 500)) {
        while (r->id.size < 64 && chance(g, 980)) {
            r->id.bytes[r->id.size++] = 'x';
        }
    }
    r->channel = channel_name(g);
    r->owner = owner_name(g);
    r->option = chance(g, 300) ? ATP_RESERVE_PARTIAL : ATP_RESERVE_ALL_OR_NOTHING;
    r->option = chance(g, 30) ? ATP_RESERVE_TRACK_ONLY : r->option;
    r->ttl_ms = chance(g, 300) ? 0 : between(g, 1, chance(g, 300) ? 100000 : 200);
    if (chance(g, 10)) {
        r->ttl_ms = model->config.ttl_max_ms + between(g, 0, 1);
    }
    r->line_count = chance(g, 600) ? 1 : (uint32_t)between(g, 2, chance(g, 100) ? 13 : 5);
    for (uint32_t i = 0; i < r->line_count; i++) {
        line_at(g, &r->lines[i]);
        if (i > 0 && chance(g, 250)) {
            r->lines[i] = r->lines[i - 1];
        }
    }
}

static void step(generator_t *g, const model_t *model, model_request_t *r)
{
    static const atp_op_kind_t kinds[] = {ATP_OP_ALLOCATE, ATP_OP_ALLOCATE, ATP_OP_ALLOCATE, ATP_OP_RELEASE,
                                          ATP_OP_CANCEL,   ATP_OP_SHIP,     ATP_OP_SHIP,     ATP_OP_EXTEND};

    r->kind = kinds[below(g, sizeof kinds / sizeof kinds[0])];
    r->reservation = known_reservation(g, model);
    if (r->kind == ATP_OP_EXTEND) {
        r->ttl_ms = chance(g, 300) ? 0 : between(g, 1, chance(g, 20) ? 6000000 : 150);
        return;
    }
    r->line_count = chance(g, 500) ? 0 : (uint32_t)between(g, 1, 4);
    for (uint32_t i = 0; i < r->line_count; i++) {
        line_of_reservation(g, model, &r->reservation, &r->lines[i]);
    }
    if (r->kind == ATP_OP_SHIP && chance(g, 400)) {
        r->is_fact = true;
        if (chance(g, 200)) {
            r->reservation = model_id_of("");
        }
    }
}

static void stock(generator_t *g, model_request_t *r)
{
    static const atp_op_kind_t kinds[] = {ATP_OP_RECEIVE, ATP_OP_RECEIVE, ATP_OP_SALE,  ATP_OP_ADJUST,
                                          ATP_OP_ADJUST,  ATP_OP_COUNT,   ATP_OP_COUNT, ATP_OP_SAFETY};

    r->kind = kinds[below(g, sizeof kinds / sizeof kinds[0])];
    r->is_fact = chance(g, 500);
    r->line_count = 1;
    line_at(g, &r->lines[0]);
    if (r->kind == ATP_OP_ADJUST || r->kind == ATP_OP_COUNT) {
        r->option = chance(g, 200) ? ATP_BUCKET_UNAVAILABLE : ATP_BUCKET_ON_HAND;
        r->reason = (uint8_t)below(g, ATP_REASON_COUNT);
    }
    if (r->kind == ATP_OP_ADJUST) {
        r->lines[0].mantissa = between(g, -6, 8);
    } else if (r->kind == ATP_OP_COUNT && r->option == ATP_BUCKET_ON_HAND) {
        r->lines[0].mantissa = between(g, 0, 30);
    } else if (r->kind == ATP_OP_COUNT || r->kind == ATP_OP_SAFETY) {
        r->lines[0].mantissa = between(g, 0, 3);
    }
}

static void catalogue(generator_t *g, const model_t *model, model_request_t *r)
{
    uint64_t dice = below(g, 100);

    r->name.size = (uint32_t)below(g, g->has_few_strings ? 250 : 30);
    memset(r->name.bytes, 'n', r->name.size);
    if (dice < 45) {
        r->kind = ATP_OP_SKU;
        r->lines[0].sku = sku_name(g);
        uint32_t sku = model_find_sku(model, &r->lines[0].sku);
        r->option = sku == MODEL_NONE || chance(g, 200) ? (uint8_t)below(g, 4) : model->skus[sku].scale;
        r->line_count = 1;
    } else if (dice < 85) {
        r->kind = ATP_OP_NODE;
        r->lines[0].node = node_name(g);
        r->option = chance(g, 850) ? ATP_NODE_OPEN : (uint8_t)below(g, 3); /* closing one: model_capacity.c */
        r->line_count = 1;
    } else {
        r->kind = ATP_OP_CHANNEL;
        r->name.size = 0;
        r->channel = channel_name(g);
        r->ttl_ms = chance(g, 30) ? model->config.ttl_max_ms + 1 : between(g, 0, 200);
    }
}

static void identify(generator_t *g, const model_t *model, model_request_t *r)
{
    if (r->kind != ATP_OP_RESERVE) {
        r->id = numbered("request", g->next_request++ % 2000);
        if (chance(g, 30)) {
            r->id = numbered("request", (g->next_request + 2000 - below(g, 40)) % 2000);
        }
    }
    r->issued_ms = g->now_ms;
    if (chance(g, 60)) {
        r->issued_ms += between(g, -30, model->config.issued_skew_ms + 1);
    } else if (chance(g, 10)) {
        r->issued_ms -= model->config.outcome_window_ms + between(g, -1, 1);
    } else if (chance(g, 10)) {
        r->issued_ms = model->floor_ms + between(g, -1, 1);
    }
}

/* One thing that is wrong with the form. */
static void spoil(generator_t *g, model_request_t *r)
{
    model_request_line_t *line = &r->lines[r->line_count > 0 ? below(g, r->line_count) : 0];
    model_id_t *ids[] = {&r->id, &r->reservation, &r->channel, &r->owner, &line->sku, &line->node};
    model_id_t *id = ids[below(g, sizeof ids / sizeof ids[0])];

    switch (below(g, 14)) {
    case 0:
        id->size = id == &line->node && r->kind == ATP_OP_RESERVE
                       ? 65
                       : 0; /* without a node it is another request */
        break;
    case 1:
        id->size = 65;
        memset(id->bytes, 'l', id->size);
        break;
    case 2:
        *id = model_id_of("bad\x01");
        break;
    case 3:
        *id = model_id_of("bad\xff");
        break;
    case 4:
        r->name.size = 256;
        memset(r->name.bytes, 'n', r->name.size);
        break;
    case 5:
        r->option = (uint8_t)between(g, 1, 9);
        r->option = r->kind == ATP_OP_NODE && r->option == ATP_NODE_CLOSED ? 9 : r->option;
        break;
    case 6:
        r->reason = (uint8_t)between(g, 5, 9);
        break;
    case 7:
        r->ttl_ms = -1;
        break;
    case 8:
        r->line_count = (uint32_t)below(g, 3);
        break;
    case 9:
        line->mantissa = between(g, -1, 0);
        break;
    case 10:
        line->mantissa = chance(g, 500) ? ATP_QTY_MAX : ATP_QTY_MAX + 1;
        line->mantissa = chance(g, 300) ? -line->mantissa : line->mantissa;
        break;
    case 11:
        line->decimals = (uint8_t)between(g, 4, 7);
        break;
    case 12:
        r->kind = (atp_op_kind_t)below(g, 70);
        if ((r->kind > ATP_OP_GROUP && r->kind < ATP_OP_RESERVE) ||
            (r->kind > ATP_OP_SHIP && r->kind < ATP_OP_RECEIVE) || r->kind > ATP_OP_COUNT) {
            r->kind = (atp_op_kind_t)ATP_OP_KIND_LIMIT; /* these have models of their own */
        }
        for (uint32_t i = 0; r->kind == ATP_OP_RESERVE && i < r->line_count; i++) {
            r->kind =
                r->lines[i].node.size == 0 ? (atp_op_kind_t)ATP_OP_KIND_LIMIT : r->kind; /* so has sourcing */
        }
        break;
    default:
        r->issued_ms = between(g, -1, 0);
        break;
    }
}

/* The same id again: with the same content, or with one field of it changed. */
static void repeat(generator_t *g, generated_t *generated)
{
    uint64_t place = below(g, g->history_count);
    model_request_t *r = &generated->request;

    *r = g->history[place].request;
    generated->client = g->history[place].client;
    if (chance(g, 600)) {
        return;
    }
    switch (below(g, 9)) {
    case 0:
        r->issued_ms -= 1;
        break;
    case 1:
        r->ttl_ms += 1;
        break;
    case 2:
        r->owner = owner_name(g);
        break;
    case 3:
        r->channel = channel_name(g);
        break;
    case 4:
        r->option = r->option == 0;
        break;
    case 5:
        r->lines[0].mantissa += 1;
        break;
    case 6:
        r->lines[0].sku = sku_name(g);
        break;
    case 7:
        r->line_count += r->line_count > 0 && r->line_count < 12 && r->kind == ATP_OP_RESERVE;
        r->lines[r->line_count] = r->lines[0];
        break;
    default:
        r->lines[0].mantissa *= 10; /* 5 as 5.0: no change */
        r->lines[0].decimals += 1;
        break;
    }
    for (uint32_t i = 0; i < r->line_count; i++) {
        if (r->lines[i].sku.size == 0 && r->kind == ATP_OP_RESERVE) {
            r->lines[i] = r->lines[0];
        }
    }
}

static void request(generator_t *g, const model_t *model, generated_t *generated)
{
    model_request_t *r = &generated->request;
    uint64_t dice = below(g, 1000);

    generated->client = client_name(g);
    if (g->history_count > 0 && dice < 110) {
        repeat(g, generated);
        return;
    }
    if (dice < 420) {
        reserve(g, model, r);
    } else if (dice < 700) {
        step(g, model, r);
    } else if (dice < 940) {
        stock(g, r);
    } else {
        catalogue(g, model, r);
    }
    identify(g, model, r);
    if (chance(g, 25)) {
        spoil(g, r);
    }
    uint64_t place = g->history_count < GENERATOR_HISTORY ? g->history_count++ : below(g, GENERATOR_HISTORY);
    g->history[place].request = *r;
    g->history[place].client = generated->client;
}

/* ---- the rest ---- */

/* Of a source that says what it keeps: mostly what the ledger waits for. */
static void keep(generator_t *g, uint64_t low, model_numbers_t *numbers)
{
    uint64_t dice = below(g, 100);

    numbers->kept_from = dice < 70   ? low
                         : dice < 80 ? 1
                         : dice < 98 ? low + below(g, 4)
                                     : numbers->sequence + 1;
    if (numbers->kept_from > numbers->sequence && dice < 98) {
        numbers->kept_from = numbers->sequence;
    }
    dice = below(g, 100);
    numbers->after = dice < 60 ? 0 : dice < 80 ? numbers->sequence - 1 : dice < 98 ? low : numbers->sequence;
    if (numbers->after >= numbers->sequence && dice < 98) {
        numbers->after = 0;
    }
}

static void batch(generator_t *g, const model_t *model, generated_t *generated)
{
    model_numbers_t *numbers = &generated->numbers;

    generated->kind = GENERATED_BATCH;
    generated->source = numbered("source", below(g, 3));
    uint32_t number = model_find_source(model, &generated->source);
    uint64_t high = number == MODEL_NONE ? 0 : model->sources[number].high;
    uint64_t dice = below(g, 1000);

    *numbers = (model_numbers_t){.epoch = number == MODEL_NONE ? 1 : model->sources[number].epoch,
                                 .sequence = high + 1};
    if (dice < 150) {
        numbers->sequence = high > 3 ? high - below(g, 4) : 1;
    } else if (dice < 300) {
        numbers->sequence = high + 2 + below(g, 3);
    } else if (dice < 320) {
        numbers->sequence = high + 1000 + below(g, 101);
    } else if (dice < 340) {
        numbers->epoch++;
        numbers->sequence = (uint64_t)between(g, 1, 3);
    } else if (dice < 350) {
        numbers->epoch--;
    } else if (dice < 355) {
        numbers->sequence = 0;
    } else if (dice < 357) {
        numbers->sequence = UINT64_C(1) << 63;
    } else if (dice < 358) {
        numbers->sequence = (uint64_t)INT64_MAX - below(g, 2);
    }
    if (numbers->sequence > 0 && chance(g, 400)) {
        keep(g, number == MODEL_NONE ? 1 : model->sources[number].low, numbers);
    }
    g->facts_left = (uint32_t)below(g, 5);
}

static void configure(generator_t *g, const model_t *model, generated_t *generated)
{
    generated->kind = GENERATED_CONFIGURE;
    generated->config = model->config;
    generated->config.ttl_default_ms = between(g, 1, 200);
    generated->config.ttl_max_ms = between(g, 200, 5000000);
    generated->config.outcome_window_ms = between(g, 1000, 100000);
    generated->config.issued_skew_ms = between(g, 0, 60);
    generated->config.archive_after_ms = between(g, 0, 100000);
    generated->config.skus = 12345; /* for life: not taken */
    if (chance(g, 200)) {
        generated->config.ttl_max_ms = between(g, -1, 1);
    }
}

static void fact(generator_t *g, const model_t *model, generated_t *generated)
{
    g->facts_left--;
    generated->in_source = true;
    request(g, model, generated);
}

void generator_next(generator_t *g, const model_t *model, generated_t *generated)
{
    uint64_t dice = below(g, 1000);

    memset(generated, 0, sizeof *generated);
    generated->kind = GENERATED_REQUEST;
    move_time(g, model);
    if (g->facts_left > 0 && dice < 800) {
        fact(g, model, generated);
    } else if (dice < 30) {
        batch(g, model, generated);
    } else if (dice < 60) {
        generated->kind = GENERATED_PULSE;
        generated->limit = chance(g, 500) ? 1000 : below(g, 4);
    } else if (dice < 75) {
        generated->kind = GENERATED_SETTLE;
        generated->sku = (uint32_t)below(g, 10);
        generated->node = (uint32_t)below(g, 6);
    } else if (dice < 78) {
        configure(g, model, generated);
    } else if (dice < 110) {
        generated->kind = GENERATED_END_FRAME;
        g->facts_left = 0;
    } else if (dice < 130) {
        generated->kind = GENERATED_QUESTION;
        generated->request.kind = chance(g, 500) ? ATP_OP_RESERVE : ATP_OP_SALE;
        generated->request.id = generated->request.kind == ATP_OP_RESERVE
                                    ? numbered("reservation", below(g, RESERVATION_IDS))
                                    : numbered("request", g->next_request - below(g, 30));
        generated->client = client_name(g);
    } else {
        request(g, model, generated);
    }
}
