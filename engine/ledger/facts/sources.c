#include "engine/ledger/facts/sources.h"

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

static void pass_over_seen(atp_source_record_t *source)
{
    while (source->low <= source->high && was_seen(source, source->low)) {
        note_seen(source, source->low, false);
        source->low++;
    }
}

/* Brings the window to where the batch can be noted, unless its source keeps what is missing. Returns what is lost. */
static uint64_t make_way(atp_source_record_t *source, const atp_op_source_t *numbers)
{
    uint64_t lost = 0;

    if (numbers->epoch != source->epoch) {
        lost = atp_sources_missing(source); /* what is still on its way comes too late */
        start_epoch(source, numbers->epoch);
    }
    if (numbers->kept_from > source->low) {
        lost += give_up_below(source, numbers->kept_from);
        pass_over_seen(source);
    } else if (numbers->kept_from == 0 && numbers->sequence >= source->low + ATP_SOURCE_WINDOW) {
        lost += give_up_below(source, numbers->sequence - ATP_SOURCE_WINDOW + 1);
    }
    return lost;
}

static bool is_applied(const atp_source_record_t *source, const atp_op_source_t *numbers)
{
    if (numbers->epoch != source->epoch) {
        return numbers->epoch < source->epoch;
    }
    return numbers->sequence < source->low ||
           (numbers->sequence <= source->high && was_seen(source, numbers->sequence));
}

atp_sequence_verdict_t atp_sources_look(const atp_source_record_t *source, const atp_op_source_t *numbers)
{
    if (is_applied(source, numbers)) {
        return ATP_SEQUENCE_DUPLICATE;
    }
    if (numbers->kept_from == 0) {
        return ATP_SEQUENCE_NEW;
    }
    atp_source_record_t moved = *source;
    (void)make_way(&moved, numbers);
    bool is_beyond = numbers->sequence - moved.low >= ATP_SOURCE_WINDOW;
    bool must_wait = moved.low <= numbers->after;
    return is_beyond || must_wait ? ATP_SEQUENCE_OUT_OF_ORDER : ATP_SEQUENCE_NEW;
}

uint64_t atp_sources_accept(atp_source_record_t *source, const atp_op_source_t *numbers)
{
    uint64_t lost = make_way(source, numbers);

    note_seen(source, numbers->sequence, true);
    source->high = numbers->sequence > source->high ? numbers->sequence : source->high;
    pass_over_seen(source);
    source->batches++;
    source->lost += lost;
    return lost;
}

void atp_sources_note_gap(atp_source_record_t *source, const atp_op_source_t *numbers, uint64_t epoch,
                          uint64_t low, int64_t now_ms)
{
    if (source->low > source->high || numbers->kept_from != 0) {
        source->gap_ms = 0;
    } else if (source->gap_ms == 0 || source->epoch != epoch || source->low != low) {
        source->gap_ms = now_ms;
    }
}

uint64_t atp_sources_give_up_gap(atp_source_record_t *source, int64_t now_ms)
{
    uint64_t lost = 0;

    while (source->low <= source->high && !was_seen(source, source->low)) {
        source->low++;
        lost++;
    }
    pass_over_seen(source);
    source->lost += lost;
    source->gap_ms = source->low <= source->high ? now_ms : 0;
    return lost;
}

bool atp_sources_next_gap(const atp_source_record_t *source, uint64_t from, uint64_t *ret_first,
                          uint64_t *ret_last)
{
    uint64_t first = from > source->low ? from : source->low;

    while (first <= source->high && was_seen(source, first)) {
        first++;
    }
    if (source->epoch == 0 || first > source->high) {
        return false;
    }
    uint64_t last = first;
    while (last < source->high && !was_seen(source, last + 1)) {
        last++;
    }
    *ret_first = first;
    *ret_last = last;
    return true;
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
