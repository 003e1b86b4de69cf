/* Rows of a load in messages of such size, and with such rests, as the others that the engine serves leave it: load_pace.h. */
#include "tools/atp/load/load_run_priv.h"

#include <time.h>

static int64_t monotonic_ms(void)
{
    struct timespec now;

    ATP_ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t own_requests(const atp_load_run_t *run)
{
    return run->requests + (run->sender != NULL ? atp_load_sender_requests(run->sender) : 0);
}

/* An engine that does not tell how many requests it has had, or does not want to, is served fast. */
static atp_err_t look_around(atp_load_run_t *run, int64_t now_ms)
{
    atp_answer_t *answer = NULL;

    run->requests++;
    atp_err_t err = atp_client_stat(run->cli->handle, &answer);
    if (err != ATP_OK) {
        return atp_load_run_fail(run, err);
    }
    uint64_t own = own_requests(run);
    uint64_t requests = 0;
    const atp_stat_t *stats = atp_answer_stats(answer);
    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        if (atp_text_equal(stats[i].name, ATP_TEXT("requests"))) {
            requests = (uint64_t)stats[i].value;
        }
    }
    atp_answer_free(answer);
    atp_load_pace_note(&run->pace, now_ms, requests, own);
    return ATP_OK;
}

static void rest(const atp_load_run_t *run)
{
    const struct timespec moment = {0, (long)atp_load_pace_rest_ns(&run->pace)};

    if (moment.tv_nsec > 0) {
        (void)nanosleep(&moment, NULL);
    }
}

atp_err_t atp_load_run_take_paced(atp_load_run_t *run, const atp_load_row_t *rows, uint32_t row_count,
                                  atp_load_run_take_fn take)
{
    atp_err_t err = ATP_OK;

    for (uint32_t at = 0, count; at < row_count && err == ATP_OK; at += count) {
        int64_t now_ms = monotonic_ms();
        if (atp_load_pace_is_look_due(&run->pace, now_ms)) {
            err = look_around(run, now_ms);
        }
        uint32_t most = atp_load_pace_rows(&run->pace);
        if (run->sender != NULL) {
            atp_load_sender_limit(run->sender, most < ATP_LOAD_FAST_ROWS ? most : ATP_OPS_PER_MESSAGE_MAX);
        }
        count = row_count - at < most ? row_count - at : most;
        err = err == ATP_OK ? take(run, &rows[at], count) : err;
        rest(run);
    }
    return err;
}
