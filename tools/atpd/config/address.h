/* HOST:PORT with a numeric host, as a socket address: 127.0.0.1:7413, [::1]:7413. Names are not looked up. */
#ifndef ATP_ATPD_ADDRESS_H
#define ATP_ATPD_ADDRESS_H

#include "engine/base/assert.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Decimal 0..65535, nothing else. */
ATP_MUST_USE bool atp_port_parse(const char *text, uint16_t *ret_port);

/* False, outputs untouched, if `text` is no such address. Thread: any. */
ATP_MUST_USE bool atp_address_parse(const char *text, struct sockaddr_storage *ret_address,
                                    socklen_t *ret_size);

/* The port of an address this made, or a socket told. */
uint16_t atp_address_port(const struct sockaddr_storage *address);

#endif
