#include "loaders/formats/documents.h"

#include "loaders/grow.h"
#include "loaders/rows/seen.h"

#include <stdlib.h>

struct atp_documents {
    atp_seen_t *seen; /* by identity: which of the file each was first, from 1 */
    uint64_t *digests;
    uint64_t digest_room;
    uint32_t count;  /* begun in this pass */
    uint32_t before; /* the number of the first one that is called as the newest; 0 = it is the first */
};

atp_err_t atp_documents_create(atp_documents_t **ret_documents)
{
    atp_documents_t *documents = calloc(1, sizeof *documents);

    if (documents == NULL || atp_seen_create(ATP_DOCUMENTS_MAX, 0, &documents->seen) != ATP_OK) {
        free(documents);
        return ATP_ERR_MEMORY;
    }
    *ret_documents = documents;
    return ATP_OK;
}

void atp_documents_destroy(atp_documents_t *documents)
{
    if (documents != NULL) {
        atp_seen_destroy(documents->seen);
        free(documents->digests);
        free(documents);
    }
}

void atp_documents_restart(atp_documents_t *documents)
{
    documents->count = 0;
    documents->before = 0;
}

atp_err_t atp_documents_begin(atp_documents_t *documents, atp_text_t identity, bool *ret_is_repeat)
{
    atp_fingerprint_t key = atp_seen_key(documents->seen, identity, (atp_text_t){"", 0});
    uint64_t before = 0;

    if (documents->count == ATP_DOCUMENTS_MAX) {
        return ATP_ERR_LIMIT;
    }
    uint64_t *digests =
        atp_grow(documents->digests, sizeof *digests, documents->count, &documents->digest_room);
    if (digests == NULL) {
        return ATP_ERR_MEMORY;
    }
    documents->digests = digests;
    documents->count++;
    atp_err_t err = atp_seen_put(documents->seen, key, documents->count, &before);
    documents->before = before != documents->count ? (uint32_t)before : 0;
    *ret_is_repeat = documents->before != 0;
    return err;
}

bool atp_documents_end(atp_documents_t *documents, uint64_t digest)
{
    ATP_ASSERT(documents->count > 0);
    documents->digests[documents->count - 1] = digest;
    return documents->before == 0 || documents->digests[documents->before - 1] == digest;
}

uint32_t atp_documents_count(const atp_documents_t *documents)
{
    return documents->count;
}
