#include "tests/loaders/support.h"

#define HEAD                                                                                                 \
    "version: 1\nname: test\nloads: positions\nbasis: on_hand\nformat: {delimiter: ',', header: true}\n"
#define COLUMNS "columns: {sku: sku, node: node, on_hand: qty}\n"
#define SMALL   HEAD COLUMNS

static void good_rows_are_delivered_in_file_order(void **state)
{
    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N1,5\nB,N1,0\nA,N2,7\n");
    loaded_t *loaded = load_file(SMALL, scratch_path(*state, "s.csv"));

    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 3);
    assert_string_equal(loaded->rows[2].sku, "A");
    assert_string_equal(loaded->rows[2].node, "N2");
    assert_int_equal(loaded->rows[2].row.qty[ATP_LOAD_ON_HAND].mantissa, 7);
    assert_int_equal(loaded->rows[2].row.line, 4);
    assert_false(loaded->rows[2].row.qty[ATP_LOAD_SAFETY].is_given);
    assert_int_equal(loaded->report.rows_delivered, 3);
    assert_int_equal(loaded->report.keys, 3);
    assert_int_equal(loaded->progress_count, 2); /* one batch a pass */
    loaded_free(loaded);
}

/* One row of each kind of mistake, and what must be said of it. */
static void every_bad_row_has_its_line_reason_and_column(void **state)
{
    static const struct {
        const char *row;
        atp_reason_of_reject_t reason;
        const char *column;
    } bad[] = {
        {",N,1", ATP_REJECT_SKU_EMPTY, "sku"},
        {"12345678901234567890123456789012345678901234567890123456789012345,N,1", ATP_REJECT_SKU_TOO_LONG,
         "sku"},
        {"A,,1", ATP_REJECT_NODE_EMPTY, "node"},
        {"A,N,", ATP_REJECT_QTY_EMPTY, "on_hand"},
        {"A,N,1x", ATP_REJECT_QTY_MALFORMED, "on_hand"},
        {"A,N,-1", ATP_REJECT_QTY_NEGATIVE, "on_hand"},
        {"A,N,1.5", ATP_REJECT_QTY_TOO_PRECISE, "on_hand"},
        {"A,N,100000000000001", ATP_REJECT_QTY_OUT_OF_RANGE, "on_hand"},
        {"A,N", ATP_REJECT_FIELD_COUNT, ""},
        {"A,N,1,2", ATP_REJECT_FIELD_COUNT, ""},
        {"A\x01,N,1", ATP_REJECT_NOT_TEXT, "sku"},
        {"caf\xe9,N,1", ATP_REJECT_NOT_TEXT, "sku"},
        {"A,\xc3\x28,1", ATP_REJECT_NOT_TEXT, "node"},
        {"A\"B,N,1", ATP_REJECT_QUOTE_IN_FIELD, ""},
    };
    char text[2000] = "sku,node,qty\nGOOD,N,1\n";
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;
    size_t count = sizeof bad / sizeof bad[0];

    for (size_t i = 0; i < count; i++) {
        strcat(text, bad[i].row);
        strcat(text, "\n");
    }
    scratch_write_text(*state, "s.csv", text);
    options.path = scratch_path(*state, "s.csv");
    options.max_bad_share = 1.0;
    loaded_t *loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 1);
    assert_int_equal(loaded->report.rows_bad, count);
    assert_int_equal(loaded->reject_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(loaded->rejects[i].reason, bad[i].reason);
        assert_int_equal(loaded->rejects[i].line, i + 3);
        assert_string_equal(loaded->reject_columns[i], bad[i].column);
        assert_true(loaded->report.bad_by_reason[bad[i].reason] > 0);
    }
    loaded_free(loaded);
}

static atp_reason_of_reject_t look_at_n(void *context, const atp_load_row_t *row)
{
    (void)context;
    return atp_text_equal(row->node, ATP_TEXT("N")) ? ATP_REJECT_NONE : ATP_REJECT_OUTSIDE_SCOPE;
}

static void rows_outside_the_scope_are_rejected_and_count_in_no_share(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,M,1\nA,N,2\nB,M,3\n");
    options.path = scratch_path(*state, "s.csv");
    options.look = look_at_n;
    loaded_t *loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 1);
    assert_int_equal(loaded->rows[0].row.line, 3);
    assert_int_equal(loaded->reject_count, 2);
    assert_int_equal(loaded->rejects[1].reason, ATP_REJECT_OUTSIDE_SCOPE);
    assert_int_equal(loaded->rejects[1].line, 4);
    loaded_free(loaded);
    /* What is bad is bad all the same, and told first; where all is outside there is nothing to load. */
    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,M,1\nA,N,x\n");
    loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->validated, ATP_ERR_INVALID);
    assert_text_in(loaded->why.text, "line 3");
    loaded_free(loaded);
    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,M,1\n");
    loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->validated, ATP_ERR_INVALID);
    assert_text_in(loaded->why.text, "1 outside the scope");
    loaded_free(loaded);
}

static void too_many_bad_rows_load_nothing(void **state)
{
    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N,1\nB,N,x\nC,N,3\n");
    loaded_t *loaded = load_file(SMALL, scratch_path(*state, "s.csv"));

    assert_int_equal(loaded->validated, ATP_ERR_INVALID);
    assert_int_equal(loaded->row_count, 0);
    assert_int_equal(loaded->report.rows_delivered, 0);
    assert_text_in(loaded->why.text, "1 of 3 rows are bad");
    assert_text_in(loaded->why.text, "line 3, on_hand: the quantity is not an exact decimal number");
    loaded_free(loaded);
}

static void the_allowed_share_is_allowed_exactly(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N,1\nB,N,x\nC,N,3\nD,N,4\n");
    options.path = scratch_path(*state, "s.csv");
    options.max_bad_share = 0.25;
    loaded_t *loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->row_count, 3);
    loaded_free(loaded);
    options.max_bad_share = 0.24;
    loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->validated, ATP_ERR_INVALID);
    assert_int_equal(loaded->row_count, 0);
    loaded_free(loaded);
}

static void files_without_a_row_are_refused(void **state)
{
    static const char *const texts[] = {"", "\n\n", "sku,node,qty\n"};

    for (size_t i = 0; i < 3; i++) {
        scratch_write_text(*state, "s.csv", texts[i]);
        loaded_t *loaded = load_file(SMALL, scratch_path(*state, "s.csv"));
        assert_int_equal(loaded->validated, ATP_ERR_INVALID);
        assert_text_in(loaded->why.text, i < 2 ? "is empty" : "has no row to load");
        loaded_free(loaded);
    }
}

static void a_header_without_a_column_is_told_with_the_names_there_are(void **state)
{
    scratch_write_text(*state, "s.csv", "sku,site,qty\nA,N,1\n");
    loaded_t *loaded = load_file(SMALL, scratch_path(*state, "s.csv"));

    assert_int_equal(loaded->validated, ATP_ERR_INVALID);
    assert_text_in(loaded->why.text, "the header has no 'node'; it has sku, site, qty");
    loaded_free(loaded);
    scratch_write_text(*state, "s.csv", "sku,node,qty,qty\nA,N,1,2\n");
    loaded = load_file(SMALL, scratch_path(*state, "s.csv"));
    assert_text_in(loaded->why.text, "names 'qty' twice");
    loaded_free(loaded);
}

static void text_of_another_kind_is_named(void **state)
{
    scratch_write(*state, "s.csv", "\xff\xfes\0k\0u\0", 8);
    loaded_t *loaded = load_file(SMALL, scratch_path(*state, "s.csv"));

    assert_int_equal(loaded->validated, ATP_ERR_FORMAT);
    assert_text_in(loaded->why.text, "s.csv: the text is UTF-16");
    loaded_free(loaded);
}

/* --- duplicates -------------------------------------------------------------------------------------- */

#define TWICE "sku,node,qty\nA,N,1\nB,N,2\nA,N,4\nA,M,8\nA,N,16\n"

static void duplicates_are_refused_and_name_the_first_line(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", TWICE);
    options.path = scratch_path(*state, "s.csv");
    options.max_bad_share = 0.5;
    loaded_t *loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->row_count, 3);
    assert_int_equal(loaded_find(loaded, "A", "N")->row.qty[0].mantissa, 1);
    assert_int_equal(loaded->reject_count, 2);
    assert_int_equal(loaded->rejects[1].reason, ATP_REJECT_DUPLICATE);
    assert_int_equal(loaded->rejects[1].line, 6);
    assert_int_equal(loaded->rejects[1].other_line, 2);
    loaded_free(loaded);
}

static void the_last_of_duplicates_counts_where_the_profile_says_so(void **state)
{
    scratch_write_text(*state, "s.csv", TWICE);
    loaded_t *loaded = load_file(SMALL "duplicates: last\n", scratch_path(*state, "s.csv"));

    assert_int_equal(loaded->row_count, 3);
    assert_int_equal(loaded_find(loaded, "A", "N")->row.qty[0].mantissa, 16);
    assert_int_equal(loaded->report.rows_good, 5);
    assert_int_equal(loaded->report.rows_merged, 2);
    assert_int_equal(loaded->report.rows_delivered, 3);
    loaded_free(loaded);
}

static void duplicates_are_summed_where_the_profile_says_so(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", TWICE);
    options.path = scratch_path(*state, "s.csv");
    options.batch_rows_max = 1; /* also across batches */
    loaded_t *loaded = load_with(SMALL "duplicates: sum\n", &options);
    assert_int_equal(loaded->row_count, 3);
    assert_string_equal(loaded->rows[0].sku, "A");
    assert_int_equal(loaded->rows[0].row.qty[0].mantissa, 21);
    assert_int_equal(loaded_find(loaded, "A", "M")->row.qty[0].mantissa, 8);
    loaded_free(loaded);
}

static void sums_are_exact_over_scales_and_refuse_to_overflow(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N,0.25\nA,N,1.5\nA,N,1\nB,N,99999999999\nB,N,2\n");
    options.path = scratch_path(*state, "s.csv");
    options.max_bad_share = 1.0;
    loaded_t *loaded = load_with(SMALL "constants: {scale: 3}\nduplicates: sum\n", &options);
    assert_int_equal(loaded_find(loaded, "A", "N")->row.qty[0].mantissa, 275);
    assert_int_equal(loaded_find(loaded, "A", "N")->row.qty[0].decimals, 2);
    assert_int_equal(loaded_find(loaded, "B", "N")->row.qty[0].mantissa, 99999999999);
    assert_int_equal(loaded->reject_count, 1);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_QTY_OUT_OF_RANGE);
    loaded_free(loaded);
}

static void more_keys_than_the_bound_load_nothing(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", TWICE);
    options.path = scratch_path(*state, "s.csv");
    options.key_count_max = 2;
    options.max_bad_share = 1.0;
    loaded_t *loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->validated, ATP_ERR_LIMIT);
    assert_int_equal(loaded->row_count, 0);
    assert_text_in(loaded->why.text, "more than 2 distinct keys");
    loaded_free(loaded);
}

/* --- mapping ----------------------------------------------------------------------------------------- */

static void columns_go_by_number_where_there_is_no_header(void **state)
{
    scratch_write_text(*state, "s.tsv", "x\t7\tA \"1\"\ty\n");
    loaded_t *loaded = load_file("version: 1\nname: t\nloads: positions\nbasis: on_hand\n"
                                 "format: {delimiter: tab, header: false}\n"
                                 "columns: {sku: 3, on_hand: '#2'}\nconstants: {node: MAIN}\n",
                                 scratch_path(*state, "s.tsv"));

    assert_non_null(loaded_find(loaded, "A \"1\"", "MAIN"));
    assert_int_equal(loaded->rows[0].row.qty[0].mantissa, 7);
    loaded_free(loaded);
}

static void a_short_row_misses_its_column(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", "A,N,1\nB,N\n");
    options.path = scratch_path(*state, "s.csv");
    options.max_bad_share = 1.0;
    loaded_t *loaded =
        load_with("version: 1\nname: t\nloads: positions\nbasis: on_hand\nformat: {header: false}\n"
                  "columns: {sku: 1, node: 2, on_hand: 3}\n",
                  &options);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_COLUMN_MISSING);
    assert_string_equal(loaded->reject_columns[0], "on_hand");
    loaded_free(loaded);
}

static void skip_rules_pass_rows_over(void **state)
{
    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N,1\nSKIP,N,x\nB,,\nC,OLD,1\nD,OLDER,1\nE,N,2\n");
    loaded_t *loaded =
        load_file(SMALL "skip:\n  - {column: sku, equals: SKIP}\n  - {column: node, empty: true}\n"
                        "  - {column: node, one_of: [OLD, OLDER]}\n  - {column: qty, not_equals: '1'}\n",
                  scratch_path(*state, "s.csv"));

    assert_int_equal(loaded->row_count, 1);
    assert_string_equal(loaded->rows[0].sku, "A");
    assert_int_equal(loaded->report.rows_skipped, 5);
    loaded_free(loaded);
}

static void trimming_null_text_and_empty_quantities_are_the_profiles_choice(void **state)
{
    scratch_write_text(*state, "s.csv", "sku,node,qty\n A\t,N ,  5\nB,N,N/A\nC,N,\n");
    loaded_t *loaded = load_file("version: 1\nname: t\nloads: positions\nbasis: on_hand\nformat: {trim: "
                                 "true, null_text: N/A}\n" COLUMNS "empty_quantity: zero\n",
                                 scratch_path(*state, "s.csv"));

    assert_int_equal(loaded_find(loaded, "A", "N")->row.qty[0].mantissa, 5);
    assert_int_equal(loaded_find(loaded, "B", "N")->row.qty[0].mantissa, 0);
    assert_int_equal(loaded_find(loaded, "C", "N")->row.qty[0].mantissa, 0);
    assert_true(loaded_find(loaded, "C", "N")->row.qty[0].is_given);
    loaded_free(loaded);
}

/* Blanks around an id are part of it, unless the profile trims: one rule, the same at every entry. */
static void blanks_and_case_of_ids_are_kept(void **state)
{
    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N,1\n A,N,2\na,N,3\n");
    loaded_t *loaded = load_file(SMALL, scratch_path(*state, "s.csv"));

    assert_int_equal(loaded->row_count, 3);
    assert_int_equal(loaded_find(loaded, " A", "N")->row.qty[0].mantissa, 2);
    assert_int_equal(loaded_find(loaded, "a", "N")->row.qty[0].mantissa, 3);
    loaded_free(loaded);
}

static void the_scale_bounds_the_decimals(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv",
                       "sku,node,qty,scale\nA,N,2.500,3\nB,N,2.50,1\nC,N,2.55,1\nD,N,1,9\nE,N,1,\n");
    options.path = scratch_path(*state, "s.csv");
    options.max_bad_share = 1.0;
    loaded_t *loaded =
        load_with(HEAD "columns: {sku: sku, node: node, on_hand: qty, scale: scale}\n", &options);
    assert_int_equal(loaded->rows[0].row.qty[0].mantissa, 25);
    assert_int_equal(loaded->rows[0].row.qty[0].decimals, 1);
    assert_int_equal(loaded->rows[0].row.scale, 3);
    assert_non_null(loaded_find(loaded, "B", "N"));
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_QTY_TOO_PRECISE);
    assert_int_equal(loaded->rejects[1].reason, ATP_REJECT_SCALE_INVALID);
    assert_false(loaded_find(loaded, "E", "N")->row.has_scale);
    loaded_free(loaded);
}

static void quantities_can_be_sums_of_columns(void **state)
{
    scratch_write_text(*state, "s.csv", "sku,node,a,b,c\nA,N,1,2,3\n");
    loaded_t *loaded =
        load_file(HEAD "columns: {sku: sku, node: node}\nsum: {on_hand: [a, b, c], unavailable: [c]}\n",
                  scratch_path(*state, "s.csv"));

    assert_int_equal(loaded->rows[0].row.qty[ATP_LOAD_ON_HAND].mantissa, 6);
    assert_int_equal(loaded->rows[0].row.qty[ATP_LOAD_UNAVAILABLE].mantissa, 3);
    loaded_free(loaded);
}

static void a_status_puts_the_quantity_into_its_bucket(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", "sku,node,qty,st\nA,N,5,ok\nA,N,2,damaged\nB,N,1,sold\nC,N,1,?\n");
    options.path = scratch_path(*state, "s.csv");
    options.max_bad_share = 1.0;
    loaded_t *loaded =
        load_with(HEAD "columns: {sku: sku, node: node, on_hand: qty, status: st}\n"
                       "buckets: [{status: ok, bucket: on_hand}, {status: damaged, bucket: unavailable}, "
                       "{status: sold, bucket: skip}]\nduplicates: sum\n",
                  &options);
    assert_int_equal(loaded->row_count, 1);
    assert_int_equal(loaded->rows[0].row.qty[ATP_LOAD_ON_HAND].mantissa, 7);
    assert_int_equal(loaded->rows[0].row.qty[ATP_LOAD_UNAVAILABLE].mantissa, 2);
    assert_int_equal(loaded->report.rows_skipped, 1);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_STATUS_UNKNOWN);
    loaded_free(loaded);
}

static void nodes_have_names_and_states(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "n.csv", "id,name,state\nN1,Zürich,paused\nN2,,\nN3,x,shut\n");
    options.path = scratch_path(*state, "n.csv");
    options.max_bad_share = 1.0;
    loaded_t *loaded = load_with("version: 1\nname: n\nloads: nodes\nformat: {header: true}\n"
                                 "columns: {node: id, name: name, state: state}\n",
                                 &options);
    assert_string_equal(loaded->rows[0].name, "Zürich");
    assert_int_equal(loaded->rows[0].row.state, ATP_NODE_PAUSED);
    assert_false(loaded->rows[1].row.has_state);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_STATE_UNKNOWN);
    loaded_free(loaded);
}

/* --- lookups and the spread -------------------------------------------------------------------------- */

#define JOINED                                                                                               \
    HEAD COLUMNS "lookups: [{name: ids, file: ids.tsv, delimiter: tab, header: false, key: 1, value: 2}]\n"  \
                 "translate: {sku: ids}\n"

static void a_lookup_translates_a_column(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", "sku,node,qty\n1,N,5\n2,N,6\n3,N,7\n");
    scratch_write_text(*state, "ids.tsv", "1\tONE\n2\tTWO\n1\tONE\n");
    options.path = scratch_path(*state, "s.csv");
    options.max_bad_share = 1.0;
    loaded_t *loaded = load_with(JOINED, &options);
    assert_int_equal(loaded->row_count, 2);
    assert_non_null(loaded_find(loaded, "TWO", "N"));
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_LOOKUP_MISSING);
    assert_int_equal(loaded->rejects[0].line, 4);
    loaded_free(loaded);
}

static void a_bad_lookup_file_is_named_with_its_line(void **state)
{
    scratch_write_text(*state, "s.csv", "sku,node,qty\n1,N,5\n");
    loaded_t *loaded = load_file(JOINED, scratch_path(*state, "s.csv"));
    assert_int_equal(loaded->validated, ATP_ERR_NOT_FOUND);
    assert_text_in(loaded->why.text, "ids.tsv");
    loaded_free(loaded);
    scratch_write_text(*state, "ids.tsv", "1\tONE\n2\tTWO\n1\tUNO\n");
    loaded = load_file(JOINED, scratch_path(*state, "s.csv"));
    assert_int_equal(loaded->validated, ATP_ERR_INVALID);
    assert_text_in(loaded->why.text, "ids.tsv:3: key '1' has another value");
    loaded_free(loaded);
    scratch_write_text(*state, "ids.tsv", "1\tONE\n2\n");
    loaded = load_file(JOINED, scratch_path(*state, "s.csv"));
    assert_text_in(loaded->why.text, "ids.tsv:2: the row ends before a column");
    loaded_free(loaded);
}

static void expect_spread(const loaded_t *loaded)
{
    assert_int_equal(loaded_find(loaded, "A", "N")->row.qty[ATP_LOAD_SAFETY].mantissa, 6);
    assert_int_equal(loaded_find(loaded, "A", "M")->row.qty[ATP_LOAD_SAFETY].mantissa, 3);
    assert_int_equal(loaded_find(loaded, "A", "O")->row.qty[ATP_LOAD_SAFETY].mantissa, 1);
    assert_int_equal(loaded_find(loaded, "B", "N")->row.qty[ATP_LOAD_SAFETY].mantissa, 0);
}

#define SPREAD                                                                                               \
    HEAD "columns: {sku: sku, node: node, on_hand: qty, safety_stock: safe}\nsafety_spread: by_stock\n"

static void safety_of_a_sku_is_spread_over_its_rows(void **state)
{
    scratch_write_text(*state, "s.csv", "sku,node,qty,safe\nA,N,60,10\nB,N,0,5\nA,M,30,10\nA,O,10,10\n");
    loaded_t *loaded = load_file(SPREAD, scratch_path(*state, "s.csv"));

    expect_spread(loaded);
    loaded_free(loaded);
}

/* Rows are checked once more where a duplicate was found beyond the window. */
static void what_is_spread_counts_each_row_once(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv",
                       "sku,node,qty,safe\nA,N,60,10\nB,N,0,5\nA,M,30,10\nA,N,600,10\nA,O,10,10\n");
    options.path = scratch_path(*state, "s.csv");
    options.max_bad_share = 1.0;
    options.key_window = 1;
    loaded_t *loaded = load_with(SPREAD, &options);
    assert_int_equal(loaded->reject_count, 1);
    expect_spread(loaded);
    loaded_free(loaded);
}

static void two_safety_levels_of_one_sku_cannot_be_spread(void **state)
{
    scratch_write_text(*state, "s.csv", "sku,node,qty,safe\nA,N,60,10\nA,M,30,11\n");
    loaded_t *loaded = load_file(SPREAD, scratch_path(*state, "s.csv"));

    assert_int_equal(loaded->validated, ATP_ERR_INVALID);
    assert_text_in(loaded->why.text, "s.csv:3: the safety stock");
    loaded_free(loaded);
}

/* --- reject file and faults -------------------------------------------------------------------------- */

static void the_reject_file_holds_line_reason_and_row(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N,1\n\"B \"\"x\"\"\",N,y\nA,N,3\n");
    options.path = scratch_path(*state, "s.csv");
    options.reject_path = scratch_path(*state, "bad.csv");
    loaded_t *loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->validated, ATP_ERR_INVALID);
    assert_int_equal(loaded->closed, ATP_OK);
    char *text = scratch_read(*state, "bad.csv", NULL);
    assert_string_equal(text, "line,reason,column,explanation,row\n"
                              "3,qty_malformed,on_hand,\"the quantity is not an exact decimal number\","
                              "\"\"\"B \"\"\"\"x\"\"\"\"\"\",N,y\"\n"
                              "4,duplicate,,\"an earlier row has the same key: line 2\",\"A,N,3\"\n");
    free(text);
    loaded_free(loaded);
}

static void no_reject_file_stays_behind_a_clean_load(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N,1\n");
    options.path = scratch_path(*state, "s.csv");
    options.reject_path = scratch_path(*state, "bad.csv");
    loaded_t *loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_false(scratch_exists(*state, "bad.csv"));
    loaded_free(loaded);
}

static void a_reject_file_that_cannot_be_written_stops_the_load(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N,1\nB,N,x\n");
    options.path = scratch_path(*state, "s.csv");
    options.max_bad_share = 1.0;
    options.reject_path = "/nowhere/bad.csv";
    loaded_t *loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->validated, ATP_ERR_IO);
    assert_text_in(loaded->why.text, "/nowhere/bad.csv: the reject file cannot be created");
    loaded_free(loaded);
    options.reject_path = "/dev/full";
    loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->validated, ATP_ERR_NO_SPACE);
    assert_int_equal(loaded->row_count, 0);
    loaded_free(loaded);
    options.reject_path = options.path;
    loaded = load_with(SMALL, &options);
    assert_int_equal(loaded->validated, ATP_ERR_INVALID);
    assert_text_in(loaded->why.text, "both the file to load and the reject file");
    loaded_free(loaded);
}

static void a_truncated_archive_loads_nothing(void **state)
{
    char text[20000] = "sku,node,qty\n";
    size_t size = strlen(text);
    size_t packed_size = 0;

    for (int i = 0; size < sizeof text - 40; i++) {
        size += (size_t)sprintf(text + size, "SKU-%d,N%d,%d\n", i * 7919, i % 7, i % 91);
    }
    scratch_write_gzip(*state, "whole.gz", text, size);
    char *packed = scratch_read(*state, "whole.gz", &packed_size);
    scratch_write(*state, "cut.gz", packed, packed_size * 2 / 3);
    loaded_t *loaded = load_file(SMALL, scratch_path(*state, "whole.gz"));
    assert_true(loaded->row_count > 500);
    loaded_free(loaded);
    loaded = load_file(SMALL, scratch_path(*state, "cut.gz"));
    assert_int_equal(loaded->validated, ATP_ERR_CORRUPT);
    assert_int_equal(loaded->row_count, 0);
    assert_text_in(loaded->why.text, "cut.gz: the archive ends before its end mark");
    loaded_free(loaded);
    free(packed);
}

static atp_err_t fail_at_third(void *context, const atp_load_row_t *rows, uint32_t row_count,
                               atp_why_t *ret_why)
{
    int *calls = context;

    assert_true(row_count >= 1 && rows[0].sku.size > 0);
    return ++*calls == 3 ? atp_fail(ret_why, ATP_ERR_TIMEOUT, "no answer") : ATP_OK;
}

static atp_err_t count_rows(void *context, const atp_load_row_t *rows, uint32_t row_count, atp_why_t *ret_why)
{
    (void)rows;
    (void)ret_why;
    *(uint64_t *)context += row_count;
    return ATP_OK;
}

/* A dry run, a delivery that fails midway, and one that succeeds: all of one validation. */
static void delivery_stops_with_its_sink_and_can_be_done_again(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;
    atp_profile_t *profile = NULL;
    atp_load_t *load = NULL;
    atp_why_t why = {""};
    uint64_t rows = 0;
    int calls = 0;

    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N,1\nB,N,2\nC,N,3\nD,N,4\nE,N,5\n");
    assert_int_equal(atp_profile_parse(atp_text_of(SMALL), "p", &profile, &why), ATP_OK);
    options.profile = profile;
    options.path = scratch_path(*state, "s.csv");
    options.batch_rows_max = 2;
    assert_int_equal(atp_load_open(&options, &load, &why), ATP_OK);
    assert_int_equal(atp_load_validate(load, &why), ATP_OK);
    assert_int_equal(atp_load_deliver(load, fail_at_third, &calls, &why), ATP_ERR_TIMEOUT);
    assert_string_equal(why.text, "no answer");
    assert_int_equal(atp_load_report(load)->rows_delivered, 4);
    assert_int_equal(atp_load_deliver(load, count_rows, &rows, &why), ATP_OK);
    assert_int_equal(rows, 5);
    assert_int_equal(atp_load_close(load, &why), ATP_OK);
    atp_profile_destroy(profile);
}

static void a_file_rewritten_after_validation_delivers_nothing(void **state)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;
    atp_profile_t *profile = NULL;
    atp_load_t *load = NULL;
    atp_why_t why = {""};
    uint64_t rows = 0;

    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N,1\n");
    assert_int_equal(atp_profile_parse(atp_text_of(SMALL), "p", &profile, &why), ATP_OK);
    options.profile = profile;
    options.path = scratch_path(*state, "s.csv");
    assert_int_equal(atp_load_open(&options, &load, &why), ATP_OK);
    assert_aborts((void)!atp_load_deliver(load, count_rows, &rows, &why)); /* D1 */
    assert_int_equal(atp_load_validate(load, &why), ATP_OK);
    scratch_write_text(*state, "s.csv", "sku,node,qty\nA,N,9\n");
    assert_int_equal(atp_load_deliver(load, count_rows, &rows, &why), ATP_ERR_CORRUPT);
    assert_text_in(why.text, "changed after it was checked");
    assert_int_equal(rows, 0);
    assert_int_equal(atp_load_close(load, &why), ATP_OK);
    atp_profile_destroy(profile);
}

static void standard_input_is_validated_before_it_is_delivered(void **state)
{
    int saved = dup(STDIN_FILENO);
    int pipes[2];

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "sku,node,qty\nA,N,1\nB,N,2\n", 25), 25);
    close(pipes[1]);
    assert_int_equal(dup2(pipes[0], STDIN_FILENO), STDIN_FILENO);
    loaded_t *loaded = load_file(SMALL, "-");
    assert_int_equal(loaded->row_count, 2);
    loaded_free(loaded);
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    close(pipes[0]);
    close(saved);
}

#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCRATCH(good_rows_are_delivered_in_file_order),
        WITH_SCRATCH(every_bad_row_has_its_line_reason_and_column),
        WITH_SCRATCH(rows_outside_the_scope_are_rejected_and_count_in_no_share),
        WITH_SCRATCH(too_many_bad_rows_load_nothing),
        WITH_SCRATCH(the_allowed_share_is_allowed_exactly),
        WITH_SCRATCH(files_without_a_row_are_refused),
        WITH_SCRATCH(a_header_without_a_column_is_told_with_the_names_there_are),
        WITH_SCRATCH(text_of_another_kind_is_named),
        WITH_SCRATCH(duplicates_are_refused_and_name_the_first_line),
        WITH_SCRATCH(the_last_of_duplicates_counts_where_the_profile_says_so),
        WITH_SCRATCH(duplicates_are_summed_where_the_profile_says_so),
        WITH_SCRATCH(sums_are_exact_over_scales_and_refuse_to_overflow),
        WITH_SCRATCH(more_keys_than_the_bound_load_nothing),
        WITH_SCRATCH(columns_go_by_number_where_there_is_no_header),
        WITH_SCRATCH(a_short_row_misses_its_column),
        WITH_SCRATCH(skip_rules_pass_rows_over),
        WITH_SCRATCH(trimming_null_text_and_empty_quantities_are_the_profiles_choice),
        WITH_SCRATCH(blanks_and_case_of_ids_are_kept),
        WITH_SCRATCH(the_scale_bounds_the_decimals),
        WITH_SCRATCH(quantities_can_be_sums_of_columns),
        WITH_SCRATCH(a_status_puts_the_quantity_into_its_bucket),
        WITH_SCRATCH(nodes_have_names_and_states),
        WITH_SCRATCH(a_lookup_translates_a_column),
        WITH_SCRATCH(a_bad_lookup_file_is_named_with_its_line),
        WITH_SCRATCH(safety_of_a_sku_is_spread_over_its_rows),
        WITH_SCRATCH(what_is_spread_counts_each_row_once),
        WITH_SCRATCH(two_safety_levels_of_one_sku_cannot_be_spread),
        WITH_SCRATCH(the_reject_file_holds_line_reason_and_row),
        WITH_SCRATCH(no_reject_file_stays_behind_a_clean_load),
        WITH_SCRATCH(a_reject_file_that_cannot_be_written_stops_the_load),
        WITH_SCRATCH(a_truncated_archive_loads_nothing),
        WITH_SCRATCH(delivery_stops_with_its_sink_and_can_be_done_again),
        WITH_SCRATCH(a_file_rewritten_after_validation_delivers_nothing),
        WITH_SCRATCH(standard_input_is_validated_before_it_is_delivered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
