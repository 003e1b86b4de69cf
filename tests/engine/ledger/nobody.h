/* A ledger that knows no names: ops encoded against it carry them as text. Set-up and tear-down of a cmocka group. */
#ifndef ATP_TESTS_ENGINE_LEDGER_NOBODY_H
#define ATP_TESTS_ENGINE_LEDGER_NOBODY_H

#include "engine/ledger/ledger.h"

static atp_ledger_t *nobody;

static inline int create_nobody(void **state)
{
    atp_ledger_config_t config = atp_ledger_config_default();

    (void)state;
    config.positions = config.reservations = config.lines = config.outcomes = config.exceptions = 4;
    config.string_bytes = 4096;
    return atp_ledger_create(&config, &nobody, NULL) == ATP_OK ? 0 : -1;
}

static inline int destroy_nobody(void **state)
{
    (void)state;
    atp_ledger_destroy(nobody);
    return 0;
}

#endif
