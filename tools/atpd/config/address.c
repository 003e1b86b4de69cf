#include "tools/atpd/config/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

bool atp_port_parse(const char *text, uint16_t *ret_port)
{
    uint32_t port = 0;
    size_t size = strspn(text, "0123456789");

    if (size == 0 || size > 5 || text[size] != '\0') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    if (port > UINT16_MAX) {
        return false;
    }
    *ret_port = (uint16_t)port;
    return true;
}

/* Copies the host between optional brackets; false if it has no place, or brackets do not pair. */
static bool take_host(const char *text, const char *colon, char ret_host[INET6_ADDRSTRLEN], bool *ret_is_v6)
{
    bool has_brackets = text[0] == '[';
    const char *begin = has_brackets ? text + 1 : text;
    const char *end = has_brackets ? colon - 1 : colon;

    if (end <= begin || end - begin >= INET6_ADDRSTRLEN || (has_brackets && *end != ']')) {
        return false;
    }
    memcpy(ret_host, begin, (size_t)(end - begin));
    ret_host[end - begin] = '\0';
    *ret_is_v6 = has_brackets;
    return true;
}

bool atp_address_parse(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_size)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    char host[INET6_ADDRSTRLEN];
    bool is_v6;
    uint16_t port;
    const char *colon = strrchr(text, ':');

    if (colon == NULL || !take_host(text, colon, host, &is_v6) || !atp_port_parse(colon + 1, &port)) {
        return false;
    }
    if (inet_pton(is_v6 ? AF_INET6 : AF_INET, host, is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) !=
        1) {
        return false;
    }
    v4.sin_port = htons(port);
    v6.sin6_port = htons(port);
    memset(ret_address, 0, sizeof *ret_address);
    memcpy(ret_address, is_v6 ? (void *)&v6 : (void *)&v4, is_v6 ? sizeof v6 : sizeof v4);
    *ret_size = is_v6 ? sizeof v6 : sizeof v4;
    return true;
}

uint16_t atp_address_port(const struct sockaddr_storage *address)
{
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;

    if (address->ss_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        return ntohs(v6.sin6_port);
    }
    memcpy(&v4, address, sizeof v4);
    return ntohs(v4.sin_port);
}
