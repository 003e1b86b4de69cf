/* What the codec costs an op: the cursor of protocol/ beside msgpack-c, on the same messages.
 *
 *     atp_bench_codec [--smoke]
 *
 * A message has 1,000 reserves of one line each, or their 1,000 results. Each pass over a message is timed; the figures
 * are of the passes, divided by 1,000. The hash of all that was read is printed: equal on every machine. */
#include "engine/base/hash.h"
#include "protocol/message.h"

#include <msgpack.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define OPS         1000u
#define PASSES      20000u
#define PASSES_FEW  20u
#define BUFFER_SIZE (OPS * 256u)

typedef struct work {
    char ids[OPS][24];
    char skus[OPS][16];
    char nodes[OPS][16];
    char owners[OPS][16];
    atp_command_t commands[OPS];
    atp_command_line_t lines[OPS];
    atp_result_t results[OPS];
    uint8_t bytes[BUFFER_SIZE]; /* the message that is read */
    size_t size;
    uint8_t out[BUFFER_SIZE]; /* the message that is written */
    msgpack_sbuffer packed;
    const void *written; /* by the last pass that writes; NULL before */
    size_t written_size;
    atp_command_line_t read_lines[OPS];
    uint64_t hash; /* sum over what was read, or hash of what was written */
} work_t;

typedef void (*pass_t)(work_t *work);

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fill(work_t *work)
{
    for (uint32_t i = 0; i < OPS; i++) {
        uint32_t random = atp_mix32(i + 1);
        atp_command_t *command = &work->commands[i];
        (void)snprintf(work->ids[i], sizeof work->ids[i], "cart-%08x-%05u", random, i);
        (void)snprintf(work->skus[i], sizeof work->skus[i], "SKU-%06u", random % 20000);
        (void)snprintf(work->nodes[i], sizeof work->nodes[i], "store-%03u", random % 40);
        (void)snprintf(work->owners[i], sizeof work->owners[i], "user-%07u", random % 1000003);
        work->lines[i] =
            (atp_command_line_t){atp_text_of(work->skus[i]), atp_text_of(work->nodes[i]), 1 + random % 3, 0};
        command->kind = ATP_OP_RESERVE;
        command->id = atp_text_of(work->ids[i]);
        command->issued_ms = INT64_C(1795253000000) + i;
        command->channel = ATP_TEXT("web");
        command->owner = atp_text_of(work->owners[i]);
        command->ttl_ms = 900000;
        command->line_count = 1;
        command->lines = &work->lines[i];
        work->results[i] =
            (atp_result_t){.op = 81234567 + i, .qty = 1, .deadline_ms = command->issued_ms + 900000};
    }
}

static void must(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "bench_codec: %s failed\n", what);
        exit(1);
    }
}

static void wrote(work_t *work, const void *bytes, size_t size)
{
    work->written = bytes;
    work->written_size = size;
}

/* ---- the cursor ---- */

static void cursor_encode_ops(work_t *work)
{
    const atp_request_t request = {ATP_MESSAGE_COMMANDS, ATP_TEXT("bench-1"), ATP_TEXT("bench"),
                                   ATP_TEXT("")};
    atp_writer_t writer;

    atp_writer_init(&writer, work->out, sizeof work->out);
    atp_write_request(&writer, &request);
    atp_write_list_begin(&writer);
    for (uint32_t i = 0; i < OPS; i++) {
        atp_write_command(&writer, &work->commands[i]);
    }
    atp_write_list_end(&writer);
    must(!writer.is_overflown, "encode");
    work->size = atp_writer_size(&writer);
    wrote(work, work->out, work->size);
}

static void cursor_decode_ops(work_t *work)
{
    atp_reader_t reader;
    atp_request_t request;
    atp_command_t command;
    atp_refusal_t refusal;
    uint32_t count;

    must(atp_request_open(work->bytes, work->size, &reader, &request), "open");
    must(atp_read_commands(&reader, &count), "commands");
    for (uint32_t i = 0; i < count; i++) {
        must(atp_read_command(
                 &reader, &command,
                 &(atp_command_room_t){.lines = work->read_lines + reader.line_total, .line_capacity = OPS},
                 &refusal),
             "command");
        work->hash += (uint64_t)command.lines[0].mantissa + command.id.size + command.lines[0].sku.size;
    }
    must(atp_message_close(&reader), "close");
}

static void cursor_encode_results(work_t *work)
{
    const atp_response_t response = {ATP_MESSAGE_COMMANDS, ATP_TEXT("bench-1"), 7, 82000000, 81999999};
    atp_writer_t writer;

    atp_writer_init(&writer, work->out, sizeof work->out);
    atp_write_response(&writer, &response);
    atp_write_list_begin(&writer);
    for (uint32_t i = 0; i < OPS; i++) {
        atp_write_result(&writer, &work->results[i], NULL);
    }
    atp_write_list_end(&writer);
    must(!writer.is_overflown, "encode results");
    work->size = atp_writer_size(&writer);
    wrote(work, work->out, work->size);
}

static void cursor_decode_results(work_t *work)
{
    atp_reader_t reader;
    atp_response_t response;
    atp_result_t result;
    atp_grant_t grant;
    uint32_t count;

    must(atp_response_open(work->bytes, work->size, &reader, &response), "open response");
    must(atp_read_results(&reader, &count), "results");
    for (uint32_t i = 0; i < count; i++) {
        must(atp_read_result(&reader, &result, &grant, 1), "result");
        work->hash += result.op + (uint64_t)result.qty;
    }
    must(atp_message_close(&reader), "close response");
}

/* ---- msgpack-c, the same messages ---- */

static void pack_text(msgpack_packer *packer, atp_text_t text)
{
    (void)msgpack_pack_str_with_body(packer, text.bytes, text.size);
}

static void pack_reserve(msgpack_packer *packer, const atp_command_t *command)
{
    (void)msgpack_pack_array(packer, 8);
    (void)msgpack_pack_int(packer, (int)command->kind);
    pack_text(packer, command->id);
    (void)msgpack_pack_int64(packer, command->issued_ms);
    pack_text(packer, command->channel);
    pack_text(packer, command->owner);
    (void)msgpack_pack_int64(packer, command->ttl_ms);
    (void)msgpack_pack_int(packer, command->option);
    (void)msgpack_pack_array(packer, 1);
    (void)msgpack_pack_array(packer, 3);
    pack_text(packer, command->lines[0].sku);
    pack_text(packer, command->lines[0].node);
    (void)msgpack_pack_int64(packer, command->lines[0].mantissa);
}

static void msgpack_encode_ops(work_t *work)
{
    msgpack_packer packer;

    msgpack_sbuffer_clear(&work->packed);
    msgpack_packer_init(&packer, &work->packed, msgpack_sbuffer_write);
    (void)msgpack_pack_array(&packer, 6);
    (void)msgpack_pack_int(&packer, ATP_PROTOCOL_VERSION);
    (void)msgpack_pack_int(&packer, ATP_MESSAGE_COMMANDS);
    pack_text(&packer, ATP_TEXT("bench-1"));
    pack_text(&packer, ATP_TEXT("bench"));
    pack_text(&packer, ATP_TEXT(""));
    (void)msgpack_pack_array(&packer, OPS);
    for (uint32_t i = 0; i < OPS; i++) {
        pack_reserve(&packer, &work->commands[i]);
    }
    wrote(work, work->packed.data, work->packed.size);
}

static atp_text_t text_of(const msgpack_object *object)
{
    must(object->type == MSGPACK_OBJECT_STR, "msgpack text");
    return (atp_text_t){object->via.str.ptr, object->via.str.size};
}

/* From the tree of msgpack-c to a command, with the checks that the cursor makes. */
static void unpack_reserve(const msgpack_object *object, atp_command_t *command, atp_command_line_t *line)
{
    must(object->type == MSGPACK_OBJECT_ARRAY && object->via.array.size == 8, "msgpack op");
    const msgpack_object *op = object->via.array.ptr;
    must(op[7].type == MSGPACK_OBJECT_ARRAY && op[7].via.array.size == 1, "msgpack lines");
    const msgpack_object *line_of = op[7].via.array.ptr[0].via.array.ptr;
    command->kind = (atp_op_kind_t)op[0].via.u64;
    command->id = text_of(&op[1]);
    command->issued_ms = op[2].via.i64;
    command->channel = text_of(&op[3]);
    command->owner = text_of(&op[4]);
    command->ttl_ms = op[5].via.i64;
    command->option = (uint8_t)op[6].via.u64;
    *line = (atp_command_line_t){text_of(&line_of[0]), text_of(&line_of[1]), line_of[2].via.i64, 0};
    command->lines = line;
    must(atp_text_is_clean(command->id) && atp_text_is_clean(command->channel) &&
             atp_text_is_clean(command->owner) && atp_text_is_clean(line->sku) &&
             atp_text_is_clean(line->node),
         "msgpack ids");
}

static void msgpack_decode_ops(work_t *work)
{
    msgpack_unpacked unpacked;
    size_t offset = 0;
    atp_command_t command;

    msgpack_unpacked_init(&unpacked);
    must(msgpack_unpack_next(&unpacked, (const char *)work->bytes, work->size, &offset) ==
             MSGPACK_UNPACK_SUCCESS,
         "msgpack unpack");
    const msgpack_object_array *ops = &unpacked.data.via.array.ptr[5].via.array;
    for (uint32_t i = 0; i < ops->size; i++) {
        unpack_reserve(&ops->ptr[i], &command, &work->read_lines[i]);
        work->hash += (uint64_t)command.lines[0].mantissa + command.id.size + command.lines[0].sku.size;
    }
    msgpack_unpacked_destroy(&unpacked);
}

/* ---- the figures ---- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run(work_t *work, const char *name, pass_t pass, uint32_t passes, double *samples)
{
    work->hash = 0;
    work->written = NULL;
    for (uint32_t i = 0; i < passes; i++) {
        uint64_t begin = now_ns();
        pass(work);
        samples[i] = (double)(now_ns() - begin) / OPS;
    }
    uint64_t hash =
        work->written == NULL ? work->hash / passes : atp_hash_bytes(work->written, work->written_size, 0);
    qsort(samples, passes, sizeof *samples, by_size);
    (void)printf("%-24s n %8u  ns/op p50 %6.1f  p99 %6.1f  p99.9 %6.1f  max %7.1f  hash %016llx\n", name,
                 passes * OPS, samples[passes / 2], samples[(size_t)passes * 99 / 100],
                 samples[(size_t)passes * 999 / 1000], samples[passes - 1], (unsigned long long)hash);
}

/* What is read next is what was written last. */
static void turn(work_t *work)
{
    memcpy(work->bytes, work->out, work->size);
}

int main(int argc, char **argv)
{
    bool is_smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    uint32_t passes = is_smoke ? PASSES_FEW : PASSES;
    work_t *work = calloc(1, sizeof *work);
    double *samples = calloc(PASSES, sizeof *samples);

    must(work != NULL && samples != NULL, "memory");
    msgpack_sbuffer_init(&work->packed);
    fill(work);
    run(work, "cursor encode reserve", cursor_encode_ops, passes, samples);
    turn(work);
    (void)printf("%-24s %.1f bytes an op\n", "reserve", (double)work->size / OPS);
    run(work, "cursor decode reserve", cursor_decode_ops, passes, samples);
    run(work, "msgpack-c encode reserve", msgpack_encode_ops, passes, samples);
    run(work, "msgpack-c decode reserve", msgpack_decode_ops, passes, samples);
    run(work, "cursor encode result", cursor_encode_results, passes, samples);
    turn(work);
    (void)printf("%-24s %.1f bytes a result\n", "result", (double)work->size / OPS);
    run(work, "cursor decode result", cursor_decode_results, passes, samples);
    msgpack_sbuffer_destroy(&work->packed);
    free(samples);
    free(work);
    return 0;
}
