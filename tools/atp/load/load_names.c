#include "tools/atp/load/load_names.h"

#include "tools/atp/rows/alias_rows.h"
#include "tools/atp/rows/pages.h"

/* A list on its way into the names. */
typedef struct fetching {
    atp_names_t *names;
    atp_catalog_what_t what;
    atp_err_t err;
} fetching_t;

static atp_err_t add_alias(atp_names_t *names, const atp_catalog_entry_t *entry)
{
    atp_alias_row_t row;

    if (!atp_alias_row_read(entry, &row)) {
        return ATP_ERR_FORMAT;
    }
    return row.sku.size > 0 ? atp_names_add_alias(names, ATP_NAMES_OF_SKU, row.alias, row.told_by, row.sku)
                            : atp_names_add_alias(names, ATP_NAMES_OF_NODE, row.alias, row.told_by, row.node);
}

static atp_err_t add_unit(atp_names_t *names, const atp_catalog_entry_t *entry)
{
    atp_unit_row_t row;

    return atp_unit_row_read(entry, &row) && row.is <= INT64_MAX && row.per <= INT64_MAX
               ? atp_names_add_unit(names, row.unit, row.told_by, row.sku, (int64_t)row.is, (int64_t)row.per)
               : ATP_ERR_FORMAT;
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    fetching_t *fetching = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count && fetching->err == ATP_OK; i++) {
        const atp_catalog_entry_t *entry = &entries[i];
        fetching->err =
            fetching->what == ATP_CATALOG_ALIASES ? add_alias(fetching->names, entry)
            : fetching->what == ATP_CATALOG_UNITS
                ? add_unit(fetching->names, entry)
                : atp_names_add_id(fetching->names,
                                   fetching->what == ATP_CATALOG_SKUS ? ATP_NAMES_OF_SKU : ATP_NAMES_OF_NODE,
                                   entry->id);
    }
    return fetching->err == ATP_OK;
}

static int fetch(atp_cli_t *cli, atp_catalog_what_t what, atp_names_t *names)
{
    atp_page_ask_t ask = {.what = what};
    fetching_t fetching = {.names = names, .what = what};

    int status = atp_pages_walk(cli, atp_client_catalog, &ask, 0, take_page, &fetching);
    if (status != ATP_CLI_DONE || fetching.err == ATP_OK) {
        return status;
    }
    return fetching.err == ATP_ERR_FORMAT
               ? atp_cli_fail(cli, ATP_CLI_NO_ANSWER, atp_err_name(fetching.err),
                              "the engine tells of aliases or units in words that this atp does not know")
               : atp_cli_fail(cli, ATP_CLI_FAILED, atp_err_name(fetching.err),
                              "no memory for the names that the ledger has");
}

/* The names as they are now; with what there is, if rows are judged by it and `has_ids`. */
static int fetch_all(atp_cli_t *cli, const atp_profile_t *profile, atp_text_t source, bool has_ids,
                     atp_names_t **ret_names)
{
    bool is_wanted[] = {true, atp_names_wants_units(profile), has_ids, has_ids};
    static const atp_catalog_what_t lists[] = {ATP_CATALOG_ALIASES, ATP_CATALOG_UNITS, ATP_CATALOG_SKUS,
                                               ATP_CATALOG_NODES};
    int status = ATP_CLI_DONE;

    if (atp_names_create(source, ret_names) != ATP_OK) {
        *ret_names = NULL;
        return atp_cli_fail(cli, ATP_CLI_FAILED, "memory", "no memory for the load");
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0] && status == ATP_CLI_DONE; i++) {
        status = is_wanted[i] ? fetch(cli, lists[i], *ret_names) : ATP_CLI_DONE;
    }
    if (status != ATP_CLI_DONE) {
        atp_names_destroy(*ret_names);
        *ret_names = NULL;
    }
    return status;
}

int atp_load_names_fetch(atp_cli_t *cli, const atp_profile_t *profile, atp_text_t source,
                         atp_names_t **ret_names)
{
    return fetch_all(cli, profile, source, atp_names_wants_ids(profile), ret_names);
}

int atp_load_names_confirm(atp_cli_t *cli, const atp_profile_t *profile, atp_text_t source,
                           const atp_names_t *names, const char *advice)
{
    atp_names_t *now;
    int status = fetch_all(cli, profile, source, false, &now);
    bool is_same = now != NULL && atp_names_digest(now) == atp_names_digest(names);

    atp_names_destroy(now);
    if (status != ATP_CLI_DONE || is_same) {
        return status;
    }
    return atp_cli_fail(cli, ATP_CLI_REFUSED, "names_changed",
                        "aliases or units were changed since the file was checked by them: %s", advice);
}
