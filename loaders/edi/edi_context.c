#include "loaders/edi/edi_context.h"

#include <string.h>

uint8_t atp_edi_context_level(const atp_edi_context_t *context)
{
    return context->count == 0 ? 0 : context->kept[context->count - 1].level;
}

void atp_edi_context_end(atp_edi_context_t *context, uint8_t level)
{
    while (context->count > 0 && context->kept[context->count - 1].level >= level) {
        context->count--;
        context->size -= context->kept[context->count].raw.size;
    }
}

bool atp_edi_context_add(atp_edi_context_t *context, const atp_edi_segment_t *segment, uint8_t level)
{
    if (context->count == ATP_EDI_CONTEXT_COUNT_MAX ||
        segment->raw.size > ATP_EDI_CONTEXT_SIZE_MAX - context->size) {
        return false;
    }
    char *text = context->texts + context->size;
    memcpy(text, segment->raw.bytes, segment->raw.size);
    context->kept[context->count] = (atp_edi_kept_t){
        .raw = {text, segment->raw.size},
        .tag = {text, segment->tag.size},
        .level = level != 0 ? level : atp_edi_context_level(context),
        .begins = level != 0,
        .number = segment->number,
        .line = segment->line,
    };
    context->size += segment->raw.size;
    context->count++;
    return true;
}

int atp_edi_context_find(const atp_edi_context_t *context, const atp_edi_signs_t *signs, atp_text_t tag,
                         atp_text_t qualifier)
{
    for (uint32_t i = context->count; i-- > 0;) {
        const atp_edi_kept_t *kept = &context->kept[i];
        if (atp_text_equal(kept->tag, tag) &&
            (qualifier.size == 0 || atp_text_equal(atp_edi_element(kept->raw, signs, 1, 1), qualifier))) {
            return (int)i;
        }
    }
    return -1;
}
