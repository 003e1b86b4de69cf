/* Facts that exceptions keep, in pieces of one size: a chain of them for each, the rest in a list of free ones.
 *
 * Threads     ledger thread only. */
#ifndef ATP_LEDGER_EXCEPTION_PIECES_H
#define ATP_LEDGER_EXCEPTION_PIECES_H

#include "engine/ledger/facts/exceptions.h"

/* How many a fact of `size` bytes takes. */
uint32_t atp_pieces_for(uint32_t size);

bool atp_pieces_have_room(const atp_exceptions_t *exceptions, uint32_t pieces);

/* Writes a fact (there is room) and notes its first piece + 1. */
void atp_pieces_write(atp_exceptions_t *exceptions, uint32_t *link, const unsigned char *fact, uint32_t size);

/* Reads the first `size` bytes of a fact from its first piece + 1 on. */
void atp_pieces_read(const atp_exceptions_t *exceptions, uint32_t number, unsigned char *to, uint32_t size);

/* The pieces of a fact, from *first on, are free; *first is 0 then. */
void atp_pieces_free(atp_exceptions_t *exceptions, uint32_t *first);

/* How many pieces the chain has; more than there are: it is not whole. */
uint32_t atp_pieces_count(const atp_exceptions_t *exceptions, uint32_t first);

#endif
