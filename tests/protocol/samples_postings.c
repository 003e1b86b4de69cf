/* Samples of postings: what a subscriber must hear, and what ops have posted. */
#include "tests/protocol/samples_priv.h"

void sample_write_postings_ask(atp_writer_t *writer)
{
    const atp_postings_ask_t ask = {.subscriber = ATP_TEXT("erp"), .from = 4711, .limit = 500};
    sample_begin_request(writer, ATP_MESSAGE_POSTINGS);
    atp_write_postings_ask(writer, &ask);
}

static atp_posting_row_t shipped(void)
{
    return (atp_posting_row_t){.number = 4711,
                               .key = ATP_TEXT("1010.2"),
                               .op = 1010,
                               .time_ms = INT64_C(1795253005000),
                               .kind = ATP_TEXT("shipped"),
                               .sku = ATP_TEXT("ROPE"),
                               .node = ATP_TEXT("lyon-2"),
                               .qty = 250,
                               .on_hand = -250,
                               .allocated = -250,
                               .scale = 2,
                               .of = 1,
                               .id = ATP_TEXT("cart-77"),
                               .line = 1,
                               .why = ATP_TEXT("ship"),
                               .source = ATP_TEXT("wms"),
                               .client = ATP_TEXT("wms-lyon"),
                               .correlation = ATP_TEXT("order-9")};
}

void sample_write_postings(atp_writer_t *writer)
{
    const atp_posting_row_t row = shipped();
    const atp_postings_end_t end = {.next = 4712, .newest = 4800, .acknowledged = 4700, .lost = 3};
    sample_begin_response(writer, ATP_MESSAGE_POSTINGS);
    atp_write_postings_begin(writer, true);
    atp_write_posting(writer, &row);
    atp_write_postings_end(writer, &end);
}

void sample_write_postings_of_ask(atp_writer_t *writer)
{
    const uint64_t ops[] = {1010, 70000};
    sample_begin_request(writer, ATP_MESSAGE_POSTINGS_OF);
    atp_write_postings_of(writer, ops, 2);
}

void sample_write_postings_of(atp_writer_t *writer)
{
    atp_posting_row_t row = shipped();
    row.confirmed_op = 1044;
    row.confirmed_ms = INT64_C(1795253900000);
    row.heard = ATP_TEXT("crm erp");
    row.booked = ATP_TEXT("erp");
    sample_begin_response(writer, ATP_MESSAGE_POSTINGS_OF);
    atp_write_postings_begin(writer, false);
    atp_write_posting(writer, &row);
    atp_write_postings_of_end(writer);
}
