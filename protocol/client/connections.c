#include "protocol/client/connections.h"

#include "engine/base/assert.h"

#include <time.h>

void atp_connections_init(atp_connections_t *connections)
{
    pthread_condattr_t attributes;

    connections->count = 0;
    (void)pthread_mutex_init(&connections->mutex, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&connections->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

void atp_connections_fini(atp_connections_t *connections)
{
    (void)pthread_cond_destroy(&connections->changed);
    (void)pthread_mutex_destroy(&connections->mutex);
}

static void add(atp_connections_t *connections, uint32_t id)
{
    if (connections->count < ATP_CONNECTIONS_MAX) {
        connections->ids[connections->count++] = id;
    }
}

/* NNG tells the end also of a connection to a socket of the wrong kind, whose begin it did not tell. */
static void drop(atp_connections_t *connections, uint32_t id)
{
    for (uint32_t i = 0; i < connections->count; i++) {
        if (connections->ids[i] == id) {
            connections->ids[i] = connections->ids[--connections->count];
            return;
        }
    }
}

static void on_connection(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    atp_connections_t *connections = arg;
    uint32_t id = (uint32_t)nng_pipe_id(pipe);

    (void)pthread_mutex_lock(&connections->mutex);
    if (event == NNG_PIPE_EV_ADD_POST) {
        add(connections, id);
    } else {
        drop(connections, id);
    }
    (void)pthread_cond_broadcast(&connections->changed);
    (void)pthread_mutex_unlock(&connections->mutex);
}

int atp_connections_follow(atp_connections_t *connections, nng_socket socket)
{
    int rv = nng_pipe_notify(socket, NNG_PIPE_EV_ADD_POST, on_connection, connections);

    return rv != 0 ? rv : nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, on_connection, connections);
}

bool atp_connections_wait(atp_connections_t *connections, int32_t timeout_ms)
{
    struct timespec until;
    bool is_connected;
    int rv = 0;

    ATP_ASSERT(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&connections->mutex);
    while (connections->count == 0 && rv == 0) {
        rv = timeout_ms < 0 ? pthread_cond_wait(&connections->changed, &connections->mutex)
                            : pthread_cond_timedwait(&connections->changed, &connections->mutex, &until);
    }
    is_connected = connections->count > 0;
    (void)pthread_mutex_unlock(&connections->mutex);
    return is_connected;
}
