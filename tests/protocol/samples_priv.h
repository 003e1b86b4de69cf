/* Between the files samples*.c: what each message begins with, and the writers of records that samples.c lists. */
#ifndef ATP_TESTS_PROTOCOL_SAMPLES_PRIV_H
#define ATP_TESTS_PROTOCOL_SAMPLES_PRIV_H

#include "tests/protocol/samples.h"

#define T0 INT64_C(1795253000000) /* 2026-11-21 09:23:20 UTC */

void sample_begin_request(atp_writer_t *writer, atp_message_type_t type);
void sample_begin_response(atp_writer_t *writer, atp_message_type_t type);
void sample_write_results(atp_writer_t *writer, const atp_result_t *results, uint32_t count,
                          const atp_grant_t *grants);

void sample_write_reservation_ask(atp_writer_t *writer);
void sample_write_reservation(atp_writer_t *writer);
void sample_write_order_ask(atp_writer_t *writer);
void sample_write_order(atp_writer_t *writer);
void sample_write_history_ask(atp_writer_t *writer);
void sample_write_history(atp_writer_t *writer);
void sample_write_postings_ask(atp_writer_t *writer);
void sample_write_postings(atp_writer_t *writer);
void sample_write_postings_of_ask(atp_writer_t *writer);
void sample_write_postings_of(atp_writer_t *writer);
void sample_write_trace_ask(atp_writer_t *writer);
void sample_write_trace(atp_writer_t *writer);
void sample_write_source_ask(atp_writer_t *writer);
void sample_write_source_state(atp_writer_t *writer);
void sample_write_batch(atp_writer_t *writer);
void sample_write_batch_answer(atp_writer_t *writer);
void sample_write_reservations_ask(atp_writer_t *writer);
void sample_write_reservations(atp_writer_t *writer);
void sample_write_positions_ask(atp_writer_t *writer);
void sample_write_positions(atp_writer_t *writer);
void sample_write_exceptions_ask(atp_writer_t *writer);
void sample_write_exceptions(atp_writer_t *writer);
void sample_write_crossings_ask(atp_writer_t *writer);
void sample_write_crossings(atp_writer_t *writer);
void sample_write_crossing(atp_writer_t *writer);
void sample_write_availability_level(atp_writer_t *writer);
void sample_write_stat_ask(atp_writer_t *writer);
void sample_write_stat(atp_writer_t *writer);
void sample_write_catalog_ask(atp_writer_t *writer);
void sample_write_catalog(atp_writer_t *writer);
void sample_write_catalog_calendar(atp_writer_t *writer);
void sample_write_results_ready(atp_writer_t *writer);
void sample_write_results_explained(atp_writer_t *writer);
void sample_write_availability_ready(atp_writer_t *writer);
void sample_write_error(atp_writer_t *writer);
void sample_write_error_version(atp_writer_t *writer);

#endif
