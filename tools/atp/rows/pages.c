#include "tools/atp/rows/pages.h"

#include "tools/atp/session.h"

static uint32_t limit_of(uint64_t most, uint64_t done)
{
    uint64_t left = most == 0 ? ATP_PAGE_LIMIT_MAX : most - done;

    return left < ATP_PAGE_LIMIT_MAX ? (uint32_t)left : ATP_PAGE_LIMIT_MAX;
}

int atp_pages_walk(atp_cli_t *cli, atp_page_ask_fn ask_page, atp_page_ask_t *ask, uint64_t most,
                   atp_page_take_fn take, void *context)
{
    uint64_t done = 0;
    int status;

    if (!atp_session_open(cli, &status)) {
        return status;
    }
    do {
        atp_answer_t *answer = NULL;
        ask->limit = limit_of(most, done);
        atp_err_t err = ask_page(cli->handle, ask, &answer);
        if (err != ATP_OK) {
            return atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
        }
        atp_answer_head_t head = atp_answer_head(answer);
        if (head.verdict != ATP_APPLIED) {
            status = atp_session_refused(cli, &head);
            atp_answer_free(answer);
            return status;
        }
        bool goes_on = take(context, answer);
        done += head.row_count;
        ask->cursor = head.next_cursor;
        atp_answer_free(answer);
        if (!goes_on) {
            break;
        }
    } while (ask->cursor != 0 && (most == 0 || done < most));
    return ATP_CLI_DONE;
}
