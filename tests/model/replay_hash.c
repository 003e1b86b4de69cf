/* Prints one line that must be the same whatever compiler, flags and machine: the state hash after OPS random ops of
 * SEED, and a digest of all answers.
 *
 *     atp_replay_hash SEED OPS */
#include "tests/model/pair.h"
#include "tests/test.h"

#include "engine/base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define OPS_PER_LEDGER 20000u

static void digest_answer(void *context, const atp_op_t *op, int64_t now_ms, const atp_result_t *result)
{
    uint64_t *digest = context;

    *digest = atp_hash_bytes(op, op->size, *digest ^ (uint64_t)now_ms);
    *digest = atp_hash_bytes(result, sizeof *result, *digest);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: atp_replay_hash SEED OPS\n");
        return 2;
    }
    uint64_t seed = strtoull(argv[1], NULL, 10);
    uint64_t ops = strtoull(argv[2], NULL, 10);
    uint64_t state = 0;
    uint64_t digest = 0;
    static pair_reach_t reach;

    for (uint64_t at = 0; at < ops; at += OPS_PER_LEDGER) {
        uint64_t left = ops - at < OPS_PER_LEDGER ? ops - at : OPS_PER_LEDGER;
        pair_t *pair = pair_create(seed * 1000003 + at, &reach);
        pair->journal = digest_answer;
        pair->journal_context = &digest;
        for (uint64_t i = 0; i < left; i++) {
            pair_step(pair);
        }
        state = state * 31 + atp_ledger_hash(pair->ledger);
        pair_destroy(pair);
    }
    printf("seed %" PRIu64 " ops %" PRIu64 " state %016" PRIx64 " answers %016" PRIx64 "\n", seed, ops, state,
           digest);
    return 0;
}
