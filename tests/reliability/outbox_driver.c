/* A source for outbox.py: what it tells is a function of the number of the batch, so it can be killed at any moment and go on
 * where its folder is, and what the ledger must have in the end is known.
 *
 *     outbox_driver run FOLDER URL PUBLISH_URL|- BATCHES FACTS     tells batches up to BATCHES, ends when all are applied;
 *                                                                  says "busy" when the folder takes no more for now
 *     outbox_driver expect BATCHES FACTS                           prints "sku node on_hand", one a line */
#include "protocol/client/atp.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SKUS      20u
#define NODES     4u
#define BEGINNING 1000000 /* of everything, counted by the first batch */
#define BUSY_NS   5000000

typedef struct told {
    uint8_t kind;
    uint32_t sku;
    uint32_t node;
    int64_t qty;
} told_t;

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

/* Fact `i` of batch `number`. The first batch makes the places and counts them; every tenth one ends with a count. */
static told_t fact(uint64_t number, uint32_t i, uint32_t count)
{
    uint64_t chance = mix(number * 8192 + i);
    told_t told = {.sku = (uint32_t)(chance % SKUS),
                   .node = (uint32_t)(chance >> 8) % NODES,
                   .qty = (int64_t)(chance >> 16) % 9 + 1};
    uint32_t kind = (uint32_t)(chance >> 32) % 10;

    told.kind = kind < 6 ? ATP_OP_RECEIVE : kind < 9 ? ATP_OP_SALE : ATP_OP_ADJUST;
    if (told.kind == ATP_OP_ADJUST) {
        told.qty = -told.qty;
    }
    if (number % 10 == 0 && i + 1 == count) {
        told.kind = ATP_OP_COUNT;
        told.qty += BEGINNING / 2;
    }
    return told;
}

static told_t first_fact(uint32_t i)
{
    if (i < SKUS) {
        return (told_t){.kind = ATP_OP_SKU, .sku = i};
    }
    if (i < SKUS + NODES) {
        return (told_t){.kind = ATP_OP_NODE, .node = i - SKUS};
    }
    i -= SKUS + NODES;
    return (told_t){.kind = ATP_OP_COUNT, .sku = i / NODES, .node = i % NODES, .qty = BEGINNING};
}

static uint32_t size_of(uint64_t number, uint32_t count)
{
    return number == 1 ? SKUS + NODES + SKUS * NODES : count;
}

static told_t told_at(uint64_t number, uint32_t i, uint32_t count)
{
    return number == 1 ? first_fact(i) : fact(number, i, count);
}

/* ---- run ---- */

typedef struct words {
    char sku[24];
    char node[24];
} words_t;

static atp_err_t put(atp_outbox_t *outbox, uint64_t number, uint32_t count, atp_why_t *ret_why)
{
    static atp_command_t commands[ATP_OPS_PER_MESSAGE_MAX];
    static atp_command_line_t lines[ATP_OPS_PER_MESSAGE_MAX];
    static words_t words[ATP_OPS_PER_MESSAGE_MAX];
    uint32_t size = size_of(number, count);
    uint64_t sequence = 0;
    atp_err_t err;

    for (uint32_t i = 0; i < size; i++) {
        told_t told = told_at(number, i, count);
        (void)snprintf(words[i].sku, sizeof words[i].sku, "sku-%u", told.sku);
        (void)snprintf(words[i].node, sizeof words[i].node, "node-%u", told.node);
        lines[i] = (atp_command_line_t){atp_text_of(words[i].sku), atp_text_of(words[i].node), told.qty, 0};
        commands[i] = (atp_command_t){.kind = (atp_op_kind_t)told.kind, .line_count = 1, .lines = &lines[i]};
    }
    while ((err = atp_outbox_put(outbox, commands, size, atp_now_ms(), &sequence, ret_why)) == ATP_ERR_BUSY) {
        const struct timespec pause = {0, BUSY_NS};
        static bool is_told;
        if (!is_told) {
            (void)printf("busy\n");
            (void)fflush(stdout);
            is_told = true;
        }
        (void)nanosleep(&pause, NULL);
    }
    if (err == ATP_OK && sequence != number) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "batch %" PRIu64 " was kept as %" PRIu64, number, sequence);
    }
    return err;
}

static int run(char **words)
{
    atp_outbox_options_t options = {.folder = words[0],
                                    .url = words[1],
                                    .publish_url = strcmp(words[2], "-") != 0 ? words[2] : NULL,
                                    .source = ATP_TEXT("pos"),
                                    .bytes_max = (uint64_t)8 << 20};
    uint64_t batches = strtoull(words[3], NULL, 10);
    uint32_t count = (uint32_t)strtoul(words[4], NULL, 10);
    atp_outbox_state_t state;
    atp_outbox_t *outbox;
    atp_why_t why = {""};
    atp_err_t err = atp_outbox_open(&options, &outbox, &why);

    if (err != ATP_OK) {
        (void)fprintf(stderr, "open: %s\n", why.text);
        return 1;
    }
    atp_outbox_read_state(outbox, &state);
    for (uint64_t number = state.next; err == ATP_OK && number <= batches; number++) {
        err = put(outbox, number, count, &why);
    }
    if (err == ATP_OK) {
        err = atp_outbox_flush(outbox, -1);
    }
    atp_outbox_read_state(outbox, &state);
    if (err != ATP_OK) {
        (void)fprintf(stderr, "%s: %s %s\n", atp_err_name(err), why.text, state.last_failure.text);
    }
    (void)printf("%" PRIu64 " %" PRIu64 "\n", state.published, state.requested);
    atp_outbox_close(outbox);
    return err == ATP_OK ? 0 : 1;
}

/* ---- expect ---- */

static int expect(char **words)
{
    static int64_t on_hand[SKUS][NODES];
    uint64_t batches = strtoull(words[0], NULL, 10);
    uint32_t count = (uint32_t)strtoul(words[1], NULL, 10);

    for (uint64_t number = 1; number <= batches; number++) {
        for (uint32_t i = 0; i < size_of(number, count); i++) {
            told_t told = told_at(number, i, count);
            int64_t *place = &on_hand[told.sku][told.node];
            if (told.kind == ATP_OP_COUNT) {
                *place = told.qty;
            } else if (told.kind == ATP_OP_RECEIVE || told.kind == ATP_OP_ADJUST) {
                *place += told.qty;
            } else if (told.kind == ATP_OP_SALE) {
                *place -= told.qty;
            }
        }
    }
    for (unsigned sku = 0; sku < SKUS; sku++) {
        for (unsigned node = 0; node < NODES; node++) {
            (void)printf("sku-%u node-%u %" PRId64 "\n", sku, node, on_hand[sku][node]);
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[1], "run") == 0) {
        return run(argv + 2);
    }
    if (argc == 4 && strcmp(argv[1], "expect") == 0) {
        return expect(argv + 2);
    }
    (void)fprintf(stderr,
                  "usage: outbox_driver run FOLDER URL PUBLISH_URL|- BATCHES FACTS | expect BATCHES FACTS\n");
    return 2;
}
