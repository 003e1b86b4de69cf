/* How fast the rows of a load go: as fast as they are answered into an engine that serves nobody else; gently into one that does.
 *
 * A message of many rows, decoded, applied and answered, keeps a processor busy for as long as some reservations wait. So a load looks
 * around: at every ATP_LOAD_LOOK_MS it asks the engine how many requests it has had, and takes its own off. When there are others its
 * messages have few rows and it rests after each, until there have been none for ATP_LOAD_CALM_LOOKS looks. Why so, and what it costs:
 * docs/decisions/0017-a-load-looks-around.md.
 *
 * Threads     the one that takes the rows. Pure: the clock and the engine's figure come from outside.
 * Invariants  P1  it goes gently only after a look that found others.
 *             P2  without others it goes fast again after ATP_LOAD_CALM_LOOKS looks, whatever it found before. */
#ifndef ATP_CLI_LOAD_PACE_H
#define ATP_CLI_LOAD_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define ATP_LOAD_FAST_ROWS   1024 /* of a message; with larger ones a feed is slower: they leave the cache */
#define ATP_LOAD_GENTLE_ROWS 128
#define ATP_LOAD_REST_NS     2000000 /* after each message */
#define ATP_LOAD_LOOK_MS     100
#define ATP_LOAD_CALM_LOOKS  10
#define ATP_LOAD_OTHERS_MIN  100 /* requests a second: fewer are somebody's looking, or ours on their way */

/* All zeros at first. */
typedef struct atp_load_pace {
    bool has_begun;
    bool has_looked;
    int64_t looked_ms;     /* or begun */
    uint64_t requests;     /* at the last look */
    uint64_t own;          /* the same */
    unsigned gentle_looks; /* so many to come; 0: fast */
} atp_load_pace_t;

/* Whether it is time to look around. Never at the first call: a short load does not look at all. `now_ms`: of a clock that never goes
 * back. */
bool atp_load_pace_is_look_due(atp_load_pace_t *pace, int64_t now_ms);

/* What a look found: how many requests the engine has had, and how many of them, or a few more, are this load's own. */
void atp_load_pace_note(atp_load_pace_t *pace, int64_t now_ms, uint64_t requests, uint64_t own);

/* Rows of the next message, at most. */
uint32_t atp_load_pace_rows(const atp_load_pace_t *pace);

/* How long to rest after a message; 0 = not at all. */
uint32_t atp_load_pace_rest_ns(const atp_load_pace_t *pace);

#endif
