#include "engine/ledger/facts/exception_pieces.h"

#include <string.h>

uint32_t atp_pieces_for(uint32_t size)
{
    return (size + ATP_EXCEPTION_PIECE_BYTES - 1) / ATP_EXCEPTION_PIECE_BYTES;
}

void atp_pieces_free(atp_exceptions_t *exceptions, uint32_t *first)
{
    atp_exception_heads_t *heads = exceptions->heads;

    while (*first != 0) {
        uint32_t number = *first;
        atp_exception_piece_t *piece = atp_table_change(&exceptions->pieces, number - 1);
        *first = piece->next;
        memset(piece, 0, sizeof *piece);
        piece->next = heads->free_first;
        heads->free_first = number;
        heads->free_pieces++;
    }
}

bool atp_pieces_have_room(const atp_exceptions_t *exceptions, uint32_t pieces)
{
    return exceptions->heads->free_pieces >= pieces ||
           atp_table_has_room(&exceptions->pieces, pieces - exceptions->heads->free_pieces);
}

static uint32_t take_piece(atp_exceptions_t *exceptions)
{
    atp_exception_heads_t *heads = exceptions->heads;
    uint32_t number = heads->free_first;

    if (number == 0) {
        return (uint32_t)atp_table_append(&exceptions->pieces, 1) + 1;
    }
    const atp_exception_piece_t *piece = atp_table_at(&exceptions->pieces, number - 1);
    heads->free_first = piece->next;
    heads->free_pieces--;
    return number;
}

void atp_pieces_write(atp_exceptions_t *exceptions, uint32_t *link, const unsigned char *fact, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += ATP_EXCEPTION_PIECE_BYTES) {
        uint32_t left = size - at;
        uint32_t number = take_piece(exceptions);
        atp_exception_piece_t *piece = atp_table_change(&exceptions->pieces, number - 1);
        memset(piece, 0, sizeof *piece);
        memcpy(piece->bytes, fact + at, left < sizeof piece->bytes ? left : sizeof piece->bytes);
        *link = number;
        link = &piece->next;
    }
}

void atp_pieces_read(const atp_exceptions_t *exceptions, uint32_t number, unsigned char *to, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += ATP_EXCEPTION_PIECE_BYTES) {
        const atp_exception_piece_t *piece = atp_table_at(&exceptions->pieces, number - 1);
        uint32_t left = size - at;
        memcpy(to + at, piece->bytes, left < sizeof piece->bytes ? left : sizeof piece->bytes);
        number = piece->next;
    }
}

uint32_t atp_pieces_count(const atp_exceptions_t *exceptions, uint32_t first)
{
    uint64_t count = atp_table_count(&exceptions->pieces);
    uint32_t found = 0;

    for (uint32_t at = first; at != 0 && at <= count && found <= count; found++) {
        const atp_exception_piece_t *piece = atp_table_at(&exceptions->pieces, at - 1);
        at = piece->next;
    }
    return found;
}
