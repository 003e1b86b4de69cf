/* What others read of the ledger: its parts, what is found by an id, and counts. */
#include "engine/ledger/ledger_priv.h"

#include <string.h>

uint64_t atp_ledger_stamp(const atp_ledger_t *ledger)
{
    /* STAMP-R1 (acquire) pairs with STAMP-W2. Orders: the stamp before the rows read after it. Without it a
     * reader takes rows of an earlier op under this op's number. */
    return atp_load_acquire(&((atp_ledger_t *)ledger)->stamp);
}

bool atp_ledger_stamp_holds(const atp_ledger_t *ledger, uint64_t stamp)
{
    /* STAMP-R2 (acquire fence) pairs with STAMP-W1. Orders: the rows before the second look at the stamp. */
    atp_fence_acquire();
    return (stamp & 1) == 0 && atp_load_relaxed(&((atp_ledger_t *)ledger)->stamp) == stamp;
}

const atp_catalog_t *atp_ledger_catalog(const atp_ledger_t *ledger)
{
    return &ledger->catalog;
}

const atp_positions_t *atp_ledger_positions(const atp_ledger_t *ledger)
{
    return &ledger->positions;
}

uint64_t atp_ledger_seed(const atp_ledger_t *ledger)
{
    return ledger->root->config.hash_seed;
}

const atp_rulebook_t *atp_ledger_rulebook(const atp_ledger_t *ledger)
{
    return &ledger->rulebook;
}

const atp_crossings_t *atp_ledger_crossings(const atp_ledger_t *ledger)
{
    return &ledger->crossings;
}

const atp_unit_book_t *atp_ledger_units(const atp_ledger_t *ledger)
{
    return &ledger->units;
}

const atp_differences_t *atp_ledger_differences(const atp_ledger_t *ledger)
{
    return &ledger->differences;
}

const atp_registry_t *atp_ledger_registry(const atp_ledger_t *ledger)
{
    return &ledger->registry;
}

uint64_t atp_ledger_stale_changes(const atp_ledger_t *ledger)
{
    /* STALE-R1 (acquire) pairs with STALE-W1. Orders: the count before the nodes and channels. Without it a reader takes the new
     * count with a node as it was, and never looks again. */
    return atp_load_acquire(&((atp_ledger_t *)(uintptr_t)ledger)->stale_changes);
}

const atp_groups_t *atp_ledger_groups(const atp_ledger_t *ledger)
{
    return &ledger->groups;
}

const atp_ledger_config_t *atp_ledger_config(const atp_ledger_t *ledger)
{
    return &ledger->root->config;
}

const atp_supply_book_t *atp_ledger_supplies(const atp_ledger_t *ledger)
{
    return &ledger->supplies;
}

const atp_reservations_t *atp_ledger_reservations(const atp_ledger_t *ledger)
{
    return &ledger->reservations;
}

const atp_kits_t *atp_ledger_kits(const atp_ledger_t *ledger)
{
    return &ledger->kits;
}

const atp_demand_t *atp_ledger_demand(const atp_ledger_t *ledger)
{
    return &ledger->demand;
}

const atp_exceptions_t *atp_ledger_exceptions(const atp_ledger_t *ledger)
{
    return &ledger->exceptions;
}

const atp_fates_t *atp_ledger_fates(const atp_ledger_t *ledger)
{
    return &ledger->fates;
}

const atp_notices_t *atp_ledger_notices(const atp_ledger_t *ledger)
{
    return &ledger->notices;
}

const atp_postings_t *atp_ledger_postings(const atp_ledger_t *ledger)
{
    return &ledger->postings;
}

bool atp_ledger_find_reservation(const atp_ledger_t *ledger, atp_text_t id, uint32_t *ret_number)
{
    return atp_reservations_find(&ledger->reservations, id, atp_hash_text(id, atp_ledger_seed(ledger)),
                                 ret_number);
}

const atp_archived_t *atp_ledger_find_archived(const atp_ledger_t *ledger, atp_text_t id)
{
    return atp_archive_find(&ledger->reservations.archive, id, atp_hash_text(id, atp_ledger_seed(ledger)));
}

void atp_ledger_counts(const atp_ledger_t *ledger, atp_ledger_counts_t *ret_counts)
{
    const atp_root_t *root = ledger->root;
    const atp_catalog_t *catalog = &ledger->catalog;

    *ret_counts = (atp_ledger_counts_t){
        .op = root->op,
        .time_ms = root->time_ms,
        .skus = atp_table_count(&catalog->skus),
        .nodes = atp_table_count(&catalog->nodes),
        .channels = atp_table_count(&catalog->channels),
        .clients = atp_table_count(&catalog->clients),
        .sources = atp_table_count(&catalog->sources),
        .positions = atp_table_count(&ledger->positions.rows),
        .reservations_live = root->reservations.live_count,
        .reservations_ended = root->reservations.ended_count,
        .reservations_archived = atp_archive_count(&ledger->reservations.archive),
        .archive_forgotten = root->archive.forgotten,
        .archive_floor_ms = root->archive.floor_ms,
        .lines_reserved = root->reservations.reserved_lines,
        .lines_allocated = root->reservations.allocated_lines,
        .outcomes = root->outcomes.next - root->outcomes.first,
        .exceptions = root->exceptions.newest,
        .exceptions_parked = root->exceptions.parked,
        .exceptions_open = atp_exceptions_open(&ledger->exceptions),
        .exceptions_lost = root->exceptions.lost,
        .exception_facts_lost = root->exceptions.facts_lost,
        .floor_ms = root->outcomes.floor_ms,
        .string_bytes = atp_table_count(&catalog->strings) * ATP_STRING_GRANULE,
        .expired = ledger->expired,
    };
    memcpy(ret_counts->exceptions_by_kind, root->exceptions.open, sizeof ret_counts->exceptions_by_kind);
}

void atp_ledger_note_changes(atp_ledger_t *ledger, atp_row_changes_t *changes)
{
    ledger->changes = changes;
}
