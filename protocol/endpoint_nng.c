#include "protocol/endpoint_nng.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RECONNECT_MS_MIN 10
#define RECONNECT_MS_MAX 500

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* True if `text` ends in ":port", port 0 to 65535 in digits. */
static bool has_port(const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t digits;

    if (colon == NULL) {
        return false;
    }
    digits = strspn(colon + 1, "0123456789");
    return digits >= 1 && digits <= 5 && colon[1 + digits] == '\0' && strtoul(colon + 1, NULL, 10) <= 65535;
}

static bool is_tcp(const char *url, const char **ret_rest)
{
    static const char *const schemes[] = {"tcp://", "tcp4://", "tcp6://"};

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (has_prefix(url, schemes[i])) {
            *ret_rest = url + strlen(schemes[i]);
            return true;
        }
    }
    return false;
}

atp_err_t atp_nng_check_url(const char *url, atp_why_t *ret_why)
{
    const char *rest;

    if (url == NULL || *url == '\0') {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "no URL given: tcp://host:port, ipc:///path or inproc://name");
    }
    if (strlen(url) >= NNG_MAXADDRLEN) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.32s...: a URL has at most %d bytes", url,
                        NNG_MAXADDRLEN - 1);
    }
    if (is_tcp(url, &rest)) {
        if (*rest == ':' || !has_port(rest)) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "%s: a TCP URL is tcp://host:port", url);
        }
        return ATP_OK;
    }
    if (has_prefix(url, "ipc://")) {
        if (url[6] != '/' || url[7] == '\0') {
            return atp_fail(ret_why, ATP_ERR_INVALID, "%s: an IPC URL is ipc:///path", url);
        }
        return ATP_OK;
    }
    if (has_prefix(url, "inproc://") && url[9] != '\0') {
        return ATP_OK;
    }
    return atp_fail(ret_why, ATP_ERR_INVALID, "%s: not tcp://host:port, ipc:///path or inproc://name", url);
}

static atp_err_t err_of(int rv)
{
    switch (rv) {
    case NNG_ENOMEM:
    case NNG_ENOFILES:
        return ATP_ERR_MEMORY;
    case NNG_EINVAL:
    case NNG_EADDRINVAL:
    case NNG_ENOTSUP:
        return ATP_ERR_INVALID;
    case NNG_EADDRINUSE:
        return ATP_ERR_EXISTS;
    case NNG_ENOENT:
    case NNG_ECONNREFUSED:
    case NNG_EUNREACHABLE:
        return ATP_ERR_NOT_FOUND;
    case NNG_ETIMEDOUT:
        return ATP_ERR_TIMEOUT;
    case NNG_ECLOSED:
        return ATP_ERR_CLOSED;
    default:
        return ATP_ERR_IO;
    }
}

atp_err_t atp_nng_fail(atp_why_t *ret_why, int rv, const char *what, const char *url)
{
    const char *advice = "";

    if (rv == NNG_EADDRINUSE) {
        advice = "; is another atpd running? Stop it or choose another address";
    } else if (rv == NNG_EADDRINVAL) {
        advice = "; is it an address of this machine?";
    }
    return atp_fail(ret_why, err_of(rv), "%s: cannot %s: %s%s", url, what, nng_strerror(rv), advice);
}

static void count_connection(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    atp_gate_t *gate = arg;

    /* Relaxed: the bound needs the additions to be atomic, not to be ordered with anything else. */
    if (event == NNG_PIPE_EV_REM_POST) {
        atp_fetch_sub_relaxed(&gate->now, 1);
        return;
    }
    atp_fetch_add_relaxed(&gate->opened, 1);
    if (atp_fetch_add_relaxed(&gate->now, 1) >= gate->connection_max) {
        atp_fetch_add_relaxed(&gate->refused, 1);
        (void)nng_pipe_close(pipe); /* fails only if it is closed already */
    }
}

atp_err_t atp_gate_open(atp_gate_t *gate, nng_socket socket, uint32_t connection_max, atp_why_t *ret_why)
{
    int rv;

    gate->connection_max = connection_max;
    rv = nng_pipe_notify(socket, NNG_PIPE_EV_ADD_PRE, count_connection, gate);
    if (rv == 0) {
        rv = nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, count_connection, gate);
    }
    return rv == 0 ? ATP_OK : atp_nng_fail(ret_why, rv, "watch connections", "socket");
}

atp_err_t atp_nng_listen(nng_socket socket, const char *const *urls, size_t url_count,
                         nng_listener *ret_listeners, atp_why_t *ret_why)
{
    for (size_t i = 0; i < url_count; i++) {
        atp_err_t err = atp_nng_check_url(urls[i], ret_why);
        int rv;

        if (err != ATP_OK) {
            return err;
        }
        rv = nng_listen(socket, urls[i], &ret_listeners[i], 0);
        if (rv != 0) {
            return atp_nng_fail(ret_why, rv, "listen", urls[i]);
        }
    }
    return ATP_OK;
}

atp_err_t atp_nng_dial(nng_socket socket, const char *url, atp_why_t *ret_why)
{
    atp_err_t err = atp_nng_check_url(url, ret_why);
    int rv;

    if (err != ATP_OK) {
        return err;
    }
    rv = nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_MS_MIN);
    if (rv == 0) {
        rv = nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_MS_MAX);
    }
    if (rv == 0) {
        rv = nng_dial(socket, url, NULL, NNG_FLAG_NONBLOCK);
    }
    return rv == 0 ? ATP_OK : atp_nng_fail(ret_why, rv, "dial", url);
}

/* Shared by the closer and the one who waits; the last one frees it. */
typedef struct closing {
    nng_socket socket;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_closed;
    bool is_given_up;
} closing_t;

static void destroy_closing(closing_t *closing)
{
    (void)pthread_cond_destroy(&closing->changed);
    (void)pthread_mutex_destroy(&closing->mutex);
    free(closing);
}

static void *close_socket(void *arg)
{
    closing_t *closing = arg;
    bool is_given_up;

    (void)nng_close(closing->socket);
    (void)pthread_mutex_lock(&closing->mutex);
    closing->is_closed = true;
    is_given_up = closing->is_given_up;
    (void)pthread_cond_signal(&closing->changed);
    (void)pthread_mutex_unlock(&closing->mutex);
    if (is_given_up) {
        destroy_closing(closing);
    }
    return NULL;
}

/* True if the socket was closed in time. */
static bool wait_closed(closing_t *closing)
{
    struct timespec until;
    bool is_closed;
    int rv = 0;

    ATP_ASSERT(clock_gettime(CLOCK_REALTIME, &until) == 0);
    until.tv_sec += ATP_NNG_CLOSE_MS / 1000;
    (void)pthread_mutex_lock(&closing->mutex);
    while (!closing->is_closed && rv != ETIMEDOUT) {
        rv = pthread_cond_timedwait(&closing->changed, &closing->mutex, &until);
    }
    is_closed = closing->is_closed;
    closing->is_given_up = !is_closed; /* from here the closer may free it */
    (void)pthread_mutex_unlock(&closing->mutex);
    return is_closed;
}

bool atp_nng_close(nng_socket socket)
{
    closing_t *closing = calloc(1, sizeof *closing);
    pthread_t thread;
    bool is_closed;

    if (closing == NULL) {
        (void)nng_close(socket);
        return true;
    }
    closing->socket = socket;
    (void)pthread_mutex_init(&closing->mutex, NULL);
    (void)pthread_cond_init(&closing->changed, NULL);
    if (pthread_create(&thread, NULL, close_socket, closing) != 0) {
        destroy_closing(closing);
        (void)nng_close(socket);
        return true;
    }
    is_closed = wait_closed(closing);
    if (!is_closed) {
        (void)pthread_detach(thread);
        return false;
    }
    (void)pthread_join(thread, NULL);
    destroy_closing(closing);
    return true;
}

uint16_t atp_nng_port(nng_listener listener)
{
    nng_sockaddr address;

    if (nng_listener_get_addr(listener, NNG_OPT_LOCADDR, &address) != 0) {
        return 0;
    }
    if (address.s_family == NNG_AF_INET) {
        return ntohs(address.s_in.sa_port);
    }
    return address.s_family == NNG_AF_INET6 ? ntohs(address.s_in6.sa_port) : 0;
}
