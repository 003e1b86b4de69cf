/* Aliases and units in the words of the engine, taken apart. */
#include "tests/test.h"

#include "tools/atp/rows/alias_rows.h"

static atp_catalog_entry_t told(const char *words, int64_t value)
{
    return (atp_catalog_entry_t){.id = ATP_TEXT("x"), .name = atp_text_of(words), .value = value};
}

static void assert_alias(const char *words, int64_t size, const char *sku, const char *node,
                         const char *told_by)
{
    const atp_catalog_entry_t entry = told(words, size);
    atp_alias_row_t row;

    assert_true(atp_alias_row_read(&entry, &row));
    assert_true(atp_text_equal(row.alias, ATP_TEXT("x")));
    assert_true(atp_text_equal(row.sku, atp_text_of(sku)));
    assert_true(atp_text_equal(row.node, atp_text_of(node)));
    assert_true(atp_text_equal(row.told_by, atp_text_of(told_by)));
}

static void an_alias_means_a_sku_or_a_node_to_somebody_or_all(void **state)
{
    (void)state;
    assert_alias("sku=bike-28", 7, "bike-28", "", "");
    assert_alias("node=hamburg told_by=wms", 7, "", "hamburg", "wms");
}

/* Ids have blanks: what the size does not say would be a guess. */
static void ids_with_blanks_are_whole(void **state)
{
    (void)state;
    assert_alias("sku=a told_by=b", 11, "a told_by=b", "", "");
    assert_alias("sku=a told_by=b told_by=c d", 11, "a told_by=b", "", "c d");
    assert_alias("sku=a told_by=b told_by=c", 1, "a", "", "b told_by=c");
}

static void words_of_no_alias_are_refused(void **state)
{
    static const struct {
        const char *words;
        int64_t size;
    } bad[] = {{"", 0},      {"sku=", 0},      {"sku=a", 0},         {"sku=a", 2},          {"sku=a", -1},
               {"SKU=a", 1}, {"sku=a b=c", 1}, {"sku=a told_by", 1}, {"sku=a told_by=", 1}, {"is=12", 1}};
    atp_alias_row_t row;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const atp_catalog_entry_t entry = told(bad[i].words, bad[i].size);
        assert_false(atp_alias_row_read(&entry, &row));
    }
}

static void assert_unit(const char *words, int64_t size, uint64_t is, uint64_t per, const char *sku,
                        const char *told_by)
{
    const atp_catalog_entry_t entry = told(words, size);
    atp_unit_row_t row;

    assert_true(atp_unit_row_read(&entry, &row));
    assert_int_equal(row.is, is);
    assert_int_equal(row.per, per);
    assert_true(atp_text_equal(row.sku, atp_text_of(sku)));
    assert_true(atp_text_equal(row.told_by, atp_text_of(told_by)));
}

static void a_unit_is_so_many_for_so_many_of_a_sku_or_all(void **state)
{
    static const char *const bad[] = {"",
                                      "is=",
                                      "is=0",
                                      "is=12 for=0",
                                      "is=12 of=a",
                                      "for=3 is=12",
                                      "is=12 sku=a",
                                      "is=12 told_by=",
                                      "is=12 told_by"};
    atp_unit_row_t row;

    (void)state;
    assert_unit("is=12", 0, 12, 1, "", "");
    assert_unit("is=1 for=3 sku=a b", 3, 1, 3, "a b", "");
    assert_unit("is=1000000000000 sku=for=3", 5, 1000000000000, 1, "for=3", "");
    assert_unit("is=12 told_by=a c", 0, 12, 1, "", "a c");
    assert_unit("is=12 sku=a told_by=b told_by=c", 11, 12, 1, "a told_by=b", "c");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const atp_catalog_entry_t entry = told(bad[i], 0);
        assert_false(atp_unit_row_read(&entry, &row));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alias_means_a_sku_or_a_node_to_somebody_or_all),
        cmocka_unit_test(ids_with_blanks_are_whole),
        cmocka_unit_test(words_of_no_alias_are_refused),
        cmocka_unit_test(a_unit_is_so_many_for_so_many_of_a_sku_or_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
