/* Components that begin and end: from such a moment on a kit is put together of something else, though no op says so. Decisions and
 * answers go by the moment they are given at; the pulse that is due then says which kits have changed, for those who listen. */
#include "engine/ledger/kits/kits.h"

/* The earlier of two moments; 0 = none. */
static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The first moment after `after_ms` at which the component begins or ends; 0 = none. */
static int64_t next_of(const atp_recipe_line_t *line, int64_t after_ms)
{
    return earlier(line->start_ms > after_ms ? line->start_ms : 0,
                   line->end_ms > after_ms ? line->end_ms : 0);
}

void atp_kits_note_dates(atp_kits_t *kits, const atp_recipe_line_t *lines, uint32_t count, int64_t now_ms)
{
    atp_kit_dates_t *dates = &kits->dates;

    if (dates->next_ms == 0 && dates->at == 0) {
        dates->told_ms = now_ms;
    }
    for (uint32_t i = 0; i < count; i++) {
        dates->next_ms = earlier(dates->next_ms, next_of(&lines[i], now_ms));
        dates->later_ms = earlier(dates->later_ms, next_of(&lines[i], now_ms));
    }
}

/* Looks at a kit: true if one of its components began or ended after `from_ms`, until `to_ms`. What comes later is noted. */
static bool look_at_kit(const atp_kits_t *kits, uint32_t kit, int64_t from_ms, int64_t to_ms,
                        int64_t *later_ms)
{
    atp_recipe_walk_t recipe = atp_kits_recipe(kits, kit);
    atp_recipe_line_t line;
    bool has_changed = false;

    while (atp_kits_next(&recipe, &line)) {
        int64_t first = next_of(&line, from_ms);
        has_changed = has_changed || (first != 0 && first <= to_ms);
        *later_ms = earlier(*later_ms, next_of(&line, to_ms));
    }
    return has_changed;
}

int64_t atp_kits_next_date(const atp_kits_t *kits, uint32_t kit, int64_t after_ms)
{
    int64_t next_ms = 0;

    (void)look_at_kit(kits, kit, after_ms, after_ms, &next_ms);
    return next_ms;
}

void atp_kits_find_dates(atp_kits_t *kits, int64_t now_ms)
{
    uint64_t count = atp_table_count(&kits->records);

    kits->dates = (atp_kit_dates_t){.told_ms = now_ms};
    for (uint32_t i = 0; i < count; i++) {
        (void)look_at_kit(kits, i, now_ms, now_ms, &kits->dates.next_ms);
    }
}

bool atp_kits_is_date_due(const atp_kits_t *kits, int64_t now_ms)
{
    return kits->dates.at > 0 || (kits->dates.next_ms != 0 && kits->dates.next_ms <= now_ms);
}

void atp_kits_tell_dates(atp_kits_t *kits, int64_t now_ms, uint64_t limit)
{
    atp_kit_dates_t *dates = &kits->dates;
    uint64_t count = atp_table_count(&kits->records);

    if (!atp_kits_is_date_due(kits, now_ms)) {
        return;
    }
    if (dates->at == 0) {
        dates->to_ms = now_ms;
        dates->later_ms = 0;
    }
    for (; dates->at < count && limit > 0; dates->at++, limit--) {
        if (look_at_kit(kits, (uint32_t)dates->at, dates->told_ms, dates->to_ms, &dates->later_ms)) {
            atp_kit_t *kit = atp_table_at(&kits->records, dates->at);
            atp_kits_note_changed(kits, atp_load_relaxed(&kit->sku));
        }
    }
    if (dates->at == count) {
        *dates = (atp_kit_dates_t){.next_ms = dates->later_ms, .told_ms = dates->to_ms};
    }
}
