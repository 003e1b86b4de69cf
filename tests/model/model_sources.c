/* Which numbered batches of a source are new, come too early, or are lost. */
#include "tests/model/model.h"

static bool was_seen(const model_source_t *source, uint64_t sequence)
{
    for (uint32_t i = 0; i < source->seen_count; i++) {
        if (source->seen[i] == sequence) {
            return true;
        }
    }
    return false;
}

static uint64_t seen_below(const model_source_t *source, uint64_t limit)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < source->seen_count; i++) {
        count += source->seen[i] < limit;
    }
    return count;
}

static void drop_below(model_source_t *source, uint64_t low)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < source->seen_count; i++) {
        if (source->seen[i] >= low) {
            source->seen[kept++] = source->seen[i];
        }
    }
    source->seen_count = kept;
    source->low = low;
}

/* Gives up what is below `low`; returns how many will never be seen. */
static uint64_t give_up(model_source_t *source, uint64_t low)
{
    uint64_t lost = low - source->low - seen_below(source, low);

    drop_below(source, low);
    return lost;
}

static void pass_over_seen(model_source_t *source)
{
    while (was_seen(source, source->low)) {
        drop_below(source, source->low + 1);
    }
}

/* Begins the epoch, and passes over what the source has no more. */
static uint64_t make_way(model_source_t *source, const model_numbers_t *numbers)
{
    uint64_t lost = 0;

    if (numbers->epoch != source->epoch) {
        if (source->epoch != 0 && source->high >= source->low) {
            lost = source->high - source->low + 1 - source->seen_count;
        }
        source->epoch = numbers->epoch;
        source->seen_count = 0;
        source->low = 1;
        source->high = 0;
    }
    if (numbers->kept_from > source->low) {
        lost += give_up(source, numbers->kept_from);
        pass_over_seen(source);
    }
    return lost;
}

/* Notes a new number; returns how many will never be seen. */
uint64_t model_accept_batch(model_source_t *source, const model_numbers_t *numbers)
{
    uint64_t sequence = numbers->sequence;
    uint64_t lost = make_way(source, numbers);

    if (numbers->kept_from == 0 && sequence >= source->low + 1024) {
        lost += give_up(source, sequence - 1023);
    }
    source->seen[source->seen_count++] = sequence;
    source->high = sequence > source->high ? sequence : source->high;
    pass_over_seen(source);
    source->lost += lost;
    return lost;
}

/* Whether the batch has to wait for others, which its source sends again. */
static bool must_wait(const model_source_t *source, const model_numbers_t *numbers)
{
    static model_source_t moved;

    if (numbers->kept_from == 0) {
        return false;
    }
    moved = *source;
    (void)make_way(&moved, numbers);
    if (numbers->sequence >= moved.low + 1024) {
        return true;
    }
    for (uint64_t below = moved.low; below <= numbers->after; below++) {
        if (!was_seen(&moved, below)) {
            return true;
        }
    }
    return false;
}

/* applied: it is new. */
atp_verdict_t model_look_at_batch(const model_source_t *source, const model_numbers_t *numbers)
{
    uint64_t sequence = numbers->sequence;

    if (numbers->epoch == 0 || sequence == 0 || numbers->epoch > INT64_MAX || sequence > INT64_MAX ||
        numbers->kept_from > sequence || numbers->after >= sequence) {
        return ATP_SEQUENCE_INVALID;
    }
    if (numbers->epoch < source->epoch ||
        (numbers->epoch == source->epoch && (sequence < source->low || was_seen(source, sequence)))) {
        return ATP_DUPLICATE_IGNORED;
    }
    return must_wait(source, numbers) ? ATP_OUT_OF_ORDER : ATP_APPLIED;
}
