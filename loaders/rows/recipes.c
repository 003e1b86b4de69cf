#include "loaders/rows/recipes.h"

#include "engine/base/attribute.h"
#include "loaders/grow.h"

#include <stdlib.h>
#include <string.h>

typedef struct component {
    atp_text_t kit; /* both own their bytes, one block: kit first */
    atp_text_t sku;
    atp_qty_t mantissa;
    int64_t start_ms;
    int64_t end_ms;
    uint32_t place; /* in the file */
    uint8_t decimals;
} component_t;

struct atp_recipes {
    component_t *components;
    uint64_t count;
    uint64_t room;
    uint64_t next;
};

atp_err_t atp_recipes_create(atp_recipes_t **ret_recipes)
{
    *ret_recipes = calloc(1, sizeof **ret_recipes);
    return *ret_recipes == NULL ? ATP_ERR_MEMORY : ATP_OK;
}

void atp_recipes_destroy(atp_recipes_t *recipes)
{
    if (recipes == NULL) {
        return;
    }
    for (uint64_t i = 0; i < recipes->count; i++) {
        free((char *)recipes->components[i].kit.bytes);
    }
    free(recipes->components);
    free(recipes);
}

atp_err_t atp_recipes_add(atp_recipes_t *recipes, const atp_load_row_t *row)
{
    const atp_load_qty_t *qty = &row->qty[ATP_LOAD_QUANTITY];

    if (recipes->count == ATP_RECIPE_ROWS_MAX) {
        return ATP_ERR_LIMIT;
    }
    component_t *components =
        atp_grow(recipes->components, sizeof *components, recipes->count, &recipes->room);
    if (components == NULL) {
        return ATP_ERR_MEMORY;
    }
    recipes->components = components;
    char *bytes = malloc(row->kit.size + row->sku.size);
    if (bytes == NULL) {
        return ATP_ERR_MEMORY;
    }
    memcpy(bytes, row->kit.bytes, row->kit.size);
    memcpy(bytes + row->kit.size, row->sku.bytes, row->sku.size);
    recipes->components[recipes->count] = (component_t){.kit = {bytes, row->kit.size},
                                                        .sku = {bytes + row->kit.size, row->sku.size},
                                                        .mantissa = qty->mantissa,
                                                        .decimals = qty->decimals,
                                                        .start_ms = row->start_ms,
                                                        .end_ms = row->end_ms,
                                                        .place = (uint32_t)recipes->count};
    recipes->count++;
    return ATP_OK;
}

static int compare(const void *left, const void *right)
{
    const component_t *a = left;
    const component_t *b = right;
    uint32_t least = a->kit.size < b->kit.size ? a->kit.size : b->kit.size;
    int order = memcmp(a->kit.bytes, b->kit.bytes, least);

    if (order == 0 && a->kit.size != b->kit.size) {
        order = a->kit.size < b->kit.size ? -1 : 1;
    }
    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

void atp_recipes_sort(atp_recipes_t *recipes)
{
    if (recipes->count > 0) {
        qsort(recipes->components, recipes->count, sizeof *recipes->components, compare);
    }
}

static void add_date(atp_command_t *command, atp_attribute_t *attributes, unsigned key, int64_t ms)
{
    if (ms != 0) {
        attributes[command->attribute_count++] =
            (atp_attribute_t){.key = (uint8_t)key, .line = (uint16_t)(command->line_count - 1), .number = ms};
    }
}

bool atp_recipes_next(atp_recipes_t *recipes, atp_command_t *ret_command, atp_command_line_t *ret_lines,
                      atp_attribute_t *ret_attributes, bool *ret_is_cut)
{
    if (recipes->next == recipes->count) {
        return false;
    }
    atp_text_t kit = recipes->components[recipes->next].kit;
    *ret_is_cut = false;
    *ret_command =
        (atp_command_t){.kind = ATP_OP_KIT, .subject = kit, .lines = ret_lines, .attributes = ret_attributes};
    for (; recipes->next < recipes->count && atp_text_equal(recipes->components[recipes->next].kit, kit);
         recipes->next++) {
        const component_t *component = &recipes->components[recipes->next];
        if (ret_command->line_count == ATP_LINES_PER_OP_MAX ||
            ret_command->attribute_count + 2 > ATP_ATTRIBUTES_PER_OP_MAX) {
            *ret_is_cut = true;
            continue;
        }
        ret_lines[ret_command->line_count++] = (atp_command_line_t){
            .sku = component->sku, .mantissa = component->mantissa, .decimals = component->decimals};
        add_date(ret_command, ret_attributes, ATP_KEY_START, component->start_ms);
        add_date(ret_command, ret_attributes, ATP_KEY_END, component->end_ms);
    }
    return true;
}
