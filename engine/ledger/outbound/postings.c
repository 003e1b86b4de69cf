#include "engine/ledger/outbound/postings.h"

#include <string.h>

static const char *const kind_names[ATP_POSTING_KIND_COUNT] = {
    "reserved", "released", "cancelled", "allocated", "shipped",
    "returned", "adjusted", "counted",   "sold",      "received",
};

const char *atp_posting_kind_name(unsigned kind)
{
    return kind < ATP_POSTING_KIND_COUNT ? kind_names[kind] : NULL;
}

/* ---- the ring ---- */

atp_err_t atp_postings_init(atp_postings_t *postings, uint32_t records_id, uint32_t subscribers_id,
                            uint64_t capacity)
{
    atp_err_t err =
        atp_table_init(&postings->records, "postings", records_id, sizeof(atp_posting_t), capacity);

    return err == ATP_OK ? atp_table_init(&postings->subscribers, "subscribers", subscribers_id,
                                          sizeof(atp_subscriber_t), ATP_SUBSCRIBERS_MAX)
                         : err;
}

static uint64_t place_of(const atp_postings_t *postings, uint64_t number)
{
    return (number - 1) % postings->records.capacity;
}

const atp_posting_t *atp_postings_at(const atp_postings_t *postings, uint64_t number)
{
    const atp_posting_heads_t *heads = postings->heads;

    if (number == 0 || number > heads->newest || number + postings->records.capacity <= heads->newest) {
        return NULL;
    }
    return atp_table_at(&postings->records, place_of(postings, number));
}

atp_posting_t *atp_postings_change(atp_postings_t *postings, uint64_t number)
{
    ATP_ASSERT(atp_postings_at(postings, number) != NULL);
    return atp_table_change(&postings->records, place_of(postings, number));
}

atp_posting_t *atp_postings_add(atp_postings_t *postings, const atp_posting_t *posting)
{
    const atp_posting_t *before = atp_postings_at(postings, postings->heads->newest);
    uint32_t index = before != NULL && before->op == posting->op ? before->index + 1 : 1;
    uint64_t number = ++postings->heads->newest;

    if (number <= postings->records.capacity) {
        atp_table_append(&postings->records, 1);
    }
    atp_posting_t *record = atp_table_change(&postings->records, place_of(postings, number));
    memcpy(record, posting, sizeof *record);
    record->number = number;
    record->index = index; /* J1 */
    return record;
}

uint64_t atp_postings_oldest(const atp_postings_t *postings)
{
    const atp_posting_heads_t *heads = postings->heads;
    uint64_t kept =
        heads->newest > postings->records.capacity ? heads->newest - postings->records.capacity : 0;
    uint64_t first = heads->first > 0 ? heads->first : 1;

    return kept + 1 > first ? kept + 1 : first;
}

uint64_t atp_postings_of_op(const atp_postings_t *postings, uint64_t op)
{
    uint64_t least = atp_postings_oldest(postings);
    uint64_t most = postings->heads->newest + 1;

    while (least < most) {
        uint64_t middle = least + (most - least) / 2;
        if (atp_postings_at(postings, middle)->op < op) {
            least = middle + 1;
        } else {
            most = middle;
        }
    }
    return least;
}

/* ---- keys ---- */

/* Writes a number; returns how many digits. */
static uint32_t put_number(char *to, uint64_t number)
{
    char digits[20];
    uint32_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (uint32_t i = 0; i < count; i++) {
        to[i] = digits[count - 1 - i];
    }
    return count;
}

uint32_t atp_posting_key(const atp_posting_t *posting, char ret_key[ATP_POSTING_KEY_SIZE])
{
    uint32_t size = put_number(ret_key, posting->op);

    ret_key[size++] = '.';
    size += put_number(ret_key + size, posting->index);
    ret_key[size] = '\0';
    return size;
}

/* Takes a number without leading zeros from the text; 0: there is none. */
static uint64_t take_number(atp_text_t *text)
{
    uint64_t number = 0;
    uint32_t at = 0;

    while (at < text->size && at < 19 && text->bytes[at] >= '0' && text->bytes[at] <= '9' &&
           (at > 0 || text->bytes[at] != '0')) {
        number = number * 10 + (uint64_t)(text->bytes[at++] - '0');
    }
    *text = (atp_text_t){text->bytes + at, text->size - at};
    return number;
}

uint64_t atp_postings_find(const atp_postings_t *postings, atp_text_t key)
{
    uint64_t op = take_number(&key);

    if (op == 0 || key.size < 2 || key.bytes[0] != '.') {
        return 0;
    }
    key = (atp_text_t){key.bytes + 1, key.size - 1};
    uint64_t index = take_number(&key);
    uint64_t number = atp_postings_of_op(postings, op);
    const atp_posting_t *first = atp_postings_at(postings, number);
    if (index == 0 || index > UINT32_MAX || key.size > 0 || first == NULL || first->op != op ||
        index < first->index) {
        return 0;
    }
    number += index - first->index; /* the first ones of the op may be gone */
    const atp_posting_t *found = atp_postings_at(postings, number);
    return found != NULL && found->op == op ? number : 0;
}

/* ---- subscribers ---- */

bool atp_subscribers_find(const atp_postings_t *postings, atp_text_t id, uint32_t *ret_number)
{
    for (uint32_t i = 0; i < atp_subscriber_count(postings); i++) {
        const atp_subscriber_t *subscriber = atp_subscriber_at(postings, i);
        if (subscriber->is_live && atp_text_equal(atp_subscriber_id(subscriber), id)) {
            *ret_number = i;
            return true;
        }
    }
    return false;
}
