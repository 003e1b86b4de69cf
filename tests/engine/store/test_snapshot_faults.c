/* A snapshot that is cut short or fails at each of its disk operations, one after the other. */
#include "tests/engine/store/test_snapshot.h"
#include "tests/engine/store/test_snapshot_disk.h"

#include <sys/mount.h>

#define CAPACITY       60
#define CALLS_MAX      2000
#define POWER_CUT_RUNS 4

/* The states of op 1 and 2 (on disk before) and 3 (being written when it happens). */
typedef struct scene {
    char folder[64];
    char left[64];
    stock_t stock;
    uint64_t hashes[6]; /* by op */
} scene_t;

static scene_t scene;

/* The pieces are in several transactions. */
static atp_snapshots_t *open_small(const char *folder)
{
    atp_snapshot_options_t options = {
        .folder = folder, .map_size = 64 << 20, .pool_pieces = 256, .bytes_per_transaction = 32 << 10};
    atp_snapshots_t *snapshots = NULL;
    atp_why_t why = {""};

    if (atp_snapshots_open(&options, &snapshots, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    return snapshots;
}

/* Records are changed between pieces and at the end, so that each op has its own state. */
static atp_snapshot_step_t take(atp_snapshots_t *snapshots, uint64_t op, atp_why_t *ret_why)
{
    stock_change(&scene.stock, 20);
    scene.hashes[op] = stock_hash(&scene.stock);
    return stock_snapshot(&scene.stock, snapshots, op, 1, ret_why);
}

static void set_scene(uint64_t ops_before)
{
    atp_why_t why;

    memset(&scene, 0, sizeof scene);
    make_temporary_folder(scene.folder);
    make_temporary_folder(scene.left);
    stock_make(&scene.stock, CAPACITY, 5);
    stock_fill(&scene.stock, 40);
    atp_snapshots_t *snapshots = open_small(scene.folder);
    for (uint64_t op = 1; op <= ops_before; op++) {
        assert_int_equal(take(snapshots, op, &why), ATP_SNAPSHOT_COMPLETED);
    }
    atp_snapshots_close(snapshots);
}

static void clear_scene(void)
{
    stock_free(&scene.stock);
    remove_folder(scene.folder);
    remove_folder(scene.left);
}

/* Neither generation is damaged: each is whole, or known to be none. */
static void assert_no_damage(const char *folder)
{
    atp_snapshot_options_t options = {.folder = folder, .read_only = true};
    atp_snapshots_t *snapshots = NULL;
    atp_snapshot_meta_t metas[2];
    atp_why_t why;

    assert_int_equal(atp_snapshots_open(&options, &snapshots, &why), ATP_OK);
    if (atp_snapshots_verify(snapshots, metas, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    atp_snapshots_close(snapshots);
}

/* What is in `folder` must be the state of `before`, or that of op 3. Returns its op. */
static uint64_t assert_whole(const char *folder, uint64_t before, uint64_t hash_3)
{
    atp_snapshot_meta_t meta = {0};
    atp_why_t why;
    uint64_t hash;
    atp_err_t err = load_into_fresh(folder, CAPACITY, &hash, &meta, &why);

    assert_string_equal(err == ATP_OK ? why.text : "", "");
    if (before == 0 && err == ATP_ERR_NOT_FOUND) {
        return 0;
    }
    if (err != ATP_OK) {
        fail_msg("%s: %s", atp_err_name(err), why.text);
    }
    assert_true(meta.op == before || meta.op == 3);
    assert_int_equal(hash, meta.op == 3 ? hash_3 : scene.hashes[before]);
    return meta.op;
}

static void assert_next_succeeds(const char *folder)
{
    atp_snapshots_t *snapshots = open_small(folder);
    atp_snapshot_meta_t meta;
    atp_why_t why = {""};
    uint64_t hash;

    if (take(snapshots, 5, &why) != ATP_SNAPSHOT_COMPLETED) {
        fail_msg("%s", why.text);
    }
    atp_snapshots_close(snapshots);
    assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &meta, &why), ATP_OK);
    assert_int_equal(meta.op, 5);
    assert_int_equal(hash, scene.hashes[5]);
}

/* Runs the snapshot of op 3 in a child that follows the plan. True if the plan ended it. Ret_hash: of op 3. */
static bool run_child(const disk_plan_t *plan, uint64_t *ret_hash)
{
    int status;
    uint64_t random = scene.stock.random;
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        atp_why_t why;
        atp_snapshots_t *snapshots = open_small(scene.folder);
        stock_change(&scene.stock, 20);
        uint64_t hash = stock_hash(&scene.stock);
        (void)!write(pipes[1], &hash, sizeof hash);
        disk_arm(plan);
        atp_snapshot_step_t step = stock_snapshot(&scene.stock, snapshots, 3, 1, &why);
        if (plan->folder != NULL) {
            disk_cut(); /* after all is done: it must be there */
        }
        _exit(step == ATP_SNAPSHOT_COMPLETED ? 0 : 1);
    }
    assert_int_equal(read(pipes[0], ret_hash, sizeof *ret_hash), sizeof *ret_hash);
    close(pipes[0]);
    close(pipes[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DISK_ENDED);
    scene.stock.random = random;
    return WEXITSTATUS(status) == DISK_ENDED;
}

static void crash_at_each_call(uint64_t ops_before, bool half)
{
    uint64_t hash_3;
    uint64_t seen[4] = {0};
    uint64_t at = 1;

    for (; at < CALLS_MAX; at++) {
        set_scene(ops_before);
        disk_plan_t plan = {.at = at, .half = half};
        bool ended = run_child(&plan, &hash_3);
        uint64_t op = assert_whole(scene.folder, ops_before, hash_3);
        assert_no_damage(scene.folder);
        seen[op]++;
        assert_next_succeeds(scene.folder);
        clear_scene();
        if (!ended) {
            assert_int_equal(op, 3);
            break;
        }
    }
    assert_true(at > 20 && at < CALLS_MAX);
    assert_true(seen[ops_before] > 20);
}

static void a_crash_at_any_call_leaves_a_whole_snapshot(void **state)
{
    (void)state;
    crash_at_each_call(2, false);
}

static void a_crash_in_the_middle_of_any_write_leaves_a_whole_snapshot(void **state)
{
    (void)state;
    crash_at_each_call(2, true);
}

static void a_crash_in_the_first_snapshot_leaves_none(void **state)
{
    (void)state;
    crash_at_each_call(0, false);
}

static void a_crash_in_the_second_snapshot_leaves_the_first(void **state)
{
    (void)state;
    crash_at_each_call(1, false);
}

/* The state after a power cut at each call, by several fates of what was not synced; and after the last one, when
 * the snapshot is complete. */
static void cut_power_at_each_call(uint64_t ops_before)
{
    char folder[80];
    char left[80];
    uint64_t hash_3;
    bool completed = false;
    uint64_t at = 0;

    while (!completed && ++at < CALLS_MAX) {
        for (uint64_t run = 0; run < POWER_CUT_RUNS; run++) {
            set_scene(ops_before);
            snprintf(folder, sizeof folder, "%s/snapshot", scene.folder);
            snprintf(left, sizeof left, "%s/snapshot", scene.left);
            assert_int_equal(mkdir(left, 0700), 0);
            disk_plan_t plan = {
                .at = at, .folder = folder, .left = left, .seed = run == 0 ? 0 : at * 1000 + run};
            completed = !run_child(&plan, &hash_3);
            uint64_t op = assert_whole(scene.left, ops_before, hash_3);
            assert_true(!completed || op == 3);
            assert_no_damage(scene.left);
            assert_next_succeeds(scene.left);
            clear_scene();
        }
    }
    assert_true(completed && at > 20);
}

static void a_power_cut_at_any_call_leaves_a_whole_snapshot(void **state)
{
    (void)state;
    cut_power_at_each_call(2);
}

static void a_power_cut_in_the_second_snapshot_leaves_the_first(void **state)
{
    (void)state;
    cut_power_at_each_call(1);
}

/* The call fails; the process goes on. */
static void fail_each_call(int error, bool from_then_on)
{
    bool failed = true;
    uint64_t at = 0;

    while (failed && at < CALLS_MAX) {
        set_scene(2);
        atp_snapshots_t *snapshots = open_small(scene.folder);
        atp_why_t why = {""};
        disk_plan_t plan = {.at = ++at, .error = error, .from_then_on = from_then_on};
        disk_arm(&plan);
        atp_snapshot_step_t step = take(snapshots, 3, &why);
        failed = disk_disarm() >= at;
        assert_int_equal(step, failed ? ATP_SNAPSHOT_FAILED : ATP_SNAPSHOT_COMPLETED);
        if (failed) {
            assert_non_null(strstr(why.text, scene.folder));
            assert_non_null(strstr(why.text, error == ENOSPC ? "free space" : "check the disk"));
        }
        assert_int_equal(atp_snapshots_pool_used(snapshots), 0);
        (void)assert_whole(scene.folder, 2, scene.hashes[3]);
        assert_int_equal(take(snapshots, 4, &why), ATP_SNAPSHOT_COMPLETED); /* the same process */
        atp_snapshots_close(snapshots);
        assert_next_succeeds(scene.folder);
        clear_scene();
    }
    assert_true(at > 20 && at < CALLS_MAX);
}

static void an_io_error_at_any_call_fails_one_snapshot_only(void **state)
{
    (void)state;
    fail_each_call(EIO, false);
}

static void io_errors_from_any_call_on_fail_the_snapshot_only(void **state)
{
    (void)state;
    fail_each_call(EIO, true);
}

static void a_full_disk_at_any_call_fails_one_snapshot_only(void **state)
{
    (void)state;
    fail_each_call(ENOSPC, false);
}

static void a_file_size_limit_is_a_full_disk(void **state)
{
    (void)state;
    int failures = 0;

    (void)signal(SIGXFSZ, SIG_IGN);
    for (rlim_t limit = 0; limit < 400 << 10; limit += 20 << 10) {
        struct rlimit before;
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        set_scene(1);
        atp_snapshots_t *snapshots = open_small(scene.folder);
        struct rlimit small = {limit, before.rlim_max};
        atp_why_t why = {""};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        atp_snapshot_step_t step = take(snapshots, 3, &why);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        failures += step == ATP_SNAPSHOT_FAILED;
        assert_true(step == ATP_SNAPSHOT_COMPLETED || why.text[0] != '\0');
        (void)assert_whole(scene.folder, 1, scene.hashes[3]);
        assert_int_equal(take(snapshots, 4, &why), ATP_SNAPSHOT_COMPLETED);
        atp_snapshots_close(snapshots);
        clear_scene();
    }
    assert_true(failures > 5);
}

/* A file system of 1 MiB: two generations of the stock fit, not much more. */
static void a_disk_that_is_really_full_fails_the_snapshot_and_recovers(void **state)
{
    (void)state;
    char filler[128];
    static const char block[4096] = {1};
    atp_why_t why = {""};

    set_scene(0);
    if (mount("tmpfs", scene.left, "tmpfs", 0, "size=1m") != 0) {
        print_message("skipped: mounting a small file system is not allowed here\n");
        skip();
    }
    atp_snapshots_t *snapshots = open_small(scene.left);
    assert_int_equal(take(snapshots, 1, &why), ATP_SNAPSHOT_COMPLETED);
    snprintf(filler, sizeof filler, "%s/filler", scene.left);
    int file = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(file, block, sizeof block) > 0) {
    }
    close(file);
    assert_int_equal(take(snapshots, 3, &why), ATP_SNAPSHOT_FAILED);
    assert_non_null(strstr(why.text, "free space"));
    assert_int_equal(assert_whole(scene.left, 1, scene.hashes[3]), 1);
    assert_int_equal(unlink(filler), 0);
    assert_int_equal(take(snapshots, 3, &why), ATP_SNAPSHOT_COMPLETED);
    atp_snapshots_close(snapshots);
    assert_next_succeeds(scene.left);
}

static int unmount(void **state)
{
    (void)state;
    (void)umount2(scene.left, MNT_DETACH); /* not mounted where the test was skipped */
    clear_scene();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_at_any_call_leaves_a_whole_snapshot),
        cmocka_unit_test(a_crash_in_the_middle_of_any_write_leaves_a_whole_snapshot),
        cmocka_unit_test(a_crash_in_the_first_snapshot_leaves_none),
        cmocka_unit_test(a_crash_in_the_second_snapshot_leaves_the_first),
        cmocka_unit_test(a_power_cut_at_any_call_leaves_a_whole_snapshot),
        cmocka_unit_test(a_power_cut_in_the_second_snapshot_leaves_the_first),
        cmocka_unit_test(an_io_error_at_any_call_fails_one_snapshot_only),
        cmocka_unit_test(io_errors_from_any_call_on_fail_the_snapshot_only),
        cmocka_unit_test(a_full_disk_at_any_call_fails_one_snapshot_only),
        cmocka_unit_test(a_file_size_limit_is_a_full_disk),
        cmocka_unit_test_teardown(a_disk_that_is_really_full_fails_the_snapshot_and_recovers, unmount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
