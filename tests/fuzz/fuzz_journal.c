/* Recovery of a journal from segments that anybody may have written.
 *
 * The input is a small program that lays out up to four segments: frames and headers that verify (no fuzzer finds a
 * checksum by itself), right or wrong in any field, raw bytes, flips, cut files. Then the journal is opened, read-only
 * and for good: whatever stands there, it is refused with a place, or it becomes a journal that holds what was
 * visited, can be appended to, and comes back whole. */
#include "engine/store/journal_priv.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sim/sim_disk.h"

#include <string.h>

#define SEGMENTS_MAX 4
#define SEGMENT_SIZE ATP_SEGMENT_SIZE_MIN
#define VISITS_MAX   20000

typedef struct input {
    const uint8_t *bytes;
    size_t size;
} input_t;

typedef struct layout {
    unsigned char bytes[SEGMENTS_MAX][SEGMENT_SIZE];
    uint64_t sizes[SEGMENTS_MAX];
    uint64_t number; /* of the first */
    size_t count;    /* segments begun */
    uint64_t offset; /* where the next frame goes, in the last */
    uint64_t next_op;
    uint64_t digest;
} layout_t;

static layout_t layout;

static uint8_t next_byte(input_t *input)
{
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return *input->bytes++;
}

static uint16_t next_u16(input_t *input)
{
    uint16_t low = next_byte(input);

    return (uint16_t)(low | next_byte(input) << 8);
}

/* ---- what a program can do ---- */

/* A segment header that follows on, but for the fields whose bit is set in `wrong`. */
static void begin_segment(uint8_t wrong)
{
    if (layout.count == SEGMENTS_MAX) {
        return;
    }
    atp_segment_header_t header = {
        .number = layout.number + layout.count + ((wrong & 1) != 0),
        .size = SEGMENT_SIZE + ((wrong & 2) != 0) * SEGMENT_SIZE,
        .first_op = layout.next_op + ((wrong & 4) != 0),
        .previous_digest = layout.digest + ((wrong & 8) != 0),
        .zero = (wrong & 16) != 0,
    };
    atp_segment_header_seal(&header);
    memcpy(layout.bytes[layout.count], &header, sizeof header);
    layout.count++;
    layout.offset = sizeof header;
}

/* A frame that follows on, but for the fields whose bit is set in `wrong`. */
static void add_frame(uint8_t wrong, uint8_t op_count, uint16_t payload_size)
{
    if (layout.count == 0) {
        begin_segment(0);
    }
    unsigned char *segment = layout.bytes[layout.count - 1];
    atp_frame_header_t header = {
        .flags =
            (uint16_t)(((wrong & 1) != 0) * ATP_FRAME_IS_MARK | ((wrong & 2) != 0) * ATP_FRAME_AFTER_DURABLE),
        .payload_size = payload_size,
        .op_count = op_count,
        .first_op = layout.next_op + ((wrong & 4) != 0),
        .previous_digest = layout.digest + ((wrong & 8) != 0),
        .durable_op = layout.next_op - 1 + ((wrong & 16) != 0) * UINT64_C(40),
    };
    if (atp_frame_size(payload_size) > SEGMENT_SIZE - layout.offset) {
        return;
    }
    unsigned char *payload = segment + layout.offset + sizeof header;
    memset(payload, 0x5a, payload_size);
    header.payload_digest = atp_frame_payload_digest(payload, payload_size) + ((wrong & 32) != 0);
    header.payload_size += ((wrong & 64) != 0) * (uint32_t)SEGMENT_SIZE;
    atp_frame_header_seal(&header, layout.number + layout.count - 1, layout.offset);
    memcpy(segment + layout.offset, &header, sizeof header);
    layout.offset += atp_frame_size(payload_size);
    layout.next_op += op_count;
    layout.digest = header.digest;
}

static void write_raw(input_t *input)
{
    unsigned char *segment = layout.bytes[next_byte(input) % SEGMENTS_MAX];
    size_t at = next_u16(input);
    size_t size = next_byte(input);

    for (size_t i = 0; i < size && at + i < SEGMENT_SIZE; i++) {
        segment[at + i] = next_byte(input);
    }
}

/* A header of nothing but the input's fields, with a checksum that holds. */
static void write_header(input_t *input)
{
    size_t index = next_byte(input) % SEGMENTS_MAX;
    size_t at = next_u16(input) / 8 * 8;
    atp_frame_header_t header;
    unsigned char *fields = (unsigned char *)&header;

    memset(&header, 0, sizeof header);
    for (size_t i = 0; i < sizeof header && input->size > 0; i++) {
        fields[i] = next_byte(input);
    }
    if (at <= SEGMENT_SIZE - sizeof header) {
        atp_frame_header_seal(&header, layout.number + index, at);
        memcpy(layout.bytes[index] + at, &header, sizeof header);
    }
}

static void run_command(input_t *input)
{
    uint8_t index;

    switch (next_byte(input) % 8) {
    case 0:
        begin_segment(0);
        break;
    case 1:
        begin_segment(next_byte(input));
        break;
    case 2:
        add_frame(0, (uint8_t)(1 + next_byte(input) % 8), next_byte(input));
        break;
    case 3:
        index = next_byte(input);
        add_frame(index, next_byte(input), next_u16(input));
        break;
    case 4:
        write_raw(input);
        break;
    case 5:
        write_header(input);
        break;
    case 6:
        index = next_byte(input) % SEGMENTS_MAX;
        layout.bytes[index][next_u16(input) % SEGMENT_SIZE] ^= next_byte(input);
        break;
    default:
        index = next_byte(input) % SEGMENTS_MAX;
        layout.sizes[index] = next_u16(input);
        break;
    }
}

static void lay_out(input_t *input)
{
    memset(&layout, 0, sizeof layout);
    layout.number = 1 + next_byte(input) % 2;
    layout.next_op = layout.number == 1 ? 1 : 1 + next_byte(input);
    for (size_t i = 0; i < SEGMENTS_MAX; i++) {
        layout.sizes[i] = SEGMENT_SIZE;
    }
    while (input->size > 0) {
        run_command(input);
    }
}

static sim_disk_t *make_disk(void)
{
    sim_disk_t *disk = sim_disk_create(1, 0);
    char path[ATP_PATH_SIZE_MAX];

    for (size_t i = 0; i < SEGMENTS_MAX; i++) {
        atp_segment_path(layout.number + i, path);
        sim_disk_put(disk, path, layout.bytes[i], layout.sizes[i]);
    }
    return disk;
}

/* ---- what must hold ---- */

typedef struct visited {
    uint64_t next_op;
    uint64_t frames;
} visited_t;

static atp_err_t visit(void *context, const atp_frame_t *frame, atp_journal_position_t place,
                       atp_why_t *ret_why)
{
    visited_t *visited = context;
    const unsigned char *payload = frame->payload;
    unsigned sum = 0;

    (void)ret_why;
    ATP_ASSERT(place.offset + atp_frame_size(frame->payload_size) <= SEGMENT_SIZE);
    ATP_ASSERT(frame->op_count > 0 &&
               (visited->next_op == 0 || frame->first_op == visited->next_op)); /* J1 */
    for (uint32_t i = 0; i < frame->payload_size; i++) {
        sum += payload[i]; /* all of it can be read */
    }
    ATP_ASSERT(sum <= 255 * frame->payload_size);
    visited->next_op = frame->first_op + frame->op_count;
    visited->frames++;
    ATP_ASSERT(visited->frames < VISITS_MAX);
    return ATP_OK;
}

/* Opens and replays all; on ATP_OK *ret_journal is open. */
static atp_err_t open_journal(sim_disk_t *disk, bool read_only, atp_journal_t **ret_journal,
                              atp_journal_tail_t *ret_tail)
{
    const atp_journal_options_t options = {.storage = sim_disk_storage(disk),
                                           .segment_size = SEGMENT_SIZE,
                                           .segments_ahead = 2,
                                           .read_only = read_only};
    visited_t visited = {0};
    atp_why_t why = {{0}};
    atp_err_t err = atp_journal_open(&options, ret_journal, &why);

    ATP_ASSERT(err == ATP_OK); /* the names are in order */
    err = atp_journal_replay(*ret_journal, 0, visit, &visited, ret_tail, &why);
    if (err != ATP_OK) {
        ATP_ASSERT(err == ATP_ERR_CORRUPT && strstr(why.text, ".seg, byte ") != NULL);
        atp_journal_close(*ret_journal);
        return err;
    }
    ATP_ASSERT(ret_tail->frames >= visited.frames);
    ATP_ASSERT(visited.frames == 0 || ret_tail->last_op + 1 == visited.next_op);
    return ATP_OK;
}

static void check_reads_are_bounded(const sim_disk_t *disk)
{
    sim_disk_stats_t stats;

    sim_disk_stats(disk, &stats);
    ATP_ASSERT(stats.operations < 500);
}

static void check_append(atp_journal_t *journal, const atp_journal_tail_t *tail)
{
    const atp_frame_t frame = {
        .first_op = tail->last_op + 1, .op_count = 1, .payload = "after", .payload_size = 5};

    ATP_ASSERT(atp_journal_durable_op(journal) == tail->last_op);
    ATP_ASSERT(atp_journal_prepare(journal) == ATP_OK);
    ATP_ASSERT(atp_journal_append(journal, &frame) == ATP_OK);
    ATP_ASSERT(atp_journal_sync(journal) == ATP_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    input_t input = {bytes, size};
    atp_journal_t *journal = NULL;
    atp_journal_tail_t looked = {0};
    atp_journal_tail_t opened = {0};

    lay_out(&input);
    sim_disk_t *disk = make_disk();
    atp_err_t err = open_journal(disk, true, &journal, &looked);
    if (err == ATP_OK) {
        atp_journal_close(journal);
    }
    /* A run that writes decides as one that only looks. */
    atp_err_t again = open_journal(disk, false, &journal, &opened);
    ATP_ASSERT(again == err);
    check_reads_are_bounded(disk);
    if (err == ATP_OK) {
        ATP_ASSERT(memcmp(&looked, &opened, sizeof looked) == 0);
        check_append(journal, &opened);
        atp_journal_close(journal);
        sim_disk_crash(disk, SIM_CRASH_LOSE);
        ATP_ASSERT(open_journal(disk, true, &journal, &looked) == ATP_OK);
        ATP_ASSERT(looked.torn_bytes == 0 && looked.last_op == opened.last_op + 1);
        atp_journal_close(journal);
    }
    sim_disk_destroy(disk);
    return 0;
}
