#include "engine/base/explain.h"

#include <stddef.h>

static const struct explain_text {
    const char *name;
    const char *sentence;
    uint8_t effect;
} texts[ATP_EXPLAIN_CODE_LIMIT] = {
#define TEXT(number, NAME, name, effect, sentence) [number] = {name, sentence, ATP_EXPLAIN_##effect},
    ATP_EXPLANATIONS(TEXT)
#undef TEXT
};

const char *atp_explain_name(unsigned code)
{
    return code < ATP_EXPLAIN_CODE_LIMIT ? texts[code].name : NULL;
}

const char *atp_explain_sentence(unsigned code)
{
    return code < ATP_EXPLAIN_CODE_LIMIT ? texts[code].sentence : NULL;
}

unsigned atp_explain_effect(unsigned code)
{
    return code < ATP_EXPLAIN_CODE_LIMIT ? texts[code].effect : 0;
}
