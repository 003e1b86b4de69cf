#include "tests/test.h"
#include "tools/atpd/config/config_table.h"

#include <stdlib.h>
#include <string.h>

static char printed[1 << 17];

static atp_err_t read_yaml(atp_config_t *config, const char *yaml, atp_why_t *why)
{
    return atp_config_read_text(config, "atpd.yaml", yaml, strlen(yaml), why);
}

static size_t print_to_text(const atp_config_t *config)
{
    FILE *out = fmemopen(printed, sizeof printed, "w");

    assert_non_null(out);
    atp_config_print(out, config);
    size_t size = (size_t)ftell(out);
    assert_int_equal(fclose(out), 0);
    return size;
}

#define ARGUMENTS_MAX 16
/* Loads from a command line given as one NULL-ended list. */
static atp_err_t load(atp_config_t *config, atp_config_action_t *action, atp_why_t *why,
                      char *const arguments[])
{
    char *argv[ARGUMENTS_MAX + 2] = {(char *)"atpd"};
    int argc = 1;

    for (; arguments[argc - 1] != NULL; argc++) {
        assert_true(argc <= ARGUMENTS_MAX);
        argv[argc] = arguments[argc - 1];
    }
    return atp_config_load(argc, argv, config, action, why);
}
#define ARGS(...) ((char *const[]){__VA_ARGS__, NULL})

static void put_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* ---- good ---- */

static void the_defaults_fit_each_other_and_are_what_the_table_says(void **state)
{
    atp_config_t config;
    char text[ATP_VALUE_TEXT_SIZE];
    atp_why_t why;

    (void)state;
    atp_config_init(&config);
    assert_int_equal(atp_config_check(&config, "defaults", &why), ATP_OK);
    for (uint32_t i = 0; i < atp_option_count; i++) {
        bool is_there = atp_option_get(&atp_options[i], &config, 0, text);
        assert_string_equal(is_there ? text : "", atp_options[i].value);
    }
    assert_int_equal(config.time.default_ttl_ms, 900000);
    assert_int_equal(config.time.ttl_max_ms, 2592000000);
    assert_int_equal(config.journal.segment_bytes, 64 << 20);
    assert_int_equal(config.snapshot.pause_us, 2000);
    assert_string_equal(config.listen.url[0], "tcp://127.0.0.1:7411");
    assert_true(config.subscribe.source[0].is_listener);
}

static void a_file_sets_what_it_names_and_nothing_else(void **state)
{
    atp_config_t config, wanted;
    atp_why_t why = {""};

    (void)state;
    atp_config_init(&config);
    wanted = config;
    memset(&wanted.listen, 0, sizeof wanted.listen);
    memset(wanted.publish_url, 0, sizeof wanted.publish_url);
    strcpy(wanted.data_folder, "/var/lib/atpd");
    wanted.listen.count = 2;
    strcpy(wanted.listen.url[0], "tcp://[::1]:7411");
    strcpy(wanted.listen.url[1], "ipc:///run/atpd/atpd.sock");
    wanted.subscribe.source[0].is_listener = false;
    strcpy(wanted.subscribe.source[0].url, "tcp://wms.example:9000");
    wanted.log_format = ATP_LOG_JSON;
    wanted.capacity.string_bytes = UINT64_C(3) << 30;
    wanted.time.default_ttl_ms = 1500;
    wanted.channels.count = 2;
    strcpy(wanted.channels.channel[0].id, "web");
    wanted.channels.channel[0].ttl_ms = 1200000;
    strcpy(wanted.channels.channel[1].id, "pos");
    assert_int_equal(read_yaml(&config,
                               "# a comment\n"
                               "data: /var/lib/atpd\n"
                               "listen: [\"tcp://[::1]:7411\", ipc:///run/atpd/atpd.sock]\n"
                               "publish: off\n"
                               "subscribe:\n  - tcp://wms.example:9000\n"
                               "log: {format: json}\n"
                               "capacity:\n  string_bytes: 3GiB\n"
                               "time:\n  default_ttl: 1500ms\n"
                               "channels:\n  - {id: web, ttl: 20min}\n  - id: pos\n",
                               &why),
                     ATP_OK);
    assert_string_equal(why.text, "");
    assert_memory_equal(&config, &wanted, sizeof config);
}

static void an_empty_file_changes_nothing(void **state)
{
    atp_config_t config, before;
    atp_why_t why;

    (void)state;
    atp_config_init(&config);
    before = config;
    assert_int_equal(read_yaml(&config, "", &why), ATP_OK);
    assert_int_equal(read_yaml(&config, "# only a comment\n", &why), ATP_OK);
    assert_memory_equal(&config, &before, sizeof config);
}

static void an_empty_list_takes_the_default_away(void **state)
{
    atp_config_t config;
    atp_why_t why;

    (void)state;
    atp_config_init(&config);
    assert_int_equal(read_yaml(&config, "subscribe: []\n", &why), ATP_OK);
    assert_int_equal(config.subscribe.count, 0);
}

static void assert_reads_back(const atp_config_t *config)
{
    atp_config_t back;
    atp_why_t why;

    atp_config_init(&back);
    size_t size = print_to_text(config);
    if (atp_config_read_text(&back, "print", printed, size, &why) != ATP_OK) {
        fail_msg("%s\n%s", why.text, printed);
    }
    assert_memory_equal(&back, config, sizeof back);
}

static void what_is_printed_reads_back_as_the_same_at_both_ends_of_every_range(void **state)
{
    atp_config_t config;
    char number[ATP_NUMBER_TEXT_SIZE];

    (void)state;
    atp_config_init(&config);
    assert_reads_back(&config);
    for (int end = 0; end < 2; end++) {
        for (uint32_t i = 0; i < atp_option_count; i++) {
            const atp_option_t *option = &atp_options[i];
            if (atp_option_is_number(option)) {
                atp_number_format(option, end == 0 ? option->min : option->max, number);
                assert_int_equal(atp_option_set(option, &config, number, NULL), ATP_OK);
            }
        }
        assert_reads_back(&config);
    }
}

static void what_is_printed_reads_back_whatever_the_texts(void **state)
{
    const char *const names[] = {"a b",
                                 "\"quoted\" \\ ",
                                 "x: y # z",
                                 "-",
                                 "caf\xc3\xa9",
                                 "\xc2\x80\xef\xbf\xbf",
                                 "\xf0\x9f\x98\x80",
                                 "a=b",
                                 "=",
                                 "off",
                                 "true",
                                 "~",
                                 "[1]",
                                 "&a",
                                 "*a",
                                 "{",
                                 "  lead"};
    atp_config_t config;

    (void)state;
    atp_config_init(&config);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(atp_option_set(atp_option_find("data"), &config, names[i], NULL), ATP_OK);
        assert_int_equal(
            atp_option_add_channel(atp_option_find("channels"), &config, names[i], i % 2 ? "1h" : NULL, NULL),
            ATP_OK);
        assert_reads_back(&config);
    }
}

/* ---- bad ---- */

static const struct {
    const char *yaml;
    const char *message;
} bad_files[] = {
    {"data: x\nlog:\n  level: info\n  colour: red\n", "atpd.yaml:4: log.colour: unknown key"},
    {"# one\n# two\n\nprice: 3\n", "atpd.yaml:4: price: unknown key"},
    {"capacity: {skus: 5, skews: 6}\n", "atpd.yaml:1: capacity.skews: unknown key"},
    {"channels: [{id: a}, {id: b, tll: 3s}]\n",
     "atpd.yaml:1: channels[1].tll: unknown key; a channel has id and ttl"},
    {"data: a\nlisten: []\ndata: b\n", "atpd.yaml:3: data: stands here a second time"},
    {"{data: a, data: b}\n", "atpd.yaml:1: data: stands here a second time"},
    {"\naccept_time_gap: true\n", "atpd.yaml:2: accept_time_gap: is taken as a flag only"},
    {"listen: tcp://127.0.0.1:1\n", "atpd.yaml:1: listen: takes a list, like [a, b]"},
    {"listen:\n- tcp://h:1\n- [a]\n", "atpd.yaml:3: listen[1]: takes one value"},
    {"data: [a]\n", "atpd.yaml:1: data: takes one value"},
    {"data: {a: b}\n", "atpd.yaml:1: data: takes one value"},
    {"log: debug\n", "atpd.yaml:1: log: takes keys with values below it"},
    {"channels: [web]\n", "atpd.yaml:1: channels[0]: takes keys with values below it"},
    {"- a\n", "atpd.yaml: not the keys and values of a configuration: Invalid value"},
    {"data:\n", "atpd.yaml:1: data: a value is missing"},
    {"capacity:\n  skus: 0\n", "atpd.yaml:2: capacity.skus: 0 is not within 1..4294967293"},
    {"capacity:\n  skus: 4294967295\n", "atpd.yaml:2: capacity.skus: 4294967295 is not within 1..4294967293"},
    {"capacity:\n  nodes: 65536\n", "atpd.yaml:2: capacity.nodes: 65536 is not within 1..65535"},
    {"capacity:\n  skus: 99999999999999999999\n",
     "atpd.yaml:2: capacity.skus: \"99999999999999999999\" is not a count: digits only"},
    {"capacity:\n  skus: -5\n", "atpd.yaml:2: capacity.skus: \"-5\" is not a count: digits only"},
    {"capacity:\n  skus: 1e5\n", "atpd.yaml:2: capacity.skus: \"1e5\" is not a count: digits only"},
    {"capacity:\n  skus: 5KiB\n", "atpd.yaml:2: capacity.skus: \"5KiB\" is not a count: digits only"},
    {"capacity:\n  string_bytes: 5MB\n",
     "atpd.yaml:2: capacity.string_bytes: \"5MB\" is not a size: digits, with "
     "KiB, MiB, GiB or TiB after them or nothing"},
    {"capacity:\n  string_bytes: 17592186044416TiB\n",
     "atpd.yaml:2: capacity.string_bytes: \"17592186044416TiB\" is not a size: digits, with KiB, MiB, GiB or "
     "TiB "
     "after them or nothing"},
    {"journal: {segment_bytes: 1KiB}\n",
     "atpd.yaml:1: journal.segment_bytes: 1KiB is not within 64KiB..4GiB"},
    {"time: {default_ttl: 900}\n",
     "atpd.yaml:1: time.default_ttl: \"900\" is not a duration: digits and one of ms, s, min, h, d"},
    {"time: {default_ttl: 5000}\n",
     "atpd.yaml:1: time.default_ttl: \"5000\" is not a duration: digits and one of ms, s, min, h, d"},
    {"time: {default_ttl: 15 min}\n",
     "atpd.yaml:1: time.default_ttl: \"15 min\" is not a duration: digits and one of ms, s, min, h, d"},
    {"time: {default_ttl: 1500us}\n",
     "atpd.yaml:1: time.default_ttl: \"1500us\" is not a duration: digits and one of ms, s, min, h, d"},
    {"time: {default_ttl: 0}\n", "atpd.yaml:1: time.default_ttl: 0 is not within 1ms..365d"},
    {"time: {outcome_window: 2000d}\n", "atpd.yaml:1: time.outcome_window: 2000d is not within 1min..365d"},
    {"snapshot: {pool_pieces: 1000}\n", "atpd.yaml:1: snapshot.pool_pieces: \"1000\" is not a power of two"},
    {"snapshot: {pause: 2s}\n", "atpd.yaml:1: snapshot.pause: 2s is not within 0..1s"},
    {"log: {level: loud}\n", "atpd.yaml:1: log.level: \"loud\" is not debug, info, warn or error"},
    {"log: {format: xml}\n", "atpd.yaml:1: log.format: \"xml\" is not logfmt or json"},
    {"publish: http://x:1\n",
     "atpd.yaml:1: publish: \"http://x:1\" is not a url: tcp://HOST:PORT, ipc://PATH or inproc://NAME"},
    {"publish: tcp://x\n",
     "atpd.yaml:1: publish: \"tcp://x\" is not a url: tcp://HOST:PORT, ipc://PATH or inproc://NAME"},
    {"publish: tcp://x:70000\n",
     "atpd.yaml:1: publish: \"tcp://x:70000\" is not a url: tcp://HOST:PORT, ipc://PATH or inproc://NAME"},
    {"metrics: localhost:7413\n", "atpd.yaml:1: metrics: \"localhost:7413\" is not an address: HOST:PORT or "
                                  "[IPV6]:PORT in numbers, or off"},
    {"listen: [off]\n",
     "atpd.yaml:1: listen[0]: \"off\" is not a url: tcp://HOST:PORT, ipc://PATH or inproc://NAME"},
    {"listen:\n- tcp://h:1\n- tcp://h:1\n",
     "atpd.yaml:3: listen[1]: \"tcp://h:1\" is not there for the first time"},
    {"subscribe:\n- tcp://h:1\n- listen:tcp://h:1\n",
     "atpd.yaml:3: subscribe[1]: \"listen:tcp://h:1\" is not there for the first time"},
    {"channels: [{id: a}, {id: a}]\n", "atpd.yaml:1: channels[1]: \"a\" is not there for the first time"},
    {"channels: [{ttl: 3s}]\n", "atpd.yaml:1: channels[0]: a channel needs an id"},
    {"channels: [{id: ''}]\n", "atpd.yaml:1: channels[0]: a value is missing"},
    {"data: \"a\\nb\\x1b[2J\"\n", "atpd.yaml:1: data: \"a?b?[2J\" is not UTF-8 without control characters"},
    {"data: \"a\\0b\"\n", "atpd.yaml:1: a NUL stands in a text"},
    {"data: x\n  y: z\n", "atpd.yaml:2: not YAML: mapping values are not allowed in this context"},
    {"data: x\nlog: [\n", "atpd.yaml:3: not YAML: did not find expected node content"},
    {"data: x\n\xff\n", "atpd.yaml:2: not YAML: invalid leading UTF-8 octet"},
    {"data: x\n---\ndata: y\n", "atpd.yaml:2: a second document begins; a configuration is one"},
    {"data: &a x\npublish: *a\n", "atpd.yaml:2: aliases are not taken here"},
    {"? [a]\n: b\n", "atpd.yaml:1: a key must be a plain word"},
    {"a: [[[[[1]]]]]\n", "atpd.yaml:1: nested deeper than a configuration is"},
};

static void each_fault_in_a_file_is_named_with_its_line_and_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        atp_config_t config, before;
        atp_why_t why = {""};
        atp_config_init(&config);
        before = config;
        assert_int_not_equal(read_yaml(&config, bad_files[i].yaml, &why), ATP_OK);
        assert_string_equal(why.text, bad_files[i].message);
        assert_memory_equal(&config, &before, sizeof config);
    }
}

static void more_entries_than_a_list_takes_are_refused_by_line(void **state)
{
    char yaml[8192] = "listen:\n";
    atp_config_t config;
    atp_why_t why;

    (void)state;
    for (int i = 0; i <= ATP_CONFIG_URLS_MAX; i++) {
        snprintf(yaml + strlen(yaml), 64, "- tcp://h:%d\n", i);
    }
    atp_config_init(&config);
    assert_int_equal(read_yaml(&config, yaml, &why), ATP_ERR_INVALID);
    assert_string_equal(why.text, "atpd.yaml:18: listen[16]: more than 16 of them");
    strcpy(yaml, "");
    for (int i = 0; i < 600; i++) {
        snprintf(yaml + strlen(yaml), 64, "k%d: 1\n", i);
    }
    assert_int_equal(read_yaml(&config, yaml, &why), ATP_ERR_FORMAT);
    assert_string_equal(why.text, "atpd.yaml:513: more keys than a configuration has");
}

static void texts_too_long_are_refused_and_the_message_stays_short(void **state)
{
    static char yaml[70000];
    atp_config_t config;
    atp_why_t why;

    (void)state;
    atp_config_init(&config);
    memset(yaml, 'x', sizeof yaml - 1);
    memcpy(yaml, "data: ", 6);
    assert_int_equal(read_yaml(&config, yaml, &why), ATP_ERR_INVALID);
    assert_non_null(strstr(why.text, "xxx...\" is longer than 1023 bytes"));
    memcpy(yaml, "xxxxxx", 6);
    assert_int_not_equal(read_yaml(&config, yaml, &why), ATP_OK);
    yaml[900] = ':';
    yaml[901] = ' ';
    assert_int_equal(read_yaml(&config, yaml, &why), ATP_ERR_INVALID);
    assert_in_range(strlen(why.text), 20, 200);
}

static void the_longest_texts_are_taken_and_one_byte_more_is_not(void **state)
{
    const struct {
        const char *key;
        const char *prefix;
        size_t longest;
    } limits[] = {{"data", "", ATP_CONFIG_PATH_SIZE - 1},
                  {"publish", "ipc://", strlen("ipc://") + 107},
                  {"publish", "inproc://", ATP_CONFIG_URL_SIZE - 1},
                  {"channels", "", ATP_ID_SIZE_MAX}};
    char text[ATP_CONFIG_PATH_SIZE + 2];
    atp_config_t config;

    (void)state;
    atp_config_init(&config);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const atp_option_t *option = atp_option_find(limits[i].key);
        memset(text, 'x', sizeof text);
        memcpy(text, limits[i].prefix, strlen(limits[i].prefix));
        text[limits[i].longest + 1] = '\0';
        assert_int_equal(atp_option_set(option, &config, text, NULL), ATP_ERR_INVALID);
        text[limits[i].longest] = '\0';
        assert_int_equal(atp_option_set(option, &config, text, NULL), ATP_OK);
        assert_reads_back(&config);
    }
}

static void options_that_do_not_fit_each_other_are_refused(void **state)
{
    const struct {
        const char *yaml;
        const char *message;
    } misfits[] = {
        {"time: {default_ttl: 2h, ttl_max: 1h}", "f: time.default_ttl is above time.ttl_max (1h)"},
        {"time: {ttl_max: 1h}\nchannels: [{id: a}, {id: b, ttl: 2h}]",
         "f: channels[1]: ttl is above time.ttl_max (1h)"},
        {"journal: {segment_bytes: 66000}", "f: journal.segment_bytes is not a multiple of 4KiB"},
        {"journal: {reserve_bytes: 1GiB}",
         "f: journal.reserve_bytes is more than journal.segments_ahead segments "
         "hold: nothing would ever be promised"},
        {"listen: []", "f: listen: at least one url is needed"},
        {"listen: ['tcp://127.0.0.1:7412']",
         "f: listen: \"tcp://127.0.0.1:7412\" is given to publish or subscribe as well"},
        {"listen: ['tcp://127.0.0.1:7414']",
         "f: listen: \"tcp://127.0.0.1:7414\" is given to publish or subscribe as well"},
        {"capacity: {channels: 1}\nchannels: [{id: a}, {id: b}]",
         "f: channels: more of them than capacity.channels"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof misfits / sizeof misfits[0]; i++) {
        atp_config_t config;
        atp_why_t why;
        atp_config_init(&config);
        assert_int_equal(read_yaml(&config, misfits[i].yaml, &why), ATP_OK);
        assert_int_equal(atp_config_check(&config, "f", &why), ATP_ERR_INVALID);
        assert_string_equal(why.text, misfits[i].message);
    }
}

/* ---- good becoming bad ---- */

static void a_good_file_cut_at_any_byte_is_read_or_refused_by_name(void **state)
{
    atp_config_t config;
    char *cut;

    (void)state;
    atp_config_init(&config);
    size_t size = print_to_text(&config);
    for (size_t end = 0; end < size; end += 3) {
        atp_why_t why = {""};
        cut = malloc(end + 1); /* exactly as large: a read past the end is seen */
        assert_non_null(cut);
        memcpy(cut, printed, end);
        if (atp_config_read_text(&config, "cut.yaml", cut, end, &why) != ATP_OK) {
            assert_memory_equal(why.text, "cut.yaml:", 9);
        }
        free(cut);
    }
}

/* ---- flags ---- */

static void flags_stand_over_the_file_and_lists_replace_its_lists(void **state)
{
    const char yaml[] =
        "data: from-file\nlisten: ['tcp://h:1', 'tcp://h:2']\nlog: {level: warn, format: json}\n";
    atp_config_t config;
    atp_config_action_t action;
    atp_why_t why = {""};

    (void)state;
    put_file("flags.yaml", yaml, strlen(yaml));
    assert_int_equal(load(&config, &action, &why,
                          ARGS("--log-level", "error", "--listen=tcp://h:3", "--config", "flags.yaml",
                               "--listen", "ipc:///s", "--capacity-string-bytes", "64MiB",
                               "--accept-time-gap", "--channels", "web=5s", "--subscribe", "off")),
                     ATP_OK);
    unlink("flags.yaml");
    assert_int_equal(action, ATP_CONFIG_RUN);
    assert_string_equal(config.data_folder, "from-file");
    assert_int_equal(config.log_level, ATP_LOG_ERROR);
    assert_int_equal(config.log_format, ATP_LOG_JSON);
    assert_int_equal(config.listen.count, 2);
    assert_string_equal(config.listen.url[0], "tcp://h:3");
    assert_string_equal(config.listen.url[1], "ipc:///s");
    assert_int_equal(config.capacity.string_bytes, 64 << 20);
    assert_true(config.time.accept_gap);
    assert_int_equal(config.channels.channel[0].ttl_ms, 5000);
    assert_int_equal(config.subscribe.count, 0);
}

static void commands_say_what_to_do_instead_of_running(void **state)
{
    atp_config_t config;
    atp_config_action_t action;
    atp_why_t why;

    (void)state;
    assert_int_equal(load(&config, &action, &why, ARGS("--check", "/some/folder")), ATP_OK);
    assert_int_equal(action, ATP_CONFIG_CHECK);
    assert_string_equal(config.data_folder, "/some/folder");
    assert_int_equal(load(&config, &action, &why, ARGS("--print-config")), ATP_OK);
    assert_int_equal(action, ATP_CONFIG_PRINT);
    assert_int_equal(load(&config, &action, &why, ARGS("--config", "not-there.yaml", "--help")), ATP_OK);
    assert_int_equal(action, ATP_CONFIG_HELP);
    assert_int_equal(load(&config, &action, &why, ARGS("-V")), ATP_OK);
    assert_int_equal(action, ATP_CONFIG_VERSION);
}

static void each_fault_in_the_flags_is_named_and_changes_nothing(void **state)
{
    const struct {
        char *arguments[4];
        const char *message;
    } bad[] = {
        {{"--capacity-skus", "0"}, "--capacity-skus: 0 is not within 1..4294967293"},
        {{"--listen", "x"}, "--listen: \"x\" is not a url: tcp://HOST:PORT, ipc://PATH or inproc://NAME"},
        {{"--listen"}, "--listen: needs a value; see --help"},
        {{"--colour", "red"}, "--colour: unknown flag, or one given wrongly; see --help"},
        {{"--help=me"}, "--help=me: unknown flag, or one given wrongly; see --help"},
        {{"-x"}, "-x: unknown flag, or one given wrongly; see --help"},
        {{"start"}, "start: not a flag; see --help"},
        {{"--data", ""}, "--data: a value is missing"},
        {{"--check", ""}, "--check: a value is missing"},
        {{"--accept-time-gap=perhaps"}, "--accept-time-gap: \"perhaps\" is not true or false"},
        {{"--config", "not-there.yaml"}, "--config: cannot read not-there.yaml: No such file or directory"},
        {{"--config", "."}, "--config: cannot read .: Is a directory"},
        {{"--time-default-ttl", "40d"}, "flags: time.default_ttl is above time.ttl_max (30d)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        atp_config_t config, before;
        atp_config_action_t action = ATP_CONFIG_VERSION;
        atp_why_t why = {""};
        memset(&config, 7, sizeof config);
        before = config;
        assert_int_not_equal(load(&config, &action, &why, bad[i].arguments), ATP_OK);
        assert_string_equal(why.text, bad[i].message);
        assert_int_equal(action, ATP_CONFIG_VERSION);
        assert_memory_equal(&config, &before, sizeof config);
    }
}

static void a_file_that_is_too_large_is_refused(void **state)
{
    char *bytes = malloc(ATP_CONFIG_FILE_SIZE_MAX + 1);
    atp_config_t config;
    atp_config_action_t action;
    atp_why_t why;

    (void)state;
    assert_non_null(bytes);
    memset(bytes, '\n', ATP_CONFIG_FILE_SIZE_MAX + 1);
    put_file("large.yaml", bytes, ATP_CONFIG_FILE_SIZE_MAX);
    assert_int_equal(load(&config, &action, &why, ARGS("--config", "large.yaml")), ATP_OK);
    put_file("large.yaml", bytes, ATP_CONFIG_FILE_SIZE_MAX + 1);
    assert_int_equal(load(&config, &action, &why, ARGS("--config", "large.yaml")), ATP_ERR_LIMIT);
    assert_string_equal(why.text, "large.yaml: larger than 1048576 bytes");
    free(bytes);
    unlink("large.yaml");
}

/* ---- one table, many tellers ---- */

static void groups_stand_together_and_flags_are_distinct(void **state)
{
    char flag[ATP_FLAG_SIZE], other[ATP_FLAG_SIZE];

    (void)state;
    for (uint32_t i = 0; i < atp_option_count; i++) {
        atp_option_flag(&atp_options[i], flag);
        for (uint32_t j = i + 1; j < atp_option_count; j++) {
            atp_option_flag(&atp_options[j], other);
            assert_string_not_equal(flag, other);
            const char *point = strchr(atp_options[i].key, '.');
            size_t group = point == NULL ? 0 : (size_t)(point - atp_options[i].key) + 1;
            if (group > 0 && strncmp(atp_options[i].key, atp_options[j].key, group) == 0) {
                assert_memory_equal(atp_options[j - 1].key, atp_options[i].key, group);
            }
        }
        for (uint32_t j = 0; j < atp_config_command_count; j++) {
            assert_string_not_equal(flag, atp_config_commands[j].name);
        }
    }
}

static void help_tells_every_flag(void **state)
{
    FILE *out = fmemopen(printed, sizeof printed, "w");
    char flag[ATP_FLAG_SIZE + 8];

    (void)state;
    assert_non_null(out);
    atp_config_print_help(out);
    assert_int_equal(fclose(out), 0);
    for (uint32_t i = 0; i < atp_option_count; i++) {
        strcpy(flag, "\n  --");
        atp_option_flag(&atp_options[i], flag + strlen(flag));
        assert_non_null(strstr(printed, flag));
        assert_non_null(strstr(printed, atp_options[i].help));
    }
    for (uint32_t i = 0; i < atp_config_command_count; i++) {
        assert_non_null(strstr(printed, atp_config_commands[i].help));
    }
}

static void the_table_of_the_operations_page_is_the_table_of_the_program(void **state)
{
    static char page[1 << 17];
    FILE *file = fopen(ATP_SOURCE_FOLDER "/docs/operations.md", "r");
    FILE *out = fmemopen(printed, sizeof printed, "w");

    (void)state;
    assert_non_null(file);
    assert_non_null(out);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    atp_config_print_markdown(out);
    assert_int_equal(fclose(out), 0);
    if (strstr(page, printed) == NULL) {
        fail_msg("docs/operations.md should have this table:\n%s", printed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_fit_each_other_and_are_what_the_table_says),
        cmocka_unit_test(a_file_sets_what_it_names_and_nothing_else),
        cmocka_unit_test(an_empty_file_changes_nothing),
        cmocka_unit_test(an_empty_list_takes_the_default_away),
        cmocka_unit_test(what_is_printed_reads_back_as_the_same_at_both_ends_of_every_range),
        cmocka_unit_test(what_is_printed_reads_back_whatever_the_texts),
        cmocka_unit_test(each_fault_in_a_file_is_named_with_its_line_and_changes_nothing),
        cmocka_unit_test(more_entries_than_a_list_takes_are_refused_by_line),
        cmocka_unit_test(texts_too_long_are_refused_and_the_message_stays_short),
        cmocka_unit_test(the_longest_texts_are_taken_and_one_byte_more_is_not),
        cmocka_unit_test(options_that_do_not_fit_each_other_are_refused),
        cmocka_unit_test(a_good_file_cut_at_any_byte_is_read_or_refused_by_name),
        cmocka_unit_test(flags_stand_over_the_file_and_lists_replace_its_lists),
        cmocka_unit_test(commands_say_what_to_do_instead_of_running),
        cmocka_unit_test(each_fault_in_the_flags_is_named_and_changes_nothing),
        cmocka_unit_test(a_file_that_is_too_large_is_refused),
        cmocka_unit_test(groups_stand_together_and_flags_are_distinct),
        cmocka_unit_test(help_tells_every_flag),
        cmocka_unit_test(the_table_of_the_operations_page_is_the_table_of_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
