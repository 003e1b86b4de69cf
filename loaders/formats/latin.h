/* ISO 8859-1 into UTF-8.
 *
 * Threads     any. */
#ifndef ATP_LOADERS_LATIN_H
#define ATP_LOADERS_LATIN_H

#include <stdint.h>

/* In place: the first `size` of `capacity` bytes. Returns the new size; UINT32_MAX if there is no room, and then
 * nothing is changed. */
uint32_t atp_latin_to_utf8(char *bytes, uint32_t size, uint32_t capacity);

#endif
