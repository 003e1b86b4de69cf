/* From the engine's figures to the metrics: what is PULLED is set when somebody reads, what happens in the journal thread
 * is recorded there.
 *
 * Threads     connect: before the engine starts. */
#ifndef ATP_ATPD_DAEMON_METRICS_H
#define ATP_ATPD_DAEMON_METRICS_H

#include "engine/engine.h"
#include "tools/atpd/config/config.h"
#include "tools/atpd/metrics/metrics.h"
#include "tools/atpd/service/service.h"

typedef struct atp_daemon_metrics {
    atp_metrics_t *metrics;
    atp_engine_t *engine;
    const atp_config_t *config;
    const _Atomic uint32_t *is_ready;
    int64_t begun_ms;
    _Atomic(const atp_service_t *) service; /* NULL until it is open */
} atp_daemon_metrics_t;

/* `figures` must live as long as the metrics are read. */
void atp_daemon_metrics_connect(atp_daemon_metrics_t *figures, atp_metrics_t *metrics, atp_engine_t *engine,
                                const atp_config_t *config, const _Atomic uint32_t *is_ready);

#endif
