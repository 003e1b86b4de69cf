#include "tests/acceptance/heard.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MARK_SKU    "hear-mark"
#define MARK_NODE   "hear-node"
#define PATIENCE_MS 60000

static void copy(char ret_text[ATP_ID_SIZE_MAX + 1], atp_text_t text)
{
    snprintf(ret_text, ATP_ID_SIZE_MAX + 1, "%.*s", (int)text.size, text.bytes);
}

static heard_t next(atp_watch_t *watch)
{
    atp_availability_event_t event;
    heard_t heard;

    assert_int_equal(atp_watch_next(watch, PATIENCE_MS, &event), ATP_OK);
    heard = (heard_t){.atp = event.atp,
                      .promisable = event.promisable,
                      .version = event.version,
                      .is_out_of_stock = event.is_out_of_stock};
    copy(heard.sku, event.sku);
    copy(heard.node, event.node);
    return heard;
}

static bool is_mark(const heard_t *heard)
{
    return strcmp(heard->sku, MARK_SKU) == 0;
}

atp_watch_t *hear(acceptance_t *a)
{
    atp_watch_options_t options = {.url = a->events_url};
    atp_availability_event_t event;
    atp_watch_t *watch;
    atp_why_t why;
    int64_t begun_ms = 0;
    heard_t passed[64];

    stock(a, MARK_SKU, MARK_NODE, "0");
    if (atp_watch_open(&options, &watch, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    do {
        assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, MARK_SKU, MARK_NODE, "1"), ATP_APPLIED);
    } while (atp_watch_next(watch, 50, &event) != ATP_OK && is_waiting(&begun_ms, PATIENCE_MS / 1000));
    (void)hear_all(a, watch, passed, sizeof passed / sizeof passed[0]);
    return watch;
}

size_t hear_all(acceptance_t *a, atp_watch_t *watch, heard_t *ret_heard, size_t capacity)
{
    size_t count = 0;

    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, MARK_SKU, MARK_NODE, "1"), ATP_APPLIED);
    uint64_t version = components(a, MARK_SKU, MARK_NODE).version;
    for (;;) {
        heard_t heard = next(watch);
        if (is_mark(&heard) && heard.version >= version) {
            return count;
        }
        if (is_mark(&heard)) {
            continue;
        }
        if (count == capacity) {
            fail_msg("%s@%s is told, after %zu others", heard.sku, heard.node, count);
        }
        ret_heard[count++] = heard;
    }
}

heard_t hear_one(acceptance_t *a, atp_watch_t *watch, const char *sku_id, const char *node_id,
                 int64_t promisable_now)
{
    heard_t heard[8];
    size_t count = hear_all(a, watch, heard, sizeof heard / sizeof heard[0]);

    if (count != 1 || strcmp(heard[0].sku, sku_id) != 0 || strcmp(heard[0].node, node_id) != 0 ||
        heard[0].promisable != promisable_now) {
        fail_msg("%zu are told, and not %s@%s=%" PRId64 " alone: %s@%s=%" PRId64, count, sku_id, node_id,
                 promisable_now, count > 0 ? heard[0].sku : "-", count > 0 ? heard[0].node : "-",
                 count > 0 ? heard[0].promisable : 0);
    }
    return heard[0];
}

void hear_none(acceptance_t *a, atp_watch_t *watch)
{
    assert_int_equal(hear_all(a, watch, NULL, 0), 0);
}
