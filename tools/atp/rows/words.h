/* Taking apart what the engine says of a record in words. */
#ifndef ATP_CLI_WORDS_H
#define ATP_CLI_WORDS_H

#include "engine/base/text.h"

#include <stdint.h>

/* The text up to the next blank, which is taken off with it. Size 0: there is nothing left. */
atp_text_t atp_words_take(atp_text_t *text);

/* The same as a number; 0 for what is none. */
uint64_t atp_words_take_number(atp_text_t *text);

/* The last word, taken off with the blank before it. */
atp_text_t atp_words_take_last(atp_text_t *text);

/* Of "word=value word=value": the value of `word`, up to the blank before the next word. A value may have blanks. Size 0: it is not said. */
atp_text_t atp_words_find(atp_text_t text, const char *word);

#endif
