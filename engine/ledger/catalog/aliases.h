/* Aliases: other names of SKUs and nodes, of one teller or of all.
 *
 * A teller is a source of facts, or a client, by its name: what it calls a thing counts for its facts, its requests and its questions. An
 * alias of nobody in particular counts for all. Looked for is the id first, then the teller's alias, then that of all; no text is both
 * an id and an alias, so what a text means does not change with what else is there.
 *
 * Records are never removed: one that is dropped keeps its text and can be used anew. Behind the aliases of tellers stands a record of
 * the same text for all (with no meaning, if there is none), which counts them: whether a text is taken is one look.
 *
 * Threads     find: any thread, no lock.   All else: ledger thread.
 * Invariants  A1  each record is found through the index by its text, teller and kind, and nothing else is.
 *             A2  the record for all of a text counts the aliases of tellers with it that mean something.
 *             A3  no text of an alias that means something is an id of its kind. */
#ifndef ATP_LEDGER_ALIASES_H
#define ATP_LEDGER_ALIASES_H

#include "engine/ledger/catalog/catalog.h"

typedef enum atp_alias_kind { ATP_ALIAS_SKU = 1, ATP_ALIAS_NODE = 2 } atp_alias_kind_t;

typedef struct atp_alias_record {
    uint32_t id_ref;     /* its text */
    uint32_t teller_ref; /* 0 = of all */
    uint64_t hash;       /* of text, teller and kind */
    uint64_t created_op;
    _Atomic uint32_t target; /* SKU or node, + 1; 0 = it means nothing now */
    uint32_t told;           /* of one for all: aliases of tellers with this text that mean something */
    uint8_t kind;            /* atp_alias_kind_t */
    uint8_t unused[7];
} atp_alias_record_t;

_Static_assert(sizeof(atp_alias_record_t) == 40, "stored: no padding");

/* The SKU, or node, that the text means to the teller ("" = anybody): an id, or an alias. Thread: any. */
bool atp_catalog_means_sku(const atp_catalog_t *catalog, atp_text_t teller, atp_text_t text, uint64_t seed,
                           uint32_t *ret_sku);
bool atp_catalog_means_node(const atp_catalog_t *catalog, atp_text_t teller, atp_text_t text, uint64_t seed,
                            uint16_t *ret_node);

/* The same without the ids: for who has looked for those. Thread: any. */
bool atp_catalog_find_alias(const atp_catalog_t *catalog, atp_alias_kind_t kind, atp_text_t teller,
                            atp_text_t text, uint64_t seed, uint32_t *ret_target);

/* The record of exactly this text and teller; NULL if there is none. */
const atp_alias_record_t *atp_catalog_alias(const atp_catalog_t *catalog, atp_alias_kind_t kind,
                                            atp_text_t teller, atp_text_t text, uint64_t seed);

/* True if the text is an alias of the kind, to whomever. */
bool atp_catalog_is_alias(const atp_catalog_t *catalog, atp_alias_kind_t kind, atp_text_t text,
                          uint64_t seed);

/* Whether there is room for an alias that has no record yet. */
bool atp_catalog_has_alias_room(const atp_catalog_t *catalog, const atp_string_heads_t *heads,
                                atp_alias_kind_t kind, atp_text_t teller, atp_text_t text, uint64_t seed);

/* Sets what the text means to the teller; 0 = nothing. There is room (asserted). */
void atp_catalog_set_alias(atp_catalog_t *catalog, atp_string_heads_t *heads, atp_alias_kind_t kind,
                           atp_text_t teller, atp_text_t text, uint64_t seed, uint32_t target, uint64_t op);

/* Builds the index from the records. */
void atp_catalog_rebuild_aliases(atp_catalog_t *catalog);

/* The hash under which an alias is found. */
uint64_t atp_alias_hash(atp_alias_kind_t kind, atp_text_t teller, atp_text_t text, uint64_t seed);

#endif
