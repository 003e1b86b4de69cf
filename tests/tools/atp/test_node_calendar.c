#include "tests/test.h"

#include "tools/atp/node_calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_time_of_the_day_is_00_00_to_24_00(void **state)
{
    static const char *const wrong[] = {
        "", "24:01", "25:00", "12:60", "12", "12:", ":30", "-1:30", "12:30x", " 9:30", "noon"};

    (void)state;
    assert_int_equal(atp_minute_of_text("00:00"), 0);
    assert_int_equal(atp_minute_of_text("9:05"), 545);
    assert_int_equal(atp_minute_of_text("14:30"), 870);
    assert_int_equal(atp_minute_of_text("24:00"), 1440);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (atp_minute_of_text(wrong[i]) >= 0) {
            fail_msg("\"%s\" is taken", wrong[i]);
        }
    }
}

static void days_of_the_week_are_a_list_with_ranges(void **state)
{
    static const char *const wrong[] = {"",     "monday",   "mon,",    ",mon", "mon-",
                                        "-mon", "mon--tue", "mon tue", "Mon",  "mon-xyz"};

    (void)state;
    assert_int_equal(atp_weekdays_of_text("sun"), 1);
    assert_int_equal(atp_weekdays_of_text("mon-fri"), 62);
    assert_int_equal(atp_weekdays_of_text("mon,wed,sat"), 2 + 8 + 64);
    assert_int_equal(atp_weekdays_of_text("sat-mon"), 64 + 1 + 2); /* over the week's end */
    assert_int_equal(atp_weekdays_of_text("mon-sun"), 127);
    assert_int_equal(atp_weekdays_of_text("tue,tue"), 4);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (atp_weekdays_of_text(wrong[i]) != 0) {
            fail_msg("\"%s\" is taken", wrong[i]);
        }
    }
}

static void write_file(const char *path, const char *head, const char *tail)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(head, file) >= 0);
    for (int i = 0; i < 200; i++) {
        assert_true(fputc(0, file) != EOF);
    }
    assert_true(fputs(tail, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void the_rule_of_a_zone_is_the_last_line_of_its_file(void **state)
{
    char path[] = "/tmp/atp-zone-XXXXXX";
    char rule[64] = "as before";
    int file = mkstemp(path);

    (void)state;
    assert_true(file >= 0 && close(file) == 0);
    write_file(path, "TZif2", "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    assert_true(atp_zone_rule_of_file(path, rule, sizeof rule));
    assert_string_equal(rule, "CET-1CEST,M3.5.0,M10.5.0/3");
    write_file(path, "text", "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    assert_false(atp_zone_rule_of_file(path, rule, sizeof rule)); /* no zoneinfo */
    write_file(path, "TZif", "CET-1");
    assert_false(atp_zone_rule_of_file(path, rule, sizeof rule)); /* cut short */
    write_file(path, "TZif2", "\n\n");
    assert_false(atp_zone_rule_of_file(path, rule, sizeof rule)); /* of no rule */
    write_file(path, "TZif2", "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    assert_false(atp_zone_rule_of_file(path, rule, 10)); /* no room */
    assert_int_equal(remove(path), 0);
    assert_false(atp_zone_rule_of_file(path, rule, sizeof rule));
    assert_false(atp_zone_rule_of_file("/tmp", rule, sizeof rule));
    assert_string_equal(rule, "CET-1CEST,M3.5.0,M10.5.0/3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_of_the_day_is_00_00_to_24_00),
        cmocka_unit_test(days_of_the_week_are_a_list_with_ranges),
        cmocka_unit_test(the_rule_of_a_zone_is_the_last_line_of_its_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
