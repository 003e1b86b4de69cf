#include "tests/protocol/repack.h"

#include "engine/base/assert.h"

#include <string.h>

typedef struct repacking {
    msgpack_packer packer;
    msgpack_sbuffer *bytes;
    uint32_t place;
    uint32_t target;
    repack_change_t change;
    bool is_changed;
} repacking_t;

static bool all_are_arrays(const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (!json_is_array(json_array_get(array, i))) {
            return false;
        }
    }
    return true;
}

/* True if trailing elements of `array` are fields of the future, false if it is a list: a list has arrays only
 * (ops, rows, lines), or names (below a body or row), or quantities (below a result). */
static bool is_extensible(const json_t *array, const json_t *parent, uint32_t depth)
{
    if (json_array_size(array) == 0 || all_are_arrays(array)) {
        return false;
    }
    if (depth == 1 || all_are_arrays(parent)) {
        return true;
    }
    return depth == 2 && !json_is_string(json_array_get(array, 0));
}

static void pack_future(msgpack_packer *packer)
{
    (void)msgpack_pack_map(packer, 1);
    (void)msgpack_pack_str_with_body(packer, "future", 6);
    (void)msgpack_pack_double(packer, 0.5);
    (void)msgpack_pack_bin_with_body(packer, "\x01\x02", 2);
    (void)msgpack_pack_nil(packer);
}

/* Writes the change in place of `value`; false if it does not apply to it. */
static bool pack_changed(repacking_t *at, const json_t *value)
{
    static const char huge[] = "\xdd\xff\xff\xff\xff";

    switch (at->change) {
    case REPACK_NIL:
        return msgpack_pack_nil(&at->packer) == 0;
    case REPACK_FLOAT:
        return msgpack_pack_double(&at->packer, 1.5) == 0;
    case REPACK_BIN:
        return msgpack_pack_bin_with_body(&at->packer, "abc", 3) == 0;
    case REPACK_NOT_UTF8:
        return json_is_string(value) && msgpack_pack_str_with_body(&at->packer, "\xff", 1) == 0;
    case REPACK_CONTROL:
        return json_is_string(value) && msgpack_pack_str_with_body(&at->packer, "\x1b", 1) == 0;
    case REPACK_HUGE_COUNT:
        return json_is_array(value) && msgpack_sbuffer_write(at->bytes, huge, sizeof huge - 1) == 0;
    case REPACK_EXTENDED:
        return false;
    }
    return false;
}

static void pack_value(repacking_t *at, const json_t *value, const json_t *parent, uint32_t depth);

static void pack_array(repacking_t *at, const json_t *array, const json_t *parent, uint32_t depth,
                       bool is_target)
{
    size_t size = json_array_size(array);
    bool is_extended = is_target && at->change == REPACK_EXTENDED && is_extensible(array, parent, depth);

    (void)msgpack_pack_array(&at->packer, size + (is_extended ? 3 : 0));
    for (size_t i = 0; i < size; i++) {
        pack_value(at, json_array_get(array, i), array, depth + 1);
    }
    if (is_extended) {
        pack_future(&at->packer);
        at->is_changed = true;
    }
}

static void pack_value(repacking_t *at, const json_t *value, const json_t *parent, uint32_t depth)
{
    bool is_target = at->place++ == at->target;

    if (is_target && pack_changed(at, value)) {
        at->is_changed = true;
        return;
    }
    switch (json_typeof(value)) {
    case JSON_ARRAY:
        pack_array(at, value, parent, depth, is_target);
        return;
    case JSON_STRING:
        (void)msgpack_pack_str_with_body(&at->packer, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        (void)msgpack_pack_int64(&at->packer, json_integer_value(value));
        return;
    case JSON_TRUE:
        (void)msgpack_pack_true(&at->packer);
        return;
    case JSON_FALSE:
        (void)msgpack_pack_false(&at->packer);
        return;
    default:
        ATP_ASSERT(json_is_null(value));
        (void)msgpack_pack_nil(&at->packer);
    }
}

bool repack(const char *json, uint32_t target, repack_change_t change, msgpack_sbuffer *ret_bytes,
            uint32_t *ret_places)
{
    json_error_t error;
    json_t *tree = json_loads(json, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    repacking_t at = {.bytes = ret_bytes, .target = target, .change = change};

    ATP_ASSERT(tree != NULL);
    msgpack_sbuffer_clear(ret_bytes);
    msgpack_packer_init(&at.packer, ret_bytes, msgpack_sbuffer_write);
    pack_value(&at, tree, NULL, 1);
    json_decref(tree);
    *ret_places = at.place;
    return at.is_changed;
}
