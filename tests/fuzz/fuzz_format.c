/* Any bytes as a file of the formats that find records by themselves: JSON lines, X12, EDIFACT, IDoc. The first byte chooses the
 * format and how the source gives the rest. Fields stay within the window; a second reading, in other steps, gives the
 * same records and ends the same way. What acknowledges an EDI file is read by the same reader without fault. */
#include "engine/base/hash.h"
#include "loaders/edi/edi_document.h"
#include "loaders/formats/format.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMATS 7

static const struct {
    atp_format_kind_t kind;
    char document[12];
    const char *columns[6];
} chosen[FORMATS] = {
    {ATP_FORMAT_JSON_LINES, "", {"sku", "node", "on_hand", "a.b"}},
    {ATP_FORMAT_X12, "846", {"LIN[VN]", "N1:WH.4", "QTY.1", "QTY.2", "ISA.13+ST.2"}},
    {ATP_FORMAT_X12, "852", {"LIN[UP]|LIN[VN]", "SDQ.store", "SDQ.quantity|ZA.2", "ZA.1", "SDQ.unit|ZA.3"}},
    {ATP_FORMAT_X12, "856", {"BSN.2+HL.1", "LIN[VN]", "SN1.2", "DTM:017.2", "SN1.3"}},
    {ATP_FORMAT_EDIFACT, "INVRPT", {"PIA[SA]|LIN[EN]", "LOC:18.2.1", "QTY.1.1", "QTY.1.2", "QTY.1.3"}},
    {ATP_FORMAT_EDIFACT, "DESADV", {"BGM.2.1+LIN.1", "LIN[EN]", "QTY.1.2", "DTM:17.1.2"}},
    {ATP_FORMAT_IDOC,
     "PROACT01",
     {"E1EDP19:002@3,35", "E1EDP32@0,3", "E1EDP32@3,15", "EDI_DC40@13,16+E1EDP32.SEGNUM", "E1EDP32@18,3"}},
};

static uint64_t check_record(const atp_record_t *record, uint64_t hash)
{
    ATP_ASSERT((unsigned)record->reason < ATP_REJECT_COUNT);
    ATP_ASSERT(record->reason == ATP_REJECT_NONE ? record->field_count >= 1 : record->field_count == 0);
    for (uint32_t i = 0; i < record->field_count; i++) {
        hash = atp_hash_bytes(record->fields[i].bytes, record->fields[i].size, hash + i);
    }
    hash = atp_hash_bytes(record->raw.bytes, record->raw.size, hash);
    return hash + record->line * 31 + record->reason;
}

/* Some records are told as good, some as bad in one of their columns. */
static void note_record(const atp_format_t *format, void *reader, const atp_record_t *record,
                        atp_edi_ack_t *ack)
{
    atp_edi_where_t where;

    if (format->locate == NULL) { /* IDocs are told apart, and not acknowledged */
        record->reason == ATP_REJECT_NONE ? atp_edi_ack_note_good(ack, record->document)
                                          : atp_edi_ack_count_bad(ack, record->document);
        return;
    }
    format->locate(reader, record->raw.size % 7, &where);
    ATP_ASSERT(where.message >= 1 && where.tag.size <= ATP_EDI_SEGMENT_SIZE_MAX);
    if (record->reason != ATP_REJECT_NONE || record->raw.size % 3 == 0) {
        atp_edi_ack_note_bad(ack, &where,
                             record->reason != ATP_REJECT_NONE ? record->reason : ATP_REJECT_QTY_NEGATIVE);
    } else {
        atp_edi_ack_note_good(ack, where.message);
    }
}

/* `ack`: NULL = none is wanted. */
static uint64_t read_all(const atp_format_t *format, void *reader, size_t size, atp_edi_ack_t *ack,
                         atp_why_t *ret_why)
{
    uint64_t hash = 0;
    uint64_t line = 0;
    atp_record_t record;

    for (;;) {
        switch (format->next(reader, &record)) {
        case ATP_RECORD_READ:
            ATP_ASSERT(record.line >= line && record.line <= size + 1);
            line = record.line;
            hash = check_record(&record, hash);
            if (ack != NULL) {
                note_record(format, reader, &record, ack);
            }
            break;
        case ATP_RECORD_FILL: {
            atp_err_t err = format->fill(reader, ret_why);
            if (err != ATP_OK) {
                return atp_hash_bytes(ret_why->text, strlen(ret_why->text), hash);
            }
            break;
        }
        case ATP_RECORD_END:
            return hash;
        }
    }
}

/* Writes the acknowledgement, and reads it: a set of another type, whole and well counted. */
static void check_ack(const atp_profile_format_t *profile, atp_edi_ack_t *ack, bool is_whole)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    ATP_ASSERT(file != NULL);
    if (atp_edi_ack_end_reading(ack) == ATP_OK) {
        atp_edi_ack_write(ack, is_whole, file);
    }
    ATP_ASSERT(fclose(file) == 0);
    source_t source = {(const uint8_t *)text, size, 0, SIZE_MAX};
    atp_format_source_t from = {profile, read_source, &source, "fuzz", NULL};
    const atp_format_t *format = atp_format_of(profile->kind);
    atp_why_t why = {""};
    void *reader = NULL;
    ATP_ASSERT(format->create(&from, &reader) == ATP_OK);
    (void)read_all(format, reader, size, NULL, &why);
    ATP_ASSERT(why.text[0] == '\0' || strstr(why.text, "character set") != NULL);
    format->destroy(reader);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    size_t choice = bytes[0] % FORMATS;
    source_t source = {bytes + 1, size - 1, 0, bytes[0] >= 128 ? 3 : SIZE_MAX};
    char document[12];
    memcpy(document, chosen[choice].document, sizeof document);
    atp_profile_format_t profile = {.kind = chosen[choice].kind, .document = document};
    bool is_edi = profile.kind == ATP_FORMAT_X12 || profile.kind == ATP_FORMAT_EDIFACT;
    atp_edi_ack_t *ack = NULL;
    atp_why_t why = {""};
    const atp_format_t *format = atp_format_of(profile.kind);
    void *reader = NULL;
    uint32_t index;

    bool has_documents = is_edi || profile.kind == ATP_FORMAT_IDOC;
    atp_edi_standard_t standard = profile.kind == ATP_FORMAT_EDIFACT ? ATP_EDI_EDIFACT : ATP_EDI_X12;

    ATP_ASSERT(!has_documents || atp_edi_ack_create(standard, &ack) == ATP_OK);
    atp_format_source_t from = {&profile, read_source, &source, "fuzz", ack};

    ATP_ASSERT(format->create(&from, &reader) == ATP_OK);
    ATP_ASSERT(format->begin(reader, NULL) == ATP_OK);
    for (uint32_t i = 0; i < 6 && chosen[choice].columns[i] != NULL; i++) {
        ATP_ASSERT(format->column(reader, chosen[choice].columns[i], &index, NULL) == ATP_OK && index == i);
    }
    uint64_t first = read_all(format, reader, size, ack, &why);
    if (is_edi) {
        check_ack(&profile, ack, why.text[0] == '\0');
    }
    source.at = 0;
    source.step = 5;
    format->restart(reader);
    ATP_ASSERT(read_all(format, reader, size, NULL, &why) == first);
    format->destroy(reader);
    atp_edi_ack_destroy(ack);
    return 0;
}
