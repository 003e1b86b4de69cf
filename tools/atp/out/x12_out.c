#include "tools/atp/out/x12_out.h"

#include "engine/base/assert.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

bool atp_x12_can_be_written(atp_text_t text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        if (strchr("*:~\r\n", text.bytes[i]) != NULL) {
            return false;
        }
    }
    return text.size > 0;
}

static struct tm day_of(int64_t now_ms)
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm when = {.tm_mday = 1};

    (void)gmtime_r(&seconds, &when);
    return when;
}

void atp_x12_begin(atp_x12_out_t *out, FILE *file, atp_text_t sender, atp_text_t receiver, uint64_t control,
                   atp_text_t node, int64_t now_ms)
{
    struct tm when = day_of(now_ms);
    char day[16];
    char minute[8];

    ATP_ASSERT(sender.size <= ATP_X12_PARTY_MAX && receiver.size <= ATP_X12_PARTY_MAX);
    ATP_ASSERT(atp_x12_can_be_written(sender) && atp_x12_can_be_written(receiver) &&
               atp_x12_can_be_written(node));
    ATP_ASSERT(control >= 1 && control <= ATP_X12_CONTROL_MAX);
    *out = (atp_x12_out_t){.file = file, .control = control};
    (void)strftime(day, sizeof day, "%Y%m%d", &when);
    (void)strftime(minute, sizeof minute, "%H%M", &when);
    (void)fprintf(
        file, "ISA*00*          *00*          *ZZ*%-15.*s*ZZ*%-15.*s*%s*%s*U*00401*%09" PRIu64 "*0*P*:~\n",
        (int)sender.size, sender.bytes, (int)receiver.size, receiver.bytes, day + 2, minute, control);
    (void)fprintf(file, "GS*IB*%.*s*%.*s*%s*%s*%" PRIu64 "*X*004010~\n", (int)sender.size, sender.bytes,
                  (int)receiver.size, receiver.bytes, day, minute, control);
    (void)fprintf(file, "ST*846*0001~\nBIA*00*SI*%" PRIu64 "*%s*%s~\n", control, day, minute);
    (void)fprintf(file, "N1*WH*%.*s*92*%.*s~\n", (int)node.size, node.bytes, (int)node.size, node.bytes);
    out->segments = 3;
}

static void put_qty(atp_x12_out_t *out, unsigned qualifier, atp_qty_t qty, uint8_t scale)
{
    char text[ATP_QTY_TEXT_SIZE];

    (void)atp_qty_format(qty, scale, text);
    (void)fprintf(out->file, "QTY*%u*%s*EA~\n", qualifier, text);
    out->segments++;
}

void atp_x12_put(atp_x12_out_t *out, const atp_position_row_t *row)
{
    atp_qty_t committed = row->reserved + row->allocated;
    atp_qty_t available = row->on_hand - row->unavailable - committed - row->safety;

    ATP_ASSERT(atp_x12_can_be_written(row->sku));
    out->items++;
    out->segments++;
    (void)fprintf(out->file, "LIN*%" PRIu64 "*VN*%.*s~\n", out->items, (int)row->sku.size, row->sku.bytes);
    put_qty(out, 17, row->on_hand, row->scale);
    put_qty(out, 33, available > 0 ? available : 0, row->scale);
    if (committed > 0) {
        put_qty(out, 27, committed, row->scale);
    }
    if (row->unavailable > 0) {
        put_qty(out, 20, row->unavailable, row->scale);
    }
}

void atp_x12_end(atp_x12_out_t *out)
{
    (void)fprintf(out->file,
                  "CTT*%" PRIu64 "~\nSE*%" PRIu64 "*0001~\nGE*1*%" PRIu64 "~\nIEA*1*%09" PRIu64 "~\n",
                  out->items, out->segments + 2, out->control, out->control);
}
