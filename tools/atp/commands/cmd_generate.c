/* atp generate: a made-up stock snapshot. */
#include "tools/atp/commands/cmds.h"
#include "tools/atp/out/file_out.h"

#include "loaders/generate/generate.h"

static bool read_flags(const atp_args_t *args, atp_catalogue_t *catalogue)
{
    uint64_t skus = catalogue->sku_count;
    uint64_t nodes = catalogue->node_count;

    if (!atp_args_count(args, "seed", 0, INT64_MAX, &catalogue->seed) ||
        !atp_args_count(args, "skus", 1, ATP_CATALOGUE_SKU_COUNT_MAX, &skus) ||
        !atp_args_count(args, "nodes", 1, ATP_CATALOGUE_NODE_COUNT_MAX, &nodes) ||
        !atp_args_real(args, "fill", 0.0, 1.0, &catalogue->fill) ||
        !atp_args_real(args, "exponent", 0.0, 8.0, &catalogue->demand_exponent) ||
        !atp_args_real(args, "mean", 1.0, 100000.0, &catalogue->mean_on_hand)) {
        return false;
    }
    catalogue->sku_count = (uint32_t)skus;
    catalogue->node_count = (uint32_t)nodes;
    return true;
}

static void tell(atp_cli_t *cli, const atp_catalogue_totals_t *totals)
{
    if (cli->is_json && atp_args_has(&cli->args, "out")) {
        atp_out_row(&cli->out);
        atp_out_uint(&cli->out, "positions", NULL, totals->positions);
        atp_out_uint(&cli->out, "units", NULL, totals->units);
        atp_out_uint(&cli->out, "skus_by_weight", NULL, totals->skus_by_weight);
        atp_out_end(&cli->out);
        return;
    }
    atp_cli_note(cli, "%llu positions, %llu units, %llu SKUs by weight; load it with --profile native",
                 (unsigned long long)totals->positions, (unsigned long long)totals->units,
                 (unsigned long long)totals->skus_by_weight);
}

static int run(atp_cli_t *cli)
{
    atp_catalogue_t catalogue = ATP_CATALOGUE_DEFAULT;
    atp_catalogue_totals_t totals = {0};
    atp_file_out_t file;
    atp_why_t why = {""};

    if (!read_flags(&cli->args, &catalogue)) {
        return ATP_CLI_USAGE;
    }
    if (atp_catalogue_check(&catalogue, &why) != ATP_OK) {
        return atp_cli_usage(cli->cmd, "%s", why.text);
    }
    if (!atp_file_out_open(cli, atp_args_text(&cli->args, "out"), &file)) {
        return ATP_CLI_FAILED;
    }
    atp_err_t err = atp_catalogue_write(&catalogue, file.file, &totals, &why);
    int status = atp_file_out_close(cli, &file, err == ATP_OK);
    if (err != ATP_OK) {
        return atp_cli_fail(cli, ATP_CLI_FAILED, atp_err_name(err), "%s", why.text);
    }
    if (status == ATP_CLI_DONE) {
        tell(cli, &totals);
    }
    return status;
}

static const atp_flag_t flags[] = {
    {"skus", "N", NULL, "SKUs (20000)"},
    {"nodes", "N", NULL, "Nodes; one in ten is a DC, the rest are stores (40)"},
    {"seed", "N", NULL, "Another seed, another catalogue; the same one, the same bytes (1)"},
    {"fill", "SHARE", NULL, "Share of the SKU-node pairs that are stocked (1)"},
    {"exponent", "X", NULL, "Of Zipf's law of demand (1)"},
    {"mean", "X", NULL, "Units a position on average (40)"},
    {"out", "FILE", NULL, "Write here (standard output)"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {
    "atp generate --out stock.csv",
    "atp generate --skus 1000 --nodes 5 --fill 0.6 --seed 7 | zstd > small.csv.zst", NULL};

const atp_cmd_t atp_cmd_generate = {
    .name = "generate",
    .group = "Files",
    .synopsis = "",
    .summary = "A made-up stock snapshot as CSV, to try things with",
    .flags = flags,
    .examples = examples,
    .run = run,
};
