/* Errors: every one has a name, and a failure is told in one bounded sentence. */
#include "engine/base/err.h"
#include "tests/test.h"

#include <ctype.h>
#include <string.h>

static void every_error_has_a_name_of_its_own(void **state)
{
    (void)state;

    for (unsigned err = 0; err < ATP_ERR_COUNT; err++) {
        const char *name = atp_err_name((atp_err_t)err);
        assert_non_null(name);
        assert_int_not_equal(name[0], '\0');
        for (const char *c = name; *c != '\0'; c++) {
            assert_true(islower((unsigned char)*c) || *c == '_');
        }
        for (unsigned other = 0; other < err; other++) {
            assert_string_not_equal(name, atp_err_name((atp_err_t)other));
        }
    }
    assert_string_equal(atp_err_name(ATP_ERR_NO_SPACE), "no_space");
}

static void a_number_that_is_no_error_is_a_bug(void **state)
{
    (void)state;

    assert_aborts((void)atp_err_name(ATP_ERR_COUNT));
    assert_aborts((void)atp_err_name((atp_err_t)-1));
}

static void a_failure_is_one_statement(void **state)
{
    atp_why_t why = {""};
    (void)state;

    assert_int_equal(atp_fail(&why, ATP_ERR_IO, "%s: write of %d bytes failed", "segment 7", 512),
                     ATP_ERR_IO);
    assert_string_equal(why.text, "segment 7: write of 512 bytes failed");
}

static void nobody_has_to_ask_why(void **state)
{
    (void)state;

    assert_int_equal(atp_fail(NULL, ATP_ERR_LOCKED, "%s", "not read"), ATP_ERR_LOCKED);
}

static void a_long_reason_is_cut_and_terminated(void **state)
{
    char lengthy[1024];
    struct {
        atp_why_t why;
        char after[8];
    } guarded = {{""}, "intact"};
    (void)state;

    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    assert_int_equal(atp_fail(&guarded.why, ATP_ERR_FORMAT, "%s", lengthy), ATP_ERR_FORMAT);
    assert_int_equal(strlen(guarded.why.text), sizeof guarded.why.text - 1);
    assert_string_equal(guarded.after, "intact");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_of_its_own),
        cmocka_unit_test(a_number_that_is_no_error_is_a_bug),
        cmocka_unit_test(a_failure_is_one_statement),
        cmocka_unit_test(nobody_has_to_ask_why),
        cmocka_unit_test(a_long_reason_is_cut_and_terminated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
