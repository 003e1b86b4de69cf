#include "loaders/commands.h"

#include "loaders/rows/seen.h"

#include <stdlib.h>

struct atp_load_commands {
    atp_loads_t loads;
    atp_load_known_t known;
    atp_seen_t *skus;
    atp_seen_t *nodes;
};

/* Where the next command goes. */
typedef struct writer {
    atp_command_t *commands;
    atp_command_line_t *lines;
    uint32_t count;
} writer_t;

atp_err_t atp_load_commands_create(atp_loads_t loads, const atp_load_known_t *known,
                                   atp_load_commands_t **ret_commands)
{
    atp_load_commands_t *commands = calloc(1, sizeof *commands);

    if (commands == NULL || atp_seen_create(ATP_LOAD_KEY_COUNT_MAX, 0, &commands->skus) != ATP_OK ||
        atp_seen_create(ATP_LOAD_KEY_COUNT_MAX, 0, &commands->nodes) != ATP_OK) {
        atp_load_commands_destroy(commands);
        return ATP_ERR_MEMORY;
    }
    commands->loads = loads;
    if (known != NULL) {
        commands->known = *known;
    }
    *ret_commands = commands;
    return ATP_OK;
}

void atp_load_commands_destroy(atp_load_commands_t *commands)
{
    if (commands != NULL) {
        atp_seen_destroy(commands->skus);
        atp_seen_destroy(commands->nodes);
        free(commands);
    }
}

static atp_err_t is_first(atp_seen_t *seen, atp_text_t id, bool *ret_is_first)
{
    uint64_t present = 0;
    atp_fingerprint_t key = atp_seen_key(seen, id, (atp_text_t){"", 0});
    atp_err_t err = atp_seen_put(seen, key, 1, &present);

    *ret_is_first = err == ATP_OK && present == 0;
    return err;
}

static atp_command_t *add(writer_t *writer, atp_op_kind_t kind, atp_text_t sku, atp_text_t node)
{
    atp_command_line_t *line = &writer->lines[writer->count];
    atp_command_t *command = &writer->commands[writer->count++];

    *line = (atp_command_line_t){.sku = sku, .node = node};
    *command = (atp_command_t){.kind = kind, .line_count = 1, .lines = line};
    return command;
}

static void add_qty(writer_t *writer, atp_op_kind_t kind, const atp_load_row_t *row,
                    atp_load_qty_kind_t qty_kind)
{
    const atp_load_qty_t *qty = &row->qty[qty_kind];

    if (!qty->is_given) {
        return;
    }
    atp_command_line_t *line = &writer->lines[writer->count];
    atp_command_t *command = add(writer, kind, row->sku, row->node);
    line->mantissa = qty->mantissa;
    line->decimals = qty->decimals;
    if (kind == ATP_OP_COUNT) {
        command->is_fact = true;
        command->option = qty_kind == ATP_LOAD_UNAVAILABLE ? ATP_BUCKET_UNAVAILABLE : ATP_BUCKET_ON_HAND;
    }
}

/* What happened, under the id it has where it happened. */
static void add_fact(writer_t *writer, const atp_load_row_t *row)
{
    add_qty(writer, (atp_op_kind_t)row->fact, row, ATP_LOAD_QUANTITY);
    atp_command_t *command = &writer->commands[writer->count - 1];
    command->id = row->event;
    command->attribute_count = row->expected_count;
    command->attributes = row->expected;
    command->is_fact = true;
    writer->lines[writer->count - 1].mantissa *= row->is_down ? -1 : 1;
}

/* Another name, or a unit: what it means is in its attributes. */
static void add_meaning(writer_t *writer, atp_op_kind_t kind, atp_text_t subject, const atp_load_row_t *row)
{
    atp_command_t *command = add(writer, kind, (atp_text_t){"", 0}, (atp_text_t){"", 0});

    command->subject = subject;
    command->line_count = 0;
    command->attribute_count = row->expected_count;
    command->attributes = row->expected;
}

static void add_sku(const atp_load_commands_t *commands, const atp_load_row_t *row, writer_t *writer)
{
    uint8_t scale = 0;
    bool is_known =
        commands->known.sku != NULL && commands->known.sku(commands->known.context, row->sku, &scale);

    if (is_known && (commands->loads == ATP_LOADS_POSITIONS ||
                     (row->name.size == 0 && !row->has_scale && row->worth.key == ATP_KEY_NONE))) {
        return;
    }
    atp_command_t *command = add(writer, ATP_OP_SKU, row->sku, (atp_text_t){NULL, 0});
    command->name = row->name;
    command->option = row->has_scale ? row->scale : scale;
    command->attribute_count = row->worth.key != ATP_KEY_NONE;
    command->attributes = &row->worth;
}

/* The SKUs that a recipe names: made if they are not there, left alone if they are. */
static atp_err_t add_missing_sku(const atp_load_commands_t *commands, atp_text_t sku, writer_t *writer)
{
    uint8_t scale = 0;
    bool is_new;
    atp_err_t err = is_first(commands->skus, sku, &is_new);

    if (err == ATP_OK && is_new &&
        (commands->known.sku == NULL || !commands->known.sku(commands->known.context, sku, &scale))) {
        (void)add(writer, ATP_OP_SKU, sku, (atp_text_t){NULL, 0});
    }
    return err;
}

static void add_node(const atp_load_commands_t *commands, const atp_load_row_t *row, writer_t *writer)
{
    bool is_of_node = commands->loads == ATP_LOADS_NODES; /* else the name is the SKU's */
    uint8_t state = ATP_NODE_OPEN;
    bool is_known =
        commands->known.node != NULL && commands->known.node(commands->known.context, row->node, &state);

    if (is_known && !(is_of_node && (row->name.size > 0 || row->has_state))) {
        return;
    }
    atp_command_t *command = add(writer, ATP_OP_NODE, (atp_text_t){NULL, 0}, row->node);
    command->name = is_of_node ? row->name : (atp_text_t){NULL, 0};
    command->option = row->has_state ? row->state : state;
}

atp_err_t atp_load_commands_of_row(atp_load_commands_t *commands, const atp_load_row_t *row,
                                   atp_command_t *ret_commands, atp_command_line_t *ret_lines,
                                   uint32_t *ret_count)
{
    writer_t writer = {ret_commands, ret_lines, 0};
    bool is_new_sku = false;
    bool is_new_node = false;
    atp_err_t err = ATP_OK;

    if (commands->loads == ATP_LOADS_POSITIONS || commands->loads == ATP_LOADS_SKUS) {
        err = is_first(commands->skus, row->sku, &is_new_sku);
    }
    if (err == ATP_OK && (commands->loads == ATP_LOADS_POSITIONS || commands->loads == ATP_LOADS_NODES)) {
        err = is_first(commands->nodes, row->node, &is_new_node);
    }
    if (err == ATP_OK && commands->loads == ATP_LOADS_KITS) {
        err = add_missing_sku(commands, row->kit, &writer);
        err = err == ATP_OK ? add_missing_sku(commands, row->sku, &writer) : err;
    }
    if (err == ATP_OK && (commands->loads == ATP_LOADS_SUPPLIES || commands->loads == ATP_LOADS_FACTS)) {
        err = add_missing_sku(commands, row->sku, &writer);
        err = err == ATP_OK ? is_first(commands->nodes, row->node, &is_new_node) : err;
    }
    if (err != ATP_OK) {
        return err;
    }
    if (is_new_sku) {
        add_sku(commands, row, &writer);
    }
    if (is_new_node) {
        add_node(commands, row, &writer);
    }
    if (commands->loads == ATP_LOADS_POSITIONS) {
        add_qty(&writer, ATP_OP_COUNT, row, ATP_LOAD_ON_HAND);
        add_qty(&writer, ATP_OP_COUNT, row, ATP_LOAD_UNAVAILABLE);
    }
    if (commands->loads == ATP_LOADS_POSITIONS || commands->loads == ATP_LOADS_SAFETY) {
        add_qty(&writer, ATP_OP_SAFETY, row, ATP_LOAD_SAFETY);
    }
    if (commands->loads == ATP_LOADS_SUPPLIES) {
        add_qty(&writer, ATP_OP_SUPPLY, row, ATP_LOAD_QUANTITY);
        atp_command_t *command = &writer.commands[writer.count - 1];
        command->subject = row->supply;
        command->attribute_count = row->expected_count;
        command->attributes = row->expected;
    }
    if (commands->loads == ATP_LOADS_FACTS) {
        add_fact(&writer, row);
    }
    if (commands->loads == ATP_LOADS_ALIASES) {
        add_meaning(&writer, ATP_OP_ALIAS, row->alias, row);
    }
    if (commands->loads == ATP_LOADS_UNITS) {
        add_meaning(&writer, ATP_OP_UNIT, row->counted_in.text, row);
    }
    *ret_count = writer.count;
    return ATP_OK;
}
