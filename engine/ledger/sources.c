#include "engine/ledger/sources.h"

#include <string.h>

static bool was_seen(const atp_source_record_t *source, uint64_t sequence)
{
    uint64_t bit = sequence % ATP_SOURCE_WINDOW;
    return (source->seen[bit / 64] >> (bit % 64) & 1) != 0;
}

static void note_seen(atp_source_record_t *source, uint64_t sequence, bool is_seen)
{
    uint64_t bit = sequence % ATP_SOURCE_WINDOW;
    uint64_t mask = UINT64_C(1) << (bit % 64);

    source->seen[bit / 64] = is_seen ? source->seen[bit / 64] | mask : source->seen[bit / 64] & ~mask;
}

atp_sequence_verdict_t atp_sources_look(const atp_source_record_t *source, uint64_t epoch, uint64_t sequence)
{
    if (epoch != source->epoch) {
        return epoch > source->epoch ? ATP_SEQUENCE_NEW : ATP_SEQUENCE_DUPLICATE;
    }
    if (sequence < source->low) {
        return ATP_SEQUENCE_DUPLICATE;
    }
    if (sequence > source->high) {
        return ATP_SEQUENCE_NEW;
    }
    return was_seen(source, sequence) ? ATP_SEQUENCE_DUPLICATE : ATP_SEQUENCE_NEW;
}

static void start_epoch(atp_source_record_t *source, uint64_t epoch)
{
    source->epoch = epoch;
    source->low = 1;
    source->high = 0;
    memset(source->seen, 0, sizeof source->seen);
}

/* Moves `low` to `to`, counting what was never seen on the way. */
static uint64_t give_up_below(atp_source_record_t *source, uint64_t to)
{
    uint64_t lost = 0;

    while (source->low < to && source->low <= source->high) {
        lost += was_seen(source, source->low) ? 0 : 1;
        note_seen(source, source->low, false);
        source->low++;
    }
    lost += to > source->low ? to - source->low : 0;
    source->low = to > source->low ? to : source->low;
    return lost;
}

uint64_t atp_sources_accept(atp_source_record_t *source, uint64_t epoch, uint64_t sequence)
{
    uint64_t lost = 0;

    if (epoch != source->epoch) {
        lost = atp_sources_missing(source); /* what is still on its way comes too late */
        start_epoch(source, epoch);
    }
    if (sequence >= source->low + ATP_SOURCE_WINDOW) {
        lost += give_up_below(source, sequence - ATP_SOURCE_WINDOW + 1);
    }
    note_seen(source, sequence, true);
    source->high = sequence > source->high ? sequence : source->high;
    while (source->low <= source->high && was_seen(source, source->low)) {
        note_seen(source, source->low, false);
        source->low++;
    }
    source->batches++;
    source->lost += lost;
    return lost;
}

uint64_t atp_sources_missing(const atp_source_record_t *source)
{
    uint64_t missing = 0;

    if (source->epoch == 0) {
        return 0; /* nothing came yet */
    }
    for (uint64_t sequence = source->low; sequence <= source->high; sequence++) {
        missing += was_seen(source, sequence) ? 0 : 1;
    }
    return missing;
}
