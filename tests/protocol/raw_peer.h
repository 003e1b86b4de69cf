/* A peer by hand, without NNG: it does not dial again and again, and its closing waits for nobody. NNG 1.5.2 can wait
 * for ever when it closes a connection that a large message is being written to (docs/libatp.md). */
#ifndef ATP_TESTS_PROTOCOL_RAW_PEER_H
#define ATP_TESTS_PROTOCOL_RAW_PEER_H

#include "tests/test.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connects, says hello in the SP protocol as a REQ endpoint, sends `bytes`. */
static inline int raw_peer_say(uint16_t port, const void *bytes, size_t size)
{
    static const uint8_t hello[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(descriptor >= 0);
    assert_int_equal(connect(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(descriptor, hello, sizeof hello, 0), sizeof hello);
    if (size > 0) {
        assert_int_equal(send(descriptor, bytes, size, 0), size);
    }
    return descriptor;
}

/* Reads until the other side has closed. */
static inline void raw_peer_expect_closed(int descriptor)
{
    char bytes[256];

    while (recv(descriptor, bytes, sizeof bytes, 0) > 0) {
    }
    (void)close(descriptor);
}

#endif
