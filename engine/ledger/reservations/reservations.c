#include "engine/ledger/reservations/reservations.h"

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
    atp_progress_rebuild(&reservations->progress);
    atp_capacity_rebuild(&reservations->capacity);
    atp_orders_rebuild(&reservations->orders);
    atp_archive_rebuild(&reservations->archive);
}

/* ---- room ---- */

static void free_lines(atp_reservations_t *reservations, uint32_t first)
{
    atp_reservation_heads_t *heads = reservations->heads;

    while (first != 0) {
        atp_line_t *line = atp_table_change(&reservations->lines, first - 1);
        uint32_t next = line->next;
        if (line->has_progress) {
            atp_progress_drop(&reservations->progress, first - 1);
        }
        memset(line, 0, sizeof *line);
        line->next = heads->free_line;
        heads->free_line = first;
        heads->free_line_count++;
        first = next;
    }
}

/* ---- the queues of ended ones ---- */

typedef struct ended_queue {
    uint32_t *first;
    uint32_t *last;
} ended_queue_t;

static ended_queue_t queue_of(const atp_reservations_t *reservations, bool is_reconciled)
{
    atp_reservation_heads_t *heads = reservations->heads;

    return is_reconciled ? (ended_queue_t){&heads->reconciled_first, &heads->reconciled_last}
                         : (ended_queue_t){&heads->ended_first, &heads->ended_last};
}

/* Puts an ended reservation at the end of the queue that its bit names. */
static void enqueue(atp_reservations_t *reservations, uint32_t number, atp_reservation_t *reservation)
{
    ended_queue_t queue = queue_of(reservations, reservation->is_reconciled);

    reservation->next = 0;
    reservation->previous = *queue.last;
    if (*queue.last != 0) {
        atp_reservation_t *last = atp_table_change(&reservations->records, *queue.last - 1);
        last->next = number + 1;
    } else {
        *queue.first = number + 1;
    }
    *queue.last = number + 1;
}

static void dequeue(atp_reservations_t *reservations, const atp_reservation_t *reservation)
{
    ended_queue_t queue = queue_of(reservations, reservation->is_reconciled);

    if (reservation->previous != 0) {
        atp_reservation_t *before = atp_table_change(&reservations->records, reservation->previous - 1);
        before->next = reservation->next;
    } else {
        *queue.first = reservation->next;
    }
    if (reservation->next != 0) {
        atp_reservation_t *after = atp_table_change(&reservations->records, reservation->next - 1);
        after->previous = reservation->previous;
    } else {
        *queue.last = reservation->previous;
    }
}

void atp_reservations_set_reconciled(atp_reservations_t *reservations, uint32_t number, bool is_reconciled)
{
    atp_reservation_t *reservation = atp_table_change(&reservations->records, number);

    ATP_ASSERT(reservation->status == ATP_RESERVATION_ENDED && reservation->is_reconciled != is_reconciled);
    dequeue(reservations, reservation);
    reservation->is_reconciled = is_reconciled;
    reservation->deadline_ms = *reservations->time_ms;
    reservations->heads->reconciled_count += is_reconciled ? 1 : UINT64_MAX;
    enqueue(reservations, number, reservation);
}

/* ---- those that go ---- */

/* What is archived of a reservation, without its lines. */
static atp_archived_t summary_of(const atp_reservations_t *reservations, uint32_t number)
{
    const atp_reservation_t *reservation = atp_reservation_at(reservations, number);
    const atp_order_t *order = reservation->has_order ? atp_orders_of(&reservations->orders, number) : NULL;
    const atp_history_step_t *newest = atp_history_newest(&reservations->history, number);
    atp_text_t id = atp_strings_get(reservations->strings, reservation->id_ref);
    atp_archived_t archived = {.id_hash = reservation->id_hash,
                               .version = reservation->version,
                               .op = *reservations->op,
                               .created_ms = reservation->created_ms,
                               .archived_ms = *reservations->time_ms,
                               .channel = reservation->channel,
                               .line_count = reservation->line_count,
                               .last_step = newest != NULL ? newest->number : 0,
                               .id_size = (uint8_t)id.size};

    memcpy(archived.id, id.bytes, id.size);
    if (order != NULL) {
        archived.order_hash = order->hash;
        archived.order_size = order->id_size;
        memcpy(archived.order, order->id, order->id_size);
    }
    return archived;
}

static void archive(atp_reservations_t *reservations, uint32_t number)
{
    atp_archived_t summary = summary_of(reservations, number);
    const atp_archived_t *archived = atp_archive_add(&reservations->archive, &summary);
    atp_archived_line_t *kit_line = NULL;
    uint32_t at = atp_reservation_at(reservations, number)->first_line;

    for (uint32_t i = 0; archived != NULL && at != 0; i++) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        const atp_progress_t *progress = atp_line_progress(reservations, at - 1);
        atp_archived_line_t *kept = atp_archive_change_line(&reservations->archive, archived, i);
        kept->granted = line->granted;
        kept->shipped = line->shipped;
        kept->row = line->row;
        kept->returned = progress != NULL ? progress->returned + progress->return_reconciled : 0;
        kept->is_component = progress != NULL && progress->kit_parent != 0;
        if (!kept->is_component) {
            kit_line = kept;
        } else if (kit_line != NULL) {
            kit_line->kits = progress->kits;
        }
        at = line->next;
    }
}

static bool has_left(const atp_reservations_t *reservations, const atp_reservation_t *reservation)
{
    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        if (line->shipped > 0) {
            return (reservation->flags & ATP_RESERVATION_ACCOUNTED_TRANSFER) == 0;
        }
        at = line->next;
    }
    return false;
}

/* An ended reservation goes: nobody can ask for it by id any more, but where something of it has left the archive knows of it. */
static void forget(atp_reservations_t *reservations, uint32_t number)
{
    atp_reservation_heads_t *heads = reservations->heads;
    atp_reservation_t *reservation = atp_table_change(&reservations->records, number);

    if (has_left(reservations, reservation)) {
        archive(reservations, number);
    }
    dequeue(reservations, reservation);
    heads->ended_count--;
    heads->reconciled_count -= reservation->is_reconciled;
    atp_index_remove(&reservations->index, reservation->id_hash, number);
    atp_strings_drop(reservations->strings, reservations->string_heads, reservation->id_ref);
    atp_strings_drop(reservations->strings, reservations->string_heads, reservation->owner_ref);
    free_lines(reservations, reservation->first_line);
    if (reservation->has_order) {
        atp_orders_drop(&reservations->orders, number);
    }
    if (reservation->flags & ATP_RESERVATION_ACCOUNTED_CAPACITY) {
        atp_capacity_forget(&reservations->capacity, number);
    }
    atp_history_forget(&reservations->history, number);
    memset(reservation, 0, sizeof *reservation);
    reservation->next = heads->free_reservation;
    heads->free_reservation = number + 1;
}

#define KEEP_NONE UINT32_MAX

/* The first of a queue that is not `keep`, if it can go; + 1, 0 = none. */
static uint32_t first_to_go(const atp_reservations_t *reservations, bool is_reconciled, uint32_t keep)
{
    uint32_t first = *queue_of(reservations, is_reconciled).first;

    return first != keep + 1 ? first : 0;
}

/* Makes room at the cost of the reservation that ended, or was reconciled, longest ago, but not of `keep`. False: there is none. */
static bool forget_one(atp_reservations_t *reservations, uint32_t keep)
{
    uint32_t ended = first_to_go(reservations, false, keep);
    uint32_t reconciled = first_to_go(reservations, true, keep);

    if (ended == 0 && reconciled == 0) {
        return false;
    }
    bool is_ended_first =
        reconciled == 0 || (ended != 0 && atp_reservation_at(reservations, ended - 1)->deadline_ms <=
                                              atp_reservation_at(reservations, reconciled - 1)->deadline_ms);
    forget(reservations, (is_ended_first ? ended : reconciled) - 1);
    return true;
}

bool atp_reservations_has_to_archive(const atp_reservations_t *reservations, int64_t until_ms)
{
    uint32_t first = reservations->heads->reconciled_first;

    return first != 0 && atp_reservation_at(reservations, first - 1)->deadline_ms <= until_ms;
}

void atp_reservations_archive(atp_reservations_t *reservations, int64_t until_ms, uint64_t limit)
{
    uint64_t seen = 0;

    while (seen < limit && atp_reservations_has_to_archive(reservations, until_ms)) {
        uint32_t number = reservations->heads->reconciled_first - 1;
        seen += 1u + atp_reservation_at(reservations, number)->line_count;
        forget(reservations, number);
    }
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
        if (!forget_one(reservations, KEEP_NONE)) {
            return ATP_RESERVATIONS_FULL;
        }
    }
    while (!atp_strings_has_room(reservations->strings, reservations->string_heads, id_size, owner_size)) {
        if (!forget_one(reservations, KEEP_NONE)) {
            return ATP_STRINGS_FULL;
        }
    }
    return ATP_APPLIED;
}

bool atp_reservations_make_progress_room(atp_reservations_t *reservations, uint32_t records, uint32_t keep)
{
    while (!atp_progress_has_room(&reservations->progress, records)) {
        if (!forget_one(reservations, keep)) {
            return false;
        }
    }
    return true;
}

bool atp_reservations_make_booking_room(atp_reservations_t *reservations, uint32_t bookings)
{
    while (!atp_capacity_has_room(&reservations->capacity, bookings)) {
        if (!forget_one(reservations, KEEP_NONE)) {
            return false;
        }
    }
    return true;
}

atp_progress_t *atp_line_change_progress(atp_reservations_t *reservations, uint32_t number)
{
    if (atp_line_at(reservations, number)->has_progress) {
        return atp_progress_change(&reservations->progress, number);
    }
    atp_line_t *line = atp_table_change(&reservations->lines, number);
    line->has_progress = 1;
    return atp_progress_take(&reservations->progress, number);
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
        atp_table_prefetch_after(&reservations->records, number);
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
        atp_table_prefetch_after(&reservations->lines, number);
        line = atp_table_change(&reservations->lines, number);
    }
    line->reservation = reservation;
    atp_reservation_t *owner = atp_table_change(&reservations->records, reservation);
    line->number = owner->line_count++ & ((1u << ATP_LINE_NUMBER_BITS) - 1);
    if (after == 0) {
        owner->first_line = number + 1;
    } else {
        atp_line_t *before = atp_table_change(&reservations->lines, after - 1);
        before->next = number + 1;
    }
    return number;
}

void atp_reservations_drop_line(atp_reservations_t *reservations, uint32_t number)
{
    atp_line_t *line = atp_table_change(&reservations->lines, number);
    atp_reservation_t *owner = atp_table_change(&reservations->records, line->reservation);
    uint32_t before = owner->first_line;

    ATP_ASSERT(owner->line_count > 1 && line->granted == 0 && !line->is_in_tree);
    if (before == number + 1) {
        owner->first_line = line->next;
    } else {
        while (atp_line_at(reservations, before - 1)->next != number + 1) {
            before = atp_line_at(reservations, before - 1)->next;
        }
        atp_line_t *previous = atp_table_change(&reservations->lines, before - 1);
        previous->next = line->next;
    }
    owner->line_count--;
    line->next = 0;
    free_lines(reservations, number + 1);
}

void atp_reservations_end(atp_reservations_t *reservations, uint32_t number)
{
    atp_reservation_heads_t *heads = reservations->heads;
    atp_reservation_t *reservation = atp_table_change(&reservations->records, number);

    ATP_ASSERT(reservation->status == ATP_RESERVATION_LIVE && !reservation->is_in_wheel);
    reservation->status = ATP_RESERVATION_ENDED;
    reservation->is_reconciled = 0;
    reservation->deadline_ms = *reservations->time_ms;
    enqueue(reservations, number, reservation);
    heads->live_count--;
    heads->ended_count++;
}

/* ---- the deadline order of a position ---- */

static bool comes_before(const atp_line_t *a, uint32_t a_number, const atp_line_t *b, uint32_t b_number)
{
    return a->deadline != b->deadline ? a->deadline < b->deadline : a_number < b_number;
}

/* Puts `child` (number + 1; 0 = nothing) at `*link`, below `above`. */
static void hang(atp_reservations_t *reservations, uint32_t *link, uint32_t above, uint32_t child)
{
    *link = child;
    if (child != 0) {
        atp_line_t *line = atp_table_change(&reservations->lines, child - 1);
        line->above = above;
    }
}

/* Splits the tree at `root` into the lines before `key`, to its left, and those after it, to its right. */
static void split(atp_reservations_t *reservations, uint32_t root, atp_line_t *key, uint32_t key_number)
{
    uint32_t *before = &key->left;
    uint32_t *after = &key->right;
    uint32_t above_before = key_number + 1;
    uint32_t above_after = key_number + 1;

    while (root != 0) {
        atp_line_t *line = atp_table_change(&reservations->lines, root - 1);
        if (comes_before(line, root - 1, key, key_number)) {
            hang(reservations, before, above_before, root);
            before = &line->right;
            above_before = root;
            root = line->right;
        } else {
            hang(reservations, after, above_after, root);
            after = &line->left;
            above_after = root;
            root = line->left;
        }
    }
    *before = 0;
    *after = 0;
}

/* Merges two trees, all of `before` coming before all of `after`, into *link below `above`. */
static void merge(atp_reservations_t *reservations, uint32_t *link, uint32_t above, uint32_t before,
                  uint32_t after)
{
    while (before != 0 && after != 0) {
        if (atp_line_priority(reservations, before - 1) > atp_line_priority(reservations, after - 1)) {
            hang(reservations, link, above, before);
            atp_line_t *line = atp_line_at(reservations, before - 1);
            above = before;
            link = &line->right;
            before = line->right;
        } else {
            hang(reservations, link, above, after);
            atp_line_t *line = atp_line_at(reservations, after - 1);
            above = after;
            link = &line->left;
            after = line->left;
        }
    }
    hang(reservations, link, above, before != 0 ? before : after);
}

/* Hangs a line in that comes after all that are there: below the first line on the way up from the last that has the
 * higher priority, and above the others. */
static void append(atp_reservations_t *reservations, uint32_t *last, uint32_t number)
{
    atp_line_t *appended = atp_table_change(&reservations->lines, number);
    uint32_t below = 0;
    uint32_t above = *last;

    if (above != 0) {
        uint32_t priority = atp_line_priority(reservations, number);
        while (above != 0 && atp_line_priority(reservations, above - 1) < priority) {
            below = above;
            above = atp_line_at(reservations, above - 1)->above;
        }
        if (above != 0) {
            atp_line_t *line = atp_table_change(&reservations->lines, above - 1);
            line->right = number + 1;
        }
    }
    hang(reservations, &appended->left, number + 1, below);
    appended->right = 0;
    appended->above = above;
    appended->is_in_tree = 1;
    *last = number + 1;
}

/* From the last line up: the first one that stays above the new line whatever happens below it, since it has the
 * higher priority and the new line is to its right. 0: there is none. The lines met on the way are after the new
 * one, or give way to it; *ret_below is the uppermost of them (0: there is none). */
static uint32_t climb(const atp_reservations_t *reservations, uint32_t last, const atp_line_t *inserted,
                      uint32_t number, uint32_t *ret_below)
{
    uint32_t priority = atp_line_priority(reservations, number);
    uint32_t at = last;

    *ret_below = 0;
    while (at != 0) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        if (comes_before(line, at - 1, inserted, number) &&
            atp_line_priority(reservations, at - 1) > priority) {
            break;
        }
        *ret_below = at;
        at = line->above;
    }
    return at;
}

/* Hangs a line in before the last one. */
static void insert(atp_reservations_t *reservations, uint32_t last, uint32_t number)
{
    atp_line_t *inserted = atp_table_change(&reservations->lines, number);
    uint32_t priority = atp_line_priority(reservations, number);
    uint32_t root = 0; /* of a tree that has none above it: nothing points there */
    uint32_t below;
    uint32_t above = climb(reservations, last, inserted, number, &below);
    uint32_t *link = &root;

    if (above != 0) {
        atp_line_t *line = atp_table_change(&reservations->lines, above - 1);
        link = &line->right;
    }
    while (below != 0 && atp_line_priority(reservations, below - 1) > priority) {
        atp_line_t *line = atp_table_change(&reservations->lines, below - 1);
        link = comes_before(line, below - 1, inserted, number) ? &line->right : &line->left;
        above = below;
        below = *link;
    }
    split(reservations, below, inserted, number);
    hang(reservations, link, above, number + 1);
    inserted->is_in_tree = 1;
}

void atp_lines_insert(atp_reservations_t *reservations, uint32_t *last, uint32_t number)
{
    const atp_line_t *inserted = atp_line_at(reservations, number);

    ATP_ASSERT(!inserted->is_in_tree); /* H3 */
    if (ATP_LIKELY(*last == 0 ||
                   comes_before(atp_line_at(reservations, *last - 1), *last - 1, inserted, number))) {
        append(reservations, last, number);
    } else {
        insert(reservations, *last, number);
    }
}

/* The lowest line on the way right (left) from `root`. */
static uint32_t rightmost(const atp_reservations_t *reservations, uint32_t root)
{
    while (atp_line_at(reservations, root - 1)->right != 0) {
        root = atp_line_at(reservations, root - 1)->right;
    }
    return root;
}

static uint32_t leftmost(const atp_reservations_t *reservations, uint32_t root)
{
    while (atp_line_at(reservations, root - 1)->left != 0) {
        root = atp_line_at(reservations, root - 1)->left;
    }
    return root;
}

void atp_lines_remove(atp_reservations_t *reservations, uint32_t *last, uint32_t number)
{
    atp_line_t *removed = atp_table_change(&reservations->lines, number);
    uint32_t root = 0;
    uint32_t *link = &root;

    ATP_ASSERT(removed->is_in_tree); /* H3 */
    if (*last == number + 1) {       /* it has none to its right */
        *last = removed->left != 0 ? rightmost(reservations, removed->left) : removed->above;
    }
    if (removed->above != 0) {
        atp_line_t *above = atp_table_change(&reservations->lines, removed->above - 1);
        link = above->left == number + 1 ? &above->left : &above->right;
        ATP_ASSERT(*link == number + 1); /* H5 */
    }
    merge(reservations, link, removed->above, removed->left, removed->right);
    removed->above = 0;
    removed->left = 0;
    removed->right = 0;
    removed->is_in_tree = 0;
}

uint32_t atp_lines_first(const atp_reservations_t *reservations, uint32_t last)
{
    uint32_t root = last;

    if (last == 0) {
        return 0;
    }
    while (atp_line_at(reservations, root - 1)->above != 0) {
        root = atp_line_at(reservations, root - 1)->above;
    }
    return leftmost(reservations, root);
}

/* The line after `at` in deadline order, 0 if there is none. */
static uint32_t next_of(const atp_reservations_t *reservations, uint32_t at)
{
    const atp_line_t *line = atp_line_at(reservations, at - 1);

    if (line->right != 0) {
        return leftmost(reservations, line->right);
    }
    while (line->above != 0 && atp_line_at(reservations, line->above - 1)->right == at) {
        at = line->above;
        line = atp_line_at(reservations, at - 1);
    }
    return line->above;
}

uint32_t atp_lines_walk(const atp_reservations_t *reservations, uint32_t last, uint32_t limit,
                        void (*visit)(void *context, uint32_t line), void *context)
{
    uint32_t visited = 0;

    for (uint32_t at = atp_lines_first(reservations, last); at != 0 && visited < limit;
         at = next_of(reservations, at)) {
        visit(context, at - 1);
        visited++;
    }
    return visited;
}
