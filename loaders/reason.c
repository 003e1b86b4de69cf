#include "loaders/reason.h"

#include <stddef.h>

static const struct {
    const char *code;
    const char *sentence;
} reasons[ATP_REJECT_COUNT] = {
#define ATP_REASON_ROW(NAME, code, sentence) [ATP_REJECT_##NAME] = {code, sentence},
    ATP_REASONS_OF_REJECT(ATP_REASON_ROW)
#undef ATP_REASON_ROW
};

const char *atp_reject_code(unsigned reason)
{
    return reason < ATP_REJECT_COUNT ? reasons[reason].code : NULL;
}

const char *atp_reject_sentence(unsigned reason)
{
    return reason < ATP_REJECT_COUNT ? reasons[reason].sentence : NULL;
}
