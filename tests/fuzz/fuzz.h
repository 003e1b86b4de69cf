/* The one entry point of a fuzz target. libFuzzer calls it, and so does standalone_main.c. */
#ifndef ATP_TESTS_FUZZ_FUZZ_H
#define ATP_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Feeds `size` bytes from outside to the code under test, and asserts what must hold for any bytes.
 * Returns 0. State that outlives a call must not depend on earlier calls. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
