/* Runs a fuzz target without libFuzzer, so that it is a test under every compiler: the files of a corpus
 * folder as they are, then seeded mutations of them, the same ones in every run with the same seed.
 *
 *     fuzz_x [--runs N] [--seed S] [--size-max BYTES] [FILE_OR_FOLDER ...]
 *
 * When an input kills the process, its bytes are in fuzz-failed.PID in the current folder; run it again by
 * giving that file, or put it into the corpus. */
#include "engine/base/assert.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CORPUS_COUNT_MAX 4096
#define PATH_SIZE_MAX    4096

typedef struct input {
    uint8_t *bytes;
    size_t size;
} input_t;

static input_t corpus[CORPUS_COUNT_MAX];
static size_t corpus_count;
static size_t size_max = 4096;

static input_t current; /* what the target runs now, for the report */

/* ---- the report of a failure ---- */

/* Weak: there in a build with a sanitizer, NULL otherwise. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* Only calls that are safe in a signal handler. */
static void save_current(void)
{
    static char path[] = "fuzz-failed.0000000000";
    char *digit = path + sizeof path - 2;

    for (pid_t pid = getpid(); pid > 0; pid /= 10) {
        *digit-- = (char)('0' + pid % 10);
    }
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file >= 0 && write(file, current.bytes, current.size) == (ssize_t)current.size) {
        static const char text[] = "fuzz: the input that failed is in ";
        (void)!write(STDERR_FILENO, text, sizeof text - 1);
        (void)!write(STDERR_FILENO, path, sizeof path - 1);
        (void)!write(STDERR_FILENO, "\n", 1);
    }
}

static void on_signal(int number)
{
    save_current();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void watch_for_failure(void)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        ATP_ASSERT(signal(signals[i], on_signal) != SIG_ERR);
    }
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(save_current);
    }
}

/* ---- corpus ---- */

static void corpus_add_file(const char *path)
{
    struct stat facts;
    FILE *file = fopen(path, "rb");

    ATP_ASSERT(corpus_count < CORPUS_COUNT_MAX);
    if (file == NULL || fstat(fileno(file), &facts) != 0) {
        perror(path);
        exit(2);
    }
    input_t *input = &corpus[corpus_count++];
    input->size = (size_t)facts.st_size;
    input->bytes = malloc(input->size + 1);
    ATP_ASSERT(input->bytes != NULL && fread(input->bytes, 1, input->size, file) == input->size);
    (void)fclose(file);
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void corpus_add(const char *path)
{
    struct dirent **entries = NULL;
    char child[PATH_SIZE_MAX];
    struct stat facts;

    if (stat(path, &facts) != 0) {
        printf("fuzz: no corpus at %s\n", path);
        return;
    }
    if (!S_ISDIR(facts.st_mode)) {
        corpus_add_file(path);
        return;
    }
    int count = scandir(path, &entries, not_hidden, alphasort); /* sorted: same order on every machine */
    ATP_ASSERT(count >= 0);
    for (int i = 0; i < count; i++) {
        ATP_ASSERT((size_t)snprintf(child, sizeof child, "%s/%s", path, entries[i]->d_name) < sizeof child);
        corpus_add_file(child);
        free(entries[i]);
    }
    free(entries);
}

/* ---- mutation ---- */

static uint64_t random_state;

/* splitmix64 */
static uint64_t next_random(void)
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t below(size_t limit)
{
    return limit == 0 ? 0 : (size_t)(next_random() % limit);
}

static void remove_range(input_t *input)
{
    size_t at = below(input->size);
    size_t count = below(input->size - at) + (input->size > 0 ? 1 : 0);

    memmove(input->bytes + at, input->bytes + at + count, input->size - at - count);
    input->size -= count;
}

/* Puts `count` bytes of `from` into `input` at `at`, as far as they fit. */
static void insert_range(input_t *input, size_t at, const uint8_t *from, size_t count)
{
    if (count > size_max - input->size) {
        count = size_max - input->size;
    }
    memmove(input->bytes + at + count, input->bytes + at, input->size - at);
    memcpy(input->bytes + at, from, count);
    input->size += count;
}

static void insert_random_bytes(input_t *input)
{
    uint8_t bytes[16];
    size_t count = below(sizeof bytes) + 1;

    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)next_random();
    }
    insert_range(input, below(input->size + 1), bytes, count);
}

static void insert_from_corpus(input_t *input)
{
    const input_t *other = &corpus[below(corpus_count)];
    size_t from = below(other->size);

    insert_range(input, below(input->size + 1), other->bytes + from, below(other->size - from + 1));
}

/* Overwrites 1, 2, 4 or 8 bytes with a number that sits on an edge, in either byte order. */
static void write_edge_number(input_t *input)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     0x7f,
                                     0x80,
                                     0xff,
                                     0x7fff,
                                     0x8000,
                                     0xffff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     INT64_MAX,
                                     (uint64_t)INT64_MIN,
                                     UINT64_MAX,
                                     8192,
                                     8193,
                                     1024,
                                     1025,
                                     64,
                                     65};
    uint64_t edge = edges[below(sizeof edges / sizeof edges[0])];
    size_t width = (size_t)1 << below(4);
    size_t at = below(input->size);
    int is_big_endian = (int)below(2);

    for (size_t i = 0; i < width && at + i < input->size; i++) {
        size_t shift = is_big_endian ? width - 1 - i : i;
        input->bytes[at + i] = (uint8_t)(edge >> (8 * shift));
    }
}

static void change_one_byte(input_t *input)
{
    if (input->size > 0) {
        uint8_t *byte = &input->bytes[below(input->size)];
        *byte = (uint8_t)(below(2) ? next_random() : *byte ^ ((uint64_t)1 << below(8)));
    }
}

static void mutate(input_t *input)
{
    switch (below(6)) {
    case 0:
        remove_range(input);
        break;
    case 1:
        insert_random_bytes(input);
        break;
    case 2:
        insert_from_corpus(input);
        break;
    case 3:
        write_edge_number(input);
        break;
    default:
        change_one_byte(input);
    }
}

/* ---- runs ---- */

/* The target gets a block of exactly this size, so that AddressSanitizer sees the first byte past it. */
static void run_exact(const input_t *input)
{
    uint8_t *bytes = malloc(input->size == 0 ? 1 : input->size);

    ATP_ASSERT(bytes != NULL);
    memcpy(bytes, input->bytes, input->size);
    current = (input_t){bytes, input->size};
    (void)alarm(20); /* an input that hangs is a failure too */
    ATP_ASSERT(LLVMFuzzerTestOneInput(bytes, input->size) == 0);
    (void)alarm(0);
    free(bytes);
}

static void run_mutations(uint64_t runs)
{
    input_t input = {malloc(size_max), 0};

    ATP_ASSERT(input.bytes != NULL);
    for (uint64_t run = 0; run < runs; run++) {
        const input_t *from = &corpus[below(corpus_count)];
        input.size = from->size < size_max ? from->size : size_max;
        memcpy(input.bytes, from->bytes, input.size);
        for (size_t left = below(6) + 1; left > 0; left--) {
            mutate(&input);
        }
        run_exact(&input);
    }
    free(input.bytes);
}

static uint64_t number_or_exit(const char *option, const char *text)
{
    char *end = NULL;
    uint64_t number = text == NULL ? 0 : strtoull(text, &end, 10);

    if (text == NULL || end == text || *end != '\0') {
        fprintf(stderr, "fuzz: %s wants a number\n", option);
        exit(2);
    }
    return number;
}

int main(int argc, char **argv)
{
    uint64_t runs = 0;
    uint64_t seed = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--runs") == 0) {
            runs = number_or_exit(argv[i], argv[i + 1]);
            i++;
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = number_or_exit(argv[i], argv[i + 1]);
            i++;
        } else if (strcmp(argv[i], "--size-max") == 0) {
            size_max = (size_t)number_or_exit(argv[i], argv[i + 1]);
            i++;
        } else {
            corpus_add(argv[i]);
        }
    }
    if (corpus_count == 0) {
        corpus[corpus_count++] = (input_t){calloc(1, 1), 0};
    }
    random_state = seed;
    watch_for_failure();
    for (size_t i = 0; i < corpus_count; i++) {
        run_exact(&corpus[i]);
    }
    run_mutations(runs);
    for (size_t i = 0; i < corpus_count; i++) {
        free(corpus[i].bytes);
    }
    printf("fuzz: %zu corpus files and %" PRIu64 " mutations, seed %" PRIu64 ", no failure\n", corpus_count,
           runs, seed);
    return 0;
}
