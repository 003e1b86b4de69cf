/* What the tests of atp_ledger_check share: one field of a record is broken by hand, the invariant that no longer stands has to
 * be named by its number, and the record is mended again.
 *
 *     expect_broken(&f, atp_check_supplies, "D4", *supply, supply->pegged++);
 *
 * The functions of ledger_check_priv.h are asked one by one: an invariant that two of them would notice is seen in each. */
#ifndef ATP_TESTS_ENGINE_LEDGER_CHECK_FIXTURE_H
#define ATP_TESTS_ENGINE_LEDGER_CHECK_FIXTURE_H

#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/check/ledger_check_priv.h"

#include <string.h>

#define NOWHERE 60000u /* a record that no table of the fixture has */

typedef atp_err_t (*check_fn)(const atp_ledger_t *ledger, atp_why_t *ret_why);

/* The sentence must begin with the number. */
static inline void expect_named(const fixture_t *f, check_fn check, const char *number, const char *change)
{
    atp_why_t why = {""};
    size_t size = strlen(number);

    if (check(f->ledger, &why) != ATP_ERR_CORRUPT) {
        fail_msg("%s: %s was broken, and nobody noticed", change, number);
    }
    if (strncmp(why.text, number, size) != 0 || why.text[size] != ':') {
        fail_msg("%s: %s was broken, and what it says is: %s", change, number, why.text);
    }
}

static inline void expect_whole(const fixture_t *f, check_fn check, const char *change)
{
    atp_why_t why = {""};

    if (check(f->ledger, &why) != ATP_OK) {
        fail_msg("%s: it was mended, and still: %s", change, why.text);
    }
}

/* Breaks `object` by `change`, looks, and puts its bytes back. */
#define expect_broken(f, check, number, object, change)                                                      \
    do {                                                                                                     \
        unsigned char image[sizeof(object)];                                                                 \
        memcpy(image, &(object), sizeof(object));                                                            \
        (void)(change);                                                                                      \
        expect_named(f, check, number, #change);                                                             \
        memcpy(&(object), image, sizeof(object));                                                            \
        expect_whole(f, check, #change);                                                                     \
    } while (0)

/* The same where two records have to be broken for one invariant to be reached. */
#define expect_both_broken(f, check, number, object, change, other, change_of_other)                         \
    do {                                                                                                     \
        unsigned char image_of_other[sizeof(other)];                                                         \
        memcpy(image_of_other, &(other), sizeof(other));                                                     \
        unsigned char image[sizeof(object)];                                                                 \
        memcpy(image, &(object), sizeof(object));                                                            \
        (void)(change_of_other);                                                                             \
        (void)(change);                                                                                      \
        expect_named(f, check, number, #change ", " #change_of_other);                                       \
        memcpy(&(object), image, sizeof(object));                                                            \
        memcpy(&(other), image_of_other, sizeof(other));                                                     \
        expect_whole(f, check, #change);                                                                     \
    } while (0)

/* A table is told to be shorter or longer by its count. */
#define put_count(table, count_of_it) atp_store_relaxed(&(table)->count, (count_of_it))

/* Line of a reservation, for writing; and its number. */
static inline atp_line_t *line_to_break(const fixture_t *f, const char *id, uint16_t line)
{
    return (atp_line_t *)(uintptr_t)line_at(f, id, line);
}

static inline uint32_t line_number_of(const fixture_t *f, const char *id, uint16_t line)
{
    return (uint32_t)(line_at(f, id, line) - atp_line_at(&f->ledger->reservations, 0));
}

static inline atp_progress_t *progress_of(const fixture_t *f, const char *id, uint16_t line)
{
    return atp_progress_change(&f->ledger->reservations.progress, line_number_of(f, id, line));
}

static inline atp_reservation_t *record_of(const fixture_t *f, const char *id)
{
    return atp_reservation_at(&f->ledger->reservations, reservation_of(f, id));
}

#endif
