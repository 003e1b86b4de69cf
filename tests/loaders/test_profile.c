#include "tests/loaders/support.h"

#include "loaders/mapping/profile_priv.h"

/* A good profile in parts, so that a test can put something else in the place of one. */
#define HEAD    "version: 1\nname: test\nloads: positions\nbasis: on_hand\n"
#define FORMAT  "format:\n  delimiter: tab\n  header: true\n"
#define COLUMNS "columns:\n  sku: SKU\n  node: Node\n  on_hand: Qty\n"

static atp_err_t parse(const char *yaml, atp_why_t *ret_why)
{
    atp_profile_t *profile = NULL;
    atp_err_t err = atp_profile_parse(atp_text_of(yaml), "p.yaml", &profile, ret_why);

    atp_profile_destroy(profile);
    return err;
}

static void refuse(const char *yaml, const char *place_and_reason)
{
    atp_why_t why = {""};

    assert_int_equal(parse(yaml, &why), ATP_ERR_INVALID);
    assert_text_in(why.text, place_and_reason);
}

static void a_small_profile_is_enough(void **state)
{
    atp_profile_t *profile = NULL;
    atp_why_t why = {""};

    (void)state;
    assert_int_equal(atp_profile_parse(atp_text_of(HEAD FORMAT COLUMNS), "p.yaml", &profile, &why), ATP_OK);
    assert_string_equal(atp_profile_name(profile), "test");
    assert_string_equal(atp_profile_description(profile), "");
    assert_int_equal(atp_profile_loads(profile), ATP_LOADS_POSITIONS);
    assert_true(atp_profile_max_bad_share(profile) <= 0.0);
    assert_false(atp_profile_csv_format(&profile->format).has_quotes); /* tab-separated */
    atp_profile_destroy(profile);
}

static void every_shipped_profile_loads_by_its_name(void **state)
{
    size_t count = 0;

    (void)state;
    for (const char *name; (name = atp_profile_shipped_name(count)) != NULL; count++) {
        atp_profile_t *profile = NULL;
        atp_why_t why = {""};
        assert_int_equal(atp_profile_load(name, &profile, &why), ATP_OK);
        assert_string_equal(atp_profile_name(profile), name);
        assert_true(strlen(atp_profile_description(profile)) > 10);
        atp_profile_destroy(profile);
    }
    assert_int_equal(count, 23);
}

#define FACTS                                                                                                \
    "version: 1\nname: test\nloads: facts\n" FORMAT                                                          \
    "columns:\n  event: Id\n  sku: SKU\n  node: Node\n  quantity: Qty\n  status: What\n"

static void a_load_of_facts_says_what_happened(void **state)
{
    atp_why_t why = {""};

    (void)state;
    assert_int_equal(parse(FACTS "facts:\n  - {status: S, fact: sale}\n", &why), ATP_OK);
    assert_int_equal(parse(FACTS "zero_quantity: skip\nfacts:\n"
                                 "  - {status: S, fact: adjust_up, negative: adjust_down}\n",
                           &why),
                     ATP_OK);
    refuse(FACTS "facts:\n  - {status: S, fact: sale, negative: on_hand}\n", "p.yaml:");
    refuse(HEAD FORMAT COLUMNS "zero_quantity: skip\n", "zero_quantity: is for facts");
    refuse(FACTS, "facts: are what a load of facts needs");
    refuse(FACTS "facts:\n  - {status: S, fact: sale}\n  - {status: S, fact: skip}\n", "the same status");
    refuse(FACTS "facts:\n  - {status: S, fact: on_hand}\n", "p.yaml:");
    refuse(FACTS "facts:\n  - {status: S, fact: sale}\nbuckets:\n  - {status: S, bucket: skip}\n",
           "buckets: have no meaning for facts");
    refuse(HEAD FORMAT COLUMNS "facts:\n  - {status: S, fact: sale}\n", "no other load has");
}

static void a_profile_is_found_by_path_too(void **state)
{
    atp_profile_t *profile = NULL;
    atp_why_t why = {""};

    (void)state;
    assert_int_equal(atp_profile_load(ATP_SOURCE_FOLDER "/loaders/profiles/native.yaml", &profile, &why),
                     ATP_OK);
    atp_profile_destroy(profile);
    assert_int_equal(atp_profile_load("nowhere.yaml", &profile, &why), ATP_ERR_NOT_FOUND);
    assert_text_in(why.text, "nowhere.yaml");
    assert_int_equal(atp_profile_load("no-such", &profile, &why), ATP_ERR_NOT_FOUND);
    assert_text_in(why.text, "there are native, ");
    assert_text_in(why.text, " more. A file");
    assert_int_equal(atp_profile_load("/tmp/", &profile, &why), ATP_ERR_IO);
}

static void an_unknown_key_is_named_with_its_own_line(void **state)
{
    (void)state;
    refuse(HEAD FORMAT "  hedaer: true\n" COLUMNS, "p.yaml:8: unknown key 'hedaer'");
    refuse(HEAD FORMAT COLUMNS "  qty: Q\n", "p.yaml:12: unknown key 'qty'");
    refuse(HEAD FORMAT COLUMNS "\n\nfoo: 1\n", "p.yaml:14: unknown key 'foo'");
    refuse(HEAD FORMAT COLUMNS "skip:\n  - {column: A, equal: 3}\n", "p.yaml:13: unknown key 'equal'");
}

static void a_key_given_twice_is_named(void **state)
{
    (void)state;
    refuse(HEAD FORMAT "  delimiter: tab\n" COLUMNS, "p.yaml:8: key 'delimiter' is there twice");
}

static void a_missing_key_is_named(void **state)
{
    (void)state;
    refuse("version: 1\nname: x\nloads: positions\nbasis: on_hand\n" COLUMNS, "format");
    refuse("name: x\nloads: positions\n" FORMAT COLUMNS, "version");
    refuse("version: 1\nname: x\nloads: positions\n" FORMAT COLUMNS, "basis: is needed");
    refuse(HEAD FORMAT "columns:\n  sku: SKU\n  node: N\n", "on_hand: is needed");
    refuse(HEAD FORMAT "columns:\n  sku: SKU\n  on_hand: Q\n", "node: is needed");
}

static void values_out_of_their_range_are_refused(void **state)
{
    (void)state;
    refuse("version: 2\nname: x\nloads: positions\nbasis: on_hand\n" FORMAT COLUMNS,
           "p.yaml:1: version: must be 1");
    refuse("version: 1\nname: x\nloads: shoes\n" FORMAT COLUMNS, "p.yaml:3");
    refuse("version: 1\nname: x\nloads: positions\nbasis: promised\n" FORMAT COLUMNS, "p.yaml:4");
    refuse(HEAD "format:\n  header: maybe\n" COLUMNS, "p.yaml:6");
    refuse(HEAD "format:\n  kind: json_lines\n  header: true\n" COLUMNS, "are for delimited text only");
    refuse(HEAD "format:\n  kind: xml\n" COLUMNS, "p.yaml:6");
    refuse(HEAD "format:\n  kind: x12\n" COLUMNS, "document: is needed");
    refuse(HEAD "format:\n  kind: edifact\n  document: \"846\"\n" COLUMNS, "one of INVRPT, DESADV");
    refuse(HEAD "format:\n  kind: json_lines\n  document: \"846\"\n" COLUMNS,
           "is for x12, edifact and idoc only");
    refuse(HEAD "format:\n  delimiter: ab\n" COLUMNS, "p.yaml:6: delimiter");
    refuse(HEAD "format:\n  delimiter: '\"'\n" COLUMNS, "p.yaml:6: delimiter");
    refuse(HEAD "format:\n  decimal_sign: '5'\n" COLUMNS, "p.yaml:6: decimal_sign");
    refuse(HEAD "format:\n  thousands_sign: .\n" COLUMNS, "thousands_sign: must differ");
    refuse(HEAD "format:\n  field_size_max: 2000000\n" COLUMNS, "p.yaml:6: field_size_max");
    refuse(HEAD FORMAT COLUMNS "max_bad_share: 1.5\n", "p.yaml:12: max_bad_share: must be from 0 to 1");
    refuse(HEAD FORMAT COLUMNS "feed: {max_zeroed: 1.5}\n", "max_zeroed: must be from 0 to 1");
    refuse(HEAD FORMAT COLUMNS "feed: {max_change: -1}\n", "max_change: must be from 0 to 1");
    refuse(HEAD FORMAT COLUMNS "max_bad_share: nan\n", "max_bad_share: must be from 0 to 1");
    refuse(HEAD FORMAT COLUMNS "max_bad_share: -0.1\n", "max_bad_share: must be from 0 to 1");
    refuse(HEAD "format:\n  header: false\n" COLUMNS, "sku: must be a column number");
    refuse(HEAD "format:\n  header: false\ncolumns: {sku: 1, node: 0, on_hand: 3}\n",
           "node: must be a column number");
    refuse(HEAD FORMAT "columns: {sku: '', node: N, on_hand: Q}\n", "sku: names no column");
}

static void rules_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    refuse(HEAD FORMAT COLUMNS "constants: {node: MAIN}\n", "node: has both");
    refuse(HEAD FORMAT COLUMNS "sum: {on_hand: [A, B]}\n", "sum: and columns");
    refuse(HEAD FORMAT COLUMNS "  status: S\n", "status: needs buckets");
    refuse(HEAD FORMAT COLUMNS "buckets: [{status: '1', bucket: on_hand}]\n", "buckets: need a status");
    refuse(HEAD FORMAT COLUMNS
           "  status: S\nbuckets: [{status: a, bucket: skip}, {status: a, bucket: on_hand}]\n",
           "buckets: two say");
    refuse(HEAD FORMAT COLUMNS "skip:\n  - {column: A}\n", "skip: each rule");
    refuse(HEAD FORMAT COLUMNS "skip:\n  - {column: A, equals: 1, empty: true}\n", "skip: each rule");
    refuse(HEAD FORMAT COLUMNS "translate: {sku: nothing}\n",
           "sku: is translated by a lookup that is not listed");
    refuse(HEAD FORMAT COLUMNS "safety_spread: by_stock\n", "safety_spread");
    refuse(HEAD FORMAT COLUMNS "  state: S\n", "state: has no meaning");
    refuse("version: 1\nname: x\nloads: skus\n" FORMAT "columns: {sku: S}\nduplicates: sum\n", "duplicates");
}

static void a_lookup_file_lies_beside_the_data(void **state)
{
    (void)state;
    refuse(HEAD FORMAT COLUMNS "lookups: [{name: a, file: /etc/passwd, key: k, value: v}]\n",
           "file: must be a relative");
    refuse(HEAD FORMAT COLUMNS "lookups: [{name: a, file: ../x, key: k, value: v}]\n",
           "file: must be a relative");
    refuse(HEAD FORMAT COLUMNS
           "lookups:\n  - {name: a, file: x, key: k, value: v}\n  - {name: a, file: y, key: k, "
           "value: v}\n",
           "two lookups");
}

static void yaml_that_would_multiply_or_hide_is_refused(void **state)
{
    char large[ATP_PROFILE_SIZE_MAX + 2];
    atp_why_t why = {""};
    atp_profile_t *profile = NULL;

    (void)state;
    refuse("", "the profile is empty");
    refuse("- 1\n", "p.yaml:1");
    refuse(HEAD "format: [\n", "p.yaml:5");
    refuse(HEAD FORMAT COLUMNS "---\nversion: 1\n", "documents");
    refuse("version: 1\nname: &a x\ndescription: *a\nloads: positions\n" FORMAT COLUMNS, "alias");
    memset(large, '#', sizeof large);
    assert_int_equal(atp_profile_parse((atp_text_t){large, sizeof large}, "p.yaml", &profile, &why),
                     ATP_ERR_INVALID);
    assert_text_in(why.text, "at most 65536 bytes");
    assert_int_equal(atp_profile_parse((atp_text_t){"a: \0", 4}, "p.yaml", &profile, &why), ATP_ERR_INVALID);
    assert_text_in(why.text, "zero byte");
}

/* Every prefix and every change of one byte of a good profile is taken or refused, with a sentence. */
static void no_damage_to_a_profile_goes_unanswered(void **state)
{
    static const char good[] =
        HEAD FORMAT COLUMNS "skip:\n  - {column: A, one_of: [a, b]}\nmax_bad_share: 0.5\n";
    char yaml[sizeof good];
    uint64_t seed = 3;

    (void)state;
    for (size_t i = 0; i < sizeof good - 1; i++) {
        atp_why_t why = {""};
        memcpy(yaml, good, sizeof good);
        yaml[i] = (char)(1 + test_random(&seed) % 127);
        atp_err_t err = parse(yaml, &why);
        assert_true(err == ATP_OK || (err == ATP_ERR_INVALID && strncmp(why.text, "p.yaml", 6) == 0));
        memcpy(yaml, good, i);
        yaml[i] = '\0';
        err = parse(yaml, &why);
        assert_true(err == ATP_OK || (err == ATP_ERR_INVALID && strncmp(why.text, "p.yaml", 6) == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_profile_is_enough),
        cmocka_unit_test(every_shipped_profile_loads_by_its_name),
        cmocka_unit_test(a_load_of_facts_says_what_happened),
        cmocka_unit_test(a_profile_is_found_by_path_too),
        cmocka_unit_test(an_unknown_key_is_named_with_its_own_line),
        cmocka_unit_test(a_key_given_twice_is_named),
        cmocka_unit_test(a_missing_key_is_named),
        cmocka_unit_test(values_out_of_their_range_are_refused),
        cmocka_unit_test(rules_that_contradict_each_other_are_refused),
        cmocka_unit_test(a_lookup_file_lies_beside_the_data),
        cmocka_unit_test(yaml_that_would_multiply_or_hide_is_refused),
        cmocka_unit_test(no_damage_to_a_profile_goes_unanswered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
