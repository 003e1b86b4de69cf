#include "loaders/reject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct atp_reject_file {
    FILE *out;
    char *path;
    uint64_t count;
};

static atp_err_t fail_writing(const char *path, const char *what, atp_why_t *ret_why)
{
    atp_err_t err = errno == ENOSPC || errno == EDQUOT ? ATP_ERR_NO_SPACE : ATP_ERR_IO;
    return atp_fail(ret_why, err, "%.200s: the reject file cannot be %s: %s", path, what, strerror(errno));
}

atp_err_t atp_reject_open(const char *path, atp_reject_file_t **ret_file, atp_why_t *ret_why)
{
    atp_reject_file_t *file = calloc(1, sizeof *file);

    if (file == NULL || (file->path = strdup(path)) == NULL) {
        free(file);
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the reject file");
    }
    file->out = fopen(path, "we");
    if (file->out == NULL) {
        atp_err_t err = fail_writing(path, "created", ret_why);
        free(file->path);
        free(file);
        return err;
    }
    *ret_file = file;
    return ATP_OK;
}

static void write_quoted(FILE *out, atp_text_t text)
{
    const char *at = text.bytes;
    size_t left = text.size;

    putc_unlocked('"', out);
    while (left > 0) {
        const char *quote = memchr(at, '"', left);
        size_t size = quote != NULL ? (size_t)(quote - at) + 1 : left;
        fwrite_unlocked(at, 1, size, out);
        if (quote != NULL) {
            putc_unlocked('"', out);
        }
        at += size;
        left -= size;
    }
    putc_unlocked('"', out);
}

static void write_explanation(FILE *out, const atp_load_reject_t *reject)
{
    char text[160];
    const char *sentence = atp_reject_sentence(reject->reason);
    int size = reject->other_line == 0 ? snprintf(text, sizeof text, "%s", sentence)
                                       : snprintf(text, sizeof text, "%s: line %llu", sentence,
                                                  (unsigned long long)reject->other_line);

    write_quoted(out, (atp_text_t){text, size > 0 ? (uint32_t)size : 0});
}

atp_err_t atp_reject_write(atp_reject_file_t *file, const atp_load_reject_t *reject, atp_why_t *ret_why)
{
    if (file->count == 0) {
        fputs("line,reason,column,explanation,row\n", file->out);
    }
    file->count++;
    fprintf(file->out, "%llu,%s,%s,", (unsigned long long)reject->line, atp_reject_code(reject->reason),
            reject->column);
    write_explanation(file->out, reject);
    putc_unlocked(',', file->out);
    write_quoted(file->out, reject->raw);
    putc_unlocked('\n', file->out);
    return ferror(file->out) ? fail_writing(file->path, "written", ret_why) : ATP_OK;
}

atp_err_t atp_reject_restart(atp_reject_file_t *file, atp_why_t *ret_why)
{
    struct stat info;

    if (fflush(file->out) != 0 || fstat(fileno(file->out), &info) != 0 ||
        (S_ISREG(info.st_mode) &&
         (fseek(file->out, 0, SEEK_SET) != 0 || ftruncate(fileno(file->out), 0) != 0))) {
        return fail_writing(file->path, "emptied", ret_why);
    }
    file->count = 0;
    return ATP_OK;
}

atp_err_t atp_reject_flush(atp_reject_file_t *file, atp_why_t *ret_why)
{
    return fflush(file->out) != 0 ? fail_writing(file->path, "written", ret_why) : ATP_OK;
}

atp_err_t atp_reject_close(atp_reject_file_t *file, atp_why_t *ret_why)
{
    struct stat info;
    atp_err_t err = ATP_OK;

    if (file == NULL) {
        return ATP_OK;
    }
    bool is_regular = fstat(fileno(file->out), &info) == 0 && S_ISREG(info.st_mode);
    if (fclose(file->out) != 0) {
        err = fail_writing(file->path, "closed", ret_why);
    }
    if (file->count == 0 && is_regular) { /* /dev/null stays */
        (void)unlink(file->path);         /* when it is gone already there is nothing to tidy */
    }
    free(file->path);
    free(file);
    return err;
}
