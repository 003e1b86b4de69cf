/* The deadline order of a position (reservations.h, H5): against a sorted array, under deadlines chosen to hurt. */
#include "tests/test.h"

#include "engine/ledger/reservations/reservations.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX 20000u

typedef struct order {
    atp_reservations_t reservations; /* of which only the lines are used */
    uint64_t seed;
    uint32_t last; /* as a position keeps it */
} order_t;

static void make_order(order_t *order, uint64_t seed)
{
    memset(order, 0, sizeof *order);
    order->seed = seed;
    order->reservations.seed = &order->seed;
    assert_int_equal(atp_table_init(&order->reservations.lines, "lines", 9, sizeof(atp_line_t), LINES_MAX),
                     ATP_OK);
    atp_table_append(&order->reservations.lines, LINES_MAX);
}

static void drop_order(order_t *order)
{
    atp_table_fini(&order->reservations.lines);
}

static void insert(order_t *order, uint32_t line, int64_t deadline_ms)
{
    atp_line_set_deadline_ms(atp_line_at(&order->reservations, line), deadline_ms);
    atp_lines_insert(&order->reservations, &order->last, line);
}

static uint32_t root_of(const order_t *order)
{
    uint32_t root = order->last;

    while (root != 0 && atp_line_at(&order->reservations, root - 1)->above != 0) {
        root = atp_line_at(&order->reservations, root - 1)->above;
    }
    return root;
}

static uint32_t depth_of(const order_t *order)
{
    uint32_t root = root_of(order);
    uint32_t stack[4096][2];
    uint32_t top = 0;
    uint32_t deepest = 0;

    if (root != 0) {
        stack[top][0] = root;
        stack[top++][1] = 1;
    }
    while (top > 0) {
        uint32_t at = stack[--top][0];
        uint32_t depth = stack[top][1];
        const atp_line_t *line = atp_line_at(&order->reservations, at - 1);
        deepest = depth > deepest ? depth : deepest;
        assert_true(depth < 4000);
        if (line->left != 0) {
            stack[top][0] = line->left;
            stack[top++][1] = depth + 1;
        }
        if (line->right != 0) {
            stack[top][0] = line->right;
            stack[top++][1] = depth + 1;
        }
    }
    return deepest;
}

typedef struct visits {
    const order_t *order;
    uint32_t lines[LINES_MAX];
    uint32_t count;
} visits_t;

static visits_t visits;

static void note_visit(void *context, uint32_t line)
{
    visits_t *noted = context;
    noted->lines[noted->count++] = line;
}

static uint32_t walk(const order_t *order, uint32_t limit)
{
    visits.order = order;
    visits.count = 0;
    uint32_t walked = atp_lines_walk(&order->reservations, order->last, limit, note_visit, &visits);
    assert_int_equal(walked, visits.count);
    return walked;
}

static int64_t deadline_of(const order_t *order, uint32_t line)
{
    return atp_line_deadline_ms(atp_line_at(&order->reservations, line));
}

/* By deadline, then by number; `count` of them; the first is the first. */
static void assert_in_order(const order_t *order, uint32_t count)
{
    assert_int_equal(walk(order, UINT32_MAX), count);
    for (uint32_t i = 1; i < count; i++) {
        int64_t before = deadline_of(order, visits.lines[i - 1]);
        int64_t here = deadline_of(order, visits.lines[i]);
        assert_true(before < here || (before == here && visits.lines[i - 1] < visits.lines[i]));
    }
    assert_int_equal(atp_lines_first(&order->reservations, order->last),
                     count == 0 ? 0 : visits.lines[0] + 1);
}

static void an_empty_order_has_no_first(void **state)
{
    (void)state;
    order_t order;

    make_order(&order, 1);
    assert_in_order(&order, 0);
    drop_order(&order);
}

static void lines_come_out_in_deadline_order_however_they_went_in(void **state)
{
    (void)state;
    for (unsigned shape = 0; shape < 5; shape++) {
        order_t order;
        uint64_t seed = shape;
        make_order(&order, 0xabcdef);
        for (uint32_t i = 0; i < 3000; i++) {
            int64_t deadline_ms = shape == 0   ? i
                                  : shape == 1 ? 3000 - i
                                  : shape == 2 ? 7 /* all the same */
                                  : shape == 3 ? (i % 2 == 0 ? ATP_NEVER_MS : 5)
                                               : (int64_t)(test_random(&seed) % 500);
            insert(&order, i, deadline_ms);
        }
        assert_in_order(&order, 3000);
        assert_true(depth_of(&order) < 60);
        drop_order(&order);
    }
}

static void random_inserts_and_removes_agree_with_a_list(void **state)
{
    (void)state;
    enum { LINES = 300, OPS = 30000 };
    static bool is_in[LINES];
    order_t order;
    uint64_t seed = 0x0bde;
    uint32_t count = 0;

    memset(is_in, 0, sizeof is_in);
    make_order(&order, 0x1234567890);
    for (unsigned i = 0; i < OPS; i++) {
        uint32_t line = (uint32_t)(test_random(&seed) % LINES);
        if (is_in[line]) {
            atp_lines_remove(&order.reservations, &order.last, line);
            count--;
        } else {
            insert(&order, line, (int64_t)(test_random(&seed) % 40));
            count++;
        }
        is_in[line] = !is_in[line];
        uint32_t first = 0;
        uint32_t last = 0;
        for (uint32_t j = 0; j < LINES; j++) {
            if (is_in[j] && (first == 0 || deadline_of(&order, j) < deadline_of(&order, first - 1))) {
                first = j + 1;
            }
            if (is_in[j] && (last == 0 || deadline_of(&order, j) >= deadline_of(&order, last - 1))) {
                last = j + 1;
            }
        }
        assert_int_equal(order.last, last);
        assert_int_equal(atp_lines_first(&order.reservations, order.last), first);
        if (i % 100 == 0) {
            assert_in_order(&order, count);
        }
    }
    drop_order(&order);
}

static void the_shape_does_not_depend_on_how_the_lines_came(void **state)
{
    (void)state;
    order_t forward;
    order_t backward;

    make_order(&forward, 77);
    make_order(&backward, 77);
    for (uint32_t i = 0; i < 500; i++) {
        insert(&forward, i, (int64_t)(i * 37 % 101));
        insert(&backward, 499 - i, (int64_t)((499 - i) * 37 % 101));
    }
    for (uint32_t i = 500; i < 600; i++) { /* come and gone again */
        insert(&forward, i, 50);
    }
    for (uint32_t i = 500; i < 600; i++) {
        atp_lines_remove(&forward.reservations, &forward.last, i);
    }
    assert_int_equal(root_of(&forward), root_of(&backward));
    for (uint32_t i = 0; i < 500; i++) {
        assert_int_equal(atp_line_at(&forward.reservations, i)->left,
                         atp_line_at(&backward.reservations, i)->left);
        assert_int_equal(atp_line_at(&forward.reservations, i)->right,
                         atp_line_at(&backward.reservations, i)->right);
    }
    drop_order(&forward);
    drop_order(&backward);
}

/* The story: priorities were a public hash of the line's number, so a client could choose deadlines in the order of
 * the priorities and make the tree a list. It does not know the seed. */
static void deadlines_chosen_by_the_known_part_of_the_priority_make_no_list(void **state)
{
    (void)state;
    order_t order;

    make_order(&order, UINT64_C(0x8badf00d5eed5eed));
    for (uint32_t i = 0; i < LINES_MAX; i++) {
        insert(&order, i, (int64_t)atp_mix32(i + 1));
    }
    assert_true(depth_of(&order) < 80);
    drop_order(&order);
    make_order(&order, UINT64_C(0x8badf00d5eed5eed));
    for (uint32_t i = 0; i < LINES_MAX; i++) {
        insert(&order, i, (int64_t)atp_mix32(atp_mix32(i))); /* as if the seed were 0 */
    }
    assert_true(depth_of(&order) < 80);
    drop_order(&order);
}

static void a_walk_stops_at_its_limit(void **state)
{
    (void)state;
    order_t order;

    make_order(&order, 3);
    for (uint32_t i = 0; i < 100; i++) {
        insert(&order, i, i / 10);
    }
    assert_int_equal(walk(&order, 0), 0);
    assert_int_equal(walk(&order, 7), 7);
    for (uint32_t i = 0; i < 7; i++) {
        assert_int_equal(visits.lines[i], i);
    }
    drop_order(&order);
}

static void entering_twice_and_leaving_twice_are_bugs(void **state)
{
    (void)state;
    order_t order;

    make_order(&order, 3);
    insert(&order, 1, 5);
    assert_aborts(insert(&order, 1, 5));
    atp_lines_remove(&order.reservations, &order.last, 1);
    assert_aborts(atp_lines_remove(&order.reservations, &order.last, 1));
    drop_order(&order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_order_has_no_first),
        cmocka_unit_test(lines_come_out_in_deadline_order_however_they_went_in),
        cmocka_unit_test(random_inserts_and_removes_agree_with_a_list),
        cmocka_unit_test(the_shape_does_not_depend_on_how_the_lines_came),
        cmocka_unit_test(deadlines_chosen_by_the_known_part_of_the_priority_make_no_list),
        cmocka_unit_test(a_walk_stops_at_its_limit),
        cmocka_unit_test(entering_twice_and_leaving_twice_are_bugs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
