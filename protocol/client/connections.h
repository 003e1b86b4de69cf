/* Which connections a socket has, for those who wait for the first.
 *
 * Threads     NNG's threads tell; any thread may wait.
 * Memory      in the caller's storage, until the socket is closed. At most ATP_CONNECTIONS_MAX are told apart; what
 *             more there are does not count. */
#ifndef ATP_PROTOCOL_CLIENT_CONNECTIONS_H
#define ATP_PROTOCOL_CLIENT_CONNECTIONS_H

#include <nng/nng.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define ATP_CONNECTIONS_MAX 64

typedef struct atp_connections {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint32_t count;
    uint32_t ids[ATP_CONNECTIONS_MAX];
} atp_connections_t;

void atp_connections_init(atp_connections_t *connections);
/* After the socket is closed. */
void atp_connections_fini(atp_connections_t *connections);

/* Has NNG tell; before the socket dials or listens. Returns NNG's error, or 0. */
int atp_connections_follow(atp_connections_t *connections, nng_socket socket);

/* True once there is a connection to a socket of the right kind. Waits up to `timeout_ms`; -1 = for ever. */
bool atp_connections_wait(atp_connections_t *connections, int32_t timeout_ms);

#endif
