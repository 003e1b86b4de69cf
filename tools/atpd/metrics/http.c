#include "tools/atpd/metrics/http.h"

#include "tools/atpd/config/address.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 64

#define TEXT_TYPE    "text/plain; charset=utf-8"
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct atp_http {
    struct MHD_Daemon *daemon;
    atp_metrics_t *metrics;
    bool (*is_ready)(void *context, atp_why_t *ret_why);
    void *context;
    uint16_t port;
};

/* ---- answers ---- */

/* Takes over `body` when it is to be freed; otherwise copies it. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              char *body, size_t size, enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(size, body, mode);

    if (response == NULL) {
        if (mode == MHD_RESPMEM_MUST_FREE) {
            free(body);
        }
        return MHD_NO; /* the connection is closed */
    }
    enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (result == MHD_YES && status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    if (result == MHD_YES) {
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    if (result == MHD_YES) {
        result = MHD_queue_response(connection, status, response);
    }
    MHD_destroy_response(response); /* ours; the queue has its own */
    return result;
}

static enum MHD_Result answer_line(struct MHD_Connection *connection, unsigned status, const char *line)
{
    char body[sizeof(atp_why_t) + 2];
    int size = snprintf(body, sizeof body, "%s\n", line);

    return answer(connection, status, TEXT_TYPE, body, (size_t)size, MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result answer_metrics(atp_http_t *http, struct MHD_Connection *connection)
{
    size_t size = 0;
    char *text = atp_metrics_text(http->metrics, &size);

    if (text == NULL) {
        return answer_line(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory");
    }
    return answer(connection, MHD_HTTP_OK, METRICS_TYPE, text, size, MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result answer_ready(atp_http_t *http, struct MHD_Connection *connection)
{
    atp_why_t why = {"not ready"};

    if (http->is_ready != NULL && http->is_ready(http->context, &why)) {
        return answer_line(connection, MHD_HTTP_OK, "ready");
    }
    return answer_line(connection, MHD_HTTP_SERVICE_UNAVAILABLE, why.text);
}

static enum MHD_Result answer_page(atp_http_t *http, struct MHD_Connection *connection, const char *url)
{
    if (strcmp(url, "/metrics") == 0) {
        return answer_metrics(http, connection);
    }
    if (strcmp(url, "/healthz") == 0) {
        return answer_line(connection, MHD_HTTP_OK, "ok");
    }
    if (strcmp(url, "/readyz") == 0) {
        return answer_ready(http, connection);
    }
    return answer_line(connection, MHD_HTTP_NOT_FOUND,
                       "no such page: there are /metrics, /healthz and /readyz");
}

static bool has_body(struct MHD_Connection *connection)
{
    const char *size =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return (size != NULL && strcmp(size, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING) !=
               NULL;
}

/* Called by the server once when the headers are there (*request is NULL), and again when the request is. What is
 * answered the first time closes the connection: nothing of a body is read. */
static enum MHD_Result take_request(void *context, struct MHD_Connection *connection, const char *url,
                                    const char *method, const char *version, const char *upload,
                                    size_t *upload_size, void **request)
{
    (void)version;
    (void)upload;
    (void)upload_size;
    if (*request != NULL) {
        return answer_page(context, connection, url);
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return answer_line(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
    }
    if (has_body(connection)) {
        return answer_line(connection, MHD_HTTP_CONTENT_TOO_LARGE, "a request has no body here");
    }
    *request = context;
    return MHD_YES;
}

/* Leaves a path as it was sent: none of ours has anything to unescape, and /metrics%00 is not /metrics. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

/* ---- open and close ---- */

static atp_err_t fail_with_errno(const char *address, atp_why_t *ret_why)
{
    int error = errno;

    return atp_fail(ret_why, error == EADDRINUSE ? ATP_ERR_EXISTS : ATP_ERR_IO,
                    "metrics: cannot listen at %s: %s", address, strerror(error));
}

/* A socket that listens at `address`. */
static atp_err_t listen_at(const char *address, int *ret_fd, uint16_t *ret_port, atp_why_t *ret_why)
{
    struct sockaddr_storage place;
    socklen_t size;
    int on = 1;

    if (!atp_address_parse(address, &place, &size)) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "metrics: \"%.64s\" is not HOST:PORT or [IPV6]:PORT in numbers", address);
    }
    int fd = socket(place.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return fail_with_errno(address, ret_why);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&place, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&place, &size) != 0) {
        atp_err_t err = fail_with_errno(address, ret_why);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    *ret_port = atp_address_port(&place);
    return ATP_OK;
}

atp_err_t atp_http_open(const atp_http_options_t *options, atp_http_t **ret_http, atp_why_t *ret_why)
{
    int fd = -1;
    uint16_t port = 0;
    atp_err_t err = listen_at(options->address, &fd, &port, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    atp_http_t *http = malloc(sizeof *http);
    if (http == NULL) {
        close(fd);
        return atp_fail(ret_why, ATP_ERR_MEMORY, "metrics: no memory");
    }
    *http = (atp_http_t){NULL, options->metrics, options->is_ready, options->context, port};
    http->daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, take_request, http, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)ATP_HTTP_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)ATP_HTTP_REQUEST_SIZE_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)ATP_HTTP_TIMEOUT_S,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_END);
    if (http->daemon == NULL) {
        free(http);
        close(fd);
        return atp_fail(ret_why, ATP_ERR_IO, "metrics: the HTTP server does not start at %s",
                        options->address);
    }
    *ret_http = http;
    return ATP_OK;
}

uint16_t atp_http_port(const atp_http_t *http)
{
    return http->port;
}

void atp_http_close(atp_http_t *http)
{
    if (http != NULL) {
        MHD_stop_daemon(http->daemon);
        free(http);
    }
}
