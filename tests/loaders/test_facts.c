/* What happened, as files tell it. */
#include "tests/loaders/support.h"

#define FACTS                                                                                                \
    "version: 1\nname: test\nloads: facts\nformat: {delimiter: ',', header: true}\nzero_quantity: skip\n"    \
    "columns: {event: id, sku: sku, node: node, quantity: qty, status: kind}\nfacts:\n"                      \
    "  - {status: both, fact: adjust_up, negative: adjust_down}\n  - {status: back, fact: sale, negative: "  \
    "receive}\n  - {status: sold, fact: sale}\n  - {status: up, fact: receive, negative: skip}\n"            \
    "  - {status: none, fact: skip}\n"

static void what_a_fact_below_zero_is_its_status_says(void **state)
{
    static const struct {
        const char *event;
        unsigned kind;
        atp_qty_t qty;
        bool is_down;
    } facts[] = {{"1", ATP_OP_ADJUST, 2, false},
                 {"2", ATP_OP_ADJUST, 3, true},
                 {"3", ATP_OP_SALE, 4, false},
                 {"4", ATP_OP_RECEIVE, 5, false}};
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(*state, "f.csv",
                       "id,sku,node,qty,kind\n1,A,N,2,both\n2,A,N,-3,both\n3,A,N,4,back\n4,A,N,-5,back\n"
                       "5,A,N,-6,sold\n6,A,N,-7,up\n7,,,x,none\n8,A,N,0,sold\n9,A,N,-0,both\n");
    options.path = scratch_path(*state, "f.csv");
    options.max_bad_share = 1.0;
    loaded_t *loaded = load_with(FACTS, &options);
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const kept_row_t *kept = &loaded->rows[i];
        assert_string_equal(kept->event, facts[i].event);
        assert_int_equal(kept->row.fact, facts[i].kind);
        assert_int_equal(kept->row.qty[ATP_LOAD_QUANTITY].mantissa, facts[i].qty);
        assert_int_equal(kept->row.is_down, facts[i].is_down);
    }
    assert_int_equal(loaded->report.rows_skipped, 4);
    assert_int_equal(loaded->reject_count, 1); /* nothing says what a sale below 0 is */
    assert_int_equal(loaded->rejects[0].line, 6);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_QTY_NEGATIVE);
    assert_string_equal(loaded->reject_columns[0], "quantity");
    loaded_free(loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_fact_below_zero_is_its_status_says, scratch_setup,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
