/* atp-sale: runs a flash sale against a running atpd and tells how it went. `tools/run` calls it. */
#include "tools/sale/sale.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BOUGHT_RING_SIZE 65536
#define DEMAND_EXPONENT  0.9

static const char help[] =
    "Usage: atp-sale [flag ...]\n\n"
    "Runs a flash sale against a running atpd: storefronts, an orchestrator, a WMS and a POS at once.\n\n"
    "  --url URL            where atpd takes commands       (default tcp://127.0.0.1:7411)\n"
    "  --facts-url URL      where atpd takes facts; `off`: no WMS and POS   (default tcp://127.0.0.1:7414)\n"
    "  --storefronts N      threads that shop, 1..256       (default 16)\n"
    "  --seconds N          1..86400                        (default 15)\n"
    "  --think MS           a shopper's mean pause between two looks; 0: none, as fast as it goes   (default "
    "3)\n"
    "  --seed N             of everything drawn             (default 1)\n"
    "  --json               one JSON object instead of the table\n"
    "  --help\n\n"
    "Exit status: 0 the sale ran, 1 a call failed, 2 usage, 3 no engine reached.\n";

uint64_t sale_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void sale_note_error(sale_actor_t *actor, const char *what, atp_err_t err)
{
    if (actor->failure[0] == '\0') {
        snprintf(actor->failure, sizeof actor->failure, "%.90s: %s", what, atp_err_name(err));
    }
    sale_count(&actor->errors, 1);
}

/* ---- command line ---- */

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *ret_number)
{
    char *end;

    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number < least || number > most) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool read_options(int argc, char *argv[], sale_options_t *ret_options, bool *ret_is_help)
{
    static const struct option flags[] = {{"url", required_argument, NULL, 'u'},
                                          {"facts-url", required_argument, NULL, 'f'},
                                          {"storefronts", required_argument, NULL, 's'},
                                          {"seconds", required_argument, NULL, 't'},
                                          {"seed", required_argument, NULL, 'r'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"think", required_argument, NULL, 'k'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    uint64_t number = 0;
    int letter;

    *ret_options = (sale_options_t){.url = "tcp://127.0.0.1:7411",
                                    .facts_url = "tcp://127.0.0.1:7414",
                                    .storefronts = 16,
                                    .seconds = 15,
                                    .think_ms = 3,
                                    .seed = 1};
    while ((letter = getopt_long(argc, argv, "", flags, NULL)) != -1) {
        bool is_right = true;
        switch (letter) {
        case 'u':
            ret_options->url = optarg;
            break;
        case 'f':
            ret_options->facts_url = strcmp(optarg, "off") == 0 ? NULL : optarg;
            break;
        case 's':
            is_right = read_number(optarg, 1, SALE_STOREFRONTS_MAX, &number);
            ret_options->storefronts = (uint32_t)number;
            break;
        case 't':
            is_right = read_number(optarg, 1, 86400, &number);
            ret_options->seconds = (uint32_t)number;
            break;
        case 'k':
            is_right = read_number(optarg, 0, 60000, &number);
            ret_options->think_ms = (uint32_t)number;
            break;
        case 'r':
            is_right = read_number(optarg, 0, UINT64_MAX, &ret_options->seed);
            break;
        case 'j':
            ret_options->is_json = true;
            break;
        case 'h':
            *ret_is_help = true;
            break;
        default:
            return false;
        }
        if (!is_right) {
            fprintf(stderr, "atp-sale: %s is not a number in range; see --help\n", optarg);
            return false;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "atp-sale: %s: not a flag; see --help\n", argv[optind]);
        return false;
    }
    return true;
}

/* ---- the sale ---- */

/* The channel of the storefronts, in case the engine does not have it. */
static atp_err_t make_channel(sale_t *sale, atp_why_t *ret_why)
{
    char id[ATP_ID_SIZE_MAX + 1];
    atp_result_t result;

    snprintf(id, sizeof id, "%s-channel", sale->run);
    atp_command_t command = {.kind = ATP_OP_CHANNEL, .id = atp_text_of(id), .channel = ATP_TEXT("web")};
    atp_err_t err = atp_client_call(sale->client, &command, &result, NULL, NULL);
    if (err != ATP_OK) {
        atp_client_last_failure(sale->client, ret_why);
        return err;
    }
    if (!atp_verdict_is_success((atp_verdict_t)result.verdict)) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "the channel `web` was refused: %s",
                        atp_verdict_name(result.verdict));
    }
    return ATP_OK;
}

static atp_err_t open_sale(sale_t *sale, atp_why_t *ret_why)
{
    atp_client_options_t client = {
        .url = sale->options.url, .client = ATP_TEXT("flash-sale"), .timeout_ms = 10000};
    char id[ATP_MADE_ID_SIZE];

    atp_make_id(id);
    snprintf(sale->run, sizeof sale->run, "%.16s", id);
    for (uint32_t i = 0; i < SALE_ORDERERS; i++) {
        if (atp_ring_init(&sale->bought[i], BOUGHT_RING_SIZE) != ATP_OK) {
            return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the queue of orders");
        }
    }
    atp_err_t err = atp_client_open(&client, &sale->client, ret_why);
    err = err == ATP_OK ? make_channel(sale, ret_why) : err;
    err = err == ATP_OK ? sale_catalogue_read(sale->client, &sale->catalogue, ret_why) : err;
    if (err == ATP_OK &&
        atp_zipf_create(sale->catalogue.sku_count, DEMAND_EXPONENT, &sale->demand) != ATP_OK) {
        err = atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the demand");
    }
    return err;
}

static void close_sale(sale_t *sale)
{
    atp_client_close(sale->client);
    atp_zipf_destroy(sale->demand);
    sale_catalogue_free(&sale->catalogue);
    for (uint32_t i = 0; i < SALE_ORDERERS; i++) {
        char *reservation;
        while (sale->bought[i].cells != NULL && (reservation = atp_ring_pop(&sale->bought[i])) != NULL) {
            free(reservation);
        }
        atp_ring_fini(&sale->bought[i]);
    }
}

static bool start(sale_t *sale, sale_actor_t *actor, uint32_t number, uint64_t salt, void *(*run)(void *))
{
    actor->sale = sale;
    actor->number = number;
    atp_random_init(&actor->random, sale->options.seed * 1000003 + salt);
    if (pthread_create(&actor->thread, NULL, run, actor) != 0) {
        fprintf(stderr, "atp-sale: a thread could not be started\n");
        return false;
    }
    return true;
}

static uint32_t start_all(sale_t *sale, sale_actor_t *actors)
{
    uint32_t count = 0;
    bool is_started = true;

    for (uint32_t i = 0; i < sale->options.storefronts && is_started; i++) {
        is_started = start(sale, &actors[count], i, count, sale_storefront);
        count += is_started ? 1 : 0;
    }
    for (uint32_t i = 0; i < SALE_ORDERERS && is_started; i++) {
        is_started = start(sale, &actors[count], i, count, sale_orchestrator);
        count += is_started ? 1 : 0;
    }
    for (uint32_t i = 0; i < 2 && is_started && sale->options.facts_url != NULL; i++) {
        is_started = start(sale, &actors[count], i, count, sale_stock_events);
        count += is_started ? 1 : 0;
    }
    return count;
}

/* One figure of the engine; 0 if it does not answer. */
static uint64_t figure(atp_client_t *client, const char *name)
{
    atp_answer_t *answer;
    uint64_t value = 0;

    if (atp_client_stat(client, &answer) != ATP_OK) {
        return 0;
    }
    const atp_stat_t *stats = atp_answer_stats(answer);
    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        if (atp_text_equal(stats[i].name, atp_text_of(name))) {
            value = (uint64_t)stats[i].value;
        }
    }
    atp_answer_free(answer);
    return value;
}

/* Carts that were left in the last moments run out of time too, before the account is made. */
static void wait_for_carts(const sale_t *sale)
{
    for (unsigned i = 0; i < 40 && figure(sale->client, "lines_reserved") > 0; i++) {
        struct timespec pause = {0, 100000000};
        nanosleep(&pause, NULL);
    }
}

/* One line a second: over itself on a terminal, below each other elsewhere. */
static void show_progress(const sale_t *sale, sale_actor_t *actors, uint32_t count, uint32_t second,
                          uint64_t *asked, uint64_t *granted)
{
    uint64_t asked_now = 0;
    uint64_t granted_now = 0;
    uint64_t refused_now = 0;

    for (uint32_t i = 0; i < count; i++) {
        asked_now += atp_load_relaxed(&actors[i].asked);
        granted_now += atp_load_relaxed(&actors[i].granted);
        refused_now += atp_load_relaxed(&actors[i].refused);
    }
    bool is_terminal = isatty(STDERR_FILENO) == 1;
    fprintf(stderr,
            "%s%3u/%u s  availability %7" PRIu64 "/s  granted %7" PRIu64 "/s  refused so far %" PRIu64 "%s",
            is_terminal ? "\r" : "", second, sale->options.seconds, asked_now - *asked,
            granted_now - *granted, refused_now, is_terminal ? "   " : "\n");
    *asked = asked_now;
    *granted = granted_now;
}

static uint64_t run_sale(sale_t *sale, sale_actor_t *actors, uint32_t *ret_count, double *ret_seconds)
{
    uint64_t asked = 0;
    uint64_t granted = 0;
    uint64_t errors = 0;
    uint64_t begun = sale_now_ns();

    *ret_count = start_all(sale, actors);
    for (uint32_t second = 1; second <= sale->options.seconds; second++) {
        struct timespec until = {(time_t)((begun + second * UINT64_C(1000000000)) / 1000000000u),
                                 (long)((begun + second * UINT64_C(1000000000)) % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        show_progress(sale, actors, *ret_count, second, &asked, &granted);
    }
    atp_store_relaxed(&sale->is_over, 1);
    for (uint32_t i = 0; i < *ret_count; i++) {
        pthread_join(actors[i].thread, NULL);
        errors += atp_load_relaxed(&actors[i].errors);
    }
    if (isatty(STDERR_FILENO) == 1) {
        fputc('\n', stderr);
    }
    *ret_seconds = (double)(sale_now_ns() - begun) / 1e9;
    return errors;
}

int main(int argc, char *argv[])
{
    static sale_t sale;
    atp_why_t why = {""};
    bool is_help = false;
    uint32_t count;
    double seconds;

    if (!read_options(argc, argv, &sale.options, &is_help)) {
        return 2;
    }
    if (is_help) {
        fputs(help, stdout);
        return 0;
    }
    size_t actors_size = (SALE_STOREFRONTS_MAX + SALE_ORDERERS + 2) * sizeof(sale_actor_t);
    sale_actor_t *actors = aligned_alloc(ATP_CACHE_LINE, actors_size);
    if (actors == NULL || open_sale(&sale, &why) != ATP_OK) {
        fprintf(stderr, "atp-sale: %s\n", actors == NULL ? "no memory" : why.text);
        close_sale(&sale);
        free(actors);
        return 3;
    }
    memset(actors, 0, actors_size);
    uint64_t expired = figure(sale.client, "expired_since_start");
    uint64_t errors = run_sale(&sale, actors, &count, &seconds);
    wait_for_carts(&sale);
    sale.expired = figure(sale.client, "expired_since_start") - expired;
    sale_report(&sale, actors, count, seconds);
    close_sale(&sale);
    free(actors);
    return errors > 0 ? 1 : 0;
}
