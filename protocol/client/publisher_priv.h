/* For the outbox: publishing batches it has written and numbered itself. */
#ifndef ATP_PROTOCOL_CLIENT_PUBLISHER_PRIV_H
#define ATP_PROTOCOL_CLIENT_PUBLISHER_PRIV_H

#include "protocol/client/atp.h"

/* Publishes a batch whose list of ops is written already. Never blocks. ATP_ERR_MEMORY: not sent. */
ATP_MUST_USE atp_err_t atp_publisher_send(atp_publisher_t *publisher, const atp_facts_t *facts,
                                          const void *ops, size_t size);

#endif
