#include "engine/ledger/facts/fates.h"

void atp_fates_keep(atp_fates_t *fates, const atp_fate_t *fate)
{
    uint64_t place = fates->heads->newest++;

    if (place < fates->ring.capacity) {
        atp_table_append(&fates->ring, 1);
    }
    atp_fate_t *record = atp_table_change(&fates->ring, place % fates->ring.capacity);
    *record = *fate;
}

uint64_t atp_fates_kept(const atp_fates_t *fates)
{
    uint64_t newest = fates->heads->newest;

    return newest < fates->ring.capacity ? newest : fates->ring.capacity;
}

const atp_fate_t *atp_fates_at(const atp_fates_t *fates, uint64_t i)
{
    uint64_t oldest = fates->heads->newest - atp_fates_kept(fates);

    return atp_table_at(&fates->ring, (oldest + i) % fates->ring.capacity);
}

const atp_fate_t *atp_fates_find(const atp_fates_t *fates, uint64_t op)
{
    uint64_t from = 0;
    uint64_t to = atp_fates_kept(fates);

    while (from < to) {
        uint64_t middle = from + (to - from) / 2;
        const atp_fate_t *fate = atp_fates_at(fates, middle);
        if (fate->op == op) {
            return fate;
        }
        from = fate->op < op ? middle + 1 : from;
        to = fate->op < op ? to : middle;
    }
    return NULL;
}
