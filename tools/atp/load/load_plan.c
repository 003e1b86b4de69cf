#include "tools/atp/load/load_plan.h"

#include "engine/base/power_of_ten.h"

#include <string.h>

static bool is_there(const atp_availability_row_t *there)
{
    return there->verdict == ATP_APPLIED && there->has_components && there->version != 0;
}

static atp_qty_t present(const atp_command_t *command, const atp_availability_row_t *there)
{
    if (!is_there(there)) {
        return 0;
    }
    if (command->kind == ATP_OP_SAFETY) {
        return there->safety;
    }
    return command->option == ATP_BUCKET_UNAVAILABLE ? there->unavailable : there->on_hand;
}

/* The quantity of the command at `scale`. */
static bool wanted(const atp_command_t *command, uint8_t scale, atp_qty_t *ret_qty)
{
    return atp_qty_rescale(command->lines[0].mantissa, command->lines[0].decimals, scale, ret_qty) ==
           ATP_RESCALED;
}

bool atp_load_plan_is_same(const atp_command_t *command, const atp_availability_row_t *there, bool is_first)
{
    atp_qty_t qty;

    if (!is_there(there)) {
        return !is_first && command->lines[0].mantissa == 0;
    }
    return wanted(command, there->scale, &qty) && qty == present(command, there);
}

/* ---- noting ---- */

static void copy_id(char ret_id[ATP_ID_SIZE_MAX + 1], atp_text_t id)
{
    uint32_t size = id.size < ATP_ID_SIZE_MAX ? id.size : ATP_ID_SIZE_MAX;

    if (size > 0) {
        memcpy(ret_id, id.bytes, size);
    }
    ret_id[size] = '\0';
}

static atp_load_change_t change_of(const atp_command_line_t *line, atp_qty_t before, atp_qty_t after,
                                   uint8_t scale)
{
    atp_load_change_t change = {.before = before, .after = after, .scale = scale};

    change.size =
        (double)(after > before ? after - before : before - after) / (double)atp_power_of_ten(scale);
    copy_id(change.sku, line->sku);
    copy_id(change.node, line->node);
    return change;
}

static bool is_larger(const atp_load_change_t *one, const atp_load_change_t *other)
{
    return one->size > other->size;
}

static bool is_dearer(const atp_load_change_t *one, const atp_load_change_t *other)
{
    atp_amount_t a = one->worth < 0 ? -one->worth : one->worth;
    atp_amount_t b = other->worth < 0 ? -other->worth : other->worth;

    return a > b;
}

/* Keeps the changes that go before the others, the first of them first. */
static void keep_top(atp_load_change_t top[ATP_LOAD_PLAN_TOP], uint32_t *count,
                     const atp_load_change_t *change,
                     bool (*goes_before)(const atp_load_change_t *, const atp_load_change_t *))
{
    uint32_t at = *count;

    if (at == ATP_LOAD_PLAN_TOP && !goes_before(change, &top[at - 1])) {
        return;
    }
    at = at < ATP_LOAD_PLAN_TOP ? (*count)++ : at - 1;
    for (; at > 0 && goes_before(change, &top[at - 1]); at--) {
        top[at] = top[at - 1];
    }
    top[at] = *change;
}

static void note_value(atp_load_plan_t *plan, atp_load_change_t *change, atp_value_t value)
{
    change->worth = atp_amount_of(change->after - change->before, change->scale, value);
    atp_amount_t *sum = change->worth < 0 ? &plan->value_down : &plan->value_up;
    *sum = atp_amount_add(*sum, change->worth < 0 ? -change->worth : change->worth);
    if (change->worth != 0) {
        keep_top(plan->dear, &plan->dear_count, change, is_dearer);
    }
}

static void note_count(atp_load_plan_t *plan, const atp_command_t *command, atp_qty_t before, atp_qty_t after,
                       uint8_t scale, atp_value_t value)
{
    if (after == before) {
        return;
    }
    atp_load_change_t change = change_of(&command->lines[0], before, after, scale);
    plan->counts_up += after > before;
    plan->counts_down += after < before;
    note_value(plan, &change, value);
    keep_top(plan->top, &plan->top_count, &change, is_larger);
}

static void note_negative(atp_load_plan_t *plan, const atp_command_line_t *line,
                          const atp_availability_row_t *there, atp_qty_t on_hand, atp_qty_t unavailable)
{
    atp_qty_t promised = there->reserved + there->allocated;
    atp_qty_t left = on_hand - unavailable - promised;

    if (left >= 0 || promised == 0) {
        return;
    }
    plan->negative++;
    if (plan->negative_count < ATP_LOAD_PLAN_TOP) {
        plan->negatives[plan->negative_count++] =
            change_of(line, there->on_hand - there->unavailable - promised, left, there->scale);
    }
}

bool atp_load_plan_note(atp_load_plan_t *plan, const atp_command_t *commands, uint32_t count,
                        const atp_availability_row_t *there)
{
    bool has_position = is_there(there);
    atp_qty_t on_hand = has_position ? there->on_hand : 0;
    atp_qty_t unavailable = has_position ? there->unavailable : 0;
    const atp_command_line_t *counted = NULL;
    bool is_empty = true; /* the file has nothing there */

    for (uint32_t i = 0; i < count; i++) {
        const atp_command_t *command = &commands[i];
        uint8_t scale = there->verdict == ATP_APPLIED ? there->scale : command->lines[0].decimals;
        atp_qty_t qty;
        if (command->kind != ATP_OP_COUNT && command->kind != ATP_OP_SAFETY) {
            is_empty = false;
            continue;
        }
        is_empty = is_empty && command->lines[0].mantissa == 0;
        if (!wanted(command, scale, &qty)) {
            plan->too_precise++;
        } else if (command->kind == ATP_OP_COUNT) {
            atp_qty_t *bucket = command->option == ATP_BUCKET_UNAVAILABLE ? &unavailable : &on_hand;
            note_count(plan, command, *bucket, qty, scale, there->value);
            *bucket = qty;
            counted = &command->lines[0];
        }
    }
    plan->positions_new += !has_position && !is_empty;
    plan->positions_empty += !has_position && is_empty && count > 0;
    if (counted != NULL && has_position) {
        note_negative(plan, counted, there, on_hand, unavailable);
    }
    return has_position ? count > 0 : !is_empty;
}

static double units_of(atp_qty_t qty, uint8_t scale)
{
    return (double)(qty < 0 ? -qty : qty) / (double)atp_power_of_ten(scale);
}

void atp_load_plan_compared(atp_load_plan_t *plan, atp_load_feed_t *feed, atp_command_t *count,
                            const atp_availability_row_t *there, const atp_result_t *result)
{
    atp_command_line_t *line = (atp_command_line_t *)(uintptr_t)count->lines; /* it was made for this row */
    atp_qty_t now = present(count, there);

    feed->counted++;
    feed->units_before += units_of(now, there->scale);
    if (result->verdict == ATP_UNKNOWN_SKU || result->verdict == ATP_UNKNOWN_NODE) {
        return; /* it is made first */
    }
    atp_load_feed_note_result(feed, count, result, there->value);
    if (!atp_verdict_is_success(result->verdict)) {
        plan->feed_refused++;
        feed->refused++;
        count->kind = (atp_op_kind_t)0;
        return;
    }
    feed->units_changed += units_of(result->qty, result->scale);
    feed->zeroed += count->option == ATP_BUCKET_ON_HAND && now > 0 && now + result->qty <= 0;
    line->mantissa = now + result->qty;
    line->decimals = result->scale;
}

/* ---- showing ---- */

static void print_dear(atp_out_t *out, const atp_load_change_t *changes, uint32_t count)
{
    char worth[ATP_AMOUNT_TEXT_SIZE];

    for (uint32_t i = 0; i < count; i++) {
        (void)atp_amount_format(changes[i].worth, worth);
        atp_out_row(out);
        atp_out_string(out, NULL, "SKU", changes[i].sku);
        atp_out_string(out, NULL, "NODE", changes[i].node);
        atp_out_qty(out, NULL, "NOW", changes[i].before, changes[i].scale);
        atp_out_qty(out, NULL, "THEN", changes[i].after, changes[i].scale);
        atp_out_string(out, NULL, "VALUE", worth);
    }
    atp_out_end(out);
}

static void print_changes(atp_out_t *out, const atp_load_change_t *changes, uint32_t count,
                          const char *before, const char *after)
{
    for (uint32_t i = 0; i < count; i++) {
        atp_out_row(out);
        atp_out_string(out, NULL, "SKU", changes[i].sku);
        atp_out_string(out, NULL, "NODE", changes[i].node);
        atp_out_qty(out, NULL, before, changes[i].before, changes[i].scale);
        atp_out_qty(out, NULL, after, changes[i].after, changes[i].scale);
        atp_out_qty(out, NULL, "CHANGE", changes[i].after - changes[i].before, changes[i].scale);
    }
    atp_out_end(out);
}

void atp_load_plan_print(const atp_load_plan_t *plan, atp_out_t *out)
{
    if (plan->top_count > 0) {
        (void)printf("\nLargest changes of %llu up, %llu down\n", (unsigned long long)plan->counts_up,
                     (unsigned long long)plan->counts_down);
        print_changes(out, plan->top, plan->top_count, "NOW", "THEN");
    }
    if (plan->dear_count > 0) {
        char up[ATP_AMOUNT_TEXT_SIZE];
        char down[ATP_AMOUNT_TEXT_SIZE];
        (void)atp_amount_format(plan->value_up, up);
        (void)atp_amount_format(plan->value_down, down);
        (void)printf("\nLargest changes by value, of %s up, %s down\n", up, down);
        print_dear(out, plan->dear, plan->dear_count);
    }
    if (plan->negative_count > 0) {
        (void)printf("\nPositions that would have less than is promised: %llu\n",
                     (unsigned long long)plan->negative);
        print_changes(out, plan->negatives, plan->negative_count, "FREE NOW", "FREE THEN");
    }
}

static json_t *json_changes(const atp_load_change_t *changes, uint32_t count)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < count; i++) {
        json_t *object = json_object();
        (void)json_object_set_new(object, "sku", atp_json_text(atp_text_of(changes[i].sku)));
        (void)json_object_set_new(object, "node", atp_json_text(atp_text_of(changes[i].node)));
        (void)json_object_set_new(object, "now", atp_json_qty(changes[i].before, changes[i].scale));
        (void)json_object_set_new(object, "then", atp_json_qty(changes[i].after, changes[i].scale));
        if (changes[i].worth != 0) {
            char worth[ATP_AMOUNT_TEXT_SIZE];
            (void)atp_amount_format(changes[i].worth, worth);
            (void)json_object_set_new(object, "value", json_string(worth));
        }
        (void)json_array_append_new(array, object);
    }
    return array;
}

void atp_load_plan_put_json(const atp_load_plan_t *plan, atp_out_t *out)
{
    atp_out_uint(out, "counts_up", NULL, plan->counts_up);
    atp_out_uint(out, "counts_down", NULL, plan->counts_down);
    atp_out_uint(out, "would_be_refused", NULL, plan->too_precise);
    atp_out_uint(out, "would_go_negative", NULL, plan->negative);
    atp_out_json(out, "largest", json_changes(plan->top, plan->top_count));
    char value[ATP_AMOUNT_TEXT_SIZE];
    (void)atp_amount_format(plan->value_up, value);
    atp_out_string(out, "value_up", NULL, value);
    (void)atp_amount_format(plan->value_down, value);
    atp_out_string(out, "value_down", NULL, value);
    atp_out_json(out, "largest_by_value", json_changes(plan->dear, plan->dear_count));
    atp_out_json(out, "negative", json_changes(plan->negatives, plan->negative_count));
}
