#include "tools/atpd/facts/heard.h"

bool atp_heard_went_back(const atp_heard_t *heard, uint64_t source, uint64_t epoch, uint64_t sequence)
{
    uint64_t i = source % ATP_HEARD_MAX;
    bool is_earlier = heard->slots[i].source == source && epoch < heard->slots[i].epoch;
    bool was_heard = epoch == heard->slots[i].epoch_before && sequence <= heard->slots[i].sequence_before;

    return is_earlier && !was_heard;
}

static void begin_epoch(atp_heard_t *heard, uint64_t source, uint64_t epoch, uint64_t sequence)
{
    uint64_t i = source % ATP_HEARD_MAX;
    bool is_known = heard->slots[i].source == source;

    heard->slots[i].epoch_before = is_known ? heard->slots[i].epoch : 0;
    heard->slots[i].sequence_before = is_known ? heard->slots[i].sequence : 0;
    heard->slots[i].source = source;
    heard->slots[i].epoch = epoch;
    heard->slots[i].sequence = sequence;
}

uint64_t atp_heard_note(atp_heard_t *heard, uint64_t source, uint64_t epoch, uint64_t sequence)
{
    uint64_t i = source % ATP_HEARD_MAX;
    uint64_t before = heard->slots[i].sequence;

    if (heard->slots[i].source != source || epoch > heard->slots[i].epoch) {
        begin_epoch(heard, source, epoch, sequence);
        return 0;
    }
    if (epoch < heard->slots[i].epoch || sequence <= before) {
        return 0;
    }
    heard->slots[i].sequence = sequence;
    return sequence > before + 1 ? before : 0;
}
