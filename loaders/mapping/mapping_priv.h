/* Mapping from the inside: what mapping.c has for all rows, and mapping_kinds.c for those of one kind of load. */
#ifndef ATP_LOADERS_MAPPING_PRIV_H
#define ATP_LOADERS_MAPPING_PRIV_H

#include "loaders/mapping/mapping.h"

/* ---- mapping.c ---- */

bool atp_map_is_given(const atp_mapping_t *mapping, atp_slot_t slot);
/* The text of a slot, translated; empty where the profile does not give it. */
atp_reason_of_reject_t atp_map_text(const atp_mapping_t *mapping, const atp_record_t *record, atp_slot_t slot,
                                    atp_text_t *ret_text);
/* An id of 1 to 64 bytes; untouched where the profile has no such slot. */
atp_reason_of_reject_t atp_map_id(const atp_mapping_t *mapping, const atp_record_t *record, atp_slot_t slot,
                                  atp_text_t *ret_id);
/* What the quantities are counted in; an empty field: in the SKU's own unit. */
atp_reason_of_reject_t atp_map_unit(const atp_mapping_t *mapping, const atp_record_t *record,
                                    atp_load_row_t *row);
bool atp_map_is_clean(atp_text_t text);

/* ---- mapping_kinds.c: *ret_slot is the one at fault ---- */

/* What only a row of a kit has: its kit, the dates of the component, more than nothing of it. */
atp_reason_of_reject_t atp_map_component(const atp_mapping_t *mapping, const atp_record_t *record,
                                         atp_load_row_t *row, atp_slot_t *ret_slot);
/* What only a row of a supply has: its id, when it is due, and its kind, which is the same in the whole file. */
atp_reason_of_reject_t atp_map_supply(const atp_mapping_t *mapping, const atp_record_t *record,
                                      atp_load_row_t *row, atp_slot_t *ret_slot);
/* What has come already is taken off. False: nothing is expected any more. */
bool atp_map_is_open(atp_load_row_t *row);
/* What only a fact has: its id, and more than nothing of it. */
atp_reason_of_reject_t atp_map_event(const atp_mapping_t *mapping, const atp_record_t *record,
                                     atp_load_row_t *row, atp_slot_t *ret_slot);
/* Another name, and the SKU or node that it means, to whom. */
atp_reason_of_reject_t atp_map_alias(const atp_mapping_t *mapping, const atp_record_t *record,
                                     atp_load_row_t *row, atp_slot_t *ret_slot);
/* A unit, and what it is of the SKU's own. */
atp_reason_of_reject_t atp_map_unit_row(const atp_mapping_t *mapping, const atp_record_t *record,
                                        atp_load_row_t *row, atp_slot_t *ret_slot);

#endif
