#include "loaders/formats/format.h"

const atp_format_t *atp_format_of(atp_format_kind_t kind)
{
    static const atp_format_t *const formats[ATP_FORMAT_COUNT] = {
        [ATP_FORMAT_DELIMITED] = &atp_format_delimited,
        [ATP_FORMAT_JSON_LINES] = &atp_format_json_lines,
        [ATP_FORMAT_X12] = &atp_format_x12,
        [ATP_FORMAT_EDIFACT] = &atp_format_edifact,
        [ATP_FORMAT_IDOC] = &atp_format_idoc,
    };

    ATP_ASSERT(kind < ATP_FORMAT_COUNT);
    return formats[kind];
}
