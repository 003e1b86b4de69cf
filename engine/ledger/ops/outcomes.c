#include "engine/ledger/ops/outcomes.h"

static __attribute__((noinline)) const atp_outcome_t *find(const atp_outcomes_t *outcomes,
                                                           atp_fingerprint_t id)
{
    atp_index_probe_t probe = atp_index_probe(&outcomes->index, id.low);
    uint32_t place;

    while (atp_index_next(&probe, &place)) {
        const atp_outcome_t *outcome = atp_table_at(&outcomes->records, place);
        if (outcome->id.low == id.low && outcome->id.high == id.high) {
            return outcome;
        }
    }
    return NULL;
}

const atp_outcome_t *atp_outcomes_find(const atp_outcomes_t *outcomes, atp_fingerprint_t id)
{
    return ATP_LIKELY(atp_index_has_none(&outcomes->index, id.low)) ? NULL : find(outcomes, id);
}

/* Where outcome `number` stands in the ring. A ring that was never full is spared the division. */
static uint32_t place_of(const atp_outcomes_t *outcomes, uint64_t number)
{
    uint64_t capacity = outcomes->records.capacity;

    return (uint32_t)(ATP_LIKELY(number < capacity) ? number : number % capacity);
}

static void count_at_client(atp_outcomes_t *outcomes, uint32_t client, int64_t change)
{
    atp_client_record_t *record = atp_table_change(outcomes->clients, client);
    record->outcomes = (uint64_t)((int64_t)record->outcomes + change);
}

static const atp_outcome_t *oldest(const atp_outcomes_t *outcomes)
{
    return atp_table_at(&outcomes->records, outcomes->heads->first % outcomes->records.capacity);
}

static void forget_oldest(atp_outcomes_t *outcomes)
{
    atp_outcome_heads_t *heads = outcomes->heads;
    const atp_outcome_t *outcome = oldest(outcomes);

    atp_index_remove(&outcomes->index, outcome->id.low,
                     (uint32_t)(heads->first % outcomes->records.capacity));
    count_at_client(outcomes, outcome->client, -1);
    if (outcome->issued_ms >= heads->floor_ms) {
        heads->floor_ms = outcome->issued_ms + 1; /* O1 */
    }
    heads->first++;
}

bool atp_outcomes_has_before(const atp_outcomes_t *outcomes, int64_t before_ms)
{
    return outcomes->heads->first < outcomes->heads->next && oldest(outcomes)->issued_ms < before_ms;
}

void atp_outcomes_forget_before(atp_outcomes_t *outcomes, int64_t before_ms, uint64_t limit)
{
    for (uint64_t i = 0; i < limit && atp_outcomes_has_before(outcomes, before_ms); i++) {
        forget_oldest(outcomes);
    }
}

void atp_outcomes_add(atp_outcomes_t *outcomes, const atp_outcome_t *outcome)
{
    atp_outcome_heads_t *heads = outcomes->heads;
    uint32_t place = place_of(outcomes, heads->next);

    if (heads->next - heads->first == outcomes->records.capacity) {
        forget_oldest(outcomes);
    }
    if (heads->next < outcomes->records.capacity) {
        atp_table_append(&outcomes->records, 1);
    }
    atp_outcome_t *record = atp_table_change(&outcomes->records, place);
    *record = *outcome;
    atp_table_prefetch_after(&outcomes->records, place);
    heads->next++;
    count_at_client(outcomes, outcome->client, +1);
    atp_index_insert(&outcomes->index, outcome->id.low, place);
}

/* What the field groups of op.c stand for, in the order in which a difference is named. The issue time comes after
 * them, since an id that is used for something else usually has another issue time as well. */
static const struct field_group {
    uint8_t byte;
    uint8_t field;
} field_groups[ATP_FIELD_DIGESTS_PER_OP] = {
    {6, ATP_FIELD_LINES},   {7, ATP_FIELD_QTY},         {5, ATP_FIELD_TTL},    {4, ATP_FIELD_OWNER},
    {3, ATP_FIELD_CHANNEL}, {2, ATP_FIELD_RESERVATION}, {0, ATP_FIELD_OPTION}, {1, ATP_FIELD_ID},
};

/* SKUs and nodes keep their one name where others keep their lines, and their display name where others keep the
 * owner. */
static atp_field_t field_of_kind(uint8_t field, uint8_t kind)
{
    if (kind == ATP_OP_SKU || kind == ATP_OP_NODE) {
        if (field == ATP_FIELD_LINES) {
            return kind == ATP_OP_SKU ? ATP_FIELD_SKU : ATP_FIELD_NODE;
        }
        return field == ATP_FIELD_OWNER ? ATP_FIELD_NAME : (atp_field_t)field;
    }
    return (atp_field_t)field;
}

atp_field_t atp_outcomes_conflict(const atp_outcome_t *outcome, const atp_op_t *op)
{
    uint64_t differing = outcome->field_digests ^ op->field_digests;

    if (outcome->kind != op->kind) {
        return ATP_FIELD_KIND;
    }
    for (unsigned i = 0; i < ATP_FIELD_DIGESTS_PER_OP; i++) {
        if (((differing >> (8 * field_groups[i].byte)) & 0xff) != 0) {
            return field_of_kind(field_groups[i].field, op->kind);
        }
    }
    return outcome->issued_ms != op->issued_ms ? ATP_FIELD_ISSUED : ATP_FIELD_ID;
}

void atp_outcomes_rebuild(atp_outcomes_t *outcomes)
{
    for (uint64_t i = outcomes->heads->first; i < outcomes->heads->next; i++) {
        uint32_t place = (uint32_t)(i % outcomes->records.capacity);
        const atp_outcome_t *outcome = atp_table_at(&outcomes->records, place);
        atp_index_insert(&outcomes->index, outcome->id.low, place);
    }
}
