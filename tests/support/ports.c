#include "tests/support/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST 15000
#define COUNT 15001 /* up to 30000: the kernel's own range begins at 32768 */
#define TRIES 1000

/* True if no other test has it: an abstract unix socket is held in its name until this process ends. */
static bool claim(unsigned port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int size = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "atp-test-port-%u", port);

    assert_true(fd >= 0);
    if (bind(fd, (struct sockaddr *)&name,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size)) != 0) {
        close(fd);
        return false;
    }
    return true;
}

static bool is_free(unsigned port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    bool is_bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_bound;
}

unsigned free_port(void)
{
    for (unsigned i = 0; i < TRIES; i++) {
        uint32_t chance;
        assert_int_equal(getrandom(&chance, sizeof chance, 0), sizeof chance);
        unsigned port = FIRST + chance % COUNT;
        if (claim(port) && is_free(port)) {
            return port;
        }
    }
    fail_msg("no free port between %u and %u", FIRST, FIRST + COUNT - 1);
    return 0;
}
