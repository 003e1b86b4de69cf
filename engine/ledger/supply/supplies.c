#include "engine/ledger/supply/supplies.h"

#include "engine/base/hash.h"

#include <string.h>

/* ---- records and free chains ---- */

/* Takes a record off the free chain at `*free`, whose links are at `link_offset`, or a new one. */
static uint32_t take_record(atp_table_t *table, uint32_t *free, size_t link_offset)
{
    uint32_t number;

    if (*free == 0) {
        return (uint32_t)atp_table_append(table, 1);
    }
    number = *free - 1;
    unsigned char *record = atp_table_change(table, number);
    memcpy(free, record + link_offset, sizeof *free);
    memset(record, 0, table->record_size);
    return number;
}

static void give_record(atp_table_t *table, uint32_t *free, size_t link_offset, uint32_t number)
{
    unsigned char *record = atp_table_change(table, number);

    memset(record, 0, table->record_size);
    memcpy(record + link_offset, free, sizeof *free);
    *free = number + 1;
}

static atp_supply_t *change_supply(atp_supply_book_t *book, uint32_t number)
{
    return atp_table_change(&book->supplies, number);
}

static atp_supply_day_t *change_day(atp_supply_book_t *book, uint32_t number)
{
    return atp_table_change(&book->days, number);
}

static atp_peg_t *change_peg(atp_supply_book_t *book, uint32_t number)
{
    return atp_table_change(&book->pegs, number);
}

/* ---- the sums of a row ---- */

static uint64_t row_hash(uint32_t row)
{
    return atp_mix32(row);
}

static bool find_row(const atp_supply_book_t *book, uint32_t row, uint32_t *ret_number)
{
    atp_index_probe_t probe = atp_index_probe(&book->row_index, row_hash(row));

    while (atp_index_next(&probe, ret_number)) {
        const atp_supply_row_t *sums = atp_table_at(&book->rows, *ret_number);
        if (sums->row == row + 1) {
            return true;
        }
    }
    return false;
}

const atp_supply_row_t *atp_supply_row(const atp_supply_book_t *book, uint32_t row)
{
    uint32_t number;
    return find_row(book, row, &number) ? atp_table_at(&book->rows, number) : NULL;
}

static atp_supply_row_t *need_row(atp_supply_book_t *book, uint32_t row)
{
    uint32_t number;

    if (find_row(book, row, &number)) {
        return atp_table_change(&book->rows, number);
    }
    number = take_record(&book->rows, &book->heads->free_row, offsetof(atp_supply_row_t, next));
    atp_supply_row_t *sums = atp_table_change(&book->rows, number);
    sums->row = row + 1;
    atp_index_insert(&book->row_index, row_hash(row), number);
    return sums;
}

/* The record of sums goes when it has nothing to sum up. */
static void tidy_row(atp_supply_book_t *book, uint32_t row)
{
    uint32_t number;

    if (!find_row(book, row, &number)) {
        return;
    }
    const atp_supply_row_t *sums = atp_table_at(&book->rows, number);
    if (sums->first_day == 0 && sums->first_unbacked == 0 && sums->due == ATP_SUPPLY_NOT_DUE &&
        sums->inbound == 0 && sums->outbound == 0) {
        atp_index_remove(&book->row_index, row_hash(row), number);
        give_record(&book->rows, &book->heads->free_row, offsetof(atp_supply_row_t, next), number);
    }
}

/* ---- days ---- */

/* The record of `day` of the row, made at its place if there is none. Looked for from the end: most are due last. */
static uint32_t need_day(atp_supply_book_t *book, atp_supply_row_t *sums, int32_t day)
{
    uint32_t after = sums->last_day;

    while (after != 0 && atp_supply_day_at(book, after - 1)->day > day) {
        after = atp_supply_day_at(book, after - 1)->previous;
    }
    if (after != 0 && atp_supply_day_at(book, after - 1)->day == day) {
        return after;
    }
    uint32_t number = take_record(&book->days, &book->heads->free_day, offsetof(atp_supply_day_t, next)) + 1;
    atp_supply_day_t *record = change_day(book, number - 1);
    record->day = day;
    record->previous = after;
    record->next = after != 0 ? atp_supply_day_at(book, after - 1)->next : sums->first_day;
    *(after != 0 ? &change_day(book, after - 1)->next : &sums->first_day) = number;
    *(record->next != 0 ? &change_day(book, record->next - 1)->previous : &sums->last_day) = number;
    return number;
}

static void drop_day(atp_supply_book_t *book, atp_supply_row_t *sums, uint32_t number)
{
    const atp_supply_day_t *record = atp_supply_day_at(book, number - 1);
    uint32_t next = record->next;
    uint32_t previous = record->previous;

    ATP_ASSERT(record->open == 0 && record->pegged == 0); /* D1 */
    *(previous != 0 ? &change_day(book, previous - 1)->next : &sums->first_day) = next;
    *(next != 0 ? &change_day(book, next - 1)->previous : &sums->last_day) = previous;
    give_record(&book->days, &book->heads->free_day, offsetof(atp_supply_day_t, next), number - 1);
}

/* Where a supply stands in its day: promised in part, of which nothing is promised, promised whole. */
static unsigned group_of(const atp_supply_t *supply)
{
    return atp_supply_free(supply) == 0 ? 2 : supply->pegged == 0 ? 1 : 0;
}

/* Links a supply into its day, in front of its group or, promised whole, at the end (D8). */
static void link_supply(atp_supply_book_t *book, uint32_t number)
{
    atp_supply_t *supply = change_supply(book, number);
    atp_supply_day_t *day = change_day(book, supply->day - 1);
    unsigned group = group_of(supply);

    supply->previous = group == 0 ? 0 : group == 1 ? day->last_partly : day->last;
    supply->next = supply->previous != 0 ? atp_supply_at(book, supply->previous - 1)->next : day->first;
    if (group == 0 && day->last_partly == 0) {
        day->last_partly = number + 1;
    }
    *(supply->previous != 0 ? &change_supply(book, supply->previous - 1)->next : &day->first) = number + 1;
    *(supply->next != 0 ? &change_supply(book, supply->next - 1)->previous : &day->last) = number + 1;
}

static void unlink_supply(atp_supply_book_t *book, uint32_t number)
{
    const atp_supply_t *supply = atp_supply_at(book, number);
    atp_supply_day_t *day = change_day(book, supply->day - 1);

    if (day->last_partly == number + 1) {
        day->last_partly = supply->previous;
    }
    *(supply->previous != 0 ? &change_supply(book, supply->previous - 1)->next : &day->first) = supply->next;
    *(supply->next != 0 ? &change_supply(book, supply->next - 1)->previous : &day->last) = supply->previous;
}

/* Adds to what is open and pegged of a supply and of all sums it is part of. */
static void add_to_sums(atp_supply_book_t *book, uint32_t number, atp_qty_t open, atp_qty_t pegged)
{
    atp_supply_t *supply = change_supply(book, number);
    atp_supply_day_t *day = change_day(book, supply->day - 1);
    atp_supply_row_t *sums = need_row(book, supply->row);
    unsigned group = group_of(supply);

    supply->open += open;
    supply->pegged += pegged;
    day->open += open;
    day->pegged += pegged;
    sums->open += open;
    sums->pegged += pegged;
    ATP_ASSERT(supply->pegged >= 0 && supply->pegged <= supply->open); /* D4 */
    if (group != group_of(supply)) {
        unlink_supply(book, number);
        link_supply(book, number);
    }
}

/* Takes an open supply off its day; the sums keep nothing of it. */
static void take_off_day(atp_supply_book_t *book, uint32_t number)
{
    atp_supply_t *supply = change_supply(book, number);
    uint32_t day_number = supply->day;
    atp_supply_day_t *day = change_day(book, day_number - 1);
    atp_supply_row_t *sums = need_row(book, supply->row);

    unlink_supply(book, number);
    day->open -= supply->open;
    day->pegged -= supply->pegged;
    sums->open -= supply->open;
    sums->pegged -= supply->pegged;
    supply->day = 0;
    if (--day->supply_count == 0) {
        drop_day(book, sums, day_number);
    }
}

void atp_supplies_put_at(atp_supply_book_t *book, uint32_t number, int64_t due_ms)
{
    atp_supply_t *supply = change_supply(book, number);

    ATP_ASSERT(supply->status == ATP_SUPPLY_OPEN);
    if (supply->day != 0) {
        take_off_day(book, number);
    }
    atp_supply_row_t *sums = need_row(book, supply->row);
    supply->due_ms = due_ms;
    supply->day = need_day(book, sums, atp_day_of(due_ms));
    atp_supply_day_t *day = change_day(book, supply->day - 1);
    day->supply_count++;
    day->open += supply->open;
    day->pegged += supply->pegged;
    sums->open += supply->open;
    sums->pegged += supply->pegged;
    link_supply(book, number);
}

void atp_supplies_change_open(atp_supply_book_t *book, uint32_t number, atp_qty_t change)
{
    add_to_sums(book, number, change, 0);
}

/* ---- supplies ---- */

bool atp_supplies_find(const atp_supply_book_t *book, atp_text_t id, uint64_t hash, uint32_t *ret_number)
{
    atp_index_probe_t probe = atp_index_probe(&book->index, hash);
    uint32_t number;

    while (atp_index_next(&probe, &number)) {
        const atp_supply_t *supply = atp_supply_at(book, number);
        if (supply->id_hash == hash && atp_text_equal(atp_strings_get(book->strings, supply->id_ref), id)) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

static void forget_oldest_ended(atp_supply_book_t *book)
{
    atp_supply_heads_t *heads = book->heads;
    uint32_t number = heads->ended_first - 1;
    const atp_supply_t *supply = atp_supply_at(book, number);

    heads->ended_first = supply->next;
    *(supply->next != 0 ? &change_supply(book, supply->next - 1)->previous : &heads->ended_last) = 0;
    heads->ended_count--;
    atp_index_remove(&book->index, supply->id_hash, number);
    atp_strings_drop(book->strings, book->string_heads, supply->id_ref);
    give_record(&book->supplies, &heads->free_supply, offsetof(atp_supply_t, next), number);
}

atp_verdict_t atp_supplies_make_room(atp_supply_book_t *book, uint32_t id_size)
{
    while (book->heads->free_supply == 0 && !atp_table_has_room(&book->supplies, 1)) {
        if (book->heads->ended_first == 0) {
            return ATP_SUPPLIES_FULL;
        }
        forget_oldest_ended(book);
    }
    while (!atp_strings_has_room(book->strings, book->string_heads, id_size, 0)) {
        if (book->heads->ended_first == 0) {
            return ATP_STRINGS_FULL;
        }
        forget_oldest_ended(book);
    }
    return ATP_APPLIED;
}

uint32_t atp_supplies_take(atp_supply_book_t *book, atp_text_t id, uint64_t hash, uint32_t row)
{
    uint32_t number = take_record(&book->supplies, &book->heads->free_supply, offsetof(atp_supply_t, next));
    atp_supply_t *supply = change_supply(book, number);

    supply->id_ref = atp_strings_store(book->strings, book->string_heads, id);
    supply->id_hash = hash;
    supply->row = row;
    supply->status = ATP_SUPPLY_OPEN;
    book->heads->open_count++;
    atp_index_insert(&book->index, hash, number);
    return number;
}

void atp_supplies_end(atp_supply_book_t *book, uint32_t number, atp_supply_status_t status)
{
    atp_supply_heads_t *heads = book->heads;
    atp_supply_t *supply = change_supply(book, number);

    ATP_ASSERT(supply->status == ATP_SUPPLY_OPEN && supply->open == 0 && supply->pegged == 0); /* D3 */
    if (supply->day != 0) {
        take_off_day(book, number);
    }
    supply->status = (uint8_t)status;
    supply->next = 0;
    supply->previous = heads->ended_last;
    *(heads->ended_last != 0 ? &change_supply(book, heads->ended_last - 1)->next : &heads->ended_first) =
        number + 1;
    heads->ended_last = number + 1;
    heads->open_count--;
    heads->ended_count++;
    tidy_row(book, supply->row);
}

void atp_supplies_note_moving(atp_supply_book_t *book, uint32_t row, atp_qty_t inbound, atp_qty_t outbound)
{
    atp_supply_row_t *sums = need_row(book, row);

    sums->inbound += inbound;
    sums->outbound += outbound;
    ATP_ASSERT(sums->inbound >= 0 && sums->outbound >= 0); /* D9 */
    tidy_row(book, row);
}

/* ---- pegs ---- */

bool atp_pegs_have_room(const atp_supply_book_t *book, uint64_t pegs)
{
    uint64_t fresh = book->pegs.capacity - atp_table_count(&book->pegs);
    return book->heads->free_pegs + fresh >= pegs;
}

#define PEGS_PASSED_MAX                                                                                      \
    512 /* from either end, by a peg that looks for its place; then it stands where it got to */

/* True if `peg` is served before one that comes anew. */
static bool stays_before(const atp_peg_t *peg, const atp_peg_t *fresh)
{
    return peg->rank != fresh->rank ? peg->rank > fresh->rank : peg->age <= fresh->age;
}

/* The peg of the list that a new one stands behind; 0: it stands first. Looked for from both ends: the place of most is near
 * one of them. */
static uint32_t place_behind(const atp_supply_book_t *book, uint32_t first, uint32_t last,
                             const atp_peg_t *fresh)
{
    uint32_t behind = last;
    uint32_t before = first;

    for (unsigned i = 0; i < PEGS_PASSED_MAX; i++) {
        if (behind == 0 || stays_before(atp_peg_at(book, behind - 1), fresh)) {
            return behind;
        }
        if (!stays_before(atp_peg_at(book, before - 1), fresh)) {
            return atp_peg_at(book, before - 1)->previous;
        }
        behind = atp_peg_at(book, behind - 1)->previous;
        before = atp_peg_at(book, before - 1)->next;
    }
    return behind;
}

/* Links a peg into the list of `first` and `last`, in the order in which they are served. */
static void link_peg(atp_supply_book_t *book, uint32_t *first, uint32_t *last, uint32_t number)
{
    atp_peg_t *peg = change_peg(book, number);
    uint32_t after = place_behind(book, *first, *last, peg);

    peg->previous = after;
    peg->next = after != 0 ? atp_peg_at(book, after - 1)->next : *first;
    *(after != 0 ? &change_peg(book, after - 1)->next : first) = number + 1;
    *(peg->next != 0 ? &change_peg(book, peg->next - 1)->previous : last) = number + 1;
}

static void unlink_peg(atp_supply_book_t *book, uint32_t *first, uint32_t *last, uint32_t number)
{
    const atp_peg_t *peg = atp_peg_at(book, number);

    *(peg->previous != 0 ? &change_peg(book, peg->previous - 1)->next : first) = peg->next;
    *(peg->next != 0 ? &change_peg(book, peg->next - 1)->previous : last) = peg->previous;
}

/* Links a peg into the list it belongs to, and takes it off there. */
static void list_peg(atp_supply_book_t *book, uint32_t row, uint32_t number)
{
    uint32_t supply = atp_peg_at(book, number)->supply;

    if (supply != 0) {
        atp_supply_t *pegged = change_supply(book, supply - 1);
        link_peg(book, &pegged->first_peg, &pegged->last_peg, number);
    } else {
        atp_supply_row_t *sums = need_row(book, row);
        link_peg(book, &sums->first_unbacked, &sums->last_unbacked, number);
    }
}

static void unlist_peg(atp_supply_book_t *book, uint32_t row, uint32_t number)
{
    uint32_t supply = atp_peg_at(book, number)->supply;

    if (supply != 0) {
        atp_supply_t *pegged = change_supply(book, supply - 1);
        unlink_peg(book, &pegged->first_peg, &pegged->last_peg, number);
    } else {
        atp_supply_row_t *sums = need_row(book, row);
        if (sums->look_from == number + 1) {
            sums->look_from = atp_peg_at(book, number)->next;
        }
        unlink_peg(book, &sums->first_unbacked, &sums->last_unbacked, number);
    }
}

void atp_pegs_put_rank(atp_supply_book_t *book, uint32_t row, uint32_t number, uint8_t rank)
{
    atp_peg_t *peg = change_peg(book, number);

    if (peg->rank != rank) {
        bool is_looking = atp_supplies_is_looking(book, row);
        unlist_peg(book, row, number);
        peg->rank = rank;
        list_peg(book, row, number);
        if (is_looking) {
            atp_supplies_begin_look(book, row); /* it may not have looked, and stand before who has */
        }
    }
}

void atp_pegs_add(atp_supply_book_t *book, uint32_t row, uint32_t supply, const atp_peg_t *seed,
                  uint32_t *chain)
{
    bool is_fresh = book->heads->free_peg == 0;
    uint32_t number = take_record(&book->pegs, &book->heads->free_peg, offsetof(atp_peg_t, next));
    atp_peg_t *peg = change_peg(book, number);

    book->heads->free_pegs -= is_fresh ? 0 : 1;
    *peg = *seed;
    peg->supply = supply;
    peg->next_of_line = *chain;
    *chain = number + 1;
    list_peg(book, row, number);
    if (supply != 0) {
        add_to_sums(book, supply - 1, 0, seed->qty);
    } else {
        need_row(book, row)->unbacked += seed->qty;
    }
}

/* Takes a peg out of the chain of its line. */
static void unchain(atp_supply_book_t *book, uint32_t number, uint32_t *chain)
{
    uint32_t at = *chain;

    if (at == number + 1) {
        *chain = atp_peg_at(book, number)->next_of_line;
        return;
    }
    while (atp_peg_at(book, at - 1)->next_of_line != number + 1) {
        at = atp_peg_at(book, at - 1)->next_of_line;
    }
    change_peg(book, at - 1)->next_of_line = atp_peg_at(book, number)->next_of_line;
}

void atp_pegs_take(atp_supply_book_t *book, uint32_t row, uint32_t number, atp_qty_t qty, uint32_t *chain)
{
    atp_peg_t *peg = change_peg(book, number);
    uint32_t supply = peg->supply;

    ATP_ASSERT(qty > 0 && qty <= peg->qty);
    peg->qty -= qty;
    if (supply != 0) {
        add_to_sums(book, supply - 1, 0, -qty);
    } else {
        need_row(book, row)->unbacked -= qty;
    }
    if (peg->qty > 0) {
        return;
    }
    unlist_peg(book, row, number);
    unchain(book, number, chain);
    give_record(&book->pegs, &book->heads->free_peg, offsetof(atp_peg_t, next), number);
    book->heads->free_pegs++;
    if (supply == 0) {
        tidy_row(book, row);
    }
}

/* ---- promises at risk ---- */

/* What was due before this day has been told overdue, as far as the record of sums was looked at. */
static int32_t told_before(const atp_supply_book_t *book, uint32_t number)
{
    const atp_supply_heads_t *heads = book->heads;

    return heads->telling != 0 && number < heads->telling_row ? heads->telling : heads->told_before;
}

uint32_t atp_supplies_first_at_risk(const atp_supply_book_t *book, uint32_t row)
{
    uint32_t number;

    if (!find_row(book, row, &number)) {
        return 0;
    }
    const atp_supply_row_t *sums = atp_table_at(&book->rows, number);
    int32_t before = told_before(book, number);
    uint32_t at = sums->pegged > 0 ? sums->first_day : 0;
    if (sums->first_unbacked != 0) {
        return sums->first_unbacked;
    }
    while (at != 0 && atp_supply_day_at(book, at - 1)->day < before) {
        const atp_supply_day_t *day = atp_supply_day_at(book, at - 1);
        if (day->pegged > 0) { /* in the first group or the last: D8 */
            uint32_t first = atp_supply_at(book, day->first - 1)->first_peg;
            return first != 0 ? first : atp_supply_at(book, day->last - 1)->first_peg;
        }
        at = day->next;
    }
    return 0;
}

void atp_supplies_begin_look(atp_supply_book_t *book, uint32_t row)
{
    uint32_t number;

    if (find_row(book, row, &number)) {
        atp_supply_row_t *sums = atp_table_change(&book->rows, number);
        sums->look_from = sums->first_unbacked;
    }
}

uint32_t atp_supplies_take_look(atp_supply_book_t *book, uint32_t row)
{
    uint32_t number;

    if (!atp_supplies_is_looking(book, row) || !find_row(book, row, &number)) {
        return 0;
    }
    atp_supply_row_t *sums = atp_table_change(&book->rows, number);
    uint32_t peg = sums->look_from;
    sums->look_from = atp_peg_at(book, peg - 1)->next;
    return peg;
}

bool atp_supplies_is_looking(const atp_supply_book_t *book, uint32_t row)
{
    const atp_supply_row_t *sums = atp_supply_row(book, row);

    return sums != NULL && sums->look_from != 0;
}

bool atp_supplies_list_due(atp_supply_book_t *book, uint32_t row, atp_supply_due_t due)
{
    uint32_t number;

    if (!find_row(book, row, &number)) {
        return false;
    }
    atp_supply_row_t *sums = atp_table_change(&book->rows, number);
    if (sums->due == ATP_SUPPLY_NOT_DUE) {
        sums->due = due;
        sums->next_due = book->heads->first_due;
        book->heads->first_due = number + 1;
    }
    return true;
}

bool atp_supplies_take_due(atp_supply_book_t *book, uint32_t *ret_row)
{
    if (book->heads->first_due == 0) {
        return false;
    }
    atp_supply_row_t *sums = atp_table_change(&book->rows, book->heads->first_due - 1);
    book->heads->first_due = sums->next_due;
    sums->next_due = 0;
    *ret_row = sums->row - 1;
    return true;
}

void atp_supplies_end_due(atp_supply_book_t *book, uint32_t row, bool goes_on)
{
    need_row(book, row)->due = ATP_SUPPLY_NOT_DUE;
    if (goes_on) {
        (void)atp_supplies_list_due(book, row, ATP_SUPPLY_GOES_ON); /* it has sums */
    }
    tidy_row(book, row);
}

/* ---- two rows become one ---- */

/* The first promise without supply of `from` is one of `to`. */
static void move_unbacked(atp_supply_book_t *book, uint32_t from, uint32_t to)
{
    atp_supply_row_t *sums = need_row(book, from);
    uint32_t number = sums->first_unbacked - 1;
    atp_qty_t qty = atp_peg_at(book, number)->qty;

    unlist_peg(book, from, number);
    sums->unbacked -= qty;
    list_peg(book, to, number);
    need_row(book, to)->unbacked += qty;
}

void atp_supplies_merge(atp_supply_book_t *book, uint32_t from, uint32_t to)
{
    const atp_supply_row_t *sums = atp_supply_row(book, from);

    if (sums == NULL) {
        return;
    }
    ATP_ASSERT(sums->due == ATP_SUPPLY_NOT_DUE);
    while (sums->first_day != 0) {
        uint32_t number = atp_supply_day_at(book, sums->first_day - 1)->first - 1;
        take_off_day(book, number);
        atp_supply_t *supply = change_supply(book, number);
        supply->row = to;
        atp_supplies_put_at(book, number, supply->due_ms);
    }
    while (sums->first_unbacked != 0) {
        move_unbacked(book, from, to);
    }
    if (sums->inbound != 0 || sums->outbound != 0) {
        atp_qty_t inbound = sums->inbound;
        atp_qty_t outbound = sums->outbound;
        atp_supplies_note_moving(book, to, inbound, outbound);
        atp_supplies_note_moving(book, from, -inbound, -outbound);
        return;
    }
    tidy_row(book, from);
}

/* ---- rebuilding ---- */

void atp_supplies_rebuild(atp_supply_book_t *book)
{
    uint64_t supplies = atp_table_count(&book->supplies);
    uint64_t rows = atp_table_count(&book->rows);

    for (uint64_t i = 0; i < supplies; i++) {
        const atp_supply_t *supply = atp_supply_at(book, (uint32_t)i);
        if (supply->status != ATP_SUPPLY_FREE) {
            atp_index_insert(&book->index, supply->id_hash, (uint32_t)i);
        }
    }
    for (uint64_t i = 0; i < rows; i++) {
        const atp_supply_row_t *sums = atp_table_at(&book->rows, i);
        if (sums->row != 0) {
            atp_index_insert(&book->row_index, row_hash(sums->row - 1), (uint32_t)i);
        }
    }
}
