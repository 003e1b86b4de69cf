/* What the drawing of acts and of their attributes share: everything_draw.c, everything_attributes.c. */
#ifndef ATP_TESTS_MODEL_EVERYTHING_DRAW_H
#define ATP_TESTS_MODEL_EVERYTHING_DRAW_H

#include "tests/model/everything.h"

#define SKUS         5
#define NODES        4
#define FEEDS        4
#define GROUPS       3
#define HOUR_MS      INT64_C(3600000)
#define ALWAYS       1000u
#define RESERVATIONS 400 /* then the ids come again */

uint64_t draw_below(draw_t *draw, uint64_t limit);
bool draw_chance(draw_t *draw, unsigned in_a_thousand);
int64_t draw_between(draw_t *draw, int64_t least, int64_t most);
/* prefix and number. */
void draw_numbered(char *to, size_t size, const char *prefix, uint64_t number);

void draw_sku(draw_t *draw, char *to, size_t size);
void draw_node(draw_t *draw, char *to, size_t size);
void draw_alias(draw_t *draw, char *to, size_t size);
void draw_unit(draw_t *draw, char *to, size_t size);
void draw_group(draw_t *draw, char *to, size_t size);
void draw_channel(draw_t *draw, char *to, size_t size);

/* Adds one attribute, or whatever the kind takes, by the table. */
void draw_attribute(draw_t *draw, act_t *act, unsigned key, uint16_t line);
void draw_attributes(draw_t *draw, act_t *act);

#endif
