/* The ops of a fixture, kept in memory as a journal keeps them, and done again when the fixture is closed: on an empty
 * ledger, and on one restored from copies of the tables in the middle. I8: both must give the answers that were given, and
 * the state that was left. */
#ifndef ATP_TESTS_ENGINE_LEDGER_FIXTURE_JOURNAL_H
#define ATP_TESTS_ENGINE_LEDGER_FIXTURE_JOURNAL_H

#include "engine/ledger/ledger.h"

typedef struct fixture_journal fixture_journal_t;

fixture_journal_t *fixture_journal_create(const atp_ledger_config_t *config);
void fixture_journal_destroy(fixture_journal_t *journal);

/* An op that took a number. */
void fixture_journal_add(fixture_journal_t *journal, const atp_op_t *op, int64_t now_ms,
                         const atp_result_t *result);
void fixture_journal_end_frame(fixture_journal_t *journal);

/* Does them all again; fails the test that runs if `ledger` is not what comes of it. */
void fixture_journal_replay(const fixture_journal_t *journal, const atp_ledger_t *ledger);

#endif
