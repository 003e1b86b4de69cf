/* The simulated disk keeps its word: what tests on it prove is worth as much as this. */
#include "tests/test.h"

#include "tests/sim/sim_disk.h"

#include <stdlib.h>
#include <string.h>

#define SECTORS 8
#define SIZE    (SECTORS * SIM_SECTOR_SIZE)

static atp_file_t *must_open(sim_disk_t *disk, const char *path)
{
    atp_storage_t *storage = sim_disk_storage(disk);
    atp_file_t *file = NULL;

    assert_int_equal(storage->make_folder(storage, "d"), ATP_OK);
    assert_int_equal(storage->open(storage, path, true, &file), ATP_OK);
    return file;
}

static void write_filled(sim_disk_t *disk, atp_file_t *file, uint64_t at, size_t size, int byte)
{
    unsigned char bytes[2 * SIZE];

    memset(bytes, byte, sizeof bytes);
    assert_int_equal(sim_disk_storage(disk)->write_at(sim_disk_storage(disk), file, at, bytes, size), ATP_OK);
}

static atp_err_t sync_file(sim_disk_t *disk, atp_file_t *file)
{
    return sim_disk_storage(disk)->sync_data(sim_disk_storage(disk), file);
}

static void close_file(sim_disk_t *disk, atp_file_t *file)
{
    sim_disk_storage(disk)->close(sim_disk_storage(disk), file);
}

/* A durable file "d/f" of SIZE bytes, all 'a'; open. */
static atp_file_t *make_durable(sim_disk_t *disk)
{
    atp_file_t *file = must_open(disk, "d/f");

    write_filled(disk, file, 0, SIZE, 'a');
    assert_int_equal(sync_file(disk, file), ATP_OK);
    assert_int_equal(sim_disk_storage(disk)->sync_folder(sim_disk_storage(disk), "d"), ATP_OK);
    return file;
}

static void what_was_not_synced_is_lost_or_kept_as_told(void **state)
{
    (void)state;
    for (int keep = 0; keep < 2; keep++) {
        sim_disk_t *disk = sim_disk_create(1, 0);
        atp_file_t *file = make_durable(disk);
        write_filled(disk, file, 100, 10, 'b');
        assert_int_equal(sim_disk_bytes(disk, "d/f")[100], 'b');
        sim_disk_crash(disk, keep ? SIM_CRASH_KEEP : SIM_CRASH_LOSE);
        assert_int_equal(sim_disk_bytes(disk, "d/f")[100], keep ? 'b' : 'a');
        assert_int_equal(sim_disk_bytes(disk, "d/f")[99], 'a');
        close_file(disk, file);
        sim_disk_destroy(disk);
    }
}

static void a_crash_may_leave_any_state_of_any_sector_but_no_half_sector(void **state)
{
    unsigned seen[SECTORS][3] = {{0}};
    unsigned reordered = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        sim_disk_t *disk = sim_disk_create(seed, 0);
        atp_file_t *file = make_durable(disk);
        write_filled(disk, file, 0, SIZE, 'b');
        write_filled(disk, file, 0, SIZE, 'c');
        sim_disk_crash(disk, SIM_CRASH_CHANCE);
        const unsigned char *bytes = sim_disk_bytes(disk, "d/f");
        for (int i = 0; i < SECTORS; i++) {
            unsigned char byte = bytes[i * SIM_SECTOR_SIZE];
            assert_in_range(byte, 'a', 'c');
            seen[i][byte - 'a']++;
            for (int j = 1; j < SIM_SECTOR_SIZE; j++) {
                assert_int_equal(bytes[i * SIM_SECTOR_SIZE + j], byte);
            }
        }
        reordered += bytes[0] == 'a' && bytes[SIZE - 1] == 'c';
        close_file(disk, file);
        sim_disk_destroy(disk);
    }
    for (int i = 0; i < SECTORS; i++) {
        assert_true(seen[i][0] > 40 && seen[i][1] > 40 && seen[i][2] > 40);
    }
    assert_true(reordered > 10);
}

static void what_was_synced_survives_every_crash(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        sim_disk_t *disk = sim_disk_create(seed, 0);
        atp_file_t *file = make_durable(disk);
        write_filled(disk, file, 700, 900, 'b');
        assert_int_equal(sync_file(disk, file), ATP_OK);
        write_filled(disk, file, 2 * SIM_SECTOR_SIZE * 2, 10, 'x'); /* another sector */
        sim_disk_crash(disk, SIM_CRASH_CHANCE);
        assert_int_equal(sim_disk_bytes(disk, "d/f")[699], 'a');
        assert_int_equal(sim_disk_bytes(disk, "d/f")[700], 'b');
        assert_int_equal(sim_disk_bytes(disk, "d/f")[1599], 'b');
        close_file(disk, file);
        sim_disk_destroy(disk);
    }
}

static void a_file_that_grew_may_come_back_with_any_size_between(void **state)
{
    unsigned between = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        sim_disk_t *disk = sim_disk_create(seed, 0);
        atp_file_t *file = make_durable(disk);
        write_filled(disk, file, SIZE, SIZE, 'b');
        sim_disk_crash(disk, SIM_CRASH_CHANCE);
        uint64_t size = sim_disk_file_size(disk, "d/f");
        assert_in_range(size, SIZE, 2 * SIZE);
        between += size > SIZE && size < 2 * SIZE;
        for (uint64_t at = SIZE; at < size; at++) {
            assert_true(sim_disk_bytes(disk, "d/f")[at] == 'b' || sim_disk_bytes(disk, "d/f")[at] == 0);
        }
        close_file(disk, file);
        sim_disk_destroy(disk);
    }
    assert_true(between > 20);
}

static void names_are_lost_until_the_folder_is_synced(void **state)
{
    (void)state;
    sim_disk_t *disk = sim_disk_create(3, 0);
    atp_storage_t *storage = sim_disk_storage(disk);
    atp_file_t *file = must_open(disk, "d/new");

    write_filled(disk, file, 0, 10, 'a');
    assert_int_equal(sync_file(disk, file), ATP_OK);
    close_file(disk, file);
    sim_disk_t *copy = sim_disk_clone(disk, 1);
    sim_disk_crash(copy, SIM_CRASH_LOSE);
    assert_false(sim_disk_exists(copy, "d/new")); /* synced, but without a name */
    sim_disk_destroy(copy);
    assert_int_equal(storage->sync_folder(storage, "d"), ATP_OK);
    sim_disk_crash(disk, SIM_CRASH_LOSE);
    assert_true(sim_disk_exists(disk, "d/new"));
    assert_int_equal(storage->rename(storage, "d/new", "d/other"), ATP_OK);
    sim_disk_crash(disk, SIM_CRASH_LOSE);
    assert_true(sim_disk_exists(disk, "d/new"));
    assert_int_equal(storage->remove(storage, "d/new"), ATP_OK);
    assert_false(sim_disk_exists(disk, "d/new"));
    sim_disk_crash(disk, SIM_CRASH_LOSE);
    assert_true(sim_disk_exists(disk, "d/new"));
    assert_int_equal(sim_disk_file_size(disk, "d/new"), 10);
    sim_disk_destroy(disk);
}

static void a_rename_happens_whole_and_removals_in_any_order(void **state)
{
    unsigned only_second = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        sim_disk_t *disk = sim_disk_create(seed, 0);
        atp_storage_t *storage = sim_disk_storage(disk);
        sim_disk_put(disk, "d/1", "1", 1);
        sim_disk_put(disk, "d/2", "2", 1);
        sim_disk_put(disk, "d/3", "3", 1);
        assert_int_equal(storage->remove(storage, "d/1"), ATP_OK);
        assert_int_equal(storage->remove(storage, "d/2"), ATP_OK);
        assert_int_equal(storage->rename(storage, "d/3", "d/4"), ATP_OK);
        sim_disk_crash(disk, SIM_CRASH_CHANCE);
        assert_int_equal(sim_disk_exists(disk, "d/3") + sim_disk_exists(disk, "d/4"), 1);
        only_second += sim_disk_exists(disk, "d/1") && !sim_disk_exists(disk, "d/2");
        sim_disk_destroy(disk);
    }
    assert_true(only_second > 10);
}

static void a_failed_sync_shows_data_that_no_later_sync_brings_to_the_disk(void **state)
{
    unsigned lost = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        sim_disk_t *disk = sim_disk_create(seed, 0);
        atp_file_t *file = make_durable(disk);
        write_filled(disk, file, 0, SIM_SECTOR_SIZE, 'b');
        sim_disk_fail(disk, 1, SIM_FAIL_ONCE, SIM_OP_BIT(SIM_OP_SYNC_DATA), ATP_ERR_IO);
        assert_int_equal(sync_file(disk, file), ATP_ERR_IO);
        assert_int_equal(sync_file(disk, file), ATP_OK);
        assert_int_equal(sim_disk_bytes(disk, "d/f")[0], 'b');
        sim_disk_t *copy = sim_disk_clone(disk, seed);
        sim_disk_crash(copy, SIM_CRASH_KEEP);
        lost += sim_disk_bytes(copy, "d/f")[0] == 'a';
        sim_disk_destroy(copy);
        write_filled(disk, file, 0, 1, 'b'); /* written again, the whole sector goes */
        assert_int_equal(sync_file(disk, file), ATP_OK);
        sim_disk_crash(disk, SIM_CRASH_LOSE);
        assert_int_equal(sim_disk_bytes(disk, "d/f")[SIM_SECTOR_SIZE - 1], 'b');
        close_file(disk, file);
        sim_disk_destroy(disk);
    }
    assert_true(lost > 10 && lost < 40);
}

static void a_failed_write_may_have_changed_any_sector_of_the_range(void **state)
{
    unsigned changed = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        sim_disk_t *disk = sim_disk_create(seed, 0);
        atp_storage_t *storage = sim_disk_storage(disk);
        atp_file_t *file = make_durable(disk);
        unsigned char bytes[SIZE];
        memset(bytes, 'b', sizeof bytes);
        sim_disk_fail(disk, 1, SIM_FAIL_ONCE, SIM_OP_BIT(SIM_OP_WRITE), ATP_ERR_IO);
        assert_int_equal(storage->write_at(storage, file, SIM_SECTOR_SIZE, bytes, 2 * SIM_SECTOR_SIZE),
                         ATP_ERR_IO);
        assert_int_equal(sim_disk_bytes(disk, "d/f")[0], 'a');
        assert_int_equal(sim_disk_bytes(disk, "d/f")[3 * SIM_SECTOR_SIZE], 'a');
        changed += sim_disk_bytes(disk, "d/f")[SIM_SECTOR_SIZE] == 'b';
        close_file(disk, file);
        sim_disk_destroy(disk);
    }
    assert_in_range(changed, 10, 40);
}

static void faults_strike_when_told_and_only_those_told(void **state)
{
    sim_disk_t *disk = sim_disk_create(4, 0);
    atp_storage_t *storage = sim_disk_storage(disk);
    atp_file_t *file = make_durable(disk);
    uint64_t size = 0;

    (void)state;
    sim_disk_fail(disk, 2, SIM_FAIL_ONCE, SIM_OP_BIT(SIM_OP_SIZE), ATP_ERR_IO);
    assert_int_equal(storage->size(storage, file, &size), ATP_OK);
    assert_int_equal(sync_file(disk, file), ATP_OK);
    assert_false(sim_disk_has_failed(disk));
    assert_int_equal(storage->size(storage, file, &size), ATP_ERR_IO);
    assert_true(sim_disk_has_failed(disk));
    assert_int_equal(storage->size(storage, file, &size), ATP_OK);
    sim_disk_fail(disk, 1, SIM_FAIL_FROM_THEN_ON, SIM_OPS_ALL, ATP_ERR_NO_SPACE);
    assert_int_equal(storage->size(storage, file, &size), ATP_ERR_NO_SPACE);
    assert_int_equal(storage->sync_folder(storage, "d"), ATP_ERR_NO_SPACE);
    assert_int_equal(storage->free_size(storage, &size), ATP_ERR_NO_SPACE);
    sim_disk_heal(disk);
    assert_int_equal(storage->size(storage, file, &size), ATP_OK);
    close_file(disk, file);
    sim_disk_destroy(disk);
}

static void a_handle_from_before_a_crash_is_dead_and_can_be_closed(void **state)
{
    sim_disk_t *disk = sim_disk_create(5, 0);
    atp_storage_t *storage = sim_disk_storage(disk);
    atp_file_t *file = make_durable(disk);
    size_t got = 0;
    char byte;

    (void)state;
    sim_disk_crash(disk, SIM_CRASH_KEEP);
    assert_int_equal(storage->read_at(storage, file, 0, &byte, 1, &got), ATP_ERR_IO);
    assert_int_equal(storage->write_at(storage, file, 0, "x", 1), ATP_ERR_IO);
    assert_int_equal(sync_file(disk, file), ATP_ERR_IO);
    assert_int_equal(sim_disk_bytes(disk, "d/f")[0], 'a');
    close_file(disk, file);
    sim_disk_destroy(disk);
}

static void count_operation(void *context, sim_disk_t *disk, sim_op_t op, const char *path)
{
    unsigned *counts = context;

    assert_non_null(disk);
    assert_non_null(path);
    counts[op]++;
}

static void crash_at_once(void *context, sim_disk_t *disk, sim_op_t op, const char *path)
{
    (void)context;
    (void)path;
    if (op == SIM_OP_SYNC_DATA) {
        sim_disk_crash(disk, SIM_CRASH_LOSE);
    }
}

static void the_hook_sees_each_operation_and_may_crash_the_machine(void **state)
{
    sim_disk_t *disk = sim_disk_create(6, 0);
    unsigned counts[SIM_OP_COUNT] = {0};
    sim_disk_stats_t stats;

    (void)state;
    sim_disk_set_hook(disk, count_operation, counts);
    atp_file_t *file = make_durable(disk);
    sim_disk_stats(disk, &stats);
    for (int op = 0; op < SIM_OP_COUNT; op++) {
        assert_int_equal(counts[op], stats.by_op[op]);
    }
    assert_int_equal(counts[SIM_OP_WRITE], 1);
    write_filled(disk, file, 0, 1, 'b');
    sim_disk_set_hook(disk, crash_at_once, NULL);
    assert_int_equal(sync_file(disk, file), ATP_ERR_IO);
    assert_int_equal(sim_disk_bytes(disk, "d/f")[0], 'a');
    close_file(disk, file);
    sim_disk_destroy(disk);
}

static void the_same_seed_gives_the_same_disk(void **state)
{
    sim_disk_t *disks[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        disks[i] = sim_disk_create(7, 0);
        atp_file_t *file = make_durable(disks[i]);
        write_filled(disks[i], file, 0, SIZE, 'b');
        sim_disk_crash(disks[i], SIM_CRASH_CHANCE);
        close_file(disks[i], file);
    }
    assert_memory_equal(sim_disk_bytes(disks[0], "d/f"), sim_disk_bytes(disks[1], "d/f"), SIZE);
    sim_disk_destroy(disks[0]);
    sim_disk_destroy(disks[1]);
}

static void a_clone_goes_its_own_way(void **state)
{
    sim_disk_t *disk = sim_disk_create(8, 0);
    atp_file_t *file = make_durable(disk);

    (void)state;
    write_filled(disk, file, 0, 1, 'b'); /* pending in both */
    sim_disk_t *copy = sim_disk_clone(disk, 1);
    sim_disk_flip(copy, "d/f", 5, 'a' ^ 'z');
    sim_disk_truncate(copy, "d/f", 6);
    assert_int_equal(sim_disk_bytes(disk, "d/f")[5], 'a');
    assert_int_equal(sim_disk_file_size(disk, "d/f"), SIZE);
    close_file(disk, file);
    sim_disk_destroy(disk);
    assert_int_equal(sim_disk_bytes(copy, "d/f")[5], 'z');
    sim_disk_remove(copy, "d/f");
    assert_false(sim_disk_exists(copy, "d/f"));
    sim_disk_destroy(copy);
}

static void the_capacity_bounds_the_sum_of_file_sizes(void **state)
{
    sim_disk_t *disk = sim_disk_create(9, 1000);
    atp_storage_t *storage = sim_disk_storage(disk);
    atp_file_t *file = must_open(disk, "d/f");
    uint64_t size = 0;

    (void)state;
    write_filled(disk, file, 0, 600, 'a');
    assert_int_equal(storage->free_size(storage, &size), ATP_OK);
    assert_int_equal(size, 400);
    assert_int_equal(storage->write_at(storage, file, 600, "xxxxxxxxxx", 10), ATP_OK);
    unsigned char more[400] = {0};
    assert_int_equal(storage->write_at(storage, file, 610, more, sizeof more), ATP_ERR_NO_SPACE);
    assert_int_equal(sim_disk_file_size(disk, "d/f"), 610);
    assert_int_equal(storage->write_at(storage, file, 0, more, sizeof more), ATP_OK); /* over what is there */
    assert_int_equal(storage->remove(storage, "d/f"), ATP_OK);
    close_file(disk, file);
    assert_int_equal(storage->sync_folder(storage, "d"), ATP_OK);
    assert_int_equal(storage->free_size(storage, &size), ATP_OK);
    assert_int_equal(size, 1000);
    sim_disk_destroy(disk);
}

static void a_forgotten_handle_is_a_bug(void **state)
{
    sim_disk_t *disk = sim_disk_create(10, 0);
    atp_file_t *file = make_durable(disk);
    sim_disk_stats_t stats;

    (void)state;
    sim_disk_stats(disk, &stats);
    assert_int_equal(stats.open_handles, 1);
    assert_aborts(sim_disk_destroy(disk));
    close_file(disk, file);
    sim_disk_destroy(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_synced_is_lost_or_kept_as_told),
        cmocka_unit_test(a_crash_may_leave_any_state_of_any_sector_but_no_half_sector),
        cmocka_unit_test(what_was_synced_survives_every_crash),
        cmocka_unit_test(a_file_that_grew_may_come_back_with_any_size_between),
        cmocka_unit_test(names_are_lost_until_the_folder_is_synced),
        cmocka_unit_test(a_rename_happens_whole_and_removals_in_any_order),
        cmocka_unit_test(a_failed_sync_shows_data_that_no_later_sync_brings_to_the_disk),
        cmocka_unit_test(a_failed_write_may_have_changed_any_sector_of_the_range),
        cmocka_unit_test(faults_strike_when_told_and_only_those_told),
        cmocka_unit_test(a_handle_from_before_a_crash_is_dead_and_can_be_closed),
        cmocka_unit_test(the_hook_sees_each_operation_and_may_crash_the_machine),
        cmocka_unit_test(the_same_seed_gives_the_same_disk),
        cmocka_unit_test(a_clone_goes_its_own_way),
        cmocka_unit_test(the_capacity_bounds_the_sum_of_file_sizes),
        cmocka_unit_test(a_forgotten_handle_is_a_bug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
