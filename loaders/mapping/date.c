#include "loaders/mapping/date.h"

/* What is left to read. */
typedef struct cursor {
    const char *at;
    uint32_t left;
} cursor_t;

static bool take_char(cursor_t *cursor, char wanted)
{
    if (cursor->left == 0 || cursor->at[0] != wanted) {
        return false;
    }
    cursor->at++;
    cursor->left--;
    return true;
}

/* Exactly `digits` digits, a number from `least` to `most`. */
static bool take_number(cursor_t *cursor, unsigned digits, int least, int most, int *ret_number)
{
    int number = 0;

    for (unsigned i = 0; i < digits; i++) {
        if (cursor->left == 0 || cursor->at[0] < '0' || cursor->at[0] > '9') {
            return false;
        }
        number = number * 10 + (cursor->at[0] - '0');
        cursor->at++;
        cursor->left--;
    }
    *ret_number = number;
    return number >= least && number <= most;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && is_leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01; the year counted from March, so that the leap day is its last. */
static int64_t day_number(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = y / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* With hyphens, or, where the text is `is_plain`, digits only. */
static bool take_day(cursor_t *cursor, bool is_plain, int64_t *ret_day)
{
    int year;
    int month;
    int day;

    if (!take_number(cursor, 4, 1970, 9999, &year) || (!is_plain && !take_char(cursor, '-')) ||
        !take_number(cursor, 2, 1, 12, &month) || (!is_plain && !take_char(cursor, '-')) ||
        !take_number(cursor, 2, 1, days_in(year, month), &day)) {
        return false;
    }
    *ret_day = day_number(year, month, day);
    return true;
}

static bool take_decimals(cursor_t *cursor, int *ret_ms)
{
    int scale = 100;

    *ret_ms = 0;
    do {
        int digit;
        if (scale == 0 || !take_number(cursor, 1, 0, 9, &digit)) {
            return false;
        }
        *ret_ms += digit * scale;
        scale /= 10;
    } while (cursor->left > 0 && cursor->at[0] != 'Z');
    return true;
}

static bool take_time(cursor_t *cursor, int64_t *ret_ms)
{
    int hour;
    int minute;
    int second = 0;
    int ms = 0;

    if (!take_number(cursor, 2, 0, 23, &hour) || !take_char(cursor, ':') ||
        !take_number(cursor, 2, 0, 59, &minute)) {
        return false;
    }
    if (take_char(cursor, ':')) {
        if (!take_number(cursor, 2, 0, 59, &second) ||
            (take_char(cursor, '.') && !take_decimals(cursor, &ms))) {
            return false;
        }
    }
    *ret_ms = ((hour * 60 + minute) * INT64_C(60) + second) * 1000 + ms;
    return true;
}

/* The time of an EDI date: nothing, HHMM or HHMMSS. */
static bool take_plain_time(cursor_t *cursor, int64_t *ret_ms)
{
    int hour = 0;
    int minute = 0;
    int second = 0;

    if (cursor->left > 0 &&
        (!take_number(cursor, 2, 0, 23, &hour) || !take_number(cursor, 2, 0, 59, &minute))) {
        return false;
    }
    if (cursor->left > 0 && !take_number(cursor, 2, 0, 59, &second)) {
        return false;
    }
    *ret_ms = ((hour * 60 + minute) * INT64_C(60) + second) * 1000;
    return cursor->left == 0;
}

bool atp_date_parse(atp_text_t text, int64_t *ret_ms)
{
    cursor_t cursor = {text.bytes, text.size};
    bool is_plain = text.size > 4 && text.bytes[4] != '-';
    int64_t day;
    int64_t ms = 0;

    if (!take_day(&cursor, is_plain, &day)) {
        return false;
    }
    if (is_plain) {
        if (!take_plain_time(&cursor, &ms)) {
            return false;
        }
    } else if (cursor.left > 0 &&
               ((!take_char(&cursor, ' ') && !take_char(&cursor, 'T')) || !take_time(&cursor, &ms))) {
        return false;
    }
    (void)take_char(&cursor, 'Z');
    if (cursor.left > 0) {
        return false;
    }
    *ret_ms = day * ATP_DAY_MS + ms;
    return true;
}
