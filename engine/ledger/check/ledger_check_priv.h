/* What the files ledger_check*.c share: each function looks at the invariants of one module and returns ATP_OK, or
 * ATP_ERR_CORRUPT with a sentence that begins with the number of the invariant that does not stand.
 *
 * Each takes time linear in the records and, where it says so, memory for a bit or a word a record. */
#ifndef ATP_LEDGER_LEDGER_CHECK_PRIV_H
#define ATP_LEDGER_LEDGER_CHECK_PRIV_H

#include "engine/ledger/ledger_priv.h"

typedef unsigned long long ull_t; /* what "%llu" takes */

/* For returns: `number` is the literal "H3". */
#define ATP_BROKEN(why, number, ...) atp_fail((why), ATP_ERR_CORRUPT, number ": " __VA_ARGS__)

/* X1, X2: every entry where its hash says, as many as the index counts. `name`: of the index. */
atp_err_t atp_check_index(const atp_index_t *index, const char *name, uint64_t entries, atp_why_t *ret_why);
/* M1 to M3, and the groups that channels name. Allocates a byte a member. */
atp_err_t atp_check_groups(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* C1 and the indexes of the catalogue. */
atp_err_t atp_check_catalog(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* S1. Allocates a bit a granule. */
atp_err_t atp_check_strings(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* P1, P2, P5, P6, P7. */
atp_err_t atp_check_positions(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* P3, P4, H5: the trees of all positions; they have `lines_in_trees` lines. */
atp_err_t atp_check_trees(const atp_ledger_t *ledger, uint64_t lines_in_trees, atp_why_t *ret_why);
/* H1 to H4, free chains and the ended queue, and the counters of reservations (L4). */
atp_err_t atp_check_reservations(const atp_ledger_t *ledger, uint64_t *ret_lines_in_trees,
                                 atp_why_t *ret_why);
/* Q1, Q2, and the index and free chain of the records beside lines. */
atp_err_t atp_check_progress(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* D1 to D5, and the indexes of supplies. */
atp_err_t atp_check_supplies(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* B1 to B3: limits, and who waits. */
atp_err_t atp_check_limits(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* U1. */
atp_err_t atp_check_demand(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* E1, E2 and Y1. */
atp_err_t atp_check_orders(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* J1 to J4. */
atp_err_t atp_check_postings(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* A1 to A3 and H6. */
atp_err_t atp_check_archive(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* W1, W2, and the wheel's side of H4. */
atp_err_t atp_check_wheel(const atp_ledger_t *ledger, atp_why_t *ret_why);

/* N4 to N7. */
atp_err_t atp_check_registry(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* R1 to R5. Allocates a word an account and a quota. */
atp_err_t atp_check_channels(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* V1 to V3. */
atp_err_t atp_check_levels(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* K1 to K5. Allocates a byte a component. */
atp_err_t atp_check_kits(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* F1 to F8. Allocates a word a position. */
atp_err_t atp_check_feeds(const atp_ledger_t *ledger, atp_why_t *ret_why);
/* K2, Y1 to Y3, V1. Allocates a word a day that is kept. */
atp_err_t atp_check_capacity(const atp_ledger_t *ledger, atp_why_t *ret_why);

#endif
