/* The pages for whoever watches atpd: /metrics, /healthz, /readyz. No commands, no stock.
 *
 *     /metrics   200, Prometheus text (503 when there is no memory for it)
 *     /healthz   200 "ok" as long as the process answers
 *     /readyz    200 "ready", or 503 and one line that says why not
 *     else       404;  405 with Allow for methods other than GET and HEAD;  413 for a request with a body
 *
 * There is no authentication: bind it to loopback (the default) or to a network only the monitor can reach.
 *
 * Threads     open and close: one.   The pages run on one thread of the server, which calls `is_ready` and the
 *             refresh of the metrics.
 * Memory      bounded: ATP_HTTP_CONNECTIONS_MAX connections of ATP_HTTP_REQUEST_SIZE_MAX bytes each, closed after
 *             ATP_HTTP_TIMEOUT_S without traffic. More connections wait or are dropped; nothing grows. */
#ifndef ATP_ATPD_HTTP_H
#define ATP_ATPD_HTTP_H

#include "engine/base/err.h"
#include "tools/atpd/metrics/metrics.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_HTTP_CONNECTIONS_MAX  16
#define ATP_HTTP_REQUEST_SIZE_MAX (16U << 10) /* request line and headers */
#define ATP_HTTP_TIMEOUT_S        10

typedef struct atp_http atp_http_t;

typedef struct atp_http_options {
    const char *address;    /* HOST:PORT or [IPV6]:PORT, numeric; port 0 = any free one */
    atp_metrics_t *metrics; /* borrowed until close */
    /* True if commands are accepted now; else says why not. NULL = never ready. */
    bool (*is_ready)(void *context, atp_why_t *ret_why);
    void *context;
} atp_http_options_t;

/* ATP_ERR_INVALID: no such address. ATP_ERR_EXISTS: it is in use. ATP_ERR_IO: anything else. */
ATP_MUST_USE atp_err_t atp_http_open(const atp_http_options_t *options, atp_http_t **ret_http,
                                     atp_why_t *ret_why);

/* The port it listens at. */
uint16_t atp_http_port(const atp_http_t *http);

/* Waits for the page that is being served. Safe on NULL. */
void atp_http_close(atp_http_t *http);

#endif
