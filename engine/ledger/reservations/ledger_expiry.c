/* Exact expiry: from its deadline on a reservation counts in no decision.
 *
 * The pulse clears what is due from the wheel in bounded steps; an op, or a reader, that meets a position with
 * something due on it has that settled first. Both end in the same function. So that such an op has not much to settle, the
 * engine lets ops wait that may meet something while much is due at once: pulses go before them (ledger_crowd.c). */
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/facts/ledger_owners.h"
#include "engine/ledger/facts/ledger_registry.h"
#include "engine/ledger/outbound/ledger_postings.h"
#include "engine/ledger/supply/ledger_supply.h"

void atp_ledger_expire(atp_ledger_t *ledger, uint32_t number)
{
    uint32_t at = atp_reservation_at(&ledger->reservations, number)->first_line;

    while (at != 0) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        uint32_t next = line->next;
        atp_qty_t units = atp_line_expiring(&ledger->reservations, at - 1);
        if (units > 0) {
            atp_ledger_move(ledger, at - 1, ATP_STEP_EXPIRE, units);
        }
        at = next;
    }
    atp_ledger_tidy(ledger, number);
    ledger->expired++;
}

void atp_ledger_settle_row(atp_ledger_t *ledger, uint32_t row, int64_t now_ms)
{
    atp_position_t *position = atp_positions_at(&ledger->positions, row);

    while (ATP_UNLIKELY(atp_load_relaxed(&position->soonest_deadline_ms) <= now_ms)) {
        if (ledger->is_asking) {
            return;
        }
        uint32_t first = atp_lines_first(&ledger->reservations, position->last_line);
        atp_ledger_expire(ledger, atp_line_at(&ledger->reservations, first - 1)->reservation);
    }
    if (ATP_UNLIKELY(ledger->has_due)) {
        atp_ledger_fill_due(ledger); /* who waits comes before who asks now */
    }
}

void atp_ledger_expire_one(void *context, uint32_t reservation)
{
    atp_ledger_expire(context, reservation);
}

void atp_ledger_settle_due(atp_ledger_t *ledger, int64_t now_ms, uint64_t limit)
{
    if (!ledger->is_asking) {
        atp_wheel_settle(&ledger->wheel, now_ms, limit, atp_ledger_expire_one, ledger);
    }
}

atp_verdict_t atp_ledger_pulse(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint64_t limit = (uint64_t)apply->op->value;

    if (apply->op->option == ATP_PULSE_NOW) {
        atp_wheel_settle(&ledger->wheel, apply->now_ms, limit, atp_ledger_expire_one, ledger);
    } else {
        atp_wheel_sweep(&ledger->wheel, apply->now_ms, limit, atp_ledger_expire_one, ledger);
    }
    atp_ledger_look_at_closed(ledger);
    atp_ledger_count_standing(ledger);
    ledger->has_due = ledger->root->limits.first_due != 0 || ledger->root->supplies.first_due != 0;
    if (ledger->has_due) {
        atp_ledger_fill_due(
            ledger); /* who waited before the day began comes before what is told overdue now */
    }
    atp_outcomes_forget_before(&ledger->outcomes, apply->now_ms - ledger->root->config.outcome_window_ms,
                               limit);
    atp_ledger_tell_overdue(apply, limit);
    atp_kits_tell_dates(&ledger->kits, apply->now_ms, limit);
    if (ATP_UNLIKELY(ledger->has_postings)) {
        atp_ledger_tell_late(apply);
    }
    atp_ledger_look_for_silence(apply);
    atp_ledger_give_up_gaps(apply);
    atp_ledger_look_at_owners(apply);
    atp_reservations_archive(&ledger->reservations, apply->now_ms - ledger->root->config.archive_after_ms,
                             limit);
    return ATP_APPLIED;
}

/* Outcomes past the window wait until some are due together, so that an idle ledger is not kept busy by single ones. */
#define OUTCOMES_LATE_MS (60 * 1000)

bool atp_ledger_is_pulse_due(atp_ledger_t *ledger, int64_t now_ms)
{
    const atp_root_t *root = ledger->root;

    return root->op > 0 &&
           (root->limits.first_due != 0 || root->exceptions.due.first != 0 || root->supplies.first_due != 0 ||
            root->closings.first != 0 || root->counting.channels != 0 ||
            atp_wheel_is_due(&ledger->wheel, now_ms) ||
            atp_supplies_are_untold(&ledger->supplies, atp_day_of(now_ms)) ||
            atp_kits_is_date_due(&ledger->kits, now_ms) ||
            atp_outcomes_has_before(&ledger->outcomes,
                                    now_ms - root->config.outcome_window_ms - OUTCOMES_LATE_MS) ||
            atp_reservations_has_to_archive(&ledger->reservations, now_ms - root->config.archive_after_ms) ||
            (root->registry.count > 0 && now_ms >= root->registry.look_ms) ||
            atp_ledger_is_gap_due(ledger, now_ms) || atp_ledger_is_owner_due(ledger, now_ms) ||
            (ledger->has_postings && atp_ledger_is_posting_due(ledger, now_ms)) ||
            (ledger->has_levels && atp_ledger_is_level_due(ledger, now_ms)));
}

bool atp_ledger_has_due(const atp_ledger_t *ledger, int64_t now_ms)
{
    const atp_root_t *root = ledger->root;

    return root->limits.first_due != 0 || root->supplies.first_due != 0 ||
           atp_wheel_has_due(&ledger->wheel, now_ms);
}

atp_verdict_t atp_ledger_settle(apply_t *apply)
{
    uint32_t sku = (uint32_t)(apply->op->subject_hash >> 16);
    uint32_t row;

    if ((uint16_t)apply->op->subject_hash < atp_table_count(&apply->ledger->catalog.nodes)) {
        atp_ledger_settle_node(apply->ledger, (uint16_t)apply->op->subject_hash, apply->now_ms);
    }
    if (sku >= atp_table_count(&apply->ledger->catalog.skus)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SKU, ATP_FIELD_SKU, 0);
    }
    if (atp_positions_find(&apply->ledger->positions, sku, (uint16_t)apply->op->subject_hash, &row)) {
        atp_ledger_settle_row(apply->ledger, row, apply->now_ms);
    }
    return ATP_APPLIED;
}
