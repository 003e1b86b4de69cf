/* Events out: availability changes, over PUB, after they are durable.
 *
 * The journal thread says which positions a durable frame changed; each is noted once until it is told. One
 * thread of its own reads the noted rows, waits until what it read is durable, and sends one event a position: the final
 * state, with the version of the position, so that a subscriber can tell an older event from a newer one. Many
 * changes of a position in a short time become one event, and what is as it was told last is not told: an op that moves units from
 * one bucket to another, or that undoes what another has done. is_out_of_stock is told when the position crosses to
 * nothing, not with each change while it has nothing; who begins to listen is told anew.
 *
 * A kit has what is stocked of it and what can be put together, as availability tells it. A change of a component tells of every
 * kit above it at that node, a change of a recipe of that kit and those above at every node; but only if that is not what was
 * told of the kit last (told.h). Its version is the op as of which it was read. A component that begins or ends to
 * count by date is no op: its kits are told with the next change.
 *
 * Crossings (engine/ledger/channels/levels.h) are told each once, in the order of their numbers, from where the ledger stood when the
 * engine was opened; earlier ones, and any that a subscriber missed, are asked for.
 *
 * What is stale is told once a node, and once a channel that keeps something back there (staleness.h); what was so when the engine
 * was opened is not.
 *
 * What can never become durable any more, because the engine has stopped before, is not told.
 *
 * Threads     note: the journal thread, never blocks.   open and close: the owner.
 * Memory      ten bytes a position, eight of them when it is told first; a ring of 65,536 rows; when the ring is full all noted rows
 *             are found by scan; 32 bytes a kit at a node (told.h); and what staleness.h says. */
#ifndef ATP_ATPD_EVENTS_H
#define ATP_ATPD_EVENTS_H

#include "engine/engine.h"

typedef struct atp_events atp_events_t;

/* Opens the socket. Before the engine is opened: its frames are noted from the first. */
ATP_MUST_USE atp_err_t atp_events_open(const char *url, uint64_t position_capacity, atp_events_t **ret_events,
                                       atp_why_t *ret_why);

/* Begins to tell. */
ATP_MUST_USE atp_err_t atp_events_start(atp_events_t *events, atp_engine_t *engine, atp_why_t *ret_why);

/* Tells what is noted, stops, closes. Safe on NULL. The engine must still be open, and have stopped. */
void atp_events_close(atp_events_t *events);

/* Positions that a durable frame changed. */
void atp_events_note(atp_events_t *events, const uint32_t *rows, uint32_t count, bool is_overflown);

#endif
