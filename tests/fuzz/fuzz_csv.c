/* Any bytes as delimited text. The first byte chooses dialect, limits and how the source gives the rest. Lines never
 * go back, fields stay within the limits, hold no zero byte and lie in the buffer; a second reading gives the same. */
#include "engine/base/hash.h"
#include "loaders/formats/csv.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/source.h"

#include <string.h>

static uint64_t check_record(const atp_record_t *record, const atp_csv_format_t *format, uint64_t hash)
{
    ATP_ASSERT(record->raw.size <= format->record_size_max);
    ATP_ASSERT((unsigned)record->reason < ATP_REJECT_COUNT);
    ATP_ASSERT(record->reason == ATP_REJECT_NONE ? record->field_count >= 1 : record->field_count == 0);
    for (uint32_t i = 0; i < record->field_count; i++) {
        atp_text_t field = record->fields[i];
        ATP_ASSERT(field.size <= format->field_size_max);
        ATP_ASSERT(field.size == 0 || memchr(field.bytes, '\0', field.size) == NULL); /* V3 */
        hash = atp_hash_bytes(field.bytes, field.size, hash);
    }
    return hash + record->line * 31 + record->reason;
}

static uint64_t read_all(atp_csv_t *csv, const atp_csv_format_t *format, size_t size)
{
    uint64_t hash = 0;
    uint64_t line = 0;
    atp_record_t record;

    for (;;) {
        switch (atp_csv_next(csv, &record)) {
        case ATP_RECORD_READ:
            ATP_ASSERT(record.line > line && record.line <= size + 1); /* V1 */
            line = record.line;
            hash = check_record(&record, format, hash);
            break;
        case ATP_RECORD_FILL:
            if (atp_csv_fill(csv, NULL) != ATP_OK) {
                return hash; /* UTF-16 */
            }
            break;
        case ATP_RECORD_END:
            return hash;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    source_t source = {bytes + 1, size - 1, 0, (bytes[0] & 4) != 0 ? 3 : SIZE_MAX};
    atp_csv_format_t format = {
        .delimiter = (bytes[0] & 1) != 0 ? ',' : '\t',
        .has_quotes = (bytes[0] & 2) != 0,
        .field_size_max = (bytes[0] & 8) != 0 ? 8 : 4096,
        .record_size_max = (bytes[0] & 16) != 0 ? 32 : 4096,
    };
    atp_csv_t *csv = NULL;

    ATP_ASSERT(atp_csv_create(&format, read_source, &source, &csv) == ATP_OK);
    uint64_t first = read_all(csv, &format, size);
    source.at = 0;
    source.step = 5;
    atp_csv_restart(csv);
    ATP_ASSERT(read_all(csv, &format, size) == first);
    atp_csv_destroy(csv);
    return 0;
}
