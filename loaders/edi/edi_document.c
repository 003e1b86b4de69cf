#include "loaders/edi/edi_document.h"

#include <string.h>

#define LOOP(n) (ATP_EDI_LEVEL_MESSAGE + (n))

/* Original, replace, duplicate, re-submission, reissue, information copy. */
#define X12_PURPOSES     " 00 05 07 15 18 22"
#define EDIFACT_PURPOSES " 9 5 7 31"

static const atp_edi_document_t documents[] = {
    /* Inventory inquiry and advice: how much of an item there is, of which kind (QTY01). */
    {ATP_EDI_X12,
     "846",
     "QTY",
     "LIN",
     NULL,
     "BIA",
     1,
     X12_PURPOSES,
     false,
     {{"LIN", LOOP(1)}, {"QTY", LOOP(2)}}},
    /* Product activity: what was sold, received, adjusted (ZA01), by store where SDQ follows. */
    {ATP_EDI_X12, "852", "ZA", "LIN", "SDQ", NULL, 0, "", false, {{"LIN", LOOP(1)}, {"ZA", LOOP(2)}}},
    /* Ship notice: shipment, order, pack, item. */
    {ATP_EDI_X12, "856", "SN1", NULL, NULL, "BSN", 1, X12_PURPOSES, true, {{NULL, 0}}},
    /* Inventory report: an item, a kind of stock or movement (INV), a quantity (QTY). */
    {ATP_EDI_EDIFACT,
     "INVRPT",
     "QTY",
     "LIN",
     NULL,
     "BGM",
     3,
     EDIFACT_PURPOSES,
     false,
     {{"LIN", LOOP(1)}, {"INV", LOOP(2)}, {"QTY", LOOP(3)}}},
    /* Despatch advice: packages (CPS), items, what was despatched (QTY). */
    {ATP_EDI_EDIFACT,
     "DESADV",
     "QTY",
     "LIN",
     NULL,
     "BGM",
     3,
     EDIFACT_PURPOSES,
     false,
     {{"CPS", LOOP(1)}, {"LIN", LOOP(2)}, {"QTY", LOOP(3)}}},
};

const atp_edi_document_t *atp_edi_document_find(atp_edi_standard_t standard, const char *type)
{
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        if (documents[i].standard == standard && strcmp(documents[i].type, type) == 0) {
            return &documents[i];
        }
    }
    return NULL;
}

const char *atp_edi_document_list(atp_edi_standard_t standard)
{
    return standard == ATP_EDI_X12 ? "846, 852, 856" : "INVRPT, DESADV";
}

bool atp_edi_document_tells(const atp_edi_document_t *document, atp_text_t purpose)
{
    for (const char *at = document->purposes; *at != '\0'; at += strcspn(at, " ")) {
        at++; /* the blank before it */
        if (atp_text_equal(purpose, (atp_text_t){at, (uint32_t)strcspn(at, " ")})) {
            return true;
        }
    }
    return purpose.size == 0;
}

/* ---- envelopes ---- */

static const atp_edi_envelope_rule_t envelope_rules[2][3] = {
    [ATP_EDI_X12] = {{"ISA", "IEA", ATP_EDI_LEVEL_INTERCHANGE, 13, 1, 2},
                     {"GS", "GE", ATP_EDI_LEVEL_GROUP, 6, 1, 2},
                     {"ST", "SE", ATP_EDI_LEVEL_MESSAGE, 2, 1, 2}},
    [ATP_EDI_EDIFACT] = {{"UNB", "UNZ", ATP_EDI_LEVEL_INTERCHANGE, 5, 1, 2},
                         {"UNG", "UNE", ATP_EDI_LEVEL_GROUP, 5, 1, 2},
                         {"UNH", "UNT", ATP_EDI_LEVEL_MESSAGE, 1, 1, 2}},
};

const atp_edi_envelope_rule_t *atp_edi_envelope_rule(atp_edi_standard_t standard, atp_text_t tag,
                                                     bool *ret_is_header)
{
    for (size_t i = 0; i < 3; i++) {
        const atp_edi_envelope_rule_t *rule = &envelope_rules[standard][i];
        *ret_is_header = atp_text_equal(tag, atp_text_of(rule->header));
        if (*ret_is_header || atp_text_equal(tag, atp_text_of(rule->trailer))) {
            return rule;
        }
    }
    return NULL;
}

bool atp_edi_is_count(atp_text_t text, uint64_t count)
{
    uint64_t told = 0;

    for (uint32_t i = 0; i < text.size; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9' || told > UINT64_MAX / 100) {
            return false;
        }
        told = told * 10 + (uint64_t)(text.bytes[i] - '0');
    }
    return text.size > 0 && told == count;
}
