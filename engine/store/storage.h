/* The disk, as the journal sees it: a small table of functions, so that a test can put a simulated disk
 * (torn and lost writes, full, failing) in its place.
 *
 * Paths are relative to the folder the storage was opened on. Nothing here is durable before sync_data (for
 * content) and sync_folder (for names) have returned ATP_OK. After a failed sync the content of the file is
 * unknown, and a later sync that succeeds proves nothing: the caller must stop.
 *
 * Paths       relative, shorter than ATP_PATH_SIZE_MAX, "." for the folder itself.
 * Errors      ATP_ERR_NOT_FOUND no such path; ATP_ERR_NO_SPACE the disk or quota is full; ATP_ERR_LIMIT too many
 *             open files; ATP_ERR_MEMORY; ATP_ERR_IO everything else.
 * Threads     different files: any thread. One file: one thread at a time. */
#ifndef ATP_STORE_STORAGE_H
#define ATP_STORE_STORAGE_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct atp_file atp_file_t; /* each storage has its own */
typedef struct atp_storage atp_storage_t;

#define ATP_PATH_SIZE_MAX 256

struct atp_storage {
    /* Opens an existing file, or creates an empty one when `create`. ATP_ERR_NOT_FOUND if it is not there. */
    atp_err_t (*open)(atp_storage_t *storage, const char *path, bool create, atp_file_t **ret_file);
    void (*close)(atp_storage_t *storage, atp_file_t *file);
    /* Reads up to `size` bytes; *ret_size is less only at the end of the file. */
    atp_err_t (*read_at)(atp_storage_t *storage, atp_file_t *file, uint64_t at, void *bytes, size_t size,
                         size_t *ret_size);
    /* Writes all, or fails; a failed write may have changed any part of the range. */
    atp_err_t (*write_at)(atp_storage_t *storage, atp_file_t *file, uint64_t at, const void *bytes,
                          size_t size);
    atp_err_t (*sync_data)(atp_storage_t *storage, atp_file_t *file);
    atp_err_t (*size)(atp_storage_t *storage, atp_file_t *file, uint64_t *ret_size);
    /* Replaces `to` if it is there. */
    atp_err_t (*rename)(atp_storage_t *storage, const char *from, const char *to);
    /* Removes a file; an open one lives on until it is closed. */
    atp_err_t (*remove)(atp_storage_t *storage, const char *path);
    /* Calls `visit` for each entry of `folder`, in no order. */
    atp_err_t (*list)(atp_storage_t *storage, const char *folder,
                      void (*visit)(void *context, const char *name), void *context);
    /* ATP_OK if it is there already. */
    atp_err_t (*make_folder)(atp_storage_t *storage, const char *path);
    atp_err_t (*sync_folder)(atp_storage_t *storage, const char *path);
    /* Bytes the disk has left for us. */
    atp_err_t (*free_size)(atp_storage_t *storage, uint64_t *ret_size);
};

/* The real disk below `root` (created if missing; the folder above must exist). */
ATP_MUST_USE atp_err_t atp_storage_posix_open(const char *root, atp_storage_t **ret_storage,
                                              atp_why_t *ret_why);
void atp_storage_posix_close(atp_storage_t *storage);

#endif
