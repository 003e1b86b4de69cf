/* Every limit of the wire, in one place. docs/protocol.md states the same table.
 *
 * A message past a limit is refused by name, whole; nothing is allocated from a number that a peer announced. */
#ifndef ATP_PROTOCOL_LIMITS_H
#define ATP_PROTOCOL_LIMITS_H

#include "engine/base/command.h"

#define ATP_PROTOCOL_VERSION 1

#define ATP_MESSAGE_SIZE_MAX                                                                                 \
    (16u * 1024 * 1024)            /* bytes; give it to NNG as NNG_OPT_RECVMAXSZ before listen */
#define ATP_MSGPACK_DEPTH_MAX    8 /* arrays and maps inside one another */
#define ATP_CORRELATION_SIZE_MAX 64
#define ATP_TOKEN_SIZE_MAX       256
#define ATP_DETAIL_SIZE_MAX      255
#define ATP_TOPIC_SIZE_MAX       (10 + ATP_ID_SIZE_MAX + 1) /* "atp.facts." or "atp.avail.", a name, a zero byte */

/* Ops of one message, and lines of all of them together: ATP_OPS_PER_MESSAGE_MAX (8,192).
 * Lines of one op: ATP_LINES_PER_OP_MAX (1,024). Both are in engine/base/command.h. */

#define ATP_AVAILABILITY_ROWS_MAX 65536 /* rows of one answer; pairs asked; SKUs times nodes asked */
#define ATP_OUTCOMES_MAX          8192  /* ids of one outcome request */
#define ATP_RESERVATIONS_MAX      1024  /* ids of one reservation request */
#define ATP_PAGE_LIMIT_MAX        8192  /* rows of one page: reservations, positions, exceptions, catalog */
#define ATP_PAGE_LIMIT_DEFAULT    1000  /* when the limit asked for is 0 */
#define ATP_FACT_TEXT_MAX         1024  /* bytes of a fact in words, in an exception row */
#define ATP_EXCEPTION_IDS_MAX     64    /* reservation ids named by one exception row */
#define ATP_STATS_MAX             1024  /* pairs of one stat answer */
#define ATP_PROMISES_MAX          64 /* reserves of one promise message, of ATP_LINES_PER_OP_MAX lines together */

#endif
