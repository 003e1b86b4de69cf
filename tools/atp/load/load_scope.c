#include "tools/atp/load/load_scope.h"

#include "tools/atp/rows/pages.h"
#include "tools/atp/rows/words.h"
#include "tools/atp/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX UINT64_C(16777216)

/* Members that the ledger tells of: those of one group or tag. */
typedef struct telling {
    atp_load_scope_t *scope;
    const char *of;
    bool is_node;
    uint64_t count;
    atp_err_t err;
} telling_t;

static atp_err_t add(atp_load_scope_t *scope, atp_text_t id, bool is_node)
{
    const atp_text_t none = ATP_TEXT("");
    uint64_t present;

    scope->has_nodes = scope->has_nodes || is_node;
    scope->has_skus = scope->has_skus || !is_node;
    return atp_seen_put(scope->members,
                        atp_seen_key(scope->members, is_node ? none : id, is_node ? id : none), 1, &present);
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    telling_t *telling = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);

    for (uint32_t i = 0; i < atp_answer_head(answer).row_count && telling->err == ATP_OK; i++) {
        atp_text_t member = entries[i].name;
        if (!atp_text_equal(entries[i].id, atp_text_of(telling->of))) {
            continue;
        }
        if (telling->is_node) {
            (void)atp_words_take(&member); /* its place */
        }
        telling->count++;
        telling->err = add(telling->scope, member, telling->is_node);
    }
    return telling->err == ATP_OK;
}

static int fail_full(atp_cli_t *cli)
{
    return atp_cli_fail(cli, ATP_CLI_FAILED, "memory", "no memory for what the feed is for");
}

/* Adds what the ledger has under each name that the flag gives. */
static int add_told(atp_cli_t *cli, const char *flag, atp_catalog_what_t what, atp_load_scope_t *scope)
{
    unsigned cursor = 0;
    int status = ATP_CLI_DONE;

    for (const char *name; status == ATP_CLI_DONE && (name = atp_args_each(&cli->args, flag, &cursor));) {
        atp_page_ask_t ask = {.what = what};
        telling_t telling = {.scope = scope, .of = name, .is_node = what == ATP_CATALOG_GROUP_NODES};
        if (!atp_session_open(cli, &status)) {
            return status;
        }
        status = atp_pages_walk(cli, atp_client_catalog, &ask, 0, take_page, &telling);
        if (telling.err != ATP_OK) {
            return fail_full(cli);
        }
        if (status == ATP_CLI_DONE && telling.count == 0) {
            return atp_cli_fail(cli, ATP_CLI_REFUSED, "nothing_in_scope",
                                "--%s %s: the ledger has nothing in it", flag, name);
        }
    }
    return status;
}

/* As what it means, where `names` are known. */
static atp_err_t add_name(atp_load_scope_t *scope, const atp_names_t *names, atp_text_t name, bool is_node)
{
    return add(scope, atp_names_meaning(names, is_node ? ATP_NAMES_OF_NODE : ATP_NAMES_OF_SKU, name),
               is_node);
}

static int add_given(atp_cli_t *cli, const char *flag, bool is_node, const atp_names_t *names,
                     atp_load_scope_t *scope)
{
    unsigned cursor = 0;

    for (const char *id; (id = atp_args_each(&cli->args, flag, &cursor)) != NULL;) {
        if (add_name(scope, names, atp_text_of(id), is_node) != ATP_OK) {
            return fail_full(cli);
        }
    }
    return ATP_CLI_DONE;
}

/* A SKU a line; blank lines are none. */
static int add_file(atp_cli_t *cli, const char *path, const atp_names_t *names, atp_load_scope_t *scope)
{
    char line[512];
    int status = ATP_CLI_DONE;

    if (path == NULL) {
        return ATP_CLI_DONE;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return atp_cli_fail(cli, ATP_CLI_BAD_INPUT, "io", "--skus %s: %s", path, strerror(errno));
    }
    while (status == ATP_CLI_DONE && fgets(line, sizeof line, file) != NULL) {
        size_t size = strcspn(line, "\r\n");
        if (size > ATP_ID_SIZE_MAX) {
            status = atp_cli_fail(cli, ATP_CLI_BAD_INPUT, "sku_too_long",
                                  "--skus %s: '%.64s...' is longer than 64 bytes", path, line);
        } else if (size > 0 && add_name(scope, names, (atp_text_t){line, (uint32_t)size}, false) != ATP_OK) {
            status = fail_full(cli);
        }
    }
    bool is_read = ferror(file) == 0;
    (void)fclose(file);
    if (status == ATP_CLI_DONE && (!is_read || !scope->has_skus)) {
        return atp_cli_fail(cli, ATP_CLI_BAD_INPUT, "io", "--skus %s: %s", path,
                            is_read ? "has no SKU in it" : "cannot be read");
    }
    return status;
}

int atp_load_scope_add_meanings(atp_cli_t *cli, const atp_names_t *names, atp_load_scope_t *scope)
{
    int status = add_given(cli, "node", true, names, scope);

    status = status == ATP_CLI_DONE ? add_given(cli, "sku", false, names, scope) : status;
    return status == ATP_CLI_DONE ? add_file(cli, atp_args_text(&cli->args, "skus"), names, scope) : status;
}

int atp_load_scope_read(atp_cli_t *cli, atp_load_scope_t *ret_scope)
{
    *ret_scope = (atp_load_scope_t){0};
    if (atp_seen_create(MEMBERS_MAX, 0, &ret_scope->members) != ATP_OK) {
        return fail_full(cli);
    }
    int status = atp_load_scope_add_meanings(cli, NULL, ret_scope);
    status = status == ATP_CLI_DONE ? add_told(cli, "group", ATP_CATALOG_GROUP_NODES, ret_scope) : status;
    return status == ATP_CLI_DONE ? add_told(cli, "tag", ATP_CATALOG_SKU_TAGS, ret_scope) : status;
}

void atp_load_scope_fini(atp_load_scope_t *scope)
{
    atp_seen_destroy(scope->members);
    scope->members = NULL;
}

bool atp_load_scope_has(const atp_load_scope_t *scope, atp_text_t sku, atp_text_t node)
{
    const atp_text_t none = ATP_TEXT("");

    return (!scope->has_nodes ||
            atp_seen_get(scope->members, atp_seen_key(scope->members, none, node)) != 0) &&
           (!scope->has_skus || atp_seen_get(scope->members, atp_seen_key(scope->members, sku, none)) != 0);
}
