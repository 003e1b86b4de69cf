/* atp-catalogue: writes a made-up stock snapshot, for trials and benchmarks (loaders/generate.h). */
#include "loaders/generate.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "Usage: atp-catalogue [options] > stock.csv\n"
                            "Writes a seeded stock snapshot: sku,node,on_hand,safety_stock,name,scale.\n"
                            "\n"
                            "  --seed N       another seed, another catalogue (1)\n"
                            "  --skus N       SKUs, at most 10000000 (20000)\n"
                            "  --nodes N      nodes, at most 999; one in ten is a DC (40)\n"
                            "  --fill X       share of the SKU-node pairs that are stocked (1)\n"
                            "  --exponent X   of Zipf's law of demand (1)\n"
                            "  --mean X       units of a position on average (40)\n"
                            "  --output FILE  instead of standard output\n"
                            "\n"
                            "Example: atp-catalogue --skus 1000 --nodes 5 --fill 0.6 --output small.csv\n";

static bool parse_count(const char *text, uint64_t most, uint64_t *ret_count)
{
    char *end;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    unsigned long long count = strtoull(text, &end, 10);
    *ret_count = count;
    return *end == '\0' && count <= most && strlen(text) <= 19;
}

static bool parse_real(const char *text, double *ret_real)
{
    char *end;

    *ret_real = strtod(text, &end);
    return end != text && *end == '\0';
}

static bool take_option(int option, const char *text, atp_catalogue_t *catalogue)
{
    uint64_t count = 0;

    switch (option) {
    case 's':
        return parse_count(text, UINT64_MAX, &catalogue->seed);
    case 'k':
        return parse_count(text, UINT32_MAX, &count) && (catalogue->sku_count = (uint32_t)count, true);
    case 'n':
        return parse_count(text, UINT32_MAX, &count) && (catalogue->node_count = (uint32_t)count, true);
    case 'f':
        return parse_real(text, &catalogue->fill);
    case 'e':
        return parse_real(text, &catalogue->demand_exponent);
    case 'm':
        return parse_real(text, &catalogue->mean_on_hand);
    default:
        return false;
    }
}

static int write_to(const atp_catalogue_t *catalogue, const char *path)
{
    atp_why_t why = {""};
    atp_catalogue_totals_t totals;
    FILE *out = path != NULL ? fopen(path, "we") : stdout;

    if (out == NULL) {
        fprintf(stderr, "atp-catalogue: %s cannot be created: %s\n", path, strerror(errno));
        return 1;
    }
    atp_err_t err = atp_catalogue_write(catalogue, out, &totals, &why);
    if (out != stdout && fclose(out) != 0 && err == ATP_OK) {
        err = atp_fail(&why, ATP_ERR_IO, "%.200s cannot be written", path);
    }
    if (err != ATP_OK) {
        fprintf(stderr, "atp-catalogue: %s\n", why.text);
        return err == ATP_ERR_INVALID ? 2 : 1;
    }
    fprintf(stderr, "%llu positions, %llu units, %llu SKUs by weight\n", (unsigned long long)totals.positions,
            (unsigned long long)totals.units, (unsigned long long)totals.skus_by_weight);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},
        {"skus", required_argument, NULL, 'k'},
        {"nodes", required_argument, NULL, 'n'},
        {"fill", required_argument, NULL, 'f'},
        {"exponent", required_argument, NULL, 'e'},
        {"mean", required_argument, NULL, 'm'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    atp_catalogue_t catalogue = ATP_CATALOGUE_DEFAULT;
    const char *path = NULL;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (option == 'o') {
            path = optarg;
        } else if (!take_option(option, optarg, &catalogue)) {
            fprintf(stderr, "atp-catalogue: bad option or value; see --help\n");
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "atp-catalogue: '%s' is not an option; see --help\n", argv[optind]);
        return 2;
    }
    return write_to(&catalogue, path);
}
