/* Names and units in files: what the ledger's aliases and units make of them. */
#include "tests/loaders/support.h"

#include "loaders/mapping/names.h"

#define HEAD "version: 1\nname: test\nformat: {delimiter: ',', header: true}\n"
#define STOCK                                                                                                \
    HEAD "loads: positions\nbasis: on_hand\ncolumns: {sku: sku, node: node, on_hand: qty, unit: uom, "       \
         "scale: scale}\n"
#define MOVEMENTS                                                                                            \
    HEAD "loads: facts\nfacts: [{status: s, fact: sale}]\nown_units: [EA, CA]\n"                             \
         "columns: {event: id, sku: sku, node: node, quantity: qty, unit: uom, status: what}\n"

static void add_unit(atp_names_t *names, const char *unit, const char *teller, const char *sku, int64_t is,
                     int64_t per)
{
    assert_int_equal(
        atp_names_add_unit(names, atp_text_of(unit), atp_text_of(teller), atp_text_of(sku), is, per), ATP_OK);
}

/* The ledger of these tests: aliases of all and of two tellers, units of a SKU and of all, of one teller and of all, ids. */
static atp_names_t *names_of(const char *source)
{
    atp_names_t *names = NULL;
    const atp_text_t all = ATP_TEXT("");
    const atp_text_t erp = ATP_TEXT("erp");

    assert_int_equal(atp_names_create(atp_text_of(source), &names), ATP_OK);
    assert_int_equal(atp_names_add_alias(names, ATP_NAMES_OF_SKU, ATP_TEXT("upc"), all, ATP_TEXT("bike")),
                     ATP_OK);
    assert_int_equal(atp_names_add_alias(names, ATP_NAMES_OF_SKU, ATP_TEXT("upc"), erp, ATP_TEXT("helmet")),
                     ATP_OK);
    assert_int_equal(atp_names_add_alias(names, ATP_NAMES_OF_NODE, ATP_TEXT("upc"), erp, ATP_TEXT("hamburg")),
                     ATP_OK);
    assert_int_equal(
        atp_names_add_alias(names, ATP_NAMES_OF_NODE, ATP_TEXT("0001"), ATP_TEXT("wms"), ATP_TEXT("bremen")),
        ATP_OK);
    add_unit(names, "CA", "", "bike", 12, 1);
    add_unit(names, "CA", "", "", 6, 1);
    add_unit(names, "PK", "", "bike", 1, 3);
    add_unit(names, "TON", "", "", 1000000000000, 1);
    add_unit(names, "CA", "acme", "", 24, 1);
    add_unit(names, "CA", "acme", "helmet", 30, 1);
    add_unit(names, "BOX", "acme", "bike", 2, 1);
    static const char *const ids[] = {"bike", "helmet"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(atp_names_add_id(names, ATP_NAMES_OF_SKU, atp_text_of(ids[i])), ATP_OK);
    }
    assert_int_equal(atp_names_add_id(names, ATP_NAMES_OF_NODE, ATP_TEXT("hamburg")), ATP_OK);
    return names;
}

static void assert_means(const atp_names_t *names, atp_names_of_t of, const char *name, const char *id)
{
    assert_true(atp_text_equal(atp_names_meaning(names, of, atp_text_of(name)), atp_text_of(id)));
}

static void a_name_is_what_its_source_calls_so_then_what_all_do(void **state)
{
    atp_names_t *nobody = names_of("");
    atp_names_t *erp = names_of("erp");

    (void)state;
    assert_means(nobody, ATP_NAMES_OF_SKU, "upc", "bike");
    assert_means(erp, ATP_NAMES_OF_SKU, "upc", "helmet");
    assert_means(erp, ATP_NAMES_OF_NODE, "upc", "hamburg");
    assert_means(nobody, ATP_NAMES_OF_NODE, "upc", "upc");
    assert_means(erp, ATP_NAMES_OF_NODE, "0001", "0001"); /* that of another */
    assert_means(erp, ATP_NAMES_OF_SKU, "bike", "bike");
    assert_means(erp, ATP_NAMES_OF_SKU, "CA", "CA"); /* a unit is no name */
    assert_means(erp, ATP_NAMES_OF_SKU, "", "");
    assert_means(NULL, ATP_NAMES_OF_SKU, "upc", "upc");
    atp_names_destroy(nobody);
    atp_names_destroy(erp);
}

static void the_digest_is_that_of_what_was_told_in_any_order(void **state)
{
    atp_names_t *names[3];
    const atp_text_t all = ATP_TEXT("");

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(atp_names_create(ATP_TEXT("erp"), &names[i]), ATP_OK);
    }
    assert_int_equal(atp_names_add_alias(names[0], ATP_NAMES_OF_SKU, ATP_TEXT("a"), all, ATP_TEXT("x")),
                     ATP_OK);
    add_unit(names[0], "CA", "", "", 6, 1);
    add_unit(names[1], "CA", "", "", 6, 1);
    assert_true(atp_names_digest(names[0]) != atp_names_digest(names[1]));
    assert_int_equal(atp_names_add_alias(names[1], ATP_NAMES_OF_SKU, ATP_TEXT("a"), all, ATP_TEXT("x")),
                     ATP_OK);
    assert_true(atp_names_digest(names[0]) == atp_names_digest(names[1]));
    /* What is another source's, and which ids there are, is of no concern. */
    assert_int_equal(
        atp_names_add_alias(names[1], ATP_NAMES_OF_SKU, ATP_TEXT("a"), ATP_TEXT("pos"), ATP_TEXT("y")),
        ATP_OK);
    assert_int_equal(atp_names_add_id(names[1], ATP_NAMES_OF_SKU, ATP_TEXT("x")), ATP_OK);
    add_unit(names[1], "CA", "pos", "", 7, 1);
    assert_true(atp_names_digest(names[0]) == atp_names_digest(names[1]));
    /* Of a node it is another alias; of another number another unit. */
    assert_int_equal(atp_names_add_alias(names[2], ATP_NAMES_OF_NODE, ATP_TEXT("a"), all, ATP_TEXT("x")),
                     ATP_OK);
    add_unit(names[2], "CA", "", "", 6, 1);
    assert_true(atp_names_digest(names[0]) != atp_names_digest(names[2]));
    add_unit(names[1], "CA", "erp", "", 7, 1); /* its own */
    assert_true(atp_names_digest(names[0]) != atp_names_digest(names[1]));
    for (unsigned i = 0; i < 3; i++) {
        atp_names_destroy(names[i]);
    }
}

static void what_is_no_unit_is_not_taken(void **state)
{
    atp_names_t *names = names_of("");

    (void)state;
    const atp_text_t all = ATP_TEXT("");
    assert_int_equal(atp_names_add_unit(names, ATP_TEXT("X"), all, all, 0, 1), ATP_ERR_LIMIT);
    assert_int_equal(atp_names_add_unit(names, ATP_TEXT("X"), all, all, 1, 0), ATP_ERR_LIMIT);
    assert_int_equal(atp_names_add_unit(names, ATP_TEXT("X"), all, all, 1000000000001, 1), ATP_ERR_LIMIT);
    atp_names_destroy(names);
}

static void many_names_keep_their_texts(void **state)
{
    atp_names_t *names = NULL;
    char text[32];
    char id[ATP_ID_SIZE_MAX + 1];

    (void)state;
    assert_int_equal(atp_names_create(ATP_TEXT(""), &names), ATP_OK);
    for (unsigned i = 0; i < 5000; i++) {
        (void)snprintf(text, sizeof text, "alias-%u", i);
        (void)snprintf(id, sizeof id, "%060u", i);
        assert_int_equal(
            atp_names_add_alias(names, ATP_NAMES_OF_SKU, atp_text_of(text), ATP_TEXT(""), atp_text_of(id)),
            ATP_OK);
    }
    for (unsigned i = 0; i < 5000; i++) {
        (void)snprintf(text, sizeof text, "alias-%u", i);
        (void)snprintf(id, sizeof id, "%060u", i);
        assert_means(names, ATP_NAMES_OF_SKU, text, id);
    }
    atp_names_destroy(names);
}

/* ---- loads by them ---- */

static const atp_names_t *found;
static unsigned asked;

static atp_err_t find_names(void *context, const atp_names_t **ret_names, atp_why_t *ret_why)
{
    (void)context;
    asked++;
    *ret_names = found;
    return found != NULL ? ATP_OK : atp_fail(ret_why, ATP_ERR_IO, "nobody tells of names");
}

static loaded_t *load_by(void **state, const char *profile, const char *source, const char *text)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;
    atp_names_t *names = names_of(source);

    scratch_write_text(*state, "s.csv", text);
    options.path = scratch_path(*state, "s.csv");
    options.find_names = find_names;
    options.max_bad_share = 1.0;
    found = names;
    asked = 0;
    loaded_t *loaded = load_with(profile, &options);
    assert_int_equal(asked, 1);
    atp_names_destroy(names);
    return loaded;
}

static void assert_qty(const loaded_t *loaded, uint32_t row, atp_load_qty_kind_t kind, atp_qty_t mantissa,
                       uint8_t decimals)
{
    assert_true(row < loaded->row_count);
    assert_int_equal(loaded->rows[row].row.qty[kind].mantissa, mantissa);
    assert_int_equal(loaded->rows[row].row.qty[kind].decimals, decimals);
}

static void ten_cases_of_twelve_are_120(void **state)
{
    loaded_t *loaded =
        load_by(state, STOCK, "erp",
                "sku,node,qty,uom,scale\nbike,upc,10,CA,\nhelmet,upc,10,CA,\nbike,0001,30,PK,\n"
                "bike,b,7,,\nbike,c,0,CA,\nbike,d,2.5,CA,\nbike,e,1,PK,\nbike,f,1.5,PK,1\n");

    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 7);
    assert_string_equal(loaded->rows[0].node, "hamburg");
    assert_qty(loaded, 0, ATP_LOAD_ON_HAND, 120, 0);
    assert_qty(loaded, 1, ATP_LOAD_ON_HAND, 60, 0); /* none of its own: that of all */
    assert_string_equal(loaded->rows[2].node, "0001");
    assert_qty(loaded, 2, ATP_LOAD_ON_HAND, 10, 0);
    assert_qty(loaded, 3, ATP_LOAD_ON_HAND, 7, 0);
    assert_qty(loaded, 4, ATP_LOAD_ON_HAND, 0, 0);
    assert_qty(loaded, 5, ATP_LOAD_ON_HAND, 30, 0); /* the half case is whole pieces */
    assert_qty(loaded, 6, ATP_LOAD_ON_HAND, 5, 1);
    assert_int_equal(loaded->reject_count, 1);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_UNIT_INEXACT);
    assert_int_equal(loaded->rejects[0].line, 8);
    assert_string_equal(loaded->reject_columns[0], "on_hand");
    loaded_free(loaded);
}

static void what_has_no_conversion_is_a_bad_row_with_line_and_reason(void **state)
{
    static const struct {
        atp_reason_of_reject_t reason;
        const char *column;
    } bad[] = {{ATP_REJECT_UNIT_UNKNOWN, "unit"},
               {ATP_REJECT_UNIT_UNKNOWN, "unit"},
               {ATP_REJECT_QTY_OUT_OF_RANGE, "on_hand"},
               {ATP_REJECT_UNIT_INEXACT, "on_hand"},
               {ATP_REJECT_UNIT_TOO_LONG, "unit"}};
    char text[400];

    (void)snprintf(text, sizeof text,
                   "sku,node,qty,uom,scale\nbike,a,1,ca,\nhelmet,a,1,PK,\nbike,b,101,TON,\nbike,c,0.1,CA,\n"
                   "bike,d,1,%065d,\nbike,e,100,TON,\n",
                   1);
    loaded_t *loaded = load_by(state, STOCK, "", text);
    assert_int_equal(loaded->reject_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(loaded->rejects[i].reason, bad[i].reason);
        assert_string_equal(loaded->reject_columns[i], bad[i].column);
        assert_int_equal(loaded->rejects[i].line, i + 2);
    }
    assert_int_equal(loaded->row_count, 1);
    assert_qty(loaded, 0, ATP_LOAD_ON_HAND, ATP_QTY_MAX, 0);
    loaded_free(loaded);
}

static void every_quantity_of_a_row_is_in_its_unit(void **state)
{
    static const char profile[] =
        HEAD "loads: positions\nbasis: on_hand\nsum: {on_hand: [a, b]}\n"
             "columns: {sku: sku, node: node, unavailable: bad, safety_stock: min, unit: uom}\n";
    loaded_t *loaded =
        load_by(state, profile, "", "sku,node,a,b,bad,min,uom\nbike,x,1.5,0.5,0.25,3,CA\nbike,y,1,1,1,1,\n");

    assert_int_equal(loaded->row_count, 2);
    assert_qty(loaded, 0, ATP_LOAD_ON_HAND, 24, 0);
    assert_qty(loaded, 0, ATP_LOAD_UNAVAILABLE, 3, 0);
    assert_qty(loaded, 0, ATP_LOAD_SAFETY, 36, 0);
    assert_qty(loaded, 1, ATP_LOAD_ON_HAND, 2, 0);
    loaded_free(loaded);
    /* Without a unit the parts must fit as they stand. */
    loaded = load_by(state, profile, "", "sku,node,a,b,bad,min,uom\nbike,x,1.5,0.5,0,0,\n");
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_QTY_TOO_PRECISE);
    loaded_free(loaded);
}

static void units_of_the_profile_mean_the_own_one_unless_the_ledger_says_otherwise(void **state)
{
    loaded_t *loaded = load_by(state, STOCK "own_units: [EA, CA]\n", "",
                               "sku,node,qty,uom,scale\nbike,a,5,EA,\nhelmet,a,2,CA,\nbike,b,1.5,EA,\n");

    assert_int_equal(loaded->row_count, 2);
    assert_qty(loaded, 0, ATP_LOAD_ON_HAND, 5, 0);
    assert_qty(loaded, 1, ATP_LOAD_ON_HAND, 12, 0);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_UNIT_INEXACT);
    loaded_free(loaded);
    /* Who has no ledger to ask knows of those alone. */
    loaded = load_file(STOCK "own_units: [EA]\nmax_bad_share: 1\n", scratch_path(*state, "s.csv"));
    assert_int_equal(loaded->row_count, 1);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_UNIT_UNKNOWN);
    loaded_free(loaded);
}

static void two_names_of_one_position_are_one_key(void **state)
{
    static const char text[] =
        "sku,node,qty,uom,scale\nbike,hamburg,5,,\nupc,hamburg,2,CA,\nbike,other,1,,\n";
    loaded_t *loaded = load_by(state, STOCK, "", text);

    assert_int_equal(loaded->row_count, 2);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_DUPLICATE);
    assert_int_equal(loaded->rejects[0].line, 3);
    assert_int_equal(loaded->rejects[0].other_line, 2);
    loaded_free(loaded);
    loaded = load_by(state, STOCK "duplicates: sum\n", "", text);
    assert_int_equal(loaded->row_count, 2);
    assert_qty(loaded, 0, ATP_LOAD_ON_HAND, 29, 0);
    assert_int_equal(loaded->report.rows_merged, 1);
    loaded_free(loaded);
    loaded = load_by(state, STOCK "duplicates: last\n", "", text);
    assert_string_equal(loaded->rows[0].sku, "bike");
    assert_qty(loaded, 0, ATP_LOAD_ON_HAND, 24, 0);
    loaded_free(loaded);
    /* To another source the same text is another SKU. */
    loaded = load_by(state, STOCK, "erp", text);
    assert_int_equal(loaded->row_count, 3);
    loaded_free(loaded);
}

static void what_is_still_to_come_is_in_the_own_unit(void **state)
{
    static const char profile[] =
        HEAD "loads: supplies\ncolumns: {supply: id, sku: sku, node: node, quantity: qty, "
             "received: got, due: due, unit: uom}\n";
    loaded_t *loaded = load_by(state, profile, "",
                               "id,sku,node,qty,got,due,uom\np1,upc,x,5,2,2030-01-01,CA\n"
                               "p2,upc,x,2,2,2030-01-01,NONE\np3,upc,x,2,1,2030-01-01,NONE\n");

    assert_int_equal(loaded->row_count, 1);
    assert_qty(loaded, 0, ATP_LOAD_QUANTITY, 36, 0);
    assert_int_equal(loaded->report.rows_skipped, 1); /* all of it has come, in whatever it was counted */
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_UNIT_UNKNOWN);
    loaded_free(loaded);
}

static void a_fact_keeps_its_unit_for_the_ledger(void **state)
{
    loaded_t *loaded = load_by(state, MOVEMENTS, "",
                               "id,sku,node,qty,uom,what\n1,upc,x,5,CA,s\n2,upc,x,5,EA,s\n3,upc,x,5,BOX,s\n");

    assert_int_equal(loaded->row_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_string_equal(loaded->rows[i].sku, "bike");
        assert_qty(loaded, i, ATP_LOAD_QUANTITY, 5, 0);
        assert_int_equal(loaded->rows[i].row.is_unit_unknown, i == 2);
    }
    assert_int_equal(loaded->rows[0].row.expected_count, 1); /* whose it is nobody says */
    assert_int_equal(loaded->rows[0].row.expected[0].key, ATP_KEY_UNIT);
    assert_int_equal(loaded->rows[1].row.expected_count, 0);
    assert_int_equal(loaded->rows[2].row.expected[0].key, ATP_KEY_UNIT);
    loaded_free(loaded);
}

static void a_fact_says_whose_unit_it_keeps(void **state)
{
    loaded_t *loaded =
        load_by(state, MOVEMENTS, "acme",
                "id,sku,node,qty,uom,what\n1,bike,x,5,BOX,s\n2,bike,x,5,EA,s\n3,bike,x,5,CR,s\n");

    assert_int_equal(loaded->row_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(loaded->rows[i].row.expected_count, i == 1 ? 0 : 2);
        assert_int_equal(loaded->rows[i].row.is_unit_unknown, i == 2);
    }
    assert_int_equal(loaded->rows[0].row.expected[0].key, ATP_KEY_UNIT);
    assert_int_equal(loaded->rows[0].row.expected[1].key, ATP_KEY_TOLD_BY);
    loaded_free(loaded);
}

/* Those of the source, of the SKU and of all, come before those of all; those of others are none. */
static void a_quantity_is_in_the_units_of_whose_file_it_is(void **state)
{
    static const char rows[] =
        "sku,node,qty,uom,scale\nbike,a,1,CA,\nhelmet,a,1,CA,\nbike,b,3,PK,\nbike,c,1,BOX,\n";
    static const struct {
        const char *source;
        uint32_t count;
        int64_t qty[4];
    } files[] = {{"acme", 4, {24, 30, 1, 2}}, {"erp", 3, {12, 6, 1, 0}}, {"", 3, {12, 6, 1, 0}}};

    for (unsigned i = 0; i < 3; i++) {
        loaded_t *loaded = load_by(state, STOCK "max_bad_share: 1\n", files[i].source, rows);
        assert_int_equal(loaded->row_count, files[i].count);
        for (uint32_t k = 0; k < files[i].count; k++) {
            assert_qty(loaded, k, ATP_LOAD_ON_HAND, files[i].qty[k], 0);
        }
        loaded_free(loaded);
    }
}

static void unknown_names_are_bad_rows_where_the_profile_says_so(void **state)
{
    loaded_t *loaded = load_by(state, STOCK "unknown_names: bad\n", "",
                               "sku,node,qty,uom,scale\nupc,hamburg,1,,\ntent,hamburg,1,,\nbike,0001,1,,\n");

    assert_int_equal(loaded->row_count, 1);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_SKU_UNKNOWN);
    assert_string_equal(loaded->reject_columns[0], "sku");
    assert_int_equal(loaded->rejects[1].reason, ATP_REJECT_NODE_UNKNOWN);
    assert_int_equal(loaded->rejects[1].line, 4);
    loaded_free(loaded);
}

static void a_load_whose_names_are_not_told_ends_before_anything(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", "sku,node,qty,uom,scale\nbike,a,1,,\n");
    options.path = scratch_path(*state, "s.csv");
    options.find_names = find_names;
    found = NULL;
    loaded_t *loaded = load_with(STOCK, &options);
    assert_int_equal(loaded->validated, ATP_ERR_IO);
    assert_text_in(loaded->why.text, "nobody tells of names");
    assert_int_equal(loaded->row_count, 0);
    loaded_free(loaded);
}

/* ---- files of aliases and units ---- */

static void a_row_of_aliases_says_what_it_means_to_whom(void **state)
{
    loaded_t *loaded =
        load_by(state, "aliases", "pos",
                "alias,sku,node,told_by\nupc,bike,,\nnew,upc,,wms\n0009,,hamburg,\nupc,,hamburg,erp\n"
                "bike,bike,,\n");

    assert_int_equal(loaded->row_count, 5);
    assert_int_equal(loaded->reject_count, 0);
    const atp_load_row_t *row =
        &loaded->rows[0].row; /* of the source whose file it is: that of all is another */
    assert_false(row->is_there);
    assert_int_equal(row->expected_count, 2);
    assert_int_equal(row->expected[0].key, ATP_KEY_SKU);
    assert_int_equal(row->expected[1].key, ATP_KEY_TOLD_BY);
    assert_string_equal(loaded->rows[1].sku, "bike"); /* by the alias of all */
    assert_int_equal(loaded->rows[2].row.expected[0].key, ATP_KEY_NODE);
    assert_true(loaded->rows[3].row.is_there);
    assert_true(loaded->rows[4].row.is_there); /* it is called so */
    loaded_free(loaded);
}

static void an_alias_that_is_taken_is_a_bad_row(void **state)
{
    loaded_t *loaded =
        load_by(state, "aliases", "",
                "alias,sku,node,told_by\nupc,helmet,,\nhelmet,bike,,\nhelmet,,hamburg,\nx,upcc,,\n"
                "y,bike,hamburg,\nx,bike,,\nx,helmet,,\nx,helmet,,wms\nx,,hamburg,\n");

    static const struct {
        uint64_t line;
        atp_reason_of_reject_t reason;
    } bad[] = {{2, ATP_REJECT_ALIAS_TAKEN},
               {3, ATP_REJECT_ALIAS_TAKEN},
               {5, ATP_REJECT_SKU_UNKNOWN},
               {6, ATP_REJECT_ALIAS_TARGET},
               {8, ATP_REJECT_DUPLICATE}};
    assert_int_equal(loaded->reject_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(loaded->rejects[i].line, bad[i].line);
        assert_int_equal(loaded->rejects[i].reason, bad[i].reason);
    }
    assert_int_equal(loaded->row_count, 4);
    loaded_free(loaded);
}

static void a_row_of_units_says_what_it_is_of_what(void **state)
{
    loaded_t *loaded = load_by(
        state, "units", "",
        "unit,sku,is,for,told_by\nCA,upc,12,1,\nCA,helmet,24,,\nCA,,6,,\nDZ,,12,,\nDZ,,13,,\nCA,bike,1,,\n"
        "CA,,24,,acme\nCA,,25,,bolt\n");

    assert_int_equal(loaded->row_count, 6);
    assert_true(loaded->rows[0].row.is_there);
    assert_false(loaded->rows[1].row.is_there);
    assert_int_equal(loaded->rows[1].row.expected_count, 3);
    assert_int_equal(loaded->rows[1].row.expected[0].number, 24);
    assert_int_equal(loaded->rows[1].row.expected[1].number, 1);
    assert_true(loaded->rows[2].row.is_there);
    assert_int_equal(loaded->rows[3].row.expected_count, 2);
    assert_int_equal(loaded->reject_count, 2);
    assert_int_equal(loaded->rejects[0].line, 6);
    assert_int_equal(loaded->rejects[1].line, 7); /* the SKU of line 2, by another name */
    assert_int_equal(loaded->rejects[1].other_line, 2);
    assert_true(loaded->rows[4].row.is_there);
    assert_false(loaded->rows[5].row.is_there);
    assert_int_equal(loaded->rows[5].row.expected[2].key, ATP_KEY_TOLD_BY);
    loaded_free(loaded);
}

static void units_in_the_file_of_a_source_are_its_own(void **state)
{
    loaded_t *loaded =
        load_by(state, "units", "acme",
                "unit,sku,is,for,told_by\nCA,,6,,\nCA,,24,,acme\nCA,bike,12,,bolt\nBOX,bike,2,,\n");

    assert_int_equal(loaded->row_count, 3);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_DUPLICATE); /* line 2 is acme's, too */
    assert_false(loaded->rows[0].row.is_there);
    assert_int_equal(loaded->rows[1].row.expected_count, 4);
    assert_false(loaded->rows[1].row.is_there);
    assert_true(loaded->rows[2].row.is_there);
    loaded_free(loaded);
}

int main(void)
{
#define IN_SCRATCH(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_what_its_source_calls_so_then_what_all_do),
        cmocka_unit_test(the_digest_is_that_of_what_was_told_in_any_order),
        cmocka_unit_test(what_is_no_unit_is_not_taken),
        cmocka_unit_test(many_names_keep_their_texts),
        IN_SCRATCH(ten_cases_of_twelve_are_120),
        IN_SCRATCH(what_has_no_conversion_is_a_bad_row_with_line_and_reason),
        IN_SCRATCH(every_quantity_of_a_row_is_in_its_unit),
        IN_SCRATCH(a_quantity_is_in_the_units_of_whose_file_it_is),
        IN_SCRATCH(units_of_the_profile_mean_the_own_one_unless_the_ledger_says_otherwise),
        IN_SCRATCH(two_names_of_one_position_are_one_key),
        IN_SCRATCH(what_is_still_to_come_is_in_the_own_unit),
        IN_SCRATCH(a_fact_keeps_its_unit_for_the_ledger),
        IN_SCRATCH(a_fact_says_whose_unit_it_keeps),
        IN_SCRATCH(unknown_names_are_bad_rows_where_the_profile_says_so),
        IN_SCRATCH(a_load_whose_names_are_not_told_ends_before_anything),
        IN_SCRATCH(a_row_of_aliases_says_what_it_means_to_whom),
        IN_SCRATCH(an_alias_that_is_taken_is_a_bad_row),
        IN_SCRATCH(a_row_of_units_says_what_it_is_of_what),
        IN_SCRATCH(units_in_the_file_of_a_source_are_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
