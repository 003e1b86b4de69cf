/* What the endpoints and the client share of NNG: URLs, errors in our words, and a bound on connections.
 *
 * Threads     open functions: the owner. The gate counts on NNG's threads. */
#ifndef ATP_PROTOCOL_ENDPOINT_NNG_H
#define ATP_PROTOCOL_ENDPOINT_NNG_H

#include "engine/base/atomics.h"
#include "engine/base/err.h"

#include <nng/nng.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATP_ENDPOINT_URLS_MAX 16

/* Lets at most `connection_max` peers connect to a socket. */
typedef struct atp_gate {
    uint32_t connection_max;
    _Atomic uint64_t opened;
    _Atomic uint64_t refused;
    _Atomic uint64_t now;
} atp_gate_t;

/* Refuses what is not tcp://host:port, ipc:///path or inproc://name, naming the URL. NNG itself takes a
 * missing port for any port, and leaves a host to be looked up later. */
ATP_MUST_USE atp_err_t atp_nng_check_url(const char *url, atp_why_t *ret_why);

/* Turns an NNG error about `what` at `url` into ours, and the sentence. `rv` is not 0. */
atp_err_t atp_nng_fail(atp_why_t *ret_why, int rv, const char *what, const char *url);

/* Puts the gate in front of the socket. Before listen or dial. */
ATP_MUST_USE atp_err_t atp_gate_open(atp_gate_t *gate, nng_socket socket, uint32_t connection_max,
                                     atp_why_t *ret_why);

/* Listens on every URL. On failure some may listen already: the caller closes the socket. */
ATP_MUST_USE atp_err_t atp_nng_listen(nng_socket socket, const char *const *urls, size_t url_count,
                                      nng_listener *ret_listeners, atp_why_t *ret_why);

/* Starts to dial in the background; tries again, and again whenever the connection is lost. */
ATP_MUST_USE atp_err_t atp_nng_dial(nng_socket socket, const char *url, atp_why_t *ret_why);

/* Closes a socket whose contexts are closed. NNG 1.5.2 can wait for ever in nng_close: a connection that is
 * closed just as a message arrives on it, or is being written to it, may be waited for by NNG's one reaper
 * thread without end. Therefore another thread closes, and is waited for at most ATP_NNG_CLOSE_MS.
 * Returns false if it did not end in time: what NNG's callbacks may touch must then stay. */
#define ATP_NNG_CLOSE_MS 2000
bool atp_nng_close(nng_socket socket);

/* The TCP port a listener is bound to; 0 if it is not TCP. */
uint16_t atp_nng_port(nng_listener listener);

#endif
