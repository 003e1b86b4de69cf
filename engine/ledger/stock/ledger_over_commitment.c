/* Over-commitment: reality has shrunk stock under standing promises.
 *
 * One exception tells of it, once until it is mended, and names the reservations hit: the lowest priority first, then the
 * newest. What becomes of them is the policy of their channel, else of the node, else of the channel "default": left to a person
 * (if nobody says anything), served by other nodes, backordered, or cancelled, in that same order and no more of them than are
 * missing. What is picked, what was sold before it came here (track-only), and what no other node can serve, is left to a
 * person in any case. Of one position one op has so many lines served by others; the next fact there goes on. */
#include "engine/ledger/ledger_priv.h"
#include "engine/ledger/reservations/line_units.h"

/* ---- who is hit ---- */

static void note_hit(void *context, uint32_t line)
{
    atp_ledger_t *ledger = context;
    const atp_reservation_t *reservation =
        atp_reservation_at(&ledger->reservations, atp_line_at(&ledger->reservations, line)->reservation);

    ledger->hits[ledger->hit_count++] =
        (hit_t){.version = reservation->version, .line = line, .priority = reservation->priority};
}

/* True if `a` gives way before `b`. No two lines are equal. */
static bool comes_before(const hit_t *a, const hit_t *b)
{
    if (a->priority != b->priority) {
        return a->priority < b->priority;
    }
    return a->version != b->version ? a->version > b->version : a->line > b->line;
}

/* Sorted in place (Shell's sort): nothing is allocated here. */
static void sort_hits(atp_ledger_t *ledger)
{
    hit_t *hits = ledger->hits;

    for (uint32_t gap = ledger->hit_count / 2; gap > 0; gap /= 2) {
        for (uint32_t i = gap; i < ledger->hit_count; i++) {
            hit_t hit = hits[i];
            uint32_t at = i;
            while (at >= gap && comes_before(&hit, &hits[at - gap])) {
                hits[at] = hits[at - gap];
                at -= gap;
            }
            hits[at] = hit;
        }
    }
}

/* True if no earlier line of the same reservation is on the position's list. */
static bool is_first_at_row(const atp_reservations_t *reservations, const atp_reservation_t *reservation,
                            uint32_t line)
{
    uint32_t at = reservation->first_line;

    while (at != line + 1) {
        const atp_line_t *earlier = atp_line_at(reservations, at - 1);
        if (earlier->row == atp_line_at(reservations, line)->row && earlier->is_in_tree) {
            return false;
        }
        at = earlier->next;
    }
    return true;
}

static bool is_hit(const atp_line_t *line)
{
    return line->reserved + line->allocated > 0; /* what only waits loses nothing */
}

static void name_hits(const atp_ledger_t *ledger, atp_exception_t *exception)
{
    const atp_reservations_t *reservations = &ledger->reservations;

    for (uint32_t i = 0; i < ledger->hit_count; i++) {
        const atp_line_t *line = atp_line_at(reservations, ledger->hits[i].line);
        const atp_reservation_t *reservation = atp_reservation_at(reservations, line->reservation);
        if (!is_hit(line) || !is_first_at_row(reservations, reservation, ledger->hits[i].line)) {
            continue;
        }
        exception->reservation_total++;
        if (exception->reservation_count < ATP_EXCEPTION_RESERVATIONS_MAX) {
            unsigned named = exception->reservation_count++;
            atp_exception_name(exception->reservations[named], &exception->reservation_sizes[named],
                               atp_strings_get(reservations->strings, reservation->id_ref));
        }
    }
}

/* ---- what becomes of them ---- */

static atp_over_commitment_t policy_of(const atp_ledger_t *ledger, const atp_line_t *line)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, line->reservation);
    const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
    const atp_channel_record_t *channel = atp_table_at(&ledger->catalog.channels, reservation->channel);
    const atp_node_record_t *node = atp_table_at(&ledger->catalog.nodes, position->node);
    const atp_channel_record_t *ledgers = atp_table_at(&ledger->catalog.channels, 0);
    uint8_t policy = channel->over_commitment != 0 ? channel->over_commitment
                     : node->over_commitment != 0  ? node->over_commitment
                                                   : ledgers->over_commitment;

    return policy == 0 || reservation->is_track_only ? ATP_OVER_COMMITMENT_PERSON
                                                     : (atp_over_commitment_t)policy;
}

static bool can_backorder(atp_ledger_t *ledger, uint32_t reservation)
{
    return atp_table_has_room(&ledger->positions.limits.records, 3) &&
           atp_reservations_make_progress_room(&ledger->reservations, 1, reservation);
}

#define RE_SOURCED_MAX 64 /* lines of a position, in one op */

/* Has other nodes serve up to `missing` units of a line; returns how many of those missing are dealt with. */
static atp_qty_t re_source_hit(apply_t *apply, uint32_t number, atp_qty_t missing)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_line_t line = *atp_line_at(&ledger->reservations, number);
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, line.reservation);
    bool is_transfer = (reservation->flags & ATP_RESERVATION_ACCOUNTED_TRANSFER) != 0;
    atp_qty_t units = atp_line_units_for(&ledger->reservations, number, ATP_STEP_REASSIGN);

    units = units < missing ? units : missing;
    atp_qty_t moved =
        units > 0 && !is_transfer ? atp_ledger_re_source(apply, number, ATP_STEP_REASSIGN, units) : 0;
    return moved == missing ? moved : line.reserved + line.allocated;
}

/* Takes up to `missing` units of a line; returns how many of those missing are dealt with, by the engine or by a person. */
static atp_qty_t settle_hit(atp_ledger_t *ledger, uint32_t number, atp_qty_t missing)
{
    atp_line_t line = *atp_line_at(&ledger->reservations, number);
    atp_over_commitment_t policy = policy_of(ledger, &line);
    atp_qty_t allocated = atp_line_units(&ledger->reservations, number, ATP_LINE_ALLOCATED);
    atp_qty_t units = policy == ATP_OVER_COMMITMENT_CANCEL ? line.reserved + allocated : line.reserved;

    units = units < missing ? units : missing;
    if (units > 0 && policy == ATP_OVER_COMMITMENT_CANCEL) {
        atp_ledger_move(ledger, number, ATP_STEP_REVOKE, units);
        atp_ledger_tidy(ledger, line.reservation);
        return units;
    }
    if (units > 0 && policy == ATP_OVER_COMMITMENT_BACKORDER && can_backorder(ledger, line.reservation)) {
        atp_ledger_move(ledger, number, ATP_STEP_BACKORDER, units);
        return units;
    }
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, line.reservation);
    return reservation->is_track_only ? 0 : line.reserved + line.allocated;
}

static void settle_hits(apply_t *apply, uint32_t row, atp_qty_t missing)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t re_sourced = 0;

    for (uint32_t i = 0; i < ledger->hit_count && missing > 0; i++) {
        uint32_t number = ledger->hits[i].line;
        const atp_line_t *line = atp_line_at(&ledger->reservations, number);
        if (line->row != row || !line->is_in_tree) {
            continue; /* looking for who serves others, it was found to be due */
        }
        bool is_for_others =
            policy_of(ledger, line) == ATP_OVER_COMMITMENT_RE_SOURCE && re_sourced++ < RE_SOURCED_MAX;
        missing -=
            is_for_others ? re_source_hit(apply, number, missing) : settle_hit(ledger, number, missing);
    }
}

void atp_ledger_note_over_commitment(apply_t *apply, uint32_t row)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_position_t *position = atp_table_change(&ledger->positions.rows, row);
    bool was_told = atp_position_has(position, ATP_POSITION_OVER_COMMITTED);
    bool is_so = atp_ledger_is_over_committed(position);

    atp_position_set(position, ATP_POSITION_OVER_COMMITTED, is_so);
    if (!is_so) {
        return;
    }
    atp_qty_t uncommitted = atp_ledger_promisable(ledger, row) + atp_load_relaxed(&position->safety);
    ledger->hit_count = 0;
    atp_lines_walk(&ledger->reservations, position->last_line, HITS_LOOKED_AT, note_hit, ledger);
    sort_hits(ledger);
    if (!was_told) { /* told once; told again only after it was mended in between */
        name_hits(ledger, atp_ledger_raise(apply, ATP_EXCEPTION_OVER_COMMITMENT, row, uncommitted));
    }
    settle_hits(apply, row, -uncommitted);
}
