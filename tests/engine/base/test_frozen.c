/* The numbers that are on the wire and in the journal, with their names: a golden list, written down a second
 * time on purpose. A change here breaks every client and every journal there is; a line may only be added. */
#include "engine/base/command.h"
#include "engine/base/verdict.h"
#include "tests/test.h"

#include <string.h>

#define PAST_THE_END 300 /* numbers are asked for up to here */

typedef struct named {
    unsigned number;
    const char *name;
} named_t;

/* clang-format off */
static const named_t verdicts[] = {
    {0, "applied"},
    {1, "applied_in_part"},
    {2, "confirmed"},
    {3, "duplicate_ignored"},
    {4, "applied_beyond"},
    {7, "sku_in_use"},
    {8, "merge_too_large"},
    {10, "malformed"},
    {11, "unsupported_version"},
    {12, "unknown_kind"},
    {13, "message_too_large"},
    {14, "too_many_ops"},
    {15, "unauthorised"},
    {16, "busy"},
    {17, "unavailable"},
    {18, "out_of_order"},
    {20, "id_missing"},
    {21, "id_invalid"},
    {22, "text_invalid"},
    {23, "issued_before_floor"},
    {24, "issued_in_future"},
    {25, "conflict"},
    {26, "too_many_ids"},
    {27, "unknown_owner"},
    {30, "qty_malformed"},
    {31, "qty_must_be_positive"},
    {32, "qty_must_not_be_negative"},
    {33, "qty_out_of_range"},
    {34, "qty_too_precise"},
    {35, "ttl_out_of_range"},
    {36, "scale_out_of_range"},
    {37, "lines_missing"},
    {38, "too_many_lines"},
    {39, "option_unknown"},
    {40, "sequence_invalid"},
    {41, "too_many_attributes"},
    {42, "attribute_not_taken"},
    {43, "attribute_out_of_range"},
    {44, "attribute_missing"},
    {45, "below_minimum"},
    {46, "not_in_increments"},
    {47, "kit_too_large"},
    {50, "unknown_sku"},
    {51, "unknown_node"},
    {52, "unknown_channel"},
    {53, "unknown_reservation"},
    {54, "unknown_line"},
    {55, "unknown_id"},
    {56, "unknown_group"},
    {57, "channel_not_open"},
    {58, "kit_cycle"},
    {59, "unknown_supply"},
    {60, "scale_in_use"},
    {61, "node_not_open"},
    {62, "not_enough_available"},
    {63, "above_maximum"},
    {64, "not_for_sale"},
    {65, "split_not_allowed"},
    {66, "archived"},
    {67, "unknown_rule"},
    {68, "rule_invalid"},
    {69, "rule_in_use"},
    {70, "already_allocated"},
    {71, "already_shipped"},
    {72, "already_released"},
    {73, "already_cancelled"},
    {74, "already_expired"},
    {75, "not_allocated"},
    {76, "not_that_many"},
    {77, "not_shipped"},
    {78, "version_differs"},
    {79, "above_cap"},
    {80, "already_picked"},
    {81, "already_packed"},
    {82, "already_delivered"},
    {83, "already_returned"},
    {84, "already_reconciled"},
    {85, "supply_ended"},
    {86, "supply_elsewhere"},
    {87, "node_at_capacity"},
    {88, "not_ready_in_time"},
    {89, "time_zone_invalid"},
    {90, "skus_full"},
    {91, "nodes_full"},
    {92, "channels_full"},
    {93, "clients_full"},
    {94, "sources_full"},
    {95, "positions_full"},
    {96, "reservations_full"},
    {97, "strings_full"},
    {98, "groups_full"},
    {99, "limits_full"},
    {100, "progress_full"},
    {101, "already_short"},
    {102, "accounts_full"},
    {103, "tags_full"},
    {104, "rules_full"},
    {105, "quotas_full"},
    {106, "kits_full"},
    {107, "components_full"},
    {108, "supplies_full"},
    {109, "pegs_full"},
    {110, "postings_full"},
    {111, "bookings_full"},
    {112, "authority_taken"},
    {113, "source_paused"},
    {114, "outside_authority"},
    {115, "alias_conflict"},
    {116, "unit_unknown"},
    {117, "parked"},
    {118, "subscribers_full"},
    {119, "unknown_exception"},
    {120, "already_settled"},
    {121, "no_fact_kept"},
    {122, "unknown_feed"},
    {123, "feed_undecided"},
    {124, "feed_stale"},
    {125, "unknown_posting"},
    {126, "unknown_subscriber"},
    {127, "unknown_source"},
};

static const named_t op_kinds[] = {
    {1, "genesis"},
    {2, "configure"},
    {3, "pulse"},
    {4, "settle"},
    {5, "client"},
    {6, "source"},
    {7, "quarantine"},
    {16, "sku"},
    {17, "node"},
    {18, "channel"},
    {19, "safety"},
    {20, "group"},
    {21, "limit"},
    {22, "rule"},
    {23, "quota"},
    {24, "kit"},
    {25, "supply"},
    {26, "transfer"},
    {27, "transfer_ship"},
    {28, "transfer_receive"},
    {29, "transfer_cancel"},
    {32, "reserve"},
    {33, "extend"},
    {34, "allocate"},
    {35, "release"},
    {36, "cancel"},
    {37, "ship"},
    {38, "pick"},
    {39, "pack"},
    {40, "deliver"},
    {41, "return"},
    {42, "reconcile"},
    {43, "short"},
    {44, "reassign"},
    {45, "feed"},
    {46, "edit"},
    {48, "receive"},
    {49, "sale"},
    {50, "adjust"},
    {51, "count"},
    {52, "receive_supply"},
    {55, "dispose"},
    {56, "register_source"},
    {57, "alias"},
    {58, "merge_sku"},
    {59, "unit"},
    {60, "settle_exception"},
    {61, "subscriber"},
    {62, "subscriber_position"},
    {63, "exception_owner"},
};

static const named_t fields[] = {
    {0, "none"},
    {1, "kind"},
    {2, "id"},
    {3, "issued"},
    {4, "reservation"},
    {5, "channel"},
    {6, "owner"},
    {7, "ttl"},
    {8, "option"},
    {9, "sku"},
    {10, "node"},
    {11, "qty"},
    {12, "lines"},
    {13, "name"},
    {14, "source"},
    {15, "epoch"},
    {16, "sequence"},
    {17, "client"},
    {18, "token"},
    {19, "correlation"},
    {20, "subject"},
    {21, "attribute"},
};

static const named_t node_states[] = {
    {0, "open"},
    {1, "paused"},
    {2, "draining"},
    {3, "closed"},
};

static const named_t reasons[] = {
    {0, "none"},
    {1, "correction"},
    {2, "damage"},
    {3, "loss"},
    {4, "found"},
    {5, "return"},
    {6, "cycle_count"},
};
/* clang-format on */

/* The table under test has exactly the golden names, and none at any other number. */
static void check_table(const char *(*name_of)(unsigned), const named_t *golden, size_t count)
{
    size_t next = 0;

    for (unsigned number = 0; number < PAST_THE_END; number++) {
        const char *name = name_of(number);
        if (next < count && golden[next].number == number) {
            assert_non_null(name);
            assert_string_equal(name, golden[next].name);
            next++;
        } else if (name != NULL) {
            fail_msg("%u is \"%s\", which is not in the golden list: add it there", number, name);
        }
    }
    assert_int_equal(next, count);
    assert_null(name_of((unsigned)-1));
}

#define CHECK_TABLE(name_of, golden) check_table(name_of, golden, sizeof(golden) / sizeof((golden)[0]))

static void verdict_numbers_are_frozen(void **state)
{
    (void)state;
    CHECK_TABLE(atp_verdict_name, verdicts);
}

static void op_kind_numbers_are_frozen(void **state)
{
    (void)state;
    CHECK_TABLE(atp_op_kind_name, op_kinds);
}

static void field_numbers_are_frozen(void **state)
{
    (void)state;
    CHECK_TABLE(atp_field_name, fields);
}

static void node_state_numbers_are_frozen(void **state)
{
    (void)state;
    CHECK_TABLE(atp_node_state_name, node_states);
}

static void reason_numbers_are_frozen(void **state)
{
    (void)state;
    CHECK_TABLE(atp_reason_name, reasons);
}

static void numbers_without_a_name_are_frozen_too(void **state)
{
    (void)state;
    assert_int_equal(ATP_RESERVE_ALL_OR_NOTHING, 0);
    assert_int_equal(ATP_RESERVE_PARTIAL, 1);
    assert_int_equal(ATP_BUCKET_ON_HAND, 0);
    assert_int_equal(ATP_BUCKET_UNAVAILABLE, 1);
    assert_int_equal(ATP_FIRST_CLIENT_KIND, 16);
    assert_int_equal(ATP_OPS_PER_MESSAGE_MAX, 8192);
    assert_int_equal(ATP_LINES_PER_OP_MAX, 1024);
}

static void every_verdict_has_a_sentence_and_only_verdicts_have(void **state)
{
    (void)state;

    for (unsigned number = 0; number < PAST_THE_END; number++) {
        const char *sentence = atp_verdict_sentence(number);
        assert_int_equal(sentence == NULL, atp_verdict_name(number) == NULL);
        assert_true(sentence == NULL || strlen(sentence) > 3);
    }
}

static void names_are_never_shared(void **state)
{
    size_t count = sizeof verdicts / sizeof verdicts[0];
    (void)state;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(verdicts[i].name, verdicts[j].name);
        }
    }
}

static void only_the_first_five_verdicts_are_success(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        assert_int_equal(atp_verdict_is_success((atp_verdict_t)verdicts[i].number), i < 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict_numbers_are_frozen),
        cmocka_unit_test(op_kind_numbers_are_frozen),
        cmocka_unit_test(field_numbers_are_frozen),
        cmocka_unit_test(node_state_numbers_are_frozen),
        cmocka_unit_test(reason_numbers_are_frozen),
        cmocka_unit_test(numbers_without_a_name_are_frozen_too),
        cmocka_unit_test(every_verdict_has_a_sentence_and_only_verdicts_have),
        cmocka_unit_test(names_are_never_shared),
        cmocka_unit_test(only_the_first_five_verdicts_are_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
