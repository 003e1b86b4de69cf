#include "tools/atp/args.h"

#include "tools/atp/cli.h"
#include "tools/when.h"

#include <stdlib.h>
#include <string.h>

/* ---- taking apart ---- */

static const atp_flag_t *find_in(const atp_flag_t *flags, const char *name, size_t size)
{
    for (const atp_flag_t *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        if (strlen(flag->name) == size && memcmp(flag->name, name, size) == 0) {
            return flag;
        }
    }
    return NULL;
}

static const atp_flag_t *find_flag(const atp_cmd_t *cmd, const char *name, size_t size)
{
    const atp_flag_t *flag = find_in(cmd->flags, name, size);

    return flag != NULL ? flag : find_in(atp_global_flags, name, size);
}

static bool is_short(const char *word, char letter)
{
    return word[0] == '-' && word[1] == letter && word[2] == '\0';
}

/* A flag, not a word: "-5" and "-" are words. */
static bool is_flag(const char *word)
{
    return (word[0] == '-' && word[1] == '-') || is_short(word, 'h') || is_short(word, 'q');
}

static unsigned add_names(const atp_flag_t *flags, const char **names, unsigned count)
{
    for (const atp_flag_t *flag = flags; flag != NULL && flag->name != NULL && count < 64; flag++) {
        names[count++] = flag->name;
    }
    return count;
}

static bool refuse_flag(const atp_cmd_t *cmd, const char *word)
{
    const char *names[64];
    unsigned count = add_names(atp_global_flags, names, add_names(cmd->flags, names, 0));
    char name[64];
    size_t size = strcspn(word, "=");

    size = size < sizeof name ? size : sizeof name - 1;
    memcpy(name, word, size);
    name[size] = '\0';
    const char *near = atp_suggest(name + strspn(name, "-"), names, count);
    if (near != NULL) {
        (void)atp_cli_usage(cmd, "unknown flag %s; did you mean --%s?", name, near);
    } else {
        (void)atp_cli_usage(cmd, "unknown flag %s", name);
    }
    return false;
}

static bool check_choice(const atp_cmd_t *cmd, const atp_flag_t *flag, const char *value)
{
    unsigned index;

    if (flag->choices == NULL || strstr(flag->choices, "...") != NULL ||
        atp_choices_find(flag->choices, value, &index)) {
        return true;
    }
    (void)atp_cli_usage(cmd, "--%s: '%s' is not one of %s", flag->name, value, flag->choices);
    return false;
}

/* Takes the flag at argv[*at], and its value. */
static bool take_flag(atp_args_t *args, int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    const char *name = word + 2;
    const char *equals = strchr(word, '=');
    const char *value = equals != NULL ? equals + 1 : NULL;
    size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);

    if (word[1] != '-') {
        name = word[1] == 'h' ? "help" : "quiet";
        size = strlen(name);
    }
    const atp_flag_t *flag = find_flag(args->cmd, name, size);
    if (flag == NULL) {
        return refuse_flag(args->cmd, word);
    }
    if (flag->value == NULL && value != NULL) {
        (void)atp_cli_usage(args->cmd, "--%s takes no value", flag->name);
        return false;
    }
    if (flag->value != NULL && value == NULL) {
        if (*at + 1 >= argc) {
            (void)atp_cli_usage(args->cmd, "--%s needs a value: --%s %s", flag->name, flag->name,
                                flag->value);
            return false;
        }
        value = argv[++*at];
    }
    args->given[args->given_count].flag = flag;
    args->given[args->given_count++].value = flag->value != NULL ? value : "";
    return flag->value == NULL || check_choice(args->cmd, flag, value);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static bool take_all(atp_args_t *args, int argc, char **argv)
{
    bool is_over = false;

    for (int i = 0; i < argc; i++) {
        if (!is_over && strcmp(argv[i], "--") == 0) {
            is_over = true;
        } else if (!is_over && is_flag(argv[i])) {
            if (!take_flag(args, argc, argv, &i)) {
                return false;
            }
        } else {
            args->words[args->word_count++] = argv[i];
        }
    }
    return true;
}

static void refuse_words(const atp_cmd_t *cmd, const atp_args_t *args)
{
    if (cmd->word_max > 2) {
        (void)atp_cli_usage(cmd, "%u words are too many: at most %u of atp %s %s", args->word_count,
                            cmd->word_max, cmd->name, cmd->synopsis);
    } else {
        (void)atp_cli_usage(cmd, "'%.80s' is one word too many: atp %s %s", args->words[cmd->word_max],
                            cmd->name, cmd->synopsis);
    }
}

bool atp_args_parse(const atp_cmd_t *cmd, int argc, char **argv, atp_args_t *ret_args)
{
    size_t room = argc > 0 ? (size_t)argc : 1;

    *ret_args = (atp_args_t){.cmd = cmd, .words = atp_cli_alloc(room, sizeof *ret_args->words)};
    ret_args->given = atp_cli_alloc(room, sizeof *ret_args->given);
    if (asks_for_help(argc, argv)) {
        ret_args->given[0].flag = find_in(atp_global_flags, "help", 4);
        ret_args->given[0].value = "";
        ret_args->given_count = 1;
        return true;
    }
    if (!take_all(ret_args, argc, argv)) {
        return false;
    }
    if (ret_args->word_count < cmd->word_min) {
        (void)atp_cli_usage(cmd, "something is missing: atp %s %s", cmd->name, cmd->synopsis);
        return false;
    }
    if (ret_args->word_count > cmd->word_max) {
        refuse_words(cmd, ret_args);
        return false;
    }
    return true;
}

void atp_args_fini(atp_args_t *args)
{
    free(args->words);
    free(args->given);
}

/* ---- values ---- */

void atp_args_add(atp_args_t *args, const char *flag, const char *value)
{
    size_t size = sizeof *args->given;
    void *grown = atp_cli_alloc(args->given_count + 1, size);

    if (args->given_count > 0) {
        memcpy(grown, args->given, args->given_count * size);
    }
    free(args->given);
    args->given = grown;
    args->given[args->given_count].flag = find_flag(args->cmd, flag, strlen(flag));
    ATP_ASSERT(args->given[args->given_count].flag != NULL);
    args->given[args->given_count++].value = value;
}

const char *atp_args_each(const atp_args_t *args, const char *flag, unsigned *cursor)
{
    while (*cursor < args->given_count) {
        unsigned at = (*cursor)++;
        if (strcmp(args->given[at].flag->name, flag) == 0) {
            return args->given[at].value;
        }
    }
    return NULL;
}

const char *atp_args_text(const atp_args_t *args, const char *flag)
{
    const char *last = NULL;
    unsigned cursor = 0;

    for (const char *value; (value = atp_args_each(args, flag, &cursor)) != NULL;) {
        last = value;
    }
    return last;
}

bool atp_args_has(const atp_args_t *args, const char *flag)
{
    return atp_args_text(args, flag) != NULL;
}

/* Digits at the begin of `text`; where they end, or NULL when there are none or too many. */
static const char *take_digits(const char *text, uint64_t *ret_number)
{
    uint64_t number = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++) {
        if (at - text >= 19) {
            return NULL;
        }
        number = number * 10 + (uint64_t)(*at - '0');
    }
    *ret_number = number;
    return at == text ? NULL : at;
}

bool atp_args_count(const atp_args_t *args, const char *flag, uint64_t least, uint64_t most,
                    uint64_t *ret_count)
{
    const char *text = atp_args_text(args, flag);
    uint64_t count = 0;

    if (text == NULL) {
        return true;
    }
    const char *end = take_digits(text, &count);
    if (end == NULL || *end != '\0' || count < least || count > most) {
        (void)atp_cli_usage(args->cmd, "--%s: '%s' is not a number from %llu to %llu", flag, text,
                            (unsigned long long)least, (unsigned long long)most);
        return false;
    }
    *ret_count = count;
    return true;
}

bool atp_args_duration(const atp_args_t *args, const char *flag, int64_t least_ms, int64_t *ret_ms)
{
    const char *text = atp_args_text(args, flag);
    const int64_t most_ms = INT64_C(365) * 86400000;
    uint64_t number = 0;

    if (text == NULL) {
        return true;
    }
    const char *end = take_digits(text, &number);
    int64_t unit = end == NULL ? 0 : atp_when_unit_ms(end);
    if (end != NULL && *end == '\0' && number == 0) {
        unit = 1;
    }
    if (unit == 0 || number > (uint64_t)(most_ms / unit)) {
        (void)atp_cli_usage(args->cmd,
                            "--%s: '%s' is not a duration: digits and one of ms, s, min, h, d, up to 365d",
                            flag, text);
        return false;
    }
    if ((int64_t)number * unit < least_ms) {
        (void)atp_cli_usage(args->cmd, "--%s: '%s' is too short: at least %lldms", flag, text,
                            (long long)least_ms);
        return false;
    }
    *ret_ms = (int64_t)number * unit;
    return true;
}

bool atp_args_real(const atp_args_t *args, const char *flag, double least, double most, double *ret_real)
{
    const char *text = atp_args_text(args, flag);
    char *end;

    if (text == NULL) {
        return true;
    }
    double real = strtod(text, &end);
    if (end == text || *end != '\0' || !(real >= least && real <= most)) {
        (void)atp_cli_usage(args->cmd, "--%s: '%s' is not a number from %g to %g", flag, text, least, most);
        return false;
    }
    *ret_real = real;
    return true;
}

bool atp_args_share(const atp_args_t *args, const char *flag, double *ret_share)
{
    return atp_args_real(args, flag, 0.0, 1.0, ret_share);
}

static bool is_id(atp_text_t text)
{
    return text.size >= 1 && text.size <= ATP_ID_SIZE_MAX && atp_text_is_clean(text);
}

bool atp_args_id(const atp_args_t *args, const char *flag, atp_text_t *ret_id)
{
    const char *text = atp_args_text(args, flag);

    if (text == NULL) {
        return true;
    }
    if (!is_id(atp_text_of(text))) {
        (void)atp_cli_usage(args->cmd, "--%s: an id is 1 to %d bytes of UTF-8 without control characters",
                            flag, ATP_ID_SIZE_MAX);
        return false;
    }
    *ret_id = atp_text_of(text);
    return true;
}

bool atp_args_choice(const atp_args_t *args, const char *flag, unsigned *ret_index)
{
    const char *text = atp_args_text(args, flag);
    const atp_flag_t *spec = find_flag(args->cmd, flag, strlen(flag));

    if (text == NULL) {
        return true;
    }
    return atp_choices_find(spec->choices, text, ret_index); /* the parser has checked it */
}

bool atp_choices_find(const char *choices, const char *text, unsigned *ret_index)
{
    size_t size = strlen(text);
    unsigned index = 0;

    for (const char *at = choices;; index++) {
        size_t length = strcspn(at, "|");
        if (length == size && memcmp(at, text, size) == 0) {
            *ret_index = index;
            return true;
        }
        if (at[length] == '\0') {
            return false;
        }
        at += length + 1;
    }
}

/* ---- SKU, node and quantity ---- */

/* The last @ parts SKU and node. Whether they are ids is not looked at. */
static void split_place(const char *word, size_t size, atp_text_t *ret_sku, atp_text_t *ret_node)
{
    const char *at = memrchr(word, '@', size);

    *ret_sku = (atp_text_t){word, (uint32_t)(at != NULL ? (size_t)(at - word) : size)};
    *ret_node = (atp_text_t){"", 0};
    if (at != NULL) {
        *ret_node = (atp_text_t){at + 1, (uint32_t)(size - ret_sku->size - 1)};
    }
}

static bool check_ids(const atp_args_t *args, const char *word, atp_text_t sku, atp_text_t node)
{
    if (is_id(sku) && (node.size == 0 || is_id(node))) {
        return true;
    }
    (void)atp_cli_usage(args->cmd,
                        "'%.80s': SKU and node are ids: 1 to %d bytes of UTF-8 without control characters",
                        word, ATP_ID_SIZE_MAX);
    return false;
}

bool atp_args_place(const atp_args_t *args, const char *word, atp_text_t *ret_sku, atp_text_t *ret_node)
{
    split_place(word, strlen(word), ret_sku, ret_node);
    return check_ids(args, word, *ret_sku, *ret_node);
}

/* Digits, and after a point 1 to 6 more: what atp_qty_parse then refuses is too large. */
static bool is_decimal(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    size_t whole = strspn(at, "0123456789");
    size_t decimals = at[whole] == '.' ? strspn(at + whole + 1, "0123456789") : 0;

    if (whole == 0 || (at[whole] == '.' && (decimals == 0 || decimals > ATP_SCALE_MAX))) {
        return false;
    }
    return at[whole + (at[whole] == '.') + decimals] == '\0';
}

static bool take_qty(const atp_args_t *args, const char *word, const char *text, atp_command_line_t *line)
{
    if (atp_qty_parse(atp_text_of(text), &line->mantissa, &line->decimals)) {
        return true;
    }
    if (is_decimal(text)) {
        (void)atp_cli_usage(args->cmd,
                            "'%.80s': '%.40s' is too large: at most 10^14 smallest units, the last decimal "
                            "written being one",
                            word, text);
    } else {
        (void)atp_cli_usage(args->cmd,
                            "'%.80s': '%.40s' is not a quantity: digits, and after a point up to %d more",
                            word, text, ATP_SCALE_MAX);
    }
    return false;
}

bool atp_args_line(const atp_args_t *args, const char *word, bool may_be_open, atp_command_line_t *ret_line)
{
    const char *equals = strrchr(word, '=');

    *ret_line = (atp_command_line_t){.decimals = 0};
    if (equals != NULL) {
        split_place(word, (size_t)(equals - word), &ret_line->sku, &ret_line->node);
    }
    if (ret_line->sku.size == 0 || (ret_line->node.size == 0 && !may_be_open)) {
        (void)atp_cli_usage(args->cmd, "'%.80s' is not SKU%s=QTY, as in bike-28@berlin=2", word,
                            may_be_open ? "[@NODE]" : "@NODE");
        return false;
    }
    return check_ids(args, word, ret_line->sku, ret_line->node) && take_qty(args, word, equals + 1, ret_line);
}
