/* Facts in: numbered batches from sources, off a SUB socket into the engine.
 *
 * A batch is one message: its number and its facts become ops of one frame, so that they are applied together
 * or not at all, and a batch that comes twice is ignored by its number. When the engine's queue is full the
 * handler waits, and NNG's buffer with it. What cannot become an op is logged with its bytes, and an exception; so is what a source
 * that keeps nothing tells under an epoch that it has left (heard.h). A number that is skipped is logged and counted when the next one comes. What a source sends beyond its rate, or while it is
 * paused, waits (delay.h), or, if it keeps its batches, comes again by request. What was waiting of a paused source when
 * atpd ended, however it ended, waits again.
 *
 * Threads     open and close: the owner. The rest runs on one NNG thread. */
#ifndef ATP_ATPD_FACTS_H
#define ATP_ATPD_FACTS_H

#include "engine/engine.h"
#include "tools/atpd/config/config.h"
#include "tools/atpd/facts/meter.h"
#include "tools/atpd/facts/put_off.h"
#include "tools/atpd/metrics/metrics.h"

typedef struct atp_facts_intake atp_facts_intake_t;

/* ATP_OK with *ret_intake NULL when no source is configured. The engine runs, and nobody has told it of a source yet. What is put off, or ignored, is noted in `notes`, which
 * may be NULL. */
ATP_MUST_USE atp_err_t atp_facts_open(atp_engine_t *engine, atp_metrics_t *metrics, atp_meter_t *meter,
                                      atp_put_off_t *notes, const atp_config_t *config,
                                      atp_facts_intake_t **ret_intake, atp_why_t *ret_why);

/* Stops listening: no batch is handed in after it has returned. Safe on NULL. */
void atp_facts_drain(atp_facts_intake_t *intake);

/* Drains, waits until every batch handed in is answered (the engine must still run, or have answered all: its close
 * does), and frees. Safe on NULL. */
void atp_facts_close(atp_facts_intake_t *intake);

#endif
