#include "loaders/generate/generate.h"

#include "engine/base/qty.h"
#include "loaders/generate/exact_math.h"
#include "loaders/generate/random.h"
#include "loaders/generate/zipf.h"

#include <errno.h>
#include <string.h>

#define ID_TEXT_SIZE     ATP_ID_SIZE_MAX
#define BY_WEIGHT_ONE_IN 12
#define SCALE_BY_WEIGHT  3
#define DC_FACTOR        12.0 /* a DC holds so many times what a store holds */
#define STOCK_EXPONENT   0.6  /* stock grows slower than demand: by its power of this */
#define SIGMA            0.6  /* of the logarithm of a quantity */
#define UNITS_MAX        1e9

/* Streams of random numbers, so that one thing drawn more does not shift the others. */
enum { STREAM_SHUFFLE = 1, STREAM_SKU = 2, STREAM_POSITION = 3 };

static uint64_t stream(const atp_catalogue_t *catalogue, uint64_t which, uint64_t a, uint64_t b)
{
    return atp_random_mix(atp_random_mix(atp_random_mix(catalogue->seed ^ (which << 56)) ^ a) ^ (b << 32));
}

atp_err_t atp_catalogue_check(const atp_catalogue_t *catalogue, atp_why_t *ret_why)
{
    if (catalogue->sku_count < 1 || catalogue->sku_count > ATP_CATALOGUE_SKU_COUNT_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a catalogue has 1 to %u SKUs",
                        ATP_CATALOGUE_SKU_COUNT_MAX);
    }
    if (catalogue->node_count < 1 || catalogue->node_count > ATP_CATALOGUE_NODE_COUNT_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a catalogue has 1 to %u nodes",
                        ATP_CATALOGUE_NODE_COUNT_MAX);
    }
    if (!(catalogue->fill > 0.0 && catalogue->fill <= 1.0)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "the fill of a catalogue is above 0 and at most 1");
    }
    if (!(catalogue->demand_exponent >= 0.0 && catalogue->demand_exponent <= 8.0)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "the demand exponent of a catalogue is from 0 to 8");
    }
    if (!(catalogue->mean_on_hand >= 1.0 && catalogue->mean_on_hand <= 100000.0)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "the mean stock of a catalogue is from 1 to 100000 units");
    }
    return ATP_OK;
}

/* --- ids --------------------------------------------------------------------------------------------- */

static uint32_t dc_count(const atp_catalogue_t *catalogue)
{
    return catalogue->node_count < 10 ? 1 : catalogue->node_count / 10;
}

atp_text_t atp_catalogue_sku(uint32_t number, char *ret_text)
{
    int size = snprintf(ret_text, ID_TEXT_SIZE, "SKU-%07u", number);
    return (atp_text_t){ret_text, (uint32_t)size};
}

atp_text_t atp_catalogue_node(const atp_catalogue_t *catalogue, uint32_t index, char *ret_text)
{
    uint32_t dcs = dc_count(catalogue);
    int size = index < dcs ? snprintf(ret_text, ID_TEXT_SIZE, "DC-%02u", index + 1)
                           : snprintf(ret_text, ID_TEXT_SIZE, "STORE-%03u", index - dcs + 1);

    ATP_ASSERT(index < catalogue->node_count);
    return (atp_text_t){ret_text, (uint32_t)size};
}

/* --- the shuffle ------------------------------------------------------------------------------------- */

/* A Feistel network over the smallest 4^k that holds all SKUs is a bijection; walking on while the result is outside
 * makes it one of the SKUs alone (Black, Rogaway: "Ciphers with arbitrary finite domains", 2002). */
#define SHUFFLE_ROUNDS 4

static uint32_t half_bits(const atp_catalogue_t *catalogue)
{
    uint32_t bits = 1;

    while ((UINT64_C(1) << (2 * bits)) < catalogue->sku_count) {
        bits++;
    }
    return bits;
}

static uint32_t round_key(const atp_catalogue_t *catalogue, int round, uint32_t half, uint32_t mask)
{
    return (uint32_t)stream(catalogue, STREAM_SHUFFLE, (uint64_t)round, half) & mask;
}

uint32_t atp_catalogue_sku_of_rank(const atp_catalogue_t *catalogue, uint32_t rank)
{
    uint32_t bits = half_bits(catalogue);
    uint32_t mask = (1u << bits) - 1;
    uint32_t x = rank;

    ATP_ASSERT(rank < catalogue->sku_count);
    do {
        uint32_t left = x >> bits;
        uint32_t right = x & mask;
        for (int round = 0; round < SHUFFLE_ROUNDS; round++) {
            uint32_t next = left ^ round_key(catalogue, round, right, mask);
            left = right;
            right = next;
        }
        x = left << bits | right;
    } while (x >= catalogue->sku_count);
    return x + 1;
}

uint32_t atp_catalogue_rank_of_sku(const atp_catalogue_t *catalogue, uint32_t number)
{
    uint32_t bits = half_bits(catalogue);
    uint32_t mask = (1u << bits) - 1;
    uint32_t x = number - 1;

    ATP_ASSERT(number >= 1 && number <= catalogue->sku_count);
    do {
        uint32_t left = x >> bits;
        uint32_t right = x & mask;
        for (int round = SHUFFLE_ROUNDS - 1; round >= 0; round--) {
            uint32_t before = right ^ round_key(catalogue, round, left, mask);
            right = left;
            left = before;
        }
        x = left << bits | right;
    } while (x >= catalogue->sku_count);
    return x;
}

/* --- SKUs -------------------------------------------------------------------------------------------- */

#define PICK(table, random) ((table)[atp_random_below((random), sizeof(table) / sizeof((table)[0]))])

static const char *const colours[] = {"black", "white", "navy", "olive", "sand", "burgundy", "grey", "ecru"};
static const char *const garments[] = {
    "Linen shirt", "T-shirt", "Jeans, slim fit",       "Rain jacket", "Wool jumper",
    "Chino",       "Sneaker", "Running sock, 3 pairs", "Midi skirt",  "Down waistcoat"};
static const char *const sizes[] = {"XS", "S", "M", "L", "XL", "38", "40", "42"};
static const char *const foods[] = {
    "Oat drink",      "Cr\u00e8me fra\u00eeche", "Pasta, penne",    "Olive oil",
    "Coffee beans",   "Dark chocolate",          "Red lentils",     "Tomato passata",
    "Jalape\u00f1os", "Rye crispbread",          "Sparkling water", "Honey"};
static const char *const packs[] = {"200 g", "250 g", "500 g", "1 kg", "1 l", "6 x 1.5 l"};
static const char *const loose[] = {"Tomatoes, loose", "Bananas, loose", "Gouda, cut",
                                    "Minced beef",     "Salmon fillet",  "Almonds, loose"};
static const char *const wares[] = {"Frying pan 24\"", "Monitor 27\"", "Water bottle 0.7 l", "Desk lamp"};

uint8_t atp_catalogue_scale(const atp_catalogue_t *catalogue, uint32_t number)
{
    return stream(catalogue, STREAM_SKU, number, 0) % BY_WEIGHT_ONE_IN == 0 ? SCALE_BY_WEIGHT : 0;
}

/* Writes the name of the SKU as a CSV field, quoted where it must be. */
static void write_name(const atp_catalogue_t *catalogue, uint32_t number, char *ret_field, size_t size)
{
    atp_random_t random;
    uint64_t kind;

    atp_random_init(&random, stream(catalogue, STREAM_SKU, number, 1));
    kind = atp_random_below(&random, 100);
    if (atp_catalogue_scale(catalogue, number) == SCALE_BY_WEIGHT) {
        snprintf(ret_field, size, "\"%s\"", PICK(loose, &random));
    } else if (kind < 60) {
        const char *garment = PICK(garments, &random);
        const char *colour = PICK(colours, &random);
        snprintf(ret_field, size, "\"%s, %s, %s\"", garment, colour, PICK(sizes, &random));
    } else if (kind < 95) {
        const char *food = PICK(foods, &random);
        const char *quote = strchr(food, ',') != NULL ? "\"" : "";
        snprintf(ret_field, size, "%s%s %s%s", quote, food, PICK(packs, &random), quote);
    } else {
        const char *ware = PICK(wares, &random);
        bool is_quoted = strchr(ware, '"') != NULL; /* it ends the name: doubled, then the field's own */
        snprintf(ret_field, size, is_quoted ? "\"%s\"\"" : "%s", ware);
    }
}

/* --- stock ------------------------------------------------------------------------------------------- */

/* Scales the stock of ranks and nodes so that its mean over the catalogue is what was asked for. */
typedef struct stock_model {
    double per_rank; /* mean over all ranks of the weight of a rank */
    double per_node;
} stock_model_t;

static double rank_weight(const atp_catalogue_t *catalogue, uint32_t rank)
{
    return atp_zipf_weight(rank + 1, catalogue->demand_exponent * STOCK_EXPONENT);
}

static stock_model_t model_of(const atp_catalogue_t *catalogue)
{
    double sum = 0.0;
    double dcs = (double)dc_count(catalogue);
    double nodes = (double)catalogue->node_count;

    for (uint32_t rank = catalogue->sku_count; rank > 0; rank--) {
        sum += rank_weight(catalogue, rank - 1);
    }
    return (stock_model_t){sum / (double)catalogue->sku_count, (dcs * DC_FACTOR + (nodes - dcs)) / nodes};
}

/* The sum of twelve uniform numbers, less its mean: near enough to normal, and free of library functions. */
static double draw_normal(atp_random_t *random)
{
    double sum = 0.0;

    for (int i = 0; i < 12; i++) {
        sum += atp_random_unit(random);
    }
    return sum - 6.0;
}

typedef struct position {
    bool is_stocked;
    atp_qty_t on_hand; /* at the scale of the SKU */
    atp_qty_t safety;
} position_t;

/* `mean`: of the SKU at this node, in units. */
static position_t draw_position(const atp_catalogue_t *catalogue, uint32_t number, uint32_t node, double mean)
{
    atp_random_t random;
    position_t position = {.is_stocked = true};
    uint32_t home = number % dc_count(catalogue);

    atp_random_init(&random, stream(catalogue, STREAM_POSITION, number, node));
    double luck = atp_random_unit(&random);
    position.is_stocked = node == home || luck < catalogue->fill; /* every SKU is somewhere */
    double units = mean * atp_exact_exp(SIGMA * draw_normal(&random) - SIGMA * SIGMA / 2.0);
    double safety_share = 0.05 + 0.15 * atp_random_unit(&random);
    double whole = units < UNITS_MAX ? units : UNITS_MAX;
    if (atp_catalogue_scale(catalogue, number) == SCALE_BY_WEIGHT) {
        whole *= 1000.0; /* grams */
    }
    position.on_hand = (atp_qty_t)(whole + atp_random_unit(&random)); /* rounds up as often as it should */
    position.safety = (atp_qty_t)((double)position.on_hand * safety_share);
    return position;
}

static void write_row(const atp_catalogue_t *catalogue, uint32_t number, uint32_t node,
                      const position_t *position, const char *name, FILE *out)
{
    char sku_text[ID_TEXT_SIZE];
    char node_text[ID_TEXT_SIZE];
    char on_hand[ATP_QTY_TEXT_SIZE];
    char safety[ATP_QTY_TEXT_SIZE];
    uint8_t scale = atp_catalogue_scale(catalogue, number);

    atp_catalogue_sku(number, sku_text);
    atp_catalogue_node(catalogue, node, node_text);
    atp_qty_format(position->on_hand, scale, on_hand);
    atp_qty_format(position->safety, scale, safety);
    fprintf(out, "%s,%s,%s,%s,%s,%u\n", sku_text, node_text, on_hand, safety, name, scale);
}

static void count_position(const atp_catalogue_t *catalogue, uint32_t number, const position_t *position,
                           atp_catalogue_totals_t *totals)
{
    atp_qty_t per_unit = atp_catalogue_scale(catalogue, number) == SCALE_BY_WEIGHT ? 1000 : 1;

    totals->positions++;
    totals->units += (uint64_t)(position->on_hand / per_unit);
}

atp_err_t atp_catalogue_write(const atp_catalogue_t *catalogue, FILE *out, atp_catalogue_totals_t *ret_totals,
                              atp_why_t *ret_why)
{
    atp_catalogue_totals_t totals = {0};
    atp_err_t err = atp_catalogue_check(catalogue, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    stock_model_t model = model_of(catalogue);
    double store_mean = catalogue->mean_on_hand / model.per_node / model.per_rank;
    fputs("sku,node,on_hand,safety_stock,name,scale\n", out);
    for (uint32_t number = 1; number <= catalogue->sku_count && !ferror(out); number++) {
        char name[96];
        double mean = store_mean * rank_weight(catalogue, atp_catalogue_rank_of_sku(catalogue, number));
        write_name(catalogue, number, name, sizeof name);
        totals.skus_by_weight += atp_catalogue_scale(catalogue, number) > 0;
        for (uint32_t node = 0; node < catalogue->node_count; node++) {
            double factor = node < dc_count(catalogue) ? DC_FACTOR : 1.0;
            position_t position = draw_position(catalogue, number, node, mean * factor);
            if (position.is_stocked) {
                write_row(catalogue, number, node, &position, name, out);
                count_position(catalogue, number, &position, &totals);
            }
        }
    }
    if (fflush(out) != 0 || ferror(out)) {
        return atp_fail(ret_why, errno == ENOSPC ? ATP_ERR_NO_SPACE : ATP_ERR_IO,
                        "the catalogue cannot be written: %s", strerror(errno));
    }
    if (ret_totals != NULL) {
        *ret_totals = totals;
    }
    return ATP_OK;
}
