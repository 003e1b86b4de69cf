/* Any bytes as a message of each way: what is read is well-formed, is written, and is read again as the same.
 * The first byte chooses the way. */
#include "tests/fuzz/fuzz.h"
#include "tests/protocol/samples.h"

#define OUT_SIZE_MAX (1u << 20)

static uint8_t first[OUT_SIZE_MAX];
static uint8_t second[OUT_SIZE_MAX];

static void check_well_formed(sample_way_t way, const uint8_t *bytes, size_t size)
{
    const uint8_t *zero = way == SAMPLE_EVENT ? memchr(bytes, 0, size) : NULL;
    size_t topic_size = zero == NULL ? 0 : (size_t)(zero - bytes) + 1;

    ATP_ASSERT(atp_msgpack_is_well_formed(bytes + topic_size, size - topic_size));
}

static void check_refusal(const atp_refusal_t *refusal)
{
    ATP_ASSERT(atp_verdict_name((unsigned)refusal->verdict) != NULL && refusal->verdict != ATP_APPLIED);
    ATP_ASSERT(atp_field_name((unsigned)refusal->field) != NULL && refusal->detail != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    atp_refusal_t refusal;
    uint32_t op_refusals;
    atp_writer_t writer;

    if (size == 0) {
        return 0;
    }
    sample_way_t way = (sample_way_t)(bytes[0] % 3);
    atp_writer_init(&writer, first, sizeof first);
    if (!sample_recode(way, bytes + 1, size - 1, &writer, &refusal, &op_refusals)) {
        check_refusal(&refusal);
        return 0;
    }
    check_well_formed(way, bytes + 1, size - 1);
    size_t first_size = atp_writer_size(&writer);
    ATP_ASSERT(!writer.is_overflown);
    atp_writer_init(&writer, second, sizeof second);
    ATP_ASSERT(sample_recode(way, first, first_size, &writer, &refusal, &op_refusals));
    ATP_ASSERT(op_refusals == 0 && atp_writer_size(&writer) == first_size);
    ATP_ASSERT(memcmp(first, second, first_size) == 0);
    return 0;
}
