#include "tests/loaders/support.h"

#include <dirent.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

int scratch_setup(void **state)
{
    scratch_t *scratch = calloc(1, sizeof *scratch);

    if (scratch == NULL) {
        return -1;
    }
    strcpy(scratch->folder, "/tmp/atp-loaders-XXXXXX");
    *state = scratch;
    return mkdtemp(scratch->folder) != NULL ? 0 : -1;
}

int scratch_teardown(void **state)
{
    scratch_t *scratch = *state;
    DIR *folder = opendir(scratch->folder);
    struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)unlink(scratch_path(scratch, entry->d_name));
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    int result = rmdir(scratch->folder);
    free(scratch);
    return result;
}

const char *scratch_path(const scratch_t *scratch, const char *name)
{
    static char paths[4][400];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", scratch->folder, name);
    return path;
}

void scratch_write(const scratch_t *scratch, const char *name, const void *bytes, size_t size)
{
    FILE *out = fopen(scratch_path(scratch, name), "we");

    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
}

void scratch_write_text(const scratch_t *scratch, const char *name, const char *text)
{
    scratch_write(scratch, name, text, strlen(text));
}

void scratch_write_gzip(const scratch_t *scratch, const char *name, const void *bytes, size_t size)
{
    gzFile out = gzopen(scratch_path(scratch, name), "wb6");

    assert_non_null(out);
    assert_int_equal(gzwrite(out, bytes, (unsigned)size), (int)size);
    assert_int_equal(gzclose(out), Z_OK);
}

void scratch_write_zstd(const scratch_t *scratch, const char *name, const void *bytes, size_t size)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t room = ZSTD_compressBound(size);
    void *packed = malloc(room);

    assert_non_null(context);
    assert_non_null(packed);
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
    size_t packed_size = ZSTD_compress2(context, packed, room, bytes, size);
    assert_false(ZSTD_isError(packed_size));
    scratch_write(scratch, name, packed, packed_size);
    free(packed);
    ZSTD_freeCCtx(context);
}

bool scratch_exists(const scratch_t *scratch, const char *name)
{
    struct stat info;
    return stat(scratch_path(scratch, name), &info) == 0;
}

char *scratch_read(const scratch_t *scratch, const char *name, size_t *ret_size)
{
    FILE *in = fopen(scratch_path(scratch, name), "re");
    struct stat info;

    assert_non_null(in);
    assert_int_equal(fstat(fileno(in), &info), 0);
    size_t size = (size_t)info.st_size;
    char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, size, in), size);
    bytes[size] = '\0';
    fclose(in);
    if (ret_size != NULL) {
        *ret_size = size;
    }
    return bytes;
}

/* --- loads ------------------------------------------------------------------------------------------- */

static void copy_text(char *to, size_t size, atp_text_t text)
{
    assert_true(text.size < size);
    if (text.size > 0) {
        memcpy(to, text.bytes, text.size);
    }
    to[text.size] = '\0';
}

static atp_err_t keep_rows(void *context, const atp_load_row_t *rows, uint32_t row_count, atp_why_t *ret_why)
{
    loaded_t *loaded = context;

    (void)ret_why;
    for (uint32_t i = 0; i < row_count; i++) {
        assert_true(loaded->row_count < SUPPORT_ROWS_MAX);
        kept_row_t *kept = &loaded->rows[loaded->row_count++];
        copy_text(kept->sku, sizeof kept->sku, rows[i].sku);
        copy_text(kept->node, sizeof kept->node, rows[i].node);
        copy_text(kept->name, sizeof kept->name, rows[i].name);
        copy_text(kept->event, sizeof kept->event, rows[i].event);
        kept->row = rows[i];
    }
    return ATP_OK;
}

static void keep_reject(void *context, const atp_load_reject_t *reject)
{
    loaded_t *loaded = context;

    if (loaded->reject_count < 64) {
        loaded->rejects[loaded->reject_count] = *reject;
        snprintf(loaded->reject_columns[loaded->reject_count], 24, "%s", reject->column);
    }
    loaded->reject_count++;
}

static void count_progress(void *context, const atp_load_progress_t *progress)
{
    loaded_t *loaded = context;

    assert_true(progress->bytes_total == 0 || progress->bytes_done <= progress->bytes_total);
    loaded->progress_count++;
}

static atp_profile_t *open_profile(const char *profile, loaded_t *loaded)
{
    atp_profile_t *opened = NULL;
    atp_err_t err = strchr(profile, '\n') != NULL
                        ? atp_profile_parse(atp_text_of(profile), "test.yaml", &opened, &loaded->why)
                        : atp_profile_load(profile, &opened, &loaded->why);

    if (err != ATP_OK) {
        print_error("%s\n", loaded->why.text);
    }
    assert_int_equal(err, ATP_OK);
    return opened;
}

loaded_t *load_with(const char *profile, const atp_load_options_t *options)
{
    loaded_t *loaded = calloc(1, sizeof *loaded);
    atp_load_options_t mine = *options;
    atp_load_t *load = NULL;

    assert_non_null(loaded);
    loaded->rows = calloc(SUPPORT_ROWS_MAX, sizeof *loaded->rows);
    assert_non_null(loaded->rows);
    atp_profile_t *opened = open_profile(profile, loaded);
    mine.profile = opened;
    mine.on_reject = keep_reject;
    mine.on_progress = count_progress;
    mine.context = loaded;
    loaded->delivered = ATP_ERR_COUNT;
    loaded->validated = atp_load_open(&mine, &load, &loaded->why);
    if (loaded->validated == ATP_OK) {
        loaded->validated = atp_load_validate(load, &loaded->why);
        assert_int_equal(loaded->row_count, 0);
        if (loaded->validated == ATP_OK) {
            loaded->delivered = atp_load_deliver(load, keep_rows, loaded, &loaded->why);
        }
        loaded->report = *atp_load_report(load);
        loaded->closed = atp_load_close(load, loaded->validated == ATP_OK ? &loaded->why : NULL);
    }
    atp_profile_destroy(opened);
    return loaded;
}

loaded_t *load_file(const char *profile, const char *path)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    options.path = path;
    return load_with(profile, &options);
}

void loaded_free(loaded_t *loaded)
{
    free(loaded->rows);
    free(loaded);
}

const kept_row_t *loaded_find(const loaded_t *loaded, const char *sku, const char *node)
{
    for (uint32_t i = 0; i < loaded->row_count; i++) {
        if (strcmp(loaded->rows[i].sku, sku) == 0 && strcmp(loaded->rows[i].node, node) == 0) {
            return &loaded->rows[i];
        }
    }
    return NULL;
}
