#include "engine/base/verdict.h"

#include <stddef.h>

static const struct verdict_text {
    const char *name;
    const char *sentence;
} verdict_texts[ATP_VERDICT_LIMIT] = {
#define VERDICT_TEXT(number, NAME, name, sentence) [number] = {name, sentence},
    ATP_VERDICTS(VERDICT_TEXT)
#undef VERDICT_TEXT
};

const char *atp_verdict_name(unsigned verdict)
{
    return verdict < ATP_VERDICT_LIMIT ? verdict_texts[verdict].name : NULL;
}

const char *atp_verdict_sentence(unsigned verdict)
{
    return verdict < ATP_VERDICT_LIMIT ? verdict_texts[verdict].sentence : NULL;
}
