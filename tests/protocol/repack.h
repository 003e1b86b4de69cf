/* JSON to msgpack by jansson and msgpack-c: a second opinion on every byte the codec writes and reads. At one
 * chosen place of the tree something else can be written instead. */
#ifndef ATP_TESTS_PROTOCOL_REPACK_H
#define ATP_TESTS_PROTOCOL_REPACK_H

#include <jansson.h>
#include <msgpack.h>

#include <stdbool.h>
#include <stdint.h>

typedef enum repack_change {
    REPACK_NIL,        /* the value becomes nil, */
    REPACK_FLOAT,      /* 1.5, */
    REPACK_BIN,        /* three bytes of binary, */
    REPACK_NOT_UTF8,   /* of texts only: the byte ff, */
    REPACK_CONTROL,    /* of texts only: an escape character, */
    REPACK_HUGE_COUNT, /* of arrays only: the header announces 2^32 - 1 elements, */
    REPACK_EXTENDED    /* of arrays that are no lists only: three elements of the future follow */
} repack_change_t;

/* Packs `json`. Place `target` (counted depth first from 0; UINT32_MAX for none) is changed, if the change applies to
 * it. Returns whether it did; *ret_places is the number of places. */
bool repack(const char *json, uint32_t target, repack_change_t change, msgpack_sbuffer *ret_bytes,
            uint32_t *ret_places);

#endif
