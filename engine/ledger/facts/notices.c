#include "engine/ledger/facts/notices.h"

void atp_notices_add(atp_notices_t *notices, const atp_notice_t *notice)
{
    uint64_t number = atp_load_relaxed(&notices->newest) + 1;
    atp_notice_record_t *record = &notices->records[number % ATP_NOTICES_KEPT];

    atp_store_relaxed(&record->number, (uint64_t)0);
    /* NOTICE-W1 (release fence) pairs with NOTICE-R2. Orders: number 0 before the fields. Without it a reader takes fields of this
     * notice under the number of the one that stood there. */
    atp_fence_release();
    atp_store_relaxed(&record->op, notice->op);
    atp_store_relaxed(&record->exception, notice->number);
    atp_store_relaxed(&record->source, notice->source);
    atp_store_relaxed(&record->what, notice->what);
    atp_store_relaxed(&record->kind, notice->kind);
    atp_store_relaxed(&record->owner, notice->owner);
    /* NOTICE-W2 (release) pairs with NOTICE-R1. Orders: the fields before the number. Without it a reader takes the number with
     * fields of the notice before. */
    atp_store_release(&record->number, number);
    atp_store_release(&notices->newest, number);
}

uint64_t atp_notices_newest(const atp_notices_t *notices)
{
    /* Acquire pairs with the release in add: the record is there before its number is known. */
    return atp_load_acquire(&((atp_notices_t *)(uintptr_t)notices)->newest);
}

bool atp_notices_read(const atp_notices_t *notices, uint64_t number, atp_notice_t *ret_notice)
{
    atp_notice_record_t *record = &((atp_notices_t *)(uintptr_t)notices)->records[number % ATP_NOTICES_KEPT];
    uint64_t before = atp_load_acquire(&record->number); /* NOTICE-R1 */

    *ret_notice = (atp_notice_t){.op = atp_load_relaxed(&record->op),
                                 .number = atp_load_relaxed(&record->exception),
                                 .source = atp_load_relaxed(&record->source),
                                 .what = atp_load_relaxed(&record->what),
                                 .kind = atp_load_relaxed(&record->kind),
                                 .owner = atp_load_relaxed(&record->owner)};
    atp_fence_acquire(); /* NOTICE-R2 */
    return number != 0 && before == number && atp_load_relaxed(&record->number) == number;
}
