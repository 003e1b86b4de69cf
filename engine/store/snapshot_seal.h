/* The seal: a small file beside each LMDB environment that says what its data file must contain.
 *
 * LMDB trusts its pages: a flipped bit in a page number or a pointer makes it read outside its map, and the
 * process dies. So the bytes are checked before LMDB sees them. The seal carries the size of `data.mdb` and
 * an XXH3 of every MiB of it; it is written last, after the data file is synced, and taken back first, before
 * the data file is touched.
 *
 *     seal file (little-endian)
 *     u8[8] magic "ATPSEAL1"   u32 format   u32 state (1 writing, 2 complete)
 *     u64 op   u64 size of data.mdb   u64 chunk count
 *     u64 checksum              XXH3 of the header (this field zero) and the digests
 *     u64 digests[chunk count]  XXH3 of each MiB of data.mdb, seeded with its number
 *
 * Threads     one at a time. All calls block on the disk.
 * Memory      digests are allocated per snapshot, 8 bytes a MiB.
 * Invariants  E1  a seal is replaced as a whole: new file, synced, renamed, folder synced.
 *             E2  a complete seal is on disk only while data.mdb is whole and not being written. */
#ifndef ATP_STORE_SNAPSHOT_SEAL_H
#define ATP_STORE_SNAPSHOT_SEAL_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_SEAL_FORMAT     1
#define ATP_SEAL_CHUNK_SIZE (UINT32_C(1) << 20)

typedef enum atp_seal_state { ATP_SEAL_WRITING = 1, ATP_SEAL_COMPLETE = 2 } atp_seal_state_t;

typedef struct atp_seal {
    atp_seal_state_t state;
    uint64_t op;
    uint64_t data_size;
    uint64_t chunk_count;
    uint64_t *digests; /* owned; NULL when chunk_count is 0 */
} atp_seal_t;

/* Reads and checks `folder`/seal. ATP_ERR_NOT_FOUND if there is none, ATP_ERR_CORRUPT if it is not what was
 * written, ATP_ERR_FORMAT for a later version. On success the caller owns *ret_seal. */
ATP_MUST_USE atp_err_t atp_seal_read(const char *folder, atp_seal_t *ret_seal, atp_why_t *ret_why);

/* Puts `seal` in the place of the old one, durably. */
ATP_MUST_USE atp_err_t atp_seal_write(const char *folder, const atp_seal_t *seal, atp_why_t *ret_why);

/* Frees the digests. Safe on a zeroed seal. */
void atp_seal_fini(atp_seal_t *seal);

/* Verifies every byte of `folder`/data.mdb against `seal`. ATP_ERR_CORRUPT names the offset. */
ATP_MUST_USE atp_err_t atp_seal_check_data(const char *folder, const atp_seal_t *seal, atp_why_t *ret_why);

/* Takes the digests of a finished data file, some chunks at a time. */
typedef struct atp_sealer {
    atp_seal_t seal;
    uint64_t next_chunk;
    unsigned char *buffer;
    int file;
} atp_sealer_t;

/* Begins on `folder`/data.mdb. A failure leaves nothing to end. */
ATP_MUST_USE atp_err_t atp_sealer_begin(atp_sealer_t *sealer, const char *folder, uint64_t op,
                                        atp_why_t *ret_why);
/* Reads and digests one more chunk; *ret_done is true once all are. */
ATP_MUST_USE atp_err_t atp_sealer_advance(atp_sealer_t *sealer, const char *folder, bool *ret_done,
                                          atp_why_t *ret_why);
/* Frees what it holds. Safe on a zeroed one with file -1, and after a failure. */
void atp_sealer_end(atp_sealer_t *sealer);

/* Syncs the names in a folder. */
ATP_MUST_USE atp_err_t atp_seal_sync_folder(const char *folder, atp_why_t *ret_why);

/* ATP_ERR_NO_SPACE for a full disk, quota or file size limit, else ATP_ERR_IO; fills the reason. */
atp_err_t atp_seal_failed(atp_why_t *ret_why, const char *folder, const char *what, int error);

#endif
