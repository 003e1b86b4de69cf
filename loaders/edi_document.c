#include "loaders/edi_document.h"

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
