#include "engine/ledger/reservations.h"

#include <string.h>

/* ---- identity ---- */

bool atp_reservations_find(const atp_reservations_t *reservations, atp_text_t id, uint64_t hash,
                           uint32_t *ret_number)
{
    atp_index_probe_t probe = atp_index_probe(&reservations->index, hash);
    uint32_t number;

    while (atp_index_next(&probe, &number)) {
        const atp_reservation_t *reservation = atp_reservation_at(reservations, number);
        if (reservation->id_hash == hash &&
            atp_text_equal(atp_strings_get(reservations->strings, reservation->id_ref), id)) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

void atp_reservations_rebuild(atp_reservations_t *reservations)
{
    uint64_t count = atp_table_count(&reservations->records);

    for (uint64_t i = 0; i < count; i++) {
        const atp_reservation_t *reservation = atp_reservation_at(reservations, (uint32_t)i);
        if (reservation->status != ATP_RESERVATION_FREE) {
            atp_index_insert(&reservations->index, reservation->id_hash, (uint32_t)i);
        }
    }
}

/* ---- room ---- */

static void free_lines(atp_reservations_t *reservations, uint32_t first)
{
    atp_reservation_heads_t *heads = reservations->heads;

    while (first != 0) {
        atp_line_t *line = atp_table_change(&reservations->lines, first - 1);
        uint32_t next = line->next;
        memset(line, 0, sizeof *line);
        line->next = heads->free_line;
        heads->free_line = first;
        heads->free_line_count++;
        first = next;
    }
}

/* The oldest ended reservation goes: nobody can ask for it by id any more. */
static void forget_oldest_ended(atp_reservations_t *reservations)
{
    atp_reservation_heads_t *heads = reservations->heads;
    uint32_t number = heads->ended_first - 1;
    atp_reservation_t *reservation = atp_table_change(&reservations->records, number);

    heads->ended_first = reservation->next;
    if (heads->ended_first == 0) {
        heads->ended_last = 0;
    }
    heads->ended_count--;
    atp_index_remove(&reservations->index, reservation->id_hash, number);
    atp_strings_drop(reservations->strings, reservations->string_heads, reservation->id_ref);
    atp_strings_drop(reservations->strings, reservations->string_heads, reservation->owner_ref);
    free_lines(reservations, reservation->first_line);
    memset(reservation, 0, sizeof *reservation);
    reservation->next = heads->free_reservation;
    heads->free_reservation = number + 1;
}

static bool has_room(const atp_reservations_t *reservations, uint32_t lines)
{
    const atp_reservation_heads_t *heads = reservations->heads;
    uint64_t fresh = reservations->lines.capacity - atp_table_count(&reservations->lines);

    return (heads->free_reservation != 0 || atp_table_has_room(&reservations->records, 1)) &&
           heads->free_line_count + fresh >= lines;
}

atp_verdict_t atp_reservations_make_room(atp_reservations_t *reservations, uint32_t lines, uint32_t id_size,
                                         uint32_t owner_size)
{
    while (!has_room(reservations, lines)) {
        if (reservations->heads->ended_first == 0) {
            return ATP_RESERVATIONS_FULL;
        }
        forget_oldest_ended(reservations);
    }
    while (!atp_strings_has_room(reservations->strings, reservations->string_heads, id_size, owner_size)) {
        if (reservations->heads->ended_first == 0) {
            return ATP_STRINGS_FULL;
        }
        forget_oldest_ended(reservations);
    }
    return ATP_APPLIED;
}

uint32_t atp_reservations_take(atp_reservations_t *reservations, atp_text_t id, uint64_t hash,
                               atp_text_t owner)
{
    atp_reservation_heads_t *heads = reservations->heads;
    uint32_t number;
    atp_reservation_t *reservation;

    if (heads->free_reservation != 0) {
        number = heads->free_reservation - 1;
        reservation = atp_table_change(&reservations->records, number);
        heads->free_reservation = reservation->next;
        memset(reservation, 0, sizeof *reservation);
    } else {
        number = (uint32_t)atp_table_append(&reservations->records, 1);
        reservation = atp_table_change(&reservations->records, number);
    }
    reservation->id_ref = atp_strings_store(reservations->strings, reservations->string_heads, id);
    reservation->owner_ref = atp_strings_store(reservations->strings, reservations->string_heads, owner);
    reservation->id_hash = hash;
    reservation->status = ATP_RESERVATION_LIVE;
    heads->live_count++;
    atp_index_insert(&reservations->index, hash, number);
    return number;
}

uint32_t atp_reservations_take_line(atp_reservations_t *reservations, uint32_t reservation, uint32_t after)
{
    atp_reservation_heads_t *heads = reservations->heads;
    uint32_t number;
    atp_line_t *line;

    if (heads->free_line != 0) {
        number = heads->free_line - 1;
        line = atp_table_change(&reservations->lines, number);
        heads->free_line = line->next;
        heads->free_line_count--;
        memset(line, 0, sizeof *line);
    } else {
        number = (uint32_t)atp_table_append(&reservations->lines, 1);
        line = atp_table_change(&reservations->lines, number);
    }
    line->reservation = reservation;
    atp_reservation_t *owner = atp_table_change(&reservations->records, reservation);
    line->number = owner->line_count++;
    if (after == 0) {
        owner->first_line = number + 1;
    } else {
        atp_line_t *before = atp_table_change(&reservations->lines, after - 1);
        before->next = number + 1;
    }
    return number;
}

void atp_reservations_end(atp_reservations_t *reservations, uint32_t number)
{
    atp_reservation_heads_t *heads = reservations->heads;
    atp_reservation_t *reservation = atp_table_change(&reservations->records, number);

    ATP_ASSERT(reservation->status == ATP_RESERVATION_LIVE && !reservation->is_in_wheel);
    reservation->status = ATP_RESERVATION_ENDED;
    reservation->next = 0;
    reservation->previous = heads->ended_last;
    if (heads->ended_last != 0) {
        atp_reservation_t *last = atp_table_change(&reservations->records, heads->ended_last - 1);
        last->next = number + 1;
    } else {
        heads->ended_first = number + 1;
    }
    heads->ended_last = number + 1;
    heads->live_count--;
    heads->ended_count++;
}

/* ---- the deadline order of a position ---- */

static bool comes_before(const atp_line_t *a, uint32_t a_number, const atp_line_t *b, uint32_t b_number)
{
    return a->deadline_ms != b->deadline_ms ? a->deadline_ms < b->deadline_ms : a_number < b_number;
}

/* Splits the tree at `root` into lines before `key` and lines after it. */
static void split(atp_reservations_t *reservations, uint32_t root, const atp_line_t *key, uint32_t key_number,
                  uint32_t *ret_before, uint32_t *ret_after)
{
    uint32_t *before = ret_before;
    uint32_t *after = ret_after;

    while (root != 0) {
        atp_line_t *line = atp_table_change(&reservations->lines, root - 1);
        if (comes_before(line, root - 1, key, key_number)) {
            *before = root;
            before = &line->right;
            root = line->right;
        } else {
            *after = root;
            after = &line->left;
            root = line->left;
        }
    }
    *before = 0;
    *after = 0;
}

static uint32_t merge(atp_reservations_t *reservations, uint32_t before, uint32_t after)
{
    uint32_t root = 0;
    uint32_t *link = &root;

    while (before != 0 && after != 0) {
        if (atp_line_priority(reservations, before - 1) > atp_line_priority(reservations, after - 1)) {
            atp_line_t *line = atp_table_change(&reservations->lines, before - 1);
            *link = before;
            link = &line->right;
            before = line->right;
        } else {
            atp_line_t *line = atp_table_change(&reservations->lines, after - 1);
            *link = after;
            link = &line->left;
            after = line->left;
        }
    }
    *link = before != 0 ? before : after;
    return root;
}

void atp_lines_insert(atp_reservations_t *reservations, uint32_t *root, uint32_t line)
{
    atp_line_t *inserted = atp_table_change(&reservations->lines, line);
    uint32_t priority = atp_line_priority(reservations, line);
    uint32_t *link = root;

    ATP_ASSERT(!inserted->is_in_tree); /* H3 */
    while (*link != 0 && atp_line_priority(reservations, *link - 1) > priority) {
        atp_line_t *at = atp_table_change(&reservations->lines, *link - 1);
        link = comes_before(at, *link - 1, inserted, line) ? &at->right : &at->left;
    }
    split(reservations, *link, inserted, line, &inserted->left, &inserted->right);
    *link = line + 1;
    inserted->is_in_tree = 1;
}

void atp_lines_remove(atp_reservations_t *reservations, uint32_t *root, uint32_t line)
{
    atp_line_t *removed = atp_table_change(&reservations->lines, line);
    uint32_t *link = root;

    ATP_ASSERT(removed->is_in_tree); /* H3 */
    while (*link != line + 1) {
        ATP_ASSERT(*link != 0); /* H5: the order leads to it */
        atp_line_t *at = atp_table_change(&reservations->lines, *link - 1);
        link = comes_before(at, *link - 1, removed, line) ? &at->right : &at->left;
    }
    *link = merge(reservations, removed->left, removed->right);
    removed->left = 0;
    removed->right = 0;
    removed->is_in_tree = 0;
}

uint32_t atp_lines_first(const atp_reservations_t *reservations, uint32_t root)
{
    uint32_t first = root;

    while (root != 0) {
        first = root;
        root = atp_line_at(reservations, root - 1)->left;
    }
    return first;
}

/* Deeper than any treap of 2^32 lines gets (expected depth about 2 ln n = 44). */
#define WALK_DEPTH_MAX 256

uint32_t atp_lines_walk(const atp_reservations_t *reservations, uint32_t root, uint32_t limit,
                        void (*visit)(void *context, uint32_t line), void *context)
{
    uint32_t stack[WALK_DEPTH_MAX];
    uint32_t depth = 0;
    uint32_t visited = 0;

    while ((root != 0 || depth > 0) && visited < limit) {
        if (root != 0) {
            ATP_ASSERT(depth < WALK_DEPTH_MAX);
            stack[depth++] = root;
            root = atp_line_at(reservations, root - 1)->left;
            continue;
        }
        root = stack[--depth];
        visit(context, root - 1);
        visited++;
        root = atp_line_at(reservations, root - 1)->right;
    }
    return visited;
}
