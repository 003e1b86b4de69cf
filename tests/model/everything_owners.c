/* Who settles exceptions: each that is not settled is that of the first rule that fits it, and is overdue when it should be. Looked
 * at one by one, without the lists that the ledger keeps. */
#include "tests/model/everything.h"

#include "engine/ledger/facts/exception_owners.h"

static bool fits(const atp_exception_owner_t *owner, const atp_exception_t *exception)
{
    bool is_of_source = owner->source_count == 0;

    for (unsigned i = 0; i < owner->source_count; i++) {
        is_of_source = is_of_source || owner->sources[i] + 1 == exception->source;
    }
    return is_of_source && !owner->is_dropped &&
           (owner->kinds == 0 || (owner->kinds & UINT64_C(1) << exception->kind) != 0);
}

static uint32_t expected_owner(const atp_exceptions_t *exceptions, const atp_exception_t *exception)
{
    uint32_t found = 0;

    for (uint32_t order = 0; order <= UINT16_MAX && found == 0; order++) {
        for (uint32_t i = 0; i < atp_table_count(&exceptions->owners) && found == 0; i++) {
            const atp_exception_owner_t *owner = atp_exception_owner(exceptions, i);
            found = owner->order == order && fits(owner, exception) ? i + 1 : 0;
        }
        order = order == 8 ? UINT16_MAX - 1 : order; /* those that are drawn */
    }
    return found;
}

bool owners_after(bench_t *bench)
{
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(bench->ledger);
    uint64_t count = atp_table_count(&exceptions->records);
    atp_ledger_counts_t counts;
    bool asks_places =
        atp_exception_owners_ask_places(exceptions); /* tests/engine/ledger/facts/test_owners.c */

    atp_ledger_counts(bench->ledger, &counts);
    for (uint64_t i = 0; i < count && exceptions->heads->owning_at == 0; i++) {
        const atp_exception_t *exception = atp_table_at(&exceptions->records, i);
        bool is_settled = exception->state != ATP_EXCEPTION_OPEN && exception->state != ATP_EXCEPTION_PARKED;
        if (is_settled) {
            continue;
        }
        if (!asks_places && exception->owner != expected_owner(exceptions, exception)) {
            return bench_fail(bench, "exception %llu is owner %u's, not %u's",
                              (unsigned long long)exception->number, exception->owner,
                              expected_owner(exceptions, exception));
        }
        bool is_late = atp_exception_due_ms(exceptions, exception) <= counts.time_ms;
        if (exception->is_overdue ? !is_late : is_late && bench->act->kind == ATP_OP_PULSE) {
            return bench_fail(bench, "exception %llu is %soverdue", (unsigned long long)exception->number,
                              exception->is_overdue ? "" : "not ");
        }
    }
    return true;
}
